"""The README says what the code does."""

import os
import re
from pathlib import Path

from digest import config
from digest.topics import parse_topics

README = Path(__file__).parent.parent / "README.md"
TABLE = re.compile(r"(<!-- settings: [^>]*-->\n)(.*?)(<!-- /settings -->)", re.DOTALL)


def test_the_table_of_settings_is_the_codes_own() -> None:
    text = README.read_text(encoding="utf-8")
    if os.environ.get("UPDATE_GOLDEN"):
        text = TABLE.sub(lambda m: m[1] + config.table() + m[3], text)
        README.write_text(text, encoding="utf-8")
    match = TABLE.search(text)
    assert match is not None
    assert match[2] == config.table()


def test_every_relative_link_of_the_readme_leads_to_a_file() -> None:
    text = README.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?://|#)([^)]+)\)", text):
        assert (README.parent / target).exists(), f"the README links to {target}"


def test_every_command_and_option_stands_in_the_readme() -> None:
    from digest.cli import _parser

    text = README.read_text(encoding="utf-8")
    help_texts = [_parser().format_help()]
    commands = _parser()._subparsers._group_actions[0].choices  # type: ignore[union-attr]
    assert isinstance(commands, dict)
    for name, command in commands.items():
        assert f"`{name}`" in text
        help_texts.append(command.format_help())
    for option in set(re.findall(r"--[a-z][a-z-]+", "\n".join(help_texts))) - {"--help"}:
        assert option in text, f"the README does not mention {option}"


def test_the_topics_that_the_readme_shows_can_be_used() -> None:
    text = README.read_text(encoding="utf-8")
    shown = re.findall(r"<!-- topics: (.*?) -->\n```markdown\n(.*?)```", text, re.DOTALL)
    assert [name for name, _ in shown] == ["astrophysics", "computational biology", "vision"]
    for _, topics in shown:
        read = parse_topics(topics)
        assert len(read.topics) == 2
        assert read.keywords
        assert read.avoid
