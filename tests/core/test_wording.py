from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from digest.core.day import Digest, Kept
from digest.core.papers import Origin, Source
from digest.core.scores import Prompt, ScoredBy
from digest.core.wording import warnings, without_phrases
from tests import make

FRIDAY, LABOR_DAY = date(2026, 1, 30), date(2026, 9, 7)


def made_on(day: date, made: str) -> Digest:
    return make.digest(day=day, below=[make.paper()], generated_at=datetime.fromisoformat(made))


@pytest.mark.parametrize(
    ("day", "made", "late"),
    [
        (FRIDAY, "2026-01-30T05:30Z", None),  # half an hour after the feed's own midnight
        (FRIDAY, "2026-02-01T12:00Z", None),  # over the weekend nothing else was announced
        (FRIDAY, "2026-02-02T04:59Z", None),  # in the east it is still Sunday
        (FRIDAY, "2026-02-02T05:00Z", "Monday, 2 February 2026"),
        (FRIDAY, "2026-02-04T03:00Z", "Tuesday, 3 February 2026"),
        (LABOR_DAY, "2026-09-08T12:00Z", None),  # it empties Tuesday's feed
        (LABOR_DAY, "2026-09-09T12:00Z", "Wednesday, 9 September 2026"),
    ],
)
def test_a_day_made_once_the_next_was_due_says_when(day: date, made: str, late: str | None) -> None:
    expected = (f"Made on {late}, after arXiv's next announcement was due.",) if late else ()
    assert warnings(made_on(day, made)) == expected


def test_in_an_outage_the_first_warning_says_who_scored_and_why() -> None:
    day = make.digest(below=[make.paper()], scorer=ScoredBy.EMBEDDED)
    long = "HTTP 503\nfrom the endpoint " + "again and " * 90 + "again."
    first, *others = warnings(replace(day, fallback=long))
    assert first.startswith(
        "The model has not scored this day: HTTP 503 from the endpoint again and"
    )
    end = "…. The embedded scorer has, without novelty; the model scores it later."
    assert first.endswith(end)
    assert len(first) < 300  # what a feed shows of it
    assert not any("without a language model" in other for other in others)


def of(**sources: Source) -> list[str]:
    digest = make.digest(below=[make.paper()])
    return list(warnings(replace(digest, sources=digest.sources | sources)))


def test_what_could_not_be_read_is_said_with_the_reason() -> None:
    lacks = "announced could not be read when this was made:"
    assert of(a=make.unread("")) == [f"What a {lacks} its papers are missing."]
    (one,) = of(a=make.unread("HTTP 500: try again later"))
    assert one == f"What a {lacks} its papers are missing (a: HTTP 500: try again later)."
    (three,) = of(a=make.unread("no"), b=make.unread("no"), c=make.unread("yes"))
    assert three == f"What a, b, c {lacks} their papers are missing (a, b: no; c: yes)."


def test_a_stale_category_is_not_an_unread_one() -> None:
    (stale,) = of(a=make.source(fresh=False))
    assert stale.startswith("arXiv's feed for a showed another day")


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (make.source(), "arXiv's feed for a was empty."),
        (replace(make.source(make.paper()), capped=True), "arXiv cuts a feed at 2,000 entries"),
        (replace(make.source(make.paper()), origin=Origin.PAGE), "Taken from arXiv's catch-up"),
        (
            replace(make.source(make.paper()), origin=Origin.FEED_AND_PAGE),
            "Completed from arXiv's catch-up pages: a.",
        ),
        (replace(make.source(make.paper()), origin=Origin.SEARCH), "Rebuilt from submission"),
        (
            replace(make.source(make.paper()), unreadable=("x", "y")),
            "2 entries of arXiv's had no id that could be read, so their papers are not counted",
        ),
    ],
)
def test_a_warning_names_what_is_wrong_with_a_source(source: Source, sentence: str) -> None:
    (warning,) = of(a=source)
    assert warning.startswith(sentence)


@pytest.mark.parametrize(("made", "late"), [("0001-01-01T00:00Z", 0), ("9999-12-31T23:59Z", 1)])
def test_any_time_at_which_a_day_was_made_can_be_told(made: str, late: int) -> None:
    assert len(warnings(made_on(FRIDAY, made))) == late


PAPERS = [make.paper(f"2601.{n:05}") for n in range(100)]
SEE = "a phrase of topics.md: see `digest topics`, and `categories` in config.yaml."
COMPARES = "The embedded scorer compares words:"
IN_ENGLISH = f"{COMPARES} the topics must be in the language of the papers, English."
NO_PHRASE = f"None of the 6 papers has {SEE}"
CHINESE = "我研究大语言模型（LLM）的推理，Transformer 和强化学习。"
TRANSLATED = "I study the reasoning of large language models (LLM), and reinforcement learning."


def without(
    scorer: ScoredBy,
    *,
    papers: int = 6,
    kept: int = 0,
    relevance: int = 9,
    found: int | None = 0,
    topics: str = "",
) -> str:
    digest = make.digest(
        kept=[Kept(paper, make.score(relevance)) for paper in PAPERS[:kept]],
        below=PAPERS[kept:papers],
        scorer=scorer,
    )
    return without_phrases(
        replace(digest, with_phrase=found, prompt=Prompt("", topics or "pruning"))
    )


@pytest.mark.parametrize("scorer", ScoredBy)
def test_topics_without_a_phrase_in_any_paper_are_no_quiet_day(scorer: ScoredBy) -> None:
    more = f" {IN_ENGLISH}" if scorer is ScoredBy.EMBEDDED else ""
    assert without(scorer) == NO_PHRASE + more
    assert without(scorer, papers=100, found=1) == f"Only 1 of the 100 papers has {SEE}{more}"
    assert without(scorer, found=1) == without(scorer, found=None) == ""


def test_a_model_may_keep_papers_without_phrases() -> None:
    assert without(ScoredBy.MODEL, kept=1) == ""
    assert without(ScoredBy.MODEL, papers=100, kept=1, found=1) == ""
    assert without(ScoredBy.EMBEDDED, kept=1).startswith(NO_PHRASE)


@pytest.mark.parametrize(
    ("papers", "kept", "relevance", "found", "is_said"),
    [
        (100, 1, 6, 1, True),
        (100, 1, 7, 1, False),  # a paper that is about the topics
        (100, 1, 6, 2, False),
        (50, 0, 0, 1, False),
        (49, 0, 0, 1, False),
    ],
)
def test_a_phrase_in_hardly_any_paper_is_as_good_as_none(
    papers: int, kept: int, relevance: int, found: int, is_said: bool
) -> None:
    sentence = without(
        ScoredBy.EMBEDDED, papers=papers, kept=kept, relevance=relevance, found=found
    )
    assert sentence.startswith("Only 1 of") == is_said == bool(sentence)


def test_topics_in_another_script_are_said_to_be() -> None:
    chinese = "# Topics\n## 量子计算\n- Relevant: 量子纠错、表面码"
    assert "another script" in without(ScoredBy.EMBEDDED, topics=chinese)
    assert "another script" not in without(ScoredBy.EMBEDDED, topics="Quarks, and α decay")


@pytest.mark.parametrize(
    ("topics", "is_said"),
    [
        (CHINESE, True),
        (f"{CHINESE}\n{TRANSLATED}", False),
        ("Я изучаю большие языковые модели (LLM)", True),
        (f"Я изучаю рассуждения больших языковых моделей (LLM)\n{TRANSLATED}", False),
        ("Quarks, and α decay", False),
    ],
)
def test_a_latin_word_among_others_does_not_hide_the_script(topics: str, is_said: bool) -> None:
    expected = (
        "topics.md is mostly written in another script than the papers, and 3 of the 6 have a"
        f" phrase of it. {COMPARES} write the topics in English too, or use a model."
    )
    assert without(ScoredBy.EMBEDDED, found=3, topics=topics) == (expected if is_said else "")
    assert without(ScoredBy.MODEL, found=3, topics=topics) == ""


def test_of_a_few_papers_no_phrase_says_nothing() -> None:
    digest = replace(make.digest(below=PAPERS[:4]), with_phrase=0)
    assert without_phrases(digest) == ""
