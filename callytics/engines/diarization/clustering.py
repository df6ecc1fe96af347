"""Groups embeddings by voice: agglomerative clustering, with or without a known number of speakers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Embeddings = npt.NDArray[np.float32]
Weights = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]

MAX_CLUSTERED = 1500
"""Above this number, embeddings are sampled evenly: agglomeration needs memory and time quadratic in their number
(1500: 18 MB, 0.1 s). The centroids then represent all embeddings."""
ONE_VOICE_HEIGHT = 0.7
"""Pieces of one voice join at about this Ward distance, a cosine near 0.75. It replaces the merge heights that a
recording with few pieces does not have."""


def cluster_voices(
    embeddings: Embeddings,
    weights: Weights,
    *,
    min_speakers: int,
    max_speakers: int,
    min_elbow: float,
    same_voice_similarity: float,
    min_share: float,
    copies: float = 1.0,
    different_voices_similarity: float = -1.0,
) -> Embeddings:
    """Centroids of the voices.

    Ward's method on unit vectors. Within one voice the heights of the merges grow slowly; the merge of two voices
    is a jump. The number of speakers is the largest k whose last merge is such a jump, whose centroids differ, and
    whose speakers each have enough speech; otherwise ``min_speakers``. Two whose centroids differ plainly need no jump:
    few short pieces of one voice are nearly as far from each other as those of two.

    Args:
        embeddings: unit vectors, shape (num_embeddings, dimension), num_embeddings >= 1.
        weights: seconds of speech behind each, shape (num_embeddings,).
        min_speakers, max_speakers: bounds; equal if the number is known.
        min_elbow: height of the merge from k to k - 1 clusters, divided by the height of the merge from k + 1 to k.
        same_voice_similarity: cosine above which two centroids are one voice, regardless of the heights.
        min_share: minimum share of the speech per voice.
        copies: how often the same speech is among the embeddings, on average. Ward's distance of two clusters grows
            with the root of their sizes, so two pieces that are there twice each join at 1.4 times the height, which
            looks like a jump where there are few pieces: one voice of 4 s became two people.
        different_voices_similarity: cosine of two centroids below which they are two voices, regardless of the heights.

    Returns:
        Unit vectors, shape (num_speakers, dimension), most speech first.
    """
    from scipy.cluster.hierarchy import fcluster, linkage

    if len(embeddings) > MAX_CLUSTERED:
        kept = np.linspace(0, len(embeddings) - 1, MAX_CLUSTERED).round().astype(np.int64)
        embeddings, weights = embeddings[kept], weights[kept]
    max_speakers = min(max_speakers, len(embeddings))
    min_speakers = min(min_speakers, max_speakers)
    if len(embeddings) == 1:
        return _centroids(embeddings, weights, np.zeros(1, np.int64))
    tree = linkage(embeddings.astype(np.float64), method="ward")
    # heights[k]: height of the merge from k + 1 to k clusters
    of_one_voice = ONE_VOICE_HEIGHT * np.sqrt(copies)
    heights = np.maximum(np.concatenate([tree[:, 2], [np.inf]])[::-1], of_one_voice)
    heights = np.append(heights, of_one_voice)
    for num_speakers in range(max_speakers, min_speakers - 1, -1):
        labels = fcluster(tree, num_speakers, criterion="maxclust").astype(np.int64) - 1
        centroids = _centroids(embeddings, weights, labels)
        if num_speakers == min_speakers:
            break
        elbow = heights[num_speakers - 1] / heights[num_speakers]
        similarity = _largest_similarity(centroids)
        is_jump = elbow >= min_elbow or (num_speakers == 2 and similarity < different_voices_similarity)
        if is_jump and similarity < same_voice_similarity and _shares(weights, labels).min() >= min_share:
            break
    return centroids


def _centroids(embeddings: Embeddings, weights: Weights, labels: Labels) -> Embeddings:
    order = np.argsort(-_shares(weights, labels), kind="stable")
    sums = np.stack([(embeddings * weights[:, None])[labels == label].sum(axis=0) for label in order])
    centroids: Embeddings = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
    return centroids


def _shares(weights: Weights, labels: Labels) -> npt.NDArray[np.float64]:
    sums = np.bincount(labels, weights=weights.astype(np.float64))
    return np.asarray(sums / max(float(sums.sum()), 1e-9))


def _largest_similarity(centroids: Embeddings) -> float:
    similarity = centroids @ centroids.T
    return float(similarity[np.triu_indices(len(centroids), 1)].max())
