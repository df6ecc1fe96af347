"""Fits the weights of callytics/engines/analysis/resolution.py; train.py calls it.

What the rankers say of a call they had learned is too sure. So every call is read by rankers that had not seen it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from callytics.engines.analysis.encoder import DIMENSIONS, Remembering
from callytics.engines.analysis.features import Seen
from callytics.engines.analysis.rankers import PARTIES, Rankers
from callytics.engines.analysis.resolution import seen_of_call
from evaluation.meaning.second_labels import resolved_target

PENALTY, EMBEDDING_PENALTY = 3.0, 2.0
"""On what the rankers found, and on the embeddings. Chosen by cross-validation on fit and choose."""

Matrix = npt.NDArray[np.float64]


class Example(Protocol):
    """A call with its gold, what a second labeller says of it, and its weight."""

    @property
    def gold(self) -> Mapping[str, Any]: ...
    @property
    def second(self) -> Mapping[str, Any] | None: ...
    @property
    def seen(self) -> Sequence[Seen]: ...
    @property
    def weight(self) -> float: ...


def fit_resolution(
    unseen: Sequence[tuple[Mapping[str, Any], Sequence[Example]]], embedded: Mapping[str, npt.NDArray[Any]]
) -> list[list[float]]:
    """Shape (numbers, states).

    Args:
        unseen: models of the rankers, and calls that they had not learned from.
        embedded: the sentence embedding of every turn.
    """

    def encode(texts: Sequence[str]) -> npt.NDArray[Any]:
        return np.array([embedded[text] for text in texts])

    rows, targets, weights = [], [], []
    for models, examples in unseen:
        rank = Rankers({"revision": "", "resolved": [], **models})
        for example in examples:
            remembering = Remembering(encode)
            _, endings, agent, customer = rank.chances(example.seen, remembering)
            rows.append(seen_of_call(example.seen, endings, agent, customer, remembering))
            targets.append(resolved_target(example.gold, example.second))
            weights.append(example.weight)
    fitted: list[list[float]] = np.round(
        _fit(np.array(rows), np.array(targets), np.array(weights)), 3
    ).tolist()
    return fitted


def _fit(rows: Matrix, targets: Matrix, weights: Matrix) -> Matrix:
    """A softmax with a quadratic penalty. Shape (numbers, states)."""
    shape = (rows.shape[1], targets.shape[1])
    penalty = np.full((shape[0], 1), PENALTY)
    penalty[-len(PARTIES) * DIMENSIONS :] = EMBEDDING_PENALTY

    def loss(flat: Matrix) -> tuple[float, Matrix]:
        w = flat.reshape(shape)
        z = rows @ w
        z = z - z.max(axis=1, keepdims=True)
        log_chance = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        value = -(weights[:, None] * targets * log_chance).sum() + (penalty * w * w).sum() / 2
        slope = rows.T @ (weights[:, None] * (np.exp(log_chance) - targets)) + penalty * w
        return float(value), slope.ravel()

    found = minimize(loss, np.zeros(shape[0] * shape[1]), jac=True, method="L-BFGS-B")
    fitted: Matrix = found.x.reshape(shape)
    return fitted
