"""What a browser makes of the pages: nothing of the corpus runs, and nothing is fetched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest

from digest.core.config import Site
from digest.core.day import Day, Digest, Kept, Status
from digest.site import assets, build
from digest.site.calendar import all_days_page
from tests.attacks import ATTACKS
from tests.cli.test_sinks import as_github, as_python, digest_of
from tests.site import served
from tests.site.days import SITE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page

LONGEST = 300
SATURDAY = 5

# Each event that a handler could wait for; a real click would follow the links.
PROVOKE = """() => {
  for (const element of document.querySelectorAll("*"))
    for (const name of ["load", "error", "mouseover", "focus", "toggle", "begin", "input"])
      element.dispatchEvent(new Event(name));
  for (const element of document.querySelectorAll("details")) element.open = true;
}"""


def watch(page: Page, dialogs: list[str], requests: list[str]) -> None:
    def dismiss(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", dismiss)
    page.on("request", lambda request: requests.append(request.url))


def corpus() -> Digest:
    """A day of a paper for each attack, each field of it the attack."""
    texts = [attack[:LONGEST] for attack in ATTACKS]
    digest, _ = digest_of("\n\n".join(texts))
    kept: list[Kept] = []
    for number, text in enumerate(texts):
        (one,) = digest_of(text)[0].kept
        kept.append(replace(one, paper=replace(one.paper, id=f"2602.{number:05}")))
    return replace(digest, kept=tuple(kept))


@pytest.fixture(params=[320, 1200])
def calendar(browser: Browser, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page of all days of a winter of the largest days there are, the last one partial."""
    first = replace(Day.of(digest_of("Title")[0]), status=Status.COMPLETE)
    many = replace(first.counts, kept=180, scanned=1506, unscored=0)
    dates = (date(2025, 9, 1) + timedelta(days=n) for n in range(150))
    days = [replace(first, date=at, counts=many) for at in dates if at.weekday() < SATURDAY]
    days[-1] = replace(days[-1], status=Status.PARTIAL)
    files = {PurePosixPath("archive.html"): all_days_page(days, SITE), **assets.assets()}
    served.write(tmp_path, {str(path): data for path, data in files.items()})
    page = browser.new_page(viewport={"width": request.param, "height": 844})
    page.goto((tmp_path / "archive.html").as_uri())
    yield page
    page.close()


def test_a_months_name_and_sums_take_one_line(calendar: Page) -> None:
    captions = calendar.locator(".calendar caption")
    heights = captions.evaluate_all("(all) => all.map((caption) => caption.clientHeight)")
    assert len(heights) == 5
    assert max(heights) < 40


def test_a_calendars_day_says_in_words_why_not_to_trust_it(calendar: Page) -> None:
    said = "28 January 2026: 180 kept; partial: a category was stale, unread or cut short"
    partial = calendar.locator(".calendar td a[title*=partial]")
    assert partial.evaluate_all("(all) => all.map((day) => day.title)") == [said]


def test_a_title_of_10000_characters_takes_little_room_and_can_be_read_whole(
    browser: Browser, tmp_path: Path
) -> None:
    title = "Word after word " * 625
    digest, settings = digest_of(title, ["title"])
    _write(tmp_path, digest, settings)
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto((tmp_path / "out" / f"{digest.date}.html").as_uri())
    assert page.locator(".paper h3").evaluate("(h) => h.clientHeight") < 844 / 2
    assert page.locator(".rest li").first.evaluate("(li) => li.clientHeight") < 844 / 2
    end = """(h) => { h.scrollTop = h.scrollHeight;
        return h.querySelector(".title").getBoundingClientRect().bottom
            - h.getBoundingClientRect().bottom; }"""
    assert page.locator(".paper h3").evaluate(end) < 5
    page.close()


@pytest.mark.parametrize("title", [r"$\sum_{i=1}^n \frac{x_i^{2^k}}{y}$ " * 2, "Ångström ẬṼ gjpq"])
def test_a_title_of_ordinary_height_does_not_scroll(
    browser: Browser, tmp_path: Path, title: str
) -> None:
    digest, settings = digest_of(title, ["title"])
    _write(tmp_path, digest, settings)
    page = browser.new_page()
    page.goto((tmp_path / "out" / f"{digest.date}.html").as_uri())
    hidden = "(all) => all.map((box) => box.scrollHeight - box.clientHeight)"
    assert set(page.locator(".paper h3, .rest li").evaluate_all(hidden)) == {0}
    page.close()


def _write(folder: Path, digest: Digest, settings: Site) -> None:
    for path, data in {**build.day_files(digest, settings), **assets.assets()}.items():
        file = folder / "out" / path.name if path.parts[0] != "assets" else folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data or b"")


def test_a_browser_runs_nothing_of_the_corpus_and_asks_for_nothing(
    browser: Browser, tmp_path: Path
) -> None:
    digest = corpus()
    _, settings = digest_of("<script>pwned()</script> {{ x }} ![x](https://evil.example/x.png)")
    for path, data in build.day_files(digest, settings).items():
        assert data is not None
        (tmp_path / path.name).write_bytes(data)
        if path.suffix == ".md":  # as readers show it that sanitise nothing
            for name, render in (("github", as_github), ("python", as_python)):
                head = "<!doctype html><meta charset=utf-8>"
                made = head + render(data.decode())
                (tmp_path / f"{name}.html").write_text(made, encoding="utf-8")
    pages = sorted(tmp_path.glob("*.html"))
    assert len(pages) == 3
    for file in pages:
        page = browser.new_page()
        dialogs: list[str] = []
        requests: list[str] = []
        watch(page, dialogs, requests)
        page.add_init_script("window.pwned = () => { window.hurt = true }")
        page.goto(file.as_uri())
        page.evaluate(PROVOKE)
        page.wait_for_timeout(100)
        assert page.evaluate("window.hurt") is None, file.name
        foreign = "img, iframe, svg, script:not(head > script[src$='.js'])"
        assert page.evaluate("s => document.querySelectorAll(s).length", foreign) == 0
        assert page.evaluate("document.querySelectorAll('a').length") > len(ATTACKS)
        assert not dialogs
        assert [url for url in requests if not url.startswith("file:")] == []
        assert page.url == file.as_uri()
        page.close()
