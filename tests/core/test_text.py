from __future__ import annotations

import gzip
import json
import logging
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.arxiv.paper import parse_authors
from digest.core.tex import accents, plain, split_math
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


# --- accents ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tex", "readable"),
    [
        ("Gro{\\ss}mann", "Großmann"),
        ("Ant\\'onio", "António"),
        ("P{\\'e}rez", "Pérez"),
        ('T\\"{\\i}rk', "Tïrk"),
        ("\\'\\i", "í"),
        ("{\\L}ukasz \\L{}", "Łukasz Ł"),
        ("\\O stergaard", "Østergaard"),
        ("Ke\\v{s}elj", "Kešelj"),
        ("Ke\\v selj", "Kešelj"),
        ("Erd\\H{o}s", "Erdős"),
        ("Ko\\c{c}, \\.Ilker", "Koç, İlker"),
        ("Mah\\=an\\=ama", "Mahānāma"),
        ('\\r{A}ngstr\\"om', "Ångström"),
    ],
)
def test_accents_become_unicode(tex: str, readable: str) -> None:
    assert accents(tex) == readable


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no TeX at all",
        "$\\'a \\tilde{x}$ and \\(\\'a\\)",
        "over 30\\. A thorough study",
        "\\b black-box attack",
        "\\textbf{bold} \\vec{x} \\cite{a} \\bar",
        "d\\'{}etat",
        "\\'1 \\'{ \\\\",
        "C:\\users\\data",
    ],
)
def test_what_is_no_accent_is_left_alone(text: str) -> None:
    assert accents(text) == text


@given(st.text("ezwmn'{}\\\"$ ", max_size=30))
def test_accents_lose_no_letter(text: str) -> None:
    assert re.sub(r"\W", "", fold(accents(text))) == re.sub(r"\W", "", text)


# --- plain ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tex", "readable"),
    [
        ("$\\mathcal{O}(n^2)$", "𝒪(n²)"),
        ("\\(x_{i+1}\\) and \\[x_{10}\\] and $$x^{10}$$", "x_(i+1) and x₁₀ and x¹⁰"),
        ("$10^{-3}$, $x^{(t)}$", "10⁻³, x^(t)"),
        ("$\\pm 3\\sigma \\le \\ell_1$", "± 3σ≤ℓ₁"),
        ("$\\tfrac12$ of $\\frac{a}{b}$", "1/2 of a/b"),
        ("$\\|x\\|$ and $\\left(y\\right)$", "‖x‖ and (y)"),
        ("$\\texttt{Llama}$, $\\boldsymbol{x}$, $\\operatorname{Tr}$", "Llama, x, Tr"),
        ("50\\% of \\$5 \\& \\#1 \\_ \\{\\}", "50% of $5 & #1 _ {}"),
        ("$50\\%$ or $50%$ or so", "50% or 50% or so"),
        ("\\emph{a \\textbf{b \\textit{c}}} \\url{d}", "a b c d"),
        ("\\href{https://x.org}{here}", "here (https://x.org)"),
        ("``a'' --- 1--2", "“a” — 1–2"),
        ("Fig.~1, Eq.~$x$, ~10x", "Fig. 1, Eq. x, ~10x"),
        ("Theorem~1 vs.\\ 2", "Theorem 1 vs. 2"),
        ("Poincar\\'e", "Poincaré"),
        ("{\\it Gaia}, {\\sc Prospector}: {\\em a}", "Gaia, Prospector: a"),
        ("{\\textit{Kepler}}-186f", "Kepler-186f"),
        ("$T_{\\rm eff}$, ${\\bf x}$", "T_eff, x"),
        ("CO\\textsubscript{2}, 1\\textsuperscript{st}", "CO₂, 1st"),
        ("\\mathcal{O}(\\tau), \\frac{1}{2}", "𝒪(τ), 1/2"),
        ("5{,}084 of {a,b}@x.org, --flag", "5,084 of {a,b}@x.org, --flag"),
    ],
)
def test_tex_is_read_aloud(tex: str, readable: str) -> None:
    assert plain(tex) == readable


@pytest.mark.parametrize(
    "text",
    [
        "between $5 and $6",
        "$5-$10 a month",
        "$x \\method y$",
        "$\\frac$",
        "$\\binom{n}{k}$",
        "$\\begin{matrix}a&b\\end{matrix}$",
        "$\\input{/etc/passwd}$",
        "on \\mathbb R^n",
        "The \\hat A-genus",
        "\\title{foo}",
        "As of $\\today$, \\today.",
        "\\method and \\rev{a}",
        "$$",
        "{\\unbalanced",
        "$" + "x+" * 400 + "$",
    ],
)
def test_what_cannot_be_read_aloud_stays_as_its_source(text: str) -> None:
    assert plain(text) == text


@pytest.mark.parametrize(
    ("text", "math"),
    [
        ("$a$ $$b$$ \\(c\\) \\[d\\]", ["$a$", "$$b$$", "\\(c\\)", "\\[d\\]"]),
        ("J0859$-$5732 and SDSS J2311$+$0041", ["$-$", "$+$"]),
        ("$2\\times$4 GPUs, $8\\times$4", ["$2\\times$", "$8\\times$"]),
        ("\\$5 $x$", ["$x$"]),
        ("\\(a \\(b\\)", ["\\(b\\)"]),
    ],
)
def test_math_is_told_from_money(text: str, math: list[str]) -> None:
    assert [part for part, is_math in split_math(text) if is_math] == math
    assert "".join(part for part, _ in split_math(text)) == text


def test_the_converter_keeps_its_warnings_to_itself(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        plain("$\\frac$")
    assert not caplog.records


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


# --- a real day -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def day(real_data: Path) -> list[dict[str, str]]:
    with gzip.open(real_data / "seed_day/2026-01-30.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def test_a_real_day_keeps_hardly_any_tex(day: list[dict[str, str]]) -> None:
    assert len(day) == 451
    assert all(len(plain(p["abstract"])) >= 0.75 * len(p["abstract"]) for p in day)
    assert not any("\\" in plain(paper["title"]) for paper in day)
    assert sum("\\" in plain(paper["abstract"]) for paper in day) <= 0.03 * len(day)
