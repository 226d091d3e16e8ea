from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.site import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def golden() -> Callable[[str, bytes], None]:
    """Compare with tests/site/golden/NAME; `UPDATE_GOLDEN=1 make test` writes it anew."""

    def compare(name: str, made: bytes) -> None:
        path = GOLDEN / name
        if os.environ.get("UPDATE_GOLDEN"):
            path.write_bytes(made)
        assert made.decode() == path.read_text(encoding="utf-8"), f"differs from {path.name}"

    return compare


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with served.chromium() as browser:
        yield browser
