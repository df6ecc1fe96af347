"""What the linear models and the call reader say of a call, as one reading: weighted means of their logarithms.

They err in different calls: the linear models know forms ("you're all set"), the reader knows what was meant. The
shares were chosen on calls that neither had learned from (docs/adr/0043).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from callytics.engines.analysis.call_reader import CallReading

READER_SHARE: Mapping[str, float] = {"issue": 0.3, "outcome": 0.3, "tasks": 0.3, "resolved": 0.3}
"""Share of the reader's logarithms; the rest is the linear models'."""

LEAST = 1e-4
"""Chance of a turn that the linear models do not take for a candidate."""

Floats = npt.NDArray[np.float64]
Chances = tuple[float, ...]


def issue_of(linear: Sequence[float], read: CallReading, share: float = READER_SHARE["issue"]) -> Chances:
    """Chances of all turns of the call; those that were not read have none."""
    return _spread(_mixed(np.array(linear), read, read.issue, share), read, len(linear))


def endings_of(
    linear: Sequence[Sequence[float]], read: CallReading, share: float = READER_SHARE["outcome"]
) -> tuple[Chances, ...]:
    """Per turn, the chances that it states the outcome, and of true, false and null."""
    mixed = _mixed(np.array(linear), read, read.outcome, share)
    found = np.zeros((len(linear), mixed.shape[1]))
    found[list(read.turns)] = mixed
    return tuple(tuple(row) for row in found.tolist())


def tasks_of_party(
    linear: Sequence[float], read: CallReading, column: int, share: float = READER_SHARE["tasks"]
) -> Chances:
    """Args:
    column: 0 for the agent's tasks, 1 for the customer's.
    """
    chances = np.clip(np.array(linear)[list(read.turns)], LEAST, 1 - LEAST)
    odds = np.log(chances / (1 - chances))
    mixed = 1 / (1 + np.exp(-((1 - share) * odds + share * read.tasks[:, column])))
    return _spread(mixed, read, len(linear))


def states_of(
    linear: Sequence[float], read: CallReading, share: float = READER_SHARE["resolved"]
) -> list[float]:
    """The chances of true, false and null."""
    scores = np.logaddexp.reduce(read.outcome.astype(np.float64), axis=0)
    mixed: list[float] = _softmax((1 - share) * np.log(np.array(linear) + LEAST) + share * scores).tolist()
    return mixed


def _mixed(linear: Floats, read: CallReading, scores: npt.NDArray[np.float32], share: float) -> Floats:
    """Chances over what was read, which sum to 1."""
    known = np.log(linear[list(read.turns)] + LEAST)
    return _softmax((1 - share) * known + share * scores)


def _spread(chances: Floats, read: CallReading, length: int) -> Chances:
    found = np.zeros(length)
    found[list(read.turns)] = chances
    return tuple(found.tolist())


def _softmax(scores: Floats) -> Floats:
    powers = np.exp(scores - scores.max())
    found: Floats = powers / powers.sum()
    return found
