"""Which papers from below the cut are shown: near misses, and one drawn at random. Pure."""

from __future__ import annotations

from hashlib import sha256

from digest.core.day import Below, Digest, Explorer
from digest.core.scores import ScoredBy

NEAR_MISSES = 20  # on a page
NEAR_MISSES_TO_TICK = 10  # in the daily issue
FARTHEST_MISS = 3  # points under the cut, both axes together
LOWEST_MISS = 3  # relevance by the embedded scorer


def near_misses(digest: Digest, most: int = NEAR_MISSES) -> list[Below]:
    """The papers that missed the cut by least, those beyond its `top` first.

    A paper of which the embedded scorer found no word of the topics, or hardly one, is none.
    """
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
    return sorted(near, key=missed_by)[:most]


def draw_explorer(digest: Digest) -> Explorer | None:
    """One of the papers below the cut that the daily issue does not show as near misses; None if
    it shows them all. Each is as likely as the others; on one date it is always the same."""
    shown = {below.id for below in near_misses(digest, NEAR_MISSES_TO_TICK)}
    ids = sorted(below.id for below in digest.below if below.id not in shown)
    if not ids:
        return None
    seed = int.from_bytes(sha256(str(digest.date).encode()).digest())
    return Explorer(ids[seed % len(ids)], 1 / len(ids))
