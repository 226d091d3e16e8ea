"""Is a clone fit for a run? Real clones of a real bare remote."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from digest.core.errors import ArchiveError, PublishError
from digest.publish.clone import (
    attributes,
    own_commits,
    require_archive,
    require_pushed,
    require_repository,
)
from digest.publish.push import push
from tests import make
from tests.make import DAY, git
from tests.publish.clones import clone, digest_of, record

DAYS = (DAY - timedelta(days=365), DAY - timedelta(days=1), DAY)
LATER = [digest_of(DAY + timedelta(days=n), f"2602.0000{n}") for n in (3, 4)]
RECORDS = [f"docs/data/{day:%Y}/{day}.json" for day in DAYS]


@pytest.fixture(scope="module")
def with_digests(made_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bare repository with settings and three digests."""
    folder = tmp_path_factory.mktemp("with-digests")
    remote = shutil.copytree(made_once, folder / "remote.git")
    with pytest.MonkeyPatch.context() as patch:
        make.own_git_settings(patch, folder)
        first = clone(remote, "first")
        for n, day in enumerate(DAYS):
            record(first, digest_of(day, f"2601.0000{n}"))
        git(first, "push", "--quiet")
    return remote


@pytest.fixture
def remote(with_digests: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return shutil.copytree(with_digests, tmp_path / "remote.git")


def edit(folder: Path, subject: str) -> str:
    """A commit of the user's; its short id and subject."""
    with (folder / "config.yaml").open("a") as file:
        file.write("# mine\n")
    git(folder, "commit", "--quiet", "--all", "--message", subject)
    return git(folder, "log", "-1", "--format=%h %s")


# --- the repository ---------------------------------------------------------------------------


def test_the_site_must_be_inside_a_repository(tmp_path: Path) -> None:
    with pytest.raises(PublishError, match=r"not a git repository.*or use --no-commit$"):
        require_repository(tmp_path / "not" / "there" / "yet")
    git(tmp_path, "init", "--quiet")
    require_repository(tmp_path / "not" / "there" / "yet")


# --- the archive ------------------------------------------------------------------------------


def cone(remote: Path) -> Path:
    folder = clone(remote, "cone", "--no-checkout")
    git(folder, "sparse-checkout", "set", "--cone", "prompts")
    git(folder, "checkout", "--quiet")
    return folder


def never_checked_out(remote: Path) -> Path:
    return clone(remote, "bare-work-tree", "--no-checkout")


def a_day_deleted(remote: Path) -> Path:
    folder = clone(remote, "deleted")
    (folder / RECORDS[1]).unlink()
    return folder


@pytest.mark.parametrize("made", [cone, never_checked_out, a_day_deleted])
def test_the_archive_of_the_last_commit_must_exist(
    remote: Path, made: Callable[[Path], Path]
) -> None:
    folder = made(remote)
    with pytest.raises(ArchiveError, match=r"in the last commit and not in this folder") as caught:
        require_archive(folder / "docs")
    lost = [name for name in RECORDS if not (folder / name).exists()]
    assert str(caught.value).startswith(f"{folder / lost[0]}")
    assert "\n" not in str(caught.value)

    # What it says to do does it.
    remedy = str(caught.value).partition("`git checkout")[2].partition("`")[0]
    git(folder, "checkout", *shlex.split(remedy))
    require_archive(folder / "docs")


def test_a_whole_archive_is_no_obstacle(remote: Path, tmp_path: Path) -> None:
    require_archive(cone(remote) / "elsewhere")
    folder = clone(remote, "shallow", "--depth=1")
    require_archive(folder / "docs")
    git(folder, "sparse-checkout", "set", "--no-cone", "/*", "!/docs/", "/docs/data/2*/")
    assert not (folder / "docs/data/seen").exists()  # pages and ledger may be left out
    require_archive(folder / "docs")
    git(tmp_path, "init", "--quiet", "new")  # nothing is committed
    require_archive(tmp_path / "new/docs")


def test_days_whose_removal_is_committed_are_given_up(remote: Path) -> None:
    folder = clone(remote)
    git(folder, "rm", "--quiet", "-r", "docs")
    git(folder, "commit", "--quiet", "--message", "From the beginning")
    require_archive(folder / "docs")


def test_a_site_with_an_odd_name_is_compared_as_well(remote: Path) -> None:
    folder = clone(remote)
    git(folder, "mv", "docs", "my [site]")
    git(folder, "commit", "--quiet", "--message", "Moved")
    require_archive(folder / "my [site]")
    (folder / "my [site]/data/2025" / f"{DAYS[0]}.json").unlink()
    with pytest.raises(ArchiveError, match=r"-- '.*/my \[site\]/data'` brings them back"):
        require_archive(folder / "my [site]")


# --- commits of the user's own ----------------------------------------------------------------


def test_the_newest_own_commits_are_named(remote: Path) -> None:
    folder = clone(remote)
    own = [edit(folder, f"Number {number}") for number in range(4)]
    edit(folder, "Fixes #1, by @ada\x01abcd\x07 " + "and more of it " * 9)
    short = git(folder, "log", "-1", "--format=%h")
    with pytest.raises(PublishError) as caught:
        require_pushed(folder / "docs")
    named = f"{short} Fixes #1, by @adaabcd and more of it and more of it and more…"
    assert str(caught.value) == (
        "5 commits of your own are not pushed, and --push would publish them:"
        f" {named}; {own[3]}; {own[2]}; …: `git push` them first, or leave --push out"
    )


def test_digests_that_could_not_be_pushed_are_no_obstacle(remote: Path) -> None:
    folder = clone(remote)
    record(folder, LATER[0])
    record(folder, LATER[1])
    require_pushed(folder / "docs")
    own = edit(folder, "Mine, on top of them")
    with pytest.raises(PublishError, match=rf"1 commit of your own is not pushed.*: {own}: "):
        require_pushed(folder / "docs")


def test_a_digest_of_another_site_is_no_obstacle(remote: Path) -> None:
    folder = clone(remote)
    record(folder, LATER[0], "physics/docs")
    require_pushed(folder / "docs")
    assert len(own_commits(folder / "docs", "HEAD", ["origin/main"])) == 1  # not to be moved


def add_a_page_of_ours(folder: Path) -> None:
    (folder / "docs/index.html").write_text("mine")
    git(folder, "commit", "--quiet", "--all", "--message", "My page")


def add_a_file_to_a_digest(folder: Path) -> None:
    (folder / "docs/CNAME").write_text("papers.example.org")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "Digest 2026-01-30: 1 of 1 papers kept")


def merge(folder: Path) -> None:
    git(folder, "checkout", "--quiet", "-b", "side", "HEAD^")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "Digest 2026-01-30: side")
    git(folder, "checkout", "--quiet", "main")
    git(folder, "merge", "--quiet", "--no-ff", "-m", "Digest 2026-01-30: a merge", "side")


def commit_nothing(folder: Path) -> None:
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "Trigger")


@pytest.mark.parametrize(
    "made", [add_a_page_of_ours, add_a_file_to_a_digest, merge, commit_nothing]
)
def test_whatever_is_more_than_a_digest_is_the_users_own(
    remote: Path, made: Callable[[Path], None]
) -> None:
    folder = clone(remote)
    made(folder)
    assert len(own_commits(folder / "docs", "HEAD", ["origin/main"], of_any_site=True)) == 1


def test_settings_of_git_change_nothing(remote: Path, git_settings: Path) -> None:
    with git_settings.open("a") as settings:
        settings.write("[diff]\nrelative = true\nrenames = copies\nnoprefix = true\n")
        settings.write("[log]\nshowRoot = false\nshowSignature = true\ndecorate = full\n")
    folder = clone(remote)
    record(folder, LATER[0])
    require_pushed(folder / "docs")
    settings_commit = git(folder, "log", "-1", "--format=%h", "HEAD~4")
    assert own_commits(folder / "docs", "HEAD", []) == [settings_commit]


def test_before_the_first_commit_there_is_nothing_to_publish(remote: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "new")
    git(tmp_path / "new", "remote", "add", "origin", str(remote))
    require_pushed(tmp_path / "new" / "docs")


def test_a_remote_without_the_branch_has_no_commits(remote: Path, tmp_path: Path) -> None:
    folder = clone(remote)
    git(tmp_path, "init", "--quiet", "--bare", "empty.git")
    git(folder, "remote", "set-url", "origin", str(tmp_path / "empty.git"))
    git(folder, "update-ref", "-d", "refs/remotes/origin/main")
    with pytest.raises(PublishError, match=r"1 commit of your own is not pushed.* Settings: "):
        require_pushed(folder / "docs")
    git(folder, "push", "--quiet", "origin", "HEAD:main")
    require_pushed(folder / "docs")


def test_the_remote_is_asked_what_it_has(remote: Path) -> None:
    folder, elsewhere = clone(remote), clone(remote, "elsewhere")
    own = edit(folder, "Pushed under another name")
    git(folder, "push", "--quiet", remote.as_uri(), "HEAD:main")
    assert own_commits(folder / "docs", "HEAD", ["origin/main"]) == [own.split()[0]]
    git(elsewhere, "pull", "--quiet")
    edit(elsewhere, "And somebody went on")
    git(elsewhere, "push", "--quiet")
    require_pushed(folder / "docs")


def test_the_remote_is_not_asked_without_need(remote: Path) -> None:
    folder = clone(remote)
    git(folder, "remote", "set-url", "origin", str(remote.with_name("gone.git")))
    record(folder, LATER[0])
    require_pushed(folder / "docs")
    edit(folder, "Mine")
    with pytest.raises(PublishError, match=r"^git ls-remote failed: .*: set a remote: git remote"):
        require_pushed(folder / "docs")


def test_a_branch_that_follows_another_is_not_pushed(remote: Path) -> None:
    folder = clone(remote)
    git(folder, "checkout", "--quiet", "-b", "work", "origin/main")
    with pytest.raises(PublishError, match="check out the branch that holds the site"):
        require_pushed(folder / "docs")


def test_a_commit_made_during_the_run_is_not_pushed_along(remote: Path) -> None:
    folder = clone(remote)
    before = git(remote, "rev-parse", "main")
    record(folder, LATER[0])
    edit(folder, "While the run was at work")
    with pytest.raises(PublishError, match="1 commit of your own is not pushed"):
        push(folder / "docs", lambda out, days: None)
    assert git(remote, "rev-parse", "main") == before
    git(folder, "push", "--quiet")
    assert push(folder / "docs", lambda out, days: None)


# --- line endings -----------------------------------------------------------------------------


@pytest.mark.parametrize("inside", ['say "hello"', "back\\slash", "a[1]*?"])
def test_the_attributes_cover_every_file_of_the_site(remote: Path, inside: str) -> None:
    folder = clone(remote)
    (folder / ".gitattributes").write_text(f"* text=auto eol=crlf\n{attributes(folder / inside)}\n")
    for name in ("index.html", "data/2026/2026-01-30.json", ".nojekyll"):
        asked = git(folder, "check-attr", "-z", "text", "--", f"{inside}/{name}").split("\0")
        assert asked[1:3] == ["text", "unset"], name
    assert "auto" in git(folder, "check-attr", "text", "--", "config.yaml")


def test_outside_of_a_repository_the_line_names_the_folder(tmp_path: Path) -> None:
    assert attributes(tmp_path / "site") == "site/** -text linguist-generated"
