"""The simulated arXiv's documents are read as arXiv's own are."""

from __future__ import annotations

import gzip
import re
from datetime import date
from pathlib import Path

import pytest

from digest.arxiv.feed import parse_feed
from digest.arxiv.listing import parse_catchup, parse_recent, together
from tests.simulator import feeds, pages
from tests.simulator.faults import Rates
from tests.simulator.truth import Truth

CATEGORIES = ("cs.LG", "cs.AI", "cs.GL")
DAY = date(2026, 1, 30)
TRUTH = Truth(1, CATEGORIES, date(2026, 1, 5), DAY, Rates.none())


@pytest.mark.parametrize("category", CATEGORIES)
def test_a_day_is_the_same_in_the_feed_and_on_the_pages(category: str) -> None:
    batch = TRUTH.batch(DAY, category)
    feed = parse_feed(feeds.rss(category, DAY, batch))
    assert [(p.id, p.version, str(p.announce_type)) for p in feed.papers] == [
        (e.paper.id, e.version, e.type) for e in batch
    ]
    numbers = range(1, len(batch) // pages.PAGE + 2)
    page_list = [pages.catchup(category, DAY, batch, number, None) for number in numbers]
    whole = together([parse_catchup(page, category, DAY) for page in page_list], category)
    for field in ("id", "title", "authors", "announce_type"):
        assert [getattr(p, field) for p in whole.papers] == [getattr(p, field) for p in feed.papers]


def test_recent_days_are_counted_without_replacements() -> None:
    days = sorted(TRUTH.days, reverse=True)[:5]
    page = pages.recent("cs.GL", [(day, TRUTH.batch(day, "cs.GL")) for day in days])
    assert parse_recent(page, "cs.GL") == {
        day: sum(e.type in ("new", "cross") for e in TRUTH.batch(day, "cs.GL")) for day in days
    }


def test_our_feed_has_the_elements_of_arxivs(real_data: Path) -> None:
    path = real_data / "feeds_replay" / "rss_cs.LG_2026-01-30_301items.xml.gz"
    real = gzip.decompress(path.read_bytes()).decode()
    ours = feeds.rss("cs.LG", DAY, TRUTH.batch(DAY, "cs.LG")).decode()
    rare = {"arxiv:DOI", "arxiv:journal_reference"}
    assert set(re.findall(r"<([\w:]+)", ours)) == set(re.findall(r"<([\w:]+)", real)) - rare
