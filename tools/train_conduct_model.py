"""Learns callytics/engines/sentiment/conduct_model.json: python tools/train_conduct_model.py (extra "eval").

Two logistic regressions per language on the agents' turns of the written calls of fit and choose: one of the turn, one
of the scores of all turns of the call. The second learns from scores of models that have not seen the call, and so do
both from moods. Prints the precision and recall of pairs of limits, cross-validated by call.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "tools"))

from train_mood_model import data, moods_of_others  # noqa: E402

from callytics.config import load_stages  # noqa: E402
from callytics.engines import load_engine  # noqa: E402
from callytics.engines.sentiment.classifier import SentenceClassifier  # noqa: E402
from callytics.engines.sentiment.conduct import PROTEST, lapses_by_rules, severities  # noqa: E402
from callytics.engines.sentiment.conduct_model import (  # noqa: E402
    SURROUNDINGS,
    in_call,
    ngrams,
    of_rules,
    surroundings,
)
from evaluation.dialogues import LANGUAGES, read_dialogues  # noqa: E402
from evaluation.meaning.reading import conversation_of  # noqa: E402

FOLDER = ROOT / "callytics" / "engines" / "sentiment"
MIN_COUNT = 3
STRENGTH = 0.03
CALL_STRENGTH = 0.3
"""Inverse of the penalty (C of scikit-learn) of the two models."""
SCALE, RULE_SCALE = 3.0, 2.0
"""Factors on the surroundings and on the rules, which lower their penalty."""
SMALLEST = 0.005
FOLDS = 8
MIN_PRECISION = 0.7
Matrix = NDArray[np.float64]
Flags = NDArray[np.bool_]
Moods = Mapping[str, Sequence[Sequence[float]]]


@dataclass
class Examples:
    """The agents' turns of a language: texts, SURROUNDINGS, severity of the rules, whether impolite, and the call."""

    texts: list[str] = field(default_factory=list)
    around: list[list[float]] = field(default_factory=list)
    severity: list[int] = field(default_factory=list)
    marked: list[bool] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)


def examples(language: str, moods: Moods) -> Examples:
    punctuate: Any = load_engine(load_stages(ROOT / "serve_config.cpu.yaml")["punctuation-restorer"])
    found = Examples()
    for split in ("fit", "choose"):
        for call in read_dialogues(split, language):  # type: ignore[arg-type]
            conversation = punctuate(conversation_of(call, roles=True))
            negative = {t.id: m[0] for t, m in zip(conversation.turns, moods[call["id"]], strict=True)}
            content = {turn.id: turn.content for turn in conversation.turns}
            rules = severities(lapses_by_rules(conversation))
            around = surroundings(conversation, negative, language, PROTEST[language])
            for turn_id, values in around.items():
                found.texts.append(content[turn_id])
                found.around.append(values)
                found.severity.append(rules.get(turn_id, 0))
                found.marked.append(turn_id in call["quality"]["lapse_turn_ids"])
                found.calls.append(call["id"])
    return found


def logistic(x: Matrix, y: Flags, strength: float, *, balanced: bool) -> Any:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=strength, max_iter=500, class_weight="balanced" if balanced else None)
    return model.fit(x, y)


def sentences(language: str) -> list[tuple[str, bool]]:
    lines = (FOLDER / "training" / "conduct.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return [(text, label == "rude") for code, label, text in rows if code == language]


def train(language: str, moods: Moods) -> dict[str, Any]:
    seen = examples(language, moods)
    more = sentences(language)
    grams = [ngrams(text, language) for text in [*seen.texts, *(text for text, _ in more)]]
    counts = Counter(gram for of_text in grams for gram in of_text)
    index = {gram: i for i, gram in enumerate(sorted(g for g, n in counts.items() if n >= MIN_COUNT))}
    cells = [(row, index[g]) for row, of_text in enumerate(grams) for g in sorted(of_text) if g in index]
    i, j = zip(*cells, strict=True)
    words = csr_matrix((np.ones(len(cells)), (i, j)), shape=(len(grams), len(index))).toarray()
    beside = np.hstack(
        [SCALE * np.array(seen.around), RULE_SCALE * np.array([*map(of_rules, seen.severity)])]
    )
    x = np.hstack([words, np.vstack([beside, np.tile(beside.mean(axis=0), (len(more), 1))])])
    y = np.array([*seen.marked, *(label for _, label in more)])
    names = sorted(set(seen.calls))
    order = np.random.default_rng(1).permutation(len(names)) % FOLDS
    fold = np.array([*(order[names.index(call)] for call in seen.calls), *[-1] * len(more)])
    alone = np.zeros(len(seen.texts))
    for k in range(FOLDS):
        held = np.flatnonzero(fold == k)
        alone[held] = logistic(x[fold != k], y[fold != k], STRENGTH, balanced=True).decision_function(x[held])
    rows = rows_of_calls(seen, alone)
    deviation = rows.std(axis=0) + 1e-9
    scaled, marked, own = rows / deviation, np.array(seen.marked), fold[: len(seen.texts)]
    scores = np.zeros(len(marked))
    for k in range(FOLDS):
        of_fold = logistic(scaled[own != k], marked[own != k], CALL_STRENGTH, balanced=False)
        scores[own == k] = of_fold.decision_function(scaled[own == k])
    report(language, scores, seen)
    turn = logistic(x, y, STRENGTH, balanced=True)
    whole = logistic(scaled, marked, CALL_STRENGTH, balanced=False)
    weights = turn.coef_[0]
    beside_weights = weights[-beside.shape[1] :]
    return {
        "bias": round(float(turn.intercept_[0]), 3),
        "surroundings": [round(float(SCALE * w), 3) for w in beside_weights[: len(SURROUNDINGS)]],
        "rules": [round(float(RULE_SCALE * w), 3) for w in beside_weights[len(SURROUNDINGS) :]],
        "ngrams": {
            g: round(float(weights[at]), 3) for g, at in index.items() if abs(weights[at]) >= SMALLEST
        },
        "call": {
            "bias": round(float(whole.intercept_[0]), 3),
            "weights": [round(float(v), 4) for v in whole.coef_[0] / deviation],
        },
    }


def rows_of_calls(seen: Examples, alone: Matrix) -> Matrix:
    rows: list[list[float]] = []
    for call in dict.fromkeys(seen.calls):
        at = [n for n, name in enumerate(seen.calls) if name == call]
        rows += in_call([float(alone[n]) for n in at], [seen.around[n] for n in at])
    return np.array(rows)


def report(language: str, scores: Matrix, seen: Examples) -> None:
    """The pair of limits with the best F1 at a precision of MIN_PRECISION or more, and their neighbours."""
    severity, marked = np.array(seen.severity), np.array(seen.marked)
    later = np.array(["_more_" in call for call in seen.calls])
    best: list[tuple[float, ...]] = []
    for limit in np.arange(-2.6, 1.6, 0.2):
        for of_rule in np.arange(-5.0, limit + 0.1, 0.2):
            found = (scores >= limit) | (severity % 2 == 1) | ((severity == 2) & (scores >= of_rule))
            right, number = float((found & marked).sum()), float(max(1, found.sum()))
            f1 = 2 * right / (number + marked.sum())
            on_later = (found & marked & later).sum(), (found & later).sum(), (marked & later).sum()
            if right >= MIN_PRECISION * number:
                best.append(
                    (f1, limit, of_rule, right / number, right / marked.sum(),
                     on_later[0] / on_later[1], on_later[0] / on_later[2])
                )  # fmt: skip
    for row in sorted(best, reverse=True)[:8]:
        f1, limit, of_rule, *shares = (f"{value:.2f}" for value in row)
        print(
            f"{language}: F1 {f1}, limits {limit} and {of_rule}, precision and recall {shares[:2]}, later {shares[2:]}"
        )


if __name__ == "__main__":
    others = moods_of_others(*data(SentenceClassifier()))
    document = {
        "licence": "Apache-2.0",
        "trained_on": "evaluation/dialogues, splits fit and choose",
        "models": {language: train(language, others) for language in LANGUAGES},
    }
    (FOLDER / "conduct_model.json").write_text(
        json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n",
        encoding="utf-8",
    )
