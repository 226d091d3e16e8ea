"""Whether the topics are about the papers and categories that the reader follows."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from digest.core.scores import ScoredBy
from digest.scoring.fit import SHIPPED_NAMES, of_other_field, with_phrase
from digest.scoring.prompt import load_topics
from digest.scoring.topics import parse_topics
from tests import make

ROOT = Path(__file__).parents[2]
STARTER = Path(str(files("digest.cli") / "starter"))
FOLDER = Path("prompts")


def test_the_shipped_topics_are_known_by_their_names() -> None:
    folders = (ROOT / "prompts", STARTER / "prompts")
    assert tuple(load_topics(folder).names for folder in folders) == SHIPPED_NAMES


@pytest.mark.parametrize(
    "categories", [("math.AG",), ("astro-ph.GA", "hep-th"), ("cs.NI", "eess.SP", "stat.AP")]
)
@pytest.mark.parametrize("home", [ROOT, STARTER])
def test_the_shipped_topics_with_other_categories_are_a_warning(
    categories: tuple[str, ...], home: Path
) -> None:
    shipped = load_topics(home / "prompts")
    sentence = of_other_field(shipped, categories, FOLDER)
    assert sentence.startswith("prompts/topics.md has the topics it came with, machine learning")
    assert ", ".join(categories) in sentence
    assert of_other_field(parse_topics("knots"), categories, FOLDER) == ""


@pytest.mark.parametrize("category", ["cs.LG", "stat.ML", "eess.IV", "eess", "cs"])
def test_the_shipped_topics_fit_their_own_categories(category: str) -> None:
    assert of_other_field(load_topics(ROOT / "prompts"), ("math.AG", category), FOLDER) == ""


def test_for_a_model_topics_in_another_script_may_fit() -> None:
    papers = [make.paper(title="Pruning"), make.paper(title="Sheep")]
    chinese = parse_topics("量子计算、量子纠错")
    assert with_phrase(papers, chinese, ScoredBy.MODEL) is None
    assert with_phrase(papers, chinese, ScoredBy.EMBEDDED) == 0
    assert with_phrase(papers, parse_topics("pruning"), ScoredBy.MODEL) == 1
