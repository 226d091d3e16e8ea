"""Before and after in one run: this source tree beside the one of another revision.

That revision is checked out into a temporary work tree. Both programs do the same in turns (before,
after, before, after …), each time as a fresh process of this interpreter; the probe, the papers,
the records of the archives, the prompts, the endpoint and the feed's server are this tree's. A
figure is the median of its turns, `ratio` after / before; `least` and `most` are the ratios of
single turns: where 1 lies between them, the ratio says nothing. Wall seconds are the whole
process's, from outside; CPU seconds its own and its children's (git); MiB the most memory it had;
files and bytes those of the site that were written or changed, written bytes what the program and
git gave to write(2).

The seed day with the model is the one of `day` (`ideal` is wall seconds / the best schedule,
`cpu_else` CPU seconds outside the scoring); the largest day has the embedded scorer, from a file;
one more day, and a slot with nothing to do, are those of `years`, in archives of 10 and 2,500 small
days and in one of 20 as large as it, of which each program has its own copy, rendered by itself.
The bytecode of both trees is made before; leave this tree's files alone meanwhile.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.bench import day, runs, years
from tests.bench.makers import Makers
from tests.bench.runs import Announcement

ARCHIVES = ((2500, (5, 15)), (10, (5, 15)), (20, (68, 451)))  # days, of so many kept and scanned
TURNS, MODEL_TURNS = 5, 3
BATCH = 10
_ALWAYS = ("wall_s", "cpu_s", "peak_mib")
_MODEL = (*_ALWAYS, "files", "bytes", "ideal", "cpu_else")
_WRITES = (*_ALWAYS, "files", "bytes", "written", "git_written")
_ORIGIN = "import digest; print(digest.__file__)"

Figures = dict[str, float]  # of one run
Trees = tuple[Path, Path]  # before, after


def measure(data: Path, revision: str) -> dict[str, Any]:
    seed, largest = runs.seed_announcement(data), runs.largest_announcement(data)
    with _checked_out(revision) as (tree, commit):
        trees = tree, runs.ROOT
        for source in trees:
            _prepare(source)
            _offline(largest, source)
        print(f"before: {revision} ({commit[:12]}); after: this tree as it is")
        columns = ("before", "after", "ratio", "least", "most")
        print(f"{'':32}" + "".join(f"{name:>12}" for name in columns))
        model = _in_turns(trees, MODEL_TURNS, lambda source: _with_model(seed, source))
        rows = [_row(f"{seed.name}, model", _MODEL, model)]
        offline = _in_turns(trees, TURNS, lambda source: _offline(largest, source))
        rows += [_row(f"{largest.name}, no model", _WRITES, offline)]
        rows += _years(trees, seed, Makers(data))
    return {"against": commit, "workloads": rows}


@contextmanager
def _checked_out(revision: str) -> Iterator[tuple[Path, str]]:
    """A work tree of that revision, and the commit's id."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder, "tree")
        runs.git(runs.ROOT, "worktree", "prune")  # after a run that was killed
        runs.git(runs.ROOT, "worktree", "add", "--quiet", "--detach", str(tree), revision)
        try:
            yield tree, _output(["git", "rev-parse", "HEAD"], tree).strip()
        finally:
            runs.git(runs.ROOT, "worktree", "remove", "--force", str(tree))


def _prepare(source: Path) -> None:
    """Compile what a run imports. RuntimeError if the run would import another tree's files."""
    path = _output([sys.executable, "-P", "-c", _ORIGIN], source).strip()
    if not Path(path).resolve().is_relative_to(source.resolve()):
        raise RuntimeError(f"a run in {source} would be one of {path}")
    _output([sys.executable, "-m", "compileall", "-q", "digest"], source)


def _output(command: Sequence[str], folder: Path) -> str:
    environment = runs.program_of(folder)
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


# --- the workloads ----------------------------------------------------------------------------


def _with_model(announced: Announcement, source: Path) -> Figures:
    row = day.whole_run(announced, BATCH, source)
    return {**row, "ideal": row["ratio"]}


def _offline(announced: Announcement, source: Path) -> Figures:
    settings = {"categories": [announced.category], "scorer": "offline"}
    with runs.place(source, **settings) as place:
        feed = place.folder / "feed.xml"
        feed.write_bytes(announced.rss)
        return asdict(place.digest("run", "--feed", str(feed)))


def _years(trees: Trees, seed: Announcement, makers: Makers) -> Iterator[dict[str, Any]]:
    with ExitStack() as stack:
        addresses = stack.enter_context(runs.feed_server({seed.category: seed.rss}))
        settings = years.settings(seed, addresses)
        places = [
            stack.enter_context(runs.place(tree, **settings)) for _ in ARCHIVES for tree in trees
        ]
        archives = [archive for archive in ARCHIVES for _ in trees]
        for place, (age, papers) in zip(places, archives, strict=True):
            years.aged(place, makers, age, seed, papers)
        daily, slots = years.more_days(places, seed, TURNS)
    for what, names, made in (("one more day", _WRITES, daily), ("a slot", _ALWAYS, slots)):
        for (age, papers), before, after in zip(ARCHIVES, made[::2], made[1::2], strict=True):
            taken = [(asdict(a), asdict(b)) for a, b in zip(before, after, strict=True)]
            name = f"{what} after {age:,} days of {papers[0]} kept of {papers[1]}"
            yield _row(name, names, taken)


# --- in turns ---------------------------------------------------------------------------------


def _in_turns(
    trees: Trees, turns: int, work: Callable[[Path], Figures]
) -> list[tuple[Figures, Figures]]:
    return [(work(trees[0]), work(trees[1])) for _ in range(turns)]


def _row(
    name: str, figures: Sequence[str], taken: Sequence[tuple[Figures, Figures]]
) -> dict[str, Any]:
    """Print the rows of a workload; the same as values."""
    print(f"{name} ({len(taken)} turns)")
    row: dict[str, Any] = {"workload": name, "turns": len(taken)}
    for figure in figures:
        pairs = [(before[figure], after[figure]) for before, after in taken]
        before, after = (round(statistics.median(side), 3) for side in zip(*pairs, strict=True))
        single = [b / a for a, b in pairs]
        ratios = [round(ratio, 3) for ratio in (after / before, min(single), max(single))]
        cells = "".join(f"{value:>12,.9g}" for value in (before, after))
        print(f"  {figure:30}{cells}" + "".join(f"{r:>12.3f}" for r in ratios), flush=True)
        row[figure] = {"before": before, "after": after} | dict(
            zip(("ratio", "least", "most"), ratios, strict=True)
        )
    return row
