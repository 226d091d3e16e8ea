"""What a person sees during a run: a line for each stage, a bar for what takes long."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

log = logging.getLogger("digest")
T = TypeVar("T")

_SILENT_S = 1.0  # nothing is shown for what is finished by then
_MAX_SILENCE_S = 60.0  # between two lines without a terminal


def bar(items: Iterable[T], name: str) -> Iterable[T]:
    """`items`, with a bar on a terminal if they take over a second."""
    from tqdm import tqdm

    return tqdm(items, name, delay=_SILENT_S, disable=None, leave=False)


@contextmanager
def tally(total: int, name: str, unit: str) -> Iterator[Callable[[int, str], object]]:
    """A bar for `total` units that are done in any order; without a terminal, a line at each tenth.

    Call the yielded function with the number of further units done, and a note or "". Lines that
    are logged meanwhile appear above the bar.
    """
    from tqdm import tqdm
    from tqdm.contrib.logging import logging_redirect_tqdm

    with (
        tqdm(None, name, total, False, unit=unit, delay=_SILENT_S, disable=None) as shown,
        logging_redirect_tqdm([log]),
    ):
        done = logged = 0
        started = logged_at = time.monotonic()

        def more(newly_done: int, note: str) -> None:
            nonlocal done, logged, logged_at
            shown.set_postfix_str(note, refresh=False)
            shown.update(newly_done)
            done += newly_done
            now = time.monotonic()
            due = done * 10 // total > logged * 10 // total or now - logged_at >= _MAX_SILENCE_S
            if shown.disable and due and done < total and now - started >= _SILENT_S:
                logged, logged_at = done, now
                log.info("%s %d of %d %ss%s", name, done, total, unit, f", {note}" if note else "")

        yield more


@contextmanager
def stage(name: str) -> Iterator[list[str]]:
    """Log a line when the stage is done: its name, what the caller has added, seconds."""
    clauses: list[str] = []
    started = time.monotonic()
    yield clauses
    log.info("%s: %s (%.2f s)", name, ", ".join(clauses), time.monotonic() - started)
