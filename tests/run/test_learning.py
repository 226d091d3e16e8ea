"""What votes and earlier scores add to a day, and what a day teaches."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from digest.archive import feedback, store
from digest.archive.feedback import Feedback
from digest.core.day import Cut, Digest, Kept
from digest.core.learned import Learned
from digest.core.papers import Paper
from digest.core.scores import Failure, Score, ScoredBy
from digest.core.votes import DISLIKED, LIKED, TAKEN_BACK, Vote, VotedPaper, VoteSource
from digest.run.learning import Taste, taught, with_pulled
from digest.scoring.learner import Likes, learn
from digest.scoring.topics import parse_topics
from tests import make
from tests.make import DAY, paper

CUT = Cut(8, 7)
TOPICS = parse_topics("## Clay\n- Relevant: clay\n\nAvoid: brick kilns\n")
LATER = DAY + timedelta(3)
CLAY = replace(paper("2601.00001"), abstract="Clay and more clay, from river beds.")
KILN = replace(paper("2601.00002"), abstract="Brick kilns, rain, tin roofs and clay.")
RAIN = [replace(paper(f"2601.{n:05}"), abstract="Rain on a tin roof.") for n in range(3, 23)]
PAPERS = [CLAY, KILN, *RAIN]
MIDDLE = Score(5, 5)
WEIGHTS = {"clay": 6.0, "rain": -1.0}


def knows(days: int = 1, through: int = -1) -> Taste:
    """Learned through a day before DAY, if not told otherwise."""
    first = DAY - timedelta(30)
    learned = Learned(first, DAY + timedelta(through), days, 100, -0.5, WEIGHTS)
    return Taste(Feedback(learned=learned), Likes())


def matched(
    taste: Taste,
    scorer: ScoredBy = ScoredBy.MODEL,
    earlier: dict[str, Score] | None = None,
    score: Score = MIDDLE,
) -> dict[str, Score]:
    verdicts = {p.id: score for p in PAPERS} | {KILN.id: replace(score, relevance=2)}
    made = taste.matched(
        DAY, {**verdicts, "x": Failure("timeout")}, PAPERS, TOPICS, scorer, CUT, (), earlier or {}
    )
    assert made.pop("x") == Failure("timeout")
    return {paper_id: one for paper_id, one in made.items() if isinstance(one, Score)}


def test_before_anything_is_known_nothing_is_added() -> None:
    assert {one.match for one in matched(Taste(Feedback(), Likes())).values()} == {None}


def test_the_words_stand_where_the_match_is_shown() -> None:
    made = matched(knows())
    assert made[CLAY.id].match == 95
    assert "clay" in " ".join(made[CLAY.id].words).lower()
    assert [made[p.id].words for p in RAIN] == [()] * 20
    assert {made[p.id].relevance for p in (CLAY, *RAIN)} == {5}  # the model's scores stay


@pytest.mark.parametrize(("days", "learner_scores"), [(2, False), (3, True)])
def test_after_three_days_the_learner_gives_the_relevance(days: int, learner_scores: bool) -> None:
    made = matched(knows(days), ScoredBy.EMBEDDED, score=Score(5, None))
    assert (made[CLAY.id].relevance > 5) is learner_scores
    assert (made[RAIN[0].id].relevance < 5) is learner_scores
    assert made[KILN.id].relevance == 2  # what is to be avoided is none of the learner's business


def test_a_paper_keeps_the_match_that_it_had() -> None:
    earlier = {CLAY.id: Score(5, 5, match=40), RAIN[0].id: Score(5, 5)}
    made = matched(knows(), earlier=earlier)
    assert [made[p.id].match for p in (CLAY, RAIN[0])] == [40, None]
    assert made[KILN.id].match is not None


def test_after_the_day_has_taught_new_papers_get_no_match() -> None:
    earlier = {CLAY.id: Score(9, 9, match=99, words=("clay",))}
    made = matched(knows(through=0), earlier=earlier, score=Score(9, 9))
    assert (made.pop(CLAY.id).match, {one.match for one in made.values()}) == (99, {None})


def test_a_kept_paper_without_words_gets_some() -> None:
    made = matched(knows(), earlier={CLAY.id: Score(5, 5, match=40)}, score=Score(9, 9))
    assert made[CLAY.id].words


# --- what a day teaches -----------------------------------------------------------------------


def a_day(**changes: object) -> tuple[Digest, list[Paper]]:
    """Two papers reach the cut, and only one finds a place; the last is kept for its author."""
    day = make.scored_day(DAY, [(9, 9), (8, 8), (3, 3), (2, 2)], top=1)
    digest = replace(day, **changes)  # type: ignore[arg-type]
    texts = ("Clay beds.", "Clay and rain.", "Rain on roofs.", "Roofs, and no rain.")
    papers = [
        replace(paper(paper_id), abstract=text)
        for paper_id, text in zip(day.scores, texts, strict=True)
    ]
    return digest, papers


def test_the_cut_teaches_whatever_top_says() -> None:
    digest, papers = a_day()
    assert len(digest.kept) == 1
    learned = Taste(Feedback(), Likes()).after(digest, papers, TOPICS).learned
    reaching = {paper_id: number < 2 for number, paper_id in enumerate(digest.scores)}
    assert learned == learn(None, DAY, papers, TOPICS, reaching)
    assert learned
    assert (learned.through, learned.days, learned.papers) == (DAY, 1, 4)


@pytest.mark.parametrize("changes", [{"scorer": ScoredBy.EMBEDDED}, {"below": ()}])
def test_without_the_model_or_with_one_kind_nothing_is_learned(changes: dict[str, object]) -> None:
    digest, papers = a_day(**changes)
    assert knows().after(digest, papers, TOPICS) == knows().feedback


# --- votes ------------------------------------------------------------------------------------


def test_likes_have_the_texts_of_records_and_of_elsewhere(tmp_path: Path) -> None:
    day = make.scored_day(DAY, [(9, 9), (3, 3)])
    (kept,), (below,) = day.kept, day.below
    store.write_files(tmp_path, store.Archive(tmp_path).day_files(day))
    elsewhere = VotedPaper("2501.00001", "Elsewhere", "On clay.")
    votes = (
        Vote(kept.paper.id, LIKED, DAY, VoteSource.BOX),
        Vote(below.id, LIKED, DAY, VoteSource.BOX),  # its text is in no file
        Vote("2501.00001", DISLIKED, None, VoteSource.HAND),
        Vote("2501.00002", TAKEN_BACK, None, VoteSource.HAND),
    )
    state = Feedback(votes, (elsewhere,))
    for path, data in state.files().items():
        if data is not None:
            (tmp_path / path).write_bytes(data)
    taste = Taste.of(tmp_path, tmp_path / ".digest")
    assert [one.id for one in taste.likes.liked] == [kept.paper.id]
    assert taste.likes.disliked == (elsewhere,)
    assert taste.is_known
    assert with_pulled(tmp_path, tmp_path / ".digest") == feedback.read(tmp_path)


def test_only_a_page_that_is_wanted_has_words() -> None:
    digest, _ = a_day(kept=(Kept(CLAY, Score(9, 9)),))
    learned = knows().feedback
    files = {feedback.VOTES: b""}
    for page in (True, False):
        shown = taught(learned, [DAY], lambda _: digest, files.get, page=page)
        assert (bool(shown.words), shown.learned is not None) == (page, page)
