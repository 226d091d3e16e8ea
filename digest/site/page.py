"""Makes an HTML page of a template in `templates/`. Jinja2 escapes every value; TeX and Markdown
come in as filters, which escape or sanitise what they are given."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

from digest.core import wording
from digest.core.config import Site
from digest.core.scores import NO_TOPIC
from digest.core.text import visible
from digest.site import assets
from digest.site.bibtex import bibtex
from digest.site.markdown import anchor
from digest.site.math import comment_to_html, to_html

if TYPE_CHECKING:
    from jinja2 import Environment

FIRST_AUTHORS = 6  # the others on demand


def render(
    template: str, root: str, site: Site, page: str, *, has_feeds: bool = True, **values: object
) -> bytes:
    """A page. `root` leads from it to the site's own top: "" or "../". `page` is its name, which
    `<html data-page>` shows. Without `has_feeds` it names no feed."""
    names = {name: assets.path(name) for name in assets.NAMES}
    shared = {"root": root, "site": site, "page": page, "has_feeds": has_feeds}
    return _environment().get_template(template).render(shared, **names, **values).encode()


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
        "bibtex": bibtex,
        "comment_html": comment_to_html,
        "comment_line": partial(comment_to_html, inline=True),
        "in_words": wording.in_words,
        "tex": to_html,
        "tex_nolinks": partial(to_html, links=False),
    }
    environment.globals |= {
        "FIRST_AUTHORS": FIRST_AUTHORS,
        "NO_TOPIC": NO_TOPIC,
        "wording": wording,
    }
    return environment


def _visible(value: object) -> object:
    """Whatever a template outputs, without control, bidirectional or unseen characters."""
    return type(value)(visible(value)) if isinstance(value, str) else value
