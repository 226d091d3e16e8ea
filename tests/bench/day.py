"""A whole `digest run` of a real day with the model: seconds, tokens, dollars, memory, bytes.

The endpoint is `tests.scoring.fake` in a process of its own: a request takes ttft + completion
tokens / tps seconds. The ideal, which no client can beat: N papers in ceil(N / batch) requests, of
which one costs ttft + its papers' tokens / tps; max(sum of costs / concurrency, the longest cost).
`ratio` sets against it the whole process, from its start to its end, commit included; `scoring`
only the stage that scores, the SDK's import included. CPU is without the endpoint's.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from digest.core.scores import Usage
from digest.scoring.prices import price
from tests.bench import runs
from tests.bench.runs import Announcement, Run
from tests.scoring.fake import Physics, completion_tokens, ideal_schedule

CONCURRENCY = 8
BATCH_SIZES = (1, 5, 10, 20)
PHYSICS = Physics(ttft=0.6, tps=90.0)
MODELS = (
    ("gpt-6-luna", None),
    ("gpt-5", None),
    ("deepseek-chat", "https://api.deepseek.com"),
)
AIM_RATIO, AIM_CPU_S, AIM_MIB = 1.15, 3.0, 200
_COLUMNS = (
    "papers", "batch", "requests", "uncached", "cached", "completion", "wall_s", "ideal_s", "ratio",
    "scoring", "cpu_s", "cpu_else", "peak_mib", "files", "bytes", "unscored",
)  # fmt: skip


def measure(data: Path) -> list[dict[str, Any]]:
    """Both days: the seed day in each batch size, the largest one in the shipped size of 10."""
    print(
        f"ttft {PHYSICS.ttft:g} s, {PHYSICS.tps:g} tokens/s, {CONCURRENCY} at once;"
        " ideal = max(sum of (ttft + tokens / tps) / concurrency, the longest);"
        f" aims: ratio at most {AIM_RATIO}, CPU outside the scoring {AIM_CPU_S:g} s, {AIM_MIB} MiB"
    )
    rows = []
    for announced, batches in (
        (runs.seed_announcement(data), BATCH_SIZES),
        (runs.largest_announcement(data), (10,)),
    ):
        print(announced.name)
        print("".join(f"{name:>11}" for name in _COLUMNS))
        for size in batches:
            row = whole_run(announced, size)
            print("".join(f"{row[name]:>11}" for name in _COLUMNS), flush=True)
            for line in (_line("dollars", row["dollars"]), _line("cpu_s", row["cpu_by_stage"])):
                print(f"{'':10}{line}", flush=True)
            rows.append(row)
    return rows


def whole_run(announced: Announcement, size: int, source: Path = runs.ROOT) -> dict[str, Any]:
    """One run in a repository of its own, by the program of the source tree."""
    llm = {"batch_size": size, "concurrency": CONCURRENCY}
    settings = {"categories": [announced.category], "scorer": "llm", "llm": llm}
    with runs.endpoint(announced.labels, PHYSICS) as url, runs.place(source, **settings) as place:
        feed = place.folder / "feed.xml"
        feed.write_bytes(announced.rss)
        access = {"OPENAI_API_KEY": "sk-bench", "OPENAI_BASE_URL": url}
        run = place.digest("run", "--feed", str(feed), environment=access)
        asked = [r for r in runs.records(url) if r["status"] == 200]
    ids = list(dict.fromkeys(i for r in asked for i in r["ids"]))
    ideal = ideal_schedule(
        completion_tokens(announced.labels, ids),
        batch=size,
        concurrency=CONCURRENCY,
        physics=PHYSICS,
    )
    return {"day": announced.name, "papers": len(ids), "batch": size} | _figures(run, asked, ideal)


def _figures(run: Run, asked: Sequence[dict[str, Any]], ideal: float) -> dict[str, Any]:
    cached = sum(r["cached_tokens"] for r in asked)
    return {
        "requests": len(asked),
        "uncached": sum(r["prompt_tokens"] for r in asked) - cached,
        "cached": cached,
        "completion": sum(r["completion_tokens"] for r in asked),
        "dollars": {model: _dollars(model, address, asked) for model, address in MODELS},
        "wall_s": round(run.wall_s, 2),
        "ideal_s": round(ideal, 2),
        "ratio": round(run.wall_s / ideal, 3),
        "scoring": round(run.stage_wall["score"] / ideal, 3),
        "cpu_s": round(run.cpu_s, 2),
        "cpu_else": round(run.cpu_s - run.cpu["score"], 2),
        "cpu_by_stage": {name: round(seconds, 2) for name, seconds in run.cpu.items()},
        "peak_mib": round(run.peak_mib),
        "files": run.files,
        "bytes": run.bytes,
        "unscored": run.report["counts"]["unscored"],
    }


def _dollars(model: str, address: str | None, asked: Sequence[dict[str, Any]]) -> float | None:
    """What the requests would cost, one by one; None where the table has no such model."""
    total = 0.0
    for request in asked:
        counted = (request[f"{kind}_tokens"] for kind in ("prompt", "cached", "completion"))
        paid = price(Usage(*counted), model, address)
        if paid is None:
            return None
        total += sum(paid)
    return round(total, 4)


def _line(name: str, values: dict[str, Any]) -> str:
    return f"{name}: " + ", ".join(f"{key} {value}" for key, value in values.items())
