"""What a category's announcement contributes to a day, and how far it can be trusted. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date
from itertools import islice

from digest.arxiv.fetch import Fetched
from digest.core.day import Digest, Status
from digest.core.papers import AnnounceType, Entry, Origin, Source, SourceState, announced

EXPECTED_AFTER = 5  # days in a row with papers
Batches = Mapping[str, Collection[Entry]]  # what each category announced on earlier days


def source_of(reading: Fetched, day: date, earlier_batch: Collection[Entry] = ()) -> Source:
    """What the reading of a category contributes to `day`.

    arXiv's servers sometimes serve an earlier batch of a category under today's dates, so dates
    prove nothing: a feed is stale if it `repeats` the category's `earlier_batch`. A feed with the
    date of another day is stale too, and contributes nothing.

    arXiv's page of a day and its search cannot be stale. They show papers as they are now, so the
    announced version is unknown, except of new papers.
    """
    feed, url = reading.feed, reading.url
    if feed.date != day:
        return Source(url, SourceState.STALE)
    if reading.origin is not Origin.FEED:
        entries = _in_order(
            {
                e if e.announce_type is AnnounceType.NEW else replace(e, version=0)
                for e in feed.entries
            }
        )
        return Source(url, SourceState.FRESH, entries, feed.unreadable, reading.origin)
    stale = repeats(feed.entries, earlier_batch)
    state = SourceState.STALE if stale else SourceState.FRESH
    return Source(url, state, _in_order(feed.entries), feed.unreadable, capped=feed.is_capped)


def repeats(entries: Collection[Entry], batch: Collection[Entry]) -> bool:
    """True if these entries repeat an earlier `batch`.

    A paper is new only once, so if there are new papers, most of them decide: the record of the
    batch may lack some. If there are none, every entry must be in the batch.
    """
    earlier = set(batch)
    unversioned = {(e.id, e.announce_type) for e in earlier if not e.version}
    repeated = {e for e in entries if e in earlier or (e.id, e.announce_type) in unversioned}
    new = {e for e in entries if e.announce_type is AnnounceType.NEW}
    if new:
        return 2 * len(new & repeated) > len(new)
    return bool(entries) and len(repeated) == len(set(entries))


def compared(sources: Mapping[str, Source], batches: Batches) -> dict[str, Source]:
    """The same, with each source stale that repeats one of these batches. Only a feed can: what
    arXiv's page of the day gave is right."""
    return {
        category: replace(source, state=SourceState.STALE)
        if source.origin.has_feed and repeats(source.entries, batches.get(category, ()))
        else source
        for category, source in sources.items()
    }


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
    page = next((source for source in (now, earlier) if source.origin.has_page), None)
    completed = now.origin.has_page and earlier.origin.has_feed
    return replace(
        earlier,
        entries=entries,
        unreadable=page.unreadable if page else now.unreadable or earlier.unreadable,
        origin=Origin.FEED_AND_PAGE if completed else earlier.origin,
        capped=not page and (now.capped or earlier.capped),
    )


def may_lack_papers(source: Source) -> bool:
    """True if arXiv's page of the day may know more: the feed was stale, unread, empty, cut or
    partly unreadable, or only the search interface was read."""
    is_doubtful = source.incomplete or source.approximate or not source.entries
    return not source.fresh or (is_doubtful and not source.origin.has_page)


def only_stale(sources: dict[str, Source]) -> frozenset[str]:
    """The ids that no fresh source announces."""
    fresh = {entry.id for source in sources.values() if source.fresh for entry in source.entries}
    return frozenset(announced(sources).keys() - fresh)


def days_with_papers(earlier: Iterable[Source]) -> int:
    """On how many of the last days a category had papers, up to five; 0 if one of them was empty.

    `earlier` are the category's sources in the records of earlier days, the newest first. Sources
    that are stale, unread, or empty without arXiv's confirmation say nothing and do not count.
    """
    certain = (s for s in earlier if s.fresh and (s.entries or s.origin.has_page))
    last = list(islice(certain, EXPECTED_AFTER))
    return len(last) if all(source.entries for source in last) else 0


def status_of(digest: Digest) -> Status:
    """How far a record of these sources and outcomes can be trusted."""
    if (
        digest.fallback
        or digest.unscored
        or any(source.incomplete for source in digest.sources.values())
    ):
        return Status.PARTIAL
    if any(source.approximate for source in digest.sources.values()):
        return Status.APPROXIMATE
    return Status.COMPLETE if digest.outcome_ids else Status.EMPTY


def _in_order(entries: Collection[Entry]) -> tuple[Entry, ...]:
    """By id, each once; an entry of unknown type only if the paper has no other entry. A feed can
    list one id twice, and the order must not depend on a hash."""
    typed = {e.id for e in entries if e.announce_type is not AnnounceType.UNKNOWN}
    chosen = {
        e for e in entries if e.announce_type is not AnnounceType.UNKNOWN or e.id not in typed
    }
    return tuple(sorted(chosen, key=lambda e: (e.id, e.version, e.announce_type.precedence)))
