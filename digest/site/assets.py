"""Stylesheet, scripts and icon, under names that carry a hash of their content."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from pathlib import PurePosixPath

# What a template calls each file.
NAMES = {
    "look": "theme.js",
    "stylesheet": "style.css",
    "script": "site.js",
    "charts_script": "charts.js",
    "icon": "icon.svg",
}


def assets() -> dict[PurePosixPath, bytes]:
    """All of them, by path."""
    return {PurePosixPath(path(name)): _content(name) for name in NAMES}


@cache  # each page names all of them
def path(name: str) -> str:
    """assets/style.0123456789.css, for the name that a template uses."""
    stem, _, suffix = NAMES[name].rpartition(".")
    return f"assets/{stem}.{hashlib.sha256(_content(name)).hexdigest()[:10]}.{suffix}"


def _content(name: str) -> bytes:
    # As text: a clone may have converted the line endings of this program's own files.
    return (files("digest.site") / "static" / NAMES[name]).read_text("utf-8").encode()
