"""Which papers from below the cut are shown: near misses, those of them that the reader may like,
and one drawn at random. Pure."""

from __future__ import annotations

from hashlib import sha256

from digest.core.day import Below, Digest, Explorer
from digest.core.scores import ScoredBy

NEAR_MISSES = 20  # on a page, with those that the reader may like
NEAR_MISSES_TO_TICK = 10  # in the daily issue, with them too
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
    others = [below for below in _nearest(digest) if below not in likely]
    return others[: NEAR_MISSES - len(likely)]


def to_tick(digest: Digest) -> list[Below]:
    """Those in the daily issue: what the reader may like, then the nearest."""
    return [*may_like(digest), *near_misses(digest)][:NEAR_MISSES_TO_TICK]


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
    return sorted(near, key=missed_by)


def draw_explorer(digest: Digest) -> Explorer | None:
    """One of the papers below the cut that the daily issue does not show as near misses; None if
    it shows them all. Each is as likely as the others; on one date it is always the same."""
    shown = {below.id for below in to_tick(digest)}
    ids = sorted(below.id for below in digest.below if below.id not in shown)
    if not ids:
        return None
    seed = int.from_bytes(sha256(str(digest.date).encode()).digest())
    return Explorer(ids[seed % len(ids)], 1 / len(ids))
