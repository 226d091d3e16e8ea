"""The commands, their options and their help. Nothing is read or done here."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path
from typing import Any, NoReturn

from digest import __version__
from digest.core.errors import ConfigError
from digest.core.scores import ScoredBy
from digest.core.text import one_line

DEMO_OUT = Path("build/demo")


class _Parser(argparse.ArgumentParser):
    """Raises `ConfigError` for wrong arguments, so that they are reported like other mistakes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{one_line(message)}: see {self.prog} --help")


def parser() -> argparse.ArgumentParser:
    """The whole command line. The result has the command's name in `command`, and its options."""
    everywhere = _Parser(add_help=False)
    everywhere.add_argument(
        "--config", type=Path, default=Path("config.yaml"), metavar="PATH",
        help="the settings (default: %(default)s); paths in them are relative to this file",
    )  # fmt: skip
    everywhere.add_argument(
        "--json", action="store_true", help="print the report as one JSON object, in the last line"
    )
    everywhere.add_argument("-v", "--verbose", action="store_true", help="log more to stderr")

    parser = _Parser(
        prog="digest", description="arXiv's daily announcements, ranked by your topics."
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, text: str, group: Any = commands) -> argparse.ArgumentParser:
        its_parser: argparse.ArgumentParser = group.add_parser(
            name.rpartition(" ")[2], parents=[everywhere], help=text
        )
        its_parser.set_defaults(command=name)
        return its_parser

    run = command("run", "make the digests of missed days and of today")
    run.add_argument("--date", type=_date, metavar="D", help="act as if today, US Eastern, were D")
    run.add_argument(
        "--feed", action="append", metavar="PATH_OR_URL",
        help="make the digest of this feed, for the feed's own date; can be repeated",
    )  # fmt: skip
    _add_scorer(run)
    run.add_argument("--out", type=Path, metavar="DIR", help="another folder for the site")
    _add_commit_and_push(run)
    run.add_argument("--rescore", action="store_true", help="score the day again")
    run.add_argument(
        "--limit", type=_positive, metavar="N", help="score only N papers, without a commit"
    )
    run.add_argument(
        "--dry-run", action="store_true", help="print the plan and the estimated cost, do nothing"
    )

    catch_up = command("catch-up", "make the digests of missed announcement days")
    days = catch_up.add_mutually_exclusive_group(required=True)
    days.add_argument("--since", type=_date, metavar="D", help="each announcement day since D")
    days.add_argument("--date", type=_date, metavar="D", help="only D")
    catch_up.add_argument(
        "--rescore", action="store_true", help="score complete days again as well"
    )
    _add_commit_and_push(catch_up)

    command("demo", f"make a digest of sample papers in {DEMO_OUT}, without a key")

    render = command("render", "rebuild the site from the archive")
    render.add_argument("--to", type=Path, metavar="DIR", help="write it into another folder")

    check = command("check", "verify the archive")
    check.add_argument(
        "--repair", action="store_true", help="rebuild what can be derived from the days' files"
    )

    command("doctor", "check the set-up and say how to repair it")

    topics = command("topics", "show how topics.md is read: what is wanted and what is not")
    what = topics.add_mutually_exclusive_group()
    what.add_argument(
        "--write", action="store_true", help="rewrite the file with a heading and labels for all"
    )
    what.add_argument(
        "--from", type=Path, metavar="FILE", dest="library",
        help="draft the file from your papers: BibTeX, or arXiv ids or links",
    )  # fmt: skip
    topics.add_argument(
        "--like", action="store_true", help="with --from: add these papers to your votes as likes"
    )
    topics.add_argument(
        "--force", action="store_true", help="with --from: overwrite the topics.md that is there"
    )

    evaluation = command("eval", "measure how well a prompt or a scorer ranks labelled papers")
    labels = evaluation.add_mutually_exclusive_group(required=True)
    labels.add_argument("--labels", type=Path, metavar="FILE", help="labelled papers, JSONL")
    labels.add_argument("--since", type=_date, metavar="D", help="the archive's days since D")
    labels.add_argument("--votes", action="store_true", help="your votes: how good the list is")
    evaluation.add_argument(
        "--compare", nargs=2, type=Path, metavar=("A", "B"),
        help="two folders of prompts, or two files written by --save",
    )  # fmt: skip
    evaluation.add_argument(
        "--k", type=_positive, metavar="N", help="how many of the best papers count (default: 20)"
    )
    evaluation.add_argument("--save", type=Path, metavar="FILE", help="write the scores, as JSONL")
    _add_scorer(evaluation)

    init = command("init", "write a starter repository that uses the action")
    init.add_argument("folder", type=Path, nargs="?", default=Path(), metavar="DIR")
    init.add_argument(
        "--action", metavar="OWNER/REPO@REF", help="the action to use (default: this repository's)"
    )

    text = "the papers that you liked and disliked"
    votes = commands.add_parser("votes", help=text).add_subparsers(required=True, metavar="ACTION")
    command("votes list", "show them", votes)
    add = command("votes add", "vote for papers", votes)
    add.add_argument("ids", nargs="+", metavar="ID", help="an arXiv id, or the address of its page")
    add.add_argument("--dislike", action="store_true", help="vote against them")
    remove = command("votes remove", "take votes back, wherever they came from", votes)
    remove.add_argument("ids", nargs="+", metavar="ID", help="as for `add`")
    bring = command("votes import", "take over the votes in a file", votes)
    bring.add_argument(
        "file", type=Path, metavar="FILE", help="the page's export, or a list of ids"
    )
    command("votes pull", "read the votes in GitHub's issues", votes)

    learn = command("learn", "what the scores and your votes have taught")
    what = learn.add_mutually_exclusive_group(required=True)
    what.add_argument("--show", action="store_true", help="the strongest words for and against")
    what.add_argument(
        "--forget", nargs="*", metavar="WORD", help="take these words back; without words, all"
    )

    issue = command("issue", "open the daily issue, and one while digests fail")
    issue.add_argument("report", type=Path, metavar="REPORT", help="the output of `run --json`")
    issue.add_argument(
        "--exit-code", type=_exit_code, metavar="N", help="that run's; empty if it was killed"
    )
    return parser


def _add_scorer(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--scorer",
        choices=[str(scorer) for scorer in ScoredBy],
        help="this scorer instead of the configured one",
    )


def _add_commit_and_push(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--no-commit", action="store_true", help="write the files, do not use git")
    parser.add_argument("--push", action="store_true", help="push each commit")


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
