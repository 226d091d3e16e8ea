"""One invocation of `digest run` or `digest catch-up`: which days, from where, in which order.

Past days that lack something come first, the oldest before the others, so that each is there to be
compared with the next. Where more than a few are missed, today's digest does not wait for them.
Trouble with a past day never costs today its digest.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from digest import announcements, archive, pipeline, repair, unfinished
from digest.errors import FeedError, Interrupted, ScoringError
from digest.models import Feed, Status
from digest.pipeline import Batches, Job
from digest.progress import log
from digest.report import DayReport, RunReport
from digest.selection import source_of_past
from digest.sources import Fetched, Past
from digest.wording import count

STALE_HOUR_UTC = 16  # a feed that has not turned by then is in trouble, not merely late
REPAIR_S = 40 * 60  # after which nothing else of the past is begun: a workflow's job has an end
REPAIR_FIRST_S = 5 * 60  # the same where today's digest waits for it


@dataclass(frozen=True)
class Arxiv:
    """The two ways to ask it."""

    fetch: Callable[[], tuple[list[Fetched], list[FeedError]]]  # today's feeds, and what failed
    past: Past


def run(job: Job, today: date, arxiv: Arxiv, report: RunReport) -> None:
    """Repair what was missed, then make the digest of `today`; or the other way round."""
    pipeline.restore(job)
    left = unfinished.left(job.unfinished, today) if job.scorer.name == "llm" else {}
    backlog = [] if job.trial or job.rescore else _backlog(job, today, left)
    if len(backlog) <= repair.BACKLOG:
        _repair(job, backlog, left, arxiv.past, report, REPAIR_FIRST_S)
        _make_today(job, today, arxiv, report)
        return
    trouble = None
    try:
        _make_today(job, today, arxiv, report)
    except FeedError as error:  # today's feed is one thing, arXiv's pages of the past another
        trouble = error
    _repair(job, backlog, left, arxiv.past, report, REPAIR_S)
    if trouble:
        report.under_way = today
        raise trouble


def catch_up(job: Job, days: Sequence[date], past: Past, report: RunReport) -> None:
    """Make these past days from what arXiv says of them; complete ones only to rescore."""
    pipeline.restore(job)
    recorded = {day.date: day for day in archive.read_days(job.config.out)}
    for day in days:
        known = recorded.get(day)
        if job.rescore or known is None or known.status in (Status.PARTIAL, Status.APPROXIMATE):
            need = repair.Need(day, job.config.categories)
            _repair_day(job, need, {}, past, report)
        else:
            report.add(DayReport("unchanged", "the day stands; `--rescore` makes it anew", day))


def replay(job: Job, days: Mapping[date, list[Fetched]], report: RunReport) -> None:
    """Make the digests of feeds that were named, by their own dates."""
    pipeline.restore(job)
    for day, fetched in days.items():
        _run_day(job, day, fetched, report, late=True)


# --- today ------------------------------------------------------------------------------------


def _make_today(job: Job, today: date, arxiv: Arxiv, report: RunReport) -> None:
    if today.weekday() > 4:  # a holiday is looked at all the same: it costs little, calendars err
        why = announcements.why_none(today)
        report.add(DayReport("no_announcement", f"arXiv announces nothing on {why}", today))
        return
    report.under_way = today
    fetched, troubles = arxiv.fetch()
    if troubles and job.trial:
        raise troubles[0]
    fetched += [_unknown(trouble.category, today) for trouble in troubles]
    batches: Batches = {}
    if not job.trial:
        batches = _batches_before(job, today, arxiv.past)
        fetched = _instead_of_stale(job, today, fetched, batches, arxiv.past)
    now = job.now().astimezone(UTC)
    late = now >= datetime(today.year, today.month, today.day, STALE_HOUR_UTC, tzinfo=UTC)
    if troubles and len(pipeline.stale(job.config.out, today, fetched, batches)) == len(fetched):
        raise troubles[0]
    _run_day(job, today, fetched, report, late=late, batches=batches)


def _batches_before(job: Job, today: date, past: Past) -> Batches:
    """What the announcement before today's held, where no record tells: a feed that repeats it
    would pass for today's."""
    out, before = job.config.out, announcements.previous_announcement(today)
    if not archive.read_days(out):
        return {}
    record = archive.read_day(out, before)
    known = {c for c, source in record.sources.items() if source.fresh} if record else set()
    found = {c: _said_of(past, c, before) for c in job.config.categories if c not in known}
    return {c: source_of_past(f.feed, f.url).entries for c, f in found.items() if f}


def _instead_of_stale(
    job: Job, today: date, fetched: list[Fetched], batches: Batches, past: Past
) -> list[Fetched]:
    """The feeds, with arXiv's own page of today in place of those that repeat an earlier day."""
    stale = pipeline.stale(job.config.out, today, fetched, batches)
    found = {category: _said_of(past, category, today) for category in stale}
    return [found.get(f.feed.category) or f for f in fetched]


def _said_of(past: Past, category: str, day: date, *, exactly: bool = False) -> Fetched | None:
    try:
        return past.announced(category, day, exactly=exactly)
    except FeedError as error:
        log.warning("%s: going on without", error)
        return None


# --- the past ---------------------------------------------------------------------------------


def _backlog(job: Job, today: date, left: Mapping[date, list[Fetched]]) -> list[repair.Need]:
    out, followed = job.config.out, job.config.categories
    found = repair.needs(
        archive.read_days(out), lambda day: archive.listed_day(out, day), today, followed
    )
    known = {need.day for need in found}
    # Days of an outage before there was any record.
    found += [repair.Need(day) for day in left if day not in known]
    return sorted(found, key=lambda need: need.day)


def _repair(
    job: Job,
    backlog: Sequence[repair.Need],
    left: Mapping[date, list[Fetched]],
    past: Past,
    report: RunReport,
    seconds: float,
) -> None:
    """As many of the backlog as there is time and money for: one day's budget for all of them, and
    none after one on which the model failed."""
    started, spent, budget = time.monotonic(), 0.0, job.config.llm.budget_usd
    for number, need in enumerate(backlog):
        why = ""
        if report.exit_code:
            why = "the model fails"
        elif budget is not None and spent > budget:
            why = "they have cost enough"
        elif time.monotonic() - started > seconds:
            why = "they have taken enough time"
        if why:
            waiting = count(len(backlog) - number, "past day")
            report.add(DayReport("waiting", f"{waiting} left to later runs: {why}", need.day))
            return
        spent += _repair_day(job, need, left, past, report)


def _repair_day(
    job: Job,
    need: repair.Need,
    left: Mapping[date, list[Fetched]],
    past: Past,
    report: RunReport,
) -> float:
    """What this has cost, as far as that is known."""
    report.under_way = need.day
    before = archive.read_day(job.config.out, need.day)
    known = {f.feed.category: f for f in left.get(need.day, ())}  # from a run that did not end
    wanted = [c for c in need.categories if c not in known or not known[c].feed.papers]
    approximate = {c for c, s in before.sources.items() if s.approximate} if before else set()
    found = {c: _said_of(past, c, need.day, exactly=c in approximate) for c in wanted}
    waiting = [category for category, said in found.items() if said is None]
    if wanted and waiting == wanted and not (before and before.unscored):
        if before is None or before.stale:
            said = f"{', '.join(waiting)}: arXiv does not say yet what was announced"
            report.add(DayReport("waiting", f"{said}; a later run asks again", need.day))
        return 0.0  # what is only in doubt, or approximate, stands as it is
    for category in waiting:
        if before is None or category not in before.sources:
            found[category] = _unknown(category, need.day)
    fetched = [*known.values(), *filter(None, found.values())]
    pipeline.take_back(job, need.day, fetched)
    made = _run_day(job, need.day, fetched, report, late=True, older=True)
    return max(0.0, (made.cost_usd or 0.0) - ((before and before.cost_usd) or 0.0))


def _unknown(category: str, day: date) -> Fetched:
    """As a feed that shows another day: `day` lacks the category and is asked for again."""
    return Fetched("", Feed(category, day - timedelta(days=1), ()))


def _run_day(
    job: Job,
    day: date,
    fetched: Sequence[Fetched],
    report: RunReport,
    *,
    late: bool,
    older: bool = False,
    batches: Batches | None = None,
) -> DayReport:
    """Trouble with the scoring of `older` days is reported, and the run goes on."""
    started = time.monotonic()
    report.under_way = day
    try:
        result = pipeline.run_day(job, day, fetched, batches)
    except ScoringError as error:
        if isinstance(error, Interrupted) or not older:
            raise
        result = DayReport(error.status, str(error), day)
        report.add(result, error.exit_code)
        return result
    failed = result.status == "stale_feed" and late and not older
    result = replace(result, seconds=round(time.monotonic() - started, 3))
    report.add(result, FeedError.exit_code if failed else 0)
    return result
