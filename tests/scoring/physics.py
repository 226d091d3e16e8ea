"""How long the fake endpoint takes, and how fast a whole day could be at best."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.scoring.replies import Label, answer
from tests.scoring.tokens import encode


@dataclass(frozen=True, slots=True)
class Physics:
    ttft: float = 0.0  # seconds to the first token
    tps: float = math.inf  # tokens a second after it
    rpm: float | None = None  # requests a minute: a bucket that holds `burst` and refills evenly
    burst: int = 1
    reasoning: int = 0  # tokens that each request thinks, billed and timed as completion
    exact: bool = False  # send OpenAI's `retry-after-ms` beside the whole seconds of Retry-After

    def seconds(self, completion_tokens: int) -> float:
        return self.ttft + completion_tokens / self.tps


def ideal_schedule(
    tokens: Sequence[int], *, batch: int, concurrency: int, physics: Physics
) -> float:
    """The least seconds in which anyone could have all answers: no client can be faster.

    `tokens` are the completion tokens of each paper, in the order in which they are asked. They
    make ceil(N / batch) requests; one costs ttft + (reasoning + its papers' tokens) / tps. With c
    at once the whole takes at least max(sum of costs / c, the longest cost), and under a limit of
    rpm at least what it takes to let the last one in, plus the shortest cost.
    """
    sums = [sum(tokens[i : i + batch]) for i in range(0, len(tokens), batch)]
    costs = [physics.seconds(physics.reasoning + n) for n in sums]
    if not costs:
        return 0.0
    admitted = 0.0
    if physics.rpm is not None and len(costs) > physics.burst:
        admitted = (len(costs) - physics.burst) * 60 / physics.rpm + min(costs)
    return max(sum(costs) / concurrency, *costs, admitted)


def completion_tokens(labels: Mapping[str, Label], ids: Sequence[str]) -> list[int]:
    """For `ideal_schedule`: what each paper adds to a completion."""
    return [len(encode(answer(labels, [i]))) - len(encode('{"papers":[]}')) for i in ids]
