"""TeX to HTML: what is made of it, that nothing of it acts, and that little of it is left."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.tex import accents, split_math
from digest.core.text import clean
from digest.site.math import comment_to_html, to_html
from tests import make
from tests.attacks import ATTACKS, LONG
from tests.site.reading import Page

MATH = {
    *("math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "mphantom", "msup", "msub", "msubsup"),
    *("mover", "munder", "munderover", "mfrac", "msqrt", "mroot", "mtable", "mtr", "mtd"),
    *("mmultiscripts", "mprescripts"),
}
INLINE = {"strong", "em", "code", "u", "s", "sup", "sub", "a"}
BLOCKS = {"p", "ul", "ol", "li", "br"}
ATTRIBUTES = {"display", "alttext", "mathvariant", "form", "lspace", "rspace", "minsize", "maxsize"}
ATTRIBUTES |= {"stretchy", "width", "displaystyle", "linethickness", "accent", "accentunder"}
ATTRIBUTES |= {"scriptlevel", "href", "rel", "class"}

MATHML_ATTACKS = (
    "<math><mi><table><mglyph><style><!--</style><p title='--&gt;&lt;img src onerror=pwned()&gt;'>",
    r"$\text{<mglyph><style><!--</style><img title='--&gt;&lt;img src=x onerror=pwned()&gt;'>}$",
    "$<annotation-xml encoding='text/html'><script>pwned()</script></annotation-xml>$",
    r"$\text{</mtext></math><script>pwned()</script>}$",
    r"$\text{</mtext><annotation-xml encoding=text/html><img src=x onerror=pwned()>}$",
    r"$\text{&lt;img src=x onerror=pwned()&gt;}$ $\text{&amp;lt;script>pwned()</script>}$",
    r"$x\" onmouseover=\"pwned()$ $\" autofocus onfocus=pwned() x=\"$",
    r"$\href{javascript:pwned()}{x} \url{javascript:pwned()}$ $\href{javascript:pwned()}{x}$",
    r"$\class{a}{x}\style{background:url(https://evil.example/x)}{y}\id{contents}{z}$",
    r"$\includegraphics{https://evil.example/x.png}$ \includegraphics{https://evil.example/x.png}",
    r"$\color{red}x \textcolor{url(https://evil.example/x)}{y}$ $\ref{x}\label{x}\tag{x}$",
    r"$\hspace{9999em}\rule{99em}{99em}\kern-99em$ $\genfrac(){99em}{}{a}{b}$",
    r"$\def\a{\a\a}\a$ $\newcommand{\a}[1]{#1#1}\a{\a{\a{\a{x}}}}$ $\let\a=\b$",
    r'\href{https://evil.example/" onmouseover="pwned()}{x} \url{https://evil.example/"><script>}',
    r"\href{ JavaScript:pwned()}{\href{https://evil.example}{x}} \href{data:text/html,x}{x}",
    r"[x](https://evil.example/$\" onmouseover=pwned() y=\"$) [x]($javascript:pwned()$)",
    '[x](https://evil.example "$a$") <a href="$x" onclick="pwned()$">x</a> `$<script>$`',
    "\ue0000\ue001 \ue00099\ue001 $x$ \ue000",
    r"\textbf{<script>pwned()</script>} {\bf <img src=x onerror=pwned()>} \foo{<script>}",
)


def harmless(html: str, allowed: set[str]) -> Page:
    page = Page(html)
    assert {tag for tag, _ in page.elements} <= allowed
    attributes = [pair for _, attributes in page.elements for pair in attributes.items()]
    assert {name for name, _ in attributes} <= ATTRIBUTES
    assert not re.search(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2061-\u2064\ud800-\udfff]", html
    )
    for name, value in attributes:
        if name == "href" and "math" in allowed - BLOCKS and not allowed & BLOCKS:
            assert re.match(r"https?://[A-Za-z0-9\[]", value or "")
        if name == "href":
            assert not re.match(
                r"[\s\x00]*(?:javascript|data|vbscript|file)\s*:", value or "", re.I
            )
        if name == "class":
            assert value == "tex"
        if name == "width":
            assert re.fullmatch(r"-?[0-2]?(?:\.\d+)?em", value or "")
    return page


def bare(html: str) -> str:
    """Without what most formulas have: their source, rows that group nothing, kinds of spaces."""
    html = re.sub(r' (?:alttext|lspace|rspace|stretchy|accent)="[^"]*"', "", html)
    html = re.sub("(?:&nbsp;|[\u2009\u00a0 ])+", " ", html)
    return re.sub(r"</?mrow>|<mspace></mspace>|[\ufe00\ufe01]", "", html)


# --- math -------------------------------------------------------------------------------------

CONVERTED = {
    "$x$": "<math><mi>x</mi></math>",
    "$$x$$": '<math display="block"><mi>x</mi></math>',
    r"\[x\]": '<math display="block"><mi>x</mi></math>',
    "$O(n^2)$": "<math><mi>O</mi><mo>(</mo><msup><mi>n</mi><mn>2</mn></msup><mo>)</mo></math>",
    r"$\mathcal{O}$": "<math><mi>𝒪</mi></math>",
    r"$\boldsymbol{\theta}$": "<math><mi>𝜽</mi></math>",
    r"${\bf x}$": "<math><mi>𝐱</mi></math>",
    r"$\mathds{1}$": "<math><mi>𝟙</mi></math>",
    r"$\textbf{X}_i$": "<math><msub><mi>𝐗</mi><mi>i</mi></msub></math>",
    r"$\nicefrac{1}{2}$": "<math><mn>1</mn><mo>/</mo><mn>2</mn></math>",
    r"$x\xspace$": "<math><mi>x</mi></math>",
    r"$\log(n)$": "<math><mi>log</mi><mo>(</mo><mi>n</mi><mo>)</mo></math>",
    r"$\log n$": '<math><mi>log</mi><mspace width="0.1667em"></mspace><mi>n</mi></math>',
    r"$\operatorname*{arg\,max}_x$": "<math><msub><mi>arg max</mi><mi>x</mi></msub></math>",
    r"$\operatorname{\mathbb{E}}[x]$": "<math><mi>𝔼</mi><mo>[</mo><mi>x</mi><mo>]</mo></math>",
    r"$\widetilde{O}$": "<math><mover><mi>O</mi><mo>~</mo></mover></math>",
    r"$\lesssim \ell$": "<math><mo>≲</mo><mi>ℓ</mi></math>",
    r"$5\%$": "<math><mn>5</mn><mi>%</mi></math>",
    r"$\text{if } x<y$": "<math><mtext>if </mtext><mi>x</mi><mo>&lt;</mo><mi>y</mi></math>",
    r"$\frac{a}{b}$": "<math><mfrac><mi>a</mi><mi>b</mi></mfrac></math>",
    # words between dollars
    r"$\texttt{top-k}$": "<code>top-k</code>",
    r"$\textbf{much better}$": "<strong>much better</strong>",
    r"$\href{https://example.org}{here}$": (
        '<a href="https://example.org" rel="noopener noreferrer">here</a>'
    ),
}


@pytest.mark.parametrize("tex", CONVERTED)
def test_math_becomes_mathml(tex: str) -> None:
    assert bare(to_html(tex)) == CONVERTED[tex]


@pytest.mark.parametrize(
    "tex",
    [
        r"$\method$",  # an author's own
        r"$\frac{1}$",
        "${x$",
        r"$\left( x$",
        r"$\def\x{y}\x$",
        r"$\hspace{99em}$",
        "$" + "x" * 501 + "$",
        "$" + "'" * 490 + "$",
        "$" + "{" * 249 + "$",
    ],
)
def test_what_cannot_be_converted_is_shown_as_its_source(tex: str) -> None:
    html = to_html(f"a {tex} b")
    assert harmless(html, INLINE).text == f"a {tex} b"
    assert html.startswith('a <code class="tex">')


# --- prose ------------------------------------------------------------------------------------

LINK = '<a href="https://x.org/a_b" rel="noopener noreferrer">'
PROSE = {
    "plain & <b>": "plain &amp; &lt;b&gt;",
    r"\textbf{G}eneral \emph{x} \textit{y}": "<strong>G</strong>eneral <em>x</em> <em>y</em>",
    r"\textit{\textbf{A}, a \underline{b}}": "<em><strong>A</strong>, a <u>b</u></em>",
    r"{\bf Dental} {\em so} \bf x": "<strong>Dental</strong> <em>so</em> x",
    r"5-HT\textsubscript{1A}, 1\textsuperscript{st}": "5-HT<sub>1A</sub>, 1<sup>st</sup>",
    r"5\% of R\&D, a\_b, \$48, \#1, \{x\}": "5% of R&amp;D, a_b, $48, #1, {x}",
    "a_b^c, x_{i} and {ada,bob}@x.org": "a_b^c, x_{i} and {ada,bob}@x.org",
    "5{,}084": "5,084",
    "``quoted'' -- and---so 1--2, --flag": "“quoted” – and—so 1–2, --flag",
    r"see~\cite{a,b}~for ~10x, 1.5~1.8x": "see\xa0[a,b]\xa0for ~10x, 1.5~1.8x",
    r"vs.\ 40\,cm": "vs. 40\xa0cm",
    r"Gro{\ss}mann, \'Erd\H{o}s": "Großmann, Érdős",
    r"2.3\times, {\tau}=1, 0{\deg}C, \log \sqrt n": "2.3×, τ=1, 0°C, log √ n",
    r"\textcolor{blue}{x} {\small y} \num{6.4}": "x y 6.4",
    r"x\footnote{Code: https://x.org/a_b.}": f"x (Code: {LINK}https://x.org/a_b</a>.)",
    "(see https://x.org/a_b).": f"(see {LINK}https://x.org/a_b</a>).",
    r"\url{https://x.org/a\_b}": f"{LINK}https://x.org/a_b</a>",
    r"\href{https://x.org/a_b}{\textcolor{blue}{us}}.": f"{LINK}us</a>.",
    r"\texttt{https://x.org/a_b}": f"<code>{LINK}https://x.org/a_b</a></code>",
    r"\url{ftp://x.org}, www.x.org": "ftp://x.org, www.x.org",
    r"\href{javascript:x()}{us}": "us (javascript:x())",
    r"\href{https://x.org/a_b}{https://y.org}": f"{LINK}https://y.org</a>",
    r"\method\ and \model{}, \textbf{\ours{}}": (
        '<code class="tex">\\method</code> and <code class="tex">\\model</code>, '
        '<strong><code class="tex">\\ours</code></strong>'
    ),
    r"\rev{said so} 30\. A": '<code class="tex">\\rev</code>{said so} 30\\. A',
    r"\today": '<code class="tex">\\today</code>',
}


@pytest.mark.parametrize("tex", PROSE)
def test_commands_in_prose_become_html(tex: str) -> None:
    assert to_html(tex) == PROSE[tex]


def test_math_outside_of_math_and_styles_around_math() -> None:
    assert bare(to_html(r"\mathcal{O}(\log n)")) == "<math><mi>𝒪</mi></math>(log n)"
    assert bare(to_html(r"\textbf{$x$ {\small $y$}}")) == (
        "<strong><math><mi>x</mi></math> <math><mi>y</mi></math></strong>"
    )


def test_within_a_link_there_are_no_links() -> None:
    title = r"$x$ at https://x.org, \href{https://y.org}{us}, $\url{https://z.org}$"
    page = harmless(to_html(title, links=False), MATH)
    assert page.text == "x at https://x.org, us, https://z.org"


# --- comments ---------------------------------------------------------------------------------


def test_a_comment_is_markdown_with_math_in_it() -> None:
    html = bare(comment_to_html(r"**So** $x_i * y_j$, $z_i * w$ and `$a_b$` \emph{x}: $\our_s$"))
    assert html.startswith("<p><strong>So</strong> <math><msub><mi>x</mi><mi>i</mi></msub><mo>∗")
    assert html.endswith('and <code>$a_b$</code> x: <code class="tex">$\\our_s$</code></p>')


def test_a_comment_within_a_line_has_no_blocks() -> None:
    html = comment_to_html("# So\n\n- *one*\n- `$x$`\n\n> $y$", inline=True)
    assert {tag for tag, _ in Page(html).elements} == {"em", "code", "math", "mi"}


# --- hostile text -----------------------------------------------------------------------------

SHORT = [*(attack for attack in ATTACKS if attack not in LONG), *MATHML_ATTACKS]


def test_nothing_of_an_attack_becomes_an_element() -> None:
    for attack in SHORT:
        for text in (attack, f"${attack}$", rf"\[{attack}\]", rf"$\text{{{attack}}}$"):
            harmless(to_html(text), MATH | INLINE)
            assert "<a " not in to_html(text, links=False), attack
        harmless(comment_to_html(attack), MATH | INLINE | BLOCKS)
        harmless(comment_to_html(rf"$\text{{{attack}}}$"), MATH | INLINE | BLOCKS)


ENDLESS = (
    *(piece * 3_000 for piece in (r"\textbf{", r"\bf ", "{", "}", r"\a{", "$x$", "~", "$$")),
    *(f"${piece * 60}$" for piece in (r"\bigl|", r"\left|", *"([|⟨", r"\{", r"\log(", r"\lVert ")),
    "$" + r"\sqrt{" * 80 + "$",
    r"\[\(" * 3_000,
    r"\href{a}{" * 2_000,
    "https://x.org/" * 999,
)


@pytest.mark.parametrize("text", [*LONG, *ENDLESS], ids=lambda text: ascii(text[:12]))
def test_hostile_lengths_are_converted_to_an_end(text: str) -> None:
    harmless(to_html(text), MATH | INLINE)


PIECES = [
    *("$", "$$", r"\(", r"\)", r"\[", r"\]", "{", "}", "<", ">", "&", '"', "'", "`", "*", "_", "^"),
    *(r"\textbf{", r"\emph{", r"\href{", r"\url{", r"\text{", r"\frac", r"\bf ", r"\method", "\\"),
    *("https://x.org/a", "javascript:x", "<script>", "</math>", "<mtext>", "[x](", ")", "x", " "),
    *("\ue000", "0", "\ue001", "\n", r"\mathbb", r"\left(", r"\\", "--", "~", r"\cite{", "%", "é"),
    *(
        r"\begin{cases}",
        r"\end{cases}",
        r"\sqrt",
        r"\hat",
        r"\small",
        "\u2062",
        "<!--",
        r"\phantom",
    ),
]
SOUP = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)


@make.examples(150)
@given(st.text(max_size=80) | SOUP)
def test_any_text_gives_harmless_html(text: str) -> None:
    harmless(to_html(text), MATH | INLINE)
    harmless(comment_to_html(text), MATH | INLINE | BLOCKS)
    assert to_html(text) == to_html(text)


# --- real papers ------------------------------------------------------------------------------


def papers(real_data: Path) -> Iterator[list[str]]:
    with gzip.open(real_data / "seed_day/2026-01-30.jsonl.gz", "rt", encoding="utf-8") as lines:
        read = [json.loads(line) for line in lines]
    for path in sorted((real_data / "feeds_days").glob("cs.CV_*.json.gz")):
        read += json.loads(gzip.decompress(path.read_bytes()))["papers"]
    for paper in read:
        yield [accents(clean(paper.get(key) or "")) for key in ("title", "abstract", "comment")]


def test_of_real_papers_next_to_nothing_is_left(real_data: Path) -> None:
    """Of 1,065 papers 13 show a macro of the author's own, in code; none shows a symbol's name."""
    formulas = as_source = 0
    own: list[str] = []
    left: list[str] = []
    texts = list(papers(real_data))
    for paper in texts:
        html = "".join(map(to_html, paper))
        for text in paper:
            for part, is_math in split_math(text):
                formulas += is_math
                as_source += is_math and 'class="tex"' in to_html(part)
        harmless(html, MATH | INLINE)
        own += [html] if 'class="tex"' in html else []
        prose = re.sub(r"<(code|math)\b.*?</\1>|<[^>]*>", "", html)
        left += [prose] if "\\" in prose else []
    assert formulas > 300
    assert as_source / formulas < 0.02
    assert len(own) / len(texts) < 0.015
    assert left == []
