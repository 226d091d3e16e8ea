"""`make test` installs from npm what some tests use, and goes on where npm fails."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
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


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What `make` needs to install from npm."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/npm").touch(0o755)
    for name in ("Makefile", "tests/npm.sh", "tests/package.json", "tests/package-lock.json"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def install(checkout: Path, npm: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`make` with an npm of our own."""
    (checkout / "bin/npm").write_text(f"#!/bin/sh\n{npm}\n")
    outside = {k: v for k, v in os.environ.items() if k not in ("DIGEST_DATA", "NODE_OPTIONS")}
    return subprocess.run(
        ["make", "--no-print-directory", COMPLETE],
        cwd=checkout,
        env=outside | {"PATH": f"{checkout / 'bin'}:{os.environ['PATH']}"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def test_an_npm_that_fails_is_one_line_and_no_error(checkout: Path) -> None:
    done = install(checkout, OFFLINE)
    (line,) = done.stdout.splitlines()
    assert (done.returncode, "ENOTFOUND" in line) == (0, True)
    assert "those tests are skipped" in line
    assert not (checkout / "tests/node_modules").exists()
    assert install(checkout, WORKS).returncode == 0
    assert install(checkout, "exit 1").returncode == 0  # not called any more
    assert (checkout / "tests/node_modules/one").is_dir()


def test_in_ci_an_npm_that_fails_is_an_error(checkout: Path) -> None:
    done = install(checkout, OFFLINE, DIGEST_DATA=str(checkout))
    assert done.returncode != 0
    assert "npm error network request failed" in done.stdout
    assert not (checkout / "tests/node_modules").exists()


def test_the_lock_names_hashes_and_no_registry() -> None:
    text = NODE_MODULES.with_name("package-lock.json").read_text(encoding="utf-8")
    packages = json.loads(text)["packages"]
    assert all("integrity" in package for name, package in packages.items() if name)
    assert "resolved" not in text
    assert "registry" not in text
