"""The words by which `topics.md` is read, from `vocabulary.yaml`. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from functools import cache, lru_cache
from importlib.resources import files

import yaml

from digest.core.text import fold

_LONGEST = 6  # words of a phrase in the vocabulary

# --- headings and labels ----------------------------------------------------------------------


class Role(StrEnum):
    """What a heading or a label says of the text under it."""

    WANTED = "wanted"
    UNWANTED = "unwanted"
    KEYWORDS = "keywords"
    CONTEXT = "context"


@cache
def _vocabulary() -> dict[str, list[str]]:
    # As texts, because YAML takes `no` and `yes` for truth values.
    text = files(__package__).joinpath("vocabulary.yaml").read_text("utf-8")
    vocabulary: dict[str, list[str]] = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - texts only
    return vocabulary


@cache
def _words(*names: str) -> frozenset[str]:
    return frozenset(_normal(phrase) for name in names for phrase in _vocabulary()[name])


def _normal(text: str) -> str:
    """For comparing: no case, no accents, one kind of apostrophe, no marks around."""
    text = fold(text.replace("\u2019", "'")).replace("ß", "ss")
    return re.sub(r"^[^\w']+|(?<=[\w'])[^\w']+$", "", text)


@lru_cache(maxsize=1024)
def role_of(name: str) -> Role | None:
    """What a heading or label means; None for the name of a topic.

    `name` is compared as it is, and without the `fillers` and `nouns` at its ends.
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
    """True for a heading that names no topic, and is about all of them: "My topics"."""
    normal = _normal(name)
    words = normal.split() if normal.isascii() else [n for n in _words("nouns") if n in normal]
    return not _core(normal) and not _words("nouns").isdisjoint(words)


def _core(normal: str) -> str:
    core = " ".join(_without_fillers(normal.split()))
    if core.isascii():
        return core
    spaceless = [filler for filler in _words("fillers", "nouns") if not filler.isascii()]
    while ends := [f for f in spaceless if core and (core.startswith(f) or core.endswith(f))]:
        longest = max(ends, key=len)
        core = core.removeprefix(longest).removesuffix(longest).strip()
    return core


def _without_fillers(words: list[str]) -> list[str]:
    """The words without the `fillers` and `nouns` at both ends."""
    fillers = _words("fillers", "nouns")
    first, end = 0, len(words)
    while first < end and _normal(words[first]) in fillers:
        first += 1
    while end > first and _normal(words[end - 1]) in fillers:
        end -= 1
    return words[first:end]


def negated(name: str) -> str | None:
    """What a heading names that begins with a negation: "cables" of "No cables", "" of "Not".

    None if it begins with none, as do "No-go theorems" and "Nonlinear optics".
    """
    words = _without_fillers(name.split())
    starts = [_normal(" ".join(words[:n])) for n in range(min(_LONGEST, len(words)) + 1)]
    if not _words("negations").isdisjoint(starts):
        known = _words("negations", Role.UNWANTED, "preference", "preference_first")
        longest = max(n for n, start in enumerate(starts) if start in known)
        if longest < len(words) and _normal(words[longest]) in _words("negation_unless"):
            return None  # "Not only vision"
        return " ".join(_without_fillers(words[longest:]))
    without_spaces = "".join(words)
    for negation in sorted(_words("negations"), key=len, reverse=True):
        if not negation.isascii() and without_spaces.startswith(negation):
            rest = without_spaces.removeprefix(negation)
            return None if rest.startswith(tuple(_words("negation_unless"))) else rest
    return None


# --- preferences in prose ---------------------------------------------------------------------

_DOTTED = re.compile(r"\b(?:(?i:e\.g|i\.e|etc|et al|vs|cf|approx)|[A-Z])\.")
_DOT = "\ue000"  # stands for a full stop that ends no sentence
_SENTENCE_END = re.compile(r"(?<=[.;!?])\s+|(?<=[。；！？])|\n")
_ASIDE = " \t\n,:;，—–-"
_STOPS = ".!?;。！？；"
_JOINING = r"and|or|but|however|though|und|oder|aber|doch|et|ou|mais"
_BEFORE = re.compile(rf"(?i)(?:(?:{_JOINING}|of|from|the)\s+)+|但?(?:我对)|但")
_AFTER = re.compile(
    rf"(?i)(?:(?:^|[\s,]+)(?:{_JOINING}|i am|i['’]m|i|we are|we))+$|(?:^|[，,])[但我]$"
)
_LONGEST_AFTER = 40  # characters


def split_preferences(text: str) -> tuple[str, str]:
    """The part of a text of prose that is wanted, and the part that is not.

    Only phrases of preference ("not interested in", "except") part the two; a bare "no" or "not"
    changes nothing. Both parts are in the order of the text.
    """
    hidden = _DOTTED.sub(lambda match: match[0].replace(".", _DOT), text)
    wanted, unwanted = [], []
    sentences = [*filter(None, _SENTENCE_END.split(hidden))]
    for sentence in sentences:
        kept, avoided = _split_sentence(sentence)
        wanted.append(kept)
        unwanted += avoided
    if not unwanted and wanted == sentences:
        return text.strip(), ""
    parts = (" ".join(filter(None, map(str.strip, wanted))), "; ".join(unwanted))
    return parts[0].replace(_DOT, "."), parts[1].replace(_DOT, ".")


def begins_with_refusal(text: str) -> bool:
    """True for "Avoid overfitting", which may be a topic."""
    return _pattern("preference_first").match(text) is not None


def without_preference(text: str) -> str:
    """`text` without the phrase of preference with which it begins or ends: "cables" of "I dislike
    cables" and of "cables are not for me". An exception ("except cables") stays."""
    while begins := _pattern("preference", "preference_first").search(text):
        rest = _tidy(text[begins.end() :])
        if _core(_normal(text[: begins.start()])) or not rest:
            break
        text = rest
    for match in _pattern("preference_before").finditer(text):
        if not text[match.end() :].strip(_ASIDE + _STOPS):
            return _tidy(text[: match.start()]) or text
    return text


def ends_in_preference(text: str) -> bool:
    """True if what such a phrase is about must stand on the next line."""
    *_, last = [None, *_pattern("preference", "preference_first", "exception").finditer(text[-40:])]
    return last is not None and not text[-40:][last.end() :].strip()


def _split_sentence(sentence: str) -> tuple[str, list[str]]:
    pieces: list[str] = []
    avoided: list[str] = []
    begin = 0
    for match in _pattern("preference_before").finditer(sentence):
        contrast = [*_contrast().finditer(sentence, begin, match.start())]
        start = contrast[-1].end() if contrast else begin
        pieces.append(sentence[begin:start])
        avoided.append(sentence[start : match.start()])
        begin = match.end()
    rest = sentence[begin:]
    first = _pattern("preference_first").match(rest, len(rest) - len(rest.lstrip()))
    position = 0
    if refused := _request().fullmatch(rest):
        avoided.append(refused[1])
        position = len(rest)
    elif first:
        position = _end(rest, first.end())
        avoided.append(rest[first.end() : position])
    is_refusal = first is not None  # True if what ends at `position` is refused, and no exception
    while match_ := _pattern("preference", "exception").search(rest, position):
        is_exception = _pattern("exception").fullmatch(match_[0]) is not None
        between = rest[position : match_.start()].strip(_ASIDE)
        pieces.append(rest[position : match_.start()])
        position = _end(rest, match_.end(), is_exception=is_exception)
        part = rest[match_.end() : position]
        if is_exception and is_refusal and not between:  # "not interested in ice, except floes"
            pieces.append(part)
            is_refusal = False
            if _normal(_tidy(avoided[-1])) in _words("everything") and _tidy(part):
                del avoided[-1]
        else:
            avoided.append(part)
            is_refusal = not is_exception
    pieces.append(rest[position:])
    avoided = [*filter(None, map(_refused, avoided))]
    kept = ", ".join(piece for piece in map(_tidy, pieces) if _core(_normal(piece)))
    if not avoided and not (kept and position):
        return sentence, []
    stop = sentence.rstrip()[-1:]
    return kept + (stop if kept and stop in _STOPS else ""), avoided


def _refused(text: str) -> str:
    """What is not wanted, without words like "please" at its end."""
    text = _tidy(text)
    end = text[-_LONGEST_AFTER:]
    last = _request_end().search(end)
    return text[: len(text) - len(end) + last.start()] if last else text


def _end(text: str, start: int, *, is_exception: bool = False) -> int:
    """Where a phrase of preference ends to act: at a closing parenthesis that it did not open, at
    a contrast, at the next such phrase, at the end of the sentence."""
    depth = 0
    for match in _boundary(*(["exception_ends"] if is_exception else [])).finditer(text, start):
        if match[0] in "()（）":
            depth += 1 if match[0] in "(（" else -1
        if depth < 0 or match[0] not in "()（）":
            return match.start()
    return len(text)


def _tidy(text: str) -> str:
    """A part of a sentence without what joined it to the rest."""
    text = text.strip(_ASIDE + _STOPS).lstrip(")）").rstrip("(（").strip(_ASIDE)
    if before := _BEFORE.match(text):
        text = text[before.end() :].strip(_ASIDE)
    tail = text[-_LONGEST_AFTER:]
    after = _AFTER.search(tail)
    return text[: len(text) - len(tail) + after.start()].strip(_ASIDE) if after else text


@cache
def _pattern(*names: str) -> re.Pattern[str]:
    phrases = [phrase for name in names for phrase in _vocabulary()[name]]
    unless = _either(_vocabulary()["preference_unless"])
    later = _either(_vocabulary()["preference_unless_later"])
    return re.compile(
        rf"{_not_after()}(?:{_either(phrases)})(?![\s,]*(?:{unless}))(?![^.;,，。；]{{0,80}}(?:{later}))",
        re.IGNORECASE,
    )


@cache
def _not_after() -> str:
    words = map(_form, _vocabulary()["preference_unless_after"])
    return "".join(rf"(?<!\b{word}\s)" for word in words)


@cache
def _request() -> re.Pattern[str]:
    """ "No surveys, please." """
    first, last = (_either(_vocabulary()[name]) for name in ("request_first", "request_last"))
    return re.compile(rf"\s*(?:{first})\s+([^,;，；]+?)[\s,]+(?:{last})\W*", re.IGNORECASE)


@cache
def _request_end() -> re.Pattern[str]:
    return re.compile(rf"(?<=\w)[\s,]+(?:{_either(_vocabulary()['request_last'])})$", re.IGNORECASE)


@cache
def _contrast() -> re.Pattern[str]:
    return re.compile(rf"(?:{_either(_vocabulary()['contrast'])})|，", re.IGNORECASE)


@cache
def _boundary(*also: str) -> re.Pattern[str]:
    names = ("contrast", "preference", "exception", *also)
    phrases = _either([phrase for name in names for phrase in _vocabulary()[name]])
    return re.compile(rf"[()（）]|{_not_after()}(?:{phrases})", re.IGNORECASE)


_LETTERS = {
    "a": "[aàâä]",
    "e": "[eéèêë]",
    "i": "[iîï]",
    "o": "[oôö]",
    "u": "[uùûü]",
    "'": "['\u2019]",
}


def _either(phrases: Iterable[str]) -> str:
    """A pattern of the phrases, the longest first. Scripts without spaces: anywhere in a text;
    else whole words, with or without accents."""
    ordered = sorted(phrases, key=len, reverse=True)
    spaced = "|".join(map(_form, (p for p in ordered if p.isascii())))
    others = "|".join(re.escape(p) for p in ordered if not p.isascii())
    spaced = rf"(?:(?<![\w-])|(?=,))(?:{spaced})(?![\w-])"
    return f"{spaced}|{others}" if others else spaced


def _form(phrase: str) -> str:
    form = "".join(_LETTERS.get(letter, re.escape(letter)) for letter in phrase)
    return form.replace("ss", "(?:ss|ß)").replace(r"\ ", r"\s+")
