"""The learner: what the archive's own scores and the reader's votes teach about tomorrow's papers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from digest.core.learned import Learned
from digest.core.papers import Paper
from digest.core.scores import Topics
from digest.core.votes import VotedPaper


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What the learner thinks of one paper."""

    score: float
    match: int  # 0 to 100: the percentage of the day's papers with a lower score
    words: tuple[str, ...]  # of the paper, which moved the score most, strongest first


@dataclass(frozen=True, slots=True)
class Likes:
    """The papers that the reader has voted for and against."""

    liked: tuple[VotedPaper, ...] = ()
    disliked: tuple[VotedPaper, ...] = ()


def foresee(
    papers: Sequence[Paper], topics: Topics, learned: Learned | None, likes: Likes
) -> dict[str, Foreseen]:
    """What the learner thinks of each of a day's papers, by id."""
    return {}


def learn(
    learned: Learned | None,
    day: date,
    papers: Sequence[Paper],
    topics: Topics,
    passes: Mapping[str, bool],
) -> Learned | None:
    """The state after a day scored by the model; unchanged if the day teaches nothing."""
    return learned


def relevance(foreseen: Foreseen) -> int:
    return 1
