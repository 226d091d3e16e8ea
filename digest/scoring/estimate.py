"""Batches, and an estimate of what scoring them will cost, before anything is spent. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

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


def in_words(estimated: Scoring, past: Sequence[Digest]) -> str:
    """The estimate as the end of a sentence, and how good the estimates of past days were."""
    usage = estimated.usage
    words = (
        f"in about {count(usage.requests, 'request')}: {usage.prompt_tokens or 0:,} prompt and"
        f" {usage.completion_tokens or 0:,} completion tokens"
    )
    if estimated.cost_usd is None:
        words += ", at a price that is not known"
    else:
        words += f", {dollars(estimated.cost_usd)} if nothing is cached"
    prompt, completion = [], []  # actual tokens divided by estimated ones, of each day
    for actual in (digest.usage for digest in past):
        expected = actual.estimated_prompt_tokens, actual.estimated_completion_tokens
        if actual.prompt_tokens and actual.completion_tokens and expected[0] and expected[1]:
            prompt.append(actual.prompt_tokens / expected[0])
            completion.append(actual.completion_tokens / expected[1])
    if not prompt:
        return f"{words} (no past day to compare with)"
    return (
        f"{words}; on the last {count(len(prompt), 'day')} it took"
        f" {min(prompt):.2f} to {max(prompt):.2f} times the estimated prompt tokens and"
        f" {min(completion):.2f} to {max(completion):.2f} times the completion tokens"
    )
