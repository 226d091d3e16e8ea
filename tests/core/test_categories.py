from __future__ import annotations

import re
import subprocess
import sys
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.categories import covers, is_known, known, may_have_categories, mistake

ALIASES = {
    "cs.NA": "math.NA",
    "cs.SY": "eess.SY",
    "math.IT": "cs.IT",
    "math.MP": "math-ph",
    "q-fin.EC": "econ.GN",
    "stat.TH": "math.ST",
}
# fmt: off
ARCHIVES = [
    "astro-ph", "cond-mat", "cs", "econ", "eess", "gr-qc", "hep-ex", "hep-lat", "hep-ph", "hep-th",
    "math", "math-ph", "nlin", "nucl-ex", "nucl-th", "physics", "q-bio", "q-fin", "quant-ph",
    "stat",
]
# fmt: on


def test_every_archive_and_category_of_the_taxonomy_is_there() -> None:
    # 155 categories: 146 with a class, and nine archives that have none.
    assert sum("." in category for category in known()) == 146
    assert [each for each in known() if "." not in each and mistake(each) is None] == ARCHIVES
    assert all(category.partition(".")[0] in known() for category in known())


@pytest.mark.parametrize(
    ("category", "name"),
    [
        ("cs.LG", "Machine Learning"),
        ("astro-ph.EP", "Earth and Planetary Astrophysics"),
        ("cond-mat.mes-hall", "Mesoscale and Nanoscale Physics"),
        ("hep-th", "High Energy Physics - Theory"),
        ("physics", "Physics"),
        ("q-bio.QM", "Quantitative Methods"),
    ],
)
def test_what_exists_has_a_name_and_no_mistake(category: str, name: str) -> None:
    assert known()[category] == name
    assert mistake(category) is None


def test_the_table_is_sorted_complete_and_free_of_stray_whitespace() -> None:
    lines = files("digest").joinpath("categories.tsv").read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines[1:]]
    assert [row[0] for row in rows] == sorted(set(known()))
    assert all(cell == cell.strip() != "" for row in rows for cell in row)
    followed = {row[0] for row in rows if len(row) == 3}
    assert all(row[3] in followed for row in rows if len(row) == 4)


def test_an_alias_says_which_category_to_follow() -> None:
    flagged = {each for each in known() if "." in each and mistake(each) is not None}
    assert flagged == set(ALIASES)
    for alias, category in ALIASES.items():
        assert mistake(alias) == f"{alias!r} is another name of {category!r}: use that"


def test_a_closed_archive_says_what_succeeded_it() -> None:
    assert mistake("cmp-lg") == "'cmp-lg' is an archive that arXiv has closed: use 'cs.CL'"
    assert mistake("supr-con") == (
        "'supr-con' is an archive that arXiv has closed: use 'cond-mat.supr-con'"
    )


@pytest.mark.parametrize(
    ("category", "written"),
    [("cs.lg", "cs.LG"), ("CS", "cs"), ("Hep-Th", "hep-th"), ("COND-MAT.SOFT", "cond-mat.soft")],
)
def test_a_wrong_case_is_told_with_the_right_one(category: str, written: str) -> None:
    assert mistake(category) == f"{category!r}: written {written!r}"


def test_a_wrong_case_of_an_alias_leads_to_the_category_itself() -> None:
    assert mistake("math.mp") == "'math.mp': written 'math-ph'"


@pytest.mark.parametrize(
    ("category", "meant"),
    [
        ("cs.LLM", "cs.LG"),
        ("cs.NLP", "cs.CL"),
        ("cs.ML", "cs.LG"),
        ("cs.CVPR", "cs.CV"),
        ("cs.HCI", "cs.HC"),
        ("cs.LGG", "cs.LG"),
        ("cs.Robotics", "cs.RO"),
        ("cs.SYS", "eess.SY"),
        ("math.ph", "math-ph"),
        ("physics.optic", "physics.optics"),
        ("cond-mat.supr", "cond-mat.supr-con"),
        ("astro.EP", "astro-ph.EP"),
        ("hep-th.ST", "hep-th"),
        ("heplat", "hep-lat"),
        ("quant_ph", "quant-ph"),
        ("cs/LG", "cs.LG"),
        (" cs.LG", "cs.LG"),
        ("cs.*", "cs"),
        ("LG", "cs.LG"),
        ("Machine Learning", "cs.LG"),
        ("stats", "stat"),
        ("cmp-lg.AI", "cs.CL"),
    ],
)
def test_a_near_miss_is_told_what_was_probably_meant(category: str, meant: str) -> None:
    kind = "category" if "." in category else "archive"
    assert mistake(category) == (
        f"{category!r} is no arXiv {kind}: did you mean {meant!r} ({known()[meant]})?"
    )


@pytest.mark.parametrize("category", ["econ.ma", "econ.X", "econ.XXX", "econ.new-ph", "econ.GN.TH"])
def test_a_class_like_no_other_is_told_what_the_archive_has(category: str) -> None:
    assert mistake(category) == (
        f"{category!r} is no arXiv category: the categories of 'econ' are EM, GN, TH"
    )


@pytest.mark.parametrize(
    "category",
    ["", "  ", ".", "hep", "phys", "nucl", "x", "new_archive", "biology papers"],
)
def test_what_is_like_nothing_is_told_where_to_look(category: str) -> None:
    assert (mistake(category) or "").endswith(": see https://arxiv.org/category_taxonomy")


@pytest.mark.parametrize(
    "category",
    [
        "cs.XY",
        "cs.LX",  # one letter of two proves nothing
        "q-bio.ZZ",
        "econ.MA",
        "astro-ph.XX",
        "physics.new-ph",
        "cond-mat.new",
        "new-archive",
        "geol",
        "newarch.AB",
        "newarch.data-an",
    ],
)
def test_what_is_written_as_arxiv_writes_may_be_newer_than_this_table(category: str) -> None:
    assert mistake(category) is None
    assert not is_known(category)


@pytest.mark.parametrize(
    "category", ["cs.xy", "physics.XY", "cs.QQQ", "Cs.XY", "cs.X-Y", "q-bio.zz"]
)
def test_a_class_that_is_not_written_as_its_siblings_is_a_mistake(category: str) -> None:
    assert mistake(category)


def test_a_newer_category_is_at_home_in_its_archive() -> None:
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


def test_joined_categories_are_told_apart() -> None:
    assert mistake("cs.LG+cs.AI") == "'cs.LG+cs.AI': write each category by itself"


@given(st.one_of(st.text(), st.from_regex(r"[a-z-]{1,9}\.[A-Za-z-]{0,9}", fullmatch=True)))
def test_any_text_gets_one_line_or_is_a_category(text: str) -> None:
    line = mistake(text)
    if line is None:
        assert text in known() or re.fullmatch(r"[a-z-]{2,}(\.([A-Z]{2}|[a-z-]{2,}))?", text)
    else:
        assert line.isprintable()
        assert line.startswith(repr(text))


@given(st.sampled_from(sorted(known())), st.text("abcdefghijklmnopqrstuvwxyz.-", max_size=3))
def test_what_is_suggested_can_be_followed(category: str, more: str) -> None:
    line = mistake(category + more) or ""
    if "did you mean" in line:
        suggested = line.partition("did you mean '")[2].partition("'")[0]
        assert mistake(suggested) is None


def test_nothing_is_read_until_it_is_asked_for() -> None:
    code = (
        "import importlib.resources as r; r.files = None; import digest.core.categories as c\n"
        "try: c.known()\n"
        "except TypeError: print('read on demand')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "read on demand\n", done.stderr
