from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import pytest

from digest.core.day import Explorer
from digest.core.for_you import Measure, ShownDay, clustered, measures, student, wilson
from digest.core.votes import DISLIKED, LIKED, TAKEN_BACK, Vote, VoteSource
from tests.bench.for_you import coverage

DAY = date(2026, 1, 5)
TEN = [f"2601.{n:05}" for n in range(12)]


def shown(number: int, *, explorer: str | None = None) -> ShownDay:
    drawn = Explorer(explorer, 0.01) if explorer else None
    below = frozenset({"2601.00090", explorer or ""})
    return ShownDay(DAY + timedelta(number), tuple(TEN), below, drawn)


def voted(day: ShownDay, paper_id: str, vote: int = LIKED) -> Vote:
    return Vote(paper_id, vote, day.date, VoteSource.BOX)


def of(votes: Sequence[Vote], days: Sequence[ShownDay]) -> tuple[Measure, ...]:
    return measures(votes, days, ())


def test_days_count_if_a_shown_paper_has_a_vote() -> None:
    days = [shown(number) for number in range(8)]
    votes = [voted(day, TEN[0]) for day in days[:5]]
    votes += [
        voted(days[0], TEN[11]),
        voted(days[1], "2601.00090"),
        voted(days[5], TEN[0], DISLIKED),
    ]
    votes += [voted(days[6], TEN[0], TAKEN_BACK), voted(days[7], "2512.00001")]
    votes.append(Vote(TEN[1], LIKED, None, VoteSource.HAND))
    first, above, hidden, foreseen = of(votes, days)
    assert first.source == "5 of 60 papers, 6 days"
    assert above.source == "6 of 7 papers, 5 days"
    assert first.value
    assert first.value.estimate == pytest.approx(5 / 60)
    assert hidden.cells == ("Hidden papers: liked", "–", "–", "0 of 0 explorers: from 30 on")
    assert foreseen.value is None


def test_few_days_give_no_interval() -> None:
    days = [shown(number) for number in range(4)]
    votes = [voted(day, TEN[0]) for day in days]
    assert [m.value for m in measures(votes, days, [0.9] * 4)] == [None] * 4


def test_an_explorers_own_vote_makes_no_day_count() -> None:
    days = [shown(number, explorer="2601.00091") for number in range(40)]
    votes = [voted(day, "2601.00091") for day in days[:9]]
    votes += [voted(day, TEN[0]) for day in days[6:]]
    _, _, hidden, _ = of(votes, days)
    assert hidden.source.startswith("3 of 34 explorers, ")
    assert hidden.value
    share, low, high = hidden.value
    assert share == pytest.approx(3 / 34)
    assert hidden.source.endswith(f"{100 * low:.1f} to {100 * high:.1f} a day")


def test_the_mean_foresight_has_students_interval() -> None:
    foreseen = measures((), (), [0.8, 0.85, 0.9, 0.95, 1.0])[-1]
    assert foreseen.cells[1:] == ("90.0%", "80.2% to 99.8%", "5 days")


@pytest.mark.parametrize(("freedom", "table"), [(4, 2.776), (9, 2.262), (29, 2.045), (89, 1.987)])
def test_students_points_are_those_of_the_tables(freedom: int, table: float) -> None:
    assert student(freedom) == pytest.approx(table, rel=0.003)


def test_intervals_are_those_of_the_literature() -> None:
    assert wilson(0, 30)[1:] == pytest.approx((0, 0.1135), abs=0.001)
    assert wilson(0.4, 10)[1:] == pytest.approx((0.1682, 0.6873), abs=0.001)


def test_days_that_differ_make_an_interval_wider() -> None:
    alike, apart = clustered([(5, 10), (4, 10), (6, 10)] * 3), clustered([(9, 10), (1, 10)] * 5)
    assert apart.high - apart.low > alike.high - alike.low
    assert 0 <= clustered([(0, 10)] * 5).low < clustered([(0, 10)] * 5).high < 0.2


def test_intervals_hold_for_simulated_readers() -> None:
    """`python -m tests.bench for_you` asks 2,000 of them."""
    for name, (share, readers) in coverage(250, seed=3).items():
        assert readers > 150, name
        assert 0.92 <= share <= 0.98, name
