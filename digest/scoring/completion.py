"""What an endpoint sends back with HTTP 200, read as a chat completion. Pure.

Nothing is taken for granted, nothing in a body makes it raise, and the words are as they came:
`Endpoint` makes them safe to show.
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
class Answer:
    """A reply as it came: its text, and what it took."""

    text: str
    usage: Usage
    tier: str | None = None
    cache_writes: int = 0
    cost_usd: float | None = None  # what the endpoint itself reports
    setback: Setback | None = None  # why the text may not be whole
    refusal: Refusal | None = None  # an error that came with HTTP 200, in place of a reply


@dataclass(frozen=True, slots=True)
class Setback:
    """Why an ask brought no score for some of its papers."""

    reason: Reason
    words: str
    lasting: bool = False  # the same papers would fare the same
    final: bool = False  # no other request would fare better now
    remedy: str = ""  # what to do where nothing else comes; "" where nobody knows
    maybe_billed: bool = False  # although no answer was read


def read(body: bytes) -> Answer:
    """A chat completion of which nothing is taken for granted."""
    try:
        completion = _decoded(body)
    except (ValueError, RecursionError):
        words = f"the answer is not JSON: {body[:300].decode('utf-8', 'replace')}"
        no_api = Setback(Reason.INVALID, words, remedy=CHECK_ADDRESS)
        return Answer("", Usage(requests=1), setback=no_api)
    choice = _get(completion, "choices", 0)
    message = _get(choice, "message")
    finish = re.split(r"\W", str(_get(choice, "finish_reason") or "").lower())[0]
    blocked = _get(message, "refusal")
    texts = [_text(_get(message, "content")), _tool_arguments(message)]
    if finish not in _CUT:  # else it is a thought that was not finished
        texts += [_text(_get(message, name)) for name in ("reasoning_content", "reasoning")]
    # Where one holds JSON, the others are chatter.
    text = next((t for t in texts if "{" in t), "") or next((t for t in texts if t.strip()), "")
    setback: Setback | None = None
    if finish in _BLOCKED or (isinstance(blocked, str) and blocked and not text):
        setback = Setback(Reason.REFUSED, str(blocked or finish), lasting=True)
    elif finish in _CUT:
        setback = Setback(
            Reason.INVALID,
            "the reply was cut off at the limit for its length",
            lasting=True,
            remedy=f"lower llm.batch_size, or {ALLOW_MORE_OUTPUT}",
        )
    tier = _get(completion, "service_tier")
    return Answer(
        text=text,
        usage=_usage(_get(completion, "usage")),
        tier=tier if isinstance(tier, str) else None,
        cache_writes=_number(completion, "usage", "prompt_tokens_details", "cache_write_tokens")
        or 0,
        cost_usd=_cost(_get(completion, "usage")),
        setback=setback,
        refusal=None if text or setback else _refusal(completion, choice, body),
    )


def _decoded(body: bytes) -> Any:
    """The completion in a body, which some gateways wrap or stream. Raises `ValueError`."""
    try:
        completion = json.loads(body)
    except ValueError:
        if not re.search(rb"(?m)^data:", body):
            raise
        return _joined(body)
    return completion[0] if isinstance(completion, list) and len(completion) == 1 else completion


def _refusal(completion: object, choice: object, body: bytes) -> Refusal | None:
    """The error in place of a reply: of a gateway, or of the provider behind it."""
    if error := _get(choice, "error"):
        return read_refusal(200, json.dumps(error).encode())
    return read_refusal(200, body) if choice is None or _get(completion, "error") else None


def _joined(stream: bytes) -> dict[str, Any]:
    """The completion that a stream of server-sent events adds up to: some gateways stream whatever
    they are asked. Raises `ValueError` for what is no such stream."""
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
    """The answer of a model that takes the wanted form for a tool to call."""
    calls = _get(message, "tool_calls")
    called = [_get(call, "function") for call in calls] if isinstance(calls, list) else []
    called.append(_get(message, "function_call"))
    return _text([_get(function, "arguments") for function in called])


def _text(content: object) -> str:
    """A message's text, be it in parts, or JSON that was not put into a text."""
    if isinstance(content, dict) and "text" not in content:
        return json.dumps(content)
    parts = content if isinstance(content, list) else [content]
    said = [part for part in parts if _get(part, "type") not in ("reasoning", "thinking")]
    texts = (part if isinstance(part, str) else _get(part, "text") for part in said)
    return "".join(text for text in texts if isinstance(text, str))


def _usage(stated: object) -> Usage:
    """The tokens that an endpoint says it counted, as far as they can be.

    Tokens of reasoning are billed as completion. Where they stand beside `completion_tokens` (xAI,
    Gemini behind gateways), only the total, or their own number, shows it. Cache hits are under
    `prompt_tokens_details` (OpenAI), `prompt_cache_hit_tokens` (DeepSeek) or `cached_tokens`
    (Moonshot). Nobody answers for nothing: all zeros are no figures.
    """
    prompt, completion = _number(stated, "prompt_tokens"), _number(stated, "completion_tokens")
    total = _number(stated, "total_tokens")
    if not prompt and not completion:
        return Usage(requests=1)
    reasoning = _number(stated, "completion_tokens_details", "reasoning_tokens")
    if prompt is not None and completion is not None:
        if total is not None and total > prompt + completion:
            completion = total - prompt
        elif reasoning is not None and reasoning > completion:
            completion += reasoning
    hits = [
        _number(stated, "prompt_tokens_details", "cached_tokens"),
        _number(stated, "prompt_cache_hit_tokens"),
        _number(stated, "cached_tokens"),
    ]
    cached = max((number for number in hits if number is not None), default=None)
    if cached is not None and prompt is not None and cached > prompt:
        prompt += cached  # they stand beside it
    return Usage(
        prompt_tokens=prompt,
        cached_tokens=cached if prompt is not None else None,
        completion_tokens=completion,
        reasoning_tokens=reasoning,
        requests=1,
    )


def _cost(usage: object) -> float | None:
    """Dollars, where the endpoint reports them: OpenRouter's `usage.cost`, and what its user's own
    account at the provider is charged beside it
    (https://openrouter.ai/docs/use-cases/usage-accounting)."""
    cost = _amount(_get(usage, "cost"))
    upstream = _amount(_get(usage, "cost_details", "upstream_inference_cost"))
    if cost is None or (cost == 0 and _usage(usage).prompt_tokens is None):
        return None
    return cost + (upstream or 0.0) if _get(usage, "is_byok") is True else cost


def _get(value: object, *path: str | int) -> object:
    for key in path:
        if isinstance(value, dict) and isinstance(key, str):
            value = value.get(key)
        elif isinstance(value, list) and isinstance(key, int) and value:
            value = value[key]
        else:
            return None
    return value


def _number(value: object, *path: str | int) -> int | None:
    found = _get(value, *path)
    if not isinstance(found, int) or isinstance(found, bool):
        return None
    return found if 0 <= found < 2**53 else None


def _amount(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if 0 <= value < 1e6 else None
