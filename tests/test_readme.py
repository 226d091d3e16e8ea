"""The README says what the code does."""

import ast
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from digest.core import strict_yaml
from digest.core.config import parse_config
from digest.scoring.topics import parse_topics
from tests.settings_table import table

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
BADGE = "../../actions/workflows/daily.yml"  # of the repository that shows it, be it a fork
PICTURES = sorted((ROOT / ".github").glob("*.svg"))


def text() -> str:
    return README.read_text(encoding="utf-8")


def marks(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- {name}\b[^>]*-->\n)(.*?)(<!-- /{name} -->)", re.DOTALL)


def marked(name: str) -> str:
    """What stands between the marks `<!-- name… -->` and `<!-- /name -->`."""
    match = marks(name).search(text())
    assert match is not None, f"the README has no {name}"
    return match[2]


def yaml(path: str) -> Any:
    document, mistakes = strict_yaml.parse((ROOT / path).read_text(encoding="utf-8"))
    assert not mistakes
    return document


ACTION = yaml("action.yml")


def table_of_inputs() -> str:
    rows = ["| input | default | what it does |", "|---|---|---|"]
    for name, told in ACTION["inputs"].items():
        default = f"`{told['default']}`" if told["default"] else ""
        rows.append(f"| `{name}` | {default} | {cell(told)} |")
    return "\n".join(rows) + "\n"


def table_of_outputs() -> str:
    rows = ["| output | what it is |", "|---|---|"]
    rows += [f"| `{name}` | {cell(told)} |" for name, told in ACTION["outputs"].items()]
    return "\n".join(rows) + "\n"


def cell(told: Mapping[str, str]) -> str:
    return told["description"].replace("|", "\\|")


TABLES = {"settings": table, "inputs": table_of_inputs, "outputs": table_of_outputs}


@pytest.mark.parametrize("name", TABLES)
def test_the_tables_are_the_codes_own(name: str) -> None:
    table = TABLES[name]()
    if os.environ.get("UPDATE_GOLDEN"):
        written = marks(name).sub(lambda match: match[1] + table + match[3], text())
        README.write_text(written, encoding="utf-8")
    assert marked(name) == table


def test_every_relative_link_leads_to_a_file_or_a_heading() -> None:
    headings = re.findall(r"^##+ (.*)$", text(), re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    links = re.findall(r"\]\((?!https?://)([^)]+)\)", text()) + re.findall(r'src="(.*?)"', text())
    assert len(links) > 20
    for target in links:
        if target.startswith("#"):
            assert target[1:] in anchors, f"the README links to {target}"
        elif not target.startswith(BADGE):
            assert (README.parent / target).exists(), f"the README links to {target}"


def test_the_badge_is_that_of_the_workflow() -> None:
    assert f"[![Daily digest]({BADGE}/badge.svg)]({BADGE})" in text()
    assert yaml(".github/workflows/daily.yml")["name"] == "Daily digest"


def test_every_command_and_option_stands_in_the_readme() -> None:
    from digest.cli.options import parser

    help_texts = [parser().format_help()]
    commands = parser()._subparsers._group_actions[0].choices  # type: ignore[union-attr]
    assert isinstance(commands, dict)
    for name, command in commands.items():
        assert f"`{name}`" in text()
        help_texts.append(command.format_help())
    for option in set(re.findall(r"--[a-z][a-z-]+", "\n".join(help_texts))) - {"--help"}:
        assert option in text(), f"the README does not mention {option}"


def test_every_variable_that_is_read_stands_in_the_readme() -> None:
    source = (ROOT / "digest/cli/environment.py").read_text(encoding="utf-8")
    for name in set(re.findall(r'_variable\("(OPENAI_\w+|GITHUB_TOKEN)"', source)):
        assert f"| `{name}` |" in text(), f"the README does not mention {name}"


def test_the_topics_that_the_readme_names_can_be_used() -> None:
    shown = re.findall(r"\((\.github/topics/.*?)\), for `(.*?)`", text())
    assert len(shown) == len(list((ROOT / ".github/topics").iterdir())) == 3
    for path, settings in shown:
        read = parse_topics((ROOT / path).read_text(encoding="utf-8"))
        assert len(read.topics) == 2
        assert read.keywords
        assert read.avoid
        parse_config(strict_yaml.parse(settings)[0])


def test_the_readmes_workflow_fits_the_action() -> None:
    shown = re.search(r"<!-- workflow -->\n```yaml\n(.*?)```", text(), re.DOTALL)
    assert shown is not None
    document, mistakes = strict_yaml.parse(shown[1])
    assert isinstance(document, dict)
    assert not mistakes
    *_, step = document["jobs"]["digest"]["steps"]
    assert step["with"].keys() <= ACTION["inputs"].keys()
    granted = yaml(".github/workflows/daily.yml")["jobs"]["digest"]["permissions"]
    assert document["permissions"].items() <= granted.items()


def test_the_settings_that_the_readme_shows_are_accepted() -> None:
    shown = re.search(r"```yaml\n(llm: .*?)```", text(), re.DOTALL)
    assert shown is not None
    parse_config(strict_yaml.parse(f"categories: [cs.LG]\n{shown[1]}")[0])
    for line in marked("providers").splitlines()[2:]:
        address, model = re.findall(r"`(.*?)`", line.partition("| json")[0])[:2]
        if "`" in line.split("|")[3]:
            llm = f"llm: {{base_url: {address!r}, model: {model!r}}}".replace("'null'", "null")
            parse_config(strict_yaml.parse(f"categories: [cs.LG]\n{llm}")[0])


# --- the pictures -----------------------------------------------------------------------------


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_each_picture_has_a_description(path: Path) -> None:
    assert re.search(rf'<img src=".github/{path.name}" alt="[^"]{{40,}}"', text())


def test_the_picture_of_the_form_has_the_workflows_own_words() -> None:
    workflow = yaml(".github/workflows/daily.yml")  # where YAML reads `on` as true
    inputs = workflow[True]["workflow_dispatch"]["inputs"]
    picture = (ROOT / ".github/run.svg").read_text(encoding="utf-8")
    for name in ("dry-run", "doctor", "rescore"):
        assert inputs[name]["description"] in picture


# --- troubleshooting --------------------------------------------------------------------------


def messages() -> list[str]:
    """The first cell of each row: a code span, between one mark or, where it has some, two."""
    spans = re.findall(r"^\| (?:``(.*?) ``|`([^`]*)`) \|", marked("troubleshooting"), re.MULTILINE)
    return [two or one for two, one in spans]


def literals() -> Iterator[str]:
    """Every string in the code, `…` for what is put into it, and what the action says."""
    for path in sorted((ROOT / "digest").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = (v.value if isinstance(v, ast.Constant) else "…" for v in node.values)
                yield "".join(map(str, parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
    action = (ROOT / "action.yml").read_text(encoding="utf-8")
    yield from re.findall(r'(?:fail "|::error title=.*?::)(.*)"', action)


def test_each_message_in_the_readme_is_printed() -> None:
    said = list(literals())
    rows = [row for row in marked("troubleshooting").splitlines()[2:] if row]
    assert len(messages()) == len(rows) > 20
    for message in messages():
        fixed = ".*".join(map(re.escape, message.strip("…").split("…")))
        assert any(re.search(fixed, literal) for literal in said), f"nothing says {message}"
