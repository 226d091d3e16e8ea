"""Evaluations and comparisons as a terminal shows them: at most 100 columns of plain text. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from digest.core.for_you import ASSUMPTIONS, Measure
from digest.core.scores import Score
from digest.core.tex import plain
from digest.core.text import inert, one_line
from digest.core.wording import count
from digest.evaluation.compare import (
    SCORES,
    Agreement,
    Comparison,
    Difference,
    Evaluation,
    Histogram,
)
from digest.evaluation.cuts import MIN_LABELLED, CutResult, Cuts, too_few
from digest.evaluation.labels import Label
from digest.evaluation.measures import FIGURES, Entry

WIDTH = 100
_LONGEST_COMMENT = 280
_BAR = 24
_UNDEFINED = "–"
_NEAR_CUTS, _LEADING_CUTS = 9, 4  # in the table
_IN_THE_CUT_TABLE = ("precision", "recall", "f1")
_TOO_FEW = (
    f"These labels are too few to choose a cut: it takes {MIN_LABELLED} papers, some relevant and"
    " some not."
)


def to_text(evaluation: Evaluation) -> str:
    """All parts, one below the other. Titles and comments are made harmless."""
    missed, wrongly_kept = evaluation.false_negatives, evaluation.false_positives
    unscored = _without_score(evaluation.unscored, "counted as last and as not kept")
    return _joined(
        [_papers(evaluation, evaluation.n), *unscored],
        _at_the_cut(evaluation),
        _other_cuts(evaluation),
        _as_a_ranking(evaluation),
        _histograms(evaluation),
        _agreements("Scores beside the labels' own", evaluation.agreement, "score - label"),
        _misses("Relevant and not kept", "lowest", evaluation.missed, missed),
        _misses("Kept and not relevant", "highest", evaluation.wrongly_kept, wrongly_kept),
    )


def comparison_to_text(comparison: Comparison, a: str = "a", b: str = "b") -> str:
    """`a` and `b` are the names of the two sets of scores, such as folders of prompts."""
    head = [_papers(comparison.a, comparison.labelled)]
    sets = ("a", a, comparison.unscored_a), ("b", b, comparison.unscored_b)
    for which, name, unscored in sets:
        head.append(f"{which}: {_shown(name, WIDTH - 3)}")
        head += _without_score(unscored, "left out of both")
    return _joined(
        head,
        _differences(comparison),
        _overlap(comparison),
        _best_cuts(comparison),
        _agreements("Scores of b beside those of a", comparison.agreement, "b - a"),
    )


def measures_to_text(measures: Sequence[Measure]) -> str:
    """How good the list is for the reader who votes, as on the page of statistics."""
    rows = [("", "estimate", "95% interval", "from"), *(measure.cells for measure in measures)]
    lines = (f"{name:28}{value:>9}{span:>16}   {source}" for name, value, span, source in rows)
    return _joined(lines, textwrap.wrap(ASSUMPTIONS, WIDTH))


def _joined(*parts: Iterable[str]) -> str:
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _papers(evaluation: Evaluation, labelled: int) -> str:
    """How many papers are labelled, measured and relevant."""
    n, relevant = evaluation.n, evaluation.relevant
    measured = "" if n == labelled else f" compared on the {n:,} that both have scored:"
    share = f" ({relevant / n:.0%})" if n else ""
    return f"{count(labelled, 'labelled paper')},{measured} {relevant:,} relevant{share}"


def _without_score(unscored: int, what: str) -> list[str]:
    return [f"{count(unscored, 'paper')} without a score: {what}"] if unscored else []


# --- parts of a comparison ---------------------------------------------------------------------


def _differences(comparison: Comparison) -> list[str]:
    lines = [f"{'':22}{'a':>8}{'b':>8}{'b - a':>9}   95% interval"]
    for name, change in comparison.differences.items():
        a, b = (number(each.figures[name]) for each in (comparison.a, comparison.b))
        figures = f"{a:>8}{b:>8}{_signed(change.difference):>9}"
        lines.append(f"{FIGURES[name].format(k=comparison.a.k):22}{figures}   {_interval(change)}")
    source = f"from {comparison.resamples:,} resamples of the papers"
    return [*lines, f"Intervals {source}; if one includes 0, it is not clear which is higher."]


def _interval(change: Difference) -> str:
    if change.low is None or change.high is None:
        return _UNDEFINED
    higher = "   b is higher" if change.low > 0 else "   a is higher" if change.high < 0 else ""
    return f"{_signed(change.low)} to {_signed(change.high)}{higher}"


def _overlap(comparison: Comparison) -> list[str]:
    both, a, b = comparison.kept_by_both, comparison.only_a, comparison.only_b
    neither = comparison.a.n - both - a - b
    return [
        f"Kept ({_cut(comparison.a, comparison.b)})",
        f"  by both {both:,}, only by a {a:,}, only by b {b:,}, by neither {neither:,}",
        f"  overlap (Jaccard) {number(comparison.jaccard)}",
    ]


def _best_cuts(comparison: Comparison) -> list[str]:
    lines = []
    for which, evaluation in (("a", comparison.a), ("b", comparison.b)):
        if too_few(evaluation.n, evaluation.relevant):
            return [_TOO_FEW]
        if evaluation.cuts:
            lines += _wrapped(f"{which}: {_which_cut_fits(evaluation.cuts)}", "   ")
    return lines


# --- parts of an evaluation --------------------------------------------------------------------


def _at_the_cut(evaluation: Evaluation) -> list[str]:
    kept, missed = evaluation.true_positives, evaluation.false_negatives
    wrong, right = evaluation.false_positives, evaluation.n - evaluation.kept - missed
    precision, recall, f1 = (number(evaluation.figures[name]) for name in _IN_THE_CUT_TABLE)
    return [
        f"{f'At the cut ({_cut(evaluation)})':36}{'kept':>8}{'not kept':>11}",
        f"  {'relevant':34}{kept:>8,}{missed:>11,}    recall    {recall:>5}",
        f"  {'not relevant':34}{wrong:>8,}{right:>11,}    precision {precision:>5}",
        f"{'':59}F1        {f1:>5}",
    ]


def _other_cuts(evaluation: Evaluation) -> list[str]:
    """The cuts nearest to the configured one and those that are most often the best, and in words
    which one fits."""
    if too_few(evaluation.n, evaluation.relevant):
        return [_TOO_FEW]
    if (cuts := evaluation.cuts) is None:
        return []
    shown = sorted(cuts.results, key=lambda c: _points_apart(c, cuts.configured))[:_NEAR_CUTS]
    shown += sorted(cuts.results, key=lambda c: -c.best_in)[:_LEADING_CUTS]
    shown.append(cuts.best)
    heads = f"{'kept':>8}{'precision':>11}{'recall':>8}{'F1':>8}{'best in':>9}"
    lines = [
        f"Other cuts (best in: share of {cuts.resamples:,} resamples where its F1 is highest)",
        f"{'':24}{heads}",
    ]
    for result in cuts.results:
        if result not in shown:
            continue
        marks = [("configured", result is cuts.configured), ("highest F1", result is cuts.best)]
        mark = ", ".join(words for words, is_meant in marks if is_meant)
        precision, recall, f1 = map(number, (result.precision, result.recall, result.f1))
        figures = f"{result.kept:>8,}{precision:>11}{recall:>8}{f1:>8}{result.best_in:>9.0%}"
        lines.append(f"  {_cut_name(result):22}{figures}   {mark}".rstrip())
    return [*lines, *_wrapped(_which_cut_fits(cuts))]


def _points_apart(a: CutResult, b: CutResult) -> tuple[int, int]:
    """On the axis that differs more, and on both together."""
    points = abs(a.relevance - b.relevance), abs((a.novelty or 0) - (b.novelty or 0))
    return max(points), sum(points)


def _which_cut_fits(cuts: Cuts) -> str:
    """In a sentence or two: which cut fits the labels best, and how sure that is."""
    own, best = cuts.configured, cuts.best
    f1, name = number(own.f1), _cut_name(best)
    if best is own:
        often = f"the best in {own.best_in:.0%} of {cuts.resamples:,} resamples of the papers"
        return f"Your cut, {name}, fits these labels best: F1 {f1}, {often}."
    limits = f"95% interval of the gain {_signed(cuts.gain_low)} to {_signed(cuts.gain_high)}"
    instead = f"F1 {number(best.f1)} instead of {f1}, {limits}"
    if cuts.is_better:
        return f"{name.capitalize()} fits these labels better than your {_short(own)}: {instead}."
    higher = f"{name} has the highest F1, which may be chance: {instead}"
    return f"No other cut is clearly better than your {_short(own)}: {higher}."


def _short(cut: CutResult) -> str:
    """8 and 7."""
    return f"{cut.relevance}" + ("" if cut.novelty is None else f" and {cut.novelty}")


def _cut_name(cut: CutResult) -> str:
    novelty = "" if cut.novelty is None else f", novelty {cut.novelty}"
    return f"relevance {cut.relevance}{novelty}"


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent=indent)


def _as_a_ranking(evaluation: Evaluation) -> list[str]:
    lines = ["As a ranking"]
    for name, words in FIGURES.items():
        if name not in _IN_THE_CUT_TABLE:
            value = number(evaluation.figures[name])
            gain = f"   (a paper's gain: {evaluation.gain})" if name == "ndcg" else ""
            lines.append(f"  {words.format(k=evaluation.k):20}{value:>8}{gain}")
    return lines


def _histograms(evaluation: Evaluation) -> list[str]:
    axes = {"Relevance": evaluation.relevance, "Novelty": evaluation.novelty}
    shown = {name: histogram for name, histogram in axes.items() if histogram}
    if not shown:
        return []
    most = max(max(histogram.papers) for histogram in shown.values())
    lines = [
        "Scores given (# relevant, . not)",
        "     " + "".join(f"{name:{_BAR + 18}}" for name in shown).rstrip(),
    ]
    for score in reversed(SCORES):
        cells = (_bar(histogram, score - 1, most) for histogram in shown.values())
        lines.append(f"{score:>4} {''.join(f'{cell:{_BAR + 18}}' for cell in cells)}".rstrip())
    return lines


def _bar(histogram: Histogram, i: int, most: int) -> str:
    papers, good = histogram.papers[i], histogram.relevant[i]
    # At least one sign for each part that is not empty.
    marks = min(-(-good * _BAR // most), _BAR)
    dots = min(-(-(papers - good) * _BAR // most), _BAR)
    bar = "#" * marks + "." * min(dots, _BAR + 1 - marks)
    return f"{bar} {papers:,}{f', {good:,} relevant' if good else ''}".lstrip()


def _agreements(heading: str, agreement: dict[str, Agreement], difference: str) -> list[str]:
    lines = []
    for axis, pair in agreement.items():
        shares = f"equal {pair.exact:4.0%}, within one {pair.within_one:4.0%}"
        mean = f"mean of {difference} {pair.difference:+.2f}"
        lines.append(f"  {axis:10} {shares}, {mean} ({count(pair.papers, 'paper')})")
    return [heading, *lines] if lines else []


def _misses(what: str, first: str, misses: Sequence[Entry], every: int) -> list[str]:
    if not misses:
        return [f"{what}: none"]
    some = f", the first {len(misses)}" if len(misses) < every else ""
    lines = [f"{what}: {every:,}{some}, {first} first"]
    labels_have_scores = any(miss.label.relevance for miss in misses)
    if labels_have_scores:
        lines.append(f"  {'score':9}label")
    for miss in misses:
        start = f"  {_scores(miss.score) or 'no score':9}"
        if labels_have_scores:
            start += f"{_scores(miss.label):9}"
        indent = " " * len(start)
        start += f"{_shown(miss.label.paper.id, 24):12} "
        lines.append(start + _shown(miss.label.paper.title, WIDTH - len(start)))
        comment = _shown(miss.score.comment, _LONGEST_COMMENT) if miss.score else ""
        lines += textwrap.wrap(comment, WIDTH, initial_indent=indent, subsequent_indent=indent)
    return lines


# --- words and numbers ------------------------------------------------------------------------


def _shown(text: str, limit: int) -> str:
    return inert(one_line(plain(text), limit))


def _scores(of: Score | Label | None) -> str:
    axes = {"R": of.relevance, "N": of.novelty} if of else {}
    return " ".join(f"{axis}{value}" for axis, value in axes.items() if value is not None)


def _cut(*evaluations: Evaluation) -> str:
    cut = evaluations[0].cut
    if any(evaluation.cut != cut for evaluation in evaluations):
        return "; ".join(
            f"{name}: {_cut(each)}" for name, each in zip("ab", evaluations, strict=True)
        )
    no_novelty = all(e.relevance is not None and e.novelty is None for e in evaluations)
    return f"relevance {cut.relevance}" + ("" if no_novelty else f", novelty {cut.novelty}")


def number(value: float | None) -> str:
    """A figure as it is shown in every table and sentence."""
    return _UNDEFINED if value is None else f"{value:.3f}"


def _signed(value: float | None) -> str:
    return _UNDEFINED if value is None else f"{round(value, 3) + 0.0:+.3f}"
