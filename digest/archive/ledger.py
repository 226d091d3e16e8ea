"""The seen-ledger, `<out>/data/seen/`: which day scored which paper.

One shard `YYMM.txt` for each month of arXiv ids, so that a shard stops growing. Its lines are
sorted: `2601.20868 2026-01-30`. A paper that two days scored stands under the earlier one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path, PurePosixPath

from digest.core import files
from digest.core.day import Day, Digest
from digest.core.errors import ArchiveError

FOLDER = PurePosixPath("data/seen")
# A killed run leaves the ledger behind the records of the last days, if at all.
_RECENT_DAYS = 3


def scored_on(out: Path, ids: Iterable[str]) -> dict[str, date]:
    """The day that scored each of these papers; papers never scored are left out.

    Reads only the shards of the ids. Raises `ArchiveError` if one of them is damaged.
    """
    days: dict[str, date] = {}
    for shard, wanted in _by_shard(ids).items():
        lines = _read(out, shard)
        days |= {paper_id: lines[paper_id] for paper_id in wanted if paper_id in lines}
    return days


def updated(
    out: Path, digest: Digest, previous: Digest | None, other_days: Collection[date]
) -> dict[PurePosixPath, bytes | None]:
    """The shards that recording `digest` changes; None for a shard that becomes empty.

    `previous` is the day's earlier record: papers that it scored and `digest` does not leave the
    ledger. Lines of days that are not among `other_days` leave it as well.
    """
    scored = digest.scored_ids
    # All outcomes, not only the scored ones: a killed run may have left papers in the ledger that
    # the day has since filtered.
    touched = [*digest.outcome_ids, *(previous.scored_ids if previous else ())]
    shards: dict[PurePosixPath, bytes | None] = {}
    for shard, ids in sorted(_by_shard(touched).items()):
        lines = {i: day for i, day in _read(out, shard).items() if day in other_days}
        for paper_id in ids & scored:
            lines[paper_id] = min(digest.date, lines.get(paper_id, digest.date))
        shards[shard] = _encode(lines) if lines else None
    return shards


def rebuilt(digests: Iterable[Digest]) -> dict[PurePosixPath, bytes]:
    """Every shard of an archive that holds these days, oldest first."""
    shards: dict[PurePosixPath, dict[str, date]] = defaultdict(dict)
    for digest in digests:
        for paper_id in digest.scored_ids:
            shards[_shard(paper_id)].setdefault(paper_id, digest.date)
    return {shard: _encode(lines) for shard, lines in sorted(shards.items())}


def shards(out: Path) -> list[PurePosixPath]:
    """The shards that exist, by month."""
    return [FOLDER / path.name for path in sorted((out / FOLDER).glob("[0-9][0-9][0-9][0-9].txt"))]


def agrees(out: Path, days: Sequence[Day], read: Callable[[date], Digest]) -> bool:
    """True if the ledger has a line for each paper that `days` scored, and none for other days.

    The lines of each day are only counted. `read` is asked for the records of days with too few
    lines, because their papers may stand under an earlier day; and for the last days, which a
    killed run may have changed. Raises `ArchiveError` if a shard is damaged.
    """
    scored = {day.date: day.counts.kept + day.counts.below for day in days}
    lines = Counter(day for shard in shards(out) for day in _read(out, shard).values())
    if any(number > scored.get(day, 0) for day, number in lines.items()):
        return False
    to_read = [day for day, number in scored.items() if lines[day] < number]
    to_read += [day.date for day in days[-_RECENT_DAYS:]]
    ids = frozenset[str]().union(*(read(day).scored_ids for day in to_read))
    return scored_on(out, ids).keys() == ids


def _shard(paper_id: str) -> PurePosixPath:
    """2601.txt for 2601.20868, 0601.txt for math/0601001."""
    return FOLDER / f"{paper_id.rpartition('/')[2][:4]}.txt"


def _by_shard(ids: Iterable[str]) -> dict[PurePosixPath, set[str]]:
    shards: dict[PurePosixPath, set[str]] = defaultdict(set)
    for paper_id in ids:
        shards[_shard(paper_id)].add(paper_id)
    return shards


def _read(out: Path, shard: PurePosixPath) -> dict[str, date]:
    lines = {}
    for number, line in enumerate((files.read(out / shard) or b"").splitlines(), start=1):
        try:
            paper_id, day = line.decode("ascii").split()
            lines[paper_id] = date.fromisoformat(day)
        except ValueError as error:
            raise ArchiveError(
                f"{shard}, line {number}: not `ID YYYY-MM-DD`: restore the file from git"
            ) from error
    return lines


def _encode(lines: Mapping[str, date]) -> bytes:
    return "".join(f"{paper_id} {day}\n" for paper_id, day in sorted(lines.items())).encode()
