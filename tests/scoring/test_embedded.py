"""The embedded scorer on small invented days."""

from __future__ import annotations

import random
import re
from bisect import bisect_right
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.papers import AnnounceType, Paper
from digest.core.scores import NO_TOPIC, Score, Topics
from digest.scoring.embedded import _MOST_UNEXPLAINED, _STEPS, papers_with_phrase, score
from digest.scoring.topics import parse_topics
from tests import make

MACHINES = parse_topics("""
## Architecture
- Relevant: mixture of experts (MoE), attention, state space models, sparse/linear transformers
- Not relevant: an existing network applied elsewhere

## Compression
- Relevant: quantization, pruning, low-rank factorization

## Keywords
scaling law, foundation model

## Avoid
federated learning, medical imaging
""")

SKY = parse_topics("""
# Exoplanets
Transiting exoplanets, hot Jupiters, atmospheric retrieval, radial velocity.
# Galaxies
- Relevant: star formation history, quenching, active galactic nuclei (AGN)
# Keywords
James Webb Space Telescope (JWST), spectroscopy
# Avoid
solar flares, cosmic rays
""")


def paper(title: str, abstract: str = "", key: str = "2601.00001") -> Paper:
    return Paper(key, 1, title, ("A. Author",), abstract, ("cs.LG",), AnnounceType.NEW)


def one(title: str, abstract: str = "", topics: Topics = MACHINES) -> Score:
    return score([paper(title, abstract)], topics)["2601.00001"]


def similarity(title: str, abstract: str = "", topics: Topics = MACHINES) -> float:
    value = one(title, abstract, topics).similarity
    assert value is not None
    return value


SKY_DAY = [
    paper(title, abstract, f"2601.{number:05}")
    for number, (title, abstract) in enumerate(
        [
            (
                "Water vapour on a hot Jupiter seen by JWST",
                "We present an atmospheric retrieval of a transiting exoplanet.",
            ),
            (
                "A radial velocity survey of nearby dwarfs",
                "Two exoplanets are found, with masses from radial velocity.",
            ),
            (
                "Quenching in massive disks",
                "The star formation history of galaxies hosting AGN is measured by spectroscopy.",
            ),
            (
                "Solar flares and the acceleration of electrons",
                "We model solar flares and the cosmic rays they emit.",
            ),
            ("A bound on the neutrino mass", "Oscillation experiments constrain the mass."),
            ("Loop corrections in gauge theory", "We compute two loop amplitudes."),
            ("Cosmic rays from pulsars", "The spectrum of cosmic rays is fitted with a model."),
            ("Gravitational lensing by clusters", "The lens model is constrained by arcs."),
        ]
    )
]


# fmt: off
GOLDEN = [
    (10, 0.3534), (10, 0.2418), (10, 0.3203), (1, -0.0047),
    (1, 0.0035), (1, 0.0032), (1, -0.0049), (1, -0.0012),
]
# fmt: on


def ranked(papers: Sequence[Paper], topics: Topics) -> list[str]:
    scores = score(papers, topics)
    return sorted(scores, key=lambda key: -(scores[key].similarity or 0.0))


def test_a_paper_on_a_topic_is_above_the_cut_and_a_stranger_far_below() -> None:
    assert one("Quantization of mixture of experts", "Pruning and quantization.").relevance >= 8
    assert one("A survey of medieval trade", "Ships and harbours of the Baltic.").relevance <= 5


def test_the_topic_is_the_heading_that_fits_best() -> None:
    assert one("Attention in state space models").topic == "Architecture"
    assert one("Pruning after quantization").topic == "Compression"


def test_a_paper_without_a_word_of_the_topics_has_none() -> None:
    verdict = one("Ships of the Baltic")
    assert (verdict.topic, verdict.comment) == (NO_TOPIC, "no word of the topics")


def test_the_comment_names_what_matches_and_what_is_avoided() -> None:
    verdict = one("Quantization for federated learning", "With mixture-of-experts layers.")
    assert verdict.comment == (
        "matches: quantization, mixture of experts; avoids: federated learning"
    )


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("A MoE layer", "MoE"),
        ("A Mixture-of-Experts layer", "mixture of experts"),
        ("Mixtures of expert layers", "mixture of experts"),
        ("STATE SPACE MODEL", "state space models"),
        ("Sparse transformers", "sparse transformers"),
        ("A linear transformer", "linear transformers"),
        ("Scaling laws", "scaling law"),
    ],
)
def test_a_phrase_is_found_by_alias_hyphen_case_number_or_slash(text: str, phrase: str) -> None:
    assert one(text).comment == f"matches: {phrase}"
    assert one("Title", text).comment == f"matches: {phrase}"


def test_a_paper_in_which_no_phrase_of_the_users_stands_stays_under_the_cut() -> None:
    topics = parse_topics(
        "## Machines\n- Relevant: weights of enormous transformer networks in few bits"
    )
    silent = one("Few bits: transformer networks of enormous weights", "", topics)
    assert silent.similarity is not None
    assert bisect_right(_STEPS, silent.similarity) + 1 > _MOST_UNEXPLAINED == 6
    assert silent.relevance == 6
    assert silent.comment == "no phrase of the topics; closest topic: Machines"


@pytest.mark.parametrize("heading", ["", "## My interests\n"])
def test_the_name_of_a_topic_without_heading_is_not_looked_for(heading: str) -> None:
    topics = parse_topics(f"{heading}dwarf galaxies")
    day = [paper("A graph of interest", "It is our interests that count. My interests.")]
    (verdict,) = score(day, topics).values()
    assert (verdict.relevance, verdict.comment) == (1, "no word of the topics")
    assert papers_with_phrase(day, topics) == 0


@pytest.mark.parametrize("words", ["Keywords\nheavy quark matter", "Relevant\nheavy quark matter"])
def test_a_word_of_no_topic_is_not_closest_to_none(words: str) -> None:
    verdict = one("Quark matters", "Quark.", parse_topics(f"## {words}\n## Heat\nstoves"))
    assert verdict.topic == NO_TOPIC
    assert verdict.relevance > 2
    assert verdict.comment == "no phrase of the topics, but single words of topics.md"


def test_a_phrase_that_is_part_of_a_longer_one_is_not_repeated() -> None:
    topics = parse_topics("## A\nattention, sparse attention")
    assert one("Sparse attention", "Attention.", topics).comment == "matches: sparse attention"


def test_what_is_not_relevant_to_a_topic_lowers() -> None:
    topics = parse_topics("## A\n- Relevant: magnets\n- Not relevant: toy trains")
    assert similarity("Magnets in toy trains", "", topics) < similarity("Magnets", "", topics)


def test_topics_of_another_field_rank_that_field() -> None:
    ids = ranked(SKY_DAY, SKY)
    assert set(ids[:3]) == {"2601.00000", "2601.00001", "2601.00002"}
    assert set(ids[-2:]) == {"2601.00003", "2601.00006"}  # avoided
    scores = score(SKY_DAY, SKY)
    assert scores["2601.00000"].topic == "Exoplanets"
    assert scores["2601.00002"].topic == "Galaxies"
    assert {key for key, s in scores.items() if s.relevance >= 8} == set(ids[:3])
    assert "hot Jupiters" in scores["2601.00000"].comment
    assert "avoids: solar flares, cosmic rays" in scores["2601.00003"].comment


def test_likely_papers_lend_their_words_to_those_that_name_the_topic_otherwise() -> None:
    about = [paper("Quantization", "Four bit integers.", f"2601.1{i:04}") for i in range(60)]
    other = [paper("Sheep", f"Factorization {i}, wool.", f"2601.2{i:04}") for i in range(120)]
    silent = paper("Four bit integers", "A factorization.", "2601.30000")
    scores = score([*about, *other, silent], MACHINES)
    assert (scores[silent.id].similarity or 0) > max(scores[p.id].similarity or 0 for p in other)


@pytest.mark.parametrize("size", [1, 60])
def test_a_paper_without_a_word_of_the_topics_is_no_near_miss(size: int) -> None:
    day = [paper("Ships of the Baltic", f"Harbour {i}.", f"2601.1{i:04}") for i in range(size)]
    day.append(paper("Pruning", "Quantization and pruning.", "2601.30000"))
    scores = score(day, MACHINES)
    assert {scores[p.id].relevance for p in day[:-1]} <= {1, 2}


def test_a_long_topic_does_not_drown_a_short_one() -> None:
    many = ", ".join(f"subject{i} matter{i}" for i in range(300))
    long = parse_topics(f"## Short\nquark stars\n## Long\n{many}")
    short = parse_topics("## Short\nquark stars\n## Long\nsubject1 matter1")
    beside_long = similarity("Quark stars", "", long)
    assert beside_long == pytest.approx(similarity("Quark stars", "", short), rel=0.25)


STREAMS = "## Streams\nstellar streams, dwarf galaxies\n"


def test_a_phrase_to_avoid_does_not_touch_its_single_words() -> None:
    title, abstract = (
        "A tidal stream",
        "The stellar stream of a dwarf galaxy, after its disruption.",
    )
    avoiding = parse_topics(f"{STREAMS}## Avoid\ntidal disruption event")
    plain = parse_topics(STREAMS)
    assert one(title, abstract, avoiding).comment == one(title, abstract, plain).comment
    assert similarity(title, abstract, avoiding) >= similarity(title, abstract, plain)
    event = ("A tidal disruption event", abstract)
    assert similarity(*event, avoiding) < similarity(*event, plain)


@pytest.mark.parametrize("avoid", ["halo", "halo, galactic disc, bulge, black hole, quasar"])
def test_what_is_avoided_takes_at_most_half(avoid: str) -> None:
    title = "Stellar streams, halo, galactic disc, bulge, black hole and quasar"
    avoiding = parse_topics(f"{STREAMS}## Avoid\n{avoid}")
    asked = similarity(title, "", parse_topics(STREAMS))
    assert 0.4 * asked < similarity(title, "", avoiding) < asked


def test_a_paper_with_nothing_but_a_phrase_to_avoid_is_not_kept() -> None:
    wanted = "## Metals\nunconventional superconductivity"
    title = "Superconducting qubits"
    assert one(title, "", parse_topics(wanted)).relevance > 2
    assert one(title, "", parse_topics(f"{wanted}\n## Avoid\nqubits")).relevance == 2


def test_one_word_to_avoid_does_not_sink_the_heart_of_a_topic() -> None:
    topics = parse_topics(
        "## Nowcasting\nnowcasting, mixed frequency data, Bayesian vector autoregression\n"
        "## Avoid\nvolatility"
    )
    day = [paper("Sheep", f"Wool number {i}.", f"2601.1{i:04}") for i in range(40)]
    heart = paper(
        "Bayesian nowcasting with stochastic volatility",
        "We nowcast growth with a Bayesian vector autoregression of mixed frequency data, in which"
        " shocks have stochastic volatility.",
        "2601.30000",
    )
    verdict = score([*day, heart], topics)[heart.id]
    assert verdict.relevance >= 6
    assert verdict.comment.endswith("avoids: volatility")


@pytest.mark.parametrize("wanted", ["hyper-Kähler manifolds", "hyperkähler manifolds"])
@pytest.mark.parametrize("written", ["Hyper-Kähler manifolds", "hyperkahler manifold"])
def test_hyphens_and_accents_do_not_part_words(wanted: str, written: str) -> None:
    verdict = one(written, "", parse_topics(wanted))
    assert verdict.comment == f"matches: {wanted}"
    assert verdict.relevance >= 8


def test_wanted_words_in_a_not_relevant_line_are_not_avoided() -> None:
    topics = parse_topics(
        "## Our sky\n- Relevant: galaxies\n- Not relevant: galaxies, elliptical galaxies"
    )
    assert one("Galaxies", "", topics).comment == "matches: galaxies"
    assert one("Elliptical galaxies", "", topics).comment.endswith("avoids: elliptical galaxies")


def test_papers_with_a_phrase_are_counted() -> None:
    assert papers_with_phrase(SKY_DAY, SKY) == 3
    assert papers_with_phrase(SKY_DAY, MACHINES) == 0
    assert papers_with_phrase(SKY_DAY, parse_topics("量子コンピュータ")) == 0


def test_an_empty_day_has_no_scores() -> None:
    assert score([], MACHINES) == {}
    assert papers_with_phrase([], MACHINES) == 0


def test_the_same_day_gets_the_same_scores_in_every_process() -> None:
    """Each process has its own hash seed."""
    verdicts = score(SKY_DAY, SKY).values()
    assert [(v.relevance, v.similarity) for v in verdicts] == GOLDEN
    assert {v.novelty for v in verdicts} == {None}


def test_the_same_day_in_any_order_gets_the_same_scores() -> None:
    shuffled = random.Random(1).sample(SKY_DAY, len(SKY_DAY))
    assert score(shuffled, SKY) == score(SKY_DAY, SKY)


def test_topics_without_lists_and_papers_in_any_script_are_scored() -> None:
    topics = parse_topics("## Галактики\nэволюция галактик\n## 量子\n量子コンピュータ")
    assert one("Эволюция галактик", "", topics).comment == "matches: эволюция галактик"
    assert one("量子コンピュータ", "", topics).topic == "量子"
    assert one("量子コンピュータ").topic == NO_TOPIC


@pytest.mark.parametrize(
    "abstract",
    [
        pytest.param("quantization " * 8_000, id="one word"),
        pytest.param(" ".join(f"w{i}x" for i in range(15_000)), id="many words"),
        pytest.param("a" * 100_000, id="no spaces"),
        pytest.param("\x00\x07\u202e\ud800" * 25_000, id="control characters"),
        pytest.param("((((//" * 17_000, id="punctuation"),
        pytest.param("\ufdfa" * 100_000, id="characters that normalize to many"),
    ],
)
def test_a_hostile_abstract_is_scored_quickly(abstract: str) -> None:
    with make.cpu_seconds(10):
        verdict = one("Title", abstract)
    assert 1 <= verdict.relevance <= 10


VOCABULARY = """
mixture of experts moe attention pruning sparse linear transformers federated learning medical
imaging scaling laws ships and the Baltic-sea low-rank $x_1$ Über 量子
"""
WORDS = st.lists(st.sampled_from(VOCABULARY.split()), max_size=12).map(" ".join)


@make.examples(40)
@given(st.lists(st.tuples(WORDS, WORDS), max_size=6))
def test_any_day_is_scored_with_phrases_that_stand_in_the_paper(day: list[tuple[str, str]]) -> None:
    papers = [paper(title, abstract, f"2601.{i:05}") for i, (title, abstract) in enumerate(day)]
    scores = score(papers, MACHINES)
    assert list(scores) == [p.id for p in papers]
    for announced in papers:
        verdict = scores[announced.id]
        assert 1 <= verdict.relevance <= 10
        assert verdict.topic in (*MACHINES.names, NO_TOPIC)
        texts = [plain(announced.title), plain(announced.abstract)]
        for part in verdict.comment.split("; "):
            kind, _, phrases = part.partition(": ")
            if kind in ("matches", "avoids"):
                assert all(any(plain(p) in text for text in texts) for p in phrases.split(", "))


def plain(text: str) -> str:
    return re.sub(r"s\b", "", text.casefold().replace("-", " "))
