"""A month of daily issues and votes: runs twice and at once, GitHub failing now and then, an owner
who ticks, unticks and comments, and others who may not."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from werkzeug import Response

from digest.core.below import draw_explorer
from digest.core.calendar import between, next_announcement
from digest.core.votes import Vote, VoteSource, merged
from digest.publish.ballots import answer, pull
from digest.publish.daily_issue import boxes, follow
from digest.publish.github import GitHub
from tests import make
from tests.publish.github_server import OWNER, Hub

FIRST, END = date(2026, 1, 5), date(2026, 2, 5)
COUNTED = timedelta(days=14)
BROKEN = Response("<h1>Unicorn</h1>", 502)


class Month:
    def __init__(self, hub: Hub, github: GitHub) -> None:
        self.hub, self.github = hub, github
        self.rng = random.Random(18)
        self.votes: tuple[Vote, ...] = ()  # as the file has them
        self.ticked: dict[date, set[str]] = {}  # what the owner sees
        self.written: dict[str, int] = {}  # by the owner's comments and sent votes, the newest
        self.by_hand: dict[str, int] = {}
        self.numbers: dict[date, int] = {}
        self.lists: dict[date, list[str]] = {}

    def shown(self, ids: Iterable[str]) -> dict[str, date]:
        return {name: day for name in ids for day, listed in self.lists.items() if name in listed}

    def run(self, day: date, *, unseen: int = 0) -> None:
        """The two steps of the workflow around a run; the second does not see the newest issues."""
        now = self.hub.now
        found = pull(self.github, now, self.shown)
        self.votes = merged(self.votes, found.pulled)
        answer(self.github, found.sent, ())
        made = make.scored_day(day, [*[(9, 8)] * 4, *[(7, 7)] * 12, *[(2, 2)] * 9])
        self.hub.hides = unseen
        follow(self.github, replace(made, explorer=draw_explorer(made)), "", 30, now)

    def expected(self) -> dict[str, int]:
        ticks = {paper: 1 for ids in self.ticked.values() for paper in ids}
        return ticks | self.written | self.by_hand

    def people_act(self, today: date) -> None:
        """After the day's last run: it is the next one that reads it."""
        read = [day for day in self.lists if day + COUNTED >= next_announcement(today)]
        for day in read:
            for paper in self.rng.sample(self.lists[day], 2):
                is_ticked = paper in self.ticked[day]
                if self.rng.random() < (0.4 if is_ticked else 0.2):
                    self.hub.tick(self.numbers[day], paper, " " if is_ticked else "x")
                    self.ticked[day] ^= {paper}
        day = self.rng.choice(read)
        place = self.rng.randrange(len(self.lists[day]))
        sign, vote = self.rng.choice([("+1", 1), ("-1", -1)])
        self.hub.comment(self.numbers[day], OWNER, f"Hm.\n{sign} {place + 1}\n")
        self.written[self.lists[day][place]] = vote
        paper = self.lists[day][-1]
        for login in ("a-stranger", "member"):
            self.hub.comment(self.numbers[day], login, f"+1 {paper} 1 2 3")
            self.hub.open(login, "Digest votes", f"-1 {paper}")
        if self.rng.random() < 0.3:
            self.hub.open(OWNER, "Digest votes", f"```\n+1 {paper} 2512.00001\n```")
            self.written |= {paper: 1, "2512.00001": 1}
        if self.rng.random() < 0.2:
            paper = self.rng.choice(self.lists[day])
            self.by_hand[paper] = 0
            self.votes = tuple(v for v in self.votes if v.id != paper)
            self.votes += (Vote(paper, 0, day, VoteSource.HAND),)


def test_a_month_of_votes_is_counted_once(repository: Hub, github: GitHub) -> None:
    month, rng = Month(repository, github), random.Random(1)
    for day in between(FIRST, END):
        repository.now = datetime.combine(day, time(6, 43), UTC)
        if rng.random() < 0.2:  # the first run of the day finds GitHub broken
            before, repository.fails = month.votes, lambda _: BROKEN
            month.run(day)
            repository.fails = lambda _: None
            assert month.votes == before
        month.run(day)
        assert {v.id: v.vote for v in month.votes} == month.expected()
        if rng.random() < 0.3:  # another run, which looked before that one had opened its issue
            month.run(day, unseen=1)
        month.run(day)
        assert {v.id: v.vote for v in month.votes} == month.expected()

        bots = [i for i in repository.issues if i["labels"]]
        (made,) = [issue for issue in bots if issue["state"] == "open"]
        assert made["title"].startswith(f"Digest {day}: ")
        assert made["locked"]
        month.numbers[day] = made["number"]
        month.lists[day] = [box.id for box in boxes(made["body"])]
        month.ticked[day] = set()
        month.people_act(day)

    asked = Counter(request.split("/")[0].strip() for request in repository.requests)
    opened = Counter(i["title"] for i in repository.issues if i["labels"])
    sent = [i for i in repository.issues if i["title"] == "Digest votes"]
    ours = [i for i in sent if i["user"]["login"] == OWNER]
    answers = Counter(c["issue"] for c in repository.comments if "votes counted" in c["body"])
    print(f"{len(month.lists)} days, {len(month.votes)} votes, {dict(asked)}")
    print(f"{opened.total()} daily issues, {len(sent)} issues of votes, {len(ours)} by the owner")
    assert len(opened) == len(month.lists) > 20
    assert opened.total() > len(opened)  # those of two runs at once, of which one is closed
    assert all(answers[i["number"]] == (i["state"] == "closed") for i in ours)
    assert {i["state"] for i in sent if i not in ours} == {"open"}
    assert answers.total() >= len(ours) - 1 > 3  # the last day's is still to be read
