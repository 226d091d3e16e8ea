"""Will GitHub start the runs and show the pages? https://docs.github.com/en/rest."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from digest.doctor import repository
from digest.doctor.repository import GB, pages_folder, size
from digest.doctor.setup import Setup
from digest.doctor.verdict import Check, Unknown, graded, ok, problem, warning
from digest.publish.github import GitHubError

WORKFLOW = "daily.yml"
OVERDUE = timedelta(days=3)  # the schedule has no run on Sundays
ADVISED, LIMIT = GB, 5 * GB  # of a repository, by GitHub's advice

_DEPLOY = "Settings → Pages → Source: Deploy from a branch"
_ALLOW_ACTIONS = "Settings → Actions → General → Allow all actions"
_FOLDERS = ("/", "/docs")  # that GitHub Pages can show
_ENABLE = "{} → Enable workflow"
_HOW_TO_ENABLE = {
    "disabled_fork": f"I understand my workflows, go ahead and enable them; then {_ENABLE}",
    "disabled_inactivity": f"{_ENABLE}; GitHub switches it off after 60 days without a commit",
}


def pages(setup: Setup) -> Iterator[Check]:
    branch, folder = pages_folder(setup)
    try:
        answer = _ask(setup, "pages", "pages: read")
    except _NotFound:
        if folder in _FOLDERS:
            yield warning("not switched on", f"{_DEPLOY}, {branch}, {folder}, Save")
        else:
            yield warning(f"not switched on; {_cannot_show(folder)}", _move(setup))
        return
    yield compare_pages(answer, branch, folder, setup.config.site.url, _move(setup))


def compare_pages(answer: Any, branch: str, folder: str, url: str | None, move: str = "") -> Check:
    """Does GitHub Pages show `folder` of `branch`, at `url` if that is set?

    `answer` is GitHub's about Pages; `move` is the remedy for a folder that Pages cannot show.
    """
    deploy = f"{_DEPLOY}, {branch}, {folder}" if folder in _FOLDERS else move
    if answer.get("build_type") == "workflow":
        message = f"shows what a workflow builds, which need not be {folder} of {branch}"
        return warning(message, f"see that it does, or {deploy}")
    if folder not in _FOLDERS:
        return problem(_cannot_show(folder), move)
    source = answer.get("source") or {}
    shown = source.get("branch"), source.get("path")
    if shown != (branch, folder):
        return problem(f"shows {shown[1]} of {shown[0]}, not {folder} of {branch}", deploy)
    if answer.get("status") == "errored":
        return problem(
            "GitHub could not build the site",
            "see Actions → pages build and deployment, then push once more",
        )
    address = str(answer.get("html_url") or "").rstrip("/")
    if url and address and url.rstrip("/") != address:
        return warning(f"at {address}, but site.url is {url}", f"set site.url to {address}")
    return ok(f"{folder} of {branch}, at {address}")


def _cannot_show(folder: str) -> str:
    return f"GitHub Pages can only show / or /docs, and the site is in {folder}"


def _move(setup: Setup) -> str:
    """How to move the site to /docs, wherever the settings are."""
    docs = repository.top(setup) / "docs"
    return f"write `out: {os.path.relpath(docs, setup.home.resolve())}` in the settings"


def schedule(setup: Setup) -> Iterator[Check]:
    name = setup.workflow or WORKFLOW
    path = f"actions/workflows/{quote(name)}"
    try:
        workflow = _ask(setup, path, "actions: read")
    except _NotFound as error:
        if setup.workflow is None:
            raise Unknown(
                f"there is no workflow {WORKFLOW}; if yours has another name, run this check in it",
                "Actions → your workflow → Run workflow; or let `digest init` write one",
            ) from error
        message = f"{name} is not on the default branch"
        yield problem(message, "push it there: GitHub reads schedules nowhere else")
        return
    if (state := workflow.get("state")) != "active":
        remedy = _HOW_TO_ENABLE.get(str(state), _ENABLE)
        yield problem(f"{name} is off ({state})", "Actions → " + remedy.format(name))
        return
    runs = _ask(setup, f"{path}/runs?event=schedule&per_page=1", "actions: read")
    yield last_run(next(iter(runs.get("workflow_runs") or ()), None), setup.now, name)


def last_run(run: Any, now: datetime, name: str = WORKFLOW) -> Check:
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


def actions(setup: Setup) -> Iterator[Check]:
    allowed = _ask(setup, "actions/permissions", "administration: read")
    if not allowed.get("enabled"):
        yield problem("GitHub Actions is off", _ALLOW_ACTIONS)
    elif allowed.get("allowed_actions") == "local_only":
        message = "only this repository's own actions may run, and the workflow uses GitHub's"
        yield problem(message, _ALLOW_ACTIONS)
    else:
        token = _ask(setup, "actions/permissions/workflow", "administration: read")
        name = setup.workflow or WORKFLOW
        default = token.get("default_workflow_permissions")
        yield ok(f"on; workflows may {default} unless they ask for more, as {name} does")


def protection(setup: Setup) -> Iterator[Check]:
    """`git push --dry-run` does not show whether branch rules refuse the push."""
    name, _ = pages_folder(setup)
    try:
        answer = _ask(setup, f"branches/{quote(name, safe='')}", "contents: read")
    except _NotFound:
        yield warning(f"GitHub has no branch {name} yet", "git push --set-upstream origin HEAD")
        return
    if answer.get("protected"):
        yield warning(
            f"{name} is protected, and the rules may refuse the digests",
            "Settings → Rules or Branches: let github-actions bypass them",
        )
    else:
        yield ok(f"{name} is not protected")


def storage(setup: Setup) -> Iterator[Check]:
    try:
        answer = _ask(setup, "", "metadata: read")
    except _NotFound as error:
        raise Unknown("no such repository, or the token may not see it") from error
    yield stored(int(answer.get("size") or 0) * 1_000, archived=bool(answer.get("archived")))


def stored(total: int, *, archived: bool) -> Check:
    """Can a repository of `total` bytes still grow?"""
    if archived:
        remedy = "Settings → General → Unarchive this repository"
        return problem("the repository is archived: nothing runs, nothing can be pushed", remedy)
    return graded(
        f"{size(total)} of history; GitHub advises under 1 GB, and 5 GB at most",
        "begin a new repository for the years to come",
        is_problem=total >= LIMIT,
        is_warning=total >= ADVISED,
    )


class _NotFound(Exception):
    """There is no such thing, or the token may not see it."""


def _ask(setup: Setup, path: str, permission: str) -> Any:
    """GitHub's answer, a mapping. Raises `_NotFound`, or `Unknown` with a remedy."""
    if setup.github is None:
        raise Unknown(
            "no GITHUB_TOKEN, or no repository at github.com",
            "if you have GitHub's own gh: export GITHUB_TOKEN=$(gh auth token)",
        )
    try:
        answer = setup.github.ask("GET", path)
    except GitHubError as error:
        if error.status == 404:
            raise _NotFound from error
        remedy = {
            401: "the token is not valid: put a new one into GITHUB_TOKEN",
            403: f"the token needs `{permission}`",
        }.get(error.status or 0, "try again later")
        raise Unknown(str(error), remedy) from error
    if not isinstance(answer, dict):
        raise Unknown(f"GitHub's answer about {path or 'the repository'} is not as documented")
    return answer
