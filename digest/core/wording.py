"""The sentences that pages, commit messages and reports share. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time

from digest.core.calendar import EASTERN, next_announcement, today_eastern
from digest.core.day import LIMIT_RULE, Below, Digest, Kept, Unscored
from digest.core.papers import FEED_LIMIT, Origin, Source
from digest.core.scores import Score, ScoredBy, add
from digest.core.text import in_other_script, one_line


def totals(digest: Digest) -> str:
    """Where the announced papers went: two or three sentences, without the last full stop. Pages,
    feeds, commits and logs all have these words."""
    counts = digest.counts
    where = (
        f"{counts.announced} announced: {counts.filtered} filtered, {counts.seen} seen on another"
        f" day, {counts.scanned} scanned. {counts.scanned} scanned: {counts.kept} kept,"
        f" {counts.below} below the cut, {counts.unscored} unscored"
    )
    return ". ".join(filter(None, (where, beyond_top(digest).removesuffix("."))))


def beyond_top(digest: Digest) -> str:
    """How many papers are below only because there were better ones; "" if none."""
    beyond = digest.counts.beyond_top
    if not beyond:
        return ""
    papers = (
        "paper reached the cut and counts" if beyond == 1 else "papers reached the cut and count"
    )
    return f"{beyond:,} more {papers} as below: keep.top is {digest.cut.top}."


def cut(digest: Digest) -> str:
    """relevance 3, novelty not scored, at most 20 papers."""
    embedded = digest.scorer is ScoredBy.EMBEDDED
    novelty = "not scored" if embedded else digest.cut.novelty
    top = "" if digest.cut.top is None else f", at most {count(digest.cut.top, 'paper')}"
    return f"relevance {digest.cut.relevance}, novelty {novelty}{top}"


def near(digest: Digest, near_misses: Sequence[Below]) -> str:
    """What these near misses have missed: "just under the cut"."""
    beyond = sum(map(digest.is_beyond_top, near_misses))
    parts = ["beyond keep.top"] * (beyond > 0)
    parts += ["just under the cut"] * (beyond < len(near_misses))
    return " or ".join(parts)


def matches(one: Kept | Unscored) -> tuple[str, ...]:
    """Why a paper is kept whatever its score, in the words of every page, feed and index."""
    author = f"author match: {one.author_match}" if one.author_match else ""
    phrase = f"phrase match: {one.phrase_match}" if one.phrase_match else ""
    return tuple(filter(None, (author, phrase)))


def marks(score: Score) -> str:
    """R10 N9 M97."""
    numbers = {"R": score.relevance, "N": score.novelty, "M": score.match}
    return " ".join(f"{sign}{number}" for sign, number in numbers.items() if number is not None)


def words(score: Score) -> str:
    """Which words of the paper the learner went by; "" if it has none."""
    return f"Words behind the match: {', '.join(score.words)}." if score.words else ""


def in_words(day: date) -> str:
    """Friday, 30 January 2026."""
    return f"{day:%A}, {plain_date(day)}"


def plain_date(day: date) -> str:
    """30 January 2026."""
    return f"{day.day} {day:%B} {day.year}"


def scorer_label(scorer: ScoredBy | None, model: str | None) -> str:
    return "the embedded scorer" if scorer is ScoredBy.EMBEDDED else model or "an unnamed model"


NOT_REPORTED = "not reported"


def dollars(amount: float | None) -> str:
    """The one rule for amounts: "$0.0421", "under $0.0001", "nothing" for 0, "not reported" for
    None. Never "$0.00", which would hide what is unknown or small."""
    if amount is None:
        return NOT_REPORTED
    if amount == 0:
        return "nothing"
    return "under $0.0001" if 0 < amount < 0.00005 else f"${amount:,.4f}"


def tokens(number: float | None) -> str:
    return NOT_REPORTED if number is None else f"{number:,.0f}"


PROMPTS_ARE_CUT = (
    "it probably cuts prompts to its context length, and scores of papers that it has not read mean"
    " little: allow a longer context (Ollama: OLLAMA_CONTEXT_LENGTH, or num_ctx), or lower"
    " llm.batch_size"
)


def over_budget(digest: Digest) -> str:
    """By how much the day cost more than the budget; "" if it did not."""
    if not digest.over_budget_usd:
        return ""
    return (
        f"The day cost {dollars(digest.over_budget_usd)} more than llm.budget_usd allows: requests"
        " that are under way when the money ends are paid for all the same."
    )


def usage(digest: Digest) -> tuple[tuple[str, str, str, str], ...]:
    """The usage table: (name, prompt, completion, total), tokens and then cost, in words."""
    used, total = digest.usage, digest.cost_usd
    if digest.scorer is ScoredBy.EMBEDDED:
        return (("Tokens", "none", "none", "none"), ("Cost", "none", "none", "none"))
    rest = None if total is None or used.prompt_usd is None else total - used.prompt_usd
    all_tokens = add(used.prompt_tokens, used.completion_tokens)
    return (
        ("Tokens", tokens(used.prompt_tokens), tokens(used.completion_tokens), tokens(all_tokens)),
        ("Cost", dollars(used.prompt_usd), dollars(rest), dollars(total)),
    )


def usage_details(digest: Digest) -> str:
    """What is known beyond the usage table, in a sentence; "" if no request was made."""
    used = digest.usage
    if not used.requests:
        return ""
    details = [count(used.requests, "request")]
    if used.cached_tokens is not None:
        details.append(f"{used.cached_tokens:,} of the prompt tokens from the provider's cache")
    if used.reasoning_tokens is not None:
        details.append(f"{used.reasoning_tokens:,} of the completion tokens spent on reasoning")
    return "; ".join(details) + "."


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
    """How many papers have no score, and why. Unscored papers are listed below it on the page."""
    reasons = in_short(Counter(paper.reason for paper in digest.unscored))
    return f"{count(len(digest.unscored), 'paper')} could not be scored ({reasons})."


def by_reason(reasons: Mapping[str, str]) -> str:
    """Why each of several things failed, grouped by reason: "a, b: timeout; c: HTTP 500"."""
    groups: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        groups.setdefault(reason, []).append(name)
    return "; ".join(f"{', '.join(names)}: {reason}" for reason, names in groups.items())


def why_unscored(unscored: Unscored) -> str:
    """Why a paper has no score: "unreadable (no title)", "timeout"."""
    detail = unscored.paper.unreadable
    return f"{unscored.reason} ({detail})" if detail else unscored.reason


def fallback(digest: Digest) -> str:
    """Who scored a day on which the model failed, and why; "" on other days."""
    if not digest.fallback:
        return ""
    reason = one_line(digest.fallback, _LONGEST_REASON).rstrip(".")
    how = ", by words and by what was learned" if _knows(digest) else ""
    return (
        f"The model has not scored this day: {reason}."
        f" {scorer_label(digest.scorer, digest.model).capitalize()} has, without"
        f" novelty{how}; the model scores it later."
    )


def _knows(digest: Digest) -> bool:
    """True if something was learned or liked before the day."""
    return any(score.match is not None for score in digest.scores.values())


def warnings(digest: Digest) -> tuple[str, ...]:
    """What a reader must know before trusting the day, a sentence or two each. If `fallback` has
    something to say, that is the first."""

    def categories(is_meant: Callable[[Source], bool]) -> str:
        return ", ".join(c for c, source in digest.sources.items() if is_meant(source))

    sentences = [fallback(digest)] if digest.fallback else []
    if digest.generated_at >= datetime.combine(next_announcement(digest.date), time.min, EASTERN):
        day = in_words(today_eastern(digest.generated_at))
        sentences.append(f"Made on {day}, after arXiv's next announcement was due.")
    if digest.scorer is ScoredBy.EMBEDDED and not digest.fallback:
        against = "the topics and what was learned" if _knows(digest) else "the topics"
        sentences.append(
            "Scored by the embedded scorer, without a language model: relevance is word matching"
            f" against {against}, and novelty is not scored."
        )
    if sentence := without_phrases(digest):
        sentences.append(sentence)
    if digest.usage.cut_requests:
        sentences.append(
            f"In {digest.usage.cut_requests} of {count(digest.usage.requests, 'request')} the model"
            f" was given less than was sent, as its endpoint reports: {PROMPTS_ARE_CUT}."
        )
    if digest.over_budget_usd:
        sentences.append(over_budget(digest))
    if digest.unread:
        sentences.append(_unread(digest))
    if digest.stale:
        sentences.append(
            f"arXiv's feed for {', '.join(digest.stale)} showed another day when this was made:"
            " papers announced there may be missing."
        )
    if empty := categories(lambda source: source.fresh and not source.entries):
        sentences.append(f"arXiv's feed for {empty} was empty.")
    if capped := categories(lambda source: source.capped):
        sentences.append(
            f"arXiv cuts a feed at {FEED_LIMIT:,} entries, new papers first: some of"
            f" {capped} may be missing. Follow its categories one by one."
        )
    sampled = dict(rules(digest)).get(LIMIT_RULE)
    if sampled:
        sentences.append(f"Only a sample was scored: {count(sampled, 'paper')} beyond `--limit`.")
    if digest.unscored:
        sentences.append(unscored(digest))
    unreadable = sum(len(source.unreadable) for source in digest.sources.values())
    if unreadable:
        papers = "its paper is" if unreadable == 1 else "their papers are"
        sentences.append(
            f"{count(unreadable, 'entry', 'entries')} of arXiv's had no id that could be read, so"
            f" {papers} not counted; the day's data file names what there was."
        )
    if caught_up := categories(lambda source: source.origin is Origin.PAGE):
        sentences.append(f"Taken from arXiv's catch-up pages, not from its feed: {caught_up}.")
    if completed := categories(lambda source: source.origin is Origin.FEED_AND_PAGE):
        sentences.append(f"Completed from arXiv's catch-up pages: {completed}.")
    if approximate := categories(lambda source: source.approximate):
        sentences.append(
            f"Rebuilt from submission dates, which cannot tell exactly what was announced:"
            f" {approximate} may lack cross-lists of older papers and papers that"
            " moderation had held back."
        )
    return tuple(sentences)


_LONGEST_REASON = 160  # characters, so that a feed has room for the whole sentence
FEW_PAPERS = 5  # that none of fewer papers has a phrase of the topics says nothing
# Some phrases stand in papers of every field ("stars"). So a phrase in less than this share of many
# papers is as good as none, unless a paper has this relevance: without a phrase the embedded scorer
# gives at most 6.
_CHANCE, _MANY_PAPERS = 0.02, 50
_RELATED = {ScoredBy.MODEL: 5, ScoredBy.EMBEDDED: 7}
# Of topics that are written in English, too, half is in another script.
_MOSTLY = 2 / 3


def without_phrases(digest: Digest) -> str:
    """That the topics seem to be about something else than the papers; "" if they do not.

    A model may keep papers that have none of the reader's phrases: then nothing is wrong.
    """
    scanned, by_words = digest.counts.scanned, digest.scorer is ScoredBy.EMBEDDED
    found = digest.with_phrase
    if found is None or scanned < FEW_PAPERS or (digest.kept and not by_words):
        return ""
    titles = [*(k.paper.title for k in digest.kept), *(b.title for b in digest.below)]
    if found == 0:
        return no_phrase(
            f"None of the {scanned:,} papers has",
            is_in_other_script=by_words and in_other_script(digest.prompt.user, titles),
            by_words=by_words,
        )
    if by_words and in_other_script(digest.prompt.user, titles, _MOSTLY):
        return (
            "topics.md is mostly written in another script than the papers, and"
            f" {found:,} of the {scanned:,} {'has' if found == 1 else 'have'} a phrase of it."
            f" {_IN_ENGLISH_TOO}"
        )
    scores = [*(k.score for k in digest.kept), *(b.score for b in digest.below)]
    is_related = any(score.relevance >= _RELATED[digest.scorer] for score in scores)
    if not may_be_chance(found, scanned) or is_related:
        return ""
    only = f"Only {found:,} of the {scanned:,} papers {'has' if found == 1 else 'have'}"
    return no_phrase(only, is_in_other_script=False, by_words=by_words)


def may_be_chance(found: int, papers: int) -> bool:
    """True if so few of so many papers have a phrase of the reader's that it says nothing."""
    return papers >= _MANY_PAPERS and found < _CHANCE * papers


_IN_ENGLISH_TOO = (
    "The embedded scorer compares words: write the topics in English too, or use a model."
)


def no_phrase(none_has: str, *, is_in_other_script: bool, by_words: bool = False) -> str:
    """`none_has` is "None of the 223 papers has"."""
    if is_in_other_script:
        return (
            f"{none_has} a phrase of topics.md, which is written in another script than they are."
            f" {_IN_ENGLISH_TOO}"
        )
    sentence = f"{none_has} a phrase of topics.md: see `digest topics`, and `categories` in"
    sentence += " config.yaml."
    if by_words:
        sentence += (
            " The embedded scorer compares words: the topics must be in the language of the"
            " papers, English."
        )
    return sentence


def _unread(digest: Digest) -> str:
    """That papers are missing, and why, if the record has the reasons."""
    categories = digest.unread
    papers = "its papers are" if len(categories) == 1 else "their papers are"
    sentence = (
        f"What {', '.join(categories)} announced could not be read when this was made:"
        f" {papers} missing"
    )
    reasons = by_reason({c: digest.sources[c].why for c in categories if digest.sources[c].why})
    return f"{sentence} ({reasons})." if reasons else f"{sentence}."
