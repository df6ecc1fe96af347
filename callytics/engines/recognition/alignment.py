"""Times of tokens from the cross-attention of Whisper's decoder, by dynamic time warping.

The method of openai/whisper's timing.py: certain heads of the decoder attend to the sound of the current token. Their
attention, normalised and smoothed, is a cost matrix, whose cheapest monotonic path assigns a stretch of sound to each
token.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

MEDIAN_FILTER_FRAMES = 7  # openai/whisper
Floats = npt.NDArray[np.float64]


def token_starts(attention: Floats) -> npt.NDArray[np.int64]:
    """The frame at which each token begins.

    Args:
        attention: softmax weights, shape (num_heads, num_tokens, num_frames).

    Returns:
        Shape (num_tokens,), not falling.
    """
    deviation = attention.std(axis=-2, keepdims=True)
    scaled = (attention - attention.mean(axis=-2, keepdims=True)) / np.maximum(deviation, 1e-10)
    return cheapest_path(-median_filtered(scaled, MEDIAN_FILTER_FRAMES).mean(axis=0))


def median_filtered(values: Floats, width: int) -> Floats:
    """Running median over the last axis, with mirrored edges; ``values`` itself if the axis is too short."""
    half = width // 2
    if values.shape[-1] <= half:
        return values
    padded = np.pad(values, [(0, 0)] * (values.ndim - 1) + [(half, half)], mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, width, axis=-1)
    return np.asarray(np.median(windows, axis=-1), np.float64)


def cheapest_path(cost: Floats) -> npt.NDArray[np.int64]:
    """Dynamic time warping with the steps (1, 1), (1, 0) and (0, 1): the first column of every row on the path.

    The cells of an anti-diagonal do not depend on each other, so each anti-diagonal is computed at once.

    Args:
        cost: shape (num_rows, num_columns), both at least 1.
    """
    rows, columns = cost.shape
    total = np.full((rows + 1, columns + 1), np.inf)
    total[0, 0] = 0.0
    step = np.zeros((rows + 1, columns + 1), np.int8)
    for diagonal in range(2, rows + columns + 1):
        i = np.arange(max(1, diagonal - columns), min(rows, diagonal - 1) + 1)
        j = diagonal - i
        before = np.stack([total[i - 1, j - 1], total[i - 1, j], total[i, j - 1]])
        # On a tie the last step wins: stay with the token, like openai/whisper.
        best = 2 - np.argmin(before[::-1], axis=0)
        step[i, j] = best
        total[i, j] = cost[i - 1, j - 1] + np.take_along_axis(before, best[None], axis=0)[0]
    first = np.zeros(rows, np.int64)
    row, column = rows, columns
    while row > 0 and column > 0:
        first[row - 1] = column - 1
        taken = step[row, column]
        row, column = row - (taken != 2), column - (taken != 1)
    return first
