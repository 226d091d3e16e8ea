"""Who may ask, and when: the gate alone, then under an endpoint that limits and judges."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any, ParamSpec

import httpx2
import openai
import pytest
from llmock.scenarios import Fail, Reply
from llmock.testing import LLMockServer
from llmock.verdict import judge

from digest.core.config import Llm
from digest.core.network import retry_after
from digest.scoring import client, rate_limiter
from digest.scoring.client import LimitedHttpClient
from digest.scoring.rate_limiter import RateLimiter
from tests import make
from tests.scoring import replies
from tests.scoring.fake import Fake, Physics
from tests.scoring.replies import answer, in_turn
from tests.scoring.scoring import KEY, failures, papers, scored, scores

P = ParamSpec("P")


async def _settled() -> None:
    """Whatever can go on has gone on."""
    for _ in range(20):
        await asyncio.sleep(0)


def in_loop(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """An asynchronous test, with an end."""

    @functools.wraps(test)
    def synchronous(*arguments: P.args, **named: P.kwargs) -> None:
        asyncio.run(asyncio.wait_for(test(*arguments, **named), make.PATIENCE_S))

    return synchronous


# --- the gate alone ---------------------------------------------------------------------------


@in_loop
async def test_retries_go_first_then_first_come_first_served() -> None:
    limiter, order = RateLimiter(1), []

    async def visit(name: str, again: bool) -> None:
        await limiter.acquire(is_retry=again)
        order.append(name)
        limiter.release()

    await limiter.acquire()
    names = [("a", False), ("b", False), ("again", True)]
    visits = [asyncio.create_task(visit(*name)) for name in names]
    await _settled()
    limiter.release()
    await asyncio.gather(*visits)
    assert order == ["again", "a", "b"]


@pytest.mark.parametrize("paused", [False, True])
@in_loop
async def test_a_cancelled_request_leaves_the_line(paused: bool) -> None:
    limiter = RateLimiter(1)
    entered_at = await limiter.acquire()
    if paused:
        limiter.pause(entered_at, 0.05, "slow down")
    first, second = (asyncio.create_task(limiter.acquire()) for _ in range(2))
    await _settled()
    first.cancel()
    await _settled()
    assert not second.done()
    limiter.release()
    await second
    third = asyncio.create_task(limiter.acquire())
    await _settled()
    assert not third.done()
    third.cancel()


@in_loop
async def test_a_pause_holds_waiting_requests_too() -> None:
    limiter = RateLimiter(2)
    first, second = await limiter.acquire(), await limiter.acquire()
    waiting = asyncio.create_task(limiter.acquire())
    await _settled()
    for _ in range(2):
        limiter.release()
    began = time.monotonic()
    limiter.pause(first, 0.05, "slow down")
    limiter.pause(second, 0.2, "slow down")  # the longer counts
    limiter.pause(second, 0.01, "slow down")
    assert await waiting - began >= 0.19


@in_loop
async def test_a_burst_of_refusals_halves_once_and_successes_restore() -> None:
    async def most() -> int:
        entries = [asyncio.create_task(limiter.acquire()) for _ in range(9)]
        await _settled()
        number = sum(e.done() for e in entries)
        for entry in entries:
            entry.cancel()
        for _ in range(number):
            limiter.release()
        return number

    limiter = RateLimiter(8)
    turns = [await limiter.acquire() for _ in range(8)]
    for turn in turns:
        limiter.release()
        limiter.pause(turn, 0, "slow down")
    assert await most() == 4
    for _ in range(100):
        limiter.succeeded()
    assert await most() == 8


@in_loop
async def test_a_closed_limiter_starts_no_request() -> None:
    limiter = RateLimiter(1)
    limiter.pause(await limiter.acquire(), 60, "slow down")
    waiting = [asyncio.create_task(limiter.acquire()) for _ in range(3)]
    await _settled()
    limiter.close("enough")
    came = await asyncio.gather(*waiting, limiter.acquire(), return_exceptions=True)
    assert [str(shut) for shut in came] == ["enough"] * 4
    assert all(isinstance(shut, rate_limiter.Closed) for shut in came)


@pytest.mark.parametrize(("successes", "pauses"), [(0, 2), (1, 10)])
@in_loop
async def test_patience_is_shorter_before_the_first_success(
    successes: int, pauses: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(now=1000.0)
    clock.monotonic = lambda: clock.now
    monkeypatch.setattr(rate_limiter, "time", clock)

    limiter = RateLimiter(1)
    for _ in range(successes):
        limiter.succeeded()
    for _ in range(pauses + 1):  # the last one is not made: it shuts the gate
        limiter.pause(await limiter.acquire(), 60, "slow down")
        limiter.release()
        clock.now += 60
    with pytest.raises(rate_limiter.Closed, match="minutes every request was refused"):
        await limiter.acquire()


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "20", "retry-after": "7"}, 0.02),
        ({"retry-after-ms": "soon", "retry-after": "7"}, 7.0),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "1e999"}, float("inf")),
        ({"retry-after": "tomorrow"}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry-after": "Wed, 21 Oct 99999 07:28:00 GMT"}, None),
    ],
)
def test_how_long_a_response_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(httpx2.Headers(headers)) == seconds


# --- what passes it ---------------------------------------------------------------------------


def test_a_429_pauses_every_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    entered: list[float] = []
    pauses: list[tuple[float, float]] = []

    class Watched(RateLimiter):
        async def acquire(self, *, is_retry: bool = False) -> float:
            entered.append(await super().acquire(is_retry=is_retry))
            return entered[-1]

        def pause(self, started_at: float, wait_s: float | None, message: str) -> None:
            pauses.append((time.monotonic(), wait_s or 0))
            super().pause(started_at, wait_s, message)

    monkeypatch.setattr(client, "RateLimiter", Watched)
    with Fake(respond=in_turn(None, None, replies.rate_limited("1", exact=0.4))) as fake:
        scoring = scored(fake.url, papers(40), batch_size=2)
    assert len(scores(scoring)) == 40
    ((paused, wait_s),) = pauses
    assert wait_s == 0.4
    assert not any(paused < moment < paused + wait_s for moment in entered)
    assert len([r for r in fake.records if r.status == 429]) == 1


def test_a_refused_request_does_not_starve() -> None:
    physics = Physics(ttft=0.01, rpm=1200, burst=1, exact=True)
    with Fake(physics=physics) as fake:
        scoring = scored(fake.url, papers(20), batch_size=1, concurrency=4)
    assert not failures(scoring)
    attempts = max(sum(i in r.ids for r in fake.records) for i in fake.answered)
    assert attempts <= client.RETRIES + 1  # nobody was asked about twice


def test_an_answer_that_never_ends_is_given_up_and_not_retried() -> None:
    with Fake(respond=in_turn(replies.dripping(0.05))) as fake:

        async def ask() -> None:
            http_client = LimitedHttpClient(RateLimiter(1), Llm(timeout_s=1))
            async with openai.AsyncOpenAI(
                base_url=fake.url, api_key=KEY, max_retries=4, http_client=http_client
            ) as sdk:
                with pytest.raises(client.NoAnswer):
                    await sdk.chat.completions.create(model="m", messages=[])
                http_client._llm = Llm(timeout_s=make.PATIENCE_S)
                await sdk.chat.completions.create(model="m", messages=[])  # the turn is free again

        asyncio.run(ask())
    assert len(fake.records) == 2


# --- llmock's verdict -------------------------------------------------------------------------


def test_llmock_has_nothing_to_blame() -> None:
    """An endpoint that other people wrote judges the client by its journal: it flags a request
    before its Retry-After is over, one after a final error, retries at even intervals, and a
    retryable error that is never retried."""
    faults = [Fail(429, retry_after=0.2), Fail(503, retry_after=0.3), Fail(500)]
    everything = papers(12)
    text = answer({}, [p.id for p in everything])
    with LLMockServer() as server:
        server.state.scenarios.add(*faults, Reply(text=text, times=None))
        scoring = scored(server.base_url(), everything, batch_size=3, concurrency=2)
        result = judge(server.state.journal.records(wait=make.PATIENCE_S))
    assert len(scores(scoring)) == 12
    assert result.faults == len(faults)
    assert not result.findings
