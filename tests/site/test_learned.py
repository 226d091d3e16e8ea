from __future__ import annotations

import shlex
from datetime import date
from pathlib import PurePosixPath

from digest.core.day import Day
from digest.core.for_you import ShownDay
from digest.core.learned import Learned, Word
from digest.core.votes import DISLIKED, LIKED, TAKEN_BACK, Vote, VoteSource
from digest.site import build, learned, pages
from digest.site.build import LEARNED, Taught
from tests.site.days import EVENTFUL, SITE
from tests.site.reading import Page

KNOWS = Learned(date(2026, 1, 2), date(2026, 1, 30), 20, 9_020, 0.1, {"rout": 1.2})
HOSTILE = "\"; $(rm -rf ~) `x` </code><script>alert(1)</script> it's"
WORDS = (
    Word("sparse routing", 1.234, "Routing"),
    Word("survey", -0.9, "Routing"),
    Word(HOSTILE, 2.0),
    Word("tokens", 0.5, "Routing"),
)
VOTES = (
    Vote("2601.00001", LIKED, date(2026, 1, 29), VoteSource.BOX),
    Vote("math.GT/0309136", DISLIKED, None, VoteSource.HAND),
    Vote("2601.00003", TAKEN_BACK, date(2026, 1, 29), VoteSource.HAND),
)


def test_words_stand_by_topic_with_the_line_that_takes_them_back() -> None:
    page = Page(learned.page(WORDS, KNOWS, VOTES, SITE))
    assert "From 9,020 papers that the model has scored on 20 days" in page.text
    assert "2 January 2026 to 30 January 2026, and from 2 votes: 1 for, 1 against." in page.text
    routing, no_topic, votes = page.tables
    assert routing[1:] == [
        ["sparse routing", "for 1.23", "digest learn --forget 'sparse routing'"],
        ["tokens", "for 0.50", "digest learn --forget tokens"],
        ["survey", "against 0.90", "digest learn --forget survey"],
    ]
    assert page.text.index("Routing") < page.text.index("No topic")
    assert votes[1:] == [
        ["2601.00001", "for", "2026-01-29", "digest votes remove 2601.00001"],
        ["math.GT/0309136", "against", "none", "digest votes remove math.GT/0309136"],
    ]
    assert "https://arxiv.org/abs/math.GT/0309136" in page.links
    assert no_topic[1][0] == HOSTILE
    assert shlex.split(no_topic[1][2]) == ["digest", "learn", "--forget", HOSTILE]


def test_nothing_learned_makes_no_page_and_no_link() -> None:
    assert build.all_files([EVENTFUL], SITE)[LEARNED] is None
    stats = PurePosixPath("stats.html")
    files = build.all_files([EVENTFUL], SITE, Taught(learned=KNOWS))
    assert "No word counts much yet." in Page(files[LEARNED] or b"").text
    assert "learned.html" in Page(files[stats] or b"").links
    assert "learned.html" not in Page(build.all_files([EVENTFUL], SITE)[stats] or b"").links


def test_statistics_say_how_good_it_is_where_there_are_votes() -> None:
    shown = [ShownDay(date(2026, 1, n), ("2601.00001",), frozenset(), None) for n in range(1, 7)]
    votes = [Vote("2601.00001", LIKED, day.date, VoteSource.BOX) for day in shown]
    files = build.all_files([EVENTFUL], SITE, Taught(votes, shown))
    page = Page(files[PurePosixPath("stats.html")] or b"")
    assert page.tables[0][1] == [
        "First 10 papers: liked",
        "100.0%",
        "47.6% to 100.0%",
        "6 of 6 papers, 6 days",
    ]
    assert "How good is it" not in Page(pages.stats_page([Day.of(EVENTFUL)], SITE)).text
