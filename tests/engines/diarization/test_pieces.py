"""A piece of speech that is like two voices is cut once more; one voice is left whole."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import numpy.typing as npt

from callytics.domain import Pcm
from callytics.engines.diarization.embedding import EMBEDDING_DIMENSION, Embedder
from callytics.engines.diarization.pieces import Pieces, halved_where_doubtful
from callytics.engines.diarization.segmentation import FRAME_SHIFT_S, FRAMES_PER_WINDOW, Activity

FIRST, SECOND = np.eye(2, EMBEDDING_DIMENSION, dtype=np.float32)
BOTH = ((FIRST + SECOND) / np.sqrt(np.float32(2))).astype(np.float32)
CENTROIDS = np.stack([FIRST, SECOND])
SILENT = Activity(
    np.zeros((2, FRAMES_PER_WINDOW, 3), np.float16),
    np.array([0, 100], np.int64),
    FRAMES_PER_WINDOW + 100,
    np.zeros(FRAMES_PER_WINDOW + 100, np.float32),
)


class _OneAfterTheOther:
    """Hears the first voice, then the second, and so on."""

    def several(self, features: list[Any]) -> list[npt.NDArray[np.float32]]:
        return [(FIRST, SECOND)[n % 2] for n in range(len(features))]


def halved(spoken: list[tuple[int, float, npt.NDArray[np.float32]]], voices: int = 2) -> Pieces:
    """What becomes of pieces, given as window, length in seconds and embedding."""
    rows = range(len(spoken))
    frames = np.array([[20, 20 + round(length_s / FRAME_SHIFT_S)] for _, length_s, _ in spoken], np.int64)
    windows = np.array([window for window, _, _ in spoken], np.int64)
    embeddings = np.stack([embedding for _, _, embedding in spoken])
    pieces = Pieces(windows, np.array([row % 3 for row in rows], np.int64), frames, embeddings)
    pcm = Pcm.from_array(np.zeros((1, 16_000 * 13), np.float32), 16_000)
    embedder = cast(Embedder, _OneAfterTheOther())
    return halved_where_doubtful(pcm, 0, SILENT, embedder, pieces, CENTROIDS[:voices])


def test_long_piece_that_is_like_two_voices_is_one_of_each() -> None:
    found = halved([(0, 2.0, FIRST), (0, 3.0, BOTH), (1, 2.0, SECOND)])
    assert found.windows.tolist() == [0, 0, 0, 1]
    assert found.speakers.tolist() == [0, 1, 1, 2]
    assert found.durations_s.round(1).tolist() == [2.0, 1.5, 1.5, 2.0]
    assert np.array_equal(found.embeddings, np.stack([FIRST, FIRST, SECOND, SECOND]))


def test_short_piece_is_left_whole_however_doubtful() -> None:
    found = halved([(0, 1.0, BOTH)])
    assert np.array_equal(found.embeddings, BOTH[None])


def test_call_of_one_voice_has_no_doubt() -> None:
    assert len(halved([(0, 3.0, BOTH)], voices=1).windows) == 1
