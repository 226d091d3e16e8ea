"""Keys and tokens are found and replaced, however a text writes them."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.core.secrets import HIDDEN, Secrets

KEY = "sk-proj-Ab3dEf6hIj9kLm2nOp5qRs8tUv1wXy4z"
SECRETS = Secrets([KEY])

WRITTEN = {
    "as it is": KEY,
    "zero width": KEY[:8] + "\u200b" + KEY[8:],
    "soft hyphens": "\u00ad".join(KEY),
    "JSON escapes": "\\u200b".join(KEY),
    "escaped letters": "".join(f"\\u{ord(c):04x}" for c in KEY),
    "JSON in JSON in JSON": json.dumps(json.dumps(json.dumps("\u200b".join(KEY)))),
    "HTML entities": "".join(f"&#{ord(c)};" for c in KEY),
    "named entities": "&ZeroWidthSpace;".join(KEY),
    "entities of entities": "&amp;#8203;".join(KEY),
    "tags": "<b></b>".join(KEY),
    "in angle brackets": f"<{KEY}>",
    "in a tag": f'<a href="https://example.org/?key={KEY}">here</a>',
    "octal": "".join(f"\\{ord(c):03o}" for c in KEY),
    "code points": "".join(f"\\u{{{ord(c):x}}}" for c in KEY),
    "long code points": "".join(f"\\U{ord(c):08x}" for c in KEY),
    "entities without an end": "".join(f"&#{ord(c):06}" for c in KEY),
    "base32": base64.b32encode(KEY.encode()).decode(),
    "base64 of UTF-16": base64.b64encode(KEY.encode("utf-16-le")).decode(),
    "percent": "".join(f"%{ord(c):02x}" for c in KEY),
    "percent between": "%E2%80%8B".join(KEY),
    "python bytes": "\\xe2\\x80\\x8b".join(KEY),
    "lines": "\n".join([KEY[:10], KEY[10:20], KEY[20:]]),
    "escaped lines": "\\n".join([KEY[:10], KEY[10:20], KEY[20:]]),
    "spelled out": " ".join(KEY),
    "full width": "".join(chr(0xFEE0 + ord(c)) for c in KEY),
    "struck through": "\u0336".join(KEY),
    "capitals": KEY.upper(),
    "hexadecimal": KEY.encode().hex(),
    **{f"base64 at {n}": base64.b64encode(b"u" * n + KEY.encode()).decode() for n in range(4)},
    "base64 for addresses": base64.urlsafe_b64encode(f"user:{KEY}".encode()).decode(),
}


@pytest.mark.parametrize("text", WRITTEN.values(), ids=WRITTEN)
def test_a_secret_is_found_however_it_is_written(text: str) -> None:
    whole = f"The key is {text} in here."
    assert SECRETS.found_in(whole)
    scrubbed = SECRETS.scrub(whole)
    assert not SECRETS.found_in(scrubbed)
    assert scrubbed.startswith("The key is ")
    assert scrubbed.endswith(" in here.")
    assert HIDDEN in scrubbed
    assert KEY not in scrubbed
    assert text not in scrubbed


@pytest.mark.parametrize("part", [KEY[:16], KEY[-16:], KEY[3:32]])
def test_a_telling_part_is_found_too(part: str) -> None:
    assert SECRETS.scrub(f"…{part}…") == f"…{HIDDEN}…"


def test_every_place_is_replaced_and_nothing_else() -> None:
    text = f"a {KEY} b {KEY}{KEY} c"
    assert SECRETS.scrub(text) == f"a {HIDDEN} b {HIDDEN}{HIDDEN} c"


@pytest.mark.parametrize("text", ["sk-proj-", "sk-proj-…z", "The sky projects.", "", r"\u00zz %zz"])
def test_what_gives_nothing_away_stays(text: str) -> None:
    assert SECRETS.scrub(text) is text


@pytest.mark.parametrize("word", ["", "x", "ollama", "EMPTY"])
def test_a_word_that_local_servers_take_is_no_secret(word: str) -> None:
    text = f"The model behind {word} on a machine of one's own"
    assert Secrets([word]).scrub(text) == text


@pytest.mark.parametrize("word", ["lm-studio", "sk-no-key-required", "your-api-key-here"])
def test_a_key_of_words_is_found_only_as_it_is_written(word: str) -> None:
    text = f"No key required, put your API key here; LM Studio: {word.replace('-', ' ')}"
    secrets = Secrets([word])
    assert secrets.scrub(text) == text
    assert not secrets.found_in(f"{word} in a prompt")
    assert secrets.scrub(f"it is {word}.") == "it is …."


@pytest.mark.parametrize("key", ["p@ss-w0rd!_+=~^%$9", "abc-123-x"])
def test_a_short_or_odd_key_is_hidden_as_it_is_written(key: str) -> None:
    text = f"key {key} and {key[:4]}\u200b{key[4:]}"
    assert Secrets([key]).scrub(text) == f"key {HIDDEN} and {HIDDEN}"


@dataclass(frozen=True)
class Thing:
    text: str
    number: int
    parts: tuple[str, ...] = ()
    inner: Thing | None = None


def test_a_secret_is_replaced_wherever_it_is_in_a_value() -> None:
    thing = Thing(KEY, 1, ("a", KEY), Thing(f"[{KEY}]", 2))
    clean = Thing(HIDDEN, 1, ("a", HIDDEN), Thing(f"[{HIDDEN}]", 2))
    assert SECRETS.scrub({KEY: [thing, None, 1.5]}) == {HIDDEN: [clean, None, 1.5]}


def test_a_value_without_a_secret_is_the_same_object() -> None:
    thing = Thing("a", 1, ("b",), Thing("c", 2))
    assert SECRETS.scrub(thing) is thing


@given(
    st.text(max_size=40),
    st.lists(st.sampled_from(["", "\u200b", "\u2060", "-", " ", "\\u200c", "&shy;", "%0a"])),
    st.text(max_size=40),
)
def test_no_separators_save_a_secret(before: str, between: list[str], after: str) -> None:
    spread = [*between, *[""] * len(KEY)]
    text = before + "".join(c + spread[i] for i, c in enumerate(KEY)) + after
    letters = re.sub(r"\\\\u200c|&shy;|%0a|[^A-Za-z0-9]", "", SECRETS.scrub(text))
    assert re.sub("[^A-Za-z0-9]", "", KEY).lower() not in letters.lower()


@given(st.text(max_size=300))
def test_a_text_without_a_secret_stays(text: str) -> None:
    assert SECRETS.scrub(text) == text
