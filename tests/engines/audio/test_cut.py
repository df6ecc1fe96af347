"""One turn's sound, without a program ffmpeg on the path."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from callytics.engines.audio.cut import cut
from callytics.errors import InvalidMediaError, InvalidRequestError
from tests.engines.audio.recordings import excerpt, write_wav


@pytest.fixture(autouse=True)
def no_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")


@pytest.fixture
def call(tmp_path: Path) -> str:
    return write_wav(tmp_path / "call.wav", excerpt())


@pytest.mark.parametrize("format", ["wav", "mp3", "ogg"])
def test_part_has_its_length_rate_and_channels(call: str, format: str) -> None:
    samples, rate_hz = soundfile.read(io.BytesIO(cut(call, format, 1.25, 3.5)), always_2d=True)
    assert (rate_hz, samples.shape[1]) == (16_000, 2)
    assert samples.shape[0] / rate_hz == pytest.approx(2.25, abs=0.15)


def test_wav_has_the_samples_of_the_recording(call: str) -> None:
    samples, _ = soundfile.read(io.BytesIO(cut(call, "wav", 1.25, 3.5)), always_2d=True)
    assert np.abs(samples.T - excerpt(1.25, 3.5)).max() < 2 / 32768


def test_tone_replaces_what_is_covered_on_all_channels_and_nothing_else(call: str) -> None:
    samples, _ = soundfile.read(
        io.BytesIO(cut(call, "wav", 1.0, 4.0, tones=[(0.0, 1.5), (2.0, 2.5), (9.0, 9.5)])), always_2d=True
    )
    original = excerpt(1.0, 4.0)
    for channel in range(2):
        for start, end in ((0, 8_000), (16_000, 24_000)):
            covered = samples[start:end, channel]
            spectrum = np.abs(np.fft.rfft(covered)) ** 2
            assert spectrum[480:521].sum() / spectrum.sum() > 0.999  # 1 kHz and nothing of the voice
            assert np.abs(covered).max() == pytest.approx(0.1, rel=0.05)
        bare = np.r_[8_100:15_900, 24_100:47_900]
        assert np.abs(samples[bare, channel] - original[channel, bare]).max() < 2 / 32768


@pytest.mark.parametrize(("start_s", "end_s"), [(2.0, 1.0), (-1.0, 2.0), (0.0, 1e6), (1.0, 1.0)])
def test_invalid_part_is_rejected(call: str, start_s: float, end_s: float) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        cut(call, "wav", start_s, end_s)
    assert caught.value.code == "part_invalid"


def test_unknown_format_and_part_after_the_end_are_rejected(call: str) -> None:
    with pytest.raises(InvalidRequestError):
        cut(call, "aiff", 0.0, 1.0)
    with pytest.raises(InvalidMediaError):
        cut(call, "wav", 60.0, 61.0)
