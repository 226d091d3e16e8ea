import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path, PurePosixPath

import pytest

from digest.archive import store
from digest.archive.layout import is_generated
from digest.core.day import Digest, Missed, Status
from digest.run import output
from digest.run.check import check
from digest.site import pages as pages_of_site
from tests import make
from tests.site.days import EVENTFUL, QUIET, SITE
from tests.site.reading import Page


@cache
def everything() -> dict[PurePosixPath, bytes]:
    made = output.site_files([EVENTFUL, QUIET], SITE)
    return {path: data for path, data in made.items() if data is not None}


def test_the_front_page_is_the_newest_days() -> None:
    files = everything()
    front = files[PurePosixPath("index.html")].decode()
    day = files[PurePosixPath("2026/2026-11-13.html")].decode()
    papers = slice(day.index("<h1>"), day.index("<footer"))
    inside = day[papers].replace('href="../', 'href="')
    assert inside in front
    assert files[PurePosixPath("latest.md")] == files[PurePosixPath("2026/2026-11-13.md")]


# --- days without an announcement -------------------------------------------------------------


def empty(day: date) -> Digest:
    """A day on which arXiv announced nothing."""
    made = datetime(day.year, day.month, day.day, 6, 30, tzinfo=UTC)
    return replace(make.digest(day=day, generated_at=made), status=Status.EMPTY)


def front_page(*days: Digest) -> str:
    return (output.site_files(days, SITE)[PurePosixPath("index.html")] or b"").decode()


def written(out: Path, days: Iterable[Digest]) -> dict[str, bytes]:
    for digest in days:
        output.write(store.Archive(out), digest, SITE)
    return make.tree(out)


MONDAY, TUESDAY = date(2026, 11, 16), date(2026, 11, 17)
DECEMBER = empty(date(2026, 12, 1))  # the only day of its month
HISTORIES = {
    "an empty newest day, an empty month": [EVENTFUL, QUIET, empty(MONDAY), DECEMBER],
    "a page after empty days": [empty(MONDAY), replace(QUIET, date=TUESDAY)],
    "a caught up day before an empty one": [empty(MONDAY), EVENTFUL],
    "a day that turns out to be empty": [EVENTFUL, QUIET, empty(QUIET.date)],
    "a year caught up between two": [
        replace(EVENTFUL, date=date(2025, 6, 3)),
        replace(EVENTFUL, date=date(2028, 2, 1)),
        replace(EVENTFUL, date=date(2026, 6, 3)),
    ],
    "days of a cut that keeps too little, one of them late": [
        make.scored_day(date(2026, month, 12), [(9, 8)] + [(6, 6)] * 9 + [(2, 4)] * 90)
        for month in (9, 11, 10)
    ],
}


@pytest.mark.parametrize("days", HISTORIES.values(), ids=HISTORIES)
def test_day_by_day_or_at_once_the_site_has_the_same_bytes(
    tmp_path: Path, days: list[Digest]
) -> None:
    files = written(tmp_path / "out", days)
    output.render(tmp_path / "out", tmp_path / "to", SITE)
    assert make.tree(tmp_path / "to") == files
    findings = check(tmp_path / "out", SITE)
    assert [found for found in findings if found.damage] == []


def test_the_statistics_name_a_cut_that_keeps_more() -> None:
    def statistics(pairs: Sequence[tuple[int, int | None]]) -> str:
        files = output.site_files([make.scored_day(MONDAY, pairs), DECEMBER], SITE)
        return " ".join(Page(files[PurePosixPath("stats.html")] or b"").text.split())

    assert (
        "The cut at relevance 8, novelty 7 keeps 1 of the 200 papers scored on the last day (0.5%,"
        " less than 2%). In config.yaml, keep: {relevance: 6, novelty: 6} would keep 20 (10%)."
    ) in statistics([(9, 8)] + [(6, 6)] * 19 + [(2, 4)] * 180)
    assert "No cut would keep 2% to 25%: look at the topics" in statistics([(1, 1)] * 200)
    assert "cut" not in statistics([(8, 7)] * 20 + [(1, 1)] * 180)


def test_an_empty_day_is_a_cell_of_the_calendar_and_no_more(tmp_path: Path) -> None:
    before = written(tmp_path, [EVENTFUL, QUIET])
    after = written(tmp_path, [empty(MONDAY)])
    assert set(after) - set(before) == {"data/2026/2026-11-16.json"}
    assert {name for name in before if after[name] != before[name]} == {
        "2026/2026-11.html",
        "2026/2026.html",
        "archive.html",
        "data/days.jsonl",
        "index.html",
        "stats.html",
    }
    for name in ("archive.html", "2026/2026-11.html"):
        assert b"nothing announced" in after[name]


def test_the_page_of_an_earlier_year_is_made_where_it_is_lacking_and_else_left(
    tmp_path: Path,
) -> None:
    old = make.digest(day=date(2024, 11, 14), generated_at=datetime(2024, 11, 14, 6, tzinfo=UTC))
    files = written(tmp_path, [old, EVENTFUL])
    page = tmp_path / "2024/2024.html"
    page.write_bytes(b"as an older program left it")
    assert written(tmp_path, [QUIET])["2024/2024.html"] == b"as an older program left it"
    page.unlink()
    assert written(tmp_path, [QUIET])["2024/2024.html"] == files["2024/2024.html"]


def test_a_months_page_depends_on_its_own_days_alone() -> None:
    november = PurePosixPath("2026/2026-11.html")
    among = output.site_files([empty(date(2026, 10, 30)), EVENTFUL, QUIET, DECEMBER], SITE)
    assert among[november] == everything()[november]
    assert among[PurePosixPath("2026/2026-12.html")]
    assert among[PurePosixPath("search/2026-12.json")] is None  # nothing there to search
    assert b'data-months="2026-11"' in (among[PurePosixPath("search/index.html")] or b"")


def test_before_the_first_day_with_a_page_there_is_the_calendar_and_no_feed(tmp_path: Path) -> None:
    def naming(files: dict[str, bytes]) -> set[str]:
        return {name for name, data in files.items() if b'<link rel="alternate" type' in data}

    files = written(tmp_path, [empty(MONDAY)])
    assert files["index.html"] == files["archive.html"]
    assert not {"latest.md", "feed.xml", "papers.xml", "feed.json"} & set(files)
    assert naming(files) == set()
    assert b"There is no feed yet" in files["subscribe.html"]
    files = written(tmp_path, [replace(QUIET, date=TUESDAY)])
    assert naming(files) == {name for name in files if name.endswith(".html")}
    assert b"There is no feed yet" not in files["subscribe.html"]


def test_the_front_page_says_on_which_days_since_nothing_was_announced() -> None:
    sentence = "arXiv announced nothing on Monday, 16 November 2026"
    assert f"{sentence}." in front_page(EVENTFUL, QUIET, empty(MONDAY))
    both = front_page(EVENTFUL, QUIET, empty(MONDAY), empty(TUESDAY))
    assert f"{sentence}; Tuesday, 17 November 2026." in both
    assert sentence not in front_page(EVENTFUL, empty(MONDAY), replace(QUIET, date=TUESDAY))


def test_the_front_page_expects_the_announcement_after_the_last_record() -> None:
    def expected(*days: Digest) -> list[str]:
        return re.findall(r'data-expected="(.*?)"', front_page(*days))

    assert "unless arXiv had a holiday" not in front_page(QUIET)
    assert "unless arXiv had a holiday" in front_page(replace(QUIET, date=date(2031, 11, 18)))
    assert expected(EVENTFUL, QUIET) == ["2026-11-16"]
    assert expected(EVENTFUL, QUIET, empty(MONDAY)) == ["2026-11-17"]


def test_the_front_page_says_why_a_day_has_no_digest() -> None:
    why = (Missed(MONDAY, "cs.LG: cannot read <feed>"), Missed(date(2026, 11, 10), "long ago"))
    front = front_page(QUIET, replace(QUIET, date=date(2026, 11, 18), missed=why))
    made = "No digest was made for Monday, 16 November 2026: cs.LG: cannot read &lt;feed&gt;."
    assert made in front
    assert "No digest was made for Tuesday, 17 November 2026." in front
    assert "long ago" not in front


def test_the_front_page_links_the_day_before_without_a_script() -> None:
    assert '<a rel="prev" href="2026/2026-11-12.html"' in front_page(EVENTFUL, QUIET)
    assert 'rel="prev"' not in front_page(QUIET)
    assert 'rel="prev"' not in front_page(empty(EVENTFUL.date), QUIET)


def test_each_page_names_its_own_address() -> None:
    settings = replace(SITE, url="https://ada.github.io/papers")
    found = {}
    for path, data in output.site_files([EVENTFUL, QUIET], settings).items():
        if path.suffix == ".html" and data is not None:
            found[str(path)] = re.findall(rb'og:url" content="https://ada[^/]*/papers/(.*?)"', data)
    assert found.pop("404.html") == []
    assert found.pop("index.html") == [b""]
    assert found.pop("search/index.html") == [b"search/"]
    assert found == {path: [path.encode()] for path in found}


def test_an_address_in_the_page_for_missing_ones_may_be_loaded_from() -> None:
    def policy(url: str | None) -> str:
        page = pages_of_site.not_found_page(replace(SITE, url=url)).decode()
        (found,) = re.findall(r'Policy" content="(.*?)"', page)
        return str(found)

    known = policy("https://ada.github.io/papers")
    for kind in ("script-src", "style-src", "img-src"):
        assert re.search(rf"{kind} 'self'(?: data:)? https://ada\.github\.io;", known)
    assert "https://a.example:8443;" in policy("https://a.example:8443")
    for unfit in (None, "https://a.example;x/", "https://a b/", "javascript:alert(1)"):
        assert "http" not in policy(unfit), unfit


def test_an_empty_day_does_not_hide_which_announcements_were_missed() -> None:
    later = replace(QUIET, date=TUESDAY)
    for days in ([QUIET, later], [QUIET, later, empty(date(2026, 11, 18))]):
        assert "No digest was made for Monday, 16 November 2026." in front_page(*days)
    unrecorded = front_page(QUIET, empty(TUESDAY))
    assert "No digest was made for Monday, 16 November 2026." in unrecorded


def test_the_feeds_hold_the_days_made_last_newest_first() -> None:
    def day(number: int, made: int) -> Digest:
        times = {"day": date(2026, 1, number), "generated_at": datetime(2026, 2, made, tzinfo=UTC)}
        return make.digest(**times)  # type: ignore[arg-type]

    days = [day(1, 28), *(day(number, number) for number in range(2, 21))]  # the first repaired
    feed = output.site_files(days, SITE)[PurePosixPath("feed.xml")] or b""
    numbers = re.findall(r"<title type=.html.>Digest 2026-01-(\d\d)", feed.decode())
    assert list(map(int, numbers)) == [1, *range(20, 7, -1)]


# --- the search -------------------------------------------------------------------------------


SHARD = "search/2026-11.json"


def test_what_an_interrupted_rescoring_left_in_the_search_is_made_anew(tmp_path: Path) -> None:
    stale = written(tmp_path, [EVENTFUL, QUIET])[SHARD]
    (hostile, other) = EVENTFUL.kept
    rescored = replace(EVENTFUL, kept=(replace(hostile, score=other.score), other))
    written(tmp_path, [rescored])
    (tmp_path / SHARD).write_bytes(stale)
    tomorrow = replace(QUIET, date=MONDAY)
    files = written(tmp_path, [tomorrow])
    fresh = output.site_files([rescored, QUIET, tomorrow], SITE)
    assert files[SHARD] == fresh[PurePosixPath(SHARD)] != stale


# --- the files --------------------------------------------------------------------------------


def test_every_file_of_the_site_is_known_as_ours() -> None:
    assert [path for path in everything() if not is_generated(str(path))] == []
