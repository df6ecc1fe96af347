"""Sentence embeddings of multilingual-e5-small (Wang et al. 2024, arXiv:2402.05672) in NumPy, with weights of four bits
and the pieces of Korean and English. tools/export_e5.py made the file of weights. 10 ms of CPU per turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from callytics.engines.analysis.transformer import Array, Norm, groups_of, layer_of, unpacked
from callytics.engines.analysis.unigram import Unigram
from callytics.weights import manifest as models

NAME = "multilingual-e5-small-ko-en"
"""Listed in callytics/weights/models.json; the file ships with this package."""

PREFIX = "query: "
"""What the model was trained to see before a text that is compared with its like."""

MOST_PIECES = 64
"""Pieces of a text that are read, of the prefix too: a minute of speech in one turn says its subject before."""

START, END, UNKNOWN = 0, 2, 3
"""Numbers of the model's special pieces."""


class E5:
    """Safe to call from several threads; deterministic.

    Args:
        path: an .npz file of tools/export_e5.py.
    """

    def __init__(self, path: Path) -> None:
        with np.load(path, allow_pickle=False) as file:
            data = {name: file[name] for name in file.files}
        pieces = data["pieces"].tobytes().decode("utf-8").split("\n")
        self._pieces_of = Unigram(pieces, data["scores"].tolist(), UNKNOWN)
        self._word_scales, self._word_digits = data["word.scales"], data["word.digits"]
        self._positions: Array = data["positions"]
        self._norm = Norm(data["norm.weight"], data["norm.bias"])
        self._layers = [layer_of(data, number) for number in range(int(data["layers"]))]
        self._mean: Array = data["mean"]

    def __call__(self, texts: Sequence[str]) -> Array:
        """Shape (len(texts), 384), of length 1: the mean over the pieces, less that of service calls in general."""
        found: Array = self.means(texts) - self._mean
        found /= np.linalg.norm(found, axis=1, keepdims=True)
        return found

    def means(self, texts: Sequence[str]) -> Array:
        """Shape (len(texts), 384): the mean over the pieces of a text."""
        numbers = [[START, *self._pieces_of(PREFIX + text)[:MOST_PIECES], END] for text in texts]
        sizes = np.array([len(of_text) for of_text in numbers])
        flat = np.concatenate([np.array(of_text) for of_text in numbers])
        groups, starts = groups_of(sizes), np.concatenate([[0], np.cumsum(sizes)[:-1]])
        words = unpacked(self._word_scales[flat], self._word_digits[flat])
        x = self._norm(words + self._positions[groups.place])
        for layer in self._layers:
            x = layer(x, groups)
        found: Array = np.add.reduceat(x, starts)
        found /= sizes[:, None].astype(np.float32)
        return found


def load_e5() -> E5:
    """The model that ships with this package.

    Raises:
        WeightsError: ``weights_missing`` or ``weights_corrupt``.
    """
    return E5(models.locate(NAME) / f"{NAME}.npz")
