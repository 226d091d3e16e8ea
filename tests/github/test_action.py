"""The action as others use it: in CI, with wrong inputs, and in a repository that is no fork."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.github.jobs import PRODUCT, ROOT, Machine, Repository
from tests.github.world import A, World
from tests.scoring import replies

HERE = {"uses": "./"}
ELSEWHERE = {"uses": "owner/preprint-digest@v1"}
CHECKOUT: dict[str, Any] = {"uses": "actions/checkout@v7"}
TEST = ".github/workflows/test.yml"
REJECTS = replies.error(401, "Incorrect API key provided.", "invalid_api_key")


def with_inputs(action: dict[str, str], **inputs: str) -> dict[str, Any]:
    """A step that uses the action. An input's `-` is `_` here."""
    given = {name.replace("_", "-"): value for name, value in inputs.items()}
    return {**action, "with": given, "continue-on-error": True}


def workflow(*steps: dict[str, Any]) -> str:
    """One that is started by hand, as JSON, which is YAML too."""
    jobs = {"digest": {"runs-on": "ubuntu-latest", "steps": steps}}
    return json.dumps({"on": "workflow_dispatch", "jobs": jobs}, indent=1)


def test_the_job_that_tests_the_action_in_ci_passes(machine: Machine, tmp_path: Path) -> None:
    repository = Repository(machine, tmp_path / "upstream", "http://127.0.0.1:9")
    for name in (*PRODUCT, "tests/github/project", "tests/github/outputs.py"):
        source, target = ROOT / name, repository.clone / name
        target.parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if source.is_dir() else shutil.copyfile
        copy(source, target)
    repository.edit()
    ended = repository.run("pull_request", workflow="ci.yml", job="action")
    assert ended.green, ended.log
    assert ended.steps["Ask for what cannot be"] == "failure"


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
    steps = [with_inputs(HERE, **inputs) for inputs in IMPOSSIBLE.values()]
    repository.edit({TEST: workflow(CHECKOUT, *steps)})
    ended = repository.run("workflow_dispatch", workflow="test.yml")
    for said, error in zip(IMPOSSIBLE, ended.annotated("error"), strict=True):
        assert said in error
    assert "Set up Python" not in ended.steps  # said before anything is spent
    assert not any(repository.folder.rglob("pwned*"))


def test_a_job_without_checkout_is_told_to_have_one(repository: Repository) -> None:
    published = {"owner/preprint-digest": repository.clone}
    repository.edit({TEST: workflow(with_inputs(ELSEWHERE))})
    ended = repository.run("workflow_dispatch", workflow="test.yml", actions=published)
    (error,) = ended.annotated("error")
    assert "put a step with actions/checkout before this one" in error


@pytest.fixture
def own(repository: Repository, world: World, tmp_path: Path) -> Repository:
    """A repository that is no fork: settings, topics and a workflow; hostile file names too."""
    own = Repository(repository.machine, tmp_path / "own", repository.github, repository.variables)
    step = with_inputs(
        ELSEWHERE,
        config="arxiv/config.yaml",
        api_key="${{ secrets.OPENAI_API_KEY }}",
        base_url="${{ vars.OPENAI_BASE_URL }}",
    )
    trap = "raise SystemExit('a file of the repository was imported')\n"
    own.edit(
        {
            "arxiv/config.yaml": world.config(),
            "arxiv/prompts/topics.md": (ROOT / "prompts/topics.md").read_text(),
            TEST: workflow(CHECKOUT, step),
            **{f"{name}.py": trap for name in ("digest", "json", "yaml", "venv", "pip")},
        }
    )
    return own


def test_a_repository_of_ones_own_has_digests_and_an_issue(
    own: Repository, repository: Repository, world: World
) -> None:
    published = {"owner/preprint-digest": repository.clone}
    world.model.respond = REJECTS
    own.run("workflow_dispatch", workflow="test.yml", actions=published)
    (issue,) = world.issues
    assert "rejects the API key" in issue["title"]
    assert "| Settings | arxiv/config.yaml |" in issue["body"]
    world.model.respond = None
    ended = own.run("workflow_dispatch", workflow="test.yml", actions=published)
    assert ended.green, ended.log
    assert issue["state"] == "closed"
    assert "was imported" not in ended.log
    assert own.digests == ["Digest 2026-01-30: 1 of 2 papers kept"]
    assert A.title in own.read("arxiv/docs/latest.md")
