"""Keeps keys and tokens out of everything that is printed, written or sent. Pure.

A provider may echo a key in an error, and a model may repeat it in a comment: with an invisible
character inside, with JSON or HTML escapes, broken over two lines, in base64. So secrets are
searched in the *skeleton* of a text: escapes decoded, letters in their plain form, everything but
letters and digits removed. The matches are then replaced in the text itself.
"""

from __future__ import annotations

import base64
import html
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from itertools import pairwise, product
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
_READINGS = tuple(product((None, _TAG), (None, _CONTROL)))
_SEPARATORS = re.compile(r"[\W_]+")
_INVISIBLE = "[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]*"

_Reading = tuple["re.Pattern[str] | None", ...]


@dataclass(frozen=True, slots=True)
class _Window:
    """A piece of a secret's skeleton, by which the secret is found."""

    skeleton: str  # of the whole secret, in one of its spellings
    start: int
    text: str

    @classmethod
    def all_of(cls, skeleton: str) -> Iterator[_Window]:
        """Together they find the whole, its beginning, its end, and any long part of it."""
        size = min(_WINDOW, len(skeleton))
        for start in {*range(0, len(skeleton) - size + 1, size), len(skeleton) - size}:
            yield cls(skeleton, start, skeleton[start : start + size])


class Secrets:
    """Keys and tokens that must not be in any output."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        """`values` are keys and tokens; those that are too short to be secret are ignored."""
        long_enough = [value for value in values if len(value) >= SHORTEST]
        sure = [value for value in long_enough if _is_sure(value)]
        spellings = {spelling for value in sure for spelling in _spellings(value)}
        self._windows = tuple(w for spelling in spellings for w in _Window.all_of(spelling))
        words = [value for value in long_enough if value not in sure]
        self._exact = tuple(re.compile(_INVISIBLE.join(map(re.escape, word))) for word in words)

    def found_in(self, text: str) -> bool:
        """True if `text` has a secret, or a long part of one. Keys made of words do not count: a
        title may have the same words."""
        return any(self._finds(text))

    def scrub(self, value: T) -> T:
        """`value` with each secret replaced by “…”: a text, or a dataclass, mapping, list or tuple
        of such, keys included. A value without a secret is returned unchanged."""
        return self._scrub(value) if self._windows or self._exact else value

    def _scrub(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._scrub_text(value)
        if isinstance(value, Mapping):
            return {self._scrub(key): self._scrub(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            make = getattr(value, "_make", type(value))  # of a NamedTuple
            return make(map(self._scrub, value))
        if is_dataclass(value) and not isinstance(value, type):
            old = {f.name: getattr(value, f.name) for f in fields(value) if f.init}
            new = {name: self._scrub(item) for name, item in old.items()}
            changed = {name: item for name, item in new.items() if item != old[name]}
            return replace(value, **changed) if changed else value
        return value

    def _finds(self, text: str) -> Iterator[_Reading]:
        """The readings of `text` that have a secret."""
        if not self._windows:
            return
        seen = set()
        for reading in _READINGS:
            skeleton = _skeleton(text, reading)
            if skeleton not in seen and any(w.text in skeleton for w in self._windows):
                yield reading
            seen.add(skeleton)

    def _scrub_text(self, text: str) -> str:
        for pattern in self._exact:
            text = pattern.sub(HIDDEN, text)
        for reading in self._finds(text):
            text = self._scrub_reading(text, reading)
        return text

    def _scrub_reading(self, text: str, reading: _Reading) -> str:
        skeleton, places = _traced_skeleton(text, reading)
        hidden: list[tuple[int, int]] = []  # start and end, in `text`
        for window in self._windows:
            start = skeleton.find(window.text)
            while start >= 0:
                first, last = _extended(skeleton, start, window)
                hidden.append((places[first][0], places[last - 1][1]))
                start = skeleton.find(window.text, start + 1)
        pieces, end = [], 0
        for start, stop in sorted(hidden):
            if start >= end:
                pieces += [text[end:start], HIDDEN]
            end = max(end, stop)
        return "".join(pieces) + text[end:]


def _is_sure(value: str) -> bool:
    """True if `value` can only be a secret: long, with letters and digits."""
    skeleton = _skeleton(value, ())
    has_both = any(map(str.isdigit, skeleton)) and any(map(str.isalpha, skeleton))
    return len(skeleton) >= SHORTEST_SURE and has_both


def _spellings(secret: str) -> Iterator[str]:
    """The skeletons of a secret as it is, in hexadecimal, in base32, and in base64 at each of its
    three possible offsets."""
    yield _skeleton(secret, ())
    yield base64.b32encode(secret.encode()).decode().lower().rstrip("=")[:-1]
    for data in (secret.encode(), secret.encode("utf-16-le")):
        yield data.hex()
        for offset in range(3):
            encoded = base64.b64encode(b"\0" * offset + data).decode().rstrip("=")
            # The first and the last characters also hold bits of the text around.
            yield _skeleton(encoded[-(-offset * 8 // 6) + (offset > 0) : -1], ())


def _extended(skeleton: str, start: int, window: _Window) -> tuple[int, int]:
    """Start and end of the longest match with the secret around `window`, found at `start`."""
    secret, secret_start = window.skeleton, window.start
    end, secret_end = start + len(window.text), secret_start + len(window.text)
    while start and secret_start and skeleton[start - 1] == secret[secret_start - 1]:
        start, secret_start = start - 1, secret_start - 1
    while skeleton[end : end + 1] == secret[secret_end : secret_end + 1] != "":
        end, secret_end = end + 1, secret_end + 1
    return start, end


def _skeleton(text: str, reading: _Reading) -> str:
    if "&" in text or "\\" in text or "%" in text:
        for _ in range(_DECODINGS):
            decoded = _ESCAPES.sub(_decoded, text)
            if decoded == text:
                break
            text = decoded
    for pattern in filter(None, reading):
        text = pattern.sub(" ", text)
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


def _traced_skeleton(text: str, reading: _Reading) -> tuple[str, list[tuple[int, int]]]:
    """The skeleton of `text`, and for each of its characters the start and end in `text`."""
    pieces = [(c, i, i + 1) for i, c in enumerate(text)]
    for _ in range(_DECODINGS):
        decoded = _replaced(pieces, _ESCAPES)
        if len(decoded) == len(pieces):
            break
        pieces = decoded
    for pattern in filter(None, reading):
        pieces = _replaced(pieces, pattern)
    skeleton = [(c, start, end) for p, start, end in pieces for c in _SEPARATORS.sub("", _plain(p))]
    return "".join(c for c, _, _ in skeleton), [(start, end) for _, start, end in skeleton]


_Pieces = list[tuple[str, int, int]]


def _replaced(pieces: _Pieces, pattern: re.Pattern[str]) -> _Pieces:
    """The characters with each match decoded if it is an escape, else removed."""
    flat = "".join(piece for piece, _, _ in pieces)
    matches = list(pattern.finditer(flat))
    ends = [0, *(end for match in matches for end in match.span()), len(flat)]
    result: _Pieces = []
    for number, (start, end) in enumerate(pairwise(ends)):
        if number % 2 == 0:
            result += pieces[start:end]
        elif pattern is _ESCAPES:
            span = pieces[start][1], pieces[end - 1][2]
            result += [(c, *span) for c in _decoded(matches[number // 2])]
    return result
