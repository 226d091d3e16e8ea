"""Git, the archive, disk space: can digests be written and pushed?"""

from __future__ import annotations

import re
import shutil
from datetime import timedelta
from pathlib import Path

from digest.archive import layout, store
from digest.core import calendar
from digest.core.cuts import MIN_DAYS, MIN_PAPERS, advise, last_days
from digest.core.errors import ArchiveError, PublishError
from digest.core.wording import count
from digest.doctor.setup import Setup
from digest.doctor.verdict import Check, Unknown, graded, ok, problem, warning
from digest.publish import clone, git
from digest.publish.commit import days_among, uncommitted
from digest.run import unfinished

GB, MB = 1_000_000_000, 1_000_000
SITE_LIMIT = GB  # GitHub Pages'
ANNOUNCEMENTS_A_YEAR = 250
LITTLE_DISK, TOO_LITTLE_DISK = GB, 100 * MB
_NEAR = 0.8  # of a limit


# --- git --------------------------------------------------------------------------------------


def repository(setup: Setup) -> Check:
    top = git.read(setup.folder, "rev-parse", "--show-toplevel")
    branch = git.read(setup.folder, "symbolic-ref", "--short", "--quiet", "HEAD", accept=(0, 1))
    if not branch:
        return problem("no branch is checked out (detached HEAD)", "git switch main")
    changed = uncommitted(setup.folder) if setup.config.out.is_dir() else []
    if pending := days_among(changed):
        days = ", ".join(map(str, pending))
        return warning(f"recorded and not committed: {days}", "the next `digest run` commits them")
    return ok(f"{top}, branch {branch}; commits are made by {git.BOT}")


def push(setup: Setup) -> Check:
    """`git push --dry-run` asks the server for everything except the push itself."""
    folder, branch = setup.folder, _branch(setup)
    if not git.read(folder, "remote"):
        remedy = "git remote add origin ADDRESS, then git push --set-upstream origin HEAD"
        return warning("there is no remote, so digests stay here", remedy)
    clone.upstream(folder)
    remote = git.read(folder, "config", f"branch.{branch}.remote", accept=(0, 1)) or "origin"
    dry_run = ("push", "--dry-run", "--quiet", remote, f"HEAD:refs/heads/{branch}")
    done = git.run(folder, *dry_run, accept=range(256))
    if done.returncode == 0:
        return ok(f"{remote} accepts pushes to {branch}, as far as a dry run shows")
    if re.search(r"non-fast-forward|fetch first", done.stderr):
        return ok(f"{remote} has newer commits on {branch}; a push goes on top of them")
    raise PublishError(git.explain("push", done.stderr))


def ignored(setup: Setup) -> Check:
    _branch(setup)
    out = setup.config.out
    page = str(out.resolve() / "index.html")
    if git.run(setup.folder, "check-ignore", "--quiet", page, accept=(0, 1)).returncode == 0:
        return problem(f"{out} is in a .gitignore", "remove the site's folder from it")
    return ok(f"{out} is in no .gitignore")


def _branch(setup: Setup) -> str:
    """The branch that is checked out. Raises `Unknown` if there is none, or no repository."""
    try:
        return git.read(setup.folder, "symbolic-ref", "--short", "HEAD")
    except PublishError as error:
        raise Unknown("the git repository comes first") from error


def pages_folder(setup: Setup) -> tuple[str, str]:
    """The branch and the folder that the site is in, as GitHub Pages names them: main, /docs."""
    branch = _branch(setup)
    inside = setup.config.out.resolve().relative_to(top(setup)).as_posix()
    return branch, "/" if inside == "." else f"/{inside}"


def top(setup: Setup) -> Path:
    """The repository's top folder."""
    return Path(git.read(setup.folder, "rev-parse", "--show-toplevel")).resolve()


def github_remote(folder: Path) -> str | None:
    """OWNER/NAME of a remote at github.com, or None."""
    try:
        addresses = git.read(folder, "config", "--get-regexp", r"^remote\..*\.url$", accept=(0, 1))
    except PublishError:  # no repository: the check `git` reports it
        return None
    match = re.search(r"github\.com[:/]([\w.-]+/[\w.-]+?)(?:\.git)?/?$", addresses, re.MULTILINE)
    return match[1] if match else None


# --- the archive ------------------------------------------------------------------------------


def days(setup: Setup) -> Check:
    """A quick look; `digest check` verifies the whole archive."""
    out = setup.config.out
    clone.require_archive(out)
    archive = store.Archive(out)
    listed = {day.date for day in archive.days}
    recorded = set(filter(None, map(layout.day_of_record, map(str, store.day_paths(out)))))
    for missing in sorted(listed - recorded):
        archive.listed_day(missing)  # raises: the file is gone
    if unlisted := sorted(recorded - listed):
        named = ", ".join(map(str, unlisted))
        return problem(f"not in {store.DAYS}: {named}", "run `digest check --repair`")
    if foreign := layout.other_site(out):
        raise layout.not_ours(foreign)
    if not recorded:
        return ok("no day yet: the first run writes one")
    archive.listed_day(max(recorded))
    return ok(f"{count(len(recorded), 'day')}, the newest {max(recorded)}")


def cut(setup: Setup) -> Check:
    """Does the configured cut keep a share of the last days that a person can read?"""
    config = setup.config
    try:
        archive = store.Archive(config.out)
        recent = [archive.listed_day(day.date) for day in last_days(archive.days, config.scorer)]
    except ArchiveError as error:
        raise Unknown("the archive comes first") from error
    if not (advice := advise(recent, config.keep.cut(config.scorer))):
        return ok(f"too early to tell: after {MIN_DAYS} days, or {MIN_PAPERS} papers")
    return graded(advice.finding, advice.remedy, is_warning=not advice.present.is_good)


def waiting(setup: Setup) -> Check:
    tomorrow = calendar.today_eastern(setup.now) + timedelta(days=1)
    folder = setup.home / unfinished.FOLDER
    days = unfinished.pending(folder, tomorrow)
    if len(days) < len(list(folder.glob(f"*{unfinished.FEEDS}"))):
        return warning(f"a file in {folder} cannot be read", "remove the one that the log names")
    if not days:
        return ok("nothing: every run finished")
    message = f"{', '.join(map(str, days))}: has papers and scores of a run that did not finish"
    return warning(message, "the next `digest run` pays only for the rest")


# --- room -------------------------------------------------------------------------------------


def disk(setup: Setup) -> Check:
    free = shutil.disk_usage(setup.home).free
    return graded(
        f"{size(free)} free",
        "delete something: without space nothing can be written",
        is_problem=free < TOO_LITTLE_DISK,
        is_warning=free < LITTLE_DISK,
    )


def site(setup: Setup) -> Check:
    out = setup.config.out
    total = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    return growth(total, len(store.day_paths(out)))


def growth(total: int, days: int) -> Check:
    """How long will a site of `total` bytes after `days` days still fit into GitHub Pages?"""
    if not days:
        return ok("nothing yet; GitHub Pages takes 1 GB")
    remedy = "begin a new repository for the years to come, and link the old site"
    if total >= SITE_LIMIT:
        return problem(f"{size(total)}, and GitHub Pages ends at 1 GB", remedy)
    years = max(0, SITE_LIMIT - total) * days / max(1, total) / ANNOUNCEMENTS_A_YEAR
    left = f"over {count(min(int(years), 50), 'year')}" if years >= 1 else "under a year"
    return graded(
        f"{size(total)} after {count(days, 'day')}; at this pace {left} to GitHub Pages' 1 GB",
        remedy,
        is_warning=years < 1 or total > _NEAR * SITE_LIMIT,
    )


def size(total: int) -> str:
    return f"{total / GB:,.1f} GB" if total >= GB else f"{total / MB:,.1f} MB"
