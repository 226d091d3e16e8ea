"""The world's clock, its model, its git remote and the runner that GitHub lends the bot.

`World.live` starts the bot in every slot of the schedule and stops at each week's end, for somebody
to look at what has been pushed.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from typing import Any, Self
from unittest import mock

import time_machine

from digest.cli.main import main
from tests.make import git
from tests.scoring import replies
from tests.scoring.fake import Fake
from tests.simulator.arxiv import Arxiv
from tests.simulator.faults import Faults, Rates
from tests.simulator.reader import Reader
from tests.simulator.schedule import Slot, slots
from tests.simulator.truth import SMALL, Truth

CATEGORIES = ("cs.LG", "cs.AI", SMALL)
SETUP_S = 40  # that a runner takes before the bot starts
_TOPICS = "## Matter\n\n- Relevant: sparse attention, memory, routing\n"
_HOOK = """#!/bin/sh
if [ -e refuse ]; then
    echo "no pushes in this hour" >&2
    echo no >> refused
    exit 1
fi
"""
_GIT = """[user]
name = Ada
email = ada@example.org
[init]
defaultBranch = main
[core]
fsync = none
[gc]
auto = 0
[maintenance]
auto = false
"""


@dataclass(frozen=True)
class Outcome:
    """The result of one run."""

    slot: Slot
    out: Path  # the site's folder in its clone
    code: int
    report: dict[str, Any]
    failed_feeds: frozenset[str]  # categories that had no feed when last asked
    model: str | None  # what was wrong with it, if anything
    unanswered: frozenset[str]  # papers that it did not score
    rejected: int  # pushes

    @property
    def status(self) -> str:
        return str(self.report["status"])


class Clock:
    """Time as the bot sees it: it passes by itself, and a sleep of the bot's is over at once."""

    def __init__(self, begins: datetime, stack: ExitStack) -> None:
        self._travel = stack.enter_context(time_machine.travel(begins, tick=True))
        self._ahead, monotonic, sleep = 0.0, time.monotonic, time.sleep

        def simulated_sleep(seconds: float) -> None:
            """Python's own modules wait for processes in this way: they have to."""
            caller = sys._getframe(1).f_globals["__name__"]
            (self.sleep if caller.startswith("digest.") else sleep)(seconds)

        def time_that_has_passed() -> float:
            return monotonic() + self._ahead

        stack.enter_context(mock.patch("time.sleep", simulated_sleep))
        stack.enter_context(mock.patch("time.monotonic", time_that_has_passed))

    def sleep(self, seconds: float) -> None:
        self._travel.shift(seconds)
        self._ahead += seconds

    def reach(self, moment: datetime) -> None:
        """Go on to `moment`, unless it is past already."""
        self.sleep(max(0.0, (moment - datetime.now(UTC)).total_seconds()))


@dataclass
class World:
    folder: Path
    seed: int
    first: date  # the first day of the bot's life
    last: date
    rates: Rates = field(default_factory=Rates)
    categories: Sequence[str] = CATEGORIES
    calm: int = 0  # days at the end on which nothing goes wrong
    silent: Collection[date] = field(default=(), repr=False)  # days on which no slot starts
    votes: bool = False  # a reader ticks and comments in daily issues

    outcomes: list[Outcome] = field(default_factory=list, init=False, repr=False)
    others: int = field(default=1, init=False)  # commits that are not the bot's

    def __post_init__(self) -> None:
        second, end = (
            datetime.combine(day + timedelta(days=1), time_of_day(), UTC)
            for day in (self.first, self.last)
        )
        calm_from = end - timedelta(days=self.calm)
        self.faults = Faults(self.seed, self.rates, self.categories, second, calm_from)
        self.truth = Truth(self.seed, self.categories, self.first, self.last, self.rates)
        self.remote, self.runner = self.folder / "remote.git", self.folder / "runner"
        self.second = self.folder / "second"  # of two runs at once
        self.reader = Reader(self.seed)
        self._model: str | None = None
        self._slot = second

    # --- what there is

    @property
    def out(self) -> Path:
        return self.runner / "docs"

    @property
    def commits(self) -> int:
        """The bot's."""
        return int(git(self.remote, "rev-list", "--count", "main")) - self.others

    @property
    def codes(self) -> Counter[int]:
        return Counter(outcome.code for outcome in self.outcomes)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            begins = datetime.combine(self.first, time_of_day(), UTC)
            environment = {k: v for k, v in os.environ.items() if not k.startswith("GITHUB_")}
            stack.enter_context(mock.patch.dict(os.environ, environment, clear=True))
            os.environ |= {
                "GIT_CONFIG_GLOBAL": str(self.folder / "gitconfig"),
                "GIT_CONFIG_NOSYSTEM": "1",
                "OPENAI_API_KEY": "sk-test-0123456789abcdef",
            }
            os.environ.pop("OPENAI_BASE_URL", None)
            stack.enter_context(mock.patch("os.fsync"))  # no power is lost here
            for name in (
                "openai._base_client.INITIAL_RETRY_DELAY",
                "openai._base_client.MAX_RETRY_DELAY",
                "digest.scoring.llm._LONGEST_BACKOFF_S",
                "digest.scoring.rate_limiter._LONGEST_GUESS_S",
            ):
                stack.enter_context(mock.patch(name, 0.001))
            self.model = stack.enter_context(Fake(respond=self._answer))
            self.arxiv = stack.enter_context(Arxiv(self.truth, self.faults))
            self.github = stack.enter_context(self.reader.online())
            self.clock = Clock(begins, stack)
            self._make_repository()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._stack.__exit__(*exception)

    # --- time goes by

    def live(self, after: Callable[[Outcome], None] = lambda _: None) -> Iterator[date]:
        """Run every slot, `after` each; stop at the end of each Saturday and of the last day."""
        slot_list = [
            slot
            for slot in slots(self.first, self.last, self.faults)
            if slot.named.date() not in self.silent
        ]
        for number in range((self.last - self.first).days + 1):
            day = self.first + timedelta(days=number)
            midnight = datetime.combine(day + timedelta(days=1), time_of_day(), UTC)
            while slot_list and slot_list[0].starts < midnight:
                self._start(slot_list.pop(0), after)
            if day.weekday() == 5 or day == self.last:
                self.clock.reach(midnight)
                self.check_out(self.runner)
                yield day

    def _start(self, slot: Slot, after: Callable[[Outcome], None]) -> None:
        self.clock.reach(slot.starts)
        self._slot, self._model = slot.named, self.faults.model(slot.named)
        refuse = self.remote / "refuse"
        refuse.touch() if self.faults.push(slot.named) else refuse.unlink(missing_ok=True)
        if self.faults.forgotten(slot.named):
            shutil.rmtree(self.runner / ".digest", ignore_errors=True)
        folders = [self.runner, self.second][: slot.runs]
        for folder in folders:  # both before either runs
            self.check_out(folder)
        if slot.runs == 2:
            self._hand_over(self.runner, self.second)
        if self.faults.raced(slot.named):
            self._push_code()
        for folder in folders:
            self.outcomes.append(self._run(folder, slot))
            after(self.outcomes[-1])
            if self.votes:
                self.reader.act(datetime.now(UTC))
        if slot.runs == 2:
            self._hand_over(self.second, self.runner)

    def _run(self, folder: Path, slot: Slot) -> Outcome:
        self.clock.sleep(SETUP_S)
        self.arxiv.begin(slot.named)
        earlier, refused = len(self.model.records), self.remote / "refused"
        refused.unlink(missing_ok=True)
        self._step(folder, "votes", "pull")
        out = io.StringIO()
        with redirect_stdout(out), redirect_stderr(io.StringIO()):
            code = main(["run", "--push", "--json", "--config", str(folder / "config.yaml")])
        report = self.folder / "report.json"
        report.write_text(out.getvalue(), encoding="utf-8")
        self._step(folder, "issue", f"--exit-code={code}", str(report))
        records = self.model.records[earlier:]
        asked = frozenset(i for record in records for i in record.ids)
        answered = frozenset(i for record in records if record.status == 200 for i in record.ids)
        return Outcome(
            slot=slot,
            out=folder / "docs",
            code=code,
            report=json.loads(out.getvalue().splitlines()[-1]),
            failed_feeds=frozenset(self.arxiv.failed),
            model=self._model,
            unanswered=asked - answered,
            rejected=len(refused.read_text().split()) if refused.exists() else 0,
        )

    def _step(self, folder: Path, *command: str) -> None:
        """A step of the workflow that may ask GitHub, and has no key of the model's."""
        if self.votes:
            self.told(folder, *command)

    def told(self, folder: Path, *command: str) -> str:
        """What such a step prints."""
        self.reader.hub.now = max(self.reader.hub.now, datetime.now(UTC))
        out = io.StringIO()
        without_key = {**self.github, "OPENAI_API_KEY": ""}
        with (
            mock.patch.dict(os.environ, without_key),
            chdir(folder),
            redirect_stdout(out),
            redirect_stderr(io.StringIO()),
        ):
            code = main([*command, "--json"])
        assert code == 0, out.getvalue()
        return out.getvalue().splitlines()[-1]

    # --- the model

    def _answer(self, request: replies.Request) -> replies.Response | None:
        if self._model == "down":
            return replies.server_error()
        if self._model == "key":
            return replies.unauthorized()
        if self._model == "balance":
            return replies.out_of_quota()
        if any(self.faults.refused(paper_id) for paper_id in request.ids):
            return replies.filtered()
        flaky = self._model == "flaky"
        if flaky and any(self.faults.flaky(self._slot, paper_id) for paper_id in request.ids):
            return replies.server_error()
        return None

    # --- git

    def _make_repository(self) -> None:
        (self.folder / "gitconfig").write_text(_GIT)
        git(self.folder, "init", "--quiet", "--bare", str(self.remote))
        hook = self.remote / "hooks" / "pre-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(_HOOK)
        hook.chmod(0o755)
        git(self.folder, "clone", "--quiet", self.remote.as_uri(), str(self.runner))
        settings = {
            "categories": list(self.categories),
            "keep": {"relevance": 6, "novelty": 6} if self.votes else {},
            "feedback": {"issue": self.votes, "learned": self.votes},
            "llm": {"base_url": self.model.url, "concurrency": 2},
            "arxiv": {
                "feed_url": f"{self.arxiv.address}/rss/{{category}}",
                "site_url": self.arxiv.address,
                "api_url": f"{self.arxiv.address}/api/query",
            },
        }
        (self.runner / "config.yaml").write_text(json.dumps(settings))  # JSON is YAML, too
        (self.runner / ".gitignore").write_text("/.digest/\n")
        (self.runner / "prompts").mkdir()
        (self.runner / "prompts" / "topics.md").write_text(_TOPICS)
        git(self.runner, "add", ".")
        git(self.runner, "commit", "--quiet", "--message", "Settings")
        git(self.runner, "push", "--quiet", "--set-upstream", "origin", "HEAD:main")
        git(self.folder, "clone", "--quiet", self.remote.as_uri(), str(self.second))

    def check_out(self, folder: Path) -> None:
        """A clean clone of what is on the remote, but for what the cache brings."""
        git(folder, "fetch", "--quiet", "origin")
        git(folder, "reset", "--quiet", "--hard", "origin/main")
        git(folder, "clean", "--quiet", "-ffdx", "--exclude=/.digest/")

    def _hand_over(self, giver: Path, taker: Path) -> None:
        """The cache, as the next run finds it."""
        shutil.rmtree(taker / ".digest", ignore_errors=True)
        if (giver / ".digest").exists():
            shutil.copytree(giver / ".digest", taker / ".digest")

    def _push_code(self) -> None:
        """Somebody else works on the branch."""
        refused = self.remote / "refuse"
        if refused.exists():
            return
        tree = git(self.remote, "rev-parse", "main^{tree}")
        commit = git(self.remote, "commit-tree", tree, "-p", "main", "-m", "Nothing new")
        git(self.remote, "update-ref", "refs/heads/main", commit)
        self.others += 1
