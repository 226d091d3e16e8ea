r"""Reading a language model's reply. Pure, and nothing in a reply makes it raise.

Wanted is `{"papers": [{"id", "relevance", "novelty", "topic", "comment"}, …]}`. What comes may be
fenced, introduced, thought aloud, one object a line, keyed by id, or cut off. One mechanism reads
them all: mend the escapes, then decode at each `{` that could begin an object, take the entries in
what decodes, and go on behind it. Where the whole does not decode, its parts may.

A score is never guessed. An entry that leaves a doubt is a problem, and its paper is asked again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from digest.core.scores import NO_TOPIC, Score
from digest.core.text import one_line

_LONGEST = 500_000  # characters, more than a model answers with, reasoning included
_EFFORT = 5_000_000  # characters read in vain before a reply is given up
_LONGEST_COMMENT = 600
_LONGEST_PROBLEM = 200
_MOST_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model's answer says."""

    scores: dict[str, Score]  # by paper id, as asked for
    problems: tuple[str, ...]  # a line each, for the log


def read(text: str, asked: Collection[str], topics: Sequence[str]) -> Reply:
    """The scores in `text` of the papers whose ids were `asked` for; `topics` are the headings."""
    ids = {paper_id.casefold(): paper_id for paper_id in asked}
    headings = {_undecorated(name): name for name in topics}
    headings |= {name.casefold(): name for name in topics}
    entries, problems = _find(_mend(text[-_LONGEST:]))  # the answer ends a reply
    if len(text) > _LONGEST:
        problems.append(f"{len(text)} characters: read the last {_LONGEST}")
    if not entries:
        problems.append("no scores found" if text.strip() else "an empty reply")
    scores: dict[str, Score] = {}
    disputed: set[str] = set()
    for entry in entries:
        paper_id = ids.get(_bare(entry.get("id")))
        relevance, novelty = _number(entry.get("relevance")), _number(entry.get("novelty"))
        if paper_id is None:
            problems.append(f"not asked for: id {_shown(entry.get('id'))}")
        elif relevance is None:
            problems.append(f"{paper_id}: relevance is {_shown(entry.get('relevance'))}")
        elif novelty is None:
            problems.append(f"{paper_id}: novelty is {_shown(entry.get('novelty'))}")
        else:
            topic, comment = _topic(entry.get("topic"), headings), _comment(entry.get("comment"))
            score = Score(relevance, novelty, topic, comment)
            first = scores.setdefault(paper_id, score)
            if (first.relevance, first.novelty) != (relevance, novelty):
                disputed.add(paper_id)
                both = f"{first.relevance}, {first.novelty} and {relevance}, {novelty}"
                problems.append(f"{paper_id}: scored twice, {both}")
    return Reply({i: s for i, s in scores.items() if i not in disputed}, _noted(problems))


def _noted(problems: list[str]) -> tuple[str, ...]:
    lines = [one_line(problem, _LONGEST_PROBLEM) for problem in problems[:_MOST_PROBLEMS]]
    if more := len(problems) - len(lines):
        lines.append(f"and {more} more")
    return tuple(lines)


# --- entries in a text ------------------------------------------------------------------------


# An object is a tuple of pairs, for a key that stands twice may hold two different scores. A number
# is bytes, as written: 2601.10000 may be an id, int() refuses thousands of digits, and a string it
# is not.
_DECODER = json.JSONDecoder(
    object_pairs_hook=tuple,
    parse_float=str.encode,
    parse_int=str.encode,
    parse_constant=str.encode,
    strict=False,
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


def _find(text: str) -> tuple[list[_Entry], list[str]]:
    """The entries of a reply in order, and why the rest could not be read."""
    entries: list[_Entry] = []
    drafts: list[_Entry] = []
    problems: list[str] = []
    kept = 0  # entries before the reasoning; all is reasoning where only its end is marked
    at = effort = 0
    while mark := _MARK.search(text, at):
        if mark["reasoning"]:
            ends = mark["closing"] or mark["ended"] or mark["final"] or mark["last"]
            if ends:
                drafts = entries[kept:] or drafts
                del entries[kept:]
            kept, at = 0 if ends else len(entries), mark.end()
            continue
        start = mark.end() - 1
        try:
            value, at = _DECODER.raw_decode(text, start)
        except RecursionError:
            at, reached, why = mark.end(), len(text), "nested too deeply"
        except json.JSONDecodeError as e:
            at, reached, why = mark.end(), e.pos, f"{e.msg}: {_shown(text[e.pos : e.pos + 100])}"
            if e.msg.startswith("Unterminated"):
                reached = len(text)  # e.pos is where the string begins
            comma = max(0, text.rfind(",", start, e.pos + 1))
            trailing = _TRAILING_COMMA.match(text, comma)
            if trailing and trailing.end() >= e.pos:
                text, at, why = f"{text[:comma]} {text[comma + 1 :]}", mark.start(), ""  # again
        else:
            entries += _entries(mark["key"], value)
            continue
        if why and not problems:
            problems.append(f"not JSON: {why}")
        # And a fast pass each: the error counts lines, a mended comma copies the text.
        effort += reached - start + len(text) // 50
        if effort > _EFFORT:
            problems.append("too broken to be read to its end")
            break
    # A sentence after the answer may speak of a mark.
    return entries or drafts, problems


def _entries(key: str | None, value: object) -> Iterator[_Entry]:
    """The entries in a decoded value that stood under `key`, however deep, without recursion."""
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
    """An object's fields under the names we know; None where two values contradict each other."""
    entry: _Entry = {}
    for key, value in pairs:
        name = re.sub(r"[\W_]+", "", key).casefold().removesuffix("score")
        name = "id" if name in ("arxivid", "paperid") else name
        agrees = name not in entry or (isinstance(value, str) and value == entry[name])
        entry[name] = value if agrees else None
    return entry


# --- escapes ----------------------------------------------------------------------------------

# Models write TeX with single backslashes. Some of it is an invalid escape, which fails; some is a
# legal one, which passes and means something else: `\beta` is a backspace and "eta".
_ESCAPE = re.compile(
    r'(?P<right>(?:\\(?:["\\/]|u[0-9a-fA-F]{4}))++)'
    r"|\\'(?P<apostrophe>(?=(?:s|re|ll)\b|[^aceilnorsuyzACEILNORSUYZ{\\]))"  # no accent's letter
    r"|\\(?P<word>[nrt](?:[A-Za-z]++(?!\.[a-z]))?)?"  # "\ni.e." is a line break
)
_MORE_MACROS = """
    ncong ne newline noindent nolimits nonumber normalsize nsim nsubset nsupset
    rbrack real right rm tag tbinom tfrac thickapprox thicksim tiny tr triangle tt
"""


def _mend(text: str) -> str:
    return _ESCAPE.sub(_mended, text) if "\\" in text else text


def _mended(escape: re.Match[str]) -> str:
    if escape["right"]:
        return escape[0]
    if escape["apostrophe"] is not None:
        return "'"
    word = escape["word"]
    white_space = word and (len(word) == 1 or word not in _macros())
    return escape[0] if white_space else "\\" + escape[0]


@cache
def _macros() -> frozenset[str]:
    from pylatexenc import latex2text, latexwalker  # only where TeX may occur

    known = (m.get_default_latex_context_db() for m in (latex2text, latexwalker))
    names = (spec.macroname for db in known for spec in db.iter_macro_specs())
    return frozenset(_MORE_MACROS.split()).union(names)


# --- fields -----------------------------------------------------------------------------------

_ID = re.compile(
    r"(?:https?://)?(?:(?:www\.|export\.)?arxiv\.org/(?:abs|pdf|html)/)?(?:arxiv\s*:\s*)?"
    r"(\S+?)(?:v\d+)?(?:\.pdf)?/?"
)
_SCORE = re.compile(r"([0-9]{1,2}+)(?:\.([0-9]*+))?\s*+(?:/\s*+10)?")
_DECORATION = " \t\n*_`\"'“”‘’«»"


def _written(value: object) -> str:
    """A string or a number as text; "" for anything else, true and false among it."""
    return value.decode() if isinstance(value, bytes) else value if isinstance(value, str) else ""


def _bare(value: object) -> str:
    """An id as it is compared, without what people put around one; "" for what is no id."""
    text = _written(value).strip()
    match = _ID.fullmatch(text.casefold()) if len(text) <= 200 else None
    return match[1] if match else ""


def _number(value: object) -> int | None:
    """A score from 1 to 10, or None. A fraction goes to the lower score, never into the range."""
    match = _SCORE.fullmatch(_written(value).strip())
    if not match:
        return None
    number, more_than_ten = int(match[1]), match[1] == "10" and (match[2] or "").strip("0")
    return number if 1 <= number <= 10 and not more_than_ten else None


def _topic(value: object, headings: dict[str, str]) -> str:
    if not isinstance(value, str) or len(value) > 1000:
        return NO_TOPIC
    return headings.get(value.casefold()) or headings.get(_undecorated(value), NO_TOPIC)


def _undecorated(name: str) -> str:
    """A heading as it is compared: without marks, emphasis, quotes and number, case folded."""
    name = name.strip(_DECORATION).lstrip("#").strip(_DECORATION)
    name = re.sub(r"^[0-9]+[.):]\s*", "", name).strip(_DECORATION)
    return " ".join(name.split()).casefold()


def _comment(value: object) -> str:
    return one_line(value, _LONGEST_COMMENT) if isinstance(value, str) else ""


def _shown(value: object) -> str:
    if isinstance(value, str | bytes):
        return f"“{one_line(_written(value)[:100], 40)}”"
    kinds: dict[type, str] = {bool: "true or false", list: "a list", tuple: "an object"}
    return kinds.get(type(value), "missing")
