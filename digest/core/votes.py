"""What the reader liked and disliked: votes, and by which rule they are brought together. Pure.

One vote a paper counts: the strongest source's, of comments the newest. So it does not matter in
which order votes arrive, nor how often they are read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

LIKED, DISLIKED, TAKEN_BACK = 1, -1, 0


class VoteSource(StrEnum):
    """How a vote came, the weakest first."""

    BOX = "box"  # ticked in a daily issue
    COMMENT = "comment"  # a line in a daily issue, or an issue of votes
    HAND = "hand"  # `digest votes`, or an edit of the file


_STRENGTH = {source: strength for strength, source in enumerate(VoteSource)}


@dataclass(frozen=True, slots=True)
class Vote:
    """One line of `votes.jsonl`."""

    id: str
    vote: int  # LIKED, DISLIKED or TAKEN_BACK
    date: date | None  # of the digest that showed the paper; None: no digest did
    source: VoteSource
    at: datetime | None = None  # aware: a comment's time, by GitHub's clock


@dataclass(frozen=True, slots=True)
class VotedPaper:
    """The text of a paper with a vote, all that is needed to learn from it."""

    id: str
    title: str
    abstract: str


@dataclass(frozen=True, slots=True)
class Pulled:
    """What one look at GitHub has found."""

    votes: tuple[Vote, ...] = ()
    boxes: frozenset[date] = frozenset()  # the digests whose boxes were read, ticked or not
    papers: tuple[VotedPaper, ...] = ()  # texts of voted papers that no record keeps
    unknown: frozenset[str] = frozenset()  # ids that arXiv does not have: not asked for again


def merged(votes: Iterable[Vote], pulled: Pulled) -> tuple[Vote, ...]:
    """The votes with those just read, sorted by id: the same whatever the order of arrival.

    A box that was ticked and no longer is takes its vote with it. A vote by hand, also one that was
    taken back, is only changed by hand.
    """
    kept = (
        vote for vote in votes if not (vote.source is VoteSource.BOX and vote.date in pulled.boxes)
    )
    best: dict[str, Vote] = {}
    for vote in (*kept, *pulled.votes):
        other = best.get(vote.id)
        if other is None or _strength(vote) > _strength(other):
            best[vote.id] = vote
    return tuple(vote for _, vote in sorted(best.items()))


def _strength(vote: Vote) -> tuple[int, str, int]:
    """Of two comments of one time the like counts, so that the order does not matter."""
    at = vote.at.isoformat() if vote.at and vote.source is VoteSource.COMMENT else ""
    return _STRENGTH[vote.source], at, vote.vote
