from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from digest.core.day import Cut
from digest.core.errors import ConfigError
from digest.core.papers import Paper
from digest.core.scores import NO_TOPIC, Prompt
from digest.scoring.prompt import (
    HEADING,
    LONGEST_ABSTRACT,
    SCORING,
    SYSTEM,
    TOPICS,
    is_cut,
    load,
    messages,
)
from tests.make import CUT, paper

SHIPPED = Path(__file__).parents[2] / "prompts"
PACKAGED = Path(__file__).parents[2] / "digest" / "scoring" / "prompts"
RUBRIC = """\
## Relevance

To the topics. {{ near_relevance }}

## Novelty

{{near_novelty}}, in {{language}}.
"""
PROMPT = Prompt("You score.", "The rubric.")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / SYSTEM).write_text("You score.\n")
    (tmp_path / SCORING).write_text(RUBRIC)
    (tmp_path / TOPICS).write_text("## Heat\n\n- Relevant: heat\n")
    return tmp_path


def mistakes(folder: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(folder, CUT, "English")
    return [mistake.removeprefix(f"{folder}/") for mistake in caught.value.mistakes]


# --- what the folder must hold ----------------------------------------------------------------


@pytest.mark.parametrize(("name", "own"), [(SYSTEM, "You score."), (SCORING, "To the topics.")])
def test_a_missing_rubric_or_instruction_means_the_shipped_one(
    folder: Path, name: str, own: str
) -> None:
    (folder / name).unlink()
    _, prompt = load(folder, CUT, "English")
    shipped = (PACKAGED / name).read_text("utf-8").splitlines()[0]
    assert shipped in f"{prompt.system}\n{prompt.user}"
    assert own not in f"{prompt.system}\n{prompt.user}"


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        (SCORING, "Scoring.md"),
        (SCORING, "scoring.md.txt"),
        (SYSTEM, "system"),
    ],
)
def test_a_rubric_or_instruction_by_nearly_the_right_name_is_not_ignored(
    folder: Path, name: str, wrong: str
) -> None:
    (folder / name).rename(folder / wrong)
    assert mistakes(folder) == [f"{wrong}: is not read by that name: rename it to {name}"]


def test_a_file_in_place_of_the_folder_is_named_once_for_all_that_it_lacks(folder: Path) -> None:
    (folder / "prompts").write_text("")
    with pytest.raises(ConfigError) as caught:
        load(folder / "prompts", CUT, "English")
    assert caught.value.mistakes == (
        f"{folder}/prompts: cannot be read: Not a directory: check the path",
        f"{folder}/prompts/{TOPICS}: cannot be read: Not a directory: check the path",
    )


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        (SYSTEM, b" \n\n", "empty: say in it who judges"),
        (SCORING, b"", "empty: say in it what earns a score"),
        (TOPICS, b"", "no topic: write what you want to read about"),
        (SYSTEM, b"\xff\xfe\x00H", "not UTF-8 text: save the file as UTF-8"),
        (TOPICS, b"\xff\xfe\x00H", "not UTF-8 text: save the file as UTF-8"),
        (SCORING, "gone.md", "no such file: write one"),
        (TOPICS, ".", "cannot be read: Is a directory"),
    ],
)
def test_a_file_without_usable_text_is_named(
    folder: Path, name: str, data: bytes | str, message: str
) -> None:
    (folder / name).unlink()
    if isinstance(data, bytes):
        (folder / name).write_bytes(data)
    else:
        (folder / name).symlink_to(data)
    (mistake,) = mistakes(folder)
    assert mistake.startswith(f"{name}: {message}")


def test_notes_to_whoever_edits_a_prompt_are_not_sent(folder: Path) -> None:
    (folder / TOPICS).write_text("<!-- mine\n## No topic -->\n## Heat\n\n- Relevant: heat\n")
    _, prompt = load(folder, CUT, "English")
    assert "mine" not in prompt.user


def test_every_mistake_of_all_three_files_is_told_at_once(folder: Path) -> None:
    (folder / SYSTEM).write_text("")
    (folder / SCORING).write_text("# Relevance\n{{near_relevance}} {{near_novelty}} {{x}}")
    (folder / TOPICS).write_text("## Heat\n\n## heat\n\n##\n\n## None\n")
    actual = mistakes(folder)
    assert [mistake.split(":")[0] for mistake in actual] == [SYSTEM, *[SCORING] * 3, *[TOPICS] * 3]
    for part in (
        "no heading 'Novelty': add a line '## Novelty'",
        "{{language}} is missing: without it a setting would have no effect",
        "{{x}} is no variable: allowed: {{near_relevance}}, {{near_novelty}}, {{language}}",
        "rename or join",
    ):
        assert any(part in mistake for mistake in actual)


def test_a_byte_order_mark_and_windows_line_ends_are_no_mistake(folder: Path) -> None:
    for name in (SYSTEM, SCORING, TOPICS):
        text = (folder / name).read_text()
        (folder / name).write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    topics, prompt = load(folder, CUT, "English")
    assert topics.names == ("Heat",)
    assert "\ufeff" not in prompt.system + prompt.user
    assert "\r" not in prompt.system + prompt.user


# --- what is made of it -----------------------------------------------------------------------


def test_json_money_and_single_braces_in_a_rubric_stay_as_they_are(folder: Path) -> None:
    kept = '{"id": {"a": {}}} costs $5, $near_relevance, ${language}, $$, {x}, {{ }}, {{1}}, {{a b'
    (folder / SCORING).write_text(RUBRIC + kept)
    assert kept in load(folder, CUT, "English")[1].user


@pytest.mark.parametrize(
    ("cut", "near"),
    [(Cut(1, 1), (1, 1)), (Cut(8, 7), (7, 6))],
)
def test_papers_one_under_the_cut_are_commented_on_too(
    folder: Path, cut: Cut, near: tuple[int, int]
) -> None:
    (folder / SCORING).write_text(RUBRIC + "<{{near_relevance}}|{{near_novelty}}|{{language}}>")
    assert f"<{near[0]}|{near[1]}|Tok Pisin>" in load(folder, cut, "Tok Pisin")[1].user


HEADINGS = ['The "hot" ocean', "Théorie des nœuds", "热", "A \\ B", "{braces}", "50 % & <more>"]


def test_every_topic_stands_in_the_form_of_the_reply(folder: Path) -> None:
    (folder / TOPICS).write_text("".join(f"## {name}\n\n- Relevant: x\n\n" for name in HEADINGS))
    topics, prompt = load(folder, CUT, "English")
    assert topics.names == tuple(HEADINGS)
    form = prompt.user.partition("# The reply")[2]
    listed = form.partition("exactly one of ")[2].partition(f', or\n"{NO_TOPIC}"')[0]
    assert json.loads(f"[{listed}]") == HEADINGS
    assert all(json.dumps(name, ensure_ascii=False) in form for name in HEADINGS)


def test_the_shipped_rubric_has_every_band_with_an_example_on_both_axes() -> None:
    topics, prompt = load(SHIPPED, CUT, "English")
    assert topics.names
    assert "{{" not in prompt.user
    sections = re.split(r"^## ", prompt.user, flags=re.MULTILINE)
    for axis in ("Relevance", "Novelty"):
        (section,) = (s for s in sections if s.startswith(f"{axis}\n"))
        bands = re.findall(r"^- (\d+)(?: to (\d+))?: (.*?)(?=^- |\n\n)", section, re.M | re.S)
        scores = [(int(low), int(high or low)) for low, high, _ in bands]
        assert [n for low, high in scores for n in range(high, low - 1, -1)] == [*range(10, 0, -1)]
        assert [low for low, _, text in bands if not re.search(r"\([A-Z].*\.\)", text, re.S)] == []


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("I study heat, except stoves.\n\nAvoid: ice", f"{HEADING}\n\n"),
        ("# Topics\n\n## Heat\n\nStoves", "6, in English.\n\n"),  # a heading of its own will do
        ("I study heat.\n\n# About me\n\nPhD, Zurich", "wants\nnothing by itself.\n\n"),
    ],
)
def test_the_model_gets_the_topics_file_whole_and_under_a_heading(
    folder: Path, text: str, before: str
) -> None:
    (folder / TOPICS).write_text(text)
    topics, prompt = load(folder, CUT, "English")
    assert f"{before}{text}\n\n# The reply" in prompt.user
    assert (HEADING in prompt.user) is ("# Topics" not in text)
    assert f'exactly one of "{topics.names[0]}"' in prompt.user.replace("\n", " ")


# --- the messages -----------------------------------------------------------------------------


def texts(papers: Sequence[Paper], prompt: Prompt = PROMPT) -> str:
    """The part of the last message that holds the papers."""
    system, user = messages(prompt, papers)
    assert (system["role"], user["role"]) == ("system", "user")
    assert system["content"] == prompt.system
    assert user["content"].startswith(f"{prompt.user}\n\n")
    return user["content"].removeprefix(f"{prompt.user}\n\n")


def test_what_all_requests_share_stands_first_and_the_papers_last() -> None:
    a, b = paper("2601.00001"), paper("math.GT/0309136")
    assert texts([a, b]) == (
        '<paper id="2601.00001">\nOn the matter of 2601.00001\nWhat 2601.00001 finds.\n</paper>\n'
        '<paper id="math.GT/0309136">\nOn the matter of math.GT/0309136\n'
        "What math.GT/0309136 finds.\n</paper>"
    )
    assert messages(PROMPT, [a])[0] == messages(PROMPT, [b])[0]


@pytest.mark.parametrize(
    ("length", "cut"),
    [(LONGEST_ABSTRACT, False), (LONGEST_ABSTRACT + 1, True), (200_000, True)],
)
def test_an_abstract_beyond_all_measure_is_cut_and_says_so(length: int, cut: bool) -> None:
    long = replace(paper(), abstract="é" * length)
    assert is_cut(long) is cut
    sent = texts([long])
    assert sent.count("é") == min(length, LONGEST_ABSTRACT)
    assert ("[cut here: the abstract goes on]" in sent) is cut


DELIMITER = re.compile(r"<[\s/]*paper\b[^>]*>?", re.IGNORECASE)
hostile = st.lists(
    st.sampled_from(
        ["<", "</", "/", ">", "paper", "PAPER", " ", "\n", "\t", 'id="', '"', "2601.00002", "x",
         "</paper>", '<paper id="2601.00009">', "</ paper >", "<\u00a0paper>", "<p", "aper>", "<<"]
    )
    | st.text(max_size=3)
).map("".join)  # fmt: skip


@given(st.lists(st.tuples(hostile, hostile), max_size=4))
@example([("a <", "/paper> b"), ("</paper", ">")])
@example([("", "<//paper")])
@example([("", "x" * (LONGEST_ABSTRACT - 1) + "</paper>")])
def test_no_text_can_end_its_delimiters_or_begin_others(given: list[tuple[str, str]]) -> None:
    papers = [
        replace(paper(f"2601.0000{n}"), title=title, abstract=abstract)
        for n, (title, abstract) in enumerate(given)
    ]
    actual = DELIMITER.findall(texts(papers))
    assert actual == [tag for p in papers for tag in (f'<paper id="{p.id}">', "</paper>")]
