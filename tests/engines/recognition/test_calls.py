"""A whole call with a decoder whose readings are written down; with Whisper: tests/contract/test_recognition.py."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from callytics.domain import CallOptions, Pcm
from callytics.engines.recognition import calls
from callytics.engines.recognition.calls import LONG_CALL_S, CallRecognizer, Languages
from callytics.engines.recognition.options import VoiceActivity
from tests.engines.recognition.written_decoder import WrittenDecoder
from tests.support.recognizers import audio_from

RATE_HZ = 16_000
FRAMES_PER_SECOND = 31.25


def speech_every_minute(pcm: Pcm, channel: int) -> npt.NDArray[np.float32]:
    seconds = np.arange(int(pcm.duration_s * FRAMES_PER_SECOND)) / FRAMES_PER_SECOND
    return (seconds % 60 < 25).astype(np.float32)


@pytest.mark.parametrize(("duration_s", "batch_size"), [(LONG_CALL_S - 60, 4), (LONG_CALL_S, 2)])
def test_long_call_has_smaller_batches(
    duration_s: float, batch_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "SpeechDetector", lambda: speech_every_minute)
    decoder = WrittenDecoder(lambda window, search: "all is well")
    recognise = CallRecognizer(
        decoder, Languages({"en"}), VoiceActivity(), 1, batch_size=4, long_call_batch_size=2
    )
    silence = Pcm.from_array(np.zeros((1, round(duration_s * RATE_HZ)), np.int16), RATE_HZ)
    transcript = recognise(audio_from(silence), CallOptions(language="en"))
    assert transcript.duration_s == duration_s
    assert max(decoder.batch_sizes) == batch_size
    assert sum(decoder.batch_sizes) >= duration_s / 60
