"""The rows of the table: a score per call, and the figure of the summed counts.

Counts are vectors, so that a bootstrap resamples calls by adding rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evaluation.meaning import scores
from evaluation.meaning.reading import Reading
from evaluation.meaning.scores import BINS, LABELS, RELIABILITY_BINS, Call, Score

Vector = npt.NDArray[np.float64]
MIN_PRECISION = 0.6


@dataclass(frozen=True)
class Row:
    """``goal`` as in the issue; ``share`` of the summed counts is the figure, NaN without anything to measure."""

    id: str
    title: str
    goal: str
    score: Callable[[Call, Reading], Score]
    figure: Callable[[Vector], float]


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")


def f1(counts: Vector) -> float:
    """Counts: right, reported, marked."""
    return _ratio(2 * counts[0], counts[1] + counts[2])


def precision(counts: Vector) -> float:
    return _ratio(counts[0], counts[1])


def recall(counts: Vector) -> float:
    return _ratio(counts[0], counts[2])


def share(counts: Vector) -> float:
    """Counts: right, all."""
    return _ratio(counts[0], counts[1])


def macro_f1(counts: Vector) -> float:
    """Counts: a confusion matrix, gold by row. Labels that neither side uses do not count."""
    matrix = counts.reshape(len(LABELS), len(LABELS))
    used = [i for i in range(len(LABELS)) if matrix[i].sum() + matrix[:, i].sum()]
    scores = [2 * matrix[i, i] / (matrix[i].sum() + matrix[:, i].sum()) for i in used]
    return float(np.mean(scores)) if scores else float("nan")


def recall_at_precision(counts: Vector) -> float:
    """Highest recall at MIN_PRECISION or more. Counts: negative and other turns by bin of the probability."""
    found, others = counts.reshape(2, BINS)[:, ::-1].cumsum(axis=1)
    precise = found >= MIN_PRECISION * (found + others)
    return _ratio(max(found[precise], default=0.0), counts[:BINS].sum())


def calibration_error(counts: Vector) -> float:
    """Expected calibration error (Naeini et al. 2015, AAAI): the mean distance of probability and share, by bin."""
    number, total, marked = counts.reshape(3, RELIABILITY_BINS)
    return _ratio(float(np.abs(total - marked).sum()), float(number.sum()))


ROWS = (
    Row("issue", "issue, evidence turn F1", "≥ .85", scores.turns("issue"), f1),
    Row("outcome", "outcome, evidence turn F1", "≥ .75", scores.turns("outcome"), f1),
    Row("resolved", "resolved (true, false, null) right", "≥ .80", scores.resolved, share),
    Row("contradicted", "resolved contradicted", "≤ .03", scores.contradicted, share),
    Row("actions", "action items with owner, F1", "≥ .75", scores.actions, f1),
    Row(
        "negative",
        "customer's negative turns, recall at precision ≥ .6",
        "≥ .70",
        scores.negative_turns,
        recall_at_precision,
    ),
    Row(
        "calibration",
        "customer's negative turns, calibration error of the probability",
        "",
        scores.calibration,
        calibration_error,
    ),
    Row("sentiment", "sentiment of turns, macro-F1", "≥ .80", scores.sentiment(False), macro_f1),
    Row(
        "sentiment_customers",
        "sentiment of customers' turns, macro-F1",
        "≥ .75",
        scores.sentiment(True),
        macro_f1,
    ),
    Row("direction", "direction of the customer's mood", "≥ .80", scores.direction, share),
    Row("roles", "roles right", "≥ .95", scores.roles("roles", "right"), share),
    Row("roles_unknown", "roles unknown", "", scores.roles("roles", "unknown"), share),
    Row("roles_wrong", "roles wrong", "≤ .02", scores.roles("roles", "wrong"), share),
    Row("roles_cut", "roles right, first 4 turns cut", "≥ .92", scores.roles("roles_cut", "right"), share),
    Row("roles_cut_wrong", "roles wrong, first 4 turns cut", "", scores.roles("roles_cut", "wrong"), share),
    Row("topic", "topic", "≥ .90", scores.topic, share),
    Row("greeting", "greeting present, absent or not recorded", "≥ .90", scores.quality("greeting"), share),
    Row("closing", "closing present, absent or not recorded", "≥ .90", scores.quality("closing"), share),
    Row("empathy", "empathy present, absent or not called for", "≥ .90", scores.quality("empathy"), share),
    Row("lapses_precision", "impolite turns, precision", "≥ .75", scores.lapses, precision),
    Row("lapses_recall", "impolite turns, recall", "≥ .75", scores.lapses, recall),
    Row("privacy_recall", "personal data redacted, recall", "≥ .97", scores.privacy(False), recall),
    Row("privacy_precision", "personal data redacted, precision", "≥ .97", scores.privacy(True), precision),
    Row("neither", "reports with neither issue nor outcome", "0", scores.neither, share),
)
