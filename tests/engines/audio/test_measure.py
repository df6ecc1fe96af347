from __future__ import annotations

import numpy as np
import pytest

from callytics.engines.audio import measure
from callytics.engines.audio.frames import clipped_samples

RATE_HZ = 16_000


def sine(frequency_hz: float, amplitude: float, seconds: float) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * frequency_hz * np.arange(round(seconds * RATE_HZ)) / RATE_HZ)


def int16(*channels: np.ndarray) -> np.ndarray:
    return np.rint(np.stack(channels) * 32767).astype(np.int16)


def loudness(*channels: np.ndarray) -> float:
    return measure.loudness_lufs(measure.weighted_powers(int16(*channels)))


def test_loudness_of_the_calibration_tone() -> None:
    """ITU-R BS.1770-5: a full-scale sine of 997 Hz on one channel reads -3.01 LKFS, on two 0.0."""
    tone = sine(997, 1.0, 5.0)
    assert loudness(tone) == pytest.approx(-3.01, abs=0.1)
    assert loudness(tone, tone) == pytest.approx(0.0, abs=0.1)
    assert loudness(tone * 0.1) == pytest.approx(-23.01, abs=0.1)


def test_pauses_do_not_lower_the_loudness() -> None:
    """EBU Tech 3341, case 3: what is 10 LU and more below is gated out."""
    loud, quiet = sine(997, 0.1, 20.0), sine(997, 0.01, 10.0)
    assert loudness(np.concatenate([quiet, loud, quiet])) == pytest.approx(loudness(loud), abs=0.2)


def test_loudness_of_silence_and_of_a_click() -> None:
    assert loudness(np.zeros(RATE_HZ)) == measure.LOUDNESS_GATE_LUFS
    assert loudness(np.zeros(10)) == measure.LOUDNESS_GATE_LUFS


def test_levels_exclude_the_offset() -> None:
    tone = sine(1000, 0.5, 130.0)  # longer than a block
    levels = measure.levels(int16(tone * 0.5 + 0.25), np.array([0.25]))
    assert levels.rms_dbfs[0] == pytest.approx(-15.05, abs=0.05)
    assert levels.frames_dbfs.shape == (1, 6500)
    assert np.allclose(levels.frames_dbfs, -15.05, atol=0.1)


@pytest.mark.parametrize("snr_db", [5.0, 15.0, 30.0])
def test_snr_of_speech_in_noise_is_known(snr_db: float) -> None:
    """Half the time a tone, all the time noise at a known distance below it."""
    rng = np.random.default_rng(1)
    tone = sine(500, 0.3, 20.0) * np.repeat(np.arange(20) % 2, RATE_HZ)
    noise = rng.standard_normal(tone.size) * 0.3 / np.sqrt(2) / 10 ** (snr_db / 20)
    frames_dbfs = measure.levels(int16(np.clip(tone + noise, -1, 1)), np.zeros(1)).frames_dbfs
    assert measure.snr_db(frames_dbfs[0]) == pytest.approx(snr_db, abs=1.5)


def test_snr_of_nothing_is_zero_and_of_noise_low() -> None:
    silence = measure.levels(np.zeros((1, RATE_HZ), np.int16), np.zeros(1)).frames_dbfs
    assert measure.snr_db(silence[0]) == 0.0
    noise = measure.levels(int16(np.random.default_rng(1).standard_normal(RATE_HZ * 5) * 0.05), np.zeros(1))
    assert measure.snr_db(noise.frames_dbfs[0]) < 3.0


def test_silence_is_time_without_speech() -> None:
    """Two parties take turns of 1 s, then 2 s of silence: a third of the time."""
    one = np.concatenate([sine(300, 0.2, 2.0), np.zeros(2 * RATE_HZ), np.zeros(2 * RATE_HZ)])
    other = np.concatenate([np.zeros(2 * RATE_HZ), sine(300, 0.02, 2.0), np.zeros(2 * RATE_HZ)])
    frames_dbfs = measure.levels(int16(one, other), np.zeros(2)).frames_dbfs
    assert measure.silence_ratio(frames_dbfs) == pytest.approx(1 / 3, abs=0.02)


def test_pauses_full_of_noise_are_silence_and_a_steady_sound_is_not() -> None:
    noise = np.random.default_rng(1).standard_normal(20 * RATE_HZ) * 0.02
    speech = sine(500, 0.2, 20.0) * np.repeat(np.arange(20) % 2, RATE_HZ)
    noisy = measure.levels(int16(speech + noise), np.zeros(1)).frames_dbfs
    assert measure.silence_ratio(noisy) == pytest.approx(0.5, abs=0.03)
    steady = measure.levels(int16(sine(500, 0.2, 5.0)), np.zeros(1)).frames_dbfs
    assert measure.silence_ratio(steady) == 0.0


def test_only_runs_at_full_scale_are_clipped() -> None:
    samples = np.zeros((2, 100), np.float32)
    samples[0, 10:15] = 1.0  # a run of five
    samples[0, 20:22] = 1.0  # two: a peak
    samples[0, 30:34] = (1.0, -1.0, 1.0, -1.0)  # no run
    samples[1, 50:53] = -0.99
    assert clipped_samples(samples).tolist() == [5, 3]
