"""The pages about the site itself, and its statistics."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from digest.core.config import Site
from digest.core.day import Day
from digest.core.wording import plain_date
from digest.site import feeds, statistics
from digest.site.page import render


def stats_page(days: Sequence[Day], site: Site) -> bytes:
    """What the days, oldest first, add up to, in pictures and tables."""
    ends = dict.fromkeys(plain_date(day.date) for day in (*days[:1], *days[-1:]))
    return render(
        "stats.html",
        "",
        site,
        page="stats",
        span=" to ".join(ends),
        totals=statistics.totals(days),
        figures=statistics.figures(days),
        has_feeds=any(day.has_page for day in days),
    )


def search_page(months: Iterable[str], site: Site) -> bytes:
    """The search over the months ("2026-01") that have a shard."""
    newest_first = sorted(months, reverse=True)
    has_feeds = bool(newest_first)
    return render(
        "search.html", "../", site, page="search", months=newest_first, has_feeds=has_feeds
    )


def subscribe_page(site: Site, has_feeds: bool = True) -> bytes:
    return render(
        "subscribe.html",
        "",
        site,
        page="subscribe",
        top=_top(site),
        repository=repository(site.url),
        days=feeds.DAYS,
        papers=feeds.PAPERS,
        has_feeds=has_feeds,
    )


def not_found_page(site: Site, has_feeds: bool = True) -> bytes:
    """Shown at whatever address does not exist, however deep, hence with whole links if it can.
    Under another domain than the site's own, 'self' would not let it load its look from there."""
    origin = _ORIGIN.match(site.url or "")
    return render(
        "404.html",
        _top(site),
        site,
        page="404",
        origin=f" {origin[0]}" if origin else "",
        has_feeds=has_feeds,
    )


# What may stand in a policy: neither a space nor a semicolon.
_ORIGIN = re.compile(r"https?://[a-z\d.-]+(?::\d+)?(?=/|$)", re.ASCII | re.I)


def _top(site: Site) -> str:
    """The site's address, to be followed by a file's name; "" where it is not known."""
    return f"{site.url.rstrip('/')}/" if site.url else ""


_PAGES = re.compile(r"https://([a-z\d][a-z\d-]*)\.github\.io(?:/([\w.-]+))?/?", re.ASCII | re.I)


def repository(url: str | None) -> str | None:
    """The repository behind an address of GitHub Pages: https://github.com/OWNER/REPO."""
    match = _PAGES.fullmatch(url or "")
    if not match:
        return None
    owner, name = match.groups()
    return f"https://github.com/{owner}/{name or f'{owner}.github.io'}"
