from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.day import LIMIT_RULE, STALE_RULE, Filtered, Kept, Status
from digest.core.papers import AnnounceType, Feed, Origin, Paper
from digest.core.scores import Verdict
from digest.run.ranking import rank
from digest.run.selection import Selection, fit_into, merge, phrase_matches, select
from tests import make
from tests.make import CROSS, CUT, DAY, NEW, REPLACE, REPLACE_CROSS, paper, score

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
    ("phrase", "title", "excluded"),
    [
        ("rag", "Multi-hop (RAG)", True),
        ("Poincaré", "On Poincare maps", True),
        ("federated learning", "Federated\N{NO-BREAK SPACE}Learning at scale", True),
        ("C++", "Faster C++, safer C++", True),
        ("强化学习", "强化学习 and more", True),
        ("RAG", "Fragment assembly", False),
        ("C++", "C++17 templates", False),
        ("a.b", "An axb", False),
        ("learning federated", "Federated learning", False),
        ("survey", "Two Surveys", True),
        ("GA", "Gas", False),
    ],
)
def test_an_excluded_phrase_is_whole_words_in_any_case(
    phrase: str, title: str, excluded: bool
) -> None:
    chosen = choose(paper("2601.1", title=title), exclude=(phrase,))
    assert rules(chosen) == ({"2601.1": f"exclude {phrase}"} if excluded else {})


# --- phrases ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("phrase", "text", "matches"),
    [
        ("double descent", "On Double\nDescent.", True),
        ("Schrödinger bridge", "A Schrodinger bridge", True),
        ("RAG", "a fragment", False),
        # dashes and apostrophes
        ("self-supervised", "self‑supervised", True),
        ("self‐supervised", "self-supervised", True),
        ("Navier-Stokes", "Navier–Stokes", True),
        ("self-supervised learning", "Self supervised learning", True),
        ("state of the art", "a state-of-the-art result", True),
        ("hyper-Kähler", "hyperkähler", True),
        ("GPT-4", "GPT4", True),
        ("Hilbert's", "Hilbert’s", True),
        ("Hilbert’s", "Hilbert's", True),
        ("C--", "C", False),
        # plural
        ("graph neural network", "Graph Neural Networks", True),
        ("galaxy", "galaxies", True),
        ("survey", "surveys", True),
        ("bias", "biases", True),
        ("large-N", "large-Ns", False),
        ("graph neural network", "graphs neural network", False),
        ("gala", "galaxies", False),
    ],
)
def test_a_phrase_is_found_in_title_or_abstract(phrase: str, text: str, matches: bool) -> None:
    titled, told, other = paper("2601.1", title=text), paper("2601.2"), paper("2601.3")
    found = phrase_matches([titled, replace(told, abstract=text), other], ["none", phrase])
    assert found == ({"2601.1": phrase, "2601.2": phrase} if matches else {})


# --- every paper is accounted for -------------------------------------------------------------


@make.examples(40)
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
    phrases=st.dictionaries(make.ids, make.texts),
    top=st.none() | st.integers(1, 3),
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
    phrases: dict[str, str],
    top: int | None,
) -> None:
    papers = merge(feeds)
    selection = select(papers, DAY, ledger, announce, exclude, limit, scored, stale)
    ranking = rank(selection.to_score, verdicts, replace(CUT, top=top), authors, phrases)

    scanned = [
        *(kept.paper.id for kept in ranking.kept),
        *(below.id for below in ranking.below),
        *(unscored.paper.id for unscored in ranking.unscored),
    ]
    assert sorted(scanned) == sorted(p.id for p in selection.to_score)
    scanned += [paper.id for paper in selection.unreadable]
    outcomes = [*scanned, *(f.id for f in selection.filtered), *selection.seen]
    assert sorted(outcomes) == sorted({p.id for feed in feeds for p in feed.papers})


# --- a day beside another archive's -----------------------------------------------------------


@pytest.mark.parametrize(
    ("origin", "ids", "status"),
    [(Origin.PAGE, [], Status.EMPTY), (Origin.SEARCH, ["2601.1", "2601.7"], Status.APPROXIMATE)],
)
def test_a_day_fitted_into_another_archive_keeps_its_status(
    origin: Origin, ids: list[str], status: Status
) -> None:
    digest = make.digest(below=[paper(i) for i in ids])
    source = replace(digest.sources["cs.LG"], origin=origin)
    assert fit_into(replace(digest, sources={"cs.LG": source}), {}, {}).status is status


def test_a_day_fitted_into_another_archive_loses_no_paper() -> None:
    """What that archive has scored is seen; what only a stale feed announces is filtered."""
    kept = [Kept(paper("2601.1"), score()), Kept(paper("2601.2"), score())]
    digest = make.digest(kept=kept, below=[paper("2601.3")], unscored=[paper("2601.4")])
    batches = {"cs.LG": digest.sources["cs.LG"].entries}
    fitted = fit_into(digest, {"2601.1": EARLIER, "2601.2": DAY}, batches)
    assert fitted.seen == ("2601.1",)
    assert {f.id: f.rule for f in fitted.filtered} == dict.fromkeys(
        ("2601.2", "2601.3", "2601.4"), STALE_RULE
    )
    assert sorted(fitted.outcome_ids) == sorted(digest.outcome_ids)
    page = {"cs.LG": replace(digest.sources["cs.LG"], origin=Origin.PAGE)}
    assert fit_into(replace(digest, sources=page), {}, batches).stale == ()


def test_beyond_the_top_is_none_where_kept_papers_went_to_another_day() -> None:
    kept = [Kept(paper(f"2601.{n}"), score(9, 9)) for n in (1, 2)]
    digest = make.digest(kept=kept, below=[paper("2601.3")])
    digest = replace(digest, cut=replace(CUT, relevance=1, novelty=1, top=2))
    assert digest.counts.beyond_top == 1
    assert fit_into(digest, {"2601.1": EARLIER}, {}).counts.beyond_top == 0
    matched = replace(digest, kept=(replace(kept[0], author_match="Ada"), kept[1]))
    assert matched.counts.beyond_top == 0
