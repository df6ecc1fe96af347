from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from callytics.domain import CallOptions
from callytics.engines.audio.convert import TARGETS, convert
from callytics.errors import InvalidMediaError
from tests.engines.audio import recordings
from tests.engines.audio.recordings import agent, decoded, excerpt, write_wav


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 44_100])
@pytest.mark.parametrize("format", TARGETS)
def test_rate_channels_and_length_are_kept(tmp_path: Path, format: str, rate_hz: int) -> None:
    import soxr

    original = soxr.resample(excerpt().T, 16_000, rate_hz).T
    codec, out_rate_hz, channels, samples = decoded(
        convert(write_wav(tmp_path / "call.wav", original, rate_hz), format)
    )
    assert codec == {"wav": "pcm_s16le", "flac": "flac", "mp3": "mp3", "opus": "opus"}[format]
    assert out_rate_hz == (48_000 if format == "opus" else rate_hz)  # Opus always decodes at 48 kHz
    assert channels == 2
    assert samples.shape[1] / out_rate_hz == pytest.approx(6.0, abs=0.03)
    if format in ("wav", "flac"):
        assert np.allclose(samples, original, atol=2 / 32768)


def test_unsupported_rate_and_channels_are_converted(tmp_path: Path) -> None:
    six = np.tile(agent(), (6, 1)) * 0.2
    path = write_wav(tmp_path / "call.wav", six, 96_000)
    assert decoded(convert(path, "wav"))[1:3] == (96_000, 6)
    assert decoded(convert(path, "mp3"))[1:3] == (48_000, 2)


def test_invalid_float_samples_are_handled(tmp_path: Path) -> None:
    samples = agent().copy()
    samples[:100] = np.nan
    *_, converted = decoded(convert(write_wav(tmp_path / "call.wav", samples, subtype="FLOAT"), "flac"))
    assert converted.shape == (1, samples.size)
    assert not converted[0, :100].any()


def test_the_sample_call_as_opus_is_small() -> None:
    content = convert(str(recordings.SAMPLE), "opus")
    assert content.startswith(b"OggS")
    assert len(content) < 700_000


def test_non_recording_is_not_converted(tmp_path: Path) -> None:
    path = tmp_path / "call.mp3"
    path.write_text("<html>502 Bad Gateway</html>" * 50)
    with pytest.raises(InvalidMediaError):
        convert(str(path), "wav")


def test_headerless_recording_is_converted_with_its_format(tmp_path: Path) -> None:
    import soundfile

    path = str(tmp_path / "call.raw")
    soundfile.write(path, agent()[::2], 8_000, format="RAW", subtype="ULAW")
    options = CallOptions(audio_format="mulaw", audio_sample_rate_hz=8_000)
    _, rate_hz, channels, samples = decoded(convert(path, "wav", options))
    assert (rate_hz, channels) == (8_000, 1)
    assert np.corrcoef(samples[0], agent()[::2])[0, 1] > 0.99
