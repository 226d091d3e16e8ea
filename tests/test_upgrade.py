"""A later version meets what an earlier one left: a fork, settings, an archive."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
import yaml

from digest.archive import store
from digest.cli.main import main
from digest.core.config import Site
from digest.core.papers import Feed
from digest.run import output
from digest.run.check import check
from tests import make
from tests.make import git, paper, rss, tree

ROOT = Path(__file__).parents[1]
USERS = ("config.yaml", "prompts/topics.md")  # what whoever forks this changes


# --- a fork -----------------------------------------------------------------------------------

OWN = {
    "config.yaml": "categories: [cs.CL]\nscorer: offline\nkeep: {relevance: 6}\nauthors: [Ada L]\n",
    "prompts/topics.md": "## Engines\n\n- Relevant: analytical engines\n",
    "prompts/scoring.md": "## Relevance\n\nMine.\n\n## Novelty\n\nMine.\n",
    "docs/CNAME": "papers.example.org\n",
}
REMOVED = ("CHANGELOG.md", "SECURITY.md")
MOVED = ("CONTRIBUTING.md", "HACKING.md")
ADDED = ("digest/later.py", "manual/later.md", ".github/workflows/later.yml")
LOOK = "digest/site/static"  # what the pages are made with, and change with


def tracked() -> list[str]:
    """The files of this repository but for its tests, committed or not."""
    names = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    files = {name for name in names if name and (ROOT / name).is_file()}
    return sorted(name for name in files if not name.startswith("tests/"))


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """This version of the program, as one commit. Tests change only clones of it."""
    folder = tmp_path_factory.mktemp("upstream")
    with pytest.MonkeyPatch.context() as patch:
        make.own_git_settings(patch, tmp_path_factory.mktemp("settings"))
        for name in [name for name in os.environ if name.startswith(("GITHUB_", "OPENAI_"))]:
            patch.delenv(name)
        git(folder, "init", "--quiet")
        for name in tracked():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
        commit(folder, "This version")
        yield folder


def commit(folder: Path, message: str) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)


def clone(source: Path, to: Path, *options: str) -> Path:
    git(source, *options, "clone", "--quiet", *options, str(source), str(to))
    return to


def settle(fork: Path, *names: str) -> None:
    """The settings, prompts and pages of whoever forks, or those of these names."""
    for name in names or OWN:
        (fork / name).parent.mkdir(exist_ok=True)
        (fork / name).write_text(OWN[name])
    commit(fork, "Mine")


def feeds(folder: Path, *days: int) -> list[str]:
    """The command that replays these days of January, of two papers each."""
    command = ["run"]
    for day in days:
        near = paper(f"2601.{day:05}", title=f"Analytical engines, part {day}")
        far = paper(f"2601.{day + 500:05}", title=f"Looms {day}")
        path = folder / f"{day}.xml"
        path.write_bytes(rss(Feed("cs.CL", date(2026, 1, day), (near, far))))
        command += ["--feed", str(path)]
    return command


Digest = Callable[..., str]


@pytest.fixture
def digest(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Digest:
    """`digest ARGUMENTS` in a folder, by the code of this process; its stdout."""

    def run_here(folder: Path, *arguments: str) -> str:
        monkeypatch.chdir(folder)
        capsys.readouterr()
        code, ended = main(arguments), capsys.readouterr()
        assert code == 0, ended.err
        return ended.out

    return run_here


SEVERAL = "import sys; from digest.cli.main import main; sys.exit(any(map(main, {})))"


def run(folder: Path, *commands: list[str]) -> str:
    """Several `digest` commands in a process, by the code that is in `folder`; their stdout."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", SEVERAL.format(commands)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def change(path: Path) -> None:
    """Edit a file in a way that leaves what the program does as it is."""
    data = path.read_bytes()
    if path.match("digest/site/templates/*"):
        data = b"{# A later version. -#}\n" + data
    elif path.suffix == ".py":
        data += b"\n# A later version.\n"
    elif path.suffix == ".tsv":
        head, *rows = data.splitlines(keepends=True)
        data = b"".join([head, *reversed(rows)])
    else:
        data += b"\n"
    path.write_bytes(data)


def sync(fork: Path) -> None:
    """What "Sync fork" does, whose merge must be without conflict."""
    git(fork, "fetch", "--quiet", "origin")
    git(fork, "merge", "--quiet", "--no-edit", "origin/main")
    assert git(fork, "status", "--porcelain") == ""


def test_a_fork_takes_a_later_version_without_a_conflict(
    upstream: Path, digest: Digest, tmp_path: Path
) -> None:
    upstream = clone(upstream, tmp_path / "upstream")
    fork = clone(upstream, tmp_path / "fork")
    settle(fork)
    digest(fork, *feeds(tmp_path, 5, 6))
    before, names = tree(fork), tracked()
    for name in names:
        if name not in USERS and not name.startswith((LOOK, "docs/")):
            change(upstream / name)
    for name in REMOVED:
        (upstream / name).unlink()
    (upstream / MOVED[0]).rename(upstream / MOVED[1])
    for name in ADDED:
        (upstream / name).parent.mkdir(parents=True, exist_ok=True)
        (upstream / name).write_text("")
    commit(upstream, "A later version")

    sync(fork)
    after = tree(fork)
    ours = [name for name in before if name in OWN or name.startswith("docs/")]
    assert {name: after[name] for name in ours} == {name: before[name] for name in ours}
    theirs = {name: data for name, data in tree(upstream).items() if name not in ours}
    assert {n: after[n] for n in after if n not in ours} == {
        n: theirs[n] for n in theirs if n not in USERS
    }
    messages = run(fork, ["check"], feeds(tmp_path, 7))
    assert "the archive holds together" in messages
    assert "1 of 2 papers kept" in messages
    assert git(fork, "status", "--porcelain") == ""

    days = {name: data for name, data in tree(fork).items() if name.startswith("docs/data/")}
    for name in names:
        if name.startswith(LOOK):
            change(upstream / name)
    commit(upstream, "A new look")
    sync(fork)
    messages = run(fork, ["check", "--repair"], ["render"])
    assert "repaired" in messages  # which gives the older pages that look too
    assert "0 files written" in messages
    assert {name: data for name, data in tree(fork).items() if name in days} == days


def test_of_the_site_only_an_empty_file_is_in_this_repository() -> None:
    assert [name for name in tracked() if name.startswith("docs/")] == ["docs/.nojekyll"]
    assert (ROOT / "docs/.nojekyll").read_bytes() == b""


def convert(fork: Path) -> Path:
    """A clone of it that converts line endings, as git does on Windows."""
    options = ("-c", "core.autocrlf=true", "-c", "core.safecrlf=true")
    windows = clone(fork, fork.with_name("windows"), *options)
    assert b"\r\n" in (windows / "config.yaml").read_bytes()
    return windows


def continue_in(windows: Path, digest: Digest, day: int) -> None:
    """Make another day there. Only what has changed is committed, without converted lines."""
    for path in (windows / "docs").rglob("*"):
        path.touch()  # so that git looks into it again
    digest(windows, *feeds(windows.parent, day))
    changed = git(windows, "show", "--format=", "--name-only").splitlines()
    assert f"docs/2026/2026-01-{day:02}.html" in changed
    assert [name for name in changed if "2026-01-05" in name or "assets/" in name] == []
    for name in changed:
        assert "\r" not in git(windows, "show", f"HEAD:{name}")
    # As git converts nothing, nobody could tell from which clone the digest came.
    plain = clone(windows, windows.with_name(f"plain{day}"))
    assert "the archive holds together" in digest(plain, "check")


def test_a_clone_that_converts_line_endings_continues_the_fork(
    upstream: Path, digest: Digest, tmp_path: Path
) -> None:
    fork = clone(upstream, tmp_path / "fork")
    settle(fork)
    digest(fork, *feeds(tmp_path, 5, 6))
    windows = convert(fork)
    assert b"\r\n" not in (windows / "docs/index.html").read_bytes()
    assert "the archive holds together" in digest(windows, "check")
    continue_in(windows, digest, 7)


def test_line_endings_converted_before_are_not_committed(
    upstream: Path, digest: Digest, tmp_path: Path
) -> None:
    """A clone of an older version, and then the version that leaves line endings as they are."""
    fork = clone(upstream, tmp_path / "fork")
    attributes = (fork / ".gitattributes").read_text()
    (fork / ".gitattributes").unlink()
    settle(fork, "config.yaml")
    digest(fork, *feeds(tmp_path, 5, 6))
    windows = convert(fork)
    assert b"\r\n" in (windows / "docs/index.html").read_bytes()
    continue_in(windows, digest, 7)

    (fork / ".gitattributes").write_text(attributes)
    commit(fork, "What the new version brings")
    git(windows, "-c", "core.safecrlf=false", "pull", "--quiet", "--no-rebase", "--no-edit")
    continue_in(windows, digest, 8)
    assert "1 finding repaired" in digest(windows, "check", "--repair")
    # Not `status`: by sizes alone, it may call a file changed that is as committed.
    assert git(windows, "diff", "HEAD", "--name-only") == ""


def test_git_ignores_the_run_state_and_nothing_generated(upstream: Path) -> None:
    made = [
        "docs/index.html", "docs/.nojekyll", "docs/2026/2026-01-30.md", "docs/search/2026-01.json",
        "docs/data/days.jsonl", "docs/data/2026/2026-01-30.json", "docs/data/seen/2601.txt",
        "docs/assets/style.0123456789.css", "docs/feed.xml", "docs/papers.xml",
    ]  # fmt: skip
    aside = [".digest/2026-01-30.json", ".venv/bin/python"]
    done = subprocess.run(
        ["git", "-C", upstream, "check-ignore", *made, *aside],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == aside


def test_the_settings_hold_nothing_that_has_a_default() -> None:
    assert yaml.safe_load((ROOT / "config.yaml").read_text("utf-8")).keys() == {"categories"}
    assert sorted(path.name for path in (ROOT / "prompts").iterdir()) == ["topics.md"]


@pytest.mark.parametrize(
    ("name", "begins"), [("config.yaml", "54ee07c6"), ("prompts/topics.md", "b5b7dbbc")]
)
def test_what_forks_edit_stays_as_it_is(name: str, begins: str) -> None:
    """Each change of it here is a conflict there, for as many as have forked this."""
    assert hashlib.sha256((ROOT / name).read_bytes()).hexdigest().startswith(begins)


# --- an archive -------------------------------------------------------------------------------

# Written by the first version that landed (5fae35d), from made papers in every state.
OLD_ARCHIVE = Path(__file__).parent / "data/first_archive"
OLD_DAYS = [date(2026, 1, 29), date(2026, 1, 30)]
SINCE_ADDED = {"prompt_usd", "estimated_prompt_tokens", "estimated_completion_tokens"}


def test_the_first_versions_days_are_read_whole(tmp_path: Path) -> None:
    digests = list(store.read_archive(OLD_ARCHIVE))
    assert [digest.date for digest in digests] == OLD_DAYS
    _, day = digests
    counts = day.counts
    assert (counts.kept, counts.below, counts.filtered, counts.seen, counts.unscored) == (
        2, 2, 2, 1, 1
    )  # fmt: skip
    assert day.kept[0].paper.journal_ref == "J. Eng. 1 (1843)"
    assert day.kept[0].score.comment == "The main contribution is a new *engine*."
    assert day.kept[1].author_match == "Ada Lovelace"
    assert (day.usage.prompt_tokens, day.usage.prompt_usd) == (12345, None)


def test_the_first_versions_archive_makes_a_site_of_today(tmp_path: Path) -> None:
    output.render(OLD_ARCHIVE, tmp_path, Site())
    for path in store.day_paths(OLD_ARCHIVE):
        old, new = (json.loads((out / path).read_bytes()) for out in (OLD_ARCHIVE, tmp_path))
        assert {new["usage"].pop(name) for name in SINCE_ADDED} == {None}
        assert new == old
    (stale,) = check(tmp_path, Site())  # as it says of itself
    assert "math.GT was stale" in stale.problem
    assert "Quantised engines" in (tmp_path / "index.html").read_text("utf-8")
    assert "A paper nobody scored" in (tmp_path / "2026/2026-01-30.md").read_text("utf-8")


def test_a_run_continues_the_first_versions_archive(
    tmp_path: Path, digest: Digest, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(OLD_ARCHIVE, tmp_path / "docs")
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts/topics.md").write_text("## Engines\n\n- Relevant: engines\n")
    (tmp_path / "config.yaml").write_text("categories: [cs.LG]\nscorer: offline\n")
    again, new = paper("2601.20003", announce_type=make.REPLACE), paper("2602.00001")
    day = date(2026, 2, 2)
    (tmp_path / "feed.xml").write_bytes(rss(Feed("cs.LG", day, (again, new))))
    digest(tmp_path, "run", "--feed", "feed.xml", "--no-commit")
    record = store.read_day(tmp_path / "docs", day)
    assert record is not None
    assert record.seen == ("2601.20003",)  # which the first version scored
    assert [listed.date for listed in store.read_days(tmp_path / "docs")] == [*OLD_DAYS, day]
    digest(tmp_path, "render")
    main(["check"])
    findings = capsys.readouterr().err.splitlines()
    assert all("math.GT was stale" in finding for finding in findings)


def test_an_archive_of_a_newer_schema_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(OLD_ARCHIVE, tmp_path / "docs")
    (tmp_path / "config.yaml").write_text("categories: [cs.LG]\n")
    path = tmp_path / "docs/data/2026/2026-01-30.json"
    path.write_bytes(path.read_bytes().replace(b'"schema":1', b'"schema":2'))
    before = tree(tmp_path)
    monkeypatch.chdir(tmp_path)
    for command in (["render"], ["check"], ["check", "--repair"]):
        assert main(command) == 1
        assert (
            "data/2026/2026-01-30.json: schema is 2, this version reads 1: update this program,"
            " or restore the file from git" in capsys.readouterr().err
        )
    assert tree(tmp_path) == before
