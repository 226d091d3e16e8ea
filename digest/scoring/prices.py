"""What a request costs, by the table of `genai-prices`, which needs no network. Pure."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from digest.core.scores import Usage

OPENAI = "https://api.openai.com/v1"
# Names that exist only in a private network: RFC 6761, RFC 6762, RFC 8375, ICANN's .internal.
_LOCAL = ("localhost", "local", "internal", "home.arpa", "lan", "home")


def price(
    usage: Usage,
    model: str,
    base_url: str | None,
    service_tier: str | None = None,
    cache_write_tokens: int = 0,
) -> tuple[float, float] | None:
    """Dollars for the prompt and for the completion of one request; None if they are not known.

    A model on a private address costs nothing. At an address that the table does not have (a
    gateway, a proxy) a model costs what its maker asks. Prices rise in steps with the length of a
    request: call this once a request, not once a day.
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
        dollars = table.calc(tokens, model, provider, None, None, tier)
    except (LookupError, ValueError):  # no such model; impossible numbers of tokens
        return None
    return float(dollars.input_price), float(dollars.output_price)


def is_local(base_url: str) -> bool:
    """True for a loopback or private address, a name without a dot (a container's), and a name
    that exists only in a private network."""
    host = (urlsplit(base_url).hostname or "").rstrip(".")
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or any(host.endswith(f".{name}") for name in _LOCAL)
