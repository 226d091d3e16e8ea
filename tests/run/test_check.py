"""Faults planted in an archive of three days, each found by name; what derives is repaired."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from digest.archive import store
from digest.cli.main import main
from digest.core.config import Site
from digest.core.day import Kept, Status
from digest.core.papers import Source
from digest.run import output
from digest.run.check import check, repair
from tests import make
from tests.make import DAY, paper, score, tree

SITE = Site()
DAYS = [DAY, DAY + timedelta(days=3), DAY + timedelta(days=4)]
FIRST = "data/2026/2026-01-30.json"


@pytest.fixture(scope="module")
def three_days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "docs"
    for number, day in enumerate(DAYS):
        kept = [Kept(paper(f"260{n}.0000{number}"), score()) for n in (1, 2)]
        digest = make.digest(day=day, kept=kept, below=[paper(f"2601.1000{number}")])
        output.write(store.Archive(folder), digest, SITE)
    assert check(folder, SITE) == []
    return folder


@pytest.fixture
def out(tmp_path: Path, three_days: Path) -> Path:
    return Path(shutil.copytree(three_days, tmp_path / "docs"))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def put_a_paper_into_two_lists(out: Path) -> None:
    record = json.loads((out / FIRST).read_bytes())
    record["seen"].append(record["below"][0]["id"])
    (out / FIRST).write_text(json.dumps(record))


def lose_a_line_of_the_days(out: Path) -> None:
    path = out / "data/days.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[1:]))


def edit_a_page(out: Path) -> None:
    edit(out / "2026/2026-01-30.html", "kept", "liked")


def lose_a_page(out: Path) -> None:
    (out / "2026/2026-02-02.md").unlink()


Fault = Callable[[Path], object]
PAGE, STRAY = "2026/2026-01-30.html", "2026/2026-01-31.html"

DAMAGE: list[tuple[Fault, str]] = [
    (lambda out: os.truncate(out / FIRST, 500), f"{FIRST}: not JSON"),
    (put_a_paper_into_two_lists, f"{FIRST}: 2601.10000: has 2 outcomes, not one"),
]
DERIVED: list[tuple[Fault, str]] = [
    (
        lambda out: edit(out / FIRST, '"announced":3', '"announced":30'),
        f"{FIRST}: counts.announced: says 30, the lists hold 3",
    ),
    (lambda out: (out / "data/seen/2602.txt").unlink(), "data/seen/2602.txt: is missing"),
    (lose_a_line_of_the_days, "data/days.jsonl: line 1 is not what the days' files give"),
    (edit_a_page, f"{PAGE}: line"),
    (lose_a_page, "2026/2026-02-02.md: is missing"),
    (lambda out: shutil.copy(out / PAGE, out / STRAY), f"{STRAY}: belongs to no day"),
    (
        lambda out: (out / "2026/.2026-01-30.html.tmp").write_text("<p>he"),  # half written
        "2026/.2026-01-30.html.tmp: belongs to no day",
    ),
]


@pytest.mark.parametrize(("fault", "finding"), DERIVED)
def test_what_derives_is_found_and_repaired_to_the_byte(
    out: Path, fault: Fault, finding: str
) -> None:
    before = tree(out)
    fault(out)
    (found,) = check(out, SITE)
    assert str(found).startswith(finding)
    assert repair(out, SITE) == []
    assert tree(out) == before


@pytest.mark.parametrize(("fault", "finding"), DAMAGE)
def test_a_damaged_record_is_found_and_nothing_repaired(
    out: Path, fault: Fault, finding: str
) -> None:
    fault(out)
    before = tree(out)
    (found,) = check(out, SITE)
    assert str(found).startswith(finding)
    assert repair(out, SITE) == [found]
    assert tree(out) == before


def test_a_paper_scored_twice_is_reported(out: Path) -> None:
    digest = make.digest(day=DAYS[2], kept=[Kept(paper("2601.00000"), score())])
    output.write(store.Archive(out), digest, SITE)
    (found,) = repair(out, SITE)
    assert str(found) == "data/2026/2026-02-03.json: 2601.00000: was scored on 2026-01-30 already"


def test_files_of_the_user_are_left_alone(out: Path) -> None:
    (out / "CNAME").write_text("papers.example.org\n")
    (out / "data/2026/my-analysis.ipynb").write_text("{}")
    (out / "data/2026/2026-02-30.json").write_text("{}")
    (out / "data/seen/notes.tmp").write_text("mine")
    (out / "about").mkdir()
    (out / "about/index.html").write_text("<p>me</p>")
    assert check(out, SITE) == []
    assert repair(out, SITE) == []
    assert store.restore(out) == []
    assert (out / "data/2026/my-analysis.ipynb").exists()
    assert (out / "data/2026/2026-02-30.json").exists()


@pytest.mark.parametrize("name", ["index.html", "data/site.json", "2026/2025-12-31.html"])
def test_a_page_of_somebody_else_is_left_alone(out: Path, name: str) -> None:
    settings = Site(url="https://example.org")
    assert repair(out, settings) == []
    (out / name).write_text('{"title": "mine"}')
    lose_a_page(out)
    (finding,) = repair(out, settings)
    assert str(finding) == (
        f"{name}: is not of this program's making: move it, or choose another folder for the site"
    )
    assert (out / name).read_text() == '{"title": "mine"}'
    (out / name).unlink()
    assert repair(out, settings) == []


# --- line endings -----------------------------------------------------------------------------


def convert(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


def test_converted_line_endings_are_one_finding(out: Path) -> None:
    before = tree(out)
    for name in before:
        convert(out / name)
    (finding,) = check(out, SITE)
    assert str(finding) == (
        "data/2026/2026-01-30.json: has Windows line endings (CRLF), and so have"
        f" {len(before) - 2} other files: git converts them (core.autocrlf): write"
        " `docs/** -text linguist-generated` into .gitattributes, then `digest check --repair`"
    )
    assert repair(out, SITE) == []
    assert tree(out) == before


def test_a_folder_without_days_is_a_finding(tmp_path: Path) -> None:
    assert ["holds no day" in str(finding) for finding in check(tmp_path, SITE)] == [True]
    assert repair(tmp_path, SITE) == check(tmp_path, SITE)
    assert list(tmp_path.iterdir()) == []


# --- what was missed or taken for another day's -------------------------------------------------


def test_a_missed_day_is_a_finding_with_a_remedy(out: Path) -> None:
    later = make.digest(day=DAYS[-1] + timedelta(days=2), below=[paper("2602.20001")])
    output.write(store.Archive(out), later, SITE)
    (gap,) = check(out, SITE)
    assert str(gap) == ("data/2026/2026-02-04.json: no record: `digest catch-up --date 2026-02-04`")
    assert repair(out, SITE) == [gap]  # nothing here tells what was announced


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (make.source(fresh=False), "cs.AI was stale and is not completed"),
        (make.unread(), "cs.AI was unread and is not completed"),
    ],
)
def test_a_category_that_a_day_lacks_is_a_finding(out: Path, source: Source, problem: str) -> None:
    digest = make.digest(day=DAYS[-1] + timedelta(days=1), below=[paper("2602.20001")])
    sources = {**digest.sources, "cs.AI": source}
    partial = replace(digest, sources=sources, status=Status.PARTIAL)
    output.write(store.Archive(out), partial, SITE)
    (finding,) = check(out, SITE)
    assert problem in str(finding)


def test_the_command_lists_findings_and_repairs_them(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = out.parent / "config.yaml"
    config.write_text("categories: [cs.LG]\nscorer: offline\n")
    lose_a_page(out)
    edit_a_page(out)
    assert main(["check", "--config", str(config)]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[1] for line in lines] == ["2026/2026-01-30.html", "2026/2026-02-02.md"]
    assert main(["check", "--repair", "--config", str(config)]) == 0
    assert main(["check", "--config", str(config)]) == 0


def test_a_fresh_category_that_repeats_is_a_finding(out: Path) -> None:
    repeated = store.Archive(out).listed_day(DAYS[-1])
    ids = repeated.outcome_ids
    planted = replace(
        repeated,
        date=DAYS[-1] + timedelta(days=1),
        kept=(),
        below=(),
        seen=tuple(sorted(ids)),
    )
    output.write(store.Archive(out), planted, SITE)
    (finding,) = check(out, SITE)
    assert f"cs.LG is marked fresh and repeats {DAYS[-1]}" in str(finding)
