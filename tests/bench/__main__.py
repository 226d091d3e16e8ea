"""Speed, cost and scale: tables as they come, and all figures in `build/bench.json`.

    DIGEST_DATA=DIR python -m tests.bench [PART …]
    DIGEST_DATA=DIR python -m tests.bench compare --against REVISION

Parts, all of these unless some are named: `ranking`, `learning`, `day`, `years`, `for_you`; and,
only when named, `library` (topics drafted from papers) and `compare`, which compares this source
tree with an earlier one. The module of each says what is measured. Nothing else should be running;
the load before each part is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from typing import Any

from tests.bench import compare, day, for_you, learning, library, ranking, runs, years

RESULTS = runs.ROOT / "build" / "bench.json"
PARTS = ("ranking", "learning", "day", "years", "for_you")


def main() -> int:
    """Measure, print, and write the JSON file; what it already holds of other parts stays."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help="default: all but library, compare"
    )
    parser.add_argument("--against", metavar="REVISION", help="of git, for compare")
    args = parser.parse_args()
    measures: dict[str, Callable[[], Any]] = {
        "ranking": lambda: ranking.measure(runs.DATA),
        "learning": lambda: learning.measure(runs.DATA),
        "day": lambda: day.measure(runs.DATA),
        "years": lambda: years.measure(runs.DATA),
        "for_you": for_you.measure,
        "library": lambda: library.measure(runs.DATA),
        "compare": lambda: compare.measure(runs.DATA, args.against),
    }
    parts = args.parts or PARTS
    if unknown := set(parts) - measures.keys():
        parser.error(f"{', '.join(sorted(unknown))}: not one of {', '.join(measures)}")
    if "compare" in parts and not args.against:
        parser.error("compare: needs --against REVISION")
    if not (runs.DATA / "seed_day").is_dir():
        print("no labelled days: name their folder with DIGEST_DATA", file=sys.stderr)
        return 2
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    machine = f"{os.cpu_count()} cores, {platform.platform()}, Python {platform.python_version()}"
    for part in parts:
        load, started = os.getloadavg()[0], time.perf_counter()
        print(f"\n=== {part} (load before: {load:.1f})", flush=True)
        figures = measures[part]()
        seconds = round(time.perf_counter() - started, 1)
        print(f"{part} took {seconds} s", flush=True)
        results[part] = {"machine": machine, "load": load, "seconds": seconds, "found": figures}
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
