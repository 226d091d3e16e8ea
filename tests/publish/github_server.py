"""GitHub's REST API for one repository, as far as issues go, and what people do on its pages."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from werkzeug import Request, Response

from digest.publish.git import BOT

TOKEN = "a-token-of-github"  # noqa: S105 - of no account
OWNER = "reader"
Entry = dict[str, Any]


class Hub:
    """What GitHub knows of one repository's issues; a handler of requests for its real paths."""

    def __init__(self, token: str = TOKEN) -> None:
        self.token = token  # how it begins
        self.now = datetime(2026, 1, 30, 6, 43, tzinfo=UTC)
        self.issues: list[Entry] = []
        self.comments: list[Entry] = []
        self.labels: list[str] = []
        self.assignable = {OWNER}
        self.permissions: dict[str, str | None] = {OWNER: "admin"}  # others may read; None: gone
        self.about: Entry = {"private": True, "default_branch": "main"}
        self.commits: list[Entry] = []  # the newest first
        self.requests: list[str] = []
        self.answers: dict[str, object] = {}  # what else it knows, by path
        self.refuses: tuple[int, str] | None = None  # to write
        self.fails: Callable[[str], Response | None] = lambda _: None
        self.hides = 0  # issues that no list has yet, until another one is opened
        self.author = {"user": {"login": BOT}, "author_association": "NONE"}

    # --- what people do -----------------------------------------------------------------------

    def open(self, login: str, title: str, body: str, **more: object) -> Entry:
        """An issue; as anybody may open one, without labels if not given."""
        return self._add({"title": title, "body": body, "labels": [], **_by(login), **more})

    def comment(self, number: int, login: str, body: str) -> Entry:
        """A comment. The lock would keep strangers out: here it does not."""
        issue = self.issues[number - 1]
        issue["comments"] += 1
        issue["updated_at"] = self._time()
        made = {"issue": number, "body": body, "created_at": self._time()} | _by(login)
        made["updated_at"] = made["created_at"]
        self.comments.append(made)
        return made

    def tick(self, number: int, paper_id: str, mark: str = "x") -> None:
        """What a click on a box does to the text; the web form sends other line ends."""
        issue = self.issues[number - 1]
        lines = issue["body"].splitlines()
        (line,) = [n for n, line in enumerate(lines) if f"/abs/{paper_id})" in line]
        lines[line] = f"- [{mark}]{lines[line][5:]}"
        issue |= {"body": "\r\n".join(lines), "updated_at": self._time()}

    # --- what it answers ----------------------------------------------------------------------

    def __call__(self, request: Request) -> Response:
        path = "".join(f"/{part}" for part in request.path.split("/")[4:])
        self.requests.append(f"{request.method} {path}")
        if not request.headers["Authorization"].startswith(f"Bearer {self.token}"):
            return Response('{"message": "Bad credentials"}', 401)
        if failure := self.fails(self.requests[-1]):
            return failure
        if self.refuses and request.method != "GET":
            return _refusal(*self.refuses)
        made: Any = {}
        match (request.method, path.strip("/").split("/")):
            case ("GET", [""]):
                made = {"created_at": "2020-01-01T00:00:00Z", **self.about}
            case ("GET", ["commits"]):
                since = request.args["since"]
                assert request.args["sha"] == self.about["default_branch"]
                kept = [c for c in self.commits if c["commit"]["committer"]["date"] >= since]
                return _page(request, kept)
            case ("GET", ["issues"]):
                return _page(request, self._listed(request))
            case ("POST", ["issues"]):
                content = request.get_json()
                assignees, self.hides = content.pop("assignees", []), 0
                if not {*assignees} <= self.assignable:
                    return _refusal(422, "Validation Failed")
                # Without the right to set them, GitHub drops labels and says nothing.
                labels = [{"name": n} for n in content.pop("labels", []) if n in self.labels]
                people = [{"login": login} for login in assignees]
                made = self._add({**self.author, **content, "labels": labels, "assignees": people})
            case ("PATCH", ["issues", number]):
                made = self.issues[int(number) - 1]
                made |= {**request.get_json(), "updated_at": self._time()}
            case ("PUT", ["issues", number, "lock"]):
                self.issues[int(number) - 1]["locked"] = True
                return Response(status=204)
            case ("GET", ["issues", number, "comments"]):
                return _page(request, [c for c in self.comments if c["issue"] == int(number)])
            case ("POST", ["issues", number, "comments"]):
                made = self.comment(int(number), BOT, request.get_json()["body"])
            case ("POST", ["labels"]):
                name = request.get_json()["name"]
                if name in self.labels:
                    return _refusal(422, "already_exists")
                self.labels.append(name)
            case ("GET", ["collaborators", login, "permission"]):
                permission = self.permissions.get(login, "read")
                if permission is None:
                    return _refusal(404, f"{login} is not a user")
                made = {"permission": permission, "user": {"login": login}}
            case _:
                made = self.answers[path]
        return _json(made)

    def _listed(self, request: Request) -> list[Entry]:
        wanted = {"state": "open", "sort": "created", "direction": "desc"} | request.args.to_dict()
        visible = self.issues[: len(self.issues) - self.hides]
        listed = [
            issue
            for issue in visible
            if wanted["state"] in ("all", issue["state"])
            and issue["updated_at"] >= wanted.get("since", "")
            and ("labels" not in wanted or {"name": wanted["labels"]} in issue["labels"])
            and wanted.get("creator") in (None, (issue["user"] or {}).get("login"))
        ]
        backwards = wanted["direction"] == "desc"
        return sorted(listed, key=lambda i: i[f"{wanted['sort']}_at"], reverse=backwards)

    def _add(self, issue: Entry) -> Entry:
        made = {"state": "open", "comments": 0, "locked": False, **issue}
        made |= {"number": len(self.issues) + 1, "created_at": self._time()}
        made["updated_at"] = made["created_at"]
        self.issues.append(made)
        return made

    def _time(self) -> str:
        """Later each time."""
        self.now += timedelta(seconds=1)
        return f"{self.now:%Y-%m-%dT%H:%M:%SZ}"


def _by(login: str) -> Entry:
    association = "OWNER" if login == OWNER else "NONE"
    return {"user": {"login": login}, "author_association": association}


def _json(made: Any, status: int = 200) -> Response:
    return Response(json.dumps(made), status, content_type="application/json")


def _refusal(status: int, message: str) -> Response:
    return _json({"message": message}, status)


def _page(request: Request, entries: Sequence[Entry]) -> Response:
    """One page of a list, with the header that says whether others follow."""
    size, page = int(request.args.get("per_page", 30)), int(request.args.get("page", 1))
    response = _json(entries[size * (page - 1) : size * page])
    if size * page < len(entries):
        following = urlencode({**request.args, "page": page + 1})
        response.headers["Link"] = f'<{request.base_url}?{following}>; rel="next"'
    return response
