"""`fetch_feed` and `polite_session` against a real server."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count, pairwise

import pytest
import requests
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from digest import feed
from digest.errors import FeedError
from digest.feed import fetch_feed, parse_feed, polite_session
from tests import feeds
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
    url, _ = serve(httpserver, good)
    assert fetch_feed(session, "cs.LG", url) == feeds.read("papers.rss.xml")


def test_a_compressed_body_arrives_unpacked(
    httpserver: HTTPServer, session: requests.Session
) -> None:
    packed = gzip.compress(feeds.read("papers.rss.xml"))
    url, server = serve(
        httpserver, lambda: Response(packed, content_type=XML, headers={"Content-Encoding": "gzip"})
    )
    assert parse_feed(fetch_feed(session, "cs.LG", url)) == FEED
    assert "gzip" in server.requests[0].headers["Accept-Encoding"]


def test_arxiv_is_told_who_asks_and_for_what(
    httpserver: HTTPServer, session: requests.Session
) -> None:
    url, server = serve(httpserver, good)
    fetch_feed(session, "cs.LG", url)
    assert server.requests[0].headers["User-Agent"] == "tests/1 (+https://example.org)"
    assert server.requests[0].headers["Accept"].startswith("application/rss+xml, ")


def test_a_feed_that_calls_itself_plain_text_is_still_a_feed(
    httpserver: HTTPServer, session: requests.Session
) -> None:
    body = feeds.read("papers.rss.xml").decode()
    url, _ = serve(httpserver, status(200, body))
    assert parse_feed(fetch_feed(session, "cs.LG", url)) == FEED


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
        pytest.param(status(400), "HTTP 400 from {url}: unexpected", id="400 without"),
        pytest.param(
            status(403, "<html>&#99999999999;<br>"),
            "HTTP 403 from {url}: access refused: the server blocks this client; wait before"
            " trying again",
            id="403",
        ),
        pytest.param(
            status(404),
            "HTTP 404 from {url}: no such feed: check `categories` and `arxiv.feed_url`",
            id="404",
        ),
        pytest.param(
            status(429, "Rate exceeded."),
            "HTTP 429 from {url}: too many requests: wait, and let only one machine read the feed",
            id="429 again and again",
        ),
        pytest.param(
            status(503),
            "HTTP 503 from {url}: the server is in trouble: try again later",
            id="503 again and again",
        ),
        pytest.param(
            lambda: Response("<html>", content_type="text/html; charset=utf-8"),
            "{url} answered with a web page (text/html; charset=utf-8), not a feed",
            id="a web page",
        ),
    ],
)
def test_a_refusal_is_told_with_what_it_means(
    httpserver: HTTPServer,
    session: requests.Session,
    answer: Callable[[], Response],
    problem: str,
) -> None:
    url, _ = serve(httpserver, answer)
    with pytest.raises(FeedError) as raised:
        fetch_feed(session, "cs.LG", url)
    assert str(raised.value) == "cs.LG: " + problem.format(url=url)


def test_another_type_of_document_is_told_by_the_parser(
    httpserver: HTTPServer, session: requests.Session
) -> None:
    url, _ = serve(httpserver, lambda: Response("{}", content_type="application/json"))
    with pytest.raises(FeedError, match=r"not a feed but something that begins '\{\}'"):
        parse_feed(fetch_feed(session, "cs.LG", url), "cs.LG")


def test_an_unreachable_server_is_told(session: requests.Session) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
    with pytest.raises(FeedError, match=r"^cs\.LG: cannot read http.*refused.*: try again later$"):
        fetch_feed(session, "cs.LG", url)


@pytest.mark.parametrize(
    "headers",
    [{"Content-Length": "1000000"}, {"Content-Length": "1000000", "Content-Encoding": "gzip"}],
    ids=["plain", "compressed"],
)
def test_a_body_that_breaks_off_is_told(
    httpserver: HTTPServer, session: requests.Session, headers: dict[str, str]
) -> None:
    body = feeds.read("papers.rss.xml")
    packed = gzip.compress(body) if "Content-Encoding" in headers else body
    url, _ = serve(httpserver, lambda: Response(iter([packed]), content_type=XML, headers=headers))
    with pytest.raises(FeedError, match=r"cannot read http.*IncompleteRead.*: try again later"):
        fetch_feed(session, "cs.LG", url)


def answer_once(answer: bytes) -> tuple[str, threading.Thread]:
    """A server that sends `answer`, whatever HTTP may think of it, and hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        with listener, listener.accept()[0] as connection:
            connection.recv(65_536)
            connection.sendall(answer)

    thread = threading.Thread(target=run)
    thread.start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}/", thread


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_chunks_are_joined(session: requests.Session) -> None:
    url, thread = answer_once(CHUNKED + b"3\r\n<rs\r\n3\r\ns/>\r\n0\r\n\r\n")
    assert fetch_feed(session, "cs.LG", url) == b"<rss/>"
    thread.join()


@pytest.mark.parametrize("rest", [b"", b"3\r\n", b"3\r\ns/", b"3\r\ns/>\r\n"])
def test_a_chunk_that_never_comes_is_told(session: requests.Session, rest: bytes) -> None:
    url, thread = answer_once(CHUNKED + b"3\r\n<rs\r\n" + rest)
    with pytest.raises(FeedError, match=r"cannot read http.*Connection broken"):
        fetch_feed(session, "cs.LG", url)
    thread.join()


def test_a_body_that_is_not_compressed_as_it_says_is_told(
    httpserver: HTTPServer, session: requests.Session
) -> None:
    headers = {"Content-Encoding": "gzip"}
    url, _ = serve(httpserver, lambda: Response(b"<rss/>", content_type=XML, headers=headers))
    with pytest.raises(FeedError, match="failed to decode it"):
        fetch_feed(session, "cs.LG", url)


def test_a_body_without_end_is_not_read_to_the_end(
    httpserver: HTTPServer, session: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "MAX_BYTES", 1_000)
    packed = gzip.compress(b" " * 10_000_000)
    headers = {"Content-Encoding": "gzip"}
    url, _ = serve(httpserver, lambda: Response(packed, content_type=XML, headers=headers))
    with pytest.raises(FeedError, match="sent more than 1,000 bytes"):
        fetch_feed(session, "cs.LG", url)


def test_a_body_that_drips_is_given_up_at_the_deadline(
    httpserver: HTTPServer, session: requests.Session
) -> None:
    sent = []

    def drip() -> Iterator[bytes]:
        for drop in range(100):
            time.sleep(0.01)
            sent.append(drop)
            yield b"<rss/>"

    url, _ = serve(httpserver, lambda: Response(drip(), content_type=XML))
    a_minute_later = count(step=60).__next__
    with pytest.raises(FeedError, match="in 180 s and was still sending"):
        fetch_feed(session, "cs.LG", url, clock=lambda: float(a_minute_later()))
    assert len(sent) < 50


def test_the_deadline_does_not_count_the_waiting_before(
    httpserver: HTTPServer, session: requests.Session
) -> None:
    url, server = serve(httpserver, status(503), good)
    waited = 1_000.0
    fetch_feed(session, "cs.LG", url, clock=lambda: waited * len(server.times))
    assert len(server.times) == 2


# --- politeness -------------------------------------------------------------------------------


def test_a_server_in_trouble_is_asked_again(
    httpserver: HTTPServer, session: requests.Session
) -> None:
    url, server = serve(httpserver, status(500), status(502), good)
    assert parse_feed(fetch_feed(session, "cs.LG", url)) == FEED
    assert len(server.times) == 3


def test_a_refusal_is_not_argued_with(httpserver: HTTPServer, session: requests.Session) -> None:
    url, server = serve(httpserver, status(403), good)
    with pytest.raises(FeedError):
        fetch_feed(session, "cs.LG", url)
    assert len(server.times) == 1


def test_a_server_that_asks_to_wait_is_obeyed(
    httpserver: HTTPServer, session: requests.Session
) -> None:
    url, server = serve(httpserver, status(429, "Rate exceeded.", Retry_After="1"), good)
    assert parse_feed(fetch_feed(session, "cs.LG", url)) == FEED
    assert server.times[1] - server.times[0] >= 1


DELAY = 0.05


def gaps(server: Server) -> list[float]:
    return [later - earlier for earlier, later in pairwise(server.times)]


def test_requests_are_spaced(httpserver: HTTPServer) -> None:
    url, server = serve(httpserver, good)
    with polite_session("tests/1", DELAY) as session:
        for _ in range(3):
            fetch_feed(session, "cs.LG", url)
    assert len(server.times) == 3
    assert min(gaps(server)) >= DELAY


@pytest.mark.parametrize(
    "answer",
    [status(500), status(429, Retry_After="0")],
    ids=["without a word", "with Retry-After: 0"],
)
def test_repeated_requests_are_spaced_too(
    httpserver: HTTPServer, answer: Callable[[], Response]
) -> None:
    url, server = serve(httpserver, answer, answer, good)
    with polite_session("tests/1", DELAY) as session:
        fetch_feed(session, "cs.LG", url)
        fetch_feed(session, "cs.LG", url)
    assert len(server.times) == 4
    assert min(gaps(server)) >= DELAY


def test_redirected_requests_are_spaced_too(httpserver: HTTPServer) -> None:
    url, server = serve(httpserver, status(301, Location="/rss/cs.LG"), good)
    with polite_session("tests/1", DELAY) as session:
        assert parse_feed(fetch_feed(session, "cs.LG", url)) == FEED
    assert len(server.times) == 2
    assert min(gaps(server)) >= DELAY


def test_a_redirect_to_https_waits_for_the_same_clock(session: requests.Session) -> None:
    assert session.get_adapter("http://arxiv.org") is session.get_adapter("https://arxiv.org")
