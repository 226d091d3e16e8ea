"""What a browser makes of the pages: nothing of the corpus runs, and nothing is fetched."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest

from digest.core import calendar
from digest.core.day import Day, Digest, Kept
from digest.site import assets, build
from digest.site.calendar import all_days_page
from digest.site.math import comment_to_html, to_html
from digest.site.pages import day_page
from tests.attacks import ATTACKS
from tests.cli.test_sinks import digest_of
from tests.site import served
from tests.site.days import SITE
from tests.site.test_math import CONVERTED, MATHML_ATTACKS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page

Files = Mapping[PurePosixPath, bytes | None]
LONGEST = 300

# Each event that a handler could wait for; a real click would follow the links.
PROVOKE = """() => {
  for (const element of document.querySelectorAll("*"))
    for (const name of ["load", "error", "mouseover", "focus", "toggle", "begin", "input"])
      element.dispatchEvent(new Event(name));
  for (const element of document.querySelectorAll("details")) element.open = true;
}"""


@contextmanager
def provoked(browser: Browser, file: Path) -> Iterator[Page]:
    """The page in the file after every event. Nothing of it may have run or asked for anything."""
    page = browser.new_page()
    dialogs: list[str] = []
    requests: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", dismiss)
    page.on("request", lambda request: requests.append(request.url))
    page.add_init_script("window.pwned = () => { window.hurt = true }")
    page.goto(file.as_uri())
    page.evaluate(PROVOKE)
    page.wait_for_timeout(100)
    assert page.evaluate("window.hurt") is None
    assert not dialogs
    assert [url for url in requests if not url.startswith("file:")] == []
    assert page.url == file.as_uri()
    yield page
    page.close()


def corpus() -> Digest:
    """A day of a paper for each attack, each field of it the attack."""
    texts = [attack[:LONGEST] for attack in ATTACKS]
    digest, _ = digest_of("\n\n".join(texts))
    kept: list[Kept] = []
    for number, text in enumerate(texts):
        (one,) = digest_of(text)[0].kept
        kept.append(replace(one, paper=replace(one.paper, id=f"2602.{number:05}")))
    return replace(digest, kept=tuple(kept))


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Callable[[Files, int], Page]]:
    """Opens the first of these files, with the assets beside it, in a window of some width."""
    page = browser.new_page()

    def open_first(files: Files, width: int) -> Page:
        whole = {**files, **assets.assets()}
        served.write(tmp_path, {str(path): data or b"" for path, data in whole.items()})
        page.set_viewport_size({"width": width, "height": 844})
        page.goto((tmp_path / next(iter(files))).as_uri())
        return page

    yield open_first
    page.close()


def test_a_months_name_and_sums_take_one_line(show: Callable[[Files, int], Page]) -> None:
    """In a winter of the largest days there are."""
    first = Day.of(digest_of("Title")[0])
    many = replace(first.counts, kept=180, scanned=1506, unscored=0)
    days = calendar.between(date(2025, 9, 1), date(2026, 1, 29))
    page = all_days_page([replace(first, date=day, counts=many) for day in days], SITE)
    captions = show({PurePosixPath("archive.html"): page}, 320).locator(".calendar caption")
    heights = captions.evaluate_all("(all) => all.map((caption) => caption.clientHeight)")
    assert len(heights) == 5
    assert max(heights) < 40


def test_a_title_of_10000_characters_takes_little_room_and_can_be_read_whole(
    show: Callable[[Files, int], Page],
) -> None:
    page = show(build.day_files(*digest_of("Word after word " * 625, ["title"])), 390)
    assert page.locator(".paper h3").evaluate("(h) => h.clientHeight") < 844 / 2
    assert page.locator(".rest li").first.evaluate("(li) => li.clientHeight") < 844 / 2
    end = """(h) => { h.scrollTop = h.scrollHeight;
        return h.querySelector(".title").getBoundingClientRect().bottom
            - h.getBoundingClientRect().bottom; }"""
    assert page.locator(".paper h3").evaluate(end) < 5


def test_a_title_of_ordinary_height_does_not_scroll(show: Callable[[Files, int], Page]) -> None:
    title = r"$\sum_{i=1}^n \frac{x_i^{2^k}}{y}$ Ångström ẬṼ gjpq"
    page = show(build.day_files(*digest_of(title, ["title"])), 1280)
    hidden = "(all) => all.map((box) => box.scrollHeight - box.clientHeight)"
    assert set(page.locator(".paper h3, .rest li").evaluate_all(hidden)) == {0}


FOREIGN = "img, iframe, svg, style, script:not(head > script[src$='.js'])"


def test_a_browser_runs_nothing_of_the_corpus_and_asks_for_nothing(
    browser: Browser, tmp_path: Path
) -> None:
    _, settings = digest_of("<script>pwned()</script> {{ x }} ![x](https://evil.example/x.png)")
    file = tmp_path / "day.html"
    file.write_bytes(day_page(corpus(), settings, ""))
    with provoked(browser, file) as page:
        assert page.locator(FOREIGN).count() == 0
        assert page.locator("a").count() > len(ATTACKS)


def test_a_browser_parses_math_as_it_was_written(browser: Browser, tmp_path: Path) -> None:
    attacks = [attack[:LONGEST] for attack in (*MATHML_ATTACKS, *ATTACKS)]
    parts = [to_html(text) for a in attacks for text in (a, f"${a}$", rf"$\text{{{a}}}$")]
    parts += [*map(comment_to_html, attacks), *map(to_html, CONVERTED)]
    file = tmp_path / "math.html"
    body = "\n".join(f"<div>{html}</div>" for html in parts)
    file.write_text(f"<!doctype html><meta charset=utf-8>{body}", encoding="utf-8")
    with provoked(browser, file) as page:
        assert page.locator(FOREIGN).count() == 0
        # No element left its namespace, no math fell apart, no attribute came to be.
        assert page.evaluate("document.body.children.length") == len(parts)
        strange = """() => [...document.querySelectorAll('math *')].filter(
            e => e.namespaceURI !== 'http://www.w3.org/1998/Math/MathML').length"""
        assert page.evaluate(strange) == 0
        names = "[...document.body.querySelectorAll('*')].flatMap(e => e.getAttributeNames())"
        handlers = f"{names}.filter(n => n.startsWith('on') || n === 'style' || n === 'id')"
        assert page.evaluate(handlers) == []
        drawn = """() => [...document.querySelectorAll('math')].filter(
            e => e.getBoundingClientRect().width > 0).length"""
        assert page.evaluate(drawn) > len(CONVERTED) - 5
