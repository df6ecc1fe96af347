"""Speech without text is told, and only that."""

from __future__ import annotations

import numpy as np
import pytest

from callytics.domain import DroppedText, DropReason, Word
from callytics.engines.recognition.speech import FRAME_S, Span, Window
from callytics.engines.recognition.unread import unread_flags

WINDOW = Window(1, (Span(0.6, 3.4), Span(70.6, 73.4)))


def voice(*spans: tuple[float, float]) -> np.ndarray:
    seconds = np.arange(round(90 / FRAME_S)) * FRAME_S
    voiced = [(seconds >= start_s) & (seconds < end_s) for start_s, end_s in spans]
    return np.any([*voiced, np.zeros(len(seconds), bool)], axis=0).astype(np.float32)


SPEECH = (voice(), voice((1.0, 3.0), (71.0, 73.0)))


def word(start_s: float, channel: int | None = 1) -> Word:
    return Word("네", start_s, start_s + 0.4, 0.9, channel)


def test_skipped_sentence_is_told() -> None:
    (flag,) = unread_flags([WINDOW], [word(1.2), word(71.5, channel=0)], [], SPEECH)
    assert (flag.code, flag.message) == (
        "speech_without_text",
        "1 stretches of speech (2.0 s) have no text.",
    )


@pytest.mark.parametrize("written_s", [70.7, 72.0, 73.3])
def test_sentence_with_any_word_is_not_told(written_s: float) -> None:
    assert list(unread_flags([WINDOW], [word(1.2), word(written_s)], [], SPEECH)) == []


def test_dropped_text_has_its_own_flag() -> None:
    dropped = [DroppedText(71.0, 72.0, "구독과 좋아요", DropReason.SET_PHRASE)]
    assert list(unread_flags([WINDOW], [word(1.2)], dropped, SPEECH)) == []


def test_cough_is_no_speech() -> None:
    speech = (voice(), voice((1.0, 3.0), (71.0, 71.8)))
    assert list(unread_flags([WINDOW], [word(1.2)], [], speech)) == []
