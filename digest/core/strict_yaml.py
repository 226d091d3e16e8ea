"""YAML without its traps.

A key that is set twice is a mistake (YAML would silently use the last value), and so are aliases
(`*a`), with which a few lines can expand to gigabytes.
"""

from __future__ import annotations

from typing import Any

from digest.core.errors import ConfigError
from digest.core.text import one_line


def parse(text: str) -> tuple[object, list[str]]:
    """The document, and a mistake for each key that is set twice. Raises `ConfigError`."""
    import yaml

    mistakes: list[tuple[int, str]] = []  # by line number: inner mappings are read first

    class Loader(yaml.SafeLoader):
        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                event: Any = self.peek_event()  # type: ignore[no-untyped-call]
                line = event.start_mark.line + 1
                raise ConfigError(f"line {line}: the alias *{event.anchor}: write the value itself")
            return super().compose_node(parent, index)

        def compose_mapping_node(self, anchor: Any) -> Any:
            node = super().compose_mapping_node(anchor)
            first: dict[str, int] = {}
            for key, _ in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    continue
                line = key.start_mark.line + 1
                if key.value in first:
                    mistake = (
                        f"line {line}: {key.value!r} was set on line {first[key.value]} already:"
                        " keep one of the two"
                    )
                    mistakes.append((line, mistake))
                first.setdefault(key.value, line)
            return node

    try:
        settings = yaml.load(text, Loader)  # noqa: S506 - a SafeLoader
        repr(settings)  # Python refuses numbers of over 4,300 digits: no message could show them
    except ConfigError:
        raise
    except yaml.MarkedYAMLError as error:
        raise ConfigError(_yaml_problem(error, text)) from error
    except Exception as error:  # a date of 31 February, `!!bool x`: PyYAML raises anything
        raise ConfigError(f"not YAML: {one_line(str(error), 200)}") from error
    return settings, [mistake for _, mistake in sorted(mistakes)]


def _yaml_problem(error: Any, text: str) -> str:
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return f"not YAML: {error.problem}"
    lines = text.split("\n")
    line = lines[mark.line] if mark.line < len(lines) else ""
    tab = "\t" in line[: len(line) - len(line.lstrip())]
    problem = "a tab: indent with spaces" if tab else f"not YAML: {one_line(error.problem, 200)}"
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}"
