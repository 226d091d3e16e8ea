"""The values that pass from stage to stage: frozen, no I/O, no behaviour beyond arithmetic.

Every announced paper ends in exactly one of five states, each with a class of its own here:
`Kept`, `Below` (scored under the cut), `Filtered` (by a named rule), a plain id in `Digest.seen`
(scored on another day) or `Unscored` (with a reason). `Counts` is computed from those lists and
never stored beside them, so that the sums hold by construction.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar


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


@dataclass(frozen=True, slots=True)
class Topic:
    """One heading of `topics.md` with what belongs under it and what does not, as written."""

    name: str
    relevant: str
    irrelevant: str


@dataclass(frozen=True, slots=True)
class Topics:
    """The user's interests: `topics.md`, read."""

    topics: tuple[Topic, ...]
    keywords: tuple[str, ...]
    avoid: tuple[str, ...]
    text: str  # the file as written

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(topic.name for topic in self.topics)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What was asked of the scorer, papers elided. The embedded scorer reads `user` alone."""

    system: str
    user: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(f"{self.system}\0{self.user}".encode()).hexdigest()


NO_TOPIC = "none"


@dataclass(frozen=True, slots=True)
class Score:
    """A scorer's verdict on one paper."""

    relevance: int  # 1 to 10
    novelty: int | None  # 1 to 10; None: the scorer does not judge it
    topic: str = NO_TOPIC  # a heading of topics.md, or NO_TOPIC
    comment: str = ""
    similarity: float | None = None  # the embedded scorer's own figure, behind its relevance


class Reason(StrEnum):
    """Why a paper was not scored."""

    REFUSED = "refused"  # for what the paper says: a content filter
    TOO_LONG = "too long"
    REJECTED = "request rejected"  # the request as such is not accepted
    INVALID = "invalid reply"
    RATE_LIMITED = "rate limited"
    TIMEOUT = "timeout"
    SERVER_ERROR = "server error"  # or no connection
    BUDGET = "budget"
    INTERRUPTED = "interrupted"
    UNREADABLE = "unreadable"  # arXiv's entry of the paper: no scorer was asked


# A later request for a score would end in the same way.
FINAL_REASONS = frozenset({Reason.REFUSED, Reason.TOO_LONG, Reason.UNREADABLE})


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a paper could not be scored."""

    reason: str  # a `Reason`, or a scorer's own words


Verdict = Score | Failure


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens and requests; None where the provider did not say."""

    prompt_tokens: int | None = None
    cached_tokens: int | None = None  # of the prompt's
    completion_tokens: int | None = None
    reasoning_tokens: int | None = None  # of the completion's
    requests: int = 0  # answered ones
    prompt_usd: float | None = None  # what the prompts cost; None: not known
    estimated_prompt_tokens: int | None = None  # as foretold before each request
    estimated_completion_tokens: int | None = None
    cut_requests: int = 0  # of which the provider has read far less than was sent

    def __add__(self, other: Usage) -> Usage:
        """Both together; unknown where either is, except beside no request at all."""
        if not self.requests:
            return other
        if not other.requests:
            return self
        sums: dict[str, Any] = {
            f.name: add(getattr(self, f.name), getattr(other, f.name)) for f in fields(self)
        }
        return Usage(**sums)


Number = TypeVar("Number", int, float)


def add(a: Number | None, b: Number | None) -> Number | None:
    """The sum, to the billionth of a dollar; not known where either is not."""
    return None if a is None or b is None else round(a + b, 9)


@dataclass(frozen=True, slots=True)
class Scoring:
    """What a scorer made of a batch of papers."""

    verdicts: Mapping[str, Verdict]  # by paper id
    usage: Usage = Usage()
    cost_usd: float | None = None
    trouble: str = ""  # why the scorer gave up, and what to do; "" where it did not

    def __add__(self, other: Scoring) -> Scoring:
        """Both together, the later verdict where both have one."""
        if not self.usage.requests or not other.usage.requests:
            cost_usd = other.cost_usd if not self.usage.requests else self.cost_usd
        else:
            cost_usd = add(self.cost_usd, other.cost_usd)
        verdicts = {**self.verdicts, **other.verdicts}
        trouble = other.trouble or self.trouble
        return Scoring(verdicts, self.usage + other.usage, cost_usd, trouble)


@dataclass(frozen=True, slots=True)
class Kept:
    """A paper at or above the cut, or by an author the user always keeps."""

    paper: Paper
    score: Score
    author_match: str | None = None  # the configured name that matched


@dataclass(frozen=True, slots=True)
class Below:
    """A scored paper under the cut: lean, for there are hundreds of them a day."""

    id: str
    title: str
    score: Score


LIMIT_RULE = "limit"  # of `run --limit`: the day was only sampled
STALE_RULE = "stale feed"  # announced by feeds of an earlier day alone


@dataclass(frozen=True, slots=True)
class Filtered:
    """A paper that a rule kept from being scored."""

    id: str
    title: str
    rule: str


@dataclass(frozen=True, slots=True)
class Unscored:
    """A paper that should have been scored and was not."""

    paper: Paper
    reason: str
    author_match: str | None = None


class Status(StrEnum):
    """How far a day's record can be trusted."""

    COMPLETE = "complete"
    PARTIAL = "partial"  # something unscored, or a category stale, unread or cut short
    EMPTY = "empty"  # announced nothing, confirmed
    APPROXIMATE = "approximate"  # rebuilt from a source that cannot tell exactly


@dataclass(frozen=True, slots=True)
class Cut:
    """The scores at which a paper is kept."""

    relevance: int
    novelty: int


@dataclass(frozen=True, slots=True)
class Counts:
    """announced = seen + filtered + scanned; scanned = kept + below + unscored."""

    announced: int
    seen: int
    filtered: int
    scanned: int
    kept: int
    below: int
    unscored: int
    new: int
    cross: int
    replace: int  # replace and replace-cross


@dataclass(frozen=True, slots=True)
class Missed:
    """An announcement day on which no digest could be made, and what the runs said of it."""

    date: date
    reason: str


@dataclass(frozen=True, slots=True)
class Digest:
    """One announcement day, whole: the archive's record and all that the site shows."""

    date: date
    status: Status
    generated_at: datetime  # aware, UTC
    scorer: str  # "llm" or "offline"
    model: str | None
    prompt: Prompt
    cut: Cut
    sources: dict[str, Source]  # by category, in configured order
    kept: tuple[Kept, ...]  # best first
    below: tuple[Below, ...]  # best first
    filtered: tuple[Filtered, ...]  # by id
    seen: tuple[str, ...]  # by id
    unscored: tuple[Unscored, ...]  # author matches first, then by id
    usage: Usage = field(default_factory=Usage)
    cost_usd: float | None = None  # None: not known, never shown as $0.00
    missed: tuple[Missed, ...] = ()  # days since the last record, as known when this was made
    over_budget_usd: float | None = None  # spent beyond llm.budget_usd

    @property
    def counts(self) -> Counts:
        types = Counter(announced(self.sources).values())
        kept, below, unscored = len(self.kept), len(self.below), len(self.unscored)
        seen, filtered, scanned = len(self.seen), len(self.filtered), kept + below + unscored
        return Counts(
            announced=seen + filtered + scanned,
            seen=seen,
            filtered=filtered,
            scanned=scanned,
            kept=kept,
            below=below,
            unscored=unscored,
            new=types[AnnounceType.NEW],
            cross=types[AnnounceType.CROSS],
            replace=types[AnnounceType.REPLACE] + types[AnnounceType.REPLACE_CROSS],
        )

    @property
    def stale(self) -> tuple[str, ...]:
        """The categories whose feed repeated an earlier day."""
        return self._in_state(SourceState.STALE)

    @property
    def unread(self) -> tuple[str, ...]:
        """The categories whose announcement could not be read."""
        return self._in_state(SourceState.UNREAD)

    def _in_state(self, state: SourceState) -> tuple[str, ...]:
        return tuple(c for c, source in self.sources.items() if source.state is state)

    @property
    def outcome_ids(self) -> list[str]:
        """The id behind every outcome; a well-made digest has each announced id once."""
        return [
            *(kept.paper.id for kept in self.kept),
            *(below.id for below in self.below),
            *(filtered.id for filtered in self.filtered),
            *self.seen,
            *(unscored.paper.id for unscored in self.unscored),
        ]

    @property
    def scored_ids(self) -> frozenset[str]:
        """What the seen-ledger remembers of this day."""
        return frozenset([k.paper.id for k in self.kept] + [b.id for b in self.below])


@dataclass(frozen=True, slots=True)
class Day:
    """A day in one line of `days.jsonl`: what lists, calendars and statistics of days show."""

    date: date
    status: Status
    scorer: str
    generated_at: datetime  # aware, UTC
    counts: Counts
    cost_usd: float | None
    prompt_tokens: int | None
    completion_tokens: int | None
    topics: dict[str, int]  # kept papers by topic, NO_TOPIC included
    relevance: tuple[int, ...]  # how many scored papers got 1, 2 … 10
    novelty: tuple[int, ...]

    @classmethod
    def of(cls, digest: Digest) -> Day:
        topics = Counter(kept.score.topic for kept in digest.kept)
        scores = [*(k.score for k in digest.kept), *(b.score for b in digest.below)]
        return cls(
            digest.date,
            digest.status,
            digest.scorer,
            digest.generated_at,
            digest.counts,
            digest.cost_usd,
            digest.usage.prompt_tokens,
            digest.usage.completion_tokens,
            dict(sorted(topics.items())),
            _spread(score.relevance for score in scores),
            _spread(score.novelty for score in scores),
        )

    @property
    def month(self) -> str:
        """2026-01."""
        return self.date.isoformat()[:7]

    @property
    def has_page(self) -> bool:
        return self.status is not Status.EMPTY


def _spread(values: Iterable[int | None]) -> tuple[int, ...]:
    found = Counter(values)
    return tuple(found[value] for value in range(1, 11))


def announced(sources: dict[str, Source]) -> dict[str, AnnounceType]:
    """The distinct announced ids, each with the strongest of its announce types."""
    types: dict[str, AnnounceType] = {}
    for source in sources.values():
        for entry in source.entries:
            known = types.get(entry.id)
            if known is None or entry.announce_type.precedence < known.precedence:
                types[entry.id] = entry.announce_type
    return types
