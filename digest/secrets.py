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
from itertools import pairwise
from typing import Any, TypeVar

T = TypeVar("T")

HIDDEN = "…"
# Letters and digits. Local servers take "x", "ollama" or "lm-studio" as a key: words, no secrets.
SHORTEST = 12
_WINDOW = 12  # letters and digits in a row by which a part of a secret is recognised
_DECODINGS = 3  # an escape inside of an escape inside of an escape

# Runs of escapes of one kind, for a character may need several; and tags, which show as nothing.
# TeX macros such as \\nabla are cut by the last alternative, which does no harm here.
_ESCAPES = re.compile(
    r"(?P<u>(?:\\u[0-9a-fA-F]{4})+)|(?P<x>(?:\\x[0-9a-fA-F]{2})+)|(?P<percent>(?:%[0-9a-fA-F]{2})+)"
    r"|(?P<entity>&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,31});)|(?P<tag></?[A-Za-z][^<>]{0,99}>)"
    r"|(?P<control>\\[nrtbf])"
)
_SEPARATORS = re.compile(r"[\W_]+")


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
        long_enough = [v for v in values if len(_skeleton(v)) >= SHORTEST]
        self._forms = tuple({_Form(text) for value in long_enough for text in _spellings(value)})
        self._windows = tuple((f, at, w) for f in self._forms for at, w in f.windows())

    def found_in(self, text: str) -> bool:
        """Whether a secret, or a telling part of one, stands in `text`."""
        skeleton = _skeleton(text) if self._windows else ""
        return any(window in skeleton for _, _, window in self._windows)

    def scrub(self, value: T) -> T:
        """`value` with each secret replaced by “…”: a text, or a dataclass, mapping, list or tuple
        of such, keys included. What holds no secret is returned as it is."""
        return self._scrub(value) if self._windows else value

    def _scrub(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._scrub_text(value) if self.found_in(value) else value
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
        skeleton, places = _traced_skeleton(text)
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


def _spellings(secret: str) -> Iterator[str]:
    """The skeletons of a secret as it is, in hexadecimal, and in base64 at each of the three places
    that it can have there."""
    data = secret.encode()
    yield _skeleton(secret)
    yield data.hex()
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + data).decode().rstrip("=")
        # The first and the last characters also hold bits of what stands beside.
        yield _skeleton(encoded[-(-offset * 8 // 6) + (offset > 0) : -1])


def _grown(skeleton: str, start: int, form: str, at: int, size: int) -> tuple[int, int]:
    """From where to where `skeleton` agrees with `form` around a window found in both."""
    end, form_end = start + size, at + size
    while start and at and skeleton[start - 1] == form[at - 1]:
        start, at = start - 1, at - 1
    while end < len(skeleton) and form_end < len(form) and skeleton[end] == form[form_end]:
        end, form_end = end + 1, form_end + 1
    return start, end


def _skeleton(text: str) -> str:
    for _ in range(_DECODINGS):
        decoded = _ESCAPES.sub(_decoded, text)
        if decoded == text:
            break
        text = decoded
    return _SEPARATORS.sub("", _plain(text))


def _plain(text: str) -> str:
    """Letters without marks, case and typographic form: NFKD takes marks off their letters."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text).lower()
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def _decoded(escape: re.Match[str]) -> str:
    source = escape[0]
    if escape["u"]:
        return bytes.fromhex(source.replace("\\u", "")).decode("utf-16-be", "replace")
    if escape["x"] or escape["percent"]:
        hexadecimal = source.replace("\\x", "").replace("%", "")
        return bytes.fromhex(hexadecimal).decode("utf-8", "replace")
    return html.unescape(source) if escape["entity"] else " "


def _traced_skeleton(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The skeleton of `text`, and for each of its characters from where to where in `text` it
    comes."""
    pieces = [(c, i, i + 1) for i, c in enumerate(text)]
    for _ in range(_DECODINGS):
        flat = "".join(piece for piece, _, _ in pieces)
        escapes = list(_ESCAPES.finditer(flat))
        if not escapes:
            break
        ends = [0, *(end for escape in escapes for end in escape.span()), len(flat)]
        decoded: list[tuple[str, int, int]] = []
        for number, (start, end) in enumerate(pairwise(ends)):
            if number % 2 == 0:
                decoded += pieces[start:end]
            else:
                span = pieces[start][1], pieces[end - 1][2]
                decoded += [(c, *span) for c in _decoded(escapes[number // 2])]
        pieces = decoded
    skeleton = [(c, start, end) for p, start, end in pieces for c in _SEPARATORS.sub("", _plain(p))]
    return "".join(c for c, _, _ in skeleton), [(start, end) for _, start, end in skeleton]
