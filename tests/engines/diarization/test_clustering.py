"""The number of voices from made-up embeddings, whose truth is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from callytics.engines.diarization.clustering import MAX_CLUSTERED, cluster_voices

OPTIONS: dict[str, Any] = {
    "min_speakers": 1,
    "max_speakers": 6,
    "min_elbow": 1.35,
    "same_voice_similarity": 0.93,
    "min_share": 0.02,
}


def voices(num_voices: int, num_pieces: int, spread: float = 0.6) -> tuple[np.ndarray[Any, Any], ...]:
    """Unit vectors around random directions; ``spread`` 0.6 gives the cosine of 0.73 that real pieces have."""
    rng = np.random.default_rng(num_voices)
    centres = rng.standard_normal((num_voices, 192))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    labels = np.arange(num_voices * num_pieces) % num_voices
    noise = rng.standard_normal((len(labels), 192)) / np.sqrt(192)
    embeddings = (centres[labels] + spread * noise).astype(np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    return embeddings, np.full(len(labels), 2.0, np.float32), labels


@pytest.mark.parametrize("num_voices", [1, 2, 3, 4])
def test_the_number_of_voices_is_found(num_voices: int) -> None:
    embeddings, weights, labels = voices(num_voices, 20)
    centroids = cluster_voices(embeddings, weights, **OPTIONS)
    assert centroids.shape == (num_voices, 192)
    nearest = (embeddings @ centroids.T).argmax(axis=1)
    assert len({(a, b) for a, b in zip(nearest.tolist(), labels.tolist(), strict=True)}) == num_voices


def test_known_number_of_speakers_is_kept() -> None:
    embeddings, weights, _ = voices(3, 20)
    for num_speakers in (1, 2, 3, 5):
        options = {**OPTIONS, "min_speakers": num_speakers, "max_speakers": num_speakers}
        assert len(cluster_voices(embeddings, weights, **options)) == num_speakers


@pytest.mark.parametrize("num_pieces", [1, 2, 3])
def test_few_pieces_of_one_voice_are_one_voice(num_pieces: int) -> None:
    embeddings, weights, _ = voices(1, num_pieces)
    assert len(cluster_voices(embeddings, weights, **OPTIONS)) == 1


def test_pieces_that_are_there_twice_are_no_second_voice() -> None:
    """Windows overlap: the same two seconds are embedded in each of them."""
    embeddings, weights, _ = voices(1, 2, spread=0.75)
    twice, weights = np.concatenate([embeddings, embeddings]), np.concatenate([weights, weights])
    assert len(cluster_voices(twice, weights, **OPTIONS)) == 2
    assert len(cluster_voices(twice, weights, **OPTIONS, copies=2.0)) == 1


def test_pieces_of_two_voices_that_are_there_twice_are_two() -> None:
    embeddings, weights, _ = voices(2, 1)
    twice, weights = np.concatenate([embeddings, embeddings]), np.concatenate([weights, weights])
    assert len(cluster_voices(twice, weights, **OPTIONS, copies=2.0)) == 2


def test_two_pieces_of_two_voices_are_two_voices() -> None:
    embeddings, weights, _ = voices(2, 1)
    assert len(cluster_voices(embeddings, weights, **OPTIONS)) == 2


def test_long_call_is_sampled_evenly() -> None:
    embeddings, weights, _ = voices(2, MAX_CLUSTERED)
    assert len(cluster_voices(embeddings, weights, **OPTIONS)) == 2


def sentence_each(likeness: float) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Two pieces of each of two people: 0.57 is the cosine of one person's, ``likeness`` that of different people's."""
    axes = np.eye(192, dtype=np.float32)
    embeddings = [
        np.sqrt(likeness) * axes[0]
        + np.sqrt(0.57 - likeness) * axes[1 + n // 2]
        + np.sqrt(0.43) * axes[3 + n]
        for n in range(4)
    ]
    return np.stack(embeddings).astype(np.float32), np.full(4, 2.0, np.float32)


@pytest.mark.parametrize(("below", "num_voices"), [(-1.0, 1), (0.54, 2)])
def test_two_plainly_different_voices_need_no_jump(below: float, num_voices: int) -> None:
    """A sentence each: the pieces of one voice are so far from each other that the last merge is no jump."""
    embeddings, weights = sentence_each(0.41)  # centroids at 0.52
    found = cluster_voices(embeddings, weights, **OPTIONS, different_voices_similarity=below)
    assert len(found) == num_voices


def test_far_pieces_of_one_voice_are_not_plainly_different() -> None:
    embeddings, weights = sentence_each(0.45)  # centroids at 0.57
    assert len(cluster_voices(embeddings, weights, **OPTIONS, different_voices_similarity=0.54)) == 1
