"""The documentation's table of settings, made from the schema that reads them."""

from __future__ import annotations

from pydantic.fields import FieldInfo

from digest.core.config import settings


def table() -> str:
    """The table, in Markdown."""
    lines = ["| setting | default | allowed | what it does |", "|---|---|---|---|"]
    for path, setting in settings():
        cells = (f"`{path}`", _default(setting), setting.title, setting.description)
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines) + "\n"


def _default(setting: FieldInfo) -> str:
    if setting.is_required():
        return "*required*"
    value = setting.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, tuple):
        return f"`[{', '.join(value)}]`"
    if isinstance(value, float):
        return f"`{value:g}`"
    return f"`{'null' if value is None else value}`"
