"""An OpenAI-compatible endpoint whose physics are known, for whole days and for scripted faults.

A request takes `ttft + completion tokens / tps` seconds. A prefix of 1,024 tokens or more, in steps
of 128, is cached once a request that carried it (same model, same `prompt_cache_key`) is past its
time to first token. Over `rpm` a request gets a 429 with Retry-After. Tokens are o200k's.

    with Fake(labels, Physics(ttft=0.5, tps=80), respond=in_turn(server_error())) as fake:
        client = AsyncOpenAI(base_url=fake.url, api_key="sk-test")

In a process of its own: `python -m tests.scoring.fake --labels labels.json --ttft 0.5 --tps 80`.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import hashlib
import json
import math
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from http.client import responses
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import pytest

from digest.core.papers import AnnounceType, Paper
from tests.make import PATIENCE_S
from tests.scoring.physics import Physics, completion_tokens, ideal_schedule
from tests.scoring.replies import (
    Label,
    Request,
    Response,
    Step,
    answer,
    as_json,
    completion,
    error,
    made_up,
    rate_limited,
    take,
)
from tests.scoring.tokens import PrefixCache, messages_of, prompt_of

__all__ = [
    "Fake",
    "Label",
    "Physics",
    "Record",
    "completion_tokens",
    "ideal_schedule",
    "labels_of_seed_day",
]

# The line with which the client begins a paper, in the last user message.
PAPER = re.compile(r'^<paper id="([\w./-]+)">$', re.MULTILINE)

PUBLIC_HOST = "llm.example.com"
GONE = 499  # recorded when the client hung up before its answer, as nginx does
TOPICS = (
    "Architecture",
    "Compression and efficiency",
    "Large-scale training",
    "Representation learning",
)


@dataclass(slots=True)
class Record:
    """One request and what it came to. Times are `time.monotonic()`."""

    number: int
    body: Mapping[str, Any]
    ids: tuple[str, ...]
    target: str  # path and query
    authorized: bool  # it had an Authorization header
    in_flight: int  # requests under way when it came, with it
    started: float
    ended: float | None = None
    status: int | None = None  # None: no whole answer was sent, or not yet
    seconds: float = 0.0  # what the physics asked for, whatever the machine made of it
    prompt_tokens: int = 0  # these three only with status 200
    cached_tokens: int = 0
    completion_tokens: int = 0


@dataclass
class Fake:
    """The endpoint on a port of its own, in a thread of its own."""

    labels: Mapping[str, Label] = field(default_factory=dict)
    physics: Physics = field(default_factory=Physics)
    respond: Step = None
    public: bool = False  # under a public host's name, reached as its proxy: models have a price

    port: int = field(default=0, init=False)
    records: list[Record] = field(default_factory=list, init=False)
    connections: int = field(default=0, init=False)
    most_in_flight: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._in_flight = 0
        self._environment = pytest.MonkeyPatch()  # for `public`
        self._cache = PrefixCache()
        self._level, self._filled = float(self.physics.burst), time.monotonic()
        self._up = threading.Event()
        self._failure: BaseException | None = None  # of the script or of the fake itself
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def url(self) -> str:
        """For `base_url`."""
        return f"http://{PUBLIC_HOST}/v1" if self.public else f"{self._origin}/v1"

    @property
    def _origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def answered(self) -> Counter[str]:
        """How often each id was in a batch that got a whole answer of status 200."""
        return Counter(i for r in self.records if r.status == 200 for i in r.ids)

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._up.wait(PATIENCE_S) or self._failure:
            raise RuntimeError(f"the fake did not start on port {self.port}") from self._failure
        if self.public:
            self._environment.setenv("HTTP_PROXY", self._origin)
            self._environment.setenv("NO_PROXY", "127.0.0.1,localhost")
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._environment.undo()
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE_S)
        if self._failure and kind is None:
            raise self._failure

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as e:  # noqa: BLE001 raised in the thread that uses the fake
            self._failure = e
            self._up.set()

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._connection, "127.0.0.1", self.port, backlog=512)
        self.port = server.sockets[0].getsockname()[1]
        self._up.set()
        await self._stop.wait()
        server.close()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client or the fake has ended
        except Exception as e:  # noqa: BLE001 raised when the fake ends
            self._failure = e
        writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; whether the connection goes on."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ", 2)
        pairs = (line.partition(":") for line in head[1:] if line)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        sent = await reader.readexactly(int(headers.get("content-length", 0)))
        if method == "POST" and urlsplit(target).path.endswith("/v1/chat/completions"):
            going = await self._complete(target, headers, sent, reader, writer)
        elif target == "/records":  # for a fake in another process
            going = await _write(writer, as_json([asdict(record) for record in self.records]))
        else:
            going = await _write(writer, error(404, f"Invalid URL ({method} {target})"))
        return going and headers.get("connection", "").lower() != "close"

    async def _complete(
        self,
        target: str,
        headers: Mapping[str, str],
        sent: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        """Answer a completion request; whether the connection goes on."""
        body = json.loads(sent)
        messages, tokens = messages_of(body), prompt_of(body)
        self._in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self._in_flight)
        asked = next((text for role, text in reversed(messages) if role == "user"), "")
        ids = tuple(dict.fromkeys(PAPER.findall(asked)))
        number, authorized = len(self.records), "authorization" in headers
        record = Record(number, body, ids, target, authorized, self._in_flight, time.monotonic())
        self.records.append(record)

        place = f"{body.get('model')} {body.get('prompt_cache_key')}"
        cached = self._cache.hit(place, tokens)
        content, thoughts = answer(self.labels, ids), self.physics.reasoning
        request = Request(number, headers, body, ids, content, len(tokens), cached, thoughts)
        response = self._limit() or take(self.respond, request) or completion(request)
        record.seconds = response.seconds
        if response.tokens is not None:
            record.seconds = self.physics.seconds(response.tokens)

        gone = asyncio.create_task(reader.read(1))  # a client waits; it has nothing more to say
        try:
            if response.tokens is not None and await _wait(gone, self.physics.ttft):
                self._cache.add(place, tokens)
            there = await _wait(gone, record.started + record.seconds - time.monotonic())
            while there and response.held and not response.held.is_set():
                there = await _wait(gone, 0.01)
        finally:
            self._in_flight -= 1
            gone.cancel()
            await asyncio.wait({gone})
            if not gone.cancelled():
                gone.exception()
            record.ended = time.monotonic()
        if not there:
            record.status = GONE
        elif response.cut is None and response.drip is None:
            record.status = response.status
        if record.status == 200:
            record.prompt_tokens, record.cached_tokens = len(tokens), cached
            record.completion_tokens = response.tokens or 0
        return there and await _write(writer, response)

    def _limit(self) -> Response | None:
        """A 429 when the bucket is empty."""
        if self.physics.rpm is None:
            return None
        now, rate = time.monotonic(), self.physics.rpm / 60
        level = min(self.physics.burst, self._level + (now - self._filled) * rate)
        self._filled, self._level = now, level if level < 1 else level - 1
        if level >= 1:
            return None
        wait = (1 - level) / rate
        return rate_limited(str(math.ceil(wait)), wait if self.physics.exact else None)


async def _wait(gone: asyncio.Task[bytes], seconds: float) -> bool:
    """Whether the client was still there after so long."""
    await asyncio.wait({gone}, timeout=None if seconds == math.inf else max(seconds, 0))
    return not gone.done()


async def _write(writer: asyncio.StreamWriter, response: Response) -> bool:
    """Send it, or as much of it as is to be sent; whether the connection goes on."""
    if response.cut == -1:
        return False
    length = 2**40 if response.drip is not None else len(response.body)
    lines = [f"HTTP/1.1 {response.status} {responses.get(response.status, '')}"]
    lines += [f"{k}: {v}" for k, v in {**response.headers, "Content-Length": length}.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + response.body[: response.cut])
    await writer.drain()
    while response.drip is not None:  # until the client hangs up
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(response.drip)
    return response.cut is None


def labels_of_seed_day(
    real_data: Path, topics: Sequence[str] = TOPICS
) -> tuple[list[Paper], dict[str, Label]]:
    """The 451 papers of 2026-01-30, and the verdicts of the bot that kept 68 of them.

    Its topics are not recorded, nor is what it thought of the others: those are made up of the id.
    """
    papers, labels = [], {}
    with gzip.open(real_data / "seed_day/2026-01-30.jsonl.gz", "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            papers.append(
                Paper(
                    id=row["id"],
                    version=1,
                    title=row["title"],
                    authors=tuple(row["authors"]),
                    abstract=row["abstract"],
                    categories=tuple(row["categories"]),
                    announce_type=AnnounceType.NEW,
                )
            )
            label = made_up(row["id"])
            if row["relevant"]:
                label = Label(
                    relevance=row["relevance"],
                    novelty=row["novelty"],
                    topic=topics[hashlib.sha256(row["id"].encode()).digest()[2] % len(topics)],
                    comment=row["comment"],
                )
            labels[row["id"]] = label
    return papers, labels


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.scoring.fake")
    parser.add_argument("--labels", type=Path, help="JSON: labels by id")
    parser.add_argument("--ttft", type=float, default=0.0, help="seconds")
    parser.add_argument("--tps", type=float, default=math.inf)
    parser.add_argument("--rpm", type=float)
    parser.add_argument("--burst", type=int, default=1)
    parser.add_argument("--reasoning", type=int, default=0)
    given = parser.parse_args(argv)
    labels = json.loads(given.labels.read_text(encoding="utf-8")) if given.labels else {}
    physics = Physics(given.ttft, given.tps, given.rpm, given.burst, given.reasoning)
    stop = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)  # before the thread, which inherits it
    with Fake(labels, physics) as fake:
        print(fake.url, flush=True)
        signal.sigwait(stop)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
