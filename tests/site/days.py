"""Two days to render: one that a model scored and where all happened, one small and quiet."""

from datetime import UTC, date, datetime

from digest.core.config import Site
from digest.core.day import Below, Cut, Digest, Filtered, Kept, Status, Unscored
from digest.core.papers import AnnounceType, Entry, Paper, Source, SourceState
from digest.core.scores import Prompt, Score, ScoredBy, Usage

SITE = Site(title="Papers & Co.")

HOSTILE = Paper(
    id="2611.90003",
    version=1,
    title=("<script>alert(1)</script> | [x](javascript:alert(2)) `{{ page }}` fixes #1 @everyone"),
    authors=("Ann <b>Bold</b>", "Ωmega Ünal"),
    abstract=(
        "An <img src=x onerror=alert(3)> costs $\\mathcal{O}(n^2)$; if $p < 0.05$, _stop_ & go."
    ),
    categories=("cs.LG",),
    announce_type=AnnounceType.CROSS,
)
PLAIN = Paper(
    id="math.GT/0309136",
    version=2,
    title="Sparse routing for C++ programmers",
    authors=("Solo Author",),
    abstract="One sentence.",
    categories=("math.GT", "cs.LG"),
    announce_type=AnnounceType.NEW,
)
LOST = Paper(
    id="2611.90004",
    version=1,
    title="A paper nobody scored",
    authors=("Un Lucky",),
    abstract="Nothing.",
    categories=("cs.AI",),
    announce_type=AnnounceType.NEW,
)


def _source(*papers: tuple[str, str], fresh: bool = True) -> Source:
    entries = tuple(Entry(paper_id, 1, AnnounceType(kind)) for paper_id, kind in papers)
    state = SourceState.FRESH if fresh else SourceState.STALE
    return Source("https://rss.arxiv.org/rss/cs.LG", state, entries)


EVENTFUL = Digest(
    date=date(2026, 11, 12),
    status=Status.PARTIAL,
    generated_at=datetime(2026, 11, 12, 6, 30, tzinfo=UTC),
    scorer=ScoredBy.MODEL,
    model="some-model",
    prompt=Prompt("You read papers.", "## Routing\n\n- Relevant: <b>experts</b>"),
    cut=Cut(8, 7),
    sources={
        "cs.LG": _source(
            ("2611.90003", "cross"),
            ("math.GT/0309136", "new"),
            ("2611.90005", "new"),
            ("2611.90006", "replace"),
        ),
        "cs.AI": _source(("2611.90004", "new"), ("2611.80001", "new"), fresh=False),
    },
    kept=(
        Kept(HOSTILE, Score(10, 9, "Routing", "**Bold** claim <script>alert(4)</script>")),
        Kept(PLAIN, Score(5, 3, comment="Off topic."), author_match="Solo Author"),
    ),
    below=(Below("2611.90005", "Nearly <there>", Score(8, 6)),),
    filtered=(Filtered("2611.90006", "Third version", "announce type replace"),),
    seen=("2611.80001",),
    unscored=(Unscored(LOST, "timeout"),),
    usage=Usage(12_345, 1_000, 678, 90, 3, 0.0123),
    cost_usd=0.0421,
)

QUIET = Digest(
    date=date(2026, 11, 13),
    status=Status.COMPLETE,
    generated_at=datetime(2026, 11, 13, 6, 30, tzinfo=UTC),
    scorer=ScoredBy.EMBEDDED,
    model=None,
    prompt=Prompt("", "## Routing\n\n- Relevant: experts"),
    cut=Cut(8, 7),
    sources={"cs.LG": _source(("2611.90010", "new"))},
    kept=(),
    below=(Below("2611.90010", "Far away", Score(2, None, similarity=0.01)),),
    filtered=(),
    seen=(),
    unscored=(),
)
