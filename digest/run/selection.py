"""Which of the announced papers are scored, and why the others are not. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from digest.core.models import LIMIT_RULE, STALE_RULE, Digest, Filtered, Status
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

    Where several feeds carry one id, a readable entry counts before an unreadable one, then that of
    the first type of new, cross, replace, replace-cross, and of equals the higher version: the
    other feed may lag behind.
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
    """Sort the day's distinct papers: `seen` before announce type before `exclude`.

    `scored_on` is the seen-ledger. A paper that `day` itself scored is not seen: a day never sees
    itself, so that it can be run again. An announce type that is not known excludes no paper. Of
    what remains, papers of `stale` feeds alone belong to another day and are not scored as this
    one's, and unreadable ones cannot be scored. `limit` is on papers that an earlier run of the day
    has not `scored`, so that a sample never costs a day what it has.
    """
    left = math.inf if limit is None else limit
    to_score: list[Paper] = []
    unreadable: list[Paper] = []
    filtered: list[Filtered] = []
    seen: list[str] = []
    patterns = [(phrase, _phrase_pattern(phrase)) for phrase in exclude]
    for paper in papers:
        excluded_by = next(
            (p for p, pattern in patterns if pattern.search(fold(paper.title))), None
        )
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
        elif left > 0:
            left -= 1
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
    """What `feed` contributes to `day`, and whether it is `day`'s own.

    arXiv's servers sometimes serve a category's previous batch under today's dates, so dates prove
    nothing: a feed is stale when each (id, version, announce type) of it was in `earlier_batch`,
    the one recorded for the category on its latest earlier day (None: no record). No triple recurs
    in a new batch. A feed that dates itself to another day is stale too, and contributes nothing.
    """
    if feed.date != day:
        return Source(url, SourceState.STALE)
    stale = repeats(feed.entries, earlier_batch or ())
    return Source(
        url,
        SourceState.STALE if stale else SourceState.FRESH,
        _in_order(feed.entries),
        feed.unreadable,
        capped=feed.is_capped,
    )


def source_of_past(feed: Feed, url: str, origin: Origin = Origin.PAGE) -> Source:
    """What arXiv's own account of a past day contributes to it, which needs no comparison.

    It shows papers as they are now: of what is not new, the announced version is not known.
    """
    entries = {
        e if e.announce_type is AnnounceType.NEW else replace(e, version=0) for e in feed.entries
    }
    return Source(url, SourceState.FRESH, _in_order(entries), feed.unreadable, origin)


def days_with_papers(earlier: Iterable[Source]) -> int:
    """On how many days in a row `earlier` had papers, up to five, if papers are expected on the
    next day as well; 0 if they are not.

    `earlier` are one category's sources in the records of earlier days, the newest first. Of those
    that are stale, unread or empty without arXiv's confirmation it is not known what was announced:
    they do not count. Any that is known to have been empty ends the expectation.
    """
    days = 0
    for source in earlier:
        if not source.fresh or not (source.entries or source.origin.has_page):
            continue
        if not source.entries:
            return 0
        days += 1
        if days == EXPECTED_AFTER:
            break
    return days


def repeats(entries: Collection[Entry], batch: Collection[Entry]) -> bool:
    """Whether these entries are those of an earlier `batch`, as far as its versions are known.

    A paper is new once only: where there are new ones, most of them tell, whatever the record
    lacks (it may hold what the feed had before it grew, or what arXiv's search could tell).
    """
    known = set(batch)
    unversioned = {(e.id, e.announce_type) for e in known if not e.version}
    found = {e for e in entries if e in known or (e.id, e.announce_type) in unversioned}
    new = {e for e in entries if e.announce_type is AnnounceType.NEW}
    if new:
        return 2 * len(new & found) > len(new)
    return bool(entries) and len(found) == len(set(entries))


def only_stale(sources: Mapping[str, Source]) -> frozenset[str]:
    """The ids that no fresh source announces."""
    ids = {fresh: set[str]() for fresh in (True, False)}
    for source in sources.values():
        ids[source.fresh] |= {entry.id for entry in source.entries}
    return frozenset(ids[False] - ids[True])


def combine(earlier: Source | None, now: Source) -> Source:
    """A category's source after one more look at its announcement of the same day.

    What was fresh stays announced even if the feed has since lost it or gone stale; what was stale
    or unread gives way to whatever is read now. What is exact is not changed by what is
    approximate; what arXiv's page of the day has completed is not in doubt for what a feed lacks.
    """
    if earlier is None or not earlier.fresh:
        return now
    if not now.fresh or (now.approximate and not earlier.approximate):
        return earlier
    versions = {(e.id, e.announce_type): e for e in earlier.entries if e.version}
    stated = {e if e.version else versions.get((e.id, e.announce_type), e) for e in now.entries}
    restated = {e.id for e in now.entries if e.announce_type is not AnnounceType.UNKNOWN}
    kept = {entry for entry in earlier.entries if entry.id not in restated}
    entries = _in_order(stated | kept)
    if earlier.approximate:  # what only the search had was scored for this day, and stays
        origin = Origin.SEARCH if kept else now.origin
        return replace(now, entries=entries, origin=origin)
    if not (earlier.entries or earlier.unreadable) and (now.entries or now.origin.has_page):
        return now  # the feed, or a page that was made too early, was wrongly empty
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


def rejudge(
    digest: Digest, scored_on: Mapping[str, date], batches: Mapping[str, Collection[Entry]]
) -> Digest:
    """The day as it would have been made beside another archive, which knows days that ours lacked.

    `scored_on` is that archive's ledger, `batches` each category's latest earlier batch there. What
    it has scored is `seen`, what it shows to be stale is, and no paper is lost.
    """
    sources = {
        category: replace(source, state=SourceState.STALE)
        if repeats(source.entries, batches.get(category, ()))
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
    judged = replace(
        digest,
        sources=sources,
        kept=tuple(k for k in digest.kept if k.paper.id not in gone),
        below=tuple(b for b in digest.below if b.id not in gone),
        filtered=tuple(sorted(filtered, key=lambda f: f.id)),
        seen=tuple(sorted({*digest.seen, *seen})),
        unscored=tuple(u for u in digest.unscored if u.paper.id not in gone),
    )
    return replace(judged, status=status_of(judged))


def status_of(digest: Digest) -> Status:
    """How far a record of these sources and outcomes can be trusted."""
    if digest.unscored or any(source.incomplete for source in digest.sources.values()):
        return Status.PARTIAL
    if any(source.approximate for source in digest.sources.values()):
        return Status.APPROXIMATE
    return Status.COMPLETE if digest.outcome_ids else Status.EMPTY


def _in_order(entries: Collection[Entry]) -> tuple[Entry, ...]:
    """By id, each once, and no type unknown where another entry of the same paper has one."""
    typed = {e.id for e in entries if e.announce_type is not AnnounceType.UNKNOWN}
    known = {e for e in entries if e.announce_type is not AnnounceType.UNKNOWN or e.id not in typed}
    return tuple(sorted(known, key=_by_id))


def _by_id(entry: Entry) -> tuple[str, int, int]:
    """The sort key; a feed can list one id twice, and the order must not depend on a hash."""
    return entry.id, entry.version, entry.announce_type.precedence
