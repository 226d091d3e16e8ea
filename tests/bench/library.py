"""How well topics that are drafted from a library rank, without a key.

The library is kept papers of `train_days`, taken evenly in time. Figures: AUC and average precision
on `seed_day` of topics drafted from 30 of them (10 and 100 beside it), next to the hand-written
topics; and leave one out: the share of a library's papers that topics drafted from all the others
put into the top tenth of the day that announced the paper.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean

from digest.core.papers import Paper
from digest.core.scores import Topics
from digest.core.votes import VotedPaper
from digest.evaluation.compare import evaluate
from digest.evaluation.labels import Label
from digest.scoring import draft, embedded
from digest.scoring.topics import parse_topics
from tests.bench.ranking import _CUT, Row, days_of
from tests.bench.runs import ROOT

Days = list[tuple[str, Sequence[Label]]]
_SIZES = (10, 30, 100)
_DRAWS = 4


def measure(data: Path) -> dict[str, Row]:
    """Print the figures and the topics drafted from 30 papers."""
    seed, train = list(days_of(data, "seed_day")), list(days_of(data, "train_days"))
    readers = {
        "machine learning": (train, seed, ROOT / "prompts"),
        "astronomy": (*_halves(data), data / "reader_astro"),
    }
    rows: dict[str, Row] = {}
    for reader, (earlier, later, folder) in readers.items():
        days, tested = dict(earlier), dict(later)
        tested_ids = {label.paper.id for labels in tested.values() for label in labels}
        library = [
            (day, label.paper)
            for day, labels in days.items()
            for label in labels
            if label.relevant and label.paper.id not in tested_ids
        ]
        by_hand = parse_topics((folder / "topics.md").read_text(encoding="utf-8"))
        rows[f"{reader}: by hand"] = _row(list(tested.values()), by_hand)
        for size in _SIZES:
            if size > len(library):
                continue
            draws = [
                _row(list(tested.values()), _drafted(p for _, p in _evenly(library, size, number)))
                for number in range(_DRAWS)
            ]
            for name in ("AUC", "AP"):
                row = rows.setdefault(f"{reader}: drafted from {size}", {})
                values = [draw[name] or 0.0 for draw in draws]
                row |= {name: fmean(values), f"least {name}": min(values)}
        sample = _evenly(library, 30, 0)
        rows[f"{reader}: drafted from 30"]["left out, in top tenth"] = _left_out(sample, days)
        print(draft.written(_drafted(paper for _, paper in sample)))
    for name, row in rows.items():
        print(f"{name:36}", "  ".join(f"{key} {value:.3f}" for key, value in row.items()))
    return rows


def _halves(data: Path) -> tuple[Days, Days]:
    days = list(days_of(data, "reader_astro"))
    return days[: len(days) // 2], days[len(days) // 2 :]


def _evenly(library: list[tuple[str, Paper]], size: int, start: int) -> list[tuple[str, Paper]]:
    step = len(library) / size
    return [library[int((i + start / _DRAWS) * step)] for i in range(size)]


def _drafted(papers: Iterable[Paper]) -> Topics:
    return draft.draft([VotedPaper(p.id, p.title, p.abstract) for p in papers])


def _row(days: Sequence[Sequence[Label]], topics: Topics) -> Row:
    found = []
    for labels in days:
        scores = embedded.score([label.paper for label in labels], topics)
        found.append(evaluate(labels, scores, _CUT).figures)
    names = {"AUC": "auc", "AP": "average_precision"}
    values = {name: [f[key] for f in found] for name, key in names.items()}
    return {name: fmean(v for v in own if v is not None) for name, own in values.items()}


def _left_out(sample: list[tuple[str, Paper]], days: dict[str, Sequence[Label]]) -> float:
    hits = 0
    for place, (day, paper) in enumerate(sample):
        topics = _drafted(p for n, (_, p) in enumerate(sample) if n != place)
        scores = embedded.score([label.paper for label in days[day]], topics)
        similarities = {name: score.similarity or 0.0 for name, score in scores.items()}
        own = similarities[paper.id]
        hits += sum(other > own for other in similarities.values()) < len(scores) / 10
    return hits / len(sample)
