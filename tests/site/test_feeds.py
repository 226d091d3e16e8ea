"""The feeds as readers, and the standards, take them."""

from __future__ import annotations

import json
import random
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Iterator
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
from digest.core.day import Digest, Kept, Unscored
from digest.core.papers import Entry, Source, SourceState
from digest.core.scores import Score
from digest.core.tex import plain
from digest.core.wording import totals, warnings
from digest.publish.commit import commit_message
from digest.run.ranking import rank
from digest.site import assets
from digest.site.feeds import DAYS, LIMIT, NAMESPACE, PAPERS, feeds
from digest.site.sanitize import _BLOCKS
from tests import make
from tests.attacks import ATTACKS, ORDINARY
from tests.cli.test_sinks import FIELDS, Page, assert_inert, digest_of, name, readable
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
    """The three feeds, each held to its standard."""
    files = feeds(days, at(url))
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

# RFC 4287, 4.1: how often each child may stand there.
ONE, MAYBE, ANY, SOME = (1, 1), (0, 1), (0, 10**6), (1, 10**6)
FEED = {"title": ONE, "id": ONE, "updated": ONE, "author": SOME, "link": SOME, "entry": ANY}
FEED |= {"generator": MAYBE, "rights": MAYBE, "subtitle": MAYBE, "icon": MAYBE}
ENTRY = {"title": ONE, "id": ONE, "updated": ONE, "published": MAYBE, "author": ANY, "link": SOME}
ENTRY |= {"category": ANY, "rights": MAYBE, "content": ONE}


def atom(data: bytes) -> ET.Element:
    """The feed without its namespace, once it is found to be as RFC 4287 asks."""
    feed = ET.fromstring(data)  # noqa: S314 - our own
    for element in feed.iter():
        namespace, brace, element.tag = element.tag.rpartition("}")
        assert namespace + brace == "{http://www.w3.org/2005/Atom}"
    assert feed.tag == "feed"
    check_children(feed, FEED)
    ids = texts(feed, "entry/id")
    assert len(ids) == len(set(ids))
    for entry in feed.findall("entry"):
        check_children(entry, ENTRY)
        (content,) = entry.findall("content")
        assert content.get("type") == "html"
        assert (content.text or "").strip()
        for category in entry.findall("category"):
            assert category.get("term")
    return feed


def check_children(element: ET.Element, allowed: dict[str, tuple[int, int]]) -> None:
    tags = [child.tag for child in element]
    assert set(tags) <= set(allowed)
    for tag, (least, most) in allowed.items():
        assert least <= tags.count(tag) <= most, tag
    links = [
        (link.get("rel", "alternate"), link.get("type"), link.get("hreflang"))
        for link in element.findall("link")
    ]
    assert len(links) == len(set(links))
    assert sum(rel == "alternate" for rel, _, _ in links) == 1
    assert all(link.get("href") for link in element.findall("link"))
    for author in element.findall("author"):
        assert [child.tag for child in author] == ["name"]
        assert (author[0].text or "").strip()
    for tag in ("title", "id"):
        assert (element.findtext(tag) or "").strip()
    assert not re.search(r"\s", element.findtext("id") or "")
    for tag in ("updated", "published"):
        assert all(RFC3339.fullmatch(said) for said in texts(element, tag))


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
    golden(path, feeds([EVENTFUL, QUIET], at(URL))[PurePosixPath(path)])


def test_a_day_is_titled_like_its_commit() -> None:
    by_day, _, told = made(EVENTFUL)
    subject = commit_message(EVENTFUL).partition("\n")[0]
    assert texts(by_day, "entry/title") == [subject] == [i["title"] for i in told["items"]]


def test_a_day_states_its_sums_its_warnings_and_what_was_not_scored() -> None:
    lost = (Unscored(LOST, "timeout"), Unscored(LOST, "timeout"), Unscored(LOST, "a <new> reason"))
    day = replace(EVENTFUL, unscored=lost)
    by_day, _, _ = made(day)
    shown = Page(by_day.findtext("entry/content") or "").text
    assert totals(day.counts) in shown
    assert len(warnings(day)) == 2
    assert all(said in shown for said in warnings(day))
    assert "Near misses: 1 paper just under the cut." in shown
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
        said = feed.findtext("entry/content") or ""
        assert "Author 5 and 2,994 more" in said
        assert "Author 6" not in said


def test_math_is_spelled_out() -> None:
    tex = replace(HOSTILE, title=r"An $\mathcal{O}(n^2)$ bound", abstract=r"$\alpha \leq 2$")
    kept = Kept(tex, Score(9, 9, comment=r"Shows $\beta^2$."))
    for feed in made(digest(kept=[kept]))[:2]:
        said = ET.tostring(feed, "unicode")
        assert "An 𝒪(n²) bound" in said
        assert "Shows β²." in said
        assert "math&gt;" not in said
        assert "\\" not in said


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


def test_a_day_made_anew_keeps_its_id_and_gets_a_later_date() -> None:
    again = replace(EVENTFUL, generated_at=EVENTFUL.generated_at + timedelta(hours=1), kept=())
    (first, _, _), (second, _, _) = made(EVENTFUL), made(again)
    assert first.findtext("entry/id") == second.findtext("entry/id")
    assert str(second.findtext("entry/updated")) > str(first.findtext("entry/updated"))


def test_ids_depend_neither_on_the_address_nor_on_the_title() -> None:
    here = made(EVENTFUL)
    there = atom(feeds([EVENTFUL], Site(title="Another"))[DAY_FEED])
    assert [e.text for e in here[0].iter("id")] == [e.text for e in there.iter("id")]


# --- which days, which papers, how much -------------------------------------------------------


def test_the_feeds_hold_the_days_made_last_newest_first() -> None:
    days = [day_after(n) for n in range(20)]
    repaired = replace(days[0], generated_at=days[-1].generated_at)  # as late as the newest
    shuffled = [repaired, *days[1:]]
    random.Random(1).shuffle(shuffled)
    by_day, by_paper, told = made(*shuffled)
    dates = [title.split()[1].rstrip(":") for title in texts(by_day, "entry/title")]
    expected = [days[-1], repaired, *reversed(days[-13:-1])]
    assert dates == [str(day.date) for day in expected]
    assert [i["_preprint_digest"]["date"] for i in told["items"]] == dates
    assert len(dates) == DAYS
    assert texts(by_paper, "entry/id")[:3] == [
        f"oai:arXiv.org:{i}" for i in ("2719.00000", "2719.00001", "2700.00000")
    ]


def test_a_paper_kept_on_two_days_stands_there_once_as_of_the_later() -> None:
    later = replace(
        EVENTFUL, date=date(2026, 11, 16), generated_at=datetime(2026, 11, 16, 6, tzinfo=UTC)
    )
    _, by_paper, _ = made(EVENTFUL, later)
    assert len(by_paper.findall("entry")) == 2
    assert set(texts(by_paper, "entry/published")) == {"2026-11-16T00:00:00-05:00"}


def test_the_same_day_twice_is_one_entry_the_newer() -> None:
    again = replace(EVENTFUL, generated_at=EVENTFUL.generated_at + timedelta(1))
    by_day, _, _ = made(again, EVENTFUL)
    assert texts(by_day, "entry/updated") == ["2026-11-13T06:30:00+00:00"]


def crowded(papers: int, comment: str, number: int = 0) -> Digest:
    kept = [
        Kept(
            paper(f"{2600 + number}.{n:05}", title="A <title> & more " * 4),
            Score(9, 9, comment=comment),
        )
        for n in range(papers)
    ]
    later = timedelta(number)
    return digest(kept=kept, day=DAY + later, generated_at=MADE + later)


@pytest.mark.parametrize("comment", ["Because it is <good> & new. " * 20, '"' * 590, "\n" * 2_000])
def test_a_huge_day_says_how_many_papers_its_list_leaves_out(comment: str) -> None:
    by_day, by_paper, _ = made(crowded(1_500, comment))
    (content,) = texts(by_day, "entry/content")
    listed = content.count("<li>")
    assert 20 < listed < 1_500
    assert f"And {1_500 - listed:,} more on <a href=" in content
    assert content.count("</li>") == listed
    assert content.endswith("</p>")
    assert len(by_paper.findall("entry")) == PAPERS


def test_however_long_the_days_all_fourteen_stay_with_their_best_papers() -> None:
    days = [crowded(1_500, "Because it is good & new. " * 20, n) for n in range(DAYS)]
    by_day, _, told = made(*days)
    contents = texts(by_day, "entry/content")
    assert len(contents) == DAYS == len(told["items"])
    for content, day in zip(contents, reversed(days), strict=True):
        listed = re.findall(r"arxiv.org/abs/([\d.]+)", content)
        assert listed == [kept.paper.id for kept in day.kept[: len(listed)]]
        assert f"And {1_500 - len(listed):,} more on" in content
    assert len(feeds(days, at(URL))[DAY_FEED]) > LIMIT * 0.9


def test_a_feed_too_large_loses_the_papers_at_its_end() -> None:
    many = crowded(PAPERS, "")
    kept = tuple(replace(k, paper=replace(k.paper, abstract="Long. " * 600)) for k in many.kept)
    _, by_paper, _ = made(replace(many, kept=kept))
    ids = texts(by_paper, "entry/id")
    assert 100 < len(ids) < PAPERS
    assert ids == [f"oai:arXiv.org:{k.paper.id}" for k in kept[: len(ids)]]


def test_two_weeks_of_a_real_day_fit_whole(real_data: Path) -> None:
    papers, labels = labels_of_seed_day(real_data)
    verdicts = {
        i: Score(said["relevance"], said["novelty"], said["topic"], said["comment"])
        for i, said in labels.items()
    }
    ranking = rank(papers, verdicts, CUT, {})
    sources = {
        "cs.LG": Source(
            "", SourceState.FRESH, tuple(Entry(p.id, 1, p.announce_type) for p in papers)
        )
    }
    real = replace(digest(), kept=ranking.kept, below=ranking.below, sources=sources)
    by_day, by_paper, told = made(*(day_after(n, real) for n in range(DAYS)))
    assert len(told["items"]) == DAYS
    assert [content.count("<li>") for content in texts(by_day, "entry/content")] == [68] * DAYS
    assert len(by_paper.findall("entry")) == PAPERS


def test_without_a_day_there_is_no_feed() -> None:
    assert feeds([], at(URL)) == {}


# --- addresses --------------------------------------------------------------------------------


def links(content: str) -> list[str]:
    return [str(dict(a)["href"]) for tag, a in Page(content).skeleton if tag == "a"]


@pytest.mark.parametrize("url", [URL, URL + "/"])
def test_every_link_is_absolute_where_the_address_is_known(url: str) -> None:
    by_day, by_paper, told = made(EVENTFUL, url=url)
    for feed, path in ((by_day, "feed.xml"), (by_paper, "papers.xml")):
        assert [(e.get("rel"), e.get("href")) for e in feed.findall("link")] == [
            ("alternate", f"{URL}/"),
            ("self", f"{URL}/{path}"),
        ]
        for content in texts(feed, "entry/content"):
            assert all(link.startswith("https://") for link in links(content))
    (link,) = by_day.findall("entry/link")
    assert link.get("href") == f"{URL}/2026/2026-11-12.html"
    icon = assets.path("icon")
    assert {f.findtext("icon") for f in (by_day, by_paper)} == {f"{URL}/{icon}"}
    assert told["icon"] == told["favicon"] == f"{URL}/{icon}"
    assert told["home_page_url"] == f"{URL}/"
    assert told["feed_url"] == f"{URL}/feed.json"
    assert told["items"][0]["url"] == link.get("href")


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
    files = feeds([EVENTFUL, QUIET], at(url))
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


def test_a_reader_that_sanitises_finds_nothing_to_remove() -> None:
    files = feeds([EVENTFUL, QUIET], at(URL))
    for path in (DAY_FEED, PAPER_FEED):
        raw = feedparser.parse(BytesIO(files[path]), sanitize_html=False)
        for entry, untouched in zip(read(files[path]).entries, raw.entries, strict=True):
            seen, meant = Page(entry.content[0].value), Page(untouched.content[0].value)
            assert seen.skeleton == meant.skeleton
            assert seen.text == meant.text


# --- text from outside ------------------------------------------------------------------------


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from (key, *strings(each))
    elif isinstance(value, list):
        for each in value:
            yield from strings(each)
    elif isinstance(value, str):
        yield value


def contents(text: str, names: Iterable[str]) -> tuple[list[Page], list[str]]:
    """The HTML of every entry and title, and every string that is not HTML."""
    day, site = digest_of(text, names)
    files = feeds([day], replace(site, url=URL))
    assert all(len(data) < LIMIT for data in files.values())
    trees = [atom(files[DAY_FEED]), atom(files[PAPER_FEED])]
    told = json.loads(files[JSON_FEED])
    check_json_feed(told)
    said = [*strings(told)]
    for tree in trees:
        for element in tree.iter():
            said += [element.text or "", *element.attrib.values()]
    html = [
        text
        for tree in trees
        for tag in ("title", "content")
        for text in texts(tree, f"entry/{tag}")
    ]
    html.append(told["items"][0]["content_html"])
    return [Page(text) for text in html], said


HARMLESS = [page.skeleton for page in contents("harmless", FIELDS)[0]]
ALLOWED = {"p", "strong", "ol", "li", "br", "a"} | _BLOCKS


@pytest.mark.parametrize("attack", [a[:500] for a in ATTACKS], ids=name)
def test_no_attack_adds_an_element_to_an_entry(attack: str) -> None:
    pages, said = contents(attack, set(FIELDS) - {"comment"})
    assert [page.skeleton for page in pages] == HARMLESS
    for text in said:
        assert_inert(text)


@pytest.mark.parametrize("attack", [a[:1_500] for a in ATTACKS], ids=name)
def test_no_comment_acts_or_loads_anything(attack: str) -> None:
    pages, said = contents(attack, FIELDS)
    for page in pages:
        for tag, attributes in page.skeleton:
            assert tag.removeprefix("/") in ALLOWED, tag
            assert {key for key, _ in attributes} <= {"href", "rel"}, attributes
            href = dict(attributes).get("href") or ""
            assert re.match(r"https?://|(?![a-zA-Z][\w+.-]*:)", href), href
    for text in said:
        assert_inert(text)


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_can_be_read(text: str) -> None:
    pages, said = contents(text, ["title", "author", "abstract", "reason", "topic", "site_title"])
    shown = readable("".join(page.text for page in pages))
    assert readable(plain(text)) in shown
    assert readable(text) in shown
    assert readable(text) in map(readable, said)  # the author's name, the feed's title


# --- any day at all ---------------------------------------------------------------------------


@make.examples(25)
@given(st.lists(digests(), min_size=1, max_size=3), st.sampled_from([URL, None]))
def test_any_days_make_well_formed_feeds(days: list[Digest], url: str | None) -> None:
    by_day, by_paper, told = made(*days, url=url)
    assert len(by_day.findall("entry")) == len({day.date for day in days}) == len(told["items"])
    kept = {k.paper.id for day in days for k in day.kept}
    if len({day.date for day in days}) == len(days):
        assert set(texts(by_paper, "entry/id")) == {f"oai:arXiv.org:{i}" for i in kept}
    assert all(URN.fullmatch(found) for found in texts(by_day, "entry/id"))


@make.examples(15)
@given(st.lists(digests(), max_size=3, unique_by=lambda day: day.date), st.randoms())
def test_the_same_days_make_the_same_bytes_in_whatever_order(
    days: list[Digest], chance: random.Random
) -> None:
    first = feeds(days, at(URL))
    chance.shuffle(days)
    assert feeds(iter(days), at(URL)) == first
