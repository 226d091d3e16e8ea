"""The pages about many days: the calendar, months, statistics; and those about the site itself.

A month's page depends on the days of that month alone, so that a new day rewrites no other's.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby, islice
from operator import attrgetter

from digest.core import calendar, wording
from digest.core.config import Site
from digest.core.models import Day, Status
from digest.core.scores import NO_TOPIC, ScoredBy
from digest.site import feeds, html, statistics
from digest.site.figure import plainly

_DAY = timedelta(days=1)
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_SATURDAY = 5  # date.weekday()
_HEAT = 5  # steps
_MONTHS = 12  # on the page of all days


# --- the calendar -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cell:
    """A date of the calendar."""

    date: date
    name: str  # the classes that it is drawn by
    day: Day | None = None
    sign: str = ""  # what the drawn sign means, in a word or two
    why: str = ""  # what else there is to say


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
    rest: bool = False  # whether it has days before those


def archive_page(days: Iterable[Day], site: Site) -> bytes:
    """The calendar of the twelve newest months, newest first. What is earlier is a link to the page
    of its year, so that this one stays as it is in size, whatever the archive's age."""
    ordered = _ordered(days)
    newest = islice(groupby(reversed(ordered), lambda day: day.month), _MONTHS)
    shown = [day for _, of in newest for day in of][::-1]
    heat = _Heat(shown)
    months: dict[int, list[Month]] = {}
    for month in reversed(_months(shown, ordered, heat)):
        months.setdefault(month.first.year, []).append(month)
    years = [
        Year(year, _totals(of), tuple(months.get(year, ())), rest=of[0].date < shown[0].date)
        for year, of in ((number, list(of)) for number, of in groupby(ordered, _year_of))
    ][::-1]
    return html.render(
        "archive.html",
        "",
        site,
        page="archive",
        years=years,
        steps=heat.legend,
        signs=_signs(years),
        has_feeds=_has_feeds(ordered),
    )


def year_page(days: Iterable[Day], year: int, site: Site) -> bytes:
    """The calendar of one year, newest month first. Of days of other years, only those count that
    are next to it: what lies between is missing."""
    ordered = _ordered(days)
    own = [day for day in ordered if day.date.year == year]
    heat = _Heat(own)
    shown = Year(year, _totals(own), tuple(reversed(_months(own, ordered, heat))))
    years = list(dict.fromkeys(map(_year_of, ordered)))
    at = bisect_left(years, year)
    return html.render(
        "year.html",
        "../",
        site,
        page="year",
        year=shown,
        earlier=years[at - 1] if at else None,
        later=next(iter(years[at + 1 :]), None),
        steps=heat.legend,
        signs=_signs([shown]),
        has_feeds=_has_feeds(own),  # as far as these days tell
    )


def month_page(days: Iterable[Day], month: str, site: Site) -> bytes:
    """One month: "2026-01". Days of other months are left aside."""
    ordered = _ordered(day for day in days if day.month == month)
    heat = _Heat(ordered)
    first = date.fromisoformat(f"{month}-01")
    span = (ordered[0].date, ordered[-1].date) if ordered else None
    calendar = _month(ordered, heat, span) if ordered else None
    return html.render(
        "month.html",
        "../",
        site,
        page="month",
        first=first,
        totals=_totals(ordered),
        calendar_of=calendar,
        steps=heat.legend,
        signs=_signs([Year(first.year, "", (calendar,) if calendar else ())]),
        days=[(day, _topics(day), _cost(day), _states(day)) for day in reversed(ordered)],
        has_feeds=_has_feeds(ordered),  # as far as these days tell
    )


def _ordered(days: Iterable[Day]) -> list[Day]:
    return sorted(days, key=attrgetter("date"))


def _has_feeds(days: Iterable[Day]) -> bool:
    """There are none before the first day with a page."""
    return any(day.has_page for day in days)


class _Heat:
    """Five steps of kept papers that hold about as many days each; days without any have none."""

    def __init__(self, days: Iterable[Day]) -> None:
        values = sorted(day.counts.kept for day in days if day.counts.kept)
        self._bounds = [values[len(values) * i // _HEAT] for i in range(1, _HEAT) if values]
        steps = {name: list(found) for name, found in groupby(values, self.name)}
        self.legend = [
            (name, str(found[0]) if found[0] == found[-1] else f"{found[0]}–{found[-1]}")
            for name, found in steps.items()
        ]

    def name(self, kept: int) -> str:
        """The class that a day with so many is drawn by."""
        return f"heat-{bisect_right(self._bounds, kept)}" if kept else "none"


def _months(shown: Sequence[Day], days: Sequence[Day], heat: _Heat) -> list[Month]:
    """The months of the days to be shown, each with the gap before it. `days` are all of them; the
    shown ones stand together. Both are in order."""
    if not shown:
        return []
    at = bisect_left(days, shown[0].date, key=attrgetter("date"))
    end = at + len(shown)
    neighbours = [*days[max(0, at - 1) : at], *shown, *days[end : end + 1]]
    span = neighbours[0].date, neighbours[-1].date
    before = neighbours[0].date if at else None
    made = []
    for _, group in groupby(shown, lambda day: day.month):
        of = list(group)
        made.append(_month(of, heat, span, _gap(before, of[0].date) if before else ""))
        before = of[-1].date
    return made


def _year_of(day: Day) -> int:
    return day.date.year


def _month(days: list[Day], heat: _Heat, span: tuple[date, date] | None, gap: str = "") -> Month:
    """The month of these days, which has at least one."""
    first = days[0].date.replace(day=1)
    by_date = {day.date: day for day in days}
    wide = 7 if any(day.date.weekday() >= _SATURDAY for day in days) else _SATURDAY
    weeks: list[list[Cell | None]] = []
    at = first
    while at.month == first.month:
        if not weeks or at.weekday() == 0:
            weeks.append([None] * wide)
        if at.weekday() < wide:
            weeks[-1][at.weekday()] = _cell(at, by_date.get(at), heat, span)
        at += _DAY
    shown = tuple(tuple(week) for week in weeks if any(week))
    kept, scanned = _sums(days)
    return Month(first, _WEEKDAYS[:wide], shown, f"{kept:,} of {scanned:,}", gap)


def _cell(at: date, day: Day | None, heat: _Heat, span: tuple[date, date] | None) -> Cell:
    if day and not day.has_page:
        return Cell(at, "quiet empty", day, "nothing announced", _EMPTY)
    if day:
        sign = _SIGNS.get(day.status) or ("embedded" if day.scorer is ScoredBy.EMBEDDED else "")
        name = f"{heat.name(day.counts.kept)} {sign}".strip()
        return Cell(at, name, day, sign, "; ".join(_doubts(day)))
    if (reason := calendar.why_none(at)) and at.weekday() < _SATURDAY:
        return Cell(at, "quiet", None, "no announcement", f"No announcement: {reason}.")
    if span and span[0] < at < span[1] and not reason and calendar.calendar_known(at):
        return Cell(at, "missing", None, "missing", _MISSING)
    return Cell(at, "quiet")


_EMPTY = "arXiv announced nothing."
_MISSING = "No record: the run was missed, or arXiv held its announcement back."
_SIGNS = {Status.PARTIAL: "partial", Status.APPROXIMATE: "approximate"}


def _signs(years: Iterable[Year]) -> tuple[str, ...]:
    """The signs that the legend has to explain, in its order."""
    cells = [cell for y in years for m in y.months for week in m.weeks for cell in week if cell]
    known = ("partial", "approximate", "embedded", "empty", "missing")
    found = {name for cell in cells for name in cell.name.split()}
    return tuple(name for name in known if name in found)


def _gap(before: date, after: date) -> str:
    """What lies between the months of two neighbouring days, where that is more than nothing."""
    first = (before.replace(day=28) + 4 * _DAY).replace(day=1)
    last = after.replace(day=1) - _DAY
    if first > last:
        return ""
    span = f"{first:%B %Y}"
    if (first.year, first.month) != (last.year, last.month):
        span += f" to {last:%B %Y}"
    dates = (first + n * _DAY for n in range((last - first).days + 1))
    missing = sum(calendar.is_announcement_day(at) for at in dates)
    return f"No record from {span}: {wording.count(missing, 'announcement day')}."


def _totals(days: Sequence[Day]) -> str:
    kept, scanned = _sums(days)
    papers = wording.count(scanned, "paper")
    return f"{wording.count(len(days), 'day')}, {kept:,} of {papers} kept"


def _sums(days: Sequence[Day]) -> tuple[int, int]:
    """Papers kept, and scanned."""
    return sum(day.counts.kept for day in days), sum(day.counts.scanned for day in days)


def _topics(day: Day) -> list[tuple[str, int]]:
    """The most kept first."""
    found = sorted(day.topics.items(), key=lambda item: (item[0] == NO_TOPIC, -item[1], item[0]))
    return [(_topic(name), count) for name, count in found]


def _topic(name: str) -> str:
    return "no topic" if name == NO_TOPIC else name


def _cost(day: Day) -> str:
    """What a day cost, to follow its counts; "" where nobody was paid."""
    if not statistics.asked(day):
        return ""
    return f"cost {wording.NOT_REPORTED}" if day.cost_usd is None else wording.dollars(day.cost_usd)


def _states(day: Day) -> list[str]:
    """How far the day can be trusted, where not wholly, and who scored it, where no model did."""
    return _doubts(day) + ["embedded scorer"] * (day.scorer is ScoredBy.EMBEDDED)


def _doubts(day: Day) -> list[str]:
    said = []
    if day.status is Status.PARTIAL:
        unscored = day.counts.unscored
        said.append(
            f"partial: {wording.count(unscored, 'paper')} unscored"
            if unscored
            else "partial: a category was stale, unread or cut short"
        )
    if day.status is Status.APPROXIMATE:
        said.append("approximate: rebuilt from a source that cannot tell exactly")
    return said


# --- statistics -------------------------------------------------------------------------------


def stats_page(days: Iterable[Day], site: Site) -> bytes:
    """What the days add up to, in pictures and tables."""
    made = _ordered(days)
    ends = dict.fromkeys(plainly(day.date) for day in (*made[:1], *made[-1:]))
    return html.render(
        "stats.html",
        "",
        site,
        page="stats",
        span=" to ".join(ends),
        sums=statistics.sums(made),
        figures=statistics.figures(made),
        has_feeds=_has_feeds(made),
    )


# --- pages about the site ---------------------------------------------------------------------


def search_page(months: Iterable[str], site: Site) -> bytes:
    """The search over the months ("2026-01") that have a shard."""
    newest_first = sorted(months, reverse=True)
    has_feeds = bool(newest_first)
    return html.render(
        "search.html", "../", site, page="search", months=newest_first, has_feeds=has_feeds
    )


def subscribe_page(site: Site, has_feeds: bool = True) -> bytes:
    return html.render(
        "subscribe.html",
        "",
        site,
        page="subscribe",
        top=_top(site),
        repository=repository(site.url),
        days=feeds.DAYS,
        papers=feeds.PAPERS,
        has_feeds=has_feeds,
    )


def not_found_page(site: Site, has_feeds: bool = True) -> bytes:
    """Shown at whatever address does not exist, however deep, hence with whole links if it can.
    Under another domain than the site's own, 'self' would not let it load its look from there."""
    origin = _ORIGIN.match(site.url or "")
    return html.render(
        "404.html",
        _top(site),
        site,
        page="404",
        origin=f" {origin[0]}" if origin else "",
        has_feeds=has_feeds,
    )


# What may stand in a policy: neither a space nor a semicolon.
_ORIGIN = re.compile(r"https?://[a-z\d.-]+(?::\d+)?(?=/|$)", re.ASCII | re.I)


def _top(site: Site) -> str:
    """The site's address, to be followed by a file's name; "" where it is not known."""
    return f"{site.url.rstrip('/')}/" if site.url else ""


_PAGES = re.compile(r"https://([a-z\d][a-z\d-]*)\.github\.io(?:/([\w.-]+))?/?", re.ASCII | re.I)


def repository(url: str | None) -> str | None:
    """The repository behind an address of GitHub Pages: https://github.com/OWNER/REPO."""
    if not url or not (found := _PAGES.fullmatch(url)):
        return None
    owner, name = found.groups()
    return f"https://github.com/{owner}/{name or f'{owner}.github.io'}"
