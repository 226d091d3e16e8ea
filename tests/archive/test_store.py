from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path, PurePosixPath

import pytest

from digest.archive import store
from digest.archive.record import encode
from digest.archive.store import Archive
from digest.core.day import Day, Digest, Kept
from digest.core.errors import ArchiveError, ConfigError
from tests import make
from tests.make import DAY, paper, score, tree

EARLIER = DAY - timedelta(days=1)


def record(out: Path, digest: Digest) -> None:
    """What a run does to archive a day."""
    store.write_files(out, Archive(out).day_files(digest))


def scoring(*paper_ids: str, day: date = DAY) -> Digest:
    return make.digest(below=[paper(paper_id) for paper_id in paper_ids], day=day)


# --- days -------------------------------------------------------------------------------------


def test_a_day_is_read_as_it_was_written(tmp_path: Path) -> None:
    digest = make.digest(kept=[Kept(paper("2601.1"), score())], below=[paper("2601.2")])
    record(tmp_path, digest)
    archive = Archive(tmp_path)
    assert (archive.read_day(DAY), archive.read_day(EARLIER)) == (digest, None)
    assert list(tree(tmp_path)) == [
        "data/2026/2026-01-30.json",
        "data/days.jsonl",
        "data/seen/2601.txt",
    ]


def test_a_listed_day_without_a_file_is_an_error(tmp_path: Path) -> None:
    record(tmp_path, scoring("2601.00001", day=EARLIER))
    record(tmp_path, scoring("2601.00002"))
    (tmp_path / store.day_path(DAY)).unlink()
    before = tree(tmp_path)
    gone = r"2026-01-30\.json: is listed in days\.jsonl and gone"
    with pytest.raises(ArchiveError, match=gone):
        Archive(tmp_path).listed_day(DAY)
    with pytest.raises(ArchiveError, match=gone):  # and not forgotten in silence
        store.restore(tmp_path)
    assert tree(tmp_path) == before


def test_a_line_has_what_lists_and_statistics_show(tmp_path: Path) -> None:
    kept = [Kept(paper(f"2601.{n}"), score(topic=t)) for n, t in enumerate(["B", "A", "B", "none"])]
    record(tmp_path, make.digest(kept=kept))
    assert (tmp_path / store.DAYS).read_text() == (
        '{"date":"2026-01-30","status":"complete","scorer":"llm",'
        '"generated_at":"2026-01-30T06:07:08Z","counts":{"announced":4,"seen":0,'
        '"filtered":0,"scanned":4,"kept":4,"below":0,"unscored":0,"new":4,"cross":0,"replace":0},'
        '"cost_usd":null,"prompt_tokens":null,"completion_tokens":null,'
        '"topics":{"A":1,"B":2,"none":1},"relevance":[0,0,0,0,0,0,0,0,4,0],'
        '"novelty":[0,0,0,0,0,0,0,4,0,0]}\n'
    )


@pytest.mark.parametrize("damage", [b"<<<<<<< HEAD\n", b'{"date":"2026-01-30"}\n', b"\xff\n"])
def test_a_damaged_line_is_named_and_can_be_restored(tmp_path: Path, damage: bytes) -> None:
    record(tmp_path, scoring("2601.00001"))
    whole = tree(tmp_path)
    with (tmp_path / store.DAYS).open("ab") as file:
        file.write(damage)
    with pytest.raises(ArchiveError, match=r"data/days\.jsonl, line 2: .*restore the file"):
        Archive(tmp_path)
    assert Archive.repaired(tmp_path).days == (Day.of(scoring("2601.00001")),)
    assert tree(tmp_path) == whole


# --- what derives from the days ---------------------------------------------------------------


def test_a_day_missing_from_the_list_is_added(tmp_path: Path) -> None:
    record(tmp_path, scoring("2601.00001", day=EARLIER))
    store.write_files(tmp_path, {store.day_path(DAY): encode(scoring("2601.00002"))})
    assert store.restore(tmp_path) == [PurePosixPath("data/seen/2601.txt"), store.DAYS]
    archive = Archive(tmp_path)
    assert [day.date for day in archive.days] == [EARLIER, DAY]
    assert archive.scored_on(["2601.00002"]) == {"2601.00002": DAY}
    assert store.restore(tmp_path) == []


def test_a_list_cut_short_is_made_whole_again(tmp_path: Path) -> None:
    record(tmp_path, scoring("2601.00001", day=EARLIER))
    record(tmp_path, scoring("2601.00002"))
    listed, whole = tmp_path / store.DAYS, (tmp_path / store.DAYS).read_bytes()
    first_line = whole.index(b"\n") + 1
    for length in (0, 1, first_line - 1, first_line, first_line + 1, len(whole) - 2):
        for zeros in (b"", b"\0"):  # some file systems fill up with zeros
            listed.write_bytes(whole[:length] + zeros)
            store.restore(tmp_path)
            assert listed.read_bytes() == whole, (length, zeros)


# --- the earlier batches of each category -----------------------------------------------------


def batches(out: Path, day: date) -> dict[str, list[str]]:
    earlier = Archive(out).earlier_batches(day)
    return {category: [entry.id for entry in entries] for category, entries in earlier.items()}


def test_each_category_has_its_batches_the_newest_first(tmp_path: Path) -> None:
    sources = {"cs.LG": make.source(paper("2601.1")), "hep-th": make.source(paper("2601.2"))}
    first = scoring("2601.1", "2601.2", day=date(2026, 1, 28))
    record(tmp_path, replace(first, sources=sources))
    sources = {"cs.LG": make.source(paper("2601.3")), "hep-th": make.source()}
    record(tmp_path, replace(scoring("2601.3", day=EARLIER), sources=sources))
    assert batches(tmp_path, DAY) == {"cs.LG": ["2601.3", "2601.1"], "hep-th": ["2601.2"]}
    assert batches(tmp_path, EARLIER) == {"cs.LG": ["2601.1"], "hep-th": ["2601.2"]}


def test_fourteen_days_are_compared(tmp_path: Path) -> None:
    for n in range(10, 23):
        record(tmp_path, make.digest(day=date(2026, 1, n)))
    record(tmp_path, scoring("2601.1", day=date(2026, 1, 9)))
    assert batches(tmp_path, date(2026, 1, 23)) == {"cs.LG": ["2601.1"]}
    record(tmp_path, make.digest(day=date(2026, 1, 23)))
    (tmp_path / store.day_path(date(2026, 1, 9))).unlink()  # older days are not even read
    assert batches(tmp_path, date(2026, 1, 24)) == {}


# --- files whole or not at all ----------------------------------------------------------------

NAME = PurePosixPath("2026/page.html")


def test_only_files_that_differ_are_written(tmp_path: Path) -> None:
    assert store.write_files(tmp_path, {NAME: b"page"}) == [NAME]
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o644  # the web server can read it
    os.utime(tmp_path / NAME, ns=(1, 1))
    new = PurePosixPath("new")
    assert store.write_files(tmp_path, {NAME: b"page", new: b""}) == [new]
    assert (tmp_path / NAME).stat().st_mtime_ns == 1
    assert store.write_files(tmp_path, {NAME: None}) == [NAME]
    assert store.write_files(tmp_path, {NAME: None}) == []


def blocked_by_a_folder(out: Path) -> None:
    (out / NAME).mkdir(parents=True)


def blocked_by_a_file(out: Path) -> None:
    out.joinpath(NAME.parts[0]).write_text("a file where a folder should be")


@pytest.mark.parametrize("block", [blocked_by_a_folder, blocked_by_a_file])
def test_a_file_that_cannot_be_written_is_named(
    tmp_path: Path, block: Callable[[Path], None]
) -> None:
    block(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    first = PurePosixPath("first")
    with pytest.raises(ArchiveError, match=r"2026/page\.html: cannot be (read|written): "):
        store.write_files(tmp_path, {first: b"whole", NAME: b"page"})
    assert (tmp_path / first).read_bytes() == b"whole"
    assert sorted(tmp_path.rglob("*")) == sorted([*before, tmp_path / first])


@pytest.mark.parametrize("struck", [OSError(5, "Input/output error"), KeyboardInterrupt()])
def test_a_run_stopped_before_the_replacement_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, struck: BaseException
) -> None:
    store.write_files(tmp_path, {NAME: b"old page"})

    def strike(source: str | Path, target: str | Path) -> None:
        assert Path(source).parent == Path(target).parent, "only so can the replacement be atomic"
        assert Path(source).read_bytes() == b"new page"
        assert Path(target).read_bytes() == b"old page"
        raise struck

    monkeypatch.setattr(os, "replace", strike)
    with pytest.raises((ArchiveError, KeyboardInterrupt)):
        store.write_files(tmp_path, {NAME: b"new page"})
    assert tree(tmp_path) == {str(NAME): b"old page"}


def test_a_file_of_somebody_else_stops_the_writing(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("mine")
    (tmp_path / "2026").mkdir()
    (tmp_path / "2026/2026-01-30.html").write_text("mine, too")
    before = tree(tmp_path)
    files = {
        PurePosixPath("archive.html"): b"page",
        PurePosixPath("2026/2026-01-30.html"): None,
        PurePosixPath("index.html"): b"page",
    }
    with pytest.raises(ConfigError, match=r"2026-01-30\.html, .*index\.html are not of this prog"):
        store.write_files(tmp_path, files)
    assert tree(tmp_path) == before
