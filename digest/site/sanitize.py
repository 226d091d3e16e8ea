"""Markdown from outside as harmless HTML: Python-Markdown lets raw HTML pass, nh3 cleans it."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from digest.core.text import visible

if TYPE_CHECKING:
    from markdown import Markdown

MOST_BRACKETS = 500  # each may cost Python-Markdown a look at all that follows
# Lists in lists and quotes in quotes, for each of which Python-Markdown calls itself: hundreds end
# in a RecursionError, or in HTML that depends on how deep the stack was before.
_TOO_DEEP = re.compile(r"(?m)^(?:[ \t>]|[*+-][ \t]|\d+\.[ \t]){40}")
# A model says a few sentences: headings, tables and links of its own could pose as the page's.
_INLINE = {"strong", "em", "code", "br"}
_BLOCKS = _INLINE | {"p", "ul", "ol", "li"}


def markdown(text: str, inline: bool = False) -> Markup:
    """Light Markdown as HTML blocks: no links, no images, no attributes; headings become
    paragraphs. `inline`: for the middle of a line, without blocks."""
    import nh3

    text = visible(text)
    if text.count("[") > MOST_BRACKETS or _TOO_DEEP.search(text):
        return escape(text) if inline else Markup("<p>{}</p>").format(text)
    html = _converter().reset().convert(text)
    html = re.sub(r"<(/?)h[1-6]>", r"<\1p>", html)
    # Without "*", `title` and `lang` pass anywhere.
    clean = nh3.clean(html, tags=_INLINE if inline else _BLOCKS, attributes={"*": set()})
    return Markup(clean)  # noqa: S704 - sanitised on the line before


@cache
def _converter() -> Markdown:
    """One for all texts: to make one takes longer than to convert a comment."""
    from markdown import Markdown

    return Markdown(extensions=["sane_lists"])
