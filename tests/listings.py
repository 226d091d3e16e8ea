"""arXiv's listing pages as it writes them, of any papers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from html import escape

from digest.core.papers import AnnounceType, Paper

SECTIONS = {
    "New": (AnnounceType.NEW,),
    "Cross": (AnnounceType.CROSS,),
    "Replacement": (AnnounceType.REPLACE, AnnounceType.REPLACE_CROSS),
}


def as_catchup(
    category: str,
    day: date,
    papers: Sequence[Paper],
    *,
    page: int = 1,
    size: int = 2000,
    next_day: date | None = None,
) -> bytes:
    """`/catchup/CATEGORY/DATE?abs=True&page=PAGE`, of `size` entries a page."""
    spoken = f"{day:%a, %d %b %Y}"
    onward = ""
    if next_day is not None:
        onward = f'<a href="/catchup/{category}/{next_day}?abs=True">Continue to the next day</a>'
    lists = _lists(papers, (page - 1) * size, size)
    if not lists:
        lists = f"<div><p>No updates for {spoken}. There was either no announcement.</p></div>"
        if page > 1:
            lists = f"<div>No further updates for {spoken}</div>"
    total = f"Total of {len(papers)} entries for {spoken}"
    return _page(
        f"""  <h1>Catchup results for Machine Learning on {spoken}</h1>
    <ul><li><a href="#item1">New submissions</a></li></ul>
    <div>{onward}<br><br>
      {total}
    </div>
{lists}
    <div></div>
    {total}
      {onward}
    </div>"""
    )


def as_recent(category: str, counts: Mapping[date, int]) -> bytes:
    """`/list/CATEGORY/recent`, newest first, as far as its head."""
    links, skip = "", 0
    for day, count in counts.items():
        href = f"/list/{category}/recent?skip={skip}&amp;show=25"
        links += f'<li>\n  <a href="{href}">\n    {day:%a, %d %b %Y}\n  </a>\n</li>'
        skip += count
    newest, count = next(iter(counts.items()))
    shown = f" (showing first {min(25, count)} of {count} entries )" if count else ""
    total = f"<div class='paging'>Total of {skip} entries : <span>1-25</span></div>"
    return _page(
        f"""  <h1>Machine Learning</h1>
<h2>Authors and titles for recent submissions</h2>
  <ul>
{links}</ul>
{total if skip else ""}
<dl id='articles'><h3>{newest:%a, %d %b %Y}{shown}</h3>
  {"<dt>arXiv:0</dt><dd></dd>" if count else "<p>No updates for this time period.</p>"}</dl>"""
    )


def as_error(reason: str) -> bytes:
    """The page that goes with HTTP 400."""
    message = escape(reason)
    return (
        f"<!DOCTYPE html>\n<html><head><title>{message}</title></head><body><main>"
        f"<div id='content'><h1>{message}</h1><p>The server cannot process your request.</p></div>"
        "</main></body></html>"
    ).encode()


def _page(content: str) -> bytes:
    return f"""<!DOCTYPE html>
<html lang="en">
<head><script>document.documentElement.classList.add('js');</script>  <title></title></head>
<body ><main><div id="content">
<div id='content-inner'>
<div id='dlpage'>
{content}
</div>
</div>      </div>
    </main>
<footer>We gratefully acknowledge support from our <strong>major funders</strong>.</footer>
</body>

</html>""".encode()


def _lists(papers: Sequence[Paper], skip: int, size: int) -> str:
    ordered = sorted(papers, key=lambda p: (p.announce_type.precedence, p.id))
    text, before = "", 0
    for name, types in SECTIONS.items():
        section = [paper for paper in ordered if paper.announce_type in types]
        first, last = max(skip - before, 0), min(skip + size - before, len(section))
        if first < last:
            showing = "continued, showing " if first else "showing "
            showing += "first " if last < len(section) and not first else ""
            showing += "last " if last == len(section) and first else ""
            heading = f"({showing}{last - first} of {len(section)} entries)"
            entries = "".join(
                entry(paper, before + first + number)
                for number, paper in enumerate(section[first:last], start=1)
            )
            text += f"<dl id='articles'>\n<h3>{name} submissions {heading}</h3>\n{entries}</dl>\n"
        before += len(section)
    return text


def entry(paper: Paper, number: int = 1) -> str:
    """An entry of a list: with its HTML, hence its version."""
    where = paper.id
    replaced = "(replaced)" if paper.announce_type.startswith("replace") else ""
    affiliations = dict(paper.affiliations)
    names = ", ".join(
        f'<a href="https://arxiv.org/search/cs?searchtype=author">{escape(name)}</a>'
        + (f" ({escape(affiliations[name])})" if name in affiliations else "")
        for name in paper.authors
    )
    journal = ""
    if paper.journal_ref:
        journal = (
            "<div class='list-journal-ref'><span class='descriptor'>Journal-ref:</span>"
            f" {escape(paper.journal_ref)}</div>"
        )
    subjects = [f"Field ({term})" for term in paper.categories]
    subjects[0] = f'<span class="primary-subject">{subjects[0]}</span>'
    return f"""<dt>
      <a name='item{number}'>[{number}]</a>
      <a href ="/abs/{where}" title="Abstract" id="{where}">
        arXiv:{where}
      </a>
      {replaced}
        [<a href="/pdf/{where}" title="Download PDF">pdf</a>, \
<a href="https://arxiv.org/html/{where}v{paper.version}" title="View HTML">html</a>]
    </dt>
    <dd>
      <div class='meta'>
        <div class='list-title mathjax'><span class='descriptor'>Title:</span>
          {escape(paper.title)}
        </div>
        <div class='list-authors'>{names}</div>
        <div class='list-comments mathjax'><span class='descriptor'>Comments:</span>
          12 pages
        </div>
        {journal}
        <div class='list-subjects'><span class='descriptor'>Subjects:</span>
          {"; ".join(subjects)}
        </div>

        <p class='mathjax'>
          {escape(paper.abstract)}
        </p>
      </div>
    </dd>
"""
