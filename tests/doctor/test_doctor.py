"""`digest doctor` on set-ups good and bad: a real repository and remote, a model endpoint, a feed
server, GitHub's API as far as it is asked."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from pytest_httpserver import HTTPServer

from digest.archive import store
from digest.arxiv.fetch import Fetched
from digest.cli.main import main
from digest.core.config import Config, Llm, Site
from digest.core.day import Digest, Kept
from digest.core.papers import AnnounceType, Feed, Paper
from digest.doctor import examine, hub, repository, scoring
from digest.doctor.verdict import Check
from digest.run import output
from digest.run.unfinished import Unfinished
from tests import make
from tests.make import git, paper, score
from tests.scoring import replies
from tests.scoring.fake import Fake

GOLDEN = Path(__file__).parents[1] / "data" / "doctor"
NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)  # a Friday
TODAY, BEFORE = NOW.date(), NOW.date() - timedelta(days=1)
KEY = "sk-proj-RecognisableSecret0123456789"
TOKEN = "ghs_RecognisableToken0123456789"  # noqa: S105 - of nobody
A, B, C = paper("2611.00001"), paper("2611.00002"), paper("2611.00003")
REPOSITORY = "/repos/ada/papers"
ON_GITHUB = ("pages", "schedule", "activity", "actions", "storage")


def committed(day: str) -> dict[str, Any]:
    """A commit of a person's, in GitHub's words."""
    signed = {"name": "Ada", "date": f"{day}T08:00:00Z"}
    return {"commit": {"author": signed, "committer": signed}, "author": {"login": "ada"}}


GOOD_GITHUB: dict[str, Any] = {
    "pages": {
        "html_url": "https://ada.github.io/papers/",
        "build_type": "legacy",
        "status": "built",
        "source": {"branch": "main", "path": "/docs"},
    },
    "actions/workflows/daily.yml": {"state": "active"},
    "actions/workflows/daily.yml/runs": {
        "workflow_runs": [{"created_at": "2026-11-20T08:31:02Z", "conclusion": "success"}]
    },
    "actions/permissions": {"enabled": True, "allowed_actions": "all"},
    "actions/permissions/workflow": {"default_workflow_permissions": "read"},
    "branches/main": {"name": "main", "protected": False},
    "commits": [committed("2026-11-02")],
    "": {
        "full_name": "ada/papers",
        "size": 12_345,
        "archived": False,
        "private": False,
        "default_branch": "main",
        "created_at": "2026-08-01T08:00:00Z",
    },
}


# --- a project and what it talks to -----------------------------------------------------------


@dataclass
class Project:
    folder: Path
    server: HTTPServer
    fake: Fake
    capsys: pytest.CaptureFixture[str]

    @property
    def out(self) -> Path:
        return self.folder / "docs"

    def configure(self, *, llm: dict[str, object] | None = None, **changed: object) -> None:
        """JSON is YAML, too."""
        feed_url = self.server.url_for("/rss/") + "{category}"
        settings: dict[str, object] = {
            "categories": ["cs.LG"],
            "site": {"url": "https://ada.github.io/papers"},
            "llm": {"base_url": self.fake.url, **(llm or {})},
            "arxiv": {"feed_url": feed_url, "delay_s": 0},
        }
        (self.folder / "config.yaml").write_text(json.dumps(settings | changed))

    def serve(self, *feeds: Feed) -> None:
        for feed in feeds:
            request = self.server.expect_request(f"/rss/{feed.category}")
            request.respond_with_data(make.rss(feed), content_type="text/xml")

    def github(self, answers: dict[str, Any]) -> None:
        """What GitHub answers: a value, or a status without one."""
        for path, answer in answers.items():
            request = self.server.expect_request(f"{REPOSITORY}/{path}".rstrip("/"))
            if isinstance(answer, int):
                request.respond_with_json({"message": f"as {TOKEN} may see"}, status=answer)
            else:
                request.respond_with_json(answer)

    def record(self, digest: Digest) -> None:
        output.write(store.Archive(self.out), digest, Site())

    def doctor(self, *options: str) -> tuple[int, str, str]:
        code = main(["doctor", *options])
        return code, *self.capsys.readouterr()

    def lines(self) -> list[str]:
        """What is words, without what differs from one machine to the next."""
        code, out, err = self.doctor()
        for secret in (KEY, TOKEN, KEY[:12], TOKEN[:12]):
            assert secret not in out + err
        assert code == bool(re.search(r"^problem", out, re.MULTILINE))
        for varying, name in (
            (re.escape(str(self.folder)), "PROJECT"),
            (r"(?:127\.0\.0\.1|localhost):\d+|llm\.example\.com", "HOST"),
            (r"(?<=about )[\d,]+(?= tokens)", "SOME"),
            (r"(?<=about )\$[\d.]+", "$SOME"),
            (r"[\d.]+ MB(?= after)", "SOME MB"),
            (r"(?<=over )\d+ years", "SOME years"),
        ):
            out = re.sub(varying, name, out)
        return out.splitlines()

    def check(self, name: str) -> list[str]:
        """The lines of this check, run alone."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(examine, "CHECKS", {name: examine.CHECKS[name]})
            code, out, _ = self.doctor("--json")
        checks = json.loads(out)["checks"]
        assert code == any(check["state"] == "problem" for check in checks)
        return [f"{c['state']}: {c['said']}: {c['remedy']}".removesuffix(": ") for c in checks]


@pytest.fixture
def project(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    httpserver: HTTPServer,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Project]:
    """With settings, topics, and nothing else: not a repository yet."""
    folder = tmp_path / "papers"
    (folder / "prompts").mkdir(parents=True)
    topics = "## Matters\n- Relevant: the matter\n## Methods\n- Relevant: the method\n"
    (folder / "prompts" / "topics.md").write_text(topics)
    monkeypatch.chdir(folder)
    make.own_git_settings(monkeypatch, tmp_path)
    for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ACTIONS", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("OPENAI_MODEL", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    monkeypatch.setenv("GITHUB_REPOSITORY", "ada/papers")
    monkeypatch.setenv("GITHUB_API_URL", httpserver.url_for("").rstrip("/"))
    monkeypatch.setattr("digest.cli.commands.now", lambda: NOW)
    have_disk(monkeypatch, 42 * repository.GB)
    with Fake(public=True) as fake:
        project = Project(folder, httpserver, fake, capsys)
        project.configure()
        yield project


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a day and its remote, to be copied."""
    folder = tmp_path_factory.mktemp("template")
    papers, bare = folder / "papers", folder / "remote.git"
    papers.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        make.own_git_settings(patch, folder)
        git(folder, "init", "--quiet", "--template=", "--bare", str(bare))
        git(papers, "init", "--quiet", "--template=")
        git(papers, "remote", "add", "origin", "../remote.git")
        output.write(store.Archive(papers / "docs"), day(BEFORE, A), Site())
        git(papers, "add", ".")
        git(papers, "commit", "--quiet", "--message", "All of it")
        git(papers, "push", "--quiet", "--set-upstream", "origin", "main")
    return folder


@pytest.fixture
def good(project: Project, template: Path, tmp_path: Path) -> Project:
    """A repository with a remote and a day, all as it should be."""
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    project.serve(make.feed(B, C, day=TODAY))
    project.github(GOOD_GITHUB)
    return project


def day(of: date, *ids: Any) -> Digest:
    made = datetime(of.year, of.month, of.day, 9, tzinfo=UTC)
    return make.digest(day=of, kept=[Kept(p, score()) for p in ids], generated_at=made)


def have_disk(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    usage = shutil.disk_usage(".")._replace(free=free)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)


def replace_github(project: Project, **answers: Any) -> None:
    project.server.clear()
    project.serve(make.feed(B, C, day=TODAY))
    named = {
        name.replace("__", "/").replace("daily", "daily.yml"): a for name, a in answers.items()
    }
    project.github(GOOD_GITHUB | named)


def assert_golden(name: str, lines: list[str]) -> None:
    path = GOLDEN / f"{name}.txt"
    text = "".join(f"{line}\n" for line in lines)
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


# --- whole set-ups ----------------------------------------------------------------------------


def test_a_good_set_up_check_by_check(good: Project) -> None:
    assert_golden("good", good.lines())
    (request,) = good.fake.records
    assert request.ids == ()
    assert request.prompt_tokens + request.completion_tokens < 200, "one tiny request"


def test_what_was_not_sure_how_to_read_is_a_warning(project: Project) -> None:
    (project.folder / "prompts" / "topics.md").write_text("## Heat\nstoves\n## No cables\n")
    project.configure(scorer="offline")
    read, note = project.check("prompts")
    assert read == "ok: 1 topic: Heat (1 wanted); 1 to avoid"
    assert note.startswith("warning: the heading 'No cables' is read as not wanted")
    assert note.endswith(": `digest topics` shows how all is read")


def test_a_broken_set_up_has_a_remedy_for_each_finding(
    good: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = good.server
    server.clear()
    llm = {"model": "gpt-5-mini", "budget_usd": 0.0001}
    authors = ["Edward Witten", "C. Vafa", "Lovelace"]
    good.configure(categories=["cs.LG", "cs.AI"], authors=authors, llm=llm)
    (good.folder / "prompts" / "topics.md").write_text("## Ships\n" + "of all kinds " * 8_000)
    good.fake.respond = replies.unauthorized()
    crossed = [paper(f"2611.1000{n}", announce_type=AnnounceType.CROSS) for n in range(4)]
    good.serve(make.feed(A, *crossed, day=TODAY))  # which is yesterday's
    error = (
        b'<rss version="2.0"><channel><title>Feed error for query: cs.AI</title>'
        b"<description>Bad archive</description></channel></rss>"
    )
    server.expect_request("/rss/cs.AI").respond_with_data(error, 400, content_type="text/xml")
    few = [(9, 8)] + [(6, 6)] * 20 + [(2, 4)] * 180
    good.record(make.scored_day(BEFORE - timedelta(days=1), few))
    listed = (good.out / store.DAYS).read_bytes()
    good.record(day(TODAY, B))
    (good.out / store.DAYS).write_bytes(listed)
    (good.folder / ".gitignore").write_text("docs/index.html\n")
    git(good.folder, "rm", "--quiet", "--cached", "docs/index.html")
    server.expect_request("/refusing.git/info/refs").respond_with_data("no", status=403)
    git(good.folder, "remote", "set-url", "origin", server.url_for("/refusing.git"))
    fetched = [Fetched("feed.xml", make.feed(C, day=BEFORE))]
    Unfinished.of(good.folder / ".digest", BEFORE, None, ["llm"]).keep_readings(fetched)
    with (good.out / "film.mp4").open("wb") as file:
        file.truncate(950 * repository.MB)
    have_disk(monkeypatch, 5 * repository.MB)
    good.github(
        {
            "pages": 404,
            "actions/workflows/daily.yml": {"state": "disabled_fork"},
            "actions/permissions": {"enabled": False},
            "branches/main": {"protected": True},
            "commits": [committed("2026-10-02")],
            "": GOOD_GITHUB[""] | {"size": 5_600_000},
        }
    )
    assert_golden("broken", good.lines())


def test_what_cannot_be_checked_is_reported(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No repository, no topics, no key, an archive that cannot be read, a token that may nothing.
    project.configure(llm={"model": "llama-at-home"})
    (project.folder / "prompts" / "topics.md").unlink()
    monkeypatch.setenv("OPENAI_API_KEY", "")
    project.server.expect_request("/rss/cs.LG").respond_with_data("<h1>Hello</h1>")
    (project.out / "data").mkdir(parents=True)
    (project.out / store.DAYS).write_text("not a day\n")
    project.github(dict.fromkeys(GOOD_GITHUB, 403))
    assert_golden("bare", project.lines())


def test_other_checks_wait_for_correct_settings(project: Project) -> None:
    settings = "categories: [cs.LG]\nscorer: magic\nllm: {modle: gpt-5}\n"
    (project.folder / "config.yaml").write_text(settings)
    project.github(GOOD_GITHUB)
    assert_golden("settings", project.lines())
    asked = [request.path for request, _ in project.server.log]
    assert not any(path.startswith("/rss/") for path in asked)
    assert project.fake.records == []


def test_the_broken_set_ups_cover_every_check() -> None:
    found = set()
    for name in ("broken", "bare", "settings"):
        for line in (GOLDEN / f"{name}.txt").read_text(encoding="utf-8").splitlines():
            state, check, words = line.split(maxsplit=2)
            if state in ("problem", "warning"):
                assert ": " in words, "with what to do"
                found.add(check)
    assert found == examine.CHECKS.keys()


def test_the_report_has_every_check_and_problem(good: Project) -> None:
    code, out, err = good.doctor("--json")
    (line,) = out.splitlines()
    report = json.loads(line)
    assert (code, err, report["status"]) == (0, "", "unchanged")
    assert [check["name"] for check in report["checks"]] == list(examine.CHECKS)
    assert all(list(c) == ["name", "state", "said", "remedy"] for c in report["checks"])

    git(good.folder, "checkout", "--quiet", "--detach")
    code, out, err = good.doctor("--json")
    report = json.loads(out)
    assert (code, report["status"]) == (1, "findings")
    assert report["problem"]["status"] == "findings"
    complaint = "git: no branch is checked out (detached HEAD): git switch main"
    assert report["reason"] == complaint
    assert err == f"digest: {complaint}\n"
    waiting = [c["name"] for c in report["checks"] if c["state"] == "unknown"]
    assert waiting == ["push", "gitignore", "pages", "protection"]


def test_in_a_run_the_summary_has_the_warnings_too(
    good: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    replace_github(good, pages=404, branches__main={"protected": True})
    code, _, err = good.doctor()
    summary = (tmp_path / "summary").read_text()
    assert code == 0
    assert "**Note:** pages: not switched on" in summary
    assert "**Note:** protection: main is protected" in summary
    assert "::error" not in err


def test_the_embedded_scorer_needs_no_key(good: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    good.configure(scorer="offline")
    lines = [line for line in good.lines() if line.endswith("not needed by the embedded scorer")]
    assert [line.split()[1] for line in lines] == ["key", "model", "price", "budget"]
    assert good.fake.records == []


# --- one check cannot hide another ------------------------------------------------------------


def test_a_failing_check_is_one_line_among_others(
    good: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    for error, words in (
        (ZeroDivisionError("1/0"), "problem: this check failed: ZeroDivisionError: 1/0"),
        (PermissionError(13, "Permission denied", "docs"), "problem: [Errno 13] Permission denied"),
    ):
        fail = Mock(side_effect=error)
        monkeypatch.setitem(examine.CHECKS, "prompts", fail)
        assert good.check("prompts")[0].startswith(words)
    assert good.check("site")[0].startswith("ok: ")


def test_no_line_has_a_secret_or_a_command(good: Project) -> None:
    replace_github(good, pages={"source": {"branch": f"{KEY} @ada\n::error::", "path": "#1"}})
    (line,) = good.check("pages")
    assert KEY not in line
    assert "\n" not in line
    assert "@ada" not in line
    assert "::" not in line
    replace_github(good, pages=403)  # with the token in the server's message
    (line,) = good.check("pages")
    assert line.endswith("403 as … may see: the token needs `pages: read`")


# --- key and model ----------------------------------------------------------------------------


def test_a_refusing_endpoint_is_a_problem(good: Project, impatient: None) -> None:
    for step, words in (
        (replies.no_such_model("gpt-6-luna"), "does not offer the model"),
        (replies.server_error(), "HTTP 500"),
        (replies.no_choices(), "Provider returned error"),
    ):
        good.fake.respond = step
        (line,) = good.check("key")
        assert line.startswith("problem: ")
        assert words in line


def test_a_wrong_address_in_the_environment_is_reported_once(
    good: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    good.configure(llm={"base_url": None})
    monkeypatch.setenv("OPENAI_BASE_URL", "gopher://models")
    assert good.check("key") == [
        "problem: OPENAI_BASE_URL: found 'gopher://models': allowed is an http(s) address"
    ]
    waits = ["unknown: cannot be checked from here: OPENAI_BASE_URL comes first"]
    assert good.check("model") == good.check("price") == good.check("budget") == waits


# --- feeds and money --------------------------------------------------------------------------


def test_a_category_newer_than_this_version_is_a_warning(good: Project) -> None:
    data = make.rss(make.feed(A, category="cs.XY", day=TODAY))
    good.server.expect_request("/rss/cs.XY").respond_with_data(data, content_type="text/xml")
    good.configure(categories=["cs.LG", "cs.XY"])
    *_, served, warning = good.check("feed")
    assert served.startswith("ok: cs.XY: ")
    assert warning.startswith("warning: cs.XY: newer than this version, which does not know it")
    assert good.check("config")[0].startswith("ok: ")


def test_a_phrase_in_one_paper_of_many_is_no_fit(good: Project) -> None:
    papers = [paper(f"2611.3{n:04}", title="On ships") for n in range(59)]
    good.configure(scorer="offline")
    (good.folder / "prompts" / "topics.md").write_text("## Sextants\n- Relevant: sextants\n")
    good.server.clear()
    good.serve(make.feed(paper("2611.40000", title="Sextants"), *papers, day=TODAY))
    (line,) = good.check("topics")
    assert line.startswith("warning: only 1 of today's 60 papers has a phrase of topics.md")


def test_without_a_connection_arxiv_is_tried_once(
    good: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("digest.arxiv.http.TRIES", 1)
    nowhere = {"feed_url": "http://127.0.0.1:9/rss/{category}", "delay_s": 0}
    good.configure(categories=["cs.LG", "cs.AI", "hep-th"], arxiv=nowhere)
    first, second, third = good.check("feed")
    assert first.startswith("problem: cs.LG: cannot read http://127.0.0.1:9/rss/cs.LG")
    assert second == "unknown: cannot be checked from here: cs.AI: no connection for cs.LG either"
    assert third == "unknown: cannot be checked from here: hep-th: no connection for cs.LG either"


# --- git and the archive ----------------------------------------------------------------------


def test_a_dry_run_shows_what_a_push_would_do(good: Project, tmp_path: Path) -> None:
    bare, other = tmp_path / "remote.git", tmp_path / "other"
    hook = bare / "hooks" / "pre-receive"
    hook.parent.mkdir()
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/asked\nexit 1\n")
    hook.chmod(0o755)
    git(good.folder, "commit", "--quiet", "--allow-empty", "--message", "More")
    pushed = git(bare, "rev-parse", "main")
    (line,) = good.check("push")
    assert line == "ok: origin accepts pushes to main, as far as a dry run shows"
    assert git(bare, "rev-parse", "main") == pushed
    assert not (tmp_path / "asked").exists()
    hook.unlink()
    git(tmp_path, "clone", "--quiet", str(bare), str(other))
    git(other, "commit", "--quiet", "--allow-empty", "--message", "Other")
    git(other, "push", "--quiet")
    (line,) = good.check("push")
    assert line == "ok: origin has newer commits on main; a push goes on top of them"
    shutil.rmtree(bare)
    (line,) = good.check("push")
    assert line.startswith("problem: git push failed: ")
    assert line.endswith(": set a remote: git remote add origin ADDRESS")
    git(good.folder, "remote", "remove", "origin")
    (line,) = good.check("push")
    assert line.startswith("warning: there is no remote")


def test_damage_in_the_archive_is_a_problem(good: Project) -> None:
    (good.out / store.day_path(BEFORE)).write_text("{")
    (line,) = good.check("archive")
    assert line.startswith("problem: data/2026/2026-11-19.json: ")
    assert line.endswith("restore the file from git")
    (good.out / store.day_path(BEFORE)).unlink()
    (line,) = good.check("archive")
    assert line.startswith("problem: docs/data/2026/2026-11-19.json is in the last commit and not")
    git(good.folder, "commit", "--quiet", "--all", "--message", "Gone")
    (line,) = good.check("archive")
    assert line.startswith("problem: data/2026/2026-11-19.json: is listed in days.jsonl and gone")
    git(good.folder, "rm", "--quiet", "-r", "docs/data")
    git(good.folder, "commit", "--quiet", "--message", "Somebody else's site")
    (line,) = good.check("archive")
    assert line.startswith("problem: docs/2026/2026-11-19.html, docs/2026/2026-11-19.md, ")
    assert line.endswith("program's making: move them, or choose another folder for the site")
    (good.folder / ".digest").mkdir()
    (good.folder / ".digest" / "2026-11-19.feeds.json").write_text("{")
    assert good.check("unfinished")[0].startswith("warning: a file in .digest cannot be read")


# --- GitHub -----------------------------------------------------------------------------------


def test_a_file_of_an_impossible_day_is_no_record(good: Project) -> None:
    listed = good.check("archive")
    (good.out / "data" / "2026" / "2026-02-30.json").write_text("{}")
    assert good.check("archive") == listed == ["ok: 1 day, the newest 2026-11-19"]
    assert main(["render"]) == 0


def test_the_configured_cut_is_held_against_the_last_days(good: Project) -> None:
    assert good.check("cut") == ["ok: too early to tell: after 3 days, or 100 papers"]
    few = [(9, 8)] + [(6, 6)] * 20 + [(2, 4)] * 180
    good.record(make.scored_day(TODAY, few))
    (line,) = good.check("cut")
    assert line.startswith("warning: relevance 8, novelty 7 keeps 2 of the 202 papers")
    assert line.endswith(": `keep: {relevance: 6, novelty: 6}` would keep 22 (11%)")
    good.configure(keep={"relevance": 6, "novelty": 6})
    (line,) = good.check("cut")
    assert line.startswith("ok: relevance 6, novelty 6 keeps 22 of the 202 papers")
    good.configure(scorer="offline")  # whose scores are not known yet
    assert good.check("cut")[0].startswith("ok: too early to tell")


def test_a_site_in_another_folder_cannot_be_shown_by_pages(good: Project) -> None:
    good.configure(out="public")
    (line,) = good.check("pages")
    assert line.startswith("problem: GitHub Pages can only show / or /docs")
    assert line.endswith("the site is in /public: write `out: docs` in the settings")
    replace_github(good, pages=404)  # it may be published elsewhere
    (line,) = good.check("pages")
    assert line.startswith("warning: not switched on; GitHub Pages can only show / or /docs")
    replace_github(good, pages=GOOD_GITHUB["pages"] | {"build_type": "workflow"})
    (line,) = good.check("pages")
    assert line.startswith("warning: shows what a workflow builds")
    assert "/public" in line
    settings = good.folder / "arxiv" / "config.yaml"
    settings.parent.mkdir()
    replace_github(good)
    shutil.copy(good.folder / "config.yaml", settings)
    _, out, _ = good.doctor("--config", str(settings))
    (line,) = [line for line in out.splitlines() if " pages " in line[:20]]
    assert line.endswith("site is in /arxiv/public: write `out: ../docs` in the settings")


def test_in_a_run_its_own_workflow_is_checked(
    good: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = "ada/papers/.github/workflows/my papers.yml@refs/heads/a@b"
    monkeypatch.setenv("GITHUB_WORKFLOW_REF", reference)
    good.github({"actions/workflows/my papers.yml": {"state": "disabled_manually"}})
    (line,) = good.check("schedule")
    assert line.startswith("problem: my papers.yml is off (disabled_manually): ")
    assert line.endswith("Actions → my papers.yml → Enable workflow")
    (line,) = good.check("actions")
    assert line.endswith("as my papers.yml does")
    replace_github(good, **{"actions/workflows/my papers.yml": 404})
    (line,) = good.check("schedule")
    assert line.startswith("problem: my papers.yml is not on the default branch: ")


def test_the_repository_named_by_a_remote(tmp_path: Path) -> None:
    assert repository.github_remote(tmp_path) is None
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "remote", "add", "origin", "https://example.org/ada/papers.git")
    assert repository.github_remote(tmp_path) is None
    for address, name in (
        ("https://github.com/ada/papers.git", "ada/papers"),
        ("https://github.com/ada/papers.and.more/", "ada/papers.and.more"),
        ("ssh://git@github.com/ada/papers", "ada/papers"),
        ("git@github.com:ada/papers.git", "ada/papers"),
    ):
        git(tmp_path, "remote", "set-url", "origin", address)
        assert repository.github_remote(tmp_path) == name


def test_what_github_does_not_answer(good: Project) -> None:
    replace_github(good, actions__permissions=404, actions__workflows__daily=404, **{"": 401})
    (line,) = good.check("actions")
    assert line.endswith("from here: no such repository, or the token may not see it")
    (line,) = good.check("schedule")
    assert line.startswith("unknown: cannot be checked from here: there is no workflow daily.yml")
    (line,) = good.check("storage")
    assert line.endswith("the token is not valid: put a new one into GITHUB_TOKEN")


def test_a_repository_left_to_the_bot_is_warned_about(good: Project) -> None:
    assert good.check("activity") == ["ok: last commit that is not the bot's: 2026-11-02"]
    replace_github(good, commits=[])
    (line,) = good.check("activity")
    assert line.startswith("warning: GitHub stops the schedules of a public repository 60 days")
    assert ", which are over: commit anything, such as a word in topics.md" in line
    replace_github(good, commits=[], **{"": GOOD_GITHUB[""] | {"private": True}})
    assert good.check("activity") == ["ok: a private repository: GitHub stops no schedules"]


def test_without_a_token_github_is_not_asked(
    good: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_TOKEN")
    lines = [line for n in ON_GITHUB for line in good.check(n)]
    assert len(lines) == len(ON_GITHUB)
    assert all("cannot be checked from here: no GITHUB_TOKEN" in line for line in lines)
    asked = [request.path for request, _ in good.server.log]
    assert not any(path.startswith("/repos/") for path in asked)


# --- what a check concludes -------------------------------------------------------------------

PAGES = GOOD_GITHUB["pages"]
FAILED = {"conclusion": "failure", "html_url": "https://x.org"}


def shown(**changed: Any) -> Check:
    return hub.compare_pages(PAGES | changed, "main", "/docs", "https://ada.github.io/papers", "")


def lifetime(model: str, address: str | None = None, days: int = 0) -> Check:
    config = Config(categories=("cs.LG",), llm=Llm(model=model))
    now = NOW + timedelta(days=days)
    setup: Any = SimpleNamespace(config=config, address=address, now=now)
    return scoring.model(setup)


def stored(**answer: Any) -> Check:
    setup: Any = SimpleNamespace(github=SimpleNamespace(ask=lambda *_: answer))
    return hub.storage(setup)


def ran(day: str, **more: Any) -> Check:
    return hub.last_run({"created_at": f"2026-11-{day}T09:00:00Z", "conclusion": None} | more, NOW)


def served(*papers: Paper, dated: date = TODAY) -> Check:
    return scoring.served("cs.LG", make.feed(*papers, day=dated), TODAY, None)


def many(number: int) -> list[Paper]:
    return [paper(f"2611.{n:05}") for n in range(number)]


@pytest.mark.parametrize(
    ("check", "state", "words"),
    [
        (lifetime("gpt-5.1"), "ok", "no end of gpt-5.1 is known"),
        (lifetime("gpt-5", days=-80), "ok", "in 101 days"),
        (lifetime("gpt-5", days=21), "problem", "gpt-5 ended"),
        (lifetime("openai/gpt-5-nano-2025-08-07"), "warning", "in 21 days: name another"),
        (lifetime("openai/gpt-5", "https://models.github.ai/v1"), "problem", "llm.base_url"),
        (scoring.affordable("9 papers", 0.6, 1.0), "warning", "raise it"),
        (scoring.affordable("9 papers", 1.1, 1.0), "problem", "raise it"),
        (scoring.affordable("9 papers", None, 1.0), "unknown", "the model's price"),
        (served(), "warning", "empty on a day"),
        (
            scoring.served("cs.LG", make.feed(), date(2026, 11, 21), None),
            "ok",
            "nothing is announced today, a Saturday",
        ),
        (served(*many(5), dated=BEFORE), "warning", "is that of 2026-11-19"),
        (served(*many(1_800)), "warning", "arXiv cuts a feed at 2,000"),
        (served(*many(2_000)), "problem", "one by one"),
        (
            served(A, paper("2611.00009", unreadable="announce type 'withdrawn'")),
            "warning",
            "1 cannot be read: 2611.00009 (announce type 'withdrawn')",
        ),
        (repository.growth(0, 0), "ok", "nothing yet"),
        (repository.growth(100_000, 100), "ok", "over 50 years"),
        (repository.growth(700_000_000, 10), "warning", "under a year"),
        (repository.growth(850_000_000, 2_000), "warning", "over 1 year"),
        (repository.growth(1_000_000_000, 2_000), "problem", "ends at 1 GB"),
        (shown(source={"branch": "main", "path": "/"}), "problem", "shows / of main"),
        (shown(source=None), "problem", "Deploy from a branch"),
        (shown(status="errored"), "problem", "could not build"),
        (shown(html_url="https://ada.example/"), "warning", "set site.url to https://ada.example"),
        (hub.last_run(None, NOW), "warning", "no scheduled run yet"),
        (ran("14"), "warning", "last ran 2026-11-14"),
        (ran("20", **FAILED), "warning", "failure: see https://x.org"),
        (stored(size=1_000_000), "warning", "begin a new repository"),
        (stored(size=5_000_000), "problem", "begin a new repository"),
        (stored(archived=True), "problem", "Unarchive"),
    ],
    ids=str,
)
def test_what_a_check_concludes(check: Check, state: str, words: str) -> None:
    assert check.state == state
    assert words in check.words
    assert bool(check.remedy) == (state in ("warning", "problem"))
