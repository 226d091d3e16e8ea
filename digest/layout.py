"""Which files of the site's folder are ours, and what a day's are called.

Whatever else lies there is the user's (a CNAME, a page of their own, notes): it is neither
committed nor removed.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path, PurePosixPath

_DAY = r"\d{4}/\d{4}-\d\d-\d\d"
_GENERATED = re.compile(
    rf"(?:{_DAY}\.(?:html|md)|data/{_DAY}\.json|data/seen/\d{{4}}\.txt"
    r"|\d{4}/\d{4}(?:-\d\d)?\.html|search/\d{4}-\d\d\.json|search/index\.html"
    r"|data/(?:days\.jsonl|site\.json)|(?:index|archive|stats|subscribe|404)\.html|latest\.md|\.nojekyll"
    r"|days\.js|feed\.xml|papers\.xml|feed\.json"
    r"|assets/(?:style\.[0-9a-f]{10}\.css|(?:bibtex|charts|site|theme)\.[0-9a-f]{10}\.js"
    r"|icon\.[0-9a-f]{10}\.svg))"
)
_RECORD = re.compile(rf"data/{_DAY}\.json")
_NAMED = 3  # of somebody else's files


def day_file(day: date, suffix: str) -> PurePosixPath:
    """2026/2026-01-30.html: a day's pages below the site's folder, its record below data/."""
    return PurePosixPath(f"{day:%Y}", f"{day}{suffix}")


def year_file(year: int) -> PurePosixPath:
    """2026/2026.html: the calendar of a year, beside 2026/2026-01.html, that of a month."""
    return PurePosixPath(f"{year:04}", f"{year:04}.html")


def day_of_record(path: str) -> date | None:
    """The day whose record stands at `path`, relative to the site's folder."""
    if not _RECORD.fullmatch(path):
        return None
    try:
        return date.fromisoformat(PurePosixPath(path).stem)
    except ValueError:  # the 30th of February
        return None


def is_generated(path: str) -> bool:
    """Whether `path`, relative to the site's folder, is a file that this program makes."""
    return _GENERATED.fullmatch(path) is not None


def is_leftover(path: str) -> bool:
    """Whether `path` is what a killed run left of a file that it was writing."""
    folder, slash, name = path.rpartition("/")
    hidden = name.startswith(".") and name.endswith(".tmp")
    return hidden and is_generated(folder + slash + name[1:-4])


def somebody_elses(out: Path) -> str | None:
    """What the first digest would write over in the folder `out`, and what to do; None for nothing.

    Where there is data of ours, the pages are ours too, be they of a run that was interrupted.
    """
    if (out / "data" / "days.jsonl").exists():
        return None
    paths = (path.relative_to(out).as_posix() for path in out.rglob("*") if not path.is_dir())
    names = sorted(filter(is_generated, paths))
    theirs = [str(out / name) for name in names if name != ".nojekyll"]
    if not theirs or any(name.startswith("data/") for name in names):
        return None
    named = ", ".join(theirs[:_NAMED])
    if len(theirs) > _NAMED:
        named += f" and {len(theirs) - _NAMED} more"
    be, them = ("is", "it") if len(theirs) == 1 else ("are", "them")
    return (
        f"{named} {be} not of this program's making: name another folder in `out`, or move {them}"
    )
