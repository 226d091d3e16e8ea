"""The program as its users meet it: `main([...])`, or `python -m digest` where a process counts."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from pytest_httpserver import HTTPServer

from digest.cli import environment
from digest.cli.main import main
from digest.core.config import load_config
from digest.core.papers import Feed, Paper
from tests import make
from tests.make import DAY, DAY_KEYS, REPORT_KEYS, git, paper, tree

ROOT = Path(__file__).parents[2]
EARLIER = DAY - timedelta(days=1)
NOWHERE = "http://127.0.0.1:9"  # no page of past days, and no request to the real one
CONFIG = "categories: [cs.LG, cs.AI]\nscorer: offline\n"
A, B, C = paper("2601.00001"), paper("2601.00002"), paper("2601.00003")


# --- running it -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        lines = self.out.splitlines()
        assert len(lines) == 1, "with --json, stdout is one line"
        report: dict[str, Any] = json.loads(lines[0])
        return report


Digest = Callable[..., Ended]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with settings and topics, which is the working directory."""
    folder = tmp_path / "project"
    folder.mkdir()
    make.own_git_settings(monkeypatch, tmp_path)
    git(folder, "init", "--quiet")
    (folder / "config.yaml").write_text(CONFIG)
    (folder / "prompts").mkdir()
    (folder / "prompts" / "topics.md").write_text("# Topics\n## Matters\n- Relevant: the matter\n")
    for name in ("OPENAI_API_KEY", "GITHUB_REPOSITORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def digest(project: Path, capsys: pytest.CaptureFixture[str]) -> Digest:
    def run(*arguments: str | Path) -> Ended:
        code = main([str(argument) for argument in arguments])
        return Ended(code, *capsys.readouterr())

    return run


def process(folder: Path, *arguments: str, options: Sequence[str] = ()) -> Ended:
    done = subprocess.run(
        [sys.executable, *options, "-m", "digest", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def place(folder: Path, *papers: Paper, category: str = "cs.LG", day: date = DAY) -> Path:
    """A feed file to replay."""
    path = folder.parent / f"{category}-{day}-{len(papers)}.xml"
    path.write_bytes(make.rss(make.feed(*papers, category=category, day=day)))
    return path


def serve(server: HTTPServer, *feeds: Feed | bytes, category: str = "cs.LG") -> None:
    for announcement in feeds:
        data = announcement if isinstance(announcement, bytes) else make.rss(announcement)
        name = category if isinstance(announcement, bytes) else announcement.category
        server.expect_request(f"/rss/{name}").respond_with_data(data, content_type="text/xml")


def follow(folder: Path, server: HTTPServer, *categories: str) -> None:
    """Point the settings at a feed server of our own."""
    url = server.url_for("/rss/") + "{category}"
    (folder / "config.yaml").write_text(
        f"categories: [{', '.join(categories)}]\nscorer: offline\n"
        f'arxiv: {{feed_url: "{url}", site_url: "{NOWHERE}", api_url: "{NOWHERE}", delay_s: 0}}\n'
    )


def stamps(folder: Path) -> dict[str, int]:
    return {str(p): p.stat().st_mtime_ns for p in sorted(folder.rglob("*")) if p.is_file()}


def commits(folder: Path) -> list[str]:
    """The subjects, oldest first."""
    return git(folder, "log", "--reverse", "--format=%s").splitlines()


# --- the real day 2026-01-30 ------------------------------------------------------------------


@pytest.fixture
def real(real_data: Path, tmp_path: Path) -> list[Path]:
    """The feeds of cs.LG and cs.AI, unpacked."""
    feeds = []
    for category in ("cs.LG", "cs.AI"):
        (packed,) = real_data.glob(f"feeds_replay/rss_{category}_2026-01-30_[0-9]*.xml.gz")
        feeds.append(tmp_path / packed.stem)
        feeds[-1].write_bytes(gzip.decompress(packed.read_bytes()))
    return feeds


def both(*feeds: Path) -> list[str]:
    return [argument for feed in feeds for argument in ("--feed", str(feed))]


def record(folder: Path, day: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((folder / f"docs/data/{day[:4]}/{day}.json").read_text())
    return loaded


def states(day: dict[str, Any]) -> list[tuple[str, str]]:
    """(id, state), an entry for each place where an id stands."""
    found = [(paper_id, "seen") for paper_id in day["seen"]]
    for state in ("kept", "below", "filtered", "unscored"):
        found += [(p["id"], state) for p in day[state]]
    return found


def test_each_of_472_real_papers_has_one_state(
    digest: Digest, project: Path, real: list[Path]
) -> None:
    feeds = both(*real)
    ended = digest("run", *feeds, "--scorer", "offline", "--no-commit", "--json")
    assert ended.code == 0, ended.err
    report, day = ended.report, record(project, "2026-01-30")

    assert list(report) == REPORT_KEYS
    assert [list(each) for each in report["days"]] == [DAY_KEYS]
    assert (report["status"], report["date"], report["commit"]) == ("published", "2026-01-30", None)
    assert report["counts"] == day["counts"]
    assert report["counts"]["announced"] == report["counts"]["scanned"] == 472

    assert sum(source["items"] for source in day["sources"].values()) == 576
    listed = {line.split("v")[0] for s in day["sources"].values() for line in s["entries"]}
    assert sorted(paper_id for paper_id, _ in states(day)) == sorted(listed)
    for stage in ("read: 2 feeds, 576 items (", "select: 472 papers", "score: ", "write: "):
        assert stage in ended.err

    before = stamps(project / "docs")
    again = digest("run", *feeds, "--scorer", "offline", "--no-commit", "--json").report
    assert (again["status"], again["commit"]) == ("unchanged", None)
    assert stamps(project / "docs") == before
    assert digest("render", "--to", "elsewhere").code == 0
    assert tree(project / "elsewhere") == tree(project / "docs")


# --- commits and pushes -----------------------------------------------------------------------


@pytest.fixture
def pushed(digest: Digest, project: Path, tmp_path: Path) -> Path:
    """A remote that has the settings and a digest of the day before."""
    git(project, "add", ".")
    git(project, "commit", "--quiet", "--message", "Settings")
    git(tmp_path, "init", "--quiet", "--bare", "remote.git")
    git(project, "remote", "add", "origin", str(tmp_path / "remote.git"))
    git(project, "push", "--quiet", "--set-upstream", "origin", "main")
    assert digest("run", *both(place(project, A, day=EARLIER)), "--push").code == 0
    return tmp_path / "remote.git"


def test_a_checkout_without_the_archive_stops_every_command(
    digest: Digest, project: Path, pushed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(project.parent, "clone", "--quiet", "--no-checkout", pushed.as_uri(), "sparse")
    sparse = project.with_name("sparse")
    git(sparse, "sparse-checkout", "set", "--cone", "prompts")
    git(sparse, "checkout", "--quiet")
    monkeypatch.chdir(sparse)
    before, refs = tree(sparse), git(pushed, "for-each-ref")
    for command in (
        ["run", "--dry-run", *both(place(project, B))],
        ["catch-up", "--date", "2026-01-28"],
        ["render", "--to", "../elsewhere"],
        ["check", "--repair"],
    ):
        ended = digest(*command, "--json")
        assert (ended.code, ended.report["status"]) == (1, "archive_error")
        (line,) = ended.err.splitlines()
        assert line.startswith("digest: docs/data/2026/2026-01-29.json is in the last commit and")
    assert (tree(sparse), git(pushed, "for-each-ref")) == (before, refs)
    assert not project.with_name("elsewhere").exists()


def test_own_commits_stop_a_push_before_anything_is_scored(
    digest: Digest,
    project: Path,
    pushed: Path,
    httpserver: HTTPServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("OPENAI_BASE_URL", httpserver.url_for("/v1"))
    (project / "config.yaml").write_text(CONFIG + "authors: [Ada L]\n")
    git(project, "commit", "--quiet", "--all", "--message", "An author, fixes #3")
    own = git(project, "log", "-1", "--format=%h")
    before, refs = tree(project), git(pushed, "for-each-ref")
    feeds = both(place(project, B))
    ended = digest("run", *feeds, "--scorer", "llm", "--push", "--json")
    assert (ended.code, ended.report["status"]) == (5, "publish_error")
    assert f"1 commit of your own is not pushed, and --push would publish it: {own} An" in ended.err
    assert "#3" not in ended.err  # as it would be a link to an issue
    assert httpserver.log == []
    assert (tree(project), git(pushed, "for-each-ref")) == (before, refs)
    git(project, "push", "--quiet")
    assert digest("run", *feeds, "--push").code == 0


def test_the_next_run_commits_an_uncommitted_day(digest: Digest, project: Path) -> None:
    feeds = both(place(project, A))
    (project / ".gitignore").write_text("docs/\n")
    assert digest("run", *feeds).code == 5
    (project / ".gitignore").unlink()
    ended = digest("run", *feeds, "--json")
    assert (ended.code, ended.report["status"]) == (0, "updated")
    assert commits(project) == ["Digest 2026-01-30: 1 of 1 papers kept"]


def test_uncommitted_days_get_their_own_commits_first(digest: Digest, project: Path) -> None:
    first, second = DAY - timedelta(days=2), EARLIER
    digest("run", *both(place(project, A, day=first)), "--no-commit")
    digest("run", *both(place(project, B, C, day=second)), "--no-commit")
    report = digest("run", *both(place(project, paper("2601.00004"))), "--json").report
    assert commits(project) == [
        "Digest 2026-01-28: 1 of 1 papers kept",
        "Digest 2026-01-29: 2 of 2 papers kept",
        "Digest 2026-01-30: 1 of 1 papers kept",
    ]
    for day, revision in ((first, "HEAD~2"), (second, "HEAD~")):
        touched = git(project, "show", "--format=", "--name-only", revision).splitlines()
        assert touched == [
            f"docs/2026/{day}.html",
            f"docs/2026/{day}.md",
            f"docs/data/2026/{day}.json",
        ]
    assert report["commit"] == git(project, "rev-parse", "HEAD")
    assert git(project, "status", "--porcelain", "--", "docs") == ""


# --- nothing to publish -----------------------------------------------------------------------


@pytest.mark.parametrize(("hour", "code"), [(15, 0), (16, 4)])
def test_stale_feeds_are_a_failure_after_16_utc(
    digest: Digest, project: Path, httpserver: HTTPServer, hour: int, code: int
) -> None:
    follow(project, httpserver, "cs.LG")
    serve(httpserver, make.feed(A))
    digest("run", *both(place(project, A, day=EARLIER)))
    with time_machine.travel(datetime(2026, 1, 30, hour, tzinfo=UTC), tick=False):
        ended = digest("run", "--json")
    assert (ended.code, ended.report["status"]) == (code, "stale_feed")


def test_a_weekend_asks_arxiv_for_nothing(
    digest: Digest, project: Path, httpserver: HTTPServer
) -> None:
    follow(project, httpserver, "cs.LG")
    ended = digest("run", "--date", "2026-01-31", "--json")
    assert (ended.code, ended.report["status"]) == (0, "no_announcement")
    assert "a Saturday" in ended.report["reason"]
    assert httpserver.log == []


# --- samples, plans, once more ----------------------------------------------------------------


def test_a_sample_is_not_committed_but_completed_later(digest: Digest, project: Path) -> None:
    feeds = both(place(project, A, B, C))
    sample = digest("run", *feeds, "--limit", "1", "--json").report
    assert (sample["counts"]["filtered"], sample["commit"]) == (2, None)
    assert [f["rule"] for f in record(project, "2026-01-30")["filtered"]] == ["limit", "limit"]
    whole = digest("run", *feeds, "--json").report
    assert (whole["status"], whole["counts"]["scanned"]) == ("updated", 3)
    assert commits(project) == ["Digest 2026-01-30: 3 of 3 papers kept"]


# --- the other commands -----------------------------------------------------------------------


def test_the_demo_needs_no_key_and_says_where_to_look(project: Path) -> None:
    shutil.copy(ROOT / "config.yaml", project)
    shutil.copytree(ROOT / "prompts", project / "prompts", dirs_exist_ok=True)
    ended = process(project, "demo")
    page = project / "build/demo/index.html"
    assert (ended.code, page.exists()) == (0, True)
    assert page.resolve().as_uri() in ended.err
    assert "published" in ended.out
    assert git(project, "status", "--porcelain", "--", "docs") == ""


def test_somebody_elses_site_is_not_overwritten(digest: Digest, project: Path) -> None:
    for name in ("404.html", "2020/2020-01.html", "feed.xml", "index.html", "CNAME", "data/x.csv"):
        (project / "docs" / name).parent.mkdir(parents=True, exist_ok=True)
        (project / "docs" / name).write_text("mine")
    before = tree(project)
    for command in (["run", *both(place(project, A))], ["catch-up", "--since", "2026-01-26"]):
        ended = digest(*command, "--json")
        assert (ended.code, ended.report["status"]) == (2, "config_error")
        assert ended.report["reason"] == (
            "docs/2020/2020-01.html, docs/404.html, docs/feed.xml and 1 more are not of this"
            " program's making: move them, or choose another folder for the site"
        )
    assert tree(project) == before
    assert digest("run", *both(place(project, A)), "--dry-run").code == 0


@pytest.mark.parametrize(
    ("command", "out"), [(["demo"], "build/demo"), (["render", "--to", "blog"], "blog")]
)
def test_a_page_elsewhere_is_not_overwritten(
    digest: Digest, project: Path, command: list[str], out: str
) -> None:
    digest("run", *both(place(project, A)))
    (project / out).mkdir(parents=True)
    (project / out / "index.html").write_text("mine")
    ended = digest(*command, "--json")
    assert (ended.code, ended.report["status"]) == (2, "config_error")
    assert f"{out}/index.html is not of this program's making: move it" in ended.err
    assert list(tree(project / out)) == ["index.html"]


OWN_SITE = {"title": "My site", "url": "https://me.example.org"}


@pytest.mark.parametrize("name", ["index.html", "data/site.json"])
def test_a_users_page_among_ours_is_never_overwritten(
    digest: Digest, project: Path, name: str
) -> None:
    digest("run", *both(place(project, A, day=EARLIER)))
    (project / "docs" / name).write_text(json.dumps(OWN_SITE))
    pages = tree(project / "docs")
    for command in (["run", *both(place(project, B))], ["render"], ["check", "--repair"]):
        ended = digest(*command, "--json")
        assert ended.code in (1, 2)
        assert f"{name}: is not" in ended.err or f"{name} is not of this program's" in ended.err
        assert tree(project / "docs") == pages


def test_a_users_address_file_is_no_archive(digest: Digest, project: Path) -> None:
    (project / "docs/data").mkdir(parents=True)
    (project / "docs/index.html").write_text("mine")
    for text in (json.dumps(OWN_SITE), '{"url": "javascript:alert(1)"}', "[]", ""):
        (project / "docs/data/site.json").write_text(text)
        before = tree(project)
        ended = digest("run", *both(place(project, A)))
        assert ended.code in (1, 2)
        assert "site.json" in ended.err
        assert tree(project) == before


def test_a_users_page_is_found_before_the_model_is_asked(
    project: Path, digest: Digest, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest("run", *both(place(project, A, day=EARLIER)))
    (project / "docs/2026/2026-01-30.html").write_text("mine")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("OPENAI_BASE_URL", httpserver.url_for("/v1"))
    ended = digest("run", *both(place(project, B)), "--scorer", "llm")
    assert ended.code == 2
    assert "docs/2026/2026-01-30.html is not of this program's making: move it" in ended.err
    assert httpserver.log == []


def test_render_makes_the_pages_again_in_place(digest: Digest, project: Path) -> None:
    digest("run", *both(place(project, A)))
    whole = tree(project / "docs")
    page = project / "docs/index.html"
    page.write_text(page.read_text().replace("kept", "spoilt"))
    ended = digest("render", "--json")
    assert (ended.report["status"], ended.report["reason"]) == ("updated", "1 file written")
    assert tree(project / "docs") == whole
    assert digest("render", "--json").report["status"] == "unchanged"


# --- what goes wrong --------------------------------------------------------------------------


def test_every_mistake_in_the_settings_is_a_line(digest: Digest, project: Path) -> None:
    (project / "config.yaml").write_text("categories: [cs.LLM]\nscorer: magic\nkep: 1\n")
    ended = digest("run", "--json")
    assert (ended.code, ended.report["status"]) == (2, "config_error")
    lines = ended.err.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("digest: config.yaml: ") for line in lines)


def test_a_feed_that_is_none_names_its_day_and_category(
    digest: Digest, project: Path, httpserver: HTTPServer
) -> None:
    follow(project, httpserver, "cs.LG")
    httpserver.expect_request("/rss/cs.LG").respond_with_data(b"", content_type="text/xml")
    ended = digest("run", "--date", DAY.isoformat(), "--json")
    assert (ended.code, ended.report["status"]) == (4, "feed_error")
    (day,) = ended.report["days"]
    assert (day["date"], day["status"]) == (ended.report["date"], "feed_error")
    *_, last = ended.err.splitlines()
    assert last.startswith("digest: 2026-01-30: cs.LG: ")
    assert "the body is empty" in last
    assert not (project / "docs").exists()


def test_outside_of_a_repository_nothing_is_fetched_or_made(
    digest: Digest, project: Path, tmp_path: Path, httpserver: HTTPServer
) -> None:
    follow(project, httpserver, "cs.LG")
    ended = digest("run", "--date", DAY.isoformat(), "--out", tmp_path / "elsewhere", "--json")
    assert (ended.code, ended.report["status"]) == (5, "publish_error")
    assert "use --no-commit" in ended.err
    assert httpserver.log == []


def test_a_refused_push_ends_the_run_with_its_day(digest: Digest, project: Path) -> None:
    git(project, "remote", "add", "origin", str(project / "moved.git"))
    ended = digest(
        "run", *both(place(project, A), place(project, B, day=EARLIER)), "--push", "--json"
    )
    assert (ended.code, ended.report["status"]) == (5, "publish_error")
    assert [(day["date"], day["status"]) for day in ended.report["days"]] == [
        ("2026-01-29", "publish_error")
    ]
    assert ended.err.splitlines()[-1].startswith("digest: 2026-01-29: git push failed: ")
    assert commits(project) == ["Digest 2026-01-29: 1 of 1 papers kept"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "required"),
        (["run", "--limit", "0"], "'0' is not a whole number above 0"),
        (
            ["run", "--date", "tomorrow"],
            "argument --date: 'tomorrow' is no date: write YYYY-MM-DD: see digest run --help",
        ),
        (["run", "--scorer", "magic"], "invalid choice: 'magic'"),
        (["run", "--no"], "unrecognized arguments: --no"),
        (["run", "two\nlines"], "unrecognized arguments: two lines"),
        (["run", "--limit", "1", "--rescore"], "--limit with --rescore would throw scores away"),
        (["run", "--push", "--no-commit"], "--push pushes commits, and none would be made"),
        (["run", "--push", "--limit", "1"], "--push pushes commits, and none would be made"),
    ],
)
def test_wrong_arguments_are_a_line_and_a_report(
    digest: Digest, project: Path, arguments: list[str], says: str
) -> None:
    before = tree(project)
    ended = digest(*arguments, "--json")
    assert (ended.code, ended.report["status"]) == (2, "config_error")
    assert (ended.report["date"], ended.report["days"]) == (None, [])
    assert list(ended.report) == REPORT_KEYS
    (line,) = ended.err.splitlines()
    assert line.startswith("digest: ")
    assert "<" not in line
    assert says in line
    assert line == f"digest: {ended.report['reason']}"
    assert tree(project) == before


@pytest.mark.parametrize("out", [".", "prompts"])
def test_a_folder_that_holds_more_than_the_site_is_refused(
    digest: Digest, project: Path, out: str
) -> None:
    before = tree(project)
    ended = digest("run", *both(place(project, A)), "--out", out, "--json")
    assert (ended.code, ended.report["status"]) == (2, "config_error")
    assert "give the site a folder of its own" in ended.report["reason"]
    assert tree(project) == before


# --- what a person sees -----------------------------------------------------------------------


def test_stages_go_to_stderr_and_the_outcome_to_stdout(digest: Digest, project: Path) -> None:
    ended = digest("run", *both(place(project, A, B)))
    assert ended.out == "2026-01-30: published: 2 of 2 papers kept\n"
    assert [line.partition(": ")[0] for line in ended.err.splitlines()] == [
        "read",
        "2026-01-30 select",
        "2026-01-30 score",
        "2026-01-30",
        "2026-01-30 write",
        "2026-01-30 commit",
    ]


def test_what_was_not_sure_in_the_topics_is_said_once_a_run(
    digest: Digest, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = project / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    topics = project / "prompts" / "topics.md"
    topics.write_text("## Heat\n- Relevant: stoves\n- Not relevant: fog\n- mist\n")
    later = place(project, B, day=DAY + timedelta(3))
    ended = digest("run", *both(place(project, A), later))
    assert ended.err.count("prompts/topics.md: 'mist' is read as not wanted") == 1
    assert summary.read_text().count("'mist' is read as not wanted") == 1


# As on a machine so slow that every bar is shown.
WITH_BARS = (
    "from digest.core import progress; progress._SILENT_S = 0;"
    " from digest.__main__ import main; main()"
)


@pytest.mark.parametrize(
    ("program", "code"),
    [
        (f"{sys.executable} -c '{WITH_BARS}' render --to site >&- 2>&-", 0),
        ("digest check none >&-", 2),
    ],
)
def test_a_closed_stream_changes_no_exit_code(
    digest: Digest, project: Path, program: str, code: int
) -> None:
    digest("run", "--feed", place(project, paper()), "--no-commit")
    beside = Path(sys.executable).parent  # where pip puts the command
    done = subprocess.run(
        ["sh", "-c", program],
        cwd=project,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PATH": f"{beside}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr


def test_help_loads_nothing_that_a_run_needs(project: Path) -> None:
    ended = process(project, "--help", options=("-X", "importtime"))
    assert ended.code == 0
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in ended.err.splitlines()}
    heavy = {"jinja2", "markdown", "msgspec", "requests", "yaml"}
    assert not loaded & heavy
    assert all(command in ended.out for command in ("run", "demo", "render"))


# --- in GitHub Actions ------------------------------------------------------------------------


def test_outputs_and_summary_are_appended_for_github(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        monkeypatch.setenv(name, str(project / name))
        (project / name).write_text("of an earlier step\n")
    main(["run", "--date", "2026-01-31"])
    outputs = (project / "GITHUB_OUTPUT").read_text()
    assert outputs.startswith("of an earlier step\n")
    assert "no_announcement" in outputs
    assert "arXiv announces nothing on a Saturday" in (project / "GITHUB_STEP_SUMMARY").read_text()


def test_an_unwritable_output_file_changes_no_exit_code(
    digest: Digest, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_OUTPUT", str(project / "not" / "there"))
    ended = digest("run", "--date", "2026-01-31", "--json")
    assert (ended.code, ended.report["status"]) == (0, "no_announcement")
    assert "GITHUB_OUTPUT: cannot be written" in ended.err


def test_a_password_in_an_address_is_refused_and_not_shown(digest: Digest, project: Path) -> None:
    ended = digest("run", "--feed", "https://me:s3cret@rss.arxiv.org/rss/cs.LG", "--no-commit")
    assert ended.code == 4
    assert "no user or password in an address" in ended.err
    assert "s3cret" not in ended.err


@pytest.fixture
def behind(project: Path, pushed: Path) -> None:
    """The project lacks the digest of the day before, as if another clone had pushed it."""
    git(project, "reset", "--quiet", "--hard", "HEAD^")
    git(project, "update-ref", "refs/remotes/origin/main", "HEAD")


@pytest.mark.usefixtures("behind")
def test_the_report_counts_the_day_as_it_was_pushed(digest: Digest, project: Path) -> None:
    stale, fresh = place(project, A), place(project, B, category="cs.AI")
    ended = digest("run", "--feed", stale, "--feed", fresh, "--push", "--json")
    assert ended.code == 0
    assert (ended.report["counts"]["seen"], ended.report["counts"]["scanned"]) == (1, 1)
    assert git(project, "log", "-1", "--format=%s").endswith("of 1 papers kept")


@pytest.mark.usefixtures("behind")
def test_a_day_stale_beside_theirs_is_reported_so(digest: Digest, project: Path) -> None:
    ended = digest("run", "--feed", place(project, A), "--push", "--json")
    assert (ended.code, ended.report["status"]) == (4, "stale_feed")
    assert git(project, "log", "-1", "--format=%s").startswith(f"Digest {EARLIER}")


# --- environment variables ----------------------------------------------------------------------


def on_github(monkeypatch: pytest.MonkeyPatch, **more: str) -> None:
    for name, value in {"GITHUB_REPOSITORY": "Reader/Papers", "GITHUB_ACTIONS": "true"}.items():
        monkeypatch.setenv(name, value)
    for name, value in more.items():
        monkeypatch.setenv(name, value)


def test_a_scheduled_run_before_the_set_up_is_green(
    digest: Digest, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "config.yaml").write_text("categories: [cs.LG]\n")
    on_github(monkeypatch, GITHUB_EVENT_NAME="schedule")
    ended = digest("run", "--json")
    assert (ended.code, ended.report["status"]) == (0, "not_set_up")
    assert "::warning title=Digest::nothing is published yet: no API key" in ended.err


def test_a_run_by_hand_without_a_key_is_red(
    digest: Digest, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "config.yaml").write_text("categories: [cs.LG]\n")
    on_github(monkeypatch, GITHUB_EVENT_NAME="workflow_dispatch")
    ended = digest("run", "--json")
    assert (ended.code, ended.report["status"]) == (2, "config_error")
    assert "::error title=Digest stopped::no API key" in ended.err
    assert "OPENAI_API_KEY" in ended.report["reason"]
    assert "scorer: offline" in ended.report["reason"]
    monkeypatch.delenv("GITHUB_ACTIONS")
    assert "::" not in digest("run", "--json").err


def test_after_the_first_digest_a_missing_key_is_red(
    digest: Digest, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert digest("run", *both(place(project, A, B))).code == 0
    (project / "config.yaml").write_text("categories: [cs.LG]\n")
    on_github(monkeypatch, GITHUB_EVENT_NAME="schedule")
    assert digest("run").code == 2


def test_the_sites_address_is_found_on_github_and_kept(
    digest: Digest, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_github(monkeypatch)
    (project / "docs").mkdir()
    for name in (".nojekyll", "notes.html"):  # files of the user's are no obstacle
        (project / "docs" / name).write_text("")
    assert digest("run", *both(place(project, A, B))).code == 0
    address = "https://reader.github.io/Papers"
    assert json.loads((project / "docs/data/site.json").read_text()) == {"url": address}
    assert f'href="{address}/feed.xml"' in (project / "docs/feed.xml").read_text()
    monkeypatch.delenv("GITHUB_REPOSITORY")  # at home: the same bytes
    assert digest("render").out == "unchanged: 0 files written\n"
    assert digest("check").code == 0


@pytest.mark.parametrize(
    ("variables", "domain", "configured", "address"),
    [
        ({}, "", "", "https://reader.github.io/Papers"),
        ({"GITHUB_REPOSITORY": "Me/me.github.io"}, "", "", "https://me.github.io"),
        ({}, "papers.example\n", "", "https://papers.example"),
        ({"GITHUB_SERVER_URL": "https://git.example"}, "", "", None),
        ({}, "papers.example\n", "site: {url: https://a.example}\n", "https://a.example"),
    ],
)
def test_settings_are_completed_from_the_environment(
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    domain: str,
    configured: str,
    address: str | None,
) -> None:
    on_github(monkeypatch, OPENAI_MODEL="another-model", **variables)
    (project / "config.yaml").write_text(CONFIG + configured)
    (project / "docs").mkdir()
    (project / "docs/CNAME").write_text(domain)
    config = environment.completed(load_config(Path("config.yaml")))
    assert (config.site.url, config.llm.model) == (address, "another-model")
