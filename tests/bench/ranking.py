"""How well the embedded scorer ranks labelled days, beside a plain TF-IDF.

    python -m tests.bench ranking --data DIR --topics FILE

DIR holds `seed_day/*.jsonl.gz` (a paper a line, `relevant` says whether it was kept) and
`train_days/*.candidates.jsonl.gz` with `*.labels.json` (the kept ones by id, in `papers`). Figures
per day: area under the ROC curve, average precision, precision at 20, recall in the better half,
and the share of papers at or over the default cut.
"""

from __future__ import annotations

import gzip
import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from digest.core.papers import AnnounceType, Paper
from digest.core.scores import Topics
from digest.scoring.embedded import score
from digest.scoring.topics import parse_topics

_CUT = 8
_HEADER = ("AUC", "avg.prec", "prec@20", "rec@half", "kept")


@dataclass(frozen=True, slots=True)
class Day:
    name: str
    papers: tuple[Paper, ...]
    relevant: tuple[bool, ...]


def measure(data: Path, topics_file: Path) -> dict[str, Any]:
    """Print the figures of every day, ours and the baseline's."""
    topics = parse_topics(numbered_to_headings(topics_file.read_text(encoding="utf-8")))
    print(f"{'':12}{'embedded scorer':^45}{'TF-IDF':^45}")
    print(f"{'':12}" + "".join(f"{name:>9}" for name in _HEADER * 2))
    found: dict[str, Any] = {}
    for days in (list(train_days(data)), list(seed_days(data))):
        rows = {day.name: ours(day, topics) + baseline(day, topics) for day in days}
        if len(rows) > 1:
            rows["mean"] = [sum(c) / len(c) for c in zip(*rows.values(), strict=True)]
        for name, row in rows.items():
            print(f"{name:12}{_row(row)}", flush=True)
            found[name] = {
                "embedded": dict(zip(_HEADER, row, strict=False)),
                "tfidf": dict(zip(_HEADER[:-1], row[len(_HEADER) :], strict=False)),
            }
    return found


def ours(day: Day, topics: Topics) -> list[float]:
    scores = score(day.papers, topics)
    similarities = [scores[paper.id].similarity or 0.0 for paper in day.papers]
    kept = sum(scores[paper.id].relevance >= _CUT for paper in day.papers)
    return [*figures(similarities, day.relevant), kept / len(day.papers)]


def baseline(day: Day, topics: Topics) -> list[float]:
    """Cosine to what is wanted minus cosine to what is not; it has no cut of its own."""
    texts = [Counter(_words(f"{paper.title} {paper.abstract}")) for paper in day.papers]
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
    vectors = map(vector, texts)
    likeness = [
        sum(value * (wanted.get(w, 0.0) - unwanted.get(w, 0.0)) for w, value in v.items())
        for v in vectors
    ]
    return [*figures(likeness, day.relevant), math.nan]


def figures(scores: Sequence[float], relevant: Sequence[bool]) -> list[float]:
    """AUC, average precision, precision at 20, recall in the better half (ties as they come)."""
    order = sorted(range(len(scores)), key=lambda i: -scores[i])
    hits = [relevant[i] for i in order]
    precisions = [sum(hits[: k + 1]) / (k + 1) for k, hit in enumerate(hits) if hit]
    good = [s for s, r in zip(scores, relevant, strict=True) if r]
    bad = [s for s, r in zip(scores, relevant, strict=True) if not r]
    wins = sum((g > b) + (g == b) / 2 for g in good for b in bad)
    return [
        wins / (len(good) * len(bad)),
        sum(precisions) / len(good),
        sum(hits[:20]) / 20,
        sum(hits[: (len(hits) + 1) // 2]) / len(good),
    ]


def seed_days(data: Path) -> Iterator[Day]:
    for path in sorted(data.glob("seed_day/*.jsonl.gz")):
        rows = _rows(path)
        name = path.name.removesuffix(".jsonl.gz")
        yield Day(name, tuple(map(_paper, rows)), tuple(bool(row["relevant"]) for row in rows))


def train_days(data: Path) -> Iterator[Day]:
    for path in sorted(data.glob("train_days/*.candidates.jsonl.gz")):
        rows = _rows(path)
        name = path.name.removesuffix(".candidates.jsonl.gz")
        labels = json.loads(path.with_name(f"{name}.labels.json").read_text(encoding="utf-8"))
        kept = labels["papers"]
        yield Day(name, tuple(map(_paper, rows)), tuple(row["id"] in kept for row in rows))


def numbered_to_headings(text: str) -> str:
    """Topics as a numbered list, with a bold line before the keywords, as `topics.md` has them."""
    text = re.sub(r"^\d+\. (.+)$", r"## \1", text, flags=re.MULTILINE)
    text = re.sub(r"^\*\*Keywords:\*\*$", "## Keywords", text, flags=re.MULTILINE)
    return re.sub(r"^- Application:", "- Irrelevant:", text, flags=re.MULTILINE)


def _rows(path: Path) -> list[dict[str, object]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _paper(row: dict[str, object]) -> Paper:
    return Paper(
        id=str(row["id"]),
        version=1,
        title=str(row["title"]),
        authors=(),
        abstract=str(row["abstract"]),
        categories=(),
        announce_type=AnnounceType.NEW,
    )


def _words(text: str) -> list[str]:
    return re.findall(r"\w\w+", text.lower())


def _row(values: Sequence[float]) -> str:
    return "".join(" " * 9 if math.isnan(value) else f"{value:9.3f}" for value in values)
