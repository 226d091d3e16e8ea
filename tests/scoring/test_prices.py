"""Prices come from a table that its maker keeps; these are the ones the project relies on."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from digest.core.scores import Usage
from digest.scoring.prices import OPENAI, price

# The day that the project is measured by.
DAY = Usage(prompt_tokens=94_363, completion_tokens=68_277, requests=46)
OPENROUTER = "https://openrouter.ai/api/v1"
GATEWAY = "https://llm.example.org/v1"


def dollars(
    model: str, base_url: str | None = None, usage: Usage = DAY, tier: str | None = None
) -> float | None:
    paid = price(usage, model, base_url, tier)
    return None if paid is None else sum(paid)


@pytest.mark.parametrize(("model", "paid"), [("gpt-5", 0.80), ("gpt-6-luna", 0.0436)])
def test_the_published_day(model: str, paid: float) -> None:
    assert dollars(model) == pytest.approx(paid, abs=0.001)


@pytest.mark.parametrize(
    "base_url", [OPENAI, GATEWAY, "https://8.8.8.8/v1", "https://localhost.example.com/v1"]
)
def test_a_known_model_costs_what_its_maker_asks_wherever_it_is(base_url: str | None) -> None:
    assert dollars("gpt-5", base_url) == dollars("gpt-5")


def test_a_reseller_has_its_own_names() -> None:
    assert dollars("openai/gpt-5", OPENROUTER) == pytest.approx(0.80, abs=0.001)
    assert dollars("gpt-5", OPENROUTER) is None


@pytest.mark.parametrize(
    ("model", "base_url"),
    [
        ("gpt-nobody-knows", None),
        ("gpt-5", "https://api.deepseek.com"),
    ],
)
def test_a_model_that_nobody_lists_is_not_free_but_unknown(
    model: str, base_url: str | None
) -> None:
    assert dollars(model, base_url) is None


@pytest.mark.parametrize(
    "base_url",
    [
        "http://127.0.0.1:8000/v1",
        "http://[::1]:8000/v1",
        "http://localhost:11434/v1",
        "http://192.168.1.20:1234/v1",
        "http://ollama:11434/v1",
        "http://gpu.lab.internal/v1",
        "http://mac.local:1234/v1",
    ],
)
def test_a_model_on_ones_own_machine_costs_nothing(base_url: str) -> None:
    assert dollars("gpt-5", base_url) == dollars("deepseek-r1:7b", base_url, Usage()) == 0


@pytest.mark.parametrize(
    ("at", "expected"),
    [("2026-11-22T20:00:00Z", 0.050), ("2026-11-23T01:00:00Z", 0.101)],
    ids=["at night", "at its peak hours, where it asks twice as much"],
)
def test_a_maker_other_than_openai(at: str, expected: float) -> None:
    with time_machine.travel(at):
        actual = dollars("deepseek-chat", "https://api.deepseek.com")
    assert actual == pytest.approx(expected, abs=0.02)


def test_cached_tokens_are_cheaper_and_only_they() -> None:
    cached = Usage(prompt_tokens=94_363, cached_tokens=80_000, completion_tokens=68_277)
    actual = price(cached, "gpt-6-luna", None)
    assert actual == pytest.approx((14_363 * 0.10e-6 + 80_000 * 0.01e-6, 68_277 * 0.50e-6))


def test_flex_is_half_price() -> None:
    assert dollars("gpt-5", tier="flex") == pytest.approx(0.40, abs=0.001)


@pytest.mark.parametrize(
    "usage",
    [
        Usage(requests=1),
        Usage(completion_tokens=5, requests=1),
        Usage(prompt_tokens=5, cached_tokens=6, completion_tokens=1),
        Usage(prompt_tokens=-1, completion_tokens=1),
    ],
)
def test_counts_that_are_missing_or_cannot_be_have_no_price(usage: Usage) -> None:
    assert price(usage, "gpt-6-luna", None) is None


counts = st.none() | st.integers(-10, 2**53)


ARGUMENTS = st.tuples(
    st.builds(Usage, counts, counts, counts),
    st.text(max_size=8) | st.sampled_from(["gpt-5", "gpt-6-luna"]),
    st.none() | st.text(max_size=12),
    st.none() | st.text(max_size=5),
    st.integers(-10, 2**53),
)


@given(ARGUMENTS)
def test_whatever_an_endpoint_says_it_has_a_price_or_none(arguments: tuple[Any, ...]) -> None:
    paid = price(*arguments)
    assert paid is None or min(paid) >= 0
