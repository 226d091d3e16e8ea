"""How well do scores rank labelled papers, and do other scores rank them better? Pure.

`evaluate` measures one set of scores, `compare` two, both with the figures of `measures`.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from statistics import fmean, quantiles
from typing import Any

from digest.core.day import Cut
from digest.core.scores import NO_TOPIC, Score
from digest.core.text import one_line
from digest.evaluation.cuts import Cuts, try_cuts
from digest.evaluation.labels import Label
from digest.evaluation.measures import Entry, Figures, gains, measure, order, ratio

K = 20  # papers at the top of the list that a reader looks at
MISSES = 10
SCORES = range(1, 11)
SEED = 0  # of the resamples: the same command gives the same intervals
MIN_DEFINED = 0.5  # share of the resamples in which a figure must be defined to get an interval


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many papers got each score from 1 to 10, and how many of those are relevant."""

    papers: tuple[int, ...]
    relevant: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How two sets of scores of the same papers agree, in relevance or in novelty."""

    papers: int  # that both sets score
    exact: float  # share
    within_one: float  # share, including the exact ones
    difference: float  # mean of second minus first
    confusion: tuple[tuple[int, ...], ...]  # papers by [first - 1][second - 1]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A set of scores, measured by labels."""

    n: int
    relevant: int
    scored: int
    unscored: int
    cut: Cut
    k: int  # never more than n
    kept: int
    true_positives: int
    figures: Figures
    gain: str  # how nDCG counts a paper, in words
    cuts: Cuts | None  # what other cuts give; None: no relevant paper has a score
    relevance: Histogram | None  # None: no score at all
    novelty: Histogram | None  # None: the scorer gives none
    agreement: dict[str, Agreement]  # by axis, if both have it; labels first
    missed: tuple[Entry, ...]  # relevant but not kept, the lowest first, the unscored last
    wrongly_kept: tuple[Entry, ...]  # kept but not relevant, the highest first

    @property
    def false_positives(self) -> int:
        return self.kept - self.true_positives

    @property
    def false_negatives(self) -> int:
        return self.relevant - self.true_positives


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure of `b` minus that of `a`, with the 95% percentile interval of the bootstrap."""

    difference: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two sets of scores, measured on the labelled papers that both have a score for."""

    labelled: int
    unscored_a: int  # labelled papers without a score of a: left out of both
    unscored_b: int
    a: Evaluation
    b: Evaluation
    resamples: int
    seed: int
    differences: dict[str, Difference]  # by the names of `FIGURES`
    kept_by_both: int
    only_a: int
    only_b: int
    jaccard: float | None  # kept by both / kept by either
    agreement: dict[str, Agreement]  # by axis, if both have it; a first


def evaluate(
    labels: Sequence[Label], scores: Mapping[str, Score], cut: Cut, k: int = K
) -> Evaluation:
    """Measure `scores`, by paper id, against `labels`. Scores of other papers are ignored."""
    return _evaluate(order(labels, scores, cut), cut, k)


def compare(
    labels: Sequence[Label],
    a: Mapping[str, Score],
    b: Mapping[str, Score],
    cut: Cut,
    k: int = K,
    *,
    cut_b: Cut | None = None,
    resamples: int = 1000,
) -> Comparison:
    """Measure both sets of scores, and how certain their differences are. `cut_b` is the cut of b,
    if it is another one.

    Each resample draws as many papers as there are, with replacement, and measures both sets on
    them. A paper without a score of a or b is left out of both. The intervals show the chance in
    the choice of papers alone: a model that is asked twice also differs from itself.
    """
    unscored_a, unscored_b = (sum(x.paper.id not in scores for x in labels) for scores in (a, b))
    both = [label for label in labels if label.paper.id in a and label.paper.id in b]
    cut_b = cut_b or cut
    entries_a, entries_b = order(both, a, cut), order(both, b, cut_b)
    of_a, of_b = _evaluate(entries_a, cut, k), _evaluate(entries_b, cut_b, k)
    chance = random.Random(SEED)  # noqa: S311 - a bootstrap, no secret
    drawn = []
    for _ in range(resamples if both else 0):
        sample = chance.choices(range(len(both)), k=len(both))
        sample_a, sample_b = ([each[i] for i in sample] for each in (entries_a, entries_b))
        drawn.append(_subtract(measure(sample_b, of_b.k), measure(sample_a, of_a.k)))
    differences = {
        name: Difference(value, *_interval([one[name] for one in drawn]))
        for name, value in _subtract(of_b.figures, of_a.figures).items()
    }
    kept_a, kept_b = ({e.label.paper.id for e in each if e.kept} for each in (entries_a, entries_b))
    return Comparison(
        labelled=len(labels),
        unscored_a=unscored_a,
        unscored_b=unscored_b,
        a=of_a,
        b=of_b,
        resamples=resamples,
        seed=SEED,
        differences=differences,
        kept_by_both=len(kept_a & kept_b),
        only_a=len(kept_a - kept_b),
        only_b=len(kept_b - kept_a),
        jaccard=ratio(len(kept_a & kept_b), len(kept_a | kept_b)),
        agreement=_agreements([(a[x.paper.id], b[x.paper.id]) for x in both]),
    )


def as_dict(result: Any) -> Any:
    """An evaluation or comparison for `json.dumps`: floats to four digits, texts on one line."""
    if isinstance(result, Entry):
        return as_dict(_miss(result))
    if isinstance(result, Cut):
        return result.as_stated()
    if is_dataclass(result):
        return {f.name: as_dict(getattr(result, f.name)) for f in fields(result)}
    if isinstance(result, dict):
        return {key: as_dict(item) for key, item in result.items()}
    if isinstance(result, tuple):
        return [as_dict(item) for item in result]
    if isinstance(result, float):
        return round(result, 4) + 0.0  # no -0.0
    return one_line(result) if isinstance(result, str) else result


def _miss(entry: Entry) -> dict[str, Any]:
    label, score = entry.label, entry.score
    return {
        "id": label.paper.id,
        "title": label.paper.title,
        "relevance": score and score.relevance,
        "novelty": score and score.novelty,
        "label_relevance": label.relevance,
        "label_novelty": label.novelty,
        "topic": score.topic if score else NO_TOPIC,
        "comment": score.comment if score else "",
        "similarity": score and score.similarity,
    }


def _subtract(b: Figures, a: Figures) -> Figures:
    """Each figure of `b` minus that of `a`, if both are defined."""
    pairs = ((name, value, a[name]) for name, value in b.items())
    return {name: None if x is None or y is None else x - y for name, x, y in pairs}


def _interval(drawn: Sequence[float | None]) -> tuple[float | None, float | None]:
    """The limits between which 95% of the values lie; None if too few resamples define them."""
    values = [value for value in drawn if value is not None]
    if len(values) < max(2, MIN_DEFINED * len(drawn)):
        return None, None
    fortieths = quantiles(values, n=40, method="inclusive")
    return fortieths[0], fortieths[-1]


# --- the papers behind the figures -------------------------------------------------------------


def _evaluate(entries: Sequence[Entry], cut: Cut, k: int) -> Evaluation:
    k = min(k, len(entries))
    kept = [entry for entry in entries if entry.kept]
    missed = [entry for entry in entries if entry.relevant and not entry.kept]
    missed.sort(key=lambda e: (e.score is None, -e.place, -e.gain, e.label.paper.id))
    wrongly_kept = [entry for entry in kept if not entry.relevant]
    wrongly_kept.sort(key=lambda e: (e.place, e.gain, e.label.paper.id))
    unscored = sum(entry.score is None for entry in entries)
    return Evaluation(
        n=len(entries),
        relevant=sum(entry.relevant for entry in entries),
        scored=len(entries) - unscored,
        unscored=unscored,
        cut=cut,
        k=k,
        kept=len(kept),
        true_positives=sum(entry.relevant for entry in kept),
        figures=measure(entries, k),
        gain=gains([entry.label for entry in entries], cut)[0],
        cuts=try_cuts(entries, cut),
        relevance=_histogram(entries, "relevance"),
        novelty=_histogram(entries, "novelty"),
        agreement=_agreements([(e.label, e.score) for e in entries if e.score]),
        missed=tuple(missed[:MISSES]),
        wrongly_kept=tuple(wrongly_kept[:MISSES]),
    )


def _histogram(entries: Sequence[Entry], axis: str) -> Histogram | None:
    every = Counter(getattr(entry.score, axis, None) for entry in entries)
    good = Counter(getattr(entry.score, axis, None) for entry in entries if entry.relevant)
    if not any(every[score] for score in SCORES):
        return None
    return Histogram(tuple(every[v] for v in SCORES), tuple(good[v] for v in SCORES))


def _agreements(pairs: Sequence[tuple[Label | Score, Score]]) -> dict[str, Agreement]:
    """By axis, if there is a paper for which both have it."""
    agreements = {}
    for axis in ("relevance", "novelty"):
        both = [(getattr(a, axis), getattr(b, axis)) for a, b in pairs]
        both = [(a, b) for a, b in both if a is not None and b is not None]
        if not both:
            continue
        counts = Counter(both)
        agreements[axis] = Agreement(
            papers=len(both),
            exact=fmean(a == b for a, b in both),
            within_one=fmean(abs(a - b) <= 1 for a, b in both),
            difference=fmean(b - a for a, b in both),
            confusion=tuple(tuple(counts[a, b] for b in SCORES) for a in SCORES),
        )
    return agreements
