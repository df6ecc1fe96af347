from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from callytics.engines.audio import enhance, measure
from callytics.engines.audio.channels import loudest_windows, similarity
from callytics.engines.audio.sound import PackedSound, SoundBuffer, only, to_pcm
from callytics.pcm import BLOCK_SAMPLES, PACKED_FROM_S, PackedPcm, pack

RATE_HZ = 16_000
RNG = np.random.default_rng(1)


def speech_like(duration_s: float, num_channels: int = 2) -> npt.NDArray[np.int16]:
    """Noise whose level changes every half second, of another level and offset on each channel."""
    size = round(duration_s * RATE_HZ)
    gains = np.repeat(RNG.uniform(0, 6_000, (num_channels, size // 8_000 + 1)), 8_000, axis=1)[:, :size]
    noise = RNG.standard_normal((num_channels, size)) * gains / np.arange(1, num_channels + 1)[:, None] + 50
    return np.clip(noise, -32_768, 32_767).astype(np.int16)


def packed(samples: npt.NDArray[np.int16]) -> PackedSound:
    starts = range(0, samples.shape[1], BLOCK_SAMPLES)
    blocks = [[pack(row[start : start + BLOCK_SAMPLES]) for start in starts] for row in samples]
    return PackedSound(blocks, samples.shape[1])


@pytest.fixture(scope="module")
def samples() -> npt.NDArray[np.int16]:
    return speech_like(130.3)


@pytest.mark.parametrize("num_channels", [1, 2, 3])
def test_buffer_keeps_its_samples(num_channels: int) -> None:
    blocks = [RNG.integers(-30_000, 30_000, (num_channels, size)) for size in (5, 300_000, 0, 1, 17_000)]
    buffer = SoundBuffer(num_channels)
    for block in blocks:
        buffer.append((block / 32768).astype(np.float32))
    sound = buffer.finished()
    assert isinstance(sound, np.ndarray)
    assert sound.flags.c_contiguous
    assert np.array_equal(sound, np.concatenate(blocks, axis=1))


@pytest.mark.parametrize("rest_s", [0.0, 3.7])
def test_long_sound_is_packed_while_it_grows(rest_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callytics.engines.audio.sound._PACKED_FROM_BLOCKS", 3)
    whole = speech_like(50 + rest_s)
    buffer = SoundBuffer(2)
    for start in range(0, whole.shape[1], 100_000):
        buffer.append(whole[:, start : start + 100_000].astype(np.float32) / np.float32(32768))
    sound = buffer.finished()
    assert isinstance(sound, PackedSound)
    assert sound.shape == whole.shape
    pcm = to_pcm(sound)
    assert isinstance(pcm, PackedPcm)
    assert np.array_equal(pcm.int16(), whole)


def test_short_sound_is_not_packed() -> None:
    buffer = SoundBuffer(1)
    buffer.append(np.zeros((1, round(PACKED_FROM_S * RATE_HZ) - 1), np.float32))
    assert isinstance(buffer.finished(), np.ndarray)


def test_packed_sound_reads_like_an_array(samples: npt.NDArray[np.int16]) -> None:
    sound = packed(samples)
    assert np.array_equal(sound[:, 155_000:325_001], samples[:, 155_000:325_001])
    assert np.array_equal(sound[1, :1], samples[1, :1])
    assert np.array_equal(sound[0:1, -5:], samples[0:1, -5:])
    assert sound[0, samples.shape[1] :].shape == (0,)
    with pytest.raises(IndexError):
        sound[0, ::16]


def test_packed_sound_is_written_in_whole_blocks(samples: npt.NDArray[np.int16]) -> None:
    sound, expected = packed(samples), samples.copy()
    assert sound[0, 5:6] == samples[0, 5]
    for block in measure.blocks(samples.shape[1]):
        sound[0, block] = samples[0, block] // 2
    expected[0] //= 2
    assert np.array_equal(sound[:, :], expected)
    with pytest.raises(IndexError):
        sound[0, 0:10] = np.zeros(10, np.int16)


def test_measurement_of_packed_sound_is_the_same(samples: npt.NDArray[np.int16]) -> None:
    sound, means = packed(samples), np.array([0.001, 0.002])
    plain_levels, levels = measure.levels(samples, means), measure.levels(sound, means)
    assert np.array_equal(plain_levels.frames_dbfs, levels.frames_dbfs)
    assert np.array_equal(plain_levels.rms_dbfs, levels.rms_dbfs)
    assert np.array_equal(measure.weighted_powers(samples), measure.weighted_powers(sound))
    assert similarity(samples) == similarity(sound)
    assert loudest_windows(only(samples, 1), 32_000, 15) == loudest_windows(only(sound, 1), 32_000, 15)


def test_the_loudest_windows_are_found_by_power() -> None:
    quiet = np.full((1, 200 * RATE_HZ), 10, np.int16)
    for second, level in ((150, 3_000), (61, 2_000), (2, 1_000)):
        quiet[0, second * RATE_HZ : (second + 1) * RATE_HZ] = level
    assert loudest_windows(quiet, 2 * RATE_HZ, 3) == [150 * RATE_HZ, 60 * RATE_HZ, 2 * RATE_HZ]


def test_enhancement_of_packed_sound_is_the_same(samples: npt.NDArray[np.int16]) -> None:
    plain, sound, means = samples.copy(), packed(samples), np.array([50, 50]) / 32768
    assert enhance.remove_offset(plain, means)
    assert enhance.remove_offset(sound, means)
    enhance.high_pass(plain, 80.0)
    enhance.high_pass(sound, 80.0)
    assert enhance.normalise_loudness(plain, -10.0) == enhance.normalise_loudness(sound, -10.0)
    assert not np.array_equal(plain, samples)
    assert np.array_equal(sound[:, :], plain)
