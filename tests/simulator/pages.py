"""arXiv's listing pages in HTML, as its own templates make them (arXiv/arxiv-browse 26f634fb:
`catchup.html`, `list/recent.html`, `list/list_macros.html`), without head and foot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from html import escape

from tests.simulator.truth import Batch, Entry

PAGE = 20  # entries; arXiv's own has 2,000
SHOWN = 50  # entries of /list/…/recent

_SUBJECTS = {
    "cs.LG": "Machine Learning",
    "cs.AI": "Artificial Intelligence",
    "cs.GL": "General Literature",
    "stat.ML": "Machine Learning",
}
_SECTIONS = (
    ("New", "New submissions", ("new",)),
    ("Cross", "Cross-lists", ("cross",)),
    ("Replacement", "Replacements", ("replace", "replace-cross")),
)


def _page(content: str, title: str = "") -> bytes:
    return f"""<!DOCTYPE html>
<html lang="en">

<head><script>document.documentElement.classList.add('js');</script>  <title>{escape(title)}</title>
</head>

<body ><div class="flex-wrap-footer">
    <a href="#content" class="ds-skip-link">Skip to main content</a>
    <main>
      <div id="content">
{content}      </div>
    </main>

<footer class="ds-site-footer">
  <a href="https://info.arxiv.org/about">About</a>
</footer>  </div>

</body>

</html>""".encode()


def bad_request(reason: str) -> bytes:
    return _page(
        f"\n<h1>{escape(reason)}</h1>\n<p>The server cannot process your request due to syntax"
        " errors, missing \n  required data or invalid content-type.</p>",
        reason,
    )


def catchup(category: str, day: date, batch: Batch, number: int, next_day: date | None) -> bytes:
    """Page `number` of what `category` had on `day`."""
    when = f"{day:%a, %d %b %Y}"
    following = ""
    if next_day:
        address = f"/catchup/{category}/{next_day}?abs=True&amp;page=1"
        following = f'<a href="{address}">Continue to the next day</a>\n        <br><br>'
    numbers = range(1, len(batch) // PAGE + 2) if len(batch) > PAGE else ()
    links = "".join(
        f"        <span>{n}</span>\n"
        if n == number
        else f"        <a href=/catchup/{category}/{day}?abs=True&amp;page={n}>{n}</a>\n"
        for n in numbers
    )
    shown = batch[(number - 1) * PAGE : number * PAGE]
    if shown:
        first = (number - 1) * PAGE + 1
        articles = f"<dl id='articles'>\n{_sections(batch, shown, first)}</dl>\n"
    else:
        more = "further " if number > 1 else ""
        articles = (
            f"      <br>\n        <div>\n          <p>No {more}updates for {when}. There was either"
            " no announcement for this day, or no updates within the requested subject.</p>\n"
            "        </div>\n      <br>\n"
        )
    return _page(f"""<div id='content-inner'>
<div id='dlpage'>
  <h1>Catchup results for {_SUBJECTS[category]} on {when}</h1>

    <ul>
{_index(batch)}    </ul>

    <div>
        {following}

      Total of {len(batch)} entries for {when}
{"        View page:" if numbers else ""}{links}
    </div>

        {articles}
    <div></div>
    Total of {len(batch)} entries for {when}
        <br> <br>
        {following}
    </div>

</div>
</div>""")


def _index(batch: Batch) -> str:
    lines = []
    for _, name, types in _SECTIONS:
        places = [n for n, entry in enumerate(batch, 1) if entry.type in types]
        lines += [f'      <li><a href="#item{places[0]}">{name}</a></li>\n'] if places else []
    return "".join(lines)


def _sections(batch: Batch, shown: Sequence[Entry], number: int) -> str:
    parts = []
    for name, _, types in _SECTIONS:
        whole = [entry for entry in batch if entry.type in types]
        here = [entry for entry in shown if entry.type in types]
        if not here:
            continue
        begins, ends = here[0] is whole[0], here[-1] is whole[-1]
        which = "" if begins == ends else "first " if begins else "last "
        again = "" if begins else "continued, "
        parts.append(
            f"    <h3>{name} submissions"
            f" ({again}showing {which}{len(here)} of {len(whole)} entries)</h3>\n"
        )
        parts += [_entry(entry, n, abstract=True) for n, entry in enumerate(here, number)]
        number += len(here)
    return "".join(parts)


def _entry(entry: Entry, number: int, *, abstract: bool) -> str:
    paper = entry.paper
    remark = {"cross": f"          (cross-list from {paper.primary})\n", "new": ""}.get(
        entry.type, "          (replaced)\n"
    )
    i, primary, *others = paper.id, *paper.categories
    subjects = "".join(f"; {_SUBJECTS[c]} ({c})" for c in others)
    names = ", ".join(
        f'<a href="https://arxiv.org/search/cs?searchtype=author">{escape(name)}</a>'
        for _, name in paper.names
    )
    text = f"        <p class='mathjax'>\n          {escape(paper.abstract)}\n        </p>\n"
    return f"""    <dt>
      <a name='item{number}'>[{number}]</a>
      <a href ="/abs/{i}" title="Abstract" id="{i}">
        arXiv:{i}
      </a>
{remark}
        [<a href="/pdf/{i}" title="Download PDF" id="pdf-{i}">pdf</a>,\
 <a href="https://arxiv.org/html/{i}v{entry.version}" title="View HTML" id="html-{i}">html</a>,\
 <a href="/format/{i}" title="Other formats" id="oth-{i}">other</a>]
    </dt>
    <dd>
      <div class='meta'>
        <div class='list-title mathjax'><span class='descriptor'>Title:</span>
          {escape(paper.title)}
        </div>
        <div class='list-authors'>{names}</div>

        <div class='list-subjects'><span class='descriptor'>Subjects:</span>
          <span class="primary-subject">{_SUBJECTS[primary]} ({primary})</span>{subjects}
        </div>

{text if abstract else ""}      </div>
    </dd>
"""


def recent(category: str, days: Sequence[tuple[date, Batch]]) -> bytes:
    """The newest announcements, newest first; replacements are not listed."""
    listed = [(day, [e for e in batch if e.type in ("new", "cross")]) for day, batch in days]
    total = sum(len(entries) for _, entries in listed)
    links, skip = [], 0
    for day, entries in listed:
        address = f"/list/{category}/recent?skip={skip}&amp;show={SHOWN}"
        named = f"{day:%a}, {day.day} {day:%b %Y}"
        links.append(
            f'      <li>\n        <a href="{address}" rel="nofollow">\n          {named}\n'
            "        </a>\n      </li>\n"
        )
        skip += len(entries)
    paging = f"    <div class='paging'>Total of {total} entries\n    </div>\n" if total else ""
    return _page(f"""<div id='content-inner'>
<div id='dlpage'>
  <h1>{_SUBJECTS[category]}</h1>

  <h2>Authors and titles for recent submissions</h2>
  <ul>
{"".join(links)}  </ul>
  <p>See today's <a id="new-{category}" href="/list/{category}/new">new</a> changes</p>
{paging}{"".join(_recent_sections(listed))}{paging}</div>
</div>""")


def _recent_sections(listed: Sequence[tuple[date, Sequence[Entry]]]) -> Iterator[str]:
    number = 1
    for day, entries in listed:
        here = entries[: max(0, SHOWN + 1 - number)]
        if not here:
            continue
        first = "first " if len(here) < len(entries) else ""
        yield (
            f"<dl id='articles'>\n    <h3>{day:%a}, {day.day} {day:%b %Y}"
            f" (showing {first}{len(here)} of {len(entries)} entries )</h3>\n"
        )
        for entry in here:
            yield _entry(entry, number, abstract=False)
            number += 1
        yield "</dl>\n"
