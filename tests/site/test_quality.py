"""What axe, html-validate and vnu find in every kind of page; and the sizes and links that a reader
may count on."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit

import pytest

from digest.core.config import Site
from digest.core.day import Below, Day, Digest
from digest.core.for_you import measures
from digest.core.scores import Score
from digest.run import ranking
from digest.run.output import site_files
from digest.site import learned, pages
from digest.site.build import LEARNED
from tests import make
from tests.lacking import lacking, npm_file, real_data_folder
from tests.scoring.fake import labels_of_seed_day
from tests.site import served
from tests.site.days import EVENTFUL, QUIET
from tests.site.reading import Page as Html
from tests.site.test_learned import KNOWS, VOTES, WORDS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NEWEST = date(2026, 11, 17)  # two announcements after QUIET: the front page says what is missed
KIBIBYTE = 1024

REAL = "2026/2026-11-11.html"
PAGES = {
    "front": "index.html",
    "day": "2026/2026-11-17.html",
    "eventful day": "2026/2026-11-12.html",
    "quiet day": "2026/2026-11-13.html",
    "month": "2026/2026-11.html",
    "year": "2026/2026.html",
    "archive": "archive.html",
    "search": "search/index.html",
    "stats": "stats.html",
    "learned": "learned.html",
    "subscribe": "subscribe.html",
    "404": "404.html",
}


# --- the site ---------------------------------------------------------------------------------


@cache
def real_day(real_data: Path) -> Digest:
    """The seed day as the bot judged it: 68 of 451 papers kept."""
    papers, labels = labels_of_seed_day(real_data)
    scores = {paper_id: Score(**label) for paper_id, label in labels.items()}
    ranked = ranking.rank(papers, scores, make.CUT, {})
    made = datetime(2026, 11, 11, 6, 30, tzinfo=UTC)
    empty = make.digest(day=made.date(), generated_at=made)
    sources = {"cs.LG": make.source(*papers)}
    return replace(empty, sources=sources, kept=ranked.kept, below=ranked.below)


def foreseen(day: Digest) -> Digest:
    """With matches, their words, a paper that may please, and no model."""
    kept = tuple(
        replace(k, score=replace(k.score, match=99, words=("sparse routing",))) for k in day.kept
    )
    below = Below("2601.00050", "Nearly there", Score(7, 7, match=97))
    sources = {"cs.LG": make.source(*(k.paper for k in kept), make.paper(below.id))}
    return replace(day, kept=kept, below=(below,), sources=sources, fallback="HTTP 503")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("site")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """Where the whole site is served, with its last slash."""
    with served.serve(folder) as address:
        settings = Site(title="Papers & Co.", url=address.rstrip("/"))
        newest = foreseen(replace(served.DAYS[-1], date=NEWEST))
        data = real_data_folder()
        real = [real_day(data)] if data else []
        days = (*real, EVENTFUL, QUIET, newest)
        files = site_files(days, settings)
        files[LEARNED] = learned.page(WORDS, KNOWS, VOTES, settings)
        files[PurePosixPath("stats.html")] = pages.stats_page(
            list(map(Day.of, days)), settings, None, measures((), (), ()), has_learned=True
        )
        served.write(folder, {str(path): data for path, data in files.items() if data is not None})
        yield address


@pytest.fixture(scope="module")
def paths(folder: Path, address: str) -> list[str]:
    """Every page there is."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.html"))


def test_every_page_is_looked_at(paths: list[str]) -> None:
    assert set(paths) - {REAL} == set(PAGES.values())


# --- axe --------------------------------------------------------------------------------------

AXE = """async (options) => {
  const { violations } = await axe.run({ resultTypes: ["violations"], ...options });
  return violations.map(({ id, help, nodes }) => ({
    id, help, nodes: nodes.slice(0, 3).map((node) => [node.html, node.failureSummary]) }));
}"""
# All that is folded, and papers both read and starred.
UNFOLD = """() => {
  for (const button of [...document.querySelectorAll(".paper .read, .paper .star")].slice(0, 4))
    button.click();
  for (const details of document.querySelectorAll("details")) details.open = true;
}"""


@pytest.fixture(scope="module")
def axe_page(browser: Browser) -> Iterator[Page]:
    # axe is put into the page, which the page's own policy would forbid.
    context = browser.new_context(bypass_csp=True)
    yield context.new_page()
    context.close()


def violations(page: Page) -> list[Any]:
    """What axe finds in the light theme, and of colours in the dark one."""
    page.emulate_media(color_scheme="light")
    light: list[Any] = page.evaluate(AXE, {})
    page.emulate_media(color_scheme="dark")
    dark: list[Any] = page.evaluate(AXE, {"runOnly": ["color-contrast"]})
    return light + dark


KINDS = set(PAGES) - {"day", "quiet day", "archive", "search"}  # like others, or looked at below


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_axe_finds_nothing(axe_page: Page, address: str, kind: str) -> None:
    axe = npm_file("axe-core/axe.min.js")
    axe_page.goto(address + PAGES[kind])
    axe_page.evaluate(UNFOLD)
    axe_page.add_script_tag(path=axe)
    assert violations(axe_page) == []


# As it comes, on a phone; in groups, with the list of keys; what a search found.
STATES = [
    (390, PAGES["day"], "", ".paper"),
    (1440, PAGES["eventful day"], "g?", "dialog.keys"),
    (1440, "search/index.html?q=router", "", ".results li"),
]


@pytest.mark.parametrize(("width", "path", "keys", "awaited"), STATES)
def test_axe_finds_nothing_in_other_states(
    axe_page: Page, address: str, width: int, path: str, keys: str, awaited: str
) -> None:
    axe = npm_file("axe-core/axe.min.js")
    axe_page.set_viewport_size({"width": width, "height": 844})
    axe_page.goto(address + path)
    for key in keys:
        axe_page.keyboard.press(key)
    axe_page.locator(awaited).first.wait_for()
    axe_page.add_script_tag(path=axe)
    assert violations(axe_page) == []


# --- html-validate and vnu --------------------------------------------------------------------


RULES = {
    "root": True,
    "extends": [f"html-validate:{name}" for name in ("recommended", "document", "a11y")],
    "rules": {
        "doctype-style": "off",  # in small letters, which means the same
        "require-sri": "off",  # stylesheet and script come from where the page comes from
        "valid-id": ["error", {"relaxed": True}],  # HTML allows a paper's id, 2601.00001
    },
}


@pytest.mark.soak  # vnu looks at the same pages
def test_html_validate_finds_nothing(folder: Path, paths: list[str], tmp_path: Path) -> None:
    if not shutil.which("node"):
        lacking("no node: install Node.js 20 or later")
    program = npm_file("html-validate/bin/html-validate.mjs")
    config, answer = tmp_path / "config.json", tmp_path / "answer.json"
    config.write_text(json.dumps(RULES), encoding="utf-8")
    options: list[str | Path] = ["--config", config, "--formatter", "json"]
    command = ["node", program, *options, *(folder / path for path in paths)]
    with answer.open("w") as stdout:  # it leaves before a pipe has taken all
        subprocess.run(command, stdout=stdout, timeout=make.PATIENCE_S, check=False)
    files = json.loads(answer.read_bytes())
    assert [(file["filePath"], message) for file in files for message in file["messages"]] == []


def test_vnu_finds_nothing(folder: Path, paths: list[str]) -> None:
    """In pages, stylesheet and icon; neither errors nor warnings."""
    if not shutil.which("java"):
        lacking("no java: install a runtime of version 11 or later")
    jar = npm_file("vnu-jar/build/dist/vnu.jar")
    assets = sorted(path for path in (folder / "assets").iterdir() if path.suffix != ".js")
    files = [*(folder / path for path in paths), *assets]
    options = ["--format", "json", "--also-check-css", "--also-check-svg"]
    quick = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")  # it runs for seconds
    command: list[str | Path] = ["java", "-Xss4m", *quick, "-jar", jar, *options, *files]
    run = subprocess.run(command, capture_output=True, timeout=make.PATIENCE_S, check=False)
    found = [
        f"{PurePosixPath(m['url']).name}:{m.get('lastLine')} {m['message']}"
        for m in json.loads(run.stderr)["messages"]
        # To vnu a file from disk is not its neighbours' 'self'; a browser takes it for that.
        if "violates Content Security Policy" not in m["message"]
    ]
    assert found == []


# --- links ------------------------------------------------------------------------------------


def test_no_link_is_broken(folder: Path, address: str, paths: list[str]) -> None:
    pages = {path: Html((folder / path).read_bytes()) for path in paths}
    broken, inner = [], 0
    for path, page in pages.items():
        assert len(page.values("id")) == len(set(page.values("id"))), path
        for target in (*page.values("href"), *page.values("src")):
            url = urlsplit(urljoin(address + path, target))
            if url.netloc != urlsplit(address).netloc:
                assert url.scheme == "https", f"{path} links to {target}"
                continue
            inner += 1
            name = unquote(url.path).removeprefix(served.BASE)
            name += "index.html" if name == "" or name.endswith("/") else ""
            is_there = (folder / name).is_file() and url.path.startswith(served.BASE)
            if is_there and url.fragment:
                is_there = unquote(url.fragment) in pages[name].values("id")
            broken += [] if is_there else [f"{path} links to {target}"]
    assert broken == []
    assert inner > 100


# --- sizes ------------------------------------------------------------------------------------


def test_a_day_of_68_papers_is_small(real_data: Path, folder: Path, address: str) -> None:
    assert len(real_day(real_data).kept) == 68
    assert (folder / REAL).stat().st_size < 350 * KIBIBYTE
    assert len(list((folder / "assets").glob("*.css"))) == 1
    sizes = {file.name.split(".")[0]: file.stat().st_size for file in folder.glob("assets/*.js")}
    assert sizes["site"] + sizes["theme"] < 34 * KIBIBYTE
    assert sizes["theme"] < 2 * KIBIBYTE  # nothing is painted before it


def test_a_day_is_whole_without_javascript(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.resource_type))
    page.goto(address + PAGES["day"])
    assert page.locator(".paper h3 .title:visible").count() == len(served.IDS)
    assert page.locator(".filters:visible, button:visible").count() == 0  # they would do nothing
    assert "script" not in asked
    context.close()
