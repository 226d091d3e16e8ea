"""What a failed request means, in plain words, and how long a server asks to wait.

requests and urllib3 report a failure as an exception inside an exception inside an exception, and
their texts show objects and memory addresses. `explain` finds the one that says what happened.
"""

from __future__ import annotations

import errno
import http.client
import re
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime

import requests.exceptions as rq
import urllib3.exceptions as u3

from digest.core.text import one_line

_LATER = "try again later"
_NO_ADDRESS = (
    "that is no http(s) address: check its spelling, and that of a proxy in the environment"
)
_NO_HTTP = "the answer is not HTTP: check the address"
_BROKE_OFF = f"the answer broke off before its end: {_LATER}"
_BAD_HEADER = (
    "a header has a character that cannot be sent, mostly a token that was copied with a line"
    " break: copy it again"
)
_PROXY = (
    "the proxy that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names {}: check its address, user and"
    " password, or unset the variable"
)
_CERTIFICATE = (
    "the server's certificate is not accepted{}: check this machine's clock; behind a proxy that"
    " opens connections, name its certificate in REQUESTS_CA_BUNDLE"
)
_UNREACHABLE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN)


class TooSlowError(Exception):
    """The server was still sending at the deadline; the message says so. Not an `OSError`, which
    would be tried again."""


def explain(error: BaseException) -> str:
    """Why a request by requests or urllib3 failed: what happened, a colon, what to do. One line.

    The texts of requests and urllib3 are never quoted, those of a proxy or certificate check are.
    """
    causes = list(_causes(error))
    for kinds, text, sentence in _SENTENCES:
        for kind in kinds:
            for cause in causes:
                if isinstance(cause, kind) and (match := re.match(text, str(cause))):
                    words = one_line(match[1], 100) if match.lastindex else ""
                    return sentence.format(f" ({words})" if words else "")
    for cause in reversed(causes):  # the innermost is the operating system's
        if isinstance(cause, OSError) and cause.errno and cause.strerror:
            is_ours = cause.errno in _UNREACHABLE
            remedy = "check this machine's network connection" if is_ours else _LATER
            return f"the connection failed, {one_line(cause.strerror, 100)}: {remedy}"
    return f"the connection failed ({type(error).__name__}): {_LATER}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception and all that it wraps, in whichever way, the outermost first."""
    waiting, seen = [error], set[int]()
    while waiting:
        cause = waiting.pop(0)
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        # This one is a kind of timeout by its class, but stands for any failed connection.
        if not isinstance(cause, u3.NewConnectionError):
            yield cause
        inside = [*cause.args, getattr(cause, "reason", None), cause.__cause__, cause.__context__]
        waiting += [each for each in inside if isinstance(each, BaseException)]


# Kinds of exceptions, the beginning of their text, and what such a failure means; `{}` stands for
# the group in the text. The first line that fits any of the exceptions counts: if a proxy's name
# cannot be resolved, the proxy is the cause, and if a server hangs up in the middle of a handshake,
# the handshake is.
_SENTENCES: tuple[tuple[tuple[type[BaseException], ...], str, str], ...] = (
    ((TooSlowError,), "(.+)", f"the server is overloaded{{}}: {_LATER}"),
    # Only http.client's own exception begins with the proxy's words.
    ((OSError,), "Tunnel connection failed: (.+)", _PROXY.format("refuses the request{}")),
    ((rq.ProxyError, u3.ProxyError), "", _PROXY.format("cannot be reached")),
    (
        (rq.InvalidProxyURL, u3.ProxySchemeUnknown),
        "",
        "HTTPS_PROXY, HTTP_PROXY or ALL_PROXY is no address of a proxy: correct it, or unset it",
    ),
    (
        (rq.InvalidSchema,),
        ".*SOCKS",
        "ALL_PROXY or HTTPS_PROXY names a SOCKS proxy: `pip install PySocks`, or use another",
    ),
    (
        (ssl.SSLCertVerificationError,),
        r"(?:.*verify failed: (.+) \(_ssl)?",
        _CERTIFICATE,
    ),
    (
        (OSError,),
        ".*CA certificate bundle",
        "REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names a file that does not exist: correct it",
    ),
    (
        (ssl.SSLError, rq.SSLError, u3.SSLError),  # the first has the reason
        r"(?:\[SSL[^]]*\] (.+) \(_ssl)?",
        "no secure connection is possible{}: a proxy is in the way, or the server has no https",
    ),
    (
        (socket.gaierror, u3.NameResolutionError),
        "",
        "no host of that name is known: check the address, and this machine's network connection",
    ),
    (
        (ConnectionRefusedError,),
        "",
        f"the connection was refused: no server runs there; check the address, or {_LATER}",
    ),
    (
        (rq.ConnectTimeout, u3.ConnectTimeoutError),
        "",
        f"the server does not answer: it is overloaded, or behind a firewall; {_LATER}",
    ),
    (
        (rq.Timeout, u3.TimeoutError, TimeoutError),
        "",
        f"the server fell silent: it is overloaded; {_LATER}",
    ),
    (
        (rq.ContentDecodingError, u3.DecodeError),
        "",
        f"the answer is not compressed in the way it says: it was damaged on its way; {_LATER}",
    ),
    ((http.client.IncompleteRead, u3.IncompleteRead), "", _BROKE_OFF),
    (
        (ConnectionResetError, ConnectionAbortedError, BrokenPipeError),
        "",
        f"the server closed the connection before it answered: {_LATER}",
    ),
    ((u3.InvalidHeader,), "", _NO_HTTP),  # in the answer
    ((rq.InvalidHeader, UnicodeEncodeError), "", _BAD_HEADER),  # in the request
    ((ValueError,), "Invalid header", _BAD_HEADER),  # the same, from http.client
    ((rq.InvalidURL, rq.MissingSchema, rq.InvalidSchema), "", _NO_ADDRESS),
    ((u3.LocationValueError, http.client.InvalidURL), "", _NO_ADDRESS),
    ((http.client.HTTPException, u3.HeaderParsingError), "", _NO_HTTP),
    ((u3.ProtocolError,), "", _BROKE_OFF),
    ((ValueError,), "", _NO_ADDRESS),
)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that a response asks to wait; None if it does not say.

    `Retry-After` has seconds or a date (RFC 9110, 10.2.3); `Retry-After-Ms` is OpenAI's. The names
    of `headers` must match in any case.
    """
    for name, unit_s in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * unit_s
        except ValueError:
            continue
        return seconds if seconds >= 0 else None
    try:
        until = parsedate_to_datetime(headers.get("retry-after", "")).timestamp()
    except (ValueError, OverflowError, TypeError, IndexError):  # dates that are none
        return None
    return max(0.0, until - time.time())
