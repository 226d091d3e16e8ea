import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from digest.site import sanitize
from digest.site.sanitize import markdown


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        '<img src="https://evil.example/x.png">',
        "![x](https://evil.example/x.png)",
        "[x](javascript:alert(1))",
        '<a href="https://ok.example" onclick="alert(1)">x</a>',
        "<math><mtext><script>alert(1)</script></mtext></math>",
        '<iframe src="https://evil.example"></iframe>',
        '<p style="position:fixed" title="x">x</p>',
    ],
)
def test_markdown_from_outside_is_rendered_harmless(attack: str) -> None:
    html = str(markdown(f"before {attack} after\n\n{attack}"))
    dangers = ("<script", "<img", "<a", "<math", "<iframe", "style=", "title=")
    assert not any(danger in html for danger in dangers)
    assert "before" in html
    assert "after" in html


@given(st.lists(st.text("[]():*_`<>!-# \n123ax"), max_size=8))
@example(["[x]: https://evil.example", "- a\n\n    b", "<div>", "`"])
def test_no_text_changes_how_another_is_rendered(others: list[str]) -> None:
    text = "see [x] and [y][x]\n\n1. *one*\n2. `two`"
    sanitize._converter.cache_clear()
    alone = markdown(text)
    for other in others:
        markdown(other)
    assert markdown(text) == alone
