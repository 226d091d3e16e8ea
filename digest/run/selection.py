"""Which of the announced papers are scored, and why the others are not. Pure: reads no file."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice

from digest.core.day import LIMIT_RULE, STALE_RULE, Digest, Filtered, Status
from digest.core.papers import AnnounceType, Entry, Feed, Origin, Paper, Source, SourceState
from digest.core.text import fold

EXPECTED_AFTER = 5  # days in a row with papers


@dataclass(frozen=True, slots=True)
class Selection:
    """Every announced paper, each in exactly one of the four."""

    to_score: tuple[Paper, ...]
    filtered: tuple[Filtered, ...]
    seen: tuple[str, ...]
    unreadable: tuple[Paper, ...] = ()  # would be scored, if arXiv's entry could be read


def merge(feeds: Iterable[Feed]) -> tuple[Paper, ...]:
    """Each paper once, in the feeds' order, under the strongest of its announce types.

    If several feeds list one id, a readable entry wins over an unreadable one; then the first type
    of new, cross, replace, replace-cross; then the higher version, because a feed may be late.
    """
    papers: dict[str, Paper] = {}
    types: dict[str, AnnounceType] = {}
    for feed in feeds:
        for paper in feed.papers:
            if paper.id not in papers or _rank(paper) < _rank(papers[paper.id]):
                papers[paper.id] = paper
            kind = types.setdefault(paper.id, paper.announce_type)
            if paper.announce_type.precedence < kind.precedence:
                types[paper.id] = paper.announce_type
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
    for paper in papers:
        title = fold(paper.title)
        excluded_by = next((phrase for phrase, found in patterns if found.search(title)), None)
        if scored_on.get(paper.id, day) != day:
            seen.append(paper.id)
        elif paper.announce_type not in (*announce, AnnounceType.UNKNOWN):
            filtered.append(Filtered(paper.id, paper.title, f"announce type {paper.announce_type}"))
        elif excluded_by is not None:
            filtered.append(Filtered(paper.id, paper.title, f"exclude {excluded_by}"))
        elif paper.id in stale:
            filtered.append(Filtered(paper.id, paper.title, STALE_RULE))
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


def _phrase_pattern(phrase: str) -> re.Pattern[str]:
    """Whole words only: "RAG" is not in "fragment"."""
    return re.compile(rf"(?<!\w){re.escape(fold(phrase))}(?!\w)")


def author_match(paper: Paper, authors: Iterable[str]) -> str | None:
    """The configured author who wrote this paper, if any. Case and accents do not matter."""
    names = {fold(name) for name in paper.authors}
    return next((author for author in authors if fold(author) in names), None)


def source_of(feed: Feed, url: str, day: date, earlier_batch: Collection[Entry] | None) -> Source:
    """What `feed` contributes to `day`.

    arXiv's servers sometimes serve an earlier batch of a category under today's dates, so dates
    prove nothing: a feed is stale if it `repeats` the category's `earlier_batch` (None: no record).
    A feed with the date of another day is stale too, and contributes nothing.
    """
    if feed.date != day:
        return Source(url, SourceState.STALE)
    stale = repeats(feed.entries, earlier_batch)
    return Source(
        url,
        SourceState.STALE if stale else SourceState.FRESH,
        _in_order(feed.entries),
        feed.unreadable,
        capped=feed.is_capped,
    )


def source_of_past(feed: Feed, url: str, origin: Origin = Origin.PAGE) -> Source:
    """What arXiv's page of a day, or its search, contributes. It cannot be stale.

    It shows papers as they are now, so the announced version is unknown, except of new papers.
    """
    entries = {
        e if e.announce_type is AnnounceType.NEW else replace(e, version=0) for e in feed.entries
    }
    return Source(url, SourceState.FRESH, _in_order(entries), feed.unreadable, origin)


def days_with_papers(earlier: Iterable[Source]) -> int:
    """On how many of the last days a category had papers, up to five; 0 if one of them was empty.

    `earlier` are the category's sources in the records of earlier days, the newest first. Sources
    that are stale, unread, or empty without arXiv's confirmation say nothing and do not count.
    """
    certain = (s for s in earlier if s.fresh and (s.entries or s.origin.has_page))
    last = list(islice(certain, EXPECTED_AFTER))
    return len(last) if all(source.entries for source in last) else 0


def repeats(entries: Collection[Entry], batch: Collection[Entry] | None) -> bool:
    """True if these entries repeat an earlier `batch` (None: there is none).

    A paper is new only once, so if there are new papers, most of them decide: the record of the
    batch may lack some. If there are none, every entry must be in the batch.
    """
    earlier = set(batch or ())
    unversioned = {(e.id, e.announce_type) for e in earlier if not e.version}
    repeated = {e for e in entries if e in earlier or (e.id, e.announce_type) in unversioned}
    new = {e for e in entries if e.announce_type is AnnounceType.NEW}
    if new:
        return 2 * len(new & repeated) > len(new)
    return bool(entries) and len(repeated) == len(set(entries))


def may_lack_papers(source: Source) -> bool:
    """True if arXiv's page of the day may know more: the feed was stale, unread, empty, cut or
    partly unreadable, or only the search interface was read."""
    is_doubtful = source.incomplete or source.approximate or not source.entries
    return not source.fresh or (is_doubtful and not source.origin.has_page)


def only_stale(sources: Mapping[str, Source]) -> frozenset[str]:
    """The ids that no fresh source announces."""
    ids = {fresh: set[str]() for fresh in (True, False)}
    for source in sources.values():
        ids[source.fresh] |= {entry.id for entry in source.entries}
    return frozenset(ids[False] - ids[True])


def combine(earlier: Source | None, now: Source) -> Source:
    """A category's source after one more reading of the same day.

    A stale or unread source is replaced by whatever is read now. Fresh entries stay, even if the
    feed has lost them since or has become stale. The search interface, which is approximate, does
    not change what a feed or a page gave. What arXiv's page of the day has completed stays
    complete, whatever a feed lacks.
    """
    if earlier is None or not earlier.fresh:
        return now
    if not now.fresh or (now.approximate and not earlier.approximate):
        return earlier
    versions = {(e.id, e.announce_type): e for e in earlier.entries if e.version}
    stated = {e if e.version else versions.get((e.id, e.announce_type), e) for e in now.entries}
    restated = {e.id for e in now.entries if e.announce_type is not AnnounceType.UNKNOWN}
    not_restated = {entry for entry in earlier.entries if entry.id not in restated}
    entries = _in_order(stated | not_restated)
    if earlier.approximate:  # papers that only the search gave were scored for this day, and stay
        origin = Origin.SEARCH if not_restated else now.origin
        return replace(now, entries=entries, origin=origin)
    if not (earlier.entries or earlier.unreadable) and (now.entries or now.origin.has_page):
        return now  # the feed was wrongly empty, or the page was made too early
    if now.origin.has_page:
        origin = Origin.PAGE if earlier.origin is Origin.PAGE else Origin.FEED_AND_PAGE
        return Source(earlier.url, SourceState.FRESH, entries, now.unreadable, origin)
    if earlier.origin.has_page:
        return replace(earlier, entries=entries)
    return replace(
        earlier,
        entries=entries,
        unreadable=now.unreadable or earlier.unreadable,
        capped=now.capped or earlier.capped,
    )


def fit_into(
    digest: Digest, scored_on: Mapping[str, date], batches: Mapping[str, Collection[Entry]]
) -> Digest:
    """The day as it would have been made with another archive, which has days that ours lacked.

    `scored_on` is that archive's ledger, `batches` are its earlier batches of each category. Papers
    that it has scored become `seen`; categories that repeat its batches become stale, and their
    papers `filtered`. No paper is lost.
    """
    sources = {
        category: replace(source, state=SourceState.STALE)
        if repeats(source.entries, batches.get(category))
        else source
        for category, source in digest.sources.items()
    }
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


def status_of(digest: Digest) -> Status:
    """How far a record of these sources and outcomes can be trusted."""
    if digest.unscored or any(source.incomplete for source in digest.sources.values()):
        return Status.PARTIAL
    if any(source.approximate for source in digest.sources.values()):
        return Status.APPROXIMATE
    return Status.COMPLETE if digest.outcome_ids else Status.EMPTY


def _in_order(entries: Collection[Entry]) -> tuple[Entry, ...]:
    """By id, each once; an entry of unknown type only if the paper has no other entry."""
    typed = {e.id for e in entries if e.announce_type is not AnnounceType.UNKNOWN}
    chosen = {
        e for e in entries if e.announce_type is not AnnounceType.UNKNOWN or e.id not in typed
    }
    return tuple(sorted(chosen, key=_by_id))


def _by_id(entry: Entry) -> tuple[str, int, int]:
    """The sort key; a feed can list one id twice, and the order must not depend on a hash."""
    return entry.id, entry.version, entry.announce_type.precedence
