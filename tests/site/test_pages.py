from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core import calendar
from digest.core.config import Site
from digest.core.day import Counts, Day, Status
from digest.core.scores import NO_TOPIC, ScoredBy
from digest.site import pages, statistics
from digest.site.calendar import all_days_page, month_page, year_page
from tests import make
from tests.site.days import EVENTFUL, QUIET, SITE
from tests.site.reading import Page, pictures

Golden = Callable[[str, bytes], None]

ANY_TEXT = "</td><script>alert(1)</script> & \u202e\x00"


def counts(kept: int, below: int = 0, unscored: int = 0, filtered: int = 0) -> Counts:
    scanned = kept + below + unscored
    own = {"kept": kept, "below": below, "unscored": unscored, "filtered": filtered, "seen": 0}
    types = {"new": scanned + filtered, "cross": 0, "replace": 0}
    return Counts(announced=scanned + filtered, scanned=scanned, **own, **types)


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
    """An archive with a bit of everything."""
    days = []
    for n, day in enumerate(calendar.between(first, date(2040, 1, 1))[:number]):
        names = [*(f"Topic number {topic}" for topic in range(9)), NO_TOPIC]
        scorer = ScoredBy.MODEL if n % 10 else ScoredBy.EMBEDDED
        shares = dict.fromkeys(names, n % 15 + 1)
        cost = (None, 0.0421, 0.4321)[n % 3]
        days.append(a_day(day, n % 150, 400, topics=shares, cost_usd=cost, scorer=scorer))
    return days


def main(page: bytes) -> bytes:
    (found,) = re.findall(rb"<main.*</main>\n", page, re.DOTALL)
    return bytes(found)


def number(words: str) -> float:
    if words in ("not reported", "under $0.0001"):
        return 0
    return 0.0 if words == "nothing" else float(words.replace("$", "").replace(",", ""))


# --- goldens ----------------------------------------------------------------------------------

TWO = [Day.of(EVENTFUL), Day.of(QUIET)]


def test_the_calendar_looks_as_agreed(golden: Golden) -> None:
    golden("all_days.html", main(all_days_page(TWO, SITE)))


def test_a_month_looks_as_agreed(golden: Golden) -> None:
    golden("month.html", main(month_page(TWO, SITE)))


def test_the_feeds_are_explained_as_agreed(golden: Golden) -> None:
    site = replace(SITE, url="https://ada.github.io/papers")
    golden("subscribe.html", main(pages.subscribe_page(site)))


def test_a_missing_page_looks_as_agreed(golden: Golden) -> None:
    golden("404.html", main(pages.not_found_page(SITE)))


def test_the_statistics_look_as_agreed(golden: Golden) -> None:
    """Four days, one of them of the embedded scorer, one whose cost nobody knows."""
    topics = {**{f"T{n}": 20 - n for n in range(9)}, NO_TOPIC: 5, "a <b>": 1}
    free = a_day("2026-02-02", 1, 2, scorer=ScoredBy.EMBEDDED, novelty=(0,) * 10, cost_usd=None)
    days = [a_day("2026-01-05", topics=topics), a_day("2026-01-07", cost_usd=None), free]
    golden("stats.html", main(pages.stats_page([*days, a_day("2026-04-01")], SITE)))


# --- the calendar -----------------------------------------------------------------------------


def test_years_and_months_stand_newest_first_and_weeks_in_order() -> None:
    days = [*map(a_day, ("2025-12-30", "2026-01-05", "2026-01-06", "2026-02-02"))]
    page = Page(all_days_page(days, SITE))
    order = ["2026", "2026-02", "2026-02-02", "2026-01", "2026-01-05", "2026-01-06"]
    order += ["2025", "2025-12", "2025-12-30"]
    links = [link for link in page.links if re.match(r"20\d\d/", link)]
    assert links == [f"{name[:4]}/{name}.html" for name in order]
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


def test_a_years_page_holds_its_days_and_leads_to_its_neighbours() -> None:
    own = [a_day("2025-02-04"), a_day("2025-12-30")]
    others = [a_day("2023-12-29"), a_day("2026-01-05"), a_day("2028-01-05")]
    days = sorted([*others, *own], key=lambda day: day.date)
    page = Page(year_page(days, 2025, SITE))
    assert [link for link in page.links if link.count("-") == 2] == [
        "../2025/2025-12-30.html",
        "../2025/2025-02-04.html",
    ]
    for link in ("../2025/2025-12.html", "../archive.html", "../2023/2023.html"):
        assert link in page.links
    assert "../2026/2026.html" in page.links
    assert "../2028/2028.html" not in page.links
    assert "No record from March 2025 to November 2025: 191 announcement days." in page.text


def test_what_is_missing_at_the_turn_of_a_year_stands_on_either_years_page() -> None:
    days = [a_day("2024-12-20"), a_day("2025-01-14"), a_day("2025-12-18"), a_day("2027-02-03")]
    before = Page(year_page(days, 2024, SITE))
    after = Page(year_page(days, 2025, SITE))
    assert len(before.titles("missing")) > 0
    # From the first of January to the 13th, and after the 18th of December.
    assert any(cell.endswith(" ✕") for row in after.tables[-1] for cell in row)
    assert any(cell.startswith("19 ✕") for row in after.tables[0] for cell in row)
    later = Page(year_page(days, 2027, SITE))
    assert "No record from January 2026 to January 2027" in later.text
    assert "No record from January 2026 to January 2027" in Page(all_days_page(days, SITE)).text
    alone = Page(year_page(days[1:3], 2025, SITE))
    assert not any(cell.startswith("19 ✕") for row in alone.tables[0] for cell in row)


def test_a_gap_between_two_days_is_missing_and_what_lies_outside_is_not() -> None:
    days = [a_day("2026-06-17"), a_day("2026-06-24")]
    page = Page(all_days_page(days, SITE))
    assert [row for row in page.tables[0] if any("✕" in cell for cell in row)] == [
        ["15", "16", "17 10", "18 ✕", "19 ✕"],
        ["22 ", "23 ✕", "24 10", "25", "26"],
    ]
    title = "No announcement: the Friday before was arXiv's holiday (Juneteenth)."
    assert title in page.titles("quiet")
    assert "missing: no record of an announcement day" in page.text


@pytest.mark.parametrize(
    ("changes", "sign", "words"),
    [
        ({"counts": counts(10, 80, 10)}, "◐", "partial: 10 papers unscored"),
        ({}, "◐", "partial: a category was stale, unread or cut short"),
        ({"status": Status.APPROXIMATE}, "≈", "approximate: rebuilt from a source"),
        ({"status": Status.COMPLETE, "scorer": ScoredBy.EMBEDDED}, "◇", "embedded scorer"),
    ],
)
def test_a_day_not_to_be_trusted_wholly_is_signed_and_explained(
    changes: dict[str, Any], sign: str, words: str
) -> None:
    days = [a_day("2026-02-03"), a_day("2026-02-04", **{"status": Status.PARTIAL} | changes)]
    page = Page(all_days_page(days, SITE))
    assert f"4 10 {sign}" in page.tables[0][1]
    assert words in page.html  # in the cell's title, or in the legend
    assert f'aria-hidden="true">{sign}<' in page.html  # in the legend
    assert words in Page(month_page(days, SITE)).text


def test_an_empty_day_has_no_page_to_link_to() -> None:
    empty = a_day("2026-02-03", 0, 0, status=Status.EMPTY, counts=counts(0))
    days = [a_day("2026-02-02"), empty]
    for made in (all_days_page(days, SITE), month_page(days, SITE)):
        page = Page(made)
        assert not any("2026-02-03" in link for link in page.links)
        assert "3 –" in page.tables[0][1]


@given(st.lists(st.integers(0, 500), min_size=1, max_size=5, unique=True))
def test_more_kept_papers_are_never_drawn_cooler(kept: list[int]) -> None:
    days = [a_day(date(2026, 2, 2) + timedelta(days=n), k) for n, k in enumerate(sorted(kept))]
    page = month_page(days, SITE).decode()
    steps = re.findall(r'<td class="(none|heat-\d)"><a', page)
    assert steps == sorted(steps, key=lambda step: (step != "none", step))
    for low, high in re.findall(r'class="step heat-\d">(\d+)(?:–(\d+))?<', page):
        assert {int(low), int(high or low)} <= set(kept)


def test_a_month_lists_its_days_with_topics_and_cost_newest_first() -> None:
    topics = {"Architecture": 3, NO_TOPIC: 5, ANY_TEXT: 2}
    days = [a_day("2026-02-03", topics=topics), a_day("2026-02-04", cost_usd=None)]
    page = Page(month_page(days, SITE))
    assert page.text.index("Wednesday, 4") < page.text.index("Tuesday, 3 February 2026")
    assert "10 of 100 papers kept · cost not reported" in page.text
    assert "10 of 100 papers kept · $0.0500" in page.text
    lines = page.text.replace("\xa0", " ").splitlines()
    assert "Architecture 3 · </td><script>alert(1)</script> &  2 · no topic 5 " in lines


def test_a_day_without_a_model_has_no_cost_to_report() -> None:
    days = [a_day("2026-02-03", scorer=ScoredBy.EMBEDDED, cost_usd=None)]
    assert "not reported" not in Page(month_page(days, SITE)).text
    stats = Page(pages.stats_page(days, SITE))
    assert "Cost" not in stats.text


# --- statistics -------------------------------------------------------------------------------


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
    # Bytes, unpacked: 0.3 s at a slow phone's 1.6 Mbit/s. What matters is that pages do not grow.
    assert len(all_days_page(days, SITE)) < 60_000
    assert len(stats) < 60_000
    svgs = re.findall(rb"<svg.*?\n</svg>", stats, re.DOTALL)
    assert len(svgs) == 14
    assert max(map(len, svgs)) < 4_000


def test_an_archive_without_days_says_so() -> None:
    for page in (all_days_page([], SITE), pages.stats_page([], SITE)):
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
    for _, own in groupby(days, lambda day: day.month):
        yield month_page(list(own), SITE)


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
    tables = Page(pages.stats_page(days, SITE)).tables
    for table in tables:
        rows = [[number(cell) for cell in row[1:]] for row in table[1:]]
        total = [sum(column) for column in zip(*rows[:-1], strict=True)]
        cents = 0.0001 * len(rows)  # each is rounded
        assert rows[-1] == pytest.approx(total, abs=cents)
    announced = sum(day.counts.announced for day in days)
    kept = sum(day.counts.kept for day in days)
    everything = [number(cell) for cell in tables[0][-1][1:]]
    assert (everything[0], everything[1], everything[3]) == (len(days), announced, kept)
    paid = [day for day in days if statistics.asked(day)]
    if paid:
        bill = [number(cell) for cell in tables[-1][-1][1:]]
        assert bill[0] == len(paid)
        assert bill[1] == pytest.approx(sum(day.cost_usd or 0 for day in paid), abs=0.0001)
        assert bill[2] == sum(day.prompt_tokens or 0 for day in paid)
        unknown = sum(day.cost_usd is None for day in paid)
        assert ("Days without cost" in tables[-1][0]) == (unknown > 0)


# --- pages about the site ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "repository"),
    [
        ("https://ada.github.io/papers", "https://github.com/ada/papers"),
        ("https://Ada-L.github.io/my.papers_2", "https://github.com/Ada-L/my.papers_2"),
        ("https://ada.github.io", "https://github.com/ada/ada.github.io"),
        ("https://ada.github.io.evil.example/papers", None),
        ("https://evil.example/ada.github.io/papers", None),
        (None, None),
    ],
)
def test_the_repository_is_known_from_an_address_of_pages(
    url: str | None, repository: str | None
) -> None:
    links = Page(pages.subscribe_page(Site(url=url))).links
    commits = [f"{repository}/commits/main/docs.atom", f"{repository}/commits/main.atom"]
    assert [link for link in links if "github.com" in link] == (commits if repository else [])


def test_addresses_of_feeds_are_whole_where_the_site_is_known() -> None:
    page = Page(pages.subscribe_page(Site(url="https://papers.example.org")))
    unknown = Page(pages.subscribe_page(Site()))
    for name in ("feed.xml", "papers.xml", "feed.json"):
        assert f"https://papers.example.org/{name}" in page.links
        assert name in unknown.links
    assert "The whole address of a feed" not in page.text
    assert "The whole address of a feed" in unknown.text


@pytest.mark.parametrize("url", [None, "https://a.example/b"])
def test_a_missing_page_links_from_any_depth(url: str | None) -> None:
    page, top = Page(pages.not_found_page(Site(url=url))), f"{url}/" if url else ""
    for name in ("index.html", "archive.html", "search/index.html"):
        assert f"{top}{name}" in page.links
    (stylesheet,) = [a["href"] for a in page.named("link") if a["rel"] == "stylesheet"]
    assert str(stylesheet).startswith(f"{top}assets/")
