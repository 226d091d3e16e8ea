"""arXiv's listing pages of simulated announcements."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from tests import listings
from tests.simulator.truth import Batch

PAGE = 20  # entries; arXiv's own has 2,000


def catchup(category: str, day: date, batch: Batch, number: int, next_day: date | None) -> bytes:
    """Page `number` of what `category` had on `day`."""
    papers = [entry.as_paper() for entry in batch]
    return listings.as_catchup(category, day, papers, page=number, size=PAGE, next_day=next_day)


def recent(category: str, days: Sequence[tuple[date, Batch]]) -> bytes:
    """The newest announcements, newest first; replacements are not counted."""
    counts = {day: sum(e.type in ("new", "cross") for e in batch) for day, batch in days}
    return listings.as_recent(category, counts)
