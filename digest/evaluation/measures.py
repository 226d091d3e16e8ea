"""Measures of a ranking: how good is an order of papers, if we know which are relevant? Pure.

The order is that of `ranking.best_first`, without the ids: many papers have equal scores, and no
figure may depend on their ids. So every figure is its mean over all orders of the equal papers,
computed without listing them (McSherry and Najork, "Computing information retrieval performance
measures efficiently in the presence of tied scores", 2008). Papers without a score come last, all
equal, are never kept and never among the first k.

A figure that is not defined is None: for example the recall if no paper is relevant.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from digest.core.day import Cut
from digest.core.scores import Score
from digest.evaluation.labels import Label
from digest.run.ranking import best_first

# The figures by their names in `--json`, and as people read them. All lie between 0 and 1.
FIGURES = {
    "auc": "AUC",  # probability that a relevant paper comes before one that is not relevant
    "average_precision": "average precision",
    "ndcg": "nDCG",  # of the whole list
    "precision": "precision at the cut",
    "recall": "recall at the cut",
    "f1": "F1 at the cut",
    "precision_at_k": "precision at {k}",
    "recall_at_k": "recall at {k}",
}
Figures = dict[str, float | None]


class Entry(NamedTuple):
    """A labelled paper in the order that a set of scores gives."""

    label: Label
    score: Score | None
    place: int  # 0 is the best; equal papers share a place
    relevant: bool
    gain: int  # for nDCG
    kept: bool


def gains(labels: Sequence[Label], cut: Cut) -> tuple[str, list[int]]:
    """How a label's gain for nDCG is computed, in words, and the gain of each label.

    The worst paper, 1 and 1, has gain 0: with a gain of 2, any order would come out near 1.
    """
    if all(label.relevance and label.novelty for label in labels):
        values = [(x.relevance or 0) + (x.novelty or 0) - 2 for x in labels]
        return "relevance + novelty - 2", values
    if all(label.relevance for label in labels):
        return "relevance - 1", [(x.relevance or 0) - 1 for x in labels]
    return "1 if relevant", [int(x.is_relevant(cut)) for x in labels]


def order(labels: Sequence[Label], scores: Mapping[str, Score], cut: Cut) -> list[Entry]:
    """An entry for each label, in the order of the labels."""
    given = [scores.get(label.paper.id) for label in labels]
    keys = [_key(score) for score in given]
    places = {key: place for place, key in enumerate(sorted(set(keys)))}
    _, its_gain = gains(labels, cut)
    return [
        Entry(
            label,
            score,
            places[key],
            label.is_relevant(cut),
            gain,
            score is not None and cut.passes(score),
        )
        for label, score, key, gain in zip(labels, given, keys, its_gain, strict=True)
    ]


def _key(score: Score | None) -> tuple[float, ...]:
    return (math.inf,) if score is None else best_first(score, "")[:-1]


_by_place = attrgetter("place")


def measure(entries: Sequence[Entry], k: int) -> Figures:
    """The figures of these papers; a paper can be there several times."""
    wins = precisions = gained = in_top = 0.0
    above = hits = 0  # papers, and relevant ones, in the places so far
    for _, group in groupby(sorted(entries, key=_by_place), _by_place):
        equals = list(group)
        size, good = len(equals), sum([entry.relevant for entry in equals])
        places = range(above + 1, above + size + 1)
        wins += (size - good) * (hits + good / 2)
        if equals[0].score is not None:
            in_top += good * max(0, min(size, k - above)) / size
        if good:
            # If there is a relevant paper at a place, how many are expected down to it?
            more = (good - 1) / (size - 1) if size > 1 else 0.0
            expected = [(hits + 1 + more * i) / place for i, place in enumerate(places)]
            precisions += good / size * sum(expected)
        gain = sum([entry.gain for entry in equals])
        gained += gain / size * sum([_discount(place) for place in places])
        above, hits = above + size, hits + good
    best = sorted([entry.gain for entry in entries], reverse=True)
    kept = sum([entry.kept for entry in entries])
    hits_kept = sum([entry.kept and entry.relevant for entry in entries])
    return {
        "auc": ratio(wins, hits * (above - hits)),
        "average_precision": ratio(precisions, hits),
        "ndcg": ratio(gained, sum([gain * _discount(i) for i, gain in enumerate(best, start=1)])),
        "precision": ratio(hits_kept, kept),
        "recall": ratio(hits_kept, hits),
        "f1": ratio(2 * hits_kept, kept + hits),
        "precision_at_k": ratio(in_top, k),
        "recall_at_k": ratio(in_top, hits),
    }


def _discount(place: int) -> float:
    return 1 / math.log2(place + 1)


def ratio(part: float, whole: float) -> float | None:
    return min(part / whole, 1.0) if whole else None  # rounding can lead slightly above 1
