"""The words by which `topics.md` is read."""

from __future__ import annotations

import pytest

from digest.scoring.vocabulary import (
    Role,
    _vocabulary,
    is_general,
    negated,
    role_of,
    split_preferences,
    without_preference,
)


def test_every_word_has_the_role_under_which_it_stands() -> None:
    for role in Role:
        for word in _vocabulary()[role]:
            assert role_of(word) is role, word
            assert role_of(f"{word.upper()}:") is role, word


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("What I\u2019m not interested in", Role.UNWANTED),
        ("**Keywords to avoid**", Role.UNWANTED),
        ("Relevant key words", Role.KEYWORDS),
        ("Über mich", Role.CONTEXT),
        ("我感兴趣的领域", Role.WANTED),
        ("Keywords of quantum physics", None),
        ("Relevant logic", None),
        ("", None),
    ],
)
def test_case_accents_and_fillers_do_not_matter(name: str, role: Role | None) -> None:
    assert role_of(name) is role


@pytest.mark.parametrize(
    ("name", "expected"), [("My topics", True), ("主题", True), ("A", False), ("DES", False)]
)
def test_a_heading_of_fillers_is_general_with_a_noun(name: str, *, expected: bool) -> None:
    assert is_general(name) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("No cables", "cables"),
        ("Please don\u2019t show me cables", "cables"),
        ("Keine Kabel", "Kabel"),
        ("不要电缆", "电缆"),
        ("Not", ""),
        ("No-go theorems", None),
        ("Notes on heat", None),
        ("De novo assembly", None),
        ("非交换几何", None),
        ("Not sure", None),
        ("Not just transformers", None),
        ("Don't miss", None),
        ("不要错过", None),
    ],
)
def test_only_a_whole_word_negates(name: str, expected: str | None) -> None:
    assert negated(name) == expected


@pytest.mark.parametrize(
    "text",
    [
        "no-regret learning",
        "not limited to X",
        "including, but not limited to, X",
        "non-equilibrium physics at 4.2 K, e.g. of glasses",
        "Avoided crossings. Collision avoidance; exclusion statistics",
        "skip connections, and methods that don't need labels",
        "data rather than models",
        "agents with memory but no gradients",
        "不确定性量化，无监督学习",
        "I don't want to miss papers on ice.",
        "不要错过图学习",
        "Nichts zu Kausalität verpassen",
        "Je ne veux pas rater un papier.",
        "I read about excluding spurious features",
        "Papers not excluding outliers",
        "I read nothing except ice.",
    ],
)
def test_a_bare_negation_changes_nothing(text: str) -> None:
    assert split_preferences(text) == (text, "")


@pytest.mark.parametrize(
    ("text", "wanted", "unwanted"),
    [
        ("I like ice. I don\u2019t care about fog.", "I like ice.", "fog"),
        ("ice, except fog, but rain", "ice, rain", "fog"),
        ("ice (but not fog), and rain.", "ice, rain.", "fog"),
        ("Fogs are not for me, but ice is fine.", "ice is fine.", "Fogs"),
        ("I don't want fog, I love ice.", "I love ice.", "fog"),
        ("Avoid fog but keep ice.", "keep ice.", "fog"),
        ("ice, except E. Witten's, e.g. fog. Rain.", "ice. Rain.", "E. Witten's, e.g. fog"),
        ("Eis, außer Nebel. Alles, aber nicht Regen.", "Eis. Alles.", "Nebel; Regen"),
        ("Tout, à l\u2019exception de brume.", "Tout.", "brume"),
        ("研究A，对B不感兴趣。", "研究A。", "对B"),
        ("不关心B，我喜欢A。", "我喜欢A。", "B"),
        ("Not interested in fog", "", "fog"),
        ("Ice, excluding fog, and in rain, and in hail", "Ice, in rain, and in hail", "fog"),
        ("I am not interested in anything except ice.", "ice.", ""),
        ("I'm not interested in anything but ice.", "ice.", ""),
        ("I'm not interested in anything other than ice.", "ice.", ""),
        ("I don't care about fog, except ice, but rain.", "ice, rain.", "fog"),
        ("I do not like everything.", "", "everything"),
        ("Heat. Anything but fog.", "Heat.", "fog"),
        ("No surveys, please. Please no fog", "", "surveys; fog"),
        ("Heat. Ich möchte keine Arbeiten über Nebel sehen.", "Heat.", "Nebel"),
        ("Heat. Bitte keine Paper zu Nebel.", "Heat.", "Nebel"),
        ("Heat. Je ne veux pas de papiers sur la brume.", "Heat.", "la brume"),
        ("Heat. Je n’aime pas la brume.", "Heat.", "la brume"),
        ("研究A。请不要推荐雾。我讨厌雨。", "研究A。", "雾; 雨"),
    ],
)  # fmt: skip
def test_a_phrase_of_preference_parts_a_text(text: str, wanted: str, unwanted: str) -> None:
    assert split_preferences(text) == (wanted, unwanted)


@pytest.mark.parametrize(
    "phrase",
    ["I'm not very interested in", "I am not really interested in",
     "I'm not particularly interested in", "I'm not that interested in", "I am not a fan of",
     "I would rather not see", "I can't stand",
     "I want to avoid", "I don't follow", "Never show me", "Don't send me", "I'm uninterested in"],
)  # fmt: skip
def test_everyday_refusals_are_read(phrase: str) -> None:
    assert split_preferences(f"I like ice. {phrase} fog.") == ("I like ice.", "fog")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I dislike Bs", "Bs"),
        ("Bs are not for me.", "Bs"),
        ("except Bs", "except Bs"),
        ("Bs, except Cs", "Bs, except Cs"),
    ],
)
def test_an_exception_to_what_is_avoided_stays(text: str, expected: str) -> None:
    assert without_preference(text) == expected
