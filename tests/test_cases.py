"""What `tests/cases.py` makes of the verdicts of checks from outside."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import cases

# A run.py in which each case's file holds its line.
RUN = """
import sys
from pathlib import Path
for name in sys.argv[5:]:
    path = Path(__file__).with_name("cases") / f"{name}.py"
    if path.is_file():
        print(path.read_text(), flush=True)
print("1 of 2 right")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "run.py").write_text(RUN)
    (tmp_path / "cases").mkdir()
    case(tmp_path, "good", "ok good")
    case(tmp_path, "bad", "FAIL bad: two papers: one lost; right: two")
    return tmp_path


def case(folder: Path, name: str, line: str) -> None:
    (folder / "cases" / f"{name}.py").write_text(line)


def judged(folder: Path, text: str) -> int:
    listed = folder / "open.txt"
    listed.write_text(text)
    return cases.main([str(folder), "--open", str(listed)])


def test_a_listed_case_may_fail(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert judged(folder, "# Open\n\nbad  # issue 7\n") == 0
    lines = capsys.readouterr().out.splitlines()
    assert "FAIL bad: two papers: one lost; right: two" in lines
    assert lines[-1] == "1 of 2 right"


@pytest.mark.parametrize(
    ("listed", "mistake"),
    [
        ("", "bad fails, and is not in"),
        ("bad  # issue 7\ngood  # issue 7", "good passes: take it out"),
        ("bad  # issue 7\nnone  # issue 7", "none is in open_cases.txt, but is no case"),
        ("bad", "bad has no reason"),
    ],
)
def test_a_list_that_is_not_true_is_an_error(
    folder: Path, capsys: pytest.CaptureFixture[str], listed: str, mistake: str
) -> None:
    assert judged(folder, listed) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert mistake in line


def test_a_skipped_case_neither_fails_nor_passes(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case(folder, "slow", "skip slow: slow, see --slow")
    assert judged(folder, "bad  # issue 7\nslow  # issue 8") == 0
    assert judged(folder, "bad  # issue 7") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 of 2 right"


def test_a_case_without_a_verdict_is_an_error(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case(folder, "gone", "Killed")
    assert judged(folder, "bad  # issue 7\ngone  # issue 7") == 1
    assert "gone has no verdict" in capsys.readouterr().err


def test_without_cases_nothing_is_run_except_in_ci(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DIGEST_DATA", raising=False)
    assert cases.main([str(tmp_path)]) == 0
    monkeypatch.setenv("DIGEST_DATA", "data")
    assert cases.main([str(tmp_path)]) == 1
