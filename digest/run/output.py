"""The files that follow from the days' records, in the archive and in the site.

`write` makes what one day changes, `site_files` makes everything; both make the same bytes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from digest import site
from digest.archive import layout, record, store
from digest.archive.layout import day_file
from digest.archive.store import Archive
from digest.core import files
from digest.core.config import Site
from digest.core.errors import ArchiveError
from digest.core.models import Day, Digest
from digest.core.progress import bar, stage
from digest.core.wording import count
from digest.publish.commit import commit_day
from digest.run import selection
from digest.site import search

_Read = Callable[[date], Digest]


def write(archive: Archive, digest: Digest, settings: Site) -> list[str]:
    """Archive the day and make the pages that follow from it; return the files that changed.

    The same for a new day, a better one and one that a killed run left half written: files that
    are right are not touched. Raises `ConfigError` and `ArchiveError` as `write_files` does.
    """
    days = archive.days_with(digest)

    def read(day: date) -> Digest:
        return digest if day == digest.date else archive.listed_day(day)

    made = archive.day_files(digest) | _day_files(digest, settings)
    made |= store.address_file(settings.url)
    # From the days' own files, not from the month's old index, which a killed run may have left
    # wrong.
    made |= _month_files(Day.of(digest).month, days, read, settings)
    made |= _year_files(archive.out, digest.date, days, settings)
    made |= _front_files(days, read, settings)
    written = store.write_files(archive.out, made)
    archive.days = days
    return [str(path) for path in written]


def require_no_other_pages(out: Path, day: date) -> None:
    """Raise `ConfigError` if `write` would overwrite files that this program did not make."""
    year, month = f"{day:%Y}", f"{day:%Y-%m}"
    places = ("*", "data/*", "search/index.html", f"search/{month}.json")
    pages = (f"{year}/{year}.html", f"{year}/{month}.html", f"{year}/{day}.*")
    paths = sorted({path for pattern in (*places, *pages) for path in out.glob(pattern)})
    foreign = []
    for path in paths:
        name = path.relative_to(out).as_posix()
        ours = not layout.is_generated(name) or path.is_dir()
        if not ours and not layout.is_ours(name, files.read(path) or b""):
            foreign.append(path)
    if foreign:
        raise layout.not_ours(foreign)


def _day_files(digest: Digest, settings: Site) -> store.Files:
    """The day's pages; where it has none, none of an earlier run's may stay."""
    names = (day_file(digest.date, suffix) for suffix in (".html", ".md"))
    return {**dict.fromkeys(names), **site.day_files(digest, settings)}


def _month_files(month: str, days: Sequence[Day], read: _Read, settings: Site) -> store.Files:
    """The month's page, and its search index where there is something to search."""
    own = [day for day in days if day.month == month]
    shown = [day.date for day in site.with_page(own)]
    index = search.encode(search.entries(map(read, shown))) if shown else None
    return {**site.month_files(month, own, settings), search.path(month): index}


def _year_files(out: Path, day: date, days: Sequence[Day], settings: Site) -> store.Files:
    """The page of the day's year; of the years next to it where the day is next to them; and those
    that are not there: the page of all days leads to them, and a site that was made before there
    were such pages lacks them."""
    years = list(dict.fromkeys(known.date.year for known in days))
    at = bisect_left(days, day, key=lambda known: known.date)
    beside = {known.date.year for known in days[max(0, at - 1) : at + 2]}
    made: store.Files = {}
    for year in years:
        if year in beside or not (out / layout.year_file(year)).exists():
            made |= site.year_files(year, days, settings)
    return made


def _front_files(days: Sequence[Day], read: _Read, settings: Site) -> store.Files:
    """What depends on all the days."""
    newest, recent = site.newest(days), site.recent(days)
    front = read(newest) if newest else None
    return {**site.front_files(front, map(read, recent), days, settings)}


def add_day(out: Path, ours: Digest, settings: Site) -> None:
    """Record and commit in `out` a day that was made with another archive."""
    archive = Archive.repaired(out)
    scored_on, batches = archive.scored_on(ours.outcome_ids), archive.earlier_batches(ours.date)
    digest = selection.fit_into(ours, scored_on, batches)
    if any(source.fresh for source in digest.sources.values()):
        write(archive, digest, settings)
        commit_day(out, digest)


def render(out: Path, to: Path, settings: Site) -> list[str]:
    """Rebuild every generated file of the archive in `out` into `to`; return the changed ones.

    Raises `ArchiveError` if there is no day, or a record is damaged or gone; `ConfigError` if a
    file in `to` is somebody else's.
    """
    store.listed_days(out)
    with stage("render") as facts:
        digests = list(bar(store.read_archive(out), "read"))
        if not digests:
            raise ArchiveError(f"{out / store.DATA}: holds no day: check `out` in the settings")
        written = store.write_files(to, site_files(digests, settings))
        facts += [count(len(digests), "day"), f"{count(len(written), 'file')} changed"]
    return [str(path) for path in written]


def site_files(digests: Sequence[Digest], settings: Site) -> store.Files:
    """Every generated file of a site with these days, oldest first: the archive's and the pages."""
    made: store.Files = {store.day_path(d.date): record.encode(d) for d in digests}
    made |= store.derived_files(digests) | store.address_file(settings.url)
    for digest in bar(digests, "render"):
        made |= _day_files(digest, settings)
    days = [Day.of(digest) for digest in digests]
    by_date = {digest.date: digest for digest in digests}
    for month in dict.fromkeys(day.month for day in days):
        made |= _month_files(month, days, by_date.__getitem__, settings)
    for year in dict.fromkeys(day.date.year for day in days):
        made |= site.year_files(year, days, settings)
    return made | _front_files(days, by_date.__getitem__, settings)
