"""A past day's pages, and the search interface in their place, against a real server."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date

import pytest
import requests
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from digest.arxiv import past, search_api
from digest.arxiv.http import LISTING_FACTOR, polite_session
from digest.arxiv.listing import CUT_AT, together
from digest.arxiv.paper import Page
from digest.arxiv.past import (
    fetch_approximate,
    fetch_pages,
    fetch_recent,
    has_pages,
    proves_empty,
)
from digest.core.errors import FeedError, Refused
from digest.core.papers import Feed, Paper
from tests import feeds, listings
from tests.make import CROSS, DAY, NEW, REPLACE, paper

LATER = date(2026, 2, 2)
PAPERS = (
    paper("2601.00001"),
    paper("2601.00002"),
    paper("2601.00003", announce_type=CROSS, categories=("stat.ML", "cs.LG")),
    paper("2512.00001", version=2, announce_type=REPLACE),
)


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with polite_session("tests/1 (+https://example.org)", delay_s=0) as session:
        yield session


class Server:
    """Answers by the path and query asked for, in order, the last answer for ever."""

    def __init__(self, httpserver: HTTPServer) -> None:
        self.url = httpserver.url_for("").rstrip("/")
        self.answers: dict[str, list[bytes | Response]] = {}
        self.asked: list[str] = []
        self.requests: list[Request] = []
        httpserver.expect_request(re.compile("/.*")).respond_with_handler(self)

    def __call__(self, request: Request) -> Response:
        asked = request.full_path.rstrip("?")
        self.asked.append(asked)
        self.requests.append(request)
        queue = self.answers[asked]
        answer = queue.pop(0) if len(queue) > 1 else queue[0]
        return answer if isinstance(answer, Response) else Response(answer, mimetype="text/html")


@pytest.fixture
def server(httpserver: HTTPServer) -> Server:
    return Server(httpserver)


FIRST = f"/catchup/cs.LG/{DAY}?abs=True"


def fetch_day(session: requests.Session, server: Server, category: str = "cs.LG") -> Feed:
    return together(fetch_pages(session, server.url, category, DAY), category, DAY)


def failure(ask: Callable[[], object]) -> FeedError:
    with pytest.raises(FeedError) as caught:
        ask()
    return caught.value


# --- a day ------------------------------------------------------------------------------------


def test_a_day_is_put_together_of_its_pages(session: requests.Session, server: Server) -> None:
    asked = [FIRST, f"{FIRST}&page=2"]
    for number, address in enumerate(asked, start=1):
        server.answers[address] = [listings.as_catchup("cs.LG", DAY, PAPERS, page=number, size=3)]
    assert fetch_day(session, server) == Feed("cs.LG", DAY, PAPERS)
    assert server.asked == asked  # and no page more
    assert server.requests[0].headers["Accept"] == "text/html"


def test_pages_without_end_are_not_read(
    session: requests.Session, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past, "MAX_PAGES", 2)
    for number, address in enumerate([FIRST, f"{FIRST}&page=2"], start=1):
        server.answers[address] = [listings.as_catchup("cs.LG", DAY, PAPERS, page=number, size=1)]
    message = failure(lambda: fetch_day(session, server)).problem
    assert "its pages hold 2 different entries of 4" in message


def test_an_old_name_leads_to_the_category(session: requests.Session, server: Server) -> None:
    papers = tuple(paper(p.id, categories=("math.NA", "cs.NA")) for p in PAPERS)
    here, there = (f"/catchup/{name}/{DAY}" for name in ("cs.NA", "math.NA"))
    target = f"{there}?page=1&abs=True"
    server.answers = {
        f"{here}?abs=True": [Response(status=301, headers={"Location": target})],
        target: [listings.as_catchup("math.NA", DAY, papers, size=2)],
        f"{there}?abs=True&page=2": [listings.as_catchup("math.NA", DAY, papers, page=2, size=2)],
    }
    feed = fetch_day(session, server, "cs.NA")
    assert (feed.category, [p.announce_type for p in feed.papers]) == ("cs.NA", [NEW] * 4)
    assert len(server.asked) == 3  # the old name but once


@pytest.mark.parametrize(
    "target", [f"/catchup/cs.AI/{DAY}?abs=True", f"/catchup/cs.LG/{LATER}?abs=True", "/login?x=1"]
)
def test_a_redirect_elsewhere_is_an_error(
    session: requests.Session, server: Server, target: str
) -> None:
    server.answers[FIRST] = [Response(status=301, headers={"Location": target})]
    server.answers[target] = [listings.as_catchup("cs.LG", DAY, PAPERS)]
    error = failure(lambda: fetch_day(session, server))
    assert error.problem.endswith(f"{target}: it is another page")


def test_cut_author_lists_are_named(
    session: requests.Session, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    lists = [[f"A. Leaf {n}" for n in range(count)] for count in (CUT_AT - 1, CUT_AT, CUT_AT + 1)]
    many = [paper(f"2601.{n:05}", authors=authors) for n, authors in enumerate(lists)]
    server.answers[FIRST] = [listings.as_catchup("cs.LG", DAY, many)]
    with caplog.at_level("INFO", logger="digest"):
        fetch_day(session, server)
    messages = [record.getMessage() for record in caplog.records if record.name == "digest"]
    assert messages == ["cs.LG 2026-01-30: authors cut at a hundred: 2601.00001"]


# --- refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "kind", "message"),
    [
        (
            Response(listings.as_error("Invalid date: 2026-01-30. It's late"), 400),
            FeedError,
            "HTTP 400 from {url}: arXiv says: Invalid date: 2026-01-30. It's late",
        ),
        (Response("<html>", 403), Refused, "HTTP 403 from {url}: access refused: "),
    ],
)
def test_other_answers_are_errors_with_their_cause(
    session: requests.Session, server: Server, answer: Response, kind: type, message: str
) -> None:
    server.answers[FIRST] = [answer]
    error = failure(lambda: fetch_day(session, server))
    assert error.problem.startswith(message.format(url=server.url + FIRST))
    assert type(error) is kind
    assert len(server.asked) == 1


def test_pages_are_asked_for_15_seconds_apart(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    clock = [1000.0]

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        clock[0] += seconds

    monkeypatch.setattr("digest.arxiv.http.time.sleep", sleep)
    monkeypatch.setattr("digest.arxiv.http.time.monotonic", lambda: clock[0])
    for number in range(1, 5):
        more = f"&page={number}" if number > 1 else ""
        server.answers[FIRST + more] = [
            listings.as_catchup("cs.LG", DAY, PAPERS, page=number, size=1)
        ]
    with polite_session("tests/1", 3) as session:
        fetch_day(session, server)
    assert len(server.asked) == 4
    assert [round(wait, 6) for wait in waits if wait] == [3 * LISTING_FACTOR] * 3 == [15.0] * 3


def test_pages_are_kept_for_ninety_days() -> None:
    days = [date(2026, 5, 1), date(2026, 4, 30), DAY, date(2026, 1, 29)]
    assert [has_pages(day, today=date(2026, 4, 30)) for day in days] == [False, True, True, False]


# --- empty, or not yet ------------------------------------------------------------------------

RECENT = {date(2026, 1, 30): 3, date(2026, 1, 29): 0, date(2026, 1, 27): 5, date(2026, 1, 26): 1}


@pytest.mark.parametrize(
    ("day", "later", "empty"),
    [
        (date(2026, 1, 29), None, True),  # announced, and nothing here
        (date(2026, 1, 28), None, True),  # not announced, and later days were
        (date(2026, 1, 30), None, False),  # the page was made too early
        (date(2026, 2, 2), None, False),  # not announced yet
        (date(2026, 1, 23), LATER, True),  # older than the list: the page itself tells
        (date(2026, 1, 23), None, False),
    ],
)
def test_a_page_without_papers_is_proof_only_with_a_later_day(
    session: requests.Session, server: Server, day: date, later: date | None, empty: bool
) -> None:
    server.answers["/list/cs.LG/recent"] = [listings.as_recent("cs.LG", RECENT)]
    recent = fetch_recent(session, server.url, "cs.LG")
    assert proves_empty(Page(0, (), next_day=later), day, recent) is empty


# --- the search interface ---------------------------------------------------------------------


class Api:
    """A search interface that has papers, and says each of its replies before it answers."""

    def __init__(self, httpserver: HTTPServer, papers: tuple[Paper, ...]) -> None:
        self.papers, self.replies = papers, list[Callable[[], Response]]()
        self.asked: list[dict[str, str]] = []
        self.url = httpserver.url_for("/api/query")
        httpserver.expect_request("/api/query").respond_with_handler(self)

    def __call__(self, request: Request) -> Response:
        self.asked.append(request.args.to_dict())
        if self.replies:
            return self.replies.pop(0)()
        start, size = (int(request.args[name]) for name in ("start", "max_results"))
        return self.page(self.papers[start : start + size])

    def page(self, papers: tuple[Paper, ...], total: int | None = None) -> Response:
        total = len(self.papers) if total is None else total
        return Response(feeds.as_results(papers, total), mimetype="application/atom+xml")


@pytest.fixture
def api(httpserver: HTTPServer) -> Api:
    older = (
        paper("2601.00009", version=4),
        paper("2601.00002", categories=("stat.ML", "cs.LG")),
        paper("2601.00001", categories=()),
        paper("2601.00007"),
    )
    return Api(httpserver, older)


def test_an_approximate_day_is_what_was_submitted_for_it(
    session: requests.Session, api: Api
) -> None:
    feed = fetch_approximate(session, api.url, "cs.LG", DAY)
    assert (feed.category, feed.date) == ("cs.LG", DAY)
    assert [(p.id, p.version, p.announce_type) for p in feed.papers] == [
        ("2601.00007", 1, NEW),
        ("2601.00009", 1, NEW),
        ("2601.00001", 1, CROSS),
        ("2601.00002", 1, CROSS),
    ]
    assert api.asked == [
        {
            "search_query": "cat:cs.LG AND submittedDate:[202601281900 TO 202601291859]",
            "sortBy": "submittedDate",
            "sortOrder": "ascending",
            "start": "0",
            "max_results": "500",
        }
    ]


@pytest.mark.parametrize(
    ("category", "wanted"),
    [("cs", "(cat:cs OR cat:cs.*)"), ("hep-th", "cat:hep-th")],
)
def test_an_archive_is_asked_for_with_its_categories(
    session: requests.Session, api: Api, category: str, wanted: str
) -> None:
    fetch_approximate(session, api.url, category, DAY)
    assert api.asked[0]["search_query"].startswith(f"{wanted} AND ")


def ids(session: requests.Session, api: Api) -> list[str]:
    return sorted(p.id for p in fetch_approximate(session, api.url, "cs.LG", DAY).papers)


ALL = ["2601.00001", "2601.00002", "2601.00007", "2601.00009"]


def test_an_empty_page_before_the_end_is_asked_for_again(
    session: requests.Session, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_api, "SUBMITTED_PAGE", 2)
    api.replies = [
        lambda: api.page((), total=0),
        lambda: api.page(api.papers[:2]),
        lambda: api.page(()),
        lambda: api.page(api.papers[2:3]),
    ]
    assert ids(session, api) == ALL
    assert [asked["start"] for asked in api.asked] == ["0", "0", "2", "2", "2"]


def test_no_results_are_confirmed_by_repetition(session: requests.Session, api: Api) -> None:
    api.papers = ()
    assert ids(session, api) == []
    assert len(api.asked) == search_api.TRIES


@pytest.mark.parametrize(
    ("replies", "message"),
    [
        pytest.param(
            [((), 4)] * 3,
            " found 4 papers and sent 0 of them, 3 times over: the server is in trouble; try again"
            " later",
            id="never any",
        ),
        pytest.param(
            [((0, 1), 4), ((2, 3), 5)],
            ": its results changed while they were read: try again later",
            id="grown",
        ),
        pytest.param(
            [((0, 1), 4), ((1, 2), 4)],
            ": its results changed while they were read: try again later",
            id="shifted",
        ),
        pytest.param([((0, 1), 99_999)], " found 99999 papers: try again later", id="without end"),
    ],
)
def test_missing_or_repeated_results_are_an_error(
    session: requests.Session,
    api: Api,
    monkeypatch: pytest.MonkeyPatch,
    replies: list[tuple[tuple[int, ...], int]],
    message: str,
) -> None:
    monkeypatch.setattr(search_api, "SUBMITTED_PAGE", 2)

    def reply(numbers: tuple[int, ...], total: int) -> Callable[[], Response]:
        return lambda: api.page(tuple(api.papers[n] for n in numbers), total)

    api.replies = [reply(*each) for each in replies]
    error = failure(lambda: fetch_approximate(session, api.url, "cs.LG", DAY))
    assert str(error) == f"arXiv API: {api.url}{message}"
