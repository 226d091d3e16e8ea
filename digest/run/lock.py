"""One writing process at a time: a lock on the file `.digest/lock`.

The kernel releases the lock when the process ends, so a killed run never blocks the next one. The
file may stay: only `flock` tells if somebody holds the lock. The file's text, `PID START`, is
quoted in the message to the second run.
"""

from __future__ import annotations

import errno
import logging
import os
import stat
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
_NO_LOCKS_HERE = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)


@contextmanager
def held(folder: Path, started: datetime) -> Iterator[None]:
    """Hold the lock of `folder`, which is made if needed and removed again if it is left empty.

    Raises `AnotherRun` if another process holds it, `ArchiveError` if the folder or the file
    cannot be used. Without `flock` (Windows, some network file systems) the run goes on, and a log
    line says that nothing stops a second run.
    """
    if fcntl is None:
        log.info("this system has no flock: nothing stops a second run from working here as well")
        yield
        return
    path = folder / FILE
    try:
        file = _lock(path)
        os.truncate(file, 0)
        os.write(file, f"{os.getpid()} {started:%Y-%m-%dT%H:%M:%SZ}\n".encode())
    except OSError as error:
        raise ArchiveError(
            f"{folder}: cannot hold the lock of this run: {error.strerror}: make it a folder that"
            " you may write to, or remove it"
        ) from error
    try:
        yield
    finally:
        # While the lock is held, so that nobody's file but this one is removed.
        with suppress(OSError):
            path.unlink()
        os.close(file)
        with suppress(OSError):  # not empty
            folder.rmdir()


def _lock(path: Path) -> int:
    """The file descriptor of the locked file. Raises `AnotherRun`, `OSError`."""
    while True:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except FileNotFoundError:  # another process has just removed the folder, at its end
            continue
        except FileExistsError:  # the same, or it is not a folder
            with suppress(FileNotFoundError):
                if not stat.S_ISDIR(path.parent.lstat().st_mode):
                    raise
            continue
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(file), path.stat()):
                return file
        except FileNotFoundError:  # another process has just removed the file, at its end
            pass
        except BlockingIOError:
            os.close(file)
            raise AnotherRun(f"{_holder(path)}: this run changes nothing") from None
        except OSError as error:
            if error.errno not in _NO_LOCKS_HERE:
                os.close(file)
                raise
            log.warning(
                "%s: this file system has no locks (%s): nothing stops a second run from working"
                " here as well",
                path,
                error.strerror,
            )
            return file
        os.close(file)


def _holder(path: Path) -> str:
    """A sentence that names the process that holds the lock."""
    try:
        pid, start = path.read_text(encoding="ascii").split()
        since = datetime.strptime(start, "%Y-%m-%dT%H:%M:%S%z")
        return f"process {int(pid)} has been at work here since {since:%Y-%m-%d %H:%M} UTC"
    except (OSError, ValueError):  # it writes the text right after it has the lock
        return "another process is at work here"
