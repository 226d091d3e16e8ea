from datetime import date, timedelta
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.site import charts

LETTER = 7  # pixels at most, at the size of the pictures' words
PHONE = 306  # pixels that a phone of 390 leaves a timeline


def timeline(columns: list[charts.Column], **options: object) -> ElementTree.Element:
    """The picture, parsed."""
    settings = {"width": 8, "top": charts.highest(columns), "title": "T", "description": "D"}
    settings |= {"classes": ("kept",), **options}
    return parsed(charts.timeline(columns, [(0, "Jan 2026")], **settings))  # type: ignore[arg-type]


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # noqa: S314 - our own


def paths(picture: ElementTree.Element) -> dict[str, str]:
    return {path.attrib["class"]: path.attrib["d"] for path in picture.iter("path")}


def words(picture: ElementTree.Element) -> list[str]:
    return ["".join(text.itertext()) for text in picture.iter("text")]


@pytest.mark.parametrize(
    ("highest", "steps"),
    [
        (0, [0, 1]),
        (1, [0, 0.5, 1]),
        (3, [0, 1, 2, 3]),
        (68, [0, 20, 40, 60, 80]),
        (100, [0, 50, 100]),
        (451, [0, 200, 400, 600]),
        (0.0042, [0, 0.002, 0.004, 0.006]),
        (1e-12, [0, 1]),
    ],
)
def test_a_scale_has_few_round_steps(highest: float, steps: list[float]) -> None:
    assert charts.round_steps(highest) == steps


@given(st.floats(1e-6, 1e12), st.integers(2, 5))
def test_a_scale_reaches_the_highest_and_wastes_little(highest: float, most: int) -> None:
    steps = charts.round_steps(highest, most)
    assert 2 <= len(steps) <= most + 1
    assert steps[-2] < highest <= steps[-1] * (1 + 1e-8)


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.05, "0.05"), (20, "20"), (1500, "1.5k"), (2e6, "2M"), (5e9, "5bn")],
)
def test_figures_of_a_scale_are_short(value: float, words: str) -> None:
    assert charts.short(value) == words


@pytest.mark.parametrize(("part", "words"), [(0, "0%"), (1, "<1%"), (150, "15%"), (1000, "100%")])
def test_a_small_share_is_not_called_none(part: int, words: str) -> None:
    assert charts.share(part, 1000) == words


def test_a_column_stands_as_high_as_its_value() -> None:
    columns = [charts.Column(0, (50.0,)), charts.Column(3, (100.0,))]
    picture = timeline(columns, height=200)
    assert paths(picture) == {"kept": "M0 200h.1V100h.8V200h2.2V0h.8V200"}


def test_values_stand_before_or_upon_one_another() -> None:
    columns = [charts.Column(0, (60.0, 40.0))]
    names = ("asked", "answered")
    before = paths(timeline(columns, classes=names, height=100, top=100))
    upon = paths(timeline(columns, classes=names, height=100, top=100, stacked=True))
    assert list(before.items()) == [
        ("asked", "M0 100h.1V40h.8V100"),
        ("answered", "M0 100h.1V60h.8V100"),
    ]
    assert list(upon.items()) == [  # the sum behind
        ("answered", "M0 100h.1V0h.8V100"),
        ("asked", "M0 100h.1V40h.8V100"),
    ]


def test_what_is_not_known_has_a_band_and_no_column() -> None:
    picture = timeline([charts.Column(2, (0.0,), incomplete=True)], height=100)
    assert paths(picture) == {"gap": "M0 100h2V0h1V100"}


def test_a_picture_says_what_it_is_and_escapes_its_words() -> None:
    hostile = "</title><script>alert(1)</script> & co"
    columns = [charts.Column(0, (1.0,))]
    picture = timeline(columns, title=hostile, description=hostile)
    assert picture.attrib["role"] == "img"
    assert [(part.tag, part.text) for part in picture[:2]] == [
        ("title", hostile),
        ("desc", hostile),
    ]
    assert not list(picture.iter("script"))


def test_a_picture_has_no_style_of_its_own() -> None:
    made = charts.histogram([1] * 10, title="T", description="D", name="kept")
    for element in [*parsed(made).iter(), *timeline([]).iter()]:
        assert not {"style", "fill", "stroke"} & element.attrib.keys()


def test_a_histogram_names_each_score_and_its_share() -> None:
    made = charts.histogram([0, 1, 3, *[0] * 7], title="T", description="D", name="kept")
    picture = parsed(made)
    assert words(picture) == ["1", "25%", "2", "75%", *"3456789", "10"]
    heights = [float(bar.attrib["height"]) for bar in picture.iter("rect")]
    assert heights == [46.7, 140]


def test_a_histogram_of_nothing_is_an_empty_axis() -> None:
    made = charts.histogram([0] * 10, title="T", description="D", name="kept")
    assert words(parsed(made)) == [str(score) for score in range(1, 11)]


@pytest.mark.parametrize(
    ("first", "step", "unit", "number", "labels"),
    [
        (date(2026, 1, 5), 1, "day", 5, ["5 Jan"]),
        (date(2026, 1, 5), 1, "day", 80, ["5 Jan", "19 Jan", "2 Feb", "16 Feb", "2 Mar"]),
        (date(2025, 11, 10), 7, "week", 53, ["Jan 2026", "Apr", "Jul", "Oct"]),
        (date(2017, 1, 2), 31, "month", 120, ["2018", "2020", "2022", "2024", "2026"]),
    ],
)
def test_a_timeline_is_labelled_by_its_span(
    first: date, step: int, unit: str, number: int, labels: list[str]
) -> None:
    starts = [first + timedelta(days=step * n) for n in range(number)]
    found = charts.time_labels(starts, unit, max(number, 8))
    assert [words for _, words in found] == labels


@given(
    st.dates(date(1991, 8, 14), date(2100, 1, 1)),
    st.sampled_from([("day", 1), ("week", 7), ("month", 31), ("quarter", 92), ("year", 366)]),
    st.integers(1, 160),
)
def test_labels_do_not_touch_on_a_phone(first: date, unit: tuple[str, int], number: int) -> None:
    name, step = unit
    starts = [first + timedelta(days=step * n) for n in range(number)]
    width = max(number, 8)
    found = charts.time_labels(starts, name, width)
    assert 1 <= len(found) <= 8
    ends = [(place / width * PHONE, len(words) * LETTER) for place, words in found]
    assert all(a + wide < b for (a, wide), (b, _) in pairwise(ends))
    assert all(at + wide <= PHONE + 18 for at, wide in ends)  # 18: the page's own margin
