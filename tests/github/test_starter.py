"""A repository that uses the action: begun by `digest init`, or by hand as the README shows it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from digest.cli.main import main
from tests.github.jobs import ROOT, Machine, Repository
from tests.github.world import World

TOPICS = "## Ocean heat\n\n- Relevant: eddies\n"


def by_init(repository: Repository) -> None:
    assert main(["init", str(repository.clone), "--action", "ada/preprint-digest@v1"]) == 0


def by_the_manual(repository: Repository) -> None:
    page = (ROOT / "manual/action.md").read_text(encoding="utf-8")
    shown = re.search(r"<!-- workflow -->\n```yaml\n# (\S+)\n(.*?)```", page, re.DOTALL)
    assert shown is not None
    repository.edit({shown[1]: shown[2].replace("OWNER/", "ada/")})


@pytest.mark.parametrize("begin", [by_init, by_the_manual])
def test_its_first_run_scores_by_the_users_topics(
    machine: Machine, world: World, tmp_path: Path, begin: Callable[[Repository], None]
) -> None:
    own = Repository(machine, tmp_path / "own", world.github)
    begin(own)
    settings = world.config(f'llm: {{base_url: "{world.model.url}"}}\n')
    own.edit({"config.yaml": settings, "prompts/topics.md": TOPICS})
    ended = own.run(actions={"ada/preprint-digest": ROOT})
    assert ended.green, ended.log
    assert own.digests == ["Digest 2026-01-30: 1 of 2 papers kept"]
    assert ended.annotations == []
    prompt = json.loads(own.read("docs/data/2026/2026-01-30.json"))["prompt"]
    assert "## Ocean heat" in prompt["user"]
    prompts = ROOT / "digest/scoring/prompts"
    rubric = (prompts / "scoring.md").read_text("utf-8")
    assert rubric[: rubric.index("{{")].strip() in prompt["user"]
    assert prompt["system"] == (prompts / "system.md").read_text("utf-8").strip()
