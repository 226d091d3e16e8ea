"""One run: feeds, selection, scores, ranking, archive, site, commit.

`run_day` is the list of the steps. Everything that touches the world is handed in, or lives in
the stage that owns it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from digest.archive import store
from digest.arxiv.fetch import Fetched, Reading, category_of
from digest.core import calendar
from digest.core.config import Config
from digest.core.errors import FeedError
from digest.core.models import LIMIT_RULE, Digest, Missed, RunStatus, Status
from digest.core.papers import Entry, Origin, Paper, Source, SourceState, announced
from digest.core.progress import log, stage
from digest.core.scores import Failure, Reason, ScoredBy, Scoring, Verdict
from digest.core.secrets import Secrets
from digest.core.wording import by_reason, count, dollars, over_budget, scorer_label, totals
from digest.publish import publish
from digest.run import backlog, output, ranking, reading, selection
from digest.run.reading import Batches
from digest.run.report import DayReport
from digest.run.unfinished import Unfinished, forget_trouble, troubles
from digest.scoring import estimate
from digest.scoring.scorers import Scorer

EXPERIENCE_DAYS = 10  # that an estimate is compared with


@dataclass(frozen=True)
class Job:
    """What one invocation wants."""

    config: Config
    scorer: Scorer
    now: Callable[[], datetime]  # aware
    unfinished: Path  # the folder of answers that are in no archive yet
    secrets: Secrets = Secrets()  # what must stand in no file
    commit: bool = True
    push: bool = False
    rescore: bool = False
    limit: int | None = None
    dry_run: bool = False
    replay: bool = False  # of feeds that were named: to be named again where they fail

    @property
    def trial(self) -> bool:
        """Whether nothing that it does is to last."""
        return self.dry_run or self.limit is not None


def run_day(
    job: Job, day: date, readings: Sequence[Reading], batches: Batches | None = None
) -> DayReport:
    """Bring one announcement day up to date with what was read of it.

    `batches` are those of earlier days that are in no record yet. Nothing is written before
    everything is scored, and nothing at all where the feeds announce nothing or only repeat an
    earlier day. What `restore` would mend must be whole. Raises `FeedError` where a category could
    not be read and no other announces anything of the day's own, in a trial wherever one could not
    be read, and another `DigestError` for any other expected failure.
    """
    out = job.config.out
    before = store.read_day(out, day)
    sources = reading.sources_of(out, day, readings, before, batches)
    if nothing := _nothing_to_do(job, day, readings, sources):
        return nothing
    unfinished = _unfinished(job, day, before)
    if before is None or not _settled(job, before, sources, readings):
        tried = unfinished.read() if job.scorer.name is ScoredBy.MODEL else Scoring({})
        plan = _plan(job, day, readings, sources, before, tried)
        if job.dry_run:
            return _estimate(job, day, plan)
        output.require_no_other_pages(out, day)
        unscored = before is None or before.scorer is not ScoredBy.MODEL
        if job.scorer.name is ScoredBy.MODEL and unscored and not job.replay:
            unfinished.keep_readings(readings)
        digest = _make(job, day, plan, unfinished)
    elif job.dry_run:
        return DayReport(RunStatus.PLANNED, "nothing to do: the day stands", day)
    else:
        digest = before
    with stage(f"{day} write") as said:
        written = output.write(out, digest, before, job.config.site)
        said.append(f"{count(len(written), 'file')} changed")
    commit, ours = _publish(job, digest) if job.commit else (None, True)
    # Not before it is pushed: a runner throws its clone away, and what was paid for with it.
    forget_trouble(job.unfinished, day)
    if job.scorer.name is ScoredBy.MODEL and (
        digest is not before or not unfinished.read().usage.requests
    ):
        unfinished.forget()  # else it holds what a try that has changed nothing has paid for
    made = digest
    if job.push:  # which may have judged it anew, beside what others have pushed
        pushed = store.read_day(out, day)
        if pushed is None:
            reason = "beside what another run has published, every feed repeats an earlier day"
            return DayReport(RunStatus.STALE_FEED, reason, day)
        digest = pushed
    if not ours:
        return DayReport.of(
            digest, RunStatus.UNCHANGED, "another run published this day first", None
        )
    status, reason = RunStatus.UNCHANGED, "nothing is new since the last run"
    if digest.status is Status.EMPTY:
        status, reason = (
            RunStatus.NO_ANNOUNCEMENT,
            "arXiv's own pages say that nothing was announced",
        )
    elif made is not before:
        status = RunStatus.UPDATED if before else RunStatus.PUBLISHED
        reason = f"{digest.counts.kept} of {count(digest.counts.scanned, 'paper')} kept"
        if digest.unscored:
            reason += f", {len(digest.unscored)} not scored"
        if over := over_budget(digest):
            reason += f". {over}"
    elif written or commit:
        status, reason = (
            RunStatus.UPDATED,
            "nothing is new, but files were missing or not committed",
        )
    if unread := reading.unread(digest, readings):
        reason += f"; {', '.join(unread)} could not be read"
    return DayReport.of(digest, status, reason, commit)


def restore(job: Job) -> None:
    """Make again what a run that was killed left out of the list of days and the ledger, or damaged
    in them: before anything reads them."""
    if not job.dry_run and (restored := store.restore(job.config.out)):
        named = ", ".join(map(str, restored[:3])) + ", …" * (len(restored) > 3)
        log.info("restore: made again from the days' records: %s", named)


def take_back(job: Job, day: date, readings: Sequence[Reading]) -> None:
    """Where the next recorded day took this one's announcement for its own, which was not known
    then, its papers are given back, and its category is to be asked for again."""
    out = job.config.out
    later = [known.date for known in store.read_days(out) if known.date > day]
    theirs = store.read_day(out, later[0]) if later else None
    if theirs is None or not job.commit:
        return
    # What came from arXiv's own account of their day alone is theirs.
    feeds = {c for c, s in theirs.sources.items() if s.origin.has_feed}
    batches: dict[str, Collection[Entry]] = {}
    for read in readings:
        if isinstance(read, Fetched) and (category := read.feed.category) in feeds:
            batch = selection.source_of_past(read.feed, read.url).entries
            batches[category] = [*batches.get(category, ()), *batch]
    judged = selection.rejudge(theirs, store.read_ledger(out, theirs.outcome_ids), batches)
    if judged.sources != theirs.sources:
        log.info("%s: %s was that of %s", judged.date, ", ".join(judged.stale), day)
        output.write(out, judged, theirs, job.config.site)
        publish.commit(out, judged)


# --- the steps --------------------------------------------------------------------------------


def _nothing_to_do(
    job: Job, day: date, readings: Sequence[Reading], sources: Mapping[str, Source]
) -> DayReport | None:
    """What to report where no category announces anything of `day`'s own."""
    announced = any(source.fresh and source.entries for source in sources.values())
    asked_for = dict.fromkeys(map(category_of, readings))
    unread = {c: sources[c].why for c in asked_for if sources[c].state is SourceState.UNREAD}
    if unread and (job.trial or not announced):
        names, _, reasons = by_reason(unread).partition(": ")
        raise FeedError(names, reasons)
    if announced:
        return None
    if stale := [c for c, s in sources.items() if s.state is SourceState.STALE]:
        said = "; ".join(_staleness(category, day, readings) for category in stale)
        return DayReport(RunStatus.STALE_FEED, f"{said}: try again later", day)
    if sources and all(source.origin is not Origin.FEED for source in sources.values()):
        return None  # to be recorded: it is known that there was nothing
    why = calendar.why_none(day) or "one was expected; a later run looks again"
    return DayReport(RunStatus.NO_ANNOUNCEMENT, f"the feed is empty: {why}", day)


def _staleness(category: str, day: date, readings: Sequence[Reading]) -> str:
    feeds = [read.feed for read in readings if isinstance(read, Fetched)]
    if other := [feed.date for feed in feeds if feed.category == category and feed.date != day]:
        return f"the feed of {category} is that of {other[0]}"
    return f"the feed of {category} repeats an earlier day's papers under today's date"


def _settled(
    job: Job, before: Digest, sources: Mapping[str, Source], readings: Sequence[Reading]
) -> bool:
    """Whether there is nothing left to do for a day but to make sure that its files stand."""
    if before.scorer is ScoredBy.MODEL and job.scorer.name is ScoredBy.EMBEDDED and not job.rescore:
        return True  # better scores than this run's, and paid for
    sampled = any(filtered.rule == LIMIT_RULE for filtered in before.filtered)
    better_scorer = before.scorer is ScoredBy.EMBEDDED and job.scorer.name is ScoredBy.MODEL
    unreadable = {p.id for p in reading.papers_of(before.date, readings, before) if p.unreadable}
    to_score = any(unscored.paper.id not in unreadable for unscored in before.unscored)
    return not (job.rescore or sampled or better_scorer or to_score or sources != before.sources)


def _reusable(job: Job, before: Digest | None) -> dict[str, Verdict]:
    """The verdicts of an earlier run of the day that the same scorer would give again.

    The embedded scorer weighs words by the whole day, and costs nothing: its are made anew.
    """
    if before is None or job.rescore or before.scorer is ScoredBy.EMBEDDED:
        return {}
    asked = (before.scorer, before.model, before.prompt)
    if asked != (job.scorer.name, job.scorer.model, job.scorer.prompt):
        return {}
    verdicts: dict[str, Verdict] = {kept.paper.id: kept.score for kept in before.kept}
    return verdicts | {below.id: below.score for below in before.below}


def _unfinished(job: Job, day: date, before: Digest | None) -> Unfinished:
    scorer = job.scorer
    asked = [scorer.name, scorer.model or "", scorer.prompt.sha256, "anew" * job.rescore]
    # The embedded scorer's record is nothing that answers come on top of: they wait for the model.
    after = before.generated_at if before and before.usage.requests else None
    return Unfinished.of(job.unfinished, day, after, asked)


@dataclass(frozen=True)
class _Plan:
    """What is to be done for a day."""

    before: Digest | None  # its earlier record
    unfinished: Scoring  # what tries since then have brought and cost
    sources: dict[str, Source]
    reused: dict[str, Verdict]
    chosen: selection.Selection

    @property
    def to_score(self) -> list[Paper]:
        return [paper for paper in self.chosen.to_score if paper.id not in self.reused]


def _plan(
    job: Job,
    day: date,
    readings: Sequence[Reading],
    sources: dict[str, Source],
    before: Digest | None,
    unfinished: Scoring,
) -> _Plan:
    """The day's papers sorted; those that only the earlier run saw keep their place."""
    with stage(f"{day} select") as said:
        ids = announced(sources)
        reused = {**_reusable(job, before), **unfinished.verdicts}
        chosen = selection.select(
            [paper for paper in reading.papers_of(day, readings, before) if paper.id in ids],
            day,
            store.read_ledger(job.config.out, ids),
            job.config.announce,
            job.config.exclude,
            job.limit,
            scored=reused
            if job.scorer.name is ScoredBy.MODEL or before is None
            else before.scored_ids,
            stale=selection.only_stale(sources),
        )
        plan = _Plan(before, unfinished, sources, reused, chosen)
        said.append(count(len(ids), "paper"))
        said += [f"{len(chosen.filtered)} filtered", f"{len(chosen.seen)} seen"]
        if chosen.unreadable:
            said.append(f"{len(chosen.unreadable)} unreadable")
        said.append(f"{len(plan.to_score)} to score")
    return plan


def _estimate(job: Job, day: date, plan: _Plan) -> DayReport:
    label = scorer_label(job.scorer.name, job.scorer.model)
    does = f"would score {count(len(plan.to_score), 'paper')} with {label}"
    if not plan.to_score or job.scorer.name is ScoredBy.EMBEDDED:
        return DayReport(RunStatus.PLANNED, does, day)
    foretold = job.scorer.foretell(plan.to_score)
    days = [
        d.date
        for d in store.read_days(job.config.out)
        if d.scorer is ScoredBy.MODEL and d.date < day
    ]
    past = [store.listed_day(job.config.out, known) for known in days[-EXPERIENCE_DAYS:]]
    said = estimate.in_words(foretold, estimate.experience(past))
    left_usd = _left_usd(job, plan)
    if left_usd is not None and foretold.cost_usd is not None and foretold.cost_usd > left_usd:
        said += f"; only {dollars(left_usd)} of llm.budget_usd is left"
    return DayReport(
        RunStatus.PLANNED,
        f"{does} {said}",
        day,
        usage=foretold.usage,
        cost_usd=foretold.cost_usd,
        model=job.scorer.model,
        scorer=job.scorer.name,
    )


def _make(job: Job, day: date, plan: _Plan, unfinished: Unfinished) -> Digest:
    """Score what has to be, and put the day together. The earlier record where nothing is new.

    Raises `ScoringError` where too little is scored to be published.
    """
    with stage(f"{day} score") as said:
        scoring = job.scorer.score(plan.to_score, _left_usd(job, plan), unfinished.keep)
        said.append(count(len(plan.to_score), "paper"))
        said.append(f"by {scorer_label(job.scorer.name, job.scorer.model)}")
    before = plan.before
    papers = (*plan.chosen.to_score, *plan.chosen.unreadable)
    unreadable = {paper.id: Failure(Reason.UNREADABLE) for paper in plan.chosen.unreadable}
    matches = ((p.id, selection.author_match(p, job.config.authors)) for p in papers)
    ranked = ranking.rank(
        papers,
        {**plan.reused, **scoring.verdicts, **unreadable},
        job.config.keep.cut,
        {paper_id: author for paper_id, author in matches if author},
    )
    spent = _spent_before(before) + plan.unfinished + scoring
    digest = Digest(
        date=day,
        status=Status.COMPLETE,
        generated_at=job.now().astimezone(UTC).replace(microsecond=0),
        scorer=job.scorer.name,
        model=job.scorer.model,
        prompt=job.scorer.prompt,
        cut=job.config.keep.cut,
        sources=plan.sources,
        kept=ranked.kept,
        below=ranked.below,
        filtered=plan.chosen.filtered,
        seen=plan.chosen.seen,
        unscored=ranked.unscored,
        usage=spent.usage,
        cost_usd=spent.cost_usd,
        missed=_missed(job, day, before),
        over_budget_usd=_over_budget(job, spent.cost_usd),
    )
    if before is not None:
        digest = ranking.carry_over(digest, before)
    digest = job.secrets.scrub(replace(digest, status=selection.status_of(digest)))
    log.info("%s: %s", day, totals(digest.counts))
    # A paper that stands alone and is refused would else be asked about for ninety days.
    last_try = not job.replay and digest.generated_at.date() - day >= backlog.RETRY
    limit = job.config.llm.max_unscored
    if failure := ranking.shortfall(digest, limit, scoring.trouble, last_try=last_try):
        raise failure
    return before if before is not None and _teaches_nothing(job, digest, before) else digest


def _missed(job: Job, day: date, before: Digest | None) -> tuple[Missed, ...]:
    """What went wrong on the announcement days before this one that have no record."""
    if before is not None:
        return before.missed
    recorded = [known.date for known in store.read_days(job.config.out) if known.date < day]
    return troubles(job.unfinished, recorded[-1], day) if recorded else ()


def _teaches_nothing(job: Job, digest: Digest, before: Digest) -> bool:
    """Whether a run leaves the record as it is, and with it all that is made from it. What a try
    in vain has cost waits in `.digest/` until there is news."""
    same = replace(digest, generated_at=before.generated_at)
    if not job.rescore:
        same = replace(
            same,
            usage=before.usage,
            cost_usd=before.cost_usd,
            over_budget_usd=before.over_budget_usd,
        )
    return same == before


def _left_usd(job: Job, plan: _Plan) -> float | None:
    """What the day may still cost, earlier attempts included."""
    budget = job.config.llm.budget_usd
    spent = (_spent_before(plan.before) + plan.unfinished).cost_usd
    return None if budget is None else max(0.0, budget - (spent or 0.0))


def _over_budget(job: Job, cost_usd: float | None) -> float | None:
    """Dollars that the day has cost beyond its budget; None for none."""
    budget = job.config.llm.budget_usd
    over = 0.0 if budget is None or cost_usd is None else round(cost_usd - budget, 9)
    return over if over > 0 else None


def _spent_before(before: Digest | None) -> Scoring:
    return Scoring({}) if before is None else Scoring({}, before.usage, before.cost_usd)


def _publish(job: Job, digest: Digest) -> tuple[str | None, bool]:
    """Commit the day, and push it where asked: the commit, and whether it is the day's own.

    It is not where another run pushed the same day first: theirs then stands in the archive. Days
    that a run without a commit left behind, or one that was killed, get their own commits too.
    """
    out = job.config.out
    waiting = publish.uncommitted(out)
    pending = [store.read_day(out, day) for day in publish.days_among(waiting)]
    digests = [left for left in pending if left is not None] or [digest]
    known = waiting if [made.date for made in digests] == [digest.date] else None
    commits = {}
    for made in digests:
        with stage(f"{made.date} commit") as said:
            if made.date != digest.date:
                output.write(out, made, made, job.config.site)
            # The last takes what the days share: the ledger, the lists, the front page.
            alone = made is not digests[-1]
            commits[made.date] = publish.commit(out, made, known, alone=alone)
            said.append((commits[made.date] or "nothing changed")[:16])
    commit = commits.get(digest.date)
    if not job.push:
        return commit, True

    def add_days(their_out: Path, days: list[date]) -> None:
        for day in days:
            output.add_day(their_out, store.listed_day(out, day), job.config.site)

    with stage(f"{digest.date} push") as said:
        pushed = publish.push(out, add_days)
        said.append(pushed[:12] if pushed else "the other side has this day already")
    return commit and pushed, pushed is not None
