"""The simulated arXiv speaks as the real one does: its documents are read as arXiv's own are, and
have the same elements in the same places."""

from __future__ import annotations

import gzip
import re
from datetime import date
from pathlib import Path

from digest.arxiv.feed import parse_feed
from digest.arxiv.listing import parse_catchup, parse_recent, together
from tests.simulator import feeds, pages
from tests.simulator.faults import Rates
from tests.simulator.truth import Batch, Truth

CATEGORIES = ("cs.LG", "cs.AI", "cs.GL")
DAY = date(2026, 1, 30)
TRUTH = Truth(1, CATEGORIES, date(2026, 1, 5), DAY, Rates.none())


def triples(batch: Batch) -> list[tuple[str, int, str]]:
    return [(e.paper.id, e.version, e.type) for e in batch]


def skeleton(html: str) -> list[str]:
    """The kinds of elements, with their classes, from the heading on."""
    main = html[html.index("<div id='dlpage'>") : html.index("</main>")]
    found = re.findall(r"<(/?\w+)(?:[^>]*?\bclass=['\"]([^'\"]*)['\"])?", main)
    kept = [f"{name} {kind}".strip() for name, kind in found if name not in ("br", "/br")]
    return list(dict.fromkeys(kept))


def test_a_day_is_the_same_in_the_feed_and_on_the_pages() -> None:
    for category in CATEGORIES:
        batch = TRUTH.batch(DAY, category)
        feed = parse_feed(feeds.rss(category, DAY, batch))
        assert [(p.id, p.version, str(p.announce_type)) for p in feed.papers] == triples(batch)
        numbers = range(1, len(batch) // pages.PAGE + 2)
        listing = [
            parse_catchup(pages.catchup(category, DAY, batch, n, None), category, DAY)
            for n in numbers
        ]
        whole = together(listing, category)
        assert [p.id for p in whole.papers] == [p.id for p in feed.papers]
        assert [p.title for p in whole.papers] == [p.title for p in feed.papers]
        assert [p.authors for p in whole.papers] == [p.authors for p in feed.papers]
        assert [p.announce_type for p in whole.papers] == [p.announce_type for p in feed.papers]


def test_the_recent_days_are_counted_without_replacements() -> None:
    days = sorted(TRUTH.days, reverse=True)[:5]
    found = parse_recent(
        pages.recent("cs.GL", [(d, TRUTH.batch(d, "cs.GL")) for d in days]), "cs.GL"
    )
    assert found == {
        d: sum(e.type in ("new", "cross") for e in TRUTH.batch(d, "cs.GL")) for d in days
    }


def test_our_catch_up_page_has_the_elements_of_arxivs(real_data: Path) -> None:
    folder = real_data / "catchup" / "rendered"
    real = (folder / "catchup_cs.LG_2026-01-30_with_replacements_trimmed.html").read_text()
    ours = pages.catchup("cs.LG", DAY, TRUTH.batch(DAY, "cs.LG")[: pages.PAGE], 1, DAY).decode()
    optional = {name for name in skeleton(real) if re.search("link-http|comments|journal", name)}
    assert set(skeleton(ours)) == set(skeleton(real)) - optional


def test_our_feed_has_the_elements_of_arxivs(real_data: Path) -> None:
    path = real_data / "feeds_replay" / "rss_cs.LG_2026-01-30_301items.xml.gz"
    real = gzip.decompress(path.read_bytes()).decode()
    ours = feeds.rss("cs.LG", DAY, TRUTH.batch(DAY, "cs.LG")).decode()
    rare = {"arxiv:DOI", "arxiv:journal_reference"}
    assert set(re.findall(r"<([\w:]+)", ours)) == set(re.findall(r"<([\w:]+)", real)) - rare
