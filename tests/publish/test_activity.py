"""When the schedule of a public repository is in danger."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from digest.publish import activity
from digest.publish.git import BOT
from digest.publish.github import GitHub, GitHubError
from tests.publish.github_server import Entry, Hub

NOW = datetime(2026, 1, 30, 7, tzinfo=UTC)


def commit(days: int, name: str = "Ada", login: str | None = "ada") -> Entry:
    """A commit of so many days ago."""
    date = f"{NOW - timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"
    signed = {"name": name, "date": date}
    account = None if login is None else {"login": login}
    return {"commit": {"author": signed, "committer": signed}, "author": account}


@pytest.mark.parametrize(
    ("days", "words"),
    [(44, ""), (45, "on 14 February 2026"), (59, "on 31 January 2026"), (99, "which are over")],
)
def test_the_warning_begins_on_the_forty_fifth_day(
    repository: Hub, github: GitHub, days: int, words: str
) -> None:
    repository.about["private"] = False
    bots = [commit(n, BOT, login) for n in range(59) for login in (BOT, None)]  # two pages
    repository.commits = sorted([*bots, commit(days)], key=_date, reverse=True)
    sentence = activity.warning(activity.last_by_person(github, NOW), NOW)
    assert words in sentence
    assert bool(words) == bool(sentence)


def _date(of: Entry) -> str:
    return str(of["commit"]["committer"]["date"])


def test_a_private_or_a_new_repository_is_not_warned(repository: Hub, github: GitHub) -> None:
    assert activity.last_by_person(github, NOW) is None  # private
    repository.about |= {"private": False, "created_at": "2026-01-20T00:00:00Z"}
    last = activity.last_by_person(github, NOW)  # a fork of something old
    assert activity.warning(last, NOW) == ""


def test_an_answer_of_another_form_is_refused(repository: Hub, github: GitHub) -> None:
    repository.about["private"] = "no"
    with pytest.raises(GitHubError, match="not as documented"):
        activity.last_by_person(github, NOW)
