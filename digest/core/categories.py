"""arXiv's archives and categories by name, and what is wrong with one that does not exist.

The table is `categories.tsv`, a line for each id: id, name, group, and `use`, the id to follow
instead, if there is one. It has every id for which rss.arxiv.org answers with a feed. Sources: the
taxonomy of arXiv/arxiv-base, `arxiv/taxonomy/definitions.py` (53735714; `ARCHIVES`, `CATEGORIES`,
`CATEGORY_ALIASES`, `ARCHIVES_SUBSUMED`; without arXiv's own archive `test`), and arXiv/arxiv-feed,
`feed/fetch_data.py`, which accepts archives and categories, but no groups (`grp_…`).

Two kinds of ids have a feed and are still of no use. Closed archives (`cmp-lg`) have a feed that is
always empty. Aliases (`cs.NA` for `math.NA`) have the same feed as their category, but arXiv's
listing pages redirect, and the search interface may find nothing for them.

arXiv adds categories, and this table is only as new as this release. So an id that is not in it is
one of two things:

- a **mistake**, answered with what was probably meant: it is not written as arXiv writes ids
  (`cs.Lg`, `cs,LG`, `cs.LLM`: in `cs` a class is two capitals), or it is another spelling or name
  of one that exists (`heplat`, `cs.ML` for Machine Learning, `stats`), or a class of an archive
  that has no classes (`hep-th.ST`);
- a **newer id** (`cs.XY`, `q-bio.ZZ`, `new-archive`), which is accepted with a warning: it is
  written as arXiv writes ids, and is similar to no other. If only one of two letters differs, that
  says nothing: `cs.LX` can be new as well as a typing error. Only arXiv knows whether it exists:
  its feed answers 400 for an id that does not.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files

TAXONOMY_URL = "https://arxiv.org/category_taxonomy"

# How similar a known id must be to be suggested, from 0 to 1. No suggestion is better than a wrong
# one: most classes have two letters, and one equal letter of two means nothing.
_SIMILAR_IN_ARCHIVE = 0.6
_SIMILAR_BUT_WELL_WRITTEN = 0.8  # else it may be newer than the table
_SIMILAR_ANYWHERE = 0.75
_MIN_BEGINNING = 3  # letters of a class that identify it

# Common names of fields whose category has another name.
_COLLOQUIAL = {"llm": "cs.LG", "nlp": "cs.CL", "rl": "cs.LG", "vision": "cs.CV"}


@dataclass(frozen=True, slots=True)
class Category:
    """An archive (`hep-th`) or a category of one (`cs.LG`)."""

    id: str
    name: str
    use: str  # the id to follow instead, or ""

    @property
    def archive(self) -> str:
        return self.id.partition(".")[0]

    @property
    def subject_class(self) -> str:
        return self.id.partition(".")[2]


@cache
def table() -> Mapping[str, Category]:
    """Every archive and category that has a feed, by id, aliases and closed ones included."""
    text = files(__package__).joinpath("categories.tsv").read_text("utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter="\t", restval="")
    return {row["id"]: Category(row["id"], row["name"], row["use"]) for row in rows}


def mistake(category: str) -> str | None:
    """What is wrong with `category` and what to write instead, in one line.

    None if it is right, or may be newer than this table (`is_known` tells them apart). Case
    matters: arXiv's feeds ignore it, but its listing pages do not.
    """
    by_id = table()
    if entry := by_id.get(category):
        if not entry.use:
            return None
        if entry.subject_class:
            return f"{category!r} is another name of {entry.use!r}: use that"
        return f"{category!r} is an archive that arXiv has closed: use {entry.use!r}"
    if "+" in category or "," in category:
        return f"{category!r}: write each category by itself"
    wrong = f"{category!r} is no arXiv {'category' if '.' in category else 'archive'}"
    if near := _nearest(category):
        right = by_id[near.use or near.id]
        return f"{wrong}: did you mean {right.id!r} ({right.name})?"
    if _may_be_newer(category):
        return None
    if siblings := _categories_of(archive := category.partition(".")[0].strip().casefold()):
        classes = ", ".join(entry.subject_class for entry in siblings if not entry.use)
        return f"{wrong}: the categories of {archive!r} are {classes}"
    return f"{wrong}: see {TAXONOMY_URL}"


def is_known(category: str) -> bool:
    """False if `category` is not in the table: it is newer, or does not exist."""
    return category in table()


def may_have_categories(archive: str) -> bool:
    """True for an archive with categories, and for one that is newer than this table."""
    return "." not in archive and (not is_known(archive) or bool(_categories_of(archive)))


def covers(category: str, other: str) -> bool:
    """True if papers of `other` belong to `category`: the same, an alias, or its archive."""
    return other in covered(category) or other.startswith(f"{category}.")


@cache
def covered(category: str) -> frozenset[str]:
    """The known categories whose papers belong to `category`: itself under each of its names, and
    for an archive also all its categories under each name (`math` has `math.IT`, or `cs.IT`)."""
    entries = table().values()
    ids = {category} | {entry.id for entry in entries if entry.archive == category}
    ids |= {entry.use for entry in entries if entry.use and entry.id in ids}
    return frozenset(ids | {entry.id for entry in entries if entry.use in ids})


# As arXiv writes them: `new-archive`, `cs.XY` or `physics.data-an`.
_ARCHIVE = re.compile(r"[a-z]{2,9}|[a-z]{1,9}-[a-z]{2,9}")
_CAPITALS = re.compile(r"[A-Z]{2}")
_WORDS = re.compile(r"[a-z]{2,9}(?:-[a-z]{2,9})?")


def _may_be_newer(category: str) -> bool:
    """True if `category`, which is not in the table, is written as arXiv writes its ids: a class as
    the others of its archive are."""
    archive, dot, subject_class = category.partition(".")
    if not _ARCHIVE.fullmatch(archive):
        return False
    if not dot:
        # Not the beginning of a name that exists (`hep`, `phys`), which says too little.
        return not any(entry.archive.startswith(archive) for entry in table().values())
    classes = [entry.subject_class for entry in _categories_of(archive)] or [subject_class]
    return any(
        form.fullmatch(subject_class) and any(map(form.fullmatch, classes))
        for form in (_CAPITALS, _WORDS)
    )


def _categories_of(archive: str) -> list[Category]:
    return [e for e in table().values() if e.archive == archive and e.subject_class]


def _nearest(category: str) -> Category | None:
    """The entry that was most likely meant, or None rather than a wild guess."""
    by_id = table()
    for entry in by_id.values():
        if _squeezed(entry.id) == _squeezed(category):  # 'heplat', 'CS LG', 'math.ph'
            return entry
    word = category.strip().casefold()
    archive, _, subject_class = word.partition(".")
    if archive in ("cs", word) and (meant := _COLLOQUIAL.get(subject_class or word)):
        return by_id[meant]
    if siblings := _categories_of(archive):
        begun = [e for e in siblings if e.subject_class.startswith(subject_class)]
        if len(subject_class) >= _MIN_BEGINNING and len(begun) == 1:  # 'cond-mat.supr'
            return begun[0]
        newer = _may_be_newer(category)
        cutoff = _SIMILAR_BUT_WELL_WRITTEN if newer else _SIMILAR_IN_ARCHIVE
        by_class = {e.subject_class.casefold(): e for e in siblings}
        return _most_similar(subject_class, by_class, cutoff)
    if archive in by_id:  # 'hep-th.ST': an archive without categories
        return by_id[archive]
    current = {e.id.casefold(): e for e in by_id.values() if not e.use}
    return _most_similar(word, current, _SIMILAR_ANYWHERE)


def _most_similar(word: str, entries: Mapping[str, Category], cutoff: float) -> Category | None:
    """The entry whose name or key is most similar to `word`; None if all are below `cutoff`.

    The initials of a name count only if they are equal ('ML' for cs.LG).
    """
    for entry in entries.values():
        name = entry.name.casefold()
        initials = "".join(part[0] for part in name.split())
        if word and word in (entry.subject_class.casefold(), name, initials):
            return entry
    by_text = {entry.name.casefold(): entry for entry in entries.values()} | dict(entries)
    similar = get_close_matches(word, by_text, n=1, cutoff=cutoff)
    return by_text[similar[0]] if similar else None


def _squeezed(category: str) -> str:
    return "".join(filter(str.isalnum, category)).casefold()
