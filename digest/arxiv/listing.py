"""arXiv's listing pages: what was announced on a day, section by section. Pure.

`parse_catchup` reads a page of `/catchup/CATEGORY/DATE`, and `/list/CATEGORY/new`, which has the
same sections; `together` makes one announcement of all pages of a day; `parse_recent` reads
`/list/CATEGORY/recent`. Each number that a page states is compared with what is on it. If they do
not agree, that is a `FeedError`: a page that was cut short, or whose layout has changed, is never
a day on which little or nothing was announced.

The pages: arXiv/arxiv-browse, `browse/templates/catchup.html`, `list/list_macros.html`,
`list/recent.html` and the queries behind them, `browse/services/database/catchup.py` (26f634fb).
What a page does not say:

- The version that was announced. A page shows papers as they are now; if it links to their HTML,
  it names the present version. A paper announced as new is in its first version.
- Authors after the hundredth, which are omitted without a note: `Listing.cut`.
- DOI and license.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from digest.arxiv.paper import (
    CATEGORY,
    ID,
    VERSION,
    excess,
    is_no_accident,
    make_paper,
    require_readable,
    unreadable_paper,
)
from digest.arxiv.strict_html import (
    CHANGED,
    CUT_SHORT,
    around_lists,
    called,
    parse_page,
    read_date,
    text_of,
)
from digest.core.categories import covers
from digest.core.errors import FeedError
from digest.core.papers import AnnounceType, Feed, Paper
from digest.core.text import clean, one_line

CUT_AT = 100  # authors a page shows; a hundred and one are shown whole

_RACE = "they may have changed while they were read; try again later"
_SECTIONS = ("New", "Cross", "Replacement")


@dataclass(frozen=True, slots=True)
class Section:
    """A heading: "New submissions (showing first 120 of 207 entries)"."""

    name: str  # New, Cross or Replacement
    shown: int  # on this page
    total: int  # on all pages of the day


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a category's announcement of a day."""

    day: date
    total: int  # entries on all pages of the day
    sections: tuple[Section, ...]
    papers: tuple[Paper, ...]
    unreadable: tuple[str, ...] = ()  # entries without a readable id, each named somehow
    next_day: date | None = None  # a later announcement that was out when the page was made
    cut: tuple[str, ...] = ()  # papers that have a hundred authors here, and perhaps more

    @property
    def is_empty(self) -> bool:
        """No updates: none in this category, none that day, or none *yet*; it cannot tell."""
        return self.total == 0


def parse_catchup(data: bytes, category: str, day: date | None = None) -> Listing:
    """A page of what was announced in `category`, on `day` if one is given.

    Raises `FeedError` for what is no such page, is cut short, shows another number of entries than
    it says, or is of another day or category. A page past the last entry has no papers.
    """
    page = parse_page(data, category)
    pieces = list(around_lists(page))
    page_day = _date_of(pieces)
    if page_day is None:
        raise FeedError(category, f"not a listing but {called(data)}")
    if day is not None and page_day != day:
        raise FeedError(category, f"the page is of {page_day}, not of {day}: try again later")
    text = " ".join(pieces)
    totals = set(re.findall(r"Total of ([0-9]{1,6}) entries", text))
    lists = [dl for dl in page.iterfind("dl") if dl.get("id") == "articles"]
    is_empty = not lists and re.search(r"No (?:further )?updates", text) is not None
    if is_empty and not totals:
        totals = {"0"}  # /list/…/new does not state it
    if len(totals) != 1 or not (lists or is_empty):
        raise FeedError(category, f"a listing without its totals or its sections: {CHANGED}")
    reader = _Reader(category)
    sections = [section for dl in lists for section in reader.read(dl)]
    listing = Listing(
        day=page_day,
        total=int(totals.pop()),
        sections=tuple(sections),
        papers=tuple(reader.papers),
        unreadable=tuple(reader.unreadable),
        next_day=_next_day(page, page_day),
        cut=tuple(reader.cut),
    )
    _require_sound(listing, category)
    return listing


def together(pages: Sequence[Listing], category: str) -> Feed:
    """All pages of a day as one announcement, in arXiv's order.

    Raises `FeedError` unless they are pages of one day that agree with each other, and hold all
    entries of all sections.
    """
    first = pages[0]
    wanted = {section.name: section.total for page in pages for section in page.sections}
    for page in pages:
        stated = {section.name: section.total for section in page.sections}
        same = (page.day, page.total) == (first.day, first.total)
        if not same or not stated.items() <= wanted.items():
            raise FeedError(category, f"{first.day}: its pages contradict each other: {_RACE}")
    papers = {paper.id: paper for page in reversed(pages) for paper in reversed(page.papers)}
    unreadable = tuple(name for page in pages for name in page.unreadable)
    entries = len(papers) + len(unreadable)
    if not sum(wanted.values()) == entries == first.total:
        counts = f"{entries} different entries of {first.total}"
        raise FeedError(category, f"{first.day}: its pages hold {counts}: {_RACE}")
    return Feed(category, first.day, tuple(reversed(papers.values())), unreadable)


def parse_recent(data: bytes, category: str) -> dict[date, int]:
    """The five newest announcement dates, newest first, and how many new papers and cross-lists
    `category` had on each; replacements are not counted. A date may have none.

    Raises `FeedError` for what is not `/list/CATEGORY/recent`, whole.
    """
    page = parse_page(data, category)
    days: list[tuple[date, int]] = []
    for link in page.iterfind("ul/li/a"):
        skip = re.search(r"[?&]skip=([0-9]{1,7})\b", link.get("href", ""))
        day = read_date(r"\w{3}, {date}", text_of(link))
        if skip and day:
            days.append((day, int(skip[1])))
    text = " ".join(around_lists(page))
    if not days or "recent submissions" not in text:
        raise FeedError(category, f"not a list of recent days but {called(data)}")
    total = re.search(r"Total of ([0-9]{1,7}) entries", text)
    ends = [skip for _, skip in days[1:]] + [int(total[1]) if total else 0]
    counts = {
        day: end - start for (day, start), end in zip(days, ends, strict=True) if end >= start
    }
    in_order = sorted(counts, reverse=True) == [day for day, _ in days]
    if days[0][1] != 0 or not in_order:
        raise FeedError(category, f"a list of recent days whose numbers do not agree: {CHANGED}")
    if total is None and page.find("dl/dt") is not None:
        raise FeedError(category, f"a list of recent days without its total: {CHANGED}")
    return counts


_HEADINGS = (
    r"Catchup results for .{1,200} on \w{3}, {date}",
    r"Showing new listings for \w+, {date}",
)


def _date_of(pieces: list[str]) -> date | None:
    dates = (read_date(heading, text) for text in pieces for heading in _HEADINGS)
    return next(filter(None, dates), None)


def _next_day(page: Any, day: date) -> date | None:
    """The date to which "Continue to the next day" links; None without such a link."""
    for link in page.iter("a"):
        match = re.match(r"/catchup/[^/]+/([0-9]{4}-[0-9]{2}-[0-9]{2})\b", link.get("href", ""))
        try:
            target = date.fromisoformat(match[1]) if match else None
        except ValueError:  # the 30th of February
            target = None
        if target and target > day:
            return target
    return None


def _require_sound(listing: Listing, category: str) -> None:
    """Raise `FeedError` if a page that could be read says what it should not."""
    shown = sum(section.shown for section in listing.sections)
    if shown > listing.total or any(s.shown > s.total for s in listing.sections):
        raise FeedError(category, f"it shows {shown} of {listing.total} entries: {CHANGED}")
    require_readable(category, listing.papers, listing.unreadable, CHANGED)
    papers = [paper for paper in listing.papers if not paper.unreadable]
    # A few can be: a page shows today's categories, and papers are moved from one to another.
    elsewhere = [p.id for p in papers if not any(covers(category, c) for c in p.categories)]
    if papers and (is_no_accident(len(elsewhere), len(papers)) or len(elsewhere) == len(papers)):
        counts = f"{len(elsewhere)} of {len(papers)} papers are not in it ({elsewhere[0]})"
        raise FeedError(category, f"{counts}: the page is of another category; try again later")
    if papers and not any(paper.abstract for paper in papers):
        raise FeedError(category, f"{len(papers)} papers without any abstract: {CHANGED}")


# --- entries ------------------------------------------------------------------------------------

_HEADING = re.compile(
    rf"({'|'.join(_SECTIONS)}) submissions"
    r" \((?:continued, )?showing (?:first |last )?([0-9]{1,6}) of ([0-9]{1,6}) entries ?\)"
)
_ABS = re.compile(rf"(?:https?://arxiv\.org)?/abs/({ID})(?:{VERSION})?")
_HTML = re.compile(rf"(?:https?://arxiv\.org)?/html/({ID}){VERSION}")
_SUBJECT = re.compile(rf"\(({CATEGORY})\)\s*$")


class _Reader:
    """Collects the papers of one page."""

    def __init__(self, category: str) -> None:
        self._category = category
        self.papers: list[Paper] = []
        self.unreadable: list[str] = []
        self.cut: list[str] = []

    def read(self, articles: Any) -> Iterator[Section]:
        """A list's sections, each after its entries have been collected and counted."""
        section, entries, head = None, 0, None
        for child in [*articles, None]:
            if child is None or child.tag == "h3":
                if section is not None:
                    yield self._counted(section, entries)
                elif entries:
                    raise FeedError(
                        self._category, f"{entries} entries without a heading: {CHANGED}"
                    )
                section, entries = (None if child is None else self._section(child)), 0
            elif child.tag == "dt":
                head = child
            elif child.tag == "dd" and head is not None:
                entries += 1
                self._collect(section, head, child)
                head = None

    def _collect(self, section: Section | None, head: Any, body: Any) -> None:
        paper = _paper(section.name if section else "", head, body, self._category)
        if paper is None:
            name = one_line(text_of(head), 60) or one_line(text_of(body), 60) or "without any text"
            self.unreadable.append(f"entry {name}")
            return
        self.papers.append(paper)
        if len(body.findall(".//div[@class='list-authors']/a")) == CUT_AT:
            self.cut.append(paper.id)

    def _section(self, heading: Any) -> Section:
        text = clean(text_of(heading))
        if match := _HEADING.fullmatch(text):
            return Section(match[1], int(match[2]), int(match[3]))
        raise FeedError(self._category, f"a section called {one_line(text, 100)!r}: {CHANGED}")

    def _counted(self, section: Section, entries: int) -> Section:
        if entries == section.shown:
            return section
        counts = f"{entries} of the {section.shown} entries that it says it shows"
        raise FeedError(self._category, f"{section.name} submissions: {counts}: {CUT_SHORT}")


def _paper(section: str, head: Any, body: Any, category: str) -> Paper | None:
    """The entry as a paper, `unreadable` if something is wrong with it; None without an id."""
    links = [link.get("href", "") for link in head.iter("a")]
    match = next(filter(None, map(_ABS.fullmatch, links)), None)
    if match is None:
        return None
    if too_much := excess(text_of(head)) or excess(text_of(body)):
        return unreadable_paper(match[1], 1, _announced(section, at_home=True), too_much)
    title, names, journal, abstract, subjects = (
        clean(_content(body, kind))
        for kind in (
            "list-title mathjax",
            "list-authors",
            "list-journal-ref",
            "mathjax",
            "list-subjects",
        )
    )
    terms = map(_SUBJECT.search, subjects.split(";"))
    categories = tuple(dict.fromkeys(term[1] for term in terms if term))
    return make_paper(
        match[1],
        _version(section, match, links),
        _announced(section, at_home=not categories or covers(category, categories[0])),
        title=title,
        names=names,
        abstract=abstract,
        categories=categories,
        authors=((), ()) if names == "(author list is unavailable)" else None,
        journal_ref=journal,
        problem="" if categories else "no subject",
    )


def _announced(section: str, *, at_home: bool) -> AnnounceType:
    if section == "New":
        return AnnounceType.NEW
    if section == "Cross":
        return AnnounceType.CROSS
    return AnnounceType.REPLACE if at_home else AnnounceType.REPLACE_CROSS


def _version(section: str, match: re.Match[str], links: list[str]) -> int:
    """1 for a new paper; else the present version if the page names it, or the lowest possible."""
    if section == "New":
        return 1
    for link in links:
        if (named := _HTML.fullmatch(link)) and named[1] == match[1]:
            return int(named[2])
    return int(match[2] or (2 if section == "Replacement" else 1))


def _content(body: Any, kind: str) -> str:
    """The text of the elements of that class, without the label before it."""
    parts = []
    for element in body.iterfind(f".//*[@class='{kind}']"):
        for child in element:
            if child.get("class") == "descriptor":
                child.text = ""
            elif (child.tail or "").strip() == ":":  # Collaboration: Author
                child.tail = ", "
        parts.append(text_of(element))
    return " ".join(parts)
