"""What stands behind an error: the words and codes of providers, as their users have reported them,
in our own words where they are free text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.scoring.refusal import Cause, Refusal, read_refusal
from tests import make


def cause(status: int, error: Any, model: str = "") -> Cause:
    body = error if isinstance(error, bytes) else json.dumps(error).encode()
    return read_refusal(status, body, model).cause


def an_error(message: str, code: Any = None, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, "code": code, **more}}


QUOTA_OF_A_DAY = [
    {
        "error": {
            "code": 429,
            "message": "You exceeded your current quota, please check your plan and billing.",
            "status": "RESOURCE_EXHAUSTED",
            "details": [{"violations": [{"quotaId": "GenerateRequestsPerDayPerProject-Free"}]}],
        }
    }
]
QUOTA_OF_A_MINUTE = json.loads(json.dumps(QUOTA_OF_A_DAY).replace("PerDay", "PerMinute"))

CAUSES: list[tuple[int, Any, Cause]] = [
    # No credit, by code, by words, in Chinese, under any status.
    (429, an_error("Check your plan.", "insufficient_quota"), Cause.BALANCE),
    (429, an_error("请检查", "1113"), Cause.BALANCE),
    (429, an_error("余额不足,请充值后再试。"), Cause.BALANCE),
    (403, an_error("用户额度不足, 剩余额度: 0"), Cause.BALANCE),
    (429, an_error("Suspended.", None, type="exceeded_current_quota_error"), Cause.BALANCE),
    (400, {"code": "Arrearage", "message": "Access denied."}, Cause.BALANCE),
    (403, {"code": 30001, "message": "Sorry, your account balance is insufficient"}, Cause.BALANCE),
    (402, an_error("Insufficient Balance"), Cause.BALANCE),
    (402, b"", Cause.BALANCE),
    (400, an_error("Your credit balance is too low to access the Anthropic API."), Cause.BALANCE),
    (403, an_error("Your team has used all available credits."), Cause.BALANCE),
    (429, an_error("Monthly spending limit reached"), Cause.BALANCE),
    (401, an_error("You exceeded it.", "insufficient_quota"), Cause.BALANCE),
    (429, an_error("You exceeded your current quota, check your plan."), Cause.BALANCE),
    (403, an_error("The account doesn't have any credits yet."), Cause.BALANCE),
    (400, an_error("Budget has been exceeded! Current cost: 5.1"), Cause.BALANCE),
    (500, an_error("insufficient balance (1008)"), Cause.BALANCE),
    (503, an_error("insufficient quota on channel 3, switching"), Cause.SERVER),
    (400, an_error("Unknown credit field 'foo'"), Cause.REQUEST),
    # The quota of a day is another thing than that of a minute.
    (429, QUOTA_OF_A_DAY, Cause.QUOTA),
    (429, QUOTA_OF_A_MINUTE, Cause.RATE),
    (429, an_error("Rate limit exceeded: free-models-per-day"), Cause.QUOTA),
    (429, an_error("Limit reached on tokens per day (TPD): limit 100000"), Cause.QUOTA),
    (429, an_error("该模型当日调用次数已达上限", "1304"), Cause.QUOTA),
    (429, an_error("今日免费额度已用完"), Cause.BALANCE),
    (429, an_error("已达到本周的使用上限", "1310"), Cause.QUOTA),
    (429, an_error("You have used your daily free allocation."), Cause.QUOTA),
    (403, an_error("Key limit exceeded (total limit)."), Cause.QUOTA),
    (
        429,
        an_error("Provider error", None, metadata={"raw": json.dumps(QUOTA_OF_A_DAY)}),
        Cause.QUOTA,
    ),
    (429, an_error("5/min for free keys, which also have 50 requests per day"), Cause.RATE),
    (429, an_error("每分钟3次，充值后可提升速率"), Cause.RATE),
    (429, an_error("See error-code#token-limit", "insufficient_quota"), Cause.RATE),
    (429, an_error("Request too large on tokens per min (TPM): limit 8000"), Cause.LENGTH),
    (503, an_error("Overloaded. Your daily limits are unaffected."), Cause.SERVER),
    (429, an_error("Limit reached on requests per min (RPM): limit 3"), Cause.RATE),
    (429, an_error("Too many requests, slow down."), Cause.RATE),
    # The key.
    (401, an_error("Nope."), Cause.KEY),
    (400, [{"error": {"message": "API key not valid. Please pass a valid API key."}}], Cause.KEY),
    (403, an_error("无效的令牌"), Cause.KEY),
    (400, {"code": "bad", "error": "Incorrect API key provided: xa***12."}, Cause.KEY),
    # Where it is, and what it may do.
    (400, an_error("User location is not supported for the API use."), Cause.COUNTRY),
    (403, an_error("No.", "unsupported_country_region_territory"), Cause.COUNTRY),
    (403, an_error("Forbidden."), Cause.FORBIDDEN),
    (451, an_error("Not available in your region."), Cause.COUNTRY),
    (403, an_error("This model is not available in your region."), Cause.COUNTRY),
    (503, an_error("Temporarily not available in region us-1"), Cause.SERVER),
    (400, an_error("Unsupported field at location $.response_format"), Cause.REQUEST),
    # The model.
    (404, an_error("The model `x` does not exist"), Cause.MODEL),
    (503, an_error("No available channel for model x under group default"), Cause.MODEL),
    (503, an_error("当前分组 default 下对于模型 x 无可用渠道"), Cause.MODEL),
    (500, an_error("model 'x' not found in cache, loading"), Cause.SERVER),
    (400, an_error("No models loaded."), Cause.MODEL),
    (404, an_error("No endpoints found that can handle the requested parameters"), Cause.REQUEST),
    (503, an_error("The model is overloaded. It is not available, try again later."), Cause.SERVER),
    (400, an_error("模型不存在", "1211"), Cause.MODEL),
    (400, an_error("The model x is not available in this region"), Cause.MODEL),
    (400, an_error("gpt-9 is not a valid model ID"), Cause.MODEL),
    (400, an_error("Invalid model name: gpt-9"), Cause.MODEL),
    # What the papers say, and how long they are.
    (400, an_error("Content Exists Risk"), Cause.CONTENT),
    (400, an_error("系统检测到输入可能包含不安全或敏感内容", "1301"), Cause.CONTENT),
    (400, an_error("Filtered.", "content_filter"), Cause.CONTENT),
    (400, an_error("the request exceeds the available context size"), Cause.LENGTH),
    (413, b"", Cause.LENGTH),
    (400, an_error("The input token count exceeds the maximum number of tokens"), Cause.LENGTH),
    (400, an_error("Range of input length should be [1, 30720]"), Cause.LENGTH),
    (400, an_error("'prompt_cache_key' is too long, maximum 40 characters"), Cause.REQUEST),
    (400, an_error("'safety_identifier' is flagged as unsupported"), Cause.REQUEST),
    (400, an_error("A parameter is too long", param="prompt_cache_key"), Cause.REQUEST),
    # The form.
    (400, an_error("Adjust your prompt.", "json_validate_failed"), Cause.SAMPLING),
    (400, an_error("Failed to generate JSON."), Cause.SAMPLING),
    (400, an_error("Unrecognized request argument supplied: foo"), Cause.REQUEST),
    (422, {"detail": [{"loc": ["body", "x"], "msg": "field required"}]}, Cause.REQUEST),
    (429, an_error("No room.", "resource_unavailable"), Cause.NO_ROOM),
    # The server.
    (500, an_error("Internal error"), Cause.SERVER),
    (502, b"<html><body>Bad gateway</body></html>", Cause.SERVER),
    (404, b"<html><body>Not Found</body></html>", Cause.ADDRESS),
    (404, {"detail": "Not Found"}, Cause.ADDRESS),
    (405, b"Method Not Allowed", Cause.ADDRESS),
    (408, b"", Cause.TIMEOUT),
    (200, {"code": 500, "msg": "404 NOT_FOUND", "success": False}, Cause.SERVER),
    (200, an_error("Insufficient credits"), Cause.BALANCE),
]


@pytest.mark.parametrize(("status", "error", "expected"), CAUSES)
def test_the_cause_follows_words_and_codes(status: int, error: Any, expected: Cause) -> None:
    assert cause(status, error) is expected


def test_a_models_name_is_not_what_an_error_is_about() -> None:
    error = an_error("daily-limit-7b could not be loaded")
    assert cause(503, error, model="daily-limit-7b") is Cause.SERVER


def test_an_echo_of_the_papers_is_not_the_cause() -> None:
    echo = "x" * 600 + " on content policy, safety and insufficient funds"
    assert cause(400, an_error(f"Invalid request: {echo}")) is Cause.REQUEST


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ({"code": 500, "msg": "404 NOT_FOUND", "success": False}, "404 NOT_FOUND"),
        ({"detail": [{"loc": ["body"], "msg": "field required"}]}, "field required"),
        ({"error": "just a text"}, "just a text"),
        ([{"error": {"status": "INVALID", "message": "No."}}], "INVALID, No."),
        ({"error": {"error": {"message": "deep"}}}, "deep"),
        ({"ok": False}, '{"ok": false}'),
    ],
)
def test_the_words_are_found_in_any_form(error: Any, words: str) -> None:
    assert read_refusal(400, json.dumps(error).encode()).message == words


@given(st.integers(100, 599), st.binary(max_size=200))
def test_any_body_has_a_cause(status: int, body: bytes) -> None:
    assert read_refusal(status, body, "m").cause in Cause


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["error", "code", "a"]), inner),
)


@make.examples(20)
@given(json_values)
def test_any_json_is_a_refusal(value: Any) -> None:
    assert isinstance(read_refusal(500, json.dumps(value).encode()), Refusal)
