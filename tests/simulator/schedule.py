"""The slots of the workflow that the repository ships, as GitHub would start them: dropped, late,
doubled."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from tests.simulator.faults import Faults

_WORKFLOW = Path(__file__).parents[2] / ".github" / "workflows" / "daily.yml"
_CRON = re.compile(r'- cron: "([0-9]+) ([0-9]+) \* \* ([0-9])(?:-([0-9]))?"')


@dataclass(frozen=True, order=True)
class Slot:
    starts: datetime
    named: datetime  # by the schedule
    runs: int  # 2: two at once


def times() -> list[tuple[time, frozenset[int]]]:
    """The times of day, and the weekdays (Monday is 0) on which they count."""
    slot_times = []
    for minute, hour, first, last in _CRON.findall(_WORKFLOW.read_text(encoding="utf-8")):
        days = frozenset(day - 1 for day in range(int(first), int(last or first) + 1))
        slot_times.append((time(int(hour), int(minute)), days))
    if not slot_times:
        raise ValueError(f"{_WORKFLOW}: no schedule found")
    return slot_times


def slots(first: date, last: date, faults: Faults) -> list[Slot]:
    """Those that start, in the order in which they do."""
    return sorted(_slots(first, last, faults))


def _slots(first: date, last: date, faults: Faults) -> Iterator[Slot]:
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        for at, weekdays in times():
            named = datetime.combine(day, at, UTC)
            if day.weekday() in weekdays and not faults.dropped(named):
                yield Slot(named + faults.delay(named), named, 1 + faults.doubled(named))
