"""What scoring the seed day takes: requests, tokens, dollars, seconds, against the ideal.

    python -m tests.bench.scoring [--batch-sizes 1,5,10,20] [--data DIR]

The endpoint is `tests.llm.fake` in a process of its own: each request takes ttft + tokens / tps
seconds. The ideal, which no client can beat: N papers in ceil(N / batch) requests, of which one
costs ttft + its tokens / tps; max(sum of costs / concurrency, the longest cost).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from digest import gate, llm
from digest.config import Llm
from digest.models import Failure
from tests.llm.fake import Label, Physics, completion_tokens, ideal_schedule, labels_of_seed_day
from tests.llm.scoring import shipped_prompt

_DATA = os.environ.get("DIGEST_DATA", str(Path(__file__).parents[3] / "shared" / "data"))
_FIELDS = (
    "batch",
    "requests",
    "uncached",
    "cached",
    "completion",
    "dollars",
    "wall_s",
    "ideal_s",
    "ratio",
    "cpu_s",
    "unscored",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Print a line for each batch size, and everything as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--data", type=Path, default=Path(_DATA), help="default: $DIGEST_DATA")
    parser.add_argument("--batch-sizes", default="1,5,10,20")
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--ttft", type=float, default=0.6, help="seconds")
    parser.add_argument("--tps", type=float, default=90.0, help="tokens a second")
    args = parser.parse_args(argv)
    physics = Physics(ttft=args.ttft, tps=args.tps)
    print(
        f"ttft {physics.ttft:g} s, {physics.tps:g} tokens/s, {args.concurrency} at once;"
        " ideal = max(sum of (ttft + tokens / tps) / concurrency, the longest)"
    )
    print("".join(f"{name:>11}" for name in _FIELDS))
    rows = []
    for size in map(int, args.batch_sizes.split(",")):
        row = _measure(args.data, Llm(batch_size=size, concurrency=args.concurrency), physics)
        print("".join(f"{row[name]:>11}" for name in _FIELDS), flush=True)
        rows.append(row)
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"peak memory of the client: {peak_mib} MiB")
    print(json.dumps({"rows": rows, "peak_mib": peak_mib}))
    return 0


def _measure(data: Path, settings: Llm, physics: Physics) -> dict[str, Any]:
    papers, labels = labels_of_seed_day(data)
    topics, prompt = shipped_prompt()
    with _endpoint(labels, physics) as url:
        cpu, wall = time.process_time(), time.monotonic()
        scoring = llm.score(
            papers,
            prompt,
            topics.names,
            settings,
            lambda: gate.open_client("sk-bench", url, settings),
        )
        cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    ideal = ideal_schedule(
        completion_tokens(labels, [p.id for p in papers]),
        batch=settings.batch_size,
        concurrency=settings.concurrency,
        physics=physics,
    )
    usage = scoring.usage
    cached = usage.cached_tokens or 0
    return {
        "batch": settings.batch_size,
        "requests": usage.requests,
        "uncached": (usage.prompt_tokens or 0) - cached,
        "cached": cached,
        "completion": usage.completion_tokens,
        "dollars": round(scoring.cost_usd or 0.0, 4),
        "wall_s": round(wall, 2),
        "ideal_s": round(ideal, 2),
        "ratio": round(wall / ideal, 3),
        "cpu_s": round(cpu, 2),
        "unscored": sum(isinstance(v, Failure) for v in scoring.verdicts.values()),
    }


@contextmanager
def _endpoint(labels: dict[str, Label], physics: Physics) -> Iterator[str]:
    """The fake in a process of its own; its address."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "labels.json")
        path.write_text(json.dumps(labels), encoding="utf-8")
        command = [sys.executable, "-m", "tests.llm.fake", "--labels", str(path)]
        command += ["--ttft", str(physics.ttft), "--tps", str(physics.tps)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout
                url = process.stdout.readline().strip()
                if not re.match(r"http://", url):
                    raise RuntimeError("the fake endpoint did not start")
                yield url
            finally:
                process.terminate()
                process.wait(10)


if __name__ == "__main__":
    raise SystemExit(main())
