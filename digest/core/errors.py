"""What can go wrong and be told in one line.

    DigestError                 exit code
    ├── ConfigError             2   settings, prompts, usage
    ├── ScoringError            3   an outage
    │   ├── OverBudget          3   what may be spent is spent
    │   └── Interrupted         130 Ctrl-C or SIGTERM; what was scored is kept
    ├── FeedError               4   arXiv unreachable, or not a feed
    │   ├── Refused             4   arXiv turns this client away: ask no more in this run
    │   ├── InTrouble           4   the server is down, or out of reach: as above
    │   └── NoSuchFeed          4   there is none of that name: the settings are wrong
    ├── ArchiveError            1   a file of the archive is not what it should be
    ├── PublishError            5   git: permission, protection, conflict
    └── AnotherRun              0   another process is at work in this folder

A message says what is wrong, what that usually means and what to do; `str(error)` is the line the
user sees after "digest: ". Surprises are not in this tree and keep their traceback.
"""

from __future__ import annotations

from digest.core.models import RunStatus


class DigestError(Exception):
    """Base of every expected failure. `status` is what the report says."""

    exit_code = 1
    status: RunStatus = RunStatus.ERROR


class ConfigError(DigestError):
    """The settings, the prompts or the command line are wrong. One line a mistake."""

    exit_code = 2
    status = RunStatus.CONFIG_ERROR

    def __init__(self, *mistakes: str) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


class ScoringError(DigestError):
    """Too little could be scored to publish."""

    exit_code = 3
    status = RunStatus.OUTAGE


class OverBudget(ScoringError):
    """The budget ended before enough was scored to publish."""

    status = RunStatus.OVER_BUDGET


class Interrupted(ScoringError):
    """Somebody stopped the run in the middle of scoring."""

    exit_code = 130
    status = RunStatus.INTERRUPTED


class FeedError(DigestError):
    """A category's feed could not be had, or is not a feed."""

    exit_code = 4
    status = RunStatus.FEED_ERROR

    def __init__(self, category: str, problem: str) -> None:
        super().__init__(f"{category}: {problem}")
        self.category = category
        self.problem = problem


class Refused(FeedError):
    """arXiv turns this client away. Whoever sees it asks for no other page in this run."""


class InTrouble(FeedError):
    """The server is down or out of reach: the next request would fare no better."""


class NoSuchFeed(FeedError):
    """arXiv knows no such category, or has no feed at that address."""


class ArchiveError(DigestError):
    """A file of the archive cannot be read as what it should be."""

    exit_code = 1
    status = RunStatus.ARCHIVE_ERROR


class PublishError(DigestError):
    """git refused."""

    exit_code = 5
    status = RunStatus.PUBLISH_ERROR


class AnotherRun(DigestError):
    """Another process holds the lock. There is nothing to do, and nothing has failed."""

    exit_code = 0
    status = RunStatus.UNCHANGED
