"""The reader's votes, the papers from elsewhere that they liked, and what was learned: archived
state, which no record of a day gives back.

    votes.jsonl    a vote a line, sorted by id; may be edited by hand
    liked.jsonl    title and abstract of voted papers that no record keeps
    learned.json   the learner's weights
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date as _date
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from digest.archive.record import where
from digest.archive.store import DATA, Files, day_path
from digest.core import files, for_you
from digest.core.day import Explorer
from digest.core.errors import ArchiveError
from digest.core.for_you import ShownDay
from digest.core.learned import Learned
from digest.core.votes import TAKEN_BACK, Vote, VotedPaper, VoteSource

VOTES, LIKED, LEARNED = DATA / "votes.jsonl", DATA / "liked.jsonl", DATA / "learned.json"
STATE = (VOTES, LIKED, LEARNED)
T = TypeVar("T")


class _Vote(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    id: Annotated[str, msgspec.Meta(min_length=1)]
    vote: Annotated[int, msgspec.Meta(ge=-1, le=1)]
    date: _date | None = None
    source: VoteSource = VoteSource.HAND  # whoever writes a line by hand may leave it out
    at: datetime | None = None


class _Learned(msgspec.Struct, forbid_unknown_fields=True):
    schema: Literal[1]
    since: _date
    through: _date
    days: Annotated[int, msgspec.Meta(ge=1)]
    papers: Annotated[int, msgspec.Meta(ge=1)]
    bias: float
    weights: dict[str, float]


@dataclass(frozen=True, slots=True)
class Feedback:
    """The three files."""

    votes: tuple[Vote, ...] = ()
    liked: tuple[VotedPaper, ...] = ()
    learned: Learned | None = None

    def files(self) -> Files:
        """Those that are not empty, as bytes."""
        made: Files = {}
        if self.votes:
            made[VOTES] = encode_votes(self.votes)
        if self.liked:
            made[LIKED] = encode_liked(self.liked)
        if self.learned:
            made[LEARNED] = encode_learned(self.learned)
        return made


def read(out: Path) -> Feedback:
    """What is archived below `out`. Raises `ArchiveError` that names file and line."""
    return Feedback(read_votes(out), read_liked(out), read_learned(out))


def read_votes(out: Path) -> tuple[Vote, ...]:
    """The votes, sorted by id; none without the file. Raises `ArchiveError` that names the line."""
    votes = {vote.id: vote for vote in map(_vote, _lines(out, VOTES, _Vote))}
    return tuple(vote for _, vote in sorted(votes.items()))


def _vote(line: _Vote) -> Vote:
    return Vote(line.id, line.vote, line.date, line.source, line.at)


def encode_votes(votes: Iterable[Vote]) -> bytes:
    """`votes.jsonl`."""
    ordered = sorted(votes, key=lambda vote: vote.id)
    return _encoded(_Vote(v.id, v.vote, v.date, v.source, v.at) for v in ordered)


def read_liked(out: Path) -> tuple[VotedPaper, ...]:
    """The voted papers from elsewhere, sorted by id. Raises `ArchiveError`."""
    papers = {paper.id: paper for paper in _lines(out, LIKED, VotedPaper)}
    return tuple(paper for _, paper in sorted(papers.items()))


def encode_liked(papers: Iterable[VotedPaper]) -> bytes:
    """`liked.jsonl`."""
    return _encoded(sorted(papers, key=lambda paper: paper.id))


def read_learned(out: Path) -> Learned | None:
    """What the learner knows; None if it has not learned yet. Raises `ArchiveError`."""
    data = files.read(out / LEARNED)
    if data is None:
        return None
    record = _decoded(data, _Learned, str(LEARNED))
    return Learned(
        record.since, record.through, record.days, record.papers, record.bias, record.weights
    )


def encode_learned(learned: Learned) -> bytes:
    """`learned.json`: features in order, three decimals."""
    weights = {feature: round(learned.weights[feature], 3) for feature in sorted(learned.weights)}
    state = _Learned(
        schema=1,
        since=learned.since,
        through=learned.through,
        days=learned.days,
        papers=learned.papers,
        bias=round(learned.bias, 3),
        weights=weights,
    )
    return msgspec.json.encode(state) + b"\n"


def texts(out: Path, votes: Iterable[Vote], liked: Iterable[VotedPaper]) -> dict[str, VotedPaper]:
    """The text of each voted paper that a record keeps or that is in `liked`, by id.

    Raises `ArchiveError` if a record that is needed is damaged.
    """
    wanted = {vote.id: vote.date for vote in votes}
    found = {paper.id: paper for paper in liked if paper.id in wanted}
    for day in sorted({day for day in wanted.values() if day}):
        path = day_path(day)
        if data := files.read(out / path):
            kept = _decoded(data, _Kept, str(path)).kept  # the rest of the record is skipped
            found |= {paper.id: paper for paper in kept if paper.id in wanted}
    return found


class _Kept(msgspec.Struct):
    """Of a day's record, the kept papers' texts."""

    kept: tuple[VotedPaper, ...]


def shown_days(
    votes: Iterable[Vote], read: Callable[[PurePosixPath], bytes | None]
) -> tuple[ShownDay, ...]:
    """What the last `for_you.DAYS` days with votes showed, oldest first. `read` gives a file of the
    site's folder, None if there is none. Raises `ArchiveError` if a record is damaged."""
    dates = sorted({vote.date for vote in votes if vote.date and vote.vote != TAKEN_BACK})
    paths = {day: day_path(day) for day in dates[-for_you.DAYS :]}
    found = ((day, str(path), read(path)) for day, path in paths.items())
    return tuple(_shown(day, _decoded(data, _Day, name)) for day, name, data in found if data)


class _Id(msgspec.Struct):
    id: str


class _Day(msgspec.Struct):
    """Of a day's record, what was shown; the rest is skipped."""

    kept: tuple[_Id, ...]
    below: tuple[_Id, ...]
    explorer: Explorer | None = None


def _shown(day: _date, record: _Day) -> ShownDay:
    kept, below = (tuple(paper.id for paper in papers) for papers in (record.kept, record.below))
    return ShownDay(day, kept, frozenset(below), record.explorer)


def _lines(out: Path, name: PurePosixPath, kind: type[T]) -> Iterator[T]:
    lines = (files.read(out / name) or b"").splitlines()
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _decoded(line, kind, f"{name}, line {number}")


def _decoded(data: bytes, kind: type[T], name: str) -> T:
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        raise ArchiveError(
            f"{name}: {where(str(error))}: correct it, or restore the file from git"
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ArchiveError(
            f"{name}: not JSON ({error}): correct it, or restore the file from git"
        ) from error


def _encoded(entries: Iterable[Any]) -> bytes:
    return msgspec.json.Encoder().encode_lines(list(entries))
