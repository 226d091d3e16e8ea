"""What many days add up to: figures, each with its pictures and a table of the same. Pure.

What is not known is said to be unknown and counted; it is neither drawn nor added as 0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from digest.core import wording
from digest.core.models import Day
from digest.core.scores import NO_TOPIC, ScoredBy
from digest.site import charts
from digest.site.figure import Axis, Figure, Picture, Say, axis_of, table, timeline

_MOST_TOPICS = 6  # with a picture of their own, beside the others' one


def figures(days: Sequence[Day]) -> list[Figure]:
    """What there is to see of these days, which are in order."""
    if not days:
        return []
    axis = axis_of(days)
    months = axis_of(days, "month") if axis.unit in ("day", "week") else axis
    made = (_volume(axis), _by_topic(months), _scores(days), _costs(months))
    return [figure for figure in made if figure]


def totals(days: Sequence[Day]) -> list[tuple[str, str]]:
    """All days in a line: (name, figure)."""
    announced, scanned, kept = _volumes(days)
    said = [
        ("Days", f"{len(days):,}"),
        ("Announced", f"{announced:,}"),
        ("Scanned", f"{scanned:,}"),
        ("Kept", f"{kept:,} ({charts.share(kept, scanned)})" if scanned else f"{kept:,}"),
    ]
    bill = _Bill.of(days)
    if bill.days:
        unknown = bill.without["cost"]
        cost = _said(bill.cost, _money)
        if 0 < unknown < bill.days:
            cost += f" and {wording.count(unknown, 'day')} {wording.NOT_REPORTED}"
        said.append(("Cost", cost))
    return said


# --- the figures ------------------------------------------------------------------------------


def _volume(axis: Axis) -> Figure:
    names = ("announced", "scanned", "kept")
    volumes: list[Sequence[int]] = [_volumes(period.days) for period in axis.filled]
    mean = "" if axis.unit == "day" else f", the mean of each {axis.unit}"

    def picture(shown: slice, height: int, *told: int) -> Picture:
        columns = [
            charts.Column(period.place, tuple(volume / len(period.days) for volume in of[shown]))
            for period, of in zip(axis.filled, volumes, strict=True)
        ]
        heading = " and ".join(names[shown])
        title, name = f"Papers {heading} a day{mean}", heading.capitalize()
        return timeline(axis, columns, name, title, names[shown], height, told=told)

    text = f"Announced, scanned and kept{mean}."
    if len(axis.filled) < len(axis.periods):
        text += " A gap is a time without a record."
    days = sum(len(period.days) for period in axis.filled)
    return Figure(
        "papers",
        "Papers a day",
        text,
        (picture(slice(2), 150, 1, 2, 3), picture(slice(2, 3), 110, 1, 4)),
        table(
            f"Papers by {axis.unit}",
            (axis.head, "Days", "Announced", "Scanned", "Kept"),
            [(p.row, len(p.days), *v) for p, v in zip(axis.filled, volumes, strict=True)],
            ("All", days, *map(sum, zip(*volumes, strict=True))),
            (period.place for period in axis.filled),
        ),
        tuple((name, name) for name in names),
    )


def _volumes(days: Iterable[Day]) -> tuple[int, int, int]:
    announced = scanned = kept = 0
    for counts in (day.counts for day in days):  # once through: there may be thousands
        announced += counts.announced
        scanned += counts.scanned
        kept += counts.kept
    return announced, scanned, kept


def _by_topic(axis: Axis) -> Figure | None:
    by_period = [_by_name(period.days) for period in axis.filled]
    totals = Counter[str]()
    for counts in by_period:
        totals.update(counts)
    if not totals:
        return None
    ranked = sorted(totals, key=lambda name: (name == NO_TOPIC, -totals[name], name))
    single = len(ranked) if len(ranked) <= _MOST_TOPICS + 1 else _MOST_TOPICS
    groups = [("No topic" if name == NO_TOPIC else name, [name]) for name in ranked[:single]]
    if others := ranked[single:]:
        groups.append((f"{len(others):,} others", others))
    made = [[sum(counts[n] for n in names) for counts in by_period] for _, names in groups]
    pictures, highest = [], max(map(max, made))
    for number, ((heading, _), values) in enumerate(zip(groups, made, strict=True), start=1):
        columns = [
            charts.Column(period.place, (value,))
            for period, value in zip(axis.filled, values, strict=True)
        ]
        title = f"Papers kept a {axis.unit}: {heading}"
        drawn = timeline(axis, columns, heading, title, ("kept",), 70, highest, told=(number,))
        pictures.append(drawn)
    return Figure(
        "topics",
        "Kept papers by topic",
        f"A {axis.unit} each column; all topics on one scale.",
        tuple(pictures),
        table(
            f"Kept papers by topic and {axis.unit}",
            (axis.head, *(heading for heading, _ in groups)),
            [(p.row, *values) for p, *values in zip(axis.filled, *made, strict=True)],
            ("All", *map(sum, made)),
            (period.place for period in axis.filled),
        ),
        layout="many",
    )


def _by_name(days: Iterable[Day]) -> Counter[str]:
    counts: dict[str, int] = {}
    for day in days:
        for topic, kept in day.topics.items():  # a Counter would take three times as long
            counts[topic] = counts.get(topic, 0) + kept
    return Counter(counts)


def _scores(days: Sequence[Day]) -> Figure | None:
    """The two scorers' figures are not alike, hence never in one picture."""
    model = [day for day in days if day.scorer is not ScoredBy.EMBEDDED]
    embedded = [day.relevance for day in days if day.scorer is ScoredBy.EMBEDDED]
    kinds = (
        ("Relevance", "scanned", [day.relevance for day in model]),
        ("Novelty", "kept", [day.novelty for day in model]),
        ("Relevance, embedded scorer", "announced", embedded),
    )
    found = [
        (heading, name, [sum(row) for row in zip(*spreads, strict=True)])
        for heading, name, spreads in kinds
        if sum(map(sum, spreads))
    ]
    if not found:
        return None
    pictures = []
    for heading, name, counts in found:
        made = charts.histogram(
            counts,
            title=f"How often each score was given: {heading}",
            description=f"{sum(counts):,} papers; most often {counts.index(max(counts)) + 1}.",
            name=name,
        )
        pictures.append(Picture(heading, Markup(made)))  # noqa: S704 - charts escapes its words
    columns = [counts for _, _, counts in found]
    return Figure(
        "scores",
        "Scores",
        "Of all scored papers, the share with each score from 1 to 10.",
        tuple(pictures),
        table(
            "Papers by score",
            ("Score", *(heading for heading, _, _ in found)),
            [(str(score), *row) for score, *row in zip(range(1, 11), *columns, strict=True)],
            ("All", *map(sum, columns)),
        ),
        layout="pair",
    )


def _costs(axis: Axis) -> Figure | None:
    bills = [_Bill.of(period.days) for period in axis.filled]
    bill = _Bill.sum_of(bills)
    if not bill.days:
        return None
    paid = [(period, of) for period, of in zip(axis.filled, bills, strict=True) if of.days]
    money = [
        charts.Column(period.place, (of.cost or 0.0,), of.without["cost"] > 0)
        for period, of in paid
    ]
    tokens = [
        charts.Column(
            period.place,
            (of.prompt or 0.0, of.completion or 0.0),
            of.without["tokens"] > 0,
        )
        for period, of in paid
    ]
    missing = {what: days for what, days in bill.without.items() if days}
    gaps = (f"Days without {what}" for what in missing)
    head = (axis.head, "Days", "Cost", "Prompt tokens", "Completion tokens", *gaps)
    pictures, key = [], []

    def told(*names: str) -> tuple[int, ...]:
        return tuple(head.index(name) for name in names if name in head)

    if bill.without["cost"] < bill.days:
        title, shown = f"Cost a {axis.unit}, in dollars", told("Cost", "Days without cost")
        drawn = timeline(
            axis, money, "Cost", title, ("cost",), 110, told=shown, say=wording.dollars
        )
        pictures.append(drawn)
        key.append(("cost", "cost"))
    if bill.without["tokens"] < bill.days:
        title, names = f"Tokens a {axis.unit}", ("asked", "answered")
        shown = told("Prompt tokens", "Completion tokens", "Days without tokens")
        drawn = timeline(axis, tokens, "Tokens", title, names, 110, told=shown, stacked=True)
        pictures.append(drawn)
        key += [("asked", "prompt tokens"), ("answered", "completion tokens")]
    text = [f"A {axis.unit} each column."] if pictures else []
    if missing:
        said = (f"the {what} of {wording.count(days, 'day')}" for what, days in missing.items())
        text.append(f"Not reported: {' and '.join(said)}.")
    if missing and pictures:
        key.append(("gap", "not all reported"))
        text.append("Where some are missing, a band stands behind the column: the truth is higher.")
    if free := sum(len(period.days) for period in axis.filled) - bill.days:
        text.append(f"{wording.count(free, 'day')} asked no model and cost nothing.")
    return Figure(
        "cost",
        f"Cost and tokens a {axis.unit}",
        " ".join(text),
        tuple(pictures),
        table(
            f"Cost and tokens by {axis.unit}",
            head,
            ((period.row, *of.row(missing)) for period, of in paid),
            ("All", *bill.row(missing)),
            (period.place for period, _ in paid),
        ),
        tuple(key),
    )


# --- what may not be known --------------------------------------------------------------------


def asked(day: Day) -> bool:
    """Whether a model was asked, so that the day may have cost something."""
    return day.scorer is not ScoredBy.EMBEDDED and (
        day.counts.scanned > 0 or day.cost_usd is not None
    )


@dataclass(frozen=True, slots=True)
class _Bill:
    """What the days on which a model was asked have cost, as far as is known; None: no day says."""

    days: int
    cost: float | None
    prompt: float | None
    completion: float | None
    without: dict[str, int]  # of how many days that is not known

    @classmethod
    def of(cls, days: Iterable[Day]) -> _Bill:
        paid = [day for day in days if asked(day)]
        unknown = sum(day.prompt_tokens is None or day.completion_tokens is None for day in paid)
        return cls(
            len(paid),
            _sum(day.cost_usd for day in paid),
            _sum(day.prompt_tokens for day in paid),
            _sum(day.completion_tokens for day in paid),
            {"cost": sum(day.cost_usd is None for day in paid), "tokens": unknown},
        )

    @classmethod
    def sum_of(cls, bills: Sequence[_Bill]) -> _Bill:
        return cls(
            sum(bill.days for bill in bills),
            _sum(bill.cost for bill in bills),
            _sum(bill.prompt for bill in bills),
            _sum(bill.completion for bill in bills),
            {what: sum(bill.without[what] for bill in bills) for what in ("cost", "tokens")},
        )

    def row(self, missing: Iterable[str]) -> tuple[str | int, ...]:
        return (
            self.days,
            _said(self.cost, wording.dollars),
            _said(self.prompt, _whole),
            _said(self.completion, _whole),
            *(self.without[what] for what in missing),
        )


def _sum(values: Iterable[float | None]) -> float | None:
    """The sum of what is known; None if nothing is."""
    known = [value for value in values if value is not None]
    return round(sum(known), 9) if known else None  # in whatever order they are added


def _said(value: float | None, say: Say) -> str:
    return wording.NOT_REPORTED if value is None else say(value)


def _money(amount: float) -> str:
    return f"${amount:,.2f}" if amount >= 1 else wording.dollars(amount)


def _whole(number: float) -> str:
    return f"{number:,.0f}"
