"""`topics.md`, as people write it."""

from __future__ import annotations

import contextlib
import json
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.errors import ConfigError
from digest.core.scores import Topic
from digest.scoring.topics import parse_topics
from digest.scoring.topics_text import as_dict, explicit
from tests import make

PLAIN = """\
# Topics

Prose for whoever edits this file.

## Exoplanets

- Relevant: transits, atmospheres of hot Jupiters,
  radial velocity
- Relevant: planet formation
- Not relevant: instrument commissioning

## Galaxies

- Relevant: quenching

## Keywords

exoplanet, James Webb Space Telescope (JWST),
supernova

## Avoid

- solar physics
- cosmic rays
"""


def test_a_file_in_the_suggested_form_is_read() -> None:
    topics = parse_topics(PLAIN)
    assert topics.topics == (
        Topic(
            "Exoplanets",
            "transits, atmospheres of hot Jupiters, radial velocity\nplanet formation",
            "instrument commissioning",
        ),
        Topic("Galaxies", "quenching", ""),
    )
    assert topics.keywords == ("exoplanet", "James Webb Space Telescope (JWST)", "supernova")
    assert topics.avoid == ("solar physics", "cosmic rays")
    assert topics.text == PLAIN


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda text: text.replace("\n", "\r\n"), id="CRLF"),
        pytest.param(lambda text: "\ufeff" + text, id="BOM"),
        pytest.param(lambda text: text.replace("# Topics\n", "", 1), id="no title"),
        pytest.param(lambda text: text.replace("## ", "### "), id="deeper headings"),
        pytest.param(lambda text: text.replace("# Topics", "# What I read"), id="other title"),
        pytest.param(lambda text: text.replace("# Topics", "Topics\n======"), id="underlined"),
        pytest.param(lambda text: text.replace("Not relevant:", "**Irrelevant**:"), id="bold"),
        pytest.param(lambda text: text.replace("- Not relevant", "* not interested in"), id="star"),
        pytest.param(lambda text: text.replace("## Avoid", "## Domains to avoid ##"), id="avoid"),
        pytest.param(lambda text: text.replace("## Avoid", "## Not relevant"), id="avoid too"),
        pytest.param(lambda text: text.replace("## Keywords", "## Key words"), id="key words"),
        pytest.param(lambda text: text.replace("## ", "<!-- ## no -->\n\n## "), id="comments"),
        pytest.param(lambda text: text.replace("\n## ", "\n\n---\n\n## "), id="rules"),
        pytest.param(lambda text: text.replace("- Relevant: ", "1. "), id="unlabelled list"),
        pytest.param(lambda text: text.replace("## Galaxies", "Galaxies\n---"), id="setext"),
    ],
)
def test_the_same_file_written_otherwise_reads_the_same(change: object) -> None:
    assert callable(change)
    was, now = parse_topics(PLAIN), parse_topics(change(PLAIN))
    assert (now.topics, now.keywords, now.avoid) == (was.topics, was.keywords, was.avoid)


def test_free_prose_under_a_heading_is_relevant() -> None:
    (topic,) = parse_topics("# Black holes\nMergers, and\nwhat they ring like.\n\nSpin.").topics
    assert topic == Topic("Black holes", "Mergers, and what they ring like.\nSpin.", "")


def test_subheadings_can_stand_for_labels() -> None:
    text = "## Ecology\n### Relevant\n- forests\n### Not relevant\n- zoos\n## Avoid\nbotany"
    topics = parse_topics(text)
    assert topics.topics == (Topic("Ecology", "forests", "zoos"),)
    assert topics.avoid == ("botany",)


@pytest.mark.parametrize(
    ("written", "keywords"),
    [
        ("one, two; three four.", ("one", "two", "three four")),
        ("- one\n- two,\n  three", ("one", "two", "three")),
        ("one\ntwo\nthree four", ("one", "two", "three four")),
        ("one, two\nfold, three", ("one", "two fold", "three")),
        ("one (uno, ein), two, one (uno, ein)", ("one (uno, ein)", "two")),
        ("", ()),
    ],
)
def test_keywords_can_be_listed_in_any_way(written: str, keywords: tuple[str, ...]) -> None:
    assert parse_topics(f"## Heat\na\n## Keywords\n{written}").keywords == keywords


@pytest.mark.parametrize(
    "name",
    [
        "Negative refraction",
        "Collision avoidance",
        "Avoided crossings",
        "Exclusion statistics",
        "Noise in quantum devices",
        "No-go theorems",
        "Non-equilibrium physics",
        "Read mapping",
        "Key exchange",
        "DES",
        "不确定性量化",
        "非线性光学",
        "对称性",
    ],
)
def test_a_topic_is_not_mistaken_for_a_special_heading(name: str) -> None:
    topics = parse_topics(f"## {name}\nanything")
    assert topics.names == (name,)
    assert topics.notes == ()


@pytest.mark.parametrize(
    ("heading", "avoid"),
    [
        ("Not interested", ()),
        ("What I do not want", ()),
        ("Things I’m not interested in", ()),
        ("Don’t care about:", ()),
        ("Domains to avoid", ()),
        ("Noise", ()),
        ("不感兴趣", ()),
        ("我不感兴趣的主题", ()),
        ("避免", ()),
        ("Was mich nicht interessiert", ()),
        ("Vermeiden", ()),
        ("À éviter", ()),
        ("Ce qui ne m’intéresse pas", ()),
        ("Avoid: cables, wires", ("cables", "wires")),
        ("Less relevant", ()),
        ("Negative", ()),
        ("Excluded keywords", ()),
        ("Topics I don’t follow", ()),
    ],
)
@pytest.mark.parametrize("level", ["#", "##"])
def test_a_heading_for_what_is_not_wanted_is_no_topic(
    heading: str, avoid: tuple[str, ...], level: str
) -> None:
    topics = parse_topics(f"{level} Heat\nstoves\n\n{level} {heading}\n- ovens\n- fires\n")
    assert topics.topics == (Topic("Heat", "stoves", ""),)
    assert topics.avoid == (*avoid, "ovens", "fires")
    assert topics.notes == ()


@pytest.mark.parametrize(
    ("heading", "avoid"),
    [("No cables please", "cables"), ("Avoid reinforcement learning", "reinforcement learning")],
)
def test_an_unknown_negation_is_unwanted_with_a_note(heading: str, avoid: str) -> None:
    topics = parse_topics(f"## Heat\nstoves\n## {heading}\n")
    assert topics.names == ("Heat",)
    assert topics.avoid == (avoid,)
    (note,) = topics.notes
    assert repr(heading) in note


ONE = "My interests"


@pytest.mark.parametrize(
    ("text", "topics"),
    [
        pytest.param(
            "I study heat. Stoves\nare not for me.", [(ONE, "I study heat.", "Stoves")], id="prose"
        ),
        pytest.param("heat, ice", [(ONE, "heat, ice", "")], id="keyword line"),
        pytest.param("heat\nnot interested in ice\nfog", [(ONE, "heat\nfog", "ice")], id="lines"),
        pytest.param("- heat\n- [ ] ice\n", [(ONE, "heat\nice", "")], id="bullets"),
        pytest.param("Interested in:\n- heat\n- ice", [(ONE, "heat\nice", "")], id="label"),
        pytest.param("- heat\n\nAvoid: ice", [(ONE, "heat", "ice")], id="bullets, label"),
        pytest.param("- heat\n- avoid: ice\n- fog", [(ONE, "heat\nfog", "ice")], id="mixed"),
        pytest.param("# Interests\nheat\n# Dislikes\n", [(ONE, "heat", "")], id="interests"),
        pytest.param("# About me\nI study heat.", [(ONE, "I study heat.", "")], id="about"),
        pytest.param("## Keywords\nheat, ice", [(ONE, "heat, ice", "")], id="keywords"),
        pytest.param("# 我的兴趣\n热、冰\n", [(ONE, "热、冰", "")], id="Chinese"),
        pytest.param("热。不关心冰，我喜欢雾。", [(ONE, "热。 我喜欢雾。", "冰")], id="prose, zh"),
        pytest.param("Relevant: heat\n\nPas pertinent : ice", [(ONE, "heat", "ice")], id="French"),
        pytest.param(
            "**Heat**\n- stoves\n\n**Ice**\n- floes",
            [("Heat", "stoves", ""), ("Ice", "floes", "")],
            id="bold",
        ),
        pytest.param(
            "**Heat**\n**Relevant**\n- a1\n**Not relevant:**\n- b1\n**Ice**\nc1",
            [("Heat", "a1", "b1"), ("Ice", "c1", "")],
            id="bold labels",
        ),
        pytest.param(
            "- **Heat**: stoves\n- **Ice** – floes",
            [("Heat", "stoves", ""), ("Ice", "floes", "")],
            id="bold items",
        ),
        pytest.param(
            "1. Heat\n   - Relevant: stoves\n   - Not relevant: fog\n2. Ice\n",
            [("Heat", "stoves", "fog"), ("Ice", "", "")],
            id="numbered",
        ),
        pytest.param(
            "1. Heat\nRelevant: stoves\nNot relevant: fog\n\n2. Ice\nRelevant: floes\n",
            [("Heat", "stoves", "fog"), ("Ice", "floes", "")],
            id="numbered, flat",
        ),
        pytest.param(
            "1、热\n   相关：炉子\n   不相关：雾\n2、冰",
            [("热", "炉子", "雾"), ("冰", "", "")],
            id="numbered, Chinese",
        ),
        pytest.param(
            "- Heat\n  - stoves\n- Ice\n",
            [("Heat", "stoves", ""), ("Ice", "", "")],
            id="nested list",
        ),
        pytest.param(
            "# Heat\nstoves\n## Ice\nfloes",
            [("Heat", "stoves", ""), ("Ice", "floes", "")],
            id="text above ##",
        ),
        pytest.param(
            "> ## Heat\n> stoves\n> - not relevant: fog", [("Heat", "stoves", "fog")], id="quote"
        ),
        pytest.param(
            "| Topic | Relevant | Not relevant |\n|---|---|---|\n| Heat | stoves | fog |\n",
            [("Heat", "stoves", "fog")],
            id="table",
        ),
        pytest.param(
            "| Interested | Not interested |\n|---|---|\n| heat | ice |\n",
            [(ONE, "heat", "ice")],
            id="table of labels",
        ),
        pytest.param("## Heat\n## Ice", [("Heat", "", ""), ("Ice", "", "")], id="headings only"),
        pytest.param(
            "## Heat\n- stoves\n  - tiles\n- Not relevant:\n  - fog\n- ovens",
            [("Heat", "stoves\ntiles\novens", "fog")],
            id="label above a deeper list",
        ),
        pytest.param(
            "## Heat\nNot relevant:\n- fog\n  - mist\n\nStoves.",
            [("Heat", "Stoves.", "fog\nmist")],
            id="paragraph below a labelled list",
        ),
        pytest.param(
            "Interests:\n- Heat\n  - stoves\nNot interested in:\n- Ice\n  - floes\n",
            [("Heat", "stoves", "")],
            id="unwanted list with sublists",
        ),
        pytest.param("Avoid: ice\nI love heat.", [(ONE, "I love heat.", "ice")], id="line"),
        pytest.param("Avoid: ice,\nfog\nHeat.", [(ONE, "Heat.", "ice, fog")], id="line goes on"),
        pytest.param("Avoid: ice\n  fog\nHeat.", [(ONE, "Heat.", "ice fog")], id="indented"),
        pytest.param(
            f"Avoid: {'ice ' * 16}\nof Mars\nHeat.",
            [(ONE, "Heat.", f"{'ice ' * 16}of Mars")],
            id="long line goes on",
        ),
        pytest.param("Avoid: -\nheat", [(ONE, "heat", "")], id="label above a mark"),
        pytest.param(
            "Please no: ice,\nMust have: heat", [(ONE, "Must have: heat", "ice,")], id="must have"
        ),
        pytest.param(
            "- heat\n\nAvoid:\nIce: all\nFog: most", [(ONE, "heat", "Ice: all\nFog: most")],
            id="names",
        ),
        pytest.param("My dislikes:\n- ice\nAlso: heat", [(ONE, "Also: heat", "ice")], id="also"),
        pytest.param("- No: ice\n- Must: heat", [(ONE, "Must: heat", "ice")], id="unknown item"),
        pytest.param("Avoid: ice. Interested: heat.", [(ONE, "heat.", "ice.")], id="two labels"),
        pytest.param("Topics:\n- heat\n- fog", [(ONE, "heat\nfog", "")], id="general label"),
        pytest.param("Themen:\n- heat\n- fog", [(ONE, "heat\nfog", "")], id="general label, de"),
        pytest.param(
            "Avoid:\n- ice\n\nTopics:\n- heat", [(ONE, "heat", "ice")], id="general label below"
        ),
        pytest.param(
            "| Interest | Keywords |\n|---|---|\n| Heat | a1 |\n| Ice | b1 |",
            [("Heat", "", ""), ("Ice", "", "")],
            id="table of interests",
        ),
        pytest.param(
            "| Area | Why | Skip |\n|---|---|---|\n| Heat | warm | fog |",
            [("Heat", "Why: warm", "fog")],
            id="table with any head",
        ),
    ],
)  # fmt: skip
def test_what_people_write_is_read(text: str, topics: list[tuple[str, str, str]]) -> None:
    assert parse_topics(text).topics == tuple(Topic(*topic) for topic in topics)


@pytest.mark.parametrize("level", [1, 2, 3, 4, 5, 6])
def test_not_relevant_can_be_a_heading_of_any_level(level: int) -> None:
    topics = parse_topics(f"## Heat\nstoves\n{'#' * level} Not relevant\nfog")
    assert topics.names == ("Heat",)
    assert (topics.topics[0].irrelevant, topics.avoid) == (
        ("fog", ()) if level > 2 else ("", ("fog",))
    )


def test_text_under_no_topic_is_about_all_of_them() -> None:
    text = "Theory first.\n\n# Interests\nNo simulations, except small ones.\n## Heat\n## Ice\n"
    topics = parse_topics(text)
    assert topics.names == ("Heat", "Ice")
    assert topics.general == Topic("", "Theory first.\nNo simulations.", "small ones")


def test_a_paragraph_below_a_list_of_topics_is_about_all() -> None:
    topics = parse_topics(" 1. Heat\n    - Relevant: stoves\n\n In short: warm.\n")
    assert topics.topics == (Topic("Heat", "stoves", ""),)
    assert topics.general == Topic("", "In short: warm.", "")


def test_a_long_item_is_text_of_which_the_beginning_is_the_name() -> None:
    text = f"{'new methods for heat ' * 8}in stoves"
    (topic,) = parse_topics(f"1. {text}\n   - Not relevant: fog\n").topics
    assert topic.name.startswith("new methods for heat new")
    assert len(topic.name) <= 80
    assert (topic.relevant, topic.irrelevant) == (text, "fog")


def test_what_is_about_the_reader_is_context() -> None:
    text = "# My digest\n## About me\nPhD, Zurich\n## Heat\nAuthor: A. Smith\n### Notes\nn1\n"
    topics = parse_topics(text)
    assert topics.topics == (Topic("Heat", "", ""),)
    assert topics.context == "My digest\nPhD, Zurich\nA. Smith\nn1"


def test_an_item_after_a_labelled_one_is_noted() -> None:
    topics = parse_topics("## Heat\n- Relevant: stoves\n- Not relevant: fog\n- mist\n")
    assert topics.topics == (Topic("Heat", "stoves", "fog\nmist"),)
    (note,) = topics.notes
    assert "'mist' is read as not wanted" in note


def test_an_item_that_begins_with_avoid_is_noted() -> None:
    topics = parse_topics("- Heat\n- Avoid overfitting\n")
    assert topics.topics == (Topic(ONE, "Heat", "overfitting"),)
    (note,) = topics.notes
    assert "'Avoid overfitting' is read as not wanted" in note


def test_an_unknown_label_ends_the_keywords() -> None:
    topics = parse_topics("Keywords: a1; b1\nNegative: c1; d1\nStop words: e1\n")
    assert topics.keywords == ("a1", "b1")
    assert topics.topics == (Topic(ONE, "Stop words: e1", "c1; d1"),)


def test_a_comment_without_an_end_is_noted() -> None:
    topics = parse_topics("## Heat\n<!-- later\n## Ice\n")
    assert topics.names == ("Heat",)
    assert "'-->'" in topics.notes[0]


def test_a_star_in_a_name_is_no_emphasis() -> None:
    (topic,) = parse_topics("## C*-algebras\n*all* of **them**, A* search, a_b, `code`").topics
    assert topic == Topic("C*-algebras", "all of them, A* search, a_b, code", "")


@pytest.mark.parametrize("text", ["", "\n \n", "<!-- a -->", "# Topics", "## Avoid\na", "---"])
def test_a_file_without_topic_is_refused_with_the_remedy(text: str) -> None:
    with pytest.raises(ConfigError, match=r"no topic: write what you want to read about"):
        parse_topics(text)


@pytest.mark.parametrize("text", ["## Avoid\n- ice\n- fog", "Avoid: ice; fog"])
def test_a_file_of_what_is_not_wanted_is_refused_as_such(text: str) -> None:
    with pytest.raises(ConfigError, match=r"all of it is read as not wanted: ice; fog"):
        parse_topics(text)


def test_all_mistakes_are_told_at_once() -> None:
    text = "## A\na\n## a\nagain\n## None\nnothing\n##\nnameless\n"
    with pytest.raises(ConfigError) as caught:
        parse_topics(text)
    assert caught.value.mistakes == (
        "2 headings 'A': rename or join them",
        "the heading 'None' is what a paper without topic gets: rename it",
        "a heading without a name: give the topic a name",
    )


# --- any text ---------------------------------------------------------------------------------


@make.examples(40)
@given(st.text(st.sampled_from("#-=* \nAa:,(){}<!>\r\t|_ é0Relvant")))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        topics = parse_topics(text)
    except ConfigError:
        return
    assert topics.topics
    assert all(topic.name for topic in topics.topics)
    assert len({name.casefold() for name in topics.names}) == len(topics.names)


WORDS = [f"{one}{two}heat" for one in "bcdfghjklm" for two in "aeiou"]
STARTS = [
    "", "", "- ", "  - ", "    * ", "1. ", "2) ", "# ", "## ", "### ", "> ", "- [ ] ", "**", "| ",
    "- Relevant: ", "- Not relevant: ", "Not interested in: ", "Keywords: ", "About me: ",
    "I don't care about ", "- not interested in ", "## Not interested in ", "## No ",
    "Relevant: ", "不感兴趣：", "## Avoid: ",
]  # fmt: skip
ALONE = [
    "", "", "", "# Topics", "## Keywords", "## Avoid", "### Not relevant", "Not relevant:",
    "- Relevant:", "## About me", "**Interests**", "---", "|---|---|", "<!-- zzz -->",
]  # fmt: skip
JOINS = [
    " ",
    " ",
    ", ",
    "; ",
    " and ",
    ", except ",
    " but not ",
    ". ",
    " | ",
    ": ",
    "、",
    " (",
    ") ",
]


@st.composite
def files(draw: st.DrawFn) -> str:
    """A file of lines as people write them, each word at most once."""
    words = draw(st.permutations(WORDS))
    lines = []
    for start in draw(st.lists(st.sampled_from([*STARTS, *ALONE]), max_size=16)):
        if start in ALONE and (start or draw(st.booleans())):
            lines.append(start)
            continue
        length = draw(st.integers(1, 3))
        text = "".join(words.pop() + draw(st.sampled_from(JOINS)) for _ in range(length - 1))
        lines.append(f"{start}{text}{words.pop()}{'**' if start == '**' else ''}")
    return "\n".join(lines)


@make.examples(300)
@given(files())
def test_no_word_is_dropped(text: str) -> None:
    text += "\n\n## Heat\n"  # without a topic the file is refused, and says so
    read = json.dumps(as_dict(parse_topics(text)), ensure_ascii=False)
    assert [word for word in re.findall(r"\w+heat", text) if word not in read] == []


@make.examples(300)
@given(files())
def test_the_explicit_form_says_the_same(text: str) -> None:
    try:
        topics = parse_topics(text)
    except ConfigError:
        return
    written = explicit(topics, text)
    assert as_dict(parse_topics(written)) == as_dict(topics)
    assert explicit(parse_topics(written), written) == written


@pytest.mark.parametrize(
    "piece",
    ["(", "[", "*", "**a", "#", "- ", "|", "<!--", "a:", " ", "\n", ",", ")", "except ", "not ",
     "I don't care about ", "but ", "don't interest me ", "，我", "- a\n", "1. a\n  - b\n", "> ",
     "no\u2028", "a. ", "_a ", "`", "  - Not relevant: a\n", "|a|\n|-|\n", "e.g. ", "我的"],
)  # fmt: skip
def test_a_hostile_text_is_read_in_no_time(piece: str) -> None:
    text = "heat " + piece * (10_000 // len(piece))
    started = time.process_time()
    with contextlib.suppress(ConfigError):
        explicit(parse_topics(text), text)
    assert time.process_time() - started < 0.5
