r"""Text with TeX (titles, abstracts, comments) as harmless HTML, made when the site is built.

Math becomes MathML by math-core, chosen over latex2mathml because it writes MathML Core, which is
all that browsers draw: letters in bold, in script or double-struck are Unicode characters there,
not `mathvariant`, which Chromium ignores; and it refuses a macro it does not know. Whatever cannot
be converted is shown as its source, in `<code class="tex">`: nothing is lost, nothing guessed.

Prose is escaped piece by piece, and the only tags in it are those written here. What the converter
made is sanitised by nh3, by an allow-list without the elements that can carry HTML into MathML.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any, Final

from markupsafe import Markup, escape

from digest.core.text import accents, plain, split_math, visible

LONGEST = 500  # characters of one formula; of 1,451 real ones the longest has 112
MOST_MADE = 20_000  # of MathML for one formula
DEEPEST = 20  # groups inside groups, in prose

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
# Nothing but styled words or a link: prose between dollars.
_WORDS = re.compile(
    r"\\(?:(?:text(?:bf|it|sc|sf|sl|tt)|emph|url)\s*\{[^{}$^]*\}|href\s*\{[^{}]*\}\s*\{[^{}$]*\})"
)
# Invisible operators: a page may hold none, and an empty <mo> would leave a gap.
_APPLIED = re.compile('<mo(?: lspace="([^"]*)")?[^>]*>(?:&ApplyFunction;|[\u2061-\u2064])</mo>')


def to_html(text: str, links: bool = True) -> Markup:
    """A line of prose with TeX in it as HTML for the middle of a paragraph, the same for ever.

    `links=False` where the text stands inside a link (a title): links in links are no HTML.
    """
    text = visible(text)
    if not _MARKED.search(text):
        return escape(text)
    return Markup(_Prose(accents(text), links).html())  # noqa: S704 - escaped or sanitised


@lru_cache(maxsize=1024)  # a day's page, the front page and two feeds show each comment
def comment_to_html(
    text: str, written: Callable[[str], str] | None = None, inline: bool = False
) -> Markup:
    """A model's comment, TeX and light Markdown, as HTML blocks, or `inline`; as strict as
    `html.markdown`.

    Math is put aside first, for Markdown would read the `_` and `*` in it. It becomes MathML, or
    the text that `written` makes of it.
    """
    from digest.site.html import markdown  # which imports this module

    parts: list[str] = []
    formulas: list[str] = []
    for part, is_math in split_math(_HOLDER.sub("", visible(text))):
        if is_math:
            parts.append(f"\ue000{len(formulas)}\ue001")
            formulas.append(part)
        else:
            parts.append(plain(part))
    inside_code = False

    def put_back(match: re.Match[str]) -> str:
        nonlocal inside_code
        if match["math"]:
            source = formulas[int(match["math"])]
            if inside_code:
                return str(escape(source))
            return str(escape(written(source))) if written else _math(source)
        inside_code = match[0] == "<code>" or (inside_code and match[0] != "</code>")
        return match[0]

    # nh3 left no attribute and no bare `<`: this finds each tag, whole.
    html = visible(str(markdown("".join(parts), inline)))  # once more, for `&#x202e;`
    return Markup(_TAG_OR_HOLDER.sub(put_back, html))  # noqa: S704 - sanitised, each part by itself


_HOLDER = re.compile("[\ue000\ue001]")  # of private use: no text needs them
_TAG_OR_HOLDER = re.compile("<[^<>]*>|\ue000(?P<math>\\d+)\ue001")


# --- math -------------------------------------------------------------------------------------


def _math(source: str, links: bool = True) -> str:
    """A formula with its delimiters."""
    width = 2 if source.startswith(("$$", "\\")) else 1
    inner = source[width:-width].strip()
    if _WORDS.fullmatch(inner):
        return _Prose(inner, links).html()
    return _mathml(inner, source.startswith(("$$", r"\["))) or _as_source(source)


def _as_source(source: str) -> str:
    return f'<code class="tex">{escape(source)}</code>'


@lru_cache(maxsize=10_000)  # a page shows a title more than once, and `$k$` is in every paper
def _mathml(tex: str, displayed: bool = False) -> str | None:
    """A formula without delimiters, or None where it cannot or should not be converted."""
    import nh3

    # The length also bounds the depth: at some 4,000 groups the converter overflows its stack.
    if not tex or len(tex) > LONGEST or _REFUSED.search(tex):
        return None
    if len(_OPENS.findall(tex)) > MOST_OPENED:
        return None
    named = _NOT_A_NAME.sub(r"\\mathop{", _STYLED.sub(r"\\math\1{\2}", tex))
    try:
        made: str = _converter().convert_with_local_state(named, displaystyle=displayed)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # noqa: BLE001 - also a panic of Rust's, which is no Exception
        return None
    if "\\" in made or len(made) > MOST_MADE:
        return None
    made = _APPLIED.sub(lambda m: f'<mspace width="{m[1]}"/>' if m[1] else "", made)
    made = made.replace("<math", f'<math alttext="{escape(tex)}"', 1)
    return visible(nh3.clean(made, tags=_TAGS, attributes=_ATTRIBUTES))


@cache
def _converter() -> Any:
    from math_core import LatexToMathML  # only where TeX occurs

    # "Unreliable" are wide tildes, whose width differs between browsers.
    return LatexToMathML(macros=_MACROS, allow_unreliable_rendering=True)


# --- prose ------------------------------------------------------------------------------------

_WRAPPED = {"textbf": "strong", "emph": "em", "textit": "em", "textsl": "em", "texttt": "code"}
_WRAPPED |= {"underline": "u", "uline": "u", "sout": "s", "st": "s"}
_WRAPPED |= {"textsuperscript": "sup", "textsubscript": "sub"}
_SWITCHES = {"bf": "strong", "bfseries": "strong", "it": "em", "itshape": "em", "em": "em"}
_SWITCHES |= {"sl": "em", "tt": "code", "ttfamily": "code"}
_KEPT_ARGUMENT = {"text", "textrm", "textsf", "textsc", "textup", "textmd", "textnormal"}
_KEPT_ARGUMENT |= {"mbox", "hbox", "num", "ac", "acs", "acl", "gls", "uppercase", "MakeUppercase"}
_DROPPED_FIRST_ARGUMENT = {"textcolor", "colorbox", "texorpdfstring", "fontsize"}
_DROPPED = {"small", "footnotesize", "scriptsize", "tiny", "normalsize", "large", "Large", "rm"}
_DROPPED |= {"sf", "sc", "sffamily", "scshape", "rmfamily", "noindent", "centering", "xspace"}
_DROPPED |= {"protect", "relax", "-", "/", "!", "@"}
_CITED = {"cite", "citep", "citet", "citealp", "parencite", "textcite", "ref", "cref", "Cref"}
_CITED |= {"eqref", "autoref"}
_SIGNS = {"deg": "°", "newline": " ", "par": " ", "\\": " ", " ": " ", ";": " ", ":": " "}
_SIGNS |= {",": "\xa0", "quad": " ", "ie": "i.e.", "eg": "e.g.", "etc": "etc.", "etal": "et al."}
_SIGNS |= {"sqrt": "√", "textbackslash": "\\", "textasciitilde": "~", "textasciicircum": "^"}
_SIGNS |= {sign: sign for sign in "%&#_${}"}
_MARKED = re.compile(r"[\\$~{}`]|''|--|https?://")  # without any of these it is ordinary text
_TOKEN = re.compile(
    r"(?P<url>https?://(?:[\w.~:/?#@!$&()*+,;=%-]|\\[_%#&~])+)"
    r"|(?P<command>\\(?:[A-Za-z]+|[^A-Za-z]))|(?P<open>\{)|(?P<close>\})"
    r"|(?P<text>``|''|-+|~|(?:[^\\{}`'~h-]|h(?!ttps?://))+|.)",
    re.DOTALL | re.ASCII,
)
_QUOTES = {"``": "“", "''": "”", "---": "—"}
_ADDRESS = re.compile(r"https?://[A-Za-z0-9\[][!#-;=?-\[\]_a-z~]*")  # ASCII, nothing to escape with
_ESCAPED = re.compile(r"\\([_%#&~${}])")


class _Prose:
    """Tokens of a text and where its groups end; each method gives finished HTML."""

    def __init__(self, text: str, links: bool) -> None:
        self.links = links
        self.tokens: list[tuple[str, str]] = []
        self.ends: dict[int, int] = {}  # of a group: where it opens, where it closes
        unclosed: list[int] = []
        for part, is_math in split_math(text):
            for kind, token in [("math", part)] if is_math else _tokens(part):
                if kind == "open":
                    unclosed.append(len(self.tokens))
                elif kind == "close" and unclosed:
                    self.ends[unclosed.pop()] = len(self.tokens)
                self.tokens.append((kind, token))

    def html(self) -> str:
        return self._run(0, len(self.tokens), 0)

    def _source(self, start: int, end: int) -> str:
        return "".join(token for _, token in self.tokens[start:end])

    def _run(self, start: int, end: int, depth: int) -> str:
        if depth > DEEPEST:
            return str(escape(self._source(start, end)))
        made: list[str] = []
        at = start
        while at < end:
            kind, token = self.tokens[at]
            if kind == "command":
                html, at = self._command(at, end, depth)
                made.append(html)
                continue
            if kind == "open" and at in self.ends:
                html = self._run(at + 1, self.ends[at], depth + 1)
                # What groups a command, or `5{,}084`, loses its braces, `{a,b}@x.org` does not.
                kind, token = self.tokens[at + 1]
                bare = kind in ("command", "math") or token in (",", "=", "-", "--")
                made.append(html if bare else f"{{{html}}}")
                at = self.ends[at]
            elif kind == "math":
                made.append(_math(token, self.links))
            elif kind == "url":
                made.append(self._link(token))
            else:
                made.append(str(escape(self._sign(at))))
            at += 1
        return "".join(made)

    def _sign(self, at: int) -> str:
        sign = self.tokens[at][1]
        if sign in ("~", "--"):
            before = self.tokens[at - 1][1][-1] if at else " "
            after = self.tokens[at + 1][1][0] if at + 1 < len(self.tokens) else " "
            if sign == "--":  # a dash, but for `--option`
                return "–" if not before.isspace() or after.isspace() else sign
            # A tie, but for `~10x` and `0.5~0.7`.
            outer = before.isspace() or before in "(~" or after.isspace() or after == "~"
            return sign if outer or (before.isdigit() and after.isdigit()) else "\xa0"
        return _QUOTES.get(sign, sign)

    def _arguments(self, at: int, end: int, most: int) -> list[tuple[int, int]]:
        """Where the groups that follow stand, as (first token, closing brace)."""
        found: list[tuple[int, int]] = []
        while at < end and len(found) < most:
            if self.tokens[at][1].isspace():
                at += 1
            if at >= end or at not in self.ends:
                break
            found.append((at + 1, self.ends[at]))
            at = self.ends[at] + 1
        return found

    def _command(self, at: int, end: int, depth: int) -> tuple[str, int]:
        """HTML of the command at `at` with its arguments, and where the text goes on."""
        name = self.tokens[at][1][1:]
        empty = name.isalpha() and self._source(at + 1, at + 3) == "{}"  # it ends the name
        after = at + (3 if empty else 1)
        if depth and name in _SWITCHES:
            html, tag = self._run(after, end, depth + 1).lstrip(), _SWITCHES[name]
            return (f"<{tag}>{html}</{tag}>" if html else ""), end
        if name in _DROPPED or name in _SWITCHES:
            return "", after
        if name in _SIGNS:
            return str(escape(_SIGNS[name])), after
        opens = at + 1 < end and self.tokens[at + 1][0] == "open"
        if opens and at + 1 not in self.ends and (name in _WRAPPED or name in _KEPT_ARGUMENT):
            return "", at + 2  # a brace that nothing closes
        groups = self._arguments(at + 1, end, 2)
        if groups and not empty:
            start, stop = groups[0]
            source = self._source(start, stop)
            if name in _WRAPPED:
                tag, inner = _WRAPPED[name], self._run(start, stop, depth + 1)
                return (f"<{tag}>{inner}</{tag}>" if inner else ""), stop + 1
            if name in _KEPT_ARGUMENT:
                return self._run(start, stop, depth + 1), stop + 1
            if name in ("url", "nolinkurl", "path"):
                return self._link(source), stop + 1
            if name in _CITED:
                return str(escape(f"[{source}]")), stop + 1
            if name == "footnote":
                return f" ({self._run(start, stop, depth + 1)})", stop + 1
            if len(groups) == 2 and name in _DROPPED_FIRST_ARGUMENT | {"href", "hyperlink"}:
                (start, stop), links = groups[1], self.links
                linked = name not in _DROPPED_FIRST_ARGUMENT
                self.links = links and not linked
                html = self._run(start, stop, depth + 1)
                self.links = links
                return (self._link(source, html) if linked else html), stop + 1
            # Math that stands outside of math: `\mathcal{O}`, `\frac{1}{2}`.
            for _, stop in reversed(groups):
                if made := _mathml(self._source(at, stop + 1)):
                    return made, stop + 1
        return _symbol(self.tokens[at][1]), after

    def _link(self, address: str, html: str | None = None) -> str:
        """To an address, a bare one without the punctuation that ends the sentence."""
        address = _ESCAPED.sub(r"\1", address.strip())
        rest = ""
        if html is None:
            ended = address.rstrip(".,;:!?*")
            while ended.endswith(")") and ended.count(")") > ended.count("("):
                ended = ended[:-1].rstrip(".,;:!?*")
            address, rest = ended, address[len(ended) :]
        shown = html or str(escape(address))
        if not _ADDRESS.fullmatch(address):
            return f"{shown} ({escape(address)})" if html else shown + str(escape(rest))
        if not self.links:
            return shown + str(escape(rest))
        # As nh3 writes them in comments.
        rel = 'rel="noopener noreferrer"'
        return f'<a href="{escape(address)}" {rel}>{shown}</a>{escape(rest)}'


def _symbol(command: str) -> str:
    r"""A sign that stands outside of math (`\tau`), or the source: an author's own macro."""
    if not command[1:].isalpha():
        return str(escape(command))
    sign = plain(f"${command}$")
    if sign == command[1:] or (len(sign) == 1 and not sign.isascii()):  # `\today` is a date
        return sign
    return _mathml(command) or _as_source(command)


def _tokens(part: str) -> list[tuple[str, str]]:
    return [(match.lastgroup or "text", match[0]) for match in _TOKEN.finditer(part)]
