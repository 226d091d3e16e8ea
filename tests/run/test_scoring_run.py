"""Whole runs with a model: errors are reported, what was paid for is kept, the totals are right.

`main` in this process, or one of its own where signals, commits or what a library logs count.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from digest.archive.feedback import encode_votes, read_liked, read_votes
from digest.cli.main import main
from digest.core.config import Site
from digest.core.papers import Paper
from digest.core.scores import Usage
from digest.core.votes import Pulled, Vote, VotedPaper, VoteSource
from digest.run import feedback
from digest.run.check import check
from digest.scoring.prices import price
from tests import make
from tests.make import DAY, git, paper, tree
from tests.scoring import replies
from tests.scoring.fake import TOPICS, Fake, Label, Record
from tests.scoring.replies import Request, Response, Rule, in_turn

ROOT = Path(__file__).parents[2]
SECRET = "sk-proj-RecognisableSecret0123456789"  # noqa: S105 - of nobody
SINKS = {name: f"../{name}" for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
NEXT = DAY + timedelta(days=3)
PAPERS = [paper(f"2601.{n:05}") for n in range(1, 25)]
IDS = {p.id for p in PAPERS}
BEST = PAPERS[:6]
LABELS = {
    p.id: Label(relevance=9, novelty=8, topic=TOPICS[0], comment=f"Why {p.id} matters.")
    for p in BEST
}


# --- running it -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        report: dict[str, Any] = json.loads(self.out.splitlines()[-1])
        return report

    @property
    def complaint(self) -> str:
        """The one line on stderr that says why it failed."""
        (line,) = (line for line in self.err.splitlines() if line.startswith("digest: "))
        assert "Traceback" not in self.err
        return line


@dataclass
class Project:
    """A repository with settings, prompts and feeds, and the endpoint that it asks."""

    folder: Path
    capsys: pytest.CaptureFixture[str]
    fake: Fake
    feeds: list[str] = field(default_factory=list)
    known: int = 0  # records of earlier runs
    others: dict[str, object] = field(default_factory=dict)  # more settings

    def settings(self, *, arxiv: Mapping[str, object] | None = None, **llm: object) -> None:
        """JSON is YAML, too."""
        own = {"base_url": self.fake.url, "batch_size": 4, "concurrency": 4, **llm}
        settings: dict[str, object] = {"categories": ["cs.LG"], "scorer": "llm", "llm": own}
        settings["arxiv"] = arxiv or {}
        settings |= self.others
        (self.folder / "config.yaml").write_text(json.dumps(settings))

    def announce(self, papers: Sequence[Paper], day: date = DAY) -> None:
        path = self.folder.parent / f"{day}.xml"
        path.write_bytes(make.rss(make.feed(*papers, day=day)))
        self.feeds = sorted({*self.feeds, str(path)})

    def arguments(self, *options: str) -> list[str]:
        feeds = [argument for feed in self.feeds for argument in ("--feed", feed)]
        return ["run", *feeds, "--json", *options]

    def run(self, *options: str) -> Ended:
        """In this process, without a commit."""
        self.known = len(self.fake.records)
        code = main(self.arguments("--no-commit", *options))
        return Ended(code, *self.capsys.readouterr())

    def start(self, *options: str, **environment: str) -> subprocess.Popen[str]:
        self.known = len(self.fake.records)
        return subprocess.Popen(
            [sys.executable, "-m", "digest", *self.arguments(*options)],
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # a group of its own, to be killed as a whole
        )

    def process(self, *options: str, **environment: str) -> Ended:
        with self.start(*options, **environment) as process:
            out, err = process.communicate(timeout=make.PATIENCE_S)
        return Ended(process.returncode, out, err)

    # What there is afterwards.

    @property
    def requests(self) -> list[Record]:
        """Of the last run."""
        return self.fake.records[self.known :]

    @property
    def asked(self) -> set[str]:
        """The ids that the last run asked about."""
        return {paper_id for record in self.requests for paper_id in record.ids}

    @property
    def out(self) -> Path:
        return self.folder / "docs"

    def record(self, day: date = DAY) -> dict[str, Any]:
        path = self.out / "data" / f"{day:%Y}" / f"{day}.json"
        loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return loaded

    @property
    def unfinished(self) -> list[dict[str, Any]]:
        """The answers that are in no archive yet."""
        path = self.folder / ".digest" / f"{DAY}.jsonl"
        if not path.exists():
            return []
        return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]

    @property
    def waiting(self) -> set[str]:
        """The papers whose scores are in no archive yet."""
        return {paper_id for line in self.unfinished for paper_id in line["scores"]}


@pytest.fixture
def project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Project]:
    folder = tmp_path / "project"
    folder.mkdir()
    make.own_git_settings(monkeypatch, tmp_path)
    shutil.copytree(ROOT / "prompts", folder / "prompts")
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    for name in ("OPENAI_BASE_URL", "OPENAI_LOG", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(folder)
    with Fake(LABELS, public=True) as fake:
        built = Project(folder, capsys, fake)
        built.settings()
        built.announce(PAPERS)
        yield built


def total(records: Sequence[Record]) -> dict[str, int]:
    """What the endpoint has counted."""
    answered = [record for record in records if record.status == 200]
    return {
        "prompt_tokens": sum(r.prompt_tokens for r in answered),
        "cached_tokens": sum(r.cached_tokens for r in answered),
        "completion_tokens": sum(r.completion_tokens for r in answered),
        "requests": len(answered),
    }


def paid(records: Sequence[Record], model: str = "gpt-6-luna") -> float:
    cost = 0.0
    for r in records:
        if r.status == 200:
            usage = Usage(r.prompt_tokens, r.cached_tokens, r.completion_tokens, requests=1)
            cost += sum(price(usage, model, None) or ())
    return cost


def assert_accounts(
    project: Project, records: Sequence[Record], day: date = DAY, *, others: float = 0.0
) -> None:
    """The archive holds together, and the day states the spend of all of `records`."""
    assert check(project.out, Site()) == []
    record = project.record(day)
    assert {name: record["usage"][name] for name in total(records)} == total(records)
    assert record["cost_usd"] == pytest.approx(paid(records) + others)
    outcomes = [p["id"] for name in ("kept", "below", "unscored") for p in record[name]]
    outcomes += [*record["seen"], *(f["id"] for f in record["filtered"])]
    assert sorted(outcomes) == sorted(
        e.split("v")[0] for e in record["sources"]["cs.LG"]["entries"]
    )


def forgetting(*papers: Paper) -> Rule:
    """Good replies but for these papers, about which there is never a word."""
    lost = {p.id for p in papers}

    def rule(request: Request) -> Response | None:
        if not lost & set(request.ids):
            return None
        found = [i for i in request.ids if i not in lost]
        # Cut off, so that a paper alone is not asked about again and again.
        return replies.completion(request, replies.answer(LABELS, found), finish="length")

    return rule


def assert_key_is_nowhere(project: Project, ended: Ended) -> None:
    assert project.fake.records[0].authorized
    everything = {"out": ended.out.encode(), "err": ended.err.encode()}
    everything |= {str(p): p.read_bytes() for p in project.folder.parent.rglob("*") if p.is_file()}
    assert str(project.folder.parent / "GITHUB_STEP_SUMMARY") in everything
    secret = re.compile(rb"bearer|authorization|" + SECRET.encode(), re.IGNORECASE)
    assert [name for name, data in everything.items() if secret.search(data)] == []


# --- a good day -------------------------------------------------------------------------------


def test_a_day_is_scored_committed_and_pushed(project: Project) -> None:
    remote = project.folder.parent / "remote.git"
    git(project.folder.parent, "init", "--quiet", "--bare", str(remote))
    git(project.folder, "init", "--quiet")
    git(project.folder, "remote", "add", "origin", str(remote))
    ended = project.process("-v", "--push", OPENAI_LOG="debug", **SINKS)
    assert ended.code == 0, ended.err
    assert_key_is_nowhere(project, ended)
    report, record = ended.report, project.record()
    assert (report["status"], report["model"], report["scorer"]) == (
        "published", "gpt-6-luna", "llm"
    )  # fmt: skip
    assert {p["id"] for p in record["kept"]} == {p.id for p in BEST}
    assert {p["topic"] for p in record["kept"]} == {TOPICS[0]}
    assert report["counts"] == record["counts"]
    assert [record["counts"][name] for name in ("scanned", "kept", "unscored")] == [24, 6, 0]
    assert_accounts(project, project.fake.records)
    assert (report["usage"], report["cost_usd"]) == (
        {**record["usage"], "cut_requests": 0}, record["cost_usd"]
    )  # fmt: skip
    assert dict(project.fake.answered) == dict.fromkeys(IDS, 1)
    page = (project.out / report["page"]).read_text(encoding="utf-8")
    assert all(f"Why {p.id} matters." in page for p in BEST)
    assert f"${record['cost_usd']:.4f}" in page
    assert not (project.folder / ".digest" / f"{DAY}.jsonl").exists()
    assert git(remote, "log", "--format=%H %s", "main") == (
        f"{report['commit']} Digest {DAY}: 6 of 24 papers kept"
    )
    assert f"{DAY} score: 24 papers, by gpt-6-luna (" in ended.err


# --- what no other request can repair ---------------------------------------------------------


def test_a_final_error_ends_the_run_after_one_request(project: Project) -> None:
    project.fake.respond = lambda _: replies.unauthorized()
    before = tree(project.folder)
    ended = project.run()
    assert (ended.code, ended.report["status"]) == (3, "outage")
    assert "rejects the API key (HTTP 401: " in ended.complaint
    assert "OPENAI_API_KEY" in ended.complaint
    assert len(project.fake.records) == 1
    assert tree(project.folder) == before


@pytest.mark.parametrize(
    ("key", "complaint"),
    [
        (None, "no API key for `scorer: llm`: set OPENAI_API_KEY"),
        (" \n", "no API key for `scorer: llm`: set OPENAI_API_KEY"),
        (f"{SECRET[:9]}\n{SECRET[9:]}", "holds what no key has"),
        (f"Bearer {SECRET}", "holds what no key has"),
    ],
)
def test_without_a_usable_key_nothing_is_asked(
    project: Project, monkeypatch: pytest.MonkeyPatch, key: str | None, complaint: str
) -> None:
    if key is None:
        monkeypatch.delenv("OPENAI_API_KEY")
    else:
        monkeypatch.setenv("OPENAI_API_KEY", key)
    ended = project.run()
    assert (ended.code, ended.report["status"]) == (2, "config_error")
    assert complaint in ended.complaint
    assert SECRET[9:] not in ended.out + ended.err
    assert project.fake.connections == 0


# --- too little is scored ---------------------------------------------------------------------


def test_after_an_outage_the_next_run_pays_the_rest(project: Project) -> None:
    project.fake.respond = in_turn(None, None, None, *[replies.out_of_quota()] * 20)
    ended = project.run()
    assert (ended.code, ended.report["status"]) == (3, "outage")
    assert "no credit left" in ended.complaint
    assert "what is scored is kept for the next run" in ended.complaint
    assert not project.out.exists()
    waiting = project.waiting
    assert waiting
    plan = project.run("--dry-run").report["reason"]
    assert plan.startswith(f"would score {len(IDS - waiting)} papers")
    assert project.waiting == waiting

    project.fake.respond = None
    ended = project.run()
    assert (ended.code, ended.report["status"]) == (0, "published")
    assert project.asked == IDS - waiting
    assert_accounts(project, project.fake.records)
    assert ended.report["cost_usd"] == pytest.approx(paid(project.fake.records))
    assert project.unfinished == []


def test_a_few_unscored_papers_are_listed_and_retried(project: Project) -> None:
    lost = PAPERS[4:7]
    lost_ids = {p.id for p in lost}
    project.fake.respond = forgetting(*lost)
    first = project.run()
    assert (first.code, first.report["status"]) == (0, "published")
    record = project.record()
    assert record["status"] == "partial"
    assert {(p["id"], p["reason"]) for p in record["unscored"]} == {
        (paper_id, "invalid reply") for paper_id in lost_ids
    }
    page = (project.out / first.report["page"]).read_text(encoding="utf-8")
    assert all(p.title in page for p in lost)
    assert "invalid reply" in page
    assert_accounts(project, project.fake.records)
    once = len(project.fake.records)

    before = stamped(project.out)
    again = project.run()
    assert (again.code, again.report["status"]) == (0, "unchanged")
    assert project.asked == lost_ids
    assert stamped(project.out) == before
    assert project.unfinished
    assert project.waiting == set()

    project.fake.respond = None
    last = project.run()
    assert (last.code, last.report["status"]) == (0, "updated")
    assert project.asked == lost_ids
    assert len(project.fake.records) > once
    assert project.record()["status"] == "complete"
    assert_accounts(project, project.fake.records)  # the cost of failed requests included
    assert project.unfinished == []
    assert project.run().report["status"] == "unchanged"
    assert not project.requests


def stamped(folder: Path) -> dict[str, int]:
    return {str(p): p.stat().st_mtime_ns for p in sorted(folder.rglob("*")) if p.is_file()}


# --- an end in the middle ---------------------------------------------------------------------


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_ends_half_way_is_resumed(project: Project, how: signal.Signals) -> None:
    """A signal comes once a few answers are kept and two more are under way: the next run asks only
    for what has no answer, and adds up what both have cost."""
    project.settings(batch_size=2, concurrency=2)
    go_on = threading.Event()
    project.fake.respond = in_turn(*[None] * 4, *[replies.held(go_on)] * 99)
    with project.start("--no-commit") as process:
        assert make.until(lambda: len(project.unfinished) >= 4 and len(project.requests) == 6)
        os.killpg(process.pid, how)
        go_on.set()
        out, err = process.communicate(timeout=make.PATIENCE_S)
    ended = Ended(process.returncode, out, err)
    if how is signal.SIGKILL:
        assert ended.code == -how
    else:
        assert (ended.code, ended.report["status"]) == (130, "interrupted")
        assert "not scored" in ended.complaint
    assert not project.out.exists()

    project.fake.respond = None
    kept, waiting = project.unfinished, project.waiting
    assert 4 <= len(waiting) < len(PAPERS)
    assert project.run().code == 0
    assert project.asked == IDS - waiting
    record, now = project.record(), total(project.requests)
    assert {p["id"] for p in record["kept"]} == {p.id for p in BEST}
    for name in now:
        assert record["usage"][name] == now[name] + sum(line["usage"][name] for line in kept)
    spent = sum(line["cost_usd"] for line in kept) + paid(project.requests)
    assert record["cost_usd"] == pytest.approx(spent)
    assert project.unfinished == []
    assert check(project.out, Site()) == []


# --- money ------------------------------------------------------------------------------------


def test_a_budget_that_is_too_small_publishes_nothing(project: Project) -> None:
    project.settings(budget_usd=0.0007)
    ended = project.run()
    assert (ended.code, ended.report["status"]) == (3, "over_budget")
    assert "raise llm.budget_usd" in ended.complaint
    assert not project.out.exists()
    assert paid(project.fake.records) <= 0.0007
    assert project.waiting == set(project.fake.answered)
    # It is the day's, whatever the number of attempts.
    spent = len(project.fake.records)
    assert project.run().code == 3
    assert paid(project.fake.records) <= 0.0007
    project.settings(budget_usd=1)
    assert project.run().code == 0
    assert set(project.fake.answered.values()) == {1}
    assert_accounts(project, project.fake.records)
    assert len(project.fake.records) > spent


def test_a_budget_for_most_papers_publishes_those(project: Project) -> None:
    stated = {"prompt_tokens": 2000, "completion_tokens": 20_000}
    project.fake.respond = replies.usage(stated)
    price_of_one = sum(price(Usage(2000, None, 20_000, requests=1), "gpt-6-luna", None) or ())
    budget = 22.001 * price_of_one
    project.settings(budget_usd=budget, batch_size=1, concurrency=1)
    ended = project.run()
    assert (ended.code, ended.report["status"]) == (0, "published"), ended.err
    record = project.record()
    assert record["status"] == "partial"
    assert [p["reason"] for p in record["unscored"]] == ["budget"] * 2
    assert record["cost_usd"] == pytest.approx(22 * price_of_one)
    # Once more: the day's money is spent, so nothing is asked and nothing changes.
    assert project.run().report["status"] == "unchanged"
    assert not project.requests
    project.settings()
    assert project.run().report["status"] == "updated"
    assert project.asked == {p["id"] for p in record["unscored"]}


def test_a_day_that_passes_its_budget_says_by_how_much(project: Project) -> None:
    def dearer(request: Request) -> Response:
        completion = 100_000 if request.number == 8 else 200
        stated = {"prompt_tokens": 2000, "completion_tokens": completion}
        return replies.completion(request, usage=stated)

    project.settings(budget_usd=0.05, batch_size=1, concurrency=1)
    project.announce(PAPERS[:9])
    project.fake.respond = dearer
    ended = project.run()
    assert (ended.code, ended.report["status"]) == (0, "published"), ended.err
    record = project.record()
    assert record["over_budget_usd"] == pytest.approx(record["cost_usd"] - 0.05)
    warning = f"The day cost ${record['over_budget_usd']:.4f} more than llm.budget_usd allows"
    assert warning in ended.report["reason"]
    assert warning in (project.out / ended.report["page"]).read_text(encoding="utf-8")
    project.settings(budget_usd=0.05)
    assert project.run().report["status"] == "unchanged"
    assert check(project.out, Site()) == []


def test_a_day_of_cut_prompts_says_so_on_its_page(project: Project) -> None:
    project.fake.respond = replies.usage({"prompt_tokens": 99, "completion_tokens": 9})
    ended = project.run()
    assert ended.code == 0
    record = project.record()
    assert record["usage"]["cut_requests"] == record["usage"]["requests"]
    page = (project.out / ended.report["page"]).read_text(encoding="utf-8")
    assert "the model was given less than was sent" in page
    assert "OLLAMA_CONTEXT_LENGTH" in ended.err
    assert check(project.out, Site()) == []


@pytest.mark.parametrize("place", ["config.yaml", "prompts/topics.md"])
def test_a_key_in_a_public_file_stops_the_run(project: Project, place: str) -> None:
    with (project.folder / place).open("a", encoding="utf-8") as file:
        file.write(f"\n# {SECRET}\n")  # a comment, or a heading
    ended = project.run()
    assert (ended.code, ended.report["status"]) == (2, "config_error")
    assert "your API key stands in it" in ended.complaint
    assert SECRET not in ended.out + ended.err
    assert not project.requests


def test_a_fault_of_ours_is_shown_without_the_key(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError(f"the header was Bearer {SECRET[:9]}\u200b{SECRET[9:]}")

    monkeypatch.setattr("digest.arxiv.fetch.replay", fails)
    ended = project.run()
    assert (ended.code, ended.report["status"]) == (1, "error")
    assert "RuntimeError: the header was Bearer …" in ended.err
    assert SECRET[:12] not in ended.out + ended.err.replace("\u200b", "")


# --- another question -------------------------------------------------------------------------


def test_scores_of_another_question_are_not_reused_and_were_paid(project: Project) -> None:
    project.fake.respond = forgetting(*PAPERS[2:9])
    assert project.run().code == 3
    assert project.waiting
    project.fake.respond = None
    before = project.fake.records[:]
    project.settings(model="gpt-5")
    assert project.run().code == 0
    assert project.asked == IDS
    record = project.record()
    assert record["cost_usd"] == pytest.approx(paid(before) + paid(project.requests, "gpt-5"))
    assert {n: record["usage"][n] for n in total([])} == total(project.fake.records)


# --- plans ------------------------------------------------------------------------------------


def test_a_plan_costs_nothing_needs_no_key_and_knows_past_days(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    before = tree(project.folder)
    ended = project.run("--dry-run")
    assert (ended.code, ended.report["status"]) == (0, "planned")
    reason = ended.report["reason"]
    assert reason.startswith("would score 24 papers with gpt-6-luna in about 7 requests: ")
    assert f"{ended.report['usage']['prompt_tokens']:,} prompt and " in reason
    assert f"${ended.report['cost_usd']:.4f} if nothing is cached" in reason
    assert reason.endswith("(no past day to compare with)")
    assert project.fake.connections == 0
    assert tree(project.folder) == before
    monkeypatch.setenv("OPENAI_API_KEY", f"{SECRET}\n")  # a line break at its end harms nobody
    assert project.run().code == 0
    assert len(project.requests) == 7

    project.announce([paper(f"2603.{n:05}") for n in range(1, 8)], NEXT)
    project.feeds = project.feeds[-1:]
    usage = project.record()["usage"]
    took = usage["prompt_tokens"] / usage["estimated_prompt_tokens"]
    assert f"on the last 1 day it took {took:.2f}" in project.run("--dry-run").report["reason"]


# --- the key ----------------------------------------------------------------------------------


def test_a_key_in_an_error_of_the_endpoint_goes_nowhere(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = f"Incorrect API key provided: {SECRET}. Header: Bearer {SECRET}"
    project.fake.respond = lambda _: replies.error(401, message, "invalid_api_key")
    for name, path in SINKS.items():
        monkeypatch.setenv(name, path)
    ended = project.run("-v")
    assert ended.code == 3
    assert_key_is_nowhere(project, ended)


# --- a day that no run has finished, when the feed has turned ------------------------------------


def turned(project: Project, httpserver: HTTPServer, papers: Sequence[Paper], day: date) -> Ended:
    """A run on `day`, of what arXiv's feed says then."""
    httpserver.clear()
    httpserver.expect_request("/rss/cs.LG").respond_with_data(
        make.rss(make.feed(*papers, day=day)), content_type="text/xml"
    )
    nowhere = "http://127.0.0.1:9"  # no page of past days, and no request to the real one
    feed_url = httpserver.url_for("/rss/{category}")
    project.settings(
        arxiv={"feed_url": feed_url, "site_url": nowhere, "api_url": nowhere, "delay_s": 0}
    )
    project.known = len(project.fake.records)
    code = main(["run", "--date", str(day), "--no-commit", "--json"])
    return Ended(code, *project.capsys.readouterr())


def test_a_day_of_outage_is_finished_by_the_next_days_run(
    project: Project, httpserver: HTTPServer
) -> None:
    project.fake.respond = lambda _: replies.unauthorized()
    assert turned(project, httpserver, PAPERS[:8], DAY).code == 3
    project.fake.respond = None
    ended = turned(project, httpserver, PAPERS[8:], NEXT)
    assert [day["status"] for day in ended.report["days"]] == ["published", "published"]
    assert project.record(DAY)["counts"]["scanned"] == 8
    assert tree(project.folder / ".digest") == {}


def test_an_older_days_outage_leaves_the_newest_its_digest(
    project: Project, impatient: None, httpserver: HTTPServer
) -> None:
    project.fake.respond = lambda _: replies.unauthorized()
    turned(project, httpserver, PAPERS[:8], DAY)
    older = {paper.id for paper in PAPERS[:8]}
    project.fake.respond = lambda asked: (
        (older & set(asked.ids) and replies.server_error(501)) or None
    )
    ended = turned(project, httpserver, PAPERS[8:], NEXT)
    assert [day["status"] for day in ended.report["days"]] == ["outage", "published"]
    assert ended.code == 3


# --- a day that is published without the model ---------------------------------------------------


def test_with_fallback_an_outage_still_has_its_page(
    project: Project, httpserver: HTTPServer
) -> None:
    project.others = {"fallback": True}
    project.fake.respond = lambda _: replies.unauthorized()
    ended = turned(project, httpserver, PAPERS[:8], DAY)
    assert (ended.code, ended.report["status"], ended.report["page"]) == (
        3,
        "outage",
        f"2026/{DAY}.html",
    )
    assert "published without its scores" in ended.complaint
    record = project.record()
    assert (record["scorer"], record["status"], record["counts"]["unscored"]) == (
        "offline",
        "partial",
        0,
    )
    assert "nothing is published" not in record["fallback"]
    assert "key" in record["fallback"]
    published = tree(project.out)

    again = turned(project, httpserver, PAPERS[:8], DAY)
    assert (again.code, again.report["status"]) == (3, "outage")
    assert tree(project.out) == published

    project.fake.respond = None
    ended = turned(project, httpserver, PAPERS[8:], NEXT)
    assert [day["status"] for day in ended.report["days"]] == ["updated", "published"]
    assert ended.code == 0
    record = project.record()
    assert (record["scorer"], record["status"]) == ("llm", "complete")
    assert "fallback" not in record
    assert tree(project.folder / ".digest") == {}
    assert check(project.out, Site()) == []


def test_a_fallback_keeps_what_the_model_has_scored(project: Project) -> None:
    project.others = {"fallback": True}
    project.settings()
    project.fake.respond = in_turn(None, None, None, *[replies.out_of_quota()] * 20)
    assert project.run().code == 3
    waiting = project.waiting
    assert waiting
    assert project.record()["scorer"] == "offline"

    project.fake.respond = None
    assert project.run().report["status"] == "updated"
    assert project.asked == IDS - waiting
    assert project.record()["scorer"] == "llm"


def test_a_scored_day_never_falls_back(project: Project) -> None:
    assert project.run().code == 0
    project.others = {"fallback": True}
    project.settings(model="other")
    project.fake.respond = lambda _: replies.unauthorized()
    published = tree(project.out)
    assert project.run("--rescore").code == 3
    assert tree(project.out) == published


# --- what is learned and liked --------------------------------------------------------------------


def matches(record: dict[str, Any]) -> dict[str, int | None]:
    return {p["id"]: p.get("match") for state in ("kept", "below") for p in record[state]}


def test_a_days_scores_teach_the_next_days_match(project: Project) -> None:
    """The best papers of both days are on the same matter, and the topics do not know it."""
    project.feeds = []
    best = {p.id[5:] for p in BEST}
    texts = {True: "Green zeolites", False: "Traffic by night"}
    days = {DAY: PAPERS[:16], NEXT: [replace(p, id=f"2602.{p.id[5:]}") for p in PAPERS[:16]]}
    for day, papers in days.items():
        told = [replace(p, abstract=f"{texts[p.id[5:] in best]} {p.id}.") for p in papers]
        project.announce(told, day)
    project.fake.labels = {**LABELS, **{f"2602.{i[5:]}": label for i, label in LABELS.items()}}
    assert project.run().code == 0
    first, second = project.record(DAY), project.record(NEXT)
    assert set(matches(first).values()) == {None}  # nothing was learned yet
    assert all(p["match"] >= 60 for p in second["kept"])
    assert all(p["match"] < 60 and "words" not in p for p in second["below"])
    assert all("zeolites" in " ".join(p["words"]) for p in second["kept"])
    learned = json.loads((project.out / "data" / "learned.json").read_text())
    assert (learned["since"], learned["through"], learned["days"]) == (str(DAY), str(NEXT), 2)

    published = tree(project.out)
    assert project.run().report["status"] == "unchanged"
    assert project.run("--rescore").code == 0
    assert matches(project.record(NEXT)) == matches(second)
    assert tree(project.out)["data/learned.json"] == published["data/learned.json"]
    assert check(project.out, Site()) == []


def test_votes_wait_for_the_next_day_and_move_it(project: Project) -> None:
    waiting = project.folder / ".digest"
    liked = VotedPaper("2501.00001", "Zeolites", "Sparse zeolites in the field.")
    vote = Vote(liked.id, 1, None, VoteSource.COMMENT, datetime(2026, 1, 30, 9, tzinfo=UTC))
    assert project.run().code == 0
    published = tree(project.out)
    feedback.keep(waiting, Pulled((vote,), frozenset(), (liked,)))
    assert project.run().report["status"] == "unchanged"
    assert tree(project.out) == published

    like_it = replace(PAPERS[0], id="2602.00001", abstract="All about zeolites.")
    project.feeds = []
    others = [replace(p, id=f"2602.{p.id[5:]}") for p in PAPERS[1:9]]
    less = replace(others[0], abstract="On rain, and on zeolites, and on the wind in autumn.")
    project.announce([like_it, less, *others[1:]], NEXT)
    assert project.run().code == 0
    assert read_votes(project.out) == (vote,)
    assert read_liked(project.out) == (liked,)
    match = matches(project.record(NEXT))
    assert match.pop(like_it.id) == match.pop(less.id) == 77  # above seven of nine papers
    assert set(match.values()) == {0}


def two_clones(project: Project) -> tuple[Path, Path]:
    """The remote, and another clone of it, after a first day."""
    remote, other = project.folder.parent / "remote.git", project.folder.parent / "other"
    git(project.folder.parent, "init", "--quiet", "--bare", str(remote))
    git(project.folder, "init", "--quiet")
    git(project.folder, "remote", "add", "origin", str(remote))
    assert main(project.arguments("--push")) == 0
    git(project.folder.parent, "clone", "--quiet", str(remote), str(other))
    return remote, other


def test_after_a_conflict_votes_count_on_the_others_file(project: Project) -> None:
    """Two clones publish at once: the other side's votes and what it has learned stand."""
    remote, other = two_clones(project)
    theirs = [
        Vote("2601.00001", -1, DAY, VoteSource.HAND),
        Vote("2601.00002", 1, DAY, VoteSource.BOX),
    ]
    (other / "docs/data/votes.jsonl").write_bytes(encode_votes(theirs))
    state = json.loads((other / "docs/data/learned.json").read_text())
    (other / "docs/data/learned.json").write_text(json.dumps(state | {"bias": 0.25}))
    git(other, "add", ".")
    git(other, "commit", "--quiet", "--message", "Votes of the other side")
    git(other, "push", "--quiet")
    ours = [
        Vote("2601.00001", 1, DAY, VoteSource.BOX),
        Vote("2601.00003", 1, DAY, VoteSource.BOX),
    ]
    feedback.keep(project.folder / ".digest", Pulled(tuple(ours), frozenset({DAY})))
    project.feeds = []
    project.announce([replace(p, id=f"2602.{p.id[5:]}") for p in PAPERS], NEXT)
    assert main(project.arguments("--push")) == 0
    assert read_votes(project.out) == (theirs[0], ours[1])
    learned = json.loads((project.out / "data" / "learned.json").read_text())
    assert (learned["bias"], learned["through"]) == (0.25, str(DAY))
    assert git(project.folder, "rev-parse", "HEAD") == git(remote, "rev-parse", "main")
    assert check(project.out, Site()) == []


def test_two_clones_lose_no_vote_by_hand(project: Project) -> None:
    """The other side publishes the same day first: our vote waits for the next day's commit."""
    _, other = two_clones(project)
    project.feeds = []
    project.announce([replace(p, id=f"2602.{p.id[5:]}") for p in PAPERS], NEXT)
    for name in ("config.yaml", "prompts"):
        (other / name).symlink_to(project.folder / name)
    theirs, ours = (Vote(f"2601.0000{n}", 1, DAY, VoteSource.HAND) for n in (1, 2))
    for clone, vote in ((other, theirs), (project.folder, ours)):
        (clone / "docs/data/votes.jsonl").write_bytes(encode_votes([vote]))
        settings = f"--config={clone / 'config.yaml'}"
        assert main([*project.arguments("--push", "--out", str(clone / "docs")), settings]) == 0
    assert read_votes(project.out) == (theirs,)
    assert feedback.pulled(project.folder / ".digest").votes == (ours,)
    third = [replace(p, id=f"2603.{p.id[5:]}") for p in PAPERS]
    project.feeds = []
    project.announce(third, NEXT + timedelta(days=1))
    assert main(project.arguments("--push")) == 0
    assert read_votes(project.out) == (theirs, ours)
    assert feedback.pulled(project.folder / ".digest").votes == ()
    show = ("show", "--name-only", "--format=")
    assert "docs/data/votes.jsonl" in git(project.folder, *show, "HEAD").splitlines()
    first = git(project.folder, "rev-list", "--max-parents=0", "HEAD")
    assert "docs/data/learned.json" in git(project.folder, *show, first).splitlines()


def test_votes_alone_make_no_commit(project: Project) -> None:
    git(project.folder, "init", "--quiet")
    assert main(project.arguments()) == 0
    head = git(project.folder, "rev-parse", "HEAD")
    assert main(["votes", "add", "2601.00001"]) == 0
    assert check(project.out, Site()) == []  # the pages have it, too
    assert main(project.arguments()) == 0
    assert git(project.folder, "rev-parse", "HEAD") == head
    assert read_votes(project.out) == (Vote("2601.00001", 1, DAY, VoteSource.HAND),)


def test_a_trial_and_a_fallback_teach_nothing(project: Project) -> None:
    assert project.run("--limit", "12").code == 0
    assert not (project.out / "data" / "learned.json").exists()
    shutil.rmtree(project.out)
    project.others = {"fallback": True}
    project.settings()
    project.fake.respond = lambda _: replies.unauthorized()
    assert project.run().code == 3
    assert not (project.out / "data" / "learned.json").exists()


def test_damaged_state_stops_the_run_before_it_costs(project: Project) -> None:
    assert project.run().code == 0
    project.feeds = []
    project.announce([replace(p, id=f"2602.{p.id[5:]}") for p in PAPERS], NEXT)
    learned = project.out / "data" / "learned.json"
    state = json.loads(learned.read_text())
    learned.write_text(json.dumps({**state, "weights": {"a": 1e308}}))
    ended = project.run()
    assert ended.code == 1
    assert "data/learned.json: weights" in ended.complaint
    assert project.requests == []
    assert [str(found.path) for found in check(project.out, Site())] == ["data/learned.json"]


def test_the_drawn_paper_stays_the_same(project: Project) -> None:
    project.others = {"feedback": {"issue": True}}
    project.settings()
    assert project.run().code == 0
    drawn = project.record()["explorer"]
    assert drawn["id"] in {p["id"] for p in project.record()["below"]}
    project.announce([*PAPERS, *(replace(p, id=f"2605.{p.id[5:]}") for p in PAPERS[6:])], DAY)
    assert project.run().code == 0
    assert len(project.record()["below"]) > len(PAPERS)
    assert project.record()["explorer"] == drawn


def test_a_site_is_rendered_elsewhere_with_its_votes(project: Project) -> None:
    project.others = {"feedback": {"learned": True}}
    project.settings()
    assert project.run().code == 0
    vote = Vote("2601.00001", 1, DAY, VoteSource.HAND)
    (project.out / "data/votes.jsonl").write_bytes(encode_votes([vote]))
    assert main(["render"]) == 0
    assert main(["render", "--to", "elsewhere"]) == 0
    assert tree(project.folder / "elsewhere") == tree(project.out)
    assert b"digest votes remove" in (project.out / "learned.html").read_bytes()
