from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core import calendar
from digest.core.config import Site
from digest.core.day import Counts, Day, Status
from digest.core.scores import NO_TOPIC, ScoredBy
from digest.site import pages
from digest.site.calendar import all_days_page, month_page, year_page
from tests import make
from tests.site.days import EVENTFUL, QUIET, SITE

Golden = Callable[[str, bytes], None]

VOID = {"meta", "link", "input", "br", "hr", "img", "wbr"}
ANY_TEXT = "</td><script>alert(1)</script> & \u202e\x00"


def counts(kept: int, below: int = 0, unscored: int = 0, filtered: int = 0) -> Counts:
    scanned = kept + below + unscored
    return Counts(
        announced=scanned + filtered,
        seen=0,
        filtered=filtered,
        scanned=scanned,
        kept=kept,
        below=below,
        unscored=unscored,
        new=scanned + filtered,
        cross=0,
        replace=0,
    )


def a_day(at: date | str, kept: int = 10, below: int = 90, **changes: Any) -> Day:
    at = date.fromisoformat(at) if isinstance(at, str) else at
    day = Day(
        date=at,
        status=Status.COMPLETE,
        scorer=ScoredBy.MODEL,
        generated_at=datetime(at.year, at.month, at.day, 6, tzinfo=UTC),
        counts=counts(kept, below, filtered=50),
        cost_usd=0.05,
        prompt_tokens=1_000,
        completion_tokens=100,
        topics={"Architecture": kept} if kept else {},
        relevance=(below, 0, 0, 0, 0, 0, 0, 0, 0, kept),
        novelty=(0, below, 0, 0, 0, 0, 0, 0, kept, 0),
    )
    return replace(day, **changes)


def days_from(first: date, number: int) -> list[Day]:
    """A seeded archive with a bit of everything."""
    dice = random.Random(5)
    made: list[Day] = []
    at = first
    while len(made) < number:
        if calendar.is_announcement_day(at) and dice.random() > 0.02:
            day = a_day(at, dice.randint(0, 150), dice.randint(100, 800))
            names = [*(f"Topic number {n}" for n in range(9)), NO_TOPIC]
            kept = day.counts.kept
            shares = {name: kept // len(names) for name in names if kept // len(names)}
            day = replace(day, topics=shares, cost_usd=dice.choice([None, 0.0421, 0.4321]))
            made.append(
                replace(day, scorer=dice.choice([ScoredBy.MODEL] * 9 + [ScoredBy.EMBEDDED]))
            )
        at += timedelta(days=1)
    return made


class Page(HTMLParser):
    """A page read strictly: every element closed, in order; its tables; its cells by text."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.tables: list[list[list[str]]] = []
        self.text = ""
        self.html = page.decode()
        self.feed(self.html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.open[-1:] and {"td", "th"} & set(self.open):
            self.tables[-1][-1][-1] += data

    @property
    def links(self) -> list[str]:
        return [str(attrs["href"]) for tag, attrs in self.elements if tag == "a"]

    def titles(self, name: str) -> list[str | None]:
        """Of the cells with this class."""
        cells = (attrs for tag, attrs in self.elements if tag == "td")
        return [cell.get("title") for cell in cells if name in str(cell.get("class")).split()]


def main(page: bytes) -> bytes:
    (found,) = re.findall(rb"<main.*</main>\n", page, re.DOTALL)
    return bytes(found)


def pictures(page: bytes) -> list[ElementTree.Element]:
    found = re.findall(r'<svg class="plot.*?\n</svg>', page.decode(), re.DOTALL)
    return [ElementTree.fromstring(svg) for svg in found]  # noqa: S314 - our own


def number(words: str) -> float:
    if words in ("not reported", "under $0.0001"):
        return 0
    return 0.0 if words == "nothing" else float(words.replace("$", "").replace(",", ""))


# --- goldens ----------------------------------------------------------------------------------

TWO = [Day.of(EVENTFUL), Day.of(QUIET)]


def test_the_calendar_looks_as_agreed(golden: Golden) -> None:
    golden("archive.html", main(all_days_page(TWO, SITE)))


def test_a_month_looks_as_agreed(golden: Golden) -> None:
    golden("month.html", main(month_page(TWO, "2026-11", SITE)))


def test_the_feeds_are_explained_as_agreed(golden: Golden) -> None:
    site = replace(SITE, url="https://ada.github.io/papers")
    golden("subscribe.html", main(pages.subscribe_page(site)))


def test_a_missing_page_looks_as_agreed(golden: Golden) -> None:
    golden("404.html", main(pages.not_found_page(SITE)))


# --- the calendar -----------------------------------------------------------------------------


def test_years_and_months_stand_newest_first_and_weeks_in_order() -> None:
    days = [a_day("2026-01-06"), a_day("2025-12-30"), a_day("2026-02-02"), a_day("2026-01-05")]
    page = Page(all_days_page(days, SITE))
    assert [link for link in page.links if re.match(r"20\d\d/", link)] == [
        "2026/2026.html",
        "2026/2026-02.html",
        "2026/2026-02-02.html",
        "2026/2026-01.html",
        "2026/2026-01-05.html",
        "2026/2026-01-06.html",
        "2025/2025.html",
        "2025/2025-12.html",
        "2025/2025-12-30.html",
    ]
    assert page.tables[1][:3] == [
        ["Mon", "Tue", "Wed", "Thu", "Fri"],
        ["", "", "", "1 ✕", "2 "],
        ["5 10", "6 10", "7 ✕", "8 ✕", "9 ✕"],
    ]
    assert "2026 3 days, 30 of 300 papers kept" in page.text


def test_all_days_shows_twelve_months_and_links_earlier_years() -> None:
    dates = [*(f"2025-{month:02}-04" for month in range(1, 13)), "2026-01-05", "2026-02-04"]
    page = Page(all_days_page([a_day("2021-02-04"), *map(a_day, dates)], SITE))
    shown = [link[5:15] for link in page.links if re.fullmatch(r"20\d\d/.{10}\.html", link)]
    assert shown == dates[:1:-1]
    for year, days, kept in ((2021, "1 day", 10), (2025, "12 days", 120), (2026, "2 days", 20)):
        assert f"{year} {days}, {kept} of {kept * 10:,} papers kept" in page.text
    assert page.links.count("2025/2025.html") == 2
    assert re.findall("All of .{4}", page.text) == ["All of 2025"]


def test_the_page_of_all_days_does_not_grow_with_the_years() -> None:
    def size(first: int) -> int:
        days = [
            a_day(f"{year}-{month:02}-05") for year in range(first, 2027) for month in range(1, 13)
        ]
        return len(all_days_page(days, SITE))

    assert size(2010) - size(2024) < 14 * 250  # bytes: a line and a link a year


def test_a_years_page_holds_its_days_and_leads_to_its_neighbours() -> None:
    own = [a_day("2025-02-04"), a_day("2025-12-30")]
    others = [a_day("2023-12-29"), a_day("2026-01-05"), a_day("2028-01-05")]
    page = Page(year_page([*others, *own], 2025, SITE))
    days = [link for link in page.links if re.search(r"-\d\d\.html$", link) and "/20" in link]
    assert [link for link in days if link.count("-") == 2] == [
        "../2025/2025-12-30.html",
        "../2025/2025-02-04.html",
    ]
    for link in ("../2025/2025-12.html", "../archive.html", "../2023/2023.html"):
        assert link in page.links
    assert "../2026/2026.html" in page.links
    assert "../2028/2028.html" not in page.links
    assert "No record from March 2025 to November 2025" in page.text


def test_what_is_missing_at_the_turn_of_a_year_stands_on_either_years_page() -> None:
    days = [a_day("2024-12-20"), a_day("2025-01-14"), a_day("2025-12-18"), a_day("2027-02-03")]
    before = Page(year_page(days, 2024, SITE))
    after = Page(year_page(days, 2025, SITE))
    assert len(before.titles("missing")) > 0
    # From the first of January to the 13th, and after the 18th of December.
    in_january = [row for row in after.tables[-1] for cell in row if cell.endswith(" ✕")]
    assert in_january
    assert any(cell.startswith("19 ✕") for row in after.tables[0] for cell in row)
    later = Page(year_page(days, 2027, SITE))
    assert "No record from January 2026 to January 2027" in later.text
    assert "No record from January 2026 to January 2027" in Page(all_days_page(days, SITE)).text
    alone = Page(year_page(days[1:3], 2025, SITE))
    assert not any(cell.startswith("19 ✕") for row in alone.tables[0] for cell in row)


def test_a_day_without_announcement_is_quiet_and_says_why() -> None:
    days = [a_day("2026-06-19"), a_day("2026-06-23")]
    page = Page(all_days_page(days, SITE))
    said = "No announcement: the Friday before was arXiv's holiday (Juneteenth)."
    assert said in page.titles("quiet")
    assert page.titles("missing") == []


def test_a_gap_between_two_days_is_missing_and_what_lies_outside_is_not() -> None:
    days = [a_day("2026-02-04"), a_day("2026-02-09")]
    page = Page(all_days_page(days, SITE))
    assert len(page.titles("missing")) == 2
    assert "5 ✕" in page.tables[0][1]
    assert "6 ✕" in page.tables[0][1]
    assert "missing: no record of an announcement day" in page.text


@pytest.mark.parametrize(
    ("changes", "sign", "said"),
    [
        (
            {"status": Status.PARTIAL, "counts": counts(10, 80, 10)},
            "◐",
            "partial: 10 papers unscored",
        ),
        (
            {"status": Status.PARTIAL},
            "◐",
            "partial: a category was stale, unread or cut short",
        ),
        ({"status": Status.APPROXIMATE}, "≈", "approximate: rebuilt from a source"),
        ({"scorer": ScoredBy.EMBEDDED}, "◇", "embedded scorer"),
    ],
)
def test_a_day_not_to_be_trusted_wholly_is_signed_and_explained(
    changes: dict[str, Any], sign: str, said: str
) -> None:
    days = [a_day("2026-02-03"), a_day("2026-02-04", **changes)]
    page = Page(all_days_page(days, SITE))
    assert f"4 10 {sign}" in page.tables[0][1]
    assert said in page.html  # in the cell's title, or in the legend
    assert f'aria-hidden="true">{sign}<' in page.html  # in the legend
    assert said in Page(month_page(days, "2026-02", SITE)).text


def test_an_empty_day_has_no_page_to_link_to() -> None:
    empty = a_day("2026-02-03", 0, 0, status=Status.EMPTY, counts=counts(0))
    days = [a_day("2026-02-02"), empty]
    for made in (all_days_page(days, SITE), month_page(days, "2026-02", SITE)):
        page = Page(made)
        assert not any("2026-02-03" in link for link in page.links)
        assert "3 –" in page.tables[0][1]


def test_a_quiet_day_of_the_archive_is_none_of_the_five_steps() -> None:
    days = [a_day("2026-02-02", 0), *(a_day(f"2026-02-{n:02}", n) for n in range(3, 7))]
    page = all_days_page(days, SITE).decode()
    assert '<td class="none"><a' in page
    assert [f"heat-{n}" in page for n in range(5)] == [False, True, True, True, True]


@given(st.lists(st.integers(0, 500), min_size=1, max_size=5, unique=True))
def test_more_kept_papers_are_never_drawn_cooler(kept: list[int]) -> None:
    days = [a_day(date(2026, 2, 2) + timedelta(days=n), k) for n, k in enumerate(sorted(kept))]
    page = month_page(days, "2026-02", SITE).decode()
    steps = re.findall(r'<td class="(none|heat-\d)"><a', page)
    assert steps == sorted(steps, key=lambda step: (step != "none", step))
    for low, high in re.findall(r'class="step heat-\d">(\d+)(?:–(\d+))?<', page):
        assert {int(low), int(high or low)} <= set(kept)


def test_months_without_any_record_are_told_in_a_line() -> None:
    days = [a_day("2025-11-03"), a_day("2026-02-02")]
    page = Page(all_days_page(days, SITE))
    assert len(page.tables) == 2
    assert "No record from December 2025 to January 2026: 41 announcement days." in page.text


def test_a_months_page_depends_on_its_own_days_alone() -> None:
    own = [a_day("2026-02-03", 5), a_day("2026-02-05", 9)]
    others = [a_day("2025-12-01", 300), a_day("2026-01-30"), a_day("2026-03-02", 1)]
    alone = month_page(own, "2026-02", SITE)
    assert month_page([*others, *own], "2026-02", SITE) == alone
    assert month_page([*reversed(own), *others], "2026-02", SITE) == alone


def test_a_month_lists_its_days_with_topics_and_cost_newest_first() -> None:
    topics = {"Architecture": 3, NO_TOPIC: 5, ANY_TEXT: 2}
    days = [a_day("2026-02-03", topics=topics), a_day("2026-02-04", cost_usd=None)]
    page = Page(month_page(days, "2026-02", SITE))
    assert page.text.index("Wednesday, 4") < page.text.index("Tuesday, 3 February 2026")
    assert "10 of 100 papers kept · cost not reported" in page.text
    assert "10 of 100 papers kept · $0.0500" in page.text
    lines = page.text.replace("\xa0", " ").splitlines()
    assert "Architecture 3 · </td><script>alert(1)</script> &  2 · no topic 5 " in lines


def test_a_day_without_a_model_has_no_cost_to_report() -> None:
    days = [a_day("2026-02-03", scorer=ScoredBy.EMBEDDED, cost_usd=None)]
    assert "not reported" not in Page(month_page(days, "2026-02", SITE)).text
    stats = Page(pages.stats_page(days, SITE))
    assert "Cost" not in stats.text


# --- statistics -------------------------------------------------------------------------------


def tables(days: list[Day]) -> dict[str, list[list[str]]]:
    """By the first words of their captions, "Papers by" first."""
    page = Page(pages.stats_page(days, SITE))
    captions = re.findall(r"<caption>(.*?)</caption>", page.html)
    assert len(captions) == len(page.tables)
    return dict(zip((c.rpartition(" by ")[0] for c in captions), page.tables, strict=True))


def test_the_cost_that_is_not_known_is_counted_and_never_drawn_as_none() -> None:
    days = [a_day("2026-01-05"), a_day("2026-01-06", cost_usd=None), a_day("2026-02-02")]
    days.append(a_day("2026-03-02", cost_usd=None))
    page = pages.stats_page(days, SITE)
    read = Page(page)
    assert "Not reported: the cost of 2 days." in read.text
    assert "$0.1000 and 2 days not reported" in read.text
    rows = {row[0]: row[1:] for row in read.tables[-1]}
    assert rows["January 2026"] == ["2", "$0.0500", "2,000", "200", "1"]
    assert rows["March 2026"] == ["1", "not reported", "1,000", "100", "1"]
    (cost,) = [svg for svg in pictures(page) if "Cost" in str(svg[0].text)]
    drawn = {path.attrib["class"]: path.attrib["d"].count("V") // 2 for path in cost.iter("path")}
    assert drawn == {"gap": 2, "cost": 2}


def test_the_two_scorers_relevance_is_not_mixed() -> None:
    offline = a_day("2026-01-06", 1, 2, scorer=ScoredBy.EMBEDDED, novelty=(0,) * 10)
    head, *rows = tables([a_day("2026-01-05"), offline])["Papers"][-12:]
    assert head == ["Score", "Relevance", "Novelty", "Relevance, embedded scorer"]
    assert rows[-1] == ["All", "100", "100", "3"]


def test_a_row_says_where_on_the_axis_its_time_stands() -> None:
    free = a_day("2026-02-02", scorer=ScoredBy.EMBEDDED, cost_usd=None)
    days = [a_day("2026-01-05"), a_day("2026-01-07"), free, a_day("2026-04-01")]
    page = pages.stats_page(days, SITE).decode()
    by_day, by_topic, scores, costs = (
        [int(place) for place in places.split()]
        for places in re.findall(r'<tbody(?: data-places="(.*?)")?>', page)
    )
    assert by_day == [0, 2, 20, 62]  # of working days
    assert (by_topic, costs) == ([0, 1, 3], [0, 3])  # of months: nobody was paid in February
    assert scores == list(range(10))


def told(days: list[Day]) -> dict[str, list[str]]:
    """By its heading, the columns of its table that a picture tells of, as their heads."""
    page = pages.stats_page(days, SITE).decode()
    found = {}
    for section in re.findall(r'<section class="statistic".*?</table>', page, re.DOTALL):
        heads = re.findall(r'<th scope="col"><span>(.*?)</span>', section)
        for columns, heading in re.findall(r'data-columns="([\d ]+)">\s*<h3>(.*?)</h3>', section):
            found[heading] = [heads[int(column)] for column in columns.split()]
    return found


def test_a_picture_tells_of_its_own_columns() -> None:
    topics = {"Routing": 3, NO_TOPIC: 5}
    assert told([a_day("2026-01-05", topics=topics)]) == {
        "Announced and scanned": ["Days", "Announced", "Scanned"],
        "Kept": ["Days", "Kept"],
        "Routing": ["Routing"],
        "No topic": ["No topic"],
        "Relevance": ["Relevance"],
        "Novelty": ["Novelty"],
        "Cost": ["Cost"],
        "Tokens": ["Prompt tokens", "Completion tokens"],
    }


def test_topics_beyond_six_share_a_picture() -> None:
    names = [f"T{n}" for n in range(9)]
    day = a_day("2026-01-05", topics={name: 20 - n for n, name in enumerate(names)})
    (head, row, foot) = tables([day])["Kept papers"]
    assert head == ["Month", *names[:6], "3 others"]
    assert row == ["January 2026", "20", "19", "18", "17", "16", "15", str(14 + 13 + 12)]
    assert foot[1:] == row[1:]


@pytest.mark.parametrize(
    ("number", "caption"),
    [
        (60, "Papers by day"),
        (250, "Papers by week"),
        (1000, "Papers by month"),
        (2500, "Papers by quarter"),
        (5000, "Papers by year"),
    ],
)
def test_long_spans_are_drawn_by_longer_periods(number: int, caption: str) -> None:
    page = pages.stats_page(days_from(date(2016, 1, 4), number), SITE).decode()
    assert f"<caption>{caption}</caption>" in page


def test_an_archive_of_ten_years_stays_light() -> None:
    days = days_from(date(2016, 1, 4), 2500)
    stats = pages.stats_page(days, SITE)
    assert len(all_days_page(days, SITE)) < 40_000
    assert len(stats) < 50_000
    svgs = re.findall(rb"<svg.*?\n</svg>", stats, re.DOTALL)
    assert len(svgs) == 14
    assert max(map(len, svgs)) < 4_000


@pytest.mark.parametrize(
    "page",
    [all_days_page([], SITE), pages.stats_page([], SITE)],
    ids=["archive", "stats"],
)
def test_an_archive_without_days_says_so(page: bytes) -> None:
    assert "No day yet." in Page(page).text


# --- any days ---------------------------------------------------------------------------------

_spreads = st.lists(st.integers(0, 10**6), min_size=10, max_size=10).map(tuple)
_tokens = st.none() | st.integers(0, 10**9)
_days = st.lists(
    st.builds(
        a_day,
        at=st.dates(date(2026, 1, 1), date(2026, 3, 1))
        | st.dates(date(1991, 8, 14), date(2040, 1, 1)),
        kept=st.integers(0, 2_000),
        below=st.integers(0, 20_000),
        status=st.sampled_from(Status),
        scorer=st.sampled_from(ScoredBy),
        cost_usd=st.none() | st.floats(0, 1000),
        prompt_tokens=_tokens,
        completion_tokens=_tokens,
        topics=st.dictionaries(st.text(max_size=9) | st.just(ANY_TEXT), st.integers(1, 99)),
        relevance=_spreads,
        novelty=_spreads,
    ),
    max_size=5,
    unique_by=lambda day: day.date,
).map(lambda days: sorted(days, key=lambda day: day.date))


def every(days: list[Day]) -> Iterator[bytes]:
    yield all_days_page(days, SITE)
    yield pages.stats_page(days, SITE)
    for year in {day.date.year for day in days}:
        yield year_page(days, year, SITE)
    for month in {day.month for day in days}:
        yield month_page(days, month, SITE)


@make.examples(15)
@given(_days)
def test_any_days_make_sound_pages(days: list[Day]) -> None:
    for made in every(days):
        page = Page(made)
        assert "\u202e" not in page.html
        assert "\x00" not in page.html
        assert "<script>" not in page.html
        assert not any("style" in attributes for _, attributes in page.elements)
        ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
        assert len(ids) == len(set(ids))
        pictures(made)  # which are XML
    for day in days:
        page = Page(year_page(days, day.date.year, SITE))
        assert (f"../{day.date.year}/{day.date}.html" in page.links) == day.has_page


@make.examples(15)
@given(_days.filter(bool))
def test_the_tables_add_up_to_the_days(days: list[Day]) -> None:
    for table in Page(pages.stats_page(days, SITE)).tables:
        rows = [[number(cell) for cell in row[1:]] for row in table[1:]]
        total = [sum(column) for column in zip(*rows[:-1], strict=True)]
        cents = 0.0001 * len(rows)  # each is rounded
        assert rows[-1] == pytest.approx(total, abs=cents)
    made = Page(pages.stats_page(days, SITE)).tables
    every_count = [day.counts for day in days]
    assert [number(cell) for cell in made[0][-1][1:]] == [
        len(days),
        sum(c.announced for c in every_count),
        sum(c.scanned for c in every_count),
        sum(c.kept for c in every_count),
    ]
    kept_by_topic = sum(sum(day.topics.values()) for day in days)
    if kept_by_topic:
        assert sum(number(cell) for cell in made[1][-1][1:]) == kept_by_topic
    model = [day for day in days if day.scorer is ScoredBy.MODEL]
    paid = [day for day in model if day.counts.scanned or day.cost_usd is not None]
    if paid:
        all_of = [number(cell) for cell in made[-1][-1][1:]]
        assert all_of[0] == len(paid)
        assert all_of[1] == pytest.approx(sum(day.cost_usd or 0 for day in paid), abs=0.0001)
        assert all_of[2:4] == [
            sum(day.prompt_tokens or 0 for day in paid),
            sum(day.completion_tokens or 0 for day in paid),
        ]
        unknown = {
            "cost": sum(day.cost_usd is None for day in paid),
            "tokens": sum(None in (day.prompt_tokens, day.completion_tokens) for day in paid),
        }
        lacking = {f"Days without {what}": days for what, days in unknown.items() if days}
        assert dict(zip(made[-1][0][5:], all_of[4:], strict=True)) == lacking


# --- pages about the site ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "repository"),
    [
        ("https://ada.github.io/papers", "https://github.com/ada/papers"),
        ("https://ada.github.io/papers/", "https://github.com/ada/papers"),
        ("https://Ada-L.github.io/my.papers_2", "https://github.com/Ada-L/my.papers_2"),
        ("https://ada.github.io", "https://github.com/ada/ada.github.io"),
        ("https://ada.github.io/papers/deeper", None),
        ("https://papers.example.org", None),
        ("https://ada.github.io.evil.example/papers", None),
        ("https://evil.example/ada.github.io/papers", None),
        ("http://ada.github.io/papers", None),
        (None, None),
    ],
)
def test_the_repository_is_known_from_an_address_of_pages(
    url: str | None, repository: str | None
) -> None:
    assert pages.repository(url) == repository
    page = Page(pages.subscribe_page(Site(url=url)))
    if repository:
        assert f"{repository}/commits/main/docs.atom" in page.links
        assert f"{repository}/commits/main.atom" in page.text
        assert "Where the address leads nowhere" in page.text  # the branch is a guess
    else:
        assert "https://github.com/OWNER/REPOSITORY/commits/BRANCH/FOLDER.atom" in page.text
        assert not any("github.com" in link for link in page.links)


def test_addresses_of_feeds_are_whole_where_the_site_is_known() -> None:
    page = Page(pages.subscribe_page(Site(url="https://papers.example.org")))
    for name in ("feed.xml", "papers.xml", "feed.json"):
        assert f"https://papers.example.org/{name}" in page.links
        assert f"https://papers.example.org/{name}" in page.text
    assert "The whole address of a feed" not in page.text
    unknown = Page(pages.subscribe_page(Site()))
    assert "feed.xml" in unknown.links
    assert "The whole address of a feed" in unknown.text


@pytest.mark.parametrize(
    ("url", "top"), [(None, ""), ("https://a.example/b", "https://a.example/b/")]
)
def test_a_missing_page_links_from_any_depth(url: str | None, top: str) -> None:
    page = Page(pages.not_found_page(Site(url=url)))
    for name in ("index.html", "archive.html", "search/index.html"):
        assert f"{top}{name}" in page.links
    (stylesheet,) = [
        a["href"] for t, a in page.elements if t == "link" and a["rel"] == "stylesheet"
    ]
    assert str(stylesheet).startswith(f"{top}assets/")
