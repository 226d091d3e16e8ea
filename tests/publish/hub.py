"""GitHub's REST API for one repository, as far as issues go."""

from __future__ import annotations

import json
from typing import Any

from werkzeug import Request, Response


class Hub:
    """What GitHub knows of one repository's issues; a handler of requests for its real paths."""

    def __init__(self, token: str) -> None:
        self.token = token  # how it begins
        self.issues: list[dict[str, Any]] = []
        self.comments: list[tuple[int, str]] = []
        self.requests: list[str] = []
        self.answers: dict[str, object] = {}  # what else it knows, by path
        self.refuses: tuple[int, str] | None = None
        self.author = {"user": {"login": "github-actions[bot]"}, "author_association": "NONE"}

    def __call__(self, request: Request) -> Response:
        path = "".join(f"/{part}" for part in request.path.split("/")[4:])
        self.requests.append(f"{request.method} {path}")
        if not request.headers["Authorization"].startswith(f"Bearer {self.token}"):
            return Response('{"message": "Bad credentials"}', 401)
        if self.refuses and request.method != "GET":
            status, message = self.refuses
            return Response(json.dumps({"message": message}), status)
        made: Any = {}
        match (request.method, path.strip("/").split("/")):
            case ("GET", ["issues"]):
                assert (request.args["state"], request.args["sort"]) == ("open", "updated")
                made = [issue for issue in reversed(self.issues) if issue["state"] == "open"]
            case ("POST", ["issues"]):
                number = len(self.issues) + 1
                made = {"number": number, "state": "open", **self.author, **request.get_json()}
                self.issues.append(made)
            case ("PATCH", ["issues", number]):
                self.issues[int(number) - 1].update(request.get_json())
            case ("POST", ["issues", number, "comments"]):
                self.comments.append((int(number), request.get_json()["body"]))
            case _:
                made = self.answers[path]
        return Response(json.dumps(made), content_type="application/json")
