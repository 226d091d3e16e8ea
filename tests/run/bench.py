"""A site being made day by day by `run_day`, with a scorer that remembers what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from digest.archive import store
from digest.arxiv.fetch import Fetched
from digest.core.config import Config
from digest.core.day import Digest
from digest.core.papers import Feed, Paper
from digest.core.scores import Prompt, ScoredBy, Scoring, Topics, Usage, Verdict
from digest.run.announcement import Announcement
from digest.run.job import Job
from digest.run.pipeline import run_day
from digest.run.report import DayReport
from digest.scoring.scorer import Scorer
from digest.scoring.topics import parse_topics
from tests.make import DAY, paper, score

EARLIER = DAY - timedelta(days=1)
A, B, C = paper("2601.00001"), paper("2601.00002"), paper("2601.00003")
GOOD, BAD = score(9, 9), score(2, 2)
PROMPT = Prompt("System", "User")
TOPICS = parse_topics("## Training\ntraining of networks")
FREE = Usage()
ESTIMATE = Scoring({}, Usage(prompt_tokens=400, completion_tokens=80, requests=1), 0.02)


class Judge:
    """A scorer that keeps everything it has no other verdict for, and remembers what was asked."""

    def __init__(
        self,
        verdicts: Mapping[str, Verdict] | None = None,
        usage: Usage = FREE,
        cost_usd: float | None = None,
    ) -> None:
        self.verdicts = verdicts or {}
        self.usage = usage
        self.cost_usd = cost_usd
        self.asked: list[list[str]] = []
        self.left_usd: list[float | None] = []

    def __call__(
        self, papers: Sequence[Paper], left_usd: float | None, keep: Callable[[Scoring], None]
    ) -> Scoring:
        self.asked.append([p.id for p in papers])
        self.left_usd.append(left_usd)
        if not papers:
            return Scoring({})
        verdicts = {p.id: self.verdicts.get(p.id, GOOD) for p in papers}
        scoring = Scoring(verdicts, self.usage, self.cost_usd)
        if self.usage.requests:
            keep(scoring)
        return scoring


class Bench:
    """A site being made: runs days on it and reads them back."""

    def __init__(self, out: Path, config: Config | None = None) -> None:
        self.out = out
        self.config = replace(config or Config(("cs.LG", "cs.AI")), out=out)
        self.now = datetime(2026, 1, 30, 6, 0, tzinfo=UTC)

    def run(
        self,
        *feeds: Feed,
        judge: Judge | None = None,
        day: date = DAY,
        scorer: ScoredBy = ScoredBy.MODEL,
        model: str = "gpt-6-luna",
        prompt: Prompt = PROMPT,
        rescore: bool = False,
        limit: int | None = None,
        dry_run: bool = False,
        topics: Topics | None = None,
        **settings: tuple[str, ...],
    ) -> DayReport:
        self.now += timedelta(hours=1)
        job = Job(
            config=replace(self.config, **settings),  # type: ignore[arg-type]
            scorer=Scorer(
                scorer,
                model if scorer is ScoredBy.MODEL else None,
                prompt,
                judge or Judge(),
                estimate=lambda _: ESTIMATE,
                topics=topics or TOPICS,
            ),
            now=lambda: self.now,
            unfinished=self.out.parent / ".digest",
            commit=False,
            rescore=rescore,
            limit=limit,
            dry_run=dry_run,
        )
        archive = store.Archive(self.out) if dry_run else store.Archive.repaired(self.out)
        readings = [Fetched(f"{f.category}.xml", f) for f in feeds]
        return run_day(job, archive, Announcement.of(archive, day, readings))

    def digest(self, day: date = DAY) -> Digest:
        digest = store.read_day(self.out, day)
        assert digest is not None
        return digest

    def states(self, day: date = DAY) -> dict[str, str]:
        digest = self.digest(day)
        return {
            **{kept.paper.id: "kept" for kept in digest.kept},
            **{below.id: "below" for below in digest.below},
            **{filtered.id: filtered.rule for filtered in digest.filtered},
            **dict.fromkeys(digest.seen, "seen"),
            **{unscored.paper.id: unscored.reason for unscored in digest.unscored},
        }
