"""What feeds, listing pages and the search interface have in common: entries that become papers.
Pure.

An entry that is not as it should be costs its document nothing else. If its id can be read, it
becomes a `Paper` with `unreadable` set; if not, it is a text that names it.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from digest.core.errors import FeedError
from digest.core.papers import AnnounceType, Paper
from digest.core.tex import accents
from digest.core.text import clean, one_line, visible

# Patterns, to be parts of others.
VERSION = r"v([1-9][0-9]{0,3})"
CATEGORY = r"[A-Za-z-]+(?:\.[A-Za-z-]+)?"

MAX_ITEM = 200_000  # characters; 3,000 authors with an affiliation each are about 150,000
# Marks in a row on one letter. Unicode's own limit for text that is read as a stream (UAX #15,
# "Stream-Safe Text Format"). Putting them in order takes time to the square of their number.
MAX_MARKS = 30
# If more entries than this share and than this number are unreadable, it is no accident: the
# format has changed.
UNREADABLE_SHARE = 0.01
UNREADABLE_ITEMS = 3

NEW_FORMAT = "the format has changed; look for a newer version of this program"

Affiliations = tuple[tuple[str, str], ...]  # (name, affiliation) of the authors that have one

# A first look, for speed: marks are among these characters, and so are lines, arrows and emoji.
_SYMBOLS = re.compile(rf"[^\w\s\x00-\x7f]{{{MAX_MARKS + 1},}}")


@dataclass(frozen=True, slots=True)
class Page:
    """A page of arXiv's papers: of a listing or of search results."""

    total: int  # entries on all pages; 0: none, or none *yet*
    papers: tuple[Paper, ...]
    unreadable: tuple[str, ...] = ()  # entries without a readable id, each named somehow
    next_day: date | None = None  # a later announcement that was out when a listing was made

    @property
    def entries(self) -> int:
        """How many this page shows."""
        return len(self.papers) + len(self.unreadable)


def make_paper(
    paper_id: str,
    version: int,
    announce_type: AnnounceType,
    *,
    title: str,
    names: str,
    abstract: str,
    categories: Iterable[str],
    authors: Sequence[tuple[str, str]] | None = None,
    doi: str = "",
    journal_ref: str = "",
    rights: str = "",
    problem: str = "",
) -> Paper:
    """A paper with readable text, from an entry's text as it is.

    `names` is arXiv's author string; `authors` the pairs (name, affiliation or "") in it, if the
    entry has them. `categories` may have others than arXiv's, which are left out.

    The paper is `unreadable` if there is a `problem` with its entry, if it has no visible title, or
    if it has too much text, of which none is read then.
    """
    texts = (title, names, abstract, doi, journal_ref, rights)
    if too_much := _excess("\n".join([*texts, *(place for _, place in authors or ())])):
        return Paper(paper_id, version, "", (), "", (), announce_type, unreadable=too_much)
    title, names, abstract, doi, journal_ref, rights = map(clean, texts)
    readable_title, readable_names, readable_abstract = map(_readable, (title, names, abstract))
    all_authors, affiliations = parse_authors(readable_names)
    if authors is not None:
        pairs = [(_readable(clean(name)), _readable(clean(place))) for name, place in authors]
        all_authors = tuple(name for name, _ in pairs if name)
        affiliations = tuple((name, place) for name, place in pairs if name and place)
    terms = (term.strip() for term in categories)
    return Paper(
        id=paper_id,
        version=version,
        title=readable_title if _is_visible(readable_title) else "",
        authors=all_authors,
        abstract=readable_abstract,
        # Nothing else: they become links and file names.
        categories=tuple(dict.fromkeys(t for t in terms if re.fullmatch(CATEGORY, t))),
        announce_type=announce_type,
        affiliations=affiliations,
        doi=doi or None,
        journal_ref=journal_ref or None,
        license=rights or None,
        title_tex=title if title != readable_title else None,
        authors_tex=names if names != readable_names else None,
        abstract_tex=abstract if abstract != readable_abstract else None,
        unreadable=problem if _is_visible(readable_title) else "no title",
    )


def name_entry(*texts: str) -> str:
    """What to call an entry without an id: the first text that it has."""
    return next(filter(None, (one_line(text, 80) for text in texts)), "without any text")


def split_entries(
    called: str, entries: Iterable[Paper | str], advice: str = NEW_FORMAT
) -> tuple[tuple[Paper, ...], tuple[str, ...]]:
    """The papers among a document's entries, and the names of those that have no readable id.

    Raises `FeedError` if too many entries are unreadable (more than 1% and more than three), or if
    all of them have no id.
    """
    everything = list(entries)
    papers = tuple(entry for entry in everything if isinstance(entry, Paper))
    nameless = tuple(entry for entry in everything if isinstance(entry, str))
    unreadable = [*nameless, *(f"{p.id}: {p.unreadable}" for p in papers if p.unreadable)]
    if is_no_accident(len(unreadable), len(everything)) or (nameless and not papers):
        counts = f"{len(unreadable)} of {len(everything)} entries cannot be read ({unreadable[0]})"
        raise FeedError(called, f"{counts}: {advice}")
    return papers, nameless


def is_no_accident(wrong: int, entries: int) -> bool:
    """True if so many of so many entries are wrong that the document itself must be."""
    return wrong > max(UNREADABLE_ITEMS, UNREADABLE_SHARE * entries)


def _excess(text: str) -> str:
    """What an entry with this text has too much of for a paper; "" if nothing: too much text, or
    many marks on one letter, which take long to read and cannot be shown."""
    if len(text) > MAX_ITEM:
        return f"{len(text):,} characters, which no paper has"
    if "&" in text:  # entities that were escaped twice
        text = html.unescape(text)
    for symbols in _SYMBOLS.findall(visible(text)):
        if any(mark and len(list(run)) > MAX_MARKS for mark, run in groupby(symbols, _is_mark)):
            return f"more than {MAX_MARKS} marks on one letter"
    return ""


def _is_mark(symbol: str) -> bool:
    # Some characters decompose into marks, and are none themselves (U+0F73).
    return unicodedata.combining(unicodedata.normalize("NFD", symbol)[0]) > 0


def _readable(text: str) -> str:
    """TeX accents as letters, on one line."""
    return one_line(accents(text))  # TeX that stands for a space leaves two of them


def _is_visible(text: str) -> bool:
    """True unless there is nothing to see: no text, or joiners and direction marks alone."""
    return any(unicodedata.category(character) != "Cf" for character in text)


def parse_authors(names: str) -> tuple[tuple[str, ...], Affiliations]:
    """arXiv's author string as names and (name, affiliation) pairs.

    `A B (X, Y), C D` is split on commas outside parentheses. If parentheses do not balance, it is
    split on every comma, so that no name is lost. Parentheses at the end hold the affiliation;
    elsewhere, as in `Yu-Chiang (Frank) Wang`, they belong to the name.
    """
    authors, affiliations = [], []
    for part in filter(None, (part.strip() for part in _split(names))):
        name, affiliation = _split_affiliation(part)
        authors.append(name)
        if affiliation:
            affiliations.append((name, affiliation))
    return tuple(authors), tuple(affiliations)


def _split(names: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for position, character in enumerate(names):
        depth += (character == "(") - (character == ")")
        if depth < 0:
            break
        if character == "," and depth == 0:
            parts.append(names[start:position])
            start = position + 1
    return names.split(",") if depth else [*parts, names[start:]]


def _split_affiliation(part: str) -> tuple[str, str]:
    if not part.endswith(")"):
        return part, ""
    depth = 0
    for position in range(len(part) - 1, 0, -1):
        depth += (part[position] == ")") - (part[position] == "(")
        if depth == 0:
            return part[:position].rstrip(), part[position + 1 : -1].strip()
    return part, ""  # nothing before the parenthesis, or none that opens it
