"""Sentence -> probabilities of negative, neutral, positive: a logistic regression on a sentence embedding.

Features, shape (num_sentences, 513): the 512 numbers of the Universal Sentence Encoder, multilingual
(Yang et al. 2020, "Multilingual Universal Sentence Encoder for Semantic Retrieval", ACL demos; Apache-2.0), and the
valence of the lexicon. training/train.py fitted the coefficients in classifier.json on the sentences in its folder,
which were written for this project. The scores are the regression's own probabilities.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

from callytics.engines.sentence_encoder import sentence_encoder
from callytics.engines.sentiment.lexicon import Lexicon

LABELS = ("negative", "neutral", "positive")

Matrix = npt.NDArray[np.float64]


class FeatureExtractor:
    """Safe to call from several threads."""

    def __init__(self, num_threads: int = 1) -> None:
        self._encoder: Any = sentence_encoder(num_threads)
        self.lexicon = Lexicon()

    def __call__(self, sentences: Sequence[str], language: str, embeddings: Matrix | None = None) -> Matrix:
        """Shape (num_sentences, 513). ``embeddings`` of the sentences, if they are known."""
        if embeddings is None:
            embeddings = self.embed(sentences)
        valences = [[self.lexicon.valence(sentence, language)] for sentence in sentences]
        return np.hstack([embeddings, np.array(valences, dtype=np.float64)])

    def embed(self, texts: Sequence[str]) -> Matrix:
        """Shape (num_texts, 512)."""
        return np.asarray(self._encoder.encode(list(texts)), dtype=np.float64)


class SentenceClassifier:
    """Safe to call from several threads."""

    def __init__(self, num_threads: int = 1) -> None:
        self.features = FeatureExtractor(num_threads)
        document = json.loads(
            resources.files("callytics.engines.sentiment").joinpath("classifier.json").read_text("utf-8")
        )
        self.revision = str(document["revision"])
        self._weights: Matrix = np.array(document["weights"], dtype=np.float64)  # (3, 513)
        self._bias: Matrix = np.array(document["bias"], dtype=np.float64)  # (3,)

    def __call__(self, sentences: Sequence[str], language: str, embeddings: Matrix | None = None) -> Matrix:
        """Probabilities in the order of LABELS, shape (num_sentences, 3); rows sum to 1."""
        if not sentences:
            return np.zeros((0, len(LABELS)))
        logits = self.features(sentences, language, embeddings) @ self._weights.T + self._bias
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities: Matrix = exponentials / exponentials.sum(axis=1, keepdims=True)
        return probabilities
