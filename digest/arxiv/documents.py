"""The gates to arXiv's documents: what is no whole XML document or web page of it does not pass.
Pure.

XML is UTF-8 and well-formed, has no DTD (and so no entities but XML's own five) and a feed's root
element. A listing page is UTF-8, has its end, and holds its listing in the element in which arXiv
puts it; libxml2 reads no deeper than 255 elements, and no other file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser, fromstring

from lxml import etree

from digest.core.errors import FeedError
from digest.core.text import clean, one_line

MAX_BYTES = 20_000_000  # of a document; 2,000 items, arXiv's own limit, are about 4 MB
MAX_ELEMENTS = 200_000  # of a feed; 2,000 items have about 30,000
MAX_DEPTH = 30

CHANGED = "the layout of arXiv's pages has changed; look for a newer version of this program"
CUT_SHORT = "was cut short or damaged on its way; try again later"


def _require_size(data: bytes, called: str, wanted: str) -> None:
    if not data.strip():
        raise FeedError(called, "the body is empty: the server is in trouble; try again later")
    if len(data) > MAX_BYTES:
        raise FeedError(called, f"not {wanted} but {len(data):,} bytes")


def describe(data: bytes) -> str:
    """What a document is that is not what was asked for."""
    head = data.lstrip()[:500].decode("utf-8", "replace")
    if not re.search(r"(?i)<!doctype html|<html", head):
        return f"something that begins {one_line(head, 60)!r}"
    if name := title(data):
        return f"a web page called {name!r}"
    return "a web page: an error page, a proxy or a captcha stands in the way"


# --- XML ----------------------------------------------------------------------------------------


def parse_xml(data: bytes, called: str) -> Element:
    """The root of the document, which is UTF-8 whatever it or the server says. Raises `FeedError`,
    which names the document as `called`, for any other."""
    _require_size(data, called, "a feed")
    builder = _Builder()
    try:
        root = fromstring(data, XMLParser(target=builder, encoding="utf-8"))  # noqa: S314
        data.decode("utf-8")  # expat believes a UTF-16 mark
    except (ParseError, ValueError) as error:
        if not builder.elements:
            raise FeedError(called, f"not a feed but {describe(data)}") from error
        raise FeedError(
            called,
            f"broken XML ({one_line(str(error), 200)}): the document {CUT_SHORT}",
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


# --- listing pages ------------------------------------------------------------------------------


def parse_page(data: bytes, category: str) -> Any:
    """The lxml element that holds a listing, without scripts. Links whose address arXiv hides
    behind "this https URL" show it. Raises `FeedError` for any other or incomplete document."""
    _require_size(data, category, "a listing")
    root = _tree(data)
    page = None if root is None else root.find(".//div[@id='dlpage']")
    if page is None:
        raise FeedError(category, f"not a listing but {describe(data)}")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FeedError(category, f"a listing that is not UTF-8: the page {CUT_SHORT}") from error
    if not re.search(rb"</html>\s*\Z", data[-200:]):
        raise FeedError(category, f"a listing without its end: the page {CUT_SHORT}")
    etree.strip_elements(page, "script", "style", "template", "noscript", with_tail=False)
    for link in page.iter("a"):
        if re.fullmatch(r"this [a-z]+ URL", link.text or "") and not len(link):
            # arXiv writes "this https URL" for an address, also for what only looks like one.
            link.text = clean(link.get("href", "")).removeprefix("http://")
    return page


def title(data: bytes) -> str:
    """What a web page is called, in arXiv's error pages the reason; "" for one without a name."""
    root = _tree(data[:MAX_BYTES])
    element = None if root is None else root.find(".//title")
    return "" if element is None else one_line(text_of(element), 200)


def _tree(data: bytes) -> Any:
    """The document as a tree; None if there is no element in it."""
    parser = etree.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True
    )
    try:
        return etree.fromstring(data, parser)
    except etree.LxmlError:  # older versions raise it
        return None


def text_of(element: Any) -> str:
    return "".join(element.itertext())


def around_lists(page: Any) -> Iterator[str]:
    """The text of the page itself, piece by piece, without all that comes from papers."""
    yield page.text or ""
    for child in page:
        yield "" if child.tag == "dl" else " ".join(text_of(child).split())
        yield child.tail or ""


def read_date(form: str, text: str) -> date | None:
    """The date in a text of that form, where `{date}` is 22 Sep 2026 or 22 September 2026."""
    pattern = form.replace("{date}", r"([0-9]{1,2} \w{3})\w* ([0-9]{4})")
    match = re.fullmatch(pattern, " ".join(text.split()))
    try:
        return datetime.strptime(f"{match[1]} {match[2]}", "%d %b %Y").date() if match else None  # noqa: DTZ007
    except ValueError:  # the 30th of February
        return None
