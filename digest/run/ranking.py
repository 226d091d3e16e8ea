"""The cut and the order. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from digest.core.errors import Interrupted, OverBudget, ScoringError
from digest.core.models import Below, Cut, Digest, Kept, Unscored
from digest.core.papers import Paper, announced
from digest.core.scores import Failure, Reason, Score, Verdict
from digest.core.wording import count, in_short

FEWEST_FAILED = 5  # fewer unscored papers than this are no outage, unless they are all


@dataclass(frozen=True, slots=True)
class Ranking:
    """Every paper that was to be scored, each in exactly one of the three."""

    kept: tuple[Kept, ...]
    below: tuple[Below, ...]
    unscored: tuple[Unscored, ...]


NO_VERDICT = Failure("no verdict")


def rank(
    papers: Sequence[Paper],
    verdicts: Mapping[str, Verdict],
    cut: Cut,
    author_matches: Mapping[str, str],
) -> Ranking:
    """Sort `papers` by what the scorer said of them; what it forgot is unscored, never dropped.

    `author_matches` maps the ids that are kept whatever their score to the matching author.
    """
    kept: list[Kept] = []
    below: list[Below] = []
    unscored: list[Unscored] = []
    for paper in papers:
        verdict = verdicts.get(paper.id, NO_VERDICT)
        author = author_matches.get(paper.id)
        if isinstance(verdict, Failure):
            unscored.append(Unscored(paper, verdict.reason, author))
        elif author is not None or passes(verdict, cut):
            kept.append(Kept(paper, verdict, author))
        else:
            below.append(Below(paper.id, paper.title, verdict))
    kept.sort(key=lambda k: best_first(k.score, k.paper.id))
    below.sort(key=lambda b: best_first(b.score, b.id))
    unscored.sort(key=lambda u: (u.author_match is None, u.paper.id))
    return Ranking(tuple(kept), tuple(below), tuple(unscored))


def shortfall(
    digest: Digest, max_unscored: float, trouble: str = "", *, last_try: bool = False
) -> ScoringError | None:
    """Why a day is too incomplete to publish, or None. `trouble` is the scorer's own reason.

    A day is too incomplete if more than the share `max_unscored` of its papers, and at least five
    of them, have no score, or none of those that were asked about has. What the model refused for
    its content does not count, unless nothing else came back; in the `last_try` at a day it does
    not count at all. What could not be read was never asked about.
    """
    reasons = Counter(u.reason for u in digest.unscored)
    refused, unreadable = reasons[Reason.REFUSED], reasons[Reason.UNREADABLE]
    failed, scanned = len(digest.unscored) - refused - unreadable, digest.counts.scanned
    what = f"{len(digest.unscored)} of {count(scanned, 'paper')} not scored ({in_short(reasons)})"
    end = f"{what}; nothing is published"
    if len(digest.unscored) < scanned:
        end += ", what was scored is kept, and the next run pays only for the rest"
    if reasons[Reason.INTERRUPTED]:
        return Interrupted(f"interrupted: {end}")
    too_many = failed >= FEWEST_FAILED and failed / scanned > max_unscored
    asked = scanned - unreadable
    nothing = asked > 0 and failed + refused == asked and not (last_try and refused == asked)
    if not too_many and not nothing:
        return None
    if reasons[Reason.BUDGET]:
        remedy = "raise llm.budget_usd or follow fewer categories"
        return OverBudget(f"the day's budget does not reach: {trouble or remedy}: {end}")
    return ScoringError(f"the model failed: {trouble or 'try again later'}: {end}")


def passes(score: Score, cut: Cut) -> bool:
    """At or above the cut on both axes; on relevance alone where novelty was not judged."""
    return score.relevance >= cut.relevance and (
        score.novelty is None or score.novelty >= cut.novelty
    )


def best_first(score: Score, paper_id: str) -> tuple[int, int, str]:
    """The sort key: relevance + novelty, then relevance, then id."""
    return -(score.relevance + (score.novelty or 0)), -score.relevance, paper_id


def carry_over(digest: Digest, before: Digest) -> Digest:
    """`digest` with the outcomes of papers that only an earlier run of the same day saw."""
    lost = announced(digest.sources).keys() - set(digest.outcome_ids)
    below = [*digest.below, *(b for b in before.below if b.id in lost)]
    filtered = [*digest.filtered, *(f for f in before.filtered if f.id in lost)]
    seen = [*digest.seen, *(paper_id for paper_id in before.seen if paper_id in lost)]
    return replace(
        digest,
        below=tuple(sorted(below, key=lambda b: best_first(b.score, b.id))),
        filtered=tuple(sorted(filtered, key=lambda f: f.id)),
        seen=tuple(sorted(seen)),
    )
