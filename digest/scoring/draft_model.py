"""Topics drafted from a reader's library by the model, in one request.

Its answer is checked before it is used: what does not read as topics is a failure, never a file.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from digest.core.config import Llm
from digest.core.errors import ConfigError, ScoringError
from digest.core.papers import AnnounceType, Paper
from digest.core.scores import Prompt, Topic, Topics, Usage
from digest.core.text import one_line
from digest.core.votes import VotedPaper
from digest.scoring import draft, estimate
from digest.scoring.client import Client
from digest.scoring.completion import Answer
from digest.scoring.endpoint import Endpoint
from digest.scoring.prices import price
from digest.scoring.prompt import SHIPPED, messages
from digest.scoring.request_form import json_schema

MOST_PAPERS = 200  # of a larger library every n-th
_LONGEST_ABSTRACT = 1_200  # characters: what a paper is about stands in its first sentences
_REPLY_TOKENS = 1_500
_LONGEST_HEADING, _LONGEST_PHRASE, _MOST_PHRASES = 60, 60, 30
_HEADING = re.compile(r"[^\W_][^\n#<>|`*{}\[\]]*")
_STRINGS = {"type": "array", "items": {"type": "string"}}
_SCHEMA = {"heading": {"type": "string"}, "phrases": _STRINGS}


@dataclass(frozen=True, slots=True)
class Request:
    """What would be sent, and what it would cost."""

    prompt: Prompt
    papers: tuple[Paper, ...]
    usage: Usage  # estimated
    cost_usd: float | None  # None: the price is not known


def request(library: Sequence[VotedPaper], llm: Llm, address: str | None) -> Request:
    """The request for a draft. The papers' ids are numbers: none comes from the file."""
    step = max(1, -(-len(library) // MOST_PAPERS))
    papers = tuple(
        Paper(str(n), 1, p.title, (), p.abstract[:_LONGEST_ABSTRACT], (), AnnounceType.NEW)
        for n, p in enumerate(library[::step], start=1)
    )
    prompt = Prompt((SHIPPED / "draft.md").read_text(encoding="utf-8").strip(), "The library:")
    sent = sum(estimate.tokens(m["content"]) for m in messages(prompt, papers))
    usage = Usage(prompt_tokens=sent, completion_tokens=_REPLY_TOKENS, requests=1)
    paid = price(usage, llm.model, address, llm.extra.get("service_tier"))
    return Request(prompt, papers, usage, sum(paid) if paid else None)


@dataclass(frozen=True, slots=True)
class Reply:
    """The model's topics; None, with the reason, if its answer cannot be used."""

    topics: Topics | None
    why: str = ""
    usage: Usage = Usage()
    cost_usd: float | None = None


def ask(asked: Request, llm: Llm, connect: Callable[[], Client]) -> Reply:
    """Send the request. No answer makes it raise, nor a rejected key: the reply then says why."""

    async def send() -> tuple[Answer, Endpoint]:
        async with connect() as client:
            endpoint = Endpoint(client, asked.prompt, llm, json_schema("topics", _SCHEMA))
            return await endpoint.ask(asked.papers), endpoint

    try:
        answer, endpoint = asyncio.run(send())
    except ScoringError as error:
        return Reply(None, str(error))
    tier = llm.extra.get("service_tier")
    paid = price(answer.usage, llm.model, endpoint.address, answer.tier or tier)
    cost_usd = answer.cost_usd or (sum(paid) if paid else None)
    if answer.failure:
        return Reply(None, answer.failure.sentence, answer.usage, cost_usd)
    try:
        return Reply(read(endpoint.scrub(answer.text)), "", answer.usage, cost_usd)
    except ConfigError as error:
        return Reply(None, endpoint.make_safe(str(error)), answer.usage, cost_usd)


def read(text: str) -> Topics:
    """The topics in a reply. Raises `ConfigError` if it is not what was asked for."""
    match = re.search(r"\{.*\}", text, re.DOTALL)
    try:
        entries = json.loads(match[0] if match else "")["topics"]
        topics = tuple(_topic(entry["heading"], entry["phrases"]) for entry in entries)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ConfigError("the model's reply holds no topics") from error
    if not 1 <= len(topics) <= draft.MOST_TOPICS:
        raise ConfigError(f"the model's reply has {len(topics)} topics")
    drafted = Topics(topics, (), (), "")
    draft.written(drafted)
    return drafted


def _topic(heading: str, phrases: Sequence[str]) -> Topic:
    if not _HEADING.fullmatch(heading) or len(heading) > _LONGEST_HEADING:
        raise ConfigError(f"the model's reply has the heading '{one_line(heading, 40)}'")
    clean = [one_line(p).strip(" .,;") for p in phrases if 0 < len(p) <= _LONGEST_PHRASE]
    wanted = [p for p in dict.fromkeys(clean) if re.fullmatch(r"[\w][^<>`#|*:;{}\[\]]*", p)]
    if not wanted:
        raise ConfigError(f"the model's reply has no phrases for '{one_line(heading, 40)}'")
    return Topic(one_line(heading), ", ".join(wanted[:_MOST_PHRASES]), "")
