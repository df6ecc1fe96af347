"""Sentiment by sentence embeddings and a lexicon; quality of the agent's speech by criteria. CPU only, no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from callytics.domain import Conversation, SentimentAnalysis, TurnSentiment
from callytics.engines.sentiment.assembly import LABELS, analyze, mean_of_sentences
from callytics.engines.sentiment.classifier import SentenceClassifier
from callytics.engines.sentiment.mood import (
    MoodModel,
    embedding_features,
    features_of,
    neighbours_of,
    ngrams,
    own_features,
)
from callytics.engines.sentiment.text import sentences_of

Matrix = npt.NDArray[np.float64]
MOOD_LANGUAGES = ("ko", "en")
"""Languages of the turns that the model of moods has learned from; turns in others are judged by their sentences."""


class EmbeddingSentimentAnalyzer:
    """Deterministic; safe to call from several threads.

    Args:
        num_threads: threads of the matrix products.
        max_terms: maximum number of positive words and of negative words, the most frequent first.
    """

    def __init__(self, *, num_threads: int = 1, max_terms: int = 30) -> None:
        self._classify = SentenceClassifier(num_threads)
        self._mood = MoodModel()
        self._max_terms = max_terms
        self.model = "universal-sentence-encoder-multilingual-3 + logistic regression"
        self.model_revision = f"{self._classify.revision}-{self._mood.revision}"

    def __call__(self, conversation: Conversation) -> SentimentAnalysis:
        """Scores per turn that sum to 1, sentiment words with their turns, and the quality of the agent's speech."""
        texts = dict.fromkeys(
            text for turn in conversation.turns for text in (*sentences_of(turn), turn.content)
        )
        embed = self._classify.features.embed
        vectors = (
            dict(zip(texts, embed(list(texts)), strict=True)) if texts else {}
        )  # most turns are one sentence

        def classify(sentences: Sequence[str], language: str) -> Matrix:
            known = np.array([vectors[text] for text in sentences]) if sentences else None
            return self._classify(sentences, language, known)

        def judge(conversation: Conversation, probabilities: Sequence[Matrix]) -> list[TurnSentiment]:
            return self._judge(conversation, probabilities, vectors)

        lexicon = self._classify.features.lexicon
        of_turns = {turn.id: vectors[turn.content] for turn in conversation.turns}
        return analyze(conversation, classify, lexicon, self._max_terms, judge=judge, embeddings=of_turns)

    def _judge(
        self, conversation: Conversation, probabilities: Sequence[Matrix], vectors: Mapping[str, Matrix]
    ) -> list[TurnSentiment]:
        """The model of moods sees a turn, its neighbours and the role of the speaker."""
        turns = conversation.turns
        if not turns:
            return []
        codes = [conversation.language_of(turn) for turn in turns]
        lexicon = self._classify.features.lexicon
        owns = [
            own_features(turn.content, code, rows, lexicon)
            for turn, code, rows in zip(turns, codes, probabilities, strict=True)
        ]
        roles = [conversation.role_of(turn.participant_id) for turn in turns]
        grams = [ngrams(turn.content, code) for turn, code in zip(turns, codes, strict=True)]
        neighbours = neighbours_of([turn.participant_id for turn in turns])
        embeddings = np.array([vectors[turn.content] for turn in turns])
        moods = self._mood.probabilities(
            features_of(owns, roles, grams, neighbours), embedding_features(embeddings, neighbours)
        )
        found = mean_of_sentences(conversation, probabilities)
        for index, (code, row) in enumerate(zip(codes, moods.tolist(), strict=True)):
            if code in MOOD_LANGUAGES and len(probabilities[index]):
                negative, neutral, positive = row
                label = LABELS[self._mood.label(row, code)]
                found[index] = TurnSentiment(turns[index].id, label, positive, neutral, negative)
        return found
