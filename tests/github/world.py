"""What a job talks to: arXiv's feed, GitHub's REST API and a model, all on this machine."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Self

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from digest.core.papers import Paper
from tests import make
from tests.github.jobs import Machine, Repository, fork
from tests.publish.github_server import Hub
from tests.scoring.fake import Fake, Label

A, B = (make.paper(f"2601.0000{n}") for n in (1, 2))
LABELS = {
    A.id: Label(relevance=9, novelty=8, topic="Architecture", comment="Look at this."),
    B.id: Label(relevance=2, novelty=3, topic="none", comment=""),
}


class World:
    def __init__(self, *papers: Paper) -> None:
        self.announce(*papers)
        self.hub = Hub("ghs_")
        self.model = Fake(LABELS)
        self._server = HTTPServer()
        self._server.expect_request(re.compile(".*")).respond_with_handler(self._answer)

    @property
    def github(self) -> str:
        """The address of its REST API."""
        return self._server.url_for("").rstrip("/")

    def announce(self, *papers: Paper, day: date = make.DAY) -> None:
        """Today's feed, from now on."""
        self._feed = make.rss(make.feed(*papers, day=day))

    def fork(self, machine: Machine, folder: Path, settings: str = "") -> Repository:
        """A fork whose settings lead to this world."""
        made = fork(machine, folder, self.github, self.config(settings))
        made.variables["OPENAI_BASE_URL"] = self.model.url
        return made

    def config(self, settings: str = "") -> str:
        here = self._server.url_for("")
        arxiv = {
            "feed_url": f"{here}feed/{{category}}",
            "site_url": f"{here}arxiv",
            "api_url": f"{here}arxiv/api",
            "delay_s": 0,
        }
        return f"categories: [cs.LG]\narxiv: {json.dumps(arxiv)}\n{settings}"

    def __enter__(self) -> Self:
        self._server.start()
        self.model.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.model.__exit__(*_)
        self._server.stop()
        self._server.check()

    def _answer(self, request: Request) -> Response:
        if request.path == "/feed/cs.LG":
            return Response(self._feed, content_type="text/xml")
        if request.path.startswith("/arxiv/"):  # nothing of the past is to be had
            return Response("", 404)
        return self.hub(request)
