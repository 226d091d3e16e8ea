"""The learner: what the archive's scores and the reader's votes teach about tomorrow's papers.

A linear model on TF-IDF vectors of stems and pairs of stems. A paper's score is w·x + b with
w = 10 q + v: q are the reader's words (topics.md as it is today), v is what was learned. So on the
first day only the reader's words count, and a change of topics acts at once. After a day scored by
the model, w and b move as little as they can so that papers that reached the cut lie above +1 and
the others below -1 (squared hinge loss, dual coordinate descent: Hsieh et al., "A dual coordinate
descent method for large-scale linear SVM", 2008). Only that day's texts are needed: the archive
keeps mere titles of papers below the cut, and titles teach worse than nothing.

Votes are not learned, but compared anew each day, so that each can be taken back.
`tests/bench/learning.py` measures all this.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import chain
from operator import mul
from statistics import fmean, pstdev

from digest.core.learned import Learned
from digest.core.papers import Paper
from digest.core.scores import Topics
from digest.core.votes import VotedPaper
from digest.scoring.embedded import wanted_texts
from digest.scoring.phrases import (
    features,
    text_features,
    words,
)
from digest.scoring.vectors import Vector, dot, mean, unit

MIN_DAYS = 3  # learned from, before the learner gives the relevance
MAX_WEIGHTS = 2_000
_DECIMALS = 3
_READERS_WORDS = 10  # weight of q
_TITLE = 3  # weight of a word of the title
_COST, _EPOCHS = 0.3, 12
_LIKES, _LIKES_AT, _DISLIKED = 0.5, 5, 0.5  # weight of votes; votes with half of it; of a dislike
# Relevance 3 begins at the lower score, and each further point is as wide as the step. Papers
# below the cut lie near -0.8, papers above it near 0.1; what is kept hardly changes with ±0.1.
_RELEVANCE_3, _STEP = -0.7, 0.2
_MOST_UNKNOWN = 2  # relevance of a paper of which neither reader nor learner knows a word


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What the learner thinks of one paper."""

    score: float
    match: int  # 0 to 100: the percentage of the day's papers with a lower score
    lift: Mapping[str, float]  # what each of its features adds to the score: see `explain`
    is_known: bool = True  # False: neither the topics nor what was learned have a word of it


@dataclass(frozen=True, slots=True)
class Likes:
    """The papers that the reader has voted for and against."""

    liked: tuple[VotedPaper, ...] = ()
    disliked: tuple[VotedPaper, ...] = ()


def foresee(
    papers: Sequence[Paper], topics: Topics, learned: Learned | None, likes: Likes
) -> dict[str, Foreseen]:
    """What the learner thinks of each of a day's papers, by id. The same for any order of papers.

    With n votes the score has a second part, .5 n / (n + 5) times the likeness to liked papers less
    half of that to disliked ones, on the scale of the first part.
    """
    day = _read(papers, topics, learned)
    weights, bias = _weights(day, learned)
    own = [dot(x, weights) for x in day.vectors]
    votes = len(likes.liked) + len(likes.disliked)
    taste = _taste(day, likes)
    liking = [dot(x, taste) for x in day.vectors]
    spread = pstdev(liking) if votes and liking else 0.0
    scale = pstdev(own) or 1.0 if own else 1.0  # where no paper has a known word, votes alone order
    factor = _LIKES * votes / (votes + _LIKES_AT) * scale / spread if spread else 0.0
    centre = factor * fmean(liking) if liking else 0.0
    scores = [
        round(one + bias + factor * other - centre, 6)
        for one, other in zip(own, liking, strict=True)
    ]
    for feature, value in taste.items():
        weights[feature] = weights.get(feature, 0.0) + factor * value
    lowest_first = sorted(scores)
    by_id = {
        paper.id: Foreseen(
            score,
            100 * bisect_left(lowest_first, score) // len(scores),
            {feature: value * weights[feature] for feature, value in x.items()},
            is_known=any(weights[feature] for feature in x),
        )
        for paper, x, score in zip(day.papers, day.vectors, scores, strict=True)
    }
    return {paper.id: by_id[paper.id] for paper in papers}


def relevance(foreseen: Foreseen) -> int:
    """1 to 10, for the embedded scorer's cut, once the learner has learned from `MIN_DAYS` days."""
    value = 3 + math.floor((foreseen.score - _RELEVANCE_3) / _STEP)
    return max(1, min(value, 10 if foreseen.is_known else _MOST_UNKNOWN))


def learn(
    learned: Learned | None,
    day: date,
    papers: Sequence[Paper],
    topics: Topics,
    passes: Mapping[str, bool],
) -> Learned | None:
    """The state after a day scored by the model; unchanged if the day teaches nothing.

    `passes` says by id whether a paper's scores reach the cut; papers without an entry teach
    nothing. A day that is not after the last one that taught never teaches, nor does one on which
    all papers or none pass.
    """
    scored = [paper for paper in papers if paper.id in passes]
    reaching = sum(passes[paper.id] for paper in scored)
    if not 0 < reaching < len(scored) or (learned and day <= learned.through):
        return learned
    read = _read(scored, topics, learned)
    weights, bias = _weights(read, learned)
    costs = {
        passed: _COST * len(scored) / (2 * number)
        for passed, number in ((True, reaching), (False, len(scored) - reaching))
    }
    bias = _descend(
        weights,
        bias,
        read.vectors,
        [1 if passes[paper.id] else -1 for paper in read.papers],
        [costs[passes[paper.id]] for paper in read.papers],
    )
    moved = {f: round(w - read.wanted.get(f, 0.0), _DECIMALS) for f, w in weights.items()}
    largest = sorted(filter(moved.get, moved), key=lambda f: (-abs(moved[f]), f))[:MAX_WEIGHTS]
    return Learned(
        since=learned.since if learned else day,
        through=day,
        days=(learned.days if learned else 0) + 1,
        papers=(learned.papers if learned else 0) + len(scored),
        bias=round(bias, _DECIMALS),
        weights={feature: moved[feature] for feature in sorted(largest)},
    )


def _descend(
    weights: Vector, bias: float, xs: Sequence[Vector], ys: Sequence[int], costs: Sequence[float]
) -> float:
    """Move `weights` in place; the new bias.

    Minimises ½|w − w before|² + ½(b − b before)² + Σ cost max(0, 1 − y (w·x + b))²; the step for
    one paper is exact, given those for the others.
    """
    steps = [0.0] * len(xs)
    rows = [
        (tuple(x), tuple(x.values()), y, 1 / (2 * cost), dot(x, x) + 1)
        for x, y, cost in zip(xs, ys, costs, strict=True)
    ]
    for _ in range(_EPOCHS):
        for i, (names, values, y, softness, norm) in enumerate(rows):
            margin = y * (sum(map(mul, values, map(weights.__getitem__, names))) + bias)
            step = max(steps[i] + (1 - margin - softness * steps[i]) / (norm + softness), 0.0)
            if move := y * (step - steps[i]):
                steps[i] = step
                bias += move
                for name, value in zip(names, values, strict=True):
                    weights[name] += move * value
    return bias


# --- vectors ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Day:
    papers: list[Paper]  # by id: sums of floats depend on the order
    idf: dict[str, float]
    vectors: list[Vector]
    wanted: Vector  # the reader's words, with their weight


def _read(papers: Iterable[Paper], topics: Topics, learned: Learned | None) -> _Day:
    """A feature counts that stands in two papers, or that the reader or the learner knows. (With
    those of liked papers, too, votes rank worse: tests/bench/learning.py.)"""
    ordered = sorted(papers, key=lambda paper: paper.id)
    counts = [_counts(paper) for paper in ordered]
    bags = [Counter(text_features(*texts)) for texts in _wishes(topics)]
    known = {*chain(*bags), *(learned.weights if learned else ())}
    papers_with = Counter(chain(*counts))
    idf = {
        feature: math.log((1 + len(ordered)) / (1 + number))
        for feature, number in papers_with.items()
        if number > 1 or feature in known
    }
    query = mean(unit(bag, idf) for bag in bags)
    wanted = {feature: _READERS_WORDS * value for feature, value in query.items()}
    return _Day(ordered, idf, [unit(count, idf) for count in counts], wanted)


@lru_cache(maxsize=2_000)  # a day is first foreseen, then learned from
def _counts(paper: Paper | VotedPaper) -> Counter[str]:
    title, abstract = features(words(paper.title)), features(words(paper.abstract))
    return Counter(title * _TITLE + abstract)


def _wishes(topics: Topics) -> Iterator[tuple[str, ...]]:
    """The texts of each topic, of what is about all topics, and the keywords."""
    described = [*topics.topics, *([topics.general] if topics.general else [])]
    return filter(any, [*map(wanted_texts, described), topics.keywords])


def _weights(day: _Day, learned: Learned | None) -> tuple[Vector, float]:
    """Weights of the day's features and of all that is known, and the bias."""
    weights = dict.fromkeys(day.idf, 0.0) | day.wanted
    for feature, value in (learned.weights if learned else {}).items():
        weights[feature] = weights.get(feature, 0.0) + value
    return weights, learned.bias if learned else 0.0


def _taste(day: _Day, likes: Likes) -> Vector:
    """The mean liked paper less half of the mean disliked one."""
    taste = mean(unit(_counts(paper), day.idf) for paper in likes.liked)
    for feature, value in mean(unit(_counts(p), day.idf) for p in likes.disliked).items():
        taste[feature] = taste.get(feature, 0.0) - _DISLIKED * value
    return taste
