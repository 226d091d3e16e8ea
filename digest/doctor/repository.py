"""Is there a place for the digests, can they be published, and is there room?"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from digest.archive import layout, store
from digest.core import calendar
from digest.core.errors import PublishError
from digest.core.wording import count
from digest.doctor.setup import Setup
from digest.doctor.verdict import Check, Unknown, ok, parts, problem, warning
from digest.publish import clone, git, publish
from digest.run import unfinished

GB, MB = 1_000_000_000, 1_000_000
SITE_LIMIT = GB  # GitHub Pages'
ANNOUNCEMENTS_A_YEAR = 250
LITTLE_DISK, TOO_LITTLE_DISK = GB, 100 * MB
_NEAR = 0.8  # of a limit


# --- git --------------------------------------------------------------------------------------


def repository(setup: Setup) -> Iterator[Check]:
    top = git.read(setup.folder, "rev-parse", "--show-toplevel")
    branch = git.read(setup.folder, "symbolic-ref", "--short", "--quiet", "HEAD", accept=(0, 1))
    if not branch:
        yield problem("no branch is checked out (detached HEAD)", "git switch main")
        return
    waiting = publish.uncommitted(setup.folder) if setup.config.out.is_dir() else []
    if pending := publish.days_among(waiting):
        days = ", ".join(map(str, pending))
        yield warning(f"recorded and not committed: {days}", "the next `digest run` commits them")
        return
    yield ok(f"{top}, branch {branch}; commits are made by github-actions[bot]")


def push(setup: Setup) -> Iterator[Check]:
    """A rehearsal: git asks the server for everything but the push itself."""
    folder, branch = setup.folder, _branch(setup)
    if not git.read(folder, "remote"):
        yield warning(
            "there is no remote, so digests stay here",
            "git remote add origin ADDRESS, then git push --set-upstream origin HEAD",
        )
        return
    clone.upstream(folder)
    remote = git.read(folder, "config", f"branch.{branch}.remote", accept=(0, 1)) or "origin"
    rehearsal = ("push", "--dry-run", "--quiet", remote, f"HEAD:refs/heads/{branch}")
    done = git.run(folder, *rehearsal, accept=range(256))
    if done.returncode == 0:
        yield ok(f"{remote} lets {branch} be pushed to, as far as a rehearsal shows")
    elif re.search(r"non-fast-forward|fetch first", done.stderr):
        yield ok(f"{remote} has newer commits on {branch}; a push goes on top of them")
    else:
        raise PublishError(git.explain("push", done.stderr))


def ignored(setup: Setup) -> Iterator[Check]:
    _branch(setup)
    out = setup.config.out
    page = str(out.resolve() / "index.html")
    if git.run(setup.folder, "check-ignore", "--quiet", page, accept=(0, 1)).returncode == 0:
        yield problem(f"{out} is in a .gitignore", "take the site's folder out of there")
    else:
        yield ok(f"{out} is in no .gitignore")


def _branch(setup: Setup) -> str:
    """The branch that is checked out. Raises `Unknown` where another check tells why none is."""
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
    """Of the repository."""
    return Path(git.read(setup.folder, "rev-parse", "--show-toplevel")).resolve()


def github_remote(folder: Path) -> str | None:
    """OWNER/NAME of a remote at github.com."""
    try:
        addresses = git.read(folder, "config", "--get-regexp", r"^remote\..*\.url$", accept=(0, 1))
    except PublishError:  # no repository, which is for a check to tell
        return None
    found = re.search(r"github\.com[:/]([\w.-]+/[\w.-]+?)(?:\.git)?/?$", addresses, re.MULTILINE)
    return found[1] if found else None


# --- the archive ------------------------------------------------------------------------------


def days(setup: Setup) -> Iterator[Check]:
    """A light look; `digest check` takes the whole one."""
    out = setup.config.out
    clone.require_archive(out)
    archive = store.Archive(out)
    listed = {day.date for day in archive.days}
    paths = store.day_paths(out)
    there = {date.fromisoformat(path.stem) for path in paths}
    for missing in sorted(listed - there):
        archive.listed_day(missing)  # which raises the error that says so
    if unlisted := sorted(there - listed):
        named = ", ".join(map(str, unlisted))
        yield problem(f"not in {store.DAYS}: {named}", "run `digest check --repair`")
    elif foreign := layout.other_site(out):
        yield problem(*parts(str(layout.not_ours(foreign))))
    elif not there:
        yield ok("no day yet: the first run makes one")
    else:
        archive.listed_day(max(there))
        yield ok(f"{count(len(there), 'day')}, the newest {max(there)}")


def waiting(setup: Setup) -> Iterator[Check]:
    tomorrow = calendar.today_eastern(setup.now) + timedelta(days=1)
    folder = setup.home / unfinished.FOLDER
    left = unfinished.pending(folder, tomorrow)
    if len(left) < len(list(folder.glob(f"*{unfinished.FEEDS}"))):
        yield warning(f"a file in {folder} cannot be read", "remove the one that the log names")
    elif left:
        named = ", ".join(map(str, left))
        said = f"{named}: papers and scores of a run that did not end wait"
        yield warning(said, "the next `digest run` pays only for the rest")
    else:
        yield ok("nothing: every run came to its end")


# --- room -------------------------------------------------------------------------------------


def disk(setup: Setup) -> Iterator[Check]:
    yield room(shutil.disk_usage(setup.home).free)


def room(free: int) -> Check:
    said = f"{size(free)} free"
    if free < TOO_LITTLE_DISK:
        return problem(said, "free some: nothing can be written without")
    return warning(said, "free some") if free < LITTLE_DISK else ok(said)


def site(setup: Setup) -> Iterator[Check]:
    out = setup.config.out
    total = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    yield growth(total, len(store.day_paths(out)))


def growth(total: int, days: int) -> Check:
    """How long a site of so many bytes and days fits into GitHub Pages."""
    if not days:
        return ok("nothing yet; GitHub Pages takes 1 GB")
    years = max(0, SITE_LIMIT - total) * days / max(1, total) / ANNOUNCEMENTS_A_YEAR
    left = f"over {count(min(int(years), 50), 'year')}" if years >= 1 else "under a year"
    said = f"{size(total)} after {count(days, 'day')}; at this pace {left} to GitHub Pages' 1 GB"
    remedy = "begin a new repository for the years to come, and link the old site"
    if total >= SITE_LIMIT:
        return problem(f"{size(total)}, and GitHub Pages ends at 1 GB", remedy)
    return warning(said, remedy) if years < 1 or total > _NEAR * SITE_LIMIT else ok(said)


def size(total: int) -> str:
    return f"{total / GB:,.1f} GB" if total >= GB else f"{total / MB:,.1f} MB"
