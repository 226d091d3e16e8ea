"""The fake endpoint, judged by the real client: what it promises holds, and every fault is real."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletion

from digest.core.scores import NO_TOPIC, Prompt
from digest.scoring.prompt import messages
from tests import make
from tests.scoring import replies
from tests.scoring.fake import (
    Fake,
    Physics,
)
from tests.scoring.replies import Label, first_of, in_turn, whenever
from tests.scoring.tokens import PrefixCache, encode

ONE, TWO = "2601.00001", "math.GT/0309136"
LABELS = {
    ONE: Label(relevance=9, novelty=8, topic="Architecture", comment="Routing – without a router."),
    TWO: Label(relevance=3, novelty=4, topic=NO_TOPIC, comment=""),
}
SYSTEM = "You score papers on how well they suit a reader. " * 120  # well over 1,024 tokens
SCHEMA = {"name": "scores", "strict": True, "schema": {"type": "object"}}


async def ask(client: AsyncOpenAI, *ids: str, system: str = SYSTEM, **more: Any) -> ChatCompletion:
    sent = messages(Prompt(system, "Score these."), [make.paper(i) for i in ids or (ONE,)])
    created: ChatCompletion = await client.chat.completions.create(
        model="gpt-6-luna",
        messages=sent,  # type: ignore[arg-type]
        **more,
    )
    return created


def asking(fake: Fake, *batches: Sequence[str], retries: int = 0, **more: Any) -> list[Any]:
    """Ask for the batches one after the other; what came of each, be it an exception."""

    async def run() -> list[Any]:
        results: list[Any] = []
        async with AsyncOpenAI(base_url=fake.url, api_key="sk-test", max_retries=retries) as client:
            for ids in batches:
                try:
                    results.append(await ask(client, *ids, **more))
                except Exception as e:  # noqa: BLE001 compared by the test
                    results.append(e)
        return results

    return asyncio.run(run())


def content(reply: ChatCompletion) -> Any:
    return json.loads(reply.choices[0].message.content or "")


# --- the good answer --------------------------------------------------------------------------


def test_the_answer_is_the_labels_of_the_ids_asked_for() -> None:
    with Fake(LABELS) as fake:
        reply, again = asking(fake, [TWO, ONE], [TWO, ONE])
    assert content(reply) == {"papers": [{"id": i, **LABELS[i]} for i in (TWO, ONE)]}
    assert (reply.choices[0].finish_reason, reply.model) == ("stop", "gpt-6-luna")
    assert again.choices == reply.choices
    first, second = fake.records
    assert (first.ids, first.status, first.authorized) == ((TWO, ONE), 200, True)
    assert first.body["model"] == "gpt-6-luna"
    assert first.started <= (first.ended or 0) <= second.started
    assert fake.answered == {ONE: 2, TWO: 2}
    assert fake.connections == 1


def test_tokens_are_counted() -> None:
    with Fake(LABELS) as fake:
        (reply,) = asking(fake, [ONE])
        (with_schema,) = asking(
            fake, [ONE], response_format={"type": "json_schema", "json_schema": SCHEMA}
        )
    usage = reply.usage
    assert usage.completion_tokens == len(encode(reply.choices[0].message.content))
    assert usage.prompt_tokens > len(encode(SYSTEM))
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert with_schema.usage.prompt_tokens > usage.prompt_tokens
    record = fake.records[0]
    assert record.prompt_tokens == usage.prompt_tokens
    assert record.completion_tokens == usage.completion_tokens


# --- physics ----------------------------------------------------------------------------------


def test_a_prefix_is_cached_in_steps_once_it_is_known() -> None:
    cache = PrefixCache()
    prompt = list(range(1300))
    assert cache.hit("here", prompt) == 0
    cache.add("here", prompt)
    assert cache.hit("here", prompt) == 1280
    assert cache.hit("here", [*prompt[:1200], *range(9000, 9500)]) == 1152
    assert cache.hit("here", [*prompt[:1100], *range(9000, 9500)]) == 1024
    assert cache.hit("here", prompt[:1023]) == 0
    assert cache.hit("here", [0, *prompt]) == 0
    assert cache.hit("elsewhere", prompt) == 0


def test_a_request_takes_as_long_as_its_tokens() -> None:
    with Fake(LABELS, Physics(ttft=0.05, tps=400)) as fake:
        (reply,) = asking(fake, [ONE, TWO])
    (record,) = fake.records
    assert record.seconds == 0.05 + reply.usage.completion_tokens / 400
    assert record.ended is not None
    assert (record.ended - record.started) / record.seconds > 0.95


def test_the_bucket_fills_again_and_the_client_waits_for_it() -> None:
    with Fake(physics=Physics(rpm=300, exact=True)) as fake:
        results = asking(fake, [ONE], [ONE], retries=2)
    assert not any(isinstance(r, Exception) for r in results)
    assert [r.status for r in fake.records] == [200, 429, 200]
    assert not fake.early()


# --- scripts ----------------------------------------------------------------------------------


def test_steps_in_turn_first_of_and_whenever() -> None:
    script = first_of(
        whenever(TWO, replies.filtered()), in_turn(replies.server_error(503), None, replies.empty)
    )
    with Fake(LABELS, respond=script) as fake:
        asking(fake, [ONE], [TWO], [ONE, TWO], [ONE], [ONE], [ONE])
    assert [r.status for r in fake.records] == [503, 400, 400, 200, 200, 200]
    assert [r.completion_tokens > 0 for r in fake.records] == [False] * 3 + [True, False, True]
    assert fake.answered == {ONE: 3}


def test_a_script_that_fails_is_heard_of() -> None:
    def script(request: replies.Request) -> replies.Response:
        raise LookupError("a mistake of the test")

    fake = Fake(respond=script)
    with pytest.raises(LookupError, match="a mistake of the test"), fake:
        asking(fake, [ONE])
    assert [r.status for r in fake.records] == [500]


# --- whole days -------------------------------------------------------------------------------
