"""Announcement days that the feed no longer holds.

`Past` asks for them once each. `fetch_pages` takes a day from arXiv's own pages of it,
`/catchup/CATEGORY/DATE`: the same papers under the same announce types as its feed had, for the
last 90 days (`listing` lists what a page does not say). `fetch_approximate` puts the day together
from the search interface, for older days and if arXiv refuses its pages.

A page without papers proves nothing: a weekend, a holiday, a day not yet announced and a day
without papers in this category look the same, and a page made too early may be served for days.
`proves_empty` looks for proof.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, TypeVar

from digest.arxiv import http, search_api
from digest.arxiv.documents import title
from digest.arxiv.fetch import Fetched, Reading, Unread
from digest.arxiv.listing import CUT_AT, parse_catchup, parse_recent, together
from digest.arxiv.paper import CATEGORY, Page
from digest.core.calendar import is_announcement_day, submission_window
from digest.core.categories import covered, covers
from digest.core.config import Arxiv
from digest.core.errors import FeedError, InTrouble, Refused
from digest.core.papers import AnnounceType, Feed, Origin
from digest.core.progress import log

if TYPE_CHECKING:
    import requests

T = TypeVar("T")

ACCEPT = "text/html"
KEPT = timedelta(days=90)  # arXiv answers 400 for what is older
MAX_PAGES = 10  # of 2,000 entries; all of `cs` took two in 2026
PATIENCE = timedelta(days=3)  # for the pages, before the search interface is asked


class Past:
    """arXiv's own account of a day: its page of that day or, if the pages are out of reach or
    refuse, its search interface. Each day is asked for once, and no service any more in this run
    once it is in trouble."""

    def __init__(self, session: requests.Session, arxiv: Arxiv, today: date) -> None:
        self._session, self._arxiv, self._today = session, arxiv, today
        self._readings: dict[tuple[str, date], Reading] = {}
        self._recent = cache(partial(self._ask, fetch_recent, arxiv.site_url))  # by category
        self._trouble: dict[Callable[..., object], FeedError] = {}  # by what fetches

    def announced(self, category: str, day: date, *, exactly: bool = False) -> Reading:
        """What was announced in `category` on `day`; without papers if it is certain that there
        were none.

        The search interface is asked only once the pages have had some days to answer, because its
        answer is approximate; never if the day is wanted `exactly`.
        """
        key = category, day
        if key not in self._readings:
            self._readings[key] = self._read(category, day, exactly=exactly)
        return self._readings[key]

    def listed(self, category: str, day: date) -> int | None:
        """How many papers, replacements not counted, arXiv lists as announced in `category` on
        `day`; None if the day is not among the five newest. Raises `FeedError`."""
        return self._recent(category).get(day)

    def _read(self, category: str, day: date, *, exactly: bool) -> Reading:
        unread = Unread(category, f"arXiv does not say yet what it announced on {day}", True)
        for read in (self._from_pages,) if exactly else (self._from_pages, self._from_search):
            try:
                if fetched := read(category, day):
                    return fetched
            except FeedError as error:
                log.warning("%s: going on without", error)
                unread = Unread(category, error.problem)
        return unread

    def _from_pages(self, category: str, day: date) -> Fetched | None:
        """None if arXiv does not say yet, or has no pages of the day any more."""
        if not has_pages(day, self._today):
            return None
        site = self._arxiv.site_url
        pages = self._ask(fetch_pages, site, category, day)
        if not pages[0].total and not proves_empty(pages[0], day, self._recent(category)):
            return None
        feed = together(pages, category, day)
        return Fetched(f"{site}/catchup/{category}/{day}", feed, Origin.PAGE)

    def _from_search(self, category: str, day: date) -> Fetched | None:
        """None if the day's pages may still answer, or if there are no papers: such an answer can
        be wrong, and is no proof."""
        refused = isinstance(self._trouble.get(fetch_pages), Refused)
        beyond = not has_pages(day, self._today)
        is_old = self._today - day > PATIENCE
        if not ((refused or beyond) and is_old and is_announcement_day(day)):
            return None
        url = self._arxiv.api_url
        feed = self._ask(fetch_approximate, url, category, day)
        return Fetched(url, feed, Origin.SEARCH) if feed.papers else None

    def _ask(self, fetch: Callable[..., T], *arguments: object) -> T:
        """The result of `fetch`. Raises its `FeedError`, and at once the one that showed that this
        part of arXiv is in trouble."""
        if trouble := self._trouble.get(fetch):
            raise trouble
        try:
            return fetch(self._session, *arguments)
        except FeedError as error:
            if fetch is fetch_approximate or isinstance(error, InTrouble):
                self._trouble[fetch] = error
            elif isinstance(error, Refused):  # both are pages of one site
                self._trouble |= {fetch_pages: error, fetch_recent: error}
            raise


def has_pages(day: date, today: date) -> bool:
    """True if arXiv has its pages of `day` when it is `today` there, US Eastern."""
    return today - KEPT <= day <= today


def fetch_pages(session: requests.Session, site_url: str, category: str, day: date) -> list[Page]:
    """arXiv's pages of what was announced in `category` on `day`, for `together`; if the first has
    no papers, that is no proof that nothing was announced.

    Raises `Refused`, and `FeedError` for whatever is no such page.
    """
    subject, first = _fetch_page(session, site_url, category, day)
    pages = [first]
    while (
        sum(page.entries for page in pages) < first.total
        and pages[-1].entries
        and len(pages) < MAX_PAGES
    ):
        pages.append(_fetch_page(session, site_url, subject, day, len(pages) + 1)[1])
    if cut := [p.id for page in pages for p in page.papers if len(p.authors) == CUT_AT]:
        log.info("%s %s: authors cut at a hundred: %s", category, day, ", ".join(cut))
    return pages


def fetch_recent(session: requests.Session, site_url: str, category: str) -> dict[date, int]:
    """The five newest announcement dates and how many new papers and cross-lists `category` had on
    each, from `/list/CATEGORY/recent`; replacements are not counted.

    Raises `Refused` and `FeedError` as `fetch_pages` does.
    """
    url = f"{site_url.rstrip('/')}/list/{category}/recent"
    return parse_recent(_fetch(session, url, category).body, category)


def proves_empty(page: Page, day: date, recent: Mapping[date, int]) -> bool:
    """True if nothing was announced in the category of `page`, which has no papers of `day`.

    `recent` must be the result of `fetch_recent`. A later announcement is out, or this one is and
    `recent` counts no paper of this category in it. While a day is the newest, one with
    replacements alone may be called empty if its page was made too early.
    """
    if day in recent:
        return recent[day] == 0
    if day > min(recent):  # announcements before it, perhaps after it, and none between
        return day < max(recent)
    return page.next_day is not None


def fetch_approximate(session: requests.Session, api_url: str, category: str, day: date) -> Feed:
    """What arXiv was sent for the announcement of `day`: the papers first submitted between its two
    deadlines (14:00 US Eastern, without holidays) that list `category`, as `new` if it is their
    first category and else as `cross`, each as its first version.

    The search interface knows when a paper was submitted, not when it was announced. Hence this
    has papers that moderation held back and announced later, and lacks those that were announced
    on `day` after having been held; it lacks cross-lists of older papers, replacements, and papers
    removed since; a cross-list that was added later looks like one of that day. Titles, authors,
    abstracts and categories are those of today. Its day is marked `approximate`.

    Raises `FeedError`, and `ValueError` if `day` is no announcement day.
    """
    answer = search_api.fetch_submitted(session, api_url, category, *submission_window(day))
    papers = []
    for paper in answer.papers:
        at_home = bool(paper.categories) and covers(category, paper.categories[0])
        kind = AnnounceType.NEW if at_home else AnnounceType.CROSS
        papers.append(replace(paper, version=1, announce_type=kind))
    papers.sort(key=lambda paper: (paper.announce_type.precedence, paper.id))
    return Feed(category, day, tuple(papers), answer.unreadable)


def _fetch_page(
    session: requests.Session, site_url: str, category: str, day: date, number: int = 1
) -> tuple[str, Page]:
    """The page of that number, and the category by the name that arXiv prefers."""
    more = f"&page={number}" if number > 1 else ""
    asked = f"{site_url.rstrip('/')}/catchup/{category}/{day}?abs=True{more}"
    answer = _fetch(session, asked, category)
    subject = category
    if answer.url != asked:
        match = re.fullmatch(rf"https?://[^/]+/catchup/({CATEGORY})/{day}/?\?.*", answer.url)
        if match is None or covered(match[1]).isdisjoint(covered(category)):
            raise FeedError(category, f"{asked} redirects to {answer.url}: it is another page")
        subject = match[1]
    return subject, parse_catchup(answer.body, subject, day)


def _fetch(session: requests.Session, url: str, category: str) -> http.Answer:
    service = http.Service("arxiv.site_url", _error_reason, accept=ACCEPT)
    return http.fetch(session, service, category, url)


def _error_reason(body: bytes) -> str:
    reason = title(body)
    return reason and f"arXiv says: {reason}"
