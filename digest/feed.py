"""arXiv's announcement feed: fetched politely, parsed strictly.

`fetch_feed` turns a category into bytes, `parse_feed` bytes into a `Feed`; the parser never
fetches. Both raise `FeedError`, naming the category and the cause, for whatever is not a whole
announcement feed. An announcement of nothing (a weekend, a holiday) is a `Feed` without papers.

The format: https://info.arxiv.org/help/rss_specifications.html and arXiv's generator,
https://github.com/arXiv/arxiv-feed.
"""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable, Mapping
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from digest.announcements import today_eastern
from digest.errors import FeedError
from digest.models import AnnounceType, Feed, Paper
from digest.text import accents, clean, one_line

if TYPE_CHECKING:
    import requests
    from urllib3 import BaseHTTPResponse

ARXIV_NAMESPACE = "http://arxiv.org/schemas/atom"

CONNECT_TIMEOUT_S = 10
READ_TIMEOUT_S = 60
DEADLINE_S = 180  # for one whole body, however slowly it drips
MAX_BYTES = 50_000_000  # 2,000 items, arXiv's own limit, are about 4 MB
MAX_RETRY_AFTER_S = 120
UNREADABLE_SHARE = 0.01  # above this, a feed is broken rather than blemished

ACCEPT = "application/rss+xml, application/atom+xml, application/xml;q=0.9, text/xml;q=0.9"


def polite_session(user_agent: str, delay_s: float) -> requests.Session:
    """A session that keeps to arXiv's terms: never two requests within `delay_s` seconds, retries
    included (https://info.arxiv.org/help/api/tou.html asks for 3), and Retry-After honoured."""
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3 import Retry

    class PoliteRetry(Retry):
        def get_backoff_time(self) -> float:
            return max(delay_s, super().get_backoff_time())

        def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
            asked = super().get_retry_after(response)
            return None if asked is None else max(delay_s, asked)

    class PacedAdapter(HTTPAdapter):
        _next_request = 0.0

        def send(self, *args: Any, **kwargs: Any) -> requests.Response:
            time.sleep(max(0.0, self._next_request - time.monotonic()))
            try:
                return super().send(*args, **kwargs)
            finally:
                self._next_request = time.monotonic() + delay_s

    retry = PoliteRetry(
        total=4,
        backoff_factor=delay_s,
        backoff_max=60,
        status_forcelist=(429, 500, 502, 503, 504),
        retry_after_max=MAX_RETRY_AFTER_S,
        raise_on_status=False,
    )
    session = requests.Session()
    session.headers.update({"User-Agent": user_agent, "Accept": ACCEPT})
    adapter = PacedAdapter(max_retries=retry)  # one for both: a redirect to https waits as well
    for scheme in ("https://", "http://"):
        session.mount(scheme, adapter)
    return session


def fetch_feed(
    session: requests.Session,
    category: str,
    url: str,
    clock: Callable[[], float] = time.monotonic,
) -> bytes:
    """The body behind `url`, which is `category`'s feed.

    Raises `FeedError` when the server cannot be reached, answers with anything but 200 or with a
    web page, or sends for longer than `DEADLINE_S` or more than `MAX_BYTES`.
    """
    import requests
    import urllib3

    body = bytearray()
    try:
        with session.get(url, timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S), stream=True) as response:
            deadline = clock() + DEADLINE_S  # for the body alone: Retry-After may take longer
            # read1 gives what has arrived; iter_content would wait for a whole chunk.
            while chunk := response.raw.read1(65_536, decode_content=True):
                body += chunk
                if len(body) > MAX_BYTES:
                    raise FeedError(category, f"{url} sent more than {MAX_BYTES:,} bytes")
                if clock() > deadline:
                    raise FeedError(
                        category,
                        f"{url} sent {len(body):,} bytes in {DEADLINE_S} s and was still sending:"
                        " the server is overloaded; try again later",
                    )
            status = response.status_code
            content_type = response.headers.get("Content-Type", "")
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise FeedError(
            category, f"cannot read {url}: {one_line(str(error), 300)}: try again later"
        ) from error
    if status != 200:
        raise FeedError(category, _http_problem(url, status, bytes(body)))
    if "html" in content_type.lower():
        raise FeedError(category, f"{url} answered with a web page ({content_type}), not a feed")
    return bytes(body)


def _http_problem(url: str, status: int, body: bytes) -> str:
    """What a refusal means. arXiv answers 400 with a feed that says why, 429 with two words."""
    try:
        said = _error_message(_document(body, url).feed)
    except FeedError:
        said = None
    if said is not None:
        return f"HTTP {status} from {url}: {said}: correct `categories` in the configuration"
    means = {
        403: "access refused: the server blocks this client; wait before trying again",
        404: "no such feed: check `categories` and `arxiv.feed_url`",
        429: "too many requests: wait, and let only one machine read the feed",
    }.get(status, "the server is in trouble: try again later" if status >= 500 else "unexpected")
    return f"HTTP {status} from {url}: {means}"


def parse_feed(data: bytes, name: str | None = None) -> Feed:
    """An RSS 2.0 or Atom document of arXiv's as a `Feed`, items in the feed's order.

    `name` is what errors call it until its category is known. Items without an id or a title are
    named in `Feed.unreadable`; more than 1% of them is an error. Raises `FeedError` also for an
    empty body, a web page, a document that breaks off, the RDF format of before 2024, and arXiv's
    own "Feed error" documents.
    """
    called = name or "feed"
    if not data.strip():
        raise FeedError(called, "the body is empty: the server is in trouble; try again later")
    document = _document(data, called)
    if document.version == "rss10" or document.version == "rss090":
        raise FeedError(
            called, "the RDF format that arXiv's feeds left behind in 2024, not RSS 2.0"
        )
    if document.version not in ("rss20", "atom10"):
        raise FeedError(called, f"not a feed but {_describe(data)}")
    channel = document.feed
    if (said := _error_message(channel)) is not None:
        raise FeedError(called, f"arXiv says: {said}")
    category = _category(channel)
    if category is None:
        raise FeedError(
            called, f"no arXiv category in its link {one_line(str(channel.get('link')), 100)!r}"
        )
    # feedparser names an element of a namespace it does not know `prefix_name`, in lower case.
    prefixes = [p for p, uri in document.namespaces.items() if uri == ARXIV_NAMESPACE]
    prefix = f"{prefixes[0].lower()}_" if prefixes and prefixes[0] else ""
    papers: list[Paper] = []
    unreadable: list[str] = []
    for number, item in enumerate(document.entries, start=1):
        paper = _paper(item, prefix)
        if paper is None:
            unreadable.append(f"item {number}: {_name_item(item)}")
        else:
            papers.append(paper)
    if len(unreadable) > UNREADABLE_SHARE * len(document.entries):
        raise FeedError(
            category,
            f"{len(unreadable)} of {len(document.entries)} items have no id, title or announce type"
            f" ({unreadable[0]}): the format has changed; look for a newer version of this program",
        )
    return Feed(category, _date(document, category), tuple(papers), tuple(unreadable))


def _document(data: bytes, called: str) -> Any:
    """feedparser's reading of well-formed XML.

    What is not well-formed goes no further: its parser for that guesses, can take minutes and
    raises anything.
    """
    import feedparser

    if not _ROOT.search(data, 0, 2000) or b"<!DOCTYPE" in data[:2000] or b"<!ENTITY" in data:
        raise FeedError(called, f"not a feed but {_describe(data)}")
    try:
        expat.ParserCreate(namespace_separator=" ").Parse(data, True)
        # Sanitising and link resolution are for HTML that is shown; these are plain fields.
        document = feedparser.parse(
            io.BytesIO(data), sanitize_html=False, resolve_relative_uris=False
        )
        if document.bozo:
            raise document.bozo_exception
    except Exception as error:  # feedparser raises anything where elements stand askew
        raise FeedError(
            called,
            f"broken XML ({one_line(str(error), 200)}):"
            " the document was cut short or damaged on its way; try again later",
        ) from error
    return document


_ROOT = re.compile(rb"<(?:\w+:)?(?:rss|feed|RDF)[\s>]")


def _error_message(channel: Mapping[str, Any]) -> str | None:
    """What arXiv says in a feed that is its way of reporting an error; None in any other."""
    if not str(channel.get("title", "")).startswith("Feed error"):
        return None
    return one_line(str(channel.get("subtitle", "no reason given")), 300)


def _describe(data: bytes) -> str:
    head = data.lstrip()[:500].decode("utf-8", "replace")
    if re.search(r"(?i)<!doctype html|<html", head):
        return "a web page: an error page, a proxy or a captcha stands in the way"
    return f"something that begins {one_line(head, 60)!r}"


def _category(channel: Mapping[str, Any]) -> str | None:
    """The last part of the channel's own link, `http://rss.arxiv.org/rss/cs.LG`."""
    links = [channel.get("link", ""), channel.get("id", "")]
    links += [link.get("href", "") for link in channel.get("links", ())]
    for link in links:
        match = re.fullmatch(r"https?://[^/]+/(?:rss|atom)/([A-Za-z.+-]+)/?", str(link))
        if match:
            return match[1]
    return None


def _date(document: Any, category: str) -> date:
    """The announcement date: midnight US Eastern. RSS states it for the channel, Atom for the
    entries alone; an empty Atom feed has only its build time."""
    places = [(document.feed, "published")]
    places += [(entry, "published") for entry in document.entries[:1]]
    places += [(document.feed, "updated")]
    for text in [place[key] for place, key in places if key in place]:
        try:
            moment = (
                datetime.fromisoformat(text)
                if re.match(r"\d{4}-", text)
                else parsedate_to_datetime(text)
            )
            if moment.tzinfo is not None:
                return today_eastern(moment)
        except (ValueError, OverflowError):
            continue
    raise FeedError(category, "no date (pubDate): not arXiv's announcement feed")


_ID = r"\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7}"
_GUID = re.compile(rf"oai:arXiv\.org:({_ID})(?:v(\d{{1,4}}))?")
_LINK = re.compile(rf"https?://arxiv\.org/abs/({_ID})(?:v(\d{{1,4}}))?")
_VERSION = re.compile(r"arXiv:\S+?v(\d{1,4})\b")
_ANNOUNCED = re.compile(r"Announce Type:\s*([a-z-]+)")


def _paper(item: Any, prefix: str) -> Paper | None:
    """The item as a paper, or None where it lacks an id, a title or an announce type."""

    def said(key: str) -> str:
        return clean(str(item.get(key) or ""))

    header, found, abstract = said("summary").partition("Abstract:")
    match = _GUID.fullmatch(said("id")) or _LINK.fullmatch(said("link"))
    title, names = said("title"), said("author")
    abstract = abstract.strip() if found else header
    announced = said(f"{prefix}announce_type") or _first(_ANNOUNCED, header)
    if match is None or not title or announced not in list(AnnounceType):
        return None
    readable_title, readable_names, readable_abstract = map(accents, (title, names, abstract))
    authors, affiliations = parse_authors(readable_names)
    return Paper(
        id=match[1],
        version=int(match[2] or _first(_VERSION, header) or 1),
        title=readable_title,
        authors=authors,
        abstract=readable_abstract,
        categories=tuple(clean(tag["term"]) for tag in item.get("tags", ()) if tag["term"]),
        announce_type=AnnounceType(announced),
        affiliations=affiliations,
        doi=said(f"{prefix}doi") or None,
        journal_ref=said(f"{prefix}journal_reference") or None,
        license=said("rights") or None,
        title_tex=title if title != readable_title else None,
        authors_tex=names if names != readable_names else None,
        abstract_tex=abstract if abstract != readable_abstract else None,
    )


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return match[1] if match else None


def _name_item(item: Any) -> str:
    for key in ("id", "link", "title", "summary"):
        if item.get(key):
            return one_line(str(item[key]), 80)
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
