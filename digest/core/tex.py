r"""TeX in titles, abstracts, names and comments. Pure, and the only module that reads it.

`parse` reads a line once and gives its parts. `plain` writes them as text, `digest.site.math` as
HTML. The commands of prose stand in the tables below; accents, signs and formulas are pylatexenc's.
Its parser is not used for prose: it takes `%` for a comment and `$5` for a formula, drops a brace
that nothing opens, and overflows the stack at a thousand open braces. `parse` looks at each
character once and goes at most 20 groups deep, so that no text takes long.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

LONGEST_FORMULA = 500  # characters; of 1,451 real formulas the longest has 112
DEEPEST = 20  # groups inside groups, in prose

# "Between $5 and $6" and "$5-$10" hold no formula, "J0859$-$5732" does. No alternative reads past
# the next delimiter of its own kind, so that nothing is read twice.
_FORMULA = re.compile(
    r"(\$\$[^$]++\$\$|(?<!\\)\$(?!\d[^$]*+(?<=[\s(/–-])\$\d)[^$]++(?<!\\)\$"
    r"|(?<!\\)\\\((?:[^\\]|\\[^()])++\\\)|(?<!\\)\\\[(?:[^\\]|\\[^\[\]])++\\\])"
)


def split_math(text: str) -> Iterator[tuple[str, bool]]:
    """The text in order as (part, True if it is a formula); a formula has its delimiters."""
    for number, part in enumerate(_FORMULA.split(text)):
        if part:
            yield part, number % 2 == 1


def formula(source: str) -> str:
    """A formula without its delimiters, if it has any."""
    width = 2 if source.startswith(("$$", r"\(", r"\[")) else int(source.startswith("$"))
    inner = source[width : len(source) - width].lstrip()
    return inner if inner.endswith("\\ ") else inner.rstrip()  # `\ ` is a space of its own


# --- accents ----------------------------------------------------------------------------------

_GROUP = r"\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}"
_ACCENT = (
    rf"\\(?:['`^\"~=.](?:{_GROUP}|\\[ij](?![A-Za-z])|[^\W\d_])"  # a sign and what it stands on,
    rf"|[uvHtcdbkr](?:\s*{_GROUP}|\s*\\[ij](?![A-Za-z]))|[uvHck]\s+[^\W\d_])"  # or a letter
)
_LETTER = (
    r"\\(?:ss|ae|AE|oe|OE|aa|AA|dh|DH|th|TH|dj|DJ|ng|NG|o|O|l|L|i|j)(?![A-Za-z])"
    r"(?:\{\}| (?=\w))?"  # and what ends its name
)
_ACCENTED = re.compile(rf"\{{(?:{_ACCENT}|{_LETTER})\}}|{_ACCENT}|{_LETTER}")


def accents(text: str) -> str:
    r"""TeX accents and letters as Unicode (`Gro{\ss}mann` as `Großmann`). Formulas stay."""
    if "\\" not in text:
        return text
    return "".join(
        part if is_formula else _ACCENTED.sub(_accented, part)
        for part, is_formula in split_math(text)
    )


def _accented(source: re.Match[str]) -> str:
    text = _converted(source[0])
    return text if any(map(str.isalpha, text)) else source[0]


# --- the parts of a line ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Text:
    text: str  # Unicode, to be shown as it is


@dataclass(frozen=True, slots=True)
class Formula:
    source: str  # with its delimiters; without any in prose: `\mathcal{O}`, an author's own macro


@dataclass(frozen=True, slots=True)
class Styled:
    element: str  # the HTML element that shows the style: "em", "strong", "code", "sup" …
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Link:
    address: str
    parts: tuple[Part, ...] = ()  # what is shown; () if that is the address


Part = Text | Formula | Styled | Link

# A command and the HTML element that shows its argument; "": the argument, in no style.
_STYLES = {"textbf": "strong", "emph": "em", "textit": "em", "textsl": "em", "texttt": "code"}
_STYLES |= {"underline": "u", "uline": "u", "sout": "s", "st": "s"}
_STYLES |= {"textsuperscript": "sup", "textsubscript": "sub"}
_STYLES |= dict.fromkeys(("text", "textrm", "textsf", "textsc", "textup", "textmd", "mbox"), "")
_STYLES |= dict.fromkeys(("textnormal", "hbox", "num", "ac", "acs", "acl", "gls"), "")
_STYLES |= dict.fromkeys(("uppercase", "MakeUppercase"), "")
# The same for commands whose style lasts to the end of their group.
_SWITCHES = {"bf": "strong", "bfseries": "strong", "it": "em", "itshape": "em", "em": "em"}
_SWITCHES |= {"sl": "em", "slshape": "em", "tt": "code", "ttfamily": "code"}
_SWITCHES |= dict.fromkeys(("rm", "sf", "sc", "rmfamily", "sffamily", "scshape", "upshape"), "")
_SWITCHES |= dict.fromkeys(("tiny", "scriptsize", "footnotesize", "small", "normalsize"), "")
_SWITCHES |= dict.fromkeys(("large", "Large", "centering", "noindent"), "")
_IGNORED = {"xspace", "protect", "relax", "-", "/", "!", "@"}
_SECOND_ARGUMENT_ONLY = {"textcolor", "colorbox", "texorpdfstring", "fontsize"}
_CITATIONS = {"cite", "citep", "citet", "citealp", "parencite", "textcite", "ref", "cref", "Cref"}
_CITATIONS |= {"eqref", "autoref"}
_SIGNS = {"deg": "°", "newline": " ", "par": " ", "\\": " ", " ": " ", ";": " ", ":": " "}
_SIGNS |= {",": "\xa0", "quad": " ", "ie": "i.e.", "eg": "e.g.", "etc": "etc.", "etal": "et al."}
_SIGNS |= {"sqrt": "√", "textbackslash": "\\", "textasciitilde": "~", "textasciicircum": "^"}
_SIGNS |= {sign: sign for sign in "%&#_${}"}
_QUOTES = {"``": "“", "''": "”", "---": "—"}

_MARKED = re.compile(r"[\\$~{}`]|''|--|https?://")  # without any of these it is ordinary text
_TOKEN = re.compile(
    r"(?P<url>https?://(?:[\w.~:/?#@!$&()*+,;=%-]|\\[_%#&~])+)"
    r"|(?P<command>\\(?:[A-Za-z]+|[^A-Za-z]))|(?P<open>\{)|(?P<close>\})"
    r"|(?P<text>``|''|-+|~|(?:[^\\{}`'~h-]|h(?!ttps?://))+|.)",
    re.DOTALL | re.ASCII,
)
_ESCAPED = re.compile(r"\\([_%#&~${}])")
# A formula of nothing but styled words or a link is prose.
_WORDS = re.compile(
    r"\\(?:(?:text(?:bf|it|sc|sf|sl|tt)|emph|url)\s*\{[^{}$^]*\}|href\s*\{[^{}]*\}\s*\{[^{}$]*\})"
)


def parse(text: str) -> tuple[Part, ...]:
    """The parts of a line; accents and signs are Unicode in them."""
    if not _MARKED.search(text):
        return (Text(text),)
    parser = _Parser(accents(text))
    return tuple(parser.parts(0, len(parser.tokens), 0))


def tokens(text: str) -> list[tuple[str, str]]:
    """The text cut up as (kind, token), where a kind is `formula`, `command`, `open`, `close`,
    `url` or `text`."""
    pieces: list[tuple[str, str]] = []
    for part, is_formula in split_math(text):
        if is_formula:
            pieces.append(("formula", part))
        else:
            pieces += [(match.lastgroup or "text", match[0]) for match in _TOKEN.finditer(part)]
    return pieces


def groups(tokens: list[tuple[str, str]]) -> dict[int, int]:
    """Where each group that is opened and closed begins: the place of its `{`, that of its `}`."""
    ends: dict[int, int] = {}
    unclosed: list[int] = []
    for place, (kind, _) in enumerate(tokens):
        if kind == "open":
            unclosed.append(place)
        elif kind == "close" and unclosed:
            ends[unclosed.pop()] = place
    return ends


class _Parser:
    """Makes parts of the tokens of one line."""

    def __init__(self, text: str) -> None:
        self.tokens = tokens(text)
        self.ends = groups(self.tokens)

    def parts(self, place: int, end: int, depth: int) -> Iterator[Part]:
        """The parts of the tokens from `place` to `end`."""
        if depth > DEEPEST:
            yield Text(self._source(place, end))
            return
        while place < end:
            kind, token = self.tokens[place]
            if kind == "command":
                parts, place = self._command(place, end, depth)
                yield from parts
                continue
            if kind == "open" and place in self.ends:
                yield from self._group(place, depth)
                place = self.ends[place]
            elif kind == "formula" and _WORDS.fullmatch(formula(token)):
                yield from parse(formula(token))
            elif kind == "formula":
                yield Formula(token)
            elif kind == "url":
                yield Link(_ESCAPED.sub(r"\1", token))
            else:
                yield Text(self._sign(place))
            place += 1

    def _source(self, start: int, end: int) -> str:
        return "".join(token for _, token in self.tokens[start:end])

    def _group(self, place: int, depth: int) -> Iterator[Part]:
        # `{\it a}` and `5{,}084` lose their braces, `{a,b}@x.org` does not.
        kind, token = self.tokens[place + 1]
        is_bare = kind in ("command", "formula") or token in (",", "=", "-", "--")
        inside = self.parts(place + 1, self.ends[place], depth + 1)
        yield from inside if is_bare else (Text("{"), *inside, Text("}"))

    def _sign(self, place: int) -> str:
        sign = self.tokens[place][1]
        if sign not in ("~", "--"):
            return _QUOTES.get(sign, sign)
        before = self.tokens[place - 1][1][-1:] if place else " "
        after = self.tokens[place + 1][1][:1] if place + 1 < len(self.tokens) else " "
        if sign == "--":  # a dash, but for `--option`
            return "–" if not before.isspace() or after.isspace() else sign
        # A space, but for `~10x` (about ten) and `0.5~0.7` (from, to).
        is_outer = before.isspace() or before in ("", "(", "~") or after.isspace() or after == "~"
        return sign if is_outer or (before.isdigit() and after.isdigit()) else "\xa0"

    def _arguments(self, place: int, end: int) -> list[tuple[int, int]]:
        """Where the two groups at most that follow a command stand, as (first token, closing
        brace)."""
        arguments: list[tuple[int, int]] = []
        for _ in range(2):
            place += place < end and self.tokens[place][1].isspace()
            if place < end and place in self.ends:
                arguments.append((place + 1, self.ends[place]))
                place = self.ends[place] + 1
        return arguments

    def _command(self, place: int, end: int, depth: int) -> tuple[Iterable[Part], int]:
        """The parts of a command with its arguments, and the place of what follows them."""
        name = self.tokens[place][1][1:]
        is_ended = name.isalpha() and self._source(place + 1, place + 3) == "{}"
        after = place + (3 if is_ended else 1)
        if name in _SWITCHES:
            return self._switch(name, after, end, depth)
        if name in _IGNORED:
            return (), after
        if name in _SIGNS:
            return (Text(_SIGNS[name]),), after
        is_open = place + 1 < end and self.tokens[place + 1][0] == "open"
        if name in _STYLES and is_open and place + 1 not in self.ends:
            return (), place + 2  # its brace is never closed
        arguments = [] if is_ended else self._arguments(place + 1, end)
        if not arguments:
            return (_symbol(name),), after

        def inside(argument: tuple[int, int]) -> tuple[Part, ...]:
            return tuple(self.parts(*argument, depth + 1))

        first, last = arguments[0], arguments[-1]
        if name in _STYLES:
            return _styled(_STYLES[name], inside(first)), first[1] + 1
        address = _ESCAPED.sub(r"\1", self._source(*first).strip())
        if name in ("url", "nolinkurl", "path"):
            return (Link(address),), first[1] + 1
        if name in _CITATIONS:
            return (Text(f"[{self._source(*first)}]"),), first[1] + 1
        if name == "footnote":
            return (Text(" ("), *inside(first), Text(")")), first[1] + 1
        if len(arguments) == 2 and name in _SECOND_ARGUMENT_ONLY:
            return inside(last), last[1] + 1
        if len(arguments) == 2 and name in ("href", "hyperlink"):
            return (Link(address, inside(last)),), last[1] + 1
        if _is_known(name):
            return (Formula(self._source(place, last[1] + 1)),), last[1] + 1
        return (_symbol(name),), after

    def _switch(self, name: str, place: int, end: int, depth: int) -> tuple[Iterable[Part], int]:
        """A style up to the end of its group. Outside of a group it would reach to the end of the
        text, which nobody means: there it is dropped."""
        if place < end and self.tokens[place][0] == "text":
            self.tokens[place] = ("text", self.tokens[place][1].lstrip())
        if not depth:
            return (), place
        return _styled(_SWITCHES[name], tuple(self.parts(place, end, depth + 1))), end


def _styled(element: str, parts: tuple[Part, ...]) -> tuple[Part, ...]:
    return (Styled(element, parts),) if element and parts else parts


def _symbol(name: str) -> Part:
    r"""A sign that stands outside of a formula (`\tau`, `\log`); else the command as it is."""
    source = f"\\{name}"
    if not name.isalpha():
        return Text(source)
    sign = _plain_formula(source)
    is_sign = sign == name or (len(sign) == 1 and not sign.isascii())
    return Text(sign) if is_sign else Formula(source)


# --- as text ----------------------------------------------------------------------------------

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def plain(text: str) -> str:
    r"""TeX as it would be read aloud: `$\mathcal{O}(n^2)$` as `𝒪(n²)`, `\emph{x}` as `x`.

    What cannot be converted stays as its source: nothing is lost.
    """
    readable = "".join(map(_plain, parse(text)))
    return readable if readable.strip() else text


def _plain(part: Part) -> str:
    if isinstance(part, Text):
        return part.text.replace("\xa0", " ")
    if isinstance(part, Formula):
        return _plain_formula(part.source)
    shown = "".join(map(_plain, part.parts))
    if isinstance(part, Link):
        return f"{shown} ({part.address})" if shown else part.address
    scripts = {"sup": _SUPERSCRIPT, "sub": _SUBSCRIPT}.get(part.element, {})
    return shown.translate(scripts) if shown.isdigit() else shown


_MACRO = re.compile(r"\\([A-Za-z]+|[^A-Za-z])")
# Macros that set how something looks and not what it is.
_FONT = re.compile(r"\\(?:rm|sf|tt|it|bf|cal|sc|em|(?:display|text|script)style)(?![A-Za-z])\s*")
_LAYOUT = re.compile(
    r"left|right|middle|[bB]igg?[lr]?|(?:no)?limits"
    r"|boldsymbol|bm|pmb|operatorname|mathop|mathds|nicefrac"
)
_WORD = re.compile(r"\\(?:text(?:bf|it|tt|sc|rm|sf|sl|up|md|normal)?|emph|mbox)\s*\{([^{}]*)\}")


def _plain_formula(source: str) -> str:
    """A formula as text; itself if that is not possible."""
    inner = formula(source)
    is_bare = inner == source
    if len(inner) > LONGEST_FORMULA:
        return source
    inner = _FONT.sub("", _WORD.sub(r"{\1}", inner)).replace(r"\|", "‖")
    inner = re.sub(r"\\[dt]frac(?![A-Za-z])", r"\\frac", inner)
    inner = re.sub(r"\^(\d|\{-?\d+\})", lambda m: m[1].strip("{}").translate(_SUPERSCRIPT), inner)
    inner = re.sub(r"_(\d|\{\d+\})", lambda m: m[1].strip("{}").translate(_SUBSCRIPT), inner)
    inner = re.sub(r"([\^_])\{([^{}]+)\}", _keep_together, inner)
    if not all(_is_known(name) or _LAYOUT.fullmatch(name) for name in _MACRO.findall(inner)):
        return source  # an author's own macro: without it the rest would mislead
    text = " ".join(_converted(inner if is_bare else f"${inner}$").split())
    is_shown = any(not (sign.isspace() or unicodedata.combining(sign)) for sign in text)
    if not is_shown or "\\" in text or "%s" in text:
        return source
    return f"{text} " if inner.endswith("\\ ") else text


def _keep_together(script: re.Match[str]) -> str:
    """What braces kept together: x_{i+1} is x_(i+1), not x_i+1."""
    sign, inner = script[1], script[2]
    one = inner.startswith("(") or re.fullmatch(r"[\w\\-]+", inner)
    return script[0] if one else f"{sign}{{({inner})}}"


# --- pylatexenc -------------------------------------------------------------------------------


# Parts of a document, not of a line. pylatexenc remembers the title of one text for the next.
_OF_DOCUMENTS = re.compile(
    r"title|author|date|maketitle|today|includegraphics|item|(?:sub)*(?:section|paragraph)|chapter"
)


def _is_known(macro: str) -> bool:
    spec = _converter().latex_context.get_macro_spec(macro)
    return spec is not None and not _OF_DOCUMENTS.fullmatch(macro)


@lru_cache(maxsize=10_000)  # accents and formulas repeat, and pylatexenc takes a millisecond
def _converted(source: str) -> str:
    """`source` as text by pylatexenc; itself where that fails: it raises on unbalanced input."""
    # A bare % would start a comment and hide the rest.
    escaped = re.sub(r"(?s)(\\.)|%", lambda m: m[1] or r"\%", source)
    try:
        text: str = _converter().latex_to_text(escaped)
    except Exception:  # noqa: BLE001 - any of its macros may raise anything; the source is legible
        return source
    return unicodedata.normalize("NFC", text)


@cache
def _converter() -> Any:
    from pylatexenc import latex2text  # only where TeX occurs: it takes long to load

    # It warns about every `\frac` that lacks an argument.
    logging.getLogger("pylatexenc").setLevel(logging.ERROR)
    macros = latex2text.get_default_latex_context_db()
    # A page must not change from one day to the next.
    today = latex2text.MacroTextSpec("today", r"\today")
    macros.add_context_category("digest", macros=[today], prepend=True)
    return latex2text.LatexNodes2Text(math_mode="text", keep_comments=True, latex_context=macros)
