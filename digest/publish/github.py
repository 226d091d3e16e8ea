"""GitHub's REST API, as far as the bot needs it: https://docs.github.com/en/rest.

Its answers are text from outside. The token is in one header, and in no message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from digest.core.text import one_line

if TYPE_CHECKING:
    import requests

TIMEOUT_S = 30
VERSION = "2022-11-28"


def pages_address(repository: str, out: Path) -> str:
    """The address at which GitHub Pages shows the folder `out` of OWNER/NAME: the domain in its
    CNAME file, else by GitHub's own rule."""
    owner, _, name = repository.partition("/")
    host = f"{owner.lower()}.github.io"
    try:
        domain = (out / "CNAME").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        domain = ""
    if re.fullmatch(r"[\w.-]+", domain):
        return f"https://{domain}"
    return f"https://{host}" if name.lower() == host else f"https://{host}/{name}"


class GitHubError(Exception):
    """A request failed. `status` is that of GitHub's answer, None if there was no answer."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class GitHub:
    """One repository, with the rights of one token."""

    session: requests.Session
    repository: str  # OWNER/NAME
    token: str = field(repr=False)
    api: str = "https://api.github.com"

    def ask(self, method: str, path: str, **body: object) -> Any:
        """The parsed answer to `METHOD /repos/OWNER/NAME/PATH`, None if it has no body.

        Raises `GitHubError`.
        """
        import requests

        from digest.core import network

        where = f"/repos/{self.repository}/{path}".rstrip("/")
        try:
            response = self.session.request(
                method,
                self.api + where,
                json=body or None,
                headers={
                    "Accept": "application/vnd.github+json",
                    "X-GitHub-Api-Version": VERSION,
                },
                auth=self._sign,  # not a header: ~/.netrc would replace it
                timeout=TIMEOUT_S,
                allow_redirects=False,  # after a rename, it would send the token elsewhere
            )
        except (OSError, ValueError) as error:  # requests' own are OSErrors
            raise GitHubError(f"{method} {where}: {network.explain(error)}") from None
        try:
            answer = response.json() if response.content else None
        except requests.JSONDecodeError:
            if response.ok:
                problem = "the answer is not JSON: a proxy stands in the way, or try again later"
                raise GitHubError(f"{method} {where}: {problem}") from None
            answer = None  # an error page: the status says enough
        if not response.ok or response.is_redirect:
            reason = answer.get("message") if isinstance(answer, dict) else None
            reason = one_line(str(reason or response.reason or ""), 200)
            message = f"{method} {where}: {response.status_code} {reason}".rstrip()
            raise GitHubError(message, response.status_code)
        return answer

    def _sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request
