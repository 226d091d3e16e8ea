"""What a failed request means, for failures that really happen, on sockets of this machine."""

from __future__ import annotations

import errno
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
import requests
import urllib3.exceptions

from digest.arxiv import http
from digest.arxiv.feed import fetch_feed
from digest.arxiv.http import polite_session
from digest.core.errors import FeedError
from digest.core.network import TooSlowError, explain
from digest.publish.github import GitHub, GitHubError

# What Python, requests and urllib3 say, and nobody should have to read.
RAW = re.compile(
    r"Pool\(|object at 0x|Errno|Max retries|Error\(|Exception|\('Connection aborted|<urllib3"
)


class Server:
    """Sends `answer` to everybody who connects, whatever HTTP may think of it, and hangs up."""

    def __init__(self, answer: bytes, silent_s: float = 0) -> None:
        self._answer, self._silent_s = answer, silent_s
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.place = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        with suppress(OSError):  # closed by the test
            while True:
                connection, _ = self._listener.accept()
                with connection, suppress(OSError):
                    connection.recv(65_536)
                    connection.sendall(self._answer)
                    time.sleep(self._silent_s)

    def __enter__(self) -> str:
        self._thread.start()
        return self.place

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[requests.Session]:
    monkeypatch.setattr(http, "TRIES", 1)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    with polite_session("tests/1 (+https://example.org)", delay_s=0) as session:
        yield session


def message(session: requests.Session, url: str) -> str:
    with pytest.raises(FeedError) as caught:
        fetch_feed(session, "cs.LG", url)
    text = str(caught.value)
    assert text.startswith(f"cs.LG: cannot read {url}: ")
    assert not RAW.search(text)
    assert text.isprintable()
    return text.removeprefix(f"cs.LG: cannot read {url}: ")


HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        (b"", "the server closed the connection before it answered: try again"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "the answer is not HTTP: check the address"),
        (HEAD + b"Content-Length: 100\r\n\r\nabc", "the answer broke off before its end: try"),
        (
            HEAD + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
            "the answer is not compressed in the way it says: it was damaged on its way",
        ),
    ],
)
def test_an_answer_that_cannot_be_used(
    session: requests.Session, answer: bytes, meaning: str
) -> None:
    with Server(answer) as place:
        assert message(session, f"http://{place}/rss").startswith(meaning)


def test_a_server_that_stops_answering(
    session: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "READ_TIMEOUT_S", 0.1)
    with Server(HEAD, silent_s=0.3) as place:
        assert message(session, f"http://{place}/rss").startswith("the server fell silent: ")


def test_a_server_without_https(session: requests.Session) -> None:
    with Server(b"HTTP/1.1 400 Bad Request\r\n\r\n") as place:
        words = message(session, f"https://{place}/rss")
    assert words.startswith("no secure connection is possible (wrong version number): a proxy")


def test_a_proxy_that_refuses_is_quoted(
    session: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Server(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n") as place:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{place}")
        words = message(session, "https://arxiv.example/rss")
    assert "refuses the request (407 Proxy Authentication Required): check its address" in words


@pytest.mark.parametrize(
    ("variable", "value", "meaning"),
    [
        ("HTTPS_PROXY", "http://127.0.0.1:9", "HTTP_PROXY or ALL_PROXY names cannot be reached: "),
        ("ALL_PROXY", "socks5://127.0.0.1:9", "pip install PySocks"),
        ("REQUESTS_CA_BUNDLE", "/no/file.pem", "REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names"),
    ],
)
def test_a_variable_that_is_wrong_is_named(
    session: requests.Session,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
    meaning: str,
) -> None:
    monkeypatch.setenv(variable, value)
    assert meaning in message(session, "https://127.0.0.1:9/rss")


@pytest.mark.parametrize("url", ["http://[", "http://" + "a" * 70 + ".example/", "ftp://x/"])
def test_what_is_no_address(session: requests.Session, url: str) -> None:
    assert message(session, url).startswith("that is no http(s) address: check its spelling")


def wrapped(cause: BaseException) -> requests.ConnectionError:
    """As requests hands on what urllib3 says of a system's error."""
    reason = urllib3.exceptions.NewConnectionError(None, f"Failed: {cause!r}")  # type: ignore[arg-type]
    reason.__cause__ = cause
    exhausted = urllib3.exceptions.MaxRetryError(None, "/rss", reason)  # type: ignore[arg-type]
    return requests.ConnectionError(exhausted)


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (wrapped(socket.gaierror(-2, "Name or service not known")), "no host of that name"),
        (
            wrapped(OSError(errno.ENETUNREACH, "Network is unreachable")),
            "the connection failed, Network",
        ),
        (wrapped(ConnectionRefusedError(111, "refused")), "the connection was refused: no server"),
        (wrapped(OSError(errno.EMFILE, "Too many open files")), "the connection failed, Too many"),
        (
            requests.exceptions.SSLError(
                ssl.SSLCertVerificationError("certificate verify failed: expired")
            ),
            "the server's certificate is not accepted: check this machine's clock",
        ),
        (
            TooSlowError("still sending after 180 s"),
            "the server is overloaded (still sending after 180 s)",
        ),
        (requests.exceptions.InvalidHeader("b'Bearer x\\n'"), "a header has a character"),
        (  # not from a server here: urllib3 leaves the connection of such an answer open
            requests.exceptions.InvalidHeader(urllib3.exceptions.InvalidHeader("Content-Length")),
            "the answer is not HTTP",
        ),
        (requests.RequestException("<urllib3 object at 0x7f>"), "the connection failed (Request"),
    ],
)
def test_every_failure_is_explained(error: Exception, meaning: str) -> None:
    words = explain(error)
    assert words.startswith(meaning)
    assert not RAW.search(words.replace("(RequestException)", ""))
    assert ": " in words


def test_a_token_that_cannot_be_sent_is_not_shown() -> None:
    with requests.Session() as session, pytest.raises(GitHubError) as caught:
        GitHub(session, "o/r", "tok\nen", "http://127.0.0.1:9").ask("GET", "pages")
    assert "a token that was copied with a line break" in str(caught.value)
    assert "tok" not in str(caught.value).replace("token", "")
