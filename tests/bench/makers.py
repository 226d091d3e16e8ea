"""Made days: of any size, with the seed day's verdicts, out of real papers.

Kept papers are real ones of the seed and training days, none twice in twenty days; of the others,
of which only the title and the comment are recorded, and of all comments every third long word is
another.
"""

from __future__ import annotations

import math
import random
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from digest.core.day import Digest
from digest.core.scores import Score, Usage
from digest.run.ranking import rank
from tests import make
from tests.bench import ranking
from tests.make import CUT
from tests.scoring.fake import labels_of_seed_day
from tests.scoring.scoring import shipped_prompt


class Makers:
    """Makes days of the size and the verdicts of the seed day, out of real papers."""

    def __init__(self, data: Path) -> None:
        papers, labels = labels_of_seed_day(data)
        _, self.prompt = shipped_prompt()
        scores = [Score(**labels[paper.id]) for paper in papers]
        self.kept = [score for score in scores if CUT.passes(score)]
        self.others = [score for score in scores if not CUT.passes(score)]
        self.texts = [label.paper for _, day in ranking.days(data) for label in day]
        random.Random(0).shuffle(self.texts)
        self.words = [w for p in papers for w in re.findall(r"\w{4,}", p.abstract)]

    def day(self, index: int, day: date, kept: int, scanned: int) -> Digest:
        rng = random.Random(index)
        papers, verdicts = [], {}
        drawn = _draw(rng, self.kept, kept) + _draw(rng, self.others, scanned - kept)
        for number, score in enumerate(drawn):
            if number < kept:  # whole, and no paper twice while there are others
                paper = self.texts[(index * kept + number) % len(self.texts)]
            else:  # of which only the title is recorded
                paper = rng.choice(self.texts)
                paper = replace(paper, title=self._reworded(rng, paper.title))
            paper = replace(paper, id=f"{day:%y%m}.{day.day:02}{number:03}")
            papers.append(paper)
            verdicts[paper.id] = replace(score, comment=self._reworded(rng, score.comment))
        rng.shuffle(papers)
        ranked = rank(papers, verdicts, CUT, {})
        made = datetime(day.year, day.month, day.day, 6, 30, tzinfo=UTC)
        return replace(
            make.digest(kept=ranked.kept, day=day, generated_at=made),
            below=ranked.below,
            prompt=self.prompt,
            sources={"cs.LG": make.source(*papers, url="https://rss.arxiv.org/rss/cs.LG")},
            usage=Usage(190_000 + day.toordinal() % 997, 60_000, 31_000, 4_000, 46),
            cost_usd=0.04 + day.toordinal() % 997 / 1e6,
        )

    def _reworded(self, rng: random.Random, text: str) -> str:
        """The text with every third long word another one: no long run is that of another day."""

        def other(match: re.Match[str]) -> str:
            return rng.choice(self.words) if rng.random() < 1 / 3 else match[0]

        parts = re.split(r"(\$[^$]*\$|\\\w+)", text)  # formulas stay whole
        return "".join(p if i % 2 else re.sub(r"\w{4,}", other, p) for i, p in enumerate(parts))


def _draw(rng: random.Random, scores: list[Score], number: int) -> list[Score]:
    """So many of them, none twice while there are others."""
    return rng.sample(scores * math.ceil(number / len(scores)), number)
