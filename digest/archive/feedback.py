"""The reader's votes, the papers from elsewhere that they liked, and what was learned: archived
state, which no record of a day gives back.

    votes.jsonl    a vote a line, sorted by id; may be edited by hand
    liked.jsonl    title and abstract of voted papers that no record keeps
    learned.json   the learner's weights
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
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
from digest.core.papers import pasted_id
from digest.core.text import one_line
from digest.core.votes import DISLIKED, TAKEN_BACK, Pulled, Vote, VotedPaper, VoteSource, merged

VOTES, LIKED, LEARNED = DATA / "votes.jsonl", DATA / "liked.jsonl", DATA / "learned.json"
STATE = (VOTES, LIKED, LEARNED)
T = TypeVar("T")


_Weight = Annotated[float, msgspec.Meta(ge=-1000, le=1000)]  # real ones stay below 10


class _Vote(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    id: str
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
    bias: _Weight
    weights: dict[str, _Weight]


@dataclass(frozen=True, slots=True)
class Feedback:
    """The three files."""

    votes: tuple[Vote, ...] = ()
    liked: tuple[VotedPaper, ...] = ()
    learned: Learned | None = None

    def files(self) -> Files:
        """Their bytes; an empty one is not there."""
        return {
            VOTES: encode_votes(self.votes) or None,
            LIKED: encode_liked(self.liked) or None,
            LEARNED: encode_learned(self.learned) if self.learned else None,
        }


def read(out: Path) -> Feedback:
    """What is archived below `out`. Raises `ArchiveError` that names file and line."""
    return Feedback(read_votes(out), read_liked(out), read_learned(out))


def read_votes(out: Path) -> tuple[Vote, ...]:
    """The votes, sorted by id, of several for a paper the strongest; none without the file. Raises
    `ArchiveError` that names the line.

    No box says 0 or -1: who wrote that into its line did so by hand.
    """
    votes = []
    for place, data in _lines(out, VOTES):
        line = _decoded(data, _Vote, place)
        edited = line.vote == TAKEN_BACK or (
            line.vote == DISLIKED and line.source is VoteSource.BOX
        )
        source = VoteSource.HAND if edited else line.source
        votes.append(Vote(_id(line.id, place), line.vote, line.date, source, line.at))
    return merged((), Pulled(tuple(votes)))


def encode_votes(votes: Iterable[Vote]) -> bytes:
    """`votes.jsonl`."""
    ordered = sorted(votes, key=lambda vote: vote.id)
    return _encoded(_Vote(v.id, v.vote, v.date, v.source, v.at) for v in ordered)


def read_liked(out: Path) -> tuple[VotedPaper, ...]:
    """The voted papers from elsewhere, sorted by id. Raises `ArchiveError`."""
    lines = ((place, _decoded(data, VotedPaper, place)) for place, data in _lines(out, LIKED))
    papers = {(own := _id(paper.id, place)): replace(paper, id=own) for place, paper in lines}
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


def _lines(out: Path, name: PurePosixPath) -> Iterator[tuple[str, bytes]]:
    """The place and the text of each line of a file that people may edit."""
    data = (files.read(out / name) or b"").removeprefix(codecs.BOM_UTF8)
    for number, line in enumerate(data.splitlines(), start=1):
        if line.strip():
            yield f"{name}, line {number}", line


def _id(text: str, place: str) -> str:
    """The id as we write it. Raises `ArchiveError` if it is none."""
    paper_id = pasted_id(text)
    if paper_id is None:
        raise ArchiveError(
            f"{place}: {one_line(text, 40)!r} is no arXiv id: correct it, or restore the file from"
            " git"
        )
    return paper_id


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
