from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.errors import ConfigError
from digest.core.models import Below, Digest, Kept
from digest.core.scores import NO_TOPIC, Score, ScoredBy
from digest.core.text import one_line
from digest.evaluation import labels
from digest.evaluation.labels import (
    Label,
    encode_results,
    from_archive,
    load_labels,
    load_results,
    parse_labels,
    parse_results,
    with_abstracts,
)
from tests import make
from tests.make import CUT, paper, score

A, B, C = paper("2601.1"), paper("2601.2"), paper("2601.3")
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
        pytest.param(True, None, None, True, id="said so"),
        pytest.param(False, None, None, False, id="said not"),
        pytest.param(None, 8, 7, True, id="both scores at the cut"),
        pytest.param(None, 8, 6, False, id="novelty below"),
        pytest.param(None, 7, 10, False, id="relevance below"),
        pytest.param(None, 8, None, True, id="relevance alone, at the cut"),
        pytest.param(True, 2, 2, True, id="said so, against its scores"),
        pytest.param(False, 10, 10, False, id="said not, against its scores"),
    ],
)
def test_the_plain_judgement_counts_before_the_scores(
    relevant: bool | None, relevance: int | None, novelty: int | None, expected: bool
) -> None:
    assert Label(A, relevant, relevance, novelty).is_relevant(CUT) is expected


# --- labels in a file -------------------------------------------------------------------------


def test_a_line_is_a_label() -> None:
    text = line(authors=["Ada"], categories=["cs.LG"], relevance=9, novelty=7, colour="red")
    [label] = parse_labels(text, "labels.jsonl")
    assert label == Label(
        replace(paper("2601.1", title="T", authors=["Ada"]), abstract="A"), True, 9, 7
    )


def test_null_is_as_good_as_no_key() -> None:
    [label] = parse_labels(line(relevance=None, novelty=None, authors=None), "labels.jsonl")
    assert (label.relevance, label.novelty, label.paper.authors) == (None, None, ())


def test_blank_lines_a_byte_order_mark_and_windows_line_ends_do_no_harm() -> None:
    text = f"\ufeff{line()}\r\n\r\n  \n{line(id='2601.2')}\r\n"
    assert [label.paper.id for label in parse_labels(text, "x")] == ["2601.1", "2601.2"]


def test_titles_and_abstracts_read_as_the_feeds_do() -> None:
    [label] = parse_labels(line(title=" G\\\"odel's\n $x$\u202e ", abstract="a  b"), "x")
    assert (label.paper.title, label.paper.abstract) == ("Gödel's $x$", "a b")


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        pytest.param("{", "not JSON: Input data was truncated", id="not JSON"),
        pytest.param("[" * 9999, "not JSON: ", id="nested without end"),
        pytest.param("[1]", "not a JSON object", id="not an object"),
        pytest.param(line(id=None), "no `id`: give text", id="no id"),
        pytest.param(line(title=None), "no `title`: give text", id="no title"),
        pytest.param(line(abstract=None), "no `abstract`: give text", id="no abstract"),
        pytest.param(line(abstract=" \n"), "`abstract` is empty: give text", id="empty"),
        pytest.param(line(id=7), "`id` is 7: give text", id="a number for text"),
        pytest.param(
            line(id=" 2601.1"),
            "`id` has spaces around it or characters that do not show",
            id="an id that would match nothing",
        ),
        pytest.param(line(relevant="yes"), "`relevant` is 'yes': give true or false", id="yes"),
        pytest.param(
            line(relevance=11), "`relevance` is 11: give a whole number from 1 to 10", id="11"
        ),
        pytest.param(line(novelty=0), "`novelty` is 0: give a whole number from 1 to 10", id="0"),
        pytest.param(
            line(novelty=7.0), "`novelty` is 7.0: give a whole number from 1 to 10", id="7.0"
        ),
        pytest.param(
            line(relevance=True),
            "`relevance` is True: give a whole number from 1 to 10",
            id="true for a score",
        ),
        pytest.param(
            line(authors="Ada"), "`authors` is 'Ada': give a list of texts", id="not a list"
        ),
        pytest.param(
            line(relevant=None, novelty=7),
            "neither `relevant` nor `relevance`: give one of them",
            id="not judged",
        ),
    ],
)
def test_a_mistake_is_told_with_its_line(text: str, mistake: str) -> None:
    [told] = mistakes(parse_labels, line(id="2601.9"), "", text)
    assert told.startswith(f"labels.jsonl, line 3: {mistake}")


def test_every_mistake_is_told_at_once() -> None:
    told = mistakes(parse_labels, line(title=3, relevance=99), "?", line(id="2601.2", relevant=1))
    assert [mistake.split(":")[0] for mistake in told] == [
        "labels.jsonl, line 1",
        "labels.jsonl, line 1",
        "labels.jsonl, line 2",
        "labels.jsonl, line 3",
    ]


def test_a_second_label_for_a_paper_names_the_first() -> None:
    assert mistakes(parse_labels, line(), line(id="2601.2"), line()) == [
        "labels.jsonl, line 3: `id` '2601.1' is on line 1 already"
    ]


def test_a_file_full_of_mistakes_does_not_flood_the_terminal() -> None:
    told = mistakes(parse_labels, line(), *["x"] * 1234)
    assert (len(told), told[-1]) == (51, "labels.jsonl: and 1,184 more mistakes")


@pytest.mark.parametrize(
    ("first", "problem"),
    [
        pytest.param("categories: [cs.LG]", "not JSON: JSON is malformed: ", id="YAML"),
        pytest.param("id,title,abstract", "not JSON: JSON is malformed: ", id="CSV"),
        pytest.param("{", "not JSON: Input data was truncated", id="JSON over many lines"),
        pytest.param("[1]", "not a JSON object", id="a list"),
        pytest.param("2601.20868", "not a JSON object", id="ids"),
    ],
)
def test_a_file_of_another_kind_is_one_mistake_that_shows_what_a_line_looks_like(
    first: str, problem: str
) -> None:
    [of_labels] = mistakes(parse_labels, "", first, *["x"] * 9, line())
    [of_results] = mistakes(parse_results, first, *["x"] * 9)
    start = "labels.jsonl: no JSONL file of"
    assert of_labels.startswith(f"{start} labels, a line a paper like {{")
    assert f"}}: line 2 is {problem}" in of_labels
    assert of_results.startswith(f"{start} results, a line a paper like {{")
    assert f"}}: line 1 is {problem}" in of_results


def test_the_lines_that_mistakes_show_are_read() -> None:
    for parse in (parse_labels, parse_results):
        [told] = mistakes(parse, "x")
        assert parse(told[told.index("{") : told.rindex("}") + 1], "x")


def test_a_file_without_a_line_is_a_mistake() -> None:
    assert mistakes(parse_labels, "", " ") == [
        "labels.jsonl: no line in it: a JSON object a line, each with an `id`"
    ]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)
keys = st.sampled_from(
    ["id", "title", "abstract", "authors", "relevant", "relevance", "novelty", "similarity"]
)
lines = st.dictionaries(keys, json_values | st.integers(1, 10)).map(json.dumps)


@given(st.text() | st.lists(lines | st.text(max_size=9), max_size=4).map("\n".join))
@pytest.mark.parametrize("parse", [parse_labels, parse_results])
def test_any_text_is_read_or_told_what_is_wrong_with_it(
    parse: Callable[[str, str], object], text: str
) -> None:
    with suppress(ConfigError):
        assert parse(text, "x")


# --- reading files ----------------------------------------------------------------------------


def test_a_compressed_file_is_read_as_the_plain_one_is(tmp_path: Path) -> None:
    plain, packed = tmp_path / "labels.jsonl", tmp_path / "labels.jsonl.gz"
    plain.write_text(line(), "utf-8")
    packed.write_bytes(gzip.compress(line().encode()))
    assert load_labels(packed) == load_labels(plain) == parse_labels(line(), "x")


CUT_SHORT = "Compressed file ended before the end-of-stream marker was reached"


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("none.jsonl", None, "no such file: write one, a JSON object a line"),
        ("latin.jsonl", b"\xe9", "not UTF-8 text: save the file as UTF-8"),
        ("not.gz", b"{}", "not a whole gzip file: Not a gzipped file (b'{}'): compress it again"),
        (
            "cut.gz",
            gzip.compress(b"{}", mtime=0)[:-9],
            f"not a whole gzip file: {CUT_SHORT}: compress it again",
        ),
        (
            "big.gz",
            gzip.compress(b"{}" * 99, mtime=0),
            "more than 100 bytes: cut it into several files",
        ),
    ],
)
@pytest.mark.parametrize("load", [load_labels, load_results])
def test_a_file_that_cannot_be_read_is_told_by_its_path(
    load: Callable[[Path], object],
    name: str,
    content: bytes | None,
    problem: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(labels, "MAX_BYTES", 100)
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert str(caught.value) == f"{path}: {problem}"


def test_a_folder_is_not_a_file_of_labels(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot be read: Is a directory: check the path"):
        load_labels(tmp_path)


def test_the_sample_has_papers_on_both_sides_of_the_cut() -> None:
    text = (files("digest.cli") / "sample" / "labels.jsonl").read_text("utf-8")
    sample = parse_labels(text, "labels.jsonl")
    relevant = sum(label.is_relevant(CUT) for label in sample)
    assert (len(sample), relevant) == (24, 11)


def test_a_real_day_of_labels_is_read_whole(real_data: Path) -> None:
    day = load_labels(real_data / "seed_day" / "2026-01-30.jsonl.gz")
    assert (len(day), sum(label.is_relevant(CUT) for label in day)) == (451, 68)


# --- results ----------------------------------------------------------------------------------


def test_a_result_has_a_line_of_its_own() -> None:
    assert encode_results({"2601.1": Score(8, None, "Architecture", "Why", 0.25)}) == (
        '{"id":"2601.1","relevance":8,"novelty":null,"topic":"Architecture","comment":"Why",'
        '"similarity":0.25}\n'
    )


def test_a_result_needs_no_more_than_an_id_and_a_relevance() -> None:
    assert parse_results('{"id": "2601.1", "relevance": 8}', "x") == {
        "2601.1": Score(8, None, NO_TOPIC, "", None)
    }


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ('{"id": "2601.1"}', "no `relevance`: give a whole number from 1 to 10"),
        ('{"relevance": 8}', "no `id`: give text"),
        ('{"id": "2601.1", "relevance": 8, "topic": 1}', "`topic` is 1: give text"),
        ('{"id": "2601.1", "relevance": 8, "similarity": "x"}', "`similarity` is 'x': give a numb"),
    ],
)
def test_a_wrong_result_is_told_with_its_line(text: str, mistake: str) -> None:
    [told] = mistakes(parse_results, text)
    assert told.startswith(f"labels.jsonl, line 1: {mistake}")


lines_of_text = st.text(max_size=20).map(one_line)
one_line_scores = st.builds(
    lambda score, comment: replace(score, comment=comment), make.scores, lines_of_text
)


@given(st.dictionaries(make.ids, one_line_scores, min_size=1))
def test_results_come_back_as_they_were_written(scores: dict[str, Score]) -> None:
    found = parse_results(encode_results(scores), "x")
    assert (found, list(found)) == (scores, list(scores))


# --- from the archive -------------------------------------------------------------------------

DAY_1, DAY_2 = date(2026, 1, 29), date(2026, 1, 30)


def test_kept_papers_are_labels_and_those_below_lack_their_abstract() -> None:
    day = make.digest(kept=[Kept(A, score(9, 8))], below=[B])
    archived = from_archive([day])
    assert archived.labels == (Label(A, None, 9, 8),)
    assert archived.lean == (Below(B.id, B.title, score(3, 4)),)


def test_what_was_not_scored_is_no_label() -> None:
    archived = from_archive([make.digest(filtered=[A], seen=[B], unscored=[C])])
    assert (archived.labels, archived.lean, archived.scorer, archived.days) == ((), (), None, 0)


def test_an_author_match_is_judged_by_its_score() -> None:
    [label] = from_archive([make.digest(kept=[Kept(A, score(2, 2), "Ada")])]).labels
    assert not label.is_relevant(CUT)


def test_the_newest_word_on_a_paper_counts() -> None:
    first = make.digest(kept=[Kept(A, score(9, 8)), Kept(B, score(9, 8))], day=DAY_1)
    second = make.digest(kept=[Kept(A, score(8, 7))], below=[B], day=DAY_2)
    archived = from_archive([second, first])
    assert archived.labels == (Label(A, None, 8, 7),)
    assert [below.id for below in archived.lean] == [B.id]
    assert archived.days == 2


def test_days_of_the_embedded_scorer_do_not_count_beside_a_models() -> None:
    guessed = make.digest(kept=[Kept(A, score(9, None))], day=DAY_1, scorer=ScoredBy.EMBEDDED)
    judged = make.digest(kept=[Kept(B, score(9, 8))], day=DAY_2)
    archived = from_archive([guessed, judged])
    assert ([x.paper.id for x in archived.labels], archived.scorer, archived.days) == (
        [B.id],
        "llm",
        1,
    )


def test_days_of_the_embedded_scorer_count_where_there_are_no_others() -> None:
    guessed = make.digest(kept=[Kept(A, score(9, None))], scorer=ScoredBy.EMBEDDED)
    assert from_archive([guessed]).labels == (Label(A, None, 9, None),)
    assert from_archive([guessed]).scorer == "offline"


def test_abstracts_that_were_fetched_make_labels_and_the_rest_is_named() -> None:
    lean = [Below(p.id, p.title, score(3, 4)) for p in (A, B)]
    assert with_abstracts(lean, {A.id: A}) == ([Label(A, None, 3, 4)], [B.id])


@given(st.lists(make.digests(), max_size=3))
def test_a_paper_is_judged_once_however_many_days_have_it(digests: list[Digest]) -> None:
    archived = from_archive(digests)
    ids = [label.paper.id for label in archived.labels] + [below.id for below in archived.lean]
    assert len(ids) == len(set(ids))
