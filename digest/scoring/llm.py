"""The model scorer: every paper gets a score, or a reason why it has none.

Papers are sent in batches. Papers without a valid score in the reply are sent again in smaller
batches, so that a paper that spoils every batch it is in ends up alone, and fails alone. Requests
are sent one after another until there is a score: the first shows whether the key, the balance and
the model are good and which form of request the endpoint accepts, and it leaves the text that all
requests share in the provider's cache.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from digest.core.config import Llm
from digest.core.errors import OverBudget, ScoringError
from digest.core.papers import Paper
from digest.core.progress import tally
from digest.core.scores import Failure, Prompt, Reason, Scoring, Usage
from digest.core.text import one_line
from digest.core.wording import PROMPTS_ARE_CUT, count, dollars
from digest.scoring import estimate, reply
from digest.scoring.budget import Budget
from digest.scoring.client import Client
from digest.scoring.completion import Answer, RequestFailure
from digest.scoring.endpoint import Endpoint
from digest.scoring.prices import price
from digest.scoring.prompt import is_cut

log = logging.getLogger("digest")

MAX_ASKS = 6  # requests that a paper can be in
MAX_FAILURES_BEFORE_FIRST_SCORE = 3  # in a row
_MAX_FAILURES = 10  # in a row, after a score; or twice the concurrency if that is more
_LONGEST_BACKOFF_S = 30.0  # between a server's error and the next request
_NO_SCORES = RequestFailure(
    Reason.INVALID, "no valid scores in the reply", remedy="try another llm.model"
)
# Some local servers cut prompts to their context without an error (Ollama: to 4,096 tokens). Less
# than this share of the estimated tokens was read then; estimates are up to a quarter too high.
_SHARE_READ = 0.7
_LONGEST_EXCERPT = 150  # characters, of a reply without scores
_GRACE_S = 5.0  # after an interrupt, for the requests under way: they are billed in any case


def score(
    papers: Sequence[Paper],
    prompt: Prompt,
    topics: Sequence[str],
    llm: Llm,
    connect: Callable[[], Client],
    budget_usd: float | None = None,
    save: Callable[[Scoring], None] = lambda _: None,
) -> Scoring:
    """A score for each of `papers`, or a failure with its `Reason`.

    `topics` are the headings that a paper can belong to. `save` gets each answer when it arrives,
    so that nothing that was paid for is lost. At most `budget_usd` dollars are spent, as far as the
    model's price is known. If the run gives up, or single papers fail, `trouble` says why and what
    to do. Raises `ScoringError` for what no other request can repair: a rejected key, an empty
    balance, a model that does not exist.
    """
    for paper in papers:
        if is_cut(paper):
            log.info("%s: only the beginning of its abstract is sent", paper.id)

    async def score_all() -> Scoring:
        async with connect() as client:
            endpoint = Endpoint(client, prompt, llm)
            with tally(len(papers), "scored", "paper") as show:
                run = _Run(endpoint, prompt, topics, llm, Budget(budget_usd), save, show)
                return await run.score(papers)

    return asyncio.run(score_all()) if papers else Scoring({})


@dataclass(frozen=True, slots=True)
class _Batch:
    papers: tuple[Paper, ...]
    asks: int = 0  # requests that its papers have been in


@dataclass(eq=False)
class _Run:
    """The scoring of some papers: the batches to send, the answers, when to stop."""

    endpoint: Endpoint
    prompt: Prompt
    topics: Sequence[str]
    llm: Llm
    budget: Budget
    save: Callable[[Scoring], None]
    show: Callable[[int, str], object]

    scoring: Scoring = Scoring({})
    has_score: bool = False
    failures: int = 0  # requests without a score, in a row
    given_up: Reason | None = None
    trouble: str = ""  # why it was given up
    single_failures: Counter[str] = field(default_factory=Counter)  # papers, by the cause
    error: ScoringError | None = None

    async def score(self, papers: Sequence[Paper]) -> Scoring:
        batches = estimate.batches(papers, self.llm)
        if self.budget.left_usd is not None and self._estimate_usd(batches[0]) is None:
            log.warning(
                "the price of %s is not known: llm.budget_usd holds only if the endpoint reports"
                " what its answers cost",
                one_line(self.llm.model),
            )
        work = asyncio.create_task(self._send_all(batches))
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:  # Ctrl-C: asyncio cancels what it runs
            await self._stop(work)
            rest = [paper for paper in papers if paper.id not in self.scoring.verdicts]
            self._fail(rest, Reason.INTERRUPTED)
            return self.scoring
        if self.error is not None:
            raise self.error
        (commonest, _), *_ = self.single_failures.most_common(1) or [("", 0)]
        return replace(self.scoring, trouble=self.trouble or commonest)

    async def _send_all(self, batches: Sequence[tuple[Paper, ...]]) -> None:
        """One batch after another until there is a score, then several at the same time."""
        waiting = deque(map(_Batch, batches))
        while waiting and not self.has_score:
            waiting += await self._send(waiting.popleft())
        turns = asyncio.Semaphore(self.llm.concurrency)  # first come, first served

        async def send(batch: _Batch) -> None:
            async with turns:
                parts = await self._send(batch)
            for part in parts:
                group.create_task(send(part))

        try:
            async with asyncio.TaskGroup() as group:
                for batch in waiting:
                    group.create_task(send(batch))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None

    async def _stop(self, work: asyncio.Task[None]) -> None:
        """After an interrupt: send nothing more, and wait a little for the requests under way. A
        second interrupt is a `KeyboardInterrupt`."""
        self.given_up = Reason.INTERRUPTED
        self.endpoint.stop()
        await asyncio.wait({work}, timeout=_GRACE_S)
        work.cancel()
        await asyncio.wait({work})
        if not work.cancelled() and (error := work.exception()) is not None:
            raise error

    # --- one batch ---------------------------------------------------------------------------

    async def _send(self, batch: _Batch) -> list[_Batch]:
        """Score a batch. Its papers without a score are in the batches to send next, or have
        failed."""
        failure = None if self.given_up else await self._request(batch.papers)
        rest = tuple(p for p in batch.papers if p.id not in self.scoring.verdicts)
        if not rest:
            self.failures = 0
            return []
        failure = failure or _NO_SCORES
        asked = _Batch(rest, batch.asks + 1)
        if self.given_up is None:
            self._consider_giving_up(batch, rest, failure)
        if self.given_up is not None:
            self._fail(rest, self.given_up)
            return []
        log.debug(
            "%s of %d came back without a score (request %d of %d): %s",
            count(len(rest), "paper"),
            len(batch.papers),
            asked.asks,
            MAX_ASKS,
            failure.message,
        )
        if asked.asks == MAX_ASKS or (failure.is_permanent and len(batch.papers) == 1):
            self.single_failures[failure.sentence] += len(rest)
            self._fail(rest, failure.reason)
            self.show(len(rest), failure.reason)
            return []
        if failure.reason is Reason.SERVER_ERROR:
            await asyncio.sleep(min(2.0**self.failures, _LONGEST_BACKOFF_S))
        return _parts(asked, failure, is_whole=len(rest) == len(batch.papers))

    async def _request(self, papers: tuple[Paper, ...]) -> RequestFailure | None:
        """Send one request and save its scores. None if the reply was whole, or none was sent."""
        try:
            async with self.budget.reserve(self._estimate_usd(papers)) as reservation:
                if self.given_up is not None:  # while it waited for money
                    return None
                answer = await self.endpoint.ask(papers)
                if answer.failure is not None and not answer.usage.requests:
                    reservation.cost_usd = reservation.usd if answer.failure.may_be_billed else 0.0
                    return answer.failure
                scoring = self._read(papers, answer)
                cost_usd = scoring.cost_usd
                reservation.cost_usd = reservation.usd if cost_usd is None else cost_usd
                self.scoring += scoring
                self.has_score = self.has_score or bool(scoring.verdicts)
                self.save(scoring)
        except OverBudget as error:
            self._give_up(Reason.BUDGET, str(error))
            return None
        except ScoringError as error:  # other requests are under way, and paid for
            self.error = self.error or error
            self.given_up = self.given_up or Reason.SERVER_ERROR
            return None
        total = self.scoring.cost_usd
        self.show(len(scoring.verdicts), "" if total is None else dollars(total))
        if scoring.verdicts or answer.failure or not answer.text.strip():
            return answer.failure
        excerpt = self.endpoint.make_safe(answer.text[-_LONGEST_EXCERPT:])
        return replace(_NO_SCORES, message=f"{_NO_SCORES.message} (“{excerpt}”)")

    def _read(self, papers: tuple[Paper, ...], answer: Answer) -> Scoring:
        """The scores in an answer, its usage and its cost."""
        result = reply.read(answer.text, [paper.id for paper in papers], self.topics)
        for problem in result.problems:
            log.debug("reply: %s", self.endpoint.make_safe(problem))
        scores = {
            paper_id: replace(score, comment=self.endpoint.scrub(score.comment))
            for paper_id, score in result.scores.items()
        }
        paid = price(
            answer.usage, self.llm.model, self.endpoint.address, answer.tier, answer.cache_writes
        )
        # A reported cost of 0 means a free model, unless the table has a price for it.
        cost_usd = answer.cost_usd or (sum(paid) if paid else answer.cost_usd)
        prompt_usd = paid[0] if paid and not answer.cost_usd else None
        usage = replace(self._compare_with_estimate(papers, answer.usage), prompt_usd=prompt_usd)
        return Scoring(scores, usage, cost_usd)

    def _compare_with_estimate(self, papers: tuple[Paper, ...], usage: Usage) -> Usage:
        """`usage` beside its estimate. Warns once if prompts are cut."""
        estimated = estimate.request(self.prompt, papers)
        read, sent = usage.prompt_tokens, estimated.prompt_tokens or 0
        cuts = read is not None and read < _SHARE_READ * sent
        if cuts and not self.scoring.usage.cut_requests:
            log.warning(
                "the endpoint reports %d prompt tokens of about %d that were sent: %s",
                read,
                sent,
                PROMPTS_ARE_CUT,
            )
        return replace(
            usage,
            estimated_prompt_tokens=estimated.prompt_tokens,
            estimated_completion_tokens=estimated.completion_tokens,
            cut_requests=int(cuts),
        )

    def _fail(self, papers: Sequence[Paper], reason: Reason) -> None:
        self.scoring += Scoring({paper.id: Failure(reason) for paper in papers})

    # --- when to stop ------------------------------------------------------------------------

    def _estimate_usd(self, papers: tuple[Paper, ...]) -> float | None:
        """The cost of a request for `papers`, corrected if the answers so far were longer than
        estimated; None if the price is not known."""
        estimated = estimate.request(self.prompt, papers)
        tier = self.llm.extra.get("service_tier")
        paid = price(estimated, self.llm.model, self.endpoint.address, tier)
        if paid is None:
            return None
        so_far = self.scoring.usage
        actual, expected = so_far.completion_tokens, so_far.estimated_completion_tokens
        return paid[0] + paid[1] * (max(1.0, actual / expected) if actual and expected else 1.0)

    def _consider_giving_up(
        self, batch: _Batch, rest: tuple[Paper, ...], failure: RequestFailure
    ) -> None:
        """Give up if no further request would fare better."""
        if len(rest) < len(batch.papers):
            self.failures = 0
        elif batch.asks == 0 or len(rest) == 1 or failure.reason is Reason.RATE_LIMITED:
            self.failures += 1  # the parts of a failed batch show nothing new
        limit = max(_MAX_FAILURES, 2 * self.llm.concurrency)
        if failure.is_final:
            self._give_up(failure.reason, failure.sentence)
        elif self.failures >= (limit if self.has_score else MAX_FAILURES_BEFORE_FIRST_SCORE):
            # One paper is refused for what it says; if all are, the endpoint is the cause.
            all_refused = failure.reason is Reason.REFUSED
            self._give_up(
                Reason.SERVER_ERROR if all_refused else failure.reason,
                f"{self.failures} requests in a row brought nothing: {failure.sentence}",
            )

    def _give_up(self, reason: Reason, why: str) -> None:
        if self.given_up is None:
            log.warning("no further requests: %s", why)
            self.given_up, self.trouble = reason, why


def _parts(batch: _Batch, failure: RequestFailure, *, is_whole: bool) -> list[_Batch]:
    """The batches in which to send the papers of `batch` again.

    The few that a first reply left out stay together, and so does a batch that only came too soon.
    Everything else is split into quarters: of at most a hundred papers each stands alone before its
    last request.
    """
    if failure.reason is Reason.RATE_LIMITED or (batch.asks == 1 and not is_whole):
        return [batch]
    papers = batch.papers
    size = math.ceil(len(papers) / 4)
    return [replace(batch, papers=papers[i : i + size]) for i in range(0, len(papers), size)]
