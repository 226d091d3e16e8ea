"""The two judges of papers behind one seam: a language model, and the embedded scorer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from digest.core.config import Config
from digest.core.papers import Paper
from digest.core.scores import Prompt, ScoredBy, Scoring
from digest.scoring import embedded, estimate
from digest.scoring.prompt import load, load_topics

if TYPE_CHECKING:
    from openai import AsyncOpenAI


# Judges papers, for so many dollars at most; tells the callable of each answer that was paid for.
Score = Callable[[Sequence[Paper], float | None, Callable[[Scoring], None]], Scoring]


@dataclass(frozen=True)
class Scorer:
    """The seam between a run and whatever judges papers."""

    name: ScoredBy
    model: str | None
    prompt: Prompt
    score: Score
    foretell: Callable[[Sequence[Paper]], Scoring]  # what that will take; no verdicts


def make(config: Config, key: str | None, base_url: str | None) -> Scorer:
    """The scorer that the settings ask for.

    Without a `key` the model can only foretell. `base_url` counts where the settings name none.
    Raises `ConfigError` for what is wrong with the prompts.
    """
    return (
        _embedded(config) if config.scorer is ScoredBy.EMBEDDED else _model(config, key, base_url)
    )


def _embedded(config: Config) -> Scorer:
    topics = load_topics(config.prompts)

    def score(papers: Sequence[Paper], *_: object) -> Scoring:
        return Scoring(embedded.score(papers, topics))

    def foretell(papers: Sequence[Paper]) -> Scoring:  # noqa: ARG001 - it takes nothing
        return Scoring({})

    return Scorer(ScoredBy.EMBEDDED, None, Prompt(system="", user=topics.text), score, foretell)


def _model(config: Config, key: str | None, base_url: str | None) -> Scorer:
    settings = config.llm
    topics, prompt = load(config.prompts, config.keep.cut, settings.language)
    address = settings.base_url or base_url

    def connect() -> AsyncOpenAI:
        from digest.scoring import gate

        if key is None:
            raise ValueError("a scorer without a key can only foretell")
        return gate.open_client(key, address, settings)

    def score(
        papers: Sequence[Paper], left_usd: float | None, keep: Callable[[Scoring], None]
    ) -> Scoring:
        from digest.scoring import llm

        return llm.score(papers, prompt, topics.names, settings, connect, left_usd, keep)

    def foretell(papers: Sequence[Paper]) -> Scoring:
        return estimate.foretell(papers, prompt, settings, address)

    return Scorer(ScoredBy.MODEL, settings.model, prompt, score, foretell)
