"""What one invocation of `digest run`, `catch-up` or `demo` wants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from digest.core.authors import Authors
from digest.core.config import Config
from digest.core.scores import ScoredBy
from digest.core.secrets import Secrets
from digest.scoring.scorer import Scorer


@dataclass(frozen=True)
class Job:
    """Settings, scorer, clock and options of one invocation."""

    config: Config
    scorer: Scorer
    now: Callable[[], datetime]  # aware
    unfinished: Path  # the folder of answers that are not in the archive yet
    secrets: Secrets = Secrets()  # must not appear in any file
    commit: bool = True
    push: bool = False
    rescore: bool = False
    limit: int | None = None
    dry_run: bool = False
    replay: bool = False  # of named feeds: the user must name them again if they fail

    @property
    def trial(self) -> bool:
        """True if the run must not change the archive for good (dry run or `--limit`)."""
        return self.dry_run or self.limit is not None

    @property
    def by_model(self) -> bool:
        """True if a language model scores."""
        return self.scorer.name is ScoredBy.MODEL

    @cached_property
    def authors(self) -> Authors:
        """Whose papers are kept whatever their score."""
        return Authors.parse(self.config.authors)
