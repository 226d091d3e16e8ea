"""What the script adds to the pages, in a real browser."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from digest.site import build
from digest.site.bibtex import bibtex
from tests.site import served
from tests.site.days import EVENTFUL, SITE
from tests.site.served import IDS, NEWEST, Reader, focused, is_in_view, shown

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

ONE, TWO, THREE, KNOTS, FIVE, SIX = IDS
ROUTING, DECODING = [ONE, THREE, SIX], [TWO, FIVE]
SECOND_DAY, FIRST_DAY = "2026/2026-01-29.html", "2026/2026-01-28.html"
NO_STORAGE = """Object.defineProperty(window, "localStorage", {
    get() { throw new DOMException("The operation is insecure.", "SecurityError"); } })"""
DESK = {"width": 1280, "height": 720}
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    days = build.day_files(EVENTFUL, SITE)
    served.write(folder, {str(path): data for path, data in days.items() if data})
    served.write_site(folder)
    return folder


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with served.serve(folder) as address:
        yield address


@pytest.fixture
def reader(browser: Browser, address: str) -> Iterator[Reader]:
    """Somebody with storage and routes of their own."""
    reader = Reader(browser, address)
    yield reader
    reader.context.close()


class Tab:
    """One tab for many tests: `open` begins each with an empty storage on a large screen."""

    def __init__(self, reader: Reader) -> None:
        self.address = reader.address
        self.page = reader.open("404.html")

    def open(self, path: str = "", size: dict[str, int] = DESK, keys: Iterable[str] = "") -> Page:
        """`path` is a page, or follows the address of the newest day."""
        self.page.evaluate("localStorage.clear()")
        self.page.goto("about:blank")  # or an address with another # would load nothing
        self.page.set_viewport_size(size)  # type: ignore[arg-type]
        is_page = path and path[0] not in "?#"
        self.page.goto(self.address + (path if is_page else NEWEST + path))
        press(self.page, keys)
        return self.page


@pytest.fixture(scope="module")
def tab(browser: Browser, address: str) -> Iterator[Tab]:
    reader = Reader(browser, address)
    reader.context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield Tab(reader)
    assert reader.errors == []
    assert [url for url in reader.requests if not url.startswith(address)] == []
    reader.context.close()


def press(page: Page, keys: Iterable[str]) -> None:
    for key in keys:
        page.keyboard.press(key)


def query(page: Page) -> str:
    return str(page.evaluate("location.search"))


def stored(page: Page, name: str) -> object:
    """The notes of this site."""
    key = f"digest.{name}:{served.BASE}"
    return page.evaluate("(key) => JSON.parse(localStorage.getItem(key))", key)


def select(page: Page, name: str, value: str) -> None:
    page.locator(f"select[name={name}]").select_option(value)


# --- keys -------------------------------------------------------------------------------------


def test_keys_move_the_focus_from_paper_to_paper(tab: Tab) -> None:
    page = tab.open()
    steps = [("jj", TWO), ("JK", TWO), ("jjjjjjjjj", SIX), ("kkkg", THREE), ("j", SIX)]
    for keys, paper in steps:  # in capitals: Caps Lock
        press(page, keys)
        assert focused(page) == paper
    assert page.get_by_role("article", name="On caches").count() == 1
    assert focused(tab.open("?topic=Decoding", keys="jj")) == FIVE
    assert focused(tab.open("?unread=1", keys="jjm")) == THREE  # TWO is hidden now


def test_j_goes_on_from_what_is_in_the_window(tab: Tab) -> None:
    page = tab.open(keys="jjjj")
    assert is_in_view(page, f'[data-id="{KNOTS}"].paper')
    page.evaluate(f"""document.querySelector('[data-id="{TWO}"].paper')
        .scrollIntoView({{ behavior: 'instant' }})""")
    press(page, "j")
    assert focused(page) == TWO


def test_o_and_enter_open_the_focused_paper_at_arxiv(reader: Reader) -> None:
    reader.context.route("https://arxiv.org/**", lambda route: route.fulfill(body="arXiv"))
    page = reader.open()
    press(page, "jj")
    for key in ("o", "Enter"):
        with reader.context.expect_page() as opened:
            page.keyboard.press(key)
        assert opened.value.url == f"https://arxiv.org/abs/{TWO}"


def test_m_and_s_note_a_paper_and_take_it_back(tab: Tab) -> None:
    page = tab.open(keys="jjms")
    assert stored(page, "read") == stored(page, "starred") == {TWO: "2026-01-30"}
    assert page.locator(".paper .star").nth(1).get_attribute("aria-pressed") == "true"
    assert page.locator(".contents .read a").get_attribute("href") == f"#{TWO}"
    press(page, "u")
    assert shown(page) == [ONE, THREE, KNOTS, FIVE, SIX]
    press(page, "u")
    page.locator(".paper .read").nth(1).click()
    page.locator(".paper .star").nth(1).click()
    assert stored(page, "read") == stored(page, "starred") == {}


def test_slash_and_escape_enter_and_leave_the_filter(tab: Tab) -> None:
    page = tab.open(keys="/ljgs")
    assert page.locator("input[name=q]").input_value() == "ljgs"
    press(page, ["Escape", "Escape"])
    assert page.locator("input[name=q]").input_value() == "ljgs"
    page.locator("input[name=q]").fill("cs.CL")
    page.keyboard.press("Enter")
    assert focused(page) == TWO
    page.get_by_role("button", name="Go").click()
    assert focused(page) == TWO


def test_brackets_lead_to_the_days_beside_with_the_filter(tab: Tab) -> None:
    page = tab.open("?from=feed")
    page.locator("input[name=q]").fill("matter & more")
    press(page, ["Escape", "["])
    page.wait_for_url(f"**/{SECOND_DAY}?from=feed&q=matter+%26+more")
    press(page, "]")
    page.wait_for_url(f"**/{NEWEST}?from=feed&q=matter+%26+more")


def test_keys_do_nothing_behind_the_open_help_or_with_a_modifier(tab: Tab) -> None:
    page = tab.open(keys="?g")
    assert shown(page) == IDS
    press(page, "?")
    page.locator("dialog.keys").wait_for(state="hidden")
    press(page, ["Control+g", "Alt+g", "Meta+g"])
    assert shown(page) == IDS


def test_keys_can_be_turned_off_and_on_again(tab: Tab) -> None:
    page = tab.open(keys="?")
    page.get_by_label("Use these keys").uncheck()
    page.get_by_role("button", name="Close").click()
    press(page, "jg?")
    assert (focused(page), shown(page), page.locator("dialog[open]").count()) == (None, IDS, 0)
    page.goto(tab.address + FIRST_DAY)
    press(page, "j]/")
    assert (focused(page), page.url[-15:]) == (None, "2026-01-28.html")
    page.locator(".filters .help").click()
    page.get_by_label("Use these keys").check()
    page.get_by_role("button", name="Close").click()
    page.locator("h1").click()
    press(page, "j")
    assert focused(page) == "2601.00099"


# --- filters ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("topic=none", [KNOTS]),
        ("n=9", [ONE, TWO]),
        ("q=unal", [ONE, FIVE]),
        ("r=9&category=cs.LG&topic=Routing", [ONE, THREE]),
        ("topic=Nonsense&r=x&q=", IDS),
    ],
)
def test_the_address_says_which_papers_are_shown(tab: Tab, asked: str, expected: list[str]) -> None:
    assert shown(tab.open(f"?{asked}")) == expected


def test_the_text_filter_finds_beginnings_of_words(tab: Tab) -> None:
    page = tab.open()
    for asked, expected in {
        "soren luk": [TWO],
        '"rank 3"': [THREE],
        "out": [],  # "router", "routing"
        "0309136": [KNOTS],
        "r10": [ONE],
        "novelty": [],  # stands at each, and only for those who do not see it
    }.items():
        page.locator("input[name=q]").fill(asked)
        assert shown(page) == expected, asked


def test_a_filter_goes_into_the_address_and_leaves_it(tab: Tab) -> None:
    page = tab.open("?from=feed")
    steps = page.evaluate("history.length")
    select(page, "topic", "Decoding")
    assert page.locator(".shown").text_content() == "2 of 6 shown"
    entries = "[...document.querySelectorAll('.contents li')].filter((li) => !li.hidden)"
    assert page.evaluate(f"{entries}.map((li) => li.firstChild.hash.slice(1))") == DECODING
    page.locator("input[name=q]").fill("rest & ünal")
    assert query(page) == "?from=feed&topic=Decoding&q=rest+%26+%C3%BCnal"
    assert page.evaluate("history.length") == steps
    page.locator("input[name=q]").fill("")
    page.reload()
    assert shown(page) == DECODING
    assert page.evaluate("document.querySelector('.filters details').open")
    page.goto(tab.address + "archive.html")
    page.go_back()
    assert shown(page) == DECODING
    page.locator(".clear").click()
    assert (shown(page), query(page)) == (IDS, "?from=feed")


# --- abstracts and contents -------------------------------------------------------------------


def abstracts(page: Page) -> int:
    """How many can be read."""
    script = "(all) => all.filter((p) => p.checkVisibility()).length"
    number: int = page.locator(".abstract > p").evaluate_all(script)
    return number


def test_a_folds_every_abstract_and_shows_it_again(tab: Tab) -> None:
    page = tab.open()
    assert abstracts(page) == len(IDS)
    press(page, "jjj")
    top = "document.activeElement.getBoundingClientRect().top"
    before = page.evaluate(top)
    press(page, "a")
    assert (focused(page), page.evaluate(top)) == (THREE, pytest.approx(before, abs=1))
    assert abstracts(page) == 0
    page.locator(".abstract summary").nth(1).click()
    assert abstracts(page) == 1
    page.goto(tab.address + FIRST_DAY)
    assert abstracts(page) == 0
    assert page.locator(".abstracts").get_attribute("aria-pressed") == "false"
    press(page, "a")
    assert abstracts(page) == 1


def test_the_button_shows_and_folds_abstracts_on_a_phone(tab: Tab) -> None:
    page = tab.open(size=PHONE)
    button = page.get_by_role("button", name="Abstracts")
    states = [(abstracts(page), button.get_attribute("aria-pressed"))]
    for _ in range(2):
        button.click()
        states.append((abstracts(page), button.get_attribute("aria-pressed")))
    assert states == [(0, "false"), (len(IDS), "true"), (0, "false")]


SHIFTS = """window.shifts = 0;
new PerformanceObserver((list) => {
    for (const { value } of list.getEntries()) window.shifts += value;
}).observe({ type: "layout-shift", buffered: true });"""
PAINTED = "() => performance.getEntriesByType('paint').length > 0"


@pytest.mark.parametrize(
    ("width", "chosen", "asked"),
    [
        (320, {"digest.abstracts": "open"}, "?r=9"),
        (1280, {"digest.abstracts": "folded", "digest.group": "topic"}, "?q=tokens"),
    ],
)
def test_nothing_moves_while_a_page_comes(
    reader: Reader, width: int, chosen: dict[str, str], asked: str
) -> None:
    def answer(route: Route) -> None:  # the script comes only after the first paint
        route.request.frame.page.wait_for_function(PAINTED)
        route.continue_()

    page = reader.open("404.html")
    page.set_viewport_size({"width": width, "height": 844})
    page.evaluate("(chosen) => Object.assign(localStorage, chosen)", chosen)
    page.add_init_script(SHIFTS)
    reader.context.route("**/site.*.js", answer)
    page.goto(reader.address + NEWEST + asked)
    page.wait_for_function(PAINTED)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))")
    assert page.evaluate("window.shifts") < 0.001


def test_remembered_groups_are_not_seen_before_they_are_made(reader: Reader) -> None:
    page = reader.open()
    page.evaluate("localStorage.setItem('digest.group', 'topic')")
    reader.context.route("**/site.*.js", lambda route: route.abort())
    page.goto(reader.address + NEWEST)
    seen = "getComputedStyle(document.querySelector('.papers')).visibility"
    assert page.evaluate(seen) == "hidden"
    # The script never came, and the time for which the stylesheet waits is over.
    page.evaluate("for (const animation of document.getAnimations()) animation.finish()")
    assert page.evaluate(seen) == "visible"


def test_contents_at_the_side_are_open_and_no_stop_of_the_tab_key(tab: Tab) -> None:
    def contents(page: Page) -> tuple[bool, bool]:
        fold = page.locator(".contents details")
        is_open: bool = fold.evaluate("(details) => details.open")
        stops: bool = fold.locator("summary").evaluate("(summary) => summary.tabIndex === 0")
        return is_open, stops

    page = tab.open()
    assert contents(page) == (True, False)
    press(page, ["Tab", "Tab"])
    assert page.evaluate("document.activeElement.textContent") == "Skip to papers"
    press(page, ["Enter", "Tab"])
    assert page.evaluate("document.activeElement.closest('.paper').dataset.id") == ONE
    page.set_viewport_size({"width": 800, "height": 600})
    page.wait_for_function("() => !document.querySelector('.contents details').open")
    assert contents(page) == (False, True)


# --- groups -----------------------------------------------------------------------------------


def test_g_groups_by_topic_and_makes_one_list_again(tab: Tab) -> None:
    page = tab.open()
    press(page, "g")
    assert shown(page) == [*ROUTING, *DECODING, KNOTS]
    names = page.locator(".papers > .group").all_inner_texts()
    assert [" ".join(name.split()) for name in names] == ["Routing 3", "Decoding 2", "No topic 1"]
    assert not page.locator("h2", has_text="Papers").is_visible()
    script = "[...document.querySelectorAll('.contents li:not(.group)')].map((li) => li.value)"
    assert page.evaluate(script) == [1, 3, 6, 2, 5, 4]
    page.goto(f"{tab.address}{NEWEST}?topic=Decoding#{TWO}")  # the choice is remembered
    visible = page.locator(".papers > .group:visible")
    assert [name.split()[0] for name in visible.all_inner_texts()] == ["Decoding"]
    assert is_in_view(page, f'[data-id="{TWO}"].paper')
    page.goto(f"{tab.address}{NEWEST}")
    press(page, "g")
    assert shown(page) == IDS


def test_a_button_stays_under_the_finger_that_pressed_it(tab: Tab) -> None:
    page = tab.open()
    for name in ("abstracts", "group"):
        button = page.locator(f"button.{name}")
        before = button.bounding_box()
        button.click()
        assert button.bounding_box() == before


# --- read and starred -------------------------------------------------------------------------


def test_a_star_is_there_on_the_next_visit_and_in_the_export(tab: Tab) -> None:
    page = tab.open(keys="jsjsm")
    with page.expect_download() as download:
        page.locator(".export").click()
    exported = json.loads(Path(download.value.path()).read_text())
    both = [{"id": paper_id, "date": "2026-01-30"} for paper_id in (ONE, TWO)]
    assert (exported["starred"], exported["read"]) == (both, both[1:])
    page.goto(f"{tab.address}{NEWEST}?starred=1")
    assert shown(page) == [ONE, TWO]


def test_stars_are_exported_as_votes(tab: Tab) -> None:
    page = tab.open(keys="jsjsm")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export votes").click()
    assert download.value.suggested_filename.endswith(".jsonl")
    lines = Path(download.value.path()).read_text().splitlines()
    votes = [{"id": paper_id, "vote": 1, "date": "2026-01-30"} for paper_id in (ONE, TWO)]
    assert [json.loads(line) for line in lines] == votes
    assert page.locator(".send").count() == 0  # its repository is not known


def test_stars_fill_an_issue_of_the_repository(reader: Reader, folder: Path) -> None:
    home = "https://ada.github.io/papers/"

    def answer(route: Route) -> None:
        route.fulfill(path=folder / urlsplit(route.request.url.removeprefix(home)).path)

    def sent() -> tuple[str, list[str]]:
        address = str(page.locator(".send").get_attribute("href"))
        assert len(address) <= 6_000
        assert address.startswith(
            "https://github.com/ada/papers/issues/new?title=Digest%20votes%20"
        )
        return page.locator(".send").inner_text(), parse_qs(address)["body"][0].splitlines()

    reader.context.route(f"{home}**", answer)
    page = reader.tab()
    page.goto(home + NEWEST)
    assert page.locator(".send:visible").count() == 0
    press(page, "jsjs")
    assert sent() == ("Send 2 votes", [f"+1 {ONE}", f"+1 {TWO}"])
    assert "people with write access" in str(page.locator(".send").get_attribute("title"))
    many = {f"2601.{n:05}": f"2026-01-{n % 30 + 1:02}" for n in range(400)}
    page.evaluate(
        "(many) => localStorage.setItem('digest.starred:/papers/', many)", json.dumps(many)
    )
    page.reload()
    text, lines = sent()
    assert text == f"Send the newest {len(lines)} of 400 votes"
    assert lines[0] == "+1 2601.00029"
    assert len(lines) > 200


def test_two_tabs_do_not_forget_what_the_other_noted(reader: Reader) -> None:
    one, other = reader.open(), reader.open()
    press(one, "js")
    press(other, "jjs")
    assert stored(other, "starred") == {ONE: "2026-01-30", TWO: "2026-01-30"}


def test_broken_notes_count_as_none(tab: Tab) -> None:
    page = tab.open("404.html")
    for broken in ("{", "[1]", '{"2601.00001": 5}'):
        page.evaluate("(value) => localStorage.setItem('digest.read:/repo/', value)", broken)
        page.goto(tab.address + NEWEST)
        press(page, "jm")
        assert stored(page, "read") == {ONE: "2026-01-30"}


def test_notes_of_the_first_version_are_taken_over_and_another_digests_are_not(tab: Tab) -> None:
    page = tab.open("404.html")
    old, other = json.dumps({ONE: "2026-01-30"}), json.dumps({THREE: "2026-01-30"})
    page.evaluate("(old) => localStorage.setItem('digest.starred', old)", old)
    page.evaluate("(other) => localStorage.setItem('digest.starred:/other/', other)", other)
    page.goto(tab.address + NEWEST)
    press(page, "jjs")
    assert stored(page, "starred") == {ONE: "2026-01-30", TWO: "2026-01-30"}
    press(page, "sks")
    page.reload()
    assert page.locator(".paper.starred").count() == 0


def test_without_storage_every_choice_lasts_for_the_visit(reader: Reader) -> None:
    reader.context.add_init_script(NO_STORAGE)
    page = reader.open()
    press(page, "ajmjmu")
    page.locator("button.theme").click()
    assert (shown(page), abstracts(page)) == ([THREE, KNOTS, FIVE, SIX], 0)
    assert (page.evaluate(THEME), reader.errors) == ("light", [])


# --- links, days, late ------------------------------------------------------------------------


def test_a_deep_link_opens_and_focuses_its_paper(tab: Tab) -> None:
    page = tab.open("?topic=Decoding#math.GT-0309136")
    assert focused(page) == KNOTS
    assert shown(page) == [TWO, KNOTS, FIVE]  # despite the filter
    assert page.evaluate("document.getElementById('math.GT-0309136').querySelector('details').open")
    select(page, "r", "8")
    assert page.url.endswith("?topic=Decoding&r=8")


def test_links_within_a_page_unfold_and_open(tab: Tab) -> None:
    page = tab.open("#prompt")
    assert page.evaluate("document.getElementById('prompt').open")
    # Not by the mouse: the page may still be scrolling, and another place would be hit.
    page.locator(f".contents a[href='#{FIVE}']").evaluate("(link) => link.click()")
    page.wait_for_function(f"() => document.activeElement.dataset.id === '{FIVE}'")
    mark = f"() => document.querySelector('.contents [aria-current] a')?.hash === '#{FIVE}'"
    page.wait_for_function(mark)
    page = tab.open("2026/2026-11-12.html")
    page.get_by_role("link", name="The list").click()
    page.get_by_text("A paper nobody scored").wait_for()


@pytest.mark.parametrize("fragment", ["%E0%A4%A", "main"])
def test_a_link_to_no_paper_shows_the_page(tab: Tab, fragment: str) -> None:
    assert shown(tab.open(f"#{fragment}")) == IDS


def test_a_day_links_its_neighbours(tab: Tab) -> None:
    def links(path: str) -> list[str]:
        return tab.open(path).locator(".days a").evaluate_all("(all) => all.map((a) => a.href)")  # type: ignore[no-any-return]

    month = f"{tab.address}2026/2026-01.html"
    assert links(SECOND_DAY) == [f"{tab.address}{FIRST_DAY}", month, f"{tab.address}{NEWEST}"]
    assert links("index.html") == [f"{tab.address}{SECOND_DAY}", month]


LATE = "No digest since Friday, 30 January 2026. One was expected on Monday, 2 February 2026."


def test_the_front_page_says_when_a_digest_is_late(reader: Reader) -> None:
    page = reader.tab()
    for now, path, notice in (
        # Midnight in New York is 05:00 UTC.
        (datetime(2026, 2, 3, 4, 59, tzinfo=UTC), "", []),
        (datetime(2026, 2, 3, 5, 1, tzinfo=UTC), "", [LATE]),
        (datetime(2027, 2, 3, tzinfo=UTC), NEWEST, []),  # an older day is never late
    ):
        page.clock.set_fixed_time(now)
        page.goto(reader.address + path)
        assert page.locator(".late:visible").all_inner_texts() == notice


# --- BibTeX -----------------------------------------------------------------------------------

CLOSED = "() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')) }"


def test_bibtex_is_shown_and_copied(tab: Tab) -> None:
    page = tab.open()
    for number, kept in enumerate(served.DAYS[-1].kept[:2]):
        page.locator(".links summary").nth(number).click()
        page.locator(".links details").nth(number).get_by_text("BibTeX: copied").wait_for()
        assert page.locator(".links pre").nth(number).inner_text() == bibtex(kept.paper)
        assert page.evaluate("navigator.clipboard.readText()") == bibtex(kept.paper)
        page.evaluate(CLOSED)  # the second is copied by the old way


# --- theme ------------------------------------------------------------------------------------

THEME = "document.documentElement.dataset.theme ?? null"


def test_the_theme_button_goes_round_and_holds_everywhere(tab: Tab) -> None:
    page = tab.open()
    seen = []
    for _ in range(4):
        seen.append((page.locator("button.theme").inner_text(), page.evaluate(THEME)))
        page.locator("button.theme").click()
    system, light, dark, again = seen
    assert again == system == ("Theme: system", None)
    assert (light, dark) == (("Theme: light", "light"), ("Theme: dark", "dark"))
    for path in ("index.html", "archive.html", "search/index.html"):
        page.goto(tab.address + path)
        assert page.evaluate(THEME) == "light"
    page.evaluate("localStorage.setItem('digest.theme', 'purple')")
    page.reload()
    assert page.evaluate(THEME) is None


FIRST_PAINT = """new PerformanceObserver(() => {
    window.first ??= getComputedStyle(document.body).backgroundColor;
}).observe({ type: "paint" })"""


def test_the_first_paint_is_in_the_chosen_theme(reader: Reader) -> None:
    """Whatever the system says, however long the theme takes, and though the script never comes."""

    def slowly(route: Route) -> None:
        time.sleep(0.3)
        route.continue_()

    page = reader.open("404.html")
    page.evaluate("localStorage.setItem('digest.theme', 'dark')")
    page.emulate_media(color_scheme="light")
    page.add_init_script(FIRST_PAINT)
    reader.context.route("**/theme.*.js", slowly)
    reader.context.route("**/site.*.js", lambda route: None)
    page.goto(reader.address + NEWEST, wait_until="commit")
    page.wait_for_function("() => window.first")
    assert page.evaluate("window.first") == "rgb(23, 24, 26)"


# --- statistics -------------------------------------------------------------------------------


def at(page: Page, picture: int, place: int) -> tuple[float, float]:
    """A point in the column at this place of a picture."""
    plot = page.locator(".plot").nth(picture)
    box = plot.bounding_box()
    assert box
    places = int(str(plot.locator("svg").get_attribute("viewBox")).split()[2])
    padding = 48
    return box["x"] + padding + (place + 0.5) * (box["width"] - padding) / places, box["y"] + 60


def test_a_timeline_shows_the_row_of_the_place_pointed_at(tab: Tab) -> None:
    page = tab.open("stats.html", {"width": 1200, "height": 3000})
    for picture, place, words in (
        (0, 0, "28 January 2026: Days 1, Announced 1, Scanned 1"),
        (1, 2, "30 January 2026: Days 1, Kept 6"),
        (2, 0, "January 2026: Routing 3"),
    ):
        page.mouse.move(*at(page, picture, place))
        assert page.locator(".details:visible").all_inner_texts() == [words]
        assert page.locator(".pointed").count() == 1
    for point in (at(page, 2, 3), (5, 5)):  # no record; outside
        page.mouse.move(*point)
        assert page.locator(".details:visible, .pointed").count() == 0


def test_a_finger_on_a_timeline_is_shown_the_same(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 3000}, has_touch=True)
    page = context.new_page()
    page.goto(address + "stats.html")
    page.touchscreen.tap(*at(page, 1, 2))
    shown = page.locator(".details:visible").all_inner_texts()
    assert shown == ["30 January 2026: Days 1, Kept 6"]
    context.close()


# --- everywhere -------------------------------------------------------------------------------

PAGES = ["index.html", SECOND_DAY, "2026/2026-01.html", "archive.html", "stats.html"]
PAGES += ["subscribe.html", "search/index.html", "404.html"]


@pytest.mark.parametrize("path", PAGES)
def test_any_key_on_any_page_works_and_nothing_scrolls_sideways(tab: Tab, path: str) -> None:
    """That no script fails and nothing asks another server, `tab` checks at the end."""
    page = tab.open(path, {"width": 320, "height": 844}, keys="jkamsugg/?")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_pages_opened_from_disk_do_what_the_site_does(browser: Browser, folder: Path) -> None:
    reader = Reader(browser, folder.as_uri() + "/")
    page = reader.open()
    assert page.locator(".days [rel=prev]").count() == 1
    press(page, "jjm")
    assert focused(page) == TWO
    page.locator(".links summary").first.click()
    page.get_by_text("BibTeX: copied").wait_for()
    page.locator("button.theme").click()
    assert page.evaluate(THEME) == "light"
    select(page, "topic", "Decoding")
    page.reload()
    assert shown(page) == DECODING
    assert page.locator(".paper.read").count() == 1
    for path in ("stats.html", "search/index.html"):
        page.goto(reader.address + path)
        press(page, "jkamsugg/?")
    assert reader.errors == []
    reader.context.close()
