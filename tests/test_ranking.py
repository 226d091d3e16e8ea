from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from digest.models import Below, Cut, Failure, Filtered, Kept, Paper, Score, Source, Verdict
from digest.ranking import Ranking, carry_over, passes, rank
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
    assert passes(Score(relevance, novelty), Cut(relevance=8, novelty=7)) is kept


@pytest.mark.parametrize(
    ("best", "middle", "last"),
    [
        pytest.param(score(8, 10), score(10, 7), score(8, 8), id="the sum first"),
        pytest.param(score(10, 7), score(9, 8), score(8, 9), id="then relevance"),
        pytest.param(score(10, None), score(9, None), score(8, None), id="without novelty"),
    ],
)
def test_the_best_come_first(best: Score, middle: Score, last: Score) -> None:
    assert kept_ids(ranked({A.id: last, B.id: middle, C.id: best})) == [C.id, B.id, A.id]


def test_equals_stand_in_the_order_of_their_ids() -> None:
    same = dict.fromkeys((A.id, B.id, C.id), score())
    assert kept_ids(ranked(same)) == [A.id, B.id, C.id]


def test_below_is_ordered_as_kept_is() -> None:
    ranking = ranked({A.id: score(2, 2), B.id: score(5, 5), C.id: score(2, 3)})
    assert [below.id for below in ranking.below] == [B.id, C.id, A.id]


def test_a_paper_below_keeps_its_title_and_its_score() -> None:
    assert rank([A], {A.id: score(2, 3)}, CUT, {}).below == (Below(A.id, A.title, score(2, 3)),)


def test_an_author_match_is_kept_whatever_its_score_and_stands_where_its_score_puts_it() -> None:
    ranking = ranked({A.id: score(1, 1), B.id: score(9, 9), C.id: score(8, 8)}, {A.id: "Ada"})
    assert kept_ids(ranking) == [B.id, C.id, A.id]
    assert ranking.kept[-1] == Kept(A, score(1, 1), "Ada")


def test_an_author_match_heads_the_unscored_list() -> None:
    ranking = ranked(dict.fromkeys((A.id, B.id, C.id), Failure("refused")), {C.id: "Ada"})
    assert [(u.paper.id, u.author_match) for u in ranking.unscored] == [
        (C.id, "Ada"),
        (A.id, None),
        (B.id, None),
    ]


def test_a_failure_is_unscored_with_its_reason() -> None:
    assert rank([A], {A.id: Failure("refused")}, CUT, {}).unscored[0].reason == "refused"


def test_a_paper_the_scorer_forgot_is_unscored() -> None:
    assert [u.paper.id for u in ranked({A.id: score(), C.id: score(1, 1)}).unscored] == [B.id]


def test_a_verdict_on_a_paper_that_nobody_asked_about_is_ignored() -> None:
    ranking = rank([A], {A.id: score(), "2601.9": score()}, CUT, {})
    assert kept_ids(ranking) == [A.id]


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


def test_papers_that_are_no_longer_announced_are_not_carried_over() -> None:
    before = make.digest(below=[B], filtered=[C], seen=[paper("2601.4")])
    later = make.digest(kept=[KEPT])
    assert carry_over(later, before) == later


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


def test_papers_below_the_cut_with_equal_scores_are_in_the_order_of_their_ids() -> None:
    papers = [paper("2601.2"), paper("2601.1"), paper("2601.3")]
    ranked = rank(papers, {p.id: score(3, 3) for p in papers}, CUT, {})
    assert [b.id for b in ranked.below] == ["2601.1", "2601.2", "2601.3"]
