from __future__ import annotations

from digest.archive import store
from digest.core.day import Status
from digest.core.scores import Failure, Verdict
from tests.make import REPLACE, feed, paper, tree
from tests.run.bench import BAD, EARLIER, A, B, Bench, C, Judge

# --- a day read once more ---------------------------------------------------------------------


def test_a_feed_that_falls_back_removes_nothing(bench: Bench) -> None:
    bench.run(feed(A), feed(B, category="cs.AI"))
    before = tree(bench.out)
    report = bench.run(feed(A), feed(C, category="cs.AI", day=EARLIER))
    assert report.status == "unchanged"
    assert tree(bench.out) == before


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


def test_a_readable_paper_stays_if_damaged_later(bench: Bench) -> None:
    bench.run(feed(A, B))
    before = bench.digest()
    assert bench.run(feed(A, paper(B.id, unreadable="no title"))).status == "unchanged"
    assert bench.digest() == before
