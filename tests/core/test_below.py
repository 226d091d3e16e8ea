"""What is shown of the papers below the cut."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

from digest.core.below import draw_explorer, may_like, near_misses, to_tick
from digest.core.day import Below, Digest
from digest.core.scores import Score
from tests import make

FAR = 6  # papers beside the near misses


def day(near: int, far: int) -> Digest:
    return make.scored_day(make.DAY, [(9, 9), *[(7, 7)] * near, *[(2, 2)] * far])


def test_the_explorer_is_never_a_near_miss() -> None:
    made = day(12, FAR)
    shown = {below.id for below in to_tick(made)}
    drawn = draw_explorer(made)
    assert drawn
    assert drawn.id in {below.id for below in made.below} - shown
    assert drawn.probability == 1 / (2 + FAR)
    assert draw_explorer(day(10, 0)) is None


def test_the_explorer_of_a_date_does_not_change() -> None:
    made = day(10, FAR)
    shuffled = replace(made, below=made.below[::-1], kept=())
    assert draw_explorer(made) == draw_explorer(shuffled)


def test_over_many_dates_each_paper_is_drawn_alike() -> None:
    made = day(10, FAR)
    dates = (made.date + timedelta(days=n) for n in range(600))
    drawn = [draw_explorer(replace(made, date=date)) for date in dates]
    times = Counter(explorer.id for explorer in drawn if explorer)
    assert len(times) == FAR
    assert all(70 <= number <= 130 for number in times.values())  # 100, within 3.3 sigma


def test_the_best_matches_among_near_misses_may_please() -> None:
    matches = [94, 95, None, 97, 100, 96]
    below = [Below(f"2601.{n:05}", "T", Score(7, 7, match=m)) for n, m in enumerate(matches)]
    far = Below("2601.00009", "Far", Score(3, 3, match=100))
    day = replace(make.digest(), below=(*below, far))
    assert [one.score.match for one in may_like(day)] == [100, 97, 96]
    assert [one.score.match for one in near_misses(day)] == [94, 95, None]
