"""The archive, `<out>/data/`: the source of truth, and the files derived from it.

    YYYY/YYYY-MM-DD.json   a day, whole (`digest.record`)
    seen/YYMM.txt          the seen-ledger: which day scored which paper, by the id's own month
    days.jsonl             a line a day

A daily run reads `days.jsonl`, the last days and the shards it touches, never the whole archive.
Files are written whole or not at all, and only where they differ.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path, PurePosixPath
from tempfile import NamedTemporaryFile

import msgspec

from digest import record
from digest.errors import ArchiveError
from digest.models import Day, Digest, Entry

DATA = PurePosixPath("data")
DAYS = DATA / "days.jsonl"


def day_path(day: date) -> PurePosixPath:
    return DATA / f"{day:%Y}" / f"{day}.json"


# --- reading ----------------------------------------------------------------------------------


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ArchiveError(f"{path}: cannot be read: {error.strerror}") from error


def read_day(out: Path, day: date) -> Digest | None:
    """The day as archived, or None where there is no file."""
    data = _read(out / day_path(day))
    return None if data is None else record.decode(data, str(day_path(day)))


def read_archive(out: Path) -> Iterator[Digest]:
    """Every archived day, oldest first."""
    for path in sorted((out / DATA).glob("[0-9][0-9][0-9][0-9]/????-??-??.json")):
        name = str(DATA / path.parent.name / path.name)
        yield record.decode(path.read_bytes(), name)


def read_days(out: Path) -> tuple[Day, ...]:
    """`days.jsonl`, oldest first."""
    days = []
    for number, line in enumerate((_read(out / DAYS) or b"").splitlines(), start=1):
        try:
            days.append(msgspec.json.decode(line, type=Day))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ArchiveError(
                f"{DAYS}, line {number}: {record.where(str(error))}: restore the file from git"
            ) from error
    return tuple(days)


def earlier_batches(
    out: Path, days: Iterable[Day], before: date, categories: Collection[str], window: int = 14
) -> dict[str, tuple[Entry, ...]]:
    """Each category's latest recorded non-empty batch before a date, among the last `window` days.

    A category without one in that time is left out.
    """
    batches: dict[str, tuple[Entry, ...]] = {}
    for day in sorted((d.date for d in days if d.date < before), reverse=True)[:window]:
        if set(categories) <= batches.keys():
            break
        digest = read_day(out, day)
        for category, source in digest.sources.items() if digest else ():
            if source.entries:
                batches.setdefault(category, source.entries)
    return batches


# --- the seen-ledger --------------------------------------------------------------------------


def _shard(paper_id: str) -> PurePosixPath:
    """By the id's own month, so that a shard stops growing: 2601.20868 and math/0601001."""
    return DATA / "seen" / f"{paper_id.rpartition('/')[2][:4]}.txt"


def _read_shard(out: Path, shard: PurePosixPath) -> dict[str, date]:
    ledger = {}
    for number, line in enumerate((_read(out / shard) or b"").splitlines(), start=1):
        match = re.fullmatch(rb"(\S+) (\d{4}-\d\d-\d\d)", line)
        try:
            ledger[match[1].decode("ascii")] = date.fromisoformat(match[2].decode())  # type: ignore[index]
        except (TypeError, ValueError) as error:
            raise ArchiveError(
                f"{shard}, line {number}: not `ID YYYY-MM-DD`: restore the file from git"
            ) from error
    return ledger


def read_ledger(out: Path, ids: Iterable[str]) -> dict[str, date]:
    """Which day scored each of these papers; those never scored are left out."""
    wanted = set(ids)
    shards = {_shard(paper_id) for paper_id in wanted}
    found = (item for shard in shards for item in _read_shard(out, shard).items())
    return {paper_id: day for paper_id, day in found if paper_id in wanted}


def _encode_shard(ledger: Mapping[str, date]) -> bytes:
    return "".join(f"{paper_id} {day}\n" for paper_id, day in sorted(ledger.items())).encode()


# --- the files of the archive -----------------------------------------------------------------


def day_files(
    out: Path, digest: Digest, before: Digest | None, days: Iterable[Day]
) -> dict[PurePosixPath, bytes]:
    """What recording `digest` writes: its file first, for it is the truth, then what derives.

    `before` is the day's earlier record, whose papers leave the ledger where they are no longer
    scored; `days` are all days, this one included.
    """
    gone = before.scored_ids - digest.scored_ids if before else frozenset()
    files = {day_path(digest.date): record.encode(digest)}
    by_shard = defaultdict(set)
    for paper_id in digest.scored_ids | gone:
        by_shard[_shard(paper_id)].add(paper_id)
    for shard, ids in sorted(by_shard.items()):
        ledger = _read_shard(out, shard)
        for paper_id in ids:
            if paper_id in digest.scored_ids:
                ledger[paper_id] = digest.date
            elif ledger.get(paper_id) == digest.date:
                del ledger[paper_id]
        files[shard] = _encode_shard(ledger)
    return files | {DAYS: encode_days(days)}


def with_day(days: Iterable[Day], digest: Digest) -> tuple[Day, ...]:
    """The days with this one added or replaced, oldest first."""
    by_date = {day.date: day for day in days} | {digest.date: Day.of(digest)}
    return tuple(day for _, day in sorted(by_date.items()))


def encode_days(days: Iterable[Day]) -> bytes:
    return "".join(msgspec.json.encode(day).decode() + "\n" for day in days).encode()


def derived_files(digests: Iterable[Digest]) -> dict[PurePosixPath, bytes]:
    """Every file that follows from the days' own: the ledger and `days.jsonl`."""
    shards: dict[PurePosixPath, dict[str, date]] = defaultdict(dict)
    days = []
    for digest in sorted(digests, key=lambda d: d.date):
        days.append(Day.of(digest))
        for paper_id in digest.scored_ids:
            shards[_shard(paper_id)].setdefault(paper_id, digest.date)
    files = {shard: _encode_shard(ledger) for shard, ledger in sorted(shards.items())}
    return files | {DAYS: encode_days(days)}


def write_files(out: Path, files: Mapping[PurePosixPath, bytes]) -> list[PurePosixPath]:
    """Write what differs, in the given order, each file whole or not at all; return what changed.

    Raises `ArchiveError` when the disk refuses; files written before that stay, and are whole.
    """
    written = []
    for name, data in files.items():
        path = out / name
        try:
            if _read(path) == data:
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            _replace(path, data)
        except OSError as error:
            raise ArchiveError(
                f"{path}: cannot be written: {error.strerror}: free the disk or mend the"
                " permissions, then run again"
            ) from error
        written.append(name)
    return written


def _replace(path: Path, data: bytes) -> None:
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        temporary = Path(file.name)
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            temporary.chmod(0o644)  # a temporary file is private, a page is not
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
