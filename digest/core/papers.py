"""Announced papers, and where they were read: frozen values, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class AnnounceType(StrEnum):
    """Why arXiv lists a paper today. The order is the precedence when several feeds carry it."""

    NEW = "new"
    CROSS = "cross"
    REPLACE = "replace"
    REPLACE_CROSS = "replace-cross"
    UNKNOWN = "unknown"  # not one of arXiv's four, or none given: such a paper is `unreadable`

    @property
    def precedence(self) -> int:
        """0 for `new`, the strongest, to 4 for `unknown`."""
        return _PRECEDENCE[self]


_PRECEDENCE = {kind: number for number, kind in enumerate(AnnounceType)}
# The types that arXiv announces.
ANNOUNCE_TYPES = tuple(kind for kind in AnnounceType if kind is not AnnounceType.UNKNOWN)
FEED_LIMIT = 2_000  # items: arXiv/arxiv-feed cuts a feed there, and what it drops are new papers


@dataclass(frozen=True, slots=True)
class Paper:
    """One announced paper.

    `title`, `authors` and `abstract` are readable Unicode outside of `$…$`, which stays TeX. Where
    that differs from what the feed said, the feed's own text is kept in the `…_tex` field.
    """

    id: str  # without version: 2601.20868 or math.GT/0309136
    version: int
    title: str
    authors: tuple[str, ...]
    abstract: str
    categories: tuple[str, ...]  # primary first
    announce_type: AnnounceType
    affiliations: tuple[tuple[str, str], ...] = ()  # (author, affiliation) where the feed gives one
    doi: str | None = None
    journal_ref: str | None = None
    license: str | None = None
    title_tex: str | None = None
    authors_tex: str | None = None
    abstract_tex: str | None = None
    # What is wrong with arXiv's entry, "" if nothing is. A paper whose entry is wrong is counted
    # and never scored; its other fields hold what could be read, and may be empty.
    unreadable: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a category's announcement: enough to tell a stale feed from a fresh one."""

    id: str
    version: int  # 0: not known, as on arXiv's pages of past days
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
        """True if arXiv may have left papers out because there were too many for one feed."""
        return len(self.papers) + len(self.unreadable) >= FEED_LIMIT


class SourceState(StrEnum):
    """What is known of a category's announcement of a day."""

    FRESH = "fresh"
    STALE = "stale"  # the feed repeated an earlier day's batch, or was dated to another day
    UNREAD = "unread"  # it could not be read


class Origin(StrEnum):
    """Where a category's announcement of a day was read."""

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
        """True if arXiv's page of the day was read, which holds the whole announcement."""
        return self in (Origin.PAGE, Origin.FEED_AND_PAGE)


@dataclass(frozen=True, slots=True)
class Source:
    """What one category contributed to a day."""

    url: str  # "" for an unread one
    state: SourceState
    entries: tuple[Entry, ...] = ()  # by id
    unreadable: tuple[str, ...] = ()  # items without a readable id, each named
    origin: Origin = Origin.FEED
    capped: bool = False  # the feed was as long as arXiv lets it be: papers may be missing
    why: str = ""  # why it is unread, in one line; "" in older records

    @property
    def fresh(self) -> bool:
        return self.state is SourceState.FRESH

    @property
    def approximate(self) -> bool:
        return self.origin is Origin.SEARCH

    @property
    def incomplete(self) -> bool:
        """True if papers of this day are missing, or may be, as far as the source itself shows."""
        return not self.fresh or self.capped or bool(self.unreadable)


def announced(sources: dict[str, Source]) -> dict[str, AnnounceType]:
    """The distinct announced ids, each with the strongest of its announce types."""
    types: dict[str, AnnounceType] = {}
    for source in sources.values():
        for entry in source.entries:
            known = types.get(entry.id)
            if known is None or entry.announce_type.precedence < known.precedence:
                types[entry.id] = entry.announce_type
    return types
