"""`prompts/` and papers, as the messages that are sent.

What is the same in every request of a day stands first, so that providers can cache it: the system
message, then the rubric, the topics and the form of the reply. The papers stand last, delimited.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from string import Template

from digest.core.errors import ConfigError
from digest.core.models import Cut
from digest.core.papers import Paper
from digest.core.scores import NO_TOPIC, Prompt, Topics
from digest.scoring.topics import parse_topics

LONGEST_ABSTRACT = 4_000  # characters; arXiv's own form takes 1,920
NEAR = 1  # how far under the cut a paper is still commented on

SYSTEM, SCORING, TOPICS = "system.md", "scoring.md", "topics.md"
SHIPPED = Path(__file__).parent / "prompts"  # the first two, for whoever has written none
_NOTE = re.compile(r"<!--.*?-->\n?", re.DOTALL)
_AXES = ("Relevance", "Novelty")
_VARIABLES = ("near_relevance", "near_novelty", "language")


class _Variables(Template):
    """`{{name}}`, for rubrics may show JSON and sums of money."""

    pattern = r"""
        \{\{\s*(?:
            (?P<escaped>(?!))
            | (?P<named>[A-Za-z_]\w*)\s*\}\}
            | (?P<braced>(?!))
            | (?P<invalid>(?!))
        )
    """  # type: ignore[assignment]  # a string, as the base class's documentation has it


_FORM = """\
# The reply

Answer with JSON alone, compact, on one line, without a code fence or a word around it:

{{"papers":[{{"id":"0000.00000","relevance":2,"novelty":5,"topic":"{none}","comment":""}}]}}

One entry for each paper below, every one exactly once, in the order in which they stand. `id` is
the paper's own, copied. `topic` is the topic that the paper fits best, exactly one of {topics}, or
"{none}" where it fits none. Write TeX in a comment only where you must, every backslash doubled.

# The papers

Each stands between a `<paper>` tag with its id and `</paper>`: first its title, then its abstract.
"""


# --- reading the folder ----------------------------------------------------------------------


def load_topics(folder: Path) -> Topics:
    """The topics in `folder`. Raises `ConfigError`, naming the file, when they cannot be read."""
    path = folder / TOPICS
    try:
        return parse_topics(_read(path))
    except ConfigError as e:
        named = (m if m.startswith(str(path)) else f"{path}: {m}" for m in e.mistakes)
        raise ConfigError(*named) from e


def load(folder: Path, cut: Cut, language: str) -> tuple[Topics, Prompt]:
    """The whole of `folder`. Raises `ConfigError` with every mistake of its files."""
    try:
        topics = load_topics(folder)
    except ConfigError as e:
        raise ConfigError(*_texts(folder)[1], *e.mistakes) from e
    return topics, load_prompt(folder, topics, cut, language)


def load_prompt(folder: Path, topics: Topics, cut: Cut, language: str) -> Prompt:
    """All that is sent but the papers. Raises `ConfigError` with every mistake of both files."""
    texts, mistakes = _texts(folder)
    if mistakes:
        raise ConfigError(*mistakes)
    values = {
        "near_relevance": max(1, cut.relevance - NEAR),
        "near_novelty": max(1, cut.novelty - NEAR),
        "language": language,
    }
    names = ", ".join(json.dumps(name, ensure_ascii=False) for name in topics.names)
    form = _FORM.format(none=NO_TOPIC, topics=names)
    parts = (_Variables(texts[SCORING]).substitute(values), topics.text, form)
    return Prompt(texts[SYSTEM].strip(), "\n\n".join(part.strip() for part in parts))


def _read(path: Path) -> str:
    """The text of a prompt, without `<!-- notes -->` to whoever edits it."""
    try:
        return _NOTE.sub("", path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as e:
        raise ConfigError(
            f"{path}: no such file: write one, or point `prompts` in config.yaml at its folder"
        ) from e
    except UnicodeDecodeError as e:
        raise ConfigError(f"{path}: not UTF-8 text: save the file as UTF-8") from e
    except OSError as e:
        raise ConfigError(f"{path}: cannot be read: {e.strerror}: check the path") from e


def _texts(folder: Path) -> tuple[dict[str, str], list[str]]:
    """The system message and the rubric, the user's or the shipped ones, and what is wrong with
    either."""
    texts: dict[str, str] = {}
    mistakes: list[str] = []
    for name, missing in ((SYSTEM, "who judges, and for whom"), (SCORING, "what earns a score")):
        try:
            own = os.path.lexists(folder / name)
            if not own:
                _require_none_misnamed(folder, name)
            texts[name] = text = _read((folder if own else SHIPPED) / name)
        except ConfigError as e:
            mistakes += e.mistakes
            continue
        found = _mistakes(text) if name == SCORING else []
        if not text.strip():
            found = [f"empty: say in it {missing}"]
        mistakes += (f"{folder / name}: {mistake}" for mistake in found)
    return texts, list(dict.fromkeys(mistakes))


def _require_none_misnamed(folder: Path, name: str) -> None:
    """Raise `ConfigError` for a file that is surely meant to be `name`: it would be ignored."""
    meant = re.compile(rf"{name.removesuffix('.md')}(?:\.md)?(?:\.txt)?", re.IGNORECASE)
    try:
        found = sorted(path for path in folder.iterdir() if meant.fullmatch(path.name))
    except FileNotFoundError:
        return  # which is told of the topics
    except OSError as e:
        raise ConfigError(f"{folder}: cannot be read: {e.strerror}: check the path") from e
    if found:
        raise ConfigError(f"{found[0]}: is not read by that name: rename it to {name}")


def _mistakes(scoring: str) -> list[str]:
    """What a rubric lacks, or asks for that nobody can fill in."""
    headings = {h.strip().casefold() for h in re.findall(r"^#{1,6}\s+(.*?)#*$", scoring, re.M)}
    mistakes = [
        f"no heading {axis!r}: add a line '## {axis}' and say under it what earns which score"
        for axis in _AXES
        if axis.casefold() not in headings
    ]
    used = _Variables(scoring).get_identifiers()
    mistakes += [
        f"{{{{{name}}}}} is missing: without it a setting would have no effect"
        for name in _VARIABLES
        if name not in used
    ]
    known = ", ".join(f"{{{{{name}}}}}" for name in _VARIABLES)
    mistakes += [
        f"{{{{{name}}}}} is no variable: allowed: {known}"
        for name in used
        if name not in _VARIABLES
    ]
    return mistakes


# --- messages --------------------------------------------------------------------------------

# A paper's text must not be able to end its own delimiter and begin another's.
_DELIMITER = re.compile(r"<(?=[\s/]*paper\b)", re.IGNORECASE)

# Text that speaks to whoever reads it as a model or reviewer. Such a paper is asked about alone, so
# that whatever it says can move no score but its own; papers about such attacks lose nothing by it.
_ADDRESSES_THE_JUDGE = re.compile(
    r"""
    \b(?:ignore|disregard|forget|override)\b .{0,40}
        \b(?:above|previous|prior|preceding|earlier|instructions?|rules?|rubric|prompts?)\b
    | \b(?:give|assign|rate|score|award|grade|mark|set|return|output|answer|respond)\b .{0,60}
        \b(?:10|ten|highest|maximum|maximal|top|perfect|full)\b .{0,20}
        (?:/\s*10|\bout\s+of|\bscores?\b|\bratings?\b|\bmarks?\b|\bto\s+(?:all|every|each|this)\b
        |\brelevance\b|\bnovelty\b)
    | \b(?:relevance|novelty)\b (?:\s+(?:scores?|ratings?))?
        (?:\W{1,4}|\s+(?:to|is|as|of|at|be|must\s+be|should\s+be)\s+) (?:10|9|ten|nine)\b
    | \b(?:score|rate|rank|mark|grade|recommend|accept)\s+(?:\w+\s+){0,2}
        (?:this|that|these|those|them|other|every|each|all)\s+(?:\w+\s+){0,2}
        (?:papers?|submissions?|manuscripts?|abstracts?)\b
    | \b(?:scores?|ratings?|grades?|marks?)\s+(?:for|of|to)\s+this\s+
        (?:paper|submission|work|abstract)\b | \bscore\s+(?:it|them)\b
    | \b(?:other|remaining|following)\s+papers?\s+(?:in\s+th(?:is|e)\s+(?:list|batch)|are\b|as\b)
    | \bpapers?\s+that\s+follows?\b | \b(?:everything|all)\s+in\s+this\s+batch\b
    | \b(?:this|the)\s+paper\s+(?:must|deserves)\b | \b(?:dear|attention)\W{1,3}reviewers?\b
    | \bpositive\s+reviews?\s+only\b | \b(?:give|write)\s+(?:\w+\s+){0,2}positive\s+review\b
    | \bdo\s+not\s+(?:highlight|mention|give|penali[sz]e)\b
    | \b(?:note|message|instructions?|attention|reminder|hint)\s+(?:to|for)\s+(?:the\s+|all\s+)?
        (?:llms?|ai|language\s+models?|models?|reviewers?|assistants?|scorers?|judges?|graders?)\b
    | \byou\s+are\s+(?:now|an?|the)\b | \bas\s+an?\s+(?:ai|llm|language)\b .{0,40} \byou\b
    | \bif\s+you\s+are\s+(?:an?\s+)?(?:ai|llm|language|large)\b
    | \b(?:system|developer)\s*(?:prompt|message)\b | (?:^|[.!?\n])\s*system\s*:
    | <\s*/?\s*(?:paper|system|user|assistant)\b
    | <\|.{0,20}\|> | \[/?INST\] | "(?:relevance|novelty)"\s*:
    """,
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)


def messages(prompt: Prompt, papers: Sequence[Paper]) -> list[dict[str, str]]:
    """The request for `papers`, system message first; nothing but the end of it differs."""
    delimited = "\n".join(map(_delimited, papers))
    return [
        {"role": "system", "content": prompt.system},
        {"role": "user", "content": f"{prompt.user}\n\n{delimited}"},
    ]


def _delimited(paper: Paper) -> str:
    abstract = paper.abstract
    if len(abstract) > LONGEST_ABSTRACT:
        abstract = f"{abstract[:LONGEST_ABSTRACT]} [cut here: the abstract goes on]"
    text = _DELIMITER.sub("&lt;", f"{paper.title}\n{abstract}")
    return f'<paper id="{paper.id}">\n{text}\n</paper>'


def is_cut(paper: Paper) -> bool:
    """Whether the scorer sees only the beginning of the abstract."""
    return len(paper.abstract) > LONGEST_ABSTRACT


def addresses_the_judge(paper: Paper) -> bool:
    """Whether the paper's text speaks to whoever judges it, and is best judged alone."""
    return _ADDRESSES_THE_JUDGE.search(f"{paper.title}\n{paper.abstract}") is not None
