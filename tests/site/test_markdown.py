from collections.abc import Callable
from dataclasses import replace

from digest.core.scores import Usage
from digest.site.page import day_markdown
from tests.site.days import EVENTFUL, QUIET, SITE

Golden = Callable[[str, bytes], None]


def test_an_eventful_day_reads_as_agreed(golden: Golden) -> None:
    golden("eventful.md", day_markdown(EVENTFUL, SITE))


def test_a_quiet_day_reads_as_agreed(golden: Golden) -> None:
    golden("quiet.md", day_markdown(QUIET, SITE))


def test_unknown_usage_and_cost_are_said_to_be_unknown() -> None:
    made = day_markdown(replace(EVENTFUL, usage=Usage(), cost_usd=None), SITE).decode()
    assert "| **Tokens** | not reported | not reported | not reported |" in made
    assert "$0.00" not in made
