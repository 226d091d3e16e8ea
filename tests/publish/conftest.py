from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests import make
from tests.make import git
from tests.publish.clones import clone


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
