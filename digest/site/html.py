"""The HTML pages, from the templates beside this module. Everything is escaped by Jinja2's
autoescape; what is rendered from Markdown is sanitised by nh3, for Python-Markdown passes raw HTML
through."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache, partial
from importlib.resources import files
from itertools import groupby
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from markupsafe import Markup

from digest import wording
from digest.config import Site
from digest.models import Day, Digest
from digest.site.markdown import anchor, comment, near_misses
from digest.text import markdown as escape
from digest.text import plain, visible

if TYPE_CHECKING:
    from jinja2 import Environment

MOST_BRACKETS = 500  # each may cost Python-Markdown a look at all that follows
_ATTRIBUTES = {"a": {"href"}, "*": set()}  # without the second, `title` and `lang` pass anywhere
_TAGS = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre", "code"}
_TAGS |= {"strong", "em", "hr", "br", "a", "table", "thead", "tbody", "tr", "th", "td"}


def day_page(digest: Digest, site: Site, root: str) -> bytes:
    """One day. `root` leads from the page to the site's own top: "" or "../"."""
    return _render("day.html", root, site, digest=digest, near_misses=near_misses(digest))


def archive_page(days: Iterable[Day], site: Site) -> bytes:
    """Every day, newest first, by month."""
    newest_first = sorted(days, key=lambda day: day.date, reverse=True)
    months = [(m, tuple(d)) for m, d in groupby(newest_first, lambda day: f"{day.date:%B %Y}")]
    return _render("archive.html", "", site, months=months)


def assets() -> dict[PurePosixPath, bytes]:
    """The static files under names that carry their content's hash."""
    return {PurePosixPath(_stylesheet()): _static("style.css")}


def _static(name: str) -> bytes:
    return (files("digest.site") / "static" / name).read_bytes()


@cache
def _stylesheet() -> str:
    return f"assets/style.{hashlib.sha256(_static('style.css')).hexdigest()[:10]}.css"


def _render(template: str, root: str, site: Site, **values: object) -> bytes:
    page = _environment().get_template(template)
    return page.render(root=root, site=site, stylesheet=_stylesheet(), **values).encode()


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("digest.site"),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "anchor": anchor,
        "comment": partial(comment, literal=escape),
        "in_words": wording.in_words,
        "markdown": markdown,
        "plain": plain,
    }
    environment.globals["wording"] = wording
    return environment


def _shown(value: object) -> object:
    """What a template may output, whatever it names: no control, bidirectional or unseen
    character from outside reaches a page."""
    return type(value)(visible(value)) if isinstance(value, str) else value


def markdown(text: str) -> Markup:
    """Markdown from outside as harmless HTML: no images, no attributes but a link's address."""
    import nh3
    from markdown import markdown as convert

    if text.count("[") > MOST_BRACKETS:
        return Markup("<pre>{}</pre>").format(text)
    html = convert(visible(text), extensions=["tables", "sane_lists"])
    return Markup(  # noqa: S704 - sanitised on this very line
        nh3.clean(html, tags=_TAGS, attributes=_ATTRIBUTES, url_schemes={"http", "https"})
    )
