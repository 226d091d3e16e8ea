"""The calendar of days: on the pages All days, of a year and of a month.

A month's page depends on the days of that month alone, so that a new day rewrites no other's.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
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
_SATURDAY = 5  # date.weekday()
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
    weekdays: tuple[str, ...]
    weeks: tuple[tuple[Cell | None, ...], ...]
    totals: str  # kept of scanned
    gap: str = ""  # what lies between this month and the earlier one


@dataclass(frozen=True, slots=True)
class Year:
    number: int
    totals: str
    months: tuple[Month, ...]  # those that are shown, newest first
    has_more: bool = False  # True if it has days before those


def all_days_page(days: Iterable[Day], site: Site) -> bytes:
    """The calendar of the twelve newest months, newest first. What is earlier is a link to the page
    of its year, so that this page does not grow with the archive."""
    ordered = _ordered(days)
    newest = sorted({day.month for day in ordered})[-_MONTHS:]
    shown = [day for day in ordered if day.month in newest]
    heat = _Heat(shown)
    months = _months(shown, ordered, heat)
    years = [
        Year(
            number,
            _totals(own),
            tuple(month for month in reversed(months) if month.first.year == number),
            has_more=own[0].date < shown[0].date,
        )
        for number, own in ((n, list(of)) for n, of in groupby(ordered, _year_of))
    ][::-1]
    values = {"years": years, "steps": heat.legend, "signs": _signs(months)}
    has_feeds = _has_feeds(ordered)
    return render("all_days.html", "", site, "all-days", has_feeds=has_feeds, **values)


def year_page(days: Iterable[Day], year: int, site: Site) -> bytes:
    """The calendar of one year, newest month first. Of the days of other years only those next to
    it count: what lies between is missing."""
    ordered = _ordered(days)
    own = [day for day in ordered if day.date.year == year]
    heat = _Heat(own)
    months = _months(own, ordered, heat)
    years = {day.date.year for day in ordered}
    values = {
        "year": Year(year, _totals(own), tuple(reversed(months))),
        "earlier": max((y for y in years if y < year), default=None),
        "later": min((y for y in years if y > year), default=None),
        "steps": heat.legend,
        "signs": _signs(months),
    }
    # As far as the days of this year show.
    return render("year.html", "../", site, "year", has_feeds=_has_feeds(own), **values)


def month_page(days: Iterable[Day], month: str, site: Site) -> bytes:
    """One month: "2026-01". Days of other months are left aside."""
    own = _ordered(day for day in days if day.month == month)
    heat = _Heat(own)
    months = _months(own, own, heat)
    values = {
        "first": date.fromisoformat(f"{month}-01"),
        "totals": _totals(own),
        "month": months[0] if months else None,
        "steps": heat.legend,
        "signs": _signs(months),
        "days": [(day, _topics(day), _cost(day), _states(day)) for day in reversed(own)],
    }
    # As far as the days of this month show.
    return render("month.html", "../", site, "month", has_feeds=_has_feeds(own), **values)


def _ordered(days: Iterable[Day]) -> list[Day]:
    return sorted(days, key=attrgetter("date"))


def _has_feeds(days: Iterable[Day]) -> bool:
    """False before the first day with a page."""
    return any(day.has_page for day in days)


def _year_of(day: Day) -> int:
    return day.date.year


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


def _months(shown: Sequence[Day], days: Sequence[Day], heat: _Heat) -> list[Month]:
    """The months of the days to be shown, each with the gap before it. `days` are all of them; the
    shown ones stand together. Both are in order."""
    if not shown:
        return []
    start = bisect_left(days, shown[0].date, key=attrgetter("date"))
    end = start + len(shown)
    first = max(0, start - 1)
    span = days[first].date, days[min(end, len(days) - 1)].date
    pairs = pairwise(days[first:end])
    gaps = {b.month: _gap(a.date, b.date) for a, b in pairs if a.month != b.month}
    by_month = [(month, list(of)) for month, of in groupby(shown, lambda day: day.month)]
    return [_month(of, heat, span, gaps.get(month, "")) for month, of in by_month]


def _month(days: list[Day], heat: _Heat, span: tuple[date, date], gap: str) -> Month:
    """The month of these days, which has at least one. Between the two dates of `span`, a day
    without a record is missing."""
    first = days[0].date.replace(day=1)
    by_date = {day.date: day for day in days}
    width = 7 if any(day.date.weekday() >= _SATURDAY for day in days) else _SATURDAY
    weeks: list[list[Cell | None]] = []
    at = first
    while at.month == first.month:
        if not weeks or at.weekday() == 0:
            weeks.append([None] * width)
        if at.weekday() < width:
            weeks[-1][at.weekday()] = _cell(at, by_date.get(at), heat, span)
        at += _DAY
    rows = tuple(tuple(week) for week in weeks if any(week))
    kept, scanned = _sums(days)
    return Month(first, _WEEKDAYS[:width], rows, f"{kept:,} of {scanned:,}", gap)


def _cell(at: date, day: Day | None, heat: _Heat, span: tuple[date, date]) -> Cell:
    if day and not day.has_page:
        return Cell(at, "quiet", "arXiv announced nothing.", day, _EMPTY)
    if day:
        name = f"{at.day} {at:%B} {at.year}: {day.counts.kept} kept"
        title = "; ".join([name, *_doubts(day)])
        return Cell(at, heat.look(day.counts.kept), title, day, _sign(day))
    reason = calendar.why_none(at)
    if reason and at.weekday() < _SATURDAY:
        return Cell(at, "quiet", f"No announcement: {reason}.", sign=_NO_ANNOUNCEMENT)
    if span[0] < at < span[1] and not reason and calendar.calendar_known(at):
        why = "No record: the run was missed, or arXiv held its announcement back."
        return Cell(at, "missing", why, sign=_MISSING)
    return Cell(at, "quiet")


def _sign(day: Day) -> Sign | None:
    if day.status is Status.PARTIAL:
        return _PARTIAL
    if day.status is Status.APPROXIMATE:
        return _APPROXIMATE
    return _EMBEDDED if day.scorer is ScoredBy.EMBEDDED else None


def _signs(months: Iterable[Month]) -> list[Sign]:
    """The signs that the legend has to explain, in its order."""
    shown = {cell.sign for m in months for week in m.weeks for cell in week if cell}
    return [sign for sign in _SIGNS if sign in shown]


def _gap(before: date, after: date) -> str:
    """What lies between the months of two neighbouring days, if that is more than nothing."""
    first = (before.replace(day=28) + 4 * _DAY).replace(day=1)
    last = after.replace(day=1) - _DAY
    if first > last:
        return ""
    span = f"{first:%B %Y}"
    if (first.year, first.month) != (last.year, last.month):
        span += f" to {last:%B %Y}"
    dates = (first + n * _DAY for n in range((last - first).days + 1))
    missing = sum(map(calendar.is_announcement_day, dates))
    return f"No record from {span}: {wording.count(missing, 'announcement day')}."


# --- words ------------------------------------------------------------------------------------


def _totals(days: Sequence[Day]) -> str:
    kept, scanned = _sums(days)
    papers = wording.count(scanned, "paper")
    return f"{wording.count(len(days), 'day')}, {kept:,} of {papers} kept"


def _sums(days: Sequence[Day]) -> tuple[int, int]:
    """Papers kept, and scanned."""
    return sum(day.counts.kept for day in days), sum(day.counts.scanned for day in days)


def _topics(day: Day) -> list[tuple[str, int]]:
    """(topic, papers kept), the most kept first, papers without a topic last."""
    ranked = sorted(day.topics.items(), key=lambda item: (item[0] == NO_TOPIC, -item[1], item[0]))
    return [("no topic" if name == NO_TOPIC else name, kept) for name, kept in ranked]


def _cost(day: Day) -> str:
    """What a day cost, to follow its counts; "" if nobody was paid."""
    if not statistics.asked(day):
        return ""
    return f"cost {wording.NOT_REPORTED}" if day.cost_usd is None else wording.dollars(day.cost_usd)


def _states(day: Day) -> list[str]:
    """How far the day can be trusted, if not wholly, and who scored it, if no model did."""
    return _doubts(day) + ["embedded scorer"] * (day.scorer is ScoredBy.EMBEDDED)


def _doubts(day: Day) -> list[str]:
    if day.status is Status.PARTIAL and day.counts.unscored:
        return [f"partial: {wording.count(day.counts.unscored, 'paper')} unscored"]
    if day.status is Status.PARTIAL:
        return ["partial: a category was stale, unread or cut short"]
    if day.status is Status.APPROXIMATE:
        return ["approximate: rebuilt from a source that cannot tell exactly"]
    return []
