"""arXiv's announcement feed: fetched politely, parsed strictly.

`fetch_feed` turns a category into bytes, `parse_feed` bytes into a `Feed`; the parser never
fetches. Both raise `FeedError`, naming the category and the cause, for whatever is not a whole
announcement feed. An announcement of nothing (a weekend, a holiday) is a `Feed` without papers.

The format: https://info.arxiv.org/help/rss_specifications.html and arXiv's generator,
https://github.com/arXiv/arxiv-feed. Nothing in it is guessed at: it is UTF-8, well-formed, without
a DTD, and every element has its own namespace. What departs from that is told, not mended.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from digest.arxiv.strict_xml import (
    ARXIV,
    ATOM,
    CATEGORY,
    ID,
    MAX_BYTES,
    VERSION,
    all_unreadable,
    describe,
    excess,
    is_visible,
    parse_xml,
    readable,
    too_many_unreadable,
    unreadable_paper,
    wrong_title,
)
from digest.core.calendar import today_eastern
from digest.core.errors import FeedError, NoSuchFeed
from digest.core.papers import ANNOUNCE_TYPES, AnnounceType, Feed, Paper
from digest.core.text import clean, one_line

if TYPE_CHECKING:
    import requests

    from digest.arxiv.http_cache import Answers

_DC = "{http://purl.org/dc/elements/1.1/}"


@dataclass(frozen=True, slots=True)
class _Form:
    """What RSS and Atom call the same thing."""

    channel: str
    item: str
    id: str
    link: str
    title: str
    summary: str  # of an item
    subtitle: str  # of the channel
    category: str
    published: str
    updated: str


_RSS_NAMES = (
    "item", "guid", "link", "title", "description", "description", "category", "pubDate",
    "lastBuildDate",
)  # fmt: skip
_ATOM_NAMES = (
    "entry", "id", "link", "title", "summary", "subtitle", "category", "published", "updated",
)  # fmt: skip
_FORMS = {
    "rss": _Form("channel", *_RSS_NAMES),
    f"{ATOM}feed": _Form(".", *(ATOM + name for name in _ATOM_NAMES)),
}


def fetch_feed(
    session: requests.Session, category: str, url: str, answers: Answers | None = None
) -> bytes:
    """The body behind `url`, which is `category`'s feed; from `answers` where it has not changed.

    Raises `FeedError` when the server cannot be reached, breaks off, sends too much or for too
    long, redirects elsewhere, or answers with anything but 200 or with a web page.
    """
    from digest.arxiv import http

    try:
        before = answers.recall(url) if answers else None
        answer = http.fetch(session, url, MAX_BYTES, before)
    except http.TransportError as error:
        raise FeedError(category, str(error)) from error
    if answer.status != 200:
        kind = NoSuchFeed if answer.status in (400, 404, 410) else FeedError
        raise kind(category, _http_problem(url, answer.status, answer.body))
    if "html" in answer.content_type.lower():
        said = one_line(answer.content_type, 100)
        raise FeedError(category, f"{url} answered with a web page ({said}), not a feed")
    if answers:
        answers.keep(url, answer)
    return answer.body


def _http_problem(url: str, status: int, body: bytes) -> str:
    """What a refusal means. arXiv answers 400 with a feed that says why, 429 with two words."""
    try:
        said = _error_message(*_channel(parse_xml(body, url), body, url))
    except FeedError:
        said = None
    if said is not None:
        return f"HTTP {status} from {url}: {said}: correct `categories` in the configuration"
    no_such_feed = "no such feed: check `categories` and `arxiv.feed_url`"
    means = {
        400: no_such_feed,
        403: "access refused: the server blocks this client; wait before trying again",
        404: no_such_feed,
        410: no_such_feed,
        429: "too many requests: wait, and let only one machine read the feed",
    }.get(status, "the server is in trouble: try again later" if status >= 500 else "unexpected")
    return f"HTTP {status} from {url}: {means}"


def parse_feed(data: bytes, name: str | None = None) -> Feed:
    """An RSS 2.0 or Atom document of arXiv's as a `Feed`, items in the feed's order.

    `name` is what errors call it until its category is known. An item that is not as it should be
    costs the feed nothing else: where its id can be read it is a paper with `unreadable` set, where
    not it is named in `Feed.unreadable`. Raises `FeedError` where there are too many of them
    (`too_many_unreadable`) or no item has an id, and for an empty body, a web page, a document that
    breaks off, the RDF format of before 2024, and arXiv's own "Feed error" documents.
    """
    called = name or "feed"
    if not data.strip():
        raise FeedError(called, "the body is empty: the server is in trouble; try again later")
    root = parse_xml(data, called)
    channel, form = _channel(root, data, called)
    if (said := _error_message(channel, form)) is not None:
        raise FeedError(called, f"arXiv says: {said}")
    category = _category(channel, form)
    if category is None:
        link = one_line("".join(_texts(channel, form.link)), 100)
        raise FeedError(called, f"no arXiv category in its link {link!r}")
    # By their last name: items of a namespace unknown are not a day without papers.
    items = [e for e in root.iter() if e.tag.rpartition("}")[2] in ("item", "entry")]
    papers: list[Paper] = []
    unreadable: list[str] = []
    for number, item in enumerate(items, start=1):
        paper = _paper(item, form)
        if paper is None:
            unreadable.append(f"item {number}: {_name_item(item, form)}")
        else:
            papers.append(paper)
    broken = all_unreadable(papers, unreadable)
    if too_many_unreadable(len(broken), len(items)) or (items and not papers):
        raise FeedError(
            category,
            f"{len(broken)} of {len(items)} items cannot be read ({broken[0]}):"
            " the format has changed; look for a newer version of this program",
        )
    return Feed(category, _date(channel, items, form, category), tuple(papers), tuple(unreadable))


def _channel(root: Element, data: bytes, called: str) -> tuple[Element, _Form]:
    """The element that describes the feed, and the form that the feed has."""
    if root.tag.endswith("}RDF"):
        raise FeedError(
            called, "the RDF format that arXiv's feeds left behind in 2024, not RSS 2.0"
        )
    form = _FORMS.get(root.tag)
    channel = None if form is None else root.find(form.channel)
    if form is None or channel is None or (root.tag == "rss" and root.get("version") != "2.0"):
        raise FeedError(called, f"not a feed but {describe(data)}")
    return channel, form


def _texts(parent: Element, tag: str) -> Iterator[str]:
    """What each child of that name says, in Atom sometimes by an attribute."""
    for child in parent.findall(tag):
        yield child.get("href") or child.get("term") or "".join(child.itertext())


def _error_message(channel: Element, form: _Form) -> str | None:
    """What arXiv says in a feed that is its way of reporting an error; None in any other."""
    if not "".join(_texts(channel, form.title)).lstrip().startswith("Feed error"):
        return None
    return one_line("".join(_texts(channel, form.subtitle)) or "no reason given", 300)


_CHANNEL = re.compile(rf"https?://[^/]+/(?:rss|atom)/({CATEGORY}(?:\+{CATEGORY})*)/?")


def _category(channel: Element, form: _Form) -> str | None:
    """The last part of the channel's own link, `http://rss.arxiv.org/rss/cs.LG`."""
    for tag in (form.link, form.id, f"{ATOM}link"):
        for link in _texts(channel, tag):
            if match := _CHANNEL.fullmatch(link.strip()):
                return match[1]
    return None


def _date(channel: Element, items: list[Element], form: _Form, category: str) -> date:
    """The announcement date: midnight US Eastern. RSS states it for the channel, Atom for the
    entries alone; an empty Atom feed has only its build time."""
    places = [(channel, form.published)]
    places += [(item, form.published) for item in items[:1]]
    places += [(channel, form.updated)]
    for text in [text.strip() for place, tag in places for text in _texts(place, tag)]:
        try:
            moment = (
                datetime.fromisoformat(text)
                if re.match(r"[0-9]{4}-", text)
                else parsedate_to_datetime(text)
            )
            day = today_eastern(moment)
        except (ValueError, OverflowError, TypeError, IndexError):  # the last two are email.utils'
            continue
        # arXiv's years; and as said, for email.utils makes 2000 of 0000.
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


def _paper(item: Element, form: _Form) -> Paper | None:
    """The item as a paper, `unreadable` where something is wrong with it; None without an id."""

    def text_of(tag: str, between: str = " ") -> str:
        return clean(between.join(_texts(item, tag)))

    if (found := _id(item, form)) is None:
        return None
    paper_id, version, wrong_id = found
    if too_much := excess(item):  # hence nothing else of it is read
        announced = _TYPES.get("".join(_texts(item, f"{ARXIV}announce_type")).strip())
        return unreadable_paper(
            paper_id, too_much, announced or AnnounceType.UNKNOWN, version=version or 1
        )
    header, heading, abstract = text_of(form.summary).partition("Abstract:")
    title = text_of(form.title)
    names = text_of(f"{_DC}creator", between=", ")
    abstract = abstract.strip() if heading else header
    announced_as = text_of(f"{ARXIV}announce_type") or _first(_ANNOUNCED, header) or ""
    readable_title, readable_names, readable_abstract = map(readable, (title, names, abstract))
    authors, affiliations = parse_authors(readable_names)
    return Paper(
        id=paper_id,
        version=version or int(_first(_VERSION, header) or 1),
        title=readable_title if is_visible(readable_title) else "",
        authors=authors,
        abstract=readable_abstract,
        categories=tuple(
            term.strip()
            for term in _texts(item, form.category)
            if re.fullmatch(CATEGORY, term.strip())  # they become links and file names
        ),
        announce_type=_TYPES.get(announced_as, AnnounceType.UNKNOWN),
        affiliations=affiliations,
        doi=text_of(f"{ARXIV}DOI") or None,
        journal_ref=text_of(f"{ARXIV}journal_reference") or None,
        license=text_of(f"{_DC}rights") or None,
        title_tex=title if title != readable_title else None,
        authors_tex=names if names != readable_names else None,
        abstract_tex=abstract if abstract != readable_abstract else None,
        unreadable=(
            wrong_id
            or wrong_title(readable_title, len(item.findall(form.title)))
            or _wrong_type(announced_as)
        ),
    )


def _id(item: Element, form: _Form) -> tuple[str, int | None, str] | None:
    """An item's id, its version where that stands beside it, and what is wrong with the place where
    the id should be ("": nothing). None where no place has an id."""
    wrong = ""
    for pattern, tag in ((_GUID, form.id), (_LINK, form.link)):
        text = "".join(_texts(item, tag)).strip()
        if match := pattern.fullmatch(text):
            return match[1], int(match[2]) if match[2] else None, wrong
        if text and not wrong:
            wrong = f"id {one_line(text, _LONGEST_QUOTE)!r}"
    match = _HEADER.match("".join(_texts(item, form.summary)))
    return (match[1], int(match[2]), wrong) if match else None


def _wrong_type(announced_as: str) -> str:
    if announced_as in _TYPES:
        return ""
    quoted = one_line(announced_as, _LONGEST_QUOTE)
    return f"announce type {quoted!r}" if announced_as else "no announce type"


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return match[1] if match else None


def _name_item(item: Element, form: _Form) -> str:
    for tag in (form.id, form.link, form.title, form.summary):
        if said := one_line(" ".join(_texts(item, tag)), 80):
            return said
    return "an item without any text"


def parse_authors(names: str) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """arXiv's author string as names and (name, affiliation) pairs.

    `A B (X, Y), C D` is split on commas outside parentheses; where parentheses do not balance,
    on every comma, so that no name is swallowed. Parentheses at the end hold the affiliation;
    elsewhere, as in `Yu-Chiang (Frank) Wang`, they belong to the name.
    """
    parts = _split_outside_parentheses(names) if _balanced(names) else names.split(",")
    authors, affiliations = [], []
    for part in filter(None, (part.strip() for part in parts)):
        name, affiliation = _split_affiliation(part)
        authors.append(name)
        if affiliation:
            affiliations.append((name, affiliation))
    return tuple(authors), tuple(affiliations)


def _split_affiliation(part: str) -> tuple[str, str]:
    if not part.endswith(")"):
        return part, ""
    depth = 0
    for position in range(len(part) - 1, 0, -1):
        depth += (part[position] == ")") - (part[position] == "(")
        if depth == 0:
            return part[:position].rstrip(), part[position + 1 : -1].strip()
    return part, ""  # nothing before the parenthesis, or none that opens it


def _balanced(text: str) -> bool:
    depth = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return False
    return depth == 0


def _split_outside_parentheses(text: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for position, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    return [*parts, text[start:]]
