"""Makes a page of a template in `templates/`. In HTML, Jinja2 escapes every value, and TeX and
Markdown come in as filters, which escape or sanitise what they are given. The day as Markdown
escapes nothing by itself: its template does."""

from __future__ import annotations

import re
from functools import cache, partial
from typing import TYPE_CHECKING

from digest.core import text, wording
from digest.core.below import WHY_LIKELY, may_like, near_misses
from digest.core.config import Site
from digest.core.day import Digest
from digest.core.for_you import ASSUMPTIONS
from digest.core.scores import NO_TOPIC
from digest.core.tex import plain
from digest.core.text import visible
from digest.site import assets
from digest.site.bibtex import bibtex
from digest.site.math import comment_to_html, to_html

if TYPE_CHECKING:
    from jinja2 import Environment

FIRST_AUTHORS = 6  # the others on demand
_ACTS_IN_JEKYLL = re.compile(r"\{(?=[{%])")


def render(
    page: str, root: str, site: Site, /, *, has_feeds: bool = True, **values: object
) -> bytes:
    """A page, by the name of its template. `root` leads from it to the site's own top: "" or "../".
    Without `has_feeds` it names no feed."""
    values = {"root": root, "site": site, "page": page, "has_feeds": has_feeds} | values
    return _environment().get_template(f"{page}.html").render(values).encode()


def day_markdown(digest: Digest, site: Site) -> bytes:
    """The day as Markdown: legible as text, on GitHub and in any reader. Math is spelled out."""
    # `md` defuses text with characters that `_visible` would take away again.
    environment = _environment().overlay(autoescape=False, finalize=None)
    return environment.get_template("day.md").render(digest=digest, site=site).encode()


def anchor(paper_id: str) -> str:
    return paper_id.replace("/", "-")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("digest.site"),
        autoescape=True,
        finalize=_visible,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "anchor": anchor,
        "as_code": _as_code,
        "asset": assets.path,
        "bibtex": bibtex,
        "comment_html": comment_to_html,
        "comment_line": partial(comment_to_html, inline=True),
        "in_words": wording.in_words,
        "md": text.markdown,
        "plain": plain,
        "tex": to_html,
        "tex_nolinks": partial(to_html, links=False),
    }
    environment.globals |= {
        "ASSUMPTIONS": ASSUMPTIONS,
        "FIRST_AUTHORS": FIRST_AUTHORS,
        "NO_TOPIC": NO_TOPIC,
        "WHY_LIKELY": WHY_LIKELY,
        "may_like_of": may_like,
        "near_misses_of": near_misses,
        "wording": wording,
    }
    return environment


def _visible(value: object) -> object:
    """Whatever a template outputs, without control, bidirectional or unseen characters."""
    return type(value)(visible(value)) if isinstance(value, str) else value


def _as_code(source: str) -> str:
    """As indented code in Markdown: the prompt's own headings and fences stay text. Where Jekyll
    builds the site, two braces in a row would act, or fail the whole build, even there."""
    literal = _ACTS_IN_JEKYLL.sub("{\N{WORD JOINER}", visible(source))
    return "\n".join(f"    {line}".rstrip() for line in literal.splitlines())
