"""The gate in front of the XML parsers: what is no plain XML document of papers does not pass.

A document is UTF-8 and well-formed, has no DTD (and so no entities but XML's own five), has a
feed's root element, and is no larger than what arXiv sends. Pure.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any
from xml.parsers import expat

from digest.core.errors import FeedError
from digest.core.text import one_line

MAX_BYTES = 20_000_000  # of a document; 2,000 items, arXiv's own limit, are about 4 MB
MAX_ELEMENTS = 200_000  # of a document; 2,000 items have about 30,000
MAX_DEPTH = 30


def check_xml(data: bytes, called: str) -> list[Counter[str]]:
    """Raise `FeedError`, which names the document as `called`, unless it may be parsed.

    It is UTF-8 whatever it or the server says. Returns for each `item` or `entry`, in the order of
    the document, how often it has each child element: {"title": 1, "category": 3, …}.
    """
    if len(data) > MAX_BYTES:
        raise FeedError(called, f"not a feed but {len(data):,} bytes")
    scan = _Scan()
    try:
        scan.parser.Parse(data, True)
        data.decode("utf-8")  # expat believes a UTF-16 mark
    except (expat.ExpatError, ValueError) as error:
        if not scan.has_root:
            raise FeedError(called, f"not a feed but {describe(data)}") from error
        raise FeedError(
            called,
            f"broken XML ({one_line(str(error), 200)}):"
            " the document was cut short or damaged on its way; try again later",
        ) from error
    return scan.items


class _Scan:
    """Counts elements while expat reads them, and stops at what no feed has."""

    def __init__(self) -> None:
        self.parser: Any = expat.ParserCreate("utf-8", namespace_separator=" ")
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.has_root = False
        self.items: list[Counter[str]] = []
        self._elements = self._depth = 0
        self._item_depth = 0  # 0: outside of items

    def _doctype(self, *_: object) -> None:
        raise ValueError("it has a DTD")

    def _start(self, qualified_name: str, _: object) -> None:
        name = qualified_name.rpartition(" ")[2]
        self._depth += 1
        self._elements += 1
        if self._depth == 1 and name not in ("rss", "feed", "RDF"):
            raise ValueError("it is no feed")
        self.has_root = True
        if self._depth > MAX_DEPTH or self._elements > MAX_ELEMENTS:
            raise ValueError(f"more than {MAX_DEPTH} levels or {MAX_ELEMENTS:,} elements")
        if name in ("item", "entry"):
            if self._item_depth:
                raise ValueError("an item inside an item")
            self._item_depth = self._depth
            self.items.append(Counter())
        elif self._item_depth and self._depth == self._item_depth + 1:
            self.items[-1][name] += 1

    def _end(self, _: str) -> None:
        if self._depth == self._item_depth:
            self._item_depth = 0
        self._depth -= 1


def describe(data: bytes) -> str:
    """What a document is that is not what was asked for."""
    head = data.lstrip()[:500].decode("utf-8", "replace")
    if re.search(r"(?i)<!doctype html|<html", head):
        return "a web page: an error page, a proxy or a captcha stands in the way"
    return f"something that begins {one_line(head, 60)!r}"
