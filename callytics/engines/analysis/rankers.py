"""Linear models over the features of turns: which turn states the issue and the outcome, which turns leave tasks, and
whether the call resolved the issue. evaluation/meaning/train.py fitted models.json on the written calls.

Pure Python: a call of ten minutes takes some hundredths of a second, and the stage needs no package.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

from callytics.engines.analysis.features import Features, Seen, features_after, features_of, whole_call

RESOLVED = (True, False, None)
"""The order of the weights of the model "resolved"."""

MAX_CONTRARY = 0.2
"""Probability of the opposite above which "resolved" stays null: a wrong yes costs more than a "not shown". Chosen by
cross-validation on fit and choose."""


@dataclass(frozen=True)
class Reading:
    """Probabilities per turn, in the order of the call, and whether the issue was resolved."""

    issue: tuple[float, ...]
    outcome: tuple[float, ...]
    agent_task: tuple[float, ...]
    customer_task: tuple[float, ...]
    resolved: bool | None


class Rankers:
    """Safe to call from several threads; deterministic."""

    def __init__(self) -> None:
        table = resources.files("callytics.engines.analysis").joinpath("models.json")
        document = json.loads(table.read_text(encoding="utf-8"))
        self.revision = str(document["revision"])
        self._turns: Mapping[str, Mapping[str, float]] = document["turns"]
        self._call: Mapping[str, Sequence[float]] = document["resolved"]

    def __call__(self, call: Sequence[Seen]) -> Reading:
        """Args:
        call: at least one turn.
        """
        plain = [features_of(call, index) for index in range(len(call))]
        issue = _softmax([self._score("issue", found) for found in plain])
        stated = best(issue)
        later = [found | features_after(call, index, stated) for index, found in enumerate(plain)]
        outcome = _softmax([self._score("outcome", found) for found in later])
        return Reading(
            issue,
            outcome,
            tuple(_logistic(self._score("AGENT", found)) for found in plain),
            tuple(_logistic(self._score("CUSTOMER", found)) for found in plain),
            self._resolved(whole_call(call, best(outcome))),
        )

    def weight(self, model: str, seen: Seen, sentence_signs: frozenset[str]) -> float:
        """How much the signs of a sentence speak for the statement that its turn was chosen for."""
        weights, who = self._turns[model], seen.letter
        return sum(
            weights.get(f"s:{sign}", 0.0) + weights.get(f"s:{who}:{sign}", 0.0) for sign in sentence_signs
        )

    def _score(self, model: str, found: Features) -> float:
        weights = self._turns[model]
        return sum(weights[name] * value for name, value in found.items() if name in weights)

    def _resolved(self, found: Features) -> bool | None:
        totals = [0.0] * len(RESOLVED)
        for name, value in found.items():
            for index, weight in enumerate(self._call.get(name, ())):
                totals[index] += weight * value
        chances = _softmax(totals)
        chosen = best(chances)
        contrary = 0.0 if RESOLVED[chosen] is None else chances[1 - chosen]
        return None if contrary >= MAX_CONTRARY else RESOLVED[chosen]


def best(values: Sequence[float]) -> int:
    """The index of the highest value, the first of equal ones."""
    return max(range(len(values)), key=lambda index: (values[index], -index))


def _softmax(scores: Sequence[float]) -> tuple[float, ...]:
    highest = max(scores)
    powers = [math.exp(score - highest) for score in scores]
    total = sum(powers)
    return tuple(power / total for power in powers)


def _logistic(score: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, score))))
