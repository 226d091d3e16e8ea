"""What must hold at the end of any week. Looks at the pushed site and at nothing else.

Each paper that was announced as new or cross in a followed category is in `kept` or `below` of
exactly one day, or waits visibly:

- its day's record lists it as unscored, with a reason, and the day's page shows it,
- its day's record calls a category that announced it stale or unread, and the day's page says so,
- its day's record has nothing of a category that announced it, and the page says that its feed
  was empty,
- its day's record is `approximate`, and the page says so,
- its day has no record, and the archive's calendar or the front page says that it is missing; or,
  while no later day has been published, the last run reported it or failed,
- it is so new that no run has had a chance.

Everything else is lost, but for what arXiv's feed did not have yet when it could last be read: that
is counted by itself, as not shown. No paper is in two days, and none on a day that did not announce
it.
"""

from __future__ import annotations

import io
import json
import re
from collections import Counter, defaultdict
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from datetime import time as time_of_day
from pathlib import Path
from typing import Any

from digest.cli.main import main
from digest.core.calendar import EASTERN
from tests.simulator.world import Outcome, World

_SHOWN = {"stale": r"stale|another day|repeats?\b", "unread": r"could not be read"}
_SCANNED = ("kept", "below", "unscored")
_ALL_IS_WELL = ("published", "updated", "unchanged")


@dataclass
class Verdict:
    """One look at the site."""

    announced: int = 0
    once: int = 0
    waiting: Counter[str] = field(default_factory=Counter)  # by reason
    not_shown: int = 0
    lost: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    invented: list[str] = field(default_factory=list)
    misdated: list[str] = field(default_factory=list)  # announced, but on another day
    other: list[str] = field(default_factory=list)  # wrong totals

    @property
    def findings(self) -> list[str]:
        """All that is wrong."""
        named = {
            "lost": self.lost,
            "repeated": self.repeated,
            "invented": self.invented,
            "misdated": self.misdated,
        }
        return [*(f"{k}: {line}" for k, lines in named.items() for line in lines), *self.other]


class Site:
    """The pages and records in a folder."""

    def __init__(self, out: Path) -> None:
        self.out = out
        paths = sorted((out / "data").glob("????/*.json"))
        self.records: dict[date, dict[str, Any]] = {
            date.fromisoformat(path.stem): json.loads(path.read_bytes()) for path in paths
        }
        self._missing = set(_missing_days(self._text("archive.html")))
        self._front = _visible(self._text("index.html"))
        self._pages: dict[date, str] = {}

    def _text(self, name: str) -> str:
        path = self.out / name
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def page(self, day: date) -> str:
        if day not in self._pages:
            self._pages[day] = self._text(f"{day:%Y}/{day}.html")
        return self._pages[day]

    def says_missing(self, day: date) -> bool:
        named = f"{day}|{day.day} {day:%B %Y}"
        return day in self._missing or bool(re.search(rf"\b(?:{named})\b", self._front))

    def why_waiting(self, paper_id: str, day: date, category: str) -> str | None:
        """Why `day`, which has a record, has not scored a paper; None: it does not say."""
        record, page = self.records[day], self.page(day)
        for paper in record["unscored"]:
            if paper["id"] == paper_id and paper["reason"] and f"/abs/{paper_id}" in page:
                return f"unscored: {paper['reason']}"
        source = record["sources"].get(category, {})
        words, name = _visible(page), re.escape(category)
        state = source.get("state")
        if state in _SHOWN and re.search(rf"{name}\b.{{0,100}}(?:{_SHOWN[state]})", words):
            return str(state)
        if not source.get("entries") and re.search(rf"feed for [^:]*{name}\b.* was empty", words):
            return "empty"
        if record["status"] == "approximate" and "cannot tell exactly" in _visible(page):
            return "approximate"
        return None


def week(world: World, today: date) -> Verdict:
    """Look at what has been pushed by the end of `today`."""
    site, verdict = Site(world.out), Verdict()
    scored: dict[str, list[date]] = defaultdict(list)
    for day, record in site.records.items():
        for outcome in (*record["kept"], *record["below"]):
            scored[outcome["id"]].append(day)
        verdict.other += _totals(day, record)
        invented, misdated = _others(world, day, record)
        verdict.invented += invented
        verdict.misdated += misdated
    for paper_id, announcements in world.truth.wanted(world.first, today).items():
        verdict.announced += 1
        days = scored.get(paper_id, [])
        places = ", ".join(f"{day} {category}" for day, category in announcements)
        if len(days) > 1:
            verdict.repeated.append(f"{paper_id} ({places}) on {', '.join(map(str, days))}")
        elif days:
            verdict.once += 1
        elif reason := _why_waiting(world, site, paper_id, announcements):
            verdict.waiting[reason] += 1
        elif not any(_was_shown(world, day, category) for day, category in announcements):
            verdict.not_shown += 1
        else:
            verdict.lost.append(f"{paper_id} ({places})")
    return verdict


def _why_waiting(
    world: World, site: Site, paper_id: str, announcements: list[tuple[date, str]]
) -> str | None:
    for day, category in announcements:
        if day in site.records:
            reason = site.why_waiting(paper_id, day, category)
        elif site.says_missing(day):
            reason = "no record"
        else:
            reason = _runs_say(world, site, day)
        if reason:
            return reason
    return None


def _was_shown(world: World, day: date, category: str) -> bool:
    """True if the feed was complete when it was last read."""
    grew, look = world.faults.grows_at(day, category), world.arxiv.looks.get((day, category))
    return grew is None or look is None or look >= grew


def _runs_say(world: World, site: Site, day: date) -> str | None:
    """Why a day that no page mentions is waiting: the last run reported it, or failed."""
    if day < max(site.records, default=day):
        return None  # it was skipped without a word
    since = datetime.combine(day, time_of_day(), EASTERN)
    runs = [outcome for outcome in world.outcomes if outcome.slot.starts >= since]
    if not runs:
        return "no run yet"
    last = runs[-1]
    statuses = {entry["date"]: entry["status"] for entry in [last.report, *last.report["days"]]}
    status = statuses.get(str(day), "published")
    reported = status not in _ALL_IS_WELL or str(day) in last.report["reason"]
    return "the last run reported it" if last.code or reported else None


def _totals(day: date, record: dict[str, Any]) -> list[str]:
    counts, states = record["counts"], ("kept", "below", "filtered", "seen", "unscored")
    outcomes = [o if isinstance(o, str) else o["id"] for state in states for o in record[state]]
    listed = {i for source in record["sources"].values() for i in _ids(source)}
    problems = []
    if any(counts[state] != len(record[state]) for state in states):
        problems.append(f"{day}: its counts are not those of its lists")
    if counts["announced"] != counts["seen"] + counts["filtered"] + counts["scanned"]:
        problems.append(f"{day}: its totals do not add up")
    if len(outcomes) != len(set(outcomes)) or set(outcomes) != listed:
        problems.append(f"{day}: not each announced paper has one outcome")
    return problems


def _others(world: World, day: date, record: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Papers that the record has and the day had not: never announced, and on another day."""
    truth, followed = world.truth, world.categories
    outcomes = {o["id"]: state for state in (*_SCANNED, "filtered") for o in record[state]}
    outcomes |= dict.fromkeys(record["seen"], "seen")
    seen = {i for i in outcomes if i in truth.papers and truth.papers[i].versions}
    invented = [f"{i} on {day}" for i in outcomes if i not in seen]
    if record["status"] == "approximate":  # from when they were sent in: the day can be another
        return invented, []
    types = [(e.paper.id, e.type) for c in followed for e in truth.batch(day, c)]
    wanted = {i for i, kind in types if kind in ("new", "cross")}
    allowed = {i for i, _ in types}
    if any(source["state"] == "stale" for source in record["sources"].values()):
        before = truth.previous(day)  # listed, and never scanned
        allowed |= {e.paper.id for c in followed for e in truth.batch(before, c)}
    misdated = [
        f"{i} on {day} ({state})"
        for i, state in outcomes.items()
        if i in seen and i not in (wanted if state in _SCANNED else allowed)
    ]
    return invented, misdated


# --- a life -----------------------------------------------------------------------------------


@dataclass
class Life:
    """What there is to say of a life: all that was ever wrong, and how it ended."""

    findings: list[str] = field(default_factory=list)
    end: Verdict = field(default_factory=Verdict)
    ever_lost: set[str] = field(default_factory=set)  # at any week's end


def live(world: World) -> Life:
    """Live to the end, looked at after every run, every week and every month."""
    life, month, seen = Life(), world.first.month, set[str]()

    def note(when: date, lines: list[str]) -> None:
        """Each finding once, from when on it was there."""
        new = [line for line in lines if line not in seen]
        life.findings.extend(f"seed {world.seed}, {when:%Y-%m-%d %H:%M}: {line}" for line in new)
        seen.update(new)

    for day in world.live(lambda outcome: note(outcome.slot.named, honest(world, outcome))):
        life.end = week(world, day)
        life.ever_lost |= set(life.end.lost)
        note(day, life.end.findings)
        if day.month != month or day == world.last:
            note(day, archive_holds(world))
        month = day.month
    return life


# --- runs -------------------------------------------------------------------------------------


def honest(world: World, outcome: Outcome) -> list[str]:
    """What a run should have reported, or should not have. Call it right after the run."""
    code, status = outcome.code, outcome.status
    if code:
        return [] if _has_cause(world, outcome) else [f"exit {code} ({status}) for no reason"]
    problems, records = [], Site(outcome.out).records
    day = outcome.slot.starts.astimezone(EASTERN).date()
    if outcome.rejected:
        problems.append(f"the remote rejected a push, exit 0 ({status})")
    seen = {o["id"] for r in records.values() for s in _SCANNED for o in r[s]}
    if silent := outcome.unanswered - seen:
        problems.append(f"no answer from the model on {min(silent)}, exit 0 ({status})")
    for category in sorted(outcome.failed_feeds if status in _ALL_IS_WELL else ()):
        source = records.get(day, {"sources": {}})["sources"].get(category, {"state": "none"})
        whole = {e.paper.id for e in world.truth.batch(day, category)} <= _ids(source)
        words = rf"{re.escape(category)}\b.* could not be read"
        reported = re.search(words, outcome.report["reason"])
        if source["state"] not in _SHOWN and not whole and not reported:
            problems.append(f"no feed of {category}, exit 0 ({status})")
    if status == "no_announcement" and _is_listed(world, outcome, day):
        problems.append(f"{day} was reported as a day without an announcement, exit 0")
    return problems


def _is_listed(world: World, outcome: Outcome, day: date) -> bool:
    """True if `day` had an announcement, and a late run could read that in arXiv's own list."""
    late = outcome.slot.starts >= datetime.combine(day, time_of_day(16), UTC)
    return late and not world.faults.pages(outcome.slot.named) and day in world.truth.days


def _has_cause(world: World, outcome: Outcome) -> bool:
    """True if something that went wrong explains the exit code."""
    day = outcome.slot.starts.astimezone(EASTERN).date()
    stale = any(world.faults.stale_until(day, c) for c in world.categories)
    hollow = any(world.faults.hollow_until(day, c) for c in world.categories)
    causes = {
        3: outcome.model is not None,
        4: bool(outcome.failed_feeds or stale or hollow or world.faults.pages(outcome.slot.named)),
        5: outcome.rejected > 0,
    }
    return causes.get(outcome.code, False)


def _ids(source: dict[str, Any]) -> set[str]:
    return {re.split(r"v[0-9]+ ", entry)[0] for entry in source.get("entries", ())}


def archive_holds(world: World) -> list[str]:
    """What `digest check` finds, but for days that it rightly says are waiting."""
    out = io.StringIO()
    command = ["check", "--json", "--config", str(world.runner / "config.yaml")]
    with redirect_stdout(out), redirect_stderr(io.StringIO()):
        code = main(command)
    report = json.loads(out.getvalue().splitlines()[-1])
    if code == 0 or not world.commits:
        return []
    site, problems = Site(world.out), []
    for line in report["reason"].splitlines():
        named = re.search(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", line)
        day = date.fromisoformat(named[0]) if named else None
        record = site.records.get(day) if day else None
        waits = record["status"] in ("partial", "approximate") if record else day is not None
        if not (waits and re.search(r"missed|missing|stale|unread|unscored|no record", line)):
            problems.append(f"digest check: {line}")
    return problems


# --- pages ------------------------------------------------------------------------------------


def _visible(html: str) -> str:
    """A page's words, without scripts, tags and the rest of its code."""
    html = re.sub(r"(?s)<(script|style|head)\b.*?</\1>", " ", html)
    return " ".join(re.sub(r"<[^>]*>", " ", html).replace("&#39;", "'").split())


def _missing_days(html: str) -> list[date]:
    """The days that the archive's calendar marks as missing."""
    days = []
    for table in re.findall(r'(?s)<table class="calendar">.*?</table>', html):
        month = re.search(r"/([0-9]{4})-([0-9]{2})\.html", table)
        assert month, table
        missing = re.findall(r'<td class="missing"[^>]*>([0-9]+)', table)
        days += [date(int(month[1]), int(month[2]), int(day)) for day in missing]
    return days
