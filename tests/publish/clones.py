"""Real clones of a real bare remote."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from digest.archive import store
from digest.core.config import Site
from digest.core.day import Digest, Kept
from digest.publish.commit import commit_day
from digest.run import output
from tests import make
from tests.make import git, paper, score

SITE = Site()


def clone(remote: Path, name: str = "clone", *options: str) -> Path:
    folder = remote.with_name(name)
    git(remote.parent, "clone", "--quiet", *options, remote.as_uri(), str(folder))
    return folder


def digest_of(day: date, *ids: str) -> Digest:
    return make.digest(day=day, kept=[Kept(paper(i), score()) for i in ids or ("2601.00001",)])


def record(repository: Path, digest: Digest, site: str = "docs") -> str:
    """The day archived, rendered and committed; the commit's id."""
    output.write(store.Archive(repository / site), digest, SITE)
    made = commit_day(repository / site, digest)
    assert made is not None
    return made
