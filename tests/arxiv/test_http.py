"""`http.fetch`, by way of `fetch_feed`, against a real server."""

from __future__ import annotations

import gzip
import io
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise

import pytest
import requests
from pytest_httpserver import HTTPServer
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse
from werkzeug import Request, Response

from digest.arxiv import http
from digest.arxiv.documents import MAX_BYTES
from digest.arxiv.feed import fetch_feed
from digest.arxiv.fetch import read_feed
from digest.arxiv.http import polite_session
from digest.core.errors import FeedError
from tests import feeds, make
from tests.feeds.papers import FEED

XML = "application/xml"


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with polite_session("tests/1 (+https://example.org)", delay_s=0) as session:
        yield session


class Server:
    """Answers in the order given, the last one for ever, and remembers when it was asked."""

    def __init__(self, *answers: Callable[[], Response]) -> None:
        self.answers = list(answers)
        self.requests: list[Request] = []
        self.times: list[float] = []

    def __call__(self, request: Request) -> Response:
        self.times.append(time.monotonic())
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer()


def good() -> Response:
    return Response(feeds.read("papers.rss.xml"), content_type=XML)


def status(code: int, body: str = "", **headers: str) -> Callable[[], Response]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda: Response(body, status=code, headers=named, content_type="text/plain")


def serve(httpserver: HTTPServer, *answers: Callable[[], Response]) -> tuple[str, Server]:
    server = Server(*answers)
    httpserver.expect_request("/rss/cs.LG").respond_with_handler(server)
    return httpserver.url_for("/rss/cs.LG"), server


# --- what arrives -----------------------------------------------------------------------------


def test_the_body_arrives_as_it_was_sent(httpserver: HTTPServer, session: requests.Session) -> None:
    url, server = serve(httpserver, good)
    assert fetch_feed(session, "cs.LG", url).body == feeds.read("papers.rss.xml")
    assert server.requests[0].headers["User-Agent"] == "tests/1 (+https://example.org)"
    assert server.requests[0].headers["Accept"].startswith("application/rss+xml, ")


# --- refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        pytest.param(
            status(400, (feeds.FOLDER / "bad/error.body").read_text("utf-8")),
            "HTTP 400 from {url}: Bad subject class 'TEA'. Valid subject classes for the archive"
            " 'cs' are: cs.AI, cs.LG.: correct `categories` in the configuration",
            id="400 with a reason",
        ),
        pytest.param(
            status(400),
            "HTTP 400 from {url}: nothing there: check `categories` and `arxiv.feed_url`",
            id="400 without",
        ),
        pytest.param(status(418), "HTTP 418 from {url}: unexpected", id="any other"),
        pytest.param(
            status(403, "<html>&#99999999999;<br>"),
            "HTTP 403 from {url}: access refused: the server blocks this client; wait before"
            " trying again",
            id="403",
        ),
        pytest.param(
            status(429, "Rate exceeded."),
            "HTTP 429 from {url}: too many requests: wait, and let only one machine ask",
            id="429 again and again",
        ),
        pytest.param(
            status(503),
            "HTTP 503 from {url}: the server is in trouble: try again later",
            id="503 again and again",
        ),
    ],
)
def test_a_refusal_says_what_it_means(
    httpserver: HTTPServer,
    session: requests.Session,
    answer: Callable[[], Response],
    problem: str,
) -> None:
    url, _ = serve(httpserver, answer)
    with pytest.raises(FeedError) as raised:
        fetch_feed(session, "cs.LG", url)
    assert str(raised.value) == "cs.LG: " + problem.format(url=url)


def test_a_body_without_end_is_not_read_to_the_end(
    httpserver: HTTPServer, session: requests.Session
) -> None:
    bomb = gzip.compress(bytes(50_000_000), 1) * 10  # 500 MB of nothing
    headers = {"Content-Encoding": "gzip"}
    url, _ = serve(httpserver, lambda: Response(bomb, content_type=XML, headers=headers))
    tracemalloc.start()
    try:
        with pytest.raises(FeedError, match="sent more than 20,000,000 bytes"):
            fetch_feed(session, "cs.LG", url)
        assert tracemalloc.get_traced_memory()[1] < 3 * MAX_BYTES
    finally:
        tracemalloc.stop()


# --- time -------------------------------------------------------------------------------------


def trickle(start: bytes, drop: bytes) -> tuple[str, threading.Thread]:
    """A server that sends `start` and then a drop every 20 ms until the other side hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        with listener, listener.accept()[0] as connection, suppress(OSError):
            connection.recv(65_536)
            connection.sendall(start)
            while True:
                time.sleep(0.02)
                connection.sendall(drop)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}/", thread


class Clock:
    """In which a sleep is over at once, but takes as long as it was asked to."""

    slept = 0.0
    time = staticmethod(time.time)

    def monotonic(self) -> float:
        return time.monotonic() + self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("start", "drop"),
    [
        pytest.param(OK + b"\r\n", b"<rss/>", id="a body without a length"),
        pytest.param(OK + b"Content-Length: 9999\r\n\r\n", b"<", id="a body with a length"),
        pytest.param(b"HTTP/1.1 503 No\r\n\r\n", b"x", id="trouble"),
    ],
)
def test_a_slow_body_ends_at_the_deadline(
    session: requests.Session, monkeypatch: pytest.MonkeyPatch, start: bytes, drop: bytes
) -> None:
    monkeypatch.setattr(http, "DEADLINE_S", 0.3)
    url, thread = trickle(start, drop)
    with pytest.raises(FeedError, match=r"still sending after 0\.3 s|refused"):
        fetch_feed(session, "cs.LG", url)
    thread.join(make.PATIENCE_S)
    assert not thread.is_alive()


def test_silence_is_asked_again(session: requests.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "READ_TIMEOUT_S", 0.1)
    monkeypatch.setattr(http, "TRIES", 2)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        with pytest.raises(FeedError, match=r"the server fell silent: .*try again later$"):
            fetch_feed(session, "cs.LG", url)


# --- redirects --------------------------------------------------------------------------------

ARXIV = "https://rss.arxiv.org/rss/cs.LG"


@pytest.mark.parametrize(
    ("asked", "target", "may"),
    [
        (ARXIV, "https://export.arxiv.org/rss/cs.LG", True),
        (ARXIV, "https://ARXIV.ORG:443/", True),
        (ARXIV, "http://rss.arxiv.org/rss/cs.LG", False),
        (ARXIV, "https://example.org/", False),
        (ARXIV, "https://arxiv.org.example.org/", False),
        (ARXIV, "https://example.org\\@arxiv.org/", False),
        (ARXIV, "https://example.org#@arxiv.org/", False),
        ("http://arxiv.org/rss/cs.LG", "https://rss.arxiv.org/rss/cs.LG", True),
        ("http://mirror.example/a", "http://mirror.example/b", True),
        ("http://mirror.example/a", "https://mirror.example/b", True),
        ("https://mirror.example/a", "http://mirror.example/b", False),
        ("https://mirror.example/a", "https://mirror.example:8443/b", False),
        ("http://mirror.example/a", "http://169.254.169.254/latest/meta-data", False),
        ("http://mirror.example/a", "http://[", False),
    ],
)
def test_a_redirect_is_followed_only_to_safe_places(
    monkeypatch: pytest.MonkeyPatch, asked: str, target: str, may: bool
) -> None:
    went: list[str | None] = []

    def send(
        adapter: HTTPAdapter, request: requests.PreparedRequest, **_: object
    ) -> requests.Response:
        went.append(request.url)
        response = requests.Response()
        response.status_code = 200 if len(went) > 1 else 302
        response.headers["Location"] = target
        response.raw = HTTPResponse(io.BytesIO(b"<rss/>"), preload_content=False)
        return response

    monkeypatch.setattr(HTTPAdapter, "send", send)
    with polite_session("tests/1", delay_s=0) as session:
        if may:
            assert fetch_feed(session, "cs.LG", asked).body == b"<rss/>"
        else:
            with pytest.raises(FeedError, match=r"redirects to|cannot read"):
                fetch_feed(session, "cs.LG", asked)
    assert len(went) == 1 + may


def test_a_redirect_in_a_circle_ends(httpserver: HTTPServer) -> None:
    url, server = serve(httpserver, status(302, Location="/rss/cs.LG"))
    with (
        polite_session("tests/1", DELAY) as session,
        pytest.raises(FeedError, match="redirects more than 5 times"),
    ):
        fetch_feed(session, "cs.LG", url)
    assert len(server.times) == 6
    assert min(gaps(server)) >= DELAY


def test_the_body_of_a_redirect_is_not_read(
    httpserver: HTTPServer, session: requests.Session
) -> None:
    sent = []

    def endless() -> Iterator[bytes]:
        for _ in range(1_000):
            sent.append(1)
            yield bytes(1_000_000)

    url, _ = serve(
        httpserver,
        lambda: Response(endless(), 302, headers={"Location": "/rss/cs.LG"}),
        lambda: Response(endless(), 503),
        good,
    )
    assert read_feed(session, "cs.LG", url) == FEED
    assert len(sent) < 100


# --- politeness -------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "requests_made"), [(520, http.TRIES), (403, 1)])
def test_trouble_is_retried_and_a_refusal_is_not(
    httpserver: HTTPServer, session: requests.Session, code: int, requests_made: int
) -> None:
    url, server = serve(httpserver, status(code))
    with pytest.raises(FeedError, match=f"HTTP {code} from "):
        fetch_feed(session, "cs.LG", url)
    assert len(server.times) == requests_made


def test_retry_after_is_obeyed(
    httpserver: HTTPServer, session: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(http, "time", clock)
    url, _ = serve(httpserver, status(429, "Rate exceeded.", Retry_After="100"), good)
    assert read_feed(session, "cs.LG", url) == FEED
    assert clock.slept == pytest.approx(100, abs=1)


DELAY = 0.05


def gaps(server: Server) -> list[float]:
    return [later - earlier for earlier, later in pairwise(server.times)]


@pytest.mark.parametrize("asked", ["soon", "-1", "Fri, 31 Dec 99999999999 23:59:59 GMT"])
def test_an_unreadable_retry_after_is_the_usual_wait(
    httpserver: HTTPServer, session: requests.Session, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    monkeypatch.setattr(http, "MAX_RETRY_AFTER_S", 0.1)
    url, _ = serve(httpserver, status(503, Retry_After=asked), good)
    assert read_feed(session, "cs.LG", url) == FEED


@pytest.mark.parametrize("asked", ["9" * 400, "Fri, 31 Dec 2999 23:59:59 GMT"])
def test_too_long_a_retry_after_ends_the_asking(
    httpserver: HTTPServer, session: requests.Session, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    monkeypatch.setattr(http, "MAX_RETRY_AFTER_S", 0.2)
    url, server = serve(httpserver, status(503, Retry_After=asked), good)
    with pytest.raises(FeedError, match="HTTP 503"):
        fetch_feed(session, "cs.LG", url)
    assert len(server.times) == 1


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param([status(500), status(500), good], id="repeated"),
        pytest.param([status(429, Retry_After="0"), good], id="with Retry-After: 0"),
        pytest.param([status(301, Location="/rss/cs.LG"), good], id="redirected"),
    ],
)
def test_all_requests_are_spaced(
    httpserver: HTTPServer, answers: list[Callable[[], Response]]
) -> None:
    url, server = serve(httpserver, *answers)
    with polite_session("tests/1", DELAY) as session:
        for _ in range(2):
            assert read_feed(session, "cs.LG", url) == FEED
    assert len(server.times) == len(answers) + 1
    assert min(gaps(server)) >= DELAY


def test_http_and_https_share_one_clock(session: requests.Session) -> None:
    assert session.get_adapter("http://arxiv.org") is session.get_adapter("https://arxiv.org")
