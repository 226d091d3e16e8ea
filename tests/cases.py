"""Run checks from outside, where there are any, and compare what fails with `open_cases.txt`.

    python tests/cases.py [--slow] [FOLDER]

FOLDER, by default one beside the repository, holds `run.py`, which plays `cases/*.py` against this
checkout and prints a line a case. Without it nothing is run, except in CI (DIGEST_DATA is set).
A line of `open_cases.txt` is `NAME  # the issue that it belongs to, or why the check is wrong`.
Exit 1 if a case fails that is not in the list, if one of the list passes, if a name of the list is
no case, or if a case has no verdict. A case that was skipped neither fails nor passes.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT.parent / "shared/cases"
OPEN = Path(__file__).with_name("open_cases.txt")
VERDICT = re.compile(r"(ok|FAIL|skip) ([^\s:]+)")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER)
    parser.add_argument("--slow", action="store_true", help="also the slow cases")
    parser.add_argument("--open", type=Path, default=OPEN, help="the list of cases that may fail")
    arguments = parser.parse_args(argv)
    if not (arguments.folder / "run.py").is_file():
        print(f"no cases in {arguments.folder}")
        return 1 if os.environ.get("DIGEST_DATA") else 0
    names = sorted(path.stem for path in arguments.folder.glob("cases/[!_]*.py"))
    more = ["--slow"] if arguments.slow else []
    jobs = os.cpu_count() or 1
    with ThreadPoolExecutor(jobs) as pool:
        shares = [names[n::jobs] for n in range(jobs) if names[n::jobs]]
        parts = pool.map(lambda share: _run(arguments.folder, [*more, *share]), shares)
        verdicts = {name: verdict for part in parts for name, verdict in part.items()}
    times = Counter(verdicts.values())
    print(f"{times['ok']} of {times['ok'] + times['FAIL']} right")
    allowed, mistakes = read_open(arguments.open.read_text(encoding="utf-8"))
    mistakes += differences(names, verdicts, allowed)
    for mistake in mistakes:
        print(mistake, file=sys.stderr)
    return 1 if mistakes else 0


def _run(folder: Path, arguments: Sequence[str]) -> dict[str, str]:
    """Play some cases, print their lines as they come; the verdict of each."""
    program = [sys.executable, str(folder / "run.py"), "--python", sys.executable]
    verdicts = {}
    with subprocess.Popen(
        [*program, "--repo", str(ROOT), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            if match := VERDICT.match(line):
                verdicts[match[2]] = match[1]
            if not re.fullmatch(r"\d+ of \d+ right\s*", line):
                print(line, end="", flush=True)
    return verdicts


def read_open(text: str) -> tuple[set[str], list[str]]:
    """The names in the list, and what is wrong with its lines."""
    names, mistakes = set(), []
    for number, line in enumerate(text.splitlines(), start=1):
        name, _, reason = (part.strip() for part in line.partition("#"))
        if not name:
            continue
        names.add(name)
        if not reason:
            mistakes.append(f"{OPEN.name}:{number}: {name} has no reason: write one after a #")
    return names, mistakes


def differences(cases: Iterable[str], verdicts: dict[str, str], allowed: set[str]) -> list[str]:
    """Where the verdicts and the list of cases that may fail do not agree."""
    mistakes = [f"{name} is in {OPEN.name}, but is no case" for name in allowed - set(cases)]
    for name in cases:
        match verdicts.get(name), name in allowed:
            case "FAIL", False:
                mistakes.append(f"{name} fails, and is not in {OPEN.name}")
            case "ok", True:
                mistakes.append(f"{name} passes: take it out of {OPEN.name}")
            case None, _:
                mistakes.append(f"{name} has no verdict")
    return sorted(mistakes)


if __name__ == "__main__":
    sys.exit(main())
