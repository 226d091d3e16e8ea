"""arXiv's XML: a category's feed (arXiv/arxiv-feed) and answers of the search interface."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from xml.sax.saxutils import escape

from digest.core.calendar import EASTERN
from tests.feeds import as_rss
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


_RESULTS = """<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/"\
 xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns="http://www.w3.org/2005/Atom">
  <id>https://arxiv.org/api/made</id>
  <title>arXiv Query: search_query={query}</title>
  <updated>{now:%Y-%m-%dT%H:%M:%SZ}</updated>
  <opensearch:itemsPerPage>{size}</opensearch:itemsPerPage>
  <opensearch:totalResults>{total}</opensearch:totalResults>
  <opensearch:startIndex>{start}</opensearch:startIndex>
"""
_RESULT = """  <entry>
    <id>http://arxiv.org/abs/{id}v{version}</id>
    <title>{title}</title>
    <updated>{submitted:%Y-%m-%dT%H:%M:%SZ}</updated>
    <link href="https://arxiv.org/abs/{id}v{version}" rel="alternate" type="text/html"/>
    <summary>{abstract}</summary>
{categories}    <published>{submitted:%Y-%m-%dT%H:%M:%SZ}</published>
    <arxiv:primary_category term="{primary}"/>
{names}  </entry>
"""


def results(
    query: str, papers: Sequence[Paper], start: int, size: int, now: datetime, *, total: int
) -> bytes:
    """A page of the search interface's results."""
    today = (now + timedelta(hours=4)).astimezone(EASTERN).date()  # announced the evening before
    entries = "".join(
        _RESULT.format(
            id=paper.id,
            version=paper.version(today),
            title=escape(paper.title),
            submitted=paper.submitted.astimezone(UTC),
            abstract=escape(paper.abstract),
            categories="".join(
                f'    <category term="{c}" scheme="http://arxiv.org/schemas/atom"/>\n'
                for c in _known(paper, today)
            ),
            primary=paper.primary,
            names="".join(
                f"    <author>\n      <name>{escape(name)}</name>\n    </author>\n"
                for _, name in paper.names
            ),
        )
        for paper in papers[start : start + size]
    )
    head = _RESULTS.format(query=escape(query), now=now, size=size, total=total, start=start)
    return f"{head}{entries}</feed>\n".encode()
