"""The money that a run may still spend, with requests under way. Pure, but for waiting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from digest.core.errors import OverBudget
from digest.core.wording import dollars


@dataclass(slots=True)
class Reservation:
    """The dollars set aside for a request, and what it has cost."""

    usd: float
    cost_usd: float = 0.0


class Budget:
    """Each request reserves its cost before it is sent, and is charged for when it has ended.

    A request reserves its estimate or the price of the dearest answer so far, whichever is more.
    So answers no dearer than that never pass the budget; beyond that only requests under way can.
    """

    def __init__(self, limit_usd: float | None) -> None:
        self.left_usd = limit_usd  # None: no limit
        self._reserved_usd = 0.0
        self._dearest_usd = 0.0
        self._under_way = 0  # requests
        self._charged = asyncio.Condition()

    @asynccontextmanager
    async def reserve(self, estimated_usd: float | None) -> AsyncIterator[Reservation]:
        """Reserve the cost of a request, and charge for it at the end of the block. Waits while
        requests under way may give money back. Raises `OverBudget`."""
        amount = await self._amount(estimated_usd or 0.0)
        self._reserved_usd += amount
        self._under_way += 1
        reservation = Reservation(amount)
        try:
            yield reservation
        finally:
            self._reserved_usd -= amount
            self._under_way -= 1
            self._dearest_usd = max(self._dearest_usd, reservation.cost_usd)
            if self.left_usd is not None:
                self.left_usd -= reservation.cost_usd
            async with self._charged:
                self._charged.notify_all()

    async def _amount(self, estimated_usd: float) -> float:
        while True:
            amount = max(estimated_usd, self._dearest_usd)
            if self.left_usd is None:
                return amount
            if self.left_usd > 0 and amount <= self.left_usd - self._reserved_usd:
                return amount
            if amount > self.left_usd or not self._under_way:
                raise OverBudget(
                    f"the next request may cost {dollars(amount)} and"
                    f" {dollars(max(self.left_usd, 0.0))} of the budget is left;"
                    " raise llm.budget_usd"
                )
            async with self._charged:
                await self._charged.wait()
