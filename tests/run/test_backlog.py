"""Which past days lack something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest

from digest.arxiv.past import KEPT
from digest.core.day import Day, Digest, Kept, Status, Unscored
from digest.core.papers import Origin, Source, SourceState
from digest.core.scores import Reason
from digest.run import backlog
from digest.run.backlog import Need
from tests import make
from tests.make import paper, score, source

WEDNESDAY = date(2026, 1, 28)
THURSDAY, FRIDAY, MONDAY = date(2026, 1, 29), date(2026, 1, 30), date(2026, 2, 2)
TUESDAY = date(2026, 2, 3)


def complete(day: date, *categories: str) -> Digest:
    digest = make.digest(kept=[Kept(paper(f"{day:%y%m}.{day.day:05}"), score())], day=day)
    (only,) = digest.sources.values()
    return replace(digest, sources=dict.fromkeys(categories or ("cs.LG",), only))


def stale(digest: Digest, category: str) -> Digest:
    sources = {**digest.sources, category: source(fresh=False)}
    return replace(digest, sources=sources, status=Status.PARTIAL)


def unscored(day: date, *reasons: str) -> Digest:
    failed = [Unscored(paper(f"2601.{n:05}"), reason) for n, reason in enumerate(reasons, 1)]
    return replace(complete(day), unscored=tuple(failed), status=Status.PARTIAL)


def needs(
    digests: Sequence[Digest], today: date, categories: Sequence[str] = ("cs.LG",)
) -> list[Need]:
    by_day = {digest.date: digest for digest in digests}
    return backlog.needs([*map(Day.of, digests)], by_day.__getitem__, today, categories)


LG, BOTH = ("cs.LG",), ("cs.LG", "cs.AI")
EMPTY = replace(
    make.digest(day=THURSDAY),
    status=Status.EMPTY,
    sources={"cs.LG": Source("catchup", SourceState.FRESH, origin=Origin.PAGE)},
)
HALF = stale(complete(THURSDAY, *BOTH), "cs.AI")
MISSED = [Need(THURSDAY, LG), Need(FRIDAY, LG), Need(MONDAY, LG)]  # the oldest first


@pytest.mark.parametrize(
    ("digests", "today", "followed", "needed"),
    [
        ([], MONDAY, LG, []),  # nothing before the first record
        ([complete(FRIDAY)], MONDAY, LG, []),
        ([complete(WEDNESDAY)], TUESDAY, LG, MISSED),
        ([complete(WEDNESDAY), EMPTY], FRIDAY, LG, []),
        ([HALF], FRIDAY, BOTH, [Need(THURSDAY, ("cs.AI",))]),
        ([HALF], FRIDAY, LG, []),  # the stale category is no longer followed
        ([complete(WEDNESDAY)], FRIDAY, ("math.CO",), []),
        ([complete(WEDNESDAY), complete(FRIDAY, *BOTH)], MONDAY, BOTH, [Need(THURSDAY, LG)]),
        # Thanksgiving; the day after has what Wednesday's deadline closed.
        ([complete(date(2026, 11, 25))], date(2026, 11, 30), LG, [Need(date(2026, 11, 26), LG)]),
    ],
)
def test_a_day_needs_what_was_followed_then(
    digests: list[Digest], today: date, followed: Sequence[str], needed: list[Need]
) -> None:
    assert needs(digests, today, followed) == needed


@pytest.mark.parametrize(
    ("reasons", "needed"),
    [
        ([Reason.TIMEOUT], [Need(THURSDAY)]),
        ([Reason.REFUSED], []),  # it would end in the same way
        ([Reason.REFUSED, Reason.BUDGET], [Need(THURSDAY)]),
        ([Reason.UNREADABLE], [Need(THURSDAY, LG)]),  # of the category that lists it
    ],
)
def test_unscored_papers_are_tried_again_for_some_days(
    reasons: list[str], needed: list[Need]
) -> None:
    digest = unscored(THURSDAY, *reasons)
    sources = {"cs.AI": source(paper("2601.9")), "cs.LG": source(digest.unscored[0].paper)}
    digest = replace(digest, sources=sources)
    assert needs([digest], FRIDAY, BOTH) == needed
    others = [replace(complete(d), sources=sources) for d in (FRIDAY, MONDAY, TUESDAY)]
    assert needs([digest, *others], TUESDAY + timedelta(days=1), BOTH) == []


@pytest.mark.parametrize(
    ("lacking", "needed"),
    [
        (make.unread(), True),
        (source(fresh=False), True),
        (source(), True),  # empty, and nobody confirmed it
        (replace(source(paper()), capped=True), True),
        (replace(source(paper()), unreadable=("item 2: ?",)), True),
        (replace(source(paper()), origin=Origin.SEARCH), True),
        (replace(source(), origin=Origin.PAGE), False),
        (replace(source(paper()), unreadable=("entry 2: ?",), origin=Origin.PAGE), False),
        (replace(source(paper()), origin=Origin.FEED_AND_PAGE), False),
    ],
)
def test_what_the_page_may_know_is_asked_for(lacking: Source, needed: bool) -> None:
    digest = replace(complete(THURSDAY), sources={"cs.LG": lacking}, status=Status.PARTIAL)
    assert needs([digest], FRIDAY) == ([Need(THURSDAY, ("cs.LG",))] if needed else [])


def test_days_older_than_arxivs_pages_are_left() -> None:
    today = WEDNESDAY + timedelta(days=400)
    found = needs([complete(WEDNESDAY)], today)
    assert min(need.day for need in found) >= today - KEPT
