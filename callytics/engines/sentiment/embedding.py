"""Sentiment by sentence embeddings and a lexicon; quality of the agent's speech by criteria. CPU only, no torch."""

from __future__ import annotations

from callytics.domain import Conversation, SentimentAnalysis
from callytics.engines.sentiment.assembly import analyze
from callytics.engines.sentiment.classifier import SentenceClassifier


class EmbeddingSentimentAnalyzer:
    """Deterministic; safe to call from several threads.

    Args:
        num_threads: threads of the matrix products.
        max_terms: maximum number of positive words and of negative words, the most frequent first.
    """

    def __init__(self, *, num_threads: int = 1, max_terms: int = 30) -> None:
        self._classify = SentenceClassifier(num_threads)
        self._max_terms = max_terms
        self.model = "universal-sentence-encoder-multilingual-3 + logistic regression"
        self.model_revision = self._classify.revision

    def __call__(self, conversation: Conversation) -> SentimentAnalysis:
        """Scores per turn that sum to 1, sentiment words with their turns, and the quality of the agent's speech."""
        return analyze(conversation, self._classify, self._classify.features.lexicon, self._max_terms)
