"""arXiv's announcement feed: fetched politely, parsed by feedparser.

`fetch_feed` gets the bytes, `parse_feed` makes a `Feed` of them and never fetches. Both raise
`FeedError`, which names the category and the cause, for whatever is not a whole announcement feed.
An announcement of nothing (a weekend, a holiday) is a `Feed` without papers.

The format: https://info.arxiv.org/help/rss_specifications.html and arXiv's generator,
https://github.com/arXiv/arxiv-feed. feedparser reads anything and never complains, so a document
must pass `strict_xml.parse_xml` first, and only arXiv's own elements are handed on to feedparser.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element, register_namespace, tostring

import feedparser  # type: ignore[import-untyped]

from digest.arxiv import http
from digest.arxiv.documents import describe, local_name, parse_xml
from digest.arxiv.paper import CATEGORY, VERSION, make_paper, name_entry, split_entries
from digest.core.calendar import today_eastern
from digest.core.errors import FeedError, NoSuchFeed
from digest.core.papers import ANNOUNCE_TYPES, ID, AnnounceType, Feed, Paper
from digest.core.text import clean, one_line

if TYPE_CHECKING:
    import requests

_ARXIV = "{http://arxiv.org/schemas/atom}"
_ATOM = "{http://www.w3.org/2005/Atom}"
_DC = "{http://purl.org/dc/elements/1.1/}"
register_namespace("arxiv", _ARXIV[1:-1])  # feedparser calls `announce_type` `arxiv_announce_type`
# feedparser looks for e-mail addresses in names, in time to the square of a word's length: longer
# words get spaces. In real feeds words of 300 characters are rare.
_LONGEST_WORD = 500
# Elements that an item may have only once. feedparser would choose one of several.
_SINGLE = ("title", "description", "summary", "announce_type")


def fetch_feed(
    session: requests.Session, category: str, url: str, cached: http.Answer | None = None
) -> http.Answer:
    """What is behind `url`, which is `category`'s feed. Raises `FeedError` as `http.fetch` does."""
    service = http.Service("arxiv.feed_url", _error_reason, missing=NoSuchFeed)
    return http.fetch(session, service, category, url, cached)


def _error_reason(body: bytes) -> str:
    reason = _error_message(_parse(body, "feed")[0].feed)
    return reason and f"{reason}: correct `categories` in the configuration"


def parse_feed(data: bytes, name: str | None = None) -> Feed:
    """An RSS 2.0 or Atom document of arXiv's as a `Feed`, items in the feed's order.

    `name` is what errors call it until its category is known. An item that is not as it should be
    costs the feed nothing else: it is a paper with `unreadable` set, or, if its id cannot be read,
    it is named in `Feed.unreadable`. Raises `FeedError` if there are too many of them
    (`paper.split_entries`), and for an empty body, a web page, a document that breaks off, the
    RDF format of before 2024, and arXiv's own "Feed error" documents.
    """
    called = name or "feed"
    parsed, items = _parse(data, called)
    if reason := _error_message(parsed.feed):
        raise FeedError(called, f"arXiv says: {reason}")
    category = _category(parsed.feed)
    if category is None:
        link = one_line(_text(parsed.feed, "link"), 100)
        raise FeedError(called, f"no arXiv category in its link {link!r}")
    entries = []
    for number, (entry, item) in enumerate(zip(parsed.entries, items, strict=True), start=1):
        name = name_entry(*(_text(entry, key) for key in ("id", "link", "title", "summary")))
        entries.append(_paper(entry, item) or f"item {number}: {name}")
    return Feed(category, _date(parsed, category), *split_entries(category, entries))


def _parse(data: bytes, called: str) -> tuple[Any, list[Element]]:
    """feedparser's result, and its items in the document, both of what arXiv's feeds have alone."""
    root = parse_xml(data, called)
    name = local_name(root.tag)
    if name == "RDF":
        raise FeedError(
            called, "the RDF format that arXiv's feeds left behind in 2024, not RSS 2.0"
        )
    all_items = [e for e in root.iter() if local_name(e.tag) in ("item", "entry")]
    own = root.tag.removesuffix(name)  # "{http://www.w3.org/2005/Atom}"; RSS has no namespace
    channel = root.find(f"{own}channel")
    parent = root if channel is None else channel
    items = parent.findall(f"{own}item" if name == "rss" else f"{own}entry")
    for element in (root, parent, *items):
        for child in list(element):
            if not _is_arxivs(child.tag, own):
                element.remove(child)
    document = tostring(root, "unicode")
    if any(len(word) > _LONGEST_WORD for word in document.split()):
        document = re.sub(rf"(?a)[\w.+-]{{{_LONGEST_WORD}}}", r"\g<0> ", document)
    try:
        parsed = feedparser.parse(
            BytesIO(document.encode()),  # it would fetch a text that is an address
            resolve_relative_uris=False,
            sanitize_html=False,
        )
        if parsed.bozo:  # the result comes from a parser that guesses
            raise parsed.bozo_exception
    except Exception as error:  # of many kinds, for example for an impossible address
        problem = f"feedparser cannot read it ({type(error).__name__})"
        raise FeedError(called, f"{problem}: the document was damaged; try again later") from error
    if parsed.version not in ("rss20", "atom10"):
        raise FeedError(called, f"not a feed but {describe(data)}")
    if not len(parsed.entries) == len(items) == len(all_items):
        # Some stand inside of others, or are of another namespace.
        counts = f"{len(items)} of {len(all_items)} items can be read"
        raise FeedError(called, f"{counts}: the format has changed")
    return parsed, items


def _is_arxivs(tag: str, own: str) -> bool:
    """True for what arXiv's feeds have. feedparser would take names, subjects and titles from many
    other vocabularies, and fails at some."""
    return tag in (f"{_DC}creator", f"{_DC}rights", f"{_ATOM}link") or (
        tag.removesuffix(local_name(tag)) in (own, _ARXIV)
    )


def _text(element: Any, key: str) -> str:
    value = element.get(key)
    return value if isinstance(value, str) else ""  # a dict, if the element has attributes


def _error_message(channel: Any) -> str:
    """What arXiv says in a feed that is its way to report an error; "" in any other."""
    if not _text(channel, "title").startswith("Feed error"):
        return ""
    return one_line(_text(channel, "subtitle") or "no reason given", 300)


_CHANNEL = re.compile(rf"https?://[^/]+/(?:rss|atom)/({CATEGORY}(?:\+{CATEGORY})*)/?")


def _category(channel: Any) -> str | None:
    """The last part of the channel's own link, `http://rss.arxiv.org/rss/cs.LG`."""
    links = [_text(channel, "link"), _text(channel, "id")]
    links += [_text(link, "href") for link in channel.get("links", [])]
    matches = filter(None, (_CHANNEL.fullmatch(link.strip()) for link in links))
    return next((match[1] for match in matches), None)


def _date(parsed: Any, category: str) -> date:
    """The announcement date: midnight US Eastern. RSS states it for the channel, Atom for the
    entries alone; an empty Atom feed has only its build time."""
    places = [(parsed.feed, "published")]
    places += [(entry, "published") for entry in parsed.entries[:1]]
    places += [(parsed.feed, "updated")]
    for element, key in places:
        # `in`: feedparser warns if `updated` is not there and `published` would stand in for it.
        text = _text(element, key) if key in element else ""
        try:
            moment = (
                datetime.fromisoformat(text)
                if re.match(r"[0-9]{4}-", text)
                else parsedate_to_datetime(text)
            )
            day = today_eastern(moment)
        except (ValueError, OverflowError, TypeError, IndexError):  # the last two are email.utils'
            continue
        # arXiv's years. The year must be in the text: email.utils makes 2000 of 0000.
        if 1991 <= day.year < 2100 and str(moment.year) in text:
            return day
    raise FeedError(category, "no date (pubDate): not arXiv's announcement feed")


_GUID = re.compile(rf"oai:arXiv\.org:({ID})(?:{VERSION})?")
_LINK = re.compile(rf"https?://arxiv\.org/abs/({ID})(?:{VERSION})?")
_HEADER = re.compile(rf"\s*arXiv:({ID}){VERSION}\b(?:\s*Announce Type:\s*([a-z-]+))?.*", re.DOTALL)
_ID_PLACES = ((_GUID, "id"), (_LINK, "link"), (_HEADER, "summary"))
_TYPES = {str(kind): kind for kind in ANNOUNCE_TYPES}
_LONGEST_QUOTE = 60  # characters of what is wrong


def _paper(entry: Any, item: Element) -> Paper | None:
    """The item as a paper, `unreadable` if something is wrong with it; None without one id."""
    children = Counter(local_name(child.tag) for child in item)
    if (place := _id(entry)) is None or children["guid"] + children["id"] > 1:
        return None
    paper_id, version, problem = place
    summary = _text(entry, "summary")
    header = _HEADER.fullmatch(summary)
    announced_as = clean(_text(entry, "arxiv_announce_type")) or (header and header[3]) or ""
    before, heading, abstract = summary.partition("Abstract:")
    repeated = [f"{children[name]} {name}s" for name in _SINGLE if children[name] > 1]
    return make_paper(
        paper_id,
        int(version or (header and header[2]) or 1),
        _TYPES.get(announced_as, AnnounceType.UNKNOWN),
        title=_text(entry, "title"),
        names=_names(entry),
        abstract=abstract if heading else before,
        categories=(tag.term or "" for tag in entry.get("tags", [])),
        doi=_text(entry, "arxiv_doi"),
        journal_ref=_text(entry, "arxiv_journal_reference"),
        rights=_text(entry, "rights"),
        problem=problem or ", ".join(repeated) or _wrong_type(announced_as),
    )


def _names(entry: Any) -> str:
    """arXiv's author string; of several authors, all of them."""
    authors = entry.get("authors", [])
    if len(authors) < 2:
        return _text(entry, "author")
    return ", ".join(filter(None, (_text(author, "name") for author in authors)))


def _id(entry: Any) -> tuple[str, str | None, str] | None:
    """(id, version, problem) of an item; `problem` is an id element that could not be read, "" if
    there is none. None if no element has an id."""
    problem = ""
    for pattern, key in _ID_PLACES:
        text = _text(entry, key)
        if match := pattern.fullmatch(text):
            return match[1], match[2], problem
        if text and not problem:
            problem = f"id {one_line(text, _LONGEST_QUOTE)!r}"
    return None


def _wrong_type(announced_as: str) -> str:
    if announced_as in _TYPES:
        return ""
    quoted = one_line(announced_as, _LONGEST_QUOTE)
    return f"announce type {quoted!r}" if announced_as else "no announce type"
