"""A paper as an entry for a LaTeX bibliography."""

from __future__ import annotations

import re
from itertools import accumulate

from digest.core import tex
from digest.core.papers import Paper
from digest.core.text import one_line

_ESCAPES = str.maketrans({c: f"\\{c}" for c in "&%#_$"} | {"^": r"\textasciicircum "})
# BibTeX counts braces whether escaped or not, hence none without its other half is left.
_LONE_BRACES = str.maketrans("{}\\", "()/")
# A name that BibTeX would take apart.
_OF_MANY = re.compile(r"(?i)\b(?:collaboration|consortium|team|group)\b|,|\sand\s")
# Whoever compiles a bibliography runs its commands: none that reads, writes or defines may pass.
_ACTS = re.compile(
    r"\\(?=[A-Za-z]*(?:in(?:put|clude)|read|write|open|close|def|let|command|environment|catcode"
    r"|csname|char|special|lua|immediate|file|require|package|expandafter|href|loop|shell|output))"
    r"|\^\^",  # which spells a backslash, too
    re.I,
)


def bibtex(paper: Paper) -> str:
    """The entry, braces balanced, in UTF-8."""
    names = [_in_latex(name) for name in paper.authors]
    fields = {
        "title": _in_latex(paper.title),
        "author": " and ".join(f"{{{n}}}" if _OF_MANY.search(n) else n for n in names if n),
        "year": _year(paper.id),
        "eprint": paper.id,
        "archivePrefix": "arXiv",
        "primaryClass": _in_latex(paper.categories[0]) if paper.categories else "",
        "url": f"https://arxiv.org/abs/{paper.id}",
    }
    lines = [f"  {name}={{{value}}}" for name, value in fields.items() if value]
    return f"@misc{{{paper.id},\n" + ",\n".join(lines) + "\n}"


def _in_latex(text: str) -> str:
    """A line for the middle of a LaTeX text: its TeX stays TeX, the rest is escaped."""
    tokens = tex.tokens(_ACTS.sub("", one_line(text)))
    groups = tex.groups(tokens)
    paired = {*groups, *groups.values()}
    parts: list[str] = []
    for place, (kind, source) in enumerate(tokens):
        if kind == "formula" and _is_balanced(source):
            parts.append(re.sub(r"(?<!\\)%", r"\%", source))
        elif (kind == "command" and source not in (r"\{", r"\}")) or place in paired:
            parts.append(source)
        elif source == "~" and (not parts or parts[-1].endswith(" ")):  # `~10x`: about ten
            parts.append(r"\textasciitilde ")
        else:
            parts.append(source.translate(_LONE_BRACES).translate(_ESCAPES))
    return "".join(parts).strip()


def _is_balanced(text: str) -> bool:
    steps = (1 if brace == "{" else -1 for brace in re.findall("[{}]", text))
    depths = [0, *accumulate(steps)]
    return min(depths) == depths[-1] == 0


def _year(paper_id: str) -> str:
    """The year in which it was first submitted, from its id; "" if that has none."""
    digits = re.search(r"\d\d(?=\d\d\.|\d{5})", paper_id)
    if digits is None:
        return ""
    return f"{'19' if digits[0] > '90' else '20'}{digits[0]}"
