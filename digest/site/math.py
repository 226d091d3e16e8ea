r"""Text with TeX (titles, abstracts, comments) as harmless HTML, made when the site is built.

Formulas become MathML by math-core, chosen over latex2mathml because it writes MathML Core, which
is all that browsers draw: letters in bold, in script or double-struck are Unicode characters there,
not `mathvariant`, which Chromium ignores; and it refuses a macro it does not know. What cannot be
converted is shown as its source, in `<code class="tex">`: nothing is lost, nothing guessed.

Prose is escaped piece by piece, and the only tags in it are those written here. What math-core
makes is sanitised by nh3, by an allow-list without the elements that can carry HTML into MathML.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any, Final

from markupsafe import Markup, escape

from digest.core import tex
from digest.core.text import visible
from digest.site.sanitize import markdown

LARGEST_MATHML = 20_000  # characters, for one formula

_TAGS = {"math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "mphantom", "msup", "msub"}
_TAGS |= {"msubsup", "mover", "munder", "munderover", "mfrac", "msqrt", "mroot"}
_TAGS |= {"mtable", "mtr", "mtd", "mmultiscripts", "mprescripts"}
_ATTRIBUTES: Final[dict[str, set[str]]] = {
    "math": {"display", "alttext"},
    "mi": {"mathvariant"},  # `normal`, the one that MathML Core has
    "mo": {"form", "lspace", "maxsize", "minsize", "rspace", "stretchy"},
    "mspace": {"width"},
    "mfrac": {"displaystyle", "linethickness"},
    "mover": {"accent"},
    "munder": {"accentunder"},
    "mrow": {"displaystyle", "scriptlevel"},
    "mtable": {"displaystyle", "scriptlevel"},
    "*": set(),  # without it `title` and `lang` pass anywhere
}
# Names that packages give to what the converter knows by another.
_MACROS = {
    "argmax": r"\operatorname*{arg\,max}",
    "argmin": r"\operatorname*{arg\,min}",
    "ensuremath": "#1",
    "mathbbm": r"\mathbb{#1}",
    "mathds": r"\mathbb{#1}",
    "nicefrac": "{#1}/{#2}",
    "sfrac": "{#1}/{#2}",
    "textsc": r"\text{#1}",
    "xspace": "",
}
# What defines, refers to, or moves things about: no abstract needs it, and it could fill a page.
_REFUSED = re.compile(
    r"\\(?:[egx]?def|let|(?:re)?newcommand|providecommand|newenvironment|DeclareMathOperator"
    r"|[hmv]space|[hm]skip|m?kern|rule|raisebox|genfrac|tag|label|(?:eq)?ref)(?![A-Za-z])"
)
# math-core 0.9 tries every opening delimiter with and without the rest, 2^n times in all: an
# unclosed `[` or `\bigl|` thirty times over would stop the run, and nothing could interrupt it.
# Real formulas have at most 7 of these; 12 take a millisecond.
_OPENS = re.compile(r"[(\[\u2308-\u29ff]|\\\{|\\[lu]l?[a-zA-Z]*|\\[bB]ig+[a-z]?(?![A-Za-z])")
MOST_OPENED = 12
_STYLED = re.compile(r"\\text(bf|it|tt)\s*\{([A-Za-z0-9]+)\}")  # HTML in MathML would not pass
_NOT_A_NAME = re.compile(r"\\operatorname\*?\s*\{(?=\\math)")
# Invisible operators: a page may hold none, and an empty <mo> would leave a gap.
_APPLIED = re.compile('<mo(?: lspace="([^"]*)")?[^>]*>(?:&ApplyFunction;|[\u2061-\u2064])</mo>')


def to_html(text: str, links: bool = True) -> Markup:
    """A line of prose with TeX in it as HTML for the middle of a paragraph.

    `links=False` where the text stands inside a link (a title): links in links are no HTML.
    """
    html = "".join(_part(part, links) for part in tex.parse(visible(text)))
    return Markup(html)  # noqa: S704 - each part is escaped or sanitised


def comment_to_html(
    text: str, write_formula: Callable[[str], str] | None = None, inline: bool = False
) -> Markup:
    """A model's comment, TeX and light Markdown, as HTML blocks, or `inline`; as strict as
    `sanitize.markdown`.

    Formulas are put aside first, for Markdown would read the `_` and `*` in them. They become
    MathML, or the text that `write_formula` makes of them.
    """
    parts: list[str] = []
    formulas: list[str] = []
    for part, is_formula in tex.split_math(_HOLDER.sub("", visible(text))):
        if is_formula:
            parts.append(f"\ue000{len(formulas)}\ue001")
            formulas.append(part)
        else:
            parts.append(tex.plain(part))
    write: Callable[[str], str] = write_formula or to_html

    def put_back(match: re.Match[str]) -> str:
        if not match["held"]:  # in code a formula stays as it was written
            return _HELD.sub(lambda held: str(escape(formulas[int(held["held"])])), match[0])
        return str(escape(write(formulas[int(match["held"])])))

    # nh3 left no attribute and no bare `<`: this finds each element, whole.
    html = visible(str(markdown("".join(parts), inline)))  # once more, for `&#x202e;`
    return Markup(_CODE_OR_HELD.sub(put_back, html))  # noqa: S704 - sanitised, each part by itself


_HOLDER = re.compile("[\ue000\ue001]")  # of private use: no text needs them
_HELD = re.compile("\ue000(?P<held>\\d+)\ue001")
_CODE_OR_HELD = re.compile(f"(?s)<code>.*?</code>|{_HELD.pattern}")


def _part(part: tex.Part, links: bool) -> str:
    match part:
        case tex.Text():
            return str(escape(part.text))
        case tex.Styled():
            inside = "".join(_part(inner, links) for inner in part.parts)
            return f"<{part.element}>{inside}</{part.element}>" if inside else ""
        case tex.Link():
            return _link(part.address, "".join(_part(p, links=False) for p in part.parts), links)
        case tex.Formula():
            displayed = part.source.startswith(("$$", r"\["))
            return _mathml(tex.formula(part.source), displayed) or _source(part.source)


def _source(text: str) -> str:
    return f'<code class="tex">{escape(text)}</code>'


def _mathml(formula: str, displayed: bool = False) -> str | None:
    """A formula without delimiters, or None if it cannot or should not be converted."""
    import nh3

    # The length also bounds the depth: at some 4,000 groups the converter overflows its stack.
    if not formula or len(formula) > tex.LONGEST_FORMULA or _REFUSED.search(formula):
        return None
    if len(_OPENS.findall(formula)) > MOST_OPENED:
        return None
    named = _NOT_A_NAME.sub(r"\\mathop{", _STYLED.sub(r"\\math\1{\2}", formula))
    try:
        html: str = _converter().convert_with_local_state(named, displaystyle=displayed)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # noqa: BLE001 - also a panic of Rust's, which is no Exception
        return None
    if "\\" in html or len(html) > LARGEST_MATHML:
        return None
    html = _APPLIED.sub(lambda m: f'<mspace width="{m[1]}"/>' if m[1] else "", html)
    html = html.replace("<math", f'<math alttext="{escape(formula)}"', 1)
    return visible(nh3.clean(html, tags=_TAGS, attributes=_ATTRIBUTES))


@cache
def _converter() -> Any:
    from math_core import LatexToMathML  # only where TeX occurs

    # "Unreliable" are wide tildes, whose width differs between browsers.
    return LatexToMathML(macros=_MACROS, allow_unreliable_rendering=True)


_ADDRESS = re.compile(r"https?://[A-Za-z0-9\[][!#-;=?-\[\]_a-z~]*")  # ASCII, needs no escape


def _link(address: str, shown: str, links: bool) -> str:
    """To an address; a bare one without the punctuation that ends the sentence."""
    rest = ""
    if not shown:
        link = address.rstrip(".,;:!?*")
        while link.endswith(")") and link.count(")") > link.count("("):
            link = link[:-1].rstrip(".,;:!?*")
        address, rest = link, str(escape(address[len(link) :]))
    elif not _ADDRESS.fullmatch(address):
        return f"{shown} ({escape(address)})"
    shown = shown or str(escape(address))
    if not links or not _ADDRESS.fullmatch(address):
        return shown + rest
    # `rel` as nh3 writes it in comments.
    return f'<a href="{escape(address)}" rel="noopener noreferrer">{shown}</a>{rest}'
