"""Will GitHub start the runs and show the pages? https://docs.github.com/en/rest."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from digest.doctor import repository
from digest.doctor.repository import GB, pages_folder, size
from digest.doctor.setup import Setup
from digest.doctor.verdict import Check, Unknown, graded, ok, problem, warning
from digest.publish import activity as commits
from digest.publish.github import GitHub, GitHubError

WORKFLOW = "daily.yml"
OVERDUE = timedelta(days=3)  # the schedule has no run on Sundays
ADVISED, LIMIT = GB, 5 * GB  # of a repository, by GitHub's advice

_ALLOW_ACTIONS = "Settings → Actions → General → Allow all actions"
_ENABLE = "{} → Enable workflow"
_HOW_TO_ENABLE = {
    "disabled_fork": f"I understand my workflows, go ahead and enable them; then {_ENABLE}",
    "disabled_inactivity": f"{_ENABLE}; GitHub switches it off after 60 days without a commit",
}

Answer = dict[str, Any]


def pages(setup: Setup) -> Check:
    branch, folder = pages_folder(setup)
    answer = _find(setup, "pages", "pages: read")
    docs = os.path.relpath(repository.top(setup) / "docs", setup.home.resolve())
    move = f"write `out: {docs}` in the settings"
    return compare_pages(answer, branch, folder, setup.config.site.url, move)


def compare_pages(
    answer: Answer | None, branch: str, folder: str, url: str | None, move: str
) -> Check:
    """Does GitHub Pages show `folder` of `branch`, at `url` if that is set?

    `answer` is GitHub's about Pages; `move` is the remedy for a folder that Pages cannot show.
    """
    deploy = f"Settings → Pages → Source: Deploy from a branch, {branch}, {folder}, Save"
    cannot = ""
    if folder not in ("/", "/docs"):
        cannot = f"GitHub Pages can only show / or /docs, and the site is in {folder}"
        deploy = move
    if answer is None:
        return warning("not switched on" + (f"; {cannot}" if cannot else ""), deploy)
    if answer.get("build_type") == "workflow":
        message = f"shows what a workflow builds, which need not be {folder} of {branch}"
        return warning(message, f"see that it does, or {deploy}")
    if cannot:
        return problem(cannot, move)
    source = answer.get("source") or {}
    shown = source.get("branch"), source.get("path")
    if shown != (branch, folder):
        return problem(f"shows {shown[1]} of {shown[0]}, not {folder} of {branch}", deploy)
    if answer.get("status") == "errored":
        remedy = "see Actions → pages build and deployment, then push once more"
        return problem("GitHub could not build the site", remedy)
    address = str(answer.get("html_url") or "").rstrip("/")
    if url and address and url.rstrip("/") != address:
        return warning(f"at {address}, but site.url is {url}", f"set site.url to {address}")
    return ok(f"{folder} of {branch}, at {address}")


def schedule(setup: Setup) -> Check:
    name = setup.workflow or WORKFLOW
    path = f"actions/workflows/{quote(name)}"
    workflow = _find(setup, path, "actions: read")
    if workflow is None and setup.workflow is None:
        raise Unknown(
            f"there is no workflow {WORKFLOW}; if yours has another name, run this check in it",
            "Actions → your workflow → Run workflow; or let `digest init` write one",
        )
    if workflow is None:
        remedy = "push it there: GitHub reads schedules nowhere else"
        return problem(f"{name} is not on the default branch", remedy)
    if (state := workflow.get("state")) != "active":
        remedy = _HOW_TO_ENABLE.get(str(state), _ENABLE).format(name)
        return problem(f"{name} is off ({state})", f"Actions → {remedy}")
    runs = _ask(setup, f"{path}/runs?event=schedule&per_page=1", "actions: read")
    return last_run(next(iter(runs.get("workflow_runs") or ()), None), setup.now, name)


def last_run(run: Answer | None, now: datetime, name: str = WORKFLOW) -> Check:
    by_hand = f"Actions → {name} → Run workflow"
    if run is None:
        return warning("on, but no scheduled run yet", f"wait for the next weekday, or {by_hand}")
    started = datetime.fromisoformat(str(run.get("created_at")))
    message = f"last ran {started:%Y-%m-%d %H:%M} UTC"
    if now - started > OVERDUE:
        remedy = f"{by_hand}; if that works, GitHub was late, and will start it again"
        return warning(f"on, but {message}", remedy)
    if run.get("conclusion") not in ("success", None):
        return warning(f"{message}: {run.get('conclusion')}", f"see {run.get('html_url')}")
    return ok(f"on, {message}")


def activity(setup: Setup) -> Check:
    """Will GitHub stop the schedule for want of commits by a person?"""
    github = _github(setup)
    try:
        last = commits.last_by_person(github, setup.now)
    except GitHubError as error:
        raise _unknown(error, "contents: read") from error
    if sentence := commits.warning(last, setup.now):
        return warning(*sentence.removesuffix(".").split(": ", 1))
    if last is None:
        return ok("a private repository: GitHub stops no schedules")
    return ok(f"last commit that is not the bot's: {last:%Y-%m-%d}")


def actions(setup: Setup) -> Check:
    allowed = _ask(setup, "actions/permissions", "administration: read")
    if not allowed.get("enabled"):
        return problem("GitHub Actions is off", _ALLOW_ACTIONS)
    if allowed.get("allowed_actions") == "local_only":
        message = "only this repository's own actions may run, and the workflow uses GitHub's"
        return problem(message, _ALLOW_ACTIONS)
    token = _ask(setup, "actions/permissions/workflow", "administration: read")
    default = token.get("default_workflow_permissions")
    name = setup.workflow or WORKFLOW
    return ok(f"on; workflows may {default} unless they ask for more, as {name} does")


def protection(setup: Setup) -> Check:
    """`git push --dry-run` does not show whether branch rules refuse the push."""
    name, _ = pages_folder(setup)
    answer = _find(setup, f"branches/{quote(name, safe='')}", "contents: read")
    if answer is None:
        return warning(f"GitHub has no branch {name} yet", "git push --set-upstream origin HEAD")
    if answer.get("protected"):
        remedy = "Settings → Rules or Branches: let github-actions bypass them"
        return warning(f"{name} is protected, and the rules may refuse the digests", remedy)
    return ok(f"{name} is not protected")


def storage(setup: Setup) -> Check:
    """Can the repository still grow?"""
    answer = _ask(setup, "", "metadata: read")
    if answer.get("archived"):
        remedy = "Settings → General → Unarchive this repository"
        return problem("the repository is archived: nothing runs, nothing can be pushed", remedy)
    total = int(answer.get("size") or 0) * 1_000
    return graded(
        f"{size(total)} of history; GitHub advises under 1 GB, and 5 GB at most",
        "begin a new repository for the years to come",
        is_problem=total >= LIMIT,
        is_warning=total >= ADVISED,
    )


def _ask(setup: Setup, path: str, permission: str) -> Answer:
    """GitHub's answer. Raises `Unknown`."""
    answer = _find(setup, path, permission)
    if answer is None:
        raise Unknown("no such repository, or the token may not see it")
    return answer


def _find(setup: Setup, path: str, permission: str) -> Answer | None:
    """GitHub's answer; None if there is no such thing, or the token may not see it.

    Raises `Unknown` with a remedy.
    """
    try:
        answer = _github(setup).ask("GET", path)
    except GitHubError as error:
        if error.status == 404:
            return None
        raise _unknown(error, permission) from error
    if not isinstance(answer, dict):
        raise Unknown(f"GitHub's answer about {path or 'the repository'} is not as documented")
    return answer


def _github(setup: Setup) -> GitHub:
    if setup.github is None:
        raise Unknown(
            "no GITHUB_TOKEN, or no repository at github.com",
            "if you have GitHub's own gh: export GITHUB_TOKEN=$(gh auth token)",
        )
    return setup.github


def _unknown(error: GitHubError, permission: str) -> Unknown:
    remedy = {
        401: "the token is not valid: put a new one into GITHUB_TOKEN",
        403: f"the token needs `{permission}`",
    }.get(error.status or 0, "try again later")
    return Unknown(str(error), remedy)
