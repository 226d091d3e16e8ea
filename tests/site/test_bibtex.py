import re
from dataclasses import replace
from itertools import accumulate

import pytest

from digest.site.bibtex import bibtex
from tests.attacks import ATTACKS
from tests.site.days import HOSTILE, PLAIN


def title_of(title: str) -> str:
    """The title in the entry of a paper."""
    match = re.search(r"title=\{(.*)\},\n", bibtex(replace(PLAIN, title=title)))
    assert match
    return match[1]


def test_an_entry_for_a_bibliography() -> None:
    names = ("Ada Lovelace", "The X, Y Team", "Łukasz Ünal")
    assert bibtex(replace(PLAIN, title="50% of $x_1$ & more", authors=names)) == (
        "@misc{math.GT/0309136,\n"
        "  title={50\\% of $x_1$ \\& more},\n"
        "  author={Ada Lovelace and {The X, Y Team} and Łukasz Ünal},\n"
        "  year={2003},\n"
        "  eprint={math.GT/0309136},\n"
        "  archivePrefix={arXiv},\n"
        "  primaryClass={math.GT},\n"
        "  url={https://arxiv.org/abs/math.GT/0309136}\n"
        "}"
    )


@pytest.mark.parametrize(
    ("title", "latex"),
    [
        (r"A $\SI{3}{\km}$ view of {\it old} stars", r"A $\SI{3}{\km}$ view of {\it old} stars"),
        (r"\textbf{Bold} {\textit{Kepler}}-186f", r"\textbf{Bold} {\textit{Kepler}}-186f"),
        (r"50\% of R\&D, {BERT} and a_b^c", r"50\% of R\&D, {BERT} and a\_b\textasciicircum c"),
        ("Fig.~1, ~10x", r"Fig.~1, \textasciitilde 10x"),
        ("$50%$ or $5 {", r"$50\%$ or \$5 ("),
        (r"$x}$ and \{", r"\$x)\$ and /("),
        (r"\input{/etc/passwd} $\def\x{y}$ ^^5cinput", r"input{/etc/passwd} $def\x{y}$ 5cinput"),
    ],
)
def test_tex_stays_and_the_rest_is_escaped(title: str, latex: str) -> None:
    assert title_of(title) == latex


@pytest.mark.parametrize(
    ("paper_id", "year"),
    [("2601.21461", "2026"), ("0704.0001", "2007"), ("hep-th/9108001", "1991"), ("x", None)],
)
def test_the_year_is_that_of_the_id(paper_id: str, year: str | None) -> None:
    match = re.search(r"year=\{(\d+)\}", bibtex(replace(PLAIN, id=paper_id)))
    assert (match and match[1]) == year


def test_no_text_breaks_out_of_its_field() -> None:
    for text in ATTACKS:
        attack = text[:500]
        paper = replace(HOSTILE, title=attack, authors=(attack, attack), categories=(attack,))
        entry = bibtex(paper)
        depths = list(accumulate({"{": 1, "}": -1}.get(c, 0) for c in entry[:-1]))
        assert (depths[-1], min(depths)) == (1, 0), attack
        for command in ("input", "write", "def", "href", "require", "char", "include"):
            assert f"\\{command}" not in entry, attack
