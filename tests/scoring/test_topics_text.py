"""How `topics.md` was read, and its explicit form."""

from __future__ import annotations

from digest.scoring.topics import parse_topics
from digest.scoring.topics_text import as_dict, describe, explicit, in_short

TEXT = """\
<!-- mine -->
Theory first. No simulations, except small ones.

## Heat
- Relevant: stoves
- tiles
- Not relevant: fog, mist

## Ice
<!-- unfinished

## Not read
"""

KNOWN = (
    TEXT.partition("<!-- unf")[0]
    + """
## Keywords
a1, b1
## No cables
## About me
PhD,
Zurich
"""
)


def test_the_description_shows_all_that_was_read() -> None:
    assert (
        describe(parse_topics(KNOWN))
        == """\
Heat
    wanted:       stoves; tiles
    not wanted:   fog, mist
Ice
    wanted:       what the heading says
For all topics
    wanted:       Theory first. No simulations.
    not wanted:   small ones
Keywords
    a1; b1
Avoid
    cables
About you (for the model alone)
    PhD, Zurich
Note: the heading 'No cables' is read as not wanted; if it is a topic, rename it"""
    )


def test_long_lines_are_wrapped_and_escapes_are_not_printed() -> None:
    lines = describe(parse_topics("\x1b[31mheat " * 60)).splitlines()
    assert max(map(len, lines)) <= 96
    assert "\x1b" not in "".join(lines)


def test_one_line_counts_what_each_topic_wants() -> None:
    assert in_short(parse_topics(KNOWN)) == (
        "2 topics: Heat (2 wanted, 2 not), Ice (0 wanted), for all topics (2 wanted, 1 not);"
        " 2 keywords; 1 to avoid"
    )


def test_the_explicit_form_keeps_comments_and_what_was_read() -> None:
    assert (
        explicit(parse_topics(TEXT), TEXT)
        == """\
<!-- mine -->

<!-- unfinished

## Not read -->

- Relevant: Theory first. No simulations.
- Not relevant: small ones

## Heat

- Relevant: stoves
- Relevant: tiles
- Not relevant: fog, mist

## Ice
"""
    )


def test_json_has_the_paragraphs_as_lists() -> None:
    assert as_dict(parse_topics("## Heat\n- stoves\n- tiles\n- avoid: fog\n")) == {
        "topics": [{"name": "Heat", "wanted": ["stoves", "tiles"], "not_wanted": ["fog"]}],
        "for_all": {"wanted": [], "not_wanted": []},
        "keywords": [],
        "avoid": [],
        "context": "",
    }
