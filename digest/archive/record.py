"""A day's file in the archive: `Digest` to bytes and back. Pure: reads and writes no file.

`decode` checks types, ranges and totals. A file that a merge, an editor or another version has
damaged is an `ArchiveError` that names file and field, never a wrong page.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, replace
from datetime import date, datetime
from pathlib import PurePosixPath
from typing import Annotated, Any, get_type_hints

import msgspec

from digest.core.day import (
    Below,
    Counts,
    Cut,
    Digest,
    Explorer,
    Filtered,
    Kept,
    Missed,
    Status,
    Unscored,
)
from digest.core.errors import ArchiveError
from digest.core.papers import (
    FEED_LIMIT,
    AnnounceType,
    Entry,
    Origin,
    Paper,
    Source,
    SourceState,
    announced,
)
from digest.core.scores import Prompt, Score, ScoredBy, Usage

SCHEMA = 1

ScoreValue = Annotated[int, msgspec.Meta(ge=1, le=10)]


# --- the schema of a day's file --------------------------------------------------------------


def _fields(kind: type[Any]) -> list[tuple[Any, ...]]:
    """The fields of a dataclass as `msgspec.defstruct` wants them: name, type, default if any."""
    types = get_type_hints(kind)
    return [
        (f.name, types[f.name]) if f.default is MISSING else (f.name, types[f.name], f.default)
        for f in fields(kind)
    ]


def _flat(name: str, *its_fields: tuple[Any, ...]) -> Any:
    """The type of a paper's line: its fields, its score's and its outcome's in one object."""
    return msgspec.defstruct(
        name, its_fields, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
    )


_MATCHES = (("author_match", str | None, None), ("phrase_match", str | None, None))
_SCORE = (("relevance", ScoreValue), ("novelty", ScoreValue | None, None), *_fields(Score)[2:])
_Kept = _flat("_Kept", *_fields(Paper), *_MATCHES, *_SCORE)
_Below = _flat("_Below", ("id", str), ("title", str), *_SCORE)
_Unscored = _flat("_Unscored", *_fields(Paper), *_MATCHES, ("reason", str))


class _Source(msgspec.Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    url: str
    items: int
    state: SourceState
    entries: tuple[str, ...]  # "2601.20868v1 new"
    unreadable: tuple[str, ...] = ()
    approximate: bool = False
    origin: Origin | None = None  # left out for a feed, and in older records
    capped: bool = False
    why: str = ""


class _Day(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    schema: int
    date: date
    status: Status
    generated_at: datetime
    scorer: ScoredBy
    model: str | None
    prompt_sha256: str
    prompt: Prompt
    keep: Cut
    sources: dict[str, _Source]
    counts: Counts
    usage: Usage
    cost_usd: float | None
    kept: tuple[_Kept, ...]  # type: ignore[valid-type]
    below: tuple[_Below, ...]  # type: ignore[valid-type]
    filtered: tuple[Filtered, ...]
    seen: tuple[str, ...]
    unscored: tuple[_Unscored, ...]  # type: ignore[valid-type]
    missed: tuple[Missed, ...] = ()
    over_budget_usd: float | None = None
    with_phrase: int | None = None
    explorer: Explorer | None = None
    fallback: str = ""


# The fields of `Digest` that the file has under the same name and in the same form.
_COPIED = tuple(
    f.name for f in fields(Digest) if f.name not in ("cut", "sources", "kept", "below", "unscored")
)
_IN_LINES = ("sources", "kept", "below", "filtered", "unscored")  # an entry a line
# Left out if there is none.
_OPTIONAL = ("missed", "over_budget_usd", "with_phrase", "explorer", "fallback")
# Computed once, because they are needed for every paper.
_NAMES = {kind: tuple(f.name for f in fields(kind)) for kind in (Paper, Score)}


def _record(kind: type[Any], *values: Any, **more: Any) -> Any:
    """One flat record with the fields of all these dataclass values."""
    flat = {name: getattr(value, name) for value in values for name in _NAMES[type(value)]}
    return kind(**flat, **more)


def _value(kind: type[Any], record: Any) -> Any:
    """The part of a flat record that is a `kind`."""
    return kind(**{name: getattr(record, name) for name in _NAMES[kind]})


def _matches(one: Any) -> dict[str, str | None]:
    return {"author_match": one.author_match, "phrase_match": one.phrase_match}


# --- to bytes and back ----------------------------------------------------------------------


def encode(digest: Digest) -> bytes:
    """The day's file, a paper a line. Raises `ValueError` if a paper has no outcome, or several."""
    if problem := accounting_problem(digest):
        raise ValueError(f"{digest.date}: {problem}")
    usage = msgspec.to_builtins(digest.usage)
    if not digest.usage.cut_requests:
        del usage["cut_requests"]
    values: dict[str, Any] = {name: getattr(digest, name) for name in _COPIED} | {
        "schema": SCHEMA,
        "prompt_sha256": digest.prompt.sha256,
        "keep": digest.cut.as_stated(),
        "sources": {category: _encode_source(s) for category, s in digest.sources.items()},
        "counts": digest.counts.as_stated(),
        "usage": usage,
        "kept": [_record(_Kept, k.paper, k.score, **_matches(k)) for k in digest.kept],
        "below": [_record(_Below, b.score, id=b.id, title=b.title) for b in digest.below],
        "unscored": [
            _record(_Unscored, u.paper, reason=u.reason, **_matches(u)) for u in digest.unscored
        ],
    }
    lines = [
        f"{_json(name)}:{_in_lines(values[name]) if name in _IN_LINES else _json(values[name])}"
        for name in _Day.__struct_fields__
        if name not in _OPTIONAL or values[name] not in (None, (), "")
    ]
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _in_lines(entries: Mapping[str, object] | Sequence[object]) -> str:
    """A JSON object or array with each of its entries on a line of its own."""
    if isinstance(entries, Mapping):
        brackets, lines = "{}", [f"{_json(k)}:{_json(v)}" for k, v in entries.items()]
    else:
        brackets, lines = "[]", [_json(entry) for entry in entries]
    return "\n".join([brackets[0], ",\n".join(lines), brackets[1]]) if lines else brackets


def _encode_source(source: Source) -> _Source:
    is_plain_feed = source.origin is Origin.FEED and _of_an_older_record(source) == source
    return _Source(
        url=source.url,
        items=len(source.entries) + len(source.unreadable),
        state=source.state,
        entries=tuple(f"{e.id}v{e.version} {e.announce_type}" for e in source.entries),
        unreadable=source.unreadable,
        approximate=source.approximate,
        origin=None if is_plain_feed else source.origin,
        capped=source.capped,
        why=source.why,
    )


def decode(data: bytes, name: str, *, trust_lists: bool = False) -> Digest:
    """The digest in a day's file; `name` is the file's name, for errors.

    Raises `ArchiveError` if the file is not JSON, a field is missing or has a wrong value, or the
    totals are wrong. With `trust_lists`, the stated totals are not compared with the lists.
    """
    try:
        version = bytes(msgspec.json.decode(data, type=dict[str, msgspec.Raw]).get("schema", b""))
        if version != str(SCHEMA).encode():
            shown = version.decode("utf-8", "replace") or "none"
            raise ArchiveError(
                f"{name}: schema is {shown}, this version reads {SCHEMA}:"
                " update this program, or restore the file from git"
            )
        record: Any = msgspec.json.decode(data, type=_Day)
    except msgspec.ValidationError as error:
        # A newer version may have added the field: this one cannot know if it matters.
        newer = "update this program, or " if "unknown field" in str(error) else ""
        raise ArchiveError(
            f"{name}: {where(str(error))}: {newer}restore the file from git"
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        conflict = b"<<<<<<<" in data
        cause = "unresolved merge conflict" if conflict else f"not JSON ({error})"
        raise ArchiveError(f"{name}: {cause}: restore the file from git") from error
    digest = Digest(
        cut=record.keep,
        sources={c: _decode_source(s, f"{name}: sources.{c}") for c, s in record.sources.items()},
        kept=tuple(Kept(_value(Paper, k), _value(Score, k), **_matches(k)) for k in record.kept),
        below=tuple(Below(b.id, b.title, _value(Score, b)) for b in record.below),
        unscored=tuple(
            Unscored(_value(Paper, u), u.reason, **_matches(u)) for u in record.unscored
        ),
        **{name: getattr(record, name) for name in _COPIED},
    )
    if problem := _problem(digest, record, name, trust_lists):
        raise ArchiveError(f"{name}: {problem}: restore the file from git")
    return digest


def where(message: str) -> str:
    """Put the field first in msgspec's "Expected `int`, got `str` - at `$.kept[3].relevance`"."""
    problem, _, place = message.partition(" - at `$.")
    return f"{place.rstrip('`')}: {problem}" if place else problem


_ENTRY = re.compile(r"(\S+)v([0-9]{1,6}) ([a-z-]+)")
_TYPES = {str(kind): kind for kind in AnnounceType}


def _decode_source(source: _Source, name: str) -> Source:
    entries = []
    for text in source.entries:
        match = _ENTRY.fullmatch(text)
        if match is None or match[3] not in _TYPES:
            raise ArchiveError(
                f"{name}.entries: {text!r} is no `IDvN type`: restore the file from git"
            )
        entries.append(Entry(match[1], int(match[2]), _TYPES[match[3]]))
    decoded = Source(
        source.url,
        source.state,
        tuple(entries),
        source.unreadable,
        Origin.SEARCH if source.approximate else source.origin or Origin.FEED,
        source.capped,
        source.why,
    )
    return decoded if source.origin else _of_an_older_record(decoded)


def _of_an_older_record(source: Source) -> Source:
    """The meaning of a record without `origin`, from an older version: an unread category was
    written as stale without an address; a page is recognised by its address, a capped feed by its
    length."""
    if source.approximate:
        return replace(source, origin=Origin.SEARCH)
    if source.state is SourceState.STALE and not source.url:
        return replace(source, state=SourceState.UNREAD, origin=Origin.FEED)
    if "/catchup/" in source.url:
        return replace(source, origin=Origin.PAGE)
    capped = source.capped or len(source.entries) >= FEED_LIMIT
    return replace(source, origin=Origin.FEED, capped=capped)


def _problem(digest: Digest, record: _Day, name: str, trust_lists: bool) -> str | None:
    """What is impossible in the record, if anything."""
    if PurePosixPath(name).stem != str(digest.date):
        return f"date: {digest.date} is not the file's"
    if digest.generated_at.tzinfo is None:
        return "generated_at: has no time zone"
    if (problem := accounting_problem(digest)) or trust_lists:
        return problem
    says, holds = msgspec.to_builtins(record.counts), msgspec.to_builtins(digest.counts)
    totals = [(f"counts.{key}", says[key], holds[key]) for key in says]
    totals += [
        (f"sources.{category}.items", source.items, len(source.entries) + len(source.unreadable))
        for category, source in record.sources.items()
    ]
    if digest.cut.top is not None:  # older versions counted these also where `top` is not full
        reaching_cut = sum(digest.cut.passes(below.score) for below in digest.below)
        totals = [t for t in totals if t[:2] != ("counts.beyond_top", reaching_cut)]
    for key, stated, counted in totals:
        if stated != counted:
            return f"{key}: says {stated}, the lists hold {counted}"
    if record.prompt_sha256 != digest.prompt.sha256:
        return "prompt_sha256: not that of `prompt`"
    return None


def accounting_problem(digest: Digest) -> str | None:
    """Which paper does not have exactly one outcome, or is not announced; None if all is well."""
    outcomes = Counter(digest.outcome_ids)
    ids = announced(digest.sources).keys()
    for paper_id, times in outcomes.items():
        if times > 1:
            return f"{paper_id}: has {times} outcomes, not one"
    if lost := sorted(ids - outcomes.keys()):
        return f"{lost[0]}: is announced in sources and has no outcome ({len(lost)} such)"
    if invented := sorted(outcomes.keys() - ids):
        return f"{invented[0]}: has an outcome and is announced in no source ({len(invented)} such)"
    return None
