"""`digest init`: the files of a repository that uses the action instead of being a fork.

`starter/` has them. Changed are only the name of the action's repository and, if existing settings
name another one, the site's folder.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from digest.archive import layout
from digest.core.config import load_config
from digest.core.errors import ConfigError, PublishError
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


@dataclass(frozen=True, slots=True)
class Started:
    """The result of `write`: paths relative to the folder."""

    written: tuple[str, ...]
    existing: tuple[str, ...]  # not changed


def require_action(text: str) -> str:
    """Return `text` if it is OWNER/REPO@REF. Raises `ConfigError` otherwise."""
    if not _ACTION.fullmatch(text):
        raise ConfigError(f"--action: {text!r} is no action: write OWNER/REPO@REF")
    return text


def action_of(checkout: Path = _CHECKOUT) -> str | None:
    """The action that `checkout` is a clone of, as a workflow names it: OWNER/REPO@REF.

    None if this program does not run from a clone, or its `origin` is not on GitHub.
    """
    try:
        top = git.read(checkout, "rev-parse", "--show-toplevel", accept=range(256))
        if not top or Path(top).resolve() != checkout.resolve():
            return None  # a folder of installed packages, perhaps inside another repository
        origin = git.read(checkout, "config", "--get", "remote.origin.url", accept=range(256))
        repository = _ORIGIN.fullmatch(origin)
        quietly = ("rev-parse", "--verify", "--quiet")
        release = git.read(checkout, *quietly, f"refs/tags/{_RELEASE}", accept=range(256))
        # A commit that origin has. It may lack the one that is checked out.
        newest = git.read(checkout, *quietly, "refs/remotes/origin/HEAD", accept=range(256))
    except PublishError:  # no git
        return None
    reference = _RELEASE if release else newest
    return f"{repository[1]}@{reference}" if repository and reference else None


def write(folder: Path, action: str) -> Started:
    """Write the starter files that do not exist in `folder` yet.

    Raises `ConfigError` if that is impossible, with all obstacles that can be seen before the first
    file is written.
    """
    files = {str(path): data for path, data in sorted(_files(folder, action).items())}
    missing = [name for name in files if not os.path.lexists(folder / name)]
    if mistakes := _obstacles(folder, missing):
        raise ConfigError(*mistakes)
    for name in missing:
        _create(folder / name, files[name])
    return Started(tuple(missing), tuple(name for name in files if name not in missing))


def _files(folder: Path, action: str) -> dict[PurePosixPath, bytes]:
    paths = (path for path in _FILES.rglob("*") if path.is_file())
    files = {PurePosixPath(p.relative_to(_FILES).as_posix()): p.read_bytes() for p in paths}
    files[_WORKFLOW] = files[_WORKFLOW].replace(PLACEHOLDER.encode(), action.encode())
    jekyll, attributes = files.pop(_NO_JEKYLL), files.pop(_ATTRIBUTES)
    if inside := _inside(folder):  # else the site is not in this folder
        files[PurePosixPath(inside, _NO_JEKYLL.name)] = jekyll
        usual, line = layout.attributes("docs/"), layout.attributes(inside)
        files[_ATTRIBUTES] = attributes.replace(usual.encode(), line.encode())
    return files


def _inside(folder: Path) -> str | None:
    """The site's folder relative to `folder`, "docs/"; None if it is not inside."""
    site, top = _site(folder).resolve(), folder.resolve()
    return f"{site.relative_to(top).as_posix()}/" if top in site.parents else None


def _obstacles(folder: Path, names: list[str]) -> list[str]:
    """Why these files cannot be written, a line for each reason."""
    if folder.resolve() == _CHECKOUT.resolve():
        message = "is Preprint Digest itself: fork it, or name another folder (../my-digest)"
        return [f"{folder}: {message}"]
    mistakes = {}
    for name in names:
        above = (folder / name).parents
        parent = next(path for path in above if os.path.lexists(path))
        if not parent.is_dir():
            mistakes[parent] = f"{parent}: is no folder: move it out of the way"
        elif not os.access(parent, os.W_OK | os.X_OK):
            mistakes[parent] = f"{parent}: cannot be written to: see its permissions"
    return list(mistakes.values())


def _create(path: Path, data: bytes) -> None:
    """Write a file that does not exist yet, whole or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            try:
                file.write(data)
                file.flush()
            except OSError:
                path.unlink()
                raise
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be written: {error.strerror}: repair that, then run it again"
        ) from error


def next_steps(folder: Path, action: str) -> str:
    """What the user has to do now, as a numbered list."""
    steps = [
        "prompts/topics.md, config.yaml: what you read about, and where it is announced.",
        "git: commit it all, and push it to the branch main of a repository on GitHub.",
        "Settings > Secrets > Actions: OPENAI_API_KEY; or, in config.yaml, `scorer: offline`.",
        "Settings > Pages: deploy from a branch, main, /docs; then one more push of yours.",
        "Actions > Daily digest > Run workflow.",
    ]
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
    inside = _inside(folder)
    if inside and (line := layout.attributes(inside)) not in _lines(folder / _ATTRIBUTES):
        steps.insert(1, f"{_ATTRIBUTES}: add `{line}`, so that git keeps line endings.")
    if foreign := layout.other_site(_site(folder)):
        steps.insert(0, f"{layout.not_ours(foreign)}.")
    numbered = "\n".join(f"  {number}. {step}" for number, step in enumerate(steps, start=1))
    return f"Next, in {folder}:\n{numbered}"


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # git cannot read it either
        return []


def _top(folder: Path) -> Path | None:
    """The top folder of the repository that `folder` is in; None if there is none."""
    try:
        top = git.read(folder, "rev-parse", "--show-toplevel", accept=range(256))
    except PublishError:  # no git
        return None
    return Path(top).resolve() if top else None


def _site(folder: Path) -> Path:
    """The folder that the settings name for the site, else docs/."""
    try:
        return load_config(folder / "config.yaml").out
    except ConfigError:  # the first run reports it
        return folder / "docs"
