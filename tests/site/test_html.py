from collections.abc import Callable

import pytest

from digest.models import Day
from digest.site import html
from tests.site.days import EVENTFUL, QUIET, SITE

Golden = Callable[[str, bytes], None]


def test_an_eventful_day_looks_as_agreed(golden: Golden) -> None:
    golden("eventful.html", html.day_page(EVENTFUL, SITE, root="../"))


def test_a_quiet_day_looks_as_agreed(golden: Golden) -> None:
    golden("quiet.html", html.day_page(QUIET, SITE, root="../"))


def test_the_list_of_days_looks_as_agreed(golden: Golden) -> None:
    golden("archive.html", html.archive_page([Day.of(EVENTFUL), Day.of(QUIET)], SITE))


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        '<img src="https://evil.example/x.png">',
        "![x](https://evil.example/x.png)",
        "[x](javascript:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        '<a href="https://ok.example" onclick="alert(1)">x</a>',
        "<svg><script>alert(1)</script></svg>",
        "<math><mtext><script>alert(1)</script></mtext></math>",
        '<iframe src="https://evil.example"></iframe>',
        '<p style="position:fixed">x</p>',
    ],
)
def test_markdown_from_outside_is_rendered_harmless(attack: str) -> None:
    made = str(html.markdown(f"before {attack} after\n\n{attack}"))
    for danger in ("<script", "<img", "javascript:", "data:", "onclick", "<svg", "<math"):
        assert danger not in made
    assert "<iframe" not in made
    assert "style=" not in made
    assert "before" in made
    assert "after" in made


def test_markdown_keeps_what_prompts_are_made_of() -> None:
    made = str(html.markdown("## Topic\n\n- Relevant: *this*\n\n| a | b |\n|---|---|\n| 1 | `2` |"))
    for tag in ("<h2>", "<ul>", "<em>", "<table>", "<code>"):
        assert tag in made


def test_a_stylesheet_changes_its_name_with_its_content() -> None:
    ((path, data),) = html.assets().items()
    assert path.suffix == ".css"
    assert path.as_posix().encode() in html.archive_page([], SITE)
    assert data
