from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from callytics.engines.audio.convert import convert
from callytics.engines.audio.tones import TONE_AMPLITUDE, TONE_HZ, with_tones
from tests.engines.audio.recordings import decoded, write_wav

RATE_HZ = 8_000


def noise(seconds: float) -> np.ndarray:
    return np.random.default_rng(1).uniform(-0.5, 0.5, (2, round(seconds * RATE_HZ))).astype(np.float32)


def test_tone_replaces_the_interval_and_nothing_else() -> None:
    samples = noise(3.0)
    toned = with_tones(samples, 10.0, RATE_HZ, [(11.0, 11.5)])
    start, end = RATE_HZ, RATE_HZ * 3 // 2
    assert np.array_equal(toned[:, :start], samples[:, :start])
    assert np.array_equal(toned[:, end:], samples[:, end:])
    part = toned[:, start:end]
    assert np.abs(part).max() <= TONE_AMPLITUDE + 1e-6
    for channel in part:
        spectrum = np.abs(np.fft.rfft(channel))
        assert spectrum.argmax() * RATE_HZ / len(channel) == TONE_HZ
        assert spectrum.max() ** 2 / (spectrum**2).sum() > 0.999  # the tone, and no speech below it
    assert not np.shares_memory(toned, samples)


def test_samples_outside_intervals_are_unchanged() -> None:
    samples = noise(1.0)
    assert with_tones(samples, 5.0, RATE_HZ, [(0.0, 5.0), (6.0, 9.0)]) is samples


@pytest.mark.parametrize("format", ["wav", "flac", "mp3", "opus"])
def test_converted_recording_has_tones_at_their_times(tmp_path: Path, format: str) -> None:
    """Across the blocks that conversion works in: 0.7 s to 2.4 s."""
    path = write_wav(tmp_path / "call.wav", noise(4.0), RATE_HZ)
    _, rate_hz, _, samples = decoded(convert(path, format, tones=[(0.7, 2.4)]))

    def rms(start_s: float, end_s: float) -> float:
        return float(np.sqrt(np.mean(samples[:, round(start_s * rate_hz) : round(end_s * rate_hz)] ** 2)))

    tone = TONE_AMPLITUDE / np.sqrt(2)
    assert rms(0.8, 2.3) == pytest.approx(tone, rel=0.1)
    assert rms(0.1, 0.6) > 2 * tone
    assert rms(2.5, 3.9) > 2 * tone
