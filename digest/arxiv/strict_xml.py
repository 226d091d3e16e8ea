"""The gate to arXiv's XML: what is no plain XML document of papers does not pass.

A document is UTF-8 and well-formed, has no DTD (and so no entities but XML's own five), has a
feed's root element, and is no larger than what arXiv sends. Pure.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser, fromstring

from digest.core.errors import FeedError
from digest.core.text import one_line

MAX_BYTES = 20_000_000  # of a document; 2,000 items, arXiv's own limit, are about 4 MB
MAX_ELEMENTS = 200_000  # of a document; 2,000 items have about 30,000
MAX_DEPTH = 30


def parse_xml(data: bytes, called: str) -> Element:
    """The root of the document, which is UTF-8 whatever it or the server says. Raises `FeedError`,
    which names the document as `called`, for any other."""
    if not data.strip():
        raise FeedError(called, "the body is empty: the server is in trouble; try again later")
    if len(data) > MAX_BYTES:
        raise FeedError(called, f"not a feed but {len(data):,} bytes")
    builder = _Builder()
    try:
        root = fromstring(data, XMLParser(target=builder, encoding="utf-8"))  # noqa: S314
        data.decode("utf-8")  # expat believes a UTF-16 mark
    except (ParseError, ValueError) as error:
        if not builder.elements:
            raise FeedError(called, f"not a feed but {describe(data)}") from error
        raise FeedError(
            called,
            f"broken XML ({one_line(str(error), 200)}):"
            " the document was cut short or damaged on its way; try again later",
        ) from error
    return root


class _Builder(TreeBuilder):
    """Stops at what no feed has."""

    elements = depth = 0

    def doctype(self, *_: object) -> None:
        raise ValueError("it has a DTD")

    def start(self, tag: str, attributes: dict[str, str], /) -> Element:
        if not self.elements and local_name(tag) not in ("rss", "feed", "RDF"):
            raise ValueError("it is no feed")
        self.elements += 1
        self.depth += 1
        if self.depth > MAX_DEPTH or self.elements > MAX_ELEMENTS:
            raise ValueError(f"more than {MAX_DEPTH} levels or {MAX_ELEMENTS:,} elements")
        return super().start(tag, attributes)

    def end(self, tag: str, /) -> Element:
        self.depth -= 1
        return super().end(tag)


def local_name(tag: str) -> str:
    """Without its namespace: `{http://www.w3.org/2005/Atom}entry` is `entry`."""
    return tag.rpartition("}")[2]


def describe(data: bytes) -> str:
    """What a document is that is not what was asked for."""
    head = data.lstrip()[:500].decode("utf-8", "replace")
    if re.search(r"(?i)<!doctype html|<html", head):
        return "a web page: an error page, a proxy or a captcha stands in the way"
    return f"something that begins {one_line(head, 60)!r}"
