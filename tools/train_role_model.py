"""Learns callytics/conversation/role_model.json: python tools/train_role_model.py (from the root; extra "eval").

Logistic regression on the difference between an agent and a customer of the same call, on the splits fit and choose,
and on the openings, closings and stretches of evaluation/dialogues/turns_calls_*.jsonl. Windows of a call (cut starts,
cut end, eight and five turns) are examples too. Full batches from zero: deterministic.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import svds

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from callytics.conversation.role_model import features  # noqa: E402
from evaluation.dialogues import LANGUAGES, read_dialogues, read_stretches  # noqa: E402

TARGET = ROOT / "callytics" / "conversation" / "role_model.json"
MIN_CALLS = 2
L2 = 0.1
STEPS = 400
SMALLEST = 0.04
"""A third of the weights are smaller, and change no role of 314 calls."""

CUTS = (0, 2, 4, 6)
"""Turns cut from the start: a recording that begins late is a usual fault, and the opening tells most of the roles."""

CUT_END_TURNS = 4
WINDOWS = ((8, 4, 0), (5, 3, 2))
"""Turns, step and first turn of the windows that run over the call."""


def windows(turns: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    yield from (turns[cut:] for cut in CUTS)
    yield turns[:-CUT_END_TURNS]
    for size, step, first in WINDOWS:
        for start in range(first, max(first + 1, len(turns) - size + 1), step):
            yield turns[start : start + size]


def values_of(turns: list[dict[str, Any]], language: str) -> dict[str, dict[str, float]]:
    """Speaker -> the features of what they say here."""
    said: dict[str, list[str]] = {}
    before: dict[str, list[str]] = {}
    for last, turn in zip((None, *turns), turns, strict=False):
        speaker = turn["speaker"]
        said.setdefault(speaker, []).append(turn["text"])
        other = last["text"] if last and last["speaker"] != speaker else ""
        before.setdefault(speaker, []).append(other)
    return {speaker: features(said[speaker], before[speaker], language) for speaker in said}


def examples(calls: list[dict[str, Any]], language: str) -> Iterator[tuple[str, dict[str, float]]]:
    """The id of a call and, by feature, the agent less the customer, for every window of it."""
    for call in calls:
        for window in windows(call["turns"]):
            values = values_of(window, language)
            for agent, customer in itertools.product(values, values):
                if (call["roles"][agent], call["roles"][customer]) == ("AGENT", "CUSTOMER"):
                    row = Counter(values[agent])
                    row.subtract(values[customer])
                    yield call["id"], dict(row)


def fit(x: csr_matrix) -> NDArray[np.float64]:
    """Accelerated gradient descent; every row is a positive example (the negative ones are its mirror)."""
    decay = L2 / x.shape[0]
    largest = float(svds(x, k=1, return_singular_vectors=False, v0=np.ones(min(x.shape)))[0])
    step = 1.0 / (0.25 * largest**2 / x.shape[0] + decay)
    before = now = np.zeros(x.shape[1])
    for number in range(STEPS):
        ahead = now + number / (number + 3) * (now - before)
        missed = 1.0 / (1.0 + np.exp(x @ ahead))
        before, now = now, ahead - step * (decay * ahead - x.T @ missed / x.shape[0])
    return now


def train(language: str) -> dict[str, float]:
    calls = [*read_dialogues("fit", language), *read_dialogues("choose", language)]  # type: ignore[arg-type]
    calls += read_stretches(language)
    rows = list(examples(calls, language))
    seen: dict[str, set[str]] = {}
    for call_id, row in rows:
        for name in row:
            seen.setdefault(name, set()).add(call_id)
    index = {name: i for i, name in enumerate(sorted(n for n, of in seen.items() if len(of) >= MIN_CALLS))}
    cells = [(n, index[k], v) for n, (_, row) in enumerate(rows) for k, v in row.items() if k in index]
    i, j, values = zip(*cells, strict=True)
    learned = fit(csr_matrix((values, (i, j)), shape=(len(rows), len(index))))
    rounded = {name: round(float(learned[i]), 2) for name, i in index.items()}
    return {name: weight for name, weight in rounded.items() if abs(weight) >= SMALLEST}


if __name__ == "__main__":
    model = {
        "trained_on": "evaluation/dialogues, splits fit and choose; turns_calls_*.jsonl",
        "weights": {c: train(c) for c in LANGUAGES},
    }
    TARGET.write_text(json.dumps(model, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
