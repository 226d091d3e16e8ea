"""arXiv's archives and categories by name, and what is wrong with one that does not exist.

The table is `categories.tsv`, a line an id: id, name, group and, where another is to be followed
instead, `use`. It has every id that rss.arxiv.org answers with a feed. Sources: the taxonomy of
arXiv/arxiv-base, `arxiv/taxonomy/definitions.py` (53735714; `ARCHIVES`, `CATEGORIES`,
`CATEGORY_ALIASES`, `ARCHIVES_SUBSUMED`; without arXiv's own archive `test`), and arXiv/arxiv-feed,
`feed/fetch_data.py`, which takes any archive and any category of it, groups (`grp_…`) not.

Two kinds of id are answered and yet no good. Closed archives (`cmp-lg`) have a feed that is empty
for ever: nothing is announced in them. Aliases (`cs.NA` for `math.NA`) have the same feed as the
category they stand for, but the listing pages redirect and the API may find nothing for them.

arXiv adds categories, and this table is only as new as this release. So an id that is not in it is
one of two things:

- a **mistake**, refused with what was probably meant: it is not written as arXiv writes ids
  (`cs.Lg`, `cs,LG`, `cs.LLM`: in `cs` a class is two capitals), or it is plainly another spelling
  or another name of one that exists (`heplat`, `cs.ML` for Machine Learning, `stats`), or an
  archive that has no classes is given one (`hep-th.ST`);
- a **newer id** (`cs.XY`, `q-bio.ZZ`, `new-archive`), which can be followed, with a warning: it is
  written as arXiv writes them and like no other. One letter of two proves nothing: `cs.LX` can be
  new as well as a slip. Whether it exists only arXiv knows: its feed answers 400 for what does not.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from importlib.resources import files
from types import MappingProxyType

TAXONOMY_URL = "https://arxiv.org/category_taxonomy"

# No guess is better than a wild one: most classes are two letters, of which one proves nothing.
_ALIKE_IN_ARCHIVE = 0.6
_ALIKE_THOUGH_WELL_WRITTEN = 0.8  # else it may be a newer one
_ALIKE_ANYWHERE = 0.75
_SHORTEST_PART = 3  # letters of a class that is named by its beginning

# What a field is called where its category is named otherwise.
_COLLOQUIAL = {"llm": "cs.LG", "nlp": "cs.CL", "rl": "cs.LG", "vision": "cs.CV"}


@dataclass(frozen=True, slots=True)
class _Entry:
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
def known() -> Mapping[str, str]:
    """The name of every archive and category that has a feed, aliases and closed ones included."""
    return MappingProxyType({entry.id: entry.name for entry in _table().values()})


def mistake(category: str) -> str | None:
    """What is wrong with `category` and what to write instead, in one line; None if it is right, or
    may be newer than this table (`is_known` says which).

    Case counts: the feed does not mind it, arXiv's listing pages do.
    """
    table = _table()
    if entry := table.get(category):
        if not entry.use:
            return None
        if entry.subject_class:
            return f"{category!r} is another name of {entry.use!r}: use that"
        return f"{category!r} is an archive that arXiv has closed: use {entry.use!r}"
    if "+" in category or "," in category:
        return f"{category!r}: write each category by itself"
    wrong = f"{category!r} is no arXiv {'category' if '.' in category else 'archive'}"
    if near := _nearest(category):
        right = table[near.use] if near.use else near
        if near.id.casefold() == category.casefold():
            return f"{category!r}: written {right.id!r}"
        return f"{wrong}: did you mean {right.id!r} ({right.name})?"
    if _may_be_newer(category):
        return None
    if siblings := _categories_of(archive := category.partition(".")[0].strip().casefold()):
        classes = ", ".join(entry.subject_class for entry in siblings if not entry.use)
        return f"{wrong}: the categories of {archive!r} are {classes}"
    return f"{wrong}: see {TAXONOMY_URL}"


def is_known(category: str) -> bool:
    """False for one that is newer than this release, if it exists at all."""
    return category in _table()


def may_have_categories(archive: str) -> bool:
    """True for an archive with categories of its own, and for one that is newer than this table."""
    return "." not in archive and (not is_known(archive) or bool(_categories_of(archive)))


def covers(category: str, other: str) -> bool:
    """True if the papers of the category `other` are at home in `category`, which can be an
    archive; categories that are newer than this table are at home in theirs."""
    return other in covered(category) or other.startswith(f"{category}.")


@cache
def covered(category: str) -> frozenset[str]:
    """The known categories whose papers are at home in `category`: itself under each of its names,
    and for an archive all of its categories likewise (`math` has `math.IT`, which is `cs.IT`)."""
    table = _table().values()
    ids = {category} | {entry.id for entry in table if entry.archive == category}
    ids |= {entry.use for entry in table if entry.use and entry.id in ids}
    return frozenset(ids | {entry.id for entry in table if entry.use in ids})


@cache
def _table() -> Mapping[str, _Entry]:
    text = files(__package__).joinpath("categories.tsv").read_text("utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter="\t", restval="")
    return {row["id"]: _Entry(row["id"], row["name"], row["use"]) for row in rows}


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
        return not any(entry.archive.startswith(archive) for entry in _table().values())
    forms = [_CAPITALS, _WORDS]
    if siblings := _categories_of(archive):
        forms = [f for f in forms if any(f.fullmatch(e.subject_class) for e in siblings)]
    return any(form.fullmatch(subject_class) for form in forms)


def _categories_of(archive: str) -> list[_Entry]:
    return [e for e in _table().values() if e.archive == archive and e.subject_class]


def _nearest(category: str) -> _Entry | None:
    """The entry most likely meant, or None rather than a wild guess."""
    table = _table()
    for entry in table.values():
        if _squeezed(entry.id) == _squeezed(category):  # 'heplat', 'CS LG', 'math.ph'
            return entry
    word = category.strip().casefold()
    archive, _, subject_class = word.partition(".")
    if archive in ("cs", word) and (meant := _COLLOQUIAL.get(subject_class or word)):
        return table[meant]
    if siblings := _categories_of(archive):
        begun = [e for e in siblings if e.subject_class.startswith(subject_class)]
        if len(subject_class) >= _SHORTEST_PART and len(begun) == 1:  # 'cond-mat.supr'
            return begun[0]
        by_class = {e: e.subject_class for e in siblings}
        alike = _ALIKE_THOUGH_WELL_WRITTEN if _may_be_newer(category) else _ALIKE_IN_ARCHIVE
        return _most_alike(subject_class, by_class, alike)
    if archive in table:  # 'hep-th.ST': an archive without categories
        return table[archive]
    by_id = {e: e.id for e in table.values() if not e.use}
    return _most_alike(word, by_id, _ALIKE_ANYWHERE) if word else None


def _most_alike(word: str, spelled: Mapping[_Entry, str], threshold: float) -> _Entry | None:
    """The entry whose spelling or name is most like `word`, if enough; the first of equals."""

    def likeness(entry: _Entry) -> tuple[float, bool]:
        spelling, name = spelled[entry].casefold(), entry.name.casefold()
        initials = "".join(part[0] for part in name.split())  # 'ML' for cs.LG
        if word in (entry.subject_class.casefold(), name, initials):
            return 1.0, True
        ratio = max(SequenceMatcher(None, word, text).ratio() for text in (spelling, name))
        return ratio, word[:2] == spelling[:2]  # 'CVPR' is rather CV than CR

    best = max(spelled, key=likeness)
    return best if likeness(best)[0] >= threshold else None


def _squeezed(category: str) -> str:
    return "".join(filter(str.isalnum, category)).casefold()
