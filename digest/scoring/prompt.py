"""The messages that are sent to the model: the files of `prompts/`, then the papers.

Whatever is the same in every request of a day stands first, so that providers can cache it: the
system message, then the rubric, the topics and the form of the reply. The papers stand last.
"""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from digest.core.day import Cut
from digest.core.errors import ConfigError
from digest.core.papers import Paper
from digest.core.scores import NO_TOPIC, Prompt, Topics
from digest.core.text import visible
from digest.scoring.topics import parse_topics

LONGEST_ABSTRACT = 4_000  # characters; arXiv's own form allows 1,920
NEAR = 1  # a paper this far below the cut still gets a comment

SYSTEM, SCORING, TOPICS = "system.md", "scoring.md", "topics.md"
SHIPPED = Path(__file__).parent / "prompts"  # used for each of the first two that is missing
_NOTE = re.compile(r"<!--.*?-->\n?", re.DOTALL)
_AXES = ("Relevance", "Novelty")
_VARIABLE = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}")
_VARIABLES = ("near_relevance", "near_novelty", "language")

HEADING = "# What this reader wants to read about"
_CONTEXT = """\
What is called "About me", "Background", "Authors" or "Notes" says who the reader is, and wants
nothing by itself.
"""

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
    """The topics in `folder`. Raises `ConfigError`, which names the file."""
    path = folder / TOPICS
    try:
        return parse_topics(_read(path))
    except ConfigError as e:
        named = (m if m.startswith(str(path)) else f"{path}: {m}" for m in e.mistakes)
        raise ConfigError(*named) from e


def load(folder: Path, cut: Cut, language: str) -> tuple[Topics, Prompt]:
    """The topics, and everything that is sent except the papers. Raises `ConfigError` with all
    mistakes of all files."""
    texts, mistakes = _read_texts(folder)
    try:
        topics = load_topics(folder)
    except ConfigError as e:
        raise ConfigError(*mistakes, *e.mistakes) from e
    if mistakes:
        raise ConfigError(*mistakes)
    values = {
        "near_relevance": str(max(1, cut.relevance - NEAR)),
        "near_novelty": str(max(1, cut.novelty - NEAR)),
        "language": language,
    }
    rubric = _VARIABLE.sub(lambda variable: values[variable[1]], texts[SCORING])
    names = ", ".join(json.dumps(name, ensure_ascii=False) for name in topics.names)
    has_heading = topics.text.lstrip().startswith("# ") and not topics.context
    parts = (
        rubric,
        "" if has_heading else HEADING,
        _CONTEXT if topics.context else "",
        topics.text,
        _FORM.format(none=NO_TOPIC, topics=names),
    )
    prompt = Prompt(texts[SYSTEM].strip(), "\n\n".join(p for part in parts if (p := part.strip())))
    return topics, prompt


def _read(path: Path) -> str:
    """The text of a prompt file, without its `<!-- notes -->`."""
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


def _read_texts(folder: Path) -> tuple[dict[str, str], list[str]]:
    """The system message and the rubric, the user's or the shipped ones, and their mistakes."""
    texts: dict[str, str] = {}
    mistakes: dict[str, None] = {}  # both may be missing for the same reason
    for name, purpose in ((SYSTEM, "who judges, and for whom"), (SCORING, "what earns a score")):
        try:
            has_own = os.path.lexists(folder / name)
            if not has_own:
                _require_none_misnamed(folder, name)
            texts[name] = text = _read((folder if has_own else SHIPPED) / name)
        except ConfigError as e:
            mistakes |= dict.fromkeys(e.mistakes)
            continue
        if not text.strip():
            mistakes[f"{folder / name}: empty: say in it {purpose}"] = None
        elif name == SCORING:
            mistakes |= {f"{folder / name}: {mistake}": None for mistake in _rubric_mistakes(text)}
    return texts, list(mistakes)


def _require_none_misnamed(folder: Path, name: str) -> None:
    """Raise `ConfigError` for a file that is surely meant to be `name`: it would be ignored."""
    meant = re.compile(rf"{name.removesuffix('.md')}(?:\.md)?(?:\.txt)?", re.IGNORECASE)
    try:
        misnamed = sorted(path for path in folder.iterdir() if meant.fullmatch(path.name))
    except FileNotFoundError:
        return  # the missing topics are reported
    except OSError as e:
        raise ConfigError(f"{folder}: cannot be read: {e.strerror}: check the path") from e
    if misnamed:
        raise ConfigError(f"{misnamed[0]}: is not read by that name: rename it to {name}")


def _rubric_mistakes(rubric: str) -> list[str]:
    """Missing headings, and variables that are missing or do not exist."""
    headings = {h.strip().casefold() for h in re.findall(r"^#{1,6}\s+(.*?)#*$", rubric, re.M)}
    used = dict.fromkeys(_VARIABLE.findall(rubric))
    allowed = ", ".join(f"{{{{{name}}}}}" for name in _VARIABLES)
    return [
        *(
            f"no heading {axis!r}: add a line '## {axis}' and say under it what earns which score"
            for axis in _AXES
            if axis.casefold() not in headings
        ),
        *(
            f"{{{{{name}}}}} is missing: without it a setting would have no effect"
            for name in _VARIABLES
            if name not in used
        ),
        *(
            f"{{{{{name}}}}} is no variable: allowed: {allowed}"
            for name in used
            if name not in _VARIABLES
        ),
    ]


# --- messages --------------------------------------------------------------------------------

# A paper's text must not be able to end its own delimiter and begin another's.
_DELIMITER = re.compile(r"<(?=[\s/]*paper\b)", re.IGNORECASE)

# Phrases that speak to the model. tests/scoring/test_injection.py has an attack for each line.
_SPEAKS_TO_THE_MODEL = re.compile(
    r"""
    \b(?:ignore|disregard|forget|override)\b[^.]{0,40}
        \b(?:above|previous|prior|earlier|rubric)\b
    | \b(?:score|rate|recommend)\s+(?:this|it|them|all|every)\b
    | \b(?:give|assign|return)\s+(?:10|the\s+highest|full\s+marks)\b
    | \b(?:relevance|novelty|score)\b\W{1,4}(?:(?:for|this|paper|is|to)\s+){0,4}(?:10|ten)\b
    | \b(?:dear|attention|note\s+to|message\s+to|instructions\s+for)\s+(?:the\s+|all\s+)?
        (?:ai|llms?|language\s+models?|reviewers?)\b
    | \b(?:as|if\s+you\s+are)\s+an?\s+(?:ai|llm|language)\b | \byou\s+are\s+now\b
    | \bpositive\s+review\b | \bdo\s+not\s+highlight\b
    | (?:^|[.\n])\s*system: | <\s*/?\s*paper\b | <\|
    """,
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)


def messages(prompt: Prompt, papers: Sequence[Paper]) -> list[dict[str, str]]:
    """The request for `papers`, system message first; only the papers differ between requests."""
    delimited = "\n".join(map(_delimited, papers))
    return [
        {"role": "system", "content": prompt.system},
        {"role": "user", "content": f"{prompt.user}\n\n{delimited}"},
    ]


def _delimited(paper: Paper) -> str:
    abstract = paper.abstract
    if is_cut(paper):
        abstract = f"{abstract[:LONGEST_ABSTRACT]} [cut here: the abstract goes on]"
    text = _DELIMITER.sub("&lt;", f"{paper.title}\n{abstract}")
    return f'<paper id="{paper.id}">\n{text}\n</paper>'


def is_cut(paper: Paper) -> bool:
    """True if the model gets only the beginning of the abstract."""
    return len(paper.abstract) > LONGEST_ABSTRACT


def speaks_to_the_model(paper: Paper) -> bool:
    """True if the paper's text gives the model instructions. Such a paper is sent alone, so that
    it can change no score but its own."""
    text = visible(unicodedata.normalize("NFKC", f"{paper.title}\n{paper.abstract}"))
    return _SPEAKS_TO_THE_MODEL.search(text) is not None
