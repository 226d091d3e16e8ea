"""`.digest/`: what a day that is not finished has announced, and what it has already paid for.

A line an answer, appended as it comes: whatever ends the run, the next one pays only for the rest,
even tomorrow, when arXiv's feed has turned. Losing the folder costs money, never correctness.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path, PurePosixPath

import msgspec

from digest.archive.store import write_files
from digest.arxiv.fetch import Fetched, Reading, Unread
from digest.core.errors import ArchiveError
from digest.core.models import Missed
from digest.core.papers import Feed, Origin
from digest.core.scores import Score, Scoring, Usage
from digest.core.text import one_line

log = logging.getLogger("digest")

FOLDER = ".digest"  # beside config.yaml; never committed
FEEDS = ".feeds.json"
TROUBLE = ".trouble.txt"
_LONGEST_TROUBLE = 300
_DAMAGED = "is damaged, or of another version, and left out: it may be removed"


class _Reading(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One category as it was read, or why it was not."""

    url: str = ""
    feed: Feed | None = None
    origin: Origin = Origin.FEED
    unread: Unread | None = None
    # As earlier versions wrote it; an unread category was a feed without an address.
    past: bool = False
    approximate: bool = False

    @classmethod
    def of(cls, reading: Reading) -> _Reading:
        if isinstance(reading, Unread):
            return cls(unread=reading)
        return cls(url=reading.url, feed=reading.feed, origin=reading.origin)

    def value(self) -> Reading:
        """ValueError where it is neither."""
        if self.unread:
            return self.unread
        if self.feed is None:
            raise ValueError("neither a feed nor why there is none")
        if not self.url:
            return Unread(self.feed.category, "")
        if self.approximate:
            return Fetched(self.url, self.feed, Origin.SEARCH)
        return Fetched(self.url, self.feed, Origin.PAGE if self.past else self.origin)


class _Line(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    after: datetime | None  # when the day's record was made, on top of which this comes
    asked: str  # of whom, and what
    scores: dict[str, Score]
    usage: Usage
    cost_usd: float | None


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The answers that a day has had and that are in no archive yet."""

    path: Path
    after: datetime | None
    asked: str

    @classmethod
    def of(
        cls, folder: Path, day: date, after: datetime | None, asked: Sequence[str]
    ) -> Unfinished:
        """Those of `day` that came after its record of `after`; `asked` says whom and what."""
        return cls(folder / f"{day}.jsonl", after, "\n".join(asked))

    def read(self) -> Scoring:
        """The scores that were given to the same question, and the spend on any."""
        try:
            lines = self.path.read_bytes().splitlines()
        except FileNotFoundError:
            return Scoring({})
        except OSError as error:
            why = error.strerror
            log.warning("%s: cannot be read, what it holds is paid for again: %s", self.path, why)
            return Scoring({})
        found = Scoring({})
        for number, text in enumerate(lines, start=1):
            try:
                line = msgspec.json.decode(text, type=_Line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                log.warning("%s, line %d: not readable, left out", self.path, number)
                continue
            if line.after == self.after:
                scores = line.scores if line.asked == self.asked else {}
                valid = {i: s for i, s in scores.items() if _is_valid(s)}
                found += Scoring(valid, line.usage, line.cost_usd)
        return found

    def keep(self, answer: Scoring) -> None:
        """Add one answer. Raises `ArchiveError` where it cannot be written."""
        scores = {i: v for i, v in answer.verdicts.items() if isinstance(v, Score)}
        line = _Line(
            after=self.after,
            asked=self.asked,
            scores=scores,
            usage=answer.usage,
            cost_usd=answer.cost_usd,
        )
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab") as file:
                if file.tell() and not _ends_a_line(self.path):
                    file.write(b"\n")  # a killed run has left half a line
                file.write(msgspec.json.encode(line) + b"\n")
        except OSError as error:
            raise ArchiveError(
                f"{self.path}: cannot be written: {error.strerror}: free some space, or mend it"
            ) from error

    def keep_readings(self, readings: Sequence[Reading]) -> None:
        """What the day is about, for a run that comes after the feeds have turned."""
        data = msgspec.json.encode([_Reading.of(reading) for reading in readings])
        write_files(self.path.parent, {PurePosixPath(self._feeds.name): data})

    def forget(self) -> None:
        """The archive has it now; where the file stays, its `after` says so."""
        for path in (self._feeds, self.path):
            _remove(path)
        with suppress(OSError):  # not empty: another day's
            self.path.parent.rmdir()

    @property
    def _feeds(self) -> Path:
        return self.path.with_suffix(FEEDS)


def left(folder: Path, today: date) -> dict[date, list[Reading]]:
    """The days before `today` that no run has finished, oldest first."""
    days = {}
    for path in sorted(folder.glob(f"????-??-??{FEEDS}")):
        try:
            day = date.fromisoformat(path.name.removesuffix(FEEDS))
            kept = msgspec.json.decode(path.read_bytes(), type=list[_Reading])
            readings = [reading.value() for reading in kept]
        except OSError as error:
            log.warning("%s: cannot be read, left out: %s", path, error.strerror)
            continue
        except (ValueError, RecursionError):  # msgspec's are ValueErrors
            log.warning("%s: %s", path, _DAMAGED)
            continue
        if day < today:
            days[day] = readings
    return days


def note_trouble(folder: Path, day: date, reason: str) -> None:
    """Why there is no digest of `day` yet, for the readers of the next one."""
    name = PurePosixPath(f"{day}{TROUBLE}")
    try:
        write_files(folder, {name: f"{one_line(reason, _LONGEST_TROUBLE)}\n".encode()})
    except ArchiveError as error:
        log.warning("what went wrong is not remembered: %s", error)


def troubles(folder: Path, after: date, before: date) -> tuple[Missed, ...]:
    """What went wrong on the days between these two, oldest first."""
    found = []
    for path in sorted(folder.glob(f"????-??-??{TROUBLE}")):
        try:
            day = date.fromisoformat(path.name.removesuffix(TROUBLE))
            said = one_line(path.read_text(encoding="utf-8"), _LONGEST_TROUBLE)
        except OSError as error:
            log.warning("%s: cannot be read, left out: %s", path, error.strerror)
            continue
        except ValueError:
            log.warning("%s: %s", path, _DAMAGED)
            continue
        if after < day < before:
            found.append(Missed(day, said))
    return tuple(found)


def forget_trouble(folder: Path, day: date) -> None:
    """The day has its digest."""
    if folder.is_dir():
        _remove(folder / f"{day}{TROUBLE}")


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        log.warning("%s: cannot be removed: %s", path, error.strerror)


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1) == b"\n"


def _is_valid(score: Score) -> bool:
    return all(1 <= n <= 10 for n in (score.relevance, score.novelty) if n is not None)
