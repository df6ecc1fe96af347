"""A whole call with a decoder that notes what it is asked for; with Whisper: tests/contract/test_recognition.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from callytics.domain import CallOptions, Pcm
from callytics.engines.recognition import calls
from callytics.engines.recognition.calls import LONG_CALL_S, CallRecognizer, Languages, VoiceActivity
from callytics.engines.recognition.decoding import Decoded, Search
from callytics.engines.recognition.speech import Window
from tests.recognizers import audio_from

RATE_HZ = 16_000
FRAMES_PER_SECOND = 31.25


class NotingDecoder:
    def __init__(self) -> None:
        self.batch_sizes: list[int] = []

    def encode(self, pcm: Pcm, windows: Sequence[Window]) -> Any:
        raise AssertionError("the language is given")

    def language_probabilities(self, encoded: Any) -> list[dict[str, float]]:
        raise AssertionError("the language is given")

    def decode(
        self,
        pcm: Pcm,
        windows: Sequence[Window],
        language: str,
        hotwords: str | None,
        search: Search,
        encoded: Any = None,
    ) -> list[Decoded]:
        self.batch_sizes.append(len(windows))
        return [Decoded(window, (1, 2, 3), "all is well", -0.2, 0.0) for window in windows]


def speech_every_minute(pcm: Pcm, channel: int) -> npt.NDArray[np.float32]:
    seconds = np.arange(int(pcm.duration_s * FRAMES_PER_SECOND)) / FRAMES_PER_SECOND
    return (seconds % 60 < 25).astype(np.float32)


@pytest.mark.parametrize(("duration_s", "batch_size"), [(LONG_CALL_S - 60, 4), (LONG_CALL_S, 2)])
def test_a_long_call_has_smaller_batches(
    duration_s: float, batch_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "SpeechDetector", lambda: speech_every_minute)
    decoder = NotingDecoder()
    recognise = CallRecognizer(
        decoder, Languages({"en"}), VoiceActivity(), 1, batch_size=4, long_call_batch_size=2
    )
    silence = Pcm.from_array(np.zeros((1, round(duration_s * RATE_HZ)), np.int16), RATE_HZ)
    transcript = recognise(audio_from(silence), CallOptions(language="en"))
    assert transcript.duration_s == duration_s
    assert max(decoder.batch_sizes) == batch_size
    assert sum(decoder.batch_sizes) >= duration_s / 60
