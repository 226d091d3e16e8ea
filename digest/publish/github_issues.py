"""Issues and comments of GitHub's, and the hidden marks by which we recognise our own.

Their titles, bodies and authors' names are whatever a stranger typed; anybody can write our mark,
so a mark counts only together with its author.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec

from digest.publish.git import BOT
from digest.publish.github import GitHub

Aware = Annotated[datetime, msgspec.Meta(tz=True)]
_OWN = ("OWNER", "MEMBER", "COLLABORATOR")
_UNSAFE = re.compile(r"[^\w\s\\\"{}:,./-]")  # signs that might end a comment of HTML, or do more


class User(msgspec.Struct, frozen=True):
    login: str = ""  # of an account that GitHub does not know


class Label(msgspec.Struct, frozen=True):
    name: str


class Text(msgspec.Struct, frozen=True):
    """A comment, or the first text of an issue."""

    created_at: Aware
    user: User | None = None  # None: the account is deleted
    body: str | None = None
    updated_at: Aware | None = None  # of an issue also by a comment

    @property
    def author(self) -> str:
        return self.user.login if self.user else ""

    @property
    def is_by_bot(self) -> bool:
        return self.author == BOT

    def mark(self, name: str) -> Mapping[str, Any]:
        """The content of the mark of this name; {} if there is none."""
        match = re.search(rf"<!-- {name} (.*?) -->", self.body or "")
        try:
            content = json.loads(match[1]) if match else {}
        except (ValueError, RecursionError):  # somebody has edited it
            content = {}
        return content if isinstance(content, dict) else {}


class Issue(Text, frozen=True, kw_only=True):
    number: Annotated[int, msgspec.Meta(ge=1)]
    title: str
    state: str
    labels: tuple[Label, ...] = ()
    assignees: tuple[User, ...] = ()
    comments: int = 0
    locked: bool = False
    author_association: str = ""
    pull_request: Any = None

    @property
    def is_trusted(self) -> bool:
        """True if the bot opened it, or somebody of the repository with a token of their own."""
        return self.pull_request is None and (self.is_by_bot or self.author_association in _OWN)

    def has_label(self, name: str) -> bool:
        return name in (label.name for label in self.labels)


def issues(github: GitHub, **query: object) -> Iterator[Issue]:
    """The repository's issues without its pull requests, which GitHub lists among them. The first
    created comes first: one that is opened meanwhile moves none to another page."""
    query = {"sort": "created", "direction": "asc"} | query
    listed = github.listed("issues", Issue, **query)
    return (issue for issue in listed if issue.pull_request is None)


def comments(github: GitHub, issue: Issue) -> list[Text]:
    """The oldest first."""
    if not issue.comments:
        return []
    return list(github.listed(f"issues/{issue.number}/comments", Text))


def close(github: GitHub, number: int) -> None:
    github.ask("PATCH", f"issues/{number}", state="closed", state_reason="completed")


def stamp(time: datetime) -> str:
    """An aware time as GitHub's queries have it."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def mark(name: str, **content: object) -> str:
    """A mark to end a text with. GitHub shows nothing of it."""
    safe = _UNSAFE.sub(lambda sign: f"\\u{ord(sign[0]):04x}", json.dumps(content))
    return f"<!-- {name} {safe} -->"
