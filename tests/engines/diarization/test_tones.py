"""Tones are recognised, speech is not taken for them."""

from __future__ import annotations

import numpy as np
import pytest

from callytics.engines.diarization.tones import is_tonal
from tests.engines.diarization.recordings import audio_of, noise, sample_channels, sample_reference, tones


@pytest.mark.parametrize("frequencies_hz", [(425.0,), (440.0, 480.0), (697.0, 1209.0), (941.0, 1633.0)])
@pytest.mark.parametrize("on_s", [0.2, 2.0])
def test_signalling_tones_are_tonal(frequencies_hz: tuple[float, ...], on_s: float) -> None:
    samples = np.concatenate([np.append(tones(on_s, *frequencies_hz), noise(0.1, -60.0)) for _ in range(8)])
    pcm = audio_of(samples).pcm
    assert is_tonal(pcm, 0, 0.0, pcm.duration_s)


def test_speech_noise_and_silence_are_not_tones() -> None:
    pcm = audio_of(*sample_channels()).pcm
    for turn in sample_reference():
        assert not is_tonal(pcm, turn["channel"], turn["start_s"], turn["end_s"])
    for samples in (noise(1.0), np.zeros(16_000, np.float32), tones(0.05, 440.0)):
        assert not is_tonal(audio_of(samples).pcm, 0, 0.0, len(samples) / 16_000)
