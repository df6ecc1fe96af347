"""The layers of a BERT encoder (Devlin et al. 2019, arXiv:1810.04805) in NumPy: attention, then a network of two
layers, each added to its input and normalised. For call_reader.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

HEADS = 12
EPSILON = 1e-12
GELU_A, GELU_B = math.sqrt(2 / math.pi), 0.044715 * math.sqrt(2 / math.pi)
FAR_BELOW = -1e9
"""Added to the score of a place where nothing is: no attention falls on it."""

Array = npt.NDArray[np.float32]
Places = npt.NDArray[np.intp]
Stored = Mapping[str, npt.NDArray[np.generic]]


@dataclass(frozen=True)
class Linear:
    weight: Array  # (in, out)
    bias: Array  # (out,)

    def __call__(self, x: Array) -> Array:
        y: Array = x @ self.weight
        y += self.bias
        return y


@dataclass(frozen=True)
class Norm:
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
class Groups:
    """Pieces that may attend to each other: those of one text.

    Args:
        row: the text of every piece, shape (pieces,), ascending from 0.
        place: where in its text, shape (pieces,).
        hidden: added to the scores, shape (texts, 1, 1, longest): far below zero where a shorter text has no piece.
    """

    row: Places
    place: Places
    hidden: Array


@dataclass(frozen=True)
class Layer:
    attend: Linear  # queries, keys and values in one
    after: Linear
    norm: Norm
    widen: Linear
    narrow: Linear
    last: Norm

    def __call__(self, x: Array, groups: Groups) -> Array:
        """Shape of ``x`` and of the result: (pieces, width)."""
        (texts, _, _, longest), width = groups.hidden.shape, x.shape[1]
        padded = np.zeros((texts, longest, 3, HEADS, width // HEADS), dtype=np.float32)
        padded[groups.row, groups.place] = self.attend(x).reshape(-1, 3, HEADS, width // HEADS)
        queries, keys, values = (padded[:, :, part].transpose(0, 2, 1, 3) for part in range(3))
        shares = queries @ keys.transpose(0, 1, 3, 2) * np.float32(1 / math.sqrt(width // HEADS))
        shares += groups.hidden
        shares -= shares.max(axis=-1, keepdims=True)
        np.exp(shares, out=shares)
        shares /= shares.sum(axis=-1, keepdims=True)
        found = (shares @ values).transpose(0, 2, 1, 3).reshape(texts, longest, width)
        x = self.norm(self.after(found[groups.row, groups.place]) + x)
        return self.last(self.narrow(_gelu(self.widen(x))) + x)


def groups_of(sizes: npt.NDArray[np.integer]) -> Groups:
    """Groups of pieces that follow each other.

    Args:
        sizes: how many pieces each text has, at least one.
    """
    row = np.repeat(np.arange(len(sizes)), sizes)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    place = np.arange(len(row)) - starts[row]
    hidden = np.where(np.arange(sizes.max()) < sizes[:, None], 0.0, FAR_BELOW).astype(np.float32)
    return Groups(row, place, hidden[:, None, None, :])


def layer_of(data: Stored, number: int) -> Layer:
    """The layer ``number`` of a file of weights of four bits, or of eight with a scale per row."""

    def linear(name: str) -> Linear:
        key = f"{number}.{name}"
        weight = matrix_of(data[f"{key}.scales"], data[f"{key}.digits"])
        return Linear(np.ascontiguousarray(weight.T), data[f"{key}.bias"].astype(np.float32))

    def norm(name: str) -> Norm:
        weight, bias = data[f"{number}.{name}.weight"], data[f"{number}.{name}.bias"]
        return Norm(weight.astype(np.float32), bias.astype(np.float32))

    return Layer(
        linear("attend"), linear("after"), norm("norm"), linear("widen"), linear("narrow"), norm("last")
    )


def matrix_of(scales: npt.NDArray[np.generic], digits: npt.NDArray[np.generic]) -> Array:
    """A matrix of eight bits with a scale per row, or of four (unpacked)."""
    if digits.dtype != np.int8:
        return unpacked(scales, digits)
    whole: Array = digits.astype(np.float32) * scales.astype(np.float32)
    return whole


def unpacked(scales: npt.NDArray[np.generic], digits: npt.NDArray[np.generic]) -> Array:
    """Numbers of four bits, 32 to a scale: the low halves of 16 bytes, then the high ones (Q4_0 of llama.cpp).

    Args:
        scales: shape (rows, blocks), half precision.
        digits: shape (rows, blocks, 16), bytes.
    """
    packed = digits.astype(np.uint8)
    values = np.concatenate([packed & 15, packed >> 4], axis=-1).astype(np.float32) - 8.0
    return (values * scales.astype(np.float32)[..., None]).reshape(len(packed), -1)


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
