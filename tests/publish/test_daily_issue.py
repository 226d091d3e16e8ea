"""The issue a day with boxes to tick: its text, and when it is opened and closed."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug import Response

from digest.core.below import draw_explorer
from digest.core.day import Below, Digest, Kept
from digest.core.scores import Score
from digest.publish import issue
from digest.publish.daily_issue import Box, body, boxes, follow
from digest.publish.github import GitHub
from tests import make
from tests.attacks import ATTACKS
from tests.cli.test_sinks import GITHUB, assert_inert
from tests.publish.github_server import OWNER, Hub

NOW = datetime(2026, 1, 30, 7, tzinfo=UTC)
PAGE = "https://reader.github.io/papers/2026/2026-01-30.html"


def day(of: date = make.DAY, kept: int = 3, near: int = 12, far: int = 5) -> Digest:
    pairs = [*[(9, 8)] * kept, *[(7, 7)] * near, *[(2, 2)] * far]
    made = make.scored_day(of, pairs)
    return replace(made, explorer=draw_explorer(made))


def hostile(title: str, comment: str = "") -> Digest:
    """Titles and reasons of a stranger's, wherever the issue has some."""
    score, low = Score(9, 8, comment=comment), Score(7, 7, comment=comment)
    papers = [make.paper(f"2601.0000{n}", title=title) for n in range(3)]
    below = (Below("2601.00002", title, low),)
    kept = [Kept(paper, score, author_match=comment or None) for paper in papers[:2]]
    return replace(make.digest(kept=kept), below=below, sources={"cs.LG": make.source(*papers)})


# --- the text ---------------------------------------------------------------------------------


def test_a_box_each_in_order_and_until_when() -> None:
    made = day()
    text = body(made, PAGE, 2)
    ids = [k.paper.id for k in made.kept[:2]] + [b.id for b in made.below[:10]]
    assert made.explorer
    assert boxes(text) == [Box(name, is_ticked=False) for name in (*ids, made.explorer.id)]
    assert f"- [ ] R9 N8 [On the matter of {ids[0]}](https://arxiv.org/abs/{ids[0]})\n" in text
    assert "Runs until Friday, 13 February 2026 (UTC) read it." in text
    assert "The best 2 of 3 kept papers are listed." in text
    assert f"[All of the day]({PAGE})" in text
    assert text.startswith("20 announced: 0 filtered, 0 seen on another day, 20 scanned.")


def test_warnings_stand_before_the_list() -> None:
    made = replace(day(), sources={"cs.LG": make.unread("HTTP 500 from @eve")})
    head = body(made, "", 30, notes=["GitHub stops schedules."]).split("## More like this")[0]
    assert "> What cs.LG announced could not be read" in head
    assert "> GitHub stops schedules." in head
    assert "@eve" not in head


@pytest.mark.parametrize("text", ATTACKS)
def test_no_hostile_text_acts_in_an_issue(text: str) -> None:
    made = body(hostile(text, text), PAGE, 30)
    assert len(made) <= 65_536
    lines = made.splitlines()
    assert boxes(made) == [Box(f"2601.0000{n}", is_ticked=False) for n in range(3)]
    assert sum(line.startswith("- [ ] ") for line in lines) == 3
    assert made.count("<!--") == made.count("-->") == 1
    assert_inert(re.sub(r"&#\d+;", "", made), GITHUB)
    assert not re.search(r"(?<!\\)\]\((?!https://(?:arxiv\.org/abs/2601|reader\.github))", made)


ITS_OWN = st.sampled_from(
    ["- [x] R9 N8 [", "](https://arxiv.org/abs/2601.09999)", "\\", ": ", "\n"]
)


@given(st.lists(st.text(max_size=9) | ITS_OWN, max_size=12).map("".join))
def test_no_title_can_pass_for_a_box(title: str) -> None:
    made = body(hostile(title or "x", title), PAGE, 30)
    assert [box.id for box in boxes(made)] == ["2601.00000", "2601.00001", "2601.00002"]
    assert not any(box.is_ticked for box in boxes(made))


@pytest.mark.parametrize("sign", ["word ", "~", "&", "#1 ", "\U0001f600"])
def test_a_long_day_is_cut_and_says_so(sign: str) -> None:
    long, comment = sign * 400, sign * 400
    made = day(kept=100)
    kept = [replace(k, paper=replace(k.paper, title=long)) for k in made.kept]
    kept = [replace(k, score=replace(k.score, comment=comment)) for k in kept]
    below = [Below(b.id, long, replace(b.score, comment=comment)) for b in made.below]
    unread = {f"cs.{n}": make.unread(sign * 400) for n in range(200)}
    made = replace(made, kept=tuple(kept), below=tuple(below), sources=made.sources | unread)
    text = body(made, PAGE, 100, notes=[long * 4])
    listed = re.search(r"The best (\d+) of 100 kept papers", text)
    assert len(text) <= 65_536
    assert boxes(text)[-1].id == (made.explorer and made.explorer.id)
    assert len(boxes(text)) == 11 + int(listed[1] if listed else 100)


# --- at GitHub --------------------------------------------------------------------------------


def test_it_is_opened_labelled_assigned_and_locked(repository: Hub, github: GitHub) -> None:
    assert follow(github, day(), PAGE, 30, NOW) == "daily issue 1 opened"
    (made,) = repository.issues
    assert made["title"] == "Digest 2026-01-30: 3 of 20 papers kept"
    assert made["labels"] == [{"name": "digest"}]
    assert made["assignees"] == [{"login": OWNER}]
    assert made["locked"]
    assert follow(github, day(), PAGE, 30, NOW) == "the daily issue of 2026-01-30 is there"
    made["state"] = "closed"  # by the owner, who has done with it
    follow(github, day(), PAGE, 30, NOW)
    assert (len(repository.issues), made["state"]) == (1, "closed")


def test_an_organisations_issue_is_not_assigned(repository: Hub, github: GitHub) -> None:
    repository.assignable = set()
    done = follow(github, day(), PAGE, 30, NOW)
    assert done.startswith("daily issue 1 opened; GitHub did not assign it to reader")
    assert len(repository.issues) == 1


def test_the_next_one_closes_it_without_an_edit(repository: Hub, github: GitHub) -> None:
    follow(github, day(), PAGE, 30, NOW)
    text = repository.issues[0]["body"]
    tomorrow = day(make.DAY + timedelta(days=3))
    done = follow(github, tomorrow, PAGE, 30, NOW + timedelta(days=3))
    assert done == "daily issue 2 opened; closed: 1"
    assert [(i["state"], i["body"] == text) for i in repository.issues] == [
        ("closed", True),
        ("open", False),
    ]
    again = follow(github, day(), PAGE, 30, NOW + timedelta(days=3))  # an older day, repaired
    assert again == "no daily issue of 2026-01-30: there is one of 2026-02-02"
    assert len(repository.issues) == 2


def test_two_runs_at_once_leave_one_open(repository: Hub, github: GitHub) -> None:
    follow(github, day(), PAGE, 30, NOW)
    repository.hides = 1  # the other run has looked before
    assert follow(github, day(), PAGE, 30, NOW) == "daily issue 2 opened; closed: 2"
    assert [i["state"] for i in repository.issues] == ["open", "closed"]


def test_one_whose_label_is_removed_stays_the_one(repository: Hub, github: GitHub) -> None:
    follow(github, day(), PAGE, 30, NOW)
    repository.issues[0]["labels"] = []
    assert follow(github, day(), PAGE, 30, NOW) == "the daily issue of 2026-01-30 is there"
    assert len(repository.issues) == 1


def test_a_day_of_nothing_or_of_long_ago_has_none(repository: Hub, github: GitHub) -> None:
    assert "nothing was announced" in follow(github, make.digest(), PAGE, 30, NOW)
    late = follow(github, day(), PAGE, 30, NOW + timedelta(days=15))
    assert late == "no daily issue: its ticks would have counted until 2026-02-13"
    assert repository.requests == []


def test_what_only_resembles_it_stays_untouched(repository: Hub, github: GitHub) -> None:
    text = body(day(), PAGE, 30)
    label = {"labels": [{"name": "digest"}]}
    repository.open("a-stranger", "Digest 2026-01-30: 3 of 20 papers kept", text, **label)
    repository.open(OWNER, "no label", text)
    repository.open("github-actions[bot]", "no mark", "nothing", **label)
    repository.open("github-actions[bot]", "x", text, **label, pull_request={})
    repository.open("github-actions[bot]", "x", body(day(), PAGE, 30, config="b.yaml"), **label)
    other = body(day(), PAGE, 30).replace('"2026-01-30"', '"30 January"')
    repository.open("github-actions[bot]", "x", other, **label)
    assert follow(github, day(), PAGE, 30, NOW) == "daily issue 7 opened"
    assert {i["state"] for i in repository.issues} == {"open"}


def test_the_outage_issue_and_this_one_stay_apart(repository: Hub, github: GitHub) -> None:
    failed = issue.Attempt({"problem": {"reason": "no key: put one"}}, 3, None, NOW)
    good = {"status": "published", "date": "2026-01-30"}
    follow(github, day(), PAGE, 30, NOW)
    assert issue.follow(github, failed) == "issue 2 opened"
    tomorrow = day(make.DAY + timedelta(days=3))
    assert follow(github, tomorrow, PAGE, 30, NOW + timedelta(days=3)).endswith("closed: 1")
    assert issue.follow(github, issue.Attempt(good, 0, None, NOW)).startswith("issue 2 closed")
    assert [i["state"] for i in repository.issues] == ["closed", "closed", "open"]


def test_an_inactive_repository_is_warned_in_the_issue(repository: Hub, github: GitHub) -> None:
    repository.about["private"] = False
    follow(github, day(), PAGE, 30, NOW)
    assert "> GitHub stops the schedules of a public" in repository.issues[0]["body"]


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (Response('{"message": "Forbidden"}', 403), "permissions: issues: write"),
        (Response("{}", 404), "switch issues on"),
        (Response("{}", 410), "switch issues on"),
        (Response("<h1>Unicorn</h1>", 500), "500"),
        (Response("<h1>Hello</h1>", 200), "not JSON"),
        (Response("", 200), "not as documented"),
        (Response('{"number": true}', 200), "not as documented"),
        (Response('[{"number": "1"}]', 200), "not as documented"),
    ],
    ids=str,
)
def test_whatever_github_answers_is_a_sentence(
    repository: Hub, github: GitHub, failure: Response, words: str
) -> None:
    repository.fails = lambda _: failure
    done = follow(github, day(), PAGE, 30, NOW)
    assert done.startswith("no daily issue: ")
    assert words in done
    assert len(done.splitlines()) == 1


def test_what_was_done_before_a_failure_is_said(repository: Hub, github: GitHub) -> None:
    broken = Response("{}", 500)
    repository.fails = lambda request: broken if request.endswith("lock") else None
    done = follow(github, day(), PAGE, 30, NOW)
    assert done.startswith("daily issue 1 opened; not all was done: PUT")
    repository.fails = lambda _: None
    follow(github, day(), PAGE, 30, NOW)
    assert [made["locked"] for made in repository.issues] == [True]
