"""Pictures of numbers: columns along an axis, as SVG that is made when the page is. Pure.

Widths are in percent and heights in pixels, so that one picture fills a phone and a wide screen
and its text keeps its size. The numbers of the scale hang to the left of it, in the padding that
the stylesheet gives `.plot`. Colours come from there too, by class: the pages allow no inline
style.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from html import escape
from math import ceil, floor, log10

_ABOVE, _BELOW = 14, 22  # pixels for a number on top, and for the words of the axis
_FILLED = 0.8  # how much of its place a column fills
_SMALLEST = 1e-9  # what is less is drawn as nothing
_LETTER = 0.022  # how much of the axis one takes on a phone
_FEWEST_PLACES = 8  # fewer would be as broad as they are high


def draw(
    columns: Mapping[int, Sequence[float]],
    places: Sequence[str],
    *,
    title: str,
    description: str,
    classes: Sequence[str],
    top: float,
    height: int,
    scale: str = "{}",
    stacked: bool = False,
    incomplete: Collection[int] = (),
) -> str:
    """Columns along the axis, by place. `places` are the labels of the axis, of which some are
    shown, `scale` how a number of the scale is written: "${}". A band stands behind the columns at
    the places that are `incomplete`.

    The values of a column stand one in front of the other, the last in front, or one upon the
    other if `stacked`. `top` is what the scale must reach: the highest column, or more if several
    pictures share a scale.
    """
    width = max(_FEWEST_PLACES, len(places))
    steps = round_steps(top, most=3 if height < 120 else 4)
    drawn = [*_scale(steps, height, scale), *_labels(places, width, height)]
    # One place is one wide in here, whatever the picture's width.
    box = f'viewBox="0 0 {width} {height}" preserveAspectRatio="none"'
    inside = [f'<svg y="{_ABOVE}" width="100%" height="{height}" {box}>']
    inside.append(_bars("gap", [(place, 0.0) for place in incomplete], 1, height))
    order = range(len(classes))
    for series in reversed(order) if stacked else order:  # the lowest sum in front
        tops = []
        for place, values in columns.items():
            value = sum(values[: series + 1]) if stacked else values[series]
            tops.append((place, round(height * (1 - value / steps[-1]), 1)))
        inside.append(_bars(classes[series], tops, _FILLED, height))
    head = f'<svg class="plot" role="img" width="100%" height="{_ABOVE + height + _BELOW}">'
    head += f"<title>{_text(title)}</title><desc>{_text(description)}</desc>"
    drawn.append("\n".join(filter(None, inside)) + "</svg>")
    return "\n".join([head, *drawn, "</svg>"])


def round_steps(highest: float, most: int = 4) -> list[float]:
    """Round numbers from 0 to the first at or above `highest`, at most so many of them above 0."""
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


def labelled(places: Sequence[str], width: int) -> list[int]:
    """The places whose labels are shown: evenly spaced, so that on a phone none touches the next
    and none leaves the picture."""
    letters = max((len(label) for label in places), default=0)
    room = _LETTER * (letters + 1.5) * width  # places that a label takes, with what follows it
    shown = range(0, len(places), max(1, ceil(room)))
    return [place for place in shown if not place or place + room <= width * 1.03]


# --- parts of a picture -----------------------------------------------------------------------


def _scale(steps: Sequence[float], height: int, scale: str) -> Iterator[str]:
    for step in steps:
        y = round(_ABOVE + height * (1 - step / steps[-1]), 1)
        name = "rule" if step else "base"
        yield f'<line class="{name}" x1="0" y1="{y:g}" x2="100%" y2="{y:g}"/>'
        words = scale.format(short(step)) if step else "0"
        yield f'<text x="-6" y="{y + 4:g}" text-anchor="end">{_text(words)}</text>'


def _labels(places: Sequence[str], width: int, height: int) -> Iterator[str]:
    foot = _ABOVE + height
    for place in labelled(places, width):
        x = f"{round(place * 100 / width, 2):g}%"
        yield f'<line class="base" x1="{x}" y1="{foot}" x2="{x}" y2="{foot + 5}"/>'
        yield f'<text x="{x}" y="{foot + 17}">{_text(places[place])}</text>'


def _bars(name: str, tops: Iterable[tuple[int, float]], wide: float, foot: int) -> str:
    """Columns of one kind, each (place, top), as one outline along their foot."""
    path, end = "", 0.0
    for place, top in tops:
        if top < foot:
            left = place + (1 - wide) / 2
            path += f"h{round(left - end, 1):g}V{top:g}h{wide:g}V{foot}"
            end = left + wide
    return f'<path class="{name}" d="M0 {foot}{path}"/>' if path else ""


def _text(words: str) -> str:
    return escape(words, quote=False)
