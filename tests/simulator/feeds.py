"""arXiv's XML: a category's feed (arXiv/arxiv-feed) and answers of the search interface."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from digest.core.calendar import EASTERN
from tests.feeds import as_results, as_rss
from tests.simulator.truth import Entry, Paper


def rss(
    category: str, day: date, entries: Sequence[Entry], blemished: Collection[str] = ()
) -> bytes:
    """The feed under the dates of `day`, whatever the entries are of; the papers `blemished` have
    no title."""
    papers = [
        replace(
            entry.as_paper(_known(entry.paper, day)),
            authors=tuple(tex for tex, _ in entry.paper.names),
            title="" if entry.paper.id in blemished else entry.paper.title,
        )
        for entry in entries
    ]
    return as_rss(category, day, papers)


def _known(paper: Paper, day: date) -> list[str]:
    return [c for c in paper.categories if paper.listed.get(c, day) <= day]


def results(papers: Sequence[Paper], start: int, size: int, now: datetime, *, total: int) -> bytes:
    """A page of the search interface's results."""
    today = (now + timedelta(hours=4)).astimezone(EASTERN).date()  # announced the evening before
    page = [
        Entry(paper, paper.version(today), "new").as_paper(_known(paper, today))
        for paper in papers[start : start + size]
    ]
    return as_results(page, total)
