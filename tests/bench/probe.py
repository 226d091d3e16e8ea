"""`digest ARGUMENTS` in this process; then FIGURES holds, as JSON, what each stage took.

    python -m tests.bench.probe FIGURES run --config config.yaml

CPU seconds are this process's and its children's, user and system. `start` is the interpreter until
the program's first line, `rest` is everything outside of the stages, such as imports. Memory is the
kernel's high-water mark of this process. Bytes are those given to write(2), by this process and by
its children.
"""

from __future__ import annotations

import json
import re
import resource
import runpy
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_DATE = re.compile(r"^[0-9-]{10} ")


def main(figures: str, *arguments: str) -> None:
    """The process ends as that of the command does."""
    from digest.core import progress

    start = _cpu()
    cpu: dict[str, float] = defaultdict(float)
    wall: dict[str, float] = defaultdict(float)
    stage = progress.stage

    @contextmanager
    def timed(name: str) -> Iterator[list[str]]:
        before = _cpu(), time.perf_counter()
        try:
            with stage(name) as summary:
                yield summary
        finally:
            kind = _DATE.sub("", name)
            cpu[kind] += _cpu() - before[0]
            wall[kind] += time.perf_counter() - before[1]

    def tell() -> None:
        total = _cpu()
        found = {
            "cpu": {"start": start, **cpu, "rest": total - start - sum(cpu.values())},
            "wall": dict(wall),
            "cpu_s": total,
            "peak_mib": peak_mib(),
            **_written(),
        }
        Path(figures).write_text(json.dumps(found), encoding="ascii")

    progress.stage = timed  # before the modules that import it by name
    sys.argv[:] = ["digest", *arguments]
    try:
        runpy.run_module("digest", run_name="__main__", alter_sys=True)
    finally:
        tell()


def peak_mib() -> float:
    """The most memory that this process has had. Not getrusage's, which remembers its parent's."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (peak,) = re.findall(r"VmHWM:\s*(\d+) kB", status)
    return int(peak) / 1024


def _written() -> dict[str, int]:
    """The kernel's count for the process has that of the children it has waited for; those of its
    threads have not."""
    own = sum(_wchar(thread / "io") for thread in Path("/proc/self/task").iterdir())
    return {"written": own, "by_children": _wchar(Path("/proc/self/io")) - own}


def _wchar(counts: Path) -> int:
    (written,) = re.findall(r"wchar: (\d+)", counts.read_text(encoding="ascii"))
    return int(written)


def _cpu() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(u.ru_utime + u.ru_stime for u in used)


if __name__ == "__main__":
    main(*sys.argv[1:])
