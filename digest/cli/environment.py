"""What the surroundings say: keys, endpoints, GitHub Actions. The only module that reads settings
from the environment."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from digest import __version__
from digest.core.errors import ConfigError
from digest.core.scores import ScoredBy
from digest.core.secrets import Secrets

if TYPE_CHECKING:
    import requests

    from digest.core.config import Config
    from digest.publish.github import GitHub
    from digest.scoring.scorer import Scorer

_GITHUB = "https://github.com"


def completed(config: Config) -> Config:
    """The settings, with what the environment and the archive know: the model, the address."""
    from digest.archive import store
    from digest.core.config import parse_model

    named = os.environ.get("OPENAI_MODEL", "").strip()
    llm = replace(config.llm, model=parse_model("OPENAI_MODEL", named)) if named else config.llm
    url = config.site.url or store.read_address(config.out) or _pages_address(config.out)
    return replace(config, llm=llm, site=replace(config.site, url=url))


def scorer(config: Config, *, pays: bool = True) -> Scorer:
    """The configured scorer; one that only estimates needs no key."""
    from digest.scoring.scorer import make_scorer

    secret = key() if pays and config.scorer is ScoredBy.MODEL else None
    return make_scorer(config, secret, base_url())


def base_url() -> str | None:
    """Where the model is, unless the settings say it."""
    from digest.core.config import parse_address

    named = os.environ.get("OPENAI_BASE_URL", "").strip()
    return parse_address("OPENAI_BASE_URL", named) if named else None


NO_KEY = (
    "no API key for `scorer: llm`: set OPENAI_API_KEY (in GitHub: a repository secret),"
    " or choose `scorer: offline`"
)


def key() -> str:
    """The provider's. Raises `ConfigError` where there is none, or nothing that could be one."""
    found = os.environ.get("OPENAI_API_KEY", "").strip()
    if not found:
        raise ConfigError(NO_KEY)
    if not found.isascii() or not found.isprintable() or " " in found:
        raise ConfigError(
            "OPENAI_API_KEY holds what no key has (a space, a line break or a sign outside of"
            " ASCII): copy the key again, alone"
        )
    return found


def is_fresh_fork(out: Path) -> bool:
    """Whether this is the schedule of a repository that somebody has yet to set up: red runs
    every day would only teach them to look away."""
    scheduled = os.environ.get("GITHUB_EVENT_NAME") == "schedule"
    published = (out / "data" / "days.jsonl").exists()
    return scheduled and not published and not os.environ.get("OPENAI_API_KEY", "").strip()


def user_agent(config: Config) -> str:
    """Who asks, and where to complain: arXiv blocks clients it cannot tell apart."""
    home = repository_page() or config.site.url
    return f"preprint-digest/{__version__}" + (f" (+{home})" if home else "")


def _pages_address(out: Path) -> str | None:
    """In GitHub Actions: where GitHub Pages shows the site."""
    from digest.publish.github import pages_address

    repository = os.environ.get("GITHUB_REPOSITORY")
    elsewhere = os.environ.get("GITHUB_SERVER_URL", _GITHUB) != _GITHUB
    return None if elsewhere or not repository else pages_address(repository, out)


def in_actions() -> bool:
    return os.environ.get("GITHUB_ACTIONS") == "true"


def repository_page() -> str | None:
    """In GitHub Actions: where people see this repository."""
    repository = os.environ.get("GITHUB_REPOSITORY")
    server = os.environ.get("GITHUB_SERVER_URL", _GITHUB)
    return f"{server}/{repository}" if repository else None


def workflow() -> str | None:
    """In GitHub Actions: the file of the workflow that runs, daily.yml."""
    reference = os.environ.get("GITHUB_WORKFLOW_REF", "")
    found = re.search(r"/\.github/workflows/(.+?)@refs/", reference)
    return found[1] if found else None


def run_page() -> str | None:
    """In GitHub Actions: where people read this run's log."""
    run = os.environ.get("GITHUB_RUN_ID")
    return f"{repository_page()}/actions/runs/{run}" if run and repository_page() else None


def github(session: requests.Session, otherwise: str | None = None) -> GitHub | None:
    """The repository that this is, or the one named, as GITHUB_TOKEN sees it; None without."""
    from digest.publish.github import GitHub

    repository = os.environ.get("GITHUB_REPOSITORY") or otherwise
    token = os.environ.get("GITHUB_TOKEN", "").strip()
    if not repository or not token:
        return None
    return GitHub(
        session, repository, token, os.environ.get("GITHUB_API_URL", "https://api.github.com")
    )


def require_no_secret(config: Path, prompts: Path) -> None:
    """Raise `ConfigError` where a key stands in a file that others can read: in the settings, or
    in a prompt, which every page shows."""
    hidden = Secrets(secrets())
    paths = [path for path in (config, *sorted(prompts.glob("*.md"))) if path.is_file()]
    texts = {path: path.read_text(encoding="utf-8", errors="replace") for path in paths}
    if shown := [str(path) for path, text in texts.items() if hidden.found_in(text)]:
        raise ConfigError(
            f"{', '.join(shown)}: your API key stands in it: take it out; if it was ever committed,"
            " git still has it, so revoke it at the provider and make a new one"
        )


def secrets() -> tuple[str, ...]:
    """What must stand in no line that is printed."""
    named = (os.environ.get(name, "").strip() for name in ("OPENAI_API_KEY", "GITHUB_TOKEN"))
    return tuple(filter(None, named))
