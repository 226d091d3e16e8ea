"""What a person sees while papers are scored."""

from __future__ import annotations

import logging

import pytest

from digest.core import progress
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
        scored(fake.url, papers(50), batch_size=1)
    assert 8 <= len(lines(caplog)) <= 10
    assert " of 50 papers, " in lines(caplog)[0]
