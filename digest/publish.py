"""git: one commit an announcement day, touching the site's folder and nothing else."""

from __future__ import annotations

import os
import re
import subprocess
import textwrap
from pathlib import Path

from digest.errors import PublishError
from digest.models import Digest, Kept
from digest.text import inert, one_line, plain
from digest.wording import sums, warnings

# Feed readers show a commit's subject cut at 69 characters and its body as plain text.
BODY_WIDTH = 76

_BOT = "github-actions[bot]"
_BOT_EMAIL = "41898282+github-actions[bot]@users.noreply.github.com"
_ENVIRONMENT = {  # stronger than the user's settings
    "GIT_AUTHOR_NAME": _BOT,
    "GIT_AUTHOR_EMAIL": _BOT_EMAIL,
    "GIT_COMMITTER_NAME": _BOT,
    "GIT_COMMITTER_EMAIL": _BOT_EMAIL,
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_GIT_TIMEOUT_S = 300


def commit_message(digest: Digest) -> str:
    """Subject: date and counts. Body: the sums, what to know, the ranked list with bare links."""
    counts = digest.counts
    subject = f"Digest {digest.date}: {counts.kept} of {counts.scanned} papers kept"
    head = [sums(counts), *warnings(digest)]
    paragraphs = [subject, *(textwrap.fill(line, BODY_WIDTH) for line in head)]
    return "\n\n".join([*paragraphs, *(_entry(kept) for kept in digest.kept)]) + "\n"


def _entry(kept: Kept) -> str:
    score = kept.score
    marks = f"R{score.relevance}" + (f" N{score.novelty}" if score.novelty is not None else "")
    title = textwrap.fill(
        f"{marks}  {inert(plain(kept.paper.title))}",
        BODY_WIDTH,
        subsequent_indent=" " * (len(marks) + 2),
        break_on_hyphens=False,
    )
    return f"{title}\nhttps://arxiv.org/abs/{kept.paper.id}"


def commit(out: Path, digest: Digest) -> str | None:
    """Commit what changed in `out` as the bot; the commit's id, or None where nothing changed.

    Whatever else the user has edited or staged stays as it is. Raises `PublishError`.
    """
    _git(out, "add", "--all", "--", ".")
    if _git(out, "diff", "--cached", "--quiet", "--", ".", accept=(0, 1)).returncode == 0:
        return None
    options = ["--quiet", "--no-gpg-sign", "--cleanup=verbatim", "--file=-"]
    _git(out, "commit", *options, "--only", "--", ".", stdin=commit_message(digest))
    return _git(out, "rev-parse", "HEAD").stdout.strip()


def push(out: Path) -> None:
    """Push the current branch to where it came from, `origin` if nothing is set."""
    branch = _git(out, "symbolic-ref", "--short", "--quiet", "HEAD", accept=(0, 1)).stdout.strip()
    if not branch:
        raise PublishError("no branch is checked out (detached HEAD): check out a branch to push")
    remote = _git(out, "config", f"branch.{branch}.remote", accept=(0, 1)).stdout.strip()
    target = _git(out, "config", f"branch.{branch}.merge", accept=(0, 1)).stdout.strip()
    _git(out, "push", "--quiet", remote or "origin", f"HEAD:{target or f'refs/heads/{branch}'}")


def require_repository(out: Path) -> None:
    """Raise `PublishError` unless `out` is, or will be, inside a git work tree."""
    folder = next(path for path in (out, *out.resolve().parents) if path.is_dir())
    _git(folder, "rev-parse", "--show-toplevel")


def _git(
    folder: Path, *arguments: str, accept: tuple[int, ...] = (0,), stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    # The user's hooks are for the user's own commits and pushes.
    settings = ["-c", f"core.hooksPath={os.devnull}", "-c", "i18n.commitEncoding=UTF-8"]
    command = ["git", "-C", str(folder), *settings, *arguments]
    try:
        done = subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            env=os.environ | _ENVIRONMENT,
            timeout=_GIT_TIMEOUT_S,
            check=False,
        )
    except FileNotFoundError as error:
        raise PublishError("git is not installed: install it, or use --no-commit") from error
    except subprocess.TimeoutExpired as error:
        raise PublishError(f"git {arguments[0]} took over {_GIT_TIMEOUT_S} s") from error
    if done.returncode not in accept:
        raise PublishError(_explain(arguments[0], done.stderr))
    return done


_REMEDIES = (
    ("not a git repository", "run it inside your repository, or use --no-commit"),
    ("ignored by one of your .gitignore", "take the site's folder out of .gitignore"),
    ("partial commit during a merge", "finish or abort the merge first"),
    ("non-fast-forward", "someone else pushed: run again"),
    ("fetch first", "someone else pushed: run again"),
    ("protected branch", "let github-actions bypass the branch protection"),
    ("hook declined", "the server's rules refuse this push: allow it for this branch"),
    ("Permission", "give the workflow `permissions: contents: write`"),
    ("error: 403", "give the workflow `permissions: contents: write`"),
    ("Authentication failed", "give the workflow `permissions: contents: write`"),
    ("could not read Username", "give git a credential that may push"),
    ("does not appear to be a git repository", "set a remote: git remote add origin ADDRESS"),
    ("unable to access", "the server cannot be reached: try again later"),
    ("index.lock", "another git is running, or one died: remove the lock if none is"),
)


def _explain(action: str, stderr: str) -> str:
    said = "\n".join(line for line in stderr.splitlines() if not line.startswith("hint:"))
    said = one_line(re.sub(r"//[^/@\s]*@", "//***@", said), 300)  # an address may hold a token
    remedy = next((r for sign, r in _REMEDIES if sign in stderr), "see what git says")
    return f"git {action} failed: {said}: {remedy}"
