"""arXiv's XML: a category's feed (arXiv/arxiv-feed) and answers of the search interface."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from xml.sax.saxutils import escape

from digest.core.calendar import EASTERN
from tests.simulator.truth import Entry, Paper

_HEAD = """<?xml version='1.0' encoding='UTF-8'?>
<rss xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/"\
 xmlns:atom="http://www.w3.org/2005/Atom"\
 xmlns:content="http://purl.org/rss/1.0/modules/content/" version="2.0">
  <channel>
    <title>{category} updates on arXiv.org</title>
    <link>http://rss.arxiv.org/rss/{category}</link>
    <description>{category} updates on the arXiv.org e-print archive.</description>
    <atom:link href="http://rss.arxiv.org/rss/{category}" rel="self" type="application/rss+xml"/>
    <docs>http://www.rssboard.org/rss-specification</docs>
    <language>en-us</language>
    <lastBuildDate>{built}</lastBuildDate>
    <managingEditor>rss-help@arxiv.org</managingEditor>
    <pubDate>{published}</pubDate>
    <skipDays>
      <day>Sunday</day>
      <day>Saturday</day>
    </skipDays>
"""
_ITEM = """    <item>
      <title>{title}</title>
      <link>https://arxiv.org/abs/{id}</link>
      <description>arXiv:{id}v{version} Announce Type: {type} \nAbstract: {abstract}</description>
      <guid isPermaLink="false">oai:arXiv.org:{id}v{version}</guid>
{categories}      <pubDate>{published}</pubDate>
      <arxiv:announce_type>{type}</arxiv:announce_type>
      <dc:rights>http://creativecommons.org/licenses/by/4.0/</dc:rights>
      <dc:creator>{names}</dc:creator>
    </item>
"""


def rss(
    category: str, day: date, entries: Sequence[Entry], blemished: Collection[str] = ()
) -> bytes:
    """The feed under the dates of `day`, whatever the entries are of; the papers `blemished` have
    no title."""
    midnight = datetime.combine(day, time(), EASTERN)
    published, built = format_datetime(midnight), format_datetime(midnight.astimezone(UTC))
    items = "".join(
        _ITEM.format(
            id=e.paper.id,
            version=e.version,
            type=e.type,
            title="" if e.paper.id in blemished else escape(e.paper.title),
            abstract=escape(e.paper.abstract),
            categories="".join(f"      <category>{c}</category>\n" for c in _known(e.paper, day)),
            published=published,
            names=escape(", ".join(tex for tex, _ in e.paper.names)),
        )
        for e in entries
    )
    head = _HEAD.format(category=category, built=built, published=published)
    return f"{head}{items}  </channel>\n</rss>\n".encode()


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
    query: str, found: Sequence[Paper], start: int, size: int, now: datetime, *, total: int
) -> bytes:
    """A page of what the search interface found."""
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
        for paper in found[start : start + size]
    )
    head = _RESULTS.format(query=escape(query), now=now, size=size, total=total, start=start)
    return f"{head}{entries}</feed>\n".encode()
