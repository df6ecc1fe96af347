from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soxr

from callytics.domain import CallOptions
from callytics.engines.audio import enhanced as module
from callytics.engines.audio.convert import TARGETS
from callytics.engines.audio.enhanced import LOUDNESS_LUFS, LoudnessMeter, amplified, cleaned, enhanced
from callytics.engines.audio.tones import TONE_AMPLITUDE, TONE_HZ
from callytics.errors import InvalidMediaError, InvalidRequestError
from tests.engines.audio.recordings import agent, decoded, excerpt, write_wav

RATE_HZ = 16_000
Samples = np.ndarray


def copy_of(path: str, format: str = "wav", **options: object) -> tuple[int, Samples]:
    """Sample rate and samples of the enhanced copy."""
    _, rate_hz, _, samples = decoded(enhanced(path, format, CallOptions(), 3600.0, **options))  # type: ignore[arg-type]
    return rate_hz, samples


def level_db(samples: Samples) -> float:
    return float(10 * np.log10(np.mean(samples.astype(np.float64) ** 2) + 1e-15))


def noisy_call(noise_db: float = -45.0) -> tuple[Samples, Samples, Samples]:
    """A stereo call with noise on both channels; speech and pauses of the first channel as masks per sample."""
    clean = excerpt(0, 24) * 0.3
    noise = np.random.default_rng(5).standard_normal(clean.shape).astype(np.float32)
    frames = clean[0][: clean.shape[1] // 320 * 320].reshape(-1, 320)
    levels = 10 * np.log10((frames**2).mean(axis=1) + 1e-12)
    loud = levels > np.percentile(levels, 95) - 12
    quiet = levels < np.percentile(levels, 95) - 45
    return clean + noise * 10 ** (noise_db / 20), np.repeat(loud, 320), np.repeat(quiet, 320)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 44_100])
@pytest.mark.parametrize("format", TARGETS)
def test_rate_channels_and_length_are_those_of_the_recording(
    tmp_path: Path, format: str, rate_hz: int
) -> None:
    original = soxr.resample(excerpt().T, RATE_HZ, rate_hz).T
    found_hz, samples = copy_of(write_wav(tmp_path / "call.wav", original, rate_hz), format)
    assert found_hz == (48_000 if format == "opus" else rate_hz)
    assert samples.shape[0] == 2
    if format in ("wav", "flac"):
        assert samples.shape == original.shape
    else:
        assert samples.shape[1] / found_hz == pytest.approx(original.shape[1] / rate_hz, abs=0.03)


def test_noise_of_pauses_falls_by_10_db_beside_the_speech(tmp_path: Path) -> None:
    noisy, loud, quiet = noisy_call()
    _, copy = copy_of(write_wav(tmp_path / "call.wav", noisy, RATE_HZ))
    before, after = noisy[0, : loud.size], copy[0, : loud.size]
    gain_db = level_db(after[loud]) - level_db(before[loud])
    assert level_db(before[quiet]) - level_db(after[quiet]) + gain_db >= 10.0


def test_speech_level_is_kept_before_the_loudness_is_set(tmp_path: Path) -> None:
    noisy, loud, quiet = noisy_call()
    copy = np.concatenate(list(cleaned([noisy], RATE_HZ)), axis=1)
    assert copy.shape == noisy.shape
    assert level_db(copy[0, : loud.size][loud]) == pytest.approx(
        level_db(noisy[0, : loud.size][loud]), abs=1.5
    )
    assert level_db(noisy[0, : quiet.size][quiet]) - level_db(copy[0, : quiet.size][quiet]) >= 10.0


def test_each_channel_has_the_same_loudness_and_no_peak_is_clipped(tmp_path: Path) -> None:
    left, right = excerpt(0, 12)
    _, copy = copy_of(write_wav(tmp_path / "call.wav", np.stack([left, right * 0.1]), RATE_HZ))
    meter = LoudnessMeter(RATE_HZ)
    assert sum(block.shape[1] for block in meter.metered([copy])) == copy.shape[1]
    assert meter.gains_db(LOUDNESS_LUFS) == pytest.approx((0.0, 0.0), abs=0.5)
    assert np.abs(copy).max() <= 10 ** (-1 / 20) + 2 / 32768


def test_idle_line_is_not_raised_to_the_level_of_speech(tmp_path: Path) -> None:
    hiss = 0.0005 * np.random.default_rng(1).standard_normal(agent().size).astype(np.float32)
    _, copy = copy_of(write_wav(tmp_path / "call.wav", np.stack([agent(), hiss]), RATE_HZ))
    assert level_db(copy[1]) < level_db(copy[0]) - 30


def test_speech_is_not_moved_in_time(tmp_path: Path) -> None:
    noisy, *_ = noisy_call(-60.0)
    _, copy = copy_of(write_wav(tmp_path / "call.wav", noisy, RATE_HZ))
    spectrum = np.fft.rfft(copy[0]) * np.conj(np.fft.rfft(noisy[0]))
    assert int(np.argmax(np.fft.irfft(spectrum, copy.shape[1]))) == 0


@pytest.mark.parametrize("format", ["wav", "flac"])
def test_covered_parts_hold_the_tone_and_nothing_else(tmp_path: Path, format: str) -> None:
    noisy, *_ = noisy_call()
    covered = (2.0, 3.5)
    rate_hz, copy = copy_of(write_wav(tmp_path / "call.wav", noisy, RATE_HZ), format, tones=[covered])
    start, end = (round(second * rate_hz) for second in covered)
    tone = TONE_AMPLITUDE * np.sin(2 * np.pi * TONE_HZ / rate_hz * np.arange(start, end))
    assert np.allclose(copy[:, start:end], tone, atol=2 / 32768)
    # Speech that is covered does not reach the sound before and after it either.
    other = noisy.copy()
    other[:, start:end] = 0.2 * np.random.default_rng(3).standard_normal((2, end - start))
    _, same = copy_of(write_wav(tmp_path / "other.wav", other, RATE_HZ), format, tones=[covered])
    assert np.array_equal(copy, same)


def test_stretches_join_without_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """A steady sound through many short stretches, in blocks of odd sizes."""
    monkeypatch.setattr(module, "STRETCH_SAMPLES", 30_000)
    time_s = np.arange(RATE_HZ * 10) / RATE_HZ
    sound = (0.1 * np.sin(2 * np.pi * 300 * time_s))[np.newaxis].astype(np.float32)
    blocks = np.split(sound, [1, 5_000, 61_111, 61_112, 130_000], axis=1)
    copy = np.concatenate(list(amplified(blocks, (6.0,))), axis=1)
    assert np.allclose(copy, sound * 10 ** (6 / 20), atol=1e-5)


def test_same_recording_gives_the_same_copy(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "call.wav", noisy_call()[0], RATE_HZ)
    assert enhanced(path, "flac", None, 60.0) == enhanced(path, "flac", None, 60.0)


@pytest.mark.parametrize("seconds", [0.02, 1.0])
def test_short_and_silent_recordings_have_a_copy(tmp_path: Path, seconds: float) -> None:
    speech = agent()[: round(seconds * RATE_HZ)]
    for name, samples in (("speech", speech), ("silence", speech * 0)):
        _, copy = copy_of(write_wav(tmp_path / f"{name}.wav", samples, RATE_HZ))
        assert copy.shape == (1, samples.size)


def test_unknown_format_and_long_recording_are_rejected(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "call.wav", agent(), RATE_HZ)
    with pytest.raises(InvalidRequestError):
        enhanced(path, "aiff", None, 60.0)
    with pytest.raises(InvalidMediaError):
        enhanced(path, "wav", None, 2.0)


def test_memory_does_not_grow_with_the_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With short stretches, so that a short recording has many; one stretch is filtered like any other."""
    monkeypatch.setattr(module, "STRETCH_SAMPLES", 20_000)
    monkeypatch.setattr(module.enhance, "without_noise", lambda samples, rate_hz, most_db: samples)
    noise = 0.05 * np.random.default_rng(1).standard_normal((2, 8_000 * 8)).astype(np.float32)
    peaks = []
    for times in (1, 4):
        path = write_wav(tmp_path / f"{times}.wav", np.tile(noise, (1, times)), 8_000)
        tracemalloc.start()
        enhanced(path, "opus", None, 3600.0)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 500_000  # 24 s more are 770 kB as 16-bit samples, 1.5 MB as float32
