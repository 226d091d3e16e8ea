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
from digest.site.figure import Axis, Figure, Picture, Table, axis_of, timeline

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
    share = f" ({_share(kept, scanned)})" if scanned else ""
    rows = [
        ("Days", f"{len(days):,}"),
        ("Announced", f"{announced:,}"),
        ("Scanned", f"{scanned:,}"),
        ("Kept", f"{kept:,}{share}"),
    ]
    bill = _Bill.of(days)
    if bill.days:
        cost = wording.dollars(bill.cost)
        unknown = bill.without["cost"]
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
    volumes = [_volumes(period.days) for period in axis.filled]
    days = [len(period.days) for period in axis.filled]
    means = [tuple(v / n for v in volume) for volume, n in zip(volumes, days, strict=True)]
    mean = "" if axis.unit == "day" else f", the mean of each {axis.unit}"

    def picture(series: slice, height: int, *shown: int) -> Picture:
        heading = " and ".join(names[series])
        values = [of[series] for of in means]
        title, name = f"Papers {heading} a day{mean}", heading.capitalize()
        return timeline(axis, values, name, title, names[series], height, shown=shown)

    gap = " A gap is a time without a record." if len(days) < len(axis.periods) else ""
    return Figure(
        "papers",
        "Papers a day",
        f"Announced, scanned and kept{mean}.{gap}",
        (picture(slice(2), 150, 1, 2, 3), picture(slice(2, 3), 110, 1, 4)),
        Table(
            f"Papers by {axis.unit}",
            (axis.head, "Days", "Announced", "Scanned", "Kept"),
            [(p.name, n, *v) for p, n, v in zip(axis.filled, days, volumes, strict=True)],
            ("All", sum(days), *map(sum, zip(*volumes, strict=True))),
            [period.place for period in axis.filled],
        ),
        [(name, name) for name in names],
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
    by_period = [_papers_of_topics(period.days) for period in axis.filled]
    totals = sum(by_period, Counter[str]())
    if not totals:
        return None
    ranked = sorted(totals, key=lambda name: (name == NO_TOPIC, -totals[name], name))
    single = len(ranked) if len(ranked) <= _MOST_TOPICS + 1 else _MOST_TOPICS
    groups = [("No topic" if name == NO_TOPIC else name, [name]) for name in ranked[:single]]
    if others := ranked[single:]:
        groups.append((f"{len(others):,} others", others))
    headings = [heading for heading, _ in groups]
    kept = [[sum(counts[n] for n in names) for counts in by_period] for _, names in groups]
    highest = max(map(max, kept))

    def picture(column: int, heading: str) -> Picture:
        values = [(value,) for value in kept[column - 1]]
        title = f"Papers kept a {axis.unit}: {heading}"
        return timeline(
            axis, values, heading, title, ("kept",), 70, shown=[column], highest=highest
        )

    return Figure(
        "topics",
        "Kept papers by topic",
        f"A {axis.unit} each column; all topics on one scale.",
        [picture(column, heading) for column, heading in enumerate(headings, start=1)],
        Table(
            f"Kept papers by topic and {axis.unit}",
            (axis.head, *headings),
            [(p.name, *values) for p, *values in zip(axis.filled, *kept, strict=True)],
            ("All", *map(sum, kept)),
            [period.place for period in axis.filled],
        ),
        layout="many",
    )


def _papers_of_topics(days: Iterable[Day]) -> Counter[str]:
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
    for column, (heading, look, counts) in enumerate(spreads, start=1):
        shares = [100 * count / sum(counts) for count in counts]
        svg = charts.draw(
            {place: (share,) for place, share in enumerate(shares)},
            scores,
            title=f"How often each score was given: {heading}",
            description=f"{sum(counts):,} papers; most often {counts.index(max(counts)) + 1}.",
            classes=(look,),
            top=max(shares),
            height=140,
            scale="{}%",
        )
        pictures.append(Picture(heading, Markup(svg), [column]))  # noqa: S704 - escaped there
    return Figure(
        "scores",
        "Scores",
        "Of all scored papers, the share with each score from 1 to 10.",
        pictures,
        Table(
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
    bills = [_Bill.of(period.days) for period in axis.filled]
    paid = [(period, of) for period, of in zip(axis.filled, bills, strict=True) if of.days]
    missing = {what: days for what, days in bill.without.items() if days}
    gaps = (f"Days without {what}" for what in missing)
    head = (axis.head, "Days", "Cost", "Prompt tokens", "Completion tokens", *gaps)
    pictures: list[Picture] = []
    key: list[tuple[str, str]] = []

    def picture(
        what: str, values: Sequence[tuple[float, ...]], title: str, *columns: str, **options: bool
    ) -> Picture:
        shown = [head.index(name) for name in (*columns, f"Days without {what}") if name in head]
        incomplete = [period.place for period, of in paid if of.without[what]]
        classes = [name for name, _ in key[-len(columns) :]]
        return timeline(
            axis,
            values,
            what.capitalize(),
            title,
            classes,
            110,
            shown=shown,
            incomplete=incomplete,
            **options,
        )

    if bill.without["cost"] < bill.days:
        key.append(("cost", "cost"))
        costs = [(of.cost or 0.0,) for of in bills]
        title = f"Cost a {axis.unit}, in dollars"
        pictures.append(picture("cost", costs, title, "Cost", dollars=True))
    if bill.without["tokens"] < bill.days:
        key += [("asked", "prompt tokens"), ("answered", "completion tokens")]
        tokens = [(of.prompt or 0.0, of.completion or 0.0) for of in bills]
        columns = ("Prompt tokens", "Completion tokens")
        title = f"Tokens a {axis.unit}"
        pictures.append(picture("tokens", tokens, title, *columns, stacked=True))
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
        pictures,
        Table(
            f"Cost and tokens by {axis.unit}",
            head,
            [(period.name, *of.row(missing)) for period, of in paid],
            ("All", *bill.row(missing)),
            [period.place for period, _ in paid],
        ),
        key,
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
            wording.dollars(self.cost),
            wording.tokens(self.prompt),
            wording.tokens(self.completion),
            *(self.without[what] for what in missing),
        )


def _sum(values: Iterable[float | None]) -> float | None:
    """The sum of what is known; None if nothing is."""
    reported = [value for value in values if value is not None]
    return round(sum(reported), 9) if reported else None  # the same in whatever order
