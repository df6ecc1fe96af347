"""A whole call with a decoder whose readings are written down; with Whisper: tests/contract/test_recognition.py."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from callytics.domain import CallOptions, Pcm
from callytics.engines.recognition import calls
from callytics.engines.recognition.calls import LONG_CALL_S, CallRecognizer, Languages
from callytics.engines.recognition.crosstalk import Levels
from callytics.engines.recognition.decoding import Search
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
        decoder, Languages({"en"}), VoiceActivity(), Search(beam_size=1), batch_size=4, long_call_batch_size=2
    )
    silence = Pcm.from_array(np.zeros((1, round(duration_s * RATE_HZ)), np.int16), RATE_HZ)
    transcript = recognise(audio_from(silence), CallOptions(language="en"))
    assert transcript.duration_s == duration_s
    assert max(decoder.batch_sizes) == batch_size
    assert sum(decoder.batch_sizes) >= duration_s / 60


@pytest.mark.parametrize(("level", "windows_end_s"), [(0.05, 12.0), (0.002, 5.0)])
def test_unsure_speech_is_read_where_it_stands_out_of_the_noise(
    level: float, windows_end_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sure_then_unsure(pcm: Pcm, channel: int) -> npt.NDArray[np.float32]:
        seconds = np.arange(int(pcm.duration_s * FRAMES_PER_SECOND)) / FRAMES_PER_SECOND
        return np.select([seconds < 5, (seconds >= 7) & (seconds < 12)], [0.9, 0.3], 0.0).astype(np.float32)

    monkeypatch.setattr(calls, "SpeechDetector", lambda: sure_then_unsure)
    decoder = WrittenDecoder(lambda window, search: "all is well")
    seconds = np.arange(20 * RATE_HZ) / RATE_HZ
    amplitude = np.select([seconds < 5, (seconds >= 7) & (seconds < 12)], [0.2, level], 0.002)
    pcm = Pcm.from_array(
        amplitude[np.newaxis] * np.random.default_rng(0).standard_normal(len(seconds)), RATE_HZ
    )
    recognise = CallRecognizer(
        decoder, Languages({"en"}), VoiceActivity(mono_pad_s=0.0), Search(beam_size=1), batch_size=4
    )
    transcript = recognise(audio_from(pcm), CallOptions(language="en"))
    assert transcript.windows[-1].end_s == pytest.approx(windows_end_s, abs=0.1)


def two_sentences_and_a_long_pause(pcm: Pcm, channel: int) -> npt.NDArray[np.float32]:
    """Speech from 1 to 6 s, from 8 to 15 s and from 25 to 27 s."""
    seconds = np.arange(int(pcm.duration_s * FRAMES_PER_SECOND)) / FRAMES_PER_SECOND
    said = [(seconds >= start_s) & (seconds < end_s) for start_s, end_s in ((1, 6), (8, 15), (25, 27))]
    return np.any(said, axis=0).astype(np.float32)


@pytest.mark.parametrize(
    ("num_channels", "pieces"),
    [
        (1, [(0.0, 7.0), (7.0, 16.5), (23.5, 28.5)]),  # the pause of 2 s stays, of that of 10 s its edges
        (2, [(0.6, 6.4), (7.6, 15.4), (24.6, 27.4)]),
    ],
)
def test_short_pauses_stay_where_all_speak_on_one_channel(
    num_channels: int, pieces: list[tuple[float, float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "SpeechDetector", lambda: two_sentences_and_a_long_pause)
    monkeypatch.setattr(Levels, "is_leak", lambda self, span, channel: False)
    decoder = WrittenDecoder(lambda window, search: "all is well")
    recognise = CallRecognizer(decoder, Languages({"en"}), VoiceActivity(), Search(beam_size=1), batch_size=4)
    silence = Pcm.from_array(np.zeros((num_channels, 30 * RATE_HZ), np.int16), RATE_HZ)
    recognise(audio_from(silence), CallOptions(language="en"))
    windows = {window for window, _ in decoder.calls if len(window.pieces) == len(pieces)}  # not the halves
    assert {window.channel for window in windows} == set(range(num_channels))
    for window in windows:
        for piece, (start_s, end_s) in zip(window.pieces, pieces, strict=True):
            assert piece.start_s == pytest.approx(start_s, abs=0.05)
            assert piece.end_s == pytest.approx(end_s, abs=0.05)
