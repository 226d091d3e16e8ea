"""Keeps keys and tokens out of everything that is printed, written or sent. Pure.

A provider may echo a key in an error, and a model may repeat it in a comment: with an invisible
character inside, with JSON or HTML escapes, broken over two lines, in base64. So a secret is looked
for in the *skeleton* of a text: escapes decoded, letters in their plain form, everything but
letters and digits left out. What is found there is replaced in the text itself.
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
# Characters. Local servers take "x", "ollama" or "not-needed" as a key: what is shorter than this
# is no secret; what is shorter than the second, or made of words, is found only as it is written.
SHORTEST, SHORTEST_SURE = 8, 12
_WINDOW = 12  # letters and digits in a row by which a part of a secret is recognised
_DECODINGS = 5  # an escape inside of an escape, and so on

# Runs of escapes of one kind, for a character may need several.
_ESCAPES = re.compile(
    r"(?P<utf16>(?:[\\%]u[0-9a-fA-F]{4})+)|(?P<byte>(?:\\x[0-9a-fA-F]{2}|%[0-9a-fA-F]{2})+)"
    r"|(?P<point>\\u\{[0-9a-fA-F]{1,6}\}|\\U[0-9a-fA-F]{8})|(?P<octal>\\[0-3][0-7]{2})"
    r"|(?P<entity>&(?:#0{0,9}\d{1,7};?|#[xX]0{0,9}[0-9a-fA-F]{1,6};?|[A-Za-z]{2,31};))"
)
# What may be part of the text or not, so that both readings are tried: a tag, an escaped control.
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,99}>")
_CONTROL = re.compile(r"\\[nrtbf]")
_READINGS = tuple(product((None, _TAG), (None, _CONTROL)))
_SEPARATORS = re.compile(r"[\W_]+")
_INVISIBLE = "[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]*"

_Reading = tuple["re.Pattern[str] | None", ...]


@dataclass(frozen=True, slots=True)
class _Form:
    """One way to write a secret, as a skeleton."""

    text: str

    def windows(self) -> Iterator[tuple[int, str]]:
        """Pieces that together find the whole, its beginning, its end, and any long part of it."""
        size = min(_WINDOW, len(self.text))
        for start in {*range(0, len(self.text) - size + 1, size), len(self.text) - size}:
            yield start, self.text[start : start + size]


class Secrets:
    """What must stand in no output."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        """`values` are keys and tokens; those that are too short to be secret are ignored."""
        known = [value for value in values if len(value) >= SHORTEST]
        sure = [value for value in known if _is_sure(value)]
        forms = tuple({_Form(text) for value in sure for text in _spellings(value)})
        self._windows = tuple((form, at, window) for form in forms for at, window in form.windows())
        words = [value for value in known if value not in sure]
        self._exact = tuple(re.compile(_INVISIBLE.join(map(re.escape, word))) for word in words)

    def found_in(self, text: str) -> bool:
        """Whether a secret, or a telling part of one, stands in `text`. Words are no secrets here:
        a title may have them too."""
        return bool(self._windows) and any(self._finds(text))

    def scrub(self, value: T) -> T:
        """`value` with each secret replaced by “…”: a text, or a dataclass, mapping, list or tuple
        of such, keys included. What holds no secret is returned as it is."""
        return self._scrub(value) if self._windows or self._exact else value

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

    def _finds(self, text: str) -> Iterator[_Reading]:
        """The readings of `text` in which a secret is."""
        seen = set()
        for reading in _READINGS:
            skeleton = _skeleton(text, reading)
            if skeleton not in seen and any(window in skeleton for _, _, window in self._windows):
                yield reading
            seen.add(skeleton)

    def _scrub_text(self, text: str) -> str:
        for pattern in self._exact:
            text = pattern.sub(HIDDEN, text)
        for reading in self._finds(text) if self._windows else ():
            text = self._scrub_reading(text, reading)
        return text

    def _scrub_reading(self, text: str, reading: _Reading) -> str:
        skeleton, places = _traced_skeleton(text, reading)
        hidden: list[tuple[int, int]] = []  # from and to, in `text`
        for form, at, window in self._windows:
            start = skeleton.find(window)
            while start >= 0:
                first, last = _grown(skeleton, start, form.text, at, len(window))
                hidden.append((places[first][0], places[last - 1][1]))
                start = skeleton.find(window, start + 1)
        kept, end = [], 0
        for start, stop in sorted(hidden):
            if start >= end:
                kept += [text[end:start], HIDDEN]
            end = max(end, stop)
        return "".join(kept) + text[end:]


def _is_sure(value: str) -> bool:
    """Whether this can be nothing but a secret: long, with letters and digits."""
    skeleton = _skeleton(value, ())
    has_both = any(map(str.isdigit, skeleton)) and any(map(str.isalpha, skeleton))
    return len(skeleton) >= SHORTEST_SURE and has_both


def _spellings(secret: str) -> Iterator[str]:
    """The skeletons of a secret as it is, in hexadecimal, in base32, and in base64 at each of the
    three places that it can have there."""
    yield _skeleton(secret, ())
    yield base64.b32encode(secret.encode()).decode().lower().rstrip("=")[:-1]
    for data in (secret.encode(), secret.encode("utf-16-le")):
        yield data.hex()
        for offset in range(3):
            encoded = base64.b64encode(b"\0" * offset + data).decode().rstrip("=")
            # The first and the last characters also hold bits of what stands beside.
            yield _skeleton(encoded[-(-offset * 8 // 6) + (offset > 0) : -1], ())


def _grown(skeleton: str, start: int, form: str, at: int, size: int) -> tuple[int, int]:
    """From where to where `skeleton` agrees with `form` around a window found in both."""
    end, form_end = start + size, at + size
    while start and at and skeleton[start - 1] == form[at - 1]:
        start, at = start - 1, at - 1
    while end < len(skeleton) and form_end < len(form) and skeleton[end] == form[form_end]:
        end, form_end = end + 1, form_end + 1
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
    """The skeleton of `text`, and for each of its characters from where to where in `text` it
    comes."""
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
    """The characters with each match decoded, or gone where it is no escape."""
    flat = "".join(piece for piece, _, _ in pieces)
    matches = list(pattern.finditer(flat))
    ends = [0, *(end for match in matches for end in match.span()), len(flat)]
    made: _Pieces = []
    for number, (start, end) in enumerate(pairwise(ends)):
        if number % 2 == 0:
            made += pieces[start:end]
        elif pattern is _ESCAPES:
            span = pieces[start][1], pieces[end - 1][2]
            made += [(c, *span) for c in _decoded(matches[number // 2])]
    return made
