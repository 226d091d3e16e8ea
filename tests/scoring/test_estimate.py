from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from digest.core.day import Digest
from digest.core.scores import Scoring, Usage
from digest.scoring.estimate import in_words, tokens
from tests import make
from tests.make import DAY
from tests.scoring.tokens import encode

PAST = Usage(
    prompt_tokens=1_100,
    completion_tokens=90,
    requests=1,
    estimated_prompt_tokens=1_000,
    estimated_completion_tokens=100,
)


# --- tokens -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "热量如何穿过洋流：我们测量了涡旋的输运，发现大部分热量是被搅动的。",
        "Мы измеряем, как вихри переносят тепло через течение.",
    ],
)
def test_other_scripts_are_not_taken_for_english(text: str) -> None:
    assert 0.7 <= tokens(text) / len(encode(text)) <= 2.5


# --- in words ---------------------------------------------------------------------------------

ESTIMATED = Scoring(
    {}, Usage(prompt_tokens=202_244, completion_tokens=16_687, requests=50), 0.028568
)
UNCOMPARABLE = [
    Usage(prompt_tokens=1_100, completion_tokens=90, requests=1),
    replace(PAST, prompt_tokens=None),
    replace(PAST, estimated_completion_tokens=0),
]


def days(*usages: Usage) -> list[Digest]:
    return [
        replace(make.digest(day=DAY - timedelta(days=n)), usage=usage)
        for n, usage in enumerate(usages)
    ]


def test_an_estimate_without_a_past_says_so() -> None:
    assert in_words(ESTIMATED, days(*UNCOMPARABLE)) == (
        "in about 50 requests: 202,244 prompt and 16,687 completion tokens, $0.0286 if nothing is"
        " cached (no past day to compare with)"
    )


def test_an_estimate_says_how_far_to_trust_it() -> None:
    cheap = replace(PAST, prompt_tokens=900, completion_tokens=400)
    assert in_words(ESTIMATED, days(PAST, cheap, PAST, *UNCOMPARABLE)).endswith(
        "; on the last 3 days it took 0.90 to 1.10 times the estimated prompt tokens and 0.90 to"
        " 4.00 times the completion tokens"
    )


def test_an_unknown_price_is_not_free() -> None:
    message = in_words(replace(ESTIMATED, cost_usd=None), [])
    assert "at a price that is not known" in message
    assert "$" not in message
