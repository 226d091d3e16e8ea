from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.cuts import CUTS, advise, last_days, reaching
from digest.core.day import Cut, Day, Digest
from digest.core.scores import Score, ScoredBy
from tests import make
from tests.make import DAY, examples

Pairs = list[tuple[int, int | None]]


def scored(
    pairs: Sequence[tuple[int, int | None]],
    number: int = 0,
    *,
    scorer: ScoredBy = ScoredBy.MODEL,
    cut: Cut = make.CUT,
    top: int | None = None,
) -> Digest:
    """The day `number` days after `DAY`, which scored a paper for each pair of scores."""
    return make.scored_day(DAY + timedelta(number), pairs, scorer=scorer, cut=cut, top=top)


def words(*digests: Digest, cut: Cut | None = None) -> str:
    advice = advise(digests, cut)
    return f"{advice.finding}: {advice.remedy}" if advice else ""


# --- how many reach a cut ---------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(1, 10), st.none() | st.integers(1, 10))))
@examples(50)
def test_papers_reach_the_cuts_that_they_pass(pairs: Pairs) -> None:
    passing = [sum(cut.passes(Score(*pair)) for pair in pairs) for cut in CUTS]
    assert reaching(Counter(pairs)) == passing


# --- advice -----------------------------------------------------------------------------------

FEW = [(9, 8)] * 1 + [(8, 6)] * 9 + [(3, 5)] * 190
MANY = [(9, 8)] * 40 + [(8, 7)] * 60 + [(2, 4)] * 100


def test_a_cut_that_keeps_too_little_is_named_with_another() -> None:
    assert words(scored(FEW)) == (
        "relevance 8, novelty 7 keeps 1 of the 200 papers scored on the last day (0.5%, less than"
        " 2%): `keep: {relevance: 8, novelty: 6}` would keep 10 (5.0%)"
    )


def test_a_cut_that_keeps_too_much_is_named_with_another() -> None:
    assert words(scored(MANY), scored(MANY, 1)) == (
        "relevance 8, novelty 7 keeps 200 of the 400 papers scored on the last 2 days (50%, more"
        " than 25%): `keep: {relevance: 8, novelty: 8}` would keep 80 (20%)"
    )


def test_without_novelty_another_relevance_is_named() -> None:
    day = scored([(5, None)] * 10 + [(2, None)] * 190, scorer=ScoredBy.EMBEDDED)
    assert words(day) == (
        "relevance 8 keeps 0 of the 200 papers scored on the last day (0%, less than 2%):"
        " `keep: {relevance: 5, top: null}` would keep 10 (5.0%)"
    )


def test_no_cut_among_papers_without_a_topic_is_named() -> None:
    assert words(scored([(9, 9)] + [(2, 9)] * 20 + [(1, 1)] * 180)).endswith(
        ": no cut would keep 2% to 25%: look at the topics and the categories"
    )


@pytest.mark.parametrize(("good", "share"), [(4, "2.0%"), (50, "25%")])
def test_a_share_on_the_bound_is_good(good: int, share: str) -> None:
    shown = words(scored([(8, 7)] * good + [(1, 1)] * (200 - good)))
    assert shown.endswith(f"({share}): ")


def test_the_present_cut_may_be_another_than_the_records() -> None:
    assert words(scored(FEW), cut=Cut(8, 6)).endswith("(5.0%): ")


def test_papers_beyond_the_most_of_a_day_reached_the_cut() -> None:
    days = [scored(MANY, number, top=5) for number in range(2)]
    assert words(*days, cut=replace(make.CUT, top=5)) == (
        "relevance 8, novelty 7 keeps 10 of the 400 papers scored on the last 2 days (2.5%): "
    )
    assert words(*days, cut=replace(make.CUT, top=1)).endswith(
        "keeps 2 of the 400 papers scored on the last 2 days (0.5%): "
    )
    assert "keeps 200 of the 400" in words(*days)  # the days' own limit does not count


def test_always_kept_papers_take_no_place_of_the_top() -> None:
    day = scored([(9, 8)] * 5 + [(2, 2)] * 195)
    day = replace(day, kept=(replace(day.kept[0], author_match="Ada"), *day.kept[1:]))
    assert "keeps 3 of the 200" in words(day, cut=replace(make.CUT, top=2))


@pytest.mark.parametrize(
    ("scorer", "top", "setting"),
    [
        (ScoredBy.MODEL, 10, "keep: {relevance: 8, novelty: 6, top: 10}"),
        (ScoredBy.EMBEDDED, 20, "keep: {relevance: 8, novelty: 6}"),  # the usual one
        (ScoredBy.EMBEDDED, None, "keep: {relevance: 8, novelty: 6, top: null}"),
    ],
)
def test_the_advised_setting_keeps_the_top(scorer: ScoredBy, top: int | None, setting: str) -> None:
    assert f"`{setting}`" in words(scored(FEW, scorer=scorer), cut=replace(make.CUT, top=top))


def test_days_of_an_older_embedded_scorer_give_no_advice() -> None:
    day = scored(FEW, scorer=ScoredBy.EMBEDDED)
    assert advise([day])
    assert advise([replace(day, with_phrase=None)]) is None


# --- of which days ----------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "papers", "enough"), [(2, 49, 0), (2, 50, 1), (3, 2, 1)])
def test_few_papers_of_few_days_say_nothing(days: int, papers: int, enough: int) -> None:
    made = [scored([(1, 1)] * papers, number) for number in range(days)]
    assert bool(advise(made)) == enough


def test_scores_of_another_model_or_prompt_do_not_count() -> None:
    older, newest = scored(MANY), scored(FEW, 1)
    for other in (
        replace(older, model="other"),
        replace(older, prompt=replace(older.prompt, user="Other topics")),
    ):
        assert "of the 200 papers scored on the last day" in words(other, newest)


def test_the_last_ten_days_of_the_scorer_count() -> None:
    digests = [scored(FEW, number) for number in range(12)]
    digests[5] = scored([(3, None)], 5, scorer=ScoredBy.EMBEDDED)
    digests[7] = make.digest(day=DAY + timedelta(7))  # nothing was scored
    days = list(map(Day.of, digests))
    assert [(day.date - DAY).days for day in last_days(days)] == [1, 2, 3, 4, 6, 8, 9, 10, 11]
    assert [(d.date - DAY).days for d in last_days(days, ScoredBy.EMBEDDED)] == [5]
    assert last_days([]) == []
    assert advise([]) is None
