"""What the past still lacks, by the list of days and arXiv's calendar. Pure but for `read`.

A day is measured against the categories that it was configured with: one that is added later does
not make the past missed, and one that is dropped since is not asked for again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from digest.arxiv.past import KEPT
from digest.core.calendar import is_announcement_day
from digest.core.models import Day, Digest, Status
from digest.core.papers import Source
from digest.core.scores import FINAL_REASONS, Reason

RETRY = timedelta(days=4)  # of papers without a score: asking the model costs money each time
BACKLOG = 2  # days; where more are missed, today's digest goes first


@dataclass(frozen=True, slots=True)
class Need:
    """A past day that lacks something."""

    day: date
    categories: tuple[str, ...] = ()  # to be read anew; none: only papers are to be scored


def needs(
    days: Sequence[Day],
    read: Callable[[date], Digest],
    today: date,
    categories: Collection[str],
) -> list[Need]:
    """The days before `today` that lack something, oldest first.

    `days` are the recorded ones in order, `read` gives the record of one, `categories` are those
    that are followed now. Before the first record nothing is missed, nor what is older
    than arXiv's pages of past days: that is for `digest catch-up`.
    """
    if not days:
        return []
    recorded = {day.date: day for day in days}
    day = max(days[0].date, today - KEPT)
    last = max((d.date for d in days if d.date <= day), default=days[0].date)
    found = []
    while day < today:
        known = recorded.get(day)
        if known is None and is_announcement_day(day):
            # As followed on the last recorded day before.
            followed = tuple(c for c in read(last).sources if c in categories)
            found += [Need(day, followed)] if followed else []
        elif known is not None:
            last = day
            if known.status is not Status.COMPLETE or today - day <= RETRY:
                found += _incomplete(read(day), today, categories)
        day += timedelta(days=1)
    return found


def _incomplete(digest: Digest, today: date, categories: Collection[str]) -> list[Need]:
    lacking = {c for c, s in digest.sources.items() if _doubtful(s)}
    recent = today - digest.date <= RETRY
    if recent:
        unreadable = {u.paper.id for u in digest.unscored if u.reason == Reason.UNREADABLE}
        for category, source in digest.sources.items():
            if any(entry.id in unreadable for entry in source.entries):
                lacking.add(category)
    to_score = any(u.reason not in FINAL_REASONS for u in digest.unscored)
    wanted = tuple(c for c in digest.sources if c in lacking and c in categories)
    return [Need(digest.date, wanted)] if wanted or (to_score and recent) else []


def _doubtful(source: Source) -> bool:
    """Whether arXiv's page of the day may know better: of a feed that was stale, could not be read,
    was empty, cut or partly unreadable, and of what its search could tell."""
    if not source.fresh:
        return True
    if source.origin.has_page:
        return False
    return source.approximate or source.incomplete or not source.entries
