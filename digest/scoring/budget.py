"""The money that a run may still spend, with requests under way. Pure, but for waiting."""

from __future__ import annotations

import asyncio

from digest.core.errors import OverBudget
from digest.core.wording import dollars


class Budget:
    """Each request reserves its cost before it is sent, and is charged for when it has ended.

    A request reserves its estimate or the price of the dearest answer so far, whichever is more.
    So answers no dearer than that never pass the budget; beyond that only requests under way can.
    """

    def __init__(self, limit_usd: float | None) -> None:
        self._left_usd = limit_usd  # None: no limit
        self._reserved_usd = 0.0
        self._dearest_usd = 0.0
        self.under_way = 0  # requests
        self._charged = asyncio.Condition()

    async def reserve(self, estimated_usd: float | None) -> float:
        """The dollars now reserved. Waits while requests under way may give money back. Raises
        `OverBudget`."""
        amount = max(estimated_usd or 0.0, self._dearest_usd)
        while self._left_usd is not None:
            amount = max(amount, self._dearest_usd)
            free_usd = self._left_usd - self._reserved_usd
            if self._left_usd > 0 and amount <= free_usd:
                break
            if amount > self._left_usd or not self.under_way:
                left = dollars(max(self._left_usd, 0.0))
                raise OverBudget(
                    f"the next request may cost {dollars(amount)} and {left} of the budget is left;"
                    " raise llm.budget_usd"
                )
            async with self._charged:
                await self._charged.wait()
        self._reserved_usd += amount
        self.under_way += 1
        return amount

    async def charge(self, reserved_usd: float, cost_usd: float) -> None:
        """End a request that has reserved `reserved_usd` and has cost `cost_usd`."""
        self._reserved_usd -= reserved_usd
        self.under_way -= 1
        self._dearest_usd = max(self._dearest_usd, cost_usd)
        if self._left_usd is not None:
            self._left_usd -= cost_usd
        async with self._charged:
            self._charged.notify_all()
