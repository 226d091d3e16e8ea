"""The papers that nearly reached the cut, and those of them that the reader may like. Pure."""

from __future__ import annotations

from digest.core.day import Below, Digest
from digest.core.scores import ScoredBy

NEAR_MISSES = 20
FARTHEST_MISS = 3  # points under the cut, both axes together
LOWEST_MISS = 3  # relevance by the embedded scorer
MAY_LIKE, LIKELY_MATCH = 3, 95  # papers at most; the lowest match
WHY_LIKELY = (
    f"Below the cut, but among the best {100 - LIKELY_MATCH}% of the day by what the learner knows."
)


def may_like(digest: Digest) -> list[Below]:
    """Of the papers that missed the cut by little, those that the learner puts among the best of
    the day, the best first. They stay below the cut."""
    likely = [b for b in _nearest(digest) if (b.score.match or 0) >= LIKELY_MATCH]
    return sorted(likely, key=lambda b: -(b.score.match or 0))[:MAY_LIKE]


def near_misses(digest: Digest) -> list[Below]:
    """The other papers that missed the cut by least, those beyond its `top` first."""
    likely = may_like(digest)
    return [below for below in _nearest(digest) if below not in likely]


def _nearest(digest: Digest) -> list[Below]:
    """Both. A paper of which the embedded scorer found no word of the topics, or hardly one, is
    none."""
    lowest = LOWEST_MISS if digest.scorer is ScoredBy.EMBEDDED else 1

    def missed_by(below: Below) -> int:
        lacks = max(0, digest.cut.relevance - below.score.relevance)
        if below.score.novelty is not None:
            lacks += max(0, digest.cut.novelty - below.score.novelty)
        return lacks

    near = (
        below
        for below in digest.below
        if missed_by(below) <= FARTHEST_MISS and below.score.relevance >= lowest
    )
    return sorted(near, key=missed_by)[:NEAR_MISSES]
