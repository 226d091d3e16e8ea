"""The one GitHub issue that is open while digests fail: opened by the first failure, brought up to
date by the next ones, closed by the next digest. GitHub mails once when it opens and once when it
closes, and not for what lies between. A job that fails before the digest is begun opens none.

It is found by a mark in its text, and only where the bot or the repository's own people wrote it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from digest.core.errors import Interrupted
from digest.core.models import RunStatus
from digest.core.text import inert, markdown, one_line
from digest.publish.github import GitHub, GitHubError

# What proves, of a day, that digests are made again. A weekend's run, with nothing to do, proves
# nothing, nor does a run that found another one at work.
GOOD = (RunStatus.PUBLISHED, RunStatus.UPDATED, RunStatus.UNCHANGED)
_MARK = "preprint-digest-outage"
_BOT = "github-actions[bot]"
_OWN = ("OWNER", "MEMBER", "COLLABORATOR")
_LONGEST_TITLE = 120
_LONGEST_REASON = 1_000
_SHORTEST_CAUSE = 20  # characters: a category's or a file's name alone is no cause
_NAMES = re.compile(r".+\.ya?ml: \S+")  # nor is a file's and a setting's
_PER_PAGE = 100  # GitHub gives no more
_PAGES = 10
_SOON = 60  # minutes, after which it is rather the job's time that has ended
_DEFAULT = "config.yaml"
_HIDDEN = re.compile(r"[^\w\s\\\"{}:,./-]")  # in a comment of HTML: what could end it, or mean more
NO_GITHUB = "no issue tells of this: there is no GITHUB_TOKEN, or no GITHUB_REPOSITORY"
_REMEDY = (
    "Once it is mended, run the workflow by hand, or wait for its next slot: the next digest closes"
    " this issue. The README's troubleshooting goes through the causes."
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One run of the bot, as its `--json` report tells it; {} where it ended without one."""

    report: Mapping[str, Any]
    exit_code: int | None  # None: killed, or never begun
    run: str | None  # the address of its log
    at: datetime
    config: str = _DEFAULT  # the digest's settings: a repository may have several

    @property
    def failed(self) -> bool:
        return self.exit_code != 0

    @property
    def good(self) -> bool:
        done = self.report.get("status") in GOOD and self.report.get("date")
        return not self.failed and bool(done)

    @property
    def stopped(self) -> bool:
        """Whether somebody, or the end of the job's time, stopped the run."""
        return self.exit_code == Interrupted.exit_code

    @property
    def minutes(self) -> int:
        """How long the run took."""
        return int(self.report.get("seconds") or 0) // 60

    @property
    def trouble(self) -> Mapping[str, Any]:
        """What failed the run: not always the newest day."""
        return self.report.get("problem") or {}

    @property
    def newest(self) -> Mapping[str, Any]:
        """The newest day that the run handled."""
        days = self.report.get("days") or [{}]
        return max(days, key=lambda day: day.get("date") or "")

    @property
    def reason(self) -> str:
        said = self.trouble.get("reason") or (
            "the run ended without a report: it was killed, or met a mistake of this program;"
            " its log says which"
        )
        if self.stopped:
            said = f"the run was stopped after {self.minutes} minutes: it ran out of time, mostly"
        return one_line(str(said), _LONGEST_REASON)


def follow(github: GitHub, attempt: Attempt) -> str:
    """Do to the issue what the attempt asks for; what was done, in a line.

    Raises `GitHubError`: with status 403 where the token may not write issues, with 404 or 410
    where the repository has none, as a fork until somebody switches them on.
    """
    if attempt.stopped and attempt.minutes < _SOON:
        return "nothing to tell: somebody stopped this run"
    if not attempt.failed and not attempt.good:
        return "nothing to tell: this run neither failed nor made a digest"
    known = _open_issue(github, attempt.config)
    if attempt.good and known is None:
        return "nothing to tell: all is well"
    if attempt.good and known is not None:
        number = _number(known)
        github.ask("POST", f"issues/{number}/comments", body=_recovered(attempt))
        github.ask("PATCH", f"issues/{number}", state="closed", state_reason="completed")
        return f"issue {number} closed: digests are made again"
    tries = 1 if known is None else _tries(known) + 1
    text = {"title": title(attempt), "body": body(attempt, tries)}
    if known is None:
        return f"issue {_number(github.ask('POST', 'issues', **text))} opened"
    github.ask("PATCH", f"issues/{_number(known)}", **text)
    return f"issue {_number(known)} brought up to date"


def remedy(error: GitHubError) -> str:
    """What to do where `follow` could do nothing."""
    remedies = {
        401: "GitHub does not know the token",
        403: "give the job `permissions: issues: write`",
        404: "switch issues on under Settings, General, Features",
        410: "switch issues on under Settings, General, Features",
    }
    return remedies.get(error.status or 0, "the log has everything")


def title(attempt: Attempt) -> str:
    """The cause: a failure's message says what is wrong, a colon, and what to do."""
    cause, *rest = attempt.reason.split("; ", 1)[0].split(": ")
    while rest and (len(cause) < _SHORTEST_CAUSE or _NAMES.fullmatch(cause)):
        cause += f": {rest.pop(0)}"
    return inert(one_line(f"Digest stopped: {cause}", _LONGEST_TITLE))


def body(attempt: Attempt, tries: int) -> str:
    """What happened, in Markdown, with the mark by which the next run finds it."""
    trouble = attempt.trouble
    own = attempt.config != _DEFAULT
    rows = [
        ("Settings", attempt.config if own else None),
        ("Day", trouble.get("date")),
        ("Last try", f"{attempt.at:%Y-%m-%d %H:%M} UTC"),
        ("Tries that failed", tries),
        ("Status", trouble.get("status")),
        ("Exit code", attempt.exit_code),
    ]
    table = [f"| {name} | {markdown(str(value))} |" for name, value in rows if value is not None]
    newest = attempt.newest
    lasts = "No digest is published while this lasts."
    if newest.get("status") in GOOD:
        lasts = f"The newest digest, of {markdown(str(newest['date']))}, is published all the same."
    parts = [
        lasts,
        f"> {markdown(attempt.reason)}",
        "\n".join(["| | |", "|:---|:---|", *table]),
        f"[The log of that run]({attempt.run})" if attempt.run else "",
        _REMEDY,
        f"<!-- {_MARK} {_hidden({'tries': tries, 'config': attempt.config})} -->",
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _recovered(attempt: Attempt) -> str:
    day, reason = attempt.report.get("date"), one_line(str(attempt.report.get("reason") or ""), 300)
    log = f" [Its log]({attempt.run})." if attempt.run else ""
    return f"Digests are made again. {markdown(str(day or ''))}: {markdown(reason)}.{log}\n"


def _open_issue(github: GitHub, config: str) -> dict[str, Any] | None:
    """The newest open issue that is this digest's, if there is one among the thousand newest."""
    for page in range(1, _PAGES + 1):
        listed = github.ask("GET", f"issues?state=open&per_page={_PER_PAGE}&page={page}")
        issues = [i for i in listed if isinstance(i, dict)] if isinstance(listed, list) else []
        for issue in issues:
            if _is_trusted(issue) and _mark(issue).get("config") == config:
                return issue
        if len(issues) < _PER_PAGE:
            break
    return None


def _number(issue: object) -> int:
    number = issue.get("number") if isinstance(issue, dict) else None
    if not isinstance(number, int):
        raise GitHubError("GitHub's answer is no issue")
    return number


def _is_trusted(issue: Mapping[str, Any]) -> bool:
    login = (issue.get("user") or {}).get("login")
    trusted = login == _BOT or issue.get("author_association") in _OWN
    return trusted and "pull_request" not in issue


def _hidden(told: Mapping[str, object]) -> str:
    """As JSON that is nothing but text in a comment of HTML."""
    return _HIDDEN.sub(lambda sign: f"\\u{ord(sign[0]):04x}", json.dumps(told))


def _mark(issue: Mapping[str, Any]) -> Mapping[str, Any]:
    """What our mark says; {} where there is none."""
    found = re.search(rf"<!-- {_MARK} (.*?) -->", issue.get("body") or "")
    try:
        told = json.loads(found[1]) if found else {}
    except ValueError:  # somebody has edited it
        told = {}
    return told if isinstance(told, dict) else {}


def _tries(issue: Mapping[str, Any]) -> int:
    tries = _mark(issue).get("tries")
    return tries if isinstance(tries, int) else 0
