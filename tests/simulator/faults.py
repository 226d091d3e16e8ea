"""What goes wrong, from a seed. Each thing is drawn by its own key, so that to change one rate, or
how often the bot asks, changes nothing else."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from digest.core.calendar import EASTERN


@dataclass(frozen=True)
class Rates:
    """How often: a share of days, slots or requests."""

    stale: float = 0.10  # mornings on which some category repeats its previous batch
    growing: float = 0.01  # (day, category): the feed is there, but half of it
    hollow: float = 0.01  # (day, category): the feed is there and has no item, for hours or all day
    blemished: float = 0.002  # (day, category, paper): its item in the feed has no title
    deferred: float = 0.01  # expected days on which nothing comes; the next has it
    held: float = 0.02  # papers that moderation holds for days
    dropped: float = 0.10  # slots
    late: float = 0.25  # slots, by up to four hours
    doubled: float = 0.02  # slots: two runs that start from the same commit
    feed: float = 0.02  # (slot, category): an error in place of the feed
    pages: float = 0.05  # slots in which /catchup and /list refuse
    early: float = 0.30  # (day, category) whose pages come late in the morning
    api: float = 0.05  # slots in which the search interface fails
    model: float = 0.03  # slots in which the model fails
    refused: float = 0.001  # papers that the model never scores
    push: float = 0.02  # slots in which the remote takes no push
    raced: float = 0.02  # slots in which somebody else pushes code first
    forgotten: float = 0.05  # slots that find no `.digest/` from before

    @classmethod
    def none(cls, **rates: float) -> Rates:
        """All calm but for these."""
        return replace(cls(*[0.0] * len(cls.__dataclass_fields__)), **rates)


def chance(seed: int, *key: object) -> float:
    """In [0, 1), always the same for a key."""
    return random.Random(f"{seed} {' '.join(map(str, key))}").random()


@dataclass(frozen=True)
class Faults:
    seed: int
    rates: Rates
    categories: Sequence[str]
    calm_until: datetime = datetime.min.replace(tzinfo=UTC)  # the first day goes well: somebody
    calm_from: datetime = datetime.max.replace(tzinfo=UTC)  # has set it up, and looks on

    # --- arXiv's days

    def stale_until(self, day: date, category: str) -> datetime | None:
        """Until when the feed repeats the previous batch on that day; None: it does not."""
        if self._draw("stale", day) >= self.rates.stale or self._is_calm(_midnight(day)):
            return None
        if self._draw("stale", day, category) > 0.6 and category != self._one_of(day):
            return None
        hours = 2 + 9 * self._draw("stale hours", day)  # 06 to 15 UTC, or so
        if self._draw("stale all day", day) < 0.25:
            hours = 24
        return _midnight(day) + timedelta(hours=hours)

    def grows_at(self, day: date, category: str) -> datetime | None:
        """When the rest of the feed comes; None: it is whole."""
        hit = self._draw("growing", day, category) < self.rates.growing
        calm = self._is_calm(_midnight(day))
        return _midnight(day) + timedelta(hours=4) if hit and not calm else None

    def hollow_until(self, day: date, category: str) -> datetime | None:
        """Until when the feed of that day has no item; None: it is as it should be."""
        hit = self._draw("hollow", day, category) < self.rates.hollow
        if not hit or self._is_calm(_midnight(day)):
            return None
        all_day = self._draw("hollow all day", day, category) < 0.5
        return _midnight(day) + timedelta(hours=24 if all_day else 10)

    def blemished(self, day: date, category: str, paper_id: str) -> bool:
        hit = self._draw("blemished", day, category, paper_id) < self.rates.blemished
        return hit and not self._is_calm(_midnight(day))

    def pages_from(self, day: date, category: str) -> datetime:
        """Since when /catchup and /list have the day."""
        evening = _midnight(day) - timedelta(hours=4)
        if self._draw("early", day, category) >= self.rates.early:
            return evening
        return evening + timedelta(hours=4 + 8 * self._draw("early hours", day, category))

    def empty_page_stays(self, day: date, category: str) -> timedelta:
        """How long a page that was asked for too early is served."""
        stays = self._draw("cached", day, category)
        return timedelta(hours=6 + 66 * stays) if stays < 0.5 else timedelta()

    # --- slots; `slot` is the time that the schedule names

    def dropped(self, slot: datetime) -> bool:
        return self._in_slot("dropped", slot, self.rates.dropped)

    def doubled(self, slot: datetime) -> bool:
        return self._in_slot("doubled", slot, self.rates.doubled)

    def delay(self, slot: datetime) -> timedelta:
        late = self._in_slot("late", slot, self.rates.late)
        minutes = 240 if late else 6
        return timedelta(minutes=1 + minutes * self._draw("delay", slot))

    def feed(self, slot: datetime, category: str) -> str | None:
        kinds = ("gateway", "down", "truncated", "cut", "web page", "empty", "storm", "refused")
        return self._kind("feed", slot, self.rates.feed, kinds, category)

    def pages(self, slot: datetime) -> str | None:
        kinds = ("gateway", "down", "truncated", "storm", "refused")
        return self._kind("pages", slot, self.rates.pages, kinds)

    def api(self, slot: datetime) -> str | None:
        return self._kind("api", slot, self.rates.api, ("gateway", "down", "nothing", "storm"))

    def model(self, slot: datetime) -> str | None:
        return self._kind("model", slot, self.rates.model, ("down", "key", "balance", "flaky"))

    def refused(self, paper_id: str) -> bool:
        return self._draw("refused", paper_id) < self.rates.refused

    def flaky(self, slot: datetime, paper_id: str) -> bool:
        """True if a request with this paper fails in a flaky hour."""
        return self._draw("flaky", slot, paper_id) < 0.1

    def push(self, slot: datetime) -> bool:
        return self._in_slot("push", slot, self.rates.push)

    def raced(self, slot: datetime) -> bool:
        return self._in_slot("raced", slot, self.rates.raced)

    def forgotten(self, slot: datetime) -> bool:
        return self._in_slot("forgotten", slot, self.rates.forgotten)

    # --- drawing

    def _draw(self, *key: object) -> float:
        return chance(self.seed, *key)

    def _is_calm(self, when: datetime) -> bool:
        return not self.calm_until <= when < self.calm_from

    def _in_slot(self, what: str, slot: datetime, rate: float) -> bool:
        return not self._is_calm(slot) and self._draw(what, slot) < rate

    def _kind(
        self, what: str, slot: datetime, rate: float, kinds: Sequence[str], *key: object
    ) -> str | None:
        if self._is_calm(slot) or self._draw(what, slot, *key) >= rate:
            return None
        return kinds[int(self._draw(what, "kind", slot, *key) * len(kinds))]

    def _one_of(self, day: date) -> str:
        return self.categories[int(self._draw("stale one", day) * len(self.categories))]


def _midnight(day: date) -> datetime:
    """Of New York, in UTC: where a day is 23 or 25 hours long, hours are still hours."""
    return datetime.combine(day, time(), EASTERN).astimezone(UTC)
