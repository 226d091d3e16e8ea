from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import make
from tests.github import jobs
from tests.github.jobs import Machine, Repository
from tests.github.world import A, B, World
from tests.lacking import lacking


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    if not jobs.RUNNER.is_file():
        lacking(f"no workflow runner: {jobs.RUNNER}")
    if not shutil.which("node"):
        lacking("no node for the workflow runner: install Node.js 20 or later")
    folder = tmp_path_factory.mktemp("machine")
    with pytest.MonkeyPatch.context() as patch:
        make.own_git_settings(patch, folder)
        yield Machine.at(folder / "machine")


@pytest.fixture
def world() -> Iterator[World]:
    with World(A, B) as world:
        yield world


@pytest.fixture
def repository(machine: Machine, world: World, tmp_path: Path) -> Repository:
    """A fork with a key, in which nothing has run yet."""
    return world.fork(machine, tmp_path / "fork")
