"""How well the learner foresees the labelled days of two readers, in time order.

Days, labels and baselines are those of `ranking`; a label is whether a paper
reached the model's cut, so it is what the learner is taught. Each day is first foreseen, then
learned from. Figures:

- AUC and average precision of each day after the first, and the means of each reader;
- what the embedded scorer's usual cut (relevance 3, at most 20) keeps with its relevance and with
  the learner's, from the fourth day on, also with the learner's scale moved;
- the closed loop: only the learner's own best share of each day (`llm.share`) teaches it;
- likes: some kept papers of the other days, without a learned state, against the words alone;
- CPU seconds of foreseeing a day and learning from it.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from digest.core.day import Cut
from digest.core.learned import Learned
from digest.core.papers import Paper
from digest.core.scores import Score, Topics
from digest.core.votes import VotedPaper
from digest.evaluation.compare import evaluate
from digest.evaluation.labels import Label
from digest.run.ranking import best_first
from digest.scoring import embedded, learner
from digest.scoring.learner import Foreseen, Likes
from digest.scoring.topics import parse_topics
from tests.bench import ranking, runs

Day = tuple[str, Sequence[Label]]
Figures = tuple[float | None, float | None]  # AUC, average precision
Scores = Mapping[str, Score]

_CUT = Cut(8, 7)
_AIMS = {"topics.md": (0.92, 0.57), "astro": (0.90, None)}
_SHIFTS = (-0.2, -0.1, 0.0, 0.1, 0.2)
_SHARES = (0.5, 0.25)
_NUMBERS, _DRAWS = (1, 5, 20, 100), 8
_ABOVE, _AT_MOST = 3, 20
_NAMES = {"cosine": "cosine", "best topic": "best topic", "BM25": "BM25", "ours": "embedded"}


def measure(data: Path) -> dict[str, Any]:
    """Print every table, and return the means."""
    own = parse_topics((runs.ROOT / "prompts" / "topics.md").read_text(encoding="utf-8"))
    astro = parse_topics((data / "reader_astro" / "topics.md").read_text(encoding="utf-8"))
    readers = {
        "topics.md": (own, list(ranking.days(data))),
        "astro": (astro, list(ranking.days_of(data, "reader_astro"))),
    }
    result: dict[str, Any] = {}
    for reader, (topics, days) in readers.items():
        result[reader] = _table(reader, topics, days)
        _cuts(topics, days)
        for share in _SHARES:
            loop = [_figures(labels, seen) for _, labels, seen, _ in _taught(topics, days, share)]
            print(f"only the best {share:.0%} of each day teach: {_shown(_means(loop[1:]))}")
        print()
    result["likes"] = _likes(*readers["topics.md"])
    result["cpu_s"] = _seconds(data, own)
    return result


def _table(reader: str, topics: Topics, days: Sequence[Day]) -> dict[str, Figures]:
    names = [*_NAMES.values(), "learner"]
    print(f"{reader:18}" + "".join(f"{name:>15}" for name in names) + "   (AUC, AP)")
    columns: dict[str, list[Figures]] = {name: [] for name in names}
    for day, labels, seen, learned in list(_taught(topics, days))[1:]:
        papers = [label.paper for label in labels]
        row = {_NAMES[n]: _of(labels, rank(papers, topics)) for n, rank in ranking.RANKINGS.items()}
        row["learner"] = _figures(labels, seen)
        for name in names:
            columns[name].append(row[name])
        size = f"{len(learned.weights) if learned else 0} weights"
        cells = "".join(f"{_shown(row[name]):>15}" for name in names)
        print(f"{day} {len(papers):>4}   {cells}   {size}")
    means = {name: _means(column) for name, column in columns.items()}
    auc, ap = _AIMS[reader]
    print(f"{'mean':18}" + "".join(f"{_shown(means[name]):>15}" for name in names))
    print(f"aim: AUC {auc}" + (f", AP {ap}" if ap else ""))
    return means


def _taught(
    topics: Topics, days: Sequence[Day], share: float = 1.0
) -> list[tuple[str, Sequence[Label], Mapping[str, Foreseen], Learned | None]]:
    """Each day as it is foreseen, with what was known then; only its best share teaches."""
    learned: Learned | None = None
    taught: list[tuple[str, Sequence[Label], Mapping[str, Foreseen], Learned | None]] = []
    for day, labels in days:
        papers = [label.paper for label in labels]
        seen = learner.foresee(papers, topics, learned, Likes())
        taught.append((day, labels, seen, learned))
        best = sorted(labels, key=lambda label: -seen[label.paper.id].score)
        best = best[: round(len(best) * share)]
        passes = {label.paper.id: label.is_relevant(_CUT) for label in best}
        learned = learner.learn(learned, date.fromisoformat(day), papers, topics, passes)
    return taught


def _cuts(topics: Topics, days: Sequence[Day]) -> None:
    """What the usual cut without a model keeps, and how much of it is relevant."""
    kept: dict[str, list[tuple[int, int, int]]] = {}
    for _, labels, seen, _ in _taught(topics, days)[learner.MIN_DAYS :]:
        relevant = {label.paper.id for label in labels if label.is_relevant(_CUT)}
        scores = {"embedded": embedded.score([label.paper for label in labels], topics)}
        for shift in _SHIFTS:
            scores[f"learner {shift:+}"] = {
                key: Score(
                    learner.relevance(replace(one, score=one.score + shift)),
                    None,
                    similarity=one.score,
                )
                for key, one in seen.items()
            }
        for name, of_day in scores.items():
            order = sorted(of_day, key=lambda key: best_first(of_day[key], key))
            above = [key for key in order if of_day[key].relevance >= _ABOVE][:_AT_MOST]
            hits = len(relevant.intersection(above))
            kept.setdefault(name, []).append((len(above), hits, len(relevant)))
    for name, rows in kept.items():
        number, hits, wanted = map(sum, zip(*rows, strict=True))
        print(
            f"relevance {_ABOVE}, top {_AT_MOST}, {name:14} kept {number:>4}, of which {hits:>3}"
            f" of {wanted} relevant: precision {hits / number:.3f}, recall {hits / wanted:.3f}"
        )


def _likes(topics: Topics, days: Sequence[Day]) -> dict[int, tuple[float, float, float]]:
    """By the number of likes: the mean difference in AUC, its lower limit, that in AP."""
    print("likes: difference to the words alone, paired by day and draw; limits of the mean at 95%")
    liked = {x.paper.id: x.paper for _, labels in days[:-1] for x in labels if x.is_relevant(_CUT)}
    plain = {}
    for day, labels in days:
        papers = [label.paper for label in labels]
        plain[day] = _figures(labels, learner.foresee(papers, topics, None, Likes()))
    rows = {}
    for number in _NUMBERS:
        aucs: list[list[float]] = []  # by draw, by day
        aps: list[list[float]] = []
        for draw in range(_DRAWS):
            chance = random.Random(1_000 * number + draw)
            pairs = [_with_likes(day, topics, liked, number, chance, plain[day[0]]) for day in days]
            aucs.append([auc for auc, _ in pairs])
            aps.append([ap for _, ap in pairs])
        low = fmean(map(fmean, aucs)) - _margin([x for of_draw in aucs for x in of_draw])
        by_day = [fmean(column) for column in zip(*aucs, strict=True)]
        low_by_day = fmean(by_day) - _margin(by_day)
        rows[number] = (fmean(map(fmean, aucs)), low, fmean(map(fmean, aps)))
        print(
            f"{number:>4} likes: AUC {rows[number][0]:+.3f} (not below {low:+.3f}; days as the"
            f" sample: {low_by_day:+.3f}), AP {rows[number][2]:+.3f}"
        )
    return rows


def _with_likes(
    day: Day,
    topics: Topics,
    liked: Mapping[str, Paper],
    number: int,
    chance: random.Random,
    plain: Figures,
) -> tuple[float, float]:
    papers = [label.paper for label in day[1]]
    ids = {paper.id for paper in papers}
    drawn = chance.sample([p for key, p in liked.items() if key not in ids], number)
    likes = Likes(tuple(VotedPaper(p.id, p.title, p.abstract) for p in drawn))
    auc, ap = _figures(day[1], learner.foresee(papers, topics, None, likes))
    return (auc or 0.0) - (plain[0] or 0.0), (ap or 0.0) - (plain[1] or 0.0)


def _margin(values: Sequence[float]) -> float:
    return 1.96 * stdev(values) / math.sqrt(len(values))


def _seconds(data: Path, topics: Topics) -> dict[str, float]:
    """CPU of the seed day and of the largest (its labels are by lot), after a day that taught."""
    _, before = list(ranking.days_of(data, "train_days"))[-1]
    known = {label.paper.id: label.is_relevant(_CUT) for label in before}
    learned = learner.learn(
        None, runs.SEED_DATE - timedelta(days=1), [x.paper for x in before], topics, known
    )
    seconds = {}
    for announced in (runs.seed_announcement(data), runs.largest_announcement(data)):
        papers = announced.papers
        passes = {
            key: _CUT.passes(Score(label["relevance"], label["novelty"]))
            for key, label in announced.labels.items()
        }
        took = []
        for _ in range(5):
            learner._counts.cache_clear()
            started = time.process_time()
            learner.foresee(papers, topics, learned, Likes())
            between = time.process_time()
            learner.learn(learned, runs.SEED_DATE, papers, topics, passes)
            took.append((between - started, time.process_time() - between))
        first, second = min(took, key=sum)
        seconds[announced.name] = first + second
        print(f"{announced.name}: foreseen in {first:.2f} s CPU, learned from in {second:.2f} s")
    return seconds


def _figures(labels: Sequence[Label], seen: Mapping[str, Foreseen]) -> Figures:
    return _of(labels, {k: Score(1, None, similarity=one.score) for k, one in seen.items()})


def _of(labels: Sequence[Label], scores: Scores) -> Figures:
    figures = evaluate(labels, scores, _CUT).figures
    return figures["auc"], figures["average_precision"]


def _means(rows: Iterable[Figures]) -> Figures:
    known = [(auc, ap) for auc, ap in rows if auc is not None and ap is not None]
    return fmean(auc for auc, _ in known), fmean(ap for _, ap in known)


def _shown(figures: Figures) -> str:
    return "  ".join("-" if value is None else f"{value:.3f}" for value in figures)
