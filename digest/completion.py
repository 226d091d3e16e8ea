"""What an endpoint sends back: a chat completion, or an error's words. Pure.

Nothing is taken for granted, nothing in a body makes it raise, and the words are as they came:
`Endpoint` makes them safe to log.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from digest.models import Reason, Usage

CHECK_ADDRESS = "check llm.base_url"
TRY_LATER = "try again later"


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply as it came: its text, and what it took."""

    text: str
    usage: Usage
    tier: str | None = None
    cache_writes: int = 0
    setback: Setback | None = None  # why the text may not be whole


@dataclass(frozen=True, slots=True)
class Setback:
    """Why an ask brought no score for some of its papers."""

    reason: Reason
    words: str
    lasting: bool = False  # the same papers would fare the same
    final: bool = False  # no other request would fare better now
    remedy: str = ""  # what to do where nothing else comes; "" where nobody knows


def read(body: bytes) -> Answer:
    """A chat completion of which nothing is taken for granted."""
    try:
        completion = json.loads(body)
    except (ValueError, RecursionError):
        words = f"the answer is not JSON: {body[:300].decode('utf-8', 'replace')}"
        no_api = Setback(Reason.INVALID, words, remedy=CHECK_ADDRESS)
        return Answer("", Usage(requests=1), setback=no_api)
    choice, failure = _get(completion, "choices", 0), _get(completion, "error")
    text, refusal = _text(_get(choice, "message", "content")), _get(choice, "message", "refusal")
    finish = _get(choice, "finish_reason")
    setback: Setback | None = None
    if finish == "content_filter" or (isinstance(refusal, str) and refusal and not text):
        setback = Setback(Reason.REFUSED, str(refusal or finish), lasting=True)
    elif finish == "length":
        setback = Setback(
            Reason.INVALID,
            "the reply was cut off for its length",
            lasting=True,
            remedy="lower llm.batch_size",
        )
    elif failure and not choice:  # how a gateway tells of its provider's failure
        setback = Setback(Reason.SERVER_ERROR, said(failure) or "an error", remedy=TRY_LATER)
    tier = _get(completion, "service_tier")
    return Answer(
        text=text,
        usage=_usage(_get(completion, "usage")),
        tier=tier if isinstance(tier, str) else None,
        cache_writes=_number(completion, "usage", "prompt_tokens_details", "cache_write_tokens")
        or 0,
        setback=setback,
    )


def said(error: object) -> str:
    """The words in an error, in any of the forms that endpoints give it; "" where it has none."""
    for _ in range(4):
        if isinstance(error, list) and error:  # Google wraps it
            error = error[0]
        elif isinstance(error, dict) and (inner := error.get("error")):
            error = inner
    if isinstance(error, str):
        return error
    words = [_get(error, key) for key in ("code", "type", "param", "message")]
    return ", ".join(dict.fromkeys(word for word in words if isinstance(word, str) and word))


def _text(content: object) -> str:
    """A message's text, be it in parts."""
    parts = content if isinstance(content, list) else [content]
    texts = (part if isinstance(part, str) else _get(part, "text") for part in parts)
    return "".join(text for text in texts if isinstance(text, str))


def _usage(said: object) -> Usage:
    """The tokens that an endpoint says it counted, as far as they can be."""
    prompt, completion = _number(said, "prompt_tokens"), _number(said, "completion_tokens")
    cached = _number(said, "prompt_tokens_details", "cached_tokens")
    reasoning = _number(said, "completion_tokens_details", "reasoning_tokens")
    return Usage(
        prompt_tokens=prompt,
        cached_tokens=min(cached, prompt) if cached is not None and prompt is not None else None,
        completion_tokens=completion,
        reasoning_tokens=reasoning,
        requests=1,
    )


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
