"""Text from outside, made readable and harmless. Pure, and the only module that knows how.

Titles, abstracts, names and comments are data: they arrive with TeX accents, doubled entities,
control characters and whatever a stranger cared to type. `clean` and `accents` run once, in the
parser; `plain` where a page, a message or a log has no room for TeX; `visible`, `one_line`, `inert`
and `markdown` at the sink that needs them. HTML is escaped by the templates.
"""

from __future__ import annotations

import html
import html.entities
import logging
import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from typing import Any

# Characters that no sink wants: control characters; bidirectional overrides and isolates, which
# can make a line read as something it is not (CVE-2021-42574); what shows as nothing and can hide
# a message or part a word (zero-width space, soft hyphen, tags); halves of surrogate pairs, which
# cannot be written as UTF-8, and what XML forbids. White space is folded elsewhere. Joiners that
# Persian, Indic scripts or emoji need (U+200C, U+200D) stay.
_UNWANTED = re.compile(
    "[\u0000-\u0008\u000e-\u001b\u007f-\u0084\u0086-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]"
)
_LINE_END = re.compile("\r\n?|[\u000b\u000c\u001c-\u001f\u0085\u2028\u2029]")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
# "Between $5 and $6" and "$5-$10" hold no math, "J0859$-$5732" does. No alternative reads past the
# next delimiter of its own kind, so that nothing is read twice.
_MATH = re.compile(
    r"\$\$[^$]++\$\$|(?<!\\)\$(?!\d[^$]*+(?<=[\s(/–-])\$\d)[^$]++(?<!\\)\$"
    r"|(?<!\\)\\\((?:[^\\]|\\[^()])++\\\)|(?<!\\)\\\[(?:[^\\]|\\[^\[\]])++\\\]"
)

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

_WORD_JOINER = "\u2060"


def clean(text: str) -> str:
    """One line of normal text: entities decoded once more where they were doubled, white space
    folded, control and bidirectional characters gone, NFC."""
    text = _ENTITY.sub(_unescape, text)
    return " ".join(unicodedata.normalize("NFC", _UNWANTED.sub("", text)).split())


def _unescape(entity: re.Match[str]) -> str:
    # html.unescape would also find &not in &notion;
    known = entity[0][1] == "#" or entity[0][1:] in html.entities.html5
    return html.unescape(entity[0]) if known else entity[0]


def accents(text: str) -> str:
    r"""TeX accents and letters as Unicode (`Gro{\ss}mann` as `Großmann`), math left alone."""
    return _outside_math(text, lambda part: _ACCENTED.sub(_accented, part))


def _accented(source: re.Match[str]) -> str:
    text = _latex(source[0])
    return text if any(map(str.isalpha, text)) else source[0]  # it stood on nothing


def plain(text: str) -> str:
    r"""TeX as it would be read aloud: `$\mathcal{O}(n^2)$` as `𝒪(n²)`, `\emph{x}` as `x`.

    What cannot be converted stays as its source: nothing is ever lost.
    """
    return "".join(
        _plain_math(part) if is_math else _plain_prose(part) for part, is_math in split_math(text)
    )


def split_math(text: str) -> Iterator[tuple[str, bool]]:
    """The text in order as (part, is it math), delimiters included."""
    if "$" not in text and "\\" not in text:
        if text:
            yield text, False
        return
    end = 0
    for match in _MATH.finditer(text):
        if match.start() > end:
            yield text[end : match.start()], False
        yield match[0], True
        end = match.end()
    if end < len(text):
        yield text[end:], False


def visible(text: str) -> str:
    """Without the characters that no sink wants; lines stay lines, all ended alike."""
    if text.isascii() and text.isprintable():  # as most text is
        return text
    return _LINE_END.sub("\n", _UNWANTED.sub("", text))


def one_line(text: str, limit: int | None = None) -> str:
    """A line for a log or a message: cleaned, at most `limit` characters, an ellipsis where cut."""
    line = " ".join(visible(text).split())
    if limit is not None and len(line) > limit:
        line = line[: limit - 1].rstrip() + "…"
    return line


# Where GitHub would act, up to the point that a word joiner makes it stop: mentions, references to
# issues, pull requests and commits, emoji codes, `::command::`, `##[command]`, `[skip ci]` in each
# of its spellings, trailers.
_OBEYED = re.compile(
    r"(?i)@(?=\w)|#(?=\d|#\[)|:(?=:|[\w+-]{1,50}:)|\[(?=\s?(?:skip|no|ci|actions)\b)"
    r"|\bGH-(?=\d)|/(?:issues|pull|discussions|commit)/(?=\w)|(?:-by|skip-checks)(?=\s?:)"
)


def inert(text: str) -> str:
    """A line that GitHub shows and does not obey: an invisible word joiner stands where the syntax
    would begin."""
    return _OBEYED.sub(rf"\g<0>{_WORD_JOINER}", one_line(text))


# As entities, for not every renderer takes a backslash before these.
_LITERAL = re.compile(r"[&<>|~$]|(?<=\{)%|^[#+=:-]")  # %: after a brace Jekyll obeys it
_NAMED = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_ADDRESS = re.compile(r"(?i):(?=//)|\bwww(?=\.)")  # GitHub makes a link of it without being asked


def markdown(text: str) -> str:
    """Plain text for the middle of a Markdown line, every character that could mean something to
    a Markdown renderer, to GitHub or to Jekyll made literal."""
    escaped = _ADDRESS.sub(rf"\g<0>{_WORD_JOINER}", inert(text))
    escaped = _LITERAL.sub(lambda m: _NAMED.get(m[0]) or f"&#{ord(m[0])};", escaped)
    escaped = re.sub(r"([\\`*_{}\[\]])", r"\\\1", escaped)
    return re.sub(r"^(\d+)([.)])", r"\1\\\2", escaped)


_STROKES = str.maketrans("łøđħıŧ", "lodhit")  # letters that Unicode does not decompose


def fold(text: str) -> str:
    """For comparing names and phrases: no case, no accents, single spaces."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_STROKES))
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split())


def _outside_math(text: str, change: Callable[[str], str]) -> str:
    if "\\" not in text:
        return text
    return "".join(part if is_math else change(part) for part, is_math in split_math(text))


_STYLE = re.compile(
    r"\\(?:text(?:bf|it|tt|sc|rm|sf|sl|up|md|normal)?|emph|underline|mbox|url)\s*\{([^{}]*)\}"
)
_HREF = re.compile(r"\\href\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_QUOTES = (("``", "“"), ("''", "”"), ("---", "—"))
_ESCAPED = re.compile(r"\\([%&#_${}])")
_SPACE = re.compile(r"(?<!\\)\\[ ,]")
_RANGE = re.compile(r"(?<=\d)--(?=\d)")
_TIE = re.compile(r"(?<=\w)~(?=[\w$\\])")  # `~10x` means about


def _plain_prose(text: str) -> str:
    if "\\" in text:
        text = _ACCENTED.sub(_accented, text)
        text = _HREF.sub(r"\2 (\1)", text)
        for _ in range(3):  # a style inside a style; three deep is more than anyone writes
            text = _STYLE.sub(r"\1", text)
        text = _SPACE.sub(" ", _ESCAPED.sub(r"\1", text))
    for source, sign in _QUOTES:
        text = text.replace(source, sign)
    text = _RANGE.sub("–", text) if "--" in text else text
    return _TIE.sub(" ", text) if "~" in text else text


_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_MACRO = re.compile(r"\\([A-Za-z]+|[^A-Za-z])")
# Macros that say how their arguments look, not what they are: they may go.
_LAYOUT = re.compile(
    r"left|right|middle|[bB]igg?[lr]?|(?:no)?limits|(?:display|text|script)style"
    r"|boldsymbol|bm|pmb|rm|sf|tt|it|bf|cal|operatorname|mathop|mathds|nicefrac"
)
_LONGEST_MATH = 500  # beyond this no one would read it aloud


def _plain_math(source: str) -> str:
    inner = re.sub(r"^(?:\$\$?|\\[(\[])|(?:\$\$?|\\[)\]])$", "", source).strip()
    if len(inner) > _LONGEST_MATH:
        return source
    inner = _STYLE.sub(r"{\1}", inner).replace(r"\|", "‖")
    inner = re.sub(r"\\[dt]frac(?![A-Za-z])", r"\\frac", inner)
    inner = re.sub(r"\^(\d|\{-?\d+\})", lambda m: m[1].strip("{}").translate(_SUPERSCRIPT), inner)
    inner = re.sub(r"_(\d|\{\d+\})", lambda m: m[1].strip("{}").translate(_SUBSCRIPT), inner)
    inner = re.sub(r"([\^_])\{([^{}]+)\}", _keep_together, inner)
    known = _converter().latex_context.get_macro_spec
    if any(known(name) is None and not _LAYOUT.fullmatch(name) for name in _MACRO.findall(inner)):
        return source  # an author's own macro: without it the rest would mislead
    text = " ".join(_latex(f"${inner}$").split())
    return source if "\\" in text or not text or "%s" in text else text


def _keep_together(script: re.Match[str]) -> str:
    """What braces kept together: x_{i+1} is x_(i+1), not x_i+1."""
    sign, inner = script[1], script[2]
    one = inner.startswith("(") or re.fullmatch(r"[\w\\-]+", inner)
    return script[0] if one else f"{sign}{{({inner})}}"


@lru_cache(maxsize=10_000)  # a page shows a title more than once, and accents repeat
def _latex(source: str) -> str:
    """`source` through pylatexenc, or itself where that fails: it raises on unbalanced input."""
    # A bare % would start a comment and swallow the rest.
    escaped = re.sub(r"(?s)(\\.)|%", lambda m: m[1] or r"\%", source)
    try:
        text: str = _converter().latex_to_text(escaped)
    except Exception:  # noqa: BLE001 - any of its macros may raise anything; the source is legible
        return source
    return unicodedata.normalize("NFC", text)


@cache
def _converter() -> Any:
    from pylatexenc import latex2text  # only where TeX occurs

    # It warns about every `\frac` that lacks an argument.
    logging.getLogger("pylatexenc").setLevel(logging.ERROR)
    macros = latex2text.get_default_latex_context_db()
    # A page must not change from one day to the next.
    today = latex2text.MacroTextSpec("today", r"\today")
    macros.add_context_category("digest", macros=[today], prepend=True)
    return latex2text.LatexNodes2Text(math_mode="text", keep_comments=True, latex_context=macros)
