"""Topics drafted from a reader's library, in the words of its papers. Pure.

The papers are grouped by the embedded scorer's vectors (spherical k-means, started from the papers
farthest apart), and each group is described by the phrases that many of its papers have. The result
has the explicit form of `topics.md` and reads back the same.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from digest.core.errors import ConfigError
from digest.core.scores import Topic, Topics
from digest.core.votes import VotedPaper
from digest.scoring.phrases import clauses, ends_phrase, features, is_vague, words
from digest.scoring.topics import ONE_TOPIC, parse_topics
from digest.scoring.topics_text import as_dict, explicit
from digest.scoring.vectors import Vector, dot, unit

MOST_TOPICS = 6
_PAPERS_A_TOPIC = 6  # a smaller group has hardly a phrase that two of its papers share
_ROUNDS = 12  # of k-means; groups of real libraries are stable after eight
_PHRASES = 25  # of a topic
# Chosen on two readers' libraries with tests/bench/library.py.
_FOCUS = 0.3  # how much it counts that other groups do not have the phrase
_SEVERAL = 1.5  # what a phrase of several words counts, beside a word
_PIECE = 0.7  # share of a phrase's papers in which it is a piece of one and the same longer one
_LONGEST = 4  # words of a phrase
_TITLE = 3  # a word of a title counts like so many of an abstract, as for the scorer
_WORD = re.compile(r"[^\W_]+(?:[-‐‑][^\W_]+)*")
_OF_QUALITY = re.compile(r"(?:ed|al|ive|ous|able|ible|ic|ly|less)$")  # needs a noun behind it
_ODD = re.compile(r"[A-Z]{2,}[a-z]{2,}|[IVX]+$")  # GAlaxy explains a name; II numbers one
_FORMULA = re.compile(r"\$[^$]*\$")
# What abstracts say of themselves: such a word is in no phrase.
_ABSTRACTS = """
    ablation able abstract accelerate account accurate achieve achieves achieving across
    adaptive additional additionally address advance advances aim aims allow allowing allows
    approximately arise around assess associated available average baseline baselines best
    better bridge bridging broad called capture captures case cases challenge challenges
    challenging cm code com combine combined combines combining comparable compared competitive
    complete comprehensive consistent consistently contrast conventional correspond
    corresponding cost costs covering critical crucial demand deploy deployment despite diverse
    easily effectively effectiveness efficiently eliminate emerge emerged emerging empirical
    empirically employ employs enable enables enabling end enforcing enhance ensure entire
    essential establish establishes every exhibit exist experiments explicit explicitly
    extensive fail fast faster finally find finding findings first fit five fixed flexible form
    four full fully furthermore gain gains gap general generated github given good great greater
    growing hard help helps highlight http https identical identify incorporate incorporates
    indicate indicates inherent instead integrates introduces jointly key known kpc lack lacking
    largely lead leading leads leaving leverage leverages like limitation limitations limited
    little long low main maintain maintaining major makes making manner maximum multiple
    naturally nature near necessary need needed needs new number observe observed offer offers
    ones open order outperform outperforms overall particularly percent perform performs popular
    posit possible potential power powerful precise preserve preserving previous prior promising
    proposed prove proven proves provides publicly rate rather real real-world reduce reduced
    reduces reducing reduction reliable remain remains remarkable require requires requiring
    respectively retained reveal reveals rich robust run scenario scenarios second seen serve
    shift show showing shown shows significant significantly similarly simply simultaneously
    specifically stage state-of-the-art step steps still strategies strongly study substantial
    substantially success successful suffer suggest suggests superior survive tackle take term
    terms three time times total traditional trained treat two typical unified unique unlike
    validate validated versus via whereas wide widely width without work works yield yields zero
"""
_OF_ABSTRACTS = frozenset(_ABSTRACTS.split())


@dataclass(frozen=True, slots=True)
class _Phrase:
    stems: tuple[str, ...]
    text: str
    papers: frozenset[int]  # that have it, by their place
    weight: float  # how many have it, in their titles more


def draft(papers: Sequence[VotedPaper]) -> Topics:
    """Topics of which the papers' own words are wanted: one to six, the largest first.

    Raises `ConfigError` if the papers have no word that could describe them.
    """
    counts = [_counts(paper) for paper in papers]
    vectors = _vectors(counts)
    found = _phrases(papers)
    groups = _groups(vectors, _how_many(len(papers)))
    topics: list[Topic] = []
    for group in sorted(groups, key=lambda g: (-len(g), g)):
        described = _described(found, group, len(papers), {topic.name for topic in topics})
        if described:
            topics.append(described)
    if not topics:
        raise ConfigError(
            "the titles and abstracts of these papers have no words to draft topics from: add"
            " papers, or write topics.md by hand"
        )
    return Topics(tuple(topics), keywords=(), avoid=(), text="")


def written(topics: Topics) -> str:
    """The `topics.md` of a draft, in the explicit form. Raises `ConfigError` if it would be read
    as something else."""
    text = explicit(topics, "")
    if as_dict(parse_topics(text)) != as_dict(topics):
        raise ConfigError("the draft would be read as something else than it says")
    return text


# --- groups -----------------------------------------------------------------------------------


def _how_many(papers: int) -> int:
    return max(1, min(MOST_TOPICS, round(papers / _PAPERS_A_TOPIC)))


def _counts(paper: VotedPaper) -> Counter[str]:
    title, abstract = features(words(paper.title)), features(words(paper.abstract))
    return Counter([*title * _TITLE, *abstract])


def _vectors(counts: Sequence[Counter[str]]) -> list[Vector]:
    """Unit TF-IDF vectors of the features that at least two papers have."""
    papers_with = Counter(feature for own in counts for feature in own)
    idf = {f: math.log((len(counts) + 1) / n) for f, n in papers_with.items() if n > 1}
    return [unit(own, idf) for own in counts]


def _groups(vectors: Sequence[Vector], number: int) -> list[list[int]]:
    """At most `number` groups of papers, each paper in one, by their places."""
    centres = _starts(vectors, number)
    nearest: list[int] = []
    for _ in range(_ROUNDS):
        previous = nearest
        nearest = [max(range(len(centres)), key=lambda c: dot(v, centres[c])) for v in vectors]
        if nearest == previous:
            break
        sums: list[Vector] = [defaultdict(float) for _ in centres]
        for vector, centre in zip(vectors, nearest, strict=True):
            for feature, value in vector.items():
                sums[centre][feature] += value
        centres = [_normalised(total) for total in sums]
    groups: dict[int, list[int]] = {}
    for place, centre in enumerate(nearest):
        groups.setdefault(centre, []).append(place)
    return list(groups.values())


def _starts(vectors: Sequence[Vector], number: int) -> list[Vector]:
    """The paper that is most like all, then each time the one least like those chosen."""
    total: Vector = defaultdict(float)
    for vector in vectors:
        for feature, value in vector.items():
            total[feature] += value
    likeness = [dot(vector, total) for vector in vectors]
    chosen = [max(range(len(vectors)), key=likeness.__getitem__)]
    nearest = [0.0] * len(vectors)
    while len(chosen) < number:
        last = vectors[chosen[-1]]
        nearest = [max(n, dot(v, last)) for n, v in zip(nearest, vectors, strict=True)]
        # A paper unlike all others would be a group of its own.
        chosen.append(
            max(range(len(vectors)), key=lambda p: likeness[p] * (1 - min(1.0, nearest[p])) ** 2)
        )
    return [vectors[place] for place in dict.fromkeys(chosen)]


def _normalised(vector: Vector) -> Vector:
    length = math.hypot(*vector.values()) or 1.0
    return {feature: value / length for feature, value in vector.items()}


# --- phrases ----------------------------------------------------------------------------------


def _phrases(papers: Sequence[VotedPaper]) -> list[_Phrase]:
    """The phrases of the papers; of several forms of one phrase the commonest."""
    forms: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    weights: dict[tuple[str, ...], dict[int, float]] = defaultdict(dict)
    for place, paper in enumerate(papers):
        for text, weight in ((paper.abstract, 1.0), (paper.title, 2.0)):
            for phrase in _candidates(text, is_title=weight > 1):
                stems = tuple(stem for word in phrase.split() for stem in _stems(word))
                forms[stems][phrase] += 1 if weight > 1 else 2  # "Milky Way" also from a title
                weights[stems][place] = max(weight, weights[stems].get(place, 0.0))
    # "Way satellite" is only a piece of "Milky Way satellite".
    longest: Counter[tuple[str, ...]] = Counter()
    for stems, own in weights.items():
        for start in range(len(stems)):
            for end in range(start + 1, len(stems) + 1):
                if end - start < len(stems):
                    piece = stems[start:end]
                    longest[piece] = max(longest[piece], len(own))
    return [
        _Phrase(
            stems,
            min(forms[stems], key=lambda form: (-forms[stems][form], form)),
            frozenset(own),
            sum(own.values()),
        )
        for stems, own in weights.items()
        if longest[stems] < _PIECE * len(own)
    ]


# A library of thousands of papers repeats its words hundreds of times.
@lru_cache(maxsize=50_000)
def _stems(word: str) -> tuple[str, ...]:
    return tuple(feature for feature in features(words(word)) if " " not in feature)


def _candidates(text: str, *, is_title: bool) -> Iterator[str]:
    """Each run of one to four words that may be a phrase, as it would stand in a sentence."""
    for clause in clauses(_FORMULA.sub(", ", text)):
        run: list[str] = []
        for number, word in enumerate([*_WORD.findall(clause), "the"]):
            if _ends(word):
                yield from _parts(run)
                run = []
            else:
                run.append(word.lower() if word.istitle() and (is_title or not number) else word)


@lru_cache(maxsize=50_000)
def _ends(word: str) -> bool:
    plain = word.lower()
    is_none = word.isdigit() or len(word) < 2 or _ODD.match(word) is not None
    return is_none or plain in _OF_ABSTRACTS or ends_phrase(word)


@lru_cache(maxsize=50_000)
def _says_little(word: str) -> bool:
    return is_vague(word)


def _parts(run: Sequence[str]) -> Iterator[str]:
    for start in range(len(run)):
        for end in range(start + 1, min(len(run), start + _LONGEST) + 1):
            own = run[start:end]
            if not all(map(_says_little, own)) and not _OF_QUALITY.search(own[-1]):
                yield " ".join(own)


def _described(
    found: Sequence[_Phrase], group: Sequence[int], papers: int, taken: set[str]
) -> Topic | None:
    """The topic of a group: its telling phrases, of which the best one that no other topic has is
    the heading. None if there is none."""
    own = frozenset(group)
    ranked = sorted(
        ((_strength(phrase, own, papers), phrase) for phrase in found if phrase.papers & own),
        key=lambda pair: (-pair[0], pair[1].text),
    )
    chosen: list[_Phrase] = []
    for strength, phrase in ranked:
        if len(chosen) == _PHRASES or strength <= 0:
            break
        if not any(_overlap(phrase, other) for other in chosen) and _is_plain(phrase.text):
            chosen.append(phrase)
    names = [_heading(phrase.text) for phrase in sorted(chosen, key=lambda p: len(p.stems) == 1)]
    name = next((n for n in names if n not in taken and _is_topic(n)), None)
    if name is None:
        return None
    return Topic(name, ", ".join(phrase.text for phrase in chosen), "")


def _strength(phrase: _Phrase, group: frozenset[int], papers: int) -> float:
    """How well a phrase describes a group: many of its papers have it, few others do, and it says
    more than one word."""
    inside, total = len(phrase.papers & group), len(phrase.papers)
    is_word = len(phrase.stems) == 1
    if total < 2 + (is_word and phrase.text.islower()) and papers > _PAPERS_A_TOPIC:
        return 0.0  # one author's own words
    share = phrase.weight * inside / total
    return share * math.pow(inside / total, _FOCUS) * (1.0 if is_word else _SEVERAL)


def _overlap(phrase: _Phrase, other: _Phrase) -> bool:
    """True if one of the two stands in the other."""
    short, long = sorted((f" {' '.join(p.stems)} " for p in (phrase, other)), key=len)
    return short in long


def _heading(phrase: str) -> str:
    return phrase[0].upper() + phrase[1:]


def _is_topic(name: str) -> bool:
    """True if the parser takes such a heading for a topic: "Background" is not one."""
    return _reads(Topic(name, "heat", ""))


def _is_plain(phrase: str) -> bool:
    """True if the parser takes the phrase as wanted, as it stands."""
    return _reads(Topic(ONE_TOPIC, phrase, ""))


def _reads(topic: Topic) -> bool:
    try:
        written(Topics((topic,), (), (), ""))
    except ConfigError:
        return False
    return True
