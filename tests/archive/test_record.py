from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given

from digest.archive.record import accounting_problem, decode, encode
from digest.core.day import Cut, Digest, Kept
from digest.core.errors import ArchiveError
from digest.core.papers import FEED_LIMIT, AnnounceType, Origin, Source, SourceState, announced
from tests import make
from tests.make import DAY, paper, score

A, B, C, D, E = (paper(f"2601.0000{n}") for n in range(1, 6))
WHOLE = make.digest(kept=[Kept(A, score(9, 8))], below=[B], filtered=[C], seen=[D], unscored=[E])
NAME = f"data/2026/{DAY}.json"


def name_of(digest: Digest) -> str:
    return f"data/{digest.date:%Y}/{digest.date}.json"


@make.examples(60)
@given(make.digests())
def test_any_digest_survives_its_file_and_its_totals_add_up(digest: Digest) -> None:
    data = encode(digest)
    assert decode(data, name_of(digest)) == digest
    assert encode(decode(data, name_of(digest))) == data
    counts = json.loads(data)["counts"]
    assert counts["announced"] == counts["seen"] + counts["filtered"] + counts["scanned"]
    assert counts["scanned"] == counts["kept"] + counts["below"] + counts["unscored"]
    untyped = Counter(announced(digest.sources).values())[AnnounceType.UNKNOWN]
    typed = counts["new"] + counts["cross"] + counts["replace"]
    assert counts["announced"] == typed + untyped


def test_a_file_has_the_contracts_keys_in_their_order() -> None:
    keys = (
        "schema date status generated_at scorer model prompt_sha256 prompt keep sources counts"
        " usage cost_usd kept below filtered seen unscored"
    )
    assert list(json.loads(encode(WHOLE))) == keys.split()


def test_what_a_day_does_not_have_is_left_out() -> None:
    record = json.loads(encode(WHOLE))
    assert list(record["keep"]) == ["relevance", "novelty"]
    assert "beyond_top" not in record["counts"]
    assert not {"author_match", "phrase_match"} & record["kept"][0].keys()


def test_papers_beyond_the_top_are_counted() -> None:
    digest = replace(WHOLE, cut=Cut(3, 4, top=1))  # B, below, has these scores
    record = json.loads(encode(digest))
    assert record["keep"] == {"relevance": 3, "novelty": 4, "top": 1}
    assert record["counts"]["beyond_top"] == 1
    record["counts"]["beyond_top"] = 2
    with pytest.raises(ArchiveError, match=r"counts\.beyond_top: says 2, the lists hold 1"):
        decode(json.dumps(record).encode(), NAME)


def test_each_paper_has_a_line_of_its_own() -> None:
    many = [paper(f"2601.{n:05}") for n in range(8)]
    kept = [Kept(p, score()) for p in many[:2]]
    digest = make.digest(kept=kept, below=many[2:4], filtered=many[4:6], unscored=many[6:])
    lines = encode(digest).decode().splitlines()
    assert [sum(f'"id":"{p.id}"' in line for line in lines) for p in many] == [1] * 8
    assert max(line.count('"id":') for line in lines) == 1


def test_a_digest_that_lost_a_paper_is_not_written() -> None:
    with pytest.raises(ValueError, match=r"2601\.00002: is announced .* no outcome"):
        encode(replace(WHOLE, below=()))


# --- damage -----------------------------------------------------------------------------------


def edited(*path: str | int, to: object = None) -> bytes:
    """The file with another value in this place; None: with nothing there."""
    record = place = json.loads(encode(WHOLE))
    for step in path[:-1]:
        place = place[step]
    if to is None:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return json.dumps(record).encode()


GOOD = encode(WHOLE)

DAMAGE = {
    "empty": (b"", "not JSON"),
    "not UTF-8": (GOOD.replace(b"Ada", b"\xff\xfe"), "not JSON"),
    "conflict markers": (
        GOOD.replace(b'"model"', b'<<<<<<< HEAD\n"model"'),
        "unresolved merge conflict",
    ),
    "a later schema": (edited("schema", to=2), "schema is 2, this version reads 1: update this"),
    "a later field": (edited("kept", 0, "doubt", to=0.5), "`doubt`: update this program, or"),
    "no abstract": (
        edited("kept", 0, "abstract"),
        r"kept\[0\]: Object missing required field `abstract`",
    ),
    "a wrong type": (
        edited("below", 0, "relevance", to="three"),
        r"below\[0\]\.relevance: Expected `int`",
    ),
    "a score of 11": (
        edited("kept", 0, "novelty", to=11),
        r"kept\[0\]\.novelty: Expected `int` <=",
    ),
    "an unknown status": (edited("status", to="fine"), "status: Invalid enum value 'fine'"),
    "another day's date": (edited("date", to="2026-01-29"), "date: 2026-01-29 is not the file's"),
    "no time zone": (edited("generated_at", to="2026-01-30T06:07:08"), "generated_at: has no time"),
    "another prompt": (edited("prompt", "user", to="Sports"), "prompt_sha256: not that of"),
    "edited sums": (edited("counts", "kept", to=2), "counts.kept: says 2, the lists hold 1"),
    "edited items": (
        edited("sources", "cs.LG", "items", to=6),
        "sources.cs.LG.items: says 6, the lists hold 5",
    ),
    "a kept paper removed": (edited("kept", 0), "2601.00001: is announced in sources and has no"),
    "a paper invented": (
        edited("seen", to=["2601.00004", "2601.77777"]),
        "2601.77777: has an outcome and is announced in no source",
    ),
    "an entry without version": (
        edited("sources", "cs.LG", "entries", 0, to="2601.00001 new"),
        "sources.cs.LG.entries: '2601.00001 new' is no `IDvN type`",
    ),
    "an entry with an endless version": (
        edited("sources", "cs.LG", "entries", 0, to=f"2601.00001v{'9' * 5000} new"),
        "sources.cs.LG.entries: '2601.00001v99",
    ),
}


@pytest.mark.parametrize(("data", "says"), DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_file_is_named_with_what_is_wrong_in_it(data: bytes, says: str) -> None:
    with pytest.raises(ArchiveError, match=says) as caught:
        decode(data, NAME)
    message = str(caught.value)
    assert message.startswith(f"{NAME}: ")
    assert "restore the file from git" in message


def test_a_paper_of_two_sources_counts_once() -> None:
    both = {"cs.LG": make.source(A), "cs.AI": make.source(paper(A.id, announce_type=make.CROSS))}
    digest = replace(make.digest(kept=[Kept(A, score())]), sources=both)
    assert accounting_problem(digest) is None
    assert (digest.counts.announced, digest.counts.new, digest.counts.cross) == (1, 1, 0)


# --- what an earlier version wrote ------------------------------------------------------------


def older(digest: Digest, **changes: object) -> bytes:
    """The file as a version wrote it that knew neither `origin` nor what came with it."""
    record = json.loads(encode(digest))
    source = record["sources"]["cs.LG"]
    for name in {"origin", "capped", "why"} & source.keys():
        del source[name]
    source |= changes
    return json.dumps(record).encode()


def source_in(data: bytes) -> Source:
    return decode(data, NAME).sources["cs.LG"]


ONE_PAPER = make.digest(kept=[Kept(A, score())])
NO_PAPER = replace(make.digest(), sources={"cs.LG": make.source()})


def test_a_stale_category_without_an_address_was_unread() -> None:
    read = source_in(older(NO_PAPER, state="stale", url=""))
    assert (read.state, read.why) == (SourceState.UNREAD, "")
    stale = source_in(older(NO_PAPER, state="stale", url="feed.xml"))
    assert stale.state is SourceState.STALE


@pytest.mark.parametrize(
    ("changes", "origin"),
    [
        ({}, Origin.FEED),
        ({"url": "https://arxiv.org/catchup/cs.LG/2026-01-30"}, Origin.PAGE),
        ({"url": "https://export.arxiv.org/api/query", "approximate": True}, Origin.SEARCH),
    ],
)
def test_an_older_record_has_an_origin(changes: dict[str, object], origin: Origin) -> None:
    read = source_in(older(ONE_PAPER, **changes))
    assert (read.origin, read.fresh) == (origin, True)
    assert read.approximate is (origin is Origin.SEARCH)


def test_an_older_record_of_2000_papers_is_capped() -> None:
    papers = [paper(f"2601.{n:05}") for n in range(FEED_LIMIT)]
    at_the_cap, under_it = make.digest(below=papers), make.digest(below=papers[1:])
    assert source_in(older(at_the_cap)).capped
    assert not source_in(older(under_it)).capped


def test_an_unread_category_keeps_its_reason() -> None:
    digest = replace(ONE_PAPER, sources=ONE_PAPER.sources | {"cs.AI": make.unread("HTTP 500")})
    record = json.loads(encode(digest))["sources"]["cs.AI"]
    assert (record["state"], record["why"], record["items"]) == ("unread", "HTTP 500", 0)
    assert decode(encode(digest), NAME) == digest


def test_unreadable_items_count_as_items_and_not_as_papers() -> None:
    broken = Source("feed.xml", SourceState.FRESH, make.source(A).entries, ("item 2: no title",))
    digest = replace(make.digest(kept=[Kept(A, score())]), sources={"cs.LG": broken})
    record = json.loads(encode(digest))
    assert (record["sources"]["cs.LG"]["items"], record["counts"]["announced"]) == (2, 1)
