from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
import requests
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from digest.arxiv.http import polite_session
from digest.arxiv.paper import Page
from digest.arxiv.search_api import fetch_papers, parse_papers
from digest.core.errors import FeedError
from digest.core.papers import AnnounceType, Paper

# --- answers ----------------------------------------------------------------------------------

HEAD = """<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/"
 xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns="http://www.w3.org/2005/Atom">
<id>https://arxiv.org/api/x</id><title>arXiv Query: id_list=x</title>"""


def entry(paper_id: str = "2601.00001", title: str = "Title", more: str = "") -> str:
    return (
        f"<entry><id>http://arxiv.org/abs/{paper_id}</id><title>{title}</title>"
        f"<summary>What {paper_id} finds.</summary>{more}</entry>"
    )


def answer(*entries: str, total: int | str | None = None) -> bytes:
    message = len(entries) if total is None else total
    results = f"<opensearch:totalResults>{message}</opensearch:totalResults>"
    return f"{HEAD}{results}{''.join(entries)}</feed>".encode()


def error_entry(message: str) -> str:
    return (
        "<entry><id>https://arxiv.org/api/errors#x</id><title>Error</title>"
        f"<summary>{escape(message)}</summary></entry>"
    )


def problem(body: bytes) -> str:
    with pytest.raises(FeedError) as caught:
        parse_papers(body)
    return str(caught.value)


def one(body: bytes) -> Paper:
    [paper] = parse_papers(body).papers
    return paper


# --- parsing ----------------------------------------------------------------------------------


def test_an_entry_is_a_paper() -> None:
    more = (
        "<category term='cs.LG'/><category term='math.OC'/><category term='68T05; 90C'/>"
        "<arxiv:primary_category term='math.OC'/><arxiv:doi>10.1/x</arxiv:doi>"
        "<arxiv:journal_ref>J. Ex. 1</arxiv:journal_ref>"
        "<author><name>Ada Lovelace</name><arxiv:affiliation>London</arxiv:affiliation></author>"
        "<author><name>George Boole, Jr.</name></author>"
    )
    assert one(answer(entry("2601.00001v3", "On\n  machines", more))) == Paper(
        id="2601.00001",
        version=3,
        title="On machines",
        authors=("Ada Lovelace", "George Boole, Jr."),
        abstract="What 2601.00001v3 finds.",
        categories=("math.OC", "cs.LG"),
        announce_type=AnnounceType.NEW,
        affiliations=(("Ada Lovelace", "London"),),
        doi="10.1/x",
        journal_ref="J. Ex. 1",
    )


@pytest.mark.parametrize(
    ("bad", "named"),
    [
        (entry("26/1"), "entry 2: http://arxiv.org/abs/26/1"),
        ("<entry/>", "entry 2: without any text"),
    ],
)
def test_an_entry_without_an_id_is_named_and_the_others_are_read(bad: str, named: str) -> None:
    actual = parse_papers(answer(entry("2601.00002"), bad))
    assert ([p.id for p in actual.papers], actual.unreadable) == (["2601.00002"], (named,))


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (entry(title=" \u200d "), "no title"),
        (entry(more="<title>Another</title>"), "2 titles"),
    ],
)
def test_an_incomplete_entry_is_a_paper_that_says_so(bad: str, problem: str) -> None:
    whole, broken = parse_papers(answer(entry("2601.00002"), bad)).papers
    assert (whole.id, whole.unreadable) == ("2601.00002", "")
    assert broken.id == "2601.00001"
    assert broken.unreadable.startswith(problem)


def test_an_answer_of_nothing_is_an_answer() -> None:
    assert parse_papers(answer()) == Page(0, ())


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param(b" \n", "the body is empty: the server is in trouble", id="empty"),
        pytest.param(
            HEAD.replace("<feed", '<!DOCTYPE feed [<!ENTITY a "b">]><feed').encode(),
            'not a feed but something that begins "<?xml',
            id="entities",
        ),
        pytest.param(
            b'<rss version="2.0"><channel/></rss>',
            "not an answer of the search interface: check `arxiv.api_url`",
            id="an RSS feed",
        ),
        pytest.param(
            f"{HEAD}</feed>".encode(), "not an answer of the search interface", id="no total"
        ),
        pytest.param(
            answer(error_entry("incorrect id format\nfor abc")),
            "arXiv says: incorrect id format for abc",
            id="arXiv's own error",
        ),
    ],
)
def test_other_documents_are_errors_with_their_cause(body: bytes, message: str) -> None:
    assert problem(body).startswith(f"arXiv API: {message}")


# --- as recorded ------------------------------------------------------------------------------


def test_every_recorded_answer_is_read(real_data: Path) -> None:
    counts: dict[str, object] = {}
    for path in sorted((real_data / "api").glob("*.json")):
        body = json.loads(path.read_text("utf-8"))["body"].encode()
        try:
            actual = parse_papers(body)
            counts[path.name.rpartition("_")[0]] = (len(actual.papers), len(actual.unreadable))
        except FeedError as error:
            counts[path.name.rpartition("_")[0]] = str(error)
    assert counts == {
        "arxivpy_id_0000.0000_s0_m100": (0, 0),
        "arxivpy_id_0808.05394_1707.08567_s0_m100": (1, 0),
        "arxivpy_id_0808.05394_s0_m100": (0, 0),
        "arxivpy_id_1605.08386_s0_m100": (1, 0),
        "arxivpy_id_1707.08567_s0_m100": (1, 0),
        "arxivpy_id_2104.12255v1_s0_m100": (1, 0),
        "arxivpy_id_abc_s0_m100": "arXiv API: arXiv says: incorrect id format for abc",
        "arxivpy_id_astro-ph_0601001_s0_m100": (1, 0),
        "arxivpy_id_quant-ph_0201082v1_s0_m100": (1, 0),
        "arxivpy_q_testing_s0_m10": (10, 0),
        "arxivpy_q_testing_s0_m15": (15, 0),
        "arxivpy_q_testing_s10_m10": (10, 0),
        "arxivpy_q_testing_s9_m15": (15, 0),
    }


def test_a_recorded_paper_is_read_in_full(real_data: Path) -> None:
    [path] = (real_data / "api").glob("*astro-ph_0601001*.json")
    actual = one(json.loads(path.read_text("utf-8"))["body"].encode())
    assert (actual.id, actual.version, actual.categories) == ("astro-ph/0601001", 1, ("astro-ph",))
    assert actual.authors[0] == "Andrew Gould"
    assert actual.affiliations[0] == ("Andrew Gould", "Ohio State")
    assert actual.journal_ref == "ActaAstron.56:1-50,2006"
    assert actual.abstract.startswith("We derive the frequencies of hot Jupiters (HJs) with 3--5")


# --- fetching ---------------------------------------------------------------------------------


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with polite_session("tests/1 (+https://example.org)", delay_s=0) as session:
        yield session


class Server:
    """An interface that knows some papers, and says each of its replies before it answers."""

    def __init__(self, httpserver: HTTPServer, *ids: str) -> None:
        self.ids, self.replies = ids, list[Callable[[], Response]]()
        self.asked: list[list[str]] = []
        self.url = httpserver.url_for("/api/query")
        httpserver.expect_request("/api/query").respond_with_handler(self)

    def __call__(self, request: Request) -> Response:
        ids = request.args["id_list"].split(",")
        assert int(request.args["max_results"]) >= len(ids)  # arXiv's default is 10
        self.asked.append(ids)
        if self.replies:
            return self.replies.pop(0)()
        return xml(answer(*(entry(f"{i}v2") for i in self.ids if plain(i) in map(plain, ids))))


def plain(paper_id: str) -> str:
    return paper_id.replace(".GT/", "/")


def xml(body: bytes, status: int = 200) -> Response:
    return Response(body, status=status, content_type="application/atom+xml")


def test_papers_arrive_by_the_ids_asked_for(
    httpserver: HTTPServer, session: requests.Session
) -> None:
    server = Server(httpserver, "2601.00001", "math/0309136")
    actual = fetch_papers(session, server.url, ["math.GT/0309136", "2601.00001", "2601.00001"])
    assert {key: (p.id, p.version) for key, p in actual.items()} == {
        "math.GT/0309136": ("math.GT/0309136", 2),
        "2601.00001": ("2601.00001", 2),
    }
    assert server.asked == [["math.GT/0309136", "2601.00001"]]


def test_ids_that_arxiv_does_not_have_are_left_out(
    httpserver: HTTPServer, session: requests.Session
) -> None:
    server = Server(httpserver, "2601.00001")
    wanted = ["abc", "2601.00001,2601.00002", "2601.00002", "2601.00001", ""]
    assert list(fetch_papers(session, server.url, wanted)) == ["2601.00001"]
    assert server.asked == [["2601.00002", "2601.00001"]]  # what is no id is not asked for


def test_a_page_holds_a_hundred_ids(httpserver: HTTPServer, session: requests.Session) -> None:
    ids = [f"2601.{n:05}" for n in range(250)]
    server = Server(httpserver, *ids)
    assert list(fetch_papers(session, server.url, ids)) == ids
    assert list(map(len, server.asked)) == [100, 100, 50]


def test_a_refusal_is_reported_without_the_ids(
    httpserver: HTTPServer, session: requests.Session
) -> None:
    server = Server(httpserver)
    server.replies = [lambda: xml(answer(error_entry("incorrect id format for 2601.1")), 400)]
    with pytest.raises(FeedError) as caught:
        fetch_papers(session, server.url, ["2601.00001"])
    assert str(caught.value) == (
        f"arXiv API: HTTP 400 from {server.url}: arXiv says: incorrect id format for 2601.1"
    )
