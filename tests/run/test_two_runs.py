"""Two processes in one clone: the second changes nothing and says whom it leaves the work to."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from subprocess import PIPE, Popen

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests import make
from tests.make import DAY, git, paper, tree

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {"PYTHONPATH": str(ROOT), "GITHUB_ACTIONS": "", "OPENAI_API_KEY": ""}


class Feed:
    """A server whose answer waits until it is let go."""

    def __init__(self, server: HTTPServer) -> None:
        self.asked, self.go_on = threading.Event(), threading.Event()
        server.expect_request("/feed").respond_with_handler(self._answer)
        self.url = server.url_for("/feed")

    def _answer(self, request: Request) -> Response:
        self.asked.set()
        self.go_on.wait(60)
        return Response(make.rss(make.feed(paper("2601.00001"))), content_type="text/xml")


@pytest.fixture
def slow(httpserver: HTTPServer) -> Iterator[Feed]:
    feed = Feed(httpserver)
    yield feed
    feed.go_on.set()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one day's digest."""
    make.own_git_settings(monkeypatch, tmp_path)
    folder = tmp_path / "project"
    git(tmp_path, "init", "--quiet", "project")
    (folder / "config.yaml").write_text(
        "categories: [cs.LG]\nscorer: offline\narxiv: {delay_s: 0, site_url: 'http://127.0.0.1:9',"
        " api_url: 'http://127.0.0.1:9'}\n"
    )
    (folder / "prompts").mkdir()
    (folder / "prompts/topics.md").write_text("## Matters\n\n- Relevant: matter\n")
    earlier = DAY - timedelta(days=1)
    (tmp_path / "earlier.xml").write_bytes(make.rss(make.feed(paper("2601.00009"), day=earlier)))
    done = digest(folder, "run", "--feed", "../earlier.xml")
    assert done.returncode == 0, done.stderr
    return folder


def start(folder: Path, *arguments: str, **variables: str) -> Popen[str]:
    return Popen(
        [sys.executable, "-m", "digest", *arguments],
        cwd=folder,
        env=os.environ | ENVIRONMENT | variables,
        stdout=PIPE,
        stderr=PIPE,
        text=True,
    )


def digest(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    process = start(folder, *arguments, **variables)
    out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


def at_work(folder: Path, slow: Feed) -> Popen[str]:
    """A run that has begun and waits for its feed."""
    process = start(folder, "run", "--feed", slow.url)
    assert slow.asked.wait(60)
    return process


WRITING = [
    ["run", "--feed", "../earlier.xml"],
    ["run", "--feed", "../earlier.xml", "--no-commit", "--rescore"],
    ["run", "--feed", "../earlier.xml", "--limit", "1"],
    ["catch-up", "--date", "2026-01-29"],
    ["render"],
    ["check", "--repair"],
]
READING = [
    (["run", "--feed", "../earlier.xml", "--dry-run"], 0),
    (["check"], 1),  # of the page that was spoilt
    (["render", "--to", "../elsewhere"], 0),
]


def test_whatever_writes_leaves_the_work_to_the_first(project: Path, slow: Feed) -> None:
    (project / "docs/archive.html").unlink()  # for `render` and `check` to make again
    first = at_work(project, slow)
    before = tree(project)
    for command in WRITING:
        second = digest(project, *command, "--json")
        report = json.loads(second.stdout)
        assert (second.returncode, report["status"], report["problem"]) == (0, "unchanged", None)
        said = (
            rf"process {first.pid} has been at work here since 20\d\d-\d\d-\d\d \d\d:\d\d UTC: this"
        )
        assert re.match(said, report["reason"]), report["reason"]
        assert second.stderr == ""
        assert tree(project) == before, command
    slow.go_on.set()
    out, err = first.communicate(timeout=120)
    assert first.returncode == 0, err
    assert "2026-01-30: published" in out
    assert [line[:17] for line in git(project, "log", "--format=%s").splitlines()] == [
        "Digest 2026-01-30",
        "Digest 2026-01-29",
    ]


def test_what_only_reads_needs_no_lock(project: Path, slow: Feed) -> None:
    (project / "docs/archive.html").unlink()
    first = at_work(project, slow)
    for command, code in READING:
        second = digest(project, *command)
        assert second.returncode == code, second.stderr
        assert "at work" not in second.stdout + second.stderr
    checks = digest(project, "doctor").stdout
    assert "the newest 2026-01-29" in checks
    assert first.poll() is None
    slow.go_on.set()
    first.communicate(timeout=120)
    assert first.returncode == 0


def test_in_github_actions_the_second_says_so_in_outputs_and_summary(
    project: Path, slow: Feed, tmp_path: Path
) -> None:
    first = at_work(project, slow)
    files = {name: str(tmp_path / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    second = digest(
        project, "run", "--feed", "../earlier.xml", "--json", GITHUB_ACTIONS="true", **files
    )
    assert (second.returncode, json.loads(second.stdout)["status"]) == (0, "unchanged")
    outputs = (tmp_path / "GITHUB_OUTPUT").read_text()
    assert re.search(rf"reason<<(\w+)\nprocess {first.pid} has been at work here.*\n\1\n", outputs)
    assert f"process {first.pid}" in (tmp_path / "GITHUB_STEP_SUMMARY").read_text()
    slow.go_on.set()
    first.communicate(timeout=120)


def test_a_run_that_was_killed_stops_no_other(project: Path, slow: Feed) -> None:
    first = at_work(project, slow)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    assert (project / ".digest/lock").exists()
    slow.go_on.set()
    second = digest(project, "run", "--feed", slow.url)
    assert second.returncode == 0, second.stderr
    assert "2026-01-30: published" in second.stdout
    assert not (project / ".digest").exists()


def test_two_demos_make_one(project: Path) -> None:
    both = [start(project, "demo") for _ in range(2)]
    ends = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], ends
    assert any("published" in out for out, _ in ends)
    assert not (project / "build/demo/.digest").exists()


@pytest.mark.parametrize("command", [WRITING[0], ["render"]])
def test_a_folder_that_holds_no_lock_is_one_line(project: Path, command: list[str]) -> None:
    (project / ".digest").write_text("mine")
    before = tree(project)
    done = digest(project, *command)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line == (
        "digest: .digest: cannot hold the lock of this run: File exists: make it a folder that you"
        " may write to, or remove it"
    )
    assert tree(project) == before
