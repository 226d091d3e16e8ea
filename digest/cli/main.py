"""The command line: wiring, exit codes, what is printed and what GitHub Actions is told.

Imports of the rest of the package stand inside the commands, so that `digest --help` answers at
once.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
import traceback
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from digest.cli import environment
from digest.cli.options import DEMO_OUT, parser
from digest.core.errors import AnotherRun, ConfigError, DigestError
from digest.core.models import RunStatus
from digest.core.scores import ScoredBy
from digest.core.secrets import Secrets

if TYPE_CHECKING:
    import requests

    from digest.core.config import Config
    from digest.run.job import Job
    from digest.run.report import RunReport

log = logging.getLogger("digest")

INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code. Expected failures print one line and no traceback."""
    given = sys.argv[1:] if argv is None else argv
    arguments: Namespace | ConfigError
    try:
        arguments = parser().parse_args(given)  # --help and --version end here
    except ConfigError as error:
        arguments = error
    from digest.run.report import DayReport, RunReport

    started = time.monotonic()
    report, secrets = RunReport(), Secrets(environment.secrets())
    with _log_on_stderr("-v" in given or "--verbose" in given, secrets), _sigterm_as_interrupt():
        try:
            if isinstance(arguments, ConfigError):
                raise arguments
            _COMMANDS[arguments.command](arguments, report)
        except AnotherRun as other:
            report.add(DayReport(other.status, str(other)))
        except DigestError as error:
            report.fail(error.status, secrets.scrub(str(error)), error.exit_code)
            if isinstance(arguments, Namespace):
                _note_trouble(arguments, report)
        except KeyboardInterrupt:
            report.fail(RunStatus.INTERRUPTED, "interrupted; run it again to go on", INTERRUPTED)
        except Exception as error:  # noqa: BLE001 - a fault of ours: shown whole, but for secrets
            print(secrets.scrub("".join(traceback.format_exception(error))), file=sys.stderr)
            why = f"a fault of this program ({type(error).__name__}): please report it, with the"
            report.fail(RunStatus.ERROR, f"{why} lines above", 1)
    report = secrets.scrub(report)
    for line in report.complaints():
        print(line, file=sys.stderr)
    if "--json" in given:
        if environment.in_actions() and report.days:  # where the log is what people read
            print(report.to_text(), file=sys.stderr)
        _print(report.to_json(time.monotonic() - started))
    elif report.days:
        _print(report.to_text())
    if "issue" not in given[:1]:
        _tell_github(report)
    return report.exit_code


def _note_trouble(arguments: Namespace, report: RunReport) -> None:
    """So that the next digest can say why there was none before it."""
    from digest.core import calendar
    from digest.run import unfinished

    lasting = arguments.command == "run" and not (arguments.feed or arguments.dry_run)
    told = report.exit_code <= ConfigError.exit_code and not environment.in_actions()
    if lasting and report.failure and not told:  # to the person who has just mistyped something
        day = report.failure.date or arguments.date or calendar.today_eastern(_now())
        folder = arguments.config.parent / unfinished.FOLDER
        unfinished.note_trouble(folder, day, report.failure.reason)


def _print(text: str) -> None:
    """To stdout, where somebody still listens: a closed pipe or a full disk changes nothing."""
    try:
        print(text, flush=True)
    except UnicodeEncodeError:  # titles, on a terminal that knows few signs
        print(text.encode("ascii", "replace").decode(), flush=True)
    except OSError as error:
        print(f"digest: the report could not be printed: {error.strerror}", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at exit


def _tell_github(report: RunReport) -> None:
    """In GitHub Actions: the step's outputs, annotations, and its part of the job summary."""
    report.repository = environment.repository_page()
    if environment.in_actions():
        print(report.to_annotations(), end="", file=sys.stderr)
    for variable, make in (
        ("GITHUB_OUTPUT", report.to_outputs),
        ("GITHUB_STEP_SUMMARY", report.to_summary),
    ):
        if path := os.environ.get(variable):
            try:
                with Path(path).open("a", encoding="utf-8") as file:
                    file.write(make())
            except OSError as error:
                print(f"digest: {variable}: cannot be written: {error.strerror}", file=sys.stderr)


@contextmanager
def _log_on_stderr(verbose: bool, secrets: Secrets) -> Iterator[None]:
    from digest.run.report import LogFormatter

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LogFormatter(secrets))
    log.addHandler(handler)
    log.setLevel(logging.DEBUG if verbose else logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(handler)


@contextmanager
def _sigterm_as_interrupt() -> Iterator[None]:
    """A polite kill, such as a cancelled workflow's, ends a run as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():  # signals are not its business
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the lock of the settings' folder. Raises `AnotherRun` if another process does."""
    from digest.run import lock, unfinished

    with lock.held(folder / unfinished.FOLDER, _now()):
        yield


# --- commands ---------------------------------------------------------------------------------


def _run(arguments: Namespace, report: RunReport) -> None:
    from digest.core.config import load_config, require_own_folder
    from digest.run.report import DayReport

    if arguments.limit and arguments.rescore:
        raise ConfigError("--limit with --rescore would throw scores away: use one of them")
    if arguments.push and (arguments.no_commit or arguments.limit):
        raise ConfigError("--push pushes commits, and none would be made: leave one of them out")
    config = load_config(arguments.config)
    if arguments.out is not None:
        require_own_folder(arguments.out, arguments.config.parent, config.prompts)
    config = replace(
        config,
        scorer=ScoredBy(arguments.scorer or config.scorer),
        out=arguments.out or config.out,
    )
    config = environment.completed(config)
    report.site = config.site.url
    if config.scorer is ScoredBy.MODEL and environment.is_fresh_fork(config.out):
        report.add(
            DayReport(RunStatus.NOT_SET_UP, f"nothing is published yet: {environment.NO_KEY}")
        )
        return
    with nullcontext() if arguments.dry_run else _alone(arguments.config.parent):
        _make_digests(arguments, config, report)


def _make_digests(arguments: Namespace, config: Config, report: RunReport) -> None:
    """Those of the feeds that were named, or what was missed and today's."""
    from digest.arxiv import fetch, http_cache
    from digest.core import calendar
    from digest.run import daily

    commits = not (arguments.no_commit or arguments.limit or arguments.dry_run)
    job = replace(
        _job(arguments, config, commits=commits, pays=not arguments.dry_run),
        limit=arguments.limit,
        dry_run=arguments.dry_run,
        replay=bool(arguments.feed),
    )
    with _session(config) as session:
        if arguments.feed:
            daily.replay(job, fetch.replay(arguments.feed, session), report)
            return
        today = arguments.date or calendar.today_eastern(_now())
        answers = http_cache.Answers(job.unfinished / http_cache.FOLDER)
        arxiv = daily.Arxiv(
            lambda: fetch.fetch(config, session, answers),
            fetch.Past(session, config.arxiv, min(today, calendar.today_eastern(_now()))),
        )
        daily.run(job, today, arxiv, report)


def _catch_up(arguments: Namespace, report: RunReport) -> None:
    from digest.arxiv import fetch
    from digest.core import calendar
    from digest.core.config import load_config
    from digest.run import daily

    if arguments.push and arguments.no_commit:
        raise ConfigError("--push pushes commits, and none would be made: leave one of them out")
    config = environment.completed(load_config(arguments.config))
    report.site = config.site.url
    today = calendar.today_eastern(_now())
    days = calendar.between(arguments.since or arguments.date, today)
    if arguments.date:
        days = days[:1] if days[:1] == [arguments.date] else []
    if not days:
        asked = arguments.date or arguments.since
        raise ConfigError(f"{asked}: no past announcement day: name one before {today}")
    with _alone(arguments.config.parent), _session(config) as session:
        job = _job(arguments, config, commits=not arguments.no_commit)
        daily.catch_up(job, days, fetch.Past(session, config.arxiv, today), report)


def _job(arguments: Namespace, config: Config, *, commits: bool, pays: bool = True) -> Job:
    """Build the `Job`. Raises a `DigestError` if it could not be done or would do harm: `out` holds
    somebody else's pages, the archive is not checked out, there is no key, git cannot do its part,
    or a push would publish commits of the user's own."""
    from digest.archive import layout
    from digest.publish import clone
    from digest.run import unfinished
    from digest.run.job import Job

    clone.require_archive(config.out)
    if pays and (foreign := layout.other_site(config.out)):
        raise layout.not_ours(foreign)
    environment.require_no_secret(arguments.config, config.prompts)
    scorer = environment.scorer(config, pays=pays)
    if commits:
        clone.require_repository(config.out)
    if arguments.push:
        clone.require_pushed(config.out)
    return Job(
        config=config,
        scorer=scorer,
        now=_now,
        unfinished=arguments.config.parent / unfinished.FOLDER,
        secrets=Secrets(environment.secrets()),
        commit=commits,
        push=arguments.push,
        rescore=arguments.rescore,
    )


def _session(config: Config) -> requests.Session:
    from digest.arxiv import http

    return http.polite_session(environment.user_agent(config), config.arxiv.delay_s)


def _demo(arguments: Namespace, report: RunReport) -> None:
    from importlib.resources import as_file, files

    from digest.archive import layout
    from digest.arxiv import fetch
    from digest.core.config import load_config
    from digest.run import daily, unfinished
    from digest.run.job import Job

    config = replace(load_config(arguments.config), scorer=ScoredBy.EMBEDDED, out=DEMO_OUT)
    if foreign := layout.other_site(DEMO_OUT):
        raise layout.not_ours(foreign)
    nowhere = DEMO_OUT / unfinished.FOLDER  # the embedded scorer leaves nothing unfinished
    job = Job(config, environment.scorer(config), _now, nowhere, commit=False, rescore=True)
    with as_file(files("digest.cli") / "sample") as sample, _session(config) as session:
        days = fetch.replay([str(path) for path in sorted(sample.glob("*.xml"))], session)
    with _alone(DEMO_OUT):
        daily.replay(job, days, report)
    page = DEMO_OUT / "index.html"
    print(f"Look at it: {page.resolve().as_uri()}", file=sys.stderr)


def _render(arguments: Namespace, report: RunReport) -> None:
    from digest.archive import layout
    from digest.core.config import load_config
    from digest.core.wording import count
    from digest.publish import clone
    from digest.run import output
    from digest.run.report import DayReport

    config = environment.completed(load_config(arguments.config))
    to = arguments.to or config.out
    with _alone(arguments.config.parent) if to.resolve() == config.out.resolve() else nullcontext():
        clone.require_archive(config.out)
        if foreign := layout.other_site(to):
            raise layout.not_ours(foreign)
        written = output.render(config.out, to, config.site)
    status = RunStatus.UPDATED if written else RunStatus.UNCHANGED
    report.add(DayReport(status, f"{count(len(written), 'file')} written"))


def _check(arguments: Namespace, report: RunReport) -> None:
    from digest.core.config import load_config
    from digest.core.wording import count
    from digest.publish import clone
    from digest.run import check
    from digest.run.report import DayReport

    config = environment.completed(load_config(arguments.config))
    mended = 0
    with _alone(arguments.config.parent) if arguments.repair else nullcontext():
        clone.require_archive(config.out)
        findings = check.check(config.out, config.site)
        if findings and arguments.repair:
            left = check.repair(config.out, config.site)
            mended = len(findings) - len(left)
            findings = left
    if findings:
        lines = [str(finding) for finding in findings]
        report.fail(RunStatus.FINDINGS, "\n".join(lines), 1)
        return
    reason = f"{count(mended, 'finding')} mended" if mended else "the archive holds together"
    report.add(DayReport(RunStatus.UPDATED if mended else RunStatus.UNCHANGED, reason))


def _doctor(arguments: Namespace, report: RunReport) -> None:
    import requests

    from digest import doctor
    from digest.core.config import load_config
    from digest.run.report import DayReport

    folder, secrets = arguments.config.parent, Secrets(environment.secrets())
    checks = []
    with requests.Session() as session:
        setup = doctor.Setup(
            load=lambda: environment.completed(load_config(arguments.config)),
            key=environment.key,
            base_url=environment.base_url,
            session=_session,
            github=environment.github(session, doctor.github_remote(folder)),
            home=folder,
            now=_now(),
            secrets=environment.secrets(),
            workflow=environment.workflow(),
        )
        for check in doctor.examine(setup):
            checks.append(check)
            if not arguments.json:
                _print(secrets.scrub(str(check)))
    report.details = {"checks": [asdict(check) for check in checks]}
    report.notes = [f"{check.name}: {check.words}" for check in doctor.warnings(checks)]
    if problems := doctor.problems(checks):
        lines = [f"{problem.name}: {problem.words}" for problem in problems]
        report.fail(RunStatus.FINDINGS, "\n".join(lines), 1)
    else:
        report.add(DayReport(RunStatus.UNCHANGED, doctor.in_short(checks)))


def _eval(arguments: Namespace, report: RunReport) -> None:
    from digest.core.config import load_config
    from digest.evaluation import command, compare
    from digest.run import unfinished

    given = arguments
    if given.save:
        command.require_place(given.save, given.labels, given.compare)
    config = environment.completed(load_config(given.config))
    config = replace(config, scorer=ScoredBy(given.scorer or config.scorer))
    paths = given.compare or [config.prompts]
    contenders = [command.contender(path, config, environment.scorer) for path in paths]
    with _session(config) as session:
        labelled = command.labelled_by(given.labels or given.since, config, session)
    kept = given.config.parent / unfinished.FOLDER
    k = given.k or compare.K
    outcome = command.measure(labelled, contenders, config, kept, k, given.save)
    report.add(outcome.report)
    report.text, report.details = outcome.text, outcome.details


def _issue(arguments: Namespace, report: RunReport) -> None:
    """Never fails: the run that it tells of has its own exit code."""
    import json

    import requests

    from digest.publish import issue
    from digest.publish.github import GitHubError
    from digest.run.report import DayReport

    try:
        told = json.loads(arguments.report.read_text(encoding="utf-8").splitlines()[-1])
    except OSError as error:
        log.info("%s: cannot be read: %s", arguments.report, error.strerror)
        told = {}
    except (ValueError, IndexError):  # as where the run was killed before it could write one
        log.info("%s: holds no report", arguments.report)
        told = {}
    attempt = issue.Attempt(
        told if isinstance(told, dict) else {},
        arguments.exit_code,
        environment.run_page(),
        _now(),
        str(arguments.config),
    )
    with requests.Session() as session:
        github = environment.github(session)
        try:
            said = issue.follow(github, attempt) if github else issue.NOBODY
        except GitHubError as error:
            said = f"no issue tells of this: {error}: {issue.why_not(error)}"
    report.add(DayReport(RunStatus.UNCHANGED, said))


def _init(arguments: Namespace, report: RunReport) -> None:
    from digest.cli import init
    from digest.core.wording import count
    from digest.run.report import DayReport

    folder, named = arguments.folder, arguments.action
    action = init.require_action(named) if named else init.action_of() or init.PLACEHOLDER
    started = init.write(folder, action)
    said = f"{count(len(started.written), 'file')} written"
    if started.left:
        said += f"; left as they are: {', '.join(started.left)}"
    report.add(DayReport(RunStatus.UPDATED if started.written else RunStatus.UNCHANGED, said))
    report.text = init.next_steps(folder, action)


_COMMANDS = {
    "run": _run,
    "catch-up": _catch_up,
    "demo": _demo,
    "render": _render,
    "check": _check,
    "doctor": _doctor,
    "eval": _eval,
    "issue": _issue,
    "init": _init,
}


# --- what a run is built from -----------------------------------------------------------------


def _now() -> datetime:
    return datetime.now(UTC)
