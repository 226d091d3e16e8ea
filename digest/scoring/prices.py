"""What a request costs, from the offline table of `genai-prices`. Pure."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from digest.core.scores import Usage

OPENAI = "https://api.openai.com/v1"


def price(
    usage: Usage,
    model: str,
    base_url: str | None,
    service_tier: str | None = None,
    cache_write_tokens: int = 0,
) -> tuple[float, float] | None:
    """Dollars for the prompt and for the completion of one request; None where they are not known.

    On a machine of one's own a model costs nothing. At an address that the table does not know (a
    gateway, a proxy) it costs what its maker asks; a model that no maker's table has is not known,
    which is not the same as free. Prices rise in steps with the length of a request: ask for one
    request at a time, not for the whole of a day.
    """
    if is_local(base_url or OPENAI):
        return 0.0, 0.0
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


# Names that only a network of one's own knows: RFC 6761, RFC 6762, RFC 8375, ICANN's .internal.
_LOCAL = ("localhost", "local", "internal", "home.arpa", "lan", "home")


def is_local(base_url: str) -> bool:
    """Whether this is a machine of one's own: a loopback or private address, a name without a dot
    (a container's), or one that only the own network knows."""
    host = (urlsplit(base_url).hostname or "").rstrip(".")
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or any(host.endswith(f".{name}") for name in _LOCAL)
