"""The README's table of settings, from the schema that reads them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, get_type_hints

from digest.core.config import Config


def table() -> str:
    """The README's table of settings, in Markdown."""
    lines = ["| setting | default | allowed | what it does |", "|---|---|---|---|"]
    for path, setting in _settings(Config, ""):
        kind = setting.metadata["kind"]
        cells = (f"`{path}`", _default(setting), kind.allowed, setting.metadata["does"])
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _settings(schema: Any, prefix: str) -> Iterator[tuple[str, Field[Any]]]:
    types = get_type_hints(schema)
    for setting in fields(schema):
        if is_dataclass(types[setting.name]):
            yield from _settings(types[setting.name], f"{prefix}{setting.name}.")
        else:
            yield prefix + setting.name, setting


def _default(setting: Field[Any]) -> str:
    if setting.default is MISSING:
        return "*required*" if setting.default_factory is MISSING else "`{}`"
    value = setting.default
    if isinstance(value, tuple):
        return f"`[{', '.join(value)}]`"
    if isinstance(value, float):
        return f"`{value:g}`"
    return f"`{'null' if value is None else value}`"
