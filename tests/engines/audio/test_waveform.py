from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from callytics.api.waveform import Outline
from callytics.domain import CallOptions
from callytics.engines.audio.waveform import BUCKET_S, waveform
from callytics.errors import InvalidMediaError
from tests.engines.audio.recordings import agent, excerpt, write_wav


def expected(samples: np.ndarray, rate_hz: int) -> tuple[list[list[int]], list[list[int]]]:
    """By numpy, bucket by bucket: lowest and highest of each channel."""
    width = round(rate_hz * BUCKET_S)
    found: tuple[list[list[int]], list[list[int]]] = ([], [])
    for planes, extreme in zip(found, (np.min, np.max), strict=True):
        for channel in samples:
            parts = [channel[start : start + width] for start in range(0, len(channel), width)]
            planes.append([round(float(extreme(part)) * 127) for part in parts])
    return found


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 44_100])
def test_buckets_are_the_extremes_of_the_samples(tmp_path: Path, rate_hz: int) -> None:
    import soundfile

    samples = np.random.default_rng(1).uniform(-0.9, 0.9, (2, rate_hz * 3 + 77)).astype(np.float32)
    samples[0] *= np.linspace(0, 1, samples.shape[1], dtype=np.float32)
    samples[1, : rate_hz // 2] = 0
    path = write_wav(tmp_path / "call.wav", samples, rate_hz)
    written = soundfile.read(path, dtype="float32", always_2d=True)[0].T
    outline = Outline.parse(waveform(path))
    lows, highs = expected(written, rate_hz)
    assert (outline.sample_rate_hz, outline.samples_per_bucket) == (rate_hz, round(rate_hz * BUCKET_S))
    assert outline.length == len(lows[0])
    for channel in (0, 1):
        assert (
            np.abs(np.array(outline.lows[channel]) - lows[channel]).max() <= 1
        )  # a half is rounded either way
        assert np.abs(np.array(outline.highs[channel]) - highs[channel]).max() <= 1
    assert max(outline.highs[1][: rate_hz // 2 // outline.samples_per_bucket]) == 0


def test_long_recording_takes_little_memory(tmp_path: Path) -> None:
    """Twenty minutes of stereo are 77 MB as float32."""
    path = write_wav(tmp_path / "long.wav", np.tile(excerpt()[:, ::2] * 0.5, 200), 8_000)
    tracemalloc.start()
    data = waveform(path)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert Outline.parse(data).length == pytest.approx(60_000, rel=0.01)
    assert peak_bytes < 8 << 20


def test_mono_headerless_recording_is_drawn_as_its_options_say(tmp_path: Path) -> None:
    import soundfile

    path = str(tmp_path / "call.raw")
    soundfile.write(path, agent()[::2], 8_000, format="RAW", subtype="ULAW")
    outline = Outline.parse(waveform(path, CallOptions(audio_format="mulaw", audio_sample_rate_hz=8_000)))
    assert (len(outline.highs), outline.length) == (1, 200)
    assert max(outline.highs[0]) > 10


def test_file_that_is_no_recording_or_too_long_has_none(tmp_path: Path) -> None:
    path = tmp_path / "call.mp3"
    path.write_text("<html>502 Bad Gateway</html>" * 50)
    with pytest.raises(InvalidMediaError):
        waveform(str(path))
    with pytest.raises(InvalidMediaError) as refused:
        waveform(write_wav(tmp_path / "call.wav", excerpt()), max_duration_s=3.0)
    assert refused.value.code == "media_too_long"
