"""`digest eval`: how well do scores rank labelled papers?

Collects the labels and the scores, keeps to the budget, and words the result. The measures
themselves are in `compare` and `measures`.
"""

from __future__ import annotations

import gzip
import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from digest.archive import store
from digest.arxiv import search_api
from digest.core import files
from digest.core.config import Config
from digest.core.errors import ConfigError, OverBudget
from digest.core.models import RunStatus
from digest.core.papers import Paper
from digest.core.progress import bar, stage
from digest.core.scores import Failure, Reason, Score, ScoredBy, Scoring
from digest.core.wording import count, dollars, in_short, scorer_label
from digest.evaluation import labels as label_files
from digest.evaluation.compare import as_dict, compare, evaluate
from digest.evaluation.labels import Label
from digest.evaluation.tables import comparison_to_text, number, to_text
from digest.run import budget
from digest.run.ranking import scoring_error
from digest.run.report import DayReport
from digest.run.unfinished import Unfinished
from digest.scoring.scorer import Scorer

if TYPE_CHECKING:
    import requests

log = logging.getLogger("digest")

# Asking again would hardly change these.
LASTING = (Reason.REFUSED, Reason.TOO_LONG, Reason.REJECTED, Reason.INVALID)
_MAX_IDS = 10  # in a message


# --- labels -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Labelled:
    """The papers that scores are measured by."""

    labels: tuple[Label, ...]
    left_out: tuple[str, ...] = ()  # ids of labelled papers without an abstract to score


def labelled_by(source: Path | date, config: Config, session: requests.Session) -> Labelled:
    """The labels of a file, or of the archived days from a date on. Raises `ConfigError`."""
    if isinstance(source, Path):
        return Labelled(label_files.load_labels(source))
    return _from_archive(config, source, session)


def _from_archive(config: Config, since: date, session: requests.Session) -> Labelled:
    """The scored papers of the archived days from `since` on.

    The archive has no abstracts of papers below the cut: they are requested from arXiv.
    """
    days = (day for day in bar(store.read_archive(config.out), "read") if day.date >= since)
    archived = label_files.from_archive(days)
    if not archived.days:
        raise ConfigError(
            f"{config.out / store.DATA}: no scored day from {since} on: name an earlier date,"
            " or a file of labels with --labels"
        )
    with stage("labels") as summary:
        papers: Mapping[str, Paper] = {}
        if archived.lean:
            lean = count(len(archived.lean), "abstract")
            log.info("labels: asking arXiv for %s, %d at a time", lean, search_api.PAGE)
            ids = [below.id for below in archived.lean]
            papers = search_api.fetch_papers(session, config.arxiv.api_url, ids)
        fetched, missing = label_files.with_abstracts(archived.lean, papers)
        labels = (*archived.labels, *fetched)
        scorer = scorer_label(archived.scorer, "the model")
        summary.append(f"{count(len(labels), 'paper')} as {scorer} scored them")
        summary.append(f"{count(archived.days, 'day')} of the archive")
    if missing:
        ids_shown = ", ".join(missing[:_MAX_IDS]) + ", …" * (len(missing) > _MAX_IDS)
        log.warning("labels: left out, arXiv has no abstract of %d: %s", len(missing), ids_shown)
    if not labels:
        raise ConfigError(f"{config.arxiv.api_url}: has none of the papers: check `arxiv.api_url`")
    return Labelled(labels, tuple(missing))


# --- what is measured -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Contender:
    """A set of scores that is measured: from a scorer, or else from a file."""

    name: str
    scorer: Scorer | None
    saved: Mapping[str, Score]  # from the file, by paper id


def contender(path: Path, config: Config, make_scorer: Callable[[Config], Scorer]) -> Contender:
    """A folder of prompts for the configured scorer, or a file of results."""
    if path.is_dir() or path == config.prompts:
        return Contender(str(path), make_scorer(replace(config, prompts=path)), {})
    if not path.exists():
        raise ConfigError(
            f"{path}: no such file or folder: name a folder of prompts, or a file of results that"
            " `digest eval --save` wrote"
        )
    return Contender(str(path), None, label_files.load_results(path))


def require_place(save: Path, labels: Path | None, compared: object) -> None:
    """Raise `ConfigError` if scores cannot be saved at `save`, or not in a comparison."""
    if compared:
        raise ConfigError("--save saves one set of scores: use it without --compare")
    if save.is_dir():
        raise ConfigError(f"--save: {save} is a folder: name a file")
    if labels and save.resolve() == labels.resolve():
        raise ConfigError(f"--save: {save} holds the labels: name another file")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of an evaluation."""

    text: str  # for a terminal
    report: DayReport
    details: dict[str, object]  # for --json


def measure(
    labelled: Labelled,
    contenders: Sequence[Contender],
    config: Config,
    unfinished: Path,
    k: int,
    save: Path | None = None,
) -> Outcome:
    """Evaluate one set of scores, or compare two.

    A scorer's answers are stored in the folder `unfinished` until everything is scored, so that
    nothing is paid for twice. All contenders together may cost as much as one day, earlier tries
    included. Raises `OverBudget` before the first request if the estimate is above that, and
    `ScoringError` if a scorer leaves more papers unscored than a day may: figures of some of the
    papers would be no figures of all.
    """
    papers = [label.paper for label in labelled.labels]
    for one in contenders:
        if one.scorer is None and not any(paper.id in one.saved for paper in papers):
            raise ConfigError(
                f"{one.name}: no score of any of the labelled papers: name the labels that these"
                " are the results of"
            )
    stores = [_store(one, papers, unfinished, i) for i, one in enumerate(contenders)]
    scorings = [
        answers.read() if answers else Scoring(one.saved)
        for one, answers in zip(contenders, stores, strict=True)
    ]
    spent = _spend(scorings)
    _require_affordable(contenders, papers, scorings, config, spent)
    for i, (one, answers) in enumerate(zip(contenders, stores, strict=True)):
        if one.scorer is None or answers is None:
            continue
        rest = _rest(papers, scorings[i])
        left_usd = _left_usd(config, spent)
        new = _score(one.scorer, one.name, rest, len(papers) - len(rest), left_usd, answers)
        spent += _spend([new])
        scorings[i] += new
        _require_enough(one.name, papers, scorings[i], config.llm.max_unscored)
    scores = [_scores(scoring) for scoring in scorings]
    if not any(all(paper.id in each for each in scores) for paper in papers):
        names = " and ".join(one.name for one in contenders)
        raise ConfigError(f"{names}: no paper that both have scored: name results of the same ones")
    outcome = _outcome(labelled, contenders, scores, spent, config, k)
    if save is not None:
        _save(save, papers, scores[0])
    if all(reason in LASTING for scoring in scorings for reason in _reasons(scoring)):
        for answers in filter(None, stores):
            answers.forget()
    return outcome


# --- scores -----------------------------------------------------------------------------------


def _store(one: Contender, papers: Iterable[Paper], folder: Path, number: int) -> Unfinished | None:
    """Where a scorer's answers are stored: one file for each scorer, prompt and set of papers.

    The contender's number is part of it: comparing the same prompts with themselves shows how far
    a model agrees with itself.
    """
    if one.scorer is None:
        return None
    asked = [one.scorer.name, one.scorer.model or "", one.scorer.prompt.sha256, str(number)]
    asked += [f"{paper.id}\0{paper.title}\0{paper.abstract}" for paper in papers]
    sha256 = hashlib.sha256("\n".join(asked).encode()).hexdigest()
    return Unfinished(folder / f"eval-{sha256[:16]}.jsonl", None, sha256)


def _left_usd(config: Config, spent: Scoring) -> float | None:
    """The rest of the budget, in dollars; None: no budget is set."""
    return budget.left_usd(config.llm.budget_usd, spent.cost_usd)


def _require_affordable(
    contenders: Sequence[Contender],
    papers: Sequence[Paper],
    scorings: Sequence[Scoring],
    config: Config,
    spent: Scoring,
) -> None:
    """Log the estimated cost. Raises `OverBudget` if it is more than what is left."""
    estimate = Scoring({})
    sizes: list[int] = []
    for one, scoring in zip(contenders, scorings, strict=True):
        rest = _rest(papers, scoring)
        if one.scorer and one.scorer.name is not ScoredBy.EMBEDDED and rest:
            estimate += one.scorer.estimate(rest)
            sizes.append(len(rest))
    if not sizes:
        return
    what = " and ".join(count(size, "paper") for size in sorted(set(sizes)))
    what += ", twice" * (len(sizes) > len(set(sizes)))
    cost, left_usd = estimate.cost_usd, _left_usd(config, spent)
    if cost is None:
        log.info("cost: no estimate for %s, the price of the model is not known", what)
        return
    if left_usd is not None and cost > left_usd:
        raise OverBudget(
            f"about {dollars(cost)} are needed for {what}, and of the budget of"
            f" {dollars(config.llm.budget_usd)} there is {dollars(left_usd)} left: raise"
            " llm.budget_usd, or name fewer papers; nothing was sent to the model"
        )
    requests = count(estimate.usage.requests, "request")
    log.info("cost: about %s for %s, in %s", dollars(cost), what, requests)


def _rest(papers: Iterable[Paper], scoring: Scoring) -> list[Paper]:
    """The papers without a score or a failure."""
    return [paper for paper in papers if paper.id not in scoring.verdicts]


def _score(
    scorer: Scorer,
    name: str,
    papers: Sequence[Paper],
    scored_earlier: int,
    left_usd: float | None,
    answers: Unfinished,
) -> Scoring:
    with stage("score") as summary:
        summary.append(
            f"{count(len(papers), 'paper')} by {scorer_label(scorer.name, scorer.model)}"
        )
        summary.append(f"prompts of {name}")
        if scored_earlier:
            summary.append(f"{scored_earlier} scored earlier")
        return scorer.score(papers, left_usd, answers.keep)


def _require_enough(
    name: str, papers: Sequence[Paper], scoring: Scoring, max_unscored: float
) -> None:
    """Raise `Interrupted` if somebody stopped the scorer, and `ScoringError` if more than the share
    `max_unscored` has no score, or all. Papers that the model refused do not count."""
    reasons = _reasons(scoring)
    scored = len(_scores(scoring))
    unscored = len(papers) - scored
    what = f"{name}: {unscored} of {count(len(papers), 'paper')} not scored"
    what += f" ({in_short(reasons)})" if reasons else ""
    end = "; what was scored is kept: run it again, and only the rest is paid for" * bool(scored)
    too_few = not scored or (unscored - reasons[Reason.REFUSED]) / len(papers) > max_unscored
    spent = "the budget is not enough: "
    if error := scoring_error(reasons, scoring.trouble, f"{what}{end}", spent, too_few=too_few):
        raise error
    if unscored:
        again = any(reason not in LASTING for reason in reasons)
        log.warning("%s%s", what, "; run it again for the rest" if again else "")


def _scores(scoring: Scoring) -> dict[str, Score]:
    return {i: v for i, v in scoring.verdicts.items() if isinstance(v, Score)}


def _reasons(scoring: Scoring) -> Counter[str]:
    """How many papers were not scored, by reason."""
    return Counter(v.reason for v in scoring.verdicts.values() if isinstance(v, Failure))


def _spend(scorings: Iterable[Scoring]) -> Scoring:
    """The usage and cost of all together, without their verdicts."""
    total = Scoring({})
    for scoring in scorings:
        total += replace(scoring, verdicts={}, trouble="")
    return total


def _save(path: Path, papers: Iterable[Paper], scores: Mapping[str, Score]) -> None:
    """Write a file of results, in the order of the labels. Raises `ArchiveError`."""
    ordered = {paper.id: scores[paper.id] for paper in papers if paper.id in scores}
    data = label_files.encode_results(ordered).encode()
    files.write(path, gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
    log.info("saved: %s in %s", count(len(ordered), "score"), path)


# --- the result in words ----------------------------------------------------------------------


def _outcome(
    labelled: Labelled,
    contenders: Sequence[Contender],
    scores: Sequence[Mapping[str, Score]],
    spent: Scoring,
    config: Config,
    k: int,
) -> Outcome:
    cut, labels = config.keep.cut, labelled.labels
    details: dict[str, Any]
    if len(contenders) == 1:
        evaluation = evaluate(labels, scores[0], cut, k)
        text = to_text(evaluation)
        details = {"evaluation": as_dict(evaluation)}
        measured = [("", evaluation)]
        unscored = evaluation.unscored
        missing = f"{count(unscored, 'paper')} without a score"
    else:
        a, b = contenders
        with stage("compare") as summary:
            comparison = compare(labels, scores[0], scores[1], cut, k)
            summary.append(f"{comparison.resamples:,} resamples")
        text = comparison_to_text(comparison, a.name, b.name)
        details = {"comparison": {"names": [a.name, b.name]} | as_dict(comparison)}
        measured = [("a: ", comparison.a), ("b: ", comparison.b)]
        unscored = comparison.labelled - comparison.a.n
        missing = f"{count(unscored, 'paper')} left out (without a score:"
        missing += f" {comparison.unscored_a} of a, {comparison.unscored_b} of b)"
    details["left_out"] = list(labelled.left_out)
    clauses = [count(len(labels), "labelled paper")]
    clauses += [
        f"{name}AUC {number(e.figures.auc)}, F1 at the cut {number(e.figures.f1)}"
        for name, e in measured
    ]
    if unscored:
        clauses.append(missing)
    if labelled.left_out:
        clauses.append(f"{count(len(labelled.left_out), 'labelled paper')} left out")
    scorer = next((one.scorer for one in contenders if one.scorer), None)
    clauses.append(_cost(scorer, spent))
    report = DayReport(
        RunStatus.EVALUATED,
        "; ".join(clauses),
        usage=spent.usage if scorer else None,
        cost_usd=spent.cost_usd,
        model=scorer.model if scorer else None,
        scorer=scorer.name if scorer else None,
    )
    return Outcome(text, report, details)


def _cost(scorer: Scorer | None, spent: Scoring) -> str:
    """The cost, earlier tries included."""
    if scorer is None or scorer.name is ScoredBy.EMBEDDED:
        return "cost none"
    usage = spent.usage
    tokens = ((usage.prompt_tokens, "in"), (usage.completion_tokens, "out"))
    shown = " and ".join(f"{used:,} {what}" for used, what in tokens if used is not None)
    requests = count(usage.requests, "request") + (f", tokens {shown}" if shown else "")
    return f"cost {dollars(spent.cost_usd)} ({requests})"
