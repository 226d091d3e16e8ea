"""The parts of a request that an endpoint may refuse, and the simpler forms of it. Pure.

A form is a dict of parameters, as they are sent. JSON is asked for by a schema, then without one,
then by the prompt alone.
"""

from __future__ import annotations

import re
from typing import Any

from digest.core.config import Llm
from digest.core.scores import Prompt
from digest.scoring.refusal import FORMAT, Cause, Refusal

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


def json_schema(name: str, entry: dict[str, Any], items: str = "") -> dict[str, Any]:
    """Asks for an object whose one list, `items` or `name`, has such entries."""
    schema = _object({items or name: {"type": "array", "items": _object(entry)}})
    return {"type": "json_schema", "json_schema": {"name": name, "strict": True, "schema": schema}}


_JSON_SCHEMA = json_schema("scores", _ENTRY, "papers")
_JSON_OBJECT = {"type": "json_object"}

# How an error names a part; the first part that it names is left out first.
_NAMES = {
    "prompt_cache_key": re.compile("prompt_cache_key"),
    "reasoning_effort": re.compile(r"reasoning|\bthink"),
    "response_format": FORMAT,
}
_OF_CAUSE = {Cause.NO_ROOM: "service_tier", Cause.SAMPLING: "response_format"}

Form = dict[str, Any]


def first_form(prompt: Prompt, llm: Llm, schema: dict[str, Any] | None = None) -> Form:
    """The form with every part that helps. `schema` is that of the scores if none is given."""
    form: Form = {name: value for name, value in llm.extra.items() if name == "service_tier"}
    if llm.reasoning_effort is not None:
        form["reasoning_effort"] = llm.reasoning_effort
    form["prompt_cache_key"] = f"digest-{prompt.sha256[:16]}"
    form["response_format"] = schema or _JSON_SCHEMA
    return form


def without(form: Form, *names: str) -> Form:
    """`form` without these parts; JSON is then asked for in the next simpler way."""
    simpler = {name: value for name, value in form.items() if name not in names}
    if "response_format" in names and form["response_format"]["type"] == "json_schema":
        simpler["response_format"] = _JSON_OBJECT
    return simpler


def blamed_part(form: Form, refusal: Refusal) -> str | None:
    """The part of `form` that a refusal is about; None if it names none."""
    named = [name for name, words in _NAMES.items() if words.search(refusal.text)]
    parts = [_OF_CAUSE[refusal.cause]] if refusal.cause in _OF_CAUSE else named
    return next((name for name in parts if name in form), None)


def guess(form: Form, refusal: Refusal) -> Form | None:
    """The form to try after a refusal that names no part; None if no part is left."""
    parts = form.keys() & {"prompt_cache_key", "reasoning_effort"}
    if not parts or refusal.status == 500:  # some local servers fail at a schema
        parts = form.keys() & {"response_format"}
    return without(form, *parts) if parts else None


def difference(form: Form, previous: Form) -> str:
    """What `previous` had and `form` does not have, for the log."""
    names = [name for name in previous if name not in form and name != "response_format"]
    words = [f"without {' and '.join(names)}"] if names else []
    if form.get("response_format") != previous.get("response_format"):
        how = "without a schema" if "response_format" in form else "by the prompt alone"
        words.append(f"for JSON {how}")
    return ", ".join(words)
