"""Sentences and phrases of the paragraphs of a `topics.md`. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate

from digest.scoring.vocabulary import ends_in_preference

_SHORT_LINE = 50  # characters: a paragraph's line of more was broken where the page ends
_FULL_LINE = 60  # characters: a label's line of more may go on in the next one
_PROSE = re.compile(r"[.!?。！？](?:\s|$)")
_GOES_ON = re.compile(r"(?:[,，、;；(]|\b(?:and|or|und|oder|et|ou))$")
_SEPARATORS = frozenset(",;，；、")


def goes_on(text: str, following: str) -> bool:
    """True if the last line of `text` was broken before `following`: it ends in a comma or in
    "and", or is long, ends in no mark, and a small letter follows."""
    last = text.rpartition("\n")[2].rstrip()
    is_broken = len(last) >= _FULL_LINE and last[-1] not in ".!?:。！？："
    return bool(_GOES_ON.search(last)) or (is_broken and following[:1].islower())


def sentences(paragraph: str) -> list[str]:
    """A paragraph as one line; as many, if it is a list without marks, one thing a line."""
    if _PROSE.search(paragraph):
        return [_unwrapped(paragraph)]
    joined: list[str] = []
    goes_on = False
    for line in paragraph.split("\n"):
        if goes_on:
            joined[-1] += " " + line
        else:
            joined.append(line)
        goes_on = (
            len(line) >= _SHORT_LINE or bool(_GOES_ON.search(line)) or ends_in_preference(line)
        )
    return joined


def _unwrapped(paragraph: str) -> str:
    return paragraph.replace("\n", " ")


def phrases(paragraphs: Sequence[str]) -> tuple[str, ...]:
    """The phrases of a list, each once, as written: one a bullet, between commas, or one a line."""
    unique: dict[str, None] = {}
    for paragraph in paragraphs:
        separated = _split(_unwrapped(paragraph))
        for phrase in separated if len(separated) > 1 else paragraph.split("\n"):
            unique[phrase.strip(" \t.。")] = None
    return tuple(p for p in unique if re.search(r"\w", p) and p.casefold() != "etc")


def _split(text: str) -> list[str]:
    """The parts between commas and semicolons, but for those inside of parentheses."""
    pieces = re.split(r"([,;，；、()（）])", text)
    opened: list[int] = []
    deeper = [0] * len(pieces)  # a parenthesis that is not closed, or not opened, does not count
    for number, piece in enumerate(pieces):
        if piece in ("(", "（"):
            opened.append(number)
        elif piece in (")", "）") and opened:
            deeper[opened.pop()] += 1
            deeper[number] -= 1
    parts: list[list[str]] = [[]]
    for piece, depth in zip(pieces, accumulate(deeper), strict=True):
        if piece in _SEPARATORS and depth == 0:
            parts.append([])
        else:
            parts[-1].append(piece)
    return ["".join(part) for part in parts]
