"""One writing process at a time: a lock on the file `.digest/lock`.

The kernel releases the lock when the process ends, so a killed run never blocks the next one. The
file stays: only `flock` tells if somebody holds the lock. The file's text, `PID START`, is quoted
in the message to the second run.
"""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from digest.core.errors import AnotherRun, ArchiveError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

log = logging.getLogger("digest")

FILE = "lock"


@contextmanager
def held(folder: Path, started: datetime) -> Iterator[None]:
    """Hold the lock of `folder`, which is made if needed.

    Raises `AnotherRun` if another process holds it, `ArchiveError` if the folder or the file
    cannot be used. Without `flock` (Windows, some network file systems) the run goes on, and a log
    line says that nothing stops a second run.
    """
    path = folder / FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = path.open("ab", buffering=0)
    except OSError as error:
        raise ArchiveError(
            f"{folder}: cannot hold the lock of this run: {error.strerror}: make it a folder that"
            " you may write to, or remove it"
        ) from error
    with file:
        try:
            if fcntl is None:
                raise OSError(errno.ENOSYS, "this system has no flock")
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AnotherRun(f"{_holder(path)}: this run changes nothing") from None
        except OSError as error:
            no_locks = "%s: there are no locks here (%s): nothing stops a second run"
            log.warning(no_locks, path, error.strerror)
        with suppress(OSError):  # a full disk: then a second run does not learn who is at work
            file.truncate(0)
            file.write(f"{os.getpid()} {started:%Y-%m-%dT%H:%M:%SZ}\n".encode())
        yield


def _holder(path: Path) -> str:
    """A sentence that names the process that holds the lock."""
    with suppress(OSError, ValueError):
        pid, start = path.read_text(encoding="ascii").split()
        since = datetime.strptime(start, "%Y-%m-%dT%H:%M:%S%z")
        return f"process {int(pid)} has been at work here since {since:%Y-%m-%d %H:%M} UTC"
    return "another process is at work here"
