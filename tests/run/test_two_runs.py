"""Two processes in one clone: the second changes nothing and says whom it leaves the work to."""

from __future__ import annotations

import json
import os
import re
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from subprocess import PIPE, Popen

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from digest.cli.main import main
from tests import make
from tests.make import DAY, git, paper, tree


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
    for name in ("OPENAI_API_KEY", "GITHUB_ACTIONS", "GITHUB_REPOSITORY"):
        monkeypatch.delenv(name, raising=False)
    assert run_here(folder, "run", "--feed", str(tmp_path / "earlier.xml")) == 0
    return folder


def at_work(folder: Path, slow: Feed) -> Popen[str]:
    """A run that has begun and waits for its feed."""
    process = Popen(
        [sys.executable, "-m", "digest", "run", "--feed", slow.url],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=PIPE,
        stderr=PIPE,
        text=True,
    )
    assert slow.asked.wait(60)
    return process


def run_here(folder: Path, *arguments: str) -> int:
    """The command in this process: another than that of the run at work."""
    command, *options = arguments
    return main([command, "--config", str(folder / "config.yaml"), *options])


EARLIER = ["--feed", "../earlier.xml"]
WRITING = [
    ["run", *EARLIER],
    ["run", *EARLIER, "--no-commit", "--rescore"],
    ["run", *EARLIER, "--limit", "1"],
    ["catch-up", "--date", "2026-01-29"],
    ["render"],
    ["check", "--repair"],
]
READING = [
    (["run", *EARLIER, "--dry-run"], 0),
    (["check"], 1),  # a page is missing
    (["render", "--to", "../elsewhere"], 0),
    (["doctor"], 1),  # there is no remote, among other things
]


def test_one_run_at_a_time_writes_and_others_may_read(
    project: Path,
    slow: Feed,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (project / "docs/archive.html").unlink()  # for `render` and `check` to make again
    first = at_work(project, slow)
    monkeypatch.chdir(project)
    before = tree(project)
    for command in WRITING:
        assert run_here(project, *command, "--json") == 0
        output = capsys.readouterr()
        report = json.loads(output.out)
        assert (report["status"], report["problem"]) == ("unchanged", None)
        message = rf"process {first.pid} has been at work here since 20[\d-]+ \d\d:\d\d UTC: this"
        assert re.match(message, report["reason"]), report["reason"]
        assert output.err == ""
        assert tree(project) == before, command
    for command, code in READING:
        assert run_here(project, *command) == code, command
        output = capsys.readouterr()
        assert "at work" not in output.out + output.err
    assert first.poll() is None
    slow.go_on.set()
    out, err = first.communicate(timeout=120)
    assert first.returncode == 0, err
    assert "2026-01-30: published" in out
    assert [line[:17] for line in git(project, "log", "--format=%s").splitlines()] == [
        "Digest 2026-01-30",
        "Digest 2026-01-29",
    ]
