"""What arXiv announces, from a seed: papers, cross-lists, replacements, deferred mailings.

The calendar is the real one (`core.calendar`). Papers get their ids by the month in which
they were submitted; a few are held by moderation, and come days later under their old id.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from digest.core.calendar import (
    EASTERN,
    is_announcement_day,
    next_announcement,
    submission_window,
)
from digest.core.papers import AnnounceType
from digest.core.papers import Paper as AnnouncedPaper
from tests.simulator.faults import Rates, chance

HISTORY = timedelta(days=40)  # before the first day, so that it has something to replace
OUTSIDE = "stat.ML"  # a category that nobody follows; its papers come as cross-lists
SMALL = "cs.GL"  # hardly ever has a paper
ORDER = ("new", "cross", "replace", "replace-cross")

_WORDS = [
    "sparse", "attention", "memory", "routing", "expert", "gradient", "token", "cache", "kernel",
    "policy", "graph", "latent", "prompt", "diffusion", "retrieval", "planning", "agent",
    "reward", "alignment", "quantized", "pruning", "bound", "sampling", "transfer",
]  # fmt: skip
_NAMES = (  # as the feed has them, and as they are read
    ("Ada Lovelace", "Ada Lovelace"),
    ("Ant\\'onio Silva", "António Silva"),
    ('Kurt G\\"odel', "Kurt Gödel"),
    ("Grace Hopper", "Grace Hopper"),
    ("Yu-Chiang (Frank) Wang", "Yu-Chiang (Frank) Wang"),
    ("Emmy Noether", "Emmy Noether"),
)


@dataclass(eq=False)
class Paper:
    id: str
    title: str
    abstract: str
    names: tuple[tuple[str, str], ...]
    submitted: datetime
    announced: date
    categories: list[str]  # primary first; later cross-lists are added
    listed: dict[str, date]  # since when each category has it
    versions: list[date] = field(default_factory=list)  # when each was announced

    @property
    def primary(self) -> str:
        return self.categories[0]

    def version(self, day: date) -> int:
        """The newest that was out on `day`."""
        return max(1, sum(announced <= day for announced in self.versions))


@dataclass(frozen=True)
class Entry:
    """A line of a category's announcement."""

    paper: Paper
    version: int
    type: str

    def as_paper(self, categories: Sequence[str] | None = None) -> AnnouncedPaper:
        """The paper as it is read; in the categories that it has by now, if none are given."""
        return AnnouncedPaper(
            id=self.paper.id,
            version=self.version,
            title=self.paper.title,
            authors=tuple(name for _, name in self.paper.names),
            abstract=self.paper.abstract,
            categories=tuple(categories or self.paper.categories),
            announce_type=AnnounceType(self.type),
            license="http://creativecommons.org/licenses/by/4.0/",
        )


Batch = tuple[Entry, ...]


class Truth:
    """All that is announced from `first` to `last`."""

    def __init__(
        self, seed: int, categories: Sequence[str], first: date, last: date, rates: Rates
    ) -> None:
        self.categories = tuple(categories)
        self._seed, self._rng, self._rates = seed, random.Random(f"{seed} papers"), rates
        self._numbers: Counter[str] = Counter()
        self.papers: dict[str, Paper] = {}
        self.days: dict[date, dict[str, Batch]] = {}  # the days on which something came out
        self.deferred: list[date] = []
        waiting: list[Paper] = []
        day = next_announcement(first - HISTORY)
        while day <= last:
            waiting += self._submit(day)
            if day > first and self._is_deferred(day):
                self.deferred.append(day)
            else:
                self.days[day] = self._announce(day, waiting)
                waiting = []
            day = next_announcement(day)

    def batch(self, day: date, category: str) -> Batch:
        return self.days.get(day, {}).get(category, ())

    def previous(self, day: date) -> date:
        """The announcement before `day`'s."""
        return max((earlier for earlier in self.days if earlier < day), default=day)

    def wanted(self, first: date, last: date) -> dict[str, list[tuple[date, str]]]:
        """Each paper announced as new or cross in these days: when, and in which category."""
        entries: dict[str, list[tuple[date, str]]] = defaultdict(list)
        for day, batches in self.days.items():
            for category in self.categories if first <= day <= last else ():
                for entry in batches[category]:
                    if entry.type in ("new", "cross"):
                        entries[entry.paper.id].append((day, category))
        return entries

    def _is_deferred(self, day: date) -> bool:
        yesterday = self.deferred[-1:] == [max(self.days)]
        return not yesterday and chance(self._seed, "deferred", day) < self._rates.deferred

    def _submit(self, day: date) -> list[Paper]:
        """What arrives for the announcement of `day`, a day of the calendar."""
        rng, drafts = self._rng, []
        start, end = submission_window(day)
        for category in (*self.categories, OUTSIDE):
            number = rng.choice((0, 0, 0, 1, 2)) if category == SMALL else rng.randint(3, 12)
            for _ in range(number):
                submitted = start + rng.random() * (end - start)
                if rng.random() < self._rates.held:
                    submitted -= timedelta(days=rng.randint(2, 5))
                drafts.append((submitted.replace(microsecond=0), category))
        return [self._paper(submitted, category, day) for submitted, category in sorted(drafts)]

    def _paper(self, submitted: datetime, primary: str, day: date) -> Paper:
        rng, month = self._rng, f"{submitted.astimezone(EASTERN):%y%m}"
        self._numbers[month] += 1
        also = [c for c in (*self.categories, OUTSIDE) if c != primary and rng.random() < 0.25]
        words = rng.sample(_WORDS, 6)
        math = rng.choice(("", "", " in $O(n^2)$", " & <more>"))
        paper = Paper(
            id=f"{month}.{self._numbers[month]:05}",
            title=f"{' '.join(words[:4]).capitalize()}: {words[4]} {words[5]}{math}",
            abstract=f"We study {' '.join(rng.choices(_WORDS, k=25))}.",
            names=tuple(rng.sample(_NAMES, rng.randint(1, 4))),
            submitted=submitted,
            announced=day,
            categories=[primary, *also],
            listed={},
        )
        self.papers[paper.id] = paper
        return paper

    def _announce(self, day: date, new: list[Paper]) -> dict[str, Batch]:
        rng = self._rng
        old = [p for p in self.papers.values() if p.versions][-600:]
        changed = rng.sample(old, min(len(old), rng.randint(2, 12)))
        batches: dict[str, list[Entry]] = {c: [] for c in (*self.categories, OUTSIDE)}
        for paper in new:
            paper.announced = day
            paper.versions.append(day)
            for category in paper.categories:
                paper.listed[category] = day
                kind = "new" if category == paper.primary else "cross"
                batches[category].append(Entry(paper, 1, kind))
        for paper in changed:
            missing = [c for c in batches if c not in paper.categories]
            if missing and rng.random() < 0.5:
                category = rng.choice(missing)
                paper.categories.append(category)
                paper.listed[category] = day
                batches[category].append(Entry(paper, paper.version(day), "cross"))
            elif len(paper.versions) < 5:
                paper.versions.append(day)
                for category in paper.categories:
                    kind = "replace" if category == paper.primary else "replace-cross"
                    batches[category].append(Entry(paper, len(paper.versions), kind))

        def place(entry: Entry) -> tuple[int, str]:
            return ORDER.index(entry.type), entry.paper.id

        return {c: tuple(sorted(entries, key=place)) for c, entries in batches.items()}


def announcement_days(first: date, number: int) -> list[date]:
    """So many days of the calendar, from `first` on."""
    days = [first] if is_announcement_day(first) else [next_announcement(first)]
    while len(days) < number:
        days.append(next_announcement(days[-1]))
    return days
