"""One commit for each announcement day: generated files of the site's folder and nothing else.

What the user has edited or staged stays as it is; their hooks do not run and their key does not
sign. The subject and the body of the commit are for feed readers.
"""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterable
from datetime import date
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from digest.archive.feedback import STATE
from digest.archive.layout import day_of_record, is_generated
from digest.core.day import Digest, Kept
from digest.core.errors import PublishError
from digest.core.scores import Score
from digest.core.tex import plain
from digest.core.text import inert, one_line
from digest.core.wording import totals, warnings
from digest.publish import git

# Feed readers cut a commit's subject at 69 characters and show its body as plain text.
BODY_WIDTH = 76
LONGEST_TITLE = 300

# With this setting git also looks at files that a sparse checkout excludes but that exist.
_SEE_ALL = ("-c", "core.sparseCheckout=true")
_OF_VOTES = (PurePosixPath("stats.html"), PurePosixPath("learned.html"))
_SUBMODULE = "160000"  # the mode of a repository inside this one
_FROM_STDIN = ("--pathspec-from-file=-", "--pathspec-file-nul")


def commit_message(digest: Digest) -> str:
    """Subject: date and counts. Body: the totals, warnings, the ranked papers with bare links."""
    paragraphs = [subject(digest), textwrap.fill(totals(digest), BODY_WIDTH)]
    for warning in warnings(digest):
        paragraphs.append(textwrap.fill(inert(warning), BODY_WIDTH, subsequent_indent="  "))
    return "\n\n".join([*paragraphs, *map(_entry, digest.kept)]) + "\n"


def subject(digest: Digest) -> str:
    """Digest 2026-01-30: 68 of 451 papers kept."""
    counts = digest.counts
    kept = f"{counts.kept} of {counts.scanned} papers kept"
    return f"Digest {digest.date}: {kept if counts.announced else 'nothing was announced'}"


def marks(score: Score) -> str:
    """R10 N9, or R10 without a novelty."""
    novelty = "" if score.novelty is None else f" N{score.novelty}"
    return f"R{score.relevance}{novelty}"


def _entry(kept: Kept) -> str:
    """A paper's lines: "R10 N9  Title", then its address."""
    scores = marks(kept.score)
    title = textwrap.fill(
        f"{scores}  {inert(one_line(plain(kept.paper.title), LONGEST_TITLE))}",
        BODY_WIDTH,
        subsequent_indent=" " * (len(scores) + 2),
        break_on_hyphens=False,
    )
    return f"{title}\nhttps://arxiv.org/abs/{kept.paper.id}"


def uncommitted(out: Path) -> list[str]:
    """The generated files that are missing or not as in the last commit, relative to `out`.

    A file of which only the line endings differ is as in the last commit: a checkout has converted
    it. Raises `PublishError` if git cannot see some pages, or they replace a file of the user's.
    """
    head = git.read(out, "rev-parse", "--verify", "--quiet", "HEAD", accept=(0, 1))
    head = head or git.read(out, "hash-object", "-t", "tree", os.devnull)  # the empty tree
    diff = (*_SEE_ALL, "diff-index", "-z", "--relative", "--no-renames")
    endings = ("--numstat", "--text", "--ignore-cr-at-eol")  # only --numstat honours the last
    lines = git.listed(out, *diff, *endings, head, "--", ".")  # ADDED \t DELETED \t PATH
    changed = {line.split("\t", 2)[2] for line in lines}
    deleted = {*git.listed(out, *diff, "--name-only", "--diff-filter=D", head, "--", ".")}
    new = {*_untracked(out)}
    staged = (
        line.split("\t", 1) for line in git.listed(out, "ls-files", "-z", "--stage", "--", ".")
    )
    submodules = {path for entry, path in staged if entry.startswith(_SUBMODULE)}
    for path in sorted(deleted | new | submodules):
        _require_no_pages_inside(out, path, is_deleted=path in deleted)
    # Files that a sparse checkout excludes do not exist either, but are not deleted.
    existing = {path for path in changed | new if (out / path).is_file()}
    return sorted(filter(is_generated, existing | deleted))


def _require_no_pages_inside(out: Path, path: str, *, is_deleted: bool) -> None:
    """Raise `PublishError` if a folder that git takes for one entry has pages in it."""
    folder = out / path
    if not folder.is_dir():
        return
    if any(is_generated(page.relative_to(out).as_posix()) for page in folder.rglob("*")):
        why = "a git repository of its own, and pages are in it: remove its .git"
        if folder.is_symlink():
            why = "a symbolic link, and pages are in its target: replace it by a real folder"
        elif is_deleted:
            why = "a file of yours in the last commit, and pages are in it now: move them"
        raise PublishError(f"{folder} is {why}")


def days_among(paths: Iterable[str]) -> list[date]:
    """The days whose record is among these files, relative to the site's folder; oldest first."""
    return sorted(filter(None, map(day_of_record, paths)))


def commit_day(out: Path, digest: Digest, *, alone: bool = False) -> str | None:
    """Commit what is `uncommitted` in `out` as the bot; the commit's id, None if nothing changed.

    `alone`: only the day's own files, for a day that an earlier run did not commit. Raises
    `PublishError`; then there is no commit, and the user's staged files are as before.
    """
    if git.succeeds(out, "check-ignore", "--quiet", "index.html"):
        raise PublishError(
            "the site's folder is ignored by one of your .gitignore files: take it out of there"
        )
    paths = uncommitted(out)
    if alone:
        paths = [path for path in paths if PurePosixPath(path).stem == str(digest.date)]
    if {*map(PurePosixPath, paths)} <= {*STATE, *_OF_VOTES}:  # votes travel with a day
        return None
    for path in paths:
        if (out / path).resolve() != out.resolve() / path:
            raise PublishError(f"{out / path} is behind a symbolic link: replace it by a real file")
    new = _nul({*_untracked(out)} & {*paths})
    commit = None
    try:
        commit = _commit(out, digest, new, _nul(paths))
    finally:
        if commit is None:  # leave the files untracked again: the user's index is as before
            forget = ("update-index", "-z", "--force-remove", "--stdin")
            git.run(out, *forget, stdin=new, accept=git.ANY)
    return commit


def _commit(out: Path, digest: Digest, new: str, paths: str) -> str | None:
    """Commit these files; `new` are those that git does not track. Both are lists for git."""
    no_sparse = ("-c", "core.sparseCheckout=false")  # else git refuses files that it excludes
    add = (*no_sparse, "--literal-pathspecs", "add", "--force", "--intent-to-add")
    git.run(out, *add, *_FROM_STDIN, stdin=new)
    with TemporaryDirectory() as folder:
        message = Path(folder, "message")
        message.write_text(commit_message(digest), encoding="utf-8")
        options = ("--quiet", "--only", "--cleanup=verbatim", f"--file={message}", *_FROM_STDIN)
        command = (*_SEE_ALL, "--literal-pathspecs", "commit", *options)
        done = git.run(out, *command, stdin=paths, accept=(0, 1))
    if done.returncode and done.stderr:  # without it: there was nothing to commit
        raise PublishError(git.explain("commit", done.stderr))
    return git.read(out, "rev-parse", "HEAD") if done.returncode == 0 else None


def _untracked(out: Path) -> list[str]:
    """The files that git does not track, ignored ones too; relative to `out`."""
    return git.listed(out, "ls-files", "-z", "--others", "--", ".")


def _nul(paths: Iterable[str]) -> str:
    return "".join(f"{path}\0" for path in paths)
