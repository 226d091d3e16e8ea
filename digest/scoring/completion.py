"""An HTTP body of an endpoint, read as a chat completion. Pure.

Bodies may have any form: no body makes this module raise. Messages are returned as they came:
`Endpoint` makes them safe to print.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from digest.core.scores import Reason, Usage
from digest.scoring.refusal import Refusal, read_refusal

CHECK_ADDRESS = "check llm.base_url"
TRY_LATER = "try again later"
TAKE_LONGER = "lower llm.concurrency or llm.batch_size, or raise llm.timeout_s"
ALLOW_MORE_OUTPUT = (
    "allow a longer answer (llm.extra: {max_completion_tokens: 16000}), or lower"
    " llm.reasoning_effort"
)

# Finish reasons, in lower case: OpenAI's, Gemini's, GLM's.
_CUT = {"length", "max_tokens", "max_output_tokens", "model_length"}
_BLOCKED = {
    "content_filter", "safety", "prohibited_content", "blocklist", "spii", "recitation",
    "sensitive", "refusal",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RequestFailure:
    """Why a request brought no score for some of its papers."""

    reason: Reason
    message: str
    is_permanent: bool = False  # the same papers would fail again
    is_final: bool = False  # every other request would fail, too
    remedy: str = ""  # "" if there is none
    may_be_billed: bool = False  # although no answer arrived

    @property
    def sentence(self) -> str:
        """What went wrong and what to do, as a part of a sentence."""
        return "; ".join(filter(None, (self.message, self.remedy)))


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply as it came: its text, and what it cost. Without `requests` no answer arrived."""

    text: str = ""
    usage: Usage = Usage()
    tier: str | None = None
    cache_writes: int = 0  # tokens
    cost_usd: float | None = None  # as the endpoint reports it
    failure: RequestFailure | None = None  # why the text may be incomplete
    refusal: Refusal | None = None  # an error that came with HTTP 200, instead of a reply


def read(body: bytes, model: str = "") -> Answer:
    """The reply of `model` in the body of an HTTP 200."""
    try:
        completion = _decode(body)
    except (ValueError, RecursionError):
        message = f"the answer is not JSON: {body[:300].decode('utf-8', 'replace')}"
        no_api = RequestFailure(Reason.INVALID, message, remedy=CHECK_ADDRESS)
        return Answer("", Usage(requests=1), failure=no_api)
    choice, usage = _get(completion, "choices", 0), _get(completion, "usage")
    finish = re.split(r"\W", str(_get(choice, "finish_reason") or "").lower())[0]
    text = _answer_text(_get(choice, "message"), is_cut=finish in _CUT)
    failure = _failure(finish, _get(choice, "message", "refusal"), text)
    tier = _get(completion, "service_tier")
    return Answer(
        text=text,
        usage=_usage(usage),
        tier=tier if isinstance(tier, str) else None,
        cache_writes=_count(usage, "prompt_tokens_details", "cache_write_tokens") or 0,
        cost_usd=_cost(usage),
        failure=failure,
        refusal=None if text or failure else _refusal(completion, body, model),
    )


def _answer_text(message: object, *, is_cut: bool) -> str:
    """The text of the answer, in whichever field it stands."""
    texts = [_text(_get(message, "content")), _tool_arguments(message)]
    if not is_cut:  # else it is an unfinished thought
        texts += [_text(_get(message, name)) for name in ("reasoning_content", "reasoning")]
    # If one of them holds JSON, the others hold none of the answer.
    return next((t for t in texts if "{" in t), "") or next((t for t in texts if t.strip()), "")


def _failure(finish: str, refusal: object, text: str) -> RequestFailure | None:
    if finish in _BLOCKED or (isinstance(refusal, str) and refusal and not text):
        return RequestFailure(Reason.REFUSED, str(refusal or finish), is_permanent=True)
    if finish not in _CUT:
        return None
    return RequestFailure(
        Reason.INVALID,
        "the reply was cut off at the limit for its length",
        is_permanent=True,
        remedy=f"lower llm.batch_size, or {ALLOW_MORE_OUTPUT}",
    )


def _decode(body: bytes) -> Any:
    """The completion in a body: some gateways wrap it in a list, or stream it. Raises
    `ValueError`."""
    try:
        completion = json.loads(body)
    except ValueError:
        if not re.search(rb"(?m)^data:", body):
            raise
        return _join(body)
    return completion[0] if isinstance(completion, list) and len(completion) == 1 else completion


def _refusal(completion: object, body: bytes, model: str) -> Refusal | None:
    """The error instead of a reply: a gateway's, or that of the provider behind it."""
    choice = _get(completion, "choices", 0)
    if error := _get(choice, "error"):
        return read_refusal(200, json.dumps(error).encode(), model)
    is_error = choice is None or _get(completion, "error")
    return read_refusal(200, body, model) if is_error else None


def _join(stream: bytes) -> dict[str, Any]:
    """The completion in a stream of server-sent events: some gateways stream although they are
    asked not to. Raises `ValueError` for anything else."""
    parts: dict[str, list[str]] = {"content": [], "reasoning_content": []}
    whole: dict[str, Any] = {}
    finish = None
    for line in stream.splitlines():
        data = line.removeprefix(b"data:").strip()
        if not line.startswith(b"data:") or data == b"[DONE]":
            continue
        event = json.loads(data)
        whole |= event if isinstance(event, dict) else {}
        finish = _get(event, "choices", 0, "finish_reason") or finish
        for name, texts in parts.items():
            texts.append(_text(_get(event, "choices", 0, "delta", name)))
    message = {name: "".join(texts) for name, texts in parts.items()}
    if any(message.values()) or finish:
        whole["choices"] = [{"message": message, "finish_reason": finish}]
    return whole


def _tool_arguments(message: object) -> str:
    """The answer of a model that calls a tool instead of writing JSON."""
    calls = _get(message, "tool_calls")
    functions = [_get(call, "function") for call in calls] if isinstance(calls, list) else []
    functions.append(_get(message, "function_call"))
    return _text([_get(function, "arguments") for function in functions])


def _text(content: object) -> str:
    """A message's text, which may come in parts, or as JSON that is not inside a string."""
    if isinstance(content, dict) and "text" not in content:
        return json.dumps(content)
    texts = []
    for part in content if isinstance(content, list) else [content]:
        if _get(part, "type") not in ("reasoning", "thinking"):
            texts.append(part if isinstance(part, str) else _get(part, "text"))
    return "".join(text for text in texts if isinstance(text, str))


def _usage(reported: object) -> Usage:
    """The tokens that an endpoint reports; None for those that it does not.

    Reasoning tokens are billed as completion tokens. Some count them beside `completion_tokens`
    (xAI, Gemini behind gateways): only the total, or their own number, shows it. Cache hits are in
    `prompt_tokens_details` (OpenAI), `prompt_cache_hit_tokens` (DeepSeek) or `cached_tokens`
    (Moonshot). All zeros mean that nothing was counted.
    """
    prompt, completion = _count(reported, "prompt_tokens"), _count(reported, "completion_tokens")
    if not prompt and not completion:
        return Usage(requests=1)
    total = _count(reported, "total_tokens")
    reasoning = _count(reported, "completion_tokens_details", "reasoning_tokens")
    if prompt is not None and completion is not None:
        if total is not None and total > prompt + completion:
            completion = total - prompt
        elif reasoning is not None and reasoning > completion:
            completion += reasoning
    hits = (
        _count(reported, "prompt_tokens_details", "cached_tokens"),
        _count(reported, "prompt_cache_hit_tokens"),
        _count(reported, "cached_tokens"),
    )
    cached = max((number for number in hits if number is not None), default=None)
    if cached is not None and prompt is not None and cached > prompt:
        prompt += cached  # they are counted beside it
    return Usage(
        prompt_tokens=prompt,
        cached_tokens=cached if prompt is not None else None,
        completion_tokens=completion,
        reasoning_tokens=reasoning,
        requests=1,
    )


def _cost(usage: object) -> float | None:
    """Dollars, if the endpoint reports them: OpenRouter's `usage.cost`, and what the user's own
    account at the provider is charged in addition
    (https://openrouter.ai/docs/use-cases/usage-accounting)."""
    cost = _dollars(usage, "cost")
    if cost is None or (cost == 0 and _usage(usage).prompt_tokens is None):
        return None
    upstream = _dollars(usage, "cost_details", "upstream_inference_cost")
    return cost + (upstream or 0.0) if _get(usage, "is_byok") is True else cost


def _get(value: object, *path: str | int) -> object:
    """The value at a path of keys and indexes; None if there is none."""
    for key in path:
        if isinstance(value, dict) and isinstance(key, str):
            value = value.get(key)
        elif isinstance(value, list) and isinstance(key, int) and value:
            value = value[key]
        else:
            return None
    return value


def _count(value: object, *path: str) -> int | None:
    number = _get(value, *path)
    return number if type(number) is int and 0 <= number < 2**53 else None


def _dollars(value: object, *path: str) -> float | None:
    number = _get(value, *path)
    if isinstance(number, (int, float)) and not isinstance(number, bool) and 0 <= number < 1e6:
        return float(number)
    return None
