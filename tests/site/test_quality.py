"""What judges that nobody here wrote say of every kind of page: axe, html-validate and vnu; and
the sizes, links and requests that a reader may count on."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit

import pytest

from digest.core.config import Site
from digest.core.day import Digest
from digest.core.scores import Score
from digest.run import ranking
from digest.run.output import site_files
from tests import make
from tests.lacking import lacking, npm_file, real_data_folder
from tests.scoring.fake import labels_of_seed_day
from tests.site import served
from tests.site.days import EVENTFUL, QUIET

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NEWEST = date(2026, 11, 17)  # two announcements after QUIET: the front page says what is missed
KIBIBYTE = 1024

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
    "subscribe": "subscribe.html",
    "404": "404.html",
}


# --- the site ---------------------------------------------------------------------------------


@cache
def real_day(real_data: Path) -> Digest:
    """The seed day as the bot judged it: 68 of 451 papers kept."""
    papers, labels = labels_of_seed_day(real_data)
    verdicts = {paper_id: Score(**label) for paper_id, label in labels.items()}
    ranked = ranking.rank(papers, verdicts, make.CUT, {})
    empty = make.digest(day=NEWEST, generated_at=datetime(2026, 11, 17, 6, 30, tzinfo=UTC))
    sources = {"cs.LG": make.source(*papers)}
    return replace(empty, sources=sources, kept=ranked.kept, below=ranked.below)


def newest_day() -> Digest:
    """The real one, or where its data is not there a small one of our own."""
    folder = real_data_folder()
    return real_day(folder) if folder else replace(served.DAYS[-1], date=NEWEST)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("site")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """Where the whole site is served, with its last slash."""
    with served.serve(folder) as address:
        settings = Site(title="Papers & Co.", url=address.rstrip("/"))
        files = site_files((EVENTFUL, QUIET, newest_day()), settings)
        served.write(folder, {str(path): data for path, data in files.items() if data is not None})
        yield address


@pytest.fixture(scope="module")
def paths(folder: Path, address: str) -> list[str]:
    """Every page there is."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.html"))


def test_every_page_is_looked_at(paths: list[str]) -> None:
    assert paths == sorted(PAGES.values())


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


@pytest.mark.parametrize("path", PAGES.values(), ids=list(PAGES))
def test_axe_finds_nothing(axe_page: Page, address: str, path: str) -> None:
    axe = npm_file("axe-core/axe.min.js")
    axe_page.goto(address + path)
    axe_page.evaluate(UNFOLD)
    axe_page.add_script_tag(path=axe)
    assert violations(axe_page) == []


@pytest.mark.parametrize("width", [390, 1440])
def test_axe_finds_nothing_in_a_day_as_it_comes(axe_page: Page, address: str, width: int) -> None:
    axe = npm_file("axe-core/axe.min.js")
    axe_page.set_viewport_size({"width": width, "height": 844})
    axe_page.goto(address + PAGES["day"])
    axe_page.add_script_tag(path=axe)
    assert violations(axe_page) == []


def test_axe_finds_nothing_in_groups_or_the_list_of_keys(axe_page: Page, address: str) -> None:
    axe = npm_file("axe-core/axe.min.js")
    axe_page.goto(address + PAGES["eventful day"])
    axe_page.keyboard.press("g")
    axe_page.keyboard.press("?")
    axe_page.add_script_tag(path=axe)
    axe_page.locator("dialog.keys").wait_for()
    assert violations(axe_page) == []


def test_axe_finds_nothing_in_search_results(axe_page: Page, address: str) -> None:
    axe = npm_file("axe-core/axe.min.js")
    word = next(filter(str.isalpha, newest_day().kept[0].paper.title.split()))
    axe_page.goto(f"{address}search/index.html?q={word}")
    axe_page.locator(".results li").first.wait_for()
    axe_page.add_script_tag(path=axe)
    assert violations(axe_page) == []


# --- html-validate and vnu --------------------------------------------------------------------


HTML_VALIDATE = {
    "root": True,
    "extends": [f"html-validate:{name}" for name in ("recommended", "document", "a11y")],
    "rules": {
        "doctype-style": "off",  # in small letters, which means the same
        "require-sri": "off",  # stylesheet and script come from where the page comes from
        "valid-id": [
            "error",
            {"relaxed": True},
        ],  # a paper's id, 2601.00001, is one that HTML allows
    },
}


def test_html_validate_finds_nothing(folder: Path, paths: list[str], tmp_path: Path) -> None:
    if not shutil.which("node"):
        lacking("no node: install Node.js 20 or later")
    program = npm_file("html-validate/bin/html-validate.mjs")
    config, answer = tmp_path / "config.json", tmp_path / "answer.json"
    config.write_text(json.dumps(HTML_VALIDATE), encoding="utf-8")
    files = [folder / path for path in paths]
    with answer.open("w") as stdout:  # it leaves before a pipe has taken all
        command: list[str | Path] = [
            "node",
            program,
            "--config",
            config,
            "--formatter",
            "json",
            *files,
        ]
        subprocess.run(command, stdout=stdout, timeout=make.PATIENCE_S, check=False)
    judged = json.loads(answer.read_bytes())
    found = [
        f"{Path(file['filePath']).relative_to(folder)}:{m['line']} {m['ruleId']}: {m['message']}"
        for file in judged
        for m in file["messages"]
    ]
    assert found == []


def test_vnu_finds_nothing(folder: Path, paths: list[str]) -> None:
    """In pages, stylesheet and icon; neither errors nor warnings."""
    if not shutil.which("java"):
        lacking("no java: install a runtime of version 11 or later")
    jar = npm_file("vnu-jar/build/dist/vnu.jar")
    assets = sorted(path for path in (folder / "assets").iterdir() if path.suffix != ".js")
    files = [*(folder / path for path in paths), *assets]
    options = ["--format", "json", "--also-check-css", "--also-check-svg"]
    command: list[str | Path] = ["java", "-Xss4m", "-jar", jar, *options, *files]
    run = subprocess.run(command, capture_output=True, timeout=make.PATIENCE_S, check=False)
    found = [
        f"{PurePosixPath(m['url']).name}:{m.get('lastLine')} {m['message']}"
        for m in json.loads(run.stderr)["messages"]
        # To vnu a file from disk is not its neighbours' 'self'; a browser takes it for that.
        if "violates Content Security Policy" not in m["message"]
    ]
    assert found == []


# --- links ------------------------------------------------------------------------------------


class Links(HTMLParser):
    """Every address a page points at, and every id it offers."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.ids: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src", "xlink:href") and value is not None:
                self.targets.append(value)
            if name == "id" and value is not None:
                self.ids.append(value)


def test_no_link_is_broken(folder: Path, address: str, paths: list[str]) -> None:
    pages = {path: Links(folder / path) for path in paths}
    broken, inner = [], 0
    for path, links in pages.items():
        assert len(links.ids) == len(set(links.ids)), path
        for target in links.targets:
            url = urlsplit(urljoin(address + path, target))
            if url.netloc != urlsplit(address).netloc:
                assert url.scheme == "https", f"{path} links to {target}"
                continue
            inner += 1
            found = unquote(url.path).removeprefix(served.BASE)
            found += "index.html" if found == "" or found.endswith("/") else ""
            there = (folder / found).is_file() and url.path.startswith(served.BASE)
            if not there or (url.fragment and unquote(url.fragment) not in pages[found].ids):
                broken.append(f"{path} links to {target}")
    assert broken == []
    assert inner > 100


# --- sizes ------------------------------------------------------------------------------------


def test_a_day_of_68_papers_is_small(real_data: Path, folder: Path, address: str) -> None:
    assert len(real_day(real_data).kept) == 68
    assert (folder / PAGES["day"]).stat().st_size < 350 * KIBIBYTE
    assert len(list((folder / "assets").glob("*.css"))) == 1
    sizes = {file.name.split(".")[0]: file.stat().st_size for file in folder.glob("assets/*.js")}
    assert sizes["site"] + sizes["theme"] < 32 * KIBIBYTE
    assert sizes["theme"] < 2 * KIBIBYTE  # nothing is painted before it


def test_a_day_is_whole_without_javascript(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.resource_type))
    page.goto(address + PAGES["day"])
    titles = page.locator(".paper h3 .title")
    assert titles.count() == len(newest_day().kept)
    assert all(title.is_visible() for title in titles.all()[:5])
    assert (
        page.locator(".filters, button").filter(visible=True).count() == 0
    )  # they would do nothing
    assert "script" not in asked
    context.close()
