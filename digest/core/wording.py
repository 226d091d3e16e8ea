"""The sentences that pages, commit messages and reports share. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, time

from digest.core.calendar import EASTERN, next_announcement, today_eastern
from digest.core.models import LIMIT_RULE, Counts, Digest, Unscored
from digest.core.papers import FEED_LIMIT, Origin
from digest.core.scores import ScoredBy, add


def sums(counts: Counts) -> str:
    """The accounting, as every page, record and commit states it."""
    return (
        f"{counts.announced} announced = {counts.filtered} filtered + {counts.seen} seen"
        f" + {counts.scanned} scanned; {counts.scanned} scanned = {counts.kept} kept"
        f" + {counts.below} below + {counts.unscored} unscored"
    )


def in_words(day: date) -> str:
    """Friday, 30 January 2026."""
    return f"{day:%A}, {day.day} {day:%B} {day.year}"


def scorer_label(scorer: ScoredBy | None, model: str | None) -> str:
    return "the embedded scorer" if scorer is ScoredBy.EMBEDDED else model or "an unnamed model"


NOT_REPORTED = "not reported"


def dollars(amount: float | None) -> str:
    """Never $0.00: not for what is not known, nor for what is merely small."""
    if amount is None:
        return NOT_REPORTED
    if amount == 0:
        return "nothing"
    return "under $0.0001" if 0 < amount < 0.00005 else f"${amount:,.4f}"


PROMPTS_ARE_CUT = (
    "it probably cuts prompts to its context length, and scores of papers that it has not read mean"
    " little: allow a longer context (Ollama: OLLAMA_CONTEXT_LENGTH, or num_ctx), or lower"
    " llm.batch_size"
)


def over_budget(digest: Digest) -> str:
    """By how much the day has cost more than it may; "" where it has not."""
    if not digest.over_budget_usd:
        return ""
    return (
        f"The day cost {dollars(digest.over_budget_usd)} more than llm.budget_usd allows: requests"
        " that are under way when the money ends are paid for all the same."
    )


def cost(digest: Digest) -> str:
    """The whole day's."""
    return "none" if digest.scorer is ScoredBy.EMBEDDED else dollars(digest.cost_usd)


def usage(digest: Digest) -> tuple[tuple[str, str, str, str], ...]:
    """The table of what the day took: (name, prompt, completion, total) in words."""
    used, total = digest.usage, digest.cost_usd
    if digest.scorer is ScoredBy.EMBEDDED:
        return (("Tokens", "none", "none", "none"), ("Cost", "none", "none", "none"))
    rest = None if total is None or used.prompt_usd is None else total - used.prompt_usd
    spoken = [
        NOT_REPORTED if n is None else f"{n:,}"
        for n in (
            used.prompt_tokens,
            used.completion_tokens,
            add(used.prompt_tokens, used.completion_tokens),
        )
    ]
    costs = [dollars(amount) for amount in (used.prompt_usd, rest, total)]
    return (("Tokens", *spoken), ("Cost", *costs))  # type: ignore[return-value]  # three each


def usage_details(digest: Digest) -> str:
    """What is known beyond the table, in a sentence; "" where nothing is."""
    used = digest.usage
    if not used.requests:
        return ""
    said = [count(used.requests, "request")]
    if used.cached_tokens is not None:
        said.append(f"{used.cached_tokens:,} of the prompt tokens from the provider's cache")
    if used.reasoning_tokens is not None:
        said.append(f"{used.reasoning_tokens:,} of the completion tokens spent on reasoning")
    return "; ".join(said) + "."


def rules(digest: Digest) -> tuple[tuple[str, int], ...]:
    """How many papers each rule filtered."""
    return tuple(sorted(Counter(filtered.rule for filtered in digest.filtered).items()))


def in_short(counts: Mapping[str, int]) -> str:
    """3 timeout, 1 refused."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{number:,} {what}" for what, number in ordered)


def count(number: int, one: str, many: str | None = None) -> str:
    """1 paper, 2 papers."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def unscored(digest: Digest) -> str:
    """How many papers have no score, and why; it stands on the page that lists them, too."""
    reasons = in_short(Counter(paper.reason for paper in digest.unscored))
    return f"{count(len(digest.unscored), 'paper')} could not be scored ({reasons})."


def by_reason(reasons: Mapping[str, str]) -> str:
    """Why each of several things failed, things with one reason together: "a, b: why; c: why"."""
    groups: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        groups.setdefault(reason, []).append(name)
    return "; ".join(f"{', '.join(names)}: {reason}" for reason, names in groups.items())


def why_unscored(unscored: Unscored) -> str:
    """Why a paper has no score: "unreadable (no title)", "timeout"."""
    detail = unscored.paper.unreadable
    return f"{unscored.reason} ({detail})" if detail else unscored.reason


def warnings(digest: Digest) -> tuple[str, ...]:
    """What a reader must know before trusting the day, in plain words."""
    said = []
    if digest.generated_at >= datetime.combine(next_announcement(digest.date), time.min, EASTERN):
        made = in_words(today_eastern(digest.generated_at))  # whether caught up or made anew
        said.append(f"Made on {made}, after arXiv's next announcement was due.")
    if digest.scorer is ScoredBy.EMBEDDED:
        said.append(
            "Scored by the embedded scorer, without a language model: relevance is word matching"
            " against the topics, and novelty is not judged."
        )
    if digest.usage.cut_requests:
        said.append(
            f"In {digest.usage.cut_requests} of {count(digest.usage.requests, 'request')} the model"
            f" was given less than was sent, as its endpoint reports: {PROMPTS_ARE_CUT}."
        )
    if digest.over_budget_usd:
        said.append(over_budget(digest))
    if digest.unread:
        said.append(_unread(digest))
    if digest.stale:
        said.append(
            f"arXiv's feed for {', '.join(digest.stale)} showed another day when this was made:"
            " papers announced there may be missing."
        )
    empty = [c for c, s in digest.sources.items() if s.fresh and not s.entries]
    if empty:
        said.append(f"arXiv's feed for {', '.join(empty)} was empty.")
    capped = [c for c, s in digest.sources.items() if s.capped]
    if capped:
        said.append(
            f"arXiv cuts a feed at {FEED_LIMIT:,} entries, new papers first: some of"
            f" {', '.join(capped)} may be missing. Follow its categories one by one."
        )
    sampled = dict(rules(digest)).get(LIMIT_RULE)
    if sampled:
        said.append(f"Only a sample was scored: {count(sampled, 'paper')} beyond `--limit`.")
    if digest.unscored:
        said.append(unscored(digest))
    unreadable = sum(len(source.unreadable) for source in digest.sources.values())
    if unreadable:
        papers = "its paper is" if unreadable == 1 else "their papers are"
        said.append(
            f"{count(unreadable, 'entry', 'entries')} of arXiv's had no id that could be read, so"
            f" {papers} not counted; the day's data file names what there was."
        )
    caught_up = [c for c, s in digest.sources.items() if s.origin is Origin.PAGE]
    if caught_up:
        said.append(
            f"Taken from arXiv's catch-up pages, not from its feed: {', '.join(caught_up)}."
        )
    completed = [c for c, s in digest.sources.items() if s.origin is Origin.FEED_AND_PAGE]
    if completed:
        said.append(f"Completed from arXiv's catch-up pages: {', '.join(completed)}.")
    approximate = [c for c, s in digest.sources.items() if s.approximate]
    if approximate:
        said.append(
            f"Rebuilt from submission dates, which cannot tell exactly what was announced:"
            f" {', '.join(approximate)} may lack cross-lists of older papers and papers that"
            " moderation had held back."
        )
    return tuple(said)


def _unread(digest: Digest) -> str:
    """That papers are missing, and why, as far as the record knows."""
    categories = digest.unread
    papers = "its papers are" if len(categories) == 1 else "their papers are"
    sentence = (
        f"What {', '.join(categories)} announced could not be read when this was made:"
        f" {papers} missing"
    )
    reasons = by_reason({c: digest.sources[c].why for c in categories if digest.sources[c].why})
    return f"{sentence} ({reasons})." if reasons else f"{sentence}."
