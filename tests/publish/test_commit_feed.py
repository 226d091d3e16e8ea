"""The commit feed, `/commits/main.atom`: what its readers see of a day, and what a commit holds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime
from html import escape
from pathlib import Path

import pytest
import time_machine

from digest.archive.layout import is_generated
from digest.cli.main import main
from digest.core.papers import Feed
from tests import make
from tests.make import git, paper, rss

GOLDEN = Path(__file__).parents[1] / "data" / "commit_feed.xml"
CUT = 69  # characters of a title that GitHub shows
FRIDAY, MONDAY = date(2026, 1, 30), date(2026, 2, 2)
TITLES = [
    "Engines that fix #1, close octo/cat#2 and thank @everyone [skip ci]",
    "<script>alert(1)</script> & ]]> in \\emph{engines} of $\\mathcal{O}(n^2)$",
    "Co-authored-by: Mallory <m@example.org>\n\nSigned-off-by: nobody, for engines",
    "Engines of which a title may go on for " + "as long as arXiv lets it, which is much " * 3,
]


def entry(folder: Path, commit: str) -> str:
    """A commit as GitHub's Atom feed has it: the subject cut, the message in `<pre>`, escaped twice
    over, for it is HTML inside of XML. What differs from run to run is left out."""
    message = git(folder, "show", "--no-patch", "--format=%B", commit)
    subject = message.partition("\n")[0]
    title = subject if len(subject) <= CUT else subject[:CUT] + "…"
    content = f"<pre style='white-space:pre-wrap;width:81ex'>{escape(message, quote=False)}</pre>"
    author = git(folder, "show", "--no-patch", "--format=%an", commit)
    return (
        "  <entry>\n"
        f"    <title>\n        {escape(title, quote=False)}\n    </title>\n"
        f"    <author>\n      <name>{escape(author, quote=False)}</name>\n    </author>\n"
        f'    <content type="html">\n      {escape(content, quote=False)}\n    </content>\n'
        "  </entry>\n"
    )


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Somebody's repository, with files of their own: one committed, two not."""
    make.own_git_settings(monkeypatch, tmp_path)
    folder = tmp_path / "project"
    git(tmp_path, "init", "--quiet", str(folder))
    (folder / "prompts").mkdir()
    (folder / "prompts/topics.md").write_text("## Engines\n\n- Relevant: engines\n")
    (folder / "config.yaml").write_text("categories: [cs.LG]\nscorer: offline\n")
    (folder / "docs").mkdir()
    (folder / "docs/CNAME").write_text("papers.example.org\n")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "Settings")
    (folder / "notes.txt").write_text("not committed")
    (folder / "docs/page.html").write_text("nor this")
    monkeypatch.chdir(folder)
    with time_machine.travel(datetime(2026, 1, 30, 6, 45, tzinfo=UTC)):
        yield folder


def announce(folder: Path, day: date, *titles: str) -> None:
    papers = [paper(f"26{day:%m}.{day:%d}{n:03}", title=title) for n, title in enumerate(titles)]
    path = folder.parent / f"{day}.xml"
    path.write_bytes(rss(Feed("cs.LG", day, tuple(papers))))
    assert main(["run", "--feed", str(path)]) == 0


def commits(folder: Path) -> list[str]:
    """Those since the settings, oldest first."""
    return git(folder, "rev-list", "--reverse", "HEAD").splitlines()[1:]


def test_the_entry_of_a_day_is_legible(project: Path) -> None:
    announce(project, FRIDAY, *TITLES)
    (made,) = commits(project)
    shown = entry(project, made)
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(shown, encoding="utf-8")
    assert shown == GOLDEN.read_text(encoding="utf-8")
    assert "…" not in shown.partition("</title>")[0]


def test_each_announcement_day_is_one_commit_of_generated_files(project: Path) -> None:
    announce(project, FRIDAY, *TITLES)
    announce(project, MONDAY, "Engines on a Monday")
    announce(project, MONDAY, "Engines on a Monday")
    subjects = git(project, "log", "--reverse", "--format=%s").splitlines()
    assert [subject.partition(":")[0] for subject in subjects] == [
        "Settings", "Digest 2026-01-30", "Digest 2026-02-02"
    ]  # fmt: skip
    for made in commits(project):
        changed = git(project, "show", "--format=", "--name-only", made).splitlines()
        assert changed
        assert [p for p in changed if not is_generated(p.removeprefix("docs/"))] == []
    status = git(project, "status", "--porcelain").splitlines()
    assert status == ["?? docs/page.html", "?? notes.txt"]
