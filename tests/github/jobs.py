"""Jobs of GitHub Actions, executed on this machine by the workflow runner that lies beside the
repository: real steps, real git remote, stubs for the three actions of GitHub's own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.make import git

ROOT = Path(__file__).parents[2]
RUNNER = ROOT.parent / "shared/tools/run-workflow/run-workflow"
PRODUCT = (".github/workflows", ".gitignore", "action.yml", "digest", "prompts", "requirements.txt")
KEY = "sk-test-0123456789abcdef"
MORNING = datetime(2026, 1, 30, 6, 45, tzinfo=UTC)

# What the runner cannot know: another time, and a GitHub of our own. A .pth file has Python import
# it at its start; a sitecustomize.py would stand behind the one that Debian's Python has.
ELSEWHERE = """
import os
from datetime import datetime
import time_machine
time_machine.travel(datetime.fromisoformat(os.environ["TEST_NOW"])).start()
os.environ["GITHUB_API_URL"] = os.environ["TEST_GITHUB_API"]
"""

CHECKOUT = """
inputs:
  ref: {default: "${{ github.ref }}"}
  persist-credentials: {default: "true"}
runs:
  using: composite
  steps:
    - shell: bash
      env: {REF: "${{ inputs.ref }}"}
      run: |
        branch=${REF#refs/heads/}
        git init --quiet .
        git remote add origin https://github.com/local/repo
        git fetch --quiet --depth=1 origin "+$REF:refs/remotes/origin/$branch"
        git checkout --quiet --force -B "$branch" "refs/remotes/origin/$branch"
"""

SETUP_PYTHON = """
inputs:
  python-version: {{}}
  update-environment: {{}}
outputs:
  python-path: {{value: "{python}"}}
  python-version: {{value: "3"}}
runs:
  using: composite
  steps: [{{shell: bash, run: ":"}}]
"""

# As GitHub's: what is saved never changes, the newest with the prefix is restored. The runner
# gives every run the same id, so a number makes up for it.
RESTORE = """
inputs: {{path: {{}}, key: {{}}, restore-keys: {{}}}}
runs:
  using: composite
  steps:
    - shell: bash
      env: {{PREFIX: "${{{{ inputs.restore-keys }}}}"}}
      run: |
        newest=$(find {store} -name "$PREFIX*" | sort | tail -n 1)
        if [ -n "$newest" ]; then tar -x -f "$newest"; echo "restored $newest"; fi
"""
SAVE = """
inputs: {{path: {{}}, key: {{}}}}
runs:
  using: composite
  steps:
    - shell: bash
      env: {{FOLDER: "${{{{ inputs.path }}}}", KEY: "${{{{ inputs.key }}}}"}}
      run: tar -c -f "{store}/$KEY.$(ls {store} | wc -l)" "$FOLDER"
"""
CACHE = """
inputs: {path: {}, key: {}}
runs: {using: composite, steps: [{shell: bash, run: ":"}]}
"""

# The Python that setup-python has found. In place of an environment of its own, each job gets one
# that borrows the packages of this process: CI installs them in earnest.
PYTHON = """#!/bin/sh
case "$*" in
"-P -m venv --without-pip "*) exec ln -s {environment} "$5" ;;
"-P -m pip "*) ;;
*) exec {python} "$@" ;;
esac
"""


@dataclass(frozen=True)
class Ended:
    """A job that has ended, as GitHub's page of it would show it."""

    green: bool
    log: str
    summary: str
    annotations: list[tuple[str, str]]
    steps: dict[str, str]  # name: outcome

    def annotated(self, level: str) -> list[str]:
        return [message for its_level, message in self.annotations if its_level == level]


@dataclass(frozen=True)
class Machine:
    """Where jobs run: stubs of GitHub's own actions, and one environment for all."""

    folder: Path

    @classmethod
    def at(cls, folder: Path) -> Machine:
        environment, python = folder / "venv", folder / "python"
        venv.create(environment)
        (packages,) = environment.glob("lib/python3.*/site-packages")
        (packages / "elsewhere.py").write_text(ELSEWHERE)
        (packages / "elsewhere.pth").write_text(
            f"{sysconfig.get_path('purelib')}\nimport elsewhere\n"
        )
        python.write_text(PYTHON.format(python=sys.executable, environment=environment))
        python.chmod(0o755)
        return cls(folder)

    def stubs(self, folder: Path, store: Path) -> dict[str, Path]:
        """The stubs of GitHub's actions, written into `folder`; what is cached lies in `store`."""
        store.mkdir(parents=True, exist_ok=True)
        texts = {
            "checkout": CHECKOUT,
            "setup-python": SETUP_PYTHON.format(python=self.folder / "python"),
            "cache": CACHE,
            "cache/restore": RESTORE.format(store=store),
            "cache/save": SAVE.format(store=store),
        }
        for name, text in texts.items():
            place = folder / name / "action.yml"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(f"name: {name}\ndescription: A stub.\n{text}")
        return {f"actions/{name}": folder / name for name in texts if "/" not in name}


@dataclass
class Repository:
    """Somebody's repository on GitHub, and the runs of its workflows."""

    machine: Machine
    folder: Path
    github: str  # the address of its REST API
    variables: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=lambda: {"OPENAI_API_KEY": KEY})
    runs: int = 0

    def __post_init__(self) -> None:
        self.folder.mkdir()
        git(self.folder, "init", "--quiet", "--bare", "--initial-branch=main", str(self.remote))
        git(self.folder, "clone", "--quiet", self.remote.as_uri(), str(self.clone))

    @property
    def remote(self) -> Path:
        return self.folder / "remote.git"

    @property
    def clone(self) -> Path:
        return self.folder / "clone"

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    def edit(self, files: Mapping[str, str] | None = None) -> None:
        """What its owner does by hand: files written, committed and pushed."""
        if git(self.remote, "branch"):
            git(self.clone, "pull", "--quiet", "--rebase")
        for name, text in (files or {}).items():
            (self.clone / name).parent.mkdir(parents=True, exist_ok=True)
            (self.clone / name).write_text(text)
        git(self.clone, "add", "--all")
        git(self.clone, "commit", "--quiet", "--message", "By hand")
        git(self.clone, "push", "--quiet", "origin", "HEAD:main")

    @property
    def digests(self) -> list[str]:
        """The subjects of the commits that the bot has pushed, oldest first."""
        subjects = git(self.remote, "log", "--reverse", "--format=%an: %s", "main").splitlines()
        bot = "github-actions[bot]: "
        return [subject.removeprefix(bot) for subject in subjects if subject.startswith(bot)]

    def read(self, name: str) -> str:
        """A file of the newest commit."""
        return git(self.remote, "show", f"main:{name}")

    def run(
        self,
        event: str = "schedule",
        *,
        now: datetime = MORNING,
        workflow: str = "daily.yml",
        job: str = "digest",
        actions: dict[str, Path] | None = None,
        **inputs: str,
    ) -> Ended:
        """One run of a workflow on the newest commit. An input's `-` is `_` here.

        `actions`: others that it uses, and where they lie.
        """
        self.runs += 1
        folder = self.folder / f"run-{self.runs}"
        stubs = self.machine.stubs(self.folder / "actions", self.cache)
        options = [
            ("repo", str(self.clone)),
            ("workflow", f".github/workflows/{workflow}"),
            ("job", job),
            ("event", event),
            ("git-url", self.remote.as_uri()),
            ("out", str(folder)),
            ("env-pass", "TEST_NOW"),
            ("env-pass", "TEST_GITHUB_API"),
            *(("secret", f"{name}={value}") for name, value in self.secrets.items()),
            *(("var", f"{name}={value}") for name, value in self.variables.items()),
            *(("input", f"{name.replace('_', '-')}={value}") for name, value in inputs.items()),
            *(("action", f"{name}={place}") for name, place in (stubs | (actions or {})).items()),
        ]
        done = subprocess.run(
            [str(RUNNER), *(text for name, value in options for text in (f"--{name}", value))],
            env=os.environ | {"TEST_NOW": now.isoformat(), "TEST_GITHUB_API": self.github},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode in (0, 1), done.stdout + done.stderr
        result: dict[str, Any] = json.loads((folder / job / "result.json").read_text())
        ended = Ended(
            done.returncode == 0,
            done.stdout,
            (folder / job / "summary.md").read_text(),
            [(note["level"], note["message"]) for note in result["annotations"]],
            {step["label"]: step["outcome"] for step in result["timeline"]},
        )
        # The log shows *** where it would show a secret: none was ever about to be shown.
        assert "***" not in ended.log, ended.log
        assert not any(s and s in ended.summary for s in self.secrets.values())
        return ended


def fork(machine: Machine, folder: Path, github: str, config: str) -> Repository:
    """A fork of this repository, with its owner's settings."""
    made = Repository(machine, folder, github)
    for name in PRODUCT:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, made.clone / name, ignore=ignored)
        else:
            shutil.copyfile(ROOT / name, made.clone / name)
    made.edit({"config.yaml": config})
    return made
