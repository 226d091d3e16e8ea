"""`make pages`: a small site of made-up days to look at. One of them was scored by a model: it has
unscored papers, near misses and a cost."""

from __future__ import annotations

import sys
from pathlib import Path

from digest.run.output import site_files
from tests.site.days import EVENTFUL, QUIET, SITE
from tests.site.served import DAYS, write


def main(folder: Path) -> None:
    files = site_files((*DAYS, EVENTFUL, QUIET), SITE)
    write(folder, {str(path): data for path, data in files.items() if data is not None})
    for digest in (EVENTFUL, QUIET, DAYS[-1]):
        print(folder.resolve() / f"{digest.date:%Y}/{digest.date}.html")
    for name in ("archive.html", "stats.html"):
        print(folder.resolve() / name)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
