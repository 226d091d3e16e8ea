"""Environment variables: API key, endpoint, model, GitHub Actions.

The only module that reads settings from the environment.
"""

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
NO_KEY = (
    "no API key for `scorer: llm`: set OPENAI_API_KEY (in GitHub: a repository secret),"
    " or choose `scorer: offline`"
)


def _variable(name: str) -> str:
    return os.environ.get(name, "").strip()


# --- the model --------------------------------------------------------------------------------


def completed(config: Config) -> Config:
    """The settings with the model that OPENAI_MODEL names, and the site's address.

    The address is the configured one, else the archive's, else that of GitHub Pages.
    """
    from digest.archive import store
    from digest.core.config import parse_model

    name = _variable("OPENAI_MODEL")
    llm = replace(config.llm, model=parse_model("OPENAI_MODEL", name)) if name else config.llm
    url = config.site.url or store.read_address(config.out) or _pages_address(config.out)
    return replace(config, llm=llm, site=replace(config.site, url=url))


def scorer(config: Config, *, pays: bool = True) -> Scorer:
    """The configured scorer. Without `pays` it only estimates, and needs no key."""
    from digest.scoring.scorer import make_scorer

    secret = key() if pays and config.scorer is ScoredBy.MODEL else None
    return make_scorer(config, secret, base_url())


def base_url() -> str | None:
    """The model's endpoint, if OPENAI_BASE_URL names one."""
    from digest.core.config import parse_address

    address = _variable("OPENAI_BASE_URL")
    return parse_address("OPENAI_BASE_URL", address) if address else None


def has_key() -> bool:
    return bool(_variable("OPENAI_API_KEY"))


def key() -> str:
    """The API key. Raises `ConfigError` if there is none, or it cannot be one."""
    secret = _variable("OPENAI_API_KEY")
    if not secret:
        raise ConfigError(NO_KEY)
    if not secret.isascii() or not secret.isprintable() or " " in secret:
        raise ConfigError(
            "OPENAI_API_KEY holds what no key has (a space, a line break or a sign outside of"
            " ASCII): copy the key again, alone"
        )
    return secret


def require_no_secret(config: Path, prompts: Path) -> None:
    """Raise `ConfigError` if a key is in a file that others can read: the settings, or a prompt,
    which every page shows."""
    hidden = secrets()
    paths = [path for path in (config, *sorted(prompts.glob("*.md"))) if path.is_file()]
    texts = {path: path.read_text(encoding="utf-8", errors="replace") for path in paths}
    if shown := [str(path) for path, text in texts.items() if hidden.found_in(text)]:
        raise ConfigError(
            f"{', '.join(shown)}: your API key stands in it: take it out; if it was ever committed,"
            " git still has it, so revoke it at the provider and make a new one"
        )


def secrets() -> Secrets:
    """The values that no output may contain."""
    return Secrets(tuple(filter(None, map(_variable, ("OPENAI_API_KEY", "GITHUB_TOKEN")))))


# --- GitHub Actions ---------------------------------------------------------------------------


def in_actions() -> bool:
    return os.environ.get("GITHUB_ACTIONS") == "true"


def is_fresh_fork(out: Path) -> bool:
    """True for the schedule of a repository that is not set up: no key, and nothing published.

    Red runs every day would only teach its owner to ignore them.
    """
    scheduled = os.environ.get("GITHUB_EVENT_NAME") == "schedule"
    published = (out / "data" / "days.jsonl").exists()
    return scheduled and not published and not _variable("OPENAI_API_KEY")


def user_agent(config: Config) -> str:
    """Our name and where to complain: arXiv blocks clients that it cannot tell apart."""
    home = repository_page() or config.site.url
    return f"preprint-digest/{__version__}" + (f" (+{home})" if home else "")


def repository_page() -> str | None:
    """The address of this repository's own page."""
    repository = os.environ.get("GITHUB_REPOSITORY")
    server = os.environ.get("GITHUB_SERVER_URL", _GITHUB)
    return f"{server}/{repository}" if repository else None


def _pages_address(out: Path) -> str | None:
    """The address at which GitHub Pages shows the folder `out`: the domain in its CNAME file, else
    by GitHub's own rule. None elsewhere than on github.com."""
    owner, _, name = os.environ.get("GITHUB_REPOSITORY", "").partition("/")
    if not name or os.environ.get("GITHUB_SERVER_URL", _GITHUB) != _GITHUB:
        return None
    host = f"{owner.lower()}.github.io"
    try:
        domain = (out / "CNAME").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        domain = ""
    if re.fullmatch(r"[\w.-]+", domain):
        return f"https://{domain}"
    return f"https://{host}" if name.lower() == host else f"https://{host}/{name}"


def run_page() -> str | None:
    """The address of this run's log."""
    run = os.environ.get("GITHUB_RUN_ID")
    return f"{repository_page()}/actions/runs/{run}" if run and repository_page() else None


def workflow() -> str | None:
    """The file name of the workflow that runs: daily.yml."""
    reference = os.environ.get("GITHUB_WORKFLOW_REF", "")
    match = re.search(r"/\.github/workflows/(.+?)@refs/", reference)
    return match[1] if match else None


def github_file(variable: str) -> Path | None:
    """The file that GITHUB_OUTPUT or GITHUB_STEP_SUMMARY names."""
    path = os.environ.get(variable)
    return Path(path) if path else None


def github(session: requests.Session, otherwise: str | None = None) -> GitHub | None:
    """The REST API for this repository, else for the one named; None without GITHUB_TOKEN."""
    from digest.publish.github import GitHub

    repository, token = os.environ.get("GITHUB_REPOSITORY") or otherwise, _variable("GITHUB_TOKEN")
    if not repository or not token:
        return None
    address = os.environ.get("GITHUB_API_URL", "https://api.github.com")
    return GitHub(session, repository, token, address)
