"""What several commands need: the clock, the session with arXiv, the lock, the reader's votes."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

import requests

from digest.archive import store
from digest.archive.feedback import Feedback
from digest.archive.store import Archive
from digest.arxiv import http
from digest.cli import environment
from digest.core.config import Config
from digest.run import lock, output, unfinished


def now() -> datetime:
    return datetime.now(UTC)


def arxiv_session(config: Config) -> requests.Session:
    return http.polite_session(environment.user_agent(config), config.arxiv.delay_s)


def alone(folder: Path) -> AbstractContextManager[None]:
    """Hold the lock of the settings' folder. Raises `AnotherRun` if another process holds it."""
    return lock.held(folder / unfinished.FOLDER, now())


def archive_state(config: Config, state: Feedback) -> bool:
    """Write votes and what was learned, and the pages that show them; False if nothing changed.

    Raises `ArchiveError` if the newest day is damaged.
    """
    written = store.write_files(config.out, state.files())
    archive = Archive(config.out)
    if written and archive.days:
        newest = archive.listed_day(archive.days[-1].date)
        output.write(archive, newest, config.site, learned=config.feedback.learned)
    return bool(written)
