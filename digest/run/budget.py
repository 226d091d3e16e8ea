"""A budget in dollars, `llm.budget_usd`: for one announcement day, all its tries together."""

from __future__ import annotations


def left_usd(budget_usd: float | None, spent_usd: float | None) -> float | None:
    """What may still be spent; None: no limit. Unknown spending (None) counts as nothing."""
    return None if budget_usd is None else max(0.0, budget_usd - (spent_usd or 0.0))


def excess_usd(budget_usd: float | None, spent_usd: float | None) -> float | None:
    """What was spent beyond the budget; None if nothing was, or if it is not known."""
    if budget_usd is None or spent_usd is None or spent_usd <= budget_usd:
        return None
    return round(spent_usd - budget_usd, 9) or None
