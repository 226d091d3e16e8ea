"""A year of the bot's life in a simulated world, for several seeds: is any paper lost or repeated?

    python -m tests.bench.year [--seeds 1-5] [--days 250] [--gap 57] [--jobs 2]

Every run of the year is a real one (`tests.simulator`): 7 slots a weekday, 10% of them dropped,
10% stale mornings, 3% model outages, 2% feed errors; arXiv, model and remote on this machine.
Spacing is by the world's clock, in which a sleep of the bot's takes as long as it asked for.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from tests.simulator import check
from tests.simulator.truth import announcement_days
from tests.simulator.world import World

FIRST = date(2025, 11, 24)  # a Monday; 250 announcement days from here the holidays are known
CALM = 7  # days at the end without faults, in which everything can be made good
_COLUMNS = (
    "seed", "days", "announced", "once", "waiting", "lost", "ever lost", "not shown", "repeated",
    "misdated", "invented", "commits", "runs", "requests", "spacing_s", "pages_s", "wall_s",
)  # fmt: skip


def main() -> int:
    """Print a line for each seed, what was wrong, and everything as JSON; 1 if anything was."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--seeds", type=_seeds, default=_seeds("1-5"), metavar="1-5 or 3,7")
    parser.add_argument("--days", type=int, default=250, help="announcement days")
    parser.add_argument("--gap", type=int, default=0, help="days in the middle without any run")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="lives at once")
    args = parser.parse_args()
    print("".join(f"{name:>10}" for name in _COLUMNS))
    lives = []
    with ProcessPoolExecutor(args.jobs) as pool:
        for life in pool.map(partial(_live, days=args.days, gap=args.gap), args.seeds):
            print("".join(f"{life[name]:>10}" for name in _COLUMNS), flush=True)
            lives.append(life)
    for life in lives:
        print(f"seed {life['seed']}: exit codes {life['codes']}; waiting {life['why waiting']}")
        print(f"  statuses {life['statuses']}; requests {life['requests by kind']}")
    findings = [line for life in lives for line in life["findings"]]
    for line in findings:
        print(line, file=sys.stderr)
    print(json.dumps(lives))
    return 1 if findings else 0


def _seeds(text: str) -> list[int]:
    first, _, last = text.partition("-")
    return list(range(int(first), int(last) + 1)) if last else [int(n) for n in text.split(",")]


def _live(seed: int, days: int, gap: int) -> dict[str, Any]:
    started = time.perf_counter()
    last = announcement_days(FIRST, days)[-1] + timedelta(days=1)
    begins = FIRST + (last - FIRST - timedelta(days=gap)) // 2
    silent = {begins + timedelta(days=number) for number in range(gap)}
    with tempfile.TemporaryDirectory() as folder:
        with World(Path(folder), seed, FIRST, last, calm=CALM, silent=silent) as world:
            life = check.live(world)
        arxiv, end = world.arxiv, life.end
        return {
            "seed": seed,
            "days": days,
            "announced": end.announced,
            "once": end.once,
            "waiting": end.waiting.total(),
            "lost": len(end.lost),
            "ever lost": len(life.ever_lost),
            "not shown": end.not_shown,
            "repeated": len(end.repeated),
            "misdated": len(end.misdated),
            "invented": len(end.invented),
            "commits": world.commits,
            "runs": len(world.outcomes),
            "requests": len(arxiv.requests),
            "spacing_s": round(arxiv.spacing(), 2),
            "pages_s": round(arxiv.spacing("pages"), 2),
            "wall_s": round(time.perf_counter() - started),
            "codes": dict(sorted(world.codes.items())),
            "statuses": dict(Counter(o.status for o in world.outcomes).most_common()),
            "why waiting": dict(end.waiting),
            "requests by kind": dict(Counter(request.kind for request in arxiv.requests)),
            "findings": life.findings,
        }


if __name__ == "__main__":
    raise SystemExit(main())
