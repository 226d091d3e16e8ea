"""One process at a time, be the others this one's own threads, other processes or dead ones."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from digest.core.errors import AnotherRun, ArchiveError
from digest.run import lock

START = datetime(2026, 11, 12, 6, 43, 10, tzinfo=UTC)
FORK = get_context("fork")  # starts in no time


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "project" / ".digest"


def hold(folder: Path, parent: Connection) -> None:
    with lock.held(folder, START):
        parent.send("held")
        parent.recv()


@contextmanager
def another(folder: Path) -> Iterator[BaseProcess]:
    """Another process that holds the lock until it is told to stop, or is killed."""
    child, parent = FORK.Pipe()
    process = FORK.Process(target=hold, args=(folder, parent))
    process.start()
    assert child.poll(60)
    try:
        yield process
    finally:
        child.send("done")
        process.join(60)
        child.close()
        parent.close()


def test_a_second_process_is_told_of_the_first(folder: Path) -> None:
    with another(folder) as first:
        message = rf"^process {first.pid} has been at work here since 2026-11-12 06:43 UTC: "
        with pytest.raises(AnotherRun, match=message), lock.held(folder, START):
            pytest.fail("both are at work")
        (folder / lock.FILE).write_text("\N{SNOWMAN}")
        message = r"^another process is at work here: this run changes nothing"
        with pytest.raises(AnotherRun, match=message), lock.held(folder, START):
            pytest.fail("both are at work")


@pytest.mark.parametrize("is_killed", [False, True])
def test_the_lock_of_a_process_that_ended_is_free(folder: Path, is_killed: bool) -> None:
    with another(folder) as first:
        assert first.pid
        if is_killed:
            os.kill(first.pid, signal.SIGKILL)
            first.join()
    for _ in range(2):
        with lock.held(folder, START):
            assert (folder / lock.FILE).read_text() == f"{os.getpid()} 2026-11-12T06:43:10Z\n"


def a_file(folder: Path) -> None:
    folder.write_text("mine")


def a_dangling_link(folder: Path) -> None:
    folder.symlink_to("nowhere")


def a_folder_in_place_of_the_file(folder: Path) -> None:
    (folder / lock.FILE).mkdir(parents=True)


@pytest.mark.parametrize("obstacle", [a_file, a_dangling_link, a_folder_in_place_of_the_file])
def test_a_folder_that_cannot_be_used_is_one_line(
    folder: Path, obstacle: Callable[[Path], None]
) -> None:
    folder.parent.mkdir()
    obstacle(folder)
    message = r"\.digest: cannot hold the lock of this run: [A-Z].*: make it a folder that you may"
    with pytest.raises(ArchiveError, match=message), lock.held(folder, START):
        pytest.fail("it was locked")


def test_without_locks_the_run_goes_on_and_says_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(file: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", refuse)
        with lock.held(folder, START):
            pass
    monkeypatch.setattr(lock, "fcntl", None)  # as on Windows
    with lock.held(folder, START):
        pass
    assert ["there are no locks here" in message for message in caplog.messages] == [True] * 2
