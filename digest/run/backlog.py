"""Which past days lack something, by the list of days and arXiv's calendar.

A day needs the categories that were followed then: a category that is added later does not make the
past incomplete, and one that is no longer followed is not asked for again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from digest.arxiv.fetch import Reading
from digest.arxiv.past import KEPT
from digest.core.calendar import is_announcement_day
from digest.core.day import Day, Digest, Status
from digest.core.scores import FINAL_REASONS, Reason
from digest.run.sources import may_lack_papers

RETRY = timedelta(days=4)  # for papers without a score: each try costs money
MAX_BEFORE_TODAY = 2  # days; if more lack something, today's digest goes first


@dataclass(frozen=True, slots=True)
class Need:
    """A past day that lacks something."""

    day: date
    categories: tuple[str, ...] = ()  # to read again; empty: only papers need a score
    readings: tuple[Reading, ...] = ()  # by a run that did not end


def needs(
    days: Sequence[Day],
    read: Callable[[date], Digest],
    today: date,
    categories: Collection[str],
    *,
    by_model: bool = True,
) -> list[Need]:
    """The days before `today` that lack something, oldest first.

    `days` are the recorded days in order, `read` gives the record of one, `categories` are those
    followed now. Nothing is missed before the first record. Days older than arXiv's pages of past
    days are left to `digest catch-up`. A model (`by_model`) also scores the days that were
    published without it.
    """
    if not days:
        return []
    recorded = {day.date: day for day in days}
    day = max(days[0].date, today - KEPT)
    latest = max((d.date for d in days if d.date <= day), default=days[0].date)
    needs = []
    while day < today:
        if day in recorded:
            latest = day
            if recorded[day].status is not Status.COMPLETE or today - day <= RETRY:
                needs += _incomplete(read(day), today, categories, by_model)
        elif is_announcement_day(day):
            # The categories followed on the last recorded day before.
            followed = tuple(c for c in read(latest).sources if c in categories)
            needs += [Need(day, followed)] if followed else []
        day += timedelta(days=1)
    return needs


def has_papers_to_score(digest: Digest | None) -> bool:
    """True if a later request may give a paper of the day its score."""
    return digest is not None and any(u.reason not in FINAL_REASONS for u in digest.unscored)


def _incomplete(
    digest: Digest, today: date, categories: Collection[str], by_model: bool
) -> list[Need]:
    if digest.fallback and by_model:
        return [Need(digest.date, tuple(c for c in digest.sources if c in categories))]
    recent = today - digest.date <= RETRY
    unreadable = {u.paper.id for u in digest.unscored if u.reason == Reason.UNREADABLE and recent}
    lacking = tuple(
        category
        for category, source in digest.sources.items()
        if category in categories
        and (may_lack_papers(source) or any(entry.id in unreadable for entry in source.entries))
    )
    to_score = recent and has_papers_to_score(digest)
    return [Need(digest.date, lacking)] if lacking or to_score else []
