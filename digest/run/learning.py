"""What votes and earlier scores add to a day: how each paper matches, and what the day teaches.

The archive's state is read once a day, with the votes that the last look at GitHub found.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path, PurePosixPath

from digest.archive import feedback
from digest.archive.feedback import Feedback
from digest.core.below import LIKELY_MATCH
from digest.core.day import Cut, Digest
from digest.core.learned import Learned, Word
from digest.core.papers import Paper
from digest.core.scores import Score, ScoredBy, Topics, Verdict
from digest.core.votes import DISLIKED, LIKED, Vote, VoteSource, merged
from digest.run.feedback import pulled
from digest.scoring import embedded, explanation, learner
from digest.scoring.learner import Likes
from digest.site.build import Taught

SPELLED_DAYS = 14  # whose papers say how words are written
WORDS_SHOWN = 40  # for, and as many against


@dataclass(frozen=True, slots=True)
class Taste:
    """What is known of the reader before a day is scored."""

    feedback: Feedback
    likes: Likes

    @classmethod
    def of(cls, out: Path, unfinished: Path) -> Taste:
        """What is archived below `out`, with the votes that wait in `unfinished`. Raises
        `ArchiveError` if a file is damaged."""
        known = with_pulled(out, unfinished)
        texts = feedback.texts(out, known.votes, known.liked)
        votes = [(vote.vote, texts[vote.id]) for vote in known.votes if vote.id in texts]
        liked = tuple(paper for vote, paper in votes if vote == LIKED)
        disliked = tuple(paper for vote, paper in votes if vote == DISLIKED)
        return cls(known, Likes(liked, disliked))

    @property
    def is_known(self) -> bool:
        """False until something was learned or liked."""
        return bool(self.feedback.learned or self.likes.liked or self.likes.disliked)

    @property
    def may_score(self) -> bool:
        """True if the learner computes the embedded scorer's relevance."""
        learned = self.feedback.learned
        return learned is not None and learned.days >= learner.MIN_DAYS

    def has_seen(self, day: date) -> bool:
        """True if what was learned may come from this day."""
        learned = self.feedback.learned
        return learned is not None and learned.through >= day

    def matched(
        self,
        day: date,
        verdicts: Mapping[str, Verdict],
        papers: Sequence[Paper],
        topics: Topics,
        scorer: ScoredBy,
        cut: Cut,
        always: Collection[str],
        earlier: Mapping[str, Score],
    ) -> dict[str, Verdict]:
        """The verdicts with `match` and `words`; those of the embedded scorer also with the
        relevance that the learner computes once it may.

        Papers with an `earlier` score keep its match, or its lack of one, and papers that are
        scored after the day has taught get none: what was learned would foresee what it has seen.
        """
        scored = [paper for paper in papers if isinstance(verdicts.get(paper.id), Score)]
        if not self.is_known or not scored:
            return {**verdicts}
        foreseen = learner.foresee(scored, topics, self.feedback.learned, self.likes)
        scores = scorer is ScoredBy.EMBEDDED and self.may_score
        avoided = embedded.avoided(scored, topics) if scores else frozenset()
        made = {**verdicts}
        for paper in scored:
            score, one = verdicts[paper.id], foreseen[paper.id]
            if not isinstance(score, Score):
                continue
            if scores:
                relevance = learner.relevance(one)
                if paper.id in avoided:  # of which the learner knows nothing
                    relevance = min(relevance, score.relevance)
                score = replace(score, relevance=relevance)
            before = earlier.get(paper.id)
            match = before.match if before else None if self.has_seen(day) else one.match
            score = replace(score, match=match)
            may_please = match is not None and match >= LIKELY_MATCH
            if match is not None and (cut.passes(score) or paper.id in always or may_please):
                words = before.words if before else ()
                words = words or explanation.explain(paper.title, paper.abstract, one.lift)
                score = replace(score, words=words)
            made[paper.id] = score
        return made

    def after(self, digest: Digest, papers: Sequence[Paper], topics: Topics) -> Feedback:
        """The state to archive with a new record: its scores teach, if the model gave them."""
        if digest.scorer is not ScoredBy.MODEL:
            return self.feedback
        passes = {i: digest.cut.passes(score) for i, score in digest.scores.items()}
        scored = [paper for paper in papers if paper.id in passes]
        learned = learner.learn(self.feedback.learned, digest.date, scored, topics, passes)
        return replace(self.feedback, learned=learned)


def taught(
    state: Feedback,
    dates: Sequence[date],
    read: Callable[[date], Digest],
    read_file: Callable[[PurePosixPath], bytes | None],
    *,
    page: bool,
) -> Taught:
    """What the site shows of votes and, if there is to be a `page` of it, of what was learned.

    `dates` are those of the records, oldest first; `read` gives a record, and `read_file` a file of
    the site's folder.
    """
    learned = state.learned if page else None
    words = strongest_words(learned, dates, read) if learned else ()
    return Taught(state.votes, feedback.shown_days(state.votes, read_file), learned, words)


def strongest_words(
    learned: Learned, dates: Sequence[date], read: Callable[[date], Digest], most: int = WORDS_SHOWN
) -> tuple[Word, ...]:
    """The strongest words for and against, as the last days' papers write them."""
    texts: list[tuple[str, str]] = []
    for digest in map(read, dates[-SPELLED_DAYS:]):
        for kept in digest.kept:
            topic, paper = kept.score.topic, kept.paper
            texts += ((topic, paper.title), (topic, paper.abstract))
        texts += ((below.score.topic, below.title) for below in digest.below)
    return explanation.strongest(learned, texts, most)


def votes_by_hand(out: Path) -> dict[str, Vote]:
    """Those below `out`, by paper: nobody can read them again elsewhere."""
    votes = feedback.read_votes(out)
    return {vote.id: vote for vote in votes if vote.source is VoteSource.HAND}


def with_pulled(out: Path, unfinished: Path) -> Feedback:
    """What is archived below `out`, with the votes that wait in `unfinished`."""
    archived, new = feedback.read(out), pulled(unfinished)
    liked = {paper.id: paper for paper in (*archived.liked, *new.papers)}
    votes = merged(archived.votes, new)
    return replace(archived, votes=votes, liked=tuple(liked.values()))
