"""The form of a request: what an endpoint accepts is learned once, with few tries."""

from __future__ import annotations

import gzip
import logging
from collections import Counter

import pytest

from digest.core.config import Llm
from digest.core.errors import ConfigError
from digest.scoring import client
from digest.scoring.estimate import batches
from digest.scoring.llm import MAX_FAILURES_BEFORE_FIRST_SCORE as PROBES
from digest.scoring.prompt import messages
from tests.scoring import replies
from tests.scoring.fake import Fake, Physics
from tests.scoring.replies import Request, Response, Step, first_of, whenever
from tests.scoring.scoring import KEY, PROMPT, failures, papers, scored, scores

pytestmark = pytest.mark.usefixtures("impatient")


def formats(fake: Fake) -> Counter[str | None]:
    sent = (r.body.get("response_format") or {} for r in fake.records)
    return Counter(f.get("type") for f in sent)


def silent(*names: str) -> Step:
    """Refuses requests that carry any of these, and does not say so."""

    def rule(request: Request) -> Response | None:
        has = [n for n in names if n in request.body or n == request.response_format]
        return replies.error(400, "Bad Request") if has else None

    return rule


LADDER: dict[str, tuple[Step, dict[str | None, int]]] = {
    "no JSON": (
        replies.refuses_formats("json_schema", "json_object"),
        {"json_schema": 1, "json_object": 1, None: 11},
    ),
    "ignores it, prose": (replies.prose, {"json_schema": 11}),
    "neither, nor a schema": (
        first_of(
            replies.refuses_parameter("prompt_cache_key"),
            replies.refuses_parameter("reasoning_effort"),
            replies.refuses_formats("json_schema"),
        ),
        {"json_schema": 3, "json_object": 11},
    ),
    "says nothing of anything": (
        silent("json_schema", "json_object", "reasoning_effort", "prompt_cache_key"),
        {"json_schema": 2, "json_object": 1, None: 11},
    ),
}


@pytest.mark.parametrize(("step", "expected"), LADDER.values(), ids=LADDER)
def test_the_form_is_learned_once(
    step: Step, expected: dict[str | None, int], caplog: pytest.LogCaptureFixture
) -> None:
    with Fake(respond=step) as fake, caplog.at_level(logging.INFO, "digest"):
        scoring = scored(fake.url, papers(51), batch_size=5, concurrency=10)
    assert len(scores(scoring)) == 51
    assert formats(fake) == expected
    assert ("asking again" in caplog.text) == (expected != {"json_schema": 11})
    assert "Form(" not in caplog.text


def test_what_several_learn_at_once_is_learned_together() -> None:
    def later(request: Request) -> Response | None:  # another server behind the same address
        return replies.refuses_formats("json_schema")(request) if request.number else None

    with Fake(physics=Physics(ttft=0.05), respond=later) as fake:
        scoring = scored(fake.url, papers(41), batch_size=5, concurrency=8)
    assert len(scores(scoring)) == 41
    assert formats(fake) == {"json_schema": 1 + 8, "json_object": 8}


def test_a_paper_that_is_refused_without_a_word_does_not_spoil_the_form() -> None:
    first = batches(papers(51), Llm())[0][0].id
    with Fake(respond=whenever(first, replies.error(400, "Bad Request"))) as fake:
        scoring = scored(fake.url, papers(51))
    assert failures(scoring) == {first: "request rejected"}
    assert formats(fake)["json_schema"] > 5
    assert all("reasoning_effort" in r.body for r in fake.records[-5:])


# --- what a request holds ---------------------------------------------------------------------


def test_what_the_user_adds_is_merged_and_wins() -> None:
    extra = {"temperature": 0.2, "reasoning_effort": "high", "stream": True}
    with Fake() as fake:
        scored(fake.url, papers(1), model="gpt-6-sol", extra=extra)
        scored(fake.url, papers(1))
    ours, plain = (record.body for record in fake.records)
    assert (ours["model"], ours["messages"]) == ("gpt-6-sol", messages(PROMPT, papers(1)))
    assert {**ours, **extra} == ours
    assert plain["stream"] is False  # some gateways stream if nobody says so


def test_no_room_at_the_cheap_tier_is_the_ordinary_one_at_once() -> None:
    full = replies.error(429, "Resource unavailable, try again later.", "resource_unavailable")
    with Fake(respond=lambda r: full if "service_tier" in r.body else None) as fake:
        scoring = scored(fake.url, papers(51), extra={"service_tier": "flex", "seed": 1})
    assert len(scores(scoring)) == 51
    assert sum("service_tier" in r.body for r in fake.records) == 1
    assert all(r.body["seed"] == 1 for r in fake.records)


# --- endpoints with their own ways ------------------------------------------------------------


def test_failed_samplings_cost_no_paper_and_no_form() -> None:
    failed = replies.error(400, "Failed to generate JSON.", "json_validate_failed")
    with Fake(respond=lambda r: failed if r.number % 2 else None) as fake:
        scoring = scored(fake.url, papers(42), batch_size=5)
    assert len(scores(scoring)) == 42
    assert {(r.body["response_format"] or {})["type"] for r in fake.records} == {"json_schema"}


@pytest.mark.parametrize("words", ["response_format is not implemented", "Internal error"])
def test_a_server_that_fails_at_a_schema_is_asked_without(words: str) -> None:
    def rule(request: replies.Request) -> Response | None:
        return replies.error(500, words) if request.response_format == "json_schema" else None

    with Fake(respond=rule) as fake:
        assert len(scores(scored(fake.url, papers(30)))) == 30
    assert "reasoning_effort" in fake.records[-1].body


def test_a_server_of_one_request_at_a_time_is_asked_less_at_once() -> None:
    def one_by_one(request: Request) -> Response | None:
        """Whoever comes while another is served never gets an answer."""
        return replies.hanging() if fake.records[-1].in_flight > 1 else None

    with Fake(physics=Physics(ttft=0.05), respond=one_by_one) as fake:
        scoring = scored(fake.url, papers(24), batch_size=2, concurrency=4, timeout_s=1.0)
    assert len(scores(scoring)) == 24
    assert fake.most_in_flight == 4
    assert fake.records[-1].in_flight == 1


def test_a_reply_without_end_is_given_up() -> None:
    packed = gzip.compress(b" " * (client.MAX_REPLY_BYTES + 1), compresslevel=1)
    with Fake(respond=Response(200, packed, {"Content-Encoding": "gzip"})) as fake:
        scoring = scored(fake.url, papers(3))
    assert set(failures(scoring).values()) == {"invalid reply"}
    assert "a reply of more than 16,000,000 bytes" in scoring.trouble
    assert len(fake.records) <= PROBES + 1


def test_a_query_in_the_address_stays_behind_the_path() -> None:
    query = "?api-version=2024-10-21&b=2"
    with Fake() as fake:
        assert len(scores(scored(f"{fake.url}{query}", papers(3)))) == 3
        assert {r.target for r in fake.records} == {f"/v1/chat/completions{query}"}


def test_what_is_for_one_provider_is_sent_to_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-1")
    openai = client.open_client(KEY, None, Llm()).default_headers
    other = client.open_client(KEY, "https://llm.example.com/v1", Llm()).default_headers
    azure = client.open_client(KEY, "https://a.openai.azure.com/openai/deployments/d", Llm())
    assert openai["OpenAI-Organization"] == "org-1"
    assert not {"org-1", "proj-1"} & {*other.values()}
    assert azure.default_headers["api-key"] == KEY
    assert "api-key" not in openai


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "gopher://127.0.0.1:9", "nonsense:x"])
def test_a_proxy_that_cannot_be_used_is_named(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    with Fake() as fake, pytest.raises(ConfigError, match="ALL_PROXY"):
        scored(fake.url, papers(3))


def test_a_limit_that_comes_with_status_200_is_waited_for() -> None:
    limit = {"status_code": 1002, "status_msg": "rate limit (RPM)"}
    busy = replies.as_json({"choices": None, "base_resp": limit})
    with Fake(respond=lambda r: busy if 2 <= r.number < 6 else None) as fake:
        assert len(scores(scored(fake.url, papers(30), concurrency=2))) == 30


def test_a_limit_that_comes_with_status_403_is_no_rejection() -> None:
    busy = replies.error(403, "Requests per minute limit reached.")
    with Fake(respond=lambda r: busy if r.number == 2 else None) as fake:
        assert len(scores(scored(fake.url, papers(30), concurrency=2))) == 30


def test_a_cut_reply_to_one_paper_has_its_own_remedy() -> None:
    with Fake(respond=lambda r: replies.completion(r, "", finish="length")) as fake:
        trouble = scored(fake.url, papers(1)).trouble
    assert "max_completion_tokens" in trouble
    assert "llm.batch_size" not in trouble
