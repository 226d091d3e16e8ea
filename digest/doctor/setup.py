"""What the checks look at: settings, key, arXiv, GitHub."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from digest.arxiv.fetch import read_feed
from digest.core.config import Config
from digest.core.errors import ConfigError, FeedError
from digest.core.papers import Feed
from digest.core.secrets import Secrets
from digest.doctor.verdict import Unknown

if TYPE_CHECKING:
    from digest.publish.github import GitHub


@dataclass(frozen=True)
class Setup:
    """Nothing is read, requested or spent until a check needs it, and then only once."""

    load: Callable[[], Config]  # these three raise `ConfigError`
    key: Callable[[], str]
    base_url: Callable[[], str | None]  # used if the settings have none
    session: Callable[[Config], requests.Session]  # polite; for arXiv
    github: GitHub | None
    home: Path  # the settings' folder
    now: datetime  # aware
    secrets: Secrets = field(default_factory=Secrets)  # no line may contain them
    workflow: str | None = None  # the file name of the workflow that runs this

    @cached_property
    def config(self) -> Config:
        """Raises `Unknown` if the settings are wrong: the check `config` reports the mistakes."""
        try:
            return self.load()
        except ConfigError as error:
            raise Unknown("the settings come first") from error

    @property
    def address(self) -> str | None:
        """The model's address; None means OpenAI's own. Raises `Unknown` as `config` does."""
        try:
            return self.config.llm.base_url or self.base_url()
        except ConfigError as error:
            raise Unknown("OPENAI_BASE_URL comes first") from error

    @property
    def folder(self) -> Path:
        """The site's folder, or the nearest folder above it that exists."""
        out = self.config.out
        return next(path for path in (out, *out.resolve().parents) if path.is_dir())

    @cached_property
    def feeds(self) -> dict[str, Feed | FeedError | None]:
        """Each category's feed, or what went wrong. None: not requested, because there was no
        connection for an earlier category."""
        feeds: dict[str, Feed | FeedError | None] = {}
        offline = False
        with self.session(self.config) as session:
            for category in self.config.categories:
                url = self.config.arxiv.feed_url.format(category=category)
                try:
                    feeds[category] = None if offline else read_feed(session, category, url)
                except FeedError as error:
                    feeds[category] = error
                    offline = isinstance(error.__cause__, requests.ConnectionError)
        return feeds
