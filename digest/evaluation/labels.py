"""What people, or an archive, have judged: labelled papers, and files of a scorer's results.

Both are JSONL, a paper a line. `parse_labels` and `parse_results` are pure and report every mistake
at once, each with file and line; `load_labels` and `load_results` read, `.gz` included.
"""

from __future__ import annotations

import gzip
import reprlib
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from digest.core.errors import ConfigError
from digest.core.models import Below, Cut, Digest
from digest.core.papers import AnnounceType, Paper
from digest.core.scores import NO_TOPIC, Score, ScoredBy
from digest.core.tex import accents
from digest.core.text import one_line
from digest.run.ranking import passes

MAX_BYTES = 500_000_000  # of a file when unpacked: a hundred thousand abstracts are 200 MB
MOST_MISTAKES = 50
_LIKE_LABELS = (
    'labels, a line a paper like {"id": "2601.20868", "title": "…", "abstract": "…",'
    ' "relevant": true}'
)
_LIKE_RESULTS = 'results, a line a paper like {"id": "2601.20868", "relevance": 8, "novelty": 7}'

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Label:
    """A judged paper: `relevant` or `relevance` is given, often both."""

    paper: Paper
    relevant: bool | None = None
    relevance: int | None = None  # 1 to 10
    novelty: int | None = None  # 1 to 10

    def is_relevant(self, cut: Cut) -> bool:
        """The plain judgement where there is one; else whether its scores pass `cut`."""
        if self.relevant is not None or self.relevance is None:
            return bool(self.relevant)
        return passes(Score(self.relevance, self.novelty), cut)


# --- files ------------------------------------------------------------------------------------


def load_labels(path: Path) -> tuple[Label, ...]:
    """Read a file of labels. Raises `ConfigError` with all its mistakes."""
    return parse_labels(_read(path), str(path))


def load_results(path: Path) -> dict[str, Score]:
    """Read a file of results. Raises `ConfigError` with all its mistakes."""
    return parse_results(_read(path), str(path))


def _read(path: Path) -> str:
    try:
        if path.suffix == ".gz":
            with gzip.open(path) as file:
                data = file.read(MAX_BYTES + 1)
        else:
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise ConfigError(f"{path}: more than {MAX_BYTES:,} bytes: cut it into several files")
        return data.decode("utf-8")
    except FileNotFoundError as e:
        raise ConfigError(f"{path}: no such file: write one, a JSON object a line") from e
    except UnicodeDecodeError as e:
        raise ConfigError(f"{path}: not UTF-8 text: save the file as UTF-8") from e
    except (gzip.BadGzipFile, EOFError, zlib.error) as e:
        raise ConfigError(f"{path}: not a whole gzip file: {e}: compress it anew") from e
    except OSError as e:
        raise ConfigError(f"{path}: cannot be read: {e.strerror}: check the path") from e


# --- labels -----------------------------------------------------------------------------------


def parse_labels(text: str, name: str) -> tuple[Label, ...]:
    """The labels of a JSONL text: `id`, `title`, `abstract`, and `relevant` or `relevance`; perhaps
    `novelty`, `authors`, `categories`. Other keys are ignored, and null is as good as no key.

    `name` is what mistakes call the text. Raises `ConfigError` with all of them.
    """
    return tuple(_parse(text, name, _LIKE_LABELS, _label).values())


def _label(line: _Line) -> Label:
    # As the feed's parser would hand it to a scorer, so that labels from elsewhere compare.
    title = accents(line.get("title", _TEXT, required=True) or "")
    abstract = accents(line.get("abstract", _TEXT, required=True) or "")
    label = Label(
        Paper(
            id=line.id,
            version=1,
            title=one_line(title),
            authors=tuple(line.get("authors", _NAMES) or ()),
            abstract=one_line(abstract),
            categories=tuple(line.get("categories", _NAMES) or ()),
            announce_type=AnnounceType.NEW,
        ),
        line.get("relevant", _BOOL),
        line.get("relevance", _SCORE),
        line.get("novelty", _SCORE),
    )
    if label.relevant is None and label.relevance is None and not line.mistakes:
        line.mistakes.append("neither `relevant` nor `relevance`: say how the paper was judged")
    return label


# --- results ----------------------------------------------------------------------------------


def parse_results(text: str, name: str) -> dict[str, Score]:
    """A scorer's results by paper id, from the JSONL that `encode_results` writes. Only `id` and
    `relevance` must be there. Raises `ConfigError` with all its mistakes."""
    return _parse(text, name, _LIKE_RESULTS, _score)


def _score(line: _Line) -> Score:
    similarity = line.get("similarity", _NUMBER)
    return Score(
        relevance=line.get("relevance", _SCORE, required=True) or 0,  # 0: a mistake was noted
        novelty=line.get("novelty", _SCORE),
        topic=one_line(line.get("topic", _TEXT) or "") or NO_TOPIC,
        comment=one_line(line.get("comment", _TEXT) or ""),
        similarity=None if similarity is None else float(similarity),
    )


def encode_results(scores: Mapping[str, Score]) -> str:
    """A line a paper, in the order given."""
    lines = (
        msgspec.json.encode(
            {
                "id": paper_id,
                "relevance": score.relevance,
                "novelty": score.novelty,
                "topic": score.topic,
                "comment": score.comment,
                "similarity": score.similarity,
            }
        )
        for paper_id, score in scores.items()
    )
    return "".join(line.decode() + "\n" for line in lines)


# --- from the archive -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Archived:
    """What archived days say of their papers, the newest word on each."""

    labels: tuple[Label, ...]  # with their abstracts, ready
    lean: tuple[Below, ...]  # judged below the cut of their day: the archive has no abstract
    scorer: ScoredBy | None  # whose judgement it is; None where nothing was scored
    days: int  # how many days that was


def from_archive(digests: Iterable[Digest]) -> Archived:
    """The scored papers of the days; what was filtered, seen or unscored is no judgement.

    Only days that a model scored count: the embedded scorer judges no novelty, and a prompt should
    not be measured by word matching. Where there are no others, its days do, and `scorer` tells. A
    paper kept for its author has its scores like any other; `Label.is_relevant` asks them alone.
    """
    by_scorer: dict[ScoredBy, list[Digest]] = {}
    for digest in sorted(digests, key=lambda d: d.date):
        if digest.scored_ids:
            by_scorer.setdefault(digest.scorer, []).append(digest)
    scorer = next((one for one in ScoredBy if one in by_scorer), None)
    days = by_scorer[scorer] if scorer else []
    judged: dict[str, Label | Below] = {}
    for digest in days:
        judged |= {kept.paper.id: _judged(kept.paper, kept.score) for kept in digest.kept}
        judged |= {below.id: below for below in digest.below}
    return Archived(
        tuple(label for label in judged.values() if isinstance(label, Label)),
        tuple(below for below in judged.values() if isinstance(below, Below)),
        scorer,
        len(days),
    )


def with_abstracts(
    lean: Iterable[Below], papers: Mapping[str, Paper]
) -> tuple[list[Label], list[str]]:
    """Labels of the papers that were found, by id, and the ids of those that were not."""
    labels, missing = [], []
    for below in lean:
        if paper := papers.get(below.id):
            labels.append(_judged(replace(paper, id=below.id), below.score))
        else:
            missing.append(below.id)
    return labels, missing


def _judged(paper: Paper, score: Score) -> Label:
    return Label(paper, None, score.relevance, score.novelty)


# --- lines ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Kind:
    allowed: str
    fits: Callable[[Any], bool]


def _is_score(value: Any) -> bool:
    return type(value) is int and 1 <= value <= 10  # not true, nor 8.0


_TEXT = _Kind("text", lambda v: isinstance(v, str))
_BOOL = _Kind("true or false", lambda v: isinstance(v, bool))
_SCORE = _Kind("a whole number from 1 to 10", _is_score)
_NUMBER = _Kind("a number", lambda v: type(v) in (int, float) and abs(v) < 1e9)
_NAMES = _Kind(
    "a list of texts", lambda v: isinstance(v, list) and all(isinstance(name, str) for name in v)
)


@dataclass(slots=True)
class _Line:
    """One line's object, and what is wrong with it so far."""

    values: dict[str, Any]
    mistakes: list[str]

    @property
    def id(self) -> str:
        return str(self.values.get("id"))

    def get(self, key: str, kind: _Kind, *, required: bool = False) -> Any:
        """The value, or None where there is none or a wrong one."""
        value = self.values.get(key)
        if value is None:
            if required:
                self.mistakes.append(f"no `{key}`: give {kind.allowed}")
        elif not kind.fits(value):
            self.mistakes.append(f"`{key}` is {reprlib.repr(value)}: give {kind.allowed}")
        elif required and kind is _TEXT and not one_line(value):
            self.mistakes.append(f"`{key}` is empty: give {kind.allowed}")
        else:
            return value
        return None


def _parse(text: str, name: str, like: str, read: Callable[[_Line], T]) -> dict[str, T]:
    """What `read` makes of each line, by id; `like` says what they should be."""
    found: dict[str, T] = {}
    first: dict[str, int] = {}  # the line that each id was on
    mistakes: list[str] = []
    for number, line in _lines(text):
        if not isinstance(line, _Line):
            if not found and not mistakes:  # a file of another kind: each line would be a mistake
                raise ConfigError(f"{name}: no JSONL file of {like}: line {number} is {line}")
            mistakes.append(f"{name}, line {number}: {line}")
            continue
        paper_id = line.get("id", _TEXT, required=True)
        value = read(line)
        if paper_id is not None and one_line(paper_id) != paper_id:
            line.mistakes.append("`id` has spaces around it or characters that do not show")
        elif paper_id in first:
            line.mistakes.append(f"`id` {paper_id!r} is on line {first[paper_id]} already")
        elif paper_id is not None:
            first[paper_id] = number
            found[paper_id] = value
        mistakes += [f"{name}, line {number}: {mistake}" for mistake in line.mistakes]
    if not found and not mistakes:
        mistakes.append(f"{name}: no line in it: a JSON object a line, each with an `id`")
    if len(mistakes) > MOST_MISTAKES:
        more = len(mistakes) - MOST_MISTAKES
        mistakes[MOST_MISTAKES:] = [f"{name}: and {more:,} more mistakes"]
    if mistakes:
        raise ConfigError(*mistakes)
    return found


def _lines(text: str) -> Iterator[tuple[int, _Line | str]]:
    """Each line that is not blank with its number: its object, or what is wrong with it."""
    # Not splitlines: a title may hold U+2028, which JSON allows.
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as e:
            yield number, f"not JSON: {one_line(str(e), 100)}"
        else:
            yield number, _Line(value, []) if isinstance(value, dict) else "not a JSON object"
