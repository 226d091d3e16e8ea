"""Feeds in arXiv's format: invented papers as files, and any paper as text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from email.utils import format_datetime
from pathlib import Path
from xml.sax.saxutils import escape

from digest.core.calendar import EASTERN
from digest.core.papers import AnnounceType, Feed, Paper

FOLDER = Path(__file__).parent


def read(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


def assert_whole(feed: Feed) -> None:
    """Whatever was in the bytes, what came of them is fit for every later stage."""
    for text in _strings(feed):
        assert text == " ".join(text.split())
        assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in text)
    assert re.fullmatch(r"[A-Za-z.+-]+", feed.category)
    assert 1991 <= feed.date.year < 2100
    for paper in feed.papers:
        assert re.fullmatch(r"[0-9]{4}\.[0-9]{4,5}|[a-z-]+(\.[A-Z]{2})?/[0-9]{7}", paper.id)
        assert 1 <= paper.version <= 9999
        assert paper.title or paper.unreadable
        assert all(paper.authors)
        assert all(name in paper.authors and place for name, place in paper.affiliations)
        assert all(re.fullmatch(r"[A-Za-z-]+(\.[A-Za-z-]+)?", term) for term in paper.categories)
        assert isinstance(paper.announce_type, AnnounceType)
        assert paper.announce_type is not AnnounceType.UNKNOWN or paper.unreadable


def _strings(feed: Feed) -> Iterator[str]:
    yield feed.category
    yield from feed.unreadable
    for paper in feed.papers:
        yield from (paper.id, paper.title, paper.abstract, *paper.authors, *paper.categories)
        yield paper.unreadable
        for pair in paper.affiliations:
            yield from pair
        optional = (paper.doi, paper.journal_ref, paper.license)
        source = (paper.title_tex, paper.authors_tex, paper.abstract_tex)
        yield from (text for text in (*optional, *source) if text is not None)


def authors_string(paper: Paper) -> str:
    """`First Last (affiliation), …`, as in arXiv's one dc:creator."""
    affiliations = dict(paper.affiliations)
    return ", ".join(
        f"{name} ({affiliations[name]})" if name in affiliations else name for name in paper.authors
    )


def as_rss(category: str, day: date, papers: Sequence[Paper]) -> bytes:
    published = format_datetime(datetime.combine(day, time(), EASTERN))
    return f"""<?xml version='1.0' encoding='UTF-8'?>
<rss xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/" \
xmlns:atom="http://www.w3.org/2005/Atom" xmlns:content="http://purl.org/rss/1.0/modules/content/" \
version="2.0">
  <channel>
    <title>{category} updates on arXiv.org</title>
    <link>http://rss.arxiv.org/rss/{category}</link>
    <description>{category} updates on the arXiv.org e-print archive.</description>
    <atom:link href="http://rss.arxiv.org/rss/{category}" rel="self" type="application/rss+xml"/>
    <docs>http://www.rssboard.org/rss-specification</docs>
    <language>en-us</language>
    <lastBuildDate>{published}</lastBuildDate>
    <managingEditor>rss-help@arxiv.org</managingEditor>
    <pubDate>{published}</pubDate>
    <skipDays>
      <day>Sunday</day>
      <day>Saturday</day>
    </skipDays>
{"".join(_item(paper, published) for paper in papers)}  </channel>
</rss>
""".encode()


def _item(paper: Paper, published: str) -> str:
    categories = "".join(f"      <category>{term}</category>\n" for term in paper.categories)
    return f"""    <item>
      <title>{escape(paper.title)}</title>
      <link>https://arxiv.org/abs/{paper.id}</link>
      <description>{_description(paper)}</description>
      <guid isPermaLink="false">oai:arXiv.org:{paper.id}v{paper.version}</guid>
{categories}      <pubDate>{published}</pubDate>
{_extensions(paper)}    </item>
"""


def as_atom(category: str, day: date, papers: Sequence[Paper]) -> bytes:
    published = datetime.combine(day, time(), EASTERN).isoformat()
    return f"""<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/" \
xmlns="http://www.w3.org/2005/Atom" xml:lang="en-us">
  <id>http://rss.arxiv.org/atom/{category}</id>
  <title>{category} updates on arXiv.org</title>
  <updated>{published}</updated>
  <link href="http://rss.arxiv.org/atom/{category}" rel="self" type="application/atom+xml"/>
  <subtitle>{category} updates on the arXiv.org e-print archive.</subtitle>
{"".join(_entry(paper, published) for paper in papers)}</feed>
""".encode()


def _entry(paper: Paper, published: str) -> str:
    categories = "".join(f'    <category term="{term}"/>\n' for term in paper.categories)
    return f"""  <entry>
    <id>oai:arXiv.org:{paper.id}v{paper.version}</id>
    <title>{escape(paper.title)}</title>
    <updated>{published}</updated>
    <link href="https://arxiv.org/abs/{paper.id}" rel="alternate" type="text/html"/>
    <summary>{_description(paper)}</summary>
{categories}    <published>{published}</published>
{_extensions(paper)}  </entry>
"""


def as_results(papers: Sequence[Paper], total: int) -> bytes:
    """A page of the search interface's results, of `total` in all."""
    entries = "".join(
        f"""  <entry>
    <id>http://arxiv.org/abs/{paper.id}v{paper.version}</id>
    <title>{escape(paper.title)}</title>
    <summary>{escape(paper.abstract)}</summary>
{"".join(f'    <category term="{term}"/>' for term in paper.categories)}
{"".join(f"    <author><name>{escape(name)}</name></author>" for name in paper.authors)}
  </entry>
"""
        for paper in papers
    )
    return f"""<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/"\
 xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns="http://www.w3.org/2005/Atom">
  <id>https://arxiv.org/api/x</id>
  <title>arXiv Query</title>
  <opensearch:totalResults>{total}</opensearch:totalResults>
{entries}</feed>
""".encode()


def _description(paper: Paper) -> str:
    return (
        f"arXiv:{paper.id}v{paper.version} Announce Type: {paper.announce_type} \n"
        f"Abstract: {escape(paper.abstract)}"
    )


def _extensions(paper: Paper) -> str:
    elements = {
        "arxiv:announce_type": paper.announce_type,
        "dc:rights": paper.license,
        "arxiv:journal_reference": paper.journal_ref,
        "arxiv:DOI": paper.doi,
        "dc:creator": authors_string(paper),
    }
    return "".join(
        f"      <{name}>{escape(text)}</{name}>\n" for name, text in elements.items() if text
    )
