"""Are the topics about the papers and the categories that the reader follows? Pure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from digest.core.papers import Paper
from digest.core.scores import ScoredBy, Topics
from digest.core.text import in_other_script
from digest.scoring.embedded import papers_with_phrase
from digest.scoring.prompt import TOPICS

# The topics that this repository and `digest init` come with, and the categories they are about, as
# well as the archives of these.
SHIPPED_NAMES = (
    (
        "Architecture",
        "Compression and efficiency",
        "Large-scale training",
        "Representation learning",
    ),
    ("Efficient language models", "What networks learn"),
)
_SHIPPED_CATEGORIES = frozenset(
    {"cs", "cs.AI", "cs.CL", "cs.CV", "cs.LG", "cs.NE", "eess", "eess.IV", "stat", "stat.ML"}
)


def of_other_field(topics: Topics, categories: Sequence[str], folder: Path) -> str:
    """The warning if `topics.md` is the shipped one, and no category is about that; else ""."""
    if topics.names not in SHIPPED_NAMES or not _SHIPPED_CATEGORIES.isdisjoint(categories):
        return ""
    return (
        f"{folder / TOPICS} has the topics it came with, machine learning, and none of your"
        f" categories is about that ({', '.join(categories)}): write into it what you want to read"
    )


def with_phrase(papers: Sequence[Paper], topics: Topics, scorer: ScoredBy) -> int | None:
    """How many papers have a phrase of the reader's. None if that says nothing: a model also
    understands topics in another script than the papers'."""
    by_words = scorer is ScoredBy.EMBEDDED
    if not by_words and in_other_script(topics.text, (paper.title for paper in papers)):
        return None
    return papers_with_phrase(papers, topics)
