"""One request to an OpenAI-compatible endpoint: its form, its answer, the meaning of its errors.

Endpoints accept different requests. The first request has every part that helps; a part that the
endpoint refuses is left out for the rest of the run.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from openai import APIConnectionError, APIStatusError, APITimeoutError

from digest.core.config import Llm
from digest.core.errors import ScoringError
from digest.core.network import retry_after
from digest.core.papers import Paper
from digest.core.scores import Prompt, Reason
from digest.core.secrets import Secrets
from digest.core.text import one_line
from digest.scoring.client import Client, NoAnswer
from digest.scoring.completion import (
    ALLOW_MORE_OUTPUT,
    CHECK_ADDRESS,
    TAKE_LONGER,
    TRY_LATER,
    Answer,
    RequestFailure,
    read,
)
from digest.scoring.prompt import messages
from digest.scoring.rate_limiter import LONGEST_RETRY_AFTER_S, in_words
from digest.scoring.refusal import FINAL, Cause, Refusal, read_refusal
from digest.scoring.request_form import Form, blamed_part, difference, first_form, guess, without

log = logging.getLogger("digest")

_LOOKS_LIKE_A_KEY = re.compile(
    r"\b(?:sk|key|gsk|xai|pk)-[\w*.-]{6,}|Bearer\s+[^\s'\"]+", re.IGNORECASE
)
_LONGEST_MESSAGE = 200
_SAMPLINGS = 3  # of one request for which the model does not produce valid JSON
_NAMED = (Cause.MODEL, Cause.SAMPLING, Cause.NO_ROOM)  # causes that leave nothing to guess

# Errors that end the run: what happened, and what to do. Those that are not in `FINAL` count only
# before the first answer.
_ERRORS = {
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
    Cause.MODEL: (
        "{host} does not offer the model {model!r} with this key",
        "check llm.model and llm.base_url in config.yaml; models are retired, too",
    ),
    Cause.FORBIDDEN: (
        "{host} forbids the request",
        "check what the key may do, and whether this run is in a country that the provider serves",
    ),
}
_WRONG_ORGANIZATION = (
    "{host} rejects the API key",
    "unset OPENAI_ORG_ID and OPENAI_PROJECT_ID, or put in a key of that organization",
)
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
    Cause.TIMEOUT: (Reason.TIMEOUT, False, TAKE_LONGER),
}  # fmt: skip


class Endpoint:
    """An endpoint, and the form of request that it accepts."""

    def __init__(
        self, client: Client, prompt: Prompt, llm: Llm, schema: Form | None = None
    ) -> None:
        self._client = client
        self._prompt = prompt
        self._llm = llm
        self._form = first_form(prompt, llm, schema)
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

    async def ask(self, papers: Sequence[Paper]) -> Answer:
        """Send one request for `papers`, again in a simpler form if that may help.

        The messages of a failure or an error are safe to print; the text of an answer is not.
        Raises `ScoringError` if the key, the account or the model is the problem: every other
        request would fail, too.
        """
        answer = await self._send(papers)
        failure = answer.failure
        if failure is None:
            return answer
        if failure.is_permanent and failure.reason is Reason.INVALID and len(papers) == 1:
            failure = replace(failure, remedy=ALLOW_MORE_OUTPUT)
        return replace(answer, failure=replace(failure, message=self.make_safe(failure.message)))

    async def _send(self, papers: Sequence[Paper]) -> Answer:
        samplings = 1
        while True:
            form = self._form
            try:
                response = await self._client.chat.completions.with_raw_response.create(
                    model=self._llm.model,
                    messages=messages(self._prompt, papers),  # type: ignore[arg-type]
                    stream=False,  # some gateways stream by default
                    # The user's own parameters come last, so that they win.
                    extra_body=form | without(self._llm.extra, "service_tier"),
                )
            except APIStatusError as error:
                content, headers = error.response.content, error.response.headers
                refusal = read_refusal(error.status_code, content, self._llm.model)
                if refusal.cause is Cause.SAMPLING and samplings < _SAMPLINGS:
                    samplings += 1  # the same request may well succeed
                elif not self._learn(form, refusal):
                    return Answer(failure=self._failure(refusal, headers))
                continue
            except APIConnectionError as error:  # timeouts are a kind of it
                return Answer(failure=self._no_answer(error))
            answer = read(response.content, self._llm.model)
            if answer.refusal is not None:
                return replace(answer, failure=self._failure(answer.refusal, {}))
            self._has_answered = self._has_answered or bool(answer.text)
            return answer

    # --- another form ------------------------------------------------------------------------

    def _learn(self, sent: Form, refusal: Refusal) -> bool:
        """Choose the form for the next request. False if no other form is worth a try."""
        if not self._may_be_the_form(refusal):
            return False
        if self._form != sent:
            return True  # another request has learned in the meantime
        if part := blamed_part(sent, refusal):
            self._form = self._sure_form = without(sent, part)
        elif self._has_answered or self._has_guessed or refusal.cause in _NAMED:
            return False
        elif (form := guess(sent, refusal)) is not None:  # some do not say which part they refuse
            self._form = form
        else:  # nothing helped: the form was not the problem
            self._form, self._has_guessed = self._sure_form, True
            return False
        log.info(
            "%s does not take the request as it is: asking again %s",
            self._host,
            difference(self._form, sent),
        )
        return True

    def _may_be_the_form(self, refusal: Refusal) -> bool:
        """True if a request in another form might be accepted."""
        cause = refusal.cause
        if cause is Cause.NO_ROOM:
            return "service_tier" in self._llm.extra
        if cause is Cause.SAMPLING:
            return not self._has_answered
        if refusal.status in (400, 404, 422):
            return cause is Cause.REQUEST or (cause is Cause.MODEL and refusal.status != 404)
        # Some local servers fail with a 500 if they do not know a schema.
        fails = refusal.status >= 500 and (refusal.blames_format or refusal.status == 500)
        return (
            fails and not self._has_answered and cause not in {*FINAL, Cause.ADDRESS, Cause.MODEL}
        )

    # --- errors ------------------------------------------------------------------------------

    def _failure(self, refusal: Refusal, headers: Mapping[str, str]) -> RequestFailure:
        """The meaning of a refusal for the papers. Raises `ScoringError` if the account or the
        settings are the problem."""
        status, cause = refusal.status, refusal.cause
        if error := self._error(refusal):
            what, remedy = error
            what = what.format(
                host=self._host, address=self.address, model=self._llm.model, param=refusal.param
            )
            message = self.make_safe(refusal.message)
            raise ScoringError(f"{what} (HTTP {status}: {message}): {remedy}") from None
        message = f"HTTP {status}: {refusal.message}"
        if cause is Cause.RATE and status in (403, 429):
            return self._rate_limited(message, retry_after(headers) or 0.0)
        if cause in _REQUEST_FAILURES:
            reason, is_permanent, remedy = _REQUEST_FAILURES[cause]
        elif status in (400, 403, 422):
            reason, is_permanent = Reason.REJECTED, True
            remedy = "check llm.model, llm.base_url and llm.extra"
        else:
            reason, is_permanent, remedy = Reason.SERVER_ERROR, False, TRY_LATER
            if status == 200:
                remedy = f"{TRY_LATER}, or {CHECK_ADDRESS}"
            elif cause is Cause.ADDRESS or status < 500:
                remedy = CHECK_ADDRESS
        return RequestFailure(reason, message, is_permanent=is_permanent, remedy=remedy)

    def _error(self, refusal: Refusal) -> tuple[str, str] | None:
        """What no other request of this run can repair, and what to do; None if one may."""
        cause = refusal.cause
        if cause is Cause.KEY and "organization" in refusal.message.lower():
            return _WRONG_ORGANIZATION
        if cause in FINAL:
            return _ERRORS[cause]
        if self._has_answered:
            return None
        if cause not in _ERRORS and refusal.status in (404, 405):
            return _NO_API
        if (
            cause not in _ERRORS
            and refusal.status in (400, 422)
            and refusal.param in self._llm.extra
        ):
            return _BAD_PARAMETER
        return _ERRORS.get(cause)

    def _rate_limited(self, message: str, wait_s: float) -> RequestFailure:
        if wait_s <= LONGEST_RETRY_AFTER_S:
            return RequestFailure(Reason.RATE_LIMITED, message, remedy=TRY_LATER)
        message = f"{self._host} asks for a longer pause than a run can make ({message})"
        remedy = f"try again in {in_words(wait_s)}" if wait_s < 10 * 86_400 else TRY_LATER
        return RequestFailure(Reason.RATE_LIMITED, message, is_final=True, remedy=remedy)

    def _no_answer(self, error: APIConnectionError) -> RequestFailure:
        if isinstance(error, NoAnswer):
            return error.failure
        reason = Reason.TIMEOUT if isinstance(error, APITimeoutError) else Reason.SERVER_ERROR
        message = f"no connection to {self._host} ({error.__cause__ or error})"
        remedy = TRY_LATER if self._has_answered else CHECK_ADDRESS
        return RequestFailure(reason, message, remedy=remedy)
