"""One announcement day: select, score, rank, write, publish.

`run_day` is the list of the steps. Clients, clock and settings are handed in with the `Job`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date
from pathlib import Path

from digest.archive.feedback import Feedback
from digest.archive.store import Archive, read_days
from digest.arxiv.fetch import Fetched
from digest.core import calendar
from digest.core.below import draw_explorer
from digest.core.day import Digest, Explorer, Status
from digest.core.errors import FeedError, Interrupted, RunStatus, ScoringError
from digest.core.papers import Origin, SourceState
from digest.core.progress import log, stage
from digest.core.scores import Failure, Reason, ScoredBy
from digest.core.text import one_line
from digest.core.wording import (
    beyond_top,
    by_reason,
    count,
    over_budget,
    scorer_label,
    totals,
    without_phrases,
)
from digest.publish.commit import commit_day, days_among, uncommitted
from digest.publish.push import push
from digest.run import backlog, budget, feedback, learning, output, ranking, selection
from digest.run.announcement import Announcement
from digest.run.job import Job
from digest.run.learning import Taste
from digest.run.plan import Plan, estimate_day, is_settled, make_plan
from digest.run.report import DayReport
from digest.run.sources import status_of
from digest.run.unfinished import Unfinished, forget_trouble, troubles
from digest.scoring import fit
from digest.scoring.scorer import make_scorer

FELL_BACK = "until the model scores it, the day is published without its scores"
_LONGEST_REASON = 300


def run_day(job: Job, archive: Archive, announcement: Announcement) -> DayReport:
    """Bring one announcement day up to date with what was read of it.

    Nothing is written before everything is scored, and nothing at all if the feeds announce nothing
    or only repeat an earlier day. Raises `FeedError` if a category could not be read and no other
    announces papers (in a trial, if any could not be read), and another `DigestError` for any
    other expected failure.
    """
    day, previous = announcement.day, announcement.previous
    if report := _nothing_to_do(job, announcement):
        return report
    unfinished = _unfinished(job, announcement)
    if previous is not None and is_settled(job, announcement, previous):
        if job.dry_run:
            return DayReport(RunStatus.PLANNED, "nothing to do: the day stands", day)
        digest, state = previous, None
    else:
        plan = make_plan(job, archive, announcement, unfinished)
        if job.dry_run:
            return estimate_day(plan, archive)
        output.require_no_other_pages(archive.out, day)
        has_scores = previous is not None and previous.scorer is ScoredBy.MODEL
        if job.by_model and not has_scores and not job.replay:
            unfinished.keep_readings(announcement.readings)
        digest, state = _score_or_fall_back(plan, archive, unfinished)
    with stage(f"{day} write") as facts:
        written = _write(job, archive, digest, state)
        facts.append(f"{count(len(written), 'file')} changed")
    by_hand = learning.votes_by_hand(archive.out)
    commit, is_ours = _publish(job, archive, digest) if job.commit else (None, True)
    theirs = learning.votes_by_hand(archive.out)
    lost = [vote for paper_id, vote in by_hand.items() if paper_id not in theirs]
    feedback.settle(job.unfinished, lost, archived=is_ours and state is not None)
    # Only now: in GitHub Actions the clone is thrown away, and unpushed scores with it.
    forget_trouble(job.unfinished, day)
    is_new = digest is not previous
    by_model = job.by_model and not digest.fallback
    if by_model and (is_new or not unfinished.read().usage.requests):
        unfinished.forget()  # else it holds the cost of a try that has changed nothing
    archived = archive.read_day(day) if job.push else digest  # the other side's day wins
    if archived is None:
        reason = "beside what another run has published, every feed repeats an earlier day"
        return DayReport(RunStatus.STALE_FEED, reason, day)
    repaired = bool(written or commit)
    status, reason = RunStatus.UNCHANGED, "another run published this day first"
    if is_ours or archived.fallback:
        status, reason = _result(
            job, archived, announcement.previous, is_new=is_new, repaired=repaired
        )
    if unread := announcement.unread(archived):
        reason += f"; {', '.join(unread)} could not be read"
    return DayReport.of(archived, status, reason, commit)


def return_papers(job: Job, archive: Archive, announcement: Announcement) -> None:
    """If the next recorded day was built from a stale feed (this day's batch), mark its category as
    stale, so that it is fetched again, and let its papers go back to this day."""
    later = [recorded.date for recorded in archive.days if recorded.date > announcement.day]
    theirs = archive.read_day(later[0]) if later else None
    if theirs is None or not job.commit:
        return
    batches = {c: source.entries for c, source in announcement.sources.items() if source.fresh}
    fitted = selection.fit_into(theirs, archive.scored_on(theirs.outcome_ids), batches)
    if fitted.sources != theirs.sources:
        stale = ", ".join(fitted.stale)
        log.info("%s: the feed of %s was that of %s", fitted.date, stale, announcement.day)
        _write(job, archive, fitted)
        commit_day(archive.out, fitted)


# --- is there anything to do? -----------------------------------------------------------------


def _nothing_to_do(job: Job, announcement: Announcement) -> DayReport | None:
    """What to report if no category announces papers of the day's own; else None."""
    day, sources = announcement.day, announcement.sources
    asked_for = {category: sources[category] for category in announcement.categories}
    unread = {c: s.why for c, s in asked_for.items() if s.state is SourceState.UNREAD}
    if unread and (job.trial or not announcement.has_papers):
        names, _, reasons = by_reason(unread).partition(": ")
        raise FeedError(names, reasons)
    if announcement.has_papers:
        return None
    if stale := [c for c, source in sources.items() if source.state is SourceState.STALE]:
        reasons = "; ".join(_staleness(category, announcement) for category in stale)
        return DayReport(RunStatus.STALE_FEED, f"{reasons}: try again later", day)
    if sources and all(source.origin is not Origin.FEED for source in sources.values()):
        return None  # arXiv's own pages confirm that there was nothing: this is recorded
    why = calendar.why_none(day) or "one was expected; a later run looks again"
    return DayReport(RunStatus.NO_ANNOUNCEMENT, f"the feed is empty: {why}", day)


def _staleness(category: str, announcement: Announcement) -> str:
    feeds = [read.feed for read in announcement.readings if isinstance(read, Fetched)]
    dates = [feed.date for feed in feeds if feed.category == category]
    if other := [date for date in dates if date != announcement.day]:
        return f"the feed of {category} is that of {other[0]}"
    return f"the feed of {category} repeats an earlier day's papers under today's date"


def _unfinished(job: Job, announcement: Announcement) -> Unfinished:
    scorer, previous = job.scorer, announcement.previous
    question = [scorer.name, scorer.model or "", scorer.prompt.sha256, "anew" * job.rescore]
    # Only a model's record takes over earlier answers. The embedded scorer's leaves them waiting.
    after = previous.generated_at if previous and previous.usage.requests else None
    return Unfinished.of(job.unfinished, announcement.day, after, question)


# --- scoring ----------------------------------------------------------------------------------


def _score_or_fall_back(
    plan: Plan, archive: Archive, unfinished: Unfinished
) -> tuple[Digest, Feedback | None]:
    """As `_score`. Where the model fails and `fallback` is on, the embedded scorer makes the record
    of a day that has no better one; the model scores it later."""
    job, previous = plan.job, plan.announcement.previous
    try:
        return _score(plan, archive, unfinished)
    except Interrupted:
        raise
    except ScoringError as error:
        if not _may_fall_back(job, previous):
            raise
        log.warning("%s: %s; another scorer takes its place", plan.announcement.day, error)
        embedded = make_scorer(replace(job.config, scorer=ScoredBy.EMBEDDED), None, None)
        instead = make_plan(replace(job, scorer=embedded), archive, plan.announcement, unfinished)
        reason = job.secrets.scrub(one_line(str(error), _LONGEST_REASON))
        return _score(instead, archive, unfinished, fallback=reason)


def _may_fall_back(job: Job, previous: Digest | None) -> bool:
    has_scores = previous is not None and previous.scorer is ScoredBy.MODEL
    return job.by_model and job.config.fallback and not job.trial and not has_scores


def _score(
    plan: Plan, archive: Archive, unfinished: Unfinished, fallback: str = ""
) -> tuple[Digest, Feedback | None]:
    """Score the papers, rank them, and build the day's record, with the votes and weights to
    archive beside it. If nothing is new, the previous record alone.

    `fallback` says why the model did not score. Raises `ScoringError` if too few papers have a
    score for the day to be published.
    """
    job, day, previous = plan.job, plan.announcement.day, plan.announcement.previous
    taste = Taste.of(archive.out, job.unfinished)  # before anything is paid for
    with stage(f"{day} score") as facts:
        scoring = job.scorer.score(plan.to_score, plan.left_usd, unfinished.keep)
        facts.append(count(len(plan.to_score), "paper"))
        facts.append(f"by {scorer_label(job.scorer.name, job.scorer.model)}")
    papers = (*plan.chosen.to_score, *plan.chosen.unreadable)
    unreadable = {paper.id: Failure(Reason.UNREADABLE) for paper in plan.chosen.unreadable}
    authors = ((p.id, job.authors.match(p.authors)) for p in papers)
    by_author = {paper_id: author for paper_id, author in authors if author}
    by_phrase = selection.phrase_matches(papers, job.config.always)
    cut = job.config.keep.cut(job.scorer.name)
    keeps = previous is not None and previous.scorer is job.scorer.name and not job.rescore
    verdicts = taste.matched(
        day,
        {**plan.reused, **scoring.verdicts, **unreadable},
        papers,
        job.scorer.topics,
        job.scorer.name,
        cut,
        by_author.keys() | by_phrase.keys(),
        previous.scores if previous and (keeps or taste.has_seen(day)) else {},
    )
    ranked = ranking.rank(papers, verdicts, cut, by_author, by_phrase)
    recorded = archive.dates_before(day)
    missed = troubles(job.unfinished, recorded[-1], day) if recorded else ()
    spent = plan.spent + scoring
    digest = Digest(
        date=day,
        status=Status.COMPLETE,
        generated_at=job.now().astimezone(UTC).replace(microsecond=0),
        scorer=job.scorer.name,
        model=job.scorer.model,
        prompt=job.scorer.prompt,
        cut=cut,
        sources=plan.announcement.sources,
        kept=ranked.kept,
        below=ranked.below,
        filtered=plan.chosen.filtered,
        seen=plan.chosen.seen,
        unscored=ranked.unscored,
        usage=spent.usage,
        cost_usd=spent.cost_usd,
        missed=previous.missed if previous else missed,
        over_budget_usd=budget.excess_usd(job.config.llm.budget_usd, spent.cost_usd),
        with_phrase=fit.with_phrase(papers, job.scorer.topics, job.scorer.name),
        fallback=fallback,
    )
    if previous is not None:
        digest = ranking.carry_over(digest, previous)
    digest = replace(digest, status=status_of(digest), explorer=_explorer(job, digest, previous))
    digest = job.secrets.scrub(digest)
    log.info("%s: %s", day, totals(digest))
    if sentence := without_phrases(digest):
        log.warning("%s: %s", day, sentence)
    # Else a lone paper that the model refuses would be asked about for ninety days.
    last_try = not job.replay and digest.generated_at.date() - day >= backlog.RETRY
    limit = job.config.llm.max_unscored
    falls_back = _may_fall_back(job, previous)
    if failure := ranking.shortfall(
        digest, limit, scoring.trouble, last_try=last_try, falls_back=falls_back
    ):
        raise failure
    if previous is not None and _is_no_news(job, digest, previous):
        return previous, None
    teaches = job.limit is None
    return digest, taste.after(digest, papers, job.scorer.topics) if teaches else None


def _explorer(job: Job, digest: Digest, previous: Digest | None) -> Explorer | None:
    """The one that the daily issue shows already, while it is below; else a new draw."""
    if not job.config.feedback.issue:
        return None
    drawn = previous and previous.explorer
    if drawn and drawn.id in {below.id for below in digest.below}:
        return drawn
    return draw_explorer(digest)


def _is_no_news(job: Job, digest: Digest, previous: Digest) -> bool:
    """True if the record stays as it is. The cost of the try then waits in `.digest/` for the next
    change; a rescoring always states its cost."""
    same = replace(
        digest,
        generated_at=previous.generated_at,
        with_phrase=previous.with_phrase,  # from papers and prompt; older records lack it
        fallback=digest.fallback and previous.fallback,  # another failure is no news
    )
    if not job.rescore:
        same = replace(
            same,
            usage=previous.usage,
            cost_usd=previous.cost_usd,
            over_budget_usd=previous.over_budget_usd,
        )
    return same == previous


# --- publishing -------------------------------------------------------------------------------


def _write(job: Job, archive: Archive, digest: Digest, state: Feedback | None = None) -> list[str]:
    config = job.config
    return output.write(archive, digest, config.site, state, learned=config.feedback.learned)


def _publish(job: Job, archive: Archive, digest: Digest) -> tuple[str | None, bool]:
    """Commit the day, and push it if asked to: the commit, and False if another run pushed the same
    day first, so that its record now stands in the archive.

    Recorded days that an earlier run did not commit get commits of their own.
    """
    out = archive.out
    days = days_among(uncommitted(out))
    records = [archive.read_day(day) for day in days]
    pending = [record for record in records if record is not None] or [digest]
    commits = {}
    for record in pending:
        with stage(f"{record.date} commit") as facts:
            if record.date != digest.date:
                _write(job, archive, record)
            # The last commit takes the files that days share: ledger, lists, front page.
            alone = record is not pending[-1]
            commits[record.date] = commit_day(out, record, alone=alone)
            facts.append((commits[record.date] or "nothing changed")[:16])
    commit = commits.get(digest.date)
    if not job.push:
        return commit, True

    def add_days(their_out: Path, days: list[date]) -> None:
        for day in days:
            state = learning.with_pulled(their_out, job.unfinished)
            ours, config = archive.listed_day(day), job.config
            output.add_day(their_out, ours, config.site, state, learned=config.feedback.learned)

    with stage(f"{digest.date} push") as facts:
        pushed = push(out, add_days)
        facts.append(pushed[:12] if pushed else "the other side has this day already")
    archive.days = read_days(out)
    return commit and pushed, pushed is not None


def _result(
    job: Job, digest: Digest, previous: Digest | None, *, is_new: bool, repaired: bool
) -> tuple[RunStatus, str]:
    """What came of the day: its record `is_new` (or changed), or other files were `repaired`."""
    if digest.fallback:
        return RunStatus.OUTAGE, f"{digest.fallback}; {FELL_BACK}"
    if digest.status is Status.EMPTY:
        reason = "arXiv's own pages say that nothing was announced"
        return RunStatus.NO_ANNOUNCEMENT, reason
    if is_new:
        status = RunStatus.UPDATED if previous else RunStatus.PUBLISHED
        reason = f"{digest.counts.kept} of {count(digest.counts.scanned, 'paper')} kept"
        if digest.unscored:
            reason += f", {len(digest.unscored)} not scored"
        sentences = filter(None, (beyond_top(digest), over_budget(digest)))
        reason = ". ".join([reason, *sentences])
        return status, reason
    if repaired:
        return RunStatus.UPDATED, "nothing is new, but files were missing or not committed"
    reason = "nothing is new since the last run"
    if job.config.keep.cut(digest.scorer) != digest.cut:
        reason += (
            "; the settings' cut is another than this record's: `digest run --rescore` applies it"
        )
    return RunStatus.UNCHANGED, reason
