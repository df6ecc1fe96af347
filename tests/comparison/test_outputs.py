"""Confidence, distance of two outputs, errors against references: counted by hand here."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callytics.comparison import outputs
from callytics.comparison.references import Reference
from callytics.domain import (
    Sentence,
    SentimentAnalysis,
    SentimentLabel,
    SpeechSegment,
    Transcript,
    TurnSentiment,
)
from callytics.metrics import Interval
from tests.support.conversations import conversation, stereo

DIARIZATION, TRANSCRIPT = stereo(
    (0, 0.0, 2.0, "good morning"), (1, 2.0, 4.0, "hello there you"), duration_s=4.0
)
TRANSCRIPT = replace(TRANSCRIPT, language="en")


def heard(*texts: str, language: str = "en") -> Transcript:
    """One text per channel."""
    lines = [(channel, 2.0 * channel, 2.0 * channel + 2.0, text) for channel, text in enumerate(texts)]
    return replace(stereo(*lines, duration_s=4.0)[1], language=language)


def test_confidence_is_the_mean_of_the_words() -> None:
    words = tuple(
        replace(word, confidence=c) for word, c in zip(TRANSCRIPT.words, (1, 1, 0.5, 0.5, 0.5), strict=True)
    )
    assert outputs.confidence(replace(TRANSCRIPT, words=words)) == pytest.approx(0.7)
    assert outputs.confidence(replace(TRANSCRIPT, words=())) is None
    assert outputs.confidence(DIARIZATION) is None


def test_transcripts_differ_by_words_or_in_korean_by_characters() -> None:
    assert outputs.distance(TRANSCRIPT, heard("good evening", "hello there")) == {outputs.WER: (2, 5)}
    korean = heard("안녕하세요", "네", language="ko")
    assert outputs.distance(korean, heard("안녕 하세요", "예", language="ko")) == {outputs.CER: (1, 6)}
    assert outputs.distance(replace(TRANSCRIPT, words=()), heard("hello")) == {outputs.WER: (1, 0)}


def test_channels_do_not_mix_in_double_talk() -> None:
    """Both versions heard the same words, in another order of times."""
    later = tuple(
        replace(w, start_s=w.start_s - 2.0, end_s=w.end_s - 2.0) if w.channel else w for w in TRANSCRIPT.words
    )
    assert outputs.distance(TRANSCRIPT, replace(TRANSCRIPT, words=later)) == {outputs.WER: (0, 5)}


def test_diarizations_differ_in_seconds() -> None:
    moved = (SpeechSegment(0.0, 2.0, "x"), SpeechSegment(2.0, 3.0, "y"))
    (errors, total) = outputs.distance(DIARIZATION, replace(DIARIZATION, segments=moved))[outputs.DER]
    # 1 s of the second party is missed but for the collar at its end; the collars are no reference speech either
    assert errors == pytest.approx(0.75)
    assert 2.5 <= total <= 3.5


def test_sentence_ends_and_sentiment_of_turns() -> None:
    talk = conversation((0, 0.0, 2.0, "good morning how are you"), (1, 2.0, 4.0, "fine"), duration_s=4.0)

    def cut(*texts: str) -> object:
        sentences = tuple(Sentence(text, 0.0, 1.0) for text in texts)
        return replace(talk, turns=(replace(talk.turns[0], sentences=sentences), talk.turns[1]))

    one, two = cut("Good morning how are you?"), cut("Good morning.", "How are you?")
    assert outputs.distance(two, two) == {outputs.SENTENCE_ENDS: (0, 2)}
    assert outputs.distance(two, one) == {outputs.SENTENCE_ENDS: (1, 2)}

    def felt(*labels: SentimentLabel) -> SentimentAnalysis:
        turns = tuple(TurnSentiment(f"t{i}", label, 0.0, 1.0, 0.0) for i, label in enumerate(labels))
        return SentimentAnalysis(turns, (), (), None, ())

    neutral, negative = SentimentLabel.NEUTRAL, SentimentLabel.NEGATIVE
    assert outputs.distance(felt(neutral, negative), felt(neutral, neutral)) == {outputs.SENTIMENT: (1, 2)}


def test_errors_against_references() -> None:
    known = Reference(forms=("good morning hello there you",))
    assert outputs.errors(heard("good morning", "hello you"), known) == {outputs.WER: (1, 5)}
    assert outputs.errors(TRANSCRIPT, Reference(speech=(Interval(0, 1, "a"),))) == {}
    by_speaker = Reference(
        "en", ("hello there you good morning",), {"b": ("hello there you",), "a": ("good morning",)}
    )
    assert outputs.errors(TRANSCRIPT, by_speaker) == {outputs.WER: (0, 5)}  # regardless of the channels
    who = Reference(speech=(Interval(0.0, 2.0, "a"), Interval(2.0, 4.0, "b")), scored=((0.0, 4.0),))
    assert outputs.errors(DIARIZATION, who)[outputs.DER][0] == pytest.approx(0.0)
    assert outputs.errors(DIARIZATION, known) == {}
