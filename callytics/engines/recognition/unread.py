"""Tells of speech that no text was written for: Whisper skips a sentence of a window now and then, most of all a soft
one. What is missing cannot be seen in a transcript, so a flag says it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from callytics.domain import DroppedText, Flag, Word
from callytics.engines.recognition.speech import FRAME_S, Span, Window

MIN_UNREAD_S = 1.0  # of voice: a word or two; a breath, a cough or a "hm" is shorter
VOICE = 0.5  # probability of Silero, its own default


def unread_flags(
    windows: Sequence[Window],
    words: Sequence[Word],
    dropped: Sequence[DroppedText],
    speech: Sequence[npt.NDArray[np.float32]],
) -> Iterator[Flag]:
    """
    Args:
        windows: all that were decoded.
        words: each with its channel.
        speech: probability of speech per channel and 32 ms, shape (num_frames,) each.
    """
    told = [np.zeros(len(frames) + 1, bool) for frames in speech]
    for word in words:
        told[word.channel or 0][_frames(word.start_s, word.end_s)] = True
    for text in dropped:
        for of_channel in told if text.text else ():
            of_channel[_frames(text.start_s, text.end_s)] = True
    unread_s = [
        voiced_s
        for window in windows
        for piece in window.pieces
        if (voiced_s := _voiced_s(piece, speech[window.channel])) >= MIN_UNREAD_S
        and not told[window.channel][_frames(piece.start_s, piece.end_s)].any()
    ]
    if unread_s:
        message = f"{len(unread_s)} stretches of speech ({sum(unread_s):.1f} s) have no text."
        yield Flag("speech_without_text", message)


def _voiced_s(piece: Span, speech: npt.NDArray[np.float32]) -> float:
    part = speech[_frames(piece.start_s, piece.end_s)]
    return float((part >= VOICE).sum()) * FRAME_S


def _frames(start_s: float, end_s: float) -> slice:
    first = int(start_s / FRAME_S)
    return slice(first, max(first + 1, round(end_s / FRAME_S)))
