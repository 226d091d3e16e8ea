"""arXiv's listing pages: what was announced on a day, section by section. Pure.

`parse_catchup` reads a page of `/catchup/CATEGORY/DATE`; `together` makes one announcement of all
pages of a day; `parse_recent` reads `/list/CATEGORY/recent`. Each number that a page states is
compared with what is on it. If they do not agree, that is a `FeedError`: a page that was cut short,
or whose layout has changed, is never a day on which little or nothing was announced.

The pages: arXiv/arxiv-browse, `browse/templates/catchup.html`, `list/list_macros.html`,
`list/recent.html` and the queries behind them, `browse/services/database/catchup.py` (26f634fb).
What a page does not say:

- The version that was announced. A page shows papers as they are now; if it links to their HTML,
  it names the present version. A paper announced as new is in its first version.
- Authors after the hundredth, which are omitted without a note.
- DOI and license.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import Any

from digest.arxiv.documents import (
    CHANGED,
    CUT_SHORT,
    around_lists,
    describe,
    parse_page,
    read_date,
    text_of,
)
from digest.arxiv.paper import (
    CATEGORY,
    VERSION,
    Page,
    is_no_accident,
    make_paper,
    name_entry,
    split_entries,
)
from digest.core.categories import covers
from digest.core.errors import FeedError
from digest.core.papers import ID, AnnounceType, Feed, Paper
from digest.core.text import clean, one_line

CUT_AT = 100  # authors a page shows; a hundred and one are shown whole


def parse_catchup(data: bytes, category: str, day: date) -> Page:
    """A page of what was announced in `category` on `day`.

    Raises `FeedError` for what is no such page, is cut short, shows another number of entries than
    it says, or is of another day or category. A page past the last entry has no papers.
    """
    page = parse_page(data, category)
    pieces = list(around_lists(page))
    dates = (read_date(r"Catchup results for .{1,200} on \w{3}, {date}", text) for text in pieces)
    page_day = next(filter(None, dates), None)
    if page_day is None:
        raise FeedError(category, f"not a listing but {describe(data)}")
    if page_day != day:
        raise FeedError(category, f"the page is of {page_day}, not of {day}: try again later")
    text = " ".join(pieces)
    totals = set(re.findall(r"Total of ([0-9]{1,6}) entries", text))
    lists = [dl for dl in page.iterfind("dl") if dl.get("id") == "articles"]
    if len(totals) != 1 or not (lists or re.search(r"No (?:further )?updates", text)):
        raise FeedError(category, f"a listing without its totals or its sections: {CHANGED}")
    entries = [entry for articles in lists for entry in _entries(articles, category)]
    total = int(totals.pop())
    if len(entries) > total:
        raise FeedError(category, f"it shows {len(entries)} of {total} entries: {CHANGED}")
    papers, nameless = split_entries(category, entries, CHANGED)
    _require_of_category(papers, category)
    return Page(total, papers, nameless, _next_day(page, day))


def together(pages: Sequence[Page], category: str, day: date) -> Feed:
    """All pages of a day as one announcement, in arXiv's order.

    Raises `FeedError` unless they hold as many different entries as each of them states.
    """
    papers = {paper.id: paper for page in pages for paper in page.papers}
    unreadable = tuple(name for page in pages for name in page.unreadable)
    entries = len(papers) + len(unreadable)
    totals = {page.total for page in pages}
    if totals != {entries}:
        raise FeedError(
            category,
            f"{day}: its pages hold {entries} different entries of"
            f" {' or '.join(map(str, sorted(totals)))}: they may have changed while they were read;"
            " try again later",
        )
    return Feed(category, day, tuple(papers.values()), unreadable)


def parse_recent(data: bytes, category: str) -> dict[date, int]:
    """The five newest announcement dates, newest first, and how many new papers and cross-lists
    `category` had on each; replacements are not counted. A date may have none.

    Raises `FeedError` for what is not `/list/CATEGORY/recent`, whole.
    """
    page = parse_page(data, category)
    days: list[date] = []
    numbers: list[int] = []  # how many papers are newer than each day's
    for link in page.iterfind("ul/li/a"):
        skip = re.search(r"[?&]skip=([0-9]{1,7})\b", link.get("href", ""))
        day = read_date(r"\w{3}, {date}", text_of(link))
        if skip and day:
            days.append(day)
            numbers.append(int(skip[1]))
    text = " ".join(around_lists(page))
    if not days or "recent submissions" not in text:
        raise FeedError(category, f"not a list of recent days but {describe(data)}")
    total = re.search(r"Total of ([0-9]{1,7}) entries", text)
    numbers.append(int(total[1]) if total else 0)
    in_order = numbers == sorted(numbers) and days == sorted(set(days), reverse=True)
    if numbers[0] or not in_order or (total is None and page.find("dl/dt") is not None):
        raise FeedError(category, f"a list of recent days whose numbers do not agree: {CHANGED}")
    return {day: end - start for day, (start, end) in zip(days, pairwise(numbers), strict=True)}


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


def _require_of_category(papers: Sequence[Paper], category: str) -> None:
    """Raise `FeedError` if the papers are of another category, or have no abstracts."""
    papers = [paper for paper in papers if not paper.unreadable]
    # A few can be: a page shows today's categories, and papers are moved from one to another.
    elsewhere = [p.id for p in papers if not any(covers(category, c) for c in p.categories)]
    if papers and (is_no_accident(len(elsewhere), len(papers)) or len(elsewhere) == len(papers)):
        counts = f"{len(elsewhere)} of {len(papers)} papers are not in it ({elsewhere[0]})"
        raise FeedError(category, f"{counts}: the page is of another category; try again later")
    if papers and not any(paper.abstract for paper in papers):
        raise FeedError(category, f"{len(papers)} papers without any abstract: {CHANGED}")


# --- entries ------------------------------------------------------------------------------------

_HEADING = re.compile(
    r"(New|Cross|Replacement) submissions"
    r" \((?:continued, )?showing (?:first |last )?([0-9]{1,6}) of [0-9]{1,6} entries ?\)"
)
_ABS = re.compile(rf"(?:https?://arxiv\.org)?/abs/({ID})(?:{VERSION})?")
_HTML = re.compile(rf"(?:https?://arxiv\.org)?/html/({ID}){VERSION}")
_SUBJECT = re.compile(rf"\(({CATEGORY})\)\s*$")


def _entries(articles: Any, category: str) -> Iterator[Paper | str]:
    """A list's entries, as many as its headings state; those without a readable id by name."""
    section, entries, stated, head = "", 0, 0, None
    for child in articles:
        if child.tag == "h3":
            heading = clean(text_of(child))
            match = _HEADING.fullmatch(heading)
            if match is None:
                raise FeedError(category, f"a section called {one_line(heading, 100)!r}: {CHANGED}")
            section = match[1]
            stated += int(match[2])
        elif child.tag == "dt":
            head = child
        elif child.tag == "dd" and head is not None:
            entries += 1
            name = f"entry {name_entry(text_of(head), text_of(child))}"
            yield _paper(section, head, child, category) or name
            head = None
    if entries != stated:
        counts = f"{entries} of the {stated} entries that it says it shows"
        raise FeedError(category, f"a list with {counts}: the page {CUT_SHORT}")


def _paper(section: str, head: Any, body: Any, category: str) -> Paper | None:
    """The entry as a paper, `unreadable` if something is wrong with it; None without an id."""
    links = [link.get("href", "") for link in head.iter("a")]
    match = next(filter(None, map(_ABS.fullmatch, links)), None)
    if match is None:
        return None
    title, names, journal, abstract, subjects = (
        _content(body, kind)
        for kind in (
            "list-title mathjax",
            "list-authors",
            "list-journal-ref",
            "mathjax",
            "list-subjects",
        )
    )
    terms = map(_SUBJECT.search, subjects.split(";"))
    categories = [term[1] for term in terms if term]
    return make_paper(
        match[1],
        _version(section, match, links),
        _announced(section, at_home=not categories or covers(category, categories[0])),
        title=title,
        names="" if names.strip() == "(author list is unavailable)" else names,
        abstract=abstract,
        categories=categories,
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
