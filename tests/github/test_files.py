"""What GitHub reads: the workflows and the action, as far as no linter looks."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from digest.core.calendar import EASTERN
from tests import make
from tests.github.jobs import ROOT

ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
DAILY, STARTER = (
    yaml.safe_load((ROOT / folder / ".github/workflows/daily.yml").read_text("utf-8"))
    for folder in ("", "digest/cli/starter")
)
SCRIPTS = {step["name"]: step["run"] for step in ACTION["runs"]["steps"] if "run" in step}


def crons(workflow: dict[Any, Any]) -> list[str]:
    return [slot["cron"] for slot in workflow[True]["schedule"]]  # YAML 1.1 reads `on` as true


def weekday_slots() -> list[time]:
    found = (re.fullmatch(r"(\d+) (\d+) \* \* 1-5", cron) for cron in crons(DAILY))
    return sorted(time(int(match[2]), int(match[1])) for match in found if match)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_of_the_action_passes_shellcheck(name: str) -> None:
    shellcheck = Path(sys.executable).with_name("shellcheck")
    done = subprocess.run(
        [shellcheck, "--shell=bash", "-"],
        input=SCRIPTS[name],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_no_script_of_the_action_holds_an_expression() -> None:
    assert not any("${{" in script for script in SCRIPTS.values())


def test_a_secret_reaches_only_the_steps_that_need_it() -> None:
    steps = ACTION["runs"]["steps"]

    def get(secret: str) -> list[str]:
        return [step["name"] for step in steps if f"inputs.{secret}" in str(step)]

    assert get("api-key") == ["Check the set-up", "Read, score and publish"]
    assert get("token") == ["Check the set-up", "Read the votes", "Open and close issues"]


def test_the_input_issue_switches_off_both_steps() -> None:
    steps = {step["name"]: step for step in ACTION["runs"]["steps"]}
    given = steps["Read the votes"]["env"]["GITHUB_TOKEN"]
    assert given == "${{ inputs.issue == 'true' && inputs.token || '' }}"
    assert "&& inputs.issue == 'true'" in steps["Open and close issues"]["if"]


def test_votes_are_read_before_the_run_and_saved() -> None:
    names = [step["name"] for step in ACTION["runs"]["steps"]]
    order = ["Read the votes", "Read, score and publish", "Open and close issues"]
    assert [name for name in names if name in order] == order
    assert names.index(order[-1]) < names.index("Compare the unfinished work")


def test_no_issue_starts_a_workflow() -> None:
    for path in ROOT.glob(".github/workflows/*.yml"):
        events = yaml.safe_load(path.read_text("utf-8"))[True]
        assert not {name for name in events if "issue" in name or "discussion" in name}
    assert "github.event" not in (ROOT / "action.yml").read_text("utf-8")


OPTIONS = [
    ({}, "run"),
    ({"PUSH": "true", "DRY_RUN": "true"}, "run --dry-run --push"),
    ({"LIMIT": "3", "PUSH": "true"}, "run --limit=3"),  # a trial is not pushed
    (
        {"DATE": "2026-01-30", "SCORER": "--push", "RESCORE": "true"},
        "run --scorer=--push --date=2026-01-30 --rescore",
    ),
    (
        {"SINCE": "$(x) y", "RESCORE": "true", "PUSH": "true"},
        "catch-up --since=$(x) y --rescore --push",
    ),
]


@pytest.mark.parametrize(("inputs", "command"), OPTIONS)
def test_each_input_becomes_one_option(
    tmp_path: Path, inputs: dict[str, str], command: str
) -> None:
    python = tmp_path / "preprint-digest/venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
    python.chmod(0o755)
    none = dict.fromkeys(("SCORER", "PUSH", "DATE", "SINCE", "RESCORE", "LIMIT", "DRY_RUN"), "")
    environment = {"PATH": os.environ["PATH"], "RUNNER_TEMP": str(tmp_path), "CONFIG": "a b"}
    subprocess.run(
        ["bash", "-e", "-c", SCRIPTS["Read, score and publish"]],
        env=environment | {"GITHUB_ACTION_PATH": str(ROOT)} | none | inputs,
        check=True,
    )
    arguments = (tmp_path / "preprint-digest/report.json").read_text().splitlines()
    name, *options = command.split(" --")
    assert arguments == [
        "-P",
        "-m",
        "digest",
        name,
        "--json",
        "--config=a b",
        *(f"--{o}" for o in options),
    ]


def test_a_run_by_hand_hands_on_each_of_its_inputs() -> None:
    (step,) = (s for s in DAILY["jobs"]["digest"]["steps"] if s["uses"] == "./")
    inputs = DAILY[True]["workflow_dispatch"]["inputs"]
    assert [name for name in inputs if f"inputs.{name} " not in step["with"][name]] == []


def test_who_cancels_the_job_interrupts_the_digest_itself(tmp_path: Path) -> None:
    python = tmp_path / "preprint-digest/venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(
        "#!/bin/sh\ntrap 'exit 130' INT\necho begun >&2\nwhile :; do sleep 0.1; done\n"
    )
    python.chmod(0o755)
    environment = {"PATH": os.environ["PATH"], "RUNNER_TEMP": str(tmp_path)}
    with subprocess.Popen(
        ["bash", "-e", "-o", "pipefail", "-c", SCRIPTS["Read, score and publish"] + "\n"],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr
        assert process.stderr.readline() == "begun\n"
        process.send_signal(signal.SIGINT)  # GitHub sends it to this one process
        assert process.wait(make.PATIENCE_S) == 130


@pytest.mark.parametrize("broken", ["-m venv", "-m pip"])
def test_a_failed_installation_is_an_error_annotation(tmp_path: Path, broken: str) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\ncase "$*" in *"{broken} "*) exit 7;; esac\n')
    python.chmod(0o755)
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHON": str(python),
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_ACTION_PATH": str(ROOT),
    }
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", SCRIPTS["Install the packages"]],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout.startswith("::error title=Preprint Digest::its packages could not be ")


def test_runs_wait_for_each_other_and_none_is_dropped() -> None:
    assert DAILY["concurrency"]["queue"] == "max"
    assert DAILY["concurrency"]["cancel-in-progress"] is False


def test_every_input_is_explained_and_optional() -> None:
    for entry in (*ACTION["inputs"].values(), *ACTION["outputs"].values()):
        assert entry["description"].endswith((".", "`"))
    assert all("default" in entry for entry in ACTION["inputs"].values())


@pytest.mark.parametrize("day", [date(2026, 1, 30), date(2026, 7, 30)], ids=["winter", "summer"])
def test_a_slot_follows_soon_after_the_feed_has_turned(day: date) -> None:
    turned = datetime.combine(day, time(), EASTERN)
    waits = [datetime.combine(day, slot, UTC) - turned for slot in weekday_slots()]
    assert any(timedelta(minutes=5) <= wait <= timedelta(minutes=30) for wait in waits)


def test_one_slot_is_late_and_none_on_the_hour() -> None:
    slots = weekday_slots()
    assert slots[-1] >= time(16)
    assert all(5 <= slot.minute <= 55 for slot in slots)


def test_the_starter_runs_when_a_fork_runs() -> None:
    assert crons(STARTER) == crons(DAILY)
    assert STARTER["concurrency"] == DAILY["concurrency"]


def test_the_manuals_workflow_is_the_starters_in_short() -> None:
    page = (ROOT / "manual/action.md").read_text("utf-8")
    shown = re.search(r"<!-- workflow -->\n```yaml\n# (\S+)\n(.*?)```", page, re.DOTALL)
    assert shown
    assert shown[1] == ".github/workflows/daily.yml"
    workflow = yaml.safe_load(shown[2])
    assert set(crons(workflow)) <= set(crons(STARTER))
    (job,), (starter,) = workflow["jobs"].values(), STARTER["jobs"].values()
    assert workflow["permissions"].items() <= starter["permissions"].items()
    assert workflow["concurrency"]["queue"] == STARTER["concurrency"]["queue"]
    (checkout, action), (starters_checkout, starters) = job["steps"], starter["steps"]
    assert checkout["uses"].partition("@")[0] == starters_checkout["uses"].partition("@")[0]
    assert action["uses"] == starters["uses"]
    assert action["with"].items() <= starters["with"].items()
