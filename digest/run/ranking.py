"""Who is kept, in which order; and if enough papers have a score. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from digest.core.day import Below, Cut, Digest, Kept, Unscored
from digest.core.errors import Interrupted, OverBudget, ScoringError
from digest.core.papers import Paper, announced
from digest.core.scores import Failure, Reason, Score, Verdict
from digest.core.wording import count, in_short

MIN_FAILED = 5  # fewer failed papers are no outage, unless all have failed


@dataclass(frozen=True, slots=True)
class Ranking:
    """Every paper that was to be scored, each in exactly one of the three lists."""

    kept: tuple[Kept, ...]
    below: tuple[Below, ...]
    unscored: tuple[Unscored, ...]


def rank(
    papers: Sequence[Paper],
    verdicts: Mapping[str, Verdict],
    cut: Cut,
    author_matches: Mapping[str, str],
    phrase_matches: Mapping[str, str] = {},
) -> Ranking:
    """Sort `papers` by their verdicts; a paper without a verdict is unscored, never dropped.

    The matches have the author, or the phrase, of each paper that is kept whatever its score. Such
    papers do not count against the cut's `top`.
    """
    scored: list[Kept] = []
    unscored: list[Unscored] = []
    for paper in papers:
        verdict = verdicts.get(paper.id, Failure("no verdict"))
        matches = author_matches.get(paper.id), phrase_matches.get(paper.id)
        if isinstance(verdict, Failure):
            unscored.append(Unscored(paper, verdict.reason, *matches))
        else:
            scored.append(Kept(paper, verdict, *matches))
    scored.sort(key=lambda k: best_first(k.score, k.paper.id))
    unscored.sort(key=lambda u: (not _has_match(u), u.paper.id))
    places_left = math.inf if cut.top is None else cut.top
    kept: list[Kept] = []
    below: list[Below] = []
    for one in scored:
        if _has_match(one):
            kept.append(one)
        elif cut.passes(one.score) and places_left > 0:
            places_left -= 1
            kept.append(one)
        else:
            below.append(Below(one.paper.id, one.paper.title, one.score))
    return Ranking(tuple(kept), tuple(below), tuple(unscored))


def _has_match(one: Kept | Unscored) -> bool:
    return one.author_match is not None or one.phrase_match is not None


def shortfall(
    digest: Digest,
    max_unscored: float,
    trouble: str = "",
    *,
    last_try: bool = False,
    falls_back: bool = False,
) -> ScoringError | None:
    """The error if a day has too few scores to publish. `trouble` is the scorer's own reason;
    `falls_back`: another scorer takes its place.

    There are too few if more than the share `max_unscored` of the papers failed, and at least five;
    or if no paper that the scorer was asked about has a score. Papers that the model refused for
    their content count only in the second rule, and not in the `last_try` at a day. Papers that
    could not be read were never asked about.
    """
    reasons = Counter(u.reason for u in digest.unscored)
    refused, unreadable = reasons[Reason.REFUSED], reasons[Reason.UNREADABLE]
    failed, scanned = len(digest.unscored) - refused - unreadable, digest.counts.scanned
    papers = f"{len(digest.unscored)} of {count(scanned, 'paper')}"
    end = f"{papers} not scored ({in_short(reasons)})"
    if not falls_back:
        end += "; nothing is published"
    if len(digest.unscored) < scanned:
        end += ", what was scored is kept, and the next run pays only for the rest"
    too_many = failed >= MIN_FAILED and failed / scanned > max_unscored
    asked = scanned - unreadable
    nothing = asked > 0 and failed + refused == asked and not (last_try and refused == asked)
    spent = "the day's budget does not reach: "
    return scoring_error(reasons, trouble, end, spent, too_few=too_many or nothing)


def scoring_error(
    reasons: Counter[str], trouble: str, end: str, spent: str, *, too_few: bool
) -> ScoringError | None:
    """The error if somebody stopped the scorer, or if there are `too_few` scores.

    `reasons` counts the papers without a score, `trouble` is the scorer's own reason, `end` says
    how many papers have no score and what becomes of them, `spent` that the money is spent.
    """
    if reasons[Reason.INTERRUPTED]:
        return Interrupted(f"interrupted: {end}")
    if not too_few:
        return None
    if reasons[Reason.BUDGET]:
        return OverBudget(f"{spent}{trouble or 'raise llm.budget_usd'}: {end}")
    return ScoringError(f"the model failed: {trouble or 'try again later'}: {end}")


def best_first(score: Score, paper_id: str) -> tuple[int, int, float, str]:
    """The sort key, the only rule of order: relevance + novelty, then relevance, then match, or
    similarity until something is learned (a score without either comes last), then id."""
    total = score.relevance + (score.novelty or 0)
    liking = score.similarity if score.match is None else score.match
    return -total, -score.relevance, math.inf if liking is None else -liking, paper_id


def carry_over(digest: Digest, previous: Digest) -> Digest:
    """`digest` with the outcomes of papers that only the day's `previous` record has."""
    lost = announced(digest.sources).keys() - set(digest.outcome_ids)
    below = [*digest.below, *(b for b in previous.below if b.id in lost)]
    filtered = [*digest.filtered, *(f for f in previous.filtered if f.id in lost)]
    seen = [*digest.seen, *(paper_id for paper_id in previous.seen if paper_id in lost)]
    return replace(
        digest,
        below=tuple(sorted(below, key=lambda b: best_first(b.score, b.id))),
        filtered=tuple(sorted(filtered, key=lambda f: f.id)),
        seen=tuple(sorted(seen)),
    )
