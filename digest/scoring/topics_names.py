"""Names of topics and labels in the lines of a `topics.md`. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from digest.scoring.topics_lines import Line, Place, plain
from digest.scoring.vocabulary import Role, is_general, role_of

_BOLD = re.compile(r"(?:\*\*|__)([^*_]{1,80})(?:\*\*|__)\s*(.*)")
LABEL = re.compile(r"([^:：]{1,60}?)(\s*[:：]\s*|\s+[—–-]\s+)(.*)")
_WORDS_OF_LABEL = 4
_BETWEEN_SENTENCES = re.compile(r"(?<=[.;!?])(?=\s)|(?<=[。；！？])")
_LONGEST_NAME = 80  # characters: what is longer is text, of which the beginning is the name
_SENTENCE = re.compile(r".{3,79}?[^A-Z][.!?](?=\s)")


def label_role(text: str) -> Role | None:
    """What the label says with which a line begins. A dash is taken for a colon only behind
    "relevant", "not relevant" and the like."""
    label = LABEL.fullmatch(text)
    role = role_of(label[1]) if label else None
    if label and not label[3] and _has_colon(label) and is_general(label[1]):
        return role or Role.WANTED  # "Topics:" above a list
    is_certain = label is not None and (_has_colon(label) or role in (Role.WANTED, Role.UNWANTED))
    return role if is_certain else None


def has_unknown_label(text: str) -> bool:
    """True if a line begins with a few words and a colon that the vocabulary does not know."""
    label = LABEL.fullmatch(text)
    return (
        label is not None
        and _has_colon(label)
        and not label[3].startswith("//")
        and len(label[1].split()) <= _WORDS_OF_LABEL
        and label_role(text) is None
    )


def at_labels(written: str) -> list[str]:
    """The parts of a line, each from one label to the next: "Interested: ice. Not: fog." is two."""
    first, *others = _BETWEEN_SENTENCES.split(written)
    parts = [first]
    for sentence in others:
        label = LABEL.fullmatch(plain(sentence))
        role = label_role(plain(sentence)) if label and _has_colon(label) else None
        if role not in (None, Role.CONTEXT) and re.search(r"\w", parts[-1]):
            parts.append(sentence.strip())
        else:
            parts[-1] += sentence
    return parts


def _has_colon(label: re.Match[str]) -> bool:
    return label[2].strip() in (":", "：")


def heading(written: str) -> tuple[str, str, Role | None]:
    """Name, text behind a label, and role of a heading. "Topic: X" is the topic X."""
    name = written.strip(" :：")
    label = LABEL.fullmatch(name)
    if label and label[3] and _has_colon(label):
        if is_general(label[1]):
            return label[3], "", None
        if role := role_of(label[1]):
            return label[1], label[3], role
    return name, "", role_of(name) or (Role.WANTED if is_general(name) else None)


def bold_name(line: Line) -> str | None:
    """What a line in bold names that is in place of a heading: no sentence, and nothing behind."""
    bold = _BOLD.fullmatch(line.written)
    is_heading = bold and bold[2] in ("", ":", "：") and not re.search(r"[.!?。！？]$", bold[1])
    return plain(bold[1]) if bold and is_heading else None


def name_and_text(line: Line) -> tuple[str, str]:
    """The name of a topic that is an item of a list, and the text behind it on its line."""
    bold, label = _BOLD.fullmatch(line.written), LABEL.fullmatch(line.text)
    if bold:
        return plain(bold[1]).strip(" :："), plain(bold[2]).lstrip("—–-:： ")
    if label and re.search(r"\w", label[1]):
        return label[1].strip(), label[3]
    return shortened(line.text.strip(" :：."))


def shortened(name: str) -> tuple[str, str]:
    """A name, and the text from which it comes if that is too long for a name."""
    if len(name) <= _LONGEST_NAME:
        return name, ""
    if sentence := _SENTENCE.match(name):
        return sentence[0].rstrip("."), name
    start = name[: _LONGEST_NAME - 1]
    return (start.rpartition(" ")[0] or start).rstrip(" ,;:") + "…", name


def items_that_are_topics(lines: Sequence[Line]) -> set[int]:
    """The numbers of the lines that are items of a list of topics: one in which an item begins in
    bold, or stands above a list of its own or a line that says what is relevant."""
    topics: set[int] = set()
    lists: dict[Place, tuple[list[int], list[int]]] = {}  # its items, and those that show it

    def end(place: Place) -> None:
        items, signs = lists.pop(place)
        if signs:
            topics.update(items)

    for number, line in enumerate(lines):
        if line.item is None:
            for place in list(lists):
                is_beside = line.after_blank and line.indent <= place.indent
                if line.level or (is_beside and label_role(line.text) is None):
                    end(place)
            continue
        for place in [place for place in lists if place.indent > line.indent]:
            end(place)
        items, signs = lists.setdefault(line.item, ([], []))
        if label_role(line.text) is None:
            items.append(number)
            if _begins_in_bold(line) or _is_above_its_own(line, lines[number + 1 : number + 2]):
                signs.append(number)
    for place in list(lists):
        end(place)
    return topics


def _begins_in_bold(line: Line) -> bool:
    bold = _BOLD.fullmatch(line.written)
    return bold is not None and (not bold[2] or bold[1][-1:] in ":：" or bold[2][0] in ":：—–-(（")


def _is_above_its_own(line: Line, following: Sequence[Line]) -> bool:
    """True if a deeper list follows, or a line that says what is relevant."""
    if not following or line.item is None or following[0].level:
        return False
    (below,) = following
    role = label_role(below.text)
    is_labelled = role in (Role.WANTED, Role.UNWANTED) and not is_general(below.text)
    if below.item is not None:
        return below.indent > line.indent or (is_labelled and below.item != line.item)
    if not is_labelled:
        return False
    is_under = below.indent > line.indent or not below.after_blank
    return role is Role.WANTED or (is_under and (line.item.numbered or below.indent > line.indent))
