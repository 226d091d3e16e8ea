"""The HTML pages, from the templates beside this module. Everything is escaped by Jinja2's
autoescape; what is rendered from Markdown is sanitised by nh3, for Python-Markdown passes raw HTML
through; TeX becomes MathML in `math`."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from importlib.resources import files
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from digest.core import wording
from digest.core.config import Site
from digest.core.models import Below, Digest, Kept, Missed
from digest.core.papers import Paper
from digest.core.scores import NO_TOPIC
from digest.core.text import one_line, plain, split_math, visible
from digest.site import math
from digest.site.markdown import anchor, near_misses

if TYPE_CHECKING:
    from jinja2 import Environment
    from markdown import Markdown

FIRST_AUTHORS = 6  # the others on demand
MOST_BRACKETS = 500  # each may cost Python-Markdown a look at all that follows
# A model says a few sentences: headings, tables and links of its own could pose as the page's.
_INLINE = {"strong", "em", "code", "br"}
_TAGS = _INLINE | {"p", "ul", "ol", "li"}


@dataclass(frozen=True, slots=True)
class Front:
    """What the site's first page knows beyond its day: it is written anew with every record."""

    expected: date  # the announcement day after the last record
    may_be_holiday: bool = False  # arXiv's holidays of that time are not known yet
    missed: tuple[Missed, ...] = ()  # announcement days without a record; the reason "" if unknown
    empty: tuple[date, ...] = ()  # recorded since: nothing was announced
    previous: date | None = None  # the page before this one


def day_page(digest: Digest, site: Site, root: str, *, front: Front | None = None) -> bytes:
    """One day. `root` leads from the page to the site's own top: "" or "../".

    With `front` it is the site's first page. A day's own page depends on that day alone.
    """
    topics = Counter(kept.score.topic for kept in digest.kept)  # in the order of the best papers
    categories = Counter(c for kept in digest.kept for c in dict.fromkeys(kept.paper.categories))
    return render(
        "day.html",
        root,
        site,
        "front" if front else "day",
        digest=digest,
        front=front,
        topics=topics,
        categories=categories.most_common(),
        near_misses=near_misses(digest),
    )


def render(
    template: str, root: str, site: Site, page: str, *, has_feeds: bool = True, **values: object
) -> bytes:
    """A page from `templates/`. `page` is its name, which `<html data-page>` shows."""
    names = {name: _asset(file) for name, file in _ASSETS.items()}
    shared = {"root": root, "site": site, "page": page, "has_feeds": has_feeds}
    return _environment().get_template(template).render(shared, **names, **values).encode()


# --- assets -----------------------------------------------------------------------------------

_ASSETS = {
    "look": "theme.js",
    "stylesheet": "style.css",
    "script": "site.js",
    "bibtex_script": "bibtex.js",
    "charts_script": "charts.js",
    "icon": "icon.svg",
}


def assets() -> dict[PurePosixPath, bytes]:
    """The static files under names that carry their content's hash."""
    return {PurePosixPath(_asset(file)): _static(file) for file in _ASSETS.values()}


# Lines of a script that hold a comment alone: a reader's browser need not fetch them.
_COMMENTS = re.compile(rb"(?m)^ *(?://.*|/\*\*[^*]*\*/)\n")


def _static(name: str) -> bytes:
    # As text: a clone may have converted the line endings of this program's own files.
    written = (files("digest.site") / "static" / name).read_text("utf-8").encode()
    return _COMMENTS.sub(b"", written) if name.endswith(".js") else written


@cache
def _asset(name: str) -> str:
    stem, _, suffix = name.rpartition(".")
    return f"assets/{stem}.{hashlib.sha256(_static(name)).hexdigest()[:10]}.{suffix}"


# --- templates --------------------------------------------------------------------------------


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
        "bibtex": unlike_shown,
        "comment_html": comment_html,
        "comment_line": comment_line,
        "in_words": wording.in_words,
        "tex": math.to_html,
        "tex_nolinks": partial(math.to_html, links=False),
    }
    environment.globals |= {
        "FIRST_AUTHORS": FIRST_AUTHORS,
        "NO_TOPIC": NO_TOPIC,
        "wording": wording,
    }
    return environment


def _shown(value: object) -> object:
    """What a template may output, whatever it names: no control, bidirectional or unseen
    character from outside reaches a page."""
    if not isinstance(value, str):
        return value
    shown = visible(value)
    return value if shown is value else type(value)(shown)


def markdown(text: str, inline: bool = False) -> Markup:
    """Light Markdown from outside as harmless HTML: no links, no images, no attributes. Headings
    become paragraphs; `inline`, all is for the middle of a line."""
    if _PROSE.fullmatch(text):  # as it would come out of the rest, which takes ten times as long
        return Markup(text if inline else f"<p>{text}</p>")  # noqa: S704 - nothing to escape
    import nh3

    if text.count("[") > MOST_BRACKETS:
        return escape(text) if inline else Markup("<p>{}</p>").format(text)
    html = _converter().reset().convert(visible(text))
    html = re.sub(r"<(/?)h[1-6]>", r"<\1p>", html)
    # Without "*", `title` and `lang` pass anywhere.
    made = nh3.clean(html, tags=_INLINE if inline else _TAGS, attributes={"*": set()})
    return Markup(made)  # noqa: S704 - sanitised on the line before


# A line that begins with a letter and holds none of the signs of HTML or Markdown.
_PROSE = re.compile(r"[^\W\d_](?:[^\W_]|[ ,.;:()/'\"%+?–—‘’“”-])*(?<! )")


@cache
def _converter() -> Markdown:
    """One for all texts: to put it together takes longer than to convert a comment."""
    from markdown import Markdown

    return Markdown(extensions=["sane_lists"])


def comment_html(kept: Kept) -> Markup:
    """Why the reader is shown this, as HTML blocks; whose paper it is stands beside the scores."""
    return math.comment_to_html(kept.score.comment)


def comment_line(below: Below) -> Markup:
    """The same of a paper that is only mentioned, for the middle of a line."""
    return math.comment_to_html(below.score.comment, inline=True)


# --- BibTeX -----------------------------------------------------------------------------------

# BibTeX counts braces whether escaped or not, hence none is left in a text.
_LATEX = {c: f"\\{c}" for c in "&%#_$"}
_LATEX |= {"\\": "/", "{": "(", "}": ")", "~": r"\textasciitilde ", "^": r"\textasciicircum "}
_LATEX_TABLE = str.maketrans(_LATEX)
_OF_MANY = re.compile(r"(?i)\b(?:collaboration|consortium|team|group)\b|,|\sand\s")


def bibtex(paper: Paper) -> str:
    """The paper as an entry for a LaTeX bibliography, braces balanced, in UTF-8."""
    names = [_in_latex(one_line(name)) for name in paper.authors]
    fields = {
        "title": _in_latex(paper.title),
        # In braces: a name that BibTeX would take apart.
        "author": " and ".join(f"{{{n}}}" if _OF_MANY.search(n) else n for n in names if n),
        "year": _year(paper.id),
        "eprint": paper.id,
        "archivePrefix": "arXiv",
        "primaryClass": _in_latex(paper.categories[0]) if paper.categories else "",
        "url": f"https://arxiv.org/abs/{paper.id}",
    }
    lines = [f"  {name}={{{value}}}" for name, value in fields.items() if value]
    return f"@misc{{{paper.id},\n" + ",\n".join(lines) + "\n}"


def unlike_shown(paper: Paper) -> str:
    """The entry, where a script could not put it together from the words on the page. It mostly
    can, and without all these the page is a tenth lighter."""
    category = next(iter(paper.categories), "")
    said = [paper.title, *paper.authors, category, _year(paper.id)]
    as_shown = (
        paper.authors
        and all(text and text == one_line(text) == _in_latex(text) for text in said)
        and math.to_html(paper.title, links=False) == escape(paper.title)
        and not any(map(_OF_MANY.search, paper.authors))
        and " " not in category
    )
    return "" if as_shown else bibtex(paper)


def _in_latex(text: str) -> str:
    """For the middle of a LaTeX line. Math stays math where it is known to be nothing else."""
    return "".join(
        part
        if is_math and _balanced(part) and math.to_html(part).startswith("<math")
        else plain(part).translate(_LATEX_TABLE)
        for part, is_math in split_math(one_line(text))
    ).strip()


def _balanced(text: str) -> bool:
    depth = 0
    for brace in re.findall("[{}]", text):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            return False
    return depth == 0


def _year(paper_id: str) -> str:
    """When it was first submitted: its id says so."""
    digits = re.search(r"\d\d(?=\d\d\.|\d{5})", paper_id)
    if digits is None:
        return ""
    return f"{'19' if digits[0] > '90' else '20'}{digits[0]}"
