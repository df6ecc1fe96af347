"""Measures of the outputs of a stage: confidence, distance of two outputs, errors against a reference.

A distance or an error is a :data:`Count`: (errors, units of the reference), so a figure over many calls is never a
mean of rates. Other stages (audio-processor, llm-analyzer) have no such measure.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from typing import Any

from callytics.comparison.intervals import Count
from callytics.comparison.references import Reference
from callytics.domain import Conversation, Diarization, SentimentAnalysis, Transcript
from callytics.metrics import (
    COLLAR_S,
    ErrorCounts,
    Interval,
    best_mapping_errors,
    characters,
    diarization_errors,
    text_errors,
    total,
)

Counts = Mapping[str, Count]
"""Name of a measure -> its count for one call."""

MEASURED_STAGES = frozenset(
    {"speech-recognizer", "speaker-diarizer", "punctuation-restorer", "sentiment-analyzer"}
)

CER = "CER, Korean calls"
WER = "WER, other calls"
DER = "DER, collar 0.25 s"
SENTENCE_ENDS = "sentence ends"
SENTIMENT = "sentiment of turns"


def confidence(output: Any) -> float | None:
    """Mean confidence of the words of a transcript; None if the stage has no confidence."""
    if isinstance(output, Transcript) and output.words:
        return sum(word.confidence for word in output.words) / len(output.words)
    return None


def distance(first: Any, second: Any) -> Counts:
    """Distance of the second output from the first, which replaces a reference. 0: they agree."""
    if isinstance(first, Transcript) and isinstance(second, Transcript):
        one, other = _text_by_channel(first), _text_by_channel(second)
        errors = total(
            text_errors([one.get(channel, "")], other.get(channel, ""), first.language)
            for channel in one.keys() | other.keys()
        )
        return {_text_measure(first.language): _count(errors)}
    if isinstance(first, Diarization) and isinstance(second, Diarization):
        return {DER: _diarization_count(_speech(first), second, ((0.0, first.duration_s),))}
    if isinstance(first, Conversation) and isinstance(second, Conversation):
        one_ends, other_ends = _sentence_ends(first), _sentence_ends(second)
        return {SENTENCE_ENDS: (len(one_ends ^ other_ends), len(one_ends))}
    if isinstance(first, SentimentAnalysis) and isinstance(second, SentimentAnalysis):
        labels = {turn.turn_id: turn.label for turn in second.turns}
        differ = sum(labels.get(turn.turn_id) != turn.label for turn in first.turns)
        return {SENTIMENT: (differ, len(first.turns))}
    return {}


def errors(output: Any, reference: Reference) -> Counts:
    """Errors against the reference of the call; empty if the reference lacks the property."""
    if isinstance(output, Transcript) and reference.forms:
        language = reference.language or output.language
        texts = _text_by_channel(output)
        if len(texts) > 1 and len(reference.by_speaker) > 1:
            speakers = {str(channel): text for channel, text in texts.items()}
            counts = best_mapping_errors(reference.by_speaker, speakers, language)
        else:
            counts = text_errors(reference.forms, " ".join(word.text for word in output.words), language)
        return {_text_measure(language): _count(counts)}
    if isinstance(output, Diarization) and reference.speech:
        scored = reference.scored or ((0.0, output.duration_s),)
        return {DER: _diarization_count(reference.speech, output, scored)}
    return {}


def _text_measure(language: str) -> str:
    return CER if language == "ko" else WER


def _count(errors: ErrorCounts) -> Count:
    return errors.errors, errors.reference_units


def _text_by_channel(transcript: Transcript) -> dict[int | None, str]:
    """Text by channel: simultaneous speech does not mix if each party has a channel."""
    words: dict[int | None, list[str]] = {}
    for word in transcript.words:
        words.setdefault(word.channel, []).append(word.text)
    return {channel: " ".join(texts) for channel, texts in words.items()}


def _speech(diarization: Diarization) -> tuple[Interval, ...]:
    return tuple(Interval(s.start_s, s.end_s, s.speaker) for s in diarization.segments)


def _diarization_count(
    reference: tuple[Interval, ...], output: Diarization, scored: tuple[tuple[float, float], ...]
) -> Count:
    found = diarization_errors(reference, _speech(output), scored, COLLAR_S)
    return found.false_alarm_s + found.missed_s + found.confusion_s, found.total_s


def _sentence_ends(conversation: Conversation) -> set[tuple[str, int]]:
    """(turn, letters and digits before the end) of every sentence."""
    return {
        (turn.id, end)
        for turn in conversation.turns
        for end in accumulate(len(characters(sentence.text)) for sentence in turn.sentences)
    }
