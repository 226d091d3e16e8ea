"""Made days; how a repository of them grows, and when GitHub's limits come near.

    python -m tests.bench.site [--data DIR] --lighthouse FOLDER

The command asks Lighthouse what it thinks of the seed day's page, which `make bench` does not.
A made day has the seed day's number of papers and its verdicts. Kept papers are real ones of the
seed and training days, none twice in twenty days; of the others, of which only the title and the
comment are recorded, and of all comments every third long word is another. FOLDER is where somebody
has run `npm install lighthouse`, which is too heavy to be part of this project.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import math
import os
import random
import re
import shutil
import subprocess
import tempfile
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from digest.core import calendar
from digest.core.config import Site
from digest.core.models import Cut, Digest, Status
from digest.core.papers import AnnounceType, Entry, Paper, Source, SourceState
from digest.core.scores import Score, ScoredBy, Usage
from digest.publish import publish
from digest.run import output, ranking
from digest.site.day import day_page
from tests.bench import runs
from tests.scoring.fake import Label, labels_of_seed_day
from tests.scoring.scoring import shipped_prompt
from tests.site import served

SITE = Site(title="Personalized Daily arXiv Papers", url="https://reader.example/digest")
CUT = Cut(8, 7)
FIRST = date(2026, 1, 30)
GROWTH_DAYS, GROWTH_LIMIT = 20, 250_000  # bytes, packed, a day
GEOMETRIC = ("repack", "--quiet", "-d", "--geometric=2")
REPACK = ("repack", "-a", "-d", "-f", "--quiet")
AGGRESSIVE = ("--window=250", "--depth=50")
GITHUB_LIMIT = 1_000_000_000  # bytes: of a published site, and what GitHub advises a repository
DAYS_A_YEAR = 250  # announcement days
SCORE_LIMIT = 95
_GROWTH = (
    "kept", "scanned", "days", "packed", "most", "repacked", "aggressive", "sent", "arrived",
    "remote", "geometric", "unpacked", "page_zip", "packed_years", "remote_years", "site",
    "site_years",
)  # fmt: skip
AUDITS = "performance,accessibility,best-practices,seo"


def main(argv: Sequence[str] | None = None) -> int:
    """Print Lighthouse's scores."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--data", type=Path, default=runs.DATA, help="default: $DIGEST_DATA")
    parser.add_argument(
        "--lighthouse", type=Path, required=True, help="a folder with node_modules/lighthouse"
    )
    args = parser.parse_args(argv)
    lighthouse(Makers(args.data), args.lighthouse)
    return 0


# --- days -------------------------------------------------------------------------------------


class Makers:
    """Makes days of the size and the verdicts of the seed day, out of real papers."""

    def __init__(self, data: Path) -> None:
        self.papers, self.labels = labels_of_seed_day(data)
        _, self.prompt = shipped_prompt()
        self.kept = [p for p in self.papers if _passes(self.labels[p.id])]
        self.others = [p for p in self.papers if not _passes(self.labels[p.id])]
        self.texts = [*self.papers, *_train_papers(data)]
        random.Random(0).shuffle(self.texts)
        self.words = [w for p in self.papers for w in re.findall(r"\w{4,}", p.abstract)]

    def seed_day(self) -> Digest:
        return self._digest(FIRST, self.papers, self.labels)

    def days(self, number: int, kept: int, scanned: int) -> list[Digest]:
        """Announcement days from `FIRST` on, of that many papers each."""
        made, day = [], FIRST
        for index in range(number):
            made.append(self.day(index, day, kept, scanned))
            day = calendar.next_announcement(day)
        return made

    def day(self, index: int, day: date, kept: int, scanned: int) -> Digest:
        rng = random.Random(index)
        papers, labels = [], {}
        chosen = _draw(rng, self.kept, kept) + _draw(rng, self.others, scanned - kept)
        for number, judged in enumerate(chosen):
            paper_id = f"{day:%y%m}.{day.day:02}{number:03}"
            if number < kept:  # whole, and no paper twice while there are others
                paper = self.texts[(index * kept + number) % len(self.texts)]
            else:  # of which only the title is recorded
                paper = rng.choice(self.texts)
                paper = replace(paper, title=self._reworded(rng, paper.title))
            papers.append(replace(paper, id=paper_id))
            label = self.labels[judged.id]
            comment = self._reworded(rng, label["comment"])
            labels[paper_id] = Label(**{**label, "comment": comment})
        rng.shuffle(papers)
        return self._digest(day, papers, labels)

    def _reworded(self, rng: random.Random, text: str) -> str:
        """The text with every third long word another one: no long run is that of another day."""

        def other(match: re.Match[str]) -> str:
            return rng.choice(self.words) if rng.random() < 1 / 3 else match[0]

        parts = re.split(r"(\$[^$]*\$|\\\w+)", text)  # formulas stay whole
        return "".join(p if i % 2 else re.sub(r"\w{4,}", other, p) for i, p in enumerate(parts))

    def _digest(self, day: date, papers: Sequence[Paper], labels: dict[str, Label]) -> Digest:
        verdicts = {paper_id: Score(**label) for paper_id, label in labels.items()}
        ranked = ranking.rank(papers, verdicts, CUT, {})
        ids = sorted(paper.id for paper in papers)
        entries = tuple(Entry(paper_id, 1, AnnounceType.NEW) for paper_id in ids)
        return Digest(
            date=day,
            status=Status.COMPLETE,
            generated_at=datetime(day.year, day.month, day.day, 6, 30, tzinfo=UTC),
            scorer=ScoredBy.MODEL,
            model="some-model",
            prompt=self.prompt,
            cut=CUT,
            sources={
                "cs.LG": Source("https://rss.arxiv.org/rss/cs.LG", SourceState.FRESH, entries)
            },
            kept=ranked.kept,
            below=ranked.below,
            filtered=(),
            seen=(),
            unscored=(),
            usage=Usage(190_000 + day.toordinal() % 997, 60_000, 31_000, 4_000, 46),
            cost_usd=0.04 + day.toordinal() % 997 / 1e6,
        )


def _draw(rng: random.Random, papers: list[Paper], number: int) -> list[Paper]:
    """So many of them, none twice while there are others."""
    return rng.sample(papers * math.ceil(number / len(papers)), number)


def _passes(label: Label) -> bool:
    return label["relevance"] >= CUT.relevance and label["novelty"] >= CUT.novelty


def _train_papers(data: Path) -> Iterator[Paper]:
    for path in sorted(data.glob("train_days/*.candidates.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                authors, categories = tuple(row["authors"]), tuple(row["categories"])
                texts = row["title"], authors, row["abstract"]
                yield Paper(row["id"], 1, *texts, categories, AnnounceType.NEW)


# --- growth -----------------------------------------------------------------------------------


def growth(makers: Makers) -> list[dict[str, Any]]:
    """What a day adds to a repository that is packed each night, and to the site itself."""
    like_seed = len(makers.kept), len(makers.papers)
    print(
        "bytes a day: packed by gc each day, the most of any day, repacked anew in the end, the"
        " same with the window of gc --aggressive; what a push sends; what a server that keeps each"
        " push as a pack, as GitHub does, has before gc (arrived), after one (remote) and with a"
        " geometric repack each day; what one that unpacks them has with gc each day; the day's"
        " page deflated; the site's own files\n"
        f"years until 1 GB = {GITHUB_LIMIT:,} / (bytes a day x {DAYS_A_YEAR} announcement days);"
        f" aim: {GROWTH_LIMIT:,} packed a day at {like_seed[0]} kept"
    )
    print("".join(f"{name:>13}" for name in _GROWTH))
    rows = []
    for kept, days in ((20, 10), (like_seed[0], GROWTH_DAYS), (180, 10)):
        scanned = kept * like_seed[1] // like_seed[0]
        made = makers.days(days, kept, scanned)
        row = {"kept": kept, "scanned": scanned, "days": days} | _grow(made) | _pushed(made)
        for name in ("packed", "remote", "site"):
            row[f"{name}_years"] = round(GITHUB_LIMIT / (row[name] * DAYS_A_YEAR), 1)
        print("".join(f"{row[name]:>13,}" for name in _GROWTH), flush=True)
        rows.append(row)
    return rows


def _grow(days: Sequence[Digest]) -> dict[str, Any]:
    packed, sizes = [0], []
    with tempfile.TemporaryDirectory() as name:
        out = Path(name, "docs")
        _git(Path(name), "init", "--quiet", "--initial-branch=main")
        for digest in days:
            output.write(out, digest, None, SITE)
            publish.commit(out, digest)
            packed.append(_packed(Path(name), "gc", "--quiet", "--prune=now"))
            sizes.append(sum(path.stat().st_size for path in out.rglob("*") if path.is_file()))
        # Git looks for deltas among neighbours, sorted by the ends of their names: in its window of
        # ten, index.html and the day's page, nearly the same bytes, do not meet; in one of 250 they
        # do. The daily gc, which has few new files at a time and keeps its deltas, stands between.
        fresh = _packed(Path(name), *REPACK) // len(days)
        aggressive = _packed(Path(name), *REPACK, *AGGRESSIVE) // len(days)
    return {
        "packed": packed[-1] // len(days),  # gc each day
        "most": max(b - a for a, b in itertools.pairwise(packed)),
        "repacked": fresh,  # once, anew
        "aggressive": aggressive,  # as gc --aggressive does
        "site": (sizes[-1] - sizes[0]) // (len(days) - 1),
        "page_zip": sum(map(_deflated, days)) // len(days),
    }


def _pushed(days: Sequence[Digest]) -> dict[str, int]:
    """What the pushes of a bot, each day from a new shallow clone, leave on three kinds of server.

    A push finds its deltas among the few files of the day and the ones they replace, so that there
    a window of ten is wide enough. A server that keeps the pack adds to it the files that it builds
    upon, whole; gc then drops these and takes the deltas over, a geometric repack only some. GitHub
    keeps each push, however small, by `git index-pack --stdin --fix-thin` (`readPack` in
    internal/spokes/spokes.go of github/spokes-receive-pack, read in November 2026), and has told of
    geometric repacks (its blog, "Scaling monorepo maintenance", April 2021). A server that unpacks
    a push, as git does below 100 objects unless told otherwise, finds its own deltas.
    """
    found = dict.fromkeys(("sent", "arrived", "remote", "geometric", "unpacked"), 0)
    with tempfile.TemporaryDirectory() as name:
        keeping, merging, unpacking = (Path(name, kind) for kind in ("keep", "merge", "unpack"))
        for server, limit in ((keeping, 1), (merging, 1), (unpacking, 100)):
            _git(Path(name), "init", "--quiet", "--bare", "--initial-branch=main", str(server))
            _git(server, "config", "receive.unpackLimit", str(limit))
            _git(server, "config", "receive.autogc", "false")  # nothing in the background
        for number, digest in enumerate(days):
            clone = Path(name, f"clone{number}")
            command = ["git", "clone", "--depth=1", f"file://{keeping}", str(clone)]
            subprocess.run(command, check=True, capture_output=True)  # it warns of an empty one
            output.write(clone / "docs", digest, None, SITE)
            publish.commit(clone / "docs", digest)
            # A bundle is a short header and the pack that a push sends.
            since = ["^HEAD^"] if number else []
            _git(clone, "bundle", "create", "--quiet", f"{name}/pushed", "HEAD", *since)
            found["sent"] += Path(name, "pushed").stat().st_size
            for server in (keeping, merging, unpacking):
                _git(clone, "push", "--quiet", f"file://{server}", "HEAD:main")
            found["geometric"] = _packed(merging, *GEOMETRIC)
            found["unpacked"] = _packed(unpacking, "gc", "--quiet", "--prune=now")
            shutil.rmtree(clone)
        found["arrived"] = _packed(keeping)
        found["remote"] = _packed(keeping, "gc", "--quiet", "--prune=now")
    return {figure: total // len(days) for figure, total in found.items()}


def _packed(repository: Path, *command: str) -> int:
    """The bytes of the repository's packs and their indexes once git has packed it so."""
    if command:
        _git(repository, *command)
    inside = repository / ".git"  # unless it is a bare one
    packs = (inside if inside.exists() else repository) / "objects/pack"
    return sum(path.stat().st_size for path in packs.iterdir())


def _deflated(digest: Digest) -> int:
    return len(zlib.compress(day_page(digest, SITE, root="../")))


def _git(folder: Path, *command: str) -> None:
    subprocess.run(["git", "-C", folder, *command], check=True)


# --- Lighthouse -------------------------------------------------------------------------------


def lighthouse(makers: Makers, folder: Path) -> dict[str, Any]:
    """Lighthouse's scores of the seed day's page, as on a phone and on a desk."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name, _serve(Path(name)) as address:
        site = replace(SITE, url=address.rstrip("/"))
        files = output.site_files([makers.seed_day()], site)
        served.write(Path(name), {str(p): data for p, data in files.items() if data is not None})
        for form in ("mobile", "desktop"):
            page = f"{address}2026/2026-01-30.html"
            found[form] = _judge(folder, page, [] if form == "mobile" else ["--preset=desktop"])
            print(f"Lighthouse, {form}: {found[form]}; the limit is {SCORE_LIMIT} each", flush=True)
    return found


class _Pages(SimpleHTTPRequestHandler):
    """A site as GitHub Pages serves it: below a repository's name, compressed."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path.removeprefix(served.BASE.rstrip("/"))))
        if not path.is_file():
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        body = gzip.compress(path.read_bytes())
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", f"{self.guess_type(path)}; charset=utf-8")
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "max-age=600")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing: the table is what there is to read."""


@contextmanager
def _serve(folder: Path) -> Iterator[str]:
    """The address at which `folder` is served."""
    handler = partial(_Pages, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}{served.BASE}"
        finally:
            server.shutdown()
            thread.join()


def _judge(folder: Path, address: str, options: Sequence[str]) -> dict[str, Any]:
    command: list[str | Path] = ["node", folder / "node_modules/lighthouse/cli/index.js", address]
    command += ["--quiet", "--output=json", f"--only-categories={AUDITS}", *options]
    command.append("--chrome-flags=--headless=new --no-sandbox --disable-gpu")
    environment = {**os.environ, "CHROME_PATH": str(served.CHROMIUM)}
    run = subprocess.run(command, env=environment, capture_output=True, check=False)
    if run.returncode:
        return {"error": run.stderr.decode()[-500:]}
    answer = json.loads(run.stdout)
    scores: dict[str, Any] = {
        name: round(100 * (category["score"] or 0))
        for name, category in answer["categories"].items()
    }
    audits = answer["audits"].items()
    scores["failed"] = [
        n for n, a in audits if a["score"] is not None and a["score"] < SCORE_LIMIT / 100
    ]
    return scores


if __name__ == "__main__":
    raise SystemExit(main())
