"""What the learner knows: a frozen value, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Learned:
    """The learner's whole state: `data/learned.json`."""

    since: date  # the first day that taught
    through: date  # the last one: no day up to it teaches again
    days: int  # that taught
    papers: int  # of those days
    bias: float
    weights: Mapping[
        str, float
    ]  # by feature (a stem or a pair of stems), beyond the reader's words
