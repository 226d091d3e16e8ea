"""The report of a run: lines for people, `--json` for machines, and for GitHub Actions a step's
outputs, annotations and summary. All of it may quote text from outside."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from secrets import token_hex

from digest.archive.layout import day_file
from digest.core.day import Counts, Day, Digest, Kept
from digest.core.errors import RunStatus
from digest.core.scores import ScoredBy, Usage
from digest.core.secrets import Secrets
from digest.core.tex import plain
from digest.core.text import inert, markdown, one_line
from digest.core.wording import count, dollars, warnings

SUMMARY_DAYS = 20
SUMMARY_LINES = 20
SUMMARY_PAPERS = 10
MAX_ANNOTATIONS = 10  # of one kind in a step: GitHub shows no more
_MAX_REASON_LENGTH = 300
_MAX_TITLE_LENGTH = 200


class LogFormatter(logging.Formatter):
    """A log record as one line without secrets, in which GitHub finds no command."""

    def __init__(self, secrets: Secrets) -> None:
        super().__init__("%(message)s")
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        return inert(self._secrets.scrub(super().format(record)))


@dataclass(frozen=True, slots=True)
class DayReport:
    """One announcement day handled."""

    status: RunStatus
    reason: str  # one plain sentence
    date: date | None = None
    counts: Counts | None = None
    usage: Usage | None = None
    cost_usd: float | None = None
    model: str | None = None
    scorer: ScoredBy | None = None
    page: str | None = None
    commit: str | None = None
    seconds: float = 0.0
    digest: Digest | None = None  # what came of it

    @classmethod
    def of(cls, digest: Digest, status: RunStatus, reason: str, commit: str | None) -> DayReport:
        return cls(
            status,
            reason,
            digest.date,
            digest.counts,
            digest.usage,
            digest.cost_usd,
            digest.model,
            digest.scorer,
            str(day_file(digest.date, ".html")) if Day.of(digest).has_page else None,
            commit,
            digest=digest,
        )


@dataclass(slots=True)
class RunReport:
    """Filled during the run, so that it reports what was done even if the run fails."""

    days: list[DayReport] = field(default_factory=list)  # handled to their end, oldest first
    under_way: date | None = None
    exit_code: int = 0
    problem: DayReport | None = None  # what the exit code is about
    failure: DayReport | None = None  # what ended the run
    text: str = ""  # the result of commands that print more than a line
    details: dict[str, object] = field(default_factory=dict)  # the same for machines: more keys
    notes: list[str] = field(default_factory=list)  # warnings for the summary
    site: str | None = None  # the address of the pages, if it is known
    repository: str | None = None  # the address of the repository's page

    def add(self, day: DayReport, exit_code: int = 0) -> None:
        """Add a day that was handled; with an exit code if the run has to fail for it."""
        self.days.append(day)
        self.days.sort(key=lambda d: d.date or date.max)
        self.under_way = None
        if exit_code:
            self.problem, self.exit_code = day, exit_code

    def fail(self, status: RunStatus, reason: str, exit_code: int) -> None:
        """End the run; `under_way` is the day that it was working on, if any."""
        self.failure = self.problem = DayReport(status, reason, self.under_way)
        self.exit_code = exit_code

    @property
    def top(self) -> DayReport:
        """The newest day, or what ended the run."""
        if self.failure is not None:
            return self.failure
        nothing = DayReport(RunStatus.UNCHANGED, "there was nothing to do")
        return self.days[-1] if self.days else nothing

    def to_json(self, seconds: float) -> str:
        """One line of JSON: the newest day, all `days` oldest first, and the `problem` that set the
        exit code."""
        ended_at = [self.failure] if self.failure and self.failure.date else []
        facts = _plain(self.top) | {
            "seconds": round(seconds, 3),
            "days": [_plain(day) for day in (*self.days, *ended_at)],
            "problem": None,
        }
        if self.problem:
            failed = _plain(self.problem)
            facts["problem"] = {name: failed[name] for name in ("status", "reason", "date")}
        line = json.dumps(facts | self.details)
        # GitHub obeys `##[command]` and `::command::` anywhere in a log; JSON can escape them.
        return line.replace("##[", r"#\u0023[").replace("::", r":\u003a")

    def to_text(self) -> str:
        """`text`, and a line for each day."""
        return "\n".join([*filter(None, [self.text]), *map(_line, self.days)])

    def complaints(self) -> list[str]:
        """A line for each thing that made the run fail."""
        if self.problem is None:
            return []
        day = f"{self.problem.date}: " if self.problem.date else ""
        return [f"digest: {day}{inert(line)}" for line in self.problem.reason.splitlines()]

    def to_outputs(self) -> str:
        """What to append to the file that GITHUB_OUTPUT names. Unknown values are empty."""
        top = self.top
        outputs = {
            "status": top.status,
            "reason": _reason(top),
            "date": top.date,
            "kept": top.counts and top.counts.kept,
            "unscored": top.counts and top.counts.unscored,
            "cost-usd": None if top.cost_usd is None else f"{top.cost_usd:.6f}",
            "page": top.page,
            "commit": top.commit,
            "exit-code": self.exit_code,
        }
        lines = []
        for name, value in outputs.items():
            delimiter = f"END_{token_hex(16)}"  # that nobody can guess
            lines += [f"{name}<<{delimiter}", "" if value is None else str(value), delimiter]
        return "\n".join(lines) + "\n"

    def to_annotations(self) -> str:
        """Workflow commands that show errors, and warnings of new days, on the page of the run."""
        errors = [] if self.problem is None else self.problem.reason.splitlines()
        notices = [
            f"{day.date}: {line}"
            for day in self.days
            if day.status in (RunStatus.PUBLISHED, RunStatus.UPDATED) and day.digest
            for line in warnings(day.digest)
        ]
        notices += [day.reason for day in self.days if day.status is RunStatus.NOT_SET_UP]
        has_findings = self.problem is not None and self.problem.status is RunStatus.FINDINGS
        title = "To be fixed" if has_findings else "Digest stopped"
        commands = [_command("error", title, line) for line in errors[:MAX_ANNOTATIONS]]
        commands += [_command("warning", "Digest", line) for line in notices[:MAX_ANNOTATIONS]]
        return "".join(commands)

    def to_summary(self) -> str:
        """Markdown to append to the file that GITHUB_STEP_SUMMARY names: a few KB at most."""
        lines = self.top.reason.splitlines()
        if self.problem is not self.top:
            lines += self.complaints()
        parts = [f"## Digest: {markdown(self.top.status)}"]
        parts += [markdown(one_line(line, _MAX_REASON_LENGTH)) for line in lines[:SUMMARY_LINES]]
        if len(lines) > SUMMARY_LINES:
            parts.append(f"And {len(lines) - SUMMARY_LINES} more.")
        parts += map(_note, self.notes[:SUMMARY_LINES])
        if self.days:
            newest_first = self.days[::-1]
            rows = [_row(day) for day in newest_first[:SUMMARY_DAYS]]
            parts.append("\n".join([_TABLE_HEAD, *rows]))
            if earlier := newest_first[SUMMARY_DAYS:]:
                parts.append(f"And {count(len(earlier), 'earlier day')}.")
            parts += self._newest(newest_first[0])
        return "\n\n".join(filter(None, parts)) + "\n"

    def _newest(self, day: DayReport) -> list[str]:
        """The newest day's warnings, best papers and links."""
        if day.digest is None:
            return []
        parts = [_note(line) for line in warnings(day.digest)]
        if best := day.digest.kept[:SUMMARY_PAPERS]:
            parts.append(f"### The best {len(best)} of {count(len(day.digest.kept), 'paper')}")
            parts.append("\n".join(map(_best, best)))
        page = self.site and day.page and f"[The page]({self.site.rstrip('/')}/{day.page})"
        commit = self.repository and day.commit and f"{self.repository}/commit/{day.commit}"
        links = [page, f"[The commit]({commit})" if commit else ""]
        return [*parts, " · ".join(filter(None, links))]


def _command(kind: str, title: str, message: str) -> str:
    """`::error title=…::…`: https://docs.github.com/en/actions/reference/workflows-and-actions/\
workflow-commands."""
    text = inert(one_line(message, _MAX_REASON_LENGTH)).replace("%", "%25")
    return f"::{kind} title={title}::{text}\n"


def _note(line: str) -> str:
    return f"**Note:** {markdown(one_line(line, _MAX_REASON_LENGTH))}"


def _best(kept: Kept) -> str:
    score, paper = kept.score, kept.paper
    marks = f"R{score.relevance}" + ("" if score.novelty is None else f" N{score.novelty}")
    title = markdown(one_line(plain(paper.title), _MAX_TITLE_LENGTH)) or paper.id
    return f"1. **{marks}** [{title}](https://arxiv.org/abs/{paper.id})"


_TOTALS = ("announced", "filtered", "seen", "scanned", "kept", "below", "unscored")
_HEADINGS = ("Day", "Status", *(name.capitalize() for name in _TOTALS), "Cost")
_TABLE_HEAD = f"| {' | '.join(_HEADINGS)} |\n|:---|:---|{'---:|' * (len(_TOTALS) + 1)}"


def _row(day: DayReport) -> str:
    numbers = [""] * (len(_TOTALS) + 1)
    if day.counts is not None:
        free = day.scorer is ScoredBy.EMBEDDED
        cost = "none" if free else markdown(dollars(day.cost_usd))
        numbers = [*(f"{getattr(day.counts, name):,}" for name in _TOTALS), cost]
    return f"| {' | '.join([str(day.date or ''), markdown(day.status), *numbers])} |"


def _line(day: DayReport) -> str:
    return ": ".join(filter(None, (str(day.date or ""), day.status, inert(day.reason))))


def _plain(day: DayReport) -> dict[str, object]:
    facts: dict[str, object] = asdict(replace(day, digest=None))
    del facts["digest"]
    counts = day.counts and day.counts.as_stated()
    return facts | {"reason": _reason(day), "date": day.date and str(day.date), "counts": counts}


def _reason(day: DayReport) -> str:
    return "; ".join(inert(line) for line in day.reason.splitlines())
