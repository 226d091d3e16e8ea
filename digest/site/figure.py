"""A figure of the statistics: pictures along an axis of time, a table of the same numbers. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from markupsafe import Markup

from digest.core import wording
from digest.core.day import Day
from digest.core.text import visible
from digest.site import charts

_SATURDAY = 5  # date.weekday()
_UNITS = ("day", "week", "month", "quarter", "year")
# Of a timeline: the announcement days of a quarter. Narrower columns than 5 pixels on a phone no
# finger could point at.
_MOST_PLACES = 65
_FEWEST_PLACES = 8  # fewer would be as broad as they are high

InWords = Callable[[float], str]
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
    columns: tuple[int, ...] = ()  # of the table: shown for the place that is pointed at


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
    labels: tuple[str, ...]  # one for each period

    @property
    def filled(self) -> tuple[Period, ...]:
        return tuple(period for period in self.periods if period.days)


def axis_of(days: Sequence[Day], finest: str = "day") -> Axis:
    """The finest division of these days' span that is legible. There is at least one day."""
    for unit in _UNITS[_UNITS.index(finest) :]:
        starts = _starts(days, unit)
        if len(starts) <= _MOST_PLACES:
            break
    by_start: dict[date, list[Day]] = {start: [] for start in starts}
    for day in days:
        by_start[_start(day.date, unit)].append(day)
    prefix = "Week of " if unit == "week" else ""
    periods = tuple(
        Period(place, prefix + _name(start, unit), _name(start, unit), tuple(own))
        for place, (start, own) in enumerate(by_start.items())
    )
    labels = tuple(_label(start, unit) for start in starts)
    return Axis(unit, prefix.strip() or unit.capitalize(), periods, labels)


def _starts(days: Sequence[Day], unit: str) -> list[date]:
    """The first date of each period, from that of the first day to that of the last."""
    first, last = days[0].date, days[-1].date
    dates = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    if unit == "day":
        recorded = {day.date for day in days}
        return [at for at in dates if at.weekday() < _SATURDAY or at in recorded]
    return list(dict.fromkeys(_start(at, unit) for at in dates))


def _start(at: date, unit: str) -> date:
    """The first date of the period that `at` lies in."""
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


def _label(start: date, unit: str) -> str:
    """For the axis of a picture: "5 Jan", "Jan 2026", "Q1 2026", "2026"."""
    if unit in ("day", "week"):
        return f"{start.day} {start:%b}"
    return f"{start:%b} {start.year}" if unit == "month" else _name(start, unit)


def timeline(
    axis: Axis,
    columns: Sequence[charts.Column],
    heading: str,
    title: str,
    classes: Sequence[str],
    height: int,
    *,
    shown: Sequence[int],
    highest: float = 0.0,
    in_words: InWords = rounded,
    stacked: bool = False,
) -> Picture:
    """Columns along the axis. `shown` are the columns of the table that belong to it; `highest` is
    what the scale reaches at least. For the rest see `charts.draw`."""
    top = charts.highest(columns, stacked)
    svg = charts.draw(
        columns,
        axis.labels,
        width=_FEWEST_PLACES,
        title=visible(title),
        description=f"{axis.periods[0].name} to {axis.periods[-1].name}; at most {in_words(top)}.",
        classes=classes,
        height=height,
        top=max(highest, top),
        scale="${}" if in_words is wording.dollars else "{}",
        stacked=stacked,
    )
    return Picture(heading, Markup(svg), tuple(shown))  # noqa: S704 - charts escapes its words


def table(
    caption: str,
    head: Row,
    rows: Iterable[Sequence[str | int]],
    foot: Sequence[str | int],
    places: Iterable[int] = (),
) -> Table:
    return Table(caption, head, tuple(map(_row, rows)), _row(foot), tuple(places))


def _row(values: Sequence[str | int]) -> Row:
    return tuple(f"{value:,}" if isinstance(value, int) else value for value in values)
