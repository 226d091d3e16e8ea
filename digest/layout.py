"""Which files of the site's folder are ours.

Whatever else lies there is the user's (a CNAME, a page of their own, notes): it is neither
committed nor removed.
"""

from __future__ import annotations

import re

_DAY = r"(\d{4})-\d\d-\d\d"
_GENERATED = re.compile(
    rf"(?:\d{{4}}/{_DAY}\.(?:html|md)|data/\d{{4}}/{_DAY}\.json|data/seen/\d{{4}}\.txt"
    r"|\d{4}/\d{4}-\d\d\.html|search/\d{4}-\d\d\.json|search/index\.html"
    r"|data/days\.jsonl|(?:index|archive|stats|subscribe|404)\.html|latest\.md|\.nojekyll"
    r"|days\.js|feed\.xml|papers\.xml|feed\.json"
    r"|assets/(?:style\.[0-9a-f]{10}\.css|site\.[0-9a-f]{10}\.js|icon\.[0-9a-f]{10}\.svg))"
)


def is_generated(path: str) -> bool:
    """Whether `path`, relative to the site's folder, is a file that this program makes."""
    return _GENERATED.fullmatch(path) is not None


def is_leftover(path: str) -> bool:
    """Whether `path` is what a killed run left of a file that it was writing."""
    folder, slash, name = path.rpartition("/")
    hidden = name.startswith(".") and name.endswith(".tmp")
    return hidden and is_generated(folder + slash + name[1:-4])
