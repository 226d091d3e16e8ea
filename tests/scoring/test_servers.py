"""What the endpoints that nobody here wrote really do, seen by the real client."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import openai
import pytest
from llmock.ratelimit import LimitSettings
from llmock.scenarios import Delay, Fail, Reply
from llmock.testing import LLMockServer
from openai import AsyncOpenAI

from digest.core.scores import Prompt
from digest.scoring.prompt import messages
from tests import make
from tests.scoring import servers
from tests.scoring.replies import answer
from tests.scoring.servers import AIMock, verdict


def asking(url: str, *ids: str, retries: int = 0, **more: Any) -> list[Any]:
    """Ask for the papers one after the other; what came of each, be it an exception."""

    async def run() -> list[Any]:
        results: list[Any] = []
        async with AsyncOpenAI(base_url=url, api_key="sk-test", max_retries=retries) as client:
            for paper_id in ids:
                said: Any = messages(Prompt("You score.", "Score."), [make.paper(paper_id)])
                try:
                    results.append(
                        await client.chat.completions.create(
                            model="gpt-6-luna", messages=said, **more
                        )
                    )
                except Exception as e:  # noqa: BLE001 compared by the test
                    results.append(e)
        return results

    return asyncio.run(run())


def content(reply: Any) -> Any:
    return json.loads(reply.choices[0].message.content)


# --- aimock -----------------------------------------------------------------------------------


def test_aimock_answers_in_sequence(aimock: AIMock) -> None:
    (reply,) = asking(aimock.url, servers.BUSY, retries=2)
    assert content(reply)["papers"][0]["id"] == servers.BUSY
    assert reply.usage.prompt_tokens == 1500
    assert aimock.statuses == [429, 500, 200]
    assert aimock.journal()[0]["body"]["model"] == "gpt-6-luna"
    aimock.reset()
    (busy,) = asking(aimock.url, servers.BUSY)
    assert isinstance(busy, openai.RateLimitError)
    assert busy.response.headers["retry-after"] == "1"


def test_aimock_refuses(aimock: AIMock) -> None:
    unauthorized, filtered = asking(aimock.url, servers.UNAUTHORIZED, servers.FILTERED)
    assert isinstance(unauthorized, openai.AuthenticationError)
    assert isinstance(filtered, openai.BadRequestError)
    assert (filtered.code, filtered.param) == ("content_filter", "prompt")


def test_aimock_answers_badly(aimock: AIMock) -> None:
    length, first, second = asking(aimock.url, servers.LENGTH, servers.NOT_JSON, servers.NOT_JSON)
    assert length.choices[0].finish_reason == "length"
    with pytest.raises(json.JSONDecodeError):
        content(first)
    assert content(second)["papers"][0]["id"] == servers.NOT_JSON


def test_aimock_breaks_the_transport(aimock: AIMock) -> None:
    malformed, disconnected = asking(aimock.url, servers.MALFORMED, servers.DISCONNECTED)
    (slow,) = asking(aimock.url, servers.SLOW, timeout=0.5)
    (good,) = asking(aimock.url, servers.GOOD)
    assert isinstance(malformed, json.JSONDecodeError)  # bare, as FACTS has it
    assert type(disconnected) is openai.APIConnectionError
    assert isinstance(slow, openai.APITimeoutError)
    assert content(good)["papers"][0]["id"] == servers.GOOD
    assert aimock.statuses[:2] == [200, 0]


def test_aimock_takes_what_a_test_adds(aimock: AIMock) -> None:
    mine = "2601.55555"
    refusal = {"message": "no schema", "param": "response_format", "code": "unsupported_value"}
    asked = {"userMessage": f'<paper id="{mine}">'}
    aimock.add(
        {
            "match": {**asked, "responseFormat": "json_object"},
            "response": {"status": 400, "error": refusal},
        },
        {"match": asked, "response": {"content": answer({}, [mine])}},
    )
    (refused,) = asking(aimock.url, mine, response_format={"type": "json_object"})
    (good,) = asking(aimock.url, mine)
    assert (refused.status_code, refused.param) == (400, "response_format")
    assert content(good)["papers"][0]["id"] == mine


def test_aimock_is_strict(aimock: AIMock) -> None:
    (unknown,) = asking(aimock.url, "2601.66666")
    assert (unknown.status_code, unknown.code) == (503, "no_fixture_match")


# --- llmock -----------------------------------------------------------------------------------

ONE = "2601.00001"


def codes(server: LLMockServer) -> set[str]:
    return {finding.code for finding in verdict(server).findings}


def test_llmock_replies_and_praises(llmock_server: LLMockServer) -> None:
    llmock_server.state.scenarios.add(
        Fail(429, retry_after=0.2), Reply(text=answer({}, [ONE]), times=None)
    )
    (reply,) = asking(llmock_server.base_url(), ONE, retries=2)
    assert content(reply)["papers"][0]["id"] == ONE
    assert not codes(llmock_server)
    assert (verdict(llmock_server).attempts, verdict(llmock_server).faults) == (2, 1)


@pytest.mark.parametrize(
    ("status", "finding"), [(429, "retry_after_ignored"), (400, "retried_non_retryable")]
)
def test_llmock_flags(llmock_server: LLMockServer, status: int, finding: str) -> None:
    llmock_server.state.scenarios.add(
        Fail(status, retry_after=30 if status == 429 else None, times=1)
    )
    asking(llmock_server.base_url(), ONE, ONE)
    assert codes(llmock_server) == {finding}


def test_llmock_flags_a_storm_and_who_gives_up(llmock_server: LLMockServer) -> None:
    llmock_server.state.scenarios.add(Fail(500, times=None))
    asking(llmock_server.base_url(), *[ONE] * 11, "2601.00002")
    assert {"retry_storm", "gave_up"} <= codes(llmock_server)


def test_llmock_sees_neither_other_requests_nor_timeouts(llmock_server: LLMockServer) -> None:
    llmock_server.state.scenarios.add(Fail(429, retry_after=30), Delay(1.0))
    (refused,) = asking(llmock_server.base_url(), ONE)
    (timed_out,) = asking(llmock_server.base_url(), "2601.00002", timeout=0.3)
    assert isinstance(refused, openai.RateLimitError)
    assert isinstance(timed_out, openai.APITimeoutError)
    assert codes(llmock_server) == {"gave_up"}  # of the 429; not that another followed at once


def test_llmock_limits_requests(llmock_server: LLMockServer) -> None:
    llmock_server.state.limiter.configure(LimitSettings(rpm=2))
    *_, refused = asking(llmock_server.base_url(), ONE, ONE, ONE)
    assert isinstance(refused, openai.RateLimitError)
    assert 20_000 < float(refused.response.headers["retry-after-ms"]) <= 30_000
