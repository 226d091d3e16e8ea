"""Text from outside, made harmless. Pure. For TeX see `tex`.

Titles, abstracts, names and comments are data: they arrive with doubled entities, control
characters and whatever a stranger typed. `clean` runs once, in the parser; `visible`, `one_line`,
`inert` and `markdown` run where the text leaves the program. HTML is escaped by the templates.
"""

from __future__ import annotations

import html
import html.entities
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

# Characters that no reader needs: control characters; bidirectional overrides and isolates, which
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
_WORD_JOINER = "\u2060"


def clean(text: str) -> str:
    """One line of normal text: entities decoded once more where they were doubled, white space
    folded, control and bidirectional characters gone, NFC."""
    text = _ENTITY.sub(_unescape, text)
    return " ".join(unicodedata.normalize("NFC", _UNWANTED.sub("", text)).split())


def _unescape(entity: re.Match[str]) -> str:
    # html.unescape would also find &not in &notion;
    is_entity = entity[0][1] == "#" or entity[0][1:] in html.entities.html5
    return html.unescape(entity[0]) if is_entity else entity[0]


def visible(text: str) -> str:
    """Without control, bidirectional and unseen characters; every line ends with a newline."""
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
    """One line that GitHub shows and does not act on: an invisible word joiner breaks up whatever
    GitHub would take for a mention, a reference or a command."""
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


# One of these says as much as about three Latin letters.
_EAST_ASIAN = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL"})


def in_other_script(text: str, others: Iterable[str], share: float = 1 / 4) -> bool:
    """True if this share of `text`, or more, is in scripts that `others` do not have: Chinese
    topics beside English papers."""
    scripts: Counter[str] = Counter()
    for letter, number in Counter(filter(str.isalpha, text)).items():
        script = _script(letter)
        scripts[script] += 3 * number if script in _EAST_ASIAN else number
    theirs = {_script(letter) for letter in set().union(*others) if letter.isalpha()}
    foreign = sum(n for script, n in scripts.items() if script not in theirs)
    return foreign >= share * scripts.total() > 0


def _script(letter: str) -> str:
    return unicodedata.name(letter, "?").partition(" ")[0]  # LATIN, CJK, CYRILLIC


_STROKES = str.maketrans("łøđħıŧ", "lodhit")  # letters that Unicode does not decompose


def fold(text: str) -> str:
    """For comparing names and phrases: no case, no accents, single spaces."""
    if text.isascii():
        return " ".join(text.casefold().split())
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_STROKES))
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split())
