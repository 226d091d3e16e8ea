from __future__ import annotations

import os
import re
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
    """Compare with tests/site/golden/NAME, where HASH stands for the hash in an asset's name.
    `UPDATE_GOLDEN=1 pytest tests/site` writes it anew."""

    def compare(name: str, page: bytes) -> None:
        path = GOLDEN / name
        text = re.sub(r"(assets/\w+\.)[0-9a-f]{10}\.", r"\1HASH.", page.decode())
        if os.environ.get("UPDATE_GOLDEN"):
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8"), f"differs from {path.name}"

    return compare


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with served.chromium() as browser:
        yield browser
