"""Phrases of descriptions, and where they stand in a text."""

from __future__ import annotations

import pytest

from digest.scoring.phrases import features, find, phrases, searchable, words
from tests import make


def named(*texts: str) -> list[str]:
    return list(dict.fromkeys(phrases(*texts).values()))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("state space models, attention", ["state space models", "attention"]),
        ("mixture of experts (MoE)", ["mixture of experts", "MoE"]),
        ("sparse/linear layers", ["sparse layers", "linear layers"]),
        ("pruning and quantization", ["pruning", "quantization"]),
        ("dataset; survey", ["dataset", "survey"]),
        ("papers on dark matter", ["dark matter"]),
        ("new work about axions", ["axions"]),
        ("the accreted halo (e.g., streams)", ["accreted halo", "streams"]),
        ("Gaussian processes, i.e. kriging", ["Gaussian processes", "kriging"]),
        ("量子计算、量子纠错", ["量子计算", "量子纠错"]),
    ],
)
def test_short_clauses_are_phrases_as_written(text: str, expected: list[str]) -> None:
    assert named(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I work on superconductivity.", ["superconductivity"]),
        (
            "I am mostly interested in studies of quantum field theory on curved backgrounds",
            ["quantum field theory", "curved backgrounds"],
        ),
        ("Anything that is done with ARPES by anyone at all", ["ARPES"]),
        ("Both theoretical and observational work is relevant.", []),
        ("It should be weighted lower.", []),
        ("Observational, theoretical", []),
        ("Ideally, usually, e.g. i.e. etc.", []),
        ("I am happy with quasars", ["quasars"]),
        ("We describe the analysis of a model with a simulation, as an example", []),
    ],
)
def test_of_prose_only_telling_words_are_phrases(text: str, expected: list[str]) -> None:
    assert named(text) == expected


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("galaxies", "A dwarf galaxy"),
        ("Gaussian process", "Sparse Gaussian processes"),
        ("KV caches", "The KV cache"),
        ("branches", "A branch"),
        ("boxes", "A box"),
        ("classes", "One class"),
        ("hyper-Kähler", "HYPERKAHLER"),
        ("hyperkähler", "hyper\u2010Kahler"),
        ("mixture of experts", "Mixture-of-Experts"),
        ("量子コンピュータ", "量子コンピュータ"),
    ],
)
def test_a_phrase_is_found_in_other_spellings(phrase: str, text: str) -> None:
    assert find(phrases(phrase), [searchable(text)]) == [phrase]


@pytest.mark.parametrize(
    ("phrase", "text"),
    [("bar", "Barred"), ("spin", "Spine"), ("tidal disruption event", "A tidal stream")],
)
def test_only_whole_words_are_found(phrase: str, text: str) -> None:
    assert find(phrases(phrase), [searchable(text)]) == []


def test_pairs_of_words_leave_stop_words_out() -> None:
    assert features(words("Tidal streams of the halo")) == [
        "tidal", "stream", "halo", "tidal stream", "stream halo",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text", ["a/b/c/d/e " * 5_000, "(" * 100_000, "of " * 50_000, "x" * 100_000, "-" * 100_000]
)
def test_hostile_topics_are_read_quickly(text: str) -> None:
    with make.cpu_seconds(10):
        phrases(text)
