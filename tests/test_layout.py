from __future__ import annotations

from datetime import date

import pytest

from digest import archive
from digest.layout import day_file, day_of_record, is_generated

DAY = date(2026, 1, 30)


def test_a_days_record_and_pages_are_ours_and_the_record_tells_its_day() -> None:
    record = str(archive.day_path(DAY))
    assert record == f"data/{day_file(DAY, '.json')}" == "data/2026/2026-01-30.json"
    assert day_of_record(record) == DAY
    assert all(is_generated(str(day_file(DAY, suffix))) for suffix in (".html", ".md"))


@pytest.mark.parametrize(
    "path",
    [
        "2026/2026-01-30.json",
        "data/2026/2026-01-30.html",
        "data/2026/2026-13-30.json",  # no such day
        "data/2026-01-30.json",
        "mine/data/2026/2026-01-30.json",
        "data/2026/2026-01-30.json.tmp",
        "data/days.jsonl",
    ],
)
def test_no_other_path_is_a_days_record(path: str) -> None:
    assert day_of_record(path) is None
