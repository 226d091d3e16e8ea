"""Does GitHub still take the repository for active? It stops the schedules of public ones that are
not; whether the bot's own commits count is not documented."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from digest.core.wording import plain_date
from digest.publish.git import BOT
from digest.publish.github import GitHub, read
from digest.publish.github_issues import Aware, User, stamp

LIMIT, ADVISED = timedelta(days=60), timedelta(days=45)


class _Repository(msgspec.Struct):
    private: bool
    default_branch: str
    created_at: Aware


class _Signed(msgspec.Struct):
    date: Aware
    name: str = ""


class _Content(msgspec.Struct):
    committer: _Signed
    author: _Signed | None = None


class _Commit(msgspec.Struct):
    commit: _Content
    author: User | None = None  # None: GitHub knows no account of that address

    @property
    def is_by_bot(self) -> bool:
        name = self.commit.author.name if self.commit.author else ""
        return BOT in (name, self.author.login if self.author else "")


def last_by_person(github: GitHub, now: datetime) -> datetime | None:
    """When somebody other than the bot last committed to the default branch of a public repository,
    or made it if that is later; `now` less `LIMIT` if it is longer ago. None if it is private.

    Raises `GitHubError`.
    """
    repository = read(github.ask("GET", ""), _Repository)
    if repository.private:
        return None
    oldest = now - LIMIT
    asked = {"sha": repository.default_branch, "since": stamp(oldest)}
    commits = github.listed("commits", _Commit, **asked)
    dates = (commit.commit.committer.date for commit in commits if not commit.is_by_bot)
    return max(repository.created_at, next(dates, oldest))  # the newest comes first


def warning(last: datetime | None, now: datetime) -> str:
    """That GitHub will stop the schedule, or has, a sentence; "" before the 45th day."""
    if last is None or now - last < ADVISED:
        return ""
    end = last + LIMIT
    when = f"on {plain_date(end.date())}" if now < end else "which are over"
    return (
        f"GitHub stops the schedules of a public repository {LIMIT.days} days after the last commit"
        f" that is not the bot's, {when}: commit anything, such as a word in topics.md; where it is"
        " stopped, Actions → the workflow → Enable workflow."
    )
