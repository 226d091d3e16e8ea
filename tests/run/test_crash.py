"""A run killed, interrupted or refused by the disk at any moment: the next one makes it good."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from digest.archive import store
from digest.cli.main import main
from digest.core.config import Site
from digest.core.papers import Feed
from digest.run.check import check
from tests import make
from tests.make import DAY, git, paper, rss

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
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
            stdout=PIPE,
            stderr=PIPE,
            text=True,
            start_new_session=True,  # a group of its own, so that its git dies with it
        )


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return make_bench(tmp_path, monkeypatch)


def make_bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    make.own_git_settings(monkeypatch, tmp_path)
    remote, repository = tmp_path / "remote.git", tmp_path / "repository"
    git(tmp_path, "init", "--quiet", "--bare", str(remote))
    git(tmp_path, "clone", "--quiet", str(remote), str(repository))
    (repository / "config.yaml").write_text("categories: [cs.LG]\nscorer: offline\n")
    (repository / ".gitignore").write_text("/.digest/\n")
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
        papers = [paper(f"260{number}.{n:05}") for n in range(20)]
        path = folder / f"{day}.xml"
        path.write_bytes(rss(Feed("cs.LG", day, tuple(papers))))
        paths.append(str(path))
    return paths


def recorded(bench: Bench) -> list[date]:
    return [day.date for day in store.Archive(bench.out).days]


def subjects(bench: Bench) -> list[str]:
    return [line[:17] for line in git(bench.remote, "log", "--format=%s", "main").splitlines()]


# --- killed -----------------------------------------------------------------------------------

# Runs the program, and kills it and its git at one of the moments at which it changes something
# or starts git, or a little later. Every moment leaves a byte in the log.
KILLED = """
import os, runpy, signal, sys, threading
log = os.open(sys.argv.pop(1), os.O_WRONLY | os.O_CREAT)
moment, delay_s = int(sys.argv.pop(1)), float(sys.argv.pop(1))
passed = 0
def kill():
    os.killpg(0, signal.SIGKILL)
def look(event, arguments):
    global passed
    writes = event == "open" and isinstance(arguments[1], str) and arguments[1][:1] in "wax"
    if writes or event in ("os.mkdir", "os.rename", "os.remove", "subprocess.Popen"):
        os.write(log, b".")
        passed += 1
        if passed == moment:
            threading.Timer(delay_s, kill).start() if delay_s else kill()
sys.addaudithook(look)
runpy.run_module("digest", run_name="__main__", alter_sys=True)
"""
NEVER = 0


def run_until(bench: Bench, moment: int, delay_s: float = 0.0) -> int:
    """Run, killed `delay_s` after the given moment; the number of moments until then."""
    log = bench.repository.parent / "moments"
    log.unlink(missing_ok=True)
    killer = ("-c", KILLED, str(log), str(moment), str(delay_s))
    process = bench.start("--push", python=killer)
    _, errors = process.communicate(timeout=make.PATIENCE_S)
    assert process.returncode in (0, -signal.SIGKILL), errors
    return len(log.read_bytes())


@pytest.fixture(scope="module")
def moments(tmp_path_factory: pytest.TempPathFactory) -> int:
    """How many moments an undisturbed run has."""
    with pytest.MonkeyPatch.context() as patch:
        return run_until(make_bench(tmp_path_factory.mktemp("undisturbed"), patch), NEVER)


@pytest.mark.parametrize("seed", make.seeds(1, soak=200))
def test_after_a_kill_the_next_run_makes_everything_good(
    bench: Bench, moments: int, seed: int
) -> None:
    assert moments > 50
    chance = random.Random(seed)
    # The first test: in git, as test_pipeline has the writing. A soak: anywhere.
    part = chance.random() if seed else 0.95
    run_until(bench, 1 + int(part * (moments - 1)), chance.choice([0.0, 0.05]))
    if seed % 3 == 2:
        run_until(bench, chance.randint(1, moments), chance.uniform(0, 0.05))
    # If git itself was killed, its lock remains, and a run says to remove it.
    (bench.repository / ".git" / "index.lock").unlink(missing_ok=True)
    process = bench.start("--push")
    _, errors = process.communicate(timeout=make.PATIENCE_S)
    assert process.returncode == 0, errors
    assert recorded(bench) == list(DAYS)
    assert check(bench.out, Site()) == []
    assert git(bench.repository, "rev-parse", "HEAD") == git(bench.remote, "rev-parse", "main")
    assert sorted(subjects(bench)) == ["Digest 2026-01-30", "Digest 2026-02-02", "Settings"]
    git(bench.repository, "reset", "--quiet")
    assert git(bench.repository, "status", "--porcelain") == ""


# --- interrupted ------------------------------------------------------------------------------

# Runs the program, and sends it Ctrl-C when it comes to a moment. By itself Python would lose the
# one that comes in `__del__`.
INTERRUPTED = """
import os, runpy, signal, sys
event, what, lost = sys.argv[1:4]
del sys.argv[1:4]
class Last:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
def look(name, arguments):
    global event
    if name == event and what in str(arguments):
        event = None
        Last() if lost == "lost" else os.kill(os.getpid(), signal.SIGINT)
sys.addaudithook(look)
runpy.run_module("digest", run_name="__main__", alter_sys=True)
"""


@pytest.mark.parametrize(
    ("event", "what", "how"),
    [
        ("import", "digest.cli.main", ""),
        ("open", "2026-01-30.json", "lost"),
        ("subprocess.Popen", "--only", ""),
    ],
)
def test_ctrl_c_ends_with_130_and_no_traceback(
    bench: Bench, event: str, what: str, how: str
) -> None:
    process = bench.start(python=("-c", INTERRUPTED, event, what, how))
    _, errors = process.communicate(timeout=make.PATIENCE_S)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert "Digest 2026-02-02" not in git(bench.repository, "log", "--format=%s")


# --- the disk ---------------------------------------------------------------------------------


def run_in_a_shell(bench: Bench, setting: str) -> subprocess.CompletedProcess[str]:
    arguments = ["run", "--no-commit", "--feed", bench.feeds[0]]
    return subprocess.run(
        ["sh", "-c", f'{setting}; exec "$@"', "sh", sys.executable, "-m", "digest", *arguments],
        cwd=bench.repository,
        env=os.environ
        | {"PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.soak  # test_store has a full disk, too
def test_a_full_disk_leaves_nothing_half_written(bench: Bench) -> None:
    full = run_in_a_shell(bench, "trap '' XFSZ; ulimit -f 8")  # 4 or 8 KB a file
    assert full.returncode == 1
    (line,) = (line for line in full.stderr.splitlines() if line.startswith("digest: "))
    assert "cannot be written: File too large: free the disk" in line
    assert "Traceback" not in full.stderr
    assert not list(bench.out.rglob("*.tmp"))
    assert not list(bench.out.rglob("*.json"))
    assert run_in_a_shell(bench, ":").returncode == 0
    assert check(bench.out, Site()) == []


def test_a_file_where_a_folder_should_be_is_one_line(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.out.write_text("not a folder")
    config = str(bench.repository / "config.yaml")
    assert main(["run", "--config", config, "--no-commit", "--feed", bench.feeds[0]]) == 1
    assert "docs/data/site.json: cannot be read: Not a directory" in capsys.readouterr().err
    assert bench.out.read_text() == "not a folder"
