"""The form of a request: what each endpoint takes is found out once, by as few tries as can be."""

from __future__ import annotations

import logging
from collections import Counter
from typing import Any

import pytest

from digest.prompt import messages
from tests.llm import replies
from tests.llm.fake import Fake, Physics
from tests.llm.replies import Request, Response, Step, first_of, in_turn, whenever
from tests.llm.scoring import PROMPT, failures, papers, scored, scores
from tests.llm.servers import AIMock

pytestmark = pytest.mark.usefixtures("impatient")


def formats(fake: Fake) -> Counter[str | None]:
    found = (r.body.get("response_format") or {} for r in fake.records)
    return Counter(f.get("type") for f in found)


def silent(*names: str) -> Step:
    """Refuses requests that carry any of these, and does not say so."""

    def rule(request: Request) -> Response | None:
        has = [n for n in names if n in request.body or n == request.response_format]
        return replies.error(400, "Bad Request") if has else None

    return rule


LADDER: dict[str, tuple[Step, dict[str | None, int]]] = {
    "takes a schema": (None, {"json_schema": 11}),
    "no schema": (
        replies.refuses_formats("json_schema"),
        {"json_schema": 1, "json_object": 11},
    ),
    "no JSON": (
        replies.refuses_formats("json_schema", "json_object"),
        {"json_schema": 1, "json_object": 1, None: 11},
    ),
    "ignores it, prose": (replies.prose, {"json_schema": 11}),
    "ignores it, thinks": (replies.thinking, {"json_schema": 11}),
    "no cache key": (replies.refuses_parameter("prompt_cache_key"), {"json_schema": 12}),
    "no effort": (replies.refuses_parameter("reasoning_effort"), {"json_schema": 12}),
    "neither, nor a schema": (
        first_of(
            replies.refuses_parameter("prompt_cache_key"),
            replies.refuses_parameter("reasoning_effort"),
            replies.refuses_formats("json_schema"),
        ),
        {"json_schema": 3, "json_object": 11},
    ),
    "says nothing of its schema": (
        silent("json_schema"),
        {"json_schema": 2, "json_object": 11},
    ),
    "says nothing of its cache key": (silent("prompt_cache_key"), {"json_schema": 12}),
    "says nothing of anything": (
        silent("json_schema", "json_object", "reasoning_effort", "prompt_cache_key"),
        {"json_schema": 2, "json_object": 1, None: 11},
    ),
}


@pytest.mark.parametrize(("step", "expected"), LADDER.values(), ids=LADDER)
def test_the_form_is_learned_once(step: Step, expected: dict[str | None, int]) -> None:
    with Fake(respond=step) as fake:
        scoring = scored(fake.url, papers(51), batch_size=5, concurrency=10)
    assert len(scores(scoring)) == 51
    assert formats(fake) == expected


def test_what_several_learn_at_once_is_learned_together() -> None:
    def later(request: Request) -> Response | None:  # another server behind the same address
        return replies.refuses_formats("json_schema")(request) if request.number else None

    with Fake(physics=Physics(ttft=0.05), respond=later) as fake:
        scoring = scored(fake.url, papers(41), batch_size=5, concurrency=8)
    assert len(scores(scoring)) == 41
    assert formats(fake) == {"json_schema": 1 + 8, "json_object": 8}


def test_a_paper_that_is_refused_without_a_word_does_not_spoil_the_form() -> None:
    first = "2601.00024"  # of 51, by its shuffle
    with Fake() as fake:
        scored(fake.url, papers(51))
        first = fake.records[0].ids[0]
    with Fake(respond=whenever(first, replies.error(400, "Bad Request"))) as fake:
        scoring = scored(fake.url, papers(51))
    assert failures(scoring) == {first: "refused"}
    assert formats(fake)["json_schema"] > 5
    assert all("reasoning_effort" in r.body for r in fake.records[-5:])


def test_a_long_refusal_is_read_to_its_end() -> None:
    said = "Validation failed. " * 30 + "Unknown field: prompt_cache_key"
    refused = replies.error(400, said)
    with Fake(respond=lambda r: refused if "prompt_cache_key" in r.body else None) as fake:
        assert len(scores(scored(fake.url, papers(5)))) == 5
    assert "reasoning_effort" in fake.records[-1].body


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (
            silent("reasoning_effort"),
            "asking again without reasoning_effort and prompt_cache_key",
        ),
        (replies.refuses_parameter("prompt_cache_key"), "asking again without prompt_cache_key"),
        (replies.refuses_formats("json_schema"), "asking again for JSON without a schema"),
        (
            replies.refuses_formats("json_schema", "json_object"),
            "asking again for JSON by the prompt alone",
        ),
    ],
)
def test_what_a_request_leaves_out_is_said_in_words(
    step: Step, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    with Fake(respond=step) as fake, caplog.at_level(logging.INFO, "digest"):
        scored(fake.url, papers(2), reasoning_effort="low")
    assert said in caplog.text
    assert "Form(" not in caplog.text


def test_aimock_refuses_a_schema(aimock: AIMock) -> None:
    (paper,) = papers(1)
    asked = {"userMessage": f'<paper id="{paper.id}">'}
    error = {"message": "This response_format type is unavailable now", "type": "invalid"}
    aimock.add(
        {
            "match": {**asked, "responseFormat": "json_schema"},
            "response": {"status": 400, "error": error},
        },
        {"match": asked, "response": {"content": replies.answer({}, [paper.id])}},
    )
    assert len(scores(scored(aimock.url, [paper]))) == 1
    assert aimock.statuses == [400, 200]


# --- what a request holds ---------------------------------------------------------------------


def body(**settings: Any) -> dict[str, Any]:
    with Fake() as fake:
        scored(fake.url, papers(1), **settings)
    return dict(fake.records[0].body)


def test_a_request_asks_for_what_the_settings_say() -> None:
    asked = body(model="gpt-6-sol", reasoning_effort="none")
    assert (asked["model"], asked["reasoning_effort"]) == ("gpt-6-sol", "none")
    assert asked["messages"] == messages(PROMPT, papers(1))


def test_no_effort_is_the_provider_s_choice() -> None:
    assert "reasoning_effort" not in body(reasoning_effort=None)


def test_what_the_user_adds_is_merged_and_wins() -> None:
    asked = body(extra={"temperature": 0.2, "reasoning_effort": "high", "prompt_cache_key": "mine"})
    assert asked["temperature"] == 0.2
    assert asked["reasoning_effort"] == "high"
    assert asked["prompt_cache_key"] == "mine"


def test_the_schema_is_what_every_provider_takes() -> None:
    schema = body()["response_format"]["json_schema"]
    entry = schema["schema"]["properties"]["papers"]["items"]
    assert schema["strict"] is True
    assert entry["required"] == list(entry["properties"])
    assert entry["required"] == ["id", "relevance", "novelty", "topic", "comment"]
    assert entry["additionalProperties"] is schema["schema"]["additionalProperties"] is False


def test_no_room_at_the_cheap_tier_is_the_ordinary_one_at_once() -> None:
    full = replies.error(429, "Resource unavailable, try again later.", "resource_unavailable")
    with Fake(respond=lambda r: full if "service_tier" in r.body else None) as fake:
        scoring = scored(fake.url, papers(51), extra={"service_tier": "flex", "seed": 1})
    assert len(scores(scoring)) == 51
    assert sum("service_tier" in r.body for r in fake.records) == 1
    assert all(r.body["seed"] == 1 for r in fake.records)


def test_room_at_the_cheap_tier_is_used_throughout() -> None:
    with Fake(respond=in_turn(replies.rate_limited("0.05"))) as fake:
        scored(fake.url, papers(21), extra={"service_tier": "flex"})
    assert all(r.body["service_tier"] == "flex" for r in fake.records)


def test_where_no_tier_was_asked_for_no_room_is_a_matter_of_waiting() -> None:
    full = replies.error(429, "busy", "resource_unavailable", headers={"Retry-After": "0.05"})
    with Fake(respond=in_turn(full, full)) as fake:
        assert len(scores(scored(fake.url, papers(1)))) == 1
    assert not fake.early()
