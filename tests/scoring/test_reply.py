from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.scores import NO_TOPIC, Score
from digest.core.text import one_line
from digest.scoring.reply import Reply, read
from tests import make

A, B, C, D, OLD = "2601.00001", "2601.00002", "2601.00003", "2601.10000", "math.GT/0309136"
ASKED = (A, B, C, D, OLD)
TOPICS = ("Compression", "Large-scale training", "C++", "3D vision")


def entry(paper_id: object = A, relevance: object = 8, novelty: object = 6, **more: Any) -> Any:
    return {"id": paper_id, "relevance": relevance, "novelty": novelty, **more}


def reading(*entries: Any) -> Reply:
    return read(json.dumps({"papers": entries}), ASKED, TOPICS)


def scores(text: str) -> dict[str, tuple[int, int | None]]:
    found = read(text, ASKED, TOPICS).scores
    return {paper_id: (score.relevance, score.novelty) for paper_id, score in found.items()}


# --- shapes -----------------------------------------------------------------------------------

ONE = json.dumps(entry(A, 8, 6))
TWO = json.dumps(entry(B, 3, 4))
BOTH = {A: (8, 6), B: (3, 4)}
WANTED = f'{{"papers": [{ONE}, {TWO}]}}'


def test_the_wanted_reply_is_read_whole() -> None:
    reply = reading(entry(topic="Compression", comment="Prunes."), entry(B, 3, 4))
    assert reply == Reply({A: Score(8, 6, "Compression", "Prunes."), B: Score(3, 4)}, ())


@pytest.mark.parametrize(
    "text",
    [
        f"```json\n{WANTED}\n```",
        f"Here are the scores:\n\n```\n{WANTED}\n```\nLet me know if {{you}} need more!",
        f'The set {{x : "x" > 0}} and {{"a" or "b"}}: {WANTED}',
        f"{ONE}\n{TWO}\n",
        f"\ufeff[\n[{ONE}],\r\n[{TWO}]]",
        f'{{"id": "chatcmpl-1", "data": {{"papers": [{ONE}, {TWO}]}}}}',
        f'{{"{A}": {{"relevance": 8, "novelty": 6}}, "{B}": {{"relevance": 3, "novelty": 4}}}}',
        f'{{"papers": {{"arXiv:{A}v1": {ONE.replace("id", "url")}, "{B}": {TWO}}}}}',
        f'{{"papers": [{ONE[:-1]},}}, {TWO[:-1]} ,\n}},\n]\n,}}',
        f'{{"papers": [{ONE[:-1]}, "tags": ["a",]}}, {TWO},]}}',
        WANTED.replace('"id"', '"arxivId"').replace('"relevance"', '"relevance_score"'),
        WANTED.replace('"id"', '" paper-ID "'),
    ],
)
def test_every_shape_of_a_reply_is_read(text: str) -> None:
    assert scores(text) == BOTH


DRAFT = json.dumps(entry(A, 2, 2))


@pytest.mark.parametrize(
    "text",
    [
        f"<think>Perhaps {DRAFT}?</think>\n{WANTED}",
        f"Perhaps {DRAFT}? Yes.\n</think>\n\n{WANTED}",
        f"<think>{DRAFT}</think>{WANTED}<think>or {DRAFT}</think>",
        f"<think>a tag <think> and {DRAFT}</think>{WANTED}",
        f'<think>first {{"papers": [{{"id": "{A}", </think>{WANTED}',
        f"<think>{WANTED}",
        f"{WANTED} I did not need </think> for that.",
        f"<thought>draft {DRAFT}</thought>{WANTED}",
        f"<analysis id=1>{DRAFT}</analysis >{WANTED}",
        f"<|think|>{DRAFT}<|/think|>{WANTED}",
        f"◁think▷{DRAFT}◁/think▷{WANTED}",
        f"[THINK]{DRAFT}[/THINK]{WANTED}",
        f"<seed:think>{DRAFT}</seed:think>{WANTED}",
        f"<|START_THINKING|>{DRAFT}<|END_THINKING|>{WANTED}",
        f"<|begin_of_thought|>{DRAFT}<|end_of_thought|>{WANTED}",
        f"<|channel|>analysis<|message|>{DRAFT}<|end|><|channel|>final<|message|>{WANTED}",
        f"<|channel|>commentary<|message|>{DRAFT}<|channel|>final json<|message|>{WANTED}",
        f"<|channel|>commentary<|message|>{WANTED}",
        f"<|channel>thought {DRAFT}<channel|>{WANTED}",
        f"analysis{DRAFT}assistantfinal{WANTED}",
    ],
)
def test_what_was_thought_is_not_what_was_said(text: str) -> None:
    assert scores(text) == BOTH


def test_a_tag_in_a_comment_ends_no_reasoning() -> None:
    comment = "Puts <think> and </think> around its steps."
    reply = reading(entry(A, comment=comment), entry(B, comment="No </think>."))
    assert reply.scores == {A: Score(8, 6, comment=comment), B: Score(8, 6, comment="No </think>.")}


@pytest.mark.parametrize(
    ("cut", "complete"),
    [
        (WANTED[:-1], BOTH),
        (WANTED[:-3], {A: (8, 6)}),
        (WANTED[: len(ONE) + 13], {A: (8, 6)}),
        (f'{{"papers": [{ONE}, {{"id": "{B}", "comment": "a \\', {A: (8, 6)}),
        (f'{{"id": "{B}", "relevance": 1, "novelty": 1, "rest": [{ONE}', {A: (8, 6)}),
    ],
)
def test_entries_before_a_cut_count(cut: str, complete: dict[str, tuple[int, int]]) -> None:
    assert scores(cut) == complete


@pytest.mark.parametrize(
    "broken",
    [
        f'{{"id": "{B}", "relevance": 3, "novelty": 4, "comment": "a "good" one"}}',
        f'{{"id": "{B}", "relevance": 3 "novelty": 4}}',
        f'{{"id": "{B}", "relevance": , "novelty": 4}}',
        f'{{"{B}": {{"novelty": {{"score": 7}}, "relevance": {{"score": 7}}}}}}',
        f'{{"id": "{B}", "scores": {{"novelty": 7, "relevance": 7}}}}',
        '{"RELEVANCE": 8, "NOVELTY": 6}',
    ],
)
def test_a_broken_entry_costs_only_itself(broken: str) -> None:
    assert scores(f'{{"papers": [{ONE}, {broken}, {json.dumps(entry(C, 1, 2))}]}}') == {
        A: (8, 6),
        C: (1, 2),
    }


# --- ids --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "paper_id"),
    [
        (A, A),
        (f"ARXIV: {A}v3", A),
        (f"https://arxiv.org/abs/{A}", A),
        (f"http://www.arxiv.org/pdf/{A}v2.pdf", A),
        (OLD, OLD),
        ("arXiv:math.gt/0309136v1", OLD),
    ],
)
def test_an_id_is_recognised_however_it_is_written(written: str, paper_id: str) -> None:
    assert list(reading(entry(written)).scores) == [paper_id]


# fmt: off
STRANGE_IDS = [
    "2601.0000", "2601.000010", f"{A} {B}", f"v1{A}", "math/0309136", "",
    None, 2601.1, [A], {"id": A}, "x" * 10_000, "\ud800",
]
# fmt: on


@pytest.mark.parametrize("paper_id", STRANGE_IDS)
def test_an_id_that_was_not_asked_for_is_a_problem(paper_id: object) -> None:
    reply = reading(entry(paper_id), entry(B, 3, 4))
    assert set(reply.scores) == {B}
    assert len(reply.problems) >= 1


@pytest.mark.parametrize("other", [entry(A, 7, 6), entry(A, 8, 5), entry(f"arXiv:{A}v1", 1, 1)])
def test_two_scores_of_one_paper_are_none(other: Any) -> None:
    reply = reading(entry(A, 8, 6), other, entry(B, 3, 4), entry(A, 8, 6))
    assert set(reply.scores) == {B}
    assert reply.problems[0] == f"{A}: scored twice, and differently"


@pytest.mark.parametrize(
    "text",
    [
        f'"id": "{A}", "relevance": 8, "Relevance": 3, "novelty": 6',
        f'"{A}": {{"relevance": 8, "novelty": 6}}, "{A}": {{"relevance": 3, "novelty": 6}}',
    ],
)
def test_two_scores_under_one_key_are_none(text: str) -> None:
    assert scores(f"{{{text}}}") == {}


# --- scores -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("8", 8),
        ("10", 10),
        ("8.5", 8),
        ('"8/10"', 8),
        ('"7.5/10"', 7),
    ],
)
def test_a_score_is_read(written: str, number: int) -> None:
    text = f'{{"id": 2601.10000, "relevance": {written}, "novelty": {written}}}'
    assert scores(text) == {D: (number, number)}


# fmt: off
NO_SCORES = [
    "0", "11", "-3", "0.9", "10.5", "10.0001", "80", "1e1", "1e999", "NaN", "Infinity", "-Infinity",
    "true", "false", '"true"', '"false"', "null", '""', '"high"', '"8 of 10"', '"8/5"', '"80%"',
    '"8-9"', '"8, 9"', '"８"', "[8]", '{"score": 8}', "9" * 5000, f'"{"9" * 5000}"', '"8""8"',
]
# fmt: on


@pytest.mark.parametrize("written", NO_SCORES)
def test_a_score_is_never_guessed(written: str) -> None:
    for pair in (f'"relevance": {written}, "novelty": 4', f'"relevance": 4, "novelty": {written}'):
        reply = read(f'{{"papers": [{{"id": "{A}", {pair}}}, {TWO}]}}', ASKED, TOPICS)
        assert reply.scores == {B: Score(3, 4)}
        assert reply.problems


# --- topics -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "topic"),
    [
        ("Compression", "Compression"),
        ("## 2) **Compression**", "Compression"),
        ("large-scale  training", "Large-scale training"),
        ("c++", "C++"),
        ("none", NO_TOPIC),
        ("", NO_TOPIC),
        ("Compression and more", NO_TOPIC),
        (None, NO_TOPIC),
        ("#*" * 5000, NO_TOPIC),
    ],
)
def test_a_topic_is_a_heading_or_none(written: object, topic: str) -> None:
    reply = reading(entry(topic=written))
    assert reply == Reply({A: Score(8, 6, topic)}, ())


# --- comments ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "comment"),
    [
        ("a\n\n b\t\u2028c", "a b c"),
        ("\u202ea\u200b\x07b", "ab"),
        ("half \ud83d of a pair \U0001f600", "half of a pair 😀"),
        ("x" * 601, "x" * 599 + "…"),
        (None, ""),
    ],
)
def test_a_comment_is_a_readable_line(written: object, comment: str) -> None:
    assert reading(entry(comment=written)).scores[A].comment == comment


# --- escapes ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inside", "comment"),
    [
        (r"\upcite{ref6} \u \upsilon \underline{x}", r"\upcite{ref6} \u \upsilon \underline{x}"),
        (r"\(x\) \[y\] \{z\} \_ \% \& 5\,s", r"\(x\) \[y\] \{z\} \_ \% \& 5\,s"),
        (r"\beta \bar{x} \mathbb{R} \b", r"\beta \bar{x} \mathbb{R} \b"),
        (r"$\nabla f$ \nu \neq \ne \not\in", r"$\nabla f$ \nu \neq \ne \not\in"),
        (r"\theta \tau_i \times10 \tilde{x}", r"\theta \tau_i \times10 \tilde{x}"),
        (r"\\beta \\nabla \\sigma \\u", r"\beta \nabla \sigma \u"),
        (r"\\\beta", r"\\beta"),
        (r"\n\nabla", r"\nabla"),
        (r"One.\nThe second.\r\n\tTabbed. \nu.", r"One. The second. Tabbed. \nu."),
        (r"One:\ni.e. two,\ne.g. three\n", "One: i.e. two, e.g. three"),
        (r"a \"word\" \/ \u00e9 \ud83d\ude00", 'a "word" / é 😀'),
        (r"it\'s \'best\' and Poincar\'e\\", r"it's 'best' and Poincar\'e" + "\\"),
        (r"the set \{\"a\": 1\}", r'the set \{"a": 1\}'),
    ],
)
def test_tex_in_a_comment_is_repaired(inside: str, comment: str) -> None:
    text = f'{{"papers": [{{"id": "{A}", "comment": "{inside}", "relevance": 8, "novelty": 6}}]}}'
    assert read(text, ASKED, TOPICS) == Reply({A: Score(8, 6, comment=comment)}, ())


# --- problems ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "an empty reply"),
        ("I cannot help with that.", "no scores found"),
        ('{"papers": [{"id": ', "not JSON: Expecting value: “”"),
        ('{"a" b\n\x1b\u202ec}', "not JSON: Expecting ':' delimiter: “b c}”"),
        ('{"a":' * 100_000, "not JSON: nested too deeply"),
    ],
)
def test_a_reply_without_scores_says_why(text: str, problem: str) -> None:
    reply = read(text, ASKED, TOPICS)
    assert not reply.scores
    assert reply.problems[0] == problem


def test_a_long_reply_with_a_slip_in_every_entry_is_read_whole() -> None:
    ids = [f"2601.{n:05}" for n in range(100)]
    text = json.dumps([entry(i, comment="c" * 200) for i in ids], indent=2).replace("}", ",}")
    assert len(read("thinking about {x} " * 10_000 + text, ids, TOPICS).scores) == 100


def test_there_are_only_so_many_problems() -> None:
    problems = reading(*[entry(f"2602.{n:05}") for n in range(500)]).problems
    assert len(problems) == 20


# --- any text ---------------------------------------------------------------------------------

anything = st.text() | st.text(st.characters(codec=None))  # halves of surrogate pairs too
readable = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=80)
number = st.integers(1, 10)
replies = st.dictionaries(
    st.sampled_from(ASKED),
    st.builds(Score, number, number, st.sampled_from([*TOPICS, NO_TOPIC]), readable),
    min_size=1,
)


def listed(given_scores: dict[str, Score]) -> list[dict[str, Any]]:
    return [
        entry(i, s.relevance, s.novelty, topic=s.topic, comment=s.comment)
        for i, s in given_scores.items()
    ]


def whole(given_scores: dict[str, Score]) -> str:
    return json.dumps({"papers": listed(given_scores)}, ensure_ascii=False)


WRAPPERS: list[Callable[[dict[str, Score]], str]] = [
    whole,
    lambda s: "\n".join(json.dumps(e, ensure_ascii=False) for e in listed(s)),
    lambda s: json.dumps({e.pop("id"): e for e in listed(s)}),
    lambda s: json.dumps({"papers": listed(s)}, indent=2),
    lambda s: f"<think>{{}}</think>Here they are:\n```json\n{whole(s)}\n```\nThat is all.",
    lambda s: json.dumps({"papers": listed(s)}).replace("}", ",}").replace("]}", ",]}"),
]


def assert_sound(reply: Reply) -> None:
    for paper_id, score in reply.scores.items():
        assert paper_id in ASKED
        assert type(score.relevance) is type(score.novelty) is int
        assert 1 <= score.relevance <= 10
        assert 1 <= (score.novelty or 0) <= 10
        assert score.topic in (*TOPICS, NO_TOPIC)
        assert score.comment == one_line(score.comment, 600)
        score.comment.encode()
    assert len(reply.problems) <= 20
    assert all(problem == one_line(problem, 200) for problem in reply.problems)


@given(
    anything
    | st.text('{}[]",:\\ubnrtf/81.<>think\n ', max_size=80)
    | st.lists(st.sampled_from([ONE, TWO, *re.findall(r"\w+|\W", ONE), "</think>"])).map("".join)
)
def test_any_text_can_be_read(text: str) -> None:
    assert_sound(read(text, ASKED, TOPICS))


@given(st.sampled_from(WRAPPERS[:-1]), replies)
def test_any_comment_survives_every_wrapper(
    wrap: Callable[[dict[str, Score]], str], given_scores: dict[str, Score]
) -> None:
    expected = {
        i: Score(s.relevance, s.novelty, s.topic, one_line(s.comment))
        for i, s in given_scores.items()
    }
    assert read(wrap(given_scores), ASKED, TOPICS) == Reply(expected, ())


@make.examples(50)
@given(replies, st.sampled_from(WRAPPERS), st.integers(0, 5000))
def test_a_cut_reply_holds_no_wrong_score(
    given_scores: dict[str, Score], wrap: Callable[[dict[str, Score]], str], at: int
) -> None:
    text = wrap(given_scores)
    right = {i: (s.relevance, s.novelty) for i, s in given_scores.items()}
    assert scores(text[: at % (len(text) + 1)]).items() <= right.items()


# --- hostile input ----------------------------------------------------------------------------

# fmt: off
PIECES = [
    "{", '{"a":', '[{"a":', '{"relevance":1}', f"{ONE},", '{"a":1,}', '{"a":[,', '{\n"', '"',
    '"a":' + " " * 90, "{ ", "\\", "\\nu ", "\ud800", "<think>", DRAFT + "</think>", "9",
]
# fmt: on


@pytest.mark.parametrize("start", ['{"x":[' * 20, f'{{"id": "{A}", "a": "'])
def test_a_flood_of_anything_is_read_to_an_end(start: str) -> None:
    for piece in PIECES:
        text = start + (piece * 3_000)[:3_000]
        assert read(text, ASKED, TOPICS).scores.keys() <= set(ASKED)


def test_a_hopeless_reply_is_given_up() -> None:
    text = '{"x":[' * 300 + "1," * 80_000
    assert any("too broken" in problem for problem in read(text, ASKED, TOPICS).problems)
