from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.calendar import (
    HOLIDAYS,
    calendar_known,
    holiday_before,
    is_announcement_day,
    next_announcement,
    previous_announcement,
    submission_window,
    today_eastern,
    why_none,
)
from tests.make import examples

days = st.dates(date(2020, 1, 1), date(2040, 12, 31))


def day(text: str) -> date:
    return date.fromisoformat(text)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("holiday", "empty"),
    [
        # The archives of bots confirm each: no new batch on `empty`.
        ("2025-12-30", "2025-12-31"),
        ("2026-06-19", "2026-06-22"),  # a Friday: Sunday evening announces nothing
        ("2026-09-07", "2026-09-08"),
        ("2026-12-31", "2027-01-01"),
    ],
)
def test_a_holiday_empties_the_next_weekdays_feed(holiday: str, empty: str) -> None:
    assert is_announcement_day(day(holiday))
    assert not is_announcement_day(day(empty))
    assert holiday_before(day(empty)) == day(holiday)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2025-07-04", None),  # Independence Day itself: Thursday evening's batch
        ("2026-01-30", None),
        ("2026-05-25", None),  # Memorial Day and Columbus Day: no holidays of arXiv's
        ("2026-01-31", "a Saturday"),
        ("2026-02-01", "a Sunday"),
        ("2026-09-08", "the day before was arXiv's holiday (Labor Day)"),
        ("2026-07-06", "the Friday before was arXiv's holiday (Independence Day)"),
    ],
)
def test_why_there_is_no_announcement(text: str, reason: str | None) -> None:
    assert why_none(day(text)) == reason
    assert is_announcement_day(day(text)) == (reason is None)


@pytest.mark.parametrize(
    ("text", "previous", "following"),
    [
        ("2026-02-02", "2026-01-30", "2026-02-03"),
        ("2026-07-06", "2026-07-03", "2026-07-07"),
        ("2026-12-31", "2026-12-29", "2027-01-04"),
    ],
)
def test_neighbours_step_over_weekends_and_holidays(
    text: str, previous: str, following: str
) -> None:
    assert previous_announcement(day(text)) == day(previous)
    assert next_announcement(day(text)) == day(following)


@examples(30)
@given(days)
def test_no_announcement_lies_between_neighbours(d: date) -> None:
    previous, following = previous_announcement(d), next_announcement(d)
    assert previous < d < following
    span = [previous + timedelta(n) for n in range((following - previous).days + 1)]
    assert [each for each in span if is_announcement_day(each) and each != d] == [
        previous, following
    ]  # fmt: skip
    assert all((why_none(each) is None) == is_announcement_day(each) for each in span)


def test_every_holiday_is_a_weekday_and_empties_one_feed() -> None:
    assert all(holiday.weekday() < 5 for holiday in HOLIDAYS)
    span = (date(2024, 1, 1) + timedelta(n) for n in range(366 + 365 + 365 + 4))
    empty = [d for d in span if d.weekday() < 5 and not is_announcement_day(d)]
    assert len(empty) == len(HOLIDAYS)


def test_a_year_whose_holidays_are_not_published_has_weekends_only() -> None:
    assert calendar_known(day("2026-12-31"))
    assert calendar_known(day("2027-01-01"))  # decided by Thursday 2026-12-31
    assert not calendar_known(day("2027-01-04"))  # decided by Friday 2027-01-01
    assert not calendar_known(day("2023-12-29"))
    assert is_announcement_day(day("2027-11-26"))


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        # The table of availability.html, in winter time (14:00 Eastern is 19:00 UTC).
        ("2026-01-26", "2026-01-22T19:00", "2026-01-23T19:00"),
        ("2026-01-27", "2026-01-23T19:00", "2026-01-26T19:00"),
        ("2026-08-05", "2026-08-03T18:00", "2026-08-04T18:00"),  # summer time
        ("2026-03-10", "2026-03-06T19:00", "2026-03-09T18:00"),  # clocks go forward on 03-08
        ("2026-11-03", "2026-10-30T18:00", "2026-11-02T19:00"),  # and back on 11-01
        # Over holidays both days come in one batch.
        ("2026-09-09", "2026-09-04T18:00", "2026-09-08T18:00"),
        ("2026-11-30", "2026-11-25T19:00", "2026-11-27T19:00"),
    ],
)
def test_the_window_runs_from_deadline_to_deadline(text: str, start: str, end: str) -> None:
    assert submission_window(day(text)) == (utc(start), utc(end))
    with pytest.raises(ValueError, match=r"no announcement on '2026-09-08': .*Labor Day"):
        submission_window(day("2026-09-08"))


@examples(30)
@given(days)
def test_windows_follow_each_other_without_gap(d: date) -> None:
    announced = [next_announcement(d)]
    for _ in range(10):
        announced.append(next_announcement(announced[-1]))
    windows = [submission_window(each) for each in announced]
    assert all(start < end for start, end in windows)
    assert all(one[1] == other[0] for one, other in pairwise(windows))
    assert {moment.tzinfo for window in windows for moment in window} == {UTC}
    assert all(end.date() < each for each, (_, end) in zip(announced, windows, strict=True))


@pytest.mark.parametrize(
    ("now", "today"),
    [
        ("2026-01-30T04:59", "2026-01-29"),
        ("2026-01-30T05:00", "2026-01-30"),
        ("2026-03-09T03:59", "2026-03-08"),  # in summer
        ("2026-03-09T04:00", "2026-03-09"),
    ],
)
def test_today_turns_at_midnight_eastern_in_summer_and_in_winter(now: str, today: str) -> None:
    assert today_eastern(utc(now)) == day(today)


def test_the_clock_may_be_in_any_zone_that_it_names() -> None:
    beijing = timezone(timedelta(hours=8))
    assert today_eastern(utc("2026-01-30T04:00").astimezone(beijing)) == day("2026-01-29")
    with pytest.raises(ValueError, match="aware"):
        today_eastern(datetime(2026, 1, 30, 12))  # noqa: DTZ001 - what is refused
