"""Labelled papers, and files of a scorer's results.

Both are JSONL, a paper a line. `parse_labels` and `parse_results` are pure and report every mistake
at once, each with file and line; `load_labels` and `load_results` read files, `.gz` included.
"""

from __future__ import annotations

import gzip
import reprlib
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
from pydantic import AfterValidator, Field, Strict, TypeAdapter, ValidationError

from digest.core.day import Below, Cut, Digest
from digest.core.errors import ConfigError
from digest.core.papers import AnnounceType, Paper
from digest.core.scores import NO_TOPIC, Score, ScoredBy
from digest.core.tex import accents
from digest.core.text import one_line
from digest.run.ranking import passes

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
        return data.decode("utf-8")
    except FileNotFoundError as e:
        raise ConfigError(f"{path}: no such file: write one, a JSON object a line") from e
    except UnicodeDecodeError as e:
        raise ConfigError(f"{path}: not UTF-8 text: save the file as UTF-8") from e
    except (gzip.BadGzipFile, EOFError, zlib.error) as e:
        raise ConfigError(f"{path}: not a whole gzip file: {e}: compress it again") from e
    except OSError as e:
        raise ConfigError(f"{path}: cannot be read: {e.strerror}: check the path") from e


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
    adapter = TypeAdapter(schema)
    values: dict[str, T] = {}
    line_numbers: dict[str, int] = {}  # by id
    mistakes: list[str] = []
    # Not splitlines: a title may hold U+2028, which JSON allows.
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            given = _json_object(line)
        except ValueError as error:
            if not values and not mistakes:  # a file of another kind: each line would be a mistake
                raise ConfigError(
                    f"{name}: no JSONL file of {like}: line {number} is {error}"
                ) from error
            mistakes.append(f"{name}, line {number}: {error}")
            continue
        try:
            parsed = adapter.validate_python(given)
            if first := line_numbers.get(parsed.id):
                raise ValueError(f"`id` {parsed.id!r} is on line {first} already")
            values[parsed.id], line_numbers[parsed.id] = build(parsed), number
        except ValidationError as error:
            problems = dict.fromkeys(_describe(each, given) for each in error.errors())
            mistakes += [f"{name}, line {number}: {problem}" for problem in problems]
        except ValueError as error:
            mistakes.append(f"{name}, line {number}: {error}")
    if not values and not mistakes:
        mistakes.append(f"{name}: no line in it: a JSON object a line, each with an `id`")
    if (more := len(mistakes) - MAX_MISTAKES) > 0:
        mistakes[MAX_MISTAKES:] = [f"{name}: and {more:,} more mistakes"]
    if mistakes:
        raise ConfigError(*mistakes)
    return values


def _json_object(line: str) -> dict[str, Any]:
    """Without the keys that are null. Raises `ValueError`."""
    try:
        value = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ValueError(f"not JSON: {one_line(str(error), 100)}") from error
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return {key: item for key, item in value.items() if item is not None}


def _describe(error: Any, line: dict[str, Any]) -> str:
    """One error of pydantic's in plain words."""
    key = error["loc"][0]
    allowed = _ALLOWED.get(key, "text")
    if error["type"] == "missing":
        return f"no `{key}`: give {allowed}"
    if "error" in error.get("ctx", {}):
        return f"`{key}` {error['ctx']['error']}"
    return f"`{key}` is {reprlib.repr(line[key])}: give {allowed}"


# --- from the archive -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Archived:
    """The scored papers of archived days. If a paper is in several days, the newest counts."""

    labels: tuple[Label, ...]  # kept papers, with their abstracts
    lean: tuple[Below, ...]  # below the cut: the archive has no abstract of them
    scorer: ScoredBy | None  # None: nothing was scored
    days: int  # how many days were read

    def with_abstracts(
        self, papers: Mapping[str, Paper]
    ) -> tuple[tuple[Label, ...], tuple[str, ...]]:
        """The labels, those of lean papers that are in `papers` included; the other lean ids."""
        fetched = [
            _labelled(replace(papers[below.id], id=below.id), below.score)
            for below in self.lean
            if below.id in papers
        ]
        missing = tuple(below.id for below in self.lean if below.id not in papers)
        return (*self.labels, *fetched), missing


def from_archive(digests: Iterable[Digest]) -> Archived:
    """The scored papers of the days, without the filtered, seen and unscored ones.

    Only days that a model scored count: the embedded scorer gives no novelty, and a prompt should
    not be measured by word matching. If there are no such days, the embedded scorer's count, and
    `scorer` says so. A paper kept for its author counts by its scores, like any other.
    """
    scored_days = sorted((d for d in digests if d.scored_ids), key=lambda d: d.date)
    # `ScoredBy` begins with the model.
    scorer = next((one for one in ScoredBy if any(d.scorer is one for d in scored_days)), None)
    days = [digest for digest in scored_days if digest.scorer is scorer]
    scored: dict[str, Label | Below] = {}
    for digest in days:
        scored |= {kept.paper.id: _labelled(kept.paper, kept.score) for kept in digest.kept}
        scored |= {below.id: below for below in digest.below}
    return Archived(
        tuple(paper for paper in scored.values() if isinstance(paper, Label)),
        tuple(paper for paper in scored.values() if isinstance(paper, Below)),
        scorer,
        len(days),
    )


def _labelled(paper: Paper, score: Score) -> Label:
    return Label(paper, None, score.relevance, score.novelty)
