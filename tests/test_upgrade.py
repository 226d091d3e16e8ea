"""A later version meets what an earlier one left: a fork, settings, an archive."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml

from digest.archive import store
from digest.cli.main import main
from digest.core import config
from digest.core.config import Site, load_config
from digest.core.errors import ConfigError
from digest.core.papers import Feed
from digest.run import output
from digest.run.check import check
from tests import make, settings_table
from tests.make import git, paper, rss, tree

ROOT = Path(__file__).parents[1]
USERS = ("config.yaml", "prompts/topics.md")  # what whoever forks this changes


# --- a fork -----------------------------------------------------------------------------------

DAYS = 50
FIRST = date(2026, 1, 5)
OWN = {
    "config.yaml": "categories: [cs.CL]\nscorer: offline\nkeep: {relevance: 6}\nauthors: [Ada L]\n",
    "prompts/topics.md": "## Engines\n\n- Relevant: analytical engines\n",
    "prompts/scoring.md": "## Relevance\n\nMine.\n\n## Novelty\n\nMine.\n",
    "docs/CNAME": "papers.example.org\n",
}
REMOVED = ("CHANGELOG.md", "tests/bench/ranking.py")
MOVED = ("CONTRIBUTING.md", "HACKING.md")
ADDED = ("digest/later.py", "tests/data/later/later.json", ".github/workflows/later.yml")
LOOK = "digest/site/static"  # what the pages are made with, and change with


def tracked() -> list[str]:
    """What this repository holds, or will once the work under way is committed."""
    listed = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    return sorted({name for name in listed.split("\0") if name and (ROOT / name).is_file()})


@pytest.fixture
def names() -> list[str]:
    return tracked()


@pytest.fixture
def upstream(names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This very tree, as one commit."""
    make.own_git_settings(monkeypatch, tmp_path)
    for name in [name for name in os.environ if name.startswith(("GITHUB_", "OPENAI_"))]:
        monkeypatch.delenv(name)
    folder = tmp_path / "upstream"
    git(tmp_path, "init", "--quiet", str(folder))
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    commit(folder, "This version")
    return folder


@pytest.fixture
def fork(upstream: Path, tmp_path: Path) -> Path:
    """Somebody's fork, with settings and prompts of their own and fifty days of digests."""
    folder = tmp_path / "fork"
    git(tmp_path, "clone", "--quiet", str(upstream), str(folder))
    for name, text in OWN.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    commit(folder, "Mine")
    run(folder, *feeds(tmp_path, DAYS))
    subjects = git(folder, "log", "--format=%s").splitlines()
    assert len([s for s in subjects if s.startswith("Digest 2026-")]) == DAYS
    return folder


def commit(folder: Path, message: str) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)


def weekdays(number: int) -> Iterator[date]:
    day = FIRST
    for _ in range(number):
        yield day
        day += timedelta(days=3 if day.weekday() == 4 else 1)


def feeds(folder: Path, number: int, skip: int = 0) -> list[str]:
    """Options that replay as many days, of two papers each."""
    options = []
    for n, day in list(enumerate(weekdays(number)))[skip:]:
        near = paper(f"2601.{n:05}", title=f"Analytical engines, part {n}")
        far = paper(f"2601.{n + 500:05}", title=f"Looms {n}")
        path = folder / f"{day}.xml"
        path.write_bytes(rss(Feed("cs.CL", day, (near, far))))
        options += ["--feed", str(path)]
    return ["run", *options]


def run(folder: Path, *arguments: str) -> str:
    """`digest ARGUMENTS`, by the code that is in `folder`."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "digest", *arguments],
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


def test_a_fork_of_fifty_days_takes_a_later_version_without_a_conflict(
    upstream: Path, fork: Path, names: list[str]
) -> None:
    before = tree(fork)
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
    assert "the archive holds together" in run(fork, "check")
    assert "0 files written" in run(fork, "render")
    assert git(fork, "status", "--porcelain") == ""

    assert "1 of 2 papers kept" in run(fork, *feeds(fork.parent, DAYS + 1, skip=DAYS))
    assert "the archive holds together" in run(fork, "check")

    days = {name: data for name, data in tree(fork).items() if name.startswith("docs/data/")}
    for name in names:
        if name.startswith(LOOK):
            change(upstream / name)
    commit(upstream, "A new look")
    sync(fork)
    assert "repaired" in run(fork, "check", "--repair")  # which gives the older pages that look too
    assert "the archive holds together" in run(fork, "check")
    assert "0 files written" in run(fork, "render")
    assert {name: data for name, data in tree(fork).items() if name in days} == days


def test_of_the_site_an_empty_file_alone_is_part_of_this_repository(names: list[str]) -> None:
    assert [name for name in names if name.startswith("docs/")] == ["docs/.nojekyll"]
    assert (ROOT / "docs/.nojekyll").read_bytes() == b""


OF_A_LATER_VERSION = (".gitattributes", "docs/.nojekyll")


@pytest.mark.parametrize("own", [{}, {"docs/.gitattributes": "* text\n", "docs/CNAME": "mine\n"}])
def test_a_fork_with_digests_takes_the_first_version_that_has_files_in_the_same_folder(
    upstream: Path, tmp_path: Path, own: dict[str, str]
) -> None:
    for name in OF_A_LATER_VERSION:
        (upstream / name).unlink()
    commit(upstream, "As before")
    fork = tmp_path / "fork"
    git(tmp_path, "clone", "--quiet", str(upstream), str(fork))
    for name, text in {**OWN, **own}.items():
        (fork / name).parent.mkdir(exist_ok=True)
        (fork / name).write_text(text)
    commit(fork, "Mine")
    run(fork, *feeds(tmp_path, 2))
    assert git(fork, "ls-files", "docs/.nojekyll") == "docs/.nojekyll"
    before = {name: data for name, data in tree(fork).items() if name.startswith("docs/")}

    git(upstream, "revert", "--quiet", "--no-edit", "HEAD")
    sync(fork)
    after = {name: data for name, data in tree(fork).items() if name.startswith("docs/")}
    assert after == before
    assert "the archive holds together" in run(fork, "check")
    assert "1 of 2 papers kept" in run(fork, *feeds(tmp_path, 3, skip=2))
    assert git(fork, "status", "--porcelain") == ""


@pytest.mark.parametrize("older", [False, True], ids=["this version", "an older fork"])
def test_a_clone_that_converts_line_endings_goes_on_with_the_fork(
    upstream: Path, tmp_path: Path, older: bool
) -> None:
    fork = tmp_path / "fork"
    git(tmp_path, "clone", "--quiet", str(upstream), str(fork))
    if older:
        (fork / ".gitattributes").unlink()
    for name in ("config.yaml", "prompts/topics.md"):
        (fork / name).write_text(OWN[name])
    commit(fork, "Mine")
    run(fork, *feeds(tmp_path, 2))

    windows = tmp_path / "windows"
    convert = ("-c", "core.autocrlf=true", "-c", "core.safecrlf=true")
    git(tmp_path, *convert, "clone", "--quiet", *convert, str(fork), str(windows))
    assert b"\r\n" in (windows / "config.yaml").read_bytes()
    assert (b"\r\n" in (windows / "docs/index.html").read_bytes()) == older
    if not older:
        assert "the archive holds together" in run(windows, "check")
    for path in (windows / "docs").rglob("*"):
        path.touch()  # so that git looks into it again
    run(windows, *feeds(tmp_path, 3, skip=2))
    changed = git(windows, "show", "--format=", "--name-only").splitlines()
    assert "docs/2026/2026-01-07.html" in changed
    assert [name for name in changed if "2026-01-05" in name or "assets/" in name] == []
    for name in changed:
        assert "\r" not in git(windows, "show", f"HEAD:{name}")

    # As git converts nothing, nobody could tell from which clone the digest came.
    plain = tmp_path / "plain"
    git(tmp_path, "clone", "--quiet", str(windows), str(plain))
    assert "the archive holds together" in run(plain, "check")


def test_line_endings_that_were_converted_before_are_not_committed(
    upstream: Path, tmp_path: Path
) -> None:
    """An older clone, and then the version that leaves line endings as they are."""
    fork = tmp_path / "fork"
    git(tmp_path, "clone", "--quiet", str(upstream), str(fork))
    attributes = (fork / ".gitattributes").read_text()
    (fork / ".gitattributes").unlink()
    (fork / "config.yaml").write_text(OWN["config.yaml"])
    commit(fork, "Mine")
    run(fork, *feeds(tmp_path, 2))
    convert = ("-c", "core.autocrlf=true")
    windows = tmp_path / "windows"
    git(tmp_path, *convert, "clone", "--quiet", *convert, str(fork), str(windows))
    (fork / ".gitattributes").write_text(attributes)
    commit(fork, "What the new version brings")
    git(windows, "pull", "--quiet")
    for path in (windows / "docs").rglob("*"):
        path.touch()
    assert git(windows, "status", "--porcelain").count("M docs/2026/2026-01-05.html") == 1
    run(windows, *feeds(tmp_path, 3, skip=2))
    changed = git(windows, "show", "--format=", "--name-only").splitlines()
    assert [name for name in changed if "2026-01-05" in name or "assets/" in name] == []
    for name in changed:
        assert "\r" not in git(windows, "show", f"HEAD:{name}")
    assert "1 finding repaired" in run(windows, "check", "--repair")
    # Not `status`: by sizes alone, it may call a file changed that is as committed.
    assert git(windows, "diff", "HEAD", "--name-only") == ""


def test_nothing_that_a_run_makes_is_ignored_by_git_and_what_it_keeps_aside_is(
    upstream: Path,
) -> None:
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


# --- settings ---------------------------------------------------------------------------------

OLD_NAMES = {
    "title": "site.title",
    "llm.cap_usd": "llm.budget_usd",
    "relevance": "keep.relevance",
    "llm.shuffle": None,
}


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(config, "RENAMED", OLD_NAMES)
    return tmp_path / "config.yaml"


def test_old_settings_work_and_are_told_in_one_line(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file.write_text(
        "categories: [cs.LG]\ntitle: Mine\nrelevance: 5\nllm: {cap_usd: 0.5, shuffle: true}\n"
    )
    read = load_config(file)
    assert (read.site.title, read.llm.budget_usd, read.keep.relevance) == ("Mine", 0.5, 5)
    (told,) = caplog.records
    assert told.getMessage() == (
        f"{file}: old settings, which still work: write `site.title` for `title`;"
        " write `llm.budget_usd` for `llm.cap_usd`; write `keep.relevance` for `relevance`;"
        " `llm.shuffle` does nothing any more: take it out"
    )


def test_new_settings_are_told_of_nothing(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    file.write_text("categories: [cs.LG]\nsite: {title: Mine}\nllm:\nkeep: {novelty: 3}\n")
    load_config(file)
    assert caplog.records == []


def test_the_other_settings_of_a_section_stay_as_they_are(file: Path) -> None:
    file.write_text("categories: [cs.LG]\nrelevance: 5\nkeep: {novelty: 3}\nsite:\ntitle: Mine\n")
    read = load_config(file)
    assert (read.keep.relevance, read.keep.novelty, read.site.title) == (5, 3, "Mine")


def test_an_old_and_a_new_name_for_one_setting_are_a_mistake_among_the_others(file: Path) -> None:
    file.write_text("scorer: none\nllm: {cap_usd: 0.5, budget_usd: 2}\n")
    with pytest.raises(ConfigError) as caught:
        load_config(file)
    assert [mistake.removeprefix(f"{file}: ") for mistake in caught.value.mistakes] == [
        "llm.cap_usd: is called llm.budget_usd now, and both are set: keep llm.budget_usd",
        "categories: missing: a list of arXiv categories or archives, at least one",
        "scorer: found 'none'; allowed: llm or offline",
    ]


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("relevance: 11\n", "keep.relevance: found 11; allowed: a whole number from 1 to 10"),
        ("relevance: 5\nkeep: 3\n", "keep: found 3; allowed: a mapping"),
        ("llm: cap_usd\n", "llm: found 'cap_usd'; allowed: a mapping"),
    ],
)
def test_what_is_wrong_with_an_old_setting_is_told_like_any_other_mistake(
    file: Path, text: str, mistake: str
) -> None:
    file.write_text(f"categories: [cs.LG]\n{text}")
    with pytest.raises(ConfigError) as caught:
        load_config(file)
    assert caught.value.mistakes == (f"{file}: {mistake}",)


def test_settings_of_any_depth_are_read_for_old_names(file: Path) -> None:
    file.write_text(f"categories: [cs.LG]\nllm: {{cap_usd: 3, extra: {'{a: ' * 90}1{'}' * 90}}}\n")
    assert load_config(file).llm.budget_usd == 3


def test_every_old_name_leads_to_a_setting_and_is_none_itself() -> None:
    paths = [path for path, _ in settings_table._settings(config.Config, "")]
    for old, now in config.RENAMED.items():
        assert old not in paths
        assert now is None or now in paths


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


def test_the_first_versions_days_written_again_say_the_same(tmp_path: Path) -> None:
    output.render(OLD_ARCHIVE, tmp_path, Site())
    for path in store.day_paths(OLD_ARCHIVE):
        old, new = (json.loads((out / path).read_bytes()) for out in (OLD_ARCHIVE, tmp_path))
        assert {new["usage"].pop(name) for name in SINCE_ADDED} == {None}
        assert new == old


def test_the_first_versions_archive_makes_a_site_of_today(tmp_path: Path) -> None:
    output.render(OLD_ARCHIVE, tmp_path, Site())
    (stale,) = check(tmp_path, Site())  # as it says of itself
    assert "math.GT was stale" in stale.problem
    assert "Quantised engines" in (tmp_path / "index.html").read_text("utf-8")
    assert "A paper nobody scored" in (tmp_path / "2026/2026-01-30.md").read_text("utf-8")


def test_a_run_goes_on_where_the_first_version_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(OLD_ARCHIVE, tmp_path / "docs")
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts/topics.md").write_text("## Engines\n\n- Relevant: engines\n")
    (tmp_path / "config.yaml").write_text("categories: [cs.LG]\nscorer: offline\n")
    again, new = paper("2601.20003", announce_type=make.REPLACE), paper("2602.00001")
    day = date(2026, 2, 2)
    (tmp_path / "feed.xml").write_bytes(rss(Feed("cs.LG", day, (again, new))))
    monkeypatch.chdir(tmp_path)
    assert main(["run", "--feed", "feed.xml", "--no-commit"]) == 0
    digest = store.read_day(tmp_path / "docs", day)
    assert digest is not None
    assert digest.seen == ("2601.20003",)  # which the first version scored
    assert [listed.date for listed in store.read_days(tmp_path / "docs")] == [*OLD_DAYS, day]
    capsys.readouterr()
    assert main(["render"]) == 0
    capsys.readouterr()
    main(["check"])
    findings = capsys.readouterr().err.splitlines()
    assert all("math.GT was stale" in finding for finding in findings)


def test_an_archive_of_a_newer_schema_is_refused_with_what_to_do_and_left_alone(
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
