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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from digest.core.errors import ConfigError
from digest.core.scores import NO_TOPIC, Topic, Topics
from digest.core.text import one_line
from digest.scoring.topics_lines import COMMENT, Line, Place, read_lines
from digest.scoring.topics_names import (
    LABEL,
    at_labels,
    bold_name,
    has_unknown_label,
    heading,
    items_that_are_topics,
    label_role,
    name_and_text,
    shortened,
)
from digest.scoring.topics_parts import goes_on, phrases, sentences
from digest.scoring.vocabulary import (
    Role,
    begins_with_refusal,
    is_general,
    negated,
    split_preferences,
    without_preference,
)

ONE_TOPIC = "My interests"  # the name of the topic of a file without headings

_PSEUDO = 7  # the level of a heading without `#`: below all others


@dataclass(slots=True)
class _Section:
    """A heading and the text under it, up to the next heading."""

    level: int
    name: str
    role: Role | None  # None: a topic
    item: Place | None = None  # if it is an item of a list
    is_labelled: bool = False  # True if a heading beside it says what of it is wanted
    wanted: list[str] = field(default_factory=list)
    unwanted: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not self.wanted and not self.unwanted


@dataclass(slots=True)
class _Label:
    """A label that still holds."""

    name: str
    indent: int | None  # of its item; None: it stands in a paragraph
    column: int  # where its line begins
    has_text: bool  # on its own line
    items: int | None = None  # the indent of the items under it
    is_above_labels: bool | None = None  # True if a line like "Vision: all" is the first under it


def parse_topics(text: str) -> Topics:
    """The topics in the text of a `topics.md`. Raises `ConfigError` with all mistakes."""
    parser = _Parser(read_lines(text))
    topics = [section for section in parser.sections if section.role is None]
    if title := _title(topics, parser.sections):
        topics.remove(title)
        parser.context.insert(0, title.name)
    if mistakes := list(_mistakes(topics)):
        raise ConfigError(*mistakes)
    read = [_topic(section.name, section.wanted, section.unwanted) for section in topics]
    general = [section for section in parser.sections if section.role is Role.WANTED]
    about_all = _topic(
        ONE_TOPIC, [t for s in general for t in s.wanted], [t for s in general for t in s.unwanted]
    )
    keywords, context = phrases(parser.keywords), parser.context
    if not read:
        unwanted = about_all.irrelevant.split("\n")
        if not about_all.relevant and keywords:
            about_all, keywords = _topic(ONE_TOPIC, [", ".join(keywords)], unwanted), ()
        if not about_all.relevant and context:
            about_all, context = _topic(ONE_TOPIC, context, unwanted), []
        if not about_all.relevant:
            raise ConfigError(_no_topic([*unwanted, *parser.avoid]))
        read, about_all = [about_all], Topic("", "", "")
    notes = list(parser.notes)
    if any(not match[0].endswith("-->") for match in COMMENT.finditer(text)):
        notes.insert(
            0, "a comment that begins with '<!--' has no '-->': what follows it is not read"
        )
    return Topics(
        topics=tuple(read),
        keywords=keywords,
        avoid=tuple(dict.fromkeys(map(without_preference, phrases(parser.avoid)))),
        text=COMMENT.sub("", text),
        general=Topic("", about_all.relevant, about_all.irrelevant)
        if about_all.relevant or about_all.irrelevant
        else None,
        context="\n".join(line for text in context for line in sentences(text)),
        notes=tuple(notes),
    )


class _Parser:
    """Reads the lines once, from the top."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.keywords: list[str] = []
        self.avoid: list[str] = []
        self.context: list[str] = []
        self.notes: list[str] = []
        self.sections = [_Section(0, "", Role.WANTED)]  # the first: what stands above all headings
        self._target = self._base = self.sections[0].wanted
        self._label: _Label | None = None
        self._goes_on = False  # True if the next line may belong to the last text
        self._unlabelled: set[int] = set()  # indents of the items that no label is about
        topics = items_that_are_topics(lines)
        for number, line in enumerate(lines):
            self._read(line, may_be_topic=number in topics)

    @property
    def _section(self) -> _Section:
        return self.sections[-1]

    # --- headings ---------------------------------------------------------------------------

    def _read(self, line: Line, *, may_be_topic: bool) -> None:
        if line.level:
            self._open(line.level, line.text)
            return
        if self._ends_item(line):
            self._close()
        if line.item is None and (name := bold_name(line)):
            self._open(_PSEUDO, name)
        elif may_be_topic and self._section.role is Role.WANTED and self._is_wanted():
            name, rest = name_and_text(line)
            self._open(_PSEUDO, name, line.item)
            if rest:
                self._add(rest)
        else:
            self._read_text(line)

    def _is_wanted(self) -> bool:
        return self._target is self._section.wanted

    def _open(self, level: int, written: str, item: Place | None = None) -> None:
        """Begin what stands under a heading, or under an item of a list."""
        self._goes_on, self._label = False, None
        self._unlabelled.clear()
        name, rest, role = heading(written) if item is None else (written, "", None)
        above = self._section
        is_inside = level > above.level > 0
        if is_inside and role is None and above.role not in (None, Role.WANTED):
            self._add(written)
            return
        own = self._lists(above)
        if (
            role is not None
            and above.role is None
            and (is_inside or self._is_label_of(above, level, role))
        ):
            above.is_labelled = not is_inside
            self._target = self._base = own[role]
        else:
            if role is None and (unwanted := negated(name)) is not None:
                role, rest = Role.UNWANTED, unwanted
                self.notes.append(
                    f"the heading {name!r} is read as not wanted; if it is a topic, rename it"
                )
            name, text = (name, "") if role or item else shortened(name)
            self.sections.append(_Section(level, name, role, item))
            lists = self._lists(self._section) | {Role.UNWANTED: self.avoid}
            self._target = self._base = lists[role or Role.WANTED]
            rest = rest or text
        if rest:
            self._add(rest)

    def _is_label_of(self, above: _Section, level: int, role: Role) -> bool:
        """True for "Relevant" and "Not relevant" written like the topic's own heading above."""
        if level != above.level:
            return False
        return (role is Role.WANTED and above.is_empty) or (
            role is Role.UNWANTED and above.is_labelled
        )

    def _lists(self, section: _Section) -> dict[Role, list[str]]:
        """Where text of each role goes in a section."""
        lists = {
            Role.WANTED: section.wanted,
            Role.UNWANTED: section.unwanted,
            Role.KEYWORDS: self.keywords,
            Role.CONTEXT: self.context,
        }
        if section.role is Role.KEYWORDS:
            lists |= {Role.WANTED: self.keywords, Role.UNWANTED: self.avoid}
        elif section.role is Role.UNWANTED:
            lists |= dict.fromkeys((Role.WANTED, Role.UNWANTED, Role.KEYWORDS), self.avoid)
        elif section.role is Role.CONTEXT:
            first = self.sections[0]
            lists |= {Role.WANTED: first.wanted, Role.UNWANTED: first.unwanted}
        return lists

    # --- topics that are items of a list ------------------------------------------------------

    def _ends_item(self, line: Line) -> bool:
        """True if this line ends a topic that is an item of a list: the next item of that list, or
        a paragraph beside it."""
        place = self._section.item
        if place is None:
            return False
        if line.item is not None:
            return line.item == place or line.indent < place.indent
        if line.indent > place.indent:
            return False
        role, label = label_role(line.text), LABEL.fullmatch(line.text)
        if role and label and not label[3] and not place.numbered and not self._section.is_empty:
            return True  # "Not interested in:" above another list
        is_its_label = self._section.is_empty and role is Role.WANTED
        return line.after_blank and not is_its_label

    def _close(self) -> None:
        """End a topic that is an item of a list: what follows belongs to no topic."""
        self._goes_on, self._label = False, None
        self.sections.append(_Section(_PSEUDO - 1, "", Role.WANTED))
        self._target = self._base = self._section.wanted

    # --- text and labels ----------------------------------------------------------------------

    def _read_text(self, line: Line) -> None:
        first, *others = at_labels(line.written)
        self._read_part(replace(line, written=first))
        for part in others:
            self._read_part(replace(line, written=part, after_blank=False))

    def _read_part(self, line: Line) -> None:
        if self._take_label(line):
            return
        if self._label and self._ends_label(self._label, line):
            self._target, self._label, self._goes_on = self._base, None, False
        if self._goes_on and line.item is None and not line.after_blank:
            self._target[-1] += (" " if line.indent else "\n") + line.text
            return
        if self._label and not self._label_holds(self._label, line):
            self._target, self._label = self._base, None
        text = line.text
        if line.item and not self._label:
            self._unlabelled.add(line.indent)
            if self._is_wanted() and not split_preferences(text)[0]:
                self._target = self._lists(self._section)[Role.UNWANTED]
                self._label = _Label(text, line.indent, line.indent, has_text=True)
                if begins_with_refusal(text):
                    self.notes.append(
                        f"{text!r} is read as not wanted;"
                        " if it is wanted, write 'Relevant:' before it"
                    )
                text = split_preferences(text)[1]
        self._add(text)
        self._goes_on = True

    def _add(self, text: str) -> None:
        if re.search(r"\w", text):
            self._target.append(text)

    def _ends_label(self, label: _Label, line: Line) -> bool:
        """True for an unknown label beside a known one, and for the next line of a paragraph
        whose label has text that does not go on."""
        is_unknown = has_unknown_label(line.text)
        if not label.has_text and label.is_above_labels is None:
            label.is_above_labels = is_unknown
        if is_unknown and not label.is_above_labels:
            is_like_it = line.item is None or (label.has_text and label.indent is not None)
            return is_like_it and line.indent <= label.column
        if label.indent is not None or line.item is not None or not label.has_text:
            return False
        return line.indent <= label.column and not (
            self._goes_on and goes_on(self._target[-1], line.text)
        )

    def _label_holds(self, label: _Label, line: Line) -> bool:
        """True if a label above is about this line, too."""
        if line.item is None:
            under = line.indent > (label.indent or 0)
            return not line.after_blank or under or not (label.has_text or label.items is not None)
        if label.indent is None:
            holds = not (label.has_text and line.after_blank)
        elif line.indent != label.indent:
            holds = line.indent > label.indent
        elif label.has_text:
            holds = label.indent not in self._unlabelled
            if holds and self._target is not self._base and self._is_unwanted():
                self.notes.append(
                    f"{line.text!r} is read as not wanted, like {label.name!r} above it;"
                    " if it is wanted, write 'Relevant:' before it"
                )
        else:
            holds = label.items in (None, line.indent)
        label.items = line.indent if label.items is None else label.items
        return holds

    def _is_unwanted(self) -> bool:
        return self._target is self._section.unwanted or self._target is self.avoid

    def _take_label(self, line: Line) -> bool:
        """Turn to what a label at the beginning of a line names. False if there is none."""
        label, role = LABEL.fullmatch(line.text), label_role(line.text)
        section = self._section
        if label is None or role is None:
            return False
        if section.role is role is Role.CONTEXT:  # its own words say what it is about
            self._target, self._label, self._goes_on = self._base, None, True
            self._add(line.text)
            return True
        if (section.role, role) == (Role.UNWANTED, Role.WANTED) and not is_general(label[1]):
            self.notes.append(
                f"{label[0]!r} under {section.name!r} is read as not wanted;"
                " if it is wanted, put it above that heading"
            )
        self._target = self._lists(section)[role]
        indent = line.indent if line.item else None
        self._label = _Label(label[1], indent, line.indent, bool(label[3]))
        self._goes_on = re.search(r"\w", label[3]) is not None
        self._add(label[3])
        return True


def _title(topics: Sequence[_Section], sections: Sequence[_Section]) -> _Section | None:
    """The file's title: the first heading, above all others, with no text of its own."""
    headings = [section for section in sections if section.name]
    first = headings[0] if headings else None
    if first is None or first.role is not None or not first.is_empty or len(topics) < 2:
        return None
    others = [section.level for section in headings[1:]]
    return first if first.level < min(others) else None


def _topic(name: str, wanted: list[str], unwanted: list[str]) -> Topic:
    parts = [split_preferences(line) for text in wanted for line in sentences(text)]
    relevant = [line for line, _ in parts if line]
    irrelevant = [line for text in unwanted for line in sentences(text)]
    irrelevant += [line for _, line in parts]
    return Topic(name, "\n".join(relevant), "\n".join(filter(None, irrelevant)))


def _no_topic(unwanted: Sequence[str]) -> str:
    message = "no topic: write what you want to read about, in a few words or sentences"
    text = one_line("; ".join(filter(None, unwanted)))
    return f"{message}; all of it is read as not wanted: {text}" if text else message


def _mistakes(topics: list[_Section]) -> Iterator[str]:
    names = Counter(t.name.casefold() for t in topics)
    for name in dict.fromkeys(t.name for t in topics):
        if names.get(name.casefold(), 0) > 1:
            yield f"{names.pop(name.casefold())} headings {name!r}: rename or join them"
    for topic in topics:
        if not re.search(r"\w", topic.name):
            yield "a heading without a name: give the topic a name"
        elif topic.name.casefold() == NO_TOPIC:
            yield f"the heading {topic.name!r} is what a paper without topic gets: rename it"
