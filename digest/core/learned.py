"""What the learner knows: a frozen value, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from digest.core.scores import NO_TOPIC


@dataclass(frozen=True, slots=True)
class Learned:
    """The learner's whole state: `data/learned.json`."""

    since: date  # the first day that taught
    through: date  # the last one: no day up to it teaches again
    days: int  # that taught
    papers: int  # of those days
    bias: float
    weights: Mapping[str, float]  # by feature (a stem or a pair of them), beside the reader's words


@dataclass(frozen=True, slots=True)
class Word:
    """What a word, or a pair of words, says for or against a paper."""

    text: str
    weight: float  # above 0: for; below 0: against
    topic: str = NO_TOPIC  # the heading of topics.md that it goes with, or NO_TOPIC
