"""A figure of the statistics: pictures along an axis of time, a table of the same numbers. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from operator import attrgetter

from markupsafe import Markup

from digest.core import wording
from digest.core.models import Day
from digest.core.text import visible
from digest.site import charts

_SATURDAY = 5  # date.weekday()
_UNITS = ("day", "week", "month", "quarter", "year")
# Of a timeline: the announcement days of a quarter. Narrower columns than 5 pixels on a phone no
# finger could point at.
_MOST_PLACES = 65
_FEWEST_PLACES = 8  # fewer would be as broad as they are high

_LONGEST = {"day": 1, "week": 7, "month": 31, "quarter": 92, "year": 366}  # days

Say = Callable[[float], str]
Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A figure's numbers, for those who do not see the pictures or want them exactly."""

    caption: str
    head: Row
    rows: tuple[Row, ...]
    foot: Row
    places: tuple[int, ...] = ()  # of the rows, on the axis


@dataclass(frozen=True, slots=True)
class Picture:
    heading: str
    svg: Markup
    columns: tuple[int, ...] = ()  # of the table, that say more of the place that is pointed at


@dataclass(frozen=True, slots=True)
class Figure:
    id: str
    heading: str
    text: str
    pictures: tuple[Picture, ...]
    table: Table
    key: tuple[tuple[str, str], ...] = ()  # (class, what it stands for)
    layout: str = ""  # the class that says how its pictures stand


# --- words ------------------------------------------------------------------------------------


def plainly(day: date) -> str:
    """30 January 2026."""
    return f"{day.day} {day:%B} {day.year}"


def rounded(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"


# --- axes, pictures, tables -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Period:
    """A day, week, month, quarter or year of the axis, whether it has days or not."""

    place: int
    name: str  # "January 2026", "Week of 26 January 2026"
    row: str  # the same below `Axis.head`
    days: tuple[Day, ...]


@dataclass(frozen=True, slots=True)
class Axis:
    unit: str
    head: str  # of the column of a table that names the periods
    periods: tuple[Period, ...]
    labels: tuple[tuple[int, str], ...]
    width: int

    @property
    def filled(self) -> tuple[Period, ...]:
        return tuple(period for period in self.periods if period.days)


def axis_of(days: Sequence[Day], finest: str = "day") -> Axis:
    """The finest division of these days' span that is legible. There is at least one day."""
    recorded = {day.date for day in days}
    for unit in _UNITS[_UNITS.index(finest) :]:
        most = _MOST_PLACES if unit != _UNITS[-1] else None
        found = _starts(days[0].date, days[-1].date, unit, recorded)
        starts = list(islice(found, most and most + 1))
        if most is None or len(starts) <= most:
            break
    ends = [bisect_left(days, start, key=attrgetter("date")) for start in starts[1:]] + [len(days)]
    prefix = "Week of " if unit == "week" else ""
    periods, begin = [], 0
    for place, (start, end) in enumerate(zip(starts, ends, strict=True)):
        row = _name(start, unit)
        periods.append(Period(place, prefix + row, row, tuple(days[begin:end])))
        begin = end
    width = max(len(starts), _FEWEST_PLACES)
    labels = tuple(charts.time_labels(starts, unit, width))
    return Axis(unit, prefix.strip() or unit.capitalize(), tuple(periods), labels, width)


def _starts(first: date, last: date, unit: str, recorded: set[date]) -> Iterator[date]:
    longest = timedelta(days=_LONGEST[unit])
    at = _start(first, unit)
    while at <= last:
        if unit != "day" or at.weekday() < _SATURDAY or at in recorded:
            yield at
        at = _start(at + longest, unit)


def _start(at: date, unit: str) -> date:
    if unit == "week":
        return at - timedelta(days=at.weekday())
    if unit == "month":
        return at.replace(day=1)
    if unit == "quarter":
        return at.replace(month=(at.month - 1) // 3 * 3 + 1, day=1)
    return at.replace(month=1, day=1) if unit == "year" else at


def _name(start: date, unit: str) -> str:
    if unit == "year":
        return str(start.year)
    if unit == "quarter":
        return f"Q{(start.month + 2) // 3} {start.year}"
    return f"{start:%B} {start.year}" if unit == "month" else plainly(start)


def timeline(
    axis: Axis,
    columns: Sequence[charts.Column],
    heading: str,
    title: str,
    classes: Sequence[str],
    height: int,
    highest: float | None = None,
    *,
    told: tuple[int, ...],
    say: Say = rounded,
    stacked: bool = False,
) -> Picture:
    top = charts.highest(columns, stacked)
    made = charts.timeline(
        columns,
        axis.labels,
        width=axis.width,
        title=visible(title),
        description=f"{axis.periods[0].name} to {axis.periods[-1].name}; at most {say(top)}.",
        classes=classes,
        height=height,
        top=highest or top,
        unit="$" if say is wording.dollars else "",
        stacked=stacked,
    )
    return Picture(heading, Markup(made), told)  # noqa: S704 - charts escapes its words


def table(
    caption: str,
    head: Row,
    rows: Iterable[Sequence[str | int]],
    foot: Sequence[str | int],
    places: Iterable[int] = (),
) -> Table:
    return Table(caption, head, tuple(map(_spoken, rows)), _spoken(foot), tuple(places))


def _spoken(row: Sequence[str | int]) -> Row:
    return tuple(f"{value:,}" if isinstance(value, int) else value for value in row)
