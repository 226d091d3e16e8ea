"""What an archive's age costs: one more day, a slot with nothing to do, a rebuild.

An archive of N days ends on the eve of the seed day; its days are made by a seed, of 5 kept papers
of 15 (an old archive of whole days would be gigabytes), written as records and rendered once, which
is the full `render`. The day after is the seed day itself, 451 papers by the embedded scorer, from
a local server. `ratio` sets against the youngest archive, whose runs take turns with the others'.
Every run is a fresh process; its figures are medians. `written` are the bytes that the program
gives to write(2), of `days.jsonl` the new line; `git` those that git does: its index, which names
every file of the repository, and `days.jsonl` whole, compressed. `by_ratio` is of the first,
`all_ratio` of both. The repository holds the archive's days in one commit, so `packed` is what the
files weigh, without the history of those that change every day.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from digest.archive import record, store
from digest.core import calendar
from tests.bench import runs
from tests.bench.makers import Makers
from tests.bench.runs import Announcement, Place, Run
from tests.site import served

KEPT, SCANNED = 5, 15
AGES = (10, 250, 2_500)  # days
TURNS = 9
AIM_RATIO = 1.3
_COLUMNS = (
    "days", "render_s", "render_mib", "run_s", "ratio", "cpu_s", "cpu_ratio", "run_mib",
    "mib_ratio", "written", "by_ratio", "git", "all_ratio", "files", "slot_s", "slot_ratio",
    "packed",
)  # fmt: skip


def measure(data: Path) -> list[dict[str, Any]]:
    seed = runs.seed_announcement(data)
    makers = Makers(data)
    with ExitStack() as stack:
        addresses = stack.enter_context(runs.feed_server({seed.category: seed.rss}))
        places = [stack.enter_context(runs.place(**settings(seed, addresses))) for _ in AGES]
        rows = [aged(p, makers, age, seed) for p, age in zip(places, AGES, strict=True)]
        daily, slots = more_days(places, seed)
        for row, made, nothing in zip(rows, daily, slots, strict=True):
            row |= _figures(made, nothing, daily[0], slots[0])
    print(
        f"days of {KEPT} kept of {SCANNED}; one more of {len(seed.papers)};"
        f" aim: ratios under {AIM_RATIO}"
    )
    print("".join(f"{name:>11}" for name in _COLUMNS))
    for row in rows:
        print("".join(f"{row[name]:>11,}" for name in _COLUMNS))
        for name in ("run", "slot"):
            stages = ", ".join(f"{stage} {s:.2f}" for stage, s in row[f"{name}_stages"].items())
            print(f"{'':11}CPU of a {name} by stage: {stages}")
    return rows


def settings(seed: Announcement, addresses: Mapping[str, str]) -> dict[str, Any]:
    """Of a repository whose next day a local server announces."""
    return {
        "categories": [seed.category],
        "scorer": "offline",
        "site": {"url": "https://reader.example/digest"},
        "arxiv": addresses,
    }


def aged(
    place: Place,
    makers: Makers,
    age: int,
    seed: Announcement,
    papers: tuple[int, int] = (KEPT, SCANNED),
) -> dict[str, Any]:
    """An archive of that many days, of so many kept and scanned, rendered and committed; what that
    took."""
    days = [calendar.previous_announcement(seed.day)]
    while len(days) < age:
        days.append(calendar.previous_announcement(days[-1]))
    for index, day in enumerate(reversed(days)):
        digest = makers.day(index, day, *papers)
        served.write(place.out, {str(store.day_path(day)): record.encode(digest)})
    rendered = place.digest("render")
    runs.git(place.folder, "add", "docs")
    who = ("-c", "user.name=a", "-c", "user.email=a@b.example")
    runs.git(place.folder, *who, "commit", "--quiet", "--message=an archive")
    runs.git(place.folder, "gc", "--quiet", "--prune=now")
    return {
        "days": age,
        "render_s": round(rendered.wall_s, 2),
        "render_mib": round(rendered.peak_mib),
        "packed": sum(p.stat().st_size for p in (place.folder / ".git/objects/pack").iterdir()),
    }


def more_days(
    places: Sequence[Place], seed: Announcement, times: int = TURNS
) -> tuple[list[list[Run]], list[list[Run]]]:
    """Of each archive: runs that make the next day, and slots after them; in turn."""
    daily: list[list[Run]] = [[] for _ in places]
    slots: list[list[Run]] = [[] for _ in places]
    for _ in range(times):
        for place, made in zip(places, daily, strict=True):
            made.append(place.digest("run", "--date", str(seed.day)))
            runs.git(place.folder, "reset", "--quiet", "--hard", "HEAD~1")
            runs.git(place.folder, "clean", "--quiet", "--force", "-d", "docs")
    for place in places:
        place.digest("run", "--date", str(seed.day))
    for _ in range(times):
        for place, nothing in zip(places, slots, strict=True):
            nothing.append(place.slot(str(seed.day)))
    return daily, slots


def _figures(
    made: Sequence[Run], nothing: Sequence[Run], young: Sequence[Run], young_slots: Sequence[Run]
) -> dict[str, Any]:
    return {
        "run_s": _median("wall_s", made),
        "cpu_s": _median("cpu_s", made),
        "run_mib": _median("peak_mib", made),
        "written": made[-1].written,
        "git": made[-1].git_written,
        "files": made[-1].files,
        "slot_s": _median("wall_s", nothing),
        "run_stages": made[-1].cpu,
        "slot_stages": nothing[-1].cpu,
        "ratio": _ratio("wall_s", made, young),
        "cpu_ratio": _ratio("cpu_s", made, young),
        "mib_ratio": _ratio("peak_mib", made, young),
        "by_ratio": _ratio("written", made, young),
        "all_ratio": _ratio("all_written", made, young),
        "slot_ratio": _ratio("wall_s", nothing, young_slots),
    }


def _median(figure: str, runs: Sequence[Run]) -> float:
    return round(float(statistics.median(getattr(run, figure) for run in runs)), 3)


def _ratio(figure: str, runs: Sequence[Run], young: Sequence[Run]) -> float:
    """To the youngest archive's run of the same turn, the median of all turns: what else the
    machine does comes and goes more slowly than turns do."""
    turns = [getattr(a, figure) / getattr(b, figure) for a, b in zip(runs, young, strict=True)]
    return round(float(statistics.median(turns)), 3)
