"""What a run has to do for one day: nothing, or which papers to score, at what expected cost."""

from __future__ import annotations

from dataclasses import dataclass

from digest.archive.store import Archive
from digest.core.day import LIMIT_RULE, Digest
from digest.core.errors import RunStatus
from digest.core.papers import Paper, announced
from digest.core.progress import stage
from digest.core.scores import ScoredBy, Scoring, Verdict
from digest.core.wording import count, dollars, scorer_label
from digest.run import budget
from digest.run.announcement import Announcement
from digest.run.job import Job
from digest.run.report import DayReport
from digest.run.selection import Selection, select
from digest.run.sources import only_stale
from digest.run.unfinished import Unfinished
from digest.scoring import estimate

COMPARED_DAYS = 10  # whose tokens and costs correct an estimate


def is_settled(job: Job, announcement: Announcement, previous: Digest) -> bool:
    """True if the day's record stays as it is; its files may still have to be repaired."""
    if job.rescore:
        return False
    if previous.scorer is not job.scorer.name:
        return not job.by_model  # the model's scores are better, and paid for
    is_sample = any(filtered.rule == LIMIT_RULE for filtered in previous.filtered)
    unscored = {paper.paper.id for paper in previous.unscored}
    return (
        not is_sample
        and unscored <= announcement.unreadable
        and announcement.sources == previous.sources
    )


@dataclass(frozen=True)
class Plan:
    """What is to be done for a day."""

    job: Job
    announcement: Announcement
    tries: Scoring  # the answers and the cost of tries since the day's record was made
    reused: dict[str, Verdict]  # verdicts of earlier runs, by paper id
    chosen: Selection

    @property
    def to_score(self) -> list[Paper]:
        return [paper for paper in self.chosen.to_score if paper.id not in self.reused]

    @property
    def spent(self) -> Scoring:
        """The usage and cost of the day so far: of its record and of later tries."""
        previous = self.announcement.previous
        recorded = Scoring({}, previous.usage, previous.cost_usd) if previous else Scoring({})
        return recorded + self.tries

    @property
    def left_usd(self) -> float | None:
        """What the day may still cost; None: no limit."""
        return budget.left_usd(self.job.config.llm.budget_usd, self.spent.cost_usd)


def make_plan(
    job: Job, archive: Archive, announcement: Announcement, unfinished: Unfinished
) -> Plan:
    """Sort the day's papers. Papers that only the earlier run saw keep their place."""
    day, previous = announcement.day, announcement.previous
    with stage(f"{day} select") as facts:
        tries = unfinished.read() if job.by_model else Scoring({})
        ids = announced(announcement.sources)
        reused = {**_reusable(job, previous), **tries.verdicts}
        chosen = select(
            [paper for paper in announcement.papers if paper.id in ids],
            day,
            archive.scored_on(ids),
            job.config.announce,
            job.config.exclude,
            job.limit,
            scored=reused if job.by_model or previous is None else previous.scored_ids,
            stale=only_stale(announcement.sources),
        )
        plan = Plan(job, announcement, tries, reused, chosen)
        facts.append(count(len(ids), "paper"))
        facts += [f"{len(chosen.filtered)} filtered", f"{len(chosen.seen)} seen"]
        if chosen.unreadable:
            facts.append(f"{len(chosen.unreadable)} unreadable")
        facts.append(f"{len(plan.to_score)} to score")
    return plan


def _reusable(job: Job, previous: Digest | None) -> dict[str, Verdict]:
    """The verdicts in the day's record that the same scorer would give again.

    None of the embedded scorer's: it compares each paper with the whole day, and costs nothing.
    """
    if previous is None or job.rescore or previous.scorer is ScoredBy.EMBEDDED:
        return {}
    question = (previous.scorer, previous.model, previous.prompt)
    if question != (job.scorer.name, job.scorer.model, job.scorer.prompt):
        return {}
    return {**previous.scores}


def estimate_day(plan: Plan, archive: Archive) -> DayReport:
    """What a dry run reports."""
    job, day = plan.job, plan.announcement.day
    label = scorer_label(job.scorer.name, job.scorer.model)
    action = f"would score {count(len(plan.to_score), 'paper')} with {label}"
    if not plan.to_score or not job.by_model:
        return DayReport(RunStatus.PLANNED, action, day)
    expected = job.scorer.estimate(plan.to_score)
    by_model = {d.date for d in archive.days if d.scorer is ScoredBy.MODEL}
    compared = [past for past in archive.dates_before(day) if past in by_model][-COMPARED_DAYS:]
    past_days = [archive.listed_day(past) for past in compared]
    reason = f"{action} {estimate.in_words(expected, past_days)}"
    left = plan.left_usd
    if left is not None and expected.cost_usd is not None and expected.cost_usd > left:
        reason += f"; only {dollars(left)} of llm.budget_usd is left"
    return DayReport(
        RunStatus.PLANNED,
        reason,
        day,
        usage=expected.usage,
        cost_usd=expected.cost_usd,
        model=job.scorer.model,
        scorer=job.scorer.name,
    )
