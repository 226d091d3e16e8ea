"""Small builders: papers, feeds, digests, and arbitrary ones of each for Hypothesis."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import settings
from hypothesis import strategies as st

from digest.core.calendar import EASTERN
from digest.core.day import Below, Cut, Digest, Filtered, Kept, Status, Unscored
from digest.core.papers import AnnounceType, Entry, Feed, Origin, Paper, Source, SourceState
from digest.core.scores import NO_TOPIC, Failure, Prompt, Score, ScoredBy, Usage, Verdict

DAY = date(2026, 1, 30)
CUT = Cut(relevance=8, novelty=7)
NEW, CROSS = AnnounceType.NEW, AnnounceType.CROSS
REPLACE, REPLACE_CROSS = AnnounceType.REPLACE, AnnounceType.REPLACE_CROSS

# The report's keys, as other tools rely on them.
REPORT_KEYS = [
    "status", "reason", "date", "counts", "usage", "cost_usd", "model", "scorer", "page", "commit",
    "seconds", "days", "problem",
]  # fmt: skip
DAY_KEYS = REPORT_KEYS[:-2]  # a day's in it


def paper(
    paper_id: str = "2601.00001",
    *,
    version: int = 1,
    title: str = "",
    authors: Sequence[str] = ("Ada Lovelace",),
    announce_type: AnnounceType = NEW,
    categories: Sequence[str] = ("cs.LG",),
    unreadable: str = "",
) -> Paper:
    return Paper(
        id=paper_id,
        version=version,
        title="" if unreadable == "no title" else title or f"On the matter of {paper_id}",
        authors=tuple(authors),
        abstract=f"What {paper_id} finds.",
        categories=tuple(categories),
        announce_type=announce_type,
        unreadable=unreadable,
    )


def feed(*papers: Paper, category: str = "cs.LG", day: date = DAY) -> Feed:
    return Feed(category, day, papers)


def entry(of: Paper) -> Entry:
    return Entry(of.id, of.version, of.announce_type)


def source(*papers: Paper, fresh: bool = True, url: str = "feed.xml") -> Source:
    state = SourceState.FRESH if fresh else SourceState.STALE
    return Source(url, state, tuple(sorted(map(entry, papers), key=lambda e: e.id)))


def unread(why: str = "HTTP 500 from feed.xml: try again later") -> Source:
    return Source("", SourceState.UNREAD, why=why)


def score(relevance: int = 9, novelty: int | None = 8, topic: str = NO_TOPIC) -> Score:
    return Score(relevance, novelty, topic)


def digest(
    *,
    kept: Sequence[Kept] = (),
    below: Sequence[Paper] = (),
    filtered: Sequence[Paper] = (),
    seen: Sequence[Paper] = (),
    unscored: Sequence[Paper] = (),
    day: date = DAY,
    scorer: ScoredBy = ScoredBy.MODEL,
    generated_at: datetime = datetime(2026, 1, 30, 6, 7, 8, tzinfo=UTC),
) -> Digest:
    """A digest of one category in which each paper has the outcome under which it is given."""
    everything = [*(k.paper for k in kept), *below, *filtered, *seen, *unscored]
    return Digest(
        date=day,
        status=Status.PARTIAL if unscored else Status.COMPLETE,
        generated_at=generated_at,
        scorer=scorer,
        model="gpt-6-luna" if scorer is ScoredBy.MODEL else None,
        prompt=Prompt("You score papers.", "Architecture"),
        cut=CUT,
        sources={"cs.LG": source(*everything)},
        kept=tuple(kept),
        below=tuple(Below(p.id, p.title, score(3, 4)) for p in below),
        filtered=tuple(Filtered(p.id, p.title, "exclude survey") for p in filtered),
        seen=tuple(p.id for p in seen),
        unscored=tuple(Unscored(p, "refused by the provider") for p in unscored),
    )


def scored_day(
    day: date,
    pairs: Sequence[tuple[int, int | None]],
    *,
    scorer: ScoredBy = ScoredBy.MODEL,
    cut: Cut = CUT,
    top: int | None = None,
) -> Digest:
    """A digest with a paper for each pair of relevance and novelty, of which `top` are kept."""
    papers = [paper(f"{day:%y%m}.{day:%d}{number:03}") for number in range(len(pairs))]
    scores = dict(zip(papers, (score(*pair) for pair in pairs), strict=True))
    good = [p for p in papers if cut.passes(scores[p])][:top]
    made = digest(
        kept=[Kept(p, scores[p]) for p in good],
        below=[p for p in papers if p not in good],
        day=day,
        scorer=scorer,
    )
    below = tuple(replace(b, score=scores[p]) for b in made.below for p in papers if p.id == b.id)
    return replace(made, below=below, cut=cut, with_phrase=1)


def rss(announcement: Feed) -> bytes:
    """The feed as arXiv would serve it."""
    midnight = datetime.combine(announcement.date, datetime.min.time(), EASTERN)
    items = "".join(
        f"<item><title>{escape(p.title)}</title>"
        f"<link>https://arxiv.org/abs/{p.id}</link>"
        f"<description>arXiv:{p.id}v{p.version} Announce Type: {p.announce_type} \n"
        f"Abstract: {escape(p.abstract)}</description>"
        f'<guid isPermaLink="false">oai:arXiv.org:{p.id}v{p.version}</guid>'
        + "".join(f"<category>{category}</category>" for category in p.categories)
        + f"<arxiv:announce_type>{p.announce_type}</arxiv:announce_type>"
        f"<dc:creator>{escape(', '.join(p.authors))}</dc:creator></item>"
        for p in announcement.papers
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<rss xmlns:arxiv="http://arxiv.org/schemas/atom"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" version="2.0"><channel>'
        f"<title>{announcement.category} updates on arXiv.org</title>"
        f"<link>http://rss.arxiv.org/rss/{announcement.category}</link>"
        f"<pubDate>{format_datetime(midnight)}</pubDate>{items}</channel></rss>"
    ).encode()


# --- git --------------------------------------------------------------------------------------


def git(folder: Path, *arguments: str, stdin: str | None = None) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def own_git_settings(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    """Keep the tester's own git settings out of it; the file that stands for them."""
    path = folder / "gitconfig"
    user = "[user]\nname = Ada\nemail = ada@example.org\n[init]\ndefaultBranch = main\n"
    path.write_text(user)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(path))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return path


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below `folder` but git's own, with its bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git" not in path.parts
    }


# --- how long and how much --------------------------------------------------------------------

# For what ends by itself: only a fault takes so long, however busy the machine.
PATIENCE_S = 120.0


def until(condition: Callable[[], bool]) -> bool:
    """Wait for `condition` to hold. False if it still does not after `PATIENCE_S`."""
    given_up = time.monotonic() + PATIENCE_S
    while not (holds := condition()) and time.monotonic() < given_up:
        time.sleep(0.01)
    return holds


@contextmanager
def cpu_seconds(most: float) -> Iterator[None]:
    """Fail if this thread computes for longer. Time in which it has to wait does not count."""
    started = time.thread_time()
    yield
    assert time.thread_time() - started < most


def seeds(few: int, *, soak: int) -> list[Any]:
    """Values for `pytest.mark.parametrize`: 0 to `few` - 1, and up to `soak` - 1 in `make soak`."""
    return [*range(few), *(pytest.param(n, marks=pytest.mark.soak) for n in range(few, soak))]


def examples(number: int) -> settings:
    """So many examples of a property in place of 100; fewer in `make test`, more in `make soak`."""
    return settings(max_examples=max(1, number * settings().max_examples // 100))


# --- arbitrary values -------------------------------------------------------------------------

# A few ids only, new and old style, so that feeds, ledgers and days overlap.
SOME_IDS = [
    *(f"2601.0000{n}" for n in range(1, 7)),
    "2512.99999",
    "0704.0001",
    "math.GT/0309136",
    "hep-th/9901001",
]
ids = st.sampled_from(SOME_IDS)
days = st.dates(date(2026, 1, 26), date(2026, 1, 30))
texts = st.text(max_size=20)
announce_types = st.sampled_from(list(AnnounceType))
scores: st.SearchStrategy[Score] = st.builds(
    Score,
    relevance=st.integers(1, 10),
    novelty=st.none() | st.integers(1, 10),
    topic=st.sampled_from([NO_TOPIC, "Architecture"]),
    comment=texts,
    similarity=st.none() | st.floats(-1, 1),
)
verdicts: st.SearchStrategy[Verdict] = scores | st.builds(Failure, reason=texts)


def papers_of(paper_ids: st.SearchStrategy[str]) -> st.SearchStrategy[Paper]:
    maybe = st.none() | texts
    return st.builds(
        Paper,
        id=paper_ids,
        version=st.integers(1, 12),
        title=texts,
        authors=st.lists(texts, max_size=2).map(tuple),
        abstract=texts,
        categories=st.lists(st.sampled_from(["cs.LG", "cs.AI"]), max_size=2).map(tuple),
        announce_type=announce_types,
        affiliations=st.lists(st.tuples(texts, texts), max_size=1).map(tuple),
        doi=maybe,
        journal_ref=maybe,
        license=maybe,
        title_tex=maybe,
        authors_tex=maybe,
        abstract_tex=maybe,
        unreadable=st.just("") | texts,
    )


papers = papers_of(ids)
feeds: st.SearchStrategy[list[Feed]] = st.lists(
    st.builds(
        Feed,
        category=st.sampled_from(["cs.LG", "cs.AI", "hep-th"]),
        date=st.just(DAY),
        papers=st.lists(papers, max_size=8).map(tuple),
    ),
    max_size=3,
)
_tokens = st.none() | st.integers(0, 10**7)
_usages = st.builds(Usage, _tokens, _tokens, _tokens, _tokens, requests=st.integers(0, 99))


@st.composite
def digests(draw: st.DrawFn) -> Digest:
    """Any digest that accounts for each of its papers."""
    chosen = draw(st.lists(papers, max_size=8, unique_by=lambda p: p.id))
    states = ("kept", "below", "filtered", "seen", "unscored")
    outcomes: dict[str, list[Paper]] = {state: [] for state in states}
    entries: dict[str, list[Entry]] = {"cs.LG": [], "cs.AI": []}
    for p in chosen:
        outcomes[draw(st.sampled_from(states))].append(p)
        carriers = draw(st.sampled_from([("cs.LG",), ("cs.AI",), ("cs.LG", "cs.AI")]))
        for category in carriers:
            entries[category].append(entry(p))
    authors = phrases = st.none() | texts
    offline = draw(st.booleans())
    return Digest(
        date=draw(st.dates(date(1991, 8, 14), date(2100, 1, 1))),
        status=draw(st.sampled_from(Status)),
        generated_at=draw(st.datetimes(timezones=st.just(UTC))),
        scorer=ScoredBy.EMBEDDED if offline else ScoredBy.MODEL,
        model=None if offline else draw(st.none() | texts),
        prompt=Prompt(draw(texts), draw(texts)),
        cut=draw(st.builds(Cut, st.integers(1, 10), st.integers(1, 10), st.none() | st.just(3))),
        sources={
            category: Source(
                draw(texts),
                draw(st.sampled_from(SourceState)),
                tuple(lines),
                tuple(draw(st.lists(texts, max_size=1))),
                draw(st.sampled_from(Origin)),
                draw(st.booleans()),
                draw(texts),
            )
            for category, lines in entries.items()
        },
        kept=tuple(Kept(p, draw(scores), draw(authors), draw(phrases)) for p in outcomes["kept"]),
        below=tuple(Below(p.id, p.title, draw(scores)) for p in outcomes["below"]),
        filtered=tuple(Filtered(p.id, p.title, draw(texts)) for p in outcomes["filtered"]),
        seen=tuple(p.id for p in outcomes["seen"]),
        unscored=tuple(
            Unscored(p, draw(texts), draw(authors), draw(phrases)) for p in outcomes["unscored"]
        ),
        usage=draw(_usages),
        cost_usd=draw(st.none() | st.floats(0, 1000)),
        with_phrase=draw(st.none() | st.integers(0, 8)),
    )
