"""Which voice a piece of speech belongs to: its own sound before what else its local speaker says."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from callytics.engines.diarization.pieces import Pieces
from callytics.engines.diarization.segmentation import FRAME_SHIFT_S, FRAMES_PER_WINDOW, Activity
from callytics.engines.diarization.voices import _similarity, _vote

A, B = 0, 1
CENTROIDS = np.eye(2, dtype=np.float32)


def voices_of(spoken: list[tuple[float, float, tuple[float, float]]]) -> list[int]:
    """The voice of each piece of one local speaker in one window.

    Args:
        spoken: start and end in seconds, and the cosine with each of the two voices.
    """
    probabilities = np.zeros((1, FRAMES_PER_WINDOW, 3), np.float16)
    frames = np.array([[round(edge_s / FRAME_SHIFT_S) for edge_s in piece[:2]] for piece in spoken], np.int64)
    for first, last in frames:
        probabilities[0, first:last, 0] = 1.0
    speech: npt.NDArray[np.float32] = probabilities[0].max(axis=1).astype(np.float32)
    activity = Activity(probabilities, np.zeros(1, np.int64), FRAMES_PER_WINDOW, speech)
    of_window: npt.NDArray[np.int64] = np.zeros(len(spoken), np.int64)
    embeddings = np.array([piece[2] for piece in spoken], np.float32)
    pieces = Pieces(of_window, of_window, frames, embeddings)
    scores = _vote(activity, pieces, _similarity(activity, pieces, CENTROIDS), 2)
    return [int(scores[first:last].sum(axis=0).argmax()) for first, last in frames]


def test_sentence_that_the_segmentation_gives_to_the_speaker_before_is_of_its_own_voice() -> None:
    # As measured in a call composed for this choice: 1.7 s of another voice between 2.1 s and 1.4 s of the first.
    spoken = [(0.0, 2.1, (0.9, 0.51)), (3.0, 4.7, (0.58, 0.9)), (5.8, 9.2, (0.82, 0.56))]
    assert voices_of(spoken) == [A, B, A]


def test_short_piece_that_could_be_either_voice_follows_its_local_speaker() -> None:
    assert voices_of([(0.0, 3.0, (0.9, 0.5)), (3.3, 3.5, (0.55, 0.65))]) == [A, A]


def test_piece_alone_is_of_the_nearest_voice() -> None:
    assert voices_of([(0.0, 0.3, (0.5, 0.6))]) == [B]
