"""What would other cuts give, which of them fits the labels best, and how certain is that? Pure."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import quantiles

from digest.core.cuts import CUTS, LOWEST_RELEVANCE, Pair, reaching
from digest.core.day import Cut
from digest.evaluation.measures import Entry, ratio

MIN_LABELLED = 20  # of fewer papers, the best cut is the best by chance
SEED = 0  # of the resamples: the same command gives the same shares
RESAMPLES = 1000
LEADING = 0.01  # share of the resamples in which a leading cut is the best


@dataclass(frozen=True, slots=True)
class CutResult:
    """What one cut gives."""

    relevance: int
    novelty: int | None  # None: the scorer gives none
    kept: int
    precision: float | None  # None if nothing is kept
    recall: float
    f1: float
    best_in: float  # share of the resamples in which no other cut has a higher F1


@dataclass(frozen=True, slots=True)
class Cuts:
    """The configured cut among all others. Of cuts that keep the same papers, only the one nearest
    to the configured one is there."""

    results: tuple[CutResult, ...]  # the highest relevance first, then the highest novelty
    configured: CutResult
    best: CutResult  # by F1; of equals, the one nearest to the configured one
    gain: float  # F1 of the best minus that of the configured one
    gain_low: float  # its 95% interval, which allows for the choice of the best
    gain_high: float
    resamples: int

    @property
    def is_better(self) -> bool:
        """True if the best cut is clearly better than the configured one."""
        return self.gain_low > 0


def try_cuts(
    entries: Sequence[Entry], cut: Cut, *, resamples: int = RESAMPLES, seed: int = SEED
) -> Cuts | None:
    """Measure every cut. None if the labels are too few, or if no relevant paper has a score: no
    cut has an F1 above 0 then.

    Each resample gives every paper a random weight (Rubin, "The Bayesian bootstrap", 1981). Papers
    with equal scores and labels are drawn as one, so that the time does not depend on their number.

    The best of many cuts looks better than it is, so the interval holds for all leading cuts at
    once. Of two dozen papers, the usual interval calls a cut better by chance half the time.
    """
    papers, good = _counts(entries), _counts([entry for entry in entries if entry.relevant])
    relevant = sum(entry.relevant for entry in entries)
    if not good or too_few(len(entries), relevant):
        return None
    bad, unscored = papers - good, relevant - good.total()
    has_novelty = any(novelty is not None for _, novelty in papers)
    distinct = _distinct(papers, cut, 1 if has_novelty else LOWEST_RELEVANCE)
    places = range(len(distinct))
    own = next(place for place in places if CUTS[distinct[place]] == cut)
    kept, hits = _at(distinct, papers), _at(distinct, good)
    f1 = _f1(kept, hits, relevant)
    best = max(places, key=lambda place: (f1[place], -_distance(distinct[place], cut)))
    chance = random.Random(seed)  # noqa: S311 - a bootstrap, no secret
    drawn = []  # the F1 of each cut in each resample
    for _ in range(resamples):
        right, wrong = _weigh(good, chance), _weigh(bad, chance)
        both = {pair: right.get(pair, 0) + wrong.get(pair, 0) for pair in papers}
        whole = sum(right.values()) + (chance.gammavariate(unscored, 1) if unscored else 0)
        drawn.append(_f1(_at(distinct, both), _at(distinct, right), whole))
    wins = Counter(sample.index(max(sample)) for sample in drawn)
    leading = {best, *(place for place, number in wins.items() if number >= LEADING * resamples)}
    # How far from its gain each resample puts a leading cut, at most.
    errors = [
        max(abs(sample[i] - sample[own] - f1[i] + f1[own]) for i in leading) for sample in drawn
    ]
    error = 0.0 if best == own else quantiles(errors, n=20, method="inclusive")[-1]
    results = [
        CutResult(
            CUTS[i].relevance,
            CUTS[i].novelty if has_novelty else None,
            round(kept[place]),
            ratio(hits[place], kept[place]),
            hits[place] / relevant,
            f1[place],
            wins[place] / resamples,
        )
        for place, i in enumerate(distinct)
    ]
    gain = f1[best] - f1[own]
    return Cuts(
        tuple(reversed(results)),
        results[own],
        results[best],
        gain,
        gain - error,
        gain + error,
        resamples,
    )


def too_few(labelled: int, relevant: int) -> bool:
    """True if so many papers, of which some are relevant, cannot say which cut is better."""
    return labelled < MIN_LABELLED or relevant in (0, labelled)


def _counts(entries: Sequence[Entry]) -> Counter[Pair]:
    """How many papers have each pair of scores."""
    return Counter((e.score.relevance, e.score.novelty) for e in entries if e.score)


def _distinct(papers: Mapping[Pair, float], cut: Cut, lowest: int) -> list[int]:
    """The places in `CUTS` of cuts that keep different papers, those nearest to `cut`; besides
    `cut` itself, none below the `lowest` relevance."""
    nearest: dict[tuple[float, ...], int] = {}
    kept_by_pair = [reaching({pair: 1}) for pair in papers]
    for i in sorted(range(len(CUTS)), key=lambda i: _distance(i, cut)):
        if CUTS[i].relevance < lowest and CUTS[i] != cut:
            continue
        nearest.setdefault(tuple(kept[i] for kept in kept_by_pair), i)
    return sorted(nearest.values())


def _distance(i: int, cut: Cut) -> int:
    return abs(CUTS[i].relevance - cut.relevance) + abs(CUTS[i].novelty - cut.novelty)


def _at(places: Sequence[int], papers: Mapping[Pair, float]) -> list[float]:
    every = reaching(papers)
    return [every[i] for i in places]


def _f1(kept: Sequence[float], hits: Sequence[float], relevant: float) -> list[float]:
    return [2 * hit / (number + relevant) for number, hit in zip(kept, hits, strict=True)]


def _weigh(papers: Mapping[Pair, int], chance: random.Random) -> dict[Pair, float]:
    """The summed weights of the papers with each pair of scores: a paper's is exponential."""
    return {pair: chance.gammavariate(number, 1) for pair, number in papers.items()}
