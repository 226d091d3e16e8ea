"""A completion is read in the forms that gateways give it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.scores import Reason, Usage
from digest.scoring.completion import Answer, read
from tests import make


def body(message: dict[str, Any], finish: str = "stop", **more: Any) -> bytes:
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return json.dumps({"choices": [choice], **more}).encode()


def usage(**stated: Any) -> Usage:
    return read(body({"content": "x"}, usage=stated)).usage


ANSWERED = {"function": {"name": "scores", "arguments": '{"the": "answer"}'}}
TOOL = {"function": {"name": "scores", "arguments": "the answer"}}


@pytest.mark.parametrize(
    "message",
    [
        {"content": None, "reasoning_content": "the answer"},
        {"content": "\n\n", "reasoning": "the answer"},
        {"content": None, "function_call": TOOL["function"]},
        {"content": "the answer", "reasoning_content": "a thought"},
        {"content": "I call the tool.", "tool_calls": [ANSWERED]},
        {"content": [{"type": "reasoning", "text": "a thought"}, {"text": "the answer"}]},
    ],
)
def test_the_answer_is_found_where_it_stands(message: dict[str, Any]) -> None:
    assert re.sub(r"[^a-z ]", "", read(body(message)).text.replace('": "', " ")) == "the answer"


def test_an_unfinished_thought_is_no_answer() -> None:
    answer = read(body({"content": "", "reasoning_content": "perhaps 7"}, "length"))
    assert answer.text == ""
    assert answer.failure is not None
    assert "max_completion_tokens" in answer.failure.remedy
    assert "llm.reasoning_effort" in answer.failure.remedy


@pytest.mark.parametrize(
    ("finish", "reason"),
    [
        ("length", Reason.INVALID),
        ("MAX_TOKENS", Reason.INVALID),
        ("content_filter", Reason.REFUSED),
        ("Prohibited_Content", Reason.REFUSED),
    ],
)
def test_a_cut_or_blocked_reply_is_known_in_any_case(finish: str, reason: Reason) -> None:
    failure = read(body({"content": "[1, 2"}, finish)).failure
    assert failure is not None
    assert (failure.reason, failure.is_permanent) == (reason, True)


def test_a_stream_is_put_together() -> None:
    stream = """: a comment

data: {"choices": [{"delta": {"role": "assistant"}, "finish_reason": null}]}

data: {"choices": [{"delta": {"content": "the "}}]}

data: {"choices": [{"delta": {"content": "answer"}, "finish_reason": "stop"}]}

data: {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 2}}

data: [DONE]
"""
    answer = read(stream.encode())
    assert (answer.text, answer.failure) == ("the answer", None)
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (7, 2)


@pytest.mark.parametrize(
    "error",
    [
        {"code": 500, "msg": "404 NOT_FOUND", "success": False},
        {"choices": [], "error": {"message": "404 NOT_FOUND"}},
        {"choices": [{"error": {"message": "404 NOT_FOUND"}, "message": {"content": ""}}]},
        {"choices": None, "message": "404 NOT_FOUND"},
    ],
)
def test_an_error_in_place_of_a_reply_is_kept(error: dict[str, Any]) -> None:
    refusal = read(json.dumps(error).encode()).refusal
    assert refusal is not None
    assert "404 NOT_FOUND" in refusal.message


# --- usage ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stated", "completion"),
    [
        ({"prompt_tokens": 50, "completion_tokens": 30, "total_tokens": 80}, 30),
        ({"prompt_tokens": 50, "completion_tokens": 30, "total_tokens": 180}, 130),
        ({"prompt_tokens": 50, "completion_tokens": 130, "total_tokens": 180}, 130),
        ({"prompt_tokens": 50, "completion_tokens": 10}, 30),
    ],
)
def test_tokens_beside_the_completion_are_of_it(stated: dict[str, Any], completion: int) -> None:
    reasoning = {"completion_tokens_details": {"reasoning_tokens": 20}}
    assert usage(**stated, **reasoning).completion_tokens == completion


@pytest.mark.parametrize(
    "hits",
    [
        {"prompt_tokens_details": {"cached_tokens": 40}},
        {"prompt_cache_hit_tokens": 40, "prompt_cache_miss_tokens": 10},
        {"prompt_tokens_details": {"cached_tokens": 0}, "cached_tokens": 40},
    ],
)
def test_cache_hits_are_found_under_each_name(hits: dict[str, Any]) -> None:
    assert usage(prompt_tokens=50, completion_tokens=3, **hits).cached_tokens == 40


def test_cache_hits_beside_the_prompt_are_of_it() -> None:
    actual = usage(prompt_tokens=150, completion_tokens=3, prompt_cache_hit_tokens=4000)
    assert (actual.prompt_tokens, actual.cached_tokens) == (4150, 4000)


@pytest.mark.parametrize("total", [{"total_tokens": 0}, {"total_tokens": 2100}, {}])
def test_zeros_alone_are_not_reported(total: dict[str, int]) -> None:
    assert usage(prompt_tokens=0, completion_tokens=0, cost=0, **total) == Usage(requests=1)


TOKENS = {"prompt_tokens": 50, "completion_tokens": 3}


@pytest.mark.parametrize(
    ("stated", "cost"),
    [
        ({"cost": 0.0021}, 0.0021),
        ({"cost": 0}, 0.0),
        (
            {"cost": 0.001, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.02}},
            0.021,
        ),
        ({"cost": 0.02, "cost_details": {"upstream_inference_cost": 0.02}}, 0.02),
        ({}, None),
        ({"cost": "0.1"}, None),
        ({"cost": True}, None),
    ],
)
def test_a_cost_is_taken_where_it_is_given(stated: dict[str, Any], cost: float | None) -> None:
    actual = read(body({"content": "x"}, usage={**TOKENS, **stated})).cost_usd
    assert actual == (cost if cost is None else pytest.approx(cost))


# --- whatever comes ---------------------------------------------------------------------------


@make.examples(40)
@given(st.binary(max_size=300) | st.text(max_size=99).map(lambda t: f"data: {t}\n".encode()))
def test_any_body_is_an_answer(data: bytes) -> None:
    assert isinstance(read(data), Answer)
