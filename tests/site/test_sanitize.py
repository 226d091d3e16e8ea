import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from digest.site import sanitize
from digest.site.sanitize import markdown


@given(st.lists(st.text("[]():*_`<>!-# \n123ax"), max_size=8))
@example(["[x]: https://evil.example", "- a\n\n    b", "<div>", "`"])
def test_no_text_changes_how_another_is_rendered(others: list[str]) -> None:
    text = "see [x] and [y][x]\n\n1. *one*\n2. `two`"
    sanitize._converter.cache_clear()
    alone = markdown(text)
    for other in others:
        markdown(other)
    assert markdown(text) == alone


@pytest.mark.parametrize("sign", [">", " > ", "- ", "1. ", "+ > * "])
def test_signs_of_nesting_in_any_number_are_rendered_alike(sign: str) -> None:
    def deep_in_the_stack(calls: int) -> str:
        return deep_in_the_stack(calls - 1) if calls else markdown(sign * 900 + "x")

    assert deep_in_the_stack(500) == deep_in_the_stack(0)
