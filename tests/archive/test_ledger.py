from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path, PurePosixPath

import pytest

from digest.archive import store
from digest.archive.record import encode
from digest.archive.store import Archive
from digest.core.day import Digest, Kept
from digest.core.errors import ArchiveError
from tests import make
from tests.archive.test_store import record, scoring
from tests.make import DAY, paper, score, tree

EARLIER = DAY - timedelta(days=1)
SHARD = "data/seen/2601.txt"


def test_a_shard_for_each_month_of_ids_has_sorted_lines(tmp_path: Path) -> None:
    record(tmp_path, scoring("2601.00003", "2601.00001", "2512.00001", "math.GT/0309136"))
    record(tmp_path, scoring("2601.00002", day=EARLIER))
    assert tree(tmp_path / "data/seen") == {
        "0309.txt": b"math.GT/0309136 2026-01-30\n",
        "2512.txt": b"2512.00001 2026-01-30\n",
        "2601.txt": b"2601.00001 2026-01-30\n2601.00002 2026-01-29\n2601.00003 2026-01-30\n",
    }


def test_only_scored_papers_are_in_the_ledger(tmp_path: Path) -> None:
    kept, below, filtered, seen, unscored = (paper(f"2601.0000{n}") for n in range(5))
    digest = make.digest(
        kept=[Kept(kept, score())],
        below=[below],
        filtered=[filtered],
        seen=[seen],
        unscored=[unscored],
    )
    record(tmp_path, digest)
    everything = [p.id for p in (kept, below, filtered, seen, unscored)]
    expected = {kept.id: DAY, below.id: DAY}
    assert Archive(tmp_path).scored_on([*everything, "2402.00001"]) == expected
    assert Archive(tmp_path).scored_on([below.id]) == {below.id: DAY}


FILTERED = make.digest(below=[paper("2601.00001")], filtered=[paper("2601.00002")])


def rescored(out: Path) -> None:
    record(out, FILTERED)


def rescored_by_a_killed_run(out: Path) -> None:
    store.write_files(out, {store.day_path(DAY): encode(FILTERED)})  # and no more
    record(out, FILTERED)


@pytest.mark.parametrize("again", [rescored, rescored_by_a_killed_run])
def test_a_rescored_day_drops_what_it_no_longer_scores(
    tmp_path: Path, again: Callable[[Path], None]
) -> None:
    record(tmp_path, scoring("2601.00003", day=EARLIER))
    record(tmp_path, scoring("2601.00001", "2601.00002"))
    again(tmp_path)
    assert (tmp_path / SHARD).read_text() == "2601.00001 2026-01-30\n2601.00003 2026-01-29\n"


def test_a_shard_without_papers_is_no_file(tmp_path: Path) -> None:
    record(tmp_path, scoring("2512.00001"))
    record(tmp_path, make.digest(filtered=[paper("2512.00001")]))
    assert not (tmp_path / "data/seen/2512.txt").exists()


@pytest.mark.parametrize("line", ["2601.00001 yesterday", "<<<<<<< HEAD", "é 1"])
def test_a_damaged_line_is_named(tmp_path: Path, line: str) -> None:
    record(tmp_path, scoring("2601.00001"))
    with (tmp_path / SHARD).open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    with pytest.raises(ArchiveError, match=r"data/seen/2601\.txt, line 2: not `ID YYYY-MM-DD`"):
        Archive(tmp_path).scored_on(["2601.00001"])


def test_a_line_of_a_day_without_a_record_does_not_count(tmp_path: Path) -> None:
    record(tmp_path, scoring("2601.00001", day=EARLIER))
    with (tmp_path / SHARD).open("a") as file:
        file.write("2601.00002 2026-01-28\n")
    scored_on = Archive(tmp_path).scored_on(["2601.00001", "2601.00002"])
    assert scored_on == {"2601.00001": EARLIER}
    record(tmp_path, scoring("2601.00002"))
    assert (tmp_path / SHARD).read_text() == "2601.00001 2026-01-29\n2601.00002 2026-01-30\n"


# --- a ledger that does not agree with the days -----------------------------------------------


@pytest.fixture
def year(tmp_path: Path) -> Path:
    """Twelve days, a month apart, each with a paper of its month, one of 2024 and one of 1999."""
    for n in range(12):
        day = date(2025, 1 + n, 15)
        record(tmp_path, scoring(f"{day:%y%m}.00001", f"2412.{n:05}", f"math/99010{n:02}", day=day))
    return tmp_path


def cut_in_half(text: bytes) -> bytes:
    return b"".join(text.splitlines(keepends=True)[: text.count(b"\n") // 2])


def with_a_paper_that_no_day_scored(text: bytes) -> bytes:
    return text + b"2412.00020 2025-03-15\n"


def with_windows_line_endings_and_a_line_less(text: bytes) -> bytes:
    return text.replace(b"\n", b"\r\n").partition(b"\n")[2]


@pytest.mark.parametrize(
    ("shard", "damage"),
    [
        ("2501", None),
        ("2412", cut_in_half),
        ("2412", with_a_paper_that_no_day_scored),
        ("2412", with_windows_line_endings_and_a_line_less),
    ],
)
def test_a_lost_or_damaged_shard_is_made_again(
    year: Path, shard: str, damage: Callable[[bytes], bytes] | None
) -> None:
    path = year / f"data/seen/{shard}.txt"
    whole = path.read_bytes()
    path.unlink()
    if damage:
        path.write_bytes(damage(whole))
    assert store.restore(year) == [PurePosixPath(f"data/seen/{shard}.txt")]
    assert path.read_bytes() == whole
    assert store.restore(year) == []


def test_a_shard_of_papers_that_no_day_scored_is_removed(year: Path) -> None:
    whole = tree(year)
    (year / "data/seen/2611.txt").write_text("2611.00001 2026-10-30\n")
    assert store.restore(year) == [PurePosixPath("data/seen/2611.txt")]
    assert tree(year) == whole


def test_a_whole_ledger_is_only_counted(year: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[date] = []
    read_day = store.read_day

    def listed(out: Path, day: date) -> Digest | None:
        read.append(day)
        return read_day(out, day)

    monkeypatch.setattr(store, "read_day", listed)
    monkeypatch.setattr(store, "read_archive", lambda _: pytest.fail("read the whole archive"))
    assert store.restore(year) == []
    assert read == [date(2025, month, 15) for month in (10, 11, 12)]


def test_a_paper_scored_twice_forces_no_rebuild(
    year: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(year, scoring("2501.00001", "2502.00009", day=date(2025, 2, 15)))
    with monkeypatch.context() as patch:
        patch.setattr(store, "read_archive", lambda _: pytest.fail("read the whole archive"))
        assert store.restore(year) == []
    (year / "data/seen/2502.txt").unlink()
    assert store.restore(year) == [PurePosixPath("data/seen/2502.txt")]
