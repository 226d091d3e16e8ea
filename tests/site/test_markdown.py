from collections.abc import Callable
from dataclasses import replace

from digest.core.scores import Usage
from digest.site import markdown
from digest.site.sanitize import markdown as rendered_markdown
from tests.site.days import EVENTFUL, QUIET, SITE

Golden = Callable[[str, bytes], None]


def test_an_eventful_day_reads_as_agreed(golden: Golden) -> None:
    golden("eventful.md", markdown.day(EVENTFUL, SITE))


def test_a_quiet_day_reads_as_agreed(golden: Golden) -> None:
    golden("quiet.md", markdown.day(QUIET, SITE))


def test_unknown_usage_and_cost_are_said_to_be_unknown() -> None:
    made = markdown.day(replace(EVENTFUL, usage=Usage(), cost_usd=None), SITE).decode()
    assert "| **Tokens** | not reported | not reported | not reported |" in made
    assert "$0.00" not in made


def test_a_hostile_title_stays_text_when_the_page_is_rendered() -> None:
    rendered = str(rendered_markdown(markdown.day(EVENTFUL, SITE).decode()))
    assert "<script" not in rendered
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in rendered
    assert 'href="javascript' not in rendered


def test_every_entry_of_the_contents_leads_to_its_paper() -> None:
    made = markdown.day(EVENTFUL, SITE).decode()
    for kept in EVENTFUL.kept:
        anchor = kept.paper.id.replace("/", "-")
        assert f"](#{anchor})" in made
        assert f'<a id="{anchor}"></a>' in made
