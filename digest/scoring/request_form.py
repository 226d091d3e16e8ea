"""What a request contains beside its messages, and the simpler forms of it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from digest.scoring.refusal import Refusal

# Every property required, nothing else allowed, no bounds on numbers: what all providers accept.
_STRING, _INTEGER = {"type": "string"}, {"type": "integer"}
_ENTRY = {"id": _STRING, "relevance": _INTEGER, "novelty": _INTEGER}
_ENTRY |= {"topic": _STRING, "comment": _STRING}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_SCHEMA = _object({"papers": {"type": "array", "items": _object(_ENTRY)}})
FORMATS = {
    "json_schema": {
        "type": "json_schema",
        "json_schema": {"name": "scores", "strict": True, "schema": _SCHEMA},
    },
    "json_object": {"type": "json_object"},
}
_SIMPLER = {"json_schema": "json_object", "json_object": None}
_ABOUT_EFFORT = re.compile(r"reasoning|\bthink")


@dataclass(frozen=True, slots=True)
class Form:
    """Which of its optional parts a request has."""

    reply: str | None = "json_schema"  # then "json_object", then None: by the prompt alone
    effort: bool = True
    cache_key: bool = True
    tier: bool = True

    def without_blamed(self, refusal: Refusal, model: str) -> Form | None:
        """The form without the part that a refusal names; None if it names none."""
        text = refusal.text(model)
        if self.cache_key and "prompt_cache_key" in text:
            return replace(self, cache_key=False)
        if self.effort and _ABOUT_EFFORT.search(text):
            return replace(self, effort=False)
        return self.simpler_reply() if refusal.blames_format else None

    def simpler_reply(self) -> Form | None:
        """The form that asks for JSON in the next simpler way; None if there is none."""
        return replace(self, reply=_SIMPLER[self.reply]) if self.reply else None

    def guess(self) -> Form | None:
        """The form to try after a refusal that names no part; None if no part is left."""
        if self.cache_key or self.effort:
            return replace(self, cache_key=False, effort=False)
        return self.simpler_reply()

    def difference(self, previous: Form) -> str:
        """What `previous` had and this form does not have, for the log."""
        removed = {
            "service_tier": previous.tier and not self.tier,
            "reasoning_effort": previous.effort and not self.effort,
            "prompt_cache_key": previous.cache_key and not self.cache_key,
        }
        words = []
        if names := [name for name, is_removed in removed.items() if is_removed]:
            words.append(f"without {' and '.join(names)}")
        if self.reply != previous.reply:
            words.append(f"for JSON {'without a schema' if self.reply else 'by the prompt alone'}")
        return ", ".join(words)
