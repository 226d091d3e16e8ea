"""What many days add up to: figures, each with its pictures and a table of the same. Pure.

What is not known is said to be unknown and counted; it is neither drawn nor added as 0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from digest import wording
from digest.models import NO_TOPIC, Day
from digest.site import charts
from digest.site.figure import Axis, Figure, Picture, Say, axis_of, rounded, table, timeline

_MOST_TOPICS = 6  # with a picture of their own, beside the others' one


def figures(days: Sequence[Day]) -> list[Figure]:
    """What there is to see of these days, which are in order."""
    if not days:
        return []
    axis = axis_of(days)
    months = axis_of(days, "month") if axis.unit in ("day", "week") else axis
    made = (_volume(axis), _by_topic(months), _scores(days), _costs(days, months))
    return [figure for figure in made if figure]


def sums(days: Sequence[Day]) -> list[tuple[str, str]]:
    """All days in a line: (name, figure)."""
    announced, scanned, kept = _volumes(days)
    said = [
        ("Days", f"{len(days):,}"),
        ("Announced", f"{announced:,}"),
        ("Scanned", f"{scanned:,}"),
        ("Kept", f"{kept:,} ({charts.share(kept, scanned)})" if scanned else f"{kept:,}"),
    ]
    if costs := _Bill.of(days).costs:
        said.append(("Cost", _total(costs, _money)))
    return said


# --- the figures ------------------------------------------------------------------------------


def _volume(axis: Axis) -> Figure:
    names = ("announced", "scanned", "kept")
    volumes: list[Sequence[int]] = [_volumes(period.days) for period in axis.filled]
    mean = "" if axis.unit == "day" else f", the mean of each {axis.unit}"

    def picture(shown: slice, height: int) -> Picture:
        columns = []
        for period, sums_of in zip(axis.filled, volumes, strict=True):
            means = tuple(volume / len(period.days) for volume in sums_of[shown])
            said = ", ".join(f"{rounded(v)} {n}" for n, v in zip(names[shown], means, strict=True))
            columns.append(charts.Column(period.place, means, f"{period.name}: {said}"))
        heading = " and ".join(names[shown])
        title = f"Papers {heading} a day{mean}"
        return timeline(axis, columns, heading.capitalize(), title, names[shown], height)

    text = f"Announced, scanned and kept{mean}."
    if len(axis.filled) < len(axis.periods):
        text += " A gap is a time without a record."
    days = sum(len(period.days) for period in axis.filled)
    return Figure(
        "papers",
        "Papers a day",
        text,
        (picture(slice(2), 150), picture(slice(2, 3), 110)),
        table(
            f"Papers by {axis.unit}",
            (axis.head, "Days", "Announced", "Scanned", "Kept"),
            [(p.row, len(p.days), *v) for p, v in zip(axis.filled, volumes, strict=True)],
            ("All", days, *_volumes(day for period in axis.filled for day in period.days)),
        ),
        tuple((name, name) for name in names),
    )


def _volumes(days: Iterable[Day]) -> tuple[int, int, int]:
    counts = [day.counts for day in days]
    return (
        sum(c.announced for c in counts),
        sum(c.scanned for c in counts),
        sum(c.kept for c in counts),
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
    made = [[sum(counts[n] for n in names) for counts in by_period] for _, names in groups]
    pictures = []
    for (heading, _), values in zip(groups, made, strict=True):
        columns = [
            charts.Column(period.place, (value,), f"{period.name}: {value:,}")
            for period, value in zip(axis.filled, values, strict=True)
        ]
        title = f"Papers kept a {axis.unit}: {heading}"
        highest = max(map(max, made))
        pictures.append(timeline(axis, columns, heading, title, ("kept",), 70, highest))
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
        ),
        layout="many",
    )


def _by_name(days: Iterable[Day]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for day in days:
        for topic, kept in day.topics.items():  # twice as fast as `update`
            counts[topic] += kept
    return counts


def _scores(days: Sequence[Day]) -> Figure | None:
    """The two scorers' figures are not alike, hence never in one picture."""
    model = [day for day in days if day.scorer != "offline"]
    embedded = [day.relevance for day in days if day.scorer == "offline"]
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


def _costs(days: Sequence[Day], axis: Axis) -> Figure | None:
    bill = _Bill.of(days)
    if not bill.days:
        return None
    money, tokens, rows = [], [], []
    for period in axis.filled:
        of = _Bill.of(period.days)
        if not of.days:
            continue
        said = f"{period.name}: {_total(of.costs, wording.dollars)}"
        spent = (_known(of.costs) or 0.0,)
        money.append(charts.Column(period.place, spent, said, of.without_cost > 0))
        values = (_known(of.prompt) or 0.0, _known(of.completion) or 0.0)
        said = f"{period.name}: {_total(of.prompt, _whole)} prompt"
        said += f", {_total(of.completion, _whole)} completion"
        tokens.append(charts.Column(period.place, values, said, of.without_tokens > 0))
        rows.append((period.row, *of.row))
    pictures, key = [], []
    if bill.without_cost < bill.days:
        title = f"Cost a {axis.unit}, in dollars"
        pictures.append(timeline(axis, money, "Cost", title, ("cost",), 110, say=wording.dollars))
        key.append(("cost", "cost"))
    if bill.without_tokens < bill.days:
        title, names = f"Tokens a {axis.unit}", ("asked", "answered")
        pictures.append(timeline(axis, tokens, "Tokens", title, names, 110, stacked=True))
        key += [("asked", "prompt tokens"), ("answered", "completion tokens")]
    missing = bill.missing
    if missing and pictures:
        key.append(("gap", "not all reported"))
        missing += " Where some are missing, a band stands behind the column: the truth is higher."
    text = [f"A {axis.unit} each column." if pictures else "", missing]
    if free := len(days) - bill.days:
        text.append(f"{wording.count(free, 'day')} asked no model and cost nothing.")
    head = ("Days", "Cost", "Prompt tokens", "Completion tokens")
    return Figure(
        "cost",
        f"Cost and tokens a {axis.unit}",
        " ".join(filter(None, text)),
        tuple(pictures),
        table(
            f"Cost and tokens by {axis.unit}",
            (axis.head, *head, "Days without cost", "Days without tokens"),
            rows,
            ("All", *bill.row),
        ),
        tuple(key),
    )


# --- what may not be known --------------------------------------------------------------------

_Values = Sequence[float | None]


def asked(day: Day) -> bool:
    """Whether a model was asked, so that the day may have cost something."""
    return day.scorer != "offline" and (day.counts.scanned > 0 or day.cost_usd is not None)


@dataclass(frozen=True, slots=True)
class _Bill:
    """What the days on which a model was asked have cost, each its own; None: not reported."""

    costs: _Values
    prompt: _Values
    completion: _Values

    @classmethod
    def of(cls, days: Iterable[Day]) -> _Bill:
        paid = [day for day in days if asked(day)]
        return cls(
            [day.cost_usd for day in paid],
            [day.prompt_tokens for day in paid],
            [day.completion_tokens for day in paid],
        )

    @property
    def days(self) -> int:
        return len(self.costs)

    @property
    def without_cost(self) -> int:
        return self.costs.count(None)

    @property
    def without_tokens(self) -> int:
        return sum(None in both for both in zip(self.prompt, self.completion, strict=True))

    @property
    def missing(self) -> str:
        """How many days lack what, in a sentence; "" where none does."""
        said = [
            f"the {what} of {wording.count(number, 'day')}"
            for what, number in (("cost", self.without_cost), ("tokens", self.without_tokens))
            if number
        ]
        return f"Not reported: {' and '.join(said)}." if said else ""

    @property
    def row(self) -> tuple[str | int, ...]:
        return (
            self.days,
            _sum(self.costs, wording.dollars),
            _sum(self.prompt, _whole),
            _sum(self.completion, _whole),
            self.without_cost,
            self.without_tokens,
        )


def _known(values: _Values) -> float | None:
    """The sum of what is known; None if nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _sum(values: _Values, say: Say) -> str:
    known = _known(values)
    return wording.NOT_REPORTED if known is None else say(known)


def _total(values: _Values, say: Say) -> str:
    """The sum, and for how many days there is none."""
    said, unknown = _sum(values, say), values.count(None)
    if not unknown or unknown == len(values):
        return said
    return f"{said} and {wording.count(unknown, 'day')} {wording.NOT_REPORTED}"


def _money(amount: float) -> str:
    return f"${amount:,.2f}" if amount >= 1 else wording.dollars(amount)


def _whole(number: float) -> str:
    return f"{number:,.0f}"
