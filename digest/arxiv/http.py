"""HTTP as arXiv's terms ask for it, and as the open internet makes necessary.

`polite_session` makes the one session of a run. `fetch` reads one address with it: paced, asked
again where the server is in trouble, redirected only where that is safe, and never for more than
so many seconds or bytes. It raises `TransportError`, one line that says what happened.
"""

from __future__ import annotations

import io
import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

from digest.core.network import TooSlowError, explain
from digest.core.text import one_line

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

CONNECT_TIMEOUT_S = 10
READ_TIMEOUT_S = 60  # for silence
DEADLINE_S = 180  # for one whole answer, headers and body, however slowly it drips
MAX_REDIRECTS = 5
TRIES = 5
# 520 to 527 and 530 are Cloudflare's, which stands before arXiv, for an origin that fails:
# https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/
TRANSIENT = (429, 500, 502, 503, 504, *range(520, 528), 530)
MAX_BACKOFF_S = 60
MAX_RETRY_AFTER_S = 120
LISTING_FACTOR = 5

ACCEPT = "application/rss+xml, application/atom+xml, application/xml;q=0.9, text/xml;q=0.9"


class TransportError(Exception):
    """An address could not be read. The message is the line to show; `problem` is the same without
    the address."""

    def __init__(self, url: str, problem: str) -> None:
        super().__init__(f"cannot read {url}: {problem}")
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said, whatever its status."""

    url: str  # after redirects
    status: int
    content_type: str
    body: bytes
    etag: str = ""  # by which the server knows this very answer


def polite_session(user_agent: str, delay_s: float) -> requests.Session:
    """A session that keeps to arXiv's terms: never two requests within `delay_s` seconds, retries
    and redirects included (https://info.arxiv.org/help/api/tou.html asks for 3), nor two for its
    listings within five times that (https://arxiv.org/robots.txt asks for 15), and Retry-After
    honoured."""
    session = _Session()
    session.headers["User-Agent"] = user_agent
    adapter = _PoliteAdapter(delay_s)  # one for both: a redirect to https waits as well
    for scheme in ("https://", "http://"):
        session.mount(scheme, adapter)
    return session


def fetch(
    session: requests.Session,
    url: str,
    max_bytes: int,
    before: Answer | None = None,
    accept: str = ACCEPT,
) -> Answer:
    """The answer behind `url`, whatever its status, of at most `max_bytes` when unpacked.

    `before`, an earlier answer with an `etag`, is the answer where the server says that nothing has
    changed. Raises `TransportError`.
    """
    asked = url
    headers = {"Accept": accept}
    if before and before.etag:
        headers["If-None-Match"] = before.etag
    try:
        for _ in range(1 + MAX_REDIRECTS):
            timeout = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S)
            with session.get(url, timeout=timeout, stream=True, headers=headers) as response:
                if before and before.etag and response.status_code == 304:
                    return before
                if not response.is_redirect:
                    content_type = response.headers.get("Content-Type", "")
                    body = _body(response, url, max_bytes)
                    etag = response.headers.get("ETag", "")
                    return Answer(url, response.status_code, content_type, body, etag)
                target = urljoin(url, response.headers["Location"])
            # As it will be sent: what reads an address loosely may see another host in it.
            url = requests.Request("GET", target).prepare().url or ""
            if not _may_redirect(asked, url):
                raise TransportError(
                    asked,
                    f"it redirects to {one_line(url, 200)}, where no feed is to be expected:"
                    " see whether its address has changed",
                )
    # OSError: what requests itself raises for a file of certificates that is not there.
    except (OSError, urllib3.exceptions.HTTPError, ValueError, TooSlowError) as error:
        raise TransportError(url, explain(error)) from error
    raise TransportError(asked, f"it redirects more than {MAX_REDIRECTS} times: try again later")


def _body(response: requests.Response, url: str, max_bytes: int) -> bytes:
    body = bytearray()
    # read1 gives what has arrived, unpacked no further than asked; iter_content would wait.
    while chunk := response.raw.read1(65_536, decode_content=True):
        body += chunk
        if len(body) > max_bytes:
            raise TransportError(url, f"it sent more than {max_bytes:,} bytes: check the address")
    return bytes(body)


def _may_redirect(asked: str, target: str) -> bool:
    """From arXiv only to arXiv by https; from elsewhere only within the host, never off https."""
    old, new = urlsplit(asked), urlsplit(target)
    if new.scheme not in ("http", "https") or (old.scheme, new.scheme) == ("https", "http"):
        return False
    ports = [{"http": 80, "https": 443}[u.scheme] if u.port is None else u.port for u in (old, new)]
    if _is_arxiv(old.hostname):
        return new.scheme == "https" and _is_arxiv(new.hostname) and ports[1] == 443
    return old.hostname == new.hostname and (ports[0] == ports[1] or ports == [80, 443])


def _is_arxiv(host: str | None) -> bool:
    return host is not None and (host == "arxiv.org" or host.endswith(".arxiv.org"))


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: `fetch` follows redirects. requests would first read their whole bodies."""


class _PoliteAdapter(HTTPAdapter):
    def __init__(self, delay_s: float) -> None:
        super().__init__(max_retries=0)
        self._delay_s = delay_s
        self._next_request = 0.0
        self._next_listing = 0.0

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        listing = re.match(r"/(?:catchup|list)/", urlsplit(request.url or "").path) is not None
        for attempt in range(TRIES):
            ready = max(self._next_request, self._next_listing if listing else 0.0)
            time.sleep(max(0.0, ready - time.monotonic()))
            pause = min(self._delay_s * 2**attempt, MAX_BACKOFF_S)
            last = attempt == TRIES - 1
            try:
                response = super().send(request, *args, **kwargs)
                if last or response.status_code not in TRANSIENT:
                    pause = self._delay_s
                    return response
                asked = _retry_after(response.headers)
                pause = max(pause, asked)
                if asked > MAX_RETRY_AFTER_S:  # longer than anybody waits: this run asks no more
                    pause = self._delay_s
                    return response
                response.close()  # unread: it may be endless
            except (requests.ConnectionError, requests.Timeout):
                if last:
                    raise
            finally:
                now = time.monotonic()
                self._next_request = now + pause
                if listing:
                    self._next_listing = now + max(pause, LISTING_FACTOR * self._delay_s)
        raise AssertionError("the last try returns or raises")

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = _TimedHTTPS if pool.scheme == "https" else _TimedHTTP
        return pool


def _retry_after(headers: Mapping[str, str]) -> float:
    """The seconds a server asks to wait; 0 where it says nothing legible."""
    said = headers.get("Retry-After", "").strip()
    try:
        if said.isdecimal():
            asked = float(said)
        else:
            moment = parsedate_to_datetime(said)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            asked = (moment - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0
    return max(asked, 0)


class _Timed(io.RawIOBase):
    """A socket's input that ends in `TooSlowError` at the deadline, whatever is being read."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock, self._raw = sock, sock.makefile("rb", buffering=0)
        self._silence = sock.gettimeout() or READ_TIMEOUT_S
        self._deadline = time.monotonic() + DEADLINE_S

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        left = self._deadline - time.monotonic()
        try:
            if left > 0:
                self._sock.settimeout(min(left, self._silence))
                return self._raw.readinto(buffer)
        except TimeoutError:
            if left > self._silence:
                raise
        raise TooSlowError(f"still sending after {DEADLINE_S} s")

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_Timed(sock))


class _TimedHTTP(HTTPConnection):
    response_class = _TimedResponse


class _TimedHTTPS(HTTPSConnection):
    response_class = _TimedResponse
