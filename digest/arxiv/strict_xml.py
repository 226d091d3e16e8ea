"""What arXiv's feed and its search interface have in common: XML, read strictly, that speaks of
papers. Pure.

A document is UTF-8 and well-formed, has no DTD, and is no larger than what it is supposed to be.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable
from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

from digest.core.errors import FeedError
from digest.core.papers import AnnounceType, Paper
from digest.core.tex import accents
from digest.core.text import one_line, visible

MAX_BYTES = 20_000_000  # of a document; 2,000 items, arXiv's own limit, are about 4 MB
MAX_ELEMENTS = 200_000  # of a document; 2,000 items have about 30,000
MAX_DEPTH = 30
MAX_ITEM = 200_000  # characters; 3,000 authors with an affiliation each are about 150,000
# Marks in a row on one letter. Unicode's own limit for text that is read as a stream (UAX #15,
# "Stream-Safe Text Format"). Putting them in order takes time to the square of their number.
MAX_MARKS = 30

# Of a document's items, more than this share and more than this number cannot be unreadable by
# accident: the format has changed.
UNREADABLE_SHARE = 0.01
UNREADABLE_ITEMS = 3

ATOM = "{http://www.w3.org/2005/Atom}"
ARXIV = "{http://arxiv.org/schemas/atom}"

# Patterns, to be parts of others.
ID = r"[0-9]{4}\.[0-9]{4,5}|[a-z][a-z-]*(?:\.[A-Z]{2})?/[0-9]{7}"
VERSION = r"v([1-9][0-9]{0,3})"
CATEGORY = r"[A-Za-z-]+(?:\.[A-Za-z-]+)?"

# A first look, for speed: marks are among these characters, and so are lines, arrows and emoji.
_SYMBOLS = re.compile(rf"[^\w\s\x00-\x7f]{{{MAX_MARKS + 1},}}")

# The only thing before the root is a declaration, comments and instructions: no DTD, and so no
# entities but XML's own five.
_PROLOG = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:\s++|<\?.*?\?>|<!--.*?-->)*+<(?:[\w.-]+:)?(?:rss|feed|RDF)[\s/>]",
    re.DOTALL,
)


class _BoundedTree(TreeBuilder):
    """Refuses what is deeper or larger than any feed while it is being read."""

    _depth = _elements = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        self._depth += 1
        self._elements += 1
        if self._depth > MAX_DEPTH or self._elements > MAX_ELEMENTS:
            raise ValueError(f"more than {MAX_DEPTH} levels or {MAX_ELEMENTS:,} elements")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        self._depth -= 1
        return super().end(tag)


def parse_xml(data: bytes, called: str) -> Element:
    """The document's root. It is UTF-8 whatever it or the server says. Raises `FeedError`."""
    if len(data) > MAX_BYTES:
        raise FeedError(called, f"not a feed but {len(data):,} bytes")
    if not _PROLOG.match(data):
        raise FeedError(called, f"not a feed but {describe(data)}")
    try:
        data.decode("utf-8")
        parser = XMLParser(target=_BoundedTree(), encoding="utf-8")  # noqa: S314 - see _PROLOG
        for start in range(0, len(data), 1_000_000):  # to stop soon after a refusal
            parser.feed(data[start : start + 1_000_000])
        root: Element = parser.close()
    except (ParseError, ValueError) as error:
        raise FeedError(
            called,
            f"broken XML ({one_line(str(error), 200)}):"
            " the document was cut short or damaged on its way; try again later",
        ) from error
    return root


def describe(data: bytes) -> str:
    """What a document is that is not what was asked for."""
    head = data.lstrip()[:500].decode("utf-8", "replace")
    if re.search(r"(?i)<!doctype html|<html", head):
        return "a web page: an error page, a proxy or a captcha stands in the way"
    return f"something that begins {one_line(head, 60)!r}"


def unreadable_paper(
    paper_id: str, problem: str, announce_type: AnnounceType, version: int = 1
) -> Paper:
    """A paper of which no more than the id can be read."""
    return Paper(paper_id, version, "", (), "", (), announce_type, unreadable=problem)


def wrong_title(title: str, titles: int = 1) -> str:
    """What is wrong with an entry that has so many titles, of which the last is `title`."""
    if titles > 1:
        return f"{titles} titles"
    return "" if is_visible(title) else "no title"


def all_unreadable(papers: Iterable[Paper], nameless: Iterable[str]) -> list[str]:
    """A document's items that cannot be read, with id or without, each named."""
    return [*nameless, *(f"{paper.id}: {paper.unreadable}" for paper in papers if paper.unreadable)]


def too_many_unreadable(unreadable: int, items: int) -> bool:
    """True if so many of so many items cannot be read that the document itself is not to be
    trusted: more than 1% and more than three."""
    return unreadable > max(UNREADABLE_ITEMS, UNREADABLE_SHARE * items)


def excess(item: Any) -> str:
    """What makes an item (an element of ElementTree or lxml) more than any paper is; "" if nothing
    does: too much text, or marks piled on a letter, which take long to read and cannot be shown."""
    text = "".join(item.itertext())
    if len(text) > MAX_ITEM:
        return f"{len(text):,} characters, which no paper has"
    if "&" in text:  # entities that were escaped twice
        text = html.unescape(text)
    if any(_has_pile(symbols) for symbols in _SYMBOLS.findall(visible(text))):
        return f"more than {MAX_MARKS} marks on one letter"
    return ""


def _has_pile(symbols: str) -> bool:
    marks = 0
    for symbol in symbols:
        # Some decompose into marks, and are none themselves (U+0F73).
        is_mark = unicodedata.combining(unicodedata.normalize("NFD", symbol)[0])
        marks = marks + 1 if is_mark else 0
        if marks > MAX_MARKS:
            return True
    return False


def readable(text: str) -> str:
    """TeX accents as letters, on one line."""
    return one_line(accents(text))  # TeX that stands for a space leaves two of them


def is_visible(text: str) -> bool:
    """True unless there is nothing to see: no text, or joiners and direction marks alone."""
    return any(unicodedata.category(c) != "Cf" for c in text)
