"""`digest topics`: how `topics.md` is read, and its explicit form."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from digest.cli.main import main
from tests import make
from tests.make import paper

TEXT = "<!-- mine -->\nI study heat. Stoves are not for me.\n"
EXPLICIT = """\
<!-- mine -->

## My interests

- Relevant: I study heat.
- Not relevant: Stoves
"""
READ = """\
My interests
    wanted:       I study heat.
    not wanted:   Stoves
"""


@pytest.fixture
def topics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `topics.md` in a folder with settings, which is the working directory. No git, no key."""
    (tmp_path / "config.yaml").write_text("categories: [cs.LG]\nprompts: words\n")
    (tmp_path / "words").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    path = tmp_path / "words" / "topics.md"
    path.write_text(TEXT)
    return path


def test_it_prints_how_the_file_is_read(topics: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["topics"]) == 0
    assert capsys.readouterr().out == f"{READ}unchanged: words/topics.md: 1 topic\n"
    assert topics.read_text() == TEXT
    assert main(["topics", "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["topics"] == {
        "topics": [{"name": "My interests", "wanted": ["I study heat."], "not_wanted": ["Stoves"]}],
        "for_all": {"wanted": [], "not_wanted": []},
        "keywords": [],
        "avoid": [],
        "context": "",
        "notes": [],
    }


def test_write_rewrites_the_file_once(topics: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["topics", "--write"]) == 0
    assert topics.read_text() == EXPLICIT
    assert capsys.readouterr().out.startswith(f"{READ}updated: words/topics.md: 1 topic, written")
    written = topics.stat()
    assert main(["topics", "--write"]) == 0
    assert topics.stat() == written
    assert "in the explicit form already" in capsys.readouterr().out
    assert [path.name for path in topics.parent.iterdir()] == ["topics.md"]


def test_mistakes_end_it_with_exit_2(topics: Path, capsys: pytest.CaptureFixture[str]) -> None:
    topics.write_text("## Heat\na\n## heat\nb\n## None\n")
    assert main(["topics", "--write"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "digest: words/topics.md: 2 headings 'Heat': rename or join them",
        "digest: words/topics.md: the heading 'None' is what a paper without topic gets: rename it",
    ]
    assert topics.read_text() == "## Heat\na\n## heat\nb\n## None\n"


def test_a_form_that_would_read_otherwise_is_not_written(
    topics: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "## Heat\nstoves\n## Keywords\na1, no: b1\n"
    topics.write_text(text)
    assert main(["topics", "--write"]) == 2
    assert "no explicit form that reads the same, so it was not changed" in capsys.readouterr().err
    assert topics.read_text() == text


def test_a_dry_run_shows_it_before_the_plan(
    topics: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    feed = topics.parent / "feed.xml"
    feed.write_bytes(make.rss(make.feed(paper("2601.00001"))))
    arguments = ["run", "--dry-run", "--scorer", "offline", "--feed", str(feed)]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert out.startswith(READ)
    assert "planned" in out.removeprefix(READ).splitlines()[0]
    assert main([*arguments, "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["topics"]["topics"][0]["not_wanted"] == ["Stoves"]
