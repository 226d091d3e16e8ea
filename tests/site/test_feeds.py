"""The feeds as readers, and the standards, take them."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any

import feedparser  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.config import Site
from digest.core.day import Below, Digest, Kept, Unscored
from digest.core.scores import Score
from digest.core.tex import plain
from digest.publish.commit import commit_message
from digest.run.ranking import rank
from digest.site.feeds import DAYS, LIMIT, NAMESPACE, PAPERS, feeds
from digest.site.sanitize import _BLOCKS
from tests import make
from tests.attacks import ATTACKS, ORDINARY
from tests.cli.test_sinks import FIELDS, Page, assert_inert, digest_of, readable
from tests.make import CUT, DAY, digest, digests, paper
from tests.scoring.fake import labels_of_seed_day
from tests.site.days import EVENTFUL, HOSTILE, LOST, QUIET, SITE

Golden = Callable[[str, bytes], None]

URL = "https://someone.example/digest"
MADE = datetime(2026, 1, 30, 6, 7, 8, tzinfo=UTC)
DAY_FEED, PAPER_FEED, JSON_FEED = map(PurePosixPath, ("feed.xml", "papers.xml", "feed.json"))


def at(url: str | None) -> Site:
    return replace(SITE, url=url)


def made(*days: Digest, url: str | None = URL) -> tuple[ET.Element, ET.Element, dict[str, Any]]:
    """The three feeds of these days, oldest first, each held to its standard."""
    files = feeds(days[::-1], at(url))
    assert list(files) == [DAY_FEED, PAPER_FEED, JSON_FEED]
    assert all(len(data) < LIMIT for data in files.values())
    told = json.loads(files[JSON_FEED])
    check_json_feed(told)
    return atom(files[DAY_FEED]), atom(files[PAPER_FEED]), told


def day_after(number: int, of: Digest = EVENTFUL) -> Digest:
    """`of`, so many days later, with papers of its own."""
    later = timedelta(number)
    return replace(
        of,
        date=of.date + later,
        generated_at=of.generated_at + later,
        kept=tuple(
            replace(kept, paper=replace(kept.paper, id=f"{2700 + number}.{i:05}"))
            for i, kept in enumerate(of.kept)
        ),
    )


# --- the standards ----------------------------------------------------------------------------

RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)")
URN = re.compile(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

# RFC 4287, 4.1: what must stand there once, and what else may.
FEED = {"title", "id", "updated"}, {"author", "link", "entry", "generator", "rights", "subtitle"}
ENTRY = {"title", "id", "updated", "content"}, {"published", "author", "link", "category", "rights"}


def atom(data: bytes) -> ET.Element:
    """The feed without its namespace, once it is found to be as RFC 4287 asks."""
    feed = ET.fromstring(data)  # noqa: S314 - our own
    for element in feed.iter():
        namespace, brace, element.tag = element.tag.rpartition("}")
        assert namespace + brace == "{http://www.w3.org/2005/Atom}"
    assert feed.tag == "feed"
    check_children(feed, FEED[0], FEED[1] | {"icon"})
    assert feed.findtext("author/name")
    ids = texts(feed, "entry/id")
    assert len(ids) == len(set(ids))
    for entry in feed.findall("entry"):
        check_children(entry, *ENTRY)
        assert [content.get("type") for content in entry.findall("content")] == ["html"]
        assert all(category.get("term") for category in entry.findall("category"))
    return feed


def check_children(element: ET.Element, once: set[str], others: set[str]) -> None:
    tags = [child.tag for child in element]
    assert set(tags) <= once | others
    for tag in once:
        assert tags.count(tag) == 1
        assert (element.findtext(tag) or "").strip()
    links = element.findall("link")
    assert [link.get("rel") for link in links] in (["alternate"], ["alternate", "self"])
    assert all(link.get("href") for link in links)
    assert all(name.strip() for name in texts(element, "author/name"))
    assert not re.search(r"\s", element.findtext("id") or "")
    for time in (*texts(element, "updated"), *texts(element, "published")):
        assert RFC3339.fullmatch(time)


def texts(element: ET.Element, path: str) -> list[str]:
    return [found.text or "" for found in element.findall(path)]


def check_json_feed(feed: dict[str, Any]) -> None:
    """As jsonfeed.org/version/1.1 has it."""
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    known = {"version", "title", "description", "authors", "items", "home_page_url", "feed_url"}
    assert set(feed) <= known | {"icon", "favicon", "_preprint_digest"}
    ids = [item["id"] for item in feed["items"]]
    assert len(ids) == len(set(ids))
    for item in feed["items"]:
        needed = {"id", "title", "content_html", "date_published", "date_modified", "tags"}
        assert set(item) - {"url"} == needed | {"_preprint_digest"}
        assert RFC3339.fullmatch(item["date_published"])
        assert RFC3339.fullmatch(item["date_modified"])
        assert item["content_html"]
        assert all(isinstance(tag, str) and tag for tag in item["tags"])


# --- what they say ----------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["feed.xml", "papers.xml", "feed.json"])
def test_a_feed_looks_as_agreed(path: str, golden: Golden) -> None:
    golden(path, feeds([QUIET, EVENTFUL], at(URL))[PurePosixPath(path)])


def test_a_day_is_titled_like_its_commit() -> None:
    by_day, _, told = made(EVENTFUL)
    subject = commit_message(EVENTFUL).partition("\n")[0]
    assert texts(by_day, "entry/title") == [subject] == [i["title"] for i in told["items"]]


def test_a_day_says_why_papers_were_not_scored() -> None:
    lost = (Unscored(LOST, "timeout"), Unscored(LOST, "timeout"), Unscored(LOST, "a <new> reason"))
    by_day, _, _ = made(replace(EVENTFUL, unscored=lost))
    shown = Page(by_day.findtext("entry/content") or "").text
    assert "Unscored: 2 timeout, 1 a <new> reason." in shown


def test_a_paper_says_under_what_license_it_is() -> None:
    free = replace(paper(), license="http://creativecommons.org/licenses/by/4.0/")
    _, by_paper, _ = made(digest(kept=[Kept(free, Score(9, 9)), Kept(LOST, Score(8, 8))]))
    assert texts(by_paper, "entry/rights") == [
        "License of the paper: http://creativecommons.org/licenses/by/4.0/"
    ]
    assert "CC0" in (by_paper.findtext("rights") or "")


def test_a_paper_of_3000_authors_names_six() -> None:
    many = paper(authors=[f"Author {n}" for n in range(3_000)])
    by_day, by_paper, _ = made(digest(kept=[Kept(many, Score(9, 9))]))
    assert len(by_paper.findall("entry/author")) == 6
    for feed in (by_day, by_paper):
        content = feed.findtext("entry/content") or ""
        assert "Author 5 and 2,994 more" in content
        assert "Author 6" not in content


def test_math_is_spelled_out() -> None:
    tex = replace(HOSTILE, title=r"An $\mathcal{O}(n^2)$ bound", abstract=r"$\alpha \leq 2$")
    kept = Kept(tex, Score(9, 9, comment=r"Shows $\beta^2$."))
    for feed in made(digest(kept=[kept]))[:2]:
        xml = ET.tostring(feed, "unicode")
        assert "An 𝒪(n²) bound" in xml
        assert "Shows β²." in xml
        assert "math&gt;" not in xml
        assert "\\" not in xml


def test_a_day_is_published_at_its_midnight_and_updated_when_it_was_made() -> None:
    summer = replace(EVENTFUL, date=date(2026, 7, 1))
    by_day, by_paper, told = made(summer)
    for feed in (by_day, by_paper):
        assert feed.findtext("entry/published") == "2026-07-01T00:00:00-04:00"
        assert feed.findtext("entry/updated") == "2026-11-12T06:30:00+00:00"
        assert feed.findtext("updated") == "2026-11-12T06:30:00+00:00"
    assert told["items"][0]["date_published"] == "2026-07-01T00:00:00-04:00"
    assert told["items"][0]["date_modified"] == "2026-11-12T06:30:00+00:00"


# --- ids, for ever ----------------------------------------------------------------------------


def test_no_id_ever_changes() -> None:
    assert str(NAMESPACE) == "60d0fb7a-15a6-47d0-8f41-e03b194f927e"
    by_day, by_paper, _ = made(EVENTFUL)
    assert texts(by_day, "entry/id") == ["urn:uuid:d398911b-9c26-5405-85fe-a59533648bd9"]
    assert texts(by_paper, "entry/id") == [
        "oai:arXiv.org:2611.90003",
        "oai:arXiv.org:math.GT/0309136",
    ]
    assert by_day.findtext("id") == "urn:uuid:7bd9a8cb-f31b-53e7-8f92-e70b08a8bc53"
    assert by_paper.findtext("id") == "urn:uuid:396dfa01-d02c-5474-b1fc-9fd5a529e837"


def test_a_day_made_anew_elsewhere_keeps_its_id_and_gets_a_later_date() -> None:
    again = replace(EVENTFUL, generated_at=EVENTFUL.generated_at + timedelta(hours=1), kept=())
    first = made(EVENTFUL)[0]
    second = atom(feeds([again], Site(title="Another"))[DAY_FEED])
    assert [e.text for e in first.iter("id")] == [e.text for e in second.iter("id")]
    assert str(second.findtext("entry/updated")) > str(first.findtext("entry/updated"))


# --- which days, which papers, how much -------------------------------------------------------


def test_a_paper_kept_on_two_days_stands_there_once_as_of_the_later() -> None:
    later = replace(
        EVENTFUL, date=date(2026, 11, 16), generated_at=datetime(2026, 11, 16, 6, tzinfo=UTC)
    )
    _, by_paper, _ = made(EVENTFUL, later)
    assert len(by_paper.findall("entry")) == 2
    assert set(texts(by_paper, "entry/published")) == {"2026-11-16T00:00:00-05:00"}


def crowded(papers: int, comment: str, number: int = 0) -> Digest:
    ids = (f"{2600 + number}.{n:05}" for n in range(papers))
    score = Score(9, 9, comment=comment)
    kept = [Kept(paper(paper_id, title="A <title> & more " * 4), score) for paper_id in ids]
    later = timedelta(number)
    return digest(kept=kept, day=DAY + later, generated_at=MADE + later)


@pytest.mark.parametrize("comment", ["Because it is <good> & new. " * 20, "\n" * 2_000])
def test_a_huge_day_says_how_many_papers_its_list_leaves_out(comment: str) -> None:
    by_day, by_paper, _ = made(crowded(400, comment))
    (content,) = texts(by_day, "entry/content")
    listed = content.count("<li>")
    assert 20 < listed < 400
    assert f"And {400 - listed:,} more on <a href=" in content
    assert content.count("</li>") == listed
    assert content.endswith("</p>")
    assert len(by_paper.findall("entry")) == PAPERS


def test_however_long_the_days_all_fourteen_stay_with_their_best_papers() -> None:
    days = [crowded(150, "Because it is good & new. " * 20, n) for n in range(DAYS)]
    by_day, _, told = made(*days)
    contents = texts(by_day, "entry/content")
    assert len(contents) == DAYS == len(told["items"])
    for content, day in zip(contents, reversed(days), strict=True):
        listed = re.findall(r"arxiv.org/abs/([\d.]+)", content)
        assert listed == [kept.paper.id for kept in day.kept[: len(listed)]]
        assert f"And {150 - len(listed):,} more on" in content
    assert len(feeds(days[::-1], at(URL))[DAY_FEED]) > LIMIT * 0.9


def test_a_feed_too_large_loses_the_papers_at_its_end() -> None:
    many = crowded(PAPERS, "")
    kept = tuple(replace(k, paper=replace(k.paper, abstract="Long. " * 600)) for k in many.kept)
    _, by_paper, _ = made(replace(many, kept=kept))
    ids = texts(by_paper, "entry/id")
    assert 100 < len(ids) < PAPERS
    assert ids == [f"oai:arXiv.org:{k.paper.id}" for k in kept[: len(ids)]]


def test_two_weeks_of_a_real_day_fit_whole(real_data: Path) -> None:
    papers, labels = labels_of_seed_day(real_data)
    verdicts = {paper_id: Score(**label) for paper_id, label in labels.items()}
    ranking = rank(papers, verdicts, CUT, {})
    sources = {"cs.LG": make.source(*papers)}
    real = replace(digest(), kept=ranking.kept, below=ranking.below, sources=sources)
    by_day, by_paper, told = made(*(day_after(n, real) for n in range(DAYS)))
    assert len(told["items"]) == DAYS
    assert [content.count("<li>") for content in texts(by_day, "entry/content")] == [68] * DAYS
    assert len(by_paper.findall("entry")) == PAPERS


# --- addresses --------------------------------------------------------------------------------


def links(content: str) -> list[str]:
    return [str(dict(a)["href"]) for tag, a in Page(content).skeleton if tag == "a"]


def test_a_slash_at_the_end_of_the_address_changes_nothing() -> None:
    assert feeds([EVENTFUL], at(URL + "/")) == feeds([EVENTFUL], at(URL))


def test_where_the_address_is_not_known_links_are_relative_to_the_feed() -> None:
    by_day, by_paper, told = made(EVENTFUL, url=None)
    for feed in (by_day, by_paper):
        assert [(e.get("rel"), e.get("href")) for e in feed.findall("link")] == [
            ("alternate", "index.html")
        ]
    (link,) = by_day.findall("entry/link")
    assert link.get("href") == "2026/2026-11-12.html"
    assert "2026/2026-11-12.html#math.GT-0309136" in links(texts(by_paper, "entry/content")[1])
    assert not {"home_page_url", "feed_url", "icon", "favicon"} & set(told)
    assert by_day.find("icon") is None
    assert "url" not in told["items"][0]


# --- a reader ---------------------------------------------------------------------------------


def read(data: bytes) -> Any:
    # As it came by HTTP: without an address a reader could not resolve a relative link.
    came = {"content-location": f"{URL}/feed.xml", "content-type": "application/atom+xml"}
    told = feedparser.parse(BytesIO(data), response_headers=came)
    assert not told.bozo, told.get("bozo_exception")
    assert told.version == "atom10"
    return told


@pytest.mark.parametrize("url", [URL, None])
def test_a_reader_sees_what_is_meant(url: str | None) -> None:
    files = feeds([QUIET, EVENTFUL], at(url))
    days, papers = read(files[DAY_FEED]), read(files[PAPER_FEED])
    assert days.feed.title == SITE.title
    assert days.feed.author == SITE.title
    assert days.feed.subtitle.startswith("arXiv's daily announcements")
    assert "approved by arXiv" in days.feed.rights
    assert days.feed.get("icon", "").endswith(".svg") == (url is not None)
    assert [e.title for e in days.entries] == [
        "Digest 2026-11-13: 0 of 1 papers kept",
        "Digest 2026-11-12: 2 of 4 papers kept",
    ]
    assert days.entries[0].link == f"{URL}/2026/2026-11-13.html"
    assert days.entries[0].published_parsed[:5] == (2026, 11, 13, 5, 0)
    assert days.entries[0].updated_parsed[:5] == (2026, 11, 13, 6, 30)
    hostile, plain_one = papers.entries
    assert Page(hostile.title).text.startswith("<script>alert(1)</script> | [x](javascript:")
    assert plain_one.title == "Sparse routing for C++ programmers"
    assert [a.name for a in hostile.authors] == ["Ann <b>Bold</b>", "Ωmega Ünal"]
    assert [t.term for t in hostile.tags] == ["Routing", "cs.LG"]


# --- text from outside ------------------------------------------------------------------------


def contents(text: str, names: Iterable[str]) -> tuple[list[Page], str]:
    """The HTML of every title and entry, and all that the three feeds hold."""
    day, site = digest_of(text, names)
    files = feeds([day], replace(site, url=URL))
    told = json.loads(files[JSON_FEED])
    check_json_feed(told)
    html = [item["content_html"] for item in told["items"]]
    everything = [json.dumps(told, ensure_ascii=False)]
    for tree in (atom(files[DAY_FEED]), atom(files[PAPER_FEED])):
        html += [*texts(tree, "entry/title"), *texts(tree, "entry/content")]
        everything += [*tree.itertext(), *(v for e in tree.iter() for v in e.attrib.values())]
    return [Page(text) for text in html], "\n".join(everything)


HARMLESS = [page.skeleton for page in contents("harmless", FIELDS)[0]]
ALLOWED = {"p", "strong", "ol", "li", "br", "a"} | _BLOCKS


@pytest.mark.parametrize("attacks", [ATTACKS[n::8] for n in range(8)], ids=range(8))
def test_no_attack_adds_an_element_or_loads_anything(attacks: Sequence[str]) -> None:
    for attack in (text[:500] for text in attacks):
        pages, text = contents(attack, set(FIELDS) - {"comment"})
        assert [page.skeleton for page in pages] == HARMLESS, attack
        assert_inert(text)
        pages, text = contents(attack, ["comment"])
        assert_inert(text)
        for tag, attributes in (element for page in pages for element in page.skeleton):
            assert tag.removeprefix("/") in ALLOWED, tag
            assert {key for key, _ in attributes} <= {"href", "rel"}, attributes
            href = dict(attributes).get("href") or ""
            assert re.match(r"https?://|(?![a-zA-Z][\w+.-]*:)", href), href


def test_ordinary_text_can_be_read() -> None:
    for text in ORDINARY:
        pages, _ = contents(text, ["title", "author", "abstract", "reason", "topic", "site_title"])
        shown = readable("".join(page.text for page in pages))
        assert readable(plain(text)) in shown
        assert readable(text) in shown


# --- any day at all ---------------------------------------------------------------------------


@make.examples(10)
@given(
    st.lists(digests(), min_size=1, max_size=3, unique_by=lambda day: day.date),
    st.sampled_from([URL, None]),
)
def test_any_days_make_well_formed_feeds(days: list[Digest], url: str | None) -> None:
    by_day, by_paper, told = made(*days, url=url)
    assert len(by_day.findall("entry")) == len(days) == len(told["items"])
    kept = {k.paper.id for day in days for k in day.kept}
    assert set(texts(by_paper, "entry/id")) == {f"oai:arXiv.org:{i}" for i in kept}
    assert all(URN.fullmatch(urn) for urn in texts(by_day, "entry/id"))


def test_feeds_say_what_the_learner_knows_and_who_scored() -> None:
    one = replace(EVENTFUL.kept[0].score, match=100, words=("sparse <i>routing</i>",))
    kept = (replace(EVENTFUL.kept[0], score=one),)
    below = (Below("2611.90005", "Nearly <there>", Score(8, 6, match=97)),)
    days, papers, in_json = made(replace(EVENTFUL, kept=kept, below=below, fallback="HTTP 503"))
    words = "Words behind the match: sparse &lt;i&gt;routing&lt;/i&gt;."
    content = in_json["items"][0]["content_html"]
    assert content.startswith("<p><strong>Note:</strong> The model has not scored this day: ")
    assert content.count("The model has not") == 1
    assert "(R10 N9 M100, Routing)" in content
    assert "You may like, below the cut: Nearly &lt;there&gt; (R8 N6 M97). Unscored" in content
    for feed in (days, papers):
        assert words in str(feed.findtext("entry/content"))
