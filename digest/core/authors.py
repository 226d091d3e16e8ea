"""The authors to follow, recognised as papers print them: `E. Witten` is Edward Witten. Pure.

A printed name does not say where its surname begins, so each place that is possible is a reading:
`Juan | García López`, `Juan García | López`. Two names match if a reading of one fits a reading of
the other: the surnames are equal; the first given names are equal or one is short for the other;
the other given names do not differ, but may be missing on one side. Hyphens hold given names
together: Jean-Pierre is J.-P., J. P., J. and Jean Pierre, but not Jean.

Li Wei is not Wei Li: both are common, and two people.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from string import ascii_lowercase
from typing import NamedTuple

from digest.core import tex
from digest.core.text import fold

_LONGEST = 300  # characters of a printed name that is read; of 29,000 the longest has 85
_LONGEST_PERSON = 6  # words of a name to follow, without initials and particles

# Written small they begin a surname; "Thanh Van Tran" may be Mr Tran.
_PARTICLE = re.compile(
    "af|al|av|bin|da|das|de|degli|dei|del|della|den|der|des|di|do|dos|du|el|ibn|la|las|le|lo|los"
    "|t|te|ten|ter|van|vom|von|zu|zum|zur"
)
_APOSTROPHES = str.maketrans("", "", "'’‘ʼ`´")
_LIGATURES = str.maketrans({"æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe"})
_UMLAUTS = str.maketrans(
    {"ä": "ae", "Ä": "Ae", "ö": "oe", "Ö": "Oe", "ü": "ue", "Ü": "Ue"}
    | {"ø": "oe", "Ø": "Oe", "å": "aa", "Å": "Aa"}
)
_TITLE = re.compile(r"^(?:(?:(?:dr|prof)\.?|professor)\s+(?=\S))+", re.IGNORECASE)
_SUFFIX = re.compile(r"(?:,\s*|\s+)(jr|sr|ii|iii|iv)\b\.?", re.IGNORECASE)
_DEGREE = re.compile(r"(?:,\s*|\s+)ph\.?d\.?$", re.IGNORECASE)
_NO_SURNAME = re.compile(r"(?:dr|prof|jr|sr|ph\.?d)\.?|professor|ii|iii|iv", re.IGNORECASE)
_SURNAME_FIRST = re.compile(r"(.*[^\W\d_]{2,})((?:\s+(?:[^\W\d_]\.-?)+)+)")  # "Yang C.-N."
_CAPITALS = re.compile(r"\b([A-Z])([A-Z])([A-Z]?)(?=[ .])")  # "JP Serre"
_LATIN = re.compile(r"[a-z]")
_PART = re.compile(r"([-‐‑–]?)([^\W\d_]+)(\.?)")
_GROUP = re.compile(
    r" (?:collaboration|consorti|team|group|project|survey|network|alliance|initiative|institut"
    r"|universit|laborator|committee)",
    re.IGNORECASE,
)
_UNUSUAL = re.compile(
    "|".join(pattern.pattern for pattern in (_TITLE, _GROUP, _SUFFIX, _DEGREE)), re.IGNORECASE
)
_PLAIN = re.compile(r"[A-Za-z .'-]*[A-Za-z]{2}")  # no TeX, comma or quotation mark
_ON_BEHALF = re.compile(r"(?:^|\s)(?:for|on behalf of) ")  # "J. Doe for the CMS Collaboration"


_NO_SIGNS = dict.fromkeys(map(ord, " .-'"))


class _Part(NamedTuple):
    """A word of a name, or what hyphens and dots make of it."""

    text: str  # folded
    is_tied: bool  # by a hyphen to the part before it
    is_short: bool  # "E", "Yu.": stands for whatever begins so


class _Reading(NamedTuple):
    given: tuple[_Part, ...]
    surname: str  # folded, in one word


@dataclass(frozen=True, slots=True)
class Name:
    """A person, or everybody with a surname, or a collaboration."""

    text: str  # as it was written
    given: str = ""
    surname: str = ""
    suffix: str = ""  # "jr", "iii"
    group: str = ""  # a collaboration's whole name, folded
    readings: frozenset[_Reading] = frozenset()

    @classmethod
    def parse(cls, text: str) -> Name:
        """Read a name in any form in which people write it. Nothing is an error."""
        plain, group = unicodedata.normalize("NFC", text[:_LONGEST]), ""
        if not plain.isalpha():
            plain = tex.plain(plain)
        if _GROUP.search(plain):
            *people, name = _ON_BEHALF.split(plain, maxsplit=1)
            plain, group = people[0] if people else "", fold(name).strip(" :.").removeprefix("the ")
        plain = _DEGREE.sub("", _TITLE.sub("", plain.strip()))
        suffixes = [suffix.casefold() for suffix in _SUFFIX.findall(plain)]
        plain = _SUFFIX.sub("", plain).strip()
        if match := _SURNAME_FIRST.fullmatch(plain):
            plain = f"{match[1]}, {match[2]}"
        surname, comma, given = plain.partition(",")
        first, last = given.split(), surname.split()
        if not comma:
            first, last = last[:-1], last[-1:]
        # "Ana de la Cruz", "Cruz, Ana de la", "de Sitter"; but the Di of "di wu" is a given name.
        while first and _is_particle(first[-1]) and (first[1:] or not last[-1].islower()):
            last.insert(0, first.pop())
        given, surname = " ".join(first), " ".join(last)
        readings = frozenset(_readings(given, surname, is_cut=bool(comma)))
        return cls(text, given, surname, "".join(suffixes[:1]), group, readings)

    @property
    def is_bare(self) -> bool:
        """True for a surname alone, which matches whatever the given name is."""
        return not self.given and not self.group

    def matches(self, printed: Name) -> bool:
        """True if a `printed` name can be that of this person, or is that of this collaboration."""
        if self.group:
            return self.group == printed.group
        if self.is_bare and printed.group and printed.group.split()[:-1] == [fold(self.surname)]:
            return True  # "ATLAS Collaboration"
        if self.suffix and printed.suffix and self.suffix != printed.suffix:
            return False
        return any(
            ours.surname == theirs.surname and _fit(ours.given, theirs.given)
            for ours in self.readings
            for theirs in printed.readings
        )

    def __str__(self) -> str:
        """How it was read: `Edward Witten (also E. Witten, E. … Witten)`."""
        if self.group:
            return f"{self.text} (as a whole)"
        if self.is_bare:
            return f"{self.surname}: any given name"
        whole, first = f"{self.given} {self.surname}", self.given[0]
        if len(self.given.strip(".")) == 1:
            return f"{whole} (any {first}… {self.surname})"
        return f"{whole} (also {first}. {self.surname}, {first}. … {self.surname})"


@dataclass(frozen=True)
class Authors:
    """The names to follow, read once a run."""

    names: tuple[Name, ...]

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Authors:
        return cls(tuple(map(Name.parse, texts)))

    def match(self, printed: Iterable[str]) -> str | None:
        """The first name to follow, as it was written, that one of these authors has."""
        people = [Name.parse(text) for text in printed if self._may_match(text)]
        names = self.names if people else ()
        return next((name.text for name in names if any(map(name.matches, people))), None)

    @property
    def doubts(self) -> tuple[str, ...]:
        """What may not do what was meant, and what to write instead."""
        foreign = [name.text for name in self.names if not _LATIN.search(fold(name.text))]
        bare = [n.surname for n in self.names if n.is_bare and n.text not in foreign]
        doubts = []
        if foreign:
            shown = f"{', '.join(foreign)} matches nobody, because arXiv prints Latin letters"
            doubts.append(f"{shown}: write the name as in `Wei Wang`")
        if bare:
            shown = f"no given name is set for {', '.join(bare)}, so everybody of that name matches"
            example = f"`E. {bare[0]}`, or `'{bare[0]}, E.'` in quotes"
            doubts.append(f"{shown}: write at least an initial, {example}")
        return tuple(doubts)

    @cached_property
    def _endings(self) -> dict[str, tuple[str, ...]]:
        """By first letter, how a printed name ends if it may match."""
        endings: dict[str, set[str]] = {letter: set() for letter in ascii_lowercase}
        for reading in (reading for name in self.names for reading in name.readings):
            for letter in reading.given[0].text[0] if reading.given else ascii_lowercase:
                endings.setdefault(letter, set()).add(reading.surname)
        return {letter: tuple(surnames) for letter, surnames in endings.items()}

    def _may_match(self, text: str) -> bool:
        """False for most names that do not match, for speed: a paper can have 3,000 authors."""
        if not _PLAIN.fullmatch(text) or _UNUSUAL.search(text):
            return True
        letters = text.casefold().translate(_NO_SIGNS)
        return letters.endswith(self._endings.get(letters[:1], ()))


def mistake(text: str) -> str | None:
    """What is wrong with an entry of `authors` that cannot be a name, and what to write."""
    shown = repr(text if len(text) <= 60 else f"{text[:59]}…")
    remedy = "write one name, such as 'Edward Witten' or 'E. Witten'"
    if "@" in text or "://" in text:
        return f"{shown} is an address, not a name: {remedy}"
    if _GROUP.search(text):
        return None
    plain = unicodedata.normalize("NFC", tex.plain(text)).strip(" ").rstrip(" ,")
    plain = _SUFFIX.sub("", _DEGREE.sub("", _TITLE.sub("", plain)))
    surname, _, given = plain.partition(",")
    if re.search(r";|&|\band\b|\bet\.? al\b", text) or "," in given:
        return f"{shown} holds several names: write an entry for each, such as 'Edward Witten'"
    has_initial = re.match(r"[^\W\d_]\.", surname) and len(given.split()) > 1
    if has_initial or (_count_words(surname) > 1 and _count_words(given) > 1):
        return (
            f"{shown} may hold two names: write an entry for each, such as 'Edward Witten'; of one"
            " person write the given names as initials, as in 'García López, J. C.'"
        )
    is_long = _count_words(plain) > _LONGEST_PERSON
    if re.search(r"\d", text) or is_long or not re.search(r"[^\W\d_]", text):
        return f"{shown} is not a name: {remedy}"
    if not _has_surname(surname.strip(), is_cut=surname != plain):
        return f"{shown} has no surname: {remedy}"
    return None


def _count_words(text: str) -> int:
    """How many words of a name are neither initials nor particles."""
    return sum(
        any(len(part) > 1 and not dot for _, part, dot in _PART.findall(word))
        for word in text.split()
        if not _is_particle(word)
    )


def _has_surname(text: str, *, is_cut: bool) -> bool:
    """False for `Jr.` and initials alone. With `is_cut` only the surname is given."""
    if _NO_SURNAME.fullmatch(text):
        return False
    if re.search(r"[^\W\d_]{2,}(?!\.|[^\W\d_])", text) or not _LATIN.search(fold(text)):
        return bool(text)
    *first, last = text.split()  # "W. E", "E, Weinan"
    return bool(first or is_cut) and not last.endswith(".")


def _is_particle(word: str) -> bool:
    return bool(_PARTICLE.fullmatch(word.translate(_APOSTROPHES)))


def _readings(given: str, surname: str, *, is_cut: bool) -> Iterator[_Reading]:
    """The ways to read a name, with ö as o and as oe. With `is_cut` no other place is tried."""
    if not surname:
        return
    if not (given + surname).isupper():
        given = _CAPITALS.sub(lambda capitals: ". ".join(capitals[0]) + ".", f"{given} ")
    written = f"{given}|{surname}".translate(_LIGATURES).translate(_APOSTROPHES)
    particles = set(filter(_is_particle, written.replace("|", " ").split()))
    for spelling in {written, written.translate(_UMLAUTS)}:
        before, _, after = fold(spelling).partition("|")
        first, last = _parts(before), _parts(after)
        if is_cut:
            yield _Reading(first, _joined(last))
            continue
        parts = first + last
        if all(part.text in particles for part in first):  # "Witten", "de Sitter"
            yield _Reading((), _joined(parts))
        for start, part in enumerate(parts):
            if start > 1 and parts[start - 1].text in particles:
                break
            if start and not part.is_tied:
                yield _Reading(parts[:start], _joined(parts[start:]))
        initials = len([*takewhile(lambda part: len(part.text) == 1, reversed(parts))])
        if 0 < initials < len(parts):  # "Harini A"
            yield _Reading(parts[-initials:], _joined(parts[:-initials]))


def _parts(folded: str) -> tuple[_Part, ...]:
    return tuple(
        _Part(text, bool(hyphen), bool(dot) or len(text) == 1)
        for hyphen, text, dot in _PART.findall(folded)
    )


def _joined(parts: Iterable[_Part]) -> str:
    return "".join(part.text for part in parts)


def _fit(ours: tuple[_Part, ...], theirs: tuple[_Part, ...]) -> bool:
    """True if `theirs` can be the given names of the person with `ours`; () has any."""
    if not ours or not theirs:
        return not ours
    if _joined(ours) == _joined(theirs):  # "Xiao-Ming", "Xiaoming"
        return True
    whole = [{part.text for part in side if not part.is_short} for side in (ours, theirs)]
    if all(whole) and whole[0].isdisjoint(whole[1]):  # "Z. Jane" is known as Jane, not "Zhou"
        return False
    longer, shorter = sorted((ours, theirs), key=len, reverse=True)
    place, was_whole = 0, False  # in `longer`; True if its last part matched unabbreviated
    for part in shorter:
        while place < len(longer) and not _alike(longer[place], part):
            if place == 0 or (longer[place].is_tied and was_whole):
                return False
            place, was_whole = place + 1, False
        if place == len(longer):
            return False
        was_whole = not (longer[place].is_short or part.is_short)
        place += 1
    return place == len(longer) or not (longer[place].is_tied and was_whole)


def _alike(a: _Part, b: _Part) -> bool:
    return (
        a.text == b.text
        or (a.is_short and b.text.startswith(a.text))
        or (b.is_short and a.text.startswith(b.text))
    )
