"""Converts probabilities of sentences to the output of the stage; shared by every engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from callytics.domain import (
    Conversation,
    Role,
    SentimentAnalysis,
    SentimentLabel,
    TermCount,
    Turn,
    TurnSentiment,
)
from callytics.engines.sentiment.criteria import Shows
from callytics.engines.sentiment.lexicon import Lexicon
from callytics.engines.sentiment.mood import may_be_irony
from callytics.engines.sentiment.quality import assess_quality
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


class JudgeTurns(Protocol):
    """The sentiment of every turn of a call, from the probabilities of the sentences of each turn."""

    def __call__(
        self, conversation: Conversation, probabilities: Sequence[Matrix]
    ) -> Sequence[TurnSentiment]: ...


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
    judge: JudgeTurns | None = None,
    embeddings: Mapping[str, Matrix] | None = None,
) -> SentimentAnalysis:
    """Scores per turn that sum to 1, sentiment words with their turns, and the quality of the agent's speech.

    Args:
        max_terms: maximum number of positive words and of negative words, the most frequent first.
        shows: recogniser of the parts of the quality criteria; default: rules.
        judge: sentiment of the turns; default: the mean of their sentences.
        embeddings: of every turn by id, of the encoder of the default engine.
    """
    sentences = [sentences_of(turn) for turn in conversation.turns]
    languages = [conversation.language_of(turn) for turn in conversation.turns]
    by_language: dict[str, list[str]] = {}
    for code, of_turn in zip(languages, sentences, strict=True):
        by_language.setdefault(code, []).extend(of_turn)
    probabilities = {code: iter(classify(texts, code).tolist()) for code, texts in by_language.items()}
    by_turn = [
        np.array([next(probabilities[code]) for _ in of_turn], np.float64).reshape(-1, len(LABELS))
        for of_turn, code in zip(sentences, languages, strict=True)
    ]
    judged = judge(conversation, by_turn) if judge else mean_of_sentences(conversation, by_turn)
    scored = tuple(without_ironic_praise(conversation, judged))
    positive, negative = _terms(conversation, sentences, lexicon, max_terms)
    overall, criteria, lapses = assess_quality(
        conversation, shows, {turn.turn_id: turn.negative for turn in scored}, embeddings
    )
    return SentimentAnalysis(scored, positive, negative, overall, criteria, lapses)


def mean_of_sentences(conversation: Conversation, probabilities: Sequence[Matrix]) -> list[TurnSentiment]:
    """Mean of the sentences, weighted by length and by distance from neutral."""
    return [_mean(turn, rows) for turn, rows in zip(conversation.turns, probabilities, strict=True)]


def _mean(turn: Turn, rows: Matrix) -> TurnSentiment:
    if not len(rows):
        return TurnSentiment(turn.id, SentimentLabel.NEUTRAL, 0.0, 1.0, 0.0)
    lengths = np.array([len(text) for text in sentences_of(turn)], np.float64)
    weights = lengths * (NEUTRAL_SHARE + (1 - NEUTRAL_SHARE) * (1 - rows[:, 1]))
    negative, neutral, positive = (weights @ rows / weights.sum()).tolist()
    label = LABELS[int(np.argmax((negative, neutral, positive)))]
    return TurnSentiment(turn.id, label, positive=positive, neutral=neutral, negative=negative)


def without_ironic_praise(
    conversation: Conversation, judged: Sequence[TurnSentiment]
) -> Iterator[TurnSentiment]:
    """Flags possible irony, and counts praise in it as its opposite. Agents are left out: theirs is courtesy."""
    for turn, found in zip(conversation.turns, judged, strict=True):
        if conversation.role_of(turn.participant_id) is Role.AGENT or not may_be_irony(
            turn.content, conversation.language_of(turn)
        ):
            yield found
            continue
        negative = found.negative + found.positive
        label = SentimentLabel.NEGATIVE if negative >= found.neutral else found.label
        if label is SentimentLabel.POSITIVE:
            label = SentimentLabel.NEUTRAL
        yield TurnSentiment(turn.id, label, 0.0, found.neutral, negative, possible_irony=True)


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
