"""What the fake endpoint can answer: the good reply, and everything that goes wrong.

A step is a `Response`, or a rule that makes one of a `Request`; None leaves it to the default
answer. `in_turn`, `first_of` and `whenever` put steps together:

    Fake(labels, respond=in_turn(server_error(), rate_limited("0.2")))
    Fake(labels, respond=first_of(refuses_formats("json_schema"), whenever("2601.3", filtered())))
"""

from __future__ import annotations

import hashlib
import json
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypedDict

from digest.core.scores import NO_TOPIC
from tests.scoring.tokens import decode, encode


class Label(TypedDict):
    relevance: int
    novelty: int
    topic: str
    comment: str


@dataclass(frozen=True, slots=True)
class Request:
    """What a rule can look at."""

    number: int  # from 0, counting every completion request
    headers: Mapping[str, str]  # names in lower case
    body: Mapping[str, Any]
    ids: tuple[str, ...]  # asked for, in order
    content: str  # what the default answer says
    prompt_tokens: int
    cached_tokens: int
    reasoning: int  # tokens

    @property
    def response_format(self) -> str | None:
        named: str | None = (self.body.get("response_format") or {}).get("type")
        return named


@dataclass(frozen=True, slots=True)
class Response:
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    tokens: int | None = None  # completion tokens: the answer takes as long as the physics say
    seconds: float = 0.0  # without tokens: until the answer; `math.inf` hangs
    cut: int | None = None  # bytes of the body after which the connection closes; -1: no head
    drip: float | None = None  # seconds between bytes without end, in place of the body
    held: threading.Event | None = None  # not before this is set


Rule = Callable[[Request], Response | None]
Step = Response | Rule | None


def take(step: Step, request: Request) -> Response | None:
    return step(request) if callable(step) else step


def in_turn(*steps: Step) -> Rule:
    """The first request gets the first step, and so on; those after the last the default."""
    left = iter(steps)
    return lambda request: take(next(left, None), request)


def first_of(*steps: Step) -> Rule:
    """The first step that makes a response."""
    return lambda request: next((r for s in steps if (r := take(s, request))), None)


def whenever(paper_id: str, step: Step) -> Rule:
    """The step for every batch with this paper."""
    return lambda request: take(step, request) if paper_id in request.ids else None


# --- the good reply ---------------------------------------------------------------------------


def answer(labels: Mapping[str, Label], ids: Sequence[str]) -> str:
    """The content of a good reply."""
    papers = [{"id": paper_id, **labels.get(paper_id, made_up(paper_id))} for paper_id in ids]
    return json.dumps({"papers": papers}, ensure_ascii=False, separators=(",", ":"))


def made_up(paper_id: str) -> Label:
    """A plausible verdict under the cut of 8 and 7, always the same for an id."""
    digest = hashlib.sha256(paper_id.encode()).digest()
    relevance, novelty = 2 + digest[0] % 7, 3 + digest[1] % 6  # 2 to 8, 3 to 8
    if relevance == 8:
        novelty = min(novelty, 6)
    return Label(relevance=relevance, novelty=novelty, topic=NO_TOPIC, comment="")


def completion(
    request: Request, content: str | None = None, *, finish: str = "stop", **other: Any
) -> Response:
    """A whole reply. `other`: `message`, with keys to replace, and a `usage` to state instead."""
    tokens = encode(request.content if content is None else content)
    limit = request.body.get("max_completion_tokens") or request.body.get("max_tokens") or math.inf
    if len(tokens) + request.reasoning > limit:
        tokens, finish = tokens[: max(0, int(limit) - request.reasoning)], "length"
    reasoning = int(min(request.reasoning, limit))
    total = reasoning + len(tokens)
    usage = {
        "prompt_tokens": request.prompt_tokens,
        "completion_tokens": total,
        "total_tokens": request.prompt_tokens + total,
        "prompt_tokens_details": {"cached_tokens": request.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    }
    message = {"role": "assistant", "content": decode(tokens), "refusal": None}
    message |= other.get("message", {})
    value = {
        "id": f"chatcmpl-{request.number}",
        "object": "chat.completion",
        "created": 1_769_749_200,
        "model": request.body.get("model"),
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": other.get("usage", usage),
    }
    return as_json(value, tokens=total)


def as_json(
    value: Any,
    status: int = 200,
    *,
    headers: Mapping[str, str] | None = None,
    tokens: int | None = None,
) -> Response:
    body = json.dumps(value, ensure_ascii=False).encode()
    return Response(status, body, {"Content-Type": "application/json", **(headers or {})}, tokens)


# --- errors -----------------------------------------------------------------------------------


def error(
    status: int,
    message: str,
    code: str | None = None,
    param: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An error in OpenAI's form."""
    kind = {401: "authentication_error", 429: "rate_limit_error"}.get(status)
    kind = kind or ("server_error" if status >= 500 else "invalid_request_error")
    value = {"error": {"message": message, "type": kind, "param": param, "code": code}}
    return as_json(value, status, headers=headers)


def rate_limited(retry_after: str | None = "1", exact: float | None = None) -> Response:
    """Wait so many whole seconds, or till a date; `exact` is OpenAI's own header, in seconds."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    if exact is not None:
        headers["Retry-After-Ms"] = str(round(exact * 1000))
    message = "Rate limit reached for requests."
    return error(429, message, "rate_limit_exceeded", headers=headers)


def out_of_quota() -> Response:
    message = "You exceeded your current quota, please check your plan and billing details."
    return error(429, message, "insufficient_quota")


def payment_required() -> Response:  # as DeepSeek and OpenRouter say it
    return error(402, "Insufficient Balance", "invalid_request_error")


def unauthorized() -> Response:
    return error(401, "Incorrect API key provided: sk-12***90.", "invalid_api_key")


def forbidden() -> Response:
    return error(403, "Country, region, or territory not supported", "unsupported_country")


def no_such_model(name: str = "gpt-9") -> Response:
    message = f"The model `{name}` does not exist or you do not have access to it."
    return error(404, message, "model_not_found", "model")


def server_error(status: int = 500) -> Response:
    return error(status, "The server had an error while processing your request.")


def filtered() -> Response:
    """What Azure says of a prompt that its filter refuses."""
    message = (
        "The response was filtered due to the prompt triggering the content management policy."
    )
    return error(400, message, "content_filter", "prompt")


def too_long() -> Response:
    message = "This model's maximum context length is 8192 tokens. However, you requested more."
    return error(400, message, "context_length_exceeded", "messages")


def refuses_formats(*formats: str) -> Rule:
    """400 for requests of these formats: `json_schema`, `json_object`."""

    def rule(request: Request) -> Response | None:
        if (named := request.response_format) not in formats:
            return None
        message = f"Invalid parameter: 'response_format' of type '{named}' is not supported."
        return error(400, message, None, "response_format")

    return rule


def refuses_parameter(name: str) -> Rule:
    """400 for requests that carry it: `temperature`, `prompt_cache_key`, `reasoning_effort` …"""
    message = f"Unsupported parameter: '{name}' is not supported with this model."
    refused = error(400, message, "unsupported_parameter", name)
    return lambda request: refused if name in request.body else None


# --- replies that are not what was asked for --------------------------------------------------


def prose(request: Request) -> Response:
    """The JSON inside of prose and a fence, whatever `response_format` asked for."""
    message = (
        f"Here are the scores:\n\n```json\n{request.content}\n```\n\nLet me know if I can help!"
    )
    return completion(request, message)


def truncated(request: Request) -> Response:
    """Cut off in the middle, as by a limit on tokens."""
    return completion(request, request.content[: len(request.content) // 2], finish="length")


def null_content(request: Request) -> Response:
    return completion(request, message={"content": None})


def refusal(request: Request) -> Response:
    message = {"content": None, "refusal": "I'm sorry, I can't help with that."}
    return completion(request, message=message)


def saying(content: str) -> Rule:
    """This text as the model's reply."""
    return lambda request: completion(request, content)


def usage(stated: Any) -> Rule:
    """The good reply with this in place of its usage."""
    return lambda request: completion(request, usage=stated)


def no_choices() -> Response:
    """200 without choices, as OpenRouter reports a provider's failure."""
    return as_json({"error": {"message": "Provider returned error", "code": 502}})


def not_json() -> Response:
    return Response(200, b'{"id": "chatcmpl-0", "choi', {"Content-Type": "application/json"})


def html(status: int = 200) -> Response:
    page = b"<!doctype html><title>Just a moment...</title><h1>Checking your browser</h1>"
    return Response(status, page, {"Content-Type": "text/html"})


def redirect(location: str, status: int = 307) -> Response:
    return Response(status, headers={"Location": location})


# --- the connection ---------------------------------------------------------------------------


def closed() -> Response:
    """The connection closes without an answer."""
    return Response(cut=-1)


def closed_midway(request: Request) -> Response:
    whole = completion(request)
    return replace(whole, cut=len(whole.body) // 2)


def dripping(seconds: float = 0.2) -> Response:
    """A blank each so many seconds, for ever."""
    return Response(headers={"Content-Type": "application/json"}, drip=seconds)


def hanging() -> Response:
    return Response(seconds=math.inf)


def late(seconds: float) -> Rule:
    """The good reply after so long, whatever the physics."""
    return lambda request: replace(completion(request), tokens=None, seconds=seconds)


def held(event: threading.Event) -> Rule:
    """The good reply once `event` is set; what is asked after that hangs."""

    def rule(request: Request) -> Response:
        if event.is_set():
            return hanging()
        return replace(completion(request), tokens=None, held=event)

    return rule
