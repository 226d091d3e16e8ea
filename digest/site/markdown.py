"""The day as Markdown: legible as text, on GitHub and in any reader. Math is spelled out."""

from __future__ import annotations

import re

from digest.core.config import Site
from digest.core.day import Below, Digest, Kept
from digest.core.tex import plain
from digest.core.text import markdown as escape
from digest.core.text import visible
from digest.core.wording import scorer_label, totals, usage, usage_details, warnings, why_unscored

NEAR_MISSES = 20
FARTHEST_MISS = 3  # points under the cut, both axes together
_ACTS_IN_JEKYLL = re.compile(r"\{(?=[{%])")


def day(digest: Digest, site: Site) -> bytes:
    """Title, usage, totals, table of contents, papers, unscored papers, near misses, the prompt."""
    parts = [f"# {escape(site.title)} {digest.date}", _usage(digest)]
    if details := usage_details(digest):
        parts.append(escape(details))
    parts += [f"> {escape(warning)}" for warning in warnings(digest)]
    parts += [escape(totals(digest.counts)) + "."]
    if digest.kept:
        contents = "\n".join(_contents_line(i, k) for i, k in enumerate(digest.kept, start=1))
        parts += ["**Table of contents**", contents, "---"]
        parts += [_paper(number, kept) for number, kept in enumerate(digest.kept, start=1)]
    else:
        parts.append("No paper reached the cut.")
    if digest.unscored:
        listed = "\n".join(
            f"- [{escape(plain(u.paper.title) or u.paper.id)}](https://arxiv.org/abs/{u.paper.id}):"
            f" {escape(why_unscored(u))}"
            for u in digest.unscored
        )
        parts += ["## Unscored", listed]
    if misses := near_misses(digest):
        listed = "\n".join(map(_near_miss, misses))
        parts += ["## Near misses", "Just under the cut, nearest first.", listed]
    parts += ["---", "# Paper selection prompt", *_prompt(digest)]
    return ("\n\n".join(parts) + "\n").encode()


def _usage(digest: Digest) -> str:
    rows = [f"| **{name}** | {' | '.join(cells)} |" for name, *cells in usage(digest)]
    label = escape(scorer_label(digest.scorer, digest.model))
    head = f"| *[{label}]* | Prompt | Completion | Total |\n|:---:|:---:|:---:|:---:|"
    return "\n".join([head, *rows])


def _contents_line(number: int, kept: Kept) -> str:
    paper = kept.paper
    return (
        f"{number}. [{escape(plain(paper.title))}](#{anchor(paper.id)})  \n"
        f"   **Authors:** {escape(', '.join(paper.authors))}"
    )


def _paper(number: int, kept: Kept) -> str:
    paper = kept.paper
    novelty = "not scored" if kept.score.novelty is None else kept.score.novelty
    link = f"[{escape(plain(paper.title))}](https://arxiv.org/abs/{paper.id})"
    lines = [
        f'## {number}. {link} <a id="{anchor(paper.id)}"></a>',
        f"**ArXiv ID:** {paper.id}",
        f"**Authors:** {escape(', '.join(paper.authors))}",
        f"**Abstract:** {escape(plain(paper.abstract))}",
        f"**Comment:** {escape(_comment(kept))}",
        f"**Relevance:** {kept.score.relevance}  \n**Novelty:** {novelty}",
    ]
    return "\n\n".join(lines)


def _comment(kept: Kept) -> str:
    """Why the reader is shown this."""
    match = f"author match: {kept.author_match}" if kept.author_match else ""
    return ". ".join(filter(None, (match, plain(kept.score.comment)))) or "none"


def near_misses(digest: Digest) -> list[Below]:
    """The papers that missed the cut by least."""

    def missed_by(below: Below) -> int:
        lacks = max(0, digest.cut.relevance - below.score.relevance)
        if below.score.novelty is not None:
            lacks += max(0, digest.cut.novelty - below.score.novelty)
        return lacks

    near = (below for below in digest.below if missed_by(below) <= FARTHEST_MISS)
    return sorted(near, key=missed_by)[:NEAR_MISSES]


def _near_miss(below: Below) -> str:
    novelty = "" if below.score.novelty is None else f" N{below.score.novelty}"
    comment = f": {escape(plain(below.score.comment))}" if below.score.comment else ""
    link = f"[{escape(plain(below.title))}](https://arxiv.org/abs/{below.id})"
    return f"- R{below.score.relevance}{novelty} {link}{comment}"


def anchor(paper_id: str) -> str:
    return paper_id.replace("/", "-")


def _prompt(digest: Digest) -> list[str]:
    parts = [f"sha256 {digest.prompt.sha256}"]
    for name, text in (("System", digest.prompt.system), ("User", digest.prompt.user)):
        if text:
            # Indented code: the prompt's own headings and fences stay text. Where Jekyll builds the
            # site, two braces in a row would act, or fail the whole build, even there.
            literal = _ACTS_IN_JEKYLL.sub("{\N{WORD JOINER}", visible(text))
            code = "\n".join(f"    {line}".rstrip() for line in literal.splitlines())
            parts += [f"## {name} prompt", code]
    return parts
