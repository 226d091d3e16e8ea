"""How `topics.md` was read, for a terminal, and its explicit form. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from digest.core.scores import Topic, Topics
from digest.core.text import one_line
from digest.scoring.topics import COMMENT

_WIDTH = 96
_INDENT = 18


def describe(topics: Topics) -> str:
    """What is wanted and what is not, for each topic; the keywords; what to avoid."""
    lines: list[str] = []
    for topic in topics.topics:
        lines += [one_line(topic.name), *_sides(topic)]
    if topics.general:
        lines += ["For all topics", *_sides(topics.general)]
    lists = (("Keywords", topics.keywords), ("Avoid", topics.avoid))
    for name, phrases in lists:
        if phrases:
            lines += [name, *_wrapped("", "; ".join(map(one_line, phrases)))]
    if topics.context:
        lines += ["About you (for the model alone)", *_wrapped("", one_line(topics.context))]
    lines += [f"Note: {note}" for note in topics.notes]
    return "\n".join(lines)


def _sides(topic: Topic) -> Iterator[str]:
    wanted = one_line(topic.relevant.replace("\n", "; "))
    yield from _wrapped("wanted:", wanted or "what the heading says")
    if topic.irrelevant:
        yield from _wrapped("not wanted:", one_line(topic.irrelevant.replace("\n", "; ")))


def _wrapped(label: str, text: str) -> list[str]:
    indent = " " * (_INDENT if label else 4)
    first = f"    {label:<{_INDENT - 4}}" if label else indent
    return textwrap.wrap(text, _WIDTH, initial_indent=first, subsequent_indent=indent)


def explicit(topics: Topics, written: str) -> str:
    """A `topics.md` with a heading and labels for everything, which reads as `topics`.

    `written` is the file as it was: its `<!-- notes -->` come first.
    """
    parts = [note[0].strip() for note in COMMENT.finditer(written)]
    if topics.general:
        parts += _labelled(topics.general)
    for topic in topics.topics:
        parts += [f"## {topic.name}", *_labelled(topic)]
    if topics.keywords:
        parts += ["## Keywords", _list(topics.keywords)]
    if topics.avoid:
        parts += ["## Avoid", _list(topics.avoid)]
    if topics.context:
        parts += ["## About me", topics.context]
    return "\n\n".join(parts) + "\n"


def _labelled(topic: Topic) -> list[str]:
    lines = [f"- Relevant: {text}" for text in topic.relevant.splitlines()]
    lines += [f"- Not relevant: {text}" for text in topic.irrelevant.splitlines()]
    return ["\n".join(lines)] if lines else []


def _list(phrases: tuple[str, ...]) -> str:
    return "\n".join(f"- {phrase}" for phrase in phrases)
