"""The command line's words: commands, options, help. Nothing is read or done here."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path
from typing import Any, NoReturn

from digest import __version__
from digest.core.errors import ConfigError
from digest.core.scores import ScoredBy

DEMO_OUT = Path("build/demo")


class _Parser(argparse.ArgumentParser):
    """Tells of wrong arguments as of any other mistake, `--json` included."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        from digest.core.text import one_line

        raise ConfigError(f"{one_line(message)}: see {self.prog} --help")


def parser() -> argparse.ArgumentParser:
    """Of the whole command line: `command` names the command, the rest are its options."""
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
    run.set_defaults(command="run")
    run.add_argument("--date", type=_date, metavar="D", help="act as if today, US Eastern, were D")
    run.add_argument(
        "--feed", action="append", metavar="PATH_OR_URL",
        help="replay this feed instead of fetching, under its own date (repeatable)",
    )  # fmt: skip
    run.add_argument("--scorer", choices=tuple(ScoredBy), help="instead of the configured one")
    run.add_argument("--out", type=Path, metavar="DIR", help="instead of the configured folder")
    run.add_argument("--no-commit", action="store_true", help="write the files, leave git alone")
    run.add_argument("--push", action="store_true", help="push each commit")
    run.add_argument("--rescore", action="store_true", help="score the day anew")
    run.add_argument(
        "--limit", type=_positive, metavar="N", help="score N papers only; implies --no-commit"
    )
    run.add_argument("--dry-run", action="store_true", help="say what would be done, write nothing")

    catch_up = commands.add_parser(
        "catch-up", parents=[everywhere], help="make announcement days that were missed"
    )
    catch_up.set_defaults(command="catch-up")
    days = catch_up.add_mutually_exclusive_group(required=True)
    days.add_argument("--since", type=_date, metavar="D", help="every announcement day from D on")
    days.add_argument("--date", type=_date, metavar="D", help="D alone")
    catch_up.add_argument("--rescore", action="store_true", help="complete days too, scored anew")
    catch_up.add_argument(
        "--no-commit", action="store_true", help="write the files, leave git alone"
    )
    catch_up.add_argument("--push", action="store_true", help="push each commit")

    demo = commands.add_parser(
        "demo", parents=[everywhere], help=f"the sample feed, no key, into {DEMO_OUT}"
    )
    demo.set_defaults(command="demo")

    render = commands.add_parser(
        "render", parents=[everywhere], help="rebuild the site from the archive"
    )
    render.set_defaults(command="render")
    render.add_argument("--to", type=Path, metavar="DIR", help="elsewhere than the site's folder")

    check = commands.add_parser("check", parents=[everywhere], help="verify the archive")
    check.set_defaults(command="check")
    check.add_argument(
        "--repair", action="store_true", help="make again what derives from the days' files"
    )

    doctor = commands.add_parser(
        "doctor", parents=[everywhere], help="check the set-up, and say what to do"
    )
    doctor.set_defaults(command="doctor")

    evaluation = commands.add_parser(
        "eval", parents=[everywhere], help="how well a prompt or a scorer ranks labelled papers"
    )
    evaluation.set_defaults(command="eval")
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
        "--scorer", choices=tuple(ScoredBy), help="instead of the configured one"
    )

    init = commands.add_parser(
        "init", parents=[everywhere], help="begin a repository that uses the action"
    )
    init.set_defaults(command="init")
    init.add_argument("folder", type=Path, nargs="?", default=Path(), metavar="DIR")
    init.add_argument(
        "--action", metavar="OWNER/REPO@REF", help="where the action is, if not where this is from"
    )

    issue = commands.add_parser(
        "issue", parents=[everywhere], help="one GitHub issue is open while digests fail"
    )
    issue.set_defaults(command="issue")
    issue.add_argument("report", type=Path, metavar="REPORT", help="what `run --json` printed")
    issue.add_argument(
        "--exit-code", type=_exit_code, metavar="N", help="that run's; empty: it was killed"
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


def _exit_code(text: str) -> int | None:
    return int(text) if text else None
