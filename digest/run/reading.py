"""What was read of a day, from feeds, from arXiv's page of it and by earlier runs: put together.

A category can be read more than once: by an earlier run of the day, by its feed, by the page. Each
reading completes the one before. What could not be read changes nothing that is known.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from digest.archive import store
from digest.arxiv.fetch import Fetched, Reading, Unread, category_of
from digest.core.models import Digest
from digest.core.papers import Entry, Origin, Paper, Source, SourceState
from digest.run import selection

Batches = Mapping[str, Collection[Entry]]  # what each category announced on an earlier day


def sources_of(
    out: Path,
    day: date,
    readings: Sequence[Reading],
    before: Digest | None,
    batches: Batches | None = None,
) -> dict[str, Source]:
    """What each category contributes, together with what an earlier run of this day recorded.

    `batches` are those of earlier days that are in no record yet.
    """
    recorded = store.earlier_batches(out, store.read_days(out), day)
    earlier: dict[str, Collection[Entry]] = dict(recorded)
    for category, batch in (batches or {}).items():
        earlier[category] = [*earlier.get(category, ()), *batch]
    # A day before it may have been recorded since.
    sources = {
        category: replace(source, state=SourceState.STALE)
        if source.origin.has_feed and selection.repeats(source.entries, earlier.get(category, ()))
        else source
        for category, source in (before.sources if before else {}).items()
    }
    for reading in readings:
        category = category_of(reading)
        known = sources.get(category)
        if isinstance(reading, Unread):
            if known is None or (reading.expected and _is_unconfirmed(known)):
                sources[category] = Source("", SourceState.UNREAD, why=reading.why)
            continue
        if reading.origin is Origin.FEED:
            earlier_batch = earlier.get(category)
            source = selection.source_of(reading.feed, reading.url, day, earlier_batch)
        else:
            source = selection.source_of_past(reading.feed, reading.url, reading.origin)
        sources[category] = selection.combine(known, source)
    return sources


def papers_of(day: date, readings: Iterable[Reading], before: Digest | None) -> list[Paper]:
    """Every paper that was read for `day`, now or by the earlier run that made `before`, once.

    One that cannot be read now is left out where the earlier run could read it.
    """
    feeds = [read.feed for read in readings if isinstance(read, Fetched) and read.feed.date == day]
    papers = {paper.id: paper for paper in selection.merge(feeds)}
    if before is None:
        return list(papers.values())
    known = {kept.paper.id: kept.paper for kept in before.kept}
    known |= {unscored.paper.id: unscored.paper for unscored in before.unscored}
    unreadable = {paper.id for paper in known.values() if paper.unreadable}
    readable = {*before.outcome_ids} - unreadable
    known |= {i: p for i, p in papers.items() if not (p.unreadable and i in readable)}
    return list(known.values())


def doubtful(
    out: Path, day: date, readings: Sequence[Reading], batches: Batches, *, late: bool
) -> dict[str, Source]:
    """The categories of which arXiv's page of `day` may know more than was read, each with what is
    known of it: unread, stale, cut at arXiv's cap, with an item that could not be read; and empty,
    beside others that are not, or when it is so `late` that an announcement should be there."""
    before = store.read_day(out, day)
    sources = sources_of(out, day, readings, before, batches)
    announced = any(source.fresh and source.entries for source in sources.values())
    unreadable = {paper.id for paper in papers_of(day, readings, before) if paper.unreadable}

    def is_doubtful(source: Source) -> bool:
        if any(entry.id in unreadable for entry in source.entries):
            return True
        if source.incomplete:
            return not (source.fresh and source.origin.has_page)
        return _is_unconfirmed(source) and (announced or late)

    asked_for = dict.fromkeys(map(category_of, readings))
    return {category: sources[category] for category in asked_for if is_doubtful(sources[category])}


def unread(digest: Digest, readings: Sequence[Reading]) -> list[str]:
    """The categories that the day lacks, and those that could not be read this time."""
    read = {reading.feed.category for reading in readings if isinstance(reading, Fetched)}
    tried = (category for category in map(category_of, readings) if category not in read)
    return list(dict.fromkeys([*digest.unread, *tried]))


def _is_unconfirmed(source: Source) -> bool:
    """True if the feed was empty, and no page of arXiv's has said that this is right."""
    return source.fresh and not source.entries and not source.origin.has_page
