"""What many days add up to: figures, each with its pictures and a table of the same. Pure.

Days whose cost or tokens are unknown are counted; unknown is neither drawn nor added as 0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from digest.core import wording
from digest.core.day import Day
from digest.core.scores import NO_TOPIC, ScoredBy
from digest.site.figure import Axis, Column, Figure, Picture, Place, axis_of

_MOST_TOPICS = 6  # with a picture of their own, beside the others' one
_VOLUMES: dict[str, Callable[[Sequence[Day]], int]] = {
    "Announced": lambda days: sum(day.counts.announced for day in days),
    "Scanned": lambda days: sum(day.counts.scanned for day in days),
    "Kept": lambda days: sum(day.counts.kept for day in days),
}
_TOKENS = ["prompt_tokens", "completion_tokens"]


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
    numbers = {"Days": len(days)} | {name: measure(days) for name, measure in _VOLUMES.items()}
    rows = {name: f"{number:,}" for name, number in numbers.items()}
    if numbers["Scanned"]:
        share = numbers["Kept"] / numbers["Scanned"]
        rows["Kept"] += " (<1%)" if 0 < share < 0.005 else f" ({share:.0%})"
    if paid := list(filter(asked, days)):
        rows["Cost"] = wording.dollars(_sum("cost_usd", paid))
        unknown = _without(["cost_usd"], paid)
        if 0 < unknown < len(paid):
            rows["Cost"] += f" and {wording.count(unknown, 'day')} {wording.NOT_REPORTED}"
    return list(rows.items())


def asked(day: Day) -> bool:
    """True if a model was asked, so that the day may have cost something."""
    return day.scorer is not ScoredBy.EMBEDDED and (
        day.counts.scanned > 0 or day.cost_usd is not None
    )


def ranked(topics: Mapping[str, int]) -> list[str]:
    """The topics by papers kept, most first; papers without a topic last."""
    return sorted(topics, key=lambda name: (name == NO_TOPIC, -topics[name], name))


# --- the figures ------------------------------------------------------------------------------


def _volume(axis: Axis) -> Figure:
    days = Column.of(axis, "Days", len)
    volumes = []
    for head, measure in _VOLUMES.items():
        means = [measure(place.days) / len(place.days) for place in axis.filled]
        volumes.append(replace(Column.of(axis, head, measure, head.lower()), heights=means))
    mean = "" if axis.unit == "day" else f", the mean of each {axis.unit}"
    pictures = []
    for columns, height in ((volumes[:2], 150), (volumes[2:], 110)):
        names = " and ".join(column.look for column in columns)
        title = f"Papers {names} a day{mean}"
        pictures.append(Picture(names.capitalize(), title, columns, height, beside=[days]))
    gap = " A gap is a time without a record." if len(days.values) < len(axis.places) else ""
    return Figure(
        "papers",
        "Papers a day",
        f"Announced, scanned and kept{mean}.{gap}",
        f"Papers by {axis.unit}",
        axis,
        [days, *volumes],
        pictures,
        [(column.look, column.look) for column in volumes],
    )


def _by_topic(axis: Axis) -> Figure | None:
    kept = Counter[str]()
    for place in axis.filled:
        for day in place.days:
            kept.update(day.topics)
    if not kept:
        return None
    names = ranked(kept)
    single = len(names) if len(names) <= _MOST_TOPICS + 1 else _MOST_TOPICS
    groups = [("No topic" if name == NO_TOPIC else name, [name]) for name in names[:single]]
    if others := names[single:]:
        groups.append((f"{len(others):,} others", others))
    columns = [Column.of(axis, head, partial(_kept, own), "kept") for head, own in groups]
    title = f"Papers kept a {axis.unit}: "
    return Figure(
        "topics",
        "Kept papers by topic",
        f"A {axis.unit} each column; all topics on one scale.",
        f"Kept papers by topic and {axis.unit}",
        axis,
        columns,
        [Picture(column.head, title + column.head, [column], 70) for column in columns],
        layout="many",
        one_scale=True,
    )


def _kept(topics: Iterable[str], days: Iterable[Day]) -> int:
    """Papers kept for any of these topics."""
    return sum(day.topics.get(topic, 0) for day in days for topic in topics)


def _scores(days: Sequence[Day]) -> Figure | None:
    """How often each score was given. The scores of the two scorers do not compare, hence never
    stand in one picture."""
    model = [day for day in days if day.scorer is not ScoredBy.EMBEDDED]
    embedded = [day.relevance for day in days if day.scorer is ScoredBy.EMBEDDED]
    columns, pictures = [], []
    for heading, look, spreads in (
        ("Relevance", "scanned", [day.relevance for day in model]),
        ("Novelty", "kept", [day.novelty for day in model]),
        ("Relevance, embedded scorer", "announced", embedded),
    ):
        counts = [sum(spread) for spread in zip(*spreads, strict=True)]
        if papers := sum(counts):
            shares = [100 * count / papers for count in counts]
            columns.append(Column(heading, counts, papers, look, heights=shares))
            title = f"How often each score was given: {heading}"
            says = f"{papers:,} papers; most often {counts.index(max(counts)) + 1}."
            drawn = Picture(heading, title, columns[-1:], 140, description=says, scale="{}%")
            pictures.append(drawn)
    if not columns:
        return None
    return Figure(
        "scores",
        "Scores",
        "Of all scored papers, the share with each score from 1 to 10.",
        "Papers by score",
        Axis("score", [Place(n, str(n + 1), str(n + 1), days) for n in range(10)]),
        columns,
        pictures,
        layout="pair",
    )


def _costs(axis: Axis) -> Figure | None:
    """Of the days on which a model was asked."""
    paid = axis.where(asked)
    asking = [day for place in paid.filled for day in place.days]
    if not asking:
        return None
    unit = axis.unit
    cost, prompt, completion = (
        replace(Column.of(paid, head, partial(_sum, field), look), write=write)
        for head, field, look, write in (
            ("Cost", "cost_usd", "cost", wording.dollars),
            ("Prompt tokens", "prompt_tokens", "asked", wording.tokens),
            ("Completion tokens", "completion_tokens", "answered", wording.tokens),
        )
    )
    columns = [Column.of(paid, "Days", len), cost, prompt, completion]
    pictures, key, unreported = [], [], []
    for what, title, scale, drawn, fields in (
        ("cost", f"Cost a {unit}, in dollars", "${}", [cost], ["cost_usd"]),
        ("tokens", f"Tokens a {unit}", "{}", [prompt, completion], _TOKENS),
    ):
        lacking = Column.of(paid, f"Days without {what}", partial(_without, fields))
        if unknown := _without(fields, asking):
            columns.append(lacking)
            unreported.append(f"the {what} of {wording.count(unknown, 'day')}")
        if unknown < len(asking):
            key += [(column.look, column.head.lower()) for column in drawn]
            gaps = [p.number for p, n in zip(paid.filled, lacking.values, strict=True) if n]
            pictures.append(
                Picture(what.capitalize(), title, drawn, 110, [lacking], "", scale, True, gaps)
            )
    text = [f"A {unit} each column."] if pictures else []
    if unreported:
        text.append(f"Not reported: {' and '.join(unreported)}.")
    if unreported and pictures:
        key.append(("gap", "not all reported"))
        text.append("Where some are missing, a band stands behind the column: the truth is higher.")
    if free := sum(len(place.days) for place in axis.filled) - len(asking):
        text.append(f"{wording.count(free, 'day')} asked no model and cost nothing.")
    return Figure(
        "cost",
        f"Cost and tokens a {unit}",
        " ".join(text),
        f"Cost and tokens by {unit}",
        paid,
        columns,
        pictures,
        key,
    )


def _sum(field: str, days: Iterable[Day]) -> float | None:
    """The sum of what the days report; None if none does."""
    reported = [value for day in days if (value := getattr(day, field)) is not None]
    return round(sum(reported), 9) if reported else None  # the same in whatever order


def _without(fields: Iterable[str], days: Iterable[Day]) -> int:
    """How many days do not report one of these."""
    return sum(None in [getattr(day, field) for field in fields] for day in days)
