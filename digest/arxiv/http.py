"""HTTP as arXiv's terms ask for it, and as the open internet makes necessary.

`polite_session` makes the one session of a run. `fetch` reads one address with it: paced, asked
again if the server is in trouble, redirected only if that is safe, and never for more than so many
seconds or bytes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from digest.arxiv.documents import MAX_BYTES
from digest.core.errors import FeedError, InTrouble, Refused
from digest.core.network import TooSlowError, explain, retry_after
from digest.core.text import one_line

CONNECT_TIMEOUT_S = 10
READ_TIMEOUT_S = 60  # for silence
DEADLINE_S = 180  # for the body of one answer, however slowly it comes
MAX_REDIRECTS = 5
TRIES = 5
# 520 to 527 and 530 are Cloudflare's, which stands before arXiv, for an origin that fails:
# https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/
TRANSIENT = (429, 500, 502, 503, 504, *range(520, 528), 530)
MAX_BACKOFF_S = 60
MAX_RETRY_AFTER_S = 120
# https://arxiv.org/robots.txt asks for 15 s between requests for these, the terms of use for 3.
LISTING_PATHS = ("/catchup/", "/list/")
LISTING_FACTOR = 5
MAX_QUERY = 20  # characters of a query in a message: a page's number, not a hundred ids

ACCEPT = "application/rss+xml, application/atom+xml, application/xml;q=0.9, text/xml;q=0.9"


@dataclass(frozen=True, slots=True)
class Service:
    """One of arXiv's services."""

    setting: str  # that holds its address
    reason: Callable[[bytes], str]  # what an answer of HTTP 400 says, ""; may raise `FeedError`
    accept: str = ACCEPT
    missing: type[FeedError] = FeedError  # the error if there is nothing at an address


@dataclass(frozen=True, slots=True)
class Answer:
    url: str  # after redirects
    body: bytes
    etag: str = ""  # by which the server recognises this answer


def polite_session(user_agent: str, delay_s: float) -> requests.Session:
    """A session that keeps to arXiv's terms: never two requests within `delay_s` seconds, retries
    and redirects included (https://info.arxiv.org/help/api/tou.html asks for 3), nor two for its
    listing pages within five times that. It waits as long as a Retry-After asks."""
    session = _Session()
    session.headers["User-Agent"] = user_agent
    adapter = _PoliteAdapter(delay_s)  # one for both: a redirect to https waits as well
    for scheme in ("https://", "http://"):
        session.mount(scheme, adapter)
    return session


def fetch(
    session: requests.Session,
    service: Service,
    called: str,
    url: str,
    cached: Answer | None = None,
) -> Answer:
    """The answer behind `url`, of at most `MAX_BYTES` when unpacked.

    If the server says that nothing has changed since `cached`, an earlier answer, that is the
    answer. Raises `FeedError`, which names `called`: `InTrouble` if there is no answer, `Refused`
    if this client is refused, `service.missing` if nothing is there.
    """
    asked = url
    headers = {"Accept": service.accept}
    if cached:
        headers["If-None-Match"] = cached.etag
    try:
        for _ in range(1 + MAX_REDIRECTS):
            timeout = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S)
            with session.get(url, timeout=timeout, stream=True, headers=headers) as response:
                if cached and response.status_code == 304:
                    return cached
                if not response.is_redirect:
                    answer = Answer(url, _body(response), response.headers.get("ETag", ""))
                    if response.status_code == 200:
                        return answer
                    raise _refusal(service, called, answer, response.status_code)
                target = urljoin(url, response.headers["Location"])
            # As it will be sent: another reader of a loosely written address may see another host.
            url = requests.Request("GET", target).prepare().url or ""
            if not _may_redirect(asked, url):
                raise _Unacceptable(
                    f"it redirects to {one_line(_shown(url), 200)}, where no feed is to be"
                    " expected: see whether its address has changed"
                )
        raise _Unacceptable(f"it redirects more than {MAX_REDIRECTS} times: try again later")
    except _Unacceptable as error:
        raise InTrouble(called, f"cannot read {_shown(asked)}: {error}") from error
    # OSError: requests raises it for a file of certificates that is not there.
    except (OSError, urllib3.exceptions.HTTPError, ValueError, TooSlowError) as error:
        raise InTrouble(called, f"cannot read {_shown(url)}: {explain(error)}") from error


def _refusal(service: Service, called: str, answer: Answer, status: int) -> FeedError:
    kind, meaning = FeedError, "unexpected"
    if status in (400, 404, 410):
        kind = service.missing
        meaning = f"nothing there: check `categories` and `{service.setting}`"
        if status == 400:
            with suppress(FeedError):  # another document than arXiv's own
                meaning = service.reason(answer.body) or meaning
    elif status == 403:
        kind = Refused
        meaning = "access refused: the server blocks this client; wait before trying again"
    elif status == 429:  # although asked again as slowly as it wished
        kind, meaning = Refused, "too many requests: wait, and let only one machine ask"
    elif status >= 500:
        kind, meaning = InTrouble, "the server is in trouble: try again later"
    return kind(called, f"HTTP {status} from {_shown(answer.url)}: {meaning}")


class _Unacceptable(Exception):
    """A redirect that must not be followed, or a body that is too large."""


def _shown(url: str) -> str:
    """The address for a message, without a long query."""
    path, _, query = url.partition("?")
    return path if len(query) > MAX_QUERY else url


def _body(response: requests.Response) -> bytes:
    deadline = time.monotonic() + DEADLINE_S
    body = bytearray()
    # read1 gives what has arrived, unpacked no further than asked; iter_content would wait.
    while chunk := response.raw.read1(65_536, decode_content=True):
        body += chunk
        if len(body) > MAX_BYTES:
            raise _Unacceptable(f"it sent more than {MAX_BYTES:,} bytes: check the address")
        if time.monotonic() > deadline:
            raise TooSlowError(f"still sending after {DEADLINE_S} s")
    return bytes(body)


def _may_redirect(asked: str, target: str) -> bool:
    """From arXiv only to arXiv by https; from elsewhere only within the host, never off https."""
    old, new = urlsplit(asked), urlsplit(target)
    is_secure = new.scheme == "https" and new.port in (None, 443)
    if _is_arxiv(old.hostname):
        return is_secure and _is_arxiv(new.hostname)
    unchanged = (old.scheme, old.port) == (new.scheme, new.port)
    return old.hostname == new.hostname and (is_secure or unchanged)


def _is_arxiv(host: str | None) -> bool:
    return host is not None and (host == "arxiv.org" or host.endswith(".arxiv.org"))


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: `fetch` follows redirects. requests would first read their whole bodies."""


class _PoliteAdapter(HTTPAdapter):
    """Waits before each request, and asks again if the server is in trouble.

    urllib3's `Retry` cannot do this: it repeats the first time without a pause, has one pace for
    all addresses, reads the whole body of a refusal, which may be endless, and cannot give up if a
    Retry-After is too long.
    """

    def __init__(self, delay_s: float) -> None:
        super().__init__(max_retries=0)
        self._delay_s = delay_s
        self._next_request = 0.0
        self._next_listing = 0.0

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        listing = urlsplit(request.url or "").path.startswith(LISTING_PATHS)
        for attempt in range(TRIES):
            ready = max(self._next_request, self._next_listing if listing else 0.0)
            time.sleep(max(0.0, ready - time.monotonic()))
            last, asked = attempt == TRIES - 1, 0.0
            try:
                response = super().send(request, *args, **kwargs)
                asked = retry_after(response.headers) or 0.0
                # Longer than a run waits: no more tries.
                if last or response.status_code not in TRANSIENT or asked > MAX_RETRY_AFTER_S:
                    return response
                response.close()  # unread: it may be endless
            except (requests.ConnectionError, requests.Timeout):
                if last:
                    raise
            finally:
                now = time.monotonic()
                self._next_request = now + self._delay_s
                if listing:
                    self._next_listing = now + LISTING_FACTOR * self._delay_s
            self._next_request = now + max(min(self._delay_s * 2**attempt, MAX_BACKOFF_S), asked)
        raise AssertionError("the last try returns or raises")
