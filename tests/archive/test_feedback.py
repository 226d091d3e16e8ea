from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path, PurePosixPath

import pytest

from digest.archive import feedback, record
from digest.archive.feedback import shown_days
from digest.archive.store import day_path
from digest.core.day import Digest, Explorer
from digest.core.errors import ArchiveError
from digest.core.votes import LIKED, TAKEN_BACK, Vote, VoteSource
from tests import make


def vote(day: date, vote: int = LIKED) -> Vote:
    return Vote("2601.00001", vote, day, VoteSource.BOX)


def a_day(**changes: object) -> Digest:
    day = make.scored_day(make.DAY, [(9, 8), (8, 7), (8, 6), (9, 9)], top=2)
    return replace(day, **changes)  # type: ignore[arg-type]


def read_from(day: Digest) -> dict[PurePosixPath, bytes]:
    return {day_path(day.date): record.encode(day)}


def test_what_a_voted_day_showed_is_read() -> None:
    explorer = Explorer("2601.30002", 0.005)
    day = a_day(explorer=explorer)
    (shown,) = shown_days([vote(make.DAY), vote(make.DAY + timedelta(1))], read_from(day).get)
    assert shown.kept == tuple(kept.paper.id for kept in day.kept)
    assert shown.below == {below.id for below in day.below}
    assert shown.explorer == explorer


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
            lambda _: b'{"scorer": "llm", "kept": 1}',
        )


@pytest.mark.parametrize(
    ("lines", "read"),
    [
        # Who edits a line made from a tick does so by hand.
        ('{"id":"2601.00001","vote":0,"date":"2026-01-30","source":"box"}', [(0, "hand")]),
        ('{"id":"2601.00001","vote":-1,"source":"box"}', [(-1, "hand")]),
        ('\ufeff{"id":"2601.00001","vote":1}\r\n\r\n', [(1, "hand")]),
        # Of several lines the strongest counts, wherever it stands.
        (
            '{"id":"2601.00001","vote":0}\n{"id":"2601.00001v2","vote":1,"source":"box"}',
            [(0, "hand")],
        ),
        ('{"id":"https://arxiv.org/abs/2601.00001","vote":1,"source":"box"}', [(1, "box")]),
    ],
)
def test_a_file_that_people_edit_is_read_as_meant(
    tmp_path: Path, lines: str, read: list[tuple[int, str]]
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / feedback.VOTES).write_bytes(lines.encode())
    votes = feedback.read_votes(tmp_path)
    assert [vote.id for vote in votes] == ["2601.00001"]
    assert [(vote.vote, vote.source) for vote in votes] == read


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (r'{"id":"::error::\u001b[31m","vote":1}', "line 1: '::error::"),
        ('{"id":"2601.00001","vote":2}', "line 1: vote: Expected"),
        ('{"id":"2601.00001","vot":1}', "line 1: "),
        ("<<<<<<< HEAD", "line 1: not JSON"),
        ("[1]", "line 1: Expected"),
    ],
)
def test_a_line_that_is_no_vote_is_named(tmp_path: Path, line: str, problem: str) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / feedback.VOTES).write_text(line)
    with pytest.raises(ArchiveError) as raised:
        feedback.read_votes(tmp_path)
    assert problem in str(raised.value)
    assert "\u001b" not in str(raised.value)
