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

    days: list[DayReport] = field(default_factory=list)  # oldest first
    exit_code: int = 0
    failure: DayReport | None = None  # what ended the run

    def fail(self, status: str, reason: str, exit_code: int) -> None:
        self.failure = DayReport(status, reason)
        self.exit_code = exit_code

    @property
    def top(self) -> DayReport:
        """The newest day, or what ended the run."""
        if self.failure is not None:
            return self.failure
        return self.days[-1] if self.days else DayReport("unchanged", "there was nothing to do")

    def to_json(self, seconds: float) -> str:
        """One line; the days oldest first, the newest repeated at the top level."""
        top = asdict(self.top) | {"seconds": round(seconds, 3)}
        top["reason"] = inert(top["reason"])
        return json.dumps(top | {"days": [asdict(day) for day in self.days]}, default=str)

    def to_text(self) -> str:
        """A line a day."""
        days = [*self.days] + ([self.failure] if self.failure else [])
        return "\n".join(f"{d.date or 'digest'}: {d.status}: {inert(d.reason)}" for d in days)
