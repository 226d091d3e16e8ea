"""Batches, and an estimate of what scoring them will cost, before anything is spent. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from digest.core.config import Llm
from digest.core.day import Digest
from digest.core.papers import Paper
from digest.core.scores import Prompt, Scoring, Usage
from digest.core.wording import count, dollars
from digest.scoring.prices import price
from digest.scoring.prompt import messages, speaks_to_the_model

# English abstracts run at 5.5 characters a token and prompts at 4.3 with OpenAI's o200k encoding;
# scripts other than Latin at one to two. The estimate is a little too high on purpose.
_CHARACTERS_A_TOKEN = 5.0
_OTHER_CHARACTERS_A_TOKEN = 1.5
_REPLY_TOKENS = 27  # of a paper: its id, scores, topic, punctuation
_COMMENT_TOKENS = 50
_COMMENTED = 0.2  # share of the papers


def tokens(text: str) -> int:
    """About how many tokens `text` has, whatever the encoding."""
    ascii_ones = sum(map(str.isascii, text))
    others = len(text) - ascii_ones
    return round(ascii_ones / _CHARACTERS_A_TOKEN + others / _OTHER_CHARACTERS_A_TOKEN)


def request(prompt: Prompt, papers: Sequence[Paper]) -> Usage:
    """The estimated tokens of one request with `papers`."""
    prompt_tokens = sum(tokens(message["content"]) for message in messages(prompt, papers))
    completion_tokens = round(len(papers) * (_REPLY_TOKENS + _COMMENTED * _COMMENT_TOKENS))
    return Usage(
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        requests=1,
        estimated_prompt_tokens=prompt_tokens,
        estimated_completion_tokens=completion_tokens,
    )


# Estimates are up to a quarter too high for English; Ollama leaves out half of what is too long.
_SHARE_READ = 0.7


def is_cut(reported: Usage, estimated: Usage) -> bool:
    """True if the provider reports far fewer prompt tokens than were sent: some local servers cut
    prompts to their context without an error (Ollama: to 4,096 tokens)."""
    read, sent = reported.prompt_tokens, estimated.prompt_tokens
    return read is not None and bool(sent) and read < _SHARE_READ * (sent or 0)


def batches(papers: Sequence[Paper], llm: Llm) -> list[tuple[Paper, ...]]:
    """The batches in which `papers` are sent, in their order.

    The papers are shuffled by their ids, because the place in a batch influences a score. If one
    batch is not enough, the first holds one paper: its request goes alone, and it brings the price
    of an answer and the errors of a wrong set-up soon. Papers that speak to the model are sent
    last, each alone.
    """
    shuffled = sorted(papers, key=lambda paper: hashlib.sha256(paper.id.encode()).digest())
    alone = [paper for paper in shuffled if speaks_to_the_model(paper)]
    others = [paper for paper in shuffled if paper not in alone]
    first = 1 if len(shuffled) > llm.batch_size else 0
    starts = range(first, len(others), llm.batch_size)
    return [
        *((paper,) for paper in others[:first]),
        *(tuple(others[i : i + llm.batch_size]) for i in starts),
        *((paper,) for paper in alone),
    ]


def scoring(papers: Sequence[Paper], prompt: Prompt, llm: Llm, base_url: str | None) -> Scoring:
    """Tokens, requests and dollars of scoring `papers`, if no request fails and nothing is cached.
    Holds no scores."""
    total = Scoring({})
    for batch in batches(papers, llm):
        usage = request(prompt, batch)
        paid = price(usage, llm.model, base_url, llm.extra.get("service_tier"))
        total += Scoring({}, usage, sum(paid) if paid else None)
    return total


@dataclass(frozen=True, slots=True)
class Experience:
    """Actual tokens divided by estimated ones on past days: the least and the most."""

    days: int
    prompt: tuple[float, float]
    completion: tuple[float, float]


def experience(digests: Sequence[Digest]) -> Experience | None:
    """How good the estimates of `digests` were; None if none of them has an estimate."""
    prompt, completion = [], []
    for usage in (digest.usage for digest in digests):
        estimated = usage.estimated_prompt_tokens, usage.estimated_completion_tokens
        if usage.prompt_tokens and usage.completion_tokens and estimated[0] and estimated[1]:
            prompt.append(usage.prompt_tokens / estimated[0])
            completion.append(usage.completion_tokens / estimated[1])
    if not prompt:
        return None
    return Experience(len(prompt), (min(prompt), max(prompt)), (min(completion), max(completion)))


def in_words(estimated: Scoring, past: Experience | None) -> str:
    """The estimate as the end of a sentence, and how good past estimates were."""
    usage = estimated.usage
    words = (
        f"in about {count(usage.requests, 'request')}: {usage.prompt_tokens or 0:,} prompt and"
        f" {usage.completion_tokens or 0:,} completion tokens"
    )
    if estimated.cost_usd is None:
        words += ", at a price that is not known"
    else:
        words += f", {dollars(estimated.cost_usd)} if nothing is cached"
    if past is None:
        return f"{words} (no past day to compare with)"
    prompt, completion = (
        f"{low:.2f} to {high:.2f}" for low, high in (past.prompt, past.completion)
    )
    return (
        f"{words}; on the last {count(past.days, 'day')} it took {prompt} times the estimated"
        f" prompt tokens and {completion} times the completion tokens"
    )
