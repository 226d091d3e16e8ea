"""Do the intervals of `digest.core.for_you` hold what they promise? Simulated readers with a known
taste: in how many does the 95% interval have the truth in it?

A reader likes each paper with a probability that depends on its place and on the kind of day; some
days are rich, some poor. They tick what they like; a day on which they like nothing has no vote, so
nobody knows that it was read. The truth is that of days with a vote, computed, not sampled.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import NormalDist
from typing import Any

from digest.core.day import Explorer
from digest.core.for_you import (
    DAYS,
    MIN_DAYS,
    ShownDay,
    clustered,
    measures,
    student,
    wilson,
)
from digest.core.scores import auc
from digest.core.votes import LIKED, Vote, VoteSource

READERS = 2_000
NEAR_MISSES = 10
NAMES = ("first ten", "above the cut", "explorers", "foresight")
FIRST_DAY = date(2026, 1, 1)
_NORMAL = NormalDist()


@dataclass(frozen=True)
class Kind:
    """A kind of day: how likely it is, and the probability of each paper to be liked."""

    weight: float
    kept: tuple[float, ...]
    near: tuple[float, ...]
    hidden: float  # of each paper that is not shown
    pool: int  # papers that are not shown
    ahead: float  # by how many standard deviations the learner puts papers of the cut ahead

    @property
    def no_other_vote(self) -> float:
        """The probability that nothing is liked but perhaps the explorer."""
        return math.prod(1 - p for p in (*self.kept, *self.near))


@dataclass(frozen=True)
class Reader:
    kinds: tuple[Kind, ...]

    @property
    def truths(self) -> tuple[float, float, float, float]:
        """Of days with a vote, in the order of `NAMES`."""
        kinds = self.kinds
        read = [k.weight * (1 - k.no_other_vote * (1 - k.hidden)) for k in kinds]
        first = sum(k.weight * sum(k.kept[:10]) for k in kinds)
        places = sum(r * len(k.kept[:10]) for k, r in zip(kinds, read, strict=True))
        kept = sum(k.weight * sum(k.kept) for k in kinds)
        liked = kept + sum(k.weight * (sum(k.near) + k.hidden) for k in kinds)
        pools = [k.weight * (1 - k.no_other_vote) * k.pool for k in kinds]
        hidden = sum(p * k.hidden for p, k in zip(pools, kinds, strict=True)) / sum(pools)
        aucs = (_NORMAL.cdf(k.ahead / math.sqrt(2)) for k in kinds)
        foresight = sum(r * a for r, a in zip(read, aucs, strict=True)) / sum(read)
        return first / places, kept / liked, hidden, foresight


def a_reader(chance: random.Random) -> Reader:
    """Their taste: how much they like, how fast that falls with the place, how days differ."""
    best, fall = chance.uniform(0.05, 0.8), chance.uniform(0.0, 0.08)
    near, hidden = chance.uniform(0.02, 0.25), chance.uniform(0.003, 0.1)
    spread, ahead = chance.uniform(0.0, 0.8), chance.uniform(0.8, 2.4)
    kinds = []
    for _ in range(4):
        rich = math.exp(chance.gauss(0, spread))
        kept = chance.choice((8, 15, 20, 30, 60))
        kinds.append(
            Kind(
                chance.uniform(0.5, 1.5),
                tuple(min(0.95, best * rich * math.exp(-fall * place)) for place in range(kept)),
                (min(0.9, near * rich),) * NEAR_MISSES,
                min(0.5, hidden * rich),
                chance.randint(100, 400),
                max(0.0, ahead + chance.gauss(0, 0.3)),
            )
        )
    return Reader(tuple(kinds))


def days_of(
    reader: Reader, number: int, chance: random.Random
) -> tuple[list[Vote], list[ShownDay], list[float]]:
    """The votes of so many days that have one, what these showed, and how well each was
    foreseen."""
    votes: list[Vote] = []
    days: list[ShownDay] = []
    foreseen: list[float] = []
    weights = [kind.weight for kind in reader.kinds]
    while len(days) < number:
        kind = chance.choices(reader.kinds, weights)[0]
        day = FIRST_DAY + timedelta(len(days))
        chances = (*kind.kept, *kind.near, kind.hidden)
        ids = [f"{len(days)}.{place}" for place in range(len(chances))]
        liked = [i for i, p in zip(ids, chances, strict=True) if chance.random() < p]
        if not liked:
            continue
        votes += [Vote(paper_id, LIKED, day, VoteSource.BOX) for paper_id in liked]
        above = [round(1000 * chance.gauss(kind.ahead, 1)) for _ in range(10)]
        below = [round(1000 * chance.gauss(0, 1)) for _ in range(30)]
        kept = len(kind.kept)
        explorer = Explorer(ids[-1], 1 / kind.pool)
        days.append(ShownDay(day, tuple(ids[:kept]), frozenset(ids[kept:]), explorer))
        foreseen.append(auc(above, below) or 0.0)
    return votes, days, foreseen


def coverage(readers: int, seed: int) -> dict[str, tuple[float, int]]:
    """The share of readers whose interval has the truth in it, and of how many, by measure."""
    chance = random.Random(seed)
    hits, made = dict.fromkeys(NAMES, 0), dict.fromkeys(NAMES, 0)
    for _ in range(readers):
        reader = a_reader(chance)
        figures = measures(*days_of(reader, chance.randint(MIN_DAYS, DAYS), chance))
        for name, truth, figure in zip(NAMES, reader.truths, figures, strict=True):
            if figure.value:
                made[name] += 1
                hits[name] += figure.value.low <= truth <= figure.value.high
    return {name: (hits[name] / made[name], made[name]) for name in NAMES}


# --- other intervals, for comparison ----------------------------------------------------------


def by_papers(days: Sequence[tuple[int, int]]) -> tuple[float, float]:
    """Wilson's, as if papers did not depend on their day."""
    hits, papers = (sum(column) for column in zip(*days, strict=True))
    return wilson(hits / papers, papers)[1:]


def by_days(days: Sequence[tuple[int, int]]) -> tuple[float, float]:
    """The ratio and its error between days, symmetric."""
    hits, papers = (sum(column) for column in zip(*days, strict=True))
    share, number = hits / papers, len(days)
    squares = sum((own - share * size) ** 2 for own, size in days)
    reach = student(number - 1) * math.sqrt(number / (number - 1) * squares) / papers
    return share - reach, share + reach


def as_ours(days: Sequence[tuple[int, int]]) -> tuple[float, float]:
    return clustered(days)[1:]


INTERVALS = {
    "Wilson, by papers": by_papers,
    "symmetric, by days": by_days,
    "Wilson, by days": as_ours,
}
SPANS = ((5, 9), (10, 29), (30, 90))  # days with a vote


def compared(readers: int, seed: int) -> dict[str, list[float]]:
    """The coverage of each way for the first ten papers and for those above the cut, for few days
    and for many."""
    chance = random.Random(seed)
    shares: dict[str, list[float]] = {name: [] for name in INTERVALS}
    for which in (0, 1):
        for span in SPANS:
            hits = dict.fromkeys(INTERVALS, 0)
            for _ in range(readers):
                reader = a_reader(chance)
                votes, days, _ = days_of(reader, chance.randint(*span), chance)
                liked = {vote.id for vote in votes}
                tops = [day.kept[:10] if which == 0 else day.kept for day in days]
                own = [day.below.union(day.kept) & liked for day in days]
                pairs = [
                    (len(liked.intersection(top)), len(top) if which == 0 else len(all_liked))
                    for top, all_liked in zip(tops, own, strict=True)
                ]
                for name, interval in INTERVALS.items():
                    low, high = interval(pairs)
                    hits[name] += low <= reader.truths[which] <= high
            for name, number in hits.items():
                shares[name].append(number / readers)
    return shares


def measure(readers: int = READERS) -> dict[str, Any]:
    """The figures of `build/bench.json`."""
    ours = coverage(readers, seed=1)
    print(f"{readers:,} readers with 5 to 90 days: in how many the 95% interval has the truth")
    for name, (share, number) in ours.items():
        print(f"  {name:20}{share:7.1%}  of {number:,}")
    ways = compared(readers // 4, seed=2)
    spans = "".join(f"{f'{low}-{high} days':>12}" for low, high in SPANS)
    print(f"  {'':20}{'first ten papers':^36}{'above the cut':^36}".rstrip())
    print(f"  {'':20}{spans}{spans}")
    for name, shares in ways.items():
        print(f"  {name:20}" + "".join(f"{share:12.1%}" for share in shares))
    return {"coverage": ours, "ways": ways}
