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
from digest.gate import LONGEST_WAIT_S, NO_ROOM, is_empty_balance, retry_after
from digest.models import Paper, Prompt, Reason, Usage
from digest.prompt import messages
from digest.text import one_line

log = logging.getLogger("digest")

# Every property required, nothing else allowed, no bounds on numbers: what all providers take.
_STRING, _INTEGER = {"type": "string"}, {"type": "integer"}
_ENTRY = {"id": _STRING, "relevance": _INTEGER, "novelty": _INTEGER}
_ENTRY |= {"topic": _STRING, "comment": _STRING}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_SCHEMA = _object({"papers": {"type": "array", "items": _object(_ENTRY)}})
_FORMATS = {
    "json_schema": {
        "type": "json_schema",
        "json_schema": {"name": "scores", "strict": True, "schema": _SCHEMA},
    },
    "json_object": {"type": "json_object"},
}
_PLAINER = {"json_schema": "json_object", "json_object": None}

_ABOUT_FORMAT = re.compile(r"response_?format|json_?(?:schema|object|mode)|structured.outputs?")
_ABOUT_EFFORT = re.compile(r"reasoning|\bthink")
_ABOUT_CONTENT = re.compile(
    r"content.?(?:filter|policy|management)|data_inspection|inappropriate|moderation|flagged"
    r"|safety|context.?(?:length|window)|too (?:long|large|many tokens)|maximum.{0,20}tokens"
)
_ABOUT_MODEL = re.compile(
    r"model.{0,80}(?:not.?(?:found|exist|supported|available|valid)|does not exist|unknown"
    r"|deprecat|retired|decommission|no access|not have access)|(?:unknown|invalid|no such).model"
)
_LOOKS_LIKE_A_KEY = re.compile(
    r"\b(?:sk|key|gsk|xai|pk)-[\w*.-]{6,}|Bearer\s+[^\s'\"]+", re.IGNORECASE
)
_LONGEST_WORDS = 200


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
        if self.effort and _ABOUT_EFFORT.search(error):
            return replace(self, effort=False)
        if self.reply and _ABOUT_FORMAT.search(error):
            return replace(self, reply=_PLAINER[self.reply])
        return None

    def plainer(self) -> Form | None:
        """The next to try after a refusal that says nothing; None where nothing is left to omit."""
        if self.cache_key or self.effort:
            return replace(self, cache_key=False, effort=False)
        return replace(self, reply=_PLAINER[self.reply]) if self.reply else None


class Endpoint:
    """Where the model is, and what has been learned of it."""

    def __init__(self, client: AsyncOpenAI, prompt: Prompt, llm: Llm) -> None:
        self._client = client
        self._prompt = prompt
        self._llm = llm
        self._form = Form(effort=llm.reasoning_effort is not None, tier="service_tier" in llm.extra)
        self._told = self._form  # the form by what the endpoint has said, without mere tries
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
                return Setback(reason, self._safe(f"{error} {error.__cause__ or ''}"))
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
        status, words = error.status_code, _said(error).lower()
        no_room = status == 429 and NO_ROOM in words
        if not no_room and (status not in (400, 422) or _ABOUT_CONTENT.search(words)):
            return False
        if self._form != sent:
            return True  # another request has learned meanwhile
        if no_room:  # at the cheap tier: take the ordinary one
            form = replace(sent, tier=False) if sent.tier else None
        else:
            form = sent.without(words)
        if form is not None:
            self._form = self._told = form
        elif no_room or self._answered or _ABOUT_MODEL.search(words):
            return False
        else:  # some endpoints do not say what they do not take
            form = sent.plainer()
            self._form = form or self._told  # where nothing helps, it was not the form
        if form is not None:
            log.info("%s does not take all that helps: asking for %s", self._host, form)
        return form is not None

    @property
    def _host(self) -> str:
        return self._client.base_url.host

    def _meaning(self, error: APIStatusError) -> Setback:
        """What an HTTP error means for the papers; `ScoringError` where it is not about them."""
        status, said = error.status_code, _said(error).lower()
        words = self._safe(_said(error))
        about_content = _ABOUT_CONTENT.search(said) is not None
        if status == 401:
            raise ScoringError(
                f"{self._host} rejects the API key (HTTP 401): put a valid one into OPENAI_API_KEY"
                " (in GitHub: a repository secret)"
            )
        if status == 402 or (status in (403, 429) and is_empty_balance(said.encode())):
            raise ScoringError(
                f"the account at {self._host} has no credit left (HTTP {status}): top it up there;"
                " what is scored is kept for the next run"
            )
        unknown_model = status in (404, 410) or (
            status in (400, 403, 422) and _ABOUT_MODEL.search(said) is not None
        )
        if not self._answered and not about_content:
            if unknown_model:
                raise ScoringError(
                    f"{self._host} does not offer the model {self._llm.model!r} with this key"
                    f" (HTTP {status}: {words}): check llm.model and llm.base_url in config.yaml;"
                    " models are retired, too"
                )
            if status == 403:
                raise ScoringError(
                    f"{self._host} forbids the request (HTTP 403: {words}): check what the key may"
                    " do, and whether the provider serves the country that the run is in"
                )
            if status in (400, 422) and error.param in self._llm.extra:
                raise ScoringError(
                    f"{self._host} refuses {error.param!r} (HTTP {status}: {words}): change or"
                    " remove it under llm.extra in config.yaml"
                )
        if status in (400, 403, 413, 422):
            return Setback(Reason.REFUSED, f"HTTP {status}: {words}", lasting=True)
        if status == 429:
            wait_s = retry_after(error.response.headers) or 0.0
            return Setback(Reason.RATE_LIMITED, words, final=wait_s > LONGEST_WAIT_S)
        reason = Reason.TIMEOUT if status == 408 else Reason.SERVER_ERROR
        return Setback(reason, f"HTTP {status}: {words}")

    def _safe(self, words: str) -> str:
        """Words from outside for a log: one line, and nothing like a key in it."""
        hidden = words.replace(self._client.api_key or "…", "…")
        return one_line(_LOOKS_LIKE_A_KEY.sub("…", hidden), _LONGEST_WORDS)


def _said(error: APIStatusError) -> str:
    """What an endpoint says of an error, as it came."""
    text = error.response.text[:10_000]
    try:
        body = json.loads(text)
        inner = body.get("error", body)
        said = (
            [inner]
            if isinstance(inner, str)
            else [inner.get(k) for k in ("code", "type", "param", "message")]
        )
        return ", ".join(dict.fromkeys(str(word) for word in said if word)) or text
    except (ValueError, AttributeError, RecursionError):
        return text  # not JSON, or not an object


# --- the answer ------------------------------------------------------------------------------


def _read(body: bytes) -> Answer:
    """A chat completion of which nothing is taken for granted."""
    try:
        completion = json.loads(body)
    except (ValueError, RecursionError):
        words = one_line(body[:300].decode("utf-8", "replace"), 100)
        return Answer("", Usage(requests=1), setback=Setback(Reason.INVALID, f"not JSON: {words}"))
    choice, failure = _get(completion, "choices", 0), _get(completion, "error")
    text, refusal = _text(_get(choice, "message", "content")), _get(choice, "message", "refusal")
    finish = _get(choice, "finish_reason")
    setback = None
    if finish == "content_filter" or (isinstance(refusal, str) and refusal and not text):
        setback = Setback(
            Reason.REFUSED, one_line(str(refusal or finish), _LONGEST_WORDS), lasting=True
        )
    elif finish == "length":
        setback = Setback(Reason.INVALID, "the reply was cut off for its length", lasting=True)
    elif failure and not choice:  # how a gateway tells of its provider's failure
        setback = Setback(Reason.SERVER_ERROR, one_line(str(failure), _LONGEST_WORDS))
    tier = _get(completion, "service_tier")
    return Answer(
        text=text,
        usage=_usage(_get(completion, "usage")),
        tier=tier if isinstance(tier, str) else None,
        cache_writes=_number(completion, "usage", "prompt_tokens_details", "cache_write_tokens")
        or 0,
        setback=setback,
    )


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
