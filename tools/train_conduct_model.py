"""Learns callytics/engines/sentiment/conduct_model.json: python tools/train_conduct_model.py (extra "eval").

Logistic regression on the agents' turns of the written calls of fit and choose, with the sentences of
callytics/engines/sentiment/training/conduct.tsv. Prints, for cross-validation by call, the limit of the best F1, and
the scores of impolite and other turns by quantile.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from callytics.engines.sentiment.conduct import PROTEST  # noqa: E402
from callytics.engines.sentiment.conduct_model import SURROUNDINGS, in_call, ngrams, surroundings  # noqa: E402
from callytics.engines.sentiment.embedding import EmbeddingSentimentAnalyzer  # noqa: E402
from evaluation.dialogues import LANGUAGES, read_dialogues  # noqa: E402
from evaluation.meaning.reading import conversation_of  # noqa: E402

FOLDER = ROOT / "callytics" / "engines" / "sentiment"
MIN_COUNT = 3
STRENGTH = 0.1
"""Inverse of the penalty (C of scikit-learn)."""
SCALE = 3.0
"""Factor on the surroundings, which lowers their penalty."""
SMALLEST = 0.005
FOLDS = 8
GOAL = 0.75
"""Wanted precision of what the model finds by itself."""
Matrix = NDArray[np.float64]


def examples(language: str) -> tuple[list[str], Matrix, NDArray[np.bool_], list[str]]:
    """Texts, surroundings, whether impolite, and the call, of the agents' turns."""
    feel = EmbeddingSentimentAnalyzer()
    texts, rows, marked, calls = [], [], [], []
    for split in ("fit", "choose"):
        for call in read_dialogues(split, language):
            conversation = conversation_of(call, roles=True)
            negative = {turn.turn_id: turn.negative for turn in feel(conversation).turns}
            content = {turn.id: turn.content for turn in conversation.turns}
            around = surroundings(conversation, negative, language, PROTEST[language])
            for turn_id, values in around.items():
                texts.append(content[turn_id])
                rows.append(values)
                marked.append(turn_id in call["quality"]["lapse_turn_ids"])
                calls.append(call["id"])
    return texts, np.array(rows), np.array(marked), calls


def sentences(language: str) -> list[tuple[str, bool]]:
    lines = (FOLDER / "training" / "conduct.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return [(text, label == "rude") for code, label, text in rows if code == language]


def train(language: str) -> dict[str, Any]:
    from sklearn.linear_model import LogisticRegression

    texts, around, marked, calls = examples(language)
    more = sentences(language)
    grams = [ngrams(text, language) for text in [*texts, *(text for text, _ in more)]]
    counts = Counter(gram for of_text in grams for gram in of_text)
    index = {gram: i for i, gram in enumerate(sorted(g for g, n in counts.items() if n >= MIN_COUNT))}
    cells = [
        (row, index[gram]) for row, of_text in enumerate(grams) for gram in sorted(of_text) if gram in index
    ]
    i, j = zip(*cells, strict=True)
    words = csr_matrix((np.ones(len(cells)), (i, j)), shape=(len(grams), len(index))).toarray()
    number = len(texts)
    beside = SCALE * np.vstack([around, np.tile(around.mean(axis=0), (len(more), 1))])
    x, y = np.hstack([words, beside]), np.concatenate([marked, [label for _, label in more]])

    def fit(chosen: NDArray[np.int64]) -> Any:
        model = LogisticRegression(C=STRENGTH, max_iter=500, class_weight="balanced")
        return model.fit(x[chosen], y[chosen])

    names = sorted(set(calls))
    order = np.random.default_rng(1).permutation(len(names)) % FOLDS
    fold = np.array([*(order[names.index(call)] for call in calls), *[-1] * len(more)])
    alone = np.zeros(number)
    for k in range(FOLDS):
        held = np.flatnonzero(fold == k)
        alone[held] = fit(np.flatnonzero(fold != k)).decision_function(x[held])
    _report(language, alone, marked, calls)
    weights = fit(np.arange(len(x)))
    found = {
        gram: round(float(weights.coef_[0][at]), 3)
        for gram, at in index.items()
        if abs(weights.coef_[0][at]) >= SMALLEST
    }
    values = [round(float(SCALE * w), 3) for w in weights.coef_[0][-len(SURROUNDINGS) :]]
    return {"bias": round(float(weights.intercept_[0]), 3), "surroundings": values, "ngrams": found}


def _report(language: str, alone: Matrix, marked: NDArray[np.bool_], calls: list[str]) -> None:
    scores = np.zeros(len(alone))
    for call in set(calls):
        at = [n for n, name in enumerate(calls) if name == call]
        for n, score in in_call({str(n): float(alone[n]) for n in at}).items():
            scores[int(n)] = score
    order = np.argsort(-scores)
    right = np.cumsum(marked[order])
    f1 = 2 * right / (np.arange(1, len(order) + 1) + marked.sum())
    best = int(f1.argmax())
    precise = np.flatnonzero(right >= GOAL * np.arange(1, len(order) + 1))
    if len(precise):
        last = int(precise[-1])
        print(
            f"{language}: limit {scores[order[last]]:.2f} for precision {GOAL}, recall {right[last] / marked.sum():.2f}"
        )
    print(
        f"{language}: limit {scores[order[best]]:.2f}, precision {right[best] / (best + 1):.2f}, recall "
        f"{right[best] / marked.sum():.2f}; "
        f"impolite turns {np.quantile(scores[marked], [0.05, 0.1, 0.25, 0.5]).round(2)}, "
        f"others {np.quantile(scores[~marked], [0.25, 0.5, 0.75, 0.9]).round(2)}"
    )


if __name__ == "__main__":
    models = {language: train(language) for language in LANGUAGES}
    document = {
        "licence": "Apache-2.0",
        "trained_on": "evaluation/dialogues, splits fit and choose",
        "models": models,
    }
    (FOLDER / "conduct_model.json").write_text(
        json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n",
        encoding="utf-8",
    )
