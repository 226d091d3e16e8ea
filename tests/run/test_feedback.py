from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from digest.core.votes import DISLIKED, LIKED, Pulled, Vote, VotedPaper, VoteSource
from digest.run.feedback import FILE, keep, pulled
from tests.make import DAY

AT = datetime(2026, 1, 31, 8, 30, tzinfo=UTC)
PULLED = Pulled(
    votes=(
        Vote("2601.00001", LIKED, DAY, VoteSource.BOX),
        Vote("math.GT/0309136", DISLIKED, None, VoteSource.COMMENT, AT),
    ),
    boxes=frozenset(date(2026, 1, day) for day in range(1, 15)),
    papers=(VotedPaper("math.GT/0309136", "On ◊ knots", "$x$"),),
)


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    folder = tmp_path / ".digest"
    assert pulled(folder) == Pulled()
    keep(folder, PULLED)
    assert pulled(folder) == PULLED
    written = (folder / FILE).read_bytes()
    keep(folder, Pulled(PULLED.votes, frozenset(sorted(PULLED.boxes)[::-1]), PULLED.papers))
    assert (folder / FILE).read_bytes() == written  # else it would be saved with every run
    keep(folder, Pulled())
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "damaged", [b"", b"[" * 100_000, b'{"votes": [{"id": 7}]}', b'{"votes": []', b"\xff"]
)
def test_a_damaged_file_is_nothing_and_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damaged: bytes
) -> None:
    (tmp_path / FILE).write_bytes(damaged)
    assert pulled(tmp_path) == Pulled()
    assert f"{tmp_path / FILE}: damaged" in caplog.text
    keep(tmp_path, PULLED)
    assert pulled(tmp_path) == PULLED
