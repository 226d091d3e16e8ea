"""One request to an OpenAI-compatible endpoint: its form, its answer, the meaning of its errors.

Endpoints accept different requests. The first request has every part that helps; a part that the
endpoint refuses is left out for the rest of the run. JSON is asked for by a schema, then without
one, then by the prompt alone.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import httpx2
from openai import APIConnectionError, APIStatusError, APITimeoutError

from digest.core.config import Llm
from digest.core.errors import ScoringError
from digest.core.network import retry_after
from digest.core.papers import Paper
from digest.core.scores import Prompt, Reason
from digest.core.secrets import Secrets
from digest.core.text import one_line
from digest.scoring.client import MAX_REPLY_BYTES, Client, NotSent, ReplyTooLarge
from digest.scoring.completion import (
    ALLOW_MORE_OUTPUT,
    CHECK_ADDRESS,
    TRY_LATER,
    Answer,
    RequestFailure,
    read,
)
from digest.scoring.prompt import messages
from digest.scoring.rate_limiter import LONGEST_RETRY_AFTER_S, in_words
from digest.scoring.refusal import Cause, Refusal, read_refusal
from digest.scoring.request_form import FORMATS, Form

log = logging.getLogger("digest")

_TAKE_LONGER = "lower llm.concurrency or llm.batch_size, or raise llm.timeout_s"
_LOOKS_LIKE_A_KEY = re.compile(
    r"\b(?:sk|key|gsk|xai|pk)-[\w*.-]{6,}|Bearer\s+[^\s'\"]+", re.IGNORECASE
)
_LONGEST_MESSAGE = 200
_SAMPLINGS = 3  # of one request for which the model does not produce valid JSON

_NAMED = (Cause.MODEL, Cause.SAMPLING)  # causes that leave nothing to guess

# Errors that end the run: what happened, and what to do. The first group counts whatever was
# answered before, the second before the first answer.
_ACCOUNT_ERRORS = {
    Cause.KEY: (
        "{host} rejects the API key",
        "put a valid one into OPENAI_API_KEY (in GitHub: a repository secret)",
    ),
    Cause.BALANCE: (
        "the account at {host} has no credit left",
        "top it up there; what is scored is kept for the next run",
    ),
    Cause.QUOTA: (
        "the quota that {host} gives for a day, or longer, is used up",
        "wait until it is renewed, or pay for more; what is scored is kept for the next run",
    ),
    Cause.COUNTRY: (
        "{host} does not serve the country that this run is in",
        "choose another provider (llm.base_url), or run it elsewhere",
    ),
}
_WRONG_ORGANIZATION = (
    "unset OPENAI_ORG_ID and OPENAI_PROJECT_ID, or put in a key of that organization"
)
_SETTINGS_ERRORS = {
    Cause.MODEL: (
        "{host} does not offer the model {model!r} with this key",
        "check llm.model and llm.base_url in config.yaml; models are retired, too",
    ),
    Cause.FORBIDDEN: (
        "{host} forbids the request",
        (
            "check what the key may do, and whether the provider serves the country that this run"
            " is in"
        ),
    ),
}
_NO_API = (
    "there is no API at {address}",
    "correct llm.base_url; it ends before /chat/completions, mostly in /v1",
)
_BAD_PARAMETER = (
    "{host} refuses {param!r}",
    "change or remove it under llm.extra in config.yaml",
)
# Refusals of single requests: reason, true if the same papers would be refused again, remedy.
_REQUEST_FAILURES = {
    Cause.CONTENT: (Reason.REFUSED, True, ""),
    Cause.LENGTH: (
        Reason.TOO_LONG, True, "lower llm.batch_size, or take a model that reads more"
    ),
    Cause.SAMPLING: (Reason.INVALID, False, "try again later, or another llm.model"),
    Cause.TIMEOUT: (Reason.TIMEOUT, False, _TAKE_LONGER),
}  # fmt: skip


class Endpoint:
    """An endpoint, and the form of request that it accepts."""

    def __init__(self, client: Client, prompt: Prompt, llm: Llm) -> None:
        self._client = client
        self._prompt = prompt
        self._llm = llm
        self._form = Form(effort=llm.reasoning_effort is not None, tier="service_tier" in llm.extra)
        self._sure_form = self._form  # without the parts that the endpoint has named, no guesses
        self._has_answered = False
        self._has_guessed = False  # every guess was tried, and none helped
        self._secrets = Secrets([client.api_key])

    @property
    def address(self) -> str:
        return str(self._client.base_url)

    @property
    def _host(self) -> str:
        return self._client.base_url.host

    def stop(self) -> None:
        """Start no further request; those under way go on."""
        self._client.limiter.close("the run was interrupted")

    def make_safe(self, text: str) -> str:
        """Text from outside for a log: one line, without anything that looks like a key."""
        line = self.scrub(_LOOKS_LIKE_A_KEY.sub("…", self.scrub(one_line(text))))
        return one_line(line, _LONGEST_MESSAGE).rstrip(" .;:,")

    def scrub(self, text: str) -> str:
        """Text from outside without the key, in whichever form the endpoint has written it."""
        return self._secrets.scrub(text)

    async def ask(self, papers: Sequence[Paper]) -> Answer | RequestFailure:
        """Send one request for `papers`, again in a simpler form if that may help.

        The messages of a failure or an error are safe to print; the text of an answer is not.
        Raises `ScoringError` if the key, the account or the model is the problem: every other
        request would fail, too.
        """
        answer = await self._send(papers)
        failure = answer if isinstance(answer, RequestFailure) else answer.failure
        if failure is None:
            return answer
        if failure.is_permanent and failure.reason is Reason.INVALID and len(papers) == 1:
            failure = replace(failure, remedy=ALLOW_MORE_OUTPUT)
        failure = replace(failure, message=self.make_safe(failure.message))
        return failure if isinstance(answer, RequestFailure) else replace(answer, failure=failure)

    async def _send(self, papers: Sequence[Paper]) -> Answer | RequestFailure:
        samplings = 1
        while True:
            form = self._form
            try:
                response = await self._client.chat.completions.with_raw_response.create(
                    **self._request(papers, form)
                )
            except APIStatusError as error:
                refusal = read_refusal(error.status_code, error.response.content)
                self._require_account(refusal)
                if refusal.cause(self._llm.model) is Cause.SAMPLING and samplings < _SAMPLINGS:
                    samplings += 1  # the same request may well succeed
                elif not self._learn(form, refusal):
                    return self._failure(refusal, error)
                continue
            except APIConnectionError as error:  # timeouts are a kind of it
                return self._no_answer(error)
            answer = read(response.content)
            if answer.refusal is not None:
                self._require_account(answer.refusal)
                return replace(answer, failure=self._failure(answer.refusal))
            self._has_answered = self._has_answered or bool(answer.text)
            return answer

    def _request(self, papers: Sequence[Paper], form: Form) -> dict[str, Any]:
        extra = {k: v for k, v in self._llm.extra.items() if form.tier or k != "service_tier"}
        request: dict[str, Any] = {
            "model": self._llm.model,
            "messages": messages(self._prompt, papers),
            "stream": False,  # some gateways stream by default
            "extra_body": extra,
        }
        if form.reply:
            request["response_format"] = FORMATS[form.reply]
        if form.effort:
            request["reasoning_effort"] = self._llm.reasoning_effort
        if form.cache_key:
            request["prompt_cache_key"] = f"digest-{self._prompt.sha256[:16]}"
        return request

    # --- another form ------------------------------------------------------------------------

    def _learn(self, sent: Form, refusal: Refusal) -> bool:
        """Choose the form for the next request. False if no other form is worth a try."""
        cause = refusal.cause(self._llm.model)
        no_room = cause is Cause.NO_ROOM and "service_tier" in self._llm.extra
        if not no_room and not self._may_be_the_form(refusal, cause):
            return False
        if self._form != sent:
            return True  # another request has learned in the meantime
        if no_room:  # at the cheap tier: use the ordinary one
            form = replace(sent, tier=False) if sent.tier else None
        elif cause is Cause.SAMPLING:
            form = sent.simpler_reply()
        else:
            form = sent.without_blamed(refusal, self._llm.model)
        if form is not None:
            self._sure_form = form
        elif self._has_answered or self._has_guessed or no_room or cause in _NAMED:
            return False
        else:  # some endpoints do not say which part they refuse
            form = sent.simpler_reply() if refusal.status == 500 else sent.guess()
            if form is None:  # nothing helped: the form was not the problem
                self._form, self._has_guessed = self._sure_form, True
                return False
        self._form = form
        log.info(
            "%s does not take the request as it is: asking again %s",
            self._host,
            form.difference(sent),
        )
        return True

    def _may_be_the_form(self, refusal: Refusal, cause: Cause) -> bool:
        """True if a request in another form might be accepted."""
        if cause is Cause.SAMPLING:
            return not self._has_answered
        if refusal.status in (400, 404, 422):
            return cause is Cause.REQUEST or (cause is Cause.MODEL and refusal.status != 404)
        # Some local servers fail with a 500 if they do not know a schema.
        fails = refusal.status >= 500 and (refusal.blames_format or refusal.status == 500)
        return fails and not self._has_answered and cause not in (Cause.ADDRESS, Cause.MODEL)

    # --- errors ------------------------------------------------------------------------------

    def _require_account(self, refusal: Refusal) -> None:
        """Raise `ScoringError` if the key or the account is refused."""
        cause = refusal.cause(self._llm.model)
        if cause not in _ACCOUNT_ERRORS:
            return
        what, remedy = _ACCOUNT_ERRORS[cause]
        if cause is Cause.KEY and "organization" in refusal.message.lower():
            remedy = _WRONG_ORGANIZATION
        raise self._error(what, remedy, refusal) from None

    def _require_settings(self, refusal: Refusal, cause: Cause) -> None:
        """Raise `ScoringError` if the first answer blames the settings."""
        if cause in _SETTINGS_ERRORS:
            raise self._error(*_SETTINGS_ERRORS[cause], refusal) from None
        if refusal.status in (404, 405):
            raise self._error(*_NO_API, refusal) from None
        if refusal.status in (400, 422) and refusal.param in self._llm.extra:
            raise self._error(*_BAD_PARAMETER, refusal) from None

    def _error(self, what: str, remedy: str, refusal: Refusal) -> ScoringError:
        what = what.format(
            host=self._host, address=self.address, model=self._llm.model, param=refusal.param
        )
        message = self.make_safe(refusal.message)
        return ScoringError(f"{what} (HTTP {refusal.status}: {message}): {remedy}")

    def _failure(self, refusal: Refusal, error: APIStatusError | None = None) -> RequestFailure:
        """The meaning of a refusal for the papers. Raises `ScoringError` if the settings are the
        problem. `error` has the headers."""
        status, cause = refusal.status, refusal.cause(self._llm.model)
        if not self._has_answered:
            self._require_settings(refusal, cause)
        message = f"HTTP {status}: {refusal.message}"
        if cause is Cause.RATE and error is not None and status == 429:
            return self._rate_limited(message, retry_after(error.response.headers) or 0.0)
        if cause in _REQUEST_FAILURES:
            reason, is_permanent, remedy = _REQUEST_FAILURES[cause]
            return RequestFailure(reason, message, is_permanent=is_permanent, remedy=remedy)
        if status in (400, 403, 422):
            remedy = "check llm.model, llm.base_url and llm.extra"
            return RequestFailure(Reason.REJECTED, message, is_permanent=True, remedy=remedy)
        remedy = CHECK_ADDRESS if cause is Cause.ADDRESS or 400 <= status < 500 else TRY_LATER
        if status == 200:
            remedy = f"{TRY_LATER}, or {CHECK_ADDRESS}"
        return RequestFailure(Reason.SERVER_ERROR, message, remedy=remedy)

    def _rate_limited(self, message: str, wait_s: float) -> RequestFailure:
        if wait_s <= LONGEST_RETRY_AFTER_S:
            return RequestFailure(Reason.RATE_LIMITED, message, remedy=TRY_LATER)
        message = f"{self._host} asks for a longer pause than a run can make ({message})"
        remedy = f"try again in {in_words(wait_s)}" if wait_s < 10 * 86_400 else TRY_LATER
        return RequestFailure(Reason.RATE_LIMITED, message, is_final=True, remedy=remedy)

    def _no_answer(self, error: APIConnectionError) -> RequestFailure:
        cause = error.__cause__
        if isinstance(error, NotSent):
            remedy = "try again later or lower llm.concurrency"
            return RequestFailure(Reason.RATE_LIMITED, str(error), is_final=True, remedy=remedy)
        if isinstance(error, ReplyTooLarge):
            message = f"{self._host} sent a reply of more than {MAX_REPLY_BYTES:,} bytes"
            remedy = "check llm.base_url and llm.model"
            return RequestFailure(Reason.INVALID, message, remedy=remedy, may_be_billed=True)
        is_timeout = isinstance(error, APITimeoutError)
        if is_timeout and not isinstance(cause, httpx2.ConnectTimeout):
            message = f"{self._host} did not answer within {self._llm.timeout_s:g} seconds"
            return RequestFailure(Reason.TIMEOUT, message, remedy=_TAKE_LONGER, may_be_billed=True)
        reason = Reason.TIMEOUT if is_timeout else Reason.SERVER_ERROR
        message = f"no connection to {self._host} ({cause or error})"
        remedy = TRY_LATER if self._has_answered else CHECK_ADDRESS
        return RequestFailure(reason, message, remedy=remedy)
