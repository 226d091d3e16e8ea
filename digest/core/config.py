"""The user's settings: `config.yaml`.

The dataclasses are the schema: each field carries its default, what is allowed and what it does.
`parse_config` is pure and reports every mistake at once, each with its dotted path, what was found
and what is allowed; `load_config` reads the file. The README's table of settings is made of them.
"""

from __future__ import annotations

import difflib
import json
import logging
import reprlib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, get_type_hints
from urllib.parse import urlsplit

from digest.core import categories, strict_yaml
from digest.core.errors import ConfigError
from digest.core.models import Cut
from digest.core.papers import ANNOUNCE_TYPES
from digest.core.scores import ScoredBy

log = logging.getLogger("digest")

# --- kinds of values -------------------------------------------------------------------------
# A reader turns a YAML value into a setting. It raises ValueError for a value that is not
# allowed, with a message where there is more to say than what is allowed.


@dataclass(frozen=True)
class Kind:
    allowed: str
    read: Callable[[Any], Any]
    each: Kind | None = None  # of a list: what each entry is


def _require(condition: bool, message: str = "") -> None:
    if not condition:
        raise ValueError(message)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _whole(low: int, high: int) -> Kind:
    def read(value: Any) -> int:
        _require(_is_number(value) and isinstance(value, int) and low <= value <= high)
        return int(value)

    return Kind(f"a whole number from {low} to {high:,}", read)


def _number(low: float, high: float) -> Kind:
    def read(value: Any) -> float:
        _require(_is_number(value) and low <= value <= high)  # which no NaN or infinity is
        return float(value)

    return Kind(f"a number from {low:g} to {high:g}", read)


def _line(what: str) -> Kind:
    def read(value: Any) -> str:
        _require(isinstance(value, str) and bool(value.strip()) and value.isprintable())
        return str(value).strip()

    return Kind(what, read)


def _one_of(*words: str) -> Kind:
    def read(value: Any) -> str:
        _require(value in words)
        return str(value)

    return Kind(f"{', '.join(words[:-1])} or {words[-1]}", read)


def _address(placeholder: str = "") -> Kind:
    def read(value: Any) -> str:
        _require(isinstance(value, str) and value.isprintable() and " " not in value)
        try:
            parts = urlsplit(value)
        except ValueError:  # its own words would not say what is allowed
            parts = urlsplit("")
        _require(parts.scheme in ("http", "https") and bool(parts.hostname))
        _require("@" not in parts.netloc, "no user or password here: it would be published")
        if placeholder:
            rest = value.replace(placeholder, "")
            _require(rest != value and not set("{}") & set(rest))
        return str(value).rstrip("/")

    return Kind("an http(s) address" + (f" with {placeholder} in it" if placeholder else ""), read)


def _folder() -> Kind:
    def read(value: Any) -> Path:
        _require(isinstance(value, str) and bool(value.strip()) and value.isprintable())
        return Path(value)

    return Kind("a folder, relative to this file", read)


def _category() -> Kind:
    def read(value: Any) -> str:
        _require(isinstance(value, str))
        _require(not (mistake := categories.mistake(value)), mistake or "")
        return str(value)

    return Kind("arXiv categories or archives", read)


def _json_mapping(*taken: str) -> Kind:
    def read(value: Any) -> dict[str, Any]:
        value = {} if value is None else value  # an empty section
        _require(isinstance(value, dict) and all(isinstance(key, str) for key in value))
        for key in taken:
            _require(key not in value, f"{key!r} is not for you to send: it is set elsewhere")
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError, RecursionError):
            raise ValueError from None
        return dict(value)

    return Kind("a mapping of what JSON can hold", read)


def _or_null(kind: Kind) -> Kind:
    return Kind(f"{kind.allowed}; or null", lambda v: None if v is None else kind.read(v))


def _list(kind: Kind, *, at_least_one: bool = False) -> Kind:
    def read(value: Any) -> list[Any]:
        _require(isinstance(value, list) and (bool(value) or not at_least_one))
        return list(value)

    allowed = f"a list of {kind.allowed}" + (", at least one" if at_least_one else "")
    return Kind(allowed, read, each=kind)


def _setting(default: Any, kind: Kind, does: str) -> Any:
    return field(default=default, metadata={"kind": kind, "does": does})


# --- the schema ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Site:
    title: str = _setting(
        "Personalized Daily arXiv Papers", _line("a line of text"), "The heading of every page."
    )
    url: str | None = _setting(
        None,
        _or_null(_address()),
        "Where the site is published.",
    )


@dataclass(frozen=True)
class Keep:
    relevance: int = _setting(8, _whole(1, 10), "Papers below this relevance are not kept.")
    novelty: int = _setting(
        7, _whole(1, 10), "Papers below this novelty are not kept; the embedded scorer gives none."
    )

    @property
    def cut(self) -> Cut:
        return Cut(self.relevance, self.novelty)


# Of a request; each has a setting of its own, or is what the scorer is about.
_OURS = ("model", "messages", "response_format", "stream", "reasoning_effort")


_MODEL = _line("a model's name")


@dataclass(frozen=True)
class Llm:
    model: str = _setting("gpt-6-luna", _MODEL, "The model that scores.")
    base_url: str | None = _setting(
        None, _or_null(_address()), "Any OpenAI-compatible endpoint; null is OpenAI's own."
    )
    reasoning_effort: str | None = _setting(
        "low", _or_null(_line("a word the model knows")), "null leaves it to the provider."
    )
    language: str = _setting("English", _line("a language"), "The language of the comments.")
    batch_size: int = _setting(10, _whole(1, 100), "Papers in one request.")
    concurrency: int = _setting(8, _whole(1, 64), "Requests under way at once.")
    timeout_s: float = _setting(300.0, _number(1, 3600), "Seconds before a request is given up.")
    budget_usd: float | None = _setting(
        1.0,
        _or_null(_number(0, 1000)),
        "Most dollars an announcement date may cost, earlier attempts included; null: no cap.",
    )
    max_unscored: float = _setting(
        0.2, _number(0, 1), "Above this share of unscored papers a day counts as an outage."
    )
    extra: Mapping[str, Any] = field(
        default_factory=dict,
        metadata={
            "kind": _json_mapping(*_OURS),
            "does": "Merged into each request: `service_tier`, …",
        },
    )


@dataclass(frozen=True)
class Arxiv:
    feed_url: str = _setting(
        "https://rss.arxiv.org/rss/{category}",
        _address("{category}"),
        "Where a category's feed is.",
    )
    site_url: str = _setting("https://arxiv.org", _address(), "Where the listings are.")
    api_url: str = _setting(
        "https://export.arxiv.org/api/query", _address(), "Where the search interface is."
    )
    delay_s: float = _setting(
        3.0, _number(0, 600), "Seconds between two requests; arXiv's terms ask for 3."
    )


_ANNOUNCE = tuple(map(str, ANNOUNCE_TYPES))


@dataclass(frozen=True)
class Config:
    categories: tuple[str, ...] = field(
        metadata={
            "kind": _list(_category(), at_least_one=True),
            "does": "What to read: `cs.LG`, `astro-ph.EP`, or a whole archive such as `hep-th`.",
        }
    )
    announce: tuple[str, ...] = _setting(
        ("new", "cross"), _list(_one_of(*_ANNOUNCE), at_least_one=True), "Announce types to score."
    )
    scorer: ScoredBy = _setting(
        ScoredBy.MODEL, _one_of(*ScoredBy), "The model, or the embedded scorer that needs no key."
    )
    keep: Keep = field(default_factory=Keep)
    authors: tuple[str, ...] = _setting(
        (), _list(_line("names")), "Papers by these authors are kept whatever their score."
    )
    exclude: tuple[str, ...] = _setting(
        (), _list(_line("phrases")), "A paper with one of these in its title is not scored."
    )
    prompts: Path = _setting(Path("prompts"), _folder(), "Where `topics.md` and the rubric are.")
    out: Path = _setting(Path("docs"), _folder(), "The site; the archive is `data/` inside it.")
    site: Site = field(default_factory=Site)
    llm: Llm = field(default_factory=Llm)
    arxiv: Arxiv = field(default_factory=Arxiv)


# What settings were called in earlier versions, by dotted path, and what they are called now; None:
# there is no such setting any more. An old `config.yaml` keeps working, with one line that says so.
RENAMED: Mapping[str, str | None] = {}


# --- reading ---------------------------------------------------------------------------------


def load_config(path: Path) -> Config:
    """The settings in the file at `path`, `prompts` and `out` resolved against its folder.

    Raises `ConfigError`, with a line for every mistake, when the file is missing, is not YAML, or
    says something that cannot be.
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
    config = None
    try:
        settings, mistakes = strict_yaml.parse(text)
        old, twice = _rename(settings, RENAMED)
        mistakes += twice
        if old:
            log.warning("%s: old settings, which still work: %s", path, "; ".join(old))
        config = parse_config(settings)
    except ConfigError as error:
        mistakes += error.mistakes
    if mistakes or config is None:
        raise ConfigError(*(f"{path}: {mistake}" for mistake in mistakes))
    base = path.parent
    config = replace(config, prompts=base / config.prompts, out=base / config.out)
    require_own_folder(config.out, base, config.prompts)
    return config


def require_own_folder(out: Path, *others: Path) -> None:
    """Raise `ConfigError` where the site's folder would hold what is not the site's.

    All that is in it is committed.
    """
    for other in others:
        if other.resolve().is_relative_to(out.resolve()):
            raise ConfigError(
                f"out: {str(out)!r} holds {str(other)!r}, and all of it would be published:"
                " give the site a folder of its own, such as `docs`"
            )


def parse_address(name: str, text: str) -> str:
    """An http(s) address from elsewhere than the file. Raises `ConfigError`, naming it."""
    return _parse(_address(), name, text)


def parse_model(name: str, text: str) -> str:
    """A model's name from elsewhere than the file. Raises `ConfigError`, naming it."""
    return _parse(_MODEL, name, text)


def _parse(kind: Kind, name: str, text: str) -> str:
    mistakes: list[str] = []
    value = _read_value(kind, text, name, mistakes)
    if mistakes:
        raise ConfigError(*mistakes)
    return str(value)


def _rename(settings: object, names: Mapping[str, str | None]) -> tuple[list[str], list[str]]:
    """Give `settings` the names that `names` has for them. What to change in the file for that, and
    a mistake for each setting that has both names."""
    old, twice = [], []
    for path, now in names.items():
        section, name = _section(settings, path)
        if section is None or name not in section:
            continue
        value = section.pop(name)
        if now is None:
            old.append(f"`{path}` does nothing any more: take it out")
            continue
        place, name = _section(settings, now, make=True)
        if place is None:  # which is a mistake of its own, and told with the others
            continue
        if name in place:
            twice.append(f"{path}: is called {now} now, and both are set: keep {now}")
            continue
        place[name] = value
        old.append(f"write `{now}` for `{path}`")
    return old, twice


def _section(settings: Any, path: str, *, make: bool = False) -> tuple[dict[Any, Any] | None, str]:
    """The section that `path` lies in, None where there is none, and its name there."""
    *sections, name = path.split(".")
    for section in sections:
        if make and isinstance(settings, dict) and settings.get(section) is None:
            settings[section] = {}
        settings = settings.get(section) if isinstance(settings, dict) else None
    return (settings if isinstance(settings, dict) else None), name


def parse_config(settings: object) -> Config:
    """A parsed `config.yaml` as a `Config`. Raises `ConfigError` with every mistake at once."""
    if not isinstance(settings, dict):
        raise ConfigError(
            f"found {_show(settings)}, not a mapping: write settings as `key: value`,"
            " beginning with `categories: [cs.LG]`"
        )
    mistakes: list[str] = []
    config: Config = _read_section(Config, settings, "", mistakes)
    if mistakes:
        raise ConfigError(*mistakes)
    return config


def _read_section(
    schema: Any, settings: Mapping[Any, Any], prefix: str, mistakes: list[str]
) -> Any:
    known = {f.name: f for f in fields(schema)}
    for key in settings:
        if key not in known:
            ordinary = isinstance(key, str) and key.isidentifier() and len(key) <= 60
            name = key if ordinary else _show(key)
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"allowed: {', '.join(known)}"
            mistakes.append(f"{prefix}{name}: no such setting: {hint}")
    types = get_type_hints(schema)
    values: dict[str, Any] = {}
    for name, setting in known.items():
        path = prefix + name
        section = types[name]
        if name not in settings:
            if setting.default is MISSING and setting.default_factory is MISSING:
                mistakes.append(f"{path}: missing: {_kind(setting).allowed}")
        elif is_dataclass(section):
            value = settings[name]
            if isinstance(value, dict):
                values[name] = _read_section(section, value, f"{path}.", mistakes)
            elif value is not None:  # an empty section is a section of defaults
                mistakes.append(f"{path}: found {_show(value)}; allowed: a mapping")
        else:
            values[name] = _read_value(_kind(setting), settings[name], path, mistakes)
    return None if mistakes else schema(**values)


def _read_value(kind: Kind, value: Any, path: str, mistakes: list[str]) -> Any:
    try:
        result = kind.read(value)
    except ValueError as error:
        mistakes.append(f"{path}: {str(error) or f'found {_show(value)}; allowed: {kind.allowed}'}")
        return None
    if kind.each is None:
        return result
    each = kind.each
    items = [_read_value(each, v, f"{path}[{i}]", mistakes) for i, v in enumerate(result)]
    return tuple(dict.fromkeys(items))


def _kind(setting: Field[Any]) -> Kind:
    kind: Kind = setting.metadata["kind"]
    return kind


def _show(value: object) -> str:
    """`value` in at most 60 characters, whatever it is."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    shown = reprlib.Repr()  # looks only so deep
    shown.maxstring = shown.maxother = 60
    try:
        text = shown.repr(value)
    except ValueError:
        return "a very long number"  # which Python refuses to print
    return text if len(text) <= 60 else text[:59] + "…"
