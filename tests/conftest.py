from __future__ import annotations

import sys
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import settings
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from tests.lacking import lacking, real_data_folder

# Hypothesis' own profile for CI: the same examples each time, however busy the machine. `make soak`
# draws others, and more.
settings.register_profile("test", settings.get_profile("ci"), max_examples=50)
settings.register_profile("soak", settings.get_profile("ci"), max_examples=2000, derandomize=False)
settings.load_profile("test")

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


@pytest.fixture(scope="session", autouse=True)
def _one_certificate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests speak plain HTTP with models, but each client first reads 140 certificates, which takes
    half of its time. One is enough."""
    first, end, _ = (
        Path(DEFAULT_CA_BUNDLE_PATH).read_text(encoding="utf-8").partition("-----END CERT")
    )
    path = tmp_path_factory.mktemp("certificates") / "one.pem"
    path.write_text(f"{first}{end}IFICATE-----\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(path))
        yield


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real arXiv data, which is not part of the repository."""
    folder = real_data_folder()
    if folder is None:
        lacking("no real data: DIGEST_DATA names no folder")
    assert folder.is_dir(), f"DIGEST_DATA names {folder}, which is no folder"
    return folder


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every wait that nobody has asked for is over at once."""
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.01)
    monkeypatch.setattr("openai._base_client.MAX_RETRY_DELAY", 0.01)
    monkeypatch.setattr("digest.scoring.llm._LONGEST_BACKOFF_S", 0.01)
    monkeypatch.setattr("digest.scoring.rate_limiter._LONGEST_GUESS_S", 0.01)
    monkeypatch.setattr("digest.scoring.llm._GRACE_S", 1.0)
