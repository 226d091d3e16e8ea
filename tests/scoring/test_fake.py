"""The fake endpoint, judged by the real client: what it promises holds, and every fault is real."""

from __future__ import annotations

import asyncio
import heapq
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import openai
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletion

from digest.core.scores import NO_TOPIC, Prompt
from digest.scoring.prompt import messages
from tests import make
from tests.scoring import replies
from tests.scoring.fake import (
    GONE,
    PAPER,
    TOPICS,
    Fake,
    Physics,
    completion_tokens,
    ideal_schedule,
    labels_of_seed_day,
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
    said = messages(Prompt(system, "Score these."), [make.paper(i) for i in ids or (ONE,)])
    created: ChatCompletion = await client.chat.completions.create(
        model="gpt-6-luna",
        messages=said,  # type: ignore[arg-type]
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


def at_once(fake: Fake, n: int) -> list[ChatCompletion]:
    async def run() -> list[ChatCompletion]:
        async with AsyncOpenAI(base_url=fake.url, api_key="sk-test", max_retries=0) as client:
            return await asyncio.gather(*(ask(client, f"2601.{i:05}") for i in range(n)))

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


def test_an_unknown_paper_gets_a_verdict_under_the_cut_and_always_the_same() -> None:
    verdicts = [replies.made_up(f"2601.{n:05}") for n in range(500)]
    assert verdicts == [replies.made_up(f"2601.{n:05}") for n in range(500)]
    assert not any(v["relevance"] >= 8 and v["novelty"] >= 7 for v in verdicts)
    assert len({(v["relevance"], v["novelty"]) for v in verdicts}) > 20


def test_ids_are_read_from_the_last_user_message_and_from_whole_lines_only() -> None:
    said = messages(Prompt("", 'Each in `<paper id="…">`.'), [make.paper(ONE), make.paper(TWO)])
    assert PAPER.findall(said[-1]["content"]) == [ONE, TWO]
    assert not PAPER.findall('An abstract with <paper id="2601.00009"> in it')


def test_models_and_unknown_paths() -> None:
    with Fake() as fake:
        assert (
            requests.get(f"{fake.url}/models", timeout=60).json()["data"][0]["id"] == "gpt-6-luna"
        )
        assert requests.get(f"{fake.url}/files", timeout=60).status_code == 404
        answer = requests.post(f"{fake.url}/chat/completions", data="{", timeout=60)
        assert answer.status_code == 400
        assert not fake.records


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


def test_cached_tokens_are_told() -> None:
    with Fake(LABELS) as fake:
        asking(fake, [ONE], [TWO])
        asking(fake, [TWO], prompt_cache_key="another")
        asking(fake, [ONE], system="short")
    first, second, elsewhere, short = fake.records
    assert first.cached_tokens == elsewhere.cached_tokens == short.cached_tokens == 0
    assert second.cached_tokens % 128 == 0
    assert 1024 <= second.cached_tokens < second.prompt_tokens < second.cached_tokens + 256


def test_the_cache_knows_a_prefix_only_after_its_time_to_first_token() -> None:
    with Fake(physics=Physics(ttft=0.3)) as fake:
        together = at_once(fake, 4)
        (after,) = asking(fake, [ONE])
    start = fake.records[0].started
    for reply, record in zip(together, sorted(fake.records[:4], key=lambda r: r.ids), strict=True):
        known = record.started > start + 0.3
        assert bool(reply.usage and reply.usage.prompt_tokens_details.cached_tokens) is known  # type: ignore[union-attr]
    assert after.usage.prompt_tokens_details.cached_tokens >= 1024


def test_an_error_leaves_nothing_in_the_cache() -> None:
    with Fake(respond=in_turn(replies.server_error())) as fake:
        _, reply = asking(fake, [ONE], [ONE])
    assert reply.usage.prompt_tokens_details.cached_tokens == 0


def test_a_request_takes_as_long_as_its_tokens() -> None:
    with Fake(LABELS, Physics(ttft=0.05, tps=400)) as fake:
        (reply,) = asking(fake, [ONE, TWO])
    (record,) = fake.records
    assert record.seconds == 0.05 + reply.usage.completion_tokens / 400
    assert record.ended is not None
    assert (record.ended - record.started) / record.seconds > 0.95


def test_64_requests_wait_together() -> None:
    everybody = threading.Event()
    with Fake(respond=replies.held(everybody)) as fake:

        def let_go_once_all_are_there() -> None:
            make.until(lambda: len(fake.records) == 64)
            everybody.set()

        release = threading.Thread(target=let_go_once_all_are_there)
        release.start()
        at_once(fake, 64)
        release.join()
    assert fake.most_in_flight == 64
    assert sorted(r.in_flight for r in fake.records) == list(range(1, 65))


def test_reasoning_and_the_limit_on_tokens() -> None:
    with Fake(LABELS, Physics(reasoning=30)) as fake:
        (whole,) = asking(fake, [ONE, TWO])
        (cut,) = asking(fake, [ONE, TWO], max_completion_tokens=40)
        (nothing,) = asking(fake, [ONE, TWO], max_tokens=20)
    assert whole.usage.completion_tokens_details.reasoning_tokens == 30
    assert whole.usage.completion_tokens == 30 + len(encode(whole.choices[0].message.content))
    assert (cut.choices[0].finish_reason, cut.usage.completion_tokens) == ("length", 40)
    assert whole.choices[0].message.content.startswith(cut.choices[0].message.content)
    assert (nothing.choices[0].message.content, nothing.usage.completion_tokens) == ("", 20)


@pytest.mark.parametrize(("exact", "told"), [(False, 2.0), (True, 1.5)])
def test_too_many_requests_a_minute(exact: bool, told: float) -> None:
    with Fake(physics=Physics(rpm=40, burst=2, exact=exact)) as fake:
        *good, refused = asking(fake, [ONE], [ONE], [ONE])
    assert [r.usage.total_tokens > 0 for r in good] == [True, True]
    assert isinstance(refused, openai.RateLimitError)
    assert refused.response.headers["Retry-After"] == "2"
    assert ("retry-after-ms" in refused.response.headers) is exact
    assert fake.records[-1].retry_after == pytest.approx(told, abs=0.5)


def test_the_bucket_fills_again_and_the_client_waits_for_it() -> None:
    with Fake(physics=Physics(rpm=300, exact=True)) as fake:
        results = asking(fake, [ONE], [ONE], retries=2)
    assert not any(isinstance(r, Exception) for r in results)
    assert [r.status for r in fake.records] == [200, 429, 200]
    assert not fake.early()


def test_who_does_not_wait_is_found_out() -> None:
    with Fake(respond=in_turn(replies.rate_limited("60"))) as fake:
        asking(fake, [ONE], [TWO])
    assert [r.ids for r in fake.early(slack=0)] == [(TWO,)]


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


ERRORS: list[tuple[replies.Response, type[openai.APIStatusError], str | None, str | None]] = [
    (replies.rate_limited(), openai.RateLimitError, "rate_limit_exceeded", None),
    (replies.out_of_quota(), openai.RateLimitError, "insufficient_quota", None),
    (replies.payment_required(), openai.APIStatusError, "invalid_request_error", None),
    (replies.unauthorized(), openai.AuthenticationError, "invalid_api_key", None),
    (replies.forbidden(), openai.PermissionDeniedError, "unsupported_country", None),
    (replies.no_such_model(), openai.NotFoundError, "model_not_found", "model"),
    (replies.too_large(), openai.APIStatusError, "request_too_large", None),
    (replies.server_error(), openai.InternalServerError, None, None),
    (replies.server_error(529), openai.InternalServerError, None, None),
    (replies.filtered(), openai.BadRequestError, "content_filter", "prompt"),
    (replies.inspected(), openai.BadRequestError, "data_inspection_failed", None),
    (replies.too_long(), openai.BadRequestError, "context_length_exceeded", "messages"),
    (replies.html(503), openai.InternalServerError, None, None),
]


@pytest.mark.parametrize(("response", "raised", "code", "param"), ERRORS)
def test_an_error_is_the_client_s(
    response: replies.Response,
    raised: type[openai.APIStatusError],
    code: str | None,
    param: str | None,
) -> None:
    with Fake(respond=response) as fake:
        (error,) = asking(fake, [ONE])
    assert type(error) is raised
    assert (error.status_code, error.code, error.param) == (response.status, code, param)
    assert (fake.records[0].status, fake.answered) == (response.status, {})


def test_formats_and_parameters_are_refused() -> None:
    schema = {"response_format": {"type": "json_schema", "json_schema": SCHEMA}}
    some = {"response_format": {"type": "json_object"}, "temperature": 0}
    script = first_of(
        replies.refuses_formats("json_schema"), replies.refuses_parameter("temperature")
    )
    with Fake(respond=script) as fake:
        (first,), (second,), (third,) = (asking(fake, [ONE], **m) for m in (schema, some, {}))
    assert (first.status_code, first.param) == (400, "response_format")
    assert "json_schema" in str(first)
    assert (second.status_code, second.code, second.param) == (
        400,
        "unsupported_parameter",
        "temperature",
    )
    assert content(third)


REPLIES: list[tuple[replies.Step, Callable[[Any], object], object]] = [
    (replies.prose, lambda r: "```json\n" in r.choices[0].message.content, True),
    (replies.thinking, lambda r: r.choices[0].message.content.startswith("<think>"), True),
    (replies.truncated, lambda r: r.choices[0].finish_reason, "length"),
    (replies.content_filtered, lambda r: r.choices[0].finish_reason, "content_filter"),
    (replies.empty, lambda r: r.choices[0].message.content, ""),
    (replies.null_content, lambda r: r.choices[0].message.content, None),
    (replies.refusal, lambda r: bool(r.choices[0].message.refusal), True),
    (replies.saying("[]"), lambda r: r.choices[0].message.content, "[]"),
    (replies.no_usage, lambda r: r.usage, None),
    (replies.usage(None), lambda r: r.usage, None),
    (replies.usage(replies.NULL_USAGE), lambda r: r.usage.prompt_tokens, None),
    (replies.usage(replies.WRONG_USAGE), lambda r: r.usage.prompt_tokens, "many"),
    (replies.no_choices(), lambda r: r.choices, None),
    (replies.html(), lambda r: r.startswith("<!doctype html>"), True),
    (replies.not_json(), type, json.JSONDecodeError),
    (replies.gzipped, content, {"papers": [{"id": ONE, **LABELS[ONE]}]}),
    (replies.huge(4), lambda r: len(r.choices[0].message.content) > 4_000_000, True),
    (replies.late(0.05), content, {"papers": [{"id": ONE, **LABELS[ONE]}]}),
    (replies.closed(), type, openai.APIConnectionError),
    (replies.closed_midway, type, openai.APIConnectionError),
    (replies.redirect("/v1/models", 303), lambda r: r.object, "list"),
]


@pytest.mark.parametrize(("step", "look", "expected"), REPLIES)
def test_a_reply_that_was_not_asked_for(
    step: replies.Step, look: Callable[[Any], object], expected: object
) -> None:
    with Fake(LABELS, respond=in_turn(step)) as fake:
        strange, good = asking(fake, [ONE], [ONE])
    assert look(strange) == expected
    assert content(good) == {"papers": [{"id": ONE, **LABELS[ONE]}]}


def test_a_redirect_is_followed_with_its_body() -> None:
    with Fake(LABELS, respond=in_turn(replies.redirect("/moved/v1/chat/completions"))) as fake:
        (reply,) = asking(fake, [ONE])
    assert content(reply)
    assert [(r.status, r.ids) for r in fake.records] == [(307, (ONE,)), (200, (ONE,))]


@pytest.mark.parametrize("step", [replies.hanging(), replies.late(60)])
def test_a_client_that_hangs_up_is_recorded(step: replies.Step) -> None:
    with Fake(respond=in_turn(step)) as fake:
        (gave_up,) = asking(fake, [ONE], timeout=0.5)
        (good,) = asking(fake, [TWO])
        assert make.until(lambda: fake.records[0].status == GONE)
    assert isinstance(gave_up, openai.APITimeoutError)
    assert content(good)
    assert fake.answered == {TWO: 1}


def test_the_fake_ends_while_clients_wait() -> None:
    async def run(fake: Fake) -> object:
        async with AsyncOpenAI(base_url=fake.url, api_key="k", max_retries=0) as client:
            waiting = asyncio.create_task(ask(client))
            await asyncio.to_thread(make.until, lambda: bool(fake.records))
            await asyncio.to_thread(fake.__exit__, None)
            (result,) = await asyncio.gather(waiting, return_exceptions=True)
            return result

    fake = Fake(respond=replies.hanging()).__enter__()
    assert isinstance(asyncio.run(run(fake)), openai.APIConnectionError)


# --- whole days -------------------------------------------------------------------------------


def test_the_day_of_the_seed(real_data: Path) -> None:
    papers, labels = labels_of_seed_day(real_data)
    assert len(papers) == len(labels) == 451
    kept = {i for i, v in labels.items() if v["relevance"] >= 8 and v["novelty"] >= 7}
    assert len(kept) == 68
    assert all(labels[i]["comment"] and labels[i]["topic"] in TOPICS for i in kept)
    assert labels_of_seed_day(real_data) == (papers, labels)
    alone = completion_tokens(labels, [p.id for p in papers[:8]])
    together = len(encode(replies.answer(labels, [p.id for p in papers[:8]])))
    assert sum(alone) == pytest.approx(together, rel=0.1)


def test_ideal_schedule() -> None:
    physics = Physics(ttft=1, tps=10)
    day = [10, 10, 20, 20]  # two requests: 1 + 2 and 1 + 4 seconds
    assert ideal_schedule(day, batch=2, concurrency=1, physics=physics) == 8
    assert ideal_schedule(day, batch=2, concurrency=2, physics=physics) == 5  # the longest
    assert ideal_schedule(day, batch=9, concurrency=2, physics=physics) == 7
    assert ideal_schedule([], batch=9, concurrency=2, physics=physics) == 0
    slow = Physics(ttft=1, tps=10, rpm=6)  # the second request comes in after 10 seconds
    assert ideal_schedule(day, batch=2, concurrency=2, physics=slow) == 13
    thinking = Physics(ttft=1, tps=10, reasoning=10)
    assert ideal_schedule(day, batch=2, concurrency=1, physics=thinking) == 10


@given(
    st.lists(st.integers(5, 200), min_size=1, max_size=60), st.integers(1, 9), st.integers(1, 20)
)
def test_no_schedule_is_faster_than_the_ideal(day: list[int], batch: int, concurrency: int) -> None:
    physics = Physics(ttft=0.5, tps=80)
    ideal = ideal_schedule(day, batch=batch, concurrency=concurrency, physics=physics)
    workers = [0.0] * concurrency
    for i in range(0, len(day), batch):
        free = heapq.heappop(workers)
        heapq.heappush(workers, free + physics.seconds(sum(day[i : i + batch])))
    assert ideal <= max(workers) * (1 + 1e-9)
    assert max(workers) <= 2 * ideal  # as any greedy schedule


def test_in_a_process_of_its_own(tmp_path: Path) -> None:
    labels = tmp_path / "labels.json"
    labels.write_text(json.dumps(LABELS))
    command = [
        sys.executable,
        "-m",
        "tests.scoring.fake",
        "--labels",
        str(labels),
        "--ttft",
        "0.01",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            url = process.stdout.readline().strip()
            asked = {"role": "user", "content": f'<paper id="{ONE}">\nx\n</paper>'}
            body = {"model": "m", "messages": [asked]}
            reply = requests.post(f"{url}/chat/completions", json=body, timeout=60).json()
            assert json.loads(reply["choices"][0]["message"]["content"])["papers"][0]["id"] == ONE
            (record,) = requests.get(url.replace("/v1", "/records"), timeout=60).json()
            assert (record["ids"], record["authorized"]) == ([ONE], False)
        finally:
            process.terminate()
            assert process.wait(make.PATIENCE_S) == 0
