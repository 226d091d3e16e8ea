"""Weeks of a simulated life. A seed that failed once stays here, with what it showed.

A year for several seeds: `python -m tests.bench.year`. To see one life: the same with `--seeds 7`.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.simulator import check
from tests.simulator.check import Verdict
from tests.simulator.faults import Rates
from tests.simulator.world import World

MONDAY = date(2026, 1, 5)
WEEKS = timedelta(weeks=3) - timedelta(days=1)
# More goes wrong in these three weeks than in most.
ROUGH = Rates(
    stale=0.25,
    growing=0.03,
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
    assert not life.findings, "\n".join(life.findings)
    return life.end


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_three_rough_weeks_lose_repeat_and_invent_nothing(tmp_path: Path, seed: int) -> None:
    lived(World(tmp_path, seed, MONDAY, MONDAY + WEEKS, ROUGH))


def test_a_life_without_faults_scans_every_paper_once(tmp_path: Path) -> None:
    world = World(tmp_path, 1, MONDAY, MONDAY + timedelta(days=6), Rates.none())
    verdict = lived(world)
    assert verdict.announced == verdict.once > 50
    assert set(world.codes) == {0}
    assert world.commits == 5
    assert world.arxiv.spacing() >= 2.99


def test_the_judge_sees_what_is_lost_repeated_and_invented(tmp_path: Path) -> None:
    world = World(tmp_path, 1, MONDAY, MONDAY + timedelta(days=4), Rates.none())
    with world:
        for day in world.live():
            end = day
        out = world.out / "data" / "2026"
        tuesday, friday = (out / f"2026-01-0{n}.json" for n in (6, 9))
        friday.write_bytes(tuesday.read_bytes())
        tuesday.unlink()
        verdict = check.week(world, end)
        assert verdict.invented
        assert len(verdict.lost) == len(world.truth.batch(end, "cs.LG")) or verdict.lost
