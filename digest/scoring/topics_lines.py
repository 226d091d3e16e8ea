"""The lines of a `topics.md`: headings, items of lists, paragraphs; tables as items. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from digest.scoring.vocabulary import Role, is_general, role_of

COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)

_QUOTE = re.compile(r"\A(?: {0,3}> ?)+")
_FENCE = re.compile(r"\s*(?:```|~~~)\w*\s*")
_HEADING = re.compile(r" {0,3}(#{1,6})(?!#)(.*)")
_UNDERLINE = re.compile(r" {0,3}(?:(=+)|-{3,})[ \t]*")
_LONGEST_UNDERLINED = 60  # characters: a longer line above `---` is the end of a paragraph
_ITEM = re.compile(
    r"(\s*)(?:[-*+–—]\s+|[•‣·▪]\s*|(\(?\d{1,3}(?:[.)](?:\s+|(?=[^\W\d_a-zA-Z]))|[、．]\s*)))"
    r"(?:\[[ xX]\]\s+)?(.*)"
)
_TABLE_RULE = re.compile(r"[\s|:-]*-[\s|:-]*")
_CELL = re.compile(r"(?<!\\)\|")
_MARKS = re.compile(r"\*\*+|`+|(?<!\w)__|__(?!\w)")
_EMPHASIS = re.compile(r"(?<![\w*])([*_])(?=\S)((?:(?!\1).)+?)(?<=\S)\1(?!\w)")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an item of a list stands: items of one list have the same place."""

    indent: int  # columns
    numbered: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A line with text, or a heading."""

    written: str  # without the marks of headings, items and quotes; emphasis is left
    indent: int  # columns
    after_blank: bool  # True if no line stands directly above it
    level: int = 0  # of a heading; 0: none
    item: Place | None = None

    @property
    def text(self) -> str:
        return plain(self.written)


def read_lines(text: str) -> list[Line]:
    """Each line that has a word, in order; every heading, even without a name."""
    text = COMMENT.sub("", text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"))
    lines: list[Line] = []
    after_blank = True
    for row in _without_tables([_QUOTE.sub("", row, count=1) for row in text.splitlines()]):
        if underline := _UNDERLINE.fullmatch(row):
            if lines and not after_blank and _is_name(lines[-1]):
                lines[-1] = replace(lines[-1], level=1 if underline[1] else 2)
            after_blank = True
        elif heading := _HEADING.fullmatch(row):
            lines.append(Line(_without_closing(heading[2]), 0, after_blank, len(heading[1])))
            after_blank = True
        elif _FENCE.fullmatch(row) or not re.search(r"\w", row):
            after_blank = True
        else:
            lines.append(_line(row, after_blank=after_blank))
            after_blank = False
    return lines


def plain(text: str) -> str:
    """`text` without emphasis, code marks and surrounding space: "C*-algebras" stays."""
    return _EMPHASIS.sub(r"\2", _MARKS.sub("", text)).strip()


def _line(row: str, *, after_blank: bool) -> Line:
    if item := _ITEM.fullmatch(row):
        indent = len(item[1].expandtabs(4))
        return Line(item[3].strip(), indent, after_blank, item=Place(indent, item[2] is not None))
    indent = len(row.expandtabs(4)) - len(row.expandtabs(4).lstrip())
    return Line(row.strip(), indent, after_blank)


def _without_closing(name: str) -> str:
    """A heading's name without the `##` at its end. "C#" stays."""
    name = name.strip()
    bare = name.rstrip("#")
    return bare.rstrip() if not bare or bare[-1].isspace() else name


def _is_name(line: Line) -> bool:
    """True for a paragraph of one short line, which an underline makes a heading."""
    is_paragraph = line.level == 0 and line.item is None and line.after_blank
    return is_paragraph and len(line.written) <= _LONGEST_UNDERLINED


def _without_tables(rows: list[str]) -> Iterator[str]:
    """The rows, each table as what it says: a topic a row, an item a cell, labelled by its column.

    In a table without a column of topics' names each cell is an item.
    """
    number = 0
    while number < len(rows):
        is_table = (
            number + 1 < len(rows)
            and "|" in rows[number]
            and "|" in rows[number + 1]
            and _TABLE_RULE.fullmatch(rows[number + 1])
        )
        if not is_table:
            yield rows[number]
            number += 1
            continue
        end = number + 2
        while end < len(rows) and "|" in rows[end]:
            end += 1
        yield ""
        yield from _table(map(_cells, [rows[number], *rows[number + 2 : end]]))
        yield ""
        number = end


def _table(rows: Iterable[list[str]]) -> Iterator[str]:
    head, *body = rows
    has_names = _has_names(head)
    used: set[int] = set()
    for cells in body:
        for column, cell in enumerate(cells):
            if not cell:
                continue
            used.add(column)
            if column == 0 and has_names:
                yield f"**{cell}**"
            elif column < len(head) and head[column]:
                yield f"- {head[column]}: {cell}"
            else:
                yield f"- {cell}"
    for column, name in enumerate(head):
        if column not in used and not is_general(name) and role_of(name) is None:
            yield f"- {name}"


def _has_names(head: list[str]) -> bool:
    """True if the first column names topics: "Topic", "Interest" beside "Keywords", any other name
    beside a column that the vocabulary knows."""
    first, others = role_of(head[0]), {role_of(name) for name in head[1:]}
    if is_general(head[0]):
        return True
    if first is Role.WANTED:
        return Role.KEYWORDS in others
    return first is None and bool(head[0]) and others != {None} and bool(others)


def _cells(row: str) -> list[str]:
    """The cells' text; at least one."""
    cells = [plain(cell.replace(r"\|", "|")) for cell in _CELL.split(row.strip())]
    if len(cells) > 1 and not cells[0]:
        del cells[0]
    if len(cells) > 1 and not cells[-1]:
        del cells[-1]
    return cells
