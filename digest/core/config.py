"""The user's settings: `config.yaml`.

The dataclasses are the schema: each setting has its default, what is allowed and what it does.
`parse_config` is pure and reports every mistake at once, each with its dotted path, what was found
and what is allowed; `load_config` reads the file. The documentation's table of settings is made
from the same fields.
"""

from __future__ import annotations

import difflib
import json
import re
import reprlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    TypeAdapter,
    ValidationError,
    with_config,
)
from pydantic.fields import FieldInfo

from digest.core import authors, categories, strict_yaml
from digest.core.day import Cut
from digest.core.errors import ConfigError
from digest.core.scores import ScoredBy

# --- kinds of values -------------------------------------------------------------------------
# A validator raises ValueError. Without a message, the user reads what is allowed.

# Fields of a request that have a setting of their own, or that the scorer needs.
_RESERVED = ("model", "messages", "response_format", "stream", "reasoning_effort")


def _require(condition: object, message: str = "") -> None:
    if not condition:
        raise ValueError(message)


def _check_line(value: str) -> str:
    _require(value.strip() and value.isprintable())
    return value.strip()


def _check_address(value: str) -> str:
    _require(value.isprintable() and " " not in value)
    try:
        parts = urlsplit(value)
    except ValueError:
        raise ValueError from None  # its own message would not say what is allowed
    _require(parts.scheme in ("http", "https") and parts.hostname)
    _require("@" not in parts.netloc, "no user or password here: it would be published")
    return value.rstrip("/")


def _check_feed_address(value: str) -> str:
    rest = value.replace("{category}", "")
    _require(rest != value and not set("{}") & set(rest))
    return value


def _refuse(mistake_in: Callable[[str], str | None]) -> AfterValidator:
    def check(value: str) -> str:
        mistake = mistake_in(value)
        _require(not mistake, mistake or "")
        return value

    return AfterValidator(check)


def _phrase_mistake(value: str) -> str | None:
    has_word = re.search(r"[^\W_]", value)
    return None if has_word else f"{_show(value)} has no letter or digit: write words"


def _check_extra(value: Any) -> Any:
    _require(isinstance(value, dict) and all(isinstance(key, str) for key in value))
    for key in _RESERVED:
        _require(key not in value, f"{key!r} is not for you to send: it is set elsewhere")
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise ValueError from None
    return value


def _allowed(text: str) -> Any:
    return Field(title=text)


def _whole(low: int, high: int, or_null: str = "") -> Any:
    title = f"a whole number from {low} to {high}{or_null}"
    return Field(strict=True, ge=low, le=high, title=title)


def _number(low: float, high: float, or_null: str = "") -> Any:
    return Field(strict=True, ge=low, le=high, title=f"a number from {low:g} to {high:g}{or_null}")


def _at_least_one(what: str) -> Any:
    return Field(min_length=1, title=f"a list of {what}, at least one")


_PlainLine = Annotated[str, Strict(), AfterValidator(_check_line)]
_PlainAddress = Annotated[str, Strict(), AfterValidator(_check_address)]
_Category = Annotated[str, Strict(), _refuse(categories.mistake)]
_Author = Annotated[_PlainLine, _refuse(authors.mistake)]
_AnnounceType = Literal["new", "cross", "replace", "replace-cross"]
_ONCE_EACH = AfterValidator(lambda values: tuple(dict.fromkeys(values)))
_NULL_IS_EMPTY = BeforeValidator(lambda v: {} if v is None else v)  # `llm:` with nothing below it

_Line = Annotated[_PlainLine, _allowed("a line of text")]
_Model = Annotated[_PlainLine, _allowed("a model's name")]
_Language = Annotated[_PlainLine, _allowed("a language")]
_Effort = Annotated[_PlainLine | None, _allowed("a word the model knows; or null")]
_Address = Annotated[_PlainAddress, _allowed("an http(s) address")]
_AddressOrNull = Annotated[_PlainAddress | None, _allowed("an http(s) address; or null")]
_FeedAddress = Annotated[
    _PlainAddress,
    AfterValidator(_check_feed_address),
    _allowed("an http(s) address with {category} in it"),
]
_Folder = Annotated[
    Path,
    BeforeValidator(lambda v: _check_line(v) if isinstance(v, str) else v),
    _allowed("a folder, relative to this file"),
]
_Categories = Annotated[
    tuple[_Category, ...], _ONCE_EACH, _at_least_one("arXiv categories or archives")
]
_Extra = Annotated[
    dict[str, Any],
    BeforeValidator(_check_extra),
    _NULL_IS_EMPTY,
    _allowed("a mapping of what JSON can hold"),
]
_Announced = Annotated[
    tuple[_AnnounceType, ...], _ONCE_EACH, _at_least_one("new, cross, replace or replace-cross")
]
_Names = Annotated[tuple[_Author, ...], _ONCE_EACH, _allowed("a list of names")]
_Phrase = Annotated[_PlainLine, _refuse(_phrase_mistake)]
_Phrases = Annotated[tuple[_Phrase, ...], _ONCE_EACH, _allowed("a list of phrases")]
_Scorer = Annotated[ScoredBy, _allowed("llm or offline")]
_Budget = Annotated[float | None, _number(0, 1000, "; or null")]
_YesNo = Annotated[bool, Field(strict=True, title="true or false")]
_OneToTen = Annotated[int, _whole(1, 10)]
_Top = Annotated[int | None, _whole(1, 2000, "; or null")]

# --- the schema ------------------------------------------------------------------------------
# The text beside a kind of value says what the setting does.

_FORBID_UNKNOWN = with_config(ConfigDict(extra="forbid", allow_inf_nan=False))


@_FORBID_UNKNOWN
@dataclass(frozen=True)
class Site:
    title: Annotated[_Line, "The heading of every page."] = "Personalized Daily arXiv Papers"
    url: Annotated[_AddressOrNull, "Where the site is published."] = None


# The embedded scorer counts words: its best papers are worth a look, whatever their number says.
_USUAL_CUTS = {
    ScoredBy.MODEL: Cut(relevance=8, novelty=7),
    ScoredBy.EMBEDDED: Cut(relevance=3, novelty=7, top=20),
}
_USUAL = 0  # no value that can be written: the one of `_USUAL_CUTS`


@_FORBID_UNKNOWN
@dataclass(frozen=True)
class Keep:
    relevance: Annotated[_OneToTen, "Papers below this relevance are not kept."] = _USUAL
    novelty: Annotated[
        _OneToTen, "Papers below this novelty are not kept; the embedded scorer gives none."
    ] = _USUAL
    top: Annotated[_Top, "At most so many papers are kept a day, the best; null: no limit."] = (
        _USUAL
    )

    def cut(self, scorer: ScoredBy) -> Cut:
        """The cut of a day scored by `scorer`. What is written counts for every scorer."""
        written = {name: value for name, value in asdict(self).items() if value != _USUAL}
        return replace(_USUAL_CUTS[scorer], **written)


@_FORBID_UNKNOWN
@dataclass(frozen=True)
class Llm:
    model: Annotated[_Model, "The model that scores."] = "gpt-6-luna"
    base_url: Annotated[_AddressOrNull, "Any OpenAI-compatible endpoint; null is OpenAI's own."] = (
        None
    )
    reasoning_effort: Annotated[_Effort, "null leaves it to the provider."] = "low"
    language: Annotated[_Language, "The language of the comments."] = "English"
    batch_size: Annotated[int, _whole(1, 100), "Papers in one request."] = 10
    concurrency: Annotated[int, _whole(1, 64), "Requests under way at once."] = 8
    timeout_s: Annotated[float, _number(1, 3600), "Seconds before a request is given up."] = 300.0
    budget_usd: Annotated[
        _Budget,
        "Most dollars an announcement date may cost, earlier attempts included; null: no cap.",
    ] = 1.0
    max_unscored: Annotated[
        float, _number(0, 1), "Above this share of unscored papers a day counts as an outage."
    ] = 0.2
    extra: Annotated[_Extra, "Merged into each request: `service_tier`, …"] = field(
        default_factory=dict
    )


@_FORBID_UNKNOWN
@dataclass(frozen=True)
class Feedback:
    issue: Annotated[
        _YesNo,
        "Opens an issue a day with a box a paper, and reads your ticks. In a public repository both"
        " are public.",
    ] = False
    papers: Annotated[int, _whole(1, 100), "Kept papers in the daily issue."] = 30
    learned: Annotated[
        _YesNo, "Makes `learned.html`, the words for and against. As public as the site."
    ] = False


@_FORBID_UNKNOWN
@dataclass(frozen=True)
class Arxiv:
    feed_url: Annotated[_FeedAddress, "Where a category's feed is."] = (
        "https://rss.arxiv.org/rss/{category}"
    )
    site_url: Annotated[_Address, "Where the listings are."] = "https://arxiv.org"
    api_url: Annotated[_Address, "Where the search interface is."] = (
        "https://export.arxiv.org/api/query"
    )
    delay_s: Annotated[
        float, _number(0, 600), "Seconds between two requests; arXiv's terms ask for 3."
    ] = 3.0


@_FORBID_UNKNOWN
@dataclass(frozen=True)
class Config:
    categories: Annotated[
        _Categories, "What to read: `cs.LG`, `astro-ph.EP`, or a whole archive such as `hep-th`."
    ]
    announce: Annotated[_Announced, "Announce types to score."] = ("new", "cross")
    scorer: Annotated[_Scorer, "The model, or the embedded scorer that needs no key."] = (
        ScoredBy.MODEL
    )
    keep: Annotated[Keep, _NULL_IS_EMPTY] = field(default_factory=Keep)
    authors: Annotated[
        _Names,
        "Papers by these people are kept whatever their score, however a paper prints the name.",
    ] = ()
    always: Annotated[
        _Phrases, "A paper with one of these in its title or abstract is kept whatever its score."
    ] = ()
    exclude: Annotated[_Phrases, "A paper with one of these in its title is not scored."] = ()
    prompts: Annotated[_Folder, "Where `topics.md` and the rubric are."] = Path("prompts")
    out: Annotated[_Folder, "The site; the archive is `data/` inside it."] = Path("docs")
    site: Annotated[Site, _NULL_IS_EMPTY] = field(default_factory=Site)
    llm: Annotated[Llm, _NULL_IS_EMPTY] = field(default_factory=Llm)
    fallback: Annotated[
        _YesNo,
        "In an outage the day is published without the model, and the run stays red. The model"
        " scores it later.",
    ] = False
    feedback: Annotated[Feedback, _NULL_IS_EMPTY] = field(default_factory=Feedback)
    arxiv: Annotated[Arxiv, _NULL_IS_EMPTY] = field(default_factory=Arxiv)


def settings(schema: Any = Config, prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every setting by its dotted path, in order; the title says what is allowed, the description
    what the setting does."""
    types = get_type_hints(schema, include_extras=True)
    for setting in fields(schema):
        info = FieldInfo.from_annotated_attribute(types[setting.name], setting)
        if is_dataclass(info.annotation):
            yield from settings(info.annotation, f"{prefix}{setting.name}.")
        else:
            info.description = next(text for text in info.metadata if isinstance(text, str))
            yield prefix + setting.name, info


_ALLOWED = {path: info.title or "" for path, info in settings()}
_CONFIG = TypeAdapter(Config)

# --- reading ---------------------------------------------------------------------------------


def load_config(path: Path) -> Config:
    """The settings in the file at `path`, `prompts` and `out` resolved against its folder.

    Raises `ConfigError`, with a line for every mistake, when the file is missing, is not YAML, or
    has a setting that is not allowed.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise ConfigError(
            f"{path}: no such file: run this in the folder that has it, or name it with --config"
        ) from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: cannot be read: not UTF-8: save it as UTF-8") from error
    mistakes: list[str] = []
    try:
        document, mistakes = strict_yaml.parse(text)
        config = parse_config(document)
    except ConfigError as error:
        mistakes += error.mistakes
    if mistakes:
        raise ConfigError(*(f"{path}: {mistake}" for mistake in mistakes))
    base = path.parent
    config = replace(config, prompts=base / config.prompts, out=base / config.out)
    require_own_folder(config.out, base, config.prompts)
    return config


def require_own_folder(out: Path, *others: Path) -> None:
    """Raise `ConfigError` if one of `others` lies in the site's folder `out`.

    Everything in `out` is committed and published.
    """
    for other in others:
        if other.resolve().is_relative_to(out.resolve()):
            raise ConfigError(
                f"out: {str(out)!r} holds {str(other)!r}, and all of it would be published:"
                " give the site a folder of its own, such as `docs`"
            )


def parse_address(name: str, text: str) -> str:
    """Check an http(s) address from an environment variable. Raises `ConfigError` with `name`."""
    return _parse_one(_PlainAddress, _ALLOWED["arxiv.site_url"], name, text)


def parse_model(name: str, text: str) -> str:
    """Check a model's name from an environment variable. Raises `ConfigError` with `name`."""
    return _parse_one(_PlainLine, _ALLOWED["llm.model"], name, text)


def _parse_one(kind: Any, allowed: str, name: str, text: str) -> str:
    try:
        return str(TypeAdapter(kind).validate_python(text))
    except ValidationError as error:
        raise ConfigError(_wrong_value(name, error.errors()[0], allowed)) from error


def parse_config(document: object) -> Config:
    """A parsed `config.yaml` as a `Config`. Raises `ConfigError` with every mistake at once."""
    if not isinstance(document, dict):
        raise ConfigError(
            f"found {_show(document)}, not a mapping: write settings as `key: value`,"
            " beginning with `categories: [cs.LG]`"
        )
    try:
        return _CONFIG.validate_python(document)
    except ValidationError as error:
        errors = error.errors()
    # pydantic also reports a list with a wrong entry as too short.
    lists = {each["loc"][:-1] for each in errors if isinstance(each["loc"][-1], int)}
    raise ConfigError(*(_describe(each) for each in errors if each["loc"] not in lists))


def _describe(error: Any) -> str:
    """One error of pydantic's as a line for the user."""
    *sections, last = error["loc"]
    if error["type"] in ("unexpected_keyword_argument", "invalid_key"):
        key = error["input"] if error["type"] == "invalid_key" else last
        return _unknown_setting(key, "".join(f"{section}." for section in sections))
    if isinstance(last, int):
        path = ".".join(map(str, sections))
        entry = _ALLOWED[path].removeprefix("a list of ").removesuffix(", at least one")
        return _wrong_value(f"{path}[{last}]", error, entry)
    path = ".".join(map(str, error["loc"]))
    return _wrong_value(path, error, _ALLOWED.get(path, "a mapping"))


def _unknown_setting(key: object, section: str) -> str:
    ordinary = isinstance(key, str) and key.isidentifier() and len(key) <= 60
    name = str(key) if ordinary else _show(key)
    siblings = [path.removeprefix(section) for path in _ALLOWED if path.startswith(section)]
    names = list(dict.fromkeys(sibling.partition(".")[0] for sibling in siblings))
    elsewhere = [path for path in _ALLOWED if path.rpartition(".")[2] == name]
    similar = elsewhere or difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {similar[0]!r}?" if similar else f"allowed: {', '.join(names)}"
    return f"{section}{name}: no such setting: {hint}"


def _wrong_value(path: str, error: Any, allowed: str) -> str:
    if error["type"] == "missing":
        return f"{path}: missing: {allowed}"
    if message := str(error.get("ctx", {}).get("error", "")):
        return f"{path}: {message}"
    value = error["input"]
    hint = ""
    if path == "keep" and type(value) is int and 1 <= value <= 10:
        hint = f": write `keep: {{relevance: {value}, novelty: {value}}}`"
    elif allowed.startswith("a list of") and re.fullmatch(r"'[\w., -]{1,60}'", _show(value)):
        hint = f": write `{path}: [{value}]`"
    return f"{path}: found {_show(value)}; allowed: {allowed}{hint}"


def _show(value: object) -> str:
    """`value` in at most 60 characters, whatever it is."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    shown = reprlib.Repr()  # does not go deep into nested values
    shown.maxstring = shown.maxother = 60
    text = shown.repr(value)
    return text if len(text) <= 60 else text[:59] + "…"
