"""Sentiment by sentence embeddings and a lexicon; quality of the agent's talk by criteria. CPU only, no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from callytics.domain import Conversation, SentimentAnalysis, SentimentLabel, TermCount, Turn, TurnSentiment
from callytics.engines.sentiment.classifier import SentenceClassifier
from callytics.engines.sentiment.quality import assess_quality
from callytics.engines.sentiment.text import sentences_of

LABELS = (SentimentLabel.NEGATIVE, SentimentLabel.NEUTRAL, SentimentLabel.POSITIVE)

NEUTRAL_SHARE = 0.3
"""Weight of a wholly neutral sentence beside a wholly emotional one in the scores of a turn: a complaint that
takes one sentence of four is still a complaint."""


@dataclass
class _Tally:
    count: int = 0
    turn_ids: list[str] = field(default_factory=list)


class EmbeddingSentimentAnalyzer:
    """Deterministic; safe to call from several threads.

    Args:
        num_threads: of the matrix products.
        max_terms: of the positive and of the negative words, the most frequent first.
    """

    def __init__(self, *, num_threads: int = 1, max_terms: int = 30) -> None:
        self._classify = SentenceClassifier(num_threads)
        self._max_terms = max_terms
        self.model = "universal-sentence-encoder-multilingual-3 + logistic regression"
        self.model_revision = self._classify.revision

    def __call__(self, conversation: Conversation) -> SentimentAnalysis:
        """Scores of every turn that sum to 1, sentiment words with their turns, quality of the agent's talk."""
        sentences = [sentences_of(turn) for turn in conversation.turns]
        flat = [sentence for of_turn in sentences for sentence in of_turn]
        probabilities = iter(self._classify(flat, conversation.language).tolist())
        scored = tuple(
            _turn_sentiment(turn, of_turn, [next(probabilities) for _ in of_turn])
            for turn, of_turn in zip(conversation.turns, sentences, strict=True)
        )
        positive, negative = self._terms(conversation, sentences)
        overall, criteria = assess_quality(conversation)
        return SentimentAnalysis(scored, positive, negative, overall, criteria)

    def _terms(
        self, conversation: Conversation, sentences: Sequence[Sequence[str]]
    ) -> tuple[tuple[TermCount, ...], tuple[TermCount, ...]]:
        tallies: dict[bool, dict[str, _Tally]] = {True: {}, False: {}}
        for turn, of_turn in zip(conversation.turns, sentences, strict=True):
            for sentence in of_turn:
                for term in self._classify.features.lexicon.terms(sentence, conversation.language):
                    tally = tallies[term.valence > 0].setdefault(term.lemma, _Tally())
                    tally.count += 1
                    if turn.id not in tally.turn_ids:
                        tally.turn_ids.append(turn.id)
        return self._most_frequent(tallies[True]), self._most_frequent(tallies[False])

    def _most_frequent(self, tallies: dict[str, _Tally]) -> tuple[TermCount, ...]:
        ordered = sorted(tallies.items(), key=lambda item: (-item[1].count, item[0]))
        return tuple(TermCount(term, t.count, tuple(t.turn_ids)) for term, t in ordered[: self._max_terms])


def _turn_sentiment(turn: Turn, sentences: Sequence[str], probabilities: Sequence[Any]) -> TurnSentiment:
    """Mean of the sentences, weighted by length and by how far they are from neutral."""
    if not sentences:
        return TurnSentiment(turn.id, SentimentLabel.NEUTRAL, 0.0, 1.0, 0.0)
    weights = [
        len(text) * (NEUTRAL_SHARE + (1 - NEUTRAL_SHARE) * (1 - row[1]))
        for text, row in zip(sentences, probabilities, strict=True)
    ]
    total = sum(weights)
    scores = [
        sum(weight * row[label] for weight, row in zip(weights, probabilities, strict=True)) / total
        for label in range(len(LABELS))
    ]
    label = LABELS[max(range(len(LABELS)), key=lambda n: scores[n])]
    return TurnSentiment(turn.id, label, positive=scores[2], neutral=scores[1], negative=scores[0])
