"""The action as others use it: in CI, with wrong inputs, and in a repository that is no fork."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from digest.cli.main import main
from tests.github.jobs import ROOT, Machine, Repository
from tests.github.world import World

HERE = {"uses": "./"}
ELSEWHERE = {"uses": "owner/preprint-digest@v1"}
CHECKOUT: dict[str, Any] = {"uses": "actions/checkout@v7"}
TEST = ".github/workflows/test.yml"


def with_inputs(action: dict[str, str], **inputs: str) -> dict[str, Any]:
    """A step that uses the action. An input's `-` is `_` here."""
    given = {name.replace("_", "-"): value for name, value in inputs.items()}
    return {**action, "with": given, "continue-on-error": True}


def workflow(*steps: dict[str, Any]) -> str:
    """One that is started by hand, as JSON, which is YAML too."""
    jobs = {"digest": {"runs-on": "ubuntu-latest", "steps": steps}}
    return json.dumps({"on": "workflow_dispatch", "jobs": jobs}, indent=1)


IMPOSSIBLE = {
    "doctor makes no digest: leave out": {"doctor": "true", "dry_run": "true"},
    "doctor makes no digest: leave out date": {"doctor": "true", "date": "2026-01-30"},
    "since makes whole days": {"since": "2026-01-26", "limit": "3", "push": "false"},
    "limit with rescore would throw scores away": {"limit": "3", "rescore": "true"},
    "nothing can be pushed: add push: false": {"limit": "3"},
    "there is no file 'nowhere.yaml'": {"config": "nowhere.yaml"},
    "there is no file 'docs": {"config": "docs\n::error::pwned"},
    "the input dry-run is 'yes': write true or false": {"dry_run": "yes"},
    "the input push is '100%': write true or false": {"push": "100%"},
    "the input scorer is '--push': write llm or offline": {"scorer": "--push"},
    "the input scorer is '$(touch pwned)`touch pwned`'": {"scorer": "$(touch pwned)`touch pwned`"},
}


def test_a_bad_combination_of_inputs_has_a_remedy(repository: Repository) -> None:
    published = {"owner/preprint-digest": repository.clone}
    before_checkout = with_inputs(ELSEWHERE)
    steps = [with_inputs(HERE, **inputs) for inputs in IMPOSSIBLE.values()]
    repository.edit({TEST: workflow(before_checkout, CHECKOUT, *steps)})
    ended = repository.run("workflow_dispatch", workflow="test.yml", actions=published)
    remedies = ["put a step with actions/checkout before this one", *IMPOSSIBLE]
    for remedy, error in zip(remedies, ended.annotated("error"), strict=True):
        assert remedy in error
    assert "Set up Python" not in ended.steps  # reported before anything is spent
    assert not any(repository.folder.rglob("pwned*"))


def test_a_starter_repository_has_digests_by_its_topics(
    machine: Machine, world: World, tmp_path: Path
) -> None:
    own = Repository(machine, tmp_path / "own", world.github)
    assert main(["init", str(own.clone), "--action", "ada/preprint-digest@v1"]) == 0
    trap = "raise SystemExit('a file of the repository was imported')\n"
    own.edit(
        {
            "config.yaml": world.config(f'llm: {{base_url: "{world.model.url}"}}\n'),
            "prompts/topics.md": "## Ocean heat\n\n- Relevant: eddies\n",
            **{f"{name}.py": trap for name in ("digest", "json", "yaml", "venv", "pip")},
        }
    )
    ended = own.run(actions={"ada/preprint-digest": ROOT})
    assert ended.green, ended.log
    assert ended.annotations == []
    assert "was imported" not in ended.log
    assert own.digests == ["Digest 2026-01-30: 1 of 2 papers kept"]
    assert list(own.cache.iterdir()) == []  # nothing is unfinished
    prompt = json.loads(own.read("docs/data/2026/2026-01-30.json"))["prompt"]
    assert "## Ocean heat" in prompt["user"]
    prompts = ROOT / "digest/scoring/prompts"
    rubric = (prompts / "scoring.md").read_text("utf-8")
    assert rubric[: rubric.index("{{")].strip() in prompt["user"]
    assert prompt["system"] == (prompts / "system.md").read_text("utf-8").strip()
