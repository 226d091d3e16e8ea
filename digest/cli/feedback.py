"""`digest votes` and `digest learn`: what the reader liked, and what was learned from it."""

from __future__ import annotations

import json
import logging
from argparse import Namespace
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path

import requests

from digest.archive import feedback, layout, store
from digest.archive.store import Archive
from digest.arxiv.search_api import fetch_papers
from digest.cli import environment
from digest.cli.resources import alone, archive_state, arxiv_session, now
from digest.core import calendar
from digest.core.config import Config, load_config
from digest.core.errors import ArchiveError, ConfigError, FeedError, RunStatus, ScoringError
from digest.core.papers import pasted_id
from digest.core.tex import plain
from digest.core.text import inert, one_line
from digest.core.votes import (
    DISLIKED,
    LIKED,
    TAKEN_BACK,
    Vote,
    VotedPaper,
    VoteSource,
    merged,
)
from digest.core.wording import count
from digest.publish import ballots, clone, daily_issue
from digest.publish.github import GitHub
from digest.run import feedback as waiting
from digest.run import unfinished
from digest.run.learning import strongest_words, with_pulled
from digest.run.report import DayReport, RunReport
from digest.scoring import explanation

log = logging.getLogger("digest")

# The exit codes of runs that have pushed the days that they recorded.
PUSHED = (0, ScoringError.exit_code, FeedError.exit_code)
ISSUE_AGE = timedelta(days=3)  # of the newest day, at most: Friday's is still news on Monday
STRONGEST = 12  # words for, and as many against
NOTHING_LEARNED = "nothing was learned yet"
_WORDS = {LIKED: "liked", DISLIKED: "disliked", TAKEN_BACK: "taken back"}
_SIGNS = {"+1": LIKED, "-1": DISLIKED}
_KEYS = {field.name for field in fields(Vote)}
_LONGEST_TITLE = 100
_LONGEST_ENTRY = 60
WITHOUT_GITHUB = "GitHub is not asked: there is no GITHUB_TOKEN, or no GITHUB_REPOSITORY"


# --- votes ------------------------------------------------------------------------------------


def show_votes(arguments: Namespace, report: RunReport) -> None:
    """Every vote, also those that wait for the next day's commit."""
    config, folder = _settings(arguments)
    known = with_pulled(config.out, folder)
    texts = feedback.texts(config.out, known.votes, known.liked)
    titles = {paper_id: paper.title for paper_id, paper in texts.items()}
    report.text = "\n".join(_row(vote, titles.get(vote.id, "")) for vote in known.votes)
    report.details["votes"] = [
        {
            "id": vote.id,
            "vote": vote.vote,
            "date": vote.date and str(vote.date),
            "source": vote.source,
            "title": titles.get(vote.id),
        }
        for vote in known.votes
    ]
    report.add(DayReport(RunStatus.UNCHANGED, count(len(known.votes), "vote")))


def _row(vote: Vote, title: str) -> str:
    day = vote.date or "no digest"
    title = inert(one_line(plain(title), _LONGEST_TITLE))
    return f"{vote.id:<17} {_WORDS[vote.vote]:<10}  {day!s:<10}  {vote.source:<7}  {title}".rstrip()


def add_votes(arguments: Namespace, report: RunReport) -> None:
    value = DISLIKED if arguments.dislike else LIKED
    _vote_by_hand(arguments, dict.fromkeys(_ids(arguments.ids), value), report)


def remove_votes(arguments: Namespace, report: RunReport) -> None:
    """A vote that is taken back stays, as 0: it wins over a box that is still ticked."""
    _vote_by_hand(arguments, dict.fromkeys(_ids(arguments.ids), TAKEN_BACK), report)


def import_votes(arguments: Namespace, report: RunReport) -> None:
    path: Path = arguments.file
    try:
        votes = parse_votes(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: cannot be read: not UTF-8: save it as UTF-8") from error
    except ConfigError as error:
        raise ConfigError(*(f"{path}, {mistake}" for mistake in error.mistakes)) from error
    _vote_by_hand(arguments, votes, report)


def parse_votes(text: str) -> dict[str, int]:
    """The vote for each id in a file: JSON objects (one a line, or as an array) like the lines of
    votes.jsonl, or lines of ids, which are likes unless they begin with -1. The last one counts.

    Raises `ConfigError` with a line for each mistake.
    """
    votes: dict[str, int] = {}
    mistakes = []
    for place, entry in _entries(text):
        ids: Sequence[object] = [entry]
        vote: object = LIKED
        if isinstance(entry, dict):
            ids, vote = [entry.get("id")], entry.get("vote", LIKED)
        elif isinstance(entry, str):
            sign, *rest = words = entry.split() or [""]
            ids, vote = (rest, _SIGNS[sign]) if sign in _SIGNS else (words, LIKED)
        try:
            if isinstance(entry, dict) and (others := entry.keys() - _KEYS):
                known = ", ".join(sorted(_KEYS))
                raise ConfigError(f"{_quoted(min(others))} is no key of a vote: they are {known}")
            if not isinstance(vote, int) or vote not in _WORDS:
                raise ConfigError(f"the vote is {_quoted(vote)}: write 1, -1 or 0")
            votes |= dict.fromkeys(_ids(ids), int(vote))
        except ConfigError as error:
            mistakes += [f"{place}: {mistake}" for mistake in error.mistakes]
    if mistakes:
        raise ConfigError(*mistakes)
    return votes


def _entries(text: str) -> Iterator[tuple[str, object]]:
    """Each entry of the file, with its place."""
    whole = _json(text)
    if isinstance(whole, dict) and "starred" in whole:  # as pages of older versions export them
        whole = whole["starred"]
    if isinstance(whole, list):
        yield from ((f"entry {number}", entry) for number, entry in enumerate(whole, start=1))
        return
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            yield f"line {number}", _json(line) if line.lstrip().startswith("{") else line


def _json(text: str) -> object:
    """The value, or the text itself if it is no JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _ids(texts: Iterable[object]) -> list[str]:
    """The ids in what was pasted. Raises `ConfigError` that names each that is none."""
    ids = [(text, pasted_id(text) if isinstance(text, str) else None) for text in texts]
    mistakes = [
        f"{_quoted(text)} is no arXiv id: write 2601.20868, or the address of the paper's page"
        for text, paper_id in ids or [("", None)]
        if paper_id is None
    ]
    if mistakes:
        raise ConfigError(*mistakes)
    return [paper_id for _, paper_id in ids if paper_id]


def _quoted(text: object) -> str:
    return repr(one_line(str(text), _LONGEST_ENTRY))


def _vote_by_hand(arguments: Namespace, values: Mapping[str, int], report: RunReport) -> None:
    """Write these votes into the archive, with the texts of papers that no record keeps."""
    config, _ = _settings(arguments)
    with alone(arguments.config.parent):
        clone.require_archive(config.out)
        archived = feedback.read(config.out)
        shown = Archive(config.out).scored_on(values)
        new = {i: Vote(i, value, shown.get(i), VoteSource.HAND) for i, value in values.items()}
        old = {vote.id: vote for vote in archived.votes}
        texts = feedback.texts(config.out, new.values(), archived.liked)
        papers, missing = _fetch_texts(config, new.values(), texts, report)
        votes = old | {i: vote for i, vote in new.items() if i not in missing}
        changed = [vote for i, vote in votes.items() if old.get(i) != vote]
        now_archived = replace(
            archived, votes=tuple(votes.values()), liked=(*archived.liked, *papers)
        )
        written = archive_state(config, now_archived)
    if not written:
        report.add(DayReport(RunStatus.UNCHANGED, "no vote has changed"))
        return
    reason = f"{count(len(changed), 'vote')} written into {config.out / feedback.VOTES}"
    report.add(DayReport(RunStatus.UPDATED, reason))


def pull_votes(arguments: Namespace, report: RunReport) -> None:
    """Read the votes in GitHub's issues, and fetch the texts that voted papers lack. All of it
    waits in `.digest/` for the next day's commit."""
    config, folder = _settings(arguments)
    with alone(arguments.config.parent), requests.Session() as session:
        github, reason = environment.github(session), WITHOUT_GITHUB
        clone.require_archive(config.out)
        archived, earlier = feedback.read(config.out), waiting.pulled(folder)
        if merged(archived.votes, earlier) == archived.votes:
            earlier = replace(earlier, votes=(), boxes=frozenset())  # all of it is archived
        read = ballots.Found()
        if github:
            shown = Archive(config.out).scored_on
            read = ballots.pull(github, now(), shown, config=str(arguments.config))
            reason = f"{count(len(read.pulled.votes), 'vote')} in GitHub's issues"
        for sentence in read.sentences:
            log.info("%s", sentence)
        found = replace(
            earlier,
            votes=merged(earlier.votes, read.pulled),
            boxes=earlier.boxes | read.pulled.boxes,
        )
        votes = merged(archived.votes, found)
        texts = feedback.texts(config.out, votes, (*archived.liked, *found.papers))
        papers, missing = _fetch_texts(config, votes, earlier.unknown | texts.keys(), report)
        in_archive = {paper.id for paper in archived.liked}
        unknown = earlier.unknown | missing
        found = replace(
            found,
            votes=tuple(vote for vote in found.votes if vote.id not in unknown),
            papers=tuple(p for p in (*found.papers, *papers) if p.id not in in_archive),
            unknown=unknown,
        )
        waiting.keep(folder, found)
        refused = ballots.answer(github, read.sent, unknown) if github else []
    for problem in (*read.problems, *refused):
        _note(report, problem)
    report.add(DayReport(RunStatus.UNCHANGED, reason))


def _fetch_texts(
    config: Config, votes: Iterable[Vote], known: Collection[str], report: RunReport
) -> tuple[list[VotedPaper], set[str]]:
    """Fetch the texts of the voted papers that are not among `known`, all in one go.

    Returns them, and the ids that arXiv does not have. If arXiv fails, the votes count all the
    same, and the report says so.
    """
    lacking = {v.id: v for v in votes if v.vote != TAKEN_BACK and v.id not in known}
    if not lacking:
        return [], set()
    try:
        with arxiv_session(config) as session:
            papers = fetch_papers(session, config.arxiv.api_url, lacking)
    except FeedError as error:
        texts = "the text" if len(lacking) == 1 else f"{len(lacking)} texts"
        _note(report, f"{error}; the votes count, and `digest votes pull` fetches {texts} later")
        return [], set()
    missing = {i for i, vote in lacking.items() if i not in papers and vote.date is None}
    for paper_id in sorted(missing):
        _note(report, f"{paper_id}: arXiv has no such paper, so the vote does not count")
    return [VotedPaper(p.id, p.title, p.abstract) for p in papers.values()], missing


def _note(report: RunReport, note: str) -> None:
    log.warning("%s", note)
    report.notes.append(note)


def _settings(arguments: Namespace) -> tuple[Config, Path]:
    """The settings, and the folder of what waits for a run."""
    config = environment.completed(load_config(arguments.config))
    return config, arguments.config.parent / unfinished.FOLDER


# --- the daily issue --------------------------------------------------------------------------


def open_issue(github: GitHub, path: Path) -> list[str]:
    """Open the issue of the newest day, if the settings at `path` ask for one and the day is news;
    close the last one if they ask for none.

    Returns what was done, in a line; nothing if there was nothing to do.
    """
    try:
        config = environment.completed(load_config(path))
        if not config.feedback.issue:
            return daily_issue.stop(github, str(path))
        days = store.read_days(config.out)[-1:]
        today = calendar.today_eastern(now())
        if not any(day.has_page and today - day.date <= ISSUE_AGE for day in days):
            return []
        digest = Archive(config.out).listed_day(days[-1].date)
    except ConfigError:  # the run has reported it
        return []
    except ArchiveError as error:
        return [f"no daily issue: {error}"]
    site = config.site.url
    page = f"{site.rstrip('/')}/{layout.day_file(digest.date, '.html')}" if site else ""
    papers = config.feedback.papers
    return [daily_issue.follow(github, digest, page, papers, now(), config=str(path))]


# --- what was learned -------------------------------------------------------------------------


def learn(arguments: Namespace, report: RunReport) -> None:
    """Show what the learner knows, or take it back."""
    config, _ = _settings(arguments)
    if arguments.show:
        _show_learned(config, report)
        return
    with alone(arguments.config.parent):
        learned = feedback.read_learned(config.out)
        if learned is None:
            report.add(DayReport(RunStatus.UNCHANGED, NOTHING_LEARNED))
            return
        rest = explanation.forget(learned, arguments.forget) if arguments.forget else None
        if rest == learned:
            report.add(DayReport(RunStatus.UNCHANGED, "nothing was learned about that"))
            return
        archive_state(config, replace(feedback.read(config.out), learned=rest))
    what = "all that was learned is"
    if rest:
        what = count(len(learned.weights) - len(rest.weights), "word or pair", "words and pairs")
    report.add(DayReport(RunStatus.UPDATED, f"{what} forgotten"))


def _show_learned(config: Config, report: RunReport) -> None:
    known = feedback.read(config.out)
    learned, votes = known.learned, sum(vote.vote != TAKEN_BACK for vote in known.votes)
    if learned is None:
        report.add(DayReport(RunStatus.UNCHANGED, f"{NOTHING_LEARNED}; {count(votes, 'vote')}"))
        return
    archive = Archive(config.out)
    dates = [day.date for day in archive.days]
    words = strongest_words(learned, dates, archive.listed_day, STRONGEST)
    liked = [word.text for word in words if word.weight > 0]
    disliked = [word.text for word in words if word.weight < 0]
    report.text = f"for:      {', '.join(liked)}\nagainst:  {', '.join(disliked)}"
    report.details["learned"] = {
        "since": str(learned.since),
        "through": str(learned.through),
        "days": learned.days,
        "papers": learned.papers,
        "votes": votes,
        "for": liked,
        "against": disliked,
    }
    reason = (
        f"learned from {learned.since} through {learned.through}: {count(learned.days, 'day')},"
        f" {count(learned.papers, 'paper')}; besides {count(votes, 'vote')}"
    )
    report.add(DayReport(RunStatus.UNCHANGED, reason))
