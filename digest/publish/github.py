"""GitHub's REST API, as far as the bot needs it: https://docs.github.com/en/rest.

Its answers are text from outside. The token is in one header, and in no message.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec
import requests

from digest.core import network
from digest.core.text import one_line

TIMEOUT_S = 30
VERSION = "2022-11-28"
PER_PAGE, MAX_PAGES = 100, 30  # of a list; a longer one is somebody's mischief
T = TypeVar("T")

_NO_ISSUES = "switch issues on under Settings, General, Features"  # a fork has none
_REMEDIES = {
    401: "GitHub does not know the token",
    403: "give the job `permissions: issues: write`",
    404: _NO_ISSUES,
    410: _NO_ISSUES,
}


class GitHubError(Exception):
    """A request failed. `status` is that of GitHub's answer, None if there was no answer."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status

    @property
    def explained(self) -> str:
        """What happened to a request about issues, a colon, what to do."""
        return f"{self}: {_REMEDIES.get(self.status or 0, 'the log has everything')}"


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
        return self._send(method, path, body)[0]

    def listed(self, path: str, kind: type[T], **query: object) -> Iterator[T]:
        """The entries of a list, page after page, as values of `kind`.

        Raises `GitHubError`, also if they are not such values or more than `MAX_PAGES` pages.
        """
        for page in count(1):
            asked = urlencode({**query, "per_page": PER_PAGE, "page": page})
            answer, is_last = self._send("GET", f"{path}?{asked}", {})
            yield from read(answer, list[kind])  # type: ignore[valid-type]
            if is_last:
                return
            if page == MAX_PAGES:
                raise GitHubError(f"GET {path}: more than {PER_PAGE * MAX_PAGES:,} entries")

    def _send(self, method: str, path: str, body: dict[str, object]) -> tuple[Any, bool]:
        """The parsed answer; True unless it is a page of a list, and others follow."""
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
        return answer, "next" not in response.links

    def _sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


def read(answer: Any, kind: type[T]) -> T:
    """GitHub's answer as a value of `kind`. Raises `GitHubError` if it is none."""
    try:
        return msgspec.convert(answer, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        raise GitHubError(f"GitHub's answer is not as documented ({error})") from None
