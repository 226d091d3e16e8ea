"""The archive, `<out>/data/`: the source of truth, and the files derived from it.

    YYYY/YYYY-MM-DD.json   one whole day (`record.py`)
    seen/YYMM.txt          which day scored which paper (`ledger.py`)
    days.jsonl             one line for each day
    site.json              the address of the site, once it is known

A daily run reads `days.jsonl`, the last days and the shards it touches, never the whole archive.
Files are written whole or not at all, and only if they differ.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from datetime import date
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import msgspec

from digest.archive import ledger, record
from digest.archive.layout import day_file, day_of_record, is_ours, not_ours
from digest.core import files
from digest.core.day import Day, Digest
from digest.core.errors import ArchiveError
from digest.core.papers import Entry

log = logging.getLogger("digest")

DATA = PurePosixPath("data")
DAYS = DATA / "days.jsonl"
ADDRESS = DATA / "site.json"
COMPARED_DAYS = 14  # a feed is compared with these: it may be stuck for longer than one day
_GONE = (
    f"is listed in {DAYS.name} and gone: restore the file from git; to give the day up, commit its"
    " removal if git has it, then run `digest check --repair`"
)
_LINE = msgspec.json.Decoder(Day)

Files = dict[PurePosixPath, bytes | None]  # paths below <out>; None: no such file


class Archive:
    """The archive below `out`, opened once a run: the list of days is in memory, records are read
    when they are asked for. Whoever writes a day sets `days`."""

    def __init__(self, out: Path) -> None:
        """Raises `ArchiveError` if `days.jsonl` is damaged."""
        self.out = out
        self.days = read_days(out)  # oldest first

    @classmethod
    def repaired(cls, out: Path) -> Archive:
        """Open the archive after making its derived files again if they are wrong (`restore`)."""
        restore(out)
        return cls(out)

    def read_day(self, day: date) -> Digest | None:
        """The record of the day; None if it has none. Raises `ArchiveError` if it is damaged."""
        return read_day(self.out, day)

    def listed_day(self, day: date) -> Digest:
        """The record of a day in `days`. Raises `ArchiveError` if its file is gone or damaged."""
        digest = read_day(self.out, day)
        if digest is None:
            raise ArchiveError(f"{day_path(day)}: {_GONE}")
        return digest

    def dates_before(self, day: date) -> list[date]:
        """The recorded days before `day`, oldest first."""
        return [recorded.date for recorded in self.days if recorded.date < day]

    def days_with(self, digest: Digest) -> tuple[Day, ...]:
        """The list of days with this one added or replaced, oldest first."""
        by_date = {day.date: day for day in self.days} | {digest.date: Day.of(digest)}
        return tuple(day for _, day in sorted(by_date.items()))

    def scored_on(self, ids: Iterable[str]) -> dict[str, date]:
        """The day that scored each of these papers; papers never scored are left out.

        A line of the ledger that names a day without a record does not count.
        """
        recorded = {day.date for day in self.days}
        scored = ledger.scored_on(self.out, ids)
        return {paper_id: day for paper_id, day in scored.items() if day in recorded}

    def earlier_batches(self, day: date) -> dict[str, tuple[Entry, ...]]:
        """What each category announced on the last `COMPARED_DAYS` recorded days before `day`.

        A category without any fresh announcement in that time is left out.
        """
        batches: dict[str, tuple[Entry, ...]] = {}
        for earlier in reversed(self.dates_before(day)[-COMPARED_DAYS:]):
            for category, source in self.listed_day(earlier).sources.items():
                if source.fresh and source.entries:
                    batches[category] = batches.get(category, ()) + source.entries
        return batches

    def day_files(self, digest: Digest) -> Files:
        """What recording `digest` writes: its own file first, because the others derive from it."""
        others = {day.date for day in self.days} - {digest.date}
        return {
            day_path(digest.date): record.encode(digest),
            **ledger.updated(self.out, digest, self.read_day(digest.date), others),
            DAYS: _encode_days(self.days_with(digest)),
        }


# --- days -------------------------------------------------------------------------------------


def day_path(day: date) -> PurePosixPath:
    """data/2026/2026-01-30.json."""
    return DATA / day_file(day, ".json")


def day_paths(out: Path) -> list[PurePosixPath]:
    """The record of each archived day, relative to `out`, oldest first. A file whose name is no
    date (2026-02-30.json) is no record.

    Raises `ArchiveError` if a year's folder cannot be read.
    """
    paths = []
    for folder in sorted((out / DATA).glob("[0-9][0-9][0-9][0-9]")):
        try:
            names = os.listdir(folder)  # noqa: PTH208 - `glob` would hide a folder it may not read
        except NotADirectoryError:
            continue
        except OSError as error:
            raise files.cannot_be_read(folder, error) from error
        paths += [DATA / folder.name / name for name in sorted(names)]
    return [path for path in paths if day_of_record(str(path))]


def read_day(out: Path, day: date) -> Digest | None:
    """The day as archived, or None if there is no file. Raises `ArchiveError` if it is damaged."""
    path = day_path(day)
    data = files.read(out / path)
    return None if data is None else record.decode(data, str(path))


def read_archive(out: Path) -> Iterator[Digest]:
    """Every archived day, oldest first. Raises `ArchiveError` at the first damaged one."""
    for path in day_paths(out):
        yield record.decode(files.read(out / path) or b"", str(path))


def read_days(out: Path) -> tuple[Day, ...]:
    """`days.jsonl`, oldest first. Raises `ArchiveError` that names a damaged line."""
    days = []
    for number, line in enumerate((files.read(out / DAYS) or b"").splitlines(), start=1):
        try:
            days.append(_LINE.decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ArchiveError(
                f"{DAYS}, line {number}: {record.where(str(error))}: restore the file from git"
            ) from error
    return tuple(days)


def _encode_days(days: Iterable[Day]) -> bytes:
    return msgspec.json.Encoder().encode_lines(map(_line, days))


def _line(day: Day) -> dict[str, object]:
    """`foresight` is left out if there is none."""
    values = {field.name: getattr(day, field.name) for field in fields(Day)}
    if day.foresight is None:
        del values["foresight"]
    return values | {"counts": day.counts.as_stated()}


def derived_files(digests: Iterable[Digest]) -> Files:
    """Every file that follows from the days' own: the ledger and `days.jsonl`."""
    ordered = sorted(digests, key=lambda digest: digest.date)
    return {**ledger.rebuilt(ordered), DAYS: _encode_days(map(Day.of, ordered))}


# --- derived files that do not agree with the records -----------------------------------------


def restore(out: Path) -> list[PurePosixPath]:
    """Make the derived files again if they do not agree with the days; return what changed.

    A killed run, a merge or a copy can add a day's file alone or lose a shard of the ledger: papers
    would be scored twice, or wrongly count as seen. Raises `ArchiveError` if a day's own file is
    damaged or gone.
    """
    days, paths = listed_days(out), day_paths(out)
    try:
        as_recorded = [day_path(day.date) for day in days] == paths and ledger.agrees(
            out, days, Archive(out).listed_day
        )
    except ArchiveError as error:
        _require_damage(error)
        as_recorded = False
    if as_recorded or not paths:
        return []
    written = write_files(out, dict.fromkeys(ledger.shards(out)) | derived_files(read_archive(out)))
    if written:
        names = ", ".join(map(str, written[:3])) + ", …" * (len(written) > 3)
        log.info("restore: made again from the days' records: %s", names)
    return written


def listed_days(out: Path) -> tuple[Day, ...]:
    """`days.jsonl`; no days if it is damaged.

    Raises `ArchiveError` if a listed day has no record any more: a day must not be forgotten
    without a word.
    """
    try:
        days = read_days(out)
    except ArchiveError as error:
        _require_damage(error)
        return ()
    paths = set(day_paths(out))
    for day in days:
        if day_path(day.date) not in paths:
            raise ArchiveError(f"{day_path(day.date)}: {_GONE}")
    return days


def _require_damage(error: ArchiveError) -> None:
    """Raise the error again if the system refused to read the file: only a damaged one can be made
    again from the days' own files."""
    if isinstance(error.__cause__, OSError):
        raise error
    log.info("%s", error)


# --- the address of the site ------------------------------------------------------------------


class _Address(msgspec.Struct, forbid_unknown_fields=True):
    url: str


def read_address(out: Path) -> str | None:
    """The address in `site.json`; None without the file. Raises `ArchiveError` if it is wrong."""
    data = files.read(out / ADDRESS)
    if data is None:
        return None
    try:
        url = msgspec.json.decode(data, type=_Address).url
        parts = urlsplit(url)
    except (msgspec.DecodeError, ValueError) as error:
        raise ArchiveError(
            f'{ADDRESS}: is not {{"url": "https://…"}} alone: move it if it is yours; if not,'
            " remove it: it is made again"
        ) from error
    if parts.scheme not in ("http", "https") or not parts.hostname or not url.isprintable():
        raise ArchiveError(f"{ADDRESS}: holds no http(s) address: remove the file")
    return url


def address_file(url: str | None) -> Files:
    """`site.json`, if the address is known."""
    return {} if url is None else {ADDRESS: msgspec.json.encode({"url": url}) + b"\n"}


# --- writing ----------------------------------------------------------------------------------


def write_files(out: Path, wanted: Mapping[PurePosixPath, bytes | None]) -> list[PurePosixPath]:
    """Write the files that differ, in the given order, each whole or not at all; return their
    names. None stands for a file that must not be there.

    Raises `ConfigError`, and writes nothing, if a file that this program did not make would be
    lost; `ArchiveError` if the disk refuses: files written before that stay, and are whole.
    """
    names, foreign = [], []
    for name, data in wanted.items():
        try:
            present = files.read(out / name)
        except ArchiveError:  # writing it raises again, after the files before it are written
            names.append(name)
            continue
        if present != data:
            names.append(name)
            if present and not is_ours(str(name), present):
                foreign.append(out / name)
    if foreign:
        raise not_ours(foreign)
    for name in names:
        data = wanted[name]
        if data is None:
            files.remove(out / name)
        else:
            files.write(out / name, data)
    return names
