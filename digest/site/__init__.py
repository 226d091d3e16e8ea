"""The published site: digests in, {path: bytes} out. Pure: nothing here reads the archive, the
settings file or the clock, so that any page can be rebuilt byte for byte.

A day's own pages depend on that day alone; what depends on several days is made anew with each.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import islice, takewhile
from pathlib import PurePosixPath

from digest.archive.layout import day_file, year_file
from digest.core import calendar
from digest.core.config import Site
from digest.core.models import Day, Digest, Missed
from digest.site import feeds, html, markdown, pages

Files = dict[PurePosixPath, bytes]
LONGEST_GAP = 14  # days missed that the front page names


def with_page(days: Iterable[Day]) -> list[Day]:
    """The days that announced something. The others are a cell of the calendar: they have no page
    and stand neither on the front page nor in the feeds nor in the search."""
    return [day for day in days if day.has_page]


def day_files(digest: Digest, site: Site) -> Files:
    """The day's own pages, which nothing but a rerun of that day or `render` changes."""
    if not with_page([Day.of(digest)]):
        return {}
    return {
        day_file(digest.date, ".html"): html.day_page(digest, site, root="../"),
        day_file(digest.date, ".md"): markdown.day(digest, site),
    }


def month_files(month: str, days: Iterable[Day], site: Site) -> Files:
    """The page of one month, of which `days` may hold more."""
    return {PurePosixPath(month[:4]) / f"{month}.html": pages.month_page(days, month, site)}


def year_files(year: int, days: Iterable[Day], site: Site) -> Files:
    """The page of one year, of which `days` may hold more."""
    return {year_file(year): pages.year_page(days, year, site)}


def newest(days: Sequence[Day]) -> date | None:
    """The day of the front page, if there is one yet; `days` are in order."""
    return next((day.date for day in reversed(days) if day.has_page), None)


def recent(days: Iterable[Day]) -> list[date]:
    """The days that feeds hold: those made last, whatever they announce."""
    made = sorted(with_page(days), key=lambda d: (d.generated_at, d.date))
    return [day.date for day in made[-feeds.DAYS :]]


def front_files(
    newest: Digest | None, recent: Iterable[Digest], days: Sequence[Day], site: Site
) -> Files:
    """What every new day changes: the front page, lists, statistics, feeds. `days` are all, oldest
    first; `newest` and `recent` those that the functions of these names name. Before the first day
    with a page the calendar is the front page."""
    shown = with_page(days)
    months = sorted({day.month for day in shown}, reverse=True)
    has_feeds = bool(shown)
    files, calendar = html.assets(), pages.archive_page(days, site)
    pages_made = {
        "index.html": calendar,
        "archive.html": calendar,
        "stats.html": pages.stats_page(days, site),
        "subscribe.html": pages.subscribe_page(site, has_feeds),
        "search/index.html": pages.search_page(months, site),
        "404.html": pages.not_found_page(site, has_feeds),
        "days.js": _days_script(shown),
        ".nojekyll": b"",  # else Pages would run Jekyll over every .md
    }
    if newest:
        pages_made |= {
            "index.html": html.day_page(newest, site, root="", front=_front(newest, days)),
            "latest.md": markdown.day(newest, site),
        }
    files |= {PurePosixPath(name): data for name, data in pages_made.items()}
    return files | feeds.feeds(recent, site, site.url)


def _days_script(days: Iterable[Day]) -> bytes:
    """The dates of the pages, oldest first: `window.digestDays`, ["2026-01-30", …], sent as a
    number a month, whose lowest bit is its first day: ten years of dates would be 30 KB. A script
    and not JSON: pages opened from disk may not fetch."""
    years: dict[int, list[int]] = {}
    for at in (day.date for day in days):
        years.setdefault(at.year, [0] * 12)[at.month - 1] |= 1 << at.day - 1
    packed = json.dumps(years, separators=(",", ":"))
    return (
        "window.digestDays = [];\n"
        f"for (const [year, months] of Object.entries({packed})) {{\n"
        "  months.forEach((bits, month) => {\n"
        "    for (let day = 1; bits; bits >>= 1, day += 1) {\n"
        "      const at = new Date(Date.UTC(year, month, day));\n"
        "      if (bits & 1) window.digestDays.push(at.toISOString().slice(0, 10));\n"
        "    }\n"
        "  });\n"
        "}\n"
    ).encode()


def _front(newest: Digest, days: Sequence[Day]) -> html.Front:
    last = days[-1].date
    expected = calendar.next_announcement(last)
    earlier = (day.date for day in reversed(days) if day.has_page and day.date < newest.date)
    later = list(takewhile(lambda day: day > newest.date, (day.date for day in reversed(days))))
    reasons = {missed.date: missed.reason for missed in newest.missed}
    return html.Front(
        expected=expected,
        may_be_holiday=not calendar.calendar_known(expected),
        missed=tuple(Missed(day, reasons.get(day, "")) for day in _missed(days)),
        empty=tuple(reversed(later[:LONGEST_GAP])),
        previous=next(earlier, None),
    )


def _missed(days: Sequence[Day]) -> tuple[date, ...]:
    """The announcements since the last page but one, or the first record, of which there is no
    record, as far as the calendar is known."""
    with_pages = (day.date for day in reversed(days) if day.has_page)
    since = next(islice(with_pages, 1, None), days[0].date)
    recorded = set(takewhile(lambda day: day >= since, (day.date for day in reversed(days))))
    missed, day = [], calendar.next_announcement(since)
    while day < days[-1].date:
        if day not in recorded and calendar.calendar_known(day):
            missed.append(day)
        day = calendar.next_announcement(day)
    return tuple(missed[-LONGEST_GAP:])
