"""One run: feeds, selection, scores, ranking, archive, site, commit.

`run_day` is the list of the steps. Everything that touches the world is handed in, or lives in
the stage that owns it.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from digest import announcements, archive, feed, publish, ranking, record, selection, site
from digest.config import Config, Site
from digest.errors import FeedError
from digest.models import (
    Day,
    Digest,
    Feed,
    Paper,
    Prompt,
    Scoring,
    Source,
    Status,
    Verdict,
    announced,
)
from digest.report import DayReport
from digest.wording import count, scorer_label, sums

if TYPE_CHECKING:
    import requests

log = logging.getLogger("digest")


@dataclass(frozen=True)
class Scorer:
    """The seam between a run and whatever judges papers."""

    name: str  # "llm" or "offline"
    model: str | None
    prompt: Prompt
    score: Callable[[Sequence[Paper]], Scoring]


@dataclass(frozen=True)
class Job:
    """What one invocation wants."""

    config: Config
    scorer: Scorer
    now: Callable[[], datetime]  # aware
    commit: bool = True
    push: bool = False
    rescore: bool = False
    limit: int | None = None
    dry_run: bool = False


@dataclass(frozen=True)
class Fetched:
    """A feed and the address it came from."""

    url: str
    feed: Feed


def run_day(job: Job, day: date, fetched: Sequence[Fetched]) -> DayReport:
    """Bring one announcement day up to date with what its feeds say.

    Nothing is written before everything is scored, and nothing at all where the feeds announce
    nothing or only repeat an earlier day. Raises a `DigestError` for any expected failure.
    """
    started = time.monotonic()
    out = job.config.out
    before = archive.read_day(out, day)
    sources = _sources(out, day, fetched, before)
    if not any(source.fresh for source in sources.values()):
        reason = f"the feed still shows an earlier day for {', '.join(sources)}: try again later"
        return DayReport("stale_feed", reason, day)
    if not announced(sources):
        why = announcements.why_none(day) or "one was expected; a later run looks again"
        return DayReport("no_announcement", f"the feed is empty: {why}", day)
    if before is not None and _settled(job, before, sources):
        digest, status, reason = before, "unchanged", "the day was complete already"
    else:
        reused = _reusable(job, before)
        chosen = _select(job, day, fetched, sources, reused)
        to_score = [paper for paper in chosen.to_score if paper.id not in reused.verdicts]
        if job.dry_run:
            label = scorer_label(job.scorer.name, job.scorer.model)
            reason = f"would score {count(len(to_score), 'paper')} with {label}"
            return DayReport("planned", reason, day)
        with _stage("score"):
            scoring = job.scorer.score(to_score)
        digest = _digest(job, day, sources, chosen, reused, scoring)
        log.info("%s: %s", day, sums(digest.counts))
        status = "updated" if before else "published"
        reason = f"{digest.counts.kept} of {count(digest.counts.scanned, 'paper')} kept"
    if job.dry_run:
        return DayReport("planned", "nothing to do: the day is complete", day)
    with _stage("write") as note:
        written = write(out, digest, before, job.config.site)
        note(count(len(written), "file"))
    commit = None
    if job.commit:
        with _stage("commit"):
            commit = publish.commit(out, digest)
            if job.push:
                publish.push(out)
    seconds = round(time.monotonic() - started, 3)
    return replace(DayReport.of(digest, status, reason, commit), seconds=seconds)


def write(out: Path, digest: Digest, before: Digest | None, settings: Site) -> list[str]:
    """Archive the day and make the pages that follow from it; the files that changed.

    The same for a new day, a better one and one that an interrupted run left half written: what
    is right already is not touched.
    """
    days = archive.with_day(archive.read_days(out), digest)
    files = archive.day_files(out, digest, before, days)
    newest = digest if days[-1].date == digest.date else archive.read_day(out, days[-1].date)
    files |= site.day_files(digest, settings) | site.front_files(newest, days, settings)
    return [str(path) for path in archive.write_files(out, files)]


def render(out: Path, to: Path, settings: Site) -> list[str]:
    """Rebuild every generated file of the archive in `out` into `to`; the files that changed."""
    digests = list(archive.read_archive(out))
    files = {archive.day_path(digest.date): record.encode(digest) for digest in digests}
    files |= archive.derived_files(digests)
    for digest in digests:
        files |= site.day_files(digest, settings)
    days = [Day.of(digest) for digest in digests]
    files |= site.front_files(digests[-1] if digests else None, days, settings)
    return [str(path) for path in archive.write_files(to, files)]


# --- the feeds --------------------------------------------------------------------------------


def fetch(config: Config, session: requests.Session) -> list[Fetched]:
    """Every configured category's feed, one request after the other. Raises `FeedError`."""
    from tqdm import tqdm  # shows itself on a terminal, after a second

    fetched = []
    for category in tqdm(config.categories, "fetch", delay=1, disable=None, leave=False):
        url = config.arxiv.feed_url.format(category=category)
        parsed = feed.parse_feed(feed.fetch_feed(session, category, url), category)
        if parsed.category.casefold() != category.casefold():
            raise FeedError(category, f"{url} answered with the feed of {parsed.category!r}")
        log.debug("%s: %s of %s", url, count(len(parsed.papers), "item"), parsed.date)
        fetched.append(Fetched(url, replace(parsed, category=category)))
    return fetched


def replay(places: Sequence[str], session: requests.Session) -> dict[date, list[Fetched]]:
    """Feeds from files or addresses, by their own dates, oldest first. Raises `FeedError`."""
    days: dict[date, list[Fetched]] = {}
    for place in places:
        name = place.rpartition("/")[2] or place
        if re.match(r"https?://", place):
            data = feed.fetch_feed(session, name, place)
        else:
            try:
                data = Path(place).read_bytes()
            except OSError as error:
                raise FeedError(name, f"cannot read {place}: {error.strerror}") from error
        parsed = feed.parse_feed(data, name)
        day = days.setdefault(parsed.date, [])
        if any(f.feed.category == parsed.category for f in day):
            raise FeedError(name, f"a second feed of {parsed.category} for {parsed.date}")
        day.append(Fetched(place if place.startswith("http") else name, parsed))
    return dict(sorted(days.items()))


# --- the steps --------------------------------------------------------------------------------


def _sources(
    out: Path, day: date, fetched: Sequence[Fetched], before: Digest | None
) -> dict[str, Source]:
    """What each category contributes, together with what an earlier run of this day found."""
    categories = [f.feed.category for f in fetched]
    batches = archive.earlier_batches(out, archive.read_days(out), day, categories)
    known = before.sources if before else {}
    sources = dict(known)
    for f in fetched:
        category = f.feed.category
        source = selection.source_of(f.feed, f.url, day, batches.get(category))
        sources[category] = selection.combine(known.get(category), source)
    return sources


def _settled(job: Job, before: Digest, sources: dict[str, Source]) -> bool:
    """Whether there is nothing left to do for a day but to make sure that its files stand."""
    sampled = any(filtered.rule == selection.LIMIT_RULE for filtered in before.filtered)
    better_scorer = before.scorer == "offline" and job.scorer.name == "llm"
    return not (
        job.rescore or sampled or better_scorer or before.unscored or sources != before.sources
    )


@dataclass(frozen=True)
class _Reusable:
    """What an earlier run of the day knows."""

    before: Digest | None
    verdicts: dict[str, Verdict]  # none where the day is to be scored anew


def _reusable(job: Job, before: Digest | None) -> _Reusable:
    if before is None or job.rescore or before.scorer != job.scorer.name:
        return _Reusable(before, {})
    verdicts: dict[str, Verdict] = {kept.paper.id: kept.score for kept in before.kept}
    return _Reusable(before, verdicts | {below.id: below.score for below in before.below})


def _select(
    job: Job,
    day: date,
    fetched: Sequence[Fetched],
    sources: dict[str, Source],
    reused: _Reusable,
) -> selection.Selection:
    """The day's papers sorted; those that only the earlier run saw keep their place."""
    ids = announced(sources)
    papers = {paper.id: paper for paper in selection.merge(f.feed for f in fetched)}
    if reused.before is not None:
        known = [kept.paper for kept in reused.before.kept]
        known += [unscored.paper for unscored in reused.before.unscored]
        papers = {paper.id: paper for paper in known} | papers
    with _stage("select"):
        return selection.select(
            [paper for paper in papers.values() if paper.id in ids],
            day,
            archive.read_ledger(job.config.out, ids),
            job.config.announce,
            job.config.exclude,
            job.limit,
        )


def _digest(
    job: Job,
    day: date,
    sources: dict[str, Source],
    chosen: selection.Selection,
    reused: _Reusable,
    scoring: Scoring,
) -> Digest:
    matches = ((p.id, selection.author_match(p, job.config.authors)) for p in chosen.to_score)
    ranked = ranking.rank(
        chosen.to_score,
        reused.verdicts | dict(scoring.verdicts),
        job.config.keep.cut,
        {paper_id: author for paper_id, author in matches if author},
    )
    before = reused.before
    usage, cost = scoring.usage, scoring.cost_usd
    if before is not None:
        usage = before.usage + usage
        cost = (before.cost_usd or 0) + cost if cost is not None else None
    digest = Digest(
        date=day,
        status=Status.COMPLETE,
        generated_at=job.now().astimezone(UTC).replace(microsecond=0),
        scorer=job.scorer.name,
        model=job.scorer.model,
        prompt=job.scorer.prompt,
        cut=job.config.keep.cut,
        sources=sources,
        kept=ranked.kept,
        below=ranked.below,
        filtered=chosen.filtered,
        seen=chosen.seen,
        unscored=ranked.unscored,
        usage=usage,
        cost_usd=cost,
    )
    if before is not None:
        digest = ranking.carry_over(digest, before)
    partial = digest.unscored or digest.stale
    return replace(digest, status=Status.PARTIAL if partial else Status.COMPLETE)


@contextmanager
def _stage(name: str) -> Iterator[Callable[[str], None]]:
    """A line a stage: its name, what it has to say, seconds."""
    notes: list[str] = []
    started = time.monotonic()
    yield notes.append
    log.info(
        "%-7s %s%.2f s", name, "".join(f"{note}, " for note in notes), time.monotonic() - started
    )
