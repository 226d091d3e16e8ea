from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from digest.core.day import Digest, Kept
from digest.core.errors import PublishError
from digest.core.papers import Source, SourceState
from digest.publish import git as digest_git
from digest.publish.commit import BODY_WIDTH, commit_message, days_among, uncommitted
from digest.publish.commit import commit_day as commit
from tests import make
from tests.make import git, paper, score

GOLDEN = Path(__file__).parents[1] / "data" / "commit_message.txt"
BOT = "github-actions[bot] <41898282+github-actions[bot]@users.noreply.github.com>"

HOSTILE_TITLES = [
    "Fixes #1, closes octo/cat#22 and resolves GH-3",
    "A call to @everyone and @octo/cats",
    "[skip ci] and [ci skip] are considered harmful",
    "Of lines\n\nCo-authored-by: Mallory <m@example.org>",
    "Co-authored-by: Mallory <m@example.org>",
    "::error title=x::workflow commands, ##[group] and skip-checks: true",
    r"$\mathcal{O}(n \log n)$ attention with $\alpha$-divergence, \emph{fast} & \textbf{small}",
    "Reversed \N{RIGHT-TO-LEFT OVERRIDE}txt.exe and a bell\x07",
    "Supercalifragilisticexpialidocious-" * 5,
    "# A heading, a trailer Signed-off-by: nobody, and a title that goes on until it wraps",
]


def hostile_digest() -> Digest:
    marks = [score(10, 10), score(10, 9), score(9, None)]
    kept = [
        Kept(paper(f"2601.0000{n}", title=title), marks[min(n, 2)])
        for n, title in enumerate(HOSTILE_TITLES)
    ]
    kept.append(Kept(paper("math.GT/0309136", title="An old one"), score(8, 8)))
    digest = make.digest(kept=kept, below=[paper("2601.00100")], unscored=[paper("2601.00101")])
    return replace(
        digest, sources=digest.sources | {"cs.AI": Source("feed.xml", SourceState.STALE)}
    )


# --- the message ------------------------------------------------------------------------------


def test_the_message_of_hostile_titles_is_the_golden_one() -> None:
    message = commit_message(hostile_digest())
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(message, encoding="utf-8")
    assert message == GOLDEN.read_text(encoding="utf-8")
    lines = message.splitlines()
    assert [x for x in lines if len(x) > BODY_WIDTH and not x.startswith("https://")] == []
    assert git(Path(), "interpret-trailers", "--parse", stdin=message) == ""


def test_the_subject_of_the_fullest_day_is_not_cut() -> None:
    kept = [Kept(paper(f"2601.{n:05}"), score()) for n in range(2000)]
    assert len(commit_message(make.digest(kept=kept)).splitlines()[0]) <= 68


# --- committing -------------------------------------------------------------------------------


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one commit of the user's, and a `docs` folder not yet committed."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet")
    (folder / "notes.txt").write_text("as committed\n")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "Notes")
    (folder / "docs" / "2026").mkdir(parents=True)
    (folder / "docs" / "2026" / "2026-01-30.html").write_text("page\n")
    return folder


DIGEST = make.digest(kept=[Kept(paper("2601.00001"), score())])


def test_a_commit_is_the_bots_and_only_the_site(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(repository, "config", "author.name", "Ada")
    monkeypatch.setenv("GIT_COMMITTER_NAME", "Ada")
    made = commit(repository / "docs", hostile_digest())
    assert made == git(repository, "rev-parse", "HEAD")
    assert git(repository, "log", "-1", "--format=%B") == commit_message(hostile_digest()).strip()
    assert git(repository, "show", "--format=", "--name-only") == "docs/2026/2026-01-30.html"
    assert git(repository, "log", "-1", "--format=%an <%ae>|%cn <%ce>") == f"{BOT}|{BOT}"
    assert commit(repository / "docs", DIGEST) is None
    assert git(repository, "rev-parse", "HEAD") == made


def test_staged_edited_and_untracked_files_stay_as_they_are(repository: Path) -> None:
    (repository / "staged.txt").write_text("staged\n")
    git(repository, "add", "staged.txt")
    (repository / "notes.txt").write_text("edited\n")
    (repository / "untracked.txt").write_text("untracked\n")
    before = git(repository, "status", "--porcelain", "--", ":!docs")
    commit(repository / "docs", DIGEST)
    assert git(repository, "status", "--porcelain") == before
    assert (repository / "notes.txt").read_text() == "edited\n"


def test_an_empty_repository_gets_its_first_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "new")
    out = tmp_path / "new" / "docs"
    out.mkdir()
    (out / "index.html").write_text("page\n")
    (out.parent / "staged.txt").write_text("staged\n")
    git(out.parent, "add", "staged.txt")
    assert commit(out, DIGEST) == git(out, "rev-parse", "HEAD")
    assert git(out.parent, "ls-tree", "-r", "--name-only", "HEAD") == "docs/index.html"
    assert git(out.parent, "status", "--porcelain") == "A  staged.txt"


def test_the_users_hooks_and_signing_key_are_not_used(repository: Path, git_settings: Path) -> None:
    with git_settings.open("a") as settings:
        settings.write("[commit]\ngpgSign = true\n[gpg]\nprogram = /bin/false\n")
    for name in ("pre-commit", "commit-msg", "prepare-commit-msg", "post-commit"):
        hook = repository / ".git" / "hooks" / name
        hook.write_text(f"#!/bin/sh\ntouch '{repository}/ran-{name}'\nexit 1\n")
        hook.chmod(0o755)
    assert commit(repository / "docs", DIGEST)
    assert list(repository.glob("ran-*")) == []


def held(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_variables_of_a_hook_lead_nowhere_else(repository: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    git(tmp_path, "init", "--quiet", "other")
    git(other, "commit", "--quiet", "--allow-empty", "--message", "Other")
    before = held(other / ".git")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_DIR", str(other / ".git"))
        patch.setenv("GIT_INDEX_FILE", str(other / ".git/index"))
        made = commit(repository / "docs", DIGEST)
    assert made == git(repository, "rev-parse", "HEAD")
    assert git(repository, "show", "--format=", "--name-only") == "docs/2026/2026-01-30.html"
    assert git(repository, "status", "--porcelain") == ""
    assert held(other / ".git") == before


@pytest.mark.parametrize("inside", ['"a b"/é', "a[b]*?\n", os.fsdecode(b"no\xfftext")])
def test_a_site_is_committed_wherever_it_is(repository: Path, inside: str) -> None:
    out = repository / inside
    for path in ("2026/2026-01-29.html", "index.html"):
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).write_text(path)
    assert commit(out, DIGEST)
    (out / "index.html").unlink()
    made = commit(out, DIGEST)
    assert git(out, "ls-tree", "-r", "--name-only", "HEAD") == "2026/2026-01-29.html"
    assert made == git(repository, "rev-parse", "HEAD")
    assert git(repository, "status", "--porcelain", "--", ":!docs") == ""


def test_a_file_that_is_not_checked_out_is_not_removed(repository: Path) -> None:
    out = repository / "docs"
    left(out, "2026-01-29")
    commit(out, DIGEST)
    git(repository, "update-index", "--refresh")
    git(repository, "sparse-checkout", "set", "--no-cone", "/*", "!/docs/data/")
    git(repository, "commit", "--quiet", "--allow-empty", "--message", "Mine")
    (out / "data").mkdir(exist_ok=True)
    record = "docs/data/2026/2026-01-29.json"
    made = git(repository, "hash-object", "-w", "--stdin")
    git(repository, "update-index", "--cacheinfo", f"100644,{made},{record}")
    git(repository, "update-index", "--skip-worktree", record)
    (out / "index.html").write_text("page\n")
    assert commit(out, DIGEST)
    assert record in git(repository, "ls-tree", "-r", "--name-only", "HEAD").splitlines()
    assert git(repository, "ls-files", "-v", record) == f"S {record}"


def test_a_new_page_outside_of_a_sparse_checkout_is_committed(repository: Path) -> None:
    git(repository, "sparse-checkout", "set", "--cone", "prompts")
    out = repository / "docs"
    left(out, "2026-01-29")
    git(repository, "add", "--sparse", "docs/2026/2026-01-30.html")  # the user staged this one
    assert commit(out, DIGEST)
    assert uncommitted(out) == []
    assert "2026-01-29.json" in git(repository, "ls-tree", "-r", "--name-only", "HEAD")
    (out / "2026/2026-01-30.html").write_text("changed\n")
    git(repository, "rm", "--quiet", "--cached", "--sparse", "docs/2026/2026-01-29.html")
    assert commit(out, DIGEST)
    assert git(repository, "show", "--format=", "--name-only") == "docs/2026/2026-01-30.html"
    assert git(repository, "status", "--porcelain") == ""


def test_an_executable_page_is_no_change(repository: Path) -> None:
    out = repository / "docs"
    left(out, "2026-01-30")
    commit(out, DIGEST)
    (out / "data/2026/2026-01-30.json").chmod(0o755)
    assert uncommitted(out) == []


@pytest.mark.parametrize("link", ["2026/2026-01-29.html", "2026"])
def test_what_a_link_leads_to_is_not_committed(repository: Path, tmp_path: Path, link: str) -> None:
    out, secret = repository / "docs", tmp_path / "secret"
    if link == "2026":
        commit(out, DIGEST)
        (out / "2026").rename(secret)
        (secret / "2026-01-30.html").write_text("changed\n")
    else:
        secret.write_text("secret\n")
    head = git(repository, "rev-parse", "HEAD")
    (out / link).symlink_to(secret)
    with pytest.raises(PublishError, match="symbolic link"):
        commit(out, DIGEST)
    assert git(repository, "rev-parse", "HEAD") == head


def test_a_users_file_does_not_become_a_folder(repository: Path) -> None:
    out = repository / "docs"
    (out / "2025").write_text("mine\n")
    git(repository, "add", "docs/2025")
    git(repository, "commit", "--quiet", "--message", "Mine")
    (out / "2025").unlink()
    (out / "2025").mkdir()
    (out / "2025" / "2025-01-31.html").write_text("page\n")
    with pytest.raises(PublishError, match="2025 is a file of yours in the last commit"):
        commit(out, DIGEST)


def test_the_users_attributes_are_applied(repository: Path) -> None:
    (repository / ".gitattributes").write_text("*.html text eol=crlf\n")
    (repository / "docs/2026/2026-01-30.html").write_bytes(b"one\r\ntwo\r\n")
    commit(repository / "docs", DIGEST)
    assert git(repository, "cat-file", "-s", "HEAD:docs/2026/2026-01-30.html") == "8"
    assert uncommitted(repository / "docs") == []


def test_ignored_files_are_committed_with_the_others(repository: Path) -> None:
    (repository / ".gitignore").write_text("*.json\n")
    left(repository / "docs", "2026-01-30")
    commit(repository / "docs", DIGEST)
    assert "2026-01-30.json" in git(repository, "ls-tree", "-r", "--name-only", "HEAD")
    assert uncommitted(repository / "docs") == []


# --- days that wait for a commit --------------------------------------------------------------


def left(out: Path, day: str) -> None:
    """A day's files, as a run without a commit leaves them."""
    (out / "data" / day[:4]).mkdir(parents=True, exist_ok=True)
    (out / f"data/{day[:4]}/{day}.json").write_text(day)
    (out / f"2026/{day}.html").write_text(day)


def test_days_without_a_commit_are_pending_oldest_first(repository: Path) -> None:
    out = repository / "docs"
    assert days_among(uncommitted(out)) == []
    for day in ("2026-01-30", "2026-01-28"):
        left(out, day)
    assert [str(day) for day in days_among(uncommitted(out))] == ["2026-01-28", "2026-01-30"]
    commit(out, DIGEST)
    assert days_among(uncommitted(out)) == []
    (out / "data/2026/2026-01-28.json").write_text("better")
    assert [str(day) for day in days_among(uncommitted(out))] == ["2026-01-28"]


# --- what git refuses -------------------------------------------------------------------------


def test_an_ignored_folder_says_what_to_take_out(repository: Path) -> None:
    (repository / ".gitignore").write_text("docs/\n")
    with pytest.raises(
        PublishError, match=r"ignored by one of your \.gitignore files: take it out"
    ):
        commit(repository / "docs", DIGEST)


def merge_in_progress(repository: Path) -> None:
    git(repository, "checkout", "--quiet", "-b", "side")
    (repository / "notes.txt").write_text("side\n")
    git(repository, "commit", "--quiet", "--all", "--message", "Side")
    git(repository, "checkout", "--quiet", "main")
    git(repository, "merge", "--quiet", "--no-ff", "--no-commit", "side")


def dead_git(repository: Path) -> None:
    (repository / ".git" / "index.lock").touch()


@pytest.mark.parametrize(
    ("obstacle", "remedy"),
    [(merge_in_progress, "finish what is under way"), (dead_git, "remove the lock if none is")],
)
def test_git_in_the_middle_of_something_commits_nothing(
    repository: Path, obstacle: Callable[[Path], None], remedy: str
) -> None:
    obstacle(repository)
    head, staged = git(repository, "rev-parse", "HEAD"), git(repository, "ls-files", "--stage")
    with pytest.raises(PublishError, match=remedy):
        commit(repository / "docs", DIGEST)
    assert git(repository, "rev-parse", "HEAD") == head
    assert git(repository, "ls-files", "--stage") == staged
    (repository / ".git" / "index.lock").unlink(missing_ok=True)
    git(repository, "commit", "--quiet", "--allow-empty", "--message", "The user's next commit")
    assert "docs/" not in git(repository, "ls-tree", "-r", "--name-only", "HEAD")
    assert commit(repository / "docs", DIGEST)


def test_looking_for_changes_does_not_write_the_index(repository: Path) -> None:
    page, index = repository / "docs/2026/2026-01-30.html", repository / ".git" / "index"
    commit(repository / "docs", DIGEST)
    os.utime(page, (0, 0))  # which `git status` would note in the index
    before = index.stat().st_ino, index.read_bytes()
    assert uncommitted(repository / "docs") == []
    assert (index.stat().st_ino, index.read_bytes()) == before


@pytest.mark.parametrize("is_submodule", [False, True])
def test_a_repository_inside_the_site_is_refused(repository: Path, is_submodule: bool) -> None:
    git(repository / "docs" / "2026", "init", "--quiet")
    git(repository / "docs" / "2026", "add", ".")
    git(repository / "docs" / "2026", "commit", "--quiet", "--message", "mine")
    if is_submodule:
        git(repository, "-c", "advice.addEmbeddedRepo=false", "add", "docs/2026")
        git(repository, "commit", "--quiet", "--message", "A submodule")
    head = git(repository, "rev-parse", "HEAD")
    with pytest.raises(PublishError, match=r"2026 is a git repository of its own.*remove its .git"):
        commit(repository / "docs", DIGEST)
    assert git(repository, "rev-parse", "HEAD") == head


def test_a_message_of_gits_shows_no_token() -> None:
    stderr = "fatal: unable to access 'https://x:s3cret@h/' and //y:s3cret@z:\nrefused\nhint: pull"
    assert digest_git.explain("push", stderr) == (
        "git push failed: fatal: unable to access 'https://***@h/' and //***@z: refused:"
        " the server cannot be reached: try again later"
    )


def test_a_machine_without_git_says_so(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(PublishError, match="git is not installed: install it, or use --no-commit"):
        commit(repository / "docs", DIGEST)


def test_a_git_that_hangs_is_stopped(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digest_git, "_TIMEOUT_S", 0)
    with pytest.raises(PublishError, match=r"git check-ignore took over 0 s"):
        commit(repository / "docs", DIGEST)
