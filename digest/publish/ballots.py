"""The reader's votes at GitHub: boxes ticked in daily issues, lines in comments there, and issues
of votes that the page prefills.

GitHub lets only people with write access tick a box. Anybody may comment and open issues, so there
we ask GitHub who may write; the others are neither counted nor answered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import NamedTuple

import msgspec

from digest.core.papers import pasted_id
from digest.core.text import inert, markdown, one_line
from digest.core.votes import DISLIKED, LIKED, Pulled, Vote, VoteSource
from digest.core.wording import count
from digest.publish.daily_issue import COUNTED, boxes, recent
from digest.publish.github import GitHub, GitHubError, read
from digest.publish.github_issues import Issue, Text, close, comments, issues, mark, stamp
from digest.publish.issue import DEFAULT_CONFIG

SENT_TITLE = "Digest votes"  # how the title of an issue of votes begins
_ANSWERED = "preprint-digest-votes"
_MAY_VOTE = ("admin", "write")  # GitHub says "write" of those who maintain, too
_SWITCHED_OFF = 410
_LOGIN = re.compile(r"[A-Za-z0-9_-]+")  # no bot's, which ends in [bot]

_VOTES = {"+1": LIKED, "-1": DISLIKED}
_SEEMS_A_VOTE = re.compile(r"[+\-\u2212\u2013]1\b")
_NUMBER = re.compile(r"\d{1,3}")
_LONGEST_LINE, _LONGEST_LIST = 80, 20_000

Shown = Callable[[Iterable[str]], Mapping[str, date]]


class Found(NamedTuple):
    """What one look at GitHub has found."""

    pulled: Pulled = Pulled()
    sentences: Sequence[str] = ()  # about the votes, for a log
    problems: Sequence[str] = ()  # what somebody should look at
    sent: Sequence[Issue] = ()  # issues of votes that count, for `answer`


def pull(github: GitHub, now: datetime, shown: Shown, *, config: str = DEFAULT_CONFIG) -> Found:
    """The votes at GitHub that count at `now`. It changes nothing there.

    `shown` says which digest kept or scored each of some papers, if one did. What could not be read
    is missing from the votes, its boxes do not count as read, and a later run can read it.
    """
    look = _Look(github, now, shown, config)
    pulled = []
    for part in (look.daily_issues, look.sent_issues):
        try:
            pulled.append(part())
        except GitHubError as error:
            # Where issues are switched off, as in a fork, there are none.
            told = look.sentences if error.status == _SWITCHED_OFF else look.problems
            told.append(f"some votes could not be read; a later run reads them: {error.explained}")
    if look.ignored:
        texts = count(look.ignored, "comment with votes is", "comments with votes are")
        look.sentences.append(f"{texts} of people who may not write here: not counted")
    votes = tuple(vote for part in pulled for vote in part.votes)
    boxes_read = frozenset().union(*(part.boxes for part in pulled))
    return Found(Pulled(votes, boxes_read), look.sentences, look.problems, look.sent)


def answer(github: GitHub, sent: Iterable[Issue], unknown: Collection[str]) -> list[str]:
    """Say once in each of these issues what was counted, and close it. Ids in `unknown` were not:
    arXiv does not have them.

    Returns what GitHub refused, in a line each.
    """
    problems = []
    for issue in sent:
        try:
            if not any(t.is_by_bot and t.mark(_ANSWERED) for t in comments(github, issue)):
                text = _answer(*lines(issue.body or ""), unknown)
                github.ask("POST", f"issues/{issue.number}/comments", body=text)
            if issue.state == "open":
                close(github, issue.number)
        except GitHubError as error:
            problems.append(f"issue {issue.number} is not answered: {error.explained}")
    return problems


def lines(text: str, listed: Sequence[str] = ()) -> tuple[dict[str, int], list[str]]:
    """The votes by id, of two the later one, and the lines that seem to be votes and are not.

    `listed` are the ids that numbers stand for, from 1 on.
    """
    votes: dict[str, int] = {}
    unclear = []
    for line in filter(_SEEMS_A_VOTE.match, map(str.strip, text.splitlines())):
        sign, *words = re.split(r"[\s,;]+", line.rstrip(" ,;"))
        ids = [_named(word.strip("<>."), listed) for word in words]
        if sign in _VOTES and ids and all(ids):
            votes |= dict.fromkeys(ids, _VOTES[sign])
        else:
            unclear.append(one_line(line, _LONGEST_LINE))
    return votes, unclear


def _named(word: str, listed: Sequence[str]) -> str:
    """The id that a word names, itself or by its number in the list; "" if none."""
    if not _NUMBER.fullmatch(word):
        return pasted_id(word) or ""
    number = int(word)
    return listed[number - 1] if 1 <= number <= len(listed) else ""


class _Permission(msgspec.Struct):
    permission: str


@dataclass
class _Look:
    """One look at GitHub. Its two parts raise `GitHubError`."""

    github: GitHub
    now: datetime
    shown: Shown
    config: str
    sentences: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    sent: list[Issue] = field(default_factory=list)
    ignored: int = 0  # comments with votes of people who may not vote
    may_vote: dict[str, bool] = field(default_factory=dict)  # by login

    def daily_issues(self) -> Pulled:
        votes: list[Vote] = []
        dates = set()
        dailies = [d for d in recent(self.github, self.config, self.now) if d.issue.is_by_bot]
        for issue, day in dailies:
            shown = boxes(issue.body or "")
            if shown:  # else somebody has emptied it, which takes nothing back
                dates.add(day)
            votes += (Vote(box.id, LIKED, day, VoteSource.BOX) for box in shown if box.is_ticked)
            for comment in comments(self.github, issue):
                at = max(comment.created_at, comment.updated_at or comment.created_at)
                votes += self._votes(comment, at, [box.id for box in shown])
        ticked = sum(vote.source is VoteSource.BOX for vote in votes)
        self.sentences.append(
            f"{count(len(dailies), 'daily issue')}: {count(ticked, 'box', 'boxes')} ticked,"
            f" {count(len(votes) - ticked, 'vote')} in comments"
        )
        return Pulled(tuple(votes), frozenset(dates))

    def sent_issues(self) -> Pulled:
        votes: list[Vote] = []
        read_issues = []
        oldest = self.now - COUNTED
        for issue in issues(self.github, state="all", since=stamp(oldest)):
            is_sent = issue.title.startswith(SENT_TITLE) and issue.created_at >= oldest
            if not is_sent or not self._is_voter(issue.author):
                continue
            sent = self._votes(issue, issue.created_at)
            votes += sent
            read_issues.append(issue)
            self.sentences.append(f"issue {issue.number}: {count(len(sent), 'vote')}")
        self.sent = read_issues  # not before all are read: else none of their votes counts
        return Pulled(tuple(votes))

    def _votes(self, text: Text, at: datetime, listed: Sequence[str] = ()) -> list[Vote]:
        votes, unclear = lines(text.body or "", listed)
        if not (votes or unclear):  # nobody need be asked about
            return []
        if not self._is_voter(text.author):
            self.ignored += bool(votes)
            return []
        self.problems += [f"not understood: {inert(line)}" for line in unclear]
        source, at = VoteSource.COMMENT, at.astimezone(UTC)
        days = self.shown(votes)
        return [Vote(name, vote, days.get(name), source, at) for name, vote in votes.items()]

    def _is_voter(self, login: str) -> bool:
        if login not in self.may_vote:
            self.may_vote[login] = bool(_LOGIN.fullmatch(login)) and self._may_write(login)
        return self.may_vote[login]

    def _may_write(self, login: str) -> bool:
        try:
            theirs = self.github.ask("GET", f"collaborators/{login}/permission")
            return read(theirs, _Permission).permission in _MAY_VOTE
        except GitHubError as error:
            if error.status != 404:  # that is: no such account any more
                self.problems.append(f"a vote of {login}'s is not read in this run: {error}")
            return False


def _answer(votes: Mapping[str, int], unclear: Sequence[str], unknown: Collection[str]) -> str:
    """What was counted, for the issue's author, with the mark of our answers."""
    counted = {paper: vote for paper, vote in votes.items() if paper not in unknown}
    parts = [f"{count(len(counted), 'vote')} counted. The commit of the next digest has them."]
    lists = {
        "Liked": [paper for paper, vote in counted.items() if vote == LIKED],
        "Disliked": [paper for paper, vote in counted.items() if vote == DISLIKED],
        "Not counted, for arXiv does not have them": [p for p in votes if p not in counted],
    }
    for name, ids in lists.items():
        if ids:
            parts.append(f"{name}: {one_line(', '.join(ids), _LONGEST_LIST)}")
    if unclear:
        parts.append(f"Not understood: {markdown(one_line('; '.join(unclear), _LONGEST_LINE * 9))}")
    return "\n\n".join([*parts, mark(_ANSWERED, votes=len(counted))]) + "\n"
