"""What a run says of itself: the lines a person reads, `--json` for machines, and for GitHub
Actions a step's outputs, its annotations and its summary. All of it may quote text from outside."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from secrets import token_hex

from digest.archive.layout import day_file
from digest.core.models import Counts, Day, Digest, Kept, RunStatus
from digest.core.scores import ScoredBy, Usage
from digest.core.secrets import Secrets
from digest.core.tex import plain
from digest.core.text import inert, markdown, one_line
from digest.core.wording import count, dollars, warnings

SUMMARY_DAYS = 20
SUMMARY_LINES = 20
SUMMARY_PAPERS = 10
ANNOTATIONS = 10  # of a kind in a step: GitHub shows no more
_LONGEST_REASON = 300
_LONGEST_TITLE = 200


class LogFormatter(logging.Formatter):
    """A record as one line that obeys nobody and holds no secret."""

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
    digest: Digest | None = field(default=None, repr=False, compare=False)  # what came of it

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
    """Filled as the run goes, so that what was done is told even when it ends badly."""

    days: list[DayReport] = field(default_factory=list)  # handled to their end, oldest first
    under_way: date | None = None
    exit_code: int = 0
    problem: DayReport | None = None  # what the exit code is about
    failure: DayReport | None = None  # what ended the run
    text: str = ""  # what there is to say at length
    details: dict[str, object] = field(default_factory=dict)  # the same for machines: more keys
    notes: list[str] = field(default_factory=list)  # what else deserves a look
    site: str | None = None  # the address that the pages will be at, where it is known
    repository: str | None = None  # that of the repository's own page

    def add(self, day: DayReport, exit_code: int = 0) -> None:
        """A day handled; with an exit code where the run has to fail for it."""
        self.days.append(day)
        self.days.sort(key=lambda d: d.date or date.max)
        self.under_way = None
        if exit_code:
            self.problem, self.exit_code = day, exit_code

    def fail(self, status: RunStatus, reason: str, exit_code: int) -> None:
        """The end of the run, in the middle of the day under way if there is one."""
        self.failure = self.problem = DayReport(status, reason, self.under_way)
        self.exit_code = exit_code

    @property
    def top(self) -> DayReport:
        """The newest day, or what ended the run."""
        if self.failure is not None:
            return self.failure
        return (
            self.days[-1]
            if self.days
            else DayReport(RunStatus.UNCHANGED, "there was nothing to do")
        )

    def to_json(self, seconds: float) -> str:
        """One line; the days oldest first, the newest repeated at the top level; and what the exit
        code is about."""
        days = [*self.days]
        if self.failure is not None and self.failure.date is not None:
            days.append(self.failure)
        top = _plain(self.top) | {"seconds": round(seconds, 3)}
        about = _plain(self.problem) if self.problem else None
        problem = about and {name: about[name] for name in ("status", "reason", "date")}
        told = {"days": [_plain(day) for day in days], "problem": problem}
        line = json.dumps(top | told | self.details)
        # GitHub finds `##[command]` anywhere in a line of a log; in JSON there is another way to
        # write it.
        return line.replace("##[", r"#\u0023[").replace("::", r":\u003a")

    def to_text(self) -> str:
        """What there is to say, and a line a day handled."""
        return "\n".join([*filter(None, [self.text]), *map(_line, self.days)])

    def complaints(self) -> list[str]:
        """A line for each thing that made the run fail."""
        if self.problem is None:
            return []
        day = f"{self.problem.date}: " if self.problem.date else ""
        return [f"digest: {day}{inert(line)}" for line in self.problem.reason.splitlines()]

    def to_outputs(self) -> str:
        """What to append to the file that GITHUB_OUTPUT names. What is not known is empty."""
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
        return "".join(_output(name, value) for name, value in outputs.items())

    def to_annotations(self) -> str:
        """Workflow commands that show what went wrong, and what a reader must know of a day that
        was made, on the page of the GitHub Actions run."""
        errors = [] if self.problem is None else self.problem.reason.splitlines()
        made = [
            day
            for day in self.days
            if day.status in (RunStatus.PUBLISHED, RunStatus.UPDATED) and day.digest
        ]
        said = [f"{d.date}: {line}" for d in made if d.digest for line in warnings(d.digest)]
        said += [day.reason for day in self.days if day.status is RunStatus.NOT_SET_UP]
        found = self.problem is not None and self.problem.status is RunStatus.FINDINGS
        title = "To be mended" if found else "Digest stopped"
        commands = [_command("error", title, line) for line in errors[:ANNOTATIONS]]
        commands += [_command("warning", "Digest", line) for line in said[:ANNOTATIONS]]
        return "".join(commands)

    def to_summary(self) -> str:
        """Markdown to append to the file that GITHUB_STEP_SUMMARY names: a few KB at most."""
        lines = self.top.reason.splitlines()
        if self.problem is not self.top:
            lines += self.complaints()
        parts = [f"## Digest: {markdown(self.top.status)}"]
        parts += [markdown(one_line(line, _LONGEST_REASON)) for line in lines[:SUMMARY_LINES]]
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
        return "\n\n".join(parts) + "\n"

    def _newest(self, day: DayReport) -> list[str]:
        """The newest day's warnings, best papers and links."""
        if day.digest is None:
            return []
        parts = [_note(line) for line in warnings(day.digest)]
        if best := day.digest.kept[:SUMMARY_PAPERS]:
            parts.append(f"### The best {len(best)} of {count(len(day.digest.kept), 'paper')}")
            parts.append("\n".join(map(_best, best)))
        links = []
        if self.site and day.page:
            links.append(f"[The page]({self.site.rstrip('/')}/{day.page})")
        if self.repository and day.commit:
            links.append(f"[The commit]({self.repository}/commit/{day.commit})")
        return [*parts, " · ".join(links)] if links else parts


def _command(kind: str, title: str, said: str) -> str:
    """`::error title=…::…`, whatever is said: https://docs.github.com/en/actions/reference/\
workflows-and-actions/workflow-commands."""
    text = inert(one_line(said, _LONGEST_REASON)).replace("%", "%25")
    return f"::{kind} title={title}::{text}\n"


def _note(line: str) -> str:
    return f"**Note:** {markdown(one_line(line, _LONGEST_REASON))}"


def _best(kept: Kept) -> str:
    score, paper = kept.score, kept.paper
    marks = f"R{score.relevance}" + ("" if score.novelty is None else f" N{score.novelty}")
    title = markdown(one_line(plain(paper.title), _LONGEST_TITLE)) or paper.id
    return f"1. **{marks}** [{title}](https://arxiv.org/abs/{paper.id})"


def _output(name: str, value: object) -> str:
    """One output, between delimiters that nobody can guess."""
    delimiter = f"END_{token_hex(16)}"
    return f"{name}<<{delimiter}\n{'' if value is None else value}\n{delimiter}\n"


_SUMS = ("announced", "filtered", "seen", "scanned", "kept", "below", "unscored")
_HEADINGS = ("Day", "Status", *(name.capitalize() for name in _SUMS), "Cost")
_TABLE_HEAD = f"| {' | '.join(_HEADINGS)} |\n|:---|:---|{'---:|' * (len(_SUMS) + 1)}"


def _row(day: DayReport) -> str:
    sums = ["" if day.counts is None else f"{getattr(day.counts, name):,}" for name in _SUMS]
    cells = [str(day.date or ""), markdown(day.status), *sums, _cost(day)]
    return f"| {' | '.join(cells)} |"


def _cost(day: DayReport) -> str:
    if day.counts is None:
        return ""
    if day.scorer is ScoredBy.EMBEDDED:
        return "none"
    return markdown(dollars(day.cost_usd))


def _line(day: DayReport) -> str:
    return ": ".join(filter(None, (str(day.date or ""), day.status, inert(day.reason))))


def _plain(day: DayReport) -> dict[str, object]:
    told = {f.name: getattr(day, f.name) for f in fields(day) if f.name != "digest"}
    parts = {name: asdict(told[name]) for name in ("counts", "usage") if told[name] is not None}
    return told | parts | {"reason": _reason(day), "date": day.date and str(day.date)}


def _reason(day: DayReport) -> str:
    return "; ".join(inert(line) for line in day.reason.splitlines())
