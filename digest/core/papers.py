"""Announced papers and their sources: frozen values, no I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

# A paper's id without its version, as a part of other patterns.
ID = r"[0-9]{4}\.[0-9]{4,5}|[a-z][a-z-]*(?:\.[A-Z]{2})?/[0-9]{7}"
# As people paste one: alone, as arXiv:ID, as the address of a page or a file, as a DOI.
_PASTED = re.compile(
    r"(?i:(?:https?://)?(?:[a-z]+\.)?arxiv\.org/[a-z-]+/"
    r"|(?:https?://(?:dx\.)?doi\.org/)?10\.48550/arxiv\.|arxiv:)?"
    rf"({ID})(?:v[0-9]+)?(?:\.pdf)?/?(?:[?#].*)?"
)


def pasted_id(text: str) -> str | None:
    """The id, without its version, in what somebody has pasted; None if it is no arXiv id."""
    match = _PASTED.fullmatch(text.strip())
    return match and match[1]


class AnnounceType(StrEnum):
    """Why arXiv announces a paper. If feeds disagree, the first in this order counts."""

    NEW = "new"
    CROSS = "cross"
    REPLACE = "replace"
    REPLACE_CROSS = "replace-cross"
    UNKNOWN = "unknown"  # missing, or not one of arXiv's four: the paper is `unreadable`

    @property
    def precedence(self) -> int:
        """0 for `new`, the strongest, to 4 for `unknown`."""
        return list(AnnounceType).index(self)


# Without `unknown`.
ANNOUNCE_TYPES = tuple(kind for kind in AnnounceType if kind is not AnnounceType.UNKNOWN)
FEED_LIMIT = 2_000  # items: arXiv/arxiv-feed drops what is beyond, new papers first


@dataclass(frozen=True, slots=True)
class Paper:
    """One announced paper.

    `title`, `authors` and `abstract` are readable Unicode, with TeX only inside `$…$`. If the
    feed's text differs from that, it is in the `…_tex` field.
    """

    id: str  # without version: 2601.20868 or math.GT/0309136
    version: int
    title: str
    authors: tuple[str, ...]
    abstract: str
    categories: tuple[str, ...]  # primary first
    announce_type: AnnounceType
    affiliations: tuple[tuple[str, str], ...] = ()  # (author, affiliation) if the feed has one
    doi: str | None = None
    journal_ref: str | None = None
    license: str | None = None
    title_tex: str | None = None
    authors_tex: str | None = None
    abstract_tex: str | None = None
    # What is wrong with arXiv's entry, or "". Such a paper is counted, but never scored; its other
    # fields have what could be read, and may be empty.
    unreadable: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A paper in a category's announcement; entries show whether a feed is stale or fresh."""

    id: str
    version: int  # 0: not known (arXiv's pages of past days have none)
    announce_type: AnnounceType


@dataclass(frozen=True, slots=True)
class Feed:
    """One category's announcement of one day."""

    category: str
    date: date  # the announcement date: midnight US Eastern, the feed's own
    papers: tuple[Paper, ...]  # every item whose id could be read
    unreadable: tuple[str, ...] = ()  # the other items, each named as well as it can be

    @property
    def entries(self) -> frozenset[Entry]:
        return frozenset(Entry(p.id, p.version, p.announce_type) for p in self.papers)

    @property
    def is_capped(self) -> bool:
        """True if papers may be missing because there were too many for one feed."""
        return len(self.papers) + len(self.unreadable) >= FEED_LIMIT


class SourceState(StrEnum):
    """The state of a category's announcement of a day."""

    FRESH = "fresh"
    STALE = "stale"  # the feed repeated an earlier batch, or has another day's date
    UNREAD = "unread"  # it could not be read


class Origin(StrEnum):
    """Where a category's announcement of a day was read from."""

    FEED = "feed"
    PAGE = "page"  # arXiv's own page of that day
    FEED_AND_PAGE = "feed and page"  # the feed, completed from the page
    SEARCH = "search"  # arXiv's search interface, by submission dates: approximate

    @property
    def has_feed(self) -> bool:
        """True if a feed was read, which can repeat an earlier batch."""
        return self in (Origin.FEED, Origin.FEED_AND_PAGE)

    @property
    def has_page(self) -> bool:
        """True if arXiv's page of the day was read, which has the whole announcement."""
        return self in (Origin.PAGE, Origin.FEED_AND_PAGE)


@dataclass(frozen=True, slots=True)
class Source:
    """The announcement of one category on a day, as it was read."""

    url: str  # "" for an unread one
    state: SourceState
    entries: tuple[Entry, ...] = ()  # by id
    unreadable: tuple[str, ...] = ()  # items without a readable id, each with some text of it
    origin: Origin = Origin.FEED
    capped: bool = False  # the feed has FEED_LIMIT items: papers may be missing
    why: str = ""  # why it is unread, in one line; "" in older records

    @property
    def fresh(self) -> bool:
        return self.state is SourceState.FRESH

    @property
    def approximate(self) -> bool:
        return self.origin is Origin.SEARCH

    @property
    def incomplete(self) -> bool:
        """True if the source shows that papers of this day are missing, or may be."""
        return not self.fresh or self.capped or bool(self.unreadable)


def announced(sources: dict[str, Source]) -> dict[str, AnnounceType]:
    """The distinct announced ids, each with the strongest of its announce types."""
    types: dict[str, AnnounceType] = {}
    for source in sources.values():
        for entry in source.entries:
            strongest = types.get(entry.id, AnnounceType.UNKNOWN)
            types[entry.id] = min(entry.announce_type, strongest, key=lambda t: t.precedence)
    return types
