"""What a browser makes of the pages: nothing of the corpus runs, and nothing is fetched."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from digest import site
from digest.models import Digest, Kept
from tests.attacks import ATTACKS
from tests.test_sinks import as_github, as_python, digest_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page

CHROMIUM = Path("/usr/bin/chromium")
LONGEST = 300

# Each event that a handler could wait for; a real click would follow the links.
PROVOKE = """() => {
  for (const element of document.querySelectorAll("*"))
    for (const name of ["load", "error", "mouseover", "focus", "toggle", "begin", "input"])
      element.dispatchEvent(new Event(name));
  for (const element of document.querySelectorAll("details")) element.open = true;
}"""


def _missing(what: str) -> None:
    message = f"{what} is missing: the pages are not looked at in a browser"
    if "DIGEST_DATA" in os.environ:  # somebody counts on these tests
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        _missing(f"{CHROMIUM} (Debian's package `chromium`)")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _missing("playwright")
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield chromium
        chromium.close()


def _watch(page: Page, dialogs: list[str], requests: list[str]) -> None:
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


def test_a_browser_runs_nothing_of_the_corpus_and_asks_for_nothing(
    browser: Browser, tmp_path: Path
) -> None:
    digest = corpus()
    _, settings = digest_of("<script>pwned()</script> {{ x }} ![x](https://evil.example/x.png)")
    for path, data in site.day_files(digest, settings).items():
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
        _watch(page, dialogs, requests)
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
