"""The archive, `<out>/data/`: the source of truth, and the files derived from it.

    YYYY/YYYY-MM-DD.json   a day, whole (`record.py`)
    seen/YYMM.txt          the seen-ledger: which day scored which paper, by the id's own month
    days.jsonl             a line a day
    site.json              where the site is, once that is known

A daily run reads `days.jsonl`, the last days and the shards it touches, never the whole archive.
Files are written whole or not at all, and only if they differ.
"""

from __future__ import annotations

import logging
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from urllib.parse import urlsplit

import msgspec

from digest.archive import record
from digest.archive.layout import day_file, is_ours, not_ours
from digest.core import files
from digest.core.errors import ArchiveError
from digest.core.models import Day, Digest
from digest.core.papers import Entry

log = logging.getLogger("digest")

DATA = PurePosixPath("data")
DAYS = DATA / "days.jsonl"
LEDGER = DATA / "seen"
ADDRESS = DATA / "site.json"
_LOOK_BACK = 3  # days: what a stale feed or a cross-list would repeat is mostly that recent
_GONE = (
    f"is listed in {DAYS.name} and gone: restore the file from git; to give the day up, let"
    " `digest check --repair` forget it, after a commit of its removal if git has it"
)


_DAYS = msgspec.json.Decoder(Day)
_DAY_NAME = re.compile(r"\d{4}-\d\d-\d\d\.json", re.ASCII)


class _Address(msgspec.Struct, forbid_unknown_fields=True):
    url: str


Files = dict[PurePosixPath, bytes | None]  # below <out>; None: no such file


def day_path(day: date) -> PurePosixPath:
    return DATA / day_file(day, ".json")


# --- reading ----------------------------------------------------------------------------------


def read_day(out: Path, day: date) -> Digest | None:
    """The day as archived, or None where there is no file."""
    data = files.read(out / day_path(day))
    return None if data is None else _decode_day(data, str(day_path(day)))


@lru_cache(maxsize=40)  # a run's days: those of a month and of the feeds, each asked for thrice
def _decode_day(data: bytes, name: str) -> Digest:
    return record.decode(data, name)


def listed_day(out: Path, day: date) -> Digest:
    """A day that `days.jsonl` lists. `ArchiveError` where its file is gone."""
    digest = read_day(out, day)
    if digest is None:
        raise ArchiveError(f"{day_path(day)}: {_GONE}")
    return digest


def day_paths(out: Path) -> list[PurePosixPath]:
    """The file of each archived day below `out`, oldest first."""
    return [DATA / name for name in _day_names(out)]


def _day_names(out: Path) -> list[str]:
    """The same below data/, as words: after ten years there are 2,500."""
    found = []
    for folder in sorted((out / DATA).glob("[0-9][0-9][0-9][0-9]")):
        try:
            names = os.listdir(folder)  # noqa: PTH208 - names will do
        except NotADirectoryError:
            continue
        except OSError as error:
            raise files.cannot_be_read(folder, error) from error
        year = folder.name
        found += [f"{year}/{name}" for name in names if _DAY_NAME.fullmatch(name)]
    return sorted(found)


def read_archive(out: Path) -> Iterator[Digest]:
    """Every archived day, oldest first."""
    for path in day_paths(out):
        yield record.decode(files.read(out / path) or b"", str(path))


def read_address(out: Path) -> str | None:
    """Where the site is, as `site.json` says; None where it does not say."""
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
    """`site.json`, where there is something to say in it."""
    return {} if url is None else {ADDRESS: msgspec.json.encode({"url": url}) + b"\n"}


def read_days(out: Path) -> tuple[Day, ...]:
    """`days.jsonl`, oldest first."""
    return _decode_days(files.read(out / DAYS) or b"")


@lru_cache(maxsize=1)  # a run asks many times, and ten years are 1.1 MB
def _decode_days(data: bytes) -> tuple[Day, ...]:
    try:
        return tuple(_DAYS.decode_lines(data))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return tuple(map(_decode_line, enumerate(data.splitlines(), start=1)))


def _decode_line(numbered: tuple[int, bytes]) -> Day:
    number, line = numbered
    try:
        return _DAYS.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ArchiveError(
            f"{DAYS}, line {number}: {record.where(str(error))}: restore the file from git"
        ) from error


def earlier_batches(
    out: Path, days: Iterable[Day], before: date, window: int = 14
) -> dict[str, tuple[Entry, ...]]:
    """What each category announced before a date, on the last `window` recorded days: a feed may
    be stuck for longer than a day.

    A category without anything in that time is left out.
    """
    batches: dict[str, tuple[Entry, ...]] = {}
    for day in sorted((d.date for d in days if d.date < before), reverse=True)[:window]:
        for category, source in listed_day(out, day).sources.items():
            if source.fresh and source.entries:
                batches[category] = batches.get(category, ()) + source.entries
    return batches


# --- the seen-ledger --------------------------------------------------------------------------


def _shard(paper_id: str) -> PurePosixPath:
    """By the id's own month, so that a shard stops growing: 2601.20868 and math/0601001."""
    return LEDGER / f"{paper_id.rpartition('/')[2][:4]}.txt"


def _read_shard(out: Path, shard: PurePosixPath) -> Mapping[str, date]:
    return _decode_shard(files.read(out / shard) or b"", str(shard))


@lru_cache(maxsize=4)  # a run asks four times for that of the month, of up to 20,000 lines
def _decode_shard(data: bytes, name: str) -> Mapping[str, date]:
    ledger = {}
    for number, line in enumerate(data.splitlines(), start=1):
        try:
            paper_id, day = line.decode("ascii").split()
            ledger[paper_id] = date.fromisoformat(day)
        except ValueError as error:
            raise ArchiveError(
                f"{name}, line {number}: not `ID YYYY-MM-DD`: restore the file from git"
            ) from error
    return MappingProxyType(ledger)


def read_ledger(out: Path, ids: Iterable[str]) -> dict[str, date]:
    """Which day scored each of these papers; those never scored are left out.

    A line that names a day without a record counts for nothing.
    """
    wanted = set(ids)
    shards = {shard: _read_shard(out, shard) for shard in set(map(_shard, wanted))}
    lines = ((paper_id, shards[_shard(paper_id)].get(paper_id)) for paper_id in wanted)
    scored = {paper_id: day for paper_id, day in lines if day}
    recorded = {day for day in set(scored.values()) if (out / day_path(day)).is_file()}
    return {paper_id: day for paper_id, day in scored.items() if day in recorded}


def _encode_shard(ledger: Mapping[str, date]) -> bytes:
    return "".join(f"{paper_id} {day}\n" for paper_id, day in sorted(ledger.items())).encode()


# --- the files of the archive -----------------------------------------------------------------


def day_files(out: Path, digest: Digest, before: Digest | None, days: Iterable[Day]) -> Files:
    """What recording `digest` writes: its file first, for it is the truth, then what derives.

    `before` is the day's earlier record: what it scored and `digest` does not leaves the ledger.
    `days` are all days, this one included; lines of other days leave the ledger as well.
    """
    days = tuple(days)
    others = {day.date for day in days} - {digest.date}
    made: Files = {day_path(digest.date): record.encode(digest)}
    # Not only the shards of what is scored: a run killed halfway may have left papers in the ledger
    # that the day has since put elsewhere.
    scored, touched = digest.scored_ids, defaultdict(list)
    for paper_id in [*digest.outcome_ids, *(before.scored_ids if before else ())]:
        touched[_shard(paper_id)].append(paper_id)
    for shard, ids in sorted(touched.items()):
        ledger = {i: day for i, day in _read_shard(out, shard).items() if day in others}
        ledger |= {i: min(digest.date, ledger.get(i, digest.date)) for i in ids if i in scored}
        made[shard] = _encode_shard(ledger) if ledger else None
    return made | {DAYS: encode_days(days)}


def with_day(days: Iterable[Day], digest: Digest) -> tuple[Day, ...]:
    """The days with this one added or replaced, oldest first."""
    by_date = {day.date: day for day in days} | {digest.date: Day.of(digest)}
    return tuple(day for _, day in sorted(by_date.items()))


def encode_days(days: Iterable[Day]) -> bytes:
    return msgspec.json.Encoder().encode_lines(days)


def derived_files(digests: Iterable[Digest]) -> Files:
    """Every file that follows from the days' own: the ledger and `days.jsonl`."""
    shards: dict[PurePosixPath, dict[str, date]] = defaultdict(dict)
    days = []
    for digest in sorted(digests, key=lambda d: d.date):
        days.append(Day.of(digest))
        for paper_id in digest.scored_ids:
            shards[_shard(paper_id)].setdefault(paper_id, digest.date)
    made: Files = {shard: _encode_shard(ledger) for shard, ledger in sorted(shards.items())}
    return made | {DAYS: encode_days(days)}


def restore(out: Path) -> list[PurePosixPath]:
    """Make the derived files again where they do not agree with the days; return what changed.

    A run that was killed, a merge or a copy can leave a day's file alone, or lose a shard of the
    ledger: papers would be repeated, or taken for seen. Raises `ArchiveError` where a day's own
    file is damaged or gone.
    """
    days, names = listed_days(out), _day_names(out)
    if not names:
        return []
    if days is not None and [*map(_day_name, days)] == names and _ledger_agrees(out, days):
        return []
    derived = derived_files(read_archive(out))
    return write_files(out, dict.fromkeys(_shards(out)) | derived)


def listed_days(out: Path) -> tuple[Day, ...] | None:
    """`days.jsonl`, or None where it is damaged.

    Raises `ArchiveError` where a day in it has no record any more: nobody is to forget it in
    silence.
    """
    try:
        days = read_days(out)
    except ArchiveError as error:
        _require_damage(error)
        return None
    there = set(_day_names(out))
    for day in days:
        if _day_name(day) not in there:
            raise ArchiveError(f"{day_path(day.date)}: {_GONE}")
    return days


def _day_name(day: Day) -> str:
    return str(day_file(day.date, ".json"))


def _require_damage(error: ArchiveError) -> None:
    """Raise the error again if the file could not be read at all. One that is damaged, or of
    another version, can be made again, for the days' own files hold all of it."""
    if isinstance(error.__cause__, OSError):
        raise error
    log.info("%s", error)


def _shards(out: Path) -> list[PurePosixPath]:
    """The files of the ledger that are there."""
    return [LEDGER / path.name for path in sorted((out / LEDGER).glob("[0-9][0-9][0-9][0-9].txt"))]


def _ledger_agrees(out: Path, days: Sequence[Day]) -> bool:
    """Whether the ledger has a line for each paper that the days scored, and none for other days.

    After ten years it has a million lines, so they are only counted. If there are more or fewer of
    them than of scored papers, they are counted by day. The records of the days that have too few
    are read, for their papers may stand there under an earlier day that scored them as well; so
    are the records of the last days, which a killed run may have left newer than all the rest.
    """
    scored = {str(day.date).encode(): day.counts.kept + day.counts.below for day in days}
    texts = [files.read(out / shard) or b"" for shard in _shards(out)]
    in_doubt = [day.date for day in days[-_LOOK_BACK:]]
    if sum(text.count(b"\n") for text in texts) != sum(scored.values()):
        lines = Counter(word for text in texts for word in text.split()[1::2])
        if any(number > scored.get(day, 0) for day, number in lines.items()):
            return False
        short = (day for day, number in scored.items() if lines[day] < number)
        in_doubt += [date.fromisoformat(day.decode()) for day in short]
    ids = frozenset[str]().union(*(listed_day(out, day).scored_ids for day in in_doubt))
    try:
        return not ids - read_ledger(out, ids).keys()
    except ArchiveError as error:
        _require_damage(error)
        return False


def write_files(out: Path, wanted: Mapping[PurePosixPath, bytes | None]) -> list[PurePosixPath]:
    """Write the files that differ, in the given order, each whole or not at all; return their
    names. A file that must not be there is None.

    Raises `ConfigError`, and writes nothing, if a file that this program did not make would be
    lost; `ArchiveError` if the disk refuses: files written before that stay, and are whole.
    """
    names = _differing(out, wanted)
    for name in names:
        data = wanted[name]
        if data is None:
            files.remove(out / name)
        else:
            files.write(out / name, data)
    return names


def _differing(out: Path, wanted: Mapping[PurePosixPath, bytes | None]) -> list[PurePosixPath]:
    """The files that are not as they should be, or cannot be read, in the given order.

    Raises `ConfigError` if one of them was not made by this program.
    """
    names, foreign = [], []
    for name, data in wanted.items():
        try:
            present = files.read(out / name)
        except ArchiveError:  # for the writer to report, after those before it are written
            names.append(name)
            continue
        if present != data:
            names.append(name)
            if present and not is_ours(str(name), present):
                foreign.append(out / name)
    if foreign:
        raise not_ours(foreign)
    return names
