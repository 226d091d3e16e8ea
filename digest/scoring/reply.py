r"""The scores in a model's reply. Pure; no reply makes this module raise.

The prompt asks for `{"papers": [{"id", "relevance", "novelty", "topic", "comment"}, …]}`. A reply
may put it in a fence or between sentences, think aloud before it, write one object a line or one
under each id, or end in the middle. One procedure reads them all: repair the escapes, decode at
each `{` that could begin an object, take the entries out of the result, and go on behind it. If the
whole cannot be decoded, its parts may.

A score is never guessed. An entry in doubt is a problem, and its paper is asked about again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from digest.core.scores import NO_TOPIC, Score
from digest.core.text import one_line

_LONGEST = 500_000  # characters, more than a model answers with, reasoning included
_MAX_EFFORT = 5_000_000  # characters that could not be decoded, before a reply is given up
_LONGEST_COMMENT = 600
_LONGEST_PROBLEM = 200
_MAX_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class Reply:
    """The scores in a reply, and what was wrong with the rest."""

    scores: dict[str, Score]  # by paper id, as asked for
    problems: tuple[str, ...]  # a line each, for the log


def read(text: str, asked: Collection[str], topics: Sequence[str]) -> Reply:
    """The scores in `text` of the papers whose ids were `asked` for; `topics` are the headings."""
    ids = {paper_id.casefold(): paper_id for paper_id in asked}
    headings = {_undecorated(name): name for name in topics}
    headings |= {name.casefold(): name for name in topics}
    entries, problems = _find_entries(_repair_escapes(text[-_LONGEST:]))  # the answer stands last
    if len(text) > _LONGEST:
        problems.append(f"{len(text)} characters: read the last {_LONGEST}")
    if not entries:
        problems.append("no scores found" if text.strip() else "an empty reply")
    scores: dict[str, Score] = {}
    disputed: set[str] = set()
    for entry in entries:
        paper_id = ids.get(_bare_id(entry.get("id")))
        relevance, novelty = _number(entry.get("relevance")), _number(entry.get("novelty"))
        if paper_id is None:
            problems.append(f"not asked for: {_shown(entry.get('id'))}")
        elif relevance is None or novelty is None:
            shown = (_shown(entry.get(name)) for name in ("relevance", "novelty"))
            problems.append(f"{paper_id}: not two scores: {', '.join(shown)}")
        else:
            topic, comment = _topic(entry.get("topic"), headings), entry.get("comment")
            comment = one_line(comment, _LONGEST_COMMENT) if isinstance(comment, str) else ""
            first = scores.setdefault(paper_id, Score(relevance, novelty, topic, comment))
            if (first.relevance, first.novelty) != (relevance, novelty):
                disputed.add(paper_id)
                problems.append(f"{paper_id}: scored twice, and differently")
    lines = tuple(one_line(problem, _LONGEST_PROBLEM) for problem in problems[:_MAX_PROBLEMS])
    return Reply({i: s for i, s in scores.items() if i not in disputed}, lines)


# --- entries in a text ------------------------------------------------------------------------


# An object becomes a tuple of pairs, because a key may stand twice with two different scores. A
# number stays a string: 2601.10000 may be an id, and int() refuses thousands of digits.
_DECODER = json.JSONDecoder(
    object_pairs_hook=tuple, parse_float=str, parse_int=str, parse_constant=str, strict=False
)
# A mark around reasoning; or the beginning of an object, and the key before it, which may be an id.
# Marks: `<think>`, Gemini's `<thought>`, Seed's `<seed:think>`, Kimi's `◁think▷`, Magistral's
# `[THINK]`, Cohere's `<|START_THINKING|>`; gpt-oss names the channel of what follows.
_THOUGHT = (
    r"(?:think(?:ing)?|thoughts?|reason(?:ing)?|reflection|scratchpad|analysis|chain_of_thought)"
)
_MARK = re.compile(
    rf"(?P<reasoning>[<◁\[]\|?(?P<closing>/?)(?:\w{{1,20}}:)?{_THOUGHT}(?:\s[^<>]{{0,60}})?\|?[>▷\]]"
    rf"|<\|(?:start|begin|(?P<ended>end))_(?:of_)?{_THOUGHT}\|>"
    r"|<\|channel\|?>\s{0,9}(?:analysis|commentary|thought|(?P<final>final))\b"
    r"|(?P<last>assistantfinal|<channel\|>|<\|inner_suffix\|>))"
    r'|(?:"(?P<key>[^"\\]{1,80}+)"\s{0,99}+:\s{0,99}+)?\{(?=\s{0,99}")',
    re.IGNORECASE,
)
_TRAILING_COMMA = re.compile(r",\s*+(?=[}\]])")

_Entry = dict[str, object]


def _find_entries(text: str) -> tuple[list[_Entry], list[str]]:
    """The entries of a reply in order, and why the rest could not be read."""
    entries: list[_Entry] = []
    drafts: list[_Entry] = []  # from the reasoning; used if there is nothing else
    problems: list[str] = []
    before_reasoning = 0  # entries; 0 if only the end of the reasoning is marked
    position = effort = 0
    while mark := _MARK.search(text, position):
        if mark["reasoning"]:
            ends = mark["closing"] or mark["ended"] or mark["final"] or mark["last"]
            if ends:
                drafts = entries[before_reasoning:] or drafts
                del entries[before_reasoning:]
            before_reasoning, position = 0 if ends else len(entries), mark.end()
            continue
        start = mark.end() - 1
        try:
            value, position = _DECODER.raw_decode(text, start)
        except RecursionError:
            position, reached, why = mark.end(), len(text), "nested too deeply"
        except json.JSONDecodeError as e:
            position, reached = mark.end(), e.pos
            why = f"{e.msg}: {_shown(text[e.pos : e.pos + 100])}"
            if e.msg.startswith("Unterminated"):
                reached = len(text)  # e.pos is where the string begins
            comma = max(0, text.rfind(",", start, e.pos + 1))
            trailing = _TRAILING_COMMA.match(text, comma)
            if trailing and trailing.end() >= e.pos:  # remove it and decode again
                text, position, why = f"{text[:comma]} {text[comma + 1 :]}", mark.start(), ""
        else:
            entries += _entries(mark["key"], value)
            continue
        if why and not problems:
            problems.append(f"not JSON: {why}")
        # Each failure also costs a fast pass: the error counts lines, a repair copies the text.
        effort += reached - start + len(text) // 50
        if effort > _MAX_EFFORT:
            problems.append("too broken to be read to its end")
            break
    return entries or drafts, problems


def _entries(key: str | None, value: object) -> Iterator[_Entry]:
    """The entries at any depth of a decoded value that stood under `key`."""
    pending = [(key, value)]
    for key, value in pending:  # which grows
        if isinstance(value, list):
            pending += [(None, item) for item in value if isinstance(item, list | tuple)]
        elif isinstance(value, tuple):
            entry = _entry(value)
            scored = "relevance" in entry or "novelty" in entry
            if "id" in entry or scored:
                yield {"id": key, **entry}
            if not scored:
                pending += value


def _entry(pairs: tuple[tuple[str, object], ...]) -> _Entry:
    """An object's fields by their usual names; None for a field with two different values."""
    entry: _Entry = {}
    for key, value in pairs:
        name = re.sub(r"[\W_]+", "", key).casefold().removesuffix("score")
        name = "id" if name in ("arxivid", "paperid") else name
        entry[name] = value if entry.get(name, value) == value else None
    return entry


# --- escapes ----------------------------------------------------------------------------------

# Models write TeX with single backslashes. Some of it is an invalid escape, which is an error; some
# is a valid one with another meaning: `\beta` is a backspace and "eta". After `\n`, `\r` and `\t`
# only a known macro is TeX: "\ni.e." is a line break.
_ESCAPE = re.compile(
    r'(?P<valid>(?:\\(?:["\\/]|u[0-9a-fA-F]{4}))++)'
    r"|\\'(?P<apostrophe>(?=(?:s|re|ll)\b|[^aceilnorsuyzACEILNORSUYZ{\\]))"  # no accent's letter
    r"|\\(?P<word>[nrt](?:[A-Za-z]++(?!\.[a-z]))?)?"
)
_MACRO_NAMES = """
    nabla natural ncong ne nearrow neg neq newline nexists ngeq ni nleq nmid noindent nolimits
    nonumber normalsize not notin nparallel nprec nsim nsubset nsubseteq nsucc nu nwarrow
    rangle rbrace rbrack rceil real ref rfloor rho right rightarrow rightharpoonup
    rightleftharpoons rm rtimes
    tag tan tanh tau tbinom text textbf textit textrm textsc textsf textsubscript textsuperscript
    texttt tfrac therefore theta thickapprox thicksim tilde times tiny to top tr triangle
    triangleleft triangleright tt
"""
_MACROS = frozenset(_MACRO_NAMES.split())


def _repair_escapes(text: str) -> str:
    return _ESCAPE.sub(_repaired, text) if "\\" in text else text


def _repaired(escape: re.Match[str]) -> str:
    if escape["valid"]:
        return escape[0]
    if escape["apostrophe"] is not None:
        return "'"
    word = escape["word"]
    return escape[0] if word and word not in _MACROS else "\\" + escape[0]


# --- fields -----------------------------------------------------------------------------------

_ID = re.compile(
    r"(?:https?://)?(?:(?:www\.|export\.)?arxiv\.org/(?:abs|pdf|html)/)?(?:arxiv\s*:\s*)?"
    r"(\S+?)(?:v\d+)?(?:\.pdf)?/?"
)
_SCORE = re.compile(r"([0-9]{1,2}+)(?:\.([0-9]*+))?\s*+(?:/\s*+10)?")
_DECORATION = " \t\n*_`\"'“”‘’«»"


def _bare_id(value: object) -> str:
    """An id without version, prefix and address, case folded; "" for anything else."""
    text = value.strip() if isinstance(value, str) else ""
    match = _ID.fullmatch(text.casefold()) if len(text) <= 200 else None
    return match[1] if match else ""


def _number(value: object) -> int | None:
    """A score from 1 to 10, or None. A fraction is rounded down, but never into the range."""
    match = _SCORE.fullmatch(value.strip()) if isinstance(value, str) else None
    if not match:
        return None
    number, more_than_ten = int(match[1]), match[1] == "10" and (match[2] or "").strip("0")
    return number if 1 <= number <= 10 and not more_than_ten else None


def _topic(value: object, headings: dict[str, str]) -> str:
    if not isinstance(value, str) or len(value) > 1000:
        return NO_TOPIC
    return headings.get(value.casefold()) or headings.get(_undecorated(value), NO_TOPIC)


def _undecorated(name: str) -> str:
    """A heading without marks, emphasis, quotes and number, case folded, to be compared."""
    name = name.strip(_DECORATION).lstrip("#").strip(_DECORATION)
    name = re.sub(r"^[0-9]+[.):]\s*", "", name).strip(_DECORATION)
    return " ".join(name.split()).casefold()


def _shown(value: object) -> str:
    return f"“{one_line(value[:100], 40)}”" if isinstance(value, str) else "not a text or number"
