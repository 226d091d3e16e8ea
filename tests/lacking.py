"""What a test needs and a machine may lack: the one place where a test is skipped."""

import os
from pathlib import Path
from typing import NoReturn

import pytest

NODE_MODULES = Path(__file__).parent / "node_modules"


def lacking(what: str) -> NoReturn:
    """End a test for which this machine lacks something: skipped, but failed where DIGEST_DATA is
    set, as in CI. There somebody counts on every test."""
    if os.environ.get("DIGEST_DATA"):
        pytest.fail(what)
    pytest.skip(what)


def real_data_folder() -> Path | None:
    """The folder of real arXiv data, which is not part of the repository; None if none is named."""
    named = os.environ.get("DIGEST_DATA")
    return Path(named) if named else None


def npm_file(path: str) -> Path:
    """A file of a package that `make test` installs from npm: `axe-core/axe.min.js`."""
    # npm writes this file last: without it the folder is not complete.
    if not (NODE_MODULES / ".package-lock.json").is_file():
        lacking(f"no {path}: `make test` installs it where npm works")
    return NODE_MODULES / path
