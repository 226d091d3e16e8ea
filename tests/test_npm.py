"""`make test` installs from npm what some tests use, and goes on where npm fails."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lacking import NODE_MODULES

ROOT = Path(__file__).parent.parent
COMPLETE = "tests/node_modules/.package-lock.json"

# After the packages npm writes the file that says the folder is complete.
WORKS = "mkdir -p node_modules/one; echo '{}' >node_modules/.package-lock.json"
OFFLINE = (
    "mkdir -p node_modules/one;"
    " echo 'npm error code ENOTFOUND' >&2; echo 'npm error network request failed' >&2; exit 1"
)


@dataclass(frozen=True)
class Checkout:
    """What `make` needs to install from npm, and an npm of our own."""

    folder: Path

    def install(self, npm: str, **environment: str) -> subprocess.CompletedProcess[str]:
        (self.folder / "bin/npm").write_text(f"#!/bin/sh\n{npm}\n")
        outside = {k: v for k, v in os.environ.items() if k not in ("DIGEST_DATA", "NODE_OPTIONS")}
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        return subprocess.run(
            ["make", "--no-print-directory", COMPLETE],
            cwd=self.folder,
            env=outside | {"PATH": path} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    @property
    def modules(self) -> Path:
        return self.folder / "tests/node_modules"


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    (tmp_path / "tests").mkdir()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/npm").touch(0o755)
    for name in ("Makefile", "tests/npm.sh", "tests/package.json", "tests/package-lock.json"):
        shutil.copy(ROOT / name, tmp_path / name)
    return Checkout(tmp_path)


def test_an_npm_that_fails_is_one_line_and_no_error(checkout: Checkout) -> None:
    done = checkout.install(OFFLINE)
    (line,) = done.stdout.splitlines()
    assert (done.returncode, "ENOTFOUND" in line) == (0, True)
    assert "those tests are skipped" in line
    assert not checkout.modules.exists()
    assert checkout.install(WORKS).returncode == 0
    assert checkout.install("exit 1").returncode == 0  # not called any more
    assert (checkout.modules / "one").is_dir()


def test_in_ci_an_npm_that_fails_is_an_error(checkout: Checkout, tmp_path: Path) -> None:
    done = checkout.install(OFFLINE, DIGEST_DATA=str(tmp_path))
    assert done.returncode != 0
    assert "npm error network request failed" in done.stdout
    assert not checkout.modules.exists()


def test_the_lock_names_hashes_and_no_registry() -> None:
    text = NODE_MODULES.with_name("package-lock.json").read_text(encoding="utf-8")
    packages = json.loads(text)["packages"]
    assert all("integrity" in package for name, package in packages.items() if name)
    assert "resolved" not in text
    assert "registry" not in text
