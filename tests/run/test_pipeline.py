from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from digest.archive import ledger, store
from digest.arxiv.fetch import Fetched, replay
from digest.core import files
from digest.core.config import Config, Keep
from digest.core.day import Status
from digest.core.errors import ArchiveError, FeedError, ScoringError
from digest.core.papers import Feed, Paper
from digest.core.scores import Failure, Score, ScoredBy, Scoring, Usage, Verdict
from digest.run.output import render, write
from tests import make
from tests.make import DAY, REPLACE, feed, paper, tree
from tests.run.bench import BAD, EARLIER, FREE, A, B, Bench, C, Judge

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
    bench.run(feed(A), judge=Judge({A.id: BAD}), authors=("Lovelace, a.",))
    assert bench.digest().kept[0].author_match == "Lovelace, a."


def test_an_always_phrase_is_kept_under_the_cut_unless_excluded(bench: Bench) -> None:
    always = (
        paper("2601.00004", title="Double descent"),
        paper("2601.00005", title="Double trouble"),
    )
    judge = Judge(dict.fromkeys((p.id for p in always), BAD))
    bench.run(feed(*always), judge=judge, always=("double",), exclude=("trouble",))
    (kept,) = bench.digest().kept
    assert (kept.paper, kept.phrase_match) == (always[0], "double")
    assert bench.states()["2601.00005"] == "exclude trouble"


def test_without_the_model_a_day_keeps_its_best_twenty(bench: Bench) -> None:
    papers = [paper(f"2601.{n:05}") for n in range(25)]
    scores: dict[str, Verdict] = {
        p.id: Score(3 if n < 23 else 2, None) for n, p in enumerate(papers)
    }
    report = bench.run(feed(*papers), judge=Judge(scores), scorer=ScoredBy.EMBEDDED)
    assert report.reason == (
        "20 of 25 papers kept. 3 more papers reached the cut and count as below: keep.top is 20."
    )
    assert bench.digest().counts.beyond_top == store.read_days(bench.out)[0].counts.beyond_top == 3


def test_another_cut_of_the_settings_is_said_of_a_complete_day(bench: Bench) -> None:
    bench.run(feed(A))
    assert bench.run(feed(A)).reason == "nothing is new since the last run"
    bench.config = replace(bench.config, keep=Keep(top=1))
    assert bench.run(feed(A)).reason.endswith("record's: `digest run --rescore` applies it")


def test_topics_that_fit_no_paper_are_said_in_the_log(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    papers = [paper(f"2601.0000{n}", title="On ships") for n in range(5)]
    judge = Judge(dict.fromkeys([p.id for p in papers], BAD))
    bench.run(feed(*papers), judge=judge)
    assert bench.digest().with_phrase == 0
    assert "None of the 5 papers has a phrase of topics.md" in caplog.text


def test_a_record_without_the_number_of_phrases_stays_as_it_is(bench: Bench) -> None:
    bench.run(feed(A))
    old = replace(bench.digest(), with_phrase=None)
    write(store.Archive.repaired(bench.out), old, bench.config.site)
    assert bench.run(feed(A), rescore=True).status == "unchanged"
    assert bench.digest() == old


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


# --- what a day has paid for and no record holds -------------------------------------------------


SPENT = Usage(100, 50, 20, 10, requests=1)
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


def test_failed_tries_wait_for_news_and_take_from_the_budget(bench: Bench) -> None:
    failing = paid({B.id: NO_ANSWER})
    bench.run(feed(A, B), judge=failing)
    before = tree(bench.out)
    for _ in range(4):
        assert bench.run(feed(A, B), judge=failing).status == "unchanged"
    assert failing.left_usd == [1.0, 0.75, 0.5, 0.25, 0.0]
    assert tree(bench.out) == before
    bench.run(feed(A, B), judge=paid())
    assert (bench.digest().usage.requests, bench.digest().cost_usd) == (6, 1.5)


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
