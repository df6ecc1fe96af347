"""Learns callytics/conversation/role_model.json: python tools/train_role_model.py (from the root, with numpy).

Logistic regression on the difference between an agent and a customer of the same call, on the splits fit and choose.
Windows of a call (cut start, cut end, eight turns) are examples too. Full batches from zero: deterministic.
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

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from callytics.conversation.role_model import features, ngrams  # noqa: E402
from evaluation.dialogues import LANGUAGES, read_dialogues  # noqa: E402

TARGET = ROOT / "callytics" / "conversation" / "role_model.json"
MIN_CALLS = 2
L2 = 0.1
STEPS = 400
WINDOW_TURNS = 8


def windows(turns: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    yield from (turns, turns[4:], turns[:-4])
    for start in range(0, max(1, len(turns) - WINDOW_TURNS + 1), WINDOW_TURNS // 2):
        yield turns[start : start + WINDOW_TURNS]


def texts(turns: list[dict[str, Any]]) -> dict[str, str]:
    said: dict[str, list[str]] = {}
    for turn in turns:
        said.setdefault(turn["speaker"], []).append(turn["text"])
    return {speaker: " . ".join(parts) for speaker, parts in said.items()}


def examples(calls: list[dict[str, Any]], language: str, index: dict[str, int]) -> NDArray[np.float64]:
    rows = []
    for call in calls:
        for window in windows(call["turns"]):
            said = texts(window)
            for agent, customer in itertools.product(said, said):
                if (call["roles"][agent], call["roles"][customer]) != ("AGENT", "CUSTOMER"):
                    continue
                row = np.zeros(len(index))
                for sign, speaker in ((1.0, agent), (-1.0, customer)):
                    for gram, value in features(said[speaker], language).items():
                        if gram in index:
                            row[index[gram]] += sign * value
                rows.append(row)
    return np.array(rows)


def fit(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Accelerated gradient descent; every row is a positive example (the negative ones are its mirror)."""
    decay = L2 / len(x)
    step = 1.0 / (0.25 * float(np.linalg.norm(x, 2)) ** 2 / len(x) + decay)
    before = now = np.zeros(x.shape[1])
    for number in range(STEPS):
        ahead = now + number / (number + 3) * (now - before)
        missed = 1.0 / (1.0 + np.exp(x @ ahead))
        before, now = now, ahead - step * (decay * ahead - x.T @ missed / len(x))
    return now


def train(language: str) -> dict[str, float]:
    calls = [*read_dialogues("fit", language), *read_dialogues("choose", language)]
    seen: Counter[str] = Counter()
    for call in calls:
        seen.update({gram for turn in call["turns"] for gram in ngrams(turn["text"], language)})
    index = {gram: i for i, gram in enumerate(sorted(g for g, n in seen.items() if n >= MIN_CALLS))}
    learned = fit(examples(calls, language, index))
    return {gram: round(float(learned[i]), 2) for gram, i in index.items() if abs(learned[i]) >= 0.005}


if __name__ == "__main__":
    model = {
        "trained_on": "evaluation/dialogues, splits fit and choose",
        "weights": {c: train(c) for c in LANGUAGES},
    }
    TARGET.write_text(json.dumps(model, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
