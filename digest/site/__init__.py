"""The published site: a `Digest` in, {path: bytes} out. Pure: nothing here reads the archive,
the settings file or the clock, so that any page can be rebuilt byte for byte."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from digest.config import Site
from digest.models import Day, Digest
from digest.site import html, markdown


def day_files(digest: Digest, site: Site) -> dict[PurePosixPath, bytes]:
    """The day's own pages, which nothing but a rerun of that day or `render` changes."""
    folder = PurePosixPath(f"{digest.date:%Y}")
    return {
        folder / f"{digest.date}.html": html.day_page(digest, site, root="../"),
        folder / f"{digest.date}.md": markdown.day(digest, site),
    }


def front_files(newest: Digest, days: Iterable[Day], site: Site) -> dict[PurePosixPath, bytes]:
    """What every new day changes: the front page, the list of days, the assets."""
    files = html.assets()
    files[PurePosixPath("archive.html")] = html.archive_page(days, site)
    files[PurePosixPath("index.html")] = html.day_page(newest, site, root="")
    files[PurePosixPath("latest.md")] = markdown.day(newest, site)
    files[PurePosixPath(".nojekyll")] = b""  # else Pages would run Jekyll over every .md
    return files
