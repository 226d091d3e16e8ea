"""The learner on small invented days."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.archive.feedback import encode_learned
from digest.core.learned import Learned
from digest.core.papers import Paper
from digest.core.scores import Topics
from digest.core.votes import VotedPaper
from digest.scoring.explanation import explain
from digest.scoring.learner import (
    MAX_WEIGHTS,
    Foreseen,
    Likes,
    foresee,
    learn,
    relevance,
)
from digest.scoring.topics import parse_topics
from tests import make

MACHINES = parse_topics("## Compression\n- Relevant: quantization, pruning\n")
FLOWERS = parse_topics("## Gardens\n- Relevant: tulips, roses in spring\n")
DAY = date(2026, 1, 30)
NEXT = DAY + timedelta(days=1)
TITLES = (
    "Quantization of large networks",
    "Pruning large networks",
    "Roses in spring",
    "Tulips, roses, and mixtures of experts",
    "A mixture of experts for tulips",
    "Spectral bounds for large networks",
    "Spectral bounds without tulips",
    "Traffic in cities",
    "Traffic and roses",
)


def a_paper(paper_id: str, title: str = "", abstract: str = "") -> Paper:
    return replace(make.paper(paper_id), title=title, abstract=abstract)


PAPERS = [a_paper(f"2601.{n:05}", title=title) for n, title in enumerate(TITLES)]
EXPERTS = {p.id: "xpert" in p.title for p in PAPERS}  # what the model keeps
NOBODY = Likes()


def voted(*titles: str) -> tuple[VotedPaper, ...]:
    return tuple(VotedPaper(f"2512.{n:05}", title, "") for n, title in enumerate(titles))


def taught(topics: Topics = MACHINES) -> Learned:
    learned = learn(None, DAY, PAPERS, topics, EXPERTS)
    assert learned
    return learned


def order(topics: Topics, learned: Learned | None, likes: Likes = NOBODY) -> list[str]:
    """Titles, the best first."""
    seen = foresee(PAPERS, topics, learned, likes)
    return [p.title for p in sorted(PAPERS, key=lambda p: -seen[p.id].score)]


# --- learning ---------------------------------------------------------------------------------


def test_a_day_lifts_what_the_model_kept() -> None:
    kept = {title for title in TITLES if "xpert" in title}
    own = set(TITLES[:2])  # have the reader's words
    assert set(order(MACHINES, None)[:2]) == own
    assert taught().bias < 0  # seven of nine are below the cut
    assert set(order(MACHINES, taught())[2:4]) == kept


def test_without_learning_only_the_readers_words_count() -> None:
    seen = foresee(PAPERS, MACHINES, None, NOBODY)
    for paper in PAPERS:
        has_word = "Quant" in paper.title or "Prun" in paper.title
        assert (seen[paper.id].score > 0) is has_word, paper.title


def test_a_change_of_topics_acts_at_once() -> None:
    machines, flowers = order(MACHINES, taught()), order(FLOWERS, taught())
    assert flowers.index("Roses in spring") < machines.index("Roses in spring")
    assert flowers.index(TITLES[0]) > machines.index(TITLES[0])


@given(st.permutations(PAPERS))
def test_the_order_of_the_papers_changes_nothing(papers: list[Paper]) -> None:
    learned = learn(None, DAY, papers, MACHINES, EXPERTS)
    assert learned
    assert encode_learned(learned) == encode_learned(taught())
    likes = Likes(voted("Roses"), voted("Traffic"))
    seen = foresee(papers, MACHINES, learned, likes)
    assert list(seen) == [paper.id for paper in papers]
    assert seen == foresee(PAPERS, MACHINES, learned, likes)


@pytest.mark.parametrize("day", [DAY, DAY - timedelta(days=1)])
def test_a_day_not_after_the_last_never_teaches(day: date) -> None:
    other = {p.id: "Traffic" in p.title for p in PAPERS}
    assert learn(taught(), day, PAPERS, MACHINES, other) == taught()
    assert learn(taught(), NEXT, PAPERS, MACHINES, other) != taught()


@pytest.mark.parametrize(
    "passes", [dict.fromkeys(EXPERTS, True), dict.fromkeys(EXPERTS, False), {}]
)
def test_a_day_without_two_sides_teaches_nothing(passes: dict[str, bool]) -> None:
    assert learn(None, DAY, PAPERS, MACHINES, passes) is None
    assert learn(taught(), NEXT, PAPERS, MACHINES, passes) == taught()


def test_a_paper_without_a_score_teaches_nothing() -> None:
    stranger = a_paper("2601.99999", title="Experts on large networks")
    assert learn(None, DAY, [*PAPERS, stranger], MACHINES, EXPERTS) == taught()


def test_the_state_says_from_what_it_was_learned() -> None:
    second = learn(taught(), NEXT, PAPERS, MACHINES, EXPERTS)
    assert second
    assert (second.since, second.through, second.days) == (DAY, NEXT, 2)
    assert second.papers == 2 * len(PAPERS)


def test_the_state_is_small_and_is_what_the_file_says() -> None:
    rng = random.Random(0)
    vocabulary = [f"{a}{b}{c}" for a in "bdfgklm" for b in "aeiou" for c in "bdfgklmnpqrt"]
    papers = [
        a_paper(f"2602.{n:05}", abstract=" ".join(rng.choices(vocabulary, k=500)))
        for n in range(80)
    ]
    passes = {paper.id: n % 4 == 0 for n, paper in enumerate(papers)}
    learned = learn(None, DAY, papers, MACHINES, passes)
    assert learned
    assert len(learned.weights) == MAX_WEIGHTS
    assert list(learned.weights) == sorted(learned.weights)
    values = [learned.bias, *learned.weights.values()]
    assert values == [round(value, 3) for value in values]
    assert 0 not in learned.weights.values()


# --- votes ------------------------------------------------------------------------------------


def test_likes_lift_and_dislikes_push_down() -> None:
    plain = order(MACHINES, None)
    liked = order(MACHINES, None, Likes(liked=voted("Spectral bounds for tulips")))
    disliked = order(MACHINES, None, Likes(disliked=voted("Quantization")))
    title = "Spectral bounds without tulips"
    assert liked.index(title) < plain.index(title)
    assert (plain[0], disliked[0]) == ("Quantization of large networks", "Pruning large networks")


def test_many_votes_move_a_paper_more_than_one() -> None:
    spectral = voted(*["Spectral bounds without tulips"] * 20)
    key = PAPERS[TITLES.index("Spectral bounds without tulips")].id
    scores = [
        foresee(PAPERS, MACHINES, taught(), Likes(spectral[:n]))[key].score for n in (0, 1, 20)
    ]
    assert scores == sorted(set(scores))


def test_votes_with_nothing_in_common_change_nothing() -> None:
    strangers = Likes(voted("Ягоды"), voted(""))
    assert foresee(PAPERS, MACHINES, taught(), strangers) == foresee(
        PAPERS, MACHINES, taught(), NOBODY
    )


# --- what it says -----------------------------------------------------------------------------


def test_match_is_the_share_of_papers_that_score_lower() -> None:
    seen = foresee(PAPERS, MACHINES, taught(), NOBODY)
    for one in seen.values():
        lower = sum(other.score < one.score for other in seen.values())
        assert one.match == 100 * lower // len(PAPERS)


def words_of(title: str, abstract: str = "", topics: Topics = MACHINES) -> tuple[str, ...]:
    own = a_paper("2603.00001", title=title, abstract=abstract)
    return explain(title, abstract, foresee([*PAPERS, own], topics, taught(), NOBODY)[own.id].lift)


def test_words_stand_as_the_paper_has_them() -> None:
    assert words_of("Pruning a Mixture-of-Experts") == ("Pruning", "Mixture-of-Experts")


def test_a_pair_stands_for_its_words_and_its_alias() -> None:
    topics = parse_topics("## A\n- Relevant: mixture of experts (MoE), low-rank experts")
    named = words_of("A mixture of experts", "Experts in a mixture of experts (MoE).", topics)
    assert named == ("mixture of experts",)


def test_words_leave_out_formulas_and_pairs_across_sentences() -> None:
    named = words_of("On $\\pruning$", "It is a mixture. Experts do quantization.")
    assert "quantization" in named
    assert "mixture. Experts" not in named
    assert not any("pruning" in word for word in named)


hostile = st.text(
    st.sampled_from("aAzß ﬁİ́ь数\n\t\0-‐$\\{}<&|.`@#0½") | st.characters(), max_size=60
) | st.sampled_from(["mixture of experts", "Quantization--pruning", "\\experts $experts", "x-ray"])


@given(st.lists(st.tuples(hostile, hostile), max_size=6))
@make.examples(60)
def test_any_text_is_foreseen_and_learned(texts: list[tuple[str, str]]) -> None:
    papers = [
        a_paper(f"2604.{n:05}", title=title, abstract=abstract)
        for n, (title, abstract) in enumerate(texts)
    ]
    seen = foresee(papers, MACHINES, taught(), Likes(voted(*chain.from_iterable(texts))))
    for paper in papers:
        one = seen[paper.id]
        spaced = " ".join(f"{paper.title} {paper.abstract}".split())
        words = explain(paper.title, paper.abstract, one.lift)
        assert all(word in spaced for word in words)
        assert len(words) == len(set(words)) <= 4
        assert 0 <= one.match < 100
        assert 1 <= relevance(one) <= 10
    learn(taught(), NEXT, papers, MACHINES, {p.id: n == 0 for n, p in enumerate(papers)})


def test_relevance_rises_with_the_score_and_never_from_nothing() -> None:
    points = [relevance(Foreseen(score / 10, 0, {})) for score in range(-30, 30)]
    assert points == sorted(points)
    assert (points[0], points[-1]) == (1, 10)
    unknown = [a_paper(f"2605.0000{n}", title="Ягоды в лесу") for n in range(2)]
    generous = replace(taught(), bias=5.0)
    seen = foresee([*PAPERS, *unknown], MACHINES, generous, NOBODY)
    assert [relevance(seen[paper.id]) for paper in unknown] == [2, 2]
    assert relevance(seen[PAPERS[0].id]) == 10
