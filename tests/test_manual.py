"""The README and the manual say what the code does."""

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from digest.core import strict_yaml
from digest.core.config import parse_config
from digest.scoring.topics import parse_topics
from digest.scoring.topics_text import describe
from tests.settings_table import table

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
MANUAL = ROOT / "manual"
TEXTS = [README, ROOT / "CONTRIBUTING.md", *sorted(MANUAL.glob("*.md"))]
BADGE = "../../actions/workflows/daily.yml"  # of the repository that shows it, be it a fork
PICTURES = sorted((ROOT / ".github").glob("*.svg"))


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def marks(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- {name}\b[^>]*-->\n)(.*?)(<!-- /{name} -->)", re.DOTALL)


def marked(page: str, name: str) -> str:
    """The part of a manual's page between the marks `<!-- name… -->` and `<!-- /name -->`."""
    match = marks(name).search(text(MANUAL / page))
    assert match is not None, f"{page} has no {name}"
    return match[2]


def yaml(path: str) -> Any:
    document, mistakes = strict_yaml.parse(text(ROOT / path))
    assert not mistakes
    return document


ACTION = yaml("action.yml")


def table_of_inputs() -> str:
    rows = ["| input | default | what it does |", "|---|---|---|"]
    for name, about in ACTION["inputs"].items():
        default = f"`{about['default']}`" if about["default"] else ""
        rows.append(f"| `{name}` | {default} | {about['description']} |")
    return "\n".join(rows) + "\n"


def table_of_outputs() -> str:
    rows = ["| output | what it is |", "|---|---|"]
    rows += [f"| `{name}` | {about['description']} |" for name, about in ACTION["outputs"].items()]
    return "\n".join(rows) + "\n"


@pytest.mark.parametrize(
    ("page", "name", "made"),
    [
        ("settings.md", "settings", table),
        ("action.md", "inputs", table_of_inputs),
        ("action.md", "outputs", table_of_outputs),
    ],
)
def test_the_tables_are_made_from_the_code(page: str, name: str, made: Any) -> None:
    if os.environ.get("UPDATE_GOLDEN"):
        written = marks(name).sub(lambda match: match[1] + made() + match[3], text(MANUAL / page))
        (MANUAL / page).write_text(written, encoding="utf-8")
    assert marked(page, name) == made()


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    links = re.findall(r"\]\((?!https?://)([^)]+)\)", text(path))
    for target in links + re.findall(r'src="(.*?)"', text(path)):
        if target.startswith(BADGE):
            continue
        file, _, anchor = target.partition("#")
        other = path.parent / file if file else path
        assert other.exists(), f"{path.name} links to {target}"
        if anchor:
            headings = re.findall(r"^##* (.*)$", text(other), re.MULTILINE)
            anchors = {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings}
            assert anchor in anchors, f"{path.name} links to {target}"


def test_the_readme_leads_to_every_page_and_workflow() -> None:
    for page in MANUAL.glob("*.md"):
        assert f"(manual/{page.name})" in text(README)
    for path in PICTURES:
        assert re.search(rf'<img src=".github/{path.name}" alt="[^"]{{40,}}"', text(README))
    assert f"[![Daily digest]({BADGE}/badge.svg)]({BADGE})" in text(README)
    assert yaml(".github/workflows/daily.yml")["name"] == "Daily digest"


def test_every_command_and_option_stands_in_the_manual() -> None:
    from digest.cli.options import parser

    manual = text(MANUAL / "commands.md")
    help_texts = [parser().format_help()]
    commands = parser()._subparsers._group_actions[0].choices  # type: ignore[union-attr]
    assert isinstance(commands, dict)
    for name, command in commands.items():
        assert f"`{name}`" in manual
        help_texts.append(command.format_help())
    for option in set(re.findall(r"--[a-z][a-z-]+", "\n".join(help_texts))) - {"--help"}:
        assert option in manual, f"the manual does not mention {option}"


def test_every_variable_that_is_read_stands_in_the_manual() -> None:
    source = text(ROOT / "digest/cli/environment.py")
    names = set(re.findall(r'"(OPENAI_\w+|GITHUB_TOKEN)"', source))
    assert {"OPENAI_API_KEY", "OPENAI_BASE_URL"} <= names
    for name in names:
        assert f"| `{name}` |" in text(MANUAL / "settings.md")


def test_the_topics_that_the_manual_names_can_be_used() -> None:
    shown = re.findall(r"\(\.\./(\.github/topics/.*?)\), for `(.*?)`", text(MANUAL / "topics.md"))
    assert len(shown) == len(list((ROOT / ".github/topics").iterdir())) == 3
    for path, settings in shown:
        topics = parse_topics(text(ROOT / path))
        assert len(topics.topics) == 2
        assert topics.keywords
        assert topics.avoid
        parse_config(strict_yaml.parse(settings)[0])


def test_the_topics_that_the_manual_shows_are_read_as_it_says() -> None:
    shown = re.findall(
        r"```markdown\n(.*?)```.*?```console\n(.*?)\n```", text(MANUAL / "topics.md"), re.DOTALL
    )
    assert len(shown) == 2
    for written, read in shown:
        assert describe(parse_topics(written)) == read


def test_the_workflow_that_the_manual_shows_fits_the_action() -> None:
    shown = re.search(
        r"<!-- workflow -->\n```yaml\n(.*?)```", text(MANUAL / "action.md"), re.DOTALL
    )
    assert shown is not None
    document, mistakes = strict_yaml.parse(shown[1])
    assert isinstance(document, dict)
    assert not mistakes
    *_, step = document["jobs"]["digest"]["steps"]
    assert step["with"].keys() <= ACTION["inputs"].keys()
    granted = yaml(".github/workflows/daily.yml")["jobs"]["digest"]["permissions"]
    assert document["permissions"].items() <= granted.items()


def test_the_settings_that_the_manual_shows_are_accepted() -> None:
    shown = re.search(r"```yaml\n(llm: .*?)```", text(MANUAL / "models.md"), re.DOTALL)
    assert shown is not None
    parse_config(strict_yaml.parse(f"categories: [cs.LG]\n{shown[1]}")[0])
    for line in marked("models.md", "providers").splitlines()[2:]:
        address, model = re.findall(r"`(.*?)`", line.partition("| json")[0])[:2]
        if "`" in line.split("|")[3]:
            llm = f"llm: {{base_url: {address!r}, model: {model!r}}}".replace("'null'", "null")
            parse_config(strict_yaml.parse(f"categories: [cs.LG]\n{llm}")[0])


def test_the_picture_of_the_form_has_the_workflows_own_words() -> None:
    workflow = yaml(".github/workflows/daily.yml")  # in which YAML reads `on` as true
    inputs = workflow[True]["workflow_dispatch"]["inputs"]
    picture = text(ROOT / ".github/run.svg")
    for name in ("dry-run", "doctor", "rescore"):
        assert inputs[name]["description"] in picture


def literals() -> Iterator[str]:
    """Every string in the code, `…` for the parts put into it, and the action's messages."""
    for path in sorted((ROOT / "digest").rglob("*.py")):
        for node in ast.walk(ast.parse(text(path))):
            if isinstance(node, ast.JoinedStr):
                parts = (v.value if isinstance(v, ast.Constant) else "…" for v in node.values)
                yield "".join(map(str, parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
    yield from re.findall(r'(?:fail "|::error title=.*?::)(.*)"', text(ROOT / "action.yml"))


def test_each_message_that_the_manual_explains_is_in_the_code() -> None:
    printed = "\n".join(literals())
    rows = marked("troubleshooting.md", "troubleshooting").splitlines()[2:]
    for row in filter(None, rows):
        span = re.match(r"\| (?:``(.*?) ``|`([^`]*)`) \|", row)
        assert span, f"{row} does not begin with a message"
        parts = (span[1] or span[2]).strip("…").split("…")
        assert re.search(".*".join(map(re.escape, parts)), printed), f"nothing prints {span[0]}"
