from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.arxiv.paper import parse_authors
from digest.core.tex import accents, plain
from digest.core.text import clean, fold, inert, markdown, one_line
from tests import make

JOINER = "\u2060"

# --- clean ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("", ""),
        ("a  b\n\tc ", "a b c"),
        ("a\u2028b\u00a0c\u0085d\u000be", "a b c d e"),
        ("\u202ea\u2066b\u200f\ufeff\x00\x1b[1m", "ab[1m"),
        ("half of a pair \ud83d", "half of a pair"),
        (
            "un\u200bseen \u00ad\u2060\u2063\U000e0061 \U0001f468\u200d\U0001f52c",
            "unseen 👨\u200d🔬",
        ),
        ("not for XML \ufffe\uffff", "not for XML"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("e\u0301", "é"),
        ("AT&amp;T", "AT&T"),
        ("&amp;lt;", "&lt;"),
        ("x &lt; y &#62; z &#x27;", "x < y > z '"),
        ("&#27;&#x202e;", ""),
        ("R&D; Q&A &parallel c", "R&D; Q&A &parallel c"),
        ("&amp; &notion; &nosuchthing;", "& &notion; &nosuchthing;"),
    ],
)
def test_clean_makes_one_line_of_normal_text(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@given(st.text())
def test_clean_text_can_be_written_and_stays_on_its_line(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode()
    assert "".join(cleaned.splitlines()) == cleaned
    assert not re.search("[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]", cleaned)


# --- one_line, inert, markdown ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "limit", "line"),
    [
        ("a\nb\r\n c", None, "a b c"),
        ("abcdef", 6, "abcdef"),
        ("abcdefg", 6, "abcde…"),
        ("abcd efg", 6, "abcd…"),
        ("\x1b[31mred\u202e \ud800", None, "[31mred"),
    ],
)
def test_one_line_is_one_line_cut_with_an_ellipsis(text: str, limit: int | None, line: str) -> None:
    assert one_line(text, limit) == line


@pytest.mark.parametrize(
    ("text", "obeyed"),
    [
        ("thanks @octocat", r"@\w"),
        ("fixes #12, owner/repo#12", r"#\d"),
        ("GH-12 gh-12", r"(?i)gh-\d"),
        ("[skip ci] [SKIP CI] [ skip ci]", r"(?i)\[\s*skip"),
        ("[ci skip] [no ci] [skip actions] [actions skip]", r"(?i)\[(ci|no|skip|actions)\b"),
        ("skip-checks: true", r"(?i)skip-checks\s*:"),
        ("Co-authored-by: a Signed-Off-By : b", r"(?i)-by\s*:"),
        ("github.com/o/r/issues/1 /pull/2 /discussions/3", r"(issues|pull|discussions)/\d"),
        ("o/r/commit/a5c3785ed8", r"commit/\w"),
        (":tada: :+1: :100:", r":[\w+-]+:"),
        ("::error::x :::set-output ::::", r"::"),
        ("##[error]x ###[x]", r"##\["),
        ("a\n::error::b", r"\n|::"),
    ],
)
def test_github_obeys_nothing_of_an_inert_line(text: str, obeyed: str) -> None:
    assert re.search(obeyed, text)
    assert not re.search(obeyed, inert(text))
    assert inert(text).replace(JOINER, "") == one_line(text)


@pytest.mark.parametrize(
    "text",
    ["# a", "- a", "+ a", "1. a", "12) a", "= a", ": a", "> a", "* a", "| a", "~~~", "```", "\ta"],
)
def test_no_line_begins_a_block_of_markdown(text: str) -> None:
    assert not re.match(r"[#+=:>*|~`\s-]|\d+[.)]", markdown(text))


@pytest.mark.parametrize(
    "text",
    [
        "*a* _b_ `c` ~~d~~",
        "[a](https://b) ![c](d)",
        "<script>a</script> &amp;",
        "a | b",
        "$x$ and \\(y\\)",
        "{{ site.x }} {% include x %}",
        "a\\b",
    ],
)
def test_nothing_within_a_line_means_anything_to_markdown(text: str) -> None:
    literal = re.sub(r"\\.|&(?:#\d+|\w+);", "", markdown(text))
    assert not re.search(r"[*_`~\[\]<>|$\\&]|\{[{%]", literal)
    assert not re.search(r"\{[{%]", markdown(text))


# --- fold -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("José  GARCÍA", "jose garcia"),
        ("Łukasz Đorđe Ørsted", "lukasz dorde orsted"),
        ("Großmann", "GROSSMANN"),
        ("ﬁne", "fine"),
        ("İlker", "ilker"),
    ],
)
def test_fold_ignores_case_accents_and_spacing(one: str, other: str) -> None:
    assert fold(one) == fold(other)


# --- hostile input ----------------------------------------------------------------------------

LENGTH = 3_000
# fmt: off
PIECES = [
    "{", "}", "(", ")", "[", "$", "$ ", "$a", "$a $", "$$", "$$a", "\\'", "\\'{", "\\'{{",
    "\\'{a{b}", "{\\'", "{\\'{a}", "\\v ", "\\o ", "\\\\", "\\textbf{", "\\textbf{}", "\\href{a}{",
    "\\(", "\\(a", "\\[", "\\[a", "\\(a\\", "^{", "_{a,", "$^{a,", "$\\frac{", "\\frac", "%", "&",
    "&amp;", "&#1", "``", "1--", "a~", "::", "##[", "@a", "[ ", "skip-checks ", "GH-", "a (",
    "(a),", "a (b) ", "(,", " ", "\n", "*", "1.", "\u0301", "\u202e", "a",
]
# fmt: on


@pytest.mark.parametrize(
    ("function", "frame"),
    [
        (clean, "{}"),
        (accents, "{}"),
        (plain, "{}"),
        (plain, "${}$"),
        (markdown, "{}"),  # which begins with inert
        (parse_authors, "a ({})"),
    ],
)
def test_hostile_text_takes_no_time(function: Callable[[str], object], frame: str) -> None:
    for piece in PIECES:
        with make.cpu_seconds(1):
            function(frame.replace("{}", (piece * LENGTH)[:LENGTH]))
