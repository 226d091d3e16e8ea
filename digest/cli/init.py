"""`digest init`: the files of a repository that uses the action instead of being a fork.

`starter/` has them. Changed are only the name of the action's repository and, if existing settings
name another one, the site's folder.
"""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath

from digest.archive import layout
from digest.core import files
from digest.core.config import load_config
from digest.core.errors import ArchiveError, ConfigError, PublishError
from digest.publish import git

_FILES = Path(__file__).parent / "starter"
_CHECKOUT = Path(__file__).parents[2]  # of this program, if it is not installed
_WORKFLOW = PurePosixPath(".github/workflows/daily.yml")
_NO_JEKYLL = PurePosixPath("docs/.nojekyll")
_ATTRIBUTES = PurePosixPath(".gitattributes")
_RELEASE = "v1"
PLACEHOLDER = f"OWNER/preprint-digest@{_RELEASE}"
_ACTION = re.compile(r"[\w.-]+/[\w.-]+(?:/[\w.-]+)*@[\w./-]+", re.ASCII)
_ORIGIN = re.compile(
    r"(?:https://(?:[^/@\s]+@)?|ssh://git@|git@)github\.com[:/]([\w.-]+/[\w.-]+?)(?:\.git)?/?",
    re.ASCII,
)


def require_action(text: str) -> str:
    """Return `text` if it is OWNER/REPO@REF. Raises `ConfigError` otherwise."""
    if not _ACTION.fullmatch(text):
        raise ConfigError(f"--action: {text!r} is no action: write OWNER/REPO@REF")
    return text


def action_of(checkout: Path = _CHECKOUT) -> str | None:
    """The action that `checkout` is a clone of, as a workflow names it: OWNER/REPO@REF.

    None if this program does not run from a clone, or its `origin` is not on GitHub.
    """
    if _top(checkout) != checkout.resolve():
        return None  # a folder of installed packages, perhaps inside another repository
    origin = git.read(checkout, "config", "--get", "remote.origin.url", accept=git.ANY)
    repository = _ORIGIN.fullmatch(origin)
    quietly = ("rev-parse", "--verify", "--quiet")
    if git.succeeds(checkout, *quietly, f"refs/tags/{_RELEASE}"):
        reference = _RELEASE
    else:  # a commit that origin has. It may lack the one that is checked out.
        reference = git.read(checkout, *quietly, "refs/remotes/origin/HEAD", accept=git.ANY)
    return f"{repository[1]}@{reference}" if repository and reference else None


def write(folder: Path, action: str) -> tuple[list[str], list[str]]:
    """Write the starter files that do not exist in `folder` yet.

    Returns the names of the files that were written, and of those that existed. Raises
    `ConfigError` if a file cannot be written; the next time, the others are written.
    """
    if folder.resolve() == _CHECKOUT.resolve():
        raise ConfigError(
            f"{folder}: is Preprint Digest itself: fork it, or name another folder (../my-digest)"
        )
    written, existing = [], []
    for name, data in sorted(_files(folder, action).items()):
        if os.path.lexists(folder / name):
            existing.append(str(name))
            continue
        try:
            files.write(folder / name, data)
        except ArchiveError as error:
            raise ConfigError(str(error)) from error
        written.append(str(name))
    return written, existing


def _files(folder: Path, action: str) -> dict[PurePosixPath, bytes]:
    paths = (path for path in _FILES.rglob("*") if path.is_file())
    starter = {PurePosixPath(p.relative_to(_FILES).as_posix()): p.read_bytes() for p in paths}
    starter[_WORKFLOW] = starter[_WORKFLOW].replace(PLACEHOLDER.encode(), action.encode())
    jekyll, attributes = starter.pop(_NO_JEKYLL), starter.pop(_ATTRIBUTES)
    if inside := _inside(folder):  # else the site is not in this folder
        starter[PurePosixPath(inside, _NO_JEKYLL.name)] = jekyll
        usual, line = layout.attributes("docs/"), layout.attributes(inside)
        starter[_ATTRIBUTES] = attributes.replace(usual.encode(), line.encode())
    return starter


def _inside(folder: Path) -> str | None:
    """The site's folder relative to `folder`, "docs/"; None if it is not inside."""
    site, top = _site(folder).resolve(), folder.resolve()
    return f"{site.relative_to(top).as_posix()}/" if top in site.parents else None


def next_steps(folder: Path, action: str) -> str:
    """What the user has to do now, as a numbered list."""
    steps = [
        "prompts/topics.md, config.yaml: what you read about, and where it is announced.",
        "git: commit it all, and push it to the branch main of a repository on GitHub.",
        "Settings > Secrets > Actions: OPENAI_API_KEY; or, in config.yaml, `scorer: offline`.",
        "Settings > Pages: deploy from a branch, main, /docs; then one more push of yours.",
        "Actions > Daily digest > Run workflow.",
        (
            "config.yaml: with `feedback: {issue: true}` you tick papers in a daily issue. In a"
            " public repository the issue and your votes are public."
        ),
    ]
    existing = (files.read(folder / _ATTRIBUTES) or b"").decode("utf-8", "replace").splitlines()
    if (inside := _inside(folder)) and (line := layout.attributes(inside)) not in existing:
        steps.insert(1, f"{_ATTRIBUTES}: add `{line}`, so that git keeps line endings.")
    if action == PLACEHOLDER:
        steps.insert(0, f"{_WORKFLOW}: replace OWNER by the owner of the action's repository.")
    top = _top(folder)
    if top and top != folder.resolve():
        settings = (folder.resolve().relative_to(top) / "config.yaml").as_posix()
        steps.insert(
            0,
            f"{_WORKFLOW}: GitHub reads workflows only at the top: move it to"
            f" {top / _WORKFLOW.parent}/, with `config: {settings}` in its `with:`.",
        )
    if foreign := layout.other_site(_site(folder)):
        steps.insert(0, f"{layout.not_ours(foreign)}.")
    numbered = "\n".join(f"  {number}. {step}" for number, step in enumerate(steps, start=1))
    return f"Next, in {folder}:\n{numbered}"


def _top(folder: Path) -> Path | None:
    """The top folder of the repository that `folder` is in; None if there is none."""
    try:
        top = git.read(folder, "rev-parse", "--show-toplevel", accept=git.ANY)
    except PublishError:  # no git
        return None
    return Path(top).resolve() if top else None


def _site(folder: Path) -> Path:
    """The folder that the settings name for the site, else docs/."""
    try:
        return load_config(folder / "config.yaml").out
    except ConfigError:  # the first run reports it
        return folder / "docs"
