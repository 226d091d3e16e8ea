"""Will GitHub start the runs and show the pages? https://docs.github.com/en/rest."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from digest.doctor.repository import GB, pages_folder, size
from digest.doctor.setup import Setup
from digest.doctor.verdict import Check, Unknown, ok, problem, warning
from digest.github import GitHubError

WORKFLOW = "daily.yml"
LONG_AGO = timedelta(days=3)  # of a schedule that leaves out Sundays
ADVISED, LIMIT = GB, 5 * GB  # of a repository, by GitHub's advice

_DEPLOY = "Settings → Pages → Source: Deploy from a branch"
_ENABLE = {
    "disabled_fork": "Actions → I understand my workflows, go ahead and enable them;"
    f" then {WORKFLOW} → Enable workflow",
    "disabled_inactivity": f"Actions → {WORKFLOW} → Enable workflow; GitHub switches it off"
    " after 60 days without a commit",
    "disabled_manually": f"Actions → {WORKFLOW} → Enable workflow",
}


def pages(setup: Setup) -> Iterator[Check]:
    branch, folder = pages_folder(setup)
    try:
        answer = _ask(setup, "pages", "pages: read")
    except _NotFound:
        click = f"{_DEPLOY}, {branch}, {folder}, Save"
        yield problem("not switched on", click)
        return
    yield shown(answer, branch, folder, setup.config.site.url)


def shown(answer: Any, branch: str, folder: str, url: str | None) -> Check:
    """Whether GitHub Pages shows `folder` of `branch`, at `url` if that is set."""
    if folder not in ("/", "/docs"):
        said = f"GitHub Pages can only show / or /docs, and the site is in {folder}"
        return problem(said, "say `out: docs` in the settings")
    source = answer.get("source") or {}
    shows = source.get("branch"), source.get("path")
    by_workflow = answer.get("build_type") == "workflow"
    if by_workflow or shows != (branch, folder):
        what = "what a workflow builds" if by_workflow else f"{shows[1]} of {shows[0]}"
        return problem(f"shows {what}, not {folder} of {branch}", f"{_DEPLOY}, {branch}, {folder}")
    if answer.get("status") == "errored":
        said = "GitHub could not build the site"
        return problem(said, "see Actions → pages build and deployment, then push once more")
    address = str(answer.get("html_url") or "").rstrip("/")
    if url and address and url.rstrip("/") != address:
        return warning(f"at {address}, but site.url is {url}", f"say `url: {address}` under `site`")
    return ok(f"{folder} of {branch}, at {address}")


def schedule(setup: Setup) -> Iterator[Check]:
    where = f"actions/workflows/{WORKFLOW}"
    try:
        workflow = _ask(setup, where, "actions: read")
    except _NotFound:
        said = f"the repository has no workflow {WORKFLOW} on its default branch"
        yield problem(said, "take it from the project, or let `digest init` write it")
        return
    if (state := workflow.get("state")) != "active":
        remedy = _ENABLE.get(str(state), _ENABLE["disabled_manually"])
        yield problem(f"{WORKFLOW} is off ({state})", remedy)
        return
    runs = _ask(setup, f"{where}/runs?event=schedule&per_page=1", "actions: read")
    yield last_run(next(iter(runs.get("workflow_runs") or ()), None), setup.now)


def last_run(run: Any, now: datetime) -> Check:
    by_hand = f"Actions → {WORKFLOW} → Run workflow"
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
        default = token.get("default_workflow_permissions")
        yield ok(f"on; workflows may {default} unless they ask for more, as {WORKFLOW} does")


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
