"""One invocation of `digest run` or `digest catch-up`: which days, from where, in which order.

Past days that lack something come first, the oldest before the others, so that each is recorded
before the next is compared with it. If more than a few are missed, today's digest does not wait for
them. A problem with a past day never costs today its digest.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from digest.archive.store import Archive
from digest.arxiv.fetch import Fetched, Reading, Unread
from digest.arxiv.past import Past
from digest.core import calendar
from digest.core.day import Digest, Status
from digest.core.errors import FeedError, Interrupted, RunStatus, ScoringError
from digest.core.progress import log
from digest.core.wording import by_reason, count
from digest.run import backlog, pipeline, unfinished
from digest.run.announcement import Announcement
from digest.run.budget import excess_usd
from digest.run.job import Job
from digest.run.report import DayReport, RunReport
from digest.run.sources import Batches, days_with_papers, source_of

LATE_HOUR_UTC = 16  # a feed without today's papers by then has a problem, and is not merely late
# After so many seconds no other past day is begun, because a workflow's job has a time limit.
REPAIR_S = 40 * 60
REPAIR_FIRST_S = 5 * 60  # the same if today's digest waits for it
_MAX_RECORDS = 30  # read to see whether a category has papers on most days


Fetch = Callable[[], list[Reading]]  # today's feeds; raises `NoSuchFeed`


def run(job: Job, today: date, fetch: Fetch, past: Past, report: RunReport) -> None:
    """Repair what was missed, then make the digest of `today`; or the other way round."""
    days = _Days(job, _open(job), past, report)
    readings = unfinished.pending(job.unfinished, today) if job.by_model else {}
    needs = [] if job.trial or job.rescore else days.needs(today, readings)
    if len(needs) <= backlog.MAX_BEFORE_TODAY:
        days.repair(needs, REPAIR_FIRST_S)
        days.make_today(today, fetch)
        return
    try:
        days.make_today(today, fetch)
    except FeedError:  # today's feed says nothing about arXiv's pages of past days
        days.repair(needs, REPAIR_S)
        report.under_way = today
        raise
    days.repair(needs, REPAIR_S)


def catch_up(job: Job, dates: Sequence[date], past: Past, report: RunReport) -> None:
    """Make these past days from arXiv's pages of them; days that are complete only to rescore."""
    days = _Days(job, _open(job), past, report)
    recorded = {day.date: day.status for day in days.archive.days}
    for day in dates:
        if job.rescore or recorded.get(day) in (None, Status.PARTIAL, Status.APPROXIMATE):
            days.repair_day(backlog.Need(day, job.config.categories), by_hand=True)
        else:
            reason = "the day stands; `--rescore` makes it anew"
            report.add(DayReport(RunStatus.UNCHANGED, reason, day))


def replay(job: Job, days: Mapping[date, list[Fetched]], report: RunReport) -> None:
    """Make the digests of named feeds, by the feeds' own dates."""
    archive = _open(job)
    for day, fetched in days.items():
        result = _make(job, archive, Announcement.of(archive, day, fetched), report)
        report.add(result, _exit_code(result, late=True))


def _open(job: Job) -> Archive:
    """The archive, with its derived files repaired before anything reads them."""
    for doubt in job.authors.doubts:
        log.warning("authors: %s", doubt)
    return Archive(job.config.out) if job.dry_run else Archive.repaired(job.config.out)


def _make(job: Job, archive: Archive, announcement: Announcement, report: RunReport) -> DayReport:
    started = time.monotonic()
    report.under_way = announcement.day
    result = pipeline.run_day(job, archive, announcement)
    return replace(result, seconds=round(time.monotonic() - started, 3))


def _exit_code(result: DayReport, *, late: bool) -> int:
    """Of a day that was handled to its end."""
    if result.status is RunStatus.OUTAGE:  # published without the model
        return ScoringError.exit_code
    return FeedError.exit_code if late and result.status is RunStatus.STALE_FEED else 0


@dataclass(frozen=True)
class _Days:
    """The days of one run."""

    job: Job
    archive: Archive
    past: Past
    report: RunReport

    # --- today --------------------------------------------------------------------------------

    def make_today(self, today: date, fetch: Fetch) -> None:
        """Make today's digest. On a holiday the feeds are read all the same: calendars err."""
        if calendar.is_weekend(today):
            reason = f"arXiv announces nothing on {calendar.why_none(today)}"
            self.report.add(DayReport(RunStatus.NO_ANNOUNCEMENT, reason, today))
            return
        self.report.under_way = today
        readings = fetch()
        batches = {} if self.job.trial else self._unrecorded_batches(today)
        announcement = Announcement.of(self.archive, today, readings, batches)
        # By the run's clock, so that a day named by `--date` is late once it is over.
        turns = datetime(today.year, today.month, today.day, LATE_HOUR_UTC, tzinfo=UTC)
        late = self.job.now() >= turns
        announcement = announcement.with_readings(self._second_look(announcement, late=late))
        result = _make(self.job, self.archive, announcement, self.report)
        self.report.add(result, _exit_code(result, late=late))

    def _unrecorded_batches(self, today: date) -> Batches:
        """What each category announced before today, if no record has it: else a feed that repeats
        it would count as today's."""
        if not self.archive.days:
            return {}
        day = calendar.previous_announcement(today)
        record = self.archive.read_day(day)
        recorded = {c for c, source in record.sources.items() if source.fresh} if record else set()
        wanted = [c for c in self.job.config.categories if c not in recorded]
        readings = [self.past.announced(category, day) for category in wanted]
        return {
            read.feed.category: source_of(read, day).entries
            for read in readings
            if isinstance(read, Fetched)
        }

    def _second_look(self, announcement: Announcement, *, late: bool) -> list[Reading]:
        """Read arXiv's own page of today for the categories whose feeds leave a doubt.

        If there is no page, a feed that was unread, stale, cut or partly unreadable stays what it
        is. An empty feed becomes unread if papers were to be expected.
        """
        readings: list[Reading] = []
        for category in announcement.doubtful(late=late):
            page = self.past.announced(category, announcement.day)
            source = announcement.sources[category]
            is_empty = source.fresh and not source.entries
            if isinstance(page, Fetched):
                readings.append(page)
            elif is_empty and (why := self._why_not_empty(category, announcement.day, late=late)):
                readings.append(Unread(category, why, expected=True))
        return readings

    def _why_not_empty(self, category: str, today: date, *, late: bool) -> str:
        """Why an empty feed that no page of today has confirmed is probably wrong; "" if it may be
        right.

        It is wrong if arXiv's list of recent announcements counts papers of today. If that list
        cannot be read either, it is wrong once it is late, no holiday explains it, and the
        category had papers on each of the last days (at most five) of which that is known.
        """
        try:
            listed = self.past.listed(category, today)
        except FeedError as error:
            dates = reversed(self.archive.dates_before(today)[-_MAX_RECORDS:])
            sources = (self.archive.listed_day(day).sources.get(category) for day in dates)
            days = days_with_papers(filter(None, sources))
            if not days or not late or calendar.why_none(today):
                return ""
            usual = f"it had papers on each of the last {count(days, 'recorded day')}"
            return f"its feed is empty although {usual}, and no page confirms it: {error.problem}"
        if not listed:
            return ""
        return (
            f"its feed is empty although arXiv lists {count(listed, 'paper')} of {today} in it:"
            " arXiv is in trouble, a later run looks again"
        )

    # --- the past -----------------------------------------------------------------------------

    def needs(self, today: date, readings: Mapping[date, list[Reading]]) -> list[backlog.Need]:
        """The days before today that lack something, oldest first; and those of `readings`, which
        no run has finished."""
        categories = self.job.config.categories
        lacking = backlog.needs(
            self.archive.days,
            self.archive.listed_day,
            today,
            categories,
            by_model=self.job.by_model,
        )
        needs = {need.day: need for need in lacking}
        for day, kept in readings.items():
            needs[day] = replace(needs.get(day, backlog.Need(day)), readings=tuple(kept))
        return [need for _, need in sorted(needs.items())]

    def repair(self, needs: Sequence[backlog.Need], seconds: float) -> None:
        """Repair past days until the time or one day's budget is used up, or the model fails."""
        started, spent_usd, budget_usd = time.monotonic(), 0.0, self.job.config.llm.budget_usd
        for number, need in enumerate(needs):
            why = ""
            if self.report.exit_code:
                why = "the model fails"
            elif excess_usd(budget_usd, spent_usd):
                why = "they have cost enough"
            elif time.monotonic() - started > seconds:
                why = "they have taken enough time"
            if why:
                days = count(len(needs) - number, "past day")
                reason = f"{days} left to later runs: {why}"
                self.report.add(DayReport(RunStatus.WAITING, reason, need.day))
                return
            spent_usd += self.repair_day(need)

    def repair_day(self, need: backlog.Need, *, by_hand: bool = False) -> float:
        """Make or complete a past day; the dollars that it has cost, as far as they are known.

        What arXiv does not say yet, or what cannot be read just now, waits for a later run;
        `by_hand`, when there may be none, a failed reading is a failure.
        """
        self.report.under_way = need.day
        recorded = Announcement.of(self.archive, need.day, need.readings)
        previous = recorded.previous
        asked = self._ask(need, previous)
        unread = [reading for reading in asked if isinstance(reading, Unread)]
        nothing_read = asked and len(unread) == len(asked) and not _categories_with_papers(need)
        if nothing_read and not backlog.has_papers_to_score(previous):
            if previous is None or previous.stale or previous.unread or by_hand:
                reasons = by_reason({reading.category: reading.why for reading in unread})
                failed = by_hand and not all(reading.not_yet for reading in unread)
                self._put_off(need.day, reasons, failed=failed)
            return 0.0  # a record that is only in doubt, or approximate, stands as it is
        announcement = recorded.with_readings(asked)
        pipeline.return_papers(self.job, self.archive, announcement)
        try:
            result = _make(self.job, self.archive, announcement, self.report)
        except Interrupted:
            raise
        except ScoringError as error:
            result = DayReport(error.status, str(error), need.day)
            self.report.add(result, error.exit_code)
        except FeedError as error:
            not_yet = all(r.not_yet for r in announcement.readings if isinstance(r, Unread))
            self._put_off(need.day, str(error), failed=by_hand and not not_yet)
            return 0.0
        else:
            self.report.add(result, _exit_code(result, late=False))
        return max(0.0, (result.cost_usd or 0.0) - ((previous and previous.cost_usd) or 0.0))

    def _ask(self, need: backlog.Need, previous: Digest | None) -> list[Reading]:
        """Ask arXiv for the categories of the day that are needed and were not read."""
        unread = [reading.category for reading in need.readings if isinstance(reading, Unread)]
        sources = previous.sources if previous else {}
        exact = {c for c, s in sources.items() if s.fresh and (s.approximate or s.entries)}
        return [
            self.past.announced(category, need.day, exactly=category in exact)
            for category in dict.fromkeys([*need.categories, *unread])
            if category not in _categories_with_papers(need)
        ]

    def _put_off(self, day: date, reason: str, *, failed: bool) -> None:
        """Report a past day of which nothing came: it waits, or the run fails for it."""
        if failed:
            self.report.add(DayReport(FeedError.status, reason, day), FeedError.exit_code)
        else:
            reason = f"{reason}; a later run asks again"
            self.report.add(DayReport(RunStatus.WAITING, reason, day))


def _categories_with_papers(need: backlog.Need) -> set[str]:
    return {r.feed.category for r in need.readings if isinstance(r, Fetched) and r.feed.papers}
