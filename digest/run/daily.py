"""One invocation of `digest run` or `digest catch-up`: which days, from where, in which order.

Past days that lack something come first, the oldest before the others, so that each is there to be
compared with the next. Where more than a few are missed, today's digest does not wait for them.
Trouble with a past day never costs today its digest.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from digest.archive import store
from digest.arxiv.fetch import Fetched, Reading, Unread
from digest.arxiv.past import Past
from digest.core import calendar
from digest.core.errors import FeedError, Interrupted, ScoringError
from digest.core.models import Digest, RunStatus, Status
from digest.core.papers import Source
from digest.core.scores import FINAL_REASONS, ScoredBy
from digest.core.wording import by_reason, count
from digest.run import backlog as past_days
from digest.run import pipeline, reading, unfinished
from digest.run.pipeline import Job
from digest.run.reading import Batches
from digest.run.report import DayReport, RunReport
from digest.run.selection import days_with_papers, source_of_past

LATE_HOUR_UTC = 16  # a feed that has not turned by then is in trouble, not merely late
REPAIR_S = 40 * 60  # after which nothing else of the past is begun: a workflow's job has an end
REPAIR_FIRST_S = 5 * 60  # the same where today's digest waits for it
_RECORDS = 30  # looked at, at most, to see whether a category has papers on most days


@dataclass(frozen=True)
class Arxiv:
    """The two ways to ask it."""

    fetch: Callable[[], list[Reading]]  # today's feeds; raises `NoSuchFeed`
    past: Past


def run(job: Job, today: date, arxiv: Arxiv, report: RunReport) -> None:
    """Repair what was missed, then make the digest of `today`; or the other way round."""
    pipeline.restore(job)
    left = unfinished.left(job.unfinished, today) if job.scorer.name is ScoredBy.MODEL else {}
    backlog = [] if job.trial or job.rescore else _backlog(job, today, left)
    if len(backlog) <= past_days.BACKLOG:
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
    recorded = {day.date: day for day in store.read_days(job.config.out)}
    for day in days:
        known = recorded.get(day)
        if job.rescore or known is None or known.status in (Status.PARTIAL, Status.APPROXIMATE):
            need = past_days.Need(day, job.config.categories)
            _repair_day(job, need, {}, past, report, by_hand=True)
        else:
            report.add(
                DayReport(RunStatus.UNCHANGED, "the day stands; `--rescore` makes it anew", day)
            )


def replay(job: Job, days: Mapping[date, list[Fetched]], report: RunReport) -> None:
    """Make the digests of feeds that were named, by their own dates."""
    pipeline.restore(job)
    for day, fetched in days.items():
        _run_day(job, day, fetched, report, late=True)


# --- today ------------------------------------------------------------------------------------


def _make_today(job: Job, today: date, arxiv: Arxiv, report: RunReport) -> None:
    if today.weekday() > 4:  # a holiday is looked at all the same: it costs little, calendars err
        why = calendar.why_none(today)
        report.add(DayReport(RunStatus.NO_ANNOUNCEMENT, f"arXiv announces nothing on {why}", today))
        return
    report.under_way = today
    readings = arxiv.fetch()
    batches = {} if job.trial else _batches_before(job, today, arxiv.past)
    # By the run's own clock, so that a day named by `--date` is late once it is over.
    late = job.now() >= datetime(today.year, today.month, today.day, LATE_HOUR_UTC, tzinfo=UTC)
    readings += _second_look(job, today, readings, batches, arxiv.past, late=late)
    _run_day(job, today, readings, report, late=late, batches=batches)


def _batches_before(job: Job, today: date, past: Past) -> Batches:
    """What the announcement before today's held, where no record tells: a feed that repeats it
    would pass for today's."""
    out, before = job.config.out, calendar.previous_announcement(today)
    if not store.read_days(out):
        return {}
    record = store.read_day(out, before)
    known = {c for c, source in record.sources.items() if source.fresh} if record else set()
    asked = [past.announced(c, before) for c in job.config.categories if c not in known]
    return {
        r.feed.category: source_of_past(r.feed, r.url, r.origin).entries
        for r in asked
        if isinstance(r, Fetched)
    }


def _second_look(
    job: Job, today: date, readings: Sequence[Reading], batches: Batches, past: Past, *, late: bool
) -> list[Reading]:
    """What arXiv's own page of today says of the categories whose feeds leave a doubt.

    Where it is no help, a feed that could not be read, is stale, cut or partly unreadable stays
    what it is. An empty one becomes unread where papers are to be expected.
    """
    found: list[Reading] = []
    doubtful = reading.doubtful(job.config.out, today, readings, batches, late=late)
    for category, source in doubtful.items():
        page, why = past.announced(category, today), ""
        if isinstance(page, Fetched):
            found.append(page)
        elif source.fresh and not source.entries:
            why = _why_not_empty(job, category, today, past, late=late)
        if why:
            found.append(Unread(category, why, expected=True))
    return found


def _why_not_empty(job: Job, category: str, today: date, past: Past, *, late: bool) -> str:
    """What speaks against an empty feed that no page of today has confirmed; "" if nothing does.

    arXiv's own list of recent announcements counts papers of today; or, once it is late, no page of
    arXiv's can be read, no holiday explains it, and the category had papers on each of the last
    five days of which that is known, or on all where there are fewer.
    """
    try:
        listed = past.listed(category, today)
    except FeedError as error:
        days = days_with_papers(_recorded(job, category, today))
        if not days or not late or calendar.why_none(today):
            return ""
        before = f"it had papers on each of the last {count(days, 'recorded day')}"
        return f"its feed is empty although {before}, and no page confirms it: {error.problem}"
    if not listed:
        return ""
    return (
        f"its feed is empty although arXiv lists {count(listed, 'paper')} of {today} in it:"
        " arXiv is in trouble, a later run looks again"
    )


def _recorded(job: Job, category: str, today: date) -> Iterator[Source]:
    """The category's sources in the records before today, the newest first."""
    days = [day.date for day in store.read_days(job.config.out) if day.date < today]
    for day in days[: -_RECORDS - 1 : -1]:
        source = store.listed_day(job.config.out, day).sources.get(category)
        if source is not None:
            yield source


# --- the past ---------------------------------------------------------------------------------


def _backlog(job: Job, today: date, left: Mapping[date, list[Reading]]) -> list[past_days.Need]:
    out, followed = job.config.out, job.config.categories
    found = past_days.needs(
        store.read_days(out), lambda day: store.listed_day(out, day), today, followed
    )
    known = {need.day for need in found}
    # Days of an outage before there was any record.
    found += [past_days.Need(day) for day in left if day not in known]
    return sorted(found, key=lambda need: need.day)


def _repair(
    job: Job,
    backlog: Sequence[past_days.Need],
    left: Mapping[date, list[Reading]],
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
            report.add(
                DayReport(RunStatus.WAITING, f"{waiting} left to later runs: {why}", need.day)
            )
            return
        spent += _repair_day(job, need, left, past, report)


def _repair_day(
    job: Job,
    need: past_days.Need,
    left: Mapping[date, list[Reading]],
    past: Past,
    report: RunReport,
    *,
    by_hand: bool = False,
) -> float:
    """What this has cost, as far as that is known.

    What arXiv does not say yet, or cannot say just now, is for a later run; `by_hand`, where nobody
    knows whether there will be one, the second is a failure.
    """
    report.under_way = need.day
    before = store.read_day(job.config.out, need.day)
    readings = list(left.get(need.day, ()))  # from a run that did not end
    had = {r.feed.category for r in readings if isinstance(r, Fetched) and r.feed.papers}
    left_unread = [r.category for r in readings if isinstance(r, Unread)]
    wanted = [c for c in dict.fromkeys([*need.categories, *left_unread]) if c not in had]
    sources = before.sources if before else {}
    exact = {c for c, s in sources.items() if s.fresh and (s.approximate or s.entries)}
    asked = [past.announced(category, need.day, exactly=category in exact) for category in wanted]
    unread = [r for r in asked if isinstance(r, Unread)]
    if wanted and len(unread) == len(wanted) and not had and not _to_score(before):
        if before is None or before.stale or before.unread or by_hand:
            reasons = by_reason({r.category: r.why for r in unread})
            failed = by_hand and not all(r.not_yet for r in unread)
            _put_off(report, need.day, reasons, failed=failed)
        return 0.0  # what is only in doubt, or approximate, stands as it is
    readings += asked
    pipeline.take_back(job, need.day, readings)
    made = _run_day(job, need.day, readings, report, late=True, older=True, by_hand=by_hand)
    return max(0.0, (made.cost_usd or 0.0) - ((before and before.cost_usd) or 0.0))


def _to_score(digest: Digest | None) -> bool:
    """Whether a later request may give a paper of the day its score."""
    return digest is not None and any(u.reason not in FINAL_REASONS for u in digest.unscored)


def _put_off(report: RunReport, day: date, reason: str, *, failed: bool) -> DayReport:
    """Nothing came of a past day: it waits, or, where the run has to fail for it, has failed."""
    if failed:
        result = DayReport(FeedError.status, reason, day)
        report.add(result, FeedError.exit_code)
    else:
        result = DayReport(RunStatus.WAITING, f"{reason}; a later run asks again", day)
        report.add(result)
    return result


def _run_day(
    job: Job,
    day: date,
    readings: Sequence[Reading],
    report: RunReport,
    *,
    late: bool,
    older: bool = False,
    by_hand: bool = False,
    batches: Batches | None = None,
) -> DayReport:
    """Trouble with the scoring of `older` days is reported, and the run goes on; so is a category
    of theirs that cannot be read yet."""
    started = time.monotonic()
    report.under_way = day
    try:
        result = pipeline.run_day(job, day, readings, batches)
    except ScoringError as error:
        if isinstance(error, Interrupted) or not older:
            raise
        result = DayReport(error.status, str(error), day)
        report.add(result, error.exit_code)
        return result
    except FeedError as error:
        if not older:
            raise
        not_yet = all(r.not_yet for r in readings if isinstance(r, Unread))
        return _put_off(report, day, str(error), failed=by_hand and not not_yet)
    failed = result.status is RunStatus.STALE_FEED and late and not older
    result = replace(result, seconds=round(time.monotonic() - started, 3))
    report.add(result, FeedError.exit_code if failed else 0)
    return result
