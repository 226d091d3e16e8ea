"""A run killed, interrupted or refused by the disk at any moment: the next one makes it good."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from digest import archive
from digest.check import check
from digest.config import Site
from digest.models import Feed
from tests import make
from tests.make import DAY, git, paper, rss

# How many kills a test run makes; the moments differ by seed. `DIGEST_KILLS=200` for a long look.
KILLS = int(os.environ.get("DIGEST_KILLS", "12"))
DAYS = (DAY, DAY + timedelta(days=3))
TOPICS = "## Matter\n\n- Relevant: matter, findings\n"


@dataclass(frozen=True)
class Bench:
    repository: Path
    remote: Path
    feeds: tuple[str, ...]

    @property
    def out(self) -> Path:
        return self.repository / "docs"

    def start(self, *options: str, python: Sequence[str] = ("-m", "digest")) -> Popen[str]:
        feeds = [option for feed in self.feeds for option in ("--feed", feed)]
        return Popen(
            [sys.executable, *python, "run", *feeds, *options],
            cwd=self.repository,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)},
            stdout=PIPE,
            stderr=PIPE,
            text=True,
            start_new_session=True,  # a group of its own, so that its git dies with it
        )


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    make.own_git_settings(monkeypatch, tmp_path)
    remote, repository = tmp_path / "remote.git", tmp_path / "repository"
    git(tmp_path, "init", "--quiet", "--bare", str(remote))
    git(tmp_path, "clone", "--quiet", str(remote), str(repository))
    (repository / "config.yaml").write_text("categories: [cs.LG]\nscorer: offline\n")
    (repository / "prompts").mkdir()
    (repository / "prompts" / "topics.md").write_text(TOPICS)
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "--message", "Settings")
    git(repository, "push", "--quiet", "origin", "HEAD:main")
    git(repository, "branch", "--quiet", "--set-upstream-to=origin/main")
    return Bench(repository, remote, tuple(write_feeds(tmp_path)))


def write_feeds(folder: Path) -> list[str]:
    paths = []
    for number, day in enumerate(DAYS, start=1):
        papers = [paper(f"260{number}.{n:05}") for n in range(150)]
        path = folder / f"{day}.xml"
        path.write_bytes(rss(Feed("cs.LG", day, tuple(papers))))
        paths.append(str(path))
    return paths


def recorded(bench: Bench) -> list[date]:
    return [day.date for day in archive.read_days(bench.out)]


def subjects(bench: Bench) -> list[str]:
    return [line[:17] for line in git(bench.remote, "log", "--format=%s", "main").splitlines()]


def killed_after(bench: Bench, seconds: float) -> bool:
    """Whether the run was still alive to be killed."""
    process = bench.start("--push")
    time.sleep(seconds)
    alive = process.poll() is None
    if alive:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    return alive


@pytest.mark.parametrize("seed", range(KILLS))
def test_after_kill_9_at_any_moment_the_next_run_makes_everything_good(
    bench: Bench, seed: int
) -> None:
    moments = random.Random(seed)
    for _ in range(moments.choice([1, 1, 2])):
        killed_after(bench, moments.uniform(0.15, 1.3))
    process = bench.start("--push")
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert recorded(bench) == list(DAYS)
    assert check(bench.out, Site()) == []
    assert git(bench.repository, "rev-parse", "HEAD") == git(bench.remote, "rev-parse", "main")
    assert sorted(subjects(bench)) == ["Digest 2026-01-30", "Digest 2026-02-02", "Settings"]
    index_lock = bench.repository / ".git" / "index.lock"
    index_lock.unlink(missing_ok=True)  # git's own, of the git that was killed
    git(bench.repository, "reset", "--quiet")
    assert git(bench.repository, "status", "--porcelain") == ""


# Python's own start answers Ctrl-C in its own ways (a traceback and 1, among others): the moments
# are counted from where the program's code begins.
PYTHON_IS_UP = """
import runpy
print("up", flush=True)
runpy.run_module("digest", run_name="__main__", alter_sys=True)
"""


@pytest.mark.parametrize("seconds", [0.05, 0.2, 0.35, 0.5, 0.65, 0.8])
def test_ctrl_c_ends_with_130_and_without_a_traceback(bench: Bench, seconds: float) -> None:
    process = bench.start(python=("-c", PYTHON_IS_UP))
    assert process.stdout
    assert process.stdout.readline() == "up\n"
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    if process.returncode == -signal.SIGINT:  # before the program's first line, or after its last
        assert "read:" not in said or f"{DAYS[1]} commit" in said
    else:
        assert process.returncode in (0, 130)
        assert "Traceback" not in said


# --- the disk ---------------------------------------------------------------------------------


def run_in_a_shell(bench: Bench, setting: str, *options: str) -> subprocess.CompletedProcess[str]:
    arguments = ["run", "--no-commit", "--feed", bench.feeds[0], *options]
    return subprocess.run(
        ["sh", "-c", f'{setting}; exec "$@"', "sh", sys.executable, "-m", "digest", *arguments],
        cwd=bench.repository,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)},
        capture_output=True,
        text=True,
        check=False,
    )


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    (line,) = (line for line in done.stderr.splitlines() if line.startswith("digest: "))
    assert "Traceback" not in done.stderr
    return line


def test_a_disk_that_takes_no_more_is_said_in_a_line_and_leaves_nothing_half_written(
    bench: Bench,
) -> None:
    full = run_in_a_shell(bench, "trap '' XFSZ; ulimit -f 16")  # 8 or 16 KB a file
    assert full.returncode == 1
    assert "cannot be written: File too large: free the disk" in complaint(full)
    assert not list(bench.out.rglob("*.tmp"))
    assert not list(bench.out.rglob("*.json"))
    assert run_in_a_shell(bench, ":").returncode == 0
    assert check(bench.out, Site()) == []


def test_a_folder_that_cannot_be_written_is_said_in_a_line(bench: Bench) -> None:
    refused = run_in_a_shell(bench, ":", "--out", "/sys/digest")
    assert refused.returncode == 1
    assert "/sys/digest" in complaint(refused)


def test_a_file_where_a_folder_should_be_is_said_in_a_line(bench: Bench) -> None:
    bench.out.write_text("not a folder")
    refused = run_in_a_shell(bench, ":")
    assert refused.returncode == 1
    assert "docs/data/site.json: cannot be read: Not a directory" in complaint(refused)
    assert bench.out.read_text() == "not a folder"


def test_a_folder_where_a_page_should_be_is_said_in_a_line_and_the_record_stands(
    bench: Bench,
) -> None:
    (bench.out / "2026" / "2026-01-30.html").mkdir(parents=True)
    refused = run_in_a_shell(bench, ":")
    assert refused.returncode == 1
    assert "2026-01-30.html" in complaint(refused)
    (bench.out / "2026" / "2026-01-30.html").rmdir()
    assert run_in_a_shell(bench, ":").returncode == 0
    assert check(bench.out, Site()) == []
