"""One vector per voice: CAM++ (192 dimensions, trained on 200,000 Chinese and English speakers) in ONNX.

Paper: Wang et al., "CAM++: A Fast and Efficient Network for Speaker Verification Using Context-Aware Masking",
Interspeech 2023. Weights: iic/speech_campplus_sv_zh_en_16k-common_advanced, Apache-2.0.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from callytics.engines.batch_order import Kind
from callytics.engines.batch_queue import BatchQueue

EMBEDDING_DIMENSION = 192
MIN_FEATURE_FRAMES = 20
"""Below 0.2 s the pooled statistics of the model are meaningless."""
BATCH_SIZE = 16
"""Pieces of the same length in a batch, where calls share batches."""

Array = npt.NDArray[np.float32]


class Embedder:
    """Runs the embedding model. Safe to call from several threads.

    Args:
        path: the ONNX file; input (batch, frames, 80) float32, output (batch, 192).
        num_threads: threads per call.
        num_workers: batches at once that the speech of all calls shares, pieces of the same length in each; 0: every
            piece is computed by itself. The vectors are the same bit for bit
            (tests/contract/test_diarization_across_calls.py).
    """

    def __init__(self, path: Path, num_threads: int, num_workers: int = 0) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = num_threads
        options.inter_op_num_threads = 1
        # Inputs differ in length: a cached memory plan for each length only costs memory.
        options.enable_mem_pattern = False
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._queue: BatchQueue[Array, Array] | None = None
        if num_workers:
            self._queue = BatchQueue(
                lambda features, _: self._vectors(features),
                kind=lambda features: Kind(len(features), BATCH_SIZE),
                cost=len,
                num_workers=num_workers,
                name="voices",
            )

    def close(self) -> None:
        """End the threads of the queue of pieces."""
        if self._queue is not None:
            self._queue.close()

    def __call__(self, features: Array) -> Array:
        """The voice of one speaker.

        Args:
            features: log mel filter banks of speech of that speaker, shape (num_frames, 80), num_frames >= 20.

        Returns:
            Unit vector, shape (192,).
        """
        return self.several([features])[0]

    def several(self, pieces: Sequence[Array]) -> list[Array]:
        """The vectors of several pieces, those of the same length in one batch where calls share batches."""
        if self._queue is not None:
            return self._queue(pieces)
        return [self._vectors([features])[0] for features in pieces]

    def _vectors(self, pieces: Sequence[Array]) -> list[Array]:
        """Embeddings of pieces of the same length: the model has no mask for what is shorter."""
        normalised = [features - features.mean(axis=0, keepdims=True) for features in pieces]
        (embeddings,) = self._session.run(
            ["embeddings"], {"features": np.stack(normalised).astype(np.float32)}
        )
        return [one / max(float(np.linalg.norm(one)), 1e-9) for one in embeddings]
