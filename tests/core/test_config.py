from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from digest.core.config import Config, Keep, load_config, parse_config, settings
from digest.core.day import Cut
from digest.core.errors import ConfigError
from digest.core.scores import ScoredBy
from tests.make import examples

# The design's `config.yaml`: the example is the defaults.
DEFAULTS: dict[str, Any] = yaml.safe_load("""
categories: [cs.LG, cs.AI]
announce: [new, cross]
scorer: llm
keep: {relevance: 8, novelty: 7, top: null}
authors: []
always: []
exclude: []
prompts: prompts
out: docs
site: {title: Personalized Daily arXiv Papers, url: null}
llm:
  model: gpt-6-luna
  base_url: null
  reasoning_effort: low
  language: English
  batch_size: 10
  concurrency: 8
  timeout_s: 300
  budget_usd: 1.0
  max_unscored: 0.2
  extra: {}
fallback: false
feedback: {issue: false, papers: 30, learned: false}
arxiv:
  feed_url: "https://rss.arxiv.org/rss/{category}"
  site_url: "https://arxiv.org"
  api_url: "https://export.arxiv.org/api/query"
  delay_s: 3
""")


def leaves(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Every setting by its dotted path; `llm.extra` is one."""
    by_path: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, dict) and key != "extra":
            by_path |= leaves(value, f"{prefix}{key}.")
        else:
            by_path[prefix + key] = value
    return by_path


def setting(config: Config, path: str) -> object:
    value: object = config
    for name in path.split("."):
        value = getattr(value, name)
    return value


def nested(path: str, value: object) -> dict[str, Any]:
    """A config of cs.LG with `value` at the dotted `path`."""
    first, _, rest = path.partition(".")
    return {"categories": ["cs.LG"]} | {first: {rest: value} if rest else value}


def mistakes(settings: object) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as raised:
        parse_config(settings)
    return raised.value.mistakes


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.yaml"


# --- what is right ----------------------------------------------------------------------------


def test_the_design_has_every_setting_with_its_default() -> None:
    assert [path for path, _ in settings()] == list(leaves(DEFAULTS))
    written, default = parse_config(DEFAULTS), Config(categories=("cs.LG", "cs.AI"))
    assert replace(written, keep=default.keep) == default
    assert written.keep.cut(ScoredBy.MODEL) == default.keep.cut(ScoredBy.MODEL)


@pytest.mark.parametrize(
    ("keep", "by_model", "embedded"),
    [
        ("{}", Cut(8, 7), Cut(3, 7, top=20)),
        ("{relevance: 7, novelty: 6}", Cut(7, 6), Cut(7, 6, top=20)),
        ("{top: 5}", Cut(8, 7, top=5), Cut(3, 7, top=5)),
        ("{top: null}", Cut(8, 7), Cut(3, 7)),
    ],
)
def test_what_is_not_written_depends_on_the_scorer(keep: str, by_model: Cut, embedded: Cut) -> None:
    written = parse_config({"categories": ["cs.LG"], "keep": yaml.safe_load(keep)}).keep
    assert written.cut(ScoredBy.MODEL) == by_model
    assert written.cut(ScoredBy.EMBEDDED) == embedded


@pytest.mark.parametrize(
    ("path", "value", "read"),
    [
        ("categories", ["hep-th", "cond-mat.soft", "hep-th"], ("hep-th", "cond-mat.soft")),
        ("scorer", "offline", "offline"),
        ("authors", [" José García "], ("José García",)),
        ("site.url", "https://example.org/papers/", "https://example.org/papers"),
        ("llm.budget_usd", None, None),
        ("llm.timeout_s", 30, 30.0),
        ("llm.extra", {"service_tier": "flex", "a": [1, {"b": None}]}, None),
        ("llm.extra", None, {}),
        ("keep", None, Keep()),
        ("keep", {"novelty": 1}, Keep(novelty=1)),
        ("arxiv.feed_url", "http://localhost:80/{category}.xml", None),
    ],
)
def test_allowed_values(path: str, value: object, read: object) -> None:
    expected = value if read is None else read
    assert setting(parse_config(nested(path, value)), path) == expected


# --- what is wrong ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value", "found"),
    [
        ("categories", [], "[]"),
        ("scorer", "LLM", "'LLM'"),
        ("keep", 8, "8"),
        ("keep.relevance", True, "true"),
        ("keep.relevance", 11, "11"),
        ("keep.relevance", None, "nothing"),
        ("keep.top", 0, "0"),
        ("keep.top", 2001, "2001"),
        ("out", None, "nothing"),
        ("site.title", " ", "' '"),
        ("site.url", "example.org", "'example.org'"),
        ("site.url", "http://[example", "'http://[example'"),
        ("site.url", "http://example.org/\u202e", "'http://example.org/\\u202e'"),
        ("llm.timeout_s", math.nan, "nan"),
        pytest.param("llm.timeout_s", 10**400, None, id="400 digits"),
        ("llm.extra", {1: "a"}, "{1: 'a'}"),
        ("llm.extra", {"a": math.nan}, "{'a': nan}"),
        ("llm.extra", {"a": {(1, 2): 3}}, "{'a': {(1, 2): 3}}"),
        ("arxiv.feed_url", "https://x.org/{category}/{day}", "'https://x.org/{category}/{day}'"),
        ("exclude", "a" * 100, None),
    ],
)
def test_a_wrong_value_is_shown_with_what_is_allowed(
    path: str, value: object, found: str | None
) -> None:
    (mistake,) = mistakes(nested(path, value))
    parts = re.fullmatch(rf"{re.escape(path)}: found (.{{1,60}}); allowed: (.+)", mistake)
    assert parts
    assert found is None or parts[1] == found


@pytest.mark.parametrize(
    ("path", "value", "example"),
    [
        ("keep", 7, "keep: {relevance: 7, novelty: 7}"),
        ("categories", "hep-th", "categories: [hep-th]"),
        ("categories", "cs.LG, cs.AI", "categories: [cs.LG, cs.AI]"),
    ],
)
def test_a_common_mistake_is_answered_with_an_example(
    path: str, value: object, example: str
) -> None:
    (message,) = mistakes(nested(path, value))
    assert message.endswith(f": write `{example}`")
    parse_config({"categories": ["cs.LG"]} | yaml.safe_load(example))


@pytest.mark.parametrize(
    ("written", "mistake"),
    [
        ({"announce": [False]}, "announce[0]: found false; allowed: new, cross, replace or"),
        ({"authors": ["Witten", 1]}, "authors[1]: found 1; allowed: names"),
        ({"authors": ["Edward Witten", "Jr."]}, "authors[1]: 'Jr.' has no surname: write one name"),
        ({"always": ["C++", "."]}, "always[1]: '.' has no letter or digit: write words"),
        ({"exclude": ["_"]}, "exclude[0]: '_' has no letter or digit: write words"),
        ({"categories": ["cs.LLM"]}, "categories[0]: 'cs.LLM' is no arXiv category: did you mean"),
        ({"llm": {"extra": {"messages": 1}}}, "llm.extra: 'messages' is not for you to send"),
        ({"site": {"url": "https://me:p@example.org"}}, "site.url: no user or password here"),
        ({"categores": []}, "categores: no such setting: did you mean 'categories'?"),
        ({"llm": {"modle": "m"}}, "llm.modle: no such setting: did you mean 'model'?"),
        ({"batch-size": 1}, "'batch-size': no such setting: allowed: categories, announce,"),
        ({"model": "m"}, "model: no such setting: did you mean 'llm.model'?"),
        ({"keep": {"x": 1}}, "keep.x: no such setting: allowed: relevance, novelty, top"),
        ({1: "x"}, "1: no such setting: allowed: categories,"),
        ({"a\nb": "x"}, "'a\\nb': no such setting: allowed: categories,"),
    ],
)
def test_a_mistake_in_words_of_its_own(written: dict[Any, Any], mistake: str) -> None:
    (message,) = mistakes({"categories": ["cs.LG"]} | written)
    assert message.startswith(mistake)


scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["cs.LG", "new", "llm", "https://a.org/{category}", "http://[a"])
)  # fmt: skip
keys = st.sampled_from([*leaves(DEFAULTS), *DEFAULTS, *DEFAULTS["llm"], *DEFAULTS["arxiv"]])
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(keys | st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


@examples(15)
@given(st.dictionaries(keys | st.text(max_size=4), values, max_size=8))
def test_any_settings_are_a_config_or_a_config_error(written: dict[str, Any]) -> None:
    try:
        assert isinstance(parse_config(written).keep, Keep)
    except ConfigError as error:
        assert all(m.isprintable() and ": " in m for m in error.mistakes)  # noqa: PT017


# --- the file ---------------------------------------------------------------------------------


def test_folders_are_relative_to_the_file(file: Path) -> None:
    text = "\ufeffcategories: [cs.LG]\nprompts: site-prompts\nout: site\n"
    file.write_text(text + "keep: {<<: {novelty: 3}, novelty: 4}\n", "utf-8")
    config = load_config(file)
    assert (config.prompts, config.out) == (file.parent / "site-prompts", file.parent / "site")
    assert config.keep.novelty == 4  # a key of a merge is not set twice


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("", "found nothing, not a mapping: "),
        (
            "categories: [cs.LG]\nllm:\n  model: a\n  model: b\n",
            "line 4: 'model' was set on line 3 already: keep one of the two",
        ),
        ("categories:\n\t- cs.LG\n", "line 2, column 1: a tab: indent with spaces"),
        ("categories: [cs.LG", "line 1, column 19: not YAML: expected ',' or ']'"),
        ("a: !!python/name:os.system\n", "line 1, column 4: not YAML: could not determine a const"),
        ("a: !!bool x\n", "not YAML: 'x'"),
        (f"a: 0x{'f' * 5_000}\n", "not YAML: Exceeds the limit (4300 digits)"),
        ("a: \x07\n", "not YAML: unacceptable character #x0007"),
        ("[" * 500, "not YAML: maximum recursion depth exceeded"),
        ("a: &a [x, x]\nb: &b [*a, *a]\n", "line 2: the alias *a: write the value itself"),
        ("categories: [cs.LG]\non: push\n", "true: no such setting: "),
        ("categories: [cs.LG]\nllm: {budget_usd: 1e3}\n", "llm.budget_usd: found '1e3'; allowed: "),
        ("categories: [cs.LG]\nllm: {extra: {a: 2026-01-30}}\n", "llm.extra: found {'a': datetime"),
    ],
)
def test_a_wrong_file_is_named_with_the_place(file: Path, text: str, mistake: str) -> None:
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as raised:
        load_config(file)
    (message,) = raised.value.mistakes
    assert message.startswith(f"{file}: {mistake}")


def test_all_mistakes_of_a_file_are_reported_at_once(file: Path) -> None:
    file.write_text(
        "scorer: none\nscorer: magic\nkeep: {novelty: 1, novelty: 99}\nllm: {modle: m, extra: []}\n"
        "exclude: [a, 1]\n"
    )
    with pytest.raises(ConfigError) as raised:
        load_config(file)
    assert [mistake.removeprefix(f"{file}: ") for mistake in raised.value.mistakes] == [
        "line 2: 'scorer' was set on line 1 already: keep one of the two",
        "line 3: 'novelty' was set on line 3 already: keep one of the two",
        "categories: missing: a list of arXiv categories or archives, at least one",
        "scorer: found 'magic'; allowed: llm or offline",
        "keep.novelty: found 99; allowed: a whole number from 1 to 10",
        "exclude[1]: found 1; allowed: phrases",
        "llm.extra: found []; allowed: a mapping of what JSON can hold",
        "llm.modle: no such setting: did you mean 'model'?",
    ]


@pytest.mark.parametrize("out", [".", "..", "mine", "docs/../mine", "link"])
def test_a_site_around_settings_or_prompts_is_refused(file: Path, out: str) -> None:
    (file.parent / "link").symlink_to(file.parent)
    file.write_text(f"categories: [cs.LG]\nprompts: mine/prompts\nout: {out}\n", "utf-8")
    with pytest.raises(ConfigError, match=r"out: .* holds .*give the site a folder of its own"):
        load_config(file)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("site: {title: Café}".encode("latin-1"), "cannot be read: not UTF-8: save it as UTF-8"),
        (None, "no such file: run this in the folder that has it, or name it with --config"),
    ],
)
def test_a_file_that_cannot_be_read(file: Path, content: bytes | None, message: str) -> None:
    if content:
        file.write_bytes(content)
    with pytest.raises(ConfigError) as raised:
        load_config(file)
    assert str(raised.value) == f"{file}: {message}"
