"""How a run ends: its status, and every expected failure, each reported in one line.

    DigestError                 exit code
    ├── ConfigError             2   settings, prompts, command line
    ├── ScoringError            3   an outage: too few papers could be scored to publish
    │   ├── OverBudget          3   the budget ended before enough papers were scored
    │   └── Interrupted         130 Ctrl-C or SIGTERM; what was scored is kept
    ├── FeedError               4   arXiv unreachable, or not a feed
    │   ├── Refused             4   arXiv refuses this client: no more requests in this run
    │   ├── InTrouble           4   the server is down or unreachable: no more requests
    │   └── NoSuchFeed          4   no such category: the settings are wrong
    ├── ArchiveError            1   a file of the archive cannot be read or written, or is damaged
    ├── PublishError            5   git: permission, protection, conflict
    └── AnotherRun              0   another process runs in this folder: nothing has failed

A message says what is wrong, what that usually means and what to do; `str(error)` is the line the
user sees after "digest: ". Unexpected errors are not in this tree and keep their traceback.
"""

from __future__ import annotations

from enum import StrEnum

from digest import INTERRUPTED


class RunStatus(StrEnum):
    """How a run, or one day of it, ended: `status` in the report."""

    PUBLISHED = "published"
    UPDATED = "updated"  # the day was published before, and something has changed
    UNCHANGED = "unchanged"
    NO_ANNOUNCEMENT = "no_announcement"
    PLANNED = "planned"  # a dry run
    STALE_FEED = "stale_feed"
    WAITING = "waiting"  # a later run will publish it
    EVALUATED = "evaluated"
    NOT_SET_UP = "not_set_up"  # a fresh fork without a key
    FINDINGS = "findings"  # of `check` and `doctor`
    CONFIG_ERROR = "config_error"
    OUTAGE = "outage"
    OVER_BUDGET = "over_budget"
    FEED_ERROR = "feed_error"
    ARCHIVE_ERROR = "archive_error"
    PUBLISH_ERROR = "publish_error"
    INTERRUPTED = "interrupted"
    ERROR = "error"


class DigestError(Exception):
    """Base of every expected failure. `status` is for the report."""

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
    exit_code = 3
    status = RunStatus.OUTAGE


class OverBudget(ScoringError):
    status = RunStatus.OVER_BUDGET


class Interrupted(ScoringError):
    exit_code = INTERRUPTED
    status = RunStatus.INTERRUPTED


class FeedError(DigestError):
    """A category's feed could not be fetched, or is not a feed."""

    exit_code = 4
    status = RunStatus.FEED_ERROR

    def __init__(self, category: str, problem: str) -> None:
        super().__init__(f"{category}: {problem}")
        self.category = category
        self.problem = problem


class Refused(FeedError):
    """arXiv refuses this client. The run must send no other request."""


class InTrouble(FeedError):
    """The server is down or unreachable: the next request would fail too."""


class NoSuchFeed(FeedError):
    """arXiv has no such category, or no feed at that address."""


class ArchiveError(DigestError):
    status = RunStatus.ARCHIVE_ERROR


class PublishError(DigestError):
    exit_code = 5
    status = RunStatus.PUBLISH_ERROR


class AnotherRun(DigestError):
    exit_code = 0
    status = RunStatus.UNCHANGED
