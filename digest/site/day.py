"""The page of one day."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date

from digest.core.config import Site
from digest.core.day import Digest, Missed
from digest.site.markdown import near_misses
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
    topics = Counter(kept.score.topic for kept in digest.kept)  # in the order of the best papers
    categories = Counter(c for kept in digest.kept for c in dict.fromkeys(kept.paper.categories))
    return render(
        "day.html",
        root,
        site,
        "front" if front else "day",
        digest=digest,
        front=front,
        topics=topics,
        categories=categories.most_common(),
        near_misses=near_misses(digest),
    )
