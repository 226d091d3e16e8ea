"""A scorer, as the other rooms see it: a language model, or the embedded scorer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from digest.core.config import Config
from digest.core.papers import Paper
from digest.core.scores import Prompt, ScoredBy, Scoring, Topics
from digest.scoring import embedded, estimate
from digest.scoring.prompt import load, load_topics

# Scores papers, for at most so many dollars (None: no limit). The callable gets each paid answer.
Score = Callable[[Sequence[Paper], float | None, Callable[[Scoring], None]], Scoring]


@dataclass(frozen=True)
class Scorer:
    """What a run needs of a scorer."""

    name: ScoredBy
    model: str | None
    prompt: Prompt
    score: Score
    estimate: Callable[[Sequence[Paper]], Scoring]  # tokens, requests and cost; no scores
    topics: Topics


def make_scorer(config: Config, key: str | None, base_url: str | None) -> Scorer:
    """The scorer that the settings name.

    Without a `key` the model's scorer can only estimate. `base_url` is used if the settings have
    none. Raises `ConfigError` for mistakes in the prompts.
    """
    if config.scorer is ScoredBy.EMBEDDED:
        topics = load_topics(config.prompts)
        return Scorer(
            name=ScoredBy.EMBEDDED,
            model=None,
            prompt=Prompt(system="", user=topics.text),
            score=lambda papers, *_: Scoring(embedded.score(papers, topics)),
            estimate=lambda _: Scoring({}),
            topics=topics,
        )
    settings = config.llm
    topics, prompt = load(config.prompts, config.keep.cut(ScoredBy.MODEL), settings.language)
    address = settings.base_url or base_url

    def score(
        papers: Sequence[Paper], budget_usd: float | None, save: Callable[[Scoring], None]
    ) -> Scoring:
        from digest.scoring import llm  # the SDK takes half a second to import
        from digest.scoring.client import open_client

        if key is None:
            raise ValueError("a scorer without a key can only estimate")
        connect = partial(open_client, key, address, settings)
        return llm.score(papers, prompt, topics.names, settings, connect, budget_usd, save)

    return Scorer(
        name=ScoredBy.MODEL,
        model=settings.model,
        prompt=prompt,
        score=score,
        estimate=lambda papers: estimate.scoring(papers, prompt, settings, address),
        topics=topics,
    )
