from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.day import LIMIT_RULE, STALE_RULE, Filtered, Status
from digest.core.papers import FEED_LIMIT, AnnounceType, Feed, Origin, Paper, Source, SourceState
from digest.core.scores import Verdict
from digest.run.ranking import rank
from digest.run.selection import (
    Selection,
    author_match,
    combine,
    days_with_papers,
    fit_into,
    merge,
    only_stale,
    select,
    source_of,
    source_of_past,
    status_of,
)
from tests import make
from tests.make import CROSS, CUT, DAY, NEW, REPLACE, REPLACE_CROSS, paper

UNKNOWN = AnnounceType.UNKNOWN
EARLIER = DAY - timedelta(days=1)
ANNOUNCE = ("new", "cross")


# --- merge ------------------------------------------------------------------------------------


BROKEN = paper(announce_type=UNKNOWN, unreadable="announce type 'withdrawn'")


@pytest.mark.parametrize(
    ("winner", "loser"),
    [
        (paper(announce_type=NEW), paper(announce_type=CROSS, version=9)),
        (paper(announce_type=CROSS), paper(announce_type=REPLACE, version=9)),
        (paper(announce_type=REPLACE), paper(announce_type=REPLACE_CROSS, version=9)),
        (paper(version=2), paper(version=1)),
        (paper(), paper(version=9, unreadable="no title")),
        (paper(announce_type=REPLACE_CROSS), BROKEN),
    ],
)
@pytest.mark.parametrize("order", [1, -1])
def test_of_two_entries_of_a_paper_one_wins(winner: Paper, loser: Paper, order: int) -> None:
    feeds = [make.feed(winner), make.feed(loser, category="cs.AI")][::order]
    assert merge(feeds) == (winner,)


@pytest.mark.parametrize("order", [1, -1])
def test_the_type_of_an_unreadable_entry_counts(order: int) -> None:
    broken, whole = paper(unreadable="no title"), paper(announce_type=CROSS)
    feeds = [make.feed(broken), make.feed(whole, category="cs.AI")][::order]
    assert merge(feeds) == (replace(whole, announce_type=NEW),)


# --- select -----------------------------------------------------------------------------------


def choose(
    *papers: Paper,
    scored_on: Mapping[str, date] | None = None,
    announce: tuple[str, ...] = ANNOUNCE,
    exclude: tuple[str, ...] = (),
    limit: int | None = None,
    scored: tuple[str, ...] = (),
    stale: tuple[str, ...] = (),
) -> Selection:
    return select(papers, DAY, scored_on or {}, announce, exclude, limit, scored, stale)


def rules(selection: Selection) -> dict[str, str]:
    return {filtered.id: filtered.rule for filtered in selection.filtered}


SURVEY, OLD = paper(title="A Survey"), paper(announce_type=REPLACE, title="A Survey")
ID = SURVEY.id
NO_TITLE = paper(unreadable="no title")


@pytest.mark.parametrize(
    ("one", "options", "place"),
    [
        (paper(), {}, "to_score"),
        (paper(), {"scored_on": {ID: DAY}}, "to_score"),  # a day never sees itself
        (paper(), {"scored_on": {ID: EARLIER}}, "seen"),
        (paper(), {"scored_on": {ID: DAY + timedelta(days=1)}}, "seen"),
        (OLD, {"scored_on": {ID: EARLIER}, "stale": (ID,)}, "seen"),
        (OLD, {"exclude": ("survey",), "stale": (ID,)}, "announce type replace"),
        (OLD, {"announce": ("new", "replace")}, "to_score"),
        (SURVEY, {"exclude": ("survey",), "stale": (ID,), "limit": 0}, "exclude survey"),
        (paper(), {"stale": (ID,), "limit": 0}, STALE_RULE),
        (paper(), {"stale": (ID,), "scored": (ID,)}, STALE_RULE),
        (paper(), {"limit": 0}, LIMIT_RULE),
        (paper(), {"limit": 0, "scored": (ID,)}, "to_score"),
        (paper(unreadable="2 titles"), {"scored_on": {ID: EARLIER}}, "seen"),
        (NO_TITLE, {"stale": (ID,)}, STALE_RULE),
        (NO_TITLE, {"scored": (ID,), "limit": 0}, "unreadable"),
        (BROKEN, {}, "unreadable"),
    ],
)
def test_the_first_rule_that_applies_decides(
    one: Paper, options: dict[str, Any], place: str
) -> None:
    chosen = choose(one, **options)
    places = ("seen", "to_score", "unreadable")
    assert [*(p for p in places if getattr(chosen, p)), *rules(chosen).values()] == [place]


def test_the_limit_counts_only_papers_that_need_a_score() -> None:
    papers = [
        paper("2601.1", announce_type=REPLACE),
        paper("2601.2"),
        paper("2601.3", unreadable="no title"),
        paper("2601.4"),
        paper("2601.5"),
        paper("2601.0", title="Of another day"),
    ]
    chosen = choose(*papers, limit=2, scored=("2601.2",), stale=("2601.0",))
    assert [p.id for p in chosen.to_score] == ["2601.2", "2601.4", "2601.5"]
    assert chosen.filtered == (
        Filtered("2601.0", "Of another day", STALE_RULE),
        Filtered("2601.1", papers[0].title, "announce type replace"),
    )


@pytest.mark.parametrize(
    ("phrase", "title"),
    [
        ("rag", "Multi-hop (RAG)"),
        ("Poincare", "On Poincaré maps"),
        ("Poincaré", "On Poincare maps"),
        ("federated learning", "Federated\N{NO-BREAK SPACE}Learning at scale"),
        ("C++", "Faster C++, safer C++"),
        ("强化学习", "强化学习 and more"),
    ],
)
def test_case_and_accents_of_a_phrase_do_not_matter(phrase: str, title: str) -> None:
    assert rules(choose(paper("2601.1", title=title), exclude=(phrase,))) == {
        "2601.1": f"exclude {phrase}"
    }


@pytest.mark.parametrize(
    ("phrase", "title"),
    [
        ("RAG", "Fragment assembly"),
        ("C++", "C++17 templates"),
        ("a.b", "An axb"),
        ("learning federated", "Federated learning"),
    ],
)
def test_an_excluded_phrase_is_whole_words_in_their_order(phrase: str, title: str) -> None:
    assert rules(choose(paper(title=title), exclude=(phrase,))) == {}


# --- authors ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("configured", "author"),
    [
        ("yann lecun", "Yann LeCun"),
        ("Bernhard Schölkopf", "Bernhard Scholkopf"),
        ("Jurgen  Schmidhuber", "Jürgen Schmidhuber"),
    ],
)
def test_an_author_is_found_whatever_case_accents_and_spaces(configured: str, author: str) -> None:
    assert author_match(paper(authors=("Someone Else", author)), [configured]) == configured


# --- every paper is accounted for -------------------------------------------------------------


@given(
    feeds=make.feeds,
    ledger=st.dictionaries(make.ids, st.dates(EARLIER, DAY)),
    announce=st.sets(st.sampled_from(["new", "cross", "replace", "replace-cross"])),
    exclude=st.lists(make.texts.filter(str.strip), max_size=2),
    limit=st.none() | st.integers(1, 5),
    scored=st.sets(make.ids),
    stale=st.sets(make.ids),
    verdicts=st.dictionaries(make.ids | st.just("2601.99999"), make.verdicts),
    authors=st.dictionaries(make.ids, make.texts),
)
def test_every_announced_paper_has_exactly_one_outcome(
    feeds: list[Feed],
    ledger: dict[str, date],
    announce: set[str],
    exclude: list[str],
    limit: int | None,
    scored: set[str],
    stale: set[str],
    verdicts: dict[str, Verdict],
    authors: dict[str, str],
) -> None:
    papers = merge(feeds)
    selection = select(papers, DAY, ledger, announce, exclude, limit, scored, stale)
    ranking = rank(selection.to_score, verdicts, CUT, authors)

    scanned = [
        *(kept.paper.id for kept in ranking.kept),
        *(below.id for below in ranking.below),
        *(unscored.paper.id for unscored in ranking.unscored),
    ]
    assert sorted(scanned) == sorted(p.id for p in selection.to_score)
    scanned += [paper.id for paper in selection.unreadable]
    outcomes = [*scanned, *(f.id for f in selection.filtered), *selection.seen]
    assert sorted(outcomes) == sorted({p.id for feed in feeds for p in feed.papers})


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
    source = source_of(feed, "feed.xml", DAY, make.feed(*batch).entries)
    assert source.fresh is not stale
    assert (source.url, source.unreadable) == ("feed.xml", ("item 9: ?",))
    assert source_of(feed, "feed.xml", DAY, None).fresh  # there is no record


@pytest.mark.parametrize("day", [EARLIER, DAY + timedelta(days=1)])
def test_a_feed_of_another_date_contributes_nothing(
    day: date,
) -> None:
    feed = replace(make.feed(paper(), day=day), unreadable=("something",))
    assert source_of(feed, "feed.xml", DAY, None) == Source("feed.xml", SourceState.STALE)


def test_only_stale_papers_are_in_no_fresh_source() -> None:
    sources = {
        "cs.LG": make.source(paper("2601.1"), paper("2601.2")),
        "cs.AI": make.source(paper("2601.2"), paper("2601.3"), fresh=False),
    }
    assert only_stale(sources) == {"2601.3"}


def test_a_type_that_a_later_look_does_not_know_stays_known() -> None:
    known, unknown = make.source(paper()), source_of(make.feed(BROKEN), "feed.xml", DAY, None)
    assert combine(known, unknown) == known
    assert combine(unknown, known).entries == known.entries
    assert source_of(make.feed(BROKEN, paper()), "feed.xml", DAY, None) == known


def test_a_feed_as_long_as_arxiv_lets_it_be_is_capped() -> None:
    feed = make.feed(*(paper(f"2601.{n:05}") for n in range(FEED_LIMIT - 1)))
    assert not source_of(feed, "feed.xml", DAY, None).capped
    longer = replace(feed, unreadable=("item 2000: ?",))  # the limit is on items, not on papers
    assert source_of(longer, "feed.xml", DAY, None).capped


def test_a_source_has_one_order() -> None:
    twice = [
        paper("2601.2", version=2),
        paper("2601.2", announce_type=CROSS),
        paper("2601.2"),
        paper("2601.1"),
    ]
    source = source_of(make.feed(*twice), "feed.xml", DAY, None)
    assert [(e.id, e.version, e.announce_type) for e in source.entries] == [
        ("2601.1", 1, NEW),
        ("2601.2", 1, NEW),
        ("2601.2", 1, CROSS),
        ("2601.2", 2, NEW),
    ]


FRESH, STALE = make.source(*BATCH), make.source(*BATCH, fresh=False)
OTHER = make.source(paper("2601.3"))
SEARCHED = source_of_past(make.feed(paper("2601.1"), paper("2601.7")), "api", Origin.SEARCH)
EMPTY_PAGE = source_of_past(make.feed(), "/catchup/")


@pytest.mark.parametrize(
    ("earlier", "now", "combined"),
    [
        (None, STALE, STALE),
        (STALE, OTHER, OTHER),
        (FRESH, replace(OTHER, state=SourceState.STALE), FRESH),
        (FRESH, OTHER, make.source(*BATCH, paper("2601.3"))),
        (make.source(paper()), make.source(paper(version=2)), make.source(paper(version=2))),
        *((make.unread(), now, now) for now in (FRESH, STALE, make.source())),
        (FRESH, SEARCHED, FRESH),
        (EMPTY_PAGE, FRESH, FRESH),  # the page was made too early
        (EMPTY_PAGE, make.source(), EMPTY_PAGE),
    ],
)
def test_a_second_reading_completes_the_first(
    earlier: Source | None, now: Source, combined: Source
) -> None:
    assert combine(earlier, now) == combined


@make.examples(30)
@given(make.feeds, st.booleans())
def test_a_second_look_at_the_same_feed_changes_nothing(feeds: list[Feed], elsewhere: bool) -> None:
    for feed in feeds:
        source = source_of(feed, "feed.xml", DAY, None)
        again = source_of(feed, "mirror.xml" if elsewhere else "feed.xml", DAY, None)
        assert combine(source, again) == source


PAGE = source_of_past(make.feed(paper("2601.1"), paper("2601.2")), "/catchup/")
LACKING = replace(make.source(paper("2601.1")), unreadable=("item 2: ?",), capped=True)


def test_arxivs_page_of_the_day_completes_what_a_feed_lacks() -> None:
    both = combine(LACKING, PAGE)
    assert (both.url, both.origin) == ("feed.xml", Origin.FEED_AND_PAGE)
    assert not both.incomplete
    assert [entry.id for entry in both.entries] == ["2601.1", "2601.2"]


@pytest.mark.parametrize("known", [PAGE, combine(LACKING, PAGE)])
def test_what_a_page_has_completed_no_feed_makes_doubtful_again(known: Source) -> None:
    assert combine(known, LACKING) == known


FULL, EMPTY = make.source(paper()), source_of_past(make.feed(), "/catchup/")


@pytest.mark.parametrize(
    ("earlier", "days"),
    [
        ([], 0),
        ([FULL], 1),
        ([FULL] * 9, 5),
        ([EMPTY, FULL, FULL], 0),
        ([FULL, EMPTY, FULL], 0),
        ([FULL] * 5 + [EMPTY], 5),
        # Of these it is not known what was announced.
        ([make.source(), FULL], 1),
        ([make.unread(), FULL, make.source(paper(), fresh=False), FULL], 2),
    ],
)
def test_papers_are_expected_after_days_with_papers(earlier: list[Source], days: int) -> None:
    assert days_with_papers(earlier) == days


@pytest.mark.parametrize(
    "lacking",
    [
        make.unread(),
        make.source(fresh=False),
        replace(FULL, capped=True),
        replace(FULL, unreadable=("item 2: ?",)),
    ],
)
def test_a_day_of_which_papers_may_be_missing_is_partial(lacking: Source) -> None:
    digest = make.digest(below=[paper("2601.9")])
    assert status_of(digest) is Status.COMPLETE
    assert status_of(replace(digest, sources=digest.sources | {"b": lacking})) is Status.PARTIAL


def test_what_an_earlier_look_could_not_read_is_not_forgotten() -> None:
    earlier = replace(make.source(), unreadable=("item 2: ?",))
    assert combine(earlier, make.source()).unreadable == ("item 2: ?",)
    assert combine(make.source(), earlier).unreadable == ("item 2: ?",)


# --- what arXiv's own account of a past day adds ------------------------------------------------


def test_a_page_keeps_the_versions_that_the_feed_told() -> None:
    told = make.source(paper("2601.1", version=3, announce_type=CROSS))
    page = source_of_past(
        make.feed(paper("2601.1", announce_type=CROSS), paper("2601.2")), "/catchup/"
    )
    assert [(e.id, e.version) for e in combine(told, page).entries] == [
        ("2601.1", 3),
        ("2601.2", 1),
    ]


def test_a_page_completes_a_search_and_drops_nothing() -> None:
    said = source_of_past(make.feed(paper("2601.1"), paper("2601.9")), "api", Origin.SEARCH)
    page = source_of_past(make.feed(paper("2601.1"), paper("2601.2")), "/catchup/")
    both = combine(said, page)
    assert [e.id for e in both.entries] == ["2601.1", "2601.2", "2601.9"]
    assert (both.approximate, both.url) == (True, "/catchup/")


def test_a_day_fitted_into_another_archive_keeps_its_status() -> None:
    empty = replace(make.digest(), sources={"cs.LG": EMPTY_PAGE}, status=Status.EMPTY)
    assert fit_into(empty, {}, {}).status is Status.EMPTY
    digest = make.digest(below=[paper("2601.1"), paper("2601.7")])
    approximate = replace(digest, sources={"cs.LG": SEARCHED})
    assert fit_into(approximate, {}, {}).status is Status.APPROXIMATE
