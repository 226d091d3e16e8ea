"""Publishing: one commit an announcement day, touching the site's folder and nothing else.

The user's work is never in the way and never at risk. A commit is made without the index; a push
that loses a race is settled in a work tree of its own. The user's edits, staged files, hooks and
keys stay as they are.
"""

from __future__ import annotations

import hashlib
import logging
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from digest.archive.layout import day_of_record, is_generated
from digest.core.errors import PublishError
from digest.core.models import Digest, Kept
from digest.core.tex import plain
from digest.core.text import inert, one_line
from digest.core.wording import totals, warnings
from digest.publish import clone, git

log = logging.getLogger("digest")

# Feed readers show a commit's subject cut at 69 characters and its body as plain text.
BODY_WIDTH = 76
LONGEST_TITLE = 300
PUSH_ATTEMPTS = 3  # after the first, each upon what the other side has pushed meanwhile


def commit_message(digest: Digest) -> str:
    """Subject: date and counts. Body: the totals, what to know, the ranked list with bare links."""
    counts = digest.counts
    kept = f"{counts.kept} of {counts.scanned} papers kept"
    subject = f"Digest {digest.date}: {kept if counts.announced else 'nothing was announced'}"
    paragraphs = [subject, textwrap.fill(totals(counts), BODY_WIDTH)]
    for warning in warnings(digest):  # which quote categories: no line begins with such words
        paragraphs.append(textwrap.fill(inert(warning), BODY_WIDTH, subsequent_indent="  "))
    return "\n\n".join([*paragraphs, *map(_entry, digest.kept)]) + "\n"


def _entry(kept: Kept) -> str:
    score = kept.score
    marks = f"R{score.relevance}" + (f" N{score.novelty}" if score.novelty is not None else "")
    title = textwrap.fill(
        f"{marks}  {inert(one_line(plain(kept.paper.title), LONGEST_TITLE))}",
        BODY_WIDTH,
        subsequent_indent=" " * (len(marks) + 2),
        break_on_hyphens=False,
    )
    return f"{title}\nhttps://arxiv.org/abs/{kept.paper.id}"


def uncommitted(out: Path) -> list[str]:
    """The files of the site, relative to its folder, that are not as `HEAD` has them, or gone; and,
    where the index has yet to learn of a commit, some that are.

    Raises `PublishError` for pages that git would pass over, and where they would take the place of
    what is no page.
    """
    inside, _ = _place(out)
    states = _status(out, inside)
    if any(state[0] not in " ?!" and path.startswith("data/") for path, state in states.items()):
        _refresh_index(out, inside)  # which may have missed a commit: that day is done
        states = _status(out, inside)
    for path, state in states.items():
        folder = out / path  # of which git says no more where it takes it for something else
        if folder.is_dir() and any(map(is_generated, _below(folder, out))):
            why = "a git repository of its own, and pages are in it: remove its .git"
            if folder.is_symlink():
                why = "a symbolic link, and pages are behind it: put the folder itself there"
            elif "D" in state:
                why = "a file of yours in the last commit, and pages are in it now: move them"
            raise PublishError(f"{folder} is {why}")
    # What a sparse checkout leaves out is not there either, and not gone.
    found = [path for path, state in states.items() if "D" in state or (out / path).is_file()]
    return _without_converted(out, sorted(filter(is_generated, found)))


def _without_converted(out: Path, paths: list[str]) -> list[str]:
    """These files of the site without those that only have other line endings than in `HEAD`: of a
    checkout that converted them, by settings that have changed since."""
    texts = {path: text for path in paths if b"\r\n" in (text := _text(out / path))}
    if not texts:
        return paths
    listed = git.run(out, "ls-tree", "-r", "-z", "HEAD", "--", ".", accept=range(256)).stdout
    entries = (entry.split("\t", 1) for entry in listed.split("\0") if entry)
    committed = {path: about.split()[2] for about, path in entries}
    return [p for p in paths if p not in texts or not _is_blob(committed.get(p, ""), texts[p])]


def _text(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it is gone, or for git to report when it has to read it
        return b""


def _is_blob(name: str, text: bytes) -> bool:
    """Whether git's id `name` is that of the text with the line endings that we write."""
    text = text.replace(b"\r\n", b"\n")
    algorithm = "sha256" if len(name) == 64 else "sha1"  # as the repository was made
    made = hashlib.new(algorithm, b"blob %d\0" % len(text) + text, usedforsecurity=False)
    return made.hexdigest() == name


def _below(folder: Path, out: Path) -> Iterator[str]:
    return (path.relative_to(out).as_posix() for path in folder.rglob("*"))


def commit(
    out: Path, digest: Digest, paths: Sequence[str] | None = None, *, alone: bool = False
) -> str | None:
    """Commit what changed in `out` as the bot; the commit's id, or None where nothing changed.

    `paths`: what is `uncommitted`, where that is known. `alone`: only the day's own files, for a
    day that an earlier run left uncommitted. Raises `PublishError`, and then nothing has changed.
    """
    inside, head = _place(out)
    if git.run(out, "check-ignore", "--quiet", "index.html", accept=(0, 1)).returncode == 0:
        raise PublishError(
            "the site's folder is ignored by one of your .gitignore files: take it out of there"
        )
    paths = uncommitted(out) if paths is None else paths
    if alone:
        paths = [path for path in paths if PurePosixPath(path).stem == str(digest.date)]
    if not paths:
        return None
    made = _make(out, inside, head, paths, commit_message(digest))
    trees = [git.read(out, "rev-parse", f"{known}^{{tree}}") for known in (made, head) if known]
    if trees[1:] == trees[:1]:  # the index, locked, has yet to learn of it
        return None
    git.run(out, "update-ref", "-m", f"digest {digest.date}", "HEAD", made, head or "0" * len(made))
    _refresh_index(out, inside)
    return made


def days_among(paths: Iterable[str]) -> list[date]:
    """The days whose own file is among these files of the site, oldest first."""
    return sorted(filter(None, map(day_of_record, paths)))


def _place(out: Path) -> tuple[str, str]:
    """Where `out` is in its repository, "docs/", and what `HEAD` is, "" where there is none yet."""
    asked = ("--show-prefix", "--verify", "--quiet", "HEAD")
    done = git.run(out, "rev-parse", *asked, accept=(0, 1))
    inside, head = done.stdout.removesuffix("\n"), ""
    if done.returncode == 0:
        inside, _, head = inside.rpartition("\n")
    if "\n" in inside or "\ufffd" in inside:
        raise PublishError(
            f"{out}: git's lists cannot hold that name: give its folders plain names"
        )
    return inside, head


def _status(out: Path, inside: str) -> dict[str, str]:
    """What is not as the index or `HEAD` has it, by its path relative to the site's folder: git's
    two letters, the first for the index. What is ignored too: once committed, it is not."""
    options = ("--porcelain", "--untracked-files=all", "--ignored", "--no-renames", "-z")
    # So that git looks at each file that is there, also at those it was asked to skip.
    sparse = ("-c", "core.sparseCheckout=true")
    listed = git.run(out, *sparse, "status", *options, "--", ".").stdout
    states: dict[str, str] = {}
    for entry in filter(None, listed.split("\0")):
        path = entry[3:].removeprefix(inside)  # a space stands before it
        states[path] = states.get(path, "") + entry[:2]  # "D ??": out of the index, and there
    return states


_UNDER_WAY = "refs/worktree/preprint-digest"  # leads to a commit until the branch does


def _make(out: Path, inside: str, head: str, paths: Sequence[str], message: str) -> str:
    """The id of a commit on top of `head` in which these files of the site are as they stand.

    Made without an index, which names every file of the repository: in an old archive, to read and
    write one takes longer than all the rest. `fast-import` opens the folders that change, no other.
    """
    for path in paths:
        if (out / path).resolve() != out.resolve() / path:
            raise PublishError(
                f"{out / path}: a symbolic link leads there: put a file in its place"
            )
    there = [path for path in paths if (out / path).is_file()]
    top = Path(git.read(out, "rev-parse", "--show-toplevel"))  # from which git reads listed names
    listed = "".join(f"{_quoted(inside + path)}\n" for path in there)
    blobs = git.run(top, "hash-object", "-w", "--stdin-paths", stdin=listed).stdout.split()
    said = [f"commit {_UNDER_WAY}", "mark :1"]
    said += [f"committer {git.read(out, 'var', 'GIT_COMMITTER_IDENT')}"]
    said += [f"data {len(message.encode())}", message]
    said += [f"from {head}"] if head else []
    said += [
        f"M 100644 {blob} {_quoted(inside + path)}" for path, blob in zip(there, blobs, strict=True)
    ]
    said += [f"D {_quoted(inside + path)}" for path in sorted({*paths} - {*there})]
    said += ["get-mark :1", ""]
    options = ("--quiet", "--force")  # a run that was killed may have left the ref
    try:
        return git.run(out, "fast-import", *options, stdin="\n".join(said)).stdout.strip()
    finally:
        git.run(out, "update-ref", "-d", _UNDER_WAY, accept=range(256))


def _quoted(path: str) -> str:
    """Any path, as git reads it from a list."""
    for sign, written in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n")):
        path = path.replace(sign, written)
    return f'"{path}"'


def _refresh_index(out: Path, inside: str) -> None:
    """Let the user's index know of what is committed, by this run or by one that was killed before
    it could: a commit of the user's own would take it back. It holds no truth that could be lost.
    """
    differ = ("diff-index", "--cached", "--no-renames", "--no-abbrev", "-z", "HEAD")
    found = git.run(out, *differ, "--", ".", accept=range(256))  # 128: there is no commit yet
    # In turns `:MODE MODE BLOB BLOB STATE`, of HEAD and of the index, and the path; all 0: none.
    fields = found.stdout.split("\0")
    entries = [
        f"{of_head.split()[0][1:]} {of_head.split()[2]}\t{path}\0"
        for of_head, path in zip(fields[::2], fields[1::2], strict=False)
        if is_generated(own := path.removeprefix(inside))
        and (of_head.startswith(":000000") or (out / own).is_file())  # else it is not checked out
    ]
    if not entries:
        return
    update = ("update-index", "-z", "--index-info")
    done = git.run(out, *update, stdin="".join(entries), accept=range(256))
    if done.returncode:
        log.warning("the commits stand, but %s", git.explain("update-index", done.stderr))


# --- pushing ----------------------------------------------------------------------------------


def push(out: Path, add_days: Callable[[Path, list[date]], None]) -> str | None:
    """Push the current branch to where it came from, `origin` if nothing is set.

    The id of the commit that is now the branch's newest, or None where the other side already had
    all that there was to push.

    Where somebody has pushed meanwhile: if they left `out` alone, the digests go on top of their
    work; else theirs stands and `add_days(their_out, days)` commits the days they lack in a work
    tree that holds their version. Raises `PublishError` where the server refuses, where three
    attempts were not enough, or where commits of the user's own would be published or moved.
    """
    clone.require_pushed(out)
    upstream = clone.upstream(out)
    head = candidate = git.read(out, "rev-parse", "HEAD")
    theirs = None
    for attempt in range(PUSH_ATTEMPTS + 1):
        refspec = f"{candidate}:{upstream.ref}"
        done = git.run(out, "push", "--quiet", upstream.remote, refspec, accept=range(256))
        if done.returncode == 0:
            _advance(out, head, candidate)
            return None if candidate == theirs else candidate
        if not re.search(r"non-fast-forward|fetch first|cannot lock ref", done.stderr):
            raise PublishError(git.explain("push", done.stderr))
        if attempt < PUSH_ATTEMPTS:
            log.info("push: somebody else pushed first: going on top of their work")
            theirs = _fetch(out, upstream)
            candidate = _on_top_of(theirs, out, head, add_days)
    raise PublishError(
        f"the branch moved on at each of {PUSH_ATTEMPTS + 1} attempts to push: run again later"
    )


def _fetch(out: Path, upstream: clone.Upstream) -> str:
    git.run(out, "fetch", "--quiet", upstream.remote, upstream.ref)
    return git.read(out, "rev-parse", "FETCH_HEAD")


def _on_top_of(
    theirs: str, out: Path, head: str, add_days: Callable[[Path, list[date]], None]
) -> str:
    """The commit that holds the other side's work and what it lacks of ours."""
    base = git.read(out, "merge-base", head, theirs, accept=(0, 1))
    if not base:
        raise PublishError(
            "the remote branch was rewritten: reset this clone to it, then run again"
        )
    if base == head:
        return theirs  # which has all of ours
    if own := clone.own_commits(out, head, [base]):
        named = clone.commit_name(out, own[0])
        raise PublishError(
            f"somebody else pushed, and {named} here is a commit of your own:"
            " git pull --rebase, then run again"
        )
    with _work_tree(out, theirs) as their_out:
        if git.run(out, "diff", "--quiet", base, theirs, "--", ".", accept=(0, 1)).returncode == 0:
            git.run(their_out, "cherry-pick", "--allow-empty", f"{base}..{head}")
        else:
            add_days(their_out, _days_changed(out, base, head, theirs))
        return git.read(their_out, "rev-parse", "HEAD")


def _days_changed(out: Path, base: str, head: str, theirs: str) -> list[date]:
    """The days that our side recorded and the other left as they were, oldest first."""

    def recorded(side: str) -> set[date]:
        names = git.read(out, "diff", "--name-only", "--relative", base, side, "--", "data")
        return {day for name in names.splitlines() if (day := day_of_record(name))}

    return sorted(recorded(head) - recorded(theirs))


@contextmanager
def _work_tree(out: Path, commit: str) -> Iterator[Path]:
    """`out` as `commit` has it, in a work tree of its own."""
    inside = git.read(out, "rev-parse", "--show-prefix")
    git.run(out, "worktree", "prune")  # of a run that was killed
    with TemporaryDirectory() as folder:
        tree = Path(folder, "tree")
        git.run(out, "worktree", "add", "--quiet", "--detach", str(tree), commit)
        try:
            (tree / inside).mkdir(parents=True, exist_ok=True)
            yield tree / inside
        finally:
            git.run(out, "worktree", "remove", "--force", str(tree), accept=range(256))


def _advance(out: Path, head: str, pushed: str) -> None:
    """Bring the branch and the work tree from `head` to what was pushed.

    As a checkout would: what the user has edited or staged stays, and where it stands in the way
    nothing is touched.
    """
    if head == pushed:
        return
    top = Path(git.read(out, "rev-parse", "--show-toplevel"))
    git.run(top, "update-index", "-q", "--refresh", accept=(0, 1))  # it has yet to see our files
    done = git.run(top, "read-tree", "-m", "-u", head, pushed, accept=range(256))
    if done.returncode:
        raise PublishError(
            "pushed; but your edits are in files that somebody else has changed, so this clone"
            " stays behind: commit them and git pull --rebase"
        )
    git.run(top, "update-ref", "-m", "digest: pushed on top of others", "HEAD", pushed, head)
