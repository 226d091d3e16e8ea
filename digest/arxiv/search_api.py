"""arXiv's search interface, https://info.arxiv.org/help/api/user-manual.html: papers by their ids,
or by when they were submitted.

`parse_papers` turns an answer into papers and never fetches; `fetch_papers` asks for ids in pages,
`fetch_submitted` for what a category was sent in a window of time. All raise `FeedError` for
whatever is not a whole answer. Titles, names and abstracts come out as the feed's do. feedparser
is of no use here: it does not say which of an entry's authors has which affiliation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from xml.etree.ElementTree import Element

from digest.arxiv import http
from digest.arxiv.documents import parse_xml
from digest.arxiv.paper import (
    VERSION,
    Page,
    make_paper,
    name_entry,
    split_entries,
)
from digest.core.categories import may_have_categories
from digest.core.errors import FeedError
from digest.core.papers import ID, AnnounceType, Paper
from digest.core.text import one_line

if TYPE_CHECKING:
    import requests

NAME = "arXiv API"  # in errors, where a feed's would name its category
PAGE = 100  # ids a request: the address stays under 2 KB and the answer under 1 MB
SUBMITTED_PAGE = 500  # results a request; arXiv allows 2,000, and breaks off more of such answers
MAX_RESULTS = 20_000  # of one window; `cs` was sent 1,395 papers over a weekend in 2026
TRIES = 3  # arXiv answers now and then with a well-formed page that lacks what was asked for

_ATOM = "{http://www.w3.org/2005/Atom}"
_ARXIV = "{http://arxiv.org/schemas/atom}"
_TOTAL = "{http://a9.com/-/spec/opensearch/1.1/}totalResults"
_ABS = re.compile(rf"https?://arxiv\.org/abs/({ID})(?:{VERSION})?")


def fetch_papers(session: requests.Session, api_url: str, ids: Iterable[str]) -> dict[str, Paper]:
    """The papers by the ids asked for, each in its latest version.

    Ids that arXiv does not have, would refuse, or answers with an unreadable entry are left out.
    The session keeps the pace (`http.polite_session`). Raises `FeedError`.
    """
    # One malformed id would be a refusal of the whole page.
    wanted = [paper_id for paper_id in dict.fromkeys(ids) if re.fullmatch(ID, paper_id)]
    papers: dict[str, Paper] = {}
    for start in range(0, len(wanted), PAGE):
        page = wanted[start : start + PAGE]
        query = urlencode({"id_list": ",".join(page), "max_results": len(page)}, safe=",/")
        answer = _ask(session, api_url, query, 0, PAGE)
        answered = {_plain_id(p.id): p for p in answer.papers if not p.unreadable}
        for paper_id in page:
            if paper := answered.get(_plain_id(paper_id)):
                papers[paper_id] = replace(paper, id=paper_id)
    return papers


def fetch_submitted(
    session: requests.Session, api_url: str, category: str, start: datetime, end: datetime
) -> Page:
    """What arXiv was first sent in [start, end), aware, to the minute, and now lists in `category`,
    an archive with all its categories; oldest first, each in its latest version.

    The session keeps the pace (`http.polite_session`). Raises `FeedError` unless as many
    different papers arrive as arXiv says there are.
    """
    papers: dict[str, Paper] = {}
    unreadable: list[str] = []
    total = None
    while total is None or len(papers) + len(unreadable) < total:
        start_at = len(papers) + len(unreadable)
        query = {
            "search_query": _window(category, start, end),
            "sortBy": "submittedDate",
            "sortOrder": "ascending",
            "start": start_at,
            "max_results": SUBMITTED_PAGE,
        }
        answer = _ask(session, api_url, urlencode(query), start_at, SUBMITTED_PAGE)
        total = answer.total if total is None else total
        if total > MAX_RESULTS:
            raise FeedError(NAME, f"{api_url} found {total} papers: try again later")
        papers |= {paper.id: paper for paper in answer.papers}
        unreadable += answer.unreadable
        if answer.total != total or len(papers) + len(unreadable) < start_at + answer.entries:
            problem = "its results changed while they were read: try again later"
            raise FeedError(NAME, f"{api_url}: {problem}")
    return Page(total, tuple(papers.values()), tuple(unreadable))


def _window(category: str, start: datetime, end: datetime) -> str:
    # Both ends belong to arXiv's ranges, and it counts minutes in GMT.
    first, last = (f"{t.astimezone(UTC):%Y%m%d%H%M}" for t in (start, end - timedelta(minutes=1)))
    wanted = f"cat:{category}"
    if may_have_categories(category):
        wanted = f"(cat:{category} OR cat:{category}.*)"
    return f"{wanted} AND submittedDate:[{first} TO {last}]"


def _ask(session: requests.Session, api_url: str, query: str, start: int, page: int) -> Page:
    """The page of at most `page` results that begins with number `start`.

    Asked again if it has fewer than it should: there is no other way to tell the last page, or one
    without results, from a failure that looks like it.
    """
    service = http.Service("arxiv.api_url", lambda body: _error(parse_xml(body, NAME)))
    for _ in range(TRIES):
        answer = parse_papers(http.fetch(session, service, NAME, f"{api_url}?{query}").body)
        if answer.entries and answer.entries >= min(page, answer.total - start):
            return answer
    if answer.entries or answer.total or start:
        raise FeedError(
            NAME,
            f"{api_url} found {answer.total} papers and sent {start + answer.entries} of them,"
            f" {TRIES} times over: the server is in trouble; try again later",
        )
    return answer  # no results, confirmed by three identical answers


def parse_papers(body: bytes) -> Page:
    """An answer's papers in its order. `announce_type` is `new`: the interface has no other.

    Raises `FeedError` for an empty body, a web page, a document that breaks off or is no answer of
    this interface, and for arXiv's error entries, whatever their HTTP status; and if too many
    entries cannot be read (`paper.split_entries`).
    """
    root = parse_xml(body, NAME)
    total = re.fullmatch(r"\s*([0-9]{1,9})\s*", _text(root, _TOTAL))
    if root.tag != f"{_ATOM}feed" or total is None:
        raise FeedError(NAME, "not an answer of the search interface: check `arxiv.api_url`")
    if reason := _error(root):
        raise FeedError(NAME, reason)
    entries = []
    for number, entry in enumerate(root.findall(f"{_ATOM}entry"), start=1):
        name = name_entry(_text(entry, f"{_ATOM}id"), _text(entry, f"{_ATOM}title"))
        entries.append(_paper(entry) or f"entry {number}: {name}")
    return Page(int(total[1]), *split_entries(NAME, entries))


def _error(root: Element) -> str:
    """What arXiv says is wrong with the question, if the answer is its error entry; else ""."""
    for entry in root.findall(f"{_ATOM}entry"):
        if "/api/errors" in _text(entry, f"{_ATOM}id"):
            message = one_line(_text(entry, f"{_ATOM}summary"), 300)
            return f"arXiv says: {message or 'no reason given'}"
    return ""


def _paper(entry: Element) -> Paper | None:
    """The entry as a paper, `unreadable` if something is wrong with it; None without an id."""
    match = _ABS.fullmatch(_text(entry, f"{_ATOM}id").strip())
    if match is None:
        return None
    authors = [
        (_text(author, f"{_ATOM}name"), _text(author, f"{_ARXIV}affiliation"))
        for author in entry.findall(f"{_ATOM}author")
    ]
    titles = len(entry.findall(f"{_ATOM}title"))
    return make_paper(
        match[1],
        int(match[2] or 1),
        AnnounceType.NEW,
        title=_text(entry, f"{_ATOM}title"),
        names=", ".join(name for name, _ in authors if name.strip()),
        abstract=_text(entry, f"{_ATOM}summary"),
        categories=(
            element.get("term", "")
            for tag in (f"{_ARXIV}primary_category", f"{_ATOM}category")
            for element in entry.findall(tag)
        ),
        authors=authors,
        doi=_text(entry, f"{_ARXIV}doi"),
        journal_ref=_text(entry, f"{_ARXIV}journal_ref"),
        problem=f"{titles} titles" if titles > 1 else "",
    )


def _text(parent: Element, tag: str) -> str:
    return " ".join("".join(child.itertext()) for child in parent.findall(tag))


def _plain_id(paper_id: str) -> str:
    """Without the subject class that old ids may carry: math.GT/0309136 is math/0309136."""
    return re.sub(r"\.[A-Z]{2}(?=/)", "", paper_id)
