"""The words by which `topics.md` is read, from `vocabulary.yaml`. Pure."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache
from importlib.resources import files

import yaml

from digest.core.text import fold

_END = r"[^.;!?\n。；！？]"  # of a sentence: none of these is in it
_DOTTED = re.compile(r"\b(?:e\.g|i\.e|etc|et al|vs|cf|approx)\.", re.IGNORECASE)
_DOT = "\ue000"  # stands for a full stop that ends no sentence
_ASIDE = re.compile(r"^[\s,:;—–-]+|[\s,:;—–-]+$")


class Role(StrEnum):
    """What a heading or a label says of the text under it."""

    WANTED = "wanted"
    UNWANTED = "unwanted"
    KEYWORDS = "keywords"
    CONTEXT = "context"


@cache
def _words(name: str) -> frozenset[str]:
    return frozenset(map(_normal, _vocabulary()[name]))


@cache
def _vocabulary() -> dict[str, list[str]]:
    # As texts, because YAML takes `no` and `yes` for truth values.
    text = files(__package__).joinpath("vocabulary.yaml").read_text("utf-8")
    vocabulary: dict[str, list[str]] = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - texts only
    return vocabulary


def _normal(text: str) -> str:
    """For comparing: no case, no accents, one kind of apostrophe, no marks around."""
    text = fold(text.replace("\u2019", "'")).replace("ß", "ss")
    return re.sub(r"^[^\w']+|[^\w']+$", "", text)


def role_of(name: str) -> Role | None:
    """What a heading or label means; None for the name of a topic.

    `name` is compared as it is, and without the `fillers` at its ends.
    """
    normal = _normal(name)
    core = _core(normal)
    # "Keywords to avoid" is not wanted: what is not wanted is looked for first.
    for role in (Role.UNWANTED, Role.KEYWORDS, Role.CONTEXT, Role.WANTED):
        if {normal, core} & _words(role):
            return role
    words = core.split()
    if len(words) > 1 and words[0] in _words(Role.KEYWORDS):
        return Role.UNWANTED if _core(" ".join(words[1:])) in _words(Role.UNWANTED) else None
    return None


def is_general(name: str) -> bool:
    """True for a heading of fillers alone, which is about all topics: "My topics"."""
    return bool(_normal(name)) and not _core(_normal(name))


def _core(normal: str) -> str:
    fillers, words = _words("fillers"), normal.split()
    while words and words[0] in fillers:
        del words[0]
    while words and words[-1] in fillers:
        del words[-1]
    return " ".join(words)


def begins_with_negation(name: str) -> bool:
    """True for "No cables", not for "No-go theorems" and "Nonlinear optics"."""
    normal = _normal(name)
    return any(
        normal.startswith(negation) if not negation.isascii() else normal.startswith(f"{negation} ")
        for negation in _words("negations")
    )


def split_preferences(text: str) -> tuple[str, str]:
    """The part of a text of prose that is wanted, and the part that is not.

    Only phrases of preference ("not interested in", "except") part the two; a bare "no" or "not"
    changes nothing. Both parts are in the order of the text.
    """
    wanted, unwanted = [], []
    for sentence in re.findall(rf"{_END}+[.;!?\n。；！？]*", _DOTTED.sub(_hide_dots, text)):
        kept = sentence
        if match := _preference("preference_first").match(kept.lstrip()):
            unwanted.append(kept.lstrip()[match.end() :])
            continue
        if match := _preference("preference_before").search(kept):
            start = _last_contrast(kept, match.start())
            unwanted.append(kept[start : match.start()])
            kept = kept[:start] + kept[match.end() :]
        while match := _preference("preference").search(kept):
            rest = kept[match.end() :]
            end = _end_of_preference(rest)
            unwanted.append(rest[:end])
            kept = kept[: match.start()] + rest[end:]
        if _core(_normal(kept)):
            stop = re.search(r"[.!?。！？]?\s*$", sentence)
            wanted.append(kept if kept == sentence else _tidy(kept) + (stop[0] if stop else ""))
    parts = (" ".join(map(str.strip, wanted)), "; ".join(filter(None, map(_tidy, unwanted))))
    return parts[0].replace(_DOT, "."), parts[1].replace(_DOT, ".")


def _hide_dots(match: re.Match[str]) -> str:
    return match[0].replace(".", _DOT)


@cache
def _preference(name: str) -> re.Pattern[str]:
    phrases = sorted(_vocabulary()[name], key=len, reverse=True)
    forms = "|".join(re.escape(phrase).replace("'", "['\u2019]") for phrase in phrases)
    return re.compile(rf"(?<![^\W_])(?:{forms})(?![^\W_])|(?:{_cjk(phrases)})", re.IGNORECASE)


def _cjk(phrases: list[str]) -> str:
    """Scripts without spaces: such a phrase may stand anywhere."""
    return "|".join(phrase for phrase in phrases if not phrase[0].isascii()) or r"(?!)"


def _end_of_preference(rest: str) -> int:
    """Where a phrase of preference ends to act: at a closing parenthesis that it did not open, at
    "but" and "however", at the next such phrase, at the end of the sentence."""
    depth = 0
    for number, character in enumerate(rest):
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return number
    ends = [re.search(r",?\s+(?:but|however|though|aber|mais)\b|[，,]?但", rest)]
    ends.append(_preference("preference").search(rest))
    return min((end.start() for end in ends if end), default=len(rest))


def _last_contrast(text: str, end: int) -> int:
    """Where the part of the sentence begins that ends at `end`."""
    found = list(re.finditer(r"(?:,\s*|\s+)(?:but|however|aber|mais)\s+|[，,]?但", text[:end]))
    return found[-1].end() if found else 0


def _tidy(text: str) -> str:
    """A part of a sentence without what joined it to the rest."""
    text = _ASIDE.sub("", text.strip(" \t\n.;!?。；！？"))
    text = re.sub(r"(?i)(?:,?\s*\b(?:and|or|und|et|i am|i'm|i|we are|we)\b\s*)+$", "", text)
    return _ASIDE.sub("", re.sub(r"(?i)^(?:and|or|und|et|of|from|the)\s+", "", text))
