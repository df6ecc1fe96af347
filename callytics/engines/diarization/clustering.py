"""Which embeddings are the same voice: agglomerative clustering, with or without a known number of speakers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Embeddings = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]

MAX_CLUSTERED = 1500
"""More embeddings than this are thinned out evenly: agglomeration takes memory and time of their square
(1500: 18 MB, 0.1 s); the others go to the nearest centroid."""


def cluster_voices(
    embeddings: Embeddings,
    weights: npt.NDArray[np.float32],
    *,
    min_speakers: int,
    max_speakers: int,
    same_voice_similarity: float,
    min_share: float,
) -> Embeddings:
    """Centroids of the voices.

    Ward's method on unit vectors cuts the embeddings into k = max_speakers, ..., min_speakers clusters; the
    largest k wins in which no two centroids are more alike than one voice is to itself and every cluster has
    its share of the speech.

    Args:
        embeddings: unit vectors, shape (num_embeddings, dimension), num_embeddings >= 1.
        weights: seconds of speech behind each, shape (num_embeddings,).
        min_speakers, max_speakers: bounds; equal where the number is known.
        same_voice_similarity: cosine above which two centroids are one voice.
        min_share: of the speech that a voice must have.

    Returns:
        Unit vectors, shape (num_speakers, dimension), most speech first.
    """
    from scipy.cluster.hierarchy import fcluster, linkage

    if len(embeddings) > MAX_CLUSTERED:
        kept = np.linspace(0, len(embeddings) - 1, MAX_CLUSTERED).round().astype(np.int64)
        embeddings, weights = embeddings[kept], weights[kept]
    max_speakers = min(max_speakers, len(embeddings))
    min_speakers = min(min_speakers, max_speakers)
    if max_speakers == 1:
        return _centroids(embeddings, weights, np.zeros(len(embeddings), np.int64))
    tree = linkage(embeddings.astype(np.float64), method="ward")
    for num_speakers in range(max_speakers, min_speakers, -1):
        labels = fcluster(tree, num_speakers, criterion="maxclust").astype(np.int64) - 1
        centroids = _centroids(embeddings, weights, labels)
        if _distinct(centroids, same_voice_similarity) and _shares(weights, labels).min() >= min_share:
            return centroids
    labels = fcluster(tree, min_speakers, criterion="maxclust").astype(np.int64) - 1
    return _centroids(embeddings, weights, labels)


def _centroids(embeddings: Embeddings, weights: npt.NDArray[np.float32], labels: Labels) -> Embeddings:
    order = np.argsort(-_shares(weights, labels), kind="stable")
    sums = np.stack([(embeddings * weights[:, None])[labels == label].sum(axis=0) for label in order])
    centroids: Embeddings = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
    return centroids


def _shares(weights: npt.NDArray[np.float32], labels: Labels) -> npt.NDArray[np.float64]:
    sums = np.bincount(labels, weights=weights.astype(np.float64))
    return np.asarray(sums / max(float(sums.sum()), 1e-9))


def _distinct(centroids: Embeddings, same_voice_similarity: float) -> bool:
    similarity = centroids @ centroids.T
    return bool(similarity[np.triu_indices(len(centroids), 1)].max() < same_voice_similarity)
