"""Sentence embeddings of multilingual-e5-small (Wang et al. 2024, arXiv:2402.05672) in NumPy, with weights of four bits
and the pieces of Korean and English. tools/export_e5.py made the file of weights. 10 ms of CPU per turn.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from callytics.engines.analysis.unigram import Unigram
from callytics.weights import manifest as models

NAME = "multilingual-e5-small-ko-en"
"""Listed in callytics/weights/models.json; the file ships with this package."""

HEADS = 12
EPSILON = 1e-12
PREFIX = "query: "
"""What the model was trained to see before a text that is compared with its like."""

MOST_PIECES = 64
"""Pieces of a text that are read, of the prefix too: a minute of speech in one turn says its subject before."""

START, END, UNKNOWN = 0, 2, 3
"""Numbers of the model's special pieces."""

GELU_A, GELU_B = math.sqrt(2 / math.pi), 0.044715 * math.sqrt(2 / math.pi)
Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class _Linear:
    weight: Array  # (in, out)
    bias: Array  # (out,)

    def __call__(self, x: Array) -> Array:
        y: Array = x @ self.weight
        y += self.bias
        return y


@dataclass(frozen=True)
class _Norm:
    weight: Array
    bias: Array

    def __call__(self, x: Array) -> Array:
        """In place: ``x`` is overwritten."""
        x -= x.mean(axis=1, keepdims=True)
        variance = np.einsum("ij,ij->i", x, x) / x.shape[1]
        x *= (1 / np.sqrt(variance + EPSILON))[:, None]
        x *= self.weight
        x += self.bias
        return x


@dataclass(frozen=True)
class _Layer:
    attend: _Linear  # queries, keys and values in one
    after: _Linear
    norm: _Norm
    widen: _Linear
    narrow: _Linear
    last: _Norm


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
        self._norm = _Norm(data["norm.weight"], data["norm.bias"])
        self._layers = [_layer(data, number) for number in range(int(data["layers"]))]
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
        row = np.repeat(np.arange(len(texts)), sizes)
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        place = np.arange(len(flat)) - starts[row]
        x = self._norm(_unpacked(self._word_scales[flat], self._word_digits[flat]) + self._positions[place])
        hidden = np.where(np.arange(sizes.max()) < sizes[:, None], 0.0, -1e9).astype(np.float32)
        for layer in self._layers:
            x = _read(layer, x, row, place, hidden[:, None, None, :])
        found: Array = np.add.reduceat(x, starts)
        found /= sizes[:, None].astype(np.float32)
        return found


def load_e5() -> E5:
    """The model that ships with this package.

    Raises:
        WeightsError: ``weights_missing`` or ``weights_corrupt``.
    """
    return E5(models.locate(NAME) / f"{NAME}.npz")


def _layer(data: Mapping[str, npt.NDArray[np.generic]], number: int) -> _Layer:
    def linear(name: str) -> _Linear:
        key = f"{number}.{name}"
        weight = _unpacked(data[f"{key}.scales"], data[f"{key}.digits"])
        return _Linear(np.ascontiguousarray(weight.T), data[f"{key}.bias"].astype(np.float32))

    def norm(name: str) -> _Norm:
        weight, bias = data[f"{number}.{name}.weight"], data[f"{number}.{name}.bias"]
        return _Norm(weight.astype(np.float32), bias.astype(np.float32))

    return _Layer(
        linear("attend"), linear("after"), norm("norm"), linear("widen"), linear("narrow"), norm("last")
    )


def _unpacked(scales: npt.NDArray[np.generic], digits: npt.NDArray[np.generic]) -> Array:
    """Numbers of four bits, 32 to a scale: the low halves of 16 bytes, then the high ones (Q4_0 of llama.cpp).

    Args:
        scales: shape (rows, blocks), half precision.
        digits: shape (rows, blocks, 16), bytes.
    """
    packed = digits.astype(np.uint8)
    values = np.concatenate([packed & 15, packed >> 4], axis=-1).astype(np.float32) - 8.0
    return (values * scales.astype(np.float32)[..., None]).reshape(len(packed), -1)


def _read(
    layer: _Layer,
    x: Array,
    row: npt.NDArray[np.intp],
    place: npt.NDArray[np.intp],
    hidden: Array,
) -> Array:
    """One layer for the pieces of all texts. Shape of ``x``: (pieces, 384); the pieces of a text attend to each other.

    Args:
        row: the text of every piece.
        place: where in its text.
        hidden: added to what a piece could attend to, shape (texts, 1, 1, longest): far below zero where nothing is.
    """
    texts, longest, width = hidden.shape[0], hidden.shape[3], x.shape[1]
    padded = np.zeros((texts, longest, 3, HEADS, width // HEADS), dtype=np.float32)
    padded[row, place] = layer.attend(x).reshape(-1, 3, HEADS, width // HEADS)
    queries, keys, values = (padded[:, :, part].transpose(0, 2, 1, 3) for part in range(3))
    shares = queries @ keys.transpose(0, 1, 3, 2) * np.float32(1 / math.sqrt(width // HEADS)) + hidden
    shares = np.exp(shares - shares.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    found = (shares @ values).transpose(0, 2, 1, 3).reshape(texts, longest, width)[row, place]
    x = layer.norm(layer.after(found) + x)
    return layer.last(layer.narrow(_gelu(layer.widen(x))) + x)


def _gelu(x: Array) -> Array:
    """With tanh, as Hendrycks and Gimpel (2016, arXiv:1606.08415) approximate it."""
    inner = x * x
    inner *= np.float32(GELU_B)
    inner += np.float32(GELU_A)
    inner *= x
    np.tanh(inner, out=inner)
    inner += 1
    inner *= x
    inner *= np.float32(0.5)
    return inner
