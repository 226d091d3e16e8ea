"""`.digest/`: what an unfinished day has announced, and the answers that it has already paid for.

Answers are appended as they come, one a line: if the run is killed, the next one pays only for the
rest, even tomorrow, when arXiv's feed shows another day. Losing the folder costs money, never
correctness.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from digest.arxiv.fetch import Fetched, Reading, Unread
from digest.core import files
from digest.core.day import Missed
from digest.core.errors import ArchiveError
from digest.core.scores import Score, Scoring, Usage
from digest.core.text import one_line

log = logging.getLogger("digest")
T = TypeVar("T")

FOLDER = ".digest"  # beside config.yaml; never committed
FEEDS = ".feeds.json"
TROUBLE = ".trouble.txt"
_MAX_REASON_LENGTH = 300


class _Reading(msgspec.Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What was read of one category, or why nothing was: one of the two."""

    fetched: Fetched | None = None
    unread: Unread | None = None


class _Line(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One answer of the model."""

    after: datetime | None  # when the day's record was made, if there was one
    asked: str  # scorer, model and prompt
    scores: dict[str, Score]
    usage: Usage
    cost_usd: float | None


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The answers for a day that are not in the archive yet."""

    path: Path
    after: datetime | None
    asked: str

    @classmethod
    def of(
        cls, folder: Path, day: date, after: datetime | None, asked: Sequence[str]
    ) -> Unfinished:
        """Those of `day` that came after the record made at `after`.

        `asked` names scorer, model and prompt: scores are reused only if all are the same.
        """
        return cls(folder / f"{day}.jsonl", after, "\n".join(asked))

    def read(self) -> Scoring:
        """The scores that were given to the same question, and what all answers have cost."""
        try:
            lines = (files.read(self.path) or b"").splitlines()
        except ArchiveError as error:
            log.warning("%s; the answers in it are paid for again", error)
            return Scoring({})
        total = Scoring({})
        for number, text in enumerate(lines, start=1):
            try:
                line = msgspec.json.decode(text, type=_Line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                log.warning("%s, line %d: not readable, left out", self.path, number)
                continue
            if line.after == self.after:
                scores = line.scores if line.asked == self.asked else {}
                valid = {paper_id: score for paper_id, score in scores.items() if _is_valid(score)}
                total += Scoring(valid, line.usage, line.cost_usd)
        return total

    def keep(self, answer: Scoring) -> None:
        """Append one answer, without its failures. Raises `ArchiveError` if the disk refuses."""
        line = _Line(
            after=self.after,
            asked=self.asked,
            scores={i: v for i, v in answer.verdicts.items() if isinstance(v, Score)},
            usage=answer.usage,
            cost_usd=answer.cost_usd,
        )
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a+b") as file:
                if file.tell():
                    file.seek(-1, 2)
                    if file.read(1) != b"\n":
                        file.write(b"\n")  # a killed run has left half a line
                file.write(msgspec.json.encode(line) + b"\n")
        except OSError as error:
            raise files.cannot_be_written(self.path, error) from error

    def keep_readings(self, readings: Sequence[Reading]) -> None:
        """Keep what was read of the day, for a run after arXiv's feeds show another day."""
        encoded = [
            _Reading(unread=r) if isinstance(r, Unread) else _Reading(fetched=r) for r in readings
        ]
        files.write(self.path.with_suffix(FEEDS), msgspec.json.encode(encoded))

    def forget(self) -> None:
        """Remove the day's files: the archive has the answers. A file that stays does no harm,
        because `after` no longer matches."""
        for suffix in (FEEDS, self.path.suffix):
            _remove(self.path.with_suffix(suffix))


def pending(folder: Path, today: date) -> dict[date, list[Reading]]:
    """What was read of days before `today` that no run has finished, oldest first."""
    return {day: readings for day, readings in _read_all(folder, FEEDS, _decode) if day < today}


def _decode(data: bytes) -> list[Reading]:
    """Raises `ValueError`."""
    readings = msgspec.json.decode(data, type=list[_Reading])
    return [one for reading in readings if (one := reading.fetched or reading.unread)]


def note_trouble(folder: Path, day: date, reason: str) -> None:
    """Keep why there is no digest of `day` yet, for the readers of the next one."""
    try:
        line = f"{one_line(reason, _MAX_REASON_LENGTH)}\n"
        files.write(folder / f"{day}{TROUBLE}", line.encode())
    except ArchiveError as error:
        log.warning("the next digest will not say what went wrong: %s", error)


def troubles(folder: Path, after: date, before: date) -> tuple[Missed, ...]:
    """What went wrong on the days between these two, oldest first."""
    reasons = _read_all(folder, TROUBLE, lambda data: one_line(data.decode(), _MAX_REASON_LENGTH))
    return tuple(Missed(day, reason) for day, reason in reasons if after < day < before)


def forget_trouble(folder: Path, day: date) -> None:
    """The day has its digest."""
    if folder.is_dir():
        _remove(folder / f"{day}{TROUBLE}")


def _read_all(folder: Path, suffix: str, decode: Callable[[bytes], T]) -> Iterator[tuple[date, T]]:
    """The files YYYY-MM-DD`suffix` in order. Each that is no use is logged and left out."""
    for path in sorted(folder.glob(f"????-??-??{suffix}")):
        try:
            yield date.fromisoformat(path.name.removesuffix(suffix)), decode(path.read_bytes())
        except OSError as error:
            log.warning("%s; left out", files.cannot_be_read(path, error))
        except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
            log.warning(
                "%s: is damaged, or of another version, and left out: it may be removed", path
            )


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        log.warning("%s: cannot be removed: %s", path, error.strerror)


def _is_valid(score: Score) -> bool:
    return all(1 <= n <= 10 for n in (score.relevance, score.novelty) if n is not None)
