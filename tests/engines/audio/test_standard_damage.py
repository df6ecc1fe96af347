"""Recordings that are cut, damaged or hostile."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from callytics.domain import CallOptions, Recording
from callytics.engines.audio.standard import StandardAudioProcessor
from callytics.errors import InvalidMediaError
from tests.engines.audio.recordings import agent, encode, excerpt, write_wav
from tests.support.standard_audio import UNTREATED, codes, likeness, run


def test_cut_wav_gives_its_existing_samples(tmp_path: Path) -> None:
    whole = Path(write_wav(tmp_path / "whole.wav", agent()))
    cut = tmp_path / "cut.wav"
    cut.write_bytes(whole.read_bytes()[: 44 + 2 * 16_000])
    audio = run(str(cut))
    assert audio.pcm.duration_s == pytest.approx(1.0)
    assert codes(audio) == {"truncated"}


def test_streamed_wav_is_complete(tmp_path: Path) -> None:
    content = bytearray(Path(write_wav(tmp_path / "whole.wav", agent())).read_bytes())
    content[4:8] = content[40:44] = b"\xff\xff\xff\xff"
    path = tmp_path / "streamed.wav"
    path.write_bytes(content)
    audio = run(str(path))
    assert audio.pcm.duration_s == pytest.approx(4.0)
    assert not codes(audio)


@pytest.mark.parametrize("suffix", ["flac", "mp3"])
def test_cut_file_is_flagged(tmp_path: Path, suffix: str) -> None:
    codec = {"flac": "flac", "mp3": "libmp3lame"}[suffix]
    whole = Path(encode(tmp_path / f"whole.{suffix}", codec, agent()[np.newaxis], 16_000))
    cut = tmp_path / f"cut.{suffix}"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    audio = run(str(cut))
    assert 1.0 < audio.pcm.duration_s < 3.0
    assert "truncated" in codes(audio)


def test_audio_after_a_lost_part_keeps_its_time(tmp_path: Path) -> None:
    path = Path(encode(tmp_path / "call.flac", "flac", agent()[np.newaxis], 16_000))
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 200] = b"\x55" * 200
    path.write_bytes(content)
    audio = run(str(path), **UNTREATED)
    assert "corrupt_frames" in codes(audio)
    assert audio.pcm.duration_s == pytest.approx(4.0, abs=0.01)
    assert likeness(audio.pcm.float32(0, 3.0), agent()[48_000:]) > 0.95


def test_cut_m4a_is_undecodable(tmp_path: Path) -> None:
    whole = Path(encode(tmp_path / "whole.m4a", "aac", agent()[np.newaxis], 16_000))
    cut = tmp_path / "cut.m4a"
    cut.write_bytes(whole.read_bytes()[:9_000])
    with pytest.raises(InvalidMediaError) as error:
        run(str(cut))
    assert error.value.code == "media_undecodable"


def test_samples_that_are_no_numbers_are_silenced(tmp_path: Path) -> None:
    samples = agent().copy()
    samples[1000:1010], samples[2000] = np.nan, np.inf
    audio = run(write_wav(tmp_path / "call.wav", samples, subtype="FLOAT"), **UNTREATED)
    assert codes(audio) == {"non_finite_samples"}
    assert likeness(audio.pcm.float32(0), agent()) > 0.9


def test_header_without_samples_has_no_audio(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "call.wav", np.zeros(0, np.float32))
    for ask in (StandardAudioProcessor().probe, StandardAudioProcessor()):
        with pytest.raises(InvalidMediaError) as error:
            ask(Recording("call", path), CallOptions())
        assert error.value.code == "media_no_audio"


def test_picture_has_no_audio(tmp_path: Path) -> None:
    path = str(tmp_path / "call.mp4")
    import av

    with av.open(path, "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"  # type: ignore[attr-defined]
        frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
        container.mux(stream.encode(frame))  # type: ignore[attr-defined]
        container.mux(stream.encode(None))  # type: ignore[attr-defined]
    with pytest.raises(InvalidMediaError) as error:
        run(path)
    assert error.value.code == "media_no_audio"


@pytest.mark.parametrize(
    "name", ["-rf --help;$(id).wav", "concat:a|b.wav", "http:x.wav", "통화 녹음.wav", "a%00b\n.wav"]
)
def test_file_name_has_no_effect(tmp_path: Path, name: str) -> None:
    assert run(write_wav(tmp_path / name, agent())).pcm.duration_s == pytest.approx(4.0)


def test_playlist_does_not_open_other_files(tmp_path: Path) -> None:
    write_wav(tmp_path / "secret.wav", agent())
    for name, text in {
        "list.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:4,\n{tmp_path}/secret.wav\n#EXT-X-ENDLIST\n",
        "list.ffconcat": f"ffconcat version 1.0\nfile '{tmp_path}/secret.wav'\n",
    }.items():
        (tmp_path / name).write_text(text)
        with pytest.raises(InvalidMediaError) as error:
            run(str(tmp_path / name))
        assert error.value.code == "media_undecodable"


def test_too_long_recording_is_rejected_by_probe_and_call(tmp_path: Path) -> None:
    path = encode(tmp_path / "call.mp3", "libmp3lame", excerpt(0, 20)[:1], 16_000)
    engine = StandardAudioProcessor(max_duration_s=10.0)
    for ask in (engine.probe, engine):
        with pytest.raises(InvalidMediaError) as error:
            ask(Recording("call", path), CallOptions())
        assert error.value.code == "media_too_long"


def test_wrong_length_in_the_header_is_ignored(tmp_path: Path) -> None:
    """An MP3 whose Xing header promises 20 s of which 4 are there is not too long for a limit of 10 s."""
    path = Path(encode(tmp_path / "call.mp3", "libmp3lame", excerpt(0, 20)[:1], 16_000))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 5])
    engine = StandardAudioProcessor(max_duration_s=10.0)
    assert engine.probe(Recording("call", str(path)), CallOptions()).duration_s < 10.0
    assert "truncated" in codes(engine(Recording("call", str(path)), CallOptions()))


@pytest.mark.parametrize(
    ("rate_hz", "num_channels"), [(0, 1), (1, 1), (900, 1), (4_000_000_000, 1), (8_000, 0), (8_000, 200)]
)
def test_implausible_header_is_rejected_at_once(tmp_path: Path, rate_hz: int, num_channels: int) -> None:
    """One byte of sample rate must not become hours of audio."""
    data = b"\x10\x20" * 100_000
    header = struct.pack("<4sI4s4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16)
    header += struct.pack("<HHIIHH", 1, num_channels, rate_hz, rate_hz, num_channels * 2, 16)
    path = tmp_path / "call.wav"
    path.write_bytes(header + struct.pack("<4sI", b"data", len(data)) + data)
    engine = StandardAudioProcessor()
    recording = Recording("call", str(path))
    for ask in (
        lambda: engine.probe(recording, CallOptions()),
        lambda: engine(recording, CallOptions()),
        lambda: engine.convert(recording.uri, "opus"),
    ):
        with pytest.raises(InvalidMediaError):
            ask()
