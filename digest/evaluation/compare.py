"""How well scores rank labelled papers, and whether other scores do better. Pure.

`evaluate` measures one set of scores and `compare` two, as `digest.measures` says.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from digest.core.models import Cut
from digest.core.scores import NO_TOPIC, Score
from digest.core.text import one_line
from digest.evaluation.labels import Label
from digest.evaluation.measures import FIGURES, Entry, Figures, Order, Truth, measure, minus, ratio

K = 20  # what a reader looks at before the first coffee is gone
MISSES = 10
SCORES = range(1, 11)
LEAST_DEFINED = 0.5  # of the resamples, for an interval to be given


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many papers got each score from 1 to 10, and how many of those are relevant."""

    papers: tuple[int, ...]
    relevant: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How two judgements of the same papers compare on one axis."""

    papers: int  # that both judged
    exact: float  # share
    within_one: float  # share, the exact ones included
    difference: float  # the second minus the first, mean
    confusion: tuple[tuple[int, ...], ...]  # papers by [first - 1][second - 1]


@dataclass(frozen=True, slots=True)
class Miss:
    """A paper on the wrong side of the cut."""

    id: str
    title: str
    relevance: int | None  # None: not scored
    novelty: int | None
    label_relevance: int | None
    label_novelty: int | None
    topic: str
    comment: str
    similarity: float | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What scores are worth, measured by labels."""

    n: int
    relevant: int
    scored: int
    unscored: int
    cut: Cut
    k: int  # never more than n
    kept: int
    true_positives: int
    figures: Figures
    gain: str  # what nDCG counts
    relevance: Histogram | None  # None: no score at all
    novelty: Histogram | None  # None: the scorer does not judge it
    agreement: dict[str, Agreement]  # labels first; only the axes that both carry
    missed: tuple[Miss, ...]  # relevant and not kept, the lowest first, the unscored last
    wrongly_kept: tuple[Miss, ...]  # kept and not relevant, the highest first

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
    unscored_a: int  # labelled papers that a has no score for: left out of both
    unscored_b: int
    a: Evaluation
    b: Evaluation
    resamples: int
    seed: int
    differences: dict[str, Difference]  # by the name of the field in `Figures`
    kept_by_both: int
    only_a: int
    only_b: int
    jaccard: float | None  # kept by both, of those kept by either
    agreement: dict[str, Agreement]  # a first; only the axes that both carry


def evaluate(
    labels: Sequence[Label], scores: Mapping[str, Score], cut: Cut, k: int = K
) -> Evaluation:
    """Measure `scores`, by paper id, against `labels`. Scores of other papers are ignored."""
    truth = Truth.of(labels, cut, k)
    return _evaluate(truth, Order.of(truth, scores), scores)


def compare(
    labels: Sequence[Label],
    a: Mapping[str, Score],
    b: Mapping[str, Score],
    cut: Cut,
    k: int = K,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> Comparison:
    """Measure both and how sure their difference is: each resample draws as many papers as there
    are, with replacement, and measures both on them.

    A paper that either has no score for is left out: it says nothing of which ranks better. The
    interval is about the choice of papers alone: a model that is asked twice differs as well.
    """
    unscored_a, unscored_b = (sum(x.paper.id not in scores for x in labels) for scores in (a, b))
    truth = Truth.of([x for x in labels if x.paper.id in a and x.paper.id in b], cut, k)
    orders = Order.of(truth, a), Order.of(truth, b)
    drawn: dict[str, list[float]] = {name: [] for name in FIGURES}
    chance = random.Random(seed)  # noqa: S311 - a bootstrap, no secret
    for _ in range(resamples if truth.n else 0):
        weights = [0] * truth.n
        for i in chance.choices(range(truth.n), k=truth.n):
            weights[i] += 1
        figures_a, figures_b = (measure(truth, order, weights) for order in orders)
        for name in FIGURES:
            difference = minus(getattr(figures_b, name), getattr(figures_a, name))
            if difference is not None:
                drawn[name].append(difference)
    of_a, of_b = _evaluate(truth, orders[0], a), _evaluate(truth, orders[1], b)
    kept_a, kept_b = ({e.paper for e in order.entries if e.kept} for order in orders)
    return Comparison(
        len(labels),
        unscored_a,
        unscored_b,
        of_a,
        of_b,
        resamples,
        seed,
        {
            name: Difference(
                minus(getattr(of_b.figures, name), getattr(of_a.figures, name)),
                *_interval(drawn[name], resamples),
            )
            for name in FIGURES
        },
        len(kept_a & kept_b),
        len(kept_a - kept_b),
        len(kept_b - kept_a),
        ratio(len(kept_a & kept_b), len(kept_a | kept_b)),
        _agreements([(a[i], b[i]) for i in truth.ids]),
    )


def as_dict(result: Evaluation | Comparison) -> dict[str, object]:
    """For `json.dumps`: floats to four digits, None where undefined, texts on one line."""
    return {f.name: _plain(getattr(result, f.name)) for f in fields(result)}


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return round(value, 4) + 0.0  # no -0.0
    return one_line(value) if isinstance(value, str) else value


def _interval(drawn: list[float], resamples: int) -> tuple[float | None, float | None]:
    """Between which 95% of the values lie; unknown where a resample is mostly undefined."""
    if not drawn or len(drawn) < LEAST_DEFINED * resamples:
        return None, None
    ordered = sorted(drawn)
    return _quantile(ordered, 0.025), _quantile(ordered, 0.975)


def _quantile(ordered: Sequence[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    next_one = ordered[min(below + 1, len(ordered) - 1)]
    return ordered[below] + (place - below) * (next_one - ordered[below])


# --- the papers behind the figures -------------------------------------------------------------


def _evaluate(truth: Truth, order: Order, scores: Mapping[str, Score]) -> Evaluation:
    placed = [(place, entry) for place, group in enumerate(order.scored) for entry in group]
    kept = [(place, entry) for place, entry in placed if entry.kept]

    def sort(found: Iterable[tuple[int, Entry]], sign: int) -> list[Miss]:
        by = sorted((sign * place, sign * e.gain, truth.ids[e.paper], e) for place, e in found)
        return [_miss(truth.labels[e.paper], scores.get(paper_id)) for _, _, paper_id, e in by]

    missed = sort((at for at in placed if at[1].relevant and not at[1].kept), -1)
    missed += sort(((0, entry) for entry in order.unscored if entry.relevant), -1)
    wrongly_kept = sort((at for at in kept if not at[1].relevant), 1)
    labelled = [
        (Score(label.relevance, label.novelty), scores[label.paper.id])
        for label in truth.labels
        if label.relevance is not None and label.paper.id in scores
    ]
    return Evaluation(
        n=truth.n,
        relevant=sum(truth.relevant),
        scored=len(placed),
        unscored=len(order.unscored),
        cut=truth.cut,
        k=truth.k,
        kept=len(kept),
        true_positives=sum(entry.relevant for _, entry in kept),
        figures=measure(truth, order, [1] * truth.n),
        gain=truth.gain,
        relevance=_histogram(truth, scores, "relevance"),
        novelty=_histogram(truth, scores, "novelty"),
        agreement=_agreements(labelled),
        missed=tuple(missed[:MISSES]),
        wrongly_kept=tuple(wrongly_kept[:MISSES]),
    )


def _histogram(truth: Truth, scores: Mapping[str, Score], axis: str) -> Histogram | None:
    values = [getattr(scores.get(paper_id), axis, None) for paper_id in truth.ids]
    if not any(values):
        return None
    good = Counter(v for v, relevant in zip(values, truth.relevant, strict=True) if relevant)
    every = Counter(values)
    return Histogram(tuple(every[v] for v in SCORES), tuple(good[v] for v in SCORES))


def _agreements(pairs: Sequence[tuple[Score, Score]]) -> dict[str, Agreement]:
    """By axis, where there is a paper that both judged on it."""
    found = {}
    for axis in ("relevance", "novelty"):
        both = [(getattr(a, axis), getattr(b, axis)) for a, b in pairs]
        both = [(a, b) for a, b in both if a is not None and b is not None]
        if not both:
            continue
        counts = Counter(both)
        found[axis] = Agreement(
            papers=len(both),
            exact=sum(a == b for a, b in both) / len(both),
            within_one=sum(abs(a - b) <= 1 for a, b in both) / len(both),
            difference=sum(b - a for a, b in both) / len(both),
            confusion=tuple(tuple(counts[a, b] for b in SCORES) for a in SCORES),
        )
    return found


def _miss(label: Label, score: Score | None) -> Miss:
    return Miss(
        id=label.paper.id,
        title=label.paper.title,
        relevance=score.relevance if score else None,
        novelty=score.novelty if score else None,
        label_relevance=label.relevance,
        label_novelty=label.novelty,
        topic=score.topic if score else NO_TOPIC,
        comment=score.comment if score else "",
        similarity=score.similarity if score else None,
    )
