"""Can the papers be had and judged, and for how much?"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Iterator
from datetime import date, timedelta
from urllib.parse import urlsplit

from digest.archive import store
from digest.arxiv.fetch import newer_category
from digest.core import calendar, categories
from digest.core.config import Llm
from digest.core.errors import ArchiveError, ConfigError, FeedError
from digest.core.papers import FEED_LIMIT, Entry, Feed
from digest.core.scores import Prompt, ScoredBy, Usage
from digest.core.wording import count, dollars
from digest.doctor.setup import Setup
from digest.doctor.verdict import Check, Unknown, ok, parts, problem, unknown, warning
from digest.run import selection
from digest.scoring import estimate, prices, scorers
from digest.scoring.completion import TRY_LATER, Answer, Setback
from digest.scoring.prompt import load_topics

LONG_PROMPT = 20_000  # tokens; a day repeats them in some fifty requests
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

_OFFLINE = "none needed: the embedded scorer judges"


# --- prompts ----------------------------------------------------------------------------------


def prompts(setup: Setup) -> Iterator[Check]:
    config = setup.config
    found = load_topics(config.prompts).names
    topics = f"{count(len(found), 'topic')} ({', '.join(found)})"
    if config.scorer is ScoredBy.EMBEDDED:
        yield ok(topics)
        return
    prompt = scorers.make(config, None, None).prompt
    tokens = estimate.tokens(prompt.system) + estimate.tokens(prompt.user)
    said = f"{topics}; about {tokens:,} tokens in every request"
    if tokens > LONG_PROMPT:
        yield warning(said, f"shorten {config.prompts}: each request pays for all of it")
    else:
        yield ok(said)


# --- the model --------------------------------------------------------------------------------

_PROBE = Prompt("You answer in JSON.", 'Answer {"papers":[]} and nothing else.')


def key(setup: Setup) -> Iterator[Check]:
    """One tiny request, in the form that a run's would have."""
    config = setup.config
    if config.scorer is ScoredBy.EMBEDDED:
        yield ok(_OFFLINE)
        return
    secret, address = setup.key(), config.llm.base_url or setup.base_url()
    yield accepted(asyncio.run(_ask(secret, address, config.llm)), config.llm, address)


async def _ask(secret: str, address: str | None, llm: Llm) -> Answer | Setback:
    from digest.scoring import gate
    from digest.scoring.endpoint import Endpoint

    async with gate.open_client(secret, address, llm) as client:
        answer = await Endpoint(client, _PROBE, llm).ask(())
    return answer if isinstance(answer, Setback) else answer.setback or answer


def accepted(answer: Answer | Setback, llm: Llm, address: str | None) -> Check:
    """What the answer to the request says of the key and the model."""
    if isinstance(answer, Setback):
        return problem(f"{_host(address)}: {answer.words}", answer.remedy or TRY_LATER)
    said = f"accepted by {llm.model} at {_host(address)}"
    tokens = answer.usage.prompt_tokens, answer.usage.completion_tokens
    if tokens[0] is None or tokens[1] is None:
        return ok(said)
    paid = prices.price(answer.usage, llm.model, address, answer.tier, answer.cache_writes)
    cost = dollars(sum(paid)) if paid else "at a price that is not known"
    return ok(f"{said} ({sum(filter(None, tokens))} tokens, {cost})")


def model(setup: Setup) -> Iterator[Check]:
    config = setup.config
    if config.scorer is ScoredBy.EMBEDDED:
        yield ok(_OFFLINE)
    else:
        today = calendar.today_eastern(setup.now)
        yield lifetime(config.llm.model, _host(setup.address), today)


def lifetime(name: str, host: str, today: date) -> Check:
    """How long there will be such a model and such an endpoint."""
    plain = re.sub(r"^.*/|-\d{4}-\d\d-\d\d$", "", name)  # openai/gpt-5-2025-08-07
    found = [(end, model) for model, end in MODELS_END.items() if plain == model]
    found += [(end, host) for known, end in ENDPOINTS_END.items() if host == known]
    if not found:
        return ok(f"no end of {name} is known (as of {AS_OF})")
    end, what = min(found)
    remedy = "name another one in llm.model"
    if what == host:
        remedy = "name another provider in llm.base_url, with a model and a key of theirs"
    if end <= today:
        return problem(f"{what} ended on {end}", remedy)
    said = f"{what} ends on {end}, in {count((end - today).days, 'day')}"
    return warning(said, remedy) if end - today <= NOTICE else ok(said)


def price(setup: Setup) -> Iterator[Check]:
    llm = setup.config.llm
    if setup.config.scorer is ScoredBy.EMBEDDED:
        yield ok(_OFFLINE)
        return
    if prices.is_local(setup.address or prices.OPENAI):
        yield ok(f"nothing: {_host(setup.address)} is a machine of your own")
        return
    sample = Usage(prompt_tokens=1_000, completion_tokens=1_000)  # steps begin far above
    paid = prices.price(sample, llm.model, setup.address, llm.extra.get("service_tier"))
    if paid is None:
        yield warning(
            f"that of {llm.model} at {_host(setup.address)} is not known, so pages say 'not"
            " reported' and llm.budget_usd cannot hold",
            "set a limit at the provider",
        )
    else:
        a_million = [f"${usd * 1_000:,.2f}" for usd in paid]
        yield ok("{} a million tokens of prompt, {} of completion".format(*a_million))


def budget(setup: Setup) -> Iterator[Check]:
    config = setup.config
    if config.scorer is ScoredBy.EMBEDDED:
        yield ok(_OFFLINE)
    elif config.llm.budget_usd is None:
        yield ok("no cap: llm.budget_usd is null")
    else:
        yield affordable(*_day(setup), config.llm.budget_usd)


def affordable(what: str, cost_usd: float | None, budget_usd: float) -> Check:
    """Whether a day like `what` fits into the budget."""
    if cost_usd is None:
        return unknown("what a day costs is not known without the model's price")
    said = f"{what}: about {dollars(cost_usd)} of llm.budget_usd, ${budget_usd:g}"
    remedy = "raise it, take a cheaper model or follow fewer categories"
    if cost_usd > budget_usd:
        return problem(said, remedy)
    return warning(said, remedy) if cost_usd > NEAR_BUDGET * budget_usd else ok(said)


def _day(setup: Setup) -> tuple[str, float | None]:
    """A day, and what it would cost or has cost: today's announcement, else the last recorded."""
    config = setup.config
    feeds = [feed for feed in setup.feeds.values() if isinstance(feed, Feed)]
    merged = [paper for paper in selection.merge(feeds) if not paper.unreadable]
    papers = [paper for paper in merged if paper.announce_type in config.announce]
    if papers:
        try:
            scorer = scorers.make(config, None, setup.address)
        except ConfigError as error:
            raise Unknown("the prompts come first") from error
        return f"today's {count(len(papers), 'paper')}", scorer.foretell(papers).cost_usd
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


def _host(address: str | None) -> str:
    return urlsplit(address or prices.OPENAI).netloc


# --- arXiv's feeds ----------------------------------------------------------------------------


def feed(setup: Setup) -> Iterator[Check]:
    config, day = setup.config, calendar.today_eastern(setup.now)
    try:
        batches = store.Archive(config.out).earlier_batches(day)
    except ArchiveError:  # for another check to tell
        batches = {}
    tried = ""
    for category, got in setup.feeds.items():
        if isinstance(got, FeedError):
            said, remedy = parts(got.problem)
            yield problem(f"{category}: {said}", remedy or "check arxiv.feed_url")
            tried = category
        elif got is None:
            yield unknown(f"{category}: no connection for {tried} either")
        else:
            yield served(category, got, day, batches.get(category))
            if not categories.is_known(category):
                yield warning(*parts(newer_category(category)))


def served(category: str, got: Feed, day: date, earlier: Collection[Entry] | None) -> Check:
    """What `category`'s feed is worth on `day`; `earlier` is its last recorded batch."""
    items = count(len(got.papers), "paper")
    if got.is_capped:
        said = f"{category}: arXiv cuts a feed at {FEED_LIMIT:,} entries, new papers first"
        return problem(said, "follow its categories one by one")
    if why := calendar.why_none(day):
        return ok(f"{category}: answers; nothing is announced today, {why}")
    wait = "nothing to do: a later run of the day completes it"
    if not selection.source_of(got, "", day, earlier).fresh:
        what = f"is that of {got.date}" if got.date != day else "repeats an earlier day's papers"
        return warning(f"{category}: the feed {what}", wait)
    if not got.papers:
        return warning(f"{category}: empty on a day on which arXiv announces", wait)
    unreadable = [f"{p.id} ({p.unreadable})" for p in got.papers if p.unreadable]
    if broken := [*unreadable, *got.unreadable]:
        said = f"{category}: {items} of {day}, of which {len(broken)} cannot be read: {broken[0]}"
        return warning(said, "nothing to do: the digest lists them, and arXiv's page may have them")
    if len(got.papers) >= NEAR_FEED_LIMIT:
        said = f"{category}: {items}, and arXiv cuts a feed at {FEED_LIMIT:,}, new papers first"
        return warning(said, "follow its categories one by one")
    since = "" if earlier else ", with no earlier day to compare them with"
    return ok(f"{category}: {items} of {day}{since}")
