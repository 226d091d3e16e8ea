"""Push the digests; if somebody pushed first, add what they lack to their version.

Such a race is settled in a temporary work tree: the user's edits and staged files stay as they are.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from digest.core.errors import PublishError
from digest.publish import clone, git
from digest.publish.commit import days_among

log = logging.getLogger("digest")

MAX_RETRIES = 3


def push(out: Path, add_days: Callable[[Path, list[date]], None]) -> str | None:
    """Push the current branch to the branch that it follows, by default the one at `origin`.

    Returns the id of the branch's newest commit, or None if the remote had all our days already.

    If somebody else pushed first and did not change `out`, our digests go on top of their commits.
    If they changed it, their version stays, and `add_days(their_out, days)` must commit the days
    that it lacks, in a work tree with their version. Raises `PublishError` if the server refuses,
    after `MAX_RETRIES`, or if the user's own commits would be published or moved.
    """
    clone.require_pushed(out)
    upstream = clone.upstream(out)
    head = candidate = git.read(out, "rev-parse", "HEAD")
    theirs = None
    for attempt in range(MAX_RETRIES + 1):
        refspec = f"{candidate}:{upstream.ref}"
        done = git.run(out, "push", "--quiet", upstream.remote, refspec, accept=git.ANY)
        if done.returncode == 0:
            _advance(out, head, candidate)
            return None if candidate == theirs else candidate
        if not re.search(r"non-fast-forward|fetch first|cannot lock ref", done.stderr):
            raise PublishError(git.explain("push", done.stderr))
        if attempt < MAX_RETRIES:
            log.info("push: somebody else pushed first: adding our digests to their version")
            theirs = clone.fetch(out, upstream)
            candidate = _on_top_of(theirs, out, head, add_days)
    raise PublishError(
        f"the branch moved on at each of {MAX_RETRIES + 1} attempts to push: run again later"
    )


def _on_top_of(
    theirs: str, out: Path, head: str, add_days: Callable[[Path, list[date]], None]
) -> str:
    """A commit with their version and the days of ours that it lacks."""
    base = git.read(out, "merge-base", head, theirs, accept=(0, 1))
    if not base:
        raise PublishError(
            "the remote branch was rewritten: reset this clone to it, then run again"
        )
    if base == head:
        return theirs  # they have all our commits
    if own := clone.own_commits(out, head, [base]):
        name = clone.commit_name(out, own[0])
        raise PublishError(
            f"somebody else pushed, and {name} here is a commit of your own:"
            " git pull --rebase, then run again"
        )
    with _work_tree(out, theirs) as their_out:
        if git.run(out, "diff", "--quiet", base, theirs, "--", ".", accept=(0, 1)).returncode == 0:
            git.run(their_out, "cherry-pick", "--allow-empty", f"{base}..{head}")
        else:
            add_days(their_out, _days_changed(out, base, head, theirs))
        return git.read(their_out, "rev-parse", "HEAD")


def _days_changed(out: Path, base: str, head: str, theirs: str) -> list[date]:
    """The days whose records we changed and they did not, oldest first."""

    def changed(side: str) -> set[date]:
        names = git.read(out, "diff", "--name-only", "--relative", base, side, "--", "data")
        return {*days_among(names.splitlines())}

    return sorted(changed(head) - changed(theirs))


@contextmanager
def _work_tree(out: Path, commit: str) -> Iterator[Path]:
    """The site's folder as it is in `commit`, in a temporary work tree."""
    inside = git.read(out, "rev-parse", "--show-prefix")
    git.run(out, "worktree", "prune")  # after a run that was killed
    with TemporaryDirectory() as folder:
        tree = Path(folder, "tree")
        git.run(out, "worktree", "add", "--quiet", "--detach", str(tree), commit)
        try:
            (tree / inside).mkdir(parents=True, exist_ok=True)
            yield tree / inside
        finally:
            git.run(out, "worktree", "remove", "--force", str(tree), accept=git.ANY)


def _advance(out: Path, head: str, pushed: str) -> None:
    """Move the branch and the work tree from `head` to the commit that was pushed.

    What the user has edited or staged stays. If it is in the same files, nothing is changed.
    """
    if head == pushed:
        return
    top = Path(git.read(out, "rev-parse", "--show-toplevel"))
    git.run(top, "update-index", "-q", "--refresh", accept=(0, 1))
    if not git.succeeds(top, "read-tree", "-m", "-u", head, pushed):
        raise PublishError(
            "pushed; but your edits are in files that somebody else has changed, so this clone"
            " stays behind: commit them and git pull --rebase"
        )
    git.run(top, "update-ref", "-m", "digest: pushed on top of others", "HEAD", pushed, head)
