from __future__ import annotations

import re
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.categories import covers, is_known, may_have_categories, mistake, table
from tests.make import examples


def test_every_archive_and_category_of_the_taxonomy_is_there() -> None:
    # 155 categories: 146 with a class, and nine archives that have none.
    assert sum("." in category for category in table()) == 146
    assert sum("." not in each and mistake(each) is None for each in table()) == 20
    assert all(category.partition(".")[0] in table() for category in table())
    aliases = {each for each in table() if "." in each and mistake(each) is not None}
    assert aliases == {"cs.NA", "cs.SY", "math.IT", "math.MP", "q-fin.EC", "stat.TH"}


def test_the_table_is_sorted_and_complete() -> None:
    lines = files("digest.core").joinpath("categories.tsv").read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines[1:]]
    assert [row[0] for row in rows] == sorted(set(table()))
    assert all(cell == cell.strip() != "" for row in rows for cell in row)
    followed = {row[0] for row in rows if len(row) == 3}
    assert all(row[3] in followed for row in rows if len(row) == 4)


@pytest.mark.parametrize(
    ("category", "message"),
    [
        ("cmp-lg", "'cmp-lg' is an archive that arXiv has closed: use 'cs.CL'"),
        ("math.MP", "'math.MP' is another name of 'math-ph': use that"),
        ("cs.LG+cs.AI", "'cs.LG+cs.AI': write each category by itself"),
    ],
)
def test_what_to_write_instead(category: str, message: str) -> None:
    assert mistake(category) == message


@pytest.mark.parametrize(
    ("category", "meant"),
    [
        ("cs.lg", "cs.LG"),
        ("Hep-Th", "hep-th"),
        ("math.mp", "math-ph"),  # the category itself, not the alias
        ("cs.LLM", "cs.LG"),
        ("cs.ML", "cs.LG"),
        ("cs.LGG", "cs.LG"),
        ("cs.Robotics", "cs.RO"),
        ("cond-mat.supr", "cond-mat.supr-con"),
        ("astro.EP", "astro-ph.EP"),
        ("hep-th.ST", "hep-th"),
        ("heplat", "hep-lat"),
        ("cs/LG", "cs.LG"),
        ("cs.*", "cs"),
        ("LG", "cs.LG"),
        ("Machine Learning", "cs.LG"),
        ("stats", "stat"),
    ],
)
def test_a_near_miss_is_answered_with_what_was_meant(category: str, meant: str) -> None:
    kind = "category" if "." in category else "archive"
    assert mistake(category) == (
        f"{category!r} is no arXiv {kind}: did you mean {meant!r} ({table()[meant].name})?"
    )


@pytest.mark.parametrize("category", ["econ.ma", "econ.XXX", "econ.GN.TH"])
def test_an_unknown_class_is_answered_with_all_classes(category: str) -> None:
    assert mistake(category) == (
        f"{category!r} is no arXiv category: the categories of 'econ' are EM, GN, TH"
    )


@pytest.mark.parametrize("category", ["", ".", "hep", "x", "new_archive", "biology papers"])
def test_an_unknown_word_is_answered_with_the_taxonomy(category: str) -> None:
    assert (mistake(category) or "").endswith(": see https://arxiv.org/category_taxonomy")


# In `cs.LX` one letter of two is right, which proves nothing.
@pytest.mark.parametrize("category", ["cs.XY", "cs.LX", "physics.new-ph", "geol", "new-ar.data-an"])
def test_a_well_written_id_may_be_newer(category: str) -> None:
    assert mistake(category) is None
    assert not is_known(category)


@pytest.mark.parametrize("category", ["cs.xy", "physics.XY", "cs.QQQ", "Cs.XY", "cs.X-Y"])
def test_a_class_written_unlike_its_siblings_is_wrong(category: str) -> None:
    assert mistake(category)


def test_a_newer_category_belongs_to_its_archive() -> None:
    assert covers("cs", "cs.XY")
    assert covers("cs.XY", "cs.XY")
    assert covers("new-archive", "new-archive.AB")
    assert covers("math", "cs.IT")  # which is math.IT
    assert not covers("cs.XY", "cs.XZ")
    assert not covers("cs", "css.XY")


@pytest.mark.parametrize(
    ("category", "may"),
    [("cs", True), ("new-archive", True), ("hep-th", False), ("cs.LG", False), ("cs.XY", False)],
)
def test_an_archive_that_is_newer_may_have_categories(category: str, may: bool) -> None:
    assert may_have_categories(category) is may


@examples(20)
@given(st.one_of(st.text(), st.from_regex(r"[a-z-]{1,9}\.[A-Za-z-]{0,9}", fullmatch=True)))
def test_any_text_gets_one_line_or_is_a_category(text: str) -> None:
    line = mistake(text)
    if line is None:
        assert text in table() or re.fullmatch(r"[a-z-]{2,}(\.([A-Z]{2}|[a-z-]{2,}))?", text)
    else:
        assert line.isprintable()
        assert line.startswith(repr(text))


@examples(20)
@given(st.sampled_from(sorted(table())), st.text("abcdefghijklmnopqrstuvwxyz.-", max_size=3))
def test_what_is_suggested_can_be_followed(category: str, more: str) -> None:
    line = mistake(category + more) or ""
    if "did you mean" in line:
        suggested = line.partition("did you mean '")[2].partition("'")[0]
        assert mistake(suggested) is None
