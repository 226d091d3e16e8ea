"""The issue that is open while digests fail, against GitHub's REST API served here."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from pytest_httpserver import HTTPServer

from digest.cli.main import main
from digest.publish import issue
from digest.publish.github import GitHub, GitHubError
from tests.publish.github_server import TOKEN, Hub

RUN = "https://github.com/reader/papers/actions/runs/7"
AT = datetime(2026, 1, 30, 6, 43, tzinfo=UTC)
REJECTED = (
    "api.openai.com rejects the API key (HTTP 401): put a valid one into OPENAI_API_KEY"
    " (in GitHub: a repository secret)"
)


def failed(reason: str = REJECTED, status: str = "outage", code: int = 3) -> issue.Attempt:
    day = {"status": status, "reason": reason, "date": "2026-01-30"}
    return issue.Attempt({**day, "days": [day], "problem": day}, code, RUN, AT)


def ended(status: str) -> issue.Attempt:
    day = {"status": status, "reason": "68 of 451 papers kept", "date": "2026-01-30"}
    return issue.Attempt({**day, "days": [day], "problem": None}, 0, RUN, AT)


def test_a_failure_opens_an_issue_named_by_its_cause(repository: Hub, github: GitHub) -> None:
    assert issue.follow(github, failed()) == "issue 1 opened"
    (made,) = repository.issues
    assert made["title"] == "Digest stopped: api.openai.com rejects the API key (HTTP 401)"
    assert "put a valid one into OPENAI" in made["body"]
    assert f"[The log of that run]({RUN})" in made["body"]
    assert "| Last try | 2026-01-30 06:43 UTC |" in made["body"]


def test_later_failures_update_the_issue(repository: Hub, github: GitHub) -> None:
    for _ in range(3):
        issue.follow(github, failed())
    other = failed("cs.LG: cannot read the feed: try again later", "feed_error", 4)
    assert issue.follow(github, other) == "issue 1 updated"
    (made,) = repository.issues
    assert made["title"] == "Digest stopped: cs.LG: cannot read the feed"
    assert "| Tries that failed | 4 |" in made["body"]
    assert repository.comments == []  # each would send a mail


@pytest.mark.parametrize("status", ["published", "unchanged"])
def test_the_next_digest_closes_it_and_says_so(
    repository: Hub, github: GitHub, status: str
) -> None:
    issue.follow(github, failed())
    assert issue.follow(github, ended(status)).startswith("issue 1 closed")
    assert (repository.issues[0]["state"], len(repository.comments)) == ("closed", 1)
    assert "68 of 451 papers kept" in repository.comments[0]["body"]
    issue.follow(github, failed())
    assert [i["state"] for i in repository.issues] == ["closed", "open"]
    assert "| Tries that failed | 1 |" in repository.issues[1]["body"]


@pytest.mark.parametrize("status", ["no_announcement", "not_set_up"])
def test_a_run_without_a_digest_changes_nothing(
    repository: Hub, github: GitHub, status: str
) -> None:
    issue.follow(github, failed())
    assert issue.follow(github, ended(status)).startswith("nothing to report")
    assert repository.issues[0]["state"] == "open"


def test_a_good_run_without_an_issue_writes_nothing(repository: Hub, github: GitHub) -> None:
    issue.follow(github, ended("published"))
    assert repository.requests == ["GET /issues"]


def test_the_cause_is_of_the_day_that_failed(github: GitHub, repository: Hub) -> None:
    days = [
        {"status": "waiting", "reason": "arXiv does not say yet", "date": "2026-01-28"},
        {"status": "outage", "reason": REJECTED, "date": "2026-01-29"},
        {"status": "published", "reason": "1 of 1 kept", "date": "2026-01-30"},
    ]
    report = {**days[2], "days": days, "problem": days[1]}
    issue.follow(github, issue.Attempt(report, 3, RUN, AT))
    assert "rejects the API key" in repository.issues[0]["title"]
    assert "| Day | 2026-01-29 |" in repository.issues[0]["body"]
    assert (
        "The newest digest, of 2026-01-30, is published nevertheless"
        in repository.issues[0]["body"]
    )
    assert "No digest is published" not in repository.issues[0]["body"]


def test_a_run_that_somebody_stopped_neither_opens_nor_closes_it(
    repository: Hub, github: GitHub
) -> None:
    stopped = failed("interrupted; run it again to go on", "interrupted", 130)
    assert issue.follow(github, stopped) == "nothing to report: somebody stopped this run"
    assert repository.requests == []


def test_a_run_stopped_late_ran_out_of_time(repository: Hub, github: GitHub) -> None:
    stopped = failed("interrupted; run it again to go on", "interrupted", 130)
    late = replace(stopped, report={**stopped.report, "seconds": 5_390.5})
    assert issue.follow(github, late) == "issue 1 opened"
    (made,) = repository.issues
    assert made["title"] == "Digest stopped: the run was stopped after 89 minutes"
    assert "ran out of time" in made["body"]


@pytest.mark.parametrize(
    ("reason", "named"),
    [
        ("config.yaml: categories: missing: a list of arXiv", "config.yaml: categories: missing"),
        ("my/own.yaml: scorer: found 'x'; allowed: llm", "my/own.yaml: scorer: found 'x'"),
    ],
)
def test_a_mistake_in_the_settings_is_named_whole(reason: str, named: str) -> None:
    assert issue.title(failed(reason, "config_error", 2)) == f"Digest stopped: {named}"


def test_two_digests_in_one_repository_have_an_issue_each(repository: Hub, github: GitHub) -> None:
    first, second = failed(), replace(failed(), config="b/--> @eve.yaml")
    assert issue.follow(github, first) == "issue 1 opened"
    assert issue.follow(github, second) == "issue 2 opened"
    assert issue.follow(github, second) == "issue 2 updated"
    assert repository.issues[1]["body"].count("-->") == 1
    assert "@eve" not in repository.issues[1]["body"]
    assert issue.follow(github, ended("published")).startswith("issue 1 closed")
    assert repository.issues[1]["state"] == "open"


@pytest.mark.parametrize(
    "planted",
    [
        {"user": {"login": "a-stranger"}, "author_association": "NONE"},
        {
            "user": {"login": "github-actions[bot]"},
            "author_association": "NONE",
            "pull_request": {},
        },
    ],
)
def test_an_issue_that_only_bears_the_mark_is_not_touched(
    repository: Hub, github: GitHub, planted: dict[str, Any]
) -> None:
    mark = issue.body(failed(), 1)
    repository.open("a-stranger", "x", mark, **planted)
    assert issue.follow(github, failed()) == "issue 2 opened"
    assert repository.issues[0]["title"] == "x"


def test_an_issue_that_the_owners_own_token_opened_is_found(
    repository: Hub, github: GitHub
) -> None:
    repository.author = {"user": {"login": "reader"}, "author_association": "OWNER"}
    issue.follow(github, failed())
    assert issue.follow(github, failed()) == "issue 1 updated"


def test_text_from_outside_obeys_nobody_in_an_issue(github: GitHub, repository: Hub) -> None:
    hostile = "cs.LG: <img src=x> @everyone fixes #1 `code` [x](http://e.example)\n::error::y"
    issue.follow(github, failed(hostile, "feed_error", 4))
    text = repository.issues[0]["title"] + repository.issues[0]["body"]
    assert "@everyone" not in text
    assert "#1" not in text
    assert "<img" not in repository.issues[0]["body"]
    assert "](http://e" not in repository.issues[0]["body"]
    assert len(repository.issues[0]["title"].splitlines()) == 1
    issue.follow(github, failed("word " * 10_000))
    assert len(repository.issues[0]["title"]) <= 121
    assert len(repository.issues[0]["body"]) < 10_000


# --- the command --------------------------------------------------------------------------------


@pytest.fixture
def actions(github: GitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "GITHUB_REPOSITORY": "reader/papers",
        "GITHUB_TOKEN": TOKEN,
        "GITHUB_API_URL": github.api,
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_RUN_ID": "7",
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
    }.items():
        monkeypatch.setenv(name, value)
    return tmp_path


def test_the_command_reads_the_last_line_of_the_report(
    actions: Path, repository: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    report = json.dumps(dict(failed().report))
    (actions / "report").write_text(f"something else\n{report}\n")
    assert main(["issue", "report", "--exit-code", "3", "--config", "physics/config.yaml"]) == 0
    assert "issue 1 opened" in capsys.readouterr().out
    assert RUN in repository.issues[0]["body"]
    assert "physics/config.yaml" in repository.issues[0]["body"]
    assert not (actions / "output").exists()  # those are the run's own
    assert not (actions / "summary").exists()


@pytest.mark.parametrize("written", [None, "not JSON\n"])
def test_without_a_report_the_run_was_killed(
    actions: Path, repository: Hub, written: str | None
) -> None:
    if written is not None:
        (actions / "report").write_text(written)
    assert main(["issue", "report", "--exit-code", ""]) == 0
    assert "without a report" in repository.issues[0]["title"]


@pytest.mark.parametrize(
    ("refusal", "remedy"),
    [
        ((403, "Resource not accessible by integration"), "permissions: issues: write"),
        ((410, "Issues are disabled for this repo"), "switch issues on"),
    ],
)
def test_a_refusal_of_githubs_is_explained_without_failing(
    actions: Path,
    repository: Hub,
    capsys: pytest.CaptureFixture[str],
    refusal: tuple[int, str],
    remedy: str,
) -> None:
    repository.refuses = refusal
    assert main(["issue", "report"]) == 0
    ended = capsys.readouterr()
    assert remedy in ended.out
    assert TOKEN not in ended.out + ended.err


def test_without_a_token_the_command_does_not_fail(
    actions: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for missing in ("GITHUB_REPOSITORY", "GITHUB_TOKEN"):
        monkeypatch.setenv(missing, "")
        assert main(["issue", "report"]) == 0
        assert "no issue tells of this: " in capsys.readouterr().out


def test_a_redirect_does_not_get_the_token(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/repos/reader/papers/issues").respond_with_data(
        "{}", 301, {"Location": httpserver.url_for("/elsewhere")}
    )
    github = GitHub(requests.Session(), "reader/papers", TOKEN, httpserver.url_for("").rstrip("/"))
    with pytest.raises(GitHubError, match="301"):
        github.ask("GET", "issues")
    assert len(httpserver.log) == 1
