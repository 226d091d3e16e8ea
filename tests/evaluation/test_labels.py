from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.day import Kept
from digest.core.errors import ConfigError
from digest.core.scores import Score, ScoredBy
from digest.core.text import one_line
from digest.evaluation import labels
from digest.evaluation.labels import (
    Label,
    encode_results,
    from_archive,
    label_archived,
    load_labels,
    parse_labels,
    parse_results,
)
from tests import make
from tests.make import CUT, paper, score

A, B, C, D, E = (paper(f"2601.{number}") for number in range(1, 6))
GOOD = {"id": "2601.1", "title": "T", "abstract": "A", "relevant": True}


def line(**changes: object) -> str:
    return json.dumps(GOOD | changes)


def mistakes(parse: Callable[[str, str], object], *lines: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse("\n".join(lines), "labels.jsonl")
    return list(caught.value.mistakes)


# --- what a label says ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("relevant", "relevance", "novelty", "expected"),
    [
        (True, None, None, True),
        (None, 8, 7, True),  # at the cut
        (None, 8, 6, False),
        (None, 8, None, True),
        (True, 2, 2, True),  # `relevant` counts more than the scores
        (False, 10, 10, False),
    ],
)
def test_relevant_counts_before_the_scores(
    relevant: bool | None, relevance: int | None, novelty: int | None, expected: bool
) -> None:
    assert Label(A, relevant, relevance, novelty).is_relevant(CUT) is expected


# --- labels in a file -------------------------------------------------------------------------


def test_a_line_is_a_label_with_text_as_in_feeds() -> None:
    whole = line(
        title=" G\\\"odel's\n $x$\u202e ", abstract="a  b", authors=["Ada"], categories=["cs.LG"]
    )
    text = f"\ufeff{whole}\r\n\r\n  \n{line(id='2601.2', relevance=9, novelty=7, colour='red')}\r\n"
    first, second = parse_labels(text, "labels.jsonl")
    expected = replace(paper("2601.1", title="Gödel's $x$", authors=["Ada"]), abstract="a b")
    assert first == Label(expected, True)
    assert (second.paper.id, second.relevance, second.novelty) == ("2601.2", 9, 7)


SCORE = "give a whole number from 1 to 10"


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("{", "not a JSON object: Input data was truncated"),
        ("[1]", "not a JSON object: Expected `object`, got `array`"),
        (line(id=None), "no `id`: give text"),
        (line(abstract=" \n"), "`abstract` is empty: give text"),
        (line(id=" 2601.1"), "`id` has spaces around it or characters that do not show"),
        (line(relevant="yes"), "`relevant` is 'yes': give true or false"),
        (line(relevance=11), f"`relevance` is 11: {SCORE}"),
        (line(novelty=7.0), f"`novelty` is 7.0: {SCORE}"),
        (line(relevance=True), f"`relevance` is True: {SCORE}"),
        (line(authors="Ada"), "`authors` is 'Ada': give a list of texts"),
        (line(authors=["Ada", 1]), "`authors.1` is 1: give text"),
        (line(relevant=None, novelty=7), "neither `relevant` nor `relevance`: give one of them"),
    ],
)
def test_a_mistake_is_reported_with_its_line(text: str, mistake: str) -> None:
    [message] = mistakes(parse_labels, line(id="2601.9"), "", text)
    assert message.startswith(f"labels.jsonl, line 3: {mistake}")


def test_every_mistake_is_reported_at_once() -> None:
    messages = mistakes(parse_labels, line(title=3, relevance=99), line(id="2601.2"), "?",
                        line(id="2601.2"), line(id="2601.3", relevant=1))  # fmt: skip
    assert [mistake.split(":")[0] for mistake in messages] == [
        f"labels.jsonl, line {number}" for number in (1, 1, 3, 4, 5)
    ]
    assert messages[3] == "labels.jsonl, line 4: `id` '2601.2' is on line 2 already"


def test_at_most_fifty_mistakes_are_shown() -> None:
    messages = mistakes(parse_labels, line(), *["x"] * 1234)
    assert (len(messages), messages[-1]) == (51, "labels.jsonl: and 1,184 more mistakes")


@pytest.mark.parametrize("first", ["categories: [cs.LG]", "[" * 9999, "2601.20868"])
def test_a_file_of_another_kind_is_one_mistake(first: str) -> None:
    [of_labels] = mistakes(parse_labels, "", first, *["x"] * 9, line())
    [of_results] = mistakes(parse_results, first, *["x"] * 9)
    start = "labels.jsonl: no JSONL file of"
    assert of_labels.startswith(f"{start} labels, a line a paper like {{")
    assert "}: line 2 is not a JSON object: " in of_labels
    assert of_results.startswith(f"{start} results, a line a paper like {{")
    assert "}: line 1 is not a JSON object: " in of_results


def test_the_lines_shown_in_mistakes_are_valid() -> None:
    for parse in (parse_labels, parse_results):
        [message] = mistakes(parse, "x")
        assert parse(message[message.index("{") : message.rindex("}") + 1], "x")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)
keys = st.sampled_from(
    ["id", "title", "abstract", "authors", "relevant", "relevance", "novelty", "similarity"]
)
lines = st.dictionaries(keys, json_values | st.integers(1, 10)).map(json.dumps)


@make.examples(20)
@given(st.text() | st.lists(lines | st.text(max_size=9), max_size=4).map("\n".join))
@pytest.mark.parametrize("parse", [parse_labels, parse_results])
def test_any_text_is_read_or_a_config_error(parse: Callable[[str, str], object], text: str) -> None:
    with suppress(ConfigError):
        assert parse(text, "x")


# --- reading files ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("none.jsonl", None, "no such file: write one, a JSON object a line"),
        ("latin.jsonl", b"\xe9", "cannot be read: 'utf-8' codec can't decode byte 0xe9"),
        ("not.gz", b"{}", "cannot be read: Not a gzipped file (b'{}'): give UTF-8 text, or"),
        ("cut.gz", gzip.compress(b"{}", mtime=0)[:-9], "cannot be read: Compressed file ended"),
        ("big.gz", gzip.compress(b"{}" * 99, mtime=0), "more than 100 bytes: cut it into several"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    name: str, content: bytes | None, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(labels, "MAX_BYTES", 100)
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_labels(path)
    assert str(caught.value).startswith(f"{path}: {problem}")


# --- results ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ('{"id": "2601.1"}', "no `relevance`: give a whole number from 1 to 10"),
        ('{"id": "2601.1", "relevance": 8, "topic": 1}', "`topic` is 1: give text"),
        ('{"id": "2601.1", "relevance": 8, "similarity": "x"}', "`similarity` is 'x': give a numb"),
    ],
)
def test_a_wrong_result_is_reported_with_its_line(text: str, mistake: str) -> None:
    [message] = mistakes(parse_results, text)
    assert message.startswith(f"labels.jsonl, line 1: {mistake}")


lines_of_text = st.text(max_size=20).map(one_line)
one_line_scores = st.builds(
    lambda score, comment: replace(score, comment=comment), make.scores, lines_of_text
)


@make.examples(20)
@given(st.dictionaries(make.ids, one_line_scores, min_size=1))
def test_results_come_back_as_they_were_written(scores: dict[str, Score]) -> None:
    parsed = parse_results(encode_results(scores), "x")
    assert (parsed, list(parsed)) == (scores, list(scores))


# --- from the archive -------------------------------------------------------------------------

DAY_1, DAY_2 = date(2026, 1, 29), date(2026, 1, 30)


def test_papers_below_the_cut_get_their_abstracts_from_elsewhere() -> None:
    digest = make.digest(kept=[Kept(A, score(9, 8))], below=[B, C], filtered=[D], unscored=[E])
    _, scored = from_archive([digest])
    expected = (Label(A, None, 9, 8), Label(B, None, 3, 4))
    assert label_archived(scored, {B.id: B}) == (expected, (C.id,))
    assert from_archive([make.digest(filtered=[A], seen=[B], unscored=[C])]) == ([], {})


def test_the_newest_score_of_a_paper_counts() -> None:
    first = make.digest(kept=[Kept(A, score(9, 8)), Kept(B, score(9, 8))], day=DAY_1)
    second = make.digest(kept=[Kept(A, score(8, 7))], below=[B], day=DAY_2)
    days, scored = from_archive([second, first])
    assert days == [first, second]
    assert label_archived(scored, {}) == ((Label(A, None, 8, 7),), (B.id,))


def test_days_of_a_model_count_before_the_embedded_scorers() -> None:
    embedded = make.digest(kept=[Kept(A, score(9, None))], day=DAY_1, scorer=ScoredBy.EMBEDDED)
    by_model = make.digest(kept=[Kept(B, score(9, 8))], day=DAY_2)
    assert from_archive([embedded, by_model]) == ([by_model], {B.id: by_model.kept[0]})
    assert from_archive([embedded]) == ([embedded], {A.id: embedded.kept[0]})
