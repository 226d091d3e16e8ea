"""The record of a day: frozen values, no I/O, no behaviour except arithmetic.

Every announced paper ends in exactly one of five states, each with a class of its own here:
`Kept`, `Below` (scored under the cut), `Filtered` (by a named rule), a plain id in `Digest.seen`
(scored on another day) or `Unscored` (with a reason). `Counts` is computed from those lists and
never stored beside them, so that the totals always add up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from enum import StrEnum

from digest.core.papers import AnnounceType, Paper, Source, SourceState, announced
from digest.core.scores import Prompt, Score, ScoredBy, Usage, auc


@dataclass(frozen=True, slots=True)
class Kept:
    """A paper at or above the cut, or one that the user always keeps: for an author or a phrase."""

    paper: Paper
    score: Score
    author_match: str | None = None  # the configured name that matched
    phrase_match: str | None = None  # the configured phrase that matched


@dataclass(frozen=True, slots=True)
class Below:
    """A scored paper below the cut, or beyond its `top`; without abstract, as there are hundreds of
    them a day."""

    id: str
    title: str
    score: Score


LIMIT_RULE = "limit"  # `run --limit`: only a sample of the day was scored
STALE_RULE = "stale feed"  # only stale feeds have the paper


@dataclass(frozen=True, slots=True)
class Filtered:
    """A paper that was not scored because of a rule."""

    id: str
    title: str
    rule: str


@dataclass(frozen=True, slots=True)
class Unscored:
    """A paper that should have been scored, but was not."""

    paper: Paper
    reason: str
    author_match: str | None = None
    phrase_match: str | None = None


@dataclass(frozen=True, slots=True)
class Explorer:
    """A paper from below the cut that the daily issue shows, drawn at random. Its votes alone tell
    what the cut has hidden."""

    id: str
    probability: float  # of being drawn


class Status(StrEnum):
    """How complete a day's record is."""

    COMPLETE = "complete"
    PARTIAL = "partial"  # something unscored, or a category stale, unread or cut short
    EMPTY = "empty"  # nothing was announced, and that is confirmed
    APPROXIMATE = "approximate"  # from the search interface, which has no exact announcements


@dataclass(frozen=True, slots=True)
class Cut:
    """The lowest scores, 1 to 10, of a paper that is kept, and how many such papers at most."""

    relevance: int
    novelty: int
    top: int | None = None  # papers; None: no limit

    def passes(self, score: Score) -> bool:
        """True if the score is at or above the cut on both axes; on relevance alone if it has no
        novelty. The paper may still be beyond `top`."""
        return score.relevance >= self.relevance and (
            score.novelty is None or score.novelty >= self.novelty
        )

    def as_stated(self) -> dict[str, int]:
        """By name, as files and reports state it: `top` only if there is one."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Numbers of papers: announced = seen + filtered + scanned; scanned = kept + below + unscored.

    `beyond_top` of those below reached the cut, and other papers have filled its `top`.
    `new`, `cross` and `replace` count the announced papers by their announce type, those of stale
    categories too; on an approximate day some cross-lists may be missing.
    """

    announced: int
    seen: int
    filtered: int
    scanned: int
    kept: int
    below: int
    unscored: int
    new: int
    cross: int  # cross-lists; replace-cross is in `replace`
    replace: int  # replace and replace-cross
    beyond_top: int = 0

    def as_stated(self) -> dict[str, int]:
        """By name, as files and reports state them: `beyond_top` only if there are any."""
        stated = asdict(self)
        if not self.beyond_top:
            del stated["beyond_top"]
        return stated


@dataclass(frozen=True, slots=True)
class Missed:
    """An announcement day without a digest, and the reason that the runs gave."""

    date: date
    reason: str


@dataclass(frozen=True, slots=True)
class Digest:
    """One announcement day: the archive's record, and everything that the site shows of it."""

    date: date
    status: Status
    generated_at: datetime  # aware, UTC
    scorer: ScoredBy
    model: str | None
    prompt: Prompt
    cut: Cut
    sources: dict[str, Source]  # by category, in configured order
    kept: tuple[Kept, ...]  # best first
    below: tuple[Below, ...]  # best first
    filtered: tuple[Filtered, ...]  # by id
    seen: tuple[str, ...]  # by id
    unscored: tuple[Unscored, ...]  # author and phrase matches first, then by id
    usage: Usage = field(default_factory=Usage)
    cost_usd: float | None = None  # None: not known; shown as "not reported"
    missed: tuple[Missed, ...] = ()  # days since the last record
    over_budget_usd: float | None = None  # dollars above llm.budget_usd
    with_phrase: int | None = None  # papers that have a phrase of the topics; None: not known
    explorer: Explorer | None = None  # None: there is no daily issue
    fallback: str = ""  # why the model failed, where `fallback` published the day without it

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
            beyond_top=sum(map(self.is_beyond_top, self.below)),
        )

    def is_beyond_top(self, below: Below) -> bool:
        """True if this paper reached the cut, and other papers have filled its `top`.

        Without an abstract it cannot be kept later, so it is plainly below the cut where kept
        papers went to another day and `top` is no longer full.
        """
        return self.cut.passes(below.score) and self._top_is_full

    @property
    def _top_is_full(self) -> bool:
        if self.cut.top is None:
            return False
        counting = sum(not (k.author_match or k.phrase_match) for k in self.kept)
        return counting >= self.cut.top

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
        """The id of every outcome; a correct digest has each announced id once."""
        return [
            *(kept.paper.id for kept in self.kept),
            *(below.id for below in self.below),
            *(filtered.id for filtered in self.filtered),
            *self.seen,
            *(unscored.paper.id for unscored in self.unscored),
        ]

    @property
    def scores(self) -> dict[str, Score]:
        """By id, best first."""
        return {k.paper.id: k.score for k in self.kept} | {b.id: b.score for b in self.below}

    @property
    def foresight(self) -> float | None:
        """The AUC of `match` for the papers at or above the cut; None if the model did not score,
        or nothing was learned before."""
        if self.scorer is not ScoredBy.MODEL:
            return None
        matches: dict[bool, list[int]] = {True: [], False: []}
        for score in self.scores.values():
            if score.match is not None:
                matches[self.cut.passes(score)].append(score.match)
        value = auc(matches[True], matches[False])
        return None if value is None else round(value, 4)

    @property
    def scored_ids(self) -> frozenset[str]:
        """The ids that go into the seen-ledger."""
        return frozenset(self.scores)


@dataclass(frozen=True, slots=True)
class Day:
    """A line of `days.jsonl`: a day in the lists, the calendar and the statistics."""

    date: date
    status: Status
    scorer: ScoredBy
    generated_at: datetime  # aware, UTC
    counts: Counts
    cost_usd: float | None
    prompt_tokens: int | None
    completion_tokens: int | None
    topics: dict[str, int]  # kept papers by topic, NO_TOPIC included
    relevance: tuple[int, ...]  # how many scored papers got 1, 2 … 10
    novelty: tuple[int, ...]
    foresight: float | None = None

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
            digest.foresight,
        )

    @property
    def month(self) -> str:
        """2026-01."""
        return self.date.isoformat()[:7]

    @property
    def has_page(self) -> bool:
        return self.status is not Status.EMPTY


def _spread(values: Iterable[int | None]) -> tuple[int, ...]:
    """How many values are 1, 2, … 10."""
    counts = Counter(values)
    return tuple(counts[value] for value in range(1, 11))
