"""The published site: digests in, {path: bytes} out. Pure: nothing here reads the archive, the
settings file or the clock, so that any page can be rebuilt byte for byte.

A day's own pages depend on that day alone; a month's and a year's on their own days and the days
next to them; what depends on several days is made anew with each.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import PurePosixPath

from digest.archive.layout import day_file, year_file
from digest.core import calendar
from digest.core.config import Site
from digest.core.cuts import Advice, advise, last_days
from digest.core.day import Day, Digest, Missed
from digest.core.for_you import Measure, ShownDay, foresights, measures
from digest.core.learned import Learned, Word
from digest.core.progress import bar
from digest.core.votes import Vote
from digest.site import assets, feeds, learned, pages, search
from digest.site.calendar import all_days_page, month_page, year_page
from digest.site.page import day_markdown

LEARNED = PurePosixPath("learned.html")
Files = dict[PurePosixPath, bytes | None]  # None: no such file may be there
Read = Callable[[date], Digest]
LONGEST_GAP = 14  # days missed that the front page names


@dataclass(frozen=True, slots=True)
class Taught:
    """What the site shows of the reader's votes and of the learner."""

    votes: Sequence[Vote] = ()
    shown: Sequence[ShownDay] = ()  # of the last days with votes
    learned: Learned | None = None  # None: no page of what was learned
    words: Sequence[Word] = ()  # the strongest of it


def all_files(digests: Sequence[Digest], site: Site, taught: Taught = Taught()) -> Files:
    """Every page, feed and asset of a site with these days, oldest first."""
    days = [Day.of(digest) for digest in digests]
    by_date = {digest.date: digest for digest in digests}
    return changed_files(bar(digests, "render"), days, by_date.__getitem__, (), site, taught)


def changed_files(
    digests: Iterable[Digest],
    days: Sequence[Day],
    read: Read,
    years_there: Collection[int],
    site: Site,
    taught: Taught = Taught(),
) -> Files:
    """What new or changed days change. `days` are all days, with these, oldest first; `read` gives
    the digest of one of them; of the years in `years_there` the page is there already."""
    files: Files = {}
    read = cache(read)  # the month, the feeds and the statistics share most days
    dates = [day.date for day in days]
    months: set[str] = set()
    # A site made before there were pages of years lacks some, and All days links them.
    years = {day.year for day in dates}.difference(years_there)
    for digest in digests:
        files |= day_files(digest, site)
        place = bisect_left(dates, digest.date)
        months.add(days[place].month)
        # The days before and after it show the gap between them on the pages of their years.
        years.update(day.year for day in dates[max(0, place - 1) : place + 2])
    for month in sorted(months):
        files |= _month_files(month, days, read, site)
    files |= {year_file(year): year_page(days, year, site) for year in sorted(years)}
    return files | _front_files(days, read, site, taught)


def day_files(digest: Digest, site: Site) -> Files:
    """The day's own pages. A day that announced nothing has none, and none of an earlier run's may
    stay: it is a cell of the calendar, and not in the feeds or the search."""
    html, text = day_file(digest.date, ".html"), day_file(digest.date, ".md")
    if not Day.of(digest).has_page:
        return {html: None, text: None}
    return {html: pages.day_page(digest, site, "../"), text: day_markdown(digest, site)}


def _month_files(month: str, days: Sequence[Day], read: Read, site: Site) -> Files:
    """The month's page, and its search index if there is something to search. The index too is
    made from the days' own records: nobody could tell what an interrupted run left in the old
    one."""
    own = [day for day in days if day.month == month]
    dates = [day.date for day in own if day.has_page]
    return {
        PurePosixPath(month[:4]) / f"{month}.html": month_page(own, site),
        search.path(month): search.shard(map(read, dates)) if dates else None,
    }


def _front_files(days: Sequence[Day], read: Read, site: Site, taught: Taught) -> Files:
    """What every new day changes: the front page, lists, statistics, feeds. `days` are all, oldest
    first. Before the first day with a page, All days is the front page."""
    with_page = [day for day in days if day.has_page]
    has_feeds = bool(with_page)
    all_days = all_days_page(days, site)
    files: dict[str, bytes] = {
        "index.html": all_days,
        "archive.html": all_days,
        "stats.html": pages.stats_page(
            days,
            site,
            _cut_advice(days, read),
            _for_you(taught, days),
            has_learned=taught.learned is not None,
        ),
        "subscribe.html": pages.subscribe_page(site, has_feeds),
        "search/index.html": pages.search_page({day.month for day in with_page}, site),
        "404.html": pages.not_found_page(site, has_feeds),
        "days.js": _days_script(with_page),
        ".nojekyll": b"",  # else Pages would run Jekyll over every .md
    }
    if with_page:
        newest = read(with_page[-1].date)
        files["index.html"] = pages.day_page(newest, site, "", front=_front(newest, days))
        files["latest.md"] = day_markdown(newest, site)
    by_path: Files = {PurePosixPath(path): data for path, data in files.items()}
    by_path[LEARNED] = (
        learned.page(taught.words, taught.learned, taught.votes, site) if taught.learned else None
    )
    newest_first = sorted(with_page, key=lambda d: (d.generated_at, d.date), reverse=True)
    recent = [read(day.date) for day in newest_first[: feeds.DAYS]]
    return {**by_path, **assets.assets(), **feeds.feeds(recent, site)}


def _for_you(taught: Taught, days: Sequence[Day]) -> tuple[Measure, ...]:
    """How good the list is for the reader; nothing before there is anything to go by."""
    foreseen = foresights(days)
    return measures(taught.votes, taught.shown, foreseen) if taught.votes or foreseen else ()


def _cut_advice(days: Sequence[Day], read: Read) -> Advice | None:
    """What to say of the newest day's cut; read from the records, which have both scores of each
    paper."""
    return advise([read(day.date) for day in last_days(days)])


def _days_script(days: Iterable[Day]) -> bytes:
    """The dates of the pages, for the links to the day before and after. A script and not JSON:
    pages opened from disk may not fetch."""
    return f"window.digestDays = {json.dumps([str(day.date) for day in days])};\n".encode()


def _front(newest: Digest, days: Sequence[Day]) -> pages.Front:
    expected = calendar.next_announcement(days[-1].date)
    earlier = [day.date for day in days if day.has_page and day.date < newest.date]
    later = [day.date for day in days if day.date > newest.date]
    reasons = {missed.date: missed.reason for missed in newest.missed}
    return pages.Front(
        expected=expected,
        may_be_holiday=not calendar.calendar_known(expected),
        missed=tuple(Missed(day, reasons.get(day, "")) for day in _missed(days)),
        empty=tuple(later[-LONGEST_GAP:]),
        previous=earlier[-1] if earlier else None,
    )


def _missed(days: Sequence[Day]) -> list[date]:
    """The announcements since the last page but one, or the first record, of which there is no
    record, as far as the calendar is known."""
    with_page = [day.date for day in days if day.has_page]
    since = with_page[-2] if len(with_page) > 1 else days[0].date
    recorded = {day.date for day in days}
    expected = calendar.between(since + timedelta(1), days[-1].date)
    missed = [day for day in expected if day not in recorded and calendar.calendar_known(day)]
    return missed[-LONGEST_GAP:]
