"""Read, replace or remove a file."""

from __future__ import annotations

import os
from pathlib import Path

from digest.core.errors import ArchiveError


def read(path: Path) -> bytes | None:
    """The file's bytes, or None if there is no file. Raises `ArchiveError` if it cannot be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise cannot_be_read(path, error) from error


def write(path: Path, data: bytes) -> None:
    """Write the file and its folders. It is replaced completely or not at all, even without power.

    Raises `ArchiveError` if the disk refuses.
    """
    # One name for each file: what a killed run leaves is overwritten by the next.
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise cannot_be_written(path, error) from error


def remove(path: Path) -> None:
    """Remove the file. Raises `ArchiveError` if the disk refuses."""
    try:
        path.unlink()
    except OSError as error:
        raise cannot_be_written(path, error) from error


def cannot_be_read(path: Path, error: OSError) -> ArchiveError:
    """The error for a file that the system does not let us read."""
    why = f"cannot be read: {error.strerror}: see what is there, and its permissions"
    return ArchiveError(f"{path}: {why}")


def cannot_be_written(path: Path, error: OSError) -> ArchiveError:
    """The error for a file that the system does not let us write."""
    remedy = "free the disk, fix the permissions or move what is in the way, then run again"
    return ArchiveError(f"{path}: cannot be written: {error.strerror}: {remedy}")
