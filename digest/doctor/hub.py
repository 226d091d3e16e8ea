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
from digest.doctor.verdict import Check, Unknown, ok, problem, warning
from digest.publish.github import GitHubError

WORKFLOW = "daily.yml"
LONG_AGO = timedelta(days=3)  # of a schedule that leaves out Sundays
ADVISED, LIMIT = GB, 5 * GB  # of a repository, by GitHub's advice

_DEPLOY = "Settings → Pages → Source: Deploy from a branch"
_SHOWN = ("/", "/docs")
_ENABLE = {
    "disabled_fork": "Actions → I understand my workflows, go ahead and enable them;"
    " then {} → Enable workflow",
    "disabled_inactivity": "Actions → {} → Enable workflow; GitHub switches it off"
    " after 60 days without a commit",
    "disabled_manually": "Actions → {} → Enable workflow",
}


def pages(setup: Setup) -> Iterator[Check]:
    branch, folder = pages_folder(setup)
    try:
        answer = _ask(setup, "pages", "pages: read")
    except _NotFound:
        if folder in _SHOWN:
            yield warning("not switched on", f"{_DEPLOY}, {branch}, {folder}, Save")
        else:
            yield warning(f"not switched on; {_elsewhere(folder)}", _move(setup))
        return
    yield shown(answer, branch, folder, setup.config.site.url, _move(setup))


def shown(answer: Any, branch: str, folder: str, url: str | None, move: str = "") -> Check:
    """Whether GitHub Pages shows `folder` of `branch`, at `url` if that is set; `move` is what to
    do about a folder that it cannot show."""
    deploy = f"{_DEPLOY}, {branch}, {folder}" if folder in _SHOWN else move
    if answer.get("build_type") == "workflow":
        said = f"shows what a workflow builds, which need not be {folder} of {branch}"
        return warning(said, f"see that it does, or {deploy}")
    if folder not in _SHOWN:
        return problem(_elsewhere(folder), move)
    source = answer.get("source") or {}
    shows = source.get("branch"), source.get("path")
    if shows != (branch, folder):
        return problem(f"shows {shows[1]} of {shows[0]}, not {folder} of {branch}", deploy)
    if answer.get("status") == "errored":
        said = "GitHub could not build the site"
        return problem(said, "see Actions → pages build and deployment, then push once more")
    address = str(answer.get("html_url") or "").rstrip("/")
    if url and address and url.rstrip("/") != address:
        return warning(f"at {address}, but site.url is {url}", f"say `url: {address}` under `site`")
    return ok(f"{folder} of {branch}, at {address}")


def _elsewhere(folder: str) -> str:
    return f"GitHub Pages can only show / or /docs, and the site is in {folder}"


def _move(setup: Setup) -> str:
    """What to write into the settings, wherever these are."""
    docs = repository.top(setup) / "docs"
    return f"say `out: {os.path.relpath(docs, setup.home.resolve())}` in the settings"


def schedule(setup: Setup) -> Iterator[Check]:
    name = setup.workflow or WORKFLOW
    where = f"actions/workflows/{quote(name)}"
    try:
        workflow = _ask(setup, where, "actions: read")
    except _NotFound as missing:
        if setup.workflow is None:
            raise Unknown(
                f"there is no workflow {WORKFLOW}; if yours has another name, a run of it can tell",
                "Actions → your workflow → Run workflow; or let `digest init` write one",
            ) from missing
        said = f"{name} is not on the default branch"
        yield problem(said, "push it there: GitHub reads schedules nowhere else")
        return
    if (state := workflow.get("state")) != "active":
        remedy = _ENABLE.get(str(state), _ENABLE["disabled_manually"])
        yield problem(f"{name} is off ({state})", remedy.format(name))
        return
    runs = _ask(setup, f"{where}/runs?event=schedule&per_page=1", "actions: read")
    yield last_run(next(iter(runs.get("workflow_runs") or ()), None), setup.now, name)


def last_run(run: Any, now: datetime, name: str = WORKFLOW) -> Check:
    by_hand = f"Actions → {name} → Run workflow"
    if run is None:
        return warning("on, but no scheduled run yet", f"wait for the next weekday, or {by_hand}")
    started = datetime.fromisoformat(str(run.get("created_at")))
    said = f"last ran {started:%Y-%m-%d %H:%M} UTC"
    if now - started > LONG_AGO:
        remedy = f"{by_hand}; where that works, GitHub was late, and will start it again"
        return warning(f"on, but {said}", remedy)
    if run.get("conclusion") not in ("success", None):
        return warning(f"{said}: {run.get('conclusion')}", f"see {run.get('html_url')}")
    return ok(f"on, {said}")


def actions(setup: Setup) -> Iterator[Check]:
    allowed = _ask(setup, "actions/permissions", "administration: read")
    if not allowed.get("enabled"):
        yield problem("GitHub Actions is off", "Settings → Actions → General → Allow all actions")
    elif allowed.get("allowed_actions") == "local_only":
        said = "only this repository's own actions may run, and the workflow uses GitHub's"
        yield problem(said, "Settings → Actions → General → Allow all actions")
    else:
        token = _ask(setup, "actions/permissions/workflow", "administration: read")
        name = setup.workflow or WORKFLOW
        default = token.get("default_workflow_permissions")
        yield ok(f"on; workflows may {default} unless they ask for more, as {name} does")


def protection(setup: Setup) -> Iterator[Check]:
    """What a rehearsed push does not show."""
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
    except _NotFound as missing:
        raise Unknown("no such repository, or the token may not see it") from missing
    yield stored(int(answer.get("size") or 0) * 1_000, archived=bool(answer.get("archived")))


def stored(total: int, *, archived: bool) -> Check:
    """How a repository of so many bytes fares."""
    if archived:
        remedy = "Settings → General → Unarchive this repository"
        return problem("the repository is archived: nothing runs, nothing can be pushed", remedy)
    said = f"{size(total)} of history; GitHub advises under 1 GB, and 5 GB at most"
    remedy = "begin a new repository for the years to come"
    if total >= LIMIT:
        return problem(said, remedy)
    return warning(said, remedy) if total >= ADVISED else ok(said)


class _NotFound(Exception):
    """There is no such thing, as far as the token can see."""


def _ask(setup: Setup, path: str, needs: str) -> Any:
    """GitHub's answer, a mapping. Raises `_NotFound`, or `Unknown` with what would help."""
    if setup.github is None:
        raise Unknown(
            "no GITHUB_TOKEN, or no repository at github.com",
            "where you have GitHub's own gh: export GITHUB_TOKEN=$(gh auth token)",
        )
    try:
        answer = setup.github.ask("GET", path)
    except GitHubError as error:
        if error.status == 404:
            raise _NotFound from error
        remedy = {
            401: "the token is not valid: put a new one into GITHUB_TOKEN",
            403: f"the token needs `{needs}`",
        }.get(error.status or 0, "try again later")
        raise Unknown(str(error), remedy) from error
    if not isinstance(answer, dict):
        raise Unknown(f"GitHub's answer about {path or 'the repository'} makes no sense")
    return answer
