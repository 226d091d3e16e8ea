"""Parse the arguments, run the command, print its report; the exit code."""

from __future__ import annotations

import logging
import signal
import sys
import time
import traceback
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from digest.cli import environment
from digest.cli.options import parser
from digest.cli.output import print_safely
from digest.core.errors import AnotherRun, DigestError, Interrupted, RunStatus
from digest.core.secrets import Secrets
from digest.run.report import DayReport, LogFormatter, RunReport

log = logging.getLogger("digest")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    An expected failure prints one line on stderr and no traceback.
    """
    words = sys.argv[1:] if argv is None else argv
    started = time.monotonic()
    report, secrets = RunReport(), environment.secrets()
    with _log_on_stderr("-v" in words or "--verbose" in words, secrets), _sigterm_as_interrupt():
        _run(words, report, secrets)
    report = secrets.scrub(report)
    for line in report.complaints():
        print(line, file=sys.stderr)
    if "--json" in words:
        if environment.in_actions() and report.days:  # people read the log there
            print(report.to_text(), file=sys.stderr)
        print_safely(report.to_json(time.monotonic() - started))
    elif report.days:
        print_safely(report.to_text())
    # A step beside the run, whose summary it is.
    if words[:1] not in (["issue"], ["votes"]) or report.notes:
        _write_for_github(report)
    return report.exit_code


def _run(words: Sequence[str], report: RunReport, secrets: Secrets) -> None:
    """Fill the report with what the command did, or why it could not."""
    arguments: Namespace | None = None
    try:
        arguments = parser().parse_args(words)  # --help and --version end here
        from digest.cli import commands

        commands.COMMANDS[arguments.command](arguments, report)
    except AnotherRun as other:
        report.add(DayReport(other.status, str(other)))
    except DigestError as error:
        report.fail(error.status, secrets.scrub(str(error)), error.exit_code)
        if arguments is not None:
            commands.note_trouble(arguments, report)
    except KeyboardInterrupt:
        reason = "interrupted; run it again to go on"
        report.fail(RunStatus.INTERRUPTED, reason, Interrupted.exit_code)
    except Exception as error:  # noqa: BLE001 - a fault of ours: shown whole, but for secrets
        print(secrets.scrub("".join(traceback.format_exception(error))), file=sys.stderr)
        fault = f"a fault of this program ({type(error).__name__})"
        report.fail(RunStatus.ERROR, f"{fault}: please report it, with the lines above", 1)


def _write_for_github(report: RunReport) -> None:
    """In GitHub Actions: the step's outputs, annotations, and its part of the job summary."""
    report.repository = environment.repository_page()
    if environment.in_actions():
        print(report.to_annotations(), end="", file=sys.stderr)
    texts = {"GITHUB_OUTPUT": report.to_outputs, "GITHUB_STEP_SUMMARY": report.to_summary}
    for variable, text in texts.items():
        if path := environment.github_file(variable):
            try:
                with path.open("a", encoding="utf-8") as file:
                    file.write(text())
            except OSError as error:
                print(f"digest: {variable}: cannot be written: {error.strerror}", file=sys.stderr)


@contextmanager
def _log_on_stderr(verbose: bool, secrets: Secrets) -> Iterator[None]:
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

    def interrupt(*_: object) -> None:
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # of `digest run &` in a script
            raise KeyboardInterrupt
        signal.raise_signal(signal.SIGINT)

    previous = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
