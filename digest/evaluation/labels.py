"""Labelled papers, and files of a scorer's results.

Both are JSONL, a paper a line. `parse_labels` and `parse_results` are pure and report every mistake
at once, each with file and line; `load_labels` and `load_results` read files, `.gz` included.
"""

from __future__ import annotations

import gzip
import reprlib
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
from pydantic import AfterValidator, Field, Strict, TypeAdapter, ValidationError

from digest.core.day import Below, Cut, Digest, Kept
from digest.core.errors import ConfigError
from digest.core.papers import AnnounceType, Paper
from digest.core.scores import NO_TOPIC, Score, ScoredBy
from digest.core.tex import accents
from digest.core.text import one_line

MAX_BYTES = 500_000_000  # of an unpacked file: a hundred thousand abstracts are 200 MB
MAX_MISTAKES = 50  # shown
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
        return cut.passes(Score(self.relevance, self.novelty))


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


# --- the schema of a line ---------------------------------------------------------------------


def _check_filled(text: str) -> str:
    if not one_line(text):
        raise ValueError("is empty: give text")
    return text


def _check_id(text: str) -> str:
    if one_line(text) != text:
        raise ValueError("has spaces around it or characters that do not show")
    return text


_Text = Annotated[str, Strict()]
_FilledText = Annotated[_Text, AfterValidator(_check_filled)]
_Id = Annotated[_FilledText, AfterValidator(_check_id)]
_OneToTen = Annotated[int, Field(strict=True, ge=1, le=10)]
_ALLOWED = {"relevant": "true or false", "similarity": "a number"}
_ALLOWED |= dict.fromkeys(("authors", "categories"), "a list of texts")
_ALLOWED |= dict.fromkeys(("relevance", "novelty"), "a whole number from 1 to 10")  # else text


@dataclass(frozen=True)
class _LabelLine:
    id: _Id
    title: _FilledText
    abstract: _FilledText
    authors: tuple[_Text, ...] = ()
    categories: tuple[_Text, ...] = ()
    relevant: Annotated[bool, Strict()] | None = None
    relevance: _OneToTen | None = None
    novelty: _OneToTen | None = None


@dataclass(frozen=True)
class _ResultLine:
    id: _Id
    relevance: _OneToTen
    novelty: _OneToTen | None = None
    topic: _Text = ""
    comment: _Text = ""
    similarity: Annotated[float, Field(strict=True, allow_inf_nan=False)] | None = None


# --- labels and results -----------------------------------------------------------------------


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
    paper = Paper(
        id=line.id,
        version=1,
        title=one_line(accents(line.title)),
        authors=line.authors,
        abstract=one_line(accents(line.abstract)),
        categories=line.categories,
        announce_type=AnnounceType.NEW,
    )
    return Label(paper, line.relevant, line.relevance, line.novelty)


def parse_results(text: str, name: str) -> dict[str, Score]:
    """A scorer's results by paper id, from the JSONL that `encode_results` writes. Only `id` and
    `relevance` must be there. Raises `ConfigError` with all its mistakes."""
    return _parse(text, name, _LIKE_RESULTS, _ResultLine, _score)


def _score(line: _ResultLine) -> Score:
    topic = one_line(line.topic) or NO_TOPIC
    return Score(line.relevance, line.novelty, topic, one_line(line.comment), line.similarity)


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

    `like` describes the file in the mistake about a file of another kind.
    """
    # Not splitlines: a title may hold U+2028, which JSON allows.
    numbered = enumerate(text.removeprefix("\ufeff").split("\n"), start=1)
    lines = {number: line for number, line in numbered if line.strip()}
    if not lines:
        raise ConfigError(f"{name}: no line in it: a JSON object a line, each with an `id`")
    first = min(lines)
    try:
        _json_object(lines[first])
    except ValueError as error:  # a file of another kind: each line would be a mistake
        raise ConfigError(f"{name}: no JSONL file of {like}: line {first} is {error}") from error
    adapter = TypeAdapter(schema)
    values: dict[str, T] = {}
    line_numbers: dict[str, int] = {}  # by id
    mistakes: list[str] = []
    for number, line in lines.items():
        try:
            parsed = adapter.validate_python(_json_object(line))
            if parsed.id in line_numbers:
                raise ValueError(f"`id` {parsed.id!r} is on line {line_numbers[parsed.id]} already")
            values[parsed.id], line_numbers[parsed.id] = build(parsed), number
        except ValidationError as error:
            mistakes += [f"{name}, line {number}: {_describe(each)}" for each in error.errors()]
        except ValueError as error:
            mistakes.append(f"{name}, line {number}: {error}")
    if (more := len(mistakes) - MAX_MISTAKES) > 0:
        mistakes[MAX_MISTAKES:] = [f"{name}: and {more:,} more mistakes"]
    if mistakes:
        raise ConfigError(*mistakes)
    return values


def _json_object(line: str) -> dict[str, Any]:
    """Without the keys that are null. Raises `ValueError`."""
    try:
        value = msgspec.json.decode(line, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ValueError(f"not a JSON object: {one_line(str(error), 100)}") from error
    return {key: item for key, item in value.items() if item is not None}


def _describe(error: Any) -> str:
    """One error of pydantic's in plain words."""
    key = ".".join(map(str, error["loc"]))
    allowed = _ALLOWED.get(key, "text")
    if error["type"] == "missing":
        return f"no `{key}`: give {allowed}"
    if "error" in error.get("ctx", {}):
        return f"`{key}` {error['ctx']['error']}"
    return f"`{key}` is {reprlib.repr(error['input'])}: give {allowed}"


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
