"""The daily workflow as a fork runs it: from the schedule's call to the push, to the issue."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.attacks import GITHUB
from tests.github.conftest import FirstJob
from tests.github.jobs import KEY, MORNING, Repository
from tests.github.world import A, B, C, World
from tests.make import git, paper
from tests.scoring.fake import Label
from tests.scoring.replies import Request, error, in_turn, payment_required

FIRST = "Digest 2026-01-30: 1 of 2 papers kept"
NEXT_DAY = date(2026, 2, 2)
NEXT_MORNING = MORNING + timedelta(days=3)
REJECTS = error(401, "Incorrect API key provided.", "invalid_api_key")
SHELL = (
    "$(touch pwned)",
    "`touch pwned`",
    "'; touch pwned; '",
    '"; touch pwned; "',
    "x\n--push\n::error::pwned",
    "--push",
)


def scorer_of_the_day(repository: Repository) -> str:
    """As it was pushed."""
    return str(json.loads(repository.read("docs/data/2026/2026-01-30.json"))["scorer"])


def was_pwned(repository: Repository) -> bool:
    return any(repository.folder.rglob("pwned*"))


# --- the slots of a day -----------------------------------------------------------------------


def test_the_first_run_installs_scores_commits_and_pushes(first_job: FirstJob) -> None:
    ended, repository = first_job.ended, first_job.repository
    assert ended.green, ended.log
    assert repository.digests == [FIRST]
    assert "1 of 2 papers kept" in ended.summary
    assert ended.annotations == []
    # One commit, of generated files only, and nothing left behind for later slots.
    changed = git(repository.remote, "show", "--name-only", "--format=", "main").splitlines()
    assert changed
    assert all(name.startswith("docs/") for name in changed)
    assert list(repository.cache.iterdir()) == []
    assert first_job.world.issues == []


def test_a_later_slot_finds_the_day_done_and_asks_the_model_nothing(
    repository: Repository, world: World
) -> None:
    assert repository.run().green
    asked = len(world.model.records)
    ended = repository.run(now=MORNING + timedelta(hours=2))
    assert ended.green
    assert "unchanged" in ended.summary
    assert repository.digests == [FIRST]
    assert len(world.model.records) == asked


def test_a_slot_after_the_feed_has_grown_completes_the_day(
    repository: Repository, world: World
) -> None:
    assert repository.run().green
    world.announce(A, B, C)
    assert repository.run(now=MORNING + timedelta(hours=2)).green
    assert repository.digests == [FIRST, "Digest 2026-01-30: 2 of 3 papers kept"]


def test_saturday_is_green_without_a_commit(repository: Repository) -> None:
    ended = repository.run(now=datetime(2026, 1, 31, 9, 29, tzinfo=UTC))
    assert ended.green
    assert "arXiv announces nothing on a Saturday" in ended.summary
    assert repository.digests == []


def test_the_day_after_a_holiday_is_green_without_a_commit(
    repository: Repository, world: World
) -> None:
    world.announce(day=date(2026, 1, 20))  # Monday was Martin Luther King Day
    ended = repository.run(now=datetime(2026, 1, 20, 6, 45, tzinfo=UTC))
    assert ended.green, ended.log
    assert "Martin Luther King" in ended.summary
    assert repository.digests == []


# --- what can go wrong ------------------------------------------------------------------------


def test_a_rejected_key_is_red_and_one_issue_says_so_until_the_next_digest(
    repository: Repository, world: World
) -> None:
    world.model.respond = REJECTS
    ended = repository.run()
    assert not ended.green
    assert ended.steps["Read, score and publish"] == "failure"
    assert ended.steps["Open or close the issue about an outage"] == "success"
    assert any("rejects the API key" in message for message in ended.annotated("error"))
    assert repository.digests == []
    (issue,) = world.issues
    assert issue["title"].startswith("Digest stopped: ")
    assert "rejects the API key" in issue["title"]
    assert KEY not in json.dumps(issue)

    assert not repository.run().green
    assert [issue["state"] for issue in world.issues] == ["open"]

    world.model.respond = None
    assert repository.run().green
    assert [issue["state"] for issue in world.issues] == ["closed"]
    assert repository.digests == [FIRST]


def test_without_permission_to_write_issues_the_log_still_says_everything(
    repository: Repository, world: World
) -> None:
    world.model.respond = REJECTS
    world.token_may_write_issues = False
    ended = repository.run()
    assert not ended.green
    assert ended.steps["Open or close the issue about an outage"] == "success"
    assert "rejects the API key" in ended.log
    assert "issues: write" in ended.log


def test_before_anything_is_set_up_the_schedule_is_green_with_a_warning(
    repository: Repository, world: World
) -> None:
    repository.secrets["OPENAI_API_KEY"] = ""
    ended = repository.run()
    assert ended.green, ended.log
    (warning,) = ended.annotated("warning")
    assert "OPENAI_API_KEY" in warning
    assert world.issues == []
    by_hand = repository.run("workflow_dispatch")
    assert not by_hand.green
    assert any("OPENAI_API_KEY" in message for message in by_hand.annotated("error"))


def test_what_an_outage_left_unfinished_waits_in_the_cache_for_the_next_day(
    repository: Repository, world: World
) -> None:
    repository.edit({"config.yaml": world.config("llm: {batch_size: 1, concurrency: 1}")})
    world.announce(A, B)
    world.model.respond = in_turn(None, payment_required())
    assert not repository.run().green
    paid = set(world.model.answered)
    assert len(paid) == 1
    assert repository.digests == []

    world.announce(C, day=NEXT_DAY)
    ended = repository.run(now=NEXT_MORNING)
    assert ended.green, ended.log
    assert repository.digests == [FIRST, f"Digest {NEXT_DAY}: 1 of 1 papers kept"]
    assert set(world.model.answered.values()) == {1}, "an answer was paid for twice"

    ended = repository.run(now=NEXT_MORNING)  # what is done does not come back
    assert "2026-01-30" not in ended.summary
    assert ended.green


def test_a_push_that_loses_a_race_goes_on_top_of_the_other_one(
    repository: Repository, world: World
) -> None:
    def meanwhile(request: Request) -> None:
        if request.number == 0:
            repository.edit({"notes.txt": "written while the papers were scored\n"})

    world.model.respond = meanwhile
    ended = repository.run()
    assert ended.green, ended.log
    assert "somebody else pushed first" in ended.log
    assert repository.digests == [FIRST]
    assert repository.read("notes.txt").startswith("written while")


def test_a_push_that_is_refused_is_red_and_nothing_is_paid_for_twice(
    repository: Repository, world: World
) -> None:
    hook = repository.remote / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho 'GH006: Protected branch update failed' >&2\nexit 1\n")
    hook.chmod(0o755)
    ended = repository.run()
    assert not ended.green
    assert "Digest stopped: " in world.issues[0]["title"]
    hook.unlink()
    ended = repository.run()
    assert ended.green, ended.log
    assert repository.digests == [FIRST]
    assert set(world.model.answered.values()) == {1}


# --- by hand ----------------------------------------------------------------------------------


def test_a_dry_run_by_hand_says_what_it_would_cost_and_changes_nothing(
    repository: Repository, world: World
) -> None:
    ended = repository.run("workflow_dispatch", dry_run="true")
    assert ended.green, ended.log
    assert "planned" in ended.summary
    assert (world.model.records, world.asked_of_github, repository.digests) == ([], [], [])


def test_a_limit_by_hand_scores_so_many_papers_and_commits_nothing(
    repository: Repository, world: World
) -> None:
    ended = repository.run("workflow_dispatch", limit="1")
    assert ended.green, ended.log
    assert sum(world.model.answered.values()) == 1
    assert (world.asked_of_github, repository.digests) == ([], [])


def test_a_day_is_scored_anew_by_hand_and_by_the_scorer_that_is_asked_for(
    repository: Repository, world: World
) -> None:
    at_noon = MORNING + timedelta(days=1)  # Saturday: the date says which day is meant
    ended = repository.run("workflow_dispatch", now=at_noon, date="2026-01-30", scorer="offline")
    assert ended.green, ended.log
    assert scorer_of_the_day(repository) == "offline"
    assert world.asked_of_github == []  # of the outage of today, if there is one, it tells nothing
    assert world.model.records == []
    assert repository.run("workflow_dispatch", date="2026-01-30").green
    assert scorer_of_the_day(repository) == "llm"
    world.model.labels = {A.id: Label(relevance=1, novelty=1, topic="none", comment="")}
    ended = repository.run("workflow_dispatch", rescore="true")
    assert ended.green, ended.log
    assert repository.digests[-1] == "Digest 2026-01-30: 0 of 2 papers kept"


def test_missed_days_are_asked_for_by_hand(repository: Repository, world: World) -> None:
    ended = repository.run("workflow_dispatch", since="2026-02-05")
    assert not ended.green
    (error,) = ended.annotated("error")
    assert "no past announcement day" in error
    assert repository.run("workflow_dispatch").green
    ended = repository.run("workflow_dispatch", since="2026-01-30", now=NEXT_MORNING)
    assert ended.green, ended.log
    assert repository.digests == [FIRST]


def test_a_model_is_chosen_by_a_variable_without_an_edit(
    repository: Repository, world: World
) -> None:
    repository.variables["OPENAI_MODEL"] = "gpt-6-sol"
    assert repository.run().green
    assert {record.body["model"] for record in world.model.records} == {"gpt-6-sol"}


def test_the_doctor_looks_at_everything_by_hand_and_makes_no_digest(
    repository: Repository, world: World
) -> None:
    run = {"created_at": "2026-01-29T16:50:00Z", "conclusion": "success"}
    world.repository = {
        "": {"size": 1000, "archived": False},
        "/pages": {"source": {"branch": "main", "path": "/docs"}, "build_type": "legacy"},
        "/actions/workflows/daily.yml": {"state": "active"},
        "/actions/workflows/daily.yml/runs": {"workflow_runs": [run]},
        "/actions/permissions": {"enabled": True, "allowed_actions": "all"},
        "/actions/permissions/workflow": {"default_workflow_permissions": "read"},
        "/branches/main": {"protected": False},
    }
    ended = repository.run("workflow_dispatch", doctor="true")
    assert ended.green, ended.log
    assert "last ran 2026-01-29 16:50 UTC" in ended.log
    world.model.respond = REJECTS
    ended = repository.run("workflow_dispatch", doctor="true")
    assert not ended.green
    assert any("rejects the API key" in message for message in ended.annotated("error"))
    assert (world.issues, repository.digests) == ([], [])


# --- text from outside ------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["\n".join(SHELL), "--push"], ids=["commands", "an option"])
def test_a_hostile_input_is_a_wrong_value_and_no_command(
    repository: Repository, world: World, text: str
) -> None:
    ended = repository.run("workflow_dispatch", date=text, limit=text)
    assert not ended.green
    (error,) = ended.annotated("error")
    assert error.startswith("argument --date: ")
    assert not was_pwned(repository)
    assert (world.asked_of_github, repository.digests) == ([], [])


def test_hostile_titles_run_no_command_and_leave_no_annotation(
    repository: Repository, world: World
) -> None:
    titles = [*SHELL, *(text for text in GITHUB if "***" not in text)]
    papers = [paper(f"2601.{n:05}", title=title) for n, title in enumerate(titles, start=1)]
    world.announce(*papers)
    seen = "Architecture"
    world.model.labels = {
        p.id: Label(relevance=9, novelty=9, topic=seen, comment=p.title) for p in papers
    }
    ended = repository.run()
    assert ended.green, ended.log
    assert ended.annotations == []
    assert not was_pwned(repository)
    assert repository.digests == [f"Digest 2026-01-30: {len(papers)} of {len(papers)} papers kept"]
