"""What arXiv's listing pages have in common: HTML, parsed for its text alone. Pure.

A page must be UTF-8, have its end, and hold its listing in the element in which arXiv puts it.
libxml2 reads no deeper than 255 elements, and no other file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from lxml import etree

from digest.arxiv.strict_xml import MAX_BYTES, describe
from digest.core.errors import FeedError
from digest.core.text import clean, one_line

CHANGED = "the layout of arXiv's pages has changed; look for a newer version of this program"
CUT_SHORT = "the page was cut short or damaged on its way; try again later"

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def parse_page(data: bytes, category: str) -> Any:
    """The lxml element that holds a listing, without scripts. Links whose address arXiv hides
    behind "this https URL" show it. Raises `FeedError` for any other or incomplete document."""
    if not data.strip():
        raise FeedError(category, "the page is empty: the server is in trouble; try again later")
    if len(data) > MAX_BYTES:
        raise FeedError(category, f"not a listing but {len(data):,} bytes")
    root = _tree(data)
    page = None if root is None else root.find(".//div[@id='dlpage']")
    if page is None:
        raise FeedError(category, f"not a listing but {called(data)}")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FeedError(category, f"a listing that is not UTF-8: {CUT_SHORT}") from error
    if not re.search(rb"</html>\s*\Z", data[-200:]):
        raise FeedError(category, f"a listing without its end: {CUT_SHORT}")
    etree.strip_elements(page, "script", "style", "template", "noscript", with_tail=False)
    for link in page.iter("a"):
        if re.fullmatch(r"this [a-z]+ URL", link.text or "") and not len(link):
            # arXiv writes "this https URL" for an address, also for what only looks like one.
            link.text = clean(link.get("href", "")).removeprefix("http://")
    return page


def called(data: bytes) -> str:
    """What a document is that is not what was asked for."""
    name = title(data)
    return f"a web page called {name!r}" if name else describe(data)


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
    pattern = form.replace("{date}", r"([0-9]{1,2}) (\w{3})\w* ([0-9]{4})")
    match = re.fullmatch(pattern, " ".join(text.split()))
    if match is None or match[2] not in _MONTHS:
        return None
    try:
        return date(int(match[3]), _MONTHS.index(match[2]) + 1, int(match[1]))
    except ValueError:  # the 30th of February
        return None
