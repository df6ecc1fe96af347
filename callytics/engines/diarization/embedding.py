"""One vector per voice: CAM++ (192 dimensions, trained on 200,000 Chinese and English speakers) in ONNX.

Paper: Wang et al., "CAM++: A Fast and Efficient Network for Speaker Verification Using Context-Aware Masking",
Interspeech 2023. Weights: iic/speech_campplus_sv_zh_en_16k-common_advanced, Apache-2.0.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

EMBEDDING_DIMENSION = 192
MIN_FEATURE_FRAMES = 20
"""Below 0.2 s the pooled statistics of the model are meaningless."""


class Embedder:
    """Runs the embedding model. Safe to call from several threads.

    Args:
        path: the ONNX file; input (batch, frames, 80) float32, output (batch, 192).
        num_threads: threads per call.
    """

    def __init__(self, path: Path, num_threads: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = num_threads
        options.inter_op_num_threads = 1
        # Inputs differ in length: a cached memory plan for each length only costs memory.
        options.enable_mem_pattern = False
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def __call__(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The voice of one speaker.

        Args:
            features: log mel filter banks of speech of that speaker, shape (num_frames, 80), num_frames >= 20.

        Returns:
            Unit vector, shape (192,).
        """
        normalised = features - features.mean(axis=0, keepdims=True)
        (embeddings,) = self._session.run(["embeddings"], {"features": normalised[None].astype(np.float32)})
        embedding: npt.NDArray[np.float32] = embeddings[0]
        return embedding / max(float(np.linalg.norm(embedding)), 1e-9)
