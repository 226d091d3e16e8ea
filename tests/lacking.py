"""The one place where a test is passed over."""

import os
from typing import NoReturn

import pytest


def lacking(what: str) -> NoReturn:
    """End a test for which this machine lacks something: skipped, but where DIGEST_DATA is set, as
    in CI, failed. There somebody counts on every test."""
    if os.environ.get("DIGEST_DATA"):
        pytest.fail(what)
    pytest.skip(what)
