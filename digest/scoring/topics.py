"""The parser of `topics.md`: what the user wants to read about. Pure.

People write this Markdown by hand, so the parser accepts many forms: a heading is a topic; the text
under it is relevant, unless it follows "Not relevant:" (or a synonym); the headings "Keywords" and
"Avoid" are special. It refuses a file only if a guess would change scores.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from digest.core.errors import ConfigError
from digest.core.scores import NO_TOPIC, Topic, Topics

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_HEADING = re.compile(r" {0,3}(#{1,6})(?!#)[ \t]*(.*?)(?:[ \t]+#+)?[ \t]*")
_UNDERLINED = re.compile(r"^(?![-*+#>\s\d])(.{1,60})\n(?:(=+)|-{3,})[ \t]*$", re.MULTILINE)
_BULLET = re.compile(r"\s*(?:[-*+•]|\d+[.)])\s+(.*)")
_LABEL = re.compile(r"([\w \-]{2,40})[:\uff1a]\s*(.*)")
_THINGS = r"(?:domains?|topics?|areas?|fields?|subjects?|key ?words?|phrases|things|what)"
_NO = r"avoid(?:ed)?|exclu(?:ded?|sions?)|skip|ignored?|irrelevant|unwanted|out of scope"
_NOT_RELEVANT = re.compile(
    rf"not? (?:relevant|interest(?:ed|ing)(?: in)?|wanted)|not|{_NO}", re.IGNORECASE
)
_RELEVANT = re.compile(
    r"relevant|interest(?:ed|ing)(?: in)?|includ(?:ed?|ing)|in scope|wanted", re.IGNORECASE
)
_TITLE = re.compile(
    r"(?:my |our |the )?(?:relevant |research )?(?:topics|interests)", re.IGNORECASE
)
_KEYWORDS = re.compile(r"(?:relevant |more )?(?:key ?words?|key ?phrases)", re.IGNORECASE)
_AVOID = re.compile(
    rf"(?:{_THINGS} )?(?:to )?(?:be )?(?:not relevant|{_NO})|(?:irrelevant|negative) {_THINGS}",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(r"[,;](?![^()]*\))")


@dataclass(slots=True)
class _Section:
    """A heading and the text under it, up to the next heading."""

    level: int
    name: str
    relevant: list[str] = field(default_factory=list)
    irrelevant: list[str] = field(default_factory=list)
    labelled: bool = False


def parse_topics(text: str) -> Topics:
    """The topics in the text of a `topics.md`. Raises `ConfigError` with all mistakes."""
    sections = _sections(text)
    topics, keywords, avoid = [], [], []
    for section in sections:
        if _KEYWORDS.fullmatch(section.name):
            keywords += section.relevant
            avoid += section.irrelevant
        elif _AVOID.fullmatch(section.name):
            avoid += section.relevant + section.irrelevant
        elif not _TITLE.fullmatch(section.name):
            topics.append(section)
    if len(topics) > 1 and _is_title(topics[0], sections):
        del topics[0]
    if mistakes := list(_mistakes(topics)):
        raise ConfigError(*mistakes)
    return Topics(
        topics=tuple(Topic(t.name, _prose(t.relevant), _prose(t.irrelevant)) for t in topics),
        keywords=_phrases(keywords),
        avoid=_phrases(avoid),
        text=text,
    )


def _sections(text: str) -> list[_Section]:
    """The sections of the file; text before the first heading is ignored."""
    sections: list[_Section] = []
    target: list[str] = []  # the list that the next line belongs to
    continues = False  # True if the next line may continue the last one
    text = _COMMENT.sub("", text.removeprefix("\ufeff").replace("\r\n", "\n"))
    text = _UNDERLINED.sub(lambda m: f"{'#' if m[2] else '##'} {m[1]}", text)
    for line in text.splitlines():
        if match := _HEADING.fullmatch(line):
            level, name = len(match[1]), _plain(match[2])
            continues = False
            if sections and level > sections[-1].level and _RELEVANT.fullmatch(name):
                target, sections[-1].labelled = sections[-1].relevant, True
            elif sections and level > sections[-1].level and _NOT_RELEVANT.fullmatch(name):
                target, sections[-1].labelled = sections[-1].irrelevant, True
            else:
                sections.append(_Section(level, name))
                target = sections[-1].relevant
            continue
        bullet = _BULLET.fullmatch(line)
        content = _plain(bullet[1] if bullet else line)
        label = _LABEL.fullmatch(content)
        if label and sections and _NOT_RELEVANT.fullmatch(label[1].strip()):
            target, content, sections[-1].labelled = sections[-1].irrelevant, label[2], True
        elif label and sections and _RELEVANT.fullmatch(label[1].strip()):
            target, content, sections[-1].labelled = sections[-1].relevant, label[2], True
        elif continues and not bullet and content:
            target[-1] += (" " if line[0].isspace() else "\n") + content
            continue
        if continues := bool(re.search(r"\w", content)):
            target.append(content)
    return sections


def _plain(text: str) -> str:
    """`text` without emphasis, code marks and surrounding space."""
    return re.sub(r"\*+|`+|\b__|__\b", "", text).strip()


def _is_title(first: _Section, sections: list[_Section]) -> bool:
    """True if the first topic is the file's title: above every other heading, without labels."""
    others = [s.level for s in sections if s is not first]
    return first is sections[0] and not first.labelled and first.level < min(others)


def _prose(paragraphs: list[str]) -> str:
    return "\n".join(paragraph.replace("\n", " ") for paragraph in paragraphs)


def _phrases(paragraphs: list[str]) -> tuple[str, ...]:
    """The phrases of a list, each once, as written: one a bullet, between commas, or one a line."""
    phrases: dict[str, None] = {}
    for paragraph in paragraphs:
        separated = _SEPARATOR.split(paragraph.replace("\n", " "))
        for phrase in separated if len(separated) > 1 else paragraph.split("\n"):
            phrases[phrase.strip(" \t.")] = None
    return tuple(p for p in phrases if p and p.casefold() not in ("etc", "…"))


def _mistakes(topics: list[_Section]) -> Iterator[str]:
    if not topics:
        yield "no topic: add a heading such as '## Topic' with a line '- Relevant: …' under it"
    names = Counter(t.name.casefold() for t in topics)
    for name in dict.fromkeys(t.name for t in topics):
        if names.get(name.casefold(), 0) > 1:
            yield f"{names.pop(name.casefold())} headings {name!r}: rename or join them"
    for topic in topics:
        if not topic.name:
            yield "a heading without a name: give the topic a name"
        elif topic.name.casefold() == NO_TOPIC:
            yield f"the heading {topic.name!r} is what a paper without topic gets: rename it"
        if topic.name and not topic.relevant:
            yield f"nothing relevant under {topic.name!r}: add a line '- Relevant: …' or remove it"
