from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.models import LIMIT_RULE, STALE_RULE, Filtered, Status
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
    repeats,
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


def test_a_paper_that_two_feeds_carry_is_one_paper() -> None:
    feeds = [make.feed(paper("2601.1")), make.feed(paper("2601.1"), category="cs.AI")]
    assert [p.id for p in merge(feeds)] == ["2601.1"]


@pytest.mark.parametrize(
    ("stronger", "weaker"), [(NEW, CROSS), (CROSS, REPLACE), (REPLACE, REPLACE_CROSS)]
)
@pytest.mark.parametrize("order", [1, -1])
def test_the_stronger_announce_type_counts_in_either_order(
    stronger: AnnounceType, weaker: AnnounceType, order: int
) -> None:
    strong, weak = paper(announce_type=stronger), paper(announce_type=weaker, version=9)
    feeds = [make.feed(strong), make.feed(weak, category="cs.AI")][::order]
    assert merge(feeds) == (strong,)


@pytest.mark.parametrize("order", [1, -1])
def test_of_equal_announce_types_the_higher_version_counts(order: int) -> None:
    old, young = paper(version=1), paper(version=2)
    feeds = [make.feed(old), make.feed(young, category="cs.AI")][::order]
    assert merge(feeds) == (young,)


def test_of_equals_in_both_the_first_feeds_counts() -> None:
    first, second = paper(title="First"), paper(title="Second")
    assert merge([make.feed(first), make.feed(second, category="cs.AI")]) == (first,)


@pytest.mark.parametrize("order", [1, -1])
def test_of_a_paper_that_one_feed_has_readable_that_one_counts(order: int) -> None:
    broken, whole = paper(version=9, unreadable="no title"), paper()
    feeds = [make.feed(broken), make.feed(whole, category="cs.AI")][::order]
    assert merge(feeds) == (whole,)


@pytest.mark.parametrize("order", [1, -1])
def test_the_type_of_an_entry_that_cannot_be_read_counts_all_the_same(order: int) -> None:
    broken = paper(announce_type=NEW, unreadable="no title")
    whole = paper(announce_type=CROSS)
    feeds = [make.feed(broken), make.feed(whole, category="cs.AI")][::order]
    assert merge(feeds) == (replace(whole, announce_type=NEW),)


@pytest.mark.parametrize("order", [1, -1])
def test_a_type_that_is_not_known_counts_least(order: int) -> None:
    broken = paper(announce_type=UNKNOWN, unreadable="announce type 'withdrawn'")
    whole = paper(announce_type=REPLACE_CROSS)
    assert merge([make.feed(*[broken, whole][::order])]) == (whole,)


@given(make.feeds, st.data())
def test_merging_does_not_depend_on_the_order_of_the_feeds(
    feeds: list[Feed], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(feeds))
    chosen = {p.id: (p.announce_type, p.version) for p in merge(feeds)}
    assert {p.id: (p.announce_type, p.version) for p in merge(shuffled)} == chosen


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


def test_a_paper_scored_on_an_earlier_day_is_seen() -> None:
    selection = choose(paper("2601.1"), scored_on={"2601.1": EARLIER})
    assert selection == Selection((), (), ("2601.1",))


def test_a_paper_scored_on_a_later_day_is_seen_when_a_missed_day_is_repaired() -> None:
    selection = choose(paper("2601.1"), scored_on={"2601.1": DAY + timedelta(days=1)})
    assert selection.seen == ("2601.1",)


def test_a_day_never_sees_itself() -> None:
    again = paper("2601.1")
    assert choose(again, scored_on={"2601.1": DAY}).to_score == (again,)


def test_seen_comes_before_the_announce_type() -> None:
    replaced = paper("2601.1", announce_type=REPLACE)
    assert choose(replaced, scored_on={"2601.1": EARLIER}).seen == ("2601.1",)


def test_the_announce_type_comes_before_exclude() -> None:
    replaced = paper("2601.1", title="A Survey", announce_type=REPLACE)
    assert rules(choose(replaced, exclude=("survey",))) == {"2601.1": "announce type replace"}


def test_exclude_comes_before_the_limit() -> None:
    selection = choose(
        paper("2601.1"), paper("2601.2", title="A Survey"), exclude=("survey",), limit=1
    )
    assert rules(selection) == {"2601.2": "exclude survey"}


def test_a_replacement_never_scored_before_is_scored_where_replacements_are_announced() -> None:
    replaced = paper(announce_type=REPLACE)
    assert choose(replaced, announce=("new", "replace")).to_score == (replaced,)


def test_the_limit_is_on_the_papers_to_score_and_names_itself() -> None:
    selection = choose(
        paper("2601.1", announce_type=REPLACE), paper("2601.2"), paper("2601.3"), limit=1
    )
    assert [p.id for p in selection.to_score] == ["2601.2"]
    assert rules(selection)["2601.3"] == LIMIT_RULE


def test_the_limit_does_not_count_papers_that_an_earlier_run_has_scored() -> None:
    selection = choose(
        paper("2601.1"), paper("2601.2"), paper("2601.3"), limit=1, scored=("2601.1", "2601.3")
    )
    assert [p.id for p in selection.to_score] == ["2601.1", "2601.2", "2601.3"]


def test_a_paper_of_stale_feeds_alone_is_filtered_by_a_rule_that_says_so() -> None:
    selection = choose(paper("2601.1"), paper("2601.2"), stale=("2601.1",))
    assert rules(selection) == {"2601.1": STALE_RULE} == {"2601.1": "stale feed"}
    assert [p.id for p in selection.to_score] == ["2601.2"]


def test_a_paper_of_stale_feeds_that_the_ledger_knows_is_seen() -> None:
    selection = choose(paper("2601.1"), scored_on={"2601.1": EARLIER}, stale=("2601.1",))
    assert selection == Selection((), (), ("2601.1",))


def test_a_paper_that_the_day_has_scored_leaves_it_when_only_a_stale_feed_announces_it() -> None:
    selection = choose(paper("2601.1"), scored=("2601.1",), stale=("2601.1",))
    assert rules(selection) == {"2601.1": STALE_RULE}


def test_stale_papers_do_not_use_up_the_limit() -> None:
    selection = choose(paper("2601.1"), paper("2601.2"), stale=("2601.1",), limit=1)
    assert [p.id for p in selection.to_score] == ["2601.2"]


def test_a_paper_that_cannot_be_read_is_set_apart_and_uses_up_no_limit() -> None:
    broken, whole = paper("2601.1", unreadable="no title"), paper("2601.2")
    selection = choose(broken, whole, limit=1)
    assert (selection.unreadable, selection.to_score) == ((broken,), (whole,))


@pytest.mark.parametrize(
    ("broken", "options", "state"),
    [
        (paper(unreadable="2 titles"), {"scored_on": {"2601.00001": EARLIER}}, "seen"),
        (paper(unreadable="no title", announce_type=REPLACE), {}, "filtered"),
        (paper(unreadable="2 titles", title="A Survey"), {"exclude": ("survey",)}, "filtered"),
        (paper(unreadable="no title"), {"stale": ("2601.00001",)}, "filtered"),
        (paper(unreadable="announce type 'x'", announce_type=UNKNOWN), {}, "unreadable"),
        (paper(unreadable="no title"), {"scored": ("2601.00001",)}, "unreadable"),
    ],
)
def test_what_can_be_read_of_a_paper_decides_as_of_any_other(
    broken: Paper, options: dict[str, Any], state: str
) -> None:
    selection = choose(broken, **options)
    found = {name: getattr(selection, name) for name in ("seen", "filtered", "unreadable")}
    assert [name for name, papers in found.items() if papers] == [state]
    assert not selection.to_score


def test_an_author_of_a_paper_that_cannot_be_read_is_found_if_named() -> None:
    assert author_match(paper(unreadable="no title"), ["Ada Lovelace"]) == "Ada Lovelace"
    assert author_match(paper(authors=(), unreadable="no title"), ["Ada Lovelace"]) is None


def test_the_users_own_rules_are_named_before_the_stale_feed() -> None:
    selection = choose(
        paper("2601.1", announce_type=REPLACE),
        paper("2601.2", title="A Survey"),
        exclude=("survey",),
        stale=("2601.1", "2601.2"),
    )
    assert rules(selection) == {"2601.1": "announce type replace", "2601.2": "exclude survey"}


def test_a_filtered_paper_keeps_its_title() -> None:
    selection = choose(paper("2601.1", title="Old News", announce_type=REPLACE))
    assert selection.filtered == (Filtered("2601.1", "Old News", "announce type replace"),)


def test_filtered_and_seen_are_in_the_order_of_ids() -> None:
    last, first = paper("2601.2", announce_type=REPLACE), paper("2601.1", announce_type=REPLACE)
    assert [f.id for f in choose(last, first).filtered] == ["2601.1", "2601.2"]
    scored = {"2601.1": EARLIER, "2601.2": EARLIER}
    assert choose(last, first, scored_on=scored).seen == ("2601.1", "2601.2")


@pytest.mark.parametrize(
    ("phrase", "title"),
    [
        ("RAG", "When RAG fails"),
        ("rag", "RAG: a study"),
        ("RAG", "Multi-hop (RAG)"),
        ("Poincare", "On Poincaré maps"),
        ("Poincaré", "On Poincare maps"),
        ("federated learning", "Federated\N{NO-BREAK SPACE}Learning at scale"),
        ("C++", "Faster C++, safer C++"),
        ("强化学习", "强化学习 and more"),
        ("large-scale", "Large-Scale training"),
    ],
)
def test_an_excluded_phrase_is_found_whatever_its_case_and_accents(phrase: str, title: str) -> None:
    assert rules(choose(paper("2601.1", title=title), exclude=(phrase,))) == {
        "2601.1": f"exclude {phrase}"
    }


@pytest.mark.parametrize(
    ("phrase", "title"),
    [
        ("RAG", "Fragment assembly"),
        ("RAG", "RAGs to riches"),
        ("survey", "Surveying the field"),
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
        ("Yann LeCun", "Yann LeCun"),
        ("yann lecun", "Yann LeCun"),
        ("Bernhard Scholkopf", "Bernhard Schölkopf"),
        ("Bernhard Schölkopf", "Bernhard Scholkopf"),
        ("Jurgen  Schmidhuber", "Jürgen Schmidhuber"),
    ],
)
def test_an_author_is_found_whatever_case_accents_and_spaces(configured: str, author: str) -> None:
    assert author_match(paper(authors=("Someone Else", author)), [configured]) == configured


def test_a_part_of_a_name_is_no_author_match() -> None:
    assert author_match(paper(authors=("Yi Li", "Ada Lovelace")), ["Li", "Yi Lin", "Ada"]) is None


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
RECORDED = tuple(map(make.entry, BATCH))


def fresh(*papers: Paper) -> bool:
    return source_of(make.feed(*papers), "feed.xml", DAY, RECORDED).fresh


def test_the_same_batch_once_more_is_stale() -> None:
    assert not fresh(*BATCH)


def test_the_order_of_a_batch_does_not_matter() -> None:
    assert not fresh(*BATCH[::-1])


@pytest.mark.parametrize("papers", [BATCH[:1], BATCH[1:], [*BATCH, BATCH[0]]])
def test_a_part_of_the_same_batch_is_stale(papers: list[Paper]) -> None:
    assert not fresh(*papers)


@pytest.mark.parametrize(
    "papers",
    [
        pytest.param([], id="empty"),
        pytest.param([*BATCH, paper("2601.3")], id="one more"),
        pytest.param([BATCH[0], paper("2601.3")], id="one less and one more"),
        pytest.param([paper("2601.1", version=2), BATCH[1]], id="another version"),
        pytest.param([paper("2601.1", announce_type=CROSS), BATCH[1]], id="another type"),
    ],
)
def test_any_other_batch_is_fresh(papers: list[Paper]) -> None:
    assert fresh(*papers)


def test_nothing_after_nothing_is_fresh() -> None:
    assert source_of(make.feed(), "feed.xml", DAY, ()).fresh


def test_a_category_without_an_earlier_batch_is_fresh() -> None:
    assert source_of(make.feed(*BATCH), "feed.xml", DAY, None).fresh


@pytest.mark.parametrize("day", [EARLIER, DAY + timedelta(days=1)])
def test_a_feed_that_dates_itself_to_another_day_is_stale_and_contributes_nothing(
    day: date,
) -> None:
    feed = replace(make.feed(paper(), day=day), unreadable=("something",))
    assert source_of(feed, "feed.xml", DAY, None) == Source("feed.xml", SourceState.STALE)


def test_only_stale_sources_papers_are_those_that_no_fresh_one_announces() -> None:
    sources = {
        "cs.LG": make.source(paper("2601.1"), paper("2601.2")),
        "cs.AI": make.source(paper("2601.2"), paper("2601.3"), fresh=False),
        "cs.CL": make.source(paper("2601.4"), fresh=False),
    }
    assert only_stale(sources) == {"2601.3", "2601.4"}
    assert only_stale({}) == set()


def test_a_source_lists_a_batch_in_one_order_even_where_an_id_stands_twice() -> None:
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


def test_what_was_stale_gives_way_to_what_the_feed_says_now() -> None:
    stale, now = make.source(*BATCH, fresh=False), make.source(paper("2601.3"))
    assert combine(stale, now) == now


def test_what_was_fresh_stays_when_the_feed_goes_stale() -> None:
    known = make.source(*BATCH)
    assert combine(known, make.source(paper("2601.9"), fresh=False)) == known


def test_what_was_fresh_stays_when_the_feed_loses_it_and_what_is_new_is_added() -> None:
    combined = combine(make.source(*BATCH), make.source(paper("2601.3")))
    assert [e.id for e in combined.entries] == ["2601.1", "2601.2", "2601.3"]


def test_of_a_paper_listed_again_the_later_entry_counts() -> None:
    combined = combine(make.source(paper(version=1)), make.source(paper(version=2)))
    assert [e.version for e in combined.entries] == [2]


@given(make.feeds, st.booleans())
def test_a_second_look_at_the_same_feed_changes_nothing(feeds: list[Feed], elsewhere: bool) -> None:
    for feed in feeds:
        source = source_of(feed, "feed.xml", DAY, None)
        again = source_of(feed, "mirror.xml" if elsewhere else "feed.xml", DAY, None)
        assert combine(source, again) == source


def test_what_was_unread_gives_way_to_whatever_is_read() -> None:
    for now in (make.source(paper()), make.source(), make.source(paper(), fresh=False)):
        assert combine(make.unread(), now) == now


def test_a_type_that_a_later_look_does_not_know_stays_known() -> None:
    broken = paper(announce_type=UNKNOWN, unreadable="announce type 'x'")
    known = make.source(paper())
    assert combine(known, source_of(make.feed(broken), "feed.xml", DAY, None)) == known
    assert combine(source_of(make.feed(broken), "feed.xml", DAY, None), known).entries == (
        known.entries
    )
    assert source_of(make.feed(broken, paper()), "feed.xml", DAY, None) == known


def test_a_feed_as_long_as_arxiv_lets_it_be_is_capped() -> None:
    papers = [paper(f"2601.{n:05}") for n in range(FEED_LIMIT - 1)]
    assert not source_of(make.feed(*papers), "feed.xml", DAY, None).capped
    twice = make.feed(*papers, papers[0])  # the limit is on items, not on papers
    assert source_of(twice, "feed.xml", DAY, None).capped
    nameless = replace(make.feed(*papers), unreadable=("item 2000: ?",))
    assert source_of(nameless, "feed.xml", DAY, None).capped


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


def test_a_page_that_was_made_too_early_gives_way_to_the_feed() -> None:
    empty = source_of_past(make.feed(), "/catchup/")
    assert combine(empty, make.source(paper())) == make.source(paper())
    assert combine(empty, make.source()) == empty


FULL, EMPTY = make.source(paper()), source_of_past(make.feed(), "/catchup/")


@pytest.mark.parametrize(
    ("earlier", "days"),
    [
        ([], 0),
        ([FULL], 1),
        ([FULL] * 4, 4),
        ([FULL] * 9, 5),
        ([EMPTY, FULL, FULL], 0),
        ([FULL, EMPTY, FULL], 0),
        ([FULL] * 5 + [EMPTY], 5),
        # Of these it is not known what was announced.
        ([make.source(), FULL], 1),
        ([make.unread(), FULL, make.source(paper(), fresh=False), FULL], 2),
        ([make.source()] * 9, 0),
        ([replace(FULL, origin=Origin.SEARCH)], 1),
    ],
)
def test_papers_are_expected_where_each_of_the_last_days_had_some(
    earlier: list[Source], days: int
) -> None:
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


def test_the_first_look_is_taken_as_it_is() -> None:
    now: Source = make.source(*BATCH, fresh=False)
    assert combine(None, now) is now


def test_what_a_rule_filters_keeps_its_title() -> None:
    papers = [
        paper("2601.1", title="A survey"),
        paper("2601.2", announce_type=REPLACE, title="A second version"),
        paper("2601.3", title="Of another day"),
        paper("2601.4", title="Scored"),
        paper("2601.5", title="Beyond the sample"),
    ]
    chosen = select(papers, DAY, {}, ["new"], ["survey"], limit=1, stale=frozenset(["2601.3"]))
    assert [(f.title, f.rule) for f in chosen.filtered] == [
        ("A survey", "exclude survey"),
        ("A second version", "announce type replace"),
        ("Of another day", STALE_RULE),
        ("Beyond the sample", LIMIT_RULE),
    ]


def test_a_sample_has_as_many_papers_as_were_asked_for() -> None:
    papers = [paper(f"2601.{n}") for n in range(5)]
    chosen = select(papers, DAY, {}, ["new"], limit=3)
    assert len(chosen.to_score) == 3


def test_a_source_keeps_its_address_and_what_could_not_be_read() -> None:
    announcement = Feed("cs.LG", DAY, (paper("2601.1"),), unreadable=("item 2: ?",))
    source = source_of(announcement, "https://example.org/feed", DAY, None)
    assert (source.url, source.unreadable) == ("https://example.org/feed", ("item 2: ?",))


def test_what_an_earlier_look_could_not_read_is_not_forgotten() -> None:
    earlier = replace(make.source(), unreadable=("item 2: ?",))
    assert combine(earlier, make.source()).unreadable == ("item 2: ?",)
    assert combine(make.source(), earlier).unreadable == ("item 2: ?",)


# --- what arXiv's own account of a past day adds ------------------------------------------------


def test_what_the_search_says_changes_nothing_that_is_exact() -> None:
    exact = make.source(paper("2601.1"))
    found = source_of_past(make.feed(paper("2601.1"), paper("2601.7")), "api", Origin.SEARCH)
    assert combine(exact, found) == exact


def test_a_page_keeps_the_versions_that_the_feed_told() -> None:
    told = make.source(paper("2601.1", version=3, announce_type=CROSS))
    page = source_of_past(
        make.feed(paper("2601.1", announce_type=CROSS), paper("2601.2")), "/catchup/"
    )
    assert [(e.id, e.version) for e in combine(told, page).entries] == [
        ("2601.1", 3),
        ("2601.2", 1),
    ]


def test_a_page_completes_what_the_search_said_and_drops_nothing_that_was_scored() -> None:
    said = source_of_past(make.feed(paper("2601.1"), paper("2601.9")), "api", Origin.SEARCH)
    page = source_of_past(make.feed(paper("2601.1"), paper("2601.2")), "/catchup/")
    both = combine(said, page)
    assert [e.id for e in both.entries] == ["2601.1", "2601.2", "2601.9"]
    assert (both.approximate, both.url) == (True, "/catchup/")


def test_most_of_what_is_new_tells_a_stale_feed_whatever_else_is_in_it() -> None:
    new = [paper(f"2601.{n}") for n in range(1, 5)]
    batch = make.feed(*new[:3]).entries
    assert repeats(make.feed(*new, paper("2512.1", announce_type=REPLACE)).entries, batch)
    assert not repeats(make.feed(new[0], *(paper(f"2602.{n}") for n in (1, 2))).entries, batch)


def test_an_empty_day_stays_empty_beside_another_archive() -> None:
    confirmed = source_of_past(make.feed(), "/catchup/")
    empty = replace(make.digest(), sources={"cs.LG": confirmed}, status=Status.EMPTY)
    assert fit_into(empty, {}, {}).status is Status.EMPTY


def test_an_approximate_day_stays_approximate_beside_another_archive() -> None:
    digest = make.digest(below=[paper("2601.1")])
    said = source_of_past(make.feed(paper("2601.1")), "api", Origin.SEARCH)
    assert fit_into(replace(digest, sources={"cs.LG": said}), {}, {}).status is Status.APPROXIMATE
