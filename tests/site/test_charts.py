from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.site import charts

LETTER = 7  # pixels at most, at the size of the pictures' words
PHONE = 306  # pixels that a phone of 390 leaves a picture


Columns = dict[int, tuple[float, ...]]


def draw(columns: Columns, **options: object) -> ElementTree.Element:
    """The picture, parsed."""
    settings = {"height": 100, "top": 100, "title": "T", "description": "D"}
    settings |= {"classes": ("kept",), **options}
    svg = charts.draw(columns, ["Jan 2026"], **settings)  # type: ignore[arg-type]
    return ElementTree.fromstring(svg)  # noqa: S314 - our own


@pytest.mark.parametrize(
    ("highest", "steps"),
    [(0, [0, 1]), (68, [0, 20, 40, 60, 80]), (0.0042, [0, 0.002, 0.004, 0.006]), (1e-12, [0, 1])],
)
def test_a_scale_has_few_round_steps(highest: float, steps: list[float]) -> None:
    assert charts.round_steps(highest) == steps


@given(st.floats(1e-6, 1e12), st.integers(2, 5))
def test_a_scale_reaches_the_highest_and_wastes_little(highest: float, most: int) -> None:
    steps = charts.round_steps(highest, most)
    assert 2 <= len(steps) <= most + 1
    assert steps[-2] < highest <= steps[-1] * (1 + 1e-8)


def test_numbers_of_a_scale_are_short() -> None:
    numbers = [0.05, 20, 1500, 2e6, 5e9]
    assert list(map(charts.short, numbers)) == ["0.05", "20", "1.5k", "2M", "5bn"]


@pytest.mark.parametrize(
    ("columns", "options", "drawn"),
    [
        (
            {0: (50.0, 20.0), 3: (100.0, 0.0)},
            {},
            [
                ("kept", "M0 100h0.1V50h0.8V100h2.2V0h0.8V100"),
                ("other", "M0 100h0.1V80h0.8V100"),
            ],
        ),
        (
            {0: (60.0, 40.0)},
            {"stacked": True},
            [("other", "M0 100h0.1V0h0.8V100"), ("kept", "M0 100h0.1V40h0.8V100")],  # sum behind
        ),
        ({2: (0.0, 0.0)}, {"incomplete": [2]}, [("gap", "M0 100h2V0h1V100")]),
    ],
)
def test_a_column_stands_as_high_as_its_value(
    columns: Columns, options: dict[str, object], drawn: list[tuple[str, str]]
) -> None:
    picture = draw(columns, classes=("kept", "other"), **options)
    paths = [(path.attrib["class"], path.attrib["d"]) for path in picture.iter("path")]
    assert paths == drawn


def test_a_picture_says_what_it_is_and_escapes_its_words() -> None:
    hostile = "</title><script>alert(1)</script> & co"
    picture = draw({0: (1.0,)}, title=hostile, description=hostile)
    assert picture.attrib["role"] == "img"
    assert [(p.tag, p.text) for p in picture[:2]] == [("title", hostile), ("desc", hostile)]
    for element in picture.iter():
        assert element.tag != "script"
        assert not {"style", "fill", "stroke"} & element.attrib.keys()


@given(st.integers(1, 160), st.sampled_from(["5 Jan", "Sep 2026", "Q1 2026", "2026", "10"]))
def test_labels_do_not_touch_on_a_phone(number: int, label: str) -> None:
    width = max(number, 8)
    places = charts.labelled([label] * number, width)
    assert places[0] == 0
    lefts, wide = [place / width * PHONE for place in places], len(label) * LETTER
    assert all(a + wide < b for a, b in pairwise(lefts))
    assert all(left + wide <= PHONE + 18 for left in lefts)  # 18: the page's own margin
