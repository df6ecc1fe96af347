"""Linear models of few wide examples, for the tools beside: sparse columns beside dense ones, soft targets, weights.

A dense block is slow as a sparse one, and scikit-learn takes one matrix. Products are in single precision, sums and the
weights in double. L-BFGS from zero: deterministic on one machine.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

Matrix = NDArray[np.float64]
BIAS_DECAY = 0.01
"""The penalty of the bias, as a share of that of the other weights."""

TOLERANCE = 1e-6
"""Relative decrease of the loss under which the search ends."""


class Design:
    """Examples by row: ``sparse`` columns, then ``dense`` ones, then the bias."""

    def __init__(self, sparse: Any, dense: Any) -> None:
        self._sparse = csr_matrix(sparse, dtype=np.float32)
        self._turned = self._sparse.T.tocsr()
        self._dense = np.ascontiguousarray(dense, np.float32)
        self.width = self._sparse.shape[1] + self._dense.shape[1] + 1

    def rows(self, wanted: Any) -> Design:
        """``wanted``: indices."""
        return Design(self._sparse[wanted], self._dense[wanted])

    def scores(self, weights: Matrix) -> Matrix:
        """Args: weights: shape (width, outputs)."""
        number = self._sparse.shape[1]
        single = weights.astype(np.float32)
        found: Matrix = (self._sparse @ single[:number] + self._dense @ single[number:-1]).astype(np.float64)
        return found + weights[-1]

    def gradient(self, miss: Matrix) -> Matrix:
        single = miss.astype(np.float32)
        parts = [self._turned @ single, self._dense.T @ single, miss.sum(axis=0, keepdims=True)]
        found: Matrix = np.concatenate(parts).astype(np.float64)
        return found


def fit_softmax(design: Design, target: Matrix, weight: Matrix, penalty: float, steps: int = 200) -> Matrix:
    """Weights, shape (width, classes), with the least weighed cross-entropy plus half of ``penalty`` times squares.

    Args:
        target: share of every class, shape (examples, classes); rows sum to 1.
        weight: of every example.
    """
    classes = target.shape[1]
    decay = _decay(design, penalty)[:, None]
    of_row = weight.reshape(-1, 1)

    def loss(flat: Matrix) -> tuple[float, Matrix]:
        w = flat.reshape(design.width, classes)
        z = design.scores(w)
        z -= z.max(axis=1, keepdims=True)
        log_chance = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        value = -(of_row * target * log_chance).sum() + 0.5 * (decay * w * w).sum()
        gradient = design.gradient(of_row * (np.exp(log_chance) - target)) + decay * w
        return float(value), gradient.ravel()

    return _least(loss, design.width * classes, steps).reshape(design.width, classes)


def fit_logistic(design: Design, target: Matrix, weight: Matrix, penalty: float, steps: int = 100) -> Matrix:
    """Weights, shape (width,). Arguments as of ``fit_softmax``; ``target``: chance of yes, shape (examples,)."""
    decay = _decay(design, penalty)

    def loss(w: Matrix) -> tuple[float, Matrix]:
        z = design.scores(w[:, None])[:, 0]
        value = (weight * (np.logaddexp(0, z) - target * z)).sum() + 0.5 * (decay * w * w).sum()
        miss = weight * (1.0 / (1.0 + np.exp(-z)) - target)
        return float(value), design.gradient(miss[:, None])[:, 0] + decay * w

    return _least(loss, design.width, steps)


def _decay(design: Design, penalty: float) -> Matrix:
    decay = np.full(design.width, penalty)
    decay[-1] = BIAS_DECAY * penalty
    return decay


def _least(loss: Any, width: int, steps: int) -> Matrix:
    options = {"maxiter": steps, "ftol": TOLERANCE}
    found: Matrix = minimize(loss, np.zeros(width), jac=True, method="L-BFGS-B", options=options).x
    return found
