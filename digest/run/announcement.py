"""What is known of one day's announcement: the day's record, and what this run has read, together.

A category can be read more than once: by an earlier run of the day, by its feed, by arXiv's page of
the day. Each reading completes the one before. A failed reading changes nothing that is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from digest.archive.store import Archive
from digest.arxiv.fetch import Fetched, Reading, category_of
from digest.core.day import Digest
from digest.core.papers import Paper, Source, SourceState
from digest.run.selection import merge
from digest.run.sources import Batches, combine, compared, may_lack_papers, source_of


@dataclass(frozen=True)
class Announcement:
    """One day: what each category contributes to it (`sources`) and its distinct `papers`."""

    day: date
    previous: Digest | None  # the day's record, made by an earlier run
    batches: Batches  # of the days before, to tell a stale feed
    readings: tuple[Reading, ...]
    sources: dict[str, Source]
    papers: tuple[Paper, ...]

    @classmethod
    def of(
        cls,
        archive: Archive,
        day: date,
        readings: Sequence[Reading],
        unrecorded_batches: Batches | None = None,
    ) -> Announcement:
        """The day as recorded, completed by `readings`. Raises `ArchiveError`.

        `unrecorded_batches` are those of earlier days that have no record yet.
        """
        previous = archive.read_day(day)
        batches = {c: list(batch) for c, batch in archive.earlier_batches(day).items()}
        for category, batch in (unrecorded_batches or {}).items():
            batches.setdefault(category, []).extend(batch)
        # What an earlier run took for fresh may repeat a day that has been recorded since.
        sources = compared(previous.sources, batches) if previous else {}
        return cls(day, previous, batches, (), sources, ()).with_readings(readings)

    def with_readings(self, readings: Sequence[Reading]) -> Announcement:
        """The same, completed by more readings."""
        sources = dict(self.sources)
        for reading in readings:
            category = category_of(reading)
            sources[category] = self._source(reading, sources.get(category))
        readings = (*self.readings, *readings)
        papers = _papers(self.day, readings, self.previous)
        return replace(self, readings=readings, sources=sources, papers=papers)

    def _source(self, reading: Reading, earlier: Source | None) -> Source:
        """What the reading's category contributes now."""
        if isinstance(reading, Fetched):
            batch = self.batches.get(reading.feed.category, ())
            return combine(earlier, source_of(reading, self.day, batch))
        if earlier is None or (reading.expected and _is_unconfirmed(earlier)):
            return Source("", SourceState.UNREAD, why=reading.why)
        return earlier

    @property
    def categories(self) -> list[str]:
        """The categories that this run has asked for."""
        return list(dict.fromkeys(map(category_of, self.readings)))

    @property
    def has_papers(self) -> bool:
        """True if some category announces papers of the day's own."""
        return any(source.fresh and source.entries for source in self.sources.values())

    @property
    def unreadable(self) -> frozenset[str]:
        """The ids of papers whose entry at arXiv is wrong."""
        return frozenset(paper.id for paper in self.papers if paper.unreadable)

    def doubtful(self, *, late: bool) -> list[str]:
        """The categories of which arXiv's page of the day may know more than was read.

        They are unread, stale, cut at arXiv's limit, or have an item that could not be read; or
        they are empty beside others that are not, or when it is so `late` that an announcement
        should be there.
        """
        expected = self.has_papers or late
        unreadable = self.unreadable

        def is_doubtful(source: Source) -> bool:
            if any(entry.id in unreadable for entry in source.entries):
                return True
            return may_lack_papers(source) and (source.incomplete or expected)

        return [category for category in self.categories if is_doubtful(self.sources[category])]

    def unread(self, digest: Digest) -> list[str]:
        """The categories that `digest` lacks, and those that could not be read this time."""
        read = {reading.feed.category for reading in self.readings if isinstance(reading, Fetched)}
        failed = (category for category in self.categories if category not in read)
        return list(dict.fromkeys([*digest.unread, *failed]))


def _papers(day: date, readings: Sequence[Reading], previous: Digest | None) -> tuple[Paper, ...]:
    """Every paper that was read for the day, now or by the earlier run, once.

    A paper that cannot be read now is left out if the earlier run could read it.
    """
    feeds = [read.feed for read in readings if isinstance(read, Fetched) and read.feed.date == day]
    merged = merge(feeds)
    if previous is None:
        return merged
    papers = {kept.paper.id: kept.paper for kept in previous.kept}
    papers |= {unscored.paper.id: unscored.paper for unscored in previous.unscored}
    unreadable = {paper.id for paper in papers.values() if paper.unreadable}
    readable = {*previous.outcome_ids} - unreadable
    papers |= {p.id: p for p in merged if not (p.unreadable and p.id in readable)}
    return tuple(papers.values())


def _is_unconfirmed(source: Source) -> bool:
    """True if the feed was empty, and no page of arXiv's has confirmed that."""
    return source.fresh and not source.entries and not source.origin.has_page
