"""What a cut keeps, and which other cut would keep a share that a person can read. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from digest.core.config import Keep
from digest.core.day import Cut, Day, Digest
from digest.core.scores import Score, ScoredBy
from digest.core.wording import count

SCALE = range(1, 11)
CUTS = tuple(Cut(relevance, novelty) for relevance in SCALE for novelty in SCALE)
Pair = tuple[int, int | None]  # relevance and novelty of a paper

LEAST, MOST = 0.02, 0.25  # shares: less than this hides papers, more is not read
MIDDLE = math.sqrt(LEAST * MOST)
DAYS = 10  # recorded days that are looked at
MIN_DAYS, MIN_PAPERS = 3, 100  # with fewer days and fewer papers, a share says little
LOWEST_RELEVANCE = 3  # 1 and 2 mean that a paper has nothing to do with the topics


def reaching(papers: Mapping[Pair, float]) -> list[float]:
    """How many papers reach each of `CUTS`, from how many have each pair of scores."""
    rows = [[0.0] * 12 for _ in range(12)]  # by relevance and novelty
    for (relevance, novelty), number in papers.items():
        rows[relevance][SCALE[-1] if novelty is None else novelty] += number
    for relevance in reversed(SCALE):
        row, above, total = rows[relevance], rows[relevance + 1], 0.0
        for novelty in reversed(SCALE):
            total += row[novelty]
            row[novelty] = above[novelty] + total
    return [number for row in rows[1:11] for number in row[1:11]]


# --- does a cut keep too little, or too much? -------------------------------------------------


@dataclass(frozen=True, slots=True)
class Share:
    """How many papers of some days a cut keeps."""

    cut: Cut
    papers: int  # scored
    reach: int  # the cut; papers that are always kept count by their scores
    kept: int  # fewer than `reach` where the cut has a `top`
    has_novelty: bool
    usual_top: int | None  # of the scorer: what counts if config.yaml says nothing

    @property
    def is_too_small(self) -> bool:
        return self.reach < LEAST * self.papers

    @property
    def is_too_large(self) -> bool:
        return self.kept > MOST * self.papers

    @property
    def is_good(self) -> bool:
        return not (self.is_too_small or self.is_too_large)

    @property
    def name(self) -> str:
        """Relevance 8, novelty 7."""
        novelty = f", novelty {self.cut.novelty}" if self.has_novelty else ""
        return f"relevance {self.cut.relevance}{novelty}"

    @property
    def setting(self) -> str:
        """As it is written in config.yaml."""
        novelty = f", novelty: {self.cut.novelty}" if self.has_novelty else ""
        top = ""
        if self.cut.top != self.usual_top:
            top = f", top: {'null' if self.cut.top is None else self.cut.top}"
        return f"keep: {{relevance: {self.cut.relevance}{novelty}{top}}}"

    @property
    def percent(self) -> str:
        share = self.kept / self.papers
        return f"{share:.1%}" if 0 < share < 0.1 else f"{share:.0%}"

    @property
    def number(self) -> str:
        """61 (5.1%)."""
        return f"{self.kept:,} ({self.percent})"


@dataclass(frozen=True, slots=True)
class Advice:
    """What the present cut keeps of the last days; and if that is too little or too much, the
    nearest cut that keeps a good share, if there is one."""

    days: int
    present: Share
    better: Share | None

    @property
    def finding(self) -> str:
        """What the present cut keeps, in a clause."""
        share = self.present
        days = f"the last {self.days} days" if self.days > 1 else "the last day"
        bound = ""
        if share.is_too_small:
            bound = f", less than {LEAST:.0%}"
        elif share.is_too_large:
            bound = f", more than {MOST:.0%}"
        papers = f"{share.kept:,} of the {count(share.papers, 'paper')} scored on {days}"
        return f"{share.name} keeps {papers} ({share.percent}{bound})"

    @property
    def remedy(self) -> str:
        """What to do, in a clause; "" if the share is good."""
        if self.present.is_good:
            return ""
        if other := self.better:
            return f"`{other.setting}` would keep {other.number}"
        return f"no cut would keep {LEAST:.0%} to {MOST:.0%}: look at the topics and the categories"


def last_days(days: Sequence[Day], scorer: ScoredBy | None = None) -> list[Day]:
    """Of the last `DAYS` days with scores, those by this scorer (the newest day's if None).

    `days` are oldest first, and so is the result.
    """
    scored = [day for day in days[-2 * DAYS :] if sum(day.relevance)][-DAYS:]
    wanted = scorer or (scored[-1].scorer if scored else None)
    return [day for day in scored if day.scorer is wanted]


def advise(digests: Sequence[Digest], cut: Cut | None = None) -> Advice | None:
    """Whether `cut` (the newest day's if None) keeps a good share of these days, oldest first. Its
    `top` limits each day, whatever limit the day was made with.

    Only days with the newest one's scorer, model and prompt count: scores of others do not compare.
    None if there are fewer than `MIN_DAYS` of them, with fewer than `MIN_PAPERS` papers.
    """
    digests = [d for d in digests if not _has_older_scale(d)]
    if not digests:
        return None
    newest = digests[-1]
    cut = cut or newest.cut
    same = [d for d in digests if _made_by(d) == _made_by(newest)]
    shares = _shares(same, cut.top)
    papers = shares[0].papers
    if not papers or (len(same) < MIN_DAYS and papers < MIN_PAPERS):
        return None
    present = next(share for share in shares if share.cut == cut)
    return Advice(len(same), present, None if present.is_good else _nearest(present, shares))


def _made_by(digest: Digest) -> tuple[ScoredBy, str | None, str]:
    return digest.scorer, digest.model, digest.prompt.sha256


def _has_older_scale(digest: Digest) -> bool:
    """True for a day by the embedded scorer of older versions, whose scores do not compare."""
    return digest.scorer is ScoredBy.EMBEDDED and digest.with_phrase is None


def _shares(digests: Sequence[Digest], top: int | None) -> list[Share]:
    """What each of `CUTS` keeps of these days, with at most `top` papers a day."""
    pairs, reach, kept = Counter[Pair](), [0] * len(CUTS), [0] * len(CUTS)
    for digest in digests:
        always = _pairs(k.score for k in digest.kept if k.author_match or k.phrase_match)
        every = _pairs([*(k.score for k in digest.kept), *(b.score for b in digest.below)])
        pairs += every
        # Papers that are always kept take no place of `top`.
        for i, (number, free) in enumerate(zip(reaching(every), reaching(always), strict=True)):
            reach[i] += round(number)
            kept[i] += round(number if top is None else min(number, top + free))
    has_novelty = any(novelty is not None for _, novelty in pairs)
    usual_top = Keep().cut(digests[-1].scorer).top
    return [
        Share(replace(cut, top=top), pairs.total(), reach[i], kept[i], has_novelty, usual_top)
        for i, cut in enumerate(CUTS)
    ]


def _pairs(scores: Iterable[Score]) -> Counter[Pair]:
    return Counter((score.relevance, score.novelty) for score in scores)


def _nearest(present: Share, shares: Sequence[Share]) -> Share | None:
    """The cut with a good share that is the fewest points away; of several, the one whose share is
    nearest to the middle of what is good."""

    def distance(share: Share) -> tuple[int, float]:
        points = abs(share.cut.relevance - present.cut.relevance)
        points += abs(share.cut.novelty - present.cut.novelty)
        return points, abs(math.log(share.kept / share.papers / MIDDLE))

    good = [s for s in shares if s.is_good and s.kept and s.cut.relevance >= LOWEST_RELEVANCE]
    if not present.has_novelty:
        good = [share for share in good if share.cut.novelty == present.cut.novelty]
    return min(good, key=distance, default=None)
