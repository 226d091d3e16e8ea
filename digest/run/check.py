"""`digest check`: are the records sound, and do ledger, list of days and pages agree with them?

The records are the truth, so whatever derives from them can be made again. A damaged record can
only come back from git; until then nothing is repaired, because the ledger would forget the papers
of that day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise, zip_longest
from pathlib import Path, PurePosixPath

from digest.archive import feedback, record, store
from digest.archive.layout import day_of_record, is_generated, is_leftover
from digest.core import files
from digest.core.calendar import between
from digest.core.config import Site
from digest.core.day import Digest
from digest.core.errors import ArchiveError
from digest.core.papers import Entry
from digest.core.wording import count
from digest.publish import clone
from digest.run import output
from digest.run.sources import repeats

_CATCH_UP = "`digest catch-up --date {day}`"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be."""

    path: PurePosixPath
    problem: str
    damage: bool = False  # to a day's own file: only git can bring it back

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}"


def check(out: Path, settings: Site, *, learned: bool = False) -> list[Finding]:
    """All that is wrong in the site's folder: damaged days, papers scored twice, days missed or
    built from a stale feed, then the files that derive from the days."""
    digests, findings = _read_days(out)
    findings += _repeated(digests)
    if any(finding.damage for finding in findings):
        return findings
    if not digests:
        return [Finding(store.DATA, "holds no day: check `out` in the settings", damage=True)]
    findings += _missed(digests) + _stale(digests)
    if damaged := _state(out):
        return [*findings, *damaged]  # pages follow from it
    return [*findings, *_differences(out, digests, settings, learned=learned)]


def repair(out: Path, settings: Site, *, learned: bool = False) -> list[Finding]:
    """Make the files that derive from the days again, and return what is still wrong.

    Files that this program did not make stay as they are. Raises `ArchiveError` if the disk
    refuses.
    """
    digests, findings = _read_days(out)
    if digests and not any(finding.damage for finding in [*findings, *_state(out)]):
        expected = _expected(out, digests, settings, learned=learned).items()
        ours = {path: data for path, data in expected if output.is_ours(out, out / path)}
        store.write_files(out, ours)
    return check(out, settings, learned=learned)


def _expected(out: Path, digests: list[Digest], settings: Site, *, learned: bool) -> store.Files:
    """Every file that these days give; None for one that must not be there, such as a file under a
    name of this program that no day needs."""
    expected = output.site_files(digests, settings, feedback.read(out), learned=learned)
    paths = sorted(path.relative_to(out) for path in out.rglob("*") if path.is_file())
    strays = (
        p
        for p in map(PurePosixPath, paths)
        if (is_generated(str(p)) and p not in feedback.STATE) or is_leftover(str(p))
    )
    expected |= {path: None for path in strays if path not in expected}
    return output.without_foreign(out, expected)


def _state(out: Path) -> list[Finding]:
    """What is wrong in the votes and in what was learned. Only git can bring them back."""
    findings = []
    readers = {
        feedback.VOTES: feedback.read_votes,
        feedback.LIKED: feedback.read_liked,
        feedback.LEARNED: feedback.read_learned,
    }
    for name, read in readers.items():
        try:
            read(out)
        except ArchiveError as error:
            problem = str(error).removeprefix(str(name)).lstrip(":, ")
            findings.append(Finding(name, problem, damage=True))
    return findings


def _read_days(out: Path) -> tuple[list[Digest], list[Finding]]:
    """The days that can be read, and what is wrong with the others.

    A day with wrong totals can be read: its lists give the right ones.
    """
    digests, findings = [], []
    for path in store.day_paths(out):
        data = files.read(out / path) or b""
        try:
            digests.append(record.decode(data, str(path)))
        except ArchiveError as error:
            problem = str(error).removeprefix(f"{path}: ")
            try:
                digests.append(record.decode(data, str(path), trust_lists=True))
            except ArchiveError:
                findings.append(Finding(path, problem, damage=True))
            else:
                findings.append(Finding(path, problem.removesuffix(": restore the file from git")))
    return digests, findings


def _repeated(digests: list[Digest]) -> list[Finding]:
    """Papers that more than one day scored. This cannot be repaired, only reported."""
    scored_on: dict[str, date] = {}
    findings = []
    for digest in digests:
        for paper_id in sorted(digest.scored_ids):
            first = scored_on.setdefault(paper_id, digest.date)
            if first != digest.date:
                problem = f"{paper_id}: was scored on {first} already"
                findings.append(Finding(store.day_path(digest.date), problem))
    return findings


def _missed(digests: list[Digest]) -> list[Finding]:
    """Announcement days between two recorded ones that have no record, not even an empty one."""
    return [
        Finding(store.day_path(day), f"no record: {_CATCH_UP.format(day=day)}")
        for earlier, later in pairwise(digests)
        for day in between(earlier.date + timedelta(days=1), later.date)
    ]


def _stale(digests: list[Digest]) -> list[Finding]:
    """Categories that a day still lacks, and those for which it has another day's papers."""
    findings = []
    batches: dict[str, tuple[date, tuple[Entry, ...]]] = {}
    for digest in digests:
        path, remedy = store.day_path(digest.date), _CATCH_UP.format(day=digest.date)
        for category, source in digest.sources.items():
            if not source.fresh:
                problem = f"{category} was {source.state} and is not completed: {remedy}"
                findings.append(Finding(path, problem))
                continue
            day, batch = batches.get(category, (digest.date, ()))
            if repeats(source.entries, batch):
                problem = f"{category} is marked fresh and repeats {day}: {remedy} --rescore"
                findings.append(Finding(path, problem))
            if source.entries:
                batches[category] = digest.date, source.entries
    return findings


def _differences(
    out: Path, digests: list[Digest], settings: Site, *, learned: bool
) -> list[Finding]:
    """The files that are not as expected. Files that differ only in their line endings are one
    finding, because git converts all of them."""
    findings, converted = [], []
    for path, data in _expected(out, digests, settings, learned=learned).items():
        actual = files.read(out / path)
        # A record has been checked already, and an older version may have written it differently.
        is_record = day_of_record(str(path)) is not None and data is not None
        unix = actual and actual.replace(b"\r\n", b"\n")
        if unix != actual and (is_record or unix == data):
            converted.append(path)
        elif actual != data and not is_record:
            findings.append(Finding(path, _problem(out, path, actual, data)))
    if converted:
        others = f", and so have {count(len(converted) - 1, 'other file')}" * (len(converted) > 1)
        problem = (
            f"has Windows line endings (CRLF){others}: git converts them (core.autocrlf): write"
            f" `{clone.attributes(out)}` into .gitattributes, then `digest check --repair`"
        )
        findings.append(Finding(converted[0], problem))
    return findings


def _problem(out: Path, path: PurePosixPath, actual: bytes | None, expected: bytes | None) -> str:
    if actual is None:
        return "is missing"
    if not output.is_ours(out, out / path):
        return "is not of this program's making: move it, or choose another folder for the site"
    if expected is None:
        return "belongs to no day"
    pairs = zip_longest(actual.splitlines(keepends=True), expected.splitlines(keepends=True))
    line = next(number for number, (a, b) in enumerate(pairs, start=1) if a != b)
    by_whom = "the days' files give" if path.is_relative_to(store.DATA) else "this version makes"
    return f"line {line} is not what {by_whom}"
