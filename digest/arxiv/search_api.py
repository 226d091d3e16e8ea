"""arXiv's search interface, https://info.arxiv.org/help/api/user-manual.html: papers by their ids,
or by when they were submitted.

`parse_papers` turns an answer into papers and never fetches; `fetch_papers` asks for ids in pages,
`fetch_submitted` for what a category was sent in a window of time. All raise `FeedError` for
whatever is not a whole answer. The XML is read as strictly as the feed's, and titles, names and
abstracts come out as the feed's do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from xml.etree.ElementTree import Element

from digest.arxiv.strict_xml import (
    ARXIV,
    ATOM,
    CATEGORY,
    ID,
    MAX_BYTES,
    VERSION,
    all_unreadable,
    excess,
    is_visible,
    parse_xml,
    readable,
    too_many_unreadable,
    unreadable_paper,
    wrong_title,
)
from digest.core.categories import may_have_categories
from digest.core.errors import FeedError
from digest.core.papers import AnnounceType, Paper
from digest.core.text import clean, one_line

if TYPE_CHECKING:
    import requests

NAME = "arXiv API"  # in errors, where a feed's would name its category
PAGE = 100  # ids a request: the address stays under 2 KB and the answer under 1 MB
SUBMITTED_PAGE = 500  # results a request; arXiv allows 2,000, and breaks off more of such answers
MAX_RESULTS = 20_000  # of one window; `cs` was sent 1,395 papers over a weekend in 2026
TRIES = 3  # arXiv answers now and then with a well-formed page that lacks what was asked for

_TOTAL = "{http://a9.com/-/spec/opensearch/1.1/}totalResults"
_ABS = re.compile(rf"https?://arxiv\.org/abs/({ID})(?:{VERSION})?")
_ID_ALONE = re.compile(ID)
_IDS_ASKED = r"\?(?:id_list|search_query)=[^\s:]*"


@dataclass(frozen=True, slots=True)
class Answer:
    """A page of results."""

    total: int  # results of the whole query, not of this page
    papers: tuple[Paper, ...]
    unreadable: tuple[str, ...] = ()  # entries without a readable id, each named


def fetch_papers(session: requests.Session, api_url: str, ids: Iterable[str]) -> dict[str, Paper]:
    """The papers by the ids asked for, each in its latest version.

    What arXiv does not know, cannot tell legibly or would refuse to look for, is left out. The
    session keeps the pace (`http.polite_session`). Raises `FeedError`.
    """
    # One malformed id would be a refusal of the whole page.
    wanted = [paper_id for paper_id in dict.fromkeys(ids) if _ID_ALONE.fullmatch(paper_id)]
    papers: dict[str, Paper] = {}
    for start in range(0, len(wanted), PAGE):
        page = wanted[start : start + PAGE]
        answer = _ask(session, api_url, page)
        found = {_plain_id(p.id): p for p in answer.papers if not p.unreadable}
        for paper_id in page:
            if paper := found.get(_plain_id(paper_id)):
                papers[paper_id] = replace(paper, id=paper_id)
    return papers


def _ask(session: requests.Session, api_url: str, ids: list[str]) -> Answer:
    """The answer for these ids. Asked again where it is empty or holds less than it says."""
    query = urlencode({"id_list": ",".join(ids), "max_results": len(ids)}, safe=",/")
    for _ in range(TRIES):
        answer = parse_papers(_fetch(session, api_url, query))
        entries = len(answer.papers) + len(answer.unreadable)
        if entries and entries >= answer.total:
            return answer
    if answer.total > entries:
        raise FeedError(
            NAME,
            f"{api_url} found {answer.total} papers and sent {entries} of them, {TRIES} times over:"
            " the server is in trouble; try again later",
        )
    return answer  # of nothing, and sure of it


def fetch_submitted(
    session: requests.Session, api_url: str, category: str, start: datetime, end: datetime
) -> Answer:
    """What arXiv was first sent in [start, end), aware, to the minute, and now lists in `category`,
    an archive with all its categories; oldest first, each in its latest version.

    The session keeps the pace (`http.polite_session`). Raises `FeedError` unless as many
    different papers arrive as arXiv says there are.
    """
    papers: dict[str, Paper] = {}
    unreadable: list[str] = []
    total = None
    while total is None or len(papers) + len(unreadable) < total:
        at = len(papers) + len(unreadable)
        answer = _ask_window(session, api_url, _window(category, start, end), at)
        total = answer.total if total is None else total
        if answer.total != total or total > MAX_RESULTS:
            now = f"first {total}, then {answer.total}" if answer.total != total else f"{total}"
            raise FeedError(NAME, f"{api_url} found {now} papers: try again later")
        known = len(papers)
        papers |= {paper.id: paper for paper in answer.papers}
        unreadable += answer.unreadable
        if len(papers) - known < len(answer.papers):
            raise FeedError(
                NAME, f"{api_url} sent a paper twice and so left one out: try again later"
            )
        if not total:
            break
    return Answer(total, tuple(papers.values()), tuple(unreadable))


def _window(category: str, start: datetime, end: datetime) -> str:
    # Both ends belong to arXiv's ranges, and it counts minutes in GMT.
    first, last = (f"{t.astimezone(UTC):%Y%m%d%H%M}" for t in (start, end - timedelta(minutes=1)))
    wanted = f"cat:{category}"
    if may_have_categories(category):
        wanted = f"(cat:{category} OR cat:{category}.*)"
    return f"{wanted} AND submittedDate:[{first} TO {last}]"


def _ask_window(session: requests.Session, api_url: str, query: str, at: int) -> Answer:
    """The page of results that begins with number `at`. Asked again where it lacks any: there is
    no other way to tell the end from a failure that looks like it."""
    asked = {
        "search_query": query,
        "sortBy": "submittedDate",
        "sortOrder": "ascending",
        "start": at,
        "max_results": SUBMITTED_PAGE,
    }
    for _ in range(TRIES):
        answer = parse_papers(_fetch(session, api_url, urlencode(asked)))
        entries = len(answer.papers) + len(answer.unreadable)
        if entries and entries >= min(SUBMITTED_PAGE, answer.total - at):
            return answer
    if entries or answer.total or at:
        raise FeedError(
            NAME,
            f"{api_url} found {answer.total} papers and sent {at + entries} of them, {TRIES} times"
            " over: the server is in trouble; try again later",
        )
    return answer  # of nothing, and sure of it


def _fetch(session: requests.Session, api_url: str, query: str) -> bytes:
    from digest.arxiv import http

    try:
        answer = http.fetch(session, f"{api_url}?{query}", MAX_BYTES)
    except http.TransportError as error:
        # Without the hundred ids, which would take the place of what there is to say.
        problem = re.sub(_IDS_ASKED, "", error.problem)
        raise FeedError(NAME, f"cannot read {api_url}: {problem}") from error
    if answer.status == 200:
        return answer.body
    means = {
        403: "access refused: the server blocks this client; wait before trying again",
        404: "nothing there: check `arxiv.api_url`",
        429: "too many requests: wait, and let only one machine ask",
    }.get(answer.status, "the server is in trouble: try again later")
    with suppress(FeedError):
        means = _error(parse_xml(answer.body, NAME)) or means
    raise FeedError(NAME, f"HTTP {answer.status} from {api_url}: {means}")


def parse_papers(body: bytes) -> Answer:
    """An answer's papers in its order. `announce_type` is `new`: the interface knows no other.

    Raises `FeedError` for an empty body, a web page, a document that breaks off or is no answer of
    this interface, and for arXiv's error entries, whatever their HTTP status; and where too many
    entries cannot be read (`too_many_unreadable`).
    """
    if not body.strip():
        raise FeedError(NAME, "the answer is empty: the server is in trouble; try again later")
    root = parse_xml(body, NAME)
    total = re.fullmatch(r"\s*([0-9]{1,9})\s*", _text(root, _TOTAL))
    if root.tag != f"{ATOM}feed" or total is None:
        raise FeedError(NAME, "not an answer of the search interface: check `arxiv.api_url`")
    if (said := _error(root)) is not None:
        raise FeedError(NAME, said)
    papers: list[Paper] = []
    unreadable: list[str] = []
    for number, entry in enumerate(root.findall(f"{ATOM}entry"), start=1):
        paper = _paper(entry)
        if paper is None:
            name = _text(entry, f"{ATOM}id") or _text(entry, f"{ATOM}title")
            unreadable.append(f"entry {number}: {one_line(name, 80) or 'without any text'}")
        else:
            papers.append(paper)
    broken, entries = all_unreadable(papers, unreadable), len(papers) + len(unreadable)
    if too_many_unreadable(len(broken), entries):
        raise FeedError(
            NAME,
            f"{len(broken)} of {entries} entries cannot be read ({broken[0]}):"
            " the format has changed; look for a newer version of this program",
        )
    return Answer(int(total[1]), tuple(papers), tuple(unreadable))


def _error(root: Element) -> str | None:
    """What arXiv says is wrong with the question, where the answer is its error entry."""
    for entry in root.findall(f"{ATOM}entry"):
        if "/api/errors" in _text(entry, f"{ATOM}id"):
            said = one_line(_text(entry, f"{ATOM}summary"), 300)
            return f"arXiv says: {said or 'no reason given'}"
    return None


def _paper(entry: Element) -> Paper | None:
    """The entry as a paper, `unreadable` where something is wrong with it; None without an id."""
    match = _ABS.fullmatch(_text(entry, f"{ATOM}id").strip())
    if match is None:
        return None
    if too_much := excess(entry):
        return unreadable_paper(match[1], too_much, AnnounceType.NEW, int(match[2] or 1))
    title, abstract = (clean(_text(entry, ATOM + tag)) for tag in ("title", "summary"))
    readable_title, readable_abstract = readable(title), readable(abstract)
    names: list[str] = []
    affiliations: list[tuple[str, str]] = []
    for author in entry.findall(f"{ATOM}author"):
        if name := clean(_text(author, f"{ATOM}name")):
            names.append(name)
            if affiliation := clean(_text(author, f"{ARXIV}affiliation")):
                affiliations.append((readable(name), readable(affiliation)))
    authors = tuple(map(readable, names))
    terms = [
        term
        for tag in (f"{ARXIV}primary_category", f"{ATOM}category")
        for element in entry.findall(tag)
        if re.fullmatch(CATEGORY, term := element.get("term", "").strip())
    ]
    return Paper(
        id=match[1],
        version=int(match[2] or 1),
        title=readable_title if is_visible(readable_title) else "",
        authors=authors,
        abstract=readable_abstract,
        categories=tuple(dict.fromkeys(terms)),
        announce_type=AnnounceType.NEW,
        affiliations=tuple(affiliations),
        doi=clean(_text(entry, f"{ARXIV}doi")) or None,
        journal_ref=clean(_text(entry, f"{ARXIV}journal_ref")) or None,
        title_tex=title if title != readable_title else None,
        authors_tex=", ".join(names) if tuple(names) != authors else None,
        abstract_tex=abstract if abstract != readable_abstract else None,
        unreadable=wrong_title(readable_title, len(entry.findall(f"{ATOM}title"))),
    )


def _text(parent: Element, tag: str) -> str:
    return " ".join("".join(child.itertext()) for child in parent.findall(tag))


def _plain_id(paper_id: str) -> str:
    """Without the subject class that old ids may carry: math.GT/0309136 is math/0309136."""
    return re.sub(r"\.[A-Z]{2}(?=/)", "", paper_id)
