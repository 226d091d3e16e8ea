"""What is in papers.rss.xml and papers.atom.xml, an invented announcement of cs.LG."""

from __future__ import annotations

from datetime import date

from digest.core.papers import AnnounceType, Feed, Paper

_CC_BY = "http://creativecommons.org/licenses/by/4.0/"
_ARXIV = "http://arxiv.org/licenses/nonexclusive-distrib/1.0/"

FEED = Feed(
    category="cs.LG",
    date=date(2026, 3, 10),
    papers=(
        Paper(
            id="2603.00011",
            version=1,
            title="Großmann's Kettle: Boiling Water & Other <Hard> Problems in $O(n^2)$ Steps",
            authors=("António Kálmán Ünal", "Łucja Ångström", "Yu-Chiang (Frank) Moss Jr."),
            abstract="We boil water. Abstract: thought is not needed. The Poincaré map of a kettle"
            " has $p<0.05$ and 50\\% of \\emph{steam}.",
            categories=("cs.LG", "stat.ML"),
            announce_type=AnnounceType.NEW,
            affiliations=(
                ("António Kálmán Ünal", "Kettle Lab (West, Wing), Nowhere"),
                ("Yu-Chiang (Frank) Moss Jr.", "Tea Institute, Elsewhere"),
            ),
            license=_CC_BY,
            title_tex="Gro{\\ss}mann's Kettle: Boiling Water & Other <Hard> Problems in $O(n^2)$"
            " Steps",
            authors_tex="Ant\\'onio K\\'{a}lm\\'{a}n \\\"Unal (Kettle Lab (West, Wing), Nowhere),"
            ' {\\L}ucja \\r{A}ngstr{\\"o}m,'
            " Yu-Chiang (Frank) Moss Jr. (Tea Institute, Elsewhere)",
            abstract_tex="We boil water. Abstract: thought is not needed. The Poincar\\'e map of a"
            " kettle has $p<0.05$ and 50\\% of \\emph{steam}.",
        ),
        Paper(
            id="2401.00012",
            version=3,
            title="Spoons Are All You Need",
            authors=("Ada Spoon", "B. (Lab A", "Cy Fork"),
            abstract="AT&T spoons and &lt; signs.",
            categories=("hep-ph", "cs.LG", "cond-mat.mes-hall"),
            announce_type=AnnounceType.CROSS,
            doi="10.1000/spoon.<1>",
            journal_ref="J. Spoons 12 (2024) 345-678",
            license=_ARXIV,
        ),
        Paper(
            id="0704.0013",
            version=5,
            title="Old Tea, New Cups",
            authors=("The Tea Collaboration",),
            abstract="",
            categories=("cs.LG",),
            announce_type=AnnounceType.REPLACE,
            license=_ARXIV,
        ),
        Paper(
            id="math.GT/0309136",
            version=2,
            title="Knots in Tea Bags",
            authors=("K. Not",),
            abstract="A tea bag has a string.",
            categories=("math.GT", "cs.LG"),
            announce_type=AnnounceType.REPLACE_CROSS,
        ),
    ),
)
