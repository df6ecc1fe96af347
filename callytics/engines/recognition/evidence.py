"""Converts a decoded window to words of the call, and drops text without evidence, with a reason."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from callytics.domain import DroppedText, DropReason, Word
from callytics.engines.recognition.decoding import Decoded, TimedWord
from callytics.engines.recognition.hallucination import (
    SURE_VOICE,
    SURELY_SPOKEN,
    loop_words,
    reason_to_drop_phrase,
    reason_to_drop_window,
    video_words,
)
from callytics.engines.recognition.speech import FRAME_S, Span

PHRASE_PAUSE_S = 0.3
MIN_VOICED = 0.35  # Silero's threshold for the end of speech, for a start at its default of 0.5
MIN_ONSET = 0.15  # any rise: Silero needs about three frames to detect a voice,
ONSET_S = 0.1  # so it began this much earlier
MAX_TAIL_S = 0.5  # maximum extension of a word beyond its end by attention


def believed_words(decoded: Decoded, speech: npt.NDArray[np.float32]) -> tuple[list[Word], list[DroppedText]]:
    """Words with times in the call, and the dropped text.

    Args:
        speech: probability of speech on the window's channel per 32 ms of the call, shape (num_frames,).
    """
    timed = [word for word in decoded.words if any(c.isalnum() for c in word.text)]
    if not timed:
        return [], []
    spans = _snapped([decoded.window.in_call(word.start_s, word.end_s) for word in timed], speech)
    reason = reason_to_drop_window(decoded)
    if reason:
        return [], [_dropped(timed, spans, reason)]
    words: list[Word] = []
    dropped: list[DroppedText] = []
    repeated = loop_words(timed)
    if repeated:
        dropped.append(
            _dropped([timed[i] for i in repeated], [spans[i] for i in repeated], DropReason.REPETITION)
        )
    invented = [run for run in video_words(timed) if not _is_surely_spoken(run, timed, spans, speech)]
    dropped += [
        _dropped([timed[i] for i in run], [spans[i] for i in run], DropReason.SET_PHRASE) for run in invented
    ]
    kept = [i for i in range(len(timed)) if i not in {*repeated, *(i for run in invented for i in run)}]
    for phrase in _phrases(kept, spans):
        phrase_words, phrase_spans = [timed[i] for i in phrase], [spans[i] for i in phrase]
        reason = reason_to_drop_phrase(phrase_words, _mean(speech, phrase_spans))
        if reason:
            dropped.append(_dropped(phrase_words, phrase_spans, reason))
        else:
            words += [
                _word(word, span, decoded) for word, span in zip(phrase_words, phrase_spans, strict=True)
            ]
    return words, dropped


def _is_surely_spoken(
    run: Sequence[int],
    timed: Sequence[TimedWord],
    spans: Sequence[Span],
    speech: npt.NDArray[np.float32],
) -> bool:
    probability = sum(timed[i].probability for i in run) / len(run)
    return probability >= SURELY_SPOKEN and _mean(speech, [spans[i] for i in run]) >= SURE_VOICE


def _phrases(indices: Sequence[int], spans: Sequence[Span]) -> Iterator[list[int]]:
    """Runs of words without a pause."""
    phrase: list[int] = []
    for i in indices:
        if phrase and spans[i].start_s - spans[phrase[-1]].end_s >= PHRASE_PAUSE_S:
            yield phrase
            phrase = []
        phrase.append(i)
    if phrase:
        yield phrase


def _snapped(spans: Sequence[Span], speech: npt.NDArray[np.float32]) -> list[Span]:
    """Word times adjusted to the voice activity.

    The attention behind Whisper's times extends into the pause before a word and ends early in the last word
    before a pause. So silence is cut from the edges of a word, and a word before a pause ends with the voice. A
    word without any voice keeps its times.
    """
    snapped: list[Span] = []
    for i, span in enumerate(spans):
        first = int(span.start_s / FRAME_S)
        frames = speech[first : max(first + 1, math.ceil(span.end_s / FRAME_S))]
        voiced = np.flatnonzero(frames >= MIN_VOICED)
        if not len(voiced):
            snapped.append(span)
            continue
        onset_s = (first + int(np.argmax(frames >= MIN_ONSET))) * FRAME_S
        start_s = max(span.start_s, onset_s - ONSET_S)
        last = first + int(voiced[-1])
        end_s = min(span.end_s, (last + 1) * FRAME_S)
        if end_s == span.end_s:
            limit_s = min(end_s + MAX_TAIL_S, spans[i + 1].start_s if i + 1 < len(spans) else math.inf)
            while (
                (last + 2) * FRAME_S <= limit_s and last + 1 < len(speech) and speech[last + 1] >= MIN_VOICED
            ):
                last += 1
            end_s = max(end_s, min((last + 1) * FRAME_S, limit_s))
        snapped.append(Span(min(start_s, end_s), end_s))
    return snapped


def _mean(speech: npt.NDArray[np.float32], spans: Sequence[Span]) -> float:
    first = int(spans[0].start_s / FRAME_S)
    part = speech[first : max(first + 1, round(spans[-1].end_s / FRAME_S))]
    return float(part.mean()) if len(part) else 0.0


def _word(word: TimedWord, span: Span, decoded: Decoded) -> Word:
    return Word(
        text=word.text.strip(),
        start_s=round(span.start_s, 3),
        end_s=round(span.end_s, 3),
        confidence=round(min(1.0, max(0.0, word.probability)), 4),
        channel=decoded.window.channel,
        language=decoded.window.language,
    )


def _dropped(words: Sequence[TimedWord], spans: Sequence[Span], reason: DropReason) -> DroppedText:
    text = "".join(word.text for word in words).strip()
    return DroppedText(round(spans[0].start_s, 3), round(spans[-1].end_s, 3), text, reason)
