"""The bot's reader at the simulated GitHub, and strangers; knows which votes must count."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta

from pytest_httpserver import HTTPServer

from digest.publish.daily_issue import boxes
from tests.publish.github_server import OWNER, TOKEN, Entry, Hub

REPOSITORY = f"{OWNER}/papers"
_STILL_COUNTED = timedelta(days=10)  # a box that is touched then is read again in time
_STRANGER = "mallory"


class Reader:
    """Votes after each run; `expected` is what the archive must have in the end."""

    def __init__(self, seed: int) -> None:
        self.hub = Hub()
        self._random = random.Random(seed)
        self._boxes: dict[str, bool] = {}
        self._comments: dict[str, int] = {}

    @contextmanager
    def online(self) -> Iterator[dict[str, str]]:
        """GitHub's answers; the environment that leads to them."""
        with HTTPServer() as server:
            server.expect_request(re.compile(".*")).respond_with_handler(self.hub)
            yield {
                "GITHUB_TOKEN": TOKEN,
                "GITHUB_REPOSITORY": REPOSITORY,
                "GITHUB_API_URL": server.url_for("").rstrip("/"),
            }

    @property
    def expected(self) -> dict[str, int]:
        ticked = {paper_id: 1 for paper_id, is_ticked in self._boxes.items() if is_ticked}
        return ticked | self._comments

    @property
    def dates(self) -> Counter[str]:
        """How many daily issues each date has."""
        return Counter(self._date(issue) for issue in self._dailies())

    def act(self, now: datetime) -> None:
        """Tick, untick, comment; a stranger comments, too."""
        self.hub.now = max(self.hub.now, now)
        recent = [
            issue
            for issue in self._dailies()
            if now.date() - date.fromisoformat(self._date(issue)) <= _STILL_COUNTED
        ]
        if not recent:
            return
        issue = self._random.choice(recent[-3:])
        number, listed = issue["number"], boxes(issue["body"])
        self.hub.comment(number, _STRANGER, f"+1 {listed[0].id}\n- [x] {listed[0].id}")
        for box in self._random.sample(listed, min(2, len(listed))):
            if self._random.random() < 0.5:
                self.hub.tick(number, box.id, " " if box.is_ticked else "x")
                self._boxes[box.id] = not box.is_ticked
        if self._random.random() < 0.3:
            place = self._random.randrange(len(listed))
            vote = self._random.choice([1, -1])
            self.hub.comment(number, OWNER, f"Seen.\n\n{vote:+} {place + 1}")
            self._comments[listed[place].id] = vote

    @property
    def opened(self) -> list[str]:
        """The dates of the daily issues that are open."""
        return [self._date(issue) for issue in self._dailies() if issue["state"] == "open"]

    def _dailies(self) -> list[Entry]:
        return [issue for issue in self.hub.issues if issue["title"].startswith("Digest 2")]

    @staticmethod
    def _date(issue: Entry) -> str:
        return str(issue["title"]).removeprefix("Digest ")[:10]
