"""`digest votes` and `digest learn`: what the reader types, and the files that come of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from pytest_httpserver import HTTPServer
from werkzeug import Response

from digest.archive import feedback, store
from digest.archive.store import Archive
from digest.cli.main import main
from digest.core.day import Kept
from digest.core.learned import Learned
from digest.core.votes import DISLIKED, Pulled, Vote, VotedPaper, VoteSource
from digest.run.feedback import keep, pulled
from tests import make
from tests.arxiv.test_search_api import Server
from tests.cli.test_main import Ended
from tests.make import DAY, paper, tree
from tests.publish.github_server import OWNER, TOKEN, Hub

KEPT, BELOW, ELSEWHERE, GONE = "2601.00001", "2601.00002", "math.GT/0309136", "2601.99999"
Digest = Callable[..., Ended]


@pytest.fixture
def arxiv(httpserver: HTTPServer) -> Server:
    return Server(httpserver, BELOW, ELSEWHERE)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arxiv: Server) -> Path:
    """Settings, and the archive of a day with a kept paper and one below the cut."""
    settings = f'arxiv: {{api_url: "{arxiv.url}", delay_s: 0}}\n'
    (tmp_path / "config.yaml").write_text(f"categories: [cs.LG]\n{settings}")
    day = make.digest(kept=[Kept(paper(KEPT), make.score())], below=[paper(BELOW)])
    store.write_files(tmp_path / "docs", Archive(tmp_path / "docs").day_files(day))
    for name in ("GITHUB_TOKEN", "GITHUB_REPOSITORY", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def digest(project: Path, capsys: pytest.CaptureFixture[str]) -> Digest:
    def run(*arguments: str) -> Ended:
        code = main(arguments)
        return Ended(code, *capsys.readouterr())

    return run


def votes(folder: Path) -> list[tuple[str, int, date | None]]:
    archived = feedback.read_votes(folder / "docs")
    assert all(vote.source is VoteSource.HAND for vote in archived)
    return [(vote.id, vote.vote, vote.date) for vote in archived]


def texts(folder: Path) -> list[str]:
    return [paper.id for paper in feedback.read_liked(folder / "docs")]


# --- votes by hand ----------------------------------------------------------------------------


def test_votes_by_hand_and_their_texts_are_archived(
    digest: Digest, project: Path, arxiv: Server
) -> None:
    pasted = [
        f"arXiv:{KEPT}v2",
        f"https://arxiv.org/pdf/{BELOW}v1.pdf",
        f"arxiv.org/abs/{ELSEWHERE}",
    ]
    assert digest("votes", "add", *pasted).code == 0
    liked = [(KEPT, 1, DAY), (BELOW, 1, DAY), (ELSEWHERE, 1, None)]
    assert votes(project) == liked
    assert arxiv.asked == [[BELOW, ELSEWHERE]]  # at once, and not what a record keeps
    assert texts(project) == [BELOW, ELSEWHERE]

    assert digest("votes", "add", "--dislike", BELOW).code == 0
    ended = digest("votes", "remove", KEPT, "2601.00009", "--json")
    assert ended.report["status"] == "updated"
    assert votes(project) == [(KEPT, 0, DAY), (BELOW, -1, DAY), ("2601.00009", 0, None), liked[2]]
    before = tree(project)
    assert digest("votes", "remove", KEPT, "--json").report["status"] == "unchanged"
    assert tree(project) == before
    assert len(arxiv.asked) == 1


def test_a_paper_that_arxiv_lacks_gets_no_vote(digest: Digest, project: Path) -> None:
    ended = digest("votes", "add", GONE, ELSEWHERE)
    assert ended.code == 0
    assert f"{GONE}: arXiv has no such paper" in ended.err
    assert votes(project) == [(ELSEWHERE, 1, None)]


def test_a_vote_counts_while_arxiv_is_down(digest: Digest, project: Path, arxiv: Server) -> None:
    arxiv.replies = [lambda: Response("", 404)]
    ended = digest("votes", "add", ELSEWHERE)
    assert "the votes count, and `digest votes pull` fetches the text later" in ended.err
    assert (votes(project), texts(project)) == ([(ELSEWHERE, 1, None)], [])
    for _ in range(2):
        ended = digest("votes", "pull")
        assert "GitHub is not asked: there is no GITHUB_TOKEN" in ended.out
    assert [paper.id for paper in pulled(project / ".digest").papers] == [ELSEWHERE]
    assert len(arxiv.asked) == 2  # once while arXiv was down, and once more


@pytest.mark.parametrize(
    "wrong", ["2601.208", "$(touch pwned)", "../../etc", "https://x.org/2601.1"]
)
def test_what_is_no_id_is_an_error(digest: Digest, project: Path, wrong: str) -> None:
    before = tree(project)
    for command in (["votes", "add", KEPT, wrong], ["votes", "remove", wrong]):
        ended = digest(*command)
        assert ended.code == 2
        assert f"digest: {wrong!r} is no arXiv id: write 2601.20868" in ended.err
    assert tree(project) == before


def test_votes_may_come_before_the_first_digest(digest: Digest, project: Path) -> None:
    feed = project / "feed.xml"
    feed.write_bytes(make.rss(make.feed(paper(KEPT))))
    (project / "prompts").mkdir()
    (project / "prompts/topics.md").write_text("## Matters\n- Relevant: the matter\n")
    run = ["run", "--feed", str(feed), "--no-commit", "--scorer", "offline"]
    with (project / "config.yaml").open("a") as settings:
        settings.write("out: new\n")
    assert digest("votes", "add", ELSEWHERE).code == 0
    assert digest(*run).code == 0
    assert [vote.id for vote in feedback.read_votes(project / "new")] == [ELSEWHERE]


# --- import -----------------------------------------------------------------------------------

LINE = {"id": BELOW, "vote": -1, "date": "2026-01-30", "source": "comment"}
FORMS = [
    f'{json.dumps(LINE)}\n\n{{"id": "{KEPT}"}}\n',
    json.dumps([LINE, KEPT], indent=1),
    f"-1 arXiv:{BELOW}\r\n{KEPT}\r\n",
    f"-1 {KEPT}\n+1 {KEPT} {BELOW}\n-1 {BELOW}",
    json.dumps({"starred": [{"id": KEPT, "date": "2026-01-30"}, LINE], "read": []}, indent=2),
]


@pytest.mark.parametrize("text", FORMS)
def test_votes_are_imported_in_each_form(digest: Digest, project: Path, text: str) -> None:
    (project / "votes.txt").write_text(f"\ufeff{text}")
    ended = digest("votes", "import", "votes.txt")
    assert ended.code == 0, ended.err
    assert votes(project) == [(KEPT, 1, DAY), (BELOW, -1, DAY)]


def test_a_file_with_mistakes_is_not_imported(digest: Digest, project: Path) -> None:
    lines = [KEPT, '{"id": 2601.20860}', '{"id": "2601.00001", "vote": 7}', "-1", "-1 x", "{"]
    lines.append('{"id": "2601.00001", "vot": -1}')
    (project / "votes.txt").write_text("\n".join(lines))
    before = tree(project)
    ended = digest("votes", "import", "votes.txt")
    assert (ended.code, tree(project)) == (2, before)
    assert [line.partition(" is ")[0] for line in ended.err.splitlines()] == [
        "digest: votes.txt, line 2: '2601.2086'",
        "digest: votes.txt, line 3: the vote",
        "digest: votes.txt, line 4: ''",
        "digest: votes.txt, line 5: 'x'",
        "digest: votes.txt, line 6: '{'",
        "digest: votes.txt, line 7: 'vot'",
    ]


# --- list -------------------------------------------------------------------------------------


def test_the_list_has_titles_and_what_waits(digest: Digest, project: Path) -> None:
    digest("votes", "add", KEPT)
    new = Vote(ELSEWHERE, DISLIKED, None, VoteSource.COMMENT)
    title = "On\u202e knots ::error::\n@ada"
    keep(project / ".digest", Pulled((new,), papers=(VotedPaper(ELSEWHERE, title, "x"),)))
    assert digest("votes", "list").out.splitlines() == [
        f"{KEPT}        liked       2026-01-30  hand     On the matter of {KEPT}",
        f"{ELSEWHERE}   disliked    no digest   comment  On knots :\u2060:\u2060error:\u2060: @\u2060ada",  # noqa: E501
        "unchanged: 2 votes",
    ]
    first, _ = digest("votes", "list", "--json").report["votes"]
    assert first == {
        "id": KEPT,
        "vote": 1,
        "date": "2026-01-30",
        "source": "hand",
        "title": f"On the matter of {KEPT}",
    }


# --- pull -------------------------------------------------------------------------------------


def test_without_a_token_github_is_not_asked(digest: Digest, project: Path) -> None:
    ended = digest("votes", "pull", "--json")
    assert (ended.code, ended.report["status"]) == (0, "unchanged")
    assert "there is no GITHUB_TOKEN" in ended.report["reason"]
    assert not (project / ".digest").exists()


@pytest.fixture
def hub(project: Path, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """GitHub, and settings that ask for a daily issue."""
    hub = Hub()
    httpserver.expect_request(re.compile(f"/repos/{OWNER}/papers(/.*)?")).respond_with_handler(hub)
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    monkeypatch.setenv("GITHUB_REPOSITORY", f"{OWNER}/papers")
    monkeypatch.setenv("GITHUB_API_URL", httpserver.url_for("").rstrip("/"))
    with (project / "config.yaml").open("a") as settings:
        settings.write("feedback: {issue: true}\n")
    (project / "report.json").write_text('{"status": "published", "date": "2026-01-30"}\n')
    return hub


MORNING = datetime(2026, 1, 30, 7, tzinfo=UTC)
ISSUE = ["issue", "report.json", "--exit-code"]


def test_a_tick_and_a_comment_wait_for_the_run(
    digest: Digest, project: Path, arxiv: Server, hub: Hub
) -> None:
    with time_machine.travel(MORNING):
        assert "daily issue 1 opened" in digest(*ISSUE, "0").out
        hub.tick(1, KEPT)
        hub.comment(1, OWNER, f"-1 {ELSEWHERE}\r\n+1 {GONE}")
        hub.comment(1, "stranger", f"+1 {BELOW}")
        sent = hub.open(OWNER, "Digest votes", f"-1 {ELSEWHERE} {GONE}")
        pull = digest("votes", "pull")
        first = pulled(project / ".digest")
        assert [(vote.id, vote.vote) for vote in first.votes] == [(KEPT, 1), (ELSEWHERE, -1)]
        assert [paper.id for paper in first.papers] == [ELSEWHERE]
        assert f"{GONE}: arXiv has no such paper" in pull.err
        answer = hub.comments[-1]["body"]
        assert (
            f"1 vote counted. The commit of the next digest has them.\n\nDisliked: {ELSEWHERE}\n\n"
            in answer
        )
        assert f"arXiv does not have them: {GONE}" in answer
        assert sent["state"] == "closed"

        hub.fails = lambda _: Response("", 500)
        assert digest("votes", "pull").code == 0
        assert pulled(project / ".digest") == first  # what could not be read again stays
        hub.fails = lambda _: None
        hub.tick(1, KEPT, " ")
        digest("votes", "pull")
    assert [vote.id for vote in pulled(project / ".digest").votes] == [ELSEWHERE]
    assert votes(project) == []  # only a day's commit takes them
    assert arxiv.asked == [[GONE, ELSEWHERE]]  # once, also for the one that there is not


@pytest.mark.parametrize(
    ("exit_code", "later", "settings"),
    [
        ("5", timedelta(), "issue: true"),  # the day is not pushed
        ("", timedelta(), "issue: true"),
        ("0", timedelta(days=4), "issue: true"),
        ("0", timedelta(), "issue: false"),
    ],
)
def test_no_daily_issue_is_opened(
    digest: Digest, project: Path, hub: Hub, exit_code: str, later: timedelta, settings: str
) -> None:
    config = project / "config.yaml"
    config.write_text(config.read_text().replace("issue: true", settings))
    with time_machine.travel(MORNING + later):
        assert digest(*ISSUE, exit_code).code == 0
    assert not [issue for issue in hub.issues if issue["title"].startswith("Digest 2026")]


def test_switched_off_issues_are_closed_and_votes_count(
    digest: Digest, project: Path, hub: Hub
) -> None:
    with time_machine.travel(MORNING):
        digest(*ISSUE, "0")
        config = project / "config.yaml"
        config.write_text(config.read_text().replace("issue: true", "issue: false"))
        assert "all is well; daily issues closed: 1" in digest(*ISSUE, "0").out
        hub.tick(1, KEPT)
        hub.open(OWNER, "Digest votes", f"+1 {BELOW}")
        digest("votes", "pull")
    assert [issue["state"] for issue in hub.issues] == ["closed", "closed"]
    assert [vote.id for vote in pulled(project / ".digest").votes] == [KEPT, BELOW]


# --- what was learned -------------------------------------------------------------------------


def test_what_was_learned_is_shown_and_taken_back(digest: Digest, project: Path) -> None:
    assert "nothing was learned yet" in digest("learn", "--show").out
    weights = {"matter": 1.5, "survey": -0.7, "survey matter": -0.2}
    learned = Learned(DAY, DAY, days=1, papers=2, bias=0.1, weights=weights)
    path = project / "docs" / feedback.LEARNED
    path.write_bytes(feedback.encode_learned(learned))
    shown = digest("learn", "--show", "--json").report
    assert (shown["learned"]["days"], shown["learned"]["papers"]) == (1, 2)
    assert shown["learned"]["for"] == ["matter"]
    assert shown["learned"]["against"] == []  # no paper spells them
    assert "learned from 2026-01-30 through 2026-01-30: 1 day, 2 papers" in shown["reason"]

    before = tree(project)
    assert digest("learn", "--forget", "stoves", "--json").report["status"] == "unchanged"
    assert tree(project) == before
    assert digest("learn", "--forget", "surveys").code == 0
    rest = feedback.read_learned(project / "docs")
    assert rest is not None
    assert (rest.weights["matter"], rest.through) == (1.5, DAY)
    assert "survey" not in rest.weights
    assert digest("learn", "--forget").code == 0
    assert not path.exists()
