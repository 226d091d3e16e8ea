"""A figure of the statistics: pictures along an axis, and a table of the same numbers. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from markupsafe import Markup

from digest.core import calendar, wording
from digest.core.day import Day
from digest.core.text import visible
from digest.site import charts

_UNITS = ("day", "week", "month", "quarter", "year")
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
# Of a timeline: the announcement days of a quarter. Narrower columns than 5 pixels on a phone no
# finger could point at.
_MOST_PLACES = 65


@dataclass(frozen=True, slots=True)
class Place:
    """A day, week, month, quarter or year of the axis, whether it has days or not; or a score."""

    number: int
    name: str  # "30 January 2026", "January 2026"; of a week, its Monday
    label: str  # for the axis of a picture: "5 Jan", "Jan 2026", "Q1 2026"
    days: Sequence[Day]


@dataclass(frozen=True, slots=True)
class Axis:
    unit: str
    places: Sequence[Place]

    @property
    def filled(self) -> list[Place]:
        """The places with days: each is a row of the table."""
        return [place for place in self.places if place.days]

    def where(self, condition: Callable[[Day], bool]) -> Axis:
        """The same axis with the days for which that holds."""
        places = [replace(p, days=list(filter(condition, p.days))) for p in self.places]
        return replace(self, places=places)


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A column of the table. Pictures may draw it."""

    head: str
    values: Sequence[float | None]  # one for each row; None: not known
    total: float | None
    look: str = ""  # the class of what is drawn
    write: Callable[[float | None], str] = "{:,}".format
    heights: Sequence[float] = ()  # to draw in place of the values

    @classmethod
    def of(
        cls, axis: Axis, head: str, measure: Callable[[Sequence[Day]], float | None], look: str = ""
    ) -> Column:
        """What `measure` gives for the days of each row, and for all of them."""
        rows = [place.days for place in axis.filled]
        return cls(
            head, [*map(measure, rows)], measure([day for days in rows for day in days]), look
        )


@dataclass(frozen=True, slots=True)
class Picture:
    """Columns of the table, drawn together."""

    heading: str
    title: str
    columns: Sequence[Column]
    height: int
    beside: Sequence[Column] = ()  # shown with them for the place that is pointed at
    description: str = ""  # "": the span and the highest value
    scale: str = "{}"  # how a number of it is written
    stacked: bool = False
    incomplete: Sequence[int] = ()  # places where more should stand

    @property
    def heights(self) -> list[tuple[float, ...]]:
        """Of each row."""
        each = (c.heights or [value or 0.0 for value in c.values] for c in self.columns)
        return list(zip(*each, strict=True))

    @property
    def top(self) -> float:
        return max(sum(row) if self.stacked else max(row) for row in self.heights)


@dataclass(frozen=True, slots=True)
class Figure:
    id: str
    heading: str
    text: str
    caption: str  # of the table
    axis: Axis
    columns: Sequence[Column]
    pictures: Sequence[Picture]
    key: Sequence[tuple[str, str]] = ()  # (class, what it stands for)
    layout: str = ""  # the class that says how its pictures stand
    one_scale: bool = False  # for all pictures

    @property
    def head(self) -> list[str]:
        unit = "Week of" if self.axis.unit == "week" else self.axis.unit.capitalize()
        return [unit, *(column.head for column in self.columns)]

    @property
    def rows(self) -> list[tuple[str, ...]]:
        names = [place.name for place in self.axis.filled]
        return list(zip(names, *(map(c.write, c.values) for c in self.columns), strict=True))

    @property
    def foot(self) -> list[str]:
        return ["All", *(column.write(column.total) for column in self.columns)]

    def shown(self, picture: Picture) -> list[int]:
        """The columns of the table for the place that is pointed at."""
        own = [*picture.columns, *picture.beside]
        return [n for n, column in enumerate(self.columns, start=1) if column in own]

    def svg(self, picture: Picture) -> Markup:
        pictures = self.pictures if self.one_scale else [picture]
        svg = charts.draw(
            dict(zip((p.number for p in self.axis.filled), picture.heights, strict=True)),
            [place.label for place in self.axis.places],
            title=visible(picture.title),
            description=picture.description or self._span_and_top(picture),
            classes=[column.look for column in picture.columns],
            height=picture.height,
            top=max(other.top for other in pictures),
            scale=picture.scale,
            stacked=picture.stacked,
            incomplete=picture.incomplete,
        )
        return Markup(svg)  # noqa: S704 - charts escapes its words

    def _span_and_top(self, picture: Picture) -> str:
        week_of = "Week of " if self.axis.unit == "week" else ""
        span = " to ".join(week_of + self.axis.places[end].name for end in (0, -1))
        top = picture.top
        if picture.scale == "${}":
            words = wording.dollars(top)
        else:
            words = f"{top:,.0f}" if top >= 10 or top == int(top) else f"{top:.1f}"
        return f"{span}; at most {words}."


def axis_of(days: Sequence[Day], finest: str = "day") -> Axis:
    """The finest division of these days' span that is legible. There is at least one day."""
    first, last = days[0].date, days[-1].date
    recorded = {day.date for day in days}
    span = (first + timedelta(n) for n in range((last - first).days + 1))
    dates = [day for day in span if day in recorded or not calendar.is_weekend(day)]
    for unit in _UNITS[_UNITS.index(finest) :]:
        own: dict[date, list[Day]] = {_start(day, unit): [] for day in dates}
        if len(own) <= _MOST_PLACES:
            break
    for day in days:
        own[_start(day.date, unit)].append(day)
    return Axis(unit, [Place(n, *_words(at, unit), own[at]) for n, at in enumerate(own)])


def _start(day: date, unit: str) -> date:
    """The first date of the period that a day lies in."""
    if unit in _MONTHS:
        return day.replace(month=day.month - (day.month - 1) % _MONTHS[unit], day=1)
    return day - timedelta(day.weekday()) if unit == "week" else day


def _words(start: date, unit: str) -> tuple[str, str]:
    """The name and the label of the period that starts then."""
    match unit:
        case "day" | "week":
            return wording.plain_date(start), f"{start.day} {start:%b}"
        case "month":
            return f"{start:%B} {start.year}", f"{start:%b} {start.year}"
    name = f"Q{(start.month + 2) // 3} {start.year}" if unit == "quarter" else str(start.year)
    return name, name
