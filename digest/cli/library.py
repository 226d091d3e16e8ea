"""`digest topics --from FILE`: topics, and likes, from the papers that a reader has."""

from __future__ import annotations

import logging
import sys
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from digest.archive import feedback
from digest.archive.store import Archive
from digest.arxiv import library, search_api
from digest.cli import environment
from digest.cli.resources import alone, archive_state, arxiv_session
from digest.core.config import Config, load_config
from digest.core.errors import ConfigError, FeedError, RunStatus
from digest.core.files import write
from digest.core.scores import ScoredBy, Topics
from digest.core.text import one_line
from digest.core.votes import LIKED, Vote, VotedPaper, VoteSource
from digest.core.wording import count, dollars
from digest.publish import clone
from digest.run.report import DayReport, RunReport
from digest.scoring import draft, prompt, topics_text

log = logging.getLogger("digest")

_EXPECTED = "give it BibTeX (as Zotero or Mendeley export it), or arXiv ids or links, one a line"
_NAMED = 5  # papers that could not be read: the others are counted


def draft_topics(arguments: Namespace, report: RunReport) -> None:
    """Draft `topics.md` from a library; print it, and write it unless there is one already."""
    config = environment.completed(load_config(arguments.config))
    path = config.prompts / prompt.TOPICS
    papers, notes = _papers(arguments.library, config)
    clone.require_archive(config.out)
    with alone(arguments.config.parent):
        topics, outcome = _drafted(papers, config, notes)
        text = draft.written(topics)
        report.text = text.rstrip("\n")
        report.details["topics"] = topics_text.as_dict(topics)
        reason = f"{path}: {count(len(topics.topics), 'topic')} from {count(len(papers), 'paper')}"
        may_write = arguments.force or not path.exists()
        if may_write:
            write(path.resolve(), text.encode())
        else:
            reason += ", not written, because the file is there: --force overwrites it"
        if arguments.like:
            reason += f"; {_like(papers, config)}"
    for note in notes:
        log.warning("%s", note)
    report.notes = notes
    status = RunStatus.UPDATED if may_write or arguments.like else RunStatus.UNCHANGED
    report.add(replace(outcome, status=status, reason=reason))


# --- the papers -------------------------------------------------------------------------------


def _papers(path: Path, config: Config) -> tuple[list[VotedPaper], list[str]]:
    """The papers of the file with their abstracts, and what could not be read. Raises
    `ConfigError` if nothing could."""
    try:
        with path.open("rb") as file:
            data = file.read(library.MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}: check the path") from error
    if len(data) > library.MAX_BYTES:
        raise ConfigError(f"{path}: more than {library.MAX_BYTES // 10**6} MB: export fewer papers")
    read = library.read(data)
    notes = _named(path, "could not be read", read.unread)
    papers, missing = _completed(list(read.papers), config, notes)
    notes += _named(path, "not found on arXiv", missing)
    if not papers:
        raise ConfigError(*notes, f"{path}: no paper in it that can be used: {_EXPECTED}")
    return papers, notes


def _completed(
    papers: list[VotedPaper], config: Config, notes: list[str]
) -> tuple[list[VotedPaper], list[str]]:
    """The papers with the abstracts that the file lacks, and the ids of those without any text."""
    wanted = [paper.id for paper in papers if paper.id and not paper.abstract]
    fetched = {}
    if wanted:
        pages = count(-(-len(wanted) // search_api.PAGE), "request")
        log.info("arXiv is asked for %s, in %s", count(len(wanted), "abstract"), pages)
        try:
            with arxiv_session(config) as session:
                fetched = search_api.fetch_papers(session, config.arxiv.api_url, wanted)
        except FeedError as error:
            notes.append(f"abstracts are missing, so titles alone count: {error}")
    complete = [
        replace(paper, title=paper.title or found.title, abstract=found.abstract)
        if (found := fetched.get(paper.id))
        else paper
        for paper in papers
    ]
    return (
        [paper for paper in complete if paper.title or paper.abstract],
        [paper.id for paper in complete if not (paper.title or paper.abstract)],
    )


def _named(path: Path, what: str, items: Sequence[str]) -> list[str]:
    if not items:
        return []
    named = "; ".join(one_line(item, 100) for item in items[:_NAMED])
    more = f" and {len(items) - _NAMED} more" if len(items) > _NAMED else ""
    return [f"{path}: {what}: {named}{more}"]


# --- the draft --------------------------------------------------------------------------------


def _drafted(
    papers: Sequence[VotedPaper], config: Config, notes: list[str]
) -> tuple[Topics, DayReport]:
    """The model's draft if there is a key; else, or if that fails, that of the papers' words."""
    outcome = DayReport(RunStatus.UNCHANGED, "", scorer=ScoredBy.EMBEDDED)
    if config.scorer is ScoredBy.MODEL and environment.has_key():
        topics, why, outcome = _asked(papers, config)
        if topics:
            return topics, outcome
        notes.append(f"drafted from the papers' words, without the model: {why}")
    return draft.draft(papers), outcome


def _asked(papers: Sequence[VotedPaper], config: Config) -> tuple[Topics | None, str, DayReport]:
    from digest.scoring import draft_model  # the SDK takes half a second to import
    from digest.scoring.client import open_client

    llm = config.llm
    address = llm.base_url or environment.base_url()
    request = draft_model.request(papers, llm, address)
    cost = dollars(request.cost_usd) if request.cost_usd is not None else "a price not known"
    print(
        f"{one_line(llm.model)} is asked for a draft from {count(len(request.papers), 'paper')}:"
        f" about {request.usage.prompt_tokens:,} prompt tokens, {cost}",
        file=sys.stderr,
        flush=True,
    )
    outcome = DayReport(RunStatus.UNCHANGED, "", scorer=ScoredBy.EMBEDDED)
    if llm.budget_usd is not None and (request.cost_usd or 0.0) > llm.budget_usd:
        return None, f"{cost} is more than llm.budget_usd: raise it", outcome
    reply = draft_model.ask(request, llm, partial(open_client, environment.key(), address, llm))
    outcome = replace(outcome, usage=reply.usage, cost_usd=reply.cost_usd, model=llm.model)
    if reply.topics:
        outcome = replace(outcome, scorer=ScoredBy.MODEL)
    return reply.topics, reply.why, outcome


# --- likes ------------------------------------------------------------------------------------


def _like(papers: Sequence[VotedPaper], config: Config) -> str:
    """Like the papers with an arXiv id that have no vote yet. What was done, as a part of a
    sentence."""
    out = config.out
    archived = feedback.read(out)
    voted = {vote.id for vote in archived.votes}
    new = {paper.id: paper for paper in papers if paper.id and paper.id not in voted}
    shown = Archive(out).scored_on(new)
    votes = (Vote(paper_id, LIKED, shown.get(paper_id), VoteSource.HAND) for paper_id in new)
    liked = {paper.id: paper for paper in archived.liked} | new
    now_archived = replace(archived, votes=(*archived.votes, *votes), liked=tuple(liked.values()))
    archive_state(config, now_archived)
    done = f"{count(len(new), 'paper')} liked, in {out / feedback.VOTES}: public where the site is"
    before = len({paper.id for paper in papers if paper.id}) - len(new)
    return f"{done}; {before:,} had a vote already" if before else done
