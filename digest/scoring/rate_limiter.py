"""How many requests may be under way, and when the next may start."""

from __future__ import annotations

import asyncio
import itertools
import logging
import math
import time
from bisect import insort
from contextlib import suppress

from digest.core.wording import count

log = logging.getLogger("digest")

LONGEST_RETRY_AFTER_S = 120.0  # a request that must wait longer is not sent again; nor by the SDK
_LONGEST_GUESS_S = 60.0  # of a pause whose length nobody gives: most quotas are per minute
# After so many seconds of refusals without one success waiting is useless: the quota is that of a
# day, or the account has none. An endpoint that has answered before gets the longer time.
_PATIENCE_S = 600.0
_FIRST_PATIENCE_S = 120.0
_GROWTH = 0.5  # more requests under way for each of them that succeeds


class Closed(Exception):
    """No further request may start; the message says why."""


class RateLimiter:
    """The turns of all requests to one endpoint.

    A refusal for the rate limit pauses every request for as long as the provider asks, and halves
    the number under way; each success lets the number grow again, up to `most`. After too long
    without a success the limiter closes for good.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = float(most)
        self._under_way = 0
        self._resumes_at = 0.0
        self._halved_at = 0.0
        self._pauses = 0  # in a row, since the last success
        self._refused_since: float | None = None  # None: the last request has succeeded
        self._has_succeeded = False
        self._closed = ""  # why; "" while it is open
        self._numbers = itertools.count()
        self._waiting: list[tuple[bool, int]] = []  # the next one first
        self._changed = asyncio.Event()

    def close(self, why: str) -> None:
        """Let no further request start, nor one that is waiting."""
        self._closed = self._closed or why
        self._wake_all()

    async def acquire(self, *, is_retry: bool = False) -> float:
        """Wait for a turn and return the time at which it came. Raises `Closed`.

        First come, first served, but retries go before first attempts: otherwise one request could
        be refused again and again while there is room for one at a time.
        """
        place = (not is_retry, next(self._numbers))
        insort(self._waiting, place)
        try:
            while not self._closed:
                wait_s = self._resumes_at - time.monotonic()
                is_free = self._under_way < int(self._limit)
                if wait_s <= 0 and is_free and self._waiting[0] == place:
                    self._under_way += 1
                    return time.monotonic()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), wait_s if wait_s > 0 else None)
            raise Closed(self._closed)
        finally:
            self._waiting.remove(place)
            self._wake_all()

    def release(self) -> None:
        self._under_way -= 1
        self._wake_all()

    def _wake_all(self) -> None:
        self._changed.set()
        self._changed.clear()

    def succeeded(self) -> None:
        self._pauses = 0
        self._refused_since, self._has_succeeded = None, True
        self._limit = min(float(self._most), self._limit + _GROWTH / self._limit)

    def halve(self, started_at: float) -> bool:
        """Halve the number under way after a request that started at `started_at` has failed.
        Requests that were under way together count once: False if another one has counted."""
        if started_at < self._halved_at:
            return False
        self._halved_at = time.monotonic()
        self._limit = max(1.0, self._limit / 2)
        return True

    def slow_down(self, started_at: float) -> None:
        """Halve the number under way for the rest of the run, after a timeout: the server may
        serve one request after the other, so that those under way wait for each other."""
        if self.halve(started_at):
            self._most = max(1, int(self._limit))

    def pause(self, started_at: float, wait_s: float | None, message: str) -> None:
        """Start no request for `wait_s` seconds; None: longer each time. `started_at` and
        `message` are those of the request that was refused."""
        now = time.monotonic()
        if self.halve(started_at):
            self._pauses += 1
        if wait_s is None:
            wait_s = min(2.0 ** (self._pauses - 1), _LONGEST_GUESS_S)
        if self._refused_since is None:
            self._refused_since = now
        patience_s = _PATIENCE_S if self._has_succeeded else _FIRST_PATIENCE_S
        if now + wait_s - self._refused_since > patience_s:
            waited = in_words(now - self._refused_since)
            why = f"for {waited} every request was refused for the rate limit"
            self.close(f"{why} ({message})" if message else why)
        elif now + wait_s > self._resumes_at:
            self._resumes_at = now + wait_s
            if wait_s >= 1:
                log.info("the endpoint asks for patience: waiting %.0f s", wait_s)


def in_words(seconds: float) -> str:
    """45 seconds, 30 minutes."""
    return count(math.ceil(seconds), "second") if seconds < 90 else f"{seconds / 60:.0f} minutes"
