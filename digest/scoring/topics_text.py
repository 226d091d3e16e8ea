"""How `topics.md` was read, for a terminal, and its explicit form. Pure."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

from digest.core.scores import Topic, Topics
from digest.core.text import one_line
from digest.core.wording import count
from digest.scoring.topics_lines import COMMENT

_WIDTH = 96
_INDENT = 18


def describe(topics: Topics) -> str:
    """What is wanted and what is not, for each topic; the keywords; what to avoid."""
    lines: list[str] = []
    for topic in topics.topics:
        lines += [one_line(topic.name), *_sides(topic)]
    if topics.general:
        lines += ["For all topics", *_sides(topics.general)]
    for name, phrases in (("Keywords", topics.keywords), ("Avoid", topics.avoid)):
        if phrases:
            lines += [name, *_wrapped("", "; ".join(map(one_line, phrases)))]
    if topics.context:
        lines += ["About you (for the model alone)", *_wrapped("", _joined(topics.context))]
    lines += [f"Note: {one_line(note)}" for note in topics.notes]
    return "\n".join(lines)


def _sides(topic: Topic) -> Iterator[str]:
    if topic.relevant:
        yield from _wrapped("wanted:", _joined(topic.relevant))
    elif topic.name:
        yield from _wrapped("wanted:", "what the heading says")
    if topic.irrelevant:
        yield from _wrapped("not wanted:", _joined(topic.irrelevant))


def _joined(paragraphs: str) -> str:
    """Paragraphs on one line: a semicolon stands where one ends without a mark."""
    ended = re.sub(r"(?<![.!?;。！？；])\n", "; ", paragraphs)
    return one_line(ended)


def _wrapped(label: str, text: str) -> list[str]:
    indent = " " * (_INDENT if label else 4)
    first = f"    {label:<{_INDENT - 4}}" if label else indent
    return textwrap.wrap(text, _WIDTH, initial_indent=first, subsequent_indent=indent)


def in_short(topics: Topics) -> str:
    """One line: the topics by name, with how many phrases of each are wanted, and not wanted."""
    parts = [_counted(topic.name, topic) for topic in topics.topics]
    if topics.general:
        parts.append(_counted("for all topics", topics.general))
    line = f"{count(len(topics.topics), 'topic')}: {', '.join(parts)}"
    if topics.keywords:
        line += f"; {count(len(topics.keywords), 'keyword')}"
    return f"{line}; {len(topics.avoid)} to avoid" if topics.avoid else line


def _counted(name: str, topic: Topic) -> str:
    wanted, unwanted = _clauses(topic.relevant), _clauses(topic.irrelevant)
    return f"{name} ({wanted} wanted, {unwanted} not)" if unwanted else f"{name} ({wanted} wanted)"


def _clauses(text: str) -> int:
    return sum(bool(re.search(r"\w", clause)) for clause in re.split(r"[,;，；、。\n]|\. ", text))


def as_dict(topics: Topics) -> dict[str, object]:
    """What the topics say, for a report in JSON: paragraphs and phrases as lists."""
    general = topics.general or Topic("", "", "")
    return {
        "topics": [{"name": topic.name, **_lists(topic)} for topic in topics.topics],
        "for_all": _lists(general),
        "keywords": list(topics.keywords),
        "avoid": list(topics.avoid),
        "context": topics.context,
    }


def _lists(topic: Topic) -> dict[str, list[str]]:
    return {
        "wanted": topic.relevant.splitlines(),
        "not_wanted": topic.irrelevant.splitlines(),
    }


def explicit(topics: Topics, written: str) -> str:
    """A `topics.md` with a heading and labels for everything, which reads as `topics`.

    `written` is the file as it was: its `<!-- notes -->` come first.
    """
    notes = [note[0].removesuffix("-->").rstrip() for note in COMMENT.finditer(written)]
    parts = [f"{note} -->" for note in notes]
    if topics.general:
        parts += _labelled(topics.general)
    for topic in topics.topics:
        parts += [f"## {topic.name}", *_labelled(topic)]
    if topics.keywords:
        parts += ["## Keywords", _list(topics.keywords)]
    if topics.avoid:
        parts += ["## Avoid", _list(topics.avoid)]
    if topics.context:
        parts += ["## About me", _list(topics.context.split("\n"))]
    return "\n\n".join(parts) + "\n"


def _labelled(topic: Topic) -> list[str]:
    lines = [f"- Relevant: {text}" for text in topic.relevant.splitlines()]
    lines += [f"- Not relevant: {text}" for text in topic.irrelevant.splitlines()]
    return ["\n".join(lines)] if lines else []


def _list(phrases: Sequence[str]) -> str:
    return "\n".join(f"- {phrase}" for phrase in phrases)
