from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.arxiv.fetch import Fetched, Reading, Unread
from digest.core.errors import ArchiveError
from digest.core.papers import Origin
from digest.core.scores import Failure, Reason, Score, Scoring, Usage, Verdict
from digest.run.unfinished import Unfinished, left, troubles
from tests import make
from tests.make import DAY, score

ASKED = ("llm", "gpt-6-luna", "abc", "")
RECORD = datetime(2026, 1, 30, 6, 7, 8, tzinfo=UTC)
SPENT = Usage(100, 50, 20, 10, requests=1, prompt_usd=0.125, estimated_prompt_tokens=90,
              estimated_completion_tokens=25)  # fmt: skip
ONE, TWO, THREE = (
    Scoring({"2601.00001": Score(9, 8, "Heat", "Eddies – “warm” ones.\u2028")}, SPENT, 0.25),
    Scoring({"math.GT/0309136": score(3, 4), "2601.00002": score(1, 10)}, SPENT, 0.5),
    Scoring({}, SPENT, 0.125),  # an answer without a score costs, too
)


def unfinished(
    folder: Path, *, asked: Sequence[str] = ASKED, after: datetime | None = None
) -> Unfinished:
    return Unfinished.of(folder / ".digest", DAY, after, asked)


@pytest.fixture
def kept(tmp_path: Path) -> Unfinished:
    """With three answers in it."""
    made = unfinished(tmp_path)
    for answer in (ONE, TWO, THREE):
        made.keep(answer)
    return made


def test_nothing_kept_is_nothing_spent(tmp_path: Path) -> None:
    assert unfinished(tmp_path).read() == Scoring({})
    assert not list(tmp_path.iterdir())


def test_every_answer_kept_survives_with_what_it_cost(kept: Unfinished) -> None:
    assert kept.read() == ONE + TWO + THREE
    assert kept.path.name == "2026-01-30.jsonl"
    assert len(kept.path.read_text(encoding="utf-8").split("\n")) == 4


def test_failures_are_not_kept_for_they_are_to_be_asked_again(tmp_path: Path) -> None:
    failed: dict[str, Verdict] = {"2601.00002": Failure(Reason.TIMEOUT)}
    made = unfinished(tmp_path)
    made.keep(replace(ONE, verdicts={**ONE.verdicts, **failed}))
    assert made.read() == ONE


# --- what a day is about ----------------------------------------------------------------------


def test_what_was_read_of_a_day_and_what_was_not_survives(tmp_path: Path) -> None:
    readings: list[Reading] = [
        Fetched("feed.xml", make.feed(make.paper(), make.paper("2601.2", unreadable="no title"))),
        Fetched("page", make.feed(make.paper()), Origin.PAGE),
        Fetched("search", make.feed(category="cs.CL"), Origin.SEARCH),
        Unread("cs.AI", "HTTP 500: try again later", expected=True),
    ]
    unfinished(tmp_path).keep_readings(readings)
    assert left(tmp_path / ".digest", DAY + timedelta(days=1)) == {DAY: readings}


def test_what_an_earlier_version_kept_of_a_day_is_read(tmp_path: Path) -> None:
    folder = tmp_path / ".digest"
    folder.mkdir()
    feed = {"date": "2026-01-30", "papers": [], "unreadable": []}
    kept = [
        {"url": "a", "feed": feed | {"category": "cs.LG"}, "past": False, "approximate": False},
        {"url": "b", "feed": feed | {"category": "cs.AI"}, "past": True, "approximate": False},
        {"url": "c", "feed": feed | {"category": "cs.CL"}, "past": True, "approximate": True},
        {"url": "", "feed": feed | {"category": "cs.CV"}, "past": False, "approximate": False},
    ]
    (folder / f"{DAY}.feeds.json").write_text(json.dumps(kept))
    *fetched, unread = left(folder, DAY + timedelta(days=1))[DAY]
    assert [r.origin for r in fetched if isinstance(r, Fetched)] == [
        Origin.FEED,
        Origin.PAGE,
        Origin.SEARCH,
    ]
    assert unread == Unread("cs.CV", "")


def test_what_is_neither_a_feed_nor_a_reason_is_left_out(tmp_path: Path) -> None:
    folder = tmp_path / ".digest"
    folder.mkdir()
    (folder / f"{DAY}.feeds.json").write_text('[{"url": "a"}]')
    assert left(folder, DAY + timedelta(days=1)) == {}


def test_the_later_score_of_a_paper_counts_and_both_are_paid(tmp_path: Path) -> None:
    made = unfinished(tmp_path)
    made.keep(ONE)
    made.keep(Scoring({"2601.00001": score(2, 2)}, SPENT, 0.25))
    assert made.read() == Scoring({"2601.00001": score(2, 2)}, SPENT + SPENT, 0.5)


def test_an_unknown_price_stays_unknown(tmp_path: Path) -> None:
    made = unfinished(tmp_path)
    made.keep(ONE)
    made.keep(replace(TWO, usage=Usage(requests=1), cost_usd=None))
    found = made.read()
    assert (found.cost_usd, found.usage) == (None, Usage(requests=2))


@pytest.mark.parametrize("part", range(len(ASKED)))
def test_answers_to_another_question_are_not_reused_but_were_paid(
    kept: Unfinished, part: int
) -> None:
    other = [word if n != part else "other" for n, word in enumerate(ASKED)]
    assert replace(kept, asked="\n".join(other)).read() == Scoring({}, SPENT + SPENT + SPENT, 0.875)


def test_what_a_record_of_the_archive_holds_is_not_counted_twice(kept: Unfinished) -> None:
    later = replace(kept, after=RECORD)
    assert later.read() == Scoring({})
    later.keep(TWO)
    assert later.read() == TWO
    assert replace(later, after=RECORD + timedelta(seconds=1)).read() == Scoring({})
    assert kept.read() == ONE + TWO + THREE


def test_other_days_have_files_of_their_own(kept: Unfinished) -> None:
    other = Unfinished.of(kept.path.parent, DAY + timedelta(days=1), None, ASKED)
    assert other.read() == Scoring({})
    other.keep(ONE)
    kept.forget()
    assert (kept.read(), other.read()) == (Scoring({}), ONE)


def test_what_is_forgotten_is_gone_and_can_be_forgotten_again(kept: Unfinished) -> None:
    kept.forget()
    assert not kept.path.exists()
    kept.forget()
    kept.keep(ONE)
    assert kept.read() == ONE


# --- damage -----------------------------------------------------------------------------------


@given(st.data())
def test_a_kill_at_any_byte_loses_the_torn_answer_at_most(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    made = unfinished(tmp_path_factory.mktemp("folder"))
    answers = [ONE, TWO, THREE]
    ends = [0]
    for answer in answers:
        made.keep(answer)
        ends.append(made.path.stat().st_size)
    length = data.draw(st.integers(0, ends[-1]))
    os.truncate(made.path, length)
    whole = sum(end - 1 <= length for end in ends[1:])  # the line's end may be what is lost
    expected = sum(answers[:whole], Scoring({}))
    assert made.read() == expected
    made.keep(TWO)
    assert made.read() == expected + TWO


def line(**changes: object) -> dict[str, object]:
    usage = {"prompt_tokens": 100, "completion_tokens": 20, "requests": 1}
    score = {"relevance": 9, "novelty": 8, "topic": "Heat", "comment": ""}
    said = {"after": None, "asked": "\n".join(ASKED), "scores": {"2601.00007": score}}
    return {**said, "usage": usage, "cost_usd": 0.25, **changes}


GARBAGE = [
    b"",
    b"\0" * 300,
    b"\xff\xfe\x80",
    b"<<<<<<< HEAD",
    b"null",
    b"[]",
    b"{}",
    b"[" * 100_000,
    b'{"after":' * 20_000,
    json.dumps(line(asked=7)).encode(),
    json.dumps(line(schema=2)).encode(),
    json.dumps(line(usage=None)).encode(),
    json.dumps(line(scores=[])).encode(),
    json.dumps(line(after="yesterday")).encode(),
    json.dumps(line(scores={"2601.00007": {"relevance": "9", "novelty": 8}})).encode(),
    json.dumps(line(scores={"2601.00007": {"relevance": 9.5, "novelty": 8}})).encode(),
    json.dumps(line(usage={"requests": "many"})).encode(),
    json.dumps(line())[:-1].encode(),
    (json.dumps(line()) * 2).encode(),
]


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
def test_a_line_that_cannot_be_read_is_left_out_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, garbage: bytes
) -> None:
    made = unfinished(tmp_path)
    made.keep(ONE)
    with made.path.open("ab") as file:
        file.write(garbage + b"\r\n")
    made.keep(TWO)
    assert made.read() == ONE + TWO
    assert [f"{made.path}, line 2: not readable, left out" in m for m in caplog.messages] == [True]


@pytest.mark.parametrize(
    ("relevance", "novelty"), [(0, 8), (11, 8), (-3, 8), (9, 0), (9, 11), (9, -1), (10**30, 5)]
)
def test_a_score_outside_of_the_scale_is_not_reused(
    tmp_path: Path, relevance: int, novelty: int
) -> None:
    made = unfinished(tmp_path)
    made.keep(ONE)
    wrong = {"relevance": relevance, "novelty": novelty, "topic": "Heat", "comment": ""}
    right = {"relevance": 1, "novelty": 10}
    with made.path.open("a") as file:
        scores = {"2601.00007": wrong, "2601.00008": right}
        file.write(json.dumps(line(scores=scores)) + "\n")
    found = made.read().verdicts
    assert "2601.00007" not in found
    assert found["2601.00001"] == ONE.verdicts["2601.00001"]
    if relevance < 10**9:  # else nobody can read the line
        assert found["2601.00008"] == Score(1, 10)


def test_a_date_without_time_zone_is_nobodys(tmp_path: Path) -> None:
    made = unfinished(tmp_path, after=RECORD)
    made.path.parent.mkdir()
    made.path.write_text(json.dumps(line(after="2026-01-30T06:07:08")) + "\n")
    assert made.read() == Scoring({})


@pytest.mark.parametrize("text", ["{", '[{"url": 1}]', "[" * 5000, "\N{SNOWMAN}"])
def test_damaged_papers_of_a_day_are_left_out_and_told_in_plain_words(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    path = tmp_path / "2026-01-29.feeds.json"
    path.write_text(text)
    (tmp_path / "2026-01-29.trouble.txt").write_bytes(b"\xff")
    assert left(tmp_path, DAY) == {}
    assert troubles(tmp_path, DAY - timedelta(days=9), DAY) == ()
    told = "is damaged, or of another version, and left out: it may be removed"
    assert caplog.messages == [f"{path}: {told}", f"{tmp_path / '2026-01-29.trouble.txt'}: {told}"]


# --- a folder that cannot be used -------------------------------------------------------------


def test_a_file_in_place_of_the_folder(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / ".digest").write_text("mine")
    made = unfinished(tmp_path)
    assert made.read() == Scoring({})
    with pytest.raises(ArchiveError, match=r"2026-01-30\.jsonl: cannot be written: (?!None)"):
        made.keep(ONE)
    made.forget()
    assert ["cannot be" in m for m in caplog.messages] == [True] * 3
    assert (tmp_path / ".digest").read_text() == "mine"


def test_a_folder_in_place_of_the_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    made = unfinished(tmp_path)
    made.path.mkdir(parents=True)
    assert made.read() == Scoring({})
    with pytest.raises(ArchiveError, match="Is a directory"):
        made.keep(ONE)
    made.forget()
    assert "cannot be read, what it holds is paid for again: Is a directory" in caplog.text
    assert "cannot be removed" in caplog.text


def test_a_disk_that_takes_no_more_is_said_in_a_line() -> None:
    made = Unfinished.of(Path("/sys"), DAY, None, ASKED)
    with pytest.raises(ArchiveError, match=r"^/sys/2026-01-30\.jsonl: cannot be written: "):
        made.keep(ONE)
