"""Labelled papers, and files of a scorer's results.

Both are JSONL, a paper a line. `parse_labels` and `parse_results` are pure and report all wrong
lines at once; `load_labels` and `load_results` read files, `.gz` included.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec

from digest.core.day import Below, Cut, Digest, Kept
from digest.core.errors import ConfigError
from digest.core.papers import AnnounceType, Paper
from digest.core.scores import NO_TOPIC, Score, ScoredBy
from digest.core.tex import accents
from digest.core.text import one_line
from digest.run.ranking import passes

MAX_BYTES = 500_000_000  # of an unpacked file: a hundred thousand abstracts are 200 MB
MAX_MISTAKES = 50  # shown
_MAX_LENGTH = 200  # of a mistake
_LIKE_LABELS = (
    'labels, a line a paper like {"id": "2601.20868", "title": "…", "abstract": "…",'
    ' "relevant": true}'
)
_LIKE_RESULTS = 'results, a line a paper like {"id": "2601.20868", "relevance": 8, "novelty": 7}'

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Label:
    """A labelled paper: `relevant` or `relevance` is given, often both."""

    paper: Paper
    relevant: bool | None = None
    relevance: int | None = None  # 1 to 10
    novelty: int | None = None  # 1 to 10

    def is_relevant(self, cut: Cut) -> bool:
        """`relevant` if it is given; else True if the label's scores pass `cut`."""
        if self.relevant is not None or self.relevance is None:
            return bool(self.relevant)
        return passes(Score(self.relevance, self.novelty), cut)


# --- files ------------------------------------------------------------------------------------


def load_labels(path: Path) -> tuple[Label, ...]:
    return parse_labels(_read(path), str(path))


def load_results(path: Path) -> dict[str, Score]:
    return parse_results(_read(path), str(path))


def _read(path: Path) -> str:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise ConfigError(f"{path}: more than {MAX_BYTES:,} bytes: cut it into several files")
        return data.decode()
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such file: write one, a JSON object a line") from error
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise ConfigError(
            f"{path}: cannot be read: {why}: give UTF-8 text, or .gz of it"
        ) from error


# --- labels and results -----------------------------------------------------------------------

_OneToTen = Annotated[int, msgspec.Meta(ge=1, le=10)]


class _LabelLine(msgspec.Struct):
    id: str
    title: str
    abstract: str
    authors: tuple[str, ...] | None = None
    categories: tuple[str, ...] | None = None
    relevant: bool | None = None
    relevance: _OneToTen | None = None
    novelty: _OneToTen | None = None


class _ResultLine(msgspec.Struct):
    id: str
    relevance: _OneToTen
    novelty: _OneToTen | None = None
    topic: str | None = None
    comment: str | None = None
    similarity: float | None = None


def parse_labels(text: str, name: str) -> tuple[Label, ...]:
    """The labels of a JSONL text: `id`, `title`, `abstract`, and `relevant` or `relevance`; perhaps
    `novelty`, `authors`, `categories`. Other keys are ignored, and null means that there is no key.

    `name` is how mistakes call the text. Raises `ConfigError` with all of them.
    """
    return tuple(_parse(text, name, _LIKE_LABELS, _LabelLine, _label).values())


def _label(line: _LabelLine) -> Label:
    if line.relevant is None and line.relevance is None:
        raise ValueError("neither `relevant` nor `relevance`: give one of them")
    # As the feed's parser would pass it to a scorer, so that labels from elsewhere compare.
    title, abstract = one_line(accents(line.title)), one_line(accents(line.abstract))
    if not title or not abstract:
        raise ValueError("`title` or `abstract` is empty: give text")
    paper = Paper(
        id=line.id,
        version=1,
        title=title,
        authors=line.authors or (),
        abstract=abstract,
        categories=line.categories or (),
        announce_type=AnnounceType.NEW,
    )
    return Label(paper, line.relevant, line.relevance, line.novelty)


def parse_results(text: str, name: str) -> dict[str, Score]:
    """A scorer's results by paper id, from the JSONL that `encode_results` writes. Only `id` and
    `relevance` must be there. Raises `ConfigError` with all its mistakes."""
    return _parse(text, name, _LIKE_RESULTS, _ResultLine, _score)


def _score(line: _ResultLine) -> Score:
    topic, comment = one_line(line.topic or "") or NO_TOPIC, one_line(line.comment or "")
    return Score(line.relevance, line.novelty, topic, comment, line.similarity)


def encode_results(scores: Mapping[str, Score]) -> str:
    """A line a paper, in the order given."""
    lines = [
        msgspec.json.encode({"id": paper_id} | msgspec.to_builtins(score)).decode()
        for paper_id, score in scores.items()
    ]
    return "".join(f"{line}\n" for line in lines)


def _parse(
    text: str, name: str, like: str, schema: type[Any], build: Callable[[Any], T]
) -> dict[str, T]:
    """Each line of `text` as `build` makes it from `schema`, by id.

    `like` describes the file in the mistake about one without any correct line.
    """
    decoder = msgspec.json.Decoder(schema)
    values: dict[str, T] = {}
    line_numbers: dict[str, int] = {}  # by id
    mistakes: list[str] = []
    # Not splitlines: a title may hold U+2028, which JSON allows.
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            parsed = decoder.decode(line)
            if not parsed.id or one_line(parsed.id) != parsed.id:
                raise ValueError("`id` is empty, or has spaces or characters that do not show")
            if first := line_numbers.get(parsed.id):
                raise ValueError(f"`id` {parsed.id!r} is on line {first} already")
            values[parsed.id], line_numbers[parsed.id] = build(parsed), number
        except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
            mistakes.append(f"{name}, line {number}: {one_line(str(error), _MAX_LENGTH)}")
    if not values:  # a file of another kind: each line would be a mistake
        first_mistake = mistakes[0] if mistakes else f"{name}: no line in it"
        raise ConfigError(f"{first_mistake}: write {like}")
    if (more := len(mistakes) - MAX_MISTAKES) > 0:
        mistakes[MAX_MISTAKES:] = [f"{name}: and {more:,} more mistakes"]
    if mistakes:
        raise ConfigError(*mistakes)
    return values


# --- from the archive -------------------------------------------------------------------------


def from_archive(digests: Iterable[Digest]) -> tuple[list[Digest], dict[str, Kept | Below]]:
    """The days that count, and the papers that they scored, by id. The newest score counts.

    Only days that a model scored count: the embedded scorer gives no novelty, and a prompt should
    not be measured by word matching. If there are no such days, the embedded scorer's count. A
    paper kept for its author counts by its scores, like any other.
    """
    scored = sorted((d for d in digests if d.scored_ids), key=lambda d: d.date)
    days = [day for day in scored if day.scorer is ScoredBy.MODEL] or scored
    papers: dict[str, Kept | Below] = {}
    for day in days:
        papers |= {kept.paper.id: kept for kept in day.kept}
        papers |= {below.id: below for below in day.below}
    return days, papers


def label_archived(
    scored: Mapping[str, Kept | Below], fetched: Mapping[str, Paper]
) -> tuple[tuple[Label, ...], tuple[str, ...]]:
    """Labels of archived papers, and the ids of those without an abstract.

    The archive has no abstracts of papers below the cut: they must be in `fetched`.
    """
    papers = {i: one.paper for i, one in scored.items() if isinstance(one, Kept)}
    papers |= {i: fetched[i] for i in scored if i not in papers and i in fetched}
    scores = {i: scored[i].score for i in papers}
    labels = (Label(p, None, scores[i].relevance, scores[i].novelty) for i, p in papers.items())
    return tuple(labels), tuple(i for i in scored if i not in papers)
