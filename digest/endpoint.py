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

import httpx2
from openai import APIConnectionError, APIStatusError, APITimeoutError, AsyncOpenAI

from digest.completion import CHECK_ADDRESS, TRY_LATER, Answer, Setback, read, said
from digest.config import Llm
from digest.errors import ScoringError
from digest.gate import (
    LONGEST_RETRY_AFTER_S,
    NO_ROOM,
    SHUT,
    Client,
    is_empty_balance,
    minutes,
    retry_after,
)
from digest.models import Paper, Prompt, Reason
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
_ABOUT_LENGTH = re.compile(
    r"context.?(?:length|window)|too (?:long|large|many tokens)|maximum.{0,20}tokens"
)
_ABOUT_CONTENT = re.compile(
    r"content.?(?:filter|policy|management)|data_inspection|inappropriate|moderation|flagged"
    rf"|safety|{_ABOUT_LENGTH.pattern}"
)
_ABOUT_KEY = re.compile(
    r"api.?key.{0,30}(?:not valid|invalid|incorrect)|(?:incorrect|invalid).{0,10}api.?key"
)
_ABOUT_MODEL = re.compile(
    r"not a valid model|(?:unknown|invalid|no such).model"
    r"|model.{0,80}(?:not.?(?:found|exist|supported|available|valid)|does not exist|unknown"
    r"|deprecat|retired|decommission|no access|not have access)"
)
_TAKE_LONGER = "raise llm.timeout_s or lower llm.batch_size"
_LOOKS_LIKE_A_KEY = re.compile(
    r"\b(?:sk|key|gsk|xai|pk)-[\w*.-]{6,}|Bearer\s+[^\s'\"]+", re.IGNORECASE
)
_FEWEST_SECRET = 8  # characters: what local servers take as a key ("x", "ollama") is no secret
_TELLING = 12  # characters at a key's beginning by which a part of it is known
_LONGEST_WORDS = 200
_REASON_AT = 500  # characters in which an error says what it is; an echo of the papers may follow


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

    def less_than(self, before: Form) -> str:
        """What was in `before` and is not in this, for the log."""
        fields = {
            "service_tier": before.tier and not self.tier,
            "reasoning_effort": before.effort and not self.effort,
            "prompt_cache_key": before.cache_key and not self.cache_key,
        }
        words = []
        if dropped := [name for name, gone in fields.items() if gone]:
            words.append(f"without {' and '.join(dropped)}")
        if self.reply != before.reply:
            words.append(f"for JSON {'without a schema' if self.reply else 'by the prompt alone'}")
        return ", ".join(words)


class Endpoint:
    """Where the model is, and what has been learned of it."""

    def __init__(self, client: AsyncOpenAI, prompt: Prompt, llm: Llm) -> None:
        self._client = client
        self._prompt = prompt
        self._llm = llm
        self._form = Form(effort=llm.reasoning_effort is not None, tier="service_tier" in llm.extra)
        self._told = self._form  # the form by what the endpoint has said, without mere tries
        self._answered = False
        self._secret = client.api_key if len(client.api_key) >= _FEWEST_SECRET else ""
        pattern = _LOOKS_LIKE_A_KEY.pattern
        if self._secret:
            pattern += rf"|{re.escape(self._secret[:_TELLING])}[\w.*-]*"
        self._like_a_key = re.compile(pattern, re.IGNORECASE)

    @property
    def address(self) -> str:
        return str(self._client.base_url)

    def stop(self) -> None:
        """Start no further request; those under way go on."""
        if isinstance(self._client, Client):
            self._client.gate.close("the run was interrupted")

    def safe(self, words: str) -> str:
        """Words from outside for a log: one line, and nothing like a key in it."""
        hidden = self._like_a_key.sub("…", self._without_key(words))
        return one_line(hidden, _LONGEST_WORDS).rstrip(" .;:,")

    def _without_key(self, text: str) -> str:
        return text.replace(self._secret, "…") if self._secret else text

    async def ask(self, papers: Sequence[Paper]) -> Answer | Setback:
        """Send one request for `papers`, again in another form where that helps.

        No words in what it returns or raises hold the key, whatever the endpoint echoes. Raises
        `ScoringError` where the trouble is with the key, the balance or the model: no other request
        will fare better.
        """
        answer = await self._ask(papers)
        if isinstance(answer, Setback):
            return self._safe(answer)
        setback = self._safe(answer.setback) if answer.setback else None
        return replace(answer, text=self._without_key(answer.text), setback=setback)

    def _safe(self, setback: Setback) -> Setback:
        return replace(setback, words=self.safe(setback.words))

    async def _ask(self, papers: Sequence[Paper]) -> Answer | Setback:
        while True:
            form = self._form
            try:
                response = await self._client.chat.completions.with_raw_response.create(
                    **self._request(papers, form)
                )
            except APIStatusError as error:
                self._require_access(error)
                if self._learns(form, error):
                    continue
                return self._meaning(error)
            except APIConnectionError as error:  # timeouts are a kind of it
                return self._no_answer(error)
            answer = read(response.content)
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
        status, words = error.status_code, self._heard(error)
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
            less = form.less_than(sent)
            log.info("%s does not take the request as it is: asking again %s", self._host, less)
        return form is not None

    @property
    def _host(self) -> str:
        return self._client.base_url.host

    def _heard(self, error: APIStatusError) -> str:
        """What an error says, as the patterns read it: a model's name is not what it is about."""
        return _said(error).lower().replace(self._llm.model.lower(), "…")

    def _require_access(self, error: APIStatusError) -> None:
        """Raise `ScoringError` for a rejected key and an empty balance, however they are told."""
        status, heard = error.status_code, self._heard(error)[:_REASON_AT]
        if status == 401 or (status in (400, 403) and _ABOUT_KEY.search(heard)):
            raise ScoringError(
                f"{self._host} rejects the API key (HTTP {status}): put a valid one into"
                " OPENAI_API_KEY (in GitHub: a repository secret)"
            ) from None
        if status == 402 or (400 <= status < 500 and is_empty_balance(heard.encode())):
            raise ScoringError(
                f"the account at {self._host} has no credit left (HTTP {status}): top it up there;"
                " what is scored is kept for the next run"
            ) from None

    def _meaning(self, error: APIStatusError) -> Setback:
        """What an HTTP error means for the papers; `ScoringError` where it is not about them."""
        status, heard = error.status_code, self._heard(error)
        words = f"HTTP {status}: {_said(error)}"
        about_content = _ABOUT_CONTENT.search(heard) is not None
        if not self._answered and not about_content:
            self._require_model(error, heard)
        if status in (400, 403, 413, 422):
            if status == 413 or _ABOUT_LENGTH.search(heard):
                remedy = "lower llm.batch_size, or take a model that reads more"
            else:
                remedy = "" if about_content else "check llm.model, llm.base_url and llm.extra"
            return Setback(Reason.REFUSED, words, lasting=True, remedy=remedy)
        if status == 429:
            return self._rate_limited(error)
        if status == 408:
            return Setback(Reason.TIMEOUT, words, remedy=_TAKE_LONGER)
        remedy = CHECK_ADDRESS if status < 500 or "<html" in heard[:_REASON_AT] else TRY_LATER
        return Setback(Reason.SERVER_ERROR, words, remedy=remedy)

    def _require_model(self, error: APIStatusError, heard: str) -> None:
        """Raise `ScoringError` for a first answer that blames the settings."""
        status, words = error.status_code, self.safe(_said(error))
        unknown_model = status in (400, 403, 422) and _ABOUT_MODEL.search(heard)
        if status in (404, 410) or unknown_model:
            raise ScoringError(
                f"{self._host} does not offer the model {self._llm.model!r} with this key"
                f" (HTTP {status}: {words}): check llm.model and llm.base_url in config.yaml;"
                " models are retired, too"
            ) from None
        if status == 403:
            raise ScoringError(
                f"{self._host} forbids the request (HTTP 403: {words}): check what the key may"
                " do, and whether the provider serves the country that the run is in"
            ) from None
        param: object = error.param  # as the endpoint has it: of any type
        if status in (400, 422) and isinstance(param, str) and param in self._llm.extra:
            raise ScoringError(
                f"{self._host} refuses {param!r} (HTTP {status}: {words}): change or"
                " remove it under llm.extra in config.yaml"
            ) from None

    def _rate_limited(self, error: APIStatusError) -> Setback:
        if SHUT in error.response.headers:
            remedy = "try again later or lower llm.concurrency"
            return Setback(Reason.RATE_LIMITED, _said(error), final=True, remedy=remedy)
        wait_s = retry_after(error.response.headers) or 0.0
        if wait_s <= LONGEST_RETRY_AFTER_S:
            return Setback(Reason.RATE_LIMITED, f"HTTP 429: {_said(error)}", remedy=TRY_LATER)
        words = f"{self._host} asks for a longer pause than a run can make"
        remedy = f"try again in {minutes(wait_s)}" if wait_s < 10 * 86_400 else TRY_LATER
        return Setback(Reason.RATE_LIMITED, words, final=True, remedy=remedy)

    def _no_answer(self, error: APIConnectionError) -> Setback:
        cause = error.__cause__
        if isinstance(error, APITimeoutError) and not isinstance(cause, httpx2.ConnectTimeout):
            words = f"{self._host} did not answer within {self._llm.timeout_s:g} seconds"
            return Setback(Reason.TIMEOUT, words, remedy=_TAKE_LONGER)
        timeout = isinstance(error, APITimeoutError)
        reason = Reason.TIMEOUT if timeout else Reason.SERVER_ERROR
        words = f"no connection to {self._host} ({cause or error})"
        return Setback(reason, words, remedy=TRY_LATER if self._answered else CHECK_ADDRESS)


def _said(error: APIStatusError) -> str:
    """What an endpoint says of an error, as it came."""
    text = error.response.text[:10_000]
    try:
        return said(json.loads(text)) or text
    except (ValueError, RecursionError):
        return text  # not JSON
