"""The one GitHub issue that is open while digests fail.

The first failure opens it, the next ones update it, the next digest closes it: GitHub sends a mail
when it opens and when it closes, and none in between. A job that fails before its run begins opens
none. We recognise the issue by a mark in its text, if the bot or the repository's owners wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from digest.core.errors import Interrupted, RunStatus
from digest.core.text import inert, markdown, one_line
from digest.publish.github import GitHub, GitHubError, read
from digest.publish.github_issues import Issue, close, mark

# A day that ended so closes the issue. A run without anything to do (a weekend) does not.
GOOD = (RunStatus.PUBLISHED, RunStatus.UPDATED, RunStatus.UNCHANGED)
_MARK = "preprint-digest-outage"
_LONGEST_TITLE = 120
_LONGEST_REASON = 1_000
_SHORTEST_CAUSE = 20  # characters: a category or a file name alone is no cause
_SETTING = re.compile(r".+\.ya?ml: \S+")  # "config.yaml: llm.model" alone is none either
_STOPPED_BY_PERSON_MIN = 60  # a run that was stopped later has probably used up the job's time
DEFAULT_CONFIG = "config.yaml"
NO_GITHUB = "no issue tells of this: there is no GITHUB_TOKEN, or no GITHUB_REPOSITORY"
_NO_REPORT = (
    "the run ended without a report: it was killed, or this program has a fault; its log says which"
)
_REMEDY = (
    "Once the cause is repaired, run the workflow by hand or wait for its next run: the next digest"
    " closes this issue. The README's troubleshooting lists the causes."
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One run of the bot."""

    report: Mapping[str, Any]  # what `--json` printed; {} if it ended without a report
    exit_code: int | None  # None: it was killed, or never began
    log: str | None  # an address
    time: datetime
    config: str = DEFAULT_CONFIG  # a repository may have several digests, each with its settings

    @property
    def stopped_after(self) -> int | None:
        """The minutes after which a person, or the end of the job's time, stopped the run."""
        stopped = self.exit_code == Interrupted.exit_code
        return int(self.report.get("seconds") or 0) // 60 if stopped else None

    @property
    def problem(self) -> Mapping[str, Any]:
        """The day that failed, which is not always the newest."""
        return self.report.get("problem") or {}

    @property
    def reason(self) -> str:
        if (minutes := self.stopped_after) is not None:
            return f"the run was stopped after {minutes} minutes: probably it ran out of time"
        return one_line(str(self.problem.get("reason") or _NO_REPORT), _LONGEST_REASON)


def follow(github: GitHub, attempt: Attempt) -> str:
    """Open, update or close the issue, as this run requires.

    Returns what was done, or why GitHub refused it, as a line.
    """
    minutes = attempt.stopped_after
    if minutes is not None and minutes < _STOPPED_BY_PERSON_MIN:
        return "nothing to report: somebody stopped this run"
    good = attempt.exit_code == 0
    if good and not (attempt.report.get("status") in GOOD and attempt.report.get("date")):
        return "nothing to report: this run neither failed nor made a digest"
    try:
        number, failures = _open_issue(github, attempt.config)
        if not good:
            text = {"title": title(attempt), "body": body(attempt, failures + 1)}
            if number is None:
                return f"issue {read(github.ask('POST', 'issues', **text), Issue).number} opened"
            github.ask("PATCH", f"issues/{number}", **text)
            return f"issue {number} updated"
        if number is None:
            return "nothing to report: all is well"
        github.ask("POST", f"issues/{number}/comments", body=_recovered(attempt))
        close(github, number)
        return f"issue {number} closed: digests are made again"
    except GitHubError as error:
        return f"no issue tells of this: {error.explained}"


def title(attempt: Attempt) -> str:
    """The cause: the part before the colon of "what is wrong: what to do"."""
    cause, *rest = attempt.reason.split("; ", 1)[0].split(": ")
    while rest and (len(cause) < _SHORTEST_CAUSE or _SETTING.fullmatch(cause)):
        cause += f": {rest.pop(0)}"
    return inert(one_line(f"Digest stopped: {cause}", _LONGEST_TITLE))


def body(attempt: Attempt, failures: int) -> str:
    """What happened, in Markdown, with the mark by which the next run recognises the issue."""
    problem = attempt.problem
    rows = [
        ("Settings", attempt.config if attempt.config != DEFAULT_CONFIG else None),
        ("Day", problem.get("date")),
        ("Last try", f"{attempt.time:%Y-%m-%d %H:%M} UTC"),
        ("Tries that failed", failures),
        ("Status", problem.get("status")),
        ("Exit code", attempt.exit_code),
    ]
    table = [f"| {name} | {markdown(str(value))} |" for name, value in rows if value is not None]
    newest = max(attempt.report.get("days") or [{}], key=lambda day: day.get("date") or "")
    effect = "No digest is published until the cause is repaired."
    if newest.get("status") in GOOD:
        day = markdown(str(newest["date"]))
        effect = f"The newest digest, of {day}, is published nevertheless."
    elif newest.get("page"):  # `fallback`
        page = markdown(str(newest["page"]))
        effect = f"The digest is published without the model's scores: {page}."
    parts = [
        effect,
        f"> {markdown(attempt.reason)}",
        "\n".join(["| | |", "|:---|:---|", *table]),
        f"[The log of that run]({attempt.log})" if attempt.log else "",
        _REMEDY,
        mark(_MARK, tries=failures, config=attempt.config),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _recovered(attempt: Attempt) -> str:
    day, reason = attempt.report.get("date"), one_line(str(attempt.report.get("reason") or ""), 300)
    log = f" [Its log]({attempt.log})." if attempt.log else ""
    return f"Digests are made again. {markdown(str(day or ''))}: {markdown(reason)}.{log}\n"


def _open_issue(github: GitHub, config: str) -> tuple[int | None, int]:
    """The number of this digest's open issue, and how many tries have failed; (None, 0) if none.

    Each failure updates it, so it is among the hundred that changed last.
    """
    answer = github.ask("GET", "issues?state=open&sort=updated&per_page=100")
    for issue in read(answer, list[Issue]):
        content = issue.mark(_MARK) if issue.is_trusted else {}
        if content.get("config") == config:
            tries = content.get("tries")
            return issue.number, tries if isinstance(tries, int) else 0
    return None, 0
