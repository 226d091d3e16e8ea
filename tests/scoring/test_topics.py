"""`topics.md`, as people write it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.errors import ConfigError
from digest.core.scores import Topic
from digest.scoring.topics import parse_topics
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
    assert parse_topics(f"## A\na\n## Keywords\n{written}").keywords == keywords


@pytest.mark.parametrize("name", ["Negative refraction", "Collision avoidance", "Key exchange"])
def test_a_topic_is_not_mistaken_for_a_special_heading(name: str) -> None:
    assert parse_topics(f"## {name}\nanything").names == (name,)


@pytest.mark.parametrize("text", ["", "\n \n", "prose, no heading", "# Topics", "## Keywords\na"])
def test_a_file_without_topic_is_refused_with_the_remedy(text: str) -> None:
    with pytest.raises(ConfigError, match=r"no topic: add a heading such as '## Topic'"):
        parse_topics(text)


def test_all_mistakes_are_told_at_once() -> None:
    text = "## A\na\n## B\n- Not relevant: b\n## a\nagain\n## None\nnothing\n##\nnameless\n"
    with pytest.raises(ConfigError) as caught:
        parse_topics(text)
    assert caught.value.mistakes == (
        "2 headings 'A': rename or join them",
        "nothing relevant under 'B': add a line '- Relevant: …' or remove it",
        "the heading 'None' is what a paper without topic gets: rename it",
        "a heading without a name: give the topic a name",
    )


@make.examples(40)
@given(st.text(st.sampled_from("#-=* \nAa:,(){}<!>\r\t\u2028é0Relvant")))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        topics = parse_topics(text)
    except ConfigError:
        return
    assert topics.topics
    assert all(topic.name and topic.relevant for topic in topics.topics)
    assert len({name.casefold() for name in topics.names}) == len(topics.names)
