"""The model scorer: every paper scored, or accounted for.

Papers go out in batches. Those for which no valid score comes back are asked about again in smaller
batches, so that one paper that spoils every batch it is in ends alone, and fails alone. The first
request goes out by itself, with one paper: it shows whether the key, the balance and the model are
good and which form of request the endpoint takes, and it leaves the part that all requests share in
the provider's cache.
"""

from __future__ import annotations

import asyncio
import logging
import math
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from openai import AsyncOpenAI

from digest.core.config import Llm
from digest.core.errors import ScoringError
from digest.core.papers import Paper
from digest.core.progress import tally
from digest.core.scores import Failure, Prompt, Reason, Scoring
from digest.core.text import one_line
from digest.core.wording import PROMPTS_ARE_CUT, count, dollars
from digest.scoring import estimate, reply
from digest.scoring.completion import Answer, Setback
from digest.scoring.endpoint import Endpoint
from digest.scoring.prices import price
from digest.scoring.prompt import is_cut

log = logging.getLogger("digest")

ASKS = 6  # how often at most a paper is asked about
PROBES = 3  # in vain before the first score: there is no point in going on
_PATIENCE = 10  # the same later on, or twice the requests under way where that is more
_LONGEST_BACKOFF_S = 30.0  # between a server's error and the next request
_MISSING = Setback(Reason.INVALID, "no valid scores in the reply", remedy="try another llm.model")
_LONGEST_EXCERPT = 150  # characters, of a reply without scores
_UNDER_WAY_S = 0.1  # in which the first request is sent
_GRACE_S = 5.0  # after an interrupt, for the requests under way: they are billed in any case


def score(
    papers: Sequence[Paper],
    prompt: Prompt,
    topics: Sequence[str],
    llm: Llm,
    connect: Callable[[], AsyncOpenAI],
    left_usd: float | None = None,
    keep: Callable[[Scoring], None] = lambda _: None,
) -> Scoring:
    """A verdict on each of `papers`: a score, or a failure with its `Reason`.

    `topics` are the headings that a paper can belong to. `keep` gets each answer as it comes, so
    that what has been paid for survives whatever comes after. `left_usd` is what may still be
    spent; it can only hold where the model's price is known. Where the run gives up, or papers fail
    one by one, `trouble` says why and what to do. Raises `ScoringError` for what no further request
    can mend: a rejected key, an empty balance, a model that does not exist.
    """
    for paper in papers:
        if is_cut(paper):
            log.info("%s: only the beginning of its abstract is sent", paper.id)

    async def scored() -> Scoring:
        async with connect() as client:
            run = _Run(Endpoint(client, prompt, llm), prompt, topics, llm, left_usd, keep)
            return await run.score(papers)

    return asyncio.run(scored()) if papers else Scoring({})


@dataclass(frozen=True, slots=True)
class _Batch:
    papers: tuple[Paper, ...]
    asks: int = 0  # how often they have been asked about


class _Run:
    """One scoring: what came back, what is spent, what is left to ask."""

    def __init__(
        self,
        endpoint: Endpoint,
        prompt: Prompt,
        topics: Sequence[str],
        llm: Llm,
        left_usd: float | None,
        keep: Callable[[Scoring], None],
    ) -> None:
        self._endpoint = endpoint
        self._prompt = prompt
        self._topics = topics
        self._llm = llm
        self._left_usd = left_usd
        self._keep = keep
        self._queue: asyncio.Queue[_Batch] = asyncio.Queue()
        self._scoring = Scoring({})
        self._spent_usd = 0.0  # as estimated where an answer does not say
        self._reserved_usd = 0.0  # for the requests under way
        self._dearest_usd = 0.0  # of the answers so far
        self._ended = asyncio.Condition()  # a request has, and what it reserved is free again
        self._in_vain = 0  # batches and lone papers asked about since the last score
        self._under_way = 0  # requests
        self._given_up: Reason | None = None
        self._trouble = ""  # why
        self._failed_for: Counter[str] = Counter()  # what papers failed for one by one
        self._error: ScoringError | None = None

    async def score(self, papers: Sequence[Paper]) -> Scoring:
        batches = estimate.batches(papers, self._llm)
        first = next(batches)
        if self._left_usd is not None and self._estimated_usd(first) is None:
            log.warning(
                "the price of %s is not known: llm.budget_usd holds only if the endpoint reports"
                " what its answers cost",
                one_line(self._llm.model),
            )
        with tally(len(papers), "scored", "paper") as self._show:
            work = asyncio.create_task(self._ask_all(first, batches))
            try:
                await asyncio.shield(work)
            except asyncio.CancelledError:  # Ctrl-C: asyncio cancels what it runs
                await self._stop(work)
                self._fail([p for p in papers if p.id not in self._scoring.verdicts])
        if self._error is not None:
            raise self._error
        (commonest, _), *_ = self._failed_for.most_common(1) or [("", 0)]
        why = "" if self._given_up is Reason.INTERRUPTED else self._trouble or commonest
        return replace(self._scoring, trouble=why)

    async def _ask_all(self, first: tuple[Paper, ...], others: Iterable[tuple[Paper, ...]]) -> None:
        """One after another until there is a score, so that an endpoint that gives none is asked
        little; then all at once."""
        answered = asyncio.Event()
        sorting = asyncio.create_task(_sorted_out(others, answered))
        try:
            await self._handle(_Batch(first))
        finally:
            answered.set()
        batches = await sorting
        again, self._queue = self._queue, asyncio.Queue()
        for batch in batches:
            self._queue.put_nowait(_Batch(batch))
        while not again.empty():
            self._queue.put_nowait(again.get_nowait())
        while not self._queue.empty() and not self._answered:
            await self._take_one()
        await self._all_at_once()

    async def _stop(self, work: asyncio.Task[None]) -> None:
        """After an interrupt: nothing new, a little time for what is under way, then the end."""
        self._given_up = Reason.INTERRUPTED
        self._endpoint.stop()
        deadline = time.monotonic() + _GRACE_S
        with _next_interrupt() as again:
            while self._under_way and time.monotonic() < deadline and not again.is_set():
                await asyncio.wait({work}, timeout=0.05)
        work.cancel()
        await asyncio.wait({work})
        self._error = None
        if not work.cancelled() and (error := work.exception()) is not None:
            raise error

    @property
    def _answered(self) -> bool:
        """Whether the endpoint has given a score yet."""
        return any(not isinstance(v, Failure) for v in self._scoring.verdicts.values())

    async def _all_at_once(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                workers = [group.create_task(self._work()) for _ in range(self._llm.concurrency)]
                await self._queue.join()
                for worker in workers:
                    worker.cancel()
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None

    async def _work(self) -> None:
        while True:
            await self._take_one()

    async def _take_one(self) -> None:
        await self._handle(await self._queue.get())
        self._queue.task_done()

    async def _handle(self, batch: _Batch) -> None:
        """Ask about a batch; what it leaves unscored goes back into the queue, or has failed."""
        reserved = await self._reserve(batch.papers)
        if reserved is None:
            self._fail(batch.papers)
            return
        try:
            setback = await self._ask(batch.papers, reserved)
        except ScoringError as error:  # the others' answers are on their way, and paid for
            self._error = self._error or error
            setback = Setback(Reason.SERVER_ERROR, "see the error", final=True)
        if rest := tuple(p for p in batch.papers if p.id not in self._scoring.verdicts):
            await self._ask_again(batch, rest, setback)
        else:
            self._in_vain = 0

    async def _ask_again(
        self, batch: _Batch, rest: tuple[Paper, ...], setback: Setback | None
    ) -> None:
        """What becomes of the papers of a batch that its reply has left out."""
        setback = setback or _MISSING
        asked = _Batch(rest, batch.asks + 1)
        log.debug(
            "%s of %d came back without a score (time %d of %d): %s",
            count(len(rest), "paper"),
            len(batch.papers),
            asked.asks,
            ASKS,
            setback.words,
        )
        whole = len(rest) == len(batch.papers)
        if not whole:
            self._in_vain = 0
        elif batch.asks == 0 or len(rest) == 1 or setback.reason is Reason.RATE_LIMITED:
            self._in_vain += 1  # the parts of a batch say no more than it did
        self._weigh(setback)
        if self._given_up is not None:
            self._fail(rest)
        elif asked.asks == ASKS or (setback.lasting and len(batch.papers) == 1):
            self._failed_for[_in_a_sentence(setback)] += len(rest)
            self._fail(rest, setback.reason)
            self._show(len(rest), setback.reason)
        else:
            for part in _parts(asked, setback, whole=whole):
                self._queue.put_nowait(part)
            if setback.reason is Reason.SERVER_ERROR:
                await asyncio.sleep(min(2.0**self._in_vain, _LONGEST_BACKOFF_S))

    async def _ask(self, papers: tuple[Paper, ...], reserved: float) -> Setback | None:
        """One request, and what it brings. None where the reply was whole, whatever it holds."""
        self._under_way += 1
        try:
            answer = await self._endpoint.ask(papers)
            if isinstance(answer, Setback):
                if answer.maybe_billed:
                    self._spent_usd += reserved
                return answer
            return self._take_in(papers, answer, reserved) or answer.setback
        finally:
            self._under_way -= 1
            self._reserved_usd -= reserved
            async with self._ended:
                self._ended.notify_all()

    def _take_in(
        self, papers: tuple[Paper, ...], answer: Answer, reserved_usd: float
    ) -> Setback | None:
        """Count an answer and its scores. A setback where there is text and no score in it."""
        estimated = estimate.request(self._prompt, papers)
        usage, address = answer.usage, self._endpoint.address
        paid = price(usage, self._llm.model, address, answer.tier, answer.cache_writes)
        # A cost of 0 is that of a free model, unless the table has a price for it.
        cost_usd = answer.cost_usd or (sum(paid) if paid else answer.cost_usd)
        usage = replace(
            usage,
            prompt_usd=paid[0] if paid and not answer.cost_usd else None,
            estimated_prompt_tokens=estimated.prompt_tokens,
            estimated_completion_tokens=estimated.completion_tokens,
            cut_requests=int(estimate.is_cut(usage, estimated)),
        )
        if usage.cut_requests and not self._scoring.usage.cut_requests:
            log.warning(
                "the endpoint reports %d prompt tokens of about %d that were sent: %s",
                usage.prompt_tokens,
                estimated.prompt_tokens,
                PROMPTS_ARE_CUT,
            )
        read = reply.read(answer.text, [paper.id for paper in papers], self._topics)
        for problem in read.problems:
            log.debug("reply: %s", self._endpoint.safe(problem))
        scores = {
            paper_id: replace(score, comment=self._endpoint.scrub(score.comment))
            for paper_id, score in read.scores.items()
        }
        scoring = Scoring(scores, usage, cost_usd)
        self._scoring += scoring
        self._spent_usd += reserved_usd if cost_usd is None else cost_usd
        self._dearest_usd = max(self._dearest_usd, cost_usd or 0.0)
        self._keep(scoring)
        total = self._scoring.cost_usd
        self._show(len(scores), "" if total is None else dollars(total))
        if scores or answer.setback or not answer.text.strip():
            return None
        excerpt = self._endpoint.safe(answer.text[-_LONGEST_EXCERPT:])
        return replace(_MISSING, words=f"{_MISSING.words} (“{excerpt}”)")

    def _fail(self, papers: Sequence[Paper], reason: Reason | None = None) -> None:
        reason = reason or self._given_up or Reason.INVALID
        self._scoring += Scoring({paper.id: Failure(reason) for paper in papers})

    # --- when to stop ------------------------------------------------------------------------

    async def _reserve(self, papers: tuple[Paper, ...]) -> float | None:
        """Dollars set aside for a request: its estimate, or what the dearest answer so far has cost
        if that is more. None where the request is not to be sent.

        Money that requests under way have reserved may come back, so it is waited for.
        """
        while self._given_up is None and self._left_usd is not None:
            amount = max(self._estimated_usd(papers) or 0.0, self._dearest_usd)
            left = self._left_usd - self._spent_usd
            if self._left_usd > 0 and amount <= left - self._reserved_usd:
                self._reserved_usd += amount
                return amount
            if amount > left or not self._under_way:
                self._give_up(Reason.BUDGET, self._over_budget(amount, left))
                break
            async with self._ended:
                await self._ended.wait()
        return 0.0 if self._given_up is None else None

    def _over_budget(self, amount: float, left: float) -> str:
        if left < 0:
            spent = f"answers have cost {dollars(-left)} more than was left of the budget"
        else:
            spent = f"{dollars(left)} of the budget is left"
        return f"the next request may cost {dollars(amount)} and {spent}; raise llm.budget_usd"

    def _estimated_usd(self, papers: tuple[Paper, ...]) -> float | None:
        """What a request for `papers` will cost: as the first estimate has it, or as those so far
        have taught; None where the price is not known."""
        estimated = estimate.request(self._prompt, papers)
        tier = self._llm.extra.get("service_tier")
        paid = price(estimated, self._llm.model, self._endpoint.address, tier)
        if paid is None:
            return None
        done = self._scoring.usage.estimated_completion_tokens
        taken = self._scoring.usage.completion_tokens
        return paid[0] + paid[1] * (max(1.0, taken / done) if taken and done else 1.0)

    def _weigh(self, setback: Setback) -> None:
        """Give up where no further request would fare better."""
        patience = max(_PATIENCE, 2 * self._llm.concurrency) if self._answered else PROBES
        said = _in_a_sentence(setback)
        if setback.final:
            self._give_up(setback.reason, said)
        elif self._in_vain >= patience:
            # A paper is refused for its own sake; where all are, it is the endpoint's doing.
            all_refused = setback.reason is Reason.REFUSED
            self._give_up(
                Reason.SERVER_ERROR if all_refused else setback.reason,
                f"{self._in_vain} requests in a row brought nothing: {said}",
            )

    def _give_up(self, reason: Reason, why: str) -> None:
        if self._given_up is None and self._error is None:
            log.warning("no further requests: %s", why)
            self._trouble = why
        self._given_up = self._given_up or reason


async def _sorted_out(
    batches: Iterable[tuple[Paper, ...]], answered: asyncio.Event
) -> list[tuple[Paper, ...]]:
    """The batches, which take the processor: not before the first request is under way."""
    with suppress(TimeoutError):
        await asyncio.wait_for(answered.wait(), _UNDER_WAY_S)
    return await asyncio.to_thread(list, batches)


def _in_a_sentence(setback: Setback) -> str:
    """What went wrong and what to do, as a part of a sentence."""
    return "; ".join(filter(None, (setback.words, setback.remedy)))


@contextmanager
def _next_interrupt() -> Iterator[asyncio.Event]:
    """Set by the next Ctrl-C, which would else end everything where it stands. It wakes nobody: to
    be looked at now and then."""
    again = asyncio.Event()
    # Not the loop's own handlers, which Windows has not.
    before = signal.signal(signal.SIGINT, lambda *_: again.set())
    try:
        yield again
    finally:
        signal.signal(signal.SIGINT, before)


def _parts(batch: _Batch, setback: Setback, *, whole: bool) -> list[_Batch]:
    """What to ask next: the few that a first reply lacked together, and what came too soon as it
    was; else parts so small that each paper stands alone before its last ask."""
    left = ASKS - 1 - batch.asks
    as_it_is = setback.reason is Reason.RATE_LIMITED or (batch.asks == 1 and not whole)
    if as_it_is and left > 1:
        return [batch]
    papers = batch.papers
    size = max(1, math.floor(len(papers) ** (1 - 1 / max(1, left)) + 1e-9))
    size = min(size, math.ceil(len(papers) / 2))
    return [replace(batch, papers=papers[i : i + size]) for i in range(0, len(papers), size)]
