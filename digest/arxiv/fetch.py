"""Where a run's feeds come from: arXiv, or files and addresses named for a replay."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from digest.arxiv.feed import fetch_feed, parse_feed
from digest.core import categories
from digest.core.config import Config
from digest.core.errors import FeedError, NoSuchFeed
from digest.core.papers import Feed, Origin
from digest.core.progress import bar, log, stage
from digest.core.wording import count

if TYPE_CHECKING:
    import requests

    from digest.arxiv.http_cache import Answers


@dataclass(frozen=True)
class Fetched:
    """A category's announcement of a day, and where it was read."""

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
    with stage("fetch") as summary:
        for category in bar(config.categories, "fetch"):
            if not categories.is_known(category):
                log.warning("%s", newer_category(category))
            url = config.arxiv.feed_url.format(category=category)
            try:
                readings.append(Fetched(url, read_feed(session, category, url, answers)))
            except NoSuchFeed:
                raise
            except FeedError as error:
                log.warning("%s", error)
                readings.append(Unread(category, error.problem))
        summary += _describe([reading for reading in readings if isinstance(reading, Fetched)])
    return readings


def read_feed(
    session: requests.Session, category: str, url: str, answers: Answers | None = None
) -> Feed:
    """The feed behind `url`, which must be `category`'s; from `answers` if it has not changed.

    Raises `FeedError`.
    """
    cached = answers.recall(url) if answers else None
    answer = fetch_feed(session, category, url, cached)
    feed = parse_feed(answer.body, category)
    if feed.category.casefold() != category.casefold():
        served = f"{url} answered with the feed of {feed.category!r}"
        raise FeedError(category, f"{served}: check `arxiv.feed_url`")
    if answers and answer is not cached:  # only what can be read: else ask for all of it next time
        answers.keep(url, answer)
    return replace(feed, category=category)


def newer_category(category: str) -> str:
    """The warning for a category that is not in this version's table."""
    return (
        f"{category}: newer than this version, which does not know it: update this program, or"
        " correct `categories` if arXiv has no such category"
    )


def replay(places: Sequence[str], session: requests.Session) -> dict[date, list[Fetched]]:
    """Feeds from files or addresses, by their own dates, oldest first. Raises `FeedError`."""
    days: dict[date, list[Fetched]] = {}
    with stage("read") as summary:
        for place in places:
            fetched = _read(place, session)
            feed = fetched.feed
            day = days.setdefault(feed.date, [])
            if any(other.feed.category == feed.category for other in day):
                raise FeedError(
                    feed.category, f"{place} is a second feed for {feed.date}: name one of them"
                )
            day.append(fetched)
        summary += _describe([fetched for day in days.values() for fetched in day])
    return dict(sorted(days.items()))


def _read(place: str, session: requests.Session) -> Fetched:
    name = place.rpartition("/")[2] or place
    if re.match(r"(?i)https?://[^/]*@", place):
        raise FeedError("--feed", "no user or password in an address: it would be published")
    if re.match(r"(?i)https?://", place):
        return Fetched(place, parse_feed(fetch_feed(session, name, place).body, name))
    try:
        data = Path(place).read_bytes()
    except OSError as error:
        raise FeedError(name, f"cannot read {place}: {error.strerror}: name a file") from error
    return Fetched(name, parse_feed(data, name))


def _describe(fetched: Sequence[Fetched]) -> list[str]:
    for f in fetched:
        log.debug("%s of %s: %s", f.feed.category, f.feed.date, count(len(f.feed.papers), "item"))
    counts = [count(len(fetched), "feed"), count(sum(len(f.feed.papers) for f in fetched), "item")]
    unreadable = sum(len(f.feed.unreadable) for f in fetched)
    unreadable += sum(bool(paper.unreadable) for f in fetched for paper in f.feed.papers)
    return [*counts, f"{unreadable} unreadable"] if unreadable else counts
