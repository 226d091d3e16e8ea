"""arXiv's calendar: on which days the feed carries a batch, and what was submitted for it.

A day here is the announcement date in the feed: midnight US Eastern, Monday to Friday. The batch
itself was published at 20:00 the evening before. One rule gives the whole calendar:

    every working day has a submission deadline at 14:00 Eastern, and the feed of the next weekday
    has what was submitted before it; a holiday has no deadline, so that feed is empty.

So a holiday empties the feed of the *following* weekday, never its own: Labor Day (Monday
2026-09-07) that of Tuesday; Independence Day (observed Friday 2026-07-03) that of Monday the 6th,
because Sunday evening announces Friday's submissions. Their papers are in the next batch.

Sources: the schedule at https://info.arxiv.org/help/availability.html; arXiv's own calendar code,
arXiv/arxiv-base `arxiv/submission/arxiv_localtime.py` (6207916f; `is_publish_day`,
`next_freeze_time`, `publish_time`). What bots archived day by day agrees with it for every holiday
from 2025-09-01 to 2026-09-07.

arXiv also moves announcements at short notice (outages, retreats). Such a day still counts as an
announcement day here, so "no batch on an announcement day" is a warning, never a proof.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

EASTERN = ZoneInfo("America/New_York")
DEADLINE = time(14)

# arXiv/arxiv-base `arxiv/db/arxiv_holidays_seed.sql` (dbbb9ac2), which is arXiv's own table; 2026
# also at https://info.arxiv.org/help/availability.html. From 2024 on, when the feed of today began.
# For 2025 both add Sunday 6 July: the same announcement that Friday the 4th already cancels.
HOLIDAYS: Mapping[date, str] = MappingProxyType(
    {
        date(2024, 1, 15): "Martin Luther King Day",
        date(2024, 5, 22): "staff retreat",
        date(2024, 6, 19): "Juneteenth",
        date(2024, 7, 4): "Independence Day",
        date(2024, 9, 2): "Labor Day",
        date(2024, 10, 8): "staff retreat",
        date(2024, 11, 28): "Thanksgiving",
        date(2024, 12, 25): "Christmas Day",
        date(2024, 12, 26): "winter break",
        date(2024, 12, 31): "winter break",
        date(2025, 1, 1): "New Year's Day",
        date(2025, 1, 20): "Martin Luther King Day",
        date(2025, 6, 19): "Juneteenth",
        date(2025, 7, 4): "Independence Day",
        date(2025, 9, 1): "Labor Day",
        date(2025, 11, 27): "Thanksgiving",
        date(2025, 12, 25): "Christmas Day",
        date(2025, 12, 30): "winter break",
        date(2026, 1, 1): "New Year's Day",
        date(2026, 1, 19): "Martin Luther King Day",
        date(2026, 6, 19): "Juneteenth",
        date(2026, 7, 3): "Independence Day",
        date(2026, 9, 7): "Labor Day",
        date(2026, 11, 26): "Thanksgiving",
        date(2026, 12, 25): "Christmas Day",
        date(2026, 12, 29): "winter break",
        date(2026, 12, 31): "winter break",
    }
)
_KNOWN_YEARS = frozenset(holiday.year for holiday in HOLIDAYS)
_DAY = timedelta(days=1)
SATURDAY = 5  # date.weekday()


def today_eastern(now: datetime) -> date:
    """arXiv's date at the moment `now`, which is the date of the current feed.

    Raises ValueError if `now` is naive.
    """
    if now.utcoffset() is None:
        raise ValueError(f"not an aware datetime: {now.isoformat()!r}")
    return now.astimezone(EASTERN).date()


def is_weekend(day: date) -> bool:
    return day.weekday() >= SATURDAY


def is_announcement_day(day: date) -> bool:
    """True if the feed dated `day` should have a batch.

    If `calendar_known(day)` is false, this is only about weekends.
    """
    return not is_weekend(day) and holiday_before(day) is None


def previous_announcement(day: date) -> date:
    """The last announcement day before `day`, which need not be one itself."""
    return _first(day, -_DAY, is_announcement_day)


def next_announcement(day: date) -> date:
    """The first announcement day after `day`, which need not be one itself."""
    return _first(day, _DAY, is_announcement_day)


def between(first: date, end: date) -> list[date]:
    """The announcement days in [first, end)."""
    days, day = [], next_announcement(first - _DAY)
    while day < end:
        days.append(day)
        day = next_announcement(day)
    return days


def calendar_known(day: date) -> bool:
    """True if HOLIDAYS has the year that decides about the feed dated `day`.

    arXiv publishes a year's holidays around its beginning. Until they are added here, holidays of
    that year look like announcement days without a batch.
    """
    return _weekday_before(day).year in _KNOWN_YEARS


def holiday_before(day: date) -> date | None:
    """The holiday that leaves the feed dated `day` empty: the weekday before, if it is one."""
    weekday = _weekday_before(day)
    return weekday if weekday in HOLIDAYS else None


def why_none(day: date) -> str | None:
    """Why there is no announcement on `day`, to end a sentence; None if there is one.

    "2026-09-08 has no announcement: " + "the day before was arXiv's holiday (Labor Day)".
    """
    if is_weekend(day):
        return "a Saturday" if day.weekday() == SATURDAY else "a Sunday"
    if (holiday := holiday_before(day)) is None:
        return None
    when = "the day before" if day - holiday == _DAY else "the Friday before"
    return f"{when} was arXiv's holiday ({HOLIDAYS[holiday]})"


def submission_window(day: date) -> tuple[datetime, datetime]:
    """When the papers announced on `day` were submitted: [start, end), aware, in UTC.

    From the previous batch's deadline to this batch's: Monday's feed has Thursday 14:00 to Friday
    14:00 Eastern, Tuesday's Friday to Monday; after a holiday the window covers both days. A batch
    may also have older papers, which moderators held back. Raises ValueError if `day` is no
    announcement day.
    """
    if reason := why_none(day):
        raise ValueError(f"no announcement on {day.isoformat()!r}: {reason}")
    return _deadline(previous_announcement(day)), _deadline(day)


def _weekday_before(day: date) -> date:
    return _first(day, -_DAY, lambda d: not is_weekend(d))


def _first(day: date, step: timedelta, is_right: Callable[[date], bool]) -> date:
    """The first right day after `day`, in steps."""
    while not is_right(day := day + step):
        pass
    return day


def _deadline(day: date) -> datetime:
    """The deadline that closed the batch announced on `day`, an announcement day."""
    return datetime.combine(_weekday_before(day), DEADLINE, EASTERN).astimezone(UTC)
