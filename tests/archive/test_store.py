from __future__ import annotations

import os
import resource
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.archive import store
from digest.archive.record import encode
from digest.core.errors import ArchiveError, ConfigError
from digest.core.models import Day, Digest, Kept
from digest.run.selection import select
from tests import make
from tests.make import DAY, paper, score, tree

EARLIER = DAY - timedelta(days=1)


def record(out: Path, digest: Digest, before: Digest | None = None) -> list[str]:
    """What a run does to archive a day."""
    days = store.with_day(store.read_days(out), digest)
    files = store.day_files(out, digest, before, days)
    return [str(name) for name in store.write_files(out, files)]


def scoring(*paper_ids: str, day: date = DAY) -> Digest:
    return make.digest(below=[paper(paper_id) for paper_id in paper_ids], day=day)


# --- reading and writing a day ----------------------------------------------------------------


def test_a_day_is_read_as_it_was_written(tmp_path: Path) -> None:
    digest = make.digest(kept=[Kept(paper("2601.1"), score())], below=[paper("2601.2")])
    record(tmp_path, digest)
    assert store.read_day(tmp_path, DAY) == digest


def test_a_day_lies_under_its_year(tmp_path: Path) -> None:
    record(tmp_path, scoring("2601.00001"))
    assert list(tree(tmp_path)) == [
        "data/2026/2026-01-30.json",
        "data/days.jsonl",
        "data/seen/2601.txt",
    ]


def test_a_day_that_was_never_recorded_is_none(tmp_path: Path) -> None:
    assert store.read_day(tmp_path, DAY) is None


def test_the_archive_is_read_oldest_first(tmp_path: Path) -> None:
    days = [date(2026, 1, 30), date(2025, 12, 31), date(2026, 1, 2)]
    for day in days:
        record(tmp_path, make.digest(day=day))
    assert [digest.date for digest in store.read_archive(tmp_path)] == sorted(days)


def test_a_listed_day_whose_file_is_gone_is_an_error_and_no_empty_page(tmp_path: Path) -> None:
    record(tmp_path, scoring("2601.00001"))
    (tmp_path / store.day_path(DAY)).unlink()
    with pytest.raises(ArchiveError, match=r"2026-01-30\.json: is listed in days\.jsonl and gone"):
        store.listed_day(tmp_path, DAY)


# --- days.jsonl -------------------------------------------------------------------------------


def test_days_are_a_line_each_oldest_first_and_read_back(tmp_path: Path) -> None:
    digests = [scoring("2601.00002"), scoring("2601.00001", day=EARLIER)]
    for digest in digests:
        record(tmp_path, digest)
    expected = tuple(Day.of(digest) for digest in digests[::-1])
    assert store.read_days(tmp_path) == expected
    assert len((tmp_path / store.DAYS).read_text().splitlines()) == 2


def test_a_day_recorded_again_takes_its_own_line(tmp_path: Path) -> None:
    record(tmp_path, scoring("2601.00001"))
    record(tmp_path, scoring("2601.00001", "2601.00002"), scoring("2601.00001"))
    assert [day.counts.below for day in store.read_days(tmp_path)] == [2]


def test_a_line_has_what_lists_of_days_and_statistics_show() -> None:
    kept = [Kept(paper(f"2601.{n}"), score(topic=t)) for n, t in enumerate(["B", "A", "B", "none"])]
    line = store.encode_days([Day.of(make.digest(kept=kept))]).decode()
    assert line == (
        '{"date":"2026-01-30","status":"complete","scorer":"llm",'
        '"generated_at":"2026-01-30T06:07:08Z","counts":{"announced":4,"seen":0,'
        '"filtered":0,"scanned":4,"kept":4,"below":0,"unscored":0,"new":4,"cross":0,"replace":0},'
        '"cost_usd":null,"prompt_tokens":null,"completion_tokens":null,'
        '"topics":{"A":1,"B":2,"none":1},"relevance":[0,0,0,0,0,0,0,0,4,0],'
        '"novelty":[0,0,0,0,0,0,0,4,0,0]}\n'
    )


@pytest.mark.parametrize("damage", [b"<<<<<<< HEAD\n", b'{"date":"2026-01-30"}\n', b"\xff\n"])
def test_a_damaged_line_is_named(tmp_path: Path, damage: bytes) -> None:
    record(tmp_path, scoring("2601.00001"))
    with (tmp_path / store.DAYS).open("ab") as file:
        file.write(damage)
    with pytest.raises(ArchiveError, match=r"data/days\.jsonl, line 2: .*restore the file"):
        store.read_days(tmp_path)


# --- the seen-ledger --------------------------------------------------------------------------


def test_the_ledger_is_sharded_by_the_month_of_the_id(tmp_path: Path) -> None:
    record(tmp_path, scoring("2601.00001", "2512.00001", "math.GT/0309136", "hep-th/9901001"))
    assert [name for name in tree(tmp_path) if "seen" in name] == [
        "data/seen/0309.txt",
        "data/seen/2512.txt",
        "data/seen/2601.txt",
        "data/seen/9901.txt",
    ]


def test_a_shard_is_sorted_with_an_id_and_its_day_on_each_line(tmp_path: Path) -> None:
    record(tmp_path, scoring("2601.00003", "2601.00001"))
    record(tmp_path, scoring("2601.00002", day=EARLIER))
    assert (tmp_path / "data/seen/2601.txt").read_text() == (
        "2601.00001 2026-01-30\n2601.00002 2026-01-29\n2601.00003 2026-01-30\n"
    )


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
    assert store.read_ledger(tmp_path, everything) == {kept.id: DAY, below.id: DAY}


def test_the_ledger_answers_for_the_papers_asked_about_alone(tmp_path: Path) -> None:
    record(tmp_path, scoring("2601.00001", "2601.00002", "math.GT/0309136"))
    asked = ["math.GT/0309136", "2601.00002", "2601.00009", "2402.00001"]
    assert store.read_ledger(tmp_path, asked) == {"2601.00002": DAY, "math.GT/0309136": DAY}


def test_a_rescored_day_drops_from_the_ledger_what_it_no_longer_scores(tmp_path: Path) -> None:
    record(tmp_path, before := scoring("2601.00001", "2601.00002"))
    excluded = make.digest(below=[paper("2601.00001")], filtered=[paper("2601.00002")])
    record(tmp_path, excluded, before)
    assert (tmp_path / "data/seen/2601.txt").read_text() == "2601.00001 2026-01-30\n"


def test_a_rescored_day_leaves_other_days_in_the_ledger(tmp_path: Path) -> None:
    record(tmp_path, scoring("2601.00001", day=EARLIER))
    record(tmp_path, before := scoring("2601.00002"))
    record(tmp_path, make.digest(seen=[paper("2601.00001")]), before)
    assert (tmp_path / "data/seen/2601.txt").read_text() == "2601.00001 2026-01-29\n"


def test_a_shard_without_papers_is_no_file(tmp_path: Path) -> None:
    record(tmp_path, before := scoring("2512.00001"))
    record(tmp_path, make.digest(filtered=[paper("2512.00001")]), before)
    assert not (tmp_path / "data/seen/2512.txt").exists()


def test_a_ledger_left_behind_by_a_killed_run_is_put_right_by_the_next(tmp_path: Path) -> None:
    record(tmp_path, scoring("2601.00001", "2601.00002"))
    better = make.digest(below=[paper("2601.00001")], filtered=[paper("2601.00002")])
    store.write_files(tmp_path, {store.day_path(DAY): encode(better)})  # killed
    record(tmp_path, better, store.read_day(tmp_path, DAY))
    assert (tmp_path / "data/seen/2601.txt").read_text() == "2601.00001 2026-01-30\n"


@pytest.mark.parametrize(
    "line", ["2601.00001", "2601.00001 yesterday", "<<<<<<< HEAD", "2601.00001 2026-01-30 x", "é 1"]
)
def test_a_damaged_ledger_line_is_named(tmp_path: Path, line: str) -> None:
    record(tmp_path, scoring("2601.00001"))
    with (tmp_path / "data/seen/2601.txt").open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    with pytest.raises(ArchiveError, match=r"data/seen/2601\.txt, line 2: not `ID YYYY-MM-DD`"):
        store.read_ledger(tmp_path, ["2601.00001"])


# --- what derives -----------------------------------------------------------------------------


def rerun(out: Path, day: date, announced: list[str], excluded: set[str]) -> None:
    """Score a day as a run would: not what another day scored, nor what is excluded."""
    papers = [paper(i, title="survey" if i in excluded else "study") for i in announced]
    ledger = store.read_ledger(out, announced)
    chosen = select(papers, day, ledger, ["new"], ["survey"])
    seen = [p for p in papers if p.id in chosen.seen]
    filtered = [p for p in papers if p.id in {f.id for f in chosen.filtered}]
    digest = make.digest(below=chosen.to_score, filtered=filtered, seen=seen, day=day)
    record(out, digest, store.read_day(out, day))


@make.examples(50)
@given(
    st.lists(
        st.tuples(make.days, st.lists(make.ids, unique=True, max_size=5), st.sets(make.ids)),
        min_size=1,
        max_size=8,
    )
)
def test_days_run_in_any_order_and_again_leave_what_a_rebuild_makes(
    runs: list[tuple[date, list[str], set[str]]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        for day, announced, excluded in runs:
            rerun(out, day, announced, excluded)
        rebuilt = store.derived_files(store.read_archive(out))
        found = {k: v for k, v in tree(out).items() if k.endswith((".txt", ".jsonl"))}
        assert found == {str(name): data for name, data in rebuilt.items()}


@pytest.mark.parametrize("gone", [store.DAYS, store.LEDGER], ids=str)
def test_derived_files_that_are_gone_are_made_again(tmp_path: Path, gone: PurePosixPath) -> None:
    out = tmp_path / "docs"
    record(out, scoring("2601.00001", day=EARLIER))
    record(out, scoring("2512.00001"))
    whole = tree(out)
    (out / gone).rename(tmp_path / "away")
    assert store.restore(out)
    assert tree(out) == whole


def test_a_day_unknown_to_the_list_is_added_to_list_and_ledger(tmp_path: Path) -> None:
    record(tmp_path, scoring("2601.00001", day=EARLIER))
    store.write_files(tmp_path, {store.day_path(DAY): encode(scoring("2601.00002"))})
    assert store.restore(tmp_path) == [PurePosixPath("data/seen/2601.txt"), store.DAYS]
    assert [day.date for day in store.read_days(tmp_path)] == [EARLIER, DAY]
    assert store.read_ledger(tmp_path, ["2601.00002"]) == {"2601.00002": DAY}
    assert store.restore(tmp_path) == []


def test_a_listed_day_whose_file_is_gone_is_not_forgotten_in_silence(tmp_path: Path) -> None:
    record(tmp_path, scoring("2601.00001", day=EARLIER))
    record(tmp_path, scoring("2601.00002"))
    (tmp_path / store.day_path(DAY)).unlink()
    before = tree(tmp_path)
    with pytest.raises(ArchiveError, match=r"2026-01-30\.json: is listed in days\.jsonl and gone"):
        store.restore(tmp_path)
    assert tree(tmp_path) == before


def test_an_archive_that_is_whole_is_left_alone(tmp_path: Path) -> None:
    record(tmp_path, scoring("2601.00001", "2512.00001", day=EARLIER))
    record(tmp_path, scoring("2601.00002"))
    assert store.restore(tmp_path) == []


def test_there_is_nothing_to_make_again_before_the_first_day(tmp_path: Path) -> None:
    assert store.restore(tmp_path) == []
    assert tree(tmp_path) == {}


# --- the latest batch of each category --------------------------------------------------------


@pytest.fixture
def with_batches(tmp_path: Path) -> Path:
    """cs.LG announced on the 28th and the 29th, hep-th on the 28th and nothing on the 29th."""
    sources = {"cs.LG": make.source(paper("2601.1")), "hep-th": make.source(paper("2601.2"))}
    first = make.digest(below=[paper("2601.1"), paper("2601.2")], day=date(2026, 1, 28))
    record(tmp_path, replace(first, sources=sources))
    sources = {"cs.LG": make.source(paper("2601.3")), "hep-th": make.source()}
    second = make.digest(below=[paper("2601.3")], day=date(2026, 1, 29))
    record(tmp_path, replace(second, sources=sources))
    return tmp_path


def batches(out: Path, before: date, **window: int) -> dict[str, list[str]]:
    found = store.earlier_batches(out, store.read_days(out), before, **window)
    return {category: [entry.id for entry in entries] for category, entries in found.items()}


def test_each_category_has_what_it_announced_the_newest_first(with_batches: Path) -> None:
    assert batches(with_batches, DAY) == {"cs.LG": ["2601.3", "2601.1"], "hep-th": ["2601.2"]}


def test_a_day_and_those_after_it_are_not_earlier(with_batches: Path) -> None:
    assert batches(with_batches, date(2026, 1, 29)) == {"cs.LG": ["2601.1"], "hep-th": ["2601.2"]}


def test_days_before_the_window_are_not_read(with_batches: Path) -> None:
    (with_batches / store.day_path(date(2026, 1, 28))).unlink()
    assert batches(with_batches, DAY, window=1) == {"cs.LG": ["2601.3"]}


def test_a_category_absent_for_three_days_is_found_before_them(tmp_path: Path) -> None:
    lg = [paper(f"2601.{n}") for n in range(4)]
    first = make.digest(below=[lg[0], paper("2601.9")], day=date(2026, 1, 26))
    sources = {"cs.LG": make.source(lg[0]), "hep-th": make.source(paper("2601.9"))}
    record(tmp_path, replace(first, sources=sources))
    for n, only in enumerate(lg[1:], start=27):
        record(tmp_path, make.digest(below=[only], day=date(2026, 1, n)))
    assert batches(tmp_path, DAY)["hep-th"] == ["2601.9"]
    assert "hep-th" not in batches(tmp_path, DAY, window=3)


def test_fourteen_days_are_looked_through(tmp_path: Path) -> None:
    quiet = [date(2026, 1, n) for n in range(10, 23)]
    for day in quiet:
        record(tmp_path, make.digest(day=day))
    record(tmp_path, make.digest(below=[paper("2601.1")], day=date(2026, 1, 9)))
    assert batches(tmp_path, date(2026, 1, 23)) == {"cs.LG": ["2601.1"]}
    record(tmp_path, make.digest(day=date(2026, 1, 23)))
    assert batches(tmp_path, date(2026, 1, 24)) == {}


def test_a_stale_batch_is_no_batch_of_its_day(tmp_path: Path) -> None:
    record(tmp_path, make.digest(below=[paper("2601.1"), paper("2601.2")], day=date(2026, 1, 28)))
    stale = make.digest(seen=[paper("2601.2")], day=EARLIER)
    record(tmp_path, replace(stale, sources={"cs.LG": make.source(paper("2601.2"), fresh=False)}))
    assert batches(tmp_path, DAY) == {"cs.LG": ["2601.1", "2601.2"]}


# --- files whole or not at all ----------------------------------------------------------------

NAME = PurePosixPath("2026/page.html")


def test_what_is_right_already_is_not_touched(tmp_path: Path) -> None:
    store.write_files(tmp_path, {NAME: b"page"})
    os.utime(tmp_path / NAME, ns=(1, 1))
    assert store.write_files(tmp_path, {NAME: b"page", PurePosixPath("new"): b""}) == [
        PurePosixPath("new")
    ]
    assert (tmp_path / NAME).stat().st_mtime_ns == 1


def test_a_file_that_must_not_be_there_is_removed_once(tmp_path: Path) -> None:
    store.write_files(tmp_path, {NAME: b"page"})
    assert store.write_files(tmp_path, {NAME: None}) == [NAME]
    assert store.write_files(tmp_path, {NAME: None}) == []


def test_a_written_file_can_be_read_by_the_web_server(tmp_path: Path) -> None:
    store.write_files(tmp_path, {NAME: b"page"})
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o644


def blocked_by_a_folder(out: Path) -> None:
    (out / NAME).mkdir(parents=True)


def blocked_by_a_file(out: Path) -> None:
    out.joinpath(NAME.parts[0]).write_text("a file where a folder should be")


def blocked_by_a_dangling_link(out: Path) -> None:
    out.joinpath(NAME.parts[0]).symlink_to(out / "nowhere")


@pytest.fixture(params=[blocked_by_a_folder, blocked_by_a_file, blocked_by_a_dangling_link])
def blocked(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    request.param(tmp_path)
    return tmp_path


def test_a_file_that_cannot_be_written_is_named_and_leaves_nothing_behind(blocked: Path) -> None:
    before = sorted(blocked.rglob("*"))
    with pytest.raises(ArchiveError, match=r"2026/page\.html: cannot be (read|written): "):
        store.write_files(blocked, {NAME: b"page"})
    assert sorted(blocked.rglob("*")) == before


def test_files_written_before_the_failure_are_whole(blocked: Path) -> None:
    first = PurePosixPath("first")
    with pytest.raises(ArchiveError):
        store.write_files(blocked, {first: b"whole", NAME: b"page"})
    assert (blocked / first).read_bytes() == b"whole"


@contextmanager
def full_disk() -> Iterator[None]:
    """Files of more than 4 bytes are refused by the kernel, in the middle of the write."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    store.write_files(tmp_path, {NAME: b"old page"})
    with full_disk(), pytest.raises(ArchiveError, match=r"cannot be written: .*free the disk"):
        store.write_files(tmp_path, {NAME: b"new page"})
    assert tree(tmp_path) == {str(NAME): b"old page"}


def test_a_full_disk_takes_no_part_of_a_line_of_the_list_of_days(tmp_path: Path) -> None:
    store.write_files(tmp_path, {store.DAYS: b"a\n"})
    with full_disk(), pytest.raises(ArchiveError, match=r"cannot be written: .*free the disk"):
        store.write_files(tmp_path, {store.DAYS: b"a\nbbbb\n"})
    assert tree(tmp_path) == {str(store.DAYS): b"a\n"}


def test_a_new_day_is_a_line_more_and_not_a_new_list(tmp_path: Path) -> None:
    record(tmp_path, scoring("2601.00001", day=EARLIER))
    before = (tmp_path / store.DAYS).stat().st_ino
    record(tmp_path, scoring("2601.00002"))
    assert (tmp_path / store.DAYS).stat().st_ino == before
    assert [day.date for day in store.read_days(tmp_path)] == [EARLIER, DAY]


def test_a_list_of_days_cut_short_anywhere_is_made_whole_again(tmp_path: Path) -> None:
    record(tmp_path, scoring("2601.00001", day=EARLIER))
    record(tmp_path, scoring("2601.00002"))
    listed, whole = tmp_path / store.DAYS, (tmp_path / store.DAYS).read_bytes()
    for left in range(len(whole)):
        listed.write_bytes(whole[:left] + b"\0" * (left % 2))  # some file systems fill up
        store.restore(tmp_path)
        assert listed.read_bytes() == whole, left


@pytest.mark.parametrize("struck", [OSError(5, "Input/output error"), KeyboardInterrupt()])
def test_a_run_struck_before_the_new_file_takes_the_place_leaves_the_old_one(
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


def test_what_a_killed_run_left_half_written_is_gone_after_the_next(tmp_path: Path) -> None:
    store.write_files(tmp_path, {NAME: b"old page"})
    left: list[str] = []

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "unlink", lambda path, missing_ok=False: left.append(path.name))
        patch.setattr(os, "replace", lambda source, target: 1 / 0)  # killed: nothing tidies up
        with pytest.raises(ZeroDivisionError):
            store.write_files(tmp_path, {NAME: b"new page"})
    assert len(tree(tmp_path)) == 2
    store.write_files(tmp_path, {NAME: b"new page"})
    assert tree(tmp_path) == {str(NAME): b"new page"}


def test_the_days_own_file_is_written_before_what_derives_from_it(tmp_path: Path) -> None:
    digest = make.digest(below=[paper("2601.00002")])
    files = store.day_files(tmp_path, digest, None, [Day.of(digest)])
    assert next(iter(files)) == store.day_path(DAY)


def months(out: Path, number: int) -> list[date]:
    """As many days, a month apart, each with a paper of its month, of 2024 and of 1999."""
    days = [date(2025, 1 + n, 15) for n in range(number)]
    for n, day in enumerate(days):
        new, old = f"{day:%y%m}.00001", f"2412.0000{n}"
        record(out, scoring(new, old, f"math/990100{n}", day=day))
    return days


@pytest.mark.parametrize("shard", ["2501", "2512", "2412", "9901"])
def test_a_lost_shard_of_any_month_is_made_again(tmp_path: Path, shard: str) -> None:
    months(tmp_path, 12)
    path = tmp_path / f"data/seen/{shard}.txt"
    before = path.read_bytes()
    path.unlink()
    assert store.restore(tmp_path) == [PurePosixPath(f"data/seen/{shard}.txt")]
    assert path.read_bytes() == before
    assert store.restore(tmp_path) == []


def cut_in_half(text: bytes) -> bytes:
    return b"".join(text.splitlines(keepends=True)[:5])


def with_conflict_markers(text: bytes) -> bytes:
    return b"<<<<<<< HEAD\n" + text + b"=======\n>>>>>>> theirs\n"


def with_a_day_that_has_no_record(text: bytes) -> bytes:
    return text + b"2412.00020 2024-12-20\n"


def with_a_paper_that_no_day_scored(text: bytes) -> bytes:
    return text + b"2412.00020 2025-03-15\n"


def with_windows_line_endings_and_one_line_less(text: bytes) -> bytes:
    return text.replace(b"\n", b"\r\n").partition(b"\n")[2]


@pytest.mark.parametrize(
    "damage",
    [
        cut_in_half,
        with_conflict_markers,
        with_a_day_that_has_no_record,
        with_a_paper_that_no_day_scored,
        with_windows_line_endings_and_one_line_less,
    ],
)
def test_a_damaged_shard_of_old_is_made_again(
    tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    months(tmp_path, 12)
    path = tmp_path / "data/seen/2412.txt"
    before = path.read_bytes()
    path.write_bytes(damage(before))
    assert store.restore(tmp_path) == [PurePosixPath("data/seen/2412.txt")]
    assert path.read_bytes() == before
    assert store.restore(tmp_path) == []


def test_a_shard_of_papers_that_no_day_scored_is_removed(tmp_path: Path) -> None:
    months(tmp_path, 2)
    before = tree(tmp_path)
    (tmp_path / "data/seen/2611.txt").write_text("2611.00001 2026-10-30\n")
    assert store.restore(tmp_path) == [PurePosixPath("data/seen/2611.txt")]
    assert tree(tmp_path) == before


def test_a_line_of_a_day_without_a_record_counts_for_nothing(tmp_path: Path) -> None:
    record(tmp_path, scoring("2601.00001", day=EARLIER))
    with (tmp_path / "data/seen/2601.txt").open("a") as file:
        file.write("2601.00002 2026-01-28\n")
    assert store.read_ledger(tmp_path, ["2601.00001", "2601.00002"]) == {"2601.00001": EARLIER}
    record(tmp_path, scoring("2601.00002"))
    assert (tmp_path / "data/seen/2601.txt").read_text() == (
        "2601.00001 2026-01-29\n2601.00002 2026-01-30\n"
    )


def test_papers_that_two_days_scored_are_no_reason_to_read_all_days(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = months(tmp_path, 12)
    twice = scoring("2501.00001", "2502.00009", day=days[1])
    record(tmp_path, twice, store.read_day(tmp_path, days[1]))
    monkeypatch.setattr(store, "read_archive", lambda out: pytest.fail("read the whole archive"))
    assert store.restore(tmp_path) == []
    shard = tmp_path / "data/seen/2502.txt"
    shard.unlink()
    monkeypatch.undo()
    assert store.restore(tmp_path) == [PurePosixPath("data/seen/2502.txt")]


def test_a_whole_ledger_is_known_by_the_last_days_and_a_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = months(tmp_path, 12)
    read: list[date] = []
    known = store.listed_day

    def listed_day(out: Path, day: date) -> Digest:
        read.append(day)
        return known(out, day)

    monkeypatch.setattr(store, "listed_day", listed_day)
    assert store.restore(tmp_path) == []
    assert read == days[-3:]


def test_a_list_of_days_that_cannot_be_read_is_made_again(tmp_path: Path) -> None:
    record(tmp_path, scoring("2601.00001"))
    before = tree(tmp_path)
    (tmp_path / store.DAYS).write_bytes(b'{"date":"2026-01-30"}\n')
    assert store.restore(tmp_path) == [store.DAYS]
    assert tree(tmp_path) == before


# --- files of somebody else's -----------------------------------------------------------------


def test_a_file_that_this_program_did_not_make_stops_the_writing(tmp_path: Path) -> None:
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


def test_a_file_that_is_as_it_would_be_written_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("the same")
    assert store.write_files(tmp_path, {PurePosixPath("index.html"): b"the same"}) == []


@pytest.mark.parametrize("left", [b"", b"\n", b"\0\0\0", b"<p>", b"<p>\0\0"])
def test_what_holds_nothing_or_the_beginning_is_written_over(tmp_path: Path, left: bytes) -> None:
    (tmp_path / "index.html").write_bytes(left)
    assert store.write_files(tmp_path, {PurePosixPath("index.html"): b"<p>page</p>"})
    assert (tmp_path / "index.html").read_bytes() == b"<p>page</p>"
