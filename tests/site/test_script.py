"""What the script adds to a day's page, in a real browser."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest

from digest import site
from digest.core.models import Day, Digest, Status
from digest.site import html
from tests.site import served
from tests.site.days import EVENTFUL, SITE
from tests.site.served import IDS, NEWEST, Reader, focused, is_in_view, shown

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

ONE, TWO, THREE, KNOTS, FIVE, SIX = IDS
ROUTING, DECODING = [ONE, THREE, SIX], [TWO, FIVE]
NO_STORAGE = """Object.defineProperty(window, "localStorage", {
    get() { throw new DOMException("The operation is insecure.", "SecurityError"); } })"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    served.write_site(folder)
    return folder


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with served.serve(folder) as address:
        yield address


@pytest.fixture
def reader(browser: Browser, address: str) -> Iterator[Reader]:
    reader = Reader(browser, address)
    yield reader
    reader.context.close()


@pytest.fixture
def day(reader: Reader) -> Page:
    return reader.open()


@pytest.fixture(scope="module")
def looker(browser: Browser, address: str) -> Iterator[Reader]:
    """One reader for tests that leave nothing in the storage."""
    reader = Reader(browser, address)
    yield reader
    reader.context.close()


@pytest.fixture(scope="module")
def still(looker: Reader) -> Page:
    return looker.tab()


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


PAINTED = "() => performance.getEntriesByType('paint').length > 0"


def late(reader: Reader, path: str) -> None:
    """What `path` matches comes only after the first paint."""

    def answer(route: Route) -> None:
        page = route.request.frame.page
        page.wait_for_function(PAINTED)
        route.continue_()

    reader.context.route(path, answer)


# --- keys -------------------------------------------------------------------------------------


def test_j_goes_to_the_first_paper_then_to_the_next(day: Page) -> None:
    press(day, "jj")
    assert focused(day) == TWO


def test_j_stays_at_the_last_paper(day: Page) -> None:
    press(day, "j" * 9)
    assert focused(day) == SIX


def test_j_scrolls_the_paper_to_the_top(day: Page) -> None:
    press(day, "jjjj")
    assert is_in_view(day, f'[data-id="{KNOTS}"].paper')


def test_j_after_scrolling_away_goes_on_from_what_is_in_the_window(day: Page) -> None:
    press(day, "j")
    day.evaluate("window.scrollTo({ top: document.body.scrollHeight, behavior: 'instant' })")
    day.evaluate("""document.querySelector('[data-id="2601.00005"].paper')
        .scrollIntoView({ behavior: 'instant' })""")
    press(day, "j")
    assert focused(day) == FIVE


def test_k_goes_to_the_paper_before(day: Page) -> None:
    press(day, "jjjk")
    assert focused(day) == TWO


def test_j_passes_over_papers_that_are_filtered_out(reader: Reader) -> None:
    page = reader.open(f"{NEWEST}?topic=Decoding")
    press(page, "jj")
    assert focused(page) == FIVE


@pytest.mark.parametrize("key", ["o", "Enter"])
def test_o_and_enter_open_the_focused_paper_at_arxiv(reader: Reader, key: str) -> None:
    reader.context.route("https://arxiv.org/**", lambda route: route.fulfill(body="arXiv"))
    page = reader.open()
    press(page, "jj")
    with reader.context.expect_page() as opened:
        page.keyboard.press(key)
    assert opened.value.url == f"https://arxiv.org/abs/{TWO}"


def test_m_marks_the_focused_paper_as_read(day: Page) -> None:
    press(day, "jjm")
    assert stored(day, "read") == {TWO: "2026-01-30"}


def test_m_again_takes_it_back(day: Page) -> None:
    press(day, "jjmm")
    assert stored(day, "read") == {}


def test_s_stars_the_focused_paper(day: Page) -> None:
    press(day, "js")
    assert stored(day, "starred") == {ONE: "2026-01-30"}


def test_u_hides_what_is_read(day: Page) -> None:
    press(day, "jjmu")
    assert shown(day) == [ONE, THREE, KNOTS, FIVE, SIX]


def test_g_groups_by_topic_in_the_order_of_the_best_papers(day: Page) -> None:
    press(day, "g")
    assert shown(day) == [*ROUTING, *DECODING, KNOTS]


def test_slash_goes_to_the_filter(day: Page) -> None:
    press(day, "/x")
    assert day.locator("input[name=q]").input_value() == "x"


def test_escape_leaves_the_filter_and_keeps_what_was_typed(day: Page) -> None:
    press(day, "/l")
    day.keyboard.press("Escape")
    press(day, "j")
    assert (day.locator("input[name=q]").input_value(), focused(day)) == ("l", ONE)


def test_bracket_goes_to_the_day_before(day: Page) -> None:
    press(day, "[")
    day.wait_for_url("**/2026/2026-01-29.html")


def test_closing_bracket_goes_to_the_day_after(reader: Reader) -> None:
    page = reader.open("2026/2026-01-28.html")
    press(page, "]")
    page.wait_for_url("**/2026/2026-01-29.html")


@pytest.mark.parametrize("key", ["[", "]"])
def test_the_day_before_and_after_are_read_through_the_same_filter(
    reader: Reader, key: str
) -> None:
    page = reader.open("2026/2026-01-28.html" if key == "]" else NEWEST)
    page.locator("input[name=q]").fill("matter & more")
    page.keyboard.press("Escape")
    press(page, key)
    page.wait_for_url("**/2026/2026-01-29.html?q=matter+%26+more")


def test_a_filter_in_the_address_goes_to_the_day_before_too(reader: Reader) -> None:
    page = reader.open(f"{NEWEST}?r=9&from=feed")
    page.locator(".days [rel=prev]").click()
    page.wait_for_url("**/2026/2026-01-29.html?r=9&from=feed")


def test_question_mark_shows_every_key(day: Page) -> None:
    press(day, "?")
    listed = day.locator("dialog.keys kbd").all_inner_texts()
    assert listed == [*"jkoamsug[]/?", "Esc"]


def test_keys_are_the_same_with_caps_lock(day: Page) -> None:
    press(day, "JJ")
    assert focused(day) == TWO


def test_keys_can_be_turned_off_and_on_again(reader: Reader) -> None:
    page = reader.open()
    press(page, "?")
    page.get_by_label("Use these keys").uncheck()
    page.get_by_role("button", name="Close").click()
    press(page, "jg?")
    assert (focused(page), shown(page), page.locator("dialog[open]").count()) == (None, IDS, 0)
    page = reader.open("2026/2026-01-28.html")
    press(page, "j]/")
    assert (focused(page), page.url[-15:]) == (None, "2026-01-28.html")
    page.locator(".filters .help").click()
    page.get_by_label("Use these keys").check()
    page.get_by_role("button", name="Close").click()
    page.locator("h1").click()
    press(page, "j")
    assert focused(page) == "2601.00099"


@pytest.mark.parametrize(
    ("path", "keys"),
    [("2026/2026-01-29.html", "[]?"), ("search/index.html", "/?"), ("2026/2026-01.html", "")],
)
def test_only_keys_that_do_something_are_listed(reader: Reader, path: str, keys: str) -> None:
    page = reader.open(path)
    press(page, "?")
    listed = page.locator("kbd").all_inner_texts()
    assert listed == ([*keys, "Esc"] if keys else [])


@pytest.mark.parametrize("key", ["?", "Escape"])
def test_question_mark_and_escape_leave_the_help(day: Page, key: str) -> None:
    press(day, "?")
    day.keyboard.press(key)
    day.locator("dialog.keys").wait_for(state="hidden")


def test_keys_do_nothing_behind_the_open_help(day: Page) -> None:
    press(day, "?g")
    assert shown(day) == IDS


def test_keys_are_text_while_one_types(day: Page) -> None:
    day.locator("input[name=q]").press_sequentially("jgs")
    assert day.locator("input[name=q]").input_value() == "jgs"


@pytest.mark.parametrize("modifier", ["Control", "Alt", "Meta"])
def test_keys_with_a_modifier_are_left_to_the_browser(day: Page, modifier: str) -> None:
    day.keyboard.press(f"{modifier}+g")
    assert shown(day) == IDS


# --- filters ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("topic=Decoding", DECODING),
        ("topic=none", [KNOTS]),
        ("category=cs.AI", [ONE, SIX]),
        ("r=9", [ONE, TWO, THREE, KNOTS]),
        ("n=9", [ONE, TWO]),
        ("q=router", [THREE]),
        ("q=unal", [ONE, FIVE]),
        ("q=soren+luk", [TWO]),
        ("q=%22rank+3%22", [THREE]),
        ("q=out", []),  # "router", "routing": not where a word begins
        ("q=0309136", [KNOTS]),
        ("q=r10", [ONE]),
        ("q=novelty", []),  # is said of each, and only to those who do not see it
        ("r=9&category=cs.LG&topic=Routing", [ONE, THREE]),
        ("topic=Nonsense&r=x", IDS),
        ("q=&topic=", IDS),
    ],
)
def test_the_address_says_which_papers_are_shown(
    looker: Reader, still: Page, asked: str, expected: list[str]
) -> None:
    still.goto(f"{looker.address}{NEWEST}?{asked}")
    assert shown(still) == expected


def test_a_filter_goes_into_the_address(day: Page) -> None:
    select(day, "topic", "Routing")
    day.locator("input[name=q]").fill("rest & ünal")
    assert query(day) == "?topic=Routing&q=rest+%26+%C3%BCnal"


def test_a_filter_taken_back_leaves_the_address(day: Page) -> None:
    select(day, "r", "9")
    select(day, "r", "")
    assert query(day) == ""


def test_what_is_not_ours_stays_in_the_address(reader: Reader) -> None:
    page = reader.open(f"{NEWEST}?from=feed")
    select(page, "r", "9")
    assert query(page) == "?from=feed&r=9"


def test_the_page_says_how_many_are_shown(day: Page) -> None:
    select(day, "topic", "Decoding")
    assert day.locator(".shown").text_content() == "2 of 6 shown"


def test_the_contents_are_filtered_too(day: Page) -> None:
    select(day, "topic", "Decoding")
    entries = "[...document.querySelectorAll('.contents li')].filter((li) => !li.hidden)"
    assert day.evaluate(f"{entries}.map((li) => li.firstChild.hash.slice(1))") == DECODING


def test_filters_survive_a_reload(day: Page) -> None:
    select(day, "topic", "Decoding")
    day.reload()
    assert shown(day) == DECODING


def test_filters_survive_going_away_and_back(reader: Reader) -> None:
    page = reader.open()
    select(page, "topic", "Decoding")
    page.goto(reader.address + "archive.html")
    page.go_back()
    assert shown(page) == DECODING


def test_a_filter_is_no_step_in_the_history(reader: Reader) -> None:
    page = reader.open("archive.html")
    page.goto(reader.address + NEWEST)
    select(page, "topic", "Decoding")
    page.go_back()
    assert page.url.endswith("archive.html")


def test_clear_shows_everything_again(reader: Reader) -> None:
    page = reader.open(f"{NEWEST}?topic=Decoding&q=tokens&unread=1")
    page.locator(".clear").click()
    assert (shown(page), query(page)) == (IDS, "")


def test_enter_in_the_filter_goes_to_the_first_paper_shown(day: Page) -> None:
    day.locator("input[name=q]").fill("cs.CL")
    day.keyboard.press("Enter")
    assert focused(day) == TWO


def test_the_button_of_the_filter_goes_to_the_first_paper_shown(day: Page) -> None:
    day.locator("input[name=q]").fill("cs.CL")
    day.get_by_role("button", name="Go").click()
    assert focused(day) == TWO


def test_a_phone_finds_hide_read_under_a_name_that_says_so(reader: Reader) -> None:
    page = on_phone(reader)
    page.locator(".paper .read").first.click()
    page.locator(".filters summary", has_text="read").click()
    page.get_by_label("Hide read").check()
    assert shown(page) == IDS[1:]
    assert page.locator(".export").is_visible()


def test_folded_filters_are_open_when_one_is_set(reader: Reader) -> None:
    page = reader.open(f"{NEWEST}?topic=Decoding")
    assert page.evaluate("document.querySelector('.filters details').open")


# --- abstracts --------------------------------------------------------------------------------


def on_phone(reader: Reader) -> Page:
    page = reader.tab()
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(reader.address + NEWEST)
    return page


def abstracts(page: Page) -> int:
    """How many can be read."""
    script = "(all) => all.filter((p) => p.checkVisibility()).length"
    number: int = page.locator(".abstract > p").evaluate_all(script)
    return number


def test_abstracts_are_open_where_there_is_room(day: Page) -> None:
    assert abstracts(day) == len(IDS)


def test_abstracts_are_folded_on_a_phone(reader: Reader) -> None:
    assert abstracts(on_phone(reader)) == 0


@pytest.mark.parametrize(("keys", "expected"), [("a", 0), ("aa", len(IDS))])
def test_a_folds_every_abstract_and_shows_it_again(day: Page, keys: str, expected: int) -> None:
    press(day, keys)
    assert abstracts(day) == expected


def test_the_button_shows_and_folds_abstracts_on_a_phone(reader: Reader) -> None:
    page = on_phone(reader)
    button = page.get_by_role("button", name="Abstracts")
    states = [(abstracts(page), button.get_attribute("aria-pressed"))]
    for _ in range(2):
        button.click()
        states.append((abstracts(page), button.get_attribute("aria-pressed")))
    assert states == [(0, "false"), (len(IDS), "true"), (0, "false")]


def test_abstracts_stay_as_chosen(reader: Reader) -> None:
    press(reader.open(), "a")
    page = reader.open("2026/2026-01-28.html")
    assert abstracts(page) == 0
    assert page.locator(".abstracts").get_attribute("aria-pressed") == "false"


def test_a_single_abstract_can_be_opened_where_all_are_folded(day: Page) -> None:
    press(day, "a")
    day.locator(".abstract summary").nth(1).click()
    assert abstracts(day) == 1


def test_folding_abstracts_leaves_the_focused_paper_where_it_is(day: Page) -> None:
    press(day, "jjj")
    top = "document.activeElement.getBoundingClientRect().top"
    before = day.evaluate(top)
    press(day, "a")
    assert (focused(day), day.evaluate(top)) == (THREE, pytest.approx(before, abs=1))


def test_without_storage_the_choice_of_abstracts_lasts_for_the_visit(reader: Reader) -> None:
    reader.context.add_init_script(NO_STORAGE)
    page = reader.open()
    press(page, "a")
    assert (abstracts(page), reader.errors) == (0, [])


SHIFTS = """window.shifts = 0;
new PerformanceObserver((list) => {
    for (const { value } of list.getEntries()) window.shifts += value;
}).observe({ type: "layout-shift", buffered: true });"""


@pytest.mark.parametrize("width", [320, 360, 390, 1280])
@pytest.mark.parametrize(
    ("key", "chosen"),
    [("abstracts", "open"), ("abstracts", "folded"), ("group", "topic")],
)
@pytest.mark.parametrize("asked", ["", "?r=9", "?q=tokens"])
def test_nothing_moves_while_a_page_comes(
    reader: Reader, width: int, key: str, chosen: str, asked: str
) -> None:
    page = reader.open("404.html")
    page.set_viewport_size({"width": width, "height": 844})
    page.evaluate("([key, chosen]) => localStorage.setItem(key, chosen)", [f"digest.{key}", chosen])
    page.add_init_script(SHIFTS)
    late(reader, "**/site.*.js")
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
    page.wait_for_function(f"() => {seen} === 'visible'")  # the script never came


def contents(page: Page) -> tuple[bool, bool]:
    """Whether they are open, and whether the tab key stops at what folds them."""
    fold = page.locator(".contents details")
    is_open: bool = fold.evaluate("(details) => details.open")
    stops: bool = fold.locator("summary").evaluate("(summary) => summary.tabIndex === 0")
    return is_open, stops


def test_contents_at_the_side_are_open_and_no_stop_of_the_tab_key(day: Page) -> None:
    assert contents(day) == (True, False)
    day.set_viewport_size({"width": 800, "height": 600})
    day.wait_for_function("() => !document.querySelector('.contents details').open")
    assert contents(day) == (False, True)


def test_the_second_thing_a_keyboard_meets_leads_to_the_papers(day: Page) -> None:
    press(day, ["Tab", "Tab"])
    assert day.evaluate("document.activeElement.textContent") == "Skip to papers"
    press(day, ["Enter", "Tab"])
    assert day.evaluate("document.activeElement.closest('.paper').dataset.id") == ONE


def test_authors_on_demand_are_folded_again_where_they_were_unfolded(reader: Reader) -> None:
    page = reader.open("2026/2026-01-28.html")
    more = page.locator(".more > summary")
    more.press("Enter")
    assert page.locator(".authors").inner_text().endswith("Author 8")
    assert page.evaluate("document.activeElement.localName") == "summary"
    assert more.inner_text() == "fewer"
    more.press("Enter")
    assert page.locator(".authors").inner_text().endswith("and 3 more")


def test_a_link_to_what_was_not_scored_unfolds_it(reader: Reader, folder: Path) -> None:
    served.write(folder, {"2026/2026-11-12.html": html.day_page(EVENTFUL, SITE, root="../")})
    page = reader.open("2026/2026-11-12.html")
    page.get_by_role("link", name="The list").click()
    page.get_by_text("A paper nobody scored").wait_for()


# --- groups -----------------------------------------------------------------------------------


def test_groups_carry_their_name_and_how_many_they_show(day: Page) -> None:
    press(day, "g")
    names = day.locator(".papers > .group").all_inner_texts()
    assert [name.split() for name in names] == [
        ["Routing", "3"],
        ["Decoding", "2"],
        ["No", "topic", "1"],
    ]


HEADINGS = """() => [...document.querySelectorAll("h1, h2, h3")]
    .filter((heading) => heading.checkVisibility())
    .map((heading) => `${heading.localName} ${heading.innerText.split("\\n")[0].slice(0, 8)}`)"""


def test_papers_stand_one_level_under_the_name_of_their_list(day: Page) -> None:
    found = day.evaluate(HEADINGS)
    first = found.index("h2 Papers")
    assert [name[:2] for name in found[first + 1 :]][: len(IDS)] == ["h3"] * len(IDS)


def test_papers_stand_one_level_under_their_group(day: Page) -> None:
    press(day, "g")
    found = day.evaluate(HEADINGS)
    assert "h2 Papers" not in found
    levels = [name[:2] for name in found[found.index("h2 Routing") :]]
    assert levels[:9] == ["h2", *["h3"] * 3, "h2", *["h3"] * 2, "h2", "h3"]


def test_groups_are_remembered(reader: Reader) -> None:
    press(reader.open(), "g")
    assert shown(reader.open()) == [*ROUTING, *DECODING, KNOTS]


def test_one_list_comes_back_in_the_order_of_rank(day: Page) -> None:
    press(day, "gg")
    assert shown(day) == IDS


def test_a_group_without_a_paper_shown_is_hidden(reader: Reader) -> None:
    page = reader.open(f"{NEWEST}?topic=Decoding")
    press(page, "g")
    visible = page.locator(".papers > .group:visible")
    assert [name.split()[0] for name in visible.all_inner_texts()] == ["Decoding"]


def test_grouping_keeps_the_focused_paper(day: Page) -> None:
    press(day, "jjjg")
    assert focused(day) == THREE


@pytest.mark.parametrize("name", ["Abstracts", "Group"])
def test_a_button_stays_under_the_finger_that_pressed_it(day: Page, name: str) -> None:
    button = day.locator("button", has_text=name)
    before = button.bounding_box()
    button.click()
    after = day.locator(f"button.{'group' if 'Group' in name else 'abstracts'}").bounding_box()
    assert before is not None
    assert after is not None
    assert after["y"] == before["y"]


def test_contents_keep_the_ranks_when_grouped(day: Page) -> None:
    press(day, "g")
    script = "[...document.querySelectorAll('.contents li:not(.group)')].map((li) => li.value)"
    assert day.evaluate(script) == [1, 3, 6, 2, 5, 4]


# --- read and starred -------------------------------------------------------------------------


def test_a_star_is_there_on_the_next_visit(reader: Reader) -> None:
    press(reader.open(), "jjs")
    assert shown(reader.open(f"{NEWEST}?starred=1")) == [TWO]


def test_a_star_button_says_that_it_is_pressed(day: Page) -> None:
    button = day.locator(".paper .star").first
    button.click()
    assert button.get_attribute("aria-pressed") == "true"


def test_a_read_paper_is_marked_in_the_contents(day: Page) -> None:
    day.locator(".paper .read").first.click()
    script = (
        "[...document.querySelectorAll('.contents .read')].map((li) => li.firstChild.hash.slice(1))"
    )
    assert day.evaluate(script) == [ONE]


def test_marking_as_read_while_read_is_hidden_goes_on_to_the_next(reader: Reader) -> None:
    page = reader.open(f"{NEWEST}?unread=1")
    press(page, "jjm")
    assert (shown(page), focused(page)) == ([ONE, THREE, KNOTS, FIVE, SIX], THREE)


def test_two_tabs_do_not_forget_what_the_other_noted(reader: Reader) -> None:
    one, other = reader.open(), reader.open()
    press(one, "js")
    press(other, "jjs")
    assert stored(other, "starred") == {ONE: "2026-01-30", TWO: "2026-01-30"}


@pytest.mark.parametrize("broken", ["{", "null", "[1]", '"x"', '{"2601.00001": 5}'])
def test_broken_notes_count_as_none(reader: Reader, broken: str) -> None:
    page = reader.open()
    page.evaluate("(value) => localStorage.setItem('digest.read:/repo/', value)", broken)
    page.reload()
    press(page, "jm")
    assert stored(page, "read") == {ONE: "2026-01-30"}


def test_two_digests_under_one_host_do_not_share_notes(reader: Reader) -> None:
    page = reader.open()
    page.evaluate(
        """(id) => {
        for (const name of ["read", "starred"])
            localStorage.setItem(`digest.${name}:/other/`, JSON.stringify({ [id]: "2026-01-30" }));
    }""",
        ONE,
    )
    page.reload()
    assert page.locator(".paper.read, .paper.starred").count() == 0


def test_notes_of_the_first_version_are_taken_over_once(reader: Reader) -> None:
    page = reader.open()
    old = json.dumps({ONE: "2026-01-30"})
    page.evaluate("(old) => localStorage.setItem('digest.starred', old)", old)
    page.reload()
    press(page, "jjs")
    assert stored(page, "starred") == {ONE: "2026-01-30", TWO: "2026-01-30"}
    press(page, "sks")
    page.reload()
    assert page.locator(".paper.starred").count() == 0


def test_the_export_holds_what_is_starred_and_read(day: Page) -> None:
    press(day, "jsjsm")
    with day.expect_download() as download:
        day.locator(".export").click()
    exported = json.loads(Path(download.value.path()).read_text())
    both = [{"id": paper_id, "date": "2026-01-30"} for paper_id in (ONE, TWO)]
    assert (exported["starred"], exported["read"]) == (both, both[1:])


def test_without_storage_notes_last_for_the_visit(reader: Reader) -> None:
    reader.context.add_init_script(NO_STORAGE)
    page = reader.open()
    press(page, "jmjmu")
    assert shown(page) == [THREE, KNOTS, FIVE, SIX]


# --- links, days, late ------------------------------------------------------------------------


def test_a_deep_link_opens_and_focuses_its_paper(reader: Reader) -> None:
    page = reader.open(f"{NEWEST}#math.GT-0309136")
    assert focused(page) == KNOTS
    assert page.evaluate("document.getElementById('math.GT-0309136').querySelector('details').open")


def test_a_deep_link_scrolls_to_its_paper_in_groups_too(reader: Reader) -> None:
    press(reader.open(), "g")
    page = reader.open(f"{NEWEST}#{TWO}")
    assert is_in_view(page, f'[data-id="{TWO}"].paper')


def test_a_deep_link_shows_its_paper_despite_the_filter(reader: Reader) -> None:
    page = reader.open(f"{NEWEST}?topic=Decoding#{ONE}")
    assert shown(page) == [ONE, *DECODING]


def test_a_link_in_the_contents_opens_its_paper(day: Page) -> None:
    day.locator(f".contents a[href='#{FIVE}']").click()
    day.wait_for_function("() => document.activeElement.dataset.id === '2601.00005'")


def test_a_filter_that_hides_the_linked_paper_drops_the_link(reader: Reader) -> None:
    page = reader.open(f"{NEWEST}#{ONE}")
    select(page, "topic", "Decoding")
    assert page.url.endswith("?topic=Decoding")


def test_a_link_to_a_folded_part_unfolds_it(reader: Reader) -> None:
    page = reader.open(f"{NEWEST}#prompt")
    assert page.evaluate("document.getElementById('prompt').open")


@pytest.mark.parametrize("fragment", ["%E0%A4%A", "nothing", "main"])
def test_a_link_to_no_paper_shows_the_page(looker: Reader, fragment: str) -> None:
    assert shown(looker.open(f"{NEWEST}#{fragment}")) == IDS


def test_the_contents_mark_the_paper_in_view(day: Page) -> None:
    press(day, "jjj")
    current = day.locator(".contents [aria-current=true]")
    script = f"() => document.querySelector('.contents [aria-current] a')?.hash === '#{THREE}'"
    day.wait_for_function(script)
    assert current.count() == 1


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles"])
def test_the_script_of_days_names_every_page_and_nothing_else(browser: Browser, zone: str) -> None:
    first, leap = Day.of(EVENTFUL), date(2024, 1, 1)
    dates = [date(1991, 8, 14), *(leap + timedelta(days=n) for n in range(366)), date(2100, 3, 1)]
    days = [replace(first, date=made) for made in dates]
    days.append(replace(first, date=date(2101, 1, 4), status=Status.EMPTY))
    script = site.front_files(None, [], days, SITE)[PurePosixPath("days.js")]
    page = browser.new_page(timezone_id=zone)
    page.evaluate((script or b"").decode())
    assert page.evaluate("window.digestDays") == [str(made) for made in dates]
    page.context.close()


@pytest.mark.parametrize("name", ["archive.html", "2026/2026.html", "2026/2026-01.html"])
def test_a_calendars_day_is_named_in_words(looker: Reader, name: str) -> None:
    days = looker.open(name).locator(".calendar td a")
    assert days.evaluate_all("(all) => all.map((a) => a.title)") == [
        "28 January 2026: 1 kept",
        "29 January 2026: 0 kept",
        "30 January 2026: 6 kept",
    ]


def test_a_day_links_its_neighbours(reader: Reader) -> None:
    page = reader.open("2026/2026-01-29.html")
    assert page.locator(".days a").evaluate_all("(all) => all.map((a) => a.href)") == [
        f"{reader.address}2026/2026-01-28.html",
        f"{reader.address}2026/2026-01.html",
        f"{reader.address}2026/2026-01-30.html",
    ]


def test_the_front_page_links_the_day_before_from_the_top(reader: Reader) -> None:
    link = reader.open("index.html").locator(".days [rel=prev]")
    assert link.evaluate("(a) => a.href") == f"{reader.address}2026/2026-01-29.html"


def test_without_the_list_of_days_there_are_no_neighbours(reader: Reader) -> None:
    reader.context.route("**/days.js", lambda route: route.abort())
    assert reader.open().locator(".days a").count() == 1


@pytest.mark.parametrize(
    ("now", "notice"),
    [
        # Monday, 2 February is expected; midnight in New York is 05:00 UTC.
        (datetime(2026, 2, 1, 12, tzinfo=UTC), ""),
        (datetime(2026, 2, 3, 4, 59, tzinfo=UTC), ""),
        (
            datetime(2026, 2, 3, 5, 1, tzinfo=UTC),
            "No digest since Friday, 30 January 2026. One was expected on Monday, 2 February 2026.",
        ),
        (
            datetime(2027, 2, 3, tzinfo=UTC),
            "No digest since Friday, 30 January 2026. One was expected on Monday, 2 February 2026.",
        ),
    ],
)
def test_the_front_page_says_when_a_digest_is_late(
    looker: Reader, now: datetime, notice: str
) -> None:
    page = looker.tab()
    page.clock.set_fixed_time(now)
    page.goto(looker.address)
    said = page.locator(".late")
    assert (said.inner_text() if said.is_visible() else "") == notice


def test_after_a_day_without_announcement_the_next_one_is_expected(
    browser: Browser, tmp_path: Path
) -> None:
    empty = replace(served.DAYS[0], date=date(2026, 2, 2), kept=(), status=Status.EMPTY)
    lines = [Day.of(digest) for digest in (*served.DAYS, empty)]
    files = site.front_files(served.DAYS[-1], served.DAYS, lines, SITE)
    served.write(tmp_path, {str(path): data for path, data in files.items()})
    with served.serve(tmp_path) as address:
        reader = Reader(browser, address)
        page = reader.tab()
        shown_late = []
        for hour in (4, 5):  # midnight in New York
            page.clock.set_fixed_time(datetime(2026, 2, 4, hour, 30, tzinfo=UTC))
            page.goto(address)
            shown_late.append(page.locator(".late").is_visible())
        assert shown_late == [False, True]
        assert "expected on Tuesday, 3 February 2026." in page.locator(".late").inner_text()
        assert page.get_by_text("arXiv announced nothing on Monday, 2 February 2026.").is_visible()
        reader.context.close()


def test_an_older_day_is_never_late(reader: Reader) -> None:
    page = reader.tab()
    page.clock.set_fixed_time(datetime(2027, 1, 1, tzinfo=UTC))
    page.goto(reader.address + NEWEST)
    assert "No digest since" not in page.locator("body").inner_text()


# --- BibTeX -----------------------------------------------------------------------------------


CLOSED = "() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')) }"


def _clipboard(page: Page) -> str:
    return str(page.evaluate("navigator.clipboard.readText()"))


def test_bibtex_is_copied(reader: Reader) -> None:
    reader.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = reader.open()
    page.locator(".bibtex").first.click()
    page.get_by_text("Copied").wait_for()
    assert _clipboard(page).startswith(f"@misc{{{ONE},\n")


@pytest.mark.parametrize("digest", [served.DAYS[0], served.DAYS[-1]], ids=["names", "titles"])
def test_the_bibtex_that_is_copied_is_that_of_the_paper(reader: Reader, digest: Digest) -> None:
    reader.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = reader.open(f"2026/{digest.date}.html")
    for number, kept in enumerate(digest.kept):
        page.locator(".bibtex").nth(number).click()
        page.locator(".bibtex").nth(number).get_by_text("Copied").wait_for()
        assert _clipboard(page) == html.bibtex(kept.paper)


def test_bibtex_that_a_page_shows_otherwise_comes_with_it(reader: Reader) -> None:
    kept = replace(served.DAYS[-1].kept[0].paper, title="50% of $x$", authors=("A and B",))
    made = html.unlike_shown(kept)
    assert made == html.bibtex(kept)
    reader.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = reader.open()
    button = page.locator(".bibtex").first
    button.evaluate("(button, made) => { button.dataset.bibtex = made; }", made)
    button.click()
    page.get_by_text("Copied").wait_for()
    assert _clipboard(page) == made


def test_bibtex_is_copied_where_the_clipboard_is_closed(reader: Reader) -> None:
    reader.context.grant_permissions(["clipboard-read"])
    page = reader.open()
    page.evaluate(CLOSED)
    page.locator(".bibtex").nth(1).click()
    page.get_by_text("Copied").wait_for()
    assert _clipboard(page).startswith(f"@misc{{{TWO},\n")


def test_a_copy_that_fails_says_so(reader: Reader) -> None:
    page = reader.open()
    page.evaluate(CLOSED)
    page.evaluate("() => { document.execCommand = () => false }")
    page.locator(".bibtex").first.click()
    page.get_by_text("Could not copy").wait_for()


def test_a_paper_that_is_focused_is_called_by_its_title(day: Page) -> None:
    press(day, "jj")
    assert focused(day) == TWO
    title = day.locator(".paper .title").nth(1).inner_text()
    assert day.get_by_role("article", name=title, exact=True).count() == 1


# --- theme ------------------------------------------------------------------------------------

THEME = "document.documentElement.dataset.theme ?? null"


def test_the_theme_button_goes_round(day: Page) -> None:
    seen = []
    for _ in range(4):
        seen.append((day.locator("button.theme").inner_text(), day.evaluate(THEME)))
        day.locator("button.theme").click()
    system, light, dark, again = seen
    assert again == system == ("Theme: system", None)
    assert (light, dark) == (("Theme: light", "light"), ("Theme: dark", "dark"))


@pytest.mark.parametrize("path", [NEWEST, "index.html", "archive.html", "search/index.html"])
def test_the_theme_holds_on_every_page(reader: Reader, path: str) -> None:
    page = reader.open()
    page.locator("button.theme").click()
    assert reader.open(path).evaluate(THEME) == "light"


FIRST_PAINT = """new PerformanceObserver(() => {
    window.first ??= getComputedStyle(document.body).backgroundColor;
}).observe({ type: "paint" })"""
COLOURS = {"dark": "rgb(23, 24, 26)", "light": "rgb(253, 252, 250)"}


@pytest.mark.parametrize("chosen", COLOURS)
def test_the_first_paint_is_in_the_chosen_theme(reader: Reader, chosen: str) -> None:
    """Whatever the system says, however long the theme takes, and though the script never comes."""

    def slowly(route: Route) -> None:
        time.sleep(0.3)
        route.continue_()

    page = reader.open("404.html")
    page.evaluate("(chosen) => localStorage.setItem('digest.theme', chosen)", chosen)
    page.emulate_media(color_scheme="light" if chosen == "dark" else "dark")
    page.add_init_script(FIRST_PAINT)
    reader.context.route("**/theme.*.js", slowly)
    reader.context.route("**/site.*.js", lambda route: None)
    page.goto(reader.address + NEWEST, wait_until="commit")
    page.wait_for_function("() => window.first")
    assert page.evaluate("window.first") == COLOURS[chosen]


def test_without_storage_the_theme_lasts_for_the_visit(reader: Reader) -> None:
    reader.context.add_init_script(NO_STORAGE)
    page = reader.open()
    page.locator("button.theme").click()
    assert (page.evaluate(THEME), reader.errors) == ("light", [])


def test_another_tab_changes_the_theme_here_too(reader: Reader) -> None:
    here, there = reader.open(), reader.open("archive.html")
    there.locator("button.theme").click()
    here.wait_for_function(f"() => ({THEME}) === 'light'")
    assert here.locator("button.theme").inner_text() == "Theme: light"


@pytest.mark.parametrize("stored_theme", ["purple", "", "[object Object]"])
def test_an_unknown_theme_is_the_system_s(reader: Reader, stored_theme: str) -> None:
    page = reader.open()
    page.evaluate("(theme) => localStorage.setItem('digest.theme', theme)", stored_theme)
    page.reload()
    assert page.evaluate(THEME) is None


# --- statistics -------------------------------------------------------------------------------

# What the page itself says: for each timeline, [where its first place is, how wide one is, how high
# its middle, {place: what is told of it}].
TIMELINES = """() => [...document.querySelectorAll("[data-columns]")].map((picture) => {
    const inside = picture.querySelector("svg svg");
    const box = picture.querySelector("svg").getBoundingClientRect();
    const padding = 48, width = (box.width - padding) / inside.viewBox.baseVal.width;
    const table = picture.closest(".statistic").querySelector("table");
    const texts = (row) => [...row.cells].map((cell) => cell.textContent);
    const head = texts(table.tHead.rows[0]), told = {};
    const body = table.tBodies[0], places = body.dataset.places.split(" ");
    for (const [index, row] of [...body.rows].entries()) {
        const columns = picture.dataset.columns.split(" ")
            .map((at) => `${head[at]} ${texts(row)[at]}`);
        told[places[index]] = `${texts(row)[0]}: ${columns.join(", ")}`;
    }
    return [box.left + scrollX + padding, width, box.top + scrollY + 60, told];
})"""


def test_a_timeline_tells_what_stands_where_it_is_pointed_at(reader: Reader) -> None:
    page = reader.open("stats.html")
    page.set_viewport_size({"width": 1200, "height": 3000})
    timelines = page.evaluate(TIMELINES)
    assert len(timelines) > 3
    for left, width, middle, told in timelines:
        for place, words in told.items():
            page.mouse.move(left + (int(place) + 0.5) * width, middle)
            assert page.locator(".told:visible").all_inner_texts() == [words]
            assert page.locator(".pointed").count() == 1
    page.mouse.move(5, 5)
    assert page.locator(".told:visible, .pointed").count() == 0


def test_where_a_timeline_has_no_record_it_tells_nothing(reader: Reader) -> None:
    page = reader.open("stats.html")
    page.set_viewport_size({"width": 1200, "height": 3000})
    (left, width, middle, told), *_ = page.evaluate(TIMELINES)
    page.mouse.move(left + 0.5 * width, middle)
    page.mouse.move(left + (max(map(int, told)) + 1.5) * width, middle)
    assert page.locator(".told:visible, .pointed").count() == 0


def test_a_finger_on_a_timeline_is_told_the_same(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 3000}, has_touch=True)
    page = context.new_page()
    page.goto(address + "stats.html")
    (left, width, middle, told), *_ = page.evaluate(TIMELINES)
    place, words = next(iter(told.items()))
    page.touchscreen.tap(left + (int(place) + 0.5) * width, middle)
    assert page.locator(".told:visible").all_inner_texts() == [words]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()


# --- everywhere -------------------------------------------------------------------------------

PAGES = [
    "index.html",
    NEWEST,
    "2026/2026-01-29.html",
    "2026/2026-01.html",
    "archive.html",
    "stats.html",
    "subscribe.html",
    "search/index.html",
    "404.html",
]
EVERY_KEY = "jkamsugg/?"


def _read_all(reader: Reader) -> None:
    page = reader.tab()
    for path in PAGES:
        page.goto(reader.address + path)
        press(page, EVERY_KEY)


def test_no_page_has_a_script_error(reader: Reader) -> None:
    _read_all(reader)
    assert reader.errors == []


def test_nothing_asks_another_server(reader: Reader) -> None:
    _read_all(reader)
    assert [url for url in reader.requests if not url.startswith(reader.address)] == []


def test_the_script_leaves_no_global_name(reader: Reader) -> None:
    script = "Object.keys(window).filter((name) => !/^__playwright/.test(name))"
    with_script = set(reader.open().evaluate(script))
    reader.context.route("**/site.*.js", lambda route: route.abort())
    assert with_script - set(reader.open().evaluate(script)) == set()


@pytest.mark.parametrize("width", [320, 390])
def test_the_days_around_fit_on_a_phone(reader: Reader, width: int) -> None:
    page = on_phone(reader)
    page.set_viewport_size({"width": width, "height": 844})
    page.evaluate("""() => {
        const words = [["prev", "← 29 September"], ["up", "September 2026"],
            ["next", "30 September →"]];
        document.querySelector(".days").replaceChildren(...words.map(([rel, text]) =>
            Object.assign(document.createElement("a"), { rel, textContent: text })));
    }""")
    assert page.locator(".days").evaluate("(nav) => nav.scrollWidth - nav.clientWidth") == 0


@pytest.mark.parametrize("width", [320, 360, 390])
@pytest.mark.parametrize("path", PAGES)
def test_a_phone_does_not_scroll_sideways(
    looker: Reader, still: Page, path: str, width: int
) -> None:
    still.set_viewport_size({"width": width, "height": 844})
    still.goto(looker.address + path)
    assert still.evaluate("document.documentElement.scrollWidth") <= width


@pytest.fixture
def from_disk(browser: Browser, folder: Path) -> Iterator[Reader]:
    reader = Reader(browser, folder.as_uri() + "/")
    yield reader
    reader.context.close()


def test_no_page_opened_from_disk_has_a_script_error(from_disk: Reader) -> None:
    _read_all(from_disk)
    assert from_disk.errors == []


def _neighbours(page: Page) -> bool:
    return page.locator(".days [rel=prev]").count() == 1


def _filters(page: Page) -> bool:
    select(page, "topic", "Decoding")
    return shown(page) == DECODING


def _filters_in_address(page: Page) -> bool:
    select(page, "topic", "Decoding")
    page.reload()
    return shown(page) == DECODING


def _keys(page: Page) -> bool:
    press(page, "jj")
    return focused(page) == TWO


def _notes(page: Page) -> bool:
    press(page, "jm")
    page.reload()
    return page.locator(".paper.read").count() == 1


def _copies(page: Page) -> bool:
    page.locator(".bibtex").first.click()
    page.get_by_text("Copied").wait_for()
    return True


def _themes(page: Page) -> bool:
    page.locator("button.theme").click()
    return bool(page.evaluate(THEME) == "light")


@pytest.mark.parametrize(
    "works", [_neighbours, _filters, _filters_in_address, _keys, _notes, _copies, _themes]
)
def test_a_page_opened_from_disk_does_what_the_site_does(
    from_disk: Reader, works: Callable[[Page], bool]
) -> None:
    assert works(from_disk.open())


def test_forced_colours_leave_the_legend_of_a_chart_its_colours(
    still: Page, looker: Reader
) -> None:
    still.goto(looker.address + "stats.html")
    drawn = "(all) => new Set(all.map((s) => getComputedStyle(s).backgroundColor)).size"
    still.emulate_media(forced_colors="active")
    colours = still.locator(".swatch").evaluate_all(drawn)
    still.emulate_media(forced_colors="none")
    assert colours == still.locator(".swatch").evaluate_all(drawn) > 2
