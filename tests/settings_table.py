"""The documentation's table of settings, made from the schema that reads them."""

from __future__ import annotations

from pydantic.fields import FieldInfo

from digest.core.config import Keep, settings
from digest.core.scores import ScoredBy


def table() -> str:
    """The table, in Markdown."""
    lines = ["| setting | default | allowed | what it does |", "|---|---|---|---|"]
    for path, setting in settings():
        default = (
            _default(setting) if not path.startswith("keep.") else _usual(path[len("keep.") :])
        )
        cells = (f"`{path}`", default, setting.title, setting.description)
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines) + "\n"


def _usual(name: str) -> str:
    """What a day keeps by where `keep` sets nothing: by the scorer."""
    cuts = (Keep().cut(scorer) for scorer in (ScoredBy.MODEL, ScoredBy.EMBEDDED))
    by_model, embedded = (f"`{_shown(getattr(cut, name))}`" for cut in cuts)
    return by_model if by_model == embedded else f"{by_model}; without the model {embedded}"


def _default(setting: FieldInfo) -> str:
    if setting.is_required():
        return "*required*"
    value = setting.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, tuple):
        return f"`[{', '.join(value)}]`"
    if isinstance(value, float):
        return f"`{value:g}`"
    return f"`{_shown(value)}`"


def _shown(value: object) -> object:
    """As YAML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    return "null" if value is None else value
