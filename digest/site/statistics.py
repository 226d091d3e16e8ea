"""What many days add up to: figures, each with its pictures and a table of the same. Pure.

Days whose cost or tokens are unknown are counted; unknown is neither drawn nor added as 0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from digest.core import wording
from digest.core.day import Day
from digest.core.scores import NO_TOPIC, ScoredBy
from digest.site import charts
from digest.site.figure import Axis, Figure, InWords, Picture, axis_of, table, timeline

_MOST_TOPICS = 6  # with a picture of their own, beside the others' one


def figures(days: Sequence[Day]) -> list[Figure]:
    """What there is to see of these days, which are in order."""
    if not days:
        return []
    axis = axis_of(days)
    months = axis_of(days, "month") if axis.unit in ("day", "week") else axis
    all_figures = (_volume(axis), _by_topic(months), _scores(days), _costs(months))
    return [figure for figure in all_figures if figure]


def totals(days: Sequence[Day]) -> list[tuple[str, str]]:
    """All days in a line: (name, number)."""
    announced, scanned, kept = _volumes(days)
    rows = [
        ("Days", f"{len(days):,}"),
        ("Announced", f"{announced:,}"),
        ("Scanned", f"{scanned:,}"),
        ("Kept", f"{kept:,} ({_share(kept, scanned)})" if scanned else f"{kept:,}"),
    ]
    bill = _Bill.of(days)
    if bill.days:
        unknown = bill.without["cost"]
        cost = _in_words(bill.cost, wording.dollars)
        if 0 < unknown < bill.days:
            cost += f" and {wording.count(unknown, 'day')} {wording.NOT_REPORTED}"
        rows.append(("Cost", cost))
    return rows


def _share(part: int, whole: int) -> str:
    """15%, <1%."""
    return "<1%" if 0 < part / whole < 0.005 else f"{part / whole:.0%}"


# --- the figures ------------------------------------------------------------------------------


def _volume(axis: Axis) -> Figure:
    names = ("announced", "scanned", "kept")
    volumes: list[Sequence[int]] = [_volumes(period.days) for period in axis.filled]
    mean = "" if axis.unit == "day" else f", the mean of each {axis.unit}"

    def picture(series: slice, height: int, *shown: int) -> Picture:
        columns = [
            charts.Column(period.place, tuple(volume / len(period.days) for volume in of[series]))
            for period, of in zip(axis.filled, volumes, strict=True)
        ]
        heading = " and ".join(names[series])
        title, name = f"Papers {heading} a day{mean}", heading.capitalize()
        return timeline(axis, columns, name, title, names[series], height, shown=shown)

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
    """Papers announced, scanned and kept."""
    counts = [day.counts for day in days]
    return (
        sum(count.announced for count in counts),
        sum(count.scanned for count in counts),
        sum(count.kept for count in counts),
    )


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
    kept = [[sum(counts[n] for n in names) for counts in by_period] for _, names in groups]
    pictures, highest = [], max(map(max, kept))
    for number, ((heading, _), values) in enumerate(zip(groups, kept, strict=True), start=1):
        columns = [
            charts.Column(period.place, (value,))
            for period, value in zip(axis.filled, values, strict=True)
        ]
        title = f"Papers kept a {axis.unit}: {heading}"
        pictures.append(
            timeline(axis, columns, heading, title, ("kept",), 70, shown=[number], highest=highest)
        )
    return Figure(
        "topics",
        "Kept papers by topic",
        f"A {axis.unit} each column; all topics on one scale.",
        tuple(pictures),
        table(
            f"Kept papers by topic and {axis.unit}",
            (axis.head, *(heading for heading, _ in groups)),
            [(p.row, *values) for p, *values in zip(axis.filled, *kept, strict=True)],
            ("All", *map(sum, kept)),
            (period.place for period in axis.filled),
        ),
        layout="many",
    )


def _by_name(days: Iterable[Day]) -> Counter[str]:
    """Papers kept by topic."""
    counts = Counter[str]()
    for day in days:
        counts.update(day.topics)
    return counts


def _scores(days: Sequence[Day]) -> Figure | None:
    """How often each score was given. The scores of the two scorers do not compare, hence never
    stand in one picture."""
    model = [day for day in days if day.scorer is not ScoredBy.EMBEDDED]
    embedded = [day.relevance for day in days if day.scorer is ScoredBy.EMBEDDED]
    kinds = (
        ("Relevance", "scanned", [day.relevance for day in model]),
        ("Novelty", "kept", [day.novelty for day in model]),
        ("Relevance, embedded scorer", "announced", embedded),
    )
    spreads = [
        (heading, look, [sum(counts) for counts in zip(*of_days, strict=True)])
        for heading, look, of_days in kinds
        if sum(map(sum, of_days))
    ]
    if not spreads:
        return None
    scores = [str(score) for score in range(1, 11)]
    pictures = []
    for number, (heading, look, counts) in enumerate(spreads, start=1):
        shares = [charts.Column(n, (100 * c / sum(counts),)) for n, c in enumerate(counts)]
        svg = charts.draw(
            shares,
            scores,
            title=f"How often each score was given: {heading}",
            description=f"{sum(counts):,} papers; most often {counts.index(max(counts)) + 1}.",
            classes=(look,),
            top=charts.highest(shares),
            height=140,
            scale="{}%",
        )
        pictures.append(Picture(heading, Markup(svg), (number,)))  # noqa: S704 - escaped there
    return Figure(
        "scores",
        "Scores",
        "Of all scored papers, the share with each score from 1 to 10.",
        tuple(pictures),
        table(
            "Papers by score",
            ("Score", *(heading for heading, _, _ in spreads)),
            [(n, *row) for n, *row in zip(scores, *(c for _, _, c in spreads), strict=True)],
            ("All", *(sum(counts) for _, _, counts in spreads)),
            range(10),
        ),
        layout="pair",
    )


def _costs(axis: Axis) -> Figure | None:
    bill = _Bill.of(day for period in axis.filled for day in period.days)
    if not bill.days:
        return None
    bills = [(period, _Bill.of(period.days)) for period in axis.filled]
    paid = [(period, of) for period, of in bills if of.days]
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

    def places(*names: str) -> list[int]:
        return [head.index(name) for name in names if name in head]

    if bill.without["cost"] < bill.days:
        title, shown = f"Cost a {axis.unit}, in dollars", places("Cost", "Days without cost")
        in_words = wording.dollars
        pictures.append(
            timeline(axis, money, "Cost", title, ("cost",), 110, shown=shown, in_words=in_words)
        )
        key.append(("cost", "cost"))
    if bill.without["tokens"] < bill.days:
        title, names = f"Tokens a {axis.unit}", ("asked", "answered")
        shown = places("Prompt tokens", "Completion tokens", "Days without tokens")
        pictures.append(
            timeline(axis, tokens, "Tokens", title, names, 110, shown=shown, stacked=True)
        )
        key += [("asked", "prompt tokens"), ("answered", "completion tokens")]
    text = [f"A {axis.unit} each column."] if pictures else []
    if missing:
        parts = (f"the {what} of {wording.count(days, 'day')}" for what, days in missing.items())
        text.append(f"Not reported: {' and '.join(parts)}.")
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
    """True if a model was asked, so that the day may have cost something."""
    return day.scorer is not ScoredBy.EMBEDDED and (
        day.counts.scanned > 0 or day.cost_usd is not None
    )


@dataclass(frozen=True, slots=True)
class _Bill:
    """What the days on which a model was asked cost; None: no day reports it."""

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

    def row(self, missing: Iterable[str]) -> tuple[str | int, ...]:
        return (
            self.days,
            _in_words(self.cost, wording.dollars),
            _in_words(self.prompt, _whole),
            _in_words(self.completion, _whole),
            *(self.without[what] for what in missing),
        )


def _sum(values: Iterable[float | None]) -> float | None:
    """The sum of what is known; None if nothing is."""
    reported = [value for value in values if value is not None]
    return round(sum(reported), 9) if reported else None  # the same in whatever order


def _in_words(value: float | None, in_words: InWords) -> str:
    return wording.NOT_REPORTED if value is None else in_words(value)


def _whole(number: float) -> str:
    return f"{number:,.0f}"
