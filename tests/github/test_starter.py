"""The repository that `digest init` begins, as GitHub runs its workflow: the action is this one."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from digest.cli.main import main
from tests.github.jobs import MORNING, ROOT, Machine, Repository
from tests.github.world import World
from tests.make import git

ACTION = "ada/preprint-digest"
ACTIONS = {ACTION: ROOT}
FIRST = "Digest 2026-01-30: 1 of 2 papers kept"


@pytest.fixture
def begun(installed: Machine, world: World, tmp_path: Path) -> Repository:
    """What `digest init` writes into an empty folder, pushed; of the settings, only where the feed
    and the model are is not as it wrote them."""
    made = Repository(installed, tmp_path / "begun", world._server.url_for(""))
    assert main(["init", str(made.clone), "--action", f"{ACTION}@v1"]) == 0
    made.edit({"config.yaml": world.config(f'llm: {{base_url: "{world.model.url}"}}\n')})
    return made


def test_the_first_run_commits_and_pushes_and_the_second_finds_the_day_done(
    begun: Repository, world: World
) -> None:
    ended = begun.run(actions=ACTIONS)
    assert ended.green, ended.log
    assert begun.digests == [FIRST]
    assert "1 of 2 papers kept" in ended.summary
    assert ended.annotations == []
    changed = git(begun.remote, "show", "--name-only", "--format=", "main").splitlines()
    assert changed
    assert all(name.startswith("docs/") for name in changed)
    asked = len(world.model.records)
    ended = begun.run(actions=ACTIONS, now=MORNING + timedelta(hours=2))
    assert ended.green, ended.log
    assert "unchanged" in ended.summary
    assert begun.digests == [FIRST]
    assert len(world.model.records) == asked


def test_what_it_scores_by_is_the_users_topics_and_the_actions_rubric(begun: Repository) -> None:
    begun.edit({"prompts/topics.md": "## Ocean heat\n\n- Relevant: eddies\n"})
    assert begun.run(actions=ACTIONS).green
    prompt = json.loads(begun.read("docs/data/2026/2026-01-30.json"))["prompt"]
    assert "## Ocean heat" in prompt["user"]
    rubric = (ROOT / "digest/scoring/prompts/scoring.md").read_text("utf-8")
    assert rubric[: rubric.index("{{")].strip() in prompt["user"]
    assert (
        prompt["system"] == (ROOT / "digest/scoring/prompts/system.md").read_text("utf-8").strip()
    )


def test_before_there_is_a_key_the_schedule_is_green_and_says_what_is_left_to_do(
    begun: Repository,
) -> None:
    begun.secrets.clear()
    ended = begun.run(actions=ACTIONS)
    assert ended.green, ended.log
    (warning,) = ended.annotated("warning")
    assert "no API key" in warning
    assert begun.digests == []
