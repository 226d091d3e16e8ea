"""The parser of `topics.md`: what the user wants to read about. Pure.

People write this file by hand: a paragraph, a list, headings of any kind, in several languages. So
a heading is a topic unless `vocabulary.yaml` knows it as something else ("Keywords", "Not
interested", "About me"); the text under it is wanted, but for what stands behind a label ("Not
relevant: …") or a phrase of preference ("except …"). Text that belongs to no topic is about all of
them, or is the one topic of a file without headings. No text is dropped.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from digest.core.errors import ConfigError
from digest.core.scores import NO_TOPIC, Topic, Topics
from digest.scoring.vocabulary import (
    Role,
    begins_with_negation,
    is_general,
    role_of,
    split_preferences,
)

ONE_TOPIC = "My interests"  # the name of the topic of a file without headings

COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_HEADING = re.compile(r" {0,3}(#{1,6})(?!#)[ \t]*(.*?)(?:[ \t]+#+)?[ \t]*")
_UNDERLINED = re.compile(r"^(?![-*+#>\s\d])(.{1,60})\n(?:(=+)|-{3,})[ \t]*$", re.MULTILINE)
_ITEM = re.compile(r"(\s*)(?:[-*+•‣·]|(\d{1,3})[.)、])\s+(.*)")
_BOLD = re.compile(r"(?:\*\*|__)([^*_]{1,80}?)(?:[:：]?(?:\*\*|__)[:：]?)\s*(.*)")
_LABEL = re.compile(r"([^:：]{1,40}?)\s*[:：]\s*(.*)")
_SEPARATOR = re.compile(r"[,;，；、](?![^()（）]*[)）])")
_LONGEST_NAME = 80  # characters of a topic that is an item of a list
_PSEUDO = 7  # the level of a heading without `#`: below all others


@dataclass(slots=True)
class _Section:
    """A heading and the text under it, up to the next heading."""

    level: int
    name: str
    role: Role | None  # None: a topic
    item: tuple[int, bool] | None = None  # if it is an item of a list: its indent, is it numbered
    wanted: list[str] = field(default_factory=list)
    unwanted: list[str] = field(default_factory=list)


def parse_topics(text: str) -> Topics:
    """The topics in the text of a `topics.md`. Raises `ConfigError` with all mistakes."""
    parser = _Parser(_lines(text))
    topics = [s for s in parser.sections if s.role is None and not _is_title(s, parser.sections)]
    if mistakes := list(_mistakes(topics)):
        raise ConfigError(*mistakes)
    read = [_topic(section.name, section.wanted, section.unwanted) for section in topics]
    general = [s for s in parser.sections if s.role is Role.WANTED]
    about_all = _topic(
        ONE_TOPIC, [t for s in general for t in s.wanted], [t for s in general for t in s.unwanted]
    )
    keywords = _phrases(parser.keywords)
    if not read:
        if not about_all.relevant and keywords:
            about_all, keywords = Topic(ONE_TOPIC, ", ".join(keywords), about_all.irrelevant), ()
        if not about_all.relevant:
            raise ConfigError(
                "no topic: write what you want to read about, in a few words or sentences"
            )
        read, about_all = [about_all], Topic("", "", "")
    else:
        about_all = Topic("", about_all.relevant, about_all.irrelevant)
    return Topics(
        topics=tuple(read),
        keywords=keywords,
        avoid=_phrases(parser.avoid),
        text=COMMENT.sub("", text),
        general=about_all if about_all.relevant or about_all.irrelevant else None,
        context="\n".join(parser.context),
        notes=tuple(parser.notes),
    )


def _lines(text: str) -> list[str]:
    text = COMMENT.sub("", text.removeprefix("\ufeff").replace("\r\n", "\n"))
    text = _UNDERLINED.sub(lambda m: f"{'#' if m[2] else '##'} {m[1]}", text)
    return text.splitlines()


class _Parser:
    """Reads the lines once, from the top."""

    def __init__(self, lines: list[str]) -> None:
        self.keywords: list[str] = []
        self.avoid: list[str] = []
        self.context: list[str] = []
        self.notes: list[str] = []
        self.sections = [_Section(0, "", Role.WANTED)]  # the first: what stands above all headings
        self._lines = lines
        self._target = self._base = self.sections[0].wanted
        self._goes_on = False  # True if the next line may belong to the last text
        self._label_ends = False  # True if a label holds for its own paragraph alone
        self._after_blank = False
        for number, line in enumerate(lines):
            self._read(number, line)

    @property
    def _section(self) -> _Section:
        return self.sections[-1]

    def _read(self, number: int, line: str) -> None:
        if match := _HEADING.fullmatch(line):
            self._open(len(match[1]), plain(match[2]))
            return
        item = _ITEM.fullmatch(line)
        content = item[3] if item else line.strip()
        is_beside = item is not None and _place(item) == self._section.item
        if self._ends_item(line, item):
            self._close()
        if name_and_rest := self._pseudo_heading(number, content, item, is_beside=is_beside):
            name, content = name_and_rest
            self._open(_PSEUDO, name, _place(item) if item else None)
            if not content:
                return
        content = plain(content)
        self._after_blank = not line.strip()
        if not re.search(r"\w", content):
            self._goes_on = False
            if self._label_ends and not content:
                self._target, self._label_ends = self._base, False
            return
        if self._take_label(content, is_item=bool(item)):
            return
        if self._goes_on and not item:
            self._target[-1] += (" " if line[:1].isspace() else "\n") + content
            return
        self._target.append(content)
        self._goes_on = True

    def _open(self, level: int, name: str, item: tuple[int, bool] | None = None) -> None:
        """Begin what stands under a heading, or under an item of a list."""
        self._goes_on = self._label_ends = False
        above, role = self._section, role_of(name) or (Role.WANTED if is_general(name) else None)
        inside = level > above.level > 0
        if inside and role is None and above.role not in (None, Role.WANTED):
            self._target.append(name)
            return
        if inside and above.role is None and role in (Role.WANTED, Role.UNWANTED):
            self._target = self._base = above.wanted if role is Role.WANTED else above.unwanted
            return
        if role is None and begins_with_negation(name):
            role = Role.UNWANTED
            self.notes.append(
                f"the heading {name!r} is read as not wanted; if it is a topic, name it otherwise"
            )
        self.sections.append(_Section(level, name, role, item))
        own: dict[Role | None, list[str]] = {
            Role.KEYWORDS: self.keywords,
            Role.UNWANTED: self.avoid,
            Role.CONTEXT: self.context,
        }
        self._target = self._base = own.get(role, self._section.wanted)

    def _ends_item(self, line: str, item: re.Match[str] | None) -> bool:
        """True if this line ends a topic that is an item of a list: the next item of that list, or
        a paragraph beside it."""
        if self._section.item is None or not line.strip():
            return False
        if item is None:
            return self._after_blank and not line[0].isspace()
        label = _LABEL.fullmatch(plain(item[3]))
        indent, numbered = _place(item)
        is_beside = (indent, numbered) == self._section.item and not (label and role_of(label[1]))
        return is_beside or indent < self._section.item[0]

    def _close(self) -> None:
        """End a topic that is an item of a list: what follows belongs to no topic."""
        self._goes_on = self._label_ends = False
        self.sections.append(_Section(_PSEUDO - 1, "", Role.WANTED))
        self._target = self._base = self._section.wanted

    def _pseudo_heading(
        self, number: int, content: str, item: re.Match[str] | None, *, is_beside: bool
    ) -> tuple[str, str] | None:
        """The name of a topic that is written without `#`, and the text behind it on its line.

        A line in bold; and outside of topics an item of a list that begins in bold, stands above a
        list of its own or a line that says what is relevant, or `is_beside` such an item.
        """
        bold = _BOLD.fullmatch(content)
        if item is None:
            return (_name(bold[1]), "") if bold and not bold[2] else None
        if self._section.role is not Role.WANTED:
            return None
        if bold and role_of(bold[1]) is None:
            return _name(bold[1]), bold[2].lstrip("—–-: ")
        name, label = _name(content), _LABEL.fullmatch(plain(content))
        if role_of(name) or (label and label[2]) or len(content) > _LONGEST_NAME:
            return None
        return (name, "") if is_beside or self._is_above_its_own(number, item) else None

    def _is_above_its_own(self, number: int, item: re.Match[str]) -> bool:
        """True if a deeper list follows, or a line that says what is relevant."""
        following = next((line for line in self._lines[number + 1 :] if line.strip()), "")
        below = _ITEM.fullmatch(following)
        label = _LABEL.fullmatch(plain(below[3] if below else following))
        is_labelled = label is not None and role_of(label[1]) in (Role.WANTED, Role.UNWANTED)
        return is_labelled or (below is not None and _place(below)[0] > _place(item)[0])

    def _take_label(self, content: str, *, is_item: bool) -> bool:
        """Turn to what a label at the beginning of a line names. False if there is none."""
        label = _LABEL.fullmatch(content)
        role = role_of(label[1]) if label else None
        if label is None or role is None:
            return False
        section, rest = self._section, label[2]
        own = section.unwanted if role is Role.UNWANTED else section.wanted
        lists = {Role.KEYWORDS: self.keywords, Role.CONTEXT: self.context}
        if section.role in (Role.KEYWORDS, Role.UNWANTED):
            # "Not relevant: …" under "Keywords" is to be avoided; under "Avoid" all of it is.
            own = (
                self.keywords
                if (section.role, role) == (Role.KEYWORDS, Role.WANTED)
                else self.avoid
            )
        self._target = self.context if section.role is Role.CONTEXT else lists.get(role, own)
        self._label_ends = bool(rest) and not is_item
        self._goes_on = bool(rest)
        if rest:
            self._target.append(rest)
        return True


def _place(item: re.Match[str]) -> tuple[int, bool]:
    """The indent of an item of a list, and whether it is numbered."""
    return len(item[1].expandtabs(4)), item[2] is not None


def _name(text: str) -> str:
    return plain(text).strip(" :：")


def plain(text: str) -> str:
    """`text` without emphasis, code marks, quote marks and surrounding space."""
    return re.sub(r"^\s*>+\s?|\*+|`+|\b__|__\b", "", text).strip()


def _is_title(section: _Section, sections: list[_Section]) -> bool:
    """True for the file's title: the first heading, above all others, with no text of its own."""
    headings = [s for s in sections if s.name]
    others = [s.level for s in headings if s is not section]
    is_first = bool(headings) and headings[0] is section
    return is_first and bool(others) and section.level < min(others) and not _texts(section)


def _texts(section: _Section) -> list[str]:
    return section.wanted + section.unwanted


def _topic(name: str, wanted: list[str], unwanted: list[str]) -> Topic:
    parts = [split_preferences(text) for text in wanted]
    relevant = _prose([wanted for wanted, _ in parts if wanted])
    return Topic(name, relevant, _prose([*unwanted, *(text for _, text in parts if text)]))


def _prose(paragraphs: list[str]) -> str:
    return "\n".join(paragraph.replace("\n", " ") for paragraph in paragraphs)


def _phrases(paragraphs: list[str]) -> tuple[str, ...]:
    """The phrases of a list, each once, as written: one a bullet, between commas, or one a line."""
    phrases: dict[str, None] = {}
    for paragraph in paragraphs:
        separated = _SEPARATOR.split(paragraph.replace("\n", " "))
        for phrase in separated if len(separated) > 1 else paragraph.split("\n"):
            phrases[phrase.strip(" \t.。")] = None
    return tuple(p for p in phrases if p and p.casefold() not in ("etc", "…"))


def _mistakes(topics: list[_Section]) -> Iterator[str]:
    names = Counter(t.name.casefold() for t in topics)
    for name in dict.fromkeys(t.name for t in topics):
        if names.get(name.casefold(), 0) > 1:
            yield f"{names.pop(name.casefold())} headings {name!r}: rename or join them"
    for topic in topics:
        if not topic.name:
            yield "a heading without a name: give the topic a name"
        elif topic.name.casefold() == NO_TOPIC:
            yield f"the heading {topic.name!r} is what a paper without topic gets: rename it"
