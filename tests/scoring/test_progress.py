"""What a person sees while papers are scored."""

from __future__ import annotations

import logging

import pytest

from digest.core import progress
from tests.scoring import replies
from tests.scoring.fake import Fake
from tests.scoring.scoring import papers, scored

pytestmark = pytest.mark.usefixtures("impatient")


@pytest.fixture(autouse=True)
def talkative(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_SILENT_S", 0.0)


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [m for r in caplog.records if (m := r.getMessage()).startswith("scored ")]


def test_without_a_terminal_each_tenth_is_a_line(caplog: pytest.LogCaptureFixture) -> None:
    with Fake(public=True) as fake, caplog.at_level(logging.INFO, "digest"):
        scored(fake.url, papers(100), batch_size=2)
    assert 8 <= len(lines(caplog)) <= 10
    assert " of 100 papers, " in lines(caplog)[0]


def test_papers_that_were_given_up_count_for_nothing(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_MAX_SILENCE_S", 0.0)
    fault = replies.rate_limited("9999")
    respond = replies.in_turn(None, *[fault] * 99)
    with Fake(respond=respond) as fake, caplog.at_level(logging.INFO, "digest"):
        scored(fake.url, papers(50), batch_size=5)
    assert [line.split(" papers")[0] for line in lines(caplog)] == ["scored 1 of 50"]
