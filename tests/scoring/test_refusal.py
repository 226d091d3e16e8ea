"""What stands behind an error: the words and codes of providers, as their users have reported them,
in our own words where they are free text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.scoring.refusal import Cause, Refusal, read_refusal


def cause(status: int, error: Any, model: str = "") -> Cause:
    body = error if isinstance(error, bytes) else json.dumps(error).encode()
    return read_refusal(status, body).cause(model)


def told(message: str, code: Any = None, **more: Any) -> dict[str, Any]:
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
    (429, told("Check your plan.", "insufficient_quota"), Cause.BALANCE),
    (429, told("请检查", "1113"), Cause.BALANCE),
    (429, told("余额不足,请充值后再试。"), Cause.BALANCE),
    (403, told("用户额度不足, 剩余额度: 0"), Cause.BALANCE),
    (429, told("Suspended.", None, type="exceeded_current_quota_error"), Cause.BALANCE),
    (400, {"code": "Arrearage", "message": "Access denied."}, Cause.BALANCE),
    (403, {"code": 30001, "message": "Sorry, your account balance is insufficient"}, Cause.BALANCE),
    (402, told("Insufficient Balance"), Cause.BALANCE),
    (402, b"", Cause.BALANCE),
    (400, told("Your credit balance is too low to access the Anthropic API."), Cause.BALANCE),
    (403, told("Your team has used all available credits."), Cause.BALANCE),
    (429, told("Monthly spending limit reached"), Cause.BALANCE),
    (401, told("You exceeded it.", "insufficient_quota"), Cause.BALANCE),
    (429, told("You exceeded your current quota, check your plan."), Cause.BALANCE),
    (403, told("The account doesn't have any credits yet."), Cause.BALANCE),
    (400, told("Budget has been exceeded! Current cost: 5.1"), Cause.BALANCE),
    (500, told("insufficient balance (1008)"), Cause.BALANCE),
    (503, told("insufficient quota on channel 3, switching"), Cause.SERVER),
    (400, told("Unknown credit field 'foo'"), Cause.REQUEST),
    # The quota of a day is another thing than that of a minute.
    (429, QUOTA_OF_A_DAY, Cause.QUOTA),
    (429, QUOTA_OF_A_MINUTE, Cause.RATE),
    (429, told("Rate limit exceeded: free-models-per-day"), Cause.QUOTA),
    (429, told("Limit reached on tokens per day (TPD): limit 100000"), Cause.QUOTA),
    (429, told("该模型当日调用次数已达上限", "1304"), Cause.QUOTA),
    (429, told("今日免费额度已用完"), Cause.BALANCE),
    (429, told("已达到本周的使用上限", "1310"), Cause.QUOTA),
    (429, told("You have used your daily free allocation."), Cause.QUOTA),
    (403, told("Key limit exceeded (total limit)."), Cause.QUOTA),
    (429, told("Provider error", None, metadata={"raw": json.dumps(QUOTA_OF_A_DAY)}), Cause.QUOTA),
    (429, told("5/min for free keys, which also have 50 requests per day"), Cause.RATE),
    (429, told("每分钟3次，充值后可提升速率"), Cause.RATE),
    (429, told("See error-code#token-limit", "insufficient_quota"), Cause.RATE),
    (429, told("Request too large on tokens per min (TPM): limit 8000"), Cause.LENGTH),
    (503, told("Overloaded. Your daily limits are unaffected."), Cause.SERVER),
    (429, told("Limit reached on requests per min (RPM): limit 3"), Cause.RATE),
    (429, told("Too many requests, slow down."), Cause.RATE),
    # The key.
    (401, told("Nope."), Cause.KEY),
    (400, [{"error": {"message": "API key not valid. Please pass a valid API key."}}], Cause.KEY),
    (403, told("无效的令牌"), Cause.KEY),
    (400, {"code": "bad", "error": "Incorrect API key provided: xa***12."}, Cause.KEY),
    # Where it is, and what it may do.
    (400, told("User location is not supported for the API use."), Cause.COUNTRY),
    (403, told("No.", "unsupported_country_region_territory"), Cause.COUNTRY),
    (403, told("Forbidden."), Cause.FORBIDDEN),
    (451, told("Not available in your region."), Cause.COUNTRY),
    (403, told("This model is not available in your region."), Cause.COUNTRY),
    (503, told("Temporarily not available in region us-1"), Cause.SERVER),
    (400, told("Unsupported field at location $.response_format"), Cause.REQUEST),
    # The model.
    (404, told("The model `x` does not exist"), Cause.MODEL),
    (503, told("No available channel for model x under group default"), Cause.MODEL),
    (503, told("当前分组 default 下对于模型 x 无可用渠道"), Cause.MODEL),
    (500, told("model 'x' not found in cache, loading"), Cause.SERVER),
    (400, told("No models loaded."), Cause.MODEL),
    (404, told("No endpoints found that can handle the requested parameters"), Cause.REQUEST),
    (503, told("The model is overloaded. It is not available, try again later."), Cause.SERVER),
    (400, told("模型不存在", "1211"), Cause.MODEL),
    (400, told("The model x is not available in this region"), Cause.MODEL),
    (400, told("gpt-9 is not a valid model ID"), Cause.MODEL),
    (400, told("Invalid model name: gpt-9"), Cause.MODEL),
    # What the papers say, and how long they are.
    (400, told("Content Exists Risk"), Cause.CONTENT),
    (400, told("系统检测到输入可能包含不安全或敏感内容", "1301"), Cause.CONTENT),
    (400, told("Filtered.", "content_filter"), Cause.CONTENT),
    (400, told("the request exceeds the available context size"), Cause.LENGTH),
    (413, b"", Cause.LENGTH),
    (400, told("The input token count exceeds the maximum number of tokens"), Cause.LENGTH),
    (400, told("Range of input length should be [1, 30720]"), Cause.LENGTH),
    (400, told("'prompt_cache_key' is too long, maximum 40 characters"), Cause.REQUEST),
    (400, told("'safety_identifier' is flagged as unsupported"), Cause.REQUEST),
    (400, told("A parameter is too long", param="prompt_cache_key"), Cause.REQUEST),
    # The form.
    (400, told("Adjust your prompt.", "json_validate_failed"), Cause.SAMPLING),
    (400, told("Failed to generate JSON."), Cause.SAMPLING),
    (400, told("Unrecognized request argument supplied: foo"), Cause.REQUEST),
    (422, {"detail": [{"loc": ["body", "x"], "msg": "field required"}]}, Cause.REQUEST),
    (429, told("No room.", "resource_unavailable"), Cause.NO_ROOM),
    # The server.
    (500, told("Internal error"), Cause.SERVER),
    (502, b"<html><body>Bad gateway</body></html>", Cause.SERVER),
    (404, b"<html><body>Not Found</body></html>", Cause.ADDRESS),
    (404, {"detail": "Not Found"}, Cause.ADDRESS),
    (405, b"Method Not Allowed", Cause.ADDRESS),
    (408, b"", Cause.TIMEOUT),
    (200, {"code": 500, "msg": "404 NOT_FOUND", "success": False}, Cause.SERVER),
    (200, told("Insufficient credits"), Cause.BALANCE),
]


@pytest.mark.parametrize(("status", "error", "expected"), CAUSES)
def test_the_cause_follows_words_and_codes(status: int, error: Any, expected: Cause) -> None:
    assert cause(status, error) is expected


def test_a_models_name_is_not_what_an_error_is_about() -> None:
    error = told("daily-limit-7b could not be loaded")
    assert cause(503, error, model="daily-limit-7b") is Cause.SERVER


def test_an_echo_of_the_papers_is_not_the_cause() -> None:
    echo = "x" * 600 + " on content policy, safety and insufficient funds"
    assert cause(400, told(f"Invalid request: {echo}")) is Cause.REQUEST


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
    assert read_refusal(status, body).cause("m") in Cause


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["error", "code", "a"]), inner),
)


@given(json_values)
def test_any_json_is_a_refusal(value: Any) -> None:
    assert isinstance(read_refusal(500, json.dumps(value).encode()), Refusal)
