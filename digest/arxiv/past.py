"""Announcement days that the feed no longer holds.

`fetch_day` takes a day from arXiv's own pages of it, `/catchup/CATEGORY/DATE`: the same papers
under the same announce types as its feed had, for the last 90 days. What a page cannot tell is in
`listing`. `fetch_approximate` puts the day together from the search interface: for days beyond, or
when the pages refuse.

A page without papers proves nothing: a weekend, a holiday, a day not yet announced and a day
without papers in this category look the same, and a page made too early may be served for days.
`confirmed_empty` asks for proof.

The session keeps the pages as far apart as robots.txt asks, 15 seconds (`transport`). Once
`Refused` is raised, no page is asked for again in this run.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from digest.arxiv import search_api
from digest.arxiv.listing import Listing, parse_catchup, parse_recent, together
from digest.arxiv.strict_html import title
from digest.arxiv.strict_xml import CATEGORY, MAX_BYTES
from digest.core.calendar import submission_window
from digest.core.categories import covered, covers
from digest.core.errors import FeedError, InTrouble, Refused
from digest.core.papers import AnnounceType, Feed

if TYPE_CHECKING:
    import requests

log = logging.getLogger("digest")

ACCEPT = "text/html"
KEPT = timedelta(days=90)  # arXiv answers 400 for what is older
MAX_PAGES = 10  # of 2,000 entries; all of `cs` took two in 2026


def has_pages(day: date, today: date) -> bool:
    """Whether arXiv still has its pages of `day` when it is `today` there, US Eastern."""
    return today - KEPT <= day <= today


def fetch_day(session: requests.Session, site_url: str, category: str, day: date) -> Feed | None:
    """What was announced in `category` on `day`, from all its pages; None where the first says that
    there is nothing, which is no proof that nothing was announced.

    Raises `Refused`, and `FeedError` for whatever is not the whole day.
    """
    subject, first = _fetch_page(session, site_url, category, day)
    if first.is_empty:
        return None
    pages = [first]
    while sum(section.shown for page in pages for section in page.sections) < first.total:
        if len(pages) == MAX_PAGES or not pages[-1].sections:
            raise FeedError(
                category,
                f"{day}: {len(pages)} pages hold less than the {first.total} entries they promise:"
                " the server is in trouble; try again later",
            )
        pages.append(_fetch_page(session, site_url, subject, day, len(pages) + 1)[1])
    feed = together(pages, category)
    if cut := [paper for page in pages for paper in page.cut]:
        log.info("%s %s: authors cut at a hundred: %s", category, day, ", ".join(cut))
    return feed


def fetch_recent(session: requests.Session, site_url: str, category: str) -> dict[date, int]:
    """The five newest announcement dates and how many new papers and cross-lists `category` had on
    each, from `/list/CATEGORY/recent`; replacements are not counted.

    Raises `Refused` and `FeedError` as `fetch_day` does.
    """
    url = f"{site_url.rstrip('/')}/list/{category}/recent"
    return parse_recent(_fetch(session, url, category)[1], category)


def confirmed_empty(
    session: requests.Session,
    site_url: str,
    category: str,
    day: date,
    recent: Mapping[date, int],
) -> bool | None:
    """Whether nothing was announced in `category` on `day`, a day for which `fetch_day` gave None.

    `recent` is what `fetch_recent` gave. True: a later announcement is out, or this one is and
    `recent` counts no paper of this category in it. False: it counts some, so the page was made too
    early. None: it cannot be told yet. While a day is the newest, one that has replacements alone
    may be called empty if its page was made too early.

    Raises `Refused` and `FeedError` as `fetch_day` does.
    """
    if day in recent:
        return recent[day] == 0
    if day > max(recent):
        return None
    if day > min(recent):
        return True  # announcements before and after it, and none between
    page = _fetch_page(session, site_url, category, day)[1]
    if page.is_empty:
        return True if page.next_day else None
    return False


def fetch_approximate(session: requests.Session, api_url: str, category: str, day: date) -> Feed:
    """What arXiv was sent for the announcement of `day`: the papers first submitted between its two
    deadlines (14:00 US Eastern, holidays left out) that list `category`, as `new` where it is their
    first category and as `cross` where not, each as its first version.

    The search interface knows when a paper was submitted, not when it was announced. Hence this
    has papers that moderation held back and announced later, and lacks those that were announced
    on `day` after having been held; it lacks cross-lists of older papers, replacements, and papers
    removed since; a cross-list that was added later looks like one of that day. Titles, authors,
    abstracts and categories are those of today. Its day is marked `approximate`.

    Raises `FeedError`, and `ValueError` if `day` is no announcement day.
    """
    found = search_api.fetch_submitted(session, api_url, category, *submission_window(day))
    papers = []
    for paper in found.papers:
        at_home = bool(paper.categories) and covers(category, paper.categories[0])
        kind = AnnounceType.NEW if at_home else AnnounceType.CROSS
        papers.append(replace(paper, version=1, announce_type=kind))
    papers.sort(key=lambda paper: (paper.announce_type.precedence, paper.id))
    return Feed(category, day, tuple(papers), found.unreadable)


def _fetch_page(
    session: requests.Session, site_url: str, category: str, day: date, number: int = 1
) -> tuple[str, Listing]:
    """The page of that number, and the category by the name that arXiv prefers."""
    more = f"&page={number}" if number > 1 else ""
    asked = f"{site_url.rstrip('/')}/catchup/{category}/{day}?abs=True{more}"
    url, body = _fetch(session, asked, category)
    subject = category
    if url != asked:
        found = re.fullmatch(rf"https?://[^/]+/catchup/({CATEGORY})/{day}/?\?.*", url)
        if found is None or covered(found[1]).isdisjoint(covered(category)):
            raise FeedError(category, f"{asked} redirects to {url}: it is another page")
        subject = found[1]
    return subject, parse_catchup(body, subject, day)


def _fetch(session: requests.Session, url: str, category: str) -> tuple[str, bytes]:
    """The address after redirects, and the page."""
    from digest.arxiv import http

    try:
        answer = http.fetch(session, url, MAX_BYTES, accept=ACCEPT)
    except http.TransportError as error:
        raise InTrouble(category, str(error)) from error
    if answer.status == 200:
        return answer.url, answer.body
    said = f"HTTP {answer.status} from {url}"
    if answer.status in (403, 429):  # 429: although asked again as slowly as it wished
        raise Refused(category, f"{said}: arXiv turns this client away; wait before trying again")
    if answer.status == 400 and (reason := title(answer.body)):
        raise FeedError(category, f"{said}: arXiv says: {reason}")
    if answer.status >= 500:
        raise InTrouble(category, f"{said}: the server is in trouble: try again later")
    missing = "no such page: check `categories` and `arxiv.site_url`"
    means = missing if answer.status == 404 else "unexpected"
    raise FeedError(category, f"{said}: {means}")
