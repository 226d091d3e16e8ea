"""`.digest/votes.json`: what was read on GitHub, until a day's commit takes it into the archive.

Losing it loses nothing: the issues of the last 14 days are read again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import msgspec

from digest.core import files
from digest.core.errors import ArchiveError
from digest.core.votes import Pulled, Vote, merged

log = logging.getLogger("digest")

FILE = "votes.json"


def keep(folder: Path, pulled: Pulled) -> None:
    """Replace what waits in `folder`; if it is nothing, remove the file. Raises `ArchiveError` if
    the disk refuses."""
    path = folder / FILE
    if pulled != Pulled():
        files.write(path, msgspec.json.encode(pulled, order="deterministic") + b"\n")
    elif path.exists():
        files.remove(path)


def settle(folder: Path, lost: Iterable[Vote], *, archived: bool) -> None:
    """After a day's commit: what waits in `folder` is forgotten if it is `archived` now, and votes
    that the commit has `lost` to somebody else's wait for the next one. Raises `ArchiveError`."""
    before = pulled(folder)
    left = Pulled(unknown=before.unknown) if archived else before
    left = replace(left, votes=merged(left.votes, Pulled(tuple(lost))))
    if left != before:
        keep(folder, left)


def pulled(folder: Path) -> Pulled:
    """What waits in `folder`. Nothing, with a warning, if the file is damaged."""
    path = folder / FILE
    try:
        data = files.read(path)
        return Pulled() if data is None else msgspec.json.decode(data, type=Pulled)
    except ArchiveError as error:
        log.warning("%s; its votes are read again on GitHub", error)
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        log.warning("%s: damaged, or of another version: its votes are read again on GitHub", path)
    return Pulled()
