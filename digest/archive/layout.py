"""The names of the files that this program makes in the site's folder.

All other files there are the user's (a CNAME, a page of their own, notes): they are neither
committed nor removed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path, PurePosixPath

from digest.core.errors import ConfigError

_DAY = r"\d{4}/\d{4}-\d\d-\d\d"
_GENERATED = re.compile(
    rf"(?:(?P<of_a_day>{_DAY}\.(?:html|md)|data/{_DAY}\.json)|data/seen/\d{{4}}\.txt"
    r"|\d{4}/\d{4}(?:-\d\d)?\.html|search/\d{4}-\d\d\.json|search/index\.html"
    r"|data/(?:(?:days|votes|liked)\.jsonl|(?:site|learned)\.json)"
    r"|(?:index|archive|stats|learned|subscribe|404)\.html|latest\.md|\.nojekyll"
    r"|days\.js|feed\.xml|papers\.xml|feed\.json"
    r"|assets/(?:style\.[0-9a-f]{10}\.css|(?:bibtex|charts|site|theme)\.[0-9a-f]{10}\.js"
    r"|icon\.[0-9a-f]{10}\.svg))"
)
_RECORD = re.compile(rf"data/{_DAY}\.json")
# What may be there before the first digest.
_NO_SITE = (".nojekyll", "data/votes.jsonl", "data/liked.jsonl")
_MAX_NAMED = 3  # files in a message

# Patterns of names that another site may use too, and what every version of this program writes
# into such a file, and hardly anybody else. Beside a day's record, the rest of data/, the search
# index and the assets can only be ours.
_MARKS = (
    (r"\.html$|feed\.xml$|papers\.xml$|feed\.json$", rb"use of its open access interoperability"),
    (r"\.md$", rb"(?m)^[\d,]+ announced\b"),  # the totals
    (r"^days\.js$", rb"digestDays"),
    (r"^data/site\.json$", rb'^\s*\{\s*"url"\s*:\s*"[^"]*"\s*\}\s*$'),
)


def day_file(day: date, suffix: str) -> PurePosixPath:
    """2026/2026-01-30.html: a page relative to the site's folder, a record relative to data/."""
    return PurePosixPath(f"{day:%Y}", f"{day}{suffix}")


def year_file(year: int) -> PurePosixPath:
    """2026/2026.html: the calendar of a year, beside 2026/2026-01.html, that of a month."""
    return PurePosixPath(f"{year:04}", f"{year:04}.html")


def day_of_record(path: str) -> date | None:
    """The day whose record has this path, relative to the site's folder; None for other files."""
    return _day(path) if _RECORD.fullmatch(path) else None


def _day(path: str) -> date | None:
    """The day in the name of a day's file; None if there is no such day (2026-02-30.json)."""
    try:
        return date.fromisoformat(PurePosixPath(path).stem)
    except ValueError:
        return None


def is_generated(path: str) -> bool:
    """True if this program makes files of that path, relative to the site's folder."""
    match = _GENERATED.fullmatch(path)
    return match is not None and (not match["of_a_day"] or _day(path) is not None)


def is_leftover(path: str) -> bool:
    """True for the temporary file that a killed run leaves while it writes a file."""
    folder, slash, name = path.rpartition("/")
    hidden = name.startswith(".") and name.endswith(".tmp")
    return hidden and is_generated(folder + slash + name[1:-4])


def attributes(inside: str) -> str:
    """The line for `.gitattributes` that stops git from converting line endings in the site, and
    lets GitHub fold its files in diffs. `inside` is the site's folder in the repository, "docs/".
    """
    pattern = re.sub(r"[\\*?[]", r"\\\g<0>", inside) + "**"
    if not re.fullmatch(r"[\w./*-]+", pattern):
        pattern = '"' + pattern.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{pattern} -text linguist-generated"


def is_ours(path: str, data: bytes) -> bool:
    """True if a file at `path` with these bytes may be overwritten. For a folder with records.

    That is so if a version of this program made it, if it is empty, or if the name is one that this
    program does not use, or that nobody else uses.
    """
    if not is_generated(path) or not data.strip(b"\0\r\n\t "):
        return True
    marks = [mark for name, mark in _MARKS if re.search(name, path)]
    return not marks or re.search(marks[0], data) is not None


def not_ours(paths: Sequence[Path]) -> ConfigError:
    """The error for files of somebody else that a command would overwrite."""
    them = "it" if len(paths) == 1 else "them"
    return ConfigError(
        f"{named([str(path) for path in paths])} not of this program's making: move {them}, or"
        " choose another folder for the site"
    )


def named(paths: Sequence[str]) -> str:
    """The first of these paths with the verb that follows: "a, b, c and 2 more are"."""
    first = ", ".join(paths[:_MAX_NAMED])
    more = f" and {len(paths) - _MAX_NAMED} more" if len(paths) > _MAX_NAMED else ""
    return f"{first}{more} {'is' if len(paths) == 1 else 'are'}"


def other_site(out: Path) -> list[Path]:
    """The files in `out` that a first digest would overwrite; [] if `out` holds a day's record.

    A folder with a record is a site of this program, because the record is written first. There
    `is_ours` decides for each file.
    """
    records = (out / "data").glob("[0-9][0-9][0-9][0-9]/*.json")
    if any(day_of_record(path.relative_to(out).as_posix()) for path in records):
        return []
    paths = sorted(path for path in out.rglob("*") if not path.is_dir())
    names = (path.relative_to(out).as_posix() for path in paths)
    return [out / name for name in names if is_generated(name) and name not in _NO_SITE]
