"""One request to an OpenAI-compatible endpoint: its form, its answer, what its errors mean.

Endpoints differ in what they take. The form of a request starts with all that helps and loses what
the endpoint refuses, once for the whole run: a JSON schema, then any JSON, then the prompt alone.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from openai import APIConnectionError, APIStatusError, APITimeoutError, AsyncOpenAI

from digest.config import Llm
from digest.errors import ScoringError
from digest.gate import LONGEST_WAIT_S, is_empty_balance, retry_after
from digest.models import Paper, Prompt, Reason, Usage
from digest.prompt import messages
from digest.text import one_line

log = logging.getLogger("digest")

# Every property required, nothing else allowed, no bounds on numbers: what all providers take.
_ENTRY = {
    "id": {"type": "string"},
    "relevance": {"type": "integer"},
    "novelty": {"type": "integer"},
    "topic": {"type": "string"},
    "comment": {"type": "string"},
}
_SCHEMA = {
    "type": "object",
    "properties": {
        "papers": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": _ENTRY,
                "required": list(_ENTRY),
                "additionalProperties": False,
            },
        }
    },
    "required": ["papers"],
    "additionalProperties": False,
}
_FORMATS = {
    "json_schema": {
        "type": "json_schema",
        "json_schema": {"name": "scores", "strict": True, "schema": _SCHEMA},
    },
    "json_object": {"type": "json_object"},
}

_ABOUT_FORMAT = re.compile(r"response_?format|json_?(?:schema|object|mode)|structured.outputs?")
_ABOUT_CONTENT = re.compile(
    r"content.?(?:filter|policy|management)|data_inspection|inappropriate|moderation|flagged"
    r"|safety|context.?(?:length|window)|too (?:long|large|many tokens)|maximum.{0,20}tokens"
)
_ABOUT_MODEL = re.compile(
    r"model.{0,80}(?:not.?(?:found|exist|supported|available|valid)|does not exist|unknown"
    r"|deprecat|retired|decommission|no access|not have access)|(?:unknown|invalid|no such).model"
)
_LOOKS_LIKE_A_KEY = re.compile(r"\b(?:sk|key|gsk|xai|pk)-[\w*.-]{6,}|Bearer\s+\S+", re.IGNORECASE)


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


@dataclass(frozen=True, slots=True)
class Form:
    """What a request asks for beyond the messages."""

    reply: str | None = "json_schema"  # then "json_object", then None: by the prompt alone
    effort: bool = True
    cache_key: bool = True
    tier: bool = True

    def without(self, error: str) -> Form | None:
        """The next best form after a refusal in these words; None where they blame none of it."""
        if self.cache_key and "prompt_cache_key" in error:
            return replace(self, cache_key=False)
        if self.effort and "reasoning" in error:
            return replace(self, effort=False)
        return self.plainer() if _ABOUT_FORMAT.search(error) else None

    def plainer(self) -> Form | None:
        """With less asked of the form of the reply; None where nothing is."""
        if self.reply is None:
            return None
        return replace(self, reply="json_object" if self.reply == "json_schema" else None)


class Endpoint:
    """Where the model is, and what has been learned of it."""

    def __init__(self, client: AsyncOpenAI, prompt: Prompt, llm: Llm) -> None:
        self._client = client
        self._prompt = prompt
        self._llm = llm
        self._form = Form(effort=llm.reasoning_effort is not None)
        self._answered = False

    @property
    def address(self) -> str:
        return str(self._client.base_url)

    async def ask(self, papers: Sequence[Paper]) -> Answer | Setback:
        """Send one request for `papers`, again in another form where that helps.

        Raises `ScoringError` where the trouble is with the key, the balance or the model: no other
        request will fare better.
        """
        while True:
            form = self._form
            try:
                response = await self._client.chat.completions.with_raw_response.create(
                    **self._request(papers, form)
                )
            except APIStatusError as error:
                if self._learns(form, error):
                    continue
                return self._meaning(error)
            except APIConnectionError as error:  # timeouts are a kind of it
                timeout = isinstance(error, APITimeoutError)
                reason = Reason.TIMEOUT if timeout else Reason.SERVER_ERROR
                return Setback(reason, one_line(f"{error} {error.__cause__ or ''}", 200))
            answer = _read(response.content)
            self._answered = self._answered or bool(answer.text)
            return answer

    def _request(self, papers: Sequence[Paper], form: Form) -> dict[str, Any]:
        extra = {k: v for k, v in self._llm.extra.items() if form.tier or k != "service_tier"}
        request: dict[str, Any] = {
            "model": self._llm.model,
            "messages": messages(self._prompt, papers),
            "extra_body": extra,
        }
        if form.reply:
            request["response_format"] = _FORMATS[form.reply]
        if form.effort:
            request["reasoning_effort"] = self._llm.reasoning_effort
        if form.cache_key:
            request["prompt_cache_key"] = f"digest-{self._prompt.sha256[:16]}"
        return request

    def _learns(self, sent: Form, error: APIStatusError) -> bool:
        """Whether the request is worth sending again, in another form."""
        if self._form != sent:
            return error.status_code in (400, 422, 429)  # another request has learned meanwhile
        words = _words(error).lower()
        form = None
        if error.status_code == 429 and "resource_unavailable" in words and sent.tier:
            form = replace(sent, tier=False)  # no room at the cheap tier: take the ordinary one
        elif error.status_code in (400, 422) and not _ABOUT_CONTENT.search(words):
            form = sent.without(words)
            if form is None and not self._answered and not _ABOUT_MODEL.search(words):
                form = sent.plainer()  # some endpoints do not say what they do not take
        if form is None or form == sent:
            return False
        log.info("%s does not take all that helps: asking for %s", self._host, form)
        self._form = form
        return True

    @property
    def _host(self) -> str:
        return self._client.base_url.host

    def _meaning(self, error: APIStatusError) -> Setback:
        """What an HTTP error means for the papers; `ScoringError` where it is not about them."""
        status, words = error.status_code, _words(error)
        about_content = _ABOUT_CONTENT.search(words.lower()) is not None
        if status == 401:
            raise ScoringError(
                f"{self._host} rejects the API key (HTTP 401): put a valid one into OPENAI_API_KEY"
                " (in GitHub: a repository secret)"
            )
        if status == 402 or (status in (403, 429) and is_empty_balance(words.encode())):
            raise ScoringError(
                f"the account at {self._host} has no credit left (HTTP {status}): top it up there;"
                " what is scored is kept for the next run"
            )
        unknown_model = status in (404, 410) or (
            status in (400, 403, 422) and _ABOUT_MODEL.search(words.lower()) is not None
        )
        if not self._answered and not about_content and (unknown_model or status == 403):
            raise ScoringError(
                f"{self._host} does not offer the model {self._llm.model!r} with this key"
                f" (HTTP {status}: {words}): check llm.model and llm.base_url in config.yaml;"
                " models are retired, too"
            )
        if status in (400, 403, 413, 422):
            return Setback(Reason.REFUSED, f"HTTP {status}: {words}", lasting=True)
        if status == 429:
            wait_s = retry_after(error.response.headers) or 0.0
            return Setback(Reason.RATE_LIMITED, words, final=wait_s > LONGEST_WAIT_S)
        reason = Reason.TIMEOUT if status == 408 else Reason.SERVER_ERROR
        return Setback(reason, f"HTTP {status}: {words}")


def _words(error: APIStatusError) -> str:
    """What an endpoint says of an error, in one line and without anything like a key."""
    text = error.response.text
    try:
        body = json.loads(text)
        inner = body.get("error", body)
        said = (
            [inner]
            if isinstance(inner, str)
            else [inner.get(k) for k in ("code", "type", "param", "message")]
        )
        text = ", ".join(dict.fromkeys(str(word) for word in said if word)) or text
    except (ValueError, AttributeError, RecursionError):
        pass  # not JSON, or not an object: the text as it is
    return _LOOKS_LIKE_A_KEY.sub("…", one_line(text, 200))


# --- the answer ------------------------------------------------------------------------------


def _read(body: bytes) -> Answer:
    """A chat completion of which nothing is taken for granted."""
    try:
        completion = json.loads(body)
    except (ValueError, RecursionError):
        words = one_line(body[:300].decode("utf-8", "replace"), 100)
        return Answer("", Usage(requests=1), setback=Setback(Reason.INVALID, f"not JSON: {words}"))
    choice = _get(completion, "choices", 0)
    content, refusal = _get(choice, "message", "content"), _get(choice, "message", "refusal")
    finish = _get(choice, "finish_reason")
    setback = None
    if finish == "content_filter" or (isinstance(refusal, str) and refusal and not content):
        setback = Setback(Reason.REFUSED, one_line(str(refusal or finish), 200), lasting=True)
    elif finish == "length":
        setback = Setback(Reason.INVALID, "the reply was cut off for its length", lasting=True)
    tier = _get(completion, "service_tier")
    return Answer(
        text=content if isinstance(content, str) else "",
        usage=_usage(_get(completion, "usage")),
        tier=tier if isinstance(tier, str) else None,
        cache_writes=_number(completion, "usage", "prompt_tokens_details", "cache_write_tokens")
        or 0,
        setback=setback,
    )


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
