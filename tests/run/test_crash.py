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
    feeds = []
    for number, day in enumerate(DAYS, start=1):
        path = tmp_path / f"{day}.xml"
        path.write_bytes(rss(make.feed(*(paper(f"260{number}.{n:05}") for n in range(9)), day=day)))
        feeds.append(str(path))
    return Bench(repository, remote, tuple(feeds))


bench = pytest.fixture(make_bench)


def recorded(bench: Bench) -> list[date]:
    return [day.date for day in store.Archive(bench.out).days]


def subjects(bench: Bench) -> list[str]:
    return [line[:17] for line in git(bench.remote, "log", "--format=%s", "main").splitlines()]


# --- killed -----------------------------------------------------------------------------------

# Runs the program, and stops it when it changes something or starts git: at the moment of this
# number, or at the first event of this name and text; or a little later. To kill is to kill its git
# as well. "lost": by itself Python would lose a Ctrl-C that comes in `__del__`. Every moment leaves
# a byte in the log.
STOPPED = """
import os, runpy, signal, sys, threading
log = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)
how, moment, name, text, delay_s = sys.argv[2], int(sys.argv[3]), *sys.argv[4:6], float(sys.argv[6])
del sys.argv[1:7]
passed, stopped = 0, False
def stop():
    os.killpg(0, signal.SIGKILL) if how == "kill" else os.kill(os.getpid(), signal.SIGINT)
class Last:
    def __del__(self):
        stop()
def look(event, arguments):
    global passed, stopped
    writes = event == "open" and isinstance(arguments[1], str) and arguments[1][:1] in "wax"
    if writes or event in ("os.mkdir", "os.rename", "os.remove", "subprocess.Popen"):
        os.write(log, b".")
        passed += 1
    if not stopped and (passed == moment or (event == name and text in str(arguments))):
        stopped = True
        if delay_s:
            threading.Timer(delay_s, stop).start()
        else:
            Last() if how == "lost" else stop()
sys.addaudithook(look)
runpy.run_module("digest", run_name="__main__", alter_sys=True)
"""
NEVER = -1


def run_until(
    bench: Bench,
    moment: int = NEVER,
    event: tuple[str, str] = ("", ""),
    how: str = "kill",
    delay_s: float = 0.0,
) -> tuple[int, str, int]:
    """Run until it is stopped: its exit code, its output, the number of moments until then."""
    log = bench.repository.parent / "moments"
    log.unlink(missing_ok=True)
    options = (str(log), how, str(moment), *event, str(delay_s))
    process = bench.start("--push", python=("-c", STOPPED, *options))
    _, errors = process.communicate(timeout=make.PATIENCE_S)
    return process.returncode, errors, len(log.read_bytes())


def assert_the_next_run_makes_everything_good(bench: Bench) -> None:
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


def test_a_run_killed_in_git_is_made_good(bench: Bench) -> None:
    code, errors, _ = run_until(bench, event=("subprocess.Popen", "'push'"))
    assert code == -signal.SIGKILL, errors
    assert "Digest 2026-01-30" in git(bench.repository, "log", "--format=%s")
    assert subjects(bench) == ["Settings"]
    assert_the_next_run_makes_everything_good(bench)


@pytest.fixture(scope="module")
def moments(tmp_path_factory: pytest.TempPathFactory) -> int:
    """How many moments an undisturbed run has."""
    with pytest.MonkeyPatch.context() as patch:
        return run_until(make_bench(tmp_path_factory.mktemp("undisturbed"), patch))[2]


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1, 200))
def test_a_run_killed_at_any_moment_is_made_good(bench: Bench, moments: int, seed: int) -> None:
    chance = random.Random(seed)
    moment = 1 + int(chance.random() * (moments - 1))
    run_until(bench, moment, delay_s=chance.choice([0.0, 0.05]))
    if seed % 3 == 2:
        run_until(bench, chance.randint(1, moments), delay_s=chance.uniform(0, 0.05))
    assert_the_next_run_makes_everything_good(bench)


# --- interrupted ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "how"),
    [
        (("import", "digest.cli.main"), "interrupt"),
        (("open", "2026-01-30.json"), "lost"),
        (("subprocess.Popen", "--only"), "interrupt"),
    ],
)
def test_ctrl_c_ends_with_130_and_no_traceback(
    bench: Bench, event: tuple[str, str], how: str
) -> None:
    code, errors, _ = run_until(bench, event=event, how=how)
    assert code == 130, errors
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
