"""The workflow that the manual shows, as GitHub runs it."""

import re
from pathlib import Path

from tests.github.jobs import MORNING, ROOT, Machine, Repository
from tests.github.world import World

ACTIONS = {"OWNER/preprint-digest": ROOT}


def test_the_workflow_that_the_manual_shows_makes_a_digest(
    installed: Machine, world: World, tmp_path: Path
) -> None:
    page = (ROOT / "manual/action.md").read_text(encoding="utf-8")
    shown = re.search(r"<!-- workflow -->\n```yaml\n# (\S+)\n(.*?)```", page, re.DOTALL)
    assert shown is not None
    made = Repository(installed, tmp_path / "own", world._server.url_for(""))
    path, workflow = shown.groups()
    topics = (ROOT / "prompts/topics.md").read_text(encoding="utf-8")
    settings = world.config(f'llm: {{base_url: "{world.model.url}"}}\n')
    made.edit({path: workflow, "config.yaml": settings, "prompts/topics.md": topics})
    ended = made.run(actions=ACTIONS, now=MORNING)
    assert ended.green, ended.log
    assert made.digests == ["Digest 2026-01-30: 1 of 2 papers kept"]
