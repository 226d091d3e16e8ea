"""What scoring will take, before anything is spent. Pure."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from digest.core.config import Llm
from digest.core.models import Digest
from digest.core.papers import Paper
from digest.core.scores import Prompt, Scoring, Usage
from digest.core.wording import count, dollars
from digest.scoring.prices import price
from digest.scoring.prompt import addresses_the_judge, messages

# English abstracts run at 5.5 characters a token and prompts at 4.3 with OpenAI's o200k encoding;
# scripts other than Latin at one to two. Meant to be a little too high.
_CHARACTERS_A_TOKEN = 5.0
_OTHER_CHARACTERS_A_TOKEN = 1.5
_REPLY_TOKENS = 27  # of a paper: id, scores, topic, punctuation
_COMMENT_TOKENS = 50
_COMMENTED = 0.2  # of the papers


def tokens(text: str) -> int:
    """About how many tokens `text` has, whatever the encoding."""
    ascii_ones = sum(map(str.isascii, text))
    others = len(text) - ascii_ones
    return round(ascii_ones / _CHARACTERS_A_TOKEN + others / _OTHER_CHARACTERS_A_TOKEN)


def request(prompt: Prompt, papers: Sequence[Paper]) -> Usage:
    """What one request with `papers` will take."""
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
    """Whether the provider reports far fewer prompt tokens than were sent: some local servers cut
    prompts to their context without an error (Ollama: to 4,096 tokens)."""
    read, sent = reported.prompt_tokens, estimated.prompt_tokens
    if read is None or not sent:
        return False
    return read < _SHARE_READ * sent


def batches(papers: Sequence[Paper], llm: Llm) -> Iterator[tuple[Paper, ...]]:
    """How `papers` go out: shuffled by their ids, so that place says nothing; where they are more
    than a batch, one alone before all others; then full batches, and what is left of them in a last
    round of shrinking ones; then those that speak to the judge, each alone.

    The first batch comes at once. To know who speaks to the judge takes the time of a request: the
    others are made while it is under way.
    """
    shuffled = sorted(papers, key=lambda paper: hashlib.sha256(paper.id.encode()).digest())
    size, at_once = llm.batch_size, llm.concurrency
    if len(shuffled) > size:
        first = next((p for p in shuffled if not addresses_the_judge(p)), shuffled[0])
        shuffled.remove(first)
        yield (first,)
    speaks = {paper.id: addresses_the_judge(paper) for paper in shuffled}
    rest = [paper for paper in shuffled if not speaks[paper.id]]
    full = max(0, math.ceil(len(rest) / size / at_once) - 1) * at_once
    yield from (tuple(rest[i * size : (i + 1) * size]) for i in range(full))
    last = rest[full * size :]
    if full:
        yield from _shrinking(last, size, min(at_once, len(last)))
    else:
        number = math.ceil(len(last) / size)
        yield from (tuple(last[i::number]) for i in range(number))
    yield from ((paper,) for paper in shuffled if speaks[paper.id])


def _shrinking(papers: Sequence[Paper], size: int, number: int) -> Iterator[tuple[Paper, ...]]:
    """So many batches, from about `size` papers down to few: who is free first gets the largest,
    and all end at about the same time."""
    mean = len(papers) / number
    most_above = min(size - mean, mean - 1)
    begin, sought = 0, 0.5
    for i in range(number):
        sought += mean + most_above * (1 - 2 * i / max(1, number - 1))
        yield tuple(papers[begin : (begin := math.floor(sought))])


def foretell(papers: Sequence[Paper], prompt: Prompt, llm: Llm, base_url: str | None) -> Scoring:
    """What scoring `papers` will take if all goes well and nothing is cached; no verdicts."""
    foretold = Scoring({})
    for batch in batches(papers, llm):
        usage = request(prompt, batch)
        paid = price(usage, llm.model, base_url, llm.extra.get("service_tier"))
        foretold += Scoring({}, usage, sum(paid) if paid else None)
    return foretold


@dataclass(frozen=True, slots=True)
class Experience:
    """How past days came out: actual tokens over foretold ones, the least and the most."""

    days: int
    prompt: tuple[float, float]
    completion: tuple[float, float]


def experience(digests: Sequence[Digest]) -> Experience | None:
    """What `digests` teach about the estimates; None where none of them was estimated."""
    prompt, completion = [], []
    for usage in (digest.usage for digest in digests):
        foretold = usage.estimated_prompt_tokens, usage.estimated_completion_tokens
        if usage.prompt_tokens and usage.completion_tokens and foretold[0] and foretold[1]:
            prompt.append(usage.prompt_tokens / foretold[0])
            completion.append(usage.completion_tokens / foretold[1])
    if not prompt:
        return None
    return Experience(len(prompt), _spread(prompt), _spread(completion))


def in_words(foretold: Scoring, past: Experience | None) -> str:
    """What scoring will take, as the end of a sentence, and how far to trust that."""
    usage = foretold.usage
    said = (
        f"in about {count(usage.requests, 'request')}: {usage.prompt_tokens or 0:,} prompt and"
        f" {usage.completion_tokens or 0:,} completion tokens"
    )
    if foretold.cost_usd is None:
        said += ", at a price that is not known"
    else:
        said += f", {dollars(foretold.cost_usd)} if nothing is cached"
    if past is None:
        return f"{said} (no past day to compare with)"
    spreads = (past.prompt, past.completion)
    prompt, completion = (f"{low:.2f} to {high:.2f}" for low, high in spreads)
    return (
        f"{said}; on the last {count(past.days, 'day')} it took {prompt} times the foretold prompt"
        f" tokens and {completion} times the completion tokens"
    )


def _spread(ratios: Sequence[float]) -> tuple[float, float]:
    return min(ratios), max(ratios)
