"""Can this clone be used? Checked before the run spends or writes anything."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from digest.archive import layout, store
from digest.archive.layout import day_of_record, is_generated, named
from digest.core.errors import ArchiveError, PublishError
from digest.core.text import one_line
from digest.core.wording import count
from digest.publish import git

# Short id, parents, and the subject in the form of a file name; then the paths.
_FORMAT = "--format=%x01%h%x00%P%x00%f%x00"
_COMMIT = re.compile(r"\x01(?=[0-9a-f]+\0[0-9a-f ]*\0)")
_DIGEST = re.compile(r"Digest-\d{4}-\d\d-\d\d-")  # Digest 2026-01-30: 68 of 451 papers kept
_MAX_NAMED = 3  # commits in a message
_LONGEST_SUBJECT = 70


class Upstream(NamedTuple):
    """The remote branch to which the current branch is pushed."""

    remote: str
    branch: str

    @property
    def ref(self) -> str:
        return f"refs/heads/{self.branch}"


def require_repository(out: Path) -> None:
    """Raise `PublishError` unless `out`, which may not exist yet, is inside a git work tree."""
    git.read(_existing(out), "rev-parse", "--show-toplevel")


def upstream(out: Path) -> Upstream:
    """The branch that the current one follows; by default, the one of its name at `origin`.

    Raises `PublishError` if no branch is checked out, if it follows one of another name, or if the
    remote does not exist.
    """
    folder = _existing(out)
    branch = git.read(folder, "symbolic-ref", "--short", "--quiet", "HEAD", accept=(0, 1))
    if not branch:
        raise PublishError("no branch is checked out (detached HEAD): check out a branch to push")
    remote = git.read(folder, "config", f"branch.{branch}.remote", accept=(0, 1)) or "origin"
    ref = git.read(folder, "config", f"branch.{branch}.merge", accept=(0, 1))
    if remote == "." or ref not in ("", f"refs/heads/{branch}"):
        raise PublishError(
            f"the branch {branch!r} follows {ref.removeprefix('refs/heads/')!r}, and a push would"
            " publish what else is on it: check out the branch that holds the site"
        )
    git.run(folder, "remote", "get-url", remote)
    return Upstream(remote, branch)


# --- the archive ------------------------------------------------------------------------------


def require_archive(out: Path) -> None:
    """Raise `ArchiveError` if the last commit has days' records that the folder lacks.

    A run would score the papers of those days again, and `render` and `check --repair` would drop
    the days. Causes are a sparse checkout, a clone that was never checked out, and files deleted by
    hand. Without a commit, there is nothing to compare with.
    """
    existing = {str(path) for path in store.day_paths(out)}
    if missing := [path for path in _committed_records(out) if path not in existing]:
        data = shlex.quote(str(out / store.DATA))
        raise ArchiveError(
            f"{named([str(out / path) for path in missing])} in the last commit and not in this"
            " folder: a sparse checkout, or deleted files: take `sparse-checkout` out of a"
            f" workflow; elsewhere, `git checkout --ignore-skip-worktree-bits HEAD -- {data}`"
            " brings them back; to give days up, commit their removal"
        )


def _committed_records(out: Path) -> list[str]:
    """The days' records in `HEAD`, relative to `out`, oldest first; [] if there is no `HEAD`."""
    folder = _existing(out)
    try:
        if not _exists(folder, "HEAD"):
            return []
    except PublishError:  # git is not installed
        return []
    below = _below(out, folder)
    tree = ("ls-tree", "-r", "-z", "--name-only", "HEAD", "--", f"{below}{store.DATA}/")
    paths = (name.removeprefix(below) for name in git.listed(folder, *tree))
    return sorted(filter(day_of_record, paths))


# --- the user's own commits -------------------------------------------------------------------


def require_pushed(out: Path) -> None:
    """Raise `PublishError` if a push would publish commits that are not digests.

    Digests that an earlier run could not push are no obstacle. The remote is contacted only if this
    clone's copy of its branch is not enough to know.
    """
    folder, target = _existing(out), upstream(out)
    if not _exists(folder, "HEAD"):
        return
    tracking = f"refs/remotes/{target.remote}/{target.branch}"  # this clone's copy
    pushed = [tracking] if _exists(folder, tracking) else []
    if not own_commits(out, "HEAD", pushed, of_any_site=True):
        return
    if git.read(folder, "ls-remote", target.remote, target.ref):
        pushed.append(fetch(folder, target))
    if own := own_commits(out, "HEAD", pushed, of_any_site=True):
        subjects = "; ".join(commit_name(out, commit) for commit in own[:_MAX_NAMED])
        subjects += "; …" if len(own) > _MAX_NAMED else ""
        are, them = ("is", "it") if len(own) == 1 else ("are", "them")
        raise PublishError(
            f"{count(len(own), 'commit')} of your own {are} not pushed, and --push would publish"
            f" {them}: {subjects}: `git push` {them} first, or leave --push out"
        )


def own_commits(
    out: Path, head: str, pushed: Sequence[str], *, of_any_site: bool = False
) -> list[str]:
    """The short ids of commits in `head`, not in `pushed`, that are no digests; newest first.

    The commit of a digest has at most one parent, the subject of a digest, and only generated files
    in `out`; with `of_any_site`, in the folder of any site of the repository.
    """
    folder, inside = _existing(out), _inside(out)

    def is_page(path: str) -> bool:
        if of_any_site:
            names = path.split("/")
            return any(is_generated("/".join(names[depth:])) for depth in range(len(names)))
        return path.startswith(inside) and is_generated(path.removeprefix(inside))

    options = ("--no-show-signature", "--no-renames", "--no-relative", "--name-only", "-z")
    listed = git.run(folder, "log", *options, _FORMAT, head, "--not", *pushed, "--").stdout
    own = []
    for commit in _COMMIT.split(listed)[1:]:
        short, parents, subject, *names = commit.split("\0")
        paths = [name for name in (name.strip("\n") for name in names) if name]
        is_digest = _DIGEST.match(subject) and len(parents.split()) < 2
        if not (is_digest and all(map(is_page, paths))):
            own.append(short)
    return own


def commit_name(out: Path, commit: str) -> str:
    """A commit's short id and its subject, in one line."""
    options = ("--no-show-signature", "--no-patch", "--format=%h %s")
    subject = git.read(_existing(out), "show", *options, commit)
    return one_line(subject, _LONGEST_SUBJECT)


def fetch(folder: Path, target: Upstream) -> str:
    """Fetch the remote's branch; the id of its newest commit."""
    git.run(folder, "fetch", "--quiet", target.remote, target.ref)
    return git.read(folder, "rev-parse", "FETCH_HEAD")


def _exists(folder: Path, name: str) -> bool:
    return git.succeeds(folder, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")


# --- line endings -----------------------------------------------------------------------------


def attributes(out: Path) -> str:
    """The line of the repository's `.gitattributes` that stops git from converting the line endings
    of the site in `out`."""
    try:
        inside = _inside(out)
    except PublishError:  # no repository, or no git
        inside = f"{out.name}/"
    return layout.attributes(inside)


# --- the site's place in the repository -------------------------------------------------------


def _existing(out: Path) -> Path:
    """`out`, or the nearest folder above it that exists."""
    places = (out, *out.resolve().parents)
    return next(path for path in places if os.path.isdir(path))  # noqa: PTH112 - never raises


def _below(out: Path, folder: Path) -> str:
    """`out` relative to `folder`, "docs/"; "" if they are the same."""
    path = out.resolve().relative_to(folder.resolve()).as_posix()
    return "" if path == "." else f"{path}/"


def _inside(out: Path) -> str:
    """`out` relative to the top of its repository, "docs/"; "" at the top.

    Raises `PublishError` if there is no repository.
    """
    folder = _existing(out)
    prefix = git.run(folder, "rev-parse", "--show-prefix").stdout.removesuffix("\n")
    return prefix + _below(out, folder)
