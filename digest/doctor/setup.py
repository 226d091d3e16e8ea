"""What the doctor looks at, and what it looks with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from digest.arxiv.fetch import read_feed
from digest.core.config import Config
from digest.core.errors import ConfigError, FeedError
from digest.core.papers import Feed
from digest.doctor.verdict import Unknown

if TYPE_CHECKING:
    import requests

    from digest.publish.github import GitHub


@dataclass(frozen=True)
class Setup:
    """Nothing is read, asked or spent before a check wants it, and then once."""

    load: Callable[[], Config]  # these three raise `ConfigError`
    key: Callable[[], str]
    base_url: Callable[[], str | None]  # that counts where the settings name none
    session: Callable[[Config], requests.Session]  # polite; for arXiv
    github: GitHub | None
    home: Path  # the settings' folder
    now: datetime  # aware
    secrets: tuple[str, ...] = ()  # what no line may hold
    workflow: str | None = None  # the file of the one that runs this

    @cached_property
    def config(self) -> Config:
        """Raises `Unknown`: what is wrong with the settings is for one check to tell."""
        try:
            return self.load()
        except ConfigError as error:
            raise Unknown("the settings come first") from error

    @property
    def address(self) -> str | None:
        """The model's; None is OpenAI's own. Raises `Unknown` as `config` does."""
        try:
            return self.config.llm.base_url or self.base_url()
        except ConfigError as error:
            raise Unknown("OPENAI_BASE_URL comes first") from error

    @property
    def folder(self) -> Path:
        """The site's, or the nearest one above that exists."""
        out = self.config.out
        return next(path for path in (out, *out.resolve().parents) if path.is_dir())

    @cached_property
    def feeds(self) -> dict[str, Feed | FeedError | None]:
        """What arXiv serves for each category, or why not; None where it is not asked, because no
        connection came about for the one before."""
        got: dict[str, Feed | FeedError | None] = {}
        with self.session(self.config) as session:
            for category in self.config.categories:
                lost = any(map(_is_lost, got.values()))
                got[category] = None if lost else self._feed(session, category)
        return got

    def _feed(self, session: requests.Session, category: str) -> Feed | FeedError:
        url = self.config.arxiv.feed_url.format(category=category)
        try:
            return read_feed(session, category, url)
        except FeedError as error:
            return error


def _is_lost(got: Feed | FeedError | None) -> bool:
    """Whether there was no connection."""
    import requests

    return isinstance(got, FeedError) and isinstance(got.__cause__, requests.ConnectionError)
