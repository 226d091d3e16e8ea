"""Pictures of numbers: SVG, made when the page is. Pure.

What runs across is in percent and what stands up is in pixels, so that one picture fills a phone
and a wide screen alike and its text keeps its size. The figures of the scale hang to the left of
it, in the padding that the stylesheet gives `.plot`. Colours come from there too, by class:
the pages allow no inline style.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from itertools import pairwise
from math import ceil, floor, log10

_ABOVE, _BELOW = 14, 22  # room for a figure on top, and for the axis' words
_FILLED = 0.8  # how much of its place a column fills
_SMALLEST = 1e-9  # what is less is drawn as nothing
_LETTER = 0.022  # how much of the axis one takes on a phone


@dataclass(frozen=True, slots=True)
class Column:
    """What stands at one place of the axis."""

    place: int
    values: tuple[float, ...]
    incomplete: bool = False  # a part of it is not known: a band behind says so


def timeline(
    columns: Sequence[Column],
    places: Sequence[tuple[int, str]],
    *,
    width: int,
    title: str,
    description: str,
    classes: Sequence[str],
    top: float,
    height: int = 180,
    unit: str = "",
    stacked: bool = False,
) -> str:
    """Columns along time. `width` is the number of places, `places` those that have a label.

    A column's values stand one upon the other if `stacked`, drawn as sums one before the other, the
    lowest in front; else they themselves do, the last in front. `top` is what the scale must
    reach: `highest(columns)`, or more where pictures share one.
    """
    steps = round_steps(top, most=3 if height < 120 else 4)
    drawn = [*_scale(steps, height, unit), *_labels(places, width, height)]
    # One place is one wide in here, whatever the picture's width.
    box = f'viewBox="0 0 {width} {height}" preserveAspectRatio="none"'
    inside = [f'<svg y="{_ABOVE}" width="100%" height="{height}" {box}>']
    gaps = [(column.place, 0.0) for column in columns if column.incomplete]
    inside.append(_bars("gap", gaps, 1, height))
    order = range(len(classes))
    for series in reversed(order) if stacked else order:
        tops = []
        for column in columns:
            value = sum(column.values[: series + 1]) if stacked else column.values[series]
            tops.append((column.place, round(height * (1 - value / steps[-1]), 1)))
        inside.append(_bars(classes[series], tops, _FILLED, height))
    drawn.append("\n".join(filter(None, inside)) + "</svg>")
    return _picture(drawn, title, description, height)


def highest(columns: Iterable[Column], stacked: bool = False) -> float:
    return max((sum(c.values) if stacked else max(c.values) for c in columns), default=0.0)


def histogram(
    counts: Sequence[int], *, title: str, description: str, name: str, height: int = 140
) -> str:
    """How often 1, 2, 3 … was given, each with its share of all."""
    most, total = max(counts), sum(counts)
    drawn = [_line(_ABOVE + height, "base")]
    for place, count in enumerate(counts):
        top = _up(count, most or 1, height)
        middle = _across(place + 0.5, len(counts))
        left, wide = _across(place + (1 - _FILLED) / 2, len(counts)), _across(_FILLED, len(counts))
        drawn.append(f"<g><title>{place + 1}: {count:,}</title>")
        if count:
            drawn.append(_bar(name, left, top, wide, _ABOVE + height - top))
            drawn.append(_word(f"{middle}%", top - 4, share(count, total), "middle"))
        drawn.append(_word(f"{middle}%", _ABOVE + height + 16, str(place + 1), "middle") + "</g>")
    return _picture(drawn, title, description, height, "plot even")


def share(part: int, whole: int) -> str:
    """15%, <1%."""
    return "<1%" if 0 < part / whole < 0.005 else f"{part / whole:.0%}"


def round_steps(highest: float, most: int = 4) -> list[float]:
    """Round figures from 0 to the first at or above `highest`, at most so many of them above 0."""
    if highest < _SMALLEST:
        return [0, 1]
    power = 10.0 ** floor(log10(highest / most))
    step = next(f * power for f in (1, 2, 5, 10, 20) if highest <= f * power * most * (1 + 1e-9))
    return [float(f"{i * step:.9g}") for i in range(ceil(highest / step - 1e-9) + 1)]


def short(value: float) -> str:
    """20, 0.05, 1.5k, 2M."""
    for size, letter in ((1e9, "bn"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


# --- the words of a timeline ------------------------------------------------------------------

_Key = Callable[[date], int]
_UNITS = ("day", "week", "month", "quarter", "year")
_EACH: tuple[tuple[str, _Key], ...] = (
    ("day", date.toordinal),
    *(("week", lambda d, n=n: (d.toordinal() - 1) // 7 // n) for n in (1, 2)),
    *(("month", lambda d, n=n: (d.year * 12 + d.month - 1) // n) for n in (1, 2, 3, 6)),
    *(("year", lambda d, n=n: d.year // n) for n in (1, 2, 5, 10, 20, 50, 100, 1000)),
)


def time_labels(starts: Sequence[date], unit: str, width: int) -> list[tuple[int, str]]:
    """Few labels for places that begin at these dates, each a `unit` long, and do not touch.

    `width` is the number of places of the axis, which may have more to the right.
    """
    for name, key in _EACH:
        if _UNITS.index(name) < _UNITS.index(unit):
            continue
        at = [0, *(i for i, (a, b) in enumerate(pairwise(starts), 1) if key(a) != key(b))]
        for chosen in (at, at[1:]):  # what began before the first day may well be cut short
            labels = list(
                zip(chosen, _dates([starts[place] for place in chosen], name), strict=True)
            )
            if all(b - a >= _wide(said) * width for (a, said), (b, _) in pairwise(labels)):
                fitting = [(at, said) for at, said in labels if at / width + _wide(said) <= 1.03]
                if fitting:
                    return fitting
    return []


def _wide(words: str) -> float:
    """How much of the axis they take on a phone, with what keeps them from the next."""
    return _LETTER * (len(words) + 1.5)


def _dates(days: Sequence[date], unit: str) -> Iterator[str]:
    before = None
    for day in days:
        year = f" {day.year}" if before is None or before.year != day.year else ""
        before = day
        if unit == "year":
            yield str(day.year)
        elif unit == "month":
            yield f"{day:%b}{year}"
        else:
            yield f"{day.day} {day:%b}"


# --- parts of a picture -----------------------------------------------------------------------


def _picture(
    drawn: Sequence[str], title: str, description: str, height: int, name: str = "plot"
) -> str:
    head = f'<svg class="{name}" role="img" width="100%" height="{_ABOVE + height + _BELOW}">'
    head += f"<title>{_text(title)}</title><desc>{_text(description)}</desc>"
    return "\n".join([head, *drawn, "</svg>"])


def _scale(steps: Sequence[float], height: int, unit: str) -> Iterator[str]:
    for step in steps:
        y = _up(step, steps[-1], height)
        yield _line(y, "rule" if step else "base")
        yield _word("-6", y + 4, unit + short(step) if step else "0", "end")


def _labels(places: Sequence[tuple[int, str]], width: int, height: int) -> Iterator[str]:
    for place, words in places:
        x = f"{_across(place, width)}%"
        foot = _ABOVE + height
        yield f'<line class="base" x1="{x}" y1="{foot}" x2="{x}" y2="{foot + 5}"/>'
        yield _word(x, foot + 17, words)


def _line(y: float, name: str) -> str:
    return f'<line class="{name}" x1="0" y1="{y:g}" x2="100%" y2="{y:g}"/>'


def _bar(name: str, left: str, top: float, wide: str, high: float) -> str:
    place = f'x="{left}%" y="{top:g}" width="{wide}%" height="{round(high, 1):g}"'
    return f'<rect class="{name}" {place}/>'


def _bars(name: str, tops: Iterable[tuple[int, float]], wide: float, foot: int) -> str:
    """Columns of one kind, each (place, top), as one outline along their foot."""
    path, at = "", 0.0
    for place, top in tops:
        if top < foot:
            left = place + (1 - wide) / 2
            path += f"h{_plain(left - at)}V{_plain(top)}h{_plain(wide)}V{foot}"
            at = left + wide
    return f'<path class="{name}" d="M0 {foot}{path}"/>' if path else ""


def _word(x: str, y: float, words: str, anchor: str = "") -> str:
    anchored = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text x="{x}" y="{_plain(y)}"{anchored}>{_text(words)}</text>'


def _across(place: float, width: int) -> str:
    return _plain(place * 100 / width, 2)


def _plain(number: float, digits: int = 1) -> str:
    """In few signs: .8, 93.5, 150."""
    return f"{round(number, digits) + 0.0:g}".removeprefix("0") or "0"


def _up(value: float, highest: float, height: int) -> float:
    return round(_ABOVE + height * (1 - value / highest), 1)


def _text(words: str) -> str:
    return escape(words, quote=False)
