import re
from dataclasses import replace
from datetime import date
from functools import cache
from html.parser import HTMLParser
from pathlib import PurePosixPath

import pytest

from digest import pipeline, site
from digest.layout import is_generated
from digest.models import AnnounceType, Digest, Entry, Source, Status
from digest.wording import warnings
from tests.site.days import EVENTFUL, QUIET, SITE


@cache
def everything() -> dict[PurePosixPath, bytes]:
    made = pipeline.site_files([EVENTFUL, QUIET], SITE)
    return {path: data for path, data in made.items() if data is not None}


class Links(HTMLParser):
    """Every address a page points at, and every id it offers."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.ids: list[str] = []
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src") and value is not None:
                self.targets.append(value)
            if name == "id" and value is not None:
                self.ids.append(value)


def pages() -> list[PurePosixPath]:
    return [path for path in everything() if path.suffix == ".html"]


@pytest.mark.parametrize("path", pages(), ids=str)
def test_every_relative_link_leads_to_a_file_of_the_site_or_the_archive(
    path: PurePosixPath,
) -> None:
    files = everything()
    for target in Links(files[path]).targets:
        if target.startswith(("https://", "#")):
            continue
        parts: list[str] = []
        for part in (path.parent / target.partition("#")[0]).parts:
            parts = parts[:-1] if part == ".." else [*parts, part]
        found = PurePosixPath(*parts)
        assert found in files or found.parts[0] == "data", f"{path} links to {target}"


@pytest.mark.parametrize("path", pages(), ids=str)
def test_every_link_within_a_page_finds_its_anchor(path: PurePosixPath) -> None:
    links = Links(everything()[path])
    anchors = [target[1:] for target in links.targets if target.startswith("#")]
    assert set(anchors) <= set(links.ids)
    assert len(links.ids) == len(set(links.ids))


@pytest.mark.parametrize("path", pages(), ids=str)
def test_no_page_asks_anything_of_another_site(path: PurePosixPath) -> None:
    page = everything()[path].decode()
    scripts = re.findall(r"<script[^>]*>", page)
    assert all(re.fullmatch(r'<script src="[\w./]+" defer>', script) for script in scripts)
    assert "<img" not in page
    assert "@import" not in page
    assert "url(" not in page


def test_the_front_page_is_the_newest_days() -> None:
    files = everything()
    front = files[PurePosixPath("index.html")].decode()
    day = files[PurePosixPath("2026/2026-11-13.html")].decode()
    papers = slice(day.index("<h1>"), day.index("<footer"))
    inside = day[papers].replace('href="../', 'href="')
    assert inside in front
    assert files[PurePosixPath("latest.md")] == files[PurePosixPath("2026/2026-11-13.md")]


def test_a_days_page_says_nothing_of_other_days() -> None:
    alone = pipeline.site_files([QUIET], SITE)
    path = PurePosixPath("2026/2026-11-13.html")
    assert alone[path] == everything()[path]


def test_the_front_page_names_the_announcements_that_were_missed() -> None:
    later = replace(QUIET, date=date(2026, 11, 18))
    front = pipeline.site_files([EVENTFUL, QUIET, later], SITE)[PurePosixPath("index.html")] or b""
    assert "16 November" in front.decode()
    assert "17 November" in front.decode()


def test_a_day_recorded_as_empty_is_not_missed() -> None:
    nothing = {category: replace(source, entries=()) for category, source in QUIET.sources.items()}
    empty = replace(
        QUIET,
        date=date(2026, 11, 16),
        status=Status.EMPTY,
        sources=nothing,
        kept=(),
        below=(),
        filtered=(),
        seen=(),
        unscored=(),
    )
    later = replace(QUIET, date=date(2026, 11, 17))
    front = pipeline.site_files([QUIET, empty, later], SITE)[PurePosixPath("index.html")] or b""
    assert "16 November" not in front.decode()


def test_every_file_of_the_site_is_known_as_ours() -> None:
    assert [path for path in everything() if not is_generated(str(path))] == []


def test_pages_is_told_not_to_run_jekyll() -> None:
    assert everything()[PurePosixPath(".nojekyll")] == b""


@pytest.mark.parametrize("digest", [EVENTFUL, QUIET], ids=["eventful", "quiet"])
def test_the_sums_stand_on_both_forms_of_a_day(digest: Digest) -> None:
    counts = digest.counts
    for made in site.day_files(digest, SITE).values():
        text = made.decode().replace("\\", "")
        assert f"{counts.announced} announced = {counts.filtered} filtered" in text
        assert f"{counts.scanned} scanned = {counts.kept} kept" in text


def test_a_feed_as_long_as_arxiv_allows_may_lack_papers_and_the_page_says_so() -> None:
    entries = tuple(Entry(f"2611.{n:05}", 1, AnnounceType.REPLACE) for n in range(2_000))
    source = Source("https://rss.arxiv.org/rss/cs", True, entries)
    (full,) = (
        said for said in warnings(replace(EVENTFUL, sources={"cs": source})) if "cuts" in said
    )
    assert "some of cs may be missing" in full
