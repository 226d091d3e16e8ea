"""What the benches share: real days as feeds, whole runs in processes of their own, servers."""

from __future__ import annotations

import gzip
import json
import logging
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import requests
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from digest.core.papers import AnnounceType, Paper
from tests import feeds
from tests.scoring.fake import Label, Physics, labels_of_seed_day
from tests.scoring.scoring import PROMPTS

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("DIGEST_DATA", "."))
SEED_DATE = date(2026, 1, 30)
PROBE = Path(__file__).with_name("probe.py")


@dataclass(frozen=True, slots=True)
class Announcement:
    """A real day: its papers, what is known of them, and its feed."""

    name: str
    day: date
    category: str
    papers: Sequence[Paper]
    labels: Mapping[str, Label]
    rss: bytes


def seed_announcement(data: Path) -> Announcement:
    papers, labels = labels_of_seed_day(data)
    rss = feeds.as_rss("cs.LG", SEED_DATE, papers)
    return Announcement(f"seed day ({len(papers)})", SEED_DATE, "cs.LG", papers, labels, rss)


def largest_announcement(data: Path) -> Announcement:
    """The feed with the most entries of `feeds_parsed`, written again as RSS. The verdicts are the
    seed day's, by lot."""
    found: list[dict[str, Any]] = []
    for path in sorted(data.glob("feeds_parsed/*.json.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            found += json.load(file).values()
    feed = max(found, key=lambda feed: len(feed["entries"]))
    papers = [_entry(entry) for entry in feed["entries"]]
    verdicts, rng = list(labels_of_seed_day(data)[1].values()), random.Random(0)
    labels = {paper.id: rng.choice(verdicts) for paper in papers}
    day = parsedate_to_datetime(feed["feed"]["published"]).date()
    category = "cs.CL"  # the first of theirs
    rss = feeds.as_rss(category, day, papers)
    return Announcement(f"largest day ({len(papers)})", day, category, papers, labels, rss)


def _entry(entry: Mapping[str, str]) -> Paper:
    announced = re.search(r"Announce Type: (\S+)", entry["summary"])
    paper_id, _, version = entry["id"].rpartition(":")[2].rpartition("v")
    return Paper(
        id=paper_id,
        version=int(version),
        title=entry["title"],
        authors=(entry["author"],),
        abstract=entry["summary"].partition("Abstract: ")[2],
        categories=("cs.LG",),  # theirs are not recorded
        announce_type=AnnounceType(announced[1] if announced else "new"),
    )


# --- whole runs -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Run:
    """One command in a fresh process: its output, and what it took."""

    report: dict[str, Any]
    wall_s: float
    cpu_s: float
    cpu: dict[str, float]  # by stage
    stage_wall: dict[str, float]
    peak_mib: float
    files: int  # of the site, written or changed
    bytes: int  # in them
    written: int  # bytes that the program wrote: of a list that got a line, that line
    git_written: int  # and git, its index and objects

    @property
    def all_written(self) -> int:
        return self.written + self.git_written


@dataclass(frozen=True, slots=True)
class Place:
    """A repository with settings, prompts and, in `docs`, a site; and whose program works there."""

    folder: Path
    source: Path = ROOT

    @property
    def out(self) -> Path:
        return self.folder / "docs"

    def digest(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Run:
        """`digest ARGUMENTS`. RuntimeError where that fails."""
        before = _stamps(self.out)
        with tempfile.TemporaryDirectory() as kept:
            figures = Path(kept, "figures.json")
            command = [sys.executable, "-P", str(PROBE), str(figures), *arguments]
            command += ["--config", str(self.folder / "config.yaml"), "--json"]
            started = time.perf_counter()
            done = subprocess.run(
                command,
                cwd=self.source,
                env={**program_of(self.source), **(environment or {})},
                capture_output=True,
                text=True,
                check=False,
            )
            wall = time.perf_counter() - started
            if done.returncode:
                raise RuntimeError(f"digest {arguments[0]} ended with {done.returncode}: {done}")
            took = json.loads(figures.read_text(encoding="ascii"))
        changed = dict(_stamps(self.out).items() - before.items())
        return Run(
            report=json.loads(done.stdout.splitlines()[-1]),
            wall_s=wall,
            cpu_s=took["cpu_s"],
            cpu=took["cpu"],
            stage_wall=took["wall"],
            peak_mib=took["peak_mib"],
            files=len(changed),
            bytes=sum(size for _, size in changed.values()),
            written=took["written"],
            git_written=took["by_children"],
        )

    def slot(self, day: str) -> Run:
        """`digest run` of a settled day. RuntimeError where it had anything to do."""
        run = self.digest("run", "--date", day)
        if run.report["status"] != "unchanged" or run.files:
            raise RuntimeError(f"not settled: {run.report}")
        return run


def program_of(source: Path) -> dict[str, str]:
    """The environment in which a fresh process imports `digest` from that source tree. Bytecode is
    kept: else a file that was edited is compiled at each start."""
    return {**os.environ, "PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": ""}


@contextmanager
def place(source: Path = ROOT, **settings: Any) -> Iterator[Place]:
    """An empty repository with these settings, for the program of the source tree."""
    with tempfile.TemporaryDirectory() as name:
        made = Place(Path(name), source)
        shutil.copytree(PROMPTS, made.folder / "prompts")
        (made.folder / "config.yaml").write_text(json.dumps(settings), encoding="utf-8")
        git(made.folder, "init", "--quiet", "--initial-branch=main")
        git(made.folder, "config", "gc.auto", "0")  # nothing in the background
        yield made


def git(folder: Path, *command: str) -> None:
    subprocess.run(["git", "-C", folder, *command], check=True)


def _stamps(folder: Path) -> dict[Path, tuple[int, int]]:
    stats = ((path, path.stat()) for path in folder.rglob("*") if path.is_file())
    return {path: (stat.st_mtime_ns, stat.st_size) for path, stat in stats}


# --- servers ----------------------------------------------------------------------------------


@contextmanager
def endpoint(labels: Mapping[str, Label], physics: Physics) -> Iterator[str]:
    """The fake model in a process of its own; its address."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "labels.json")
        path.write_text(json.dumps(labels), encoding="utf-8")
        command = [sys.executable, "-m", "tests.scoring.fake", "--labels", str(path)]
        command += ["--ttft", str(physics.ttft), "--tps", str(physics.tps)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
            try:
                assert process.stdout
                url = process.stdout.readline().strip()
                if not url.startswith("http://"):
                    raise RuntimeError("the fake endpoint did not start")
                yield url
            finally:
                process.terminate()
                process.wait(10)


def records(url: str) -> list[dict[str, Any]]:
    """What the fake at `url` was asked and what it counted."""
    answer = requests.get(url.removesuffix("/v1") + "/records", timeout=60)
    found: list[dict[str, Any]] = answer.json()
    return found


@contextmanager
def feed_server(feeds: Mapping[str, bytes]) -> Iterator[dict[str, str]]:
    """Serve feeds by category, with an ETag; yield the settings under `arxiv` that lead there."""

    def respond(request: Request) -> Response:
        body = feeds.get(request.path.rpartition("/")[2])
        if body is None:
            return Response(status=404)
        response = Response(body, content_type="application/xml")
        response.set_etag("1")
        return response.make_conditional(request)

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line a request is not for the tables
    with HTTPServer(threaded=True) as server:
        server.expect_request(re.compile("/.*")).respond_with_handler(respond)
        address = server.url_for("")
        yield {
            "feed_url": address + "/rss/{category}",
            "site_url": address,
            "api_url": f"{address}/api",
        }
