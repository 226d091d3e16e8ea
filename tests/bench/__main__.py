"""Speed, cost and scale: tables as they come, and all figures as JSON.

    python -m tests.bench [PART …] [--data DIR] [--json build/bench.json]
    python -m tests.bench compare --against REVISION

Parts, all of these unless some are named: `ranking`, `day`, `years`; and, only when
named, `compare`, which compares this source tree with an earlier one. The module of each says what
is measured. Nothing else should be running; the load before each part is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.bench import compare, day, ranking, runs, years
from tests.scoring.fake import Physics


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and write the JSON file; what it already holds of other parts stays."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description=(__doc__ or "").split("\n", maxsplit=1)[0]
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help="default: all but compare")
    parser.add_argument("--data", type=Path, default=runs.DATA, help="default: $DIGEST_DATA")
    parser.add_argument("--json", type=Path, default=runs.ROOT / "build" / "bench.json")
    parser.add_argument("--topics", type=Path, default=runs.ROOT / "prompts" / "topics.md")
    parser.add_argument("--batch-sizes", type=_numbers, default=_numbers("1,5,10,20"))
    parser.add_argument("--ages", type=_numbers, default=_numbers("10,250,2500"), help="in days")
    parser.add_argument("--ttft", type=float, default=0.6, help="of the model, in seconds")
    parser.add_argument("--tps", type=float, default=90.0, help="of the model, tokens a second")
    parser.add_argument("--against", metavar="REVISION", help="of git, for compare")
    args = parser.parse_args(argv)
    physics = Physics(args.ttft, args.tps)
    measures: dict[str, Callable[[], Any]] = {
        "ranking": lambda: ranking.measure(args.data, args.topics),
        "day": lambda: day.measure(args.data, physics, args.batch_sizes),
        "years": lambda: years.measure(args.data, args.ages),
    }
    parts = args.parts or list(measures)
    measures["compare"] = lambda: compare.measure(args.data, physics, args.against)
    if unknown := set(args.parts) - measures.keys():
        parser.error(f"{', '.join(sorted(unknown))}: not one of {', '.join(measures)}")
    if "compare" in parts and not (args.against and compare.can_be_measured(args.against)):
        parser.error(f"compare: --against {args.against!r}: {compare.WANTED}")
    if not (args.data / "seed_day").is_dir():
        print("no labelled days: name their folder with --data or DIGEST_DATA", file=sys.stderr)
        return 2
    results = json.loads(args.json.read_text(encoding="utf-8")) if args.json.exists() else {}
    for part in parts:
        load, started = os.getloadavg()[0], time.perf_counter()
        print(f"\n=== {part} (load before: {load:.1f})", flush=True)
        figures = measures[part]()
        seconds = round(time.perf_counter() - started, 1)
        print(f"{part} took {seconds} s", flush=True)
        results[part] = {"machine": _machine(), "load": load, "seconds": seconds, "found": figures}
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 0


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def _machine() -> str:
    return f"{os.cpu_count()} cores, {platform.platform()}, Python {platform.python_version()}"


if __name__ == "__main__":
    sys.exit(main())
