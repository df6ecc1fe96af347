"""Pieces of speech that are short enough for one voice, and their embeddings.

A local speaker of the segmentation may be two people with similar voices; a pause or the maximum length of a piece
separates them, and a piece that is like two voices is cut once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from callytics.domain import Pcm
from callytics.engines.diarization.embedding import EMBEDDING_DIMENSION, MIN_FEATURE_FRAMES, Embedder
from callytics.engines.diarization.features import FRAME_SHIFT_SAMPLES as FEATURE_SHIFT_SAMPLES
from callytics.engines.diarization.features import log_mel_filter_bank
from callytics.engines.diarization.segmentation import (
    FIRST_FRAME_S,
    FRAME_SHIFT_S,
    FRAME_SHIFT_SAMPLES,
    MAX_LOCAL_SPEAKERS,
    WINDOW_SAMPLES,
    Activity,
    runs,
)

_FEATURE_SHIFT_S = FEATURE_SHIFT_SAMPLES / 16_000
SURE_MARGIN = 0.15
"""Difference of the two highest cosines from which a piece is of one voice. Chosen on 21 composed calls of speakers
that no call of the reporting half has (benchmarks/tried.md)."""
MIN_HALVED_S = 1.6
"""A half of it still has a voice that can be told."""
EMBEDDED_AT_ONCE = 32
"""Pieces of speech whose features are held until they are embedded: 0.1 MB each at most."""


@dataclass(frozen=True, eq=False)
class Pieces:
    """Stretches of at most a few seconds in which one local speaker of one window talks alone, without a pause.

    Attributes:
        windows, speakers: window and number of the local speaker, shape (num_pieces,).
        frames: half-open range within the window, shape (num_pieces, 2).
        embeddings: unit vectors, shape (num_pieces, 192).
    """

    windows: npt.NDArray[np.int64]
    speakers: npt.NDArray[np.int64]
    frames: npt.NDArray[np.int64]
    embeddings: npt.NDArray[np.float32]

    @property
    def durations_s(self) -> npt.NDArray[np.float32]:
        return ((self.frames[:, 1] - self.frames[:, 0]) * FRAME_SHIFT_S).astype(np.float32)


def embed_pieces(
    pcm: Pcm, channel: int, activity: Activity, embedder: Embedder, threshold: float, max_piece_s: float
) -> Pieces:
    """Cut the speech of every local speaker into pieces and embed each of them.

    Args:
        threshold: probability above which a local speaker speaks.
        max_piece_s: longer speech is cut into parts of one length.
    """
    return _embedded(
        pcm,
        channel,
        activity,
        embedder,
        lambda window: _alone(activity.probabilities[window], threshold, max_piece_s),
    )


def _embedded(
    pcm: Pcm,
    channel: int,
    activity: Activity,
    embedder: Embedder,
    ranges_of: Callable[[int], Iterable[tuple[int, int, int]]],
) -> Pieces:
    """The pieces of every window, as (speaker, first frame, last frame), with their embeddings."""
    keys: list[tuple[int, int, int, int]] = []
    embeddings: list[npt.NDArray[np.float32]] = []
    waiting: list[npt.NDArray[np.float32]] = []
    for window, first_frame in enumerate(activity.first_frames):
        ranges = list(ranges_of(window))
        if not ranges:
            continue
        first_sample = int(first_frame) * FRAME_SHIFT_SAMPLES
        samples = pcm.samples(channel, first_sample, first_sample + WINDOW_SAMPLES).astype(np.float32)
        features = log_mel_filter_bank(samples / np.float32(32768.0))
        for speaker, first, last in ranges:
            chosen = features[_feature_index(first) : _feature_index(last)]
            if len(chosen) >= MIN_FEATURE_FRAMES:
                keys.append((window, speaker, first, last))
                waiting.append(chosen)
        if len(waiting) >= EMBEDDED_AT_ONCE:
            embeddings += embedder.several(waiting)
            waiting.clear()
    embeddings += embedder.several(waiting)
    table = np.array(keys, np.int64).reshape(-1, 4)
    vectors = np.array(embeddings, np.float32).reshape(-1, EMBEDDING_DIMENSION)
    return Pieces(table[:, 0], table[:, 1], table[:, 2:], vectors)


def halved_where_doubtful(
    pcm: Pcm,
    channel: int,
    activity: Activity,
    embedder: Embedder,
    pieces: Pieces,
    centroids: npt.NDArray[np.float32],
) -> Pieces:
    """The pieces, each long one that is like two voices in halves: people may change within it without a pause."""
    if len(centroids) < 2:
        return pieces
    nearest = np.sort(pieces.embeddings @ centroids.T, axis=1)
    doubtful = (nearest[:, -1] - nearest[:, -2] < SURE_MARGIN) & (pieces.durations_s >= MIN_HALVED_S)
    ranges: dict[int, list[tuple[int, int, int]]] = {}
    for row in np.flatnonzero(doubtful):
        first, last = pieces.frames[row].tolist()
        middle = (first + last) // 2
        speaker = int(pieces.speakers[row])
        ranges.setdefault(int(pieces.windows[row]), []).extend(
            [(speaker, first, middle), (speaker, middle, last)]
        )
    halves = _embedded(pcm, channel, activity, embedder, lambda window: ranges.get(window, ()))
    return _joined(pieces, ~doubtful, halves)


def _joined(pieces: Pieces, kept: npt.NDArray[np.bool_], others: Pieces) -> Pieces:
    """Some of the pieces and all of the others, in the order of the windows."""
    windows = np.concatenate([pieces.windows[kept], others.windows])
    order = np.argsort(windows, kind="stable")
    return Pieces(
        windows[order],
        np.concatenate([pieces.speakers[kept], others.speakers])[order],
        np.concatenate([pieces.frames[kept], others.frames])[order],
        np.concatenate([pieces.embeddings[kept], others.embeddings])[order],
    )


def _alone(
    probabilities: npt.NDArray[np.float16], threshold: float, max_piece_s: float
) -> Iterator[tuple[int, int, int]]:
    """The pieces of one window as (speaker, first frame, last frame)."""
    active = probabilities > threshold
    alone = active & (active.sum(axis=1, keepdims=True) == 1)
    for speaker in range(MAX_LOCAL_SPEAKERS):
        for first, last in runs(alone[:, speaker]):
            num_parts = max(1, -(-int(last - first) // round(max_piece_s / FRAME_SHIFT_S)))
            edges = np.linspace(first, last, num_parts + 1).round().astype(np.int64)
            for part_first, part_last in pairwise(edges.tolist()):
                yield speaker, part_first, part_last


def _feature_index(frame: int) -> int:
    """The feature frame (10 ms) whose middle is at the start of a segmentation frame (16.9 ms)."""
    return max(0, round((FIRST_FRAME_S + (frame - 0.5) * FRAME_SHIFT_S - 0.0125) / _FEATURE_SHIFT_S))
