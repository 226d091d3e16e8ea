"""The SDK's client: each attempt of each request waits for its turn, and ends in time.

The SDK retries; first attempts and retries alike go through `LimitedHttpClient`.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import httpx2
from openai import APIConnectionError, AsyncOpenAI, DefaultAsyncHttpxClient, Timeout

from digest.core.config import Llm
from digest.core.errors import ConfigError
from digest.core.network import retry_after
from digest.core.scores import Reason
from digest.core.text import one_line
from digest.scoring.completion import TAKE_LONGER, RequestFailure, read
from digest.scoring.prices import OPENAI
from digest.scoring.rate_limiter import LONGEST_RETRY_AFTER_S, Closed, RateLimiter
from digest.scoring.refusal import FINAL, Cause, Refusal, read_refusal

RETRIES = 4  # of a request, by the SDK: after 0.5, 1, 2 and 4 seconds, or as the endpoint asks
_CONNECT_S = 10.0
# A reply about a hundred papers, with all its reasoning, is well below 2 MB.
MAX_REPLY_BYTES = 16_000_000
_LONGEST_ERROR = 20_000  # bytes; a longer body is a reply


class NoAnswer(APIConnectionError):
    """A request that ended without an answer, for a reason of our own. The SDK does not retry after
    an error of its own classes."""

    def __init__(self, request: httpx2.Request, failure: RequestFailure) -> None:
        super().__init__(message=failure.message, request=request)
        self.failure = failure


class Client(AsyncOpenAI):
    """The SDK's client, with the limiter that its requests share."""

    def __init__(self, limiter: RateLimiter, **options: Any) -> None:
        super().__init__(**options)
        self.limiter = limiter


def open_client(key: str, base_url: str | None, llm: Llm) -> Client:
    """A client whose requests share one limiter. Use it in one event loop only.

    A query in `base_url` (`?api-version=…`) is put behind the path of each request. Raises
    `ConfigError` for proxy settings that cannot be used.
    """
    limiter = RateLimiter(llm.concurrency)
    parts = urlsplit(base_url or OPENAI)
    host = parts.hostname or ""
    # Azure's classic addresses take the key under this name only:
    # https://learn.microsoft.com/azure/ai-services/openai/reference
    is_azure = re.search(r"\.azure\.(?:com|us|cn)$", host) is not None
    try:
        client = Client(
            limiter,
            api_key=key,
            base_url=urlunsplit(parts._replace(query="", fragment="")),
            default_query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            default_headers={"api-key": key} if is_azure else None,
            max_retries=RETRIES,
            timeout=Timeout(llm.timeout_s, connect=min(_CONNECT_S, llm.timeout_s)),
            http_client=LimitedHttpClient(limiter, llm),
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
    except (ValueError, httpx2.InvalidURL) as error:  # an invalid proxy
        without_password = one_line(re.sub(r"//[^/\s]*@", "//…@", str(error)), 200)
        raise ConfigError(
            "a proxy in the environment (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY) cannot be used:"
            f" {without_password}: write http://HOST:PORT or socks5://HOST:PORT, or unset it"
        ) from error
    if not re.fullmatch(r"(?:[a-z]+\.)?api\.openai\.com", host):
        # The SDK reads OPENAI_ORG_ID and OPENAI_PROJECT_ID, which are for OpenAI only.
        client.organization = client.project = None
    return client


class LimitedHttpClient(DefaultAsyncHttpxClient):
    """The SDK's HTTP client. Each attempt waits for its turn, ends after `llm.timeout_s` seconds,
    and reads at most `MAX_REPLY_BYTES`."""

    def __init__(self, limiter: RateLimiter, llm: Llm) -> None:
        super().__init__()
        self._limiter = limiter
        self._llm = llm

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        is_retry = request.headers.get("x-stainless-retry-count", "0") != "0"
        try:
            started_at = await self._limiter.acquire(is_retry=is_retry)
        except Closed as closed:
            remedy = "try again later or lower llm.concurrency"
            failure = RequestFailure(Reason.RATE_LIMITED, str(closed), is_final=True, remedy=remedy)
            raise NoAnswer(request, failure) from None
        try:
            # httpx counts seconds between two bytes: an answer that drips would never end.
            async with asyncio.timeout(self._llm.timeout_s):
                response = await super().send(request, **{**options, "stream": True})
                response = await _read_whole(response)
        except httpx2.ConnectTimeout:
            raise
        except (TimeoutError, httpx2.TimeoutException):
            self._limiter.slow_down(started_at)
            # No retry: the same request may take as long again, and may have been paid for.
            message = f"{request.url.host} did not answer within {self._llm.timeout_s:g} seconds"
            failure = RequestFailure(
                Reason.TIMEOUT, message, remedy=TAKE_LONGER, may_be_billed=True
            )
            raise NoAnswer(request, failure) from None
        finally:
            self._limiter.release()
        if response.is_success and _reports_rate_limit(response.content, self._llm.model):
            response.status_code = 429
        if response.is_success:
            self._limiter.succeeded()
        elif response.status_code >= 400:
            self._handle_refusal(request, response, started_at)
        return response

    def _handle_refusal(
        self, request: httpx2.Request, response: httpx2.Response, started_at: float
    ) -> None:
        """Pause all requests if waiting helps, and tell the SDK by headers whether to retry."""
        refusal = read_refusal(response.status_code, response.content, self._llm.model)
        cause = refusal.cause
        if cause is Cause.NO_ROOM and b'"service_tier"' not in request.content:
            cause = Cause.RATE
        if _would_fail_again(refusal, cause):
            response.headers["x-should-retry"] = "false"
        elif response.status_code == 429:
            wait_s = retry_after(response.headers)
            if wait_s is None or wait_s <= LONGEST_RETRY_AFTER_S:
                self._limiter.pause(started_at, wait_s, refusal.message)
                response.headers["retry-after-ms"] = "1"  # it waits for its turn instead


def _would_fail_again(refusal: Refusal, cause: Cause) -> bool:
    """True if the same request would be refused again, however late it is sent."""
    return (
        cause in FINAL
        or cause in (Cause.MODEL, Cause.NO_ROOM, Cause.LENGTH)
        or (refusal.status >= 500 and refusal.blames_format)
    )


def _reports_rate_limit(body: bytes, model: str) -> bool:
    """True if the body of an HTTP 200 is an error for the rate limit."""
    refusal = read(body, model).refusal if len(body) < _LONGEST_ERROR else None
    return refusal is not None and refusal.cause is Cause.RATE


async def _read_whole(response: httpx2.Response) -> httpx2.Response:
    """`response` with its body, unpacked. Raises `NoAnswer` if it is too long."""
    body = bytearray()
    try:
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > MAX_REPLY_BYTES:
                host = response.request.url.host
                message = f"{host} sent a reply of more than {MAX_REPLY_BYTES:,} bytes"
                remedy = "check llm.base_url and llm.model"
                raise NoAnswer(
                    response.request,
                    RequestFailure(Reason.INVALID, message, remedy=remedy, may_be_billed=True),
                )
    finally:
        await response.aclose()
    headers = response.headers.copy()
    headers.pop("content-encoding", None)
    return httpx2.Response(
        response.status_code, headers=headers, content=bytes(body), request=response.request
    )
