"""The daily workflow as a fork runs it: from the schedule's call to the push, to the issue."""

from __future__ import annotations

import json
from datetime import date, timedelta

from tests.attacks import GITHUB
from tests.github.jobs import KEY, MORNING, Repository
from tests.github.world import LABELS, World
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


def was_pwned(repository: Repository) -> bool:
    return any(repository.folder.rglob("pwned*"))


def test_an_outage_is_red_and_the_next_run_makes_good(repository: Repository, world: World) -> None:
    settings = "llm: {batch_size: 1, concurrency: 1}\nfeedback: {issue: true}"
    repository.edit({"config.yaml": world.config(settings)})
    repository.variables["OPENAI_MODEL"] = "gpt-6-sol"
    world.model.respond = in_turn(None, payment_required())
    ended = repository.run()
    assert not ended.green
    assert ended.steps["Read, score and publish"] == "failure"
    assert ended.steps["Open and close issues"] == "success"
    (issue,) = world.hub.issues
    assert issue["title"].startswith("Digest stopped: ")
    assert KEY not in json.dumps(issue)
    assert len(world.model.answered) == 1  # it waits in the cache
    assert repository.digests == []

    # The next day has hostile titles, and somebody pushes while its papers are scored.
    titles = [*SHELL, *(text for text in GITHUB if "***" not in text)]
    papers = [paper(f"2602.{n:05}", title=title) for n, title in enumerate(titles, start=1)]
    world.announce(*papers, day=NEXT_DAY)
    world.model.labels = LABELS | {
        p.id: Label(relevance=9, novelty=9, topic="Architecture", comment=p.title) for p in papers
    }
    pushes = iter([{"notes.txt": "written while the papers were scored\n"}])

    def meanwhile(request: Request) -> None:
        for files in pushes:
            repository.edit(files)

    world.model.respond = meanwhile
    world.hub.now = NEXT_MORNING
    ended = repository.run(now=NEXT_MORNING)
    assert ended.green, ended.log
    ((_, warning),) = ended.annotations
    assert warning.startswith("2026-01-30: Made on Monday")
    assert not was_pwned(repository)
    second = f"{len(papers)} of {len(papers)} papers kept"
    assert second in ended.summary
    assert repository.digests == [FIRST, f"Digest {NEXT_DAY}: {second}"]
    assert set(world.model.answered.values()) == {1}  # nothing is paid twice
    assert {record.body["model"] for record in world.model.records} == {"gpt-6-sol"}
    assert "somebody else pushed first" in ended.log
    assert repository.read("notes.txt").startswith("written while")
    changed = git(repository.remote, "show", "--name-only", "--format=", "main").splitlines()
    assert changed
    assert all(name.startswith("docs/") for name in changed)
    outage, daily = world.hub.issues
    assert outage["state"] == "closed"
    assert daily["title"] == f"Digest {NEXT_DAY}: {second}"
    assert (daily["state"], daily["locked"]) == ("open", True)

    # The reader ticks a box. A later slot reads it, keeps it, and publishes nothing.
    world.hub.tick(daily["number"], papers[0].id)
    published = git(repository.remote, "rev-parse", "main")
    ended = repository.run(now=NEXT_MORNING + timedelta(hours=2))
    assert ended.green, ended.log
    assert "1 daily issue: 1 box ticked" in ended.log
    assert not was_pwned(repository)
    assert git(repository.remote, "rev-parse", "main") == published
    assert world.hub.issues == [outage, daily]


# --- by hand: which options a step gets, test_files.py says -------------------------------------


def test_the_doctor_checks_everything_and_makes_no_digest(
    repository: Repository, world: World
) -> None:
    run = {"created_at": "2026-01-29T16:50:00Z", "conclusion": "success"}
    world.hub.answers = {
        "": {"size": 1000, "archived": False},
        "/pages": {"source": {"branch": "main", "path": "/docs"}, "build_type": "legacy"},
        "/actions/workflows/daily.yml": {"state": "active"},
        "/actions/workflows/daily.yml/runs": {"workflow_runs": [run]},
        "/actions/permissions": {"enabled": True, "allowed_actions": "all"},
        "/actions/permissions/workflow": {"default_workflow_permissions": "read"},
        "/branches/main": {"protected": False},
    }
    world.model.respond = REJECTS
    ended = repository.run("workflow_dispatch", doctor="true")
    assert not ended.green
    assert "last ran 2026-01-29 16:50 UTC" in ended.log
    (error,) = ended.annotated("error")
    assert "rejects the API key" in error
    assert (world.hub.issues, repository.digests) == ([], [])
