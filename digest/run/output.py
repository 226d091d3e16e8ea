"""What a day's record becomes: files of the archive and of the site, written together.

`write` makes what one day changes, `site_files` everything; both make the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from digest.archive import layout, record, store
from digest.core import files
from digest.core.config import Site
from digest.core.errors import ArchiveError
from digest.core.models import Digest
from digest.core.progress import bar, stage
from digest.core.wording import count
from digest.publish import publish
from digest.run import selection
from digest.site import build


def write(out: Path, digest: Digest, before: Digest | None, settings: Site) -> list[str]:
    """Archive the day and make the pages that follow from it; the files that changed.

    The same for a new day, a better one and one that an interrupted run left half written: what
    is right already is not touched.
    """
    days = store.with_day(store.read_days(out), digest)

    def read(day: date) -> Digest:
        return digest if day == digest.date else store.listed_day(out, day)

    paths = {year: out / layout.year_file(year) for year in {day.date.year for day in days}}
    years_there = [year for year, path in paths.items() if path.exists()]
    made = store.day_files(out, digest, before, days) | store.address_file(settings.url)
    made |= build.changed_files(digest, days, read, years_there, settings)
    return [str(path) for path in store.write_files(out, made)]


def require_no_other_pages(out: Path, day: date) -> None:
    """Raise `ConfigError` where `write` would write over files that this program did not make."""
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


def add_day(out: Path, ours: Digest, settings: Site) -> None:
    """Record and commit in `out` a day that was made beside another archive."""
    batches = store.earlier_batches(out, store.read_days(out), ours.date)
    ledger = store.read_ledger(out, ours.outcome_ids)
    digest = selection.rejudge(ours, ledger, batches)
    if any(source.fresh for source in digest.sources.values()):
        write(out, digest, store.read_day(out, ours.date), settings)
        publish.commit(out, digest)


def render(out: Path, to: Path, settings: Site) -> list[str]:
    """Rebuild every generated file of the archive in `out` into `to`; the files that changed.

    Raises `ArchiveError` where there is no day, or a record is damaged or gone; `ConfigError` where
    a file in `to` is somebody else's.
    """
    store.listed_days(out)
    with stage("render") as said:
        digests = list(bar(store.read_archive(out), "read"))
        if not digests:
            raise ArchiveError(f"{out / store.DATA}: holds no day: check `out` in the settings")
        made = site_files(digests, settings)
        written = [str(path) for path in store.write_files(to, made)]
        said += [count(len(digests), "day"), f"{count(len(written), 'file')} changed"]
    return written


def site_files(digests: Sequence[Digest], settings: Site) -> store.Files:
    """Every generated file of a site with these days, oldest first: the archive's and the pages."""
    made: store.Files = {store.day_path(d.date): record.encode(d) for d in digests}
    made |= store.derived_files(digests) | store.address_file(settings.url)
    return made | build.all_files(digests, settings)
