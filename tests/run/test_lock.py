"""One process at a time, be the others this one's own threads, other processes or dead ones."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from digest.core.errors import AnotherRun, ArchiveError
from digest.run import lock
from tests.make import tree

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
    with lock.held(folder, START):
        assert (folder / lock.FILE).read_text() == f"{os.getpid()} 2026-11-12T06:43:10Z\n"


def test_the_lock_of_a_killed_process_is_free(folder: Path) -> None:
    with another(folder) as first:
        assert first.pid
        os.kill(first.pid, signal.SIGKILL)
        first.join()
        assert (folder / lock.FILE).exists()
        with lock.held(folder, START):
            assert (folder / lock.FILE).read_text().startswith(f"{os.getpid()} ")


def test_nothing_is_left_of_the_lock(folder: Path) -> None:
    with lock.held(folder, START):
        pass
    assert not folder.exists()
    folder.mkdir()
    (folder / "2026-11-12.jsonl").write_text("{}")
    with pytest.raises(KeyError), lock.held(folder, START):
        raise KeyError
    assert tree(folder) == {"2026-11-12.jsonl": b"{}"}


def take_turns(folder: Path) -> None:
    turns, alone = 0, folder.with_name("alone")
    while turns < 20:
        with suppress(AnotherRun), lock.held(folder, START):
            alone.touch(exist_ok=False)
            alone.unlink()
            turns += 1


def test_processes_that_make_and_remove_the_folder_take_turns(folder: Path) -> None:
    folder.parent.mkdir()
    processes = [FORK.Process(target=take_turns, args=(folder,)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 3
    assert not folder.exists()


def test_a_holder_without_a_name_holds_the_lock_too(folder: Path) -> None:
    with lock.held(folder, START):
        (folder / lock.FILE).write_text("\N{SNOWMAN}")
        message = "^another process is at work here: this run changes nothing"
        with pytest.raises(AnotherRun, match=message), lock.held(folder, START):
            pytest.fail("both are at work")


# --- what cannot be locked --------------------------------------------------------------------


@pytest.mark.parametrize(
    "block",
    [
        lambda folder: folder.write_text("mine"),
        lambda folder: folder.symlink_to("nowhere"),
        lambda folder: (folder / lock.FILE).mkdir(parents=True),
    ],
    ids=["a file", "a dangling link", "a folder in place of the file"],
)
def test_a_folder_that_cannot_be_used_is_one_line(
    folder: Path, block: Callable[[Path], None]
) -> None:
    folder.parent.mkdir()
    block(folder)
    message = r"\.digest: cannot hold the lock of this run: [A-Z].*: make it a folder that you may"
    with pytest.raises(ArchiveError, match=message), lock.held(folder, START):
        pytest.fail("it was locked")


def test_a_folder_without_permission_is_one_line(folder: Path) -> None:
    folder.mkdir(0o555, parents=True)
    user = os.geteuid()
    os.seteuid(user or 65534)  # root may write anywhere
    try:
        message = "lock of this run: Permission denied: make it a"
        with pytest.raises(ArchiveError, match=message), lock.held(folder, START):
            pytest.fail("it was locked")
    finally:
        os.seteuid(user)


def test_without_locks_the_run_goes_on_and_says_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(file: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    caplog.set_level("INFO", logger="digest")
    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", refuse)
        with lock.held(folder, START):
            assert (folder / lock.FILE).exists()
    assert "this file system has no locks" in caplog.text
    monkeypatch.setattr(lock, "fcntl", None)  # as on Windows
    with lock.held(folder, START):
        assert not folder.exists()
    assert "this system has no flock" in caplog.text
