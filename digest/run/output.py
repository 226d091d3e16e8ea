"""The files that follow from the days' records, in the archive and in the site.

`write` makes what one day changes, `site_files` makes everything; both make the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from digest.archive import feedback, layout, record, store
from digest.archive.feedback import Feedback
from digest.archive.store import Archive
from digest.core import files
from digest.core.config import Site
from digest.core.day import Digest
from digest.core.errors import ArchiveError
from digest.core.progress import bar, stage
from digest.core.wording import count
from digest.publish.commit import commit_day
from digest.run import learning, selection
from digest.site import build


def write(
    archive: Archive,
    digest: Digest,
    settings: Site,
    state: Feedback | None = None,
    *,
    learned: bool = False,
) -> list[str]:
    """Archive the day and make the pages that follow from it; return the files that changed.

    With a `state`, votes and what was learned are archived too; without, they stay as they are.
    `learned`: what was learned has a page.

    The same for a new day, a better one and one that a killed run left half written: files that
    are right are not touched. Raises `ConfigError` and `ArchiveError` as `write_files` does.
    """
    days = archive.days_with(digest)

    def read(day: date) -> Digest:
        return digest if day == digest.date else archive.listed_day(day)

    paths = {year: archive.out / layout.year_file(year) for year in {d.date.year for d in days}}
    years_there = [year for year, path in paths.items() if path.exists()]
    made = archive.day_files(digest) | store.address_file(settings.url)
    made |= state.files() if state else {}
    taught = learning.taught(
        state or feedback.read(archive.out),
        [day.date for day in days],
        read,
        lambda path: made.get(path) or files.read(archive.out / path),
        page=learned,
    )
    made |= build.changed_files([digest], days, read, years_there, settings, taught)
    written = store.write_files(archive.out, without_foreign(archive.out, made))
    archive.days = days
    return [str(path) for path in written]


def require_no_other_pages(out: Path, day: date) -> None:
    """Raise `ConfigError` if `write` would overwrite files that this program did not make."""
    year, month = f"{day:%Y}", f"{day:%Y-%m}"
    shared = ("*", "data/*", "search/index.html", f"search/{month}.json")
    dated = (f"{year}/{year}.html", f"{year}/{month}.html", f"{year}/{day}.*")
    paths = sorted(path for pattern in (*shared, *dated) for path in out.glob(pattern))
    if foreign := [path for path in paths if path.is_file() and not is_ours(out, path)]:
        raise layout.not_ours(foreign)


def is_ours(out: Path, path: Path) -> bool:
    """True if this program may overwrite or remove this file of the site in `out`."""
    name = path.relative_to(out).as_posix()
    return not layout.is_generated(name) or layout.is_ours(name, files.read(path) or b"")


def without_foreign(out: Path, made: store.Files) -> store.Files:
    """A page of the user's own that is called as ours of what was learned stays, while there is no
    such page to be made."""
    page = build.LEARNED
    if made.get(page) is None and not is_ours(out, out / page):
        return {path: data for path, data in made.items() if path != page}
    return made


def add_day(
    out: Path,
    ours: Digest,
    settings: Site,
    state: Feedback | None = None,
    *,
    learned: bool = False,
) -> None:
    """Record and commit in `out` a day that was made with another archive; with a `state`, votes
    too."""
    archive = Archive.repaired(out)
    scored_on, batches = archive.scored_on(ours.outcome_ids), archive.earlier_batches(ours.date)
    digest = selection.fit_into(ours, scored_on, batches)
    if any(source.fresh for source in digest.sources.values()):
        write(archive, digest, settings, state, learned=learned)
        commit_day(out, digest)


def render(out: Path, to: Path, settings: Site, *, learned: bool = False) -> list[str]:
    """Rebuild every generated file of the archive in `out` into `to`; return the changed ones.

    Raises `ArchiveError` if there is no day, or a record is damaged or gone; `ConfigError` if a
    file in `to` is somebody else's.
    """
    store.listed_days(out)
    with stage("render") as facts:
        digests = list(bar(store.read_archive(out), "read"))
        if not digests:
            raise ArchiveError(f"{out / store.DATA}: holds no day: check `out` in the settings")
        made = site_files(digests, settings, feedback.read(out), learned=learned)
        made |= archived_state(out)
        written = store.write_files(to, without_foreign(to, made))
        facts += [count(len(digests), "day"), f"{count(len(written), 'file')} changed"]
    return [str(path) for path in written]


def site_files(
    digests: Sequence[Digest],
    settings: Site,
    state: Feedback | None = None,
    *,
    learned: bool = False,
) -> store.Files:
    """Every generated file of a site with these days, oldest first: the archive's and the pages."""
    made: store.Files = {store.day_path(d.date): record.encode(d) for d in digests}
    made |= store.derived_files(digests) | store.address_file(settings.url)
    by_date = {digest.date: digest for digest in digests}
    taught = learning.taught(
        state or Feedback(), [*by_date], by_date.__getitem__, made.get, page=learned
    )
    return made | build.all_files(digests, settings, taught)


def archived_state(out: Path) -> store.Files:
    """The files of the archive that follow from nothing else, as they are."""
    return {name: data for name in feedback.STATE if (data := files.read(out / name)) is not None}
