"""The model scorer against an endpoint: papers to score, settings, one call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from digest.core.config import Llm
from digest.core.day import Cut
from digest.core.papers import Paper
from digest.core.scores import Failure, Prompt, Score, Scoring, Topics
from digest.scoring import client, llm
from digest.scoring.prompt import load
from tests import make
from tests.scoring.fake import TOPICS, Fake

KEY = "sk-test-0123456789abcdef"
PROMPT = Prompt("You score papers.", "Score these.")
PROMPTS = Path(__file__).parents[2] / "prompts"


def papers(number: int) -> list[Paper]:
    return [make.paper(f"2601.{i:05}") for i in range(1, number + 1)]


def shipped_prompt() -> tuple[Topics, Prompt]:
    return load(PROMPTS, Cut(8, 7), "English")


def scored(
    url: str,
    to_score: Sequence[Paper],
    *,
    prompt: Prompt = PROMPT,
    topics: Sequence[str] = TOPICS,
    left_usd: float | None = None,
    keep: Callable[[Scoring], None] = lambda _: None,
    key: str = KEY,
    **settings: Any,
) -> Scoring:
    llm_settings = Llm(**settings)
    return llm.score(
        to_score,
        prompt,
        topics,
        llm_settings,
        lambda: client.open_client(key, url, llm_settings),
        left_usd,
        keep,
    )


def failures(scoring: Scoring) -> dict[str, str]:
    return {i: str(v.reason) for i, v in scoring.verdicts.items() if isinstance(v, Failure)}


def scores(scoring: Scoring) -> dict[str, Score]:
    return {i: v for i, v in scoring.verdicts.items() if isinstance(v, Score)}


def asks(fake: Fake) -> Counter[str]:
    """In how many requests each paper was."""
    return Counter(i for record in fake.records for i in record.ids)
