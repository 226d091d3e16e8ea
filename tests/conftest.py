from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real arXiv data, which is not part of the repository."""
    named = os.environ.get("DIGEST_DATA")
    folder = Path(named) if named else Path(__file__).parent.parent / "../shared/data"
    if not folder.is_dir():
        message = f"no real data in {folder}: set DIGEST_DATA to its folder"
        if named:  # somebody counts on these tests
            pytest.fail(message)
        pytest.skip(message)
    return folder
