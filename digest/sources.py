"""Where a run's feeds come from: arXiv, or files and addresses named for a replay."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from digest import catchup, feed
from digest.announcements import is_announcement_day
from digest.config import Arxiv, Config
from digest.errors import FeedError, InTrouble, NoSuchFeed, Refused
from digest.models import Feed
from digest.progress import bar, log, stage
from digest.wording import count

if TYPE_CHECKING:
    import requests

    from digest.conditional import Answers


@dataclass(frozen=True)
class Fetched:
    """A feed and the address it came from."""

    url: str
    feed: Feed
    past: bool = False  # arXiv's own account of the day, which needs no comparison to be believed
    approximate: bool = False  # by submission dates: arXiv's search cannot tell announcements


def fetch(
    config: Config, session: requests.Session, answers: Answers
) -> tuple[list[Fetched], list[FeedError]]:
    """Every configured category's feed, one request after the other, and what is wrong with those
    that could not be had. Raises `FeedError` where that is all of them, and `NoSuchFeed`."""
    fetched, troubles = [], []
    with stage("fetch") as said:
        for category in bar(config.categories, "fetch"):
            url = config.arxiv.feed_url.format(category=category)
            try:
                fetched.append(Fetched(url, _fetch(category, url, session, answers)))
            except NoSuchFeed:
                raise
            except FeedError as error:
                answers.forget(url)
                troubles.append(error)
        if troubles and not fetched:
            raise troubles[0]
        for trouble in troubles:
            log.warning("%s", trouble)
        said += _describe(fetched)
    return fetched, troubles


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
    return [*said, f"{unreadable} unreadable"] if unreadable else said


PATIENCE = timedelta(days=3)


class Past:
    """What arXiv says of days that are over: its own pages of them and, where these are out of
    reach or refuse, its search interface. Each is asked once, whoever wants to know, and neither
    any more in this run once it is in trouble."""

    def __init__(self, session: requests.Session, arxiv: Arxiv, today: date) -> None:
        self._session, self._arxiv, self._today = session, arxiv, today
        self._known: dict[tuple[str, date], Fetched | None] = {}
        self._trouble: dict[str, FeedError] = {}  # of the pages, of the search

    def announced(self, category: str, day: date, *, exactly: bool = False) -> Fetched | None:
        """What was announced in `category` on `day`; None where that cannot be told yet.

        Without papers where it is certain that there were none. The search interface is asked only
        once the pages have had some days to answer, for what it says is approximate; not where
        `exactly` that is known already. Raises `FeedError`.
        """
        key = category, day
        if key not in self._known:
            found = None
            if catchup.has_pages(day, self._today):
                found = self._from_pages(category, day)
            if found is None and not exactly and self._is_for_search(day):
                found = self._from_search(category, day)
            self._known[key] = found
        return self._known[key]

    def _is_for_search(self, day: date) -> bool:
        refused = isinstance(self._trouble.get("pages"), Refused)
        beyond = not catchup.has_pages(day, self._today)
        is_old = self._today - day > PATIENCE
        return (refused or beyond) and is_old and is_announcement_day(day)

    def _from_pages(self, category: str, day: date) -> Fetched | None:
        site = self._arxiv.site_url
        try:
            self._require("pages")
            found = catchup.fetch_day(self._session, site, category, day)
            if found is None and catchup.confirmed_empty(self._session, site, category, day):
                found = Feed(category, day, ())
        except Refused as error:
            if "pages" not in self._trouble:
                log.warning("%s: going on with the search interface", error)
            self._trouble["pages"] = error
            return None
        except InTrouble as error:
            self._trouble["pages"] = error
            raise
        if found is None:
            return None
        return Fetched(f"{site}/catchup/{category}/{day}", found, past=True)

    def _from_search(self, category: str, day: date) -> Fetched | None:
        self._require("search")
        url = self._arxiv.api_url
        try:
            found = catchup.fetch_approximate(self._session, url, category, day)
        except FeedError as error:
            self._trouble["search"] = error
            raise
        # It answers now and then that there is nothing, and cannot prove it.
        return Fetched(url, found, past=True, approximate=True) if found.papers else None

    def _require(self, what: str) -> None:
        if trouble := self._trouble.get(what):
            raise trouble
