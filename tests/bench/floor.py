"""What a day takes without the model, step by step, each beside the simplest possible code.

Both sides of a row run in this process on the same papers, in turn; figures are medians of wall
seconds. `render` is the day's two pages, the month's and the front ones, beside the papers' escaped
text joined. A no-op slot is `digest run` for a day that is settled, its feeds unchanged on
a local server; `delay_s` is the pause between two requests that arXiv asks for.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from digest.archive import record, store
from digest.arxiv.feed import parse_feed
from digest.core import calendar
from digest.core.models import Cut, Digest, Status
from digest.core.papers import AnnounceType, Entry, Source, SourceState
from digest.core.scores import Score, ScoredBy, Usage
from digest.run import output, ranking, selection
from digest.site import search
from tests import feeds, make
from tests.bench import runs
from tests.bench.runs import Announcement
from tests.scoring.scoring import shipped_prompt
from tests.site.days import SITE

CUT = Cut(8, 7)
TIMES = 5
AIM_SLOT_S = 1.5
ANNOUNCE = (AnnounceType.NEW, AnnounceType.CROSS)


def measure(data: Path) -> dict[str, Any]:
    rows: dict[str, Any] = {}
    print(f"{'':34}{'ours_s':>10}{'simplest_s':>12}{'ratio':>8}  the simplest")
    for announced in (runs.seed_announcement(data), runs.largest_announcement(data)):
        print(announced.name)
        rows[announced.name] = [*_steps(announced), _whole(announced)]
    rows["slot"] = slot(runs.seed_announcement(data))
    return rows


def _pair(
    name: str, ours: Callable[[], object], simplest: Callable[[], object], said: str
) -> dict[str, Any]:
    """The medians of both, called in turn."""
    taken: list[tuple[float, float]] = []
    for _ in range(TIMES + 1):
        taken.append((runs.median_s(1, ours), runs.median_s(1, simplest)))
    a, b = (statistics.median(column) for column in zip(*taken[1:], strict=True))
    print(f"{name:34}{a:10.4f}{b:12.4f}{a / b:8.1f}  {said}", flush=True)
    return {"step": name, "ours_s": a, "simplest_s": b, "ratio": a / b, "simplest": said}


# --- the steps --------------------------------------------------------------------------------


def _steps(announced: Announcement) -> list[dict[str, Any]]:
    parsed = parse_feed(announced.rss)
    ids = {paper.id for paper in parsed.papers}
    digest = _digest(announced)

    def render() -> store.Files:
        files = output.site_files([digest], SITE)
        return {path: data for path, data in files.items() if path.parts[0] != "data"}

    def join() -> bytes:
        papers = [k.paper for k in digest.kept]
        parts = [escape(f"{p.title} {', '.join(p.authors)} {p.abstract}") for p in papers]
        parts += [escape(below.title) for below in digest.below]
        return "".join(parts).encode()

    return [
        _pair(
            "parse",
            lambda: parse_feed(announced.rss),
            lambda: ElementTree.fromstring(announced.rss),  # noqa: S314 - our own bytes
            "ElementTree.fromstring, same bytes",
        ),
        _pair(
            "merge and select",
            lambda: selection.select(selection.merge([parsed]), announced.day, {}, ANNOUNCE),
            lambda: [p for p in parsed.papers if p.id in ids and p.announce_type in ANNOUNCE],
            "one pass, two tests",
        ),
        _pair("render", render, join, "escape and join"),
        _pair(
            "encode the record",
            lambda: record.encode(digest),
            lambda: repr(digest).encode(),
            "repr of the same",
        ),
        _pair(
            "search index",
            lambda: search.shard([digest]),
            join,
            "escape and join",
        ),
    ]


def _digest(announced: Announcement) -> Digest:
    parsed = parse_feed(announced.rss)
    chosen = selection.select(parsed.papers, announced.day, {}, ANNOUNCE)
    verdicts = {p.id: Score(**announced.labels[p.id]) for p in chosen.to_score}
    ranked = ranking.rank(chosen.to_score, verdicts, CUT, {})
    entries = tuple(Entry(p.id, p.version, p.announce_type) for p in parsed.papers)
    day = announced.day
    return Digest(
        date=day,
        status=Status.COMPLETE,
        generated_at=datetime(day.year, day.month, day.day, 6, 30, tzinfo=UTC),
        scorer=ScoredBy.MODEL,
        model="some-model",
        prompt=shipped_prompt()[1],
        cut=CUT,
        sources={
            announced.category: Source("https://rss.arxiv.org/rss", SourceState.FRESH, entries)
        },
        kept=ranked.kept,
        below=ranked.below,
        filtered=chosen.filtered,
        seen=(),
        unscored=(),
        usage=Usage(190_000, 60_000, 31_000, 4_000, 46),
        cost_usd=0.04,
    )


def _whole(announced: Announcement) -> dict[str, Any]:
    """`digest run` with the embedded scorer, from the start of its process to its end."""
    with runs.place(categories=[announced.category], scorer=ScoredBy.EMBEDDED) as place:
        feed = place.folder / "feed.xml"
        feed.write_bytes(announced.rss)
        run = place.digest("run", "--feed", str(feed))
    cpu = {name: round(seconds, 2) for name, seconds in run.cpu.items()}
    print(
        f"{'whole run, embedded scorer':34}{run.wall_s:10.4f}  CPU {run.cpu_s:.2f} s, peak"
        f" {run.peak_mib:.0f} MiB; {run.files} files, {run.bytes:,} bytes; CPU by stage: "
        + ", ".join(f"{name} {seconds}" for name, seconds in cpu.items()),
        flush=True,
    )
    return {
        "step": "whole run, embedded scorer",
        "wall_s": run.wall_s,
        "cpu_s": run.cpu_s,
        "cpu_by_stage": cpu,
        "peak_mib": run.peak_mib,
        "files": run.files,
        "bytes": run.bytes,
    }


# --- a slot with nothing to do ----------------------------------------------------------------


def slot(announced: Announcement) -> list[dict[str, Any]]:
    """A run of a settled day: one category, two without a pause, two with arXiv's pause."""
    half = len(announced.papers) // 2
    both = {"cs.LG": announced.papers[:half], "cs.AI": announced.papers[half:]}
    served = {c: feeds.as_rss(c, announced.day, papers) for c, papers in both.items()}
    eve = calendar.previous_announcement(announced.day)  # without which arXiv would be asked
    before = {c: feeds.as_rss(c, eve, [make.paper("2601.99999")]) for c in both}
    rows = []
    for categories, delay in ((["cs.LG"], 3), (["cs.LG", "cs.AI"], 0), (["cs.LG", "cs.AI"], 3)):
        with runs.feed_server(served) as addresses:
            arxiv = {**addresses, "delay_s": delay}
            with runs.place(categories=categories, scorer=ScoredBy.EMBEDDED, arxiv=arxiv) as place:
                files = [place.folder / f"{category}.xml" for category in categories]
                for file in files:
                    file.write_bytes(before[file.stem])
                place.digest("run", *(f"--feed={file}" for file in files))
                day = str(announced.day)
                place.digest("run", "--date", day)
                slots = [place.slot(day) for _ in range(TIMES)]
        wall = statistics.median(run.wall_s for run in slots)
        cpu = statistics.median(run.cpu_s for run in slots)
        name = f"no-op slot, {len(categories)} feed{'s'[: len(categories) - 1]}, delay_s {delay}"
        print(f"{name:34}{wall:10.4f}  CPU {cpu:.2f} s; aim {AIM_SLOT_S} s and the pauses")
        row = {"feeds": len(categories), "delay_s": delay, "wall_s": wall, "cpu_s": cpu}
        rows.append(row | {"cpu_by_stage": slots[-1].cpu, "aim_s": AIM_SLOT_S})
    return rows
