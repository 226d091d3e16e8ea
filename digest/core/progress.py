"""What a person sees while a run goes on: a line a stage, a bar for what takes its time."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

log = logging.getLogger("digest")
T = TypeVar("T")

_SILENT_S = 1.0  # what is over by then needs no sign of life
_SIGN_OF_LIFE_S = 60.0  # without a terminal


def bar(items: Iterable[T], name: str) -> Iterable[T]:
    """`items`, with a bar on a terminal where they take over a second."""
    from tqdm import tqdm

    return tqdm(items, name, delay=_SILENT_S, disable=None, leave=False)


@contextmanager
def tally(total: int, name: str, unit: str) -> Iterator[Callable[[int, str], object]]:
    """A bar for what is done out of order, or a line at each tenth where there is no terminal: call
    it with how many more are done, and a word on how it stands. Lines logged meanwhile stand above
    the bar."""
    from tqdm import tqdm
    from tqdm.contrib.logging import logging_redirect_tqdm

    with (
        tqdm(None, name, total, False, unit=unit, delay=_SILENT_S, disable=None) as shown,
        logging_redirect_tqdm([log]),
    ):
        done_so_far = told = 0
        started = told_at = time.monotonic()

        def more(done: int, standing: str) -> None:
            nonlocal done_so_far, told, told_at
            shown.set_postfix_str(standing, refresh=False)
            shown.update(done)
            done_so_far += done
            now = time.monotonic()
            due = done_so_far * 10 // total > told * 10 // total or now - told_at >= _SIGN_OF_LIFE_S
            if shown.disable and due and done_so_far < total and now - started >= _SILENT_S:
                told, told_at = done_so_far, now
                stands = f", {standing}" if standing else ""
                log.info("%s %d of %d %ss%s", name, done_so_far, total, unit, stands)

        yield more


@contextmanager
def stage(name: str) -> Iterator[list[str]]:
    """A line when the stage is done: its name, what it has to say, seconds."""
    said: list[str] = []
    started = time.monotonic()
    yield said
    log.info("%s: %s (%.2f s)", name, ", ".join(said), time.monotonic() - started)
