"""arXiv's feeds, prompts, model and budget: can papers be fetched and scored, at what price?"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection
from datetime import date, timedelta
from urllib.parse import urlsplit

from digest.archive import store
from digest.arxiv.fetch import Fetched, newer_category
from digest.core import calendar, categories
from digest.core.authors import Authors
from digest.core.config import Llm
from digest.core.errors import ArchiveError, ConfigError, FeedError
from digest.core.papers import FEED_LIMIT, Entry, Feed, Paper
from digest.core.scores import Prompt, ScoredBy, Usage
from digest.core.text import in_other_script
from digest.core.wording import FEW_PAPERS, count, dollars, may_be_chance, no_phrase
from digest.doctor.setup import Setup
from digest.doctor.verdict import Check, Unknown, graded, ok, parts, problem, unknown, warning
from digest.run.selection import merge
from digest.run.sources import source_of
from digest.scoring import estimate, fit, prices
from digest.scoring.completion import TRY_LATER, Answer, RequestFailure
from digest.scoring.prompt import TOPICS, load_topics
from digest.scoring.scorer import make_scorer
from digest.scoring.topics_text import in_short

LONG_PROMPT = 20_000  # tokens; a day repeats them in some fifty requests
NAMES_A_LINE = 4
NEAR_FEED_LIMIT = 1_800
NEAR_BUDGET = 0.5

# When models and endpoints end: https://platform.openai.com/docs/deprecations and
# https://github.blog/changelog, as of November 2026.
AS_OF = "November 2026"
MODELS_END = {name: date(2026, 12, 11) for name in ("gpt-5", "gpt-5-mini", "gpt-5-nano")}
ENDPOINTS_END = {
    "models.github.ai": date(2026, 7, 30),
    "models.inference.ai.azure.com": date(2026, 7, 30),
}
NOTICE = timedelta(days=60)
_FOLLOW_EACH = "follow its categories one by one"

# --- prompts ----------------------------------------------------------------------------------


def prompts(setup: Setup) -> list[Check]:
    """How the topics are read, and what was not sure how to read."""
    config = setup.config
    topics = load_topics(config.prompts)
    notes = [warning(note, "`digest topics` shows how all is read") for note in topics.notes]
    read = in_short(topics)
    if config.scorer is ScoredBy.EMBEDDED:
        return [ok(read), *notes]
    prompt = make_scorer(config, None, None).prompt
    tokens = estimate.tokens(prompt.system) + estimate.tokens(prompt.user)
    check = graded(
        f"{read}; about {tokens:,} tokens in every request",
        f"shorten {config.prompts}: each request pays for all of it",
        is_warning=tokens > LONG_PROMPT,
    )
    return [check, *notes]


# --- authors ----------------------------------------------------------------------------------


def authors(setup: Setup) -> list[Check]:
    """How was each name read? Many names take several lines."""
    followed = Authors.parse(setup.config.authors)
    names = [str(name) for name in followed.names]
    lines = ["; ".join(names[i : i + NAMES_A_LINE]) for i in range(0, len(names), NAMES_A_LINE)]
    checks = [ok(line) for line in lines] or [ok("none to follow")]
    return checks + [warning(*parts(doubt)) for doubt in followed.doubts]


def topics(setup: Setup) -> Check:
    """Are the topics about what is followed, and do today's papers have their phrases?"""
    config = setup.config
    try:
        reader = load_topics(config.prompts)
    except ConfigError as error:
        raise Unknown("the prompts come first") from error
    if sentence := fit.of_other_field(reader, config.categories, config.prompts):
        return warning(*parts(sentence))
    papers = _todays_papers(setup)
    today = f"today's {count(len(papers), 'paper')}"
    with_phrase = fit.with_phrase(papers, reader, config.scorer)
    if with_phrase is None:
        raise Unknown("the topics are in another script than the papers")
    if with_phrase and not may_be_chance(with_phrase, len(papers)):
        return ok(f"{with_phrase:,} of {today} with a phrase of {config.prompts / TOPICS}")
    if len(papers) < FEW_PAPERS:
        few = f"the feeds hold {count(len(papers), 'paper') if papers else 'no paper'} today"
        raise Unknown(few, "run it on a weekday")
    is_foreign = in_other_script(reader.text, (paper.title for paper in papers))
    verb = "has" if with_phrase <= 1 else "have"
    none_has = f"{f'only {with_phrase:,}' if with_phrase else 'none'} of {today} {verb}"
    by_words = config.scorer is ScoredBy.EMBEDDED
    sentence = no_phrase(none_has, is_in_other_script=is_foreign, by_words=by_words)
    return warning(*parts(sentence.rstrip(".")))


# --- the model --------------------------------------------------------------------------------

_PROBE = Prompt("You answer in JSON.", 'Answer {"papers":[]} and nothing else.')


def key(setup: Setup) -> Check:
    """Send one tiny request, in the form of a real one."""
    llm = setup.config.llm
    secret, address = setup.key(), llm.base_url or setup.base_url()
    answer = asyncio.run(_ask(secret, address, llm))
    if isinstance(answer, RequestFailure):
        return problem(f"{_host(address)}: {answer.message}", answer.remedy or TRY_LATER)
    message = f"accepted by {llm.model} at {_host(address)}"
    tokens = answer.usage.prompt_tokens, answer.usage.completion_tokens
    if tokens[0] is None or tokens[1] is None:
        return ok(message)
    paid = prices.price(answer.usage, llm.model, address, answer.tier, answer.cache_writes)
    cost = dollars(sum(paid)) if paid else "at a price that is not known"
    return ok(f"{message} ({tokens[0] + tokens[1]} tokens, {cost})")


async def _ask(secret: str, address: str | None, llm: Llm) -> Answer | RequestFailure:
    from digest.scoring.client import open_client
    from digest.scoring.endpoint import Endpoint

    async with open_client(secret, address, llm) as client:
        answer = await Endpoint(client, _PROBE, llm).ask(())
    return answer.failure or answer


def model(setup: Setup) -> Check:
    """How long will the model and its endpoint exist?"""
    host, today = _host(setup.address), calendar.today_eastern(setup.now)
    name = setup.config.llm.model
    plain = re.sub(r"^.*/|-\d{4}-\d\d-\d\d$", "", name)  # openai/gpt-5-2025-08-07
    ends = [(MODELS_END.get(plain), plain), (ENDPOINTS_END.get(host), host)]
    dates = [(end, what) for end, what in ends if end]
    if not dates:
        return ok(f"no end of {name} is known (as of {AS_OF})")
    end, what = min(dates)
    remedy = "name another one in llm.model"
    if what == host:
        remedy = "name another provider in llm.base_url, with a model and a key of theirs"
    if end <= today:
        return problem(f"{what} ended on {end}", remedy)
    days = count((end - today).days, "day")
    return graded(f"{what} ends on {end}, in {days}", remedy, is_warning=end - today <= NOTICE)


def price(setup: Setup) -> Check:
    llm, host = setup.config.llm, _host(setup.address)
    if prices.is_local(setup.address or prices.OPENAI):
        return ok(f"nothing: {host} is a machine of your own")
    sample = Usage(prompt_tokens=1_000, completion_tokens=1_000)  # below any step in the price
    paid = prices.price(sample, llm.model, setup.address, llm.extra.get("service_tier"))
    if paid is None:
        return warning(
            f"the price of {llm.model} at {host} is not known, so pages say 'not reported' and"
            " llm.budget_usd has no effect",
            "set a limit at the provider",
        )
    a_million = [f"${usd * 1_000:,.2f}" for usd in paid]
    return ok("{} a million tokens of prompt, {} of completion".format(*a_million))


def budget(setup: Setup) -> Check:
    budget_usd = setup.config.llm.budget_usd
    if budget_usd is None:
        return ok("no cap: llm.budget_usd is null")
    return affordable(*_day(setup), budget_usd)


def affordable(what: str, cost_usd: float | None, budget_usd: float) -> Check:
    """Does a day like `what` fit into the budget?"""
    if cost_usd is None:
        return unknown("the cost of a day is not known without the model's price")
    return graded(
        f"{what}: about {dollars(cost_usd)} of llm.budget_usd, ${budget_usd:g}",
        "raise it, choose a cheaper model or follow fewer categories",
        is_problem=cost_usd > budget_usd,
        is_warning=cost_usd > NEAR_BUDGET * budget_usd,
    )


def _day(setup: Setup) -> tuple[str, float | None]:
    """A day and its cost: an estimate for today's announcement, else the last recorded day's."""
    config, papers = setup.config, _todays_papers(setup)
    if papers:
        try:
            scorer = make_scorer(config, None, setup.address)
        except ConfigError as error:
            raise Unknown("the prompts come first") from error
        return f"today's {count(len(papers), 'paper')}", scorer.estimate(papers).cost_usd
    try:
        scored = [day for day in store.read_days(config.out) if day.scorer is ScoredBy.MODEL]
    except ArchiveError as error:
        raise Unknown("the archive comes first") from error
    if not scored:
        raise Unknown(
            "the feeds hold no paper today, and no earlier day was scored by a model",
            "run it on a weekday",
        )
    return str(scored[-1].date), scored[-1].cost_usd


def _todays_papers(setup: Setup) -> list[Paper]:
    feeds = [feed for feed in setup.feeds.values() if isinstance(feed, Feed)]
    merged = [paper for paper in merge(feeds) if not paper.unreadable]
    return [paper for paper in merged if paper.announce_type in setup.config.announce]


def _host(address: str | None) -> str:
    return urlsplit(address or prices.OPENAI).netloc


# --- arXiv's feeds ----------------------------------------------------------------------------


def feed(setup: Setup) -> list[Check]:
    config, day = setup.config, calendar.today_eastern(setup.now)
    try:
        batches = store.Archive(config.out).earlier_batches(day)
    except ArchiveError:  # the check `archive` reports it
        batches = {}
    unreachable = ""
    checks = []
    for category, answer in setup.feeds.items():
        if isinstance(answer, FeedError):
            message, remedy = parts(answer.problem)
            checks.append(problem(f"{category}: {message}", remedy or "check arxiv.feed_url"))
            unreachable = category
        elif answer is None:
            checks.append(unknown(f"{category}: no connection for {unreachable} either"))
        else:
            checks.append(served(category, answer, day, batches.get(category)))
            if not categories.is_known(category):
                checks.append(warning(*parts(newer_category(category))))
    return checks


def served(category: str, feed: Feed, day: date, earlier: Collection[Entry] | None) -> Check:
    """Is this `category`'s announcement of `day`? `earlier` is its last recorded batch."""
    papers = f"{category}: {count(len(feed.papers), 'paper')} of {day}"
    wait = "nothing to do: a later run of the day completes it"
    if feed.is_capped:
        message = f"{category}: arXiv cuts a feed at {FEED_LIMIT:,} entries, new papers first"
        return problem(message, _FOLLOW_EACH)
    if why := calendar.why_none(day):
        return ok(f"{category}: answers; nothing is announced today, {why}")
    if not source_of(Fetched("", feed), day, earlier or ()).fresh:
        what = f"is that of {feed.date}" if feed.date != day else "repeats an earlier day's papers"
        return warning(f"{category}: the feed {what}", wait)
    if not feed.papers:
        return warning(f"{category}: empty on a day on which arXiv announces", wait)
    unreadable = [f"{p.id} ({p.unreadable})" for p in feed.papers if p.unreadable]
    if unreadable := [*unreadable, *feed.unreadable]:
        message = f"{papers}, of which {len(unreadable)} cannot be read: {unreadable[0]}"
        remedy = "nothing to do: the digest lists them, and arXiv's page may have them"
        return warning(message, remedy)
    if len(feed.papers) >= NEAR_FEED_LIMIT:
        message = f"{papers}, and arXiv cuts a feed at {FEED_LIMIT:,}, new papers first"
        return warning(message, _FOLLOW_EACH)
    return ok(papers + ("" if earlier else ", with no earlier day to compare them with"))
