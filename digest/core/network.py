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
from collections.abc import Callable, Iterator, Mapping
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
_UNREACHABLE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN)


class TooSlowError(Exception):
    """The server was still sending at the deadline; the message says so. Not an `OSError`, which
    would be tried again."""


def explain(error: BaseException) -> str:
    """Why a request by requests or urllib3 failed: what happened, a colon, what to do. One line.

    The texts of requests and urllib3 are never quoted, those of a proxy or certificate check are.
    """
    causes = list(_causes(error))
    for kind, sentence in _SENTENCES:
        for cause in causes:
            if not isinstance(cause, kind):
                continue
            if words := sentence if isinstance(sentence, str) else sentence(cause):
                return one_line(words)
    for cause in reversed(causes):  # the innermost is the operating system's
        if isinstance(cause, OSError) and cause.errno and cause.strerror:
            return f"the connection failed, {one_line(cause.strerror, 100)}: {_LATER}"
    return f"the connection failed ({type(error).__name__}): {_LATER}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception and all that it wraps, in whichever way, the outermost first."""
    waiting, seen = [error], set[int]()
    while waiting:
        cause = waiting.pop(0)
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        inside = [*cause.args, getattr(cause, "reason", None), cause.__cause__, cause.__context__]
        waiting += [each for each in inside if isinstance(each, BaseException)]


# --- sentences that depend on the exception; "" if it is of another kind ------------------------


def _proxy(error: BaseException) -> str:
    # Only http.client's own exception has the proxy's words and nothing else.
    messages = [str(cause) for cause in _causes(error) if type(cause) is OSError]
    refusals = [re.match(r"Tunnel connection failed: (.+)", message) for message in messages]
    words = next((refusal[1] for refusal in refusals if refusal), "")
    what = f"refuses the request ({one_line(words, 100)})" if words else "cannot be reached"
    return (
        f"the proxy that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names {what}:"
        " check its address, user and password, or unset the variable"
    )


def _socks(error: BaseException) -> str:
    if "SOCKS" not in str(error):
        return ""
    return (
        "ALL_PROXY or HTTPS_PROXY names a SOCKS proxy, for which a package is missing:"
        " run `pip install PySocks`, or name an HTTP proxy"
    )


def _certificate(error: BaseException) -> str:
    message = one_line(str(getattr(error, "verify_message", "")), 100)
    return (
        f"the server's certificate is not accepted{f' ({message})' if message else ''}: check this"
        " machine's clock; behind a proxy that opens connections, name its certificate in"
        " REQUESTS_CA_BUNDLE"
    )


def _certificate_file(error: BaseException) -> str:
    if "CA certificate bundle" not in str(error):
        return ""
    return (
        "the file of certificates that REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names does not exist:"
        " correct the variable, or unset it"
    )


def _tls(error: BaseException) -> str:
    reason = getattr(error, "reason", None)
    why = f" ({reason.replace('_', ' ').lower()})" if isinstance(reason, str) else ""
    return (
        f"no secure connection is possible{why}: a proxy or a firewall is in the way, or the server"
        " does not use https"
    )


def _unreachable(error: BaseException) -> str:
    if getattr(error, "errno", None) not in _UNREACHABLE:
        return ""
    return "this machine has no way to the server: check its network connection"


def _timeout(error: BaseException) -> str:
    if isinstance(error, u3.NewConnectionError):  # a subclass, but raised for any failed connection
        return ""
    if isinstance(error, (rq.ConnectTimeout, u3.ConnectTimeoutError)):
        return f"the server does not answer: it is overloaded, or behind a firewall; {_LATER}"
    return f"the server fell silent: it is overloaded; {_LATER}"


def _value(error: BaseException) -> str:
    """http.client raises a plain ValueError for a header that cannot be sent."""
    return _BAD_HEADER if str(error).startswith("Invalid header") else _NO_ADDRESS


# The first line that fits any of the exceptions counts: if a proxy's name cannot be resolved, the
# proxy is the cause, and if a server hangs up in the middle of a handshake, the handshake is.
_SENTENCES: tuple[
    tuple[
        type[BaseException] | tuple[type[BaseException], ...], str | Callable[[BaseException], str]
    ],
    ...,
] = (
    (TooSlowError, lambda error: f"{error}: the server is overloaded; {_LATER}"),
    ((rq.ProxyError, u3.ProxyError), _proxy),
    (
        (rq.InvalidProxyURL, u3.ProxySchemeUnknown),
        "HTTPS_PROXY, HTTP_PROXY or ALL_PROXY is no address of a proxy: correct it, or unset it",
    ),
    (rq.InvalidSchema, _socks),
    (ssl.SSLCertVerificationError, _certificate),
    (OSError, _certificate_file),
    (ssl.SSLError, _tls),  # before those that wrap it: it has the reason
    ((rq.SSLError, u3.SSLError), _tls),
    (
        (socket.gaierror, u3.NameResolutionError),
        "no host of that name is known: check the address, and this machine's network connection",
    ),
    (
        ConnectionRefusedError,
        f"the connection was refused: no server runs there; check the address, or {_LATER}",
    ),
    (OSError, _unreachable),
    ((rq.Timeout, u3.TimeoutError, TimeoutError), _timeout),
    (
        (rq.ContentDecodingError, u3.DecodeError),
        "the answer is not compressed in the way it says: it was damaged on its way; " + _LATER,
    ),
    ((http.client.IncompleteRead, u3.IncompleteRead), _BROKE_OFF),
    (
        (ConnectionResetError, ConnectionAbortedError, BrokenPipeError),
        f"the server closed the connection before it answered: {_LATER}",
    ),
    (u3.InvalidHeader, _NO_HTTP),  # in the answer
    ((rq.InvalidHeader, UnicodeEncodeError), _BAD_HEADER),  # in the request
    (
        (
            rq.InvalidURL,
            rq.MissingSchema,
            rq.InvalidSchema,
            u3.LocationValueError,
            http.client.InvalidURL,
        ),
        _NO_ADDRESS,
    ),
    ((http.client.HTTPException, u3.HeaderParsingError), _NO_HTTP),
    (u3.ProtocolError, _BROKE_OFF),
    (ValueError, _value),
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
