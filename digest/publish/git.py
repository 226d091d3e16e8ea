"""Run git as the bot, without questions to the user. A refusal raises `PublishError`."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Collection, Sequence
from pathlib import Path

from digest.core.errors import PublishError
from digest.core.text import one_line

BOT = "github-actions[bot]"
_BOT_EMAIL = "41898282+github-actions[bot]@users.noreply.github.com"
_ENVIRONMENT = {  # comes before the user's settings
    "GIT_AUTHOR_NAME": BOT,
    "GIT_AUTHOR_EMAIL": _BOT_EMAIL,
    "GIT_COMMITTER_NAME": BOT,
    "GIT_COMMITTER_EMAIL": _BOT_EMAIL,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",  # reading must not lock the index: the user may be committing
    "LC_ALL": "C",
}
_SETTINGS = (
    f"core.hooksPath={os.devnull}",  # hooks and the signing key are for the user's own commits
    "commit.gpgSign=false",
    "i18n.commitEncoding=UTF-8",
    "core.fileMode=false",  # on some mounts every file is executable
    "core.safecrlf=false",  # do not refuse a file because its line endings are converted
)
# Variables of a hook that runs us: they would make git use another repository, or give a path
# another meaning (`git rev-parse --local-env-vars`, and the settings of pathspecs).
_IGNORED = re.compile(
    r"GIT_(?:DIR|WORK_TREE|IMPLICIT_WORK_TREE|COMMON_DIR|INDEX_FILE|OBJECT_DIRECTORY"
    r"|ALTERNATE_OBJECT_DIRECTORIES|GRAFT_FILE|SHALLOW_FILE|NAMESPACE|PREFIX|REPLACE_REF_BASE"
    r"|NO_REPLACE_OBJECTS|QUARANTINE_PATH|[A-Z]+_PATHSPECS)"
)
_TIMEOUT_S = 300
_LONGEST_MESSAGE = 300
ANY = range(256)  # exit codes


def run(
    folder: Path, *arguments: str, accept: Collection[int] = (0,), stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    """`git ARGUMENTS` in `folder`. Raises `PublishError` for any exit code not in `accept`."""
    settings = [part for setting in _SETTINGS for part in ("-c", setting)]
    inherited = {k: value for k, value in os.environ.items() if not _IGNORED.fullmatch(k)}
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *settings, *arguments],
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            env=inherited | _ENVIRONMENT,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except FileNotFoundError as error:
        raise PublishError("git is not installed: install it, or use --no-commit") from error
    except OSError as error:
        raise PublishError(
            f"git cannot be started: {error.strerror}: see what `git --version` says"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise PublishError(
            f"git {_command(arguments)} took over {_TIMEOUT_S} s: is the server reachable? try"
            " again later"
        ) from error
    if done.returncode not in accept:
        raise PublishError(explain(_command(arguments), done.stderr))
    return done


def _command(arguments: Sequence[str]) -> str:
    """The name of the command, after git's own options such as `-c NAME=VALUE`."""
    return next(a for a in arguments if a[0] != "-" and "=" not in a)


def read(folder: Path, *arguments: str, accept: Collection[int] = (0,)) -> str:
    """The output of `git ARGUMENTS`, without white space around it."""
    return run(folder, *arguments, accept=accept).stdout.strip()


def listed(folder: Path, *arguments: str) -> list[str]:
    """The items that `git ARGUMENTS`, with -z, lists."""
    return run(folder, *arguments).stdout.split("\0")[:-1]


def succeeds(folder: Path, *arguments: str) -> bool:
    """True if `git ARGUMENTS` exits with 0."""
    return run(folder, *arguments, accept=ANY).returncode == 0


_REMEDIES = (  # by a pattern of what git says
    ("not a git repository", "run it inside your repository, or use --no-commit"),
    ("partial commit", "finish what is under way (git commit), or give it up (git merge --abort)"),
    ("unmerged files", "resolve the conflict first, then run again"),
    ("protected branch", "let github-actions bypass the branch protection"),
    ("hook declined", "the server's rules refuse this push: allow it for this branch"),
    (
        "Permission|error: 403|Authentication failed",
        "give the workflow `permissions: contents: write`",
    ),
    ("could not read Username", "give git a credential that may push"),
    (
        "No such remote|does not appear to be a git repository",
        "set a remote: git remote add origin ADDRESS",
    ),
    ("unable to access", "the server cannot be reached: try again later"),
    (r"\.lock", "another git is running, or one died: remove the lock if none is"),
    ("No space left", "free the disk, then run again"),
)


def explain(action: str, stderr: str) -> str:
    """git's message in one line, without a token in an address, and what to do."""
    message = "\n".join(line for line in stderr.splitlines() if not line.startswith("hint:"))
    message = one_line(re.sub(r"//[^/\s]*@", "//***@", message), _LONGEST_MESSAGE)
    remedy = next((r for sign, r in _REMEDIES if re.search(sign, stderr)), "see what git says")
    return f"git {action} failed: {message}: {remedy}"
