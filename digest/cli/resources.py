"""What commands hand in: the clock, the session with arXiv, the lock."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

import requests

from digest.arxiv import http
from digest.cli import environment
from digest.core.config import Config
from digest.run import lock, unfinished


def now() -> datetime:
    return datetime.now(UTC)


def arxiv_session(config: Config) -> requests.Session:
    return http.polite_session(environment.user_agent(config), config.arxiv.delay_s)


def alone(folder: Path) -> AbstractContextManager[None]:
    """Hold the lock of the settings' folder. Raises `AnotherRun` if another process holds it."""
    return lock.held(folder / unfinished.FOLDER, now())
