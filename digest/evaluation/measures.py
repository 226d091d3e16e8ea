"""Measures of a ranking: what an order of papers is worth, given which of them are relevant. Pure.

The order is `ranking.best_first`'s: relevance + novelty, then relevance, then the embedded scorer's
similarity. Scores are few and bunch together, so what papers that are still equal are worth must
not depend on their ids: every figure is its mean over all orders of the equal ones, in closed form
(McSherry and Najork, "Computing information retrieval performance measures efficiently in the
presence of tied scores", 2008). Papers without a score are equals at the very end, never kept and
never among the first k.

A figure that is not defined, such as the recall of what nobody called relevant, is None.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import accumulate, groupby
from typing import Any, NamedTuple, TypeVar

from digest.core.models import Cut
from digest.core.scores import Score
from digest.evaluation.labels import Label
from digest.run.ranking import best_first, passes

T = TypeVar("T")

# What a label is worth to nDCG. The worst paper, 1 and 1, is worth nothing: were it worth 2, any
# order at all would come out near 1.
GAIN_SCORES = "relevance + novelty - 2"
GAIN_RELEVANCE = "relevance - 1"
GAIN_BINARY = "1 if relevant"


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures by which two sets of scores are compared. All lie between 0 and 1."""

    auc: float | None  # the chance that a relevant paper stands before one that is not
    average_precision: float | None
    ndcg: float | None  # of the whole list
    precision: float | None  # at the cut
    recall: float | None
    f1: float | None
    precision_at_k: float | None
    recall_at_k: float | None


FIGURES = tuple(field.name for field in fields(Figures))


# --- the labels, and the order that scores put them in -----------------------------------------


@dataclass(frozen=True, slots=True)
class Truth:
    """The labels, and what does not depend on the scores. A paper is its place among them."""

    labels: tuple[Label, ...]
    ids: tuple[str, ...]
    relevant: tuple[bool, ...]
    gain: str
    gains: tuple[int, ...]
    ideal: tuple[tuple[int, tuple[int, ...]], ...]  # the papers of each gain, the highest first
    discounts: tuple[float, ...]  # sum of 1/log2(place + 1) over the first … places
    harmonic: tuple[float, ...]  # sum of 1/place
    cut: Cut
    k: int

    @property
    def n(self) -> int:
        return len(self.labels)

    @classmethod
    def of(cls, labels: Sequence[Label], cut: Cut, k: int) -> Truth:
        relevant = tuple(label.is_relevant(cut) for label in labels)
        if all(label.relevance and label.novelty for label in labels):
            gain = GAIN_SCORES
            gains = tuple((x.relevance or 0) + (x.novelty or 0) - 2 for x in labels)
        elif all(label.relevance for label in labels):
            gain, gains = GAIN_RELEVANCE, tuple((x.relevance or 0) - 1 for x in labels)
        else:
            gain, gains = GAIN_BINARY, tuple(map(int, relevant))
        places = range(1, len(labels) + 1)
        by_gain = _grouped(range(len(labels)), lambda i: -gains[i])
        return cls(
            labels=tuple(labels),
            ids=tuple(label.paper.id for label in labels),
            relevant=relevant,
            gain=gain,
            gains=gains,
            ideal=tuple((gains[group[0]], group) for group in by_gain),
            discounts=(0.0, *accumulate(1 / math.log2(place + 1) for place in places)),
            harmonic=(0.0, *accumulate(1 / place for place in places)),
            cut=cut,
            k=min(k, len(labels)),
        )


class Entry(NamedTuple):
    paper: int
    relevant: bool
    gain: int
    kept: bool


@dataclass(frozen=True, slots=True)
class Order:
    """The papers in groups of equals, the best first."""

    scored: tuple[tuple[Entry, ...], ...]
    unscored: tuple[Entry, ...]

    @property
    def groups(self) -> tuple[tuple[Entry, ...], ...]:
        return (*self.scored, self.unscored)

    @property
    def entries(self) -> list[Entry]:
        return [entry for group in self.groups for entry in group]

    @classmethod
    def of(cls, truth: Truth, scores: Mapping[str, Score]) -> Order:
        found = [scores.get(paper_id) for paper_id in truth.ids]
        entries = [
            Entry(
                i, truth.relevant[i], truth.gains[i], score is not None and passes(score, truth.cut)
            )
            for i, score in enumerate(found)
        ]
        scored = [(entry, score) for entry, score in zip(entries, found, strict=True) if score]
        groups = _grouped(scored, lambda pair: _key(pair[1]))
        return cls(
            tuple(tuple(entry for entry, _ in group) for group in groups),
            tuple(entry for entry, score in zip(entries, found, strict=True) if not score),
        )


def _key(score: Score) -> tuple[float, ...]:
    total, relevance, _ = best_first(score, "")
    return total, relevance, -(score.similarity or 0.0)


def _grouped(items: Iterable[T], key: Callable[[T], Any]) -> list[tuple[T, ...]]:
    return [tuple(group) for _, group in groupby(sorted(items, key=key), key)]


# --- the figures ------------------------------------------------------------------------------


def measure(truth: Truth, order: Order, weights: Sequence[int]) -> Figures:
    """The figures where the paper `i` is there `weights[i]` times, as many in all as papers."""
    discounts, harmonic = truth.discounts, truth.harmonic
    above = hits = kept = hits_kept = 0
    wins = precisions = gained = top = 0.0
    for place, group in enumerate(order.groups):
        size = good = gain = 0
        for paper, is_relevant, its_gain, is_kept in group:
            if weight := weights[paper]:
                size += weight
                gain += weight * its_gain
                if is_relevant:
                    good += weight
                if is_kept:
                    kept += weight
                    hits_kept += weight * is_relevant
        if not size:
            continue
        end = above + size
        wins += (size - good) * (hits + good / 2)
        if place < len(order.scored):
            top += good * max(0, min(size, truth.k - above)) / size
        if good:
            # At each of its places: the chance of a relevant paper there, times the precision down
            # to it, which grows by `more` a place.
            more = (good - 1) / (size - 1) if size > 1 else 0.0
            first = hits + 1 - more * (above + 1)
            precisions += good / size * (first * (harmonic[end] - harmonic[above]) + more * size)
        gained += gain / size * (discounts[end] - discounts[above])
        above, hits = end, hits + good
    return Figures(
        auc=ratio(wins, hits * (above - hits)),
        average_precision=ratio(precisions, hits),
        ndcg=ratio(gained, _ideal(truth, weights)),
        precision=ratio(hits_kept, kept),
        recall=ratio(hits_kept, hits),
        f1=ratio(2 * hits_kept, kept + hits),
        precision_at_k=ratio(top, truth.k),
        recall_at_k=ratio(top, hits),
    )


def _ideal(truth: Truth, weights: Sequence[int]) -> float:
    """What the best possible order gains."""
    gained, above = 0.0, 0
    for gain, papers in truth.ideal:
        end = above + sum([weights[i] for i in papers])
        gained += gain * (truth.discounts[end] - truth.discounts[above])
        above = end
    return gained


def ratio(part: float, whole: float) -> float | None:
    return min(part / whole, 1.0) if whole else None  # sums of floats overshoot a little


def minus(b: float | None, a: float | None) -> float | None:
    return None if a is None or b is None else b - a
