"""Evaluations and comparisons as a terminal shows them: at most 100 columns of plain text. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

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
    Miss,
)

WIDTH = 100
_LONGEST_COMMENT = 280
_BAR = 24
_UNDEFINED = "–"


def to_text(evaluation: Evaluation) -> str:
    """All parts, one below the other. Titles and comments are made harmless."""
    parts = [
        [
            _labels(evaluation),
            *_without_score(evaluation.unscored, "counted as last and as not kept"),
        ],
        _at_the_cut(evaluation),
        _as_a_ranking(evaluation),
        _histograms(evaluation),
        _agreements("Scores beside the labels' own", evaluation.agreement, "score - label"),
        _misses("Relevant and not kept", "lowest", evaluation.missed, evaluation.false_negatives),
        _misses(
            "Kept and not relevant", "highest", evaluation.wrongly_kept, evaluation.false_positives
        ),
    ]
    return _joined(parts)


def comparison_to_text(comparison: Comparison, a: str = "a", b: str = "b") -> str:
    """`a` and `b` are the names of the two sets of scores, such as folders of prompts."""
    return _joined(
        [
            [
                _compared(comparison),
                f"a: {_shown(a, WIDTH - 3)}",
                *_without_score(comparison.unscored_a, "left out of both"),
                f"b: {_shown(b, WIDTH - 3)}",
                *_without_score(comparison.unscored_b, "left out of both"),
            ],
            _differences(comparison),
            _overlap(comparison),
            _agreements("Scores of b beside those of a", comparison.agreement, "b - a"),
        ]
    )


def _joined(parts: Iterable[Sequence[str]]) -> str:
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


# --- parts of a comparison ---------------------------------------------------------------------


def _compared(comparison: Comparison) -> str:
    if comparison.a.n == comparison.labelled:
        return _labels(comparison.a)
    papers = count(comparison.labelled, "labelled paper")
    both = f"compared on the {comparison.a.n:,} that both have scored"
    return f"{papers}, {both}: {_relevant(comparison.a)}"


def _without_score(unscored: int, what: str) -> list[str]:
    return [f"{count(unscored, 'paper')} without a score: {what}"] if unscored else []


def _differences(comparison: Comparison) -> list[str]:
    lines = [f"{'':22}{'a':>8}{'b':>8}{'b - a':>9}   95% interval"]
    for name, change in comparison.differences.items():
        a, b = (getattr(e.figures, name) for e in (comparison.a, comparison.b))
        figures = f"{number(a):>8}{number(b):>8}{_signed(change.difference):>9}"
        lines.append(f"{_NAMES[name].format(k=comparison.a.k):22}{figures}   {_interval(change)}")
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


# --- parts of an evaluation --------------------------------------------------------------------


def _labels(evaluation: Evaluation) -> str:
    return f"{count(evaluation.n, 'labelled paper')}, {_relevant(evaluation)}"


def _relevant(evaluation: Evaluation) -> str:
    share = f" ({evaluation.relevant / evaluation.n:.0%})" if evaluation.n else ""
    return f"{evaluation.relevant:,} relevant{share}"


def _at_the_cut(evaluation: Evaluation) -> list[str]:
    kept, missed = evaluation.true_positives, evaluation.false_negatives
    wrong, right = evaluation.false_positives, evaluation.n - evaluation.kept - missed
    recall, precision, f1 = (
        number(getattr(evaluation.figures, name)) for name in ("recall", "precision", "f1")
    )
    return [
        f"{f'At the cut ({_cut(evaluation)})':36}{'kept':>8}{'not kept':>11}",
        f"  {'relevant':34}{kept:>8,}{missed:>11,}    recall    {recall:>5}",
        f"  {'not relevant':34}{wrong:>8,}{right:>11,}    precision {precision:>5}",
        f"{'':59}F1        {f1:>5}",
    ]


def _as_a_ranking(evaluation: Evaluation) -> list[str]:
    lines = ["As a ranking"]
    for name in ("auc", "average_precision", "ndcg", "precision_at_k", "recall_at_k"):
        value = number(getattr(evaluation.figures, name))
        gain = f"   (a paper's gain: {evaluation.gain})" if name == "ndcg" else ""
        lines.append(f"  {_NAMES[name].format(k=evaluation.k):20}{value:>8}{gain}")
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


def _misses(what: str, first: str, misses: Sequence[Miss], every: int) -> list[str]:
    if not misses:
        return [f"{what}: none"]
    some = f", the first {len(misses)}" if len(misses) < every else ""
    lines = [f"{what}: {every:,}{some}, {first} first"]
    labels_have_scores = any(miss.label_relevance for miss in misses)
    if labels_have_scores:
        lines.append(f"  {'score':9}label")
    for miss in misses:
        start = f"  {_scores(miss.relevance, miss.novelty) or 'no score':9}"
        if labels_have_scores:
            start += f"{_scores(miss.label_relevance, miss.label_novelty):9}"
        indent = " " * len(start)
        start += f"{_shown(miss.id, 24):12} "
        lines.append(start + _shown(miss.title, WIDTH - len(start)))
        comment = _shown(miss.comment, _LONGEST_COMMENT)
        lines += textwrap.wrap(comment, WIDTH, initial_indent=indent, subsequent_indent=indent)
    return lines


def _shown(text: str, limit: int) -> str:
    return inert(one_line(plain(text), limit))


def _scores(relevance: int | None, novelty: int | None) -> str:
    return " ".join(f"{a}{v}" for a, v in (("R", relevance), ("N", novelty)) if v is not None)


# --- words and numbers ------------------------------------------------------------------------


_NAMES = {
    "auc": "AUC",
    "average_precision": "average precision",
    "ndcg": "nDCG",
    "precision": "precision at the cut",
    "recall": "recall at the cut",
    "f1": "F1 at the cut",
    "precision_at_k": "precision at {k}",
    "recall_at_k": "recall at {k}",
}


def _cut(*evaluations: Evaluation) -> str:
    cut = evaluations[0].cut
    no_novelty = all(e.relevance is not None and e.novelty is None for e in evaluations)
    return f"relevance {cut.relevance}" + ("" if no_novelty else f", novelty {cut.novelty}")


def number(value: float | None) -> str:
    """A figure as it is shown in every table and sentence."""
    return _UNDEFINED if value is None else f"{value:.3f}"


def _signed(value: float | None) -> str:
    return _UNDEFINED if value is None else f"{round(value, 3) + 0.0:+.3f}"
