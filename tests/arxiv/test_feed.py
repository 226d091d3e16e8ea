from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from random import Random
from unittest.mock import patch
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.arxiv.feed import parse_feed
from digest.arxiv.paper import parse_authors
from digest.core.errors import FeedError
from digest.core.papers import ANNOUNCE_TYPES, AnnounceType, Feed, Paper
from tests import feeds, make
from tests.feeds.papers import FEED

BAD = sorted((feeds.FOLDER / "bad").glob("*.body"))


@pytest.mark.parametrize(
    "name", ["papers.rss.xml", "papers.atom.xml", "prefixes.rss.xml", "prefixes.atom.xml"]
)
def test_one_announcement_reads_the_same_in_every_form(name: str) -> None:
    assert parse_feed(feeds.read(name)) == FEED


@pytest.mark.parametrize("name", ["weekend.rss.xml", "weekend.atom.xml"])
def test_announcement_of_nothing_is_a_feed_without_papers(name: str) -> None:
    assert parse_feed(feeds.read(name)) == Feed("astro-ph.EP", date(2026, 3, 8), ())


@pytest.mark.parametrize("body", BAD, ids=lambda path: path.stem)
def test_other_documents_are_errors_with_their_cause(body: Path) -> None:
    with pytest.raises(FeedError) as raised:
        parse_feed(body.read_bytes(), "cs.LG")
    assert f"{raised.value}\n" == body.with_suffix(".error").read_text("utf-8")
    assert raised.value.category == "cs.LG"


# --- items ------------------------------------------------------------------------------------

PLAIN = Paper(
    id="2603.00001",
    version=1,
    title="Tea",
    authors=("A. Leaf",),
    abstract="Leaves in water.",
    categories=("cs.LG",),
    announce_type=AnnounceType.NEW,
)
DAY = date(2026, 3, 10)


def read_one(change: Callable[[str], str]) -> Paper:
    text = change(feeds.as_rss("cs.LG", DAY, [PLAIN]).decode())
    return parse_feed(text.encode()).papers[0]


@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [
        pytest.param("", "", id="nothing missing"),
        pytest.param(r"<guid.*</guid>", "", id="no guid: the link has the id"),
        pytest.param(r"(00001|arXiv:2603.00001)v1", r"\1", id="no version: the first"),
        pytest.param("v1</guid>", "v1\n</guid>", id="a line break beside the id"),
        pytest.param(r"(oai:arXiv.org:2603.00001)v1", r"\1", id="no version: the description has"),
        pytest.param(r"<arxiv:announce_type>.*>", "", id="no type: the description has it"),
        pytest.param(r"<link>https://arxiv.org/abs/.*</link>", "", id="no link: the guid will do"),
        pytest.param(
            r"<arxiv:announce_type>(.*)</arxiv:announce_type>",
            r'<announce_type xmlns="http://arxiv.org/schemas/atom">\1</announce_type>',
            id="a default namespace",
        ),
    ],
)
def test_missing_facts_are_read_elsewhere(pattern: str, replacement: str) -> None:
    assert read_one(lambda text: re.sub(pattern, replacement, text)) == PLAIN


def test_an_invisible_direction_mark_reaches_no_field() -> None:
    marked = replace(PLAIN, doi="10.1/\u202ex", journal_ref="J. \u2066T", license="http://a\u200f")
    paper = parse_feed(feeds.as_rss("cs.LG", DAY, [marked])).papers[0]
    assert (paper.doi, paper.journal_ref, paper.license) == ("10.1/x", "J. T", "http://a")


def many(broken: str, whole: int = 100) -> bytes:
    """A feed of `whole` papers and one more, which is `broken`."""
    papers = [replace(PLAIN, id=f"2603.{n:05}") for n in range(1, whole + 1)]
    text = feeds.as_rss("cs.LG", DAY, papers).decode()
    return text.replace("  </channel>", f"    <item>{broken}</item>\n  </channel>").encode()


GUID = "<guid>oai:arXiv.org:2603.99999v1</guid>"


@pytest.mark.parametrize(
    ("broken", "name"),
    [
        ("<title>Nameless</title>", "item 101: Nameless"),
        ("<description>as in arXiv:2603.99999v1</description>", "item 101: as in arXiv:2603"),
        ("", "item 101: without any text"),
        (f"<title>Two ids</title>{GUID}<guid>oai:arXiv.org:2603.88888v1</guid>", "item 101: oai"),
        (GUID, "no title"),
        (f"<title>No type</title>{GUID}", "no announce type"),
    ],
)
def test_a_broken_item_is_named_and_costs_nothing_else(broken: str, name: str) -> None:
    feed = parse_feed(many(broken))
    assert len(feed.papers) + len(feed.unreadable) == 101
    (problem,) = feed.unreadable or (feed.papers[-1].unreadable,)
    assert problem.startswith(name)
    assert feed.papers[-1].id == "2603.99999" or feed.unreadable


NAMELESS = "<title>Nameless</title>"


@pytest.mark.parametrize(
    ("whole", "broken", "readable"),
    [(1, 3, True), (5, 4, False), (396, 4, True), (0, 1, False)],  # the last is no empty day
)
def test_more_than_three_and_1_percent_unreadable_is_an_error(
    whole: int, broken: int, readable: bool
) -> None:
    data = many("</item><item>".join([NAMELESS, *[GUID] * (broken - 1)]), whole)
    if readable:
        feed = parse_feed(data)
        assert len(feed.papers) + len(feed.unreadable) == whole + broken
    else:
        with pytest.raises(FeedError, match=rf"{broken} of {whole + broken} entries cannot"):
            parse_feed(data)


@pytest.mark.parametrize(
    ("marks", "readable"),
    [
        pytest.param("\u0316" * 30, True, id="thirty"),
        pytest.param("\u0316" * 31, False, id="one more"),
        pytest.param("\u0316\u200b" * 31, False, id="parted by what nobody sees"),
        pytest.param("&#x316;" * 31, False, id="escaped twice"),
        pytest.param("\u0f73" * 31, False, id="that decompose into marks"),
        pytest.param("e\u0316\u0317" * 500, True, id="a few on each of many letters"),
        pytest.param("─═━•▁→😀" * 100, True, id="drawn lines"),
    ],
)
def test_piles_of_marks_are_not_read(marks: str, readable: bool) -> None:
    piled = replace(PLAIN, abstract=f"Zalgo{marks}")
    (paper,) = parse_feed(feeds.as_rss("cs.LG", DAY, [piled])).papers
    assert paper.id == PLAIN.id
    assert paper.unreadable == ("" if readable else "more than 30 marks on one letter")


# --- dates and categories ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("write", "old", "new"),
    [
        pytest.param(feeds.as_rss, "00:00:00 -0400", "04:00:00 +0000", id="in GMT"),
        pytest.param(feeds.as_rss, "<lastBuildDate>.*", "", id="without a build date"),
        pytest.param(
            feeds.as_atom,
            "<updated>.*?<",
            "<updated>2026-03-11T04:00:19.8+00:00<",
            id="built later",
        ),
    ],
)
def test_the_date_is_eastern_and_the_entries(
    write: Callable[..., bytes], old: str, new: str
) -> None:
    text = re.sub(old, new, write("cs.LG", DAY, [PLAIN]).decode())
    assert parse_feed(text.encode()).date == DAY


@pytest.mark.parametrize("category", ["cs.LG", "hep-th", "cond-mat.mes-hall", "cs.LG+cs.AI"])
def test_the_category_is_that_of_the_channel_link(category: str) -> None:
    assert parse_feed(feeds.as_rss(category, DAY, [])).category == category
    assert parse_feed(feeds.as_atom(category, DAY, [])).category == category


# --- authors ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "authors", "affiliations"),
    [
        ("Ada Leaf, Bo Cup", ("Ada Leaf", "Bo Cup"), ()),
        (" Ada Leaf ,, Bo Cup, ", ("Ada Leaf", "Bo Cup"), ()),
        ("Ada (U (V, W), X), Bo", ("Ada", "Bo"), (("Ada", "U (V, W), X"),)),
        (
            "Yu-Chiang (Frank) Wang (X), Bo",
            ("Yu-Chiang (Frank) Wang", "Bo"),
            (("Yu-Chiang (Frank) Wang", "X"),),
        ),
        ("Bo Li (Bob) (X)", ("Bo Li (Bob)",), (("Bo Li (Bob)", "X"),)),
        ("Ada (), Bo", ("Ada", "Bo"), ()),
        ("Ada (X, Bo, Cy", ("Ada (X", "Bo", "Cy"), ()),
        ("Ada X), Bo (Y), Cy", ("Ada X)", "Bo", "Cy"), (("Bo", "Y"),)),
    ],
)
def test_authors_are_split_at_commas_outside_parentheses(
    names: str, authors: tuple[str, ...], affiliations: tuple[tuple[str, str], ...]
) -> None:
    assert parse_authors(names) == (authors, affiliations)


@make.examples(20)
@given(st.text("ab (),", max_size=40))
def test_no_letter_of_any_author_string_is_lost(names: str) -> None:
    authors, affiliations = parse_authors(names)
    read = "".join(authors) + "".join(affiliation for _, affiliation in affiliations)
    assert sorted(re.sub(r"\W", "", read)) == sorted(re.sub(r"\W", "", names))


# --- what no feed should be -------------------------------------------------------------------

RSS = feeds.as_rss("cs.LG", DAY, [PLAIN]).decode()
BOMB = (
    '<!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in pairwise("abcdefghij"))
    + "]>"
)


def titled(title: str) -> str:
    return RSS.replace("<title>Tea</title>", f"<title>{title}</title>")


def with_dtd(dtd: str, title: str) -> str:
    return titled(title).replace("?>", f"?>{dtd}", 1)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(with_dtd(BOMB, "&j;").encode(), id="a bomb"),
        pytest.param(
            with_dtd("<!DOCTYPE rss [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>", "&x;").encode(),
            id="an external entity",
        ),
        pytest.param(with_dtd(BOMB, "&j;").encode("utf-16"), id="UTF-16"),
        pytest.param(titled("&nbsp;").encode(), id="an entity of HTML"),
        pytest.param(titled("<a>" * 100_000 + "</a>" * 100_000).encode(), id="100,000 levels"),
        pytest.param(titled("<a/>" * 300_000).encode(), id="300,000 elements"),
        pytest.param(titled("a" * 20_000_000).encode(), id="20 MB in an element"),
    ],
)
def test_no_plain_feed_is_refused_at_once(data: bytes) -> None:
    with make.cpu_seconds(5), pytest.raises(FeedError, match=r"^cs\.LG: "):
        parse_feed(data, "cs.LG")


def test_utf_8_is_read_whatever_is_declared() -> None:
    text = titled("Don’t: Thé").replace("UTF-8", "ISO-8859-1")
    assert parse_feed(text.encode()).papers[0].title == "Don’t: Thé"
    with pytest.raises(FeedError, match=r"broken XML \(not well-formed"):  # and no mojibake
        parse_feed(text.replace("’", "'").encode("latin-1"))


@pytest.mark.soak
def test_larger_feed_than_arxivs_is_read_soon() -> None:
    paper = replace(PLAIN, title="Leaves " * 12, abstract="Of cups & $x^2$ leaves. " * 80)
    data = feeds.as_rss("cs.LG", DAY, [replace(paper, id=f"2603.{n:05}") for n in range(1_001)])
    with make.cpu_seconds(5):
        assert len(parse_feed(data).papers) == 1_001


def test_several_creators_are_all_authors() -> None:
    data = RSS.replace(
        "<dc:creator>A. Leaf</dc:creator>",
        "<dc:creator>A. Leaf</dc:creator><dc:creator>B. Cup (Pot, Kettle)</dc:creator>",
    )
    paper = parse_feed(data.encode()).papers[0]
    assert paper.authors == ("A. Leaf", "B. Cup")
    assert paper.affiliations == (("B. Cup", "Pot, Kettle"),)


@pytest.mark.parametrize(
    "word",
    [
        "a" * 1_999,
        "a@" * 999,
        r"\'{" * 666,
        "a" + "\u0301\u0316" * 900,
    ],
    ids=lambda word: word[:6],
)
def test_no_text_takes_long_to_read(word: str) -> None:
    text = f"{word} " * 20
    start = RSS.index("<item>")
    tags = ("title", "description", "dc:creator", "guid", "link")
    elements = "".join(f"<{tag}>{text}</{tag}>" for tag in tags)
    with make.cpu_seconds(5), suppress(FeedError):
        feeds.assert_whole(
            parse_feed((RSS[:start] + f"<item>{elements}" + RSS[start + 6 :]).encode())
        )


@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [
        pytest.param(r"2603\.00001", "../../etc/passwd", id="a path"),
        pytest.param(r"2603\.00001", "２６０３.00001", id="wide digits"),
    ],
)
def test_an_impossible_id_is_none(pattern: str, replacement: str) -> None:
    changed = re.sub(pattern, lambda _: replacement, RSS)
    assert changed != RSS
    with pytest.raises(FeedError, match=r"1 of 1 entries cannot be read \(item 1: "):
        parse_feed(changed.encode())


@pytest.mark.parametrize(
    ("pattern", "replacement", "problem"),
    [
        pytest.param("00001v1", "00001v99999999999", "id 'oai:", id="a version beyond all"),
        pytest.param("<title>Tea", "<title>Mate</title><title>Tea", "2 titles", id="two titles"),
        pytest.param("<title>Tea", "<title>\u200b\u200d", "no title", id="an invisible title"),
        pytest.param(
            "announce_type>new",
            "announce_type>withdrawn",
            "announce type 'withdrawn'",
            id="an unknown type",
        ),
        pytest.param("Leaves in water", "x " * 100_001, "200,", id="too long"),
    ],
)
def test_an_incomplete_item_is_a_paper_that_says_so(
    pattern: str, replacement: str, problem: str
) -> None:
    changed = re.sub(pattern, lambda _: replacement, RSS)
    assert changed != RSS
    feed = parse_feed(changed.encode())
    feeds.assert_whole(feed)
    (paper,) = feed.papers
    assert paper.id == "2603.00001"
    assert paper.unreadable.startswith(problem)
    assert (paper.announce_type is AnnounceType.UNKNOWN) == problem.startswith("announce type")


@pytest.mark.parametrize(
    ("old", "new", "cause"),
    [
        ("<title>Tea", "<item><title>Inner</title></item><title>Tea", "1 of 2 items can be read"),
        ("<item>", "<x:item xmlns:x='urn:x'>", "0 of 1 items can be read"),
    ],
)
def test_hidden_items_are_an_error(old: str, new: str, cause: str) -> None:
    text = RSS.replace(old, new)
    text = text.replace("</item>", "</x:item>") if "x:item" in new else text
    with pytest.raises(FeedError, match=cause):
        parse_feed(text.encode())


@pytest.mark.parametrize("name", ["papers.rss.xml", "papers.atom.xml", "prefixes.atom.xml"])
def test_elements_of_other_vocabularies_change_nothing(name: str) -> None:
    """feedparser would take most of these for arXiv's own, and fails at `chapter`."""
    foreign = "".join(
        f'<{element} xmlns="{namespace}" term="hep-th" start="0">Mallory</{element}>'
        for namespace, elements in {
            "http://purl.org/dc/terms/": ("creator", "title", "subject", "rights"),
            "http://purl.org/dc/elements/1.1/": ("author", "title", "subject", "description"),
            "http://search.yahoo.com/mrss/": ("author", "title", "category", "rating"),
            "http://www.itunes.com/dtds/podcast-1.0.dtd": ("author", "summary", "keywords"),
            "http://podlove.org/simple-chapters": ("chapter",),
            "urn:x": ("guid", "id", "announce_type", "description", "published"),
        }.items()
        for element in elements
    )
    text = re.sub(r"(?=</(?:item|a:entry|entry|channel|feed)>)", foreign, feeds.read(name).decode())
    assert parse_feed(text.encode()) == FEED


def test_only_categories_of_arxivs_shape_pass() -> None:
    odd = ["ACM F.2.2; I.2.7", "68T05", "../../x", "cs.LG.AI", "a b", "<b>", "cs.", ".LG", "ｃｓ"]
    categories = "".join(f"<category>{escape(term)}</category>" for term in [*odd, "hep-th"])
    paper = read_one(lambda text: text.replace("<category>cs.LG</category>", categories))
    assert paper.categories == ("hep-th",)


@pytest.mark.parametrize(
    "category",
    ["..", "+", "cs.LG+", "cs.LG.AI", "cs%2eLG", "<b>", "cs LG"],
)
def test_a_channel_of_no_category_is_an_error(category: str) -> None:
    with pytest.raises(FeedError, match="no arXiv category in its link"):
        parse_feed(RSS.replace("/rss/cs.LG", f"/rss/{escape(category)}").encode())


@pytest.mark.parametrize(
    "moment",
    [
        "0000-01-01T00:00:00Z",
        "9999-12-31T23:59:59-23:59",
        "Sat, 1 Jan 0000 00:00:00 +0000",
        "Tue, 10 Mar 2026 00:00:00",
        "2026-03-10T00:00:00",
        "Tue, 10 Mar 2026 00:00:00 -999999",
        "9" * 1_999,
    ],
)
def test_a_date_that_cannot_be_is_an_error(moment: str) -> None:
    text = re.sub(r"<lastBuildDate>.*", "", RSS)
    with pytest.raises(FeedError, match="no date"):
        parse_feed(re.sub(r"<pubDate>.*", f"<pubDate>{moment}</pubDate>", text).encode())


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("AT&amp;amp;T", "AT&T"),
        ("AT&amp;amp;amp;T", "AT&amp;T"),
        ("&amp;notion; &amp;#233;", "&notion; é"),
        ("<![CDATA[A <b>bold</b> <!DOCTYPE claim>]]>", "A <b>bold</b> <!DOCTYPE claim>"),
        (r"\'{a\\} b", "á b"),
    ],
)
def test_entities_are_decoded_twice_at_most(sent: str, read: str) -> None:
    assert parse_feed(titled(sent).encode()).papers[0].title == read


# --- any paper, any damage --------------------------------------------------------------------


lines = st.text("aÅß ж中𝔸'\"<>#%;-", min_size=1).filter(lambda text: text == " ".join(text.split()))
papers = st.builds(
    Paper,
    id=st.from_regex(r"[0-9]{4}\.[0-9]{4,5}|(hep-th|math\.GT)/[0-9]{7}", fullmatch=True),
    version=st.integers(1, 9999),
    title=lines,
    authors=st.lists(lines, max_size=3, unique=True).map(tuple),
    abstract=st.just("") | lines,
    categories=st.lists(st.sampled_from(["cs.LG", "hep-th"]), unique=True).map(tuple),
    announce_type=st.sampled_from(ANNOUNCE_TYPES),
    doi=st.none() | lines,
    journal_ref=st.none() | lines,
    license=st.none() | lines,
)


@make.examples(15)
@given(st.lists(papers, max_size=3), st.dates(date(2024, 1, 1), date(2040, 12, 31)))
def test_any_announcement_reads_back_as_written(written: list[Paper], day: date) -> None:
    expected = Feed("cs.LG", day, tuple(written))
    assert parse_feed(feeds.as_rss("cs.LG", day, written)) == expected
    assert parse_feed(feeds.as_atom("cs.LG", day, written)) == expected


def however_unreadable() -> AbstractContextManager[object]:
    """Lets the whole items beside a broken one through, to be looked at."""
    return patch("digest.arxiv.paper.UNREADABLE_SHARE", 1)


_SPLINTERS = [
    b"<", b">", b"&", b"</item>", b"<item>", b"</entry>", b"<channel>", b"<category/>", b"<source>",
    b"<![CDATA[", b"]]>", b"<!--", b"<?xml ", b"<!DOCTYPE a>", b"<!ENTITY", b"<math>", b"<svg>",
    b"<div>", b"&#x110000;", b"&#99999999999;", b"&nbsp;", b"&#0;", b'xmlns=""', b' type="base64"',
    b"encoding='utf-7'", b"encoding='ebcdic'", b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"://[",
]  # fmt: skip


@make.examples(80)
@given(
    st.sampled_from(["papers.rss.xml", "papers.atom.xml", "prefixes.rss.xml"]),
    st.randoms(use_true_random=True),  # evenly spread; Hypothesis's own crowd at the beginning
    st.integers(1, 3),
)
def test_a_damaged_feed_is_a_feed_or_a_feed_error(name: str, random: Random, edits: int) -> None:
    data = bytearray(feeds.read(name))
    for _ in range(edits):
        start = random.randrange(len(data))
        end = start + random.choice([0, 0, 1, random.randrange(200)])
        data[start:end] = random.choice([*_SPLINTERS, random.randbytes(1), data[start:end] * 2])
    with suppress(FeedError), however_unreadable():
        feed = parse_feed(bytes(data))
        feeds.assert_whole(feed)
        assert len(feed.papers) + len(feed.unreadable) <= 4 + edits


# --- what arXiv really sent -------------------------------------------------------------------


def real(folder: Path, name: str) -> bytes:
    data = (folder / name).read_bytes()
    return gzip.decompress(data) if name.endswith(".gz") else data


@pytest.mark.parametrize(
    ("name", "category", "day", "count"),
    [
        ("feeds_replay/rss_cs.AI_2026-01-30_STALE_150items.xml.gz", "cs.AI", "2026-01-30", 150),
        ("feeds_replay/atom_cs.LG_2026-01-28_175items.xml.gz", "cs.LG", "2026-01-28", 175),
        ("feeds/atom_TideDra_example.xml", "cs.AI", "2025-08-20", 7),
        (
            "feeds/rss_ns0_prefixes_astro-ph.EP_2026-08-05_trimmed1item.xml",
            "astro-ph.EP",
            "2026-08-05",
            1,
        ),
        ("feeds/rss_EMPTY_cs_2025-04-27_Sunday.xml", "cs", "2025-04-27", 0),
    ],
)
def test_a_real_feed_is_read_whole(
    real_data: Path, name: str, category: str, day: str, count: int
) -> None:
    feed = parse_feed(real(real_data, name))
    assert (feed.category, str(feed.date)) == (category, day)
    assert (len(feed.papers), feed.unreadable) == (count, ())
    assert all(paper.title and paper.authors and paper.abstract for paper in feed.papers)


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("feeds/atom_cs.AI_2025-08-20_TideDra_e8569353.xml", "no element found: line 1233"),
        ("feeds/rdf_rss1.0_OLD_hep-ex_2018-05-23_physbiblio.xml", "the RDF format"),
        ("feeds_replay/rss_ERROR400_bad_subject_class.xml", "Bad subject class 'LGG'"),
    ],
)
def test_a_real_failure_names_its_cause(real_data: Path, name: str, cause: str) -> None:
    with pytest.raises(FeedError) as raised:
        parse_feed(real(real_data, name), "cs.LG")
    assert cause in str(raised.value)


def test_an_atom_feed_may_lack_items_and_an_id() -> None:
    document = (
        b'<feed xmlns="http://www.w3.org/2005/Atom"><updated>2026-01-30T05:00:02+00:00</updated>'
        b'<link href="http://rss.arxiv.org/atom/cs.LG" rel="self"/></feed>'
    )
    assert parse_feed(document) == Feed("cs.LG", date(2026, 1, 30), ())


def test_a_body_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digest.arxiv.documents.MAX_BYTES", 100)
    with pytest.raises(FeedError, match=rf"^cs\.LG: not a feed but {len(RSS):,} bytes"):
        parse_feed(RSS.encode(), "cs.LG")
