from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import make
from tests.github import jobs
from tests.github.jobs import Ended, Machine, Repository
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


@dataclass(frozen=True)
class FirstJob:
    repository: Repository
    ended: Ended
    world: World


@pytest.fixture(scope="session")
def first_job(machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FirstJob]:
    """The first scheduled run of a fork with a key. It alone installs everything."""
    with World(A, B) as world:
        repository = world.fork(machine, tmp_path_factory.mktemp("first") / "fork")
        ended = repository.run()
        machine.keep(ended.folder / "work/_temp/preprint-digest/venv")
        yield FirstJob(repository, ended, world)


@pytest.fixture
def installed(machine: Machine, first_job: FirstJob) -> Machine:
    """A machine on which a job need not install anything."""
    return machine


@pytest.fixture
def world() -> Iterator[World]:
    with World(A, B) as world:
        yield world


@pytest.fixture
def repository(installed: Machine, world: World, tmp_path: Path) -> Repository:
    """A fork with a key, in which nothing has run yet."""
    return world.fork(installed, tmp_path / "fork")
