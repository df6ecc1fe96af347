from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from callytics.domain import CallOptions
from callytics.engines.audio import decode as decoding
from callytics.engines.audio import tracks
from callytics.engines.audio.source import Source
from tests.engines.audio.recordings import write_wav


def decode(path: str, max_duration_s: float = 60.0) -> decoding.Decoded:
    with Source(path) as source, tracks.opened_source(source, CallOptions()) as found:
        return decoding.decode(source, found, max_duration_s)


@pytest.mark.parametrize("rate_hz", [4_000, 8_000, 11_025, 16_000, 44_100, 48_000, 192_000])
def test_tone_keeps_its_pitch_length_and_level(tmp_path: Path, rate_hz: int) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(rate_hz * 3) / rate_hz).astype(np.float32)
    decoded = decode(write_wav(tmp_path / "tone.wav", tone, rate_hz))
    assert decoded.pcm.shape[1] == pytest.approx(48_000, abs=2)
    middle = decoded.pcm[0, 8_000:40_000] / 32768
    assert np.abs(np.fft.rfft(middle)).argmax() / 2 == pytest.approx(1000, abs=1)
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.01)


def test_resampling_lets_nothing_alias(tmp_path: Path) -> None:
    """A tone of 10 kHz cannot be held at 16 kHz: it must vanish, not turn up at 6 kHz."""
    tone = 0.5 * np.sin(2 * np.pi * 10_000 * np.arange(48_000 * 2) / 48_000).astype(np.float32)
    decoded = decode(write_wav(tmp_path / "tone.wav", tone, 48_000))
    assert np.abs(decoded.pcm[0, 1_000:-1_000]).max() < 32768 * 0.001
