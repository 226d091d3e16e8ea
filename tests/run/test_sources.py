from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given

from digest.arxiv.fetch import Fetched
from digest.core.day import Status
from digest.core.papers import (
    FEED_LIMIT,
    AnnounceType,
    Entry,
    Feed,
    Origin,
    Paper,
    Source,
    SourceState,
)
from digest.run.sources import combine, days_with_papers, only_stale, source_of, status_of
from tests import make
from tests.make import CROSS, DAY, NEW, REPLACE, paper

BROKEN = paper(announce_type=AnnounceType.UNKNOWN, unreadable="announce type 'withdrawn'")


def by_feed(feed: Feed, *batch: Entry, url: str = "feed.xml") -> Source:
    return source_of(Fetched(url, feed), DAY, batch)


def read(origin: Origin, *papers: Paper) -> Source:
    """From arXiv's page of the day, or from its search."""
    return source_of(Fetched("/catchup/", make.feed(*papers), origin), DAY)


# --- stale feeds ------------------------------------------------------------------------------

BATCH = [paper("2601.1"), paper("2601.2", announce_type=CROSS)]
NEW_ONES = [paper(f"2601.{n}") for n in range(1, 5)]


@pytest.mark.parametrize(
    ("batch", "papers", "stale"),
    [
        (BATCH, BATCH, True),
        (BATCH, BATCH[:1], True),
        (BATCH, BATCH[1:], True),
        (BATCH, [], False),
        (BATCH, [*BATCH, paper("2601.3")], False),
        (BATCH, [BATCH[0], paper("2601.3")], False),
        (BATCH, [paper("2601.1", version=2), BATCH[1]], False),
        (BATCH, [paper("2601.1", announce_type=CROSS), BATCH[1]], False),
        # Most of the new papers decide, whatever else is in the feed.
        (NEW_ONES[:3], [*NEW_ONES, paper("2512.1", announce_type=REPLACE)], True),
        (NEW_ONES[:3], [NEW_ONES[0], paper("2602.1"), paper("2602.2")], False),
    ],
)
def test_a_feed_that_repeats_a_batch_is_stale(
    batch: list[Paper], papers: list[Paper], stale: bool
) -> None:
    feed = replace(make.feed(*papers), unreadable=("item 9: ?",))
    source = by_feed(feed, *make.feed(*batch).entries)
    assert source.fresh is not stale
    assert (source.url, source.unreadable) == ("feed.xml", ("item 9: ?",))
    assert by_feed(feed).fresh  # there is no record


@pytest.mark.parametrize("day", [DAY - timedelta(days=1), DAY + timedelta(days=1)])
def test_a_feed_of_another_date_contributes_nothing(day: date) -> None:
    feed = replace(make.feed(paper(), day=day), unreadable=("something",))
    assert by_feed(feed) == Source("feed.xml", SourceState.STALE)


def test_only_stale_papers_are_in_no_fresh_source() -> None:
    sources = {
        "cs.LG": make.source(paper("2601.1"), paper("2601.2")),
        "cs.AI": make.source(paper("2601.2"), paper("2601.3"), fresh=False),
    }
    assert only_stale(sources) == {"2601.3"}


# --- one feed ---------------------------------------------------------------------------------


def test_a_feed_as_long_as_arxiv_lets_it_be_is_capped() -> None:
    feed = make.feed(*(paper(f"2601.{n:05}") for n in range(FEED_LIMIT - 1)))
    assert not by_feed(feed).capped
    assert by_feed(replace(feed, unreadable=("item 2000: ?",))).capped  # the limit is on items


def test_a_source_has_one_order() -> None:
    cross = paper("2601.2", announce_type=CROSS)
    source = by_feed(make.feed(paper("2601.2", version=2), cross, paper("2601.2"), paper("2601.1")))
    assert [(e.id, e.version, e.announce_type) for e in source.entries] == [
        ("2601.1", 1, NEW),
        ("2601.2", 1, NEW),
        ("2601.2", 1, CROSS),
        ("2601.2", 2, NEW),
    ]


# --- several readings -------------------------------------------------------------------------

FULL, NOTHING = make.source(paper()), make.source()
FRESH, STALE = make.source(*BATCH), make.source(*BATCH, fresh=False)
OTHER = make.source(paper("2601.3"))
SEARCHED = read(Origin.SEARCH, paper("2601.1"), paper("2601.7"))
PAGE, EMPTY_PAGE = read(Origin.PAGE, paper("2601.1"), paper("2601.2")), read(Origin.PAGE)
LACKING = replace(make.source(paper("2601.1")), unreadable=("item 2: ?",), capped=True)
COMPLETED = replace(PAGE, url="feed.xml", origin=Origin.FEED_AND_PAGE)
UNREADABLE = replace(NOTHING, unreadable=("item 2: ?",))
THIRD, LISTED = (
    make.source(paper("2601.1", version=version, announce_type=CROSS)) for version in (3, 0)
)


@pytest.mark.parametrize(
    ("earlier", "now", "combined"),
    [
        (None, STALE, STALE),
        (STALE, OTHER, OTHER),
        (FRESH, replace(OTHER, state=SourceState.STALE), FRESH),
        (FRESH, OTHER, make.source(*BATCH, paper("2601.3"))),
        (FULL, make.source(paper(version=2)), make.source(paper(version=2))),
        (make.unread(), STALE, STALE),
        (make.unread(), NOTHING, NOTHING),
        (FRESH, SEARCHED, FRESH),
        (EMPTY_PAGE, FRESH, FRESH),  # the page was made too early
        (EMPTY_PAGE, NOTHING, EMPTY_PAGE),
        (UNREADABLE, NOTHING, UNREADABLE),
        (NOTHING, UNREADABLE, UNREADABLE),
        # The page completes what a feed lacks, and no feed makes that doubtful again.
        (LACKING, PAGE, COMPLETED),
        (COMPLETED, LACKING, COMPLETED),
        (PAGE, LACKING, PAGE),
        # A type or a version that the later reading does not know stays known.
        (FULL, by_feed(make.feed(BROKEN)), FULL),
        (by_feed(make.feed(BROKEN)), FULL, FULL),
        (THIRD, LISTED, THIRD),
    ],
)
def test_a_second_reading_completes_the_first(
    earlier: Source | None, now: Source, combined: Source
) -> None:
    assert combine(earlier, now) == combined


@make.examples(30)
@given(make.feeds)
def test_a_second_look_at_the_same_feed_changes_nothing(feeds: list[Feed]) -> None:
    for feed in feeds:
        source = by_feed(feed)
        assert combine(source, source) == combine(source, by_feed(feed, url="mirror.xml")) == source


def test_a_page_knows_the_versions_of_new_papers_only() -> None:
    page = read(Origin.PAGE, paper("2601.1", version=2, announce_type=CROSS), paper("2601.2"))
    assert [(e.id, e.version) for e in page.entries] == [("2601.1", 0), ("2601.2", 1)]


def test_a_page_completes_a_search_and_drops_nothing() -> None:
    both = combine(SEARCHED, PAGE)
    assert [e.id for e in both.entries] == ["2601.1", "2601.2", "2601.7"]
    assert (both.approximate, both.url) == (True, "/catchup/")


# --- days -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("earlier", "days"),
    [
        ([], 0),
        ([FULL] * 9, 5),
        ([FULL, EMPTY_PAGE, FULL], 0),
        ([FULL] * 5 + [EMPTY_PAGE], 5),
        # Of these it is not known what was announced.
        ([make.source(), FULL], 1),
        ([make.unread(), FULL, STALE, FULL], 2),
    ],
)
def test_papers_are_expected_after_days_with_papers(earlier: list[Source], days: int) -> None:
    assert days_with_papers(earlier) == days


@pytest.mark.parametrize("lacking", [make.unread(), STALE, replace(FULL, capped=True), UNREADABLE])
def test_a_day_of_which_papers_may_be_missing_is_partial(lacking: Source) -> None:
    digest = make.digest(below=[paper("2601.9")])
    assert status_of(digest) is Status.COMPLETE
    assert status_of(replace(digest, sources=digest.sources | {"b": lacking})) is Status.PARTIAL
