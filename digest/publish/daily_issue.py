"""The day's issue: the best papers of a digest, each with a box to tick. GitHub mails it.

A tick is an edit of the issue's text. So the bot never edits the text: it could erase a tick.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from urllib.parse import quote

from digest.core.below import to_tick
from digest.core.day import Digest
from digest.core.papers import ID
from digest.core.scores import Score
from digest.core.tex import plain
from digest.core.text import markdown, one_line
from digest.core.wording import count, in_words, matches, near, totals, warnings
from digest.publish import activity
from digest.publish.commit import LONGEST_TITLE, marks, subject
from digest.publish.git import BOT
from digest.publish.github import GitHub, GitHubError, read
from digest.publish.github_issues import Issue, close, issues, mark, stamp
from digest.publish.issue import DEFAULT_CONFIG

LABEL = "digest"
COUNTED = timedelta(days=14)  # after the digest's date, runs still read ticks and comments
LONGEST_BODY = 65_536  # characters, by GitHub
_MARK = "preprint-digest-daily"
_LONGEST_REASON, _LONGEST_WARNING = 300, 600
_UNPROCESSABLE = 422
_IN_ADDRESSES = ":/?=&%~+,;"

_BOX = re.compile(rf"- \[([ xX])\] R\d+(?: N\d+)? \[.*?\]\(https://arxiv\.org/abs/({ID})\)(?::|$)")
_HOW = (
    "If you untick a box, its vote is taken back. A comment with the line `+1 ID` likes a paper,"
    " `-1 ID` dislikes it, also one that is not listed here; several ids may stand in a line. A"
    " number in place of an id counts from the top of the list: `-1 3` is the third paper. Only"
    " votes of people with write access to this repository count."
)


class Box(NamedTuple):
    id: str
    is_ticked: bool


class Daily(NamedTuple):
    """An issue that shows the digest of a date."""

    issue: Issue
    date: date


# --- the text ---------------------------------------------------------------------------------


def body(
    digest: Digest,
    page_url: str,
    papers: int,
    *,
    config: str = DEFAULT_CONFIG,
    notes: Sequence[str] = (),
) -> str:
    """The issue in Markdown, at most `LONGEST_BODY` characters: for this, papers are left out.

    `page_url` is the address of the day's page, "" if not known; at most `papers` kept papers are
    listed; `notes` are warnings beside those of the digest.
    """
    kept = []
    for one in digest.kept[:papers]:
        why = "; ".join(filter(None, (*matches(one), one.score.comment)))
        kept.append(_line(one.score, one.paper.id, one.paper.title, why))
    missed = to_tick(digest)
    missed_lines = [_line(b.score, b.id, b.title, b.score.comment) for b in missed]
    drawn = digest.explorer
    explorer = [
        _line(b.score, b.id, b.title, b.score.comment)
        for b in digest.below
        if drawn and b.id == drawn.id
    ]
    until = in_words(digest.date + COUNTED)

    def listing(number: int) -> str:
        """The whole text with so many kept papers and near misses."""
        shown = missed_lines[:number]
        best = kept[: number - len(shown)]
        best_of = f"The best {len(best)} of {count(len(digest.kept), 'kept paper')} are listed"
        parts = [
            f"{totals(digest)}.",
            *(f"> {markdown(one_line(w, _LONGEST_WARNING))}" for w in (*warnings(digest), *notes)),
            "## More like this",
            f"Tick a box to see more papers like that one. Runs until {until} (UTC) read it.",
            f"{best_of}." if len(best) < len(digest.kept) else "",
            f"[All of the day]({quote(page_url, safe=_IN_ADDRESSES)})" if page_url else "",
            "\n".join(best) if digest.kept else "No paper is kept.",
            f"### Near misses, {near(digest, missed)}" if shown else "",
            "\n".join(shown),
            "### Drawn at random from below the cut" if explorer else "",
            "\n".join(explorer),
            "---",
            _HOW,
            mark(_MARK, date=str(digest.date), config=config),
        ]
        return "\n\n".join(filter(None, parts)) + "\n"

    numbers = range(len(kept) + len(missed), -1, -1)
    return next(text for text in map(listing, numbers) if len(text) <= LONGEST_BODY)


def _line(score: Score, paper_id: str, title: str, why: str) -> str:
    """- [ ] R10 N9 [Title](link): reason. `boxes` reads it."""
    name = markdown(one_line(plain(title), LONGEST_TITLE)) or paper_id
    reason = markdown(one_line(plain(why), _LONGEST_REASON))
    line = f"- [ ] {marks(score)} [{name}](https://arxiv.org/abs/{paper_id})"
    return f"{line}: {reason}" if reason else line


def boxes(text: str) -> list[Box]:
    """The boxes of an issue's text, in order. No title can pass for one: its brackets and
    addresses are defused."""
    lines = map(_BOX.match, text.splitlines())
    return [Box(match[2], match[1] != " ") for match in lines if match]


# --- at GitHub --------------------------------------------------------------------------------


def daily_issues(github: GitHub, config: str, **query: object) -> Iterator[Daily]:
    """This digest's daily issues. Raises `GitHubError`.

    Those that a person's token opened are among them, so that none is opened twice. GitHub is asked
    for authors and for the label, not for all: strangers cannot hide ours among thousands.
    """
    by_bot, labelled = issues(github, creator=BOT, **query), issues(github, labels=LABEL, **query)
    for issue in {issue.number: issue for issue in (*by_bot, *labelled)}.values():
        is_ours = issue.is_by_bot or (issue.is_trusted and issue.has_label(LABEL))
        content = issue.mark(_MARK) if is_ours else {}
        if content.get("config") == config:
            try:
                yield Daily(issue, date.fromisoformat(str(content.get("date"))))
            except ValueError:  # somebody has edited it
                continue


def recent(github: GitHub, config: str, now: datetime) -> list[Daily]:
    """Those whose ticks count, open or closed. Raises `GitHubError`."""
    since = stamp(now - COUNTED - timedelta(days=1))  # of their last change
    listed = daily_issues(github, config, state="all", since=since)
    return [daily for daily in listed if daily.date + COUNTED >= now.date()]


def follow(
    github: GitHub,
    digest: Digest,
    page_url: str,
    papers: int,
    now: datetime,
    *,
    config: str = DEFAULT_CONFIG,
) -> str:
    """Open the issue of this digest unless there is one, and close those before it.

    Returns what was done, or why GitHub refused it, as a line.
    """
    if not digest.counts.announced:
        return "no daily issue: nothing was announced"
    if digest.date + COUNTED < now.date():
        return f"no daily issue: its ticks would have counted until {digest.date + COUNTED}"
    done = []
    try:
        known = recent(github, config, now)
        newest = max((daily.date for daily in known), default=date.min)
        if newest > digest.date:
            done.append(f"no daily issue of {digest.date}: there is one of {newest}")
        elif newest == digest.date:
            done.append(f"the daily issue of {digest.date} is there")
        else:
            newest = digest.date
            text = body(digest, page_url, papers, config=config, notes=_inactive(github, now))
            done.extend(_open(github, subject(digest), text))  # as far as it gets
        done += _close_others(github, config, newest)
        for daily in known:
            if not daily.issue.locked:  # GitHub refused it, or the run was stopped
                _lock(github, daily.issue)
    except GitHubError as error:
        done.append(f"{'no daily issue' if not done else 'not all was done'}: {error.explained}")
    return "; ".join(done)


def stop(github: GitHub, config: str) -> list[str]:
    """Close the last one: the digest has none any more, and no next one does it.

    Returns what was done, or why GitHub refused it, in a line; nothing if none is open.
    """
    try:
        return [f"daily issues {done}" for done in _close_others(github, config, date.max)]
    except GitHubError as error:
        return [f"no daily issue is closed: {error.explained}"]


def _inactive(github: GitHub, now: datetime) -> list[str]:
    """The warning that GitHub will stop the schedule, if it is due and can be known."""
    try:
        sentence = activity.warning(activity.last_by_person(github, now), now)
    except GitHubError:  # `doctor` says why
        return []
    return [sentence] if sentence else []


def _open(github: GitHub, title: str, text: str) -> Iterator[str]:
    """Open, label, assign and lock an issue: what was done, clause by clause."""
    _make_label(github)
    owner = github.repository.partition("/")[0]
    content = {"title": title, "body": text, "labels": [LABEL]}
    try:
        answer = github.ask("POST", "issues", **content, assignees=[owner])
    except GitHubError as error:
        if error.status != _UNPROCESSABLE:  # the owner is an organisation
            raise
        answer = github.ask("POST", "issues", **content)
    issue = read(answer, Issue)
    yield f"daily issue {issue.number} opened"
    if not issue.is_by_bot:
        yield f"its boxes do not count, for {issue.author} opened it: use Actions' GITHUB_TOKEN"
    if owner not in (user.login for user in issue.assignees):
        yield f"GitHub did not assign it to {owner}: to get it by mail, watch the repository"
    _lock(github, issue)


def _lock(github: GitHub, issue: Issue) -> None:
    """Keep strangers from commenting. Those who may write still can."""
    github.ask("PUT", f"issues/{issue.number}/lock")


def _make_label(github: GitHub) -> None:
    try:
        github.ask("POST", "labels", name=LABEL, color="0e8a16", description="A day's papers")
    except GitHubError as error:
        if error.status != _UNPROCESSABLE:  # there is one
            raise


def _close_others(github: GitHub, config: str, newest: date) -> list[str]:
    """Close all but the first one of the newest date: two runs at once may have opened two.

    `newest` is that of the issues that are known, open or closed.
    """
    opened = [*daily_issues(github, config, state="open")]
    newest = max([newest, *(daily.date for daily in opened)])
    first = min((daily.issue.number for daily in opened if daily.date == newest), default=0)
    others = [daily.issue.number for daily in opened if daily.issue.number != first]
    for number in others:
        close(github, number)
    return [f"closed: {', '.join(map(str, others))}"] if others else []
