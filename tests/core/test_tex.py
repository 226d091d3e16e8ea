from __future__ import annotations

import gzip
import json
import logging
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.tex import accents, plain, split_math
from digest.core.text import fold


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
        (r"at $24.6\ $eV", "at 24.6 eV"),
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
