"""The command line: arguments, environment, wiring, exit codes.

The only module that reads settings from the environment. Imports of the rest of the package stand
inside the commands, so that `digest --help` answers at once.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from digest import __version__
from digest.errors import ConfigError, DigestError, FeedError, Interrupted, ScoringError

if TYPE_CHECKING:
    from digest.config import Config
    from digest.pipeline import Job
    from digest.report import DayReport, RunReport
    from digest.scorers import Scorer
    from digest.sources import Fetched

log = logging.getLogger("digest")

DEMO_OUT = Path("build/demo")
STALE_HOUR_UTC = 16  # a feed that has not turned by then is in trouble, not merely late
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code. Expected failures print one line and no traceback."""
    given = sys.argv[1:] if argv is None else argv
    arguments: argparse.Namespace | ConfigError
    try:
        arguments = _parser().parse_args(given)  # --help and --version end here
    except ConfigError as error:
        arguments = error
    from digest.report import RunReport

    started = time.monotonic()
    report = RunReport()
    with _log_on_stderr("-v" in given or "--verbose" in given), _sigterm_as_interrupt():
        try:
            if isinstance(arguments, ConfigError):
                raise arguments
            arguments.command(arguments, report)
        except DigestError as error:
            report.fail(error.status, str(error), error.exit_code)
        except KeyboardInterrupt:
            report.fail("interrupted", "interrupted; run it again to go on", INTERRUPTED)
    for line in report.complaints():
        print(line, file=sys.stderr)
    if "--json" in given:
        _print(report.to_json(time.monotonic() - started))
    elif report.days:
        _print(report.to_text())
    _tell_github(report)
    return report.exit_code


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
    """In GitHub Actions: the step's outputs, and its part of the job summary."""
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


class _Parser(argparse.ArgumentParser):
    """Tells of wrong arguments as of any other mistake, `--json` included."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        from digest.text import one_line

        raise ConfigError(f"{one_line(message)}: see {self.prog} --help")


def _parser() -> argparse.ArgumentParser:
    everywhere = _Parser(add_help=False)
    everywhere.add_argument(
        "--config", type=Path, default=Path("config.yaml"), metavar="PATH",
        help="the settings (default: %(default)s); paths inside are relative to it",
    )  # fmt: skip
    everywhere.add_argument(
        "--json", action="store_true", help="print the report as the last line, as one JSON object"
    )
    everywhere.add_argument("-v", "--verbose", action="store_true", help="say more on stderr")

    parser = _Parser(
        prog="digest", description="arXiv's daily announcements, ranked by your topics."
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", parents=[everywhere], help="make today's digest")
    run.set_defaults(command=_run)
    run.add_argument("--date", type=_date, metavar="D", help="act as if today, US Eastern, were D")
    run.add_argument(
        "--feed", action="append", metavar="PATH_OR_URL",
        help="replay this feed instead of fetching, under its own date (repeatable)",
    )  # fmt: skip
    run.add_argument("--scorer", choices=("llm", "offline"), help="instead of the configured one")
    run.add_argument("--out", type=Path, metavar="DIR", help="instead of the configured folder")
    run.add_argument("--no-commit", action="store_true", help="write the files, leave git alone")
    run.add_argument("--push", action="store_true", help="push each commit")
    run.add_argument("--rescore", action="store_true", help="score the day anew")
    run.add_argument(
        "--limit", type=_positive, metavar="N", help="score N papers only; implies --no-commit"
    )
    run.add_argument("--dry-run", action="store_true", help="say what would be done, write nothing")

    demo = commands.add_parser(
        "demo", parents=[everywhere], help=f"the sample feed, no key, into {DEMO_OUT}"
    )
    demo.set_defaults(command=_demo)

    render = commands.add_parser(
        "render", parents=[everywhere], help="rebuild the site from the archive"
    )
    render.set_defaults(command=_render)
    render.add_argument("--to", type=Path, metavar="DIR", help="elsewhere than the site's folder")

    check = commands.add_parser("check", parents=[everywhere], help="verify the archive")
    check.set_defaults(command=_check)
    check.add_argument(
        "--repair", action="store_true", help="make again what derives from the days' files"
    )

    evaluation = commands.add_parser(
        "eval", parents=[everywhere], help="how well a prompt or a scorer ranks labelled papers"
    )
    evaluation.set_defaults(command=_eval)
    labels = evaluation.add_mutually_exclusive_group(required=True)
    labels.add_argument("--labels", type=Path, metavar="FILE", help="of labelled papers, JSONL")
    labels.add_argument("--since", type=_date, metavar="D", help="or the archive's days from D on")
    evaluation.add_argument(
        "--compare", nargs=2, type=Path, metavar=("A", "B"),
        help="two folders of prompts, or files that --save wrote",
    )  # fmt: skip
    evaluation.add_argument(
        "--k", type=_positive, metavar="N", help="look at the N best (default: 20)"
    )
    evaluation.add_argument("--save", type=Path, metavar="FILE", help="keep the scores, as JSONL")
    evaluation.add_argument(
        "--scorer", choices=("llm", "offline"), help="instead of the configured one"
    )
    return parser


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no date: write YYYY-MM-DD") from error


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


@contextmanager
def _log_on_stderr(verbose: bool) -> Iterator[None]:
    from digest.report import LogFormatter

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LogFormatter("%(message)s"))
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


# --- commands ---------------------------------------------------------------------------------


def _run(arguments: argparse.Namespace, report: RunReport) -> None:
    from digest import announcements, pipeline, publish, sources, transport, unfinished
    from digest.config import load_config, require_own_folder

    if arguments.limit and arguments.rescore:
        raise ConfigError("--limit with --rescore would throw scores away: use one of them")
    if arguments.push and (arguments.no_commit or arguments.limit):
        raise ConfigError("--push pushes commits, and none would be made: leave one of them out")
    config = load_config(arguments.config)
    if arguments.out is not None:
        require_own_folder(arguments.out, arguments.config.parent, config.prompts)
    config = replace(
        config,
        scorer=arguments.scorer or config.scorer,
        out=arguments.out or config.out,
    )
    job = pipeline.Job(
        config=config,
        scorer=_scorer(config, pays=not arguments.dry_run),
        now=_now,
        unfinished=arguments.config.parent / unfinished.FOLDER,
        commit=not (arguments.no_commit or arguments.limit or arguments.dry_run),
        push=arguments.push,
        rescore=arguments.rescore,
        limit=arguments.limit,
        dry_run=arguments.dry_run,
        replay=bool(arguments.feed),
    )
    if job.commit:
        publish.require_repository(config.out)
    if job.push:
        publish.require_upstream(config.out)
    delay_s = config.arxiv.delay_s
    if arguments.feed:
        with transport.polite_session(_user_agent(config), delay_s) as session:
            days = sources.replay(arguments.feed, session)
        _run_days(job, days, report, stale_is_late=True)
        return
    day = arguments.date or announcements.today_eastern(_now())
    left = unfinished.left(job.unfinished, day) if config.scorer == "llm" else {}
    _run_days(job, left, report, stale_is_late=True, older=True)
    if day.weekday() > 4:  # a holiday is looked at all the same: it costs little and calendars err
        report.add(_no_announcement(day))
        return
    report.under_way = day
    with transport.polite_session(_user_agent(config), delay_s) as session:
        fetched = sources.fetch(config, session)
    late = _now() >= datetime(day.year, day.month, day.day, STALE_HOUR_UTC, tzinfo=UTC)
    _run_days(job, {day: fetched}, report, stale_is_late=late)


def _run_days(
    job: Job,
    days: dict[date, list[Fetched]],
    report: RunReport,
    *,
    stale_is_late: bool,
    older: bool = False,
) -> None:
    """Handle `days`, oldest first. Trouble with `older` ones does not cost the newest its digest:
    it is reported, and the run goes on."""
    from digest import pipeline
    from digest.report import DayReport

    for day, fetched in days.items():
        started = time.monotonic()
        report.under_way = day
        try:
            result = pipeline.run_day(job, day, fetched)
        except ScoringError as error:
            if isinstance(error, Interrupted) or not older:
                raise
            report.add(DayReport(error.status, str(error), day), error.exit_code)
            continue
        late = result.status == "stale_feed" and stale_is_late
        seconds = round(time.monotonic() - started, 3)
        report.add(replace(result, seconds=seconds), FeedError.exit_code if late else 0)


def _demo(arguments: argparse.Namespace, report: RunReport) -> None:
    from importlib.resources import as_file, files

    from digest import pipeline, sources, transport, unfinished
    from digest.config import load_config

    config = replace(load_config(arguments.config), scorer="offline", out=DEMO_OUT)
    nowhere = DEMO_OUT / unfinished.FOLDER  # the embedded scorer leaves nothing unfinished
    job = pipeline.Job(config, _scorer(config), _now, nowhere, commit=False, rescore=True)
    session = transport.polite_session(_user_agent(config), config.arxiv.delay_s)
    with as_file(files("digest") / "sample") as sample, session:
        days = sources.replay([str(path) for path in sorted(sample.glob("*.xml"))], session)
    _run_days(job, days, report, stale_is_late=True)
    page = DEMO_OUT / "index.html"
    print(f"Look at it: {page.resolve().as_uri()}", file=sys.stderr)


def _render(arguments: argparse.Namespace, report: RunReport) -> None:
    from digest import pipeline
    from digest.config import load_config
    from digest.report import DayReport
    from digest.wording import count

    config = load_config(arguments.config)
    written = pipeline.render(config.out, arguments.to or config.out, config.site)
    status = "updated" if written else "unchanged"
    report.add(DayReport(status, f"{count(len(written), 'file')} written"))


def _check(arguments: argparse.Namespace, report: RunReport) -> None:
    from digest import check
    from digest.config import load_config
    from digest.report import DayReport
    from digest.wording import count

    config = load_config(arguments.config)
    findings = check.check(config.out, config.site)
    mended = 0
    if findings and arguments.repair:
        left = check.repair(config.out, config.site)
        mended = len(findings) - len(left)
        findings = left
    if findings:
        lines = [str(finding) for finding in findings]
        report.fail("findings", "\n".join(lines), 1)
        return
    reason = f"{count(mended, 'finding')} mended" if mended else "the archive holds together"
    report.add(DayReport("updated" if mended else "unchanged", reason))


def _eval(arguments: argparse.Namespace, report: RunReport) -> None:
    from digest import evaluate, evaluating, transport, unfinished
    from digest.config import load_config

    given = arguments
    if given.save:
        evaluating.require_place(given.save, given.labels, given.compare)
    config = load_config(given.config)
    config = replace(config, scorer=given.scorer or config.scorer)
    paths = given.compare or [config.prompts]
    contenders = [evaluating.contender(path, config, _scorer) for path in paths]
    with transport.polite_session(_user_agent(config), config.arxiv.delay_s) as session:
        labelled = evaluating.labelled_by(given.labels or given.since, config, session)
    kept = given.config.parent / unfinished.FOLDER
    k = given.k or evaluate.K
    outcome = evaluating.measure(labelled, contenders, config, kept, k, given.save)
    report.add(outcome.report)
    report.text, report.details = outcome.text, outcome.details


# --- what a run is built from -----------------------------------------------------------------


def _scorer(config: Config, *, pays: bool = True) -> Scorer:
    """The configured scorer; one that only foretells needs no key."""
    from digest import scorers
    from digest.config import parse_address

    key = _key() if pays and config.scorer == "llm" else None
    named = os.environ.get("OPENAI_BASE_URL", "").strip()
    base_url = parse_address("OPENAI_BASE_URL", named) if named else None
    return scorers.make(config, key, base_url)


def _key() -> str:
    key = os.environ.get("OPENAI_API_KEY", "").strip()
    if not key:
        raise ConfigError(
            "no API key for `scorer: llm`: set OPENAI_API_KEY (in GitHub: a repository secret),"
            " or choose `scorer: offline`"
        )
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigError(
            "OPENAI_API_KEY holds what no key has (a space, a line break or a sign outside of"
            " ASCII): copy the key again, alone"
        )
    return key


def _user_agent(config: Config) -> str:
    """Who asks, and where to complain: arXiv blocks clients it cannot tell apart."""
    repository = os.environ.get("GITHUB_REPOSITORY")
    server = os.environ.get("GITHUB_SERVER_URL", "https://github.com")
    home = f"{server}/{repository}" if repository else config.site.url
    return f"preprint-digest/{__version__}" + (f" (+{home})" if home else "")


def _now() -> datetime:
    return datetime.now(UTC)


def _no_announcement(day: date) -> DayReport:
    from digest import announcements
    from digest.report import DayReport

    return DayReport(
        "no_announcement", f"arXiv announces nothing on {announcements.why_none(day)}", day
    )
