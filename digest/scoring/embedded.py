"""The embedded scorer: no key, no network, and a reason for each score that a reader can check.

Papers, topics and keywords are compared as TF-IDF vectors of stems and of pairs of stems. Each
topic is a vector of its own, so that a long one does not drown a short one, and a paper counts by
the topics that it is like. Phrases to avoid take up to half of that away. The papers above the
day's median then lend their words to the query (Rocchio's pseudo-relevance feedback), so that
papers on a topic are found that name it otherwise; on a day of few papers the reader's words decide
almost alone.

PyStemmer is the only library: 2.7 MB, imported in a millisecond, wheels for each supported Python.
Measured and rejected: scikit-learn (+200 MB installed, 0.8 s and 100 MB of memory to import) and
bm25s (needs numpy) rank no better here; wordllama downloads its tokenizer at run time, and
sentence-transformers needs torch (6 GB). `tests/bench/ranking.py` measures the ranking.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from statistics import median, pstdev
from typing import TypeVar

from digest.core.papers import Paper
from digest.core.scores import NO_TOPIC, Score, Topic, Topics
from digest.scoring.phrases import (
    Phrases,
    features,
    find,
    phrase_features,
    phrases,
    searchable,
    text_features,
    words,
)
from digest.scoring.topics import ONE_TOPIC
from digest.scoring.vectors import Vector, dot, unit

T = TypeVar("T")

# Chosen on labelled days of two readers with tests/bench/ranking.py; the ranking hardly changes
# near each value.
_PAIR_WEIGHT = 0.7  # of a pair of stems, beside a stem
_POWER = 3  # of the mean over topics: the nearest topic counts most
_AVOID_WEIGHT = 1.5  # of phrases to avoid, beside wanted ones …
_IRRELEVANT_WEIGHT = 0.6  # … and of what "not relevant" lines have beyond the wanted words
_MOST_AVOIDED = 0.5  # share of a paper's similarity that both can take away
_PRIOR_PAPERS = 100  # weight of the two presumed shares, in papers
_PRIOR_SHARE = 0.01  # presumed share of papers that have a word …
_OWN_SHARE = 0.1  # … that is one of the reader's, in the categories that this reader follows
_FEEDBACK, _FEEDBACK_AT = 0.8, 300  # its weight on long days; papers of a day with half of that
# Relevance 3 … 10 begins at these similarities. They mean the same for every reader: a paper on
# something else is near .02, half of what readers want lies above .05.
_STEPS = (0.025, 0.033, 0.041, 0.05, 0.06, 0.073, 0.09, 0.115)
_MAX_NAMED = 6  # phrases in a comment
_MOST_UNEXPLAINED = 6  # relevance of a paper that has no phrase of the reader's …
_MOST_AVOIDED_ONLY = 2  # … but for one to avoid


@dataclass(frozen=True, slots=True)
class _Document:
    """A paper as the scorer sees it."""

    texts: tuple[str, str]  # title and abstract, `searchable`
    counts: Counter[str]  # of features


@dataclass(frozen=True, slots=True)
class _Wish:
    """The reader's words, ready to be looked for."""

    wanted: dict[str, Phrases]  # by topic
    others: Phrases  # keywords, and what is about all topics
    avoid: Phrases
    stems: frozenset[str]  # of what is wanted
    topics: dict[str, Vector]
    query: tuple[Vector, ...]  # the topics', the keywords', that of all topics
    avoided: Vector
    irrelevant: Vector


def score(papers: Sequence[Paper], topics: Topics) -> dict[str, Score]:
    """A `Score` for each paper, by id. The same for any order of the papers.

    `novelty` is always None. The comment names phrases of the topics that stand in the paper (case,
    plural, accents and hyphens apart), or says that there are none.
    """
    ordered = sorted(papers, key=lambda paper: paper.id)  # float sums depend on the order
    documents = [_document(paper) for paper in ordered]
    wish, idf = _read(topics, documents)
    vectors = [unit(document.counts, idf) for document in documents]
    explained = [
        _explain(document, vector, wish)
        for document, vector in zip(documents, vectors, strict=True)
    ]
    asked = [_likeness(vector, wish) for vector in vectors]
    similarities = _with_feedback(vectors, asked)
    scores = {
        paper.id: _score(explanation, similarity)
        for paper, explanation, similarity in zip(ordered, explained, similarities, strict=True)
    }
    return {paper.id: scores[paper.id] for paper in papers}


def avoided(papers: Iterable[Paper], topics: Topics) -> frozenset[str]:
    """The ids of the papers that have a phrase to avoid, or of what is not relevant."""
    avoid = _avoid(topics)
    return frozenset(paper.id for paper in papers if find(avoid, _searchable(paper)))


def papers_with_phrase(papers: Iterable[Paper], topics: Topics) -> int:
    """How many of the papers have a phrase of the reader's: none, if the topics are of another
    field or in another script."""
    wanted = phrases(*_texts(topics))
    return sum(
        any(key in text for text in _searchable(paper) for key in wanted) for paper in papers
    )


@dataclass(frozen=True, slots=True)
class _Explanation:
    topic: str
    matches: list[str]
    avoided: list[str]
    has_word: bool  # of the topics


def _explain(document: _Document, vector: Vector, wish: _Wish) -> _Explanation:
    fits = {name: dot(vector, topic) for name, topic in wish.topics.items()}
    topic = max((name for name in fits if fits[name] > 0), key=fits.__getitem__, default=NO_TOPIC)
    wanted = dict(wish.wanted.get(topic, {}))  # those of the paper's own topic first
    for others in (*wish.wanted.values(), wish.others):
        wanted |= others
    return _Explanation(
        topic,
        find(wanted, document.texts),
        find(wish.avoid, document.texts),
        has_word=not wish.stems.isdisjoint(document.counts),
    )


def _likeness(vector: Vector, wish: _Wish) -> float:
    """How like a paper is to what is wanted, less what is to be avoided."""
    like = math.pow(sum(dot(vector, wanted) ** _POWER for wanted in wish.query), 1 / _POWER)
    unlike = _AVOID_WEIGHT * dot(vector, wish.avoided)
    unlike += _IRRELEVANT_WEIGHT * dot(vector, wish.irrelevant)
    return like - min(unlike, _MOST_AVOIDED * like)


def _score(explanation: _Explanation, similarity: float) -> Score:
    matches, avoided = explanation.matches, explanation.avoided
    relevance = bisect_right(_STEPS, similarity) + 2
    if matches:
        comment = f"matches: {', '.join(matches[:_MAX_NAMED])}"
    elif explanation.has_word:
        comment = "no phrase of the topics"
        if explanation.topic == NO_TOPIC:  # the word is of the keywords, or of what is about all
            comment += ", but single words of topics.md"
        else:
            comment += f"; closest topic: {explanation.topic}"
        relevance = min(relevance, _MOST_AVOIDED_ONLY if avoided else _MOST_UNEXPLAINED)
    else:
        comment, relevance = "no word of the topics", 1
    if avoided:
        comment += f"; avoids: {', '.join(avoided[:_MAX_NAMED])}"
    return Score(
        relevance=relevance,
        novelty=None,
        topic=explanation.topic,
        comment=comment,
        similarity=similarity,
    )


def _with_feedback(vectors: list[Vector], asked: list[float]) -> list[float]:
    """How like each paper is to what was asked for, and to the papers that are like it, on the
    scale of the former."""
    if not vectors:
        return []
    middle = median(asked)
    excess = [max(likeness - middle, 0.0) for likeness in asked]
    total = sum(excess) or 1.0
    weights = [e / total - 1 / len(vectors) for e in excess]  # the likely papers minus the mean
    day: Vector = {}
    for vector, weight in zip(vectors, weights, strict=True):
        for feature, value in vector.items():
            day[feature] = day.get(feature, 0.0) + weight * value
    # No paper votes for itself.
    others = [dot(v, day) - weight * dot(v, v) for v, weight in zip(vectors, weights, strict=True)]
    spread = pstdev(others)
    scale = pstdev(asked) / spread if spread else 0.0
    trust = _FEEDBACK * len(vectors) / (len(vectors) + _FEEDBACK_AT)
    centre = sum(others) / len(others)
    return [
        round((1 - trust) * own + trust * (middle + scale * (other - centre)), 4) + 0.0  # no -0.0
        for own, other in zip(asked, others, strict=True)
    ]


def _texts(topics: Topics) -> list[str]:
    """Everything that is wanted, as texts."""
    described = [*topics.topics, *([topics.general] if topics.general else [])]
    return [*(text for topic in described for text in wanted_texts(topic)), *topics.keywords]


def wanted_texts(topic: Topic) -> tuple[str, ...]:
    """What a topic says is wanted: its name and its text."""
    if topic.name == ONE_TOPIC:  # not the reader's words
        return (topic.relevant,)
    return topic.name, topic.relevant


def _read(topics: Topics, documents: list[_Document]) -> tuple[_Wish, dict[str, float]]:
    """The reader's words, and the weight of each word: the rarer, the higher."""
    general = topics.general or Topic("", "", "")
    bags = {topic.name: Counter(text_features(*wanted_texts(topic))) for topic in topics.topics}
    others = [Counter(text_features(*topics.keywords)), Counter(text_features(general.relevant))]
    wanted = [*bags.values(), *filter(None, others)]
    avoid = phrases(*topics.avoid)
    avoided = Counter(phrase_features(avoid.values()))
    # A reader of galaxies for whom massive galaxies are not relevant does not avoid galaxies.
    irrelevant = _without(Counter(text_features(*_not_relevant(topics))), set().union(*wanted))
    own = {feature for bag in (*wanted, avoided, irrelevant) for feature in bag}
    papers_with = Counter(dict.fromkeys(own, 0))
    papers_with.update(f for document in documents for f in document.counts)
    presumed = {True: _PRIOR_PAPERS * _OWN_SHARE, False: _PRIOR_PAPERS * _PRIOR_SHARE}
    total = len(documents) + _PRIOR_PAPERS
    idf = {
        f: math.log(total / (n + presumed[f in own])) * (_PAIR_WEIGHT if " " in f else 1.0)
        for f, n in papers_with.items()
    }
    return _Wish(
        wanted={topic.name: phrases(*wanted_texts(topic)) for topic in topics.topics},
        others=phrases(*topics.keywords, general.relevant),
        avoid=_avoid(topics),
        stems=frozenset(feature for bag in wanted for feature in bag if " " not in feature),
        topics={name: unit(bag, idf) for name, bag in bags.items()},
        query=tuple(unit(bag, idf) for bag in wanted),
        avoided=unit(avoided, idf),
        irrelevant=unit(irrelevant, idf),
    ), idf


def _not_relevant(topics: Topics) -> list[str]:
    described = [*topics.topics, *([topics.general] if topics.general else [])]
    return [topic.irrelevant for topic in described]


def _avoid(topics: Topics) -> Phrases:
    """The phrases to avoid, and those of what is not relevant that are not wanted elsewhere."""
    unlike = _without(phrases(*_not_relevant(topics)), phrases(*_texts(topics)))
    return phrases(*topics.avoid) | unlike


def _without(named: dict[str, T], others: Collection[str]) -> dict[str, T]:
    return {name: value for name, value in named.items() if name not in others}


def _document(paper: Paper) -> _Document:
    title, abstract = features(words(paper.title)), features(words(paper.abstract))
    counts = Counter([*title, *title, *abstract])  # what the title names is what the paper is about
    return _Document(_searchable(paper), counts)


def _searchable(paper: Paper) -> tuple[str, str]:
    return searchable(paper.title), searchable(paper.abstract)
