"""Which of the announced papers are scored, and why the others are not. Pure: reads no file."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from digest.core.day import LIMIT_RULE, STALE_RULE, Digest, Filtered
from digest.core.papers import AnnounceType, Feed, Paper
from digest.core.text import fold
from digest.run.sources import Batches, compared, only_stale, status_of


@dataclass(frozen=True, slots=True)
class Selection:
    """Every announced paper, each in exactly one of the four."""

    to_score: tuple[Paper, ...]
    filtered: tuple[Filtered, ...]
    seen: tuple[str, ...]
    unreadable: tuple[Paper, ...]  # would be scored, if arXiv's entry could be read


def merge(feeds: Iterable[Feed]) -> tuple[Paper, ...]:
    """Each paper once, in the feeds' order, under the strongest of its announce types.

    If several feeds list one id, a readable entry wins over an unreadable one; then the first type
    of new, cross, replace, replace-cross; then the higher version, because a feed may be late.
    """
    papers: dict[str, Paper] = {}
    types: dict[str, AnnounceType] = {}
    for feed in feeds:
        for paper in feed.papers:
            papers[paper.id] = min(papers.get(paper.id, paper), paper, key=_rank)
            kind = types.get(paper.id, AnnounceType.UNKNOWN)
            types[paper.id] = min(kind, paper.announce_type, key=lambda t: t.precedence)
    return tuple(
        paper if paper.announce_type is types[i] else replace(paper, announce_type=types[i])
        for i, paper in papers.items()
    )


def _rank(paper: Paper) -> tuple[bool, int, int]:
    return bool(paper.unreadable), paper.announce_type.precedence, -paper.version


def select(
    papers: Sequence[Paper],
    day: date,
    scored_on: Mapping[str, date],
    announce: Collection[str],
    exclude: Sequence[str] = (),
    limit: int | None = None,
    scored: Collection[str] = (),
    stale: Collection[str] = (),
) -> Selection:
    """Give each of the day's distinct papers its place; the first rule that applies decides.

    `seen`: `scored_on`, the ledger, has another day for it (a day never sees itself, so that it can
    be run again). `filtered`: its announce type is not in `announce` (an unknown type passes), its
    title has a phrase of `exclude`, or only stale feeds list it (`stale`): it belongs to another
    day. `unreadable`: arXiv's entry is wrong. Else it is scored, up to `limit` papers; papers that
    an earlier run of the day has `scored` do not count, so that a sample takes nothing away.
    """
    places_left = math.inf if limit is None else limit
    to_score: list[Paper] = []
    unreadable: list[Paper] = []
    filtered: list[Filtered] = []
    seen: list[str] = []
    patterns = [(phrase, _phrase_pattern(phrase)) for phrase in exclude]

    def rule(paper: Paper) -> str | None:
        if paper.announce_type not in (*announce, AnnounceType.UNKNOWN):
            return f"announce type {paper.announce_type}"
        title = _comparable(paper.title)
        if phrase := next((phrase for phrase, found in patterns if found.search(title)), None):
            return f"exclude {phrase}"
        return STALE_RULE if paper.id in stale else None

    for paper in papers:
        if scored_on.get(paper.id, day) != day:
            seen.append(paper.id)
        elif name := rule(paper):
            filtered.append(Filtered(paper.id, paper.title, name))
        elif paper.unreadable:
            unreadable.append(paper)
        elif paper.id in scored:
            to_score.append(paper)
        elif places_left > 0:
            places_left -= 1
            to_score.append(paper)
        else:
            filtered.append(Filtered(paper.id, paper.title, LIMIT_RULE))
    filtered.sort(key=lambda f: f.id)
    return Selection(tuple(to_score), tuple(filtered), tuple(sorted(seen)), tuple(unreadable))


_ONE_SPELLING = str.maketrans("‐‑–’ʼ", "---''")
_BETWEEN_WORDS = re.compile(r"(?<=\w)([- ])(?=\w)")


def _comparable(text: str) -> str:
    """Folded, with one kind of hyphen and of apostrophe."""
    return fold(text).translate(_ONE_SPELLING)


def _phrase_pattern(phrase: str) -> re.Pattern[str]:
    """Finds whole words in `_comparable` text: "RAG" is not in "fragment".

    A hyphen of the phrase may be a space or missing, a space may be a hyphen; the last word may be
    in the plural.
    """
    parts = _BETWEEN_WORDS.split(_comparable(phrase))
    *before, last = [{"-": "[- ]?", " ": "[- ]"}.get(part, re.escape(part)) for part in parts]
    # Not of shorter words: "GA" is not "gas".
    if re.search(r"[a-z]{3}$", last):
        if re.search(r"[^aeiou]y$", last):
            last = f"{last[:-1]}(?:y|ies)"
        else:
            last += "(?:es)?" if re.search(r"(?:[sxz]|[cs]h)$", last) else "s?"
    return re.compile(rf"(?<!\w){''.join(before)}{last}(?!\w)")


def phrase_matches(papers: Iterable[Paper], phrases: Iterable[str]) -> dict[str, str]:
    """The first of `phrases` in the title or the abstract of each paper that has one, by id."""
    patterns = [(phrase, _phrase_pattern(phrase)) for phrase in phrases]
    matches = {}
    for paper in papers if patterns else ():
        text = f"{_comparable(paper.title)}\n{_comparable(paper.abstract)}"
        if phrase := next((phrase for phrase, found in patterns if found.search(text)), None):
            matches[paper.id] = phrase
    return matches


def fit_into(digest: Digest, scored_on: Mapping[str, date], batches: Batches) -> Digest:
    """The day as it would have been made with another archive, which has days that ours lacked.

    `scored_on` is that archive's ledger, `batches` are its earlier batches of each category. Papers
    that it has scored become `seen`; categories that repeat its batches become stale, and their
    papers `filtered`. No paper is lost.
    """
    sources = compared(digest.sources, batches)
    seen = {i for i in digest.outcome_ids if scored_on.get(i, digest.date) != digest.date}
    stale = only_stale(sources) - seen
    gone = seen | stale
    papers = [(k.paper.id, k.paper.title) for k in digest.kept]
    papers += [(u.paper.id, u.paper.title) for u in digest.unscored]
    papers += [(b.id, b.title) for b in digest.below]
    filtered = [f for f in digest.filtered if f.id not in seen]
    filtered += [Filtered(i, title, STALE_RULE) for i, title in papers if i in stale]
    fitted = replace(
        digest,
        sources=sources,
        kept=tuple(k for k in digest.kept if k.paper.id not in gone),
        below=tuple(b for b in digest.below if b.id not in gone),
        filtered=tuple(sorted(filtered, key=lambda f: f.id)),
        seen=tuple(sorted({*digest.seen, *seen})),
        unscored=tuple(u for u in digest.unscored if u.paper.id not in gone),
    )
    return replace(fitted, status=status_of(fitted))
