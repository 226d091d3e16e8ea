"""The calendar of days: on the pages All days, of a year and of a month.

A month's page depends on the days of that month alone, so that a new day rewrites no other's.
"""

from __future__ import annotations

from bisect import bisect_right
from calendar import Calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby, pairwise
from operator import attrgetter

from digest.core import calendar, wording
from digest.core.config import Site
from digest.core.day import Day, Status
from digest.core.scores import NO_TOPIC, ScoredBy
from digest.site import statistics
from digest.site.page import render

_DAY = timedelta(days=1)
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_STEPS = 5
_MONTHS = 12  # on All days


@dataclass(frozen=True, slots=True)
class Sign:
    """A character in the corner of a cell."""

    character: str
    name: str
    meaning: str = ""  # what the legend says beyond the name


_PARTIAL = Sign("◐", "partial", "papers unscored, or a category stale, unread or cut short")
_APPROXIMATE = Sign("≈", "approximate", "rebuilt from a source that cannot tell exactly")
_EMBEDDED = Sign("◇", "embedded scorer", "no language model")
_EMPTY = Sign("–", "nothing announced")
_MISSING = Sign("✕", "missing", "no record of an announcement day")
_NO_ANNOUNCEMENT = Sign("", "no announcement")  # for screen readers
_SIGNS = (_PARTIAL, _APPROXIMATE, _EMBEDDED, _EMPTY, _MISSING)  # as the legend orders them


@dataclass(frozen=True, slots=True)
class Cell:
    """A date of the calendar."""

    date: date
    look: str  # the CSS classes
    title: str = ""  # what is shown when the cell is pointed at
    day: Day | None = None
    sign: Sign | None = None


@dataclass(frozen=True, slots=True)
class Month:
    first: date
    weekdays: Sequence[str]
    weeks: Sequence[Sequence[Cell | None]]
    totals: str  # kept of scanned
    gap: str = ""  # what lies between this month and the earlier one


@dataclass(frozen=True, slots=True)
class Year:
    number: int
    totals: str
    months: Sequence[Month]  # those that are shown, newest first
    has_more: bool = False  # True if it has days before those


def all_days_page(days: Sequence[Day], site: Site) -> bytes:
    """The calendar of the twelve newest months, newest first, of all days, oldest first. What is
    earlier is a link to the page of its year, so that this page does not grow with the archive."""
    newest = sorted({day.month for day in days})[-_MONTHS:]
    shown = [day for day in days if day.month in newest]
    months, legend = _calendar(shown, days)
    years = [
        Year(
            number,
            _totals(own),
            [month for month in months if month.first.year == number],
            has_more=own[0].date < shown[0].date,
        )
        for number, own in ((n, list(of)) for n, of in groupby(days, lambda day: day.date.year))
    ]
    return _render("all-days", "", site, days, years=years[::-1], **legend)


def year_page(days: Sequence[Day], year: int, site: Site) -> bytes:
    """The calendar of one year, newest month first. `days` are all days, oldest first: of those of
    other years the ones next to it count, for what lies between is missing."""
    own = [day for day in days if day.date.year == year]
    months, legend = _calendar(own, days)
    years = {day.date.year for day in days}
    values = {
        "year": Year(year, _totals(own), months),
        "earlier": max((y for y in years if y < year), default=None),
        "later": min((y for y in years if y > year), default=None),
    }
    return _render("year", "../", site, own, **values, **legend)


def month_page(days: Sequence[Day], site: Site) -> bytes:
    """One month, of all its days, oldest first. There is at least one."""
    (month,), legend = _calendar(days, days)
    rows = [(day, _topics(day), _cost(day), _states(day)) for day in reversed(days)]
    values = {"month": month, "totals": _totals(days), "days": rows}
    return _render("month", "../", site, days, **values, **legend)


def _calendar(shown: Sequence[Day], days: Sequence[Day]) -> tuple[list[Month], dict[str, object]]:
    """The months of the days to be shown, newest first, and what their legend explains. `days` are
    all days, or at least those next to the shown ones: what lies between is missing."""
    heat = _Heat(shown)
    gaps = {b.month: _gap(a.date, b.date) for a, b in pairwise(days) if a.month != b.month}
    months = [
        _month(list(own), heat, (days[0].date, days[-1].date), gaps.get(month, ""))
        for month, own in groupby(shown, attrgetter("month"))
    ][::-1]
    signs = {cell.sign for month in months for week in month.weeks for cell in week if cell}
    return months, {"steps": heat.legend, "signs": [sign for sign in _SIGNS if sign in signs]}


def _render(page: str, root: str, site: Site, own: Sequence[Day], /, **values: object) -> bytes:
    """The page of these days. It names the feeds from the first day with a page on."""
    return render(page, root, site, has_feeds=any(day.has_page for day in own), **values)


# --- months and cells -------------------------------------------------------------------------


class _Heat:
    """Five steps of kept papers that hold about as many days each; days without any have none."""

    def __init__(self, days: Iterable[Day]) -> None:
        values = sorted(day.counts.kept for day in days if day.counts.kept)
        self._bounds = [values[len(values) * i // _STEPS] for i in range(1, _STEPS) if values]
        steps = {look: list(of) for look, of in groupby(values, self.look)}
        self.legend = [
            (look, str(of[0]) if of[0] == of[-1] else f"{of[0]}–{of[-1]}")
            for look, of in steps.items()
        ]

    def look(self, kept: int) -> str:
        """The CSS class of a day that kept so many."""
        return f"heat-{bisect_right(self._bounds, kept)}" if kept else "none"


def _month(days: list[Day], heat: _Heat, span: tuple[date, date], gap: str) -> Month:
    """The month of these days, which has at least one. Between the two dates of `span`, a day
    without a record is missing."""
    first = days[0].date.replace(day=1)
    records = {day.date: day for day in days}
    width = 7 if any(calendar.is_weekend(day) for day in records) else calendar.SATURDAY
    weeks = [
        [_cell(d, records.get(d), heat, span) if d.month == first.month else None for d in week]
        for week in Calendar().monthdatescalendar(first.year, first.month)
    ]
    shown = [week[:width] for week in weeks if any(week[:width])]
    kept, scanned = _kept_and_scanned(days)
    return Month(first, _WEEKDAYS[:width], shown, f"{kept:,} of {scanned:,}", gap)


def _cell(day: date, record: Day | None, heat: _Heat, span: tuple[date, date]) -> Cell:
    if record and not record.has_page:
        return Cell(day, "quiet", "arXiv announced nothing.", record, _EMPTY)
    if record:
        return Cell(day, heat.look(record.counts.kept), _title(record), record, _sign(record))
    reason = calendar.why_none(day)
    if reason and not calendar.is_weekend(day):
        return Cell(day, "quiet", f"No announcement: {reason}.", sign=_NO_ANNOUNCEMENT)
    if span[0] < day < span[1] and not reason and calendar.calendar_known(day):
        why = "No record: the run was missed, or arXiv held its announcement back."
        return Cell(day, "missing", why, sign=_MISSING)
    return Cell(day, "quiet")


def _sign(day: Day) -> Sign | None:
    if day.status is Status.PARTIAL:
        return _PARTIAL
    if day.status is Status.APPROXIMATE:
        return _APPROXIMATE
    return _EMBEDDED if day.scorer is ScoredBy.EMBEDDED else None


def _gap(before: date, after: date) -> str:
    """What lies between the months of two neighbouring days, if that is more than nothing."""
    first = (before.replace(day=28) + 4 * _DAY).replace(day=1)
    end = after.replace(day=1)
    if first == end:
        return ""
    span = " to ".join(dict.fromkeys((f"{first:%B %Y}", f"{end - _DAY:%B %Y}")))
    missing = len(calendar.between(first, end))
    return f"No record from {span}: {wording.count(missing, 'announcement day')}."


# --- words ------------------------------------------------------------------------------------


def _title(day: Day) -> str:
    """What a cell says when it is pointed at."""
    kept = f"{wording.plain_date(day.date)}: {day.counts.kept:,} kept"
    return "; ".join([kept, *_doubts(day)])


def _totals(days: Sequence[Day]) -> str:
    kept, scanned = _kept_and_scanned(days)
    papers = wording.count(scanned, "paper")
    return f"{wording.count(len(days), 'day')}, {kept:,} of {papers} kept"


def _kept_and_scanned(days: Sequence[Day]) -> tuple[int, int]:
    return sum(day.counts.kept for day in days), sum(day.counts.scanned for day in days)


def _topics(day: Day) -> list[tuple[str, int]]:
    """(topic, papers kept), the most kept first, papers without a topic last."""
    names = statistics.ranked(day.topics)
    return [("no topic" if name == NO_TOPIC else name, day.topics[name]) for name in names]


def _cost(day: Day) -> str:
    """What a day cost, to follow its counts; "" if nobody was paid."""
    if not statistics.asked(day):
        return ""
    return f"cost {wording.NOT_REPORTED}" if day.cost_usd is None else wording.dollars(day.cost_usd)


def _states(day: Day) -> list[str]:
    """How far the day can be trusted, if not wholly, and who scored it, if no model did."""
    return _doubts(day) + [_EMBEDDED.name] * (day.scorer is ScoredBy.EMBEDDED)


def _doubts(day: Day) -> list[str]:
    if day.status is Status.PARTIAL and day.counts.unscored:
        return [f"partial: {wording.count(day.counts.unscored, 'paper')} unscored"]
    if day.status is Status.PARTIAL:
        return ["partial: a category was stale, unread or cut short"]
    if day.status is Status.APPROXIMATE:
        return [f"{_APPROXIMATE.name}: {_APPROXIMATE.meaning}"]
    return []
