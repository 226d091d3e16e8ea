"""The published site: digests in, {path: bytes} out. Pure: nothing here reads the archive, the
settings file or the clock, so that any page can be rebuilt byte for byte.

A day's own pages depend on that day alone; what depends on several days is made anew with each.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import PurePosixPath

from digest import announcements
from digest.config import Site
from digest.models import Day, Digest
from digest.site import feeds, html, markdown, pages

Files = dict[PurePosixPath, bytes]
LONGEST_GAP = 14  # days missed that the front page names


def day_files(digest: Digest, site: Site) -> Files:
    """The day's own pages, which nothing but a rerun of that day or `render` changes."""
    folder = PurePosixPath(f"{digest.date:%Y}")
    return {
        folder / f"{digest.date}.html": html.day_page(digest, site, root="../"),
        folder / f"{digest.date}.md": markdown.day(digest, site),
    }


def month_files(month: str, days: Iterable[Day], site: Site) -> Files:
    """The page of one month, of which `days` may hold more."""
    path = PurePosixPath(month[:4]) / f"{month}.html"
    return {path: pages.month_page([day for day in days if day.month == month], month, site)}


def recent(days: Iterable[Day]) -> list[date]:
    """The days that feeds hold: those made last, whatever they announce."""
    made = sorted((d for d in days if d.has_page), key=lambda d: (d.generated_at, d.date))
    return [day.date for day in made[-feeds.DAYS :]]


def front_files(newest: Digest, recent: Iterable[Digest], days: Sequence[Day], site: Site) -> Files:
    """What every new day changes: the front page, lists, statistics, feeds. `days` are all, oldest
    first; `recent` those that `recent` names."""
    dates = [day.date for day in days if day.has_page]
    months = sorted({day.month for day in days if day.has_page}, reverse=True)
    missed = _missed([day.date for day in days])
    files = html.assets()
    pages_made = {
        "index.html": html.day_page(newest, site, root="", front=True, missed=missed),
        "archive.html": pages.archive_page(days, site),
        "stats.html": pages.stats_page(days, site),
        "subscribe.html": pages.subscribe_page(site),
        "search/index.html": pages.search_page(months, site),
        "404.html": pages.not_found_page(site),
        "latest.md": markdown.day(newest, site),
        # A script and not JSON: pages opened from disk may not fetch.
        "days.js": f"window.digestDays = {json.dumps([str(day) for day in dates])};\n".encode(),
        ".nojekyll": b"",  # else Pages would run Jekyll over every .md
    }
    files |= {PurePosixPath(name): data for name, data in pages_made.items()}
    return files | feeds.feeds(recent, site, site.url)


def _missed(recorded: Sequence[date]) -> tuple[date, ...]:
    """The announcements between the last two recorded days, as far as the calendar is known."""
    if len(recorded) < 2:
        return ()
    missed, day = [], announcements.next_announcement(recorded[-2])
    while day < recorded[-1]:
        if announcements.calendar_known(day):
            missed.append(day)
        day = announcements.next_announcement(day)
    return tuple(missed[-LONGEST_GAP:])
