"""Keeps keys and tokens out of everything that is printed, written or sent. Pure.

A provider may echo a key in an error, and a model may repeat it in a comment: with an invisible
character inside, with JSON or HTML escapes, broken over two lines, in base64. So secrets are
searched in the *skeleton* of a text: escapes decoded, letters in their plain form, everything but
letters and digits removed. Then the shortest part of the text that has the match is replaced.
"""

from __future__ import annotations

import base64
import html
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

T = TypeVar("T")

HIDDEN = "…"
# Characters. Local servers accept "x", "ollama" or "not-needed" as a key: a shorter value is not
# secret. A value shorter than the second, or without a digit, is searched as it is written only.
SHORTEST, SHORTEST_SURE = 8, 12
_WINDOW = 12  # so many letters and digits in a row identify a part of a secret
_DECODINGS = 5  # at most: an escape can be inside an escape, and so on

# Runs of escapes of one kind, because one character may need several.
_ESCAPES = re.compile(
    r"(?P<utf16>(?:[\\%]u[0-9a-fA-F]{4})+)|(?P<byte>(?:\\x[0-9a-fA-F]{2}|%[0-9a-fA-F]{2})+)"
    r"|(?P<point>\\u\{[0-9a-fA-F]{1,6}\}|\\U[0-9a-fA-F]{8})|(?P<octal>\\[0-3][0-7]{2})"
    r"|(?P<entity>&(?:#0{0,9}\d{1,7};?|#[xX]0{0,9}[0-9a-fA-F]{1,6};?|[A-Za-z]{2,31};))"
)
# A tag or an escaped control character may belong to the text or not: both readings are tried.
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,99}>")
_CONTROL = re.compile(r"\\[nrtbf]")
_SEPARATORS = re.compile(r"[\W_]+")
_INVISIBLE = "[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]*"


class Secrets:
    """Keys and tokens that must not be in any output."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        """`values` are keys and tokens; those that are too short to be secret are ignored."""
        long_enough = [value for value in values if len(value) >= SHORTEST]
        sure = [value for value in long_enough if _is_sure(value)]
        spellings = {spelling for value in sure for spelling in _spellings(value)}
        self._spellings = [frozenset(_pieces(spelling, 1)) for spelling in spellings]
        # Few, but they find the whole, its beginning, its end, and any long part of it.
        self._some_pieces = tuple(p for spelling in spellings for p in _pieces(spelling, _WINDOW))
        words = [value for value in long_enough if value not in sure]
        self._exact = tuple(re.compile(_INVISIBLE.join(map(re.escape, word))) for word in words)

    def found_in(self, text: str) -> bool:
        """True if `text` has a secret, or a long part of one. Keys made of words do not count: a
        title may have the same words."""
        if not self._some_pieces:
            return False
        skeletons = _skeletons(text)
        return any(piece in each for each in skeletons for piece in self._some_pieces)

    def scrub(self, value: T) -> T:
        """`value` with each secret replaced by “…”: a text, or a dataclass, mapping, list or tuple
        of such, keys included. A value without a secret is returned unchanged."""
        return self._scrub(value) if self._spellings or self._exact else value

    def _scrub(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._scrub_text(value)
        if isinstance(value, Mapping):
            return {self._scrub(key): self._scrub(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(map(self._scrub, value))
        if is_dataclass(value) and not isinstance(value, type):
            old = {f.name: getattr(value, f.name) for f in fields(value) if f.init}
            new = {name: self._scrub(item) for name, item in old.items()}
            changed = {name: item for name, item in new.items() if item != old[name]}
            return replace(value, **changed) if changed else value
        return value

    def _scrub_text(self, text: str) -> str:
        for pattern in self._exact:
            text = pattern.sub(HIDDEN, text)
        while self.found_in(text):
            start, end = self._place_in(text)
            text = text[:start] + HIDDEN + text[end:]
        return text

    def _place_in(self, text: str) -> tuple[int, int]:
        """Start and end of a secret: the shortest part of `text` with the same pieces of it."""
        pieces = next(filter(None, (_found(spelling, text) for spelling in self._spellings)))
        places = range(len(text) + 1)
        end = bisect_left(places, True, key=lambda end: _found(pieces, text[:end]) == pieces)
        after = bisect_left(
            places[:end], True, key=lambda start: _found(pieces, text[start:end]) != pieces
        )
        return after - 1, end


def _found(pieces: frozenset[str], text: str) -> frozenset[str]:
    skeletons = _skeletons(text)
    return frozenset(piece for piece in pieces if any(piece in each for each in skeletons))


def _pieces(skeleton: str, step: int) -> Iterator[str]:
    """Pieces of a secret's skeleton by which it is found, one every `step` characters."""
    size = min(_WINDOW, len(skeleton))
    for start in {*range(0, len(skeleton) - size + 1, step), len(skeleton) - size}:
        yield skeleton[start : start + size]


def _is_sure(value: str) -> bool:
    """True if `value` can only be a secret: long, with letters and digits."""
    skeleton = _skeleton(value)
    has_both = any(map(str.isdigit, skeleton)) and any(map(str.isalpha, skeleton))
    return len(skeleton) >= SHORTEST_SURE and has_both


def _spellings(secret: str) -> Iterator[str]:
    """The skeletons of a secret as it is, in hexadecimal, in base32, and in base64 at each of its
    three possible offsets."""
    yield _skeleton(secret)
    yield base64.b32encode(secret.encode()).decode().lower().rstrip("=")[:-1]
    for data in (secret.encode(), secret.encode("utf-16-le")):
        yield data.hex()
        for offset in range(3):
            encoded = base64.b64encode(b"\0" * offset + data).decode().rstrip("=")
            # The first and the last characters also hold bits of the text around.
            yield _skeleton(encoded[-(-offset * 8 // 6) + (offset > 0) : -1])


def _skeletons(text: str) -> set[str]:
    """The skeleton of each reading of `text`."""
    if "&" in text or "\\" in text or "%" in text:
        for _ in range(_DECODINGS):
            decoded = _ESCAPES.sub(_decoded, text)
            if decoded == text:
                break
            text = decoded
    without_tags = {text, _TAG.sub(" ", text)}
    readings = without_tags | {_CONTROL.sub(" ", each) for each in without_tags}
    return {_skeleton(reading) for reading in readings}


def _skeleton(text: str) -> str:
    return _SEPARATORS.sub("", _plain(text))


def _plain(text: str) -> str:
    """Letters without marks, case and typographic form: NFKD takes marks off their letters."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text).lower()
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def _decoded(escape: re.Match[str]) -> str:
    source = escape[0]
    if escape["utf16"]:
        return bytes.fromhex(re.sub(r"[\\%]u", "", source)).decode("utf-16-be", "replace")
    if escape["byte"]:
        return bytes.fromhex(re.sub(r"\\x|%", "", source)).decode("utf-8", "replace")
    if escape["point"]:
        return chr(min(int(re.sub(r"[\\uU{}]", "", source), 16), 0x10FFFF))
    if escape["octal"]:
        return chr(int(source[1:], 8))
    return html.unescape(source)
