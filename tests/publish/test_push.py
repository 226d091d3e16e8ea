"""Races for a real bare remote: two clones, each with a digest to push."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from digest.archive import store
from digest.core.day import Status
from digest.core.errors import PublishError
from digest.publish.push import MAX_RETRIES, push
from digest.run import output
from digest.run.check import check
from tests import make
from tests.make import DAY, git, paper, tree
from tests.publish.clones import SITE, clone, digest_of, record

NEXT_DAY = DAY + timedelta(days=3)


@pytest.fixture
def repository(remote: Path) -> Path:
    return clone(remote, "ours")


@pytest.fixture
def other(remote: Path, repository: Path) -> Path:
    return clone(remote, "theirs")


def no_days(their_out: Path, days: list[date]) -> None:
    pytest.fail(f"asked for {days}")


def push_days(repository: Path) -> str | None:
    """`push` as a run does it."""
    out = repository / "docs"

    def add_days(their_out: Path, days: list[date]) -> None:
        for day in days:
            output.add_day(their_out, store.Archive(out).listed_day(day), SITE)

    return push(out, add_days)


def push_code(other: Path, text: str = "print(2)\n") -> str:
    git(other, "pull", "--quiet", "--rebase")
    (other / "code.py").write_text(text)
    git(other, "commit", "--quiet", "--all", "--message", "Code")
    git(other, "push", "--quiet")
    return git(other, "rev-parse", "HEAD")


def assert_clean(repository: Path, remote: Path) -> None:
    """Work tree, index, branch and remote agree."""
    assert git(repository, "status", "--porcelain") == ""
    assert git(repository, "rev-parse", "HEAD") == git(remote, "rev-parse", "main")
    assert git(repository, "worktree", "list").count("\n") == 0
    assert not list((repository / "docs").rglob(".*.tmp"))


def assert_site_is_its_archives(repository: Path, tmp_path: Path) -> None:
    out, again = repository / "docs", tmp_path / "again"
    output.render(out, again, SITE)
    assert tree(out) == tree(again)


# --- nobody in the way ------------------------------------------------------------------------


def test_a_second_push_of_the_same_does_nothing(repository: Path, remote: Path) -> None:
    made = record(repository, digest_of(DAY))
    assert push(repository / "docs", no_days) == made
    assert git(remote, "rev-parse", "main") == made
    refs = git(remote, "for-each-ref")
    push(repository / "docs", no_days)
    assert git(remote, "for-each-ref") == refs


def test_a_push_goes_where_the_branch_came_from(
    repository: Path, remote: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere.git"
    git(tmp_path, "init", "--quiet", "--bare", str(elsewhere))
    git(repository, "remote", "add", "upstream", str(elsewhere))
    git(repository, "push", "--quiet", "--set-upstream", "upstream", "main")
    before = git(remote, "for-each-ref")
    made = record(repository, digest_of(DAY))
    push(repository / "docs", no_days)
    assert git(elsewhere, "rev-parse", "refs/heads/main") == made
    assert git(remote, "for-each-ref") == before


# --- somebody was faster ----------------------------------------------------------------------


def test_a_digest_goes_on_top_of_others_code(other: Path, remote: Path) -> None:
    push_code(other)
    shallow = clone(remote, "shallow", "--depth=1")  # as actions/checkout makes it
    theirs = push_code(other, "print(3)\n")
    made = record(shallow, digest_of(DAY))
    wanted = git(shallow, "show", "--no-patch", "--format=%an %ae %cn%n%B", made)
    pushed = push_days(shallow)
    assert git(shallow, "show", "--no-patch", "--format=%an %ae %cn%n%B", "HEAD") == wanted
    assert git(remote, "rev-parse", "main^") == theirs
    assert pushed == git(remote, "rev-parse", "main")
    assert git(remote, "diff", "--name-only", "main^", "main").startswith("docs/")
    assert (shallow / "code.py").read_text() == "print(3)\n"
    assert_clean(shallow, remote)


def test_of_two_runs_of_a_day_the_first_wins(repository: Path, other: Path, remote: Path) -> None:
    theirs = record(other, digest_of(DAY, "2601.00002"))
    push(other / "docs", no_days)
    record(repository, digest_of(DAY, "2601.00001"))
    assert push_days(repository) is None
    assert git(remote, "rev-parse", "main") == theirs
    assert_clean(repository, remote)


def test_days_that_they_lack_are_added_with_a_commit_each(
    repository: Path, other: Path, remote: Path, tmp_path: Path
) -> None:
    last_day = NEXT_DAY + timedelta(days=1)
    theirs = record(other, digest_of(last_day, "2602.00003"))
    push(other / "docs", no_days)
    record(repository, digest_of(DAY))
    record(repository, digest_of(NEXT_DAY, "2602.00001"))
    push_days(repository)
    subjects = git(remote, "log", "--reverse", "--format=%s", f"{theirs}..main").splitlines()
    assert [subject[:17] for subject in subjects] == [f"Digest {DAY}", f"Digest {NEXT_DAY}"]
    days = [day.date for day in store.read_days(repository / "docs")]
    assert days == [DAY, NEXT_DAY, last_day]
    assert_clean(repository, remote)
    assert_site_is_its_archives(repository, tmp_path)


def test_a_day_that_only_our_side_completed_is_ours(
    repository: Path, remote: Path, tmp_path: Path
) -> None:
    record(repository, digest_of(DAY, "2601.00001"))
    push(repository / "docs", no_days)
    other = clone(remote, "late")
    record(other, digest_of(NEXT_DAY, "2602.00001"))
    push(other / "docs", no_days)
    record(repository, digest_of(DAY, "2601.00001", "2601.00002"))
    push_days(repository)
    day = store.read_day(repository / "docs", DAY)
    assert day is not None
    assert day.counts.kept == 2
    assert_site_is_its_archives(repository, tmp_path)


def test_after_three_lost_races_the_push_fails(
    repository: Path, other: Path, remote: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server on which somebody else's push always lands first."""
    pushes = remote.with_name("pushes")
    hook = remote / "hooks" / "pre-receive"
    hook.write_text(
        f"#!/bin/sh\necho >> {pushes}\n"
        "unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES\n"
        "new=$(git commit-tree main^{tree} -p main -m busy)\n"
        "git update-ref refs/heads/main $new\n"
    )
    hook.chmod(0o755)
    record(repository, digest_of(DAY))
    with pytest.raises(PublishError, match="run again later"):
        push_days(repository)
    assert len(pushes.read_text().splitlines()) == MAX_RETRIES + 1


# --- the user's own work ----------------------------------------------------------------------


def test_edits_and_staged_files_survive_a_race(repository: Path, other: Path, remote: Path) -> None:
    record(other, digest_of(NEXT_DAY, "2602.00001"))
    push(other / "docs", no_days)
    push_code(other)
    (repository / "config.yaml").write_text("edited\n")
    (repository / "staged.txt").write_text("staged\n")
    git(repository, "add", "staged.txt")
    (repository / "docs").mkdir()
    (repository / "docs/CNAME").write_text("papers.example.org\n")
    record(repository, digest_of(DAY))
    push_days(repository)
    assert git(repository, "status", "--porcelain").splitlines() == [
        "M config.yaml",
        "A  staged.txt",
        "?? docs/CNAME",
    ]
    assert (repository / "config.yaml").read_text() == "edited\n"
    assert (repository / "docs/CNAME").read_text() == "papers.example.org\n"
    published = git(remote, "ls-tree", "-r", "--name-only", "main").splitlines()
    assert not {"staged.txt", "docs/CNAME"} & set(published)


def test_edits_in_their_files_are_not_touched(repository: Path, other: Path, remote: Path) -> None:
    push_code(other)
    (repository / "code.py").write_text("mine\n")
    record(repository, digest_of(DAY))
    with pytest.raises(PublishError, match="pushed; but your edits"):
        push_days(repository)
    assert (repository / "code.py").read_text() == "mine\n"
    assert git(remote, "log", "-1", "--format=%s", "main").startswith("Digest")


def test_commits_dropped_by_the_remote_are_not_republished(
    repository: Path, other: Path, remote: Path
) -> None:
    (repository / "config.yaml").write_text("mine\n")
    git(repository, "commit", "--quiet", "--all", "--message", "Mine")
    git(repository, "push", "--quiet")
    (other / "code.py").write_text("print(2)\n")
    git(other, "commit", "--quiet", "--all", "--message", "Code")
    git(other, "push", "--quiet", "--force")
    theirs = git(remote, "rev-parse", "main")
    record(repository, digest_of(DAY))
    with pytest.raises(PublishError, match="Mine here is a commit of your own: git pull --rebase"):
        push_days(repository)
    assert git(remote, "rev-parse", "main") == theirs


def test_a_rewritten_remote_branch_is_told_apart(
    repository: Path, other: Path, remote: Path
) -> None:
    git(other, "checkout", "--quiet", "--orphan", "fresh")
    git(other, "commit", "--quiet", "--message", "New beginning")
    git(other, "push", "--quiet", "--force", "origin", "HEAD:main")
    record(repository, digest_of(DAY))
    with pytest.raises(PublishError, match="was rewritten"):
        push_days(repository)


def test_a_day_added_to_theirs_repeats_no_paper(
    repository: Path, other: Path, tmp_path: Path
) -> None:
    """They published the 30th; we made the 2nd from a feed that was the 30th's still."""
    old, new = ["2601.00001", "2601.00002"], ["2602.00001"]
    record(other, digest_of(DAY, *old))
    push(other / "docs", no_days)
    ours = digest_of(NEXT_DAY, *old, *new)
    stale = make.source(*(paper(i) for i in old))
    fresh = make.source(*(paper(i) for i in new))
    theirs = store.read_day(other / "docs", DAY)
    assert theirs is not None
    category = next(iter(theirs.sources))
    record(repository, replace(ours, sources={category: stale, "hep-th": fresh}))
    push_days(repository)
    day = store.read_day(repository / "docs", NEXT_DAY)
    assert day is not None
    assert (day.status, day.stale, day.seen) == (Status.PARTIAL, (category,), tuple(old))
    assert [kept.paper.id for kept in day.kept] == new
    (finding,) = check(repository / "docs", SITE)
    assert "cs.LG was stale" in finding.problem


# --- what the server refuses ------------------------------------------------------------------


def refuse_by_hook(repository: Path, remote: Path) -> None:
    hook = remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'no\n::error::pushes here'\nexit 1\n")
    hook.chmod(0o755)


def have_no_remote(repository: Path, remote: Path) -> None:
    git(repository, "remote", "remove", "origin")


def detach(repository: Path, remote: Path) -> None:
    git(repository, "checkout", "--quiet", "--detach")


def point_at_a_closed_port(repository: Path, remote: Path) -> None:
    url = "http://x-access-token:ghs_s3cret@127.0.0.1:9/octo/cat.git"
    git(repository, "remote", "set-url", "origin", url)


@pytest.mark.parametrize(
    ("trouble", "says", "remedy"),
    [
        (refuse_by_hook, "hook declined", "the server's rules refuse this push"),
        (have_no_remote, "origin", "set a remote: git remote add origin ADDRESS"),
        (detach, "detached HEAD", "check out a branch to push"),
        (point_at_a_closed_port, "127.0.0.1", "try again later"),
    ],
)
def test_a_refused_push_says_why_and_what_to_do(
    repository: Path,
    remote: Path,
    trouble: Callable[[Path, Path], None],
    says: str,
    remedy: str,
) -> None:
    trouble(repository, remote)
    record(repository, digest_of(DAY))
    with pytest.raises(PublishError) as caught:
        push(repository / "docs", no_days)
    line = str(caught.value)
    assert says in line
    assert remedy in line
    assert len(line.splitlines()) == 1
    assert "s3cret" not in line
    assert "hint:" not in line
