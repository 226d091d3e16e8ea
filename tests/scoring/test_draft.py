"""Topics drafted from papers: in their own words, and in a form that reads back the same."""

from __future__ import annotations

import pytest

from digest.core.errors import ConfigError
from digest.core.votes import VotedPaper
from digest.scoring import draft, draft_model
from digest.scoring.topics import parse_topics
from digest.scoring.topics_text import as_dict

HEAT = ("thermal conductivity", "phonon scattering", "heat transport")
STARS = ("dwarf galaxies", "Milky Way", "stellar streams")


def library(each: int = 9) -> list[VotedPaper]:
    """Papers on two subjects in turn, of which each paper names two of three phrases."""
    papers = []
    for number in range(each):
        for subject in (HEAT, STARS):
            one, other = subject[number % 3], subject[(number + 1) % 3]
            title = f"A Novel Study of {one.title()}"
            abstract = f"We show that {one} matters for {other}. Extensive results are given."
            papers.append(VotedPaper("", title, abstract))
    return papers


def test_each_subject_becomes_a_topic() -> None:
    topics = draft.draft(library()).topics
    wanted = [set(topic.relevant.split(", ")) for topic in topics]
    assert any(set(HEAT) <= phrases for phrases in wanted)
    assert any(set(STARS) <= phrases for phrases in wanted)
    assert not any(phrases >= {HEAT[0], STARS[0]} for phrases in wanted)
    assert len({topic.name for topic in topics}) == len(topics)


def test_a_draft_reads_back_the_same() -> None:
    topics = draft.draft(library())
    assert as_dict(parse_topics(draft.written(topics))) == as_dict(topics)


def test_phrases_stand_in_the_papers_without_junk() -> None:
    papers = library()
    text = " ".join(f"{paper.title} {paper.abstract}" for paper in papers).casefold()
    phrases = [p for t in draft.draft(papers).topics for p in t.relevant.split(", ")]
    assert all(phrase.casefold() in text for phrase in phrases)
    words = {word for phrase in phrases for word in phrase.lower().split()}
    assert words.isdisjoint({"we", "show", "of", "novel", "study", "extensive", "results", "given"})


def test_a_draft_ignores_no_small_library() -> None:
    [topic] = draft.draft([VotedPaper("", "Spin liquids on the kagome lattice", "")]).topics
    assert "kagome lattice" in topic.relevant.lower()


@pytest.mark.parametrize("title", ["", "The of and", "Background", "12 34"])
def test_what_describes_nothing_is_an_error(title: str) -> None:
    with pytest.raises(ConfigError, match="no words to draft topics from"):
        draft.draft([VotedPaper("", title, "")])


@pytest.mark.parametrize(
    "reply",
    [
        "no JSON",
        "[]",
        '{"topics":[]}',
        '{"topics":[{"heading":"Heat","phrases":[]}]}',
        '{"topics":[{"heading":"Heat","phrases":["<!-- x"]}]}',
        '{"topics":[{"heading":"# Keywords","phrases":["heat"]}]}',
        '{"topics":[{"heading":"Keywords","phrases":["heat"]}]}',
        '{"topics":[{"heading":"Heat\\n## Avoid","phrases":["heat"]}]}',
        '{"topics":[{"heading":"Heat","phrases":["a"]},{"heading":"heat","phrases":["b"]}]}',
        '{"topics":[{"heading":7,"phrases":["heat"]}]}',
    ],
)
def test_a_reply_that_reads_otherwise_is_refused(reply: str) -> None:
    with pytest.raises(ConfigError):
        draft_model.read(reply)


def test_a_heading_may_have_a_colon() -> None:
    reply = '{"topics":[{"heading":"Galaxy discs: scaling","phrases":["spin"]}]}'
    (topic,) = parse_topics(draft.written(draft_model.read(reply))).topics
    assert topic.name == "Galaxy discs: scaling"
