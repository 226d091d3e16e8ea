"""Endpoints that other people wrote, as pytest fixtures: npm's aimock and PyPI's llmock.

aimock answers by `aimock.json`: each paper id there has its fault. llmock answers with a fixed text
(`Reply`) and judges from its journal whether the client behaved (`judge`): it flags a request that
came before its Retry-After was over, one after a 400, 401, 403, 404 or 422, more than ten in all,
retries at even intervals, and a retryable error that was never retried.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from llmock.testing import LLMockServer
from llmock.verdict import Verdict, judge

from tests import make
from tests.lacking import lacking, npm_file

HERE = Path(__file__).parent
FIXTURES = HERE / "aimock.json"

# The papers of aimock.json. A batch gets the fault of the paper that stands first in the file.
BUSY, FILTERED, LENGTH = "2601.42901", "2601.42903", "2601.42904"


@dataclass(frozen=True)
class AIMock:
    """A running aimock."""

    origin: str

    @property
    def url(self) -> str:
        """For `base_url`."""
        return f"{self.origin}/v1"

    def add(self, *fixtures: dict[str, Any]) -> None:
        """More fixtures; of several that match, the first added answers."""
        self._control("POST", "fixtures", {"fixtures": fixtures})

    def journal(self) -> list[dict[str, Any]]:
        """What it was asked, oldest first, each with its `response.status` (0: disconnected).

        An answer that came too late for the client has its status all the same.
        """
        entries: list[dict[str, Any]] = self._control("GET", "journal")
        return entries

    @property
    def statuses(self) -> list[int]:
        return [entry["response"]["status"] for entry in self.journal()]

    def reset(self) -> None:
        """The fixtures of the file, their sequences at the start, nothing in the journal."""
        self._control("POST", "reset")
        self.add(*json.loads(FIXTURES.read_text(encoding="utf-8"))["fixtures"])

    def _control(self, method: str, what: str, body: object = None) -> Any:
        url = f"{self.origin}/__aimock/{what}"
        answer = requests.request(method, url, json=body, timeout=make.PATIENCE_S)
        assert answer.ok, answer.text
        return answer.json()


@contextmanager
def running_aimock(cli: Path) -> Iterator[AIMock]:
    """aimock in a process of its own, on a free port. Raises `RuntimeError` with what it said."""
    command = ["node", str(cli), "--port", "0", "--strict", "--validate-on-load"]
    with subprocess.Popen(
        [*command, "--fixtures", str(FIXTURES)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            assert process.stdout
            said = []
            for line in process.stdout:
                said.append(line)
                if "listening on " in line:
                    break
            else:
                raise RuntimeError(f"aimock did not start:\n{''.join(said)}")
            mock = AIMock(line.rpartition("listening on ")[2].strip())
            _wait_until_healthy(mock)
            # It goes on talking; nobody listens, but a full pipe would stop it.
            threading.Thread(target=process.stdout.read, daemon=True).start()
            yield mock
        finally:
            process.terminate()
            try:
                process.wait(make.PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_until_healthy(mock: AIMock) -> None:
    def answers() -> bool:
        try:
            mock.reset()
        except requests.ConnectionError:
            return False
        return True

    assert make.until(answers), "aimock does not answer"


@pytest.fixture(scope="session")
def aimock_server() -> Iterator[AIMock]:
    if not shutil.which("node"):
        lacking("no node: install Node.js 20 or later")
    with running_aimock(npm_file("@copilotkit/aimock/dist/cli.js")) as mock:
        yield mock


@pytest.fixture
def aimock(aimock_server: AIMock) -> AIMock:
    """The one aimock of the session, as if just started."""
    aimock_server.reset()
    return aimock_server


@pytest.fixture
def llmock_server() -> Iterator[LLMockServer]:
    """A fresh llmock; script it by `server.state.scenarios.add(Fail(429, retry_after=0.3))`."""
    with LLMockServer() as server:
        yield server


def verdict(server: LLMockServer) -> Verdict:
    """What llmock has to say of the client, once every request is through."""
    return judge(server.state.journal.records(wait=make.PATIENCE_S))
