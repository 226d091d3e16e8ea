"""Where a run's feeds come from: arXiv, or files and addresses named for a replay."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from digest.arxiv import feed, past
from digest.core import categories
from digest.core.calendar import is_announcement_day
from digest.core.config import Arxiv, Config
from digest.core.errors import FeedError, InTrouble, NoSuchFeed, Refused
from digest.core.papers import Feed, Origin
from digest.core.progress import bar, log, stage
from digest.core.wording import count

if TYPE_CHECKING:
    import requests

    from digest.arxiv.http_cache import Answers

T = TypeVar("T")


@dataclass(frozen=True)
class Fetched:
    """What was read of a category's announcement of a day, and where."""

    url: str
    feed: Feed
    origin: Origin = Origin.FEED


@dataclass(frozen=True)
class Unread:
    """A category whose announcement of a day could not be read."""

    category: str
    why: str  # in one line, without the category
    not_yet: bool = False  # nothing failed: arXiv does not say yet what was announced
    expected: bool = False  # the feed was empty, although papers were announced or usual


Reading = Fetched | Unread  # of one category; of several of one, the later completes the earlier


def category_of(reading: Reading) -> str:
    return reading.category if isinstance(reading, Unread) else reading.feed.category


def fetch(config: Config, session: requests.Session, answers: Answers) -> list[Reading]:
    """A reading of every configured category's feed, one request after the other.

    Raises `NoSuchFeed` for a category that arXiv does not have.
    """
    readings: list[Reading] = []
    with stage("fetch") as said:
        for category in bar(config.categories, "fetch"):
            if not categories.is_known(category):
                log.warning("%s", newer_category(category))
            url = config.arxiv.feed_url.format(category=category)
            try:
                readings.append(Fetched(url, _fetch(category, url, session, answers)))
            except NoSuchFeed:
                raise
            except FeedError as error:
                answers.forget(url)
                log.warning("%s", error)
                readings.append(Unread(category, error.problem))
        said += _describe([reading for reading in readings if isinstance(reading, Fetched)])
    return readings


def newer_category(category: str) -> str:
    """What to say of a category that this version's table lacks."""
    return (
        f"{category}: newer than this version, which does not know it: update this program, or"
        " correct `categories` if arXiv has no such category"
    )


def _fetch(category: str, url: str, session: requests.Session, answers: Answers) -> Feed:
    parsed = feed.parse_feed(feed.fetch_feed(session, category, url, answers), category)
    if parsed.category.casefold() != category.casefold():
        raise FeedError(category, f"{url} answered with the feed of {parsed.category!r}")
    return replace(parsed, category=category)


def replay(places: Sequence[str], session: requests.Session) -> dict[date, list[Fetched]]:
    """Feeds from files or addresses, by their own dates, oldest first. Raises `FeedError`."""
    days: dict[date, list[Fetched]] = {}
    with stage("read") as said:
        for place in places:
            fetched = _read(place, session)
            parsed = fetched.feed
            day = days.setdefault(parsed.date, [])
            if any(f.feed.category == parsed.category for f in day):
                raise FeedError(
                    parsed.category, f"{place} is a second feed for {parsed.date}: name one of them"
                )
            day.append(fetched)
        said += _describe([fetched for day in days.values() for fetched in day])
    return dict(sorted(days.items()))


def _read(place: str, session: requests.Session) -> Fetched:
    name = place.rpartition("/")[2] or place
    if re.match(r"(?i)https?://[^/]*@", place):
        raise FeedError("--feed", "no user or password in an address: it would be published")
    if re.match(r"(?i)https?://", place):
        return Fetched(place, feed.parse_feed(feed.fetch_feed(session, name, place), name))
    try:
        data = Path(place).read_bytes()
    except OSError as error:
        raise FeedError(name, f"cannot read {place}: {error.strerror}: name a file") from error
    return Fetched(name, feed.parse_feed(data, name))


def _describe(fetched: Sequence[Fetched]) -> list[str]:
    for f in fetched:
        log.debug("%s of %s: %s", f.feed.category, f.feed.date, count(len(f.feed.papers), "item"))
    said = [count(len(fetched), "feed"), count(sum(len(f.feed.papers) for f in fetched), "item")]
    unreadable = sum(len(f.feed.unreadable) for f in fetched)
    unreadable += sum(bool(paper.unreadable) for f in fetched for paper in f.feed.papers)
    return [*said, f"{unreadable} unreadable"] if unreadable else said


PATIENCE = timedelta(days=3)


class Past:
    """arXiv's own account of a day: its page of that day and, where the pages are out of reach or
    refuse, its search interface. Each is asked once, whoever wants to know, and none of them any
    more in this run once it is in trouble."""

    def __init__(self, session: requests.Session, arxiv: Arxiv, today: date) -> None:
        self._session, self._arxiv, self._today = session, arxiv, today
        self._known: dict[tuple[str, date], Reading] = {}
        self._recent: dict[str, dict[date, int]] = {}
        self._trouble: dict[str, FeedError] = {}  # by what is in it: page, list, search

    def announced(self, category: str, day: date, *, exactly: bool = False) -> Reading:
        """What was announced in `category` on `day`; without papers where it is certain that there
        were none.

        The search interface is asked only once the pages have had some days to answer, for what it
        says is approximate; not where `exactly` that is known already.
        """
        key = category, day
        if key not in self._known:
            self._known[key] = self._ask(category, day, exactly=exactly)
        return self._known[key]

    def listed(self, category: str, day: date) -> int | None:
        """How many papers, replacements not counted, arXiv lists as announced in `category` on
        `day`; None where the day is not among the five newest. Raises `FeedError`."""
        return self._fetch_recent(category).get(day)

    def _ask(self, category: str, day: date, *, exactly: bool) -> Reading:
        unread = Unread(category, f"arXiv does not say yet what it announced on {day}", True)
        if past.has_pages(day, self._today):
            try:
                feed = self._from_page(category, day)
            except FeedError as error:
                log.warning("%s: going on without", error)
                unread = Unread(category, error.problem)
            else:
                if feed:
                    url = f"{self._arxiv.site_url}/catchup/{category}/{day}"
                    return Fetched(url, feed, Origin.PAGE)
        if not exactly and self._is_for_search(day):
            url = self._arxiv.api_url
            try:
                feed = self._with("search", past.fetch_approximate, url, category, day)
            except FeedError as error:
                log.warning("%s: going on without", error)
                return Unread(category, error.problem)
            if feed.papers:  # it answers now and then that there is nothing, and cannot prove it
                return Fetched(url, feed, Origin.SEARCH)
        return unread

    def _from_page(self, category: str, day: date) -> Feed | None:
        """None where it cannot be told yet."""
        site = self._arxiv.site_url
        if feed := self._with("page", past.fetch_day, site, category, day):
            return feed
        recent = self._fetch_recent(category)
        empty = self._with("page", past.confirmed_empty, site, category, day, recent)
        return Feed(category, day, ()) if empty else None

    def _fetch_recent(self, category: str) -> dict[date, int]:
        if category not in self._recent:
            site = self._arxiv.site_url
            self._recent[category] = self._with("list", past.fetch_recent, site, category)
        return self._recent[category]

    def _with(self, what: str, ask: Callable[..., T], *arguments: object) -> T:
        """What `ask` answers. Its trouble ends all requests of that kind, and where arXiv turns
        this client away from its pages those for lists too."""
        if trouble := self._trouble.get(what):
            raise trouble
        try:
            return ask(self._session, *arguments)
        except Refused as error:
            self._trouble |= dict.fromkeys(("page", "list"), error)
            raise
        except InTrouble as error:
            self._trouble[what] = error
            raise
        except FeedError as error:
            if what == "search":
                self._trouble[what] = error
            raise

    def _is_for_search(self, day: date) -> bool:
        refused = isinstance(self._trouble.get("page"), Refused)
        beyond = not past.has_pages(day, self._today)
        is_old = self._today - day > PATIENCE
        return (refused or beyond) and is_old and is_announcement_day(day)
