"""arXiv's announcement feed: fetched politely, parsed by feedparser.

`fetch_feed` turns a category into bytes, `parse_feed` bytes into a `Feed`; the parser never
fetches. Both raise `FeedError`, which names the category and the cause, for whatever is not a whole
announcement feed. An announcement of nothing (a weekend, a holiday) is a `Feed` without papers.

The format: https://info.arxiv.org/help/rss_specifications.html and arXiv's generator,
https://github.com/arXiv/arxiv-feed. feedparser reads anything and never complains, so a document
must pass `strict_xml.check_xml` first.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any

import feedparser  # type: ignore[import-untyped]

from digest.arxiv.paper import (
    CATEGORY,
    ID,
    VERSION,
    excess,
    make_paper,
    split_entries,
    unreadable_paper,
)
from digest.arxiv.strict_xml import MAX_BYTES, check_xml, describe
from digest.core.calendar import today_eastern
from digest.core.errors import FeedError, NoSuchFeed
from digest.core.papers import ANNOUNCE_TYPES, AnnounceType, Feed, Paper
from digest.core.text import clean, one_line

if TYPE_CHECKING:
    import requests

    from digest.arxiv.http_cache import Answers

# feedparser looks for e-mail addresses in author names, in time to the square of a word's length:
# longer words get spaces. In real feeds words of 300 characters are rare.
_LONGEST_WORD = 500
_LONG_WORD = re.compile(rf"(?:[\w.+-]|&#\w{{1,9}};){{{_LONGEST_WORD}}}", re.ASCII)
_ARXIV_NAMESPACE = "http://arxiv.org/schemas/atom"
# Elements that an item may have only once. feedparser would choose one of several.
_SINGLE = ("title", "description", "summary", "announce_type")


def fetch_feed(
    session: requests.Session, category: str, url: str, answers: Answers | None = None
) -> bytes:
    """The body behind `url`, which is `category`'s feed; from `answers` if it has not changed.

    Raises `FeedError` if the server cannot be reached, breaks off, sends too much or for too long,
    redirects elsewhere, or answers with anything but 200.
    """
    from digest.arxiv import http

    cached = answers.recall(url) if answers else None
    answer = http.fetch(session, category, url, MAX_BYTES, cached)
    if answer.status != 200:
        # arXiv answers 400 with a feed that says why.
        reason = _error_reason(answer.body)
        advice = f"{reason}: correct `categories` in the configuration" if reason else ""
        raise http.refusal(category, answer, "arxiv.feed_url", advice, NoSuchFeed)
    if answers:
        answers.keep(url, answer)
    return answer.body


def _error_reason(body: bytes) -> str:
    """What arXiv's "Feed error" document says; "" for any other document."""
    try:
        return _error_message(_parse(body, "feed")[0].feed)
    except FeedError:
        return ""


def parse_feed(data: bytes, name: str | None = None) -> Feed:
    """An RSS 2.0 or Atom document of arXiv's as a `Feed`, items in the feed's order.

    `name` is what errors call it until its category is known. An item that is not as it should be
    costs the feed nothing else: it is a paper with `unreadable` set, or, if its id cannot be read,
    it is named in `Feed.unreadable`. Raises `FeedError` if there are too many of them
    (`paper.split_entries`), and for an empty body, a web page, a document that breaks off, the
    RDF format of before 2024, and arXiv's own "Feed error" documents.
    """
    called = name or "feed"
    if not data.strip():
        raise FeedError(called, "the body is empty: the server is in trouble; try again later")
    parsed, children = _parse(data, called)
    if reason := _error_message(parsed.feed):
        raise FeedError(called, f"arXiv says: {reason}")
    category = _category(parsed.feed)
    if category is None:
        link = one_line(_text(parsed.feed, "link"), 100)
        raise FeedError(called, f"no arXiv category in its link {link!r}")
    prefix = _arxiv_prefix(parsed.namespaces)
    entries = enumerate(zip(parsed.entries, children, strict=True), start=1)
    papers, nameless = split_entries(
        category,
        (
            _paper(entry, counts, prefix) or f"item {number}: {_name_item(entry)}"
            for number, (entry, counts) in entries
        ),
    )
    return Feed(category, _date(parsed, category), papers, nameless)


def _parse(data: bytes, called: str) -> tuple[Any, list[Counter[str]]]:
    """feedparser's result, and how often each item has each child element."""
    children = check_xml(data, called)
    text = data.decode("utf-8")
    if any(len(word) > _LONGEST_WORD for word in text.split()):
        text = _LONG_WORD.sub(r"\g<0> ", text)
    try:
        parsed = feedparser.parse(
            BytesIO(text.encode("utf-8")),  # it would fetch a text that is an address
            # The document is UTF-8, whatever it declares.
            response_headers={"content-type": "application/xml; charset=utf-8"},
            resolve_relative_uris=False,
            sanitize_html=False,
        )
        # `bozo`: the result comes from a parser that guesses. To read the document as UTF-8,
        # whatever it declares, is what we asked for.
        if parsed.bozo and not isinstance(
            parsed.bozo_exception, feedparser.CharacterEncodingOverride
        ):
            raise parsed.bozo_exception
    except Exception as error:  # of many kinds, for example for an impossible address
        problem = f"feedparser cannot read it ({type(error).__name__})"
        raise FeedError(called, f"{problem}: the document was damaged; try again later") from error
    if parsed.version in ("rss10", "rss090"):
        raise FeedError(
            called, "the RDF format that arXiv's feeds left behind in 2024, not RSS 2.0"
        )
    if parsed.version not in ("rss20", "atom10"):
        raise FeedError(called, f"not a feed but {describe(data)}")
    if len(parsed.entries) != len(children):  # items of another namespace are no items to it
        counts = f"{len(parsed.entries)} of {len(children)} items can be read"
        raise FeedError(called, f"{counts}: the format has changed")
    return parsed, children


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
_HEADER = re.compile(rf"\s*arXiv:({ID}){VERSION}\b")
_VERSION = re.compile(rf"arXiv:(?:{ID}){VERSION}\b")
_ANNOUNCED = re.compile(r"Announce Type:\s*([a-z-]+)")
_TYPES = {str(kind): kind for kind in ANNOUNCE_TYPES}
_LONGEST_QUOTE = 60  # characters of what is wrong


def _arxiv_prefix(namespaces: dict[str, str]) -> str:
    """How the names of arXiv's own elements begin in this document, mostly `arxiv_`."""
    prefixes = [prefix for prefix, uri in namespaces.items() if uri == _ARXIV_NAMESPACE]
    return f"{prefixes[0].lower()}_" if any(prefixes) else ""


def _paper(entry: Any, children: Counter[str], prefix: str) -> Paper | None:
    """The item as a paper, `unreadable` if something is wrong with it; None without one id."""
    if (place := _id(entry)) is None or children["guid"] + children["id"] > 1:
        return None
    paper_id, version, problem = place
    own = (prefix + name for name in ("announce_type", "doi", "journal_reference"))
    texts = [_names(entry), *(_text(entry, key) for key in ("title", "summary", "rights", *own))]
    if too_much := excess("\n".join(texts)):  # so nothing else of it is read
        announced = _TYPES.get(_text(entry, f"{prefix}announce_type"), AnnounceType.UNKNOWN)
        return unreadable_paper(paper_id, version or 1, announced, too_much)
    names, title, summary, rights, announced_as, doi, journal = map(clean, texts)
    header, heading, abstract = summary.partition("Abstract:")
    announced_as = announced_as or _first(_ANNOUNCED, header) or ""
    repeated = [f"{children[name]} {name}s" for name in _SINGLE if children[name] > 1]
    return make_paper(
        paper_id,
        version or int(_first(_VERSION, header) or 1),
        _TYPES.get(announced_as, AnnounceType.UNKNOWN),
        title=title,
        names=names,
        abstract=abstract.strip() if heading else header,
        categories=tuple(
            term
            for tag in entry.get("tags", [])
            # Nothing else: they become links and file names.
            if re.fullmatch(CATEGORY, term := (tag.term or "").strip())
        ),
        doi=doi,
        journal_ref=journal,
        rights=rights,
        problem=problem or ", ".join(repeated) or _wrong_type(announced_as),
    )


def _names(entry: Any) -> str:
    """arXiv's author string; of several authors, all of them."""
    authors = entry.get("authors", [])
    if len(authors) < 2:
        return _text(entry, "author")
    return ", ".join(filter(None, (_text(author, "name") for author in authors)))


def _id(entry: Any) -> tuple[str, int | None, str] | None:
    """(id, version or None, problem) of an item; `problem` is an id element that could not be
    read, "" if there is none. None if no element has an id."""
    wrong = ""
    for pattern, key in ((_GUID, "id"), (_LINK, "link")):
        text = _text(entry, key)
        if match := pattern.fullmatch(text):
            return match[1], int(match[2]) if match[2] else None, wrong
        if text and not wrong:
            wrong = f"id {one_line(text, _LONGEST_QUOTE)!r}"
    match = _HEADER.match(_text(entry, "summary"))
    return (match[1], int(match[2]), wrong) if match else None


def _wrong_type(announced_as: str) -> str:
    if announced_as in _TYPES:
        return ""
    quoted = one_line(announced_as, _LONGEST_QUOTE)
    return f"announce type {quoted!r}" if announced_as else "no announce type"


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return match[1] if match else None


def _name_item(entry: Any) -> str:
    texts = (one_line(_text(entry, key), 80) for key in ("id", "link", "title", "summary"))
    return next(filter(None, texts), "an item without any text")
