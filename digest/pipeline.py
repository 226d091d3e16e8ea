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
    Usage,
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
    out = job.config.out
    if not job.dry_run and (restored := archive.restore(out)):
        log.info("restore: %s made again from the archive", count(len(restored), "lost file"))
    before = archive.read_day(out, day)
    sources = _sources(out, day, fetched, before)
    if nothing := _nothing_to_do(day, sources):
        return nothing
    if before is None or not _settled(job, before, sources):
        plan = _plan(job, day, fetched, sources, before)
        if job.dry_run:
            return DayReport("planned", _estimate(job, plan), day)
        digest = _make(job, day, plan)
    elif job.dry_run:
        return DayReport("planned", "nothing to do: the day stands", day)
    else:
        digest = before
    with _stage(f"{day} write") as said:
        written = write(out, digest, before, job.config.site)
        said.append(f"{count(len(written), 'file')} changed")
    commit = _commit(job, digest) if job.commit else None
    status, reason = "unchanged", "nothing is new since the last run"
    if digest is not before:
        status = "updated" if before else "published"
        reason = f"{digest.counts.kept} of {count(digest.counts.scanned, 'paper')} kept"
    elif written or commit:
        status, reason = "updated", "nothing is new, but files were missing or not committed"
    return DayReport.of(digest, status, reason, commit)


def write(out: Path, digest: Digest, before: Digest | None, settings: Site) -> list[str]:
    """Archive the day and make the pages that follow from it; the files that changed.

    The same for a new day, a better one and one that an interrupted run left half written: what
    is right already is not touched.
    """
    days = archive.with_day(archive.read_days(out), digest)
    files = archive.day_files(out, digest, before, days)
    newest = digest if days[-1].date == digest.date else archive.listed_day(out, days[-1].date)
    files |= site.day_files(digest, settings) | site.front_files(newest, days, settings)
    return [str(path) for path in archive.write_files(out, files)]


def render(out: Path, to: Path, settings: Site) -> list[str]:
    """Rebuild every generated file of the archive in `out` into `to`; the files that changed."""
    with _stage("render") as said:
        digests = list(archive.read_archive(out))
        files: archive.Files = {archive.day_path(d.date): record.encode(d) for d in digests}
        files |= archive.derived_files(digests)
        for digest in digests:
            files |= site.day_files(digest, settings)
        days = [Day.of(digest) for digest in digests]
        files |= site.front_files(digests[-1] if digests else None, days, settings)
        written = [str(path) for path in archive.write_files(to, files)]
        said += [count(len(digests), "day"), f"{count(len(written), 'file')} changed"]
    return written


# --- the feeds --------------------------------------------------------------------------------


def fetch(config: Config, session: requests.Session) -> list[Fetched]:
    """Every configured category's feed, one request after the other. Raises `FeedError`."""
    from tqdm import tqdm  # shows itself on a terminal, after a second

    fetched = []
    with _stage("fetch") as said:
        for category in tqdm(config.categories, "fetch", delay=1, disable=None, leave=False):
            url = config.arxiv.feed_url.format(category=category)
            parsed = feed.parse_feed(feed.fetch_feed(session, category, url), category)
            if parsed.category.casefold() != category.casefold():
                raise FeedError(category, f"{url} answered with the feed of {parsed.category!r}")
            fetched.append(Fetched(url, replace(parsed, category=category)))
        said += _describe(fetched)
    return fetched


def replay(places: Sequence[str], session: requests.Session) -> dict[date, list[Fetched]]:
    """Feeds from files or addresses, by their own dates, oldest first. Raises `FeedError`."""
    days: dict[date, list[Fetched]] = {}
    with _stage("read") as said:
        for place in places:
            fetched = _read(place, session)
            parsed = fetched.feed
            day = days.setdefault(parsed.date, [])
            if any(f.feed.category == parsed.category for f in day):
                raise FeedError(
                    parsed.category, f"{place} is a second feed for {parsed.date}: name one of them"
                )
            day.append(fetched)
        said += _describe([fetched for day in days.values() for fetched in day])
    return dict(sorted(days.items()))


def _read(place: str, session: requests.Session) -> Fetched:
    name = place.rpartition("/")[2] or place
    if re.match(r"https?://", place):
        return Fetched(place, feed.parse_feed(feed.fetch_feed(session, name, place), name))
    try:
        data = Path(place).read_bytes()
    except OSError as error:
        raise FeedError(name, f"cannot read {place}: {error.strerror}: name a file") from error
    return Fetched(name, feed.parse_feed(data, name))


def _describe(fetched: Sequence[Fetched]) -> list[str]:
    for f in fetched:
        log.debug("%s of %s: %s", f.feed.category, f.feed.date, count(len(f.feed.papers), "item"))
    said = [count(len(fetched), "feed"), count(sum(len(f.feed.papers) for f in fetched), "item")]
    unreadable = sum(len(f.feed.unreadable) for f in fetched)
    return [*said, f"{unreadable} unreadable"] if unreadable else said


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


def _nothing_to_do(day: date, sources: dict[str, Source]) -> DayReport | None:
    """What to report where no category announces anything of `day`'s own."""
    if any(source.fresh and source.entries for source in sources.values()):
        return None
    if stale := [category for category, source in sources.items() if not source.fresh]:
        reason = f"the feed still shows an earlier day for {', '.join(stale)}: try again later"
        return DayReport("stale_feed", reason, day)
    why = announcements.why_none(day) or "one was expected; a later run looks again"
    return DayReport("no_announcement", f"the feed is empty: {why}", day)


def _settled(job: Job, before: Digest, sources: dict[str, Source]) -> bool:
    """Whether there is nothing left to do for a day but to make sure that its files stand."""
    sampled = any(filtered.rule == selection.LIMIT_RULE for filtered in before.filtered)
    better_scorer = before.scorer == "offline" and job.scorer.name == "llm"
    return not (
        job.rescore or sampled or better_scorer or before.unscored or sources != before.sources
    )


def _reusable(job: Job, before: Digest | None) -> dict[str, Verdict]:
    """The verdicts of an earlier run of the day; none where it is to be scored anew."""
    if before is None or job.rescore or before.scorer != job.scorer.name:
        return {}
    verdicts: dict[str, Verdict] = {kept.paper.id: kept.score for kept in before.kept}
    return verdicts | {below.id: below.score for below in before.below}


@dataclass(frozen=True)
class _Plan:
    """What is to be done for a day."""

    before: Digest | None  # its earlier record
    sources: dict[str, Source]
    reused: dict[str, Verdict]
    chosen: selection.Selection

    @property
    def to_score(self) -> list[Paper]:
        return [paper for paper in self.chosen.to_score if paper.id not in self.reused]


def _plan(
    job: Job,
    day: date,
    fetched: Sequence[Fetched],
    sources: dict[str, Source],
    before: Digest | None,
) -> _Plan:
    """The day's papers sorted; those that only the earlier run saw keep their place."""
    with _stage(f"{day} select") as said:
        ids = announced(sources)
        papers = {paper.id: paper for paper in selection.merge(f.feed for f in fetched)}
        if before is not None:
            known = [kept.paper for kept in before.kept]
            known += [unscored.paper for unscored in before.unscored]
            papers = {paper.id: paper for paper in known} | papers
        reused = _reusable(job, before)
        chosen = selection.select(
            [paper for paper in papers.values() if paper.id in ids],
            day,
            archive.read_ledger(job.config.out, ids),
            job.config.announce,
            job.config.exclude,
            job.limit,
            reused,
        )
        plan = _Plan(before, sources, reused, chosen)
        said.append(count(len(ids), "paper"))
        said += [f"{len(chosen.filtered)} filtered", f"{len(chosen.seen)} seen"]
        said.append(f"{len(plan.to_score)} to score")
    return plan


def _estimate(job: Job, plan: _Plan) -> str:
    label = scorer_label(job.scorer.name, job.scorer.model)
    return f"would score {count(len(plan.to_score), 'paper')} with {label}"


def _make(job: Job, day: date, plan: _Plan) -> Digest:
    """Score what has to be, and put the day together. The earlier record where nothing is new."""
    with _stage(f"{day} score") as said:
        scoring = job.scorer.score(plan.to_score)
        said.append(count(len(plan.to_score), "paper"))
        said.append(f"by {scorer_label(job.scorer.name, job.scorer.model)}")
    papers, before = plan.chosen.to_score, plan.before
    matches = ((p.id, selection.author_match(p, job.config.authors)) for p in papers)
    ranked = ranking.rank(
        papers,
        {**plan.reused, **scoring.verdicts},
        job.config.keep.cut,
        {paper_id: author for paper_id, author in matches if author},
    )
    usage, cost = _spent(before, scoring)
    digest = Digest(
        date=day,
        status=Status.COMPLETE,
        generated_at=job.now().astimezone(UTC).replace(microsecond=0),
        scorer=job.scorer.name,
        model=job.scorer.model,
        prompt=job.scorer.prompt,
        cut=job.config.keep.cut,
        sources=plan.sources,
        kept=ranked.kept,
        below=ranked.below,
        filtered=plan.chosen.filtered,
        seen=plan.chosen.seen,
        unscored=ranked.unscored,
        usage=usage,
        cost_usd=cost,
    )
    if before is not None:
        digest = ranking.carry_over(digest, before)
    if digest.unscored or digest.stale:
        digest = replace(digest, status=Status.PARTIAL)
    log.info("%s: %s", day, sums(digest.counts))
    # A run that learned nothing leaves the record, and all that is made from it, as it is.
    if before is not None and replace(digest, generated_at=before.generated_at) == before:
        return before
    return digest


def _spent(before: Digest | None, now: Scoring) -> tuple[Usage, float | None]:
    """The day's whole spend, earlier runs included; its cost is unknown where a part's is."""
    if before is None or not before.usage.requests:
        return now.usage, now.cost_usd
    if not now.usage.requests:
        return before.usage, before.cost_usd
    usage = before.usage + now.usage
    if before.cost_usd is None or now.cost_usd is None:
        return usage, None
    return usage, before.cost_usd + now.cost_usd


def _commit(job: Job, digest: Digest) -> str | None:
    with _stage(f"{digest.date} commit") as said:
        commit = publish.commit(job.config.out, digest)
        said.append(commit[:12] if commit else "nothing changed")
        if job.push:
            publish.push(job.config.out)
            said.append("pushed")
    return commit


@contextmanager
def _stage(name: str) -> Iterator[list[str]]:
    """A line when the stage is done: its name, what it has to say, seconds."""
    said: list[str] = []
    started = time.monotonic()
    yield said
    log.info("%s: %s (%.2f s)", name, ", ".join(said), time.monotonic() - started)
