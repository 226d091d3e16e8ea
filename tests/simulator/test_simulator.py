"""Weeks of a simulated life. A seed that failed once stays here, with what it showed.

`make test` lives the shortest of them; `make soak` all of these and others, and whole years by
`python -m tests.bench.year`. To see one life: the same with `--seeds 7`.
"""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.simulator import check
from tests.simulator.check import Verdict
from tests.simulator.faults import Rates
from tests.simulator.world import World

MONDAY = date(2026, 1, 5)
# More goes wrong than in a year of most bots.
ROUGH = Rates(
    stale=0.25,
    growing=0.03,
    hollow=0.08,
    blemished=0.01,
    deferred=0.05,
    dropped=0.25,
    doubled=0.05,
    feed=0.08,
    pages=0.15,
    api=0.2,
    model=0.10,
    refused=0.005,
    push=0.08,
    raced=0.05,
    forgotten=0.2,
)


def lived(world: World) -> Verdict:
    """A whole life in which nothing is ever wrong; what there is at its end."""
    with world:
        life = check.live(world)
    if life.findings:
        pytest.fail("\n".join(life.findings), pytrace=False)
    return life.end


long = pytest.mark.soak


@pytest.mark.parametrize(
    ("seed", "weeks"),
    [
        pytest.param(1, 2, marks=long),
        # a push of nothing that lost a race was called a failure
        pytest.param(2, 2, marks=long),
        # beside a day rebuilt from the search interface a stale feed passed for fresh
        pytest.param(8, 2, marks=long),
        # so it did after a morning on which the category had been stale till midnight,
        (18, 1),
        # and after a deferred mailing
        pytest.param(20, 2, marks=long),
        *(pytest.param(seed, 2, marks=long) for seed in range(101, 141)),
    ],
)
def test_rough_weeks_lose_repeat_and_invent_nothing(tmp_path: Path, seed: int, weeks: int) -> None:
    last = MONDAY + timedelta(weeks=weeks) - timedelta(days=1)
    lived(World(tmp_path, seed, MONDAY, last, ROUGH))


def test_a_life_without_faults_scans_every_paper_once(tmp_path: Path) -> None:
    world = World(tmp_path, 1, MONDAY, MONDAY + timedelta(days=6), Rates.none())
    verdict = lived(world)
    assert verdict.announced == verdict.once > 50
    assert set(world.codes) == {0}
    assert world.commits == 5
    assert world.arxiv.spacing() >= 2.99


def test_the_judge_sees_what_is_lost_repeated_and_misdated(tmp_path: Path) -> None:
    world = World(tmp_path, 1, MONDAY, MONDAY + timedelta(days=2), Rates.none())
    monday, tuesday = MONDAY, MONDAY + timedelta(days=1)
    with world:
        (end,) = world.live()
        before = check.week(world, end)
        data = world.out / "data" / "2026"
        shutil.copyfile(data / f"{monday}.json", data / f"{tuesday}.json")
        after = check.week(world, end)
    assert not before.findings
    assert before.once == after.once + len(after.lost) + len(after.repeated)
    assert min(len(after.lost), len(after.repeated), len(after.misdated)) > 5
