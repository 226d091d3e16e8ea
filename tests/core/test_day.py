from __future__ import annotations

from dataclasses import replace

import pytest

from digest.core.day import Digest
from digest.core.scores import Score, ScoredBy, auc
from tests import make


def a_day(**changes: object) -> Digest:
    """A paper at the cut and above another, one below between them, one scored later."""
    day = make.scored_day(make.DAY, [(9, 8), (8, 7), (8, 6), (9, 9)], top=2)
    matches = [90, 40, 60, None]
    kept = [
        replace(k, score=replace(k.score, match=m)) for k, m in zip(day.kept, matches, strict=False)
    ]
    below = [
        replace(b, score=replace(b.score, match=m))
        for b, m in zip(day.below, matches[2:], strict=True)
    ]
    changed = {"kept": tuple(kept), "below": tuple(below), **changes}
    return replace(day, **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize("changes", [{"scorer": ScoredBy.EMBEDDED}, {"below": ()}])
def test_a_day_without_the_model_has_no_foresight(changes: dict[str, object]) -> None:
    assert a_day(**changes).foresight is None


def test_papers_that_reach_the_cut_count_as_above_it() -> None:
    """Also those beyond `keep.top`, which are below."""
    day = a_day()
    beyond = replace(day.below[0], score=Score(9, 9, match=100))
    seen = [replace(day, below=(b, day.below[1])).foresight for b in (day.below[0], beyond)]
    assert seen == [0.5, None]


def test_equal_matches_count_half() -> None:
    assert auc([90, 50], [50, 10]) == 0.875
    assert auc([], [1]) is auc([1], []) is None
