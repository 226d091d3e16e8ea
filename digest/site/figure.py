"""A figure of the statistics: pictures along an axis of time, a table of the same numbers. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from markupsafe import Markup

from digest.core import calendar, wording
from digest.core.day import Day
from digest.core.text import visible
from digest.site import charts

_UNITS = ("day", "week", "month", "quarter", "year")
# Of a timeline: the announcement days of a quarter. Narrower columns than 5 pixels on a phone no
# finger could point at.
_MOST_PLACES = 65
_FEWEST_PLACES = 8  # fewer would be as broad as they are high

Row = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A figure's numbers, for those who do not see the pictures or want them exactly."""

    caption: str
    head: tuple[str, ...]
    rows: Sequence[Row]
    foot: Row
    places: Sequence[int]  # of the rows, on the axis


@dataclass(frozen=True, slots=True)
class Picture:
    heading: str
    svg: Markup
    columns: Sequence[int]  # of the table: shown for the place that is pointed at


@dataclass(frozen=True, slots=True)
class Figure:
    id: str
    heading: str
    text: str
    pictures: Sequence[Picture]
    table: Table
    key: Sequence[tuple[str, str]] = ()  # (class, what it stands for)
    layout: str = ""  # the class that says how its pictures stand


@dataclass(frozen=True, slots=True)
class Period:
    """A day, week, month, quarter or year of the axis, whether it has days or not."""

    place: int
    name: str  # "30 January 2026", "January 2026"; of a week, its Monday
    label: str  # for the axis of a picture: "5 Jan", "Jan 2026", "Q1 2026"
    days: Sequence[Day]


@dataclass(frozen=True, slots=True)
class Axis:
    unit: str
    periods: tuple[Period, ...]

    @property
    def head(self) -> str:
        """Of the column of a table that names the periods."""
        return "Week of" if self.unit == "week" else self.unit.capitalize()

    @property
    def filled(self) -> tuple[Period, ...]:
        return tuple(period for period in self.periods if period.days)


def axis_of(days: Sequence[Day], finest: str = "day") -> Axis:
    """The finest division of these days' span that is legible. There is at least one day."""
    first, last = days[0].date, days[-1].date
    dates = [first + timedelta(n) for n in range((last - first).days + 1)]
    recorded = {day.date for day in days}
    for unit in _UNITS[_UNITS.index(finest) :]:
        own: dict[date, list[Day]] = {
            _start(day, unit): []
            for day in dates
            if unit != "day" or not calendar.is_weekend(day) or day in recorded
        }
        if len(own) <= _MOST_PLACES:
            break
    for day in days:
        own[_start(day.date, unit)].append(day)
    named = ((*_words(start, unit), of) for start, of in own.items())
    return Axis(unit, tuple(Period(place, *period) for place, period in enumerate(named)))


def _start(day: date, unit: str) -> date:
    """The first date of the period that a day lies in."""
    match unit:
        case "day":
            return day
        case "week":
            return day - timedelta(day.weekday())
        case "month":
            return day.replace(day=1)
        case "quarter":
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    return day.replace(month=1, day=1)


def _words(start: date, unit: str) -> tuple[str, str]:
    """The name and the label of the period that starts then."""
    match unit:
        case "day" | "week":
            return wording.plain_date(start), f"{start.day} {start:%b}"
        case "month":
            return f"{start:%B} {start.year}", f"{start:%b} {start.year}"
    name = f"Q{(start.month + 2) // 3} {start.year}" if unit == "quarter" else str(start.year)
    return name, name


def timeline(
    axis: Axis,
    values: Sequence[Sequence[float]],
    heading: str,
    title: str,
    classes: Sequence[str],
    height: int,
    *,
    shown: Sequence[int],
    highest: float = 0.0,
    dollars: bool = False,
    stacked: bool = False,
    incomplete: Collection[int] = (),
) -> Picture:
    """Columns along the axis, one for each filled period. `shown` are the columns of the table that
    belong to it; `highest` is what the scale reaches at least. For the rest see `charts.draw`."""
    top = max(sum(column) if stacked else max(column) for column in values)
    week_of = "Week of " if axis.unit == "week" else ""
    span = " to ".join(week_of + axis.periods[end].name for end in (0, -1))
    at_most = wording.dollars(top) if dollars else _rounded(top)
    svg = charts.draw(
        {period.place: column for period, column in zip(axis.filled, values, strict=True)},
        [period.label for period in axis.periods],
        width=_FEWEST_PLACES,
        title=visible(title),
        description=f"{span}; at most {at_most}.",
        classes=classes,
        height=height,
        top=max(highest, top),
        scale="${}" if dollars else "{}",
        stacked=stacked,
        incomplete=incomplete,
    )
    return Picture(heading, Markup(svg), shown)  # noqa: S704 - charts escapes its words


def _rounded(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"
