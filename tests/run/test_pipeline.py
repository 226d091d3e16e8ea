from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from digest.archive import ledger, store
from digest.arxiv.fetch import Fetched, replay
from digest.core import files
from digest.core.config import Config
from digest.core.day import Digest, Status
from digest.core.errors import ArchiveError, FeedError, ScoringError
from digest.core.papers import Feed, Paper
from digest.core.scores import Failure, Prompt, ScoredBy, Scoring, Usage, Verdict
from digest.run.announcement import Announcement
from digest.run.job import Job
from digest.run.output import render
from digest.run.pipeline import run_day
from digest.run.report import DayReport
from digest.scoring.scorer import Scorer
from tests import make
from tests.make import DAY, REPLACE, paper, score, tree

EARLIER = DAY - timedelta(days=1)
A, B, C = paper("2601.00001"), paper("2601.00002"), paper("2601.00003")
GOOD, BAD = score(9, 9), score(2, 2)
PROMPT = Prompt("System", "User")

FREE = Usage()
ESTIMATE = Scoring({}, Usage(prompt_tokens=400, completion_tokens=80, requests=1), 0.02)


class Judge:
    """A scorer that keeps everything it has no other verdict for, and remembers what was asked."""

    def __init__(
        self,
        verdicts: Mapping[str, Verdict] | None = None,
        usage: Usage = FREE,
        cost_usd: float | None = None,
    ) -> None:
        self.verdicts = verdicts or {}
        self.usage = usage
        self.cost_usd = cost_usd
        self.asked: list[list[str]] = []
        self.left_usd: list[float | None] = []

    def __call__(
        self, papers: Sequence[Paper], left_usd: float | None, keep: Callable[[Scoring], None]
    ) -> Scoring:
        self.asked.append([p.id for p in papers])
        self.left_usd.append(left_usd)
        if not papers:
            return Scoring({})
        verdicts = {p.id: self.verdicts.get(p.id, GOOD) for p in papers}
        scoring = Scoring(verdicts, self.usage, self.cost_usd)
        if self.usage.requests:
            keep(scoring)
        return scoring


class Bench:
    """A site being made: runs days on it and reads them back."""

    def __init__(self, out: Path, config: Config | None = None) -> None:
        self.out = out
        self.config = replace(config or Config(("cs.LG", "cs.AI")), out=out)
        self.now = datetime(2026, 1, 30, 6, 0, tzinfo=UTC)

    def run(
        self,
        *feeds: Feed,
        judge: Judge | None = None,
        day: date = DAY,
        scorer: ScoredBy = ScoredBy.MODEL,
        model: str = "gpt-6-luna",
        prompt: Prompt = PROMPT,
        rescore: bool = False,
        limit: int | None = None,
        dry_run: bool = False,
        **settings: tuple[str, ...],
    ) -> DayReport:
        self.now += timedelta(hours=1)
        job = Job(
            config=replace(self.config, **settings),  # type: ignore[arg-type]
            scorer=Scorer(
                scorer,
                model if scorer is ScoredBy.MODEL else None,
                prompt,
                judge or Judge(),
                estimate=lambda _: ESTIMATE,
            ),
            now=lambda: self.now,
            unfinished=self.out.parent / ".digest",
            commit=False,
            rescore=rescore,
            limit=limit,
            dry_run=dry_run,
        )
        archive = store.Archive(self.out) if dry_run else store.Archive.repaired(self.out)
        readings = [Fetched(f"{f.category}.xml", f) for f in feeds]
        return run_day(job, archive, Announcement.of(archive, day, readings))

    def digest(self, day: date = DAY) -> Digest:
        digest = store.read_day(self.out, day)
        assert digest is not None
        return digest

    def states(self, day: date = DAY) -> dict[str, str]:
        digest = self.digest(day)
        return {
            **{kept.paper.id: "kept" for kept in digest.kept},
            **{below.id: "below" for below in digest.below},
            **{filtered.id: filtered.rule for filtered in digest.filtered},
            **dict.fromkeys(digest.seen, "seen"),
            **{unscored.paper.id: unscored.reason for unscored in digest.unscored},
        }


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "docs")


def feed(*papers: Paper, category: str = "cs.LG", day: date = DAY) -> Feed:
    return make.feed(*papers, category=category, day=day)


# --- a day --------------------------------------------------------------------------------------


def test_every_paper_of_a_day_ends_in_one_state(bench: Bench) -> None:
    bench.run(feed(paper("2601.00009"), day=EARLIER), day=EARLIER)
    report = bench.run(
        feed(A, B, paper("2601.00004", announce_type=REPLACE), paper("2601.00009")),
        feed(C, A, category="cs.AI"),
        judge=Judge({B.id: BAD, C.id: Failure("refused")}),
    )
    assert bench.states() == {
        A.id: "kept",
        B.id: "below",
        C.id: "refused",
        "2601.00004": "announce type replace",
        "2601.00009": "seen",
    }
    assert (report.status, report.reason) == ("published", "1 of 3 papers kept, 1 not scored")
    assert bench.digest().status is Status.PARTIAL


def test_an_author_match_is_kept_under_the_cut(bench: Bench) -> None:
    bench.run(feed(A), judge=Judge({A.id: BAD}), authors=("ada LOVELACE",))
    assert bench.digest().kept[0].author_match == "ada LOVELACE"


def test_nothing_is_written_when_scoring_fails(bench: Bench) -> None:
    class Outage(Judge):
        def __call__(self, *_: object) -> Scoring:
            raise ScoringError("the key was rejected")

    with pytest.raises(ScoringError):
        bench.run(feed(A), judge=Outage())
    assert tree(bench.out) == {}


# --- nothing of today's own ---------------------------------------------------------------------


def test_a_feed_that_repeats_an_earlier_day_is_stale(bench: Bench) -> None:
    bench.run(feed(A, day=EARLIER), day=EARLIER)
    before = tree(bench.out)
    report = bench.run(feed(A))
    assert (report.status, report.date) == ("stale_feed", DAY)
    assert "cs.LG" in report.reason
    assert tree(bench.out) == before


def test_one_stale_category_beside_an_empty_one_is_no_quiet_day(bench: Bench) -> None:
    bench.run(feed(A, day=EARLIER), feed(B, category="cs.AI", day=EARLIER), day=EARLIER)
    report = bench.run(feed(A), feed(category="cs.AI"))
    assert report.status == "stale_feed"
    assert "cs.AI" not in report.reason


@pytest.mark.parametrize("other", [EARLIER, DAY + timedelta(days=1)])
def test_a_feed_under_another_days_date_is_stale(bench: Bench, other: date) -> None:
    report = bench.run(feed(A, day=other))
    assert (report.status, report.reason) == (
        "stale_feed",
        f"the feed of cs.LG is that of {other}: try again later",
    )
    assert tree(bench.out) == {}


def test_a_feed_that_falls_back_removes_nothing(bench: Bench) -> None:
    bench.run(feed(A), feed(B, category="cs.AI"))
    before = tree(bench.out)
    report = bench.run(feed(A), feed(C, category="cs.AI", day=EARLIER))
    assert report.status == "unchanged"
    assert tree(bench.out) == before


# --- a day once more ----------------------------------------------------------------------------


def test_a_day_run_again_is_unchanged_and_asks_for_nothing(bench: Bench) -> None:
    bench.run(feed(A, B))
    before, judge = tree(bench.out), Judge()
    assert bench.run(feed(A, B), judge=judge).status == "unchanged"
    plan = bench.run(feed(A, B), dry_run=True)
    assert (plan.status, plan.reason) == ("planned", "nothing to do: the day stands")
    assert (tree(bench.out), judge.asked) == (before, [])


def test_papers_that_the_feed_loses_keep_their_outcomes(bench: Bench) -> None:
    replaced = paper("2601.00004", announce_type=REPLACE)
    verdicts: dict[str, Verdict] = {B.id: BAD, C.id: Failure("refused")}
    bench.run(feed(A, B, C, replaced), judge=Judge(verdicts))
    before = bench.states()
    bench.run(feed(paper("2601.00005")), judge=Judge(verdicts))
    assert bench.states() == before | {"2601.00005": "kept"}


def test_a_category_that_was_stale_gives_way_when_it_turns(bench: Bench) -> None:
    bench.run(feed(A, day=EARLIER), feed(B, category="cs.AI", day=EARLIER), day=EARLIER)
    bench.run(feed(C), feed(B, category="cs.AI"))
    assert (bench.digest().status, bench.digest().stale) == (Status.PARTIAL, ("cs.AI",))
    assert bench.states() == {C.id: "kept", B.id: "seen"}
    late = paper("2601.00007")
    assert bench.run(feed(C), feed(late, category="cs.AI")).status == "updated"
    assert (bench.digest().status, bench.digest().stale) == (Status.COMPLETE, ())
    assert bench.states() == {C.id: "kept", late.id: "kept"}


def test_stale_papers_leave_when_the_feed_turns(bench: Bench) -> None:
    refused = Judge({B.id: Failure("refused")})
    scored = paper("2601.00008")  # a day without any score is an outage
    bench.run(feed(B, scored, category="cs.AI", day=EARLIER), day=EARLIER, judge=refused)
    bench.run(feed(C), feed(B, category="cs.AI"))
    assert bench.states() == {C.id: "kept", B.id: "stale feed"}
    bench.run(feed(C), feed(A, category="cs.AI"))
    assert bench.states() == {C.id: "kept", A.id: "kept"}
    assert store.Archive(bench.out).scored_on([B.id]) == {}  # to be scored where it is announced


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


# --- what a day cost ----------------------------------------------------------------------------

SPENT = Usage(100, 50, 20, 10, requests=1)


# --- what a day has paid for and no record holds -------------------------------------------------


NO_ANSWER = Failure("timeout")


def paid(verdicts: Mapping[str, Verdict] | None = None) -> Judge:
    return Judge(verdicts, SPENT, 0.25)


def waiting(bench: Bench) -> Path:
    return bench.out.parent / ".digest" / f"{DAY}.jsonl"


def outage(bench: Bench) -> None:
    """A try that comes to nothing and has cost something."""
    with pytest.raises(ScoringError):
        bench.run(feed(A, B, C), judge=paid({p.id: NO_ANSWER for p in (A, B, C)}))


def test_a_record_takes_over_what_earlier_tries_have_cost(bench: Bench) -> None:
    outage(bench)
    outage(bench)
    lines = waiting(bench).read_bytes()
    bench.run(feed(A, B, C), dry_run=True)
    assert waiting(bench).read_bytes() == lines
    bench.run(feed(A, B, C), judge=paid())
    assert (bench.digest().usage.requests, bench.digest().cost_usd) == (3, 0.75)
    assert not waiting(bench).exists()


def put_back(bench: Bench, lines: bytes) -> None:
    waiting(bench).parent.mkdir(exist_ok=True)
    waiting(bench).write_bytes(lines)


def test_a_kill_before_forgetting_counts_nothing_twice(bench: Bench) -> None:
    bench.run(feed(A, B), judge=paid({B.id: NO_ANSWER}))
    bench.run(feed(A, B), judge=paid({B.id: NO_ANSWER}))
    lines = waiting(bench).read_bytes()
    assert lines.count(b"\n") == 1
    bench.run(feed(A, B), judge=paid())
    assert bench.digest().cost_usd == 0.75
    put_back(bench, lines)  # as if it had not come so far
    before = tree(bench.out)
    assert bench.run(feed(A, B)).status == "unchanged"
    assert tree(bench.out) == before
    assert not waiting(bench).exists()
    put_back(bench, lines)
    bench.run(feed(A, B, C), judge=paid())
    assert bench.digest().cost_usd == 1.0


def test_failed_tries_wait_for_news(bench: Bench) -> None:
    failing = paid({B.id: NO_ANSWER})
    bench.run(feed(A, B), judge=failing)
    before = tree(bench.out)
    for _ in range(3):
        assert bench.run(feed(A, B), judge=failing).status == "unchanged"
    assert tree(bench.out) == before
    bench.run(feed(A, B), judge=paid())
    assert (bench.digest().usage.requests, bench.digest().cost_usd) == (5, 1.25)


def test_what_may_be_spent_is_what_the_day_has_left(bench: Bench) -> None:
    judge = paid({B.id: NO_ANSWER})
    for _ in range(6):
        bench.run(feed(A, B), judge=judge)
    assert judge.left_usd == [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]


def test_an_unfinished_rescoring_is_left_to_the_next_one(bench: Bench) -> None:
    bench.run(feed(A, B, C), judge=paid())

    class Interrupts(Judge):
        def __call__(
            self, papers: Sequence[Paper], left_usd: float | None, keep: Callable[[Scoring], None]
        ) -> Scoring:
            super().__call__(papers[:1], left_usd, keep)
            raise ScoringError("interrupted")

    with pytest.raises(ScoringError):
        bench.run(feed(A, B, C), judge=Interrupts({A.id: BAD}, SPENT, 0.25), rescore=True)
    assert bench.run(feed(A, B, C)).status == "unchanged"
    assert bench.run(feed(A, B, C), scorer=ScoredBy.EMBEDDED).status == "unchanged"
    judge = paid()
    assert bench.run(feed(A, B, C), judge=judge, rescore=True).status == "updated"
    assert judge.asked == [[B.id, C.id]]
    assert bench.states() == {A.id: "below", B.id: "kept", C.id: "kept"}
    assert bench.digest().cost_usd == 0.75
    again = paid()
    bench.run(feed(A, B, C), judge=again, rescore=True)
    assert [sorted(asked) for asked in again.asked] == [[A.id, B.id, C.id]]


def test_the_embedded_scorers_day_between_two_tries_of_the_model(bench: Bench) -> None:
    outage(bench)
    lines = waiting(bench).read_bytes()
    assert bench.run(feed(A, B, C), scorer=ScoredBy.EMBEDDED).status == "published"
    assert bench.run(feed(A, B, C), scorer=ScoredBy.EMBEDDED, rescore=True).status == "unchanged"
    assert (bench.digest().usage, bench.digest().cost_usd) == (FREE, None)
    assert waiting(bench).read_bytes() == lines
    bench.run(feed(A, B, C), judge=paid())
    assert (bench.digest().usage.requests, bench.digest().cost_usd) == (2, 0.5)
    assert not waiting(bench).exists()


# --- samples and plans --------------------------------------------------------------------------


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


# --- the files ----------------------------------------------------------------------------------


def test_a_run_killed_at_any_file_is_finished_by_the_next(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.run(feed(A, day=EARLIER), day=EARLIER)
    halfway = tree(bench.out)
    bench.run(feed(B))
    whole = tree(bench.out)
    written = [name for name in whole if whole[name] != halfway.get(name)]
    write = files.write
    for number in range(0, len(written), 4):
        for name in written:
            (bench.out / name).unlink(missing_ok=True)
            if name in halfway:
                (bench.out / name).write_bytes(halfway[name])
        left = number

        def write_some(path: Path, data: bytes) -> None:
            nonlocal left
            if left == 0:
                raise KeyboardInterrupt
            left -= 1
            write(path, data)

        bench.now -= timedelta(hours=1)  # so that the record is the same
        with monkeypatch.context() as patch:
            patch.setattr(files, "write", write_some)
            with pytest.raises(KeyboardInterrupt):
                bench.run(feed(B))
        bench.now -= timedelta(hours=1)
        bench.run(feed(B))
        assert tree(bench.out) == whole, number


def test_everything_but_the_days_comes_back(bench: Bench) -> None:
    bench.run(feed(A, day=EARLIER), day=EARLIER)
    bench.run(feed(B))
    whole = tree(bench.out)
    pages_of_the_older_day = {f"2026/{EARLIER}.html", f"2026/{EARLIER}.md"}  # `render` makes these
    for name in whole:
        if not name.startswith("data/2026/") and name not in pages_of_the_older_day:
            (bench.out / name).unlink()
    (bench.out / ledger.FOLDER).rmdir()
    bench.run(feed(B))
    assert tree(bench.out) == whole


def test_an_archive_without_days_is_no_site(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match=r"docs/data: holds no day: check `out`"):
        render(tmp_path / "docs", tmp_path / "site", Config(("cs.LG",)).site)
    assert tree(tmp_path) == {}


days = st.sampled_from([DAY - timedelta(days=n) for n in range(3)])


@make.examples(5)
@given(
    runs=st.lists(
        st.tuples(
            days,
            st.lists(make.papers, max_size=4),
            st.dictionaries(make.ids, make.verdicts),
            st.booleans(),
            st.none() | st.integers(1, 2),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_whatever_was_run_a_rebuild_makes_the_same_site(
    tmp_path_factory: pytest.TempPathFactory,
    runs: list[tuple[date, list[Paper], dict[str, Verdict], bool, int | None]],
) -> None:
    bench = Bench(tmp_path_factory.mktemp("site") / "docs")
    for day, papers, verdicts, rescore, limit in runs:
        with suppress(ScoringError):  # an outage publishes nothing
            bench.run(
                feed(*papers, day=day), day=day, judge=Judge(verdicts), rescore=rescore, limit=limit
            )
    rebuilt = bench.out.with_name("rebuilt")
    if tree(bench.out):
        render(bench.out, rebuilt, bench.config.site)
    assert tree(rebuilt) == tree(bench.out)


# --- replays ------------------------------------------------------------------------------------


def replayed(tmp_path: Path, *feeds: Feed) -> dict[date, list[Fetched]]:
    places = []
    for number, announcement in enumerate(feeds):
        path = tmp_path / f"{number}.xml"
        path.write_bytes(make.rss(announcement))
        places.append(str(path))
    return replay(places, requests.Session())


def test_replayed_days_are_oldest_first(tmp_path: Path) -> None:
    days = replayed(tmp_path, feed(A), feed(B, day=EARLIER), feed(C, category="cs.AI"))
    assert [(day, [f.feed.category for f in fetched]) for day, fetched in days.items()] == [
        (EARLIER, ["cs.LG"]),
        (DAY, ["cs.LG", "cs.AI"]),
    ]
    assert days[DAY][0].url == "0.xml"  # and not where it lies


def test_a_second_feed_or_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match=r"cs\.LG: .*1\.xml is a second feed for 2026-01-30"):
        replayed(tmp_path, feed(A), feed(B))
    with pytest.raises(FeedError, match=r"missing\.xml: cannot read .*No such file"):
        replay([str(tmp_path / "missing.xml")], requests.Session())
