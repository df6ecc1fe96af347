"""What every audio-processor must do, whatever it is made of."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from callytics.domain import CallOptions, Recording
from callytics.engines.audio.standard import StandardAudioProcessor
from callytics.errors import InvalidMediaError, InvalidRequestError, NotFoundError
from tests.engines.audio import recordings

ENGINES: list[Callable[[], Any]] = [StandardAudioProcessor]


@pytest.fixture(params=ENGINES, ids=lambda engine: engine.__name__)
def engine(request: pytest.FixtureRequest) -> Any:
    return request.param()


@pytest.fixture
def sample() -> Recording:
    return Recording("call", str(recordings.SAMPLE))


def test_names_its_model(engine: Any) -> None:
    assert isinstance(engine.model, str)
    assert engine.model
    assert isinstance(engine.model_revision, str)


def test_output_is_16_khz_int16_with_one_index_a_channel(engine: Any, sample: Recording) -> None:
    audio = engine(sample, CallOptions())
    assert audio.pcm.sample_rate_hz == 16_000
    assert audio.pcm.int16().shape == (2, audio.pcm.num_samples)
    assert audio.channel_indices == (0, 1)
    assert audio.pcm.duration_s == pytest.approx(audio.media.duration_s, abs=0.01)
    assert audio.media.duration_s == pytest.approx(66.82, abs=0.05)
    assert (audio.media.format, audio.media.codec, audio.media.channels) == ("mp3", "mp3", 2)


def test_times_are_kept(engine: Any, sample: Recording) -> None:
    """The customer's first words begin where the reference says."""
    customer = np.abs(engine(sample, CallOptions()).pcm.float32(1))
    assert np.flatnonzero(customer > 0.05)[0] / 16_000 == pytest.approx(6.036, abs=0.05)


def test_is_deterministic(engine: Any, sample: Recording) -> None:
    first, second = engine(sample, CallOptions()), engine(sample, CallOptions())
    assert np.array_equal(first.pcm.int16(), second.pcm.int16())
    assert (first.acoustics, first.media, first.flags) == (second.acoustics, second.media, second.flags)


def test_serves_two_threads(engine: Any, sample: Recording) -> None:
    alone = engine(sample, CallOptions()).pcm.int16()
    with ThreadPoolExecutor(2) as pool:
        for audio in pool.map(lambda _: engine(sample, CallOptions()), range(4)):
            assert np.array_equal(audio.pcm.int16(), alone)


def test_output_pickles(engine: Any, sample: Recording) -> None:
    audio = engine(sample, CallOptions())
    copy = pickle.loads(pickle.dumps(audio, protocol=5))
    assert np.array_equal(copy.pcm.int16(), audio.pcm.int16())
    assert copy.acoustics == audio.acoustics


def test_silence_is_no_error(engine: Any, tmp_path: Path) -> None:
    path = recordings.write_wav(tmp_path / "silence.wav", np.zeros((2, 16_000), np.float32))
    audio = engine(Recording("call", path), CallOptions())
    assert audio.pcm.num_channels == 1
    assert audio.acoustics.silence_ratio == 1.0
    assert not audio.pcm.int16().any()


@pytest.mark.parametrize("ask", ["probe", "__call__"])
@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "media_empty"),
        ("안녕하세요 고객님".encode() * 50, "media_undecodable"),
        (b"PK\x03\x04" + bytes(range(256)) * 8, "media_undecodable"),
    ],
    ids=["empty", "text", "zip"],
)
def test_what_is_no_recording_is_rejected(
    engine: Any, tmp_path: Path, content: bytes, code: str, ask: str
) -> None:
    path = tmp_path / "call.wav"
    path.write_bytes(content)
    with pytest.raises(InvalidMediaError) as error:
        getattr(engine, ask)(Recording("call", str(path)), CallOptions())
    assert error.value.code == code
    assert str(tmp_path) not in error.value.message


@pytest.mark.parametrize("ask", ["probe", "__call__"])
def test_a_missing_file_is_not_found(engine: Any, tmp_path: Path, ask: str) -> None:
    with pytest.raises(NotFoundError):
        getattr(engine, ask)(Recording("call", str(tmp_path / "none.wav")), CallOptions())


def test_probe_agrees_with_the_call(engine: Any, sample: Recording) -> None:
    probed, media = engine.probe(sample, CallOptions()), engine(sample, CallOptions()).media
    assert probed.sha256 == ""  # the hash needs the whole file, and the receiver of the file knows it already
    assert (probed.format, probed.codec, probed.sample_rate_hz) == (
        media.format,
        media.codec,
        media.sample_rate_hz,
    )
    assert probed.duration_s == pytest.approx(media.duration_s, abs=0.1)


def test_an_unknown_conversion_is_refused(engine: Any, sample: Recording) -> None:
    with pytest.raises(InvalidRequestError):
        engine.convert(sample.uri, "aiff")
