"""One request to an OpenAI-compatible endpoint: its form, its answer, what its errors mean.

Endpoints differ in what they take. The form of a request starts with all that helps and loses what
the endpoint refuses, once for the whole run: a JSON schema, then any JSON, then the prompt alone.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import httpx2
from openai import APIConnectionError, APIStatusError, APITimeoutError, AsyncOpenAI

from digest.core.config import Llm
from digest.core.errors import ScoringError
from digest.core.papers import Paper
from digest.core.scores import Prompt, Reason
from digest.core.secrets import Secrets
from digest.core.text import one_line
from digest.scoring.completion import (
    ALLOW_MORE_OUTPUT,
    CHECK_ADDRESS,
    TRY_LATER,
    Answer,
    Setback,
    read,
)
from digest.scoring.gate import (
    LONGEST_RETRY_AFTER_S,
    MAX_REPLY_BYTES,
    SHUT,
    Client,
    ReplyTooLarge,
    minutes,
    retry_after,
)
from digest.scoring.prompt import messages
from digest.scoring.refusal import FINAL, Cause, Refusal, read_refusal

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

_ABOUT_EFFORT = re.compile(r"reasoning|\bthink")
_TAKE_LONGER = "lower llm.concurrency or llm.batch_size, or raise llm.timeout_s"
_LOOKS_LIKE_A_KEY = re.compile(
    r"\b(?:sk|key|gsk|xai|pk)-[\w*.-]{6,}|Bearer\s+[^\s'\"]+", re.IGNORECASE
)
_LONGEST_WORDS = 200
_SAMPLINGS = 3  # of one request whose JSON the server finds wrong


@dataclass(frozen=True, slots=True)
class Form:
    """What a request asks for beyond the messages."""

    reply: str | None = "json_schema"  # then "json_object", then None: by the prompt alone
    effort: bool = True
    cache_key: bool = True
    tier: bool = True

    def without(self, refusal: Refusal, model: str) -> Form | None:
        """The next best form after a refusal; None where it blames none of this."""
        heard = refusal.heard(model)
        if self.cache_key and "prompt_cache_key" in heard:
            return replace(self, cache_key=False)
        if self.effort and _ABOUT_EFFORT.search(heard):
            return replace(self, effort=False)
        return self.without_format() if refusal.blames_format else None

    def without_format(self) -> Form | None:
        """With JSON asked for in the next simpler way; None where it is by the prompt alone."""
        return replace(self, reply=_PLAINER[self.reply]) if self.reply else None

    def plainer(self) -> Form | None:
        """The next to try after a refusal that says nothing; None where nothing is left to omit."""
        if self.cache_key or self.effort:
            return replace(self, cache_key=False, effort=False)
        return self.without_format()

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
        self._guessed = False  # every simpler form was tried, before any answer, and none helped
        self._secrets = Secrets([client.api_key])

    @property
    def address(self) -> str:
        return str(self._client.base_url)

    def stop(self) -> None:
        """Start no further request; those under way go on."""
        if isinstance(self._client, Client):
            self._client.gate.close("the run was interrupted")

    def safe(self, words: str) -> str:
        """Words from outside for a log: one line, and nothing like a key in it."""
        line = self.scrub(_LOOKS_LIKE_A_KEY.sub("…", self.scrub(one_line(words))))
        return one_line(line, _LONGEST_WORDS).rstrip(" .;:,")

    def scrub(self, text: str) -> str:
        """Text from outside without the key, however the endpoint has written it."""
        return self._secrets.scrub(text)

    async def ask(self, papers: Sequence[Paper]) -> Answer | Setback:
        """Send one request for `papers`, again in another form where that helps.

        The words in what it returns as a setback or raises do not hold the key, whatever the
        endpoint echoes; a reply's text is as it came. Raises `ScoringError` where the trouble is
        with the key, the account or the model: no other request will fare better.
        """
        answer = await self._ask(papers)
        setback = answer if isinstance(answer, Setback) else answer.setback
        if setback is None:
            return answer
        if setback.lasting and setback.reason is Reason.INVALID and len(papers) == 1:
            setback = replace(setback, remedy=ALLOW_MORE_OUTPUT)
        setback = replace(setback, words=self.safe(setback.words))
        return setback if isinstance(answer, Setback) else replace(answer, setback=setback)

    async def _ask(self, papers: Sequence[Paper]) -> Answer | Setback:
        unlucky = 0
        while True:
            form = self._form
            try:
                response = await self._client.chat.completions.with_raw_response.create(
                    **self._request(papers, form)
                )
            except APIStatusError as error:
                refusal = read_refusal(error.status_code, error.response.content)
                self._require_account(refusal)
                if refusal.cause(self._llm.model) is Cause.SAMPLING:
                    unlucky += 1  # the same request may well succeed
                    if unlucky < _SAMPLINGS:
                        continue
                if self._learns(form, refusal):
                    continue
                return self._meaning(refusal, error)
            except APIConnectionError as error:  # timeouts are a kind of it
                return self._no_answer(error)
            answer = read(response.content)
            if answer.refusal is not None:
                self._require_account(answer.refusal)
                return replace(answer, setback=self._meaning(answer.refusal))
            self._answered = self._answered or bool(answer.text)
            return answer

    def _request(self, papers: Sequence[Paper], form: Form) -> dict[str, Any]:
        extra = {k: v for k, v in self._llm.extra.items() if form.tier or k != "service_tier"}
        request: dict[str, Any] = {
            "model": self._llm.model,
            "messages": messages(self._prompt, papers),
            "stream": False,  # some gateways stream unless they are told not to
            "extra_body": extra,
        }
        if form.reply:
            request["response_format"] = _FORMATS[form.reply]
        if form.effort:
            request["reasoning_effort"] = self._llm.reasoning_effort
        if form.cache_key:
            request["prompt_cache_key"] = f"digest-{self._prompt.sha256[:16]}"
        return request

    def _learns(self, sent: Form, refusal: Refusal) -> bool:
        """Whether the request is worth sending again, in another form."""
        cause = refusal.cause(self._llm.model)
        no_room = cause is Cause.NO_ROOM and "service_tier" in self._llm.extra
        if not no_room and not self._may_be_the_form(refusal, cause):
            return False
        if self._form != sent:
            return True  # another request has learned meanwhile
        if no_room:  # at the cheap tier: take the ordinary one
            form = replace(sent, tier=False) if sent.tier else None
        elif cause is Cause.SAMPLING:
            form = sent.without_format()
        else:
            form = sent.without(refusal, self._llm.model)
        if form is not None:
            self._form = self._told = form
        elif no_room or self._answered or self._guessed or cause in (Cause.MODEL, Cause.SAMPLING):
            return False
        else:  # some endpoints do not say what they do not take
            form = sent.without_format() if refusal.status == 500 else sent.plainer()
            self._form = form or self._told  # where nothing helps, it was not the form
            self._guessed = form is None
        if form is not None:
            less = form.less_than(sent)
            log.info("%s does not take the request as it is: asking again %s", self._host, less)
        return form is not None

    def _may_be_the_form(self, refusal: Refusal, cause: Cause) -> bool:
        """Whether a request in another form might be accepted."""
        if cause is Cause.SAMPLING:
            return not self._answered
        if refusal.status in (400, 404, 422):
            return cause is Cause.REQUEST or (cause is Cause.MODEL and refusal.status != 404)
        # Some local servers fail inside where they should refuse a schema.
        fails = refusal.status >= 500 and (refusal.blames_format or refusal.status == 500)
        return fails and not self._answered and cause not in (Cause.ADDRESS, Cause.MODEL)

    @property
    def _host(self) -> str:
        return self._client.base_url.host

    def _require_account(self, refusal: Refusal) -> None:
        """Raise `ScoringError` for what is wrong with the key or the account, whatever was answered
        before."""
        cause = refusal.cause(self._llm.model)
        if cause not in FINAL:
            return
        about = {
            Cause.KEY: f"{self._host} rejects the API key",
            Cause.BALANCE: f"the account at {self._host} has no credit left",
            Cause.QUOTA: f"the quota that {self._host} gives for a day, or longer, is used up",
            Cause.COUNTRY: f"{self._host} does not serve the country that this run is in",
        }[cause]
        remedy = {
            Cause.KEY: "put a valid one into OPENAI_API_KEY (in GitHub: a repository secret)"
            if "organization" not in refusal.words.lower()
            else "unset OPENAI_ORG_ID and OPENAI_PROJECT_ID, or put in a key of that organization",
            Cause.BALANCE: "top it up there; what is scored is kept for the next run",
            Cause.QUOTA: "wait until it is renewed, or pay for more; what is scored is kept for the"
            " next run",
            Cause.COUNTRY: "choose another provider (llm.base_url), or run it elsewhere",
        }[cause]
        raise ScoringError(f"{about} ({self._quoted(refusal)}): {remedy}") from None

    def _quoted(self, refusal: Refusal) -> str:
        return f"HTTP {refusal.status}: {self.safe(refusal.words)}"

    def _meaning(self, refusal: Refusal, error: APIStatusError | None = None) -> Setback:
        """What a refusal means for the papers; `ScoringError` where it is not about them. `error`
        has the headers, and the parameter that is blamed."""
        status, cause = refusal.status, refusal.cause(self._llm.model)
        if not self._answered:
            self._require_model(refusal, cause, error)
        words = f"HTTP {status}: {refusal.words}"
        if cause is Cause.CONTENT:
            return Setback(Reason.REFUSED, words, lasting=True)
        if cause is Cause.LENGTH:
            remedy = "lower llm.batch_size, or take a model that reads more"
            return Setback(Reason.TOO_LONG, words, lasting=True, remedy=remedy)
        if cause is Cause.SAMPLING:
            return Setback(Reason.INVALID, words, remedy="try again later, or another llm.model")
        if cause is Cause.RATE and error is not None and status == 429:
            return self._rate_limited(refusal, error)
        if cause is Cause.TIMEOUT:
            return Setback(Reason.TIMEOUT, words, remedy=_TAKE_LONGER)
        if status in (400, 403, 422):
            remedy = "check llm.model, llm.base_url and llm.extra"
            return Setback(Reason.REJECTED, words, lasting=True, remedy=remedy)
        remedy = CHECK_ADDRESS if cause is Cause.ADDRESS or 400 <= status < 500 else TRY_LATER
        if status == 200:
            remedy = f"{TRY_LATER}, or {CHECK_ADDRESS}"
        return Setback(Reason.SERVER_ERROR, words, remedy=remedy)

    def _require_model(self, refusal: Refusal, cause: Cause, error: APIStatusError | None) -> None:
        """Raise `ScoringError` for a first answer that blames the settings."""
        if cause is Cause.MODEL:
            raise ScoringError(
                f"{self._host} does not offer the model {self._llm.model!r} with this key"
                f" ({self._quoted(refusal)}): check llm.model and llm.base_url in config.yaml;"
                " models are retired, too"
            ) from None
        if refusal.status in (404, 405):
            raise ScoringError(
                f"there is no API at {self.address} ({self._quoted(refusal)}): correct"
                " llm.base_url; it ends before /chat/completions, mostly in /v1"
            ) from None
        if cause is Cause.FORBIDDEN:
            raise ScoringError(
                f"{self._host} forbids the request ({self._quoted(refusal)}): check what the key"
                " may do, and whether the provider serves the country that this run is in"
            ) from None
        param: object = error.param if error is not None else None  # of any type
        is_ours = isinstance(param, str) and param in self._llm.extra
        if refusal.status in (400, 422) and is_ours:
            raise ScoringError(
                f"{self._host} refuses {param!r} ({self._quoted(refusal)}): change or remove it"
                " under llm.extra in config.yaml"
            ) from None

    def _rate_limited(self, refusal: Refusal, error: APIStatusError) -> Setback:
        if SHUT in error.response.headers:
            remedy = "try again later or lower llm.concurrency"
            return Setback(Reason.RATE_LIMITED, refusal.words, final=True, remedy=remedy)
        words = f"HTTP 429: {refusal.words}"
        wait_s = retry_after(error.response.headers) or 0.0
        if wait_s <= LONGEST_RETRY_AFTER_S:
            return Setback(Reason.RATE_LIMITED, words, remedy=TRY_LATER)
        words = f"{self._host} asks for a longer pause than a run can make ({words})"
        remedy = f"try again in {minutes(wait_s)}" if wait_s < 10 * 86_400 else TRY_LATER
        return Setback(Reason.RATE_LIMITED, words, final=True, remedy=remedy)

    def _no_answer(self, error: APIConnectionError) -> Setback:
        cause = error.__cause__
        if isinstance(error, ReplyTooLarge):
            words = f"{self._host} sent a reply of more than {MAX_REPLY_BYTES:,} bytes"
            remedy = "check llm.base_url and llm.model"
            return Setback(Reason.INVALID, words, remedy=remedy, maybe_billed=True)
        if isinstance(error, APITimeoutError) and not isinstance(cause, httpx2.ConnectTimeout):
            words = f"{self._host} did not answer within {self._llm.timeout_s:g} seconds"
            return Setback(Reason.TIMEOUT, words, remedy=_TAKE_LONGER, maybe_billed=True)
        timeout = isinstance(error, APITimeoutError)
        reason = Reason.TIMEOUT if timeout else Reason.SERVER_ERROR
        words = f"no connection to {self._host} ({cause or error})"
        return Setback(reason, words, remedy=TRY_LATER if self._answered else CHECK_ADDRESS)
