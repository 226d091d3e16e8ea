from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import requests
from pytest_httpserver import HTTPServer

from digest.publish.github import GitHub
from tests import make
from tests.make import git
from tests.publish.clones import clone
from tests.publish.github_server import OWNER, TOKEN, Hub


@pytest.fixture(autouse=True)
def git_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    return make.own_git_settings(monkeypatch, tmp_path)


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bare repository with one commit of the user's."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        make.own_git_settings(patch, folder)
        git(folder, "init", "--quiet", "--bare", "remote.git")
        first = clone(folder / "remote.git", "first")
        (first / "config.yaml").write_text("categories: [cs.LG]\n")
        (first / "code.py").write_text("print(1)\n")
        git(first, "add", ".")
        git(first, "commit", "--quiet", "--message", "Settings")
        git(first, "push", "--quiet", "origin", "HEAD:main")
    return folder / "remote.git"


@pytest.fixture
def remote(made_once: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return shutil.copytree(made_once, tmp_path / "remote.git")


@pytest.fixture
def repository(httpserver: HTTPServer) -> Hub:
    hub = Hub()
    httpserver.expect_request(re.compile(f"/repos/{OWNER}/papers(/.*)?")).respond_with_handler(hub)
    return hub


@pytest.fixture
def github(repository: Hub, httpserver: HTTPServer) -> GitHub:
    address = httpserver.url_for("").rstrip("/")
    return GitHub(requests.Session(), f"{OWNER}/papers", TOKEN, address)
