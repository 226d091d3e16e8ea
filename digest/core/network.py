"""What a request that failed means, in plain words. Pure.

requests and urllib3 report a failure as an exception in an exception in an exception, and their
texts show objects and addresses in memory. `explain` finds the one that says what happened.
"""

from __future__ import annotations

import errno
import http.client
import re
import socket
import ssl
from collections.abc import Callable, Iterator

import requests
import urllib3.exceptions

from digest.core.text import one_line

_LATER = "try again later"
_NO_ADDRESS = (
    "that is no http(s) address: check its spelling, and that of a proxy in the environment"
)
_UNREACHABLE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN)

_NO_HTTP = "what answers there does not speak HTTP: check the address"
_NO_HEADER = (
    "a header holds a character that cannot be sent, mostly a token that was copied with a line"
    " break: copy it again"
)


class TooSlowError(Exception):
    """The server is neither silent nor done by the deadline. No `OSError`, which would be retried.
    The message is what happened."""


def explain(error: BaseException) -> str:
    """Why a request by requests or urllib3 failed: what happened, a colon, what to do. One line.

    It never quotes an exception of theirs. What a proxy or a certificate check said is quoted.
    """
    causes = list(_causes(error))
    for kind, sentence in _SENTENCES:
        for cause in causes:
            if isinstance(cause, kind) and (words := sentence(cause)):
                return one_line(words)
    for cause in reversed(causes):  # the innermost is the system's own
        if isinstance(cause, OSError) and cause.errno and cause.strerror:
            return f"the connection failed, {one_line(cause.strerror, 100)}: {_LATER}"
    return f"the connection failed ({type(error).__name__}): {_LATER}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception and all that it wraps, in whichever way, the outermost first."""
    waiting, known = [error], set[int]()
    while waiting:
        cause = waiting.pop(0)
        if id(cause) in known:
            continue
        known.add(id(cause))
        yield cause
        inside = [*cause.args, getattr(cause, "reason", None), cause.__cause__, cause.__context__]
        waiting += [each for each in inside if isinstance(each, BaseException)]


def _always(words: str) -> Callable[[BaseException], str]:
    return lambda _: words


def _proxy(error: BaseException) -> str:
    # http.client's own exception, and the only one that has the proxy's words by themselves.
    messages = [str(cause) for cause in _causes(error) if type(cause) is OSError]
    refusals = [re.match(r"Tunnel connection failed: (.+)", message) for message in messages]
    words = next((refusal[1] for refusal in refusals if refusal), "")
    what = f"refuses the request ({one_line(words, 100)})" if words else "cannot be reached"
    return (
        f"the proxy that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names {what}:"
        " check its address, user and password, or unset the variable"
    )


def _scheme(error: BaseException) -> str:
    if "SOCKS" not in str(error):
        return ""
    return (
        "ALL_PROXY or HTTPS_PROXY names a SOCKS proxy, for which a package is missing:"
        " run `pip install PySocks`, or name an HTTP proxy"
    )


def _certificate(error: BaseException) -> str:
    message = one_line(str(getattr(error, "verify_message", "")), 100)
    why = f" ({message})" if message else ""
    return (
        f"the server's certificate is not accepted{why}: check this machine's clock;"
        " behind a proxy that opens connections, name its certificate in REQUESTS_CA_BUNDLE"
    )


def _bundle(error: BaseException) -> str:
    if "CA certificate bundle" not in str(error):  # an OSError like any other
        return ""
    return (
        "the file of certificates that REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names is not there:"
        " correct the variable, or unset it"
    )


def _tls(error: BaseException) -> str:
    reason = getattr(error, "reason", None)
    why = f" ({reason.replace('_', ' ').lower()})" if isinstance(reason, str) else ""
    return (
        f"no secure connection comes about{why}: a proxy or a firewall stands in the way, or the"
        " server does not speak https"
    )


def _unreachable(error: BaseException) -> str:
    if getattr(error, "errno", None) not in _UNREACHABLE:
        return ""
    return "this machine has no way to the server: check its network connection"


def _no_answer(error: BaseException) -> str:
    # Which is a kind of it, and says no more than that there is no connection.
    if isinstance(error, urllib3.exceptions.NewConnectionError):
        return ""
    return (
        f"the server does not answer: it is overloaded, or a firewall stands in the way; {_LATER}"
    )


def _silence(error: BaseException) -> str:
    if isinstance(error, urllib3.exceptions.NewConnectionError):
        return ""
    return f"the server fell silent: it is overloaded; {_LATER}"


def _value(error: BaseException) -> str:
    """Of what requests lets through: http.client's of a header, urllib's of an address."""
    return _NO_HEADER if str(error).startswith("Invalid header") else _NO_ADDRESS


_Kinds = type[BaseException] | tuple[type[BaseException], ...]

# The first that fits any of the exceptions counts, so that a proxy whose name cannot be resolved is
# the proxy's fault, and a server that hangs up in the middle of a handshake the handshake's.
_SENTENCES: tuple[tuple[_Kinds, Callable[[BaseException], str]], ...] = (
    (TooSlowError, lambda error: f"{error}: the server is overloaded; {_LATER}"),
    ((requests.exceptions.ProxyError, urllib3.exceptions.ProxyError), _proxy),
    (
        (requests.exceptions.InvalidProxyURL, urllib3.exceptions.ProxySchemeUnknown),
        _always(
            "HTTPS_PROXY, HTTP_PROXY or ALL_PROXY holds no address of a proxy:"
            " correct the variable, or unset it"
        ),
    ),
    (requests.exceptions.InvalidSchema, _scheme),
    (ssl.SSLCertVerificationError, _certificate),
    (OSError, _bundle),
    (ssl.SSLError, _tls),
    ((requests.exceptions.SSLError, urllib3.exceptions.SSLError), _tls),
    (
        (socket.gaierror, urllib3.exceptions.NameResolutionError),
        _always(
            "no host of that name is known: check the spelling of the address, and whether this"
            " machine has a network connection"
        ),
    ),
    (
        ConnectionRefusedError,
        _always(
            "the connection was refused: nothing listens there; check the address, or " + _LATER
        ),
    ),
    (OSError, _unreachable),
    ((requests.exceptions.ConnectTimeout, urllib3.exceptions.ConnectTimeoutError), _no_answer),
    (
        (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError, TimeoutError),
        _silence,
    ),
    (
        (requests.exceptions.ContentDecodingError, urllib3.exceptions.DecodeError),
        _always(
            "the answer is not compressed in the way it says: it was damaged on its way; " + _LATER
        ),
    ),
    (
        (http.client.IncompleteRead, urllib3.exceptions.IncompleteRead),
        _always(f"the answer broke off before its end: {_LATER}"),
    ),
    (
        (ConnectionResetError, ConnectionAbortedError, BrokenPipeError),
        _always(f"the server closed the connection before the answer was there: {_LATER}"),
    ),
    (urllib3.exceptions.InvalidHeader, _always(_NO_HTTP)),  # of the answer
    ((requests.exceptions.InvalidHeader, UnicodeEncodeError), _always(_NO_HEADER)),  # of ours
    (
        (
            requests.exceptions.InvalidURL,
            requests.exceptions.MissingSchema,
            requests.exceptions.InvalidSchema,
            urllib3.exceptions.LocationValueError,
            http.client.InvalidURL,
        ),
        _always(_NO_ADDRESS),
    ),
    (
        (http.client.HTTPException, urllib3.exceptions.HeaderParsingError),
        _always(_NO_HTTP),
    ),
    (urllib3.exceptions.ProtocolError, _always(f"the answer broke off before its end: {_LATER}")),
    (ValueError, _value),
)
