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


def test_before_the_first_record_nothing_is_missed() -> None:
    assert needs([], MONDAY) == []
    assert needs([complete(FRIDAY)], MONDAY) == []


def test_missed_days_come_the_oldest_first() -> None:
    assert needs([complete(WEDNESDAY)], TUESDAY) == [
        Need(THURSDAY, ("cs.LG",)),
        Need(FRIDAY, ("cs.LG",)),
        Need(MONDAY, ("cs.LG",)),
    ]


def test_a_holiday_is_not_missed() -> None:
    before_thanksgiving = date(2026, 11, 25)
    assert needs([complete(before_thanksgiving)], date(2026, 11, 30)) == [
        Need(date(2026, 11, 26), ("cs.LG",))  # what Wednesday's deadline closed
    ]


def test_a_day_that_announced_nothing_is_not_missed() -> None:
    confirmed = Source("catchup", SourceState.FRESH, origin=Origin.PAGE)
    empty = replace(make.digest(day=THURSDAY), status=Status.EMPTY, sources={"cs.LG": confirmed})
    assert needs([complete(WEDNESDAY), empty], FRIDAY) == []


def test_a_stale_category_is_read_anew_and_only_that() -> None:
    digest = stale(complete(THURSDAY, "cs.LG", "cs.AI"), "cs.AI")
    assert needs([digest], FRIDAY, ["cs.LG"]) == []  # no longer followed
    assert needs([digest], FRIDAY, ["cs.LG", "cs.AI"]) == [Need(THURSDAY, ("cs.AI",))]


def test_unscored_papers_are_tried_again_for_some_days() -> None:
    digest = unscored(THURSDAY, Reason.TIMEOUT)
    assert needs([digest], FRIDAY) == [Need(THURSDAY)]
    others = [complete(d) for d in (FRIDAY, MONDAY, TUESDAY)]
    assert needs([digest, *others], TUESDAY + timedelta(days=1)) == []


def test_papers_that_the_model_refused_are_not_tried_again() -> None:
    assert needs([unscored(THURSDAY, Reason.REFUSED)], FRIDAY) == []
    assert needs([unscored(THURSDAY, Reason.REFUSED, Reason.BUDGET)], FRIDAY)


def test_an_unreadable_paper_is_asked_for_for_some_days() -> None:
    digest = unscored(THURSDAY, Reason.UNREADABLE)
    (unreadable,) = (u.paper for u in digest.unscored)
    sources = {"cs.AI": source(paper("2601.9")), "cs.LG": source(unreadable)}
    digest = replace(digest, sources=sources)
    followed = ["cs.LG", "cs.AI"]
    assert needs([digest], FRIDAY, followed) == [Need(THURSDAY, ("cs.LG",))]
    others = [replace(complete(d), sources=sources) for d in (FRIDAY, MONDAY, TUESDAY)]
    assert needs([digest, *others], TUESDAY + timedelta(days=1), followed) == []


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


def test_a_category_added_later_is_not_missed() -> None:
    days = [complete(WEDNESDAY, "cs.LG"), complete(FRIDAY, "cs.LG", "cs.AI")]
    assert needs(days, MONDAY, ["cs.LG", "cs.AI"]) == [Need(THURSDAY, ("cs.LG",))]


def test_a_day_of_dropped_categories_is_not_missed() -> None:
    assert needs([complete(WEDNESDAY, "cs.LG")], FRIDAY, ["math.CO"]) == []


def test_days_older_than_arxivs_pages_are_left() -> None:
    today = WEDNESDAY + timedelta(days=400)
    found = needs([complete(WEDNESDAY)], today)
    assert min(need.day for need in found) >= today - KEPT
