"""What arXiv's feed and its search interface have in common: XML, read strictly, that speaks of
papers. Pure.

A document is UTF-8 and well-formed, has no DTD, and is no larger than what it is supposed to be.
"""

from __future__ import annotations

import re
import unicodedata
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

from digest.errors import FeedError
from digest.text import accents, one_line

MAX_BYTES = 20_000_000  # of a document; 2,000 items, arXiv's own limit, are about 4 MB
MAX_ELEMENTS = 200_000  # of a document; 2,000 items have about 30,000
MAX_DEPTH = 30
MAX_ITEM = 200_000  # characters; 3,000 authors with an affiliation each are about 150,000

ATOM = "{http://www.w3.org/2005/Atom}"
ARXIV = "{http://arxiv.org/schemas/atom}"

# Patterns, to be parts of others.
ID = r"[0-9]{4}\.[0-9]{4,5}|[a-z][a-z-]*(?:\.[A-Z]{2})?/[0-9]{7}"
VERSION = r"v([1-9][0-9]{0,3})"
CATEGORY = r"[A-Za-z-]+(?:\.[A-Za-z-]+)?"

# Marks by the hundred on one letter: putting them in order takes time to the square.
_PILE = re.compile(r"[^\w\s\x00-\x7f]{100}")

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


def is_excessive(item: Element) -> bool:
    """Whether there is more text than any paper has, or text that would take too long to read."""
    text = "".join(item.itertext())
    return len(text) > MAX_ITEM or _PILE.search(text) is not None


def readable(text: str) -> str:
    """TeX accents as letters, on one line."""
    return one_line(accents(text))  # TeX that stands for a space leaves two of them


def is_visible(text: str) -> bool:
    return any(unicodedata.category(c) != "Cf" for c in text)  # not joiners and marks alone
