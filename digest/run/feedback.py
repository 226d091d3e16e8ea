"""`.digest/votes.json`: what was read on GitHub, until a day's commit takes it into the archive.

Losing it loses nothing: the issues of the last 14 days are read again.
"""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec

from digest.core import files
from digest.core.errors import ArchiveError
from digest.core.votes import Pulled

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
