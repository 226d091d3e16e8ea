"""`digest eval`: how well scores rank labelled papers.

Where labels and scores come from, what that costs, what there is to say of it. The measures
themselves are in `digest.evaluate`.
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
from typing import TYPE_CHECKING

from digest.archive import store
from digest.arxiv import search_api
from digest.core import files
from digest.core.config import Config
from digest.core.errors import ConfigError, Interrupted, OverBudget, ScoringError
from digest.core.models import RunStatus
from digest.core.papers import Paper
from digest.core.progress import bar, stage
from digest.core.scores import Failure, Reason, Score, ScoredBy, Scoring
from digest.core.wording import count, dollars, in_short, scorer_label
from digest.evaluation import labels as labelling
from digest.evaluation.compare import as_dict, compare, evaluate
from digest.evaluation.labels import Label
from digest.evaluation.tables import comparison_to_text, number, to_text
from digest.run import budget
from digest.run.report import DayReport
from digest.run.unfinished import Unfinished
from digest.scoring.scorers import Scorer

if TYPE_CHECKING:
    import requests

log = logging.getLogger("digest")

# Asking again would hardly help.
LASTING = (Reason.REFUSED, Reason.TOO_LONG, Reason.REJECTED, Reason.INVALID)
_MOST_NAMED = 10  # ids in a message


# --- labels -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Labelled:
    """The papers to judge scores by."""

    labels: tuple[Label, ...]
    left_out: tuple[str, ...] = ()  # judged too, but without an abstract to score


def labelled_by(source: Path | date, config: Config, session: requests.Session) -> Labelled:
    """The labels of a file, or of the archived days from a date on."""
    if isinstance(source, Path):
        return Labelled(labelling.load_labels(source))
    return _from_archive(config, source, session)


def _from_archive(config: Config, since: date, session: requests.Session) -> Labelled:
    """The scored papers of the archived days from `since` on.

    The archive keeps no abstract of what was below the cut: arXiv is asked for those. Raises
    `ConfigError` where there is nothing to judge by.
    """
    days = (day for day in bar(store.read_archive(config.out), "read") if day.date >= since)
    found = labelling.from_archive(days)
    if not found.days:
        raise ConfigError(
            f"{config.out / store.DATA}: no scored day from {since} on: name an earlier date,"
            " or a file of labels with --labels"
        )
    with stage("labels") as said:
        papers: Mapping[str, Paper] = {}
        if found.lean:
            lean = count(len(found.lean), "abstract")
            log.info("labels: asking arXiv for %s, %d at a time", lean, search_api.PAGE)
            ids = [below.id for below in found.lean]
            papers = search_api.fetch_papers(session, config.arxiv.api_url, ids)
        labels, missing = labelling.with_abstracts(found.lean, papers)
        judge = scorer_label(found.scorer, "the model")
        said.append(f"{count(len(found.labels) + len(labels), 'paper')} as {judge} scored them")
        said.append(f"{count(found.days, 'day')} of the archive")
    if missing:
        which = ", ".join(missing[:_MOST_NAMED]) + ", …" * (len(missing) > _MOST_NAMED)
        log.warning("labels: left out, arXiv has no abstract of %d: %s", len(missing), which)
    if not found.labels and not labels:
        raise ConfigError(f"{config.arxiv.api_url}: has none of the papers: check `arxiv.api_url`")
    return Labelled((*found.labels, *labels), tuple(missing))


# --- what is measured -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Contender:
    """A set of scores: to be given by a scorer, or read from a file."""

    name: str
    scorer: Scorer | None
    known: Mapping[str, Score]


def contender(path: Path, config: Config, make_scorer: Callable[[Config], Scorer]) -> Contender:
    """What stands at `path`: prompts for the configured scorer, or results."""
    if path.is_dir() or path == config.prompts:
        return Contender(str(path), make_scorer(replace(config, prompts=path)), {})
    if not path.exists():
        raise ConfigError(
            f"{path}: no such file or folder: name a folder of prompts, or a file of results that"
            " `digest eval --save` wrote"
        )
    return Contender(str(path), None, labelling.load_results(path))


def require_place(save: Path, labels: Path | None, compared: object) -> None:
    """Raise `ConfigError` where scores are not to be kept, or not there."""
    if compared:
        raise ConfigError("--save keeps one set of scores: use it without --compare")
    if save.is_dir():
        raise ConfigError(f"--save: {save} is a folder: name a file")
    if labels and save.resolve() == labels.resolve():
        raise ConfigError(f"--save: {save} holds the labels: name another file")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What there is to tell."""

    text: str  # for a terminal
    report: DayReport
    details: dict[str, object]  # for machines


def measure(
    labelled: Labelled,
    contenders: Sequence[Contender],
    config: Config,
    unfinished: Path,
    k: int,
    save: Path | None = None,
) -> Outcome:
    """Evaluate one set of scores, or compare two.

    What a scorer answers is kept in the folder `unfinished` until there is no more to ask, so that
    nothing is paid for twice. All of it together may cost what a day may, and is not begun where
    it is foretold to cost more. Raises `ScoringError` where a scorer leaves more unscored than a
    day may: what ranks some of the papers says nothing of the rest.
    """
    papers = [label.paper for label in labelled.labels]
    for one in contenders:
        if one.scorer is None and not any(paper.id in one.known for paper in papers):
            raise ConfigError(
                f"{one.name}: no score of any of the labelled papers: name the labels that these"
                " are the results of"
            )
    kept = [_kept(one, papers, unfinished, place) for place, one in enumerate(contenders)]
    earlier = [answers.read() if answers else Scoring({}) for answers in kept]
    spent = _total(earlier)
    _foretell(contenders, papers, earlier, config, spent)
    scorings = []
    for one, answers, before in zip(contenders, kept, earlier, strict=True):
        if one.scorer is None or answers is None:
            scorings.append(Scoring(one.known))
            continue
        left_usd = _left_usd(config, spent)
        new = _score(one.scorer, one.name, papers, before, left_usd, answers)
        spent += Scoring({}, new.usage, new.cost_usd)
        scorings.append(before + new)
        _require_enough(one.name, papers, scorings[-1], config.llm.max_unscored)
    scores = [_scores(scoring) for scoring in scorings]
    if not any(all(paper.id in of_one for of_one in scores) for paper in papers):
        names = " and ".join(one.name for one in contenders)
        raise ConfigError(f"{names}: no paper that both have scored: name results of the same ones")
    outcome = _outcome(labelled, contenders, scorings, spent, config, k)
    if save is not None:
        _save(save, papers, scores[0])
    reasons = [reason for scoring in scorings for reason in _reasons(scoring)]
    for answers in filter(None, kept):
        if all(reason in LASTING for reason in reasons):
            answers.forget()
    return outcome


# --- scores -----------------------------------------------------------------------------------


def _kept(one: Contender, papers: Iterable[Paper], folder: Path, place: int) -> Unfinished | None:
    """Where the answers are kept: a file for each question, so that each has its own spend.

    The place belongs to the question: the same prompts twice show how far a model agrees with
    itself.
    """
    if one.scorer is None:
        return None
    asked = [one.scorer.name, one.scorer.model or "", one.scorer.prompt.sha256, str(place)]
    asked += [f"{paper.id}\0{paper.title}\0{paper.abstract}" for paper in papers]
    sha256 = hashlib.sha256("\n".join(asked).encode()).hexdigest()
    return Unfinished(folder / f"eval-{sha256[:16]}.jsonl", None, sha256)


def _left_usd(config: Config, spent: Scoring) -> float | None:
    return budget.left_usd(config.llm.budget_usd, spent.cost_usd)


def _foretell(
    contenders: Sequence[Contender],
    papers: Sequence[Paper],
    earlier: Sequence[Scoring],
    config: Config,
    spent: Scoring,
) -> None:
    """Say what it will cost. Raises `OverBudget` where that is more than may still be spent."""
    foretold = Scoring({})
    asked: list[int] = []
    for one, before in zip(contenders, earlier, strict=True):
        rest = _rest(papers, before)
        if one.scorer and one.scorer.name is not ScoredBy.EMBEDDED and rest:
            foretold += one.scorer.foretell(rest)
            asked.append(len(rest))
    if not asked:
        return
    every = " and ".join(count(n, "paper") for n in sorted(set(asked)))
    every += ", twice" * (len(asked) > len(set(asked)))
    cost, left_usd = foretold.cost_usd, _left_usd(config, spent)
    if cost is None:
        log.info("cost: of %s not foretold, the price of the model is not known", every)
        return
    if left_usd is not None and cost > left_usd:
        raise OverBudget(
            f"{dollars(cost)} foretold for {every}, and of the budget of"
            f" {dollars(config.llm.budget_usd)} there is {dollars(left_usd)} left: raise"
            " llm.budget_usd, or name fewer papers; nothing was asked"
        )
    requests = count(foretold.usage.requests, "request")
    log.info("cost: %s foretold for %s, in %s", dollars(cost), every, requests)


def _rest(papers: Iterable[Paper], before: Scoring) -> list[Paper]:
    """The papers that are still to be asked about."""
    return [paper for paper in papers if paper.id not in before.verdicts]


def _score(
    scorer: Scorer,
    name: str,
    papers: Sequence[Paper],
    before: Scoring,
    left_usd: float | None,
    kept: Unfinished,
) -> Scoring:
    """What is not scored yet, scored."""
    rest = _rest(papers, before)
    with stage("score") as said:
        said.append(f"{count(len(rest), 'paper')} by {scorer_label(scorer.name, scorer.model)}")
        said.append(f"prompts of {name}")
        if before.verdicts:
            said.append(f"{len(before.verdicts)} scored earlier")
        return scorer.score(rest, left_usd, kept.keep)


def _require_enough(
    name: str, papers: Sequence[Paper], scoring: Scoring, max_unscored: float
) -> None:
    """Raise `ScoringError` where somebody has stopped the scorer, and where it has left out more
    than the share `max_unscored`, or all. What it refused for the paper's own sake does not count.
    """
    reasons = _reasons(scoring)
    scored = len(_scores(scoring))
    unscored = len(papers) - scored
    what = f"{name}: {unscored} of {count(len(papers), 'paper')} not scored"
    what += f" ({in_short(reasons)})" if reasons else ""
    end = "; what was scored is kept: run it again, and only the rest is paid for" * bool(scored)
    if reasons[Reason.INTERRUPTED]:
        raise Interrupted(f"interrupted: {what}{end}")
    too_many = (unscored - reasons[Reason.REFUSED]) / len(papers) > max_unscored
    if too_many or not scored:
        if reasons[Reason.BUDGET]:
            trouble = scoring.trouble or "raise llm.budget_usd"
            raise OverBudget(f"the budget does not reach: {trouble}: {what}{end}")
        raise ScoringError(f"the model failed: {scoring.trouble or 'try again later'}: {what}{end}")
    if unscored:
        again = any(reason not in LASTING for reason in reasons)
        log.warning("%s%s", what, "; run it again for the rest" if again else "")


def _scores(scoring: Scoring) -> dict[str, Score]:
    return {i: v for i, v in scoring.verdicts.items() if isinstance(v, Score)}


def _reasons(scoring: Scoring) -> Counter[str]:
    """How often a paper could not be scored, and why."""
    return Counter(v.reason for v in scoring.verdicts.values() if isinstance(v, Failure))


def _total(scorings: Iterable[Scoring]) -> Scoring:
    """Of what was used and spent; no verdicts."""
    total = Scoring({})
    for scoring in scorings:
        total += Scoring({}, scoring.usage, scoring.cost_usd)
    return total


def _save(path: Path, papers: Iterable[Paper], scores: Mapping[str, Score]) -> None:
    """Write a file of results, in the order of the labels, whole or not at all."""
    ordered = {paper.id: scores[paper.id] for paper in papers if paper.id in scores}
    data = labelling.encode_results(ordered).encode()
    if path.suffix == ".gz":
        data = gzip.compress(data, mtime=0)
    files.write(path, data)
    log.info("saved: %s in %s", count(len(ordered), "score"), path)


# --- what to say ------------------------------------------------------------------------------


def _outcome(
    labelled: Labelled,
    contenders: Sequence[Contender],
    scorings: Sequence[Scoring],
    spent: Scoring,
    config: Config,
    k: int,
) -> Outcome:
    cut, labels = config.keep.cut, labelled.labels
    scores = [_scores(scoring) for scoring in scorings]
    details: dict[str, object]
    if len(contenders) == 1:
        evaluation = evaluate(labels, scores[0], cut, k)
        text = to_text(evaluation)
        details = {"evaluation": as_dict(evaluation)}
        found = [("", evaluation)]
        unscored = evaluation.unscored
        lacking = f"{count(unscored, 'paper')} without a score"
    else:
        a, b = contenders
        with stage("compare") as said:
            comparison = compare(labels, scores[0], scores[1], cut, k)
            said.append(f"{comparison.resamples:,} resamples")
        text = comparison_to_text(comparison, a.name, b.name)
        names: dict[str, object] = {"names": [a.name, b.name]}
        details = {"comparison": names | as_dict(comparison)}
        found = [("a: ", comparison.a), ("b: ", comparison.b)]
        unscored = comparison.labelled - comparison.a.n
        lacking = f"{count(unscored, 'paper')} left out (without a score:"
        lacking += f" {comparison.unscored_a} of a, {comparison.unscored_b} of b)"
    details["left_out"] = list(labelled.left_out)
    reasons = [
        f"{name}AUC {number(e.figures.auc)}, F1 at the cut {number(e.figures.f1)}"
        for name, e in found
    ]
    if unscored:
        reasons.append(lacking)
    if labelled.left_out:
        reasons.append(f"{count(len(labelled.left_out), 'labelled paper')} left out")
    scorer = next((one.scorer for one in contenders if one.scorer), None)
    reasons.append(_cost(scorer, spent))
    report = DayReport(
        RunStatus.EVALUATED,
        f"{count(len(labels), 'labelled paper')}; {'; '.join(reasons)}",
        usage=spent.usage if scorer else None,
        cost_usd=spent.cost_usd,
        model=scorer.model if scorer else None,
        scorer=scorer.name if scorer else None,
    )
    return Outcome(text, report, details)


def _cost(scorer: Scorer | None, spent: Scoring) -> str:
    """What it took, earlier tries included."""
    if scorer is None or scorer.name is ScoredBy.EMBEDDED:
        return "cost none"
    usage = spent.usage
    tokens = [
        f"{taken:,} {what}"
        for taken, what in ((usage.prompt_tokens, "in"), (usage.completion_tokens, "out"))
        if taken is not None
    ]
    took = [count(usage.requests, "request")]
    if tokens:
        took.append(f"tokens {' and '.join(tokens)}")
    return f"cost {dollars(spent.cost_usd)} ({', '.join(took)})"
