"""Stylesheet, scripts and icon, under names that carry a hash of their content."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from pathlib import PurePosixPath

_STATIC = files("digest.site") / "static"


def assets() -> dict[PurePosixPath, bytes]:
    """All of them, by path."""
    names = sorted(file.name for file in _STATIC.iterdir())
    return {PurePosixPath(path(name)): _content(name) for name in names}


@cache  # each page names several
def path(name: str) -> str:
    """assets/style.0123456789.css for style.css."""
    stem, _, suffix = name.rpartition(".")
    return f"assets/{stem}.{hashlib.sha256(_content(name)).hexdigest()[:10]}.{suffix}"


def _content(name: str) -> bytes:
    # As text: a clone may have converted the line endings of this program's own files.
    return (_STATIC / name).read_text("utf-8").encode()
