"""What a person sees while a run goes on: a line a stage, a bar for what takes its time."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

log = logging.getLogger("digest")
T = TypeVar("T")


def bar(items: Iterable[T], name: str) -> Iterable[T]:
    """`items`, with a bar on a terminal where they take over a second."""
    from tqdm import tqdm

    return tqdm(items, name, delay=1, disable=None, leave=False)


@contextmanager
def tally(total: int, name: str, unit: str) -> Iterator[Callable[[int, str], object]]:
    """A bar on a terminal for what is done out of order: call it with how many more are done, and
    a word on how it stands. Lines logged meanwhile stand above it."""
    from tqdm import tqdm
    from tqdm.contrib.logging import logging_redirect_tqdm

    with (
        tqdm(total=total, desc=name, unit=unit, delay=1, disable=None, leave=False) as shown,
        logging_redirect_tqdm([log]),
    ):

        def more(done: int, standing: str) -> None:
            shown.set_postfix_str(standing, refresh=False)
            shown.update(done)

        yield more


@contextmanager
def stage(name: str) -> Iterator[list[str]]:
    """A line when the stage is done: its name, what it has to say, seconds."""
    said: list[str] = []
    started = time.monotonic()
    yield said
    log.info("%s: %s (%.2f s)", name, ", ".join(said), time.monotonic() - started)
