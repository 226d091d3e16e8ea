"""What the learner knows, in words for people: why a paper is where it is in the list, what was
learned, and how to take it back. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import chain

from digest.core.learned import Learned, Word
from digest.core.scores import NO_TOPIC
from digest.scoring.phrases import features, has_no_filler, surfaces, words

_LEAST, _MOST, _CANDIDATES = 2, 4, 30  # words of an explanation, and those looked at
_MIN_SHARE = 0.25  # of the strongest word, or of a pair's words: weaker ones explain nothing
_FEW_TEXTS = 5  # of a topic: a share of fewer says little


def explain(title: str, abstract: str, lift: Mapping[str, float]) -> tuple[str, ...]:
    """Two to four words of a paper that lift its score most, as they stand in it; fewer if there
    are no more. `lift` is by feature.

    A pair says more than its words: it stands for them if it lifts the score by itself.
    """
    strength = {}
    for feature in (feature for feature in lift if lift[feature] > 0):
        inside = [lift.get(stem, 0.0) for stem in feature.split()] if " " in feature else [0.0]
        if lift[feature] >= _MIN_SHARE * max(inside):
            strength[feature] = lift[feature] + sum(inside)
    ranked = sorted(strength, key=lambda f: (-strength[f], f))[:_CANDIDATES]
    found = surfaces(" ".join(f"{title} | {abstract}".split()), set(ranked))
    chosen: dict[str, str] = {}
    for feature in (f for f in ranked if f in found and has_no_filler(found[f])):
        is_weak = strength[feature] < _MIN_SHARE * strength[ranked[0]]
        if len(chosen) == _MOST or (is_weak and len(chosen) >= _LEAST):
            break
        stems = set(chain.from_iterable(map(str.split, chosen)))
        if stems.isdisjoint(feature.split()) and not _is_alias(found[feature], chosen.values()):
            chosen[feature] = found[feature]
    return tuple(chosen.values())


def _is_alias(word: str, others: Iterable[str]) -> bool:
    """True for "MoE" beside "mixture of experts", and the other way round."""
    return any(
        one.casefold().removesuffix("s")
        == "".join(part[0] for part in words(other.replace("-", " ")))
        for other in others
        for one, other in ((word, other), (other, word))
    )


def strongest(
    learned: Learned, texts: Iterable[tuple[str, str]], most: int = 40
) -> tuple[Word, ...]:
    """The `most` largest weights for and as many against, the largest first.

    The state has stems alone. How they are written, and on what topic, is read from `texts`: pairs
    of a topic and a title or abstract, such as those of the last days' papers. A word is of the
    topic of whose texts the largest share has it. What no text has as a readable word, such as a
    command of TeX's, is left out.
    """
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    near: dict[str, Counter[str]] = defaultdict(Counter)
    sizes: Counter[str] = Counter()
    for topic, text in texts:
        sizes[topic] += 1
        for feature, surface in surfaces(" ".join(text.split()), learned.weights.keys()).items():
            if has_no_filler(surface):
                spellings[feature][surface] += 1
                near[feature][topic] += topic != NO_TOPIC

    def nearest(feature: str) -> str:
        share = {topic: n / (sizes[topic] + _FEW_TEXTS) for topic, n in near[feature].items() if n}
        return min(share, key=lambda topic: (-share[topic], topic), default=NO_TOPIC)

    ranked = sorted(spellings, key=lambda f: (-abs(learned.weights[f]), f))
    chosen = [f for f in ranked if learned.weights[f] > 0][:most]
    chosen += [f for f in ranked if learned.weights[f] < 0][:most]
    shown = (Word(_most_common(spellings[f]), learned.weights[f], nearest(f)) for f in chosen)
    return tuple(sorted(shown, key=lambda one: (-abs(one.weight), one.text)))


def _most_common(counts: Counter[str]) -> str:
    """Of equals one in lower case."""
    return min(counts, key=lambda one: (-counts[one], one.swapcase()), default="")


def forget(learned: Learned, forgotten: Iterable[str]) -> Learned:
    """Without what was learned about these words, written as in `Word.text` or in any other
    form; of several words only what was learned of them as neighbours.

    The same value if nothing was. Later days may teach it again.
    """
    taken: set[str] = set()
    for word in forgotten:
        own = features(words(word))
        taken.update([feature for feature in own if " " in feature] or own)
        taken.add(word.replace("…", ""))
    left = {f: weight for f, weight in learned.weights.items() if f not in taken}
    return learned if len(left) == len(learned.weights) else replace(learned, weights=left)
