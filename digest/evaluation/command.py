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
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from digest.archive import feedback, store
from digest.arxiv import search_api
from digest.core import files
from digest.core.config import Config, Keep
from digest.core.day import Below, Cut
from digest.core.errors import ConfigError, OverBudget, RunStatus
from digest.core.for_you import foresights, measures
from digest.core.papers import Paper
from digest.core.progress import bar, stage
from digest.core.scores import Failure, Reason, Score, ScoredBy, Scoring
from digest.core.wording import count, dollars, in_short, scorer_label
from digest.evaluation import labels as label_files
from digest.evaluation.compare import as_dict, compare, evaluate
from digest.evaluation.labels import Label
from digest.evaluation.tables import comparison_to_text, measures_to_text, number, to_text
from digest.run import budget
from digest.run.ranking import scoring_error
from digest.run.report import DayReport, RunReport
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
    """The labels of a file, or the scored papers of the archived days from a date on.

    Raises `ConfigError`.
    """
    if isinstance(source, Path):
        return Labelled(_settled(label_files.load_labels(source), config.keep.cut(ScoredBy.MODEL)))
    digests = (day for day in bar(store.read_archive(config.out), "read") if day.date >= source)
    days, scored = label_files.from_archive(digests)
    if not days:
        raise ConfigError(
            f"{config.out / store.DATA}: no scored day from {source} on: name an earlier date,"
            " or a file of labels with --labels"
        )
    with stage("labels") as summary:
        fetched: Mapping[str, Paper] = {}
        if lean := [paper_id for paper_id, one in scored.items() if isinstance(one, Below)]:
            abstracts = count(len(lean), "abstract")
            log.info("labels: asking arXiv for %s, %d at a time", abstracts, search_api.PAGE)
            fetched = search_api.fetch_papers(session, config.arxiv.api_url, lean)
        labels, missing = label_files.label_archived(scored, fetched)
        scorer = scorer_label(days[0].scorer, "the model")
        summary.append(f"{count(len(labels), 'paper')} as {scorer} scored them")
        summary.append(f"{count(len(days), 'day')} of the archive")
    if missing:
        ids_shown = ", ".join(missing[:_MAX_IDS]) + ", …" * (len(missing) > _MAX_IDS)
        log.warning("labels: left out, arXiv has no abstract of %d: %s", len(missing), ids_shown)
    if not labels:
        raise ConfigError(f"{config.arxiv.api_url}: has none of the papers: check `arxiv.api_url`")
    return Labelled(_settled(labels, config.keep.cut(days[0].scorer)), missing)


def _settled(labels: Iterable[Label], cut: Cut) -> tuple[Label, ...]:
    """Labels that say themselves what is relevant: their scores have a cut of their own, whatever
    the cut of the scores that are measured."""
    return tuple(replace(label, relevant=label.is_relevant(cut)) for label in labels)


def for_the_reader(out: Path, report: RunReport) -> None:
    """Add to the report how good the list is for the reader who votes. Raises `ConfigError` if
    there are no votes."""
    votes = feedback.read_votes(out)
    if not any(vote.vote for vote in votes):
        raise ConfigError(f"{out / feedback.VOTES}: holds no votes: see `digest votes`")
    days = feedback.shown_days(votes, lambda path: files.read(out / path))
    found = measures(votes, days, foresights(store.read_days(out)))
    report.text = measures_to_text(found)
    report.details = {"for_you": [asdict(measure) for measure in found]}
    counted = f"{count(sum(bool(vote.vote) for vote in votes), 'vote')}, {count(len(days), 'day')}"
    report.add(DayReport(RunStatus.EVALUATED, counted))


# --- what is measured -------------------------------------------------------------------------


@dataclass(slots=True)
class Contender:
    """A set of scores that is measured: those of a file, or what a scorer answers."""

    name: str
    scorer: Scorer | None
    scoring: Scoring = Scoring({})  # so far
    answers: Unfinished | None = None  # where a scorer's answers are stored

    @property
    def scores(self) -> dict[str, Score]:
        return {i: v for i, v in self.scoring.verdicts.items() if isinstance(v, Score)}

    @property
    def reasons(self) -> Counter[str]:
        """How many papers were not scored, by reason."""
        return Counter(v.reason for v in self.scoring.verdicts.values() if isinstance(v, Failure))

    def pending(self, papers: Iterable[Paper]) -> list[Paper]:
        """The papers without a score or a failure."""
        return [paper for paper in papers if paper.id not in self.scoring.verdicts]


def contender(path: Path, config: Config, make_scorer: Callable[[Config], Scorer]) -> Contender:
    """A folder of prompts for the configured scorer, or a file of results."""
    if path.is_dir() or path == config.prompts:
        return Contender(str(path), make_scorer(replace(config, prompts=path)))
    if not path.exists():
        raise ConfigError(
            f"{path}: no such file or folder: name a folder of prompts, or a file of results that"
            " `digest eval --save` wrote"
        )
    return Contender(str(path), None, Scoring(label_files.load_results(path)))


def require_place(save: Path, labels: Path | None, compared: object) -> None:
    """Raise `ConfigError` if scores cannot be saved at `save`, or not in a comparison."""
    if compared:
        raise ConfigError("--save saves one set of scores: use it without --compare")
    if save.is_dir():
        raise ConfigError(f"--save: {save} is a folder: name a file")
    if labels and save.resolve() == labels.resolve():
        raise ConfigError(f"--save: {save} holds the labels: name another file")


def measure(
    labelled: Labelled,
    contenders: Sequence[Contender],
    config: Config,
    unfinished: Path,
    k: int,
    report: RunReport,
    save: Path | None = None,
) -> None:
    """Evaluate one set of scores, or compare two, and add the result to the report.

    A scorer's answers are stored in the folder `unfinished` until everything is scored, so that
    nothing is paid for twice. All contenders together may cost as much as one day, earlier tries
    included. Raises `OverBudget` before the first request if the estimate is above that, and
    `ScoringError` if a scorer leaves more papers unscored than a day may: figures of some of the
    papers would be no figures of all.
    """
    papers = [label.paper for label in labelled.labels]
    for i, one in enumerate(contenders):
        if one.scorer:
            one.answers = _answers(one.scorer, papers, unfinished, i)
            one.scoring = one.answers.read()
    results = {one.name: one.scores for one in contenders if not one.scorer}
    if not any(all(paper.id in scores for scores in results.values()) for paper in papers):
        names, both = " and ".join(results), " in both" * (len(results) > 1)
        raise ConfigError(f"{names}: no labelled paper has a score{both}: name results of these")
    _require_affordable(contenders, papers, config)
    for one in contenders:
        if one.scorer and one.answers:
            _score(one, one.scorer, papers, _left_usd(contenders, config), one.answers)
            _require_enough(one, papers, config.llm.max_unscored)
    if save is not None:
        _save(save, papers, contenders[0].scores)
    _report(labelled, contenders, config, k, report)
    if all(reason in LASTING for one in contenders for reason in one.reasons):
        for one in contenders:
            if one.answers:
                one.answers.forget()


# --- scores -----------------------------------------------------------------------------------


def _answers(scorer: Scorer, papers: Iterable[Paper], folder: Path, number: int) -> Unfinished:
    """Where a scorer's answers are stored: one file for each scorer, prompt and set of papers.

    The contender's number is part of it: comparing the same prompts with themselves shows how far
    a model agrees with itself.
    """
    asked = [scorer.name, scorer.model or "", scorer.prompt.sha256, str(number)]
    asked += [f"{paper.id}\0{paper.title}\0{paper.abstract}" for paper in papers]
    sha256 = hashlib.sha256("\n".join(asked).encode()).hexdigest()
    return Unfinished(folder / f"eval-{sha256[:16]}.jsonl", None, sha256)


def _spent(contenders: Iterable[Contender]) -> Scoring:
    """The usage and cost of all together, earlier tries included."""
    return sum((one.scoring for one in contenders), Scoring({}))


def _left_usd(contenders: Iterable[Contender], config: Config) -> float | None:
    return budget.left_usd(config.llm.budget_usd, _spent(contenders).cost_usd)


def _require_affordable(
    contenders: Sequence[Contender], papers: Sequence[Paper], config: Config
) -> None:
    """Log the estimated cost. Raises `OverBudget` if it is more than what is left."""
    pending = [(one.scorer, one.pending(papers)) for one in contenders if one.scorer]
    estimate = sum((scorer.estimate(some) for scorer, some in pending), Scoring({}))
    if not estimate.usage.requests:  # the embedded scorer, or everything is scored already
        return
    what = " and ".join(count(len(some), "paper") for _, some in pending if some)
    cost, left_usd = estimate.cost_usd, _left_usd(contenders, config)
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


def _score(
    one: Contender,
    scorer: Scorer,
    papers: Sequence[Paper],
    left_usd: float | None,
    answers: Unfinished,
) -> None:
    """Add the scores of the papers that have none yet."""
    pending = one.pending(papers)
    with stage("score") as summary:
        by = scorer_label(scorer.name, scorer.model)
        summary += [f"{count(len(pending), 'paper')} by {by}", f"prompts of {one.name}"]
        if scored_earlier := len(papers) - len(pending):
            summary.append(f"{scored_earlier} scored earlier")
        one.scoring += scorer.score(pending, left_usd, answers.keep)


def _require_enough(one: Contender, papers: Sequence[Paper], max_unscored: float) -> None:
    """Raise `Interrupted` if somebody stopped the scorer, and `ScoringError` if more than the share
    `max_unscored` has no score, or all. Papers that the model refused do not count."""
    reasons, scored, trouble = one.reasons, len(one.scores), one.scoring.trouble
    unscored = len(papers) - scored
    what = f"{one.name}: {unscored} of {count(len(papers), 'paper')} not scored"
    what += f" ({in_short(reasons)})" if reasons else ""
    end = "; what was scored is kept: run it again, and only the rest is paid for" * bool(scored)
    too_few = not scored or (unscored - reasons[Reason.REFUSED]) / len(papers) > max_unscored
    spent = "the budget is not enough: "
    if error := scoring_error(reasons, trouble, f"{what}{end}", spent, too_few=too_few):
        raise error
    if unscored:
        again = any(reason not in LASTING for reason in reasons)
        log.warning("%s%s", what, "; run it again for the rest" if again else "")


def _save(path: Path, papers: Iterable[Paper], scores: Mapping[str, Score]) -> None:
    """Write a file of results, in the order of the labels. Raises `ArchiveError`."""
    ordered = {paper.id: scores[paper.id] for paper in papers if paper.id in scores}
    data = label_files.encode_results(ordered).encode()
    files.write(path, gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
    log.info("saved: %s in %s", count(len(ordered), "score"), path)


# --- the result in words ----------------------------------------------------------------------


def _report(
    labelled: Labelled, contenders: Sequence[Contender], config: Config, k: int, report: RunReport
) -> None:
    labels, left_out = labelled.labels, labelled.left_out
    cut, *cut_b = (_cut(one, config.keep) for one in contenders)
    if len(contenders) == 1:
        evaluation = evaluate(labels, contenders[0].scores, cut, k)
        report.text = to_text(evaluation)
        report.details = {"evaluation": as_dict(evaluation)}
        measured = {"": evaluation.figures}
        unscored, what = evaluation.unscored, "without a score"
    else:
        a, b = contenders
        with stage("compare") as summary:
            comparison = compare(labels, a.scores, b.scores, cut, k, cut_b=cut_b[0])
            summary.append(f"{comparison.resamples:,} resamples")
        report.text = comparison_to_text(comparison, a.name, b.name)
        report.details = {"comparison": {"names": [a.name, b.name]} | as_dict(comparison)}
        measured = {"a: ": comparison.a.figures, "b: ": comparison.b.figures}
        unscored = comparison.labelled - comparison.a.n
        by_set = f"{comparison.unscored_a} of a, {comparison.unscored_b} of b"
        what = f"left out (without a score: {by_set})"
    report.details["left_out"] = list(left_out)
    clauses = [count(len(labels), "labelled paper")]
    for name, figures in measured.items():
        auc, f1 = number(figures["auc"]), number(figures["f1"])
        clauses.append(f"{name}AUC {auc}, F1 at the cut {f1}")
    if unscored:
        clauses.append(f"{count(unscored, 'paper')} {what}")
    if left_out:
        clauses.append(f"{count(len(left_out), 'labelled paper')} left out")
    scorer, spent = contenders[0].scorer or contenders[-1].scorer, _spent(contenders)
    clauses.append(_cost(scorer, spent))
    day = DayReport(RunStatus.EVALUATED, "; ".join(clauses), cost_usd=spent.cost_usd)
    if scorer:
        day = replace(day, usage=spent.usage, model=scorer.model, scorer=scorer.name)
    report.add(day)


def _cut(one: Contender, keep: Keep) -> Cut:
    """The cut for these scores, without its `top`: the labelled papers are no day. Scores of a file
    that have no novelty are the embedded scorer's."""
    has_novelty = any(score.novelty is not None for score in one.scores.values())
    by = ScoredBy.MODEL if has_novelty else ScoredBy.EMBEDDED
    return replace(keep.cut(one.scorer.name if one.scorer else by), top=None)


def _cost(scorer: Scorer | None, spent: Scoring) -> str:
    """The cost, earlier tries included."""
    if scorer is None or scorer.name is ScoredBy.EMBEDDED:
        return "cost none"
    usage = spent.usage
    tokens = ((usage.prompt_tokens, "in"), (usage.completion_tokens, "out"))
    shown = " and ".join(f"{used:,} {what}" for used, what in tokens if used is not None)
    requests = count(usage.requests, "request") + (f", tokens {shown}" if shown else "")
    return f"cost {dollars(spent.cost_usd)} ({requests})"
