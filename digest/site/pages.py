"""The page of a day, those about the site itself, and its statistics."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from digest.core.config import Site
from digest.core.cuts import Advice
from digest.core.day import Day, Digest, Missed
from digest.core.for_you import Measure
from digest.core.wording import plain_date
from digest.site import feeds, statistics
from digest.site.page import render


@dataclass(frozen=True, slots=True)
class Front:
    """What the site's first page shows beyond its day: it is written anew with every record."""

    expected: date  # the announcement day after the last record
    may_be_holiday: bool = False  # arXiv's holidays of that time are not known yet
    missed: tuple[Missed, ...] = ()  # announcement days without a record; the reason "" if unknown
    empty: tuple[date, ...] = ()  # recorded since: nothing was announced
    previous: date | None = None  # the day whose page comes before this one


def day_page(digest: Digest, site: Site, root: str, *, front: Front | None = None) -> bytes:
    """One day. `root` leads from the page to the site's own top: "" or "../".

    With `front` it is the site's first page. A day's own page depends on that day alone.
    """
    categories = Counter(c for kept in digest.kept for c in dict.fromkeys(kept.paper.categories))
    return render(
        "day",
        root,
        site,
        page="front" if front else "day",
        digest=digest,
        front=front,
        topics=Counter(kept.score.topic for kept in digest.kept),  # that of the best paper first
        categories=categories.most_common(),
    )


def stats_page(
    days: Sequence[Day],
    site: Site,
    advice: Advice | None = None,
    measures: Sequence[Measure] = (),
    *,
    has_learned: bool = False,
) -> bytes:
    """What the days, oldest first, add up to, in pictures and tables; `advice` on the cut, if it
    keeps too little or too much; and the `measures` of a reader who votes."""
    values = {
        "span": " to ".join(dict.fromkeys(plain_date(d.date) for d in (*days[:1], *days[-1:]))),
        "totals": statistics.totals(days),
        "figures": statistics.figures(days),
        "advice": advice if advice and advice.remedy else None,
        "measures": measures,
        "has_learned": has_learned,
    }
    return render("stats", "", site, has_feeds=any(day.has_page for day in days), **values)


def search_page(months: Iterable[str], site: Site) -> bytes:
    """The search over the months ("2026-01") that have a shard."""
    newest_first = sorted(months, reverse=True)
    return render("search", "../", site, months=newest_first, has_feeds=bool(newest_first))


def subscribe_page(site: Site, has_feeds: bool = True) -> bytes:
    values = {
        "top": _top(site),
        "repository": repository(site.url),
        "days": feeds.DAYS,
        "papers": feeds.PAPERS,
    }
    return render("subscribe", "", site, has_feeds=has_feeds, **values)


def not_found_page(site: Site, has_feeds: bool = True) -> bytes:
    """Shown at whatever address does not exist, however deep, hence with whole links if it can.
    Under another domain than the site's own, 'self' would not let it load its look from there."""
    match = _ORIGIN.match(site.url or "")
    origin = f" {match[0]}" if match else ""
    return render("404", _top(site), site, origin=origin, has_feeds=has_feeds)


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
