"""`digest init`: the files of a repository that uses the action instead of being a fork.

They lie in `starter/` as they are written, but for the name of the action's own repository and, if
there are settings already that name another one, for the site's folder.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from digest.archive import layout
from digest.core.errors import ConfigError, PublishError
from digest.publish import git

_PACKAGE = Path(__file__).parent
_FILES = _PACKAGE / "starter"
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
    """What `write` has done. Paths are relative to the folder."""

    written: tuple[str, ...]
    left: tuple[str, ...]  # there already, and so not touched


def require_action(text: str) -> str:
    """`text` as the name of an action. Raises `ConfigError`."""
    if not _ACTION.fullmatch(text):
        raise ConfigError(f"--action: {text!r} is no action: write OWNER/REPO@REF")
    return text


def action_of(checkout: Path = _PACKAGE.parent) -> str | None:
    """The action that `checkout` is a clone of, as a workflow would name it.

    None where this program does not run from a clone, or its `origin` is not on GitHub.
    """
    try:
        top = git.read(checkout, "rev-parse", "--show-toplevel", accept=range(256))
        if not top or Path(top).resolve() != checkout.resolve():
            return None  # a folder of installed packages, maybe inside somebody's repository
        origin = git.read(checkout, "config", "--get", "remote.origin.url", accept=range(256))
        named = _ORIGIN.fullmatch(origin)
        quietly = ("rev-parse", "--verify", "--quiet")
        release = git.read(checkout, *quietly, f"refs/tags/{_RELEASE}", accept=range(256))
        # What origin has for certain, which the commit that is checked out may not be.
        newest = git.read(checkout, *quietly, "refs/remotes/origin/HEAD", accept=range(256))
    except PublishError:  # no git
        return None
    reference = _RELEASE if release else newest
    return f"{named[1]}@{reference}" if named and reference else None


def write(folder: Path, action: str) -> Started:
    """Write what `folder` lacks of a starter repository. What is there stays as it is.

    Raises `ConfigError` where that cannot be: what can be seen beforehand all at once, and then
    nothing has been written.
    """
    files = {str(path): data for path, data in sorted(_files(folder, action).items())}
    missing = [name for name in files if not os.path.lexists(folder / name)]
    if mistakes := _obstacles(folder, missing):
        raise ConfigError(*mistakes)
    for name in missing:
        _create(folder / name, files[name])
    return Started(tuple(missing), tuple(name for name in files if name not in missing))


def _files(folder: Path, action: str) -> dict[PurePosixPath, bytes]:
    found = (path for path in _FILES.rglob("*") if path.is_file())
    files = {PurePosixPath(p.relative_to(_FILES).as_posix()): p.read_bytes() for p in found}
    files[_WORKFLOW] = files[_WORKFLOW].replace(PLACEHOLDER.encode(), action.encode())
    jekyll, attributes = files.pop(_NO_JEKYLL), files.pop(_ATTRIBUTES)
    if inside := _inside(folder):  # else the site is not in this folder
        files[PurePosixPath(inside, _NO_JEKYLL.name)] = jekyll
        usual, line = layout.attributes("docs/"), layout.attributes(inside)
        files[_ATTRIBUTES] = attributes.replace(usual.encode(), line.encode())
    return files


def _inside(folder: Path) -> str | None:
    """The site's folder relative to `folder`, "docs/"; None where it is elsewhere."""
    site, top = _site(folder).resolve(), folder.resolve()
    return f"{site.relative_to(top).as_posix()}/" if top in site.parents else None


def _obstacles(folder: Path, names: list[str]) -> list[str]:
    """What stands in the way of these files, a line each."""
    if folder.resolve() == _PACKAGE.parent.resolve():
        message = "is Preprint Digest itself: fork it, or name another folder (../my-digest)"
        return [f"{folder}: {message}"]
    mistakes = {}
    for name in names:
        above = (folder / name).parents
        place = next(path for path in above if os.path.lexists(path))
        if not place.is_dir():
            mistakes[place] = f"{place}: is no folder: move it out of the way"
        elif not os.access(place, os.W_OK | os.X_OK):
            mistakes[place] = f"{place}: cannot be written to: see its permissions"
    return list(mistakes.values())


def _create(path: Path, data: bytes) -> None:
    """Write a file that is not there, whole or not at all."""
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
            f"{path}: cannot be written: {error.strerror}: run it again once that is mended, for"
            " what it has written stays"
        ) from error


def next_steps(folder: Path, action: str) -> str:
    """What only a person can do, in the order in which it is done."""
    steps = [
        "prompts/topics.md, config.yaml: what you read about, and where it is announced.",
        "git: commit it all, and push it to the branch main of a repository on GitHub.",
        "Settings > Secrets > Actions: OPENAI_API_KEY; or, in config.yaml, `scorer: offline`.",
        "Settings > Pages: deploy from a branch, main, /docs; then one more push of yours.",
        "Actions > Daily digest > Run workflow.",
    ]
    if action == PLACEHOLDER:
        steps.insert(0, f"{_WORKFLOW}: instead of OWNER, who has the action's repository.")
    top = _top(folder)
    if top and top != folder.resolve():
        settings = (folder.resolve().relative_to(top) / "config.yaml").as_posix()
        steps.insert(
            0,
            f"{_WORKFLOW}: GitHub reads workflows at the top alone: move it to"
            f" {top / _WORKFLOW.parent}/, with `config: {settings}` in its `with:`.",
        )
    inside = _inside(folder)
    if inside and (line := layout.attributes(inside)) not in _lines(folder / _ATTRIBUTES):
        steps.insert(1, f"{_ATTRIBUTES}: add `{line}`: git is to leave line endings as they are.")
    if foreign := layout.other_site(_site(folder)):
        steps.insert(0, f"{layout.not_ours(foreign)}.")
    numbered = "\n".join(f"  {number}. {step}" for number, step in enumerate(steps, start=1))
    return f"Next, in {folder}:\n{numbered}"


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # which git cannot read either
        return []


def _top(folder: Path) -> Path | None:
    """Of the repository that `folder` is in."""
    try:
        named = git.read(folder, "rev-parse", "--show-toplevel", accept=range(256))
    except PublishError:  # no git
        return None
    return Path(named).resolve() if named else None


def _site(folder: Path) -> Path:
    """Where the digests will go."""
    from digest.core.config import load_config

    try:
        return load_config(folder / "config.yaml").out
    except ConfigError:  # which the first run tells
        return folder / "docs"
