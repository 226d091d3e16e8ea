from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from digest.core.errors import PublishError
from digest.core.models import LIMIT_RULE, Digest, Kept
from digest.core.papers import Source, SourceState
from digest.publish import git as digest_git
from digest.publish.publish import (
    BODY_WIDTH,
    commit,
    commit_message,
    days_among,
    uncommitted,
)
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


def test_the_subject_states_date_and_counts() -> None:
    digest = make.digest(kept=[Kept(paper("2601.1"), score())], below=[paper("2601.2")])
    assert commit_message(digest).splitlines()[0] == "Digest 2026-01-30: 1 of 2 papers kept"


def test_the_subject_of_the_fullest_day_is_not_cut() -> None:
    kept = [Kept(paper(f"2601.{n:05}"), score()) for n in range(2000)]
    assert len(commit_message(make.digest(kept=kept)).splitlines()[0]) <= 68


def test_the_body_begins_with_the_sums() -> None:
    digest = make.digest(kept=[Kept(paper("2601.1"), score())], filtered=[paper("2601.2")])
    paragraph = commit_message(digest).split("\n\n")[1]
    assert paragraph.replace("\n", " ") == (
        "2 announced: 1 filtered, 0 seen on another day, 1 scanned."
        " 1 scanned: 1 kept, 0 below the cut, 0 unscored"
    )


def test_each_kept_paper_has_its_marks_its_title_and_a_bare_link() -> None:
    kept = [
        Kept(paper("2601.00001", title=r"The $\alpha$ and the $\Omega$"), score(10, 9)),
        Kept(paper("math.GT/0309136", title="An old one"), score(9, None)),
    ]
    assert commit_message(make.digest(kept=kept)).endswith(
        "\n\nR10 N9  The α and the Ω\nhttps://arxiv.org/abs/2601.00001"
        "\n\nR9  An old one\nhttps://arxiv.org/abs/math.GT/0309136\n"
    )


def test_lines_are_short_but_for_bare_links() -> None:
    lines = commit_message(hostile_digest()).splitlines()
    assert [x for x in lines if len(x) > BODY_WIDTH and not x.startswith("https://")] == []


def test_git_finds_no_trailer_in_the_message() -> None:
    found = git(Path(), "interpret-trailers", "--parse", stdin=commit_message(hostile_digest()))
    assert found == ""


def body(digest: Digest) -> str:
    return " ".join(commit_message(digest).split())


def test_the_message_names_empty_and_stale_feeds_apart() -> None:
    sources = {
        "cs.LG": make.source(paper("2601.1")),
        "cs.AI": make.source(),
        "cs.CL": make.source(),
        "cs.CV": make.source(fresh=False),
    }
    digest = replace(make.digest(below=[paper("2601.1")]), sources=sources)
    assert "arXiv's feed for cs.AI, cs.CL was empty." in body(digest)
    assert "arXiv's feed for cs.CV showed another day when this was made:" in body(digest)


def test_the_message_of_a_day_of_full_feeds_warns_of_nothing() -> None:
    assert len(commit_message(make.digest(below=[paper("2601.1")])).split("\n\n")) == 2


def test_the_message_says_that_a_day_was_only_sampled() -> None:
    digest = make.digest(below=[paper("2601.1")], filtered=[paper("2601.2"), paper("2601.3")])
    limited = tuple(replace(filtered, rule=LIMIT_RULE) for filtered in digest.filtered)
    sampled = body(replace(digest, filtered=limited))
    assert "Only a sample was scored: 2 papers beyond `--limit`." in sampled
    assert "sample" not in body(digest)


# --- committing -------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def git_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    return make.own_git_settings(monkeypatch, tmp_path)


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


@pytest.fixture
def remote(tmp_path: Path, repository: Path) -> Path:
    bare = tmp_path / "remote.git"
    git(tmp_path, "init", "--quiet", "--bare", str(bare))
    git(repository, "remote", "add", "origin", str(bare))
    return bare


DIGEST = make.digest(kept=[Kept(paper("2601.00001"), score())])


def test_a_commit_is_returned_by_its_id(repository: Path) -> None:
    assert commit(repository / "docs", DIGEST) == git(repository, "rev-parse", "HEAD")


def test_a_commit_has_the_digests_message(repository: Path) -> None:
    commit(repository / "docs", hostile_digest())
    stored = git(repository, "log", "-1", "--format=%B")
    assert stored == commit_message(hostile_digest()).strip()


def test_a_commit_touches_the_sites_folder_alone(repository: Path) -> None:
    commit(repository / "docs", DIGEST)
    assert git(repository, "show", "--format=", "--name-only") == "docs/2026/2026-01-30.html"


def test_author_and_committer_are_the_bot(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(repository, "config", "author.name", "Ada")
    monkeypatch.setenv("GIT_COMMITTER_NAME", "Ada")
    commit(repository / "docs", DIGEST)
    assert git(repository, "log", "-1", "--format=%an <%ae>|%cn <%ce>") == f"{BOT}|{BOT}"


def test_what_the_user_has_staged_edited_and_not_added_stays_as_it_was(repository: Path) -> None:
    (repository / "staged.txt").write_text("staged\n")
    git(repository, "add", "staged.txt")
    (repository / "notes.txt").write_text("edited\n")
    (repository / "untracked.txt").write_text("untracked\n")
    before = git(repository, "status", "--porcelain", "--", ":!docs")
    commit(repository / "docs", DIGEST)
    assert git(repository, "status", "--porcelain") == before
    assert (repository / "notes.txt").read_text() == "edited\n"


def test_a_removed_page_is_committed_as_removed(repository: Path) -> None:
    commit(repository / "docs", DIGEST)
    (repository / "docs" / "2026" / "2026-01-30.html").unlink()
    (repository / "docs" / "index.html").write_text("other\n")
    commit(repository / "docs", DIGEST)
    assert git(repository, "ls-files", "docs") == "docs/index.html"


def test_nothing_changed_is_no_commit(repository: Path) -> None:
    first = commit(repository / "docs", DIGEST)
    assert commit(repository / "docs", DIGEST) is None
    assert git(repository, "rev-parse", "HEAD") == first


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


def test_the_users_hooks_do_not_run(repository: Path) -> None:
    hooks = repository / ".git" / "hooks"
    for name in ("pre-commit", "commit-msg", "prepare-commit-msg", "post-commit"):
        hook = hooks / name
        hook.write_text(f"#!/bin/sh\ntouch '{repository}/ran-{name}'\nexit 1\n")
        hook.chmod(0o755)
    assert commit(repository / "docs", DIGEST)
    assert list(repository.glob("ran-*")) == []


def test_the_users_signing_key_is_not_asked_for(repository: Path, git_settings: Path) -> None:
    with git_settings.open("a") as settings:
        settings.write("[commit]\ngpgSign = true\n[gpg]\nprogram = /bin/false\n")
    assert commit(repository / "docs", DIGEST)


def held(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("GIT_DIR", ".git"),
        ("GIT_WORK_TREE", "."),
        ("GIT_INDEX_FILE", ".git/index"),
        ("GIT_OBJECT_DIRECTORY", ".git/objects"),
    ],
)
def test_a_commit_from_a_hook_lands_in_the_folders_own_repository(
    repository: Path, tmp_path: Path, variable: str, value: str
) -> None:
    other = tmp_path / "other"
    git(tmp_path, "init", "--quiet", "other")
    git(other, "commit", "--quiet", "--allow-empty", "--message", "Other")
    before = held(other / ".git")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(variable, str(other / value))
        made = commit(repository / "docs", DIGEST)
    assert made == git(repository, "rev-parse", "HEAD")
    assert git(repository, "show", "--format=", "--name-only") == "docs/2026/2026-01-30.html"
    assert git(repository, "status", "--porcelain") == ""
    assert held(other / ".git") == before


@pytest.mark.parametrize("inside", ["a b/é", '"docs"', '"', "back\\slash", "tab\there", "#1"])
def test_a_site_is_committed_wherever_it_is(repository: Path, inside: str) -> None:
    out = repository / inside
    for path in ("2026/2026-01-29.html", "index.html"):
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).write_text(path)
    assert commit(out, DIGEST)
    (out / "index.html").unlink()
    made = commit(out, DIGEST)
    listed = git(repository, "ls-tree", "-r", "-z", "--name-only", "HEAD").split("\0")
    assert {*listed} == {"notes.txt", f"{inside}/2026/2026-01-29.html", ""}
    assert made == git(repository, "rev-parse", "HEAD")
    assert git(repository, "status", "--porcelain", "--", ":!docs") == ""


@pytest.mark.parametrize("inside", ["new\nline", "end\r", os.fsdecode(b"no\xfftext")])
def test_a_folder_that_a_list_cannot_hold_is_said(repository: Path, inside: str) -> None:
    out = repository / inside
    out.mkdir()
    (out / "index.html").write_text("page\n")
    with pytest.raises(PublishError, match="give its folders plain names"):
        commit(out, DIGEST)


def test_what_a_sparse_checkout_leaves_out_is_not_taken_for_removed(repository: Path) -> None:
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


def test_a_page_that_may_be_executed_is_settled_all_the_same(repository: Path) -> None:
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


def test_a_file_of_the_users_does_not_become_a_folder_of_pages(repository: Path) -> None:
    out = repository / "docs"
    (out / "2025").write_text("mine\n")
    git(repository, "add", "docs/2025")
    git(repository, "commit", "--quiet", "--message", "Mine")
    (out / "2025").unlink()
    (out / "2025").mkdir()
    (out / "2025" / "2025-01-31.html").write_text("page\n")
    with pytest.raises(PublishError, match="2025 is a file of yours in the last commit"):
        commit(out, DIGEST)


def test_a_commit_leaves_no_ref_but_the_branch(repository: Path) -> None:
    git(
        repository, "update-ref", "refs/worktree/preprint-digest", "HEAD"
    )  # by a run that was killed
    commit(repository / "docs", DIGEST)
    assert git(repository, "for-each-ref", "--format=%(refname)") == "refs/heads/main"


def test_a_branch_that_has_moved_meanwhile_is_not_moved_back(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = digest_git.run

    def somebody_commits(folder: Path, *arguments: str, **options: Any) -> Any:
        done = run(folder, *arguments, **options)
        if arguments[0] == "fast-import":
            git(repository, "commit", "--quiet", "--allow-empty", "--message", "Meanwhile")
        return done

    monkeypatch.setattr(digest_git, "run", somebody_commits)
    with pytest.raises(PublishError, match=r"update-ref failed: .*cannot lock ref"):
        commit(repository / "docs", DIGEST)
    monkeypatch.undo()
    assert git(repository, "log", "-1", "--format=%s") == "Meanwhile"
    assert git(repository, "status", "--porcelain") == "?? docs/"


def test_what_the_users_attributes_do_to_a_page_is_done(repository: Path) -> None:
    (repository / ".gitattributes").write_text("*.html text eol=crlf\n")
    (repository / "docs/2026/2026-01-30.html").write_bytes(b"one\r\ntwo\r\n")
    commit(repository / "docs", DIGEST)
    assert git(repository, "cat-file", "-s", "HEAD:docs/2026/2026-01-30.html") == "8"
    assert uncommitted(repository / "docs") == []


def test_files_that_a_gitignore_names_are_committed_with_the_others(repository: Path) -> None:
    (repository / ".gitignore").write_text("*.json\n")
    left(repository / "docs", "2026-01-30")
    commit(repository / "docs", DIGEST)
    assert "2026-01-30.json" in git(repository, "ls-tree", "-r", "--name-only", "HEAD")
    assert uncommitted(repository / "docs") == []


def test_in_a_subfolder_that_is_a_work_tree_of_its_own_the_commit_is_on_its_branch(
    repository: Path, tmp_path: Path
) -> None:
    git(repository, "worktree", "add", "--quiet", "-b", "other", str(tmp_path / "other"))
    out = tmp_path / "other" / "docs"
    out.mkdir()
    (out / "index.html").write_text("page\n")
    assert commit(out, DIGEST) == git(repository, "rev-parse", "other")
    assert git(repository, "for-each-ref", "--format=%(refname)").split() == [
        "refs/heads/main",
        "refs/heads/other",
    ]


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


def test_a_day_committed_alone_leaves_everything_else(repository: Path) -> None:
    out = repository / "docs"
    for day in ("2026-01-29", "2026-01-30"):
        left(out, day)
    commit(out, DIGEST, alone=True)
    assert git(repository, "show", "--format=", "--name-only").splitlines() == [
        "docs/2026/2026-01-30.html",
        "docs/data/2026/2026-01-30.json",
    ]


# --- what git refuses -------------------------------------------------------------------------


def test_an_ignored_folder_says_what_to_take_out(repository: Path) -> None:
    (repository / ".gitignore").write_text("docs/\n")
    with pytest.raises(
        PublishError, match=r"ignored by one of your \.gitignore files: take it out"
    ):
        commit(repository / "docs", DIGEST)


def test_a_merge_under_way_goes_on_after_the_commit(repository: Path) -> None:
    git(repository, "checkout", "--quiet", "-b", "side")
    (repository / "notes.txt").write_text("side\n")
    git(repository, "commit", "--quiet", "--all", "--message", "Side")
    git(repository, "checkout", "--quiet", "main")
    git(repository, "merge", "--quiet", "--no-ff", "--no-commit", "side")
    made = commit(repository / "docs", DIGEST)
    assert git(repository, "diff", "--name-only", "HEAD~", "HEAD") == "docs/2026/2026-01-30.html"
    git(repository, "commit", "--quiet", "--no-edit")
    assert git(repository, "rev-parse", "HEAD^1") == made
    assert git(repository, "show", "HEAD:notes.txt") == "side"


def test_a_lock_that_a_dead_git_left_does_not_stop_the_commit(
    repository: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (repository / ".git" / "index.lock").touch()
    made = commit(repository / "docs", DIGEST)
    assert git(repository, "rev-parse", "HEAD") == made
    assert "remove the lock" in caplog.text


def test_a_look_at_what_changed_does_not_write_the_index_that_the_user_may_be_writing(
    repository: Path,
) -> None:
    page, index = repository / "docs/2026/2026-01-30.html", repository / ".git" / "index"
    commit(repository / "docs", DIGEST)
    os.utime(page, (0, 0))  # which `git status` would note in the index
    before = index.stat().st_ino, index.read_bytes()
    assert uncommitted(repository / "docs") == []
    assert (index.stat().st_ino, index.read_bytes()) == before


def test_what_the_index_missed_of_a_commit_is_not_taken_back_by_the_users_next_one(
    repository: Path,
) -> None:
    out, lock = repository / "docs", repository / ".git" / "index.lock"
    record = out / "data/2026/2026-01-30.json"
    record.parent.mkdir(parents=True)
    record.write_text("{}\n")
    lock.touch()  # as of a git that works, or was killed, meanwhile
    assert commit(out, DIGEST)
    lock.unlink()
    assert git(repository, "diff", "--cached", "--name-only") != ""
    assert days_among(uncommitted(out)) == []
    assert git(repository, "status", "--porcelain") == ""
    lock.touch()
    (out / "index.html").write_text("page\n")
    assert commit(out, DIGEST)
    lock.unlink()
    (out / "404.html").write_text("page\n")
    assert commit(out, DIGEST)
    assert git(repository, "status", "--porcelain") == ""


def test_a_folder_of_pages_that_is_a_repository_of_its_own_is_said(repository: Path) -> None:
    git(repository / "docs" / "2026", "init", "--quiet")
    git(repository / "docs" / "2026", "add", ".")
    git(repository / "docs" / "2026", "commit", "--quiet", "--message", "mine")
    head = git(repository, "rev-parse", "HEAD")
    with pytest.raises(PublishError, match=r"2026 is a git repository of its own.*remove its .git"):
        commit(repository / "docs", DIGEST)
    assert git(repository, "rev-parse", "HEAD") == head


def test_what_a_killed_run_left_half_written_is_not_committed(repository: Path) -> None:
    (repository / "docs" / "2026" / ".2026-01-30.html.tmp").write_text("pa")
    commit(repository / "docs", DIGEST)
    assert ".tmp" not in git(repository, "ls-tree", "-r", "--name-only", "HEAD")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("https://ghp_s3cret@github.com/a/b", "https://***@github.com/a/b"),
        ("http://u:s3cret@127.0.0.1:1/x", "http://***@127.0.0.1:1/x"),
        ("https://x-access-token:s3cret@h/ and //y:s3cret@z", "https://***@h/ and //***@z"),
    ],
)
def test_what_git_says_is_told_without_tokens(said: str, told: str) -> None:
    line = digest_git.explain("push", f"fatal: unable to access '{said}':\nrefused")
    assert "s3cret" not in line
    assert line == (
        f"git push failed: fatal: unable to access '{told}': refused:"
        " the server cannot be reached: try again later"
    )


def test_an_address_without_a_token_is_told_as_it_is() -> None:
    line = digest_git.explain("fetch", "fatal: https://github.com/a/b: no @home\nhint: pull")
    assert line == "git fetch failed: fatal: https://github.com/a/b: no @home: see what git says"


def test_a_machine_without_git_says_so(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(PublishError, match="git is not installed: install it, or use --no-commit"):
        commit(repository / "docs", DIGEST)


def test_a_git_that_hangs_is_given_up(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digest_git, "_TIMEOUT_S", 0)
    with pytest.raises(PublishError, match=r"git rev-parse took over 0 s"):
        commit(repository / "docs", DIGEST)
