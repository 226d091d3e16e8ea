"""`evaluation.cuts`, and how a table shows it."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from digest.core.cuts import CUTS
from digest.core.day import Cut
from digest.core.scores import Score
from digest.evaluation.compare import evaluate
from digest.evaluation.cuts import Cuts, try_cuts
from digest.evaluation.labels import Label
from digest.evaluation.measures import Entry, measure, order
from digest.evaluation.tables import WIDTH, to_text
from tests.make import CUT, cpu_seconds, paper

Given = tuple[int | None, int | None, bool]  # relevance, novelty, is relevant


def entries(given: Sequence[Given], cut: Cut = CUT) -> list[Entry]:
    labels = [Label(paper(str(i)), good) for i, (_, _, good) in enumerate(given)]
    scores = {str(i): Score(r, n) for i, (r, n, _) in enumerate(given) if r is not None}
    return order(labels, scores, cut)


def tried(given: Sequence[Given], cut: Cut = CUT) -> Cuts:
    cuts = try_cuts(entries(given, cut), cut)
    assert cuts
    return cuts


# Of 400 papers 60 are relevant, most of which the configured cut of 8 and 7 does not keep.
CLEAR: list[Given] = [*[(9, 8, True)] * 10, *[(7, 6, True)] * 50]
CLEAR += [(7, 6, False)] * 5 + [(7, 5, False)] * 100 + [(3, 4, False)] * 235


def some(number: int, seed: int) -> list[Given]:
    """Papers with any scores, some with none; the higher, the more often relevant."""
    chance = random.Random(seed)
    papers: list[Given] = []
    for _ in range(number):
        relevance, novelty = chance.randint(1, 10), chance.randint(1, 10)
        good = chance.random() < relevance * novelty / 100
        papers.append((None, None, good) if chance.random() < 0.1 else (relevance, novelty, good))
    return papers


def test_each_cut_is_measured_as_if_it_were_configured() -> None:
    given = some(400, seed=1)
    results = tried(given).results
    assert len(results) > 0.9 * len(CUTS)
    for result in results:
        assert result.novelty is not None
        cut = Cut(result.relevance, result.novelty)
        figures = measure(entries(given, cut), 20)
        assert (result.precision, result.recall) == (figures["precision"], figures["recall"])
        assert result.f1 == figures["f1"]
        assert result.kept == sum(entry.kept for entry in entries(given, cut))


def test_a_cut_that_fits_clearly_better_is_called_so() -> None:
    cuts = tried(CLEAR)
    assert (cuts.best.relevance, cuts.best.novelty) == (7, 6)
    assert cuts.best.best_in > 0.9
    assert 0 < cuts.gain_low < cuts.gain == cuts.best.f1 - cuts.configured.f1 < cuts.gain_high


def test_a_best_cut_by_chance_is_called_so() -> None:
    clearly_better = 0
    for seed in range(20):  # two dozen papers each, and no cut is better than the configured one
        chance = random.Random(seed)
        given: list[Given] = []
        for _ in range(24):
            relevance, novelty = chance.randint(4, 10), chance.randint(5, 9)
            good = chance.random() < (0.8 if relevance >= 8 and novelty >= 7 else 0.1)
            given.append((relevance, novelty, good))
        clearly_better += tried(given).is_better
    assert clearly_better <= 2


def test_the_shares_of_all_cuts_make_a_whole() -> None:
    assert abs(sum(result.best_in for result in tried(some(50, seed=2)).results) - 1) < 1e-9


def test_the_interval_is_narrower_with_more_papers() -> None:
    few, many = tried(CLEAR), tried(CLEAR * 4)
    assert many.gain == few.gain
    assert many.gain_high - many.gain_low < 0.6 * (few.gain_high - few.gain_low)


def test_cuts_that_keep_the_same_papers_are_one() -> None:
    cuts = tried([(9, 8, True), (5, 8, False)] * 10)
    shown = [(result.relevance, result.novelty, result.kept) for result in cuts.results]
    assert shown == [(8, 9, 0), (8, 7, 10), (5, 7, 20)]
    assert cuts.best is cuts.configured
    assert (cuts.gain, cuts.gain_low, cuts.gain_high) == (0, 0, 0)


def test_without_novelty_only_relevance_is_tried() -> None:
    cuts = tried([(9, None, True), (6, None, True), (2, None, False)] * 7)
    assert {result.novelty for result in cuts.results} == {None}
    assert [result.relevance for result in cuts.results] == [10, 8, 6]  # 1 and 2: no topic


def test_without_a_relevant_paper_no_cut_is_named() -> None:
    for given in ([(9, 8, False)], [(None, None, True)], []):
        assert try_cuts(entries(given), CUT) is None


def test_thousands_of_papers_take_under_a_second() -> None:
    every = entries(some(3000, seed=3))
    with cpu_seconds(1):
        try_cuts(every, CUT)


def text_of(given: Sequence[Given]) -> str:
    labels = [Label(paper(str(i)), good) for i, (_, _, good) in enumerate(given)]
    scores = {str(i): Score(r, n) for i, (r, n, _) in enumerate(given) if r is not None}
    return to_text(evaluate(labels, scores, CUT))


def test_the_table_says_which_cut_fits_best() -> None:
    shown = " ".join(text_of(CLEAR).split())
    assert "Relevance 7, novelty 6 fits these labels better than your 8 and 7: F1 0.960" in shown
    assert "Your cut, relevance 8, fits these labels best: F1 1.000, the best in" in text_of(
        [(9, None, True), (6, None, False)] * 10
    )


@pytest.mark.parametrize("given", [[(9, 8, True)], [(9, 8, True)] * 30, [(9, 8, False)] * 30])
def test_too_few_labels_choose_no_cut(given: list[Given]) -> None:
    assert try_cuts(entries(given), CUT) is None
    text = text_of(given)
    assert "These labels are too few to choose a cut: it takes 20 papers" in text
    assert "best in" not in text


def test_a_table_of_all_cuts_stays_short_and_narrow() -> None:
    text = text_of(some(3000, seed=4))
    assert 10 <= text.count("\n  relevance ") <= 16
    assert max(map(len, text.splitlines())) <= WIDTH
