"""How well the embedded scorer ranks labelled days, beside a plain TF-IDF.

The data has `seed_day/*.jsonl.gz` (a paper a line, `relevant` says whether it was kept) and
`train_days/*.candidates.jsonl.gz` with `*.labels.json` (the kept ones by id, in `papers`). Figures
per day: those of `digest eval`, and the share of papers at or over the default cut.
"""

from __future__ import annotations

import gzip
import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from digest.core.day import Cut
from digest.core.papers import Paper
from digest.core.scores import Score, Topics
from digest.evaluation.compare import evaluate
from digest.evaluation.labels import Label, load_labels, parse_labels
from digest.scoring import embedded
from digest.scoring.topics import parse_topics
from tests.bench.runs import ROOT

_CUT = Cut(8, 7)
_FIGURES = ("auc", "average_precision", "precision_at_k", "recall_at_k")
_SHOWN = ("AUC", "avg.prec", "prec@20", "rec@20")
_HEADER = (*_SHOWN, "kept", *(f"~{name}" for name in _SHOWN))  # ~: of TF-IDF


def measure(data: Path) -> dict[str, dict[str, float]]:
    """Print the figures of every day, ours and the baseline's."""
    topics = parse_topics((ROOT / "prompts" / "topics.md").read_text(encoding="utf-8"))
    rows = {}
    for name, labels in days(data):
        papers = [label.paper for label in labels]
        scores = embedded.score(papers, topics)
        kept = sum(score.relevance >= _CUT.relevance for score in scores.values())
        tfidf = _figures(labels, baseline(papers, topics))
        rows[name] = [*_figures(labels, scores), kept / len(papers), *tfidf]
    rows["mean"] = [sum(column) / len(column) for column in zip(*rows.values(), strict=True)]
    print(f"{'':12}" + "".join(f"{name:>10}" for name in _HEADER))
    for name, row in rows.items():
        print(f"{name:12}" + "".join(f"{value:10.3f}" for value in row))
    return {name: dict(zip(_HEADER, row, strict=True)) for name, row in rows.items()}


def _figures(labels: Sequence[Label], scores: Mapping[str, Score]) -> list[float]:
    figures = evaluate(labels, scores, _CUT).figures
    return [figures[name] or 0.0 for name in _FIGURES]


def baseline(papers: Sequence[Paper], topics: Topics) -> dict[str, Score]:
    """Cosine to what is wanted minus cosine to what is not; it has no cut of its own."""
    texts = [Counter(_words(f"{paper.title} {paper.abstract}")) for paper in papers]
    papers_with = Counter(word for text in texts for word in text)
    idf = {w: math.log((1 + len(texts)) / (1 + n)) + 1 for w, n in papers_with.items()}

    def vector(counts: Counter[str]) -> dict[str, float]:
        weights = {w: n * idf[w] for w, n in counts.items() if w in idf}
        length = math.hypot(*weights.values()) or 1.0
        return {w: value / length for w, value in weights.items()}

    relevant = [f"{t.name} {t.relevant}" for t in topics.topics]
    irrelevant = [t.irrelevant for t in topics.topics]
    wanted = vector(Counter(_words(" ".join([*relevant, *topics.keywords]))))
    unwanted = vector(Counter(_words(" ".join([*irrelevant, *topics.avoid]))))
    scores = {}
    for paper, text in zip(papers, texts, strict=True):
        weights = vector(text)
        likeness = sum(v * (wanted.get(w, 0.0) - unwanted.get(w, 0.0)) for w, v in weights.items())
        scores[paper.id] = Score(1, None, similarity=likeness)
    return scores


def days(data: Path) -> Iterator[tuple[str, Sequence[Label]]]:
    for path in sorted(data.glob("train_days/*.candidates.jsonl.gz")):
        name = path.name.partition(".")[0]
        kept = json.loads(path.with_name(f"{name}.labels.json").read_text(encoding="utf-8"))
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        labelled = [json.dumps(row | {"relevant": row["id"] in kept["papers"]}) for row in rows]
        yield name, parse_labels("\n".join(labelled), str(path))
    for path in sorted(data.glob("seed_day/*.jsonl.gz")):
        yield path.name.partition(".")[0], load_labels(path)


def _words(text: str) -> list[str]:
    return re.findall(r"\w\w+", text.lower())
