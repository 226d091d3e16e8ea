from __future__ import annotations

import html
from datetime import date, datetime

import pytest

from digest import site
from digest.models import Digest
from digest.publish import BODY_WIDTH, commit_message
from digest.wording import warnings
from tests import make
from tests.site.days import SITE

FRIDAY, LABOR_DAY = date(2026, 1, 30), date(2026, 9, 7)
LATE = "Made on Tuesday, 3 February 2026, after arXiv's next announcement was due."


def made_on(day: date, made: str) -> Digest:
    return make.digest(day=day, below=[make.paper()], generated_at=datetime.fromisoformat(made))


@pytest.mark.parametrize(
    ("day", "made", "late"),
    [
        (FRIDAY, "2026-01-30T05:30Z", None),  # half an hour after the feed's own midnight
        (FRIDAY, "2026-02-01T12:00Z", None),  # over the weekend nothing else was announced
        (FRIDAY, "2026-02-02T04:59Z", None),  # in the east it is still Sunday
        (FRIDAY, "2026-02-02T05:00Z", "Monday, 2 February 2026"),
        (FRIDAY, "2026-02-04T03:00Z", "Tuesday, 3 February 2026"),
        (LABOR_DAY, "2026-09-08T12:00Z", None),  # it empties Tuesday's feed
        (LABOR_DAY, "2026-09-09T12:00Z", "Wednesday, 9 September 2026"),
    ],
)
def test_a_day_made_once_the_next_was_due_says_when(day: date, made: str, late: str | None) -> None:
    expected = (f"Made on {late}, after arXiv's next announcement was due.",) if late else ()
    assert warnings(made_on(day, made)) == expected


def test_a_late_day_says_so_wherever_it_is_read() -> None:
    late = made_on(FRIDAY, "2026-02-03T12:00Z")
    message = commit_message(late)
    assert LATE in " ".join(message.split())
    assert all(len(line) <= BODY_WIDTH for line in message.splitlines())
    for page in site.day_files(late, SITE).values():
        assert LATE in html.unescape(page.decode().replace("\\", ""))


@pytest.mark.parametrize(("made", "late"), [("0001-01-01T00:00Z", 0), ("9999-12-31T23:59Z", 1)])
def test_any_time_at_which_a_day_was_made_can_be_told(made: str, late: int) -> None:
    assert len(warnings(made_on(FRIDAY, made))) == late
