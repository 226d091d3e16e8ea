"""Answers that servers have given before, so that they need not send them again where nothing has
changed: conditional requests (RFC 9110, 13.1.2). Several runs a day ask for the same feeds.

Losing the folder costs bytes, never correctness.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path

import msgspec

from digest.arxiv.http import Answer
from digest.core import files
from digest.core.errors import ArchiveError

log = logging.getLogger("digest")

FOLDER = "answers"  # in `.digest/`


@dataclass(frozen=True, slots=True)
class Answers:
    """The newest answer of each address, one file each."""

    folder: Path

    def recall(self, url: str) -> Answer | None:
        """What `url` answered last, if that is still known whole."""
        try:
            answer = msgspec.json.decode(self._path(url).read_bytes(), type=Answer)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:  # msgspec's are ValueErrors
            log.debug("%s: an earlier answer cannot be read: %s", url, error)
            return None
        return answer

    def keep(self, url: str, answer: Answer) -> None:
        """Remember `answer`, where the server will know it again and the disk takes it."""
        if not answer.etag:
            return
        try:
            files.write(self._path(url), msgspec.json.encode(answer))
        except ArchiveError as error:
            log.warning("%s: the answer is not remembered: %s", url, error)

    def forget(self, url: str) -> None:
        """It was no good: ask for the whole next time."""
        try:
            self._path(url).unlink(missing_ok=True)
        except OSError as error:
            log.warning("%s: cannot be removed: %s", self._path(url), error.strerror)

    def _path(self, url: str) -> Path:
        return self.folder / f"{hashlib.sha256(url.encode()).hexdigest()[:16]}.json"
