from __future__ import annotations

import gzip
import re
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.arxiv.documents import CHANGED, title
from digest.arxiv.feed import parse_feed
from digest.arxiv.listing import parse_catchup, parse_recent, together
from digest.arxiv.paper import Page
from digest.core.errors import FeedError
from digest.core.papers import AnnounceType, Feed, Paper
from tests import feeds, listings, make
from tests.make import CROSS, DAY, NEW, REPLACE, REPLACE_CROSS, paper

PAPERS = (
    paper("2601.00001"),
    paper(
        "2601.00002", title="Großes $\\alpha$ < 2 & more", authors=("Kurt Gödel", "Ada Lovelace")
    ),
    paper("2601.00003", announce_type=CROSS, categories=("stat.ML", "cs.LG")),
    paper("2512.00001", version=3, announce_type=REPLACE),
    paper("math/0309136", version=2, announce_type=REPLACE),
    paper("2512.00002", version=2, announce_type=REPLACE_CROSS, categories=("math.OC", "cs.LG")),
)
PAGE = listings.as_catchup("cs.LG", DAY, PAPERS)


def problem(data: bytes) -> str:
    with pytest.raises(FeedError) as caught:
        parse_catchup(data, "cs.LG", DAY)
    assert caught.value.category == "cs.LG"
    return caught.value.problem


def one(body: str) -> Paper:
    """The paper of an entry."""
    page = listings.as_catchup("cs.LG", DAY, PAPERS[:1]).decode()
    start, end = page.index("<dt>"), page.index("</dd>") + len("</dd>")
    [actual] = parse_catchup((page[:start] + body + page[end:]).encode(), "cs.LG", DAY).papers
    return actual


# --- a page -----------------------------------------------------------------------------------


def test_a_page_has_all_papers_with_their_types() -> None:
    assert parse_catchup(PAGE, "cs.LG", DAY) == Page(6, PAPERS)


def test_a_page_of_nothing_may_name_a_later_day() -> None:
    assert parse_catchup(listings.as_catchup("cs.LG", DAY, ()), "cs.LG", DAY) == Page(0, ())
    later = date(2026, 2, 2)
    page = listings.as_catchup("cs.LG", DAY, (), next_day=later)
    assert parse_catchup(page, "cs.LG", DAY).next_day == later
    page = page.replace(b"2026-02-02", b"2026-02-30")
    assert parse_catchup(page, "cs.LG", DAY).next_day is None


@pytest.mark.parametrize(
    ("asked", "primary", "kind"),
    [
        ("cs.LG", "cs.LG", REPLACE),
        ("cs.NA", "math.NA", REPLACE),  # one category under two names
        ("math", "cs.IT", REPLACE),  # math.IT
        ("math", "cs.LG", REPLACE_CROSS),
    ],
)
def test_a_replacement_is_at_home_or_not(asked: str, primary: str, kind: AnnounceType) -> None:
    replaced = paper(announce_type=REPLACE, categories=(primary, asked))
    listing = parse_catchup(listings.as_catchup(asked, DAY, [replaced]), asked, DAY)
    assert [p.announce_type for p in listing.papers] == [kind]


# --- an entry ---------------------------------------------------------------------------------

ENTRY = listings.entry(PAPERS[0])


@pytest.mark.parametrize(("kind", "named", "least"), [(NEW, 1, 1), (CROSS, 3, 1), (REPLACE, 3, 2)])
def test_a_version_is_the_named_or_least_possible(
    kind: AnnounceType, named: int, least: int
) -> None:
    page = listings.as_catchup("cs.LG", DAY, [paper(version=3, announce_type=kind)])
    assert [p.version for p in parse_catchup(page, "cs.LG", DAY).papers] == [named]
    page = re.sub(rb"/html/[^\"]*", b"", page)
    assert [p.version for p in parse_catchup(page, "cs.LG", DAY).papers] == [least]


def test_hidden_addresses_are_shown() -> None:
    hidden = "".join(
        f'<a href="{href}" class="link-external">this {scheme} URL</a>{after}'
        for href, scheme, after in [
            ("https://example.org/a", "https", ", the "),
            ("http://end.Next", "http", " one, "),
        ]
    )
    kept = '<a href="https://arxiv.org/abs/1234.56789">arXiv:1234.56789</a>\n<br>New paragraph.'
    actual = one(ENTRY.replace("What 2601.00001 finds.", f"See {hidden}{kept}"))
    assert actual.abstract == (
        "See https://example.org/a, the end.Next one, arXiv:1234.56789 New paragraph."
    )


@pytest.mark.parametrize(
    ("written", "authors", "affiliations"),
    [
        ("<a>Ada Leaf</a>, <a>Bo Cup</a>", ("Ada Leaf", "Bo Cup"), ()),
        ("<a>Ada Leaf</a> (X, Y), <a>Bo</a>", ("Ada Leaf", "Bo"), (("Ada Leaf", "X, Y"),)),
        ("<a>Tea Collaboration</a>: <a>Bo Cup</a>", ("Tea Collaboration", "Bo Cup"), ()),
        ("<a>Ada Leaf</a>, Bo, <a>Cy Jar</a>", ("Ada Leaf", "Bo", "Cy Jar"), ()),
        ("(author list is unavailable)", (), ()),
    ],
)
def test_authors_are_read_with_and_without_links(
    written: str, authors: tuple[str, ...], affiliations: tuple[tuple[str, str], ...]
) -> None:
    actual = one(re.sub(r"(<div class='list-authors'>).*(</div>)", rf"\1{written}\2", ENTRY))
    assert (actual.authors, actual.affiliations) == (authors, affiliations)


def test_text_is_text_alone() -> None:
    evil = "a\u202eb &lt;script&gt;x()&lt;/script&gt;<script>y()</script><style>z</style> c"
    actual = one(ENTRY.replace("On the matter of 2601.00001", evil))
    assert actual.title == "ab <script>x()</script> c"


TEN = listings.as_catchup("cs.LG", DAY, [paper(f"2601.{n:05}") for n in range(1, 11)]).decode()


def test_an_entry_without_an_id_is_named() -> None:
    listing = parse_catchup(TEN.replace("/abs/2601.00007", "/x").encode(), "cs.LG", DAY)
    assert len(listing.papers) == 9
    assert listing.unreadable == ("entry [7] arXiv:2601.00007 [pdf, html]",)
    feed = together([listing], "cs.LG", DAY)
    assert (len(feed.papers), feed.unreadable) == (9, listing.unreadable)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("On the matter of 2601.00007", "\u200d", "no title"),
        ("What 2601.00007 finds.", "e" + "\u0301" * 40, "more than 30 marks on one letter"),
        ("Field (cs.LG)", "Field", "no subject"),
    ],
)
def test_an_incomplete_entry_is_a_paper_that_says_so(old: str, new: str, problem: str) -> None:
    start = TEN.index("[7]")  # the seventh entry
    page = TEN[:start] + TEN[start:].replace(old, new, 1)
    listing = parse_catchup(page.encode(), "cs.LG", DAY)
    (broken,) = (actual for actual in listing.papers if actual.unreadable)
    assert (broken.id, broken.announce_type) == ("2601.00007", NEW)
    assert broken.unreadable.startswith(problem)
    assert [p.id for p in together([listing], "cs.LG", DAY).papers] == [
        f"2601.{n:05}" for n in range(1, 11)
    ]


def test_a_moved_paper_does_not_cost_the_page() -> None:
    moved = [paper("2601.00001"), paper("2601.00002", categories=("stat.ML",))]
    listing = parse_catchup(listings.as_catchup("cs.LG", DAY, moved), "cs.LG", DAY)
    assert [actual.id for actual in listing.papers] == ["2601.00001", "2601.00002"]


def test_an_archives_page_may_have_new_categories() -> None:
    newer = paper("2601.00001", categories=("cs.XY",), announce_type=REPLACE, version=2)
    (actual,) = parse_catchup(listings.as_catchup("cs", DAY, [newer]), "cs", DAY).papers
    assert actual.announce_type is REPLACE


# --- what is no page --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b" \n", "the body is empty: the server is in trouble", id="empty"),
        pytest.param(
            listings.as_error("Invalid date: 2025-11-03. Catchup only allowed for past 90 days"),
            "not a listing but a web page called 'Invalid date: 2025-11-03. Catchup only",
            id="arXiv's error",
        ),
        pytest.param(PAGE.replace(b"dlpage", b"page"), "not a listing but a web page:", id="frame"),
        pytest.param(PAGE[:-9], "a listing without its end: the page was cut short", id="no end"),
        pytest.param(PAGE.replace(b"\xc3\x9f", b"\xdf"), "a listing that is not UTF-8", id="latin"),
        pytest.param(
            PAGE.replace(b"30 Jan 2026", b"29 Jan 2026"),
            "the page is of 2026-01-29, not of 2026-01-30: try again later",
            id="another day",
        ),
        pytest.param(
            PAGE.replace(b"Total of 6 entries", b"Six entries"),
            "a listing without its totals or its sections: the layout",
            id="no total",
        ),
        pytest.param(
            PAGE.replace(b"Total of 6 entries", b"Total of 7 entries", 1),
            "a listing without its totals or its sections: the layout",
            id="two totals",
        ),
        pytest.param(
            PAGE.replace(b"<dl id='articles'>", b"<dl>"),
            "a listing without its totals or its sections: the layout",
            id="lists by another name",
        ),
        pytest.param(
            PAGE.replace(b"Replacement submissions", b"Other submissions"),
            "a section called 'Other submissions (showing 3 of 3 entries)': the layout",
            id="an unknown section",
        ),
        pytest.param(
            re.sub(rb"<h3>New.*</h3>", b"", PAGE),
            "a list with 2 of the 0 entries that it says it shows: the page was cut short",
            id="no heading",
        ),
        pytest.param(
            PAGE.replace(b"showing 2 of 2", b"showing 3 of 3"),
            "a list with 2 of the 3 entries that it says it shows: the page was cut short",
            id="fewer than shown",
        ),
        pytest.param(
            PAGE.replace(b"Total of 6", b"Total of 5"),
            "it shows 6 of 5 entries: the layout",
            id="more than in total",
        ),
        pytest.param(
            PAGE.replace(b"list-title", b"headline"),
            "6 of 6 entries cannot be read (2601.00001: no title): the layout",
            id="titles by another name",
        ),
        pytest.param(
            PAGE.replace(b"(cs.LG)", b"(cs.AI)"),
            "6 of 6 papers are not in it (2601.00001): the page is of another category",
            id="another category",
        ),
        pytest.param(
            PAGE.replace(b"<p class='mathjax'>", b"<p>"),
            "6 papers without any abstract: the layout",
            id="no abstracts",
        ),
    ],
)
def test_other_pages_are_errors_with_their_cause(data: bytes, message: str) -> None:
    assert problem(data).startswith(message)


def test_a_page_without_end_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digest.arxiv.documents.MAX_BYTES", 1000)
    assert problem(PAGE) == f"not a listing but {len(PAGE):,} bytes"


@pytest.mark.parametrize(
    "bomb",
    [
        pytest.param("<div>" * 300_000, id="deep"),
        pytest.param("<b><p>" * 20_000, id="to be reopened"),
    ],
)
def test_no_bomb_loses_a_paper_in_silence(bomb: str) -> None:
    hostile = PAGE.replace(b"What 2601.00001 finds.", bomb.encode())
    try:
        listing = parse_catchup(hostile, "cs.LG", DAY)
    except FeedError:
        return
    assert len(listing.papers) + len(listing.unreadable) == 6


# --- all pages of a day -----------------------------------------------------------------------


def pages(size: int, papers: tuple[Paper, ...] = PAPERS) -> list[Page]:
    return [
        parse_catchup(listings.as_catchup("cs.LG", DAY, papers, page=n, size=size), "cs.LG", DAY)
        for n in range(1, -(-len(papers) // size) + 1)
    ]


@pytest.mark.parametrize("size", [1, 4])
def test_a_day_is_the_same_on_any_number_of_pages(size: int) -> None:
    assert together(pages(size), "cs.LG", DAY) == Feed("cs.LG", DAY, PAPERS)


@pytest.mark.parametrize(
    ("chosen", "counts"),
    [
        (pages(2)[:2], "4 different entries of 6"),
        ([*pages(2)[:2], pages(2)[0]], "4 different entries of 6"),
        ([pages(3)[0], pages(3, PAPERS[:5])[1]], "5 different entries of 5 or 6"),
    ],
    ids=["a page missing", "a page twice", "changed"],
)
def test_pages_that_are_not_the_day_are_an_error(chosen: list[Page], counts: str) -> None:
    with pytest.raises(FeedError) as caught:
        together(chosen, "cs.LG", DAY)
    assert caught.value.problem == (
        f"2026-01-30: its pages hold {counts}: they may have changed while they were read; try"
        " again later"
    )


# --- recent days ------------------------------------------------------------------------------

RECENT = {
    date(2026, 1, 30): 301,
    date(2026, 1, 29): 0,
    date(2026, 1, 28): 175,
    date(2026, 1, 27): 2,
    date(2026, 1, 26): 0,
}


@pytest.mark.parametrize("counts", [RECENT, dict.fromkeys(RECENT, 0)])
def test_recent_days_are_counted_also_empty_ones(counts: dict[date, int]) -> None:
    days = parse_recent(listings.as_recent("cs.LG", counts), "cs.LG")
    assert list(days.items()) == list(counts.items())


RECENT_PAGE = listings.as_recent("cs.LG", RECENT)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(PAGE, "not a list of recent days but a web page", id="another page"),
        pytest.param(
            RECENT_PAGE.replace(b"skip=476", b"skip=9999"),
            "a list of recent days whose",
            id="skips",
        ),
        pytest.param(
            RECENT_PAGE.replace(b"Total of", b"All"), "a list of recent days whose", id="no total"
        ),
    ],
)
def test_other_documents_are_no_list_of_recent_days(data: bytes, message: str) -> None:
    with pytest.raises(FeedError) as caught:
        parse_recent(data, "cs.LG")
    assert caught.value.problem.startswith(message)


# --- anything ---------------------------------------------------------------------------------


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A page of either kind with a part replaced by anything."""
    page = draw(st.sampled_from([PAGE, RECENT_PAGE]))
    start = draw(st.integers(0, len(page)))
    end = draw(st.integers(start, min(len(page), start + 200)))
    anything = st.binary(max_size=30) | st.text("<>/abdhlpt3 ='\"&;#\0\f\ud7ff", max_size=40).map(
        str.encode
    )
    return page[:start] + draw(anything) + page[end:]


@make.examples(60)
@given(st.binary() | damaged())
def test_any_bytes_are_a_page_or_a_feed_error(data: bytes) -> None:
    title(data)
    with suppress(FeedError):
        parse_recent(data, "cs.LG")
    with suppress(FeedError):
        actual = parse_catchup(data, "cs.LG", DAY)
        feeds.assert_whole(Feed("cs.LG", DAY, actual.papers, actual.unreadable))


# --- as arXiv has them ------------------------------------------------------------------------

_90 = "Catchup only allowed for past 90 days"


def call(name: str) -> str:
    return f"not a listing but a web page called {name!r}"


# What each page says of itself: total, then how many it shows; later day out.
KNOWN: dict[str, tuple[str, object]] = {
    "catchup-cs-2026-09-22-page2-trimmed": ("cs", (2274, 3, "2026-09-23")),
    "catchup-cs.GL-2026-09-24-empty": ("cs.GL", (0, 0, "2026-09-25")),
    "catchup-cs.GL-2026-09-25-empty-latest": ("cs.GL", (0, 0, "None")),
    "catchup-hep-ph-2026-06-01-status400": ("hep-ph", call(f"Invalid date: 2026-06-01. {_90}")),
    "catchup_cs.AI_2026-01-29_abs": ("cs.AI", (150, 150, "2026-01-30")),
    "catchup_cs.AI_2026-01-29_noabs": ("cs.AI", f"150 papers without any abstract: {CHANGED}"),
    "catchup_cs.LG_2026-01-30_EXACTMULTIPLE_limit15_p3_empty": ("cs.LG", (30, 0, "2026-02-02")),
    "catchup_cs.LG_2026-01-30_only_replacements": ("cs.LG", (5, 5, "2026-02-02")),
    "catchup_cs.LG_2026-01-30_with_replacements_trimmed": ("cs.LG", (47, 47, "2026-02-02")),
    "catchup_cs.LG_2026-02-03_latest_not_yet_announced": ("cs.LG", (0, 0, "None")),
}


def test_real_pages_hold_what_they_state(real_data: Path) -> None:
    actual: dict[str, tuple[str, object]] = {}
    for name, (category, _) in KNOWN.items():
        (path,) = (real_data / "catchup").glob(f"*/{name}.html")
        day = date.fromisoformat(re.findall(r"20\d\d-\d\d-\d\d", name)[0])
        try:
            listing = parse_catchup(path.read_bytes(), category, day)
        except FeedError as error:
            actual[name] = (category, error.problem)
        else:
            assert not listing.unreadable
            actual[name] = (category, (listing.total, listing.entries, str(listing.next_day)))
    assert actual == KNOWN


def test_a_days_pages_are_the_days_feed(real_data: Path) -> None:
    packed = (real_data / "feeds_replay/rss_cs.LG_2026-01-30_301items.xml.gz").read_bytes()
    expected = parse_feed(gzip.decompress(packed))
    folder = real_data / "catchup/rendered"
    pages = [
        parse_catchup(path.read_bytes(), expected.category, expected.date)
        for path in sorted(folder.glob("catchup_cs.LG_2026-01-30_abs_limit120_p?of3.html"))
    ]
    actual = together(pages, expected.category, expected.date)
    assert [p.id for p in actual.papers] == [p.id for p in expected.papers]
    assert actual.entries == expected.entries
    # A page hides `http://` and has no license; two abstracts write it out.
    bare = [
        replace(p, license=None, abstract=p.abstract.replace("http://", ""))
        for p in expected.papers
    ]
    assert list(actual.papers) == bare
