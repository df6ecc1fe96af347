"""What a small transformer reads in a whole call: which turn states the issue and the outcome, what is left to do,
whether the issue was resolved, and the topic.

The first layers read every turn by itself, the last ones all turns of the call together: an offer, its refusal and what
came of it stand in different turns. It began as the first layers of multilingual-e5-small (Wang et al. 2024,
arXiv:2402.05672) and learned the rest from the written calls: tools/train_call_reader.py. NumPy only, deterministic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from callytics.domain import Role
from callytics.engines.analysis.features import Seen
from callytics.engines.analysis.transformer import Array, Norm, Stored, groups_of, layer_of, unpacked
from callytics.engines.analysis.unigram import Unigram
from callytics.weights import manifest as models

NAME = "call-reader-ko-en"
"""Listed in callytics/weights/models.json; the file ships with this package."""

START, UNKNOWN = 0, 3
"""Numbers of the pieces before every turn and for what the model has no piece of."""

HEAD_PIECES, TAIL_PIECES = 28, 32
"""The first and the last pieces of a long turn are read: what is wanted and what is promised stand at its edges."""

MOST_PIECES = 384
"""Pieces of a call that are read at once. The written calls have 180 to 720."""

ROLES = (Role.UNKNOWN, Role.AGENT, Role.CUSTOMER, Role.OTHER)
STATES = (True, False, None)
OWNERS = ("AGENT", "CUSTOMER")
STEPS = 32
"""Places of a turn, counted from the start and from the end of what is read, that have a number of their own."""


@dataclass(frozen=True)
class CallReading:
    """Scores (logarithms of odds or of chances, up to a constant) of the turns that were read.

    Args:
        turns: their places in the call, ascending.
        issue: shape (turns,).
        outcome: shape (turns, 3): that the turn states the outcome, and the call is resolved, not resolved, or neither.
        tasks: shape (turns, 2), of the agent and of the customer; a logistic function makes them chances.
        topics: by label.
    """

    turns: tuple[int, ...]
    issue: Array
    outcome: Array
    tasks: Array
    topics: Mapping[str, float]


ReadCall = Callable[[Sequence[Seen], Sequence[int]], CallReading]


class CallReader:
    """Safe to call from several threads; deterministic.

    Args:
        path: an .npz file of tools/train_call_reader.py.
    """

    def __init__(self, path: Path) -> None:
        with np.load(path, allow_pickle=False) as file:
            data: Stored = {name: file[name] for name in file.files}
        pieces = data["pieces"].tobytes().decode("utf-8").split("\n")
        self._pieces_of = Unigram(pieces, data["scores"].tolist(), UNKNOWN)
        self._word_scales, self._word_digits = data["word.scales"], data["word.digits"]
        self._layers = [layer_of(data, number) for number in range(int(data["layers"]))]
        self._by_turn = int(data["layers_by_turn"])
        self._labels = data["labels"].tobytes().decode("utf-8").split("\n")
        self._norm = Norm(_floats(data, "norm.weight"), _floats(data, "norm.bias"))
        self._positions, self._mean, self._scale = (
            _floats(data, name) for name in ("positions", "mean", "scale")
        )
        self._role, self._role_in_call, self._from_start, self._from_end = (
            _floats(data, name) for name in ("role", "role_in_call", "from_start", "from_end")
        )
        self._of_turn, self._of_turn_bias = _floats(data, "turn.weight").T, _floats(data, "turn.bias")
        self._of_call, self._of_call_bias = _floats(data, "call.weight").T, _floats(data, "call.bias")

    def __call__(self, call: Sequence[Seen], order: Sequence[int]) -> CallReading:
        """Args:
        call: at least one turn.
        order: places of the turns, the most important first: as many are read as have MOST_PIECES.
        """
        turns, pieces = self._chosen(call, order)
        sizes = np.array([len(of_turn) for of_turn in pieces])
        by_turn, together = groups_of(sizes), groups_of(np.array([sizes.sum()]))
        numbers, turn = np.concatenate(pieces), by_turn.row
        roles = np.array([ROLES.index(call[index].role) for index in turns])
        words = unpacked(self._word_scales[numbers], self._word_digits[numbers])
        x = self._norm(words + self._positions[by_turn.place] + self._role[roles[turn]])
        for number, layer in enumerate(self._layers):
            if number == self._by_turn:
                x = x + self._in_call(roles)[turn]
            x = layer(x, by_turn if number < self._by_turn else together)
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        means = np.add.reduceat(x, starts) / sizes[:, None].astype(np.float32)
        return self._scores(turns, (np.hstack([x[starts], means]) - self._mean) / self._scale)

    def _in_call(self, roles: Array) -> Array:
        """What is added to the pieces of every turn before they see the others: who speaks, and where in the call."""
        place = np.arange(len(roles))
        first, last = np.minimum(place, STEPS - 1), np.minimum(place[::-1], STEPS - 1)
        found: Array = self._role_in_call[roles] + self._from_start[first] + self._from_end[last]
        return found

    def _chosen(self, call: Sequence[Seen], order: Sequence[int]) -> tuple[tuple[int, ...], list[list[int]]]:
        """The places of the turns that are read, and the numbers of their pieces."""
        found: dict[int, list[int]] = {}
        total = 0
        for index in dict.fromkeys(order):
            pieces = [START, *pieces_within(self._pieces_of(call[index].turn.content))]
            total += len(pieces)
            if found and total > MOST_PIECES:
                break
            found[index] = pieces
        turns = tuple(sorted(found))
        return turns, [found[index] for index in turns]

    def _scores(self, turns: tuple[int, ...], seen: Array) -> CallReading:
        """Args:
        seen: what was made of the turns, shape (turns, 2 * width).
        """
        of_turns = seen @ self._of_turn + self._of_turn_bias
        issue = of_turns[:, 0]
        shares = np.exp(issue - issue.max())
        shares /= shares.sum()
        whole = np.concatenate([seen[:, seen.shape[1] // 2 :].mean(axis=0), shares @ seen])
        of_call = whole @ self._of_call + self._of_call_bias
        topics = dict(zip(self._labels, of_call[: len(self._labels)].tolist(), strict=True))
        return CallReading(turns, issue, of_turns[:, 1:4], of_turns[:, 4:6], topics)


def pieces_within(pieces: list[int]) -> list[int]:
    """Those of a turn that are read: all, or the first and the last."""
    if len(pieces) <= HEAD_PIECES + TAIL_PIECES:
        return pieces
    return pieces[:HEAD_PIECES] + pieces[-TAIL_PIECES:]


def reading_order(rankings: Sequence[Sequence[int]], length: int) -> list[int]:
    """All places of a call, the most important first: the ends of the call, then in turn the next of every ranking with
    the turn after it, which tells what came of it."""
    last = length - 1
    found = [0, last, min(1, last), max(0, last - 1)]
    for of_rank in zip(*rankings, strict=True):
        found += [place for index in of_rank for place in (index, min(last, index + 1))]
    return list(dict.fromkeys(found))


def load_call_reader() -> CallReader:
    """The model that ships with this package.

    Raises:
        WeightsError: ``weights_missing`` or ``weights_corrupt``.
    """
    return CallReader(models.locate(NAME) / f"{NAME}.npz")


def _floats(data: Stored, name: str) -> Array:
    return np.asarray(data[name], dtype=np.float32)
