"""A day's file in the archive: `Digest` to bytes and back. Pure: reads and writes no file.

`decode` checks types, ranges and totals. A file that a merge, an editor or another version has
damaged is an `ArchiveError` that names file and field, never a wrong page.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import fields, replace
from datetime import date, datetime
from pathlib import PurePosixPath
from typing import Annotated, Any

import msgspec

from digest.core.day import Below, Counts, Cut, Digest, Filtered, Kept, Missed, Status, Unscored
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
from digest.core.scores import NO_TOPIC, Prompt, Score, ScoredBy, Usage

SCHEMA = 1

ScoreValue = Annotated[int, msgspec.Meta(ge=1, le=10)]


# --- the schema of a day's file --------------------------------------------------------------


class _Paper(msgspec.Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    id: str
    version: int
    title: str
    authors: tuple[str, ...]
    abstract: str
    categories: tuple[str, ...]
    announce_type: AnnounceType
    affiliations: tuple[tuple[str, str], ...] = ()
    doi: str | None = None
    journal_ref: str | None = None
    license: str | None = None
    title_tex: str | None = None
    authors_tex: str | None = None
    abstract_tex: str | None = None
    unreadable: str = ""
    author_match: str | None = None


class _Kept(_Paper, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    relevance: ScoreValue
    novelty: ScoreValue | None = None
    topic: str = NO_TOPIC
    comment: str = ""
    similarity: float | None = None


class _Below(msgspec.Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    id: str
    title: str
    relevance: ScoreValue
    novelty: ScoreValue | None = None
    topic: str = NO_TOPIC
    comment: str = ""
    similarity: float | None = None


class _Unscored(_Paper, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    reason: str


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
    kept: tuple[_Kept, ...]
    below: tuple[_Below, ...]
    filtered: tuple[Filtered, ...]
    seen: tuple[str, ...]
    unscored: tuple[_Unscored, ...]
    missed: tuple[Missed, ...] = ()  # left out if there is none, as is the next
    over_budget_usd: float | None = None


# The fields of `Digest` that the file has under the same name and in the same form.
_COPIED = tuple(
    f.name for f in fields(Digest) if f.name not in ("cut", "sources", "kept", "below", "unscored")
)
# Computed once, because they are needed for every paper.
_NAMES = {kind: tuple(f.name for f in fields(kind)) for kind in (Paper, Score, Counts)}


def _record(kind: type[Any], *values: Any, **more: Any) -> Any:
    """One flat record with the fields of all these dataclass values."""
    flat = {name: getattr(value, name) for value in values for name in _NAMES[type(value)]}
    return kind(**flat, **more)


def _value(kind: type[Any], record: Any) -> Any:
    """The part of a flat record that is a `kind`."""
    return kind(**{name: getattr(record, name) for name in _NAMES[kind]})


# --- to bytes and back ----------------------------------------------------------------------


def encode(digest: Digest) -> bytes:
    """The day's file, a paper a line. Raises `ValueError` if a paper has no outcome, or several."""
    if problem := accounting_problem(digest):
        raise ValueError(f"{digest.date}: {problem}")
    record = _Day(
        schema=SCHEMA,
        prompt_sha256=digest.prompt.sha256,
        keep=digest.cut,
        sources={category: _encode_source(s) for category, s in digest.sources.items()},
        counts=digest.counts,
        kept=tuple(
            _record(_Kept, k.paper, k.score, author_match=k.author_match) for k in digest.kept
        ),
        below=tuple(_record(_Below, b.score, id=b.id, title=b.title) for b in digest.below),
        unscored=tuple(
            _record(_Unscored, u.paper, reason=u.reason, author_match=u.author_match)
            for u in digest.unscored
        ),
        **{name: getattr(digest, name) for name in _COPIED},
    )
    lines = []
    for name in _Day.__struct_fields__:
        value = getattr(record, name)
        if name in ("missed", "over_budget_usd") and not value:
            continue
        if name in ("kept", "below", "filtered", "unscored"):
            body = _bracket("[", [_json(item) for item in value], "]")
        elif name == "sources":
            body = _bracket("{", [f"{_json(k)}:{_json(v)}" for k, v in value.items()], "}")
        elif name == "usage" and not value.cut_requests:
            body = _json(
                {f.name: getattr(value, f.name) for f in fields(value) if f.name != "cut_requests"}
            )
        else:
            body = _json(value)
        lines.append(f"{_json(name)}:{body}")
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _bracket(opening: str, items: list[str], closing: str) -> str:
    body = ",\n".join(items)
    return f"{opening}\n{body}\n{closing}" if items else opening + closing


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
        version = msgspec.json.decode(data, type=dict[str, msgspec.Raw]).get(
            "schema", msgspec.Raw()
        )
        if bytes(version) != str(SCHEMA).encode():
            shown = bytes(version).decode("utf-8", "replace") or "none"
            raise ArchiveError(
                f"{name}: schema is {shown}, this version reads {SCHEMA}:"
                " update this program, or restore the file from git"
            )
        record = msgspec.json.decode(data, type=_Day)
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
        kept=tuple(Kept(_value(Paper, k), _value(Score, k), k.author_match) for k in record.kept),
        below=tuple(Below(b.id, b.title, _value(Score, b)) for b in record.below),
        unscored=tuple(
            Unscored(_value(Paper, u), u.reason, u.author_match) for u in record.unscored
        ),
        **{name: getattr(record, name) for name in _COPIED},
    )
    problem = _problem(digest, name) or (None if trust_lists else _wrong_total(digest, record))
    if problem:
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


def _problem(digest: Digest, name: str) -> str | None:
    """What is impossible in the record, if anything."""
    if PurePosixPath(name).stem != str(digest.date):
        return f"date: {digest.date} is not the file's"
    if digest.generated_at.tzinfo is None:
        return "generated_at: has no time zone"
    return accounting_problem(digest)


def _wrong_total(digest: Digest, record: _Day) -> str | None:
    """The first stated number that does not agree with the record's own lists, if any."""
    counted = digest.counts
    stated = {f"counts.{name}": getattr(record.counts, name) for name in _NAMES[Counts]}
    held = {f"counts.{name}": getattr(counted, name) for name in _NAMES[Counts]}
    for category, source in record.sources.items():
        stated[f"sources.{category}.items"] = source.items
        held[f"sources.{category}.items"] = len(source.entries) + len(source.unreadable)
    for name, figure in stated.items():
        if figure != held[name]:
            return f"{name}: says {figure}, the lists hold {held[name]}"
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
