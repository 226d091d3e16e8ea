"""A small site on disk, a web server for it under a base path, and a browser to look at it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

from digest.core.day import Digest, Kept
from digest.core.papers import Paper
from digest.core.scores import NO_TOPIC, Score
from digest.site import assets, build
from digest.site.page import render
from tests import make
from tests.lacking import lacking
from tests.site.days import SITE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

CHROMIUM = Path("/usr/bin/chromium")
BASE = "/repo/"  # as GitHub Pages serves a repository's site

# id, title, authors, topic, categories, relevance, novelty, abstract
_PAPERS = (
    ("2601.00001", "Sparse routing of experts", ("Zoë Ünal",), "Routing", "cs.LG cs.AI", 10, 9),
    ("2601.00002", "Tokens that wait", ("Søren Łuk",), "Decoding", "cs.CL", 9, 9),
    ("2601.00003", "A router learns to rest", ("Ann Bold",), "Routing", "cs.LG", 9, 8),
    ("math.GT/0309136", "Knots, revisited", ("Solo Author",), NO_TOPIC, "math.GT cs.LG", 9, 7),
    ("2601.00005", "Speculation at depth", ("Ida Quick", "Zoe Unal"), "Decoding", "cs.CL", 8, 8),
    ("2601.00006", "On caches", ("Max Store",), "Routing", "cs.AI", 8, 7),
)
IDS = [row[0] for row in _PAPERS]
MANY_WORDS = "Long enough to fill a window with few papers. " * 40


def _kept() -> tuple[Kept, ...]:
    kept: list[Kept] = []
    for paper_id, title, authors, topic, categories, relevance, novelty in _PAPERS:
        abstract = f"The abstract of {title.lower()}. {MANY_WORDS}"
        paper = Paper(paper_id, 1, title, authors, abstract, tuple(categories.split()), make.NEW)
        score = Score(relevance, novelty, topic, f"Shown for rank {len(kept) + 1}.")
        kept.append(Kept(paper, score))
    return tuple(kept)


def _digest(day: date, kept: tuple[Kept, ...]) -> Digest:
    made = datetime(day.year, day.month, day.day, 6, 30, tzinfo=UTC)
    return make.digest(kept=kept, day=day, generated_at=made)


_NINE = [f"Author {n}" for n in range(9)]

# A Wednesday, the Thursday after it (which kept nothing), the Friday with all papers.
DAYS = (
    _digest(date(2026, 1, 28), (Kept(make.paper("2601.00099", authors=_NINE), make.score()),)),
    _digest(date(2026, 1, 29), ()),
    _digest(date(2026, 1, 30), _kept()),
)
NEWEST = "2026/2026-01-30.html"


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def write_site(folder: Path) -> None:
    """All of a site of three days."""
    files = build.all_files(DAYS, SITE)
    write(folder, {str(path): data for path, data in files.items() if data is not None})


def write_search(folder: Path, shards: Mapping[str, object]) -> None:
    """A search page and its months: bytes as they are, all else as JSON, None for a missing one."""
    months = sorted(shards, reverse=True)
    files = {str(path): data for path, data in assets.assets().items()}
    files["search/index.html"] = render("search", "../", SITE, months=months)
    for month, shard in shards.items():
        if shard is not None:
            data = shard if isinstance(shard, bytes) else json.dumps(shard).encode()
            files[f"search/{month}.json"] = data
    write(folder, files)


class _Quiet(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def translate_path(self, path: str) -> str:
        if not path.startswith(BASE):
            return "/nothing/here"
        return super().translate_path("/" + path.removeprefix(BASE))

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "max-age=600")  # as GitHub Pages answers
        super().end_headers()

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError:  # the browser left before the answer
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """The address at which `folder` is served."""
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}{BASE}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def chromium() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        lacking(f"no {CHROMIUM} to look at pages with: install Debian's package `chromium`")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        lacking("no playwright to look at pages with: run `make .venv/dev`")
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()


class Reader:
    """Someone with a browser of their own: its storage is theirs alone."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.context: BrowserContext = browser.new_context()
        self.context.set_default_timeout(make.PATIENCE_S * 1000)
        self.address = address  # of the site, with the last slash
        self.errors: list[str] = []
        self.requests: list[str] = []

    def tab(self) -> Page:
        page = self.context.new_page()
        page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
        return page

    def open(self, path: str = NEWEST) -> Page:
        page = self.tab()
        page.goto(self.address + path)
        return page


def shown(page: Page) -> list[str]:
    """The ids of the papers that the page shows, in its order."""
    script = """() => [...document.querySelectorAll(".paper")]
        .filter((paper) => paper.checkVisibility()).map((paper) => paper.dataset.id)"""
    ids: list[str] = page.evaluate(script)
    return ids


def focused(page: Page) -> str | None:
    """The id of the focused paper."""
    paper_id: str | None = page.evaluate("document.activeElement.dataset.id ?? null")
    return paper_id


def is_in_view(page: Page, selector: str) -> bool:
    script = """(selector) => {
        const { top, bottom } = document.querySelector(selector).getBoundingClientRect();
        return top > -5 && top < innerHeight;
    }"""
    seen: bool = page.evaluate(script, selector)
    return seen
