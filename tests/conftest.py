from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest

from tests.lacking import lacking
from tests.llm.scoring import impatient

__all__ = ["impatient"]

_strangers: list[str] = []  # hosts that a test has asked for, though none may be


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    """An audit hook of this process: what leaves the machine is refused."""
    if event != "socket.connect" or not isinstance(arguments[1], tuple):
        return
    host = str(arguments[1][0])
    try:
        stranger = not ip_address(host).is_loopback
    except ValueError:
        stranger = host != "localhost"
    if stranger:
        _strangers.append(host)
        raise ConnectionRefusedError(f"tests ask only this machine: {host}")


sys.addaudithook(_watch)


@pytest.fixture(autouse=True)
def _only_this_machine_is_asked() -> Iterator[None]:
    _strangers.clear()
    yield
    assert _strangers == []


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real arXiv data, which is not part of the repository."""
    named = os.environ.get("DIGEST_DATA")
    folder = Path(named) if named else Path(__file__).parent.parent / "../shared/data"
    if not folder.is_dir():
        lacking(f"no real data in {folder}: set DIGEST_DATA to its folder")
    return folder
