from __future__ import annotations

from dataclasses import replace

from digest.core.day import Below
from digest.core.near import may_like, near_misses
from digest.core.scores import Score
from tests import make


def test_the_best_matches_among_near_misses_may_please() -> None:
    matches = [94, 95, None, 97, 100, 96]
    below = [Below(f"2601.{n:05}", "T", Score(7, 7, match=m)) for n, m in enumerate(matches)]
    far = Below("2601.00009", "Far", Score(3, 3, match=100))
    day = replace(make.digest(), below=(*below, far))
    assert [one.score.match for one in may_like(day)] == [100, 97, 96]
    assert [one.score.match for one in near_misses(day)] == [94, 95, None]
