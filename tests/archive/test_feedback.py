from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import PurePosixPath

import pytest

from digest.archive import record
from digest.archive.feedback import shown_days
from digest.archive.store import day_path
from digest.core.day import Digest, Explorer
from digest.core.errors import ArchiveError
from digest.core.scores import Score, ScoredBy
from digest.core.votes import LIKED, TAKEN_BACK, Vote, VoteSource
from tests import make


def vote(day: date, vote: int = LIKED) -> Vote:
    return Vote("2601.00001", vote, day, VoteSource.BOX)


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


def read_from(day: Digest) -> dict[PurePosixPath, bytes]:
    return {day_path(day.date): record.encode(day)}


def test_a_voted_day_is_read_with_its_foresight() -> None:
    explorer = Explorer("2601.30002", 0.005)
    day = a_day(explorer=explorer)
    (shown,) = shown_days([vote(make.DAY), vote(make.DAY + timedelta(1))], read_from(day).get)
    assert shown.kept == tuple(kept.paper.id for kept in day.kept)
    assert shown.below == {below.id for below in day.below}
    assert (shown.explorer, shown.foresight) == (explorer, 0.5)


@pytest.mark.parametrize("changes", [{"scorer": ScoredBy.EMBEDDED}, {"fallback": "HTTP 500"}])
def test_a_day_without_the_model_has_no_foresight(changes: dict[str, object]) -> None:
    (shown,) = shown_days([vote(make.DAY)], read_from(a_day(**changes)).get)
    assert shown.foresight is None


def test_only_the_last_days_with_votes_are_read() -> None:
    asked: list[PurePosixPath] = []
    days = [make.DAY + timedelta(number) for number in range(100)]
    votes = [*map(vote, days), vote(make.DAY + timedelta(200), TAKEN_BACK)]
    assert shown_days(votes, asked.append) == ()
    assert asked == [day_path(day) for day in days[10:]]


def test_a_damaged_record_is_named() -> None:
    with pytest.raises(ArchiveError, match=r"2026-01-30\.json: kept: Expected `array`"):
        shown_days(
            [vote(make.DAY)],
            lambda _: b'{"scorer": "llm", "keep": {"relevance": 8, "novelty": 7}, "kept": 1}',
        )


def test_papers_that_reach_the_cut_count_as_above_it() -> None:
    """Also those beyond `keep.top`, which are below."""
    day = a_day()
    beyond = replace(day.below[0], score=Score(9, 9, match=100))
    one, other = (replace(day, below=(b, day.below[1])) for b in (day.below[0], beyond))
    seen = [shown_days([vote(make.DAY)], read_from(d).get)[0].foresight for d in (one, other)]
    assert seen == [0.5, None]
