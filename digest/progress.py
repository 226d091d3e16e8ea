"""What a person sees while a run goes on: a line a stage, a bar for what takes its time."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

log = logging.getLogger("digest")
T = TypeVar("T")


def bar(items: Iterable[T], name: str) -> Iterable[T]:
    """`items`, with a bar on a terminal where they take over a second."""
    from tqdm import tqdm

    return tqdm(items, name, delay=1, disable=None, leave=False)


@contextmanager
def stage(name: str) -> Iterator[list[str]]:
    """A line when the stage is done: its name, what it has to say, seconds."""
    said: list[str] = []
    started = time.monotonic()
    yield said
    log.info("%s: %s (%.2f s)", name, ", ".join(said), time.monotonic() - started)
