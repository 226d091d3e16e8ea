"""A reader's library: a BibTeX file, or arXiv ids and links in any text. Pure.

BibTeX is read by bibtexparser: alive (2.1.0 of October 2026), pure Python, 50 KB, MIT. It needs
only pylatexenc, which we have. What it cannot read is a value with its line, no entry is lost to a
broken neighbour, and 20 MB take three seconds. pybtex is 2.5 times as large, brings latexcodec, and
takes quadratic time for quotes that do not close; bibtexparser 1.4 has no wheel. Only the splitter
is used: the rest converts names and months.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bibtexparser.model import DuplicateBlockKeyBlock, DuplicateFieldKeyBlock, Entry
from bibtexparser.splitter import Splitter

from digest.core.papers import ID
from digest.core.tex import accents, plain, split_math
from digest.core.text import clean, one_line
from digest.core.votes import VotedPaper

MAX_BYTES = 50_000_000
_LONGEST_TITLE, _LONGEST_ABSTRACT = 1_000, 10_000  # characters
_LINK = r"(?:arxiv\s*:\s*|10\.48550/arxiv\.|arxiv\.org/(?:abs|pdf|html)/)"
# An id behind one of these, or one that stands by itself: not a part of somebody else's DOI.
_IDS = re.compile(rf"(?:{_LINK}|(?<![\w./-]))((?-i:{ID}))(?![0-9])(?!-|/\w)", re.IGNORECASE)
_LINKS = re.compile(rf"{_LINK}((?-i:{ID}))(?![0-9])", re.IGNORECASE)
_BRACE = re.compile(r"(?<!\\)[{}]")  # they keep capitals; `clean` and `plain` need none
_ENTRY = re.compile(r"^\s*@\s*\w+\s*[{(]", re.MULTILINE)
_NAMING_FIELDS = ("doi", "url", "arxivid", "arxiv", "note", "journal", "howpublished")
_STRING = re.compile(r'\{((?:[^{}]|\{[^{}]*\})*)\}|"([^"]*)"|([^\s#"{}]+)')


@dataclass(frozen=True, slots=True)
class Library:
    """What a file names. A paper without an arXiv id has the id ""; title and abstract may be
    empty."""

    papers: tuple[VotedPaper, ...]
    unread: tuple[str, ...] = ()  # what could not be read, each named in one line


def read(data: bytes) -> Library:
    """The papers of a BibTeX file, or those of the ids and links in another text; each once."""
    text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").replace("\r\n", "\n")
    library = _read_bibtex(text) if _ENTRY.search(text) else _read_ids(text)
    return Library(tuple(_distinct(library.papers)), library.unread)


def _read_ids(text: str) -> Library:
    return Library(tuple(VotedPaper(match[1], "", "") for match in _IDS.finditer(text)))


def _distinct(papers: tuple[VotedPaper, ...]) -> Iterator[VotedPaper]:
    taken: set[str] = set()
    for paper in papers:
        title = re.sub(r"\W+", " ", paper.title.casefold()).strip()
        names = {name for name in (paper.id, title) if name}
        if names and taken.isdisjoint(names):
            yield paper
        taken |= names


# --- BibTeX -----------------------------------------------------------------------------------


def _read_bibtex(text: str) -> Library:
    # It logs each broken entry on its own; the caller says what was not read.
    logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)
    blocks = Splitter(text).split()
    strings = {s.key.casefold(): str(s.value).strip('{}"') for s in blocks.strings}
    papers: list[VotedPaper] = []
    unread: list[str] = []
    entries = list(blocks.entries)
    for block in blocks.failed_blocks:
        is_duplicate = isinstance(block, DuplicateBlockKeyBlock | DuplicateFieldKeyBlock)
        if is_duplicate and isinstance(block.ignore_error_block, Entry):
            entries.append(block.ignore_error_block)  # another paper may have the same key
        else:
            unread.append(f"line {(block.start_line or 0) + 1}: {one_line(block.raw or '', 60)}")
    for entry in entries:
        fields = {field.key.casefold(): str(field.value) for field in reversed(entry.fields)}
        if paper := _paper(fields, strings):
            papers.append(paper)
        else:
            line = (entry.start_line or 0) + 1
            unread.append(f"line {line}: {one_line(entry.key, 60)}: no title and no arXiv id")
    return Library(tuple(papers), tuple(unread))


def _paper(fields: Mapping[str, str], strings: Mapping[str, str]) -> VotedPaper | None:
    title, abstract = (
        _text(fields.get(name, ""), strings, longest)
        for name, longest in (("title", _LONGEST_TITLE), ("abstract", _LONGEST_ABSTRACT))
    )
    paper_id = _id(fields)
    return VotedPaper(paper_id, title, abstract) if title or paper_id else None


def _id(fields: Mapping[str, str]) -> str:
    """The arXiv id without its version, "" without one."""
    eprint = re.sub(r'[{}"\s]', "", fields.get("eprint", ""))
    archive = fields.get("archiveprefix", fields.get("eprinttype", "arxiv"))
    if "arxiv" in archive.casefold() and (match := _IDS.match(eprint)):
        return match[1]
    for name in _NAMING_FIELDS:
        if match := _LINKS.search(fields.get(name, "")):
            return match[1]
    return ""


def _text(value: str, strings: Mapping[str, str], longest: int) -> str:
    """A field's value as readable text: enclosures and protecting braces gone, TeX converted."""
    value = value.strip()
    if "#" in value or not value.startswith(("{", '"')):
        pieces = _STRING.findall(value[: 2 * longest])
        value = "".join(a or b or strings.get(c.casefold(), c) for a, b, c in pieces)
    parts = split_math(accents(value[: 2 * longest].strip().strip('"')))
    bare = "".join(p if is_formula else _BRACE.sub("", plain(p)) for p, is_formula in parts)
    return clean(bare)[:longest]
