"""What a run says of itself: the line a person reads, and `--json` for machines."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import date

from digest.models import Counts, Digest, Usage
from digest.text import inert


@dataclass(frozen=True, slots=True)
class DayReport:
    """One announcement day handled."""

    status: str
    reason: str  # one plain sentence
    date: date | None = None
    counts: Counts | None = None
    usage: Usage | None = None
    cost_usd: float | None = None
    model: str | None = None
    scorer: str | None = None
    page: str | None = None
    commit: str | None = None
    seconds: float = 0.0

    @classmethod
    def of(cls, digest: Digest, status: str, reason: str, commit: str | None) -> DayReport:
        return cls(
            status,
            reason,
            digest.date,
            digest.counts,
            digest.usage,
            digest.cost_usd,
            digest.model,
            digest.scorer,
            f"{digest.date:%Y}/{digest.date}.html",
            commit,
        )


@dataclass(slots=True)
class RunReport:
    """Filled as the run goes, so that what was done is told even when it ends badly."""

    days: list[DayReport] = field(default_factory=list)  # handled to their end, oldest first
    under_way: date | None = None
    exit_code: int = 0
    problem: DayReport | None = None  # what the exit code is about
    failure: DayReport | None = None  # what ended the run

    def add(self, day: DayReport, exit_code: int = 0) -> None:
        """A day handled; with an exit code where the run has to fail for it."""
        self.days.append(day)
        self.under_way = None
        if exit_code:
            self.problem, self.exit_code = day, exit_code

    def fail(self, status: str, reason: str, exit_code: int) -> None:
        """The end of the run, in the middle of the day under way if there is one."""
        self.failure = self.problem = DayReport(status, reason, self.under_way)
        self.exit_code = exit_code

    @property
    def top(self) -> DayReport:
        """The newest day, or what ended the run."""
        if self.failure is not None:
            return self.failure
        return self.days[-1] if self.days else DayReport("unchanged", "there was nothing to do")

    def to_json(self, seconds: float) -> str:
        """One line; the days oldest first, the newest repeated at the top level."""
        days = [*self.days]
        if self.failure is not None and self.failure.date is not None:
            days.append(self.failure)
        top = _plain(self.top) | {"seconds": round(seconds, 3)}
        return json.dumps(top | {"days": [_plain(day) for day in days]})

    def to_text(self) -> str:
        """A line a day handled."""
        return "\n".join(_line(day) for day in self.days)

    def complaints(self) -> list[str]:
        """A line for each thing that made the run fail."""
        if self.problem is None:
            return []
        day = f"{self.problem.date}: " if self.problem.date else ""
        return [f"digest: {day}{inert(line)}" for line in self.problem.reason.splitlines()]


def _line(day: DayReport) -> str:
    return ": ".join(filter(None, (str(day.date or ""), day.status, inert(day.reason))))


def _plain(day: DayReport) -> dict[str, object]:
    reason = "; ".join(inert(line) for line in day.reason.splitlines())
    return asdict(day) | {"reason": reason, "date": day.date and str(day.date)}
