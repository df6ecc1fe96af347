from __future__ import annotations

import numpy as np
import pytest

from callytics.engines.audio import enhance
from callytics.engines.audio.measure import loudness_lufs, weighted_powers
from tests.engines.audio.recordings import excerpt

RATE_HZ = 16_000


def tone(frequency_hz: float, amplitude: float, seconds: float = 3.0) -> np.ndarray:
    samples = amplitude * np.sin(2 * np.pi * frequency_hz * np.arange(round(seconds * RATE_HZ)) / RATE_HZ)
    return np.rint(samples * 32767).astype(np.int16)


def level(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean((samples[RATE_HZ:] / 32768.0) ** 2)))


def test_high_pass_removes_hum_and_offset_and_keeps_speech() -> None:
    pcm = np.stack([tone(30, 0.3), tone(300, 0.3), tone(1000, 0.3)])
    pcm[2] += 5000
    before = [level(row) for row in np.stack([tone(30, 0.3), tone(300, 0.3), tone(1000, 0.3)])]
    enhance.high_pass(pcm, 80.0)
    assert level(pcm[0]) < before[0] * 0.03
    assert level(pcm[1]) == pytest.approx(before[1], rel=0.01)
    assert level(pcm[2]) == pytest.approx(before[2], rel=0.01)
    assert abs(pcm[2].mean()) < 5


def test_blocks_leave_no_seam() -> None:
    """130 s are three blocks: filter and gain must run on as if there were one."""
    whole = tone(400, 0.1, 130.0)[np.newaxis].copy()
    enhance.high_pass(whole, 80.0)
    enhance.normalise_loudness(whole, -23.0)
    for seam in (60 * RATE_HZ, 120 * RATE_HZ):
        around = whole[0, seam - 400 : seam + 400].astype(float)
        assert (
            np.abs(np.diff(around, 2)).max()
            < 1.1 * np.abs(np.diff(whole[0, 30_000:30_800].astype(float), 2)).max()
        )


def test_loudness_reaches_its_target_and_peaks_stay_below_the_ceiling() -> None:
    pcm = tone(500, 0.02, 10.0)[np.newaxis].copy()
    pcm[0, 80_000:80_003] = 30_000
    gains_db = enhance.normalise_loudness(pcm, -20.0)
    assert gains_db[0] > 10
    assert np.abs(pcm).max() <= 32767 * enhance.CEILING + 1
    quiet = tone(500, 0.01, 5.0)[np.newaxis].copy()
    enhance.normalise_loudness(quiet, -23.0)
    assert loudness_lufs(weighted_powers(quiet)) == pytest.approx(-23.0, abs=0.3)


def test_silence_is_not_amplified() -> None:
    pcm = np.random.default_rng(1).integers(-2, 3, (1, RATE_HZ * 3)).astype(np.int16)
    before = pcm.copy()
    assert enhance.normalise_loudness(pcm, -23.0) == (0.0,)
    assert np.array_equal(pcm, before)


def test_limiter_changes_only_samples_near_a_peak() -> None:
    samples = (0.1 * np.sin(np.arange(16_000) / 5)).astype(np.float32)
    samples[8_000] = 3.0
    limited = enhance.limit(samples)
    assert limited.max() <= enhance.CEILING + 1e-6
    assert np.array_equal(limited[:7_800], samples[:7_800])
    assert np.array_equal(limited[8_200:], samples[8_200:])


@pytest.mark.parametrize(("by", "lost"), [("wiener", 0.1), ("noisereduce", 0.45)])
def test_noise_reduction_lowers_noise_more_than_speech(by: str, lost: float) -> None:
    speech = excerpt(0.0, 12.0)[0] * 32767  # the agent speaks for five seconds, then listens for six
    noise = np.random.default_rng(1).standard_normal(speech.size) * 500
    samples = np.rint(speech + noise).astype(np.int16)
    enhance.reduce_noise(samples[np.newaxis], 0, 15.0, enhance.NoiseFilter(by))
    kept_noise = np.std(samples[7 * RATE_HZ : 11 * RATE_HZ]) / np.std(noise)
    kept_speech = np.std(samples[RATE_HZ : 5 * RATE_HZ]) / np.std(speech[RATE_HZ : 5 * RATE_HZ])
    assert kept_noise < 0.25
    assert kept_speech == pytest.approx(1.0, abs=lost)


@pytest.mark.parametrize("by", list(enhance.NoiseFilter))
def test_noise_reduction_keeps_silence_and_sound_too_short_for_a_profile(by: enhance.NoiseFilter) -> None:
    short = tone(400, 0.1, 1.5)
    half_silent = np.concatenate([tone(400, 0.1, 4.0), np.zeros(4 * RATE_HZ, np.int16)])
    for samples in (short, np.zeros(3 * RATE_HZ, np.int16)):
        before = samples.copy()
        enhance.reduce_noise(samples[np.newaxis], 0, 15.0, by)
        assert np.array_equal(samples, before)
    enhance.reduce_noise(half_silent[np.newaxis], 0, 15.0, by)
    assert not half_silent[-3 * RATE_HZ :].any()


@pytest.mark.parametrize("noise_dbfs", [-32.0, -40.0, -50.0])
def test_noise_reduction_raises_the_snr_within_speech(noise_dbfs: float) -> None:
    """Beside the clean speech: what is left of the noise and what is lost of the speech together."""
    clean = excerpt(0.0, 12.0)[0][: RATE_HZ * 5]
    pause = np.zeros(RATE_HZ * 3, np.float32)
    clean = np.concatenate([clean, pause])
    noise = np.random.default_rng(2).standard_normal(clean.size).astype(np.float32) * 10 ** (noise_dbfs / 20)
    cleaned = enhance.without_noise(clean + noise, RATE_HZ, 15.0)
    speech = slice(0, RATE_HZ * 5)
    assert np.std((cleaned - clean)[speech]) < 0.9 * np.std(noise[speech])
