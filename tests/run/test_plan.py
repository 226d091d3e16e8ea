from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from digest.archive import store
from digest.core.day import Status
from digest.core.papers import Paper
from digest.core.scores import Failure, Prompt, ScoredBy
from tests.make import feed, tree
from tests.run.bench import BAD, EARLIER, A, B, Bench, C, Judge

# --- what has a score, and what is asked again ------------------------------------------------


def test_a_day_run_again_is_unchanged_and_asks_for_nothing(bench: Bench) -> None:
    bench.run(feed(A, B))
    before, judge = tree(bench.out), Judge()
    assert bench.run(feed(A, B), judge=judge).status == "unchanged"
    plan = bench.run(feed(A, B), dry_run=True)
    assert (plan.status, plan.reason) == ("planned", "nothing to do: the day stands")
    assert (tree(bench.out), judge.asked) == (before, [])


def test_rescoring_asks_for_every_paper_again(bench: Bench) -> None:
    bench.run(feed(A, B))
    judge = Judge({A.id: BAD})
    assert bench.run(feed(A, B), judge=judge, rescore=True).status == "updated"
    assert judge.asked == [[A.id, B.id]]
    assert bench.states() == {A.id: "below", B.id: "kept"}


@pytest.mark.parametrize(
    "changed", [{"prompt": Prompt("System", "Other topics")}, {"model": "gpt-7"}]
)
def test_another_question_scores_the_whole_day_anew(bench: Bench, changed: dict[str, Any]) -> None:
    bench.run(feed(A, C), feed(category="cs.AI"), judge=Judge({A.id: BAD}))
    judge = Judge()
    assert bench.run(feed(A, C), feed(category="cs.AI"), judge=judge, **changed).status == (
        "unchanged"  # the day is complete
    )
    bench.run(feed(A, C), feed(B, category="cs.AI"), judge=judge, **changed)
    assert [sorted(asked) for asked in judge.asked] == [[A.id, B.id, C.id]]
    assert set(bench.states().values()) == {"kept"}


def test_a_model_replaces_the_embedded_scorer_and_not_the_reverse(bench: Bench) -> None:
    bench.run(feed(A), scorer=ScoredBy.EMBEDDED)
    judge = Judge()
    assert bench.run(feed(A), judge=judge).status == "updated"
    assert judge.asked == [[A.id]]
    assert bench.run(feed(A), scorer=ScoredBy.EMBEDDED).status == "unchanged"


def test_the_embedded_scorer_scores_the_whole_day_anew(
    bench: Bench,
) -> None:
    judge = Judge()
    bench.run(feed(A), feed(category="cs.AI"), judge=judge, scorer=ScoredBy.EMBEDDED)
    bench.run(feed(A), feed(B, category="cs.AI"), judge=judge, scorer=ScoredBy.EMBEDDED)
    assert judge.asked == [[A.id], [A.id, B.id]]  # it compares each paper with the whole day


def test_later_runs_score_only_what_has_no_score(bench: Bench) -> None:
    runs: list[tuple[list[Paper], int | None, list[str]]] = [
        ([A, B], 1, [A.id]),  # a sample
        ([A, B], None, [B.id]),
        ([A, B, C], None, [C.id]),  # the feed has grown
    ]
    for papers, limit, asked in runs:
        judge = Judge({C.id: Failure("refused")})
        bench.run(feed(*papers), judge=judge, limit=limit)
        assert judge.asked == [asked]
        assert bench.states()[B.id] == ("limit" if limit else "kept")
    assert bench.digest().status is Status.PARTIAL
    judge = Judge()
    assert bench.run(feed(A, B, C), judge=judge).status == "updated"
    assert judge.asked == [[C.id]]
    assert bench.digest().status is Status.COMPLETE


def test_a_plan_says_what_would_be_scored_and_touches_nothing(bench: Bench) -> None:
    judge = Judge()
    report = bench.run(feed(A, B), judge=judge, dry_run=True)
    assert (report.status, report.cost_usd) == ("planned", 0.02)
    assert report.reason == (
        "would score 2 papers with gpt-6-luna in about 1 request: 400 prompt and 80 completion"
        " tokens, $0.0200 if nothing is cached (no past day to compare with)"
    )
    assert (tree(bench.out), judge.asked) == ({}, [])


def test_a_plan_says_when_the_budget_will_not_reach(bench: Bench) -> None:
    bench.config = replace(bench.config, llm=replace(bench.config.llm, budget_usd=0.01))
    report = bench.run(feed(A, B), dry_run=True)
    assert report.reason.endswith("; only $0.0100 of llm.budget_usd is left")


def test_a_plan_does_not_even_make_lost_files_again(bench: Bench) -> None:
    bench.run(feed(A, day=EARLIER), day=EARLIER)
    (bench.out / store.DAYS).unlink()
    before = tree(bench.out)
    bench.run(feed(B), dry_run=True)
    assert tree(bench.out) == before
