"""Weeks of a simulated life. A seed that failed once stays here, with what it showed.

`make test` lives two days; `make soak` weeks of these and other seeds, and whole years by
`python -m tests.bench.year`. To see one life: the same with `--seeds 7`.
"""

from __future__ import annotations

import json
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
    """Live to the end. Fails if anything is ever wrong; returns the last look at the site."""
    with world:
        life = check.live(world)
    if life.findings:
        pytest.fail("\n".join(life.findings), pytrace=False)
    assert world.arxiv.spacing() >= 2.99
    return life.end


def test_rough_days_lose_repeat_and_invent_nothing(tmp_path: Path) -> None:
    """Eleven kinds of faults on the day after a calm one: stale, broken and half feeds, outages of
    the model, a refused push, a lost cache."""
    world = World(tmp_path, 786, MONDAY, MONDAY + timedelta(days=1), ROUGH)
    verdict = lived(world)
    assert verdict.announced == verdict.once + verdict.waiting.total() > 30
    assert set(world.codes) == {0, 3, 5}

    # The check itself: it sees what is lost, repeated and misdated.
    data = world.out / "data" / "2026"
    shutil.copyfile(data / f"{MONDAY}.json", data / f"{MONDAY + timedelta(days=1)}.json")
    damaged = check.week(world, world.last)
    assert min(len(damaged.lost), len(damaged.repeated), len(damaged.misdated)) > 5


@pytest.mark.soak
@pytest.mark.parametrize(
    "seed",
    [
        1,
        2,  # an empty push that lost a race counted as a failure
        8,  # after a day rebuilt from the search interface a stale feed counted as fresh
        18,  # the same, after a morning on which the category had been stale until midnight
        20,  # the same, after a deferred mailing
        *range(101, 141),
    ],
)
def test_rough_weeks_lose_repeat_and_invent_nothing(tmp_path: Path, seed: int) -> None:
    lived(World(tmp_path, seed, MONDAY, MONDAY + timedelta(days=13), ROUGH))


@pytest.mark.soak
def test_a_life_without_faults_scans_every_paper_once(tmp_path: Path) -> None:
    world = World(tmp_path, 1, MONDAY, MONDAY + timedelta(days=2), Rates.none())
    verdict = lived(world)
    assert verdict.announced == verdict.once > 30
    assert set(world.codes) == {0}
    assert world.commits == 3


def assert_votes_count(world: World) -> None:
    """Each vote once, whatever was run twice, raced or lost; one issue a digest, only the newest
    open."""
    world.told(world.runner, "votes", "pull")
    listed = json.loads(world.told(world.runner, "votes", "list"))["votes"]
    assert {vote["id"]: vote["vote"] for vote in listed} == world.reader.expected
    assert set(world.reader.dates.values()) == {1}
    assert world.reader.opened == [max(world.reader.dates)]


def test_votes_of_calm_days_are_counted_once(tmp_path: Path) -> None:
    world = World(tmp_path, 5, MONDAY, MONDAY + timedelta(days=2), Rates.none(), votes=True)
    with world:
        life = check.live(world)
        assert life.findings == []
        assert_votes_count(world)
        assert len(world.reader.expected) > 2
        assert (world.out / "data" / "learned.json").exists()


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(201, 206))
def test_votes_of_rough_weeks_are_counted_once(tmp_path: Path, seed: int) -> None:
    world = World(tmp_path, seed, MONDAY, MONDAY + timedelta(days=27), ROUGH, votes=True)
    with world:
        life = check.live(world)
        assert life.findings == []
        assert_votes_count(world)
