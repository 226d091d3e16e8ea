"""The model scorer as a whole: every paper scored or accounted for, whatever the endpoint does."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.config import Llm
from digest.core.errors import ScoringError
from digest.core.scores import Reason, Scoring
from digest.scoring.client import RETRIES
from digest.scoring.estimate import batches
from digest.scoring.estimate import scoring as estimate_scoring
from digest.scoring.llm import MAX_ASKS as ASKS
from digest.scoring.llm import MAX_FAILURES_BEFORE_FIRST_SCORE as PROBES
from tests import make
from tests.scoring import replies
from tests.scoring.fake import GONE, Fake, Physics, labels_of_seed_day
from tests.scoring.replies import Response, Rule, Step, answer, in_turn, saying, whenever
from tests.scoring.scoring import KEY, asks, failures, papers, scored, scores, shipped_prompt

pytestmark = pytest.mark.usefixtures("impatient")

REASONS = set(map(str, Reason))


# --- a whole day ------------------------------------------------------------------------------


def test_a_day_is_scored_and_counted_as_the_model_answered(real_data: Path) -> None:
    everything, labels = labels_of_seed_day(real_data)
    topics, prompt = shipped_prompt()
    saved: list[Scoring] = []
    with Fake(labels, Physics(ttft=0.1, tps=2000), public=True) as fake:
        scoring = scored(
            fake.url, everything, prompt=prompt, topics=topics.names, keep=saved.append
        )
    expected = {i: (v["relevance"], v["novelty"], v["comment"]) for i, v in labels.items()}
    actual = {i: (s.relevance, s.novelty, s.comment) for i, s in scores(scoring).items()}
    assert actual == expected
    assert set(fake.answered.values()) == {1}
    assert 1 < fake.most_in_flight <= Llm().concurrency
    assert sum(saved, Scoring({})) == scoring

    usage = scoring.usage
    assert usage.requests == len(fake.records)
    for name in ("prompt_tokens", "cached_tokens", "completion_tokens"):
        assert getattr(usage, name) == sum(getattr(r, name) for r in fake.records)
    assert (usage.prompt_tokens or 0) - (usage.cached_tokens or 0) <= 130_000
    assert scoring.cost_usd is not None
    assert 0.01 < scoring.cost_usd < 0.05
    estimated = estimate_scoring(everything, prompt, Llm(), None).usage
    assert estimated.requests == usage.requests
    assert estimated.prompt_tokens == pytest.approx(usage.prompt_tokens, rel=0.25)
    bodies = [r.body for r in fake.records]
    texts = [b["messages"][1]["content"] for b in bodies]
    assert {b["messages"][0]["content"] for b in bodies} == {prompt.system}
    assert len({text.split('\n<paper id="')[0] for text in texts}) == 1
    assert len({b["prompt_cache_key"] for b in bodies}) == 1


# --- order ------------------------------------------------------------------------------------


def test_the_order_does_not_depend_on_the_papers_rank() -> None:
    everything = papers(30)
    assert [*batches(everything, Llm())] == [*batches(everything[::-1], Llm())]
    (whole,) = batches(everything, Llm(batch_size=100))
    assert [p.id for p in whole] != sorted(p.id for p in whole)


@make.examples(20)
@given(st.integers(1, 300), st.integers(1, 100))
def test_batches_hold_each_paper_once(number: int, batch_size: int) -> None:
    everything = papers(number)
    first, *others = batches(everything, Llm(batch_size=batch_size))
    assert sorted(p.id for b in (first, *others) for p in b) == [p.id for p in everything]
    assert len(first) == (1 if number > batch_size else number)
    assert all(len(batch) == batch_size for batch in others[:-1])


# --- what ends the run ------------------------------------------------------------------------


FATAL = {
    "key": (replies.unauthorized(), "OPENAI_API_KEY"),
    "balance": (replies.payment_required(), "top it up"),
    "quota": (replies.error(429, "Limit of requests per day"), "wait until it is renewed"),
    "country": (replies.forbidden(), "country"),
    "403": (replies.error(403, "Not allowed."), "the key may do"),
    "model": (replies.no_such_model(), "llm.model"),
    "address": (replies.error(404, "Not Found"), "correct llm.base_url"),
    "parameter": (replies.error(400, "Unsupported.", param="seed"), r"'seed'.*llm\.extra"),
}


@pytest.mark.parametrize(("fault", "remedy"), FATAL.values(), ids=FATAL)
def test_a_final_error_ends_the_run_soon(fault: Response, remedy: str) -> None:
    with Fake(respond=fault) as fake, pytest.raises(ScoringError, match=remedy) as caught:
        scored(fake.url, papers(50), extra={"seed": 1})
    assert len(fake.records) <= 5  # one, unless a simpler form might help
    assert KEY not in str(caught.value)
    assert "sk-" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_an_end_in_the_middle_keeps_what_is_under_way() -> None:
    kept: list[Scoring] = []
    late = replies.late(0.3)
    respond = in_turn(None, late, late, replies.payment_required())
    with Fake(respond=respond) as fake, pytest.raises(ScoringError):
        scored(fake.url, papers(41), batch_size=1, concurrency=4, keep=kept.append)
    answered = {i for part in kept for i in part.verdicts}
    assert answered == set(fake.answered)
    assert len(answered) >= 3
    assert len(fake.records) <= 8


# --- faults that pass -------------------------------------------------------------------------

PASSING: dict[str, Step] = {
    "429 without a time": replies.rate_limited(None),
    "500": replies.server_error(),
    "html": replies.html(),
    "not json": replies.not_json(),
    "null": replies.null_content,
    "closed midway": replies.closed_midway,
    "not gzip": Response(200, b"plain", {"Content-Encoding": "gzip"}),
    "redirect loop": replies.redirect("/v1/chat/completions"),
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
def test_a_fault_that_passes_costs_no_paper(fault: Step) -> None:
    with Fake(respond=in_turn(fault, None, None, fault)) as fake:
        scoring = scored(fake.url, papers(30), batch_size=5)
    assert len(scores(scoring)) == 30
    assert len(fake.records) <= 16


def test_a_reply_that_ends_after_a_paper_each_time_costs_no_paper() -> None:
    def short(request: replies.Request) -> Response:
        return replies.completion(request, answer({}, request.ids[:1]), finish="length")

    with Fake(respond=short) as fake:
        assert len(scores(scored(fake.url, papers(37), batch_size=37))) == 37


@pytest.mark.parametrize(
    "usage", [None, {"prompt_tokens": None}, {"prompt_tokens": "many", "completion_tokens": -3}]
)
def test_usage_that_is_none_makes_the_cost_unknown(usage: Any) -> None:
    with Fake(respond=replies.usage(usage), public=True) as fake:
        scoring = scored(fake.url, papers(20))
    assert len(scores(scoring)) == 20
    assert scoring.cost_usd is None
    assert scoring.usage.prompt_tokens is None
    assert scoring.usage.requests == len(fake.records)


# --- faults that last -------------------------------------------------------------------------

# For each: the reason of every paper, what `trouble` says, and the remedy in it.
LASTING: dict[str, tuple[Step, str, str, str]] = {
    "closed": (replies.closed(), "server error", "no connection to 127.0.0.1", "llm.base_url"),
    "html": (replies.html(), "invalid reply", "not JSON", "check llm.base_url"),
    "context": (replies.too_long(), "too long", "HTTP 400: context_len", "lower llm.batch_size"),
    "long wait": (replies.rate_limited("1800"), "rate limited", "a longer", "in 30 minutes"),
    "400": (replies.error(400, "Bad Request"), "request rejected", "HTTP 400", "llm.extra"),
    "hanging": (replies.hanging(), "timeout", "not answer within 1 s", "lower llm.concurrency"),
    "503": (replies.server_error(503), "server error", "HTTP 503", "try again later"),
    "prose": (saying("I would rather not."), "invalid reply", "no valid scores", "llm.model"),
}


@pytest.mark.parametrize(("fault", "reason", "cause", "remedy"), LASTING.values(), ids=LASTING)
def test_a_fault_that_lasts_ends_after_few_requests(
    fault: Step, reason: str, cause: str, remedy: str
) -> None:
    timeout_s = 1.0 if reason == "timeout" else make.PATIENCE_S
    with Fake(respond=fault) as fake:
        scoring = scored(fake.url, papers(50), timeout_s=timeout_s)
    assert set(failures(scoring).values()) == {reason}
    assert len(scoring.verdicts) == 50
    # A server that fails may have failed at the form, of which there are two simpler ones.
    assert len(fake.records) <= (PROBES + 2) * (RETRIES + 1)
    assert cause in scoring.trouble
    assert remedy in scoring.trouble


def test_a_server_that_vanishes_costs_only_what_it_has_not_answered() -> None:
    def vanish(request: replies.Request) -> Response | None:
        return replies.closed() if request.number >= 5 else None

    with Fake(respond=vanish) as fake:
        scoring = scored(fake.url, papers(50), batch_size=5, concurrency=2)
    assert set(scores(scoring)) == set(fake.answered)
    assert set(failures(scoring).values()) == {"server error"}
    assert len(fake.records) < 250


@pytest.mark.parametrize("answered", [0, 3])
def test_a_rate_limit_without_end_ends_the_run(
    answered: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("digest.scoring.rate_limiter._FIRST_PATIENCE_S", 0.1)
    monkeypatch.setattr("digest.scoring.rate_limiter._PATIENCE_S", 0.2)
    monkeypatch.setattr("digest.scoring.rate_limiter._LONGEST_GUESS_S", 0.05)
    respond = in_turn(*[None] * answered, *[replies.rate_limited(None)] * 999)
    with Fake(respond=respond) as fake:
        scoring = scored(fake.url, papers(100), batch_size=5)
    assert set(failures(scoring).values()) == {"rate limited"}
    assert bool(scores(scoring)) == bool(answered)
    assert len(fake.records) <= answered + Llm().concurrency + 12
    assert "refused for the rate limit (rate_limit_exceeded" in scoring.trouble
    assert "try again later" in scoring.trouble


# --- a paper that spoils its batches ----------------------------------------------------------


def poisoned(ids: Sequence[str], step: Step) -> Rule:
    return replies.first_of(*(whenever(i, step) for i in ids))


POISONS: dict[str, tuple[Step, str]] = {
    "filter": (replies.filtered(), "refused"),
    "refusal": (replies.refusal, "refused"),
    "too long": (replies.too_long(), "too long"),
    "rejected": (replies.error(400, "Invalid value"), "request rejected"),
    "500": (replies.server_error(), "server error"),
}


@pytest.mark.parametrize(("step", "reason"), POISONS.values(), ids=POISONS)
def test_poisonous_papers_fail_alone(step: Step, reason: str) -> None:
    spoilers = ("2601.00003", "2601.00041")
    with Fake(respond=poisoned(spoilers, step)) as fake:
        scoring = scored(fake.url, papers(45), batch_size=37)
    assert failures(scoring) == dict.fromkeys(spoilers, reason)
    assert len(scoring.verdicts) == 45
    assert max(asks(fake).values()) <= ASKS * (RETRIES + 1 if reason == "server error" else 1)
    assert scoring.trouble


_STEPS: list[Step] = [
    *[None] * 3,
    *PASSING.values(),
    *(step for step, _ in POISONS.values()),
    replies.truncated,
    replies.prose,
    replies.refuses_formats("json_schema"),
    replies.refuses_formats("json_object"),
    replies.refuses_parameter("prompt_cache_key"),
]


@make.examples(12)
@given(
    script=st.lists(st.sampled_from(_STEPS), max_size=40),
    spoilers=st.sets(st.integers(1, 23), max_size=3),
    batch_size=st.sampled_from([1, 3, 10, 100]),
    concurrency=st.sampled_from([1, 4]),
)
def test_every_paper_ends_with_one_verdict_whatever_happens(
    script: list[Step], spoilers: set[int], batch_size: int, concurrency: int
) -> None:
    kept: list[Scoring] = []
    spoiled = poisoned([f"2601.{i:05}" for i in spoilers], replies.filtered())
    everything = papers(23)
    settings: dict[str, Any] = {"batch_size": batch_size, "concurrency": concurrency}
    with Fake(respond=replies.first_of(in_turn(*script), spoiled)) as fake:
        scoring = scored(fake.url, everything, keep=kept.append, **settings)
    assert set(scoring.verdicts) == {p.id for p in everything}
    assert set(failures(scoring).values()) <= REASONS
    given_ids = [i for part in kept for i in part.verdicts]
    assert len(given_ids) == len(set(given_ids))
    assert set(given_ids) == set(scores(scoring))
    assert len(fake.records) <= 23 * ASKS + (RETRIES + 1) * len(script)


# --- interrupts -------------------------------------------------------------------------------


def test_an_answer_that_cannot_be_saved_ends_the_run() -> None:
    kept: list[Scoring] = []

    def keep(part: Scoring) -> None:
        if len(kept) == 3:
            raise OSError("disk full")
        kept.append(part)

    with Fake() as fake, pytest.raises(OSError, match="disk full"):
        scored(fake.url, papers(60), batch_size=5, keep=keep)
    assert len(kept) == 3


def test_a_second_interrupt_does_not_wait() -> None:
    saved: list[str] = []

    def keep(part: Scoring) -> None:
        saved.extend(part.verdicts)
        if len(saved) == 2:
            for delay_s in (0.05, 0.1):
                loop = asyncio.get_running_loop()
                loop.call_later(delay_s, signal.raise_signal, signal.SIGINT)

    with Fake(respond=in_turn(None, None, *[replies.hanging()] * 99)) as fake:
        with pytest.raises(KeyboardInterrupt):
            scored(fake.url, papers(60), batch_size=1, concurrency=3, keep=keep)
        assert saved == list(fake.answered)
        assert make.until(lambda: {r.status for r in fake.records[2:]} == {GONE})


# --- what is logged ---------------------------------------------------------------------------


def test_without_a_terminal_each_tenth_is_a_line(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("digest.core.progress._SILENT_S", 0.0)
    with Fake(public=True) as fake, caplog.at_level(logging.INFO, "digest"):
        scored(fake.url, papers(20), batch_size=1)
    lines = [line for line in caplog.messages if line.startswith("scored ")]
    assert 8 <= len(lines) <= 10
    assert " of 20 papers, " in lines[0]


@pytest.mark.parametrize(
    "fault",
    [
        replies.as_json({"error": {"message": f"upstream refused Bearer {KEY}"}}),
        saying(f'{{"papers": [{{"id": "\\u0073{KEY[1:]}", "relevance": 3}}]}}'),
        replies.first_of(replies.refuses_parameter(KEY), replies.error(422, KEY)),
    ],
    ids=["200", "escaped", "422"],
)
def test_no_log_and_no_error_holds_the_key(
    fault: Response, caplog: pytest.LogCaptureFixture
) -> None:
    raised = ""
    with Fake(respond=in_turn(None, None, *[fault] * 9)) as fake, caplog.at_level(logging.DEBUG):
        for name in ("openai", "httpx2", "httpcore2", "digest"):
            caplog.set_level(logging.DEBUG, name)
        try:
            raised = repr(scored(fake.url, papers(12), batch_size=5))
        except ScoringError as error:
            raised = repr(error)
    assert any(r.name.startswith("openai") for r in caplog.records)
    logged = raised + caplog.text
    assert KEY[:14] not in logged
    assert "bearer sk" not in logged.lower()


def test_a_key_echoed_in_a_comment_goes_nowhere() -> None:
    entry = {"id": "2601.00001", "relevance": 9, "novelty": 8, "comment": f"Nice, {KEY}!"}
    with Fake(respond=saying(json.dumps({"papers": [entry]}))) as fake:
        scoring = scored(fake.url, papers(1))
    assert scores(scoring)["2601.00001"].comment == "Nice, …!"
