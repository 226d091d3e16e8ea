"""How well the embedded scorer ranks the labelled days of two readers, beside three baselines.

The data has `seed_day/*.jsonl.gz` (a paper a line, `relevant` says whether it was kept),
`train_days/*.candidates.jsonl.gz` with `*.labels.json` (the kept ones by id, in `papers`), both of
the reader whose topics are `prompts/topics.md`, and `reader_astro/*.jsonl.gz` with its own
`topics.md`. Figures per day and the means of each set: AUC and average precision, ours and those of
the baselines, and the share of papers that ours keeps at a relevance.
"""

from __future__ import annotations

import gzip
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean

from digest.core.day import Cut
from digest.core.papers import Paper
from digest.core.scores import Score, Topic, Topics
from digest.evaluation.compare import evaluate
from digest.evaluation.labels import Label, load_labels, parse_labels
from digest.scoring import embedded
from digest.scoring.phrases import STOP_WORDS
from digest.scoring.topics import parse_topics
from tests.bench.runs import ROOT

Row = dict[str, float | None]
Scores = Mapping[str, Score]

_CUT = Cut(8, 7)
_CUTS = (8, 3)  # relevance: of the model's days, and of those without it
_SETS = {"seed_day": "", "train_days": "", "reader_astro": "reader_astro/topics.md"}


def measure(data: Path) -> dict[str, Row]:
    """Print the figures of every day and the mean of each set."""
    rows: dict[str, Row] = {}
    for folder, own_topics in _SETS.items():
        path = data / own_topics if own_topics else ROOT / "prompts" / "topics.md"
        topics = parse_topics(path.read_text(encoding="utf-8"))
        of_set = {
            f"{folder} {name}": _row(labels, topics) for name, labels in days_of(data, folder)
        }
        rows |= of_set
        if of_set:
            rows[f"{folder} mean"] = _mean(list(of_set.values()))
    _print(rows)
    return rows


def _row(labels: Sequence[Label], topics: Topics) -> Row:
    papers = [label.paper for label in labels]
    rankings = {name: rank(papers, topics) for name, rank in RANKINGS.items()}
    figures = {name: evaluate(labels, s, _CUT).figures for name, s in rankings.items()}
    row: Row = {"papers": float(len(papers))}
    row |= {f"{name} AUC": found["auc"] for name, found in figures.items()}
    row |= {f"{name} AP": found["average_precision"] for name, found in figures.items()}
    ours = rankings["ours"].values()
    return row | {f"R>={cut}": fmean(score.relevance >= cut for score in ours) for cut in _CUTS}


def _mean(rows: list[Row]) -> Row:
    values = {name: [row[name] for row in rows] for name in rows[0]}
    known = {name: [v for v in column if v is not None] for name, column in values.items()}
    return {name: fmean(column) if column else None for name, column in known.items()}


def _print(rows: dict[str, Row]) -> None:
    names = list(next(iter(rows.values())))
    width = max(map(len, rows))
    print(" " * width + "".join(f"{name:>{len(name) + 2}}" for name in names))
    for day, row in rows.items():
        cells = (f"{_shown(name, row[name]):>{len(name) + 2}}" for name in names)
        print(f"{day:{width}}{''.join(cells)}" + "\n" * day.endswith("mean"))


def _shown(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if name == "papers" else f"{value:.3f}"


# --- the baselines -----------------------------------------------------------------------------


def tfidf_cosine(papers: Sequence[Paper], topics: Topics) -> Scores:
    """Cosine to all that is wanted minus cosine to all that is not."""
    day = _Day(papers, stop_words=frozenset(), sublinear=False)
    wanted = day.vector(" ".join(map(_wanted, topics.topics)), *topics.keywords)
    unwanted = day.vector(*(t.irrelevant for t in topics.topics), *topics.avoid)
    return _scores(papers, (_dot(v, wanted) - _dot(v, unwanted) for v in day.vectors))


def tfidf_best_topic(papers: Sequence[Paper], topics: Topics) -> Scores:
    """Cosine to the nearest topic, or to the keywords."""
    day = _Day(papers, stop_words=STOP_WORDS, sublinear=True)
    queries = [day.vector(_wanted(topic)) for topic in topics.topics]
    queries.append(day.vector(*topics.keywords))
    return _scores(papers, (max(_dot(v, query) for query in queries) for v in day.vectors))


def bm25(papers: Sequence[Paper], topics: Topics, k1: float = 1.5, b: float = 0.75) -> Scores:
    """Okapi BM25 of all that is wanted."""
    texts = [Counter(_words(_text(paper))) for paper in papers]
    mean_length = fmean(text.total() for text in texts)
    papers_with = Counter(word for text in texts for word in text)
    query = set(_words(" ".join([*map(_wanted, topics.topics), *topics.keywords]))) - STOP_WORDS

    def score(text: Counter[str]) -> float:
        norm = k1 * (1 - b + b * text.total() / mean_length)
        return sum(
            math.log(1 + (len(texts) - n + 0.5) / (n + 0.5)) * text[w] * (k1 + 1) / (text[w] + norm)
            for w, n in ((w, papers_with[w]) for w in sorted(query) if w in text)
        )

    return _scores(papers, map(score, texts))


RANKINGS: dict[str, Callable[[Sequence[Paper], Topics], Scores]] = {
    "ours": embedded.score,
    "cosine": tfidf_cosine,
    "best topic": tfidf_best_topic,
    "BM25": bm25,
}


class _Day:
    """TF-IDF of the papers of a day; the weights of words come from that day."""

    def __init__(
        self, papers: Sequence[Paper], *, stop_words: frozenset[str], sublinear: bool
    ) -> None:
        self._stop_words, self._sublinear = stop_words, sublinear
        counts = [Counter(_words(_text(paper))) for paper in papers]
        papers_with = Counter(word for text in counts for word in text)
        self._idf = {w: math.log((1 + len(papers)) / (1 + n)) + 1 for w, n in papers_with.items()}
        self.vectors = [self._unit(text) for text in counts]

    def vector(self, *texts: str) -> dict[str, float]:
        return self._unit(Counter(_words(" ".join(texts))))

    def _unit(self, counts: Counter[str]) -> dict[str, float]:
        weights = {
            w: (1 + math.log(n) if self._sublinear else n) * self._idf[w]
            for w, n in counts.items()
            if w in self._idf and w not in self._stop_words
        }
        length = math.hypot(*weights.values()) or 1.0
        return {w: value / length for w, value in weights.items()}


def _scores(papers: Sequence[Paper], values: Iterator[float]) -> Scores:
    """Scores that only rank: these have no cut of their own."""
    return {p.id: Score(1, None, similarity=v) for p, v in zip(papers, values, strict=True)}


def _wanted(topic: Topic) -> str:
    return f"{topic.name} {topic.relevant}"


def _text(paper: Paper) -> str:
    return f"{paper.title} {paper.abstract}"


def _words(text: str) -> list[str]:
    return re.findall(r"\w\w+", text.lower())


def _dot(a: Mapping[str, float], b: Mapping[str, float]) -> float:
    return sum(value * b.get(word, 0.0) for word, value in a.items())


# --- the labelled days -------------------------------------------------------------------------


def days(data: Path) -> Iterator[tuple[str, Sequence[Label]]]:
    """The days of the reader whose topics are `prompts/topics.md`."""
    yield from days_of(data, "train_days")
    yield from days_of(data, "seed_day")


def days_of(data: Path, folder: str) -> Iterator[tuple[str, Sequence[Label]]]:
    """The labelled days of a folder, in time order."""
    for path in sorted(data.glob(f"{folder}/*.jsonl.gz")):
        name = path.name.partition(".")[0]
        answers = path.with_name(f"{name}.labels.json")
        if not answers.exists():
            yield name, load_labels(path)
            continue
        kept = json.loads(answers.read_text(encoding="utf-8"))["papers"]
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        labelled = [json.dumps(row | {"relevant": row["id"] in kept}) for row in rows]
        yield name, parse_labels("\n".join(labelled), str(path))
