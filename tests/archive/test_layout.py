from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from digest.archive import store
from digest.archive.layout import day_file, day_of_record, is_generated, is_ours, other_site
from digest.core.config import Site
from digest.core.day import Kept
from digest.run import output
from tests import make
from tests.make import paper, score, tree

DAY = date(2026, 1, 30)


def test_a_record_names_its_day() -> None:
    record = str(store.day_path(DAY))
    assert record == f"data/{day_file(DAY, '.json')}" == "data/2026/2026-01-30.json"
    assert day_of_record(record) == DAY
    assert all(is_generated(str(day_file(DAY, suffix))) for suffix in (".html", ".md"))


def test_no_other_path_is_a_days_record() -> None:
    for path in (
        "2026/2026-01-30.json",
        "data/2026/2026-13-30.json",  # no such day
        "mine/data/2026/2026-01-30.json",
        "data/2026/2026-01-30.json.tmp",
        "data/days.jsonl",
    ):
        assert day_of_record(path) is None


@pytest.mark.parametrize("name", ["data/2026/2026-02-30.json", "2026/2026-02-30.html"])
def test_a_file_of_an_impossible_day_is_the_users(name: str) -> None:
    assert not is_generated(name)
    assert is_generated(name.replace("30", "28"))


# --- whose files they are ---------------------------------------------------------------------


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """With a day that kept a paper, one that kept none, and one that announced nothing."""
    settings = Site(url="https://example.org")
    for digest in (
        make.digest(kept=[Kept(paper("2601.00001"), score())]),
        make.digest(day=date(2026, 2, 2), below=[paper("2602.00001")]),
        make.digest(day=date(2026, 2, 3)),
    ):
        output.write(store.Archive(tmp_path), digest, settings)
    return tmp_path


def test_each_file_of_a_site_is_known_for_ours(site: Path) -> None:
    files = tree(site)
    assert len(files) > 30
    assert [name for name, data in files.items() if not is_ours(name, data)] == []
    converted = {name: data.replace(b"\n", b"\r\n") for name, data in files.items()}
    assert [name for name, data in converted.items() if not is_ours(name, data)] == []


def test_of_the_same_names_another_text_is_not_ours(site: Path) -> None:
    own = b'<html><title>My site</title></html> {"url": 1, "title": "mine"}\n'
    mistaken = {name for name in tree(site) if is_ours(name, own)}
    pages = {name for name in tree(site) if not name.startswith(("assets/", "data/"))}
    assert mistaken & pages == {".nojekyll", "search/2026-01.json", "search/2026-02.json"}
    assert "data/site.json" not in mistaken


def test_an_empty_file_may_be_overwritten() -> None:
    assert is_ours("index.html", b" \r\n")
    assert is_ours("about.html", b"mine")


def test_before_the_first_record_our_names_are_taken(
    tmp_path: Path,
) -> None:
    for name in ("index.html", "data/site.json", "data/days.jsonl", "about.html", ".nojekyll"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text('{"url":"https://example.org"}')
    theirs = [path.relative_to(tmp_path).as_posix() for path in other_site(tmp_path)]
    assert theirs == ["data/days.jsonl", "data/site.json", "index.html"]


def test_a_folder_with_a_days_record_is_a_site_of_ours(site: Path) -> None:
    (site / "data/days.jsonl").unlink()
    assert other_site(site) == []
    assert other_site(site / "nowhere") == []
