"""One process at a time, be the others this one's own threads, other processes or dead ones."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from digest.core.errors import AnotherRun, ArchiveError
from digest.run import lock
from tests.make import tree

START = datetime(2026, 11, 12, 6, 43, 10, tzinfo=UTC)
HOLD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from digest.run import lock
with lock.held(Path(sys.argv[1]), datetime(2026, 11, 12, 6, 43, 10, tzinfo=UTC)):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "project" / ".digest"


@contextmanager
def another(folder: Path) -> Iterator[Popen[str]]:
    """Another process that holds the lock until it is told to stop, or is killed."""
    process = Popen([sys.executable, "-c", HOLD, folder], stdin=PIPE, stdout=PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    try:
        yield process
    finally:
        process.communicate()


def test_a_second_process_is_told_of_the_first_and_its_start(folder: Path) -> None:
    with another(folder) as first:
        said = rf"^process {first.pid} has been at work here since 2026-11-12 06:43 UTC: "
        with pytest.raises(AnotherRun, match=said), lock.held(folder, START):
            pytest.fail("both are at work")
    with lock.held(folder, START):
        assert (folder / lock.FILE).read_text() == f"{os.getpid()} 2026-11-12T06:43:10Z\n"


def test_the_lock_of_a_killed_process_is_free(folder: Path) -> None:
    with another(folder) as first:
        first.send_signal(signal.SIGKILL)
        first.wait()
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


TAKE_TURNS = """
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from digest.run import lock
from digest.core.errors import AnotherRun
folder, turns = Path(sys.argv[1]), 0
alone = folder.with_name("alone")
while turns < 100:
    with suppress(AnotherRun), lock.held(folder, datetime.now(UTC)):
        alone.touch(exist_ok=False)
        alone.unlink()
        turns += 1
"""


def test_processes_that_make_and_remove_the_folder_take_turns(folder: Path) -> None:
    folder.parent.mkdir()
    command = [sys.executable, "-c", TAKE_TURNS, str(folder)]
    processes = [Popen(command, stderr=PIPE, text=True) for _ in range(4)]
    assert [process.communicate()[1] for process in processes] == [""] * 4
    assert not folder.exists()


def test_a_holder_that_has_not_written_yet_is_waited_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with lock.held(folder, START):
        text = (folder / lock.FILE).read_text()
        (folder / lock.FILE).write_text("")
        monkeypatch.setattr(time, "sleep", lambda _: (folder / lock.FILE).write_text(text))
        with pytest.raises(AnotherRun, match=rf"^process {os.getpid()} "):
            lock._lock(folder / lock.FILE)


def test_a_holder_that_never_writes_is_told_without_its_number(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "_READ_PAUSE_S", 0)
    with lock.held(folder, START):
        (folder / lock.FILE).write_text("\N{SNOWMAN}")
        with pytest.raises(AnotherRun, match=r"^another process is at work here: this run"):
            lock._lock(folder / lock.FILE)


# --- what cannot be locked --------------------------------------------------------------------


def a_file(folder: Path) -> None:
    folder.write_text("mine")


def a_dangling_link(folder: Path) -> None:
    folder.symlink_to("nowhere")


def a_folder_in_place_of_the_file(folder: Path) -> None:
    (folder / lock.FILE).mkdir(parents=True)


@pytest.mark.parametrize("obstacle", [a_file, a_dangling_link, a_folder_in_place_of_the_file])
def test_a_folder_that_cannot_be_used_is_one_line(
    folder: Path, obstacle: object, request: pytest.FixtureRequest
) -> None:
    folder.parent.mkdir()
    assert callable(obstacle)
    obstacle(folder)
    said = r"\.digest: cannot hold the lock of this run: [A-Z].*: make it a folder that you may"
    with pytest.raises(ArchiveError, match=said), lock.held(folder, START):
        pytest.fail("it was locked")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody without permissions")
def test_a_folder_without_permission_is_one_line(folder: Path) -> None:
    folder.mkdir(parents=True)
    os.seteuid(65534)
    try:
        with (
            pytest.raises(ArchiveError, match=r"lock of this run: Permission denied: make it a"),
            lock.held(folder, START),
        ):
            pytest.fail("it was locked")
    finally:
        os.seteuid(0)


def test_a_file_system_without_locks_is_no_obstacle_but_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(file: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with lock.held(folder, START):
        assert (folder / lock.FILE).exists()
    assert "this file system has no locks" in caplog.text
    assert not folder.exists()


def test_a_system_without_flock_is_no_obstacle_but_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(lock, "fcntl", None)
    caplog.set_level("INFO", logger="digest")
    with lock.held(folder, START):
        assert not folder.exists()
    assert "this system has no flock" in caplog.text
