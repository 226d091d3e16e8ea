"""The feeds: `feed.xml` (Atom) and `feed.json` (JSON Feed 1.1) with an entry a day, `papers.xml`
(Atom) with an entry a kept paper. Pure.

The id of an entry never changes: a day made again keeps it and gets a later `updated`. Text from
outside is escaped or, if it is Markdown, sanitised; formulas are written as text, for most readers
drop MathML. Entries need no stylesheet, script or image.

If the site's address is not known, links are relative to the feed (RFC 3986), without a `self` link
or an icon; the JSON, which has no such rule, then has addresses in its HTML only.

Atom is written with the standard library: feedgen (1.0.0, 2023) is no longer maintained, and
feedgenerator (2.2.1) knows one author an entry.
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import partial
from itertools import islice
from pathlib import PurePosixPath
from uuid import UUID, uuid5
from xml.sax.saxutils import escape as escape_xml

from markupsafe import Markup

from digest.archive.layout import day_file
from digest.core import wording
from digest.core.below import may_like, near_misses
from digest.core.calendar import EASTERN
from digest.core.config import Site
from digest.core.day import Below, Digest, Kept
from digest.core.papers import Paper
from digest.core.scores import NO_TOPIC, ScoredBy
from digest.core.tex import plain
from digest.core.text import one_line, visible
from digest.core.wording import count, in_words, matches, near, scorer_label, totals, warnings
from digest.site import assets
from digest.site.math import comment_to_html
from digest.site.page import anchor

# Made once, by uuid4, for this project. If it changed, every subscriber would see the last fourteen
# days again. Forks share it: readers tell their entries apart by the feed's address.
NAMESPACE = UUID("60d0fb7a-15a6-47d0-8f41-e03b194f927e")

DAYS = 14
PAPERS = 200
LIMIT = 500_000  # bytes, which a feed stays under
DAY_LIMIT = 34_000  # bytes of a day's entry, so that fourteen fit: later days shorten no entry
MOST_AUTHORS = 6
MOST_REASONS = 5
LONGEST_LINE = 300  # characters of a title, name, topic or warning
LONGEST_COMMENT = 2_000
LONGEST_ABSTRACT = 5_000  # arXiv takes 1,920

_ATOM = "http://www.w3.org/2005/Atom"
_CATEGORIES = "http://arxiv.org/schemas/atom"  # the scheme that arXiv's own feeds give theirs
_OF_DAYS = (
    "arXiv's daily announcements, ranked by topic: a day an entry, with its whole accounting."
)
_OF_PAPERS = (
    "The papers kept of arXiv's daily announcements: a paper an entry, best of a day first."
)
_RIGHTS = (
    "Titles, authors and abstracts are arXiv's metadata, CC0 1.0. Thank you to arXiv for use of its"
    " open access interoperability. This service was not reviewed or approved by arXiv, nor does it"
    " speak for it."
)


@dataclass(frozen=True, slots=True)
class _Place:
    """Title and address of the site."""

    title: str
    url: str  # without a slash at its end; "": not known

    @property
    def front(self) -> str:
        return self.address("" if self.url else "index.html")

    @property
    def icon(self) -> str:
        return self.address(assets.path("icon.svg"))

    def address(self, path: str) -> str:
        return f"{self.url}/{path}" if self.url else path


@dataclass(frozen=True, slots=True)
class _Entry:
    """A day or a paper, in words: everything is plain text but `content`."""

    id: str
    title: str
    link: str  # what the title leads to
    content: Markup
    topics: tuple[str, ...]
    digest: Digest  # the day it belongs to
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()  # arXiv's
    rights: str | None = None

    @property
    def published(self) -> str:
        """When the day was announced: midnight US Eastern, the date of arXiv's own feed."""
        return datetime.combine(self.digest.date, time.min, EASTERN).isoformat()

    @property
    def updated(self) -> str:
        return _utc(self.digest)


def feeds(digests: Sequence[Digest], site: Site) -> dict[PurePosixPath, bytes]:
    """`feed.xml`, `papers.xml` and `feed.json` of the `DAYS` days made last, the newest first;
    nothing without a day.

    A long day lists its best papers and says how many more there are. A feed that would still be
    too large loses whole entries from its end.
    """
    if not digests:
        return {}
    place = _Place(_line(site.title), one_line(site.url).rstrip("/") if site.url else "")
    days = [_day(digest, place) for digest in digests]
    papers = list(islice(_papers(digests, place), PAPERS))
    updated = _utc(digests[0])
    return {
        PurePosixPath("feed.xml"): _fitting(partial(_atom, "feed.xml", place, updated), days),
        PurePosixPath("papers.xml"): _fitting(partial(_atom, "papers.xml", place, updated), papers),
        PurePosixPath("feed.json"): _fitting(partial(_json, place), days),
    }


# --- entries ----------------------------------------------------------------------------------


def _day(digest: Digest, place: _Place) -> _Entry:
    counts, link = digest.counts, place.address(_page(digest))
    kept = f"{counts.kept} of {count(counts.scanned, 'paper')} kept."
    head = [_p("<p><strong>{}</strong> {}.</p>", kept, totals(digest))]
    head += [_p("<p><strong>Note:</strong> {}</p>", _line(text)) for text in warnings(digest)]
    if digest.fallback:  # who scored comes first
        head.insert(0, head.pop(1))
    foot = _p('<p>{} <a href="{}">The whole day on its page</a>.</p>', _rest(digest), link)
    by_topic = Counter(topic for paper in digest.kept for topic in _topics(paper))
    topics = tuple(topic for topic, _ in by_topic.most_common())
    room = DAY_LIMIT - sum(map(_size, [*head, foot, *topics]))
    return _Entry(
        id=_urn(f"day/{digest.date}"),
        # The subject of the day's commit.
        title=f"Digest {digest.date}: {counts.kept} of {counts.scanned} papers kept",
        link=link,
        content=Markup("\n").join([*head, *_list(digest, link, room), foot]),
        topics=topics,
        digest=digest,
    )


def _list(digest: Digest, link: str, room: int) -> list[Markup]:
    """The kept papers, best first, as many as there is room for, and one at least."""
    if not digest.kept:
        return [Markup("<p>No paper reached the cut.</p>")]
    items: list[Markup] = []
    for kept in digest.kept:
        item = _p(
            '<li><a href="https://arxiv.org/abs/{}">{}</a> ({}){}{}</li>',
            kept.paper.id,
            _title(kept.paper),
            _marks(kept, digest),
            _p("<br>{}", names) if (names := _names(kept)) else "",
            _comment(kept),
        )
        room -= _size(item)
        if items and room < 0:
            break
        items.append(item)
    parts = [_p("<ol>\n{}\n</ol>", Markup("\n").join(items))]
    if more := len(digest.kept) - len(items):
        parts.append(_p('<p>And {} more on <a href="{}">the page</a>.</p>', f"{more:,}", link))
    return parts


def _size(text: str) -> int:
    """The bytes of a line in whichever of the two formats takes more."""
    in_json = json.dumps(text, ensure_ascii=False)
    in_xml = escape_xml(str(text))  # for what `Markup` replaces, it escapes
    return 1 + max(len(in_xml.encode()), len(in_json.encode()))


def _rest(digest: Digest) -> str:
    """What is not in the list, and who made it."""
    sentences = []
    if likely := may_like(digest):
        titles = "; ".join(f"{_title(one)} ({wording.marks(one.score)})" for one in likely)
        sentences.append(f"You may like, below the cut: {titles}.")
    if missed := near_misses(digest):
        sentences.append(f"Near misses: {count(len(missed), 'paper')} {near(digest, missed)}.")
    if digest.unscored:
        reasons = Counter(_line(unscored.reason) for unscored in digest.unscored).most_common()
        named = [f"{number} {reason}" for reason, number in reasons[:MOST_REASONS]]
        if others := sum(number for _, number in reasons[MOST_REASONS:]):
            named.append(f"{others} for other reasons")
        sentences.append(f"Unscored: {', '.join(named)}.")
    sentences.append(f"Scored by {_line(scorer_label(digest.scorer, digest.model))}.")
    return " ".join(sentences)


def _papers(digests: Iterable[Digest], place: _Place) -> Iterator[_Entry]:
    """Every kept paper once, as the day made last has it."""
    listed = set()
    for digest in digests:
        for rank, kept in enumerate(digest.kept, start=1):
            if kept.paper.id not in listed:
                listed.add(kept.paper.id)
                yield _paper(rank, kept, digest, place)


def _paper(rank: int, kept: Kept, digest: Digest, place: _Place) -> _Entry:
    paper = kept.paper
    on_page = place.address(f"{_page(digest)}#{anchor(paper.id)}")
    placed = _p(
        '<p><strong>{}</strong> · number {} of {} on <a href="{}">{}</a></p>',
        _marks(kept, digest),
        rank,
        len(digest.kept),
        on_page,
        in_words(digest.date),
    )
    names, abstract = _names(kept), one_line(plain(paper.abstract), LONGEST_ABSTRACT)
    authors, summary = (_p("<p>{}</p>", text) if text else "" for text in (names, abstract))
    content = [placed, authors, _comment(kept), summary]
    return _Entry(
        id=f"oai:arXiv.org:{paper.id}",
        title=_title(kept.paper),
        link=f"https://arxiv.org/abs/{paper.id}",
        content=Markup("\n").join(filter(None, content)),
        topics=_topics(kept),
        digest=digest,
        authors=_authors(kept),
        categories=tuple(filter(None, map(_line, paper.categories))),
        rights=_line(f"License of the paper: {paper.license}") if paper.license else None,
    )


def _p(template: str, *values: object) -> Markup:
    """HTML of ours with text from outside in it, escaped."""
    return Markup(template).format(*values)  # noqa: S704 - every caller's template is its own


def _line(text: str) -> str:
    return one_line(text, LONGEST_LINE)


def _title(paper: Paper | Below) -> str:
    return _line(plain(paper.title)) or paper.id


def _authors(kept: Kept) -> tuple[str, ...]:
    """The first of them, for some papers have three thousand."""
    return tuple(filter(None, map(_line, kept.paper.authors[:MOST_AUTHORS])))


def _names(kept: Kept) -> str:
    more = len(kept.paper.authors) - MOST_AUTHORS
    return ", ".join(_authors(kept)) + (f" and {more:,} more" if more > 0 else "")


def _marks(kept: Kept, digest: Digest) -> str:
    """R10 N9 M97, Topic."""
    marks = wording.marks(kept.score)
    if digest.scorer is ScoredBy.EMBEDDED:
        marks += " by the embedded scorer"
    return ", ".join([marks, *_topics(kept)])


def _topics(kept: Kept) -> tuple[str, ...]:
    topic = _line(kept.score.topic)
    return () if topic in ("", NO_TOPIC) else (topic,)


def _comment(kept: Kept) -> Markup:
    """Why the reader is shown this, as HTML; "" if there is nothing to say."""
    text = kept.score.comment[:LONGEST_COMMENT]
    comment = comment_to_html(text, write_formula=plain)  # no MathML here
    why = [_p("<p>{}</p>", _line(match)) for match in matches(kept)]
    by = _p("<p>{}</p>", _line(wording.words(kept.score))) if kept.score.words else ""
    html = Markup("\n").join(filter(None, [*why, comment, by]))
    return Markup(visible(html))  # noqa: S704 - sanitised; an entity may hide what XML forbids


def _page(digest: Digest) -> str:
    return str(day_file(digest.date, ".html"))


def _urn(name: str) -> str:
    return uuid5(NAMESPACE, name).urn


def _utc(digest: Digest) -> str:
    return digest.generated_at.astimezone(UTC).isoformat(timespec="seconds")


# --- formats ----------------------------------------------------------------------------------


def _fitting(build: Callable[[Sequence[_Entry]], bytes], entries: Sequence[_Entry]) -> bytes:
    """The feed with as many of the entries, from the first, as its limit allows."""
    whole = build(entries)
    if len(whole) < LIMIT:
        return whole
    too_many = bisect_left(range(len(entries)), LIMIT, key=lambda n: len(build(entries[:n])))
    return build(entries[: max(0, too_many - 1)])


def _atom(name: str, place: _Place, updated: str, entries: Sequence[_Entry]) -> bytes:
    """RFC 4287. The ids of the feeds hold neither title nor address, for both may change."""
    feed = ET.Element("feed", xmlns=_ATOM)
    papers = name == "papers.xml"
    _add(feed, "title", f"{place.title}: papers" if papers else place.title)
    _add(feed, "subtitle", _OF_PAPERS if papers else _OF_DAYS)
    _add(feed, "id", _urn(name))
    _add(feed, "updated", updated)
    _add(_add(feed, "author"), "name", place.title)
    _add(feed, "link", rel="alternate", href=place.front)
    if place.url:
        _add(feed, "link", rel="self", href=place.address(name))
        _add(feed, "icon", place.icon)
    _add(feed, "generator", "Preprint Digest")
    _add(feed, "rights", _RIGHTS)
    for entry in entries:
        _atom_entry(feed, entry)
    ET.indent(feed, space="")
    xml: bytes = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return xml + b"\n"


def _atom_entry(feed: ET.Element, entry: _Entry) -> None:
    element = _add(feed, "entry")
    # As HTML: what a careless reader takes for HTML anyway is then harmless. Quotes stay as they
    # are, for others take it for text.
    _add(element, "title", escape_xml(entry.title), type="html")
    _add(element, "id", entry.id)
    _add(element, "published", entry.published)
    _add(element, "updated", entry.updated)
    for author in entry.authors:
        _add(_add(element, "author"), "name", author)
    _add(element, "link", rel="alternate", href=entry.link)
    for topic in entry.topics:
        _add(element, "category", term=topic)
    for category in entry.categories:
        _add(element, "category", term=category, scheme=_CATEGORIES)
    if entry.rights:
        _add(element, "rights", entry.rights)
    _add(element, "content", entry.content, type="html")


def _add(parent: ET.Element, tag: str, text: str | None = None, **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, tag, attributes)
    element.text = None if text is None else str(text)
    return element


def _json(place: _Place, entries: Sequence[_Entry]) -> bytes:
    """https://www.jsonfeed.org/version/1.1/, with the counts as an extension."""
    at_home = {"home_page_url": place.front, "feed_url": place.address("feed.json")}
    at_home |= {"icon": place.icon, "favicon": place.icon}
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": place.title,
        **(at_home if place.url else {}),
        "description": _OF_DAYS,
        "authors": [{"name": place.title}],
        "_preprint_digest": {"rights": _RIGHTS},
        "items": [
            {
                "id": entry.id,
                **({"url": entry.link} if place.url else {}),
                "title": entry.title,
                "content_html": str(entry.content),
                "date_published": entry.published,
                "date_modified": entry.updated,
                "tags": list(entry.topics),
                "_preprint_digest": {
                    "date": str(entry.digest.date),
                    "status": entry.digest.status,
                    "counts": entry.digest.counts.as_stated(),
                },
            }
            for entry in entries
        ],
    }
    return json.dumps(feed, ensure_ascii=False, indent=1).encode() + b"\n"
