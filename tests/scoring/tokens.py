"""Tokens as OpenAI counts them (o200k, from a package that needs no download), and its cache."""

from __future__ import annotations

import hashlib
import json
import warnings
from array import array
from collections.abc import Iterator, Mapping
from typing import Any

with warnings.catch_warnings():
    # importlib.resources.open_binary: deprecated in 3.11 and 3.12, back for good in 3.13
    warnings.simplefilter("ignore", DeprecationWarning)
    from bpe_openai import get_encoding  # type: ignore[import-untyped]

    _o200k = get_encoding("o200k_base")

_START, _END, _MESSAGE = 200006, 200007, 200008  # what stands around a message, in o200k_harmony
_CACHED_FROM, _CACHED_STEP = 1024, 128


def encode(text: str) -> list[int]:
    return list(_o200k.encode_ordinary(text))


def decode(tokens: list[int]) -> str:
    return str(_o200k.decode(tokens))


def messages_of(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Role and text of each message. Raises what a malformed body makes it raise."""
    messages = []
    for message in body["messages"]:
        content = message["content"] or ""
        if isinstance(content, list):
            content = "".join(part.get("text", "") for part in content)
        messages.append((str(message["role"]), str(content)))
    return messages


def prompt_of(body: Mapping[str, Any]) -> list[int]:
    """The prompt as the model sees it: the schema of the reply before everything else."""
    messages = messages_of(body)
    if schema := (body.get("response_format") or {}).get("json_schema"):
        messages.insert(0, ("developer", json.dumps(schema)))
    tokens = []
    for role, text in messages:
        tokens += [_START, *encode(role), _MESSAGE, *encode(text), _END]
    return [*tokens, _START, *encode("assistant"), _MESSAGE]


class PrefixCache:
    """The prefixes that are known, in each place: a model and a `prompt_cache_key`."""

    def __init__(self) -> None:
        self._known: set[bytes] = set()

    def hit(self, place: str, tokens: list[int]) -> int:
        """How many tokens at the start are cached: 0, 1024, 1152 …"""
        cached = 0
        for length, name in _prefixes(place, tokens):
            if name not in self._known:
                break
            cached = length
        return cached

    def add(self, place: str, tokens: list[int]) -> None:
        self._known.update(name for _, name in _prefixes(place, tokens))


def _prefixes(place: str, tokens: list[int]) -> Iterator[tuple[int, bytes]]:
    name, data, done = hashlib.sha256(place.encode()), array("I", tokens), 0
    for length in range(_CACHED_FROM, len(tokens) + 1, _CACHED_STEP):
        name.update(data[done:length].tobytes())
        yield length, name.digest()
        done = length
