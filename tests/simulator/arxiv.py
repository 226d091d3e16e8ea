"""arXiv as a server on loopback: what it announces is `Truth`, what goes wrong `Faults`, and what
time it is it asks the clock that the bot asks."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

from digest.core.calendar import today_eastern
from tests.feeds import as_results, as_rss
from tests.listings import as_catchup, as_error, as_recent
from tests.simulator.faults import Faults
from tests.simulator.truth import Batch, Entry, Paper, Truth

PAGE = 20  # entries of a page; arXiv's own has 2,000
KEPT = timedelta(days=90)  # of catch-up pages
_EVENING = timedelta(hours=4)  # before midnight the announcement is out


@dataclass(frozen=True, slots=True)
class Request:
    """One request, by the world's clock."""

    when: float
    kind: str  # feed, pages, api


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: bytes
    content_type: str = "application/xml"
    headers: tuple[tuple[str, str], ...] = ()
    cut: bool = False  # the connection breaks halfway

    @property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.body).hexdigest()[:16]}"'


_DOWN = Reply(503, b"<html><body>503 Service Unavailable</body></html>", "text/html")
_GATEWAY = Reply(502, b"<html><body>502 Bad Gateway</body></html>", "text/html")
_STORM = Reply(429, b"Rate exceeded.", "text/plain", (("Retry-After", "60"),))
_REFUSED = Reply(403, b"<html><title>403 Forbidden</title></html>", "text/html")
_WEB_PAGE = Reply(200, b"<!DOCTYPE html><html><title>Maintenance</title></html>", "text/html")


@dataclass
class Arxiv:
    truth: Truth
    faults: Faults
    slot: datetime = datetime.min.replace(tzinfo=UTC)  # in which it is asked
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._asked: Counter[str] = Counter()  # in this slot, by kind
        self._cached: dict[tuple[str, date], datetime] = {}  # empty pages: until when
        self.failed: set[str] = set()  # categories whose last feed of the slot was none
        self.looks: dict[tuple[date, str], datetime] = {}  # when each was last had whole
        arxiv = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 2**20  # an answer in one piece

            def do_GET(self) -> None:
                arxiv.handle(self)

            def log_message(self, *_: Any) -> None:
                """Nothing: `requests` holds it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        serve = self._server.serve_forever
        self._thread = threading.Thread(target=serve, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()

    def begin(self, slot: datetime) -> None:
        self.slot = slot
        self._asked.clear()
        self.failed.clear()

    def spacing(self, kind: str = "") -> float:
        """The fewest seconds between two requests, of one kind or of any, by the world's clock."""
        times = [request.when for request in self.requests if kind in ("", request.kind)]
        return min((b - a for a, b in pairwise(times)), default=float("inf"))

    def handle(self, client: BaseHTTPRequestHandler) -> None:
        when = time.time()
        kind, reply = self._reply(client.path)
        same = reply.status == 200 and client.headers.get("If-None-Match") == reply.etag
        self.requests.append(Request(when, kind))
        client.send_response(304 if same else reply.status)
        if reply.status == 200:
            client.send_header("ETag", reply.etag)
        for name, value in reply.headers:
            client.send_header(name, value)
        body = b"" if same else reply.body
        client.send_header("Content-Type", reply.content_type)
        client.send_header("Content-Length", str(len(body)))
        client.end_headers()
        client.wfile.write(body[: len(body) // 2] if reply.cut else body)
        client.close_connection = client.close_connection or reply.cut

    def _reply(self, target: str) -> tuple[str, Reply]:
        now, url = datetime.now(UTC), urlsplit(target)
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        _, first, *rest = url.path.split("/")
        if first == "rss" and len(rest) == 1:
            return "feed", self._feed(unquote(rest[0]), now)
        if first == "catchup" and len(rest) == 2:
            reply = self._catchup(rest[0], rest[1], query, now)
            return "pages", self._or_fault("pages", self.faults.pages(self.slot), reply)
        if first == "list" and rest[1:] == ["recent"]:
            reply = self._recent(rest[0], now)
            return "pages", self._or_fault("pages", self.faults.pages(self.slot), reply)
        if first == "api":
            return "api", self._api(query, now)
        return "other", Reply(404, b"not found", "text/plain")

    def _or_fault(self, kind: str, fault: str | None, reply: Reply) -> Reply:
        self._asked[kind] += 1
        if fault == "gateway":  # and well again when asked a second time
            return _GATEWAY if self._asked[kind] == 1 else reply
        if fault in ("truncated", "cut"):
            cut = fault == "cut"
            body = reply.body if cut else reply.body[: len(reply.body) // 2]
            return Reply(reply.status, body, reply.content_type, cut=cut)
        if fault == "empty":
            return Reply(200, b"", reply.content_type)
        whole = {
            "down": _DOWN, "storm": _STORM, "refused": _REFUSED, "web page": _WEB_PAGE,
        }  # fmt: skip
        return whole.get(fault or "", reply)

    # --- the feed

    def served(self, category: str, now: datetime) -> Batch:
        """What the feed carries: not always what was announced."""
        today = today_eastern(now)
        hollow = self.faults.hollow_until(today, category)
        if hollow and now < hollow:
            return ()
        batch = self.truth.batch(today, category)
        stale = self.faults.stale_until(today, category) if today.weekday() < 5 else None
        if stale and now < stale:
            return self.truth.batch(self.truth.previous(today), category)
        grows = self.faults.grows_at(today, category)
        return batch[: len(batch) // 2] if grows and now < grows else batch

    def _feed(self, category: str, now: datetime) -> Reply:
        if category not in self.truth.categories:
            return Reply(400, b"", "text/plain")
        today, batch = today_eastern(now), self.served(category, now)
        ids = [entry.paper.id for entry in batch]
        blemished = [i for i in ids if self.faults.blemished(today, category, i)]
        body = _rss(category, today, batch, blemished)
        reply = Reply(200, body, "application/rss+xml")
        fault = self.faults.feed(self.slot, category)
        given = self._or_fault(f"feed {category}", fault, reply)
        if given is reply:
            self.failed.discard(category)
            self.looks[today_eastern(now), category] = now
        else:
            self.failed.add(category)
        return given

    # --- the pages

    def _is_out(self, day: date, category: str, now: datetime) -> bool:
        return day in self.truth.days and now >= self.faults.pages_from(day, category)

    def _catchup(self, category: str, when: str, query: dict[str, str], now: datetime) -> Reply:
        today = today_eastern(now)
        try:
            day = date.fromisoformat(when)
        except ValueError:
            return _bad("Invalid date format. Use format: YYYY-MM-DD")
        if day > today:
            return _bad(f"Invalid date: {day}. Can't request date later than today")
        if day < today - KEPT:
            return _bad(f"Invalid date: {day}. Catchup only allowed for past 90 days")
        if set(query) - {"abs", "page"}:
            return _bad("Unexpected parameters. Only accepted parameters are: 'page', and 'abs'")
        if category not in self.truth.categories:
            return _bad("Invalid subject. Subject must be an archive, category or 'grp_physics'")
        key = (category, day)
        if day in self.truth.days and not self._is_out(day, category, now):
            self._cached.setdefault(key, now + self.faults.empty_page_stays(day, category))
        empty = now < self._cached.get(key, now) or not self._is_out(day, category, now)
        batch = () if empty else self.truth.batch(day, category)
        later = [d for d in self.truth.days if d > day and self._is_out(d, category, now)]
        number = int(query.get("page", "1"))
        papers, next_day = [entry.as_paper() for entry in batch], min(later, default=None)
        body = as_catchup(category, day, papers, page=number, size=PAGE, next_day=next_day)
        return Reply(200, body, "text/html; charset=utf-8")

    def _recent(self, category: str, now: datetime) -> Reply:
        out = [day for day in self.truth.days if self._is_out(day, category, now)]
        newest = sorted(out, reverse=True)[:5]
        batches = {day: self.truth.batch(day, category) for day in newest}
        counts = {  # replacements are not counted
            day: sum(e.type in ("new", "cross") for e in batch) for day, batch in batches.items()
        }
        return Reply(200, as_recent(category, counts), "text/html; charset=utf-8")

    # --- the search interface

    def _api(self, query: dict[str, str], now: datetime) -> Reply:
        asked, fault = query.get("search_query", ""), self.faults.api(self.slot)
        if "id_list" in query:
            ids, day = query["id_list"].split(","), today_eastern(now)
            papers = [self.truth.papers[i] for i in ids if i in self.truth.papers]
            page = [Entry(p, p.version(day), "new").as_paper(_categories(p, day)) for p in papers]
            reply = Reply(200, as_results(page, len(page)), "application/atom+xml")
            return self._or_fault("api", fault if fault != "nothing" else None, reply)
        match = re.search(
            r"cat:([\w.-]+)\)? AND submittedDate:\[([0-9]{12}) TO ([0-9]{12})\]", asked
        )
        if match is None:
            return Reply(400, b"", "application/atom+xml")
        first, last = (
            datetime.strptime(text, "%Y%m%d%H%M").replace(tzinfo=UTC) for text in match.groups()[1:]
        )

        today = today_eastern(now + _EVENING)

        def is_found(paper: Paper) -> bool:
            listed = paper.listed.get(match[1])
            submitted = first <= paper.submitted < last + timedelta(minutes=1)
            return submitted and listed is not None and listed <= today

        results = sorted(filter(is_found, self.truth.papers.values()), key=lambda p: p.submitted)
        start, size = int(query.get("start", "0")), int(query.get("max_results", "10"))
        if fault == "nothing" and not self._asked["api"]:  # an empty page, and well again
            self._asked["api"] += 1
            return Reply(200, as_results([], 0))
        page = [
            Entry(paper, paper.version(today), "new").as_paper(_categories(paper, today))
            for paper in results[start : start + size]
        ]
        body = as_results(page, len(results))
        return self._or_fault("api", fault, Reply(200, body, "application/atom+xml"))


def _rss(category: str, day: date, batch: Batch, blemished: Collection[str]) -> bytes:
    """The feed under the dates of `day`, whatever the entries are of; the papers `blemished` have
    no title."""
    papers = [
        replace(
            entry.as_paper(_categories(entry.paper, day)),
            authors=tuple(tex for tex, _ in entry.paper.names),
            title="" if entry.paper.id in blemished else entry.paper.title,
        )
        for entry in batch
    ]
    return as_rss(category, day, papers)


def _categories(paper: Paper, day: date) -> list[str]:
    """Those that the paper had on `day`."""
    return [c for c in paper.categories if paper.listed.get(c, day) <= day]


def _bad(reason: str) -> Reply:
    return Reply(400, as_error(reason), "text/html; charset=utf-8")
