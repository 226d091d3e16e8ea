"""Topics and prompts for a scorer, and its scores: frozen values, no I/O."""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, TypeVar


class ScoredBy(StrEnum):
    """Who scores papers, as written in config.yaml and in the records."""

    MODEL = "llm"
    EMBEDDED = "offline"  # the scorer that comes with the program


@dataclass(frozen=True, slots=True)
class Topic:
    """One heading of `topics.md`, and what is relevant and irrelevant to it, as written."""

    name: str
    relevant: str
    irrelevant: str


@dataclass(frozen=True, slots=True)
class Topics:
    """The user's interests: `topics.md`, parsed."""

    topics: tuple[Topic, ...]
    keywords: tuple[str, ...]
    avoid: tuple[str, ...]
    text: str  # the file as written, without its comments
    general: Topic | None = None  # what is written above the topics, about all of them
    context: str = ""  # about the reader: matched by nothing
    notes: tuple[str, ...] = ()  # what was not sure how to read, a sentence each

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(topic.name for topic in self.topics)


@dataclass(frozen=True, slots=True)
class Prompt:
    """The prompt without the papers. The embedded scorer reads only `user`."""

    system: str
    user: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(f"{self.system}\0{self.user}".encode()).hexdigest()


NO_TOPIC = "none"


@dataclass(frozen=True, slots=True)
class Score:
    """A scorer's answer about one paper."""

    relevance: int  # 1 to 10
    novelty: int | None  # 1 to 10; None: the scorer gives none
    topic: str = NO_TOPIC  # a heading of topics.md, or NO_TOPIC
    comment: str = ""
    similarity: float | None = None  # the embedded scorer's, from which it computes the relevance
    # The percentage of the day's papers that the learner, before it learned from that day, put
    # lower. None in older records, and for papers scored after it had.
    match: int | None = None
    words: tuple[str, ...] = ()  # of the paper, which moved `match` most


class Reason(StrEnum):
    """Why a paper was not scored."""

    REFUSED = "refused"  # because of the paper's text: a content filter
    TOO_LONG = "too long"
    REJECTED = "request rejected"  # the request itself is not accepted
    INVALID = "invalid reply"
    RATE_LIMITED = "rate limited"
    TIMEOUT = "timeout"
    SERVER_ERROR = "server error"  # or no connection
    BUDGET = "budget"
    INTERRUPTED = "interrupted"
    UNREADABLE = "unreadable"  # arXiv's entry of the paper: no scorer was asked


# A later request for a score would end in the same way.
FINAL_REASONS = frozenset({Reason.REFUSED, Reason.TOO_LONG, Reason.UNREADABLE})


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a paper could not be scored."""

    reason: str  # a `Reason`, or a scorer's own words


Verdict = Score | Failure


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens and requests. None: the provider did not report it."""

    prompt_tokens: int | None = None
    cached_tokens: int | None = None  # of the prompt's
    completion_tokens: int | None = None
    reasoning_tokens: int | None = None  # of the completion's
    requests: int = 0  # answered ones
    prompt_usd: float | None = None  # what the prompts cost; None: not known
    estimated_prompt_tokens: int | None = None  # estimated before each request
    estimated_completion_tokens: int | None = None
    cut_requests: int = 0  # of which the provider read much less than was sent

    def __add__(self, other: Usage) -> Usage:
        """Both together. Unknown if one of them is, except if it has no request at all."""
        if not self.requests:
            return other
        if not other.requests:
            return self
        totals: dict[str, Any] = {
            f.name: add(getattr(self, f.name), getattr(other, f.name)) for f in fields(self)
        }
        return Usage(**totals)


Number = TypeVar("Number", int, float)


def add(a: Number | None, b: Number | None) -> Number | None:
    """The sum, rounded to a billionth; None if one of them is None."""
    return None if a is None or b is None else round(a + b, 9)


@dataclass(frozen=True, slots=True)
class Scoring:
    """A scorer's answers about a batch of papers."""

    verdicts: Mapping[str, Verdict]  # by paper id
    usage: Usage = Usage()
    cost_usd: float | None = None
    trouble: str = ""  # why the scorer gave up and what to do, or ""

    def __add__(self, other: Scoring) -> Scoring:
        """Both together. If both have a verdict on a paper, the later one counts."""
        if not self.usage.requests or not other.usage.requests:
            cost_usd = other.cost_usd if not self.usage.requests else self.cost_usd
        else:
            cost_usd = add(self.cost_usd, other.cost_usd)
        verdicts = {**self.verdicts, **other.verdicts}
        trouble = other.trouble or self.trouble
        return Scoring(verdicts, self.usage + other.usage, cost_usd, trouble)


def auc(above: Iterable[int], below: Iterable[int]) -> float | None:
    """The probability that a paper at or above the cut has a higher match than one below; of equal
    matches half counts. None if there are none of one kind."""
    ordered, matches = sorted(below), list(above)
    if not ordered or not matches:
        return None
    wins = sum(bisect_left(ordered, m) + bisect_right(ordered, m) for m in matches)
    return wins / (2 * len(ordered) * len(matches))
