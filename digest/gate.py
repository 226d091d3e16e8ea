"""The one way out to a model's endpoint: bounded, patient, on time.

The SDK retries; this is what every attempt passes on its way, first ones and retries alike.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import math
import time
from bisect import insort
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2
from openai import APITimeoutError, AsyncOpenAI, DefaultAsyncHttpxClient, Timeout

from digest.config import Llm
from digest.wording import count

log = logging.getLogger("digest")

RETRIES = 4  # of a request, by the SDK: after 0.5, 1, 2 and 4 seconds, or as the endpoint asks
_CONNECT_S = 10.0
LONGEST_RETRY_AFTER_S = 120.0  # what asks for more is not tried again, by the SDK either
_LONGEST_GUESS_S = 60.0  # of a pause where nobody says how long: most quotas are per minute
# After so long of refusals without one success there is no quota to wait for: a daily one is spent,
# or the account has none. What has answered before gets the longer time.
_PATIENCE_S = 600.0
_FIRST_PATIENCE_S = 120.0
_GROWTH = 0.5  # requests more under way for each one in flight that ends well

# How providers say that no waiting will help: OpenAI, and what its imitators return.
_EMPTY_BALANCE = (
    b"insufficient_quota",
    b"insufficient_balance",
    b"insufficient balance",
    b"billing_hard_limit",
    b"billing_not_active",
    b"credit balance is too low",
    b"insufficient credits",
)
SHUT = "x-digest-shut"  # marks what the gate answers in the endpoint's place
NO_ROOM = "resource_unavailable"  # for a request of a cheap tier: OpenAI's word


class Client(AsyncOpenAI):
    """The SDK's client, and the gate that its requests pass."""

    def __init__(self, gate: Gate, **options: Any) -> None:
        super().__init__(**options)
        self.gate = gate


def open_client(key: str, base_url: str | None, llm: Llm) -> Client:
    """The SDK's client, every request of which passes one gate. For one event loop."""
    gate = Gate(llm.concurrency)
    return Client(
        gate,
        api_key=key,
        base_url=base_url,
        max_retries=RETRIES,
        timeout=Timeout(llm.timeout_s, connect=min(_CONNECT_S, llm.timeout_s)),
        http_client=GatedClient(gate, llm.timeout_s),
    )


class Shut(Exception):
    """The gate is shut for good; the words say why."""


class Gate:
    """How many requests may be under way, and from when on the next may start.

    A refusal for lack of quota pauses everybody for what the provider asks for and halves the
    number under way; each success lets it grow by its share, to `most` again. After too many pauses
    in a row without a success, or when told to, it shuts for good.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = float(most)
        self._under_way = 0
        self._opens_at = 0.0
        self._cut_at = 0.0
        self._in_a_row = 0  # pauses since the last success
        self._refused_since: float | None = None  # without a success
        self._has_succeeded = False
        self._shut = ""  # why; "" while it is open
        self._numbers = itertools.count()
        self._line: list[tuple[bool, int]] = []  # who waits, the next one first
        self._changed = asyncio.Event()

    def close(self, why: str) -> None:
        """Let nobody enter any more, be they in the line already."""
        self._shut = self._shut or why
        self._tell()

    async def enter(self, *, again: bool = False) -> float:
        """Wait for a turn; the time at which it came. Raises `Shut` where none will come.

        First come, first served, but whoever comes `again` goes before those who have not been in:
        else, where there is room for one at a time, the same request could be refused each time.
        """
        place = (not again, next(self._numbers))
        insort(self._line, place)
        try:
            while not self._shut:
                wait_s = self._opens_at - time.monotonic()
                if self._line[0] != place or (wait_s <= 0 and self._under_way >= int(self._limit)):
                    await self._changed.wait()
                elif wait_s > 0:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._changed.wait(), wait_s)
                else:
                    self._under_way += 1
                    return time.monotonic()
            raise Shut(self._shut)
        finally:
            self._line.remove(place)
            self._tell()

    def leave(self) -> None:
        self._under_way -= 1
        self._tell()

    def _tell(self) -> None:
        """Everybody in the line looks again."""
        self._changed.set()
        self._changed.clear()

    def succeeded(self) -> None:
        self._in_a_row = 0
        self._refused_since, self._has_succeeded = None, True
        self._limit = min(float(self._most), self._limit + _GROWTH / self._limit)

    def pause(self, entered_at: float, wait_s: float | None) -> None:
        """Nobody starts for `wait_s`, or for longer each time where that is not known.

        `entered_at` is the turn of the request that was refused: those that were under way together
        are one lesson, not many.
        """
        now = time.monotonic()
        if entered_at >= self._cut_at:
            self._cut_at = now
            self._limit = max(1.0, self._limit / 2)
            self._in_a_row += 1
        if wait_s is None:
            wait_s = min(2.0 ** (self._in_a_row - 1), _LONGEST_GUESS_S)
        if self._refused_since is None:
            self._refused_since = now
        patience_s = _PATIENCE_S if self._has_succeeded else _FIRST_PATIENCE_S
        if now + wait_s - self._refused_since > patience_s:
            waited = minutes(now - self._refused_since)
            self.close(f"for {waited} every request was refused for the rate limit")
            return
        if now + wait_s > self._opens_at:
            self._opens_at = now + wait_s
            if wait_s >= 1:
                log.info("the endpoint asks for patience: waiting %.0f s", wait_s)


class GatedClient(DefaultAsyncHttpxClient):
    """The SDK's HTTP client, each attempt of which passes `gate` and ends after `timeout_s`."""

    def __init__(self, gate: Gate, timeout_s: float) -> None:
        super().__init__()
        self._gate = gate
        self._timeout_s = timeout_s

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        again = request.headers.get("x-stainless-retry-count", "0") != "0"
        try:
            entered_at = await self._gate.enter(again=again)
        except Shut as shut:
            return _in_its_place(request, str(shut))
        try:
            # httpx counts seconds between two bytes; an answer that drips would never end.
            async with asyncio.timeout(self._timeout_s):
                response = await super().send(request, **options)
                await response.aread()
        except TimeoutError:
            # An error of the SDK's own is not retried: the same again might take as long again, and
            # might have been paid for.
            raise APITimeoutError(request=request) from None
        finally:
            self._gate.leave()
        if response.status_code == 429:
            self._refused(request, response, entered_at)
        elif response.is_success:
            self._gate.succeeded()
        return response

    def _refused(
        self, request: httpx2.Request, response: httpx2.Response, entered_at: float
    ) -> None:
        """Pause everybody, unless no waiting helps. The headers tell the SDK what it is to do."""
        wait_s = retry_after(response.headers)
        no_room = NO_ROOM.encode() in response.content and b'"service_tier"' in request.content
        if no_room or is_empty_balance(response.content):
            response.headers["x-should-retry"] = "false"
        elif wait_s is None or wait_s <= LONGEST_RETRY_AFTER_S:
            self._gate.pause(entered_at, wait_s)
            response.headers["retry-after-ms"] = "1"  # back into the line at once: it waits there


def _in_its_place(request: httpx2.Request, why: str) -> httpx2.Response:
    """What a shut gate answers: an error that the SDK takes as it is."""
    headers = {SHUT: "1", "x-should-retry": "false"}
    return httpx2.Response(429, headers=headers, json={"error": {"message": why}}, request=request)


def minutes(seconds: float) -> str:
    """How long, for a person who waits."""
    return count(math.ceil(seconds), "second") if seconds < 90 else f"{seconds / 60:.0f} minutes"


def is_empty_balance(body: bytes) -> bool:
    """Whether an error's body says that there is no money left."""
    lowered = body[:10_000].lower()
    return any(phrase in lowered for phrase in _EMPTY_BALANCE)


def retry_after(headers: httpx2.Headers) -> float | None:
    """Seconds for which a response asks to be left alone; None where it does not say."""
    for name, unit_s in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * unit_s
        except ValueError:
            continue
        return seconds if seconds >= 0 else None
    try:
        until = parsedate_to_datetime(headers.get("retry-after", "")).timestamp()
    except (ValueError, OverflowError):
        return None
    return max(0.0, until - time.time())
