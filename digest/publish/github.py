"""GitHub's REST API, as far as the bot needs it: https://docs.github.com/en/rest.

Its answers are text from outside. The token is in one header, and in no message.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import requests

from digest.core import network
from digest.core.text import one_line

TIMEOUT_S = 30
VERSION = "2022-11-28"


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
