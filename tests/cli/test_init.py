from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from digest.cli import init
from digest.cli.main import main
from digest.core.config import load_config
from digest.core.errors import ConfigError
from digest.scoring.prompt import load
from tests import make
from tests.make import git, tree

ROOT = Path(__file__).parents[2]
ACTION = "ada/preprint-digest@v1"
NAMES = [
    ".gitattributes",
    ".github/workflows/daily.yml",
    ".gitignore",
    "README.md",
    "config.yaml",
    "docs/.nojekyll",
    "prompts/topics.md",
]
WORKFLOW = ".github/workflows/daily.yml"


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    init.write(folder, ACTION)
    return folder


# --- what it writes ---------------------------------------------------------------------------


def test_an_empty_folder_gets_every_file(tmp_path: Path) -> None:
    assert init.write(tmp_path, ACTION) == (NAMES, [])
    assert sorted(tree(tmp_path)) == NAMES
    assert (tmp_path / "docs/.nojekyll").read_bytes() == b""
    assert (tmp_path / ".gitignore").read_text() == "/.digest/\n"
    assert (tmp_path / ".gitattributes").read_bytes() == (ROOT / ".gitattributes").read_bytes()


@pytest.mark.parametrize(
    ("out", "names", "line"),
    [
        ("site", ["site/.nojekyll"], "site/** -text linguist-generated"),
        ("a b/c", ["a b/c/.nojekyll"], '"a b/c/**" -text linguist-generated'),
        ("../elsewhere", [], None),
    ],
)
def test_the_site_begins_in_the_folder_that_settings_name(
    tmp_path: Path, out: str, names: list[str], line: str | None
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "config.yaml").write_text(f"categories: [hep-th]\nout: {out}\n")
    written, _ = init.write(folder, ACTION)
    assert [name for name in written if name.endswith(".nojekyll")] == names
    assert (".gitattributes" in written) == (line is not None)
    if line:
        assert (folder / ".gitattributes").read_text().splitlines()[-1] == line


def test_the_settings_and_prompts_can_be_used(begun: Path) -> None:
    config = load_config(begun / "config.yaml")
    text = (begun / "config.yaml").read_text()
    assert yaml.safe_load(text).keys() == {"categories"}
    (begun / "config.yaml").write_text(text.replace("# feedback:", "feedback:"))
    assert load_config(begun / "config.yaml").feedback.issue  # offered, and off
    topics, prompt = load(config.prompts, config.keep.cut(config.scorer), config.llm.language)
    assert topics.names
    assert topics.keywords
    assert topics.avoid
    assert (ROOT / "digest/scoring/prompts/system.md").read_text().strip() == prompt.system


def test_the_workflow_grants_what_the_forks_own_does(begun: Path) -> None:
    workflow = yaml.safe_load((begun / WORKFLOW).read_text())
    (job,) = workflow["jobs"].values()
    checkout, action = job["steps"]
    assert action["uses"] == ACTION
    assert checkout["uses"].startswith("actions/checkout@")
    inputs = yaml.safe_load((ROOT / "action.yml").read_text())["inputs"]
    assert action["with"].keys() <= inputs.keys()
    assert workflow["permissions"] == {}
    fork = yaml.safe_load((ROOT / ".github/workflows/daily.yml").read_text())
    (forks_job,) = fork["jobs"].values()
    assert job["permissions"] == forks_job["permissions"]
    assert checkout["uses"] == forks_job["steps"][0]["uses"]


def test_an_installed_package_has_all_that_it_needs(tmp_path: Path) -> None:
    build = "from hatchling.build import build_wheel; import sys; build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, str(tmp_path)], cwd=ROOT, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site-packages")
    made = tmp_path / "mine"
    command = [sys.executable, "-m", "digest", "init", str(made)]
    subprocess.run(command, cwd=tmp_path / "site-packages", capture_output=True, check=True)
    assert sorted(tree(made)) == NAMES
    for name in ("scoring.md", "system.md"):
        assert (tmp_path / "site-packages/digest/scoring/prompts" / name).is_file()


# --- what is there stays ----------------------------------------------------------------------


def test_a_file_that_is_there_is_left_and_named(tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts/topics.md").write_text("mine")
    (tmp_path / "README.md").symlink_to("nowhere")
    written, existing = init.write(tmp_path, ACTION)
    assert existing == ["README.md", "prompts/topics.md"]
    assert (tmp_path / "prompts/topics.md").read_text() == "mine"
    assert (tmp_path / "README.md").is_symlink()
    assert not (tmp_path / "nowhere").exists()
    assert len(written) == len(NAMES) - 2
    before = tree(tmp_path)
    assert init.write(tmp_path, "eve/other@v9") == ([], NAMES)
    assert tree(tmp_path) == before


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "docs").write_text("a file")
    with pytest.raises(ConfigError, match=r"docs/\.nojekyll: cannot be written: File exists"):
        init.write(tmp_path, ACTION)
    (tmp_path / "docs").unlink()
    init.write(tmp_path, ACTION)
    assert sorted(tree(tmp_path)) == NAMES


def test_the_project_itself_needs_no_starter() -> None:
    before = sorted(path.name for path in ROOT.iterdir())
    with pytest.raises(ConfigError, match="is Preprint Digest itself: fork it, or name another"):
        init.write(ROOT, ACTION)
    assert sorted(path.name for path in ROOT.iterdir()) == before


# --- which action -----------------------------------------------------------------------------


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    make.own_git_settings(monkeypatch, tmp_path)
    origin, folder = tmp_path / "origin", tmp_path / "clone"
    git(tmp_path, "init", "--quiet", str(origin))
    git(origin, "commit", "--quiet", "--allow-empty", "--message", "First")
    git(tmp_path, "clone", "--quiet", str(origin), str(folder))
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "Not pushed")
    return folder


@pytest.mark.parametrize(
    "address",
    [
        "https://github.com/ada/preprint-digest.git",
        "https://x-access-token:secret@github.com/ada/preprint-digest.git/",
        "ssh://git@github.com/ada/preprint-digest.git",
    ],
)
def test_a_clone_names_its_origin_and_a_pushed_commit(clone: Path, address: str) -> None:
    git(clone, "remote", "set-url", "origin", address)
    pushed = git(clone, "rev-parse", "origin/main")
    assert init.action_of(clone) == f"ada/preprint-digest@{pushed}"
    git(clone, "tag", "v1")
    assert init.action_of(clone) == "ada/preprint-digest@v1"


@pytest.mark.parametrize(
    "address",
    [
        "/srv/git/preprint-digest.git",
        "https://github.com.evil.org/ada/preprint-digest",
        "https://github.com/ada/pre print\ndigest",
    ],
)
def test_an_origin_elsewhere_names_no_action(clone: Path, address: str) -> None:
    git(clone, "remote", "set-url", "origin", address)
    assert init.action_of(clone) is None


def test_a_package_inside_another_repository_is_no_clone(clone: Path) -> None:
    git(clone, "remote", "set-url", "origin", "https://github.com/ada/papers")
    (clone / ".venv/site-packages").mkdir(parents=True)
    assert init.action_of(clone / ".venv/site-packages") is None


def test_without_a_repository_or_git_no_action_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert init.action_of(tmp_path) is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert init.action_of(ROOT) is None


@pytest.mark.parametrize("name", ["ada/digest", "a b/c@v1", "ada/digest@v1\nx: y"])
def test_what_is_no_action_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert main(["init", str(tmp_path / "mine"), "--action", name]) == 2
    err = capsys.readouterr().err
    assert err.startswith("digest: --action: ")
    assert "is no action: write OWNER/REPO" in err
    assert not (tmp_path / "mine").exists()


# --- the command ------------------------------------------------------------------------------


def test_the_command_says_what_it_wrote_and_what_is_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "README.md").write_text("mine")
    monkeypatch.chdir(tmp_path)
    assert main(["init", "--action", ACTION]) == 0
    first, *steps, last = capsys.readouterr().out.splitlines()
    assert first == "Next, in .:"
    assert last == "updated: 6 files written; not changed: README.md"
    assert [line[:5] for line in steps] == [f"  {n}. " for n in range(1, 7)]
    assert "OWNER" not in "".join(steps)
    assert steps[-1].endswith("In a public repository the issue and your votes are public.")


def test_the_first_step_names_the_placeholder_of_an_unknown_action(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(init, "action_of", lambda: None)
    assert main(["init", str(tmp_path)]) == 0
    assert f"uses: {init.PLACEHOLDER}\n" in (tmp_path / WORKFLOW).read_text()
    assert "1. .github/workflows/daily.yml: replace OWNER by " in capsys.readouterr().out


def test_a_subfolder_is_told_where_workflows_belong(
    clone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", str(clone / "physics/arxiv"), "--action", ACTION]) == 0
    steps = capsys.readouterr().out.splitlines()
    (step,) = [line for line in steps if "GitHub reads" in line]
    assert step.endswith(
        f".github/workflows/daily.yml: GitHub reads workflows only at the top: move it to"
        f" {clone.resolve()}/.github/workflows/, with `config: physics/arxiv/config.yaml`"
        " in its `with:`."
    )
    assert main(["init", str(clone), "--action", ACTION]) == 0
    assert "GitHub reads" not in capsys.readouterr().out


def test_a_line_missing_in_the_users_attributes_is_a_step(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".gitattributes").write_text("* text=auto\n")
    assert main(["init", str(tmp_path), "--action", ACTION]) == 0
    step = "2. .gitattributes: add `docs/** -text linguist-generated`, so that git keeps line"
    assert step in capsys.readouterr().out
    assert (tmp_path / ".gitattributes").read_text() == "* text=auto\n"


def test_a_site_that_is_there_already_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/index.html").write_text("mine")
    for _ in range(2):
        assert main(["init", str(tmp_path), "--action", ACTION]) == 0
        output = capsys.readouterr().out
        assert f"{tmp_path}/docs/index.html is not of this program's making: move it" in output
    (tmp_path / "config.yaml").write_text("categories: [hep-th]\nout: site\n")
    assert main(["init", str(tmp_path), "--action", ACTION]) == 0
    assert "making" not in capsys.readouterr().out
