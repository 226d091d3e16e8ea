from __future__ import annotations

import pytest

from digest.run.budget import excess_usd, left_usd


@pytest.mark.parametrize(
    ("budget", "spent", "left", "excess"),
    [
        (1.0, 0.25, 0.75, None),
        (1.0, None, 1.0, None),  # what is not known cannot be held against it
        (1.0, 1.0, 0.0, None),
        (1.0, 1.25, 0.0, 0.25),
        (None, 9.0, None, None),  # no limit
    ],
)
def test_what_is_left_and_what_is_beyond(
    budget: float | None, spent: float | None, left: float | None, excess: float | None
) -> None:
    assert (left_usd(budget, spent), excess_usd(budget, spent)) == (left, excess)
