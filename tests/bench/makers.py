"""Made days: of any size, with the seed day's verdicts, out of real papers.

Kept papers are real ones of the seed and training days, none twice in twenty days; of the others,
of which only the title and the comment are recorded, and of all comments every third long word is
another.
"""

from __future__ import annotations

import gzip
import json
import math
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from digest.core.day import Cut, Digest, Status
from digest.core.papers import AnnounceType, Entry, Paper, Source, SourceState
from digest.core.scores import Score, ScoredBy, Usage
from digest.run import ranking
from tests.scoring.fake import Label, labels_of_seed_day
from tests.scoring.scoring import shipped_prompt

CUT = Cut(8, 7)


class Makers:
    """Makes days of the size and the verdicts of the seed day, out of real papers."""

    def __init__(self, data: Path) -> None:
        self.papers, self.labels = labels_of_seed_day(data)
        _, self.prompt = shipped_prompt()
        self.kept = [p for p in self.papers if _passes(self.labels[p.id])]
        self.others = [p for p in self.papers if not _passes(self.labels[p.id])]
        self.texts = [*self.papers, *_train_papers(data)]
        random.Random(0).shuffle(self.texts)
        self.words = [w for p in self.papers for w in re.findall(r"\w{4,}", p.abstract)]

    def day(self, index: int, day: date, kept: int, scanned: int) -> Digest:
        rng = random.Random(index)
        papers, labels = [], {}
        chosen = _draw(rng, self.kept, kept) + _draw(rng, self.others, scanned - kept)
        for number, judged in enumerate(chosen):
            paper_id = f"{day:%y%m}.{day.day:02}{number:03}"
            if number < kept:  # whole, and no paper twice while there are others
                paper = self.texts[(index * kept + number) % len(self.texts)]
            else:  # of which only the title is recorded
                paper = rng.choice(self.texts)
                paper = replace(paper, title=self._reworded(rng, paper.title))
            papers.append(replace(paper, id=paper_id))
            label = self.labels[judged.id]
            comment = self._reworded(rng, label["comment"])
            labels[paper_id] = Label(**{**label, "comment": comment})
        rng.shuffle(papers)
        return self._digest(day, papers, labels)

    def _reworded(self, rng: random.Random, text: str) -> str:
        """The text with every third long word another one: no long run is that of another day."""

        def other(match: re.Match[str]) -> str:
            return rng.choice(self.words) if rng.random() < 1 / 3 else match[0]

        parts = re.split(r"(\$[^$]*\$|\\\w+)", text)  # formulas stay whole
        return "".join(p if i % 2 else re.sub(r"\w{4,}", other, p) for i, p in enumerate(parts))

    def _digest(self, day: date, papers: Sequence[Paper], labels: dict[str, Label]) -> Digest:
        verdicts = {paper_id: Score(**label) for paper_id, label in labels.items()}
        ranked = ranking.rank(papers, verdicts, CUT, {})
        ids = sorted(paper.id for paper in papers)
        entries = tuple(Entry(paper_id, 1, AnnounceType.NEW) for paper_id in ids)
        return Digest(
            date=day,
            status=Status.COMPLETE,
            generated_at=datetime(day.year, day.month, day.day, 6, 30, tzinfo=UTC),
            scorer=ScoredBy.MODEL,
            model="some-model",
            prompt=self.prompt,
            cut=CUT,
            sources={
                "cs.LG": Source("https://rss.arxiv.org/rss/cs.LG", SourceState.FRESH, entries)
            },
            kept=ranked.kept,
            below=ranked.below,
            filtered=(),
            seen=(),
            unscored=(),
            usage=Usage(190_000 + day.toordinal() % 997, 60_000, 31_000, 4_000, 46),
            cost_usd=0.04 + day.toordinal() % 997 / 1e6,
        )


def _draw(rng: random.Random, papers: list[Paper], number: int) -> list[Paper]:
    """So many of them, none twice while there are others."""
    return rng.sample(papers * math.ceil(number / len(papers)), number)


def _passes(label: Label) -> bool:
    return label["relevance"] >= CUT.relevance and label["novelty"] >= CUT.novelty


def _train_papers(data: Path) -> Iterator[Paper]:
    for path in sorted(data.glob("train_days/*.candidates.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                authors, categories = tuple(row["authors"]), tuple(row["categories"])
                texts = row["title"], authors, row["abstract"]
                yield Paper(row["id"], 1, *texts, categories, AnnounceType.NEW)
