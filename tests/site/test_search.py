"""Search over every day, in a real browser against a real server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from digest.core.day import Kept
from digest.site import search
from tests import make
from tests.attacks import MARKUP
from tests.site import served
from tests.site.served import Reader

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Shards = dict[str, object]


class Visit:
    """Opens the search page over these shards, with `q` in the address if given."""

    def __init__(self, folder: Path, reader: Reader) -> None:
        self.folder, self.reader = folder, reader

    def __call__(self, shards: Shards, q: str = "") -> Page:
        served.write_search(self.folder, shards)
        return self.reader.open(f"search/index.html{q and '?q='}{q}")

    def never_answer(self, month: str) -> None:
        self.reader.context.route(f"**/{month}.json", lambda route: None)


@contextmanager
def visiting(browser: Browser, folder: Path) -> Iterator[Visit]:
    with served.serve(folder) as address:
        reader = Reader(browser, address)
        yield Visit(folder, reader)
        reader.context.close()


@pytest.fixture
def visit(browser: Browser, tmp_path: Path) -> Iterator[Visit]:
    with visiting(browser, tmp_path) as visit:
        yield visit


@pytest.fixture(scope="module")
def small(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """One page over `SMALL` for tests that only ask it something."""
    with visiting(browser, tmp_path_factory.mktemp("small")) as visit:
        yield visit(SMALL)


def line(
    number: int = 1,
    title: str = "A title",
    authors: tuple[str, ...] = ("Ann Bold",),
    topic: str = "Routing",
    comment: str = "",
    novelty: int | None = 8,
) -> list[object]:
    return [f"2601.{number:05}", title, list(authors), topic, comment, 9, novelty]


SMALL: Shards = {
    "2026-01": {
        "2026-01-30": [
            line(1, "Sparse Mixture of Experts", ("Zoë Ünal", "Søren Łukasz")),
            line(2, "A mixture without sparse experts", comment="Good of its kind."),
        ],
        "2026-01-29": [line(3, "RLHF in the world", ("Ida Quick",), topic="Alignment")],
    },
    "2025-12": {"2025-12-31": [line(4, "Sparse at year's end", ("Max Ünal",), novelty=None)]},
}


def ask(page: Page, query: str) -> None:
    page.locator("input[name=q]").fill(query)
    page.keyboard.press("Enter")
    finish(page)


def finish(page: Page) -> None:
    page.locator("output.count[aria-busy=false]").wait_for()


def found(page: Page) -> list[str]:
    """The papers found, by the last figure of their ids."""
    links = page.locator(".results .title").evaluate_all("(all) => all.map((a) => a.href)")
    return [href[-1] for href in links]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sparse", ["1", "2", "4"]),
        ("SPARSE mixture", ["1", "2"]),
        ('"mixture  of experts" sparse', ["1"]),
        ('"sparse mix', ["1"]),  # not closed yet
        ("unal", ["1", "4"]),
        ("U\u0308NAL", ["1", "4"]),  # the accent a character of its own
        ("alignment", ["3"]),
        ("kind", ["2"]),
        ("2601.00003", ["3"]),
        ("rl", ["3"]),
        ("orld", []),  # not where a word begins
        ("year’s", ["4"]),
        ('"zoe unal, soren"', []),  # authors are no sentence
        ("(.*", []),
    ],
)
def test_a_query_finds_the_papers_that_have_all_of_it(
    small: Page, query: str, expected: list[str]
) -> None:
    ask(small, query)
    assert found(small) == expected
    number = f"{len(expected)} paper" + "s" * (len(expected) != 1)
    words = number if expected else "No paper has all of these words"
    assert small.locator(".count").inner_text() == f"{words}; searched 2 of 2 months."


def test_a_result_shows_what_the_reader_weighs(small: Page) -> None:
    ask(small, "good kind")
    assert small.url.endswith("search/index.html?q=good+kind")
    lines = small.locator(".result").inner_text().split("\n")
    assert list(filter(None, lines)) == [
        "A mixture without sparse experts",
        *("Relevance", "R9", "Novelty", "N8", "Routing", "30 January 2026"),
        "Ann Bold",
        "Good of its kind.",
    ]


@pytest.mark.parametrize(
    ("query", "marks"),
    [
        ('"sparse mixture" mix', ["Sparse Mixture"]),
        ("luk zo", ["Zo", "Łuk"]),
    ],
)
def test_hits_are_marked(small: Page, query: str, marks: list[str]) -> None:
    ask(small, query)
    first = small.locator(".result").first
    assert first.locator("mark").all_inner_texts() == marks


def test_of_many_authors_those_sought_are_shown_and_marked(visit: Visit) -> None:
    title = (
        "Stra\u00dfe caf\u0065\u0301s \u00c6ther \ufb01ne end"  # letters that fold into two or none
    )
    authors = (*(f"Person {n}" for n in range(3000)), "Zoë Ünal")
    page = visit({"2026-01": {"2026-01-30": [line(1, title, authors)]}})
    ask(page, "strasse cafe aether fin end unal")
    marks = page.locator("mark").all_inner_texts()
    assert marks == ["Straße", "caf\u0065\u0301", "Æther", "ﬁn", "end", "Ünal"]
    shown = page.locator(".authors").inner_text()
    assert shown.endswith("Person 5, Zoë Ünal and 2994 more")


# --- how far ----------------------------------------------------------------------------------


def test_a_new_query_takes_the_place_of_one_under_way(visit: Visit) -> None:
    visit.never_answer("2025-12")
    page = visit(SMALL)
    page.locator("input[name=q]").fill("sparse")
    page.get_by_text("2 papers so far").wait_for()
    page.locator("input[name=q]").fill("rlhf")
    page.get_by_text("1 paper so far").wait_for()
    assert found(page) == ["3"]


def test_for_less_than_two_characters_nothing_is_fetched(visit: Visit) -> None:
    page = visit(SMALL, q='"s')
    page.locator("input[name=q]").press("Enter")
    page.wait_for_timeout(100)
    assert [url for url in visit.reader.requests if url.endswith(".json")] == []
    assert page.locator(".result").count() == 0


def comment_of(comment: str, author_match: str | None = None) -> object:
    """As the index has it."""
    score = replace(make.score(), comment=comment)
    kept = Kept(make.paper("2601.00001"), score, author_match)
    (((*_, indexed, _, _),),) = json.loads(search.shard([make.digest(kept=(kept,))])).values()
    return indexed


def test_a_result_shows_no_raw_markdown() -> None:
    comment = "**So `this`** is _it_, [see](https://x.org/a_b): 2*3*4, snake_case_name, A* and B*"
    shown = "So this is it, see: 2*3*4, snake_case_name, A* and B*"
    assert comment_of(comment) == shown
    assert comment_of(comment, "A *Star*") == f"author match: A *Star*. {shown}"


@pytest.mark.parametrize("sign", ["*", "[x](y ", "**a*b "])
def test_a_comment_full_of_signs_holds_up_nothing(sign: str) -> None:
    with make.cpu_seconds(3):
        comment_of(sign * 1_500)


# --- starred ----------------------------------------------------------------------------------

STARS = '{"2601.00003": "2026-01-29", "2512.00004": "2025-12-31", "2601.09999": "2024-01-02"}'


@pytest.fixture
def starred(visit: Visit) -> Visit:
    visit.reader.context.add_init_script(f"localStorage.setItem('digest.starred', '{STARS}')")
    return visit


LONG_AGO: Shards = {
    "2026-01": SMALL["2026-01"],
    "2025-12": {"2025-12-31": [["2512.00004", "Sparse at the end", [], "none", "", 9, 8]]},
    "2025-11": {"2025-11-03": [line(5, "Sparse in autumn")]},
}


def test_starred_papers_of_all_days_are_listed_with_links(starred: Visit) -> None:
    page = starred(LONG_AGO)
    page.get_by_label("Only starred").check()
    finish(page)
    links = page.locator(".results .title").evaluate_all("(all) => all.map((a) => a.href)")
    assert [link.removeprefix(starred.reader.address) for link in links] == [
        "2026/2026-01-29.html#2601.00003",
        "2025/2025-12-31.html#2512.00004",
    ]
    assert page.locator(".count").inner_text() == "2 papers; searched 2 of 2 months."
    gone = page.locator(".problem").inner_text()
    assert gone == "1 starred paper is no longer here: 2601.09999."
    fetched = [url[-12:] for url in starred.reader.requests if url.endswith(".json")]
    assert fetched == ["2026-01.json", "2025-12.json"]
    ask(page, "sparse")
    assert found(page) == ["4"]
    assert "2512.00004" not in page.locator(".problem").inner_text()
    assert parse_qs(urlsplit(page.url).query) == {"q": ["sparse"], "starred": ["1"]}


def test_a_star_in_a_month_that_cannot_be_read_is_not_called_gone(starred: Visit) -> None:
    page = starred(LONG_AGO | {"2025-12": None, "2024-01": {"2024-01-02": []}})
    page.get_by_label("Only starred").check()
    finish(page)
    text = page.locator(".problem").inner_text()
    assert text.startswith("Not searched, for it could not be read: December 2025. 1 starred paper")
    assert "2512.00004" not in text


def test_an_address_leads_to_the_starred_papers(starred: Visit) -> None:
    starred(LONG_AGO)
    for asked in ("?starred=1", "#starred"):
        page = starred.reader.open(f"search/index.html{asked}")
        finish(page)
        assert found(page) == ["3", "4"]


MANY: Shards = {
    f"2026-{month:02}": {f"2026-{month:02}-15": [line(n, f"Paper {n}") for n in range(150)]}
    for month in range(1, 4)
}


def test_of_thousands_of_hits_the_newest_are_shown_first(visit: Visit) -> None:
    page = visit(MANY)
    ask(page, "paper")
    assert page.locator(".result").count() == 200
    assert page.locator(".count").inner_text() == "The newest 200 papers; there are more."
    page.locator(".more").click()
    page.get_by_text("The newest 400 papers").wait_for()
    page.locator(".more").click()
    page.get_by_text("450 papers; searched 3 of 3 months.").wait_for()
    assert not page.locator(".more").is_visible()


# --- what can be wrong ------------------------------------------------------------------------

BROKEN: Shards = {
    "2026-02": b'{"2026-01-30": [["2601.0',
    "2026-03": b"<!doctype html>",
    "2026-04": None,
    "2026-05": {"2026-01-30": [5]},
    "2026-06": {"2026-01-30": [[1, 2, [3], 4, 5, 6, 7]]},
    "2026-07": {"../../evil": [line(1, "Sparse")]},
}


def test_months_that_cannot_be_read_are_named_and_tried_again(visit: Visit) -> None:
    page = visit(SMALL | BROKEN)
    ask(page, "sparse")
    months = "July 2026, June 2026, May 2026, April 2026, March 2026, February 2026"
    problem = page.locator(".problem").inner_text()
    assert problem == f"Not searched, for it could not be read: {months}."
    assert page.locator(".count").inner_text() == "3 papers; searched 2 of 8 months."
    served.write_search(visit.folder, {month: {} for month in BROKEN} | SMALL)
    ask(page, "rlhf")  # asks again for the months
    assert not page.locator(".problem").is_visible()


def test_without_any_month_it_says_so(visit: Visit) -> None:
    page = visit({})
    assert "There is no digest to search yet." in page.locator("main").inner_text()
    assert page.locator("form, dialog").count() == 0


def test_from_disk_it_says_that_it_cannot(browser: Browser, tmp_path: Path) -> None:
    served.write_search(tmp_path, SMALL)
    page = browser.new_page()
    page.goto((tmp_path / "search/index.html").as_uri())
    assert page.get_by_text("Search needs the published site").is_visible()
    page.close()


def test_hostile_papers_are_text(visit: Visit) -> None:
    papers = [
        line(n, f"Attack {text}", (text,), topic=text, comment=text)
        for n, text in enumerate(MARKUP)
    ]
    visit.reader.context.add_init_script("window.pwned = () => { window.hurt = true }")
    page = visit({"2026-01": {"2026-01-30": papers}})
    ask(page, "attack")
    assert page.locator(".result").count() == len(MARKUP)
    assert page.evaluate("window.hurt ?? null") is None
    reader = visit.reader
    assert [url for url in reader.requests if not url.startswith(reader.address)] == []
    inside = "img, script, iframe, svg, style, base, form, object, [onerror], [onload]"
    assert page.locator(".results").locator(inside).count() == 0
