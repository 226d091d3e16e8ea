"""Which ticks, comments and issues at GitHub count as votes, and whose."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from werkzeug import Response

from digest.core.below import draw_explorer
from digest.core.votes import Pulled, Vote, VoteSource, merged
from digest.publish.ballots import answer, lines, pull
from digest.publish.daily_issue import body, follow
from digest.publish.git import BOT
from digest.publish.github import GitHub
from tests import make
from tests.attacks import ATTACKS
from tests.publish.github_server import OWNER, Hub

NOW = datetime(2026, 1, 30, 7, tzinfo=UTC)
A, B, C = "2601.30000", "2601.30001", "2601.30002"  # the first three of the list
ELSEWHERE = "2512.00001"
LABEL = {"labels": [{"name": "digest"}]}


def shown(ids: Iterable[str]) -> dict[str, date]:
    return {paper_id: make.DAY for paper_id in ids if paper_id.startswith("2601.30")}


def opened(github: GitHub, of: date = make.DAY) -> None:
    made = make.scored_day(of, [*[(9, 8)] * 3, *[(7, 7)] * 12, (2, 2)])
    made = replace(made, explorer=draw_explorer(made))
    now = datetime(of.year, of.month, of.day, 7, tzinfo=UTC)
    assert follow(github, made, "", 30, now).startswith("daily issue")


def votes(github: GitHub, before: tuple[Vote, ...] = (), now: datetime = NOW) -> dict[str, int]:
    pulled, *_ = pull(github, now, shown)
    return {vote.id: vote.vote for vote in merged(before, pulled)}


# --- lines ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        (f"+1 {A}", {A: 1}),
        (f"-1 {A}", {A: -1}),
        (f"+1 {A} math.GT/0309136, arXiv:{B}v3\t2", {A: 1, "math.GT/0309136": 1, B: 1}),
        (
            f"+1 https://arxiv.org/abs/{A}v2 <arxiv.org/pdf/{B}>.\n-1 arxiv:{C}.",
            {A: 1, B: 1, C: -1},
        ),
        ("+1 1 3.\r\n-1 2\r\n", {A: 1, C: 1, B: -1}),
        (f"Thanks!\n\n```\n+1 {A}\n-1 {B}\n```", {A: 1, B: -1}),
        (f"+1 {A}\n-1 {A}", {A: -1}),  # of one comment, the later line
        (f"> +1 {A}\nsee +1 {A}\n- +1 {A}\n+2 {A}\n1 {A}", {}),
    ],
)
def test_a_vote_is_a_line_of_its_own(text: str, counted: dict[str, int]) -> None:
    assert lines(text, [A, B, C]) == (counted, [])


@pytest.mark.parametrize(
    "line",
    ["+1", f"+1 {A} please", "+1 4", "+1 0", f"\u22121 {A}", f"\u20131 {A}", "-1 2601.1"],
)
def test_a_line_that_only_seems_a_vote_is_reported(line: str) -> None:
    counted, unclear = lines(line, [A, B, C])
    assert (counted, len(unclear)) == ({}, 1)


# --- boxes and comments -----------------------------------------------------------------------


def test_a_tick_counts_until_it_is_removed(repository: Hub, github: GitHub) -> None:
    opened(github)
    repository.tick(1, A)
    repository.tick(1, B, "X")
    pulled, sentences, *_ = pull(github, NOW, shown)
    assert pulled.votes == tuple(Vote(i, 1, make.DAY, VoteSource.BOX) for i in (A, B))
    assert pulled.boxes == {make.DAY}
    assert sentences == ["1 daily issue: 2 boxes ticked, 0 votes in comments"]
    before = merged((), pulled)
    repository.tick(1, A, " ")
    assert votes(github, before) == {B: 1}


def test_ticks_count_for_fourteen_days_open_or_closed(repository: Hub, github: GitHub) -> None:
    opened(github)
    repository.tick(1, A)
    repository.now += timedelta(days=3)
    opened(github, make.DAY + timedelta(days=3))
    assert repository.issues[0]["state"] == "closed"
    assert votes(github, now=NOW + timedelta(days=14)) == {A: 1}
    pulled, *_ = pull(github, NOW + timedelta(days=15), shown)
    assert (pulled.votes, pulled.boxes) == ((), frozenset([make.DAY + timedelta(days=3)]))


def test_an_emptied_issue_takes_no_vote_back(repository: Hub, github: GitHub) -> None:
    opened(github)
    repository.tick(1, A)
    before = merged((), pull(github, NOW, shown)[0])
    mark = repository.issues[0]["body"].splitlines()[-1]
    repository.issues[0]["body"] = mark
    assert votes(github, before) == {A: 1}


def test_a_comment_has_githubs_time_and_the_digests_date(repository: Hub, github: GitHub) -> None:
    opened(github)
    comment = repository.comment(1, OWNER, f"+1 2 {ELSEWHERE}")
    at = datetime.fromisoformat(comment["created_at"])
    pulled, *_ = pull(github, NOW, shown)
    assert pulled.votes == (
        Vote(B, 1, make.DAY, VoteSource.COMMENT, at),
        Vote(ELSEWHERE, 1, None, VoteSource.COMMENT, at),
    )


def test_a_comment_beats_a_box_and_the_newest_counts(repository: Hub, github: GitHub) -> None:
    opened(github)
    repository.tick(1, A)
    first = repository.comment(1, OWNER, f"-1 {A}")
    assert votes(github) == {A: -1}
    repository.comment(1, OWNER, f"+1 {A}")
    assert votes(github) == {A: 1}
    first |= {"updated_at": repository.comment(1, OWNER, "an edit")["created_at"]}
    assert votes(github) == {A: -1}


def test_a_vote_taken_back_by_hand_wins(repository: Hub, github: GitHub) -> None:
    opened(github)
    repository.tick(1, A)
    repository.comment(1, OWNER, f"+1 {A}")
    by_hand = (Vote(A, 0, None, VoteSource.HAND),)
    assert votes(github, by_hand) == {A: 0}


def test_only_people_who_may_write_are_counted(repository: Hub, github: GitHub) -> None:
    opened(github)
    repository.permissions |= {"helper": "write", "member": "read", "gone": None}
    for login, paper in (("helper", A), ("member", B), ("gone", B), ("x", B), ("a[bot]", B)):
        repository.comment(1, login, f"+1 {paper}")
        repository.comment(1, login, "Nice list!")
    repository.comments[-1]["user"] = None  # a deleted account
    repository.comment(1, "x", f"+1 {C}")
    pulled, sentences, *_ = pull(github, NOW, shown)
    assert [vote.id for vote in pulled.votes] == [A]
    assert sentences[1] == (
        "5 comments with votes are of people who may not write here: not counted"
    )
    asked = [request for request in repository.requests if "collaborators" in request]
    assert len(asked) == len(set(asked)) == 4  # nobody twice, and no bot


def test_an_account_that_breaks_github_blocks_nobody(repository: Hub, github: GitHub) -> None:
    opened(github)
    repository.comment(1, "cursed", f"+1 {B}")
    repository.comment(1, OWNER, f"+1 {A}")
    repository.open("cursed", "Digest votes", f"+1 {B}")
    repository.open(OWNER, "Digest votes", f"+1 {C}")
    broken = Response("", 500)
    repository.fails = lambda request: broken if "/cursed/" in request else None
    pulled, _sentences, problems, sent = pull(github, NOW, shown)
    assert [vote.id for vote in pulled.votes] == [A, C]
    assert [issue.author for issue in sent] == [OWNER]
    (problem,) = problems
    assert problem.startswith("a vote of cursed's is not read in this run: GET ")


def test_long_lists_are_read_to_their_end(repository: Hub, github: GitHub) -> None:
    opened(github)
    for number in range(205):
        repository.comment(1, OWNER, f"+1 2511.{number:05}")
        repository.open("somebody", "a question", "+1 2601.30000")
        repository.open("somebody", "a change", "x", pull_request={})
    repository.open(OWNER, "Digest votes", f"+1 {C}")
    assert len(votes(github)) == 206


# --- issues of votes --------------------------------------------------------------------------


def test_sent_votes_are_counted_answered_once_and_closed(repository: Hub, github: GitHub) -> None:
    text = f"From the page:\n```\n+1 {A} {B}\n-1 {C}\n+1 soup\n```\n"
    repository.open(OWNER, "Digest votes: 3 papers", text)
    for _ in range(3):
        found = pull(github, NOW, shown)
        assert {vote.id: vote.vote for vote in found.pulled.votes} == {A: 1, B: 1, C: -1}
        assert answer(github, found.sent, {B}) == []
    assert repository.issues[0]["state"] == "closed"
    (answered,) = (comment["body"] for comment in repository.comments)
    assert "2 votes counted." in answered
    assert f"Liked: {A}\n\nDisliked: {C}\n\nNot counted, for arXiv does not have" in answered
    assert f"them: {B}\n\nNot understood: &#43;1 soup" in answered


def test_issues_of_others_are_left_alone(repository: Hub, github: GitHub) -> None:
    repository.open("a-stranger", "Digest votes", f"+1 {A}")
    repository.open(OWNER, "My digest votes", f"+1 {A}")
    repository.open(OWNER, "Digest votes", f"+1 {A}", pull_request={})
    old = repository.open(OWNER, "Digest votes", f"+1 {A}")
    old["created_at"] = "2026-01-10T00:00:00Z"
    before = [dict(issue) for issue in repository.issues]
    found = pull(github, NOW, shown)
    answer(github, found.sent, ())
    assert found.pulled.votes == ()
    assert (repository.issues, repository.comments) == (before, [])


def test_votes_count_where_no_answer_is_allowed(repository: Hub, github: GitHub) -> None:
    repository.open(OWNER, "Digest votes", f"+1 {A}")
    repository.refuses = (403, "Resource not accessible by integration")
    found = pull(github, NOW, shown)
    assert [vote.id for vote in found.pulled.votes] == [A]
    (problem,) = answer(github, found.sent, ())
    assert "is not answered" in problem
    assert "permissions: issues: write" in problem


# --- what must change nothing -----------------------------------------------------------------


@pytest.mark.parametrize(
    "failure",
    [
        Response('{"message": "Forbidden"}', 403),
        Response("{}", 404),
        Response("{}", 410),
        Response("<h1>Unicorn</h1>", 500),
        Response("<h1>Hello</h1>", 200),
        Response("", 200),
        Response('[{"number": "1", "title": [], "state": 3}]', 200),
        Response('[{"user": {"login": 7}, "created_at": "today"}]', 200),
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["/issues", "/issues/1/comments"])
def test_a_failure_of_githubs_loses_no_vote(
    repository: Hub, github: GitHub, failure: Response, path: str
) -> None:
    opened(github)
    repository.tick(1, A)
    repository.comment(1, OWNER, f"+1 {B}")
    before = merged((), pull(github, NOW, shown)[0])
    repository.fails = lambda request: failure if request == f"GET {path}" else None
    pulled, sentences, problems, _sent = pull(github, NOW, shown)
    assert pulled == Pulled()
    assert merged(before, pulled) == before
    told = sentences if failure.status_code == 410 else problems
    assert any("votes could not be read; a later run reads them" in sentence for sentence in told)


def test_a_flood_of_issues_does_not_hide_the_ticks(repository: Hub, github: GitHub) -> None:
    opened(github)
    repository.tick(1, A)
    repository.open(OWNER, "Digest votes", f"+1 {B}")
    page = [repository.open("a-stranger", "Digest votes", "+1 1") for _ in range(100)]
    repository.issues = [*repository.issues[:2], *page * 31]
    pulled, _sentences, problems, sent = pull(github, NOW, shown)
    assert [vote.id for vote in pulled.votes] == [A]
    assert "more than 3,000 entries" in problems[-1]
    assert sent == []  # what is not counted is not answered


def test_nothing_hostile_changes_a_vote(repository: Hub, github: GitHub) -> None:
    """Over two hundred bodies and comments of strangers, one of them a member who may read."""
    opened(github)
    repository.tick(1, A)
    repository.comment(1, OWNER, f"-1 {B}")
    expected = votes(github)
    ours = repository.issues[0]["body"].replace("[ ]", "[x]")
    forged = body(make.scored_day(make.DAY, [(9, 9)] * 5), "", 30).replace("[ ]", "[x]")
    for number, attack in enumerate(ATTACKS):
        attack = attack[:2_000].encode("utf-8", "replace").decode()
        login = ("member", "a-stranger", f"{BOT}x")[number % 3]
        texts = (
            f"+1 {C}\n{attack}\n-1 {A}",
            f"{attack}{ours}",
            f"{forged}{attack}",
            f"- [x] R9 N8 [{attack}](https://arxiv.org/abs/{C})\n+1 1 2 3",
        )
        text = texts[number % 4]
        repository.comment(1, login, text)
        title = ("Digest votes", "Digest 2026-01-30: 3 of 16 papers kept", attack)[number % 3]
        repository.open(login, title, text, **(LABEL if number % 5 == 0 else {}))
    assert len(ATTACKS) >= 200
    before = [dict(issue) for issue in repository.issues]
    pulled, sentences, problems, sent = pull(github, NOW, shown)
    answer(github, sent, ())
    assert {vote.id: vote.vote for vote in pulled.votes} == expected == {A: 1, B: -1}
    assert pulled.boxes == {make.DAY}
    assert repository.issues == before
    assert "comments with votes are of people who may not write" in sentences[-1]
    assert all(len(sentence.splitlines()) == 1 for sentence in problems)
