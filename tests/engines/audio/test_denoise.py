from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from callytics.engines.audio import denoise, measure
from evaluation.enhancement import add_noise, babble, hum, pink_noise
from tests.engines.audio.recordings import excerpt

RATE_HZ = 16_000
Samples = np.ndarray


def speech() -> Samples:
    return excerpt(0, 24)[0]


def white(size: int) -> Samples:
    return np.random.default_rng(3).standard_normal(size).astype(np.float32)


def is_hissing(samples: Samples) -> bool:
    pcm = np.clip(np.rint(samples * 16_000), -32768, 32767).astype(np.int16)[np.newaxis]
    frames_dbfs = measure.levels(pcm, np.zeros(1)).frames_dbfs[0]
    return denoise.is_hissing(pcm, 0, frames_dbfs, measure.snr_db(frames_dbfs))


@pytest.mark.parametrize("snr_db", [0.0, 5.0])
def test_hiss_close_below_the_speech_is_found(snr_db: float) -> None:
    assert is_hissing(add_noise(speech(), white(speech().size), snr_db))


def test_hiss_of_a_telephone_band_is_found() -> None:
    noisy = add_noise(speech(), white(speech().size), 3.0)
    assert is_hissing(sosfilt(butter(6, [200, 3400], "bandpass", fs=RATE_HZ, output="sos"), noisy))


def test_hiss_far_below_the_speech_is_left() -> None:
    assert not is_hissing(add_noise(speech(), white(speech().size), 20.0))
    assert not is_hissing(speech())


@pytest.mark.parametrize("snr_db", [0.0, 5.0, 10.0])
def test_noise_whose_reduction_does_not_help_is_left(snr_db: float) -> None:
    rng = np.random.default_rng(4)
    size = speech().size
    voices = [np.roll(excerpt(0, 24)[1], shift) for shift in range(0, size, size // 6)]
    for noise in (pink_noise(size, rng), hum(size, rng), babble(size, rng, voices)):
        assert not is_hissing(add_noise(speech(), noise, snr_db))


def test_hiss_that_comes_and_goes_is_left() -> None:
    size = speech().size
    swell = 10 ** (np.sin(np.arange(size) / RATE_HZ * 2) / 2)
    assert not is_hissing(add_noise(speech(), (white(size) * swell / np.std(white(size) * swell)), 5.0))


@pytest.mark.parametrize("samples", [np.zeros(RATE_HZ * 3), np.zeros(5)])
def test_silence_is_no_hiss(samples: Samples) -> None:
    assert not is_hissing(samples)


def test_long_recordings_are_read_minute_by_minute() -> None:
    """Hiss in every minute, with a length that is no whole number of frames."""
    noisy = add_noise(speech(), white(speech().size), 3.0)
    assert is_hissing(np.tile(noisy, 8)[: 150 * RATE_HZ + 77])
