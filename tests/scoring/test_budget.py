"""What a run may spend, and what it says of its cost."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from digest.core.scores import Scoring
from tests.scoring import replies
from tests.scoring.fake import Fake, Physics
from tests.scoring.replies import Request, Response
from tests.scoring.scoring import failures, papers, scored, scores, shipped_prompt

pytestmark = pytest.mark.usefixtures("impatient")


def test_the_budget_is_not_overspent() -> None:
    kept: list[Scoring] = []
    _, prompt = shipped_prompt()
    with Fake(physics=Physics(ttft=0.02), public=True) as fake:
        scoring = scored(
            fake.url, papers(120), prompt=prompt, left_usd=0.002, keep=kept.append, batch_size=5
        )
    assert scoring.cost_usd is not None
    assert 0.001 < scoring.cost_usd <= 0.002
    assert set(failures(scoring).values()) == {"budget"}
    assert len(scores(scoring)) == sum(len(part.verdicts) for part in kept) > 0


def test_a_timeout_counts_as_paid() -> None:
    def later(request: Request) -> Response | None:
        return replies.hanging() if request.number else None

    with Fake(respond=later, public=True) as fake:
        scoring = scored(
            fake.url, papers(31), batch_size=5, concurrency=1, timeout_s=1.0, left_usd=0.00025
        )
    assert set(failures(scoring).values()) == {"budget"}
    assert 2 <= len(fake.records) <= 4


def test_an_unknown_price_is_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    with Fake(public=True) as fake, caplog.at_level(logging.INFO, "digest"):
        scoring = scored(fake.url, papers(60), left_usd=0.000001, model="home-made")
    assert len(scores(scoring)) == 60
    assert sum("price" in r.getMessage() for r in caplog.records) == 1


def stated(completion_tokens: int) -> dict[str, int]:
    """What an endpoint reports; 20,000 tokens cost $0.0102, 200 cost $0.0003."""
    return {"prompt_tokens": 2000, "completion_tokens": completion_tokens}


@pytest.mark.parametrize("concurrency", [1, 64])
def test_steady_answers_never_pass_the_budget(concurrency: int) -> None:
    with Fake(respond=replies.usage(stated(20_000)), public=True) as fake:
        scoring = scored(
            fake.url, papers(60), batch_size=1, concurrency=concurrency, left_usd=0.055
        )
    assert scoring.cost_usd == pytest.approx(0.051)
    assert len(fake.records) == 5
    assert "raise llm.budget_usd" in scoring.trouble


def test_a_long_first_answer_raises_the_estimate_of_whole_batches() -> None:
    with Fake(respond=replies.usage(stated(10_000)), public=True) as fake:  # of one paper
        scoring = scored(fake.url, papers(60), batch_size=10, left_usd=0.03)
    assert len(fake.records) == 1
    assert set(failures(scoring).values()) == {"budget"}


def test_only_what_is_under_way_can_pass_the_budget() -> None:
    def rule(request: Request) -> Response:
        return replies.completion(request, usage=stated(200 if request.number < 3 else 100_000))

    with Fake(respond=rule, public=True) as fake:
        scoring = scored(fake.url, papers(60), batch_size=1, concurrency=4, left_usd=0.05)
    assert 1 <= len([record for record in fake.records if record.number >= 3]) <= 4
    assert scoring.cost_usd is not None
    assert scoring.cost_usd > 0.05
    assert "of the budget is left; raise llm.budget_usd" in scoring.trouble


def test_money_that_comes_back_is_spent_on_the_rest() -> None:
    def rule(request: Request) -> Response:
        return replies.completion(request, usage=stated(20_000 if request.number == 1 else 200))

    with Fake(respond=rule, public=True) as fake:
        scoring = scored(fake.url, papers(30), batch_size=1, concurrency=8, left_usd=0.035)
    assert len(scores(scoring)) == 30
    assert scoring.cost_usd == pytest.approx(0.0102 + 29 * 0.0003)


def test_a_cost_that_the_endpoint_reports_is_the_cost() -> None:
    with Fake(respond=replies.usage({**stated(100), "cost": 0.011}), public=True) as fake:
        scoring = scored(
            fake.url, papers(30), batch_size=1, model="home-made", left_usd=0.05, concurrency=8
        )
    assert scoring.cost_usd == pytest.approx(0.044)
    assert scoring.usage.prompt_usd is None
    assert len(fake.records) == 4


def test_prompts_that_the_server_cuts_are_noticed(caplog: pytest.LogCaptureFixture) -> None:
    long = [replace(paper, abstract="A word and another. " * 90) for paper in papers(21)]

    def cut(request: Request) -> Response:
        read = {"prompt_tokens": min(request.prompt_tokens, 2050), "completion_tokens": 90}
        return replies.completion(request, usage=read)

    with Fake(respond=cut) as fake, caplog.at_level(logging.WARNING, "digest"):
        scoring = scored(fake.url, long)
    assert len(fake.records) == 3
    assert scoring.usage.cut_requests == 2
    (warning,) = (r.getMessage() for r in caplog.records)
    assert "reports 2050 prompt tokens" in warning
    assert "OLLAMA_CONTEXT_LENGTH" in warning
