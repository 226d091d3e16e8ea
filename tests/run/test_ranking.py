from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from digest.core.day import Below, Cut, Filtered, Kept, Unscored
from digest.core.errors import Interrupted, OverBudget, ScoringError
from digest.core.papers import Paper, Source
from digest.core.scores import Reason, Score, Verdict
from digest.run.ranking import Ranking, carry_over, rank, shortfall
from tests import make
from tests.make import CUT, entry, paper, score

A, B, C = paper("2601.1"), paper("2601.2"), paper("2601.3")


def ranked(verdicts: Mapping[str, Verdict], authors: Mapping[str, str] | None = None) -> Ranking:
    return rank([C, B, A], verdicts, CUT, authors or {})


def kept_ids(ranking: Ranking) -> list[str]:
    return [kept.paper.id for kept in ranking.kept]


@pytest.mark.parametrize(
    ("relevance", "novelty", "kept"),
    [
        (8, 7, True),
        (7, 7, False),
        (8, 6, False),
        (10, 1, False),
        (1, 10, False),
        (8, None, True),
        (7, None, False),
    ],
)
def test_the_cut_is_on_both_axes_or_on_relevance_alone(
    relevance: int, novelty: int | None, kept: bool
) -> None:
    assert Cut(relevance=8, novelty=7).passes(Score(relevance, novelty)) is kept


def alike(similarity: float | None) -> Score:
    return Score(9, None, similarity=similarity)


@pytest.mark.parametrize(
    ("best", "middle", "last"),
    [
        pytest.param(score(8, 10), score(10, 7), score(8, 8), id="the sum first"),
        pytest.param(score(10, 7), score(9, 8), score(8, 9), id="then relevance"),
        pytest.param(score(10, None), score(9, None), score(8, None), id="without novelty"),
        pytest.param(alike(0.9), alike(0.2), alike(None), id="then similarity"),
        pytest.param(
            replace(alike(0.1), match=90),
            replace(alike(0.9), match=20),
            replace(alike(None), match=0),
            id="but match, once there is one",
        ),
        pytest.param(alike(0.2), alike(0.2), alike(0.2), id="then id"),
    ],
)
def test_the_best_come_first(best: Score, middle: Score, last: Score) -> None:
    assert kept_ids(ranked({C.id: last, B.id: middle, A.id: best})) == [A.id, B.id, C.id]


def test_beyond_the_top_a_paper_is_below() -> None:
    verdicts = {A.id: score(8, 8), B.id: score(9, 9), C.id: score(7, 7)}
    ranking = rank([A, B, C], verdicts, replace(CUT, top=1), {})
    assert kept_ids(ranking) == [B.id]
    assert [below.id for below in ranking.below] == [A.id, C.id]


def test_matches_take_no_place_of_the_top() -> None:
    verdicts = {A.id: score(9, 9), B.id: score(10, 10), C.id: score(1, 1)}
    ranking = rank([A, B, C], verdicts, replace(CUT, top=1), {B.id: "Ada"}, {C.id: "RAG"})
    assert ranking.kept == (
        Kept(B, verdicts[B.id], author_match="Ada"),
        Kept(A, verdicts[A.id]),
        Kept(C, verdicts[C.id], phrase_match="RAG"),
    )


def test_an_author_match_is_kept_in_score_order() -> None:
    ranking = ranked({A.id: score(1, 1), B.id: score(9, 9), C.id: score(8, 8)}, {A.id: "Ada"})
    assert kept_ids(ranking) == [B.id, C.id, A.id]
    assert ranking.kept[-1] == Kept(A, score(1, 1), "Ada")


def test_matches_head_the_unscored_list() -> None:
    ranking = rank([A, B, C], {}, CUT, {C.id: "Ada"}, {B.id: "RAG"})
    assert [(u.paper.id, u.author_match, u.phrase_match) for u in ranking.unscored] == [
        (B.id, None, "RAG"),
        (C.id, "Ada", None),
        (A.id, None, None),
    ]


# --- papers that only an earlier run of the day saw -------------------------------------------

KEPT = Kept(A, score())


def announcing(*papers: Paper) -> dict[str, Source]:
    return {"cs.LG": make.source(*papers)}


def test_outcomes_that_a_later_run_cannot_know_are_carried_over() -> None:
    before = make.digest(kept=[KEPT], below=[B], filtered=[C], seen=[paper("2601.4")])
    later = replace(make.digest(kept=[KEPT]), sources=before.sources)
    assert carry_over(later, before) == before


def test_what_the_later_run_says_of_a_paper_counts() -> None:
    before = make.digest(below=[A, B])
    later = replace(make.digest(filtered=[A]), sources=before.sources)
    carried = carry_over(later, before)
    assert [f.id for f in carried.filtered] == [A.id]
    assert [b.id for b in carried.below] == [B.id]


def test_what_is_carried_over_takes_its_place_in_the_order() -> None:
    before = make.digest(below=[A, C], filtered=[paper("2601.4")])
    later = replace(
        make.digest(),
        below=(Below(B.id, B.title, score(3, 4)),),
        filtered=(Filtered("2601.5", "Five", "limit"),),
        sources=announcing(A, B, C, paper("2601.4"), paper("2601.5")),
    )
    carried = carry_over(later, before)
    assert [b.id for b in carried.below] == [A.id, B.id, C.id]
    assert [f.id for f in carried.filtered] == ["2601.4", "2601.5"]
    assert {e.id for e in map(entry, (A, B, C))} <= set(carried.outcome_ids)


# --- enough to publish, or an outage ----------------------------------------------------------

REFUSED, TIMEOUT, BUDGET, INTERRUPTED, UNREADABLE = (
    Reason.REFUSED, Reason.TIMEOUT, Reason.BUDGET, Reason.INTERRUPTED, Reason.UNREADABLE
)  # fmt: skip


def short(
    scanned: int, failed: Mapping[Reason, int], max_unscored: float = 0.2, last_try: bool = False
) -> ScoringError | None:
    reasons = [reason for reason, number in failed.items() for _ in range(number)]
    papers = [paper(f"2601.{n:05}") for n in range(scanned)]
    unscored = tuple(Unscored(p, r) for p, r in zip(papers, reasons, strict=False))
    made = replace(make.digest(below=papers[len(reasons) :]), unscored=unscored)
    assert made.counts.scanned == scanned
    return shortfall(made, max_unscored, last_try=last_try)


@pytest.mark.parametrize(
    ("scanned", "failed"),
    [
        (0, {}),
        (10, {TIMEOUT: 4}),  # a large share, but few
        (25, {TIMEOUT: 5}),  # the share itself is not above it
        (100, {REFUSED: 99}),
        (100, {REFUSED: 79, TIMEOUT: 20}),
        (100, {UNREADABLE: 90, TIMEOUT: 2}),
        (6, {UNREADABLE: 6}),  # nobody was asked
    ],
)
def test_a_day_that_is_complete_enough(scanned: int, failed: Mapping[Reason, int]) -> None:
    assert short(scanned, failed) is None


def test_refused_papers_stand_in_the_last_try() -> None:
    assert isinstance(short(1, {REFUSED: 1}), ScoringError)
    assert short(1, {REFUSED: 1}, last_try=True) is None
    assert isinstance(short(1, {TIMEOUT: 1}, last_try=True), ScoringError)


@pytest.mark.parametrize(
    ("scanned", "failed", "kind"),
    [
        (24, {TIMEOUT: 5}, ScoringError),
        (100, {REFUSED: 50, TIMEOUT: 21}, ScoringError),
        (100, {TIMEOUT: 11, Reason.INVALID: 10}, ScoringError),
        (4, {REFUSED: 3, TIMEOUT: 1}, ScoringError),  # nothing at all
        (1, {REFUSED: 1}, ScoringError),
        (7, {UNREADABLE: 3, REFUSED: 4}, ScoringError),
        (3, {UNREADABLE: 2, TIMEOUT: 1}, ScoringError),  # nothing at all of what was asked
        (100, {UNREADABLE: 1, TIMEOUT: 21}, ScoringError),
        (24, {BUDGET: 20, TIMEOUT: 1}, OverBudget),
        (100, {INTERRUPTED: 1}, Interrupted),  # never complete enough
        (100, {INTERRUPTED: 20, BUDGET: 1, REFUSED: 2}, Interrupted),
    ],
)
def test_an_outage_says_how_many_papers_lack_a_score(
    scanned: int, failed: Mapping[Reason, int], kind: type[ScoringError]
) -> None:
    error = short(scanned, failed)
    assert type(error) is kind
    assert f"{sum(failed.values())} of {scanned} paper" in str(error)
    assert all(f"{number} {reason}" in str(error) for reason, number in failed.items())
    assert ("raise llm.budget_usd" in str(error)) == (kind is OverBudget)


@pytest.mark.parametrize(
    ("max_unscored", "fine", "outage"),
    [(0.0, 4, 5), (0.29, 29, 30), (1.0, 99, 100)],
)
def test_the_share_that_may_be_missing_is_a_setting(
    max_unscored: float, fine: int, outage: int
) -> None:
    assert short(100, {TIMEOUT: fine}, max_unscored) is None
    assert short(100, {TIMEOUT: outage}, max_unscored)
