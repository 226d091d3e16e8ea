"""How good is the list, for the reader who votes? Estimates with 95% intervals. Pure.

What is assumed: a day counts if a paper of it has a vote, and on such a day the reader has ticked
what they like of what was shown. A paper without a vote may not have been looked at: where readers
tick less than they like, the figures are too low. Days are the sample, not papers, for a rich day
is rich in all its papers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from digest.core.day import Day, Explorer
from digest.core.votes import LIKED, TAKEN_BACK, Vote
from digest.core.wording import count

DAYS = 90  # with votes, the last ones, that are looked at
FIRST = 10  # papers of a list
MIN_DAYS, MIN_EXPLORERS = 5, 30  # fewer say hardly anything
Z = 1.959964  # of the normal distribution, for 95%

ASSUMPTIONS = (
    f"Of at most the last {DAYS} days, of which only those with votes count, but for the last line."
    " Hidden papers are those below the cut that are on no list; each explorer is one of them,"
    " drawn by lot. Foreseen is what the match was before the day was learned from. A day without"
    " a vote counts as not read, a paper without one as not liked or not seen: if you tick less"
    " than you like, the truth is higher. The intervals hold for days like these, as they differ"
    " from each other. AUC: of two papers, one at or above the cut and one below it, how often the"
    " first had the higher match."
)


@dataclass(frozen=True, slots=True)
class ShownDay:
    """What the digest of a day showed, as far as votes can say something of it."""

    date: date
    kept: tuple[str, ...]  # ids, best first
    below: frozenset[str]  # ids
    explorer: Explorer | None


class Interval(NamedTuple):
    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Measure:
    """One line of the table."""

    name: str
    value: Interval | None  # None: not enough yet
    source: str  # from how much, or what is lacking

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """Name, estimate, interval, source."""
        if self.value is None:
            return self.name, "–", "–", self.source
        estimate, low, high = map("{:.1%}".format, self.value)
        return self.name, estimate, f"{low} to {high}", self.source


def foresights(recorded: Sequence[Day]) -> list[float]:
    """Those of the last days that have one."""
    return [day.foresight for day in recorded[-DAYS:] if day.foresight is not None]


def measures(
    votes: Iterable[Vote], shown: Iterable[ShownDay], foresights: Sequence[float]
) -> tuple[Measure, ...]:
    """What the votes say of the days that showed the papers, and how well days were foreseen."""
    marks: dict[date, dict[str, int]] = {}
    for vote in votes:
        if vote.date and vote.vote != TAKEN_BACK:
            marks.setdefault(vote.date, {})[vote.id] = vote.vote
    first, above, explored = [], [], []
    for day in shown:
        own = {i: v for i, v in marks.get(day.date, {}).items() if i in day.below or i in day.kept}
        if not own:
            continue
        liked = {paper_id for paper_id, vote in own.items() if vote == LIKED}
        top = day.kept[:FIRST]
        first.append((len(liked.intersection(top)), len(top)))
        above.append((len(liked.intersection(day.kept)), len(liked)))
        # Its own tick does not make a day count: that would favour the days that it was liked on.
        if (explorer := day.explorer) and own.keys() - {explorer.id}:
            explored.append((explorer.id in liked, 1 / explorer.probability))
    return (
        _share(f"First {FIRST} papers: liked", first, "paper"),
        _share("Liked papers: above the cut", above, "paper"),
        _explorers(explored),
        _foresight(foresights),
    )


def _share(name: str, days: Sequence[tuple[int, int]], what: str) -> Measure:
    """`days` have hits and papers each; those without a paper say nothing."""
    days = [(hits, papers) for hits, papers in days if papers]
    hits, papers = (sum(column) for column in zip(*days, strict=True)) if days else (0, 0)
    source = f"{hits:,} of {count(papers, what)}, {count(len(days), 'day')}"
    if len(days) < MIN_DAYS:
        return Measure(name, None, f"{source}: from {MIN_DAYS} days on")
    return Measure(name, clustered(days), source)


def _explorers(explorers: Sequence[tuple[bool, float]]) -> Measure:
    """`explorers` are liked or not, and each stands for so many papers."""
    name, total = "Hidden papers: liked", len(explorers)
    source = f"{sum(liked for liked, _ in explorers):,} of {count(total, 'explorer')}"
    if total < MIN_EXPLORERS:
        return Measure(name, None, f"{source}: from {MIN_EXPLORERS} on")
    weight = sum(w for _, w in explorers)
    share = sum(w for liked, w in explorers if liked) / weight
    # Kish: as many as would say as much if each stood for as many papers as any other.
    value = wilson(share, weight**2 / sum(w * w for _, w in explorers))
    low, high = (bound * weight / total for bound in value[1:])
    return Measure(name, value, f"{source}, {low:.1f} to {high:.1f} a day")


def _foresight(days: Sequence[float]) -> Measure:
    """The learner's AUC of each day, before it has learned from it."""
    name, source = "Cut foreseen (AUC)", count(len(days), "day")
    if len(days) < MIN_DAYS:
        return Measure(name, None, f"{source}: from {MIN_DAYS} on")
    mean = sum(days) / len(days)
    error = math.sqrt(sum((day - mean) ** 2 for day in days) / (len(days) - 1) / len(days))
    reach = student(len(days) - 1) * error
    value = Interval(mean, max(0.0, mean - reach), min(1.0, mean + reach))
    return Measure(name, value, source)


# --- intervals --------------------------------------------------------------------------------


def clustered(days: Sequence[tuple[int, int]]) -> Interval:
    """The interval of a share when days differ: Wilson's, for as many independent papers as would
    vary as these days do (Korn and Graubard, 1998). `days` have hits and papers each, at least two
    days."""
    hits, papers = (sum(column) for column in zip(*days, strict=True))
    share, number = hits / papers, len(days)
    squares = sum((own - share * size) ** 2 for own, size in days)
    variance = number / (number - 1) * squares / papers**2
    effective = share * (1 - share) / variance if variance else papers
    t = student(number - 1)
    return wilson(share, effective * (Z / t) ** 2)


def wilson(share: float, number: float) -> Interval:
    """Wilson's interval of a share of so many independent papers."""
    whole, middle = 1 + Z**2 / number, share + Z**2 / (2 * number)
    reach = Z * math.sqrt(share * (1 - share) / number + (Z / (2 * number)) ** 2)
    middle, reach = middle / whole, reach / whole
    return Interval(share, max(0.0, middle - reach), min(1.0, middle + reach))


def student(freedom: int) -> float:
    """The two-sided 95% point of Student's t, within 0.3% from 4 degrees of freedom on (Cornish
    and Fisher; Abramowitz and Stegun 26.7.5)."""
    z, v = Z, freedom
    return (
        z
        + (z**3 + z) / (4 * v)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
    )
