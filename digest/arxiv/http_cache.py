"""Earlier answers of servers, so that these need not send them again if nothing has changed:
conditional requests (RFC 9110, 13.1.2). Several runs a day ask for the same feeds.

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
        """The last answer of `url`; None if there is none, or it cannot be read."""
        try:
            return msgspec.json.decode(self._path(url).read_bytes(), type=Answer)
        except (OSError, ValueError) as error:  # msgspec's are ValueErrors
            log.debug("%s: no earlier answer: %s", url, error)
            return None

    def keep(self, url: str, answer: Answer) -> None:
        """Remember `answer`, if it has an `etag`. A disk that refuses it is worth a warning."""
        try:
            if answer.etag:
                files.write(self._path(url), msgspec.json.encode(answer))
        except ArchiveError as error:
            log.warning("%s: the answer is not remembered: %s", url, error)

    def _path(self, url: str) -> Path:
        return self.folder / f"{hashlib.sha256(url.encode()).hexdigest()[:16]}.json"
