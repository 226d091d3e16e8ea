"""What each command does: settings and environment in, a filled report out.

`main` imports this module after the arguments are parsed, so that `digest --help` answers at once.
"""

from __future__ import annotations

import json
import logging
import sys
from argparse import Namespace
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import requests

from digest.archive import layout
from digest.arxiv import fetch, http_cache
from digest.arxiv.past import Past
from digest.cli import environment, feedback, init, library
from digest.cli.options import DEMO_OUT
from digest.cli.output import print_safely
from digest.cli.resources import alone, arxiv_session, now
from digest.core import calendar
from digest.core.config import Config, load_config, require_own_folder
from digest.core.errors import ConfigError, RunStatus
from digest.core.files import write
from digest.core.scores import ScoredBy, Topics
from digest.core.wording import count
from digest.doctor import examine, repository
from digest.doctor.setup import Setup
from digest.doctor.verdict import State
from digest.evaluation import command as evaluation
from digest.evaluation import compare
from digest.publish import clone, issue
from digest.run import check, daily, output, unfinished
from digest.run.job import Job
from digest.run.report import DayReport, RunReport
from digest.scoring import fit, prompt, topics_text
from digest.scoring.topics import parse_topics

log = logging.getLogger("digest")


# --- digests ----------------------------------------------------------------------------------


def run(arguments: Namespace, report: RunReport) -> None:
    """Digests of the feeds that are named; else of the days that were missed and of today."""
    if arguments.limit and arguments.rescore:
        raise ConfigError("--limit with --rescore would throw scores away: use one of them")
    _require_commits_to_push(arguments, are_made=not (arguments.no_commit or arguments.limit))
    config = load_config(arguments.config)
    if arguments.out is not None:
        require_own_folder(arguments.out, arguments.config.parent, config.prompts)
    config = environment.completed(
        replace(
            config,
            scorer=ScoredBy(arguments.scorer or config.scorer),
            out=arguments.out or config.out,
        )
    )
    report.site = config.site.url
    if config.scorer is ScoredBy.MODEL and environment.is_fresh_fork(config.out):
        reason = f"nothing is published yet: {environment.NO_KEY}"
        report.add(DayReport(RunStatus.NOT_SET_UP, reason))
        return
    with nullcontext() if arguments.dry_run else alone(arguments.config.parent):
        _make_digests(arguments, config, report)


def _make_digests(arguments: Namespace, config: Config, report: RunReport) -> None:
    commits = not (arguments.no_commit or arguments.limit or arguments.dry_run)
    job = replace(
        _job(arguments, config, commits=commits, pays=not arguments.dry_run),
        limit=arguments.limit,
        dry_run=arguments.dry_run,
        replay=bool(arguments.feed),
    )
    _note_topics(config, job.scorer.topics, report)
    if arguments.dry_run:
        _show(job.scorer.topics, report)
    with arxiv_session(config) as session:
        if arguments.feed:
            daily.replay(job, fetch.replay(arguments.feed, session), report)
            return
        today = calendar.today_eastern(now())
        answers = http_cache.Answers(job.unfinished / http_cache.FOLDER)
        past = Past(session, config.arxiv, min(arguments.date or today, today))
        feeds = partial(fetch.fetch, config, session, answers)
        daily.run(job, arguments.date or today, feeds, past, report)


def catch_up(arguments: Namespace, report: RunReport) -> None:
    _require_commits_to_push(arguments, are_made=not arguments.no_commit)
    config = environment.completed(load_config(arguments.config))
    report.site = config.site.url
    today = calendar.today_eastern(now())
    first = arguments.since or arguments.date
    days = [day for day in calendar.between(first, today) if day == first or arguments.since]
    if not days:
        raise ConfigError(f"{first}: no past announcement day: name one before {today}")
    with alone(arguments.config.parent), arxiv_session(config) as session:
        job = _job(arguments, config, commits=not arguments.no_commit)
        _note_topics(config, job.scorer.topics, report)
        daily.catch_up(job, days, Past(session, config.arxiv, today), report)


def _note_topics(config: Config, topics: Topics, report: RunReport) -> None:
    """Warn of what was not sure how to read in `topics.md`, and of the shipped topics in a
    repository that follows something else."""
    path = config.prompts / prompt.TOPICS
    sentences = [f"{path}: {note}" for note in topics.notes]
    sentences.append(fit.of_other_field(topics, config.categories, config.prompts))
    for sentence in filter(None, sentences):
        log.warning("%s", sentence)
        report.notes.append(sentence)


def demo(arguments: Namespace, report: RunReport) -> None:
    """A digest of the sample feeds, with the embedded scorer."""
    config = replace(load_config(arguments.config), scorer=ScoredBy.EMBEDDED, out=DEMO_OUT)
    _require_own_site(DEMO_OUT)
    scorer, state = environment.scorer(config), DEMO_OUT / unfinished.FOLDER
    job = Job(config, scorer, now, state, commit=False, rescore=True)
    with as_file(files("digest.cli") / "sample") as sample, arxiv_session(config) as session:
        days = fetch.replay([str(path) for path in sorted(sample.glob("*.xml"))], session)
    with alone(DEMO_OUT):
        daily.replay(job, days, report)
    print(f"Look at it: {(DEMO_OUT / 'index.html').resolve().as_uri()}", file=sys.stderr)


def note_trouble(arguments: Namespace, report: RunReport) -> None:
    """Note why today's run failed, so that the next digest can say why there was none before it.

    Not for what the person who just typed the command has read already.
    """
    is_daily = arguments.command == "run" and not (arguments.feed or arguments.dry_run)
    was_read = report.exit_code <= ConfigError.exit_code and not environment.in_actions()
    if is_daily and report.failure and not was_read:
        day = report.failure.date or arguments.date or calendar.today_eastern(now())
        folder = arguments.config.parent / unfinished.FOLDER
        unfinished.note_trouble(folder, day, report.failure.reason)


# --- the archive ------------------------------------------------------------------------------


def render(arguments: Namespace, report: RunReport) -> None:
    config = environment.completed(load_config(arguments.config))
    to = arguments.to or config.out
    in_place = to.resolve() == config.out.resolve()
    with alone(arguments.config.parent) if in_place else nullcontext():
        clone.require_archive(config.out)
        _require_own_site(to)
        written = output.render(config.out, to, config.site, learned=config.feedback.learned)
    status = RunStatus.UPDATED if written else RunStatus.UNCHANGED
    report.add(DayReport(status, f"{count(len(written), 'file')} written"))


def check_archive(arguments: Namespace, report: RunReport) -> None:
    """Verify the archive and, if asked, repair what can be derived from the days' files."""
    config = environment.completed(load_config(arguments.config))
    repaired, learned = 0, config.feedback.learned
    with alone(arguments.config.parent) if arguments.repair else nullcontext():
        clone.require_archive(config.out)
        findings = check.check(config.out, config.site, learned=learned)
        if findings and arguments.repair:
            remaining = check.repair(config.out, config.site, learned=learned)
            repaired = len(findings) - len(remaining)
            findings = remaining
    if findings:
        report.fail(RunStatus.FINDINGS, "\n".join(map(str, findings)), 1)
    elif repaired:
        report.add(DayReport(RunStatus.UPDATED, f"{count(repaired, 'finding')} repaired"))
    else:
        report.add(DayReport(RunStatus.UNCHANGED, "the archive holds together"))


# --- the set-up -------------------------------------------------------------------------------


def check_setup(arguments: Namespace, report: RunReport) -> None:
    """The doctor: each check is printed as soon as it is done."""
    folder = arguments.config.parent
    checks = []
    with requests.Session() as session:
        setup = Setup(
            load=lambda: environment.completed(load_config(arguments.config)),
            key=environment.key,
            base_url=environment.base_url,
            session=arxiv_session,
            github=environment.github(session, repository.github_remote(folder)),
            home=folder,
            now=now(),
            secrets=environment.secrets(),
            workflow=environment.workflow(),
        )
        for result in examine.examine(setup):
            checks.append(result)
            if not arguments.json:
                print_safely(str(result))
    report.details = {"checks": [result.as_dict() for result in checks]}
    warnings = examine.in_state(State.WARNING, checks)
    report.notes = [f"{result.name}: {result.words}" for result in warnings]
    if problems := examine.in_state(State.PROBLEM, checks):
        lines = [f"{problem.name}: {problem.words}" for problem in problems]
        report.fail(RunStatus.FINDINGS, "\n".join(lines), 1)
    else:
        report.add(DayReport(RunStatus.UNCHANGED, examine.summary(checks)))


def show_topics(arguments: Namespace, report: RunReport) -> None:
    """How `topics.md` is read; with `--write` it is put into the explicit form, with `--from`
    drafted from a library."""
    if arguments.library:
        library.draft_topics(arguments, report)
        return
    if arguments.like or arguments.force:
        raise ConfigError("--like and --force are about the papers of --from FILE: name a file")
    folder = load_config(arguments.config).prompts
    path = folder / prompt.TOPICS
    topics = prompt.load_topics(folder)
    _show(topics, report)
    report.notes = list(topics.notes)
    read = f"{path}: {count(len(topics.topics), 'topic')}"
    if not arguments.write:
        report.add(DayReport(RunStatus.UNCHANGED, read))
        return
    written = path.read_bytes()
    text = topics_text.explicit(topics, written.decode("utf-8-sig"))
    if topics_text.as_dict(parse_topics(text)) != topics_text.as_dict(topics):
        raise ConfigError(
            f"{path}: has no explicit form that reads the same, so it was not changed:"
            " put a heading '## …' above each topic by hand"
        )
    if text.encode() == written:
        report.add(DayReport(RunStatus.UNCHANGED, f"{read}, in the explicit form already"))
        return
    write(path.resolve(), text.encode())
    report.add(DayReport(RunStatus.UPDATED, f"{read}, written with a heading and a label for each"))


def _show(topics: Topics, report: RunReport) -> None:
    report.text = topics_text.describe(topics)
    report.details["topics"] = topics_text.as_dict(topics) | {"notes": list(topics.notes)}


def evaluate(arguments: Namespace, report: RunReport) -> None:
    """How well one or two prompts, or saved scores, rank labelled papers; or how good the list is
    for the reader who votes."""
    if arguments.votes:
        if arguments.compare or arguments.save or arguments.k or arguments.scorer:
            raise ConfigError("--votes looks at the list as it was: use it without other options")
        evaluation.for_the_reader(load_config(arguments.config).out, report)
        return
    if arguments.save:
        evaluation.require_place(arguments.save, arguments.labels, arguments.compare)
    config = environment.completed(load_config(arguments.config))
    config = replace(config, scorer=ScoredBy(arguments.scorer or config.scorer))
    paths = arguments.compare or [config.prompts]
    contenders = [evaluation.contender(path, config, environment.scorer) for path in paths]
    with arxiv_session(config) as session:
        labelled = evaluation.labelled_by(arguments.labels or arguments.since, config, session)
    state, k = arguments.config.parent / unfinished.FOLDER, arguments.k or compare.K
    evaluation.measure(labelled, contenders, config, state, k, report, arguments.save)


def start(arguments: Namespace, report: RunReport) -> None:
    """Write a starter repository."""
    named = arguments.action
    action = init.require_action(named) if named else init.action_of() or init.PLACEHOLDER
    written, existing = init.write(arguments.folder, action)
    reason = f"{count(len(written), 'file')} written"
    if existing:
        reason += f"; not changed: {', '.join(existing)}"
    report.add(DayReport(RunStatus.UPDATED if written else RunStatus.UNCHANGED, reason))
    report.text = init.next_steps(arguments.folder, action)


def update_issue(arguments: Namespace, report: RunReport) -> None:
    """Open, update or close the outage issue, and open the newest day's issue. Never fails: the run
    has its own exit code."""
    last, page = _read_report(arguments.report), environment.run_page()
    attempt = issue.Attempt(last, arguments.exit_code, page, now(), str(arguments.config))
    with requests.Session() as session:
        if github := environment.github(session):
            done = [issue.follow(github, attempt)]
            if arguments.exit_code in feedback.PUSHED:
                done += feedback.open_issue(github, arguments.config)
        else:
            done = [issue.NO_GITHUB]
    report.add(DayReport(RunStatus.UNCHANGED, "; ".join(done)))


def _read_report(path: Path) -> dict[str, Any]:
    """The report that `run --json` printed last into this file; {} if there is none."""
    try:
        report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8").splitlines()[-1])
    except (OSError, ValueError, IndexError) as error:  # for example because the run was killed
        log.info("%s: holds no report: %s", path, error)
        return {}
    return report


COMMANDS = {
    "run": run,
    "catch-up": catch_up,
    "demo": demo,
    "render": render,
    "check": check_archive,
    "doctor": check_setup,
    "topics": show_topics,
    "eval": evaluate,
    "issue": update_issue,
    "init": start,
    "votes list": feedback.show_votes,
    "votes add": feedback.add_votes,
    "votes remove": feedback.remove_votes,
    "votes import": feedback.import_votes,
    "votes pull": feedback.pull_votes,
    "learn": feedback.learn,
}


# --- what several commands need ---------------------------------------------------------------


def _job(arguments: Namespace, config: Config, *, commits: bool, pays: bool = True) -> Job:
    """Build the `Job`, once it is certain that it can be done and does no harm.

    Raises a `DigestError` if `out` holds somebody else's pages, the archive is not checked out,
    there is no key, git cannot be used, or a push would publish the user's own commits.
    """
    clone.require_archive(config.out)
    if pays:
        _require_own_site(config.out)
    environment.require_no_secret(arguments.config, config.prompts)
    scorer = environment.scorer(config, pays=pays)
    if commits:
        clone.require_repository(config.out)
    if arguments.push:
        clone.require_pushed(config.out)
    return Job(
        config=config,
        scorer=scorer,
        now=now,
        unfinished=arguments.config.parent / unfinished.FOLDER,
        secrets=environment.secrets(),
        commit=commits,
        push=arguments.push,
        rescore=arguments.rescore,
    )


def _require_commits_to_push(arguments: Namespace, *, are_made: bool) -> None:
    if arguments.push and not are_made:
        raise ConfigError("--push pushes commits, and none would be made: leave one of them out")


def _require_own_site(out: Path) -> None:
    """Raise `ConfigError` if the folder holds pages of another program."""
    if foreign := layout.other_site(out):
        raise layout.not_ours(foreign)
