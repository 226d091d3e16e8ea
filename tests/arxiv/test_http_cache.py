"""Feeds that have not changed are not sent again."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from digest.arxiv.fetch import Fetched, Reading, Unread, fetch
from digest.arxiv.http import polite_session
from digest.arxiv.http_cache import Answers
from digest.core.config import Arxiv, Config
from tests import make
from tests.make import paper


class Server:
    """A feed with an ETag, as arXiv's has."""

    def __init__(self, server: HTTPServer) -> None:
        self.body, self.etag = make.rss(make.feed(paper("2601.00001"))), '"one"'
        self.sent: list[int] = []
        server.expect_request("/cs.LG").respond_with_handler(self)
        address = server.url_for("/") + "{category}"
        self.config = Config(categories=("cs.LG",), arxiv=Arxiv(feed_url=address, delay_s=0))

    def __call__(self, request: Request) -> Response:
        is_known = self.etag and request.headers.get("If-None-Match") == self.etag
        self.sent.append(304 if is_known else 200)
        headers = {"ETag": self.etag} if self.etag else {}
        if is_known:
            return Response(status=304, headers=headers)
        return Response(self.body, headers=headers, content_type="application/rss+xml")


@pytest.fixture
def server(httpserver: HTTPServer) -> Server:
    return Server(httpserver)


@pytest.fixture
def answers(tmp_path: Path) -> Answers:
    return Answers(tmp_path / "answers")


def fetch_from(server: Server, answers: Answers) -> list[Reading]:
    with polite_session("test", 0) as session:
        return fetch(server.config, session, answers)


def titles(server: Server, answers: Answers) -> list[str]:
    (fetched,) = fetch_from(server, answers)
    assert isinstance(fetched, Fetched)
    return [p.title for p in fetched.feed.papers]


def test_only_a_feed_that_has_changed_is_sent_again(server: Server, answers: Answers) -> None:
    first = titles(server, answers)
    assert titles(server, answers) == first
    server.body = make.rss(make.feed(paper("2601.00002", title="Another")))
    server.etag = '"two"'
    assert [titles(server, answers), titles(server, answers)] == [["Another"]] * 2
    assert server.sent == [200, 304, 200, 304]


def test_a_feed_that_could_not_be_read_is_asked_for_whole_again(
    server: Server, answers: Answers
) -> None:
    whole, server.body = server.body, server.body[:200]
    (unread,) = fetch_from(server, answers)
    assert isinstance(unread, Unread)
    server.body = whole
    assert titles(server, answers)
    assert server.sent == [200, 200]


@pytest.mark.parametrize("damage", [b"", b'{"url": 3}'])
def test_what_the_disk_has_lost_is_asked_for_again(
    server: Server, answers: Answers, damage: bytes
) -> None:
    expected = titles(server, answers)
    (file,) = answers.folder.iterdir()
    file.write_bytes(damage)
    assert titles(server, answers) == expected
    assert server.sent == [200, 200]


@pytest.mark.parametrize("has_etag", [True, False])
def test_what_cannot_be_remembered_is_sent_again(
    server: Server, tmp_path: Path, has_etag: bool
) -> None:
    if has_etag:
        (tmp_path / "answers").write_text("no folder")
    else:
        server.etag = ""
    answers = Answers(tmp_path / "answers")
    assert titles(server, answers)
    assert titles(server, answers)
    assert server.sent == [200, 200]
    assert not answers.folder.is_dir()
