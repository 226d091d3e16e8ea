"""Text from outside, made readable and harmless. Pure, and the only module that knows how.

Titles, abstracts, names and comments are data: they arrive with TeX accents, doubled entities,
control characters and whatever a stranger cared to type. `clean` and `accents` run once, in the
parser; `plain` where a page, a message or a log has no room for TeX; `one_line`, `inert` and
`markdown` at the sink that needs them. HTML is escaped by the templates.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Iterator

# Characters that no sink wants: control characters and bidirectional overrides and isolates,
# which can make a line read as something it is not (CVE-2021-42574). Joiners that Persian or
# Indic scripts need (U+200C, U+200D) stay.
_UNWANTED = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f"
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]"
)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
# As in Pandoc, a closing $ is not followed by a digit: "between $5 and $6" holds no math.
_MATH = re.compile(r"\$\$.+?\$\$|(?<!\\)\$[^$]+?(?<!\\)\$(?!\d)|\\\(.+?\\\)|\\\[.+?\\\]", re.DOTALL)

_GROUP = r"\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}"
_ACCENT = (
    r"\\(?:['`^\"~=.]|[uvHtcdbkr](?![A-Za-z]))\s*"  # the accent,
    rf"(?:{_GROUP}|\\[ij](?![A-Za-z])|[^\W\d_])"  # and the letter it stands on
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
    if _ENTITY.search(text):
        text = html.unescape(text)
    return " ".join(unicodedata.normalize("NFC", _UNWANTED.sub("", text)).split())


def accents(text: str) -> str:
    r"""TeX accents and letters as Unicode (`Gro{\ss}mann` as `Großmann`), math left alone."""
    return _outside_math(text, lambda part: _ACCENTED.sub(lambda m: _latex(m[0]), part))


def plain(text: str) -> str:
    r"""TeX as it would be read aloud: `$\mathcal{O}(n^2)$` as `𝒪(n²)`, `\emph{x}` as `x`.

    What cannot be converted stays as its source: nothing is ever lost.
    """
    return "".join(
        _plain_math(part) if is_math else _plain_prose(part) for part, is_math in split_math(text)
    )


def split_math(text: str) -> Iterator[tuple[str, bool]]:
    """The text in order as (part, is it math), delimiters included."""
    end = 0
    for match in _MATH.finditer(text):
        if match.start() > end:
            yield text[end : match.start()], False
        yield match[0], True
        end = match.end()
    if end < len(text):
        yield text[end:], False


def one_line(text: str, limit: int | None = None) -> str:
    """A line for a log or a message: cleaned, at most `limit` characters, an ellipsis where cut."""
    line = " ".join(_UNWANTED.sub("", text).split())
    if limit is not None and len(line) > limit:
        line = line[: limit - 1].rstrip() + "…"
    return line


def inert(text: str) -> str:
    """A line that GitHub shows and does not obey: no mention, issue reference, `[skip ci]` or
    `::command::`. An invisible word joiner stands where the syntax would begin."""
    line = one_line(text)
    line = re.sub(r"@(?=\w)", "@" + _WORD_JOINER, line)
    line = re.sub(r"#(?=\d)", "#" + _WORD_JOINER, line)
    line = re.sub(r"(?i)\b(GH-)(?=\d)", r"\1" + _WORD_JOINER, line)
    line = re.sub(r"(?i)\[(?=\s*(?:skip|no)\b|\s*(?:ci|actions)\b)", "[" + _WORD_JOINER, line)
    line = re.sub(r"(?i)\b(skip-checks)(?=\s*:)", r"\1" + _WORD_JOINER, line)
    return re.sub(r"::|##(?=\[)", lambda m: m[0][0] + _WORD_JOINER + m[0][1], line)


def markdown(text: str) -> str:
    """Plain text for the middle of a Markdown line, every character that could mean something to
    a Markdown renderer, to GitHub or to Jekyll escaped."""
    escaped = re.sub(r"([\\`*_{}\[\]()<>~|$])", r"\\\1", inert(text).replace("&", "&amp;"))
    return re.sub(r"^(\d+)([.)])|^([#+=:-])", lambda m: f"{m[1] or ''}\\{m[2] or m[3]}", escaped)


def fold(text: str) -> str:
    """For comparing names and phrases: no case, no accents, single spaces."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
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


def _plain_prose(text: str) -> str:
    if "\\" in text:
        text = _ACCENTED.sub(lambda m: _latex(m[0]), text)
        text = _HREF.sub(r"\2 (\1)", text)
        for _ in range(3):  # a style inside a style; three deep is more than anyone writes
            text = _STYLE.sub(r"\1", text)
        text = _ESCAPED.sub(r"\1", text)
    for source, sign in _QUOTES:
        text = text.replace(source, sign)
    text = re.sub(r"(?<=\d)--(?=\d)", "–", text)
    return re.sub(r"(?<=\w)~(?=[\w$\\])", " ", text)  # a tie; `~10x` means about


_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def _plain_math(source: str) -> str:
    inner = re.sub(r"^(?:\$\$?|\\[(\[])|(?:\$\$?|\\[)\]])$", "", source).strip()
    inner = re.sub(r"\^(?:(\d)|\{(\d+)\})", lambda m: (m[1] or m[2]).translate(_SUPERSCRIPT), inner)
    inner = re.sub(r"_(?:(\d)|\{(\d+)\})", lambda m: (m[1] or m[2]).translate(_SUBSCRIPT), inner)
    # Keep together what braces kept together: x_{i+1} is x_(i+1), not x_i+1.
    inner = re.sub(r"([\^_])\{(?!\()([^{}]*[^\w{}\\-][^{}]*)\}", r"\1{(\2)}", inner)
    text = " ".join(_latex(f"${inner}$").split())
    return source if "\\" in text or not text else text


def _latex(source: str) -> str:
    """`source` through pylatexenc, or itself where that fails: it raises on unbalanced input."""
    from pylatexenc.latex2text import LatexNodes2Text  # only where TeX occurs

    global _converter
    if _converter is None:
        _converter = LatexNodes2Text(math_mode="text", keep_comments=True)
    try:
        # A bare % would start a comment and swallow the rest.
        text: str = _converter.latex_to_text(re.sub(r"(?<!\\)%", r"\\%", source))
    except Exception:  # noqa: BLE001 - any of its macros may raise anything; the source is legible
        return source
    return unicodedata.normalize("NFC", text)


_converter = None
