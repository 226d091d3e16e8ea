"""The one way out to a model's endpoint: bounded, patient, on time.

The SDK retries; this is what every attempt passes on its way, first ones and retries alike.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import math
import re
import time
from bisect import insort
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import httpx2
from openai import (
    APIConnectionError,
    APITimeoutError,
    AsyncOpenAI,
    DefaultAsyncHttpxClient,
    Timeout,
)

from digest.core.config import Llm
from digest.core.errors import ConfigError
from digest.core.text import one_line
from digest.core.wording import count
from digest.scoring.completion import read
from digest.scoring.prices import OPENAI
from digest.scoring.refusal import FINAL, Cause, Refusal, read_refusal

log = logging.getLogger("digest")

RETRIES = 4  # of a request, by the SDK: after 0.5, 1, 2 and 4 seconds, or as the endpoint asks
_CONNECT_S = 10.0
LONGEST_RETRY_AFTER_S = 120.0  # what asks for more is not tried again, by the SDK either
_LONGEST_GUESS_S = 60.0  # of a pause where nobody says how long: most quotas are per minute
# After so long of refusals without one success there is no quota to wait for: a daily one is spent,
# or the account has none. What has answered before gets the longer time.
_PATIENCE_S = 600.0
_FIRST_PATIENCE_S = 120.0
_GROWTH = 0.5  # requests more under way for each one in flight that ends well

# A reply about a hundred papers, with all its reasoning, is well below 2 MB.
MAX_REPLY_BYTES = 16_000_000
_LONGEST_ERROR = 20_000  # bytes; what is longer than this is a reply

SHUT = "x-digest-shut"  # marks what the gate answers in the endpoint's place


class ReplyTooLarge(APIConnectionError):
    """A reply of more than `MAX_REPLY_BYTES`. The SDK does not try again after an error of its own
    kind."""


class Client(AsyncOpenAI):
    """The SDK's client, and the gate that its requests pass."""

    def __init__(self, gate: Gate, **options: Any) -> None:
        super().__init__(**options)
        self.gate = gate


def open_client(key: str, base_url: str | None, llm: Llm) -> Client:
    """The SDK's client, every request of which passes one gate. For one event loop.

    A query in `base_url` (`?api-version=…`) stays behind the path of each request. Raises
    `ConfigError` for proxy settings that cannot be used.
    """
    gate = Gate(llm.concurrency)
    parts = urlsplit(base_url or OPENAI)
    host = parts.hostname or ""
    # Azure's classic addresses take the key under this name only:
    # https://learn.microsoft.com/azure/ai-services/openai/reference
    is_azure = re.search(r"\.azure\.(?:com|us|cn)$", host) is not None
    headers = {"api-key": key} if is_azure else None
    try:
        client = Client(
            gate,
            api_key=key,
            base_url=urlunsplit(parts._replace(query="", fragment="")),
            default_query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            default_headers=headers,
            max_retries=RETRIES,
            timeout=Timeout(llm.timeout_s, connect=min(_CONNECT_S, llm.timeout_s)),
            http_client=GatedClient(gate, llm),
        )
    except ImportError as error:
        raise ConfigError(
            "the environment names a SOCKS proxy (ALL_PROXY), which needs the package socksio: pip"
            " install socksio, or unset ALL_PROXY (HTTPS_PROXY=http://HOST:PORT does without it)"
        ) from error
    except OSError as error:
        raise ConfigError(
            "the file of certificates that SSL_CERT_FILE or SSL_CERT_DIR names cannot be read:"
            f" {error.strerror}: correct the path, or unset it"
        ) from error
    except (ValueError, httpx2.InvalidURL) as error:  # which is how it refuses an odd proxy
        raise ConfigError(
            "a proxy in the environment (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY) cannot be used:"
            f" {_without_password(str(error))}: write http://HOST:PORT or socks5://HOST:PORT,"
            " or unset it"
        ) from error
    if not re.fullmatch(r"(?:[a-z]+\.)?api\.openai\.com", host):
        # The SDK reads OPENAI_ORG_ID and OPENAI_PROJECT_ID, which mean nothing to anybody else.
        client.organization = client.project = None
    return client


def _without_password(text: str) -> str:
    return one_line(re.sub(r"//[^/\s]*@", "//…@", text), 200)


class Shut(Exception):
    """The gate is shut for good; the words say why."""


class Gate:
    """How many requests may be under way, and from when on the next may start.

    A refusal for lack of quota pauses everybody for what the provider asks for and halves the
    number under way; each success lets it grow by its share, to `most` again. After too many pauses
    in a row without a success, or when told to, it shuts for good.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = float(most)
        self._under_way = 0
        self._opens_at = 0.0
        self._cut_at = 0.0
        self._in_a_row = 0  # pauses since the last success
        self._refused_since: float | None = None  # without a success
        self._has_succeeded = False
        self._shut = ""  # why; "" while it is open
        self._numbers = itertools.count()
        self._line: list[tuple[bool, int]] = []  # who waits, the next one first
        self._changed = asyncio.Event()

    def close(self, why: str) -> None:
        """Let nobody enter any more, be they in the line already."""
        self._shut = self._shut or why
        self._tell()

    async def enter(self, *, again: bool = False) -> float:
        """Wait for a turn; the time at which it came. Raises `Shut` where none will come.

        First come, first served, but whoever comes `again` goes before those who have not been in:
        else, where there is room for one at a time, the same request could be refused each time.
        """
        place = (not again, next(self._numbers))
        insort(self._line, place)
        try:
            while not self._shut:
                wait_s = self._opens_at - time.monotonic()
                if self._line[0] != place or (wait_s <= 0 and self._under_way >= int(self._limit)):
                    await self._changed.wait()
                elif wait_s > 0:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._changed.wait(), wait_s)
                else:
                    self._under_way += 1
                    return time.monotonic()
            raise Shut(self._shut)
        finally:
            self._line.remove(place)
            self._tell()

    def leave(self) -> None:
        self._under_way -= 1
        self._tell()

    def _tell(self) -> None:
        """Everybody in the line looks again."""
        self._changed.set()
        self._changed.clear()

    def succeeded(self) -> None:
        self._in_a_row = 0
        self._refused_since, self._has_succeeded = None, True
        self._limit = min(float(self._most), self._limit + _GROWTH / self._limit)

    def halve(self, entered_at: float) -> bool:
        """Half as many under way from now on, because of a request that had its turn at
        `entered_at`. Those that were under way together count once; whether this one did."""
        counts = entered_at >= self._cut_at
        if counts:
            self._cut_at = time.monotonic()
            self._limit = max(1.0, self._limit / 2)
        return counts

    def slow_down(self, entered_at: float) -> None:
        """Half as many under way for the rest of the run: a request that had its turn at
        `entered_at` got no answer in time. The server may do one after the other, so that those
        who come together wait for each other."""
        if self.halve(entered_at):
            self._most = max(1, int(self._limit))

    def pause(self, entered_at: float, wait_s: float | None, words: str) -> None:
        """Nobody starts for `wait_s`, or for longer each time where that is not known.

        `entered_at` is the turn of the request that was refused, `words` are those of the refusal.
        """
        now = time.monotonic()
        if self.halve(entered_at):
            self._in_a_row += 1
        if wait_s is None:
            wait_s = min(2.0 ** (self._in_a_row - 1), _LONGEST_GUESS_S)
        if self._refused_since is None:
            self._refused_since = now
        patience_s = _PATIENCE_S if self._has_succeeded else _FIRST_PATIENCE_S
        if now + wait_s - self._refused_since > patience_s:
            waited = minutes(now - self._refused_since)
            why = f"for {waited} every request was refused for the rate limit"
            self.close(f"{why} ({words})" if words else why)
            return
        if now + wait_s > self._opens_at:
            self._opens_at = now + wait_s
            if wait_s >= 1:
                log.info("the endpoint asks for patience: waiting %.0f s", wait_s)


class GatedClient(DefaultAsyncHttpxClient):
    """The SDK's HTTP client, each attempt of which passes `gate`, ends after `llm.timeout_s`, and
    reads no more than `MAX_REPLY_BYTES`."""

    def __init__(self, gate: Gate, llm: Llm) -> None:
        super().__init__()
        self._gate = gate
        self._llm = llm

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        again = request.headers.get("x-stainless-retry-count", "0") != "0"
        try:
            entered_at = await self._gate.enter(again=again)
        except Shut as shut:
            return _in_its_place(request, str(shut))
        try:
            # httpx counts seconds between two bytes; an answer that drips would never end.
            async with asyncio.timeout(self._llm.timeout_s):
                response = await super().send(request, **{**options, "stream": True})
                response = await _read_whole(response)
        except httpx2.ConnectTimeout:
            raise
        except (TimeoutError, httpx2.TimeoutException):
            self._gate.slow_down(entered_at)
            # An error of the SDK's own is not retried: the same again might take as long again, and
            # might have been paid for.
            raise APITimeoutError(request=request) from None
        finally:
            self._gate.leave()
        if response.is_success:
            response = _as_refused(response, self._llm.model)
        if response.is_success:
            self._gate.succeeded()
        elif response.status_code >= 400:
            self._refused(request, response, entered_at)
        return response

    def _refused(
        self, request: httpx2.Request, response: httpx2.Response, entered_at: float
    ) -> None:
        """Pause everybody, unless no waiting helps. The headers tell the SDK what it is to do."""
        refusal = read_refusal(response.status_code, response.content)
        cause = refusal.cause(self._llm.model)
        if cause is Cause.NO_ROOM and b'"service_tier"' not in request.content:
            cause = Cause.RATE
        if _never_helps(refusal, cause):
            response.headers["x-should-retry"] = "false"
        elif response.status_code == 429:
            wait_s = retry_after(response.headers)
            if wait_s is None or wait_s <= LONGEST_RETRY_AFTER_S:
                self._gate.pause(entered_at, wait_s, refusal.words)
                response.headers["retry-after-ms"] = "1"  # back into the line: it waits there


def _as_refused(response: httpx2.Response, model: str) -> httpx2.Response:
    """A limit that comes with HTTP 200 as the 429 that it is, so that it is waited for."""
    refusal = read(response.content).refusal if len(response.content) < _LONGEST_ERROR else None
    if refusal is None or refusal.cause(model) is not Cause.RATE:
        return response
    return httpx2.Response(
        429, headers=response.headers, content=response.content, request=response.request
    )


def _never_helps(refusal: Refusal, cause: Cause) -> bool:
    """Whether the same request would be refused again, however long it waits."""
    return (
        cause in FINAL
        or cause in (Cause.MODEL, Cause.NO_ROOM, Cause.LENGTH)
        or (refusal.status >= 500 and refusal.blames_format)
    )


async def _read_whole(response: httpx2.Response) -> httpx2.Response:
    """The response with its body, unpacked. Raises `ReplyTooLarge`."""
    body = bytearray()
    try:
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > MAX_REPLY_BYTES:
                raise ReplyTooLarge(request=response.request)
    finally:
        await response.aclose()
    unpacked = ("content-encoding", "content-length", "transfer-encoding")
    headers = [(k, v) for k, v in response.headers.multi_items() if k.lower() not in unpacked]
    return httpx2.Response(
        response.status_code, headers=headers, content=bytes(body), request=response.request
    )


def _in_its_place(request: httpx2.Request, why: str) -> httpx2.Response:
    """What a shut gate answers: an error that the SDK takes as it is."""
    headers = {SHUT: "1", "x-should-retry": "false"}
    return httpx2.Response(429, headers=headers, json={"error": {"message": why}}, request=request)


def minutes(seconds: float) -> str:
    """How long, for a person who waits."""
    return count(math.ceil(seconds), "second") if seconds < 90 else f"{seconds / 60:.0f} minutes"


def retry_after(headers: httpx2.Headers) -> float | None:
    """Seconds for which a response asks to be left alone; None where it does not say."""
    for name, unit_s in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * unit_s
        except ValueError:
            continue
        return seconds if seconds >= 0 else None
    try:
        until = parsedate_to_datetime(headers.get("retry-after", "")).timestamp()
    except (ValueError, OverflowError):
        return None
    return max(0.0, until - time.time())
