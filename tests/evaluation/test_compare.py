"""`compare`, `measures` and `tables`."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import astuple, replace
from itertools import pairwise, permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.day import Cut
from digest.core.scores import Score
from digest.evaluation.compare import as_dict, compare, evaluate
from digest.evaluation.labels import Label
from digest.evaluation.tables import WIDTH, comparison_to_text, to_text
from tests import make
from tests.make import CUT, cpu_seconds, examples, paper


def label(name: str, *given: Any) -> Label:
    """`given` is relevant, relevance, novelty; what is not given is None."""
    return Label(paper(name), *given)


def labels(marks: str) -> list[Label]:
    """A paper a mark, `a`, `b` and so on: + is relevant, - is not."""
    return [label(chr(ord("a") + i), mark == "+") for i, mark in enumerate(marks)]


def scores(*relevances: int | None) -> dict[str, Score]:
    """Scores without novelty for `labels`, None for none."""
    return {
        chr(ord("a") + i): Score(relevance, None)
        for i, relevance in enumerate(relevances)
        if relevance is not None
    }


# --- known values -----------------------------------------------------------------------------

LOG3 = 1 / math.log2(3)  # what the second place is worth to nDCG; the third is worth a half


@pytest.mark.parametrize(
    ("marks", "given", "figure", "expected"),
    [
        # of a perfect order, and of one in between
        ("++--", [9, 8, 2, 1], "auc", 1),
        ("+-+-", [9, 8, 7, 6], "average_precision", (1 + 2 / 3) / 2),
        ("+-+", [9, 8, 7], "ndcg", (1 + 1 / 2) / (1 + LOG3)),
        # of equals: the mean over both orders
        ("+-", [5, 5], "ndcg", (1 + LOG3) / 2),
        ("+-+-", [9, 5, 5, 5], "recall_at_k", (1 + 1 / 3) / 2),
        # at the first two, and at the cut of 8
        ("+-+-", [9, 8, 7, 6], "precision_at_k", 1 / 2),
        ("+-++", [9, 8, 7, 6], "recall_at_k", 1 / 3),
        ("+-++", [9, 8, 8, 6], "precision", 2 / 3),
        ("+-++", [9, 8, 8, 6], "recall", 2 / 3),
        ("+--+", [9, 8, 8, 6], "f1", 2 / 5),
        # without a score: at the end, neither kept nor among the first
        ("++-", [9, None, 1], "auc", 1 / 2),
        ("++-", [9, None, 1], "recall", 1 / 2),
        ("++", [9, None], "precision_at_k", 1 / 2),
        # undefined
        ("++", [9, 1], "auc", None),
        ("--", [9, 1], "recall_at_k", None),
        ("++", [1, 1], "precision", None),
        ("--", [1, 1], "f1", None),
        # defined, and nothing
        ("--", [9, 1], "precision", 0),
        ("++", [1, 1], "f1", 0),
    ],
)
def test_figures_worked_out_by_hand(
    marks: str, given: list[int | None], figure: str, expected: float | None
) -> None:
    result = evaluate(labels(marks), scores(*given), CUT, k=2)
    assert result.figures[figure] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(Score(8, 10), Score(10, 7), id="the sum first"),
        pytest.param(Score(10, 7), Score(9, 8), id="then relevance"),
        pytest.param(
            Score(8, None, similarity=0.2), Score(8, None, similarity=0.1), id="then similarity"
        ),
    ],
)
def test_the_order_is_that_of_a_digest(first: Score, second: Score) -> None:
    result = evaluate(labels("+-"), {"a": first, "b": second}, CUT)
    assert result.figures["auc"] == 1


@pytest.mark.parametrize(
    ("of_a", "of_b", "gain", "ndcg"),
    [
        ((None, 2, 1), (None, 3, 1), "relevance + novelty - 2", (1 + 2 * LOG3) / (2 + LOG3)),
        ((None, 2, None), (None, 3, 9), "relevance - 1", (1 + 2 * LOG3) / (2 + LOG3)),
        ((False, None, None), (None, 9, 9), "1 if relevant", LOG3),
    ],
)
def test_ndcg_counts_what_every_label_has(
    of_a: tuple[Any, ...], of_b: tuple[Any, ...], gain: str, ndcg: float
) -> None:
    result = evaluate([label("a", *of_a), label("b", *of_b)], scores(9, 8), CUT)
    assert result.gain == gain
    assert result.figures["ndcg"] == pytest.approx(ndcg)


# --- the accounting ---------------------------------------------------------------------------


def test_agreement_is_with_the_labels_that_have_scores() -> None:
    labelled = [
        label("a", None, 8, 7),
        label("b", None, 5),
        label("c", True),
        label("d", None, 3, 1),
    ]
    given = {"a": Score(8, 5), "b": Score(6, 5), "c": Score(1, 1)}
    result = evaluate(labelled, given, CUT).agreement
    assert list(result) == ["relevance", "novelty"]
    relevance, novelty = result["relevance"], result["novelty"]
    assert astuple(relevance)[:4] == (2, 0.5, 1, 0.5)
    assert astuple(novelty)[:4] == (1, 0, 0, -2)
    assert (relevance.confusion[7][7], relevance.confusion[4][5]) == (1, 1)
    assert sum(map(sum, relevance.confusion)) == 2


def test_every_paper_is_counted_and_the_worst_misses_first() -> None:
    given = scores(5, 2, 9, 8, 10, 1, 9, 7, None) | {"z": Score(10, 10)}  # whom nobody labelled
    result = evaluate(labels("+++-----+"), given, CUT)
    assert (result.n, result.relevant, result.scored, result.unscored) == (9, 4, 8, 1)
    assert (result.kept, result.true_positives, result.k) == (4, 1, 9)
    assert [miss["id"] for miss in as_dict(result.missed)] == ["b", "a", "i"]
    assert [miss["id"] for miss in as_dict(result.wrongly_kept)] == ["e", "g", "d"]


# --- whatever the scores ----------------------------------------------------------------------

ONE_TO_TEN = st.none() | st.integers(1, 10)
judgements = st.tuples(st.booleans(), ONE_TO_TEN, ONE_TO_TEN)


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Label], dict[str, Score]]:
    drawn = draw(st.lists(st.tuples(judgements, st.none() | make.scores), max_size=8))
    labelled = [label(f"2601.{i:05}", *given) for i, (given, _) in enumerate(drawn)]
    given = {f"2601.{i:05}": s for i, (_, s) in enumerate(drawn) if s is not None}
    return labelled, given


cuts = st.builds(Cut, st.integers(1, 10), st.integers(1, 10))


@examples(20)
@given(cases(), cuts, st.integers(1, 9))
def test_any_evaluation_and_comparison_adds_up_and_fits(
    case: tuple[list[Label], dict[str, Score]], cut: Cut, k: int
) -> None:
    labelled, given = case
    result = evaluate(labelled, given, cut, k)
    assert result.n == len(labelled) == result.scored + result.unscored
    assert 0 <= result.true_positives <= min(result.kept, result.relevant)
    assert result.relevance is None or sum(result.relevance.papers) == result.scored
    assert all(figure is None or 0 <= figure <= 1 for figure in result.figures.values())
    assert as_dict(evaluate(labelled[::-1], given, cut, k)) == as_dict(result)

    some = dict(list(given.items())[1:])
    compared = compare(labelled, given, some, cut, resamples=2)
    figures = {v for d in compared.differences.values() for v in (d.difference, d.low, d.high)}
    assert figures <= {0, None}, "equal scores do not differ"
    assert all(axis.exact == 1 and axis.difference == 0 for axis in compared.agreement.values())
    report = as_dict(compared)
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    for line in (to_text(result) + comparison_to_text(compared)).splitlines():
        assert len(line.replace("\u2060", "")) <= WIDTH


def by_definition(hits: Sequence[bool], k: int) -> tuple[float, float, float, float]:
    """AUC, average precision, nDCG and precision at k of one order without equals."""
    good = [i for i, hit in enumerate(hits) if hit]
    bad = [i for i, hit in enumerate(hits) if not hit]
    gains = [1 / math.log2(place + 2) for place in range(len(hits))]
    return (
        sum(g < b for g in good for b in bad) / (len(good) * len(bad)),
        sum((n + 1) / (i + 1) for n, i in enumerate(good)) / len(good),
        sum(gains[i] for i in good) / sum(gains[: len(good)]),
        sum(hits[:k]) / k,
    )


@examples(20)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 3)), min_size=2, max_size=6))
def test_figures_of_equals_are_means_over_orders(pairs: list[tuple[bool, int]]) -> None:
    pairs = [(True, 2), (False, 2), *pairs][:6]
    orders = [
        [pairs[i][0] for i in order]
        for order in permutations(range(len(pairs)))
        if all(pairs[a][1] >= pairs[b][1] for a, b in pairwise(order))
    ]
    means = [sum(f) / len(orders) for f in zip(*(by_definition(o, 2) for o in orders), strict=True)]
    marks = "".join("+" if relevant else "-" for relevant, _ in pairs)
    result = evaluate(labels(marks), scores(*(score for _, score in pairs)), CUT, k=2).figures
    names = ("auc", "average_precision", "ndcg", "precision_at_k")
    assert [result[name] for name in names] == pytest.approx(means)


# --- comparing --------------------------------------------------------------------------------


def day(n: int) -> tuple[list[Label], dict[str, Score], dict[str, Score]]:
    """A day on which b ranks well and a does not."""
    labelled = [label(f"2601.{i:05}", i % 5 == 0) for i in range(n)]
    a = {x.paper.id: Score(1 + i * 7 % 10, 1 + i * 3 % 10) for i, x in enumerate(labelled)}
    b = {x.paper.id: replace(a[x.paper.id], relevance=9 if x.relevant else 4) for x in labelled}
    return labelled, a, b


def test_a_clear_difference_is_found_in_seconds() -> None:
    with cpu_seconds(1):
        result = compare(*day(451), CUT, resamples=100)
    auc = astuple(result.differences["auc"])
    assert 0 < auc[1] < auc[0] < auc[2] < 1
    [line] = [line for line in comparison_to_text(result).splitlines() if line.startswith("AUC ")]
    assert line.endswith("   b is higher")


def test_a_paper_without_both_scores_is_left_out() -> None:
    labelled, a, b = day(40)
    some_a, some_b = dict(list(a.items())[:35]), dict(list(b.items())[10:])
    result = compare(labelled, some_a, some_b, CUT, resamples=20)
    both = compare(labelled[10:35], a, b, CUT, resamples=20)
    assert (result.labelled, result.unscored_a, result.unscored_b) == (40, 5, 10)
    assert replace(result, labelled=25, unscored_a=0, unscored_b=0) == both
    assert both.a.n == both.b.n == 25


# --- for machines -----------------------------------------------------------------------------


def test_json_has_four_digits_and_null_for_undefined() -> None:
    report = as_dict(evaluate(labels("+-+--"), scores(5, 5, 5, 5, 5), CUT, k=3))
    assert report["figures"] == {
        "auc": 0.5,
        "average_precision": 0.5925,
        "ndcg": 0.7231,
        "precision": None,
        "recall": 0.0,
        "f1": 0.0,
        "precision_at_k": 0.4,
        "recall_at_k": 0.6,
    }


# --- for people -------------------------------------------------------------------------------

JUDGED = [
    label("2601.00001", None, 9, 8),
    label("2601.00002", None, 8, 7),
    label("2601.00003", None, 2, 3),
    label("2601.00004", None, 3, 6),
    label("math/0309136", None, 1, 1),
]
GIVEN = {
    "2601.00001": Score(9, 8, "Architecture", "A new layer."),
    "2601.00002": Score(4, 5, "none", "An application " + "of sorts " * 20),
    "2601.00003": Score(8, 7),
    "2601.00004": Score(3, 6),
}

TEXT = """\
5 labelled papers, 2 relevant (40%)
1 paper without a score: counted as last and as not kept

At the cut (relevance 8, novelty 7)     kept   not kept
  relevant                                 1          1    recall    0.500
  not relevant                             1          2    precision 0.500
                                                           F1        0.500

These labels are too few to choose a cut: it takes 20 papers, some relevant and some not.

As a ranking
  AUC                    0.833
  average precision      0.833
  nDCG                   0.943   (a paper's gain: relevance + novelty - 2)
  precision at 2         0.500
  recall at 2            0.500

Scores given (# relevant, . not)
     Relevance                                 Novelty
  10 0                                         0
   9 ######################## 1, 1 relevant    0
   8 ........................ 1                ######################## 1, 1 relevant
   7 0                                         ........................ 1
   6 0                                         ........................ 1
   5 0                                         ######################## 1, 1 relevant
   4 ######################## 1, 1 relevant    0
   3 ........................ 1                0
   2 0                                         0
   1 0                                         0

Scores beside the labels' own
  relevance  equal  50%, within one  50%, mean of score - label +0.50 (4 papers)
  novelty    equal  50%, within one  50%, mean of score - label +0.50 (4 papers)

Relevant and not kept: 1, lowest first
  score    label
  R4 N5    R8 N7    2601.00002   On the matter of 2601.00002
                    An application of sorts of sorts of sorts of sorts of sorts of sorts of sorts of
                    sorts of sorts of sorts of sorts of sorts of sorts of sorts of sorts of sorts of
                    sorts of sorts of sorts of sorts

Kept and not relevant: 1, highest first
  score    label
  R8 N7    R2 N3    2601.00003   On the matter of 2601.00003
"""


def test_an_evaluation_is_a_table() -> None:
    assert to_text(evaluate(JUDGED, GIVEN, CUT, k=2)) == TEXT


def test_a_comparison_is_a_table() -> None:
    better = GIVEN | {"2601.00003": Score(2, 2), "math/0309136": Score(1, 1)}
    compared = compare(JUDGED, GIVEN, better, CUT, k=2, resamples=100)
    # What the chance draws is not of this test's concern.
    auc = replace(compared.differences["auc"], low=0.0, high=0.4444)
    ndcg = replace(compared.differences["ndcg"], low=0.0012, high=0.5)
    compared = replace(compared, differences={"auc": auc, "ndcg": ndcg})
    assert comparison_to_text(compared, "prompts", "prompts-new") == COMPARED


COMPARED = """\
5 labelled papers, compared on the 4 that both have scored: 2 relevant (50%)
a: prompts
1 paper without a score: left out of both
b: prompts-new

                             a       b    b - a   95% interval
AUC                      0.750   1.000   +0.250   +0.000 to +0.444
nDCG                     0.943   1.000   +0.057   +0.001 to +0.500   b is higher
Intervals from 100 resamples of the papers; if one includes 0, it is not clear which is higher.

Kept (relevance 8, novelty 7)
  by both 1, only by a 1, only by b 0, by neither 2
  overlap (Jaccard) 0.500

These labels are too few to choose a cut: it takes 20 papers, some relevant and some not.

Scores of b beside those of a
  relevance  equal  75%, within one  75%, mean of b - a -1.50 (4 papers)
  novelty    equal  75%, within one  75%, mean of b - a -1.25 (4 papers)
"""


def test_an_interval_that_is_mostly_undefined_is_not_given() -> None:
    result = compare(labels("+-"), scores(9, 9), scores(1, 1), CUT, resamples=9)
    [precision] = [x for x in comparison_to_text(result).splitlines() if "precision at the" in x]
    assert precision == "precision at the cut     0.500       –        –   –"


def test_what_is_undefined_is_no_zero() -> None:
    text = to_text(evaluate([], {}, CUT))
    assert "0.000" not in text
    assert text.count("–") == 8


def test_ten_misses_are_shown_and_the_others_counted() -> None:
    result = evaluate(labels("+" * 12), scores(*[1] * 12), CUT)
    assert (len(result.missed), result.false_negatives) == (10, 12)
    text = to_text(result)
    assert "Relevant and not kept: 12, the first 10, lowest first" in text
    assert text.endswith("Kept and not relevant: none\n")


HOSTILE = "::error::x\n##[error]y\x1b[31m \u202e@everyone #12 [skip ci]"


@pytest.mark.parametrize("where", ["title", "id", "comment", "name"])
def test_text_from_outside_is_no_command(where: str) -> None:
    named = HOSTILE if where == "id" else "a"
    labelled = Label(paper(named, title=HOSTILE if where == "title" else "T"), True)
    given = {named: Score(1, 1, comment=HOSTILE if where == "comment" else "")}
    compared = compare([labelled], given, given, CUT, resamples=1)
    text = to_text(compared.a) + comparison_to_text(compared, HOSTILE if where == "name" else "a")
    obeyed = ("::error", "##[error", "\x1b", "\u202e", "@everyone", "#12", "[skip")
    assert [result for result in obeyed if result in text] == []
