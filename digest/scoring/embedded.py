"""The embedded scorer: no key, no network, and a reason for each score that a reader can check.

Papers and topics are compared as TF-IDF vectors of stems and of pairs of stems. The user's words
rank the day (wanted minus avoided). The papers above the day's median then lend their words to the
query, weighted by how far they are above it (Rocchio's pseudo-relevance feedback), so that papers
on a topic are found that name it otherwise. On a day of few papers the user's words decide.

PyStemmer is the only library: 2.7 MB, imported in a millisecond, wheels for each supported Python.
The vectors are small dicts: 0.3 s and 20 MB for a day of 450 papers. Measured and rejected:
scikit-learn (+200 MB installed, 0.8 s and 100 MB of memory to import) and bm25s (needs numpy) rank
no better here; wordllama downloads its tokenizer at run time, and sentence-transformers needs torch
(6 GB). `tests/bench/ranking.py` measures the ranking.
"""

from __future__ import annotations

import math
import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from statistics import median

import Stemmer

from digest.core.papers import Paper
from digest.core.scores import NO_TOPIC, Score, Topics

Vector = dict[str, float]

# Chosen on labelled days with tests/bench/ranking.py; the ranking hardly changes near each value.
_TITLE_WEIGHT = 3  # words of the abstract that a word of the title counts for
_IRRELEVANT_WEIGHT = 0.2  # "not relevant" lines use the topic's own words: they weigh little
_BREVITY = 40.0  # half the length of an abstract's vector: a title alone proves less
_PRIOR_PAPERS = 100  # weight of the two presumed shares, in papers
_PRIOR_SHARE = 0.01  # presumed share of papers that have a word …
_OWN_SHARE = 0.1  # … that is one of the user's, in the categories that this user follows
_FEEDBACK_AT = 560  # papers a day at which the day's words have half of their full weight
_QUERY_SCALE = 0.4  # brings the user's words to the level of the day's

# Relevance 2 … 10 begins at these similarities; a paper that is neither like nor unlike the topics
# is near 0. Nothing is scaled by the day's best or worst: a day without the topics keeps little.
_STEPS = (-0.0085, -0.0057, -0.003, 0.0, 0.003, 0.006, 0.009, 0.0135, 0.02)

_MAX_CHARS = 20_000  # of an abstract; the longest real ones have a tenth
_MAX_PHRASE = 5  # words: a longer clause is prose, which no paper repeats
_MAX_NAMED = 6  # phrases in a comment
_MOST_UNEXPLAINED = 6  # relevance of a paper that has no phrase of the user's

_WORD = re.compile(r"[^\W_]+")
_CLAUSE = re.compile(r"[;,()\n—]|[.:!?](?=\s|$)|\s[-–]\s")
_ENGLISH = """
    a about above after again against all almost also although always among an and any are as at
    be because been before being between both but by can cannot could did do does doing done down
    due during each either else etc even ever every few for from further had has have having hence
    her here his how however if in into is it its itself just less let like made make many may
    merely might more moreover most much must my nor not of off often on once one only onto or
    other our out over own per rather same several should since so some such than that the their
    them then there these they this those through thus to together too toward towards under until
    up upon us use used uses using very via was we well were what when where whether which while
    who whose why will with within without would yet you your
    based existing
"""
_STOP_WORDS = frozenset(_ENGLISH.split())


_STEMMER = Stemmer.Stemmer("english")
_Phrases = dict[str, str]  # a phrase as written, by its key


@dataclass(frozen=True, slots=True)
class _Document:
    """A paper as the scorer sees it."""

    title: str  # a key
    abstract: str  # a key
    counts: Counter[str]  # of features; a word of the title counts `_TITLE_WEIGHT` times

    def find(self, phrases: _Phrases) -> list[str]:
        """The phrases in the paper, the title's first, without those inside a longer one."""
        keys = [key for key in phrases if key in self.title]
        keys += [key for key in phrases if key in self.abstract and key not in self.title]
        inside = {key for key in keys for longer in keys if key != longer and key in longer}
        return [phrases[key] for key in keys if key not in inside]


@dataclass(frozen=True, slots=True)
class _Wish:
    """The user's words, ready to be looked for."""

    phrases: dict[str, _Phrases]  # by topic
    keywords: _Phrases
    avoid: _Phrases
    topics: dict[str, Vector]
    query: Vector  # wanted minus avoided


def score(papers: Sequence[Paper], topics: Topics) -> dict[str, Score]:
    """A `Score` for each paper, by id. The same for any order of the papers.

    `novelty` is always None. The comment names phrases of the topics that stand in the paper word
    for word (except for case and plural), or says that there are none.
    """
    ordered = sorted(papers, key=lambda paper: paper.id)  # float sums depend on the order
    documents = [_document(paper) for paper in ordered]
    wish, idf = _read(topics, documents)
    vectors = [_unit(d.counts, idf, _BREVITY) for d in documents]
    similarities = _similarities(vectors, wish.query)
    scores = {
        paper.id: _score(document, vector, similarity, wish)
        for paper, document, vector, similarity in zip(
            ordered, documents, vectors, similarities, strict=True
        )
    }
    return {paper.id: scores[paper.id] for paper in papers}


def _score(document: _Document, vector: Vector, similarity: float, wish: _Wish) -> Score:
    fits = {name: _dot(vector, topic) for name, topic in wish.topics.items()}
    topic = max((name for name in fits if fits[name] > 0), key=fits.__getitem__, default=NO_TOPIC)
    wanted = dict(wish.phrases.get(topic, {}))  # those of the paper's own topic first
    for phrases in (*wish.phrases.values(), wish.keywords):
        wanted |= phrases
    matches, avoided = document.find(wanted), document.find(wish.avoid)
    if matches:
        comment = f"matches: {', '.join(matches[:_MAX_NAMED])}"
    elif topic != NO_TOPIC:
        comment = f"no phrase of the topics; closest topic: {topic}"
    else:
        comment = "no word of the topics"
    if avoided:
        comment += f"; avoids: {', '.join(avoided[:_MAX_NAMED])}"
    relevance = bisect_right(_STEPS, similarity) + 1
    return Score(
        relevance=relevance if matches else min(relevance, _MOST_UNEXPLAINED),
        novelty=None,
        topic=topic,
        comment=comment,
        similarity=similarity,
    )


def _similarities(vectors: list[Vector], query: Vector) -> list[float]:
    """How similar each paper is to the query, and to the papers that are similar to the query."""
    if not vectors:
        return []
    asked = [_dot(vector, query) for vector in vectors]
    middle = median(asked)
    excess = [max(likeness - middle, 0.0) for likeness in asked]
    total = sum(excess) or 1.0
    weights = [e / total - 1 / len(vectors) for e in excess]  # the likely papers minus the mean
    day: Vector = {}
    for vector, weight in zip(vectors, weights, strict=True):
        for feature, value in vector.items():
            day[feature] = day.get(feature, 0.0) + weight * value
    length = _length(day)
    trust = len(vectors) / (len(vectors) + _FEEDBACK_AT)
    similarities = []
    for vector, weight, likeness in zip(vectors, weights, asked, strict=True):
        others = _dot(vector, day) - weight * _dot(vector, vector)  # no paper votes for itself
        mixed = trust * others / length + (1 - trust) * _QUERY_SCALE * likeness
        similarities.append(round(mixed, 4) + 0.0)  # no -0.0
    return similarities


def _read(topics: Topics, documents: list[_Document]) -> tuple[_Wish, dict[str, float]]:
    """The user's words, and the weight of each word: the rarer, the higher."""
    bags = {t.name: _text_features(t.name, t.relevant) for t in topics.topics}
    keywords = _text_features(*topics.keywords)
    wanted = dict.fromkeys((f for bag in (*bags.values(), keywords) for f in bag), 1)
    avoided = _text_features(*topics.avoid)
    irrelevant = _text_features(*(t.irrelevant for t in topics.topics))
    own = wanted | avoided | irrelevant

    papers_with = Counter(dict.fromkeys(own, 0))
    papers_with.update(f for document in documents for f in document.counts)
    presumed = {True: _PRIOR_PAPERS * _OWN_SHARE, False: _PRIOR_PAPERS * _PRIOR_SHARE}
    total = len(documents) + _PRIOR_PAPERS
    idf = {f: math.log(total / (n + presumed[f in own])) for f, n in papers_with.items()}

    query: Vector = {}
    for bag, weight in ((wanted, 1.0), (avoided, -1.0), (irrelevant, -_IRRELEVANT_WEIGHT)):
        for feature, value in _unit(bag, idf).items():
            query[feature] = query.get(feature, 0.0) + weight * value
    return _Wish(
        phrases={t.name: _phrases(t.name, t.relevant, prose=True) for t in topics.topics},
        keywords=_phrases(*topics.keywords),
        avoid=_phrases(*topics.avoid, *(t.irrelevant for t in topics.topics)),
        topics={name: _unit(bag, idf) for name, bag in bags.items()},
        query=query,
    ), idf


def _features(words: Iterable[str]) -> list[str]:
    """The stems of words, and the pairs of neighbouring stems."""
    meaningful = (w for w in words if len(w) > 1 and not w.isdigit() and w not in _STOP_WORDS)
    stems: list[str] = _STEMMER.stemWords(list(meaningful))
    return stems + list(map(" ".join, pairwise(stems)))


def _text_features(*texts: str) -> dict[str, int]:
    """The features of a description, each once; no pair reaches across two clauses."""
    return {
        feature: 1
        for text in texts
        for clause in _CLAUSE.split(text)
        for alternative in _alternatives(clause)
        for feature in _features(_words(alternative))
    }


def _document(paper: Paper) -> _Document:
    title, abstract = _words(paper.title), _words(paper.abstract)
    counts = Counter(_features(abstract))
    for feature in _features(title):
        counts[feature] += _TITLE_WEIGHT
    return _Document(_key(title), _key(abstract), counts)


def _phrases(*texts: str, prose: bool = False) -> _Phrases:
    """The phrases of a description, aliases included. Prose is also cut at "and" and "or"."""
    phrases: _Phrases = {}
    for clause in (c for text in texts for c in _CLAUSE.split(text)):
        for part in re.split(r"\b(?:and|or)\b", clause) if prose else [clause]:
            for alternative in _alternatives(part):
                words = alternative.split()
                while words and words[0].casefold() in _STOP_WORDS:
                    del words[0]
                while words and words[-1].casefold() in _STOP_WORDS:
                    del words[-1]
                text = " ".join(words)
                key = _key(_words(text))
                if len(key) > 3 and len(words) <= _MAX_PHRASE:
                    phrases.setdefault(key, text)
    return phrases


def _alternatives(clause: str) -> Iterator[str]:
    """Each reading of the slashes: "sparse/dense layers" is "sparse layers" and "dense layers"."""
    words = [[w for w in word.split("/") if w] for word in clause.split()]
    if math.prod(map(len, words)) > 16:  # nobody writes phrases like this
        return iter([clause.replace("/", " ")])
    return map(" ".join, product(*words))


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text[:_MAX_CHARS]).casefold())


def _key(words: Sequence[str]) -> str:
    """Words in the singular between spaces, so that `in` finds whole words only."""
    return f" {' '.join(w[:-1] if len(w) > 3 and w[-1] == 's' else w for w in words)} "


def _unit(counts: Mapping[str, int], idf: Mapping[str, float], brevity: float = 0.0) -> Vector:
    """The TF-IDF vector of unit length; shorter if the text is short compared with `brevity`."""
    vector = {f: (1 + math.log(n)) * idf[f] for f, n in counts.items()}
    length = math.hypot(_length(vector), brevity)
    return {f: value / length for f, value in vector.items()}


def _length(vector: Vector) -> float:
    return math.hypot(*vector.values()) or 1.0


def _dot(a: Vector, b: Vector) -> float:
    if len(a) > len(b):
        a, b = b, a
    return sum(value * b[f] for f, value in a.items() if f in b)
