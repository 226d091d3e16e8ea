"""The search index: plain JSON, a file a month, so that a day writes only its own month's.

    search/YYYY-MM.json
    {"2026-01-30": [[id, title, [author, …], topic, comment, relevance, novelty], …], …}

Dates newest first, papers best first; texts as they read, without TeX and Markdown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from digest.core.day import Digest, Kept
from digest.core.tex import plain
from digest.core.text import one_line
from digest.core.wording import matches

# Markdown, of bounded length, so that no text takes long.
_LINK = re.compile(r"\[([^\][]{1,300})\]\([^\s()]{1,300}\)")
_EMPHASIS = re.compile(r"(?<!\w)(\*\*|__|[*_`])(?=\S)(.{1,300}?)(?<=\S)\1(?!\w)")
_NESTED = 3  # **so `deep`**


def path(month: str) -> PurePosixPath:
    return PurePosixPath("search") / f"{month}.json"


def shard(digests: Iterable[Digest]) -> bytes:
    """What can be found of these days: every paper that they kept."""
    newest_first = sorted(digests, key=lambda digest: digest.date, reverse=True)
    lines = (f'"{d.date}":{_json([_entry(kept) for kept in d.kept])}' for d in newest_first)
    return ("{" + ",\n".join(lines) + "}\n").encode()


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _entry(kept: Kept) -> list[object]:
    paper, score = kept.paper, kept.score
    remark = without_markdown(one_line(plain(score.comment)))
    comment = ". ".join(filter(None, (*matches(kept), remark)))
    return [
        paper.id,
        one_line(plain(paper.title)),
        [one_line(name) for name in paper.authors],
        one_line(score.topic),
        one_line(comment),
        score.relevance,
        score.novelty,
    ]


def without_markdown(text: str) -> str:
    """A comment of a line as it reads."""
    text = _LINK.sub(r"\1", text)
    for _ in range(_NESTED):
        text = _EMPHASIS.sub(r"\2", text)
    return text
