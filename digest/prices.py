"""What a request costs, from the offline table of `genai-prices`. Pure."""

from __future__ import annotations

from digest.models import Usage

OPENAI = "https://api.openai.com/v1"


def price(
    usage: Usage,
    model: str,
    base_url: str | None,
    service_tier: str | None = None,
    cache_write_tokens: int = 0,
) -> tuple[float, float] | None:
    """Dollars for the prompt and for the completion of one request; None where they are not known.

    At an address that the table does not know (a gateway, a proxy) a model costs what its maker
    asks; a model that no maker's table has is not known, which is not the same as free. Prices rise
    in steps with the length of a request: ask for one request at a time, not for a day's sum.
    """
    if usage.prompt_tokens is None or usage.completion_tokens is None:
        return None
    from genai_prices import Usage as Tokens
    from genai_prices.data_snapshot import get_snapshot

    table = get_snapshot()
    try:
        provider = table.find_provider(None, None, base_url or OPENAI).id
    except LookupError:
        provider = None
    try:
        tokens = Tokens(
            input_tokens=usage.prompt_tokens,
            cache_read_tokens=usage.cached_tokens or 0,
            cache_write_tokens=cache_write_tokens,
            output_tokens=usage.completion_tokens,
        )
        tier = {"service_tier": service_tier} if service_tier else None
        found = table.calc(tokens, model, provider, None, None, tier)
    except (LookupError, ValueError):  # no such model; counts that cannot be
        return None
    return float(found.input_price), float(found.output_price)
