from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.arxiv.fetch import Fetched, Reading, Unread
from digest.core.day import Missed
from digest.core.errors import ArchiveError
from digest.core.papers import Origin
from digest.core.scores import Failure, Reason, Score, Scoring, Usage, Verdict
from digest.run.unfinished import Unfinished, forget_trouble, note_trouble, pending, troubles
from tests import make
from tests.make import DAY, score

ASKED = ("llm", "gpt-6-luna", "abc", "")
RECORD = datetime(2026, 1, 30, 6, 7, 8, tzinfo=UTC)
TOMORROW = DAY + timedelta(days=1)
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
    answers = unfinished(tmp_path)
    for answer in (ONE, TWO, THREE):
        answers.keep(answer)
    return answers


def test_every_answer_survives_with_its_cost(tmp_path: Path) -> None:
    answers = unfinished(tmp_path)
    assert answers.read() == Scoring({})
    assert not list(tmp_path.iterdir())
    failed: dict[str, Verdict] = {"2601.00002": Failure(Reason.TIMEOUT)}  # to be asked again
    answers.keep(replace(ONE, verdicts={**ONE.verdicts, **failed}))
    answers.keep(TWO)
    answers.keep(THREE)
    assert answers.read() == ONE + TWO + THREE
    assert answers.path.name == "2026-01-30.jsonl"
    assert len(answers.path.read_text(encoding="utf-8").split("\n")) == 4


def test_the_later_score_counts_and_both_are_paid(tmp_path: Path) -> None:
    answers = unfinished(tmp_path)
    answers.keep(ONE)
    answers.keep(Scoring({"2601.00001": score(2, 2)}, SPENT, 0.25))
    assert answers.read() == Scoring({"2601.00001": score(2, 2)}, SPENT + SPENT, 0.5)
    answers.keep(replace(TWO, usage=Usage(requests=1), cost_usd=None))
    assert (answers.read().cost_usd, answers.read().usage) == (None, Usage(requests=3))


@pytest.mark.parametrize("part", range(len(ASKED)))
def test_answers_to_another_question_only_cost(kept: Unfinished, part: int) -> None:
    other = [word if n != part else "other" for n, word in enumerate(ASKED)]
    assert replace(kept, asked="\n".join(other)).read() == Scoring({}, SPENT + SPENT + SPENT, 0.875)


def test_what_a_record_holds_is_not_counted_twice(kept: Unfinished) -> None:
    later = replace(kept, after=RECORD)
    assert later.read() == Scoring({})
    later.keep(TWO)
    assert later.read() == TWO
    assert replace(later, after=RECORD + timedelta(seconds=1)).read() == Scoring({})
    assert kept.read() == ONE + TWO + THREE


def test_only_the_days_own_file_is_forgotten(kept: Unfinished) -> None:
    other = Unfinished.of(kept.path.parent, TOMORROW, None, ASKED)
    assert other.read() == Scoring({})
    other.keep(ONE)
    for _ in range(2):
        kept.forget()
        assert (kept.read(), other.read()) == (Scoring({}), ONE)


# --- what was read of a day -------------------------------------------------------------------


def test_what_was_read_of_a_day_survives(tmp_path: Path) -> None:
    readings: list[Reading] = [
        Fetched("feed.xml", make.feed(make.paper(), make.paper("2601.2", unreadable="no title"))),
        Fetched("page", make.feed(make.paper()), Origin.PAGE),
        Fetched("search", make.feed(category="cs.CL"), Origin.SEARCH),
        Unread("cs.AI", "HTTP 500: try again later", expected=True),
    ]
    unfinished(tmp_path).keep_readings(readings)
    assert pending(tmp_path / ".digest", TOMORROW) == {DAY: readings}
    assert pending(tmp_path / ".digest", DAY) == {}


def test_why_days_have_no_digest_is_kept_until_they_have(tmp_path: Path) -> None:
    days = [date(2026, 1, n) for n in (26, 27, 28, 29)]
    for day in days:
        note_trouble(tmp_path, day, f"{day}:\nthe key was rejected")
    forget_trouble(tmp_path, days[2])
    expected = Missed(days[1], "2026-01-27: the key was rejected")
    assert troubles(tmp_path, days[0], days[3]) == (expected,)


@pytest.mark.parametrize(
    "text", ["{", '[{"url": 1}]', "[" * 5000, "\N{SNOWMAN}", '[{"url": "a"}]', '[{"past": true}]']
)
def test_a_damaged_file_is_left_out_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    path = tmp_path / "2026-01-29.feeds.json"
    path.write_text(text)
    (tmp_path / "2026-01-29.trouble.txt").write_bytes(b"\xff")
    assert pending(tmp_path, DAY) == {}
    assert troubles(tmp_path, DAY - timedelta(days=9), DAY) == ()
    why = "is damaged, or of another version, and left out: it may be removed"
    assert caplog.messages == [f"{path}: {why}", f"{tmp_path / '2026-01-29.trouble.txt'}: {why}"]


# --- damage -----------------------------------------------------------------------------------


@make.examples(30)
@given(st.data())
def test_a_kill_at_any_byte_loses_one_answer_at_most(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    answers = unfinished(tmp_path_factory.mktemp("folder"))
    ends = [0]
    for answer in (ONE, TWO, THREE):
        answers.keep(answer)
        ends.append(answers.path.stat().st_size)
    length = data.draw(st.integers(0, ends[-1]))
    os.truncate(answers.path, length)
    whole = sum(end - 1 <= length for end in ends[1:])  # without its line end it can be read
    expected = sum([ONE, TWO, THREE][:whole], Scoring({}))
    assert answers.read() == expected
    answers.keep(TWO)
    assert answers.read() == expected + TWO


def line(**changes: object) -> bytes:
    usage = {"prompt_tokens": 100, "completion_tokens": 20, "requests": 1}
    score = {"relevance": 9, "novelty": 8, "topic": "Heat", "comment": ""}
    fields = {"after": None, "asked": "\n".join(ASKED), "scores": {"2601.00007": score}}
    return json.dumps({**fields, "usage": usage, "cost_usd": 0.25, **changes}).encode()


GARBAGE = [
    b"",
    b"\0" * 300,
    b"\xff\xfe\x80",
    b"[]",
    b"[" * 100_000,
    b'{"after":' * 20_000,
    line(schema=2),
    line(scores={"2601.00007": {"relevance": 9.5, "novelty": 8}}),
    line() * 2,
]


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
def test_only_the_unreadable_line_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, garbage: bytes
) -> None:
    answers = unfinished(tmp_path)
    answers.keep(ONE)
    with answers.path.open("ab") as file:
        file.write(garbage + b"\r\n")
    answers.keep(TWO)
    assert answers.read() == ONE + TWO
    assert caplog.messages == [f"{answers.path}, line 2: not readable, left out"]


@pytest.mark.parametrize(("relevance", "novelty"), [(0, 8), (11, 8), (9, 0), (9, 11)])
def test_a_score_outside_of_the_scale_is_not_reused(
    tmp_path: Path, relevance: int, novelty: int
) -> None:
    answers = unfinished(tmp_path)
    answers.path.parent.mkdir()
    wrong, right = {"relevance": relevance, "novelty": novelty}, {"relevance": 1, "novelty": 10}
    answers.path.write_bytes(line(scores={"2601.00007": wrong, "2601.00008": right}))
    assert answers.read().verdicts == {"2601.00008": Score(1, 10)}


# --- a folder that cannot be used -------------------------------------------------------------


def test_a_file_in_place_of_the_folder(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / ".digest").write_text("mine")
    answers = unfinished(tmp_path)
    assert answers.read() == Scoring({})
    with pytest.raises(ArchiveError, match=r"2026-01-30\.jsonl: cannot be written: (?!None)"):
        answers.keep(ONE)
    answers.forget()
    assert ["cannot be" in m for m in caplog.messages] == [True] * 3
    assert (tmp_path / ".digest").read_text() == "mine"
