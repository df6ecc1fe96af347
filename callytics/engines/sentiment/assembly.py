"""Converts probabilities of sentences to the output of the stage; shared by every engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from callytics.domain import Conversation, SentimentAnalysis, SentimentLabel, TermCount, Turn, TurnSentiment
from callytics.engines.sentiment.lexicon import Lexicon
from callytics.engines.sentiment.quality import Shows, assess_quality
from callytics.engines.sentiment.text import sentences_of

LABELS = (SentimentLabel.NEGATIVE, SentimentLabel.NEUTRAL, SentimentLabel.POSITIVE)
"""The order of the columns of every matrix of probabilities."""

NEUTRAL_SHARE = 0.3
"""Weight of a fully neutral sentence relative to a fully emotional one in the scores of a turn: a complaint in one
of four sentences is still a complaint."""

Matrix = npt.NDArray[np.float64]


class ClassifySentences(Protocol):
    """Probabilities of the sentences in the order of LABELS, shape (num_sentences, 3); rows sum to 1."""

    def __call__(self, sentences: Sequence[str], language: str) -> Matrix: ...


@dataclass
class _Tally:
    count: int = 0
    turn_ids: list[str] = field(default_factory=list)


def analyze(
    conversation: Conversation,
    classify: ClassifySentences,
    lexicon: Lexicon,
    max_terms: int,
    shows: Shows | None = None,
) -> SentimentAnalysis:
    """Scores per turn that sum to 1, sentiment words with their turns, and the quality of the agent's speech.

    Args:
        max_terms: maximum number of positive words and of negative words, the most frequent first.
        shows: recogniser of the parts of the quality criteria; default: rules.
    """
    sentences = [sentences_of(turn) for turn in conversation.turns]
    languages = [conversation.language_of(turn) for turn in conversation.turns]
    by_language: dict[str, list[str]] = {}
    for code, of_turn in zip(languages, sentences, strict=True):
        by_language.setdefault(code, []).extend(of_turn)
    probabilities = {code: iter(classify(texts, code).tolist()) for code, texts in by_language.items()}
    scored = tuple(
        _turn_sentiment(turn, of_turn, [next(probabilities[code]) for _ in of_turn])
        for turn, of_turn, code in zip(conversation.turns, sentences, languages, strict=True)
    )
    positive, negative = _terms(conversation, sentences, lexicon, max_terms)
    overall, criteria, lapses = assess_quality(
        conversation, shows, {turn.turn_id: turn.negative for turn in scored}
    )
    return SentimentAnalysis(scored, positive, negative, overall, criteria, lapses)


def _turn_sentiment(turn: Turn, sentences: Sequence[str], probabilities: Sequence[Any]) -> TurnSentiment:
    """Mean of the sentences, weighted by length and by distance from neutral."""
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


def _terms(
    conversation: Conversation, sentences: Sequence[Sequence[str]], lexicon: Lexicon, max_terms: int
) -> tuple[tuple[TermCount, ...], tuple[TermCount, ...]]:
    tallies: dict[bool, dict[str, _Tally]] = {True: {}, False: {}}
    for turn, of_turn in zip(conversation.turns, sentences, strict=True):
        for sentence in of_turn:
            for term in lexicon.terms(sentence, conversation.language_of(turn)):
                tally = tallies[term.valence > 0].setdefault(term.lemma, _Tally())
                tally.count += 1
                if turn.id not in tally.turn_ids:
                    tally.turn_ids.append(turn.id)
    return _most_frequent(tallies[True], max_terms), _most_frequent(tallies[False], max_terms)


def _most_frequent(tallies: dict[str, _Tally], max_terms: int) -> tuple[TermCount, ...]:
    ordered = sorted(tallies.items(), key=lambda item: (-item[1].count, item[0]))
    return tuple(TermCount(term, t.count, tuple(t.turn_ids)) for term, t in ordered[:max_terms])
